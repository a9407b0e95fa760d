//! `LlmBackend`: a chat, embedding or reranking model that the operator runs (vLLM, Ollama) or that runs elsewhere (External).

mod pods;

pub use pods::*;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::conditions::conditions_schema;
use crate::v1alpha1::defaults::int;
use crate::v1alpha1::shared::{Diagnostic, ObjectRef, PodTemplate, SecretKeyRef};

/// What model serves, and where.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "ragops.dev",
    version = "v1alpha1",
    kind = "LlmBackend",
    plural = "llmbackends",
    shortname = "llmb",
    category = "ragops",
    namespaced,
    status = "LlmBackendStatus",
    derive = "PartialEq",
    doc = "A model that words answers (role Chat), turns text into vectors (role Embedding) or judges passages (role Reranking): vLLM or Ollama run by the operator, or an endpoint that runs elsewhere.",
    scale(spec_replicas_path = ".spec.replicas", status_replicas_path = ".status.replicas", label_selector_path = ".status.selector"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type", description = "What serves the model"),
    printcolumn(name = "Model", type_ = "string", json_path = ".status.model", description = "Model as clients name it"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status", description = "Whether the model answers"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", description = "Why it is ready, or not"),
    printcolumn(name = "Endpoint", type_ = "string", json_path = ".status.endpoint", description = "Address that clients use"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp", description = "Time since creation"),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')")
        .message("metadata.name must be 1 to 40 lower-case letters, digits or '-', start with a letter and end with a letter or digit").field_path(".metadata.name")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.vllm) == (self.type == 'VLLM')").message("vllm must be set when type is VLLM, and only then").field_path(".vllm"),
    validation = Rule::new("has(self.ollama) == (self.type == 'Ollama')").message("ollama must be set when type is Ollama, and only then").field_path(".ollama"),
    validation = Rule::new("has(self.external) == (self.type == 'External')").message("external must be set when type is External, and only then").field_path(".external"),
    validation = Rule::new("self.type != 'External' || !(has(self.gpu) || has(self.scheduling) || has(self.cache) || has(self.image) || has(self.podTemplate))")
        .message("gpu, scheduling, cache, image and podTemplate shape pods, and type External has none: remove them").reason(Reason::FieldValueForbidden),
    validation = Rule::new("!has(self.vllm) || (has(self.gpu) && self.gpu.count == 0 ? self.vllm.tensorParallelSize == 1 : self.vllm.tensorParallelSize <= (has(self.gpu) ? self.gpu.count : 1))")
        .message("vllm.tensorParallelSize must not be greater than gpu.count (which is 1 when gpu is not set)").field_path(".vllm.tensorParallelSize"),
    validation = Rule::new("!has(self.embedding) || self.role == 'Embedding'").message("embedding may be set only when role is Embedding").field_path(".embedding"),
    validation = Rule::new("!has(self.external) || !has(self.external.contextLength) || self.role == 'Chat'")
        .message("external.contextLength may be set only when role is Chat: an embedding model has embedding.maxTokens, a reranking model tells what it takes").field_path(".external.contextLength"),
    validation = Rule::new("self.role != 'Reranking' || !(self.type == 'Ollama' || (has(self.external) && self.external.protocol == 'Ollama'))")
        .message("Ollama does not rerank: use type VLLM, or type External with protocol OpenAI and an endpoint that has /rerank").field_path(".role"),
    validation = Rule::new("self.role == oldSelf.role").message("role cannot be changed: make another LlmBackend and refer to that")
        .reason(Reason::FieldValueForbidden).field_path(".role")
)]
pub struct LlmBackendSpec {
    /// What the model is for. "Chat": words answers. "Embedding": turns text into vectors. "Reranking": says how well passages
    /// answer a question, for `retrieval.reranking` of a RagIndex. Default: Chat.
    /// Change: refused; indexes rely on it.
    #[serde(default)]
    pub role: BackendRole,
    /// What serves the model. "VLLM" and "Ollama": pods that the operator runs. "External": an endpoint that runs
    /// elsewhere. The arm of the same name must be set, and no other.
    /// Change: new pods start, and the old ones go once the new are ready.
    #[serde(rename = "type")]
    pub backend_type: BackendType,
    /// vLLM's settings, when type is VLLM.
    /// Change: pods roll; without a spare GPU the old pod stops first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vllm: Option<Vllm>,
    /// Ollama's settings, when type is Ollama.
    /// Change: pods roll; without a spare GPU the old pod stops first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ollama: Option<Ollama>,
    /// The endpoint, when type is External.
    /// Change: live; indexes use the new endpoint within seconds. Where it makes other vectors, indexes that embed with it
    /// build a new revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<External>,
    /// What an embedding model expects around a text; only for role Embedding. Default: none.
    /// Change: indexes that use it build a new revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<EmbeddingModel>,
    /// GPUs of each pod. Default: one nvidia.com/gpu. Not for type External.
    /// Change: pods roll; without a spare GPU the old pod stops first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Gpu>,
    /// Where pods may run. Default: anywhere that has the GPUs. Not for type External.
    /// Change: pods roll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling: Option<Scheduling>,
    /// Volume that keeps the model's files between starts. Default: 100Gi for each pod. Not for type External.
    /// Change: volumes grow where the storage class allows; another type makes new volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<ModelCache>,
    /// Image of the pods, best by digest. Default: the one that the operator was released with. Not for type External.
    /// Change: pods roll.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[A-Za-z0-9][-A-Za-z0-9._:/@]*$"))]
    pub image: Option<String>,
    /// Number of pods, 0 to 64; also set by `kubectl scale`. Not used for type External. Default: 1.
    /// Change: pods are added or removed, none rolls.
    #[serde(default = "int::<1>")]
    #[schemars(range(min = 0, max = 64))]
    pub replicas: i32,
    /// Merged over the pods: resources, affinity and so on, as in a Kubernetes PodTemplateSpec; the container is named
    /// "model". Default: none. Not for type External.
    /// Change: pods roll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BackendRole {
    /// Words answers.
    #[default]
    Chat,
    /// Turns text into vectors.
    Embedding,
    /// Says how well passages answer a question.
    Reranking,
}

