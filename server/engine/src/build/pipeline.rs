//! The steps of a build, in order. Everything it writes lies in a hidden folder until it is sealed.

use std::collections::HashSet;
use std::iter::once;
use std::path::Path;
use std::sync::Arc;

use ragops_embed::EmbeddingModel;
use ragops_storage::{Sha256Digest, Sha256Hasher, durable};
use rayon::prelude::*;

use super::calibrate::{calibrate, off_topic_texts};
use super::cancel::{Cancellable, cancelled};
use super::documents::DocumentCache;
use super::parts::{Entry, Parts};
use super::plan::{Identity, Plan, PlannedFile, Restless, is_there, refused, skips};
use super::prepare::{Prepared, Preparer};
use super::progress::{BuildObserver, Embedding, Progress, Stage};
use super::{BuildError, ErrorClass};
use crate::answer::background::Background;
use crate::document::{DocumentId, Finding, FindingCode, SourceName};
use crate::evaluate::GoldSet;
use crate::index::IndexError;
use crate::index::vectors::{self, CodesDescription, ExactVectors, Factory};
use crate::read::media::ACCEPTED;
use crate::read::{Extractor, FolderSource, Growing, OnError, SourceFault, SourceFile, misnamed};
use crate::revision::manifest::{Counts, Findings, Manifest};
use crate::revision::store::WriteLock;
use crate::revision::{FORMAT_VERSION, Revision, RevisionError, RevisionName, RevisionStore};
use crate::settings::{BuildSettings, VectorIndexType};

/// Source bytes read and cut at a time: bounds memory, and is enough to keep all cores busy. A batch is whole files, so
/// it holds up to this and one file of the largest size that is read.
const BATCH_BYTES: u64 = 8 << 20;
/// Findings that an error names one by one; more would not be read.
const FINDINGS_NAMED: usize = 5;
/// How often a build starts over when documents change under it, before those that did are taken as they are.
const PATIENT_TRIES: u32 = 2;
/// How often it starts over in all: each time at least one more file is taken as it is.
const MAX_TRIES: u32 = 20;

/// What to build.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The index's name.
    pub index: String,
    /// Where its documents are.
    pub sources: Vec<FolderSource>,
    /// How they are cut and indexed.
    pub settings: BuildSettings,
    /// Now, RFC 3339 in UTC: the engine reads no clock.
    pub created_time: String,
    /// The program's name and version.
    pub built_by: String,
    /// Inactive revisions to keep.
    pub history: usize,
    /// Reads binary formats.
    pub extractor: SharedExtractor,
    /// Questions that the new revision is measured and calibrated by.
    pub gold: Option<Arc<GoldSet>>,
    /// What files became when they were read before; without it every file is read.
    pub documents: Option<Arc<DocumentCache>>,
}

/// What reads binary formats, shared by those who build.
#[derive(Clone)]
pub struct SharedExtractor(pub Arc<dyn Extractor>);

impl std::fmt::Debug for SharedExtractor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedExtractor")
    }
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildResult {
    /// A new revision was built and is active.
    Built,
    /// A revision of exactly this content was there already; it is active now.
    Unchanged,
}

/// A build that succeeded.
#[derive(Debug, Clone)]
pub struct BuildOutcome {
    /// How.
    pub result: BuildResult,
    /// The revision that is active now.
    pub revision: RevisionName,
    /// Its manifest.
    pub manifest: Manifest,
    /// How many files were not read again, because they are as they were in an earlier build.
    pub reused_files: u64,
}

