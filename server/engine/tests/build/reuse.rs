//! What an earlier build read, cut and embedded is not read, cut or embedded again, and it makes no difference to what
//! comes out.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ragops_embed::{CachedModel, EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};
use ragops_engine::build::{
    BuildError, BuildObserver, BuildOutcome, BuildRequest, BuildResult, DocumentCache, Progress, SharedExtractor,
    Stage, Unobserved, build,
};
use ragops_engine::read::{Extractor, InProcess};
use ragops_engine::revision::RevisionStore;
use ragops_formats::pool::Breach;
use ragops_formats::{Extract, Format};

use crate::world::{WordHashes, World};

const LIMIT: u64 = 64 << 20;

/// Counts what is asked of a model.
struct Counting {
    model: WordHashes,
    embedded: AtomicUsize,
    counted: AtomicUsize,
}

impl Counting {
    fn new() -> Self {
        Self { model: WordHashes::new(), embedded: AtomicUsize::new(0), counted: AtomicUsize::new(0) }
    }
}

impl EmbeddingModel for &Counting {
    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        self.embedded.fetch_add(texts.len(), Ordering::Relaxed);
        self.model.embed_passages(texts, monitor)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.model.embed_queries(texts)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.model.embed_query(text)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.counted.fetch_add(1, Ordering::Relaxed);
        self.model.count_tokens(text)
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        self.model.token_starts(text)
    }
}

/// Counts the files that are parsed.
#[derive(Default)]
struct CountingExtractor(AtomicUsize);

impl Extractor for CountingExtractor {
    fn extract(&self, format: Option<Format>, bytes: &[u8]) -> Result<Extract, Breach> {
        self.0.fetch_add(1, Ordering::Relaxed);
        InProcess.extract(format, bytes)
    }
}

/// What one build did.
#[derive(Debug, PartialEq, Eq)]
struct Work {
    result: BuildResult,
    reused_files: u64,
    parsed: usize,
    counted: usize,
    embedded: usize,
}

/// A build with both caches below `caches`.
fn build_cached(world: &World, caches: &Path) -> (BuildOutcome, Work) {
    let (counting, extractor) = (Counting::new(), Arc::new(CountingExtractor::default()));
    let request = BuildRequest {
        documents: Some(Arc::new(DocumentCache::open(&caches.join("documents"), LIMIT).unwrap())),
        extractor: SharedExtractor(extractor.clone()),
        ..world.request()
    };
    let model = CachedModel::open(&counting, caches, LIMIT).unwrap();
    let outcome = build(&request, &model, &world.store(), &Unobserved).unwrap();
    let work = Work {
        result: outcome.result,
        reused_files: outcome.reused_files,
        parsed: extractor.0.load(Ordering::Relaxed),
        counted: counting.counted.load(Ordering::Relaxed),
        embedded: counting.embedded.load(Ordering::Relaxed),
    };
    (outcome, work)
}

fn mail(subject: &str) -> String {
    format!(
        "From: ops@example.com\r\nSubject: {subject}\r\nContent-Type: text/plain\r\n\r\nThe {subject} is in rack 7.\r\n"
    )
}

fn world_of_pages() -> World {
    let world = World::new();
    (0..30).for_each(|n| world.write(&format!("page-{n:02}.md"), &format!("# Page {n}\n\nThe fan {n} is loud.\n")));
    (0..5).for_each(|n| world.write(&format!("mail-{n}.eml"), &mail(&format!("pump {n}"))));
    world.write("empty.md", "");
    world.write("broken.pdf", "no PDF");
    world
}

/// A revision that was built without any cache, elsewhere, from the same documents.
fn assert_as_built_anew(world: &World, outcome: &BuildOutcome) {
    let elsewhere = tempfile::tempdir().unwrap();
    let store = RevisionStore::of_index(elsewhere.path(), "docs");
    let anew = build(&world.request(), &WordHashes::new(), &store, &Unobserved).unwrap();
    assert_eq!(anew.revision, outcome.revision);
    assert_eq!(anew.manifest.counts, outcome.manifest.counts);
    assert_eq!(anew.manifest.findings, outcome.manifest.findings);
    assert_eq!(anew.manifest.background, outcome.manifest.background);
    for part in ["chunks.jsonl", "documents.jsonl", "chunks.documents", "chunks.languages", "vectors.faiss"] {
        let of = |store: &RevisionStore| fs::read(store.path_of(&outcome.revision).join(part)).unwrap();
        assert!(of(&store) == of(&world.store()), "{part} differs");
    }
}

