//! Version v1alpha1 of the three kinds. Field docs here are the user manual: they become the CRDs' descriptions and
//! `docs/crd-reference.md`; a sentence that starts with "Change:" says what editing the field does to a running object.

#![allow(unreachable_pub, reason = "kube's derive repeats each public struct inside a function")]

pub mod conditions;
mod defaults;
pub mod escalation;
pub mod llm_backend;
pub mod rag_index;
pub mod shared;

pub use escalation::{Escalation, EscalationSpec, EscalationStatus};
pub use llm_backend::{LlmBackend, LlmBackendSpec, LlmBackendStatus};
pub use rag_index::{RagIndex, RagIndexSpec, RagIndexStatus};
