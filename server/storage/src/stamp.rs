//! What a file looked like, from its metadata alone: a file that was written, replaced or restored since looks otherwise.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::durable::{Step, StorageError};

/// File systems keep times in steps: Linux before 6.13 in those of its clock, up to 10 ms, others in seconds (git's
/// "racy" files: Documentation/technical/racy-git.adoc).
const COARSEST_STEP: Duration = Duration::from_secs(2);

/// Device, inode, size and times of a file or folder. The time of the last status change catches what keeps size and modification
/// time: restored backups, `touch -r`, permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds since 1970.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Of what stands at `path` now; a link is followed.
    pub fn of(path: &Path) -> Result<Self, StorageError> {
        let metadata = fs::metadata(path).map_err(StorageError::at(Step::Open, path))?;
        Ok(Self::from(&metadata))
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether the file has been as it is for so long that a change from now on surely looks otherwise. Where the clock was
    /// set back it has not.
    #[expect(clippy::disallowed_methods, reason = "the age of a file is told by the clock that its times are from")]
    pub fn is_settled(&self) -> bool {
        self.is_settled_at(SystemTime::now())
    }

    fn is_settled_at(&self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed.max(self.modified);
        let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(seconds), u32::try_from(nanoseconds)) else { return false };
        let changed = UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds));
        changed.and_then(|changed| now.duration_since(changed).ok()).is_some_and(|age| age > COARSEST_STEP)
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, FileTimes};

    #[test]
    fn whatever_is_done_to_a_file_it_looks_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "one").unwrap();
        let mut seen = vec![Stamp::of(&file).unwrap()];
        let mut check = |what: &str| {
            let now = Stamp::of(&file).unwrap();
            assert!(!seen.contains(&now), "{what} was not seen");
            assert_eq!(now, Stamp::of(&file).unwrap(), "{what}: looking changes nothing");
            seen.push(now);
            // A coarse clock keeps two changes within a step apart no more than a person does.
            std::thread::sleep(Duration::from_millis(20));
        };
        std::thread::sleep(Duration::from_millis(20));
        let before = fs::metadata(&file).unwrap().modified().unwrap();
        fs::write(&file, "two").unwrap();
        check("another content of the same size");
        fs::write(&file, "three").unwrap();
        check("another size");
        File::options().write(true).open(&file).unwrap().set_times(FileTimes::new().set_modified(before)).unwrap();
        check("a modification time that was set back");
        let other = dir.path().join("other");
        fs::write(&other, "three").unwrap();
        fs::rename(&other, &file).unwrap();
        check("another file of the same name");
        fs::remove_file(&file).unwrap();
        assert!(Stamp::of(&file).is_err());
    }

    #[test]
    fn a_file_is_settled_when_it_has_been_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "one").unwrap();
        let stamp = Stamp::of(&file).unwrap();
        assert!(!stamp.is_settled(), "just written");
        let changed = fs::metadata(&file).unwrap().modified().unwrap();
        let after = |seconds: u64| stamp.is_settled_at(changed + Duration::from_secs(seconds));
        assert_eq!((after(0), after(2), after(3)), (false, false, true));
        assert!(!stamp.is_settled_at(changed - Duration::from_secs(60)), "the clock was set back");
    }
}
