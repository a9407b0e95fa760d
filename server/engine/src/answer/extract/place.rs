//! Puts the pieces of the passages found side by side as they stand in their documents: lists and tables go on from one
//! passage in the next, and what announces them may stand further up.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::document::LineRange;
use crate::index::passages::Passages;
use crate::index::{ChunkNumber, IndexError};

use super::super::{ItemPlace, ParagraphPlace};
use super::PieceKind;
use super::passage::{Announced, Cut, announced_at_end, announces, cut, prohibition_at_end, step_number};
use super::procedure::is_step_heading;

/// How many passages before one are looked at for the beginning of its list, and behind one for its end.
const MAX_PASSAGES_BACK: usize = 32;
const MAX_PASSAGES_ON: usize = 2;
/// How many passages before and behind one are looked at for the other steps of a procedure whose steps have headings.
const MAX_STEP_PASSAGES: u32 = 6;

/// A piece with its place among the others.
pub(super) struct Placed {
    pub(super) chunk: ChunkNumber,
    /// The passage by which it is weighed: its own, or the one that repeats it.
    pub(super) weighed_as: ChunkNumber,
    pub(super) document: u32,
    pub(super) cut: Cut,
    /// Counted over all pieces.
    pub(super) block: usize,
    pub(super) item: Option<ItemPlace>,
    /// Which sentence of its paragraph it is, where that has several.
    pub(super) paragraph: Option<ParagraphPlace>,
    /// The position of the piece that announces it.
    pub(super) lead: Option<usize>,
    /// Whether its section is at hand from its beginning on.
    pub(super) from_start: bool,
}

struct Passage {
    document: u32,
    /// Which passage of its section it begins as, from 0.
    part: u32,
    lines: Option<LineRange>,
    cuts: Vec<Cut>,
}

/// The pieces of these passages, and of those that their lists go on in, in reading order.
pub(super) fn place(passages: &Passages, chunks: &[ChunkNumber]) -> Result<Vec<Placed>, IndexError> {
    let mut loaded = BTreeMap::new();
    for chunk in chunks {
        load(passages, &mut loaded, chunk.0)?;
    }
    let mut unfinished = Vec::new();
    for chunk in chunks {
        load_back(passages, &mut loaded, chunk.0)?;
        load_rest(passages, &mut loaded, chunk.0)?;
        load_steps(passages, &mut loaded, chunk.0)?;
        unfinished.extend(load_on(passages, &mut loaded, chunk.0)?);
    }
    Ok(joined(loaded, chunks, &unfinished))
}

fn load(passages: &Passages, loaded: &mut BTreeMap<u32, Passage>, number: u32) -> Result<(), IndexError> {
    if let std::collections::btree_map::Entry::Vacant(free) = loaded.entry(number) {
        let chunk = passages.chunk(ChunkNumber(number))?;
        let cuts = cut(&chunk.text, &chunk.place);
        free.insert(Passage { document: chunk.document, part: chunk.place.part, lines: chunk.place.lines, cuts });
    }
    Ok(())
}

/// Loads the passages before one that its list, its announcement or a prohibition over it may begin in.
fn load_back(passages: &Passages, loaded: &mut BTreeMap<u32, Passage>, mut number: u32) -> Result<(), IndexError> {
    let first = loaded.get(&number).and_then(|passage| passage.cuts.first());
    // What a prohibition holds for, or is repeated, is understood from one passage more.
    let is_plain = first.is_some_and(|first| !first.goes_on && (first.maybe_forbidden || first.is_repeated));
    if let Some(before) = number.checked_sub(1).filter(|_| is_plain) {
        return load(passages, loaded, before);
    }
    for _ in 0..MAX_PASSAGES_BACK {
        let begins_within = loaded.get(&number).and_then(|p| p.cuts.first()).is_some_and(|first| first.goes_on);
        let Some(before) = number.checked_sub(1).filter(|_| begins_within) else { break };
        load(passages, loaded, before)?;
        if !continues(loaded, before) {
            break;
        }
        number = before;
    }
    Ok(())
}

