//! Whether a model may be asked a question just now. After one failure it is not asked again by questions, which would wait
//! in vain: a watch asks for them, at growing intervals, and lets them through when the model is back and is still the same.
//! Pure: the caller holds the clock.

use std::time::Duration;

use ragops_embed::EmbedError;
use tokio::time::Instant;

/// The first look after a failure, and the longest time between two.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// How long a model that answers is taken to be the same.
const TRUSTED: Duration = Duration::from_secs(600);

/// What is known of the model.
#[derive(Debug, Clone, PartialEq)]
enum State {
    /// Nothing yet.
    Unknown,
    /// It answered, and was the same, at that time.
    Same(Instant),
    /// It failed.
    Failed { error: EmbedError, looks: u32 },
}

/// What a question is to do.
#[derive(Debug, PartialEq)]
pub(super) enum Gate {
    /// Ask.
    Open,
    /// Ask; and somebody should look, beside it, whether the model is still the same.
    OpenButLook,
    /// Look first whether it is the model that is meant.
    Look,
    /// Do without.
    Closed(EmbedError),
}

/// The state of one model.
#[derive(Debug)]
pub(super) struct Health {
    state: State,
    is_watched: bool,
}

impl Default for Health {
    fn default() -> Self {
        Self { state: State::Unknown, is_watched: false }
    }
}

impl Health {
    pub(super) fn gate(&mut self, now: Instant) -> Gate {
        match &mut self.state {
            State::Unknown => Gate::Look,
            State::Failed { error, .. } => Gate::Closed(error.clone()),
            State::Same(at) if now.duration_since(*at) < TRUSTED => Gate::Open,
            State::Same(at) => {
                // One look is enough for all that ask meanwhile.
                *at = now;
                Gate::OpenButLook
            }
        }
    }

    /// It answered and is the same. `true` if that is news.
    pub(super) fn is_same(&mut self, now: Instant) -> bool {
        let was_open = matches!(self.state, State::Same(_));
        self.state = State::Same(now);
        self.is_watched = false;
        !was_open
    }

    /// It failed. `true` if nobody watches it yet: the caller is to begin.
    pub(super) fn failed(&mut self, error: EmbedError) -> bool {
        let looks = match &self.state {
            State::Failed { looks, .. } => *looks,
            _ => 0,
        };
        self.state = State::Failed { error, looks };
        !std::mem::replace(&mut self.is_watched, true)
    }

    /// How long the watch waits before it looks again. `jitter` is from 0 to 1.
    pub(super) fn next_look(&mut self, jitter: f64) -> Duration {
        let State::Failed { looks, .. } = &mut self.state else { return FIRST_LOOK };
        let wait = FIRST_LOOK.saturating_mul(1 << (*looks).min(8)).min(LONGEST);
        *looks += 1;
        wait.mul_f64(0.75 + 0.25 * jitter.clamp(0.0, 1.0))
    }

    /// Why it is not asked.
    pub(super) fn trouble(&self) -> Option<EmbedError> {
        match &self.state {
            State::Failed { error, .. } => Some(error.clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down() -> EmbedError {
        EmbedError::Unavailable { model: "m".to_owned(), reason: "refused".to_owned() }
    }

    #[test]
    fn a_failure_closes_the_gate_until_a_look_finds_the_model_again() {
        let (mut health, now) = (Health::default(), Instant::now());
        assert_eq!(health.gate(now), Gate::Look);
        assert!(health.is_same(now), "that it answers is news");
        assert_eq!(health.gate(now), Gate::Open);
        assert!(health.failed(down()), "somebody must watch");
        assert!(!health.failed(down()), "one watch is enough");
        assert_eq!((health.gate(now), health.trouble()), (Gate::Closed(down()), Some(down())));
        assert!(health.is_same(now) && !health.is_same(now));
        assert_eq!((health.gate(now), health.trouble()), (Gate::Open, None));
        assert!(health.failed(down()), "the watch has ended");
    }

    #[test]
    fn looks_grow_apart_to_a_bound_and_begin_anew_after_a_success() {
        let (mut health, now) = (Health::default(), Instant::now());
        health.failed(down());
        let mut looks = || (0..7).map(|_| health.next_look(1.0).as_secs()).collect::<Vec<u64>>();
        assert_eq!(looks(), [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(health.next_look(0.0), LONGEST.mul_f64(0.75));
        health.is_same(now);
        health.failed(down());
        assert_eq!(health.next_look(1.0), FIRST_LOOK);
    }

    #[test]
    fn a_model_that_answers_is_looked_at_from_time_to_time() {
        let (mut health, now) = (Health::default(), Instant::now());
        health.is_same(now);
        let later = now + TRUSTED;
        assert_eq!(health.gate(later), Gate::OpenButLook);
        assert_eq!(health.gate(later), Gate::Open, "one look is under way");
    }
}
