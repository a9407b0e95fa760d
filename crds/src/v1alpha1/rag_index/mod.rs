//! `RagIndex`: sources, embedding, index, quality gate and serving of one body of documents, rolled blue-green by
//! immutable revisions. This file holds the spec's outline and the rules that cross its parts.

mod answering;
mod content;
mod operation;
mod sources;
mod status;

pub use answering::*;
pub use content::*;
pub use operation::*;
pub use sources::*;
pub use status::*;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// What to index, how to answer from it, and how to run it.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "ragops.dev",
    version = "v1alpha1",
    kind = "RagIndex",
    plural = "ragindexes",
    shortname = "ri",
    category = "ragops",
    namespaced,
    status = "RagIndexStatus",
    derive = "PartialEq",
    doc = "A body of documents that answers questions: sources, embedding, index, quality gate and serving. Every build makes an immutable revision; a revision that passes the gate takes over without a gap.",
    scale(
        spec_replicas_path = ".spec.serving.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Active", type_ = "string", json_path = ".status.activeRevision.name", description = "Revision that serves"),
    printcolumn(name = "Candidate", type_ = "string", json_path = ".status.candidateRevision.name", description = "Revision being built or judged"),
    printcolumn(name = "Docs", type_ = "integer", json_path = ".status.activeRevision.documents", description = "Documents in the active revision"),
    printcolumn(name = "Chunks", type_ = "integer", json_path = ".status.activeRevision.chunks", description = "Chunks in the active revision"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status", description = "Whether questions are answered from the wanted revision"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", description = "Why it is ready, or not"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp", description = "Time since creation"),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')")
        .message("metadata.name must be 1 to 40 lower-case letters, digits or '-', start with a letter and end with a letter or digit").field_path(".metadata.name")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.storage.accessMode != 'ReadWriteOncePod' || self.serving.replicas <= 1")
        .message("storage.accessMode ReadWriteOncePod allows one pod: set serving.replicas to 1, or use ReadWriteOnce or ReadWriteMany")
        .field_path(".serving.replicas"),
    validation = Rule::new("self.storage.accessMode != 'ReadWriteOncePod' || !has(self.serving.autoscaling)")
        .message("storage.accessMode ReadWriteOncePod allows one pod: remove serving.autoscaling, or use ReadWriteOnce or ReadWriteMany")
        .field_path(".serving.autoscaling"),
    validation = Rule::new("!has(self.graph.backendRef) || self.graph.backendRef.name != (has(self.embedding.backendRef) ? self.embedding.backendRef.name : '')")
        .message("graph.backendRef needs a chat backend and embedding.backendRef an embedding backend: they cannot be the same LlmBackend")
        .field_path(".graph.backendRef"),
    validation = Rule::new("!has(self.embedding.backendRef) || !self.answering.backendRefs.exists(b, b.name == self.embedding.backendRef.name)")
        .message("answering.backendRefs needs chat backends and embedding.backendRef an embedding backend: they cannot be the same LlmBackend")
        .field_path(".answering.backendRefs"),
    validation = Rule::new("!has(self.retrieval.reranking) || !(has(self.embedding.backendRef) && self.embedding.backendRef.name == self.retrieval.reranking.backendRef.name || has(self.graph.backendRef) && self.graph.backendRef.name == self.retrieval.reranking.backendRef.name || self.answering.backendRefs.exists(b, b.name == self.retrieval.reranking.backendRef.name))")
        .message("retrieval.reranking.backendRef needs a reranking backend: it cannot be an LlmBackend of embedding, graph or answering")
        .field_path(".retrieval.reranking.backendRef")
)]
pub struct RagIndexSpec {
    /// Where the documents come from: one to 32 sources, each with a unique name. Document ids start with the source's
    /// name, so renaming a source renames its documents.
    /// Change: a new revision is built.
    #[schemars(
        length(min = 1, max = 32),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub sources: Vec<Source>,
    /// How documents are cut into the pieces that are searched and cited.
    /// Change: a new revision is built.
    #[serde(default)]
    pub chunking: Chunking,
    /// The model that turns text into vectors. One model per revision: its id, dimension and digest stand in the
    /// revision's manifest, and another model means a new revision beside the old one.
    /// Change: a new revision is built.
    #[serde(default)]
    pub embedding: Embedding,
    /// How vectors are searched.
    /// Change: a new revision is built.
    #[serde(default)]
    pub index: VectorIndex,
    /// Whether a graph of entities is built as one more way to find passages. Write the value "Off" in quotes: bare Off
    /// is the boolean false in YAML.
    /// Change: a new revision is built.
    #[serde(default)]
    pub graph: Graph,
    /// How many passages are found for a question.
    /// Change: live, no restart.
    #[serde(default)]
    pub retrieval: Retrieval,
    /// Who words the answer and how its sentences are tied to passages.
    /// Change: live, no restart.
    #[serde(default)]
    pub answering: Answering,
    /// When there is enough evidence to answer; below it the question is escalated to people.
    /// Change: live, no restart.
    #[serde(default)]
    pub confidence: Confidence,
    /// The gate that a new revision must pass before it is promoted. Default: none, every verified revision passes.
    /// Change: the gate is judged again on the recorded scores; a new gold set needs a build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// How a new revision replaces the old one, and how many old ones are kept.
    /// Change: the operator's next step only; nothing that runs is touched.
    #[serde(default)]
    pub rollout: Rollout,
    /// The job that builds a revision: its deadline, its retries and its pod.
    /// Change: applies to the next build; a build that runs goes on.
    #[serde(default)]
    pub build: Build,
    /// The pods that answer questions.
    /// Change: pods roll, same revision (replicas and autoscaling only scale).
    #[serde(default)]
    pub serving: Serving,
    /// The volumes that hold revisions.
    /// Change: see each field; what exists is never moved or deleted.
    #[serde(default)]
    pub storage: Storage,
    /// Limits on the tickets that unanswered questions become.
    /// Change: live, no restart.
    #[serde(default)]
    pub escalation: EscalationLimits,
    /// Who is told about tickets. Default: nobody.
    /// Change: live, no restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notifications: Option<Notifications>,
    /// Builds at fixed times, for sources that change unseen. Default: none; a build follows a change of this object,
    /// a reindex request or an approved answer.
    /// Change: the next tick follows the new schedule; nothing is built because of the edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// When true, no new revision is built and none is promoted; the active revision keeps answering. Default: false.
    /// Change: true lets a build that runs finish, but not be promoted; false resumes at the next step.
    #[serde(default)]
    pub suspend: bool,
    /// What happens to the volumes when this object is deleted: "Retain" keeps them, and an index of the same name
    /// takes them over again; "Delete" removes them. Default: Retain.
    /// Change: read when the object is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}
