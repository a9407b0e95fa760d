//! `POST /query` and `POST /indexes/{name}/query`: ask a question. Parsing is by hand, so that every error can name
//! the field that is wrong and what is allowed; nothing is guessed and nothing unknown is ignored.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Extension, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Json, http};
use ragops_engine::answer::{Answer, AnswerError, EscalationReason, Question, Status, Wording};
use ragops_engine::retrieve::{Degraded, DegradedReason, Mode};
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::chat;
use crate::contract::{QueryResponse, QueryShape};
use crate::error::{ApiError, Code, ErrorBody};
use crate::observe::RequestId;
use crate::pool::{PoolError, Turn};
use crate::rerank;
use crate::routes::question::{MAX_QUESTION_BYTES, check_question};
use crate::state::{Activity, ServedIndex, SharedState};

/// Bytes of a body. A question of 4,096 bytes written all in JSON escapes is 24 KiB; the rest is leeway.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// A client that has not sent a body of at most 1 MiB by then is not going to.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Waiting for a turn included, a reranker not. Far above any answer, below the usual 60 s of proxies.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// What is left for quoting where chat backends have used up their time.
const QUOTING: Duration = Duration::from_secs(5);
/// Seconds after which an index that is being built is worth another try.
const RETRY_NOT_READY: u32 = 5;
const FIELDS: [&str; 3] = ["question", "mode", "index"];

/// Asks the index that the body names, or the only one.
#[utoipa::path(post, path = "/query", tag = "questions", request_body = QueryShape, responses(
    (status = 200, description = "Answered, or escalated for lack of evidence", body = QueryResponse),
    (status = 400, description = "Not JSON: `malformed_json`, `invalid_utf8`, `body_incomplete`; or `invalid_host`",
        body = ErrorBody),
    (status = 403, description = "`origin_not_allowed`: asked from a page of another origin, on a loopback address",
        body = ErrorBody),
    (status = 404, description = "`unknown_index`; the message lists those that exist", body = ErrorBody),
    (status = 408, description = "`body_timeout`", body = ErrorBody),
    (status = 413, description = "`body_too_large`: over 1 MiB", body = ErrorBody),
    (status = 415, description = "`unsupported_media_type`: not `application/json`, or compressed", body = ErrorBody),
    (status = 421, description = "`host_not_allowed`: called by a name that is not this machine's, on a loopback address",
        body = ErrorBody),
    (status = 422, description = "A field is wrong: `unknown_field`, `duplicate_field`, `missing_field`, `wrong_type`, \
        `question_empty`, `question_too_long`, `unknown_mode`, `index_required`, `index_conflict`", body = ErrorBody),
    (status = 500, description = "`internal`; the log says why", body = ErrorBody),
    (status = 503, description = "`index_not_ready` or `overloaded`; `Retry-After` says when to come back",
        body = ErrorBody),
    (status = 504, description = "`answer_timeout`", body = ErrorBody)
))]
pub async fn query(
    State(state): State<SharedState>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Json<QueryResponse>, ApiError> {
    let asked = read(request).await?;
    answer(&state, &id, None, asked).await.map(Json)
}

/// Asks the index named in the path.
#[utoipa::path(post, path = "/indexes/{name}/query", tag = "questions", request_body = QueryShape,
    params(("name" = String, Path, description = "The index")),
    responses(
        (status = 200, description = "Answered, or escalated for lack of evidence", body = QueryResponse),
        (status = "4XX", description = "As for `/query`", body = ErrorBody),
        (status = "5XX", description = "As for `/query`", body = ErrorBody)
    )
)]
pub async fn query_index(
    State(state): State<SharedState>,
    Extension(id): Extension<RequestId>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<QueryResponse>, ApiError> {
    let Path(name) = name.map_err(|e| ApiError::new(Code::InvalidPath, format!("the path is not valid: {e}")))?;
    let asked = read(request).await?;
    answer(&state, &id, Some(&name), asked).await.map(Json)
}

/// What the body asks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    question: String,
    mode: Mode,
    index: Option<String>,
}

async fn read(request: Request) -> Result<Asked, ApiError> {
    require_json(request.headers())?;
    let read = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, &())).await;
    let body = read.map_err(|_| {
        let seconds = BODY_TIMEOUT.as_secs();
        ApiError::new(Code::BodyTimeout, format!("the request's body did not arrive within {seconds} s"))
    })?;
    parse(&body.map_err(|rejection| body_error(&rejection))?)
}

/// JSON only. It also keeps pages of other origins out: browsers send them no such request without asking first.
fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return require_no_coding(headers);
    }
    let found = if given.is_empty() { "none was sent".to_owned() } else { format!("not `{given}`") };
    let message = format!("Content-Type must be `application/json`, {found}");
    Err(ApiError::new(Code::UnsupportedMediaType, message))
}

