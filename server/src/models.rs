//! Embedding models in use: loaded once, shared by every index that names them. Questions go through a cache in memory,
//! builds through caches on disk, of vectors and of documents read; without any of them it only takes longer.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ragops_embed::cache::DEFAULT_LIMIT as VECTOR_CACHE_BYTES;
use ragops_embed::{
    CachedModel, DEFAULT_MEMORY, EmbedError, EmbeddingModel, Embeddings, LocalModel, MemoryCachedModel, ModelIdentity,
    ModelStore, Monitor, StoreError,
};

use ragops_engine::build::{DOCUMENT_CACHE_BYTES, DocumentCache};

use crate::settings::Settings;

/// Where documents are remembered, within the settings' cache folder.
const DOCUMENTS_DIR: &str = "documents";

/// The models of one process.
pub struct Models {
    store: ModelStore,
    cache_dir: PathBuf,
    loaded: Mutex<BTreeMap<String, Loaded>>,
    /// Opened by the first build; none where that failed.
    documents: OnceLock<Option<Arc<DocumentCache>>>,
}

#[derive(Clone)]
struct Loaded {
    model: Arc<LocalModel>,
    /// The same for questions that are served.
    serving: Arc<MemoryCachedModel>,
    /// Opened by the first build.
    cached: Option<Arc<CachedModel<Shared>>>,
}

/// A model for building.
#[derive(Clone)]
pub struct BuildModel {
    model: Arc<LocalModel>,
    cached: Option<Arc<CachedModel<Shared>>>,
    documents: Option<Arc<DocumentCache>>,
}

impl BuildModel {
    /// The model, behind its cache where there is one.
    pub fn model(&self) -> &dyn EmbeddingModel {
        match &self.cached {
            Some(cached) => cached.as_ref(),
            None => self.model.as_ref(),
        }
    }

    /// What files became when they were read before, where that is kept.
    pub fn documents(&self) -> Option<Arc<DocumentCache>> {
        self.documents.clone()
    }

    /// Says once when a cache has stopped remembering.
    pub fn report_caches(&self) {
        let of_vectors = self.cached.as_ref().and_then(|cached| cached.take_problem());
        let of_documents = self.documents.as_ref().and_then(|documents| documents.take_problem());
        for error in of_vectors.into_iter().chain(of_documents) {
            tracing::warn!(%error, "a cache of builds is not written any more; the next build may take longer");
        }
    }
}

impl Models {
    /// Those installed where the settings say; vectors of passages are kept in the settings' cache folder.
    pub fn of(settings: &Settings) -> Self {
        Self {
            store: ModelStore::new(settings.models_dir.clone()),
            cache_dir: settings.cache_dir.clone(),
            loaded: Mutex::default(),
            documents: OnceLock::new(),
        }
    }

    /// A model, loaded now if it was not before.
    pub fn get(&self, name: &str) -> Result<Arc<dyn EmbeddingModel>, StoreError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.load(&mut loaded, name)?.model.clone())
    }

    /// The same, with its latest vectors kept in memory for all indexes that it serves.
    pub fn for_serving(&self, name: &str) -> Result<Arc<dyn EmbeddingModel>, StoreError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.load(&mut loaded, name)?.serving.clone())
    }

    /// A model for building.
    pub fn for_build(&self, name: &str) -> Result<BuildModel, StoreError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let Loaded { model, cached, .. } = self.load(&mut loaded, name)?;
        if cached.is_none() {
            let opened = CachedModel::open(Shared(Arc::clone(model)), &self.cache_dir, VECTOR_CACHE_BYTES);
            let opened = opened.inspect_err(|error| tracing::warn!(%error, "building without an embedding cache"));
            *cached = opened.ok().map(Arc::new);
        }
        Ok(BuildModel { model: Arc::clone(model), cached: cached.clone(), documents: self.documents() })
    }

    fn documents(&self) -> Option<Arc<DocumentCache>> {
        let open = || {
            let opened = DocumentCache::open(&self.cache_dir.join(DOCUMENTS_DIR), DOCUMENT_CACHE_BYTES);
            let opened = opened.inspect_err(|error| tracing::warn!(%error, "building without a cache of documents"));
            opened.ok().map(Arc::new)
        };
        self.documents.get_or_init(open).clone()
    }

    /// The lock is held while loading: two indexes that start together must not load one model twice.
    fn load<'a>(&self, loaded: &'a mut BTreeMap<String, Loaded>, name: &str) -> Result<&'a mut Loaded, StoreError> {
        if !loaded.contains_key(name) {
            let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
            let model = Arc::new(self.store.open(name, threads)?);
            let serving = Arc::new(MemoryCachedModel::new(model.clone(), DEFAULT_MEMORY));
            loaded.insert(name.to_owned(), Loaded { model, serving, cached: None });
        }
        Ok(loaded.get_mut(name).expect("it was there, or was put there just now"))
    }
}

/// A model that others use as well.
struct Shared(Arc<LocalModel>);

impl EmbeddingModel for Shared {
    fn identity(&self) -> &ModelIdentity {
        self.0.identity()
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        self.0.embed_passages(texts, monitor)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.0.embed_queries(texts)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.0.embed_query(text)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.0.count_tokens(text)
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        self.0.token_starts(text)
    }
}
