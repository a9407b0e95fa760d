//! A set of chunks as a bitmap: what a search may find. Withdrawn chunks and filters by document become one of these, and
//! every channel takes the same.

use super::ChunkNumber;

/// Some chunks of a revision. One bit each, so 100,000 chunks take 12 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkSet {
    /// Bit `i & 7` of byte `i >> 3` stands for chunk `i`, as FAISS has it.
    bits: Vec<u8>,
    count: usize,
}

impl ChunkSet {
    /// No chunk of a revision that has `chunks`.
    pub fn none(chunks: usize) -> Self {
        Self { bits: vec![0; chunks.div_ceil(8)], count: 0 }
    }

    /// Some chunks of a revision that has `chunks`.
    pub fn of(chunks: usize, members: impl IntoIterator<Item = ChunkNumber>) -> Self {
        let mut set = Self::none(chunks);
        members.into_iter().for_each(|chunk| set.insert(chunk));
        set
    }

    /// Every chunk of a revision that has `chunks`.
    pub fn all(chunks: usize) -> Self {
        let mut bits = vec![0xff; chunks.div_ceil(8)];
        if let Some(last) = bits.last_mut().filter(|_| !chunks.is_multiple_of(8)) {
            *last = (1 << (chunks % 8)) - 1;
        }
        Self { bits, count: chunks }
    }

    /// Adds a chunk. One beyond the revision's last is not added.
    pub fn insert(&mut self, chunk: ChunkNumber) {
        if let Some((byte, mask)) = self.place(chunk).filter(|(byte, mask)| self.bits[*byte] & mask == 0) {
            self.bits[byte] |= mask;
            self.count += 1;
        }
    }

    /// Takes a chunk out.
    pub fn remove(&mut self, chunk: ChunkNumber) {
        if let Some((byte, mask)) = self.place(chunk).filter(|(byte, mask)| self.bits[*byte] & mask != 0) {
            self.bits[byte] &= !mask;
            self.count -= 1;
        }
    }

    /// Whether a chunk is in it.
    pub fn contains(&self, chunk: ChunkNumber) -> bool {
        self.place(chunk).is_some_and(|(byte, mask)| self.bits[byte] & mask != 0)
    }

    /// How many chunks are in it.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no chunk is in it.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The chunks in it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = ChunkNumber> {
        self.bits.iter().enumerate().filter(|(_, byte)| **byte != 0).flat_map(|(at, byte)| {
            (0..8).filter(move |bit| byte & (1 << bit) != 0).map(move |bit| ChunkNumber((at * 8 + bit) as u32))
        })
    }

    /// The bitmap as FAISS takes it.
    pub(crate) fn bits(&self) -> &[u8] {
        &self.bits
    }

    fn place(&self, chunk: ChunkNumber) -> Option<(usize, u8)> {
        let byte = chunk.as_usize() / 8;
        (byte < self.bits.len()).then_some((byte, 1 << (chunk.as_usize() % 8)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_set_that_was_put_in(chunks in 1_usize..200, steps in prop::collection::vec((any::<bool>(), 0_u32..250), 0..300)) {
            let (mut set, mut model) = (ChunkSet::none(chunks), BTreeSet::new());
            let room = chunks.div_ceil(8) * 8;
            for (insert, number) in steps {
                if insert && (number as usize) < room {
                    model.insert(number);
                } else if !insert {
                    model.remove(&number);
                }
                if insert { set.insert(ChunkNumber(number)) } else { set.remove(ChunkNumber(number)) }
                prop_assert_eq!(set.len(), model.len());
                prop_assert_eq!(set.contains(ChunkNumber(number)), model.contains(&number));
            }
            prop_assert_eq!(set.iter().map(|chunk| chunk.0).collect::<Vec<_>>(), model.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn all_holds_each_chunk_and_no_other(chunks in 0_usize..100) {
            let set = ChunkSet::all(chunks);
            prop_assert_eq!(set.iter().map(ChunkNumber::as_usize).collect::<Vec<_>>(), (0..chunks).collect::<Vec<_>>());
            prop_assert_eq!((set.len(), set.is_empty()), (chunks, chunks == 0));
        }
    }
}
