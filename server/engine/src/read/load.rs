//! Gets the bytes of one file: within the size cap, with their digest, and whole, that is not changed while read.

use std::borrow::Cow;
use std::fs::Metadata;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ragops_storage::{Sha256Digest, digest_bytes};
use rustix::fs::FileType;

use super::beneath::Place;
use super::fault::{Meaning, SourceFault, TOO_MANY_LINKS, meaning};
use super::limits::{MAX_BINARY_FILE_BYTES, MAX_FILE_BYTES};
use super::media;
use crate::document::{Finding, FindingCode, SourceName};
use crate::text::nfc;

/// How often a file that never rests is looked at for a moment at which nobody writes to it.
const MOMENTS: usize = 20;
const BETWEEN_MOMENTS: Duration = Duration::from_millis(5);

/// One file of a source as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The source it belongs to.
    pub source: SourceName,
    /// Its path relative to the source folder in NFC with `/`: the document's id.
    pub path: String,
    /// The source's folder: nothing out of it is read, whatever becomes of the file.
    pub root: Arc<Path>,
    /// Where it is read from: a path below `root` without links.
    pub absolute: PathBuf,
    /// Its size in bytes when it was listed.
    pub size: u64,
    /// Its modification time when it was listed, where the file system tells.
    pub modified: Option<SystemTime>,
    /// What becomes of it if it grows while it is read.
    pub growing: Growing,
}

/// What becomes of a file that grows while it is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Growing {
    /// It has changed: whoever reads it starts over.
    #[default]
    Changed,
    /// It is read as far as it reached when it was listed: a log never comes to rest.
    Cut,
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
    /// Whether the file has grown since it was listed, and what was added is left out.
    pub is_cut: bool,
}

impl FileContent {
    /// Content that does not come from a folder (a ConfigMap's value, a test).
    pub fn from_bytes(source: SourceName, path: impl Into<String>, bytes: Vec<u8>) -> Self {
        let path = path.into();
        let file = SourceFile {
            source,
            root: Path::new("").into(),
            absolute: PathBuf::from(&path),
            path,
            size: bytes.len() as u64,
            modified: None,
            growing: Growing::Changed,
        };
        let digest = digest_bytes(&bytes);
        Self { file, bytes, digest, is_cut: false }
    }
}

/// Why a file gave no bytes.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file stays as it is and cannot be used: it is left out and named.
    #[error("{0}")]
    Refused(Finding),
    /// The file is not there any more: it is as if it had been removed before it was listed.
    #[error("the file is gone")]
    Gone,
    /// The file cannot be read at this moment, or is not the one that was listed.
    #[error(transparent)]
    Fault(#[from] SourceFault),
}

impl SourceFile {
    /// Reads the file. One that changes while it is read, or is not found, is read once more; if it changes again or is no
    /// file any longer, it is `Changed`. One that is too large or that this user may not read is a finding.
    pub fn load(&self) -> Result<FileContent, LoadError> {
        let (bytes, is_cut) = match self.attempt() {
            Err(LoadError::Gone | LoadError::Fault(SourceFault::Changed { .. })) => self.attempt()?,
            other => other?,
        };
        let digest = digest_bytes(&bytes);
        Ok(FileContent { file: self.clone(), bytes, digest, is_cut })
    }

    /// Reads the file as it is at this moment, whoever writes it: for one that changes at each look. A moment at which
    /// nobody writes is waited for, not for long.
    pub fn load_at_once(&self) -> Result<FileContent, LoadError> {
        let whole = Self { growing: Growing::Changed, ..self.clone() };
        for moment in 0..MOMENTS {
            if moment > 0 {
                std::thread::sleep(BETWEEN_MOMENTS);
            }
            // Whoever writes a file anew leaves nothing in it for a moment.
            if let Ok((bytes, _)) = whole.attempt()
                && (self.size == 0 || !bytes.is_empty())
            {
                return Ok(self.content_at_once(bytes));
            }
        }
        let most = most_bytes(&self.path);
        let refuse = |error: io::Error| self.refuse(error);
        let place = Place::beneath(&self.root, &self.absolute).map_err(refuse)?;
        match place.kind().map_err(refuse)? {
            FileType::RegularFile => {}
            FileType::Symlink => {
                return Err(LoadError::Refused(not_followed(&self.path, "was a file and is a link by now")));
            }
            _ => return Err(LoadError::Refused(not_a_file(&self.path))),
        }
        let mut bytes = Vec::new();
        let file = place.open().map_err(refuse)?;
        file.take(most + 1).read_to_end(&mut bytes).map_err(refuse)?;
        if bytes.len() as u64 > most {
            return Err(LoadError::Refused(self.too_large(bytes.len() as u64, most)));
        }
        Ok(self.content_at_once(bytes))
    }

