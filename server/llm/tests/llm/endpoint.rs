//! One request for vectors, to servers that do one wrong thing each: every fault is told by its step, in bounded time.

use std::time::{Duration, Instant};

use ragops_embed::remote::RemoteProtocol;
use ragops_llm::{ApiKey, Class, Deadlines, Driver, EmbeddingsClient, Endpoint, LlmError};
use serde_json::{Value, json};

use crate::scripted::{Act, Scripted, vectors_body};

fn ask_at(url: &str, protocol: RemoteProtocol) -> Result<Vec<Vec<f32>>, LlmError> {
    let endpoint = Endpoint::new(protocol, url, "tiny", Some(ApiKey::new("sk-secret"))).unwrap();
    let client = EmbeddingsClient::new(endpoint, None).unwrap();
    let texts = ["one".to_owned(), "two".to_owned()];
    Driver::start().unwrap().wait(client.embed(&texts, Deadlines::each(Duration::from_millis(300))))
}

/// What becomes of a request for two vectors.
fn ask(act: Act) -> Result<Vec<Vec<f32>>, LlmError> {
    let server = Scripted::start(move |_| act.clone());
    ask_at(&server.url(), RemoteProtocol::OpenAI)
}

#[track_caller]
fn fails(act: Act, kind: &str, class: Class, says: &str) {
    let start = Instant::now();
    let error = ask(act).unwrap_err();
    assert_eq!((error.kind(), error.class()), (kind, class), "{error}");
    assert!(error.to_string().contains(says) && error.to_string().contains("http://127.0.0.1:"), "{error}");
    assert!(!error.to_string().contains("sk-secret"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5), "{error} took {:?}", start.elapsed());
}

fn reply(vectors: &Value) -> Act {
    let row = |(index, vector): (usize, &Value)| json!({"index": index, "embedding": vector});
    Act::json(200, &json!({"data": vectors.as_array().unwrap().iter().enumerate().map(row).collect::<Vec<_>>()}))
}

#[test]
fn both_protocols_give_unit_vectors_and_carry_the_key() {
    for (protocol, path) in [(RemoteProtocol::OpenAI, "/v1/embeddings"), (RemoteProtocol::Ollama, "/api/embed")] {
        let server =
            Scripted::start(|request| Act::json(200, &vectors_body(request, &[vec![3.0, 4.0], vec![0.0, 5.0]])));
        let url = if protocol == RemoteProtocol::OpenAI { server.url() + "/v1/" } else { server.url() };
        assert_eq!(ask_at(&url, protocol).unwrap(), [[0.6, 0.8], [0.0, 1.0]]);
        let request = &server.requests()[0];
        assert_eq!((request.path.as_str(), request.texts()), (path, vec!["one".to_owned(), "two".to_owned()]));
        assert_eq!(
            (&request.body["model"], request.authorization.as_deref()),
            (&json!("tiny"), Some("Bearer sk-secret"))
        );
    }
}

#[test]
fn nobody_listening_is_told() {
    let port = Scripted::start(|_| Act::Bytes(Vec::new())).stop();
    let error = ask_at(&format!("http://127.0.0.1:{port}"), RemoteProtocol::OpenAI).unwrap_err();
    assert_eq!((error.kind(), error.class()), ("connect", Class::Retry), "{error}");
}

#[test]
fn a_server_that_hangs_is_given_up_in_time_wherever_it_does() {
    fails(Act::Hang(Vec::new()), "timeout", Class::Retry, "begin to answer");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{\"data\": [";
    fails(Act::Hang(head.into()), "timeout", Class::Retry, "go on with its answer");
}

#[test]
fn a_slow_answer_that_goes_on_is_waited_for() {
    let body = json!({"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]}).to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut pieces = vec![head.into_bytes()];
    pieces.extend(body.as_bytes().chunks(body.len() / 5).map(<[u8]>::to_vec));
    assert!(ask(Act::Slowly(pieces, Duration::from_millis(100))).is_ok(), "600 ms in all, and 300 between two pieces");
}

#[test]
fn an_answer_that_is_cut_short_is_told() {
    fails(Act::Bytes(Vec::new()), "cut", Class::Retry, "cut short");
    fails(Act::Bytes("HTTP/1.1 200 OK\r\ncontent-le".into()), "cut", Class::Retry, "cut short");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{\"data\": [";
    fails(Act::Bytes(head.into()), "cut", Class::Retry, "cut short");
    let whole = Act::Answer(200, Vec::new(), "application/json", b"{\"data\": [".to_vec());
    fails(whole, "cut", Class::Retry, "in the middle");
}

#[test]
fn a_status_says_what_it_means_and_what_to_do() {
    let says = |status, body: Value| Act::json(status, &body);
    fails(says(500, json!({"error": "out of memory"})), "server", Class::Retry, "out of memory");
    fails(
        says(401, json!({"error": {"message": "Incorrect key: sk-secret"}})),
        "unauthorised",
        Class::Terminal,
        "[key]",
    );
    fails(says(404, json!({"error": "model not found"})), "not_found", Class::Wait, "`tiny`");
    fails(says(400, json!({"error": "exceeds the context length"})), "too_long", Class::Terminal, "too long");
    fails(says(400, json!({"error": "no such field"})), "refused", Class::Terminal, "no such field");
    let away = vec![("location", "http://127.0.0.1:9/".to_owned())];
    let moved = || Act::Answer(302, away.clone(), "text/plain", Vec::new());
    fails(moved(), "refused", Class::Terminal, "status 302");
    fails(moved(), "refused", Class::Terminal, "it points to http://127.0.0.1:9/, and redirects are not followed");
    let error = ask(Act::Answer(429, vec![("retry-after", "7".to_owned())], "text/plain", b"slow down".to_vec()));
    assert_eq!(error.unwrap_err().retry_after(), Some(Duration::from_secs(7)));
}

#[test]
fn a_page_for_people_is_no_answer() {
    let page = Act::Answer(200, Vec::new(), "text/html", b"<!doctype html><title>Sign in</title>".to_vec());
    fails(page, "not_json", Class::Wait, "text/html instead of JSON: `<!doctype html>");
}

#[test]
fn vectors_that_are_none_are_refused_one_by_one() {
    fails(reply(&json!([[1.0, 0.0]])), "reply", Class::Terminal, "1 vectors for 2 texts");
    fails(reply(&json!([[1.0], [1.0], [1.0]])), "reply", Class::Terminal, "for text 2");
    fails(reply(&json!([[1.0, 0.0], [1.0]])), "reply", Class::Terminal, "2 and 1 values");
    fails(reply(&json!([[1.0, 0.0], [null, 1.0]])), "reply", Class::Terminal, "`null`");
    fails(reply(&json!([[1.0, 0.0], [0.0, 0.0]])), "reply", Class::Terminal, "all zeros");
    fails(reply(&json!([[1.0, 0.0], [1e39, 0.0]])), "reply", Class::Terminal, "no number");
    let nan = Act::Answer(200, Vec::new(), "application/json", br#"{"data":[{"embedding":[NaN]}]}"#.to_vec());
    fails(nan, "reply", Class::Terminal, "not valid JSON");
    fails(Act::json(200, &json!({"choices": []})), "reply", Class::Terminal, "`data` is missing");
}

#[test]
fn a_huge_answer_is_not_read_to_its_end() {
    let body = vec![b' '; 3 << 20];
    fails(Act::Answer(200, Vec::new(), "application/json", body), "too_large", Class::Terminal, "larger than");
    let page = vec![b'x'; 3 << 20];
    fails(Act::Answer(500, Vec::new(), "text/plain", page), "server", Class::Retry, "xxx");
}
