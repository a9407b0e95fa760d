//! Requests that cannot be answered: each names what is wrong and what to do.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use hyper::body::Frame;

use crate::support::{get, post, send, state};

struct Expected {
    status: u16,
    code: &'static str,
    field: Option<&'static str>,
    says: &'static str,
}

async fn check(indexes: &[&str], path: &str, body: impl Into<Body>, expected: Expected) {
    let reply = post(&state(indexes), path, body).await;
    let error = &reply.json()["error"];
    assert_eq!((reply.status.as_u16(), error["code"].as_str().unwrap()), (expected.status, expected.code), "{error}");
    assert_eq!(error["field"].as_str(), expected.field, "{error}");
    assert!(error["message"].as_str().unwrap().contains(expected.says), "{error}");
    assert_eq!(error["request_id"].as_str().unwrap(), reply.headers["x-request-id"], "{error}");
    assert_eq!(reply.headers["content-type"], "application/json");
}

const fn expect(status: u16, code: &'static str, field: Option<&'static str>, says: &'static str) -> Expected {
    Expected { status, code, field, says }
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    let field = async |body: &'static str, expected| check(&["runbooks"], "/query", body, expected).await;
    field(r#"{"question":"a","topk":1}"#, expect(422, "unknown_field", Some("topk"), "question, mode, index")).await;
    let twice = r#"{"question":"a","mode":"text","question":"b"}"#;
    field(twice, expect(422, "duplicate_field", Some("question"), "`question` is there more than once")).await;
    let unseen = r#"{"question":"\u200b\u200d\ufeff\u0000"}"#;
    field(unseen, expect(422, "question_empty", Some("question"), "nobody sees")).await;
    field("{}", expect(422, "missing_field", Some("question"), "`question` is missing")).await;
    field(r#"{"question":true}"#, expect(422, "wrong_type", Some("question"), "not a boolean")).await;
    field(r#"{"question":"  "}"#, expect(422, "question_empty", Some("question"), "ask something")).await;
    field(r#"{"question":"a","mode":"semantic"}"#, expect(422, "unknown_mode", Some("mode"), "hybrid")).await;
    field(r#"["question"]"#, expect(422, "wrong_type", None, "JSON object")).await;
    field("question=a", expect(400, "malformed_json", None, "line 1 column 1")).await;
}

#[tokio::test]
async fn a_question_over_4_kib_is_refused_and_a_body_over_1_mib_is_not_even_read() {
    let body = |bytes: usize| format!(r#"{{"question":"{}"}}"#, "a".repeat(bytes));
    let long = expect(422, "question_too_long", Some("question"), "5000 bytes of UTF-8, at most 4096");
    check(&["runbooks"], "/query", body(5000), long).await;
    check(&["runbooks"], "/query", body(1 << 20), expect(413, "body_too_large", None, "1048576 bytes")).await;
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_refused() {
    let body = b"{\"question\":\"\xb9\xe8\xc6\xf7\"}".to_vec();
    check(&["runbooks"], "/query", body, expect(400, "invalid_utf8", None, "byte 13")).await;
}

#[tokio::test]
async fn any_other_content_type_is_refused() {
    for given in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")] {
        let mut request = Request::post("/query");
        if let Some(given) = given {
            request = request.header("content-type", given);
        }
        let reply = send(&state(&["runbooks"]), request.body(Body::from(r#"{"question":"a"}"#)).unwrap()).await;
        assert_eq!(reply.status, 415, "{given:?}");
        let error = &reply.json()["error"];
        assert_eq!(error["code"], "unsupported_media_type");
        assert!(error["message"].as_str().unwrap().contains(given.unwrap_or("none was sent")), "{error}");
    }
    let request = Request::post("/query").header("content-type", "Application/JSON; charset=utf-8");
    let reply = send(&state(&["runbooks"]), request.body(Body::from("{}")).unwrap()).await;
    assert_eq!(reply.json()["error"]["code"], "missing_field");
}

/// A body that comes by drops, one a second, and never ends.
struct Dripping(tokio::time::Interval);

impl HttpBody for Dripping {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_tick(context).map(|_| Some(Ok(Frame::data(Bytes::from_static(b" ")))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_in_time_is_not_waited_for() {
    let dripping = Body::new(Dripping(tokio::time::interval(std::time::Duration::from_secs(1))));
    check(&["runbooks"], "/query", dripping, expect(408, "body_timeout", None, "within 10 s")).await;
}

#[tokio::test]
async fn the_index_must_be_one_that_is_served() {
    let ask = r#"{"question":"a"}"#;
    let both = ["faq", "runbooks"];
    check(&both, "/query", ask, expect(422, "index_required", Some("index"), "`faq`, `runbooks`")).await;
    check(&both, "/indexes/wiki/query", ask, expect(404, "unknown_index", None, "there are `faq`, `runbooks`")).await;
    let named = r#"{"question":"a","index":"wiki"}"#;
    check(&both, "/query", named, expect(404, "unknown_index", Some("index"), "no index `wiki`")).await;
    let conflict = expect(422, "index_conflict", Some("index"), "the path asks index `faq` and the body index `wiki`");
    check(&both, "/indexes/faq/query", named, conflict).await;
    check(&[], "/indexes/wiki/query", ask, expect(404, "unknown_index", None, "none is served")).await;
    check(&[], "/query", ask, expect(503, "index_not_ready", None, "no index is served yet")).await;
    check(&both, "/indexes/%ff/query", ask, expect(400, "invalid_path", None, "path is not valid")).await;
}

#[tokio::test]
async fn an_index_without_a_revision_says_when_to_come_back() {
    let reply = post(&state(&["runbooks"]), "/query", r#"{"question":"a"}"#).await;
    assert_eq!((reply.status.as_u16(), reply.headers["retry-after"].to_str().unwrap()), (503, "5"));
    let error = &reply.json()["error"];
    assert_eq!(error["code"], "index_not_ready");
    assert!(error["message"].as_str().unwrap().contains("about to be built"), "{error}");
}

#[tokio::test]
async fn other_paths_and_methods_get_json_too() {
    let reply = get(&state(&["runbooks"]), "/admin").await;
    assert_eq!((reply.status.as_u16(), reply.json()["error"]["code"].as_str().unwrap()), (404, "not_found"));
    let reply = get(&state(&["runbooks"]), "/query").await;
    assert_eq!((reply.status.as_u16(), reply.json()["error"]["code"].as_str().unwrap()), (405, "method_not_allowed"));
    assert_eq!(reply.headers["allow"], "POST");
}

#[tokio::test]
async fn a_slash_too_many_is_pointed_out() {
    for path in ["/query/", "/health/", "/indexes/faq/query/"] {
        let error = get(&state(&["faq"]), path).await.json()["error"].clone();
        assert_eq!(error["code"], "not_found");
        assert!(error["message"].as_str().unwrap().contains("no path ends with a slash"), "{error}");
    }
}

#[tokio::test]
async fn every_path_names_its_methods_and_an_index_may_be_percent_encoded() {
    for (path, method, allow) in [
        ("/", "PUT", "GET,HEAD"),
        ("/health", "DELETE", "GET,HEAD"),
        ("/query", "OPTIONS", "POST"),
        ("/query", "HEAD", "POST"),
        ("/indexes/faq/query", "BREW", "POST"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let reply = send(&state(&["faq"]), request).await;
        assert_eq!((reply.status.as_u16(), reply.headers["allow"].to_str().unwrap()), (405, allow), "{method} {path}");
    }
    let ask = r#"{"question":"a"}"#;
    check(&["faq"], "/indexes/%66aq/query", ask, expect(503, "index_not_ready", None, "index `faq`")).await;
    check(&["faq"], "/indexes/a%2Fb/query", ask, expect(404, "unknown_index", None, "no index `a/b`")).await;
}

#[tokio::test]
async fn a_compressed_body_is_refused_by_name() {
    let ask = async |coding: &str| {
        let request = Request::post("/query").header("content-type", "application/json");
        let request = request.header("content-encoding", coding).body(Body::from("{}")).unwrap();
        let reply = send(&state(&["faq"]), request).await;
        (reply.status.as_u16(), reply.json()["error"]["message"].as_str().unwrap().to_owned())
    };
    let (status, message) = ask("gzip").await;
    assert!(status == 415 && message.contains("without Content-Encoding `gzip`"), "{status}: {message}");
    assert_eq!(ask("identity").await.0, 422);
}

#[tokio::test]
async fn a_callers_request_id_comes_back() {
    let request = Request::get("/nowhere").header("x-request-id", "trace-17").body(Body::empty()).unwrap();
    let reply = send(&state(&[]), request).await;
    assert_eq!(reply.headers["x-request-id"], "trace-17");
    assert_eq!(reply.json()["error"]["request_id"], "trace-17");
}
