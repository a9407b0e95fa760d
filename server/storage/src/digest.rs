//! SHA-256 digests: a newtype, its hex form, and streaming over files.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::durable::{Step, StorageError};

/// A SHA-256 digest. Shown, parsed and serialised as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The 32 raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first `digits` hex digits, for names that people read (`rev8`).
    pub fn short(&self, digits: usize) -> String {
        let mut hex = self.to_string();
        hex.truncate(digits);
        hex
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{self}")
    }
}

/// The text is not 64 hex digits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a sha256 digest: 64 hex digits are expected")]
pub struct NotADigest(String);

impl FromStr for Sha256Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let mut bytes = [0_u8; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(NotADigest(text.to_owned()));
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).map_err(|_| NotADigest(text.to_owned()))?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Sha256Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

impl From<Sha256Digest> for String {
    fn from(digest: Sha256Digest) -> Self {
        digest.to_string()
    }
}

/// Digests data that arrives in pieces.
#[derive(Clone, Default)]
pub struct Sha256Hasher(Sha256);

impl Sha256Hasher {
    /// Adds `bytes`; pieces are simply concatenated.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds `bytes` preceded by their length, so that two fields never run into each other.
    pub fn update_field(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The digest of everything added.
    pub fn finish(self) -> Sha256Digest {
        Sha256Digest(self.0.finalize().into())
    }
}

/// The digest of one byte string.
pub fn digest_bytes(bytes: &[u8]) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// The digest and size in bytes of a file, read once from start to end.
pub fn digest_file(path: &Path) -> Result<(Sha256Digest, u64), StorageError> {
    let read = || -> io::Result<(Sha256Digest, u64)> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256Hasher::default();
        let mut buffer = vec![0_u8; 1 << 18];
        let mut size = 0_u64;
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok((hasher.finish(), size)),
                n => {
                    hasher.update(&buffer[..n]);
                    size += n as u64;
                }
            }
        }
    };
    read().map_err(StorageError::at(Step::Read, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_agree_with_the_published_vector() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest_bytes(b"abc").to_string(), expected);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("abc"), b"abc").unwrap();
        assert_eq!(digest_file(&dir.path().join("abc")).unwrap(), (expected.parse().unwrap(), 3));
    }

    #[test]
    fn what_is_not_a_digest_is_refused_by_name() {
        for text in ["", "abc", &"g".repeat(64), &"é".repeat(32)] {
            let error = text.parse::<Sha256Digest>().unwrap_err();
            assert!(error.to_string().contains(text));
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let digest = |fields: &[&str]| {
            let mut hasher = Sha256Hasher::default();
            fields.iter().for_each(|field| hasher.update_field(field.as_bytes()));
            hasher.finish()
        };
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
