//! SentencePiece unigram tokens: the path of pieces with the best sum of scores, found by Viterbi over a trie.
//! Linear in the text's length: a position looks ahead no further than the longest piece. Knows no prefixes.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use ragops_storage::MappedFile;

use super::normalize::{WORD_MARK, normalize};
use super::table::{Table, TableError};

/// The tokenizer of `tokenizer.bin`.
pub(super) struct Unigram {
    table: Table,
    counts: WordCounts,
}

/// Scores are summed in f32 from the start of the text, as SentencePiece does, so that ties fall the same way. f32
/// loses their low bits in a long text; so after this many bytes the sum starts again at the next word, which changes
/// nothing else: no piece reaches across a word's start.
const SUM_BYTES: usize = 1 << 14;

/// How far an unknown character's score lies below the lowest piece's (SentencePiece's `kUnkPenalty`).
pub(super) const UNKNOWN_PENALTY: f32 = 10.0;

impl Unigram {
    pub(super) fn open(file: MappedFile) -> Result<Self, TableError> {
        Ok(Self { table: Table::open(file)?, counts: WordCounts::default() })
    }

    pub(super) fn start_marker(&self) -> u32 {
        self.table.start
    }

    pub(super) fn end_marker(&self) -> u32 {
        self.table.end
    }

    /// How many tokens the text has: the sum of its words', each by itself. Among 10,000 words it may differ by one from what
    /// `each_token` gives, where two ways through a word are as good as each other to the last bit of a sum.
    pub(super) fn count(&self, text: &str) -> usize {
        let mut lattice = Lattice::default();
        let mut count_word = |word: &str| {
            self.counts.get_or_count(word, || {
                let mut tokens = 0;
                normalize(word, &self.table.characters, |character, origin| lattice.push(character, origin));
                lattice.solve(&self.table, &mut |_, _| tokens += 1);
                tokens
            })
        };
        // Neither composes with anything.
        let is_between = |c: char| c == ' ' || c == '\n' && self.table.characters.is_space('\n');
        text.split(is_between).filter(|word| !word.is_empty()).map(&mut count_word).sum()
    }

    /// Calls `token` with each token's id and where it starts in `text`, in bytes.
    pub(super) fn each_token(&self, text: &str, mut token: impl FnMut(u32, usize)) {
        let mut lattice = Lattice::default();
        normalize(text, &self.table.characters, |character, origin| {
            if character == WORD_MARK && lattice.text.len() >= SUM_BYTES {
                lattice.solve(&self.table, &mut token);
            }
            lattice.push(character, origin);
        });
        lattice.solve(&self.table, &mut token);
    }
}

/// How many tokens words have that were met before, for all threads: nearly all words of a text were. A slot holds the upper
/// bits of its word's hash and the count; a word that meets another in its slot takes its place.
struct WordCounts {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// 256 KiB of slots.
const SLOT_BITS: u32 = 15;
/// A slot's bits for the count; a word of as many tokens is not kept.
const COUNT_BITS: u32 = 10;
/// Longer words hardly come twice.
const MAX_KEPT_BYTES: usize = 64;

impl Default for WordCounts {
    fn default() -> Self {
        let slots = (0..1 << SLOT_BITS).map(|_| AtomicU64::new(0)).collect();
        Self { slots, hasher: RandomState::default() }
    }
}

impl WordCounts {
    fn get_or_count(&self, word: &str, count: impl FnOnce() -> usize) -> usize {
        if word.len() > MAX_KEPT_BYTES {
            return count();
        }
        let hash = self.hasher.hash_one(word);
        // The slot by the lower bits, the rest of them but those that the count takes kept beside it: two words are taken for
        // one as rarely as 54 random bits and the slot's 10 lowest agree, and what that costs is a cut in another place.
        let Some(slot) = self.slots.get(hash as usize % self.slots.len()) else { return count() };
        let (tag, kept) = (hash >> COUNT_BITS << COUNT_BITS, slot.load(Ordering::Relaxed));
        let (kept_tag, known) = (kept >> COUNT_BITS << COUNT_BITS, kept as usize & ((1 << COUNT_BITS) - 1));
        if kept_tag == tag && known > 0 {
            return known;
        }
        let tokens = count();
        if tokens < 1 << COUNT_BITS {
            slot.store(tag | tokens as u64, Ordering::Relaxed);
        }
        tokens
    }
}

/// A stretch of normalised text and the best way to each of its bytes.
#[derive(Default)]
struct Lattice {
    text: String,
    /// For each byte of `text`, the offset in the source of the character it belongs to.
    origins: Vec<usize>,
    best: Vec<Step>,
    path: Vec<(u32, usize)>,
}

/// The best way to reach a byte: its score and its last piece.
#[derive(Clone, Copy)]
struct Step {
    score: f32,
    from: u32,
    piece: u32,
}

const UNREACHED: Step = Step { score: f32::NEG_INFINITY, from: 0, piece: 0 };

impl Lattice {
    fn push(&mut self, character: char, origin: usize) {
        self.text.push(character);
        self.origins.resize(self.text.len(), origin);
    }

    /// Gives out the tokens of the stretch in order, and empties it.
    fn solve(&mut self, table: &Table, token: &mut impl FnMut(u32, usize)) {
        self.best.clear();
        self.best.resize(self.text.len() + 1, UNREACHED);
        self.best[0].score = 0.0;
        for (start, character) in self.text.char_indices() {
            extend(&mut self.best, table, &self.text.as_bytes()[start..], start, character.len_utf8());
        }
        self.path.clear();
        let mut end = self.text.len();
        while end > 0 {
            let Step { from, piece, .. } = self.best[end];
            end = from as usize;
            self.path.push((piece, self.origins[end]));
        }
        self.path.iter().rev().for_each(|(piece, origin)| token(*piece, *origin));
        self.text.clear();
        self.origins.clear();
    }
}

/// Tries every piece that `rest`, the text from `start` on, begins with, then the unknown character. The earlier of
/// two equal ways stays.
fn extend(best: &mut [Step], table: &Table, rest: &[u8], start: usize, character_len: usize) {
    let score = best[start].score;
    let mut reach = |end: usize, piece: u32, piece_score: f32| {
        let step = Step { score: score + piece_score, from: start as u32, piece };
        if step.score > best[end].score {
            best[end] = step;
        }
    };
    for (piece, length) in table.pieces_at(rest) {
        reach(start + length, piece, table.score(piece));
    }
    reach(start + character_len, table.unknown, table.unknown_score);
}
