//! Validation by the generated OpenAPI schema, worded as an API server does (k8s.io/kube-openapi and apiextensions):
//! type, enum, bounds, pattern, required fields, list types. On an update, what did not change is not refused.

use std::collections::HashSet;

use regex::Regex;
use serde_json::{Number, Value};

use super::field_error::{FieldError, FieldErrorKind, go_float, go_quote};
use super::structural::{counterpart, keeps_unknown, map_schema};

/// Everything that `value` has against its schema; `old` is the object that it replaces.
pub(crate) fn validate(schema: &Value, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spot = Spot { schema, value, path: "" };
    spot.validate(old, &mut errors);
    spot.validate_list_types(&mut errors);
    errors
}

/// A value, its schema and its path.
#[derive(Clone, Copy)]
struct Spot<'a> {
    schema: &'a Value,
    value: &'a Value,
    path: &'a str,
}

impl Spot<'_> {
    fn validate(self, old: Option<&Value>, errors: &mut Vec<FieldError>) {
        if old == Some(self.value) {
            return;
        }
        self.check_type(errors);
        match self.value {
            Value::String(text) => self.check_string(text, errors),
            Value::Number(number) => self.check_number(number, errors),
            Value::Array(items) => self.check_list(items, old, errors),
            _ => {}
        }
        self.check_enum(errors);
        if let Value::Object(_) = self.value {
            self.check_object(old, errors);
        }
    }

    fn keyword(self, name: &str) -> Option<u64> {
        self.schema.get(name).and_then(Value::as_u64)
    }

    fn invalid(self, value: Value, words: &str) -> FieldError {
        let detail = format!("{} in body {words}", self.path);
        FieldError::new(self.path, FieldErrorKind::Invalid, Some(value), detail)
    }

    fn check_type(self, errors: &mut Vec<FieldError>) {
        let Some(wanted) = self.schema["type"].as_str() else { return };
        let actual = type_name(self.value);
        let fits = wanted == actual
            || (wanted == "number" && actual == "integer")
            || (wanted == "integer" && as_whole(self.value).is_some());
        if !fits {
            let detail = format!("{} in body must be of type {wanted}: {}", self.path, go_quote(actual));
            let value = Some(Value::from(actual));
            errors.push(FieldError::new(self.path, FieldErrorKind::TypeInvalid, value, detail));
        }
    }

    fn check_enum(self, errors: &mut Vec<FieldError>) {
        let Some(values) = self.schema["enum"].as_array() else { return };
        if !values.contains(self.value) {
            let supported: Vec<String> = values.iter().filter_map(Value::as_str).map(go_quote).collect();
            let detail = format!("supported values: {}", supported.join(", "));
            errors.push(FieldError::new(self.path, FieldErrorKind::NotSupported, Some(self.value.clone()), detail));
        }
    }

    /// The server reports the first of these only.
    fn check_string(self, text: &str, errors: &mut Vec<FieldError>) {
        let length = text.chars().count() as u64;
        if let Some(most) = self.keyword("maxLength").filter(|most| length > *most) {
            let bytes = if most == 1 { "byte" } else { "bytes" };
            let detail = format!("may not be more than {most} {bytes}");
            errors.push(FieldError::new(self.path, FieldErrorKind::TooLong, None, detail));
        } else if let Some(least) = self.keyword("minLength").filter(|least| length < *least) {
            errors.push(self.invalid(self.value.clone(), &format!("should be at least {least} chars long")));
        } else if let Some(pattern) = self.schema["pattern"].as_str().filter(|pattern| !matches(pattern, text)) {
            errors.push(self.invalid(self.value.clone(), &format!("should match '{pattern}'")));
        }
    }

    fn check_number(self, number: &Number, errors: &mut Vec<FieldError>) {
        let Some(value) = number.as_f64() else { return };
        let bound = |keyword: &str| self.schema.get(keyword).and_then(Value::as_f64);
        // The server compares and prints bounds in the number's own type: of a whole number it cuts them.
        let bound = |keyword: &str| bound(keyword).map(|bound| if number.is_i64() { bound.trunc() } else { bound });
        let print = |bound: f64| if number.is_i64() { bound.to_string() } else { go_float(bound) };
        if let Some(most) = bound("maximum").filter(|most| value > *most) {
            errors.push(self.invalid(self.value.clone(), &format!("should be less than or equal to {}", print(most))));
        }
        if let Some(least) = bound("minimum").filter(|least| value < *least) {
            let words = format!("should be greater than or equal to {}", print(least));
            errors.push(self.invalid(self.value.clone(), &words));
        }
    }

    fn check_list(self, items: &[Value], old: Option<&Value>, errors: &mut Vec<FieldError>) {
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", self.path);
            let spot = Spot { schema: &self.schema["items"], value: item, path: &path };
            spot.validate(counterpart(self.schema, item, old), errors);
        }
        let count = items.len() as u64;
        if let Some(least) = self.keyword("minItems").filter(|least| count < *least) {
            errors.push(self.invalid(Value::from(count), &format!("should have at least {least} items")));
        }
        self.check_count(count, "maxItems", errors);
    }

    /// Refuses more than `keyword` entries.
    fn check_count(self, count: u64, keyword: &str, errors: &mut Vec<FieldError>) {
        if let Some(most) = self.keyword(keyword).filter(|most| count > *most) {
            let items = if most == 1 { "item" } else { "items" };
            let detail = format!("must have at most {most} {items}");
            errors.push(FieldError::new(self.path, FieldErrorKind::TooMany, Some(Value::from(count)), detail));
        }
    }

    fn check_object(self, old: Option<&Value>, errors: &mut Vec<FieldError>) {
        let Value::Object(entries) = self.value else { return };
        self.check_count(entries.len() as u64, "maxProperties", errors);
        if keeps_unknown(self.schema) {
            return;
        }
        for (name, child) in entries {
            let Some(schema) = self.schema["properties"].get(name).or_else(|| map_schema(self.schema)) else {
                continue;
            };
            let path = join(self.path, name);
            let spot = Spot { schema, value: child, path: &path };
            spot.validate(old.and_then(|old| old.get(name)), errors);
        }
        for name in self.schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !entries.contains_key(name) {
                errors.push(FieldError::required(&join(self.path, name), ""));
            }
        }
    }

    /// Uniqueness in lists that are sets, or maps by key.
    fn validate_list_types(self, errors: &mut Vec<FieldError>) {
        match self.value {
            Value::Object(entries) => {
                for (name, child) in entries {
                    if let Some(schema) = self.schema["properties"].get(name) {
                        Spot { schema, value: child, path: &join(self.path, name) }.validate_list_types(errors);
                    }
                }
            }
            Value::Array(items) => {
                self.check_unique(items, errors);
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{}[{index}]", self.path);
                    Spot { schema: &self.schema["items"], value: item, path: &path }.validate_list_types(errors);
                }
            }
            _ => {}
        }
    }

    fn check_unique(self, items: &[Value], errors: &mut Vec<FieldError>) {
        let is_map = self.schema["x-kubernetes-list-type"] == "map";
        let stranger = items.iter().enumerate().find(|(_, item)| is_map && !item.is_object() && !item.is_null());
        if let Some((index, item)) = stranger {
            let path = format!("{}[{index}]", self.path);
            return errors.push(FieldError::invalid(&path, item, "must be an object for an array of list-type map"));
        }
        let keys: Option<Vec<&str>> = self.schema["x-kubernetes-list-map-keys"]
            .as_array()
            .map(|keys| keys.iter().filter_map(Value::as_str).collect());
        let identity = |item: &Value| match (self.schema["x-kubernetes-list-type"].as_str(), &keys) {
            (Some("set"), _) => Some(item.clone()),
            (Some("map"), Some(keys)) => {
                Some(keys.iter().filter_map(|key| Some(((*key).to_owned(), item.get(key)?.clone()))).collect())
            }
            _ => None,
        };
        let (mut seen, mut refused) = (HashSet::new(), HashSet::new());
        for (index, item) in items.iter().enumerate() {
            let Some(identity) = identity(item) else { return };
            // Each value is reported once, at its second place.
            if !seen.insert(identity.to_string()) && refused.insert(identity.to_string()) {
                let path = format!("{}[{index}]", self.path);
                errors.push(FieldError::new(&path, FieldErrorKind::Duplicate, Some(identity), ""));
            }
        }
    }
}

/// Path of a field of the object at `path`.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The integer that a number is, also when it is written as `5.0`.
pub(crate) fn as_whole(value: &Value) -> Option<i64> {
    /// Largest float below which every whole number is exact, 2^53 - 1.
    const MAX_EXACT: f64 = 9_007_199_254_740_991.0;
    let float = || value.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= MAX_EXACT);
    #[allow(clippy::cast_possible_truncation)]
    value.as_i64().or_else(|| float().map(|float| float as i64))
}

/// Whether `text` matches a pattern of the schema, found anywhere as the server does. A pattern that does not compile
/// matches nothing; a test compiles every pattern.
fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}
