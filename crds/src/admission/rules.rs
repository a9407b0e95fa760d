//! The CEL rules of the generated schema (`x-kubernetes-validations`), judged as an API server judges them: `self` and
//! `oldSelf` of the node, rules over `oldSelf` on updates only (or always, as an optional, with `optionalOldSelf`),
//! unchanged values not refused again. The language and Kubernetes' functions come from the `cel` and `kube-cel` crates;
//! kube-cel's own walk over a schema is not used, because it gives `oldSelf` as null where the server has an optional,
//! pairs list items by place instead of by key, and leaves out the refused value.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kube_cel::KubeCelExt;
use kube_cel::cel::objects::{Key, Map, OptionalValue};
use kube_cel::cel::{Context, Program, Value as CelValue};
use serde_json::Value;

use super::field_error::{FieldError, FieldErrorKind};
use super::openapi::join;
use super::structural::{counterpart, map_schema};

/// A rule that does not compile: a mistake in the types, which a test finds.
#[derive(Debug, thiserror::Error)]
#[error("the rule {rule} does not compile: {message}")]
pub struct RuleError {
    rule: String,
    message: String,
}

/// The compiled rules of a schema, in its shape.
pub(crate) struct RuleTree {
    rules: Vec<Rule>,
    properties: BTreeMap<String, RuleTree>,
    items: Option<Box<RuleTree>>,
}

struct Rule {
    program: Program,
    source: String,
    message: String,
    message_program: Option<Program>,
    field_path: String,
    kind: FieldErrorKind,
    reads_old: bool,
    optional_old: bool,
}

impl RuleTree {
    /// Compiles every rule below `schema`.
    ///
    /// # Errors
    /// The first rule that does not compile.
    pub(crate) fn compile(schema: &Value) -> Result<Self, RuleError> {
        let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten().map(Rule::compile);
        let properties = schema["properties"].as_object().into_iter().flatten();
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            properties: properties
                .map(|(name, child)| Ok((name.clone(), Self::compile(child)?)))
                .filter(|child| !matches!(child, Ok((_, tree)) if tree.is_empty()))
                .collect::<Result<_, _>>()?,
            items: schema.get("items").map(Self::compile).transpose()?.filter(|tree| !tree.is_empty()).map(Box::new),
        })
    }

    fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.properties.is_empty() && self.items.is_none()
    }

    /// Everything that `value` has against the rules; `old` is the object that it replaces.
    pub(crate) fn judge(&self, schema: &Value, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut walk = Walk { functions: Context::default().with_all(), errors: Vec::new() };
        walk.visit(self, schema, "", value, old);
        walk.errors
    }
}

impl Rule {
    fn compile(rule: &Value) -> Result<Self, RuleError> {
        let text = |keyword: &str| rule[keyword].as_str().unwrap_or_default().to_owned();
        let program = |source: &str| {
            Program::compile(source).map_err(|error| RuleError { rule: source.to_owned(), message: error.to_string() })
        };
        let source = text("rule");
        let compiled = program(&source)?;
        let message = if text("message").is_empty() { format!("failed rule: {source}") } else { text("message") };
        Ok(Self {
            reads_old: compiled.references().has_variable("oldSelf"),
            program: compiled,
            message,
            message_program: rule["messageExpression"].as_str().map(program).transpose()?,
            field_path: text("fieldPath").trim_start_matches('.').to_owned(),
            kind: match rule["reason"].as_str() {
                Some("FieldValueForbidden") => FieldErrorKind::Forbidden,
                Some("FieldValueRequired") => FieldErrorKind::Required,
                Some("FieldValueDuplicate") => FieldErrorKind::Duplicate,
                _ => FieldErrorKind::Invalid,
            },
            optional_old: rule["optionalOldSelf"] == Value::Bool(true),
            source,
        })
    }
}

struct Walk {
    functions: Context<'static>,
    errors: Vec<FieldError>,
}

