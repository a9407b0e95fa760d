//! How an index is run: roll-out of revisions, the build job, serving pods, volumes, schedule, deletion.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::defaults::int;
use crate::v1alpha1::shared::{OBJECT_NAME_PATTERN, ObjectRef, PodTemplate, REVISION_PATTERN, StorageQuantity};

/// How a new revision replaces the old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// "Automatic": a revision that passes the gate is promoted at once. "Manual": it waits until `pinnedRevision`
    /// names it. Default: Automatic.
    #[serde(default)]
    pub promotion: Promotion,
    /// The revision that must serve, by its eight-character name; while it is set nothing else is promoted. This is
    /// how to roll back, and removing it undoes that. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 8), regex(pattern = REVISION_PATTERN))]
    pub pinned_revision: Option<String>,
    /// Seconds that the pods of the replaced revision stay after the switch, so that open requests end and a switch
    /// back is quick; 0 to 3600. Default: 30.
    #[serde(default = "int::<30>")]
    #[schemars(range(min = 0, max = 3600))]
    pub scale_down_delay_seconds: i32,
    /// Seconds within which the pods of a new revision must be ready, else the candidate is given up and the active
    /// revision goes on; 30 to 86400. Default: 600.
    #[serde(default = "int::<600>")]
    #[schemars(range(min = 30, max = 86_400))]
    pub progress_deadline_seconds: i32,
    /// Earlier revisions that are kept to roll back to, besides the active one; 1 to 20. Default: 3.
    #[serde(default = "int::<3>")]
    #[schemars(range(min = 1, max = 20))]
    pub revision_history_limit: i32,
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            promotion: Promotion::Automatic,
            pinned_revision: None,
            scale_down_delay_seconds: int::<30>(),
            progress_deadline_seconds: int::<600>(),
            revision_history_limit: int::<3>(),
        }
    }
}

/// Who promotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Promotion {
    /// A revision that passes the gate is promoted at once.
    #[default]
    Automatic,
    /// A person promotes by `pinnedRevision`.
    Manual,
}

/// The job that builds a revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// Seconds that one attempt may take, 60 to 604800. Default: 86400.
    #[serde(default = "int::<86400>")]
    #[schemars(range(min = 60, max = 604_800))]
    pub deadline_seconds: i32,
    /// Attempts after the first before the revision counts as failed, 0 to 10. Default: 2.
    #[serde(default = "int::<2>")]
    #[schemars(range(min = 0, max = 10))]
    pub retries: i32,
    /// Merged over the pod that builds: resources, nodeSelector, tolerations and so on, as in a Kubernetes
    /// PodTemplateSpec; the container is named "build". Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,
}

impl Default for Build {
    fn default() -> Self {
        Self { deadline_seconds: int::<86400>(), retries: int::<2>(), pod_template: None }
    }
}

/// The pods that answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Serving {
    /// Number of pods, 0 to 100; also set by `kubectl scale`. Ignored while `autoscaling` is set. Default: 1.
    /// Change: pods are added or removed, none rolls.
    #[serde(default = "int::<1>")]
    #[schemars(range(min = 0, max = 100))]
    pub replicas: i32,
    /// Lets the number of pods follow their load. Default: none.
    /// Change: pods are added or removed, none rolls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// Makes the index reachable from outside the cluster. Default: none, only the Service `<name>-rag` inside it.
    /// Change: live, no pod rolls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expose: Option<Expose>,
    /// Merged over the pods that serve: resources, nodeSelector, tolerations and so on, as in a Kubernetes
    /// PodTemplateSpec; the container is named "server". Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,
}

impl Default for Serving {
    fn default() -> Self {
        Self { replicas: int::<1>(), autoscaling: None, expose: None, pod_template: None }
    }
}

/// Bounds and aim of autoscaling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.min <= self.max").message("min must not be greater than max").field_path(".min"))]
pub struct Autoscaling {
    /// Least pods, 1 to 100. Default: 1.
    #[serde(default = "int::<1>")]
    #[schemars(range(min = 1, max = 100))]
    pub min: i32,
    /// Most pods, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub max: i32,
    /// Aim for the mean CPU use of the pods in percent of their request, 1 to 100. Default: 70.
    #[serde(default = "int::<70>")]
    #[schemars(range(min = 1, max = 100))]
    pub target: i32,
}

