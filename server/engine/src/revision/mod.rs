//! A revision: one immutable folder that holds everything needed to answer, named after what it is built from.
//! `manifest` says what is in it, `seal` makes it final, `open` verifies it, `verified` remembers what was found whole,
//! `store` keeps several and the active one.

pub mod manifest;
pub mod open;
pub mod seal;
pub mod store;
pub mod verified;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use ragops_storage::{Sha256Digest, StorageError};
use serde::{Deserialize, Serialize};

use crate::index::IndexError;

pub use manifest::Manifest;
pub use open::Revision;
pub use store::RevisionStore;
pub use verified::Verified;

/// The layout that this version writes, and the meaning of what is in it: the analyser's terms and the chunker's cuts,
/// since a question is analysed by the program that asks. Raise it when either changes; a test watches both. Another
/// version is refused, never guessed at, and its index is built anew.
pub const FORMAT_VERSION: u32 = 8;

/// A revision's name: 8 hex digits of the digest of what it is built from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RevisionName(String);

impl RevisionName {
    /// The name that goes with a digest of settings and sources.
    pub fn of(identity: Sha256Digest) -> Self {
        Self(identity.short(8))
    }
}

/// The text is not a revision's name.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the name of a revision: 8 hex digits are expected")]
pub struct NotARevisionName(String);

impl FromStr for RevisionName {
    type Err = NotARevisionName;

    fn from_str(text: &str) -> Result<Self, NotARevisionName> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 8 && text.bytes().all(hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARevisionName(text.to_owned()))
        }
    }
}

impl TryFrom<String> for RevisionName {
    type Error = NotARevisionName;

    fn try_from(text: String) -> Result<Self, NotARevisionName> {
        text.parse()
    }
}

impl From<RevisionName> for String {
    fn from(name: RevisionName) -> Self {
        name.0
    }
}

impl fmt::Display for RevisionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A revision cannot be used, or kept.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// There is no such folder.
    #[error("there is no revision at {}; build one with `ragops-server index`", .0.display())]
    Missing(PathBuf),
    /// The folder has no manifest: a build did not finish, or this is no revision.
    #[error("{} has no manifest.json: the build did not finish, or this is not a revision; build it again", .0.display())]
    Unfinished(PathBuf),
    /// The manifest is not what a build writes.
    #[error("{} is not a valid manifest: {reason}; build the revision again", .path.display())]
    Manifest {
        /// The manifest's path.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by another version.
    #[error(
        "{} has format version {found}, this program reads {FORMAT_VERSION}; build the revision again with this version", .path.display()
    )]
    Format {
        /// The revision's folder.
        path: PathBuf,
        /// The version in its manifest.
        found: u64,
    },
    /// A file is gone, cut short, longer, or has other bytes than when it was sealed.
    #[error("{} is damaged: {reason}; build the revision again", .path.display())]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// The embedding model at hand is not the one that the revision was built with.
    #[error(
        "revision {revision} was built with {built_with} and cannot be searched with {at_hand}; \
         install that model, or build the index again with this one"
    )]
    OtherModel {
        /// The revision's name.
        revision: RevisionName,
        /// Model name, dimension and digest in the manifest.
        built_with: String,
        /// The same of the model at hand.
        at_hand: String,
    },
    /// A part could not be opened although its bytes are as sealed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The file system refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RevisionError {
    /// Whether the same call can succeed later (no space, busy).
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_retryable(),
            Self::Index(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// Whether the folder itself is of no use and should be built anew.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Unfinished(_) | Self::Manifest { .. } | Self::Format { .. } | Self::Damaged { .. } => true,
            Self::Index(error) => !matches!(error, IndexError::Storage(_)) && !error.is_retryable(),
            Self::Missing(_) | Self::OtherModel { .. } | Self::Storage(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{ChunkSettings, chunk};
    use crate::document::SourceName;
    use crate::read::{FileContent, Registry};
    use crate::text::Analyzer;

    /// What reader, chunker and analyser make of two of the sample pages, in one digest, places and tables included.
    fn meaning() -> Sha256Digest {
        let pages = [
            ("en.md", &include_bytes!("../../../../config/samples/docs/en/kafka-consumer-lag.md")[..]),
            ("ko.md", &include_bytes!("../../../../config/samples/docs/ko/error-code-503.md")[..]),
        ];
        let mut hasher = ragops_storage::Sha256Hasher::default();
        for (path, bytes) in pages {
            let content = FileContent::from_bytes(SourceName::new("docs"), path, bytes.to_vec());
            for document in Registry::text().read(&content).documents {
                let settings = ChunkSettings { max_tokens: 128, overlap_tokens: 16 };
                for chunk in chunk(&document, &settings, &|text: &str| text.split_whitespace().count()) {
                    hasher.update_field(chunk.embedding_text().as_bytes());
                    hasher.update_field(&serde_json::to_vec(&chunk.place).unwrap());
                    Analyzer.terms(&chunk.text).iter().for_each(|term| hasher.update_field(term.as_bytes()));
                }
            }
        }
        hasher.finish()
    }

    /// An index built before the stemmer changed was once searched with the new stems: Recall@5 fell from .85 to .68
    /// and nothing said why.
    #[test]
    fn a_change_of_terms_or_cuts_raises_the_format_version() {
        let known = (8, "37537dc2cadf0cc1");
        assert_eq!((FORMAT_VERSION, meaning().short(16).as_str()), known, "raise FORMAT_VERSION, then note both here");
    }

    #[test]
    fn names_are_eight_hex_digits() {
        assert_eq!("00c0ffee".parse::<RevisionName>().unwrap().to_string(), "00c0ffee");
        for text in ["", "00C0FFEE", "00c0ffe", "00c0ffee0", "../../et", "00c0ffeg"] {
            assert!(text.parse::<RevisionName>().unwrap_err().to_string().contains(text));
        }
    }
}