/// Loads the passage that the last paragraph of this one goes on in.
fn load_rest(passages: &Passages, loaded: &mut BTreeMap<u32, Passage>, number: u32) -> Result<(), IndexError> {
    let count = u32::try_from(passages.chunk_count()).unwrap_or(u32::MAX);
    let ends_with_prose = |passage: &Passage| {
        passage.cuts.last().is_some_and(|last| last.kind == PieceKind::Sentence && last.list.is_none())
    };
    if number + 1 >= count || loaded.contains_key(&(number + 1)) || !loaded.get(&number).is_some_and(ends_with_prose) {
        return Ok(());
    }
    load(passages, loaded, number + 1)?;
    if !loaded.get(&number).zip(loaded.get(&(number + 1))).is_some_and(|(here, next)| share_a_line(here, next)) {
        loaded.remove(&(number + 1));
    }
    Ok(())
}

/// Loads the passages around one that hold the other steps of its procedure, where each step has a heading.
fn load_steps(passages: &Passages, loaded: &mut BTreeMap<u32, Passage>, number: u32) -> Result<(), IndexError> {
    let count = u32::try_from(passages.chunk_count()).unwrap_or(u32::MAX);
    let Some((document, above)) = loaded.get(&number).and_then(|here| here.steps_under().map(|a| (here.document, a)))
    else {
        return Ok(());
    };
    let behind = number + 1..count.min(number.saturating_add(1 + MAX_STEP_PASSAGES));
    let before = number.saturating_sub(MAX_STEP_PASSAGES)..number;
    let directions: [Vec<u32>; 2] = [behind.collect(), before.rev().collect()];
    for other in directions {
        for number in other {
            let was_there = loaded.contains_key(&number);
            load(passages, loaded, number)?;
            let goes_on = |passage: &Passage| passage.document == document && passage.holds_step_under(&above);
            if !loaded.get(&number).is_some_and(goes_on) {
                if !was_there {
                    loaded.remove(&number);
                }
                break;
            }
        }
    }
    Ok(())
}

impl Passage {
    /// The headings above the steps that it holds, where these have headings of their own.
    fn steps_under(&self) -> Option<Vec<String>> {
        self.cuts.iter().find_map(|cut| step_under(&cut.headings).map(<[String]>::to_vec))
    }

    fn holds_step_under(&self, above: &[String]) -> bool {
        self.cuts.iter().any(|cut| step_under(&cut.headings) == Some(above))
    }
}

/// The headings above a step's own heading.
fn step_under(headings: &[String]) -> Option<&[String]> {
    headings.split_last().filter(|(last, above)| is_step_heading(last, above)).map(|(_, above)| above)
}

/// Whether a paragraph goes on from one passage in the next: all its sentences have the lines of the whole.
fn share_a_line(here: &Passage, next: &Passage) -> bool {
    let lines = here.lines.zip(next.lines);
    here.document == next.document && lines.is_some_and(|(here, next)| next.first <= here.last)
}

/// Gives the passage whose list goes on in one that is not looked at.
fn load_on(
    passages: &Passages,
    loaded: &mut BTreeMap<u32, Passage>,
    mut number: u32,
) -> Result<Option<u32>, IndexError> {
    let count = u32::try_from(passages.chunk_count()).unwrap_or(u32::MAX);
    for step in 0..=MAX_PASSAGES_ON {
        let is_open = loaded.get(&number).and_then(|p| p.cuts.last()).is_some_and(may_go_on);
        if !is_open || number + 1 >= count {
            return Ok(None);
        }
        let was_there = loaded.contains_key(&(number + 1));
        load(passages, loaded, number + 1)?;
        if !continues(loaded, number) {
            return Ok(None);
        }
        if step == MAX_PASSAGES_ON {
            if !was_there {
                loaded.remove(&(number + 1));
            }
            return Ok(Some(number));
        }
        number += 1;
    }
    Ok(None)
}

fn may_go_on(last: &Cut) -> bool {
    last.list.is_some() || last.kind != PieceKind::Sentence || announces(&last.text)
}

/// Whether what ends one passage goes on in the next.
fn continues(loaded: &BTreeMap<u32, Passage>, number: u32) -> bool {
    let (Some(here), Some(next)) = (loaded.get(&number), loaded.get(&(number + 1))) else { return false };
    let (Some(last), Some(first)) = (here.cuts.last(), next.cuts.first()) else { return false };
    here.document == next.document && first.goes_on && last.section == first.section
}

