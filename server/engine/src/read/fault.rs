//! What a refusal of the file system means for a build. A file that this user may not read is missing from the index
//! and named; one that cannot be read just now must not be, or every hiccup of a disk would make an index smaller.

use std::io;

use crate::document::SourceName;

/// A source cannot be read as it stands at this moment. The build ends, and the revision that serves keeps serving.
#[derive(Debug, thiserror::Error)]
pub enum SourceFault {
    /// A file or folder is not what it was a moment ago: written to, gone, or something else by now.
    #[error("source `{name}`: `{path}` changed while it was read")]
    Changed {
        /// The source.
        name: SourceName,
        /// The path inside the source.
        path: String,
    },
    /// The system could not read it now and may be able to later: no file handles, no memory, a disk or network error.
    #[error(
        "source `{name}`: `{path}` cannot be read at the moment: {source}; the index stays as it is until it can, or \
         until it is excluded from the source"
    )]
    Failed {
        /// The source.
        name: SourceName,
        /// The path inside the source; empty for the source folder itself.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// What the owner of the documents would say of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is not there any more, or is a folder where a file was, or a file where a folder was.
    Gone,
    /// It is there and stays unreadable until somebody changes it: a finding.
    Refused,
    /// It may be readable in a moment.
    Transient,
}

/// `ELOOP`, which has no stable name in the standard library: links that lead round in a circle, or a link where none is followed.
pub(super) const TOO_MANY_LINKS: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };

/// What `error` means. Unknown reasons count as transient: a build that fails is seen, an index that shrinks is not.
pub(super) fn meaning(error: &io::Error) -> Meaning {
    use io::ErrorKind as K;
    match error.kind() {
        K::NotFound | K::NotADirectory | K::IsADirectory => Meaning::Gone,
        K::PermissionDenied | K::InvalidFilename | K::InvalidInput | K::Unsupported => Meaning::Refused,
        _ if error.raw_os_error() == Some(TOO_MANY_LINKS) => Meaning::Refused,
        _ => Meaning::Transient,
    }
}

impl SourceFault {
    /// The fault for an error that is no finding.
    pub(super) fn of(name: &SourceName, path: &str, error: io::Error) -> Self {
        match meaning(&error) {
            Meaning::Gone => Self::Changed { name: name.clone(), path: path.to_owned() },
            Meaning::Refused | Meaning::Transient => {
                Self::Failed { name: name.clone(), path: path.to_owned(), source: error }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_unreadable_may_be_left_out() {
        let check = |name: &str, code: i32, expected: Meaning| {
            assert_eq!(meaning(&io::Error::from_raw_os_error(code)), expected, "{name}");
        };
        check("ENOENT", 2, Meaning::Gone);
        check("ENOTDIR", 20, Meaning::Gone);
        check("EISDIR", 21, Meaning::Gone);
        check("EPERM", 1, Meaning::Refused);
        check("EACCES", 13, Meaning::Refused);
        check("EIO", 5, Meaning::Transient);
        check("EAGAIN", 11, Meaning::Transient);
        check("ENOMEM", 12, Meaning::Transient);
        check("EBUSY", 16, Meaning::Transient);
        check("ENFILE", 23, Meaning::Transient);
        check("EMFILE", 24, Meaning::Transient);
        if cfg!(target_os = "linux") {
            check("ENAMETOOLONG", 36, Meaning::Refused);
            check("ELOOP", 40, Meaning::Refused);
            check("ETIMEDOUT", 110, Meaning::Transient);
            check("EHOSTDOWN", 112, Meaning::Transient);
            check("ESTALE", 116, Meaning::Transient);
            check("EREMOTEIO", 121, Meaning::Transient);
        }
    }
}
