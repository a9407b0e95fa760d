//! Tables as text: pipe rows, one a line, with a rule under the header row. Readers of every format write them alike,
//! so that the chunker can repeat the header and a person can read the passage.

/// The most columns of a table; what goes beyond is left out.
const MAX_COLUMNS: usize = 256;
/// The most rows that a cell may span.
const MAX_ROW_SPAN: usize = 10_000;
/// A longer cell is not repeated where it spans several; the places it spans stay empty.
const MAX_REPEATED_BYTES: usize = 1 << 10;
/// Bytes and cells that spanning may add to a table; from there on cells take one place.
const MAX_REPEATED_TOTAL: usize = 1 << 20;
/// What a place that is left open before a cell from above counts: it says nothing, and takes tokens all the same.
const PADDING_COST: usize = 32;

/// A table under construction.
#[derive(Default)]
pub(super) struct TableText {
    text: String,
    row: Vec<String>,
    /// How many cells of the open row were given, each counted once whatever it spans.
    given: usize,
    /// Whether the first cell of the open row is bold.
    is_bold: bool,
    /// Whether a cell of the open row, or of the header rows before it, takes more than one place.
    spans: bool,
    /// Header rows, until the first other row.
    headers: Vec<Vec<String>>,
    rows: usize,
    /// For each column the cell from above that reaches into the next rows, and into how many.
    from_above: Vec<(usize, String)>,
    repeated: usize,
}

impl TableText {
    /// Adds a cell to the open row: one line, bars escaped.
    pub(super) fn cell(&mut self, text: &str) {
        self.cell_spanning(text, 1, 1);
    }

    /// Adds a cell whose whole text is bold.
    pub(super) fn bold_cell(&mut self, text: &str) {
        self.is_bold |= self.row.is_empty();
        self.cell(text);
    }

