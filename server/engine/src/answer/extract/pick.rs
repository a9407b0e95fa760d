//! Which pieces make the answer, and in which order they are said.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::text::{bigram_overlap, missing_facts};

use super::draft::MAX_PIECE_BYTES;
use super::passage::ends_open;
use super::{Piece, PieceKind, Section, connectives};

/// The most pieces picked by score; what they introduce or are a step of comes on top.
const MAX_PICKED: usize = 6;
/// A further piece must come this close to the best: it is at least a fifth as likely. Tuned with the weights.
const WITHIN_OF_BEST: f32 = 1.5;
/// Two pieces of which the character bigrams agree this far, and every number and identifier, say the same.
const SAME_OVERLAP: f32 = 0.9;
/// A numbered list is given whole up to so many bytes.
const MAX_LIST_BYTES: usize = 3_000;
/// A paragraph is given whole up to so many characters.
const MAX_PARAGRAPH_CHARS: usize = 360;
/// A table of which several rows are picked is given whole up to so many rows and bytes.
const MAX_ROWS: u32 = 12;
const MAX_ROWS_BYTES: usize = 1_500;
/// A section that tells how something is done is given whole up to so many bytes.
const MAX_SECTION_BYTES: usize = 2_000;
/// At most so many procedures are given whole because the question asks how something is done.
const MAX_PROCEDURES: usize = 2;
/// Where the question asks how something is done, what stands in another section must come this close to the best.
const WITHIN_OF_BEST_ELSEWHERE: f32 = 0.75;

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// How something is done.
    HowTo,
    Fact,
}

/// Positions of the best piece and those nearly as good that say something else, with all that they cannot be understood
/// without; in the order of the answer.
pub(super) fn pick(pieces: &[Piece], asked: Asked) -> Vec<usize> {
    let by_score = best(pieces, asked);
    let mut picked: BTreeSet<usize> = by_score.iter().copied().collect();
    if asked == Asked::HowTo {
        picked.extend(by_score.first().map(|at| section(pieces, *at)).unwrap_or_default());
    }
    picked.extend(procedures(pieces, &by_score, asked));
    picked.extend(tables(pieces, &by_score));
    let mut open: Vec<usize> = picked.iter().copied().collect();
    while let Some(at) = open.pop() {
        let needed = [unit(pieces, at), neighbours(pieces, at)].concat();
        let needed = needed.into_iter().chain(pieces[at].lead).filter(|at| is_sayable(&pieces[*at]));
        open.extend(needed.filter(|at| picked.insert(*at)).collect::<Vec<_>>());
    }
    in_reading_order(pieces, picked)
}

fn is_sayable(piece: &Piece) -> bool {
    piece.evidence.text.len() <= MAX_PIECE_BYTES
}

fn best(pieces: &[Piece], asked: Asked) -> Vec<usize> {
    let mut by_score: Vec<usize> = (0..pieces.len()).filter(|at| pieces[*at].score > f32::NEG_INFINITY).collect();
    by_score.sort_by(|a, b| pieces[*b].score.total_cmp(&pieces[*a].score).then(a.cmp(b)));
    let Some(top) = by_score.first().map(|at| &pieces[*at]) else { return Vec::new() };
    let mut picked: Vec<usize> = Vec::new();
    for at in by_score {
        let piece = &pieces[at];
        let same = |other: &usize| says_the_same(&piece.quote, &pieces[*other].quote);
        let elsewhere = asked == Asked::HowTo && piece.section != top.section;
        let within = if elsewhere { WITHIN_OF_BEST_ELSEWHERE } else { WITHIN_OF_BEST };
        if picked.len() == MAX_PICKED || piece.score < top.score - WITHIN_OF_BEST {
            break;
        }
        if piece.score >= top.score - within && !picked.iter().any(same) {
            picked.push(at);
        }
    }
    picked
}

/// The whole section of a piece, unless it is long.
fn section(pieces: &[Piece], at: usize) -> Vec<usize> {
    whole(pieces, |piece| piece.section == pieces[at].section, MAX_SECTION_BYTES)
}

/// All pieces of which something holds, if they are short enough together; none of them that are too long.
fn whole(pieces: &[Piece], is_part: impl Fn(&Piece) -> bool, max_bytes: usize) -> Vec<usize> {
    let parts: Vec<usize> = (0..pieces.len()).filter(|at| is_part(&pieces[*at])).collect();
    let bytes: usize = parts.iter().map(|at| pieces[*at].quote.len()).sum();
    if bytes > max_bytes {
        return Vec::new();
    }
    parts.into_iter().filter(|at| is_sayable(&pieces[*at])).collect()
}

