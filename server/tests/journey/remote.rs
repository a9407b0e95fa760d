//! An index whose embedding model is elsewhere: built, asked, degraded while the model is away, whole again when it is back,
//! and never answered by another model's vectors. The model is a scripted server; nothing here needs an installed one.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::scripted::{Act, Request, Scripted, hashed_otherwise};
use crate::support::{Ran, Server, get, program, run, wait_for, write};
use crate::world::DOCUMENTS;

/// Not the text of a probe, which would be told from no question.
const QUESTION: &str = "How long does a restore of the database take?";
const KEY: &str = "sk-hunter2";

struct RemoteWorld {
    dir: tempfile::TempDir,
}

impl RemoteWorld {
    fn new(server: &Scripted) -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        write(world.dir.path(), &DOCUMENTS);
        world.resources(&server.url());
        world
    }

    /// An index, its backend at this address, and the backend's key, as one file.
    fn resources(&self, url: &str) {
        let yaml = format!(
            "apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\nmetadata: {{name: runbooks}}\nspec:\n  sources:\n    \
             - {{name: docs, type: Folder, folder: {{path: ./docs}}}}\n  embedding: {{type: Backend, backendRef: {{name: \
             embedder}}}}\n---\napiVersion: ragops.dev/v1alpha1\nkind: LlmBackend\nmetadata: {{name: embedder}}\nspec:\n  \
             role: Embedding\n  type: External\n  external: {{url: \"{url}/v1\", model: tiny, apiKeySecretRef: {{name: \
             tiny-api, key: token}}}}\n  embedding: {{queryPrefix: \"query: \", passagePrefix: \"passage: \", maxTokens: \
             256}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: tiny-api}}\nstringData: {{token: {KEY}}}\n"
        );
        write(self.dir.path(), &[("rag.yaml", &yaml)]);
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = program();
        command.arg(name).arg("--data").arg(self.path("data")).arg("--models-dir").arg(self.path("no-models"));
        command.env("RAGOPS_CACHE_DIR", self.path("cache")).env("RAGOPS_EMBED_QUESTION_TIMEOUT_SECONDS", "1");
        command
    }

    fn index(&self) -> Ran {
        run(self.command("index").arg("--json").arg("-f").arg(self.path("rag.yaml")))
    }

    /// Builds, and gives the revision's name.
    fn build(&self) -> String {
        let ran = self.index();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()["revision"].as_str().unwrap().to_owned()
    }

    fn query(&self) -> Ran {
        run(self.command("query").arg("--json").arg("-f").arg(self.path("rag.yaml")).arg(QUESTION))
    }

    fn up(&self) -> Server {
        let mut command = self.command("up");
        command.arg("-f").arg(self.path("rag.yaml")).args(["--listen", "127.0.0.1:0"]);
        Server::run(command)
    }
}

fn is_whole(answer: &Value) -> bool {
    answer["degraded"] == false && answer["mode_used"] == "hybrid"
}

fn assert_degraded(answer: &Value, reason: &str) {
    assert_eq!((&answer["degraded"], &answer["mode_used"]), (&true.into(), &"text".into()), "{answer}");
    assert_eq!(answer["degraded_reasons"], serde_json::json!([reason]), "{answer}");
    // The words of the question lead to the right page all the same.
    assert_eq!(answer["status"], "answered", "{answer}");
    assert!(answer["sources"][0]["path"].as_str().unwrap().ends_with("en/backup.md"), "{answer}");
}

fn passages(requests: &[Request]) -> usize {
    requests.iter().flat_map(Request::texts).filter(|text| text.contains("orders database is backed up")).count()
}

