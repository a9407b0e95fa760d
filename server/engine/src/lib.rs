//! The RagOps engine: reads documents, cuts and embeds them, keeps them in immutable revisions, finds passages, and
//! answers with a citation behind every sentence. No HTTP, no Kubernetes, no clock, no environment.

pub mod answer;
pub mod build;
pub mod chunk;
pub mod document;
pub mod evaluate;
pub mod index;
pub mod read;
pub mod retrieve;
pub mod revision;
pub mod settings;
pub mod text;

#[cfg(test)]
#[path = "../../../e2e/src/skip.rs"]
#[allow(unreachable_pub, reason = "public where it is at home")]
mod skip;
