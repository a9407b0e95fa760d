//! A read-only map of a whole file. The one module of this crate that uses `unsafe`.
//!
//! Why it is sound for us: every file mapped is finished. It is part of a sealed folder (a revision or an installed
//! model), or of one that this process builds or installs under its lock; nothing in RagOps writes it again, and it is
//! removed by unlinking, never by truncating. Someone outside who truncates one under a running server makes it die of
//! SIGBUS; the next start then names the file.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use memmap2::{Advice, Mmap};

use crate::durable::{Step, StorageError};

/// The bytes of a finished file, mapped read-only; derefs to `[u8]`. An empty file maps to an empty slice.
#[derive(Debug)]
pub struct MappedFile {
    map: Mmap,
    path: PathBuf,
}

impl MappedFile {
    /// Maps the whole of `path`. Errors name the path and say whether opening or mapping failed.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let file = File::open(path).map_err(StorageError::at(Step::Open, path))?;
        // SAFETY: the file is finished (see the head of this file); nobody changes its bytes while the map lives.
        let map = unsafe { Mmap::map(&file) }.map_err(StorageError::at(Step::Map, path))?;
        Ok(Self { map, path: path.to_owned() })
    }

    /// Tells the kernel that reads will jump about, so that it does not read ahead.
    pub fn advise_random(&self) {
        // Advice only: a kernel that refuses it still serves correct bytes.
        drop(self.map.advise(Advice::Random));
    }

    /// Where the file was when it was mapped.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_bytes_empty_files_and_names_what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        std::fs::write(&path, b"\x00\xff bytes").unwrap();
        assert_eq!(&*MappedFile::open(&path).unwrap(), b"\x00\xff bytes");
        std::fs::write(&path, b"").unwrap();
        assert_eq!(MappedFile::open(&path).unwrap().len(), 0);
        let error = MappedFile::open(&dir.path().join("gone.bin")).unwrap_err();
        assert!(error.to_string().contains("gone.bin"), "{error}");
    }
}
