//! Reads and cuts one file of a build, or finds what became of it before.

use std::sync::Arc;

use ragops_embed::EmbeddingModel;
use ragops_storage::Sha256Digest;

use super::BuildError;
use super::documents::{self, CutDocument, CutFile, DocumentCache};
use super::pipeline::BuildRequest;
use super::plan::{PlannedFile, restless};
use super::progress::BuildObserver;
use crate::chunk::chunk;
use crate::document::{Finding, FindingCode, SourceName};
use crate::read::{FileContent, LoadError, MediaType, Reading, Registry, SourceFile, Unread};
use crate::settings::BuildSettings;

/// A file read and cut.
pub(super) struct Prepared {
    pub(super) source: SourceName,
    pub(super) path: String,
    /// Its path as it is on the disk.
    pub(super) on_disk: String,
    pub(super) digest: Sha256Digest,
    pub(super) copies: Vec<SourceFile>,
    pub(super) bytes: u64,
    pub(super) documents: Vec<CutDocument>,
    pub(super) findings: Vec<Finding>,
    /// What its bytes were read as.
    pub(super) read_as: Option<MediaType>,
    /// It was read and cut by an earlier build.
    pub(super) is_reused: bool,
}

/// Reads and cuts files, on all cores.
pub(super) struct Preparer<'a> {
    registry: Registry,
    model: &'a dyn EmbeddingModel,
    settings: &'a BuildSettings,
    documents: Option<&'a DocumentCache>,
}

impl<'a> Preparer<'a> {
    pub(super) fn new(request: &'a BuildRequest, model: &'a dyn EmbeddingModel) -> Self {
        let registry = Registry::with(Arc::clone(&request.extractor.0));
        Self { registry, model, settings: &request.settings, documents: request.documents.as_deref() }
    }

    /// One file, from the cache where it is there; none where it and all its copies are gone.
    pub(super) fn prepare(
        &self,
        planned: &PlannedFile,
        observer: &dyn BuildObserver,
    ) -> Result<Option<Prepared>, BuildError> {
        if observer.is_cancelled() {
            return Err(BuildError::Cancelled);
        }
        let PlannedFile { file, digest, copies, held, .. } = planned;
        let prepared = |file: &SourceFile, copies: &[SourceFile], cut: CutFile, bytes: u64, is_reused: bool| {
            let CutFile { documents, mut findings, read_as } = cut;
            findings.extend(planned.findings.iter().cloned());
            let (source, path, copies) = (file.source.clone(), file.path.clone(), copies.to_vec());
            let on_disk = file.path_on_disk().into_owned();
            Prepared { source, path, on_disk, digest: *digest, copies, bytes, documents, findings, read_as, is_reused }
        };
        // What it was at one moment, it will hardly be again.
        let cache = self.documents.filter(|_| held.is_none() && !planned.is_cut);
        let key = documents::key((&file.source, &file.path), *digest, &self.settings.chunking, self.model);
        if let Some(known) = cache.and_then(|cache| cache.get(&key)) {
            return Ok(Some(prepared(file, copies, known, planned.bytes, true)));
        }
        if let Some((cut, bytes)) = self.read(file, held.as_deref(), *digest)? {
            if let Some(cache) = cache {
                cache.put(&key, &cut);
            }
            return Ok(Some(prepared(file, copies, cut, bytes, false)));
        }
        // One that is gone leaves its place to its copies.
        for (at, copy) in copies.iter().enumerate() {
            if let Some((cut, bytes)) = self.read(copy, None, *digest)? {
                return Ok(Some(prepared(copy, &copies[at + 1..], cut, bytes, false)));
            }
        }
        Ok(None)
    }

    /// Reads and cuts one file. One whose bytes are no longer those that were digested has changed, and so has one that
    /// could be read then and is refused now; one that is gone is none.
    fn read(
        &self,
        file: &SourceFile,
        held: Option<&FileContent>,
        digest: Sha256Digest,
    ) -> Result<Option<(CutFile, u64)>, BuildError> {
        let loaded = held.map_or_else(|| file.load(), |held| Ok(held.clone()));
        let content: FileContent = match loaded {
            Ok(content) => content,
            Err(LoadError::Gone) => return Ok(None),
            Err(LoadError::Refused(_)) => return Err(file.changed().into()),
            Err(LoadError::Fault(fault)) => return Err(fault.into()),
        };
        if content.digest != digest {
            return Err(file.changed().into());
        }
        let Reading { documents, mut findings, read_as, unread } = self.registry.read(&content);
        if held.is_some() {
            findings.push(restless(file));
        } else if content.is_cut {
            findings.push(grew(file));
        }
        match unread {
            Some(Unread::Cancelled) => return Err(BuildError::Cancelled),
            Some(Unread::NoReader(reason)) => return Err(BuildError::NoReader { path: file.path.clone(), reason }),
            None => {}
        }
        let counter = |text: &str| self.model.count_tokens(text);
        let cut = documents.into_iter().map(|document| {
            let chunks = chunk(&document, &self.settings.chunking, &counter);
            CutDocument::new(document, chunks)
        });
        Ok(Some((CutFile { documents: cut.collect(), findings, read_as }, content.bytes.len() as u64)))
    }
}

/// The finding for a file that never came to rest.
fn grew(file: &SourceFile) -> Finding {
    let detail = format!("it grew while it was read: its first {} bytes are indexed", file.size);
    let advice = "exclude files that are written all the time, or write them elsewhere and move them here";
    Finding::new(FindingCode::GrewWhileRead, &file.path, detail, advice)
}