#[test]
fn only_what_changed_is_parsed_cut_and_embedded_again() {
    let (world, caches) = (world_of_pages(), tempfile::tempdir().unwrap());
    let (first, work) = build_cached(&world, caches.path());
    assert!(work.counted > 30 && work.embedded >= 36 && work.parsed == 6, "{work:?}");
    assert_eq!((work.result, work.reused_files), (BuildResult::Built, 0));
    assert_as_built_anew(&world, &first);

    let nothing = Work { result: BuildResult::Unchanged, reused_files: 38, parsed: 0, counted: 0, embedded: 0 };
    assert_eq!(build_cached(&world, caches.path()).1, nothing);

    // One changed, one added, one removed, one renamed; the rest is as it was.
    world.write("page-07.md", "# Page 7\n\nThe fan 7 was exchanged.\n");
    world.write("new.md", "# New\n\nA valve.\n");
    fs::remove_file(world.docs().join("page-03.md")).unwrap();
    fs::rename(world.docs().join("mail-2.eml"), world.docs().join("letter.eml")).unwrap();
    let (changed, work) = build_cached(&world, caches.path());
    assert_eq!((work.result, work.reused_files, work.parsed), (BuildResult::Built, 35, 1), "{work:?}");
    // The changed page, the new one, and the sentences of both and of what is sampled in their place.
    assert!(work.embedded <= 8, "{work:?}");
    assert_as_built_anew(&world, &changed);

    // As it was at first: everything is known.
    world.write("page-07.md", "# Page 7\n\nThe fan 7 is loud.\n");
    world.write("page-03.md", "# Page 3\n\nThe fan 3 is loud.\n");
    fs::remove_file(world.docs().join("new.md")).unwrap();
    fs::rename(world.docs().join("letter.eml"), world.docs().join("mail-2.eml")).unwrap();
    fs::remove_dir_all(world.store().path_of(&first.revision)).unwrap();
    let (again, work) = build_cached(&world, caches.path());
    assert_eq!(work, Work { result: BuildResult::Built, ..nothing });
    assert_as_built_anew(&world, &again);
}

/// Other settings cut otherwise, and another name is another title.
#[test]
fn what_decides_how_a_file_is_cut_is_a_part_of_what_is_remembered() {
    let (world, caches) = (world_of_pages(), tempfile::tempdir().unwrap());
    let documents = || Some(Arc::new(DocumentCache::open(caches.path(), LIMIT).unwrap()));
    let with = |edit: &dyn Fn(&mut BuildRequest)| {
        let mut request = BuildRequest { documents: documents(), ..world.request() };
        edit(&mut request);
        world.build_request(&request).unwrap().reused_files
    };
    assert_eq!(with(&|_| {}), 0);
    assert_eq!(with(&|request| request.settings.chunking.max_tokens = 100), 0);
    assert_eq!(with(&|request| request.settings.chunking.overlap_tokens = 3), 0);
    assert_eq!(with(&|request| request.sources[0].exclude = vec!["new.md".to_owned()]), 38);
}

/// Ends a build once so many chunks are embedded.
struct Until(u64, AtomicUsize);

impl BuildObserver for Until {
    fn progress(&self, progress: Progress) {
        if progress.stage == Stage::Index {
            self.1.store(progress.chunks as usize, Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.1.load(Ordering::Relaxed) as u64 >= self.0
    }
}

#[test]
fn a_build_that_was_ended_goes_on_where_it_was() {
    let (world, caches) = (World::new(), tempfile::tempdir().unwrap());
    for n in 0..40 {
        let sections: String =
            (0..40).map(|s| format!("## Part {s}\n\n{}\n\n", format!("word{n}x{s} ").repeat(200))).collect();
        world.write(&format!("{n}.md"), &format!("# Page {n}\n\n{sections}"));
    }
    let (whole, total) = {
        let counting = Counting::new();
        let other = tempfile::tempdir().unwrap();
        let store = RevisionStore::of_index(other.path(), "docs");
        let outcome = build(&world.request(), &&counting, &store, &Unobserved).unwrap();
        (outcome, counting.embedded.load(Ordering::Relaxed))
    };
    let counting = Counting::new();
    let model = || CachedModel::open(&counting, caches.path(), LIMIT).unwrap();
    let mut ended = 0;
    for share in [2, 5, 8] {
        let until = Until(whole.manifest.counts.chunks * share / 10, AtomicUsize::new(0));
        let result = build(&world.request(), &model(), &world.store(), &until);
        ended += usize::from(matches!(result, Err(BuildError::Cancelled)));
    }
    assert_eq!(ended, 3);
    let outcome = build(&world.request(), &model(), &world.store(), &Unobserved).unwrap();
    assert_eq!(outcome.revision, whole.revision);
    let embedded = counting.embedded.load(Ordering::Relaxed);
    assert!(embedded as f64 <= 1.05 * total as f64, "{embedded} texts were embedded for {total}");
}

/// Whatever becomes of the caches, the revision is the same.
#[test]
fn damaged_caches_cost_time_and_nothing_else() {
    let (world, caches) = (world_of_pages(), tempfile::tempdir().unwrap());
    build_cached(&world, caches.path());
    for (round, damage) in [3_usize, 64, 1_000].into_iter().enumerate() {
        for folder in [caches.path().to_owned(), caches.path().join("documents")] {
            let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
            for path in files {
                let mut bytes = fs::read(&path).unwrap();
                // Behind the header, without which nothing else would be looked at.
                bytes.iter_mut().skip(44 + round).step_by(damage).for_each(|byte| *byte ^= 0x41);
                fs::write(&path, bytes).unwrap();
            }
        }
        world.write("new.md", &format!("# New\n\nA valve {round}.\n"));
        assert_as_built_anew(&world, &build_cached(&world, caches.path()).0);
    }
}

#[test]
fn builds_side_by_side_share_the_caches() {
    let caches = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..4 {
            let caches = caches.path();
            scope.spawn(move || {
                let world = world_of_pages();
                world.write("own.md", &format!("# Own\n\nPage of build {number}.\n"));
                assert_as_built_anew(&world, &build_cached(&world, caches).0);
            });
        }
    });
    let world = world_of_pages();
    let (outcome, work) = build_cached(&world, caches.path());
    assert_eq!((work.reused_files, work.parsed), (38, 0), "{work:?}");
    assert_as_built_anew(&world, &outcome);
}
