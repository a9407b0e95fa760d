//! How fast an endpoint is asked: so many requests side by side, so many a minute, and none while it wants to be left alone.
//! Builds wait for their turn; a question does not, but says at once that there is none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// What an endpoint is asked at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Requests of builds side by side.
    pub concurrency: usize,
    /// Texts of one request.
    pub batch: usize,
    /// Requests a minute, if there is a limit.
    pub per_minute: Option<u32>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { concurrency: 4, batch: 32, per_minute: None }
    }
}

/// The turns of one endpoint, shared by all that ask it.
#[derive(Debug)]
pub(crate) struct Turns {
    places: Arc<Semaphore>,
    spacing: Duration,
    /// When the next request may be sent by `spacing`, and until when the endpoint wants to be left alone.
    next: Mutex<(Option<Instant>, Option<Instant>)>,
}

impl Turns {
    pub(crate) fn of(pace: Pace) -> Self {
        let spacing = pace.per_minute.map_or(Duration::ZERO, |count| Duration::from_secs(60) / count.max(1));
        Self { places: Arc::new(Semaphore::new(pace.concurrency.max(1))), spacing, next: Mutex::default() }
    }

    /// Waits for a turn of a build; it lasts until the permit is dropped.
    pub(crate) async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.places).acquire_owned().await.ok();
        loop {
            let (slot, pause) = self.take_slot(Instant::now());
            sleep_until(slot).await;
            // A pause may have been asked for while this one slept.
            match pause.max(self.paused_until()) {
                Some(until) if until > Instant::now() => sleep_until(until).await,
                _ => return permit,
            }
        }
    }

    /// Takes a slot without waiting for it: questions are few, and are not to wait behind a build. `Some` for how long the
    /// endpoint wants to be left alone.
    pub(crate) fn take_now(&self) -> Option<Duration> {
        let now = Instant::now();
        let (_, pause) = self.take_slot(now);
        pause.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// The endpoint wants to be left alone for so long.
    pub(crate) fn pause(&self, length: Duration) {
        let until = Instant::now() + length;
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.1 = next.1.max(Some(until));
    }

    fn paused_until(&self) -> Option<Instant> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    fn take_slot(&self, now: Instant) -> (Instant, Option<Instant>) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = next.0.map_or(now, |slot| slot.max(now));
        next.0 = Some(slot + self.spacing);
        (slot, next.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_spaced_and_a_pause_holds_all() {
        let turns = Turns::of(Pace { concurrency: 8, batch: 1, per_minute: Some(60) });
        let start = Instant::now();
        for second in 0..3 {
            drop(turns.wait().await);
            assert_eq!(start.elapsed().as_secs(), second);
        }
        turns.pause(Duration::from_secs(30));
        assert!(turns.take_now().is_some_and(|left| left.as_secs() >= 29), "a question does not wait");
        drop(turns.wait().await);
        assert_eq!(start.elapsed().as_secs(), 32);
        assert_eq!(turns.take_now(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_run_side_by_side() {
        let turns = Turns::of(Pace { concurrency: 2, ..Pace::default() });
        let (one, _two) = (turns.wait().await, turns.wait().await);
        let third = tokio::time::timeout(Duration::from_secs(5), turns.wait());
        assert!(third.await.is_err());
        drop(one);
        assert!(tokio::time::timeout(Duration::from_secs(5), turns.wait()).await.is_ok());
    }
}
