//! Lets a build be stopped wherever it asks the model, by way of the model's own port.

use std::ops::ControlFlow;

use ragops_embed::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor, RemoteDescription};

use super::BuildError;
use super::progress::BuildObserver;
use crate::retrieve::RetrieveError;

/// A model that answers until the build is cancelled, and with `EmbedError::Cancelled` from then on.
pub(super) struct Cancellable<'a> {
    pub(super) model: &'a dyn EmbeddingModel,
    pub(super) observer: &'a dyn BuildObserver,
}

impl Cancellable<'_> {
    fn check(&self) -> Result<(), EmbedError> {
        if self.observer.is_cancelled() { Err(EmbedError::Cancelled) } else { Ok(()) }
    }
}

impl EmbeddingModel for Cancellable<'_> {
    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        self.check()?;
        let both = |texts: usize| match monitor.advanced(texts) {
            ControlFlow::Continue(()) if !self.observer.is_cancelled() => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        };
        self.model.embed_passages(texts, &both)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.check()?;
        self.model.embed_queries(texts)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.check()?;
        self.model.embed_query(text)
    }

    fn passages_at_once(&self) -> usize {
        self.model.passages_at_once()
    }

    fn describe_remote(&self) -> Result<Option<RemoteDescription>, EmbedError> {
        self.check()?;
        self.model.describe_remote()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.model.count_tokens(text)
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        self.model.token_starts(text)
    }
}

/// A model's cancellation as the build's.
pub(super) fn cancelled(error: BuildError) -> BuildError {
    match error {
        BuildError::Embed(EmbedError::Cancelled)
        | BuildError::Retrieve(RetrieveError::Embed(EmbedError::Cancelled)) => BuildError::Cancelled,
        other => other,
    }
}
