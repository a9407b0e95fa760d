//! A folder or a zip archive (a Python wheel is one) with a model folder somewhere in it: which files there are, and
//! their bytes, bounded. Nothing is written to it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ragops_storage::StorageError;
use ragops_storage::durable::{self, Step};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::checkpoint::{CONFIG, CheckpointError, MODULES, WEIGHTS};

/// How deep below a folder a model is looked for, and among how many files.
const DEPTH: usize = 4;
const MOST_FILES: usize = 10_000;

/// Where files are taken from.
pub(super) struct Container {
    source: Source,
    /// Paths of all files, with `/` between their parts.
    names: BTreeSet<String>,
}

enum Source {
    Folder(PathBuf),
    Archive(PathBuf, Box<ZipArchive<File>>),
}

/// Reading failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContainerError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Archive(#[from] ZipError),
}

impl Container {
    pub(super) fn folder(path: &Path) -> Result<Self, ContainerError> {
        let mut names = BTreeSet::new();
        list(path, "", DEPTH, &mut names)?;
        Ok(Self { source: Source::Folder(path.to_owned()), names })
    }

    pub(super) fn archive(path: &Path, file: File) -> Result<Self, ContainerError> {
        let archive = Box::new(ZipArchive::new(file)?);
        let names = archive
            .file_names()
            .filter_map(Result::ok)
            .map(Cow::into_owned)
            .filter(|name| !name.ends_with('/'))
            .collect();
        Ok(Self { source: Source::Archive(path.to_owned(), archive), names })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The file's size and bytes.
    pub(super) fn open(&mut self, name: &str) -> Result<(u64, Box<dyn Read + '_>), ContainerError> {
        match &mut self.source {
            Source::Folder(root) => {
                let path = root.join(name);
                let file = File::open(&path).map_err(StorageError::at(Step::Open, &path))?;
                let size = file.metadata().map_err(StorageError::at(Step::Open, &path))?.len();
                Ok((size, Box::new(file)))
            }
            Source::Archive(_, archive) => {
                let entry = archive.by_name(name)?;
                Ok((entry.size(), Box::new(entry)))
            }
        }
    }

    /// What an error of reading `name` means: archives that are cut off or damaged inside show there.
    pub(super) fn read_error(&self, name: &str, error: io::Error) -> ContainerError {
        match &self.source {
            Source::Folder(root) => StorageError::at(Step::Read, &root.join(name))(error).into(),
            Source::Archive(..)
                if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
            {
                ZipError::from(error).into()
            }
            Source::Archive(path, _) => StorageError::at(Step::Read, path)(error).into(),
        }
    }

    /// The folder of the model within the container, "" or ending in `/`: the shallowest that has a configuration or a
    /// list of modules, and of several those with weights.
    pub(super) fn model_root(&self) -> Result<String, CheckpointError> {
        let of = |file: &str| {
            let folders = self.names.iter().filter_map(move |name| name.strip_suffix(file).map(str::to_owned));
            folders.filter(|folder| folder.is_empty() || folder.ends_with('/')).collect::<BTreeSet<_>>()
        };
        let folders: BTreeSet<String> = of(CONFIG).union(&of(MODULES)).cloned().collect();
        let depth = |folder: &String| folder.matches('/').count();
        let shallowest = folders.iter().map(depth).min();
        let mut found: Vec<String> = folders.into_iter().filter(|folder| Some(depth(folder)) == shallowest).collect();
        if found.len() > 1 {
            found.retain(|folder| self.has(&format!("{folder}{WEIGHTS}")));
        }
        match found.as_slice() {
            [folder] => Ok(folder.clone()),
            [] => Err(CheckpointError::Missing {
                file: CONFIG.to_owned(),
                advice: super::folder::WHAT_A_FOLDER_HOLDS.to_owned(),
            }),
            several => Err(CheckpointError::Missing {
                file: CONFIG.to_owned(),
                advice: format!("but several models, of which one must be given: {}", several.join(", ")),
            }),
        }
    }
}

fn list(root: &Path, folder: &str, depth: usize, names: &mut BTreeSet<String>) -> Result<(), StorageError> {
    for path in durable::list(&root.join(folder))? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if names.len() >= MOST_FILES {
            return Ok(());
        }
        let name = format!("{folder}{name}");
        match durable::is_dir(&path) {
            Ok(true) if depth > 1 => list(root, &format!("{name}/"), depth - 1, names)?,
            Ok(false) => drop(names.insert(name)),
            // Deeper folders, and links in a circle.
            _ => {}
        }
    }
    Ok(())
}
