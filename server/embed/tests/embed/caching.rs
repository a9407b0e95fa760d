//! The cache of vectors: exact, shared, bounded, and never the reason why something fails.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ragops_embed::cache::DEFAULT_LIMIT;
use ragops_embed::{CachedModel, EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};
use ragops_storage::digest_bytes;

/// Counts the texts that reach it; a vector says which text, role and model it was made of.
struct Counting {
    identity: ModelIdentity,
    texts: AtomicUsize,
}

const DIMENSION: usize = 8;

impl Counting {
    fn new(name: &str) -> Self {
        let digest = digest_bytes(name.as_bytes());
        let identity = ModelIdentity { name: name.to_owned(), digest, dimension: DIMENSION, max_tokens: 100 };
        Self { identity, texts: AtomicUsize::new(0) }
    }

    fn vectors(&self, role: &str, texts: &[&str]) -> Embeddings {
        self.texts.fetch_add(texts.len(), Ordering::Relaxed);
        let vector = |text: &&str| {
            let digest = digest_bytes(format!("{}/{role}/{text}", self.identity.name).as_bytes());
            digest.as_bytes()[..DIMENSION].iter().map(|byte| f32::from(*byte) + 0.1).collect::<Vec<_>>()
        };
        Embeddings::from_values(DIMENSION, texts.iter().flat_map(vector).collect()).unwrap()
    }
}

impl EmbeddingModel for Counting {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }
    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        if monitor.advanced(texts.len()).is_break() {
            return Err(EmbedError::Cancelled);
        }
        Ok(self.vectors("passage", texts))
    }
    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        Ok(self.vectors("query", texts))
    }
    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        Ok(self.vectors("query", &[text]).into_values())
    }
    fn token_starts(&self, text: &str) -> Vec<usize> {
        text.split_whitespace().map(|word| word.as_ptr() as usize - text.as_ptr() as usize).collect()
    }
}

fn open(name: &str, dir: &Path) -> CachedModel<Counting> {
    CachedModel::open(Counting::new(name), dir, DEFAULT_LIMIT).unwrap()
}

fn texts(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("글 {n}")).collect()
}

/// Embeds and expects the model's own vectors; returns how many texts reached the model.
fn check(cached: CachedModel<Counting>, texts: &[String]) -> usize {
    let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
    let heard = AtomicUsize::new(0);
    let monitor = |count| {
        heard.fetch_add(count, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let got = cached.embed_passages(&refs, &monitor).unwrap();
    assert_eq!(heard.into_inner(), texts.len());
    let model = cached.into_inner();
    let reached = model.texts.load(Ordering::Relaxed);
    assert_eq!(got, model.vectors("passage", &refs));
    reached
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn a_second_run_takes_every_vector_from_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(check(open("m", dir.path()), &texts(0..600)), 600);
    assert_eq!(check(open("m", dir.path()), &texts(0..700)), 100);
    assert_eq!(check(open("m", dir.path()), &texts(0..700)), 0);
    assert_eq!(files(dir.path()).len(), 2, "a later run appends to the segment of the earlier one");
}

#[test]
fn a_text_given_twice_is_embedded_once() {
    let dir = tempfile::tempdir().unwrap();
    let twice = [texts(0..5), texts(0..5)].concat();
    assert_eq!(check(open("m", dir.path()), &twice), 5);
}

#[test]
fn models_and_roles_do_not_share_vectors_and_single_questions_are_not_written() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(check(open("m", dir.path()), &texts(0..5)), 5);
    assert_eq!(check(open("other", dir.path()), &texts(0..5)), 5);
    let cached = open("m", dir.path());
    cached.embed_query("secret").unwrap();
    cached.embed_queries(&["글 0", "secret"]).unwrap();
    cached.embed_queries(&["글 0", "secret"]).unwrap();
    assert_eq!(cached.into_inner().texts.into_inner(), 3);
}

#[test]
fn every_torn_tail_is_ignored_and_only_its_vector_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    check(open("m", dir.path()), &texts(0..20));
    let [keys, vectors]: [PathBuf; 2] = files(dir.path()).try_into().unwrap();
    let whole = [fs::read(&keys).unwrap(), fs::read(&vectors).unwrap()];
    for cut in 0..80 {
        for (path, bytes) in [(&keys, &whole[0]), (&vectors, &whole[1])] {
            fs::write(&keys, &whole[0]).unwrap();
            fs::write(&vectors, &whole[1]).unwrap();
            fs::write(path, &bytes[..bytes.len() - cut]).unwrap();
            let again = check(open("m", dir.path()), &texts(0..25));
            let lost = if path == &keys { cut.div_ceil(36) } else { cut.div_ceil(32) };
            assert_eq!(again, lost + 5, "{} less {cut}", path.display());
            assert_eq!(check(open("m", dir.path()), &texts(0..25)), 0);
            files(dir.path())
                .into_iter()
                .filter(|p| ![&keys, &vectors].contains(&p))
                .for_each(|p| fs::remove_file(p).unwrap());
        }
    }
}