/// Builds and activates a revision, or activates the one that is there for exactly these documents and settings.
/// Whatever happens, the revision that was active stays whole and active until the new one is sealed.
pub fn build(
    request: &BuildRequest,
    model: &dyn EmbeddingModel,
    store: &RevisionStore,
    observer: &dyn BuildObserver,
) -> Result<BuildOutcome, BuildError> {
    let lock = lock(request, store)?;
    store.discard_unfinished(&lock)?;
    let (mut changed, mut restless) = (String::new(), Restless::default());
    for attempted in 1..=MAX_TRIES {
        // A log never comes to rest: at last it is read as far as it is.
        let growing = if attempted <= PATIENT_TRIES { Growing::Changed } else { Growing::Cut };
        match attempt(request, (growing, &restless), model, store, &lock, observer) {
            Ok(made) => return finish(request, store, &lock, made),
            // A document changed since it was listed or digested: the name would lie, so start over.
            Err(BuildError::Source(SourceFault::Changed { path, .. })) => {
                changed = path;
                restless.settle(attempted < PATIENT_TRIES);
            }
            Err(error) => {
                let error = blame_full_disk(error, store);
                // On a full disk the half-built folder is what fills it. If this fails too, the next build removes it.
                drop(store.discard_unfinished(&lock));
                return Err(error);
            }
        }
    }
    drop(store.discard_unfinished(&lock));
    Err(BuildError::SourcesChanging { index: request.index.clone(), path: changed, tries: MAX_TRIES })
}

/// A sealed revision, before it is activated.
struct Made {
    result: BuildResult,
    manifest: Manifest,
    reused_files: u64,
}

impl Made {
    fn unchanged(manifest: Manifest) -> Self {
        let reused_files = manifest.counts.files;
        Self { result: BuildResult::Unchanged, manifest, reused_files }
    }
}

fn attempt(
    request: &BuildRequest,
    patience: (Growing, &Restless),
    model: &dyn EmbeddingModel,
    store: &RevisionStore,
    lock: &WriteLock,
    observer: &dyn BuildObserver,
) -> Result<Made, BuildError> {
    // A factory string that is none need not wait for the last document.
    Factory::choose(&request.settings.index, 0, model.identity().dimension).map_err(IndexError::from)?;
    let plan = Plan::of(request, patience, model, observer)?;
    match reuse(store, plan.identity, model)? {
        Some(manifest) => Ok(Made::unchanged(manifest)),
        None => Build::run(request, (&plan, patience.1), model, store, lock, observer),
    }
}

/// tantivy tells of a full disk in words only, and FAISS, which closes its file in a destructor, not at all: it leaves
/// a short file. So after a failure of either the disk itself is asked.
fn blame_full_disk(error: BuildError, store: &RevisionStore) -> BuildError {
    match &error {
        BuildError::Index(IndexError::Text { .. } | IndexError::Vectors { .. })
        | BuildError::Revision(RevisionError::Index(_)) => match durable::check_space(store.dir()) {
            Err(full) if full.is_retryable() => RevisionError::from(full).into(),
            _ => error,
        },
        _ => error,
    }
}

fn lock(request: &BuildRequest, store: &RevisionStore) -> Result<WriteLock, BuildError> {
    store.lock().map_err(|error| match &error {
        RevisionError::Storage(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
            BuildError::Busy { index: request.index.clone() }
        }
        _ => error.into(),
    })
}

/// The manifest of a whole revision for exactly this plan. A damaged one is no reason to fail, it is built again; one
/// that cannot be looked at just now (no file handles, no permission) is, since it may be whole and active.
fn reuse(
    store: &RevisionStore,
    identity: Sha256Digest,
    model: &dyn EmbeddingModel,
) -> Result<Option<Manifest>, BuildError> {
    let revision = match store.open(&RevisionName::of(identity)) {
        Ok(revision) => revision,
        Err(RevisionError::Missing(_)) => return Ok(None),
        Err(error) if error.is_damage() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // The name is 8 digits of the identity.
    let same = revision.manifest.identity == identity && revision.check_model(model.identity()).is_ok();
    Ok(same.then_some(revision.manifest))
}

fn finish(
    request: &BuildRequest,
    store: &RevisionStore,
    lock: &WriteLock,
    made: Made,
) -> Result<BuildOutcome, BuildError> {
    let Made { result, manifest, reused_files } = made;
    // Writing what stands there already would look like a change to whoever watches.
    if store.active().ok().flatten().as_ref() != Some(&manifest.revision) {
        store.activate(lock, &manifest.revision)?;
    }
    // The new revision is active whatever becomes of the old ones; the next build removes what this one could not.
    drop(store.prune(lock, request.history));
    Ok(BuildOutcome { result, revision: manifest.revision.clone(), manifest, reused_files })
}

/// A build under way.
struct Build<'a> {
    model: &'a dyn EmbeddingModel,
    observer: &'a dyn BuildObserver,
    request: &'a BuildRequest,
    parts: Parts,
    seen: HashSet<(SourceName, DocumentId)>,
    counts: Counts,
    findings: Findings,
    files_total: u64,
    bytes_total: u64,
    /// Files that were read before and are as they were.
    reused: u64,
    /// Files that were gone when they were to be read.
    gone: HashSet<(SourceName, String)>,
    /// What could not be read for a passing reason: all of it, where `findings` keeps the first.
    failures: Vec<(String, FindingCode)>,
}

