//! Answers worded by chat backends: judged, failed over, quoted while no backend answers, and never in the way of other
//! questions. The embedding model is real, the chat models are scripted servers.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scripted::{Act, Request, Scripted, deltas, words};
use crate::support::{Ran, Server, run, wait_for};
use crate::world::World;

const QUESTION: &str = "How long does a restore of the database take?";
const ANSWER: &str = "A restore takes about 45 minutes [1]. Stop all writers before it begins [1].";
const KEY: &str = "sk-hunter2";

/// The world with backends of these names, protocols and addresses.
fn world(backends: &[(&str, &str, String)]) -> Option<World> {
    let world = World::new()?;
    resources(&world, backends);
    Some(world)
}

fn resources(world: &World, backends: &[(&str, &str, String)]) {
    let refs: Vec<String> = backends.iter().map(|(name, ..)| format!("{{name: {name}}}")).collect();
    let mut yaml = format!(
        "apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\nmetadata: {{name: runbooks}}\nspec:\n  sources:\n    - {{name: docs, \
         type: Folder, folder: {{path: ./docs}}}}\n  answering: {{backendRefs: [{}]}}\n---\napiVersion: v1\nkind: Secret\n\
         metadata: {{name: chat-api}}\nstringData: {{token: {KEY}}}\n",
        refs.join(", ")
    );
    for (name, protocol, url) in backends {
        yaml.push_str(&format!(
            "---\napiVersion: ragops.dev/v1alpha1\nkind: LlmBackend\nmetadata: {{name: {name}}}\nspec:\n  type: External\n  \
             external: {{protocol: {protocol}, url: \"{url}\", model: tiny, apiKeySecretRef: {{name: chat-api, key: token}}}}\n"
        ));
    }
    world.write("rag.yaml", &yaml);
}

fn openai(name: &'static str, server: &Scripted) -> (&'static str, &'static str, String) {
    (name, "OpenAI", format!("{}/v1", server.url()))
}

fn command(world: &World, name: &str) -> Command {
    let mut command = world.command(name);
    command.arg("-f").arg(world.path("rag.yaml"));
    command.env("RAGOPS_LLM_STALL_TIMEOUT_SECONDS", "0.3").env("RAGOPS_LLM_TIMEOUT_SECONDS", "10");
    command
}

fn up(world: &World) -> Server {
    let mut command = command(world, "up");
    command.args(["--listen", "127.0.0.1:0"]);
    Server::run(command).ready()
}

fn query(world: &World) -> Ran {
    run(command(world, "query").arg("--json").arg(QUESTION))
}

fn answers(request: &Request) -> Act {
    words(request, ANSWER)
}

fn assert_worded(answer: &Value, backend: &str) {
    assert_eq!((&answer["status"], &answer["degraded"]), (&json!("answered"), &json!(false)), "{answer}");
    assert_eq!(answer["generated_by"]["backend"], backend, "{answer}");
    let text = answer["answer"].as_str().unwrap();
    assert!(text.contains("45 minutes") && text.contains("[1]"), "{answer}");
    assert!(answer["sources"][0]["path"].as_str().unwrap().ends_with("en/backup.md"), "{answer}");
    for sentence in answer["sentences"].as_array().unwrap() {
        assert_eq!(sentence["support"], "supported", "{answer}");
    }
}

/// In the passages' own words, and marked as less than it could be.
fn assert_quoted(answer: &Value) {
    assert_eq!((&answer["status"], &answer["degraded"]), (&json!("answered"), &json!(true)), "{answer}");
    assert_eq!(answer["degraded_reasons"], json!(["llm_unavailable"]), "{answer}");
    assert!(answer.get("generated_by").is_none_or(Value::is_null), "{answer}");
    assert!(answer["answer"].as_str().unwrap().contains("A restore takes about 45 minutes."), "{answer}");
}

