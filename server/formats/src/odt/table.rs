//! Tables of OpenDocument. Rows and cells may be repeated by a count; what reaches over others leaves covered cells.

use super::{Inline, lines_of};
use crate::blocks::guess_header_rows;
use crate::xml::Element;
use crate::{Cell, Row, Table};

/// Most times that a row or cell with text is repeated; without text they are not repeated at all.
const MAX_REPEATS: usize = 100;

/// A table as read.
#[derive(Debug, Default)]
pub(super) struct Read<'a> {
    pub(super) table: Table,
    /// The cell, where there is only one: the table is a frame.
    pub(super) frame: Option<&'a Element>,
    /// The tables in its cells.
    pub(super) nested: Vec<&'a Element>,
    /// The notes that its cells refer to: label and body.
    pub(super) notes: Vec<(String, &'a Element)>,
}

/// Reads a table.
pub(super) fn read(table: &Element) -> Read<'_> {
    let mut rows = Vec::new();
    let mut headers = 0;
    collect(table, &mut rows, &mut headers);
    let mut out = Read::default();
    if let [row] = rows.as_slice()
        && let [cell] = cells(row).as_slice()
    {
        out.frame = Some(cell);
        return out;
    }
    for row in rows {
        let mut cells_read = Vec::new();
        for cell in cells(row) {
            let text = lines_of(cell).join("\n");
            let number = |name: &str| cell.attribute(name).and_then(|number| number.parse::<u32>().ok()).unwrap_or(1);
            let read = Cell {
                columns: number("number-columns-spanned").clamp(1, 1_000),
                rows: number("number-rows-spanned").clamp(1, 10_000),
                text,
            };
            let repeats = if read.text.is_empty() { 1 } else { number("number-columns-repeated") as usize };
            cells_read.extend(std::iter::repeat_n(read, repeats.clamp(1, MAX_REPEATS)));
            hanging(cell, &mut out);
        }
        let repeats = row.attribute("number-rows-repeated").and_then(|number| number.parse().ok()).unwrap_or(1);
        let empty = cells_read.iter().all(|cell| cell.text.is_empty());
        let repeats = if empty { 1 } else { usize::clamp(repeats, 1, MAX_REPEATS) };
        out.table.rows.extend(std::iter::repeat_n(Row { cells: cells_read, at: None }, repeats));
    }
    let marked = (headers > 0 && headers < out.table.rows.len()).then_some(headers);
    out.table.header_rows = marked.unwrap_or_else(|| guess_header_rows(&out.table.rows));
    out
}

fn collect<'a>(parent: &'a Element, rows: &mut Vec<&'a Element>, headers: &mut usize) {
    for element in parent.elements() {
        match element.name() {
            "table-row" => rows.push(element),
            "table-header-rows" => {
                collect(element, rows, headers);
                *headers = rows.len();
            }
            "table-rows" | "table-row-group" => collect(element, rows, headers),
            _ => {}
        }
    }
}

fn cells(row: &Element) -> Vec<&Element> {
    row.elements().filter(|cell| cell.name() == "table-cell").collect()
}

/// The tables and notes in a cell.
fn hanging<'a>(element: &'a Element, out: &mut Read<'a>) {
    for child in element.elements() {
        match child.name() {
            "table" => out.nested.push(child),
            "p" | "h" => out.notes.extend(Inline::of(child).notes),
            _ => hanging(child, out),
        }
    }
}
