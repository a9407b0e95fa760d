//! Measures the vector index over 100,000 sentences of the shared sets: our FAISS beside pip's with the same factory
//! strings, then what a revision does with it: time at a recall, two clients beside one, memory and opening. Prints
//! Markdown; `scripts/bench.sh` puts it into docs/benchmarks.md.
//!
//! `vectors --shared DIR --models DIR --cache DIR [--python FILE]`: a Python that has faiss-cpu; without it the comparison
//! is left out. Vectors are kept under `--cache`; the first run embeds them, which takes some minutes.
#![allow(clippy::print_stdout, reason = "a benchmark program prints its results")]

#[path = "../common/corpus.rs"]
mod corpus;
mod peer;
mod revision;
mod sentences;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use ragops_embed::{CachedModel, ModelStore};

/// How many sentences.
const PASSAGES: usize = 100_000;
/// Room for their vectors in the cache.
const CACHE_BYTES: u64 = 1 << 30;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = peer::role(&arguments) {
        return role;
    }
    let value = |name: &str| -> Result<PathBuf> {
        let at = arguments.iter().position(|a| a == name).with_context(|| format!("{name} is needed"))?;
        Ok(arguments.get(at + 1).with_context(|| format!("{name} needs a value"))?.into())
    };
    let folder = value("--cache")?.join("bench/vectors");
    let (passages, questions) = {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let model = ModelStore::new(value("--models")?).open("multilingual-e5-small", threads)?;
        let model = CachedModel::open(model, &folder.join("cache"), CACHE_BYTES)?;
        let shared = value("--shared")?;
        (sentences::passages(&model, &shared, &folder, PASSAGES)?, sentences::questions(&model, &shared, &folder)?)
    };
    println!("## Vectors\n");
    println!(
        "{} sentences of the shared sets as passages of {} dimensions, their {} questions.\n",
        passages.len(),
        passages.dimension,
        questions.len()
    );
    if let Ok(python) = value("--python") {
        peer::compare(&passages, &questions, &python)?;
    }
    revision::measure(&passages, &questions)
}

/// Milliseconds that each call takes, sorted.
fn times<T, R>(inputs: impl Iterator<Item = T>, mut call: impl FnMut(T) -> Result<R>) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for input in inputs {
        let start = Instant::now();
        call(input)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The value that this share of sorted times does not exceed.
fn quantile(times: &[f64], share: f64) -> f64 {
    times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
