//! Hangul paragraphs become blocks: outlines headings, counted paragraphs list items, tables tables. Korean offices draw
//! their headings as tables of one row and type their bullets; both are recognised here.

use super::definitions::{Counter, Definitions, HeadKind};
use super::document::{Hanging, NoteKind, Paragraph, Table};
use super::shape::{Line, frame_heading, settle, typed_bullet};
use crate::blocks::{Blocks, Room, clean, guess_header_rows, line_of};
use crate::{Cell, Row};

/// Deepest nesting of tables and boxes that is opened.
const MAX_NESTING: usize = 32;

/// Turns the sections of a document into blocks.
pub(super) struct Writer<'a> {
    definitions: &'a Definitions,
    counter: Counter,
    lines: Vec<Line>,
    foot_notes: u64,
    end_notes: u64,
    budget: usize,
}

impl<'a> Writer<'a> {
    /// A writer.
    pub(super) fn new(definitions: &'a Definitions) -> Self {
        let budget = crate::limits::MAX_BLOCKS;
        Self { definitions, counter: Counter::default(), lines: Vec::new(), foot_notes: 0, end_notes: 0, budget }
    }

    /// Takes a section, whose outlines a numbering counts.
    pub(super) fn section(&mut self, outline: u32, paragraphs: &[Paragraph]) {
        self.counter = Counter::of(outline);
        for paragraph in paragraphs {
            self.paragraph(paragraph, 0);
        }
    }

    /// Writes what was taken.
    pub(super) fn finish(self, blocks: &mut Blocks) {
        for line in settle(self.lines) {
            let room = match line {
                Line::Heading { level, label, text } => blocks.heading(level, &format!("{label} {text}")),
                Line::Item { depth, label, text } => blocks.item(depth, &label, &text),
                Line::Text(text) => blocks.paragraph(&text),
                Line::Table(table) => blocks.table(table),
            };
            if room == Room::Full {
                return;
            }
        }
    }

    fn push(&mut self, line: Line) {
        // One more than may be kept, so that the blocks tell that there are too many.
        if self.lines.len() <= self.budget {
            self.lines.push(line);
        }
    }

    fn paragraph(&mut self, paragraph: &Paragraph, depth: usize) {
        let (text, notes) = self.with_labels(paragraph);
        if !clean(&text).is_empty() {
            let line = self.line(paragraph, text, depth);
            self.push(line);
        }
        if depth >= MAX_NESTING {
            return;
        }
        for hanging in &paragraph.hanging {
            match hanging {
                Hanging::Table(table) => self.table(table, depth + 1),
                Hanging::Box(content) => content.iter().for_each(|paragraph| self.paragraph(paragraph, depth + 1)),
                Hanging::Note { .. } => {}
            }
        }
        for note in notes {
            self.push(Line::Text(note));
        }
    }

    fn line(&mut self, paragraph: &Paragraph, text: String, depth: usize) -> Line {
        let Some(head) = self.definitions.heads.get(&paragraph.shape).copied() else {
            return match typed_bullet(&text) {
                Some((depth, rest)) => Line::Item { depth, label: String::new(), text: rest.to_owned() },
                None => Line::Text(text),
            };
        };
        let label = self.counter.count(head, self.definitions);
        let level = u8::try_from(head.level).unwrap_or(u8::MAX);
        match head.kind {
            HeadKind::Outline if depth == 0 => Line::Heading { level: level.saturating_add(1), label, text },
            _ => Line::Item { depth: level, label, text },
        }
    }

