//! The models installed on this machine: a folder of models, each a sealed folder whose manifest was written last.
//! Layout and digests: docs/adr/0006-installed-model-format.md. Where the folder lies is the caller's choice.

mod add;
mod arithmetic;
mod catalogue;
mod container;
mod download;
mod error;
mod folder;
mod install;
mod manifest;
mod memory;
mod source;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use ragops_storage::durable::{self, Step};
use ragops_storage::{MappedFile, Sha256Digest, StorageError, digest_file};

pub use add::{AddOptions, AddOutcome, AddProgress, Stage};
pub use catalogue::{KnownFormat, KnownModel, catalogue};
pub use download::DownloadError;
pub use error::StoreError;
use manifest::{ENCODER, FileRecord, Manifest, WORDS};
pub use source::ModelSource;

use crate::checkpoint::Family;
use crate::encoder::{Arithmetic, Encoder};
use crate::local::LocalModel;
use crate::port::ModelIdentity;
use crate::tokenizer::Tokenizer;

/// The folder of models. It need not exist until something is installed.
pub struct ModelStore {
    dir: PathBuf,
    known: Vec<KnownModel>,
}

/// An installed model, as its manifest describes it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstalledModel {
    /// Its name.
    pub name: String,
    /// Digest of its contents, the same wherever the one artefact was installed.
    pub digest: Sha256Digest,
    /// Which encoder it is.
    pub architecture: Family,
    /// How many layers it has.
    pub layers: usize,
    /// Length of its vectors.
    pub dimension: usize,
    /// Tokens that it reads in one window, markers included.
    pub window: usize,
    /// What its products are made of.
    pub arithmetic: Arithmetic,
    /// The lowest cosine of its vectors in 8-bit integers to those in single precision, where that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub int8_cosine: Option<f32>,
    /// Bytes on disk.
    pub size: u64,
}

/// One entry of [`ModelStore::list`]: a folder, and the model in it or what is wrong with it.
#[derive(Debug)]
pub struct ListedModel {
    /// The folder's name.
    pub name: String,
    /// The model, with its files' sizes checked.
    pub model: Result<InstalledModel, StoreError>,
}

