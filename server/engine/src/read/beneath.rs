//! Opens files and lists folders by their place below a source folder, one step at a time and through no link: whoever may write in the folder may
//! put a link where a file or a folder was listed, and a link leads anywhere. (`openat2` with `RESOLVE_BENEATH` would do it in
//! one call, but some container runtimes do not let it through.)

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};

/// A name in a folder.
pub(super) struct Entry {
    pub(super) raw: OsString,
    pub(super) kind: io::Result<FileType>,
}

/// The names in a source's folder itself.
pub(super) fn entries_of_root(root: &Path) -> io::Result<Vec<Entry>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    entries(rustix::fs::open(root, flags, Mode::empty())?)
}

fn entries(folder: OwnedFd) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let raw = OsStr::from_bytes(entry.file_name().to_bytes());
        if raw == "." || raw == ".." {
            continue;
        }
        // Some file systems do not say in the list what a name stands for.
        let kind = match entry.file_type() {
            FileType::Unknown => kind_of(folder.as_fd(), raw),
            told => Ok(told),
        };
        found.push(Entry { raw: raw.to_owned(), kind });
    }
    Ok(found)
}

fn kind_of(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode))
}

/// How a folder is opened that is not listed: who may not list it may still pass through.
#[cfg(target_os = "linux")]
const PASSED_THROUGH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const PASSED_THROUGH: OFlags = OFlags::empty();

/// A name in an open folder.
pub(super) struct Place<'a> {
    folder: OwnedFd,
    name: &'a OsStr,
}

impl<'a> Place<'a> {
    /// The place of `path`, which is below `root`. Neither holds links or `..` as listed; what has become a link or a file
    /// since is `NotADirectory`. `root` itself may be one: it is what the user named.
    pub(super) fn beneath(root: &Path, path: &'a Path) -> io::Result<Self> {
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "it is not in the source folder");
        let mut steps = path.strip_prefix(root).map_err(|_| outside())?.iter();
        let name = steps.next_back().ok_or_else(outside)?;
        let folder = PASSED_THROUGH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut at = rustix::fs::open(root, folder, Mode::empty())?;
        for step in steps {
            at = openat(&at, step, folder | OFlags::NOFOLLOW, Mode::empty())?;
        }
        Ok(Self { folder: at, name })
    }

    /// The names in the folder that stands there, and what each of them is; a link to a folder is none.
    pub(super) fn entries(&self) -> io::Result<Vec<Entry>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        entries(openat(self.folder.as_fd(), self.name, flags, Mode::empty())?)
    }

    /// What stands there; a link is one, wherever it leads.
    pub(super) fn kind(&self) -> io::Result<FileType> {
        kind_of(self.folder.as_fd(), self.name)
    }

    /// Opens it to read; a link is not opened. What has become a pipe since it was looked at does not keep whoever opens it
    /// waiting.
    pub(super) fn open(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
        Ok(openat(self.folder.as_fd(), self.name, flags, Mode::empty())?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a folder that was swapped for a link since its parent was listed.
    #[test]
    fn folders_are_listed_through_no_link_but_the_sources_own() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir_all(dir.path().join("folder/inner")).unwrap();
        std::fs::create_dir(outside.path().join("inner")).unwrap();
        std::fs::write(outside.path().join("inner/salary.md"), "").unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("link")).unwrap();
        let names =
            |entries: io::Result<Vec<Entry>>| entries.map(|all| all.into_iter().map(|entry| entry.raw).collect());
        let below = |root: &Path, path: &str| -> io::Result<Vec<OsString>> {
            names(Place::beneath(root, &root.join(path)).and_then(|place| place.entries()))
        };
        assert_eq!(below(dir.path(), "folder").unwrap(), ["inner"]);
        for path in ["link", "link/inner"] {
            let refused = below(dir.path(), path);
            assert!(refused.is_err(), "{path}: {refused:?}");
        }
        assert_eq!(below(&dir.path().join("link"), "inner").unwrap(), ["salary.md"]);
        assert_eq!(names(entries_of_root(&dir.path().join("link"))).unwrap(), ["inner"]);
    }
}
