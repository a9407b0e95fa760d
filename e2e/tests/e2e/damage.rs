//! Files of a revision flipped, cut, emptied and removed: the damage is named, the revision before answers, and the
//! next build replaces what is damaged.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ragops_e2e::crash::verdict::{self, Violation, open_serving};
use ragops_e2e::crash::{Node, Tree};
use ragops_e2e::site::{INDEX, Site, edition_text};
use ragops_engine::revision::RevisionStore;

/// What happens to a file.
#[derive(Debug, Clone, Copy)]
enum Damage {
    FlippedByte,
    CutInHalf,
    LastByteGone,
    Emptied,
    Longer,
    Removed,
}

const ALL: [Damage; 6] =
    [Damage::FlippedByte, Damage::CutInHalf, Damage::LastByteGone, Damage::Emptied, Damage::Longer, Damage::Removed];

impl Damage {
    fn inflict(self, path: &Path) -> Result<()> {
        let mut bytes = fs::read(path)?;
        let length = bytes.len();
        match self {
            Self::FlippedByte => bytes[length / 2] ^= 0x10,
            Self::CutInHalf => bytes.truncate(length / 2),
            Self::LastByteGone => bytes.truncate(length - 1),
            Self::Emptied => bytes.clear(),
            Self::Longer => bytes.push(b'x'),
            Self::Removed => return fs::remove_file(path).context("removing"),
        }
        fs::write(path, bytes).context("damaging")
    }
}

/// A site with editions 0 and 1, the second active; the active revision's folder.
fn two_editions(site: &Site) -> Result<PathBuf> {
    site.index(&site.data())?;
    site.write_edition(1)?;
    let revision = site.index(&site.data())?;
    Ok(revisions(site).join(revision))
}

fn revisions(site: &Site) -> PathBuf {
    site.data().join("indexes").join(INDEX).join("revisions")
}

/// What the engine serves and what it says of the rest, without starting a process for each.
fn every_damage_of_every_file(site: &Site) -> Result<()> {
    let dir = two_editions(site)?;
    let whole = Tree::read(&dir)?;
    for (path, node) in whole.nodes() {
        let Node::File(bytes) = node else { continue };
        for damage in ALL {
            // An empty file cannot be cut or flipped.
            if bytes.is_empty() && !matches!(damage, Damage::Longer | Damage::Removed) {
                continue;
            }
            damage.inflict(&dir.join(path))?;
            let checked = is_noticed(site, path);
            checked.with_context(|| format!("{damage:?} {}", path.display()))?;
            fs::write(dir.join(path), bytes.as_slice())?;
        }
    }
    open_serving(&site.data(), INDEX)?.context("nothing is served after all is put back")?;
    Ok(())
}

fn is_noticed(site: &Site, path: &Path) -> Result<()> {
    match open_serving(&site.data(), INDEX) {
        Err(Violation::Damaged { reason, .. }) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            ensure!(reason.contains(&*name), "the file is not named: {reason}");
        }
        Ok(served) => anyhow::bail!("not noticed: {:?} is served", served.map(|revision| revision.manifest.revision)),
        Err(other) => return Err(other.into()),
    }
    let store = RevisionStore::of_index(&site.data(), INDEX);
    let stand_in = store.open_serving(&mut |_, _| ())?.context("nothing stands in")?;
    ensure!(!verdict::holds_text(&stand_in, &edition_text(1))?, "the damaged edition stands in");
    Ok(())
}

/// The real binary, one file of each kind of damage: it warns, answers from the revision before, and rebuilds.
fn the_binary_warns_and_rebuilds(site: &Site) -> Result<()> {
    let dir = two_editions(site)?;
    let files =
        ["vectors.faiss", "chunks.jsonl", "text/meta.json", "manifest.json", "chunks.offsets", "documents.jsonl"];
    for (file, damage) in files.into_iter().zip(ALL) {
        let check = || -> Result<()> {
            damage.inflict(&dir.join(file))?;
            let answered = site.query(&site.data())?;
            ensure!(answered.stdout.contains(&edition_text(0)), "not answered from the revision before: {answered:?}");
            ensure!(answered.stderr.contains(file), "the damage is not named: {answered:?}");
            ensure!(site.inspect(&site.data()).is_err(), "inspect finds nothing");
            rebuilt(site, 1)
        };
        check().with_context(|| format!("{damage:?} {file}"))?;
    }
    Ok(())
}

