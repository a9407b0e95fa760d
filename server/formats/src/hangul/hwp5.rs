//! HWP 5: a compound file of streams of records. Left out: headers and footers, hidden comments, form fields, pictures.
//! What is protected (with a password, for distribution, by rights management) is refused: its text is encrypted.

use std::io::{Cursor, Read as _};

use cfb::CompoundFile;
use flate2::read::DeflateDecoder;

use super::definitions::{Definitions, Head, HeadKind, LEVELS, Level, format_of_code};
use super::document::{Cell, Hanging, NoteKind, Paragraph, Table};
use super::records::{self, Record, subtree, text_at, u16_at, u32_at};
use super::summary;
use super::write::Writer;
use crate::attachment::Read;
use crate::blocks::Blocks;
use crate::limits::MAX_UNPACKED_BYTES;
use crate::{Problem, ProblemKind};

/// The first bytes of HWP 3, which is no compound file.
const HWP3: &[u8] = b"HWP Document File V3";

/// What the file header's flags say.
const PACKED: u32 = 1;
const PASSWORD: u32 = 1 << 1;
const DISTRIBUTION: u32 = 1 << 2;
const RIGHTS: u32 = 1 << 4;
const KEY: u32 = 1 << 8;

/// Most sections; a document seldom has more than ten.
const MAX_SECTIONS: usize = 1_000;

/// Deepest level of records that is opened: a table in a table takes five.
const MAX_LEVEL: u16 = 160;

/// Most bytes of one unpacked stream: its records take some three times as much memory.
const MAX_STREAM_BYTES: u64 = 64 << 20;

/// Reads a HWP document.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Problem> {
    if bytes.starts_with(HWP3) {
        let detail = "Hangul 3 is not read; save it as HWP 5 or HWPX";
        return Err(Problem::new(ProblemKind::UnreadPart, detail));
    }
    let mut file = File::open(bytes)?;
    let mut blocks = Blocks::default();
    let title = file.raw("/\u{5}HwpSummaryInformation").and_then(|stream| summary::title(&stream));
    blocks.set_title(&title.unwrap_or_default());
    let definitions = match file.stream("/DocInfo")? {
        Some(stream) => definitions(&stream),
        None => return Err(malformed("it has no document information")),
    };
    let mut writer = Writer::new(&definitions);
    let mut found = 0;
    for number in 0..MAX_SECTIONS {
        let Some(stream) = file.stream(&format!("/BodyText/Section{number}"))? else { break };
        found += 1;
        let (records, cut) = records::split(&stream);
        let broken = std::mem::take(&mut file.broken);
        let unpacked = broken.then(|| Problem::new(ProblemKind::PartlyMalformed, "it cannot be unpacked to its end"));
        if let Some(problem) = unpacked.or(cut) {
            blocks.note(Problem::new(problem.kind, format!("section {}: {}", number + 1, problem.detail)));
        }
        writer.section(outline(&records), &paragraphs(&records));
    }
    if found == 0 {
        return Err(malformed("it has no section"));
    }
    writer.finish(&mut blocks);
    Ok(blocks.finish().into())
}

fn malformed(detail: &str) -> Problem {
    Problem::new(ProblemKind::Malformed, format!("the Hangul file cannot be read: {detail}"))
}

