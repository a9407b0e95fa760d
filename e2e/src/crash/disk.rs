//! A model of a disk that may forget what was not synced.
//!
//! Every file has the bytes that programs see and those that are safe; every folder the entries that programs see and
//! those that are safe. `fsync` makes the one the other, for that file or that folder alone: what POSIX promises and
//! no more. A crash leaves one of the mixtures that `Crash` names.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::operation::{Action, Position};
use super::tree::{Node, Tree};
use crate::random::SplitMix64;

/// How the machine, or only the program, stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Crash {
    /// The program was killed; the system lives on and keeps everything.
    Killed,
    /// Power went, and nothing survives but what was synced: bytes by the file's sync, names by the folder's.
    Strict,
    /// Power went; the file system had written names but of the bytes only those synced, as a journal of metadata does.
    MetadataFirst(Unsynced),
    /// Power went, and each unsynced name and file was written or not by chance. The number seeds the chance.
    Scattered(u64),
}

/// What became of bytes that were written and not synced, under a name that survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unsynced {
    /// They are gone, and so is the length.
    Dropped,
    /// The first half of them was written.
    FirstHalf,
    /// The length was written, the bytes read as zero.
    Zeroed,
}

impl Crash {
    /// One of each kind, with `scattered` different seeds of chance.
    pub fn all(scattered: u64) -> Vec<Self> {
        let mut all = vec![Self::Killed, Self::Strict];
        all.extend([Unsynced::Dropped, Unsynced::FirstHalf, Unsynced::Zeroed].map(Self::MetadataFirst));
        all.extend((0..scattered).map(Self::Scattered));
        all
    }

    /// A name for reports, the same for all seeds.
    pub fn name(self) -> &'static str {
        match self {
            Self::Killed => "process killed, everything kept",
            Self::Strict => "power cut, only what was synced kept",
            Self::MetadataFirst(Unsynced::Dropped) => "power cut, names kept, unsynced bytes gone",
            Self::MetadataFirst(Unsynced::FirstHalf) => "power cut, names kept, half of the unsynced bytes kept",
            Self::MetadataFirst(Unsynced::Zeroed) => "power cut, names and lengths kept, unsynced bytes zero",
            Self::Scattered(_) => "power cut, each unsynced name and file kept by chance",
        }
    }
}

/// The recorded operations do not fit the disk: the recorder missed something.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DiskError {
    /// Nothing is at the path.
    #[error("cannot {action}: there is no {}", .path.display())]
    Absent {
        /// What was asked.
        action: String,
        /// The missing path.
        path: PathBuf,
    },
    /// A file where a folder should be, or the other way round.
    #[error("cannot {action}: {} is of the wrong kind", .path.display())]
    WrongKind {
        /// What was asked.
        action: String,
        /// The path.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("cannot {action}: {} exists", .path.display())]
    Exists {
        /// What was asked.
        action: String,
        /// The path.
        path: PathBuf,
    },
}

type NodeId = usize;
type Entries = BTreeMap<OsString, NodeId>;

#[derive(Debug, Clone)]
enum Inode {
    Dir { seen: Entries, safe: Entries },
    File { seen: Arc<Vec<u8>>, safe: Arc<Vec<u8>> },
}

/// The disk. Cheap to clone: bytes are shared until they change.
#[derive(Debug, Clone)]
pub struct Disk {
    inodes: Vec<Inode>,
}

const ROOT: NodeId = 0;

enum Fault {
    Absent(PathBuf),
    WrongKind(PathBuf),
    Exists(PathBuf),
}

impl Disk {
    /// A disk on which `tree` has been safe for long.
    pub fn holding(tree: &Tree) -> Self {
        let mut disk = Self { inodes: vec![empty_dir()] };
        for (path, node) in tree.nodes() {
            let inode = match node {
                Node::Dir => empty_dir(),
                Node::File(bytes) => Inode::File { seen: bytes.clone(), safe: bytes.clone() },
            };
            disk.add(path, inode).unwrap_or_else(|_| unreachable!("a tree holds the parents of {}", path.display()));
        }
        for inode in &mut disk.inodes {
            if let Inode::Dir { seen, safe } = inode {
                safe.clone_from(seen);
            }
        }
        disk
    }

