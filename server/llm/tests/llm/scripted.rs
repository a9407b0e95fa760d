//! A model server that does what a test says, request by request: right answers by hashed words, or any bytes, pauses and
//! cuts. It speaks HTTP/1.1 over plain sockets, so that every fault is a real one.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

/// Values of a vector.
pub(crate) const DIMENSION: usize = 64;

/// What came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

impl Request {
    /// The texts to be embedded.
    pub(crate) fn texts(&self) -> Vec<String> {
        let texts = self.body["input"].as_array().into_iter().flatten();
        texts.map(|text| text.as_str().unwrap().to_owned()).collect()
    }
}

/// What is done about it.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// A whole answer: status, further headers, type, body.
    Answer(u16, Vec<(&'static str, String)>, &'static str, Vec<u8>),
    /// These bytes and no more, whatever they promise.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing for as long as the other side waits.
    Hang(Vec<u8>),
    /// Pieces with pauses between them.
    Slowly(Vec<Vec<u8>>, Duration),
}

impl Act {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Answer(status, Vec::new(), "application/json", body.to_string().into_bytes())
    }

    /// The right answer to a request for vectors.
    pub(crate) fn embed(request: &Request) -> Self {
        Self::embed_by(request, hashed)
    }

    /// The same by another model.
    pub(crate) fn embed_by(request: &Request, model: impl Fn(&str) -> Vec<f32>) -> Self {
        let vectors: Vec<Vec<f32>> = request.texts().iter().map(|text| model(text)).collect();
        Self::json(200, &vectors_body(request, &vectors))
    }
}

/// An answer of a chat model, word by word, as the protocol of the request has it.
pub(crate) fn words(request: &Request, text: &str) -> Act {
    let usage = (text.split(' ').count() as u64, 7_u64);
    if request.path.ends_with("/api/chat") {
        let piece =
            |word: &str| json!({"message": {"role": "assistant", "content": word}, "done": false}).to_string() + "\n";
        let mut lines: String = text.split_inclusive(' ').map(piece).collect();
        let (answer, prompt) = usage;
        let last = json!({"message": {"content": ""}, "done": true, "done_reason": "stop", "prompt_eval_count": prompt,
            "eval_count": answer});
        lines.push_str(&format!("{last}\n"));
        return Act::Answer(200, Vec::new(), "application/x-ndjson", lines.into_bytes());
    }
    Act::Answer(200, Vec::new(), "text/event-stream", (deltas(text) + &ended(usage)).into_bytes())
}

/// The words of an answer as server-sent events, without the end.
pub(crate) fn deltas(text: &str) -> String {
    let delta = |word: &str| format!("data: {}\n\n", json!({"choices": [{"delta": {"content": word}}]}));
    text.split_inclusive(' ').map(delta).collect()
}

fn ended((answer, prompt): (u64, u64)) -> String {
    let finish = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": answer}});
    format!("data: {finish}\n\ndata: {usage}\n\ndata: [DONE]\n\n")
}

/// Vectors as the protocol of the request has them.
pub(crate) fn vectors_body(request: &Request, vectors: &[Vec<f32>]) -> Value {
    if request.path.ends_with("/api/embed") {
        return json!({"model": request.body["model"], "embeddings": vectors});
    }
    let row = |(index, vector): (usize, &Vec<f32>)| json!({"object": "embedding", "index": index, "embedding": vector});
    json!({"object": "list", "data": vectors.iter().enumerate().map(row).collect::<Vec<_>>()})
}

/// A vector of words: texts that share words are near each other. Not of unit length.
pub(crate) fn hashed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.01; DIMENSION];
    for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut hasher = DefaultHasher::new();
        word.hash(&mut hasher);
        vector[hasher.finish() as usize % DIMENSION] += 1.0;
    }
    vector
}

/// Another model: it hashes otherwise.
pub(crate) fn hashed_otherwise(text: &str) -> Vec<f32> {
    let mut vector = hashed(text);
    vector.rotate_left(DIMENSION / 3);
    vector[0] += 1.0;
    vector
}

type Script = dyn Fn(&Request) -> Act + Send + Sync;

/// The server. Where it is dropped its port is closed when that returns.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    script: Arc<Mutex<Arc<Script>>>,
    stopped: Arc<AtomicBool>,
    hanging: Arc<AtomicUsize>,
    listening: Option<JoinHandle<()>>,
}

impl Scripted {
    /// On a free port.
    pub(crate) fn start(script: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        Self::start_at(0, script)
    }

    /// On this port, where something else listened before.
    pub(crate) fn start_at(port: u16, script: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let mut server = Self {
            port: listener.local_addr().unwrap().port(),
            requests: Arc::default(),
            script: Arc::new(Mutex::new(Arc::new(script))),
            stopped: Arc::default(),
            hanging: Arc::default(),
            listening: None,
        };
        let (requests, script, stopped, hanging) = (
            Arc::clone(&server.requests),
            Arc::clone(&server.script),
            Arc::clone(&server.stopped),
            Arc::clone(&server.hanging),
        );
        server.listening = Some(std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (requests, script, hanging) = (Arc::clone(&requests), Arc::clone(&script), Arc::clone(&hanging));
                std::thread::spawn(move || answer(stream, &requests, &script, &hanging));
            }
        }));
        server
    }

    /// From now on it does this.
    pub(crate) fn script(&self, script: impl Fn(&Request) -> Act + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All that came so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Connections on which nothing comes, and on which the other side still waits.
    pub(crate) fn hanging(&self) -> usize {
        self.hanging.load(Ordering::SeqCst)
    }

    /// Texts that came so far.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.requests().iter().flat_map(Request::texts).collect()
    }

    /// Stops listening: who asks from now on is refused.
    pub(crate) fn stop(self) -> u16 {
        self.port
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The listener waits for one more.
        TcpStream::connect(("127.0.0.1", self.port)).ok();
        self.listening.take().map(JoinHandle::join);
    }
}

fn answer(
    mut stream: TcpStream,
    requests: &Mutex<Vec<Request>>,
    script: &Mutex<Arc<Script>>,
    hanging: &AtomicUsize,
) -> Option<()> {
    let request = read(&stream)?;
    requests.lock().unwrap().push(request.clone());
    let script = Arc::clone(&script.lock().unwrap());
    match script(&request) {
        Act::Answer(status, headers, content_type, body) => {
            let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
                body.len()
            );
            stream.write_all(&[head.as_bytes(), &body].concat()).ok()?;
        }
        Act::Bytes(bytes) => stream.write_all(&bytes).ok()?,
        Act::Hang(bytes) => {
            stream.write_all(&bytes).ok()?;
            hanging.fetch_add(1, Ordering::SeqCst);
            // Until the other side goes away.
            let gone = stream.read_exact(&mut [0]);
            hanging.fetch_sub(1, Ordering::SeqCst);
            gone.ok()?;
        }
        Act::Slowly(pieces, pause) => {
            for piece in pieces {
                stream.write_all(&piece).ok()?;
                std::thread::sleep(pause);
            }
        }
    }
    stream.shutdown(Shutdown::Both).ok()
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { path, authorization, body: serde_json::from_slice(&body).ok()? })
}
