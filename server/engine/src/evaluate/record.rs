//! What a revision keeps of how it did on its gold set: figures to compare it with others by, without asking again.

use std::collections::BTreeMap;

use ragops_storage::Sha256Digest;
use serde::{Deserialize, Serialize};

use super::bootstrap::Interval;
use super::report::Metric;

/// What a revision reached on the gold set of its RagIndex.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The gold set.
    pub gold_set: String,
    /// Digest of its questions and judgements.
    pub digest: Sha256Digest,
    /// Questions that have an answer; means are over these, as those of `eval` are.
    pub queries: u32,
    /// Questions that nothing answers.
    pub unanswerable: u32,
    /// Of these, questions for which the index holds none of the documents: confidence is calibrated without them.
    pub left_out: u32,
    /// Figures by metric; none where no question is left.
    pub scores: BTreeMap<Metric, Score>,
    /// Why confidence is not calibrated by it, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_calibrated: Option<String>,
}

/// A mean over questions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The mean, 0 to 1.
    pub mean: f64,
    /// Its 95 % bootstrap interval.
    pub interval: Interval,
}
