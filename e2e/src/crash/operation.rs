//! One change of the disk, as a program asked for it: what the recorder produces and the disk model applies.

use std::fmt;
use std::path::PathBuf;

/// A change, with paths relative to the recorded root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A folder was made.
    CreateDir(PathBuf),
    /// A file was opened for writing; made when absent, emptied when `truncate`.
    Open {
        /// The file.
        path: PathBuf,
        /// Whether its old content went.
        truncate: bool,
    },
    /// Bytes were written.
    Write {
        /// The file.
        path: PathBuf,
        /// Where.
        at: Position,
        /// What.
        data: Vec<u8>,
    },
    /// A file got another length.
    SetLength {
        /// The file.
        path: PathBuf,
        /// Bytes.
        length: u64,
    },
    /// A file's bytes, or a folder's entries, were flushed (`fsync`, `fdatasync`).
    Sync(PathBuf),
    /// A file or folder got another name; what had that name is replaced.
    Rename {
        /// The old name.
        from: PathBuf,
        /// The new name.
        to: PathBuf,
    },
    /// A file got a second name.
    Link {
        /// The existing name.
        from: PathBuf,
        /// The new name.
        to: PathBuf,
    },
    /// A file's name was removed.
    Unlink(PathBuf),
    /// An empty folder was removed.
    RemoveDir(PathBuf),
}

/// Where bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// At this offset.
    At(u64),
    /// After the last byte (`O_APPEND`).
    End,
}

/// An action and when it took place, in lines of the trace: two of different threads may overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The change.
    pub action: Action,
    /// The line on which it began.
    pub began: usize,
    /// The line on which it was done.
    pub ended: usize,
}

impl Action {
    /// The paths that it names.
    pub fn paths(&self) -> Vec<&PathBuf> {
        match self {
            Self::CreateDir(path) | Self::Sync(path) | Self::Unlink(path) | Self::RemoveDir(path) => vec![path],
            Self::Open { path, .. } | Self::Write { path, .. } | Self::SetLength { path, .. } => vec![path],
            Self::Rename { from, to } | Self::Link { from, to } => vec![from, to],
        }
    }

    /// The step of a build that a report names it by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateDir(_) => "create folder",
            Self::Open { .. } => "open",
            Self::Write { .. } => "write",
            Self::SetLength { .. } => "set length",
            Self::Sync(_) => "sync",
            Self::Rename { .. } => "rename",
            Self::Link { .. } => "link",
            Self::Unlink(_) => "unlink",
            Self::RemoveDir(_) => "remove folder",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Open { path, truncate: true } => write!(f, "{kind} and empty {}", path.display()),
            Self::Write { path, at, data } => write!(f, "{kind} {} bytes to {} {at:?}", data.len(), path.display()),
            Self::SetLength { path, length } => write!(f, "{kind} of {} to {length}", path.display()),
            Self::Rename { from, to } | Self::Link { from, to } => {
                write!(f, "{kind} {} to {}", from.display(), to.display())
            }
            Self::CreateDir(path) | Self::Sync(path) | Self::Unlink(path) | Self::RemoveDir(path) => {
                write!(f, "{kind} {}", path.display())
            }
            Self::Open { path, .. } => write!(f, "{kind} {}", path.display()),
        }
    }
}
