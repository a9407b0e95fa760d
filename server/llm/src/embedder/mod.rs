//! The port `EmbeddingModel` by a model that runs elsewhere. `connection` sends texts: cut, batched, paced, retried. Builds
//! ask through `building`, which is patient and sees to it that one model makes all vectors; questions through `serving`,
//! which gives up soon, says so, and notices when the model is back, or is another one.

mod building;
mod connection;
mod generations;
mod health;
mod serving;
mod tokens;

use std::time::Duration;

use ragops_embed::EmbedError;
use ragops_embed::remote::{OtherModel, RemoteDescription, RemoteProtocol, SecretName};

pub use building::BuildingModel;
pub use connection::Connection;
pub use generations::{Generations, Known};
pub use serving::ServingModel;
pub use tokens::token_starts;

use crate::endpoint::ApiKey;
use crate::error::{Class, LlmError};
use crate::http::Deadlines;
use crate::pace::Pace;

/// Which model is asked, where, and what is put around a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteConfig {
    /// The LlmBackend that says so.
    pub backend: String,
    /// What is spoken there.
    pub protocol: RemoteProtocol,
    /// Where.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// Put before a question.
    pub query_prefix: String,
    /// Put before a passage.
    pub passage_prefix: String,
    /// Tokens that the model sees at once.
    pub max_tokens: usize,
    /// The API key, by name and by value; the value is missing where the Secret is not at hand.
    pub api_key: Option<(SecretName, Option<ApiKey>)>,
    /// Certificates in PEM, by name and by value.
    pub ca: Option<(SecretName, Option<String>)>,
}

impl RemoteConfig {
    /// Whether vectors of the one may be those of the other: whether they are is told by probes.
    pub fn asks_as(&self, other: &RemoteDescription) -> bool {
        self.model == other.model
            && self.query_prefix == other.query_prefix
            && self.passage_prefix == other.passage_prefix
            && self.max_tokens == other.max_tokens
    }

    /// As a revision keeps it, without probes.
    fn describe(&self) -> RemoteDescription {
        RemoteDescription {
            backend: self.backend.clone(),
            protocol: self.protocol,
            url: self.url.clone(),
            model: self.model.clone(),
            query_prefix: self.query_prefix.clone(),
            passage_prefix: self.passage_prefix.clone(),
            max_tokens: self.max_tokens,
            api_key: self.api_key.as_ref().map(|(name, _)| name.clone()),
            ca: self.ca.as_ref().map(|(name, _)| name.clone()),
            probes: Vec::new(),
        }
    }
}

/// How a model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteOptions {
    /// How fast.
    pub pace: Pace,
    /// How long one request of a build may take.
    pub build_timeout: Duration,
    /// How long all of a question's embedding may take.
    pub question_timeout: Duration,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self { pace: Pace::default(), build_timeout: Duration::from_secs(60), question_timeout: Duration::from_secs(5) }
    }
}

/// Who waits for a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A build: hours, if it must be.
    Build,
    /// A build that has not begun.
    Connect,
    /// Somebody who asked.
    Question,
}

impl RemoteOptions {
    fn deadlines(&self, patience: Patience) -> Deadlines {
        Deadlines::each(match patience {
            Patience::Build | Patience::Connect => self.build_timeout,
            Patience::Question => self.question_timeout,
        })
    }
}

/// Embedding elsewhere failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    Cancelled,
    Llm(LlmError),
    Other(OtherModel),
}

impl From<LlmError> for Failure {
    fn from(error: LlmError) -> Self {
        Self::Llm(error)
    }
}

impl Failure {
    /// In the words of the port; `advice` says what to do about another model.
    fn into_error(self, model: &str, advice: &str) -> EmbedError {
        let model = model.to_owned();
        match self {
            Self::Cancelled => EmbedError::Cancelled,
            Self::Other(other) => EmbedError::Changed { model, reason: format!("{other}; {advice}") },
            Self::Llm(error) => match error.class() {
                Class::Retry | Class::Wait => EmbedError::Unavailable { model, reason: error.to_string() },
                Class::Terminal => EmbedError::Model { model, reason: error.to_string() },
            },
        }
    }

    /// Whether it tells of the endpoint, and not of one text.
    fn is_of_the_endpoint(&self) -> bool {
        !matches!(self, Self::Cancelled | Self::Llm(LlmError::TooLong { .. } | LlmError::Refused { .. }))
    }
}
