//! The few operations that make a change of the disk atomic and lasting.
//!
//! The order that everything here keeps: data of a file, then the file's name, then the folder's name. A reader
//! therefore sees either nothing under a final name or all of it, also after a power cut (POSIX promises nothing
//! about a rename whose folder was not synced, nor about the data of a renamed file that was not).

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What was being done to a path when the operating system refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Making a folder.
    CreateDir,
    /// Making a file.
    Create,
    /// Opening a file that should exist.
    Open,
    /// Listing a folder.
    List,
    /// Reading bytes.
    Read,
    /// Writing bytes.
    Write,
    /// Mapping a file into memory.
    Map,
    /// Flushing a file or folder to the disk.
    Sync,
    /// Giving a file or folder its final name.
    Rename,
    /// Removing a file or folder.
    Remove,
    /// Taking the lock of a folder.
    Lock,
}

impl Step {
    fn verb(self) -> &'static str {
        match self {
            Self::CreateDir => "create the folder",
            Self::Create => "create",
            Self::Open => "open",
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::Map => "map",
            Self::Sync => "sync to disk",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::Lock => "lock",
        }
    }
}

/// An operation on a path failed; the message names both and the system's reason.
#[derive(Debug, thiserror::Error)]
#[error("cannot {} {}: {}{}", .step.verb(), .path.display(), .source, advice(.source))]
pub struct StorageError {
    /// What was being done.
    pub step: Step,
    /// To which path.
    pub path: PathBuf,
    /// The system's reason.
    #[source]
    pub source: io::Error,
}

impl StorageError {
    /// A closure for `map_err`: `File::open(path).map_err(StorageError::at(Step::Open, path))`.
    pub fn at(step: Step, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { step, path: path.to_owned(), source }
    }

    /// The kind of the system's reason.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// Whether a file stands where a folder was to be made.
    pub fn is_file_in_the_way(&self) -> bool {
        let is_taken = matches!(self.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory);
        self.step == Step::CreateDir && is_taken
    }

    /// Whether this user may not do it, or nobody may: somebody must change the rights, the mount or the path.
    pub fn is_refused(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
    }

    /// Whether trying again later can help without anybody changing the request (no space, busy, no file handles, a
    /// disk or a network mount that failed just now).
    pub fn is_retryable(&self) -> bool {
        is_transient(&self.source)
    }
}

/// Whether what the system refused may be granted a moment later.
pub fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    // The standard library has no kinds for these three, which are the same numbers on every Linux.
    const EIO: i32 = 5;
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    let kind = matches!(
        error.kind(),
        K::StorageFull
            | K::QuotaExceeded
            | K::ResourceBusy
            | K::Interrupted
            | K::TimedOut
            | K::WouldBlock
            | K::OutOfMemory
            | K::StaleNetworkFileHandle
    );
    kind || matches!(error.raw_os_error(), Some(EIO | ENFILE | EMFILE))
}

/// What to do about the commonest reasons, appended to the message.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space or point the data directory at a larger disk"
        }
        io::ErrorKind::PermissionDenied => "; give this user access to it",
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "; a file stands where a folder is wanted: name another folder, or move the file away"
        }
        io::ErrorKind::ReadOnlyFilesystem => "; the data directory must be writable here",
        _ => "",
    }
}

/// Flushes a folder's entries (names, not the files' bytes) to the disk.
pub fn sync_dir(dir: &Path) -> Result<(), StorageError> {
    File::open(dir).and_then(|f| f.sync_all()).map_err(StorageError::at(Step::Sync, dir))
}

/// Flushes a file's bytes and metadata to the disk.
pub fn sync_file(path: &Path) -> Result<(), StorageError> {
    File::open(path).and_then(|f| f.sync_all()).map_err(StorageError::at(Step::Sync, path))
}

/// Creates `dir` and its missing parents, each of them synced into its parent.
pub fn create_dir(dir: &Path) -> Result<(), StorageError> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = parent_of(dir);
    create_dir(parent)?;
    match fs::create_dir(dir) {
        Ok(()) => sync_dir(parent),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(e) => Err(StorageError::at(Step::CreateDir, dir)(e)),
    }
}

/// Syncs the entries of the `levels` folders above `dir`, so that `dir` itself lasts whoever made it. A folder that this
/// user may not read was made by somebody else, and is passed over.
pub fn sync_parents(dir: &Path, levels: usize) -> Result<(), StorageError> {
    let mut child = dir;
    for _ in 0..levels {
        child = parent_of(child);
        match sync_dir(child) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            other => other?,
        }
    }
    Ok(())
}

