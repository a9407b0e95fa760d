//! Figures of the crash tests, as they are printed, and the full run that writes them to `docs/crash-report.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use ragops_e2e::crash::verdict::Served;
use ragops_e2e::crash::{Action, Crash, strace};
use ragops_e2e::settings::crash_runs;

use crate::kills::{self, KillSummary};
use crate::power_cuts;

/// Runs of each kind where nobody asks for more: enough to notice, quick enough for every change.
pub(crate) const SAMPLE: usize = 15;
/// Runs of each kind in the full run.
const FULL: usize = 200;

/// What the prefixes of one recorded build showed.
#[derive(Debug, Default)]
pub(crate) struct PrefixSummary {
    title: &'static str,
    /// How many operations of each kind were recorded.
    operations: BTreeMap<&'static str, usize>,
    /// For each kind of crash: how often nothing, the old and the new revision was served.
    served: BTreeMap<&'static str, BTreeMap<Served, usize>>,
    /// Different contents of the disk that came out of all of it.
    pub(crate) distinct: usize,
    /// Of those, how many the real program was started on and finished.
    pub(crate) finished: usize,
}

impl PrefixSummary {
    /// Nothing counted yet.
    pub(crate) fn new(title: &'static str, actions: &[Action]) -> Self {
        let mut summary = Self { title, ..Self::default() };
        for action in actions {
            *summary.operations.entry(action.kind()).or_default() += 1;
        }
        summary
    }

    /// One prefix under one crash.
    pub(crate) fn count(&mut self, crash: Crash, served: Served) {
        *self.served.entry(crash.name()).or_default().entry(served).or_default() += 1;
    }
}

impl fmt::Display for PrefixSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.operations.values().sum();
        let kinds: Vec<String> = self.operations.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let states: usize = self.served.values().flat_map(BTreeMap::values).sum();
        writeln!(f, "### {}\n", self.title)?;
        writeln!(f, "{total} operations recorded ({}).", kinds.join(", "))?;
        writeln!(f, "{states} crashes modelled, {} different disks; none torn.", self.distinct)?;
        writeln!(
            f,
            "The real program was started on {} of those disks and finished the work on each.\n",
            self.finished
        )?;
        writeln!(f, "| crash | nothing served | old revision | new revision |\n|---|---|---|---|")?;
        for (crash, counts) in &self.served {
            let of = |served| counts.get(&served).copied().unwrap_or(0);
            writeln!(f, "| {crash} | {} | {} | {} |", of(Served::Nothing), of(Served::Old), of(Served::New))?;
        }
        Ok(())
    }
}

/// The machine and the commit, as a list.
fn machine() -> String {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).and_then(|line| line.split_once(':'));
        line.map_or("unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
        output.map_or("unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = value(&file("/proc/meminfo"), "MemTotal");
    let memory = memory.strip_suffix(" kB").and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1_048_576.0;
    let temporary = std::env::temp_dir();
    format!(
        "- Machine: {}, {cores} cores, {memory:.0} GiB, Linux {}, builds on {}\n- Commit: {}\n- Date: {}\n",
        value(&file("/proc/cpuinfo"), "model name"),
        file("/proc/sys/kernel/osrelease").trim().split('-').next().unwrap_or_default(),
        said("stat", &["-f", "-c", "%T", &temporary.to_string_lossy()]),
        said("git", &["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "--short", "HEAD"]),
        said("date", &["-u", "+%Y-%m-%d"]),
    )
}

fn full_report(runs: usize) -> Result<String> {
    let site = || ragops_e2e::site::Site::new().context("making a site");
    let first = power_cuts::first_build(&site()?, runs)?;
    let rebuild = power_cuts::rebuild(&site()?, runs)?;
    let cuts = power_cuts::killed_then_power_cut(&site()?, runs)?;
    let killed: KillSummary = kills::sweep(&site()?, runs)?;
    let machine = machine();
    Ok(format!(
        "# Crash report\n\n\
         Written by `make crash`: the real `ragops-server index` on six short documents. {runs} kills and {runs} runs of\n\
         the real program on what a modelled crash left, of each kind. The report is written only when every check\n\
         passed: no crash served a torn revision, lost the old one before the new one was whole, or left something\n\
         that the next build did not finish and clear away.\n\n\
         {machine}\n\
         ## Every prefix of the recorded operations, under every crash\n\n\
         What a crash leaves is modelled (`e2e/src/crash/disk.rs`); each disk is written out and opened as a start\n\
         would. \"By chance\" is tried with several seeds at every prefix.\n\n{first}\n{rebuild}\n\
         ## Killed, finished, then power cut\n\n\
         {cuts} kills after one operation or another, each followed by a build that reported success and then by every\n\
         kind of crash: the new revision was served each time.\n\n\
         ## SIGKILL of the real program\n\n{killed}"
    ))
}

#[test]
#[ignore = "the full run takes three to ten minutes: make crash"]
fn the_full_run_finds_nothing_torn_and_writes_its_report() {
    // Whoever asks for the report by name is not served with a skip.
    if let Some(reason) = strace::unavailable() {
        panic!("the full crash run needs strace: {reason}");
    }
    let runs = crash_runs(FULL).unwrap_or_else(|error| panic!("{error:#}"));
    let report = full_report(runs).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{report}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/crash-report.md");
    std::fs::write(path, report).expect("docs/ is writable");
}
