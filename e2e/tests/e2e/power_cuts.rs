//! Every prefix of what a build does to the disk, under every kind of crash that the model of a disk knows: the old or
//! the new revision is served whole, and the next build finishes the work.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ragops_e2e::crash::verdict::{self, Served};
use ragops_e2e::crash::{Action, Crash, Disk, Tree, record, strace};
use ragops_e2e::random::SplitMix64;
use ragops_e2e::settings::crash_runs;
use ragops_e2e::site::{INDEX, Site, edition_text};
use ragops_e2e::skip::skip;
use ragops_engine::revision::Manifest;
use ragops_storage::Sha256Digest;

use crate::report::PrefixSummary;

/// Seeds of chance for each prefix: what is kept and what is lost differs with each.
const SCATTERED: u64 = 4;

/// A build as it was recorded.
struct Recorded {
    before: Tree,
    actions: Vec<Action>,
    old: Option<Manifest>,
    new: Manifest,
}

/// What a crash can leave, and the first way in which it was left.
struct State {
    tree: Tree,
    origin: String,
}

fn active_manifest(data: &Path) -> Result<Option<Manifest>> {
    Ok(verdict::open_serving(data, INDEX)?.map(|revision| revision.manifest))
}

/// Records a build from what is on the site's disk now, and checks that the record explains all that it changed.
fn record_build(site: &Site, disk: &Path) -> Result<Recorded> {
    let data = disk.join("data");
    let before = Tree::read(disk).context("reading the disk")?;
    let old = active_manifest(&data)?;
    let recording = record(&site.index_command(&data), disk)?;
    ensure!(recording.status.success(), "index failed: {}", String::from_utf8_lossy(&recording.stderr));
    let actions: Vec<Action> = recording.operations.into_iter().map(|operation| operation.action).collect();
    let mut replayed = Disk::holding(&before);
    actions.iter().try_for_each(|action| replayed.apply(action)).context("replaying the recording")?;
    let different = replayed.after(Crash::Killed).differences(&Tree::read(disk).context("reading the disk")?);
    ensure!(different.is_empty(), "the recording does not explain these: {different:?}");
    let new = active_manifest(&data)?.context("nothing is active after the build")?;
    Ok(Recorded { before, actions, old, new })
}

/// Writes a tree to a fresh folder and gives the folder.
fn materialise(tree: &Tree) -> Result<tempfile::TempDir> {
    let dir = tempfile::tempdir().context("making a folder")?;
    tree.write(dir.path()).context("writing what a crash left")?;
    Ok(dir)
}

/// Every prefix under every crash: what is served never goes back, and at the end it is the new revision.
fn sweep(recorded: &Recorded, summary: &mut PrefixSummary) -> Result<Vec<State>> {
    let mut states = Vec::new();
    let mut verdicts = HashMap::<Tree, Served>::new();
    let mut latest = BTreeMap::<Crash, Served>::new();
    let mut disk = Disk::holding(&recorded.before);
    for done in 0..=recorded.actions.len() {
        if let Some(action) = done.checked_sub(1).map(|last| &recorded.actions[last]) {
            disk.apply(action)?;
        }
        for crash in Crash::all(SCATTERED) {
            let tree = disk.after(crash);
            let origin = origin(recorded, done, crash);
            let served = match verdicts.get(&tree) {
                Some(served) => *served,
                None => {
                    let served = judge(&tree, recorded).with_context(|| origin.clone())?;
                    verdicts.insert(tree.clone(), served);
                    states.push(State { tree, origin: origin.clone() });
                    served
                }
            };
            summary.count(crash, served);
            // Chance may lose now what it kept before; the other crashes may not.
            let before = latest.insert(crash, served);
            let went_back = before.is_some_and(|before| served < before) && !matches!(crash, Crash::Scattered(_));
            ensure!(!went_back, "{origin}: {served:?} is served after {before:?} was");
            ensure!(
                done < recorded.actions.len() || served == Served::New,
                "{origin}: the end is not durable: {served:?}"
            );
        }
    }
    summary.distinct += states.len();
    Ok(states)
}

fn origin(recorded: &Recorded, done: usize, crash: Crash) -> String {
    let last = done.checked_sub(1).map_or_else(|| "nothing".to_owned(), |last| recorded.actions[last].to_string());
    format!("after operation {done} of {} ({last}), {crash:?}", recorded.actions.len())
}

fn judge(tree: &Tree, recorded: &Recorded) -> Result<Served> {
    let dir = materialise(tree)?;
    let served = verdict::served(&dir.path().join("data"), INDEX, recorded.old.as_ref(), &recorded.new)?;
    // Before a first build nothing is served; after one there is always something.
    ensure!(served != Served::Nothing || recorded.old.is_none(), "nothing is served, and there was a revision before");
    Ok(served)
}

/// The real program finishes the work, whatever the crash left.
fn finish(site: &Site, state: &State, recorded: &Recorded) -> Result<()> {
    let dir = materialise(&state.tree)?;
    let data = dir.path().join("data");
    let revision = site.index(&data)?;
    ensure!(revision == recorded.new.revision.to_string(), "built {revision}, expected {}", recorded.new.revision);
    let active = active_manifest(&data)?.context("nothing is active")?;
    ensure!(active.revision == recorded.new.revision, "{} is active", active.revision);
    for part in ["vectors.faiss", "chunks.jsonl", "documents.jsonl"] {
        ensure!(digest(&active, part) == digest(&recorded.new, part), "{part} is not what an undisturbed build wrote");
    }
    site.inspect(&data)?;
    let leftovers = verdict::leftovers(&data, INDEX)?;
    ensure!(leftovers.is_empty(), "left behind: {leftovers:?}");
    Ok(())
}

