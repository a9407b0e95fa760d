//! Whether a table's first rows name its columns.

use super::GridRow;

/// How many of the first rows are the header: 0 or 1. It names every column that is filled below it, in words, and is told
/// from the rest by its looks or by what stands below: values, or more than words can be told by.
pub(super) fn rows(rows: &[GridRow]) -> usize {
    let [first, rest @ ..] = rows else { return 0 };
    if rest.is_empty() || first.filled() < 2 || !names_only(first) {
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

/// Whether a row holds names and no values. Years are names where the first cell is a word: `지역 | 2023 | 2024`.
fn names_only(row: &GridRow) -> bool {
    let begins_with_word = row.cells.first().is_some_and(|cell| !cell.text.is_empty() && !cell.is_value);
    let is_year = |text: &str| text.len() == 4 && matches!(text.parse::<u16>(), Ok(1900..=2100));
    row.cells.iter().all(|cell| !cell.is_value || (begins_with_word && is_year(&cell.text)))
}

/// The header of rows whose first two are one: the first names groups of columns, the second what is in them:
/// `지역 | 상반기 | | 하반기 |` over `지역 | 매출 | 이익 | 매출 | 이익`.
pub(super) fn joined(rows: &[GridRow]) -> Option<GridRow> {
    let [groups, names, rest @ ..] = rows else { return None };
    let width = names.cells.len();
    let holds_values = rest.first()?.cells.iter().any(|cell| cell.is_value);
    let is_group = groups.filled() > 1 && groups.filled() < width && names.filled() == width;
    let is_words = |row: &GridRow| row.cells.iter().all(|cell| !cell.is_value);
    if !(holds_values && is_group && is_words(groups) && is_words(names) && width > 2) {
        return None;
    }
    let mut group = "";
    let mut header = names.clone();
    for (column, cell) in header.cells.iter_mut().enumerate() {
        if !groups.text(column).is_empty() {
            group = groups.text(column);
        }
        if !group.is_empty() && group != cell.text {
            cell.text = format!("{group} {}", cell.text);
        }
    }
    Some(header)
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
            ("지역|2023|2024\n서울|1|2", 1),
            ("2022|2023|2024\n1|2|3", 0),
            ("지역|1200|1300\n서울|1|2", 0),
        ] {
            assert_eq!(rows(&grid(text).rows), expect, "{text}");
        }
    }

    #[test]
    fn two_rows_of_names_are_one_header() {
        let shown = |text: &str| {
            Some(joined(&grid(text).rows)?.cells.into_iter().map(|cell| cell.text).collect::<Vec<_>>().join("|"))
        };
        let two = shown("지역|상반기||하반기|\n지역|매출|이익|매출|이익\n서울|1|2|3|4");
        assert_eq!(two.as_deref(), Some("지역|상반기 매출|상반기 이익|하반기 매출|하반기 이익"));
        assert_eq!(shown("이름|부서|\n김|결제|사원\n이|운영|사원"), None);
    }
}
