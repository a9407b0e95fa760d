//! Opens a sealed revision: the manifest must be as it was sealed, the folder must hold exactly the files that it lists,
//! each with its size and digest, and the parts must hold as many entries as it counts. A reader that then meets a bad
//! record all the same gives an error, so what this returns can be searched without further checks.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use ragops_embed::ModelIdentity;
use ragops_storage::{Stamp, Step, StorageError, digest_file, durable};
use rayon::prelude::*;

use super::manifest::{self, FileEntry, Manifest, NotAManifest};
use super::seal::files_in;
use super::verified::Verified;
use super::{RevisionError, RevisionName};
use crate::index;
use crate::index::passages::Passages;
use crate::index::text::{TextIndex, TextUnit};
use crate::index::vectors::{self, VectorIndex};

/// An open revision. All of it is read-only; searches run side by side.
pub struct Revision {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Documents and chunks.
    pub passages: Passages,
    /// The text channel: chunks.
    pub text: TextIndex,
    /// The text channel: whole documents.
    pub text_documents: TextIndex,
    /// The vector channel.
    pub vectors: VectorIndex,
    /// Where it is.
    pub dir: PathBuf,
}

impl Revision {
    /// Verifies and opens the revision in `dir`.
    pub fn open(dir: &Path) -> Result<Self, RevisionError> {
        Self::open_known(dir, &Verified::default())
    }

    /// The same, without reading again what is known to be whole.
    pub(super) fn open_known(dir: &Path, verified: &Verified) -> Result<Self, RevisionError> {
        let manifest = verify_unknown(dir, verified)?;
        let revision = Self::open_parts(dir, manifest)?;
        revision.check_counts()?;
        Ok(revision)
    }

    /// Opens the parts in `dir` without verifying them: for a build that has just written them.
    pub(crate) fn open_parts(dir: &Path, manifest: Manifest) -> Result<Self, RevisionError> {
        Ok(Self {
            passages: Passages::open(dir)?,
            text: TextIndex::open(dir, TextUnit::Chunk)?,
            text_documents: TextIndex::open(dir, TextUnit::Document)?,
            vectors: VectorIndex::open(dir, manifest.model.dimension, manifest.codes.as_ref())?,
            dir: dir.to_owned(),
            manifest,
        })
    }

    /// Refuses a model other than the one the revision was built with.
    pub fn check_model(&self, at_hand: &ModelIdentity) -> Result<(), RevisionError> {
        let built_with = &self.manifest.model;
        if built_with.digest == at_hand.digest && built_with.dimension == at_hand.dimension {
            return Ok(());
        }
        let show =
            |m: &ModelIdentity| format!("{} ({} dimensions, digest {})", m.name, m.dimension, m.digest.short(12));
        Err(RevisionError::OtherModel {
            revision: self.manifest.revision.clone(),
            built_with: show(built_with),
            at_hand: show(at_hand),
        })
    }

    fn check_counts(&self) -> Result<(), RevisionError> {
        let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let (chunks, documents) = (count(self.manifest.counts.chunks), count(self.manifest.counts.documents));
        let parts = [
            ("chunks.jsonl", self.passages.chunk_count(), chunks),
            ("vectors.faiss", self.vectors.len(), chunks),
            ("text", self.text.len(), chunks),
            ("documents.jsonl", self.passages.document_count(), documents),
            ("text-documents", self.text_documents.len(), documents),
        ];
        match parts.into_iter().find(|(_, held, expected)| held != expected) {
            None => Ok(()),
            Some((part, held, expected)) => Err(RevisionError::Damaged {
                path: self.dir.join(part),
                reason: format!("it holds {held} entries, the manifest says {expected}"),
            }),
        }
    }
}

/// Reads the manifest and checks which files there are, and size and digest of each, without opening the index.
pub fn verify(dir: &Path) -> Result<Manifest, RevisionError> {
    verify_unknown(dir, &Verified::default())
}

fn verify_unknown(dir: &Path, verified: &Verified) -> Result<Manifest, RevisionError> {
    let manifest = read_manifest(dir)?;
    check_names(dir, &manifest)?;
    check_file_set(dir, &manifest)?;
    manifest.files.par_iter().try_for_each(|entry| verify_file(dir, entry, verified))?;
    Ok(manifest)
}

