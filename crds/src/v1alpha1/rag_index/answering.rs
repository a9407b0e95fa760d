//! How questions are answered and judged: retrieval, answering, confidence, the evaluation gate, tickets, notices.
//! All of it is live: the serving pods follow a change without a restart.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::defaults::{int, some_thousandths, thousandths};
use crate::v1alpha1::shared::{ObjectRef, ResourceRef, SecretKeyRef};

/// How passages are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.topK <= self.channelDepth")
    .message("topK must not be greater than channelDepth").field_path(".topK"))]
pub struct Retrieval {
    /// Passages that an answer is made from, 1 to 100. Default: 8.
    #[serde(default = "int::<8>")]
    #[schemars(range(min = 1, max = 100))]
    pub top_k: i32,
    /// Passages that each channel (text, vector, graph) offers before they are fused, 10 to 1000; 50 to 200 serves
    /// most indexes whatever topK is. Default: 100.
    #[serde(default = "int::<100>")]
    #[schemars(range(min = 10, max = 1000))]
    pub channel_depth: i32,
    /// A model that puts the first passages into a better order. It takes time, some 50 ms on a GPU and seconds on a CPU; while
    /// it does not answer passages keep the order in which they were found. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reranking: Option<Reranking>,
}

impl Default for Retrieval {
    fn default() -> Self {
        Self { top_k: int::<8>(), channel_depth: int::<100>(), reranking: None }
    }
}

/// A model that puts passages into a better order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reranking {
    /// An LlmBackend of role Reranking.
    pub backend_ref: ResourceRef,
    /// How many of the passages found it is shown, the best first, 2 to 200. Default: 32.
    #[serde(default = "int::<32>")]
    #[schemars(range(min = 2, max = 200))]
    pub depth: i32,
}

/// Who words the answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answering {
    /// Chat backends in order of preference, up to 8, each named once. Default: none, and answers are sentences taken
    /// from the passages.
    #[serde(default)]
    #[schemars(
        length(max = 8),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub backend_refs: Vec<ResourceRef>,
    /// How several backends share the work. "Failover": the first healthy one answers. Default: Failover.
    #[serde(default)]
    pub strategy: AnsweringStrategy,
    /// How sentences of an answer are tied to passages.
    #[serde(default)]
    pub attribution: Attribution,
}

/// How several backends share the work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AnsweringStrategy {
    /// The first healthy backend answers.
    #[default]
    Failover,
}

/// How sentences are tied to passages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attribution {
    /// Least similarity of a citation, 0 to 1: the share of unrelated sentence pairs of this index that are less
    /// similar. It is never lowered until something matches. Default: measured when the revision is built.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub min_similarity: Option<f64>,
    /// Most citations of one sentence, 1 to 16. Default: 4.
    #[serde(default = "int::<4>")]
    #[schemars(range(min = 1, max = 16))]
    pub max_citations: i32,
}

impl Default for Attribution {
    fn default() -> Self {
        Self { min_similarity: None, max_citations: int::<4>() }
    }
}

/// When there is enough evidence: a union by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.targetPrecision) || self.type == 'Calibrated'").message("targetPrecision may be set only when type is Calibrated").field_path(".targetPrecision"),
    // Not a minimum of the schema: an API server cuts the bounds of a whole number, and would let 0 pass for 0.5.
    validation = Rule::new("!has(self.targetPrecision) || (self.targetPrecision >= 0.5 && self.targetPrecision <= 0.999)").message("targetPrecision must be 0.5 to 0.999").field_path(".targetPrecision"),
    validation = Rule::new("has(self.minimum) == (self.type == 'Fixed')").message("minimum must be set when type is Fixed, and only then").field_path(".minimum")
)]
pub struct Confidence {
    /// "Calibrated": the cut is chosen per revision so that answers reach `targetPrecision`. "Fixed": the cut is
    /// `minimum`.
    #[serde(rename = "type")]
    pub confidence_type: ConfidenceType,
    /// Share of given answers that should be right if one question in five has no answer here, 0.5 to 0.999, when type is
    /// Calibrated. Estimated from published question sets; higher values escalate more. Default: 0.9.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub target_precision: Option<f64>,
    /// Least confidence of an answer on the calibrated scale of 0 to 1 (not a cosine), when type is Fixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub minimum: Option<f64>,
}

impl Default for Confidence {
    fn default() -> Self {
        Self { confidence_type: ConfidenceType::Calibrated, target_precision: some_thousandths::<900>(), minimum: None }
    }
}

/// How the cut of confidence is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConfidenceType {
    /// For a target precision, per revision.
    Calibrated,
    /// A fixed cut.
    Fixed,
}

