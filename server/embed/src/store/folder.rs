//! Takes a model folder's files into the staging folder: the small ones are read first, so that what cannot be used is
//! refused before gigabytes are copied; then the weights and the tokenizer, hashed on the way.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use ragops_storage::durable::Step;
use ragops_storage::{Sha256Digest, Sha256Hasher, StorageError, digest_bytes};

use super::add::{AddProgress, Stage};
use super::container::{Container, ContainerError};
use super::error::StoreError;
use crate::checkpoint::{
    CONFIG, CheckpointError, Description, MODULES, Modules, POOLING, PROMPTS, SENTENCE, SmallFiles, WEIGHTS,
};
use crate::tokenizer::JSON;

/// Said where there is no model at all.
pub(super) const WHAT_A_FOLDER_HOLDS: &str =
    "a model folder holds `config.json`, `model.safetensors` and `tokenizer.json`";

/// The same as what to give.
pub(super) const A_FOLDER: &str = "a folder with `config.json`, `model.safetensors` and `tokenizer.json`";

/// A configuration has a few kilobytes.
const LARGEST_SMALL_FILE: u64 = 4 << 20;
/// The tokenizer of a vocabulary of 250,000 pieces has 17 MB.
const LARGEST_TOKENIZER: u64 = 256 << 20;
/// The largest encoders of these families that answer in less than a minute on a CPU have 2.2 GB.
const LARGEST_WEIGHTS: u64 = 8 << 30;

/// What was taken from a folder.
pub(super) struct Gathered {
    pub(super) description: Description,
    /// Digests of the files by their names here, in a fixed order.
    pub(super) files: Vec<(&'static str, Sha256Digest)>,
}

impl Gathered {
    pub(super) fn digest_of(&self, name: &str) -> Option<Sha256Digest> {
        self.files.iter().find(|(file, _)| *file == name).map(|(_, digest)| *digest)
    }
}

/// Copies `model.safetensors` and `tokenizer.json` of the model in `container` to `staging`.
pub(super) fn gather(
    container: Container,
    origin: &str,
    staging: &Path,
    progress: &dyn AddProgress,
) -> Result<Gathered, StoreError> {
    let mut gathering = Gathering { container, origin, progress };
    let root = gathering.container.model_root().map_err(|source| gathering.refused(source))?;
    let listed = gathering.read_small(&format!("{root}{MODULES}"))?;
    let modules = match &listed {
        Some(bytes) => Modules::parse(bytes).map_err(|source| gathering.refused(source))?,
        None => Modules::default(),
    };
    let within = |folder: &str| match folder {
        "" => root.clone(),
        folder => format!("{root}{}/", folder.trim_end_matches('/')),
    };
    let transformer = within(&modules.transformer);
    let small = [
        (CONFIG, Some(format!("{transformer}{CONFIG}"))),
        (POOLING, modules.pooling.as_deref().map(|folder| format!("{}{CONFIG}", within(folder)))),
        (SENTENCE, Some(format!("{transformer}{SENTENCE}"))),
        (PROMPTS, Some(format!("{root}{PROMPTS}"))),
    ];
    let mut files = SmallFiles::new();
    for (name, path) in small {
        if let Some(path) = path
            && let Some(bytes) = gathering.read_small(&path)?
        {
            files.insert(name, bytes);
        }
    }
    gathering.require(&transformer, CONFIG, &[])?;
    gathering.require(&transformer, WEIGHTS, &OTHER_WEIGHTS)?;
    gathering.require(&transformer, JSON, &OTHER_TOKENIZERS)?;
    let description = Description::parse(&files).map_err(|source| gathering.refused(source))?;
    let mut digests: Vec<_> = files.iter().map(|(name, bytes)| (*name, digest_bytes(bytes))).collect();
    for (name, limit) in [(JSON, LARGEST_TOKENIZER), (WEIGHTS, LARGEST_WEIGHTS)] {
        digests.push((name, gathering.copy(&format!("{transformer}{name}"), limit, &staging.join(name))?));
    }
    Ok(Gathered { description, files: digests })
}

/// What stands in a folder instead of weights that are read here, and what to do about it.
const OTHER_WEIGHTS: [(&str, &str); 4] = [
    ("model.safetensors.index.json", "its weights lie in several files: save them as one"),
    ("pytorch_model.bin", "`pytorch_model.bin` is not read, for it may run code: save the model as safetensors"),
    ("model.onnx", "ONNX is not read: save the model as safetensors"),
    ("tf_model.h5", "TensorFlow's format is not read: save the model as safetensors"),
];

/// The same for the tokenizer.
const OTHER_TOKENIZERS: [(&str, &str); 3] = [
    ("vocab.txt", "`vocab.txt` alone is not enough: save the model with its fast tokenizer"),
    ("sentencepiece.bpe.model", "a SentencePiece file is not read: save the model with its fast tokenizer"),
    ("vocab.json", "`vocab.json` alone is not enough: save the model with its fast tokenizer"),
];

struct Gathering<'a> {
    container: Container,
    origin: &'a str,
    progress: &'a dyn AddProgress,
}

