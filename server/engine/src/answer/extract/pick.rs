//! Which pieces make the answer, and in which order they are said.

use std::collections::{BTreeSet, HashMap};

use crate::text::matching_form;

use super::draft;
use super::passage::{announces, ends_open, forbids, forbids_what_follows, is_item, is_step, speaks_of_the_rest};
use super::procedure::{Asked, is_chapter_heading, is_step_heading};
use super::{Piece, PieceKind, Section, connectives, is_group_row};

/// The most pieces picked by score; what they introduce or are a step of comes on top.
const MAX_PICKED: usize = 6;
/// Those picked by score, in bytes together; the best is picked however long. Notes without full stops are sentences of a
/// kilobyte: several bury what is short.
const MAX_PICKED_BYTES: usize = 3_000;
/// A further piece must come this close to the best: it is at least a fifth as likely. Tuned with the weights.
const WITHIN_OF_BEST: f32 = 1.5;
/// A numbered list is given whole up to so many bytes.
const MAX_LIST_BYTES: usize = 3_000;
/// A paragraph is given whole up to so many characters.
const MAX_PARAGRAPH_CHARS: usize = 360;
/// A table of which several rows are picked is given whole up to so many rows and bytes.
const MAX_ROWS: u32 = 12;
const MAX_ROWS_BYTES: usize = 1_500;
/// A section that tells how something is done is given whole up to so many bytes.
const MAX_SECTION_BYTES: usize = 2_000;
/// A section of several paragraphs is given whole up to so many bytes, whatever is asked.
const MAX_SHORT_SECTION_BYTES: usize = 800;
/// What stands between a piece and the prohibition above it is said up to so many bytes, and so is what stands before
/// "everything else".
const MAX_CONTEXT_BYTES: usize = 2_000;
/// At most so many procedures are given whole because the question asks how something is done.
const MAX_PROCEDURES: usize = 2;
/// From a piece picked, so many neighbours of neighbours belong to it: sixty questions of a check list, or sixty warnings,
/// would follow from one otherwise.
const MAX_NEIGHBOURS: u32 = 2;
/// Where the question asks how something is done, what stands in another section must come this close to the best.
const WITHIN_OF_BEST_ELSEWHERE: f32 = 0.75;

/// Positions of the best piece and those nearly as good that say something else, with all that they cannot be understood
/// without; in the order of the answer.
pub(super) fn pick(pieces: &[Piece], asked: Asked) -> Vec<usize> {
    let by_score = best(pieces, asked);
    let mut picked: BTreeSet<usize> = by_score.iter().copied().collect();
    picked.extend(by_score.iter().flat_map(|at| short_section(pieces, *at)));
    if let Some(best) = by_score.first().filter(|_| asked != Asked::Fact) {
        picked.extend(section(pieces, *best));
    }
    if asked == Asked::HowTo {
        picked.extend(step_sections(pieces, &by_score));
    }
    picked.extend(procedures(pieces, &by_score, asked));
    picked.extend(tables(pieces, &by_score));
    picked.extend(announced(pieces, &by_score));
    let mut open: Vec<(usize, u32)> = picked.iter().map(|at| (*at, 0)).collect();
    while let Some((at, steps)) = open.pop() {
        let mut needed: Vec<(usize, u32)> = unit(pieces, at).into_iter().map(|at| (at, steps)).collect();
        if steps < MAX_NEIGHBOURS {
            needed.extend(neighbours(pieces, at).into_iter().map(|at| (at, steps + 1)));
        }
        needed.extend(pieces[at].lead.map(|lead| (lead, steps)));
        needed.retain(|(at, _)| is_sayable(&pieces[*at]) && picked.insert(*at));
        open.extend(needed);
    }
    let context: Vec<usize> = picked.iter().flat_map(|at| read_with(pieces, *at)).collect();
    picked.extend(context.into_iter().filter(|at| is_sayable(&pieces[*at])));
    in_reading_order(pieces, picked)
}

fn is_sayable(piece: &Piece) -> bool {
    draft::is_sayable(piece.kind, &piece.evidence.text)
}

/// Whether a piece may be where an answer begins: one that allows something to all others misleads where these are not at
/// hand. What belongs to another piece, and what forbids, is said in any case.
fn can_begin(pieces: &[Piece], at: usize) -> bool {
    let (kind, text) = (pieces[at].kind, &pieces[at].quote);
    let misleads = kind == PieceKind::Sentence && speaks_of_the_rest(text) && !forbids(&text.to_lowercase());
    is_sayable(&pieces[at]) && (!misleads || !rest(pieces, at).is_empty())
}

