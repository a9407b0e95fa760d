//! How much memory a build takes beside the model: builds an index of made-up pages with a model that only hashes, and
//! prints the most memory that the process held, without the pages of mapped files, which the kernel takes back at will.
//! `build_memory CHUNKS`, 50,000 unless told; `build_memory records COUNT` puts short records into one file of JSON lines
//! instead, which may have 16 MiB: about 350,000 of them. Linux only.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ragops_embed::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};
use ragops_engine::build::{BuildRequest, Unobserved, build};
use ragops_engine::document::SourceName;
use ragops_engine::read::FolderSource;
use ragops_engine::revision::RevisionStore;
use ragops_engine::settings::BuildSettings;
use ragops_storage::digest_bytes;

/// Sections of a page; each is one chunk.
const SECTIONS: usize = 20;
/// Words of a section: about a chunk of the default size.
const WORDS: usize = 220;

struct Hashing(ModelIdentity);

impl Hashing {
    fn vectors(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        let mut values = Vec::with_capacity(texts.len() * self.0.dimension);
        for text in texts {
            let digest = digest_bytes(text.as_bytes());
            let row: Vec<f32> =
                (0..self.0.dimension).map(|at| f32::from(digest.as_bytes()[at % 32]) - 127.0 + at as f32).collect();
            let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            values.extend(row.iter().map(|x| x / length));
        }
        Ok(Embeddings::from_values(self.0.dimension, values).expect("whole rows were made"))
    }
}

impl EmbeddingModel for Hashing {
    fn identity(&self) -> &ModelIdentity {
        &self.0
    }

    fn embed_passages(&self, texts: &[&str], _: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        self.vectors(texts)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.vectors(texts)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        Ok(self.vectors(&[text])?.into_values())
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        text.split_whitespace().map(|word| word.as_ptr() as usize - text.as_ptr() as usize).collect()
    }
}

/// Words as they come in texts: few of them often, most of them hardly ever.
fn word(random: &mut u64) -> u64 {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let uniform = (*random >> 11) as f64 / (1_u64 << 53) as f64;
    (200_000_f64.powf(uniform)) as u64
}

fn page(number: usize, random: &mut u64) -> String {
    let mut text = format!("# Page {number}\n");
    for section in 0..SECTIONS {
        let _ = write!(text, "\n## Section {section} of {number}\n\n");
        for at in 1..=WORDS {
            let _ = write!(text, "w{:x}{}", word(random), if at % 11 == 0 { ".\n" } else { " " });
        }
    }
    text
}

/// One file of short records: the most chunks that a batch can hold.
fn records(count: usize) -> String {
    let mut lines = String::new();
    for number in 0..count {
        let _ = writeln!(lines, r#"{{"id":"{number}","text":"Alarm {number} is on."}}"#);
    }
    lines
}

/// Memory held now and not backed by a file, in MiB.
fn held() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).expect("the kernel is newer than 4.5");
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).expect("a number of kB") / 1024
}

/// The most that `work` held, in MiB, looked at every 5 ms.
fn most_held<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let (done, most) = (AtomicBool::new(false), AtomicU64::new(0));
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(held(), Ordering::Relaxed);
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    });
    (result, most.into_inner())
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let docs = folder.path().join("docs");
    fs::create_dir(&docs).expect("the folder is new");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &String| text.parse::<usize>().expect("a number is expected");
    match arguments.as_slice() {
        [kind, count] if kind == "records" => {
            fs::write(docs.join("records.jsonl"), records(number(count))).expect("there is space");
        }
        arguments => {
            let mut random = 7;
            for number in 0..arguments.first().map_or(50_000, number).div_ceil(SECTIONS) {
                fs::write(docs.join(format!("{number}.md")), page(number, &mut random)).expect("there is space");
            }
        }
    }
    let digest = digest_bytes(b"hashing");
    let model = Hashing(ModelIdentity { name: "hashing".to_owned(), digest, dimension: 384, max_tokens: 512 });
    let request = BuildRequest {
        index: "memory".to_owned(),
        sources: vec![FolderSource {
            name: SourceName::new("docs"),
            root: docs,
            include: Vec::new(),
            exclude: Vec::new(),
            on_error: ragops_engine::read::OnError::Skip,
        }],
        settings: BuildSettings::default(),
        created_time: "2026-01-02T03:04:05Z".to_owned(),
        built_by: "build_memory".to_owned(),
        history: 0,
        extractor: ragops_engine::build::SharedExtractor(std::sync::Arc::new(ragops_engine::read::InProcess)),
        gold: None,
        documents: None,
    };
    let before = held();
    let start = std::time::Instant::now();
    let store = RevisionStore::of_index(&folder.path().join("data"), "memory");
    let (built, most) = most_held(|| build(&request, &model, &store, &Unobserved));
    let counts = built.expect("the build succeeds").manifest.counts;
    println!(
        "{} chunks, {} MB of sources, {:.0} s: {most} MiB at most, {before} MiB before",
        counts.chunks,
        counts.source_bytes / 1_000_000,
        start.elapsed().as_secs_f64()
    );
}
