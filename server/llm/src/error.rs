//! What can go wrong with one request to a model server, and what follows for whoever asked.

use std::time::Duration;

/// What the caller should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Ask again after a while: it may pass by itself.
    Retry,
    /// Asking again at once is of no use, but somebody else may mend it: a model that is not there yet, a server that is
    /// not the one meant.
    Wait,
    /// The same request fails again: it must be changed.
    Terminal,
}

/// One request failed. Messages name the address without credentials, and repeat at most a line of what was said there.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LlmError {
    /// The address, the key or the certificates cannot be used.
    #[error("{reason}")]
    Endpoint {
        /// Why.
        reason: String,
    },
    /// Nobody listens, or the name is unknown, or the certificate is not trusted.
    #[error("{url} cannot be reached: {reason}")]
    Connect {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// No answer, or no more of it, in time.
    #[error("{url} did not {step} within {} s", .after.as_secs_f32())]
    Timeout {
        /// Where.
        url: String,
        /// What was waited for.
        step: &'static str,
        /// How long.
        after: Duration,
    },
    /// The answer ended in the middle.
    #[error("the answer of {url} was cut short: {reason}")]
    Cut {
        /// Where.
        url: String,
        /// How that shows.
        reason: String,
    },
    /// Too many requests.
    #[error("{url} takes no more requests for now (status 429): {said}")]
    RateLimited {
        /// Where.
        url: String,
        /// When it is to be asked again, if it says so.
        retry_after: Option<Duration>,
        /// What was said.
        said: String,
    },
    /// The server failed.
    #[error("{url} failed (status {status}): {said}")]
    Server {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// When it is to be asked again, if it says so.
        retry_after: Option<Duration>,
        /// What was said.
        said: String,
    },
    /// The key is missing or wrong.
    #[error(
        "{url} does not accept the API key (status {status}): {said}; correct `apiKeySecretRef` and the Secret it names"
    )]
    Unauthorised {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// What was said.
        said: String,
    },
    /// No such model, or no such path.
    #[error("{url} has no model `{model}`, or is not the API that was expected (status 404): {said}")]
    NotFound {
        /// Where.
        url: String,
        /// The model.
        model: String,
        /// What was said.
        said: String,
    },
    /// The request is too long for the model.
    #[error("{url} refuses the text as too long for the model (status {status}): {said}")]
    TooLong {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// What was said.
        said: String,
    },
    /// The request is refused for another reason.
    #[error("{url} refuses the request (status {status}): {said}")]
    Refused {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// What was said.
        said: String,
    },
    /// What came is not of the protocol: a page for people, most of the time.
    #[error("{url} answers with {what} instead of JSON: `{begins}`; correct `external.url` and `external.protocol`")]
    NotJson {
        /// Where.
        url: String,
        /// What it calls it.
        what: String,
        /// How it begins.
        begins: String,
    },
    /// It is JSON, and not what was asked for: too few vectors, of another length, with values that are no numbers.
    #[error("the answer of {url} cannot be used: {reason}")]
    Reply {
        /// Where.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It failed a moment ago, and is not asked just now.
    #[error("it is not asked for {:.0} s more, since it failed: {reason}", .left.as_secs_f32().ceil())]
    Resting {
        /// How it failed.
        reason: String,
        /// How much longer.
        left: Duration,
    },
    /// The answer is longer than any could be.
    #[error("the answer of {url} is larger than {limit} bytes")]
    TooLarge {
        /// Where.
        url: String,
        /// The most that is read.
        limit: usize,
    },
}

impl LlmError {
    /// What the caller should do.
    pub fn class(&self) -> Class {
        match self {
            Self::Connect { .. } | Self::Timeout { .. } | Self::Cut { .. } => Class::Retry,
            Self::RateLimited { .. } | Self::Server { .. } => Class::Retry,
            Self::Resting { .. } => Class::Wait,
            Self::NotFound { .. } | Self::NotJson { .. } => Class::Wait,
            Self::Endpoint { .. }
            | Self::Unauthorised { .. }
            | Self::TooLong { .. }
            | Self::Refused { .. }
            | Self::Reply { .. }
            | Self::TooLarge { .. } => Class::Terminal,
        }
    }

    /// When the server wants to be asked again, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// A stable word for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Endpoint { .. } => "endpoint",
            Self::Connect { .. } => "connect",
            Self::Timeout { .. } => "timeout",
            Self::Cut { .. } => "cut",
            Self::RateLimited { .. } => "rate_limited",
            Self::Server { .. } => "server",
            Self::Unauthorised { .. } => "unauthorised",
            Self::NotFound { .. } => "not_found",
            Self::TooLong { .. } => "too_long",
            Self::Refused { .. } => "refused",
            Self::NotJson { .. } => "not_json",
            Self::Reply { .. } => "reply",
            Self::TooLarge { .. } => "too_large",
            Self::Resting { .. } => "resting",
        }
    }

    /// Whether it tells of this request, and not of the endpoint: the same for another question may succeed.
    pub fn is_of_one_request(&self) -> bool {
        matches!(self, Self::TooLong { .. } | Self::Refused { .. } | Self::TooLarge { .. })
    }
}
