//! Digests the sources that decide what a file becomes (readers, chunker, sentences), so that what another version of them
//! made is never taken from the cache of documents.

use std::collections::hash_map::DefaultHasher;
use std::error::Error;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// Folders and files, from this package's own.
const SOURCES: [&str; 7] = [
    "src/read",
    "src/chunk",
    "src/text",
    "src/document.rs",
    "../formats/src",
    "../embed/src/tokenizer",
    "../embed/src/local.rs",
];

/// Where the versions of libraries stand. A package outside of its workspace has no such file.
const LOCK: &str = "../../Cargo.lock";

/// The libraries that read.
const LIBRARIES: [&str; 17] = [
    "calamine",
    "cfb",
    "chardetng",
    "csv",
    "encoding_rs",
    "flate2",
    "html5gum",
    "mail-parser",
    "office_oxide",
    "pdf_oxide",
    "pulldown-cmark",
    "quick-xml",
    "rust-stemmers",
    "unicode-normalization",
    "unicode-segmentation",
    "yada",
    "zip",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        digest(Path::new(source), &mut hasher)?;
    }
    println!("cargo::rerun-if-changed={LOCK}");
    let lock = fs::read_to_string(LOCK).unwrap_or_default();
    for package in lock.split("[[package]]") {
        let value = |key: &str| package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        if let (Some(name), version) = (value("name"), value("version"))
            && LIBRARIES.contains(&name.trim_matches('"'))
        {
            (name, version).hash(&mut hasher);
        }
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
    (path, fs::read(path)?).hash(hasher);
    Ok(())
}
