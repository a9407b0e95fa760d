//! Tables that stand right below each other, without a blank row: the second begins where a row is names by evidence of its
//! own, or where a title and other columns begin.

use super::above::lines_above;
use super::grid::Marks;
use super::header::{holds_values, is_set_off, says_names, width};
use super::regions::Region;
use super::{GridRow, rows_of_names, words};

/// How many rows before and behind are looked at.
const NEAR: usize = 20;

/// The tables of a region, each with its lines.
pub(super) fn parted(mut region: Region, marks: &Marks) -> Vec<Region> {
    let first_column = region.first_column;
    let mut starts = Vec::new();
    let lines = lines_above(&region.rows, marks, first_column);
    let depth = rows_of_names::joined(&region.rows[lines..]).map_or(1, |(depth, _)| depth);
    let (mut names, mut at) = (lines + depth - 1, lines + depth + 1);
    while at + 1 < region.rows.len() {
        let is_marked =
            marks.tops.iter().any(|(top, first, _)| *top == region.rows[at].number && *first == first_column);
        let is_title = is_title_of_other_columns(&region.rows, names, at);
        if is_marked || is_title || begins_table(&region.rows, names, at) {
            let has_title = at > names + 2 && is_line(&region.rows[at - 1]);
            starts.push(at - usize::from(has_title));
            names = at + usize::from(is_title);
            at = names + 1;
        }
        at += 1;
    }
    let mut regions: Vec<Region> =
        starts.into_iter().rev().map(|start| Region { first_column, rows: region.rows.split_off(start) }).collect();
    regions.push(region);
    regions.reverse();
    if regions.len() > 1 {
        regions.iter_mut().for_each(trim);
    }
    regions
}

/// Leaves out the last columns where they are blank in all rows.
fn trim(region: &mut Region) {
    let width = region.rows.iter().map(end).max().unwrap_or(0);
    region.rows.iter_mut().for_each(|row| row.cells.truncate(width));
}

/// Whether a row names the columns of those behind it: it looks unlike them and those before, and says words over values, or
/// usual names, or looks as the names above do; or it says usual names over values, whatever it looks like.
fn begins_table(rows: &[GridRow], names: usize, at: usize) -> bool {
    let row = &rows[at];
    let is_word = |column: usize| !row.text(column).is_empty() && !row.cells[column].is_value;
    if row.filled() < 2 || !(0..row.cells.len()).all(|column| row.text(column).is_empty() || is_word(column)) {
        return false;
    }
    let before = &rows[(names + 1).max(at.saturating_sub(NEAR))..at];
    let behind = &rows[at + 1..rows.len().min(at + 1 + NEAR)];
    let is_strange = words::is_total(row.first_text())
        || row.texts().any(words::is_placeholder)
        || row.texts().eq(rows[names].texts())
        || row.filled() * 4 < width(behind) * 3;
    let turns = || {
        let over = |column: usize| is_word(column) && holds_values(before, column);
        (0..row.cells.len()).any(|column| over(column) && holds_values(behind, column))
    };
    if is_strange {
        return false;
    }
    let is_apart = is_set_off(row, behind) && is_unlike(row, before);
    match is_apart {
        true => looks_as(row, &rows[names]) || turns() || says_names(row),
        false => turns() && says_names(row) && all_turn(row, before),
    }
}

/// Whether no value stands where values stood.
fn all_turn(row: &GridRow, before: &[GridRow]) -> bool {
    (0..row.cells.len()).all(|column| !holds_values(before, column) || !row.text(column).is_empty())
}

/// Whether no row before looks as this one.
fn is_unlike(row: &GridRow, before: &[GridRow]) -> bool {
    let look = |row: &GridRow| row.cells.get(row.first_filled()).map(|cell| (cell.is_bold, cell.look));
    before.iter().all(|other| look(other) != look(row) || other.filled() < 2)
}

/// Whether a row is filled or underlined as names above are.
fn looks_as(row: &GridRow, names: &GridRow) -> bool {
    let look = |row: &GridRow| row.cells.get(row.first_filled()).map_or((false, 0), |cell| (cell.is_bold, cell.look));
    look(row).1 != 0 && look(row) == look(names)
}

/// Whether a row is a short line in the first column.
fn is_line(row: &GridRow) -> bool {
    let text = row.text(0);
    row.filled() == 1
        && !text.is_empty()
        && text.chars().count() <= 100
        && !(words::is_total(text) || words::is_note(text) || words::is_placeholder(text) || row.cells[0].is_value)
}

/// The column behind the last filled one.
fn end(row: &GridRow) -> usize {
    row.cells.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |last| last + 1)
}

/// Whether a row is a title, and all behind it fill no more than half of the columns that the rows before fill.
fn is_title_of_other_columns(rows: &[GridRow], names: usize, at: usize) -> bool {
    let behind = &rows[at + 1..];
    let half = rows[names].filled() / 2;
    is_line(&rows[at])
        && behind.len() > 2
        && behind.iter().all(|row| row.filled() > 1 && end(row) <= half)
        && rows[names + 1..at].iter().all(|row| row.filled() > half)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{grid, shown, shown_of};

    const TWO: &str = "품목|단가\n볼트|120\n너트|80\n지역|배송비\n서울|3000\n부산|4000";

    #[test]
    fn a_row_set_off_begins_a_table_without_a_blank_row() {
        let expect = ["2-3 1: 품목|단가 / 볼트|120 / 너트|80", "5-6 1: 지역|배송비 / 서울|3000 / 부산|4000"];
        for (bold, look) in [(true, 0), (false, 7), (true, 7)] {
            let mut sheet = grid(TWO);
            for cell in [0, 3].into_iter().flat_map(|row| [(row, 0), (row, 1)]) {
                (sheet.rows[cell.0].cells[cell.1].is_bold, sheet.rows[cell.0].cells[cell.1].look) = (bold, look);
            }
            assert_eq!(shown_of(sheet), expect, "{bold} {look}");
        }
    }

    #[test]
    fn usual_names_over_values_begin_a_table() {
        assert_eq!(
            shown("품목|단가|수량\n볼트|120|3\n너트|80|2\n지역|요금|기간\n서울|3000|2\n부산|4000|3"),
            ["2-3 1: 품목|단가|수량 / 볼트|120|3 / 너트|80|2", "5-6 1: 지역|요금|기간 / 서울|3000|2 / 부산|4000|3"]
        );
        assert_eq!(
            shown(
                "문서 이력\n버전|날짜|작성자|내용\n1|2024-01-01|김|최초\n2|2024-05-01|이|수정\n용어 정의\n용어|설명\n배치|한 번에\n큐|대기열"
            ),
            [
                "1-1 ## 문서 이력",
                "3-4 1: 버전|날짜|작성자|내용 / 1|2024-01-01|김|최초 / 2|2024-05-01|이|수정",
                "5-5 ## 용어 정의",
                "6-8 1: 용어|설명 / 용어|설명 / 배치|한 번에 / 큐|대기열",
            ]
        );
    }

    #[test]
    fn rows_that_stand_out_stay_rows() {
        let text = "품목|단가|비고\n볼트|120|특가\n너트|미정|재고\n관|80|\n선|90|";
        let mut sheet = grid(text);
        sheet.rows[0].cells.iter_mut().for_each(|cell| cell.look = 7);
        sheet.rows[2].cells.iter_mut().for_each(|cell| cell.look = 9);
        assert_eq!(shown_of(sheet), ["2-5 1: 품목|단가|비고 / 볼트|120|특가 / 너트|미정|재고 / 관|80| / 선|90|"]);
    }
}
