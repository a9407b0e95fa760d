//! Cuts a passage into pieces that an answer can quote: sentences, table rows under their header, code blocks. Each
//! piece knows what turns its meaning: the headings above it, and the sentence that announces it ("Never do this:").

use crate::document::{Place, TablePart};
use crate::text::{Segment, SegmentKind, is_table_rule, segments};

use super::super::RowPlace;
use super::PieceKind;

/// A piece cut from a passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) kind: PieceKind,
    pub(super) text: String,
    /// The headings above it, outermost first.
    pub(super) headings: Vec<String>,
    pub(super) row: Option<RowPlace>,
    /// The piece of the same passage that announces it, by its position.
    pub(super) lead: Option<usize>,
    /// Whether what announces it may stand in the passage before: it begins this one, in the middle of a list or table.
    pub(super) goes_on: bool,
    start: Start,
}

impl Cut {
    /// The piece where it is taken out of its passage.
    pub(super) fn alone(self) -> Self {
        Self { lead: None, goes_on: false, ..self }
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
    for segment in segments(text) {
        let part = &text[segment.range.clone()];
        let start = start(text, &segment);
        let mut push = |kind, text: String, row| {
            let headings = headings.path();
            pieces.push(Cut { kind, text, headings, row, lead: None, goes_on: false, start });
        };
        match segment.kind {
            SegmentKind::Heading => headings.enter(part),
            SegmentKind::Table => {
                let table = place.tables.iter().find(|table| table.at as usize == segment.range.start);
                for (number, row) in (0..).zip(rows(part)) {
                    push(PieceKind::Row, row, table.map(|table| row_place(*table, number)));
                }
            }
            SegmentKind::Code => push(PieceKind::Code, part.to_owned(), None),
            SegmentKind::Sentence if is_prose(part) => push(PieceKind::Sentence, part.to_owned(), None),
            SegmentKind::Sentence => {}
        }
    }
    for at in 0..pieces.len() {
        (pieces[at].lead, pieces[at].goes_on) = match lead(&pieces, at) {
            Lead::Piece(lead) => (Some(lead), false),
            Lead::Before => (None, !text.starts_with('#')),
            Lead::None => (None, false),
        };
    }
    pieces
}

/// What announces a passage that begins in the middle of a list or table, found in the passage before: the last piece
/// that announces, if nothing but what it announces follows.
pub(super) fn announced_at_end(pieces: &[Cut]) -> Announced {
    match pieces.last() {
        Some(last) if announces(&last.text) && last.kind == PieceKind::Sentence => Announced::By(pieces.len() - 1),
        Some(last) => match last.lead {
            Some(lead) => Announced::By(lead),
            None if last.goes_on => Announced::Before,
            None => Announced::No,
        },
        None => Announced::No,
    }
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
    let same_section = |other: &usize| pieces[*other].headings == pieces[at].headings;
    let before = at.checked_sub(1).filter(same_section);
    match (pieces[at].kind, pieces[at].start) {
        (PieceKind::Row, _) if goes_on_with_row(pieces, at) => inherited(pieces, before),
        (PieceKind::Sentence, Start::SameLine) => before.map_or(Lead::None, |before| as_before(pieces, before)),
        (PieceKind::Sentence, Start::Item(indent)) => match before {
            Some(before) => lead_of_item(pieces, before, indent),
            None if at == 0 => Lead::Before,
            None => Lead::None,
        },
        _ => match before {
            Some(before) if announces(&pieces[before].text) => Lead::Piece(before),
            // Code and tables among the items of a list belong to them; so does a paragraph behind them, maybe.
            Some(before) if pieces[at].kind != PieceKind::Sentence => as_before(pieces, before),
            Some(_) => Lead::None,
            None if at == 0 && pieces[at].kind != PieceKind::Sentence => Lead::Before,
            None => Lead::None,
        },
    }
}

fn goes_on_with_row(pieces: &[Cut], at: usize) -> bool {
    let is_row = at > 0 && pieces[at - 1].kind == PieceKind::Row;
    is_row && pieces[at - 1].row.map(|row| row.table) == pieces[at].row.map(|row| row.table)
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
        Start::SameLine if pieces[before].kind == PieceKind::Sentence => inherited(pieces, Some(before)),
        _ => Lead::None,
    }
}

/// Walks up the list to what announces the item: an item that it is nested in, or the sentence above the list.
fn lead_of_item(pieces: &[Cut], before: usize, indent: usize) -> Lead {
    let section = &pieces[before].headings;
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
            _ => return Lead::None,
        }
        match at.checked_sub(1).filter(|next| &pieces[*next].headings == section) {
            Some(next) => at = next,
            None => return if at == 0 { Lead::Before } else { Lead::None },
        }
    }
}

/// Whether a sentence says that what it speaks of follows.
pub(super) fn announces(text: &str) -> bool {
    text.ends_with([':', '：'])
}

fn is_prose(part: &str) -> bool {
    part.chars().filter(|c| c.is_alphanumeric()).count() > 3
}

/// Whether a sentence begins a list item.
pub(super) fn is_item(text: &str) -> bool {
    text.trim_start().starts_with("- ") || is_step(text)
}

