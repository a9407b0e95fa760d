//! Gets the bytes of one file: within the size cap, with their digest, and whole, that is not changed while read.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::SystemTime;

use ragops_storage::{Sha256Digest, digest_bytes};

use super::limits::MAX_FILE_BYTES;
use crate::document::{Finding, FindingCode, SourceName};

/// One file of a source as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The source it belongs to.
    pub source: SourceName,
    /// Its path relative to the source folder in NFC with `/`: the document's id.
    pub path: String,
    /// Where it is read from.
    pub absolute: PathBuf,
    /// Its size in bytes when it was listed.
    pub size: u64,
    /// Its modification time when it was listed, where the file system tells.
    pub modified: Option<SystemTime>,
}

/// The bytes of one file.
#[derive(Debug, Clone)]
pub struct FileContent {
    /// The file.
    pub file: SourceFile,
    /// Everything in it.
    pub bytes: Vec<u8>,
    /// The digest of `bytes`.
    pub digest: Sha256Digest,
}

impl FileContent {
    /// Content that does not come from a folder (a ConfigMap's value, a test).
    pub fn from_bytes(source: SourceName, path: impl Into<String>, bytes: Vec<u8>) -> Self {
        let path = path.into();
        let file =
            SourceFile { source, absolute: PathBuf::from(&path), path, size: bytes.len() as u64, modified: None };
        let digest = digest_bytes(&bytes);
        Self { file, bytes, digest }
    }
}

/// Why one attempt gave nothing.
enum Attempt {
    Changed,
    Refused(Finding),
}

impl SourceFile {
    /// Reads the file. A file that changes while it is read is read once more; if it changes again, is gone, too large
    /// or unreadable, the finding says so.
    pub fn load(&self) -> Result<FileContent, Finding> {
        for _ in 0..2 {
            match self.attempt() {
                Ok(bytes) => {
                    let digest = digest_bytes(&bytes);
                    return Ok(FileContent { file: self.clone(), bytes, digest });
                }
                Err(Attempt::Refused(finding)) => return Err(finding),
                Err(Attempt::Changed) => {}
            }
        }
        Err(Finding::new(
            FindingCode::FileChanged,
            &self.path,
            "changed while it was read, twice in a row",
            "build again once it is written; write to a temporary name and rename",
        ))
    }

    fn attempt(&self) -> Result<Vec<u8>, Attempt> {
        // Opening a pipe would wait for a writer for ever, so the type is checked by name first.
        let listed = std::fs::metadata(&self.absolute).map_err(|error| self.refuse(&error))?;
        if !listed.is_file() {
            return Err(Attempt::Refused(not_a_file(&self.path)));
        }
        let mut file = File::open(&self.absolute).map_err(|error| self.refuse(&error))?;
        let before = file.metadata().map_err(|error| self.refuse(&error))?;
        if before.len() > MAX_FILE_BYTES {
            return Err(Attempt::Refused(self.too_large(before.len())));
        }
        let mut bytes = Vec::with_capacity(before.len() as usize);
        let read = Read::by_ref(&mut file).take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.refuse(&error))?;
        let after = file.metadata().map_err(|error| self.refuse(&error))?;
        if is_same(&before, &after, bytes.len() as u64) { Ok(bytes) } else { Err(Attempt::Changed) }
    }

    fn too_large(&self, size: u64) -> Finding {
        Finding::new(
            FindingCode::FileTooLarge,
            &self.path,
            format!("{size} bytes, at most {MAX_FILE_BYTES} are read"),
            "split it or exclude it from the source",
        )
    }

    fn refuse(&self, error: &io::Error) -> Attempt {
        Attempt::Refused(match error.kind() {
            io::ErrorKind::NotFound => Finding::new(
                FindingCode::FileVanished,
                &self.path,
                "was listed and is gone now",
                "build again once the folder is complete",
            ),
            _ => Finding::new(
                FindingCode::UnreadableFile,
                &self.path,
                format!("cannot be read: {error}"),
                "give the user of this process read access, or exclude it from the source",
            ),
        })
    }
}

/// The finding for a pipe, socket or device.
pub(super) fn not_a_file(path: &str) -> Finding {
    Finding::new(
        FindingCode::NotAFile,
        path,
        "is a pipe, socket or device",
        "remove it from the folder or exclude it from the source",
    )
}

fn is_same(before: &Metadata, after: &Metadata, read: u64) -> bool {
    before.len() == read && after.len() == read && before.modified().ok() == after.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(dir: &tempfile::TempDir, name: &str) -> SourceFile {
        SourceFile {
            source: SourceName::new("docs"),
            path: name.to_owned(),
            absolute: dir.path().join(name),
            size: 0,
            modified: None,
        }
    }

    #[test]
    fn bytes_come_with_their_digest() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.md"), "내용").unwrap();
        let content = file(&dir, "a.md").load().unwrap();
        assert_eq!(content.bytes, "내용".as_bytes());
        assert_eq!(content.digest, digest_bytes("내용".as_bytes()));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        let large = File::create(dir.path().join("large")).unwrap();
        large.set_len(MAX_FILE_BYTES + 1).unwrap();
        let check = |name: &str, code| {
            let finding = file(&dir, name).load().unwrap_err();
            assert_eq!((finding.code, finding.path.as_str()), (code, name));
        };
        check("gone", FindingCode::FileVanished);
        check("folder", FindingCode::NotAFile);
        check("large", FindingCode::FileTooLarge);
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_not_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "1234").unwrap();
        let before = std::fs::metadata(&path).unwrap();
        assert!(is_same(&before, &before, 4));
        assert!(!is_same(&before, &before, 3));
        std::fs::write(&path, "12345").unwrap();
        assert!(!is_same(&before, &std::fs::metadata(&path).unwrap(), 4));
    }
}
