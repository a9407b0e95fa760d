//! Values that name columns: years, dates, numbers that count.

use super::GridRow;

/// Fewest numbers that count: the quarters of a year.
const FEWEST_COUNTED: usize = 4;

/// What kind of label a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Year,
    Date,
}

/// Whether the values of a row name its columns: they go on from one to the next, and what stands below is of another kind.
pub(super) fn names_columns(first: &GridRow, rest: &[GridRow]) -> bool {
    let values: Vec<(usize, &str)> = values(first).collect();
    if counts(&values) {
        return true;
    }
    let Some(kind) = values.first().and_then(|(_, text)| label(text)) else { return false };
    let keys: Vec<&str> = values.iter().map(|(_, text)| *text).collect();
    values.len() > 1
        && keys.iter().all(|text| label(text) == Some(kind))
        && (keys.is_sorted_by(|a, b| a < b) || keys.is_sorted_by(|a, b| a > b))
        && !is_kind_below(&values, kind, rest)
}

/// Whether a row of a header of several holds names: words, years, dates, or numbers that count.
pub(super) fn are_names(row: &GridRow) -> bool {
    let values: Vec<(usize, &str)> = values(row).collect();
    values.iter().all(|(_, text)| label(text).is_some()) || counts(&values)
}

fn values(row: &GridRow) -> impl Iterator<Item = (usize, &str)> {
    row.cells.iter().enumerate().filter(|(_, cell)| cell.is_value).map(|(at, cell)| (at, cell.text.as_str()))
}

/// Whether numbers are 1, 2, 3 and so on, with or without a unit: `1월`.
fn counts(values: &[(usize, &str)]) -> bool {
    let number = |text: &str| text.trim_end_matches(|c: char| c.is_alphabetic()).parse::<usize>().ok();
    values.len() >= FEWEST_COUNTED && values.iter().zip(1..).all(|((_, text), count)| number(text) == Some(count))
}

fn is_kind_below(values: &[(usize, &str)], kind: Label, rest: &[GridRow]) -> bool {
    let below =
        || values.iter().flat_map(|(at, _)| rest.iter().map(|row| row.text(*at))).filter(|text| !text.is_empty());
    below().filter(|text| label(text) == Some(kind)).count() * 2 > below().count()
}

fn label(text: &str) -> Option<Label> {
    let year = |text: &str| text.len() == 4 && matches!(text.parse::<u16>(), Ok(1900..=2100));
    let mut parts = text.split(['-', '/', '.']);
    let is_year = parts.next().is_some_and(|part| year(part.trim_end_matches('년')));
    let others: Vec<&str> = parts.collect();
    let is_part = |part: &&str| matches!(part.trim().parse::<u8>(), Ok(1..=31));
    match others.len() {
        0 => is_year.then_some(Label::Year),
        1 | 2 => (is_year && others.iter().all(is_part)).then_some(Label::Date),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_and_dates_are_told_from_numbers() {
        for (text, expect) in [
            ("2024", Some(Label::Year)),
            ("2024년", Some(Label::Year)),
            ("2025-01-01", Some(Label::Date)),
            ("2025/3", Some(Label::Date)),
            ("2025.1.5", Some(Label::Date)),
            ("1200", None),
            ("2025-99-01", None),
            ("010-1234-5678", None),
            ("", None),
        ] {
            assert_eq!(label(text), expect, "{text}");
        }
    }
}
