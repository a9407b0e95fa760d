//! The pieces of the passages found that are worth embedding: sentences, table rows under their header, code blocks.

use std::collections::HashSet;

use crate::index::{ChunkNumber, IndexError};
use crate::retrieve::{Candidate, Retrieved};
use crate::settings::RetrievalSettings;
use crate::text::{SegmentKind, segments};

use super::super::words::{question_words, rarity};
use super::super::{RowPlace, Searcher};
use super::{PieceKind, context_of, path_of};

/// Pieces embedded for one question, in number and in bytes together: about 120 ms on two cores. Twice as many find
/// one answer more in a hundred.
const MAX_PIECES: usize = 32;
const MAX_PIECES_BYTES: usize = 6_000;
/// The longest piece kept, in bytes: longer code or rows bury the answer.
const MAX_PIECE_BYTES: usize = 1_200;
/// The longest heading or title that is embedded with each piece, in characters.
const MAX_HEADING_CHARS: usize = 80;

/// A piece before it is embedded.
pub(super) struct Draft {
    pub(super) chunk: ChunkNumber,
    pub(super) text: String,
    /// Title and nearest heading.
    pub(super) context: String,
    /// What it stands under, to be shown: title and nearest heading in full.
    pub(super) section: Option<String>,
    /// Where a row stands in its table.
    pub(super) row: Option<RowPlace>,
    pub(super) kind: PieceKind,
    /// The passage's rank, then the position in it.
    pub(super) order: (usize, usize),
    /// Share of the question's words, by rarity, in the piece and its headings.
    pub(super) words: f32,
    /// The passage's fused score beside the best one's.
    pub(super) passage: f32,
    /// What the model takes off for the passage's language.
    pub(super) bias: f32,
}

/// The pieces worth embedding, in reading order.
pub(super) fn drafts(
    searcher: &Searcher,
    question: &str,
    found: &Retrieved,
    settings: &RetrievalSettings,
) -> Result<Vec<Draft>, IndexError> {
    let words = QuestionWords::of(searcher, question)?;
    let mut drafts = Vec::new();
    let best = found.candidates.first().map_or(1.0, |c| c.fused).max(f32::EPSILON);
    for (rank, candidate) in found.candidates.iter().take(settings.top_k).enumerate() {
        let passage = (candidate.fused / best).clamp(0.0, 1.0);
        drafts.extend(of_passage(searcher, candidate, rank, passage, &words)?);
    }
    keep_likeliest(&mut drafts);
    Ok(drafts)
}

/// Keeps what can be embedded in time: by words and the passage's rank, then by the order of reading.
fn keep_likeliest(drafts: &mut Vec<Draft>) {
    drafts.sort_by(|a, b| (b.words + b.passage).total_cmp(&(a.words + a.passage)).then(a.order.cmp(&b.order)));
    drafts.truncate(MAX_PIECES);
    let mut bytes = 0;
    drafts.retain(|draft| {
        let fits = bytes + draft.text.len() <= MAX_PIECES_BYTES;
        bytes += if fits { draft.text.len() } else { 0 };
        fits
    });
    drafts.sort_by_key(|draft| draft.order);
}

fn of_passage(
    searcher: &Searcher,
    candidate: &Candidate,
    rank: usize,
    passage: f32,
    words: &QuestionWords,
) -> Result<Vec<Draft>, IndexError> {
    let passages = &searcher.revision().passages;
    let chunk = passages.chunk(candidate.chunk)?;
    let title = passages.document(candidate.document)?.title;
    let above = chunk.place.headings.last().map_or("", String::as_str);
    let bias = candidate.closeness.zip(candidate.cosine).map_or(0.0, |(closeness, cosine)| closeness - cosine);
    let draft = |(position, cut): (usize, Cut)| {
        let context = context_of(shortened(&title), shortened(&cut.heading));
        let section = Some(path_of(&title, &cut.heading, " › ")).filter(|section| !section.is_empty());
        Draft {
            section,
            row: cut.row,
            chunk: candidate.chunk,
            words: words.share_in(searcher, &context, &cut.text),
            kind: cut.kind,
            order: (rank, position),
            text: cut.text,
            context,
            passage,
            bias,
        }
    };
    Ok(cut(&chunk.text, above).into_iter().enumerate().map(draft).collect())
}

