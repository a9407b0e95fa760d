//! Cuts a passage into pieces that an answer can quote: sentences, table rows under their header, code blocks. Each
//! piece knows what turns its meaning: the headings above it, and the sentence that announces it ("Never do this:").

mod leads;

use crate::document::{Locator, Place, TablePart};
use crate::text::{ItemMark, Segment, SegmentKind, is_table_rule, item_mark, segments};

use super::super::RowPlace;
use super::PieceKind;
use leads::{Lead, goes_on_with_row, lead, prohibition};

pub(super) use leads::{
    Announced, announced_at_end, announces, ends_open, forbids, forbids_what_follows, prohibition_at_end,
    speaks_of_the_rest,
};

/// A piece cut from a passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) kind: PieceKind,
    pub(super) text: String,
    /// The headings above it, outermost first.
    pub(super) headings: Vec<String>,
    /// Which section of the document it stands in: the one that the passage begins in, and how many headings follow.
    pub(super) section: (u32, u32),
    pub(super) row: Option<RowPlace>,
    /// Its page, slide or row of a sheet, where the format has those.
    pub(super) locator: Option<Locator>,
    /// The piece of the same passage that announces it, by its position.
    pub(super) lead: Option<usize>,
    /// Whether what announces it may stand in the passage before: it begins this one, in the middle of a list or table.
    pub(super) goes_on: bool,
    /// Whether a prohibition that holds for it may stand in the passage before.
    pub(super) maybe_forbidden: bool,
    /// Whether the passage before ends with it, too.
    pub(super) is_repeated: bool,
    /// The paragraph, list item, table or block of code that it is a part of, counted within the passage.
    pub(super) block: usize,
    /// The list that it is a part of, counted within the passage.
    pub(super) list: Option<usize>,
    start: Start,
    /// Whether a blank line stands before it.
    after_blank: bool,
}

impl Cut {
    /// Whether it begins an item of a list.
    pub(super) fn begins_item(&self) -> bool {
        matches!(self.start, Start::Item(_))
    }
}

/// How a piece begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// As a list item, so far from the line's beginning, in bytes.
    Item(usize),
    /// On a line of its own.
    Line,
    /// Behind another sentence.
    SameLine,
}

/// The pieces of a passage in reading order; headings are context, not answers. `place` is the passage's.
pub(super) fn cut(text: &str, place: &Place) -> Vec<Cut> {
    let mut pieces = Vec::new();
    let mut headings = Headings { above: &place.headings, within: Vec::new() };
    let mut entered = 0;
    for segment in segments(text) {
        let part = &text[segment.range.clone()];
        let start = start(text, &segment);
        let after_blank = text[..segment.range.start].trim_end_matches([' ', '\t']).ends_with("\n\n");
        let mut push = |kind, text: String, row: Option<RowPlace>| {
            let headings = headings.path();
            let section = (place.section, entered);
            let is_repeated = segment.range.start < place.repeats as usize;
            let locator = place.locator_of(segment.range.clone()).map(|locator| narrowed(locator, row));
            let (lead, goes_on, maybe_forbidden, block, list) = (None, false, false, 0, None);
            pieces.push(Cut {
                kind,
                text,
                headings,
                section,
                row,
                locator,
                lead,
                goes_on,
                maybe_forbidden,
                is_repeated,
                block,
                list,
                start,
                after_blank,
            });
        };
        match segment.kind {
            SegmentKind::Heading => {
                headings.enter(part);
                entered += 1;
            }
            SegmentKind::Table => {
                let table = place.tables.iter().find(|table| table.at as usize == segment.range.start);
                for (number, row) in (0..).zip(rows(part)) {
                    push(PieceKind::Row, row, table.map(|table| row_place(*table, number)));
                }
            }
            SegmentKind::Code => push(PieceKind::Code, part.to_owned(), None),
            // "No." says little alone, and turns round what stands behind it.
            SegmentKind::Sentence if part.contains(char::is_alphanumeric) => {
                // A nested item stays nested.
                let indent = if let Start::Item(indent) = start { " ".repeat(indent) } else { String::new() };
                push(PieceKind::Sentence, format!("{indent}{part}"), None);
            }
            SegmentKind::Sentence => {}
        }
    }
    for at in 0..pieces.len() {
        (pieces[at].lead, pieces[at].goes_on) = match lead(&pieces, at) {
            Lead::Piece(lead) => (Some(lead), false),
            Lead::Before => (None, place.part > 0),
            Lead::None => (None, false),
        };
        if pieces[at].lead.is_none() && !pieces[at].goes_on {
            match prohibition(&pieces, at) {
                Announced::By(lead) => pieces[at].lead = Some(lead),
                Announced::Before => pieces[at].maybe_forbidden = place.part > 0,
                Announced::No => {}
            }
        }
    }
    group(&mut pieces);
    pieces
}

