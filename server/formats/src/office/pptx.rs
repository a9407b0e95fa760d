//! Presentations (ECMA-376, PresentationML), slide after slide: the title as a heading, then the other shapes in their
//! order with lists, tables, the figures of charts and the texts of diagrams, and the speaker's notes. Left out: what every slide repeats (date,
//! footer, slide number), comments, and pictures.

use std::collections::HashMap;
use std::rc::Rc;

use super::figures::{self, Figure};
use super::parts::{Package, Relations};
use super::slide_lists::{Inherited, Lists};
use crate::attachment::Read;
use crate::blocks::{Blocks, Room, guess_header_rows, line_of};
use crate::limits::MAX_PAGES;
use crate::xml::Element;
use crate::{Cell, Locator, Problem, ProblemKind, Row, Table};

/// The level of a slide's title: the presentation itself stands above.
const TITLE_LEVEL: u8 = 2;
/// The level of the presentation's own, which its title slide says.
const DECK_LEVEL: u8 = 1;

/// Reads a presentation.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Problem> {
    let mut package = Package::open(bytes)?;
    let main = package.find_main("ppt/presentation.xml")?;
    let presentation = package.main_part(&main)?;
    let relations = package.relations(&main)?;
    let ids = presentation.child("sldIdLst").into_iter().flat_map(Element::elements);
    let slides: Vec<String> =
        ids.filter_map(|slide| relations.by_id(slide.prefixed("id")?)).map(str::to_owned).collect();
    if slides.len() > MAX_PAGES {
        let detail = format!("{} slides; the first {MAX_PAGES} are read", slides.len());
        package.blocks.note(Problem::new(ProblemKind::TooLarge, detail));
    }
    let mut layouts = Layouts::default();
    for (number, slide) in (1..).zip(slides.iter().take(MAX_PAGES)) {
        if package.blocks.room() == Room::Full {
            break;
        }
        package.blocks.set_place(Some(Locator::Slides { first: number, last: number }));
        read_slide(&mut package, &mut layouts, slide, number)?;
    }
    Ok(package.blocks.finish().into())
}