impl Confidence {
    /// The cut in force, with its documented default filled in.
    #[must_use]
    pub fn cut(&self) -> ConfidenceCut {
        match (self.confidence_type, self.minimum) {
            (ConfidenceType::Fixed, Some(minimum)) => ConfidenceCut::Fixed { minimum },
            _ => ConfidenceCut::Calibrated { target_precision: self.target_precision.unwrap_or(thousandths::<900>()) },
        }
    }
}

/// [`Confidence`] as the value that code acts on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConfidenceCut {
    /// Choose the cut so that this share of answers is right.
    Calibrated {
        /// 0.5 to 0.999.
        target_precision: f64,
    },
    /// Answer at or above this calibrated confidence.
    Fixed {
        /// 0 to 1.
        minimum: f64,
    },
}

/// The gate before promotion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.goldSetRef) || !(has(self.gate.recallAt5) || has(self.gate.ndcgAt10) || has(self.gate.mrrAt10))")
    .message("goldSetRef is required when gate.recallAt5, gate.ndcgAt10 or gate.mrrAt10 is set")
    .reason(Reason::FieldValueRequired).field_path(".goldSetRef"))]
pub struct Evaluation {
    /// ConfigMap with the gold set: `queries.jsonl`, `qrels.tsv` and, for questions that no document answers,
    /// `queries_unanswerable.jsonl`. Each revision is measured by it; with 30 answerable and 10 unanswerable questions or
    /// more its confidence is calibrated by it, too. Without a cluster the ConfigMap stands among the resources.
    /// Default: none; then only replays of approved tickets are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gold_set_ref: Option<ObjectRef>,
    /// What a new revision must reach.
    #[serde(default)]
    pub gate: Gate,
}

/// What a new revision must reach; each figure is recorded when it is built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// Least Recall@5 on the gold set, 0 to 1. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub recall_at5: Option<f64>,
    /// Least nDCG@10 on the gold set, 0 to 1. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub ndcg_at10: Option<f64>,
    /// Least MRR@10 on the gold set, 0 to 1. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub mrr_at10: Option<f64>,
    /// How far any of these figures may fall below the active revision's, 0 to 1. Default: 0.02.
    #[serde(default = "thousandths::<20>")]
    #[schemars(range(min = 0, max = 1))]
    pub max_regression: f64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { recall_at5: None, ndcg_at10: None, mrr_at10: None, max_regression: thousandths::<20>() }
    }
}

/// Limits on tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EscalationLimits {
    /// Most tickets without a decision, 1 to 100000; beyond it questions are still escalated, but without a ticket.
    /// Default: 10000.
    #[serde(default = "int::<10000>")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_open: i32,
    /// Days that a decided ticket is kept once its answer is indexed, 1 to 3650. Knowledge outlives its ticket.
    /// Default: 365.
    #[serde(default = "int::<365>")]
    #[schemars(range(min = 1, max = 3650))]
    pub retention_days: i32,
}

impl Default for EscalationLimits {
    fn default() -> Self {
        Self { max_open: int::<10000>(), retention_days: int::<365>() }
    }
}

/// Who is told about tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notifications {
    /// Messages to Slack. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack: Option<Slack>,
}

/// Messages to Slack: a union by `type`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.webhookSecretRef) == (self.type == 'Webhook')").message("webhookSecretRef must be set when type is Webhook, and only then").field_path(".webhookSecretRef"),
    validation = Rule::new("has(self.bot) == (self.type == 'Bot')").message("bot must be set when type is Bot, and only then").field_path(".bot")
)]
pub struct Slack {
    /// "Webhook": an incoming webhook, which names its own channel. "Bot": a bot's token, which can answer in threads.
    /// Default: Webhook.
    #[serde(rename = "type", default)]
    pub slack_type: SlackType,
    /// Secret key that holds the webhook's URL, when type is Webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret_ref: Option<SecretKeyRef>,
    /// The bot, when type is Bot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot: Option<SlackBot>,
}

/// Ways to reach Slack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SlackType {
    /// An incoming webhook.
    #[default]
    Webhook,
    /// A bot's token.
    Bot,
}

/// A bot of Slack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlackBot {
    /// Secret key that holds the bot's token.
    pub token_secret_ref: SecretKeyRef,
    /// Channel, by name with '#' or by id.
    #[schemars(length(min = 1, max = 80), regex(pattern = r"^(#[^\s#,]{1,79}|[CGD][A-Z0-9]{8,20})$"))]
    pub channel: String,
}
