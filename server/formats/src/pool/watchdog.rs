//! Kills workers that are past their time. One thread serves a pool; it sleeps until the next deadline.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

/// Watches over the workers of a pool.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    watched: BTreeMap<u64, Watched>,
    next: u64,
    cancelled: bool,
    stopped: bool,
}

#[derive(Debug)]
struct Watched {
    process: Pid,
    deadline: Instant,
    killed: bool,
}

impl Watchdog {
    /// Starts the thread. Without one (the system is out of threads) deadlines are not kept by the clock, only by the limit
    /// of processor time that each worker has.
    pub(super) fn start() -> Arc<Self> {
        let watchdog = Arc::new(Self::default());
        let watching = Arc::clone(&watchdog);
        drop(std::thread::Builder::new().name("reader-watchdog".to_owned()).spawn(move || watching.run()));
        watchdog
    }

    /// Watches a process until the guard is dropped. The process must not be waited for before that: its id would be
    /// another's.
    pub(super) fn watch(&self, process: Pid, deadline: Instant) -> Watch<'_> {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        let killed = state.cancelled && kill(process);
        state.watched.insert(id, Watched { process, deadline, killed });
        self.changed.notify_all();
        Watch { watchdog: self, id }
    }

    /// Kills every process watched, and every one watched from now on.
    pub(super) fn cancel(&self) {
        let mut state = self.lock();
        state.cancelled = true;
        state.watched.values_mut().for_each(|watched| watched.killed = kill(watched.process));
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    fn run(&self) {
        let mut state = self.lock();
        while !state.stopped {
            let now = Instant::now();
            for watched in state.watched.values_mut().filter(|watched| !watched.killed && watched.deadline <= now) {
                watched.killed = kill(watched.process);
            }
            let next = state.watched.values().filter(|watched| !watched.killed).map(|watched| watched.deadline).min();
            state = match next {
                Some(deadline) => {
                    let wait = self.changed.wait_timeout(state, deadline.saturating_duration_since(now));
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Always `true`: a process that cannot be killed any more has ended.
fn kill(process: Pid) -> bool {
    let _gone = kill_process(process, Signal::KILL);
    true
}

/// A process under watch.
pub(super) struct Watch<'w> {
    watchdog: &'w Watchdog,
    id: u64,
}

impl Watch<'_> {
    /// Ends the watch; says whether the process was killed for being late or cancelled.
    pub(super) fn end(self) -> bool {
        self.watchdog.lock().watched.get(&self.id).is_some_and(|watched| watched.killed)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.watchdog.lock().watched.remove(&self.id);
    }
}
