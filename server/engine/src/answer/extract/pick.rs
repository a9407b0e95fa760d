//! Which pieces make the answer, and in which order they are said.

use std::collections::HashMap;
use std::ops::Range;

use crate::text::{bigram_overlap, missing_facts};

use super::passage::{announces, is_step};
use super::{Piece, PieceKind, Section};

/// The most pieces picked by score; what they introduce or are a step of comes on top.
const MAX_PICKED: usize = 6;
/// A further piece must come this close to the best: it is at least a fifth as likely. Tuned with the weights.
const WITHIN_OF_BEST: f32 = 1.5;
/// Two pieces of which the character bigrams agree this far, and every number and identifier, say the same.
const SAME_OVERLAP: f32 = 0.9;
/// A numbered list is given whole up to so many steps and bytes.
const MAX_STEPS: usize = 8;
const MAX_STEPS_BYTES: usize = 1_000;

/// A table of which several rows are picked is given whole up to so many rows and bytes.
const MAX_ROWS: u32 = 12;
const MAX_ROWS_BYTES: usize = 1_500;

/// At most so many procedures are given whole because the question asks how something is done.
const MAX_PROCEDURES: usize = 2;

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// How something is done.
    HowTo,
    Fact,
}

/// Positions of the best piece, those nearly as good that say something else, the code that a picked sentence
/// introduces, the other steps of a procedure, the other rows of a small table and what announces any of them; in the
/// order of the answer.
pub(super) fn pick(pieces: &[Piece], asked: Asked) -> Vec<usize> {
    let by_score = best(pieces);
    let mut picked = by_score.clone();
    picked.extend(by_score.iter().filter_map(|at| introduced(pieces, *at)));
    picked.extend(procedures(pieces, &by_score, asked));
    picked.extend(tables(pieces, &by_score));
    picked.sort_unstable();
    picked.dedup();
    announced(pieces, &mut picked);
    in_reading_order(pieces, picked)
}

/// Adds what announces a picked piece, since it may turn the meaning: "The following is forbidden:".
fn announced(pieces: &[Piece], picked: &mut Vec<usize>) {
    let mut next = 0;
    while let Some(at) = picked.get(next) {
        let lead = pieces[*at].lead.and_then(|lead| pieces.iter().position(|piece| piece.order == lead));
        picked.extend(lead.filter(|lead| !picked.contains(lead)));
        next += 1;
    }
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
    let announces = announces(&pieces[at].evidence.text);
    (follows(&pieces[at], next) && sentence && (announces || next.kind == PieceKind::Code)).then_some(at + 1)
}

/// The other steps of numbered lists of which the best piece or two picked pieces are steps, or one where the question
/// asks how something is done: half of a procedure misleads. A list that is too long, or that has a gap, is left as it is.
fn procedures(pieces: &[Piece], picked: &[usize], asked: Asked) -> Vec<usize> {
    let mut steps: Vec<usize> = Vec::new();
    let mut lists = 0;
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
        let how_to = asked == Asked::HowTo && lists < MAX_PROCEDURES;
        let wanted = !steps.contains(at) && (chosen >= 2 || picked.first() == Some(at) || how_to);
        if wanted && list.clone().count() <= MAX_STEPS && bytes <= MAX_STEPS_BYTES {
            steps.extend(list);
            lists += 1;
        }
    }
    steps
}

/// All rows of the small tables of which two are picked: some of them would look like all there are. Of a table that is
/// too long, or of which rows were not looked at, the answer shows where rows are left out.
fn tables(pieces: &[Piece], picked: &[usize]) -> Vec<usize> {
    let mut rows = Vec::new();
    for at in picked {
        let Some(table) = table(pieces, *at) else { continue };
        let bytes: usize = pieces[table.clone()].iter().map(|piece| piece.quote.len()).sum();
        let chosen = picked.iter().filter(|other| table.contains(other)).count();
        if chosen >= 2 && bytes <= MAX_ROWS_BYTES {
            rows.extend(table);
        }
    }
    rows
}

/// The positions of the table that a row stands in, if it is small and all of it is there.
fn table(pieces: &[Piece], at: usize) -> Option<Range<usize>> {
    let row = pieces[at].row.filter(|row| row.of <= MAX_ROWS)?;
    let first = at.checked_sub(row.number as usize - 1)?;
    let table = first..first + row.of as usize;
    let rows = pieces.get(table.clone())?;
    let starts_at = rows.first()?.order;
    let is_next = |(offset, piece): (usize, &Piece)| {
        piece.row.is_some_and(|other| other.number as usize == offset + 1 && other.table == row.table)
            && piece.order == (starts_at.0, starts_at.1 + offset)
    };
    rows.iter().enumerate().all(is_next).then_some(table)
}

