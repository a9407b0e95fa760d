//! Models in use: loaded once, or connected once, shared by every index that names them. Questions to an embedding
//! model on this machine go through a cache in memory, builds through caches on disk, of vectors and of documents read;
//! without any of them it only takes longer.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ragops_embed::cache::DEFAULT_LIMIT as VECTOR_CACHE_BYTES;
use ragops_embed::{
    CachedModel, DEFAULT_MEMORY, EmbedError, EmbeddingModel, Embeddings, LocalModel, MemoryCachedModel, ModelIdentity,
    ModelStore, Monitor, RemoteDescription, StoreError,
};
use ragops_engine::build::{DOCUMENT_CACHE_BYTES, DocumentCache};
use ragops_engine::revision::Manifest;
use ragops_llm::chat::{ChatBackend, ChatConfig, ChatOptions};
use ragops_llm::embedder::{BuildingModel, Connection, Generations, Known, RemoteConfig, RemoteOptions, ServingModel};
use ragops_llm::rerank::{RerankBackend, RerankConfig, RerankOptions};
use ragops_llm::{Driver, LlmError, Telemetry};

use crate::backends::{Embedder, connection_of};
use crate::settings::{Secrets, Settings};

/// Where documents are remembered, within the settings' cache folder.
const DOCUMENTS_DIR: &str = "documents";
/// Where models elsewhere are remembered, within it.
const REMOTE_MODELS_DIR: &str = "remote-models";

/// A model cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// It is not installed, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the resources say of it cannot be used.
    #[error("LlmBackend `{backend}`: {source}")]
    Endpoint {
        /// The LlmBackend.
        backend: String,
        /// What is wrong.
        source: LlmError,
    },
    /// It does not answer, or is another one.
    #[error(transparent)]
    Remote(#[from] EmbedError),
    /// The system refused a thread.
    #[error("cannot start the thread that asks models elsewhere: {0}; allow this process more threads")]
    Driver(#[source] io::Error),
}

impl ModelError {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Endpoint { .. } => false,
            Self::Remote(error) => error.is_retryable(),
            Self::Driver(_) => true,
        }
    }
}

/// The models of one process.
pub struct Models {
    store: ModelStore,
    cache_dir: PathBuf,
    loaded: Mutex<BTreeMap<String, Loaded>>,
    /// Opened by the first build; none where that failed.
    documents: OnceLock<Option<Arc<DocumentCache>>>,
    remote: Remote,
}

