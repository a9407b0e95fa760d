//! Installing a model: stage the artefact, convert it beside its final place, and publish it by one rename.
//! A crash at any point leaves the old state or the new one; what it leaves behind is removed by the next install.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use ragops_storage::durable::{self, DirLock, Step};
use ragops_storage::{MappedFile, StorageError, digest_bytes};

use super::catalogue::KnownModel;
use super::download::download;
use super::error::StoreError;
use super::manifest::{ENCODER, FileRecord, MANIFEST, Manifest, TOKENIZER, WORDS};
use super::source::{ModelSource, stage};
use super::{InstalledModel, ModelStore, describe};
use crate::convert::{Converted, convert};

/// What an install is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Fetching the artefact.
    Download,
    /// Copying or unpacking it, and checking its digest.
    Copy,
    /// Writing the converted files.
    Write,
    /// Flushing them to the disk and giving them their name.
    Publish,
}

/// Hears how an install gets on. `&()` does not listen.
pub trait AddProgress {
    /// `done` of `total` bytes (steps, when publishing) of a stage are done.
    fn advanced(&self, stage: Stage, done: u64, total: Option<u64>);
}

impl AddProgress for () {
    fn advanced(&self, _stage: Stage, _done: u64, _total: Option<u64>) {}
}

impl<F: Fn(Stage, u64, Option<u64>)> AddProgress for F {
    fn advanced(&self, stage: Stage, done: u64, total: Option<u64>) {
        self(stage, done, total);
    }
}

/// What an install did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddOutcome {
    /// The model is now there.
    Installed(InstalledModel),
    /// It was there already, and all its bytes are right.
    AlreadyInstalled(InstalledModel),
}

impl AddOutcome {
    /// The model, either way.
    pub fn model(&self) -> &InstalledModel {
        match self {
            Self::Installed(model) | Self::AlreadyInstalled(model) => model,
        }
    }
}

/// The artefact being downloaded, kept so that the download can go on: one at most, until a model is installed.
const DOWNLOADS: &str = ".downloads";
/// The folder that becomes the model.
const STAGING: &str = ".staging";
/// A damaged or outdated model on its way out.
const OUTGOING: &str = ".outgoing";

impl ModelStore {
    /// Installs the model `name` from `source`. Does nothing when it is installed whole; replaces it when it is
    /// damaged or of another layout. Needs about 150 MB of room while it works.
    pub fn add(&self, name: &str, source: &ModelSource, progress: &dyn AddProgress) -> Result<AddOutcome, StoreError> {
        let known = self.known_model(name)?;
        durable::create_dir(&self.dir)?;
        let _lock = DirLock::try_acquire(&self.dir).map_err(|e| match e.kind() {
            std::io::ErrorKind::WouldBlock => StoreError::Busy { dir: self.dir.clone() },
            _ => e.into(),
        })?;
        if let Ok(model) = self.verify(name)
            && self.read_manifest(name)?.artefact == known.sha256
        {
            durable::remove(&self.dir.join(DOWNLOADS))?;
            return Ok(AddOutcome::AlreadyInstalled(model));
        }
        let staging = self.dir.join(STAGING);
        durable::remove(&staging)?;
        durable::remove(&self.dir.join(OUTGOING))?;
        let artefact = staging.join("artefact");
        match source {
            ModelSource::Path(path) => {
                durable::create_dir(&staging)?;
                stage(path, &source.to_string(), known, &artefact, progress)?;
            }
            ModelSource::Url(url) => self.fetch(url, known, &artefact, progress)?,
        }
        let manifest = write_model(known, &source.to_string(), &staging, &artefact, progress)?;
        self.publish(name, &staging, progress)?;
        durable::remove(&self.dir.join(DOWNLOADS))?;
        Ok(AddOutcome::Installed(describe(&manifest)))
    }

    /// Downloads and stages. A download that was resumed and turns out wrong is fetched once more from the start: the
    /// file may have changed on the server in between. A wrong download is never kept.
    fn fetch(
        &self,
        url: &str,
        known: &KnownModel,
        artefact: &Path,
        progress: &dyn AddProgress,
    ) -> Result<(), StoreError> {
        let downloads = self.dir.join(DOWNLOADS);
        loop {
            let download = download(url, &downloads, progress)?;
            durable::create_dir(artefact.parent().unwrap_or(&self.dir))?;
            let staged = stage(&download.path, url, known, artefact, progress);
            if matches!(&staged, Err(StoreError::Storage(_))) {
                return staged;
            }
            durable::remove(&downloads)?;
            if staged.is_ok() || !download.resumed {
                return staged;
            }
        }
    }

    /// Gives the staged folder its name. A model that is in the way goes aside first.
    fn publish(&self, name: &str, staging: &Path, progress: &dyn AddProgress) -> Result<(), StoreError> {
        let step = |done| progress.advanced(Stage::Publish, done, Some(4));
        let target = self.dir.join(name);
        let outgoing = self.dir.join(OUTGOING);
        durable::sync_tree(staging)?;
        step(1);
        if target.exists() {
            durable::rename(&target, &outgoing)?;
        }
        step(2);
        durable::rename(staging, &target)?;
        step(3);
        durable::remove(&outgoing)?;
        step(4);
        Ok(())
    }
}

/// Converts the staged artefact into files beside it, the manifest last, and removes the artefact.
fn write_model(
    known: &KnownModel,
    origin: &str,
    staging: &Path,
    artefact: &Path,
    progress: &dyn AddProgress,
) -> Result<Manifest, StoreError> {
    let bytes = MappedFile::open(artefact)?;
    let converted = convert(&bytes).map_err(|source| StoreError::Convert { origin: origin.to_owned(), source })?;
    let Converted { architecture, encoder, tokenizer, words } = converted;
    let contents = [(ENCODER, encoder.as_slice()), (TOKENIZER, &tokenizer), (WORDS, words)];
    let total = contents.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    let mut files = Vec::new();
    let mut done = 0;
    for (name, bytes) in contents {
        write_file(&staging.join(name), bytes, |count| {
            done += count;
            progress.advanced(Stage::Write, done, Some(total));
        })?;
        files.push(FileRecord { name: name.to_owned(), size: bytes.len() as u64, sha256: digest_bytes(bytes) });
    }
    let manifest = Manifest::new(&known.name, known.sha256, architecture, files);
    durable::remove(artefact)?;
    durable::sync_tree(staging)?;
    progress.advanced(Stage::Publish, 0, Some(4));
    write_file(&staging.join(MANIFEST), &manifest.encode(), |_| {})?;
    Ok(manifest)
}

fn write_file(path: &Path, bytes: &[u8], mut written: impl FnMut(u64)) -> Result<(), StoreError> {
    let mut file = File::create(path).map_err(StorageError::at(Step::Create, path))?;
    for piece in bytes.chunks(1 << 22) {
        file.write_all(piece).map_err(StorageError::at(Step::Write, path))?;
        written(piece.len() as u64);
    }
    Ok(file.sync_all().map_err(StorageError::at(Step::Sync, path))?)
}
