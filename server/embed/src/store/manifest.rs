//! `manifest.json` of an installed model: written last, it names every other file with its size and digest.

use std::io::Read;
use std::path::Path;

use ragops_storage::durable::Step;
use ragops_storage::{Sha256Digest, Sha256Hasher, StorageError};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use crate::checkpoint::Family;
use crate::encoder::{Architecture, Variant};
use crate::local::Prefixes;
use crate::tokenizer::JSON;

/// The layout of the folder and of each file in it, for a model made from an artefact. Changes whenever a file's bytes
/// for one artefact change, and also when the code makes other vectors of the same files (another prefix, another
/// normalisation): it is part of the digest, so indexes and caches never mix the two. Rounding by another processor does
/// not count.
pub(crate) const ARTEFACT_VERSION: u32 = 1;
/// The same for a model made from a model folder, which has a recipe.
pub(crate) const RECIPE_VERSION: u32 = 2;

/// The manifest's own name.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Weights, scales and norms.
pub(crate) const ENCODER: &str = "encoder.bin";
/// Trie, scores and character map.
pub(crate) const TOKENIZER: &str = "tokenizer.bin";
/// The word table.
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

/// What an artefact's format implies, and a model folder chooses. Part of the digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Recipe {
    pub(crate) family: Family,
    pub(crate) variant: Variant,
    pub(crate) prefixes: Prefixes,
}

/// The manifest's contents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format_version: u32,
    pub(crate) name: String,
    /// Digest of the format version, the architecture and the files; two installs of one artefact have the same.
    pub(crate) digest: Sha256Digest,
    /// Digest of what the files were made from: the artefact, or the folder's files and what was asked for.
    pub(crate) artefact: Sha256Digest,
    pub(crate) architecture: Architecture,
    /// Absent for a model made from an artefact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recipe: Option<Recipe>,
    /// The lowest cosine of int8 vectors to those in single precision, where it was measured. Not part of the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) int8_cosine: Option<f32>,
    pub(crate) files: Vec<FileRecord>,
}

/// Only the version, to tell a newer layout from a broken one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionOnly {
    format_version: u32,
}

impl Manifest {
    pub(crate) fn new(
        name: &str,
        artefact: Sha256Digest,
        architecture: Architecture,
        recipe: Option<Recipe>,
        files: Vec<FileRecord>,
    ) -> Self {
        let format_version = version_of(recipe.as_ref());
        let digest = content_digest(&architecture, recipe.as_ref(), &files);
        let name = name.to_owned();
        Self { format_version, name, digest, artefact, architecture, recipe, int8_cosine: None, files }
    }

    /// Reads and checks the manifest of the model in `dir`: its version, its digest of the listing, its files' names.
    pub(crate) fn read(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(MANIFEST);
        let bytes = read_limited(&path)?;
        let refused = |reason: String| StoreError::NotAModel { path: dir.to_owned(), reason };
        let version = serde_json::from_slice::<VersionOnly>(&bytes)
            .map_err(|e| refused(format!("its {MANIFEST} cannot be read: {e}")))?;
        if ![ARTEFACT_VERSION, RECIPE_VERSION].contains(&version.format_version) {
            return Err(StoreError::FormatVersion { path: dir.to_owned(), found: version.format_version });
        }
        let manifest = serde_json::from_slice::<Self>(&bytes)
            .map_err(|e| refused(format!("its {MANIFEST} cannot be read: {e}")))?;
        let digest = content_digest(&manifest.architecture, manifest.recipe.as_ref(), &manifest.files);
        if manifest.digest != digest || manifest.format_version != version_of(manifest.recipe.as_ref()) {
            return Err(refused(format!("its {MANIFEST} was changed: the digest is not that of its listing")));
        }
        let tokenizer = manifest.tokenizer_file();
        if !manifest.files.iter().map(|file| file.name.as_str()).eq([ENCODER, tokenizer, WORDS]) {
            return Err(refused(format!("its {MANIFEST} does not list {ENCODER}, {tokenizer} and {WORDS}")));
        }
        Ok(manifest)
    }

    /// The bytes of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("strings, numbers and lists always serialise");
        bytes.push(b'\n');
        bytes
    }

    /// The name of the file with the vocabulary.
    pub(crate) fn tokenizer_file(&self) -> &'static str {
        if self.recipe.is_some() { JSON } else { TOKENIZER }
    }

    pub(crate) fn family(&self) -> Family {
        self.recipe.as_ref().map_or(Family::Bert, |recipe| recipe.family)
    }

    pub(crate) fn variant(&self) -> Variant {
        self.recipe.as_ref().map_or(Variant::ARTEFACT, |recipe| recipe.variant)
    }

    pub(crate) fn prefixes(&self) -> Prefixes {
        self.recipe.as_ref().map_or_else(Prefixes::of_artefact, |recipe| recipe.prefixes.clone())
    }

    /// Size of all files but the manifest.
    pub(crate) fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

fn version_of(recipe: Option<&Recipe>) -> u32 {
    if recipe.is_some() { RECIPE_VERSION } else { ARTEFACT_VERSION }
}

fn content_digest(architecture: &Architecture, recipe: Option<&Recipe>, files: &[FileRecord]) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update_field(b"ragops-model");
    hasher.update_field(&version_of(recipe).to_le_bytes());
    hasher.update_field(&serde_json::to_vec(architecture).expect("numbers always serialise"));
    if let Some(recipe) = recipe {
        hasher.update_field(&serde_json::to_vec(recipe).expect("names and texts always serialise"));
    }
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
