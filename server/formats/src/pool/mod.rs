//! A pool of worker processes that read files: this program, executed again, confined, and used for one file after the other.
//! A file that takes a worker down takes nothing else with it.
//!
//! Guarantees: a file costs at most [`FILE_SECONDS`] and a worker at most [`MAX_MEMORY_BYTES`]; a worker that breaks a limit,
//! dies or talks nonsense is killed and replaced; at most `workers` run at a time. A worker killed by somebody else (the
//! kernel short of memory, an operator) has its file read once more.

mod confine;
mod frames;
mod process;
mod watchdog;
mod worker;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use process::Worker;
use watchdog::Watchdog;

use crate::{Extract, Format};

pub use confine::MAX_MEMORY_BYTES;
use frames::MAX_REPLY_BYTES;
pub use frames::MAX_REQUEST_BYTES;
pub use worker::run_worker;

/// Time that one file may take, in seconds on the clock and of a processor.
pub const FILE_SECONDS: u64 = 30;
/// The only argument of the program when it is to be a worker.
pub const WORKER_ARGUMENT: &str = "read-worker";
/// What a worker says first, once it is confined.
const READY: &[u8] = b"ragops-reader 1\n";
/// A worker that has grown so far is replaced after its file: what it keeps, the next file cannot have.
const MAX_KEPT_BYTES: u64 = MAX_MEMORY_BYTES / 4;
/// How often a file is read whose worker somebody else killed.
const MAX_TRIES: u32 = 2;
/// How often a worker is started that somebody else kills before it is ready.
const MAX_STARTS: u32 = 5;

/// How workers are started.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// The program; it must call [`run_worker`] when its only argument is [`WORKER_ARGUMENT`].
    pub program: PathBuf,
    /// Most workers at a time, at least 1.
    pub workers: usize,
    /// Time for one file; [`FILE_SECONDS`] but in tests.
    pub file_time: Duration,
}

impl PoolSettings {
    /// This program itself, with as many workers as there are processors, at most four: each may take
    /// [`MAX_MEMORY_BYTES`].
    pub fn this_program() -> Self {
        // It is the same file even after an upgrade put another one in its place.
        let program = if cfg!(target_os = "linux") {
            PathBuf::from("/proc/self/exe")
        } else {
            std::env::current_exe().unwrap_or_default()
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { program, workers: cores.min(4), file_time: Duration::from_secs(FILE_SECONDS) }
    }
}

/// Why a file was not read. Each is about this file, but for [`Breach::Start`] and [`Breach::Cancelled`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// It took too long.
    #[error("it was not read within {} seconds", .0.as_secs())]
    Time(Duration),
    /// It took too much memory.
    #[error("reading it takes more than {} MiB of memory", MAX_MEMORY_BYTES >> 20)]
    Memory,
    /// The worker crashed.
    #[error("the reader crashed ({0})")]
    Crash(String),
    /// The worker was killed from outside, twice.
    #[error("the reader was killed twice while it read it")]
    Killed,
    /// What the worker made of it is larger than what is taken.
    #[error("what it holds takes {0} bytes, at most {MAX_REPLY_BYTES} are taken of one file")]
    Reply(u64),
    /// It is larger than what a worker takes.
    #[error("{0} bytes, at most {MAX_REQUEST_BYTES} are read")]
    Size(u64),
    /// No worker can be started: nothing about the file.
    #[error("no reader process can be started: {0}")]
    Start(String),
    /// The caller ended it.
    #[error("reading was cancelled")]
    Cancelled,
}

/// What the pool did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolReport {
    /// Files read.
    pub files: u64,
    /// Workers started.
    pub started: u64,
    /// The most memory that a worker had resident, in bytes.
    pub peak_bytes: u64,
}

