//! Types that several kinds use: references, secret keys, quantities, replicas, diagnostics. A reference never leaves
//! the namespace, and a missing target is a condition, never an error.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The pattern of the names that this group's indexes and backends may have: children add a suffix of up to 22
/// characters, and a Service name ends at 63.
pub const NAME_PATTERN: &str = "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$";
/// The pattern of any Kubernetes object name (a DNS subdomain).
pub const OBJECT_NAME_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// The pattern of a revision's name, eight characters of its identity digest.
pub const REVISION_PATTERN: &str = "^[a-z0-9]{8}$";

/// Names an object of this group in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceRef {
    /// Name of the resource, in the same namespace.
    #[schemars(length(min = 1, max = 40), regex(pattern = NAME_PATTERN))]
    pub name: String,
}

/// Names a Kubernetes object (ConfigMap, Secret, PersistentVolumeClaim) in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectRef {
    /// Name of the object, in the same namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub name: String,
}

/// Names one key of a Secret in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretKeyRef {
    /// Name of the Secret, in the same namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub name: String,
    /// Key inside the Secret.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}

/// An amount of storage as Kubernetes writes it: `10Gi`, `500Mi`, `1Ti`. It is kept as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StorageQuantity(
    #[schemars(
        length(min = 1, max = 32),
        extend("x-kubernetes-validations" = [{
            "rule": "self.matches('^[0-9A-Za-z.]+$') && isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
            "message": "must be a quantity of storage greater than zero, such as 10Gi"
        }])
    )]
    pub String,
);

impl StorageQuantity {
    /// The quantity as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for StorageQuantity {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Part of a Kubernetes `PodTemplateSpec`, kept as written; the API server of the cluster judges it when pods are made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PodTemplate(#[schemars(schema_with = "free_object")] pub serde_json::Map<String, Value>);

fn free_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// One fact about a failing child: what it is, why it failed and its last words. Bounded; the oldest give way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// Kind and name of the child, such as `Job/runbooks-4f1c09ab`.
    #[schemars(length(max = 320))]
    pub object: String,
    /// Why it fails, one CamelCase word, such as `OOMKilled` or `Unschedulable`.
    #[schemars(length(max = 128))]
    pub reason: String,
    /// Exit code of the container that ended, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The last message of the child, shortened to 1,024 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
    /// When this was last seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"), length(max = 64))]
    pub last_time: Option<String>,
}