impl Walk {
    fn visit(&mut self, tree: &RuleTree, schema: &Value, path: &str, value: &Value, old: Option<&Value>) {
        if !tree.rules.is_empty() {
            self.judge_node(tree, schema, path, value, old);
        }
        for (name, child) in &tree.properties {
            if let Some(field) = value.get(name) {
                let old = old.and_then(|old| old.get(name));
                self.visit(child, &schema["properties"][name], &join(path, name), field, old);
            }
        }
        if let (Some(child), Some(items)) = (&tree.items, value.as_array()) {
            for (index, item) in items.iter().enumerate() {
                let old = counterpart(schema, item, old);
                self.visit(child, &schema["items"], &format!("{path}[{index}]"), item, old);
            }
        }
    }

    fn judge_node(&mut self, tree: &RuleTree, schema: &Value, path: &str, value: &Value, old: Option<&Value>) {
        let this = to_cel(schema, value);
        let before = old.map(|old| to_cel(schema, old));
        let shown = (!value.is_object() && !value.is_array()).then(|| value.clone());
        for rule in &tree.rules {
            let skipped = rule.reads_old && before.is_none() && !rule.optional_old;
            let ratcheted = !rule.reads_old && old == Some(value);
            if skipped || ratcheted {
                continue;
            }
            if let Err(detail) = self.judge_rule(rule, &this, before.as_ref()) {
                let value = match rule.kind {
                    FieldErrorKind::Invalid | FieldErrorKind::Duplicate => shown.clone(),
                    _ => None,
                };
                let field = if rule.field_path.is_empty() { path.to_owned() } else { join(path, &rule.field_path) };
                self.errors.push(FieldError::new(&field, rule.kind, value, detail));
            }
        }
    }

    /// The message of a rule that does not hold, or cannot be judged.
    fn judge_rule(&self, rule: &Rule, this: &CelValue, before: Option<&CelValue>) -> Result<(), String> {
        let mut scope = self.functions.new_inner_scope();
        scope.add_variable_from_value("self", this.clone());
        match (rule.optional_old, before) {
            (true, before) => {
                let optional = before.map_or_else(OptionalValue::none, |before| OptionalValue::of(before.clone()));
                scope.add_variable_from_value("oldSelf", CelValue::Opaque(Arc::new(optional)));
            }
            (false, Some(before)) => scope.add_variable_from_value("oldSelf", before.clone()),
            (false, None) => {}
        }
        match rule.program.execute(&scope) {
            Ok(CelValue::Bool(true)) => Ok(()),
            Ok(CelValue::Bool(false)) => Err(self.message(rule, &scope)),
            Ok(other) => Err(format!("{other:?} evaluating rule: {}", rule.source)),
            Err(error) => Err(format!("{error} evaluating rule: {}", rule.source)),
        }
    }

    fn message(&self, rule: &Rule, scope: &Context<'_>) -> String {
        let Some(Ok(CelValue::String(text))) = rule.message_program.as_ref().map(|program| program.execute(scope))
        else {
            return rule.message.clone();
        };
        let text = text.trim();
        if text.is_empty() || text.contains('\n') { rule.message.clone() } else { text.to_owned() }
    }
}

/// A JSON value as CEL sees it through its schema: a number field holds doubles also where an integer is written, and
/// lists without an order (sets, maps by key) compare equal in any order.
fn to_cel(schema: &Value, value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(value) => CelValue::Bool(*value),
        Value::String(text) => CelValue::String(Arc::new(text.clone())),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) if schema["type"] != "number" => CelValue::Int(whole),
            (_, float) => CelValue::Float(float.unwrap_or(f64::NAN)),
        },
        Value::Array(items) => {
            let mut items: Vec<&Value> = items.iter().collect();
            if matches!(schema["x-kubernetes-list-type"].as_str(), Some("set" | "map")) {
                items.sort_by_cached_key(|item| item.to_string());
            }
            CelValue::List(Arc::new(items.into_iter().map(|item| to_cel(&schema["items"], item)).collect()))
        }
        Value::Object(entries) => {
            let child = |name: &str| schema["properties"].get(name).or_else(|| map_schema(schema));
            let map: HashMap<Key, CelValue> = entries
                .iter()
                .map(|(name, value)| {
                    (Key::String(Arc::new(name.clone())), to_cel(child(name).unwrap_or(&Value::Null), value))
                })
                .collect();
            CelValue::Map(Map { map: Arc::new(map) })
        }
    }
}
