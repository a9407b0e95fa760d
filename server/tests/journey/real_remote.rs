//! The whole program against a real Ollama: `make test-llm-real`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::ollama::{CHAT_MODEL, MODEL, Ollama};
use crate::support::{Server, program, run, wait_for, write};
use crate::world::DOCUMENTS;

const QUESTION: &str = "How long does a restore of the database take?";

struct RealWorld(tempfile::TempDir);

impl RealWorld {
    fn new(ollama: &Ollama) -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        let english: Vec<(&str, &str)> = DOCUMENTS.into_iter().filter(|(path, _)| path.contains("/en/")).collect();
        write(world.0.path(), &english);
        let yaml = format!(
            "apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\nmetadata: {{name: runbooks}}\nspec:\n  sources:\n    \
             - {{name: docs, type: Folder, folder: {{path: ./docs}}}}\n  embedding: {{type: Backend, backendRef: {{name: \
             embedder}}}}\n---\napiVersion: ragops.dev/v1alpha1\nkind: LlmBackend\nmetadata: {{name: embedder}}\nspec:\n  \
             role: Embedding\n  type: External\n  external: {{protocol: Ollama, url: \"{}\", model: {MODEL}}}\n  \
             embedding: {{maxTokens: 256}}\n",
            ollama.url()
        );
        let chat = format!(
            "---\napiVersion: ragops.dev/v1alpha1\nkind: LlmBackend\nmetadata: {{name: llama}}\nspec:\n  type: External\n  \
             external: {{protocol: Ollama, url: \"{}\", model: {CHAT_MODEL}, contextLength: 4096}}\n",
            ollama.url()
        );
        let asks = "  answering: {backendRefs: [{name: llama}]}\n---\n";
        let worded = yaml.replacen("---\n", asks, 1) + &chat;
        write(world.0.path(), &[("rag.yaml", &yaml), ("worded.yaml", &worded)]);
        world
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = program();
        command.arg(name).arg("-f").arg(self.path("rag.yaml")).arg("--data").arg(self.path("data"));
        // A busy machine makes vectors slowly, and whether they come within seconds is not what is tested.
        command.env("RAGOPS_CACHE_DIR", self.path("cache")).env("RAGOPS_EMBED_QUESTION_TIMEOUT_SECONDS", "20");
        command
    }
}

#[test]
#[ignore = "needs Ollama and a model; run `make test-llm-real`"]
fn an_index_by_a_real_ollama_is_built_asked_degraded_and_whole_again() {
    let home = tempfile::tempdir().unwrap();
    let ollama = Ollama::with_model(home.path());
    let world = RealWorld::new(&ollama);
    let built = run(world.command("index").arg("--json"));
    assert_eq!(built.code, 0, "{}", built.stderr);
    let asked = run(world.command("query").arg("--json").arg(QUESTION)).json();
    assert_eq!((&asked["degraded"], &asked["status"]), (&Value::from(false), &Value::from("answered")), "{asked}");
    assert!(asked["answer"].as_str().unwrap().contains("45 minutes"), "{asked}");

    let mut up = world.command("up");
    up.args(["--listen", "127.0.0.1:0"]);
    let served = Server::run(up).ready();
    let is_whole = |answer: &Value| answer["degraded"] == false && answer["mode_used"] == "hybrid";
    wait_for("both channels at first", || is_whole(&served.ask(QUESTION)).then_some(()));
    let port = ollama.stop();
    let degraded = wait_for("its absence to be noticed", || Some(served.ask(QUESTION)).filter(|a| !is_whole(a)));
    assert_eq!((&degraded["status"], &degraded["mode_used"]), (&Value::from("answered"), &Value::from("text")));
    assert!(degraded["answer"].as_str().unwrap().contains("45 minutes"), "{degraded}");
    let _ollama = Ollama::start(home.path(), port);
    wait_for("both channels", || is_whole(&served.ask(QUESTION)).then_some(()));
}

/// The chat model knows nothing: whatever it writes, nothing of it may be given away as an answer.
#[test]
#[ignore = "needs Ollama and a model; run `make test-llm-real`"]
fn the_nonsense_of_a_real_chat_model_is_not_given_away() {
    let home = tempfile::tempdir().unwrap();
    let ollama = Ollama::with_model(home.path());
    ollama.create_chat();
    let world = RealWorld::new(&ollama);
    let ask = || {
        let mut query = program();
        query.args(["query", "--json", "-f"]).arg(world.path("worded.yaml")).arg("--data").arg(world.path("data"));
        query.env("RAGOPS_CACHE_DIR", world.path("cache")).env("RAGOPS_EMBED_QUESTION_TIMEOUT_SECONDS", "20");
        query.env("RAGOPS_LLM_TIMEOUT_SECONDS", "300").env("RAGOPS_LLM_STALL_TIMEOUT_SECONDS", "300");
        run(query.arg(QUESTION))
    };
    let built = run(world.command("index").arg("--json"));
    assert_eq!(built.code, 0, "{}", built.stderr);
    let ran = ask();
    let answer = ran.json();
    // Random words are sentences without support, or no answer at all: then the passages are quoted.
    match answer["status"].as_str() {
        Some("escalated") => {
            assert_eq!(answer["reason"], "unsupported", "{answer}");
            let by = &answer["generated_by"];
            assert_eq!((&by["backend"], &by["model"]), (&Value::from("llama"), &Value::from(CHAT_MODEL)), "{answer}");
            assert!(by["usage"]["prompt_tokens"].as_u64().unwrap() > 100, "{answer}");
        }
        _ => {
            assert_eq!(answer["degraded_reasons"], serde_json::json!(["llm_unavailable"]), "{answer}");
            // Ollama breaks off without a word about it where a token comes thirty times.
            let is_told = ["wrote nothing", "cut short"].iter().any(|why| ran.stderr.contains(why));
            assert!(ran.stderr.contains("`llama`") && is_told, "{}", ran.stderr);
            assert!(answer["answer"].as_str().unwrap().contains("45 minutes"), "{answer}");
        }
    }
    // Without it the passages answer.
    drop(ollama);
    let quoted = ask().json();
    assert_eq!(quoted["degraded"], true, "{quoted}");
    assert!(quoted["answer"].as_str().unwrap().contains("45 minutes"), "{quoted}");
}
