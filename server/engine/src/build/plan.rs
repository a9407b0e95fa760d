//! What a build will read, decided before it reads: the files of all sources by content, and the name of the revision that
//! they make. Nothing is written here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ragops_embed::EmbeddingModel;
use ragops_storage::{Sha256Digest, Sha256Hasher};
use rayon::prelude::*;

use super::BuildError;
use super::pipeline::BuildRequest;
use super::progress::{BuildObserver, Progress, Stage};
use crate::document::{Effect, Finding, FindingCode, SourceName};
use crate::read::{
    self, FileContent, FolderSource, Growing, LoadError, MediaType, OnError, Scan, SourceFile, media, scan_until,
};
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
        (growing, restless): (Growing, &Restless),
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
            for (content, file) in digests(found, restless, observer)? {
                match content {
                    Ok(content) => files.push((file, content)),
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
    /// What it holds, where it does not hold it for long.
    pub(super) held: Option<Arc<FileContent>>,
}

/// Files that were another one at each look: by source and path.
pub(super) type Restless = HashSet<(SourceName, String)>;

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

/// What is known of a file before it is read.
struct Content {
    digest: Sha256Digest,
    /// What it is read as, so far as its name has a say.
    reading: MediaType,
    held: Option<Arc<FileContent>>,
}

/// Files by content, in the order of the first of each. An empty file is none.
fn without_copies(files: Vec<(SourceFile, Content)>) -> Vec<PlannedFile> {
    let mut planned: Vec<PlannedFile> = Vec::new();
    let mut known: HashMap<(Sha256Digest, MediaType), usize> = HashMap::new();
    for (mut file, Content { digest, reading, held }) in files {
        match known.get(&(digest, reading)).filter(|_| file.size > 0) {
            Some(at) => {
                let first = &mut planned[*at];
                // The one whose name fits is read.
                if !fits(&first.file, reading) && fits(&file, reading) {
                    std::mem::swap(&mut first.file, &mut file);
                }
                first.copies.push(file);
            }
            None => {
                known.insert((digest, reading), planned.len());
                planned.push(PlannedFile { file, digest, copies: Vec::new(), held });
            }
        }
    }
    planned
}

/// Whether a file's name says what its bytes are, as far as that can be told without looking into them.
fn fits(file: &SourceFile, read_as: MediaType) -> bool {
    let named = media::named_type(&file.path);
    match read_as {
        MediaType::Office => named.and_then(MediaType::binary_format).is_some() && named != Some(MediaType::Pdf),
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

type Digested = (Result<Content, LoadError>, SourceFile);

/// The digest of each file, on all cores. A cancelled build ends after the files that are being read.
fn digests(
    files: Vec<SourceFile>,
    restless: &Restless,
    observer: &dyn BuildObserver,
) -> Result<Vec<Digested>, BuildError> {
    let digest = |file: SourceFile| match observer.is_cancelled() {
        true => Err(BuildError::Cancelled),
        false if restless.contains(&(file.source.clone(), file.path.clone())) => {
            let held = file.load_at_once();
            Ok((held.map(|held| Content { held: Some(Arc::new(held.clone())), ..Content::of(&held) }), file))
        }
        false => Ok((file.load().map(|content| Content::of(&content)), file)),
    };
    files.into_par_iter().map(digest).collect()
}

impl Content {
    fn of(content: &FileContent) -> Self {
        let reading = media::reading_of(&content.file.path, &content.bytes);
        Self { digest: content.digest, reading, held: None }
    }
}

fn content_digest(files: &[(SourceFile, Content)]) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    for (file, Content { digest, .. }) in files {
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
    hasher.update_field(read::VERSION.as_bytes());
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
