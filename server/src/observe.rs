//! What happens around every request: it gets an id, is counted and logged once, and an error gets its JSON body.
//! Questions and answers are never logged.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Response, header};
use axum::middleware::Next;
use tracing::Instrument;

use crate::error::{ApiError, Code};
use crate::metrics::Metrics;
use crate::state::SharedState;

/// Taken from the request when it is sane, and always in the response.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids would bloat every log line.
const MAX_REQUEST_ID: usize = 64;

/// Routes that are asked by machines, all the time.
const PROBES: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// The id of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The caller's own id, if it is up to 64 letters, digits, `.`, `_` or `-`; else 16 hex digits.
    fn of(request: &Request) -> Self {
        let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        match given {
            Some(id) if is_sane(id) => Self(id.to_owned()),
            _ => Self::generate(),
        }
    }

    /// An id that no other request of this process has, and hardly one of another.
    fn generate() -> Self {
        static KEY: std::sync::LazyLock<std::hash::RandomState> = std::sync::LazyLock::new(Default::default);
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(format!("{:016x}", KEY.hash_one(NEXT.fetch_add(1, Ordering::Relaxed))))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_sane(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(allowed)
}

/// The outermost layer.
pub async fn observe(State(state): State<SharedState>, mut request: Request, next: Next) -> Response<Body> {
    let id = RequestId::of(&request);
    let mut record = Record::begin(state.metrics.clone(), &request);
    let span = tracing::info_span!("request", request_id = id.as_str());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    let error = response.extensions_mut().remove::<ApiError>();
    if let Some(error) = &error {
        let body = serde_json::to_vec(&error.body(id.as_str())).expect("plain text always serialises");
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = Body::from(body);
    }
    let value = HeaderValue::from_str(id.as_str()).expect("a sane id is a header value");
    response.headers_mut().insert(REQUEST_ID, value);
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    span.in_scope(|| record.end(response.status().as_u16(), error.as_ref()));
    response
}

/// One request's line in the log and in the metrics, also when its client goes away before it is answered.
struct Record {
    metrics: Metrics,
    method: &'static str,
    route: String,
    start: Instant,
    status: Option<u16>,
}

impl Record {
    fn begin(metrics: Metrics, request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
        Self { metrics, method: method_label(request), route, start: Instant::now(), status: None }
    }

    fn end(&mut self, status: u16, error: Option<&ApiError>) {
        self.status = Some(status);
        let (method, route) = (self.method, self.route.as_str());
        let ms = (self.start.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        match error {
            // Probes and scrapes come every few seconds and say nothing.
            None if PROBES.contains(&route) => tracing::debug!(method, route, status, ms, "request"),
            None => tracing::info!(method, route, status, ms, "request"),
            Some(error) => {
                let code = serde_json::to_value(error.code).unwrap_or_default();
                let (code, message) = (code.as_str().unwrap_or_default(), error.message.as_str());
                let detail = error.detail.as_deref().unwrap_or_default();
                if error.code == Code::IndexNotReady {
                    // So it is at every start; what keeps an index from being built is logged where that happens.
                    tracing::warn!(method, route, status, ms, code, error = message, "request");
                } else if status >= 500 {
                    tracing::error!(method, route, status, ms, code, detail, error = message, "request");
                } else {
                    tracing::info!(method, route, status, ms, code, error = message, "request");
                }
            }
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let status = match self.status {
            Some(status) => status.to_string(),
            None => {
                tracing::info!(method = self.method, route = self.route.as_str(), "the client closed the request");
                "closed".to_owned()
            }
        };
        self.metrics.request(&self.route, self.method, &status, self.start.elapsed());
    }
}

/// Methods are the client's to invent; labels are not.
fn method_label(request: &Request) -> &'static str {
    match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_id_is_kept_only_when_it_is_sane() {
        let check = |given: Option<&str>, kept: bool| {
            let mut request = Request::new(Body::empty());
            if let Some(given) = given {
                request.headers_mut().insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
            }
            let id = RequestId::of(&request);
            assert_eq!(Some(id.as_str()) == given, kept, "{given:?} became {id:?}");
            assert!(is_sane(id.as_str()));
        };
        check(None, false);
        check(Some("deploy-7.a_B"), true);
        check(Some(""), false);
        check(Some("two words"), false);
        check(Some("\"quoted\""), false);
        check(Some(&"x".repeat(64)), true);
        check(Some(&"x".repeat(65)), false);
    }

    #[test]
    fn generated_ids_differ() {
        assert_ne!(RequestId::generate(), RequestId::generate());
    }
}
