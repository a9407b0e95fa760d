//! Tables that stand right below each other, without a blank row. A row within a table is a row, however it is marked: people
//! colour what is sold out. It names the columns of those behind it only where the names above come again, or where a title
//! stands right over it and it is names by evidence of its own. Where it may as well be the first row of a group, the names
//! above and this row both stand above the rows.

use super::above::lines_above;
use super::grid::Marks;
use super::header::{
    contrasts, could_name, holds_values, holds_words, is_set_off, repeats_a_name, says_names, share_of_names, width,
};
use super::regions::Region;
use super::{GridRow, labels, pairs, rows_of_names, words};

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

    /// The lines right before them.
    fn lines_in<'r>(&self, rows: &'r [GridRow]) -> &'r [GridRow] {
        &rows[self.start - self.lines..self.start]
    }

    fn of(&self, rows: &[GridRow]) -> GridRow {
        rows_of_names::joined(&rows[self.start..]).map_or_else(|| rows[self.start].clone(), |(_, names)| names)
    }
}

/// What a row within a table begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    Nothing,
    /// What stands above, its lines too, in the same form.
    Again,
    /// A table with names of its own, which this row is.
    Table,
    /// Such a table, or a group whose first row this is.
    TableOrGroup,
}

/// The tables of a region, each with its lines.
pub(super) fn parted(mut region: Region, marks: &Marks) -> Vec<Region> {
    let first_column = region.first_column;
    let rows = &region.rows;
    let lines = lines_above(rows, marks, first_column);
    let mut names = Names::at(rows, lines, lines.min(rows.len()));
    let (mut starts, mut at): (Vec<(usize, Option<GridRow>)>, _) = (Vec::new(), names.end + 1);
    while at + 1 < rows.len() {
        let is_declared = marks.tops.iter().any(|(top, first, _)| *top == rows[at].number && *first == first_column);
        let begins = if is_declared { Begins::Again } else { begins(rows, names, at) };
        // Behind a line that may be the title of a table, the next such line is no less.
        let above = starts.last().and_then(|(start, names)| names.as_ref().map(|names| (&rows[*start], names)));
        let goes_on = above.filter(|(title, _)| is_title(&rows[at - 1]) && looks(title) == looks(&rows[at - 1]));
        let names_above = match (begins, goes_on) {
            (Begins::TableOrGroup, _) => Some(rows_of_names::either(&names.of(rows), &rows[at])),
            (Begins::Nothing, Some((_, names))) => Some(names.clone()),
            (Begins::Nothing, None) => {
                at += 1;
                continue;
            }
            _ => None,
        };
        let lines = titles_before(rows, names, at, begins == Begins::Again);
        let is_doubtful = names_above.is_some();
        starts.push((at - lines, names_above));
        if !is_doubtful {
            names = Names::at(rows, lines, at);
            at = names.end;
        }
        at += 1;
    }
    let mut regions: Vec<Region> = starts
        .into_iter()
        .rev()
        .map(|(start, names)| Region { first_column, rows: region.rows.split_off(start), names })
        .collect();
    regions.push(region);
    regions.reverse();
    if regions.len() > 1 {
        regions.iter_mut().for_each(trim);
    }
    regions
}

/// Leaves out the last columns where they are blank in all rows.
fn trim(region: &mut Region) {
    let width = region.rows.iter().chain(&region.names).map(end).max().unwrap_or(0);
    region.rows.iter_mut().chain(&mut region.names).for_each(|row| row.cells.truncate(width));
}

fn begins(rows: &[GridRow], names: Names, at: usize) -> Begins {
    if repeats(rows, names, at) || begins_card(rows, names, at) {
        return Begins::Again;
    }
    begins_below_title(rows, names, at)
}

