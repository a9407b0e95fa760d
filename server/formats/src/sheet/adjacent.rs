//! Tables that stand right below each other, without a blank row. A row within a table is a row, however it is marked: people
//! colour what is sold out. It names the columns of those behind it only where the names above come again, or where a title
//! stands right over it and it is names by evidence of its own.

use super::above::lines_above;
use super::grid::Marks;
use super::header::{contrasts, could_name, holds_values, holds_words, is_set_off, repeats_a_name, says_names, width};
use super::regions::Region;
use super::{GridRow, pairs, rows_of_names, words};

/// How many rows before and behind are looked at.
const NEAR: usize = 20;

/// Where the names of a table stand in a region: how many lines before them, their first row, and the first behind them.
#[derive(Clone, Copy)]
struct Names {
    lines: usize,
    start: usize,
    end: usize,
}

impl Names {
    fn at(rows: &[GridRow], lines: usize, start: usize) -> Self {
        let depth = rows_of_names::joined(&rows[start..]).map_or(1, |(depth, _)| depth);
        Self { lines, start, end: start + depth }
    }
}

/// The tables of a region, each with its lines.
pub(super) fn parted(mut region: Region, marks: &Marks) -> Vec<Region> {
    let first_column = region.first_column;
    let rows = &region.rows;
    let lines = lines_above(rows, marks, first_column);
    let mut names = Names::at(rows, lines, lines.min(rows.len()));
    let (mut starts, mut at) = (Vec::new(), names.end + 1);
    while at + 1 < rows.len() {
        let is_declared = marks.tops.iter().any(|(top, first, _)| *top == rows[at].number && *first == first_column);
        if is_declared || repeats(rows, names, at) || begins_below_title(rows, names, at) {
            let lines = titles_before(rows, names, at);
            starts.push(at - lines);
            names = Names::at(rows, lines, at);
            at = names.end;
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

/// Whether the names above come again: all of them, or nearly all.
fn repeats(rows: &[GridRow], names: Names, at: usize) -> bool {
    let depth = names.end - names.start;
    let Some(again) = rows.get(at..at + depth).filter(|_| at + depth < rows.len()) else { return false };
    let (mut filled, mut equal, mut has_value) = (0, 0, false);
    for (above, row) in rows[names.start..names.end].iter().zip(again) {
        for column in 0..above.cells.len().max(row.cells.len()) {
            let (name, text) = (above.text(column), row.text(column));
            filled += usize::from(!(name.is_empty() && text.is_empty()));
            let is_equal = words::are_same(name, text);
            equal += usize::from(is_equal && !name.is_empty());
            has_value |= !is_equal && row.cells.get(column).is_some_and(|cell| cell.is_value);
        }
    }
    let has_title = || is_title(&rows[at - 1]) && equal + 1 == filled;
    let is_nearly = || !has_value && !repeats_a_name(&again[0]) && (equal * 4 >= filled * 3 || has_title());
    equal > 1 && (equal == filled || is_nearly())
}

/// Whether a title stands right over a row of distinct words that says names: it looks as the names above do, its words are
/// usual names, or what follows is of another kind than what stands above.
fn begins_below_title(rows: &[GridRow], names: Names, at: usize) -> bool {
    let (row, before) = (&rows[at], &rows[names.end.max(at.saturating_sub(NEAR))..at - 1]);
    let behind = &rows[at + 1..];
    let count = behind.iter().take(NEAR).take_while(|row| row.filled() > 1).count();
    let behind = &behind[..count];
    if !is_title(&rows[at - 1]) || before.is_empty() || count == 0 || !could_name(row) {
        return false;
    }
    // A line right under the names is that of a group, and so are the next.
    let has_groups = is_title(&rows[names.end]);
    let is_first_title = names.lines > 0 && looks(&rows[at - 1]) == looks(&rows[names.start - 1]);
    let is_styled = looks(row) != (false, 0) && looks(row) == looks(&rows[names.start]) && is_set_off(row, behind);
    is_styled
        || (says_names(row) && !says_names(&behind[0]))
        || is_narrow(rows, names, at)
        || (!has_groups && contrasts(row, behind) && (is_first_title || are_of_other_kinds(before, behind)))
}

/// Whether values stand where words stood, or words where values stood.
fn are_of_other_kinds(before: &[GridRow], behind: &[GridRow]) -> bool {
    (0..width(behind)).any(|column| {
        (holds_values(before, column) && holds_words(behind, column))
            || (holds_words(before, column) && holds_values(behind, column))
    })
}

/// Whether all rows from one on fill no more than half of the columns that the rows before its title fill.
fn is_narrow(rows: &[GridRow], names: Names, at: usize) -> bool {
    let half = rows[names.start].filled() / 2;
    rows.len() - at > 2
        && rows[at..].iter().all(|row| row.filled() > 1 && end(row) <= half)
        && rows[names.end..at - 1].iter().all(|row| row.filled() > half)
}

/// How many rows before one are its titles: one, or as many as the names above have, pairs of labels and values where those
/// have such; units come in addition. The row before them belongs to the table above.
fn titles_before(rows: &[GridRow], names: Names, at: usize) -> usize {
    let shape = |row: &GridRow| row.cells.iter().map(|cell| !cell.text.is_empty()).collect::<Vec<_>>();
    let (mut count, mut units) = (0, 0);
    while at - count > names.end + 1 {
        let row = &rows[at - count - 1];
        let of_above = names.start.checked_sub(count - units + 1).filter(|_| count - units < names.lines);
        let is_pairs = of_above.is_some_and(|above| pairs::is_pairs(row) && shape(row) == shape(&rows[above]));
        match row.filled() == 1 && words::is_unit(row.first_text()) {
            true => units += 1,
            false if count - units < names.lines.max(1) && (is_title(row) || is_pairs) => {}
            false => break,
        }
        count += 1;
    }
    count
}

/// What the first cell of a row looks like: whether it is bold, and what it is drawn with.
fn looks(row: &GridRow) -> (bool, u32) {
    row.cells.get(row.first_filled()).map_or((false, 0), |cell| (cell.is_bold, cell.look))
}

/// Whether a row is one short line, in the first column or merged with more, or a unit.
fn is_title(row: &GridRow) -> bool {
    let (column, text) = (row.first_filled(), row.first_text());
    row.filled() == 1
        && (column == 0 || row.cells[column].across > 0 || words::is_unit(text))
        && text.chars().count() <= 100
        && !row.cells[column].is_value
        && (words::is_unit(text) || !(words::is_total(text) || words::is_note(text) || words::is_placeholder(text)))
}

/// The column behind the last filled one.
fn end(row: &GridRow) -> usize {
    row.cells.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |last| last + 1)
}

#[cfg(test)]
#[path = "adjacent_tests.rs"]
mod tests;
