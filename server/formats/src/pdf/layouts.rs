//! Lays out what a page draws, once for each direction of text, so that this text is upright.

use std::collections::HashMap;

use pdf_oxide::extractors::text::ArtifactType;
use pdf_oxide::layout::{TextChar, TextSpan};

use super::directions::{Direction, normal};
use super::fonts::Looks;
use super::frame::Frame;
use super::geometry::{Area, median, tame};
use super::glyphs::{Glyph, runs};
use super::line::{Line, Tag};
use super::rules::Rule;

/// The text of a page in one direction.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) runs: Vec<Line>,
    /// Lines and edges of boxes.
    pub(super) rules: Vec<Rule>,
    /// The page's height in points, as this text stands on it.
    pub(super) height: f32,
    /// And its width.
    pub(super) width: f32,
}

/// What a page draws.
#[derive(Default)]
pub(super) struct Page {
    /// Its text by directions, the one of most text first.
    pub(super) layouts: Vec<Layout>,
    /// Text in no quarter turn: a stamp across the page, names along curves.
    pub(super) slanted: String,
    /// How many characters have no known letter.
    pub(super) unknown: usize,
    /// How many characters the library found.
    pub(super) written: usize,
    /// How many characters stand outside of the page's edges, where no viewer shows them.
    pub(super) outside: usize,
}

impl Page {
    /// The runs of all layouts.
    pub(super) fn runs(&self) -> impl Iterator<Item = &Line> {
        self.layouts.iter().flat_map(|layout| &layout.runs)
    }
}

/// What the library says that a page draws.
pub(super) struct Drawn<'a> {
    pub(super) spans: Vec<TextSpan>,
    pub(super) chars: Vec<TextChar>,
    /// The corners of what is drawn besides.
    pub(super) paths: Vec<(f32, f32, f32, f32)>,
    /// The corners of what is shown.
    pub(super) shown: (f32, f32, f32, f32),
    /// The direction that stands upright when the page is shown.
    pub(super) upright: Direction,
    /// What the structure says about pieces of marked content.
    pub(super) tags: &'a HashMap<(u32, u32), Tag>,
    /// The page's number, from 0.
    pub(super) index: usize,
}

/// Angles that differ by less (degrees) are the same.
const SAME_ANGLE: f32 = 0.3;

/// Most places of artifacts of a page.
const MAX_ARTIFACTS: usize = 200;

impl Drawn<'_> {
    /// The page, laid out.
    pub(super) fn page(mut self) -> Page {
        let artifacts = artifacts(&self.spans);
        let agree = agree(&self.spans, &self.chars);
        let is_kept = |x: f32, y: f32| !is_in(&artifacts, x, y);
        self.spans.retain(|span| is_kept(span.bbox.x, span.bbox.y));
        self.chars.retain(|char| is_kept(char.origin_x, char.origin_y));
        let written = self.spans.iter().map(|span| letters(&span.text)).sum();
        let main = Direction::most(self.spans.iter().map(|span| (angle(span), span.text.len())), self.upright);
        let others = Direction::quarters().into_iter().filter(|direction| *direction != main);
        let mut layouts = Vec::new();
        for direction in std::iter::once(main).chain(others) {
            let (spans, rest): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.spans).into_iter().partition(|span| direction.holds(angle(span)));
            self.spans = rest;
            if direction == main || !spans.is_empty() {
                layouts.push(self.layout(direction, spans, agree));
            }
        }
        let mut page = Page { layouts, slanted: slanted(self.spans), written, ..Page::default() };
        page.unknown = page.runs().map(|run| run.text.matches('\u{fffd}').count()).sum();
        page
    }

    /// The layout of the text in a direction. Single glyphs have the better places, but the library says how wide they are
    /// only of those that are upright.
    fn layout(&self, direction: Direction, spans: Vec<TextSpan>, agree: bool) -> Layout {
        let turned: Vec<f32> = self
            .chars
            .iter()
            .filter(|char| direction.holds(char.rotation_degrees))
            .map(|char| normal(char.rotation_degrees - direction.degrees()))
            .collect();
        let is_even = turned.iter().all(|turned| turned.abs() < SAME_ANGLE);
        let is_vertical = spans.iter().any(|span| span.wmode == 1);
        let askew = if is_even || is_vertical { 0.0 } else { median(turned) };
        let frame = Frame::new(direction.degrees() + askew, self.shown);
        let edges = |corners: &(f32, f32, f32, f32)| {
            Rule::edges(frame.drawing(corners.0, corners.1, corners.2, corners.3), frame.width, frame.height)
        };
        let rules: Vec<Rule> = self.paths.iter().flat_map(edges).collect();
        let runs = if direction.is_level() && agree && is_even {
            runs(self.glyphs(direction, &spans, &frame), &rules)
        } else {
            spans.into_iter().map(|span| self.run(span, &frame)).collect()
        };
        Layout { runs, rules, height: frame.height, width: frame.width }
    }

    fn glyphs(&self, direction: Direction, spans: &[TextSpan], frame: &Frame) -> Vec<Glyph> {
        // What only the glyphs do not know is mostly a blank that must not break.
        let unknown = if spans.iter().any(|span| span.text.contains('\u{fffd}')) { '\u{fffd}' } else { ' ' };
        let chars = self.chars.iter().filter(|char| direction.holds(char.rotation_degrees));
        let mut glyphs: Vec<Glyph> = chars.map(|char| self.glyph(char, frame)).collect();
        glyphs.iter_mut().filter(|glyph| glyph.char == '\u{fffd}').for_each(|glyph| glyph.char = unknown);
        glyphs
    }

    fn tag(&self, mcid: Option<u32>) -> Tag {
        mcid.and_then(|mcid| self.tags.get(&(self.index as u32, mcid))).copied().unwrap_or_default()
    }

    fn run(&self, span: TextSpan, frame: &Frame) -> Line {
        let size = tame(span.font_size).clamp(0.1, 1000.0);
        let looks = Looks::of(&span.font_name);
        // Characters from the top down hang from the middle of their upper edges.
        let x = if span.wmode == 1 { span.bbox.x - 0.5 * size } else { span.bbox.x };
        let area = frame.glyph(x, span.bbox.y, tame(span.bbox.width).abs(), size);
        let text = span.text.chars().map(|c| looks.mended(c)).filter(|c| !c.is_control()).collect();
        let mut run = Line::run(text, area, size);
        run.starts_bold = span.font_weight.is_bold() || looks.is_bold;
        run.bold = if run.starts_bold { run.chars } else { 0 };
        run.mono = if looks.is_mono { run.chars } else { 0 };
        run.tag = self.tag(span.mcid);
        run.font = looks.font;
        run
    }

    fn glyph(&self, char: &TextChar, frame: &Frame) -> Glyph {
        let size = tame(char.font_size).clamp(0.1, 1000.0);
        let looks = Looks::of(&char.font_name);
        Glyph {
            char: looks.mended(char.char),
            area: frame.glyph(char.origin_x, char.origin_y, char.advance_width, size),
            size,
            is_bold: char.font_weight.is_bold() || looks.is_bold,
            is_mono: looks.is_mono,
            font: looks.font,
            tag: self.tag(char.mcid),
        }
    }
}

