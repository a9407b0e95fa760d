//! What the tests of remote models share.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ragops_embed::remote::{RemoteProtocol, SecretName};
use ragops_llm::Telemetry;
use ragops_llm::embedder::{BuildingModel, Connection, Known, RemoteConfig, RemoteOptions};
use ragops_llm::{ApiKey, Driver, Pace};

use crate::scripted::Scripted;

/// Keeps what it hears.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) requests: Mutex<Vec<&'static str>>,
    pub(crate) answers: Mutex<Vec<bool>>,
}

impl Telemetry for Heard {
    fn request(&self, _backend: &str, result: &'static str, _took: Duration) {
        self.requests.lock().unwrap().push(result);
    }

    fn answers(&self, _backend: &str, does: bool) {
        self.answers.lock().unwrap().push(does);
    }

    fn chat_request(&self, backend: &str, result: &'static str, took: Duration) {
        self.request(backend, result, took);
    }

    fn chat_answers(&self, backend: &str, does: bool) {
        self.answers(backend, does);
    }

    fn rerank_request(&self, backend: &str, result: &'static str, took: Duration) {
        self.request(backend, result, took);
    }

    fn rerank_answers(&self, backend: &str, does: bool) {
        self.answers(backend, does);
    }
}

pub(crate) fn config(server: &Scripted) -> RemoteConfig {
    RemoteConfig {
        backend: "embedder".to_owned(),
        protocol: RemoteProtocol::Ollama,
        url: server.url(),
        model: "tiny".to_owned(),
        query_prefix: "query: ".to_owned(),
        passage_prefix: "passage: ".to_owned(),
        max_tokens: 64,
        api_key: Some((
            SecretName { name: "ollama".to_owned(), key: "token".to_owned() },
            Some(ApiKey::new("sk-secret")),
        )),
        ca: None,
    }
}

pub(crate) fn options() -> RemoteOptions {
    RemoteOptions {
        pace: Pace { concurrency: 3, batch: 4, per_minute: None },
        build_timeout: Duration::from_millis(400),
        question_timeout: Duration::from_millis(400),
    }
}

pub(crate) fn connection(config: RemoteConfig) -> (Arc<Connection>, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let driver = Arc::new(Driver::start().unwrap());
    (Connection::new(config, options(), driver, heard.clone(), 7).unwrap(), heard)
}

/// A model for building at a server that answers rightly.
pub(crate) fn building(server: &Scripted, known: &[Known]) -> BuildingModel {
    BuildingModel::connect(connection(config(server)).0, known).unwrap()
}

/// Waits for what must become true.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
