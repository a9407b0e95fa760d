//! Installing a model: stage the artefact, convert it beside its final place, and publish it by one rename.
//! A crash at any point leaves the old state or the new one; what it leaves behind is removed by the next install.

use std::path::Path;

use ragops_storage::durable::{self, DirLock};
use ragops_storage::{Sha256Digest, Sha256Hasher};

use super::catalogue::{KnownFormat, KnownModel};
use super::download::download;
use super::error::StoreError;
use super::folder::{Gathered, gather};
use super::install::Installing;
use super::manifest::Manifest;
use super::source::{ModelSource, container, stage};
use super::{InstalledModel, ModelStore, describe};
use crate::checkpoint::WEIGHTS;
use crate::encoder::Arithmetic;
use crate::local::Prefixes;

/// What an install is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Fetching the artefact.
    Download,
    /// Copying or unpacking it, and checking its digest.
    Copy,
    /// Writing the converted files.
    Write,
    /// Comparing vectors in 8-bit integers with those in single precision.
    Measure,
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

/// What is wanted of a model folder. A model of the catalogue that is one file has all of it fixed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddOptions {
    /// Words before each question, instead of those that the folder names.
    pub query_prefix: Option<String>,
    /// Words before each passage, instead of those that the folder names.
    pub passage_prefix: Option<String>,
    /// What products are made of, instead of what measuring chooses.
    pub arithmetic: Option<Arithmetic>,
}

/// What an install did.
#[derive(Debug, Clone, PartialEq)]
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
    /// damaged or of another layout. Needs about twice the model's size of room while it works.
    pub fn add(&self, name: &str, source: &ModelSource, progress: &dyn AddProgress) -> Result<AddOutcome, StoreError> {
        self.add_with(name, source, &AddOptions::default(), progress)
    }

    /// The same with wishes for a model folder.
    pub fn add_with(
        &self,
        name: &str,
        source: &ModelSource,
        options: &AddOptions,
        progress: &dyn AddProgress,
    ) -> Result<AddOutcome, StoreError> {
        super::check_name(name)?;
        let known = self.known.iter().find(|known| known.name == name);
        let fixed = known.map(|known| &known.format);
        let is_artefact = matches!(fixed, Some(KnownFormat::Artefact { .. }));
        if is_artefact && *options != AddOptions::default() {
            return Err(StoreError::FixedOptions { name: name.to_owned() });
        }
        let _lock = self.lock()?;
        let staging = self.dir.join(STAGING);
        if let Some(known) = known.filter(|_| is_artefact)
            && let Ok(model) = self.verify(name)
            && self.read_manifest(name)?.artefact == known.sha256
        {
            durable::remove(&self.dir.join(DOWNLOADS))?;
            return Ok(AddOutcome::AlreadyInstalled(model));
        }
        durable::remove(&staging)?;
        durable::remove(&self.dir.join(OUTGOING))?;
        let adding = Adding { store: self, name, source, origin: &source.to_string(), staging: &staging, progress };
        let manifest = match known {
            Some(known) if is_artefact => adding.artefact(known)?,
            known => match adding.folder(known, options)? {
                Made::Anew(manifest) => *manifest,
                Made::Before(model) => {
                    durable::remove(&staging)?;
                    return Ok(AddOutcome::AlreadyInstalled(model));
                }
            },
        };
        self.publish(name, &staging, progress)?;
        durable::remove(&self.dir.join(DOWNLOADS))?;
        Ok(AddOutcome::Installed(describe(&manifest)))
    }

    /// Removes an installed model, or what is left of one.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        super::check_name(name)?;
        let target = self.dir.join(name);
        if !target.exists() {
            return Err(self.not_installed(name));
        }
        let _lock = self.lock()?;
        let outgoing = self.dir.join(OUTGOING);
        durable::remove(&outgoing)?;
        // Renamed first: a model is whole or absent.
        durable::rename(&target, &outgoing)?;
        Ok(durable::remove(&outgoing)?)
    }

    fn lock(&self) -> Result<DirLock, StoreError> {
        durable::create_dir(&self.dir)?;
        DirLock::try_acquire(&self.dir).map_err(|e| match e.kind() {
            std::io::ErrorKind::WouldBlock => StoreError::Busy { dir: self.dir.clone() },
            _ => e.into(),
        })
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

/// One install under way.
struct Adding<'a> {
    store: &'a ModelStore,
    name: &'a str,
    source: &'a ModelSource,
    origin: &'a str,
    staging: &'a Path,
    progress: &'a dyn AddProgress,
}

