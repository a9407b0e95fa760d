//! The revisions of one index on disk: which there are, which is active, and what may go.
//!
//! `DATA/indexes/<name>/revisions/<rev>/` are sealed revisions, `revisions/.building-<rev>/` one being built,
//! `revisions/.discarded-<rev>/` one on its way out, `active.json` the one that serves.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ragops_storage::{Step, StorageError, durable};
use serde::{Deserialize, Serialize};

use super::manifest::{self, Manifest};
use super::open::{Revision, read_manifest};
use super::seal::seal;
use super::verified::Verified;
use super::{RevisionError, RevisionName};

/// Marks the folder of all indexes, `DATA/indexes`: a source that holds it would index its own indexes for ever, so
/// scanning leaves a folder with this file out.
pub const INDEXES_MARKER: &str = ".ragops-indexes";

const ACTIVE_FILE: &str = "active.json";
const BUILDING_PREFIX: &str = ".building-";
const DISCARDED_PREFIX: &str = ".discarded-";

/// The content of `active.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Active {
    revision: RevisionName,
}

/// A revision on disk, with its manifest or why that cannot be read.
pub type Listed = (RevisionName, Result<Manifest, RevisionError>);

/// The folder of one index. Any number of processes may read it; one at a time writes, under `lock`.
#[derive(Debug, Clone)]
pub struct RevisionStore {
    dir: PathBuf,
    verified: Verified,
}

/// The right to change a store; ends when dropped or when the process dies.
#[derive(Debug)]
pub struct WriteLock {
    _lock: durable::DirLock,
}

impl RevisionStore {
    /// The store of index `name` under a data directory. Touches nothing.
    pub fn of_index(data: &Path, name: &str) -> Self {
        Self { dir: data.join("indexes").join(name), verified: Verified::default() }
    }

    /// The same store, which does not read again what is known to be whole, and adds to it.
    pub fn remembering(self, verified: &Verified) -> Self {
        Self { verified: verified.clone(), ..self }
    }

