//! Tables as text: pipe rows, one a line, with a rule under the header row. Readers of every format write them alike,
//! so that the chunker can repeat the header and a person can read the passage.

/// A table under construction.
#[derive(Default)]
pub(super) struct TableText {
    text: String,
    row: Vec<String>,
    rows: usize,
}

impl TableText {
    /// Adds a cell to the open row: one line, bars escaped.
    pub(super) fn cell(&mut self, text: &str) {
        let mut cell = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(word);
        }
        if cell.contains('|') {
            cell = cell.replace('|', "\\|");
        }
        self.row.push(cell);
    }

    /// Closes the open row as the header, unless rows came before it.
    pub(super) fn end_header(&mut self) {
        let (columns, is_first) = (self.row.len(), self.rows == 0);
        self.end_row();
        if is_first && self.rows == 1 {
            self.text.push('|');
            (0..columns).for_each(|_| self.text.push_str(" --- |"));
            self.text.push('\n');
        }
    }

    /// Closes the open row; a row of empty cells is dropped.
    pub(super) fn end_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        if row.iter().all(String::is_empty) {
            return;
        }
        self.text.push('|');
        for cell in &row {
            self.text.push(' ');
            self.text.push_str(cell);
            self.text.push_str(" |");
        }
        self.text.push('\n');
        self.rows += 1;
    }

    /// The rows, each on a line.
    pub(super) fn finish(mut self) -> String {
        self.end_row();
        self.text
    }
}
