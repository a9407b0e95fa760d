//! A grid of cells.

/// Most columns of a sheet that are read.
pub const MAX_COLUMNS: usize = 256;

/// The filled part of a sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// The sheet's name; a file's without sheets is empty.
    pub name: String,
    /// Its rows from the top. Blank ones may be left out.
    pub rows: Vec<GridRow>,
    /// What blank rows and columns mean.
    pub gaps: Gaps,
    /// Where the workbook itself says that names of columns stand.
    pub marks: Marks,
}

/// What blank rows and columns between filled ones mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gaps {
    /// Tables stand above and beside each other: people lay out sheets so.
    #[default]
    Part,
    /// An empty line of a text file, which holds one table after the other at most.
    Lines,
}

/// Where a workbook says that names of columns stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// The last row that stays in place when the rest is scrolled.
    pub frozen: Option<u32>,
    /// First rows of what is filtered or declared to be a table, each with its first and last column, from 0.
    pub tops: Vec<(u32, usize, usize)>,
}

impl Marks {
    /// Whether a row that begins in a column is marked as one of names.
    pub(super) fn name(&self, row: u32, first_column: usize) -> bool {
        self.frozen == Some(row)
            || self.tops.iter().any(|(top, first, last)| *top == row && (*first..=*last).contains(&first_column))
    }
}

/// A row. One without cells keeps the place of a blank one.
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
    /// What it is drawn with otherwise, its fill and the line below it, as a number; 0 where it has neither.
    pub look: u32,
    /// How many columns it takes beyond its own, merged with them.
    pub across: u16,
    /// Whether it says again what is merged with it from above.
    pub is_repeated: bool,
}

/// Signs before a number.
const SIGNS: [char; 14] = ['-', '−', '+', '±', '<', '>', '≤', '≥', '₩', '￦', '$', '€', '£', '¥'];
/// Signs behind one, which are no words.
pub(super) const UNIT_SIGNS: [char; 11] = ['%', '‰', '원', '°', '℃', '℉', '₩', '$', '€', '£', '¥'];

impl GridCell {
    /// A cell of a text file, where a number is told by its looks.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        let number = text.strip_suffix("°C").or(text.strip_suffix("°F")).unwrap_or(text);
        let digits = number.trim_start_matches(SIGNS).trim_end_matches(UNIT_SIGNS).trim_end();
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | ':' | '/' | ' '));
        Self { text: text.to_owned(), is_value: is_number, ..Self::default() }
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

    /// The column of the first filled cell.
    pub(super) fn first_filled(&self) -> usize {
        self.cells.iter().position(|cell| !cell.text.is_empty()).unwrap_or(0)
    }

    /// The text of the first filled cell.
    pub(super) fn first_text(&self) -> &str {
        self.texts().next().unwrap_or_default()
    }

    /// The texts of the filled cells.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|cell| cell.text.as_str()).filter(|text| !text.is_empty())
    }

    /// Whether all that is filled is bold.
    pub(super) fn is_bold(&self) -> bool {
        self.filled() > 0 && self.cells.iter().all(|cell| cell.is_bold || cell.text.is_empty())
    }

    /// The texts of the filled cells as one line.
    pub(super) fn line(&self) -> String {
        self.texts().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }

    /// The text in a column.
    pub(super) fn text(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| &cell.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_text_files_are_told_by_their_looks() {
        for (text, value) in [
            ("12", true),
            ("-1,200.5", true),
            ("₩9,900", true),
            ("2024-03-05", true),
            ("5GB", false),
            ("", false),
            ("45°", true),
            ("21 °C", true),
            ("-4.5 ℃", true),
            ("±3", true),
            ("12 €", true),
            ("4°N", false),
        ] {
            assert_eq!(GridCell::of(text).is_value, value, "{text}");
        }
    }
}
