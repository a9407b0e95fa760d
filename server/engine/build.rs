//! Digests the sources that decide what a file becomes (readers, chunker, sentences), so that what another version of them
//! made is never taken from the cache of documents.

use std::collections::hash_map::DefaultHasher;
use std::error::Error;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// Folders and files, from this package's own.
const SOURCES: [&str; 6] =
    ["src/read", "src/chunk", "src/text", "src/document.rs", "../formats/src", "../../Cargo.lock"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        digest(Path::new(source), &mut hasher)?;
    }
    println!("cargo::rustc-env=RAGOPS_READERS={:016x}", hasher.finish());
    Ok(())
}

fn digest(path: &Path, hasher: &mut DefaultHasher) -> Result<(), Box<dyn Error>> {
    if path.is_dir() {
        let mut inner: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
        inner.sort();
        return inner.iter().try_for_each(|path| digest(path, hasher));
    }
    // A package outside of its workspace has no lock file.
    if path.exists() {
        (path, fs::read(path)?).hash(hasher);
    }
    Ok(())
}