#[test]
fn a_flipped_byte_costs_one_vector_and_never_gives_a_wrong_one() {
    let dir = tempfile::tempdir().unwrap();
    check(open("m", dir.path()), &texts(0..20));
    for path in files(dir.path()) {
        let whole = fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&path, bytes).unwrap();
            let again = check(open("m", dir.path()), &texts(0..20));
            assert!(again == 1 || again == 20 && at < 44, "{} byte {at}: {again}", path.display());
            files(dir.path()).iter().for_each(|p| fs::remove_file(p).unwrap());
            check(open("m", dir.path()), &texts(0..20));
        }
    }
}

#[test]
fn two_at_once_share_what_was_there_and_write_apart() {
    let dir = tempfile::tempdir().unwrap();
    check(open("m", dir.path()), &texts(0..10));
    let (first, second) = (open("m", dir.path()), open("m", dir.path()));
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(check(first, &texts(0..500)), 490));
        scope.spawn(|| assert_eq!(check(second, &[texts(0..10), texts(500..900)].concat()), 400));
    });
    assert_eq!(check(open("m", dir.path()), &texts(0..900)), 0);
}

#[test]
fn the_oldest_vectors_go_when_the_cache_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let limit = 64 << 10;
    let open = |name: &str| CachedModel::open(Counting::new(name), dir.path(), limit).unwrap();
    check(open("old"), &texts(0..100));
    for round in 0..20 {
        check(open("m"), &texts(round * 300..(round + 1) * 300));
        let size: u64 = files(dir.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
        assert!(size <= limit + limit / 8, "{size}");
    }
    assert_eq!(check(open("m"), &texts(5900..6000)), 0, "the newest are kept");
    assert_eq!(check(open("old"), &texts(0..100)), 100, "the oldest are gone");
}

#[test]
fn a_cache_that_cannot_be_written_does_not_stop_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let cached = open("m", &dir.path().join("cache"));
    fs::remove_dir_all(dir.path().join("cache")).unwrap();
    let vectors = cached.embed_passages(&["a", "b"], &()).unwrap();
    assert_eq!(vectors.len(), 2);
    let problem = cached.take_problem().expect("the fault is there to be logged").to_string();
    assert!(problem.contains("cache"), "{problem}");
    assert!(cached.take_problem().is_none());
    assert_eq!(cached.embed_passages(&["c"], &()).unwrap().len(), 1);
}

#[test]
fn stopping_keeps_what_was_already_made() {
    let dir = tempfile::tempdir().unwrap();
    let cached = open("m", dir.path());
    let all = texts(0..1000);
    let refs: Vec<&str> = all.iter().map(String::as_str).collect();
    let heard = AtomicUsize::new(0);
    let stop = |count| match heard.fetch_add(count, Ordering::Relaxed) {
        0..500 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    assert!(matches!(cached.embed_passages(&refs, &stop), Err(EmbedError::Cancelled)));
    drop(cached);
    assert_eq!(check(open("m", dir.path()), &all), 488);
}
