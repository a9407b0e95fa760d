//! Which pieces make the answer, and in which order they are said.

use std::collections::HashMap;

use crate::index::ChunkNumber;
use crate::text::{bigram_overlap, missing_facts};

use super::draft::is_step;
use super::{Piece, PieceKind};

/// The most pieces picked by score; what they introduce or are a step of comes on top.
const MAX_PICKED: usize = 6;
/// A further piece must come this close to the best: it is at least a fifth as likely. Tuned with the weights.
const WITHIN_OF_BEST: f32 = 1.5;
/// Two pieces of which the character bigrams agree this far, and every number and identifier, say the same.
const SAME_OVERLAP: f32 = 0.9;
/// A numbered list is given whole up to so many steps and bytes.
const MAX_STEPS: usize = 8;
const MAX_STEPS_BYTES: usize = 1_000;

/// Positions of the best piece, those nearly as good that say something else, the code that a picked sentence
/// introduces, and the other steps of a procedure; in the order of the answer.
pub(super) fn pick(pieces: &[Piece]) -> Vec<usize> {
    let by_score = best(pieces);
    let mut picked = by_score.clone();
    picked.extend(by_score.iter().filter_map(|at| introduced(pieces, *at)));
    picked.extend(procedures(pieces, &by_score));
    picked.sort_unstable();
    picked.dedup();
    in_reading_order(pieces, picked)
}

fn best(pieces: &[Piece]) -> Vec<usize> {
    let mut by_score: Vec<usize> = (0..pieces.len()).collect();
    by_score.sort_by(|a, b| pieces[*b].score.total_cmp(&pieces[*a].score).then(a.cmp(b)));
    let Some(top) = by_score.first().map(|at| pieces[*at].score) else { return Vec::new() };
    let mut picked: Vec<usize> = Vec::new();
    for at in by_score {
        let same = |other: &usize| says_the_same(&pieces[at].quote, &pieces[*other].quote);
        if picked.len() == MAX_PICKED || pieces[at].score < top - WITHIN_OF_BEST {
            break;
        }
        if !picked.iter().any(same) {
            picked.push(at);
        }
    }
    picked
}

fn says_the_same(a: &str, b: &str) -> bool {
    bigram_overlap(a, b) >= SAME_OVERLAP && missing_facts(a, b).is_empty() && missing_facts(b, a).is_empty()
}

/// The code block, or after a colon whatever it is, that follows a picked sentence: it is what the sentence is about.
fn introduced(pieces: &[Piece], at: usize) -> Option<usize> {
    let next = pieces.get(at + 1)?;
    let sentence = pieces[at].kind == PieceKind::Sentence;
    let announces = pieces[at].evidence.text.ends_with([':', '：']);
    (follows(&pieces[at], next) && sentence && (announces || next.kind == PieceKind::Code)).then_some(at + 1)
}

/// The other steps of numbered lists of which the best piece or two picked pieces are steps: half of a procedure
/// misleads. A list that is too long, or that has a gap, is left as it is.
fn procedures(pieces: &[Piece], picked: &[usize]) -> Vec<usize> {
    let mut steps = Vec::new();
    for at in picked.iter().filter(|at| is_step(&pieces[**at].evidence.text)) {
        let joined =
            |a: usize| pieces.get(a + 1).is_some_and(|next| follows(&pieces[a], next) && in_list(pieces, a + 1));
        let mut first = *at;
        while first > 0 && joined(first - 1) && in_list(pieces, first - 1) {
            first -= 1;
        }
        let mut last = *at;
        while joined(last) {
            last += 1;
        }
        let list = first..=last;
        let bytes: usize = pieces[list.clone()].iter().map(|piece| piece.evidence.text.len()).sum();
        let chosen = picked.iter().filter(|other| list.contains(other)).count();
        let wanted = chosen >= 2 || picked.first() == Some(at);
        if wanted && list.clone().count() <= MAX_STEPS && bytes <= MAX_STEPS_BYTES {
            steps.extend(list);
        }
    }
    steps
}

/// Whether a piece is a step of a numbered list.
fn in_list(pieces: &[Piece], at: usize) -> bool {
    pieces[at].kind == PieceKind::Sentence && is_step(&pieces[at].evidence.text)
}

/// Whether `next` stands right behind `piece` in the same passage.
fn follows(piece: &Piece, next: &Piece) -> bool {
    next.order == (piece.order.0, piece.order.1 + 1)
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

#[cfg(test)]
mod tests {
    use super::super::Evidence;
    use super::*;

    fn piece(order: (usize, usize), kind: PieceKind, text: &str, score: f32) -> Piece {
        let evidence = Evidence { text: text.to_owned(), vector: vec![1.0] };
        Piece { chunk: ChunkNumber(order.0 as u32), evidence, quote: text.to_owned(), kind, order, score }
    }

    fn sentences(texts: &[(&str, f32)]) -> Vec<Piece> {
        let one = |(at, (text, score)): (usize, &(&str, f32))| piece((0, at), PieceKind::Sentence, text, *score);
        texts.iter().enumerate().map(one).collect()
    }

    #[test]
    fn picks_the_best_and_those_near_it_in_reading_order() {
        let pieces = sentences(&[("Second best.", 4.0), ("Far off.", 1.0), ("The winner.", 5.0)]);
        assert_eq!(pick(&pieces), [0, 2]);
        assert!(pick(&[]).is_empty());
    }

    #[test]
    fn the_same_thing_is_not_said_twice() {
        let mut pieces = sentences(&[("Restart the broker now.", 1.0)]);
        pieces.push(piece((1, 0), PieceKind::Sentence, "Restart the broker now!", 0.99));
        assert_eq!(pick(&pieces), [0]);
        let rows = sentences(&[("| 3 | `prod-a` | 48 hours |", 1.0), ("| 4 | `prod-b` | 48 hours |", 0.9)]);
        assert_eq!(pick(&rows), [0, 1], "another number is another thing");
    }

    #[test]
    fn code_comes_with_the_sentence_before_it() {
        let mut pieces = sentences(&[("다음을 실행합니다.", 1.0)]);
        pieces.push(piece((0, 1), PieceKind::Code, "```\nkubectl get pods\n```", -9.0));
        assert_eq!(pick(&pieces), [0, 1]);
    }

    #[test]
    fn a_procedure_is_given_whole_when_its_step_is_the_answer() {
        let steps =
            [("Before you begin.", -9.0), ("1. Open it.", -9.0), ("2. Look at it.", 5.0), ("3. Close it.", -9.0)];
        assert_eq!(pick(&sentences(&steps)), [1, 2, 3]);
        let second = [("The answer is here.", 9.0), ("1. Open it.", 8.5), ("2. Close it.", -9.0)];
        assert_eq!(pick(&sentences(&second)), [0, 1], "one step beside a better answer is left alone");
    }

    #[test]
    fn a_procedure_with_a_gap_or_of_great_length_is_left_as_it_is() {
        let mut gap = sentences(&[("1. Open it.", 5.0), ("2. Look at it.", -9.0)]);
        gap[1].order = (0, 2);
        assert_eq!(pick(&gap), [0]);
        let texts: Vec<String> = (1..=12).map(|n| format!("{n}. Step number {n} is this.")).collect();
        let long: Vec<(&str, f32)> =
            texts.iter().enumerate().map(|(at, text)| (text.as_str(), if at == 3 { 5.0 } else { -9.0 })).collect();
        assert_eq!(pick(&sentences(&long)), [3]);
    }
}
