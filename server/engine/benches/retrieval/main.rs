//! Measures retrieval on real sets: quality by mode beside the BM25 baselines, abstention, and latency at 10,000
//! chunks alone and at 8 concurrent. Prints Markdown; `scripts/bench.sh` puts it into docs/benchmarks.md.
//!
//! `retrieval --shared DIR --samples DIR --models DIR --cache DIR [--full]`; indexes and vectors are kept under
//! `--cache`, so a second run embeds nothing.
#![allow(clippy::print_stdout, reason = "a benchmark program prints its results")]

mod answers;
mod latency;
mod quality;
mod setup;

use std::path::PathBuf;

use anyhow::{Context, Result};

use setup::Bench;

/// What the command line says.
pub(crate) struct Options {
    shared: PathBuf,
    samples: PathBuf,
    models: PathBuf,
    cache: PathBuf,
    scope: Scope,
}

/// How much is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// runbooks, clapnq_dev and the samples.
    Usual,
    /// k8s_docs and 10,000 chunks too: minutes of embedding the first time.
    Full,
}

impl Options {
    fn parse() -> Result<Self> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let value = |name: &str| -> Result<PathBuf> {
            let at = arguments.iter().position(|a| a == name).with_context(|| format!("{name} DIR is needed"))?;
            Ok(arguments.get(at + 1).with_context(|| format!("{name} needs a folder"))?.into())
        };
        let full = arguments.iter().any(|a| a == "--full");
        Ok(Self {
            shared: value("--shared")?,
            samples: value("--samples")?,
            models: value("--models")?,
            cache: value("--cache")?,
            scope: if full { Scope::Full } else { Scope::Usual },
        })
    }
}

fn main() -> Result<()> {
    let options = Options::parse()?;
    let bench = Bench::open(&options)?;
    quality::run(&bench, &options)?;
    latency::run(&bench, &options)
}