/// What is needed to ask models elsewhere.
struct Remote {
    options: RemoteOptions,
    secrets: Secrets,
    telemetry: Arc<dyn Telemetry>,
    /// Started with the first connection.
    driver: Mutex<Option<Arc<Driver>>>,
    /// One for each configuration, so that all who ask it share its turns. Those of before the last reload stay: there are
    /// as many as somebody has written.
    connections: Mutex<Vec<Arc<Connection>>>,
    chat_options: ChatOptions,
    /// One for each configuration, so that all indexes that name it know of its failures.
    chat: Mutex<Vec<Arc<ChatBackend>>>,
    rerank_options: RerankOptions,
    /// The same of these.
    rerankers: Mutex<Vec<Arc<RerankBackend>>>,
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
    model: Arc<dyn EmbeddingModel>,
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
        Self::telling(settings, Arc::new(()))
    }

    /// The same; `telemetry` hears of requests to models elsewhere.
    pub fn telling(settings: &Settings, telemetry: Arc<dyn Telemetry>) -> Self {
        Self {
            store: ModelStore::new(settings.models_dir.clone()),
            cache_dir: settings.cache_dir.clone(),
            loaded: Mutex::default(),
            documents: OnceLock::new(),
            remote: Remote {
                options: settings.embedding,
                secrets: settings.secrets.clone(),
                telemetry,
                driver: Mutex::default(),
                connections: Mutex::default(),
                chat_options: settings.chat,
                chat: Mutex::default(),
                rerank_options: settings.rerank,
                rerankers: Mutex::default(),
            },
        }
    }

    /// Whether a model can be had: a local one is loaded, of one elsewhere it is looked at what the resources say. It is
    /// not asked: it may be down, and a server starts without it.
    pub fn prepare(&self, embedder: &Embedder) -> Result<(), ModelError> {
        match embedder {
            Embedder::Local(name) => {
                let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(self.load(&mut loaded, name).map(drop)?)
            }
            Embedder::Remote(config) => self.remote.connect(config).map(drop),
        }
    }

    /// The model that a revision was built with, for questions. `embedder` is what the resources say of its index now.
    pub fn of_revision(
        &self,
        manifest: &Manifest,
        embedder: Option<&Embedder>,
    ) -> Result<Arc<dyn EmbeddingModel>, ModelError> {
        let Some(record) = &manifest.remote else {
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(self.load(&mut loaded, &manifest.model.name)?.model.clone());
        };
        let config = connection_of(record, embedder, &self.remote.secrets);
        let connection = self.remote.connect(&config)?;
        let model: Arc<dyn EmbeddingModel> =
            Arc::new(ServingModel::new(connection, manifest.model.clone(), record.probes.clone()));
        Ok(Arc::new(Asked { lists: self.cached(&model), model }))
    }

    /// The same; a model on this machine with its latest vectors kept in memory. One elsewhere is asked each time, so that its
    /// absence is noticed with the first question.
    pub fn for_serving(
        &self,
        manifest: &Manifest,
        embedder: Option<&Embedder>,
    ) -> Result<Arc<dyn EmbeddingModel>, ModelError> {
        if manifest.remote.is_some() {
            return self.of_revision(manifest, embedder);
        }
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.load(&mut loaded, &manifest.model.name)?.serving.clone())
    }

    /// A model for building. `before` is what the index has been built with, which may be the same model.
    pub fn for_build(&self, embedder: &Embedder, before: Option<Known>) -> Result<BuildModel, ModelError> {
        let documents = self.documents();
        match embedder {
            Embedder::Local(name) => {
                let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
                let Loaded { model, cached, .. } = self.load(&mut loaded, name)?;
                let model: Arc<dyn EmbeddingModel> = model.clone();
                if cached.is_none() {
                    *cached = self.cached(&model);
                }
                Ok(BuildModel { model, cached: cached.clone(), documents })
            }
            Embedder::Remote(config) => {
                let connection = self.remote.connect(config)?;
                let generations = Generations::of(&self.cache_dir.join(REMOTE_MODELS_DIR));
                let known: Vec<Known> = before.into_iter().chain(generations.list()).collect();
                let model = BuildingModel::connect(connection, &known)?;
                if let Err(error) = generations.keep(&model.known()) {
                    tracing::warn!(%error, "the model is not remembered; the next build may embed everything again");
                }
                let model: Arc<dyn EmbeddingModel> = Arc::new(model);
                let cached = self.cached(&model);
                Ok(BuildModel { model, cached, documents })
            }
        }
    }

    /// Chat backends, in their order; the same ones for indexes that name the same. Nothing is sent yet.
    pub fn chat_backends(&self, configs: &[ChatConfig]) -> Result<Vec<Arc<ChatBackend>>, ModelError> {
        configs.iter().map(|config| self.remote.chat_backend(config)).collect()
    }

    /// A reranking backend; the same one for indexes that name the same. Nothing is sent yet.
    pub fn reranker(&self, config: &RerankConfig) -> Result<Arc<RerankBackend>, ModelError> {
        self.remote.reranker(config)
    }

    fn cached(&self, model: &Arc<dyn EmbeddingModel>) -> Option<Arc<CachedModel<Shared>>> {
        let opened = CachedModel::open(Shared(Arc::clone(model)), &self.cache_dir, VECTOR_CACHE_BYTES);
        let opened = opened.inspect_err(|error| tracing::warn!(%error, "building without an embedding cache"));
        opened.ok().map(Arc::new)
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

impl Remote {
    fn connect(&self, config: &RemoteConfig) -> Result<Arc<Connection>, ModelError> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = connections.iter().find(|connection| connection.config() == config) {
            return Ok(Arc::clone(known));
        }
        let telemetry = Arc::clone(&self.telemetry);
        let connection = Connection::new(config.clone(), self.options, self.driver()?, telemetry, chance());
        let connection =
            connection.map_err(|source| ModelError::Endpoint { backend: config.backend.clone(), source })?;
        connections.push(Arc::clone(&connection));
        Ok(connection)
    }

    fn chat_backend(&self, config: &ChatConfig) -> Result<Arc<ChatBackend>, ModelError> {
        let make =
            |driver| ChatBackend::new(config.clone(), self.chat_options, driver, Arc::clone(&self.telemetry), chance());
        self.shared(&self.chat, config, make)
    }

    fn reranker(&self, config: &RerankConfig) -> Result<Arc<RerankBackend>, ModelError> {
        let make = |driver| {
            RerankBackend::new(config.clone(), self.rerank_options, driver, Arc::clone(&self.telemetry), chance())
        };
        self.shared(&self.rerankers, config, make)
    }

    /// The one of this configuration, made where there is none. Of those of one name the others are told that they are replaced,
    /// but only when this one is at hand: where it cannot be made they stay the ones that are asked.
    fn shared<B: SharedBackend>(
        &self,
        backends: &Mutex<Vec<Arc<B>>>,
        config: &B::Config,
        make: impl FnOnce(Arc<Driver>) -> Result<Arc<B>, LlmError>,
    ) -> Result<Arc<B>, ModelError> {
        let mut backends = backends.lock().unwrap_or_else(PoisonError::into_inner);
        let known = backends.iter().find(|known| known.config() == config).map(Arc::clone);
        let backend = match known {
            Some(known) => known,
            None => {
                let name = B::name(config).to_owned();
                let made = make(self.driver()?).map_err(|source| ModelError::Endpoint { backend: name, source })?;
                // Those that no index asks any more.
                backends.retain(|known| Arc::strong_count(known) > 1);
                backends.push(Arc::clone(&made));
                made
            }
        };
        for known in backends.iter().filter(|known| B::name(known.config()) == B::name(config)) {
            known.set_replaced(known.config() != config);
        }
        Ok(backend)
    }

    fn driver(&self) -> Result<Arc<Driver>, ModelError> {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = driver.as_ref() {
            return Ok(Arc::clone(driver));
        }
        let started = Arc::new(Driver::start().map_err(ModelError::Driver)?);
        *driver = Some(Arc::clone(&started));
        Ok(started)
    }
}

