//! Tables of Word: cells over several columns and rows become one cell that says how far it reaches. A cell has no blocks:
//! its paragraphs are lines, its list items keep their labels. Tables in cells follow as tables of their own.

use super::docx::Walk;
use super::inline::NoteRef;
use super::parts::is_on;
use crate::blocks::guess_header_rows;
use crate::xml::Element;
use crate::{Cell, Row, Table};

/// Most columns of a row; Word itself allows 63.
const MAX_COLUMNS: u32 = 1024;

/// A table as read.
#[derive(Default)]
pub(super) struct Read<'a> {
    /// The table.
    pub(super) table: Table,
    /// The tables in its cells.
    pub(super) nested: Vec<&'a Element>,
    /// The charts and diagrams in its cells, by their ids.
    pub(super) figures: Vec<&'a str>,
    /// The notes that its cells refer to.
    pub(super) notes: Vec<(String, NoteRef<'a>)>,
}

/// The cell of a table that has only one: such a table is a frame.
pub(super) fn only_cell(table: &Element) -> Option<&Element> {
    let rows = rows(table);
    let [row] = rows.as_slice() else { return None };
    let cells = cells(row);
    let [cell] = cells.as_slice() else { return None };
    Some(cell)
}

/// Reads a table.
pub(super) fn read<'a>(walk: &mut Walk, table: &'a Element) -> Read<'a> {
    let mut out = Read::default();
    if only_cell(table).is_some() {
        return out;
    }
    let mut marked = 0;
    let mut bold = true;
    // Which cell (row, place in the row) reaches down through a column.
    let mut reaching: Vec<Option<(usize, usize)>> = Vec::new();
    for (number, row) in rows(table).into_iter().enumerate() {
        let properties = row.child("trPr");
        if marked == number && is_on(properties.and_then(|properties| properties.child("tblHeader"))) {
            marked += 1;
        }
        let mut column = number_of(properties, "gridBefore").unwrap_or(0).min(MAX_COLUMNS) as usize;
        let mut cells_read: Vec<Cell> = Vec::new();
        if column > 0 {
            cells_read.push(Cell { columns: column as u32, ..Cell::of("") });
        }
        for cell in cells(row) {
            let properties = cell.child("tcPr");
            let columns = number_of(properties, "gridSpan").unwrap_or(1).clamp(1, MAX_COLUMNS);
            let merge = properties.and_then(|properties| properties.child("vMerge"));
            let continues = merge.is_some_and(|merge| merge.attribute("val") != Some("restart"));
            reaching.resize(reaching.len().max(column + columns as usize), None);
            let above = reaching[column].filter(|_| continues);
            if let Some(origin) = above.and_then(|(row, place)| out.table.rows.get_mut(row)?.cells.get_mut(place)) {
                origin.rows = origin.rows.max((number - above.map_or(number, |(row, _)| row)) as u32 + 1);
            } else {
                let content = read_cell(walk, cell, &mut out);
                bold = bold && (number > 0 || content.bold || content.text.is_empty());
                cells_read.push(Cell { columns, ..Cell::of(content.text) });
                let origin = merge.map(|_| (number, cells_read.len() - 1));
                reaching[column..column + columns as usize].fill(origin);
            }
            column = (column + columns as usize).min(MAX_COLUMNS as usize);
        }
        out.table.rows.push(Row { cells: cells_read, at: None });
    }
    let guessed = guess_header_rows(&out.table.rows);
    let of_bold = usize::from(bold && out.table.rows.len() > 1 && !out.table.rows[0].cells.is_empty());
    out.table.header_rows = if marked > 0 && marked < out.table.rows.len() { marked } else { guessed.max(of_bold) };
    out
}

struct Content {
    text: String,
    bold: bool,
}

fn read_cell<'a>(walk: &mut Walk, cell: &'a Element, out: &mut Read<'a>) -> Content {
    let mut content = Content { text: String::new(), bold: true };
    let mut any = false;
    let mut boxes = Vec::new();
    collect(cell, &mut |element| match element.name() {
        "tbl" => out.nested.push(element),
        _ => {
            let paragraph = walk.read_paragraph(element);
            let text = paragraph.text_with_notes();
            if !text.trim().is_empty() {
                any = true;
                content.bold = content.bold && paragraph.inline.bold;
                push_line(&mut content.text, paragraph.label(), &text);
            }
            boxes.extend(paragraph.inline.boxes);
            out.figures.extend(paragraph.inline.figures);
            out.notes.extend(paragraph.notes);
        }
    });
    for text_box in boxes {
        let text = plain_text(walk, text_box);
        push_line(&mut content.text, None, &text);
    }
    content.bold = content.bold && any;
    content
}

/// The text of a note or a text box as lines.
pub(super) fn plain_text(walk: &mut Walk, element: &Element) -> String {
    let mut out = String::new();
    collect(element, &mut |element| match element.name() {
        "tbl" => push_line(&mut out, None, &element.text()),
        _ => {
            let paragraph = walk.read_paragraph(element);
            push_line(&mut out, paragraph.label(), &paragraph.inline.text);
        }
    });
    out
}

fn push_line(out: &mut String, label: Option<&str>, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    if let Some(label) = label.filter(|label| label.chars().any(char::is_alphanumeric)) {
        out.push_str(label);
        out.push(' ');
    }
    out.push_str(text);
}

/// The paragraphs and tables of a cell, through whatever wraps them.
fn collect<'a>(parent: &'a Element, take: &mut dyn FnMut(&'a Element)) {
    for element in parent.elements() {
        match element.name() {
            "p" | "tbl" => take(element),
            "tcPr" | "del" | "moveFrom" | "sdtPr" => {}
            _ => collect(element, take),
        }
    }
}

fn rows(table: &Element) -> Vec<&Element> {
    let mut out = Vec::new();
    wrapped(table, "tr", &mut out);
    out.retain(|row| row.child("trPr").is_none_or(|properties| properties.child("del").is_none()));
    out
}

fn cells(row: &Element) -> Vec<&Element> {
    let mut out = Vec::new();
    wrapped(row, "tc", &mut out);
    out
}

/// The elements of a name, also those in content controls.
fn wrapped<'a>(parent: &'a Element, name: &str, out: &mut Vec<&'a Element>) {
    for element in parent.elements() {
        match element.name() {
            found if found == name => out.push(element),
            "sdt" | "sdtContent" | "customXml" | "ins" | "smartTag" => wrapped(element, name, out),
            _ => {}
        }
    }
}

fn number_of(properties: Option<&Element>, name: &str) -> Option<u32> {
    properties?.child(name)?.attribute("val")?.parse().ok()
}
