//! Scores of passages, right ones and everything else that an endpoint may send.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ragops_embed::remote::SecretName;
use ragops_llm::rerank::{RerankBackend, RerankConfig, RerankOptions};
use ragops_llm::{ApiKey, Driver, LlmError};
use serde_json::{Value, json};

use crate::scripted::{Act, Request, Scripted};
use crate::world::Heard;

const QUESTION: &str = "How is the order gateway restarted?";
const IN_ALL: Duration = Duration::from_millis(700);

fn passages() -> Vec<String> {
    ["Lunch is at noon.", "Restart the order gateway with kubectl.", "The gateway has two pods."]
        .map(String::from)
        .into()
}

/// As a cross-encoder would: by the words that question and passage share, best first.
fn by_words(request: &Request) -> Value {
    let asked = request.body["query"].as_str().unwrap().to_lowercase();
    let score = |text: &str| asked.split(' ').filter(|word| text.to_lowercase().contains(word)).count() as f64 / 10.0;
    let documents = request.body["documents"].as_array().unwrap().iter().enumerate();
    let mut results: Vec<(usize, f64)> = documents.map(|(at, text)| (at, score(text.as_str().unwrap()))).collect();
    results.sort_by(|a, b| b.1.total_cmp(&a.1));
    let result = |(index, score): &(usize, f64)| json!({"index": index, "relevance_score": score});
    json!({"id": "rerank-1", "model": request.body["model"], "results": results.iter().map(result).collect::<Vec<_>>()})
}

fn backend(server: &Scripted) -> (Arc<RerankBackend>, Arc<Heard>) {
    let config = RerankConfig {
        backend: "judge".to_owned(),
        url: format!("{}/v1/", server.url()),
        model: "tiny-reranker".to_owned(),
        api_key: Some((SecretName { name: "judge".to_owned(), key: "key".to_owned() }, Some(ApiKey::new("sk-secret")))),
        ca: None,
    };
    let heard = Arc::new(Heard::default());
    let driver = Arc::new(Driver::start().unwrap());
    (RerankBackend::new(config, RerankOptions { in_all: IN_ALL }, driver, heard.clone(), 7).unwrap(), heard)
}

fn ask_of(backend: &RerankBackend, passages: &[String]) {
    backend.rerank(QUESTION, passages, std::future::pending()).unwrap();
}

fn ask(backend: &RerankBackend) -> Result<Vec<f64>, LlmError> {
    backend.rerank(QUESTION, &passages(), std::future::pending()).map(Option::unwrap)
}

#[test]
fn each_passage_gets_its_score_by_one_request() {
    let server = Scripted::start(|request| Act::json(200, &by_words(request)));
    let (backend, heard) = backend(&server);
    let scores = ask(&backend).unwrap();
    assert!(scores[1] > scores[2] && scores[2] > scores[0], "{scores:?}");
    let request = &server.requests()[0];
    assert_eq!((request.path.as_str(), request.authorization.as_deref()), ("/v1/rerank", Some("Bearer sk-secret")));
    assert_eq!(request.body["top_n"], 3);
    assert_eq!((server.requests().len(), request.body["documents"].as_array().unwrap().len()), (1, 3));
    assert_eq!((&heard.requests.lock().unwrap()[..], &heard.answers.lock().unwrap()[..]), (&["ok"][..], &[true][..]));
    assert_eq!(backend.trouble(), None);
}