    /// Does what the program did.
    pub fn apply(&mut self, action: &Action) -> Result<(), DiskError> {
        let result = match action {
            Action::CreateDir(path) => self.add(path, empty_dir()).map(drop),
            Action::Open { path, truncate } => self.open(path, *truncate),
            Action::Write { path, at, data } => self.change(path, |bytes| write_at(bytes, *at, data)),
            Action::SetLength { path, length } => self.change(path, |bytes| bytes.resize(to_usize(*length), 0)),
            Action::Sync(path) => self.sync(path),
            Action::Rename { from, to } => self.rename(from, to),
            Action::Link { from, to } => self.find(from).and_then(|id| self.enter(to, id)),
            Action::Unlink(path) | Action::RemoveDir(path) => self.leave(path).map(drop),
        };
        let action = || action.to_string();
        result.map_err(|fault| match fault {
            Fault::Absent(path) => DiskError::Absent { action: action(), path },
            Fault::WrongKind(path) => DiskError::WrongKind { action: action(), path },
            Fault::Exists(path) => DiskError::Exists { action: action(), path },
        })
    }

    /// What a start after `crash` finds.
    pub fn after(&self, crash: Crash) -> Tree {
        let mut tree = Tree::default();
        let seed = if let Crash::Scattered(seed) = crash { seed } else { 0 };
        self.survivors(ROOT, Path::new(""), crash, &mut SplitMix64::new(seed), &mut tree);
        tree
    }

    fn survivors(&self, dir: NodeId, at: &Path, crash: Crash, chance: &mut SplitMix64, tree: &mut Tree) {
        let Inode::Dir { seen, safe } = &self.inodes[dir] else { return };
        for (name, id) in &surviving_entries(seen, safe, crash, chance) {
            let path = at.join(name);
            match &self.inodes[*id] {
                Inode::Dir { .. } => {
                    tree.insert(path.clone(), Node::Dir);
                    self.survivors(*id, &path, crash, chance, tree);
                }
                Inode::File { seen, safe } => {
                    tree.insert(path, Node::File(surviving_bytes(seen, safe, crash, chance)));
                }
            }
        }
    }

    fn open(&mut self, path: &Path, truncate: bool) -> Result<(), Fault> {
        match self.find(path) {
            Ok(_) if truncate => self.change(path, Vec::clear),
            Ok(_) => Ok(()),
            Err(_) => self.add(path, Inode::File { seen: Arc::default(), safe: Arc::default() }).map(drop),
        }
    }

