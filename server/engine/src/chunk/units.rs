//! Units: the smallest pieces that a passage is packed from. Blocks become sentences, or stay whole (code, tables),
//! or are split by lines and rows where they are larger than a passage.

use std::borrow::Cow;

use super::TokenCounter;
use super::cut::cut;
use crate::document::{Block, BlockKind, LineRange, ListMarker, Locator};
use crate::text::sentences;

/// What stands between a unit and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// Nothing: sentences of scripts without spaces, or the rest of a cut word.
    Nothing,
    /// A space: the next sentence of a paragraph.
    Space,
    /// A line break: the next item of a list, a line break within a paragraph.
    Line,
    /// A blank line: another block.
    Paragraph,
}

impl Join {
    /// The text between.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Space => " ",
            Self::Line => "\n",
            Self::Paragraph => "\n\n",
        }
    }
}

/// What a unit is, as far as packing cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnitKind {
    /// May be repeated as overlap.
    Sentence,
    /// Code, tables and cut pieces: never repeated.
    Whole,
}

/// One unit.
#[derive(Debug, Clone)]
pub(super) struct Unit<'d> {
    pub(super) text: Cow<'d, str>,
    pub(super) tokens: usize,
    pub(super) join: Join,
    pub(super) kind: UnitKind,
    pub(super) lines: Option<LineRange>,
    /// The pages, slides or rows of a sheet.
    pub(super) at: Option<Cow<'d, Locator>>,
    /// The rows of a table that it holds.
    pub(super) rows: Option<Rows>,
}

/// Rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rows {
    /// Which table of the document.
    pub(super) table: u32,
    /// The first row's number, from 1.
    pub(super) first: u32,
    /// How many the whole table has.
    pub(super) of: u32,
    /// The number that the first one has in its sheet.
    pub(super) sheet_row: Option<u32>,
    /// Whether it is one row, a cell a line.
    pub(super) is_record: bool,
}

/// Appends the units of a block that is no heading. `budget` is the most tokens a unit may have; `previous` is the block
/// before it in the same section, and `table` the number of the next table of the document.
pub(super) fn push_units<'d>(
    block: &'d Block,
    previous: Option<&Block>,
    table: u32,
    budget: usize,
    counter: &dyn TokenCounter,
    units: &mut Vec<Unit<'d>>,
) {
    let (lines, at) = (block.place.lines, block.place.locator.as_ref());
    let mut pieces = Pieces { budget, counter, lines, at, here: None, units };
    match &block.kind {
        BlockKind::Code { language } => pieces.code(&block.text, language),
        BlockKind::Table => pieces.table(&block.text, table),
        BlockKind::ListItem { depth, marker } => {
            let follows_item = previous.is_some_and(|block| matches!(block.kind, BlockKind::ListItem { .. }));
            let join = if follows_item { Join::Line } else { Join::Paragraph };
            pieces.prose(block, &list_prefix(*depth, *marker), join);
        }
        BlockKind::Heading { .. } | BlockKind::Paragraph | BlockKind::Quote => {
            pieces.prose(block, "", Join::Paragraph);
        }
    }
}

fn list_prefix(depth: u8, marker: ListMarker) -> String {
    // Deeper indentation would only cost tokens.
    let indent = "  ".repeat(usize::from(depth.min(4)));
    match marker {
        ListMarker::Bullet => format!("{indent}- "),
        ListMarker::Number(number) => format!("{indent}{number}. "),
    }
}

/// Appends units of one block.
pub(super) struct Pieces<'u, 'd> {
    pub(super) budget: usize,
    pub(super) counter: &'u dyn TokenCounter,
    lines: Option<LineRange>,
    pub(super) at: Option<&'d Locator>,
    /// Where the sentence at hand stands, where that is told of each.
    here: Option<Locator>,
    pub(super) units: &'u mut Vec<Unit<'d>>,
}

