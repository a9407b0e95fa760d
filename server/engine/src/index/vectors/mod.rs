//! The vector channel: unit vectors under inner product, so that a score is a cosine. Every revision has them exactly, mapped
//! from a flat FAISS file in the order of the chunks, so that a FAISS id is a chunk number. A large one has them compressed
//! too: the codes say which vectors to compare, the exact ones how near they are (docs/adr/0015-vector-index.md).

mod codes;
mod exact;
mod factory;
mod native;

use std::path::Path;

pub use codes::{CodesDescription, FILE as CODES_FILE, LEAST_RECALL, RECALL, build as build_codes};
pub use exact::{ExactVectors, FILE, VectorRow, VectorWriter, dot};
pub use factory::{BadFactory, CHOICE, FLAT_UP_TO, Factory, Knob};
use native::Narrowing;

use super::{ChunkNumber, ChunkSet, Hit, IndexError};
use codes::Codes;

/// Sets of chunks smaller than this share of all are compared one by one: a graph loses its way among the others, and
/// lists hold too few of them.
const SMALL_SET: usize = 10;

/// An open vector index; searches run side by side.
pub struct VectorIndex {
    exact: ExactVectors,
    codes: Option<Codes>,
}

impl VectorIndex {
    /// Opens the index of `dir`. Fails when its dimension is not `dimension`, or its parts do not hold as many vectors.
    pub fn open(dir: &Path, dimension: usize, codes: Option<&CodesDescription>) -> Result<Self, IndexError> {
        let exact = ExactVectors::open(dir, dimension)?;
        let codes = codes.map(|codes| Codes::open(dir, codes, dimension)).transpose()?;
        match codes.as_ref().map(Codes::len) {
            Some(held) if held != exact.len() => Err(IndexError::Vectors {
                step: "does not fit together",
                reason: format!("{CODES_FILE} holds {held} vectors, {FILE} {}", exact.len()),
            }),
            _ => Ok(Self { exact, codes }),
        }
    }

    /// The number of vectors.
    pub fn len(&self) -> usize {
        self.exact.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `count` nearest chunks to a unit vector, best first; fewer when the index is smaller.
    pub fn search(&self, query: &[f32], count: usize) -> Result<Vec<Hit>, IndexError> {
        self.exact.check(query)?;
        match &self.codes {
            Some(codes) => self.exact.nearest(query, codes.candidates(query, count)?, count),
            None => self.exact.search(query, count),
        }
    }

    /// The same among some chunks.
    pub fn search_among(&self, query: &[f32], count: usize, among: &ChunkSet) -> Result<Vec<Hit>, IndexError> {
        self.exact.check(query)?;
        let is_small = among.len() < self.len() / SMALL_SET;
        if let Some(codes) = self.codes.as_ref().filter(|_| !is_small)
            && let Some(candidates) = codes.candidates_among(query, count, among)?
        {
            return self.exact.nearest(query, candidates, count);
        }
        self.exact.nearest(query, among.iter(), count)
    }

    /// The vector of a chunk; `None` beyond the last.
    pub fn vector(&self, chunk: ChunkNumber) -> Option<VectorRow<'_>> {
        self.exact.vector(chunk)
    }

    /// The exact cosine between a unit vector and a chunk.
    pub fn cosine(&self, query: &[f32], chunk: ChunkNumber) -> Result<Option<f32>, IndexError> {
        self.exact.check(query)?;
        Ok(self.vector(chunk).map(|row| row.dot(query)))
    }
}

/// What the `faiss` crate says of a failed step.
fn failed(step: &'static str) -> impl FnOnce(faiss::error::Error) -> IndexError {
    move |source| IndexError::Vectors { step, reason: source.to_string() }
}

/// What FAISS itself says of a failed step.
fn refused(step: &'static str) -> impl FnOnce(String) -> IndexError {
    move |reason| IndexError::Vectors { step, reason }
}

#[cfg(test)]
mod tests;
