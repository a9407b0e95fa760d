//! Every route of the server, in one place.

use std::any::Any;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::Response;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::audience::{Audience, guard};
use crate::error::ApiError;
use crate::observe::observe;
use crate::routes::{health, metrics, openapi, page, query};
use crate::state::SharedState;

/// The whole HTTP interface over a state.
pub fn router(state: SharedState, audience: Audience) -> Router {
    let routes = Router::new()
        .route("/", get(page::page))
        .route("/query", post(query::query))
        .route("/indexes/{name}/query", post(query::query_index))
        .route("/health", get(health::health))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/openapi.json", get(openapi::openapi));
    wrap(routes, state, audience)
}

/// What holds for every route: errors as JSON, bounded bodies, contained panics, who is answered, a line in the log.
fn wrap(routes: Router<SharedState>, state: SharedState, audience: Audience) -> Router {
    routes
        .fallback(query::not_found)
        .method_not_allowed_fallback(query::method_not_allowed)
        .layer(DefaultBodyLimit::max(query::MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(audience, guard))
        .layer(from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

/// A handler that panics costs its caller a 500 and nobody else anything.
fn panicked(cause: Box<dyn Any + Send>) -> Response<Body> {
    let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    ApiError::internal(format!("a handler panicked: {}", text.unwrap_or("no message"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use crate::pool::QueryPool;
    use crate::state::AppState;

    async fn broken() -> &'static str {
        panic!("the secret of /srv/data")
    }

    #[tokio::test]
    async fn a_panic_is_a_500_that_keeps_its_cause_to_the_log() {
        let state = AppState::new(QueryPool::new(NonZeroUsize::MIN, 0));
        let app = wrap(Router::new().route("/broken", get(broken)), state.clone(), Audience::Anyone);
        let response =
            app.oneshot(Request::get("/broken").header("host", "x").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["code"], "internal");
        assert!(!body.to_string().contains("secret") && body["error"]["request_id"].is_string(), "{body}");
        assert!(state.metrics.render().contains(r#"route="/broken",status="500"} 1"#));
    }
}
