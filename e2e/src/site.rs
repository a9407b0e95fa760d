//! A small place to index: six short documents in English and Korean, their RagIndex, a data folder, and the commands
//! of the real server on them. One document carries an edition, so that it shows which revision answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::server_process::server_binary;
use crate::skip::Unavailable;

/// The index's name.
pub const INDEX: &str = "runbooks";
/// The model that it is built with.
pub const MODEL: &str = "multilingual-e5-small";
/// A question whose answer is the edition.
pub const QUESTION: &str = "Which edition of the relay handbook is in force?";

const RESOURCE: &str = "\
apiVersion: ragops.dev/v1alpha1
kind: RagIndex
metadata: {name: runbooks}
spec:
  sources: [{name: docs, type: Folder, folder: {path: ./docs}}]
  embedding: {type: Local, local: {model: multilingual-e5-small}}
  rollout: {revisionHistoryLimit: 1}
";

const DOCUMENTS: [(&str, &str); 5] = [
    (
        "queue.md",
        "# Queue backlog\n\nWhen the queue grows, add a worker.\n\n## Limits\n\nA worker takes 40 jobs a minute.\n",
    ),
    ("disk.txt", "A full disk stops the writer. Remove old segments, then start the writer again.\n"),
    ("ko/인증서.md", "# 인증서 만료\n\n인증서가 만료되면 게이트웨이를 재시작합니다. 만료 30일 전에 갱신하십시오.\n"),
    ("ko/백업.md", "# 백업\n\n백업은 매일 새벽 3시에 실행됩니다. 복구는 `restore --latest` 로 합니다.\n"),
    ("page.html", "<html><title>Alerts</title><body><h1>Alerts</h1><p>Page the person on call.</p></body></html>\n"),
];

/// The place. Everything in it goes when it is dropped.
#[derive(Debug)]
pub struct Site {
    root: PathBuf,
    binary: PathBuf,
    _temporary: TempDir,
}

/// What a command of the server ended with.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Site {
    /// Documents of edition 0, nothing built.
    pub fn new() -> Result<Self> {
        let temporary = tempfile::tempdir().context("making a folder")?;
        let root = temporary.path().canonicalize().context("resolving the folder")?;
        let site = Self { root, binary: server_binary()?, _temporary: temporary };
        for dir in [site.disk(), site.root.join("docs/ko")] {
            fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        }
        fs::write(site.resource(), RESOURCE).context("writing the RagIndex")?;
        for (name, text) in DOCUMENTS {
            site.write_document(name, text)?;
        }
        site.write_edition(0)?;
        Ok(site)
    }

    /// Why nothing can be built here; `None` when it can.
    pub fn unavailable(&self) -> Option<Unavailable> {
        match run(self.command(&self.data()).args(["model", "list", "--json"])) {
            Ok(ended) if ended.stdout.contains(MODEL) => None,
            Ok(ended) => {
                let said = format!("{}{}", ended.stdout, ended.stderr);
                Some(Unavailable::Missing(format!("the model {MODEL} is not installed (make model): {said}")))
            }
            Err(error) => Some(Unavailable::Missing(format!("{error:#}"))),
        }
    }

    /// The folder below which everything changes that the server is responsible for.
    pub fn disk(&self) -> PathBuf {
        self.root.join("disk")
    }

    /// The data folder, inside `disk`; the first build makes it.
    pub fn data(&self) -> PathBuf {
        self.disk().join("data")
    }

    /// A path of the test's own beside everything else.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The file with the RagIndex.
    pub fn resource(&self) -> PathBuf {
        self.root.join("index.yaml")
    }

    /// Writes a document, relative to the source's folder.
    pub fn write_document(&self, name: &str, text: &str) -> Result<()> {
        let path = self.root.join("docs").join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// Changes the one document that tells the edition.
    pub fn write_edition(&self, edition: u64) -> Result<()> {
        let text =
            format!("# Relay handbook\n\n{}\n\nAsk the relay team before you change it.\n", edition_text(edition));
        self.write_document("handbook.md", &text)
    }

    /// The server without arguments, in the environment that every command on `data` gets.
    pub fn command(&self, data: &Path) -> Command {
        self.in_environment(Command::new(&self.binary), data)
    }

    /// Sets the environment of a command on `data` that starts the server by other means (in a namespace). The
    /// embedding cache lies beside the data, so that whatever happens to the one happens to the other.
    pub fn in_environment(&self, mut command: Command, data: &Path) -> Command {
        // These are the tests' own; the server refuses RAGOPS_ names that it does not know.
        for name in ["RAGOPS_CRASH_RUNS", "RAGOPS_SERVER_BIN", "RAGOPS_SKIP_LOG"] {
            command.env_remove(name);
        }
        command.env("RAGOPS_CACHE_DIR", data.with_file_name("embeddings"));
        // Whether the evidence is enough is not what these tests are about: always answer.
        command.env("FAISS_CONFIDENCE_MIN", "0").current_dir(&self.root);
        command
    }

    /// The server's path.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// `index` into `data`.
    pub fn index_command(&self, data: &Path) -> Command {
        let mut command = self.command(data);
        command.args(self.index_arguments(data));
        command
    }

    /// The arguments of `index` into `data`.
    pub fn index_arguments(&self, data: &Path) -> Vec<std::ffi::OsString> {
        let (resource, data) = (self.resource().into_os_string(), data.as_os_str().to_owned());
        vec!["index".into(), "-f".into(), resource, "--data".into(), data, "--json".into()]
    }

    /// `up` on `data`, without `--listen`.
    pub fn up_command(&self, data: &Path) -> Command {
        let mut command = self.command(data);
        command.arg("up").arg("-f").arg(self.resource()).arg("--data").arg(data);
        command
    }

    /// Builds into `data` and gives the revision's name. Any other end than success is an error with what was printed.
    pub fn index(&self, data: &Path) -> Result<String> {
        let ended = run(&mut self.index_command(data))?;
        ensure!(ended.code == Some(0), "index ended with {ended:?}");
        Ok(ended.json()?["revision"].as_str().context("no revision in the result")?.to_owned())
    }

    /// `inspect`: succeeds when every revision in `data` is whole.
    pub fn inspect(&self, data: &Path) -> Result<Value> {
        let ended = run(self.command(data).args(["inspect", "--json", "--data"]).arg(data))?;
        ensure!(ended.code == Some(0), "inspect ended with {ended:?}");
        ended.json()
    }

    /// Asks `data` for the edition.
    pub fn query(&self, data: &Path) -> Result<Ended> {
        let mut command = self.command(data);
        run(command.args(["query", "--json", "--index", INDEX, "--data"]).arg(data).arg(QUESTION))
    }
}

/// The sentence of the handbook that tells its edition.
pub fn edition_text(edition: u64) -> String {
    format!("Edition {edition} of the relay handbook is in force.")
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Result<Ended> {
    let output = command.output().with_context(|| format!("starting {command:?}"))?;
    Ok(output.into())
}

impl Ended {
    /// Standard output as one JSON value.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("not one JSON value: {self:?}"))
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
