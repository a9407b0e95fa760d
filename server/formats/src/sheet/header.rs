//! Whether a table's first rows name its columns.

use super::GridRow;

/// How many of the first rows are the header: 0 or 1. It names every column that is filled below it, in words, and is told
/// from the rest by its looks or by what stands below: values, or more than words can be told by.
pub(super) fn rows(rows: &[GridRow]) -> usize {
    let [first, rest @ ..] = rows else { return 0 };
    if rest.is_empty() || first.filled() < 2 || first.cells.iter().any(|cell| cell.is_value) {
        return 0;
    }
    let names_all = (0..first.cells.len())
        .filter(|column| rest.iter().any(|row| !row.text(*column).is_empty()))
        .filter(|column| first.text(*column).is_empty())
        .count()
        <= first.cells.len() / 4;
    let mut names: Vec<&str> =
        first.cells.iter().map(|cell| cell.text.as_str()).filter(|name| !name.is_empty()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    let is_short = names.iter().all(|name| name.chars().count() <= 60);
    usize::from(names_all && is_short && names.len() * 2 > count)
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    #[test]
    fn a_header_is_words_over_every_column() {
        for (text, expect) in [
            ("name|port\nkafka|9092", 1),
            ("이름|부서\n김|결제", 1),
            ("2024|2025\n1|2", 0),
            ("name|\nkafka|9092", 0),
            ("name|port", 0),
            ("a|a\n1|2", 0),
        ] {
            assert_eq!(rows(&grid(text).rows), expect, "{text}");
        }
    }
}