#[test]
fn a_backend_words_the_answer_by_either_protocol_from_the_passages_it_is_shown() {
    for (protocol, path) in [("OpenAI", "/v1"), ("Ollama", "")] {
        let server = Scripted::start(answers);
        let Some(world) = world(&[("llama", protocol, format!("{}{path}", server.url()))]) else { return };
        world.index();
        let ran = query(&world);
        assert_worded(&ran.json(), "llama");
        let requests = server.requests();
        let [request] = &requests[..] else { panic!("one request: {requests:?}") };
        assert_eq!(request.authorization.as_deref(), Some(&*format!("Bearer {KEY}")));
        let told = request.body["messages"].to_string();
        assert!(told.contains("A restore takes about 45 minutes") && told.contains(QUESTION), "{told}");
        // Without -f the backends that `index` has recorded are asked; the key comes from the environment.
        let mut recorded = world.command("query");
        recorded.arg("--json").arg(QUESTION).env("RAGOPS_SECRET_CHAT_API_TOKEN", KEY);
        assert_worded(&run(&mut recorded).json(), "llama");
        assert_eq!(server.requests()[1].authorization, request.authorization);
        let kept = std::fs::read_to_string(world.data().join("indexes/runbooks/query.json")).unwrap();
        assert!(kept.contains("llama") && !kept.contains(KEY), "{kept}");
    }
}

#[test]
fn what_a_backend_invents_is_not_given_away() {
    let server = Scripted::start(|request: &Request| {
        words(request, "A restore takes about 90 minutes [1]. It costs 7 dollars.")
    });
    let Some(world) = world(&[openai("llama", &server)]) else { return };
    world.index();
    let answer = query(&world).json();
    assert_eq!((&answer["status"], &answer["reason"]), (&json!("escalated"), &json!("unsupported")), "{answer}");
    assert!(!answer.to_string().contains("90 minutes"), "{answer}");
}

#[test]
fn a_question_below_the_cut_costs_no_request() {
    let server = Scripted::start(answers);
    let Some(world) = world(&[openai("llama", &server)]) else { return };
    let served = up(&world);
    let answer = served.ask("Who won the cup in 1998?");
    assert_eq!(answer["status"], "escalated", "{answer}");
    assert!(server.requests().is_empty());
}

/// Every way to fail, before the first word and behind it, by every protocol that can.
#[test]
fn whatever_a_backend_does_the_question_is_answered() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let begun = format!("{head}{}", deltas("A restore takes about 90 "));
    let faults: Vec<(&str, Act)> = vec![
        ("status 500", Act::json(500, &json!({"error": {"message": "out of memory"}}))),
        ("status 401", Act::json(401, &json!({"error": {"message": "bad key"}}))),
        ("no model `tiny`", Act::json(404, &json!({"error": "model not found"}))),
        ("instead of JSON", Act::Answer(200, Vec::new(), "text/html", b"<!doctype html>".to_vec())),
        ("did not begin to answer", Act::Hang(Vec::new())),
        ("did not go on", Act::Hang(begun.clone().into_bytes())),
        ("cut short", Act::Bytes(begun.clone().into_bytes())),
        ("cut short", Act::Bytes(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec())),
        ("not JSON", Act::Bytes(format!("{begun}data: {{torn\n\n").into_bytes())),
        (
            "wrote nothing",
            Act::Answer(
                200,
                Vec::new(),
                "text/event-stream",
                b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n".to_vec(),
            ),
        ),
        (
            "content_filter",
            Act::Answer(
                200,
                Vec::new(),
                "text/event-stream",
                b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n"
                    .to_vec(),
            ),
        ),
    ];
    let (broken, sound) = (Scripted::start(answers), Scripted::start(answers));
    let Some(world) = world(&[openai("broken", &broken)]) else { return };
    world.index();
    for (says, act) in faults {
        resources(&world, &[openai("broken", &broken)]);
        let scripted = act.clone();
        broken.script(move |_| scripted.clone());
        let start = Instant::now();
        let ran = query(&world);
        assert_quoted(&ran.json());
        assert!(ran.stderr.contains(says) && ran.stderr.contains("`broken`"), "{says}: {}", ran.stderr);
        assert!(!ran.stderr.contains(KEY) && start.elapsed() < Duration::from_secs(20), "{says}: {}", ran.stderr);
        // With a sound one behind it nobody notices.
        resources(&world, &[openai("broken", &broken), openai("sound", &sound)]);
        assert_worded(&query(&world).json(), "sound");
    }
}

