//! What an API server asks of `metadata`: the field names it knows, a DNS name, labels and annotations of their form.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::field_error::{FieldError, FieldErrorKind};

/// The fields of Kubernetes' ObjectMeta.
const FIELDS: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED_NAME: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
/// Most bytes of all annotations together, as the server counts them.
const MAX_ANNOTATIONS_BYTES: usize = 256 << 10;

/// Paths of the fields of `metadata` that Kubernetes does not have.
pub(crate) fn unknown_fields(object: &Value) -> Vec<String> {
    let fields = object["metadata"].as_object().into_iter().flatten();
    fields.filter(|(name, _)| !FIELDS.contains(&name.as_str())).map(|(name, _)| format!("metadata.{name}")).collect()
}

/// Everything that is wrong with `metadata`.
pub(crate) fn validate(object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match object.get("metadata") {
        None | Some(Value::Object(_)) => {}
        Some(other) => {
            errors.push(FieldError::invalid("metadata", other, "must be an object"));
            return errors;
        }
    }
    check_name(&object["metadata"], &mut errors);
    check_strings(&object["metadata"], "labels", &mut errors);
    check_strings(&object["metadata"], "annotations", &mut errors);
    errors
}

fn check_name(metadata: &Value, errors: &mut Vec<FieldError>) {
    match &metadata["name"] {
        Value::String(name) if !name.is_empty() => check_subdomain("metadata.name", name, errors),
        Value::Null | Value::String(_) => {
            errors.push(FieldError::required("metadata.name", "name or generateName is required"));
        }
        other => errors.push(FieldError::invalid("metadata.name", other, "must be a string")),
    }
    match &metadata["namespace"] {
        Value::Null => {}
        Value::String(name) if is_full_match(LABEL, name) && name.len() <= 63 => {}
        Value::String(_) => errors.push(FieldError::invalid("metadata.namespace", &metadata["namespace"], dns_label())),
        other => errors.push(FieldError::invalid("metadata.namespace", other, "must be a string")),
    }
}

fn check_subdomain(path: &str, name: &str, errors: &mut Vec<FieldError>) {
    if name.len() > 253 {
        errors.push(FieldError::invalid(path, &Value::from(name), "must be no more than 253 characters"));
    }
    if !is_full_match(SUBDOMAIN, name) {
        let detail = format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
             start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')"
        );
        errors.push(FieldError::invalid(path, &Value::from(name), detail));
    }
}

fn dns_label() -> String {
    format!(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
         with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')"
    )
}

/// Checks a map of strings, `labels` or `annotations`.
fn check_strings(metadata: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let path = format!("metadata.{field}");
    let entries = match &metadata[field] {
        Value::Null => return,
        Value::Object(entries) => entries,
        other => return errors.push(FieldError::invalid(&path, other, "must be a map of strings")),
    };
    let mut bytes = 0;
    for (key, value) in entries {
        // Annotation keys may be written in any case.
        let form = if field == "labels" { key.clone() } else { key.to_lowercase() };
        if !is_qualified_name(&form) {
            errors.push(FieldError::invalid(&path, &Value::from(key.as_str()), qualified_name()));
        }
        let Value::String(text) = value else {
            errors.push(FieldError::invalid(&format!("{path}.{key}"), value, "must be a string: write it in quotes"));
            continue;
        };
        bytes += key.len() + text.len();
        if field == "labels" && text.len() > 63 {
            errors.push(FieldError::invalid(&path, value, "must be no more than 63 bytes"));
        }
        if field == "labels" && !is_full_match(LABEL_VALUE, text) {
            errors.push(FieldError::invalid(&path, value, label_value()));
        }
    }
    if field == "annotations" && bytes > MAX_ANNOTATIONS_BYTES {
        let detail = format!("may not be more than {MAX_ANNOTATIONS_BYTES} bytes");
        errors.push(FieldError::new(&path, FieldErrorKind::TooLong, None, detail));
    }
}

/// A name of at most 63 characters, with an optional DNS subdomain and '/' before it.
fn is_qualified_name(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let prefix_fits = prefix.is_none_or(|prefix| prefix.len() <= 253 && is_full_match(SUBDOMAIN, prefix));
    prefix_fits && name.len() <= 63 && is_full_match(QUALIFIED_NAME, name)
}

fn qualified_name() -> String {
    format!(
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
         alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
         '{QUALIFIED_NAME}')"
    )
}

fn label_value() -> String {
    format!(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start \
         and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation \
         is '{LABEL_VALUE}')"
    )
}

fn is_full_match(pattern: &'static str, text: &str) -> bool {
    static PATTERNS: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
        [SUBDOMAIN, LABEL, QUALIFIED_NAME, LABEL_VALUE]
            .map(|pattern| (pattern, Regex::new(&format!("^(?:{pattern})$")).expect("the pattern is a constant")))
            .into()
    });
    PATTERNS.iter().any(|(source, compiled)| *source == pattern && compiled.is_match(text))
}
