//! The regions of a grid that belong together: parted by blank rows, and by blank columns where tables stand side by side.

use super::header::{contrasts, holds_words, is_far, is_set_off, says_names, width};
use super::labels::{Naming, are_names, naming};
use super::{Gaps, Grid, GridRow, MAX_COLUMNS};

/// Most blank columns within a table.
const MAX_SPACERS: usize = 2;
/// Most blank rows between groups of a table.
pub(super) const MAX_BLANK_ROWS: u32 = 2;
/// Most rows of lines and names above a blank one that parts them from what they name.
const MAX_ROWS_OF_NAMES: usize = 8;

/// Rows that follow each other, cut to the columns of one table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Region {
    /// The column it begins in, from 0.
    pub(super) first_column: usize,
    pub(super) rows: Vec<GridRow>,
    /// What stands above all rows behind the lines, where it is settled: none of them is names alone.
    pub(super) names: Option<GridRow>,
}

impl Grid {
    /// The regions of the grid, from the top and from the left. Cells are moved: a large sheet is held once.
    pub(super) fn regions(self) -> Vec<Region> {
        let mut runs: Vec<Vec<GridRow>> = Vec::new();
        for row in self.rows.into_iter().filter(|row| row.filled() > 0) {
            match runs.last_mut() {
                Some(run) if run.last().is_some_and(|last| last.number + 1 == row.number) => run.push(row),
                _ => runs.push(vec![row]),
            }
        }
        let (mut regions, mut open, mut end) = (Vec::new(), Vec::new(), None);
        let mut runs = runs.into_iter().peekable();
        while let Some(mut run) = runs.next() {
            let is_first = end.is_none_or(|end| run[0].number - end > MAX_BLANK_ROWS + 1);
            // In a text file blank lines mean less.
            let max_blank = if self.gaps == Gaps::Lines { MAX_BLANK_ROWS } else { 1 };
            let is_near = |below: &Vec<GridRow>, run: &[GridRow]| {
                run.last().is_some_and(|names| below[0].number <= names.number + 1 + max_blank)
            };
            let below = runs.next_if(|below| is_near(below, &run) && is_above_its_rows(&run, below, is_first));
            run.extend(below.into_iter().flatten());
            end = run.last().map(|row| row.number);
            match self.gaps {
                Gaps::Lines => regions.push(Region { first_column: 0, rows: run, names: None }),
                Gaps::Part => push_run(run, &mut open, &mut regions),
            }
        }
        regions
    }
}

/// Whether rows are no more than lines and names, and what follows after a blank row are the rows of these names. Where
/// other rows end right above, which they may be one of, only what is surely a row of names counts.
fn is_above_its_rows(run: &[GridRow], below: &[GridRow], is_first: bool) -> bool {
    let lines = below.iter().take_while(|row| row.filled() == 1).count();
    let ([.., names], [first, ..]) = (run, &below[lines..]) else { return false };
    if run.len() > MAX_ROWS_OF_NAMES || names.filled() < 2 || lines > 1 {
        return false;
    }
    let rows = &below[lines..];
    let has_values = |row: &GridRow| row.cells.iter().any(|cell| cell.is_value);
    let contrasts = contrasts(names, rows);
    let is_strong = says_names(names)
        || is_set_off(names, rows)
        || (contrasts && (!has_values(names) || naming(names, rows) == Naming::Surely));
    let is_above = |row: &GridRow| {
        let is_sparse = row.filled() == 1 || row.filled() * 2 <= names.filled() || is_far(row, names);
        is_sparse || (contrasts && row.filled() < names.filled() && are_names(row) && !has_values(names))
    };
    let is_other = rows.len() > 1 && (says_names(first) || is_set_off(first, &rows[1..]));
    run[..run.len() - 1].iter().all(is_above)
        && width(rows) <= width(run)
        && !is_other
        && (is_strong || (is_first && lines == 0))
}

/// The columns of a table, from and to, and the number of its last row so far.
type OpenColumns = (usize, usize, u32);

/// Parts rows at the columns that are blank in all of them, unless these lie within a table: one of these rows, or one of
/// `open`, which end right above.
fn push_run(mut rows: Vec<GridRow>, open: &mut Vec<OpenColumns>, regions: &mut Vec<Region>) {
    let (Some(first), Some(last)) = (rows.first().map(|row| row.number), rows.last().map(|row| row.number)) else {
        return;
    };
    open.retain(|(.., end)| first - *end <= MAX_BLANK_ROWS + 1);
    let mut tables: Vec<(usize, usize)> = Vec::new();
    for piece in pieces(&rows) {
        match tables.last_mut() {
            Some(table) if is_within(*table, piece, open) || is_one_table(&rows, *table, piece) => table.1 = piece.1,
            _ => tables.push(piece),
        }
    }
    for (start, end) in tables {
        let region = cut(&mut rows, (start, end));
        match open.iter_mut().find(|table| table.0 <= start && end <= table.1) {
            Some(table) => table.2 = last,
            None if region.rows.len() > 1 => open.push((start, end, last)),
            None => {}
        }
        regions.push(region);
    }
}

