//! Tables as text: pipe rows, one a line, with a rule under the header row. Readers of every format write them alike,
//! so that the chunker can repeat the header and a person can read the passage.

/// The most columns that a cell may span: more is a mistake or an attack.
const MAX_SPAN: usize = 64;
/// The most rows.
const MAX_ROW_SPAN: usize = 10_000;
/// A longer cell is not repeated where it spans several; the places it spans stay empty.
const MAX_REPEATED_BYTES: usize = 1 << 10;
/// Bytes that repeated cells may add to a table.
const MAX_REPEATED_TOTAL: usize = 1 << 20;

/// A table under construction.
#[derive(Default)]
pub(super) struct TableText {
    text: String,
    row: Vec<String>,
    /// How many cells of the open row were given, each counted once whatever it spans.
    given: usize,
    /// Header rows, until the first other row.
    headers: Vec<Vec<String>>,
    rows: usize,
    columns: usize,
    /// For each column the cell from above that reaches into the next rows, and into how many.
    from_above: Vec<(usize, String)>,
    repeated: usize,
}

impl TableText {
    /// Adds a cell to the open row: one line, bars escaped.
    pub(super) fn cell(&mut self, text: &str) {
        self.cell_spanning(text, 1, 1);
    }

    /// Adds a cell that takes so many columns and rows: it is said in each of them, because each row is read alone.
    pub(super) fn cell_spanning(&mut self, text: &str, columns: usize, rows: usize) {
        self.fill_from_above();
        self.given += 1;
        let cell = one_line(text);
        let rows_below = rows.min(MAX_ROW_SPAN).saturating_sub(1);
        for column in 0..columns.clamp(1, MAX_SPAN) {
            let said = if column == 0 { cell.clone() } else { self.repeat(&cell) };
            if rows_below > 0 {
                let at = self.row.len();
                self.from_above.resize(self.from_above.len().max(at + 1), (0, String::new()));
                self.from_above[at] = (rows_below, said.clone());
            }
            self.row.push(said);
        }
    }

    /// Puts what reaches into the open row from above into the columns that come next.
    fn fill_from_above(&mut self) {
        while let Some((rows, cell)) = self.from_above.get_mut(self.row.len()).filter(|(rows, _)| *rows > 0) {
            *rows -= 1;
            let cell = cell.clone();
            let said = self.repeat(&cell);
            self.row.push(said);
        }
    }

    fn repeat(&mut self, cell: &str) -> String {
        let fits = cell.len() <= MAX_REPEATED_BYTES && self.repeated + cell.len() <= MAX_REPEATED_TOTAL;
        self.repeated += if fits { cell.len() } else { 0 };
        if fits { cell.to_owned() } else { String::new() }
    }

    /// How many columns the widest row has.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Closes the open row as the header, or as a part of it, unless rows came before it.
    pub(super) fn end_header(&mut self) {
        if self.rows > 0 {
            return self.end_row();
        }
        let row = self.take_row();
        if row.iter().any(|cell| !cell.is_empty()) {
            self.headers.push(row);
        }
    }

    /// Closes the open row; a row of empty cells is dropped.
    pub(super) fn end_row(&mut self) {
        let row = self.take_row();
        if row.iter().all(String::is_empty) {
            return;
        }
        self.push_header();
        self.push(&row);
    }

    fn take_row(&mut self) -> Vec<String> {
        if self.given > 0 {
            self.fill_from_above();
        }
        let mut row = std::mem::take(&mut self.row);
        // A cell across the whole row is a heading within the table: said once.
        if std::mem::take(&mut self.given) == 1 && row.len() > 1 && row.iter().all(|cell| *cell == row[0]) {
            row.iter_mut().skip(1).for_each(String::clear);
        }
        self.columns = self.columns.max(row.len());
        row
    }

    /// Writes the header rows as one: `Memory / limit` where a group of columns has a name of its own.
    fn push_header(&mut self) {
        let headers = std::mem::take(&mut self.headers);
        let Some(columns) = headers.iter().map(Vec::len).max() else { return };
        let name = |column: usize| {
            let mut parts: Vec<&str> = headers.iter().filter_map(|row| row.get(column)).map(String::as_str).collect();
            parts.retain(|part| !part.is_empty());
            parts.dedup();
            parts.join(" / ")
        };
        let header: Vec<String> = (0..columns).map(name).collect();
        self.push(&header);
        self.text.push('|');
        (0..columns).for_each(|_| self.text.push_str(" --- |"));
        self.text.push('\n');
    }

    fn push(&mut self, row: &[String]) {
        self.text.push('|');
        for cell in row {
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
        self.push_header();
        self.text
    }
}

fn one_line(text: &str) -> String {
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
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[(&str, usize, usize)]], headers: usize) -> String {
        let mut table = TableText::default();
        for (number, row) in rows.iter().enumerate() {
            row.iter().for_each(|(text, columns, rows)| table.cell_spanning(text, *columns, *rows));
            if number < headers { table.end_header() } else { table.end_row() }
        }
        table.finish()
    }

    #[test]
    fn cells_that_span_are_said_in_each_row_and_column() {
        assert_eq!(
            table(
                &[&[("valve", 1, 1), ("state", 1, 1)], &[("quartz", 1, 2), ("closed", 1, 1)], &[("locked", 1, 1)]],
                1
            ),
            "| valve | state |\n| --- | --- |\n| quartz | closed |\n| quartz | locked |\n"
        );
        assert_eq!(
            table(&[&[("a", 1, 1), ("b", 2, 1)], &[("1", 1, 1), ("2", 2, 2)], &[("3", 1, 1)]], 0),
            "| a | b | b |\n| 1 | 2 | 2 |\n| 3 | 2 | 2 |\n"
        );
    }

    #[test]
    fn several_header_rows_become_one() {
        let header: &[&[(&str, usize, usize)]] = &[
            &[("node", 1, 2), ("memory", 2, 1)],
            &[("request", 1, 1), ("limit", 1, 1)],
            &[("a", 1, 1), ("1 GiB", 1, 1), ("2 GiB", 1, 1)],
        ];
        assert_eq!(
            table(header, 2),
            "| node | memory / request | memory / limit |\n| --- | --- | --- |\n| a | 1 GiB | 2 GiB |\n"
        );
    }

    #[test]
    fn a_heading_across_a_table_is_said_once() {
        assert_eq!(
            table(&[&[("a", 1, 1), ("b", 1, 1)], &[("Group", 2, 1)], &[("1", 1, 1), ("2", 1, 1)]], 1),
            "| a | b |\n| --- | --- |\n| Group |  |\n| 1 | 2 |\n"
        );
        assert_eq!(table(&[&[("only", 1, 1), ("header", 1, 1)]], 1), "| only | header |\n| --- | --- |\n");
    }

    #[test]
    fn spans_cannot_make_a_table_grow_without_bounds() {
        let mut table = TableText::default();
        table.cell_spanning(&"x".repeat(1000), usize::MAX, usize::MAX);
        for _ in 0..5_000 {
            table.cell("y");
            table.end_row();
        }
        assert!(table.finish().len() < 4 << 20);
    }
}
