//! Writes the files of an installed model into the staging folder, the manifest last: from an artefact, or from the
//! files of a model folder.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use ragops_storage::durable::{self, Step};
use ragops_storage::{MappedFile, Sha256Digest, Sha256Hasher, StorageError, digest_bytes};

use super::add::{AddProgress, Stage};
use super::arithmetic::{INT8_BAR, lowest_cosine};
use super::error::StoreError;
use super::folder::Gathered;
use super::manifest::{ENCODER, FileRecord, MANIFEST, Manifest, Recipe, TOKENIZER, WORDS};
use super::memory;
use crate::checkpoint::{CheckpointError, Description, Tensors, WEIGHTS, weight_parts};
use crate::convert::{Converted, convert};
use crate::encoder::{Arithmetic, Encoder, Variant};
use crate::local::Prefixes;
use crate::tokenizer::{JSON, Tokenizer};

/// What is installed, and from where.
pub(super) struct Installing<'a> {
    pub(super) name: &'a str,
    pub(super) origin: &'a str,
    pub(super) staging: &'a Path,
    /// Digest of what the model is made from.
    pub(super) artefact: Sha256Digest,
    pub(super) progress: &'a dyn AddProgress,
}

/// Weights in 8-bit integers while it is not settled whether they are used.
const CANDIDATE: &str = "encoder.int8";

impl Installing<'_> {
    /// Converts the staged artefact into files beside it, and removes it.
    pub(super) fn artefact(&self, artefact: &Path) -> Result<Manifest, StoreError> {
        let bytes = MappedFile::open(artefact)?;
        let failed = |source| StoreError::Convert { origin: self.origin.to_owned(), source };
        let Converted { architecture, encoder, tokenizer, words } = convert(&bytes).map_err(failed)?;
        let contents = [(ENCODER, encoder.as_slice()), (TOKENIZER, &tokenizer), (WORDS, words)];
        let mut writing = self.writing(contents.iter().map(|(_, bytes)| bytes.len() as u64).sum());
        let mut files = Vec::new();
        for (name, bytes) in contents {
            files.push(writing.file(name, bytes.chunks(PIECE).map(Ok))?);
        }
        let manifest = Manifest::new(self.name, self.artefact, architecture, None, files);
        durable::remove(artefact)?;
        self.seal(manifest)
    }

    /// Converts the staged files of a model folder, and removes those that are not used again.
    pub(super) fn folder(
        &self,
        gathered: &Gathered,
        prefixes: Prefixes,
        arithmetic: Option<Arithmetic>,
    ) -> Result<Manifest, StoreError> {
        let Description { family, architecture, activation, pooling, .. } = gathered.description;
        let refused = |source| StoreError::Checkpoint { origin: self.origin.to_owned(), source };
        let json =
            std::fs::read(self.staging.join(JSON)).map_err(StorageError::at(Step::Read, &self.staging.join(JSON)))?;
        let tokenizer = Tokenizer::from_json(&json, architecture.vocabulary)
            .map_err(|source| StoreError::Tokenizer { origin: self.origin.to_owned(), source })?;
        check_prefixes(&tokenizer, &prefixes, architecture.positions)?;
        let weights = self.staging.join(WEIGHTS);
        let mapped = MappedFile::open(&weights)?;
        let tensors = Tensors::parse(&mapped).map_err(refused)?;
        let (words, rows) = tensors.words(architecture.vocabulary, architecture.hidden).map_err(refused)?;
        let variant = Variant { arithmetic: Arithmetic::Float32, activation, pooling, words };
        let mut work = FolderWork { installing: self, description: &gathered.description, tensors, variant };
        let words = self.writing(rows.len() as u64).file(WORDS, rows.chunks(PIECE).map(Ok))?;
        let (encoder, int8_cosine) = work.encoder(&tokenizer, &prefixes, arithmetic)?;
        let recipe = Recipe { family, variant: work.variant, prefixes };
        let tokenizer = FileRecord { name: JSON.to_owned(), size: json.len() as u64, sha256: digest_bytes(&json) };
        let files = vec![encoder, tokenizer, words];
        let manifest = Manifest::new(self.name, self.artefact, architecture, Some(recipe), files);
        durable::remove(&weights)?;
        self.seal(Manifest { int8_cosine, ..manifest })
    }

    /// Makes all files last, and writes the manifest.
    fn seal(&self, manifest: Manifest) -> Result<Manifest, StoreError> {
        durable::sync_tree(self.staging)?;
        self.progress.advanced(Stage::Publish, 0, Some(4));
        let bytes = manifest.encode();
        self.writing(0).file(MANIFEST, [Ok(bytes.as_slice())])?;
        Ok(manifest)
    }

    fn writing(&self, total: u64) -> Writing<'_> {
        Writing { staging: self.staging, progress: self.progress, done: 0, total }
    }
}