    /// The text with the labels of its notes, and the notes.
    fn with_labels(&mut self, paragraph: &Paragraph) -> (String, Vec<String>) {
        let mut out = String::new();
        let mut notes = Vec::new();
        let mut from = 0;
        for hanging in &paragraph.hanging {
            let Hanging::Note { kind, at, content } = hanging else { continue };
            let counter = match kind {
                NoteKind::Foot => &mut self.foot_notes,
                NoteKind::End => &mut self.end_notes,
            };
            *counter += 1;
            let label = match kind {
                NoteKind::Foot => counter.to_string(),
                NoteKind::End => format!("미주 {counter}"),
            };
            let lines: Vec<&str> = content.iter().map(|paragraph| paragraph.text.as_str()).collect();
            notes.push(format!("[{label}] {}", clean(&lines.join("\n"))));
            let until = (*at).clamp(from, paragraph.text.len());
            out.push_str(paragraph.text.get(from..until).unwrap_or_default());
            out.push_str(&format!("[{label}]"));
            from = until;
        }
        out.push_str(paragraph.text.get(from..).unwrap_or_default());
        (out, notes)
    }

    fn table(&mut self, table: &Table, depth: usize) {
        if let [cell] = table.cells.as_slice() {
            return self.frame(&cell.content, depth);
        }
        let mut rows: Vec<Row> = Vec::new();
        let mut marked = 0;
        let mut notes = Vec::new();
        let mut inside = Vec::new();
        let mut at = None;
        for cell in &table.cells {
            if at != Some(cell.row) {
                at = Some(cell.row);
                rows.push(Row::default());
            }
            if cell.header && marked + 1 >= rows.len() {
                marked = rows.len();
            }
            let text = self.cell_text(&cell.content, &mut notes);
            if let Some(row) = rows.last_mut() {
                row.cells.push(Cell { text, columns: cell.columns, rows: cell.rows });
            }
            let hanging = cell.content.iter().flat_map(|paragraph| &paragraph.hanging);
            inside.extend(hanging.filter_map(|hanging| match hanging {
                Hanging::Table(table) => Some(table),
                Hanging::Box(_) | Hanging::Note { .. } => None,
            }));
        }
        if let [row] = rows.as_slice() {
            let line = line_of(row);
            let cells: Vec<String> = row.cells.iter().map(|cell| clean(&cell.text)).collect();
            self.push(frame_heading(&cells).unwrap_or(Line::Text(line)));
        } else {
            let header_rows = if marked > 0 && marked < rows.len() { marked } else { guess_header_rows(&rows) };
            self.push(Line::Table(crate::Table { header_rows, rows }));
        }
        if depth < MAX_NESTING {
            inside.into_iter().for_each(|table| self.table(table, depth + 1));
        }
        for note in notes {
            self.push(Line::Text(note));
        }
    }

    /// A table of one cell is a frame around text: a heading, or a box.
    fn frame(&mut self, content: &[Paragraph], depth: usize) {
        let is_plain = content.iter().all(|paragraph| paragraph.hanging.is_empty());
        let texts: Vec<String> = content.iter().map(|p| clean(&p.text)).filter(|text| !text.is_empty()).collect();
        if let ([text], true) = (texts.as_slice(), is_plain)
            && let Some(heading) = frame_heading(std::slice::from_ref(text))
        {
            return self.push(heading);
        }
        if depth < MAX_NESTING {
            content.iter().for_each(|paragraph| self.paragraph(paragraph, depth + 1));
        }
    }

    /// The text of a cell as lines: counted paragraphs with their labels, boxes in it as lines too.
    fn cell_text(&mut self, content: &[Paragraph], notes: &mut Vec<String>) -> String {
        let mut lines = Vec::new();
        for paragraph in content {
            let (text, own) = self.with_labels(paragraph);
            notes.extend(own);
            if !clean(&text).is_empty() {
                let head = self.definitions.heads.get(&paragraph.shape).copied();
                let label = head.map(|head| self.counter.count(head, self.definitions)).unwrap_or_default();
                let shown = label.chars().any(char::is_alphanumeric);
                lines.push(if shown { format!("{label} {text}") } else { text });
            }
            for hanging in &paragraph.hanging {
                if let Hanging::Box(content) = hanging {
                    lines.extend(content.iter().map(|paragraph| paragraph.text.clone()));
                }
            }
        }
        lines.join("\n")
    }
}