    /// Its path relative to the source folder as it is on the disk: another Unicode form of `path` where somebody named
    /// it so, and what opens it. One that is reached by a link has the name of the link.
    pub fn path_on_disk(&self) -> Cow<'_, str> {
        let steps: Vec<_> = self.absolute.iter().collect();
        let from = steps.len().saturating_sub(self.path.split('/').count());
        let named = steps[from..].iter().map(|step| step.to_str()).collect::<Option<Vec<_>>>();
        match named.map(|steps| steps.join("/")) {
            Some(named) if named != self.path && nfc(&named) == self.path => named.into(),
            _ => self.path.as_str().into(),
        }
    }

    fn content_at_once(&self, bytes: Vec<u8>) -> FileContent {
        let (file, digest) = (Self { size: bytes.len() as u64, ..self.clone() }, digest_bytes(&bytes));
        FileContent { file, bytes, digest, is_cut: false }
    }

    /// The bytes, and whether those that came later are left out.
    fn attempt(&self) -> Result<(Vec<u8>, bool), LoadError> {
        let place = Place::beneath(&self.root, &self.absolute).map_err(|error| self.refuse(error))?;
        // Opening a device may do something to it, so the type is checked by name first.
        if place.kind().map_err(|error| self.refuse(error))? != FileType::RegularFile {
            return Err(self.changed().into());
        }
        let mut file = place.open().map_err(|error| self.refuse(error))?;
        let before = file.metadata().map_err(|error| self.refuse(error))?;
        if !before.is_file() {
            return Err(self.changed().into());
        }
        let most = most_bytes(&self.path);
        let is_cut = self.growing == Growing::Cut && before.len() >= self.size && self.size > 0;
        if before.len() > most && !(is_cut && self.size <= most) {
            return Err(LoadError::Refused(self.too_large(before.len(), most)));
        }
        let most = if is_cut { self.size } else { most + 1 };
        let mut bytes = Vec::with_capacity(before.len().min(most) as usize);
        let read = Read::by_ref(&mut file).take(most).read_to_end(&mut bytes);
        read.map_err(|error| self.refuse(error))?;
        let after = file.metadata().map_err(|error| self.refuse(error))?;
        match is_cut {
            true if bytes.len() as u64 == self.size => Ok((bytes, after.len() > self.size)),
            false if is_same(&before, &after, bytes.len() as u64) => Ok((bytes, false)),
            _ => Err(self.changed().into()),
        }
    }

    /// The fault of a file that is not what it was.
    pub fn changed(&self) -> SourceFault {
        SourceFault::Changed { name: self.source.clone(), path: self.path.clone() }
    }

    fn too_large(&self, size: u64, most: u64) -> Finding {
        Finding::new(
            FindingCode::FileTooLarge,
            &self.path,
            format!("{size} bytes, at most {most} are read"),
            "split it or exclude it from the source",
        )
    }

    fn refuse(&self, error: io::Error) -> LoadError {
        match meaning(&error) {
            // A link was put in its place.
            Meaning::Refused if error.raw_os_error() == Some(TOO_MANY_LINKS) => self.changed().into(),
            Meaning::Refused => LoadError::Refused(unreadable(FindingCode::UnreadableFile, &self.path, &error)),
            Meaning::Gone if error.kind() == io::ErrorKind::IsADirectory => self.changed().into(),
            Meaning::Gone => LoadError::Gone,
            // Another machine removed it, or put another one in its place.
            Meaning::Transient if error.kind() == io::ErrorKind::StaleNetworkFileHandle => self.changed().into(),
            Meaning::Transient => SourceFault::of(&self.source, &self.path, error).into(),
        }
    }
}

/// How large a file of this name may be: much of a binary format is pictures.
fn most_bytes(path: &str) -> u64 {
    if media::is_text_name(path) { MAX_FILE_BYTES } else { MAX_BINARY_FILE_BYTES }
}

/// The finding for a file or folder that this user may not read.
pub(super) fn unreadable(code: FindingCode, path: &str, error: &io::Error) -> Finding {
    let advice = "give the user of this process read access, or exclude it from the source";
    Finding::new(code, path, format!("cannot be read: {error}"), advice)
}

