//! Word documents (ECMA-376, WordprocessingML). Read: headings with their numbers, lists as counted, tables, text boxes,
//! charts and diagrams after the paragraph that they hang on, notes after the paragraph that refers to them, equations. Left out: headers and
//! footers, tables of contents, deleted and hidden text, comments (they talk about the text, and are not part of it).

use std::collections::HashMap;

use super::figures::{self, Figure};
use super::inline::{Inline, NoteKind, NoteRef};
use super::numbering::Numbering;
use super::parts::{Package, Relations};
use super::styles::{ListRef, Style, Styles, list_ref, outline_level};
use super::word_table;
use crate::attachment::Read;
use crate::blocks::{Blocks, Room, line_of};
use crate::labels::NumberFormat;
use crate::xml::Element;
use crate::{Problem, Table};

/// Longest text of a heading in bytes: beyond, a paragraph was given a heading's style for its looks.
const MAX_HEADING_BYTES: usize = 600;

/// Reads a Word document.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Problem> {
    let mut package = Package::open(bytes)?;
    let main = package.find_main("word/document.xml")?;
    let relations = package.relations(&main)?;
    let mut optional = |kind: &str| -> Result<Element, Problem> {
        relations.by_kind(kind).map_or_else(|| Ok(Element::default()), |name| package.part(name))
    };
    let styles = Styles::read(&optional("styles")?);
    let numbering = Numbering::read(&optional("numbering")?, &styles);
    let notes = Notes::read(&optional("footnotes")?, &optional("endnotes")?);
    let figures = figures::read(&mut package, &relations)?;
    let root = package.main_part(&main)?;
    let blocks = std::mem::take(&mut package.blocks);
    let mut walk = Walk { styles, numbering, notes, figures, blocks, shown: HashMap::new(), counts: HashMap::new() };
    if let Some(body) = root.child("body") {
        walk.content(body, Setting::Body);
    }
    embedded(&relations, &mut walk.blocks);
    Ok(walk.blocks.finish().into())
}

/// Where a paragraph stands: only the body has headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// In the text.
    Body,
    /// In a text box.
    TextBox,
}

/// Notes by kind and id.
#[derive(Debug, Default)]
struct Notes(HashMap<(NoteKind, String), Element>);

impl Notes {
    fn read(foot: &Element, end: &Element) -> Self {
        let of = |kind, root: &Element| {
            let notes = root.elements().filter(|note| {
                !matches!(note.attribute("type"), Some("separator" | "continuationSeparator" | "continuationNotice"))
            });
            notes.filter_map(|note| Some(((kind, note.attribute("id")?.to_owned()), note.clone()))).collect::<Vec<_>>()
        };
        Self(of(NoteKind::Foot, foot).into_iter().chain(of(NoteKind::End, end)).collect())
    }
}

/// A walk through the document, in reading order.
pub(super) struct Walk {
    styles: Styles,
    numbering: Numbering,
    notes: Notes,
    figures: HashMap<String, Figure>,
    blocks: Blocks,
    /// The notes that have been referred to: a note's label is its place among those of its kind.
    shown: HashMap<(NoteKind, String), u64>,
    counts: HashMap<NoteKind, u64>,
}

/// A paragraph as read.
pub(super) struct Paragraph<'a> {
    style: Style,
    label: Option<String>,
    level: usize,
    /// Its text and what hangs on it.
    pub(super) inline: Inline<'a>,
    /// The labels of the notes that it refers to.
    pub(super) notes: Vec<(String, NoteRef<'a>)>,
}

impl Walk {
    /// Reads what a body, a text box or a cell holds.
    pub(super) fn content(&mut self, parent: &Element, setting: Setting) {
        for element in parent.elements() {
            if self.blocks.room() == Room::Full {
                return;
            }
            match element.name() {
                "p" => self.paragraph(element, setting),
                "tbl" => self.table(element, setting),
                "del" | "moveFrom" | "sectPr" | "sdtPr" | "sdtEndPr" => {}
                // The newer form of the same content is the first.
                "AlternateContent" => {
                    if let Some(choice) = element.elements().next() {
                        self.content(choice, setting);
                    }
                }
                _ => self.content(element, setting),
            }
        }
    }

    fn paragraph(&mut self, element: &Element, setting: Setting) {
        let paragraph = self.read_paragraph(element);
        if !paragraph.style.contents {
            self.show(&paragraph, setting);
        }
        for text_box in &paragraph.inline.boxes {
            self.content(text_box, Setting::TextBox);
        }
        self.show_figures(&paragraph.inline.figures);
        self.show_notes(&paragraph.notes);
    }

    fn show_figures(&mut self, ids: &[&str]) {
        for id in ids {
            if let Some(figure) = self.figures.remove(*id) {
                figure.show(&mut self.blocks);
            }
        }
    }

