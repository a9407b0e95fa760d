//! SentencePiece unigram tokens: the path of pieces with the best sum of scores, found by Viterbi over a trie.
//! Linear in the text's length: a position looks ahead no further than the longest piece. Knows no prefixes.

mod normalize;
mod table;

use normalize::{WORD_MARK, normalize};
pub(crate) use table::{TableError, encode_table};

use ragops_storage::MappedFile;
use table::Table;

/// Turns text into token ids.
pub struct Tokenizer {
    table: Table,
}

/// Scores are summed in f32 from the start of the text, as SentencePiece does, so that ties fall the same way. f32
/// loses their low bits in a long text; so after this many bytes the sum starts again at the next word, which changes
/// nothing else: no piece reaches across a word's start.
const SUM_BYTES: usize = 1 << 14;

/// How far an unknown character's score lies below the lowest piece's (SentencePiece's `kUnkPenalty`).
const UNKNOWN_PENALTY: f32 = 10.0;

impl Tokenizer {
    pub(crate) fn open(file: MappedFile) -> Result<Self, TableError> {
        Ok(Self { table: Table::open(file)? })
    }

    /// The ids of the text's tokens, without start and end markers.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 4 + 1);
        self.each_token(text, |id, _| ids.push(id));
        ids
    }

    /// Where each token starts in `text`, in bytes, ascending, always on a character's boundary.
    pub fn starts(&self, text: &str) -> Vec<usize> {
        let mut starts = Vec::with_capacity(text.len() / 4 + 1);
        self.each_token(text, |_, start| starts.push(start));
        starts
    }

    /// How many tokens the text has.
    pub fn count(&self, text: &str) -> usize {
        let mut count = 0;
        self.each_token(text, |_, _| count += 1);
        count
    }

    /// The id that starts a sequence.
    pub(crate) fn start_marker(&self) -> u32 {
        self.table.start
    }

    /// The id that ends a sequence.
    pub(crate) fn end_marker(&self) -> u32 {
        self.table.end
    }

    fn each_token(&self, text: &str, mut token: impl FnMut(u32, usize)) {
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
