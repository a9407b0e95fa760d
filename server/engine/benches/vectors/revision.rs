//! What a revision does with its vectors: time and recall by index type, two clients beside one, anonymous memory, opening.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ragops_engine::index::vectors::{ExactVectors, Factory, VectorIndex, VectorWriter, build_codes};
use ragops_engine::settings::VectorIndexType;

use super::sentences::Rows;
use super::{quantile, times};

/// How many clients' work is counted for.
const CLIENTS_RUN: Duration = Duration::from_secs(3);
/// Depths that are asked for: a short list, and what a channel gives to the fusion.
const DEPTHS: [usize; 2] = [10, 100];

pub(crate) fn measure(passages: &Rows, questions: &Rows) -> Result<()> {
    println!("A revision's search: candidates from the codes, exact cosines from the mapped vectors.\n");
    println!(
        "| type | index | setting | candidates a hit | build s | recall@10 | p50 ms | p99 ms | recall@100 | p50 ms | p99 ms | \
         2 clients / 1 | opened in ms | anonymous MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let dir = tempfile::tempdir()?;
    let mut writer = VectorWriter::create(dir.path(), passages.dimension)?;
    writer.push(&passages.values)?;
    writer.finish()?;
    // Half of the questions tune, the other half measures.
    let (tuning, asked): (Vec<usize>, Vec<usize>) = (0..questions.len()).partition(|number| number % 2 == 0);
    let tuning: Vec<f32> = tuning.iter().flat_map(|number| questions.row(*number)).copied().collect();
    let asked: Vec<&[f32]> = asked.iter().map(|number| questions.row(*number)).collect();
    for kind in [VectorIndexType::Flat, VectorIndexType::IvfPq, VectorIndexType::Hnsw] {
        let exact = ExactVectors::open(dir.path(), passages.dimension)?;
        let chosen = Factory::choose(&kind, exact.len(), exact.dimension())?;
        let start = Instant::now();
        let codes = chosen.map(|factory| build_codes(dir.path(), &exact, &factory, &tuning)).transpose()?;
        let built = start.elapsed().as_secs_f64();
        let before = anonymous_mebibytes()?;
        let start = Instant::now();
        let index = VectorIndex::open(dir.path(), passages.dimension, codes.as_ref())?;
        let opened = start.elapsed().as_secs_f64() * 1e3;
        let mut row = match &codes {
            None => format!("| {kind:?} | - | - | - | {built:.1} "),
            Some(codes) => {
                let setting = codes.setting.map_or_else(|| "-".to_owned(), |value| value.to_string());
                format!("| {kind:?} | {} | {setting} | {} | {built:.1} ", codes.factory, codes.candidates)
            }
        };
        for depth in DEPTHS {
            for question in &asked {
                index.search(question, depth)?;
            }
            let times = times(asked.iter(), |question| Ok(index.search(question, depth)?))?;
            let recall = recall(&index, &exact, &asked, depth)?;
            row.push_str(&format!("| {recall:.4} | {:.3} | {:.3} ", quantile(&times, 0.5), quantile(&times, 0.99)));
        }
        let memory = anonymous_mebibytes()? - before;
        let scaling = rate(&index, &asked, 2)? / rate(&index, &asked, 1)?;
        println!("{row}| {scaling:.2} | {opened:.1} | {memory:.0} |");
    }
    println!(
        "\nOne question at a time; two clients are two threads that search one index. Half of the questions tune, the \
              other half is measured."
    );
    Ok(())
}

/// The share of the exact nearest that was found.
fn recall(index: &VectorIndex, exact: &ExactVectors, asked: &[&[f32]], depth: usize) -> Result<f64> {
    let mut found = 0;
    for question in asked {
        let hits = index.search(question, depth)?;
        let nearest = exact.search(question, depth)?;
        found += nearest.iter().filter(|near| hits.iter().any(|hit| hit.chunk == near.chunk)).count();
    }
    Ok(found as f64 / (asked.len() * depth) as f64)
}

/// Searches a second that this many threads make together.
fn rate(index: &VectorIndex, asked: &[&[f32]], clients: usize) -> Result<f64> {
    let done = AtomicUsize::new(0);
    let start = Instant::now();
    let work = |client: usize| -> Result<()> {
        for question in asked.iter().cycle().skip(client * asked.len() / clients) {
            if start.elapsed() >= CLIENTS_RUN {
                return Ok(());
            }
            index.search(question, DEPTHS[1])?;
            done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|client| scope.spawn(move || work(client))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a client does not panic"))
    })?;
    Ok(done.into_inner() as f64 / start.elapsed().as_secs_f64())
}

/// Memory of this process that no file stands behind.
fn anonymous_mebibytes() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
}