/// Whether a sentence begins an item of a numbered list.
pub(super) fn is_step(text: &str) -> bool {
    let text = text.trim_start();
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && text.len() - rest.len() <= 3 && (rest.starts_with(". ") || rest.starts_with(") "))
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
mod tests {
    use super::*;

    fn place(headings: &[&str]) -> Place {
        Place::new(headings.iter().map(|heading| (*heading).to_owned()).collect(), None)
    }

    #[test]
    fn pieces_know_the_headings_they_stand_under() {
        let text = "Intro text here.\n\n## Kafka\n\n### Restart\n\nIt takes 70 minutes.\n\n```\nls\n```\n\n## C#\n\n| a | b |\n| --- | --- |\n| 1 | 2 |";
        let seen: Vec<_> = cut(text, &place(&["Backups"]))
            .into_iter()
            .map(|cut| (cut.headings.join("/"), cut.kind, cut.text.lines().last().unwrap().to_owned()))
            .collect();
        let expect = [
            ("Backups", PieceKind::Sentence, "Intro text here."),
            ("Backups/Kafka/Restart", PieceKind::Sentence, "It takes 70 minutes."),
            ("Backups/Kafka/Restart", PieceKind::Code, "```"),
            ("Backups/C#", PieceKind::Row, "| 1 | 2 |"),
        ];
        assert_eq!(seen, expect.map(|(heading, kind, last)| (heading.to_owned(), kind, last.to_owned())));
        let bare = cut("## Impact\n\nNone at all.", &place(&["T", "Impact"]));
        assert_eq!(bare[0].headings, ["T", "Impact"], "named once");
    }

    /// What announces each piece; `^` where it may stand in the passage before.
    fn leads(text: &str) -> Vec<String> {
        let cuts = cut(text, &Place::default());
        let lead = |cut: &Cut| match cut.lead {
            Some(lead) => cuts[lead].text.clone(),
            None if cut.goes_on => "^".to_owned(),
            None => String::new(),
        };
        cuts.iter().map(lead).collect()
    }

    #[test]
    fn lists_tables_and_code_know_the_sentence_that_announces_them() {
        let cases: [(&str, &[&str]); 10] = [
            ("Forbidden:\n\n- Lift people. Ever.\n- Park it here.", &["", "Forbidden:", "Forbidden:", "Forbidden:"]),
            ("Done.\n\n- Lift people.\n- Park it.", &["", "", ""]),
            ("Never:\n\n1. Open it\n\n```\nrm -rf data\n```\n\n2. Close it", &["", "Never:", "Never:", "Never:"]),
            ("- Never do:\n  - Lift them.\n  - Park it.\n- Look up.", &["^", "- Never do:", "- Never do:", "^"]),
            ("Do not run:\n\n```\nls\n```", &["", "Do not run:"]),
            ("금지 사항：\n\n- 사람을 태우지 마세요.", &["", "금지 사항："]),
            (
                "The old limits:\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |",
                &["", "The old limits:", "The old limits:"],
            ),
            ("Forbidden:\n\n## Other\n\n- Lift people.", &["", ""]),
            ("- goes on here\n- and here", &["^", "^"]),
            (
                "The following is wrong:\n\nThe sky is green. It is.\n\nBut this holds.",
                &["", "The following is wrong:", "", ""],
            ),
        ];
        for (text, expect) in cases {
            assert_eq!(leads(text), expect, "{text}");
        }
    }

    #[test]
    fn the_end_of_a_passage_tells_what_announces_the_next_one() {
        let of = |text: &str| announced_at_end(&cut(text, &Place::default()));
        assert_eq!(of("Forbidden:"), Announced::By(0));
        assert_eq!(of("Before that.\n\nForbidden:\n\n- Lift people."), Announced::By(1));
        assert_eq!(of("- Lift people.\n- Park it."), Announced::Before);
        assert_eq!(of("- Lift people.\n\nThat is all."), Announced::No);
        assert_eq!(of(""), Announced::No);
    }

    #[test]
    fn rows_keep_their_header_and_know_their_place_in_the_whole_table() {
        let table = "| code | meaning |\n| --- | --- |\n| 503 | overloaded |\n| 504 | timeout |";
        let part = TablePart { at: 7, table: 2, first: 31, of: 60 };
        let cuts = cut(&format!("Codes.\n{table}"), &Place { tables: vec![part], ..Place::default() });
        assert_eq!(cuts[2].text, "| code | meaning |\n| --- | --- |\n| 504 | timeout |");
        assert_eq!(cuts[2].row, Some(RowPlace { table: 2, number: 32, of: 60 }));
        assert_eq!(rows("| a |\n| b |"), ["| a |", "| b |"]);
    }

    #[test]
    fn steps_and_items_are_told_from_prose() {
        for (text, item, step) in [
            ("1. Open the channel.", true, true),
            ("12) 확인합니다.", true, true),
            ("- Restart it.", true, false),
            ("2024. 3. 5. was a Tuesday.", false, false),
            ("3.5 seconds pass.", false, false),
            ("Restart it.", false, false),
        ] {
            assert_eq!((is_item(text), is_step(text)), (item, step), "{text}");
        }
    }
}