/// Whether the names above come again: all of them, or nearly all. Days and months may have gone on.
fn repeats(rows: &[GridRow], names: Names, at: usize) -> bool {
    let depth = names.end - names.start;
    let Some(again) = rows.get(at..at + depth).filter(|_| at + depth < rows.len()) else { return false };
    let pairs = || rows[names.start..names.end].iter().zip(again);
    let (mut filled, mut equal) = (0, 0);
    for (above, row) in pairs() {
        for column in 0..above.cells.len().max(row.cells.len()) {
            let (name, text) = (above.text(column), row.text(column));
            filled += usize::from(!(name.is_empty() && text.is_empty()));
            equal += usize::from(!name.is_empty() && words::are_same(name, text));
        }
    }
    let has_title = || is_title(&rows[at - 1]) && equal + 1 == filled;
    let is_nearly = || {
        !repeats_a_name(&again[0])
            && (equal * 4 >= filled * 3 || has_title())
            && !pairs().any(|(above, row)| has_other_value(above, row))
    };
    let behind = &rows[at + depth..rows.len().min(at + depth + NEAR)];
    let moved = || pairs().map(|(above, row)| labels::moved(above, row)).sum::<Option<usize>>();
    let goes_on =
        || moved().is_some_and(|moved| moved > 0) && again.iter().all(|row| labels::are_periods_over(row, behind));
    let counts_on = || depth == 1 && labels::count_on(&rows[names.start], &again[0]);
    (equal > 1 && (equal == filled || is_nearly())) || (equal > 0 && (goes_on() || counts_on()))
}

/// Whether a row that says names again holds a value where they have another, unless a period went on there.
fn has_other_value(names: &GridRow, row: &GridRow) -> bool {
    row.cells.iter().enumerate().any(|(column, cell)| {
        let name = names.text(column);
        cell.is_value
            && !words::are_same(name, &cell.text)
            && !(column > 0 && labels::are_periods_of_a_kind(name, &cell.text))
    })
}

/// Whether a title like the one above stands right over pairs with the labels that the first ones have: cards of the same form.
fn begins_card(rows: &[GridRow], names: Names, at: usize) -> bool {
    let label = |at: usize| rows.get(at).map(|row| row.text(0)).filter(|label| !label.is_empty());
    let comes_again =
        |by: usize| label(names.start + by).zip(label(at + by)).is_some_and(|(a, b)| words::are_same(a, b));
    let title = names.lines_in(rows).last();
    title.is_some_and(|title| title.filled() == 1 && shape(title) == shape(&rows[at - 1]))
        && (0..2).all(comes_again)
        && names.start + 1 < at - 1
}

/// Whether a title stands right over a row of distinct words that says names: it looks as the names above do, its words are
/// usual names, or what follows is of another kind or width than what stands above. In doubt is a row below a line that looks
/// like the title of the table above.
fn begins_below_title(rows: &[GridRow], names: Names, at: usize) -> Begins {
    let (row, before) = (&rows[at], &rows[names.end.max(at.saturating_sub(NEAR))..at - 1]);
    let behind = &rows[at + 1..];
    let count = behind.iter().take(NEAR).take_while(|row| row.filled() > 1).count();
    let behind = &behind[..count];
    if !is_title(&rows[at - 1]) || before.is_empty() || count == 0 || !could_name(row) {
        return Begins::Nothing;
    }
    // A line right under the names is that of a group, and so are the next.
    let has_groups = is_title(&rows[names.end]);
    let is_like_title = names.lines_in(rows).last().is_some_and(|title| looks(title) == looks(&rows[at - 1]));
    let is_styled = looks(row) != (false, 0) && looks(row) == looks(&rows[names.start]) && is_set_off(row, behind);
    let is_wide = || end(row) > before.iter().chain(&rows[names.start..names.end]).map(end).max().unwrap_or(0);
    let says_names = says_names(row) && !says_names(&behind[0]);
    let reads_like_title = names.lines_in(rows).iter().any(|title| are_siblings(title, &rows[at - 1]));
    let is_of_its_own = is_narrow(rows, names, at)
        || (!has_groups
            && (is_wide()
                || reads_like_title
                || (share_of_names(row) == 1.0 && says_names)
                || ((says_names || is_styled) && is_like_title)
                || (contrasts(row, behind) && are_of_other_kinds(before, behind))));
    match is_of_its_own {
        true => Begins::Table,
        false if says_names || is_styled || (!has_groups && is_like_title) => Begins::TableOrGroup,
        false => Begins::Nothing,
    }
}