#[test]
fn an_index_is_built_and_asked_by_a_model_elsewhere_and_a_rebuild_asks_nothing_twice() {
    let server = Scripted::start(Act::embed);
    let world = RemoteWorld::new(&server);
    let revision = world.build();
    let built = server.requests().len();
    let ran = world.query();
    let answer = ran.json();
    let asked = server.requests().len() - built;
    assert!(asked <= 3, "probes, the question, and sentences to pick from, but no small talk: {asked} requests");
    // Hashed words are as good a model as a coin, so whether it is answered says nothing.
    assert!(is_whole(&answer), "{answer}\n{}", ran.stderr);
    assert_eq!((ran.code, &answer["revision"]), (0, &Value::from(revision.as_str())));
    assert!(server.requests().iter().all(|request| request.authorization.as_deref() == Some(&format!("Bearer {KEY}"))));

    let before = server.requests().len();
    assert!(passages(&server.requests()) > 0);
    std::fs::remove_dir_all(world.path("data")).unwrap();
    assert_eq!(world.build(), revision, "the same model, settings and documents");
    let since = &server.requests()[before..];
    assert_eq!(passages(since), 0, "{since:?}");
    assert!(since.len() <= 2, "probes at the beginning and at the end: {}", since.len());

    let manifest =
        std::fs::read_to_string(world.path("data/indexes/runbooks/revisions").join(&revision).join("manifest.json"));
    let manifest = manifest.unwrap();
    assert!(manifest.contains("\"backend\": \"embedder\"") && !manifest.contains(KEY), "{manifest}");
    let inspected = run(world.command("inspect").arg("--json")).stdout;
    assert!(inspected.contains("embedder") && !inspected.contains(KEY), "{inspected}");
}