impl<'a> Build<'a> {
    fn run(
        request: &'a BuildRequest,
        (plan, restless): (&Plan, &Restless),
        model: &'a dyn EmbeddingModel,
        store: &RevisionStore,
        lock: &WriteLock,
        observer: &'a dyn BuildObserver,
    ) -> Result<Made, BuildError> {
        let dir = store.begin(lock, &plan.name)?;
        let mut build = Self::begin(request, plan, model, observer, &dir)?;
        build.index_files(plan, restless)?;
        if build.counts.chunks == 0 {
            return Err(no_documents(request, plan, &build.findings));
        }
        let reused_files = build.reused;
        let Identity { content, whole } = plan.identity_without(&build.gone, request, model);
        let identity = with_failures(whole, &build.failures);
        let (counts, findings) = build.finish_parts()?;
        if identity != plan.identity
            && let Some(manifest) = reuse(store, identity, model)?
        {
            store.discard_unfinished(lock)?;
            return Ok(Made { result: BuildResult::Unchanged, manifest, reused_files });
        }
        let found = Arc::new(findings.counts.clone());
        let model = &Cancellable { model, observer };
        let mut manifest = manifest(request, (content, identity), model, counts, findings);
        let compressing = || observer.progress(Progress::after_index(Stage::Compress, &counts, &found));
        manifest.codes = compress(&dir, request, model, &compressing).map_err(cancelled)?;
        observer.progress(Progress::after_index(Stage::Calibrate, &counts, &found));
        let mut revision = Revision::open_parts(&dir, manifest)?;
        calibrate(&mut revision, model, request.gold.as_deref(), observer).map_err(cancelled)?;
        let mut manifest = revision.manifest;
        manifest.remote = model.describe_remote().map_err(BuildError::from).map_err(cancelled)?;
        if observer.is_cancelled() {
            return Err(BuildError::Cancelled);
        }
        observer.progress(Progress::after_index(Stage::Seal, &counts, &found));
        let manifest = store.seal(lock, &dir, manifest)?;
        Ok(Made { result: BuildResult::Built, manifest, reused_files })
    }

    fn begin(
        request: &'a BuildRequest,
        plan: &Plan,
        model: &'a dyn EmbeddingModel,
        observer: &'a dyn BuildObserver,
        dir: &Path,
    ) -> Result<Self, BuildError> {
        let mut findings = Findings::default();
        plan.findings.iter().for_each(|(_, finding)| findings.push(finding.clone()));
        Ok(Self {
            model,
            observer,
            request,
            parts: Parts::create(dir, model.identity().dimension)?,
            seen: HashSet::new(),
            counts: Counts::default(),
            findings,
            files_total: plan.files.iter().map(|planned| 1 + planned.copies.len() as u64).sum(),
            bytes_total: plan.files.iter().map(|planned| planned.file.size).sum(),
            reused: 0,
            gone: HashSet::new(),
            failures: Vec::new(),
        })
    }

