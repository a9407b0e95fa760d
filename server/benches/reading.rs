//! Measures reading: the real documents of the shared data one by one (reader, characters, findings, time), small
//! Markdown files by the thousand, a PDF of 500 pages, and the memory of the reader processes. Prints Markdown;
//! `scripts/bench.sh` puts it into docs/benchmarks.md.
//!
//! `reading --shared DIR [--pypdf DIR]`, the second being where the peer is installed; binary formats go through the real program's reader processes, as in a build.
#![allow(clippy::print_stdout, reason = "a benchmark program prints its results")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ragops_engine::chunk::{ChunkSettings, chunk};
use ragops_engine::document::{Document, Finding, SourceName};
use ragops_engine::read::{FolderSource, OnError, Reading, Registry, SourceFile, media, scan};
use ragops_formats::pool::{MAX_MEMORY_BYTES, Pool, PoolSettings};
use rayon::prelude::*;

/// Small files, each a page of a runbook: some 1,500 bytes.
const SMALL_FILES: usize = 3_000;
/// Pages of the large PDF, each with this many lines.
const PAGES: usize = 500;
const LINES: usize = 55;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == "--shared").context("--shared DIR is needed")?;
    let shared = PathBuf::from(arguments.get(at + 1).context("--shared needs a folder")?);
    println!("## Reading documents\n");
    println!("Binary formats in reader processes, as in a build. Each file after another of its kind.\n");
    let documents = shared.join("data/documents");
    real_documents(&documents)?;
    small_files(&shared)?;
    let at = arguments.iter().position(|argument| argument == "--pypdf");
    let peer = at.and_then(|at| arguments.get(at + 1)).map(PathBuf::from);
    large_pdf(peer.as_deref())?;
    if let Some(peer) = peer {
        real_pdfs(&documents, &peer)?;
    }
    Ok(())
}

fn pool() -> Arc<Pool> {
    let settings = PoolSettings::this_program();
    Arc::new(Pool::new(PoolSettings { program: env!("CARGO_BIN_EXE_ragops-server").into(), ..settings }))
}

fn folder(root: &Path) -> FolderSource {
    FolderSource {
        name: SourceName::new("docs"),
        root: root.to_path_buf(),
        include: Vec::new(),
        exclude: vec!["SOURCE.md".to_owned(), "manifest.jsonl".to_owned()],
        on_error: OnError::Skip,
    }
}

fn characters(document: &Document) -> usize {
    document.blocks.iter().map(|block| block.text.chars().count()).sum()
}

fn counted(findings: &[Finding]) -> String {
    let mut codes: Vec<(String, usize)> = Vec::new();
    for finding in findings {
        let code = finding.code.to_string();
        match codes.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => codes.push((code, 1)),
        }
    }
    codes.iter().map(|(code, count)| format!("{code} {count}")).collect::<Vec<_>>().join(", ")
}

/// A file's name in a table.
fn shown(path: &str) -> String {
    path.replace('|', "\\|")
}

fn real_documents(root: &Path) -> Result<()> {
    let pool = pool();
    let registry = Registry::with(Arc::<Pool>::clone(&pool));
    let scan = scan(&folder(root))?;
    println!("| file | reader | blocks | characters | findings | ms |");
    println!("|---|---|---|---|---|---|");
    let (mut indexed, mut started) = (0, Duration::ZERO);
    for file in &scan.files {
        let content = file.load()?;
        let start = Instant::now();
        let Reading { documents, findings, .. } = registry.read(&content);
        let taken = start.elapsed();
        started += taken;
        indexed += usize::from(!documents.is_empty());
        let reader = reader_of(file, &content.bytes);
        let blocks: usize = documents.iter().map(|document| document.blocks.len()).sum();
        let text: usize = documents.iter().map(characters).sum();
        let (path, found, ms) = (shown(&file.path), counted(&findings), taken.as_secs_f64() * 1e3);
        println!("| {path} | {reader} | {blocks} | {text} | {found} | {ms:.0} |");
    }
    for finding in &scan.findings {
        println!("| {} | *none* | | | {} | |", shown(&finding.path), finding.code);
    }
    let (files, report) = (scan.files.len() + scan.findings.len(), pool.report());
    println!(
        "\n{indexed} of {files} files indexed, the others named, in {:.1} s one after the other. {} files went through {} \
         reader processes; the most memory that one had resident was {} MiB (the limit is {} MiB of address space).\n",
        started.as_secs_f64(),
        report.files,
        report.started,
        report.peak_bytes >> 20,
        MAX_MEMORY_BYTES >> 20,
    );
    Ok(())
}

