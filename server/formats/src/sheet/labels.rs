//! Values that name columns: years, dates, times, months, numbers that go on from one to the next.

use super::grid::UNIT_SIGNS;
use super::{GridRow, words};

/// What kind of label a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Year,
    Date,
    Time,
    Number,
}

/// How surely the values of a row name its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// They are values like those below.
    No,
    /// They are few, or like those below.
    Maybe,
    /// They go on from one to the next, and are of another kind than what stands below.
    Surely,
}

/// Whether the values of a row name its columns: dates or times that go on, years that do so by one, and none of these below as
/// well; or numbers that count months, days or quarters by one, around the year too, beside a usual name or a blank. Figures
/// that rise in any other way may be those of the first row.
pub(super) fn naming(first: &GridRow, rest: &[GridRow]) -> Naming {
    let values: Vec<(usize, &str)> =
        first.cells.iter().enumerate().filter(|(_, cell)| cell.is_value).map(|(at, cell)| (at, &*cell.text)).collect();
    let Some(kind) = values.first().and_then(|(_, text)| label(text)) else { return Naming::No };
    let keys: Vec<f64> = values.iter().filter_map(|(_, text)| key(text)).collect();
    if keys.len() != values.len() || values.iter().any(|(_, text)| label(text) != Some(kind)) {
        return Naming::No;
    }
    let is_monotone = keys.is_sorted_by(|a, b| a < b) || keys.is_sorted_by(|a, b| a > b);
    let is_next = |pair: &[f64]| pair[1] - pair[0] == 1.0 || (pair[0] == 12.0 && pair[1] == 1.0);
    let is_by_one = keys.windows(2).all(is_next) || keys.windows(2).all(|pair| pair[0] - pair[1] == 1.0);
    let is_count = is_by_one && keys.iter().all(|key| (1.0..=31.0).contains(key) && key.fract() == 0.0);
    let is_beside_name = first.text(0).is_empty() || words::is_column_name(first.text(0));
    match (kind, keys.len()) {
        (_, 0 | 1) | (Label::Number, 2) => Naming::No,
        (Label::Number, _) if is_count && is_beside_name => Naming::Surely,
        (Label::Number, _) if is_count || (is_monotone && is_beside_name) => Naming::Maybe,
        (Label::Number, _) => Naming::No,
        _ if is_kind_below(&values, kind, rest) => Naming::No,
        (Label::Year, _) if is_by_one => Naming::Surely,
        (Label::Year, _) if is_monotone => Naming::Maybe,
        (Label::Year, _) => Naming::No,
        _ if is_monotone || is_by_one || kind == Label::Date => Naming::Surely,
        _ => Naming::No,
    }
}

/// Whether a row of a header of several holds names: words, years, dates, or numbers that count.
pub(super) fn are_names(row: &GridRow) -> bool {
    let values = || row.cells.iter().filter(|cell| cell.is_value);
    values().all(|cell| matches!(label(&cell.text), Some(Label::Year | Label::Date | Label::Time)))
        || naming(row, &[]) == Naming::Surely
}

/// Whether a row of a header over `rest` holds names: its values are of another kind than those below.
pub(super) fn are_names_over(row: &GridRow, rest: &[GridRow]) -> bool {
    let values: Vec<(usize, &str)> =
        row.cells.iter().enumerate().filter(|(_, cell)| cell.is_value).map(|(at, cell)| (at, &*cell.text)).collect();
    let kind = values.first().and_then(|(_, text)| label(text));
    are_names(row) && kind.is_none_or(|kind| !is_kind_below(&values, kind, rest))
}

/// Whether a row holds one year or date: `2024`.
pub(super) fn holds_period(row: &GridRow) -> bool {
    row.filled() == 1 && row.texts().all(|text| matches!(label(text), Some(Label::Year | Label::Date)))
}

/// Whether two texts are periods of one form: two years, dates, months, weeks or quarters, however they are written.
pub(super) fn are_periods_of_a_kind(a: &str, b: &str) -> bool {
    period(a).is_some_and(|form| period(b) == Some(form))
}

