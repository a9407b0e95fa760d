//! The port: what the engine may ask of an embedding model, whichever one stands behind it.
//! Vectors are unit length, so that an inner product is a cosine.

use std::ops::ControlFlow;

use ragops_storage::Sha256Digest;

use crate::remote::RemoteDescription;

/// Passages given to a model on this machine at a time. While `up` builds, questions wait for the model no longer than
/// one such group.
const PASSAGES_AT_ONCE: usize = 16;

/// Which model made a vector. Two vectors may be compared only if their models' digests are equal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelIdentity {
    /// The name it is installed under, for example `multilingual-e5-small`.
    pub name: String,
    /// Digest of the model's files; equal on every machine for one artefact. Of a model that runs elsewhere: of what it is
    /// asked for by, and of the vectors that it first made of the probes.
    pub digest: Sha256Digest,
    /// Length of each vector.
    pub dimension: usize,
    /// Tokens of one passage that the model reads in one window, its prefix and markers not counted. A longer text
    /// is read in several windows and averaged, which blurs it: chunks should be smaller.
    pub max_tokens: usize,
}

/// An embedding model. Calls may come from several threads at once.
pub trait EmbeddingModel: Send + Sync {
    /// Which model this is.
    fn identity(&self) -> &ModelIdentity;

    /// Embeds texts as passages to be found; row i belongs to `texts[i]`. `monitor` hears of every finished text and
    /// may stop the work, which ends in [`EmbedError::Cancelled`]. Uses all cores.
    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError>;

    /// Embeds texts as questions; row i belongs to `texts[i]`. Uses all cores.
    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError>;

    /// Embeds one question with the least delay: `dimension` values of unit length.
    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError>;

    /// How many tokens the model sees in `text`, without prefix and markers. Linear in the text's length.
    fn count_tokens(&self, text: &str) -> usize {
        self.token_starts(text).len()
    }

    /// How many passages are best given at once. A model that runs elsewhere takes several requests side by side.
    fn passages_at_once(&self) -> usize {
        PASSAGES_AT_ONCE
    }

    /// Of a model that runs elsewhere: where, and vectors that it makes now, by which it is known again. They are asked of
    /// the model itself, never of a cache. `None` for a model whose files have a digest.
    fn describe_remote(&self) -> Result<Option<RemoteDescription>, EmbedError> {
        Ok(None)
    }

    /// Why the model is known not to answer at the moment. Nothing is asked to find out.
    fn trouble(&self) -> Option<EmbedError> {
        None
    }

    /// Asks now whether the model answers and is the one that its identity says. A model on this machine is.
    fn look(&self) -> Result<(), EmbedError> {
        Ok(())
    }

    /// Where each token of `text` starts, as byte offsets on character boundaries, ascending; a text is cut safely at
    /// any of them. Several tokens may share a start where one character became several tokens.
    fn token_starts(&self, text: &str) -> Vec<usize>;
}

/// Hears how a long call gets on, and may stop it. `&()` neither listens nor stops; a closure does both.
pub trait Monitor: Sync {
    /// `texts` more texts are done. Called from the working threads; `Break` stops the call soon.
    fn advanced(&self, texts: usize) -> ControlFlow<()>;
}

impl Monitor for () {
    fn advanced(&self, _texts: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<F: Fn(usize) -> ControlFlow<()> + Sync> Monitor for F {
    fn advanced(&self, texts: usize) -> ControlFlow<()> {
        self(texts)
    }
}

/// Embedding failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The caller's monitor asked to stop.
    #[error("embedding was stopped before it was done")]
    Cancelled,
    /// The model behind the port could not do its work.
    #[error("the embedding model `{model}` failed: {reason}")]
    Model {
        /// Name of the model.
        model: String,
        /// What went wrong and what to do.
        reason: String,
    },
    /// The model does not answer just now; the same call may succeed later.
    #[error("the embedding model `{model}` does not answer: {reason}")]
    Unavailable {
        /// Name of the model.
        model: String,
        /// What went wrong.
        reason: String,
    },
    /// Another model answers under the name.
    #[error("another model answers as `{model}`: {reason}")]
    Changed {
        /// The name.
        model: String,
        /// By what it shows, and what to do.
        reason: String,
    },
}

impl EmbedError {
    /// Whether the same call may succeed later without anybody changing what is asked for.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Unavailable { .. })
    }
}

/// Unit vectors, one a row: a row-major matrix of shape [len, dimension].
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    dimension: usize,
    values: Vec<f32>,
}

/// The number of values is not a multiple of the dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{values} values do not make rows of {dimension}")]
pub struct NotAMatrix {
    /// How many values were given.
    pub values: usize,
    /// The length of a row.
    pub dimension: usize,
}

impl Embeddings {
    /// Takes row-major values of shape [n, dimension].
    pub fn from_values(dimension: usize, values: Vec<f32>) -> Result<Self, NotAMatrix> {
        if dimension == 0 || !values.len().is_multiple_of(dimension) {
            return Err(NotAMatrix { values: values.len(), dimension });
        }
        Ok(Self { dimension, values })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimension
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Length of a row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// One row, if it is there.
    pub fn row(&self, index: usize) -> Option<&[f32]> {
        self.values.chunks_exact(self.dimension).nth(index)
    }

    /// All rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimension)
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, row after row, without a copy.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_rows_or_are_refused() {
        let rows = Embeddings::from_values(2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((rows.len(), rows.row(1), rows.row(2)), (2, Some(&[3.0, 4.0][..]), None));
        assert!(Embeddings::from_values(3, Vec::new()).unwrap().is_empty());
        for (dimension, values) in [(0, 0), (0, 2), (3, 4)] {
            let error = Embeddings::from_values(dimension, vec![0.0; values]).unwrap_err();
            assert_eq!(error, NotAMatrix { values, dimension });
        }
    }

    #[test]
    fn a_closure_is_a_monitor() {
        let stop_at_once = |_: usize| ControlFlow::Break(());
        let monitor: &dyn Monitor = &stop_at_once;
        assert!(monitor.advanced(1).is_break() && ().advanced(1).is_continue());
    }
}