/// A backend elsewhere that indexes share.
trait SharedBackend {
    /// Where it is and what it is called there.
    type Config: PartialEq;

    fn config(&self) -> &Self::Config;

    /// The LlmBackend that says so.
    fn name(config: &Self::Config) -> &str;

    /// Whether another one of its name is asked from now on.
    fn set_replaced(&self, is_replaced: bool);
}

impl SharedBackend for ChatBackend {
    type Config = ChatConfig;

    fn config(&self) -> &ChatConfig {
        self.config()
    }

    fn name(config: &ChatConfig) -> &str {
        &config.backend
    }

    fn set_replaced(&self, is_replaced: bool) {
        self.set_replaced(is_replaced);
    }
}

impl SharedBackend for RerankBackend {
    type Config = RerankConfig;

    fn config(&self) -> &RerankConfig {
        self.config()
    }

    fn name(config: &RerankConfig) -> &str {
        &config.backend
    }

    fn set_replaced(&self, is_replaced: bool) {
        self.set_replaced(is_replaced);
    }
}

/// Pauses differ from process to process, and need no more chance than the keys of a hash map.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// What a revision was built with, where that was a model elsewhere.
pub fn known_of(manifest: Manifest) -> Option<Known> {
    let description: RemoteDescription = manifest.remote?;
    Some(Known { identity: manifest.model, description })
}

