//! Cuts a passage into pieces that an answer can quote: sentences, table rows under their header, code blocks. Each
//! piece knows what turns its meaning: the headings above it, and the sentence that announces it ("Never do this:").

use crate::document::{Place, TablePart};
use crate::text::{ItemMark, Segment, SegmentKind, is_table_rule, item_mark, segments};

use super::super::RowPlace;
use super::{PieceKind, connectives};

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
        let mut push = |kind, text: String, row| {
            let headings = headings.path();
            let section = (place.section, entered);
            let is_repeated = segment.range.start < place.repeats as usize;
            let (lead, goes_on, maybe_forbidden, block, list) = (None, false, false, 0, None);
            pieces.push(Cut {
                kind,
                text,
                headings,
                section,
                row,
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

/// What announces a passage that begins in the middle of a list or table, found in the passage before: the last piece
/// that announces, if nothing but what it announces follows.
pub(super) fn announced_at_end(pieces: &[Cut]) -> Announced {
    match pieces.last() {
        Some(last) if announces(&last.text) && last.kind == PieceKind::Sentence => Announced::By(pieces.len() - 1),
        Some(last) if last.kind == PieceKind::Row && is_group(last) => Announced::By(pieces.len() - 1),
        Some(last) => match last.lead {
            Some(lead) => Announced::By(lead),
            None if last.goes_on => Announced::Before,
            None => Announced::No,
        },
        None => Announced::No,
    }
}

/// The prohibition above a piece that holds for it: "Never do this:" stands for all paragraphs and lists behind it in its
/// section, up to the next announcement. A condition that nobody forbids is not looked for so far up: it would be made up.
fn prohibition(pieces: &[Cut], at: usize) -> Announced {
    let section = pieces.get(at).or(pieces.last()).map(|piece| piece.section);
    // "But this holds." and "Allowed:" begin something else.
    let begins_anew = |piece: &Cut| piece.start == Start::Line && connectives::contrasts(&piece.text);
    if pieces.get(at).is_some_and(|piece| begins_anew(piece) || (piece.start == Start::Line && ends_open(&piece.text)))
    {
        return Announced::No;
    }
    for above in (0..at).rev() {
        let piece = &pieces[above];
        if Some(piece.section) != section || begins_anew(piece) {
            return Announced::No;
        }
        if piece.kind != PieceKind::Sentence || is_in_item(pieces, above) {
            continue;
        }
        let is_label = is_label(&piece.text) && pieces.get(above + 1).is_some_and(|next| next.start != Start::SameLine);
        let text = piece.text.to_lowercase();
        if forbids(&text) && (ends_open(&text) || is_label || points_on(&text)) {
            return Announced::By(above);
        }
        let is_shorter = pieces.get(above + 1).is_some_and(|next| 2 * piece.text.len() <= next.text.len());
        if ends_open(&text) || (is_label && is_shorter) {
            return Announced::No;
        }
    }
    if section.is_some_and(|(_, entered)| entered == 0) { Announced::Before } else { Announced::No }
}

fn is_in_item(pieces: &[Cut], at: usize) -> bool {
    let first = (0..=at).rev().find(|at| pieces[*at].start != Start::SameLine);
    first.is_some_and(|first| pieces[first].begins_item())
}

/// The prohibition that holds for whatever goes on behind a passage in the same section.
pub(super) fn prohibition_at_end(pieces: &[Cut]) -> Announced {
    prohibition(pieces, pieces.len())
}

/// What a passage says of the list or table that goes on behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// This piece announces it.
    By(usize),
    /// It began in a passage further up.
    Before,
    No,
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
    RowPlace { table: table.table, number: table.first.saturating_add(offset), of: table.of }
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

enum Lead {
    Piece(usize),
    /// Its list or table begins before the passage does.
    Before,
    None,
}

/// What announces the piece at `at`. Pieces before it have theirs already where they need one.
fn lead(pieces: &[Cut], at: usize) -> Lead {
    let same_section = |other: &usize| pieces[*other].section == pieces[at].section;
    let before = at.checked_sub(1).filter(same_section);
    match (pieces[at].kind, pieces[at].start) {
        (PieceKind::Row, _) if goes_on_with_row(pieces, at) => match (is_group(&pieces[at]), is_group(&pieces[at - 1]))
        {
            (false, true) => Lead::Piece(at - 1),
            (false, false) => inherited(pieces, before),
            (true, _) => above_group(pieces, at),
        },
        (PieceKind::Sentence, Start::SameLine) => before.map_or(Lead::None, |before| as_before(pieces, before)),
        (PieceKind::Sentence, Start::Item(indent)) => match before {
            Some(before) => lead_of_item(pieces, before, indent),
            None if at == 0 => Lead::Before,
            None => Lead::None,
        },
        _ => match before {
            Some(before) if ends_open(&pieces[before].text) => Lead::Piece(before),
            // A command is nothing without the sentence before it.
            Some(before)
                if pieces[at].kind != PieceKind::Sentence
                    && pieces[before].kind == PieceKind::Sentence
                    && pieces[before].list.is_none()
                    && !matches!(pieces[before].start, Start::Item(_))
                    && (pieces[at].kind == PieceKind::Code || announces(&pieces[before].text)) =>
            {
                Lead::Piece(before)
            }
            // Code and tables among the items of a list belong to them; so does a paragraph behind them, maybe.
            Some(before) if pieces[at].kind != PieceKind::Sentence => as_before(pieces, before),
            Some(_) => Lead::None,
            // A passage may begin with the second sentence of an item.
            None if at == 0 && (pieces[0].kind != PieceKind::Sentence || is_before_item(pieces)) => Lead::Before,
            None => Lead::None,
        },
    }
}

/// Whether the first line of a passage is followed by a list item.
fn is_before_item(pieces: &[Cut]) -> bool {
    let next = pieces.iter().skip(1).find(|piece| piece.start != Start::SameLine);
    let goes_on = |next: &Cut| next.begins_item() && !next.after_blank && next.section == pieces[0].section;
    next.is_some_and(goes_on)
}

fn goes_on_with_row(pieces: &[Cut], at: usize) -> bool {
    let is_row = at > 0 && pieces[at - 1].kind == PieceKind::Row;
    is_row && pieces[at - 1].row.map(|row| row.table) == pieces[at].row.map(|row| row.table)
}

/// Whether a row is a heading within its table: one that fills its first cell alone.
fn is_group(row: &Cut) -> bool {
    let line = row.text.lines().last().unwrap_or_default().trim();
    let mut cells = line.trim_matches('|').split('|').map(str::trim);
    let is_named = cells.next().is_some_and(|first| !first.is_empty());
    let others: Vec<&str> = cells.collect();
    is_named && !others.is_empty() && others.iter().all(|cell| cell.is_empty())
}

/// What announces a table stands above all groups of its rows.
fn above_group(pieces: &[Cut], at: usize) -> Lead {
    let first = (0..at).rev().take_while(|row| goes_on_with_row(pieces, row + 1)).last();
    inherited(pieces, first)
}

fn inherited(pieces: &[Cut], before: Option<usize>) -> Lead {
    match before.map(|before| (pieces[before].lead, pieces[before].goes_on)) {
        Some((Some(lead), _)) => Lead::Piece(lead),
        Some((None, true)) => Lead::Before,
        _ => Lead::None,
    }
}

/// Whatever announces the list item that `before` belongs to, if it does.
fn as_before(pieces: &[Cut], before: usize) -> Lead {
    match pieces[before].start {
        Start::Item(_) => inherited(pieces, Some(before)),
        _ if pieces[before].kind == PieceKind::Sentence => inherited(pieces, Some(before)),
        _ => Lead::None,
    }
}

/// Walks up the list to what announces the item: an item that it is nested in, or the sentence above the list.
fn lead_of_item(pieces: &[Cut], before: usize, indent: usize) -> Lead {
    let section = pieces[before].section;
    let mut at = before;
    loop {
        let piece = &pieces[at];
        match piece.start {
            Start::Item(other) if other > indent => {}
            Start::Item(other) if other == indent => return inherited(pieces, Some(at)),
            Start::Item(_) if announces(&piece.text) => return Lead::Piece(at),
            Start::Item(_) => return inherited(pieces, Some(at)),
            _ if announces(&piece.text) => return Lead::Piece(at),
            // Code, rows and further sentences of the item above.
            Start::SameLine | Start::Line if piece.kind != PieceKind::Sentence || piece.start == Start::SameLine => {}
            // The second sentence of an item that began in the passage before.
            _ if at == 0 && piece.goes_on => return Lead::Before,
            _ => return Lead::None,
        }
        match at.checked_sub(1).filter(|next| pieces[*next].section == section) {
            Some(next) => at = next,
            None => return if at == 0 { Lead::Before } else { Lead::None },
        }
    }
}

/// Whether a sentence right above a list, a table or code says what these are: it ends open, it is a label (`금지 사항`), or it
/// uses the words for it: `다음 작업은 절대 하지 않습니다.`
pub(super) fn announces(text: &str) -> bool {
    let lower = text.to_lowercase();
    let says = points_on(&lower) || forbids(&lower);
    ends_open(text) || is_label(text) || (text.len() < MAX_ANNOUNCING_BYTES && says)
}

/// A longer sentence says more than what follows.
const MAX_ANNOUNCING_BYTES: usize = 240;

fn is_label(text: &str) -> bool {
    let text = text.trim_end();
    text.chars().count() <= 40 && text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '*'))
}

/// Whether a text in lower case names what stands behind it.
fn points_on(text: &str) -> bool {
    text.len() < MAX_ANNOUNCING_BYTES
        && ["following", "these", "below", "다음", "아래"].iter().any(|word| text.contains(word))
}

/// Whether a text in lower case says that something is not to be done, or does not hold.
fn forbids(text: &str) -> bool {
    const WORDS: [&str; 26] = [
        "never",
        "must not",
        "mustn't",
        "do not",
        "don't",
        "not allowed",
        "not permitted",
        "forbidden",
        "prohibited",
        "wrong",
        "avoid",
        "deprecated",
        "금지",
        "금물",
        "하지 않",
        "하지 마",
        "마세요",
        "마십시오",
        "말 것",
        "안 됩니다",
        "안됩니다",
        "안 되는",
        "안되는",
        "하면 안",
        "폐기",
        "쓰지",
    ];
    WORDS.iter().any(|word| text.contains(word))
}

/// Whether a sentence is nothing without what follows: `Never do this:`, or the question of an FAQ entry.
pub(super) fn ends_open(text: &str) -> bool {
    text.trim_end().ends_with([':', '：', '?', '？'])
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
