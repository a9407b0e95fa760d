//! Retrieval latency beyond the question's embedding, alone and at 8 concurrent, at 10,000 chunks and more.

use std::time::{Duration, Instant};

use anyhow::Result;
use ragops_embed::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};
use ragops_engine::answer::Searcher;
use ragops_engine::evaluate::GoldSet;
use ragops_engine::retrieve::{Mode, retrieve};
use ragops_engine::settings::RetrievalSettings;

use super::setup::Bench;
use super::{Options, Scope};

const CONCURRENT: usize = 8;
const ROUNDS: usize = 20;

/// Gives one vector that was computed before the clock started.
struct Known {
    identity: ModelIdentity,
    vector: Vec<f32>,
}

impl EmbeddingModel for Known {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn embed_passages(&self, _texts: &[&str], _monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        Err(EmbedError::Cancelled)
    }

    fn embed_queries(&self, _texts: &[&str]) -> Result<Embeddings, EmbedError> {
        Err(EmbedError::Cancelled)
    }

    fn embed_query(&self, _text: &str) -> Result<Vec<f32>, EmbedError> {
        Ok(self.vector.clone())
    }

    fn token_starts(&self, _text: &str) -> Vec<usize> {
        Vec::new()
    }
}

pub(crate) fn run(bench: &Bench, options: &Options) -> Result<()> {
    if options.scope != Scope::Full {
        return Ok(());
    }
    let names = ["runbooks", "clapnq_dev", "k8s_docs", "scifact"];
    let corpora: Vec<_> = names.iter().map(|name| Bench::set(&options.shared, name)).collect();
    let searcher = bench.index("everything", &corpora)?;
    let chunks = searcher.revision().manifest.counts.chunks;
    let questions = questions(bench, options)?;
    println!("\n## Retrieval latency at {chunks} chunks\n");
    println!("Beyond the question's embedding; {} questions, {ROUNDS} rounds.\n", questions.len());
    println!(
        "| mode | p50 ms, alone | p99 ms, alone | p50 ms, {CONCURRENT} concurrent | p99 ms, {CONCURRENT} concurrent |"
    );
    println!("|---|---|---|---|---|");
    for mode in [Mode::Text, Mode::Vector, Mode::Hybrid] {
        let alone = measure(&searcher, &questions, mode, 1);
        let together = measure(&searcher, &questions, mode, CONCURRENT);
        println!(
            "| {mode} | {} | {} | {} | {} |",
            ms(&alone, 50),
            ms(&alone, 99),
            ms(&together, 50),
            ms(&together, 99)
        );
    }
    Ok(())
}

fn questions(bench: &Bench, options: &Options) -> Result<Vec<(String, Known)>> {
    let gold = GoldSet::load(&options.shared.join("data/k8s_docs"))?;
    let known = |text: &str| -> Result<(String, Known)> {
        let vector = bench.model.embed_query(text)?;
        Ok((text.to_owned(), Known { identity: bench.model.identity().clone(), vector }))
    };
    gold.queries.iter().map(|query| known(&query.question.text)).collect()
}

/// Every question `ROUNDS` times, from `threads` threads that each ask all of them.
fn measure(searcher: &Searcher, questions: &[(String, Known)], mode: Mode, threads: usize) -> Vec<Duration> {
    let settings = RetrievalSettings::default();
    let ask_all = || {
        let mut times = Vec::new();
        for (text, model) in (0..ROUNDS).flat_map(|_| questions) {
            let start = Instant::now();
            let found = retrieve(searcher.revision(), model, text, mode, &settings);
            times.push(start.elapsed());
            assert!(found.is_ok_and(|found| !found.candidates.is_empty()), "`{text}` finds nothing");
        }
        times
    };
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(ask_all)).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a measuring thread does not panic")).collect()
    });
    times.sort_unstable();
    times
}

fn ms(sorted: &[Duration], percentile: usize) -> String {
    let at = (sorted.len() * percentile / 100).min(sorted.len() - 1);
    format!("{:.2}", sorted[at].as_secs_f64() * 1e3)
}
