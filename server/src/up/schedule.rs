//! Which index is built next. Pure: time comes in, decisions go out; builds happen one at a time, because one build
//! uses all cores.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The first retry of a build that may pass by itself; each further one waits twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// No retry waits longer.
const LAST_RETRY: Duration = Duration::from_secs(60);

/// What is wanted, what runs, what waits.
#[derive(Debug, Default)]
pub struct Schedule {
    entries: BTreeMap<String, Entry>,
    running: Option<String>,
    /// Counts wishes, so that the oldest is served first.
    wishes: u64,
}

#[derive(Debug, Default)]
struct Entry {
    /// The number of the oldest wish that no build has begun for.
    wanted: Option<u64>,
    failures: u32,
    not_before: Option<Instant>,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Build this index.
    Build(String),
    /// Ask again then.
    WaitUntil(Instant),
    /// Nothing until something changes.
    Rest,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Well.
    Done,
    /// It may succeed later.
    Retry,
    /// It fails again until something changes.
    GiveUp,
}

impl Schedule {
    /// Takes in new names, each wanted, and forgets all that are not named.
    pub fn keep<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        let mut before = std::mem::take(&mut self.entries);
        for name in names {
            match before.remove(name) {
                Some(entry) => drop(self.entries.insert(name.to_owned(), entry)),
                None => {
                    self.entries.insert(name.to_owned(), Entry::default());
                    self.want(name);
                }
            }
        }
    }

    /// Something changed: what failed before may work now.
    pub fn want(&mut self, name: &str) {
        self.wishes += 1;
        if let Some(entry) = self.entries.get_mut(name) {
            *entry = Entry { wanted: entry.wanted.or(Some(self.wishes)), failures: 0, not_before: None };
        }
    }

    /// What to do now.
    pub fn next(&self, now: Instant) -> Next {
        if self.running.is_some() {
            return Next::Rest;
        }
        let wanted = || self.entries.iter().filter_map(|(name, entry)| Some((entry.wanted?, entry.not_before, name)));
        let due = wanted().filter(|(_, not_before, _)| not_before.is_none_or(|time| time <= now)).min();
        if let Some((_, _, name)) = due {
            return Next::Build(name.clone());
        }
        wanted().filter_map(|(_, not_before, _)| not_before).min().map_or(Next::Rest, Next::WaitUntil)
    }

    /// A build begins; what changes from now on is another wish.
    pub fn start(&mut self, name: &str) {
        self.running = Some(name.to_owned());
        if let Some(entry) = self.entries.get_mut(name) {
            entry.wanted = None;
            entry.not_before = None;
        }
    }

    /// The build that ran has ended. Returns how long until it is tried again by itself.
    pub fn finish(&mut self, end: End, now: Instant) -> Option<Duration> {
        let name = self.running.take()?;
        self.wishes += 1;
        let wish = self.wishes;
        let entry = self.entries.get_mut(&name)?;
        match end {
            End::Done | End::GiveUp => entry.failures = 0,
            End::Retry => entry.failures = entry.failures.saturating_add(1),
        }
        // A wish that came in while it ran stands, and needs no delay: something has changed since.
        if end != End::Retry || entry.wanted.is_some() {
            return None;
        }
        let delay = FIRST_RETRY.saturating_mul(1 << (entry.failures - 1).min(10)).min(LAST_RETRY);
        entry.wanted = Some(wish);
        entry.not_before = Some(now + delay);
        Some(delay)
    }

    /// Whether a build of it is wanted or waits.
    pub fn is_wanted(&self, name: &str) -> bool {
        self.entries.get(name).is_some_and(|entry| entry.wanted.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(names: &[&str]) -> (Schedule, Instant) {
        let mut schedule = Schedule::default();
        schedule.keep(names.iter().copied());
        (schedule, Instant::now())
    }

    fn build(schedule: &mut Schedule, end: End, now: Instant) -> (String, Option<Duration>) {
        let Next::Build(name) = schedule.next(now) else { panic!("nothing to build: {schedule:?}") };
        schedule.start(&name);
        assert_eq!(schedule.next(now), Next::Rest, "one build at a time");
        let delay = schedule.finish(end, now);
        (name, delay)
    }

    #[test]
    fn new_indexes_are_built_once_in_the_order_of_their_wishes() {
        let (mut schedule, now) = schedule(&["b", "a"]);
        assert_eq!(build(&mut schedule, End::Done, now), ("b".to_owned(), None));
        schedule.want("b");
        assert_eq!(build(&mut schedule, End::Done, now).0, "a");
        assert_eq!(build(&mut schedule, End::Done, now).0, "b");
        assert_eq!(schedule.next(now), Next::Rest);
    }

    #[test]
    fn a_change_during_a_build_means_another_build() {
        let (mut schedule, now) = schedule(&["a"]);
        schedule.start("a");
        schedule.want("a");
        schedule.finish(End::Done, now);
        assert_eq!(schedule.next(now), Next::Build("a".to_owned()));
    }

    #[test]
    fn retries_wait_longer_each_time_up_to_a_minute_and_a_change_ends_the_waiting() {
        let (mut schedule, mut now) = schedule(&["a"]);
        let mut delays = Vec::new();
        for _ in 0..8 {
            let (_, delay) = build(&mut schedule, End::Retry, now);
            let delay = delay.unwrap();
            delays.push(delay.as_secs());
            assert_eq!(schedule.next(now), Next::WaitUntil(now + delay));
            now += delay;
        }
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60]);
        build(&mut schedule, End::Retry, now);
        schedule.want("a");
        assert_eq!(schedule.next(now), Next::Build("a".to_owned()));
        assert_eq!(build(&mut schedule, End::Retry, now).1, Some(Duration::from_secs(1)));
    }

    #[test]
    fn what_cannot_work_waits_for_a_change() {
        let (mut schedule, now) = schedule(&["a"]);
        assert_eq!(build(&mut schedule, End::GiveUp, now).1, None);
        assert_eq!(schedule.next(now + LAST_RETRY), Next::Rest);
        schedule.want("a");
        assert_eq!(schedule.next(now), Next::Build("a".to_owned()));
    }

    #[test]
    fn an_index_taken_out_is_forgotten_also_while_it_is_built() {
        let (mut schedule, now) = schedule(&["a", "b"]);
        schedule.start("a");
        schedule.keep(["b"]);
        assert_eq!(schedule.finish(End::Retry, now), None);
        assert_eq!(build(&mut schedule, End::Done, now).0, "b");
        assert_eq!(schedule.next(now), Next::Rest);
    }

    #[test]
    fn one_index_backing_off_does_not_hold_up_another() {
        let (mut schedule, now) = schedule(&["a", "b"]);
        build(&mut schedule, End::Retry, now);
        assert_eq!(build(&mut schedule, End::Done, now).0, "b");
    }
}
