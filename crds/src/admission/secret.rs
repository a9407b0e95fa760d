//! Secrets of Kubernetes that stand among the resources, for a server without a cluster: only what `apiKeySecretRef` and
//! its like need, values as text. No value is ever part of a message.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Refusal;
use super::field_error::{FieldError, FieldErrorKind};

/// A Secret's values by key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: String,
    values: BTreeMap<String, String>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secret").field("name", &self.name).field("keys", &self.values.keys()).finish()
    }
}

impl Secret {
    /// Whether a document is a Secret.
    pub(super) fn is(document: &Value) -> bool {
        document["apiVersion"] == "v1" && document["kind"] == "Secret"
    }

    /// Reads one: `data` in base64, `stringData` as it is, which is stronger, as an API server has it.
    pub(super) fn of(document: &Value) -> Result<Self, Refusal> {
        let name = document["metadata"]["name"].as_str().filter(|name| !name.is_empty());
        let name =
            name.ok_or_else(|| refusal("metadata.name", FieldErrorKind::Required, "name or generateName is required"))?;
        let mut values = BTreeMap::new();
        for (key, value) in fields(document, "data")? {
            let decoded = STANDARD.decode(value.split_whitespace().collect::<String>()).ok();
            let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
                let detail = "must be text in base64; write it under stringData as it is";
                refusal(&format!("data.{key}"), FieldErrorKind::Invalid, detail)
            })?;
            values.insert(key.to_owned(), text);
        }
        for (key, value) in fields(document, "stringData")? {
            values.insert(key.to_owned(), value.to_owned());
        }
        Ok(Self { name: name.to_owned(), values })
    }

    /// The value of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

fn fields<'d>(document: &'d Value, field: &str) -> Result<Vec<(&'d str, &'d str)>, Refusal> {
    let wrong =
        |path: &str| refusal(path, FieldErrorKind::Invalid, "must be an object of strings; quote numbers and booleans");
    match &document[field] {
        Value::Null => Ok(Vec::new()),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| Ok((key.as_str(), value.as_str().ok_or_else(|| wrong(&format!("{field}.{key}")))?)))
            .collect(),
        _ => Err(wrong(field)),
    }
}

fn refusal(path: &str, kind: FieldErrorKind, detail: &str) -> Refusal {
    Refusal::Field(FieldError::new(path, kind, None, detail.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_and_never_shown() {
        let secret = Secret::of(&json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "openai"},
            "data": {"key": "c2stb2xk", "other": "c2st\nb3RoZXI="}, "stringData": {"key": "sk-new"},
        }));
        let secret = secret.unwrap();
        assert_eq!(
            (secret.value("key"), secret.value("other"), secret.value("none")),
            (Some("sk-new"), Some("sk-other"), None)
        );
        assert!(!format!("{secret:?}").contains("sk-"), "{secret:?}");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_its_value() {
        for (field, value) in [
            ("data", json!({"key": "hunter2!"})),
            ("data", json!({"key": "/w=="})),
            ("stringData", json!({"key": 42})),
            ("data", json!("hunter2!")),
        ] {
            let refusal = Secret::of(&json!({"metadata": {"name": "s"}, field: value})).unwrap_err().to_string();
            assert!(refusal.starts_with(field) && !refusal.contains("hunter2") && !refusal.contains("42"), "{refusal}");
        }
        assert!(Secret::of(&json!({"metadata": {}})).is_err());
    }
}
