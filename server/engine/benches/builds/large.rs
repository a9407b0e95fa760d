//! A revision of 100,000 chunks: how fast it is built where the vectors are known, and how fast it is opened, first with
//! every file read and digested, then again by the process that has found it whole.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use ragops_embed::EmbeddingModel;
use ragops_engine::revision::Verified;
use serde_json::json;

use super::Site;
use super::corpus::some_sentences;

/// How many sentences, each a document of its own.
const CHUNKS: usize = 100_000;
/// Documents of one file.
const A_FILE: usize = 1_000;
/// How often it is opened; the best counts.
const RUNS: usize = 5;

pub(crate) fn measure(model: &dyn EmbeddingModel, shared: &Path, work: &Path) -> Result<()> {
    let pages = work.join("sentences");
    fs::create_dir_all(&pages)?;
    let sentences = some_sentences(shared, CHUNKS)?;
    for (number, group) in sentences.chunks(A_FILE).enumerate() {
        let mut file = fs::File::create(pages.join(format!("{number:04}.jsonl")))?;
        for (line, text) in group.iter().enumerate() {
            writeln!(file, "{}", json!({"id": format!("{number}-{line}"), "title": "", "text": text}))?;
        }
    }
    let site = Site { pages, indexes: work.join("large"), documents: None };
    site.build(model)?; // Its vectors are in the cache from here on.
    site.forget(0)?;
    let start = Instant::now();
    let outcome = site.build(model)?;
    let built = start.elapsed().as_secs_f64();
    let chunks = outcome.manifest.counts.chunks;
    ensure!(chunks >= CHUNKS as u64, "{chunks} chunks are too few");

    let verified = Verified::default();
    let store = site.store().remembering(&verified);
    let name = store.active()?.context("an active revision")?;
    let bytes: u64 = outcome.manifest.files.iter().map(|file| file.size).sum();
    let open = || -> Result<f64> {
        let start = Instant::now();
        let revision = store.open(&name)?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        ensure!(revision.passages.chunk_count() as u64 == chunks, "another revision");
        Ok(took)
    };
    // What was written a moment ago is read each time; two seconds later it is remembered.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let first = open()?;
    let mut again = f64::MAX;
    for _ in 0..RUNS {
        again = again.min(open()?);
    }
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    println!(
        "\n{chunks} sentences, each a document, all vectors known: built in {built:.1} s, {:.0} chunks/s. Opening this revision of \
         {mebibytes:.0} MiB, each file read and digested: {first:.0} ms (goal: {:.0}); by the process that has found it \
         whole: {again:.1} ms (goal: 15).",
        chunks as f64 / built,
        bytes as f64 / 1e6 + 50.0,
    );
    Ok(())
}