/// All pieces in one row, with blocks, lists and leads counted over all of them.
fn joined(loaded: BTreeMap<u32, Passage>, found: &[ChunkNumber], unfinished: &[u32]) -> Vec<Placed> {
    let going_on: Vec<bool> =
        loaded.keys().map(|number| number.checked_sub(1).is_some_and(|before| continues(&loaded, before))).collect();
    let mut row = Row::default();
    for ((number, passage), goes_on) in loaded.into_iter().zip(going_on) {
        row.add(number, passage, goes_on, found);
        if unfinished.contains(&number) {
            row.open_lists.extend(row.lists_of.last().copied().flatten());
        }
    }
    number_items(&mut row.placed, &row.lists_of, &row.unseen_lists, &row.open_lists);
    number_sentences(&mut row.placed);
    row.placed
}

/// The pieces put side by side so far.
#[derive(Default)]
struct Row {
    placed: Vec<Placed>,
    /// For each piece the list that it is a part of.
    lists_of: Vec<Option<usize>>,
    lists: usize,
    blocks: usize,
    /// Lists that go on in a passage that is not looked at.
    open_lists: Vec<usize>,
    /// Lists that began in a passage that is not looked at.
    unseen_lists: Vec<usize>,
    end: Option<End>,
}

/// The end of the passage added last.
struct End {
    number: u32,
    document: u32,
    section: Option<(u32, u32)>,
    /// Whether that section is at hand from its beginning on.
    from_start: bool,
    lines: Option<LineRange>,
    /// Where its pieces are.
    positions: Vec<usize>,
    /// What announces whatever goes on in the next passage.
    announcing: Option<usize>,
    /// What forbids whatever stands behind it in its section.
    forbidding: Option<usize>,
}

impl Row {
    fn add(&mut self, number: u32, passage: Passage, goes_on: bool, found: &[ChunkNumber]) {
        let is_before = |end: &End| end.number + 1 == number && end.document == passage.document;
        let end = self.end.take().filter(is_before);
        let section = passage.cuts.first().map(|cut| cut.section);
        let announcing = end.as_ref().filter(|_| goes_on).and_then(|end| end.announcing);
        let forbidding = end.as_ref().filter(|end| end.section == section).and_then(|end| end.forbidding);
        let list_before = goes_on.then(|| self.lists_of.last().copied().flatten()).flatten();
        self.open_lists.retain(|list| Some(*list) != list_before);
        let announced = announced_at_end(&passage.cuts);
        let prohibited = prohibition_at_end(&passage.cuts);
        let repeated = passage.cuts.iter().take_while(|cut| cut.is_repeated).count();
        let last_section = passage.cuts.last().map(|cut| cut.section);
        let goes_back = end.as_ref().is_some_and(|end| end.section == section && end.from_start);
        let begins_at_hand = passage.part == 0 || goes_back;
        let from_start = |of: Option<(u32, u32)>| of != section || begins_at_hand;
        let (list_shift, block_shift) = (self.lists, self.blocks);
        let mut blocks = HashMap::new();
        // A sentence too long to be repeated stands between two of its paragraph.
        let shares_line = end
            .as_ref()
            .zip(passage.lines)
            .is_some_and(|(end, lines)| end.lines.is_some_and(|before| lines.first <= before.last) && repeated == 0);
        let last = end.as_ref().and_then(|end| end.positions.last()).map(|at| &self.placed[*at]);
        if let Some((last, first)) = last.zip(passage.cuts.first())
            && shares_line
            && last.cut.kind == PieceKind::Sentence
            && first.kind == PieceKind::Sentence
            && !first.begins_item()
        {
            blocks.insert(first.block, last.block);
        }
        let mut positions = Vec::with_capacity(passage.cuts.len());
        for (at, cut) in passage.cuts.into_iter().enumerate() {
            // The end of the passage before is repeated in this one.
            let same = end.as_ref().filter(|_| at < repeated).and_then(|end| self.same(end, repeated - at, &cut));
            if let Some(same) = same {
                if !found.contains(&self.placed[same].chunk) {
                    self.placed[same].weighed_as = ChunkNumber(number);
                }
                blocks.insert(cut.block, self.placed[same].block);
                positions.push(same);
                continue;
            }
            // Lists are counted from 0 in each passage, so one that goes on from the passage before is the first.
            let list = cut.list.map(|list| list_before.filter(|_| list == 0).unwrap_or(list + list_shift));
            self.lists = self.lists.max(list.map_or(0, |list| list + 1));
            self.unseen_lists.extend(list.filter(|_| cut.goes_on && end.is_none()));
            let carried = if cut.goes_on { announcing } else { forbidding.filter(|_| cut.maybe_forbidden) };
            let lead = cut.lead.and_then(|lead| positions.get(lead).copied()).or(carried);
            let block = blocks.get(&cut.block).copied().unwrap_or(block_shift + cut.block);
            let chunk = ChunkNumber(number);
            positions.push(self.placed.len());
            self.lists_of.push(list);
            self.blocks = self.blocks.max(block + 1);
            let document = passage.document;
            let section_of_cut = Some(cut.section);
            self.placed.push(Placed {
                chunk,
                weighed_as: chunk,
                document,
                cut,
                block,
                item: None,
                paragraph: None,
                lead,
                from_start: from_start(section_of_cut),
            });
        }
        let resolve = |announced, before: Option<usize>| match announced {
            Announced::By(at) => positions.get(at).copied(),
            Announced::Before => before,
            Announced::No => None,
        };
        let (announcing, forbidding) = (resolve(announced, announcing), resolve(prohibited, forbidding));
        let document = passage.document;
        let lines = passage.lines;
        let from_start = from_start(last_section);
        let section = last_section;
        self.end = Some(End { number, document, section, from_start, lines, positions, announcing, forbidding });
    }

