//! Picks the sentences that answer a question out of the passages found. Nothing is written anew: every sentence,
//! table row and code block stands in a passage word for word.

use std::collections::{HashMap, HashSet};

use crate::index::vectors::dot;
use crate::index::{ChunkNumber, IndexError};
use crate::retrieve::{Candidate, Retrieved};
use crate::settings::RetrievalSettings;
use crate::text::{SegmentKind, segments};

use super::attribute::Evidence;
use super::{AnswerError, Searcher, Sentence};

/// Passages beyond this rank rarely hold the sentence and cost embedding time.
const MAX_PASSAGES: usize = 5;
/// Sentences embedded for one question, in number and in bytes together: about 50 ms on two cores.
const MAX_PIECES: usize = 24;
const MAX_PIECES_BYTES: usize = 5_000;
/// The longest piece kept, in bytes: longer code or rows bury the answer.
const MAX_PIECE_BYTES: usize = 1_200;
/// The most sentences of an answer, not counting what a sentence introduces.
const MAX_PICKED: usize = 5;
/// A further sentence must come this close to the best. Tuned on the half `tune` of the sample gold set.
const WITHIN_OF_BEST: f32 = 0.3;
/// Two sentences this alike say the same.
const SAME_COSINE: f32 = 0.975;
/// Cosines of e5-small between question and sentence lie in about this range; it only scales them beside the words.
const COSINE_RANGE: (f32, f32) = (0.75, 0.92);
/// What a question's words and the passage's own rank add to the scaled cosine. Tuned on the sample gold set.
const WORDS_WEIGHT: f32 = 0.6;
const PASSAGE_WEIGHT: f32 = 0.35;

