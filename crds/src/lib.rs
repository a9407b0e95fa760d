//! The three resource kinds of RagOps, their generated CustomResourceDefinitions, and `admission`: the verdicts of a
//! Kubernetes API server over those definitions, given without a cluster. Pure: no I/O, no client, no clock.

pub mod admission;
pub mod definitions;
pub mod reference;
pub mod v1alpha1;

/// The API group of every kind.
pub const GROUP: &str = "ragops.dev";
/// The only version so far.
pub const VERSION: &str = "v1alpha1";
/// `apiVersion` as it stands in a document.
pub const API_VERSION: &str = "ragops.dev/v1alpha1";
