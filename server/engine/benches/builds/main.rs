//! Measures builds over the pages of k8s_docs, a file each: how fast chunks are ingested where their vectors are known, how
//! fast a build is that has nothing or one file to do, and which share of a whole build is the encoder's. Prints Markdown;
//! `scripts/bench.sh` puts it into docs/benchmarks.md.
//!
//! `builds --shared DIR --models DIR --cache DIR`: vectors are kept under `--cache`, so a second run embeds only what is
//! measured.
#![allow(clippy::print_stdout, reason = "a benchmark program prints its results")]

#[path = "../common/corpus.rs"]
mod corpus;
mod large;
mod timed;

use std::fs;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use ragops_embed::{CachedModel, EmbeddingModel, ModelStore};
use ragops_engine::build::{
    BuildOutcome, BuildRequest, BuildResult, DOCUMENT_CACHE_BYTES, DocumentCache, SharedExtractor, Unobserved, build,
};
use ragops_engine::document::SourceName;
use ragops_engine::read::{FolderSource, InProcess, OnError};
use ragops_engine::revision::{Revision, RevisionStore};
use ragops_engine::settings::BuildSettings;

use timed::Timed;

/// Room for the vectors in the cache.
const CACHE_BYTES: u64 = 1 << 30;
/// Each n-th page is of the build that embeds.
const EMBEDDED: usize = 20;
/// How often each build is made; the best counts, since others share the machine.
const RUNS: usize = 3;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| -> Result<PathBuf> {
        let at = arguments.iter().position(|a| a == name).with_context(|| format!("{name} is needed"))?;
        Ok(arguments.get(at + 1).with_context(|| format!("{name} needs a value"))?.into())
    };
    let cache = value("--cache")?;
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let store = ModelStore::new(value("--models")?);
    let cached =
        CachedModel::open(store.open("multilingual-e5-small", threads)?, &cache.join("embeddings"), CACHE_BYTES)?;
    let work = tempfile::tempdir()?;
    let pages = work.path().join("pages");
    let shared = value("--shared")?;
    let files = write_pages(&shared.join("data/k8s_docs/corpus.jsonl"), &pages)?;

    println!("## Builds\n");
    println!("The {} pages of k8s_docs, a file each; the best of {RUNS} runs.\n", files.len());
    println!("| build | files | chunks | seconds | chunks/s |\n|---|---|---|---|---|");
    let site = Site { pages: pages.clone(), indexes: work.path().join("indexes"), documents: None };
    site.build(&cached)?; // Its vectors are in the cache from here on.
    let row = |what: &str, (seconds, outcome): &(f64, BuildOutcome)| {
        let counts = outcome.manifest.counts;
        let rate = counts.chunks as f64 / seconds;
        println!("| {what} | {} | {} | {seconds:.2} | {rate:.0} |", counts.files, counts.chunks);
    };
    row("first, all vectors known", &site.best(&cached, Site::forget)?);
    let documents = DocumentCache::open(&work.path().join("documents"), DOCUMENT_CACHE_BYTES)?;
    let site = Site { documents: Some(Arc::new(documents)), ..site };
    site.forget(0)?;
    site.build(&cached)?;
    row("first, files and vectors known", &site.best(&cached, Site::forget)?);
    let one_changed = site.best(&cached, |site, run| append(&files[run], &site.pages))?;
    row("one file changed", &one_changed);
    let unchanged = site.best(&cached, |_, _| Ok(()))?;
    ensure!(unchanged.1.result == BuildResult::Unchanged, "nothing changed, and a revision was built");
    row("nothing changed", &unchanged);
    open_again(&site)?;
    embedded(&store.open("multilingual-e5-small", threads)?, &files, work.path())?;
    // The vector index is measured with the same sentences: their vectors are in its cache, where it ran before.
    let vectors = cache.join("bench/vectors/cache");
    let cached = CachedModel::open(store.open("multilingual-e5-small", threads)?, &vectors, CACHE_BYTES)?;
    large::measure(&cached, &shared, work.path())
}

/// Folders to build from and into.
pub(crate) struct Site {
    pub(crate) pages: PathBuf,
    pub(crate) indexes: PathBuf,
    pub(crate) documents: Option<Arc<DocumentCache>>,
}

