//! Builds one revision from folders of documents: scan, read, chunk, embed, index, calibrate, seal, activate.
//! Documents stream through to the disk in batches of whole files, 24 MiB of sources at most: the texts and chunks of one
//! batch are held, and the vectors of one group of 16 chunks. One file of 16 MiB with 350,000 short records, the worst
//! case, takes 500 MiB so; 20,000 chunks of pages take 80 MiB. What grows with the index is the list of files and
//! of document ids, some hundred bytes each. `examples/build_memory.rs` measures it.

mod calibrate;
mod cancel;
mod documents;
mod gold;
mod parts;
mod pipeline;
mod plan;
mod prepare;
pub mod progress;

pub use documents::{DEFAULT_LIMIT as DOCUMENT_CACHE_BYTES, DocumentCache};
pub use pipeline::{BuildOutcome, BuildRequest, BuildResult, SharedExtractor, build};
pub use progress::{BuildObserver, Progress, Stage, Unobserved};

use ragops_embed::EmbedError;

use crate::document::Finding;
use crate::index::IndexError;
use crate::read::{ScanError, SourceFault};
use crate::retrieve::RetrieveError;
use crate::revision::RevisionError;

/// A build ended without a revision. The active one, if any, keeps serving.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A source cannot be listed.
    #[error(transparent)]
    Scan(ScanError),
    /// A document cannot be read at the moment.
    #[error(transparent)]
    Source(#[from] SourceFault),
    /// Nothing to index.
    #[error("index `{index}` has no documents: {seen} in {folders}; {advice}")]
    NoDocuments {
        /// The index.
        index: String,
        /// How many files were seen.
        seen: String,
        /// The folders looked in.
        folders: String,
        /// What to do.
        advice: String,
    },
    /// A file cannot be used, and its source wants that to end the build.
    #[error("index `{index}`: {finding}; the source `{source_name}` has `onError: Fail`")]
    FileRefused {
        /// The index.
        index: String,
        /// The source.
        source_name: String,
        /// The file and what is wrong with it.
        finding: Box<Finding>,
    },
    /// The process that reads binary formats cannot be started.
    #[error("no process can be started that reads {path}: {reason}; the index stays as it is until one can")]
    NoReader {
        /// The file that needed it.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// Sources kept changing while they were read.
    #[error(
        "the documents of index `{index}` changed while they were read, {tries} times in a row, `{path}` the last time; \
         build again when they are at rest, write files under another name and rename them, or exclude what always changes"
    )]
    SourcesChanging {
        /// The index.
        index: String,
        /// The file or folder that changed last.
        path: String,
        /// How often it was tried.
        tries: u32,
    },
    /// Another process builds this index.
    #[error("another process is building index `{index}`; wait for it, or stop it")]
    Busy {
        /// The index.
        index: String,
    },
    /// The model failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// A part of the index could not be written.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The revision could not be sealed or opened.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// The new index could not be searched.
    #[error("the new revision cannot be searched: {0}")]
    Retrieve(#[from] RetrieveError),
    /// The observer ended it.
    #[error("the build was cancelled")]
    Cancelled,
}

impl From<ScanError> for BuildError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Fault(fault) => Self::Source(fault),
            ScanError::Cancelled => Self::Cancelled,
            other => Self::Scan(other),
        }
    }
}

/// What the caller should do about a failed build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The same input fails again: somebody must change something.
    BadInput,
    /// The same input may succeed later.
    Retryable,
}

impl BuildError {
    /// What the caller should do.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Scan(_)
            | Self::NoDocuments { .. }
            | Self::FileRefused { .. }
            | Self::Embed(EmbedError::Model { .. })
            | Self::Index(IndexError::Factory(_)) => ErrorClass::BadInput,
            Self::Revision(RevisionError::Storage(error)) if error.is_file_in_the_way() || error.is_refused() => {
                ErrorClass::BadInput
            }
            _ => ErrorClass::Retryable,
        }
    }
}
