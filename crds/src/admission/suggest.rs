//! "Did you mean": the nearest known word to a misspelt one.

use serde_json::Value;

use super::capabilities;
use super::field_error::{FieldError, FieldErrorKind, go_quote};

/// The known word that is at most two edits away from `word`, if there is one.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    known
        .map(|candidate| (distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(edits, candidate)| *edits <= 2 && *edits < candidate.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// The known field that is nearest to the last segment of the unknown field `path`.
pub(crate) fn field(schema: &Value, path: &str) -> Option<String> {
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    nearest(last, node_at(schema, parents)["properties"].as_object()?.keys().map(String::as_str)).map(str::to_owned)
}

/// The schema of the field at `path`; null where the schema has none.
fn node_at<'a>(schema: &'a Value, path: &str) -> &'a Value {
    let mut node = schema;
    for segment in path.split('.').filter(|segment| !segment.is_empty()) {
        let (name, index) = segment.split_once('[').map_or((segment, None), |(name, index)| (name, Some(index)));
        node = &node["properties"][name];
        if index.is_some() {
            node = &node["items"];
        }
    }
    node
}

/// What would be right for a refused field of `kind`, where an API server says nothing of it, or names words as supported
/// that this version refuses. A required field without a set of words is told by the first sentence of its description.
pub(crate) fn advice(kind: &str, schema: &Value, error: &FieldError) -> Option<String> {
    let node = node_at(schema, &error.field);
    let words: Vec<&str> = node["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (refused, taken): (Vec<&str>, Vec<&str>) =
        words.iter().copied().partition(|word| capabilities::refuses(kind, &error.field, word));
    let later = match quoted(&refused) {
        none if none.is_empty() => String::new(),
        refused => format!(" (not in this version, or only in a cluster: {refused})"),
    };
    match error.kind {
        FieldErrorKind::Required if !words.is_empty() => Some(format!("write one of: {}{later}", quoted(&taken))),
        FieldErrorKind::Required if error.detail.is_empty() => {
            let text = node["description"].as_str()?;
            Some(text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.').to_owned())
        }
        FieldErrorKind::NotSupported if !refused.is_empty() => {
            Some(format!("supported values: {}{later}", quoted(&taken)))
        }
        _ => None,
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| go_quote(word)).collect::<Vec<_>>().join(", ")
}

/// Edits (insert, remove, replace) from one word to another, bounded by 64 characters each.
fn distance(from: &str, to: &str) -> usize {
    const MAX_CHARS: usize = 64;
    let (from, to): (Vec<char>, Vec<char>) =
        (from.chars().take(MAX_CHARS).collect(), to.chars().take(MAX_CHARS).collect());
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, left) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, right) in to.iter().enumerate() {
            let replace = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = replace.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        let known = ["chunking", "retrieval", "topK", "gpu"];
        let check = |word: &str, expected: Option<&str>| assert_eq!(nearest(word, known.into_iter()), expected);
        check("chunkin", Some("chunking"));
        check("retreival", Some("retrieval"));
        check("topk", Some("topK"));
        check("embedding", None);
        check("", None);
        check("xy", None);
    }
}
