//! What a build tells while it runs. The engine reports facts; how they are shown is the caller's.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use crate::revision::manifest::Counts;

/// The steps of a build, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Listing and digesting source files.
    Scan,
    /// Reading, chunking, embedding and indexing.
    Index,
    /// Compressing the vectors of a large index.
    Compress,
    /// Measuring the model's background on the new index.
    Calibrate,
    /// Digesting, syncing and naming the revision.
    Seal,
}

/// Where a build stands. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The step.
    pub stage: Stage,
    /// Source files done.
    pub files_done: u64,
    /// Source files in all; 0 while scanning.
    pub files_total: u64,
    /// Documents indexed.
    pub documents: u64,
    /// Chunks indexed.
    pub chunks: u64,
    /// Chunks in all: exact once everything has been read, before that as if what is to come were cut like what was
    /// read so far; 0 while nothing has been read.
    pub chunks_expected: u64,
    /// Problems found, by code.
    pub findings: Arc<BTreeMap<String, u64>>,
}

impl Progress {
    /// The start of a step.
    pub fn at(stage: Stage) -> Self {
        let findings = Arc::default();
        Self { stage, files_done: 0, files_total: 0, documents: 0, chunks: 0, chunks_expected: 0, findings }
    }

    /// A step after everything was indexed.
    pub(super) fn after_index(stage: Stage, counts: &Counts, findings: &Arc<BTreeMap<String, u64>>) -> Self {
        let Counts { files, documents, chunks, .. } = *counts;
        let findings = Arc::clone(findings);
        Self { stage, files_done: files, files_total: files, documents, chunks, chunks_expected: chunks, findings }
    }
}

/// Follows the embedding of a batch: chunks that were embedded become documents and files that are done. Reports are
/// made one at a time and never go back, although chunks are embedded on many threads.
pub(super) struct Embedding<'a> {
    observer: &'a dyn BuildObserver,
    before: Progress,
    /// Chunks of the batch up to the end of each document, and of each file.
    document_ends: Vec<u64>,
    file_ends: Vec<u64>,
    embedded: Mutex<u64>,
}

impl<'a> Embedding<'a> {
    /// Of a batch that begins at `before`: for each file, how many chunks each of its documents has.
    pub(super) fn begin<D>(
        observer: &'a dyn BuildObserver,
        before: Progress,
        files: impl IntoIterator<Item = D>,
    ) -> Self
    where
        D: IntoIterator<Item = usize>,
    {
        let (mut end, mut document_ends, mut file_ends) = (0, Vec::new(), Vec::new());
        for documents in files {
            for chunks in documents {
                end += chunks as u64;
                document_ends.push(end);
            }
            file_ends.push(end);
        }
        Self { observer, before, document_ends, file_ends, embedded: Mutex::default() }
    }

    /// So many more chunks are embedded. Breaks when the build is to end.
    pub(super) fn advance(&self, chunks: usize) -> ControlFlow<()> {
        let mut embedded = self.embedded.lock().unwrap_or_else(PoisonError::into_inner);
        *embedded += chunks as u64;
        let done = |ends: &[u64]| ends.partition_point(|end| *end <= *embedded) as u64;
        self.observer.progress(Progress {
            files_done: self.before.files_done + done(&self.file_ends),
            documents: self.before.documents + done(&self.document_ends),
            chunks: self.before.chunks + *embedded,
            ..self.before.clone()
        });
        if self.observer.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Watches a build, and can end it.
pub trait BuildObserver: Sync {
    /// Called as chunks are embedded, from any of the build's threads, one call at a time, and often: thin out what is
    /// shown. Within a stage no figure goes back but `chunks_expected`, which is an estimate.
    fn progress(&self, progress: Progress);

    /// Asked at each folder listed, file digested, group of chunks embedded and question of the calibration, from any
    /// of the build's threads; `true` ends the build soon with `BuildError::Cancelled` and leaves the active revision.
    /// Only sealing is not interrupted.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl BuildObserver for Unobserved {
    fn progress(&self, _progress: Progress) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<Progress>>);

    impl BuildObserver for Recorder {
        fn progress(&self, progress: Progress) {
            self.0.lock().unwrap().push(progress);
        }
    }

    /// Small corpora are one batch, and used to show no file done until all were.
    #[test]
    fn files_and_documents_are_done_as_their_last_chunk_is_embedded() {
        let recorder = Recorder::default();
        let before =
            Progress { files_done: 10, files_total: 13, documents: 20, chunks: 100, ..Progress::at(Stage::Index) };
        // A file with a document without chunks comes first; then two documents in one file; then one in one.
        let embedding = Embedding::begin(&recorder, before, [vec![0], vec![2, 3], vec![1]]);
        for chunks in [1, 1, 2, 1, 1] {
            assert!(embedding.advance(chunks).is_continue());
        }
        let seen: Vec<_> = recorder.0.lock().unwrap().iter().map(|p| (p.files_done, p.documents, p.chunks)).collect();
        assert_eq!(seen, [(11, 21, 101), (11, 22, 102), (11, 22, 104), (12, 23, 105), (13, 24, 106)]);
    }

    #[test]
    fn reports_from_many_threads_never_go_back_and_reach_the_end() {
        let recorder = Recorder::default();
        let embedding = Embedding::begin(&recorder, Progress::at(Stage::Index), (0..800).map(|_| [1]));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..100).for_each(|_| assert!(embedding.advance(1).is_continue())));
            }
        });
        let seen: Vec<u64> = recorder.0.lock().unwrap().iter().map(|progress| progress.files_done).collect();
        assert_eq!(seen, (1..=800).collect::<Vec<u64>>());
    }
}
