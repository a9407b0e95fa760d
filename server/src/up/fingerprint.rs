//! Whether files may have changed, from their metadata alone: a cheap question asked often. Equal fingerprints mean
//! that nothing was written; different ones mean that a build should look.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use ragops_engine::revision::store::INDEXES_MARKER;
use ragops_storage::Stamp;

/// Entries looked at. A folder with more is seen to change by the file system's own events, or by what changes among
/// these.
const MAX_ENTRIES: usize = 1_000_000;
/// Folders below folders; deeper ones are not looked at.
const MAX_DEPTH: usize = 64;

/// Stands for the state of some files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

/// Of a file, or of everything in a folder and below. Nothing there has a fingerprint too.
pub fn fingerprint(path: &Path) -> Fingerprint {
    let mut hasher = DefaultHasher::new();
    match fs::metadata(path) {
        Ok(metadata) => {
            Stamp::from(&metadata).hash(&mut hasher);
            if metadata.is_dir() {
                let mut left = MAX_ENTRIES;
                hash_folder(path, 0, &mut left, &mut hasher);
            }
        }
        Err(error) => error.raw_os_error().hash(&mut hasher),
    }
    Fingerprint(hasher.finish())
}

/// Symbolic links are not followed: what they lead to lies in the folder itself, or is not read.
fn hash_folder(dir: &Path, depth: usize, left: &mut usize, hasher: &mut DefaultHasher) {
    let Ok(entries) = fs::read_dir(dir) else { return "unreadable".hash(hasher) };
    let mut entries: Vec<_> = entries.flatten().take(*left).collect();
    *left -= entries.len();
    // Our own indexes, where a source holds the data directory: they are not read, so they are not watched.
    if entries.iter().any(|entry| entry.file_name() == INDEXES_MARKER) {
        return;
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        entry.file_name().hash(hasher);
        let Ok(metadata) = entry.metadata() else { continue };
        Stamp::from(&metadata).hash(hasher);
        if metadata.is_dir() && depth < MAX_DEPTH {
            hash_folder(&entry.path(), depth + 1, left, hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_change_shows_and_nothing_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("docs");
        let mut seen = vec![fingerprint(&root)];
        let mut check = |what: &str| {
            let now = fingerprint(&root);
            assert_eq!(now, fingerprint(&root), "{what}: looking changes nothing");
            assert!(!seen.contains(&now), "{what} was not seen");
            seen.push(now);
        };
        fs::create_dir_all(root.join("a/b")).unwrap();
        check("a new folder");
        fs::write(root.join("a/b/x.md"), "one").unwrap();
        check("a new file below");
        fs::write(root.join("a/b/x.md"), "three").unwrap();
        check("another size");
        fs::rename(root.join("a/b/x.md"), root.join("a/y.md")).unwrap();
        check("a move");
        fs::remove_file(root.join("a/y.md")).unwrap();
        check("a removal");
        std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
        check("a link");
    }
}
