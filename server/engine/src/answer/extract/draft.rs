//! The pieces of the passages found that are worth embedding.

use std::collections::{HashMap, HashSet};

use crate::index::{ChunkNumber, IndexError};
use crate::retrieve::{Candidate, Retrieved};
use crate::settings::RetrievalSettings;

use super::super::words::{question_words, rarity};
use super::super::{RowPlace, Searcher};
use super::passage::{Announced, Cut, announced_at_end, cut};
use super::{PieceKind, Section, context_of};

/// Pieces embedded for one question, in number and in bytes together: about 120 ms on two cores. Twice as many find
/// one answer more in a hundred.
const MAX_PIECES: usize = 32;
const MAX_PIECES_BYTES: usize = 6_000;
/// The longest piece kept, in bytes: longer code or rows bury the answer.
const MAX_PIECE_BYTES: usize = 1_200;
/// The longest heading or title that is embedded with each piece, in characters.
const MAX_HEADING_CHARS: usize = 80;

/// How far back, in passages, the sentence is looked for that announces a list or table.
const MAX_PASSAGES_BACK: usize = 4;

/// A piece before it is embedded.
pub(super) struct Draft {
    pub(super) chunk: ChunkNumber,
    pub(super) text: String,
    /// Title and nearest heading.
    pub(super) context: String,
    /// What it stands under.
    pub(super) section: Section,
    /// Where a row stands in its table.
    pub(super) row: Option<RowPlace>,
    pub(super) kind: PieceKind,
    /// The passage's rank, then the position in it.
    pub(super) order: (usize, usize),
    /// The order of the piece that announces it.
    pub(super) lead: Option<(usize, usize)>,
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
    Ok(likeliest(drafts))
}

/// What can be embedded in time: by words and the passage's rank, then by the order of reading; and what announces it.
fn likeliest(mut drafts: Vec<Draft>) -> Vec<Draft> {
    let mut by_likelihood: Vec<usize> = (0..drafts.len()).collect();
    let likelihood = |at: usize| drafts[at].words + drafts[at].passage;
    by_likelihood
        .sort_by(|a, b| likelihood(*b).total_cmp(&likelihood(*a)).then(drafts[*a].order.cmp(&drafts[*b].order)));
    let mut bytes = 0;
    let fits = |at: &usize| {
        let length = drafts[*at].text.len();
        let fits = length <= MAX_PIECE_BYTES && bytes + length <= MAX_PIECES_BYTES;
        bytes += if fits { length } else { 0 };
        fits
    };
    let mut kept: HashSet<usize> = by_likelihood.into_iter().take(MAX_PIECES).filter(fits).collect();
    let positions: HashMap<(usize, usize), usize> =
        drafts.iter().enumerate().map(|(at, draft)| (draft.order, at)).collect();
    let mut open: Vec<usize> = kept.iter().copied().collect();
    while let Some(at) = open.pop() {
        let lead = drafts[at]
            .lead
            .and_then(|lead| positions.get(&lead))
            .filter(|lead| drafts[**lead].text.len() <= MAX_PIECE_BYTES);
        open.extend(lead.filter(|lead| kept.insert(**lead)));
    }
    let mut at = 0;
    drafts.retain(|_| {
        at += 1;
        kept.contains(&(at - 1))
    });
    drafts.sort_by_key(|draft| draft.order);
    drafts
}

/// The pieces of a passage, numbered before any is left out: what stands side by side is told by the numbers. What
/// announces the passage's first pieces from a passage before has the number 0.
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
    let bias = candidate.closeness.zip(candidate.cosine).map_or(0.0, |(closeness, cosine)| closeness - cosine);
    let draft = |(position, chunk, cut): (usize, ChunkNumber, Cut)| {
        let heading = cut.headings.last().map_or("", String::as_str);
        let context = context_of(shortened(&title), shortened(heading));
        Draft {
            section: Section { document: candidate.document, headings: cut.headings },
            row: cut.row,
            chunk,
            words: words.share_in(searcher, &context, &cut.text),
            kind: cut.kind,
            order: (rank, position),
            lead: cut.lead.map(|lead| (rank, lead + 1)).or_else(|| cut.goes_on.then_some((rank, 0))),
            text: cut.text,
            context,
            passage,
            bias,
        }
    };
    let cuts = cut(&chunk.text, &chunk.place);
    let announced = match cuts.iter().find(|cut| cut.goes_on) {
        Some(first) => announced_before(searcher, candidate, &first.headings)?,
        None => None,
    };
    let announced = announced.map(|(chunk, cut)| (0, chunk, cut.alone()));
    let within = cuts.into_iter().enumerate().map(|(at, cut)| (at + 1, candidate.chunk, cut));
    Ok(announced.into_iter().chain(within).map(draft).collect())
}

/// The sentence that announces the list or table that a passage begins in the middle of, from the passages before it.
/// It stands under the same headings.
fn announced_before(
    searcher: &Searcher,
    candidate: &Candidate,
    headings: &[String],
) -> Result<Option<(ChunkNumber, Cut)>, IndexError> {
    let passages = &searcher.revision().passages;
    let mut number = candidate.chunk.0;
    for _ in 0..MAX_PASSAGES_BACK {
        let Some(before) = number.checked_sub(1).map(ChunkNumber) else { return Ok(None) };
        let chunk = passages.chunk(before)?;
        if chunk.document != candidate.document {
            return Ok(None);
        }
        let mut cuts = cut(&chunk.text, &chunk.place);
        match announced_at_end(&cuts) {
            Announced::By(at) => {
                let announcing = cuts.swap_remove(at);
                return Ok((announcing.headings == headings).then_some((before, announcing)));
            }
            Announced::No => return Ok(None),
            Announced::Before => number = before.0,
        }
    }
    Ok(None)
}

fn shortened(heading: &str) -> &str {
    heading.char_indices().nth(MAX_HEADING_CHARS).map_or(heading, |(end, _)| &heading[..end])
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
    fn long_headings_are_shortened_between_characters() {
        let long = "가".repeat(200);
        assert_eq!(shortened(&long).chars().count(), MAX_HEADING_CHARS);
        assert_eq!(shortened("짧은 제목"), "짧은 제목");
    }

    fn draft(order: (usize, usize), text: &str, words: f32, lead: Option<(usize, usize)>) -> Draft {
        Draft {
            chunk: ChunkNumber(0),
            text: text.to_owned(),
            context: String::new(),
            section: Section::default(),
            row: None,
            kind: PieceKind::Sentence,
            order,
            lead,
            words,
            passage: 0.0,
            bias: 0.0,
        }
    }

    #[test]
    fn the_likeliest_are_kept_with_what_announces_them_and_in_reading_order() {
        let mut drafts = vec![draft((0, 0), "Never:", 0.0, None), draft((0, 1), "- Lift people.", 1.0, Some((0, 0)))];
        drafts.extend((2..50).map(|at| draft((0, at), "Other text.", 0.5, None)));
        let kept: Vec<_> = likeliest(drafts).into_iter().map(|draft| draft.order.1).collect();
        assert_eq!(kept, (0..=MAX_PIECES).collect::<Vec<_>>());
        let long = vec![draft((0, 0), &"x".repeat(MAX_PIECE_BYTES + 1), 1.0, None), draft((0, 1), "Short.", 0.1, None)];
        assert_eq!(likeliest(long).len(), 1);
    }
}
