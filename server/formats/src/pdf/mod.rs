//! Reads PDF files. The library `pdf_oxide` decodes fonts and content (`source`); which lines belong to which column,
//! paragraph, list, heading or table is decided here, from where they stand and how they look. All modules but `source`,
//! `title` and `attachments` are pure.

mod aligned;
mod attachments;
mod blocks;
mod columns;
mod cut;
mod directions;
mod fonts;
mod forms;
mod frame;
mod geometry;
mod glyphs;
mod guard;
mod join;
mod layouts;
mod line;
mod marks;
mod nesting;
mod numbering;
mod pages;
mod rules;
mod running;
mod segment;

mod source;
mod style;
mod tables;
mod text;
mod title;

pub(crate) use attachments::Attachment;

use crate::limits::{MAX_ATTACHMENTS, MAX_BLOCKS};
use crate::{Extract, Problem, ProblemKind};
use geometry::Area;
use line::{Line, Tag};
use nesting::{MAX_NESTING, nesting};
use pages::Pages;
use running::{Edges, Running, Shape};
use segment::Group;
use source::Source;
use style::Style;
use tables::Found;

/// A file as read, with the files embedded in it.
pub(crate) struct Document {
    /// What the file itself says.
    pub(crate) extract: Extract,
    /// The embedded files that are to be read too.
    pub(crate) attachments: Vec<Attachment>,
}

/// Reads a file.
pub(crate) fn read(bytes: &[u8]) -> Document {
    let depth = nesting(bytes);
    if depth > MAX_NESTING {
        return refused(Problem::new(ProblemKind::Malformed, format!("its objects are nested {depth} deep")));
    }
    read_here(bytes)
}

fn refused(problem: Problem) -> Document {
    Document { extract: Extract::refused(problem), attachments: Vec::new() }
}

fn read_here(bytes: &[u8]) -> Document {
    let read = Source::open(bytes).and_then(|source| {
        let mut extract = read_pages(&source)?;
        let (attachments, left_out) = attachments::attachments(source.document(), MAX_ATTACHMENTS);
        if left_out > 0 {
            let detail = format!("{left_out} embedded files beyond the first {MAX_ATTACHMENTS} were left out");
            extract.problems.push(Problem::new(ProblemKind::TooLarge, detail));
        }
        Ok(Document { extract, attachments })
    });
    let mut document = read.unwrap_or_else(refused);
    if cut::is_cut(bytes) {
        note_cut(&mut document.extract);
    }
    document
}

/// Says of a file that it was cut; whatever else is wrong with it comes from that.
fn note_cut(extract: &mut Extract) {
    let problem = if extract.blocks.is_empty() {
        extract.problems.retain(|problem| problem.kind == ProblemKind::Encrypted);
        Problem::new(ProblemKind::Malformed, "it ends in the middle: copy or download it again")
    } else {
        // A page whose content is missing looks like one of pictures.
        extract.problems.retain(|problem| problem.kind != ProblemKind::NoText);
        let detail = "it ends in the middle, and what stood there is missing: copy or download it again";
        Problem::new(ProblemKind::PartlyMalformed, detail)
    };
    if extract.problems.iter().all(|problem| problem.kind != ProblemKind::Encrypted) {
        extract.problems.push(problem);
    }
}

/// Text in another direction or at an edge counts as small: a paragraph goes on behind it.
const ASIDE: f32 = 1.0;

/// Where a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the page's main direction.
    Main,
    /// In another direction, or at the edge of the page.
    Aside,
}

/// Makes a group one that paragraphs go on behind, and no heading.
fn set_aside(group: &mut Group) {
    for line in &mut group.lines {
        (line.size, line.bold, line.starts_bold, line.tag) = (ASIDE, 0, false, Tag::default());
    }
}

/// The columns of all pages in reading order. What runs along their edges stands behind the first page that shows it.
fn read_columns(pages: &mut Pages, mut running: Running, body: f32) -> Vec<(u32, Place, Vec<Line>)> {
    let mut columns = Vec::new();
    for page in &mut pages.laid {
        let shape = Shape { number: page.number, height: page.height, body };
        let kept = running.strip(&mut page.lines, shape);
        let found = line::columns(std::mem::take(&mut page.lines));
        columns.extend(found.into_iter().map(|lines| (page.number, Place::Main, lines)));
        for lines in std::mem::take(&mut page.turned) {
            columns.extend(line::columns(lines).into_iter().map(|lines| (page.number, Place::Aside, lines)));
        }
        columns.extend(kept.into_iter().map(|line| (page.number, Place::Aside, vec![line])));
        if !page.slanted.is_empty() {
            let slanted = Line::run(std::mem::take(&mut page.slanted), Area::default(), ASIDE);
            columns.push((page.number, Place::Aside, vec![slanted]));
        }
    }
    columns
}

fn read_pages(source: &Source) -> Result<Extract, Problem> {
    let mut pages = Pages::read(source)?;
    let lines = pages.laid.iter().flat_map(|page| &page.lines);
    let body = Style::of(lines.chain(pages.tables.iter().flat_map(Found::lines))).body;
    let edges: Vec<Edges> = pages.laid.iter().map(|page| Edges::of(&page.lines, page.number, page.height)).collect();
    let running = Running::of(&edges);
    let columns = read_columns(&mut pages, running, body);
    let lines = columns.iter().filter(|(_, place, _)| *place == Place::Main).flat_map(|(_, _, lines)| lines);
    let style = Style::of(lines.chain(pages.tables.iter().flat_map(Found::lines)));
    let mut groups = Vec::new();
    for (number, place, lines) in columns {
        let mut found = segment::groups(lines, number, &style);
        if place == Place::Aside {
            found.iter_mut().for_each(set_aside);
        }
        blocks::append(&mut groups, found, &style);
    }
    let mut blocks = blocks::blocks(groups, pages.tables, &style);
    blocks.extend(forms::filled_fields(source.document()));
    let mut problems = pages.problems;
    if blocks.len() > MAX_BLOCKS {
        let detail = format!("{} blocks beyond the first {MAX_BLOCKS} were left out", blocks.len() - MAX_BLOCKS);
        problems.push(Problem::new(ProblemKind::TooLarge, detail));
        blocks.truncate(MAX_BLOCKS);
    }
    let title = guard::guarded(|| title::title(source.document())).flatten();
    Ok(Extract { title, blocks, problems, ..Extract::default() })
}
