//! OpenDocument text (ISO/IEC 26300). Read: headings with their numbers, lists, tables, notes, text boxes. Left out:
//! headers and footers (they stand in another part), indexes, deleted text, comments. The reader is our own: no crate that
//! is kept reads the format.

mod list;
mod table;

use std::collections::HashMap;

use self::list::Lists;
use super::archive::Archive;
use super::attachment::Read;
use super::blocks::{Blocks, Room};
use super::xml::{Element, Node};
use super::{Problem, ProblemKind};

/// Most spaces that one element stands for.
const MAX_SPACES: usize = 1_000;

/// Reads an OpenDocument text.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Problem> {
    let mut archive = Archive::open(bytes)?;
    let manifest = archive.part("META-INF/manifest.xml")?.unwrap_or_default();
    if super::xml::decode(&manifest).contains("encryption-data") {
        return Err(Problem::new(ProblemKind::Encrypted, "the document needs a password; save it without one"));
    }
    let mut blocks = Blocks::default();
    let mut part = |name: &str, blocks: &mut Blocks| archive.xml(name, &mut |problem| blocks.note(problem));
    let meta = part("meta.xml", &mut blocks)?;
    let title = meta.path(&["meta", "title"]).map(Element::text).unwrap_or_default();
    blocks.set_title(&title);
    let styles = part("styles.xml", &mut blocks)?;
    let content = part("content.xml", &mut blocks)?;
    let Some(text) = content.path(&["body", "text"]) else {
        return Err(Problem::new(ProblemKind::Malformed, "the package has no text (content.xml)"));
    };
    let mut walk = Walk { lists: Lists::read(&styles, &content), roles: roles(&styles, &content), blocks };
    walk.content(text);
    Ok(walk.blocks.finish().into())
}

/// A walk through the document, in reading order.
struct Walk {
    lists: Lists,
    roles: HashMap<String, Role>,
    blocks: Blocks,
}

/// The text of a paragraph, and what hangs on it.
#[derive(Debug, Default)]
struct Inline<'a> {
    text: String,
    boxes: Vec<&'a Element>,
    notes: Vec<(String, &'a Element)>,
}

impl Walk {
    fn content(&mut self, parent: &Element) {
        for element in parent.elements() {
            if self.blocks.room() == Room::Full {
                return;
            }
            match element.name() {
                "h" => self.heading(element),
                "p" => self.paragraph(element),
                "list" => self.list(element),
                "table" => self.table(element),
                // Deleted text, declarations, comments, and what repeats the text.
                "tracked-changes" | "variable-decls" | "sequence-decls" | "user-field-decls" | "forms"
                | "annotation" | "table-of-content" | "alphabetical-index" | "illustration-index" | "table-index"
                | "object-index" | "user-index" => {}
                "frame" | "custom-shape" | "text-box" | "g" => self.drawn(element),
                _ => self.content(element),
            }
        }
    }

    fn heading(&mut self, element: &Element) {
        let inline = Inline::of(element);
        let level = element.attribute("outline-level").and_then(|level| level.parse().ok()).unwrap_or(1);
        let label = self.lists.count_outline(usize::from(level), element.attribute("style-name").unwrap_or_default());
        self.blocks.heading(level, &format!("{label} {}", inline.text));
        self.hanging(inline);
    }

    fn paragraph(&mut self, element: &Element) {
        let inline = Inline::of(element);
        let style = element.attribute("style-name").unwrap_or_default();
        match self.roles.get(style).copied().unwrap_or_else(|| role_of_name(style)) {
            Role::Title => self.blocks.heading(1, &inline.text),
            Role::Code => self.blocks.code(&inline.text),
            Role::Text => self.blocks.paragraph(&inline.text),
        };
        self.hanging(inline);
    }

    fn list(&mut self, element: &Element) {
        for (depth, label, child) in self.lists.items(element) {
            let inline = Inline::of(child);
            match label {
                Some(label) => self.blocks.item(depth, &label, &inline.text),
                None if child.name() == "h" => {
                    let level = child.attribute("outline-level").and_then(|level| level.parse().ok()).unwrap_or(1);
                    self.blocks.heading(level, &inline.text)
                }
                None => self.blocks.paragraph(&inline.text),
            };
            self.hanging(inline);
        }
    }