#[test]
fn questions_are_answered_by_words_while_the_model_is_away_and_by_both_when_it_is_back() {
    let server = Scripted::start(Act::embed);
    let world = RemoteWorld::new(&server);
    let served = world.up().ready();
    assert!(is_whole(&served.ask(QUESTION)));
    assert_eq!(served.health()["indexes"]["runbooks"]["model"]["trouble"], Value::Null);
    let port = server.stop();
    wait_for("the model's absence to be noticed", || {
        let answer = served.ask(QUESTION);
        (!is_whole(&answer)).then(|| assert_degraded(&answer, "embedder_unavailable"))
    });
    let health = served.health();
    let index = &health["indexes"]["runbooks"];
    assert_eq!(index["status"], "degraded", "{health}");
    assert!(index["model"]["trouble"].as_str().unwrap().contains("`tiny` does not answer"), "{health}");
    let metrics = served.get("/metrics").1;
    assert!(metrics.contains(r#"ragops_embedder_up{backend="embedder"} 0"#), "{metrics}");
    assert!(
        metrics.contains(r#"ragops_answers_degraded_total{index="runbooks",reason="embedder_unavailable"}"#),
        "{metrics}"
    );
    assert_eq!(served.get("/readyz").0, 200, "it can be asked");

    let back = Scripted::start_at(port, Act::embed);
    wait_for("both channels", || is_whole(&served.ask(QUESTION)).then_some(()));
    assert!(get(&served.url, "/metrics").1.contains(r#"ragops_embedder_up{backend="embedder"} 1"#));
    assert_eq!(served.health()["indexes"]["runbooks"]["status"], "ok");
    for line in served.log() {
        assert!(!line.to_string().contains(KEY), "{line}");
    }
    drop(back);
}

#[test]
fn a_server_starts_without_its_model_and_a_command_says_that_it_is_away() {
    let server = Scripted::start(Act::embed);
    let world = RemoteWorld::new(&server);
    world.build();
    let port = server.stop();
    let ran = world.query();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_degraded(&ran.json(), "embedder_unavailable");
    assert!(
        ran.stderr.contains("`tiny` does not answer") && ran.stderr.contains("cannot be reached"),
        "{}",
        ran.stderr
    );
    let told = run(world.command("query").arg("-f").arg(world.path("rag.yaml")).arg(QUESTION));
    assert!(told.stdout.contains("DEGRADED: the embedding model does not answer"), "{}", told.stdout);
    let built = world.index();
    assert_eq!(built.code, 3, "it may succeed later: {}", built.stderr);

    let served = world.up().ready();
    assert_degraded(&served.ask(QUESTION), "embedder_unavailable");
    let _back = Scripted::start_at(port, Act::embed);
    wait_for("both channels", || is_whole(&served.ask(QUESTION)).then_some(()));
}

#[test]
fn another_model_under_the_same_name_is_refused_by_name_and_a_build_takes_it_for_what_it_is() {
    let server = Scripted::start(Act::embed);
    let world = RemoteWorld::new(&server);
    let first = world.build();
    server.script(|request| Act::embed_by(request, hashed_otherwise));
    let ran = world.query();
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    for says in ["another model answers as `tiny`", "0.999", "ragops-server index -f FILE"] {
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
    let before = server.requests().len();
    let second = world.build();
    assert_ne!(second, first);
    assert!(passages(&server.requests()[before..]) > 0, "no vector of the other model is used");
    assert!(is_whole(&world.query().json()));
    // The first model comes back, and so does its revision, without a text being embedded again.
    server.script(Act::embed);
    let before = server.requests().len();
    assert_eq!(world.build(), first);
    assert_eq!(passages(&server.requests()[before..]), 0);
}

#[test]
fn a_model_swapped_under_a_server_that_runs_is_noticed_at_the_latest_when_it_was_away() {
    let server = Scripted::start(Act::embed);
    let world = RemoteWorld::new(&server);
    let served = world.up().ready();
    assert!(is_whole(&served.ask(QUESTION)));
    let port = server.stop();
    wait_for("the model's absence to be noticed", || (!is_whole(&served.ask(QUESTION))).then_some(()));
    let _other = Scripted::start_at(port, |request| Act::embed_by(request, hashed_otherwise));
    wait_for("the other model to be noticed", || {
        let answer = served.ask(QUESTION);
        (answer["degraded_reasons"][0] == "embedder_changed").then(|| assert_degraded(&answer, "embedder_changed"))
    });
}

#[test]
fn the_same_model_at_another_address_is_asked_there_without_a_new_revision() {
    let server = Scripted::start(Act::embed);
    let world = RemoteWorld::new(&server);
    let served = world.up().ready();
    let revision = served.ask(QUESTION)["revision"].clone();
    let embedded = server.texts();
    let elsewhere = Scripted::start(Act::embed);
    world.resources(&elsewhere.url());
    wait_for("questions to be asked elsewhere", || {
        let answer = served.ask(QUESTION);
        assert_eq!(answer["revision"], revision);
        elsewhere.texts().iter().any(|text| text.ends_with(QUESTION)).then_some(())
    });
    drop(server);
    let answer = served.ask(QUESTION);
    assert!(is_whole(&answer));
    assert_eq!(answer["revision"], revision);
    // Sentences of the answer are embedded there, but no passage of the index is.
    let longest = elsewhere.texts().iter().map(String::len).max();
    assert!(longest < embedded.iter().map(String::len).max(), "{:#?}", elsewhere.texts());
}

#[test]
fn figures_of_a_gold_set_are_never_those_of_another_way_of_searching() {
    let server = Scripted::start(Act::embed);
    let world = RemoteWorld::new(&server);
    world.build();
    write(
        world.dir.path(),
        &[
            ("gold/queries.jsonl", &format!("{{\"id\": \"q1\", \"text\": \"{QUESTION}\"}}\n")),
            ("gold/qrels.tsv", "query-id\tcorpus-id\tscore\nq1\ten/backup.md\t2\n"),
        ],
    );
    let eval = || run(world.command("eval").arg("-f").arg(world.path("rag.yaml")).arg("--set").arg(world.path("gold")));
    let whole = eval();
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    server.stop();
    let ran = eval();
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(ran.stderr.contains("`tiny` does not answer"), "{}", ran.stderr);
}
