//! When a failed request is sent again: exponential pauses with jitter, bounded in number and in time, and never sooner
//! than the server asks for. Pure: the caller holds the clock and sleeps.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::{Class, LlmError};

/// How patient a caller is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Requests in all, the first included.
    pub attempts: u32,
    /// The pause after the first; each further one is twice as long.
    pub first: Duration,
    /// The longest pause of our own.
    pub longest: Duration,
    /// All pauses and requests together end by then.
    pub in_all: Duration,
}

impl RetryPolicy {
    /// For builds: nobody waits at a screen, and an endpoint that restarts is back within minutes.
    pub const PATIENT: Self = Self {
        attempts: 8,
        first: Duration::from_millis(500),
        longest: Duration::from_secs(30),
        in_all: Duration::from_secs(300),
    };

    /// For the first word with a model, before a build: whoever began it is told soon that nobody is there, and a server
    /// that builds tries again by itself.
    pub const BRISK: Self = Self {
        attempts: 4,
        first: Duration::from_millis(500),
        longest: Duration::from_secs(5),
        in_all: Duration::from_secs(30),
    };

    /// For questions: one more try where the first failed at once, as on a connection that had been closed.
    pub const PROMPT: Self = Self {
        attempts: 2,
        first: Duration::from_millis(50),
        longest: Duration::from_millis(200),
        in_all: Duration::from_millis(1_000),
    };

    /// The pause before request `attempt` + 1 (1 after the first), when `spent` has passed since the first began; `None`
    /// where it is not to be sent. `jitter` is from 0 to 1: half of each pause is by chance, so that many callers that
    /// failed together do not come back together.
    pub fn pause(&self, error: &LlmError, attempt: u32, spent: Duration, jitter: f64) -> Option<Duration> {
        if error.class() != Class::Retry || attempt >= self.attempts {
            return None;
        }
        let doubled = self.first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.longest);
        let own = doubled.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
        let pause = own.max(error.retry_after().unwrap_or_default());
        (spent + pause <= self.in_all).then_some(pause)
    }
}

/// Chance for pauses: the sequence of a seed, which the caller chooses (splitmix64).
#[derive(Debug)]
pub struct Jitter(AtomicU64);

impl Jitter {
    /// The sequence of this seed.
    pub fn of(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number, from 0 to 1.
    pub fn next(&self) -> f64 {
        let state = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(retry_after: Option<u64>) -> LlmError {
        let retry_after = retry_after.map(Duration::from_secs);
        LlmError::Server { url: "http://h".to_owned(), status: 503, retry_after, said: String::new() }
    }

    #[test]
    fn pauses_double_to_a_bound_and_end() {
        let policy = RetryPolicy::PATIENT;
        let pauses: Vec<u128> = (1..=8)
            .map_while(|attempt| policy.pause(&server(None), attempt, Duration::ZERO, 1.0))
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
        assert_eq!(policy.pause(&server(None), 1, Duration::ZERO, 0.0), Some(Duration::from_millis(250)));
        assert_eq!(policy.pause(&server(None), 1, Duration::from_secs(300), 1.0), None, "its time is spent");
    }

    #[test]
    fn a_server_is_not_asked_sooner_than_it_wants_nor_later_than_the_caller_has() {
        let pause = |seconds, policy: RetryPolicy| policy.pause(&server(Some(seconds)), 1, Duration::ZERO, 0.5);
        assert_eq!(pause(7, RetryPolicy::PATIENT), Some(Duration::from_secs(7)));
        assert_eq!(pause(0, RetryPolicy::PATIENT), Some(Duration::from_millis(375)));
        assert_eq!(pause(301, RetryPolicy::PATIENT), None);
        assert_eq!(pause(7, RetryPolicy::PROMPT), None);
    }

    #[test]
    fn what_cannot_pass_by_itself_is_not_asked_again() {
        let refused = LlmError::Refused { url: "http://h".to_owned(), status: 400, said: String::new() };
        assert_eq!(RetryPolicy::PATIENT.pause(&refused, 1, Duration::ZERO, 0.0), None);
    }

    #[test]
    fn chance_is_spread_and_the_same_for_a_seed() {
        let numbers = |seed| {
            let jitter = Jitter::of(seed);
            (0..1_000).map(|_| jitter.next()).collect::<Vec<f64>>()
        };
        let (one, other) = (numbers(1), numbers(2));
        assert!(one == numbers(1) && one != other && one.iter().all(|number| (0.0..1.0).contains(number)));
        assert!((one.iter().sum::<f64>() / 1_000.0 - 0.5).abs() < 0.05);
    }
}
