//! Puts the pieces of the passages found side by side as they stand in their documents: lists and tables go on from one
//! passage in the next, and what announces them may stand further up.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::index::passages::Passages;
use crate::index::{ChunkNumber, IndexError};

use super::super::ItemPlace;
use super::PieceKind;
use super::passage::{Announced, Cut, announced_at_end, announces, cut, step_number};

/// How many passages before one are looked at for the beginning of its list, and behind one for its end.
const MAX_PASSAGES_BACK: usize = 16;
const MAX_PASSAGES_ON: usize = 2;

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
    /// The position of the piece that announces it.
    pub(super) lead: Option<usize>,
}

struct Passage {
    document: u32,
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
        unfinished.extend(load_on(passages, &mut loaded, chunk.0)?);
    }
    Ok(joined(loaded, chunks, &unfinished))
}

fn load(passages: &Passages, loaded: &mut BTreeMap<u32, Passage>, number: u32) -> Result<(), IndexError> {
    if let std::collections::btree_map::Entry::Vacant(free) = loaded.entry(number) {
        let chunk = passages.chunk(ChunkNumber(number))?;
        free.insert(Passage { document: chunk.document, cuts: cut(&chunk.text, &chunk.place) });
    }
    Ok(())
}

fn load_back(passages: &Passages, loaded: &mut BTreeMap<u32, Passage>, mut number: u32) -> Result<(), IndexError> {
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
    let mut going_on: HashMap<u32, bool> = HashMap::new();
    for number in loaded.keys() {
        going_on.insert(*number, number.checked_sub(1).is_some_and(|before| continues(&loaded, before)));
    }
    let mut placed: Vec<Placed> = Vec::new();
    let (mut blocks, mut lists) = (0, 0);
    let mut lists_of: Vec<Option<usize>> = Vec::new();
    let mut open_lists = Vec::new();
    // What announces whatever goes on in the next passage.
    let mut announcing: Option<usize> = None;
    for (number, passage) in loaded {
        let goes_on = going_on[&number];
        let before = goes_on.then(|| lists_of.last().copied().flatten()).flatten();
        let carried = announcing.filter(|_| goes_on);
        let start = placed.len();
        let announced = announced_at_end(&passage.cuts);
        let shift = lists;
        let mut positions = Vec::with_capacity(passage.cuts.len());
        for cut in passage.cuts {
            // The end of the passage before is repeated in this one.
            let repeated = goes_on.then(|| repeats(&placed, &cut, number)).flatten();
            if let Some(at) = repeated {
                if !found.contains(&placed[at].chunk) {
                    placed[at].weighed_as = ChunkNumber(number);
                }
                positions.push(at);
                continue;
            }
            // Lists are counted from 0 in each passage, so one that goes on from the passage before is the first.
            let list = cut.list.map(|list| match before {
                Some(before) if list == 0 => before,
                _ => list + shift,
            });
            lists = lists.max(list.map_or(0, |list| list + 1));
            let lead = cut.lead.and_then(|lead| positions.get(lead).copied()).or(carried.filter(|_| cut.goes_on));
            positions.push(placed.len());
            lists_of.push(list);
            let block = blocks + cut.block;
            let chunk = ChunkNumber(number);
            placed.push(Placed { chunk, weighed_as: chunk, document: passage.document, cut, block, item: None, lead });
        }
        announcing = match announced {
            Announced::By(at) => positions.get(at).copied(),
            Announced::Before => carried,
            Announced::No => None,
        };
        blocks = placed.last().map_or(0, |last| last.block + 1);
        if unfinished.contains(&number) && placed.len() > start {
            open_lists.extend(lists_of.last().copied().flatten());
        }
    }
    number_items(&mut placed, &lists_of, &open_lists);
    placed
}

/// The position of the piece of the passage before that says the same in the same list.
fn repeats(placed: &[Placed], cut: &Cut, number: u32) -> Option<usize> {
    let tail = placed.iter().enumerate().rev().take_while(|(_, piece)| piece.chunk.0 + 1 == number).take(8);
    let same =
        |piece: &Placed| piece.cut.text.trim_start() == cut.text.trim_start() && piece.cut.section == cut.section;
    tail.filter(|(_, piece)| same(piece)).map(|(at, _)| at).next()
}

/// Counts the items of each list; a list of steps begins with the number of its first.
fn number_items(placed: &mut [Placed], lists: &[Option<usize>], open: &[usize]) {
    let mut counts: HashMap<usize, u32> = HashMap::new();
    for (piece, list) in placed.iter_mut().zip(lists) {
        let Some(list) = *list else { continue };
        let offset = || step_number(&piece.cut.text).map_or(0, |number| number.saturating_sub(1));
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
