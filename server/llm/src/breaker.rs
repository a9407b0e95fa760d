//! Whether a backend is asked just now. After a failure it is left alone for a while, 1 s at first and 30 s at most, or for
//! as long as it asks for: a question must not wait for a backend that the question before has waited for in vain. Then
//! one question tries it, and those beside go on without (the circuit breaker of Nygard, "Release It!", with one trial).
//! Pure: the caller holds the clock.

use std::time::Duration;

use tokio::time::Instant;

/// The first rest, and the longest of our own.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// What is known of a backend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Breaker {
    state: State,
    /// In a row.
    failures: u32,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Closed,
    Resting { until: Instant, reason: String },
    Trial { reason: String },
}

/// A backend that is not asked just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resting {
    /// Why the last request failed.
    pub(crate) reason: String,
    /// How much longer.
    pub(crate) left: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed, failures: 0 }
    }
}

impl Breaker {
    /// Whether it may be asked. Whoever is let through says how it went: `answered`, `failed` or `left`.
    pub(crate) fn enter(&mut self, now: Instant) -> Result<(), Resting> {
        match &self.state {
            State::Closed => Ok(()),
            State::Resting { until, reason } if *until <= now => {
                self.state = State::Trial { reason: reason.clone() };
                Ok(())
            }
            State::Resting { until, reason } => Err(Resting { reason: reason.clone(), left: *until - now }),
            State::Trial { reason } => Err(Resting { reason: reason.clone(), left: Duration::ZERO }),
        }
    }

    /// It answered to its end. `true` if that is news.
    pub(crate) fn answered(&mut self) -> bool {
        let was_closed = self.state == State::Closed;
        *self = Self::default();
        !was_closed
    }

    /// It failed. `true` if that is news.
    pub(crate) fn failed(&mut self, reason: &str, retry_after: Option<Duration>, now: Instant) -> bool {
        // Questions that were under way together fail together: that is one failure.
        if let State::Resting { .. } = self.state {
            return false;
        }
        let was_closed = self.state == State::Closed;
        let own = FIRST_REST.saturating_mul(1 << self.failures.min(8)).min(LONGEST_REST);
        let until = now + own.max(retry_after.unwrap_or_default());
        self.failures += 1;
        self.state = State::Resting { until, reason: reason.to_owned() };
        was_closed
    }

    /// Nobody knows how it would have gone: whoever asked has broken off. The next one may try.
    pub(crate) fn left(&mut self, now: Instant) {
        if let State::Trial { reason } = &self.state {
            self.state = State::Resting { until: now, reason: reason.clone() };
        }
    }

    /// Why it is not asked; `None` while it is.
    pub(crate) fn trouble(&self) -> Option<&str> {
        match &self.state {
            State::Closed => None,
            State::Resting { reason, .. } | State::Trial { reason } => Some(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn one_question_tries_a_backend_that_has_rested_and_the_others_go_on_without() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        assert_eq!((breaker.enter(now), breaker.trouble()), (Ok(()), None));
        assert!(breaker.failed("refused", None, now), "that is news");
        let resting = |left| Err(Resting { reason: "refused".to_owned(), left });
        assert_eq!(breaker.enter(now), resting(SECOND));
        assert_eq!(breaker.enter(now + SECOND), Ok(()), "the trial");
        assert_eq!(breaker.enter(now + SECOND), resting(Duration::ZERO), "beside the trial");
        assert_eq!(breaker.trouble(), Some("refused"));
        assert!(breaker.answered());
        assert_eq!((breaker.enter(now + SECOND), breaker.trouble()), (Ok(()), None));
        assert!(!breaker.answered(), "no news");
    }

    #[test]
    fn rests_grow_to_a_bound_and_begin_anew_after_an_answer() {
        let mut breaker = Breaker::default();
        let mut now = Instant::now();
        let mut rests = || {
            let mut seconds = Vec::new();
            for _ in 0..7 {
                assert_eq!(breaker.enter(now), Ok(()));
                breaker.failed("slow", None, now);
                let left = breaker.enter(now).unwrap_err().left;
                seconds.push(left.as_secs());
                now += left;
            }
            seconds
        };
        assert_eq!(rests(), [1, 2, 4, 8, 16, 30, 30]);
        breaker.enter(now).unwrap();
        breaker.answered();
        breaker.failed("slow", None, now);
        assert_eq!(breaker.enter(now).unwrap_err().left, SECOND);
    }

    #[test]
    fn questions_that_fail_together_are_one_failure() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        assert!(breaker.failed("slow", None, now));
        assert!(!breaker.failed("slow", None, now));
        assert_eq!(breaker.enter(now).unwrap_err().left, SECOND);
    }

    #[test]
    fn a_backend_that_asks_to_be_left_alone_is() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        breaker.failed("429", Some(90 * SECOND), now);
        assert_eq!(breaker.enter(now).unwrap_err().left, 90 * SECOND);
    }

    #[test]
    fn a_trial_that_nobody_waits_for_is_left_to_the_next() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        breaker.failed("slow", None, now);
        breaker.enter(now + SECOND).unwrap();
        breaker.left(now + SECOND);
        assert_eq!(breaker.enter(now + SECOND), Ok(()));
        breaker.answered();
        breaker.left(now + SECOND);
        assert_eq!(breaker.trouble(), None, "a question that broke off says nothing of a backend that answers");
    }
}