/// The kind of failure, and whether the request was sent a second time; the backend is left alone from then on.
#[test]
fn what_goes_wrong_is_named_within_the_deadline_and_rests() {
    let answer = |status, kind, body: &str| Act::Answer(status, Vec::new(), kind, body.as_bytes().to_vec());
    let json = |body: Value| Act::json(200, &body);
    let score = |score: Value| json!({"results": [{"index": 0, "relevance_score": score}]});
    let busy = vec![("retry-after", "7".to_owned())];
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{\"resu".to_vec();
    let cases = [
        ("a page", answer(200, "text/html", "<html>Hello</html>"), "not_json", 1),
        ("an error", answer(500, "application/json", "{\"error\":\"boom\"}"), "server", 2),
        ("too busy", Act::Answer(429, busy, "application/json", b"{}".to_vec()), "rate_limited", 1),
        ("a wrong key", answer(401, "application/json", "{}"), "unauthorised", 1),
        ("no such path", answer(404, "application/json", "{\"detail\":\"Not Found\"}"), "not_found", 1),
        ("a refusal", answer(400, "application/json", "{\"error\":\"unknown field\"}"), "refused", 1),
        ("a redirect", Act::Answer(307, vec![("location", "/v2".to_owned())], "text/plain", Vec::new()), "refused", 1),
        ("another protocol", answer(422, "application/json", "{\"error\":\"missing field `texts`\"}"), "refused", 1),
        ("too many", answer(413, "application/json", "{\"error\":\"32 exceeds the maximum\"}"), "too_long", 1),
        ("too few", json(score(json!(1.0))), "reply", 1),
        ("no number", json(score(Value::Null)), "reply", 1),
        ("vectors", json(json!({"data": [{"embedding": [1.0]}]})), "reply", 1),
        ("cut", Act::Bytes(head.clone()), "cut", 2),
        ("hanging", Act::Hang(head), "timeout", 1),
        ("silence", Act::Hang(Vec::new()), "timeout", 1),
    ];
    for (what, act, kind, requests) in cases {
        let server = Scripted::start(move |_| act.clone());
        let (backend, heard) = backend(&server);
        let begun = Instant::now();
        let error = ask(&backend).unwrap_err();
        assert!(begun.elapsed() < IN_ALL + Duration::from_secs(1), "{what}: {:?}", begun.elapsed());
        assert_eq!((error.kind(), server.requests().len()), (kind, requests), "{what}: {error}");
        assert!(!error.to_string().contains("sk-secret"), "{what}: {error}");
        assert_eq!(heard.requests.lock().unwrap()[..], [kind], "{what}");
        assert!(backend.trouble().is_some(), "{what}");
        let again = ask(&backend).unwrap_err();
        assert!(matches!(again, LlmError::Resting { .. }), "{what}: {again}");
    }
    let server = Scripted::start(|request| Act::json(200, &by_words(request)));
    let (backend, _) = backend(&server);
    server.stop();
    assert_eq!(ask(&backend).unwrap_err().kind(), "connect");
}

#[test]
fn a_backend_that_comes_back_is_asked_again() {
    let server = Scripted::start(|_| Act::json(503, &json!({"error": "loading"})));
    let (backend, heard) = backend(&server);
    ask(&backend).unwrap_err();
    server.script(|request| Act::json(200, &by_words(request)));
    crate::world::wait_until("the rest is over", || ask(&backend).is_ok());
    assert_eq!(backend.trouble(), None);
    assert_eq!(heard.answers.lock().unwrap()[..], [false, true]);
}

/// Models of 512 tokens refuse what one of 8,192 takes. What a usual question has found out the next one knows, also where the server
/// has called it a failure of its own; a long one has found out nothing of others.
#[test]
fn passages_that_are_too_long_for_the_model_are_cut() {
    let server = Scripted::start(|request| {
        let longest =
            request.body["documents"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().len()).max();
        if longest.unwrap() > 700 {
            return Act::json(
                400,
                &json!({"error": {"message": "This model's maximum context length is 512 tokens."}}),
            );
        }
        Act::json(200, &by_words(request))
    });
    let (backend, heard) = backend(&server);
    let passages = vec![format!("Restart the order gateway. {}", "x".repeat(1_973)), "Lunch.".to_owned()];
    let ask = |question: &str| backend.rerank(question, &passages, std::future::pending()).unwrap().unwrap();
    let scores = ask(QUESTION);
    assert!(scores[0] > scores[1]);
    assert_eq!(server.requests().len(), 3, "whole, half and quarter");
    ask(QUESTION);
    assert_eq!(server.requests().len(), 4);
    assert_eq!(heard.requests.lock().unwrap()[..], ["ok", "ok"]);
    let longest = |request: &Request| request.body["documents"][0].as_str().unwrap().len();
    for (question, status, is_known) in [(QUESTION.repeat(9), 400, false), (QUESTION.to_owned(), 500, true)] {
        let server = Scripted::start(move |request| match request.body["documents"][0].as_str().unwrap().len() {
            ..700 => Act::json(200, &by_words(request)),
            _ => Act::json(status, &json!({"error": "the request exceeds the available context size"})),
        });
        let (backend, _) = self::backend(&server);
        backend.rerank(&question, &passages, std::future::pending()).unwrap();
        server.script(|request| Act::json(200, &by_words(request)));
        ask_of(&backend, &passages);
        let shown = server.requests().last().map(longest).unwrap();
        assert_eq!(shown < passages[0].len(), is_known, "{status}: {shown}");
    }
}

#[test]
fn what_nobody_waits_for_is_given_up_at_once() {
    let server = Scripted::start(|_| Act::Hang(Vec::new()));
    let (backend, heard) = backend(&server);
    let gone = backend.rerank(QUESTION, &passages(), async { tokio::time::sleep(Duration::from_millis(50)).await });
    assert_eq!(gone, Ok(None));
    assert!(heard.requests.lock().unwrap().is_empty() && backend.trouble().is_none());
}

#[test]
fn a_backend_whose_place_is_taken_does_not_tell_whether_that_name_answers() {
    let server = Scripted::start(|request| Act::json(200, &by_words(request)));
    let (backend, heard) = backend(&server);
    backend.set_replaced(true);
    ask(&backend).unwrap();
    assert_eq!((heard.requests.lock().unwrap().len(), heard.answers.lock().unwrap().len()), (1, 0));
    backend.set_replaced(false);
    ask(&backend).unwrap();
    backend.set_replaced(true);
    server.script(|_| Act::json(500, &json!({"error": "boom"})));
    assert_eq!(ask(&backend).unwrap_err().kind(), "server");
    assert_eq!(heard.answers.lock().unwrap()[..], [true]);
}