/// Counts blocks and lists. Code, tables and paragraphs between the items of a list are a part of it where the items go
/// on behind them.
fn group(pieces: &mut [Cut]) {
    let mut lists = 0;
    // The open list, and the last number in it.
    let mut open: Option<(usize, Option<u32>)> = None;
    let mut pending = Vec::new();
    for at in 0..pieces.len() {
        let goes_on = at > 0 && pieces[at].start == Start::SameLine;
        let same_table = at > 0 && pieces[at].kind == PieceKind::Row && goes_on_with_row(pieces, at);
        pieces[at].block = match at.checked_sub(1).map(|before| pieces[before].block) {
            Some(block) if goes_on || same_table => block,
            Some(block) => block + 1,
            None => 0,
        };
        if at > 0 && pieces[at].section != pieces[at - 1].section {
            (open, pending) = (None, Vec::new());
        }
        match pieces[at].start {
            Start::Item(_) => {
                let number = step_number(&pieces[at].text);
                let (list, last) = match open {
                    // Behind a paragraph only the next number goes on.
                    Some((list, last)) if pending.is_empty() || number.is_some_and(|n| last == n.checked_sub(1)) => {
                        pending.drain(..).for_each(|between: usize| pieces[between].list = Some(list));
                        (list, last)
                    }
                    _ => {
                        lists += 1;
                        (lists - 1, None)
                    }
                };
                pending.clear();
                pieces[at].list = Some(list);
                open = Some((list, number.or(last)));
            }
            // An item that began in the passage before.
            Start::Line if at == 0 && pieces[0].kind == PieceKind::Sentence && pieces[0].goes_on => {
                lists += 1;
                pieces[at].list = Some(0);
                open = Some((0, None));
            }
            Start::SameLine if goes_on && pieces[at - 1].list.is_some() => pieces[at].list = pieces[at - 1].list,
            _ if open.is_some() && pieces[at].kind != PieceKind::Sentence && pending.is_empty() => {
                pieces[at].list = open.map(|(list, _)| list);
            }
            _ if open.is_some() => pending.push(at),
            _ => {}
        }
    }
}

/// The number of a step.
pub(super) fn step_number(text: &str) -> Option<u32> {
    match item_mark(text) {
        Some(ItemMark::Number(number)) => Some(number),
        Some(ItemMark::Bullet) | None => None,
    }
}

/// The headings above a place in a passage.
struct Headings<'p> {
    above: &'p [String],
    within: Vec<(usize, String)>,
}

impl Headings<'_> {
    fn enter(&mut self, line: &str) {
        let text = line.trim_start_matches('#');
        let level = line.len() - text.len();
        let text = text.trim();
        self.within.retain(|(other, _)| *other < level);
        // A heading with nothing under it stands both above the passage and in it.
        if !(self.within.is_empty() && self.above.last().is_some_and(|last| last == text)) {
            self.within.push((level, text.to_owned()));
        }
    }

    fn path(&self) -> Vec<String> {
        self.above.iter().chain(self.within.iter().map(|(_, text)| text)).cloned().collect()
    }
}

fn row_place(table: TablePart, offset: u32) -> RowPlace {
    let offset = if table.is_record { 0 } else { offset };
    let number = table.first.saturating_add(offset);
    let sheet_row = table.sheet_row.map(|first| first.saturating_add(offset));
    RowPlace { table: table.table, number, of: table.of, sheet_row }
}

/// The place of a table as that of one of its rows, where that has a number in its sheet.
fn narrowed(locator: Locator, row: Option<RowPlace>) -> Locator {
    match (locator, row.and_then(|row| row.sheet_row)) {
        (Locator::Rows { sheet, .. }, Some(row)) => Locator::Rows { sheet, first: row, last: row },
        (locator, _) => locator,
    }
}

fn start(text: &str, segment: &Segment) -> Start {
    let line = text[..segment.range.start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..segment.range.start];
    match before.trim().is_empty() {
        true if is_item(&text[segment.range.clone()]) => Start::Item(before.len()),
        true => Start::Line,
        false => Start::SameLine,
    }
}

/// Whether a sentence says enough to be weighed.
pub(super) fn is_prose(part: &str) -> bool {
    part.chars().filter(|c| c.is_alphanumeric()).count() > 3
}

/// Whether a sentence begins a list item.
pub(super) fn is_item(text: &str) -> bool {
    item_mark(text).is_some()
}

/// Whether a sentence begins an item of a numbered list.
pub(super) fn is_step(text: &str) -> bool {
    step_number(text).is_some()
}

/// Each row of a pipe table with the header above it, so that a cell keeps its meaning.
fn rows(table: &str) -> Vec<String> {
    let lines: Vec<&str> = table.lines().collect();
    match lines.iter().position(|line| is_table_rule(line)) {
        Some(rule) => {
            let header = lines[..=rule].join("\n");
            lines[rule + 1..].iter().map(|row| format!("{header}\n{row}")).collect()
        }
        None => lines.iter().map(|row| (*row).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests;