impl Site {
    pub(crate) fn build(&self, model: &dyn EmbeddingModel) -> Result<BuildOutcome> {
        let request = BuildRequest {
            index: "pages".to_owned(),
            sources: vec![FolderSource {
                name: SourceName::new("pages"),
                root: self.pages.clone(),
                include: vec!["*.jsonl".to_owned()],
                exclude: Vec::new(),
                on_error: OnError::Fail,
            }],
            settings: BuildSettings::default(),
            created_time: "1970-01-01T00:00:00Z".to_owned(),
            built_by: "bench".to_owned(),
            history: 0,
            extractor: SharedExtractor(Arc::new(InProcess)),
            gold: None,
            documents: self.documents.clone(),
        };
        Ok(build(&request, model, &self.store(), &Unobserved)?)
    }

    pub(crate) fn store(&self) -> RevisionStore {
        RevisionStore::of_index(&self.indexes, "pages")
    }

    /// Removes what was built.
    fn forget(&self, _run: usize) -> Result<()> {
        if self.indexes.exists() { Ok(fs::remove_dir_all(&self.indexes)?) } else { Ok(()) }
    }

    /// The least time that a build takes, in seconds, each after `before`.
    fn best(
        &self,
        model: &dyn EmbeddingModel,
        before: impl Fn(&Self, usize) -> Result<()>,
    ) -> Result<(f64, BuildOutcome)> {
        let mut best: Option<(f64, BuildOutcome)> = None;
        for run in 0..RUNS {
            before(self, run)?;
            let start = Instant::now();
            let outcome = self.build(model)?;
            let seconds = start.elapsed().as_secs_f64();
            if best.as_ref().is_none_or(|(least, _)| seconds < *least) {
                best = Some((seconds, outcome));
            }
        }
        best.context("no run")
    }
}

/// A file for each line of a corpus.
fn write_pages(corpus: &Path, into: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(into)?;
    let lines = BufReader::new(fs::File::open(corpus).with_context(|| corpus.display().to_string())?).lines();
    let mut files = Vec::new();
    for (number, line) in lines.enumerate() {
        let file = into.join(format!("{number:05}.jsonl"));
        fs::write(&file, line? + "\n")?;
        files.push(file);
    }
    Ok(files)
}

/// Changes a page by one more record.
fn append(file: &Path, pages: &Path) -> Result<()> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut text = fs::read_to_string(pages.join(file))?;
    text.push_str(&format!(
        "{{\"id\": \"new-{name}\", \"title\": \"New\", \"text\": \"One more record of page {name}.\"}}\n"
    ));
    Ok(fs::write(pages.join(file), text)?)
}

/// How long opening takes: with every file digested, and again.
fn open_again(site: &Site) -> Result<()> {
    let store = site.store();
    let path = store.path_of(&store.active()?.context("an active revision")?);
    let time = || -> Result<f64> {
        let start = Instant::now();
        Revision::open(&path)?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    let (first, again) = (time()?, time()?.min(time()?));
    println!("\nOpening this revision: {first:.0} ms, again {again:.0} ms, every file's digest verified each time.\n");
    Ok(())
}

/// A whole build with its embedding, and the encoder's share of it.
fn embedded(model: &dyn EmbeddingModel, files: &[PathBuf], work: &Path) -> Result<()> {
    let pages = work.join("few");
    fs::create_dir_all(&pages)?;
    for file in files.iter().step_by(EMBEDDED) {
        fs::copy(file, pages.join(file.file_name().unwrap_or_default()))?;
    }
    let site = Site { pages, indexes: work.join("few-indexes"), documents: None };
    let timed = Timed::new(model);
    let start = Instant::now();
    let outcome = site.build(&timed)?;
    let (whole, encoder) = (start.elapsed().as_secs_f64(), timed.seconds());
    let counts = outcome.manifest.counts;
    println!(
        "{} of these pages from reading to the sealed revision, nothing cached: {} chunks in {whole:.1} s, of which the encoder \
         takes {encoder:.1} s: {:.1} % of its own speed. Calibration asks it about 300 short texts more, which are counted.",
        counts.files,
        counts.chunks,
        100.0 * encoder / whole
    );
    Ok(())
}