/// What became of a model folder.
enum Made {
    /// Staged.
    Anew(Box<Manifest>),
    /// It is installed, whole, from the same files.
    Before(InstalledModel),
}

impl Adding<'_> {
    fn artefact(&self, known: &KnownModel) -> Result<Manifest, StoreError> {
        let artefact = self.staging.join("artefact");
        self.with_file(&mut |path| stage(path, self.origin, known, &artefact, self.progress))?;
        self.installing(known.sha256).artefact(&artefact)
    }

    fn folder(&self, known: Option<&KnownModel>, options: &AddOptions) -> Result<Made, StoreError> {
        let mut gathered = None;
        self.with_file(&mut |path| {
            let container = container(path, self.origin, self.name, known)?;
            let taken = gather(container, self.origin, self.staging, self.progress)?;
            if let (Some(known), Some(actual)) = (known, taken.digest_of(WEIGHTS))
                && actual != known.sha256
            {
                let (origin, known) = (self.origin.to_owned(), Box::new(known.clone()));
                return Err(StoreError::ArtefactDigest { origin, actual, known });
            }
            gathered = Some(taken);
            Ok(())
        })?;
        let gathered = gathered.expect("the files were taken, or an error was returned");
        let Gathered { description, files } = &gathered;
        let wish = |asked: &Option<String>, own: &Option<String>| asked.clone().or(own.clone()).unwrap_or_default();
        let prefixes = Prefixes {
            query: wish(&options.query_prefix, &description.query_prefix),
            passage: wish(&options.passage_prefix, &description.passage_prefix),
        };
        let fixed = known.and_then(|known| match known.format {
            KnownFormat::Folder { arithmetic } => Some(arithmetic),
            KnownFormat::Artefact { .. } => None,
        });
        let arithmetic = options.arithmetic.or(fixed);
        let made_from = digest_of_wishes(files, &prefixes, arithmetic);
        if let Ok(model) = self.store.verify(self.name) {
            if self.store.read_manifest(self.name)?.artefact == made_from {
                return Ok(Made::Before(model));
            }
            return Err(StoreError::NameTaken { name: self.name.to_owned(), digest: model.digest });
        }
        let manifest = self.installing(made_from).folder(&gathered, prefixes, arithmetic)?;
        Ok(Made::Anew(Box::new(manifest)))
    }

    fn installing(&self, artefact: Sha256Digest) -> Installing<'_> {
        let Self { name, origin, staging, progress, .. } = *self;
        Installing { name, origin, staging, artefact, progress }
    }

    /// Calls `take` with the source's path, downloaded if it is an address. A download that was resumed and turns out
    /// wrong is fetched once more from the start: the file may have changed on the server in between. A wrong download
    /// is never kept.
    fn with_file(&self, take: &mut dyn FnMut(&Path) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let url = match self.source {
            ModelSource::Path(path) => {
                durable::create_dir(self.staging)?;
                return take(path);
            }
            ModelSource::Url(url) => url,
        };
        let downloads = self.store.dir.join(DOWNLOADS);
        loop {
            let download = download(url, &downloads, self.progress)?;
            durable::create_dir(self.staging)?;
            let taken = take(&download.path);
            if matches!(&taken, Err(StoreError::Storage(_))) {
                return taken;
            }
            durable::remove(&downloads)?;
            if taken.is_ok() || !download.resumed {
                return taken;
            }
        }
    }
}

/// What a folder's model is made from: its files, and what was asked for.
fn digest_of_wishes(
    files: &[(&'static str, Sha256Digest)],
    prefixes: &Prefixes,
    arithmetic: Option<Arithmetic>,
) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update_field(b"ragops-model-folder");
    for (name, digest) in files {
        hasher.update_field(name.as_bytes());
        hasher.update_field(digest.as_bytes());
    }
    hasher.update_field(prefixes.query.as_bytes());
    hasher.update_field(prefixes.passage.as_bytes());
    hasher.update_field(arithmetic.map_or_else(String::new, |arithmetic| arithmetic.to_string()).as_bytes());
    hasher.finish()
}
