//! Health, liveness, readiness, metrics and the page.

use axum::http::Request;

use crate::support::{get, post, send, state};

#[tokio::test]
async fn without_a_revision_the_server_lives_but_is_not_ready() {
    let state = state(&["faq", "runbooks"]);
    assert_eq!(get(&state, "/livez").await.status, 200);
    let ready = get(&state, "/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.text.as_str()), (503, "not ready: faq, runbooks\n"));
    let health = get(&state, "/health").await;
    assert_eq!(health.status, 200);
    let json = health.json();
    assert_eq!(json["status"], "starting");
    assert!(json["indexes"]["faq"]["revision"].is_null(), "{json}");
    assert_eq!(json["indexes"]["faq"]["build"]["state"], "idle");
}

#[tokio::test]
async fn a_failed_build_and_refused_resources_show_in_health() {
    use ragops_engine::build::ErrorClass;
    use ragops_server::state::{Failure, ResourceCondition};
    let state = state(&["faq"]);
    let failure = Failure {
        message: "the folder /docs is gone".to_owned(),
        class: ErrorClass::BadInput,
        attempts: 2,
        time: "2026-03-01T09:30:00.000Z".to_owned(),
    };
    state.indexes()["faq"].update(|condition| condition.failure = Some(failure));
    let rejected = Some("rag.yaml: unknown field `spec.sorces`".to_owned());
    state.set_resources(ResourceCondition { rejected, not_used: vec!["spec.serving".to_owned()] });
    let json = get(&state, "/health").await.json();
    let error = &json["indexes"]["faq"]["last_error"];
    assert_eq!((&error["message"], &error["retryable"]), (&"the folder /docs is gone".into(), &false.into()));
    assert!(json["resources"]["rejected"].as_str().unwrap().contains("spec.sorces"), "{json}");
    assert_eq!(json["resources"]["not_used"][0], "spec.serving");
    let reply = post(&state, "/query", r#"{"question":"a"}"#).await;
    assert!(reply.json()["error"]["message"].as_str().unwrap().contains("GET /health says why"));
}

#[tokio::test]
async fn an_index_taken_out_is_no_longer_known() {
    let state = state(&["faq", "runbooks"]);
    let kept = state.indexes()["faq"].clone();
    state.serve(vec![kept]);
    let reply = post(&state, "/indexes/runbooks/query", r#"{"question":"a"}"#).await;
    assert_eq!(reply.json()["error"]["code"], "unknown_index");
    assert!(!get(&state, "/metrics").await.text.contains("runbooks"));
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_never_by_path() {
    let state = state(&["faq"]);
    post(&state, "/indexes/faq/query", "{}").await;
    get(&state, "/indexes/faq/no-such-page").await;
    let metrics = get(&state, "/metrics").await;
    assert!(metrics.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let route = r#"ragops_http_requests_total{method="POST",route="/indexes/{name}/query",status="422"} 1"#;
    assert!(metrics.text.contains(route), "{}", metrics.text);
    let unknown = r#"ragops_http_requests_total{method="GET",route="none",status="404"} 1"#;
    assert!(metrics.text.contains(unknown), "{}", metrics.text);
    assert!(metrics.text.contains(r#"ragops_index_ready{index="faq"} 0"#), "{}", metrics.text);
}

#[tokio::test]
async fn the_page_is_html_under_a_strict_policy() {
    let page = get(&state(&["faq"]), "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none';"));
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert!(page.text.contains("<label for=\"question\""));
}

#[tokio::test]
async fn head_is_answered_where_get_is() {
    let reply = send(&state(&[]), Request::head("/livez").body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
}