fn read_slide(package: &mut Package<'_>, layouts: &mut Layouts, name: &str, number: u32) -> Result<(), Problem> {
    let slide = package.part(name)?;
    let Some(tree) = slide.path(&["cSld", "spTree"]) else {
        let detail = format!("slide {number} ({name}) is missing or broken");
        package.blocks.note(Problem::new(ProblemKind::PartlyMalformed, detail));
        return Ok(());
    };
    let relations = package.relations(name)?;
    let inherited = layouts.of(package, &relations)?;
    let is_title_slide = number == 1 && says_title_of_all(package, tree, &relations)?;
    let mut figures = figures::read(package, &relations)?;
    let mut shapes = Vec::new();
    flatten(tree, &mut shapes);
    // The title comes first, wherever it stands in the file.
    let (titles, others): (Vec<_>, Vec<_>) = shapes.into_iter().partition(|shape| role(shape) == Role::Title);
    for title in titles {
        let text = paragraphs(title).iter().map(|p| text_of(p)).collect::<Vec<_>>().join(" ");
        package.blocks.heading(if is_title_slide { DECK_LEVEL } else { TITLE_LEVEL }, &text);
        // What readers see is nearer to the truth than properties, which a template may have left.
        if is_title_slide {
            package.blocks.set_title(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    for shape in others {
        match shape.name() {
            "graphicFrame" => read_frame(&mut package.blocks, shape, &mut figures),
            _ if role(shape) == Role::Repeated => {}
            _ => read_shape(&mut package.blocks, shape, &inherited),
        }
    }
    read_notes(package, &relations)
}

/// Whether the first slide is a title slide: its layout or the place of its title says so. Others have a title of their own.
fn says_title_of_all(package: &mut Package<'_>, tree: &Element, relations: &Relations) -> Result<bool, Problem> {
    let mut shapes = Vec::new();
    flatten(tree, &mut shapes);
    let mut kinds = shapes.iter().filter_map(|shape| placeholder(shape)?.attribute("type"));
    if kinds.any(|kind| kind == "ctrTitle") {
        return Ok(true);
    }
    let Some(layout) = relations.by_kind("slideLayout") else { return Ok(false) };
    Ok(package.part(layout)?.attribute("type") == Some("title"))
}

/// What a shape is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Title,
    Repeated,
    Content,
}

fn role(shape: &Element) -> Role {
    match placeholder(shape).and_then(|placeholder| placeholder.attribute("type")) {
        Some("title" | "ctrTitle") => Role::Title,
        Some("dt" | "ftr" | "sldNum" | "hdr" | "sldImg") => Role::Repeated,
        _ => Role::Content,
    }
}

/// The element that ties a shape to one of its layout.
pub(super) fn placeholder(shape: &Element) -> Option<&Element> {
    let properties = shape.elements().find(|child| child.name().starts_with("nv"))?;
    properties.path(&["nvPr", "ph"])
}

/// All shapes, groups opened.
fn flatten<'a>(parent: &'a Element, out: &mut Vec<&'a Element>) {
    for element in parent.elements() {
        match element.name() {
            "sp" | "cxnSp" | "graphicFrame" => out.push(element),
            "grpSp" => flatten(element, out),
            // The newer form of the same content is the first.
            "AlternateContent" => {
                if let Some(choice) = element.elements().next() {
                    flatten(choice, out);
                }
            }
            _ => {}
        }
    }
}

/// What slides inherit, by layout: each layout and its master are read once.
#[derive(Debug, Default)]
struct Layouts(HashMap<String, Rc<Inherited>>);

impl Layouts {
    fn of(&mut self, package: &mut Package<'_>, slide: &Relations) -> Result<Rc<Inherited>, Problem> {
        let Some(name) = slide.by_kind("slideLayout") else { return Ok(Rc::default()) };
        if let Some(known) = self.0.get(name) {
            return Ok(Rc::clone(known));
        }
        let layout = package.part(name)?;
        let master_name = package.relations(name)?.by_kind("slideMaster").map(str::to_owned);
        let master = master_name.map_or_else(|| Ok(Element::default()), |name| package.part(&name))?;
        let inherited = Rc::new(Inherited::new(&layout, &master));
        self.0.insert(name.to_owned(), Rc::clone(&inherited));
        Ok(inherited)
    }
}

fn read_shape(blocks: &mut Blocks, shape: &Element, inherited: &Inherited) {
    let mut lists = Lists::of(shape, inherited);
    for paragraph in paragraphs(shape) {
        let text = text_of(paragraph);
        if text.trim().is_empty() {
            continue;
        }
        match lists.label(paragraph) {
            Some((depth, label)) => blocks.item(depth, &label, &text),
            None => blocks.paragraph(&text),
        };
    }
}

fn paragraphs(shape: &Element) -> Vec<&Element> {
    let body = shape.child("txBody").into_iter().flat_map(Element::elements);
    body.filter(|element| element.name() == "p").collect()
}

/// The text of a paragraph: runs, line breaks, fields, equations.
fn text_of(paragraph: &Element) -> String {
    let mut out = String::new();
    for element in paragraph.elements() {
        match element.name() {
            "r" | "fld" => out.push_str(&element.child("t").map(Element::text).unwrap_or_default()),
            "br" => out.push('\n'),
            "pPr" | "endParaRPr" => {}
            // Equations are wrapped for older programs; the newer form of the same content is the first.
            "AlternateContent" => {
                out.push_str(&element.elements().next().map(super::math::linear).unwrap_or_default());
            }
            _ => out.push_str(&super::math::linear(element)),
        }
    }
    out
}

fn read_frame(blocks: &mut Blocks, frame: &Element, figures: &mut HashMap<String, Figure>) {
    let Some(data) = frame.path(&["graphic", "graphicData"]) else { return };
    if let Some(table) = data.child("tbl") {
        let table = read_table(table);
        match table.rows.as_slice() {
            [row] => blocks.paragraph(&line_of(row)),
            _ => blocks.table(table),
        };
    } else {
        let chart = data.child("chart").and_then(|chart| chart.prefixed("id"));
        let id = chart.or_else(|| data.child("relIds").and_then(|ids| ids.attribute("dm")));
        if let Some(figure) = id.and_then(|id| figures.remove(id)) {
            figure.show(blocks);
        }
    }
}

fn read_table(element: &Element) -> Table {
    let rows = element.elements().filter(|element| element.name() == "tr").map(|row| {
        let cells = row.elements().filter(|cell| cell.name() == "tc");
        // What a cell further up or left reaches over is there too, marked.
        let first = cells.filter(|cell| !is_flag(cell, "hMerge") && !is_flag(cell, "vMerge"));
        Row { cells: first.map(read_cell).collect(), at: None }
    });
    let rows: Vec<Row> = rows.collect();
    let marked = element.child("tblPr").is_some_and(|properties| is_flag(properties, "firstRow"));
    let header_rows = if marked && rows.len() > 1 { guess_header_rows(&rows).max(1) } else { guess_header_rows(&rows) };
    Table { header_rows, rows }
}

fn read_cell(cell: &Element) -> Cell {
    let span = |name| cell.attribute(name).and_then(|span| span.parse().ok()).unwrap_or(1).clamp(1, 1000);
    let lines: Vec<String> = paragraphs(cell).iter().map(|p| text_of(p)).collect();
    Cell { text: lines.join("\n"), columns: span("gridSpan"), rows: span("rowSpan") }
}

fn is_flag(element: &Element, name: &str) -> bool {
    matches!(element.attribute(name), Some("1" | "true"))
}

/// The speaker's notes, marked as such: they are not on the slide.
fn read_notes(package: &mut Package<'_>, relations: &Relations) -> Result<(), Problem> {
    let Some(name) = relations.by_kind("notesSlide").map(str::to_owned) else { return Ok(()) };
    let notes = package.part(&name)?;
    let mut shapes = Vec::new();
    if let Some(tree) = notes.path(&["cSld", "spTree"]) {
        flatten(tree, &mut shapes);
    }
    let of_body = shapes.iter().filter(|shape| {
        placeholder(shape).is_some_and(|placeholder| placeholder.attribute("type").is_none_or(|kind| kind == "body"))
    });
    let lines: Vec<String> = of_body.flat_map(|shape| paragraphs(shape)).map(text_of).collect();
    let text = lines.join("\n");
    if !text.trim().is_empty() {
        package.blocks.paragraph(&format!("Notes: {}", text.trim()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