    fn show(&mut self, paragraph: &Paragraph<'_>, setting: Setting) {
        let text = &paragraph.inline.text;
        let heading = paragraph.style.heading.filter(|_| setting == Setting::Body && text.len() <= MAX_HEADING_BYTES);
        match (heading, &paragraph.label) {
            (Some(level), label) => {
                let label = label.as_deref().filter(|label| label.chars().any(char::is_alphanumeric)).unwrap_or("");
                self.blocks.heading(level, &format!("{label} {text}"));
            }
            (None, Some(label)) => {
                let depth = u8::try_from(paragraph.level).unwrap_or(u8::MAX);
                self.blocks.item(depth, label, &paragraph.text_with_notes());
            }
            (None, None) if paragraph.style.code || paragraph.inline.code => {
                self.blocks.code(text);
            }
            (None, None) => {
                self.blocks.paragraph(&paragraph.text_with_notes());
            }
        }
    }

    /// Reads a paragraph, and counts it where it is numbered.
    pub(super) fn read_paragraph<'a>(&mut self, element: &'a Element) -> Paragraph<'a> {
        let properties = element.child("pPr");
        let mut style = self.styles.of(properties).clone();
        if let Some(heading) = outline_level(properties) {
            style.heading = heading;
        }
        let list = self.list_of(properties, &style);
        let inline = Inline::of(element);
        let is_empty = inline.text.trim().is_empty();
        // Word counts an empty paragraph of a list too, but shows it without a text; nobody means one that is not there.
        let label = list.as_ref().filter(|_| !is_empty).and_then(|list| self.numbering.count(list));
        // A bullet whose sign is a picture or blank is a list item all the same.
        let label = label.or_else(|| list.as_ref().filter(|list| !list.id.is_empty()).map(|_| String::new()));
        let notes = inline.notes.iter().filter_map(|note| Some((self.label_note(note)?, *note))).collect();
        Paragraph { style, label, level: list.map_or(0, |list| list.level), inline, notes }
    }

    fn list_of(&self, properties: Option<&Element>, style: &Style) -> Option<ListRef> {
        let own = list_ref(properties);
        let style_id = properties.and_then(|p| p.child("pStyle")).and_then(|style| style.attribute("val"));
        let tied = || style_id.and_then(|id| self.numbering.of_style(id)).cloned();
        let list = match (own, &style.list) {
            (Some(own), _) if !own.id.is_empty() => Some(own),
            (own, Some(list)) => {
                let list = if list.id.is_empty() {
                    tied()?
                } else {
                    tied().filter(|t| t.id == list.id).unwrap_or(list.clone())
                };
                Some(ListRef { level: own.map_or(list.level, |own| own.level), ..list })
            }
            (_, None) => None,
        };
        list.filter(|list| list.id != "0")
    }

    /// The label of a note: its place among those of its kind, as Word counts them.
    fn label_note(&mut self, note: &NoteRef<'_>) -> Option<String> {
        let key = (note.kind, note.id.to_owned());
        if !self.notes.0.contains_key(&key) && !self.shown.contains_key(&key) {
            return None;
        }
        let count = self.counts.entry(note.kind).or_default();
        let place = *self.shown.entry(key).or_insert_with(|| {
            *count += 1;
            *count
        });
        Some(match note.kind {
            NoteKind::Foot => place.to_string(),
            NoteKind::End => NumberFormat::RomanLower.write(place),
        })
    }

    /// Adds the notes, each once, under its label.
    pub(super) fn show_notes(&mut self, notes: &[(String, NoteRef<'_>)]) {
        for (label, note) in notes {
            let Some(element) = self.notes.0.remove(&(note.kind, note.id.to_owned())) else { continue };
            let text = word_table::plain_text(self, &element);
            if !text.trim().is_empty() {
                self.blocks.paragraph(&format!("[{label}] {}", text.trim()));
            }
        }
    }

    fn table(&mut self, element: &Element, setting: Setting) {
        let read = word_table::read(self, element);
        if let Some(cell) = word_table::only_cell(element) {
            // A frame around other content.
            self.content(cell, setting);
            return;
        }
        self.add_table(read.table);
        for nested in read.nested {
            self.table(nested, setting);
        }
        self.show_figures(&read.figures);
        self.show_notes(&read.notes);
    }

    fn add_table(&mut self, table: Table) {
        match table.rows.as_slice() {
            [] => {}
            [row] => {
                self.blocks.paragraph(&line_of(row));
            }
            _ => {
                self.blocks.table(table);
            }
        }
    }
}

impl Paragraph<'_> {
    /// The text with the labels of its notes where they are referred to.
    pub(super) fn text_with_notes(&self) -> String {
        let mut out = String::new();
        let mut from = 0;
        for (label, note) in &self.notes {
            out.push_str(&self.inline.text[from..note.at]);
            out.push_str(&format!("[{label}]"));
            from = note.at;
        }
        out.push_str(&self.inline.text[from..]);
        out
    }

    /// The label of a numbered paragraph.
    pub(super) fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
}

/// Says that there are embedded files, which are not opened.
fn embedded(relations: &Relations, blocks: &mut Blocks) {
    let count = relations.count(&["oleObject", "package", "aFChunk", "subDocument"]);
    if count > 0 {
        let detail = format!("{count} embedded files or objects are not read; store them beside the document");
        blocks.note(Problem::new(crate::ProblemKind::UnreadPart, detail));
    }
}

#[cfg(test)]
mod tests;