fn shortened(heading: &str) -> &str {
    heading.char_indices().nth(MAX_HEADING_CHARS).map_or(heading, |(end, _)| &heading[..end])
}

/// A piece cut from a passage.
#[derive(Debug, PartialEq, Eq)]
struct Cut {
    kind: PieceKind,
    text: String,
    heading: String,
    row: Option<RowPlace>,
}

/// Sentences, table rows under their header, and code blocks; headings are context, not answers. `above` is the heading
/// that the passage begins under.
fn cut(text: &str, above: &str) -> Vec<Cut> {
    let mut pieces = Vec::new();
    let mut heading = above.to_owned();
    for segment in segments(text) {
        let part = text[segment.range.clone()].trim();
        let mut push = |kind, text: String, row| pieces.push(Cut { kind, text, heading: heading.clone(), row });
        match segment.kind {
            SegmentKind::Heading => heading = part.trim_matches(|c: char| c == '#' || c.is_whitespace()).to_owned(),
            SegmentKind::Table => {
                let rows = rows(part);
                let of = rows.len() as u32;
                for (number, row) in (1..).zip(rows) {
                    push(PieceKind::Row, row, Some(RowPlace { number, of }));
                }
            }
            SegmentKind::Code => push(PieceKind::Code, part.to_owned(), None),
            SegmentKind::Sentence if is_prose(part) => push(PieceKind::Sentence, part.to_owned(), None),
            SegmentKind::Sentence => {}
        }
    }
    pieces.retain(|piece| piece.text.len() <= MAX_PIECE_BYTES);
    pieces
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
    let is_rule = |line: &str| line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
    match lines.iter().position(|line| is_rule(line)) {
        Some(rule) => {
            let header = lines[..=rule].join("\n");
            lines[rule + 1..].iter().map(|row| format!("{header}\n{row}")).collect()
        }
        None => lines.iter().map(|row| (*row).to_owned()).collect(),
    }
}

/// The question's words with their rarity.
struct QuestionWords {
    words: Vec<(Vec<String>, f32)>,
    total: f32,
}

impl QuestionWords {
    fn of(searcher: &Searcher, question: &str) -> Result<Self, IndexError> {
        let revision = searcher.revision();
        let mut words = Vec::new();
        for word in question_words(&searcher.analyzer, question) {
            let rarity = rarity(revision, &word.forms)?;
            words.push((word.forms, rarity));
        }
        let total = words.iter().map(|(_, rarity)| rarity).sum();
        Ok(Self { words, total })
    }

    fn share_in(&self, searcher: &Searcher, context: &str, text: &str) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let mut present: HashSet<String> = searcher.analyzer.terms(text).into_iter().collect();
        present.extend(searcher.analyzer.terms(context));
        let found = |forms: &[String]| forms.iter().any(|form| present.contains(form));
        self.words.iter().filter(|(forms, _)| found(forms)).map(|(_, rarity)| rarity).sum::<f32>() / self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_know_the_heading_they_stand_under() {
        let text = "Intro text here.\n\n## Restore\n\nIt takes 70 minutes.\n\n```\nls\n```\n\n| a | b |\n| --- | --- |\n| 1 | 2 |";
        let cuts = cut(text, "Backups");
        let seen: Vec<_> = cuts.iter().map(|c| (c.heading.as_str(), c.kind, c.text.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("Backups", PieceKind::Sentence, "Intro text here."),
                ("Restore", PieceKind::Sentence, "It takes 70 minutes."),
                ("Restore", PieceKind::Code, "```\nls\n```"),
                ("Restore", PieceKind::Row, "| a | b |\n| --- | --- |\n| 1 | 2 |"),
            ]
        );
    }

    #[test]
    fn rows_keep_their_header() {
        let table = "| code | meaning |\n| --- | --- |\n| 503 | overloaded |\n| 504 | timeout |";
        assert_eq!(rows(table)[1], "| code | meaning |\n| --- | --- |\n| 504 | timeout |");
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

    #[test]
    fn long_headings_are_shortened_between_characters() {
        let long = "가".repeat(200);
        assert_eq!(shortened(&long).chars().count(), MAX_HEADING_CHARS);
        assert_eq!(shortened("짧은 제목"), "짧은 제목");
    }
}
