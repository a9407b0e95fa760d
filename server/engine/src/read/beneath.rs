//! Opens a file by its place below a source folder, one step at a time and through no link: whoever may write in the folder may
//! put a link where a file or a folder was listed, and a link leads anywhere. (`openat2` with `RESOLVE_BENEATH` would do it in
//! one call, but some container runtimes do not let it through.)

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, statat};

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

    /// What stands there; a link is one, wherever it leads.
    pub(super) fn kind(&self) -> io::Result<FileType> {
        let stat = statat(self.folder.as_fd(), self.name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(FileType::from_raw_mode(stat.st_mode))
    }

    /// Opens it to read; a link is not opened. What has become a pipe since it was looked at does not keep whoever opens it
    /// waiting.
    pub(super) fn open(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
        Ok(openat(self.folder.as_fd(), self.name, flags, Mode::empty())?.into())
    }
}
