//! What this version does with each field of a spec without a cluster: `CAPABILITIES` has a row for what it refuses or
//! does not use, `USED` names the rest. A test holds both against the schema, so that no field is forgotten. A version
//! that builds more moves fields from the one to the other and changes nothing else.

use serde_json::Value;

use super::field_error::{FieldError, FieldErrorKind};

/// What happens to a value that a row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Refused: a later version will build it. The text says what to do instead.
    NotBuilt(&'static str),
    /// Refused: it means something only in a cluster. The text says what to do instead.
    ClusterOnly(&'static str),
    /// Accepted and reported as not used. The text says why.
    NotUsed(&'static str),
}

/// Which values of a field a row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Any value that the user wrote.
    Written,
    /// This word.
    Is(&'static str),
    /// Any word but this.
    Not(&'static str),
    /// A list with an entry.
    NotEmpty,
    /// The boolean true.
    True,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// Kind that the row speaks of.
    pub kind: &'static str,
    /// Path of the field, `[]` for every item of a list; empty for the whole object.
    pub path: &'static str,
    /// The values it speaks of.
    pub values: Values,
    /// What happens to them.
    pub verdict: Verdict,
}

const fn row(path: &'static str, values: Values, verdict: Verdict) -> Capability {
    Capability { kind: "RagIndex", path, values, verdict }
}

const fn backend(path: &'static str, values: Values, why: &'static str) -> Capability {
    Capability { kind: "LlmBackend", path, values, verdict: Verdict::NotUsed(why) }
}

const NO_PODS: &str = "means something only in a cluster: without one, models run elsewhere; use type \"External\"";
const ONE_PROCESS: &str = "means something only in a cluster: this process serves by itself";
const DATA_FOLDER: &str = "means something only in a cluster: revisions are kept in the data folder";

/// Every value of the schema that this version does not build, or does not use outside a cluster.
pub const CAPABILITIES: &[Capability] = &[
    row("metadata.namespace", Values::Written, Verdict::NotUsed("a data folder is one namespace")),
    row("spec.sources[].type", Values::Is("Volume"), Verdict::ClusterOnly(r#"use type "Folder""#)),
    row("spec.sources[].type", Values::Is("ConfigMap"), Verdict::ClusterOnly(r#"use type "Folder""#)),
    row("spec.sources[].type", Values::Is("Git"), Verdict::NotBuilt(r#"clone it and use type "Folder""#)),
    row("spec.graph.type", Values::Not("Off"), Verdict::NotBuilt(r#"use "Off""#)),
    row("spec.evaluation.gate", Values::Written, Verdict::NotBuilt("remove it: every verified revision is promoted")),
    row("spec.rollout.promotion", Values::Is("Manual"), Verdict::NotBuilt(r#"use "Automatic""#)),
    row("spec.rollout.pinnedRevision", Values::Written, Verdict::NotBuilt("remove it")),
    row("spec.rollout.scaleDownDelaySeconds", Values::Written, Verdict::NotUsed(ONE_PROCESS)),
    row("spec.rollout.progressDeadlineSeconds", Values::Written, Verdict::NotUsed(ONE_PROCESS)),
    row(
        "spec.build",
        Values::Written,
        Verdict::NotUsed("means something only in a cluster: this process builds by itself"),
    ),
    row("spec.serving", Values::Written, Verdict::NotUsed(ONE_PROCESS)),
    row("spec.storage", Values::Written, Verdict::NotUsed(DATA_FOLDER)),
    row("spec.escalation", Values::Written, Verdict::NotUsed("tickets are not built yet in this version")),
    row("spec.notifications.slack", Values::Written, Verdict::NotBuilt("remove it")),
    row(
        "spec.schedule",
        Values::Written,
        Verdict::NotBuilt("remove it: changed documents are seen without a schedule"),
    ),
    row("spec.suspend", Values::True, Verdict::NotBuilt("remove it")),
    row("spec.deletionPolicy", Values::Written, Verdict::NotUsed(DATA_FOLDER)),
    backend("metadata.namespace", Values::Written, "a data folder is one namespace"),
    backend("spec.type", Values::Is("VLLM"), NO_PODS),
    backend("spec.type", Values::Is("Ollama"), NO_PODS),
    backend("spec.gpu", Values::Written, NO_PODS),
    backend("spec.scheduling", Values::Written, NO_PODS),
    backend("spec.cache", Values::Written, NO_PODS),
    backend("spec.image", Values::Written, NO_PODS),
    backend("spec.replicas", Values::Written, NO_PODS),
    backend("spec.podTemplate", Values::Written, NO_PODS),
    Capability {
        kind: "Escalation",
        path: "",
        values: Values::Written,
        verdict: Verdict::NotUsed("tickets are not built yet in this version; the document was checked"),
    },
];

/// The fields of a RagIndex that a server without a cluster acts on, but for values that a row above refuses.
pub const USED: &[&str] = &[
    "spec.sources[].name",
    "spec.sources[].type",
    "spec.sources[].folder.path",
    "spec.sources[].onError",
    "spec.sources[].folder.include[]",
    "spec.sources[].folder.exclude[]",
    "spec.embedding.type",
    "spec.embedding.local.model",
    "spec.embedding.backendRef.name",
    "spec.index.type",
    "spec.index.factory",
    "spec.chunking.maxTokens",
    "spec.chunking.overlapTokens",
    "spec.graph.type",
    "spec.retrieval.topK",
    "spec.retrieval.channelDepth",
    "spec.retrieval.reranking.backendRef.name",
    "spec.retrieval.reranking.depth",
    "spec.answering.backendRefs[].name",
    "spec.answering.strategy",
    "spec.answering.attribution.minSimilarity",
    "spec.answering.attribution.maxCitations",
    "spec.confidence.type",
    "spec.confidence.minimum",
    "spec.confidence.targetPrecision",
    "spec.evaluation.goldSetRef.name",
    "spec.rollout.promotion",
    "spec.rollout.revisionHistoryLimit",
    "spec.suspend",
];

/// The same of an LlmBackend that an index names.
pub const USED_OF_BACKENDS: &[&str] = &[
    "spec.role",
    "spec.type",
    "spec.external.protocol",
    "spec.external.url",
    "spec.external.model",
    "spec.external.contextLength",
    "spec.external.apiKeySecretRef.name",
    "spec.external.apiKeySecretRef.key",
    "spec.external.caSecretRef.name",
    "spec.external.caSecretRef.key",
    "spec.embedding.queryPrefix",
    "spec.embedding.passagePrefix",
    "spec.embedding.maxTokens",
];

/// What the table says about one document.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Refused values.
    pub(crate) refused: Vec<FieldError>,
    /// Accepted values without an effect: path and why.
    pub(crate) not_used: Vec<(String, &'static str)>,
}

/// Holds the document that the user wrote (nulls dropped, no defaults) against the table.
pub(crate) fn examine(kind: &str, written: &Value) -> Findings {
    let mut findings = Findings::default();
    for row in CAPABILITIES.iter().filter(|row| row.kind == kind) {
        let mut places = Vec::new();
        find(written, row.path, String::new(), &mut places);
        for (path, value) in places.into_iter().filter(|(_, value)| row.values.hold(value)) {
            row.verdict.report(&path, value, &mut findings);
        }
    }
    findings
}

/// Whether the table refuses this word at `path`, such as `spec.sources[3].type`.
pub(crate) fn refuses(kind: &str, path: &str, word: &str) -> bool {
    let pattern: String = path.chars().filter(|character| !character.is_ascii_digit()).collect();
    let is_refusal = |row: &&Capability| !matches!(row.verdict, Verdict::NotUsed(_));
    let mut rows = CAPABILITIES.iter().filter(is_refusal).filter(|row| row.kind == kind && row.path == pattern);
    rows.any(|row| row.values.hold(&Value::from(word)))
}

/// Collects every value at `pattern` below `value`, with its own path.
fn find<'a>(value: &'a Value, pattern: &str, path: String, places: &mut Vec<(String, &'a Value)>) {
    if pattern.is_empty() {
        places.push((path, value));
        return;
    }
    let (head, rest) = pattern.split_once('.').unwrap_or((pattern, ""));
    let name = head.trim_end_matches("[]");
    let Some(child) = value.get(name) else { return };
    let here = super::openapi::join(&path, name);
    if name == head {
        return find(child, rest, here, places);
    }
    for (index, item) in child.as_array().into_iter().flatten().enumerate() {
        find(item, rest, format!("{here}[{index}]"), places);
    }
}

impl Values {
    fn hold(self, value: &Value) -> bool {
        match self {
            Self::Written => true,
            Self::Is(word) => value == word,
            Self::Not(word) => value != word,
            Self::NotEmpty => value.as_array().is_some_and(|list| !list.is_empty()),
            Self::True => value == true,
        }
    }
}

impl Verdict {
    fn report(self, path: &str, value: &Value, findings: &mut Findings) {
        let detail = match self {
            Self::NotUsed(why) => return findings.not_used.push((path.to_owned(), why)),
            Self::NotBuilt(instead) => format!("not built yet in this version; {instead}"),
            Self::ClusterOnly(instead) => format!("means something only in a cluster; {instead}"),
        };
        let error = match value {
            // A whole object says nothing in one line; its path does.
            Value::Object(_) | Value::Array(_) => FieldError::new(path, FieldErrorKind::Forbidden, None, detail),
            _ => FieldError::new(path, FieldErrorKind::NotSupported, Some(value.clone()), detail),
        };
        findings.refused.push(error);
    }
}