/// What a piece must be read with: all that stands between it and a prohibition above it in its section, so that the
/// reader sees how far that reaches; all before a sentence on the rest.
fn read_with(pieces: &[Piece], at: usize) -> Vec<usize> {
    if speaks_of_the_rest(&pieces[at].quote) {
        return rest(pieces, at);
    }
    let mut bytes = 0;
    for above in (0..at).rev() {
        let piece = &pieces[above];
        bytes += piece.quote.len();
        if piece.section != pieces[at].section || bytes > MAX_CONTEXT_BYTES {
            break;
        }
        if piece.kind == PieceKind::Sentence && forbids_what_follows(&piece.evidence.text) {
            return (above..at).collect();
        }
    }
    Vec::new()
}

/// Everything from the beginning of a piece's section to the piece; nothing where that is long or not at hand.
fn rest(pieces: &[Piece], at: usize) -> Vec<usize> {
    let begin = (0..=at).rev().take_while(|above| pieces[*above].section == pieces[at].section).last().unwrap_or(at);
    let bytes: usize = pieces[begin..=at].iter().map(|piece| piece.quote.len()).sum();
    if pieces[at].from_start && bytes <= MAX_CONTEXT_BYTES { (begin..=at).collect() } else { Vec::new() }
}

fn best(pieces: &[Piece], asked: Asked) -> Vec<usize> {
    let is_weighed = |at: &usize| pieces[*at].score > f32::NEG_INFINITY && can_begin(pieces, *at);
    let mut by_score: Vec<usize> = (0..pieces.len()).filter(is_weighed).collect();
    by_score.sort_by(|a, b| pieces[*b].score.total_cmp(&pieces[*a].score).then(a.cmp(b)));
    let Some(top) = by_score.first().map(|at| &pieces[*at]) else { return Vec::new() };
    let (mut picked, mut bytes) = (Vec::<usize>::new(), 0);
    for at in by_score {
        let piece = &pieces[at];
        let same = |other: &usize| says_the_same(piece, &pieces[*other]);
        let elsewhere = asked == Asked::HowTo && piece.section != top.section;
        let within = if elsewhere { WITHIN_OF_BEST_ELSEWHERE } else { WITHIN_OF_BEST };
        if picked.len() == MAX_PICKED || piece.score < top.score - WITHIN_OF_BEST {
            break;
        }
        let fits = picked.is_empty() || bytes + piece.quote.len() <= MAX_PICKED_BYTES;
        if piece.score >= top.score - within && fits && !picked.iter().any(same) {
            bytes += piece.quote.len();
            picked.push(at);
        }
    }
    picked
}

/// The whole section of a piece, unless it is long or the piece is looked up in a long table.
fn section(pieces: &[Piece], at: usize) -> Vec<usize> {
    let is_looked_up = pieces[at].row.is_some_and(|row| row.of > MAX_ROWS);
    let in_section = |piece: &Piece| piece.section == pieces[at].section;
    if is_looked_up { Vec::new() } else { whole(pieces, in_section, MAX_SECTION_BYTES) }
}

/// The same where a section is short: of several paragraphs one limits the other. Questions and their answers do not.
fn short_section(pieces: &[Piece], at: usize) -> Vec<usize> {
    let in_section = |piece: &Piece| piece.section == pieces[at].section;
    let blocks: BTreeSet<usize> = pieces.iter().filter(|piece| in_section(piece)).map(|piece| piece.block).collect();
    let asks = |piece: &&Piece| in_section(piece) && piece.evidence.text.trim_end().ends_with(['?', '？']);
    let is_faq = pieces.iter().filter(asks).count() > 1;
    if blocks.len() > 1 && !is_faq { whole(pieces, in_section, MAX_SHORT_SECTION_BYTES) } else { Vec::new() }
}

/// Where steps are told under headings of their own, the sections of all steps.
fn step_sections(pieces: &[Piece], picked: &[usize]) -> Vec<usize> {
    let mut groups: Vec<StepGroup<'_>> = Vec::new();
    for group in picked.iter().filter_map(|at| StepGroup::of(&pieces[*at].section)) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let of = |group: &StepGroup<'_>| {
        // The chapters of a manual have numbers, too.
        if pieces.iter().any(|piece| group.has_chapter(&piece.section)) {
            return Vec::new();
        }
        whole(pieces, |piece| StepGroup::of(&piece.section).as_ref() == Some(group), MAX_LIST_BYTES)
    };
    groups.iter().take(MAX_PROCEDURES).flat_map(of).collect()
}

/// The sections of one procedure whose steps have headings of their own.
#[derive(Debug, PartialEq, Eq, Hash)]
struct StepGroup<'p> {
    document: u32,
    above: &'p [String],
}

impl<'p> StepGroup<'p> {
    fn of(section: &'p Section) -> Option<Self> {
        let (heading, above) = section.headings.split_last()?;
        is_step_heading(heading, above).then_some(Self { document: section.document, above })
    }