/// The pool. Shared by the threads that need files read; workers start with the first file and end with the pool.
pub struct Pool {
    settings: PoolSettings,
    state: Mutex<State>,
    free: Condvar,
    watchdog: Arc<Watchdog>,
    files: AtomicU64,
    started: AtomicU64,
    peak_bytes: AtomicU64,
}

#[derive(Default)]
struct State {
    idle: Vec<Worker>,
    busy: usize,
}

impl Pool {
    /// A pool without workers yet.
    pub fn new(settings: PoolSettings) -> Self {
        Self {
            settings,
            state: Mutex::default(),
            free: Condvar::new(),
            watchdog: Watchdog::start(),
            files: AtomicU64::new(0),
            started: AtomicU64::new(0),
            peak_bytes: AtomicU64::new(0),
        }
    }

    /// Reads a file in a worker; waits for a free one. `format` is what its name says, if it says anything.
    pub fn extract(&self, format: impl Into<Option<Format>>, bytes: &[u8]) -> Result<Extract, Breach> {
        let format = format.into();
        if bytes.len() as u64 > MAX_REQUEST_BYTES {
            return Err(Breach::Size(bytes.len() as u64));
        }
        let mut slot = self.acquire();
        for _ in 0..MAX_TRIES {
            let mut worker = match slot.worker.take() {
                Some(worker) => worker,
                None => self.start()?,
            };
            let outcome = worker.read(format, bytes, self.settings.file_time, &self.watchdog);
            self.peak_bytes.fetch_max(worker.peak_bytes(), Ordering::Relaxed);
            match outcome {
                Ok(extract) => {
                    self.files.fetch_add(1, Ordering::Relaxed);
                    slot.worker = Some(worker).filter(|worker| worker.peak_bytes() < MAX_KEPT_BYTES);
                    return Ok(extract);
                }
                Err(process::Failure::Killed) if !self.watchdog.is_cancelled() => {}
                Err(process::Failure::Killed) => return Err(Breach::Cancelled),
                Err(process::Failure::Breach(breach)) => return Err(breach),
            }
        }
        Err(Breach::Killed)
    }

    /// Kills the workers at work; files under way and later ones end as [`Breach::Cancelled`].
    pub fn cancel(&self) {
        self.watchdog.cancel();
    }

    /// What it did so far.
    pub fn report(&self) -> PoolReport {
        PoolReport {
            files: self.files.load(Ordering::Relaxed),
            started: self.started.load(Ordering::Relaxed),
            peak_bytes: self.peak_bytes.load(Ordering::Relaxed),
        }
    }

    /// The process ids of the workers that wait for a file: for tests that kill them.
    pub fn idle_workers(&self) -> Vec<u32> {
        self.lock().idle.iter().map(Worker::id).collect()
    }

    fn start(&self) -> Result<Worker, Breach> {
        if self.watchdog.is_cancelled() {
            return Err(Breach::Cancelled);
        }
        for _ in 0..MAX_STARTS {
            match Worker::start(&self.settings.program, &self.watchdog) {
                Ok(worker) => {
                    self.started.fetch_add(1, Ordering::Relaxed);
                    return Ok(worker);
                }
                Err(process::Failure::Killed) if self.watchdog.is_cancelled() => return Err(Breach::Cancelled),
                Err(process::Failure::Killed) => {}
                Err(process::Failure::Breach(breach)) => return Err(breach),
            }
        }
        Err(Breach::Start(format!("it was killed {MAX_STARTS} times before it was ready")))
    }

    fn acquire(&self) -> Slot<'_> {
        let mut state = self.lock();
        while state.busy >= self.settings.workers.max(1) {
            state = self.free.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.busy += 1;
        Slot { worker: state.idle.pop(), pool: self }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.watchdog.stop();
    }
}

/// The right to use one worker, and that worker if it is running. Both go back when it is dropped.
struct Slot<'p> {
    worker: Option<Worker>,
    pool: &'p Pool,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.busy -= 1;
        state.idle.extend(self.worker.take());
        self.pool.free.notify_one();
    }
}