/// The form of a text that is a period: each number as `9`, each name of a month as `m` and of a day as `d`. Bare numbers are none.
fn period(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const DAYS: [&str; 14] =
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "월", "화", "수", "목", "금", "토", "일"];
    #[rustfmt::skip]
    const UNITS: [&str; 21] = [
        "년", "월", "일", "주", "주차", "분기", "반기", "차", "일차", "회", "회차", "年", "月", "日", "q", "h", "w", "week", "day", "fy", "th",
    ];
    if text.chars().count() > 24 {
        return None;
    }
    let is_same_kind =
        |a: char, b: char| a.is_alphabetic() == b.is_alphabetic() && a.is_ascii_digit() == b.is_ascii_digit();
    let lower = text.trim().to_lowercase();
    let chars: Vec<char> = lower.chars().collect();
    let mut form = String::new();
    for run in chars.chunk_by(|a, b| is_same_kind(*a, *b) && (a.is_alphabetic() || a.is_ascii_digit())) {
        let word: String = run.iter().collect();
        match run[0] {
            c if c.is_ascii_digit() => form.push('9'),
            c if c.is_alphabetic() => {
                // `월` behind a number is a month, in brackets a day.
                let is_unit = UNITS.contains(&word.as_str()) && !(form.ends_with('(') && DAYS.contains(&word.as_str()));
                let begins = |names: &[&str]| {
                    names.iter().any(|name| word == *name || (word.is_ascii() && word.starts_with(name)))
                };
                match () {
                    () if is_unit && form.ends_with(['9', ' '])
                        || matches!(word.as_str(), "q" | "h" | "w" | "fy" | "week" | "day") =>
                    {
                        form.push_str(&word)
                    }
                    () if begins(&MONTHS) => form.push('m'),
                    () if begins(&DAYS) => form.push('d'),
                    () => return None,
                }
            }
            c if c.is_whitespace() => form.push(' '),
            '/' | '-' | '.' | '(' | ')' | '~' | '\'' | ',' | ':' => form.push_str(&word),
            _ => return None,
        }
    }
    let is_bare =
        form.chars().all(|c| matches!(c, '9' | '-' | ',')) && label(text).is_none_or(|label| label == Label::Number);
    (!is_bare && !form.is_empty()).then_some(form)
}

/// In how many columns the periods have gone on, where a row says the names again but for these and what it leaves out.
pub(super) fn moved(names: &GridRow, row: &GridRow) -> Option<usize> {
    let mut moved = 0;
    for column in 0..names.cells.len().max(row.cells.len()) {
        let (name, text) = (names.text(column), row.text(column));
        if words::are_same(name, text) || (column > 0 && text.is_empty()) {
            continue;
        }
        if column == 0 || !are_periods_of_a_kind(name, text) {
            return None;
        }
        moved += 1;
    }
    Some(moved)
}

/// Whether two rows beside the same usual name count columns one by one, three at least: the days `2 | 3 | 4` and `9 | 10 | 11`.
pub(super) fn count_on(row: &GridRow, again: &GridRow) -> bool {
    let count = |row: &GridRow| -> Option<Vec<f64>> {
        let numbers: Vec<f64> = row.texts().skip(1).map(|text| text.parse().ok()).collect::<Option<_>>()?;
        (numbers.len() > 2 && numbers.windows(2).all(|pair| pair[1] - pair[0] == 1.0)).then_some(numbers)
    };
    words::is_column_name(row.text(0))
        && words::are_same(row.text(0), again.text(0))
        && count(row).zip(count(again)).is_some_and(|(a, b)| a != b)
}

/// Whether a row names columns by two periods or more: `Mar 2 | Mar 3`.
pub(super) fn names_periods(row: &GridRow, rest: &[GridRow]) -> bool {
    row.cells.iter().filter(|cell| period(&cell.text).is_some()).count() > 1 && are_periods_over(row, rest)
}

/// Whether the periods in a row name columns: what stands below them is none of their form.
pub(super) fn are_periods_over(row: &GridRow, rest: &[GridRow]) -> bool {
    let columns = || row.cells.iter().enumerate().filter_map(|(column, cell)| Some((column, period(&cell.text)?)));
    let (mut below, mut alike) = (0, 0);
    for (column, form) in columns() {
        for text in rest.iter().map(|row| row.text(column)).filter(|text| !text.is_empty()) {
            below += 1;
            alike += usize::from(period(text).as_ref() == Some(&form));
        }
    }
    columns().next().is_some() && alike * 2 <= below
}

/// Whether a text is a year.
pub(super) fn is_year(text: &str) -> bool {
    label(text) == Some(Label::Year)
}

fn is_kind_below(values: &[(usize, &str)], kind: Label, rest: &[GridRow]) -> bool {
    let below =
        || values.iter().flat_map(|(at, _)| rest.iter().map(|row| row.text(*at))).filter(|text| !text.is_empty());
    below().filter(|text| label(text) == Some(kind)).count() * 2 > below().count()
}

