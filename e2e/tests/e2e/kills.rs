//! SIGKILL of the real program at random points of a build: of its time, and of its changes of the disk.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ragops_e2e::crash::strace::{self, Change, changes, kill_at};
use ragops_e2e::crash::verdict::{self, open_serving};
use ragops_e2e::random::SplitMix64;
use ragops_e2e::settings::crash_runs;
use ragops_e2e::site::{INDEX, Site, edition_text};

/// Seeds the kills: a run is repeated by running as many again.
const SEED: u64 = 2026;

/// At most so many builds are begun for each that is to be killed.
const MAX_ATTEMPTS: usize = 5;
/// What a build that ended before its kill takes from the time that kills are spread over.
const QUICKER: f64 = 0.95;

/// How far a build had come when it was killed, told by what is on the disk. In the order of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Listing,
    Writing,
    Sealing,
    Sealed,
    Named,
    Active,
    Ended,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Listing => "before the folder of the build: loading the model, listing documents",
            Self::Writing => "while documents are embedded and indexed",
            Self::Sealing => "index written: measuring the background, syncing",
            Self::Sealed => "manifest written, folder not renamed",
            Self::Named => "revision complete, not yet active",
            Self::Active => "new revision active: removing the oldest",
            Self::Ended => "the build had ended before the kill",
        }
    }
}

/// Kills by stage.
#[derive(Debug, Default)]
pub(crate) struct KillSummary {
    by_time: BTreeMap<Stage, usize>,
    by_change: BTreeMap<Stage, usize>,
    /// Builds that had ended before their kill; they count for nothing.
    ended: usize,
}

impl fmt::Display for KillSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.by_time.values().chain(self.by_change.values()).sum();
        writeln!(
            f,
            "{total} builds killed (seed {SEED}); each time the old or the new revision was whole, and the next"
        )?;
        writeln!(
            f,
            "run finished the work and left nothing behind. {} more had ended before their kill.\n",
            self.ended
        )?;
        writeln!(f, "| stage | at a random time | at a random change of the disk |\n|---|---|---|")?;
        let stages: std::collections::BTreeSet<_> = self.by_time.keys().chain(self.by_change.keys()).collect();
        for stage in stages {
            let of = |counts: &BTreeMap<Stage, usize>| counts.get(stage).copied().unwrap_or(0);
            writeln!(f, "| {} | {} | {} |", stage.name(), of(&self.by_time), of(&self.by_change))?;
        }
        Ok(())
    }
}

/// What kills are spread over.
struct Extent {
    time: Duration,
    /// Changes of the disk in one build; `None` where programs cannot be traced.
    changes: Option<Vec<Change>>,
}

/// Kills `runs` builds, every other one at a random change of the disk where that can be done.
pub(crate) fn sweep(site: &Site, runs: usize) -> Result<KillSummary> {
    let mut extent = measure(site)?;
    let mut random = SplitMix64::new(SEED);
    let mut summary = KillSummary::default();
    let (mut run, mut attempts) = (0, 0);
    while run < runs {
        ensure!(attempts < MAX_ATTEMPTS * runs, "of {attempts} builds only {run} were killed before they ended");
        attempts += 1;
        // Editions 0 and 1 were built to measure.
        let edition = attempts as u64 + 1;
        site.write_edition(edition)?;
        let old = active_name(site)?;
        let (counts, how, status) = match &extent.changes {
            Some(changes) if run % 2 == 1 => {
                let change = &changes[random.below(changes.len() as u64) as usize];
                let status = kill_at(&site.index_command(&site.data()), change)?;
                (&mut summary.by_change, format!("{change:?}"), status)
            }
            _ => {
                let after = extent.time.mul_f64(random.fraction());
                (&mut summary.by_time, format!("{after:?}"), kill_after(site, after)?)
            }
        };
        let check = || -> Result<Stage> {
            let stage = stage(site, &old, status)?;
            check_after_kill(site, &old, edition)?;
            check_finished(site, edition)?;
            Ok(stage)
        };
        let stage = check().with_context(|| format!("run {run}, killed at {how}"))?;
        if stage == Stage::Ended {
            // It is no kill, and one more is made. Builds are quicker than the one that was measured.
            summary.ended += 1;
            extent.time = extent.time.mul_f64(QUICKER);
        } else {
            *counts.entry(stage).or_default() += 1;
            run += 1;
        }
    }
    Ok(summary)
}