/// A compressed body is refused by name, instead of as JSON that makes no sense.
fn require_no_coding(headers: &HeaderMap) -> Result<(), ApiError> {
    let coding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("unreadable"));
    match coding.filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(coding) => {
            let message = format!("the body must be sent as it is, without Content-Encoding `{coding}`");
            Err(ApiError::new(Code::UnsupportedMediaType, message))
        }
    }
}

fn body_error(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let message =
            format!("the body is larger than {MAX_BODY_BYTES} bytes; a question has at most {MAX_QUESTION_BYTES}");
        return ApiError::new(Code::BodyTooLarge, message);
    }
    ApiError::new(Code::BodyIncomplete, "the body could not be read to its end; send it again").detail(rejection)
}

fn parse(body: &[u8]) -> Result<Asked, ApiError> {
    let text = std::str::from_utf8(body).map_err(|e| {
        let at = e.valid_up_to();
        ApiError::new(Code::InvalidUtf8, format!("the body is not UTF-8: byte {at} is wrong; send UTF-8"))
    })?;
    let value: Value = serde_json::from_str(text)
        .map_err(|e| ApiError::new(Code::MalformedJson, format!("the body is not valid JSON: {e}")))?;
    let Value::Object(fields) = value else {
        let message = r#"the body must be a JSON object such as {"question": "…"}"#;
        return Err(ApiError::new(Code::WrongType, message));
    };
    if let Some(repeated) = repeated_key(text) {
        let shown: String = repeated.chars().take(64).collect();
        let message = format!("the field `{shown}` is there more than once; send it once");
        return Err(ApiError::new(Code::DuplicateField, message).field(shown));
    }
    if let Some(unknown) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        let shown: String = unknown.chars().take(64).collect();
        let message = format!("unknown field `{shown}`; allowed are {}", FIELDS.join(", "));
        return Err(ApiError::new(Code::UnknownField, message).field(shown));
    }
    Ok(Asked {
        question: question(&fields)?,
        mode: mode(&fields)?,
        index: text_field(&fields, "index")?.map(str::to_owned),
    })
}

/// The first key that a JSON object has twice: a reader that takes the first and one that takes the last would disagree
/// on what was asked. Keys deeper down are in values that are refused anyway.
fn repeated_key(text: &str) -> Option<String> {
    struct Keys;

    impl<'de> Visitor<'de> for Keys {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let (mut seen, mut repeated) = (HashSet::new(), None);
            while let Some((key, IgnoredAny)) = map.next_entry::<String, _>()? {
                if repeated.is_none() && !seen.insert(key.clone()) {
                    repeated = Some(key);
                }
            }
            Ok(repeated)
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(Keys).ok().flatten()
}

fn question(fields: &Map<String, Value>) -> Result<String, ApiError> {
    let Some(question) = text_field(fields, "question")? else {
        let message = r#"`question` is missing; send {"question": "…"}"#;
        return Err(ApiError::new(Code::MissingField, message).field("question"));
    };
    check_question(question).map(str::to_owned)
}

fn mode(fields: &Map<String, Value>) -> Result<Mode, ApiError> {
    let Some(name) = text_field(fields, "mode")? else { return Ok(Mode::default()) };
    name.parse().map_err(|_| {
        let allowed = Mode::ALL.map(Mode::name).join(", ");
        let shown: String = name.chars().take(64).collect();
        ApiError::new(Code::UnknownMode, format!("`{shown}` is not a mode; use one of {allowed}")).field("mode")
    })
}

/// A text field; `null` is as good as absent.
fn text_field<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => {
            let found = match other {
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                Value::Array(_) => "an array",
                _ => "an object",
            };
            Err(ApiError::new(Code::WrongType, format!("`{name}` must be a string, not {found}")).field(name))
        }
    }
}

