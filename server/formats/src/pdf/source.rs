//! Reads what a PDF file draws: the one place that asks the PDF library for pages. Every call into it is guarded, as files
//! that break it exist; pages are read one at a time, and nothing of a page is kept here.

use std::collections::{HashMap, HashSet};

use pdf_oxide::document::ReadingOrder;
use pdf_oxide::elements::PathContent;
use pdf_oxide::extractors::text::ArtifactType;
use pdf_oxide::layout::{TextChar, TextSpan};
use pdf_oxide::optional_content::compute_default_off_ocgs;
use pdf_oxide::structure::{McidScope, traverse_structure_tree_all_pages};
use pdf_oxide::{Error, PdfDocument};

use super::fonts::Looks;
use super::frame::{Frame, main_direction};
use super::geometry::{Area, tame};
use super::glyphs::{Glyph, runs};
use super::guard::guarded;
use super::line::{Line, Tag};
use super::nesting::{MAX_NESTING, nesting};
use super::rules::Rule;
use crate::{Problem, ProblemKind};

/// An open file.
pub(super) struct Source {
    document: PdfDocument,
    /// The layers that are not shown unless a reader turns them on.
    hidden: HashSet<String>,
    /// What its structure tree says about pieces of marked content, by page and number.
    tags: HashMap<(u32, u32), Tag>,
}

/// What a page draws.
#[derive(Default)]
pub(super) struct Page {
    /// Text in the page's main direction.
    pub(super) runs: Vec<Line>,
    /// Text in other directions: a stamp at the margin, labels of axes.
    pub(super) aside: String,
    /// Lines and edges of boxes.
    pub(super) rules: Vec<Rule>,
    /// The page's height in points.
    pub(super) height: f32,
    /// How many characters have no known letter.
    pub(super) unknown: usize,
}

/// Glyphs whose direction differs by less than this (degrees) from the page's belong to its lines.
const SAME_DIRECTION: f32 = 1.0;

/// Most marked contents whose tags are kept: some 20 a page.
const MAX_TAGS: usize = 500_000;

/// Most runs in other directions: a map has thousands of labels.
const MAX_ASIDE: usize = 50;

/// Most glyphs of a page: a dense page has 10,000.
const MAX_GLYPHS: usize = 400_000;

/// Most lines and boxes of a page that are looked at: more are a drawing.
const MAX_RULES: usize = 3_000;

