//! The search structures of one revision: passages (what is cited), vectors (FAISS) and text (BM25).
//! Each part writes itself into a folder being built and opens itself from a sealed one; `revision` decides when.

mod chunk_set;
pub mod passages;
pub mod read_only;
pub mod records;
pub mod text;
pub mod vectors;

use std::io;

use ragops_storage::{StorageError, is_transient};
use tantivy::TantivyError;
use tantivy::directory::error::{OpenDirectoryError, OpenReadError};

pub use chunk_set::ChunkSet;
use vectors::BadFactory;

/// The files that every revision has, by path, beside the segments that the two `meta.json` name. A large one has
/// `vectors::CODES_FILE` too.
pub const FILES: [&str; 9] = [
    "chunks.documents",
    "chunks.jsonl",
    "chunks.languages",
    "chunks.offsets",
    "documents.jsonl",
    "documents.offsets",
    "text-documents/meta.json",
    "text/meta.json",
    "vectors.faiss",
];

/// A part of an index could not be written, opened or searched.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file system refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// FAISS refused; its own words.
    #[error("the vector index {step}: {reason}")]
    Vectors {
        /// What was being done, e.g. `cannot be read`.
        step: &'static str,
        /// FAISS's reason.
        reason: String,
    },
    /// The vector index that is asked for is none.
    #[error("index.factory: {0}")]
    Factory(#[from] BadFactory),
    /// tantivy refused; its own words.
    #[error("the text index {step}: {source}")]
    Text {
        /// What was being done.
        step: &'static str,
        /// tantivy's reason.
        #[source]
        source: tantivy::TantivyError,
    },
    /// A vector has another length than the index.
    #[error("a vector of {actual} dimensions does not fit an index of {expected} dimensions")]
    Dimension {
        /// Dimensions of the index.
        expected: usize,
        /// Dimensions of the vector.
        actual: usize,
    },
    /// A record or its offset is not what was written.
    #[error("record {number} of {file} cannot be read: {reason}")]
    Record {
        /// The file's name inside the revision.
        file: String,
        /// Which record, from 0.
        number: usize,
        /// Why.
        reason: String,
    },
}

impl IndexError {
    /// Whether the same call can succeed later (no space, busy, no file handles).
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_retryable(),
            Self::Text { source, .. } => system_error(source).is_some_and(is_transient),
            // FAISS passes on the system's words alone, and in English: nothing here sets a locale.
            Self::Vectors { reason, .. } => {
                ["Too many open files", "Cannot allocate memory", "Input/output error", "bad_alloc"]
                    .iter()
                    .any(|passing| reason.contains(passing))
            }
            Self::Dimension { .. } | Self::Record { .. } | Self::Factory(_) => false,
        }
    }
}

/// What the system said when tantivy opened or read a file.
fn system_error(error: &TantivyError) -> Option<&io::Error> {
    match error {
        TantivyError::IoError(source)
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: source, .. })
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error: source, .. }) => Some(source),
        _ => None,
    }
}

/// The number of a chunk within its revision: 0 for the first chunk of the first document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkNumber(pub u32);

impl ChunkNumber {
    /// The number as an array index.
    pub fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// A chunk found by one channel, with that channel's raw score (cosine, or BM25).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The chunk.
    pub chunk: ChunkNumber,
    /// The channel's raw score; higher is better; not comparable between channels.
    pub score: f32,
}
