//! What a revision is made of: chunking, embedding, vector index, graph. Every change here builds a new revision.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::defaults::int;
use crate::v1alpha1::shared::{ObjectRef, ResourceRef};

/// How documents are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.overlapTokens < self.maxTokens")
    .message("overlapTokens must be less than maxTokens").field_path(".overlapTokens"))]
pub struct Chunking {
    /// Longest chunk in tokens of the embedding model, 16 to 8192. Sentences, tables and code stay whole where they
    /// fit. multilingual-e5-small sees 510 tokens at once; longer chunks are embedded by windows. Of an LlmBackend the
    /// tokens are estimated: a token for 4 Latin letters begun, 2 digits, or each syllable or sign. Default: 384.
    #[serde(default = "int::<384>")]
    #[schemars(range(min = 16, max = 8192))]
    pub max_tokens: i32,
    /// Tokens that a chunk repeats from the one before it, at sentence borders; less than maxTokens. Default: 48.
    #[serde(default = "int::<48>")]
    #[schemars(range(min = 0, max = 4096))]
    pub overlap_tokens: i32,
}

impl Default for Chunking {
    fn default() -> Self {
        Self { max_tokens: int::<384>(), overlap_tokens: int::<48>() }
    }
}

/// The embedding model: a union by `type`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.local) == (self.type == 'Local')").message("local must be set when type is Local, and only then").field_path(".local"),
    validation = Rule::new("has(self.backendRef) == (self.type == 'Backend')").message("backendRef must be set when type is Backend, and only then").field_path(".backendRef")
)]
pub struct Embedding {
    /// "Local": a model that runs inside RagOps, on the CPU. "Backend": an LlmBackend of role Embedding. Default: Local
    /// with multilingual-e5-small.
    #[serde(rename = "type")]
    pub embedding_type: EmbeddingType,
    /// The model, when type is Local.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalEmbedding>,
    /// The LlmBackend, when type is Backend. A remote model has no digest, so probe vectors are kept at build and
    /// compared when the revision is opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_ref: Option<ResourceRef>,
}

impl Default for Embedding {
    fn default() -> Self {
        let local = LocalEmbedding { model: "multilingual-e5-small".to_owned() };
        Self { embedding_type: EmbeddingType::Local, local: Some(local), backend_ref: None }
    }
}

/// Kinds of embedding model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EmbeddingType {
    /// Inside RagOps, on the CPU.
    Local,
    /// An LlmBackend of role Embedding.
    Backend,
}

/// A model that runs inside RagOps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalEmbedding {
    /// Name of an installed model; `ragops-server model list` prints them.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9][-A-Za-z0-9._]*$"))]
    pub model: String,
}

/// How vectors are searched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.factory) == (self.type == 'Factory')")
    .message("factory must be set when type is Factory, and only then").field_path(".factory"))]
pub struct VectorIndex {
    /// "Auto": exact up to 10,000 chunks, beyond that as IVFPQ. "Flat": exact, compares every vector. "IVFPQ":
    /// compressed in lists, for up to millions of chunks. "HNSW": a graph, quick but large in memory. "Factory": the FAISS
    /// factory string in `factory`. What compressed vectors find is compared exactly; each build tunes them to find .99 of the
    /// exact nearest, and `ragops-server inspect` says how much they do. IVFPQ and HNSW are exact under 1,000
    /// chunks. Default: Auto.
    #[serde(rename = "type")]
    pub index_type: IndexType,
    /// FAISS factory string, such as "IVF4096,PQ48x8", when type is Factory: first any of PCAn, PCARn, RRn and OPQm, then
    /// IVFn or HNSWm or neither, then Flat, SQ4, SQ6, SQ8, SQfp16, SQbf16, PQm, PQmxB or PQmx4fs. A list or centroid needs a
    /// chunk to learn from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), regex(pattern = r"^[A-Za-z0-9_,()+x-]+$"))]
    pub factory: Option<String>,
}

/// Kinds of vector index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IndexType {
    /// Chosen by the number of chunks.
    #[default]
    Auto,
    /// Exact search over all vectors.
    Flat,
    /// Inverted lists with product quantisation.
    #[serde(rename = "IVFPQ")]
    IvfPq,
    /// Hierarchical navigable small worlds.
    #[serde(rename = "HNSW")]
    Hnsw,
    /// A FAISS factory string.
    Factory,
}

/// The graph of entities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.backendRef) == (self.type == 'Backend')").message("backendRef must be set when type is Backend, and only then").field_path(".backendRef"),
    validation = Rule::new("has(self.external) == (self.type == 'External')").message("external must be set when type is External, and only then").field_path(".external")
)]
pub struct Graph {
    /// "Off": no graph (write it in quotes). "Extractive": entities by rules, no LLM, no cost. "Backend": entities and
    /// relations by an LlmBackend of role Chat. "External": the seven Parquet tables that Microsoft GraphRAG writes.
    /// Default: Off.
    #[serde(rename = "type")]
    pub graph_type: GraphType,
    /// The LlmBackend of role Chat that extracts, when type is Backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_ref: Option<ResourceRef>,
    /// Where the tables are, when type is External.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalGraph>,
}

/// Kinds of graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum GraphType {
    /// No graph.
    #[default]
    Off,
    /// Entities by rules.
    Extractive,
    /// Entities and relations by an LlmBackend.
    Backend,
    /// Tables that another program wrote.
    External,
}

/// Tables of Microsoft GraphRAG that another program wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalGraph {
    /// Folder of the tables: inside the claim where `claimRef` is set, else relative to the file of this resource.
    #[schemars(length(min = 1, max = 4096))]
    pub path: String,
    /// The claim that holds the folder; required in a cluster. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_ref: Option<ObjectRef>,
}
