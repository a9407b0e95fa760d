//! One worker process, seen from the program.

use std::io::{self, BufReader, BufWriter, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::frames::{send_request, take_reply, too_long};
use super::watchdog::Watchdog;
use super::{Breach, READY, WORKER_ARGUMENT};
use crate::{Extract, Format};

/// Time to start and be confined.
const START_TIME: Duration = Duration::from_secs(10);
/// Time to end after its pipe was closed.
const END_TIME: Duration = Duration::from_secs(2);
/// What is kept of a dying worker's last words.
const MAX_WORDS_BYTES: u64 = 4 << 10;
/// The signals that tell how a worker ended, see signal(7).
const KILL: i32 = 9;
const CPU: i32 = 24;

/// A running worker. Dropping it ends it.
pub(super) struct Worker {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: BufReader<ChildStdout>,
    words: Option<ChildStderr>,
    peak_bytes: u64,
}

/// Why a worker gave nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Somebody killed it who is not of the pool.
    Killed,
    /// Anything else.
    Breach(Breach),
}

impl Worker {
    /// Starts a worker and waits until it says that it is confined.
    pub(super) fn start(program: &Path, watchdog: &Watchdog) -> Result<Self, Failure> {
        let refused = |reason: String| Failure::Breach(Breach::Start(reason));
        let mut worker = Self::spawn(program).map_err(|error| refused(error.to_string()))?;
        let watch = watchdog.watch(worker.process(), Instant::now() + START_TIME);
        let mut greeting = vec![0; READY.len()];
        let greeted = worker.output.read_exact(&mut greeting).is_ok() && greeting == READY;
        let was_late = watch.end();
        match (greeted, was_late) {
            (true, false) => Ok(worker),
            (_, true) if watchdog.is_cancelled() => Err(Failure::Breach(Breach::Cancelled)),
            (_, true) => Err(refused(format!("it was not ready within {} seconds", START_TIME.as_secs()))),
            (false, false) => {
                let (status, words) = worker.end(watchdog);
                if status.and_then(|status| status.signal()) == Some(KILL) {
                    return Err(Failure::Killed);
                }
                Err(refused(format!("{} ({})", words.trim(), status.map_or_else(|| "no status".to_owned(), show))))
            }
        }
    }

    fn spawn(program: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(WORKER_ARGUMENT).current_dir("/").env_clear();
        // One heap and no threads: address space is what is limited.
        command.envs([("MALLOC_ARENA_MAX", "1"), ("OPENBLAS_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "1")]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(input), Some(output), words) => Ok(Self {
                child,
                input: Some(BufWriter::new(input)),
                output: BufReader::new(output),
                words,
                peak_bytes: 0,
            }),
            _ => Err(io::Error::other("it has no pipes")),
        }
    }

    /// Reads one file. After a failure the worker is of no use.
    pub(super) fn read(
        &mut self,
        format: Option<Format>,
        bytes: &[u8],
        time: Duration,
        watchdog: &Watchdog,
    ) -> Result<Extract, Failure> {
        let watch = watchdog.watch(self.process(), Instant::now() + time);
        let reply = match &mut self.input {
            Some(input) => send_request(input, format, bytes).and_then(|()| take_reply(&mut self.output)),
            None => Ok(None),
        };
        let was_killed = watch.end();
        self.peak_bytes = self.peak_bytes.max(peak_bytes(self.child.id()));
        match reply {
            Ok(Some(extract)) => return Ok(extract),
            // It lives, and says what no worker says.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe && error.kind() != io::ErrorKind::UnexpectedEof => {
                let crash = || Breach::Crash(format!("its answer cannot be read: {error}"));
                return Err(Failure::Breach(too_long(&error).map_or_else(crash, Breach::Reply)));
            }
            Ok(None) | Err(_) => {}
        }
        if was_killed {
            return Err(if watchdog.is_cancelled() { Failure::Killed } else { Failure::Breach(Breach::Time(time)) });
        }
        let (status, words) = self.end(watchdog);
        Err(cause(status, &words, time))
    }

    /// The most memory that it had resident, in bytes, as of its last file.
    pub(super) fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for its end, which has come or is made to come, and gives its last words. One that only closed its pipes is
    /// killed.
    fn end(&mut self, watchdog: &Watchdog) -> (Option<ExitStatus>, String) {
        let watch = watchdog.watch(self.process(), Instant::now() + END_TIME);
        drop(self.input.take());
        let mut words = Vec::new();
        if let Some(pipe) = self.words.take() {
            drop(pipe.take(MAX_WORDS_BYTES).read_to_end(&mut words));
        }
        // It is waited for only when it is no longer watched: its id could be another's by then.
        let _ended = waitid(WaitId::Pid(self.process()), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        drop(watch);
        (self.child.wait().ok(), String::from_utf8_lossy(&words).into_owned())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // One that has ended, and was waited for, is not there to be killed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a worker that ended by itself died of.
fn cause(status: Option<ExitStatus>, words: &str, time: Duration) -> Failure {
    let signal = status.and_then(|status| status.signal());
    // The words of Rust's allocation error handler, and of the C++ library's.
    let no_memory = words.contains("memory allocation of") || words.contains("bad_alloc");
    match signal {
        Some(KILL) => Failure::Killed,
        Some(CPU) => Failure::Breach(Breach::Time(time)),
        _ if no_memory => Failure::Breach(Breach::Memory),
        _ => {
            let last = words.lines().next().unwrap_or_default().trim();
            let how = status.map_or_else(|| "no status".to_owned(), show);
            Failure::Breach(Breach::Crash(if last.is_empty() { how } else { format!("{how}: {last}") }))
        }
    }
}

fn show(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no status".to_owned(),
    }
}

/// `VmHWM` of a process; 0 where the system does not tell.
fn peak_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().map_or(0, |kib| kib << 10)
}
