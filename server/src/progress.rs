//! How a build shows itself: bars on a terminal, a line every few seconds elsewhere, log lines in a server. The engine
//! reports facts; the rates and the time left are reckoned here.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use ragops_engine::build::{BuildObserver, Progress, Stage};

use crate::commands::index::counted;

/// Between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);
/// Before the first plain line: what ends sooner needs none.
const FIRST_LINE: Duration = Duration::from_secs(1);

/// All bars of the process. Whoever writes to standard error while bars are drawn does it through [`above_bars`].
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Writes to standard error above any bars.
pub fn above_bars(bytes: &[u8]) -> io::Result<()> {
    BARS.suspend(|| io::stderr().lock().write_all(bytes))
}

/// Where progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// A bar on the terminal.
    Bar,
    /// A line now and then on standard error.
    Lines,
    /// A log line now and then.
    Log,
    /// Nowhere.
    Nowhere,
}

impl Display {
    /// A bar where there is a terminal to draw it on, else `otherwise`.
    pub fn bar_or(otherwise: Self) -> Self {
        if io::stderr().is_terminal() { Self::Bar } else { otherwise }
    }
}

/// Ends a build early, from another thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends the build soon.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is to end.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Watches one build of one index.
pub struct Reporter<F> {
    index: String,
    display: Display,
    cancel: Cancel,
    also: F,
    shown: Mutex<Shown>,
}

struct Shown {
    bar: Option<ProgressBar>,
    stage: Option<Stage>,
    stage_start: Instant,
    next_line: Instant,
}

impl<F: Fn(Progress) + Sync> Reporter<F> {
    /// A reporter that also tells `also` of all progress.
    pub fn new(index: &str, display: Display, cancel: Cancel, also: F) -> Self {
        let now = Instant::now();
        let shown = Shown { bar: None, stage: None, stage_start: now, next_line: now + FIRST_LINE };
        Self { index: index.to_owned(), display, cancel, also, shown: Mutex::new(shown) }
    }

    fn show(&self, shown: &mut Shown, progress: Progress) {
        let elapsed = shown.stage_start.elapsed();
        match self.display {
            Display::Nowhere => {}
            Display::Bar => {
                let bar = shown.bar.get_or_insert_with(|| BARS.add(new_bar()));
                bar.set_length(progress.chunks_expected);
                bar.set_position(progress.chunks);
                bar.set_message(describe(&self.index, progress, elapsed));
                bar.tick();
            }
            Display::Lines | Display::Log => {
                let now = Instant::now();
                if now < shown.next_line {
                    return;
                }
                shown.next_line = now + LINE_INTERVAL;
                let text = describe(&self.index, progress, elapsed);
                if self.display == Display::Log {
                    tracing::info!(index = self.index.as_str(), "{text}");
                } else {
                    eprintln!("{text}");
                }
            }
        }
    }
}

impl<F: Fn(Progress) + Sync> BuildObserver for Reporter<F> {
    fn progress(&self, progress: Progress) {
        (self.also)(progress.clone());
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.stage != Some(progress.stage) {
            shown.stage = Some(progress.stage);
            shown.stage_start = Instant::now();
        }
        self.show(&mut shown, progress);
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

impl<F> Drop for Reporter<F> {
    fn drop(&mut self) {
        let shown = self.shown.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = shown.bar.take() {
            bar.finish_and_clear();
            BARS.remove(&bar);
        }
    }
}

fn new_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}").expect("the template is valid");
    ProgressBar::new(0).with_style(style)
}

/// One line about where a build stands, `elapsed` into its stage.
fn describe(index: &str, progress: Progress, elapsed: Duration) -> String {
    let Progress { stage, files_done, files_total, documents, chunks, chunks_expected, findings } = progress;
    match stage {
        Stage::Scan => format!("{index}: listing documents, {files_done} files so far"),
        Stage::Compress => format!("{index}: compressing the vectors of {chunks} chunks"),
        Stage::Calibrate => format!("{index}: measuring the background of {chunks} chunks"),
        Stage::Seal => format!("{index}: writing the revision to disk"),
        Stage::Index => {
            let seconds = elapsed.as_secs_f64();
            let rate = if seconds > 0.5 { format!(", {:.0} chunks/s", chunks as f64 / seconds) } else { String::new() };
            let left = time_left(chunks, chunks_expected, elapsed);
            let left = left.map_or_else(String::new, |left| format!(", about {} left", readable(left)));
            let found = found(&findings);
            format!(
                "{index}: {files_done} of {files_total} files, {documents} documents, {chunks} chunks{rate}{left}{found}"
            )
        }
    }
}

