//! Reads YAML documents the way kubectl does: split at `---` lines, duplicate keys refused, bare `yes`, `off` and the
//! like are booleans (YAML 1.1), no custom tags. Every value keeps its line. Bounded: bytes of a file and of a
//! document, documents, nesting, and what aliases may expand to.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use serde_saphyr::options::MergeKeyPolicy;

use super::field_error::go_quote;

/// Largest file.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// Largest document; etcd would take 1.5 MiB.
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;
/// Most documents of a file.
pub const MAX_DOCUMENTS: usize = 1000;
/// Most values of a document, with every alias expanded; 1 MiB of plain YAML has fewer.
const MAX_NODES: usize = 600_000;
/// Deepest nesting; the schemas need 8, and a pod template some 12.
const MAX_DEPTH: usize = 64;

/// One document of a file, or why it cannot be read.
#[derive(Debug)]
pub(crate) struct Document {
    /// 1 for the first document that is not empty.
    pub(crate) number: usize,
    /// Line of the file that the document starts at, from 1.
    pub(crate) first_line: usize,
    /// What it holds.
    pub(crate) content: Result<Node, YamlError>,
}

/// Why bytes are not documents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("the file has {bytes} bytes, and at most {MAX_FILE_BYTES} are read: split it")]
    FileTooLarge {
        /// Size of the file.
        bytes: usize,
    },
    /// A document is larger than [`MAX_DOCUMENT_BYTES`].
    #[error("the document has {bytes} bytes, and at most {MAX_DOCUMENT_BYTES} are allowed")]
    DocumentTooLarge {
        /// Size of the document.
        bytes: usize,
    },
    /// The file holds more documents than [`MAX_DOCUMENTS`].
    #[error("the file holds more than {MAX_DOCUMENTS} documents: split it")]
    TooManyDocuments,
    /// The bytes are not UTF-8.
    #[error("the file is not UTF-8 (byte {offset}): save it as UTF-8")]
    NotUtf8 {
        /// Where the first wrong byte is, from 0.
        offset: usize,
    },
    /// The document is not YAML, or repeats a key, or expands beyond the bounds.
    #[error("{message}")]
    Syntax {
        /// What the parser says.
        message: String,
        /// Line of the file, where the parser knows it.
        line: Option<usize>,
    },
}

/// A value with the lines it stands at.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Line within the document, from 1; 0 where unknown.
    pub(crate) line: usize,
    pub(crate) kind: NodeKind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value without its lines.
    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar(value) => value.clone(),
            NodeKind::List(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            NodeKind::Map(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.clone(), node.to_value())).collect::<Map<_, _>>())
            }
        }
    }

    /// Line of the deepest value that exists on `path`, such as `spec.sources[0].name`.
    pub(crate) fn line_of(&self, path: &str) -> usize {
        let mut node = self;
        let mut line = self.line;
        for segment in path.split(['.', '[']).map(|segment| segment.trim_end_matches(']')) {
            let child = match &node.kind {
                NodeKind::Map(entries) => entries.iter().find(|(key, _)| key == segment).map(|(_, child)| child),
                NodeKind::List(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
                NodeKind::Scalar(_) => None,
            };
            let Some(child) = child else { break };
            node = child;
            line = child.line;
        }
        line
    }
}

/// Every document of a file that is not empty, in order.
///
/// # Errors
/// The file as a whole is too large, holds too many documents, or is not UTF-8.
pub(crate) fn documents(bytes: &[u8]) -> Result<Vec<Document>, YamlError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(YamlError::FileTooLarge { bytes: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| YamlError::NotUtf8 { offset: error.valid_up_to() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    for (first_line, part) in split(text) {
        if part.lines().all(is_blank) {
            continue;
        }
        if documents.len() == MAX_DOCUMENTS {
            return Err(YamlError::TooManyDocuments);
        }
        let content = read(part, first_line);
        documents.push(Document { number: documents.len() + 1, first_line, content });
    }
    Ok(documents)
}

/// A line without content: nothing, a comment, or the end marker of a document.
fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || line == "..."
}

/// Parts a file at its `---` lines: (first line, text) of each part.
fn split(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 1, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let separates = line.strip_prefix("---").is_some_and(|rest| {
            let rest = rest.trim();
            rest.is_empty() || rest.starts_with('#')
        });
        if separates {
            parts.push((start_line, &text[start..offset]));
            start = offset + line.len();
            start_line = index + 2;
        }
        offset += line.len();
    }
    parts.push((start_line, &text[start..]));
    parts
}

fn read(text: &str, first_line: usize) -> Result<Node, YamlError> {
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(YamlError::DocumentTooLarge { bytes: text.len() });
    }
    let options = serde_saphyr::options! {
        merge_keys: MergeKeyPolicy::Merge,
        legacy_octal_numbers: true,
        reject_unsupported_tags: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 2 * MAX_NODES },
    };
    serde_saphyr::from_str_with_options::<Spanned<Parsed>>(text, options).map(into_node).map_err(|error| {
        let line = error.location().map(|location| first_line + to_usize(location.line()).saturating_sub(1));
        YamlError::Syntax { message: message_of(error.without_snippet()), line }
    })
}

