//! Reads the pages of a file one after the other, up to the caps, and notes what could not be read.

use super::layouts::{Page, letters};
use super::line::{Line, pieces};
use super::source::Source;
use super::tables::{self, Found};
use crate::limits::{MAX_PAGES, MAX_TEXT_BYTES};
use crate::{Problem, ProblemKind};

/// The pages of a file, as far as they were read.
#[derive(Default)]
pub(super) struct Pages {
    /// Those that show text, in order.
    pub(super) laid: Vec<Laid>,
    /// Their tables; lines refer to them by their place here.
    pub(super) tables: Vec<Found>,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

/// The pieces of lines of a page.
pub(super) struct Laid {
    /// From 1.
    pub(super) number: u32,
    /// The pieces; tables stand for their text.
    pub(super) lines: Vec<Line>,
    /// Those of text in other directions than the page's: a stamp at the margin, a table turned sideways, labels of axes.
    pub(super) turned: Vec<Vec<Line>>,
    /// Text in no quarter turn.
    pub(super) slanted: String,
    /// The page's height in points.
    pub(super) height: f32,
    /// The page's width in points.
    pub(super) width: f32,
}

/// Most pages that are named one by one in problems.
const MAX_NAMED: usize = 20;

/// A page of which a larger share of the characters is unknown cannot be read.
const MAX_UNKNOWN: f32 = 0.3;

/// A page of whose characters a smaller share is laid out has lost some. Shadows are drawn twice and read once.
const MIN_CAME: f32 = 0.4;

/// What pages hold instead of text.
#[derive(Default)]
struct Without {
    pictures: usize,
    nothing: usize,
    broken: usize,
}

impl Pages {
    /// Reads the pages of a file. The error says why none can be read.
    pub(super) fn read(source: &Source) -> Result<Self, Problem> {
        let count = source.page_count()?;
        if count == 0 {
            return Err(Problem::new(ProblemKind::Malformed, "it has no pages"));
        }
        let mut pages = Self::default();
        let mut without = Without::default();
        let mut bytes = 0;
        let mut read = 0;
        for index in 0..count.min(MAX_PAGES) {
            let number = index as u32 + 1;
            match source.page(index) {
                Ok(page) if page.written > 0 => {
                    bytes += page.runs().map(|run| run.text.len()).sum::<usize>() + page.slanted.len();
                    pages.add(number, page);
                }
                Ok(_) if source.has_picture(index) => without.pictures += 1,
                Ok(_) => without.nothing += 1,
                Err(detail) => {
                    without.broken += 1;
                    pages.note(&format!("page {number}: {detail}"));
                }
            }
            read = index + 1;
            if bytes > MAX_TEXT_BYTES {
                break;
            }
        }
        if read < count {
            let detail = format!("pages {} to {count} were left out", read + 1);
            pages.problems.push(Problem::new(ProblemKind::TooLarge, detail));
        }
        pages.note_textless(&without, read);
        Ok(pages)
    }

    fn add(&mut self, number: u32, page: Page) {
        let chars: usize = page.runs().map(|run| run.chars).sum();
        if page.unknown as f32 > MAX_UNKNOWN * chars as f32 {
            self.note(&format!("page {number}: {} of {chars} characters have no known letter", page.unknown));
        }
        if page.outside > 0 {
            let outside = page.outside;
            self.note(&format!("page {number}: {outside} characters stand outside of its edges, where none are shown"));
        }
        let mut came = letters(&page.slanted);
        let mut layouts = Vec::new();
        for mut layout in page.layouts {
            for table in tables::take(&mut layout.runs, &layout.rules) {
                came += table.lines().map(|line| line.chars).sum::<usize>();
                layout.runs.push(Line { area: table.area, table: Some(self.tables.len()), ..Line::default() });
                self.tables.push(table);
            }
            let lines = pieces(layout.runs);
            came += lines.iter().map(|line| line.chars).sum::<usize>();
            layouts.push((lines, layout.height, layout.width));
        }
        if (came as f32) < MIN_CAME * page.written as f32 {
            let written = page.written;
            self.note(&format!("page {number}: of {written} characters only {came} have a place that can be read"));
        }
        let mut layouts = layouts.into_iter();
        let (lines, height, width) = layouts.next().unwrap_or_default();
        let turned = layouts.map(|(lines, ..)| lines).collect();
        self.laid.push(Laid { number, lines, turned, slanted: page.slanted, height, width });
    }

    fn note(&mut self, detail: &str) {
        let named = self.problems.iter().filter(|problem| problem.kind == ProblemKind::PartlyMalformed).count();
        if named < MAX_NAMED {
            self.problems.push(Problem::new(ProblemKind::PartlyMalformed, detail));
        }
    }

    fn note_textless(&mut self, without: &Without, read: usize) {
        let Without { pictures, nothing, broken } = without;
        if *broken > MAX_NAMED {
            let detail = format!("{broken} of {read} pages could not be read");
            self.problems.push(Problem::new(ProblemKind::PartlyMalformed, detail));
        }
        let detail = match (self.laid.is_empty(), pictures) {
            (true, 0) if *nothing > 0 => format!("none of {read} pages holds text or pictures"),
            (_, 1..) => format!("{pictures} of {read} pages hold only pictures"),
            _ => return,
        };
        self.problems.push(Problem::new(ProblemKind::NoText, detail));
    }
}
