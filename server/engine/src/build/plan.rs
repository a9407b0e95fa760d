//! What a build will read, decided before it reads: the files of all sources by content, and the name of the revision that
//! they make. Nothing is written here.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use ragops_embed::EmbeddingModel;
use ragops_storage::{Sha256Digest, Sha256Hasher};
use rayon::prelude::*;

use super::BuildError;
use super::pipeline::BuildRequest;
use super::progress::{BuildObserver, Progress, Stage};
use crate::document::{Effect, Finding, FindingCode, SourceName};
use crate::index::vectors;
use crate::read::{
    self, FileContent, FolderSource, Growing, LoadError, MediaType, OnError, Scan, SourceFault, SourceFile, media,
    scan_until,
};
use crate::revision::{FORMAT_VERSION, RevisionName};

/// What will be built, and its name.
pub(super) struct Plan {
    /// The files with different content, each with the others that hold the same.
    pub(super) files: Vec<PlannedFile>,
    listed: Vec<Listed>,
    pub(super) findings: Vec<(SourceName, Finding)>,
    pub(super) identity: Sha256Digest,
    pub(super) name: RevisionName,
    pub(super) looked_at: usize,
    pub(super) left_out: usize,
    /// Hidden and temporary files of sources that hold nothing else.
    pub(super) hidden: usize,
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
            let Scan { files: found, findings: problems, left_out: unnamed, hidden } = scan;
            if let (OnError::Fail, Some(first)) = (source.on_error, problems.iter().find(|problem| skips(problem))) {
                return Err(refused(request, &source.name, first.clone()));
            }
            if found.is_empty() && problems.is_empty() {
                empty.push((source, unnamed, hidden));
            }
            left_out += unnamed;
            looked_at += problems.len();
            findings.extend(problems.into_iter().map(|finding| (source.name.clone(), finding)));
            let found = found.into_iter().map(|file| SourceFile { growing, ..file }).collect();
            let digested = digests(found, restless, observer)?;
            let changed = |content: &Result<Content, LoadError>| {
                matches!(content, Err(LoadError::Fault(SourceFault::Changed { .. })))
            };
            restless.note(digested.iter().filter(|(content, _)| changed(content)).map(|(_, file)| file));
            for (content, file) in digested {
                match content {
                    Err(LoadError::Gone) if !restless.takes(&file) && is_there(source, &file) => {
                        restless.note(std::iter::once(&file));
                        return Err(file.changed().into());
                    }
                    Err(LoadError::Gone) => continue,
                    _ => looked_at += 1,
                }
                match content {
                    Ok(content) => files.push((file, content)),
                    Err(LoadError::Refused(finding)) if source.on_error == OnError::Fail => {
                        return Err(refused(request, &source.name, finding));
                    }
                    Err(LoadError::Refused(finding)) => findings.push((source.name.clone(), finding)),
                    Err(LoadError::Fault(fault)) => return Err(fault.into()),
                    Err(LoadError::Gone) => {}
                }
            }
        }
        // Of an index without any document the build itself says so.
        let hidden = empty.iter().map(|(_, _, hidden)| hidden).sum();
        for (source, left_out, hidden) in empty.into_iter().filter(|_| looked_at > 0) {
            let finding = empty_source(source, left_out, hidden);
            if source.on_error == OnError::Fail {
                return Err(refused(request, &source.name, finding));
            }
            findings.push((source.name.clone(), finding));
        }
        let listed: Vec<Listed> =
            files.iter().map(|(file, Content { digest, .. })| Listed::of(file, *digest)).collect();
        let files = without_copies(files);
        let Identity { whole, .. } = Identity::of(request, model, (&listed, &HashSet::new()), &findings);
        Ok(Self {
            files,
            listed,
            findings,
            identity: whole,
            name: RevisionName::of(whole),
            looked_at,
            left_out,
            hidden,
        })
    }

    /// What the revision is by, without the files that were gone when they were to be read.
    pub(super) fn identity_without(
        &self,
        gone: &HashSet<(SourceName, String)>,
        request: &BuildRequest,
        model: &dyn EmbeddingModel,
    ) -> Identity {
        Identity::of(request, model, (&self.listed, gone), &self.findings)
    }
}

/// A file of the plan, of which its name and content are a part of the identity.
pub(super) struct Listed {
    at: (SourceName, String),
    /// Its path as it is on the disk, by which it is cited.
    on_disk: String,
    digest: Sha256Digest,
}

impl Listed {
    fn of(file: &SourceFile, digest: Sha256Digest) -> Self {
        Self { at: (file.source.clone(), file.path.clone()), on_disk: file.path_on_disk().into_owned(), digest }
    }
}

/// Whether the source holds a file of this name after all: whoever swaps a link to a folder (a mounted ConfigMap, a checkout
/// that follows a branch) removes the folder that was listed, and no document.
pub(super) fn is_there(source: &FolderSource, file: &SourceFile) -> bool {
    source.root.join(&file.path).exists()
}