/// What the parser says, without the place (which it counts from the document, not the file) and, for a repeated key,
/// in kubectl's words.
fn message_of(error: &serde_saphyr::Error) -> String {
    if let serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } = error {
        return format!("key {} already set in map", go_quote(key));
    }
    let text = error.to_string();
    let message = text.split_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    format!("cannot read YAML: {message}")
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A value as the parser hands it over, before its line is moved into a [`Node`].
enum Parsed {
    Scalar(Value),
    List(Vec<Spanned<Parsed>>),
    Map(Vec<(String, Spanned<Parsed>)>),
}

fn into_node(parsed: Spanned<Parsed>) -> Node {
    let kind = match parsed.value {
        Parsed::Scalar(value) => NodeKind::Scalar(value),
        Parsed::List(items) => NodeKind::List(items.into_iter().map(into_node).collect()),
        Parsed::Map(entries) => {
            NodeKind::Map(entries.into_iter().map(|(key, value)| (key, into_node(value))).collect())
        }
    };
    Node { line: to_usize(parsed.referenced.line()), kind }
}

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParsedVisitor)
    }
}

struct ParsedVisitor;

impl<'de> Visitor<'de> for ParsedVisitor {
    type Value = Parsed;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Parsed, E> {
        Ok(Parsed::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Parsed, E> {
        Ok(Parsed::Scalar(Value::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Parsed, E> {
        Ok(Parsed::Scalar(Value::from(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Parsed, E> {
        Ok(Parsed::Scalar(number(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Parsed, E> {
        Ok(Parsed::Scalar(Value::String(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Parsed, E> {
        Ok(Parsed::Scalar(Value::String(value)))
    }

    fn visit_unit<E>(self) -> Result<Parsed, E> {
        Ok(Parsed::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Parsed, E> {
        Ok(Parsed::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parsed, D::Error> {
        Parsed::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Parsed, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Parsed::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Parsed, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Parsed::Map(map))
    }
}

/// A float as JSON has it: a whole number is an integer, as kubectl's conversion to JSON makes it.
fn number(value: f64) -> Value {
    /// Largest float below which every whole number is exact, 2^53 - 1.
    const MAX_EXACT: f64 = 9_007_199_254_740_991.0;
    if value.fract() == 0.0 && value.abs() <= MAX_EXACT {
        #[allow(clippy::cast_possible_truncation)]
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_one(text: &str) -> Value {
        read(text, 1).unwrap().to_value()
    }

    /// Each of these was converted by kubectl's own library, sigs.k8s.io/yaml 1.6.
    #[test]
    fn bare_words_are_what_kubectl_makes_of_them() {
        let booleans = read_one("[yes, no, y, n, Y, N, on, Off, ON, True]");
        assert_eq!(booleans, json!([true, false, true, false, true, false, true, false, true, true]));
        assert_eq!(
            read_one("[~, null, Null, NULL, '', 'on', \"off\"]"),
            json!([null, null, null, null, "", "on", "off"])
        );
        let numbers = read_one("[0x1f, 0o17, 017, -017, 1e3, 5.0, 1_000, 0b11, +5, 1.5, -0, 089, 1., .5, 0.0, '5']");
        assert_eq!(numbers, json!([31, 15, 15, -15, 1000, 5, 1000, 3, 5, 1.5, 0, 89, 1, 0.5, 0, "5"]));
        let words = read_one("[0x, 1e, =, 2001-01-01, 12:30, 12:30:45, 4f1c09ab]");
        assert_eq!(words, json!(["0x", "1e", "=", "2001-01-01", "12:30", "12:30:45", "4f1c09ab"]));
        assert_eq!(read_one("{1: x, 1.5: z}"), json!({"1": "x", "1.5": "z"}));
        assert_eq!(read_one("9223372036854775808"), json!(9_223_372_036_854_775_808_u64));
    }

    #[test]
    fn every_value_knows_its_line() {
        let node = read("a: 1\nb:\n  - x\n  - c:\n      d: 2\n", 1).unwrap();
        let check = |path: &str, line: usize| assert_eq!(node.line_of(path), line, "{path}");
        check("a", 1);
        check("b[0]", 3);
        check("b[1].c.d", 5);
        check("b[1].c.missing", 5);
        check("missing", 1);
        check("b[7]", 3);
    }

    #[test]
    fn documents_part_at_separators_and_nowhere_else() {
        let check = |text: &str, expected: &[(usize, usize)]| {
            let places = documents(text.as_bytes()).unwrap();
            let places: Vec<_> = places.iter().map(|document| (document.number, document.first_line)).collect();
            assert_eq!(places, expected, "{text:?}");
        };
        check("a: 1", &[(1, 1)]);
        check("---\na: 1\n---\nb: 1\n", &[(1, 2), (2, 4)]);
        check("a: 1\r\n---\r\nb: 1\r\n", &[(1, 1), (2, 3)]);
        check("a: 1\n--- # two\nb: 1\n", &[(1, 1), (2, 3)]);
        check("a: |\n  ---\n  x\n", &[(1, 1)]);
        check("# none\n---\n---\na: 1\n", &[(1, 4)]);
    }
}
