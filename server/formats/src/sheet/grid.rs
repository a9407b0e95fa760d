//! A grid of cells, and the regions in it that belong together: parted by blank rows, and by blank columns within those.

/// Most columns of a sheet that are read.
pub const MAX_COLUMNS: usize = 256;

/// The filled part of a sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// The sheet's name; a file's without sheets is empty.
    pub name: String,
    /// Its rows from the top. Blank ones may be left out.
    pub rows: Vec<GridRow>,
    /// What blank rows mean.
    pub gaps: Gaps,
}

/// What blank rows between filled ones mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gaps {
    /// One table ends, another begins: people lay out sheets so.
    #[default]
    Part,
    /// Nothing: an empty line of a text file.
    Nothing,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GridRow {
    /// Its number, from 1.
    pub number: u32,
    /// Its cells from the first column on; what is missing at the end is blank.
    pub cells: Vec<GridCell>,
}

/// A cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GridCell {
    /// Its text as shown, without white space around it; empty where the cell is blank.
    pub text: String,
    /// Whether it holds a number, a date or a truth value.
    pub is_value: bool,
    /// Whether it is bold.
    pub is_bold: bool,
}

impl GridCell {
    /// A cell of a text file, where a number is told by its looks.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        let digits = text.trim_start_matches(['-', '+', '₩', '$', '€', '£']).trim_end_matches(['%', '원']);
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | ':' | '/' | ' '));
        Self { text: text.to_owned(), is_value: is_number, is_bold: false }
    }
}

impl GridCell {
    /// Says a comment behind the cell: `4413 (휴직 중이므로 4499로 전화)`.
    pub(super) fn annotate(&mut self, note: &str) {
        self.text = if self.text.is_empty() { note.to_owned() } else { format!("{} ({note})", self.text) };
    }
}

impl GridRow {
    /// How many cells are filled.
    pub(super) fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.text.is_empty()).count()
    }

    /// The text of the first filled cell.
    pub(super) fn first_text(&self) -> &str {
        self.cells.iter().map(|cell| cell.text.as_str()).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The text in a column.
    pub(super) fn text(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| &cell.text)
    }
}

/// Rows that follow each other, cut to the columns of one table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Region {
    /// The column it begins in, from 0.
    pub(super) first_column: usize,
    pub(super) rows: Vec<GridRow>,
}

impl Region {
    pub(super) fn width(&self) -> usize {
        self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0)
    }
}

impl Grid {
    /// The regions of the grid, from the top and from the left. Cells are moved: a large sheet is held once.
    pub(super) fn regions(self) -> Vec<Region> {
        let mut regions = Vec::new();
        let mut run: Vec<GridRow> = Vec::new();
        for row in self.rows {
            let follows = run.last().is_none_or(|last| last.number + 1 == row.number);
            let is_blank = row.filled() == 0;
            if self.gaps == Gaps::Part && (is_blank || !follows) {
                push_columns(std::mem::take(&mut run), self.gaps, &mut regions);
            }
            if !is_blank {
                run.push(row);
            }
        }
        push_columns(run, self.gaps, &mut regions);
        regions
    }
}

/// Parts rows at columns that are blank in all of them, where that means anything.
fn push_columns(mut rows: Vec<GridRow>, gaps: Gaps, regions: &mut Vec<Region>) {
    if gaps == Gaps::Nothing {
        regions.extend((!rows.is_empty()).then_some(Region { first_column: 0, rows }));
        return;
    }
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0).min(MAX_COLUMNS);
    let mut is_filled = vec![false; width];
    for row in &rows {
        for (cell, is_filled) in row.cells.iter().zip(&mut is_filled) {
            *is_filled |= !cell.text.is_empty();
        }
    }
    let mut column = 0;
    while column < width {
        if !is_filled[column] {
            column += 1;
            continue;
        }
        let end = (column..width).find(|column| !is_filled[*column]).unwrap_or(width);
        let cut = |row: &mut GridRow| {
            let cells = (column..end).map(|at| row.cells.get_mut(at).map(std::mem::take).unwrap_or_default()).collect();
            GridRow { number: row.number, cells }
        };
        // The rows above and below a table that stands beside a longer one are not of it.
        let is_of_it = |row: &&mut GridRow| (column..end).any(|at| !row.text(at).is_empty());
        let first = rows.iter_mut().position(|row| is_of_it(&row)).unwrap_or(0);
        let last = rows.iter_mut().rposition(|row| is_of_it(&row)).map_or(0, |last| last + 1);
        let cut: Vec<GridRow> = rows[first..last.max(first)].iter_mut().map(cut).collect();
        regions.push(Region { first_column: column, rows: cut });
        column = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_text_files_are_told_by_their_looks() {
        for (text, value) in
            [("12", true), ("-1,200.5", true), ("₩9,900", true), ("2024-03-05", true), ("5GB", false), ("", false)]
        {
            assert_eq!(GridCell::of(text).is_value, value, "{text}");
        }
    }
}
