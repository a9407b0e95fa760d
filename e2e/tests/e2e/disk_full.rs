//! Builds on a disk that is too small by a little, by much, and by everything: they say so, the old revision keeps
//! answering, and with more room the same command finishes.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ragops_e2e::crash::verdict::{self, open_serving};
use ragops_e2e::crash::{Node, Tree};
use ragops_e2e::mount::MountNamespace;
use ragops_e2e::site::{Ended, INDEX, Site, edition_text, run};
use ragops_e2e::skip::skip;

/// Bytes that a tmpfs gives out at a time.
const PAGE: usize = 4096;
/// How many sizes between nothing and enough are tried.
const SIZES: usize = 6;

/// A disk of a few pages, mounted where the site keeps its data.
struct SmallDisk<'a> {
    site: &'a Site,
    namespace: MountNamespace,
}

impl<'a> SmallDisk<'a> {
    fn mounted(site: &'a Site, pages: usize) -> Result<Self> {
        let disk = Self { site, namespace: MountNamespace::new()? };
        let (options, path) = (size(pages), site.disk());
        let arguments = ["-t", "tmpfs", "-o", &options, "ragops"].map(OsStr::new);
        disk.namespace.mount(&[&arguments[..], &[path.as_os_str()]].concat())?;
        Ok(disk)
    }

    fn resize(&self, pages: usize) -> Result<()> {
        let options = format!("remount,{}", size(pages));
        self.namespace.mount(&[OsStr::new("-o"), OsStr::new(&options), self.site.disk().as_os_str()])
    }

    fn index(&self) -> Result<Ended> {
        let command = self.namespace.command(self.site.binary());
        run(self.site.in_environment(command, &self.site.data()).args(self.site.index_arguments(&self.site.data())))
    }

    fn root(&self) -> std::path::PathBuf {
        self.namespace.seen_from_outside(&self.site.disk())
    }

    fn serves(&self, edition: u64) -> Result<bool> {
        // A copy is opened: a path through /proc leads out of the namespace again once it is made canonical.
        let copy = tempfile::tempdir().context("making a folder")?;
        Tree::read(&self.root()).and_then(|tree| tree.write(copy.path())).context("copying the disk")?;
        match open_serving(&copy.path().join("data"), INDEX)? {
            None => Ok(false),
            Some(revision) => Ok(verdict::holds_text(&revision, &edition_text(edition))?),
        }
    }
}

/// A tmpfs of size 0 has no limit, so the least is one page.
fn size(pages: usize) -> String {
    format!("size={}", pages.max(1) * PAGE)
}

fn pages(dir: &Path) -> Result<usize> {
    let tree = Tree::read(dir).context("measuring the disk")?;
    let pages = |(_, node): (&Path, &Node)| if let Node::File(bytes) = node { bytes.len().div_ceil(PAGE) } else { 0 };
    Ok(tree.nodes().map(pages).sum())
}

/// How a build on a small disk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// There was room.
    Built,
    /// There was no room for the revision.
    NoRevision,
    /// The revision was active, and there was no room for the query settings beside it.
    NoQuerySettings,
}

/// What a build ended with; want of room must be said as it should be.
fn outcome(ended: &Ended) -> Result<Outcome> {
    if ended.code == Some(0) {
        return Ok(Outcome::Built);
    }
    ensure!(ended.code == Some(3), "a full disk is retryable: {ended:?}");
    ensure!(ended.stderr.contains("free some space"), "the message does not say what to do: {ended:?}");
    Ok(if ended.stderr.contains("query.json") { Outcome::NoQuerySettings } else { Outcome::NoRevision })
}

/// Sizes from nothing to `needed`, the last few pages one by one: there the manifest and the end of files are written.
fn sizes(needed: usize) -> Vec<usize> {
    let spread = (0..SIZES).map(|step| needed * step / SIZES);
    let mut sizes: Vec<usize> = spread.chain(needed.saturating_sub(4)..=needed).collect();
    sizes.dedup();
    sizes
}

fn first_build(site: &Site) -> Result<()> {
    let measured = SmallDisk::mounted(site, 16 << 10)?;
    ensure!(measured.index()?.code == Some(0), "the build fails with room for everything");
    let needed = pages(&measured.root())?;
    let mut failures = 0;
    for size in sizes(needed) {
        let disk = SmallDisk::mounted(site, size)?;
        let check = || -> Result<bool> {
            let outcome = outcome(&disk.index()?)?;
            let serves = disk.serves(0)?;
            ensure!(serves == (outcome != Outcome::NoRevision), "{outcome:?}, and serves: {serves}");
            disk.resize(16 << 10)?;
            finish(&disk, 0)?;
            Ok(outcome != Outcome::Built)
        };
        failures += usize::from(check().with_context(|| format!("{size} of {needed} pages"))?);
    }
    ensure!(failures >= SIZES / 2, "only {failures} builds ran out of room");
    Ok(())
}

fn rebuild(site: &Site) -> Result<()> {
    let disk = SmallDisk::mounted(site, 16 << 10)?;
    ensure!(disk.index()?.code == Some(0), "the build fails with room for everything");
    // A rebuild needs the room of one revision once more; the embeddings are there already.
    let needed = pages(&disk.root().join("data"))?;
    let mut failures = 0;
    for (edition, size) in (1_u64..).zip(sizes(needed)) {
        let check = || -> Result<bool> {
            disk.resize(pages(&disk.root())? + size)?;
            site.write_edition(edition)?;
            let outcome = outcome(&disk.index()?)?;
            let expected = if outcome == Outcome::NoRevision { edition - 1 } else { edition };
            ensure!(disk.serves(expected)?, "{outcome:?}, and edition {expected} is not served");
            disk.resize(16 << 10)?;
            finish(&disk, edition)?;
            Ok(outcome != Outcome::Built)
        };
        failures += usize::from(check().with_context(|| format!("{size} of {needed} pages left"))?);
    }
    ensure!(failures >= SIZES / 2, "only {failures} builds ran out of room");
    Ok(())
}

fn finish(disk: &SmallDisk, edition: u64) -> Result<()> {
    let ended = disk.index()?;
    ensure!(ended.code == Some(0) && disk.serves(edition)?, "not finished with more room: {ended:?}");
    let leftovers = verdict::leftovers(&disk.root().join("data"), INDEX)?;
    ensure!(leftovers.is_empty(), "left behind: {leftovers:?}");
    Ok(())
}

fn run_on(test: &str, check: fn(&Site) -> Result<()>) {
    if let Some(reason) = MountNamespace::unavailable() {
        return skip(test, &reason);
    }
    if let Some(site) = crate::site(test) {
        check(&site).unwrap_or_else(|error| panic!("{error:#}"));
    }
}

#[test]
fn a_first_build_on_a_full_disk_says_so_and_finishes_with_more_room() {
    run_on("a full disk at the first build", first_build);
}

#[test]
fn a_rebuild_on_a_full_disk_leaves_the_old_revision_and_finishes_with_more_room() {
    run_on("a full disk at a rebuild", rebuild);
}
