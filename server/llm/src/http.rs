//! One request over HTTP: sent, timed, read up to a bound, and its failure put into a variant of `LlmError`. No retries.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::error::LlmError;
use crate::tls;

/// Bytes read of an answer that says what went wrong.
const MAX_ERROR_BYTES: usize = 16 << 10;
/// Idle connections are given up before the usual proxies do so: a request on one that was closed is lost.
const IDLE: Duration = Duration::from_secs(20);
/// The longest pause that a server may ask for: what is longer is decided by our own policy.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// How long each step of a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Until a connection stands.
    pub connect: Duration,
    /// From then on until the answer begins.
    pub first_byte: Duration,
    /// From one piece of the answer to the next.
    pub between: Duration,
}

impl Deadlines {
    /// One limit for each step.
    pub fn each(limit: Duration) -> Self {
        Self { connect: limit.min(Duration::from_secs(10)), first_byte: limit, between: limit }
    }
}

/// Connections to one endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    pub(crate) endpoint: Endpoint,
}

impl Http {
    /// `ca` are certificates in PEM, in place of the system's.
    pub(crate) fn new(endpoint: Endpoint, ca: Option<&str>) -> Result<Self, LlmError> {
        let builder = Client::builder()
            .tls_backend_preconfigured(tls::config(ca)?)
            // A redirect would carry texts, and maybe the key, to somebody else.
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("ragops/", env!("CARGO_PKG_VERSION")));
        let builder = if endpoint.is_loopback() { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| LlmError::Endpoint { reason: told(&error) })?;
        Ok(Self { client, endpoint })
    }

    /// Posts JSON; what comes back has begun, with a status of success.
    pub(crate) async fn post(
        &self,
        operation: &str,
        body: &impl Serialize,
        deadlines: Deadlines,
    ) -> Result<Reply, LlmError> {
        let bytes = serde_json::to_vec(body).map_err(|error| LlmError::Endpoint { reason: error.to_string() })?;
        let mut request = self.client.post(self.endpoint.url(operation)).header(CONTENT_TYPE, "application/json");
        request = request.header(ACCEPT, "application/json, text/event-stream, application/x-ndjson").body(bytes);
        if let Some(authorization) = self.endpoint.authorization() {
            request = request.header(AUTHORIZATION, authorization);
        }
        let limit = deadlines.connect + deadlines.first_byte;
        let sent = tokio::time::timeout(limit, request.send()).await;
        let response = sent.map_err(|_| self.late("begin to answer", limit))?.map_err(|error| self.not_sent(&error))?;
        let reply = Reply { response, http: self.clone(), between: deadlines.between };
        if reply.response.status().is_success() { Ok(reply) } else { Err(reply.failure().await) }
    }

    fn url(&self) -> String {
        self.endpoint.shown().to_owned()
    }

    fn late(&self, step: &'static str, after: Duration) -> LlmError {
        LlmError::Timeout { url: self.url(), step, after }
    }

    fn not_sent(&self, error: &reqwest::Error) -> LlmError {
        let (url, reason) = (self.url(), told(error));
        if error.is_connect() { LlmError::Connect { url, reason } } else { LlmError::Cut { url, reason } }
    }
}

/// An answer that has begun.
#[derive(Debug)]
pub(crate) struct Reply {
    response: Response,
    http: Http,
    between: Duration,
}

impl Reply {
    /// The next bytes; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, LlmError> {
        let next = tokio::time::timeout(self.between, self.response.chunk()).await;
        let next = next.map_err(|_| self.http.late("go on with its answer", self.between))?;
        let next = next.map_err(|error| LlmError::Cut { url: self.http.url(), reason: told(&error) })?;
        Ok(next.map(Vec::from))
    }

    /// All of it, up to `limit` bytes.
    async fn bytes(&mut self, limit: usize) -> Result<Vec<u8>, LlmError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if bytes.len() + chunk.len() > limit {
                return Err(LlmError::TooLarge { url: self.http.url(), limit });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// All of it as JSON, up to `limit` bytes.
    pub(crate) async fn json(mut self, limit: usize) -> Result<Value, LlmError> {
        let content_type = self.content_type();
        let bytes = self.bytes(limit).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let text = String::from_utf8_lossy(&bytes);
            let url = self.http.url();
            let looks_like_json = text.trim_start().starts_with(['{', '[']);
            match looks_like_json {
                true if error.is_eof() => LlmError::Cut { url, reason: "its JSON ends in the middle".to_owned() },
                true => LlmError::Reply { url, reason: format!("it is not valid JSON: {error}") },
                false => LlmError::NotJson { url, what: content_type, begins: self.http.endpoint.quote(&text) },
            }
        })
    }

    /// What the server calls it.
    pub(crate) fn content_type(&self) -> String {
        let value = self.response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.map_or_else(|| "something without a type".to_owned(), |text| self.http.endpoint.quote(text))
    }

    /// What a status other than success means.
    async fn failure(mut self) -> LlmError {
        let (status, retry_after) = (self.response.status(), retry_after(self.response.headers()));
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = self.chunk().await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() >= MAX_ERROR_BYTES {
                break;
            }
        }
        let points_to = self.response.headers().get(LOCATION).filter(|_| status.is_redirection());
        let said = match points_to.and_then(|value| value.to_str().ok()) {
            Some(to) => format!("it points to {}, and redirects are not followed", self.http.endpoint.quote(to)),
            None => self.http.endpoint.quote(&message(&bytes)),
        };
        failure(&self.http.endpoint, status, retry_after, said)
    }
}

