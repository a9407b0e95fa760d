//! Our FAISS beside pip's, one process each, the same factory string and setting, with 1 and 2 threads of OpenMP.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use faiss::index::autotune::ParameterSpace;
use faiss::{Index, MetricType, index_factory};
use serde_json::{Value, json};

use super::sentences::Rows;
use super::{quantile, times};

/// Results asked for.
const K: usize = 10;
const FACTORIES: [(&str, &str); 4] =
    [("SQ8", ""), ("IVF64,PQ192x4fs", "nprobe=32"), ("IVF64,PQ48x8", "nprobe=32"), ("HNSW32,SQ8", "efSearch=128")];
/// Times each side is measured, in turns; the best counts, since other work only slows.
const ROUNDS: usize = 3;

/// The table.
pub(crate) fn compare(passages: &Rows, questions: &Rows, python: &Path) -> Result<()> {
    println!("Our FAISS beside pip's `faiss-cpu`, the {K} nearest: one question at a time, and all at once.\n");
    println!(
        "| factory | threads | ours, p50 ms | faiss-cpu, p50 ms | ours, questions/s | faiss-cpu | ratio p50 | ratio rate |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut version = String::new();
    let built = tempfile::tempdir()?;
    let cores = std::thread::available_parallelism()?.to_string();
    for (number, (factory, setting)) in FACTORIES.into_iter().enumerate() {
        let call = |side: Side, threads: &str| -> Result<Value> {
            let file = built.path().join(format!("{number}-{side:?}.faiss"));
            let mut command = side.command(python)?;
            command.args([&passages.path, &questions.path]);
            command.args([passages.dimension.to_string(), K.to_string(), factory.to_owned(), setting.to_owned()]);
            run(command.arg(file), threads)
        };
        // Built once, on all cores; every measurement opens the file.
        for side in [Side::Ours, Side::Theirs] {
            call(side, &cores)?;
        }
        for threads in ["1", "2"] {
            let (mut ours, mut theirs) = ((f64::MAX, 0.0), (f64::MAX, 0.0));
            for _ in 0..ROUNDS {
                ours = best(ours, &call(Side::Ours, threads)?);
                let ran = call(Side::Theirs, threads)?;
                theirs = best(theirs, &ran);
                version = ran["version"].as_str().unwrap_or_default().to_owned();
            }
            println!(
                "| {factory} {setting} | {threads} | {:.3} | {:.3} | {:.0} | {:.0} | {:.2} | {:.2} |",
                ours.0,
                theirs.0,
                ours.1,
                theirs.1,
                theirs.0 / ours.0,
                ours.1 / theirs.1
            );
        }
    }
    println!(
        "\nfaiss-cpu {version} picks AVX-512 where the machine has it; ours is FAISS 1.12, here with {} (ADR 0021).\n",
        ragops_faiss_kernels::Level::best()
    );
    Ok(())
}

/// Whose FAISS.
#[derive(Debug, Clone, Copy)]
enum Side {
    Ours,
    Theirs,
}

impl Side {
    fn command(self, python: &Path) -> Result<Command> {
        let mut command = match self {
            Self::Ours => Command::new(std::env::current_exe()?),
            Self::Theirs => Command::new(python),
        };
        command.arg(match self {
            Self::Ours => "--searches",
            Self::Theirs => concat!(env!("CARGO_MANIFEST_DIR"), "/benches/vectors/peer.py"),
        });
        Ok(command)
    }
}

fn best(so_far: (f64, f64), ran: &Value) -> (f64, f64) {
    let value = |name: &str| ran[name].as_f64().unwrap_or(f64::NAN);
    (so_far.0.min(value("p50")), so_far.1.max(value("rate")))
}

fn run(command: &mut Command, threads: &str) -> Result<Value> {
    let ran = command.env("OMP_NUM_THREADS", threads).output().with_context(|| format!("{command:?}"))?;
    ensure!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
    Ok(serde_json::from_slice(&ran.stdout)?)
}

/// What the program does when it is called by [`compare`].
pub(crate) fn role(arguments: &[String]) -> Option<Result<()>> {
    match arguments {
        [role, rest @ ..] if role == "--searches" => Some(searches(rest)),
        _ => None,
    }
}

/// What `peer.py` does, with our FAISS.
fn searches(arguments: &[String]) -> Result<()> {
    let [passages, questions, dimension, k, factory, setting, built] = arguments else {
        anyhow::bail!("seven arguments are needed")
    };
    ragops_faiss_kernels::use_best();
    let (dimension, k): (usize, usize) = (dimension.parse()?, k.parse()?);
    let rows = |path: &str| -> Result<Vec<f32>> {
        let bytes = fs::read(path)?;
        Ok(bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap_or_default())).collect())
    };
    let questions = rows(questions)?;
    if !Path::new(built).exists() {
        let passages = rows(passages)?;
        let mut index = index_factory(u32::try_from(dimension)?, factory, MetricType::L2)?;
        index.train(&passages)?;
        index.add(&passages)?;
        faiss::write_index(&index, built)?;
    }
    let mut index = faiss::read_index(built)?;
    if let Some((name, value)) = setting.split_once('=') {
        ParameterSpace::new()?.set_index_parameter(&index, name, value.parse::<u32>()?)?;
    }
    for question in questions.chunks_exact(dimension).take(50) {
        index.search(question, k)?;
    }
    let alone = times(questions.chunks_exact(dimension), |question| Ok(index.search(question, k)?))?;
    let mut rate = 0.0_f64;
    for _ in 0..5 {
        let start = Instant::now();
        index.search(&questions, k)?;
        rate = rate.max((questions.len() / dimension) as f64 / start.elapsed().as_secs_f64());
    }
    println!("{}", json!({"p50": quantile(&alone, 0.5), "rate": rate}));
    Ok(())
}
