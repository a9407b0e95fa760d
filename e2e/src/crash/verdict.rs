//! Looks at a data folder after a crash: what would be served, whether it is whole, and what was left lying about.

use std::io;
use std::path::{Path, PathBuf};

use ragops_engine::index::{ChunkNumber, IndexError};
use ragops_engine::revision::open::read_manifest;
use ragops_engine::revision::{Manifest, Revision, RevisionError, RevisionName, RevisionStore};
use ragops_storage::durable;

use super::tree::{Node, Tree};

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
    /// The folder of a revision cannot be read.
    #[error("a revision's folder cannot be read: {0}")]
    Read(#[source] io::Error),
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

/// The settings with which the index is asked; see `server/src/query_record.rs`.
const QUERY_SETTINGS: &str = "query.json";

/// What only unfinished work leaves in the folder of an index: anything but its lock, `active.json`, its query settings,
/// and revisions that hold exactly what their manifests list.
pub fn leftovers(data: &Path, index: &str) -> Result<Vec<PathBuf>, Violation> {
    let store = RevisionStore::of_index(data, index);
    let revisions = store.dir().join("revisions");
    let mut found = durable::list(store.dir()).map_err(RevisionError::from)?;
    let known = [revisions.clone(), store.active_file(), store.dir().join(".lock"), store.dir().join(QUERY_SETTINGS)];
    found.retain(|path| !known.contains(path));
    for dir in durable::list(&revisions).map_err(RevisionError::from)? {
        let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.parse::<RevisionName>().is_err() {
            found.push(dir);
            continue;
        }
        let mut listed: Vec<String> = read_manifest(&dir)?.files.into_iter().map(|file| file.path).collect();
        listed.push("manifest.json".to_owned());
        let is_listed = |path: &Path| listed.iter().any(|file| Path::new(file) == path);
        let tree = Tree::read(&dir).map_err(Violation::Read)?;
        let files = tree.nodes().filter(|(_, node)| matches!(node, Node::File(_)));
        found.extend(files.filter(|(path, _)| !is_listed(path)).map(|(path, _)| dir.join(path)));
    }
    Ok(found)
}