/// Reads the manifest alone.
pub fn read_manifest(dir: &Path) -> Result<Manifest, RevisionError> {
    if !durable::is_dir(dir)? {
        return Err(RevisionError::Missing(dir.to_owned()));
    }
    let path = dir.join(manifest::FILE);
    let bytes = match fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(RevisionError::Unfinished(dir.to_owned())),
        other => other.map_err(StorageError::at(Step::Read, &path))?,
    };
    Manifest::from_file(&bytes).map_err(|error| match error {
        NotAManifest::Format(found) => RevisionError::Format { path: dir.to_owned(), found },
        other => RevisionError::Manifest { path, reason: other.to_string() },
    })
}

/// The name, the identity and the settings' digest are one thing said three times.
fn check_names(dir: &Path, manifest: &Manifest) -> Result<(), RevisionError> {
    let Manifest { revision, identity, settings, settings_digest, .. } = manifest;
    let reason = if *revision != RevisionName::of(*identity) {
        format!("its name {revision} does not go with its identity {identity}")
    } else if *settings_digest != settings.digest() {
        format!("its settings do not have the digest {settings_digest}")
    } else {
        return Ok(());
    };
    Err(RevisionError::Manifest { path: dir.join(manifest::FILE), reason })
}

/// The manifest must list every part of a revision, and the folder must hold what it lists and nothing else.
fn check_file_set(dir: &Path, manifest: &Manifest) -> Result<(), RevisionError> {
    let damaged = |file: &str, reason: &str| RevisionError::Damaged { path: dir.join(file), reason: reason.to_owned() };
    let listed: BTreeSet<&str> = manifest.files.iter().map(|entry| entry.path.as_str()).collect();
    let codes = manifest.codes.as_ref().map(|_| vectors::CODES_FILE);
    if let Some(part) = index::FILES.into_iter().chain(codes).find(|part| !listed.contains(part)) {
        return Err(damaged(part, "a revision has this file, and the manifest does not list it"));
    }
    let held = files_in(dir)?;
    match held.iter().find(|file| *file != manifest::FILE && !listed.contains(file.as_str())) {
        Some(file) => Err(damaged(file, "the manifest does not list it; nothing may be put into a revision")),
        None => Ok(()),
    }
}

fn verify_file(dir: &Path, entry: &FileEntry, verified: &Verified) -> Result<(), RevisionError> {
    let relative = Path::new(&entry.path);
    let path = dir.join(relative);
    let damaged = |reason: String| RevisionError::Damaged { path: path.clone(), reason };
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(damaged("the manifest names a file outside the revision".to_owned()));
    }
    let stamp = match Stamp::of(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(damaged("the file is gone".to_owned())),
        other => other?,
    };
    let size = stamp.size();
    if size != entry.size {
        return Err(damaged(format!("it has {size} bytes, {} were sealed", entry.size)));
    }
    if verified.knows(dir, &entry.path, stamp, entry.sha256) {
        return Ok(());
    }
    let is_settled = stamp.is_settled();
    let (sha256, _) = digest_file(&path)?;
    if sha256 != entry.sha256 {
        return Err(damaged(format!("its sha256 is {sha256}, {} was sealed", entry.sha256)));
    }
    if is_settled {
        verified.note(dir, &entry.path, stamp, sha256);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragops_storage::digest_bytes;
    use std::time::Duration;

    #[test]
    fn a_file_that_is_known_is_not_read_again_and_one_that_looks_otherwise_is() {
        let dir = tempfile::tempdir().unwrap();
        let (dir, file) = (dir.path(), dir.path().join("part"));
        let entry = FileEntry { path: "part".to_owned(), size: 4, sha256: digest_bytes(b"text") };
        let check = |verified: &Verified| verify_file(dir, &entry, verified);
        let is_damage = |checked: Result<(), RevisionError>| checked.is_err_and(|error| error.is_damage());
        fs::write(&file, "texT").unwrap();
        let verified = Verified::default();
        assert!(is_damage(check(&verified)));
        // Taken on trust: had it been read, this would be damage.
        verified.note(dir, "part", Stamp::of(&file).unwrap(), entry.sha256);
        check(&verified).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&file, "Text").unwrap();
        assert!(is_damage(check(&verified)), "it was written since");
        fs::write(&file, "text").unwrap();
        check(&verified).unwrap();
        assert!(!verified.knows(dir, "part", Stamp::of(&file).unwrap(), entry.sha256), "it was written a moment ago");
        fs::remove_file(&file).unwrap();
        assert!(is_damage(check(&verified)));
    }
}