/// A model elsewhere that is asked questions. Lists of questions, which are the program's own (small talk) or a gold set's,
/// come from the cache: the build has embedded the former already, and a hundred texts are much to ask of an endpoint while
/// somebody waits.
struct Asked {
    model: Arc<dyn EmbeddingModel>,
    lists: Option<Arc<CachedModel<Shared>>>,
}

impl EmbeddingModel for Asked {
    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        self.model.embed_passages(texts, monitor)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        match &self.lists {
            Some(lists) => lists.embed_queries(texts),
            None => self.model.embed_queries(texts),
        }
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.model.embed_query(text)
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

/// A model that others use as well.
struct Shared(Arc<dyn EmbeddingModel>);

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

    fn passages_at_once(&self) -> usize {
        self.0.passages_at_once()
    }

    fn describe_remote(&self) -> Result<Option<RemoteDescription>, EmbedError> {
        self.0.describe_remote()
    }

    fn trouble(&self) -> Option<EmbedError> {
        self.0.trouble()
    }

    fn look(&self) -> Result<(), EmbedError> {
        self.0.look()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.0.count_tokens(text)
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        self.0.token_starts(text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::{Environment, Flags};

    /// Which rerankers have told whether they answer.
    #[derive(Debug, Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Telemetry for Heard {
        fn request(&self, _backend: &str, _result: &'static str, _took: Duration) {}
        fn answers(&self, _backend: &str, _does: bool) {}
        fn chat_request(&self, _backend: &str, _result: &'static str, _took: Duration) {}
        fn chat_answers(&self, _backend: &str, _does: bool) {}
        fn rerank_request(&self, _backend: &str, _result: &'static str, _took: Duration) {}
        fn rerank_answers(&self, backend: &str, _does: bool) {
            self.0.lock().unwrap().push(backend.to_owned());
        }
    }

    fn reranker(url: &str, model: &str) -> RerankConfig {
        RerankConfig {
            backend: "judge".to_owned(),
            url: url.to_owned(),
            model: model.to_owned(),
            api_key: None,
            ca: None,
        }
    }

    #[test]
    fn the_backend_that_is_asked_tells_whether_its_name_answers() {
        const NOBODY: &str = "http://127.0.0.1:9/v1";
        let settings = Settings::resolve(Flags::default(), &Environment::of([("HOME", "/nowhere")])).unwrap();
        let heard = Arc::new(Heard::default());
        let models = Models::telling(&settings, Arc::<Heard>::clone(&heard));
        let tells = |backend: &RerankBackend| {
            heard.0.lock().unwrap().clear();
            // It rests after the failure before.
            let start = std::time::Instant::now();
            while let Err(LlmError::Resting { left, .. }) =
                backend.rerank("How?", &["So.".to_owned()], std::future::pending())
            {
                assert!(start.elapsed() < Duration::from_secs(30), "it rests for ever");
                std::thread::sleep(left);
            }
            !heard.0.lock().unwrap().is_empty()
        };
        let first = models.reranker(&reranker(NOBODY, "a")).unwrap();
        assert!(Arc::ptr_eq(&first, &models.reranker(&reranker(NOBODY, "a")).unwrap()), "shared");
        assert!(tells(&first));
        let error = models.reranker(&reranker("ftp://127.0.0.1", "b")).unwrap_err();
        assert!(matches!(error, ModelError::Endpoint { ref backend, .. } if backend == "judge"), "{error}");
        assert!(tells(&first), "what took its place cannot be used: it goes on being asked");
        let second = models.reranker(&reranker(NOBODY, "b")).unwrap();
        assert_eq!((tells(&first), tells(&second)), (false, true));
        assert!(Arc::ptr_eq(&first, &models.reranker(&reranker(NOBODY, "a")).unwrap()), "known still");
        assert_eq!((tells(&first), tells(&second)), (true, false), "it is asked again");
    }
}
