//! A table of a page under construction: rows as they come, header rows as the page tells them.

use html5gum::StartTag;

use super::extract::number_of;
use crate::{Cell, Row, Table};

/// A table that is open.
#[derive(Default)]
pub(super) struct OpenTable {
    rows: Vec<OpenRow>,
    /// The cells of the open row.
    row: Vec<Cell>,
    /// Where the group of rows begins that the open row is in.
    group: usize,
    pub(super) in_row: bool,
    pub(super) in_cell: bool,
    pub(super) span: Span,
    /// How many cells of the open row have ended, and how many of its cells are those of a header.
    pub(super) cells: usize,
    pub(super) header_cells: usize,
    pub(super) bytes: Option<(usize, usize)>,
}

struct OpenRow {
    cells: Vec<Cell>,
    is_header: bool,
}

/// How many columns and rows a cell takes.
#[derive(Clone, Copy)]
pub(super) struct Span {
    columns: u32,
    rows: u32,
}

impl Default for Span {
    fn default() -> Self {
        Self { columns: 1, rows: 1 }
    }
}

impl Span {
    pub(super) fn of(start: &StartTag<usize>) -> Self {
        let number = |name: &[u8]| number_of(start, name).filter(|value| *value > 0).unwrap_or(1);
        let count = |name: &[u8]| u32::try_from(number(name)).unwrap_or(u32::MAX);
        Self { columns: count(b"colspan"), rows: count(b"rowspan") }
    }
}

impl OpenTable {
    /// Ends the open cell, which says `text` and stands on `bytes` of the page.
    pub(super) fn end_cell(&mut self, text: String, bytes: Option<(usize, usize)>) {
        let Span { columns, rows } = self.span;
        self.row.push(Cell { text, columns, rows });
        self.cells += 1;
        self.in_cell = false;
        if let (Some((first, _)), Some((_, last))) = (self.bytes, bytes) {
            self.bytes = Some((first, last.max(first)));
        }
    }

    /// Ends the open row. An empty row, too, is one that cells from above reach into.
    pub(super) fn end_row(&mut self, in_head: bool) {
        if self.cells > 0 || self.in_row {
            let is_header = self.cells > 0 && (in_head || self.header_cells == self.cells);
            self.rows.push(OpenRow { cells: std::mem::take(&mut self.row), is_header });
        }
        (self.in_row, self.cells, self.header_cells) = (false, 0, 0);
    }

    /// Ends a group of rows: no cell reaches beyond it.
    pub(super) fn end_group(&mut self) {
        let end = self.rows.len();
        for (number, row) in (self.group..).zip(&mut self.rows[self.group..]) {
            let left = u32::try_from(end - number).unwrap_or(u32::MAX);
            row.cells.iter_mut().for_each(|cell| cell.rows = cell.rows.min(left));
        }
        self.group = end;
    }

    /// The table. Its header are the header rows that no other row stands before.
    pub(super) fn finish(self) -> Table {
        let is_blank = |row: &OpenRow| row.cells.iter().all(|cell| cell.text.trim().is_empty());
        let head = self.rows.iter().take_while(|row| row.is_header || is_blank(row)).count();
        let header_rows = self.rows[..head].iter().rposition(|row| row.is_header).map_or(0, |last| last + 1);
        let rows = self.rows.into_iter().map(|row| Row { cells: row.cells, at: None }).collect();
        Table { header_rows, rows }
    }
}
