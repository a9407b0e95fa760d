//! What a build tells while it runs. The engine reports facts; how they are shown is the caller's.

/// The steps of a build, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Listing and digesting source files.
    Scan,
    /// Reading, chunking, embedding and indexing.
    Index,
    /// Measuring the model's background on the new index.
    Calibrate,
    /// Digesting, syncing and naming the revision.
    Seal,
}

/// Where a build stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Problems found.
    pub findings: u64,
}

impl Progress {
    /// The start of a step.
    pub fn at(stage: Stage) -> Self {
        Self { stage, files_done: 0, files_total: 0, documents: 0, chunks: 0, findings: 0 }
    }
}

/// Watches a build, and can end it.
pub trait BuildObserver: Sync {
    /// Called as chunks are embedded, from any of the build's threads, and often: thin out what is shown.
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
