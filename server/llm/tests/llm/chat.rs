//! A stream of words, whole and broken off in every way, by both protocols.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ragops_embed::remote::RemoteProtocol;
use ragops_llm::chat::{
    ChatBackend, ChatClient, ChatConfig, ChatEnd, ChatEvent, ChatLimits, ChatOptions, ChatRequest, Finish, Message,
    Speaker, Usage,
};
use ragops_llm::{Deadlines, Driver, Endpoint, LlmError};
use serde_json::json;

use crate::scripted::{Act, Scripted, deltas, words};
use crate::world::{Heard, wait_until};

const OPENAI: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Restart \"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{\"content\":\"it.\"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n";
const OLLAMA: &str = "{\"message\":{\"content\":\"Restart \"},\"done\":false}\n\
    {\"message\":{\"content\":\"it.\"},\"done\":false}\n\
    {\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":12,\"eval_count\":3}\n";

fn ask(server: &Scripted, protocol: RemoteProtocol) -> (String, Result<Option<ChatEnd>, LlmError>) {
    let endpoint = Endpoint::new(protocol, &server.url(), "tiny", None).unwrap();
    let client = ChatClient::new(endpoint, None).unwrap();
    let request = ChatRequest {
        messages: vec![
            Message { speaker: Speaker::System, text: "Be brief.".to_owned() },
            Message { speaker: Speaker::User, text: "How?".to_owned() },
        ],
        max_tokens: 64,
        temperature: 0.0,
        seed: Some(7),
        context_tokens: Some(4_096),
    };
    let limits = ChatLimits { deadlines: Deadlines::each(Duration::from_millis(300)), text_bytes: 1_000 };
    let mut said = String::new();
    let end = Driver::start().unwrap().wait(async {
        let mut stream = client.ask(&request, limits).await?;
        let mut end = None;
        while let Some(event) = stream.next().await? {
            match event {
                ChatEvent::Text(text) => said.push_str(&text),
                ChatEvent::End(how) => end = Some(how),
            }
        }
        Ok(end)
    });
    (said, end)
}

fn stream(content_type: &'static str, text: &str) -> Act {
    Act::Answer(200, Vec::new(), content_type, text.as_bytes().to_vec())
}

#[test]
fn both_protocols_give_the_words_and_what_they_took() {
    for (protocol, act, path) in [
        (RemoteProtocol::OpenAI, stream("text/event-stream", OPENAI), "/chat/completions"),
        (RemoteProtocol::Ollama, stream("application/x-ndjson", OLLAMA), "/api/chat"),
    ] {
        let server = Scripted::start(move |_| act.clone());
        let (said, end) = ask(&server, protocol);
        let usage = Some(Usage { prompt_tokens: 12, answer_tokens: 3 });
        assert_eq!((said.as_str(), end), ("Restart it.", Ok(Some(ChatEnd { finish: Finish::Stop, usage }))));
        let request = &server.requests()[0];
        assert_eq!((request.path.as_str(), &request.body["stream"]), (path, &json!(true)));
        assert_eq!(request.body["messages"][0], json!({"role": "system", "content": "Be brief."}));
        let told = if protocol == RemoteProtocol::OpenAI { &request.body } else { &request.body["options"] };
        assert_eq!(told["seed"], 7);
        assert_eq!(request.body["options"]["num_ctx"] == 4_096, protocol == RemoteProtocol::Ollama);
    }
}

#[test]
fn words_come_as_they_are_made_however_their_bytes_are_cut() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n".to_vec();
    let text = OPENAI.replace("Restart", "재시작");
    let pieces: Vec<Vec<u8>> = std::iter::once(head).chain(text.as_bytes().chunks(7).map(<[u8]>::to_vec)).collect();
    let server = Scripted::start(move |_| Act::Slowly(pieces.clone(), Duration::from_millis(2)));
    let (said, end) = ask(&server, RemoteProtocol::OpenAI);
    assert!(end.unwrap().is_some());
    assert_eq!(said, "재시작 it.");
}

