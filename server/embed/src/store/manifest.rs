//! `manifest.json` of an installed model: written last, it names every other file with its size and digest.

use std::io::Read;
use std::path::Path;

use ragops_storage::durable::Step;
use ragops_storage::{Sha256Digest, Sha256Hasher, StorageError};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use crate::encoder::Architecture;

/// The layout of the folder and of each file in it. Changes whenever a file's bytes for one artefact change, and also
/// when the code makes other vectors of the same files (another prefix, another normalisation): it is part of the
/// digest, so indexes and caches never mix the two. Rounding by another processor does not count.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// The manifest's own name.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Weights, scales and norms.
pub(crate) const ENCODER: &str = "encoder.bin";
/// Trie, scores and character map.
pub(crate) const TOKENIZER: &str = "tokenizer.bin";
/// The word table in Q4_0.
pub(crate) const WORDS: &str = "words.bin";

/// A manifest is about 1 kB; more than this is something else.
const LARGEST_MANIFEST: u64 = 1 << 20;

/// One file of an installed model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FileRecord {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) sha256: Sha256Digest,
}

/// The manifest's contents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format_version: u32,
    pub(crate) name: String,
    /// Digest of the format version, the architecture and the files; two installs of one artefact have the same.
    pub(crate) digest: Sha256Digest,
    /// Digest of the artefact that the files were made from.
    pub(crate) artefact: Sha256Digest,
    pub(crate) architecture: Architecture,
    pub(crate) files: Vec<FileRecord>,
}

/// Only the version, to tell a newer layout from a broken one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionOnly {
    format_version: u32,
}

impl Manifest {
    pub(crate) fn new(name: &str, artefact: Sha256Digest, architecture: Architecture, files: Vec<FileRecord>) -> Self {
        let digest = content_digest(&architecture, &files);
        Self { format_version: FORMAT_VERSION, name: name.to_owned(), digest, artefact, architecture, files }
    }

    /// Reads and checks the manifest of the model in `dir`: its version, its digest of the listing, its files' names.
    pub(crate) fn read(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(MANIFEST);
        let bytes = read_limited(&path)?;
        let refused = |reason: String| StoreError::NotAModel { path: dir.to_owned(), reason };
        let version = serde_json::from_slice::<VersionOnly>(&bytes)
            .map_err(|e| refused(format!("its {MANIFEST} cannot be read: {e}")))?;
        if version.format_version != FORMAT_VERSION {
            return Err(StoreError::FormatVersion { path: dir.to_owned(), found: version.format_version });
        }
        let manifest = serde_json::from_slice::<Self>(&bytes)
            .map_err(|e| refused(format!("its {MANIFEST} cannot be read: {e}")))?;
        if manifest.digest != content_digest(&manifest.architecture, &manifest.files) {
            return Err(refused(format!("its {MANIFEST} was changed: the digest is not that of its listing")));
        }
        if !manifest.files.iter().map(|file| file.name.as_str()).eq([ENCODER, TOKENIZER, WORDS]) {
            return Err(refused(format!("its {MANIFEST} does not list {ENCODER}, {TOKENIZER} and {WORDS}")));
        }
        Ok(manifest)
    }

    /// The bytes of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("strings, numbers and lists always serialise");
        bytes.push(b'\n');
        bytes
    }

    /// Size of all files but the manifest.
    pub(crate) fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

fn content_digest(architecture: &Architecture, files: &[FileRecord]) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update_field(b"ragops-model");
    hasher.update_field(&FORMAT_VERSION.to_le_bytes());
    hasher.update_field(&serde_json::to_vec(architecture).expect("numbers always serialise"));
    for file in files {
        hasher.update_field(file.name.as_bytes());
        hasher.update_field(&file.size.to_le_bytes());
        hasher.update_field(file.sha256.as_bytes());
    }
    hasher.finish()
}

fn read_limited(path: &Path) -> Result<Vec<u8>, StoreError> {
    let dir = path.parent().unwrap_or(path);
    let mut bytes = Vec::new();
    let file = match std::fs::File::open(path) {
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Err(StoreError::NotAModel { path: dir.to_owned(), reason: format!("it has no {MANIFEST}") });
        }
        other => other.map_err(StorageError::at(Step::Open, path))?,
    };
    file.take(LARGEST_MANIFEST).read_to_end(&mut bytes).map_err(StorageError::at(Step::Read, path))?;
    Ok(bytes)
}
