//! What a revision says of itself, in `manifest.json`. Written last; whoever can read it can trust the folder.

use std::collections::BTreeMap;

use ragops_embed::ModelIdentity;
use ragops_storage::Sha256Digest;
use serde::{Deserialize, Serialize};

use super::RevisionName;
use crate::answer::background::Background;
use crate::document::Finding;
use crate::settings::BuildSettings;

/// The manifest's file name.
pub const FILE: &str = "manifest.json";

/// Findings kept one by one; beyond it only their counts by code are.
pub const MAX_FINDINGS: usize = 1_000;

/// Everything a reader must know before it opens the other files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The layout of the folder; see `FORMAT_VERSION`.
    pub format_version: u32,
    /// The revision's own name.
    pub revision: RevisionName,
    /// The RagIndex it belongs to.
    pub index: String,
    /// When it was sealed, RFC 3339 in UTC.
    pub created_time: String,
    /// The version of the program that built it.
    pub built_by: String,
    /// Settings it was built with.
    pub settings: BuildSettings,
    /// Digest of those settings.
    pub settings_digest: Sha256Digest,
    /// Digest of every source file's name and content: two revisions with the same one and the same settings digest
    /// answer alike.
    pub content_digest: Sha256Digest,
    /// The embedding model.
    pub model: ModelIdentity,
    /// How much there is.
    pub counts: Counts,
    /// What could not be read, or only in part.
    pub findings: Findings,
    /// The model's background on this index: what unrelated things score.
    pub background: Background,
    /// Every other file of the folder, by path, sorted.
    pub files: Vec<FileEntry>,
}

/// How much a revision holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Source files looked at.
    pub files: u64,
    /// Documents indexed (a `.jsonl` line is one).
    pub documents: u64,
    /// Chunks indexed.
    pub chunks: u64,
    /// Tokens embedded, as the model counts them.
    pub tokens: u64,
    /// Bytes of source files.
    pub source_bytes: u64,
}

/// Findings: all counted, the first `MAX_FINDINGS` kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// How many there are of each code.
    pub counts: BTreeMap<String, u64>,
    /// The first of them, in the order of the files.
    pub first: Vec<Finding>,
}

impl Findings {
    /// Counts a finding and keeps it while there is room.
    pub fn push(&mut self, finding: Finding) {
        *self.counts.entry(finding.code.to_string()).or_default() += 1;
        if self.first.len() < MAX_FINDINGS {
            self.first.push(finding);
        }
    }

    /// All findings, kept or not.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// One file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path inside the revision, with `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Digest of the bytes.
    pub sha256: Sha256Digest,
}
