//! `LlmBackend`: a chat or embedding model that the operator runs (vLLM, Ollama) or that runs elsewhere (External).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::conditions::conditions_schema;
use crate::v1alpha1::defaults::int;
use crate::v1alpha1::shared::{Diagnostic, OBJECT_NAME_PATTERN, ObjectRef, PodTemplate, SecretKeyRef, StorageQuantity};

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
    doc = "A model that words answers (role Chat) or turns text into vectors (role Embedding): vLLM or Ollama run by the operator, or an endpoint that runs elsewhere.",
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
    validation = Rule::new("self.role == oldSelf.role").message("role cannot be changed: make another LlmBackend and refer to that")
        .reason(Reason::FieldValueForbidden).field_path(".role")
)]
pub struct LlmBackendSpec {
    /// What the model is for. "Chat": words answers. "Embedding": turns text into vectors. Default: Chat.
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
    /// Change: live; indexes use the new endpoint within seconds.
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
    /// What the endpoint speaks. "OpenAI": any OpenAI-compatible endpoint. "Ollama": Ollama's own API. Default: OpenAI.
    #[serde(default)]
    pub protocol: Protocol,
    /// Address: for OpenAI up to and with "/v1", for Ollama the root. Credentials never stand in it: use
    /// `apiKeySecretRef`.
    #[schemars(length(min = 1, max = 2048))]
    pub url: String,
    /// Model as the endpoint names it.
    #[schemars(length(min = 1, max = 256), regex(pattern = r"^[^\s]+$"))]
    pub model: String,
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

/// GPUs of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gpu {
    /// GPUs of each pod, 0 to 16; 0 runs on the CPU. Default: 1.
    #[serde(default = "int::<1>")]
    #[schemars(range(min = 0, max = 16))]
    pub count: i32,
    /// Name of the resource that nodes offer. Default: nvidia.com/gpu.
    #[serde(default = "nvidia_gpu")]
    #[schemars(
        length(min = 3, max = 316),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
    )]
    pub resource_name: String,
}

impl Default for Gpu {
    fn default() -> Self {
        Self { count: int::<1>(), resource_name: nvidia_gpu() }
    }
}

fn nvidia_gpu() -> String {
    "nvidia.com/gpu".to_owned()
}

/// Where pods may run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scheduling {
    /// Labels that a node must have, up to 32. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "node_selector_schema")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that pods tolerate, up to 32. Default: none; the taint of `gpu.resourceName` is always tolerated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub tolerations: Vec<Toleration>,
    /// RuntimeClass of the pods. Default: the cluster's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub runtime_class_name: Option<String>,
    /// PriorityClass of the pods. Default: the cluster's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub priority_class_name: Option<String>,
}

fn node_selector_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": {"type": "string", "maxLength": 63}
    })
}

/// A taint that pods tolerate, as in a pod's spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.operator != 'Exists' || !has(self.value)").message("value may be set only when operator is Equal").field_path(".value"),
    validation = Rule::new("self.operator != 'Equal' || has(self.key)").message("key is required when operator is Equal").reason(Reason::FieldValueRequired).field_path(".key"),
    validation = Rule::new("!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')").message("tolerationSeconds may be set only when effect is NoExecute").field_path(".tolerationSeconds")
)]
pub struct Toleration {
    /// Key of the taint. Default: every key, with operator Exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 316))]
    pub key: Option<String>,
    /// "Exists": any value. "Equal": the value in `value`. Default: Equal.
    #[serde(default)]
    pub operator: TolerationOperator,
    /// Value of the taint, when operator is Equal. Default: empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub value: Option<String>,
    /// Effect of the taint. Default: every effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,
    /// Seconds that a pod stays on a node that gets the taint; only with effect NoExecute. Default: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub toleration_seconds: Option<i64>,
}

/// How a toleration compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TolerationOperator {
    /// Any value.
    Exists,
    /// One value.
    #[default]
    Equal,
}

/// What a taint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TaintEffect {
    /// Pods are not scheduled.
    NoSchedule,
    /// Pods are scheduled elsewhere if possible.
    PreferNoSchedule,
    /// Pods are evicted.
    NoExecute,
}

/// Volume for the model's files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelCache {
    /// Size of a volume. Default: 100Gi.
    #[serde(default = "hundred_gibibytes")]
    pub size: StorageQuantity,
    /// "PerReplica": each pod has its own volume. "Shared": one ReadWriteMany volume, filled once by a job before pods
    /// start. Default: PerReplica.
    #[serde(rename = "type", default)]
    pub cache_type: CacheType,
    /// Storage class of the volumes. Default: the cluster's default class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub storage_class_name: Option<String>,
}

impl Default for ModelCache {
    fn default() -> Self {
        Self { size: hundred_gibibytes(), cache_type: CacheType::PerReplica, storage_class_name: None }
    }
}

fn hundred_gibibytes() -> StorageQuantity {
    StorageQuantity::from("100Gi")
}

/// Who shares a cache volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CacheType {
    /// Nobody: one volume for each pod.
    #[default]
    PerReplica,
    /// All pods.
    Shared,
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