#[test]
fn a_backend_that_failed_is_left_alone_and_asked_again_when_it_is_back() {
    let server = Scripted::start(|_: &Request| {
        Act::Answer(
            429,
            vec![("retry-after", "2".to_owned())],
            "application/json",
            b"{\"error\":\"slow down\"}".to_vec(),
        )
    });
    let Some(world) = world(&[openai("llama", &server)]) else { return };
    let served = up(&world);
    assert_quoted(&served.ask(QUESTION));
    let asked = server.requests().len();
    assert_quoted(&served.ask(QUESTION));
    assert_eq!(server.requests().len(), asked, "it asked to be left alone");
    let health = served.health();
    let index = &health["indexes"]["runbooks"];
    assert_eq!(
        (&index["status"], &index["chat_backends"][0]["name"]),
        (&json!("degraded"), &json!("llama")),
        "{health}"
    );
    assert!(index["chat_backends"][0]["trouble"].as_str().unwrap().contains("status 429"), "{health}");
    let metrics = served.get("/metrics").1;
    assert!(metrics.contains(r#"ragops_chat_requests_total{backend="llama",result="rate_limited"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"ragops_chat_up{backend="llama"} 0"#), "{metrics}");
    server.script(answers);
    wait_for("the backend to be asked again", || {
        let answer = served.ask(QUESTION);
        (answer["degraded"] == false).then(|| assert_worded(&answer, "llama"))
    });
    let health = served.health();
    assert_eq!(health["indexes"]["runbooks"]["status"], "ok", "{health}");
}

#[test]
fn questions_that_wait_for_a_backend_keep_nobody_from_an_answer_and_end_with_whoever_asked() {
    let server = Scripted::start(|_: &Request| Act::Hang(Vec::new()));
    let Some(world) = world(&[openai("llama", &server)]) else { return };
    let mut command = command(&world, "up");
    command.args(["--listen", "127.0.0.1:0"]).env("RAGOPS_LLM_STALL_TIMEOUT_SECONDS", "60");
    command.env("RAGOPS_LLM_TIMEOUT_SECONDS", "60");
    let served = Server::run(command).ready();
    let body = json!({"question": QUESTION}).to_string();
    let address = served.url.trim_start_matches("http://").to_owned();
    // More than the program computes at a time.
    let mut waiting: Vec<TcpStream> = Vec::new();
    let places = 2 * std::thread::available_parallelism().unwrap().get() + 2;
    for _ in 0..places {
        let mut stream = TcpStream::connect(&address).unwrap();
        let request = format!(
            "POST /query HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        waiting.push(stream);
    }
    wait_for("all of them to wait", || (server.hanging() == places).then_some(()));
    assert_eq!(served.ask("Who won the cup in 1998?")["status"], "escalated", "a turn is free for it");
    drop(waiting);
    wait_for("the backend to be let go", || (server.hanging() == 0).then_some(()));
}

#[test]
fn backends_change_while_the_server_runs() {
    let (first, second) = (Scripted::start(answers), Scripted::start(answers));
    let Some(world) = world(&[openai("first", &first)]) else { return };
    let served = up(&world);
    let answer = served.ask(QUESTION);
    assert_worded(&answer, "first");
    // Each change right behind the one before, while that is still being put in force: none may be lost.
    for (name, server) in [("second", &second), ("first", &first)].into_iter().cycle().take(8) {
        resources(&world, &[openai(name, server)]);
        wait_for("the other backend", || {
            let next = served.ask(QUESTION);
            assert_eq!(next["revision"], answer["revision"], "live, without a build");
            (next["generated_by"]["backend"] == name).then_some(())
        });
    }
    world.write("rag.yaml", &crate::support::rag_index("runbooks", "./docs"));
    wait_for("quotations", || {
        let quoted = served.ask(QUESTION);
        (quoted["degraded"] == false && quoted.get("generated_by").is_none_or(Value::is_null)).then_some(())
    });
}

#[test]
fn a_reference_that_leads_nowhere_is_refused_with_what_there_is() {
    let server = Scripted::start(answers);
    let Some(world) = world(&[openai("llama", &server)]) else { return };
    let yaml = std::fs::read_to_string(world.path("rag.yaml")).unwrap();
    let check = |from: &str, to: &str, says: &str| {
        assert!(yaml.contains(from), "{from}");
        world.write("rag.yaml", &yaml.replace(from, to));
        let ran = query(&world);
        assert_eq!(ran.code, 2, "{}", ran.stdout);
        assert!(ran.stderr.contains("spec.answering.backendRefs[0]") && ran.stderr.contains(says), "{}", ran.stderr);
    };
    world.index();
    check(
        "backendRefs: [{name: llama}]",
        "backendRefs: [{name: lama}]",
        "there is no LlmBackend `lama`, but there are llama",
    );
    check("  type: External\n  external", "  role: Embedding\n  type: External\n  external", "has role Embedding");
    check("stringData: {token:", "stringData: {other:", "RAGOPS_SECRET_CHAT_API_TOKEN");
}