/// A sentence, table row or code block of a passage.
pub struct Piece {
    /// The passage it stands in.
    pub chunk: ChunkNumber,
    /// Text and vector.
    pub evidence: Evidence,
    /// What of it stands in the passage word for word: of a table row, the row without the header repeated above it.
    pub quote: String,
    kind: PieceKind,
    /// The passage's rank, then the position in it: reading order.
    order: (usize, usize),
    score: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PieceKind {
    Sentence,
    Row,
    Code,
}

/// The pieces looked at, and those that make the answer.
pub struct Extraction {
    /// All pieces that were embedded.
    pub pieces: Vec<Piece>,
    /// Positions in `pieces`, in the order of the answer.
    pub picked: Vec<usize>,
}

impl Extraction {
    /// What sentences are attributed to.
    pub fn evidence(&self) -> Vec<Evidence> {
        self.pieces.iter().map(|piece| piece.evidence.clone()).collect()
    }
}

/// Picks the answer's sentences.
pub fn extract(
    searcher: &Searcher,
    question: &str,
    found: &Retrieved,
    settings: &RetrievalSettings,
) -> Result<Extraction, AnswerError> {
    let words = QuestionWords::of(searcher, question)?;
    let drafts = drafts(searcher, found, settings, &words)?;
    let texts: Vec<&str> = drafts.iter().map(|draft| draft.text.as_str()).collect();
    let vectors = searcher.model().embed_passages(&texts, &())?;
    let asked = match &found.question_vector {
        Some(vector) => vector.clone(),
        None => searcher.model().embed_query(question).map_err(crate::retrieve::RetrieveError::from)?,
    };
    let piece = |(draft, vector): (Draft, &[f32])| {
        let (low, high) = COSINE_RANGE;
        let closeness = (dot(&asked, vector) - low) / (high - low);
        Piece {
            chunk: draft.chunk,
            score: closeness + WORDS_WEIGHT * draft.words + PASSAGE_WEIGHT * draft.passage,
            quote: quote(draft.kind, &draft.text),
            evidence: Evidence { text: draft.text, vector: vector.to_vec() },
            kind: draft.kind,
            order: draft.order,
        }
    };
    let pieces: Vec<Piece> = drafts.into_iter().zip(vectors.rows()).map(piece).collect();
    let picked = pick(&pieces);
    Ok(Extraction { pieces, picked })
}

/// Joins an answer's sentences: prose with spaces, table rows and code on lines of their own.
pub fn join(sentences: &[Sentence]) -> String {
    let mut text = String::new();
    for sentence in sentences {
        let block = sentence.text.contains('\n');
        if !text.is_empty() {
            text.push_str(if block || text.ends_with("```") || text.ends_with('|') { "\n\n" } else { " " });
        }
        text.push_str(&sentence.text);
    }
    text
}

/// A piece before it is embedded.
struct Draft {
    chunk: ChunkNumber,
    text: String,
    kind: PieceKind,
    order: (usize, usize),
    /// Share of the question's words in it, by rarity.
    words: f32,
    /// The passage's fused score beside the best one's.
    passage: f32,
}

fn drafts(
    searcher: &Searcher,
    found: &Retrieved,
    settings: &RetrievalSettings,
    words: &QuestionWords,
) -> Result<Vec<Draft>, IndexError> {
    let mut drafts = Vec::new();
    let best = found.candidates.first().map_or(1.0, |c| c.fused).max(f32::EPSILON);
    for (rank, candidate) in found.candidates.iter().take(settings.top_k.min(MAX_PASSAGES)).enumerate() {
        let passage = (candidate.fused / best).clamp(0.0, 1.0);
        drafts.extend(passage_drafts(searcher, candidate, rank, passage, words)?);
    }
    // The likeliest are kept: by words, then by the passage's rank and the order in it.
    drafts.sort_by(|a, b| (b.words + b.passage).total_cmp(&(a.words + a.passage)).then(a.order.cmp(&b.order)));
    drafts.truncate(MAX_PIECES);
    let mut bytes = 0;
    drafts.retain(|draft| {
        let fits = bytes + draft.text.len() <= MAX_PIECES_BYTES;
        bytes += if fits { draft.text.len() } else { 0 };
        fits
    });
    drafts.sort_by_key(|draft| draft.order);
    Ok(drafts)
}

fn passage_drafts(
    searcher: &Searcher,
    candidate: &Candidate,
    rank: usize,
    passage: f32,
    words: &QuestionWords,
) -> Result<Vec<Draft>, IndexError> {
    let chunk = searcher.revision().passages.chunk(candidate.chunk)?;
    let pieces = split(&chunk.text);
    let draft = |(position, (kind, text)): (usize, (PieceKind, String))| Draft {
        chunk: candidate.chunk,
        words: words.share_in(searcher, &text),
        kind,
        order: (rank, position),
        passage,
        text,
    };
    Ok(pieces.into_iter().enumerate().map(draft).collect())
}

fn quote(kind: PieceKind, text: &str) -> String {
    match kind {
        PieceKind::Row => text.lines().last().unwrap_or(text).to_owned(),
        PieceKind::Sentence | PieceKind::Code => text.to_owned(),
    }
}

/// Sentences, table rows under their header, and code blocks; headings are context, not answers.
fn split(text: &str) -> Vec<(PieceKind, String)> {
    let mut pieces = Vec::new();
    for segment in segments(text) {
        let part = text[segment.range.clone()].trim();
        match segment.kind {
            SegmentKind::Table => pieces.extend(rows(part).into_iter().map(|row| (PieceKind::Row, row))),
            SegmentKind::Code => pieces.push((PieceKind::Code, part.to_owned())),
            _ if is_prose(part) => pieces.push((PieceKind::Sentence, part.to_owned())),
            _ => {}
        }
    }
    pieces.retain(|(_, text)| text.len() <= MAX_PIECE_BYTES);
    pieces
}

fn is_prose(part: &str) -> bool {
    !part.starts_with('#') && part.chars().filter(|c| c.is_alphanumeric()).count() > 3
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

/// The best piece, those nearly as good that say something else, and code that a picked sentence introduces.
fn pick(pieces: &[Piece]) -> Vec<usize> {
    let mut by_score: Vec<usize> = (0..pieces.len()).collect();
    by_score.sort_by(|a, b| pieces[*b].score.total_cmp(&pieces[*a].score).then(a.cmp(b)));
    let Some(best) = by_score.first().map(|at| pieces[*at].score) else { return Vec::new() };
    let mut picked: Vec<usize> = Vec::new();
    for at in by_score {
        let piece = &pieces[at];
        let same = |other: &usize| dot(&piece.evidence.vector, &pieces[*other].evidence.vector) > SAME_COSINE;
        if picked.len() == MAX_PICKED || piece.score < best - WITHIN_OF_BEST {
            break;
        }
        if !picked.iter().any(same) {
            picked.push(at);
        }
    }
    let introduced: Vec<usize> = picked.iter().filter_map(|at| introduced(pieces, *at)).collect();
    picked.extend(introduced);
    picked.sort_unstable();
    picked.dedup();
    in_reading_order(pieces, picked)
}

/// The code block, or after a colon whatever it is, that follows a picked sentence: it is what the sentence is about.
fn introduced(pieces: &[Piece], at: usize) -> Option<usize> {
    let next = pieces.get(at + 1)?;
    let follows = next.order == (pieces[at].order.0, pieces[at].order.1 + 1);
    let sentence = pieces[at].kind == PieceKind::Sentence;
    let announces = pieces[at].evidence.text.ends_with([':', '：']);
    (follows && sentence && (announces || next.kind == PieceKind::Code)).then_some(at + 1)
}

/// Passages in the order of their best piece; within a passage as it is read.
fn in_reading_order(pieces: &[Piece], mut picked: Vec<usize>) -> Vec<usize> {
    let mut best = HashMap::<ChunkNumber, f32>::new();
    for at in &picked {
        let entry = best.entry(pieces[*at].chunk).or_insert(f32::NEG_INFINITY);
        *entry = entry.max(pieces[*at].score);
    }
    let key = |at: &usize| best.get(&pieces[*at].chunk).copied().unwrap_or(f32::NEG_INFINITY);
    picked.sort_by(|a, b| key(b).total_cmp(&key(a)).then(pieces[*a].order.cmp(&pieces[*b].order)));
    picked
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
        for word in super::confidence::question_words(&searcher.analyzer, question) {
            let rarity = super::confidence::rarity(revision, &word.forms)?;
            words.push((word.forms, rarity));
        }
        let total = words.iter().map(|(_, rarity)| rarity).sum();
        Ok(Self { words, total })
    }

    fn share_in(&self, searcher: &Searcher, text: &str) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let present: HashSet<String> = searcher.analyzer.terms(text).into_iter().collect();
        let found = |forms: &[String]| forms.iter().any(|form| present.contains(form));
        self.words.iter().filter(|(forms, _)| found(forms)).map(|(_, rarity)| rarity).sum::<f32>() / self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(order: (usize, usize), kind: PieceKind, text: &str, score: f32, angle: f32) -> Piece {
        let evidence = Evidence { text: text.to_owned(), vector: vec![angle.cos(), angle.sin()] };
        Piece { chunk: ChunkNumber(order.0 as u32), evidence, quote: text.to_owned(), kind, order, score }
    }

    #[test]
    fn picks_the_best_and_those_near_it_in_reading_order() {
        let pieces = [
            piece((0, 0), PieceKind::Sentence, "Second best.", 0.95, 0.0),
            piece((0, 1), PieceKind::Sentence, "Far off.", 0.2, 0.5),
            piece((0, 2), PieceKind::Sentence, "Best.", 1.0, 1.0),
        ];
        assert_eq!(pick(&pieces), [0, 2]);
        assert!(pick(&[]).is_empty());
    }

    #[test]
    fn the_same_thing_is_not_said_twice() {
        let pieces = [
            piece((0, 0), PieceKind::Sentence, "Restart it.", 1.0, 0.0),
            piece((1, 0), PieceKind::Sentence, "Restart it!", 0.99, 0.01),
        ];
        assert_eq!(pick(&pieces), [0]);
    }

    #[test]
    fn code_comes_with_the_sentence_before_it() {
        let pieces = [
            piece((0, 0), PieceKind::Sentence, "다음을 실행합니다.", 1.0, 0.0),
            piece((0, 1), PieceKind::Code, "```\nkubectl get pods\n```", 0.1, 0.5),
        ];
        assert_eq!(pick(&pieces), [0, 1]);
    }

    #[test]
    fn rows_keep_their_header() {
        let table = "| code | meaning |\n| --- | --- |\n| 503 | overloaded |\n| 504 | timeout |";
        assert_eq!(rows(table)[1], "| code | meaning |\n| --- | --- |\n| 504 | timeout |");
        assert_eq!(rows("| a |\n| b |"), ["| a |", "| b |"]);
    }
}