/// What serves a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BackendType {
    /// vLLM in pods.
    #[serde(rename = "VLLM")]
    Vllm,
    /// Ollama in pods.
    Ollama,
    /// An endpoint elsewhere.
    External,
}

/// vLLM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vllm {
    /// Model: "hf://OWNER/NAME", with "@REVISION" to pin it, or "pvc://CLAIM/PATH".
    #[schemars(
        length(min = 1, max = 512),
        regex(
            pattern = r"^(hf://[-A-Za-z0-9._]+/[-A-Za-z0-9._]+(@[-A-Za-z0-9._/]+)?|pvc://[a-z0-9][-a-z0-9.]*/[^\s]+)$"
        )
    )]
    pub model: String,
    /// Longest context in tokens, 128 to 10485760. Default: the model's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 128, max = 10_485_760))]
    pub max_model_len: Option<i32>,
    /// GPUs that share one copy of the model, 1 to 16; not more than gpu.count. Default: 1.
    #[serde(default = "int::<1>")]
    #[schemars(range(min = 1, max = 16))]
    pub tensor_parallel_size: i32,
    /// Further arguments of `vllm serve`, up to 64. Default: none.
    #[serde(default)]
    #[schemars(length(max = 64), inner(length(min = 1, max = 1024)), extend("x-kubernetes-list-type" = "atomic"))]
    pub extra_args: Vec<String>,
    /// Secret key with the Hugging Face token, for gated models. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_secret_ref: Option<SecretKeyRef>,
}

/// Ollama.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ollama {
    /// Model as `ollama pull` names it, such as "qwen3:8b".
    #[schemars(length(min = 1, max = 256), regex(pattern = r"^[A-Za-z0-9][-A-Za-z0-9._/:]*$"))]
    pub model: String,
    /// Length of the context in tokens, 128 to 10485760. Default: the model's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 128, max = 10_485_760))]
    pub context_length: Option<i32>,
}

/// An endpoint that runs elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
// A rule of the object, not a pattern of the field, so that the refusal does not repeat a key.
#[x_kube(validation = Rule::new(r"self.url.matches('^https?://[^@/?#\\s]+(/[^?#\\s]*)?$')")
    .message("url must start with https:// or http:// and hold neither credentials nor a query: put a key into a Secret and name that in apiKeySecretRef").field_path(".url"))]
pub struct External {
    /// What the endpoint speaks. "OpenAI": any OpenAI-compatible endpoint; for role Reranking one that has `/rerank` as vLLM, Jina
    /// and Cohere do. "Ollama": Ollama's own API. Default: OpenAI.
    #[serde(default)]
    pub protocol: Protocol,
    /// Address: for OpenAI up to and with "/v1", for Ollama the root. Credentials never stand in it: use
    /// `apiKeySecretRef`.
    #[schemars(length(min = 1, max = 2048))]
    pub url: String,
    /// Model as the endpoint names it.
    #[schemars(length(min = 1, max = 256), regex(pattern = r"^[^\s]+$"))]
    pub model: String,
    /// Tokens that the prompt and the answer of a chat model may have together, 2048 to 10485760; passages are shown as far
    /// as they fit. Ollama is asked for a context of that length. Only for role Chat. Default: 8192.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2048, max = 10_485_760))]
    pub context_length: Option<i32>,
    /// Secret key with the API key. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_secret_ref: Option<SecretKeyRef>,
    /// Secret key with the PEM certificates that sign the endpoint's. Default: the system's roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<SecretKeyRef>,
}

/// What an endpoint speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Protocol {
    /// The OpenAI API.
    #[default]
    #[serde(rename = "OpenAI")]
    OpenAi,
    /// Ollama's own API.
    Ollama,
}

/// What an embedding model expects around a text. Wrong prefixes cost quality silently: see the model's card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddingModel {
    /// Put before a question, such as "query: ". Default: nothing.
    #[serde(default)]
    #[schemars(length(max = 512))]
    pub query_prefix: String,
    /// Put before a passage, such as "passage: ". Default: nothing.
    #[serde(default)]
    #[schemars(length(max = 512))]
    pub passage_prefix: String,
    /// Tokens that the model sees at once, 16 to 131072; longer passages are embedded by windows. Default: 512.
    #[serde(default = "int::<512>")]
    #[schemars(range(min = 16, max = 131_072))]
    pub max_tokens: i32,
}

/// What is observed now. Written by the operator only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LlmBackendStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Accepted, Deployed and Reachable, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// Model as clients name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub model: Option<String>,
    /// Address that clients use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub endpoint: Option<String>,
    /// Length of the vectors of an embedding model, as observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimension: Option<i32>,
    /// Pods; read by `/scale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Pods that are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// Label selector of the pods; read by `/scale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub selector: Option<String>,
    /// The claim that holds a shared cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_claim: Option<ObjectRef>,
    /// Why children fail, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub diagnostics: Vec<Diagnostic>,
}