/// Replaces `path` by `bytes` so that a reader, and a crash at any point, leaves the old or the new bytes whole.
/// Writes `.<name>.tmp` beside it, syncs it, renames it and syncs the folder. A failure leaves no `.<name>.tmp` where the
/// file system lets it be removed.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = path.with_file_name(format!(".{name}.tmp"));
    let publish = || {
        let mut file = File::create(&staged).map_err(StorageError::at(Step::Create, &staged))?;
        file.write_all(bytes).map_err(StorageError::at(Step::Write, &staged))?;
        file.sync_all().map_err(StorageError::at(Step::Sync, &staged))?;
        drop(file);
        rename(&staged, path)
    };
    // The first error is the one to tell.
    publish().inspect_err(|_| drop(fs::remove_file(&staged)))
}

/// Writes and removes a small file in `dir`: fails with `StorageFull` where the disk is full or nearly so.
pub fn check_space(dir: &Path) -> Result<(), StorageError> {
    const PROBE_BYTES: usize = 64 << 10;
    let path = dir.join(".space.tmp");
    let mut file = File::create(&path).map_err(StorageError::at(Step::Create, &path))?;
    let written = file.write_all(&[0; PROBE_BYTES]).and_then(|()| file.sync_all());
    remove(&path)?;
    written.map_err(StorageError::at(Step::Write, dir))
}

/// Renames within one folder or file system and syncs the target's folder.
pub fn rename(from: &Path, to: &Path) -> Result<(), StorageError> {
    fs::rename(from, to).map_err(StorageError::at(Step::Rename, to))?;
    sync_dir(parent_of(to))?;
    if parent_of(from) != parent_of(to) {
        sync_dir(parent_of(from))?;
    }
    Ok(())
}

/// Gives a file the rights of its folder, without the one to enter: temporary files are their owner's alone, and keep that when they
/// are renamed. A file system that has no such rights keeps its own.
pub fn share_as_folder(path: &Path) -> Result<(), StorageError> {
    let failed = StorageError::at(Step::Read, path);
    let mode = |path: &Path| fs::metadata(path).map(|told| told.permissions().mode() & 0o777);
    let modes = path.parent().map_or(mode(path), &mode).and_then(|folder| Ok((folder & 0o666, mode(path)?)));
    let (wanted, has) = modes.map_err(failed)?;
    if wanted != has {
        // Without it, whoever built it can read it all the same.
        let _ = fs::set_permissions(path, Permissions::from_mode(wanted));
    }
    Ok(())
}

/// Syncs every file of `dir`, then every folder, deepest first. Call it before the rename that publishes `dir`.
pub fn sync_tree(dir: &Path) -> Result<(), StorageError> {
    for entry in list(dir)? {
        if entry.is_dir() {
            sync_tree(&entry)?;
        } else {
            sync_file(&entry)?;
        }
    }
    sync_dir(dir)
}

/// The entries of a folder, sorted by name, so that what is done to them is the same on every run.
pub fn list(dir: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let read = || fs::read_dir(dir)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>();
    let mut entries = read().map_err(StorageError::at(Step::List, dir))?;
    entries.sort();
    Ok(entries)
}

/// Whether `path` is a folder. One that cannot be looked at (no access, links in a circle) is an error and not an absence.
pub fn is_dir(path: &Path) -> Result<bool, StorageError> {
    use io::ErrorKind as K;
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if matches!(error.kind(), K::NotFound | K::NotADirectory) => Ok(false),
        Err(error) => Err(StorageError::at(Step::Open, path)(error)),
    }
}

/// Removes a file or a whole folder; one that is not there is fine.
pub fn remove(path: &Path) -> Result<(), StorageError> {
    let result = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match result {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StorageError::at(Step::Remove, path)(e)),
        _ => Ok(()),
    }
}

const LOCK_FILE: &str = ".lock";

/// An exclusive lock on a folder, held by an open file, its `.lock` or the folder itself; the kernel releases it when the process dies.
#[derive(Debug)]
pub struct DirLock {
    file: File,
}

impl DirLock {
    /// Takes the lock, or fails with `WouldBlock` when another process has it.
    pub fn try_acquire(dir: &Path) -> Result<Self, StorageError> {
        let path = dir.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = options.open(&path).map_err(StorageError::at(Step::Lock, &path))?;
        // Who asks `is_held` has the lock for a moment: that is no process at work.
        lock_within(&file, ASKING).map_err(|e| StorageError::at(Step::Lock, &path)(e.into()))?;
        Ok(Self { file })
    }

    /// Waits a few seconds for another lock, of the folder itself and not of its `.lock` file: for writes that are over in
    /// a moment. Some network file systems have no such lock, and a stranger may hold it for long (`WouldBlock`).
    pub fn wait(dir: &Path) -> Result<Self, StorageError> {
        let file = File::open(dir).map_err(StorageError::at(Step::Lock, dir))?;
        lock_within(&file, WRITING).map_err(|e| StorageError::at(Step::Lock, dir)(e.into()))?;
        Ok(Self { file })
    }

