//! Runs the engine's blocking calls off the async threads: a few at a time, a bounded number waiting, the rest
//! refused at once, so that a flood costs the flooders their time and nobody memory.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// For each call that runs, so many may wait. An answer takes up to 150 ms of two cores, so the last in the queue waits
/// about two seconds; whoever comes after that is better told at once.
const WAITING_PER_RUNNING: usize = 8;

/// A bounded pool.
#[derive(Debug)]
pub struct QueryPool {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
}

/// A call was not made, or did not return.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Too many wait already.
    #[error("{waiting} questions wait already")]
    Overloaded {
        /// How many wait.
        waiting: usize,
    },
    /// The call panicked.
    #[error("the call panicked: {0}")]
    Panicked(String),
}

impl QueryPool {
    /// A pool that runs `running` calls at a time and lets `max_waiting` wait.
    pub fn new(running: NonZeroUsize, max_waiting: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(running.get())), waiting: AtomicUsize::new(0), max_waiting }
    }

    /// Two calls per core: while one waits for memory or a lock the other computes.
    pub fn for_this_machine() -> Self {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let running = cores.saturating_mul(NonZeroUsize::MIN.saturating_add(1));
        Self::new(running, running.get() * WAITING_PER_RUNNING)
    }

    /// Runs `work` when it is its turn. Dropping the future gives up the place in the queue; a call that runs already
    /// runs to its end and holds its place until then.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PoolError> {
        let permit = match Arc::clone(&self.running).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _place = self.join_queue()?;
                let acquired = Arc::clone(&self.running).acquire_owned().await;
                acquired.expect("the semaphore is never closed")
            }
        };
        let call = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        call.await.map_err(|error| PoolError::Panicked(error.to_string()))
    }

    fn join_queue(&self) -> Result<Place<'_>, PoolError> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(&self.waiting);
        if waiting < self.max_waiting { Ok(place) } else { Err(PoolError::Overloaded { waiting }) }
    }
}

/// A place in the queue; leaving it is dropping it.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn beyond_the_queue_calls_are_refused_and_a_finished_call_makes_room() {
        let pool = Arc::new(QueryPool::new(NonZeroUsize::MIN, 1));
        let (started, has_started) = tokio::sync::oneshot::channel();
        let (finish, may_finish) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                let work = move || {
                    started.send(()).ok();
                    may_finish.recv().ok();
                };
                pool.run(work).await
            }
        });
        has_started.await.unwrap();
        let second = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(|| 2).await }
        });
        while pool.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| 3).await, Err(PoolError::Overloaded { waiting: 1 }));
        finish.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(()), Ok(2)));
        assert_eq!(pool.run(|| 4).await, Ok(4));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_its_place() {
        let pool = QueryPool::new(NonZeroUsize::MIN, 0);
        let result = pool.run(|| panic!("boom")).await;
        assert!(matches!(result, Err(PoolError::Panicked(_))));
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }
}