impl Source {
    /// Opens a file. A file that only its owner's password locks against changes is open to read.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, Problem> {
        let malformed = |detail: String| Problem::new(ProblemKind::Malformed, detail);
        let document = match guarded(|| PdfDocument::from_bytes(bytes.to_vec())) {
            Some(Ok(document)) => document,
            Some(Err(Error::EncryptedPdf)) => return Err(locked()),
            Some(Err(error)) => return Err(malformed(error.to_string())),
            None => return Err(malformed("the file's structure breaks the reader".to_owned())),
        };
        let is_open = guarded(|| !document.is_encrypted() || document.is_authenticated()).unwrap_or(false);
        if !is_open {
            return Err(locked());
        }
        let hidden = guarded(|| compute_default_off_ocgs(&document)).unwrap_or_default();
        let is_tagged = guarded(|| document.mark_info().is_ok_and(|info| info.marked && !info.suspects));
        let is_tagged = is_tagged.unwrap_or(false);
        let tags = if is_tagged { guarded(|| tags(&document)).unwrap_or_default() } else { HashMap::new() };
        Ok(Self { document, hidden, tags })
    }

    /// How many pages there are.
    pub(super) fn page_count(&self) -> Result<usize, Problem> {
        match guarded(|| self.document.page_count()) {
            Some(Ok(count)) => Ok(count),
            Some(Err(Error::EncryptedPdf)) => Err(locked()),
            Some(Err(error)) => Err(Problem::new(ProblemKind::Malformed, error.to_string())),
            None => Err(Problem::new(ProblemKind::Malformed, "the list of pages breaks the reader")),
        }
    }

    /// What a page (counted from 0) draws; the error says what is wrong with it.
    pub(super) fn page(&self, index: usize) -> Result<Page, String> {
        let broken = || "its content breaks the reader".to_owned();
        let shown = guarded(|| self.document.get_page_visible_box(index)).ok_or_else(broken)?;
        let shown = shown.map_err(|error| error.to_string())?;
        let content = guarded(|| self.document.get_page_content_data(index)).and_then(Result::ok).unwrap_or_default();
        let depth = nesting(&content);
        if depth > MAX_NESTING {
            return Err(format!("its content is nested {depth} deep"));
        }
        let order = ReadingOrder::TopToBottom;
        let spans = guarded(|| {
            self.document.extract_spans_filtered_with_reading_order(index, order, self.hidden.clone(), HashSet::new())
        });
        let mut spans = spans.ok_or_else(broken)?.map_err(|error| error.to_string())?;
        let chars = guarded(|| self.document.extract_chars_filtered(index, self.hidden.clone(), HashSet::new()));
        let mut chars = chars.and_then(Result::ok).unwrap_or_default();
        spans.truncate(MAX_GLYPHS);
        chars.truncate(MAX_GLYPHS);
        Ok(self.lay(index, spans, chars, shown))
    }

    /// Whether a page shows a picture.
    pub(super) fn has_picture(&self, index: usize) -> bool {
        guarded(|| self.document.page_image_handles(index).is_ok_and(|found| !found.is_empty())).unwrap_or(false)
    }

    /// The document, for what is read once.
    pub(super) fn document(&self) -> &PdfDocument {
        &self.document
    }

    fn lay(&self, index: usize, spans: Vec<TextSpan>, chars: Vec<TextChar>, shown: (f32, f32, f32, f32)) -> Page {
        let weighed = spans.iter().map(|span| (span.rotation_degrees, span.text.len()));
        let direction = main_direction(weighed);
        let frame = Frame::new(direction, shown);
        let mut page = Page { height: frame.height, ..Page::default() };
        if spans.is_empty() {
            return page;
        }
        page.rules = self.rules(index, &frame);
        let artifacts = artifacts(&spans);
        let is_upright = |degrees: f32| (degrees - direction).abs() < SAME_DIRECTION;
        let aside = spans.iter().filter(|span| !is_upright(span.rotation_degrees) && !is_artifact(span));
        page.aside = aside.take(MAX_ASIDE).map(|span| span.text.trim()).collect::<Vec<_>>().join(" ");
        if agree(&spans, &chars) {
            let is_shown = |char: &&TextChar| {
                is_upright(char.rotation_degrees) && !is_in(&artifacts, char.origin_x, char.origin_y)
            };
            // What only the glyphs do not know is mostly a blank that must not break.
            let unknown = if spans.iter().any(|span| span.text.contains('\u{fffd}')) { '\u{fffd}' } else { ' ' };
            let mut glyphs: Vec<Glyph> =
                chars.iter().filter(is_shown).map(|char| self.glyph(index, char, &frame)).collect();
            glyphs.iter_mut().filter(|glyph| glyph.char == '\u{fffd}').for_each(|glyph| glyph.char = unknown);
            page.runs = runs(glyphs, &page.rules);
        } else {
            let shown = spans.into_iter().filter(|span| is_upright(span.rotation_degrees));
            let shown = shown.filter(|span| !is_in(&artifacts, span.bbox.x, span.bbox.y));
            page.runs = shown.map(|span| self.run(index, span, &frame)).collect();
        }
        page.unknown = page.runs.iter().map(|run| run.text.matches('\u{fffd}').count()).sum();
        page
    }

    fn tag(&self, index: usize, mcid: Option<u32>) -> Tag {
        mcid.and_then(|mcid| self.tags.get(&(index as u32, mcid))).copied().unwrap_or_default()
    }

    fn run(&self, index: usize, span: TextSpan, frame: &Frame) -> Line {
        let size = tame(span.font_size).clamp(0.1, 1000.0);
        let looks = Looks::of(&span.font_name);
        let area = frame.glyph(span.bbox.x, span.bbox.y, span.bbox.width, size);
        let text = span.text.chars().map(|c| looks.mended(c)).filter(|c| !c.is_control()).collect();
        let mut run = Line::run(text, area, size);
        run.starts_bold = span.font_weight.is_bold() || looks.is_bold;
        run.bold = if run.starts_bold { run.chars } else { 0 };
        run.mono = if looks.is_mono { run.chars } else { 0 };
        run.tag = self.tag(index, span.mcid);
        run.font = looks.font;
        run
    }

    fn glyph(&self, index: usize, char: &TextChar, frame: &Frame) -> Glyph {
        let size = tame(char.font_size).clamp(0.1, 1000.0);
        let looks = Looks::of(&char.font_name);
        Glyph {
            char: looks.mended(char.char),
            area: frame.glyph(char.origin_x, char.origin_y, char.advance_width, size),
            size,
            is_bold: char.font_weight.is_bold() || looks.is_bold,
            is_mono: looks.is_mono,
            font: looks.font,
            tag: self.tag(index, char.mcid),
        }
    }

    /// The straight lines that a page draws, and the edges of its boxes.
    fn rules(&self, index: usize, frame: &Frame) -> Vec<Rule> {
        let paths = guarded(|| self.document.extract_paths(index)).and_then(Result::ok).unwrap_or_default();
        if paths.len() > MAX_RULES {
            return Vec::new();
        }
        let places = paths.iter().filter(|path| is_ruling(path)).map(|path| {
            let corner = path.bbox;
            frame.drawing(corner.x, corner.y, corner.x + corner.width, corner.y + corner.height)
        });
        places.flat_map(|area| Rule::edges(area, frame.width, frame.height)).collect()
    }
}

