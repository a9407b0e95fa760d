//! Whether a table's first row names its columns: told by bold type, by names over values, by rows of years, dates or counted
//! numbers, and, over words alone, by whether it could be one of the rows below.

use super::{GridRow, labels, rows_of_names};

/// Longest name of a column, in characters.
const MAX_NAME: usize = 60;
/// What stands for a missing value, in small letters: no column is called so.
const PLACEHOLDERS: [&str; 14] =
    ["-", "–", "—", "…", "?", "n/a", "na", "null", "none", "tbd", "없음", "미정", "해당없음", "해당 없음"];

/// What the first row of a table is, from the least to the most like a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum First {
    /// A row like those below: what it says stands there again.
    Data,
    /// It cannot be told.
    Unknown,
    /// Words over words, as a header would be.
    Names,
    /// Surely a header.
    Header,
}

/// Tells what the first row is, after joining it with the rows of names that follow it.
pub(super) fn take(rows: &mut Vec<GridRow>) -> First {
    if let Some((depth, header)) = rows_of_names::joined(rows) {
        rows.splice(..depth, [header]);
        return First::Header;
    }
    first(rows)
}

/// What the first row is. A name may be missing only where the others are surely names.
pub(super) fn first(rows: &[GridRow]) -> First {
    let [first, rest @ ..] = rows else { return First::Unknown };
    if rest.is_empty() || first.filled() < 2 || !is_short_and_distinct(first) || is_list_of_properties(rows) {
        return First::Unknown;
    }
    let is_bold = is_bold_alone(first, rest);
    let has_labels = first.cells.iter().any(|cell| cell.is_value);
    if has_labels && !(begins_with_word(first, rest) && (is_bold || labels::names_columns(first, rest))) {
        return First::Unknown;
    }
    if !is_bold && (first.cells.iter().skip(1).any(|cell| is_placeholder(&cell.text))) {
        return First::Unknown;
    }
    if !is_bold && !has_labels && is_one_of(first, rest) {
        return First::Data;
    }
    let width = width(rows);
    let is_sure = is_bold || has_labels || (0..width).any(|column| is_word_over_values(first, rest, column));
    let blank = (0..width)
        .filter(|column| first.text(*column).is_empty() && rest.iter().any(|row| !row.text(*column).is_empty()))
        .count();
    match (is_sure, blank) {
        (true, blank) if blank * 2 <= width && blank < first.filled() => First::Header,
        (false, 0) => First::Names,
        _ => First::Unknown,
    }
}

pub(super) fn width(rows: &[GridRow]) -> usize {
    rows.iter().map(|row| row.cells.len()).max().unwrap_or(0)
}

/// Whether all of a row is bold, and most of the others are not.
pub(super) fn is_bold_alone(first: &GridRow, rest: &[GridRow]) -> bool {
    first.is_bold() && rest.iter().filter(|row| row.is_bold()).count() * 2 < rest.len()
}

/// Whether most of what stands in a column are values.
pub(super) fn holds_values(rows: &[GridRow], column: usize) -> bool {
    let (mut filled, mut values) = (0, 0);
    for cell in rows.iter().filter_map(|row| row.cells.get(column)).filter(|cell| !cell.text.is_empty()) {
        filled += 1;
        values += usize::from(cell.is_value);
    }
    values * 2 > filled
}

fn is_word_over_values(first: &GridRow, rest: &[GridRow], column: usize) -> bool {
    first.cells.get(column).is_some_and(|cell| !cell.text.is_empty() && !cell.is_value) && holds_values(rest, column)
}

/// Values are names only beside a word, or in a table whose corner is blank over words.
fn begins_with_word(first: &GridRow, rest: &[GridRow]) -> bool {
    match first.cells.first() {
        Some(cell) if !cell.text.is_empty() => !cell.is_value,
        _ => !holds_values(rest, 0) && rest.iter().all(|row| !row.text(0).is_empty()),
    }
}

fn is_short_and_distinct(row: &GridRow) -> bool {
    let mut names: Vec<&str> = row.texts().collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    names.iter().all(|name| name.chars().count() <= MAX_NAME) && names.len() * 2 > count
}

fn is_placeholder(text: &str) -> bool {
    PLACEHOLDERS.contains(&text.to_lowercase().as_str())
}

/// Whether a row says what rows below it say in the same column, or what has the same form: `010-1111-2222` over
/// `010-3333-4444`. Rows that repeat all of it are headers of further pages.
fn is_one_of(first: &GridRow, rest: &[GridRow]) -> bool {
    let says_again = |row: &&GridRow| {
        let again = (0..first.cells.len()).filter(|at| !first.text(*at).is_empty() && first.text(*at) == row.text(*at));
        (1..first.filled()).contains(&again.count())
    };
    let again = rest.iter().filter(says_again).count();
    again * 20 > rest.len() || (0..first.cells.len()).any(|column| is_of_one_form(first, rest, column))
}

fn is_of_one_form(first: &GridRow, rest: &[GridRow], column: usize) -> bool {
    let form = form(first.text(column));
    let mut below = rest.iter().filter_map(|row| row.cells.get(column)).filter(|cell| !cell.text.is_empty()).peekable();
    form.contains('9') && below.peek().is_some() && below.all(|cell| !cell.is_value && self::form(&cell.text) == form)
}