fn reader_of(file: &SourceFile, bytes: &[u8]) -> String {
    let media_type = media::media_type(&file.path, bytes);
    media_type.binary_format().map_or_else(|| media_type.to_string(), |format| format.to_string())
}

/// Small Markdown files: listed, loaded, read and cut on all cores, without the model.
fn small_files(shared: &Path) -> Result<()> {
    let corpus = std::fs::read_to_string(shared.join("data/runbooks/corpus.jsonl")).context("the runbooks")?;
    let pages: Vec<serde_json::Value> = corpus.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(!pages.is_empty(), "the runbooks are empty");
    let root = tempfile::tempdir()?;
    let mut bytes = 0;
    for (number, page) in (0..SMALL_FILES).zip(pages.iter().cycle()) {
        let text = page["text"].as_str().unwrap_or_default();
        let cut = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= 1_500).last().unwrap_or_default();
        let page = format!("# {} {number}\n\n{}\n", page["title"].as_str().unwrap_or_default(), &text[..cut]);
        bytes += page.len();
        std::fs::write(root.path().join(format!("{number:05}.md")), page)?;
    }
    let registry = Registry::text();
    let settings = ChunkSettings { max_tokens: 384, overlap_tokens: 48 };
    let count = |text: &str| text.len().div_ceil(4);
    let start = Instant::now();
    let scan = scan(&folder(root.path()))?;
    let chunks: usize = scan
        .files
        .par_iter()
        .map(|file| {
            let documents = file.load().map(|content| registry.read(&content).documents).unwrap_or_default();
            documents.iter().map(|document| chunk(document, &settings, &count).len()).sum::<usize>()
        })
        .sum();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{SMALL_FILES} small Markdown files ({} bytes at the mean, {chunks} chunks), listed, read and cut on all cores: \
         **{:.0} files/s** (goal: 300).\n",
        bytes / SMALL_FILES,
        SMALL_FILES as f64 / seconds,
    );
    Ok(())
}

/// A PDF of 500 full pages, through a reader process.
fn large_pdf(peer: Option<&Path>) -> Result<()> {
    let pool = pool();
    let registry = Registry::with(Arc::<Pool>::clone(&pool));
    let bytes = handbook();
    let size = bytes.len();
    let file = tempfile::Builder::new().suffix(".pdf").tempfile()?;
    std::fs::write(file.path(), &bytes)?;
    let content = ragops_engine::read::FileContent::from_bytes(SourceName::new("docs"), "handbook.pdf", bytes);
    let start = Instant::now();
    let reading = registry.read(&content);
    let seconds = start.elapsed().as_secs_f64();
    let text: usize = reading.documents.iter().map(characters).sum();
    ensure!(reading.findings.is_empty() && text > PAGES * LINES * 50, "the handbook was not read: {reading:?}");
    println!(
        "A PDF of {PAGES} pages ({} KiB, {text} characters): **{seconds:.1} s** (goal: 20), {} MiB resident at the peak.\n",
        size >> 10,
        pool.report().peak_bytes >> 20,
    );
    if let Some(peer) = peer {
        let Read { seconds: theirs, characters } = pypdf(peer, file.path())?;
        println!(
            "pypdf {PYPDF}, which LangChain and LlamaIndex read PDF with, on the same file: {theirs:.1} s, {characters} \
             characters: RagOps takes {:.1} % of its time.\n",
            100.0 * seconds / theirs
        );
    }
    Ok(())
}

