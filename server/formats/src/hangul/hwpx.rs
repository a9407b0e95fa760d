//! HWPX (KS X 6101): a package of XML parts. Left out: headers and footers, hidden comments, deleted text, descriptions of
//! pictures that the program writes itself.

use super::definitions::{Definitions, Head, HeadKind, LEVELS, Level, format_of_name};
use super::document::{Cell, Hanging, NoteKind, Paragraph, Table};
use super::write::Writer;
use crate::archive::Archive;
use crate::attachment::Read;
use crate::blocks::Blocks;
use crate::xml::{Element, Node};
use crate::{Problem, ProblemKind};

/// Reads a HWPX document.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Problem> {
    let mut archive = Archive::open(bytes)?;
    let manifest = archive.part("META-INF/manifest.xml")?.unwrap_or_default();
    if crate::xml::decode(&manifest).contains("encryption-data") {
        return Err(Problem::new(ProblemKind::Encrypted, "the Hangul file needs a password; save it without one"));
    }
    let mut blocks = Blocks::default();
    let mut part = |name: &str, blocks: &mut Blocks| archive.xml(name, &mut |problem| blocks.note(problem));
    let package = part("Contents/content.hpf", &mut blocks)?;
    let title = package.path(&["metadata", "title"]).map(Element::text).unwrap_or_default();
    blocks.set_title(&title);
    let definitions = definitions(&part("Contents/header.xml", &mut blocks)?);
    let mut writer = Writer::new(&definitions);
    let names = sections(&package);
    let mut found = 0;
    for name in names {
        let section = part(&name, &mut blocks)?;
        if section == Element::default() {
            continue;
        }
        found += 1;
        let outline = section.find("secPr").and_then(|s| s.attribute("outlineShapeIDRef")?.parse().ok());
        writer.section(outline.unwrap_or(0), &paragraphs(&section));
    }
    if found == 0 {
        return Err(Problem::new(ProblemKind::Malformed, "the Hangul package has no section"));
    }
    writer.finish(&mut blocks);
    Ok(blocks.finish().into())
}

/// The parts of the sections, in reading order.
fn sections(package: &Element) -> Vec<String> {
    let items: Vec<&Element> = package.child("manifest").into_iter().flat_map(Element::elements).collect();
    let spine = package.child("spine").into_iter().flat_map(Element::elements);
    let href = |id: &str| items.iter().find(|item| item.attribute("id") == Some(id))?.attribute("href");
    let hrefs = spine.filter_map(|item| href(item.attribute("idref")?)).map(str::to_owned);
    let mut names: Vec<String> = hrefs.filter(|href| href.to_lowercase().contains("section")).collect();
    if names.is_empty() {
        // A package without a spine: sections are numbered, and few have more than one.
        names = (0..64).map(|number| format!("Contents/section{number}.xml")).collect();
    }
    names
}

fn definitions(header: &Element) -> Definitions {
    let mut out = Definitions::default();
    let Some(lists) = header.child("refList") else { return out };
    let number = |element: &Element, name: &str| element.attribute(name)?.parse::<u32>().ok();
    let all = |list: &str| lists.child(list).into_iter().flat_map(Element::elements);
    for shape in all("paraProperties") {
        let (Some(id), Some(heading)) = (number(shape, "id"), shape.find("heading")) else { continue };
        let kind = match heading.attribute("type") {
            Some("OUTLINE") => HeadKind::Outline,
            Some("NUMBER") => HeadKind::Number,
            Some("BULLET") => HeadKind::Bullet,
            _ => continue,
        };
        let level = number(heading, "level").unwrap_or(0).min(LEVELS as u32 - 1) as usize;
        out.heads.insert(id, Head { kind, id: number(heading, "idRef").unwrap_or(0), level });
    }
    for bullet in all("bullets") {
        let sign = bullet.attribute("char").and_then(|sign| sign.chars().next());
        if let (Some(id), Some(sign)) = (number(bullet, "id"), sign) {
            out.bullets.insert(id, sign);
        }
    }
    for numbering in all("numberings") {
        let heads = numbering.elements().filter(|element| element.name() == "paraHead").take(LEVELS);
        let levels = heads.map(|head| Level {
            format: format_of_name(head.attribute("numFormat").unwrap_or("DIGIT")),
            text: head.text(),
            start: number(head, "start").unwrap_or(1).into(),
        });
        if let Some(id) = number(numbering, "id") {
            out.numberings.insert(id, levels.collect());
        }
    }
    out
}