/// Whether two titles read alike: they end with the same word (`겨울 메뉴`, `여름 메뉴`), or differ in their numbers alone.
fn are_siblings(title: &GridRow, other: &GridRow) -> bool {
    let last = |row: &GridRow| row.first_text().split_whitespace().skip(1).last().map(words::bare);
    let form = |row: &GridRow| -> String {
        row.first_text()
            .chars()
            .map(|c| if c.is_ascii_digit() { '9' } else { c })
            .filter(|c| !c.is_whitespace())
            .collect()
    };
    let has_number = form(title).contains('9');
    last(title).is_some_and(|word| last(other) == Some(word)) || (has_number && form(title) == form(other))
}

/// Whether values stand where words stood, or words where values stood, in half of the columns behind the first.
fn are_of_other_kinds(before: &[GridRow], behind: &[GridRow]) -> bool {
    let other = |column: usize| {
        (holds_values(before, column) && holds_words(behind, column))
            || (holds_words(before, column) && holds_values(behind, column))
    };
    let width = width(behind);
    let first = usize::from(width > 1);
    (first..width).filter(|column| other(*column)).count() * 2 >= (width - first).max(1)
}

/// Whether all rows from one on fill no more than half of the columns that the rows before its title fill.
fn is_narrow(rows: &[GridRow], names: Names, at: usize) -> bool {
    let half = rows[names.start].filled() / 2;
    rows.len() - at > 2
        && rows[at..].iter().all(|row| row.filled() > 1 && end(row) <= half)
        && rows[names.end..at - 1].iter().all(|row| row.filled() > half)
}

/// How many rows before one are its titles: one, or as many as the names above have. Units come in addition. What stands above
/// in the same form is one, too, whatever it says: where names come again so do their lines (`2025` below `2024`, a title with
/// its unit beside it); elsewhere only pairs of labels and values do. The row before them belongs to the table above.
fn titles_before(rows: &[GridRow], names: Names, at: usize, is_again: bool) -> usize {
    let above = names.lines_in(rows);
    let is_alike = |row: &GridRow| above.iter().any(|line| are_alike(line, row));
    // A title with what stands beside one.
    let is_wide_title = |row: &GridRow| {
        let is_word = row.cells.first().is_some_and(|cell| !cell.text.is_empty() && !cell.is_value);
        is_word && row.filled() > 1 && row.texts().skip(1).all(words::is_unit) && !words::is_total(row.first_text())
    };
    let (mut count, mut units) = (0, 0);
    while at - count > names.end + 1 {
        let row = &rows[at - count - 1];
        let is_line = match is_again {
            true => is_title(row) || is_alike(row) || (count == 0 && (is_wide_title(row) || labels::holds_period(row))),
            false => is_title(row) || (pairs::is_pairs(row) && is_alike(row)),
        };
        match row.filled() == 1 && words::is_unit(row.first_text()) {
            true => units += 1,
            false if count - units < names.lines.max(1) && is_line => {}
            false => break,
        }
        count += 1;
    }
    count
}

/// Whether two lines have one form: the same cells, values and units in the same places.
fn are_alike(line: &GridRow, row: &GridRow) -> bool {
    let is_beside = |text: &str| words::is_unit(text) || words::is_note(text);
    let cells = |row: &GridRow| -> Vec<(bool, bool)> {
        row.cells
            .iter()
            .filter(|cell| !cell.text.is_empty())
            .map(|cell| (cell.is_value, is_beside(&cell.text)))
            .collect()
    };
    shape(line) == shape(row) && cells(line) == cells(row)
}

/// Which cells of a row are filled.
fn shape(row: &GridRow) -> Vec<bool> {
    let filled = row.cells.iter().map(|cell| !cell.text.is_empty()).collect::<Vec<_>>();
    let end = filled.iter().rposition(|is_filled| *is_filled).map_or(0, |last| last + 1);
    filled[..end].to_vec()
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