/// The finding for a link, and why it is not followed.
pub(super) fn not_followed(path: &str, detail: &str) -> Finding {
    let advice = "put the file itself into the folder, or exclude the link";
    Finding::new(FindingCode::LinkNotFollowed, path, detail, advice)
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
            root: dir.path().into(),
            path: name.to_owned(),
            absolute: dir.path().join(name),
            size: 0,
            modified: None,
            growing: Growing::Changed,
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
    fn a_file_keeps_the_name_that_opens_it() {
        let check = |absolute: &str, path: &str, expect: &str| {
            let dir = tempfile::tempdir().unwrap();
            let file = SourceFile { absolute: PathBuf::from(absolute), ..file(&dir, path) };
            assert_eq!(file.path_on_disk(), expect);
        };
        let (composed, decomposed) = ("한/a.md", "\u{1112}\u{1161}\u{11ab}/a.md");
        check(&format!("/docs/{decomposed}"), composed, decomposed);
        check(&format!("/docs/{composed}"), composed, composed);
        check("/docs/..data/b.md", composed, composed);
    }

    #[test]
    fn a_file_that_has_grown_is_cut_where_it_was_listed_or_has_changed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("log.txt"), "first\nsecond").unwrap();
        let listed = |size, growing| SourceFile { size, growing, ..file(&dir, "log.txt") };
        let cut = listed(6, Growing::Cut).load().unwrap();
        assert_eq!((cut.bytes.as_slice(), cut.is_cut), (&b"first\n"[..], true));
        let whole = listed(12, Growing::Cut).load().unwrap();
        assert_eq!((whole.bytes.len(), whole.is_cut), (12, false));
        assert_eq!(listed(6, Growing::Changed).load().unwrap().bytes.len(), 12);
    }

    #[test]
    fn a_file_over_the_cap_is_a_finding_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        for (name, most) in
            [("large.md", MAX_FILE_BYTES), ("large", MAX_FILE_BYTES), ("large.pdf", MAX_BINARY_FILE_BYTES)]
        {
            std::fs::File::create(dir.path().join(name)).unwrap().set_len(most + 1).unwrap();
            let Err(LoadError::Refused(finding)) = file(&dir, name).load() else { panic!("it is no finding") };
            assert_eq!((finding.code, finding.path.as_str()), (FindingCode::FileTooLarge, name));
        }
    }

    #[test]
    fn what_is_gone_is_told_from_what_is_no_file_any_longer() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        std::fs::write(dir.path().join("file"), "x").unwrap();
        for name in ["gone", "file/below"] {
            let (patient, at_once) = (file(&dir, name).load(), file(&dir, name).load_at_once());
            assert!(matches!(patient, Err(LoadError::Gone)), "{name}: {patient:?}");
            assert!(matches!(at_once, Err(LoadError::Gone)), "{name}: {at_once:?}");
        }
        match file(&dir, "folder").load() {
            Err(LoadError::Fault(SourceFault::Changed { path, .. })) => assert_eq!(path, "folder"),
            other => panic!("{other:?}"),
        }
    }

    /// As somebody does who may write in the folder, to have what he may not read read for him.
    #[test]
    fn what_has_become_a_link_since_it_was_listed_is_not_followed_out_of_the_folder() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = outside.path().join("secret.md");
        std::fs::write(&secret, "secret").unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        std::fs::write(dir.path().join("folder/secret.md"), "public").unwrap();
        std::os::unix::fs::symlink(&secret, dir.path().join("a.md")).unwrap();
        let link = file(&dir, "a.md");
        assert!(matches!(link.load(), Err(LoadError::Fault(SourceFault::Changed { path, .. })) if path == "a.md"));
        match link.load_at_once() {
            Err(LoadError::Refused(finding)) => assert_eq!(finding.code, FindingCode::LinkNotFollowed),
            other => panic!("{other:?}"),
        }
        let inner = file(&dir, "folder/secret.md");
        assert_eq!(inner.load().unwrap().bytes, b"public");
        std::fs::rename(dir.path().join("folder"), dir.path().join("was")).unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("folder")).unwrap();
        for loaded in [inner.load(), inner.load_at_once()] {
            assert!(matches!(loaded, Err(LoadError::Gone)), "{loaded:?}");
        }
        // The link to the folder itself is the user's.
        let linked = outside.path().join("docs");
        std::os::unix::fs::symlink(dir.path().join("was"), &linked).unwrap();
        let named = SourceFile { absolute: linked.join("secret.md"), root: linked.into(), ..inner };
        assert_eq!(named.load().unwrap().bytes, b"public");
    }

    /// Linux refuses to read the first page of a process, which is never mapped, with EIO: a real disk error's code.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_read_that_fails_is_a_fault_and_no_finding() {
        let process = Path::new("/proc").join(std::process::id().to_string());
        let file = SourceFile {
            root: process.as_path().into(),
            absolute: process.join("mem"),
            ..file(&tempfile::tempdir().unwrap(), "mem")
        };
        match file.load() {
            Err(LoadError::Fault(SourceFault::Failed { path, source, .. })) => {
                assert_eq!((path.as_str(), source.raw_os_error()), ("mem", Some(5)));
            }
            other => panic!("{other:?}"),
        }
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