    /// The names of all indexes under a data directory, sorted.
    pub fn list_indexes(data: &Path) -> Result<Vec<String>, RevisionError> {
        let dir = data.join("indexes");
        if !durable::is_dir(&dir)? {
            return Ok(Vec::new());
        }
        let folders = durable::list(&dir)?.into_iter().filter(|path| path.is_dir());
        Ok(folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    /// The index's own folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a revision is, or would be.
    pub fn path_of(&self, name: &RevisionName) -> PathBuf {
        self.revisions_dir().join(name.to_string())
    }

    /// Verifies and opens a revision.
    pub fn open(&self, name: &RevisionName) -> Result<Revision, RevisionError> {
        Revision::open_known(&self.path_of(name), &self.verified)
    }

    /// The file that names the active revision; it changes when another is activated.
    pub fn active_file(&self) -> PathBuf {
        self.dir.join(ACTIVE_FILE)
    }

    /// Takes the right to write, or fails with `WouldBlock` while another process builds.
    pub fn lock(&self) -> Result<WriteLock, RevisionError> {
        durable::create_dir(&self.revisions_dir())?;
        // A process that was killed may have made these folders and not synced them: their being there proves nothing.
        // Four levels: the index, `indexes`, the data folder, and the folder that holds it.
        durable::sync_parents(&self.revisions_dir(), 4)?;
        self.mark_indexes()?;
        Ok(WriteLock { _lock: durable::DirLock::try_acquire(&self.dir)? })
    }

    /// Whether a process is writing now. For messages: it may begin or end a moment later.
    pub fn is_locked(&self) -> bool {
        durable::DirLock::is_held(&self.dir)
    }

    fn mark_indexes(&self) -> Result<(), RevisionError> {
        let Some(marker) = self.dir.parent().map(|indexes| indexes.join(INDEXES_MARKER)) else { return Ok(()) };
        if marker.exists() {
            return Ok(());
        }
        let written = durable::replace_file(&marker, b"RagOps keeps revisions here; this folder is never a source.\n");
        // Another process may have written it at the same moment; it always says the same.
        if marker.exists() { Ok(()) } else { Ok(written?) }
    }

    /// Sealed revisions with their manifests, oldest first; a folder whose manifest cannot be read comes with why.
    pub fn list(&self) -> Result<Vec<Listed>, RevisionError> {
        if !durable::is_dir(&self.revisions_dir())? {
            return Ok(Vec::new());
        }
        let mut found: Vec<_> = durable::list(&self.revisions_dir())?
            .into_iter()
            .filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, read_manifest(&path))))
            .collect();
        let age = |manifest: &Result<Manifest, RevisionError>| manifest.as_ref().ok().map(|m| m.created_time.clone());
        found.sort_by(|(a, x), (b, y): &(RevisionName, _)| (age(x), a).cmp(&(age(y), b)));
        Ok(found)
    }

    /// The active revision's name; `None` before the first.
    pub fn active(&self) -> Result<Option<RevisionName>, RevisionError> {
        let path = self.active_file();
        match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StorageError::at(Step::Read, &path)(e).into()),
            Ok(bytes) => match serde_json::from_slice::<Active>(&bytes) {
                Ok(active) => Ok(Some(active.revision)),
                Err(e) => Err(RevisionError::Manifest { path, reason: e.to_string() }),
            },
        }
    }

    /// Opens the active revision, or, when it is damaged or gone, the newest other one that is whole.
    /// `damage` is told of each that was passed over. A revision that cannot be looked at just now (no file handles, a
    /// disk error) is not passed over, for it may be whole: that is an error, and the same call can succeed later.
    pub fn open_serving(
        &self,
        damage: &mut dyn FnMut(&RevisionName, &RevisionError),
    ) -> Result<Option<Revision>, RevisionError> {
        let active = match self.active() {
            Ok(Some(active)) => Some(active),
            Ok(None) => return Ok(None),
            Err(error) if error.is_damage() => None,
            Err(error) => return Err(error),
        };
        if let Some(name) = &active
            && let Some(revision) = self.open_whole(name, damage)?
        {
            return Ok(Some(revision));
        }
        let mut others = self.list()?;
        others.retain(|(name, _)| Some(name) != active.as_ref());
        // A manifest that cannot be read now would put its revision behind older ones.
        if let Some(at) = others.iter().position(|(_, read)| read.as_ref().is_err_and(|e| e.is_retryable())) {
            return others.swap_remove(at).1.map(|_| None);
        }
        for (name, _) in others.iter().rev() {
            if let Some(revision) = self.open_whole(name, damage)? {
                return Ok(Some(revision));
            }
        }
        Ok(None)
    }

    /// Opens one revision; `None`, after telling `damage`, when it is of no use.
    fn open_whole(
        &self,
        name: &RevisionName,
        damage: &mut dyn FnMut(&RevisionName, &RevisionError),
    ) -> Result<Option<Revision>, RevisionError> {
        match self.open(name) {
            Ok(revision) => Ok(Some(revision)),
            Err(error) if error.is_retryable() => Err(error),
            Err(error) => {
                damage(name, &error);
                Ok(None)
            }
        }
    }

    /// Makes a revision the active one, durably.
    pub fn activate(&self, _lock: &WriteLock, name: &RevisionName) -> Result<(), RevisionError> {
        let active = Active { revision: name.clone() };
        let bytes = serde_json::to_vec(&active)
            .map_err(|e| RevisionError::Manifest { path: self.active_file(), reason: e.to_string() })?;
        // The revision may have been named by a process that was killed before it synced the name.
        durable::sync_dir(&self.revisions_dir())?;
        durable::replace_file(&self.active_file(), &bytes)?;
        Ok(())
    }

    /// An empty folder to build `name` in; leftovers of builds that died are removed first.
    pub fn begin(&self, lock: &WriteLock, name: &RevisionName) -> Result<PathBuf, RevisionError> {
        self.discard_unfinished(lock)?;
        let building = self.revisions_dir().join(format!("{BUILDING_PREFIX}{name}"));
        durable::create_dir(&building)?;
        Ok(building)
    }

    /// Removes what builds that failed or died have left behind.
    pub fn discard_unfinished(&self, _lock: &WriteLock) -> Result<(), RevisionError> {
        for path in durable::list(&self.revisions_dir())? {
            if hidden_name(&path, BUILDING_PREFIX) {
                durable::remove(&path)?;
            }
        }
        Ok(())
    }

    /// Seals what was built in `building`.
    pub fn seal(&self, _lock: &WriteLock, building: &Path, manifest: Manifest) -> Result<Manifest, RevisionError> {
        let target = self.path_of(&manifest.revision);
        seal(building, &target, manifest)
    }

    /// Removes sealed revisions beyond the newest `keep`, never the active one, and what was set aside.
    /// Returns the names of those removed.
    pub fn prune(&self, _lock: &WriteLock, keep: usize) -> Result<Vec<RevisionName>, RevisionError> {
        let active = self.active()?;
        let inactive: Vec<_> =
            self.list()?.into_iter().map(|(name, _)| name).filter(|n| Some(n) != active.as_ref()).collect();
        let removed = inactive[..inactive.len().saturating_sub(keep)].to_vec();
        for name in &removed {
            self.remove(name)?;
        }
        for path in durable::list(&self.revisions_dir())? {
            if hidden_name(&path, DISCARDED_PREFIX) {
                durable::remove(&path)?;
            }
        }
        Ok(removed)
    }

    /// Unnames the folder before it is emptied, so that nobody meets a revision without half of its files.
    fn remove(&self, name: &RevisionName) -> Result<(), RevisionError> {
        let path = self.path_of(name);
        set_aside(&path)?;
        Ok(())
    }

    fn revisions_dir(&self) -> PathBuf {
        self.dir.join("revisions")
    }
}

/// Moves a folder that must not be used to `.discarded-<name>`, where `prune` finds it. Absence is fine.
pub(super) fn set_aside(path: &Path) -> Result<(), RevisionError> {
    if !path.exists() {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!("{DISCARDED_PREFIX}{name}"));
    durable::remove(&aside)?;
    durable::rename(path, &aside)?;
    Ok(())
}

fn hidden_name(path: &Path, prefix: &str) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix))
}

/// The manifest's path inside a revision's folder.
pub fn manifest_path(dir: &Path) -> PathBuf {
    dir.join(manifest::FILE)
}