impl ModelStore {
    /// The store in `dir` with the models this version knows.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self::with_catalogue(dir, catalogue())
    }

    /// The store in `dir` with a catalogue of its own.
    pub fn with_catalogue(dir: impl Into<PathBuf>, known: Vec<KnownModel>) -> Self {
        Self { dir: dir.into(), known }
    }

    /// The folder of models.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The models of the catalogue.
    pub fn known(&self) -> &[KnownModel] {
        &self.known
    }

    /// What is installed, by name; a folder that is not a whole model is listed with what is wrong. Reads no weights.
    pub fn list(&self) -> Result<Vec<ListedModel>, StoreError> {
        if !self.dir.exists() {
            return Ok(Vec::new());
        }
        let entries = durable::list(&self.dir)?.into_iter().filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            (path.is_dir() && !name.starts_with('.')).then(|| ListedModel { model: self.inspect(&name), name })
        });
        Ok(entries.collect())
    }

    /// The model's description, with its files' sizes checked.
    pub fn inspect(&self, name: &str) -> Result<InstalledModel, StoreError> {
        self.read_manifest(name).map(|manifest| describe(&manifest))
    }

    /// Reads every byte of an installed model and compares the digests.
    pub fn verify(&self, name: &str) -> Result<InstalledModel, StoreError> {
        let manifest = self.read_manifest(name)?;
        manifest.files.iter().try_for_each(|file| check_digest(&self.dir.join(name), file))?;
        Ok(describe(&manifest))
    }

    /// Loads a model. Checks the manifest, every file's size, and the digests of the two files that are read whole;
    /// the word table is only mapped, and [`Self::verify`] reads it: checking it here would put its 54 MB into memory.
    pub fn open(&self, name: &str, threads: NonZeroUsize) -> Result<LocalModel, StoreError> {
        let manifest = self.read_manifest(name)?;
        let dir = self.dir.join(name);
        for file in manifest.files.iter().filter(|file| file.name != WORDS) {
            check_digest(&dir, file)?;
        }
        let unusable = |file: &str| {
            let path = dir.join(file);
            move |reason: String| StoreError::Unusable { path, reason }
        };
        let vocabulary = MappedFile::open(&dir.join(manifest.tokenizer_file()))?;
        let tokenizer = match &manifest.recipe {
            Some(_) => Tokenizer::from_json(&vocabulary, manifest.architecture.vocabulary).map_err(|e| e.to_string()),
            None => Tokenizer::open(vocabulary).map_err(|e| e.to_string()),
        };
        let tokenizer = tokenizer.map_err(unusable(manifest.tokenizer_file()))?;
        let weights = MappedFile::open(&dir.join(ENCODER))?;
        memory::check(weights.path(), weights.len() as u64)?;
        let words = MappedFile::open(&dir.join(WORDS))?;
        let encoder = Encoder::new(manifest.architecture, manifest.variant(), &weights, words);
        let encoder = encoder.map_err(|e| unusable(ENCODER)(e.to_string()))?;
        let prefixes = manifest.prefixes();
        let identity = ModelIdentity {
            name: manifest.name,
            digest: manifest.digest,
            dimension: manifest.architecture.hidden,
            max_tokens: 0,
        };
        Ok(LocalModel::new(identity, tokenizer, encoder, prefixes, threads)?)
    }

    fn not_installed(&self, name: &str) -> StoreError {
        let how = match self.known.iter().find(|known| known.name == name) {
            Some(known) => {
                let source =
                    if matches!(known.format, KnownFormat::Artefact { .. }) { "FILE|URL" } else { "FOLDER|FILE|URL" };
                format!(
                    "run `ragops-server model add {name} --from {source}`, or `{}` in a checkout, which fetches it with pip",
                    known.make
                )
            }
            None => format!("run `ragops-server model add {name} --from FOLDER|FILE|URL` with the model's folder"),
        };
        StoreError::NotInstalled { name: name.to_owned(), dir: self.dir.clone(), how }
    }

    fn read_manifest(&self, name: &str) -> Result<Manifest, StoreError> {
        // The name may come from a resource: it must not lead out of the folder of models.
        check_name(name)?;
        let dir = self.dir.join(name);
        if !dir.exists() {
            return Err(self.not_installed(name));
        }
        let manifest = Manifest::read(&dir)?;
        manifest.files.iter().try_for_each(|file| check_size(&dir, file))?;
        Ok(manifest)
    }
}

/// A name as `spec.embedding.local.model` takes it.
fn check_name(name: &str) -> Result<(), StoreError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts && name.len() <= 128 && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(StoreError::Name { name: name.to_owned() })
}

fn describe(manifest: &Manifest) -> InstalledModel {
    InstalledModel {
        name: manifest.name.clone(),
        digest: manifest.digest,
        architecture: manifest.family(),
        layers: manifest.architecture.layers,
        dimension: manifest.architecture.hidden,
        window: manifest.architecture.positions,
        arithmetic: manifest.variant().arithmetic,
        int8_cosine: manifest.int8_cosine,
        size: manifest.size(),
    }
}

fn check_size(dir: &Path, file: &FileRecord) -> Result<(), StoreError> {
    let path = dir.join(&file.name);
    let actual = match std::fs::metadata(&path) {
        Ok(metadata) => Some(metadata.len()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(StorageError::at(Step::Open, &path)(e).into()),
    };
    if actual == Some(file.size) { Ok(()) } else { Err(StoreError::FileSize { path, expected: file.size, actual }) }
}

fn check_digest(dir: &Path, file: &FileRecord) -> Result<(), StoreError> {
    let path = dir.join(&file.name);
    let (actual, _) = digest_file(&path)?;
    if actual == file.sha256 { Ok(()) } else { Err(StoreError::FileDigest { path, expected: file.sha256, actual }) }
}