/// The version of the peer; `scripts/bench.sh` installs it.
const PYPDF: &str = "7.1.0";

/// What the peer made of a file.
struct Read {
    seconds: f64,
    characters: usize,
}

/// Reads a file with pypdf, its start not counted.
fn pypdf(installed: &Path, file: &Path) -> Result<Read> {
    const PROGRAM: &str = "import sys, time\nfrom pypdf import PdfReader\nstart = time.perf_counter()\n\
        text = '\\n'.join(page.extract_text() for page in PdfReader(sys.argv[1]).pages)\n\
        print(time.perf_counter() - start, len(''.join(text.split())))";
    let output = std::process::Command::new("python3")
        .args(["-c", PROGRAM])
        .arg(file)
        .env("PYTHONPATH", installed)
        .output()
        .context("starting python3")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut fields = said.split_whitespace();
    let mut field = || fields.next().with_context(|| String::from_utf8_lossy(&output.stderr).into_owned());
    let (seconds, characters) = (field()?.parse()?, field()?.parse()?);
    Ok(Read { seconds, characters })
}

/// The real PDF files, beside the peer, in turns.
fn real_pdfs(documents: &Path, peer: &Path) -> Result<()> {
    let registry = Registry::with(pool());
    println!("The real PDF files beside pypdf {PYPDF}; characters without white space.\n");
    println!("| file | RagOps, ms | pypdf, ms | RagOps, characters | pypdf, characters |");
    println!("|---|---|---|---|---|");
    let pdfs = scan(&folder(documents))?.files.into_iter().filter(|file| file.path.ends_with(".pdf"));
    for file in pdfs {
        let content = file.load()?;
        let start = Instant::now();
        let reading = registry.read(&content);
        let ours = start.elapsed().as_secs_f64();
        let text = |document: &Document| {
            document.blocks.iter().flat_map(|block| block.text.chars()).filter(|c| !c.is_whitespace()).count()
        };
        let characters: usize = reading.documents.iter().map(text).sum();
        let theirs = match pypdf(peer, &file.absolute) {
            Ok(read) => format!("{:.0} | {characters} | {}", read.seconds * 1e3, read.characters),
            Err(_) => format!("*fails* | {characters} | "),
        };
        println!("| {} | {:.0} | {theirs} |", shown(&file.path), ours * 1e3);
    }
    println!();
    Ok(())
}

/// A handbook: each page with a heading, a running head, a page number and lines of text.
fn handbook() -> Vec<u8> {
    let kids: String = (0..PAGES).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {PAGES} /MediaBox [0 0 600 800] >>"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for page in 0..PAGES {
        let content = page_content(page);
        let resources = "/Resources << /Font << /F1 3 0 R >> >>";
        objects.push(format!("<< /Type /Page /Parent 2 0 R {resources} /Contents {} 0 R >>", 5 + 2 * page));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let (mut bytes, mut table) = (b"%PDF-1.7\n".to_vec(), String::new());
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(table, "{:010} 00000 n ", bytes.len());
        bytes.extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    let (start, size) = (bytes.len(), objects.len() + 1);
    let end = format!(
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    bytes.extend_from_slice(end.as_bytes());
    bytes
}

fn page_content(page: usize) -> String {
    let mut content =
        format!("BT /F1 8 Tf 50 785 Td (Handbook of the pumps) Tj ET\nBT /F1 8 Tf 290 15 Td ({}) Tj ET\n", page + 1);
    let _ = writeln!(content, "BT /F1 16 Tf 50 760 Td (Pump {page} and its valves) Tj ET");
    for line in 0..LINES {
        let at = 735 - 13 * line;
        let _ = writeln!(
            content,
            "BT /F1 10 Tf 50 {at} Td (Line {line} of page {page} says how valve {} is opened, and what to do after that.) Tj ET",
            page * LINES + line
        );
    }
    content
}
