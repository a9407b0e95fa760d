//! The installed vocabulary, `tokenizer.bin`: a double-array trie of the pieces, their scores and the character map.
//! The trie stays in the mapped file; the layout is in docs/adr/0006-installed-model-format.md.

use std::ops::{Deref, Range};
use std::sync::Arc;

use ragops_storage::MappedFile;
use yada::DoubleArray;
use yada::builder::DoubleArrayBuilder;

use super::normalize::CharacterMap;
use super::unigram::UNKNOWN_PENALTY;
use crate::artefact::Vocabulary;
use crate::artefact::cursor::{Cursor, Short};

const MAGIC: &[u8; 8] = b"RGTOK\0\0\x01";

/// The vocabulary cannot be built or read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The first bytes are others.
    #[error("it does not start as a tokenizer of this version does")]
    Magic,
    /// The bytes end too early.
    #[error("it is truncated: {0}")]
    Truncated(String),
    /// A value that cannot be.
    #[error("its {0} cannot be")]
    Field(&'static str),
    /// The trie refused the pieces or bytes.
    #[error("its trie is refused: {0}")]
    Trie(String),
}

impl From<Short> for TableError {
    fn from(short: Short) -> Self {
        Self::Truncated(short.to_string())
    }
}

/// The mapped trie's bytes.
struct TrieBytes {
    file: Arc<MappedFile>,
    range: Range<usize>,
}

impl Deref for TrieBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.file[self.range.clone()]
    }
}

/// An opened vocabulary.
pub(super) struct Table {
    trie: DoubleArray<TrieBytes>,
    scores: Vec<f32>,
    pub(super) characters: CharacterMap,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) unknown: u32,
    pub(super) unknown_score: f32,
}

impl Table {
    pub(super) fn open(file: MappedFile) -> Result<Self, TableError> {
        let file = Arc::new(file);
        let mut cursor = Cursor::new(&file);
        if cursor.take(MAGIC.len()).map_err(|_| TableError::Magic)? != MAGIC {
            return Err(TableError::Magic);
        }
        let count = cursor.u32()?;
        let [start, end, unknown] = [cursor.u32()?, cursor.u32()?, cursor.u32()?];
        if [start, end, unknown].iter().any(|id| *id >= count) {
            return Err(TableError::Field("marker"));
        }
        let unknown_score = cursor.f32()?;
        let scores = cursor.f32s(count as usize)?;
        if !(unknown_score.is_finite() && scores.iter().all(|s| s.is_finite())) {
            return Err(TableError::Field("score"));
        }
        let characters = read_characters(&mut cursor)?;
        let length = cursor.u32()? as usize;
        let range = cursor.position()..cursor.position() + cursor.take(length)?.len();
        let trie = TrieBytes { file: Arc::clone(&file), range };
        let trie = DoubleArray::new(trie).map_err(|e| TableError::Trie(e.to_string()))?;
        Ok(Self { trie, scores, characters, start, end, unknown, unknown_score })
    }

    /// The pieces that `bytes` starts with, as (id, length in bytes), shortest first.
    pub(super) fn pieces_at<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (u32, usize)> + 'a {
        self.trie.common_prefix_search(bytes)
    }

    /// The score of a piece; an id that is not there cannot win.
    pub(super) fn score(&self, piece: u32) -> f32 {
        self.scores.get(piece as usize).copied().unwrap_or(f32::NEG_INFINITY)
    }
}

fn read_characters(cursor: &mut Cursor<'_>) -> Result<CharacterMap, TableError> {
    let count = cursor.u32()?;
    let mut replacements = Vec::new();
    for _ in 0..count {
        let (code_point, length) = (cursor.u32()?, cursor.u32()?);
        let output = cursor.u32s(length as usize)?;
        let output = output.into_iter().map(char::from_u32).collect::<Option<Vec<_>>>();
        replacements.push((code_point, output.ok_or(TableError::Field("replacement"))?));
    }
    if !replacements.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(TableError::Field("order of replacements"));
    }
    Ok(CharacterMap::new(replacements.into_iter()))
}

/// The bytes of `tokenizer.bin` for a vocabulary; the same on every machine.
pub(crate) fn encode_table(vocabulary: &Vocabulary<'_>) -> Result<Vec<u8>, TableError> {
    let lowest = vocabulary.pieces.iter().map(|(_, score)| *score).fold(f32::INFINITY, f32::min);
    let mut bytes = MAGIC.to_vec();
    let mut put = |value: u32| bytes.extend(value.to_le_bytes());
    put(vocabulary.pieces.len() as u32);
    [vocabulary.start, vocabulary.end, vocabulary.unknown].into_iter().for_each(&mut put);
    put((lowest - UNKNOWN_PENALTY).to_bits());
    vocabulary.pieces.iter().for_each(|(_, score)| put(score.to_bits()));
    put(vocabulary.replacements.len() as u32);
    for (code_point, output) in &vocabulary.replacements {
        put(*code_point);
        put(output.len() as u32);
        output.iter().copied().for_each(&mut put);
    }
    let trie = build_trie(vocabulary)?;
    put(trie.len() as u32);
    bytes.extend(trie);
    Ok(bytes)
}

/// The trie of all pieces that text may produce. The markers are left out, or text could write `</s>` and be
/// understood as the end of the sequence.
fn build_trie(vocabulary: &Vocabulary<'_>) -> Result<Vec<u8>, TableError> {
    let markers = [vocabulary.start, vocabulary.end, vocabulary.padding, vocabulary.unknown];
    let is_text = |(piece, id): &(&str, u32)| !markers.contains(id) && !piece.is_empty() && *piece != "<mask>";
    let mut pieces: Vec<(&str, u32)> = (0_u32..).zip(&vocabulary.pieces).map(|(id, (piece, _))| (*piece, id)).collect();
    pieces.retain(is_text);
    pieces.sort_unstable();
    DoubleArrayBuilder::build(&pieces).map_err(|e| TableError::Trie(e.to_string()))
}