    fn index_files(&mut self, plan: &Plan, restless: &Restless) -> Result<(), BuildError> {
        let preparer = Preparer::new(self.request, self.model);
        self.observer.progress(self.so_far());
        for batch in batches(&plan.files) {
            // All that changed in the batch are noted, and not only the first.
            let prepare = |planned: &PlannedFile| match preparer.prepare(planned, self.observer) {
                Err(BuildError::Source(SourceFault::Changed { .. })) => {
                    restless.note(once(&planned.file));
                    Ok(None)
                }
                other => other.map(Some),
            };
            let prepared: Vec<Option<_>> = batch.par_iter().map(prepare).collect::<Result<_, BuildError>>()?;
            if let Some(at) = prepared.iter().position(Option::is_none) {
                return Err(batch[at].file.changed().into());
            }
            let prepared: Vec<Option<Prepared>> = prepared.into_iter().flatten().collect();
            for (planned, prepared) in batch.iter().zip(&prepared) {
                self.note_gone(planned, prepared.as_ref(), restless)?;
            }
            let prepared: Vec<Prepared> = prepared.into_iter().flatten().collect();
            self.refuse(&prepared)?;
            self.write(prepared)?;
            if self.observer.is_cancelled() {
                return Err(BuildError::Cancelled);
            }
        }
        Ok(())
    }

    /// Leaves out files that are gone since they were listed: those before the one of a content that was read.
    fn note_gone(
        &mut self,
        planned: &PlannedFile,
        prepared: Option<&Prepared>,
        restless: &Restless,
    ) -> Result<(), BuildError> {
        let read = prepared.map(|prepared| (&prepared.source, &prepared.path));
        let all = once(&planned.file).chain(&planned.copies);
        for file in all.take_while(|file| Some((&file.source, &file.path)) != read) {
            let source = self.request.sources.iter().find(|source| source.name == file.source);
            if source.is_some_and(|source| is_there(source, file)) {
                restless.note(once(file));
                return Err(file.changed().into());
            }
            self.files_total = self.files_total.saturating_sub(1);
            self.gone.insert((file.source.clone(), file.path.clone()));
        }
        Ok(())
    }

    /// Ends the build at the first file that cannot be used, where its source wants that.
    fn refuse(&self, prepared: &[Prepared]) -> Result<(), BuildError> {
        for file in prepared {
            // What cannot be read is missing from each source that holds it.
            let held_by =
                |name: &SourceName| file.source == *name || file.copies.iter().any(|copy| copy.source == *name);
            let must_be_whole = |source: &&FolderSource| source.on_error == OnError::Fail && held_by(&source.name);
            let source = self.request.sources.iter().find(must_be_whole);
            let missing = file.findings.iter().find(|finding| skips(finding));
            let refusal = missing.or_else(|| file.findings.first().filter(|_| file.documents.is_empty()));
            if let (Some(source), Some(finding)) = (source, refusal) {
                let copy = file.copies.iter().find(|copy| copy.source == source.name && file.source != source.name);
                let path = copy.map_or_else(|| finding.path.clone(), |copy| copy.path.clone());
                return Err(refused(self.request, &source.name, Finding { path, ..finding.clone() }));
            }
        }
        Ok(())
    }

    fn write(&mut self, prepared: Vec<Prepared>) -> Result<(), BuildError> {
        let prepared = self.without_duplicates(prepared);
        let bytes = prepared.iter().map(|file| file.bytes).sum();
        let lengths = |file: &Prepared| file.documents.iter().map(|cut| cut.chunks.len()).collect::<Vec<_>>();
        let lengths: Vec<Vec<usize>> = prepared.iter().map(lengths).collect();
        let chunks = lengths.iter().flatten().sum::<usize>() as u64;
        let before = Progress { chunks_expected: self.expect(chunks, bytes), ..self.so_far() };
        let mut entries = Vec::new();
        for file in prepared {
            self.counts.files += 1 + file.copies.len() as u64;
            self.counts.source_bytes += file.bytes;
            // What is wrong with a file is wrong with its copies.
            for copy in &file.copies {
                let same = |finding: &Finding| Finding { path: copy.path.clone(), ..finding.clone() };
                let of_content = file.findings.iter().filter(|finding| !finding.code.is_of_the_moment());
                of_content.map(same).for_each(|finding| self.findings.push(finding));
            }
            let passing = file.findings.iter().filter(|finding| finding.code.is_passing());
            self.failures.extend(passing.map(|finding| (finding.path.clone(), finding.code)));
            file.findings.into_iter().for_each(|finding| self.findings.push(finding));
            // What a name says is its own.
            let read_as = file.read_as.filter(|_| !file.documents.is_empty());
            let paths = once(file.path.as_str()).chain(file.copies.iter().map(|copy| copy.path.as_str()));
            let wrong = paths.filter_map(|path| misnamed(path, read_as?));
            wrong.for_each(|finding| self.findings.push(finding));
            let copies: Vec<String> = file.copies.iter().map(|copy| copy_name(&file.source, copy)).collect();
            self.reused += u64::from(file.is_reused) * (1 + copies.len() as u64);
            for mut document in file.documents {
                // Whoever is shown the path can open it.
                document.path.clone_from(&file.on_disk);
                let (source, digest, copies) = (file.source.clone(), file.digest, copies.clone());
                entries.push(Entry { document, source, digest, copies });
            }
        }
        self.parts.write(&entries, self.model, &Embedding::begin(self.observer, before, lengths))?;
        let tokens = entries.iter().flat_map(|entry| &entry.document.chunks).map(|chunk| u64::from(chunk.tokens));
        self.counts.tokens += tokens.sum::<u64>();
        self.counts.documents += entries.len() as u64;
        self.counts.chunks += chunks;
        self.observer.progress(self.so_far());
        Ok(())
    }