/// A text with each number in it as `9`.
fn form(text: &str) -> String {
    let mut form = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii_digit() {
            true if form.ends_with('9') => {}
            true => form.push('9'),
            false => form.push(c),
        }
    }
    form
}

/// Whether rows are pairs of a property and its value, the first like the others: `모델 | KX-200` over `무게 | 12.5 kg`. The
/// values have numbers in them from the first, or the names alone are bold.
fn is_list_of_properties(rows: &[GridRow]) -> bool {
    let is_pair = |row: &GridRow| row.cells.len() == 2 && row.filled() == 2;
    let has_number = |row: &GridRow| row.text(1).contains(|c: char| c.is_ascii_digit());
    let is_bold = |row: &GridRow, at: usize| row.cells.get(at).is_some_and(|cell| cell.is_bold);
    let [first, rest @ ..] = rows else { return false };
    rows.iter().all(is_pair)
        && !first.is_bold()
        && !first.cells[1].is_value
        && (has_number(first) && rest.iter().filter(|row| has_number(row)).count() * 2 > rest.len()
            || rows.iter().all(|row| is_bold(row, 0) && !is_bold(row, 1)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    fn check(text: &str, expect: First) {
        assert_eq!(first(&grid(text).rows), expect, "{text}");
    }

    #[test]
    fn a_header_is_words_over_every_column() {
        for (text, expect) in [
            ("name|port\nkafka|9092", First::Header),
            ("이름|부서\n김|결제", First::Names),
            ("2024|2025\n1|2", First::Unknown),
            ("name|\nkafka|9092", First::Unknown),
            ("name|port", First::Unknown),
            ("a|a\n1|2", First::Unknown),
            ("지역|1200|1300\n서울|1|2", First::Unknown),
            ("kafka|-|서울\nredis|6379|부산", First::Unknown),
            ("레디스|없음|서울\n카프카|9092|부산", First::Unknown),
        ] {
            check(text, expect);
        }
    }

    #[test]
    fn a_name_may_be_missing_where_the_others_are_surely_names() {
        for (text, expect) in [
            ("Item|Price|\nBasic|free|yearly\nPro|20000|monthly\nMax|90000|monthly", First::Header),
            ("서버|담당자|\n카프카|김민수|퇴역함\n레디스|이영희|2024\n몽고|박철수|2025", First::Unknown),
            ("|1월|2월\n서울|10|20\n부산|30|40", First::Header),
            ("Name|Team|\nKim|Ops|\nLee|Pay|lead", First::Unknown),
        ] {
            check(text, expect);
        }
    }

    #[test]
    fn years_dates_and_counted_numbers_name_columns() {
        for (text, expect) in [
            ("지역|2023|2024\n서울|1|2", First::Header),
            ("|2023|2024\n매출|1|2\n이익|3|4", First::Header),
            ("지역|2023|2024|증감\n서울|1|2|1", First::Header),
            ("2022|2023|2024\n1|2|3", First::Unknown),
            ("모델A|2019|2021\n모델B|2018|2022", First::Unknown),
            ("지점|1|2|3|4\n강남|5|6|7|8", First::Header),
            ("지점|1|2|3|4|합계\n강남|5|6|7|8|26", First::Header),
            ("Kim|1|2|3\nLee|4|5|6", First::Unknown),
            ("Branch|2025-01-01|2025-02-01\nA|1|2", First::Header),
            ("Kim|2025-01-01|2025-02-01\nLee|2025-03-01|2025-04-01", First::Unknown),
            ("설립연도|2012\n직원수|300", First::Unknown),
        ] {
            check(text, expect);
        }
    }

    #[test]
    fn a_row_that_says_what_rows_below_say_is_one_of_them() {
        for (text, expect) in [
            ("이영희|운영팀|대리\n최지훈|운영팀|부장", First::Data),
            ("Basic|free|monthly\nPro|2000|monthly", First::Data),
            ("A-100|볼트\nA-101|너트", First::Data),
            ("이름|부서\n김|결제\n이름|부서\n이|운영", First::Names),
        ] {
            check(text, expect);
        }
    }

    #[test]
    fn properties_and_their_values_have_no_header() {
        check("모델|KX-200\n정격전압|5V\n무게|12.5 kg", First::Unknown);
        let mut bold = grid("담당|김민수\n부서|결제팀").rows;
        bold.iter_mut().for_each(|row| row.cells[0].is_bold = true);
        assert_eq!(first(&bold), First::Unknown);
    }

    #[test]
    fn bold_type_tells_a_header() {
        let mut rows = grid("이름|상태\n김|상태\n이|정상").rows;
        assert_eq!(first(&rows), First::Data);
        rows[0].cells.iter_mut().for_each(|cell| cell.is_bold = true);
        assert_eq!(first(&rows), First::Header);
        rows.iter_mut().flat_map(|row| &mut row.cells).for_each(|cell| cell.is_bold = true);
        assert_eq!(first(&rows), First::Data, "a sheet in bold type");
    }
}