/// The digest of one file of a revision. The text index names its files by chance, and is left out.
fn digest(manifest: &Manifest, path: &str) -> Option<Sha256Digest> {
    manifest.files.iter().find(|file| file.path == path).map(|file| file.sha256)
}

fn finish_sample(
    site: &Site,
    states: &[State],
    recorded: &Recorded,
    count: usize,
    summary: &mut PrefixSummary,
) -> Result<()> {
    let mut random = SplitMix64::new(recorded.actions.len() as u64);
    for _ in 0..count.min(states.len()) {
        let state = &states[random.below(states.len() as u64) as usize];
        finish(site, state, recorded).with_context(|| state.origin.clone())?;
        summary.finished += 1;
    }
    Ok(())
}

/// A first build: nothing before, and the data folder itself not there.
pub(crate) fn first_build(site: &Site, finished: usize) -> Result<PrefixSummary> {
    let recorded = record_build(site, &site.disk())?;
    if recorded.old.is_some() {
        bail!("the site is not fresh");
    }
    let mut summary = PrefixSummary::new("first build, no data folder", &recorded.actions);
    let states = sweep(&recorded, &mut summary)?;
    finish_sample(site, &states, &recorded, finished, &mut summary)?;
    Ok(summary)
}

/// A build beside an active revision and an older one, which it removes.
pub(crate) fn rebuild(site: &Site, finished: usize) -> Result<PrefixSummary> {
    for edition in 0..2 {
        site.write_edition(edition)?;
        site.index(&site.data())?;
    }
    site.write_edition(2)?;
    let recorded = record_build(site, &site.disk())?;
    let mut summary = PrefixSummary::new("rebuild beside an active and an older revision", &recorded.actions);
    let states = sweep(&recorded, &mut summary)?;
    finish_sample(site, &states, &recorded, finished, &mut summary)?;
    Ok(summary)
}

/// A build is killed, the next one reports success, then power goes: the disk that was left unsynced by the first must
/// not take the second's work along. Gives how many kills were followed so.
pub(crate) fn killed_then_power_cut(site: &Site, count: usize) -> Result<usize> {
    let recorded = record_build(site, &site.disk())?;
    let total = recorded.actions.len();
    // The interesting kills are those right after a change of names, which the next build then finds and may trust.
    let renames = |action: &Action| matches!(action, Action::CreateDir(_) | Action::Rename { .. });
    let chosen = |done: &usize| count >= total || renames(&recorded.actions[done - 1]);
    let mut kills: Vec<usize> = (1..=total).filter(chosen).collect();
    let mut random = SplitMix64::new(total as u64);
    while kills.len() > count.max(1) {
        kills.remove(random.below(kills.len() as u64) as usize);
    }
    for done in &kills {
        let origin = origin(&recorded, *done, Crash::Killed);
        kill_finish_cut(site, &recorded, *done)
            .with_context(|| format!("killed {origin}, then finished, then power cut"))?;
    }
    Ok(kills.len())
}

fn kill_finish_cut(site: &Site, recorded: &Recorded, done: usize) -> Result<()> {
    let mut disk = Disk::holding(&recorded.before);
    recorded.actions[..done].iter().try_for_each(|action| disk.apply(action))?;
    let dir = materialise(&disk.after(Crash::Killed))?;
    let second = record_build(site, &dir.path().canonicalize()?)?;
    second.actions.iter().try_for_each(|action| disk.apply(action))?;
    for crash in Crash::all(SCATTERED) {
        let left = materialise(&disk.after(crash))?;
        let served = verdict::served(&left.path().join("data"), INDEX, recorded.old.as_ref(), &second.new);
        let served = served.with_context(|| format!("{crash:?}"))?;
        ensure!(served == Served::New, "{crash:?}: {served:?} is served");
    }
    Ok(())
}

/// The editions are where the tests look for content: they must reach the passages.
fn check_edition(site: &Site, edition: u64) -> Result<()> {
    let revision = verdict::open_serving(&site.data(), INDEX)?.context("nothing is active")?;
    ensure!(verdict::holds_text(&revision, &edition_text(edition))?, "edition {edition} is not in the revision");
    Ok(())
}

fn run(test: &str, check: impl FnOnce(&Site, usize) -> Result<()>) {
    if let Some(reason) = strace::unavailable() {
        return skip(test, &reason);
    }
    if let Some(site) = crate::site(test) {
        let runs = crash_runs(crate::report::SAMPLE).unwrap_or_else(|error| panic!("{error:#}"));
        check(&site, runs).unwrap_or_else(|error| panic!("{error:#}"));
    }
}

#[test]
fn no_crash_tears_a_first_build_and_the_next_start_finishes_it() {
    run("crashes of a first build", |site, runs| {
        let summary = first_build(site, runs)?;
        println!("{summary}");
        check_edition(site, 0)
    });
}

#[test]
fn no_crash_tears_a_rebuild_and_the_next_start_finishes_it() {
    run("crashes of a rebuild", |site, runs| {
        let summary = rebuild(site, runs)?;
        println!("{summary}");
        check_edition(site, 2)
    });
}

#[test]
fn what_was_finished_after_a_kill_survives_a_power_cut() {
    run("kill, finish, power cut", |site, runs| {
        let kills = killed_then_power_cut(site, runs)?;
        println!("{kills} kills, each followed by a finished build and a power cut");
        Ok(())
    });
}