fn rebuilt(site: &Site, edition: u64) -> Result<()> {
    site.index(&site.data())?;
    let answered = site.query(&site.data())?;
    ensure!(
        answered.stdout.contains(&edition_text(edition)) && answered.stderr.is_empty(),
        "not rebuilt: {answered:?}"
    );
    site.inspect(&site.data())?;
    let leftovers = verdict::leftovers(&site.data(), INDEX)?;
    ensure!(leftovers.is_empty(), "left behind: {leftovers:?}");
    Ok(())
}

/// `active.json` and folders that no build of ours leaves, but people and broken disks do.
fn the_store_itself_is_damaged(site: &Site) -> Result<()> {
    let dir = two_editions(site)?;
    let active = site.data().join("indexes").join(INDEX).join("active.json");
    let good = fs::read(&active)?;
    for bad in [&b""[..], b"{", b"\xff\xfe", b"[]", br#"{"revision":"../../../etc"}"#, br#"{"revision":"00000000"}"#] {
        let check = || -> Result<()> {
            fs::write(&active, bad)?;
            let answered = site.query(&site.data())?;
            ensure!(answered.stdout.contains("Edition "), "no revision stands in: {answered:?}");
            rebuilt(site, 1)?;
            ensure!(fs::read(&active)? == good, "active.json is not as it was");
            Ok(())
        };
        check().with_context(|| format!("active.json is {:?}", String::from_utf8_lossy(bad)))?;
    }
    // A folder with a revision's name and nothing in it, and one with files but no manifest.
    fs::create_dir(revisions(site).join("0123abcd"))?;
    fs::create_dir(revisions(site).join("4567abcd"))?;
    fs::copy(dir.join("chunks.jsonl"), revisions(site).join("4567abcd/chunks.jsonl"))?;
    let answered = site.query(&site.data())?;
    ensure!(answered.stdout.contains(&edition_text(1)), "a stray folder disturbs: {answered:?}");
    Ok(())
}

/// With nothing to stand in: a clear error, not a torn answer, and the next build cures it.
fn the_only_revision_is_damaged(site: &Site) -> Result<()> {
    let revision = site.index(&site.data())?;
    let vectors = revisions(site).join(revision).join("vectors.faiss");
    Damage::FlippedByte.inflict(&vectors)?;
    let answered = site.query(&site.data())?;
    let helpful = ["vectors.faiss", "ragops-server index"].iter().all(|text| answered.stderr.contains(text));
    ensure!(matches!(answered.code, Some(2 | 3)) && answered.stdout.is_empty() && helpful, "{answered:?}");
    rebuilt(site, 0)
}

fn run(test: &str, check: fn(&Site) -> Result<()>) {
    if let Some(site) = crate::site(test) {
        check(&site).unwrap_or_else(|error| panic!("{error:#}"));
    }
}

#[test]
fn every_damage_of_every_file_is_noticed_and_the_revision_before_stands_in() {
    run("damaging every file", every_damage_of_every_file);
}

#[test]
fn the_program_names_the_damage_answers_from_the_revision_before_and_rebuilds() {
    run("damage and the real binary", the_binary_warns_and_rebuilds);
}

#[test]
fn a_damaged_active_file_and_stray_folders_do_not_stop_answers() {
    run("a damaged store", the_store_itself_is_damaged);
}

#[test]
fn a_damaged_only_revision_is_a_clear_error_and_is_rebuilt() {
    run("a damaged only revision", the_only_revision_is_damaged);
}