fn failure(endpoint: &Endpoint, status: StatusCode, retry_after: Option<Duration>, said: String) -> LlmError {
    let (url, code) = (endpoint.shown().to_owned(), status.as_u16());
    match code {
        429 => LlmError::RateLimited { url, retry_after, said },
        401 | 403 => LlmError::Unauthorised { url, status: code, said },
        404 => LlmError::NotFound { url, model: endpoint.model.clone(), said },
        400 | 413 | 422 | 500 if is_about_length(&said) => LlmError::TooLong { url, status: code, said },
        408 | 500.. => LlmError::Server { url, status: code, retry_after, said },
        _ => LlmError::Refused { url, status: code, said },
    }
}

/// Whether a refusal is about the length of the text, in the words of OpenAI, vLLM, Ollama, TEI and llama.cpp. Ollama says so
/// with status 400 or 500.
fn is_about_length(said: &str) -> bool {
    const WORDS: [&str; 8] = [
        "context length",
        "context_length",
        "maximum context",
        "context size",
        "too long",
        "too large to process",
        "must have less than",
        "exceeds the",
    ];
    let said = said.to_lowercase();
    WORDS.iter().any(|words| said.contains(words))
}

/// What an error's body says: `error.message` of OpenAI, `error` of Ollama, `message` or `detail` of others, or its text.
fn message(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return text };
    let places = [&value["error"]["message"], &value["error"], &value["message"], &value["detail"]];
    places.into_iter().find_map(Value::as_str).map_or(text, str::to_owned)
}

/// `Retry-After` in seconds, or OpenAI's `retry-after-ms`. Dates are left to our own policy: they need a clock that agrees.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1e3).or_else(|| number(RETRY_AFTER.as_str()))?;
    Duration::try_from_secs_f64(seconds).ok().map(|asked| asked.min(MAX_RETRY_AFTER))
}

/// An error with its causes, which reqwest keeps apart, and without the address, which messages name themselves.
fn told(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragops_embed::remote::RemoteProtocol;
    use reqwest::header::{HeaderName, HeaderValue};

    #[test]
    fn a_status_becomes_the_step_that_failed() {
        let endpoint = Endpoint::new(RemoteProtocol::OpenAI, "http://h/v1", "m", None).unwrap();
        let check = |status: u16, said: &str, kind: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(failure(&endpoint, status, None, said.to_owned()).kind(), kind, "{status} {said}");
        };
        check(429, "slow down", "rate_limited");
        check(401, "", "unauthorised");
        check(403, "", "unauthorised");
        check(404, "model 'x' not found", "not_found");
        check(400, "This model's maximum context length is 512 tokens", "too_long");
        check(400, "the input length exceeds the context length", "too_long");
        check(413, "input is too large to process", "too_long");
        check(400, "unknown field", "refused");
        check(307, "", "refused");
        check(500, "boom", "server");
        check(503, "", "server");
        check(408, "", "server");
    }

    #[test]
    fn a_pause_is_read_in_seconds_and_bounded() {
        let check = |name: &'static str, value: &'static str, expect: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            assert_eq!(retry_after(&headers), expect.map(Duration::from_millis), "{name}: {value}");
        };
        check("retry-after", "2", Some(2_000));
        check("retry-after", "0.25", Some(250));
        check("retry-after-ms", "1500", Some(1_500));
        check("retry-after", "999999999", Some(600_000));
        check("retry-after", "-1", None);
        check("retry-after", "NaN", None);
        check("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT", None);
    }

    #[test]
    fn an_error_says_what_its_body_says() {
        let check = |body: &str, expect: &str| assert_eq!(message(body.as_bytes()), expect);
        check(r#"{"error":{"message":"no","type":"x"}}"#, "no");
        check(r#"{"error":"model not found"}"#, "model not found");
        check(r#"{"detail":"gone"}"#, "gone");
        check(r#"{"object":"error","message":"bad"}"#, "bad");
        check("<html>bad gateway</html>", "<html>bad gateway</html>");
    }
}
