//! What a build will read, decided before it reads: the files of all sources by content, and the name of the revision that
//! they make. Nothing is written here.

use std::collections::HashMap;

use ragops_embed::EmbeddingModel;
use ragops_storage::{Sha256Digest, Sha256Hasher};
use rayon::prelude::*;

use super::BuildError;
use super::pipeline::BuildRequest;
use super::progress::{BuildObserver, Progress, Stage};
use crate::document::{Effect, Finding, FindingCode, SourceName};
use crate::read::{FolderSource, Growing, LoadError, MediaType, OnError, Scan, SourceFile, media, scan_until};
use crate::revision::{FORMAT_VERSION, RevisionName};

/// What will be built, and its name.
pub(super) struct Plan {
    /// The files with different content, each with the others that hold the same.
    pub(super) files: Vec<PlannedFile>,
    pub(super) findings: Vec<Finding>,
    pub(super) content: Sha256Digest,
    pub(super) identity: Sha256Digest,
    pub(super) name: RevisionName,
    pub(super) looked_at: usize,
    pub(super) left_out: usize,
}

impl Plan {
    /// Lists and digests every source. What is left out and why is a part of the identity, or a revision found again
    /// would tell of files that can be read by now, or be silent about one that cannot.
    pub(super) fn of(
        request: &BuildRequest,
        growing: Growing,
        model: &dyn EmbeddingModel,
        observer: &dyn BuildObserver,
    ) -> Result<Self, BuildError> {
        observer.progress(Progress::at(Stage::Scan));
        let (mut files, mut findings) = (Vec::new(), Vec::new());
        let (mut looked_at, mut left_out, mut empty) = (0, 0, Vec::new());
        for source in &request.sources {
            let scan = scan_until(source, &|| observer.is_cancelled())?;
            let Scan { files: found, findings: problems, left_out: unnamed } = scan;
            if let (OnError::Fail, Some(first)) = (source.on_error, problems.iter().find(|problem| skips(problem))) {
                return Err(refused(request, &source.name, first.clone()));
            }
            if found.is_empty() && problems.is_empty() {
                empty.push((source, unnamed));
            }
            looked_at += found.len() + problems.len();
            left_out += unnamed;
            findings.extend(problems.into_iter().map(|finding| (source.name.clone(), finding)));
            let found = found.into_iter().map(|file| SourceFile { growing, ..file }).collect();
            for (digest, file) in digests(found, observer)? {
                match digest {
                    Ok((digest, read_as)) => files.push((file, digest, read_as)),
                    Err(LoadError::Refused(finding)) if source.on_error == OnError::Fail => {
                        return Err(refused(request, &source.name, finding));
                    }
                    Err(LoadError::Refused(finding)) => findings.push((source.name.clone(), finding)),
                    Err(LoadError::Fault(fault)) => return Err(fault.into()),
                }
            }
        }
        // Of an index without any document the build itself says so.
        for (source, left_out) in empty.into_iter().filter(|_| looked_at > 0) {
            let finding = empty_source(source, left_out);
            if source.on_error == OnError::Fail {
                return Err(refused(request, &source.name, finding));
            }
            findings.push((source.name.clone(), finding));
        }
        let content = content_digest(&files);
        let identity = identity(request, model, content, &findings);
        let findings = findings.into_iter().map(|(_, finding)| finding).collect();
        let files = without_copies(files);
        Ok(Self { files, findings, content, identity, name: RevisionName::of(identity), looked_at, left_out })
    }
}

/// A file to be indexed.
pub(super) struct PlannedFile {
    pub(super) file: SourceFile,
    pub(super) digest: Sha256Digest,
    /// Other files of the same content: indexed once, cited with all places.
    pub(super) copies: Vec<SourceFile>,
}

