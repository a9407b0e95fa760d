//! Runs the engine's blocking calls off the async threads: a few at a time, a bounded number waiting, the rest
//! refused at once, so that a flood costs the flooders their time and nobody memory. A call that waits for the network
//! lends its turn to others meanwhile.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// For each call that runs, so many may wait. An answer takes up to 150 ms of two cores, so the last in the queue waits
/// about two seconds; whoever comes after that is better told at once.
const WAITING_PER_RUNNING: usize = 8;
/// So many calls may wait for the network at a time: each holds a thread and what it has found.
const MAX_LENT: usize = 64;

/// A bounded pool.
#[derive(Debug)]
pub struct QueryPool {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
    lent: Arc<Semaphore>,
}

/// The turn of a call that runs.
#[derive(Debug, Clone)]
pub struct Turn {
    /// None for a call that no pool runs.
    shared: Option<Arc<Shared>>,
}

#[derive(Debug)]
struct Shared {
    running: Arc<Semaphore>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    runtime: Handle,
    /// Its other end goes with whoever waits for the call.
    wanted: watch::Receiver<()>,
}

impl Turn {
    /// Of a call that has the process for itself.
    pub fn alone() -> Self {
        Self { shared: None }
    }

    /// Waits for something that does not compute. Other calls compute meanwhile; afterwards it is this one's turn again. Not
    /// for async code.
    pub fn while_waiting<T>(&self, wait: impl FnOnce() -> T) -> T {
        let Some(shared) = &self.shared else { return wait() };
        drop(shared.permit().take());
        let waited = wait();
        let permit = shared.runtime.block_on(Arc::clone(&shared.running).acquire_owned());
        *shared.permit() = Some(permit.expect("the semaphore is never closed"));
        waited
    }

    /// Comes when nobody waits for the call any more.
    pub async fn abandoned(&self) {
        match &self.shared {
            None => std::future::pending().await,
            // Nothing is ever sent: the other end goes.
            Some(shared) => while shared.wanted.clone().changed().await.is_ok() {},
        }
    }
}

impl Shared {
    fn permit(&self) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        Self {
            running: Arc::new(Semaphore::new(running.get())),
            waiting: AtomicUsize::new(0),
            max_waiting,
            lent: Arc::new(Semaphore::new(MAX_LENT)),
        }
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
        self.run_lending(move |_| work()).await
    }

    /// The same for work that may lend its turn. Dropping the future tells it so: see `Turn::abandoned`.
    pub async fn run_lending<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Turn) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let permit = match Arc::clone(&self.running).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _place = self.join_queue()?;
                let acquired = Arc::clone(&self.running).acquire_owned().await;
                acquired.expect("the semaphore is never closed")
            }
        };
        let (_waits, wanted) = watch::channel(());
        let running = Arc::clone(&self.running);
        let call = tokio::task::spawn_blocking(move || {
            let shared = Shared { running, permit: Mutex::new(Some(permit)), runtime: Handle::current(), wanted };
            work(&Turn { shared: Some(Arc::new(shared)) })
        });
        call.await.map_err(|error| PoolError::Panicked(error.to_string()))
    }

    /// A place for a call that will lend its turn; `None` where too many do.
    pub fn place_to_lend(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.lent).try_acquire_owned().ok()
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

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_call_that_waits_lends_its_turn_and_takes_it_back() {
        let pool = Arc::new(QueryPool::new(NonZeroUsize::MIN, 1));
        let (lends, has_lent) = tokio::sync::oneshot::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                let work = move |turn: &Turn| {
                    turn.while_waiting(|| {
                        lends.send(()).ok();
                        may_go_on.recv().ok();
                    });
                    1
                };
                pool.run_lending(work).await
            }
        });
        has_lent.await.unwrap();
        assert_eq!(pool.run(|| 2).await, Ok(2), "it is somebody else's turn");
        go_on.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(1));
        assert_eq!(pool.running.available_permits(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_call_hears_that_nobody_waits_for_it() {
        let pool = Arc::new(QueryPool::new(NonZeroUsize::MIN, 0));
        let (hears, heard) = tokio::sync::oneshot::channel();
        let work = move |turn: &Turn| {
            turn.while_waiting(|| Handle::current().block_on(turn.abandoned()));
            hears.send(()).ok();
        };
        let nobody_waits = tokio::time::timeout(std::time::Duration::from_millis(20), pool.run_lending(work)).await;
        assert!(nobody_waits.is_err());
        heard.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_its_place() {
        let pool = QueryPool::new(NonZeroUsize::MIN, 0);
        let result = pool.run(|| panic!("boom")).await;
        assert!(matches!(result, Err(PoolError::Panicked(_))));
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }
}