/// A way in from outside: a union by `type`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.gatewayRef) == (self.type == 'HTTPRoute')").message("gatewayRef must be set when type is HTTPRoute, and only then").field_path(".gatewayRef"),
    validation = Rule::new("!has(self.ingressClassName) || self.type == 'Ingress'").message("ingressClassName may be set only when type is Ingress").field_path(".ingressClassName"),
    validation = Rule::new("!has(self.tlsSecretRef) || self.type == 'Ingress'").message("tlsSecretRef may be set only when type is Ingress: the listener of a Gateway holds its own certificate").field_path(".tlsSecretRef")
)]
pub struct Expose {
    /// "Ingress": an Ingress. "HTTPRoute": a route of the Gateway API, attached to `gatewayRef`.
    #[serde(rename = "type")]
    pub expose_type: ExposeType,
    /// Host name that clients use.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub host: String,
    /// Secret of type kubernetes.io/tls with the certificate of the host, when type is Ingress. Default: none, plain
    /// HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_secret_ref: Option<ObjectRef>,
    /// Class of the Ingress, when type is Ingress. Default: the cluster's default class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub ingress_class_name: Option<String>,
    /// Gateway that the route attaches to, when type is HTTPRoute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_ref: Option<GatewayRef>,
}

/// Ways in from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ExposeType {
    /// An Ingress.
    Ingress,
    /// A route of the Gateway API.
    #[serde(rename = "HTTPRoute")]
    HttpRoute,
}

/// Names a Gateway. The only reference that may leave the namespace: a Gateway is shared by design, and its listeners
/// say from which namespaces routes may attach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRef {
    /// Name of the Gateway.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub name: String,
    /// Namespace of the Gateway. Default: the namespace of this object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub namespace: Option<String>,
    /// Listener of the Gateway. Default: all that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub section_name: Option<String>,
}

/// The volumes that hold revisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// Size of each revision's volume. Default: 10Gi.
    /// Change: volumes grow where the storage class allows; a smaller size applies to the next revision.
    #[serde(default = "ten_gibibytes")]
    pub size: StorageQuantity,
    /// Storage class of the volumes. Default: the cluster's default class.
    /// Change: applies to the next revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME_PATTERN))]
    pub storage_class_name: Option<String>,
    /// Who may mount a volume at once. "ReadWriteOnce": all pods share one node. "ReadWriteMany": any node.
    /// "ReadWriteOncePod": one pod, so one replica and no autoscaling. Default: ReadWriteOnce.
    /// Change: applies to the next revision.
    #[serde(default)]
    pub access_mode: AccessMode,
    /// How pods get a revision. "Shared": they mount its volume. "Fetch": each copies it from a pod that mounts it and
    /// verifies the copy, so that pods on many nodes serve from a volume of any class. Default: Shared.
    /// Change: pods roll, same revision.
    #[serde(default)]
    pub distribution: Distribution,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            size: ten_gibibytes(),
            storage_class_name: None,
            access_mode: AccessMode::ReadWriteOnce,
            distribution: Distribution::Shared,
        }
    }
}

fn ten_gibibytes() -> StorageQuantity {
    StorageQuantity::from("10Gi")
}

/// Who may mount a volume at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AccessMode {
    /// Pods of one node.
    #[default]
    ReadWriteOnce,
    /// Pods of any node.
    ReadWriteMany,
    /// One pod.
    ReadWriteOncePod,
}

/// How pods get a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Distribution {
    /// They mount its volume.
    #[default]
    Shared,
    /// They copy it from a pod that mounts it.
    Fetch,
}

/// Builds at fixed times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Five fields (minute, hour, day of month, month, day of week) or @hourly, @daily, @weekly, @monthly, @yearly.
    #[x_kube(validation = Rule::new(CRON_RULE).message("must be five cron fields (minute 0-59, hour 0-23, day 1-31, month 1-12 or JAN-DEC, weekday 0-7 or SUN-SAT; with '*', ',', '-', '/') or one of @hourly, @daily, @weekly, @monthly, @yearly"))]
    #[schemars(length(min = 1, max = 256))]
    pub cron: String,
    /// Time zone of the schedule by its IANA name, such as Asia/Seoul. Default: Etc/UTC.
    #[serde(default = "utc")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z][A-Za-z0-9+_-]*(/[A-Za-z0-9+_-]+){0,2}$"))]
    pub time_zone: String,
}

/// CEL over the cron string: one pattern, so that the numbers of every field are in range.
const CRON_RULE: &str = concat!(
    r"self.matches('^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|",
    // A list of steps over `*`, a value or a range: first minutes, then hours, days, months, weekdays.
    r"(\\*|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?(,(\\*|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?)* +",
    r"(\\*|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?(,(\\*|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?)* +",
    r"(\\*|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?(,(\\*|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?)* +",
    r"(\\*|(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)(-(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC))?)(/[1-9][0-9]?)?(,(\\*|(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)(-(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC))?)(/[1-9][0-9]?)?)* +",
    r"(\\*|([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(-([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT))?)(/[1-9][0-9]?)?(,(\\*|([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(-([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT))?)(/[1-9][0-9]?)?)*)$')"
);

fn utc() -> String {
    "Etc/UTC".to_owned()
}

/// What deletion does to the volumes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// Volumes stay, and an index of the same name takes them over again.
    #[default]
    Retain,
    /// Volumes are removed.
    Delete,
}
