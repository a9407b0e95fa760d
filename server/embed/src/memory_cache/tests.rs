use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Condvar, Mutex};

use super::*;

/// Gives each text a vector of its own and counts what it embeds. While `hold` is shut, single questions wait.
struct Counting {
    identity: ModelIdentity,
    embedded: AtomicUsize,
    open: Mutex<bool>,
    opened: Condvar,
}

impl Counting {
    fn new() -> Arc<Self> {
        let digest = ragops_storage::digest_bytes(b"counting");
        let identity = ModelIdentity { name: "counting".into(), digest, dimension: 4, max_tokens: 8 };
        Arc::new(Self { identity, embedded: AtomicUsize::new(0), open: Mutex::new(true), opened: Condvar::new() })
    }

    fn count(&self) -> usize {
        self.embedded.load(Ordering::SeqCst)
    }

    fn set_open(&self, open: bool) {
        *self.open.lock().unwrap() = open;
        self.opened.notify_all();
    }

    fn vector(&self, text: &str) -> Vec<f32> {
        self.embedded.fetch_add(1, Ordering::SeqCst);
        let digest = ragops_storage::digest_bytes(text.as_bytes());
        digest.as_bytes()[..4].iter().map(|byte| f32::from(*byte)).collect()
    }

    fn list(&self, texts: &[&str]) -> Embeddings {
        Embeddings::from_values(4, texts.iter().flat_map(|text| self.vector(text)).collect()).unwrap()
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
        Ok(self.list(texts))
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        Ok(self.list(texts))
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        drop(self.opened.wait_while(self.open.lock().unwrap(), |open| !*open).unwrap());
        match text {
            "broken" => Err(EmbedError::Model { model: "counting".into(), reason: "broken".into() }),
            _ => Ok(self.vector(text)),
        }
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        text.char_indices().map(|(at, _)| at).collect()
    }
}

#[test]
fn a_question_asked_again_is_embedded_once() {
    let inner = Counting::new();
    let model = MemoryCachedModel::new(inner.clone(), DEFAULT_MEMORY);
    let first = model.embed_query("why?").unwrap();
    assert_eq!((model.embed_query("why?").unwrap(), inner.count()), (first.clone(), 1));
    assert_eq!(first, inner.vector("why?"));
    assert_ne!(model.embed_query("how?").unwrap(), first);
}

#[test]
fn a_passage_is_no_question() {
    let inner = Counting::new();
    let model = MemoryCachedModel::new(inner.clone(), DEFAULT_MEMORY);
    model.embed_query("same").unwrap();
    model.embed_passages(&["same"], &()).unwrap();
    assert_eq!(inner.count(), 2);
}

#[test]
fn of_many_passages_only_new_ones_are_embedded_and_rows_keep_their_order() {
    let inner = Counting::new();
    let model = MemoryCachedModel::new(inner.clone(), DEFAULT_MEMORY);
    model.embed_passages(&["b", "d"], &()).unwrap();
    let heard = AtomicUsize::new(0);
    let listen = |texts: usize| {
        heard.fetch_add(texts, Ordering::SeqCst);
        std::ops::ControlFlow::Continue(())
    };
    let rows = model.embed_passages(&["a", "b", "c", "d"], &listen).unwrap();
    assert_eq!((inner.count(), heard.into_inner()), (4, 4));
    assert_eq!(rows, inner.list(&["a", "b", "c", "d"]));
}

#[test]
fn equal_questions_at_the_same_time_are_embedded_once() {
    let inner = Counting::new();
    let model = MemoryCachedModel::new(inner.clone(), DEFAULT_MEMORY);
    inner.set_open(false);
    let begun = Barrier::new(9);
    let vectors = std::thread::scope(|scope| {
        let ask = || {
            begun.wait();
            model.embed_query("all at once").unwrap()
        };
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        begun.wait();
        inner.set_open(true);
        asking.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(inner.count(), 1);
    assert!(vectors.iter().all(|vector| *vector == vectors[0]));
}

#[test]
fn a_failure_is_told_to_each_who_asks_and_not_kept() {
    let inner = Counting::new();
    let model = MemoryCachedModel::new(inner.clone(), DEFAULT_MEMORY);
    for _ in 0..2 {
        assert!(matches!(model.embed_query("broken"), Err(EmbedError::Model { .. })));
    }
    assert!(model.vectors.is_empty());
}

/// With one worker a task that waits for another of the same worker would wait for ever.
#[test]
fn workers_of_a_pool_do_not_wait_for_each_other() {
    struct Nested(Arc<Counting>, std::sync::OnceLock<std::sync::Weak<MemoryCachedModel>>);
    impl EmbeddingModel for Nested {
        fn identity(&self) -> &ModelIdentity {
            self.0.identity()
        }
        fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
            self.0.embed_passages(texts, monitor)
        }
        fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
            self.0.embed_queries(texts)
        }
        /// While it works it comes upon the same question, as a worker does that takes up other work.
        fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
            if self.0.count() == 0 {
                self.0.vector("begun");
                self.1.get().and_then(std::sync::Weak::upgrade).unwrap().embed_query(text)?;
            }
            self.0.embed_query(text)
        }
        fn token_starts(&self, text: &str) -> Vec<usize> {
            self.0.token_starts(text)
        }
    }
    let inner = Arc::new(Nested(Counting::new(), std::sync::OnceLock::new()));
    let model = Arc::new(MemoryCachedModel::new(inner.clone(), DEFAULT_MEMORY));
    inner.1.set(Arc::downgrade(&model)).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let vector = pool.install(|| model.embed_query("again")).unwrap();
    assert_eq!((vector, inner.0.count()), (inner.0.vector("again"), 3));
}

#[test]
fn memory_is_bounded() {
    let inner = Counting::new();
    let model = MemoryCachedModel::new(inner.clone(), 100 * (16 + ENTRY_BYTES));
    for question in 0..10_000 {
        model.embed_query(&question.to_string()).unwrap();
    }
    assert!(model.vectors.weight() <= 100 * (16 + ENTRY_BYTES), "{} bytes", model.vectors.weight());
    assert!(model.vectors.len() >= 50, "{} entries", model.vectors.len());
}
