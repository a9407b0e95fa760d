//! A server on a loopback address answers to names of this machine only; any other server answers to every name.

use axum::body::Body;
use axum::http::Request;
use ragops_server::audience::Audience;

use crate::support::{send_to, state};

fn loopback() -> Audience {
    Audience::of("127.0.0.1:8000".parse().unwrap(), "127.0.0.1:8000", &["rag.example.com".to_owned()])
}

fn network() -> Audience {
    Audience::of("0.0.0.0:8000".parse().unwrap(), "0.0.0.0:8000", &[])
}

/// What a question gets that would otherwise get `index_not_ready`.
async fn check(audience: Audience, host: &str, origin: Option<&str>, expected: (u16, &str)) {
    let mut request = Request::post("/query").header("host", host).header("content-type", "application/json");
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let request = request.body(Body::from(r#"{"question":"a"}"#)).unwrap();
    let reply = send_to(&state(&["faq"]), audience, request).await;
    let error = &reply.json()["error"];
    let found = (reply.status.as_u16(), error["code"].as_str().unwrap());
    assert_eq!(found, expected, "host {host}, origin {origin:?}: {error}");
    if matches!(found.0, 403 | 421) {
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("RAGOPS_ALLOWED_HOSTS") && error["request_id"].is_string(), "{error}");
    }
}

const PASSED: (u16, &str) = (503, "index_not_ready");

#[tokio::test]
async fn on_a_loopback_address_a_foreign_host_is_refused() {
    let refused = (421, "host_not_allowed");
    check(loopback(), "evil.example:8000", None, refused).await;
    check(loopback(), "10.1.2.3", None, refused).await;
    for host in ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "localhost:9000", "rag.example.com"] {
        check(loopback(), host, None, PASSED).await;
    }
    check(loopback(), "a b", None, (400, "invalid_host")).await;
}

#[tokio::test]
async fn on_a_loopback_address_a_page_of_another_origin_may_not_ask() {
    let refused = (403, "origin_not_allowed");
    check(loopback(), "localhost:8000", Some("https://evil.example"), refused).await;
    check(loopback(), "localhost:8000", Some("null"), refused).await;
    check(loopback(), "localhost:8000", Some("http://localhost.evil.example"), refused).await;
    check(loopback(), "localhost:8000", Some("http://localhost:8000"), PASSED).await;
    check(loopback(), "127.0.0.1:8000", Some("https://rag.example.com"), PASSED).await;
}

#[tokio::test]
async fn every_page_is_guarded_reading_too() {
    for path in ["/", "/health", "/metrics", "/openapi.json", "/nowhere"] {
        let request = Request::get(path).header("host", "evil.example").body(Body::empty()).unwrap();
        assert_eq!(send_to(&state(&["faq"]), loopback(), request).await.status, 421, "{path}");
    }
}

#[tokio::test]
async fn on_any_other_address_every_host_and_origin_is_answered() {
    check(network(), "ragops.team-a.svc.cluster.local", None, PASSED).await;
    check(network(), "10.42.0.17:8000", Some("https://rag.example.com"), PASSED).await;
}
