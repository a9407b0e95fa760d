//! Pairs of a label and its value, several a row: `작성자 | 홍길동 | 작성일 | 2025-03-01`, `Employee: | Jane Doe`.

use super::{GridCell, GridRow, words};

/// How surely a row is pairs of a label and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pairing {
    /// It is none.
    None,
    /// Every other word is a usual name of a column. So may the names of a table be, where some of them are unusual: what
    /// stands around the row must tell.
    Words,
    /// Colons, looks, gaps or values tell.
    Surely,
}

/// Whether a row may be pairs of a label and its value.
pub(super) fn is_pairs(row: &GridRow) -> bool {
    pairing(row) > Pairing::None
}

/// Whether a row is pairs of a label and its value. The labels end with a colon, or are usual names of columns where no value
/// is, or alone are bold or filled.
pub(super) fn pairing(row: &GridRow) -> Pairing {
    let cells: Vec<&GridCell> = row.cells.iter().filter(|cell| !cell.text.is_empty()).collect();
    if cells.iter().any(|cell| says_pair(&cell.text)) && cells.iter().all(|cell| says_pair(&cell.text)) {
        return Pairing::Surely;
    }
    if is_by_colons(row) {
        return Pairing::Surely;
    }
    let pairs = beside(row);
    let is_name = |column: usize| words::is_column_name(row.text(column)) && !row.cells[column].is_value;
    let looks = |column: usize| (row.cells[column].is_bold, row.cells[column].look);
    let values = || pairs.iter().filter_map(|(_, value)| *value);
    // Months and days of the week are as often what a table is of.
    let is_label = |column: usize| is_name(column) && !words::is_name_of_period(row.text(column));
    let is_by_words = pairs.iter().all(|(label, _)| is_label(*label)) && !values().any(is_name);
    let is_by_looks = pairs.iter().all(|(label, _)| looks(*label) != (false, 0) && !row.cells[*label].is_value)
        && values().all(|value| looks(value) == (false, 0));
    // Names hold no values: `자리 | 2025-03-01 | | 층 | 3`.
    let is_by_kinds = are_parted(row)
        && pairs.iter().all(|(label, value)| !row.cells[*label].is_value && value.is_some())
        && values().any(|value| row.cells[value].is_value);
    let is_whole = values().count() == pairs.len() || (are_parted(row) && values().count() > 0);
    // A number or a date is no name of a column.
    let holds_value = || row.cells.iter().any(|cell| cell.is_value);
    match pairs.len() > 1 && is_whole {
        true if is_by_looks || is_by_kinds => Pairing::Surely,
        true if is_by_words && (are_parted(row) || holds_value()) => Pairing::Surely,
        true if is_by_words => Pairing::Words,
        _ => Pairing::None,
    }
}

/// How many of the first rows are pairs. Words alone make none of them pairs unless more words in the places of labels are
/// usual names as well: the names of a table stand above its values, the labels of a form above each other.
pub(super) fn count(rows: &[GridRow]) -> usize {
    if are_sure(rows) { rows.iter().filter(|row| is_pairs(row)).count() } else { 0 }
}

/// Whether more than words tells that some of the rows are pairs.
pub(super) fn are_sure(rows: &[GridRow]) -> bool {
    rows.iter().any(|row| pairing(row) == Pairing::Surely) || labels_go_on(rows)
}

/// Whether usual names stand below those of the first row in the places of labels: in half of these places, in the first column
/// too, and twice as many as where values stand. No label is a value, a month or a day.
pub(super) fn labels_go_on(rows: &[GridRow]) -> bool {
    let [first, below @ ..] = rows else { return false };
    let cells = |from: usize, step: usize| {
        let of_column = move |column| below.iter().filter_map(move |row: &GridRow| row.cells.get(column));
        (from..first.cells.len()).step_by(step).flat_map(of_column).filter(|cell| !cell.text.is_empty())
    };
    let names = |from, step| cells(from, step).filter(|cell| words::is_column_name(&cell.text)).count();
    let are_half = |step| names(0, step) * 2 >= cells(0, step).count();
    let is_value = |cell: &GridCell| cell.is_value || words::is_name_of_period(&cell.text);
    let all = first.cells.len().max(1);
    !below.is_empty()
        && !cells(0, 2).any(is_value)
        && are_half(all)
        && are_half(2)
        && names(0, 2) > 0
        && names(0, 2) >= 2 * names(1, 2)
}