/// How many findings there are, and of which codes, behind a comma; nothing where there are none.
pub(crate) fn found(findings: &BTreeMap<String, u64>) -> String {
    match findings.values().sum::<u64>() {
        0 => String::new(),
        1 => format!(", 1 finding: {}", counted(findings)),
        total => format!(", {total} findings: {}", counted(findings)),
    }
}

/// As if the chunks to come took as long as those done.
fn time_left(done: u64, total: u64, elapsed: Duration) -> Option<Duration> {
    if done == 0 || done >= total || elapsed < Duration::from_secs(1) {
        return None;
    }
    Some(elapsed.mul_f64((total - done) as f64 / done as f64))
}

fn readable(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=99 => format!("{seconds} s"),
        seconds @ 100..=5999 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(stage: Stage, files_done: u64) -> Progress {
        let (documents, chunks, chunks_expected) = (12, 300, 1200);
        Progress { stage, files_done, files_total: 40, documents, chunks, chunks_expected, findings: Arc::default() }
    }

    #[test]
    fn one_finding_is_no_findings() {
        let of =
            |counts: &[(&str, u64)]| found(&counts.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect());
        assert_eq!(of(&[]), "");
        assert_eq!(of(&[("NoText", 1)]), ", 1 finding: NoText 1");
        assert_eq!(of(&[("BadRecord", 2), ("NoText", 1)]), ", 3 findings: BadRecord 2, NoText 1");
    }

    #[test]
    fn a_line_tells_rate_and_time_left() {
        let check = |progress, seconds, expected: &str| {
            assert_eq!(describe("runbooks", progress, Duration::from_secs(seconds)), expected);
        };
        check(
            progress(Stage::Index, 10),
            20,
            "runbooks: 10 of 40 files, 12 documents, 300 chunks, 15 chunks/s, about 60 s left",
        );
        check(progress(Stage::Index, 0), 0, "runbooks: 0 of 40 files, 12 documents, 300 chunks");
        check(progress(Stage::Scan, 7), 1, "runbooks: listing documents, 7 files so far");
        check(
            progress(Stage::Index, 0),
            2,
            "runbooks: 0 of 40 files, 12 documents, 300 chunks, 150 chunks/s, about 6 s left",
        );
        let findings = Arc::new([("EmptyFile".to_owned(), 2), ("NoText".to_owned(), 1)].into());
        let found = Progress { findings, chunks_expected: 300, ..progress(Stage::Index, 40) };
        check(
            found,
            30,
            "runbooks: 40 of 40 files, 12 documents, 300 chunks, 10 chunks/s, 3 findings: EmptyFile 2, NoText 1",
        );
    }

    #[test]
    fn long_times_are_told_in_minutes_and_hours() {
        let check = |seconds, expected: &str| assert_eq!(readable(Duration::from_secs(seconds)), expected);
        check(99, "99 s");
        check(100, "2 min");
        check(6000, "1 h 40 min");
    }

    #[test]
    fn a_reporter_passes_progress_on_and_can_be_cancelled() {
        let seen = Mutex::new(Vec::new());
        let cancel = Cancel::default();
        let also = |progress: Progress| seen.lock().unwrap().push(progress.files_done);
        let reporter = Reporter::new("runbooks", Display::Nowhere, cancel.clone(), also);
        reporter.progress(progress(Stage::Index, 3));
        assert!(!reporter.is_cancelled());
        cancel.cancel();
        assert!(reporter.is_cancelled());
        assert_eq!(*seen.lock().unwrap(), [3]);
    }
}
