//! Embedding models in use: loaded once, shared by every index that names them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ragops_embed::{EmbeddingModel, ModelStore, StoreError};

use crate::settings::Settings;

/// The models of one process.
pub struct Models {
    store: ModelStore,
    cache_dir: PathBuf,
    loaded: Mutex<BTreeMap<String, Arc<dyn EmbeddingModel>>>,
}

impl Models {
    /// Those of the folders in the settings.
    pub fn of(settings: &Settings) -> Self {
        Self::new(settings.models_dir.clone(), settings.cache_dir.clone())
    }

    /// Those installed in `models_dir`; vectors of passages are kept in `cache_dir`.
    pub fn new(models_dir: PathBuf, cache_dir: PathBuf) -> Self {
        Self { store: ModelStore::new(models_dir), cache_dir, loaded: Mutex::default() }
    }

    /// A model by name, loaded now if it was not before.
    pub fn get(&self, name: &str) -> Result<Arc<dyn EmbeddingModel>, StoreError> {
        // Held while loading: two indexes that start together must not load one model twice.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = loaded.get(name) {
            return Ok(Arc::clone(model));
        }
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let model: Arc<dyn EmbeddingModel> = Arc::new(self.store.open(name, threads)?);
        loaded.insert(name.to_owned(), Arc::clone(&model));
        Ok(model)
    }
}