    fn table(&mut self, element: &Element) {
        let read = table::read(element);
        if let Some(cell) = read.frame {
            return self.content(cell);
        }
        match read.table.rows.as_slice() {
            [row] => self.blocks.paragraph(&super::blocks::line_of(row)),
            _ => self.blocks.table(read.table),
        };
        for nested in read.nested {
            self.table(nested);
        }
        self.notes(read.notes);
    }

    fn drawn(&mut self, element: &Element) {
        let mut boxes = Vec::new();
        find_boxes(element, &mut boxes);
        boxes.into_iter().for_each(|text_box| self.content(text_box));
    }

    fn hanging(&mut self, inline: Inline<'_>) {
        inline.boxes.iter().for_each(|text_box| self.content(text_box));
        self.notes(inline.notes);
    }

    fn notes(&mut self, notes: Vec<(String, &Element)>) {
        for (label, body) in notes {
            let lines: Vec<String> = lines_of(body);
            if !lines.is_empty() {
                self.blocks.paragraph(&format!("[{label}] {}", lines.join("\n")));
            }
        }
    }
}

impl<'a> Inline<'a> {
    fn of(element: &'a Element) -> Self {
        let mut inline = Self::default();
        inline.walk(element);
        inline
    }

    fn walk(&mut self, element: &'a Element) {
        for node in element.nodes() {
            match node {
                // White space in the file is one space; more are written as elements.
                Node::Text(text) => push_collapsed(text, &mut self.text),
                Node::Element(element) => self.element(element),
            }
        }
    }

    fn element(&mut self, element: &'a Element) {
        match element.name() {
            "s" => {
                let count = element.attribute("c").and_then(|count| count.parse().ok()).unwrap_or(1);
                self.text.extend(std::iter::repeat_n(' ', usize::min(count, MAX_SPACES)));
            }
            "tab" => self.text.push(' '),
            "line-break" => self.text.push('\n'),
            "note" => {
                let label = element.child("note-citation").map(Element::text).unwrap_or_default();
                self.text.push_str(&format!("[{}]", label.trim()));
                self.notes.extend(element.child("note-body").map(|body| (label.trim().to_owned(), body)));
            }
            "annotation" | "tracked-changes" | "ruby-text" | "hidden-text" => {}
            "frame" | "custom-shape" | "g" => find_boxes(element, &mut self.boxes),
            _ => self.walk(element),
        }
    }
}

fn push_collapsed(text: &str, out: &mut String) {
    for c in text.chars() {
        if !c.is_ascii_whitespace() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
    }
}

/// The text boxes in a drawing; a shape has its paragraphs in itself.
fn find_boxes<'a>(element: &'a Element, out: &mut Vec<&'a Element>) {
    if element.name() == "text-box" || (element.name() == "custom-shape" && element.child("p").is_some()) {
        out.push(element);
        return;
    }
    element.elements().for_each(|child| find_boxes(child, out));
}

/// The paragraphs of a note or a cell as lines, list items with a dash.
fn lines_of(element: &Element) -> Vec<String> {
    let mut out = Vec::new();
    for child in element.elements() {
        match child.name() {
            "p" | "h" => out.push(Inline::of(child).text),
            "table" | "annotation" | "tracked-changes" => {}
            "list-item" => out.extend(lines_of(child).into_iter().map(|line| format!("- {line}"))),
            _ => out.extend(lines_of(child)),
        }
    }
    out.retain(|line| !line.trim().is_empty());
    out
}

/// What a paragraph is by its style.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Role {
    #[default]
    Text,
    Title,
    Code,
}

/// What the styles are for: by their names, or by those that they build on.
fn roles(styles: &Element, content: &Element) -> HashMap<String, Role> {
    let groups = [styles.child("styles"), styles.child("automatic-styles"), content.child("automatic-styles")];
    let mut out: HashMap<String, Role> = HashMap::new();
    for style in groups.into_iter().flatten().flat_map(Element::elements) {
        let Some(name) = style.attribute("name") else { continue };
        let parent = style.attribute("parent-style-name").unwrap_or_default();
        let named = [name, parent].into_iter().map(role_of_name).find(|role| *role != Role::Text);
        let role = named.or_else(|| out.get(parent).copied()).unwrap_or_default();
        out.insert(name.to_owned(), role);
    }
    out
}

fn role_of_name(name: &str) -> Role {
    let name = name.to_lowercase();
    match name.as_str() {
        "title" => Role::Title,
        name if ["preformatted", "source", "code"].iter().any(|word| name.contains(word)) => Role::Code,
        _ => Role::Text,
    }
}

#[cfg(test)]
mod tests;
