//! Which files of revisions this process has read and found whole, so that a revision is opened again without reading it again:
//! 100,000 sentences are 218 MiB. A file counts as known as long as it looks as it did then (`ragops_storage::Stamp`);
//! what was written less than two seconds before it was read is not remembered, since a change in the same step of the
//! file system's clock would not show.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ragops_storage::{Sha256Digest, Stamp};

/// The files of one revision that were found whole, by their path in it.
type Files = HashMap<String, (Stamp, Sha256Digest)>;

/// What was found whole. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Verified(Arc<Mutex<HashMap<PathBuf, Files>>>);

impl Verified {
    /// Whether `file` of the revision in `dir`, which looks like `stamp`, was read before and had this digest.
    pub(super) fn knows(&self, dir: &Path, file: &str, stamp: Stamp, sha256: Sha256Digest) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(dir).and_then(|files| files.get(file)) == Some(&(stamp, sha256))
    }

    /// Remembers that it had. `stamp` is from before it was read, and was settled then. Revisions that are gone are forgotten.
    pub(super) fn note(&self, dir: &Path, file: &str, stamp: Stamp, sha256: Sha256Digest) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains_key(dir) {
            known.retain(|dir, _| dir.exists());
        }
        known.entry(dir.to_owned()).or_default().insert(file.to_owned(), (stamp, sha256));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragops_storage::digest_bytes;
    use std::fs;
    use std::time::Duration;

    #[test]
    fn a_file_is_known_until_it_looks_otherwise_and_a_revision_until_it_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let (dir, other) = (root.path().join("one"), root.path().join("two"));
        for dir in [&dir, &other] {
            fs::create_dir(dir).unwrap();
            fs::write(dir.join("file"), "text").unwrap();
        }
        let (stamp, sha256) = (Stamp::of(&dir.join("file")).unwrap(), digest_bytes(b"text"));
        let verified = Verified::default();
        assert!(!verified.knows(&dir, "file", stamp, sha256));
        verified.note(&dir, "file", stamp, sha256);
        assert!(verified.clone().knows(&dir, "file", stamp, sha256));
        assert!(!verified.knows(&dir, "file", stamp, digest_bytes(b"else")));
        assert!(!verified.knows(&dir, "other", stamp, sha256));
        assert!(!verified.knows(&other, "file", stamp, sha256));
        std::thread::sleep(Duration::from_millis(20));
        fs::write(dir.join("file"), "texT").unwrap();
        assert!(!verified.knows(&dir, "file", Stamp::of(&dir.join("file")).unwrap(), sha256));
        fs::remove_dir_all(&dir).unwrap();
        verified.note(&other, "file", stamp, sha256);
        assert_eq!(verified.0.lock().unwrap().keys().collect::<Vec<_>>(), [&other]);
    }
}