    /// Leaves out documents whose id was seen before in their source: a citation must name one document.
    fn without_duplicates(&mut self, mut prepared: Vec<Prepared>) -> Vec<Prepared> {
        for file in &mut prepared {
            let source = &file.source;
            for document in file.documents.extract_if(.., |d| !self.seen.insert((source.clone(), d.id.clone()))) {
                self.findings.push(Finding::new(
                    FindingCode::DuplicateId,
                    document.path,
                    format!("another document of the source has the id `{}` too", document.id),
                    "give one of them another id; the first one is kept",
                ));
            }
        }
        prepared
    }

    fn so_far(&self) -> Progress {
        Progress {
            stage: Stage::Index,
            files_done: self.counts.files,
            files_total: self.files_total,
            documents: self.counts.documents,
            chunks: self.counts.chunks,
            chunks_expected: self.expect(0, 0),
            findings: Arc::new(self.findings.counts.clone()),
        }
    }

    /// Chunks in all, when `chunks` more come from the next `bytes`, and the rest is like what was read by then.
    fn expect(&self, chunks: u64, bytes: u64) -> u64 {
        let (known, read) = (self.counts.chunks + chunks, self.counts.source_bytes + bytes);
        if read == 0 { known } else { (known as f64 * self.bytes_total.max(read) as f64 / read as f64).round() as u64 }
    }

    fn finish_parts(self) -> Result<(Counts, Findings), BuildError> {
        self.parts.finish()?;
        Ok((self.counts, self.findings))
    }
}

/// How a copy is named beside a document of `source`: by its path, behind its own source if that is another.
fn copy_name(source: &SourceName, copy: &SourceFile) -> String {
    let path = copy.path_on_disk();
    if copy.source == *source { path.into_owned() } else { format!("{}: {path}", copy.source) }
}

/// Runs of files of about `BATCH_BYTES`.
fn batches(files: &[PlannedFile]) -> Vec<&[PlannedFile]> {
    let (mut batches, mut start, mut bytes) = (Vec::new(), 0, 0_u64);
    for (at, planned) in files.iter().enumerate() {
        bytes += planned.file.size;
        if bytes >= BATCH_BYTES {
            batches.push(&files[start..=at]);
            (start, bytes) = (at + 1, 0);
        }
    }
    if start < files.len() {
        batches.push(&files[start..]);
    }
    batches
}