/// The columns, from and to, that are filled somewhere and follow each other.
fn pieces(rows: &[GridRow]) -> Vec<(usize, usize)> {
    let mut is_filled = vec![false; width(rows).min(MAX_COLUMNS)];
    for row in rows {
        for (cell, is_filled) in row.cells.iter().zip(&mut is_filled) {
            *is_filled |= !cell.text.is_empty();
        }
    }
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for column in (0..is_filled.len()).filter(|column| is_filled[*column]) {
        match pieces.last_mut() {
            Some(piece) if piece.1 == column => piece.1 += 1,
            _ => pieces.push((column, column + 1)),
        }
    }
    pieces
}

/// Whether a table before reaches over both: their columns are its.
fn is_within(table: (usize, usize), piece: (usize, usize), open: &[OpenColumns]) -> bool {
    open.iter().any(|(start, end, _)| *start <= table.0 && piece.1 <= *end)
}

/// Whether a narrow gap is all that parts two pieces of a table: they begin in the same row, most rows go on behind the gap,
/// and one of the two is no table by itself: a single column, or values without the words that say whose they are.
fn is_one_table(rows: &[GridRow], table: (usize, usize), piece: (usize, usize)) -> bool {
    // Titles of the whole.
    let titles = rows.iter().take_while(|row| row.filled() == 1).count();
    let rows = &rows[titles..];
    let is_filled = |row: &GridRow, (start, end): (usize, usize)| (start..end).any(|at| !row.text(at).is_empty());
    let begins = |columns| rows.iter().position(|row| is_filled(row, columns));
    let count = |columns| rows.iter().filter(|row| is_filled(row, columns)).count();
    let both = rows.iter().filter(|row| is_filled(row, table) && is_filled(row, piece)).count();
    let below = rows.get(1..).unwrap_or_default();
    let is_single = |(start, end): (usize, usize)| end - start == 1;
    let lacks_words = !holds_words(below, piece.0) && holds_words(below, table.0);
    let apart = begins(table).zip(begins(piece)).map_or(usize::MAX, |(a, b)| a.abs_diff(b));
    piece.0 - table.1 <= MAX_SPACERS
        && (apart == 0 || (lacks_words && apart < 3))
        && rows.len() > 1
        && both * 2 > count(table).max(count(piece))
        && (is_single(table) || is_single(piece) || lacks_words)
}

/// Takes columns out of rows. The rows above and below a table that stands beside a longer one are not of it.
fn cut(rows: &mut [GridRow], (start, end): (usize, usize)) -> Region {
    let is_of_it = |row: &GridRow| (start..end).any(|at| !row.text(at).is_empty());
    let first = rows.iter().position(is_of_it).unwrap_or(0);
    let last = rows.iter().rposition(is_of_it).map_or(0, |last| last + 1);
    let cells = |row: &mut GridRow| {
        let cells = (start..end).map(|at| row.cells.get_mut(at).map(std::mem::take).unwrap_or_default()).collect();
        GridRow { number: row.number, cells }
    };
    let rows = rows[first..last.max(first)].iter_mut().map(cells).collect();
    Region { first_column: start, rows, names: None }
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    /// The columns and rows of each region, from 1.
    fn check(text: &str, expect: &[(usize, usize, u32, u32)]) {
        let place = |region: &Region| {
            (
                region.first_column + 1,
                region.first_column + width(&region.rows),
                region.rows[0].number,
                region.rows[region.rows.len() - 1].number,
            )
        };
        assert_eq!(grid(text).regions().iter().map(place).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn an_empty_column_within_a_table_parts_nothing() {
        check("Name||Phone\nA||x1\nB||x2", &[(1, 3, 1, 3)]);
        check("Name|Team||Page\nA|x||1\nB|y||2\nC|z||", &[(1, 4, 1, 4)]);
        check("Performance|||\nTopic|Period||Page\nCash|FY 22||1\nSales|FY 23||2", &[(1, 4, 1, 4)]);
        check("구분|1월||2월|3월\n서울|1||2|3\n부산|4||5|6", &[(1, 5, 1, 3)]);
    }

    #[test]
    fn tables_and_notes_side_by_side_are_parted() {
        check("a|b||c|d\n1|2||3|4", &[(1, 2, 1, 2), (4, 5, 1, 2)]);
        check("a|b||\nc|d||e\n|||f", &[(1, 2, 1, 2), (4, 4, 2, 3)]);
        check("이름|부서||단위: 명\n김|결제||\n이|운영||", &[(1, 2, 1, 3), (4, 4, 1, 1)]);
        check("a|b|||||c\n1|2|||||3\n4|5|||||6", &[(1, 2, 1, 3), (7, 7, 1, 3)]);
    }

    #[test]
    fn a_group_that_fills_fewer_columns_of_its_table_is_not_parted() {
        check("이름|부서|비고|전화\n김|결제|x|1\n|||\n이|운영||2\n박|운영||3", &[(1, 4, 1, 2), (1, 4, 4, 5)]);
    }
}
