//! The verdicts of a Kubernetes API server over documents of the three kinds, given without a cluster from the generated
//! definitions: strict decoding, defaults, OpenAPI validation, CEL rules, in its words. On top of that the table of
//! `capabilities` refuses what this version does not build and names what is not used. Pure: bytes in, values out.

pub mod capabilities;
mod config_map;
mod field_error;
mod metadata;
mod openapi;
mod report;
mod rules;
mod secret;
mod structural;
mod suggest;
mod yaml;

pub use config_map::ConfigMap;
pub use field_error::{FieldError, FieldErrorKind};
pub use report::{Admission, AdmissionError, Admitted, NotUsed, Place, Refusal};
pub use rules::RuleError;
pub use secret::Secret;
pub use yaml::{MAX_DOCUMENT_BYTES, MAX_DOCUMENTS, MAX_FILE_BYTES, YamlError};

use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::definitions::{Definition, definitions};
use crate::v1alpha1::{Escalation, LlmBackend, RagIndex};
use crate::{API_VERSION, GROUP, VERSION};
use rules::RuleTree;

/// A definition with its rules compiled.
struct Judge {
    definition: Definition,
    rules: RuleTree,
}

static JUDGES: LazyLock<Vec<Judge>> = LazyLock::new(|| {
    let judge = |definition: Definition| {
        let rules = RuleTree::compile(definition.schema()).expect("a test compiles every rule of the definitions");
        Judge { definition, rules }
    };
    definitions().into_iter().map(judge).collect()
});

/// Judges every document of a YAML or JSON file. `name` stands in the messages. One refused document does not keep the
/// others from being admitted.
#[must_use]
pub fn admit_file(name: &str, bytes: &[u8]) -> Admission {
    admit_files([(name, bytes)])
}

/// Judges several files as one: a resource may be defined once only.
#[must_use]
pub fn admit_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Admission {
    let mut admission = Admission::default();
    let mut config_maps = Vec::new();
    for (name, bytes) in files {
        match yaml::documents(bytes) {
            Err(error) => admission.refuse(Place { file: name.to_owned(), document: 0, line: 1 }, Refusal::Yaml(error)),
            Ok(documents) => {
                for document in documents {
                    config_maps.extend(admit_document(name, document, &mut admission));
                }
            }
        }
    }
    // Which of them matter is known when all indexes are.
    for config_map in config_maps {
        admit_config_map(config_map, &mut admission);
    }
    admission.refuse_duplicates();
    admission
}

/// A ConfigMap of which it is not known yet whether an index names it.
struct Pending {
    name: String,
    document: Value,
    /// Where it starts, and where its kind stands.
    start: Place,
    kind: Place,
    read: Result<ConfigMap, (Place, Refusal)>,
}

fn admit_config_map(Pending { name, document, start, kind, read }: Pending, admission: &mut Admission) {
    let is_named = |index: &Admitted<RagIndex>| {
        let evaluation = index.resource.spec.evaluation.as_ref();
        evaluation.and_then(|it| it.gold_set_ref.as_ref()).is_some_and(|reference| reference.name == name)
    };
    match read {
        _ if !admission.indexes.iter().any(is_named) => admission.ignore(kind, &document),
        Ok(config_map) => admission.config_maps.push(Admitted { resource: config_map, place: start }),
        Err((place, refusal)) => {
            admission.refuse_object(place, &format!("{}/{name}", ConfigMap::KIND), refusal);
        }
    }
}