struct File<'a> {
    file: CompoundFile<Cursor<&'a [u8]>>,
    packed: bool,
    unpacked: u64,
    broken: bool,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        let file = CompoundFile::open(Cursor::new(bytes)).map_err(|error| malformed(&error.to_string()))?;
        let mut file = Self { file, packed: false, unpacked: 0, broken: false };
        let header = file.raw("/FileHeader").unwrap_or_default();
        if !header.starts_with(b"HWP Document File") {
            return Err(malformed("it is a compound file of another program"));
        }
        let flags = u32_at(&header, 36).unwrap_or(0);
        let protection = [
            (PASSWORD, "it needs a password; save it without one"),
            (DISTRIBUTION, "it is protected for distribution; ask its author for the document itself"),
            (RIGHTS | KEY, "it is protected by rights management"),
        ];
        if let Some((_, how)) = protection.iter().find(|(flag, _)| flags & flag != 0) {
            return Err(Problem::new(ProblemKind::Encrypted, *how));
        }
        file.packed = flags & PACKED != 0;
        Ok(file)
    }

    /// A stream as it stands in the file, which bounds it.
    fn raw(&mut self, name: &str) -> Option<Vec<u8>> {
        let mut stream = self.file.open_stream(name).ok()?;
        let mut bytes = Vec::new();
        // What could be read of a broken stream counts.
        self.broken |= stream.by_ref().take(MAX_STREAM_BYTES).read_to_end(&mut bytes).is_err();
        Some(bytes)
    }

    /// A stream, unpacked within the budget.
    fn stream(&mut self, name: &str) -> Result<Option<Vec<u8>>, Problem> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        if !self.packed {
            return Ok(Some(raw));
        }
        let left = MAX_STREAM_BYTES.min(MAX_UNPACKED_BYTES - self.unpacked);
        let mut bytes = Vec::new();
        self.broken |= DeflateDecoder::new(raw.as_slice()).take(left + 1).read_to_end(&mut bytes).is_err();
        if bytes.len() as u64 > left {
            let detail = format!("{name} unpacks to more than {left} bytes");
            return Err(Problem::new(ProblemKind::UnsafeArchive, detail));
        }
        self.unpacked += bytes.len() as u64;
        Ok(Some(bytes))
    }
}

fn definitions(stream: &[u8]) -> Definitions {
    let mut out = Definitions::default();
    let (mut shapes, mut numberings, mut bullets) = (0, 0, 0);
    for record in records::split(stream).0 {
        match record.tag {
            records::PARA_SHAPE => {
                if let Some(head) = head(record.data) {
                    out.heads.insert(shapes, head);
                }
                shapes += 1;
            }
            records::NUMBERING => {
                numberings += 1;
                out.numberings.insert(numberings, levels(record.data));
            }
            records::BULLET => {
                bullets += 1;
                let sign = u16_at(record.data, 12).and_then(|unit| char::from_u32(unit.into()));
                out.bullets.extend(sign.map(|sign| (bullets, sign)));
            }
            _ => {}
        }
    }
    out
}

/// The head of a paragraph shape: bits 23 and 24 its kind, 25 to 27 its level, the numbering at byte 30.
fn head(shape: &[u8]) -> Option<Head> {
    let attributes = u32_at(shape, 0)?;
    let kind = match attributes >> 23 & 3 {
        1 => HeadKind::Outline,
        2 => HeadKind::Number,
        3 => HeadKind::Bullet,
        _ => return None,
    };
    let id = u16_at(shape, 30).unwrap_or(0).into();
    Some(Head { kind, id, level: (attributes >> 25 & 7) as usize })
}

/// The levels of a numbering: for each of seven twelve bytes (bits 5 to 8 the format) and a text, then the first count of
/// all, and since 5.0.2.5 that of each.
fn levels(record: &[u8]) -> Vec<Level> {
    let mut out: Vec<Level> = Vec::new();
    let mut at = 0;
    while out.len() < 7 {
        let (Some(attributes), Some(text)) = (u32_at(record, at), text_at(record, at + 12)) else { break };
        at += 14 + 2 * text.encode_utf16().count();
        out.push(Level { format: format_of_code(attributes >> 5 & 0xF), text, start: 1 });
    }
    let first = u16_at(record, at).unwrap_or(1);
    for (number, level) in out.iter_mut().enumerate() {
        let start = u32_at(record, at + 2 + 4 * number).filter(|start| (1..=0xFFFF).contains(start));
        level.start = start.map_or(if number == 0 { first.max(1).into() } else { 1 }, u64::from);
    }
    debug_assert!(out.len() <= LEVELS);
    out
}