impl<'d> Pieces<'_, 'd> {
    pub(super) fn push(&mut self, text: Cow<'d, str>, tokens: usize, join: Join, kind: UnitKind) {
        let at = self.here.clone().map(Cow::Owned).or(self.at.map(Cow::Borrowed));
        self.units.push(Unit { text, tokens, join, kind, lines: self.lines, at, rows: None });
    }

    /// Sentences of running text, the first one behind `prefix`.
    fn prose(&mut self, block: &'d Block, prefix: &str, first: Join) {
        let (text, mut end) = (block.text.as_str(), 0);
        for range in sentences(text) {
            let gap = &text[end..range.start];
            let is_first = end == 0;
            let join = match gap {
                _ if is_first => first,
                "" => Join::Nothing,
                _ if gap.contains("\n\n") => Join::Paragraph,
                _ if gap.contains('\n') => Join::Line,
                _ => Join::Space,
            };
            end = range.end;
            if !block.place.locators.is_empty() {
                self.here = block.place.locator_of(range.clone());
            }
            let sentence = &text[range];
            let text = if is_first && !prefix.is_empty() {
                Cow::Owned(format!("{prefix}{sentence}"))
            } else {
                Cow::Borrowed(sentence)
            };
            self.sentence(text, join);
        }
    }

    /// One sentence; cut where it alone is larger than a passage.
    fn sentence(&mut self, text: Cow<'d, str>, join: Join) {
        let tokens = self.counter.count(&text);
        if tokens <= self.budget {
            return self.push(text, tokens, join, UnitKind::Sentence);
        }
        let pieces = cut(&text, self.budget, self.counter);
        let pieces: Vec<(String, usize)> =
            pieces.into_iter().map(|(piece, tokens)| (piece.to_owned(), tokens)).collect();
        for (at, (piece, tokens)) in pieces.into_iter().enumerate() {
            let join = if at == 0 { join } else { Join::Nothing };
            self.push(Cow::Owned(piece), tokens, join, UnitKind::Whole);
        }
    }

    /// Code in fences, whole or by lines.
    fn code(&mut self, text: &str, language: &str) {
        let fence = fence_for(text);
        let whole = format!("{fence}{language}\n{text}\n{fence}");
        let tokens = self.counter.count(&whole);
        if tokens <= self.budget {
            return self.push(Cow::Owned(whole), tokens, Join::Paragraph, UnitKind::Whole);
        }
        let opening = format!("{fence}{language}\n");
        let fences = self.counter.count(&opening) + self.counter.count(&fence);
        self.grouped(text.lines(), &opening, &fence, fences);
    }

    /// Lines packed between `opening` and `closing`, which count `frame` tokens together. Gives the number of the line,
    /// from 0, that each unit begins with.
    pub(super) fn grouped<'l>(
        &mut self,
        lines: impl Iterator<Item = &'l str>,
        opening: &str,
        closing: &str,
        frame: usize,
    ) -> Vec<usize> {
        let room = self.budget.saturating_sub(frame).max(1);
        let (mut body, mut tokens) = (String::new(), 0);
        let mut starts = Vec::new();
        for (number, line) in lines.enumerate() {
            let count = self.counter.count(line);
            if tokens + count > room && !body.is_empty() {
                self.frame(&mut body, &mut tokens, opening, closing, frame);
            }
            if body.is_empty() {
                starts.push(number);
            }
            if count <= room {
                body.push_str(line);
                body.push('\n');
                tokens += count;
                continue;
            }
            for (at, (piece, piece_tokens)) in cut(line, room, self.counter).into_iter().enumerate() {
                starts.extend((at > 0).then_some(number));
                body.push_str(piece);
                body.push('\n');
                tokens = piece_tokens;
                self.frame(&mut body, &mut tokens, opening, closing, frame);
            }
        }
        if !body.trim().is_empty() {
            self.frame(&mut body, &mut tokens, opening, closing, frame);
        }
        starts
    }

    fn frame(&mut self, body: &mut String, tokens: &mut usize, opening: &str, closing: &str, frame: usize) {
        let text = format!("{opening}{body}{closing}");
        self.push(Cow::Owned(text.trim_end().to_owned()), *tokens + frame, Join::Paragraph, UnitKind::Whole);
        body.clear();
        *tokens = 0;
    }
}

/// A fence longer than any run of backticks in the code (CommonMark 4.5).
fn fence_for(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}
