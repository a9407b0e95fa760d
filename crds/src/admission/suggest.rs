//! "Did you mean": the nearest known word to a misspelt one.

use serde_json::Value;

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
    let mut node = schema;
    for segment in parents.split('.').filter(|segment| !segment.is_empty()) {
        let (name, index) = segment.split_once('[').map_or((segment, None), |(name, index)| (name, Some(index)));
        node = &node["properties"][name];
        if index.is_some() {
            node = &node["items"];
        }
    }
    nearest(last, node["properties"].as_object()?.keys().map(String::as_str)).map(str::to_owned)
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