/// The paragraphs of a section, a cell, a box or a note.
fn paragraphs(parent: &Element) -> Vec<Paragraph> {
    parent.elements().filter(|element| element.name() == "p").map(paragraph).collect()
}

fn paragraph(element: &Element) -> Paragraph {
    let shape = element.attribute("paraPrIDRef").and_then(|id| id.parse().ok()).unwrap_or(u32::MAX);
    let mut out = Paragraph { shape, ..Paragraph::default() };
    let mut deleted = false;
    for run in element.elements().filter(|element| element.name() == "run") {
        content(run, &mut out, &mut deleted);
    }
    out
}

/// What a run holds. Deletions may begin in one run and end in another.
fn content(parent: &Element, out: &mut Paragraph, deleted: &mut bool) {
    for element in parent.elements() {
        match element.name() {
            "t" => text(element, out, deleted),
            "tbl" => {
                out.hanging.push(Hanging::Table(table(element)));
                caption(element, out);
            }
            "equation" => out.text.push_str(element.child("script").map(Element::text).unwrap_or_default().trim()),
            "ctrl" => control(element, out),
            // Variants of the same content for newer and older programs: the first is the newest.
            "switch" => {
                if let Some(first) = element.elements().next() {
                    content(first, out, deleted);
                }
            }
            "secPr" | "linesegarray" => {}
            _ => shape(element, out),
        }
    }
}

fn text(element: &Element, out: &mut Paragraph, deleted: &mut bool) {
    for node in element.nodes() {
        match node {
            Node::Text(text) if !*deleted => out.text.push_str(text),
            Node::Text(_) => {}
            Node::Element(element) => match element.name() {
                "lineBreak" => out.text.push('\n'),
                "tab" | "nbSpace" | "fwSpace" => out.text.push(' '),
                "hyphen" => out.text.push('-'),
                "deleteBegin" => *deleted = true,
                "deleteEnd" => *deleted = false,
                _ => {}
            },
        }
    }
}

fn control(element: &Element, out: &mut Paragraph) {
    for element in element.elements() {
        let kind = match element.name() {
            "footNote" => NoteKind::Foot,
            "endNote" => NoteKind::End,
            // The number of a table or picture in its caption; that of a note stands in its label.
            "autoNum"
                if !matches!(element.attribute("numType"), Some("FOOTNOTE" | "ENDNOTE" | "PAGE" | "TOTAL_PAGE")) =>
            {
                out.text.push_str(element.attribute("num").unwrap_or_default());
                continue;
            }
            _ => continue,
        };
        let content = element.child("subList").map(paragraphs).unwrap_or_default();
        out.hanging.push(Hanging::Note { kind, at: out.text.len(), content });
    }
}

/// A drawn shape: its text and its caption.
fn shape(element: &Element, out: &mut Paragraph) {
    for child in element.elements() {
        match child.name() {
            "drawText" => {
                let content = child.child("subList").map(paragraphs).unwrap_or_default();
                out.hanging.push(Hanging::Box(content));
            }
            "caption" => {}
            // Shapes in a group.
            _ => shape(child, out),
        }
    }
    caption(element, out);
}

fn caption(element: &Element, out: &mut Paragraph) {
    if let Some(content) = element.path(&["caption", "subList"]) {
        out.hanging.push(Hanging::Box(paragraphs(content)));
    }
}

fn table(element: &Element) -> Table {
    let mut out = Table::default();
    let rows = element.elements().filter(|element| element.name() == "tr");
    for (row_number, row) in (0_u32..).zip(rows) {
        for (place, cell) in (0_u32..).zip(row.elements().filter(|element| element.name() == "tc")) {
            let number = |child: &str, name: &str| cell.child(child)?.attribute(name)?.parse::<u32>().ok();
            out.cells.push(Cell {
                row: number("cellAddr", "rowAddr").unwrap_or(row_number),
                column: number("cellAddr", "colAddr").unwrap_or(place),
                rows: number("cellSpan", "rowSpan").unwrap_or(1).clamp(1, 10_000),
                columns: number("cellSpan", "colSpan").unwrap_or(1).clamp(1, 1_000),
                header: cell.attribute("header") == Some("1"),
                content: cell.child("subList").map(paragraphs).unwrap_or_default(),
            });
        }
    }
    out
}

#[cfg(test)]
mod tests;
