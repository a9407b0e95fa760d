//! `Escalation`: a question that had too little evidence, what was found, a person's reply and another person's
//! decision. An approved reply becomes part of the next revision. Question and evidence never change.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::conditions::conditions_schema;
use crate::v1alpha1::shared::{REVISION_PATTERN, ResourceRef};

/// The question, its evidence, the reply and the decision.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "ragops.dev",
    version = "v1alpha1",
    kind = "Escalation",
    plural = "escalations",
    shortname = "esc",
    category = "ragops",
    namespaced,
    status = "EscalationStatus",
    derive = "PartialEq",
    selectable = ".spec.indexRef.name",
    doc = "A question that an index could not answer: its evidence, a person's reply, another person's decision, and the revision that now answers it. Servers create it; people reply and decide.",
    printcolumn(name = "Index", type_ = "string", json_path = ".spec.indexRef.name", description = "Index that was asked"),
    printcolumn(name = "Question", type_ = "string", json_path = ".spec.question", description = "What was asked"),
    printcolumn(name = "Approved", type_ = "string", json_path = ".status.conditions[?(@.type=='Approved')].status", description = "Whether the reply was approved"),
    printcolumn(name = "Indexed", type_ = "string", json_path = ".status.conditions[?(@.type=='Indexed')].status", description = "Whether the answer is part of the active revision"),
    printcolumn(name = "Revision", type_ = "string", json_path = ".status.revision", description = "First revision that holds the answer"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp", description = "Time since creation"),
    validation = Rule::new("self.metadata.name.startsWith(self.spec.indexRef.name + '-') && self.metadata.name.substring(size(self.spec.indexRef.name) + 1).matches('^[1-9][0-9]{0,11}$')")
        .message("metadata.name must be the index's name, '-' and the ticket's number, such as runbooks-17").field_path(".metadata.name")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    // At the object, not at the field, so that the refusal does not repeat the text.
    validation = Rule::new("size(bytes(self.question)) <= 4096").message("question must be at most 4096 bytes of UTF-8").field_path(".question"),
    validation = Rule::new("self.indexRef == oldSelf.indexRef").message("indexRef cannot be changed").reason(Reason::FieldValueForbidden).field_path(".indexRef"),
    validation = Rule::new("self.question == oldSelf.question").message("question cannot be changed").reason(Reason::FieldValueForbidden).field_path(".question"),
    validation = Rule::new("self.evidence == oldSelf.evidence").message("evidence cannot be changed").reason(Reason::FieldValueForbidden).field_path(".evidence"),
    validation = Rule::new("oldSelf.hasValue() || !has(self.decision)").optional_old_self(true)
        .message("decision cannot be set when the ticket is created").reason(Reason::FieldValueForbidden).field_path(".decision"),
    validation = Rule::new("!has(oldSelf.decision) || has(self.decision)").message("a decision cannot be taken back: set decision.outcome to Revoked to withdraw approved knowledge")
        .reason(Reason::FieldValueForbidden).field_path(".decision"),
    validation = Rule::new("!has(self.decision) || (has(self.reply) == has(oldSelf.reply) && (!has(self.reply) || self.reply == oldSelf.reply))")
        .message("reply cannot be changed by the write that decides, nor after the decision").reason(Reason::FieldValueForbidden).field_path(".reply"),
    validation = Rule::new("!has(oldSelf.reply) || has(self.reply)").message("a reply cannot be removed, only replaced before the decision")
        .reason(Reason::FieldValueForbidden).field_path(".reply"),
    validation = Rule::new("!has(self.decision) || !has(oldSelf.decision) || self.decision == oldSelf.decision || (oldSelf.decision.outcome == 'Approved' && self.decision.outcome == 'Revoked')")
        .message("a decision is final; only Approved can become Revoked").reason(Reason::FieldValueForbidden).field_path(".decision"),
    validation = Rule::new("!has(self.decision) || has(oldSelf.decision) || self.decision.outcome != 'Revoked'").message("only an approved ticket can be revoked")
        .field_path(".decision.outcome"),
    validation = Rule::new("!has(self.decision) || self.decision.outcome != 'Approved' || has(self.reply)").message("a ticket without a reply cannot be approved")
        .reason(Reason::FieldValueRequired).field_path(".reply"),
    validation = Rule::new("!has(self.decision) || self.decision.outcome != 'Approved' || !has(self.reply) || self.decision.by != self.reply.submittedBy")
        .message("decision.by must differ from reply.submittedBy: another person approves").reason(Reason::FieldValueForbidden).field_path(".decision.by")
)]
pub struct EscalationSpec {
    /// The index that was asked.
    /// Change: refused.
    pub index_ref: ResourceRef,
    /// The question as it was asked, up to 4096 bytes of UTF-8.
    /// Change: refused.
    #[schemars(length(min = 1, max = 4096))]
    pub question: String,
    /// The passages that were found and did not suffice, up to five. Default: none.
    /// Change: refused.
    #[serde(default)]
    #[schemars(length(max = 5), extend("x-kubernetes-list-type" = "atomic"))]
    pub evidence: Vec<Evidence>,
    /// A person's answer. Default: none yet.
    /// Change: allowed until the decision; each edit asks for approval again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// Another person's decision. Never set by the write that creates or replies. Default: none yet.
    /// Change: Approved adds the reply to the next revision; Revoked, from Approved only, removes it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("size(bytes(self.excerpt)) <= 512").message("excerpt must be at most 512 bytes of UTF-8").field_path(".excerpt"))]
pub struct Evidence {
    /// Id of the document.
    #[schemars(length(min = 1, max = 512))]
    pub document: String,
    /// What it says there, up to 512 bytes of UTF-8.
    #[schemars(length(max = 512))]
    pub excerpt: String,
    /// Its fused score, 0 to 1; it orders the passages and says nothing by itself.
    #[schemars(range(min = 0, max = 1))]
    pub score: f64,
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("size(bytes(self.answer)) <= 32768").message("answer must be at most 32768 bytes of UTF-8").field_path(".answer"))]
pub struct Reply {
    /// The answer, as Markdown, up to 32768 bytes of UTF-8.
    #[schemars(length(min = 1, max = 32_768))]
    pub answer: String,
    /// Name to show as the answer's author. Default: the name in submittedBy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub author: Option<String>,
    /// Identity of the person who wrote the reply, as the cluster knows it.
    #[schemars(length(min = 1, max = 256))]
    pub submitted_by: String,
    /// Topic of the knowledge. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub topic: Option<String>,
    /// Product that it is about. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub product: Option<String>,
    /// Severity of the matter, in your own words. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub severity: Option<String>,
    /// Tags, up to 32, each once. Default: none.
    #[serde(default)]
    #[schemars(length(max = 32), inner(length(min = 1, max = 64)), extend("x-kubernetes-list-type" = "set"))]
    pub tags: Vec<String>,
    /// Who may read the knowledge, in your own words. Default: everyone who may ask the index.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub auth: Option<String>,
    /// How far the knowledge is to be trusted, in your own words. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub trust: Option<String>,
}