/// Whether a row has the shape of several pairs, each with its value.
pub(super) fn has_shape(row: &GridRow) -> bool {
    let pairs = beside(row);
    pairs.len() > 1 && pairs.iter().all(|(_, value)| value.is_some())
}

/// Whether blanks stand between the filled cells of a row.
fn are_parted(row: &GridRow) -> bool {
    let last = row.cells.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
    (row.first_filled()..last).any(|column| row.text(column).is_empty())
}

/// The columns of labels and of the values right beside them, or beside the cells that these are merged with. A value may be
/// left to be filled in.
fn beside(row: &GridRow) -> Vec<(usize, Option<usize>)> {
    let mut pairs: Vec<(usize, Option<usize>)> = Vec::new();
    for column in (0..row.cells.len()).filter(|column| !row.text(*column).is_empty()) {
        match pairs.last_mut() {
            Some((label, value @ None)) if column <= *label + 1 + usize::from(row.cells[*label].across) => {
                *value = Some(column);
            }
            _ => pairs.push((column, None)),
        }
    }
    pairs
}

/// Whether labels end with a colon, and each other cell is the value of one.
fn is_by_colons(row: &GridRow) -> bool {
    let mut has_label = false;
    let mut count = 0;
    for cell in row.cells.iter().filter(|cell| !cell.text.is_empty()) {
        let is_label = is_label(&cell.text);
        if !is_label && !has_label && !says_pair(&cell.text) {
            return false;
        }
        count += usize::from(is_label);
        has_label = is_label;
    }
    count > 0
}

/// Whether a text is a label that ends with a colon.
fn is_label(text: &str) -> bool {
    let text = text.trim_end();
    text.chars().count() <= 30 && text.ends_with([':', '：'])
}

/// Whether a text is a label with its value: `작성일: 2025-03-01`.
fn says_pair(text: &str) -> bool {
    let Some((label, value)) = text.split_once([':', '：']) else { return false };
    let is_word = label.starts_with(char::is_alphabetic) && label.chars().count() <= 20;
    let is_parted = value.starts_with(' ') || !value.starts_with(|c: char| c.is_ascii_digit() || c == '/');
    is_word && is_parted && !value.trim().is_empty()
}

/// Whether a row is no more than a note, a unit or a date somewhere.
pub(super) fn is_note_row(row: &GridRow) -> bool {
    row.texts().all(|text| words::is_note(text) || words::is_unit(text))
}

/// A row of pairs as a line: `작성자: 홍길동 · 작성일: 2025-03-01`.
pub(super) fn line(row: &GridRow) -> String {
    let bare = |label: &str| label.trim_end_matches([':', '：']).trim_end().to_owned();
    let text = |column: usize| row.text(column).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts: Vec<String> = Vec::new();
    let mut label: Option<(usize, String)> = None;
    for column in (0..row.cells.len()).filter(|column| !row.text(*column).is_empty()) {
        let said = text(column);
        match label.take() {
            Some((end, before)) if !is_label(&said) && (column <= end || is_label(&before)) => {
                parts.push(format!("{}: {said}", bare(&before)));
            }
            before => {
                parts.extend(before.map(|(_, label)| bare(&label)));
                match says_pair(&said) {
                    true => parts.push(said),
                    false => label = Some((column + 1 + usize::from(row.cells[column].across), said)),
                }
            }
        }
    }
    parts.extend(label.map(|(_, label)| bare(&label)));
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    #[test]
    fn pairs_are_told_and_said() {
        for (text, expect) in [
            ("작성자|홍길동|작성일|2025-03-01", "작성자: 홍길동 · 작성일: 2025-03-01"),
            ("Employee:|Jane Doe|Period:|Jan 2025", "Employee: Jane Doe · Period: Jan 2025"),
            ("Employee:|Jane Doe||Period:|", "Employee: Jane Doe · Period"),
            ("점검일|2025-03-01||점검자|", "점검일: 2025-03-01 · 점검자"),
            ("점검일|||점검자|김철수", "점검일 · 점검자: 김철수"),
            ("작성일: 2025-03-01||작성자: 홍길동", "작성일: 2025-03-01 · 작성자: 홍길동"),
        ] {
            let row = &grid(text).rows[0];
            assert!(is_pairs(row), "{text}");
            assert_eq!(line(row), expect);
        }
        for text in [
            "번호|품목|수량|금액",
            "부서|인건비|합계",
            "구분|1월|2월|3월",
            "서울|1|부산|2",
            "10:00|증설",
            "담당자",
            "비율 1:2|값",
        ] {
            assert!(!is_pairs(&grid(text).rows[0]), "{text}");
        }
    }
}