fn label(text: &str) -> Option<Label> {
    let is_year = |text: &str| text.len() == 4 && matches!(text.parse::<u16>(), Ok(1900..=2100));
    let text = text.trim();
    if is_year(text.trim_end_matches('년')) {
        return Some(Label::Year);
    }
    if text.contains(':') {
        return text.split(':').all(|part| matches!(part.trim().parse::<u8>(), Ok(0..=59))).then_some(Label::Time);
    }
    let parts: Vec<&str> = text.trim_end_matches('.').split(['-', '/', '.']).map(str::trim).collect();
    let is_part = |part: &&str| part.len() <= 2 && matches!(part.parse::<u8>(), Ok(1..=31));
    let years = parts.iter().filter(|part| is_year(part)).count();
    let others = parts.iter().filter(|part| is_part(part)).count();
    match (years, others) {
        (1, 1 | 2) if parts.len() == 1 + others => Some(Label::Date),
        // `3/5`, `25.01`, but no decimal number: its second part is that of a month.
        (0, 2) if parts.len() == 2 && (!text.contains('.') || parts[1].len() == 2) && !text.starts_with('-') => {
            Some(Label::Date)
        }
        _ => number(text).map(|_| Label::Number),
    }
}

/// Numbers with or without a unit: `1월`, `10%`.
fn number(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic() || UNIT_SIGNS.contains(&c)).trim_end();
    digits.replace(',', "").parse().ok().filter(|number: &f64| number.is_finite())
}

/// Where a label stands among its kind. Whether days or months come first is not told: both go on alike in a header.
fn key(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('년');
    match label(text)? {
        Label::Year | Label::Number => number(text),
        Label::Time => Some(
            text.split(':').filter_map(|part| part.trim().parse::<f64>().ok()).fold(0.0, |all, part| all * 60.0 + part),
        ),
        Label::Date => {
            let parts: Vec<f64> = text.split(['-', '/', '.']).filter_map(|part| part.trim().parse().ok()).collect();
            let year = parts.iter().find(|part| **part > 1000.0).copied().unwrap_or(0.0);
            let others = parts.iter().filter(|part| **part <= 1000.0);
            Some(others.fold(year, |all, part| all * 100.0 + part))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    #[test]
    fn labels_are_told_from_other_values() {
        for (text, expect) in [
            ("2024", Some(Label::Year)),
            ("2024년", Some(Label::Year)),
            ("2025-01-01", Some(Label::Date)),
            ("01/02/2025", Some(Label::Date)),
            ("2025.1.5", Some(Label::Date)),
            ("25.01", Some(Label::Date)),
            ("12/30", Some(Label::Date)),
            ("09:00", Some(Label::Time)),
            ("1200", Some(Label::Number)),
            ("1,200", Some(Label::Number)),
            ("1월", Some(Label::Number)),
            ("2025-99-01", None),
            ("010-1234-5678", None),
            ("", None),
        ] {
            assert_eq!(label(text), expect, "{text}");
        }
    }

    #[test]
    fn regular_rows_name_columns() {
        for (text, expect) in [
            ("지점|4|5|6|7|8|9|10|11|12|1|2|3\nA|1|2|3|4|5|6|7|8|9|1|2|3", Naming::Surely),
            ("학교|1|2|3\nA|1|2|3", Naming::Surely),
            ("|1|2|3|4\nA|5|6|7|8", Naming::Surely),
            ("지역|2022|2023|2024\n서울|1|2|3", Naming::Surely),
            // They count, but beside a name that may be the first of the rows; or they rise, as figures do.
            ("Kim|1|2|3|4\nLee|4|5|6|7", Naming::Maybe),
            ("Model|90|95|100|105\nA|1|2|3|4", Naming::Maybe),
            ("상품|3|6|12|24\nA|1|2|3|4", Naming::Maybe),
            ("지역|2010|2015|2020\n서울|1|2|3", Naming::Maybe),
            ("강남점|100|250|400|700\n판교점|90|80|300|20", Naming::No),
            ("서울|10|20|30|40\n부산|40|55|60|1", Naming::No),
            ("강의실|09:00|10:00\nA|수학|국어", Naming::Surely),
            ("지점|25.01|25.02\nA|1|2", Naming::Surely),
            ("Branch|01/01/2025|02/01/2025\nA|1|2", Naming::Surely),
            ("지역|1200|1300\n서울|1|2", Naming::No),
            ("Kim|2025-01-01|2025-02-01\nLee|2025-03-01|2025-04-01", Naming::No),
            ("서울|12|7|9|3\n부산|1|2|3|4", Naming::No),
        ] {
            let rows = grid(text).rows;
            assert_eq!(naming(&rows[0], &rows[1..]), expect, "{text}");
        }
    }
}
