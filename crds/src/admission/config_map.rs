//! ConfigMaps of Kubernetes that stand among the resources, for a server without a cluster: those that a RagIndex names as
//! its gold set. All others are somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Refusal;
use super::field_error::{FieldError, FieldErrorKind};

/// A ConfigMap's texts by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMap {
    /// Its name.
    pub name: String,
    /// Its texts: `data` as it is, `binaryData` decoded.
    pub texts: BTreeMap<String, String>,
    /// Keys of `binaryData` that are no text in UTF-8: pictures, or text in another encoding.
    pub binary: BTreeSet<String>,
}

impl ConfigMap {
    /// The kind, as it stands in documents.
    pub const KIND: &str = "ConfigMap";

    /// Whether a document is a ConfigMap.
    pub(super) fn is(document: &Value) -> bool {
        document["apiVersion"] == "v1" && document["kind"] == Self::KIND
    }

    /// Its name; empty where it has none.
    pub(super) fn name_of(document: &Value) -> &str {
        document["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// Reads one. A key may stand in one of the two fields only, as an API server has it.
    pub(super) fn of(document: &Value) -> Result<Self, Refusal> {
        let (mut texts, mut binary) = (BTreeMap::new(), BTreeSet::new());
        for (key, text) in fields(document, "data")? {
            texts.insert(key.to_owned(), text.to_owned());
        }
        for (key, value) in fields(document, "binaryData")? {
            let path = format!("binaryData.{key}");
            if texts.contains_key(key) {
                return Err(refusal(&path, "must not stand in data as well"));
            }
            let decoded = STANDARD.decode(value.split_whitespace().collect::<String>());
            match String::from_utf8(decoded.map_err(|_| refusal(&path, "must be base64"))?) {
                Ok(text) => drop(texts.insert(key.to_owned(), text)),
                Err(_) => drop(binary.insert(key.to_owned())),
            }
        }
        Ok(Self { name: Self::name_of(document).to_owned(), texts, binary })
    }
}

fn fields<'d>(document: &'d Value, field: &str) -> Result<Vec<(&'d str, &'d str)>, Refusal> {
    let wrong = |path: &str| refusal(path, "must be an object of strings; write files as blocks (queries.jsonl: |)");
    match &document[field] {
        Value::Null => Ok(Vec::new()),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| Ok((key.as_str(), value.as_str().ok_or_else(|| wrong(&format!("{field}.{key}")))?)))
            .collect(),
        _ => Err(wrong(field)),
    }
}

fn refusal(path: &str, detail: &str) -> Refusal {
    Refusal::Field(FieldError::new(path, FieldErrorKind::Invalid, None, detail.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_stand_in_either_field() {
        let document = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gold"},
            "data": {"queries.jsonl": "{}\n"}, "binaryData": {"qrels.tsv": "cTEJYS5tZAkx"},
        });
        assert!(ConfigMap::is(&document));
        let map = ConfigMap::of(&document).unwrap();
        assert_eq!(map.name, "gold");
        assert_eq!(map.texts["queries.jsonl"], "{}\n");
        assert_eq!(map.texts["qrels.tsv"], "q1\ta.md\t1");
        let picture = ConfigMap::of(&json!({"data": {"a": "b"}, "binaryData": {"logo.png": "/w=="}})).unwrap();
        assert!(picture.texts.len() == 1 && picture.binary.contains("logo.png"));
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_path() {
        for (content, path) in [
            (json!({"data": {"a": 1}}), "data.a"),
            (json!({"data": ["a"]}), "data"),
            (json!({"binaryData": {"a": "?"}}), "binaryData.a"),
            (json!({"data": {"a": ""}, "binaryData": {"a": ""}}), "binaryData.a"),
        ] {
            let refusal = ConfigMap::of(&content).unwrap_err();
            assert_eq!(refusal.field(), path, "{refusal}");
        }
    }
}