/// The angle at which a run's text goes on; what is written from the top down does so to the bottom.
fn angle(span: &TextSpan) -> f32 {
    if span.wmode == 1 { span.rotation_degrees - 90.0 } else { span.rotation_degrees }
}

/// The text of runs in any directions, in the order it is drawn. Letters along a curve are runs of their own.
fn slanted(mut spans: Vec<TextSpan>) -> String {
    spans.sort_by_key(|span| span.sequence);
    let mut text = String::new();
    let mut end = (f32::INFINITY, f32::INFINITY);
    for span in spans {
        let (x, y) = (tame(span.bbox.x), tame(span.bbox.y));
        let is_apart = (x - end.0).hypot(y - end.1) > LETTER_GAP * tame(span.font_size);
        if is_apart && !text.is_empty() && !text.ends_with(char::is_whitespace) {
            text.push(' ');
        }
        text.push_str(&span.text);
        let (sine, cosine) = angle(&span).to_radians().sin_cos();
        let width = tame(span.bbox.width).abs();
        end = (x + width * cosine, y + width * sine);
    }
    text.trim().to_owned()
}

/// The widest gap between letters of a word along a curve, in font sizes.
const LETTER_GAP: f32 = 0.35;

/// The area on the page that a run covers.
fn cover(span: &TextSpan) -> Area {
    let (sine, cosine) = angle(span).to_radians().sin_cos();
    let (x, y) = (tame(span.bbox.x), tame(span.bbox.y));
    let (width, size) = (tame(span.bbox.width).abs(), tame(span.font_size));
    let base = Area::new(x, y, x + width * cosine, y + width * sine);
    base.around(Area::new(x - size * sine, y + size * cosine, x, y))
}

/// Leaves only the runs that stand on the shown part of the page, by their turned areas; all, if none does. The result is how
/// many characters a viewer does not show.
pub(super) fn keep_shown(spans: &mut Vec<TextSpan>, (x0, y0, x1, y1): (f32, f32, f32, f32)) -> usize {
    let page = Area::new(x0, y0, x1, y1);
    let is_shown = |span: &TextSpan| {
        let area = cover(span);
        let (is_beside, is_above) = (
            area.right < page.left - NEAR || area.left > page.right + NEAR,
            area.bottom < page.top - NEAR || area.top > page.bottom + NEAR,
        );
        !is_beside && !is_above
    };
    let outside = spans.iter().filter(|span| !is_shown(span)).map(|span| letters(&span.text)).sum();
    if spans.iter().any(is_shown) {
        spans.retain(is_shown);
    }
    outside
}

/// What is so near to the page's edge (points) is on it.
const NEAR: f32 = 2.0;

/// How many characters but blanks a text has.
pub(super) fn letters(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// The places of what the file marks as running header or footer, page number or watermark, in the page's own
/// coordinates; none if that is all its text.
fn artifacts(spans: &[TextSpan]) -> Vec<Area> {
    let is_artifact = |span: &TextSpan| matches!(span.artifact_type, Some(ArtifactType::Pagination(_)));
    if spans.iter().all(|span| is_artifact(span) || span.text.trim().is_empty()) {
        return Vec::new();
    }
    spans.iter().filter(|span| is_artifact(span)).take(MAX_ARTIFACTS).map(base).collect()
}

/// The baseline of a run.
fn base(span: &TextSpan) -> Area {
    let (sine, cosine) = angle(span).to_radians().sin_cos();
    let (x, y, width) = (tame(span.bbox.x), tame(span.bbox.y), tame(span.bbox.width).abs());
    Area::new(x, y, x + width * cosine, y + width * sine)
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
