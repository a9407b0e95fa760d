//! `GET /openapi.json`: the HTTP interface, for programs. Made from the handlers and the contract's types;
//! `server/openapi.json` is a copy that a test keeps fresh.

use axum::Json;
use axum::response::IntoResponse;
use utoipa::OpenApi;

use super::{health, metrics, query};

/// The interface.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "RagOps",
        description = "Questions over your own documents: every sentence of an answer names its source, and what the \
                       documents do not hold is escalated. Every error has the shape of `ErrorBody`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        query::query,
        query::query_index,
        health::health,
        health::livez,
        health::readyz,
        metrics::metrics,
        openapi
    ),
    tags(
        (name = "questions", description = "Ask."),
        (name = "operations", description = "See how the server stands.")
    )
)]
struct Interface;

/// The document as JSON text, indented.
pub fn document() -> String {
    let mut document = Interface::openapi();
    // A line of clients to type against is the contract's version, not the program's.
    document.info.version = "v1".to_owned();
    document.info.contact = None;
    document.to_pretty_json().expect("the document holds plain values only")
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", responses(
    (status = 200, description = "This document", content_type = "application/json")
))]
pub async fn openapi() -> impl IntoResponse {
    let mut document = Interface::openapi();
    document.info.version = "v1".to_owned();
    document.info.contact = None;
    Json(document)
}