#[test]
fn a_stream_that_breaks_off_keeps_what_was_said_and_is_an_error() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let first = OPENAI.split_inclusive("\n\n").next().unwrap();
    let check = |act: Act, kind: &str, says: &str| {
        let server = Scripted::start(move |_| act.clone());
        let start = Instant::now();
        let (said, end) = ask(&server, RemoteProtocol::OpenAI);
        let error = end.unwrap_err();
        assert_eq!((said.as_str(), error.kind()), ("Restart ", kind), "{error}");
        assert!(error.to_string().contains(says) && start.elapsed() < Duration::from_secs(5), "{error}");
    };
    check(Act::Bytes(format!("{head}{first}").into()), "cut", "ends before the answer does");
    check(Act::Hang(format!("{head}{first}").into()), "timeout", "go on with its answer");
    let failed = format!("{first}data: {{\"error\":{{\"message\":\"out of memory\"}}}}\n\n");
    check(stream("text/event-stream", &failed), "cut", "out of memory");
    check(stream("text/event-stream", &format!("{first}data: {{torn\n\n")), "reply", "not JSON");
    let endless = format!("{first}data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(1_000));
    check(stream("text/event-stream", &endless), "too_large", "1000 bytes");
}

#[test]
fn what_is_no_stream_is_told_before_a_word() {
    let check = |act: Act, kind: &str| {
        let server = Scripted::start(move |_| act.clone());
        for protocol in [RemoteProtocol::OpenAI, RemoteProtocol::Ollama] {
            let (said, end) = ask(&server, protocol);
            assert_eq!((said.as_str(), end.unwrap_err().kind()), ("", kind));
        }
    };
    check(stream("text/html; charset=utf-8", "<!doctype html>"), "not_json");
    check(Act::json(429, &json!({"error": "slow down"})), "rate_limited");
    check(Act::json(404, &json!({"error": "model not found"})), "not_found");
    check(Act::Hang(Vec::new()), "timeout");
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

fn backend(server: &Scripted, stall: Duration, heard: &Arc<Heard>) -> Arc<ChatBackend> {
    let config = ChatConfig {
        backend: "llama".to_owned(),
        protocol: RemoteProtocol::OpenAI,
        url: server.url(),
        model: "tiny".to_owned(),
        context_tokens: 4_096,
        api_key: None,
        ca: None,
    };
    let options = ChatOptions { in_all: Duration::from_secs(20), stall };
    let driver = Arc::new(Driver::start().unwrap());
    ChatBackend::new(config, options, driver, Arc::<Heard>::clone(heard), 3).unwrap()
}

fn question() -> ChatRequest {
    let message = Message { speaker: Speaker::User, text: "How?".to_owned() };
    ChatRequest { messages: vec![message], max_tokens: 9, temperature: 0.0, seed: Some(7), context_tokens: None }
}

/// All that a backend says until `within` is over.
fn said(backend: &ChatBackend, within: Duration) -> Result<String, LlmError> {
    let mut answering = backend.answering(question(), (Instant::now() + within).into());
    let mut said = String::new();
    loop {
        match answering.next(std::future::pending())? {
            Some(ChatEvent::Text(text)) => said.push_str(&text),
            Some(ChatEvent::End(_)) => {
                assert_eq!(answering.next(std::future::pending())?, None, "nothing behind the end")
            }
            None => return Ok(said),
        }
    }
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn fields_that_an_endpoint_refuses_are_left_out_from_then_on_and_thoughts_are_not_told() {
    let thinking = OPENAI.replace("Restart ", "<think>Hm.</think>\\nRestart ");
    let server = Scripted::start(move |request| {
        let refuse = |message: &str| Act::json(400, &json!({"error": {"message": message}}));
        if request.body.get("max_tokens").is_some() {
            return refuse("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
        }
        if request.body.get("temperature").is_some() {
            return refuse("Unsupported value: 'temperature' does not support 0 with this model.");
        }
        stream("text/event-stream", &thinking)
    });
    let backend = backend(&server, LONG, &Arc::default());
    assert_eq!(said(&backend, LONG).as_deref(), Ok("Restart it."));
    assert_eq!(server.requests().len(), 3);
    assert_eq!(said(&backend, LONG).as_deref(), Ok("Restart it."));
    let last = &server.requests()[3];
    assert_eq!((server.requests().len(), &last.body["max_completion_tokens"]), (4, &json!(9)));
}

#[test]
fn a_backend_rests_after_a_failure_and_not_after_a_request_that_was_at_fault() {
    let heard: Arc<Heard> = Arc::default();
    let server = Scripted::start(|_| Act::json(400, &json!({"error": "this is no question"})));
    let backend = backend(&server, Duration::from_millis(200), &heard);
    assert_eq!(said(&backend, LONG).unwrap_err().kind(), "refused");
    server.script(|_| Act::json(400, &json!({"error": "maximum context length is 512 tokens"})));
    assert_eq!(said(&backend, LONG).unwrap_err().kind(), "too_long");
    assert_eq!(backend.trouble(), None);
    server.script(|_| Act::Hang(format!("{HEAD}{}", deltas("Restart it")).into_bytes()));
    assert_eq!(said(&backend, LONG).unwrap_err().kind(), "timeout");
    let asked = server.requests().len();
    let resting = said(&backend, LONG).unwrap_err();
    assert!(resting.kind() == "resting" && resting.to_string().contains("go on with its answer"), "{resting}");
    assert_eq!(server.requests().len(), asked);
    assert!(backend.trouble().unwrap().contains("go on with its answer"));
    server.script(|request| words(request, "Restart it."));
    wait_until("the backend", || said(&backend, LONG).as_deref() == Ok("Restart it."));
    assert_eq!((backend.trouble(), heard.answers.lock().unwrap().last()), (None, Some(&true)));
    assert_eq!(heard.requests.lock().unwrap()[..3], ["refused", "too_long", "timeout"]);
}

#[test]
fn a_backend_without_time_is_not_blamed_for_it() {
    let server = Scripted::start(|_| Act::Hang(Vec::new()));
    let backend = backend(&server, LONG, &Arc::default());
    let late = said(&backend, Duration::ZERO).unwrap_err();
    assert_eq!((late.kind(), server.requests().len()), ("timeout", 0), "nothing was sent");
    assert_eq!(said(&backend, Duration::from_millis(50)).unwrap_err().kind(), "timeout");
    assert_eq!(backend.trouble(), None, "it had no chance");
}

/// Clients that wait for less than the limit would else never be answered, by this backend or by what takes its place.
#[test]
fn whoever_gives_up_after_half_of_the_limit_has_found_a_failure() {
    let begun = format!("{HEAD}{}", deltas("Restart it")).into_bytes();
    for act in [Act::Hang(Vec::new()), Act::Hang(HEAD.as_bytes().to_vec()), Act::Hang(begun)] {
        let (server, heard) = (Scripted::start(move |_| act.clone()), Arc::<Heard>::default());
        let backend = backend(&server, Duration::from_secs(1), &heard);
        let given_up_after = |wait: Duration| {
            let mut answering = backend.answering(question(), (Instant::now() + LONG).into());
            while answering.next(async { tokio::time::sleep(wait).await }).unwrap().is_some() {}
        };
        given_up_after(Duration::from_millis(100));
        assert_eq!((backend.trouble(), heard.requests.lock().unwrap().len()), (None, 0), "a mere change of mind");
        given_up_after(Duration::from_millis(600));
        assert!(backend.trouble().unwrap().contains("did not say a word within 0.6"), "{:?}", backend.trouble());
        assert_eq!(heard.requests.lock().unwrap()[..], ["timeout"]);
        assert_eq!(heard.answers.lock().unwrap()[..], [false]);
    }
}

#[test]
fn a_backend_whose_place_is_taken_does_not_tell_whether_that_name_answers() {
    let (server, heard) = (Scripted::start(|request| words(request, "Restart it.")), Arc::<Heard>::default());
    let backend = backend(&server, LONG, &heard);
    backend.set_replaced(true);
    assert_eq!(said(&backend, LONG).as_deref(), Ok("Restart it."));
    assert_eq!((heard.requests.lock().unwrap().len(), heard.answers.lock().unwrap().len()), (1, 0));
    backend.set_replaced(false);
    assert_eq!(said(&backend, LONG).as_deref(), Ok("Restart it."));
    backend.set_replaced(true);
    server.script(|_| Act::json(500, &json!({"error": "boom"})));
    assert_eq!(said(&backend, LONG).unwrap_err().kind(), "server");
    assert_eq!(heard.answers.lock().unwrap()[..], [true]);
}

#[test]
fn a_connection_that_breaks_at_once_is_tried_once_more() {
    let server = Scripted::start(|_| Act::Bytes(Vec::new()));
    let backend = backend(&server, LONG, &Arc::default());
    assert_eq!(said(&backend, LONG).unwrap_err().kind(), "cut");
    assert_eq!(server.requests().len(), 2);
}