/// The finding for a source that gives nothing beside others that do: a volume that is not mounted, a pattern with a slip.
fn empty_source(source: &FolderSource, left_out: usize) -> Finding {
    let (seen, advice) = match left_out {
        0 => ("holds no file".to_owned(), "correct `folder.path`, put documents there, or remove the source"),
        1 => ("holds 1 file, and `include` and `exclude` leave it out".to_owned(), "correct the patterns"),
        more => {
            (format!("holds {more} files, and `include` and `exclude` leave all of them out"), "correct the patterns")
        }
    };
    let detail = format!("the folder {} of the source `{}` {seen}", source.root.display(), source.name);
    Finding::new(FindingCode::EmptySource, ".", detail, advice)
}

/// A file with its content, and what it is read as so far as its name makes no difference.
type Content = (SourceFile, Sha256Digest, MediaType);

/// Files by content, in the order of the first of each. An empty file is none.
fn without_copies(files: Vec<Content>) -> Vec<PlannedFile> {
    let mut planned: Vec<PlannedFile> = Vec::new();
    let mut known: HashMap<(Sha256Digest, MediaType), usize> = HashMap::new();
    for (mut file, digest, read_as) in files {
        match known.get(&(digest, read_as)).filter(|_| file.size > 0) {
            Some(at) => {
                let first = &mut planned[*at];
                // The one whose name fits is read.
                if !fits(&first.file, read_as) && fits(&file, read_as) {
                    std::mem::swap(&mut first.file, &mut file);
                }
                first.copies.push(file);
            }
            None => {
                known.insert((digest, read_as), planned.len());
                planned.push(PlannedFile { file, digest, copies: Vec::new() });
            }
        }
    }
    planned
}

/// Whether a file's name says what its bytes are, as far as that can be told without looking into them.
fn fits(file: &SourceFile, read_as: MediaType) -> bool {
    let named = media::named_type(&file.path);
    match read_as {
        MediaType::Office => named.is_some_and(|named| !named.is_text() && named != MediaType::Pdf),
        read_as => named == Some(read_as),
    }
}

/// Whether something is missing from the index because of it.
pub(super) fn skips(finding: &Finding) -> bool {
    finding.code.effect() == Effect::Skipped
}

pub(super) fn refused(request: &BuildRequest, source: &SourceName, finding: Finding) -> BuildError {
    BuildError::FileRefused {
        index: request.index.clone(),
        source_name: source.to_string(),
        finding: Box::new(finding),
    }
}

type Digested = (Result<(Sha256Digest, MediaType), LoadError>, SourceFile);

/// The digest of each file, on all cores. A cancelled build ends after the files that are being read.
fn digests(files: Vec<SourceFile>, observer: &dyn BuildObserver) -> Result<Vec<Digested>, BuildError> {
    let digest = |file: SourceFile| match observer.is_cancelled() {
        true => Err(BuildError::Cancelled),
        false => {
            let content = file.load();
            Ok((content.map(|content| (content.digest, media::alike(&file.path, &content.bytes))), file))
        }
    };
    files.into_par_iter().map(digest).collect()
}

fn content_digest(files: &[Content]) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    for (file, digest, _) in files {
        hasher.update_field(file.source.as_str().as_bytes());
        hasher.update_field(file.path.as_bytes());
        hasher.update_field(digest.as_bytes());
    }
    hasher.finish()
}

fn identity(
    request: &BuildRequest,
    model: &dyn EmbeddingModel,
    content: Sha256Digest,
    findings: &[(SourceName, Finding)],
) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update(&FORMAT_VERSION.to_le_bytes());
    hasher.update_field(super::calibrate::meaning().as_bytes());
    hasher.update_field(request.index.as_bytes());
    hasher.update_field(request.settings.digest().as_bytes());
    hasher.update_field(model.identity().digest.as_bytes());
    hasher.update_field(content.as_bytes());
    // Another revision, which was built while files could be left out, is none for sources that must be whole.
    for source in request.sources.iter().filter(|source| source.on_error == OnError::Fail) {
        hasher.update_field(b"whole");
        hasher.update_field(source.name.as_str().as_bytes());
    }
    // Not the details: a file over the size cap that grows would otherwise make a revision at every build.
    for (source, finding) in findings {
        hasher.update_field(source.as_str().as_bytes());
        hasher.update_field(finding.path.as_bytes());
        hasher.update_field(finding.code.to_string().as_bytes());
    }
    hasher.finish()
}
