//! Passages put into order by a reranking backend: what it is shown, what becomes of its order, and that its absence fails no
//! question. The embedding model is real, the reranker is a scripted server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scripted::{Act, Request, Scripted, words};
use crate::support::{Ran, Server, question, rag_index, run, wait_for};
use crate::world::World;

const QUESTION: &str = "How long does a restore of the database take?";
const KEY: &str = "sk-hunter2";

fn world(server: &Scripted) -> Option<World> {
    let world = World::new()?;
    world.write("rag.yaml", &resources(server, 4));
    Some(world)
}

fn resources(server: &Scripted, depth: usize) -> String {
    format!(
        "{}  retrieval: {{reranking: {{backendRef: {{name: judge}}, depth: {depth}}}}}\n---\napiVersion: v1\nkind: Secret\n\
         metadata: {{name: judge-api}}\nstringData: {{token: {KEY}}}\n---\napiVersion: ragops.dev/v1alpha1\nkind: LlmBackend\n\
         metadata: {{name: judge}}\nspec:\n  role: Reranking\n  type: External\n  external: {{url: \"{}/v1\", model: tiny, \
         apiKeySecretRef: {{name: judge-api, key: token}}}}\n",
        rag_index("runbooks", "./docs"),
        server.url()
    )
}

fn command(world: &World, name: &str) -> Command {
    let mut command = world.command(name);
    command.arg("-f").arg(world.path("rag.yaml")).env("RAGOPS_RERANK_TIMEOUT_SECONDS", "0.5");
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

fn documents(request: &Request) -> Vec<String> {
    request.body["documents"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Scores by whether a passage holds a word: 5 if it does, else less the further behind it stands.
fn prefers(word: &'static str) -> impl Fn(&Request) -> Act {
    move |request| {
        let score = |(at, text): (usize, &String)| if text.contains(word) { 5.0 } else { -(at as f64) };
        let result = |(at, text)| json!({"index": at, "relevance_score": score((at, text))});
        Act::json(200, &json!({"results": documents(request).iter().enumerate().map(result).collect::<Vec<_>>()}))
    }
}

fn assert_not_reranked(answer: &Value) {
    assert_eq!((&answer["status"], &answer["degraded"]), (&json!("answered"), &json!(true)), "{answer}");
    assert_eq!(answer["degraded_reasons"], json!(["reranker_unavailable"]), "{answer}");
    assert!(answer["sources"][0].get("relevance").is_none(), "{answer}");
    assert!(answer["answer"].as_str().unwrap().contains("A restore takes about 45 minutes."), "{answer}");
}

#[test]
fn the_first_passages_come_in_the_order_of_the_reranker() {
    let server = Scripted::start(prefers("Restore"));
    let Some(world) = world(&server) else { return };
    world.index();
    let answer = query(&world).json();
    assert_eq!((&answer["status"], &answer["degraded"]), (&json!("answered"), &json!(false)), "{answer}");
    assert_eq!(answer["sources"][0]["relevance"], json!(5.0), "{answer}");
    let requests = server.requests();
    let [request] = &requests[..] else { panic!("one request: {requests:?}") };
    assert_eq!(
        (request.path.as_str(), request.authorization.as_deref()),
        ("/v1/rerank", Some(&*format!("Bearer {KEY}")))
    );
    assert_eq!((&request.body["query"], &request.body["model"]), (&json!(QUESTION), &json!("tiny")));
    let shown = documents(request);
    assert_eq!(shown.len(), 4);
    // What a passage stands under is a part of it.
    assert!(shown.iter().any(|text| text.contains("Database backup") && text.contains("45 minutes")), "{shown:?}");
    // The order that `eval` measures: with one document preferred over all others it comes first for every question.
    let set = world.path("set");
    world.write("set/queries.jsonl", "{\"_id\": \"q\", \"text\": \"How long does a restore of the database take?\"}\n");
    world.write("set/qrels.tsv", "query-id\tcorpus-id\tscore\nq\ten/gateway.md\t1\n");
    world.write("rag.yaml", &resources(&server, 32));
    let mrr = |word| {
        server.script(prefers(word));
        let ran = run(command(&world, "eval").arg("--json").arg("--set").arg(&set));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()["mrr_at_10"].as_f64().unwrap()
    };
    assert!(mrr("Gateway returns 503") == 1.0 && mrr("Restore") < 1.0);
    // Without -f the backend that `index` has recorded is asked; the key comes from the environment.
    let asked = server.requests().len();
    let mut recorded = world.command("query");
    recorded.arg("--json").arg(QUESTION).env("RAGOPS_SECRET_JUDGE_API_TOKEN", KEY);
    assert_eq!(run(&mut recorded).json()["sources"][0]["relevance"], json!(5.0));
    assert_eq!(server.requests()[asked].authorization, request.authorization);
    let kept = std::fs::read_to_string(world.data().join("indexes/runbooks/query.json")).unwrap();
    assert!(kept.contains("judge") && !kept.contains(KEY), "{kept}");
}

#[test]
fn whatever_a_reranker_does_the_question_is_answered_and_figures_are_not_taken() {
    let few = json!({"results": [{"index": 0, "relevance_score": 1.0}]});
    let faults: Vec<(&str, Act)> = vec![
        ("status 500", Act::json(500, &json!({"error": {"message": "out of memory"}}))),
        ("status 401", Act::json(401, &json!({"error": {"message": "bad key"}}))),
        ("status 404", Act::json(404, &json!({"detail": "Not Found"}))),
        ("instead of JSON", Act::Answer(200, Vec::new(), "text/html", b"<!doctype html>".to_vec())),
        ("did not rerank within 0.5 s", Act::Hang(Vec::new())),
        ("cut short", Act::Bytes(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec())),
        ("1 scores for 4 passages", Act::json(200, &few)),
    ];
    let server = Scripted::start(prefers("Restore"));
    let Some(world) = world(&server) else { return };
    world.index();
    for (says, act) in faults {
        server.script(move |_| act.clone());
        let begun = Instant::now();
        let ran = query(&world);
        assert_not_reranked(&ran.json());
        assert!(ran.stderr.contains(says) && ran.stderr.contains("`judge`"), "{says}: {}", ran.stderr);
        assert!(!ran.stderr.contains(KEY) && begun.elapsed() < Duration::from_secs(20), "{says}: {}", ran.stderr);
    }
    world.write("set/queries.jsonl", "{\"_id\": \"q\", \"text\": \"How long does a restore take?\"}\n");
    world.write("set/qrels.tsv", "query-id\tcorpus-id\tscore\nq\ten/backup.md\t1\n");
    let ran = run(command(&world, "eval").arg("--set").arg(world.path("set")));
    assert!(ran.code == 3 && ran.stderr.matches("not reranked").count() == 1, "{}: {}", ran.code, ran.stderr);
    let asked = server.requests().len();
    assert_eq!(run(command(&world, "query").args(["--json", "hello"])).json()["reason"], "small_talk");
    assert_eq!(server.requests().len(), asked, "small talk has no order");
}

#[test]
fn a_reranker_that_is_away_is_told_left_alone_and_asked_again_when_it_is_back() {
    let server = Scripted::start(|_: &Request| {
        Act::Answer(429, vec![("retry-after", "2".to_owned())], "application/json", b"{\"error\":\"slow\"}".to_vec())
    });
    let Some(world) = world(&server) else { return };
    let served = up(&world);
    assert_not_reranked(&served.ask(QUESTION));
    let asked = server.requests().len();
    assert_not_reranked(&served.ask(QUESTION));
    assert_eq!(server.requests().len(), asked, "it asked to be left alone");
    let health = served.health();
    let index = &health["indexes"]["runbooks"];
    assert_eq!((&index["status"], &index["reranker"]["name"]), (&json!("degraded"), &json!("judge")), "{health}");
    assert!(index["reranker"]["trouble"].as_str().unwrap().contains("status 429"), "{health}");
    let metrics = served.get("/metrics").1;
    assert!(metrics.contains(r#"ragops_rerank_requests_total{backend="judge",result="rate_limited"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"ragops_rerank_up{backend="judge"} 0"#), "{metrics}");
    assert!(
        metrics.contains(r#"ragops_answers_degraded_total{index="runbooks",reason="reranker_unavailable"} 2"#),
        "{metrics}"
    );
    server.script(prefers("Restore"));
    wait_for("the reranker to be asked again", || {
        let answer = served.ask(QUESTION);
        (answer["degraded"] == false).then(|| assert_eq!(answer["sources"][0]["relevance"], json!(5.0)))
    });
    assert_eq!(served.health()["indexes"]["runbooks"]["status"], "ok");
    // Live: another depth, and none.
    world.write("rag.yaml", &resources(&server, 2));
    wait_for("the other depth", || {
        served.ask(QUESTION);
        server.requests().last().filter(|request| documents(request).len() == 2).map(|_| ())
    });
    world.write("rag.yaml", &rag_index("runbooks", "./docs"));
    wait_for("the order in which passages are found", || {
        served.ask(QUESTION)["sources"][0].get("relevance").is_none().then_some(())
    });
    assert_eq!(served.health()["indexes"]["runbooks"]["reranker"], Value::Null);
    wait_for("nothing to be told of a backend that nothing names", || {
        (!served.get("/metrics").1.contains("ragops_rerank_up")).then_some(())
    });
}

#[test]
fn whoever_has_less_patience_than_the_limit_is_answered_by_the_next_question() {
    let server = Scripted::start(|_: &Request| Act::Hang(Vec::new()));
    let Some(world) = world(&server) else { return };
    let mut command = command(&world, "up");
    command.args(["--listen", "127.0.0.1:0"]).env("RAGOPS_RERANK_TIMEOUT_SECONDS", "4");
    let served = Server::run(command).ready();
    let address = served.url.strip_prefix("http://").unwrap();
    let mut impatient = TcpStream::connect(address).unwrap();
    impatient.write_all(&question(address, QUESTION)).unwrap();
    impatient.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    assert!(impatient.read(&mut [0]).is_err(), "the reranker hangs");
    drop(impatient);
    wait_for("the reranker to rest", || {
        served.health()["indexes"]["runbooks"]["reranker"]["trouble"]
            .as_str()
            .map(|trouble| assert!(trouble.contains("did not rerank"), "{trouble}"))
    });
    assert_not_reranked(&served.ask(QUESTION));
}

#[test]
fn what_the_reranker_put_behind_is_no_evidence_for_an_answer_from_what_it_put_first() {
    let server = Scripted::start(prefers("Restore"));
    let Some(world) = world(&server) else { return };
    // An answer is made of the first passage alone.
    let resources = resources(&server, 6).replace("retrieval: {", "retrieval: {topK: 1, ");
    world.write("rag.yaml", &resources);
    world.index();
    let right = query(&world).json();
    assert_eq!(right["status"], "answered", "{right}");
    server.script(prefers("Gateway returns 503"));
    let wrong = query(&world).json();
    assert_eq!((&wrong["status"], &wrong["degraded"]), (&json!("escalated"), &json!(false)), "{wrong}");
    let confidence = |answer: &Value| answer["confidence"].as_f64().unwrap();
    assert!(confidence(&wrong) < confidence(&right), "{wrong} {right}");
}

#[test]
fn a_backend_that_words_answers_is_shown_the_rerankers_order_and_has_its_time_behind_it() {
    const ANSWER: &str = "A restore takes about 45 minutes [1].";
    let ranks = Scripted::start(prefers("Restore"));
    let writes = Scripted::start(|request: &Request| words(request, ANSWER));
    let Some(world) = world(&ranks) else { return };
    let writer = format!(
        "---\napiVersion: ragops.dev/v1alpha1\nkind: LlmBackend\nmetadata: {{name: writer}}\nspec:\n  type: External\n  \
         external: {{url: \"{}/v1\", model: tiny}}\n",
        writes.url()
    );
    let named = "  answering: {backendRefs: [{name: writer}]}\n---\napiVersion: v1\n";
    let yaml = resources(&ranks, 8).replacen("---\napiVersion: v1\n", named, 1) + &writer;
    world.write("rag.yaml", &yaml);
    let mut command = command(&world, "up");
    // As long as the reranker's time, which is over before the backend is asked.
    command.args(["--listen", "127.0.0.1:0"]).env("RAGOPS_LLM_TIMEOUT_SECONDS", "2");
    command.env("RAGOPS_LLM_STALL_TIMEOUT_SECONDS", "2").env("RAGOPS_RERANK_TIMEOUT_SECONDS", "2");
    let served = Server::run(command).ready();
    let assert_worded = |answer: &Value, reasons: &Value| {
        assert_eq!(answer["generated_by"]["backend"], "writer", "{answer}");
        assert!(answer["answer"].as_str().unwrap().contains("A restore takes about 45 minutes."), "{answer}");
        assert_eq!(&answer["degraded_reasons"], reasons, "{answer}");
    };
    assert_worded(&served.ask(QUESTION), &json!([]));
    let prompt = || writes.requests().last().unwrap().body["messages"].to_string();
    let place = |prompt: &str, text: &str| prompt.find(text).unwrap_or_else(|| panic!("{text} in {prompt}"));
    let first = prompt();
    // The order is the reranker's: what it likes best stands first, and it likes another best now.
    assert!(place(&first, "A restore takes about") < place(&first, "answers 503 when"), "{first}");
    ranks.script(prefers("Gateway returns 503"));
    served.ask(QUESTION);
    let second = prompt();
    assert!(place(&second, "answers 503 when") < place(&second, "A restore takes about"), "{second}");
    // Both lend their turn in one question, more of them at once than the program computes, and the reranker takes all its time.
    ranks.script(|_: &Request| Act::Hang(Vec::new()));
    let questions = 3 * std::thread::available_parallelism().unwrap().get();
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..questions).map(|_| scope.spawn(|| served.ask(QUESTION))).collect();
        for answer in asked {
            assert_worded(&answer.join().unwrap(), &json!(["reranker_unavailable"]));
        }
    });
    ranks.script(prefers("Restore"));
    wait_for("the reranker to be asked again", || (served.ask(QUESTION)["degraded"] == false).then_some(()));
}

#[test]
fn a_reference_to_no_reranker_is_refused_with_what_there_is() {
    let server = Scripted::start(prefers("Restore"));
    let Some(world) = world(&server) else { return };
    let yaml = std::fs::read_to_string(world.path("rag.yaml")).unwrap();
    let check = |from: &str, to: &str, says: &str| {
        assert!(yaml.contains(from), "{from}");
        world.write("rag.yaml", &yaml.replace(from, to));
        let ran = run(&mut command(&world, "index"));
        assert_eq!(ran.code, 2, "{}", ran.stdout);
        assert!(
            ran.stderr.contains("spec.retrieval.reranking.backendRef") && ran.stderr.contains(says),
            "{}",
            ran.stderr
        );
    };
    check("{name: judge}, depth", "{name: jugde}, depth", "there is no LlmBackend `jugde`, but there are judge");
    check("role: Reranking", "role: Chat", "has role Chat; refer to one with `role: Reranking`");
    check("stringData: {token:", "stringData: {other:", "RAGOPS_SECRET_JUDGE_API_TOKEN");
}
