//! The reader processes of one build: started with its first binary file, ended with it, and killed when it is cancelled.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use ragops_engine::build::BuildObserver;
use ragops_engine::read::Extractor;
use ragops_formats::pool::{Pool, PoolSettings};

/// How soon readers at work end after a build was cancelled.
const CANCELLED_WITHIN: Duration = Duration::from_millis(100);

/// The readers of one build.
pub(crate) struct Readers {
    pool: Arc<Pool>,
}

impl Readers {
    /// No process yet.
    pub(crate) fn new() -> Self {
        Self { pool: Arc::new(Pool::new(PoolSettings::this_program())) }
    }

    pub(crate) fn extractor(&self) -> Arc<dyn Extractor> {
        Arc::clone(&self.pool) as Arc<dyn Extractor>
    }

    /// Runs a build; kills the readers when it is cancelled: a file may keep one busy for half a minute.
    pub(crate) fn while_wanted<T: Send>(&self, observer: &dyn BuildObserver, build: impl FnOnce() -> T + Send) -> T {
        let (done, ended) = (Mutex::new(false), Condvar::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut is_done = done.lock().unwrap_or_else(PoisonError::into_inner);
                while !*is_done {
                    if observer.is_cancelled() {
                        return self.pool.cancel();
                    }
                    let wait = ended.wait_timeout(is_done, CANCELLED_WITHIN);
                    is_done = wait.unwrap_or_else(PoisonError::into_inner).0;
                }
            });
            let end = Ended { done: &done, ended: &ended };
            let outcome = build();
            drop(end);
            outcome
        })
    }

    /// Logs what reading took, if anything was read.
    pub(crate) fn report(&self, index: &str) {
        let report = self.pool.report();
        if report.started > 0 {
            tracing::info!(
                index,
                files = report.files,
                processes = report.started,
                peak_mib = report.peak_bytes >> 20,
                "binary files were read"
            );
        }
    }
}

/// Ends the watch, also when the build panics.
struct Ended<'a> {
    done: &'a Mutex<bool>,
    ended: &'a Condvar,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.notify_all();
    }
}
