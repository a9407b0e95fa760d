//! Who hears of requests to models, for metrics.

use std::time::Duration;

/// Hears of requests and of the state of backends.
pub trait Telemetry: Send + Sync + std::fmt::Debug {
    /// A request for vectors ended: `ok`, or `LlmError::kind`.
    fn request(&self, backend: &str, result: &'static str, took: Duration);
    /// The embedding model answers questions, or does not.
    fn answers(&self, backend: &str, does: bool);
    /// A chat backend's answer ended: `ok`, or `LlmError::kind`.
    fn chat_request(&self, backend: &str, result: &'static str, took: Duration);
    /// The chat backend answers, or does not.
    fn chat_answers(&self, backend: &str, does: bool);
    /// A request for the order of passages ended: `ok`, or `LlmError::kind`.
    fn rerank_request(&self, backend: &str, result: &'static str, took: Duration);
    /// The reranking backend answers, or does not.
    fn rerank_answers(&self, backend: &str, does: bool);
}

impl Telemetry for () {
    fn request(&self, _backend: &str, _result: &'static str, _took: Duration) {}
    fn answers(&self, _backend: &str, _does: bool) {}
    fn chat_request(&self, _backend: &str, _result: &'static str, _took: Duration) {}
    fn chat_answers(&self, _backend: &str, _does: bool) {}
    fn rerank_request(&self, _backend: &str, _result: &'static str, _took: Duration) {}
    fn rerank_answers(&self, _backend: &str, _does: bool) {}
}
