//! A cache of vectors on disk, outside any index: embedding the same text with the same model again costs a read.
//! It may be lost at any time. A fault of the cache never fails an embedding: it then works without.

mod segment;
mod store;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ragops_storage::{Sha256Hasher, StorageError};
use segment::Owner;
use store::VectorStore;

use crate::local::Role;
use crate::port::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};

/// How much a cache holds unless told otherwise: 2 GiB, about 1.3 million vectors of 384 values.
pub const DEFAULT_LIMIT: u64 = 2 << 30;

/// The first 16 bytes of the SHA-256 of model, role and text.
type Key = [u8; 16];

/// Texts are embedded in groups of this many, and written to the cache after each, so that a stopped run keeps them.
const GROUP: usize = 256;

/// A model whose vectors are remembered on disk.
///
/// Passages and lists of queries (evaluation sets) are remembered; a single question, which a user asked, is not: it
/// costs milliseconds, and what people ask does not belong into a file.
pub struct CachedModel<M> {
    model: M,
    store: Mutex<VectorStore>,
    /// Set by the first fault; from then on nothing is written.
    stopped: AtomicBool,
    problem: Mutex<Option<StorageError>>,
}

impl<M: EmbeddingModel> CachedModel<M> {
    /// Remembers the vectors of `model` in `dir`, which may be shared with other models and processes, in at most
    /// about `limit` bytes over all of them: then the oldest are dropped.
    pub fn open(model: M, dir: &Path, limit: u64) -> Result<Self, StorageError> {
        let owner = Owner { model: model.identity().digest, dimension: model.identity().dimension };
        let store = Mutex::new(VectorStore::open(dir, limit, owner)?);
        Ok(Self { model, store, stopped: AtomicBool::new(false), problem: Mutex::default() })
    }

    /// The fault that made the cache stop remembering (a full disk, say), for the log; given to the first who asks.
    pub fn take_problem(&self) -> Option<StorageError> {
        lock(&self.problem).take()
    }

    /// The model itself.
    pub fn into_inner(self) -> M {
        self.model
    }

    fn key(&self, role: Role, text: &str) -> Key {
        let mut hasher = Sha256Hasher::default();
        hasher.update_field(self.model.identity().digest.as_bytes());
        hasher.update_field(role.prefix().as_bytes());
        hasher.update_field(text.as_bytes());
        let mut key = Key::default();
        key.copy_from_slice(&hasher.finish().as_bytes()[..16]);
        key
    }

    fn embed(&self, role: Role, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        let dimension = self.model.identity().dimension;
        let mut values = vec![0.0; texts.len() * dimension];
        let mut missing: Vec<(Key, Vec<usize>)> = Vec::new();
        let mut places: HashMap<Key, usize> = HashMap::new();
        let mut found = 0;
        for (row, text) in texts.iter().enumerate() {
            let key = self.key(role, text);
            if let Some(place) = places.get(&key) {
                missing[*place].1.push(row);
            } else if let Some(vector) = lock(&self.store).get(&key) {
                values[row * dimension..][..dimension].copy_from_slice(&vector);
                found += 1;
            } else {
                places.insert(key, missing.len());
                missing.push((key, vec![row]));
            }
        }
        let repeated = texts.len() - found - missing.len();
        if found + repeated > 0 && monitor.advanced(found + repeated).is_break() {
            return Err(EmbedError::Cancelled);
        }
        for group in missing.chunks(GROUP) {
            let group_texts: Vec<&str> = group.iter().map(|(_, rows)| texts[rows[0]]).collect();
            let vectors = match role {
                Role::Passage => self.model.embed_passages(&group_texts, monitor)?,
                Role::Query => self.model.embed_queries(&group_texts)?,
            };
            for ((_, rows), vector) in group.iter().zip(vectors.rows()) {
                rows.iter().for_each(|row| values[row * dimension..][..dimension].copy_from_slice(vector));
            }
            self.remember(group.iter().map(|(key, _)| *key).zip(vectors.rows()).collect());
        }
        Ok(Embeddings::from_values(dimension, values).expect("one row of `dimension` values was made for each text"))
    }

    fn remember(&self, batch: Vec<(Key, &[f32])>) {
        if self.stopped.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = lock(&self.store).put(&batch) {
            self.stopped.store(true, Ordering::Relaxed);
            lock(&self.problem).get_or_insert(error);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<M: EmbeddingModel> EmbeddingModel for CachedModel<M> {
    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        self.embed(Role::Passage, texts, monitor)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.embed(Role::Query, texts, &())
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.model.embed_query(text)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.model.count_tokens(text)
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        self.model.token_starts(text)
    }
}