    /// Whether another process has the lock just now. Makes no file, and is no promise.
    pub fn is_held(dir: &Path) -> bool {
        let Ok(file) = File::open(dir.join(LOCK_FILE)) else { return false };
        // Shared, so that two who ask do not mistake each other for the holder.
        let held = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        // As in `drop` below; without a lock it does nothing.
        drop(file.unlock());
        held
    }
}

/// How long one who only asks whether the lock is held may have it.
const ASKING: Duration = Duration::from_millis(100);
/// How long one who writes a small file may.
const WRITING: Duration = Duration::from_secs(3);

/// Tries for so long; flock(2) has no time limit of its own.
fn lock_within(file: &File, limit: Duration) -> Result<(), TryLockError> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if start.elapsed() < limit => std::thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
}

impl Drop for DirLock {
    /// Unlocks by name, not only by closing: a child forked meanwhile holds a copy of the file until its `exec`, and
    /// closing alone would leave the folder locked until then (flock(2)).
    fn drop(&mut self) {
        // Nothing can be done about a failure here; the kernel releases the lock with the last copy.
        drop(self.file.unlock());
    }
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_keeps_the_new_bytes_and_no_leftover() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("active.json");
        replace_file(&path, b"one").unwrap();
        replace_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(list(dir.path()).unwrap(), [path]);
    }

    #[test]
    fn a_failed_replacement_keeps_the_old_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("active.json");
        create_dir(&path.join("in the way")).unwrap();
        assert_eq!(replace_file(&path, b"one").unwrap_err().step, Step::Rename);
        assert_eq!(list(dir.path()).unwrap(), [path]);
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_told_and_does_not_go_away_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = create_dir(&file.join("below")).unwrap_err();
        assert!(error.is_file_in_the_way() && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains("a file stands where a folder is wanted"), "{error}");
    }

    #[test]
    fn errors_name_the_step_the_path_and_the_reason() {
        let error = sync_dir(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!((error.step, error.kind()), (Step::Sync, io::ErrorKind::NotFound));
        assert_eq!(error.to_string(), "cannot sync to disk /nowhere/at/all: No such file or directory (os error 2)");
        assert!(!error.is_retryable());
    }

    #[test]
    fn a_folder_that_cannot_be_looked_at_is_not_an_absent_one() {
        let dir = tempfile::tempdir().unwrap();
        let (file, circle) = (dir.path().join("file"), dir.path().join("circle"));
        fs::write(&file, "x").unwrap();
        std::os::unix::fs::symlink(&circle, &circle).unwrap();
        assert!(is_dir(dir.path()).unwrap());
        for absent in [&file, &file.join("below"), &dir.path().join("gone")] {
            assert!(!is_dir(absent).unwrap(), "{}", absent.display());
        }
        assert_eq!(is_dir(&circle).unwrap_err().path, circle);
    }

    #[test]
    fn what_passes_by_itself_is_retryable() {
        let check = |number: i32, expect: bool| {
            let error = StorageError::at(Step::Open, Path::new("/x"))(io::Error::from_raw_os_error(number));
            assert_eq!(error.is_retryable(), expect, "{error}");
        };
        // EIO, ENOMEM, EBUSY, ENFILE, EMFILE, ENOSPC, ESTALE; then ENOENT, EACCES, ENOTDIR, EISDIR, EROFS.
        [5, 12, 16, 23, 24, 28, 116].into_iter().for_each(|number| check(number, true));
        [2, 13, 20, 21, 30].into_iter().for_each(|number| check(number, false));
    }

    #[test]
    fn a_full_disk_is_retryable_and_says_what_to_do() {
        let error = StorageError::at(Step::Write, Path::new("x"))(io::ErrorKind::StorageFull.into());
        assert!(error.is_retryable() && error.to_string().contains("free some space"), "{error}");
    }

    #[test]
    fn a_second_lock_is_refused_until_the_first_goes() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!DirLock::is_held(dir.path()), "nobody ever took it");
        let first = DirLock::try_acquire(dir.path()).unwrap();
        assert!(DirLock::is_held(dir.path()));
        assert_eq!(DirLock::try_acquire(dir.path()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(first);
        assert!(!DirLock::is_held(dir.path()));
        DirLock::try_acquire(dir.path()).unwrap();
    }

    #[test]
    fn removing_takes_folders_and_forgives_absence() {
        let dir = tempfile::tempdir().unwrap();
        create_dir(&dir.path().join("a/b")).unwrap();
        remove(&dir.path().join("a")).unwrap();
        remove(&dir.path().join("a")).unwrap();
        assert!(list(dir.path()).unwrap().is_empty());
    }
}