/// Judges a document; a ConfigMap is given back.
fn admit_document(file: &str, document: yaml::Document, admission: &mut Admission) -> Option<Pending> {
    let place = |line: usize| Place {
        file: file.to_owned(),
        document: document.number,
        line: document.first_line + line.saturating_sub(1),
    };
    let node = match document.content {
        Ok(node) => node,
        Err(error) => {
            let line = match &error {
                YamlError::Syntax { line: Some(line), .. } => *line,
                _ => document.first_line,
            };
            admission.refuse(Place { line, ..place(1) }, Refusal::Yaml(error));
            return None;
        }
    };
    let at = |path: &str| place(node.line_of(path));
    let written = node.to_value();
    if Secret::is(&written) {
        match Secret::of(&written) {
            Ok(secret) => admission.secrets.push(secret),
            Err(refusal) => {
                let object = format!("Secret/{}", written["metadata"]["name"].as_str().unwrap_or("?"));
                admission.refuse_object(at(refusal.field()), &object, refusal);
            }
        }
        return None;
    }
    if ConfigMap::is(&written) {
        let read = ConfigMap::of(&written).map_err(|refusal| (at(refusal.field()), refusal));
        let name = ConfigMap::name_of(&written).to_owned();
        return Some(Pending { name, start: place(node.line), kind: at("kind"), document: written, read });
    }
    let judge = match recognise(&written) {
        Ok(Some(judge)) => judge,
        Ok(None) => {
            admission.ignore(at("kind"), &written);
            return None;
        }
        Err(refusal) => {
            admission.refuse(at(refusal.field()), refusal);
            return None;
        }
    };
    let verdict = create(judge, written);
    let object = verdict.object_name();
    for refusal in verdict.refusals {
        admission.refuse_object(at(refusal.field()), &object, refusal);
    }
    for (path, why) in verdict.not_used {
        admission.report_not_used(at(&path), &object, path, why);
    }
    if let Some(value) = verdict.admitted {
        admission.admit(place(node.line), &value);
    }
    None
}

/// The kind that a document is of: `None` for documents of other groups, which are somebody else's.
fn recognise(document: &Value) -> Result<Option<&'static Judge>, Refusal> {
    let text = |field: &str| document[field].as_str().unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if !document.is_object() {
        return Err(Refusal::Unreadable("a document must be an object with apiVersion, kind and metadata".to_owned()));
    }
    if kind.is_empty() {
        return Err(Refusal::Unreadable("Object 'Kind' is missing: write kind: RagIndex".to_owned()));
    }
    if api_version.is_empty() {
        return Err(Refusal::Unreadable(format!("Object 'apiVersion' is missing: write apiVersion: {API_VERSION}")));
    }
    let judge = judge_of(kind);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    match judge {
        Some(judge) if api_version == API_VERSION => Ok(Some(judge)),
        None if group != GROUP => Ok(None),
        _ => {
            let kinds = JUDGES.iter().map(|judge| judge.definition.kind.as_str());
            let hint = match judge {
                Some(_) => format!("write apiVersion: {API_VERSION}"),
                None => suggest::nearest(kind, kinds).map_or_else(
                    || format!("{GROUP}/{VERSION} has RagIndex, LlmBackend and Escalation"),
                    |kind| format!("did you mean {kind}?"),
                ),
            };
            Err(Refusal::UnknownKind(format!("no matches for kind \"{kind}\" in version \"{api_version}\"; {hint}")))
        }
    }
}

