//! Vectors kept in memory while serving: a question asked again, and the sentences of passages that many questions find,
//! are embedded once. Nothing of it reaches a disk; what people ask does not belong into a file.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::{Cache, GuardResult};
use ragops_storage::{Sha256Digest, Sha256Hasher};

use crate::local::Role;
use crate::port::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};
use crate::remote::RemoteDescription;

/// How much is kept unless told otherwise: 16 MiB, about 10,000 vectors of 384 values.
pub const DEFAULT_MEMORY: u64 = 16 << 20;

/// What an entry costs beside its values: key, slot and counters.
const ENTRY_BYTES: u64 = 128;

/// A model whose latest vectors are remembered in memory, the least used ones dropped first. Equal questions that are
/// asked at the same time are embedded once.
///
/// The vectors are those that the model gives; questions in lists ([`EmbeddingModel::embed_queries`]: builds and
/// evaluations) go by.
pub struct MemoryCachedModel {
    model: Arc<dyn EmbeddingModel>,
    vectors: Cache<Key, Arc<[f32]>, ByBytes>,
}

/// The digest of a text and what it is embedded as. It is spread evenly already, so its first bytes are its hash.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key(Sha256Digest);

impl Key {
    fn of(role: Role, text: &str) -> Self {
        let mut hasher = Sha256Hasher::default();
        hasher.update_field(role.prefix().as_bytes());
        hasher.update_field(text.as_bytes());
        Self(hasher.finish())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_bytes().hash(state);
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Arc<[f32]>> for ByBytes {
    fn weight(&self, _: &Key, vector: &Arc<[f32]>) -> u64 {
        size_of_val::<[f32]>(vector) as u64 + ENTRY_BYTES
    }
}

impl MemoryCachedModel {
    /// Remembers what `model` gives, in about `bytes` of memory.
    pub fn new(model: Arc<dyn EmbeddingModel>, bytes: u64) -> Self {
        let entry = model.identity().dimension as u64 * 4 + ENTRY_BYTES;
        let entries = usize::try_from(bytes / entry).unwrap_or(usize::MAX).max(1);
        Self { model, vectors: Cache::with_weighter(entries, bytes, ByBytes) }
    }

    /// The model itself.
    pub fn model(&self) -> &Arc<dyn EmbeddingModel> {
        &self.model
    }

    fn remembered(
        &self,
        text: &str,
        embed: impl FnOnce() -> Result<Vec<f32>, EmbedError>,
    ) -> Result<Vec<f32>, EmbedError> {
        let key = Key::of(Role::Query, text);
        // A worker of a thread pool that waits takes up other work, perhaps the very question that waits for it. So
        // workers never wait for one another: they embed twice rather than stand still.
        if rayon::current_thread_index().is_some() {
            if let Some(vector) = self.vectors.get(&key) {
                return Ok(vector.to_vec());
            }
            let vector = embed()?;
            self.vectors.insert(key, Arc::from(vector.as_slice()));
            return Ok(vector);
        }
        match self.vectors.get_value_or_guard(&key, None) {
            GuardResult::Value(vector) => Ok(vector.to_vec()),
            GuardResult::Guard(guard) => {
                let vector = embed()?;
                // It fails only where the entry was removed meanwhile.
                let _ = guard.insert(Arc::from(vector.as_slice()));
                Ok(vector)
            }
            GuardResult::Timeout => embed(),
        }
    }
}

impl EmbeddingModel for MemoryCachedModel {
    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        let dimension = self.identity().dimension;
        let keys: Vec<Key> = texts.iter().map(|text| Key::of(Role::Passage, text)).collect();
        let mut rows: Vec<Option<Arc<[f32]>>> = keys.iter().map(|key| self.vectors.get(key)).collect();
        let missing: Vec<usize> = (0..texts.len()).filter(|row| rows[*row].is_none()).collect();
        if missing.len() < texts.len() && monitor.advanced(texts.len() - missing.len()).is_break() {
            return Err(EmbedError::Cancelled);
        }
        if !missing.is_empty() {
            let wanted: Vec<&str> = missing.iter().map(|row| texts[*row]).collect();
            let embedded = self.model.embed_passages(&wanted, monitor)?;
            for (row, vector) in missing.into_iter().zip(embedded.rows()) {
                let vector: Arc<[f32]> = Arc::from(vector);
                self.vectors.insert(keys[row], Arc::clone(&vector));
                rows[row] = Some(vector);
            }
        }
        let values = rows.iter().flatten().flat_map(|vector| vector.iter().copied()).collect();
        Ok(Embeddings::from_values(dimension, values).expect("each text has a row of `dimension` values by now"))
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.model.embed_queries(texts)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.remembered(text, || self.model.embed_query(text))
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.model.count_tokens(text)
    }

    fn passages_at_once(&self) -> usize {
        self.model.passages_at_once()
    }

    fn describe_remote(&self) -> Result<Option<RemoteDescription>, EmbedError> {
        self.model.describe_remote()
    }

    fn trouble(&self) -> Option<EmbedError> {
        self.model.trouble()
    }

    fn look(&self) -> Result<(), EmbedError> {
        self.model.look()
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        self.model.token_starts(text)
    }
}

#[cfg(test)]
mod tests;
