//! What the routes share: the indexes being served, each with its searcher, live settings and condition. Readers never
//! wait for writers: a new revision or a new set of indexes is put in place by one pointer swap.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arc_swap::{ArcSwap, ArcSwapOption};
use ragops_engine::answer::Searcher;
use ragops_engine::build::{ErrorClass, Progress};
use ragops_engine::settings::QuerySettings;
use ragops_llm::chat::ChatBackend;
use ragops_llm::rerank::RerankBackend;

use crate::backends::Embedder;
use crate::metrics::{Metrics, ServedFigures};
use crate::pool::QueryPool;
use crate::up::fingerprint::Fingerprint;

/// The state behind the router.
pub type SharedState = Arc<AppState>;

/// All that the routes share.
pub struct AppState {
    /// Counters and gauges.
    pub metrics: Metrics,
    /// Where questions are answered.
    pub pool: QueryPool,
    /// When the process began to serve.
    pub started: Instant,
    indexes: ArcSwap<BTreeMap<String, Arc<ServedIndex>>>,
    resources: Mutex<ResourceCondition>,
}

/// How the resource files stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceCondition {
    /// What is wrong with the files on disk; the last good ones are in force.
    pub rejected: Option<String>,
    /// Fields that mean something in a cluster only.
    pub not_used: Vec<String>,
}

impl AppState {
    /// A state that serves nothing yet.
    pub fn new(pool: QueryPool) -> SharedState {
        Arc::new(Self {
            metrics: Metrics::new(),
            pool,
            started: Instant::now(),
            indexes: ArcSwap::default(),
            resources: Mutex::default(),
        })
    }

    /// The indexes by name.
    pub fn indexes(&self) -> Arc<BTreeMap<String, Arc<ServedIndex>>> {
        self.indexes.load_full()
    }

    /// Serves these indexes from now on, and no others. Requests under way finish on what they started with.
    pub fn serve(&self, indexes: Vec<Arc<ServedIndex>>) {
        let next: BTreeMap<_, _> = indexes.into_iter().map(|index| (index.name().to_owned(), index)).collect();
        let before = self.indexes.swap(Arc::new(next.clone()));
        for gone in before.keys().filter(|name| !next.contains_key(*name)) {
            self.metrics.forget_index(gone);
        }
        for (name, index) in next.iter().filter(|(name, _)| !before.contains_key(*name)) {
            match index.searcher() {
                Some(searcher) => self.show(name, &searcher),
                None => self.metrics.index_waits(name),
            }
        }
    }

    /// Lets an index answer from another revision from now on.
    pub fn swap(&self, index: &ServedIndex, searcher: Arc<Searcher>) {
        self.show(index.name(), &searcher);
        index.searcher.store(Some(searcher));
    }

    fn show(&self, name: &str, searcher: &Searcher) {
        let manifest = &searcher.revision().manifest;
        let figures = ServedFigures {
            revision: &manifest.revision.to_string(),
            model: &manifest.model.name,
            documents: manifest.counts.documents,
            chunks: manifest.counts.chunks,
            findings: &manifest.findings.counts,
        };
        self.metrics.index_serves(name, figures);
    }

    /// How the resource files stand.
    pub fn resources(&self) -> ResourceCondition {
        lock(&self.resources).clone()
    }

    /// Says how the resource files stand.
    pub fn set_resources(&self, condition: ResourceCondition) {
        self.metrics.config_rejected(i64::from(condition.rejected.is_some()));
        *lock(&self.resources) = condition;
    }
}

/// One index being served.
pub struct ServedIndex {
    name: String,
    searcher: ArcSwapOption<Searcher>,
    opened: Mutex<(Option<Fingerprint>, Option<Embedder>)>,
    settings: ArcSwap<QuerySettings>,
    chat: ArcSwap<Vec<Arc<ChatBackend>>>,
    reranker: ArcSwapOption<RerankBackend>,
    condition: Mutex<Condition>,
}

/// How an index stands beside the revision that it serves.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// What is being done.
    pub activity: Activity,
    /// Why the last build or the last opening failed; gone after a success.
    pub failure: Option<Failure>,
    /// The failure that the log tells of, and since when.
    pub told_failure: Option<(String, Instant)>,
    /// Revisions that could not be opened, with why, since the last build.
    pub damaged: Vec<(String, String)>,
    /// How the revision that serves differs from what the resources say, where another process activated it.
    pub notice: Option<String>,
    /// When the last build ended well, RFC 3339.
    pub built_time: Option<String>,
}

/// What is being done for an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Activity {
    /// Nothing.
    #[default]
    Idle,
    /// It is another index's turn.
    Waiting,
    /// A build runs.
    Building(Option<Progress>),
    /// The last build failed and is tried again by itself.
    BackingOff,
}

/// A build or an opening that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong and what to do.
    pub message: String,
    /// Whether it can pass by itself.
    pub class: ErrorClass,
    /// How often it happened in a row.
    pub attempts: u32,
    /// When it last did, RFC 3339.
    pub time: String,
}

impl ServedIndex {
    /// An index with nothing to answer from yet.
    pub fn new(name: impl Into<String>, settings: QuerySettings) -> Self {
        Self {
            name: name.into(),
            searcher: ArcSwapOption::empty(),
            opened: Mutex::default(),
            settings: ArcSwap::from_pointee(settings),
            chat: ArcSwap::default(),
            reranker: ArcSwapOption::empty(),
            condition: Mutex::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What answers; `None` before the first revision.
    pub fn searcher(&self) -> Option<Arc<Searcher>> {
        self.searcher.load_full()
    }

    /// The files of the revision that answers, as they were just before it was opened; `None` where nobody looked.
    pub fn opened_files(&self) -> Option<Fingerprint> {
        lock(&self.opened).0
    }

    /// What the resources said of the embedding model when that revision was opened.
    pub fn opened_embedder(&self) -> Option<Embedder> {
        lock(&self.opened).1.clone()
    }

    /// Says how the files were of the revision that answers from now on, and by which model it does.
    pub fn set_opened(&self, files: Option<Fingerprint>, embedder: Embedder) {
        *lock(&self.opened) = (files, Some(embedder));
    }

    /// The settings in force.
    pub fn settings(&self) -> QuerySettings {
        **self.settings.load()
    }

    /// Puts other settings in force.
    pub fn set_settings(&self, settings: QuerySettings) {
        self.settings.store(Arc::new(settings));
    }

    /// Who words answers, in the order in which they are asked.
    pub fn chat(&self) -> Arc<Vec<Arc<ChatBackend>>> {
        self.chat.load_full()
    }

    /// Lets others word answers from now on.
    pub fn set_chat(&self, backends: Vec<Arc<ChatBackend>>) {
        self.chat.store(Arc::new(backends));
    }

    /// Who puts passages into order.
    pub fn reranker(&self) -> Option<Arc<RerankBackend>> {
        self.reranker.load_full()
    }

    /// Lets another one do so from now on, or none.
    pub fn set_reranker(&self, backend: Option<Arc<RerankBackend>>) {
        self.reranker.store(backend);
    }

    /// How it stands.
    pub fn condition(&self) -> Condition {
        lock(&self.condition).clone()
    }

    /// Changes how it stands.
    pub fn update(&self, change: impl FnOnce(&mut Condition)) {
        change(&mut lock(&self.condition));
    }
}

/// A thread that panicked while it held the lock left plain data behind, so the lock is as good as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
