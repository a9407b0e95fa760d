//! Against a real vLLM on the CPU, named by `RAGOPS_TEST_VLLM`, which serves the folder of all-MiniLM-L6-v2 in `RAGOPS_TEST_MINILM`:
//! `make test-llm-real`. It has `/rerank` for models of vectors, too, by their cosine: the protocol of cross-encoders, with a
//! model that can be had.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ragops_llm::Driver;
use ragops_llm::rerank::{RerankBackend, RerankConfig, RerankOptions};

const MODEL: &str = "all-minilm-l6-v2";
/// Importing it takes half a minute on two cores.
const READY: Duration = Duration::from_secs(300);

/// A server that runs. Dropping it ends it, and what it has started.
struct Vllm {
    child: Child,
    url: String,
}

fn required(name: &str) -> PathBuf {
    std::env::var_os(name).map(PathBuf::from).unwrap_or_else(|| panic!("{name} is not set: run `make test-llm-real`"))
}

impl Vllm {
    fn start(home: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = File::create(home.join("vllm.log")).unwrap();
        let mut command = Command::new(required("RAGOPS_TEST_VLLM"));
        command.arg("serve").arg(required("RAGOPS_TEST_MINILM")).args(["--runner", "pooling", "--dtype", "float32"]);
        command.args(["--served-model-name", MODEL, "--max-model-len", "256", "--enforce-eager"]);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--gpu-memory-utilization", "0.1"]);
        command.env("HF_HUB_OFFLINE", "1").env("HOME", home).env("VLLM_NO_USAGE_STATS", "1").stdin(Stdio::null());
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let mut server = Self { child, url: format!("http://127.0.0.1:{port}") };
        let (backend, begun) = (server.reranker(), Instant::now());
        loop {
            assert_eq!(server.child.try_wait().unwrap(), None, "vLLM ended; see {}", home.display());
            match rerank(&backend, "ready?", &["Ready.".to_owned(), "Not yet.".to_owned()]) {
                Ok(_) => return server,
                Err(error) => assert!(begun.elapsed() < READY, "vLLM does not answer: {error}"),
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn reranker(&self) -> Arc<RerankBackend> {
        let config = RerankConfig {
            backend: "judge".to_owned(),
            url: format!("{}/v1", self.url),
            model: MODEL.to_owned(),
            api_key: None,
            ca: None,
        };
        let options = RerankOptions { in_all: Duration::from_secs(30) };
        RerankBackend::new(config, options, Arc::new(Driver::start().unwrap()), Arc::new(()), 3).unwrap()
    }
}

impl Drop for Vllm {
    fn drop(&mut self) {
        // It ends the engine that it has started where it is asked to end, and leaves that behind where it is killed.
        let id = i32::try_from(self.child.id()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::TERM).ok();
        let begun = Instant::now();
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn rerank(backend: &RerankBackend, question: &str, passages: &[String]) -> Result<Vec<f64>, ragops_llm::LlmError> {
    backend.rerank(question, passages, std::future::pending()).map(Option::unwrap)
}

#[test]
#[ignore = "needs vLLM and a model; run `make test-llm-real`"]
fn a_real_server_orders_passages_and_takes_long_ones_cut() {
    let home = tempfile::tempdir().unwrap();
    let server = Vllm::start(home.path());
    let backend = server.reranker();
    let passages = [
        "The canteen serves noodles on Friday.",
        "Restart the order gateway with kubectl rollout restart.",
        "The gateway runs in two pods.",
    ];
    let passages = passages.map(str::to_owned);
    let scores = rerank(&backend, "How do I restart the order gateway?", &passages).unwrap();
    assert!(scores[1] > scores[2] && scores[2] > scores[0], "{scores:?}");
    // More than the 256 tokens that the model takes.
    let long = format!("{} {}", passages[1], "The pods of the gateway are listed below. ".repeat(100));
    let cut = rerank(&backend, "How do I restart the order gateway?", &[passages[0].clone(), long]).unwrap();
    assert!(cut[1] > cut[0] && backend.trouble().is_none(), "{cut:?}");
    let other = RerankConfig { model: "another".to_owned(), ..backend.config().clone() };
    let options = RerankOptions::default();
    let other = RerankBackend::new(other, options, Arc::new(Driver::start().unwrap()), Arc::new(()), 3).unwrap();
    let error = rerank(&other, "How?", &passages).unwrap_err();
    assert_eq!(error.kind(), "not_found", "{error}");
}
