//! Errors of the HTTP interface: a stable code, a public message, and what only the log may hear. The body is
//! rendered by `observe`, which knows the request's id.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong, for programs. The snake_case names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The body is not JSON.
    MalformedJson,
    /// The body is not UTF-8.
    InvalidUtf8,
    /// The path holds bytes that are not UTF-8.
    InvalidPath,
    /// The body ended early.
    BodyIncomplete,
    /// The `Host` header is missing, doubled or not valid.
    InvalidHost,
    /// The server listens on this machine alone, and a page of another origin asks.
    OriginNotAllowed,
    /// The server listens on this machine alone, and was called by a name that is not this machine's.
    HostNotAllowed,
    /// There is no such page.
    NotFound,
    /// No index has this name.
    UnknownIndex,
    /// The page exists, but not for this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    BodyTimeout,
    /// The body is larger than 1 MiB.
    BodyTooLarge,
    /// The Content-Type is not JSON, or the body is compressed.
    UnsupportedMediaType,
    /// A field that this route does not know.
    UnknownField,
    /// A field that is there more than once.
    DuplicateField,
    /// A field that must be there is not.
    MissingField,
    /// A field's value is of another type.
    WrongType,
    /// The question is empty, or nothing of it can be seen.
    QuestionEmpty,
    /// The question is longer than 4 KiB.
    QuestionTooLong,
    /// The mode is none of those that exist.
    UnknownMode,
    /// Several indexes are served and none was named.
    IndexRequired,
    /// The path names one index and the body another.
    IndexConflict,
    /// Something failed here; the log knows what.
    Internal,
    /// The index has no revision to answer from yet.
    IndexNotReady,
    /// Too many questions wait already.
    Overloaded,
    /// No answer was found in time.
    AnswerTimeout,
}

impl Code {
    /// The HTTP status that goes with it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::MalformedJson | Self::InvalidUtf8 | Self::InvalidPath | Self::InvalidHost | Self::BodyIncomplete => {
                StatusCode::BAD_REQUEST
            }
            Self::OriginNotAllowed => StatusCode::FORBIDDEN,
            Self::HostNotAllowed => StatusCode::MISDIRECTED_REQUEST,
            Self::NotFound | Self::UnknownIndex => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnknownField
            | Self::DuplicateField
            | Self::MissingField
            | Self::WrongType
            | Self::QuestionEmpty
            | Self::QuestionTooLong
            | Self::UnknownMode
            | Self::IndexRequired
            | Self::IndexConflict => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::IndexNotReady | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::AnswerTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// For programs; stable.
    pub code: Code,
    /// For people: what is wrong and what to do. The wording may change.
    pub message: String,
    /// The field of the request that is wrong, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The id of the request, as in the `x-request-id` header and in the log.
    pub request_id: String,
}

/// An error on its way out. Its `detail` never leaves the process other than through the log.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// What went wrong, for programs.
    pub code: Code,
    /// What went wrong, for people.
    pub message: String,
    /// The field of the request that is wrong.
    pub field: Option<String>,
    /// Seconds after which the same request may succeed.
    pub retry_after: Option<u32>,
    /// What the log says beside the message.
    pub detail: Option<String>,
}

impl ApiError {
    /// An error with a public message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, retry_after: None, detail: None }
    }

    /// Something failed here. The caller hears only that; `detail` goes to the log.
    pub fn internal(detail: impl ToString) -> Self {
        let message = "the server failed to answer; its log says why, under this request id";
        Self { detail: Some(detail.to_string()), ..Self::new(Code::Internal, message) }
    }

    /// Names the field of the request that is wrong.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds what only the log may hear.
    #[must_use]
    pub fn detail(mut self, detail: impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// The response's body for the request with this id.
    pub fn body(&self, request_id: &str) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                code: self.code,
                message: self.message.clone(),
                field: self.field.clone(),
                request_id: request_id.to_owned(),
            },
        }
    }
}

impl IntoResponse for ApiError {
    /// An empty response that carries the error; `observe` writes its body.
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code.status();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_body_hides_the_detail() {
        let error = ApiError::internal("disk /srv/secret is broken");
        let body = serde_json::to_string(&error.body("r1")).unwrap();
        assert!(!body.contains("secret"), "{body}");
        assert!(
            body.starts_with(r#"{"error":{"code":"internal","message":""#) && body.contains(r#""request_id":"r1""#)
        );
    }

    #[test]
    fn the_response_says_when_to_try_again() {
        let response = ApiError::new(Code::Overloaded, "busy").retry_after(2).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }
}
