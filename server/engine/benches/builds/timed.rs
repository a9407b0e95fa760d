//! A model that adds up how long it embeds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ragops_embed::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};

/// Another model, timed.
pub(crate) struct Timed<'m> {
    model: &'m dyn EmbeddingModel,
    nanoseconds: AtomicU64,
}

impl<'m> Timed<'m> {
    pub(crate) fn new(model: &'m dyn EmbeddingModel) -> Self {
        Self { model, nanoseconds: AtomicU64::new(0) }
    }

    /// How long it embedded so far.
    pub(crate) fn seconds(&self) -> f64 {
        self.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9
    }

    fn time<R>(&self, embed: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = embed();
        self.nanoseconds.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        result
    }
}

impl EmbeddingModel for Timed<'_> {
    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        self.time(|| self.model.embed_passages(texts, monitor))
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.time(|| self.model.embed_queries(texts))
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.time(|| self.model.embed_query(text))
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.model.count_tokens(text)
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        self.model.token_starts(text)
    }
}
