//! Measures ingest without model and index: read, chunk and analyse, one thread and all cores, over copies of a
//! retrieval set's documents written as Markdown files.
//!
//! `cargo run --release -p ragops-engine --example ingest -- ../shared/data/k8s_docs`

use std::path::Path;
use std::time::Instant;

use ragops_engine::chunk::{ChunkSettings, chunk};
use ragops_engine::document::{Chunk, Document, SourceName};
use ragops_engine::read::{FileContent, FolderSource, Registry, scan};
use ragops_engine::text::{Analyzer, TokenBuffer};
use serde_json::Value;

const SETTINGS: ChunkSettings = ChunkSettings { max_tokens: 384, overlap_tokens: 48 };

/// A counter that costs next to nothing.
fn count(text: &str) -> usize {
    text.len().div_ceil(4)
}

fn write_files(set: &Path, folder: &Path) {
    let corpus = std::fs::read_to_string(set.join("corpus.jsonl")).expect("the set has a corpus");
    for (at, line) in corpus.lines().enumerate() {
        let record: Value = serde_json::from_str(line).expect("each line is JSON");
        let text = format!("---\ntitle: {}\n---\n{}", record["title"], record["text"].as_str().unwrap_or_default());
        std::fs::write(folder.join(format!("{at:06}.md")), text).expect("the folder can be written");
    }
}

/// Runs a step over all items on `threads` threads and gives the results in order.
fn timed<T: Sync, R: Send>(name: &str, threads: usize, items: &[T], step: impl Fn(&T) -> R + Sync) -> (Vec<R>, f64) {
    let start = Instant::now();
    let size = items.len().div_ceil(threads).max(1);
    let results = std::thread::scope(|scope| {
        let workers: Vec<_> =
            items.chunks(size).map(|part| scope.spawn(|| part.iter().map(&step).collect::<Vec<R>>())).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no step panics")).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("  {name:8} {:8.1} ms", seconds * 1e3);
    (results, seconds)
}

fn main() {
    let set = std::env::args().nth(1).expect("the first argument is the folder of a retrieval set");
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_files(Path::new(&set), folder.path());
    let source = FolderSource {
        name: SourceName::new("bench"),
        root: folder.path().to_path_buf(),
        include: vec!["**/*.md".to_owned()],
        exclude: Vec::new(),
        on_error: ragops_engine::read::OnError::Skip,
    };
    let registry = Registry::with(std::sync::Arc::new(ragops_engine::read::InProcess));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, cores] {
        eprintln!("{threads} thread(s)");
        let start = Instant::now();
        let files = scan(&source).expect("the folder can be listed").files;
        eprintln!("  {:8} {:8.1} ms", "scan", start.elapsed().as_secs_f64() * 1e3);
        let (contents, load): (Vec<FileContent>, f64) =
            timed("load", threads, &files, |file| file.load().expect("the file is there"));
        let (documents, read): (Vec<Vec<Document>>, f64) =
            timed("read", threads, &contents, |content| registry.read(content).documents);
        let documents: Vec<Document> = documents.into_iter().flatten().collect();
        let (chunks, cut): (Vec<Vec<Chunk>>, f64) =
            timed("chunk", threads, &documents, |document| chunk(document, &SETTINGS, &count));
        let chunks: Vec<Chunk> = chunks.into_iter().flatten().collect();
        let parts: Vec<&[Chunk]> = chunks.chunks(chunks.len().div_ceil(threads).max(1)).collect();
        let (terms, analyse) = timed("analyse", threads, &parts, |part| {
            let mut buffer = TokenBuffer::default();
            let terms = |chunk: &Chunk| {
                Analyzer.analyze(&chunk.embedding_text(), &mut buffer);
                buffer.len()
            };
            part.iter().map(terms).sum::<usize>()
        });
        let bytes: usize = contents.iter().map(|content| content.bytes.len()).sum();
        let n = chunks.len() as f64;
        eprintln!(
            "  {} files, {:.1} MB, {} chunks, {} terms: read+chunk {:.0} chunks/s, with load and analysis {:.0} chunks/s",
            files.len(),
            bytes as f64 / 1e6,
            chunks.len(),
            terms.iter().sum::<usize>(),
            n / (read + cut),
            n / (load + read + cut + analyse),
        );
    }
}
