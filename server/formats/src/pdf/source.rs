//! Reads what a PDF file draws: the one place that asks the PDF library for pages. Every call into it is guarded, as files
//! that break it exist; pages are read one at a time, and nothing of a page is kept here.

use std::collections::{BTreeSet, HashMap, HashSet};

use pdf_oxide::document::ReadingOrder;
use pdf_oxide::elements::PathContent;
use pdf_oxide::extractors::SpanMergingConfig;
use pdf_oxide::layout::{TextChar, TextSpan};
use pdf_oxide::optional_content::compute_default_off_ocgs;
use pdf_oxide::structure::{McidScope, traverse_structure_tree_all_pages};
use pdf_oxide::{Error, PdfDocument};

use super::cmaps;
use super::directions::Direction;
use super::guard::guarded;
use super::layouts::{Drawn, Page, keep_shown, letters};
use super::line::Tag;
use super::nesting::{MAX_NESTING, nesting};
use crate::{Problem, ProblemKind};

/// An open file.
pub(super) struct Source {
    document: PdfDocument,
    /// The layers that are not shown unless a reader turns them on.
    hidden: HashSet<String>,
    /// What its structure tree says about pieces of marked content, by page and number.
    tags: HashMap<(u32, u32), Tag>,
    /// Encodings of fonts whose text is read wrongly.
    unread: BTreeSet<String>,
}

/// So few characters beside a page are printer's marks.
const FEW: usize = 20;

/// Most marked contents whose tags are kept: some 20 a page.
const MAX_TAGS: usize = 500_000;

/// Most glyphs of a page: a dense page has 10,000.
const MAX_GLYPHS: usize = 400_000;

/// Most lines and boxes of a page that are looked at: more are a drawing.
const MAX_RULES: usize = 3_000;

impl Source {
    /// Opens a file. A file that only its owner's password locks against changes is open to read.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, Problem> {
        let malformed = |detail: String| Problem::new(ProblemKind::Malformed, detail);
        let mut document = match guarded(|| PdfDocument::from_bytes(bytes.to_vec())) {
            Some(Ok(document)) => document,
            Some(Err(Error::EncryptedPdf)) => return Err(locked()),
            Some(Err(error)) => return Err(malformed(error.to_string())),
            None => return Err(malformed("the file's structure breaks the reader".to_owned())),
        };
        let is_open = guarded(|| !document.is_encrypted() || document.is_authenticated()).unwrap_or(false);
        if !is_open {
            return Err(locked());
        }
        let told = guarded(|| cmaps::told(&document, bytes));
        let mut unread = told.as_ref().map_or_else(unknown_fonts, |told| told.unread.clone());
        if let Some(update) = told.and_then(|told| told.update) {
            // One document at a time: a file may be large.
            drop(document);
            let open = |bytes: Vec<u8>| guarded(|| PdfDocument::from_bytes(bytes).ok()).flatten();
            let mended = open([bytes, &update].concat()).or_else(|| {
                unread.extend(unknown_fonts());
                open(bytes.to_vec())
            });
            document = mended.ok_or_else(|| malformed("it can be opened but once".to_owned()))?;
        }
        let hidden = guarded(|| compute_default_off_ocgs(&document)).unwrap_or_default();
        let is_tagged = guarded(|| document.mark_info().is_ok_and(|info| info.marked && !info.suspects));
        let is_tagged = is_tagged.unwrap_or(false);
        let tags = if is_tagged { guarded(|| tags(&document)).unwrap_or_default() } else { HashMap::new() };
        Ok(Self { document, hidden, tags, unread })
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
        let (spans, outside) = self.shown_spans(index, spans, &chars, shown);
        if spans.is_empty() {
            return Ok(Page::default());
        }
        let upright = guarded(|| self.document.get_page_rotation(index)).and_then(Result::ok).unwrap_or(0);
        let (upright, paths) = (Direction::of(upright as f32), self.paths(index));
        let drawn = Drawn { spans, chars, paths, shown, upright, tags: &self.tags, index };
        Ok(Page { outside, ..drawn.page() })
    }

    /// Whether a page shows a picture.
    pub(super) fn has_picture(&self, index: usize) -> bool {
        guarded(|| self.document.page_image_handles(index).is_ok_and(|found| !found.is_empty())).unwrap_or(false)
    }

    /// What is wrong with the whole file.
    pub(super) fn problem(&self) -> Option<Problem> {
        let names: Vec<&str> = self.unread.iter().map(String::as_str).collect();
        let detail = format!(
            "its fonts of the encoding {} are not embedded, and text in them may be wrong: save it with embedded fonts",
            names.join(", ")
        );
        (!names.is_empty()).then(|| Problem::new(ProblemKind::PartlyMalformed, detail))
    }

    /// The document, for what is read once.
    pub(super) fn document(&self) -> &PdfDocument {
        &self.document
    }

    /// The straight lines that a page draws, and its boxes.
    fn paths(&self, index: usize) -> Vec<(f32, f32, f32, f32)> {
        let paths = guarded(|| self.document.extract_paths(index)).and_then(Result::ok).unwrap_or_default();
        if paths.len() > MAX_RULES {
            return Vec::new();
        }
        let corners = paths.iter().filter(|path| is_ruling(path)).map(|path| {
            let corner = path.bbox;
            (corner.x, corner.y, corner.x + corner.width, corner.y + corner.height)
        });
        corners.collect()
    }

    /// The runs of a page, and how many of its characters a viewer does not show. The library leaves out runs that stand
    /// outside of the page, but takes turned ones for level, and may leave out what is shown, or all there is.
    fn shown_spans(
        &self,
        index: usize,
        spans: Vec<TextSpan>,
        chars: &[TextChar],
        shown: (f32, f32, f32, f32),
    ) -> (Vec<TextSpan>, usize) {
        let drawn = chars.iter().filter(|char| !char.char.is_whitespace()).count();
        let known: usize = spans.iter().map(|span| letters(&span.text)).sum();
        let is_missing = drawn > known + FEW && drawn * 5 > known * 6;
        if !is_missing || !self.hidden.is_empty() {
            return (spans, 0);
        }
        let config = SpanMergingConfig::default();
        let all = guarded(|| self.document.extract_spans_with_config(index, config)).and_then(Result::ok);
        let Some(mut all) = all.filter(|all| all.len() > spans.len()) else { return (spans, 0) };
        all.truncate(MAX_GLYPHS);
        let outside = keep_shown(&mut all, shown);
        (all, outside)
    }
}

/// Whether a path may be a line of a table. A thin box that is not painted itself bounds what is.
fn is_ruling(path: &PathContent) -> bool {
    let is_thin = path.bbox.width.min(path.bbox.height) < 2.5;
    (is_thin || path.has_stroke() || path.has_fill()) && (path.is_straight_line() || path.is_rectangle())
}

/// What is said where looking at the fonts broke the reader.
fn unknown_fonts() -> BTreeSet<String> {
    BTreeSet::from(["(unknown)".to_owned()])
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
