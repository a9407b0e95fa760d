//! Reads PDF files. The library `pdf_oxide` decodes fonts and content (`source`); which lines belong to which column,
//! paragraph, list, heading or table is decided here, from where they stand and how they look. All modules but `source`,
//! `cmaps`, `title`, `forms` and `attachments` are pure.

mod aligned;
mod attachments;
mod blocks;
mod cmaps;
mod columns;
mod cut;
mod directions;
mod eojeol;
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
mod page_tree;
mod pages;
mod room;
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
    if page_tree::leads_back(bytes) {
        return refused(Problem::new(ProblemKind::Malformed, "its tree of pages leads back to itself".to_owned()));
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

/// Lines that stand below each other.
struct Column {
    page: u32,
    place: Place,
    lines: Vec<Line>,
    /// How far they could have reached, as the page tells.
    margin: f32,
}

impl Column {
    fn aside(page: u32, lines: Vec<Line>) -> Self {
        Self { page, place: Place::Aside, lines, margin: f32::NEG_INFINITY }
    }

    /// The right edge of its text, where that is not the end of its longest line.
    fn right_edge(&self, others: &[(f32, f32)]) -> Option<f32> {
        (self.place == Place::Main).then(|| room::right_edge(&self.lines, self.margin, others)).flatten()
    }
}

/// The columns of all pages in reading order. What runs along their edges stands behind the first page that shows it.
fn read_columns(pages: &mut Pages, mut running: Running, body: f32) -> Vec<Column> {
    let mut columns = Vec::new();
    for page in &mut pages.laid {
        let shape = Shape { number: page.number, height: page.height, body };
        let kept = running.strip(&mut page.lines, shape);
        let found = line::columns(std::mem::take(&mut page.lines));
        let margins = room::margins(&found, page.width);
        let main = found.into_iter().zip(margins);
        let number = page.number;
        columns.extend(main.map(|(lines, margin)| Column { page: number, place: Place::Main, lines, margin }));
        for lines in std::mem::take(&mut page.turned) {
            columns.extend(line::columns(lines).into_iter().map(|lines| Column::aside(number, lines)));
        }
        columns.extend(kept.into_iter().map(|line| Column::aside(number, vec![line])));
        if !page.slanted.is_empty() {
            let slanted = Line::run(std::mem::take(&mut page.slanted), Area::default(), ASIDE);
            columns.push(Column::aside(number, vec![slanted]));
        }
    }
    columns
}

/// What belongs together in all columns, paragraphs put together again that a column or page ended.
fn read_groups(columns: Vec<Column>, style: &Style) -> Vec<Group> {
    let main = columns.iter().filter(|column| column.place == Place::Main);
    let mut edges: Vec<(f32, f32)> = main.filter_map(|column| room::edges(&column.lines)).collect();
    edges.truncate(MAX_EDGES);
    let mut groups = Vec::new();
    for column in columns {
        let right = column.right_edge(&edges);
        let mut found = segment::groups(column.lines, column.page, style, right);
        if column.place == Place::Aside {
            found.iter_mut().for_each(set_aside);
        }
        blocks::append(&mut groups, found, style);
    }
    groups
}

/// Most columns that another one is compared with.
const MAX_EDGES: usize = 1_000;

fn read_pages(source: &Source) -> Result<Extract, Problem> {
    let mut pages = Pages::read(source)?;
    let lines = pages.laid.iter().flat_map(|page| &page.lines);
    let body = Style::of(lines.chain(pages.tables.iter().flat_map(Found::lines))).body;
    let edges: Vec<Edges> = pages.laid.iter().map(|page| Edges::of(&page.lines, page.number, page.height)).collect();
    let running = Running::of(&edges);
    let columns = read_columns(&mut pages, running, body);
    let main = || columns.iter().filter(|column| column.place == Place::Main).map(|column| column.lines.as_slice());
    let lines = main().flatten().chain(pages.tables.iter().flat_map(Found::lines));
    let mut style = Style::of(lines);
    style.breaks_early = room::breaks_early(main());
    let groups = read_groups(columns, &style);
    let (mut blocks, turns) = blocks::blocks(groups, pages.tables, &style);
    blocks.extend(forms::filled_fields(source.document()));
    let mut problems = pages.problems;
    problems.extend(source.problem());
    if blocks.len() > MAX_BLOCKS {
        let detail = format!("{} blocks beyond the first {MAX_BLOCKS} were left out", blocks.len() - MAX_BLOCKS);
        problems.push(Problem::new(ProblemKind::TooLarge, detail));
        blocks.truncate(MAX_BLOCKS);
    }
    let title = guard::guarded(|| title::title(source.document())).flatten();
    Ok(Extract { title, blocks, turns, problems, ..Extract::default() })
}