/// A prefix must leave room for a text.
fn check_prefixes(tokenizer: &Tokenizer, prefixes: &Prefixes, positions: usize) -> Result<(), StoreError> {
    for prefix in [&prefixes.query, &prefixes.passage] {
        let tokens = tokenizer.count(prefix);
        if tokens > positions / 2 {
            return Err(StoreError::Prefix { prefix: prefix.clone(), tokens, positions });
        }
    }
    Ok(())
}

/// A folder's weights on their way to `encoder.bin`.
struct FolderWork<'a> {
    installing: &'a Installing<'a>,
    description: &'a Description,
    tensors: Tensors<'a>,
    variant: Variant,
}

impl FolderWork<'_> {
    /// Writes `encoder.bin` in the arithmetic asked for, else in the one that measuring chooses.
    fn encoder(
        &mut self,
        tokenizer: &Tokenizer,
        prefixes: &Prefixes,
        asked: Option<Arithmetic>,
    ) -> Result<(FileRecord, Option<f32>), StoreError> {
        if let Some(asked) = asked {
            self.variant.arithmetic = asked;
            return Ok((self.write(ENCODER, asked)?, None));
        }
        let staging = self.installing.staging;
        let exact = self.write(ENCODER, Arithmetic::Float32)?;
        let int8 = self.write(CANDIDATE, Arithmetic::Int8)?;
        let load = |file: &FileRecord, arithmetic| {
            let path = staging.join(&file.name);
            memory::check(&path, file.size)?;
            let (shape, variant) = (self.description.architecture, Variant { arithmetic, ..self.variant });
            let encoder =
                Encoder::new(shape, variant, &MappedFile::open(&path)?, MappedFile::open(&staging.join(WORDS))?);
            encoder.map_err(|error| StoreError::Unusable { path, reason: error.to_string() })
        };
        let (exact_encoder, int8_encoder) = (load(&exact, Arithmetic::Float32)?, load(&int8, Arithmetic::Int8)?);
        self.installing.progress.advanced(Stage::Measure, 0, Some(1));
        let lowest = lowest_cosine(tokenizer, prefixes, &exact_encoder, &int8_encoder);
        let candidate = staging.join(CANDIDATE);
        if lowest >= INT8_BAR {
            self.variant.arithmetic = Arithmetic::Int8;
            durable::rename(&candidate, &staging.join(ENCODER))?;
            return Ok((FileRecord { name: ENCODER.to_owned(), ..int8 }, Some(lowest)));
        }
        durable::remove(&candidate)?;
        Ok((exact, Some(lowest)))
    }

    fn write(&self, name: &str, arithmetic: Arithmetic) -> Result<FileRecord, StoreError> {
        let refused =
            |source: CheckpointError| StoreError::Checkpoint { origin: self.installing.origin.to_owned(), source };
        let shape = &self.description.architecture;
        let layer = 4 * shape.hidden * shape.hidden + 2 * shape.hidden * shape.feed_forward;
        let bytes_per_weight = if arithmetic == Arithmetic::Int8 { 1 } else { 4 };
        let about = (shape.layers * layer * bytes_per_weight) as u64;
        let parts = weight_parts(self.description, &self.tensors, arithmetic);
        self.installing.writing(about).file(name, parts.map(|part| part.map_err(refused)))
    }
}

/// Files are written in pieces of this many bytes, so that progress is heard of.
const PIECE: usize = 1 << 22;

/// Writes files into the staging folder.
struct Writing<'a> {
    staging: &'a Path,
    progress: &'a dyn AddProgress,
    done: u64,
    total: u64,
}

impl Writing<'_> {
    fn file<B: AsRef<[u8]>>(
        &mut self,
        name: &str,
        pieces: impl IntoIterator<Item = Result<B, StoreError>>,
    ) -> Result<FileRecord, StoreError> {
        let path = self.staging.join(name);
        let mut file = File::create(&path).map_err(StorageError::at(Step::Create, &path))?;
        let mut hasher = Sha256Hasher::default();
        let mut size = 0;
        for piece in pieces {
            let piece = piece?;
            let bytes = piece.as_ref();
            file.write_all(bytes).map_err(StorageError::at(Step::Write, &path))?;
            hasher.update(bytes);
            size += bytes.len() as u64;
            self.done += bytes.len() as u64;
            self.progress.advanced(Stage::Write, self.done, Some(self.total.max(self.done)));
        }
        file.sync_all().map_err(StorageError::at(Step::Sync, &path))?;
        Ok(FileRecord { name: name.to_owned(), size, sha256: hasher.finish() })
    }
}