/// The other sentences of a list item or of a short paragraph: they qualify each other.
fn unit(pieces: &[Piece], at: usize) -> Vec<usize> {
    let Some(item) = pieces[at].item else {
        let in_paragraph = |piece: &Piece| piece.block == pieces[at].block && piece.kind == PieceKind::Sentence;
        let chars = |piece: &Piece| if in_paragraph(piece) { piece.quote.chars().count() } else { 0 };
        let is_short = pieces.iter().map(chars).sum::<usize>() <= MAX_PARAGRAPH_CHARS;
        return if is_short { whole(pieces, in_paragraph, usize::MAX) } else { Vec::new() };
    };
    let is_part = |piece: &Piece| {
        let same = piece.item.is_some_and(|other| other.list == item.list && other.number == item.number);
        same && (item.numbered || piece.block == pieces[at].block)
    };
    whole(pieces, is_part, MAX_LIST_BYTES)
}

/// What stands right before or behind a piece and belongs to it: the code that it introduces, the sentence that it goes on
/// from ("This takes …"), the one that takes something of it back ("But never …").
fn neighbours(pieces: &[Piece], at: usize) -> Vec<usize> {
    let piece = &pieces[at];
    let mut found = Vec::new();
    if piece.kind == PieceKind::Row {
        return found;
    }
    if let Some(next) = pieces.get(at + 1).filter(|next| next.section == piece.section) {
        let is_sentence = piece.kind == PieceKind::Sentence;
        let introduces = is_sentence && (next.kind == PieceKind::Code || ends_open(&piece.evidence.text));
        let takes_back = next.kind == PieceKind::Sentence && connectives::takes_back(&next.evidence.text);
        found.extend((introduces || (takes_back && next.item.is_none())).then_some(at + 1));
    }
    let before = at.checked_sub(1).filter(|before| pieces[*before].block == piece.block);
    found.extend(before.filter(|_| connectives::goes_on(&piece.evidence.text)));
    found
}

fn says_the_same(a: &str, b: &str) -> bool {
    bigram_overlap(a, b) >= SAME_OVERLAP && missing_facts(a, b).is_empty() && missing_facts(b, a).is_empty()
}

/// The other steps of numbered lists of which the best piece or two picked pieces are steps, or one where the question
/// asks how something is done: half of a procedure misleads. A list that is too long is left as it is.
fn procedures(pieces: &[Piece], picked: &[usize], asked: Asked) -> Vec<usize> {
    let mut steps: Vec<usize> = Vec::new();
    let mut lists = 0;
    for at in picked {
        let Some(list) = pieces[*at].item.filter(|item| item.numbered).map(|item| item.list) else { continue };
        let in_list = |piece: &Piece| piece.item.is_some_and(|item| item.list == list);
        let chosen = picked.iter().filter(|other| in_list(&pieces[**other])).count();
        let how_to = asked == Asked::HowTo && lists < MAX_PROCEDURES;
        if !steps.contains(at) && (chosen >= 2 || picked.first() == Some(at) || how_to) {
            steps.extend(whole(pieces, in_list, MAX_LIST_BYTES));
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
        let Some(row) = pieces[*at].row.filter(|row| row.of <= MAX_ROWS) else { continue };
        let in_table = |piece: &Piece| {
            piece.section == pieces[*at].section && piece.row.is_some_and(|other| other.table == row.table)
        };
        let chosen = picked.iter().filter(|other| in_table(&pieces[**other])).count();
        if chosen >= 2 {
            rows.extend(whole(pieces, in_table, MAX_ROWS_BYTES));
        }
    }
    rows
}

/// Sections in the order of their best piece; within a section as it is read. What overlapping passages repeat is said once.
fn in_reading_order(pieces: &[Piece], picked: BTreeSet<usize>) -> Vec<usize> {
    let mut best = HashMap::<&Section, f32>::new();
    for at in &picked {
        let entry = best.entry(&pieces[*at].section).or_insert(f32::NEG_INFINITY);
        *entry = entry.max(pieces[*at].score);
    }
    let mut said = HashSet::new();
    let place = |piece: &Piece| piece.row.map(|row| (row.table, row.number));
    let mut picked: Vec<usize> = picked
        .into_iter()
        .filter(|at| said.insert((&pieces[*at].section, &pieces[*at].quote, place(&pieces[*at]))))
        .collect();
    let key = |at: &usize| {
        let section = &pieces[*at].section;
        (best.get(section).copied().unwrap_or(f32::NEG_INFINITY), section, *at)
    };
    picked.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
    });
    picked
}

#[cfg(test)]
mod tests;