impl Gathering<'_> {
    fn refused(&self, source: CheckpointError) -> StoreError {
        refused(self.origin, source)
    }

    fn require(&self, folder: &str, name: &str, others: &[(&str, &str)]) -> Result<(), StoreError> {
        if self.container.has(&format!("{folder}{name}")) {
            return Ok(());
        }
        let other = others.iter().find(|(other, _)| self.container.has(&format!("{folder}{other}")));
        let advice = other.map_or(WHAT_A_FOLDER_HOLDS, |(_, advice)| advice).to_owned();
        Err(self.refused(CheckpointError::Missing { file: format!("{folder}{name}"), advice }))
    }

    /// The bytes of a small file, if it is there.
    fn read_small(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if !self.container.has(name) {
            return Ok(None);
        }
        let origin = self.origin;
        let mut bytes = Vec::new();
        let (_, file) = self.container.open(name).map_err(|error| failed(origin, error))?;
        let read = file.take(LARGEST_SMALL_FILE + 1).read_to_end(&mut bytes);
        read.map_err(|error| failed(origin, self.container.read_error(name, error)))?;
        if bytes.len() as u64 > LARGEST_SMALL_FILE {
            return Err(too_large(origin, name, bytes.len() as u64, LARGEST_SMALL_FILE));
        }
        Ok(Some(bytes))
    }

    /// Copies a file of at most `limit` bytes to `target`, and digests it.
    fn copy(&mut self, name: &str, limit: u64, target: &Path) -> Result<Sha256Digest, StoreError> {
        let (origin, progress) = (self.origin, self.progress);
        let (size, from) = self.container.open(name).map_err(|error| failed(origin, error))?;
        if size > limit {
            return Err(too_large(origin, name, size, limit));
        }
        // The size may be a lie of the archive.
        let mut from = from.take(limit);
        let mut to = File::create(target).map_err(StorageError::at(Step::Create, target))?;
        let mut hasher = Sha256Hasher::default();
        let mut buffer = vec![0; 1 << 20];
        let mut done = 0;
        loop {
            let count = match from.read(&mut buffer) {
                Ok(0) => return Ok(hasher.finish()),
                Ok(count) => count,
                Err(error) => {
                    drop(from);
                    return Err(failed(origin, self.container.read_error(name, error)));
                }
            };
            hasher.update(&buffer[..count]);
            to.write_all(&buffer[..count]).map_err(StorageError::at(Step::Write, target))?;
            done += count as u64;
            progress.advanced(Stage::Copy, done, Some(size));
        }
    }
}

fn refused(origin: &str, source: CheckpointError) -> StoreError {
    StoreError::Checkpoint { origin: origin.to_owned(), source }
}

fn failed(origin: &str, error: ContainerError) -> StoreError {
    match error {
        ContainerError::Storage(error) => error.into(),
        ContainerError::Archive(source) => StoreError::Archive { origin: origin.to_owned(), source },
    }
}

fn too_large(origin: &str, name: &str, size: u64, limit: u64) -> StoreError {
    refused(origin, CheckpointError::TooLarge { file: name.to_owned(), size, limit })
}