    fn has_chapter(&self, section: &Section) -> bool {
        let named = section.headings.get(self.above.len());
        let is_here = section.document == self.document && section.headings.starts_with(self.above);
        is_here && named.is_some_and(|heading| is_step(heading) && is_chapter_heading(heading))
    }
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
        // A question is answered by what follows, unless another question does.
        let opens = ends_open(&piece.evidence.text) && !ends_open(&next.evidence.text) && !is_sibling(piece, next);
        let introduces = is_sentence && (next.kind == PieceKind::Code || opens);
        let text = &next.evidence.text;
        let takes_back = connectives::takes_back(text);
        let is_prose = next.kind == PieceKind::Sentence && next.item.is_none();
        // "This permission ended." and what is to be known of a command stand in paragraphs of their own.
        let speaks_of_it = next.block != piece.block && connectives::goes_on(text);
        let explains = piece.kind == PieceKind::Code;
        found.extend((introduces || (is_prose && (takes_back || speaks_of_it || explains))).then_some(at + 1));
    }
    let before = at.checked_sub(1).filter(|before| pieces[*before].block == piece.block);
    found.extend(before.filter(|_| connectives::goes_on(&piece.evidence.text)));
    found
}

/// Whether two pieces are items of one list, the second no deeper than the first.
fn is_sibling(piece: &Piece, next: &Piece) -> bool {
    let indent = |piece: &Piece| piece.evidence.text.len() - piece.evidence.text.trim_start().len();
    let same_list = piece.item.zip(next.item).is_some_and(|(piece, next)| piece.list == next.list);
    same_list && is_item(&next.evidence.text) && indent(next) <= indent(piece)
}

/// Whether two pieces are the same words under the same heading. "May not be restarted" is nearly the same as "may be
/// restarted", and a heading may turn the meaning.
fn says_the_same(a: &Piece, b: &Piece) -> bool {
    let letters = |text: &str| matching_form(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    a.section.headings.last() == b.section.headings.last() && letters(&a.quote) == letters(&b.quote)
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
            steps.extend(around(pieces, in_list));
            lists += 1;
        }
    }
    steps
}

/// The paragraphs right before and right behind the steps of a list: who may begin, and what to do when a step fails.
fn around(pieces: &[Piece], in_list: impl Fn(&Piece) -> bool) -> Vec<usize> {
    let first = pieces.iter().position(&in_list);
    let last = pieces.iter().rposition(&in_list);
    let ends = [(first, first.and_then(|at| at.checked_sub(1))), (last, last.map(|at| at + 1))];
    let beside = ends.into_iter().filter_map(|(end, beside)| Some((&pieces[end?], beside?)));
    let belongs = |(end, at): (&Piece, usize)| {
        let piece = pieces.get(at)?;
        (piece.section == end.section && piece.kind == PieceKind::Sentence && piece.item.is_none()).then_some(at)
    };
    beside.filter_map(belongs).filter(|at| is_sayable(&pieces[*at])).collect()
}

/// The lists, tables and code that a picked sentence announces, unless they are long: "The following cases are excluded."
fn announced(pieces: &[Piece], picked: &[usize]) -> Vec<usize> {
    let says = |at: &&usize| announces(&pieces[**at].evidence.text);
    let of = |at: &usize| whole(pieces, |piece| piece.lead == Some(*at), MAX_LIST_BYTES);
    picked.iter().filter(says).flat_map(of).collect()
}

/// All rows of the small tables of which two are picked, some of them would look like all there are, and of those with
/// headings among their rows. Of a table that is
/// too long, or of which rows were not looked at, the answer shows where rows are left out.
fn tables(pieces: &[Piece], picked: &[usize]) -> Vec<usize> {
    let mut rows = Vec::new();
    for at in picked {
        let Some(row) = pieces[*at].row.filter(|row| row.of <= MAX_ROWS) else { continue };
        let in_table = |piece: &Piece| {
            piece.section == pieces[*at].section && piece.row.is_some_and(|other| other.table == row.table)
        };
        let chosen = picked.iter().filter(|other| in_table(&pieces[**other])).count();
        let has_groups = || pieces.iter().any(|piece| in_table(piece) && is_group_row(&piece.quote));
        if chosen >= 2 || has_groups() {
            rows.extend(whole(pieces, in_table, MAX_ROWS_BYTES));
        }
    }
    rows
}

/// Sections in the order of their best piece, steps under headings of their own in theirs; within a section as it is read.
fn in_reading_order(pieces: &[Piece], picked: BTreeSet<usize>) -> Vec<usize> {
    let mut best = HashMap::<Result<StepGroup<'_>, &Section>, f32>::new();
    let key = |at: usize| StepGroup::of(&pieces[at].section).ok_or(&pieces[at].section);
    for at in &picked {
        let entry = best.entry(key(*at)).or_insert(f32::NEG_INFINITY);
        *entry = entry.max(pieces[*at].score);
    }
    let mut picked: Vec<(f32, usize)> = picked.into_iter().map(|at| (best[&key(at)], at)).collect();
    picked.sort_by(|(a_best, a), (b_best, b)| {
        b_best.total_cmp(a_best).then_with(|| (&pieces[*a].section, *a).cmp(&(&pieces[*b].section, *b)))
    });
    picked.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests;