/// A file to be indexed.
pub(super) struct PlannedFile {
    pub(super) file: SourceFile,
    pub(super) digest: Sha256Digest,
    /// How long its content is.
    pub(super) bytes: u64,
    /// What was added since it was listed is left out.
    pub(super) is_cut: bool,
    /// Other files of the same content: indexed once, cited with all places.
    pub(super) copies: Vec<SourceFile>,
    /// What is to be said of the copies themselves.
    pub(super) findings: Vec<Finding>,
    /// What it holds, where it does not hold it for long.
    pub(super) held: Option<Arc<FileContent>>,
}

/// Files that were another one at each look, by source and path.
#[derive(Default)]
pub(super) struct Restless {
    /// Those that are taken as they are at one moment.
    taken: HashSet<(SourceName, String)>,
    /// Those that changed since.
    noted: Mutex<Vec<(SourceName, String)>>,
}

impl Restless {
    /// Notes files that changed while they were read.
    pub(super) fn note<'f>(&self, files: impl Iterator<Item = &'f SourceFile>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.extend(files.map(|file| (file.source.clone(), file.path.clone())));
    }

    /// From now on takes those that were noted, or forgets them.
    pub(super) fn settle(&mut self, is_patient: bool) {
        let noted = std::mem::take(self.noted.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.taken.extend(noted.into_iter().filter(|_| !is_patient));
    }

    fn takes(&self, file: &SourceFile) -> bool {
        self.taken.contains(&(file.source.clone(), file.path.clone()))
    }
}

/// The finding for a source that gives nothing beside others that do: a volume that is not mounted, a pattern with a slip.
fn empty_source(source: &FolderSource, left_out: usize, hidden: usize) -> Finding {
    let (seen, advice) = match left_out {
        0 if hidden > 0 => (
            "holds nothing but hidden or temporary files, which are never read".to_owned(),
            "rename them, correct `folder.path`, or remove the source",
        ),
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
    bytes: u64,
    is_cut: bool,
    held: Option<Arc<FileContent>>,
}

/// Files by content, in the order of the first of each. An empty file is none.
fn without_copies(files: Vec<(SourceFile, Content)>) -> Vec<PlannedFile> {
    let mut planned: Vec<PlannedFile> = Vec::new();
    let mut known: HashMap<(Sha256Digest, MediaType), usize> = HashMap::new();
    for (mut file, Content { digest, reading, bytes, is_cut, held }) in files {
        match known.get(&(digest, reading)).filter(|_| file.size > 0) {
            Some(at) => {
                let first = &mut planned[*at];
                // The one whose name fits is read.
                let mut is_held = held.is_some();
                if !fits(&first.file, reading) && fits(&file, reading) {
                    std::mem::swap(&mut first.file, &mut file);
                    is_held = first.held.is_some();
                    (first.held, first.is_cut) = (held, is_cut);
                }
                first.findings.extend(is_held.then(|| restless(&file)));
                first.copies.push(file);
            }
            None => {
                known.insert((digest, reading), planned.len());
                planned.push(PlannedFile {
                    file,
                    digest,
                    bytes,
                    is_cut,
                    copies: Vec::new(),
                    findings: Vec::new(),
                    held,
                });
            }
        }
    }
    planned
}

/// The finding for a file that was another one at each look.
pub(super) fn restless(file: &SourceFile) -> Finding {
    let detail = "it changed each time that it was read: it is indexed as it was at one moment";
    let advice = "exclude files that are written all the time, or write them elsewhere and move them here";
    Finding::new(FindingCode::ChangedWhileRead, &file.path, detail, advice)
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
        false if restless.takes(&file) => {
            let held = file.load_at_once();
            let content = |held: FileContent| {
                let known = Content::of(&held);
                Content { held: Some(Arc::new(held)), ..known }
            };
            Ok((held.map(content), file))
        }
        false => Ok((file.load().map(|content| Content::of(&content)), file)),
    };
    files.into_par_iter().map(digest).collect()
}

impl Content {
    fn of(content: &FileContent) -> Self {
        let reading = media::reading_of(&content.file.path, &content.bytes);
        let bytes = content.bytes.len() as u64;
        Self { digest: content.digest, reading, bytes, is_cut: content.is_cut, held: None }
    }
}

/// What a revision is by.
pub(super) struct Identity {
    /// The files and what they hold.
    pub(super) content: Sha256Digest,
    /// All that makes it what it is.
    pub(super) whole: Sha256Digest,
}

impl Identity {
    fn of(
        request: &BuildRequest,
        model: &dyn EmbeddingModel,
        (listed, gone): (&Vec<Listed>, &HashSet<(SourceName, String)>),
        findings: &[(SourceName, Finding)],
    ) -> Self {
        let content = content_digest(listed.iter().filter(|listed| !gone.contains(&listed.at)));
        Self { content, whole: identity(request, model, content, findings) }
    }
}

fn content_digest<'l>(files: impl Iterator<Item = &'l Listed>) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    for Listed { at: (source, _), on_disk, digest } in files {
        hasher.update_field(source.as_str().as_bytes());
        hasher.update_field(on_disk.as_bytes());
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
    hasher.update_field(vectors::CHOICE);
    hasher.update_field(request.index.as_bytes());
    hasher.update_field(request.settings.digest().as_bytes());
    hasher.update_field(model.identity().digest.as_bytes());
    hasher.update_field(content.as_bytes());
    if let Some(gold) = &request.gold {
        hasher.update_field(b"gold");
        hasher.update_field(gold.digest().as_bytes());
    }
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
