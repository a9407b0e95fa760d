//! Looks at a data folder after a crash: what would be served, whether it is whole, and what was left lying about.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ragops_engine::index::{ChunkNumber, IndexError};
use ragops_engine::revision::{Manifest, Revision, RevisionError, RevisionName, RevisionStore};

/// A data folder is not as every crash must leave it.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// The active revision, or another one tried in its place, is damaged.
    #[error("revision {name} cannot be served: {reason}")]
    Damaged {
        /// The revision.
        name: RevisionName,
        /// What the store said of it.
        reason: String,
    },
    /// The store cannot be read at all.
    #[error("the store cannot be opened: {0}")]
    Store(#[from] RevisionError),
    /// Its passages cannot be read.
    #[error("the passages of the revision cannot be read: {0}")]
    Passages(#[from] IndexError),
    /// Something is served that nobody sealed.
    #[error("revision {0} is served, which is neither the old nor the new one")]
    Foreign(RevisionName),
}

/// Opens what a start would serve. A damaged active revision is a violation, even when another could stand in for it.
pub fn open_serving(data: &Path, index: &str) -> Result<Option<Revision>, Violation> {
    let mut damaged = None;
    let mut damage = |name: &RevisionName, error: &RevisionError| {
        damaged.get_or_insert_with(|| (name.clone(), error.to_string()));
    };
    let opened = RevisionStore::of_index(data, index).open_serving(&mut damage)?;
    match damaged {
        None => Ok(opened),
        Some((name, reason)) => Err(Violation::Damaged { name, reason }),
    }
}

/// Which of two known revisions a start would serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Served {
    /// None yet.
    Nothing,
    /// The one from before.
    Old,
    /// The one that was being built.
    New,
}

/// What a start would serve, compared by the whole manifest and so by the digest of every file.
pub fn served(data: &Path, index: &str, old: Option<&Manifest>, new: &Manifest) -> Result<Served, Violation> {
    match open_serving(data, index)? {
        None => Ok(Served::Nothing),
        Some(revision) if revision.manifest == *new => Ok(Served::New),
        Some(revision) if Some(&revision.manifest) == old => Ok(Served::Old),
        Some(revision) => Err(Violation::Foreign(revision.manifest.revision)),
    }
}

/// Whether a chunk of the revision holds `text`.
pub fn holds_text(revision: &Revision, text: &str) -> Result<bool, Violation> {
    for number in 0..revision.passages.chunk_count() {
        if revision.passages.chunk(ChunkNumber(number as u32))?.text.contains(text) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Files and folders that only an unfinished build leaves: hidden ones, except the lock of an index.
pub fn leftovers(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_temporary = name.starts_with('.') || [".tmp", ".lock"].iter().any(|end| name.ends_with(end));
        if is_temporary && name != ".lock" {
            found.push(entry.path());
        } else if entry.file_type()?.is_dir() {
            found.extend(leftovers(&entry.path())?);
        }
    }
    Ok(found)
}