async fn answer(
    state: &SharedState,
    id: &RequestId,
    path_name: Option<&str>,
    asked: Asked,
) -> Result<QueryResponse, ApiError> {
    let index = choose(state, path_name, asked.index.as_deref())?;
    let searcher = index.searcher().ok_or_else(|| not_ready(&index))?;
    let settings = index.settings();
    let (chat, reranker) = (index.chat(), index.reranker());
    let begun = Instant::now();
    let limit = chat.iter().map(|backend| backend.options().in_all + QUOTING).fold(ANSWER_TIMEOUT, Duration::max);
    // Its time comes on top: chat backends have theirs from then on.
    let reranking = reranker.as_ref().map_or(Duration::ZERO, |backend| backend.options().in_all);
    let limit = limit + reranking;
    let lends = !chat.is_empty() || reranker.is_some();
    let place = if lends { state.pool.place_to_lend() } else { None };
    let is_crowded = lends && place.is_none();
    let (words, reranks) = (!chat.is_empty(), reranker.is_some());
    let work = move |turn: &Turn| {
        let _place = place;
        let models = if is_crowded { Vec::new() } else { chat::models(&chat, turn, begun + reranking) };
        let reranker = reranker.filter(|_| !is_crowded).map(|backend| rerank::reranker(backend, turn));
        let wording = Wording { models: &models, events: &mut |_| () };
        searcher.reranked_by(reranker).answer_by(
            Question { text: &asked.question, mode: asked.mode },
            &settings,
            wording,
        )
    };
    let answered = tokio::time::timeout(limit, state.pool.run_lending(work)).await;
    let mut answer = unwrap_answer(answered, limit)?;
    if is_crowded && words && answer.status == Status::Answered {
        answer.degraded.push(crowded(DegradedReason::LlmUnavailable));
    }
    if is_crowded && reranks && answer.reason != Some(EscalationReason::SmallTalk) {
        answer.degraded.push(crowded(DegradedReason::RerankerUnavailable));
    }
    for degraded in &answer.degraded {
        tracing::debug!(index = index.name(), reason = degraded.detail, "the answer is less than it could be");
        let reason = match degraded.reason {
            DegradedReason::EmbedderUnavailable => "embedder_unavailable",
            DegradedReason::EmbedderChanged => "embedder_changed",
            DegradedReason::LlmUnavailable => "llm_unavailable",
            DegradedReason::RerankerUnavailable => "reranker_unavailable",
        };
        state.metrics.degraded(index.name(), reason);
    }
    let response = QueryResponse::of(answer, index.name(), Some(id.as_str()));
    state.metrics.answer(index.name(), response.status(), response.circumstances().mode_used);
    Ok(response)
}

type Answered = Result<Result<Result<Answer, AnswerError>, PoolError>, tokio::time::error::Elapsed>;

/// So many questions wait for models already that this one was answered without.
fn crowded(reason: DegradedReason) -> Degraded {
    Degraded { reason, detail: "too many questions wait for models at once".to_owned() }
}

fn unwrap_answer(answered: Answered, limit: Duration) -> Result<Answer, ApiError> {
    let Ok(turn) = answered else {
        let seconds = limit.as_secs();
        return Err(ApiError::new(Code::AnswerTimeout, format!("no answer was found within {seconds} s; try again")));
    };
    match turn {
        Err(e @ PoolError::Overloaded { .. }) => {
            let message = "too many questions are waiting; try again in a second";
            Err(ApiError::new(Code::Overloaded, message).retry_after(1).detail(e))
        }
        Err(e @ PoolError::Panicked(_)) => Err(ApiError::internal(e)),
        Ok(Err(e)) => Err(ApiError::internal(e)),
        Ok(Ok(answer)) => Ok(answer),
    }
}

/// The index to ask: named in the path, or in the body, or the only one there is.
fn choose(state: &SharedState, path: Option<&str>, body: Option<&str>) -> Result<Arc<ServedIndex>, ApiError> {
    let indexes = state.indexes();
    let names = || indexes.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if let (Some(path), Some(body)) = (path, body)
        && path != body
    {
        let message = format!("the path asks index `{path}` and the body index `{body}`; name one");
        return Err(ApiError::new(Code::IndexConflict, message).field("index"));
    }
    match path.or(body) {
        Some(name) => indexes.get(name).cloned().ok_or_else(|| {
            let shown: String = name.chars().take(64).collect();
            let known = if indexes.is_empty() { "none is served".to_owned() } else { format!("there are {}", names()) };
            let error = ApiError::new(Code::UnknownIndex, format!("there is no index `{shown}`; {known}"));
            if path.is_some() { error } else { error.field("index") }
        }),
        None => match indexes.values().next() {
            Some(only) if indexes.len() == 1 => Ok(Arc::clone(only)),
            Some(_) => {
                let message = format!("several indexes are served; name one in `index`: {}", names());
                Err(ApiError::new(Code::IndexRequired, message).field("index"))
            }
            None => Err(ApiError::new(Code::IndexNotReady, "no index is served yet").retry_after(RETRY_NOT_READY)),
        },
    }
}

fn not_ready(index: &ServedIndex) -> ApiError {
    let condition = index.condition();
    let name = index.name();
    let message = match (condition.activity, condition.failure) {
        (Activity::Building(Some(progress)), _) => {
            let (done, total) = (progress.files_done, progress.files_total);
            format!("index `{name}` is being built for the first time, {done} of {total} files are done; try again")
        }
        (Activity::Building(None) | Activity::Waiting, _) | (_, None) => {
            format!("index `{name}` is about to be built for the first time; try again")
        }
        (_, Some(_)) => format!("index `{name}` could not be built; GET /health says why"),
    };
    ApiError::new(Code::IndexNotReady, message).retry_after(RETRY_NOT_READY)
}