/// Names the first findings: without a revision there is no other place to read them.
fn no_documents(request: &BuildRequest, plan: &Plan, findings: &Findings) -> BuildError {
    let folders: Vec<String> = request.sources.iter().map(|s| s.root.display().to_string()).collect();
    let seen = match (plan.looked_at, plan.left_out) {
        (0, 0) if plan.hidden > 0 => "nothing but hidden or temporary files, which are never read, was seen".to_owned(),
        (0, 0) => "no file was seen".to_owned(),
        (looked_at, 0) => format!("{looked_at} files were looked at"),
        (looked_at, left_out) => {
            format!("{looked_at} files were looked at, {left_out} more are left out by `include` and `exclude`,")
        }
    };
    let advice = match (plan.looked_at, plan.left_out) {
        (0, 0) => format!("correct `folder.path`, or put documents there: {ACCEPTED} are read"),
        (0, _) => format!("correct `include` and `exclude`; without them, {ACCEPTED} are read"),
        _ => nothing_to_read(findings),
    };
    BuildError::NoDocuments { index: request.index.clone(), seen, folders: folders.join(", "), advice }
}

/// What became of the files that were looked at, and what to do about it.
fn nothing_to_read(findings: &Findings) -> String {
    let show = |finding: &Finding| format!("{} ({})", finding.path, finding.code);
    let first: Vec<String> = findings.first.iter().take(FINDINGS_NAMED).map(show).collect();
    let more = match findings.total() - first.len() as u64 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if first.is_empty() {
        return "none of them held text".to_owned();
    }
    let first = first.join(", ");
    let unsupported = findings.counts.contains_key(&FindingCode::UnsupportedFormat.to_string());
    let accepted = if unsupported { format!("; {ACCEPTED} are read") } else { String::new() };
    format!("none of them held text that can be read: {first}{more}; correct or convert them, or add others{accepted}")
}

/// The identity of what was built. A file that could not be read for a passing reason (its reader was killed, or had no time
/// on a busy machine) is missing here and not in what the plan names, so the next build does not take one for the other.
fn with_failures(planned: Sha256Digest, failures: &[(String, FindingCode)]) -> Sha256Digest {
    if failures.is_empty() {
        return planned;
    }
    let mut hasher = Sha256Hasher::default();
    hasher.update_field(planned.as_bytes());
    for (path, code) in failures {
        hasher.update_field(path.as_bytes());
        hasher.update_field(code.to_string().as_bytes());
    }
    hasher.finish()
}

fn manifest(
    request: &BuildRequest,
    (content, identity): (Sha256Digest, Sha256Digest),
    model: &dyn EmbeddingModel,
    counts: Counts,
    findings: Findings,
) -> Manifest {
    Manifest {
        format_version: FORMAT_VERSION,
        revision: RevisionName::of(identity),
        identity,
        index: request.index.clone(),
        created_time: request.created_time.clone(),
        built_by: request.built_by.clone(),
        settings: request.settings.clone(),
        settings_digest: request.settings.digest(),
        content_digest: content,
        model: model.identity().clone(),
        remote: None,
        counts,
        findings,
        background: Background::default(),
        evaluation: None,
        codes: None,
        files: Vec::new(),
    }
}

/// Compresses the vectors where their number or the request asks for it. What is chosen by number alone is given up where
/// it would find too little.
fn compress(
    dir: &Path,
    request: &BuildRequest,
    model: &dyn EmbeddingModel,
    begins: &dyn Fn(),
) -> Result<Option<CodesDescription>, BuildError> {
    let exact = ExactVectors::open(dir, model.identity().dimension)?;
    let kind = &request.settings.index;
    let chosen = Factory::choose(kind, exact.len(), exact.dimension()).map_err(IndexError::from)?;
    let Some(factory) = chosen else { return Ok(None) };
    begins();
    let questions = model.embed_queries(&off_topic_texts())?;
    let codes = vectors::build_codes(dir, &exact, &factory, questions.values())?;
    if *kind == VectorIndexType::Auto && codes.recall < vectors::LEAST_RECALL {
        durable::remove(&dir.join(vectors::CODES_FILE)).map_err(RevisionError::from)?;
        return Ok(None);
    }
    Ok(Some(codes))
}

impl BuildOutcome {
    /// Whether anything new was built.
    pub fn is_new(&self) -> bool {
        self.result == BuildResult::Built
    }
}

impl BuildError {
    /// Whether the same request can succeed later.
    pub fn is_retryable(&self) -> bool {
        self.class() == ErrorClass::Retryable
    }
}