/// Most artifacts of a page.
const MAX_ARTIFACTS: usize = 200;

/// The places of what the file marks as running header or footer, page number or watermark, in the page's own
/// coordinates; none if that is all its text.
fn artifacts(spans: &[TextSpan]) -> Vec<Area> {
    if spans.iter().all(|span| is_artifact(span) || span.text.trim().is_empty()) {
        return Vec::new();
    }
    let marked = spans.iter().filter(|span| is_artifact(span)).take(MAX_ARTIFACTS);
    marked.map(|span| Area::new(span.bbox.x, span.bbox.y, span.bbox.x + span.bbox.width, span.bbox.y + 1.0)).collect()
}

fn is_artifact(span: &TextSpan) -> bool {
    matches!(span.artifact_type, Some(ArtifactType::Pagination(_)))
}

fn is_in(areas: &[Area], x: f32, y: f32) -> bool {
    let point = Area::new(x, y, x, y);
    areas.iter().any(|area| area.holds_middle(point, 0.5))
}

/// Whether the library's single glyphs say what its runs say. Glyphs have the better places, but some fonts' glyphs stand
/// for several characters, which only the runs have.
fn agree(spans: &[TextSpan], chars: &[TextChar]) -> bool {
    let mut counts: HashMap<char, i64> = HashMap::new();
    let is_letter = |c: &char| !c.is_whitespace() && *c != '\u{fffd}';
    let written = spans.iter().flat_map(|span| span.text.chars()).filter(is_letter);
    let mut total = 0;
    for c in written {
        *counts.entry(c).or_default() += 1;
        total += 1;
    }
    for c in chars.iter().map(|char| char.char).filter(is_letter) {
        *counts.entry(c).or_default() -= 1;
    }
    let differing: i64 = counts.values().map(|count| count.abs()).sum();
    differing * 200 <= total
}

/// Whether a path may be a line of a table. A thin box that is not painted itself bounds what is.
fn is_ruling(path: &PathContent) -> bool {
    let is_thin = path.bbox.width.min(path.bbox.height) < 2.5;
    (is_thin || path.has_stroke() || path.has_fill()) && (path.is_straight_line() || path.is_rectangle())
}

fn locked() -> Problem {
    Problem::new(ProblemKind::Encrypted, "a password is needed to open it")
}

/// What the structure tree says.
fn tags(document: &PdfDocument) -> HashMap<(u32, u32), Tag> {
    let Ok(Some(tree)) = document.structure_tree() else { return HashMap::new() };
    let mut tags = HashMap::new();
    for (page, contents) in traverse_structure_tree_all_pages(&tree) {
        for content in contents {
            // Numbers of other content streams than the page's may be the same.
            let is_of_page = matches!(content.mcid_scope, None | Some(McidScope::Page(_)));
            let Some(mcid) = content.mcid.filter(|_| is_of_page && tags.len() < MAX_TAGS) else { continue };
            let heading = content.heading_level.map(|level| level.clamp(1, 6));
            tags.insert((page, mcid), Tag { heading, block: content.block_id, is_code: content.preformatted });
        }
    }
    tags
}
