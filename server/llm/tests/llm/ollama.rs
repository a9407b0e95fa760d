//! A real Ollama on a port of its own, with a real embedding model in it. Its program and the model's folder are named by
//! `RAGOPS_TEST_OLLAMA` and `RAGOPS_TEST_MINILM`, as `make test-llm-real` sets them.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ragops_storage::digest_file;
use serde_json::{Value, json};

use crate::tiny_llama;

/// The name that the model gets.
pub(crate) const MODEL: &str = "all-minilm-l6-v2";
/// The name that the chat model gets.
pub(crate) const CHAT_MODEL: &str = "tiny-llama";

/// How a model makes one vector of those of all tokens: vectors of the one are of no use beside those of the other.
#[derive(Clone, Copy)]
pub(crate) enum Pooling {
    Mean,
    FirstToken,
}

/// A server that runs. Dropping it ends it.
pub(crate) struct Ollama {
    child: Child,
    port: u16,
    home: PathBuf,
}

fn required(name: &str) -> PathBuf {
    std::env::var_os(name).map(PathBuf::from).unwrap_or_else(|| panic!("{name} is not set: run `make test-llm-real`"))
}

impl Ollama {
    /// Starts it with its files in `home`, and the model in it.
    pub(crate) fn with_model(home: &Path) -> Self {
        let server = Self::start(home, 0);
        server.create(Pooling::Mean);
        server
    }

    /// Starts it at a port, 0 for a free one, with what `home` holds.
    pub(crate) fn start(home: &Path, port: u16) -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port = if port == 0 { free() } else { port };
        let child = Command::new(required("RAGOPS_TEST_OLLAMA"))
            .arg("serve")
            .env("OLLAMA_HOST", format!("127.0.0.1:{port}"))
            .env("OLLAMA_MODELS", home.join("models"))
            .env("HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(home.join(format!("ollama-{port}.log"))).unwrap())
            .spawn()
            .unwrap();
        let server = Self { child, port, home: home.to_owned() };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "Ollama does not listen; see {}", home.display());
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it, and gives its port.
    pub(crate) fn stop(self) -> u16 {
        self.port
    }

    /// Puts the model under its name, in place of what had that name before.
    pub(crate) fn create(&self, pooling: Pooling) {
        let folder = required("RAGOPS_TEST_MINILM");
        let mut files = serde_json::Map::new();
        for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "model.safetensors"] {
            files.insert(name.to_owned(), self.upload(&folder.join(name)).into());
        }
        let first = matches!(pooling, Pooling::FirstToken);
        let pooled = self.home.join("pooling.json");
        let config = json!({"word_embedding_dimension": 384, "pooling_mode_cls_token": first,
            "pooling_mode_mean_tokens": !first, "pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false});
        std::fs::write(&pooled, config.to_string()).unwrap();
        files.insert("1_Pooling/config.json".to_owned(), self.upload(&pooled).into());
        let modules = folder.join("modules.json");
        files.insert("modules.json".to_owned(), self.upload(&modules).into());
        let (status, body) = self.request(
            "POST",
            "/api/create",
            json!({"model": MODEL, "files": files, "stream": false}).to_string().as_bytes(),
        );
        assert!(status == 200 && body.contains("success"), "{status} {body}");
    }

    /// Puts a chat model under its name.
    pub(crate) fn create_chat(&self) {
        let folder = self.home.join(CHAT_MODEL);
        std::fs::create_dir_all(&folder).unwrap();
        tiny_llama::write(&folder);
        let mut files = serde_json::Map::new();
        for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] {
            files.insert(name.to_owned(), self.upload(&folder.join(name)).into());
        }
        let template = "{{ range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}assistant:";
        let body = json!({"model": CHAT_MODEL, "files": files, "template": template, "stream": false});
        let (status, body) = self.request("POST", "/api/create", body.to_string().as_bytes());
        assert!(status == 200 && body.contains("success"), "{status} {body}");
    }

    fn upload(&self, path: &Path) -> String {
        let digest = format!("sha256:{}", digest_file(path).unwrap().0);
        // An existing one resets the connection when it is sent again.
        if self.request("HEAD", &format!("/api/blobs/{digest}"), b"").0 != 200 {
            let (status, body) = self.request("POST", &format!("/api/blobs/{digest}"), &std::fs::read(path).unwrap());
            assert_eq!(status, 201, "{body}");
        }
        digest
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, reply)
    }

    /// The models that it has loaded.
    pub(crate) fn loaded(&self) -> Value {
        let (_, reply) = self.request("GET", "/api/ps", b"");
        serde_json::from_str(reply.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    }
}

impl Drop for Ollama {
    fn drop(&mut self) {
        // Its runners end with it, but for a signal that it cannot pass on.
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().ok();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