/// Whether a piece is a step of a numbered list.
fn in_list(pieces: &[Piece], at: usize) -> bool {
    pieces[at].kind == PieceKind::Sentence && is_step(&pieces[at].evidence.text)
}

/// Whether `next` stands right behind `piece` in the same passage.
fn follows(piece: &Piece, next: &Piece) -> bool {
    next.order == (piece.order.0, piece.order.1 + 1)
}

/// Sections in the order of their best piece; within a section as it is read. The chunks of a section are numbered as
/// they are read.
fn in_reading_order(pieces: &[Piece], mut picked: Vec<usize>) -> Vec<usize> {
    let mut best = HashMap::<&Section, f32>::new();
    for at in &picked {
        let entry = best.entry(&pieces[*at].section).or_insert(f32::NEG_INFINITY);
        *entry = entry.max(pieces[*at].score);
    }
    let key = |at: &usize| {
        let section = &pieces[*at].section;
        (best.get(section).copied().unwrap_or(f32::NEG_INFINITY), section, pieces[*at].chunk, pieces[*at].order.1)
    };
    picked.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        b.0.total_cmp(&a.0).then_with(|| (a.1, a.2, a.3).cmp(&(b.1, b.2, b.3)))
    });
    picked
}

#[cfg(test)]
mod tests {
    use super::super::{Evidence, RowPlace};
    use super::*;
    use crate::index::ChunkNumber;

    fn piece(order: (usize, usize), kind: PieceKind, text: &str, score: f32) -> Piece {
        let evidence = Evidence { text: text.to_owned(), vector: vec![1.0] };
        let chunk = ChunkNumber(order.0 as u32);
        let (section, quote) = (Section::default(), text.to_owned());
        Piece { chunk, evidence, quote, section, row: None, kind, order, lead: None, score }
    }

    fn pick(pieces: &[Piece]) -> Vec<usize> {
        super::pick(pieces, Asked::Fact)
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

    #[test]
    fn a_question_for_a_procedure_gets_the_procedures_of_its_steps_whole() {
        let steps = [("The answer is here.", 9.0), ("1. Open it.", 8.5), ("2. Close it.", -9.0)];
        assert_eq!(super::pick(&sentences(&steps), Asked::HowTo), [0, 1, 2]);
    }

    #[test]
    fn what_announces_a_piece_comes_with_it_and_what_announces_that() {
        let mut pieces =
            sentences(&[("Forbidden:", -9.0), ("- On slopes:", -9.0), ("- Park it.", 5.0), ("- Lift it.", -9.0)]);
        (pieces[1].lead, pieces[2].lead, pieces[3].lead) = (Some((0, 0)), Some((0, 1)), Some((0, 0)));
        assert_eq!(pick(&pieces), [0, 1, 2]);
    }

    #[test]
    fn sections_stay_apart_whatever_they_are_called() {
        let mut pieces = sentences(&[("1. Drain it.", 5.0), ("1. Fail over.", 4.9), ("2. Stop it.", 4.8)]);
        for (piece, heading) in pieces.iter_mut().zip(["Kafka", "Redis", "Kafka"]) {
            piece.section.headings = vec![heading.to_owned(), "Restart".to_owned()];
        }
        assert_eq!(pick(&pieces), [0, 2, 1]);
    }

    fn table(scores: &[f32], of: u32) -> Vec<Piece> {
        let row = |(at, score): (usize, &f32)| {
            let row = Some(RowPlace { table: 0, number: at as u32 + 1, of });
            Piece { row, ..piece((0, at + 3), PieceKind::Row, &format!("| {at} | value |"), *score) }
        };
        scores.iter().enumerate().map(row).collect()
    }

    #[test]
    fn a_small_table_is_given_whole_when_two_of_its_rows_are_picked() {
        assert_eq!(pick(&table(&[5.0, -9.0, 4.9, -9.0], 4)), [0, 1, 2, 3]);
        assert_eq!(pick(&table(&[-9.0, 5.0, -9.0, -9.0], 4)), [1], "one row is looked up");
    }

    #[test]
    fn a_long_table_or_one_with_rows_that_were_not_looked_at_is_left_as_it_is() {
        let mut long = vec![-9.0; 20];
        (long[3], long[5]) = (5.0, 4.9);
        assert_eq!(pick(&table(&long, 20)), [3, 5]);
        assert_eq!(pick(&table(&[5.0, 4.9, -9.0], 4)), [0, 1], "its fourth row is not there");
        let mut gap = table(&[5.0, 4.9, -9.0], 3);
        gap[2].order = (0, 99);
        assert_eq!(pick(&gap), [0, 1]);
    }
}