    fn change(&mut self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault> {
        let id = self.find(path)?;
        match &mut self.inodes[id] {
            Inode::File { seen, .. } => {
                change(Arc::make_mut(seen));
                Ok(())
            }
            Inode::Dir { .. } => Err(Fault::WrongKind(path.to_owned())),
        }
    }

    fn sync(&mut self, path: &Path) -> Result<(), Fault> {
        let id = self.find(path)?;
        match &mut self.inodes[id] {
            Inode::Dir { seen, safe } => safe.clone_from(seen),
            Inode::File { seen, safe } => safe.clone_from(seen),
        }
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<(), Fault> {
        let id = self.leave(from)?;
        // What had the name loses it; the operating system has checked that it may.
        drop(self.leave(to));
        self.enter(to, id)
    }

    fn add(&mut self, path: &Path, inode: Inode) -> Result<NodeId, Fault> {
        let id = self.inodes.len();
        self.enter(path, id)?;
        self.inodes.push(inode);
        Ok(id)
    }

    fn enter(&mut self, path: &Path, id: NodeId) -> Result<(), Fault> {
        let (entries, name) = self.entries_of_parent(path)?;
        if entries.contains_key(name) {
            return Err(Fault::Exists(path.to_owned()));
        }
        entries.insert(name.to_owned(), id);
        Ok(())
    }

    fn leave(&mut self, path: &Path) -> Result<NodeId, Fault> {
        let (entries, name) = self.entries_of_parent(path)?;
        entries.remove(name).ok_or_else(|| Fault::Absent(path.to_owned()))
    }

    fn entries_of_parent<'p>(&mut self, path: &'p Path) -> Result<(&mut Entries, &'p OsStr), Fault> {
        let parent = path.parent().unwrap_or(Path::new(""));
        let name = path.file_name().ok_or_else(|| Fault::WrongKind(path.to_owned()))?;
        let id = self.find(parent)?;
        match &mut self.inodes[id] {
            Inode::Dir { seen, .. } => Ok((seen, name)),
            Inode::File { .. } => Err(Fault::WrongKind(parent.to_owned())),
        }
    }

    fn find(&self, path: &Path) -> Result<NodeId, Fault> {
        path.iter().try_fold(ROOT, |id, name| match &self.inodes[id] {
            Inode::Dir { seen, .. } => seen.get(name).copied().ok_or_else(|| Fault::Absent(path.to_owned())),
            Inode::File { .. } => Err(Fault::WrongKind(path.to_owned())),
        })
    }
}

fn empty_dir() -> Inode {
    Inode::Dir { seen: Entries::new(), safe: Entries::new() }
}

fn to_usize(length: u64) -> usize {
    usize::try_from(length).expect("a recorded file fits into memory")
}

fn write_at(bytes: &mut Vec<u8>, at: Position, data: &[u8]) {
    let start = if let Position::At(offset) = at { to_usize(offset) } else { bytes.len() };
    if bytes.len() < start + data.len() {
        bytes.resize(start + data.len(), 0);
    }
    bytes[start..start + data.len()].copy_from_slice(data);
}

fn surviving_entries(seen: &Entries, safe: &Entries, crash: Crash, chance: &mut SplitMix64) -> Entries {
    match crash {
        Crash::Killed | Crash::MetadataFirst(_) => seen.clone(),
        Crash::Strict => safe.clone(),
        Crash::Scattered(_) => {
            let names: BTreeSet<_> = seen.keys().chain(safe.keys()).collect();
            let mut pick = |name: &OsString| match (seen.get(name), safe.get(name)) {
                (seen, safe) if seen == safe || chance.below(2) == 0 => seen.copied(),
                (_, safe) => safe.copied(),
            };
            names.into_iter().filter_map(|name| Some((name.clone(), pick(name)?))).collect()
        }
    }
}

fn surviving_bytes(seen: &Arc<Vec<u8>>, safe: &Arc<Vec<u8>>, crash: Crash, chance: &mut SplitMix64) -> Arc<Vec<u8>> {
    if seen == safe {
        return seen.clone();
    }
    match crash {
        Crash::Killed => seen.clone(),
        Crash::Strict => safe.clone(),
        Crash::MetadataFirst(unsynced) => Arc::new(without_unsynced(seen, safe, unsynced)),
        Crash::Scattered(_) => match chance.below(3) {
            0 => seen.clone(),
            1 => safe.clone(),
            _ => Arc::new(without_unsynced(seen, safe, Unsynced::FirstHalf)),
        },
    }
}

/// What is the same from the first byte on is safe; the rest of `seen` is not.
fn without_unsynced(seen: &[u8], safe: &[u8], unsynced: Unsynced) -> Vec<u8> {
    let same = seen.iter().zip(safe).take_while(|(a, b)| a == b).count();
    let kept = match unsynced {
        Unsynced::Dropped | Unsynced::Zeroed => same,
        Unsynced::FirstHalf => same + (seen.len() - same) / 2,
    };
    let mut bytes = seen[..kept].to_vec();
    if unsynced == Unsynced::Zeroed {
        bytes.resize(seen.len(), 0);
    }
    bytes
}

#[cfg(test)]
mod tests;
