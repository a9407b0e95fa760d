//! What a build and a question are told. Plain values with the defaults of the RagIndex resource; the server fills
//! them from it. Nothing here is read from the environment.

use ragops_storage::{Sha256Digest, digest_bytes};
use serde::{Deserialize, Serialize};

use crate::chunk::ChunkSettings;

/// What decides a revision's content, beside the sources and the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildSettings {
    /// How documents are cut.
    pub chunking: ChunkSettings,
    /// Which vector index is built.
    pub index: VectorIndexType,
}

impl Default for BuildSettings {
    fn default() -> Self {
        Self { chunking: ChunkSettings { max_tokens: 384, overlap_tokens: 48 }, index: VectorIndexType::Auto }
    }
}

impl BuildSettings {
    /// A digest that changes when any setting does.
    pub fn digest(&self) -> Sha256Digest {
        let json = serde_json::to_vec(self).expect("plain settings always serialise");
        digest_bytes(&json)
    }
}

/// Which vector index is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VectorIndexType {
    /// Chosen by size: exact while there are few chunks, then as `IvfPq`.
    Auto,
    /// Exact search over all vectors.
    Flat,
    /// An inverted file of product-quantised codes; what it finds is compared exactly.
    IvfPq,
    /// A navigable small-world graph over 8-bit vectors; what it finds is compared exactly.
    Hnsw,
    /// What a FAISS factory string says; what it finds is compared exactly.
    Factory(String),
}

/// How passages are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrievalSettings {
    /// How many passages an answer may draw on.
    pub top_k: usize,
    /// How many hits each channel gives to the fusion.
    pub channel_depth: usize,
    /// How many of the passages found a reranker puts into its order, where there is one.
    pub rerank_depth: usize,
}

impl Default for RetrievalSettings {
    fn default() -> Self {
        Self { top_k: 8, channel_depth: 100, rerank_depth: 32 }
    }
}

/// How answers are made and attributed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnsweringSettings {
    /// The share of unrelated sentence pairs that a citation must exceed in similarity, 0 to 1; `None` for .98, and
    /// .999 to be more than weak.
    pub min_similarity: Option<f32>,
    /// The most citations of one sentence.
    pub max_citations: usize,
}

impl Default for AnsweringSettings {
    fn default() -> Self {
        Self { min_similarity: None, max_citations: 4 }
    }
}

/// When a question is answered and when it becomes a ticket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ConfidenceSettings {
    /// The cut for this share of right answers, on the curve of `answer::confidence`; the revision's background may
    /// raise it.
    Calibrated {
        /// Between 0 and 1.
        target_precision: f32,
    },
    /// Answer from this confidence on.
    Fixed {
        /// On the 0..1 scale.
        minimum: f32,
    },
}

/// The precision that is asked for unless told otherwise.
pub const DEFAULT_TARGET_PRECISION: f32 = 0.9;

impl Default for ConfidenceSettings {
    fn default() -> Self {
        Self::Calibrated { target_precision: DEFAULT_TARGET_PRECISION }
    }
}

/// Everything that can change without a new revision.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct QuerySettings {
    /// How passages are found.
    pub retrieval: RetrievalSettings,
    /// How answers are made.
    pub answering: AnsweringSettings,
    /// When a question is answered.
    pub confidence: ConfidenceSettings,
}