    /// Adds a cell that takes so many columns and rows: it is said in each of them, because each row is read alone.
    pub(super) fn cell_spanning(&mut self, text: &str, columns: usize, rows: usize) {
        self.fill_from_above();
        self.given += 1;
        self.spans |= columns > 1 || rows > 1;
        let cell = one_line(text);
        let rows_below = rows.min(MAX_ROW_SPAN).saturating_sub(1);
        for column in 0..columns.clamp(1, MAX_COLUMNS) {
            let may_span = self.repeated < MAX_REPEATED_TOTAL;
            if self.row.len() >= MAX_COLUMNS || (column > 0 && !may_span) {
                return;
            }
            let said = if column == 0 { cell.clone() } else { self.repeat(&cell) };
            if rows_below > 0 && may_span {
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
            let cell = std::mem::take(cell);
            let said = self.repeat(&cell);
            self.from_above[self.row.len()].1 = cell;
            self.row.push(said);
        }
    }

    /// The same at the end of a row: what a short row leaves open is empty.
    fn fill_to_the_end(&mut self) {
        self.fill_from_above();
        let Some(last) = self.from_above.iter().rposition(|(rows, _)| *rows > 0) else { return };
        while self.row.len() <= last && self.repeated < MAX_REPEATED_TOTAL {
            self.repeated += PADDING_COST;
            self.row.push(String::new());
            self.fill_from_above();
        }
    }

    fn repeat(&mut self, cell: &str) -> String {
        let fits = cell.len() <= MAX_REPEATED_BYTES && self.repeated + cell.len() <= MAX_REPEATED_TOTAL;
        // An empty cell takes room, too.
        self.repeated += if fits { cell.len() + 1 } else { 1 };
        if self.repeated >= MAX_REPEATED_TOTAL {
            self.from_above.clear();
            self.from_above.resize(self.row.len() + 1, (0, String::new()));
        }
        if fits { cell.to_owned() } else { String::new() }
    }

    /// Closes the open row as the header, or as a part of it where its cells or those above span others, unless rows came
    /// before it.
    pub(super) fn end_header(&mut self) {
        let goes_on = self.headers.is_empty() || self.spans;
        let is_group = self.given == 1 && !self.headers.is_empty();
        if self.rows > 0 || !goes_on || is_group {
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

    /// A blank row that is kept, because rows are counted: one of a sheet.
    pub(super) fn blank_row(&mut self) {
        self.push_header();
        self.push(&[String::new()]);
    }

    /// An empty row, too, is one that cells from above reach into.
    fn take_row(&mut self) -> Vec<String> {
        let given = std::mem::take(&mut self.given);
        self.fill_to_the_end();
        let mut row = std::mem::take(&mut self.row);
        if given == 0 {
            return Vec::new();
        }
        let is_bold = std::mem::take(&mut self.is_bold);
        let (is_across, is_alone) = match row.split_first() {
            Some((first, others)) if !first.is_empty() && !others.is_empty() => {
                (given == 1 && others.iter().all(|cell| cell == first), others.iter().all(String::is_empty))
            }
            _ => (false, false),
        };
        // A cell across the whole row, or a bold one alone in it, is a heading within the table: said once, and bold.
        if is_across || (is_bold && is_alone) {
            row.iter_mut().skip(1).for_each(String::clear);
            row[0] = format!("**{}**", row[0]);
        }
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
        if self.given > 0 {
            self.end_row();
        }
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
            "| a | b |\n| --- | --- |\n| **Group** |  |\n| 1 | 2 |\n"
        );
        assert_eq!(table(&[&[("only", 1, 1), ("header", 1, 1)]], 1), "| only | header |\n| --- | --- |\n");
    }

    #[test]
    fn a_short_or_empty_row_takes_what_reaches_into_it() {
        let rows: &[&[(&str, usize, usize)]] = &[
            &[("hall", 1, 1), ("valve", 1, 1), ("keeper", 1, 1), ("state", 1, 1)],
            &[("north", 1, 1), ("quartz", 1, 1), ("Anna", 1, 2), ("open", 1, 1)],
            &[("south", 1, 1)],
            &[("west", 1, 1), ("topaz", 1, 1), ("Bob", 1, 1), ("closed", 1, 1)],
        ];
        assert_eq!(
            table(rows, 1),
            "| hall | valve | keeper | state |\n| --- | --- | --- | --- |\n| north | quartz | Anna | open |\n\
             | south |  | Anna |\n| west | topaz | Bob | closed |\n"
        );
        let with_empty: &[&[(&str, usize, usize)]] = &[&[("a", 1, 2), ("1", 1, 1)], &[], &[("b", 1, 1), ("2", 1, 1)]];
        assert_eq!(table(with_empty, 0), "| a | 1 |\n| b | 2 |\n");
    }

    #[test]
    fn a_header_row_under_a_plain_header_is_a_row() {
        let plain = |text| (text, 1, 1);
        assert_eq!(
            table(&[&[plain("crane desk"), plain("4711")], &[plain("harbour desk"), plain("4722")]], 2),
            "| crane desk | 4711 |\n| --- | --- |\n| harbour desk | 4722 |\n"
        );
        assert_eq!(
            table(
                &[&[plain("service"), plain("limit")], &[("Production", 2, 1)], &[plain("mistral"), plain("4 GB")]],
                2
            ),
            "| service | limit |\n| --- | --- |\n| **Production** |  |\n| mistral | 4 GB |\n"
        );
    }

    #[test]
    fn short_rows_under_a_far_cell_are_padded_within_bounds() {
        let mut table = TableText::default();
        (0..255).for_each(|_| table.cell("x"));
        table.cell_spanning("far", 1, 9_999);
        table.end_row();
        for number in 0..9_998 {
            table.cell(&number.to_string());
            table.end_row();
        }
        let text = table.finish();
        assert!(text.lines().nth(1).is_some_and(|row| row.ends_with("| far |")));
        assert_eq!(text.lines().last(), Some("| 9997 |"));
        assert!(text.len() < 1 << 18, "{}", text.len());
    }

    #[test]
    fn spans_cannot_make_a_table_grow_without_bounds() {
        for cells in [1, 100] {
            let mut table = TableText::default();
            (0..cells).for_each(|_| table.cell_spanning(&"x".repeat(1000), usize::MAX, usize::MAX));
            table.end_row();
            for _ in 0..5_000 {
                table.cell("y");
                table.end_row();
            }
            assert!(table.finish().len() < 8 << 20);
        }
    }
}