/// The numbering that counts the outlines of a section: at byte 18 of the section's definition.
fn outline(records: &[Record<'_>]) -> u32 {
    let section = records.iter().find(|record| record.tag == records::CTRL_HEADER && record.data.starts_with(b"dces"));
    section.and_then(|record| u16_at(record.data, 18)).unwrap_or(0).into()
}

/// The paragraphs among records, at the level of the first of them.
fn paragraphs(records: &[Record<'_>]) -> Vec<Paragraph> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < records.len() {
        let tree = subtree(records, at);
        if records[at].tag == records::PARA_HEADER && records[at].level < MAX_LEVEL {
            out.push(paragraph(tree));
        }
        at += tree.len();
    }
    out
}

fn paragraph(tree: &[Record<'_>]) -> Paragraph {
    let shape = u16_at(tree[0].data, 8).map_or(u32::MAX, u32::from);
    let mut out = Paragraph { shape, ..Paragraph::default() };
    let children = children(tree);
    let text = children.iter().find(|child| child[0].tag == records::PARA_TEXT);
    let controls: Vec<&[Record<'_>]> =
        children.iter().copied().filter(|child| child[0].tag == records::CTRL_HEADER).collect();
    let places = text.map(|text| super::text::read(text[0].data, &controls, &mut out.text)).unwrap_or_default();
    for (number, control) in controls.iter().enumerate() {
        let at = places.get(number).copied().unwrap_or(out.text.len());
        hang(control, at, &mut out);
    }
    out
}

/// The trees right below the first record.
fn children<'r, 'a>(tree: &'r [Record<'a>]) -> Vec<&'r [Record<'a>]> {
    let mut out = Vec::new();
    let mut at = 1;
    while at < tree.len() {
        let child = subtree(tree, at);
        out.push(child);
        at += child.len();
    }
    out
}

/// Hangs what a control holds on its paragraph.
fn hang(control: &[Record<'_>], at: usize, out: &mut Paragraph) {
    match control[0].data.get(..4) {
        Some(b" lbt") => {
            let (table, caption) = table(control);
            out.hanging.push(Hanging::Table(table));
            out.hanging.extend((!caption.is_empty()).then_some(Hanging::Box(caption)));
        }
        Some(b"  nf") => {
            out.hanging.push(Hanging::Note { kind: NoteKind::Foot, at, content: paragraphs(&control[1..]) })
        }
        Some(b"  ne") => {
            out.hanging.push(Hanging::Note { kind: NoteKind::End, at, content: paragraphs(&control[1..]) })
        }
        Some(b" osg") => out.hanging.extend(boxes(control).map(Hanging::Box)),
        _ => {}
    }
}

/// The texts of a drawn shape, its caption, and the shapes in its group.
fn boxes(control: &[Record<'_>]) -> impl Iterator<Item = Vec<Paragraph>> {
    let mut out = Vec::new();
    let mut at = 1;
    while at < control.len() {
        let level = control[at].level;
        if control[at].tag == records::LIST_HEADER {
            // The paragraphs of a list follow at its own level.
            let length = control[at..].iter().take_while(|record| record.level >= level).count();
            out.push(paragraphs(&control[at + 1..at + length]));
            at += length;
        } else {
            at += 1;
        }
    }
    out.into_iter().filter(|content| !content.is_empty())
}

/// A table and its caption: a list before the table's properties is the caption, each list after them a cell.
fn table(control: &[Record<'_>]) -> (Table, Vec<Paragraph>) {
    let mut table = Table::default();
    let mut caption = Vec::new();
    let mut in_cells = false;
    let children = children(control);
    let mut at = 0;
    while at < children.len() {
        let head = children[at][0];
        at += 1;
        match head.tag {
            records::TABLE => in_cells = true,
            records::LIST_HEADER => {
                let trees = children[at..].iter().take_while(|child| child[0].tag == records::PARA_HEADER);
                let content: Vec<Paragraph> =
                    trees.filter(|tree| tree[0].level < MAX_LEVEL).map(|tree| paragraph(tree)).collect();
                if in_cells {
                    table.cells.push(cell(head.data, content));
                } else {
                    caption = content;
                }
            }
            _ => {}
        }
    }
    table.cells.sort_by_key(|cell| (cell.row, cell.column));
    (table, caption)
}

/// A cell: its place at bytes 8 and 10, how far it reaches at 12 and 14.
fn cell(list: &[u8], content: Vec<Paragraph>) -> Cell {
    let number = |at| u16_at(list, at).map(u32::from);
    Cell {
        column: number(8).unwrap_or(0),
        row: number(10).unwrap_or(0),
        columns: number(12).unwrap_or(1).clamp(1, 1_000),
        rows: number(14).unwrap_or(1).clamp(1, 10_000),
        header: false,
        content,
    }
}

#[cfg(test)]
mod tests;