/// What any other path answers.
pub async fn not_found(uri: http::Uri) -> ApiError {
    let path: String = uri.path().chars().take(128).collect();
    let hint = if path.ends_with('/') { "no path ends with a slash, and " } else { "" };
    ApiError::new(Code::NotFound, format!("there is nothing at `{path}`; {hint}GET /openapi.json lists what there is"))
}

/// What a known path answers to a method it does not know.
pub async fn method_not_allowed(method: http::Method, uri: http::Uri) -> ApiError {
    let method: String = method.as_str().chars().take(16).collect();
    let path: String = uri.path().chars().take(128).collect();
    ApiError::new(
        Code::MethodNotAllowed,
        format!("`{path}` does not take {method}; the Allow header says what it takes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(body: &str, expected: (Code, Option<&str>)) {
        let error = parse(body.as_bytes()).expect_err(body);
        assert_eq!((error.code, error.field.as_deref()), expected, "{body}: {}", error.message);
    }

    #[test]
    fn a_body_that_cannot_be_asked_is_refused_by_field() {
        check("", (Code::MalformedJson, None));
        check("{\"question\":", (Code::MalformedJson, None));
        check(r#"{"question":"\ud800"}"#, (Code::MalformedJson, None));
        check(&"[".repeat(100_000), (Code::MalformedJson, None));
        check("[]", (Code::WrongType, None));
        check("{}", (Code::MissingField, Some("question")));
        check(r#"{"question":null}"#, (Code::MissingField, Some("question")));
        check(r#"{"question":7}"#, (Code::WrongType, Some("question")));
        check(r#"{"question":""}"#, (Code::QuestionEmpty, Some("question")));
        check(r#"{"question":" \t\n\u3000"}"#, (Code::QuestionEmpty, Some("question")));
        check(r#"{"question":"\u200b\u0000"}"#, (Code::QuestionEmpty, Some("question")));
        check(r#"{"question":"a","question":"b"}"#, (Code::DuplicateField, Some("question")));
        check(r#"{"question":"a","mode":"text","m\u006fde":"text"}"#, (Code::DuplicateField, Some("mode")));
        check(r#"{"question":"a","top_k":3}"#, (Code::UnknownField, Some("top_k")));
        check(r#"{"question":"a","mode":"fast"}"#, (Code::UnknownMode, Some("mode")));
        check(r#"{"question":"a","mode":["text"]}"#, (Code::WrongType, Some("mode")));
        check(r#"{"question":"a","index":{}}"#, (Code::WrongType, Some("index")));
    }

    #[test]
    fn errors_list_what_is_allowed() {
        let message = |body: &str| parse(body.as_bytes()).unwrap_err().message;
        assert!(message(r#"{"question":"a","q":1}"#).contains("question, mode, index"));
        assert!(message(r#"{"question":"a","mode":"x"}"#).contains("auto, text, vector, hybrid, local, global, graph"));
    }

    #[test]
    fn a_question_is_measured_in_bytes() {
        let body = |question: &str| serde_json::json!({ "question": question }).to_string();
        assert!(parse(body(&"a".repeat(4096)).as_bytes()).is_ok());
        assert!(parse(body(&format!("  {}  ", "a".repeat(4096))).as_bytes()).is_ok());
        check(&body(&"a".repeat(4097)), (Code::QuestionTooLong, Some("question")));
        check(&body(&"가".repeat(1366)), (Code::QuestionTooLong, Some("question")));
    }

    #[test]
    fn a_whole_question_is_read() {
        let asked = parse(r#" {"mode":"text","index":"faq","question":" 재시작은? "} "#.as_bytes()).unwrap();
        assert_eq!(asked, Asked { question: "재시작은?".to_owned(), mode: Mode::Text, index: Some("faq".to_owned()) });
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused_with_their_place() {
        let error = parse(b"{\"question\":\"\xff\"}").unwrap_err();
        assert_eq!(error.code, Code::InvalidUtf8);
        assert!(error.message.contains("byte 13"), "{}", error.message);
    }

    proptest! {
        #[test]
        fn no_body_makes_parsing_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&body);
        }

        #[test]
        fn no_json_makes_parsing_panic(question in any::<String>(), mode in any::<String>(), key in any::<String>()) {
            let body = serde_json::json!({"question": question, "mode": mode, key: 1}).to_string();
            let _ = parse(body.as_bytes());
        }
    }
}