    /// Where the passage before says what is repeated in this one, so many pieces before its end.
    fn same(&self, end: &End, before_end: usize, cut: &Cut) -> Option<usize> {
        let says_it = |at: &usize| self.placed[*at].cut.text.trim_start() == cut.text.trim_start();
        let expected = end.positions.len().checked_sub(before_end).map(|at| end.positions[at]);
        // A sentence that was cut differently moves the others.
        expected.filter(says_it).or_else(|| end.positions.iter().rev().copied().find(says_it))
    }
}

/// Counts the sentences of each paragraph.
fn number_sentences(placed: &mut [Placed]) {
    for paragraph in placed.chunk_by_mut(|a, b| a.block == b.block) {
        let is_prose = |piece: &Placed| piece.cut.kind == PieceKind::Sentence && piece.item.is_none();
        let of = paragraph.iter().filter(|piece| is_prose(piece)).count() as u32;
        for (number, piece) in (1..).zip(paragraph.iter_mut().filter(|piece| is_prose(piece))) {
            piece.paragraph = (of > 1).then_some(ParagraphPlace { number, of });
        }
    }
}

/// Counts the items of each list, from 1; one whose beginning was not looked at from the number of its first step, or from 2.
fn number_items(placed: &mut [Placed], lists: &[Option<usize>], unseen: &[usize], open: &[usize]) {
    let mut counts: HashMap<usize, u32> = HashMap::new();
    for (piece, list) in placed.iter_mut().zip(lists) {
        let Some(list) = *list else { continue };
        let offset = || match unseen.contains(&list) {
            true => step_number(&piece.cut.text).map_or(1, |number| number.saturating_sub(1)),
            false => 0,
        };
        let number = counts.entry(list).or_insert_with(offset);
        if piece.cut.begins_item() {
            *number += 1;
        }
        let numbered = step_number(&piece.cut.text).is_some();
        piece.item = Some(ItemPlace { list: list as u32, number: (*number).max(1), of: 0, numbered });
    }
    for (piece, list) in placed.iter_mut().zip(lists) {
        if let (Some(item), Some(list)) = (piece.item.as_mut(), list) {
            let of = counts.get(list).copied().unwrap_or(0);
            item.of = of.max(1) + u32::from(open.contains(list));
        }
    }
    let numbered: HashSet<u32> =
        placed.iter().filter_map(|piece| piece.item).filter(|item| item.numbered).map(|item| item.list).collect();
    for item in placed.iter_mut().filter_map(|piece| piece.item.as_mut()) {
        item.numbered = numbered.contains(&item.list);
    }
}