/// The verdict over one document.
struct Verdict {
    kind: &'static str,
    name: String,
    refusals: Vec<Refusal>,
    not_used: Vec<(String, &'static str)>,
    /// The document with its defaults, when nothing was refused.
    admitted: Option<Value>,
}

impl Verdict {
    fn object_name(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

/// Judges the creation of one document of a known kind outside a cluster.
fn create(judge: &'static Judge, mut written: Value) -> Verdict {
    let schema = judge.definition.schema();
    let mut refusals = strict_errors(schema, &written);
    structural::drop_nulls(schema, &mut written);
    let mut value = written.clone();
    let advised = |mut error: FieldError| {
        error.advice = suggest::advice(&judge.definition.kind, schema, &error);
        Refusal::Field(error)
    };
    refusals.extend(server_verdict(judge, &mut value, None).into_iter().map(advised));
    let findings = capabilities::examine(&judge.definition.kind, &written);
    // What the schema refuses already is not refused a second time for being unbuilt.
    let unbuilt = findings.refused.into_iter().filter(|error| !refusals.iter().any(|told| told.field() == error.field));
    let unbuilt: Vec<Refusal> = unbuilt.map(Refusal::NotBuilt).collect();
    refusals.extend(unbuilt);
    Verdict {
        kind: &judge.definition.kind,
        name: written["metadata"]["name"].as_str().unwrap_or("?").to_owned(),
        admitted: refusals.is_empty().then_some(value),
        refusals,
        not_used: findings.not_used,
    }
}

fn strict_errors(schema: &Value, written: &Value) -> Vec<Refusal> {
    let mut unknown = metadata::unknown_fields(written);
    unknown.extend(structural::unknown_fields(schema, written));
    unknown.into_iter().map(|path| Refusal::UnknownField { hint: suggest::field(schema, &path), path }).collect()
}

/// What an API server says to `value` once it is decoded, with `old` for an update; fills in the defaults.
fn server_verdict(judge: &Judge, value: &mut Value, old: Option<&Value>) -> Vec<FieldError> {
    let schema = judge.definition.schema();
    if let Value::Object(entries) = value {
        // The status subresource has a writer of its own; what a user writes there is dropped.
        entries.remove("status");
    }
    structural::drop_nulls(schema, value);
    structural::apply_defaults(schema, value);
    let mut errors = metadata::validate(value);
    errors.extend(openapi::validate(schema, value, old));
    if !errors.iter().any(|error| error.kind.blocks_rules()) {
        errors.extend(judge.rules.judge(schema, value, old));
    }
    errors
}

/// Judges one value of a kind as an API server does, without the table of capabilities: `None` creates it, `Some` is the
/// stored object that it replaces. Returns the object with its defaults.
///
/// # Errors
/// Every reason to refuse it.
pub fn judge<T: Resource>(value: &Value, old: Option<&Value>) -> Result<T, Vec<Refusal>> {
    let judge = match recognise(value) {
        Ok(Some(judge)) if judge.definition.kind == T::KIND => judge,
        Ok(_) => return Err(vec![Refusal::UnknownKind(format!("the object is not of kind {}", T::KIND))]),
        Err(refusal) => return Err(vec![refusal]),
    };
    let mut refusals = strict_errors(judge.definition.schema(), value);
    let mut value = value.clone();
    let old = old.map(|old| {
        let mut old = old.clone();
        if let Value::Object(entries) = &mut old {
            entries.remove("status");
        }
        structural::drop_nulls(judge.definition.schema(), &mut old);
        structural::apply_defaults(judge.definition.schema(), &mut old);
        old
    });
    refusals.extend(server_verdict(judge, &mut value, old.as_ref()).into_iter().map(Refusal::Field));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    decode(&value).map_err(|refusal| vec![refusal])
}

/// A kind of this crate.
pub trait Resource: DeserializeOwned {
    /// The kind's name.
    const KIND: &'static str;
}

impl Resource for RagIndex {
    const KIND: &'static str = "RagIndex";
}

impl Resource for LlmBackend {
    const KIND: &'static str = "LlmBackend";
}

impl Resource for Escalation {
    const KIND: &'static str = "Escalation";
}

fn judge_of(kind: &str) -> Option<&'static Judge> {
    JUDGES.iter().find(|judge| judge.definition.kind == kind)
}

/// The typed form of a value that its schema accepts. A mismatch would be a mistake in the types, so it is refused with
/// serde's words instead of a panic.
fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, Refusal> {
    T::deserialize(&whole_numbers(value)).map_err(|error| Refusal::Undecodable(error.to_string()))
}

/// Writes `5.0` as `5`: the server takes both for an integer field, serde one.
fn whole_numbers(value: &Value) -> Value {
    match value {
        Value::Number(_) => openapi::as_whole(value).map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => Value::Array(items.iter().map(whole_numbers).collect()),
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(name, child)| (name.clone(), whole_numbers(child))).collect())
        }
        other => other.clone(),
    }
}