/// A decision about the reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// "Approved": the reply becomes knowledge. "Rejected": it does not, and the ticket is closed. "Revoked": approved
    /// knowledge is withdrawn at the next build.
    pub outcome: Outcome,
    /// Identity of the person who decided, as the cluster knows it; not the person who replied.
    #[schemars(length(min = 1, max = 256))]
    pub by: String,
    /// Why. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reason: Option<String>,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Outcome {
    /// The reply becomes knowledge.
    Approved,
    /// It does not.
    Rejected,
    /// Approved knowledge is withdrawn.
    Revoked,
}

/// What is observed now. Written by the operator only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EscalationStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Answered, Approved and Indexed, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// The first revision that holds the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 8), regex(pattern = REVISION_PATTERN))]
    pub revision: Option<String>,
    /// When the approved answer was first part of the active revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"), length(max = 64))]
    pub indexed_time: Option<String>,
    /// The question asked again on that revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
}

/// The question asked again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// Revision that was asked.
    #[schemars(length(min = 8, max = 8), regex(pattern = REVISION_PATTERN))]
    pub revision: String,
    /// "Answered" or "Escalated".
    pub outcome: ReplayOutcome,
    /// Confidence of the answer on the calibrated scale, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Whether the approved answer is among the sources.
    pub cites_reply: bool,
}

/// How a replay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReplayOutcome {
    /// There was enough evidence.
    Answered,
    /// There still was not.
    Escalated,
}
