//! Finding, running and stopping the real `ragops-server`. Processes are ended by their own id, when dropped.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::http::Client;
use crate::settings;

/// How long a server may take until it is ready: the model is loaded and a small index built.
pub const READY_DEADLINE: Duration = Duration::from_secs(60);

/// The path of the server: `RAGOPS_SERVER_BIN`, or the one beside the test executable's folder.
pub fn server_binary() -> Result<PathBuf> {
    if let Some(path) = settings::server_binary() {
        ensure!(path.is_file(), "RAGOPS_SERVER_BIN is {}, and there is no such file", path.display());
        return Ok(path);
    }
    // Test executables lie in `<target>/<profile>/deps`, binaries in `<target>/<profile>`.
    let test = std::env::current_exe().context("the path of the test executable")?;
    let path = test.parent().and_then(Path::parent).context("the target folder")?.join("ragops-server");
    ensure!(path.is_file(), "there is no {}; build it: cargo build --release -p ragops-server", path.display());
    Ok(path)
}

/// A port that nobody listens on now. Somebody may take it before the server does: then starting it fails by name.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("finding a free port")?;
    Ok(listener.local_addr().context("the free port's number")?.port())
}

/// Asks `done` again and again until it says so or `deadline` is over.
pub fn wait_until(what: &str, deadline: Duration, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !done()? {
        ensure!(begun.elapsed() < deadline, "{what}: not within {} s", deadline.as_secs());
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A running server.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    log: PathBuf,
    /// Speaks to it.
    pub client: Client,
}

impl ServerProcess {
    /// Starts `command` (`ragops-server up …` without `--listen`) on a free port and waits until `/readyz` says 200.
    /// What the server prints goes to `log`, and into the error when it does not become ready.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let port = free_port()?;
        let file = fs::File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let errors = file.try_clone().context("sharing the log")?;
        command.arg("--listen").arg(format!("127.0.0.1:{port}"));
        let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn().context("starting the server")?;
        let mut server = Self { child, log: log.to_owned(), client: Client::of_port(port) };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let client = self.client.clone();
        let ready = wait_until("the server is ready", READY_DEADLINE, || {
            if let Some(status) = self.child.try_wait().context("looking at the server")? {
                bail!("the server ended with {status} before it was ready");
            }
            Ok(client.get("/readyz").is_ok_and(|answer| answer.status == 200))
        });
        ready.with_context(|| format!("the server said:\n{}", self.printed()))
    }

    /// Everything that it printed so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends it as a power cut would (SIGKILL).
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().context("killing the server")?;
        self.child.wait().context("waiting for the killed server").map(drop)
    }

    /// Asks it to end (SIGTERM) and waits for that.
    pub fn terminate(mut self) -> Result<ExitStatus> {
        terminate(&self.child)?;
        self.child.wait().context("waiting for the server's end")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn terminate(child: &Child) -> Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).context("the process's id")?;
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).context("sending SIGTERM")
}
