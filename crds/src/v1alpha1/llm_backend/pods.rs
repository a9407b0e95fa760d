//! The pods of a backend: GPUs, where they may run, and the volume that keeps the model's files.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::defaults::int;
use crate::v1alpha1::shared::{OBJECT_NAME_PATTERN, StorageQuantity};

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
