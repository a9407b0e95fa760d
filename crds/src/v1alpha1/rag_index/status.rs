//! What the operator reports about a `RagIndex`. Every list is bounded; nothing here drives a decision by itself.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::conditions::conditions_schema;
use crate::v1alpha1::shared::{Diagnostic, REVISION_PATTERN};

/// What is observed now. Written by the operator only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RagIndexStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Accepted, Built, Evaluated, Promoted, Serving and Degraded, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// The revision that serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_revision: Option<RevisionStatus>,
    /// The revision that is being built, judged or rolled out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate_revision: Option<RevisionStatus>,
    /// Revisions that are kept to roll back to, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 21), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub revisions: Vec<RevisionStatus>,
    /// Revisions that failed; they are not built again until their identity changes or the back-off says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub failed_revisions: Vec<FailedRevision>,
    /// Why children fail, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub diagnostics: Vec<Diagnostic>,
    /// Pods that serve; read by `/scale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Pods that serve and are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// Label selector of the serving pods; read by `/scale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub selector: Option<String>,
    /// Address inside the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub endpoint: Option<String>,
    /// Tickets without a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_escalations: Option<i32>,
    /// The last tick of the schedule that was acted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"), length(max = 64))]
    pub last_schedule_time: Option<String>,
    /// The last reindex request that was acted on, as it stood in the annotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub last_reindex_request: Option<String>,
}

/// One revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionStatus {
    /// Eight characters of the revision's identity digest.
    #[schemars(length(min = 8, max = 8), regex(pattern = REVISION_PATTERN))]
    pub name: String,
    /// Digest of the content, an output of the build: equal digests mean equal answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub content_digest: Option<String>,
    /// Documents in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<i64>,
    /// Chunks in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunks: Option<i64>,
    /// Files that could not be read, each named in the revision's findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<i64>,
    /// When its build ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"), length(max = 64))]
    pub built_time: Option<String>,
    /// When it was promoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"), length(max = 64))]
    pub promoted_time: Option<String>,
    /// The scores that were recorded when it was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<Scores>,
}

/// Recorded scores, 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scores {
    /// Questions that were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries: Option<i64>,
    /// Share of relevant documents among the first five.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall_at5: Option<f64>,
    /// Normalised discounted cumulative gain of the first ten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ndcg_at10: Option<f64>,
    /// Mean reciprocal rank within the first ten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mrr_at10: Option<f64>,
}

/// A revision that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedRevision {
    /// Eight characters of the revision's identity digest.
    #[schemars(length(min = 8, max = 8), regex(pattern = REVISION_PATTERN))]
    pub name: String,
    /// Why it failed, one CamelCase word.
    #[schemars(length(max = 128))]
    pub reason: String,
    /// What was said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
    /// Attempts so far; the back-off follows from it and survives a restart.
    pub attempts: i32,
    /// When the last attempt ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"), length(max = 64))]
    pub last_time: Option<String>,
}
