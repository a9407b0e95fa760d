//! A router over indexes that have no revision yet, and one call to it.

use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use ragops_engine::settings::QuerySettings;
use ragops_server::audience::Audience;
use ragops_server::pool::QueryPool;
use ragops_server::router::router;
use ragops_server::state::{AppState, ServedIndex, SharedState};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

/// A state with these indexes, none of which has a revision.
pub(crate) fn state(names: &[&str]) -> SharedState {
    let state = AppState::new(QueryPool::new(NonZeroUsize::MIN, 4));
    state.serve(names.iter().map(|name| Arc::new(ServedIndex::new(*name, QuerySettings::default()))).collect());
    state
}

pub(crate) async fn send(state: &SharedState, request: Request<Body>) -> Reply {
    send_to(state, Audience::Anyone, request).await
}

pub(crate) async fn send_to(state: &SharedState, audience: Audience, mut request: Request<Body>) -> Reply {
    let app: Router = router(Arc::clone(state), audience);
    request.headers_mut().entry("host").or_insert(HeaderValue::from_static("ragops.example"));
    let response = app.oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Reply { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

pub(crate) async fn get(state: &SharedState, path: &str) -> Reply {
    send(state, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(state: &SharedState, path: &str, body: impl Into<Body>) -> Reply {
    let request = Request::post(path).header("content-type", "application/json").body(body.into()).unwrap();
    send(state, request).await
}
