//! What files became, remembered outside any index: a file that was read and cut before, by readers of the same version
//! and with the same settings and tokens, is not read again. Like every cache it may be lost at any time.

use std::fmt;
use std::path::Path;

use ragops_embed::EmbeddingModel;
use ragops_storage::cache::{self, Key};
use ragops_storage::{Cache, Sha256Digest, Sha256Hasher, StorageError, digest_bytes};
use serde::{Deserialize, Serialize};

use crate::chunk::ChunkSettings;
use crate::document::{Chunk, Document, DocumentId, Finding, FindingCode, Language, SourceName};
use crate::read::{self, MediaType};
use crate::revision::FORMAT_VERSION;

/// How much a cache of documents holds unless told otherwise.
pub const DEFAULT_LIMIT: u64 = 2 << 30;

/// The text of the largest file, with what a worker may give of one, several times over.
const MAX_CUT_BYTES: usize = 512 << 20;

/// A document after it was read and cut: what an index needs of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CutDocument {
    pub(super) id: DocumentId,
    pub(super) path: String,
    pub(super) title: String,
    pub(super) language: Option<Language>,
    /// All of its text without repeats, for the text channel of whole documents.
    pub(super) text: String,
    pub(super) chunks: Vec<Chunk>,
}

impl CutDocument {
    pub(super) fn new(document: Document, chunks: Vec<Chunk>) -> Self {
        let texts: Vec<&str> = document.blocks.iter().map(|block| block.text.as_str()).collect();
        let text = texts.join("\n");
        let Document { id, path, title, language, .. } = document;
        Self { id, path, title, language, text, chunks }
    }
}

/// A file after it was read and cut.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CutFile {
    pub(super) documents: Vec<CutDocument>,
    pub(super) findings: Vec<Finding>,
    /// What its bytes were read as.
    pub(super) read_as: Option<MediaType>,
}

impl CutFile {
    /// Whether reading the same bytes again gives the same: not if a clock or another load decided.
    fn is_lasting(&self) -> bool {
        let lasts = |code: FindingCode| !code.is_passing() && !code.is_of_the_moment();
        self.findings.iter().all(|finding| lasts(finding.code))
    }
}

/// Files as they were read and cut. Indexes and processes may share a folder.
pub struct DocumentCache {
    files: Cache,
}

impl DocumentCache {
    /// Opens the folder, making it if need be; it holds about `limit` bytes at most.
    pub fn open(dir: &Path, limit: u64) -> Result<Self, StorageError> {
        let version = format!("documents, readers {}, format {FORMAT_VERSION}", read::VERSION);
        Ok(Self { files: Cache::open(dir, limit, digest_bytes(version.as_bytes()))? })
    }

    /// The fault that made the cache stop remembering (a full disk, say), for the log; given to the first who asks.
    pub fn take_problem(&self) -> Option<StorageError> {
        self.files.take_problem()
    }

    pub(super) fn get(&self, key: &Key) -> Option<CutFile> {
        let packed = self.files.get(key)?;
        let length = u32::from_le_bytes(packed.get(..4)?.try_into().ok()?) as usize;
        let bytes = (length <= MAX_CUT_BYTES).then(|| lz4_flex::decompress_size_prepended(&packed).ok())??;
        serde_json::from_slice(&bytes).ok()
    }

    pub(super) fn put(&self, key: &Key, file: &CutFile) {
        let Some(bytes) = serde_json::to_vec(file).ok().filter(|_| file.is_lasting()) else { return };
        self.files.put(&[(*key, &lz4_flex::compress_prepend_size(&bytes))]);
    }
}

impl fmt::Debug for DocumentCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DocumentCache")
    }
}

/// Of all that decides what a file becomes: its name (its type, its title and its ids come from it) and content, how it is
/// cut, and by whose tokens.
pub(super) fn key(
    (source, path): (&SourceName, &str),
    content: Sha256Digest,
    settings: &ChunkSettings,
    model: &dyn EmbeddingModel,
) -> Key {
    let mut hasher = Sha256Hasher::default();
    hasher.update_field(source.as_str().as_bytes());
    hasher.update_field(path.as_bytes());
    hasher.update_field(content.as_bytes());
    hasher.update(&settings.max_tokens.to_le_bytes());
    hasher.update(&settings.overlap_tokens.to_le_bytes());
    hasher.update_field(model.identity().digest.as_bytes());
    cache::key(hasher)
}