fn measure(site: &Site) -> Result<Extent> {
    site.index(&site.data())?;
    site.write_edition(1)?;
    let begun = Instant::now();
    site.index(&site.data())?;
    // The builds to be killed run beside other tests or alone, as this one did or did not: no exact science.
    let time = begun.elapsed();
    let changes = match strace::unavailable() {
        Some(_) => None,
        None => {
            site.write_edition(0)?;
            // Another document changes too, so that the revision of edition 0 is not simply taken up again.
            site.write_document("queue.md", "# Queue backlog\n\nWhen the queue grows, add two workers.\n")?;
            Some(changes(&site.index_command(&site.data()), &site.beside("trace"))?)
        }
    };
    Ok(Extent { time, changes })
}

fn kill_after(site: &Site, time: Duration) -> Result<ExitStatus> {
    let mut command = site.index_command(&site.data());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("starting the build")?;
    thread::sleep(time);
    // It may have ended: then there is nothing to kill, which the stage shows.
    drop(child.kill());
    child.wait().context("waiting for the build")
}

fn active_name(site: &Site) -> Result<String> {
    let revision = open_serving(&site.data(), INDEX)?.context("nothing is active")?;
    Ok(revision.manifest.revision.to_string())
}

fn stage(site: &Site, old: &str, status: ExitStatus) -> Result<Stage> {
    if status.success() {
        return Ok(Stage::Ended);
    }
    if active_name(site)? != old {
        return Ok(Stage::Active);
    }
    let revisions = site.data().join("indexes").join(INDEX).join("revisions");
    let names = fs::read_dir(&revisions).context("listing revisions")?.map(|entry| Ok(entry?.path()));
    let names: Vec<_> = names.collect::<Result<_>>()?;
    let building =
        names.iter().find(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(".building-")));
    Ok(match building {
        Some(path) if path.join("manifest.json").exists() => Stage::Sealed,
        Some(path) if path.join("vectors.faiss").exists() => Stage::Sealing,
        Some(_) => Stage::Writing,
        // The old one and one before it are kept; a third is the new one.
        None if names.len() > 2 => Stage::Named,
        None => Stage::Listing,
    })
}

fn check_after_kill(site: &Site, old: &str, edition: u64) -> Result<()> {
    let revision = open_serving(&site.data(), INDEX)?.context("nothing is served")?;
    let is_new = verdict::holds_text(&revision, &edition_text(edition))?;
    let name = revision.manifest.revision.to_string();
    ensure!(is_new != (name == old), "revision {name} is served, the old one is {old}, new content: {is_new}");
    Ok(())
}

fn check_finished(site: &Site, edition: u64) -> Result<()> {
    site.index(&site.data())?;
    let revision = open_serving(&site.data(), INDEX)?.context("nothing is served")?;
    ensure!(verdict::holds_text(&revision, &edition_text(edition))?, "the finished build has no edition {edition}");
    site.inspect(&site.data())?;
    let leftovers = verdict::leftovers(&site.data(), INDEX)?;
    ensure!(leftovers.is_empty(), "left behind: {leftovers:?}");
    Ok(())
}

#[test]
fn a_killed_build_leaves_the_old_or_the_new_revision_and_the_next_one_finishes() {
    if let Some(site) = crate::site("killing builds") {
        let runs = crash_runs(crate::report::SAMPLE).unwrap_or_else(|error| panic!("{error:#}"));
        let summary = sweep(&site, runs).unwrap_or_else(|error| panic!("{error:#}"));
        println!("{summary}");
    }
}
