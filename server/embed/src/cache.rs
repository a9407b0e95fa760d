//! A cache of vectors on disk, outside any index: embedding the same text with the same model again costs a read.
//! It may be lost at any time. A fault of the cache never fails an embedding: it then works without.

use std::collections::HashMap;
use std::path::Path;

use ragops_storage::cache::{self, Cache, Key};
use ragops_storage::{Sha256Hasher, StorageError};

use crate::artefact::cursor::f32s_of;
use crate::local::Role;
use crate::port::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};
use crate::remote::RemoteDescription;

/// How much a cache holds unless told otherwise: 2 GiB, about 1.3 million vectors of 384 values.
pub const DEFAULT_LIMIT: u64 = 2 << 30;

/// Texts are embedded in groups of this many, and written to the cache after each, so that a stopped run keeps them.
const GROUP: usize = 256;

/// A model whose vectors are remembered on disk.
///
/// Passages and lists of queries (evaluation sets) are remembered; a single question, which a user asked, is not: it
/// costs milliseconds, and what people ask does not belong into a file.
pub struct CachedModel<M> {
    model: M,
    vectors: Cache,
}

impl<M: EmbeddingModel> CachedModel<M> {
    /// Remembers the vectors of `model` in `dir`, which may be shared with other models and processes, in at most
    /// about `limit` bytes over all of them: then the oldest are dropped.
    pub fn open(model: M, dir: &Path, limit: u64) -> Result<Self, StorageError> {
        let vectors = Cache::open(dir, limit, model.identity().digest)?;
        Ok(Self { model, vectors })
    }

    /// The fault that made the cache stop remembering (a full disk, say), for the log; given to the first who asks.
    pub fn take_problem(&self) -> Option<StorageError> {
        self.vectors.take_problem()
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
        cache::key(hasher)
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
            } else if let Some(vector) = self.get(&key) {
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
            let keys = group.iter().map(|(key, _)| *key);
            let values: Vec<Vec<u8>> = vectors.rows().map(bytes_of).collect();
            self.vectors.put(&keys.zip(values.iter().map(Vec::as_slice)).collect::<Vec<_>>());
        }
        Ok(Embeddings::from_values(dimension, values).expect("one row of `dimension` values was made for each text"))
    }

    fn get(&self, key: &Key) -> Option<Vec<f32>> {
        let bytes = self.vectors.get(key)?;
        (bytes.len() == self.model.identity().dimension * 4).then(|| f32s_of(&bytes))
    }
}

fn bytes_of(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
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

    fn passages_at_once(&self) -> usize {
        self.model.passages_at_once()
    }

    fn describe_remote(&self) -> Result<Option<RemoteDescription>, EmbedError> {
        self.model.describe_remote()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.model.count_tokens(text)
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        self.model.token_starts(text)
    }
}
