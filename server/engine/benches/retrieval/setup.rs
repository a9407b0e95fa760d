//! The model and the indexes that the measurements share.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use ragops_embed::{CachedModel, EmbeddingModel, ModelStore};
use ragops_engine::answer::Searcher;
use ragops_engine::build::{BuildRequest, Unobserved, build};
use ragops_engine::document::SourceName;
use ragops_engine::evaluate::RunDescription;
use ragops_engine::read::FolderSource;
use ragops_engine::retrieve::Mode;
use ragops_engine::revision::{Revision, RevisionStore};
use ragops_engine::settings::BuildSettings;

use super::Options;

/// Room for the vectors of every shared set.
const CACHE_BYTES: u64 = 1 << 30;

/// The model with its cache, and where indexes are kept.
pub(crate) struct Bench {
    pub(crate) model: Arc<dyn EmbeddingModel>,
    /// The same without the cache, as a server has it.
    bare: Arc<dyn EmbeddingModel>,
    data: PathBuf,
}

/// Which documents of a ranking count.
pub(crate) type Keep = fn(&str) -> bool;

/// A folder of documents to index.
pub(crate) struct Corpus<'a> {
    pub(crate) name: &'a str,
    pub(crate) path: PathBuf,
    pub(crate) include: &'a str,
}

impl Bench {
    pub(crate) fn open(options: &Options) -> Result<Self> {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let store = ModelStore::new(&options.models);
        let bare = Arc::new(store.open("multilingual-e5-small", threads)?);
        let model = store.open("multilingual-e5-small", threads)?;
        let model = CachedModel::open(model, &options.cache.join("embeddings"), CACHE_BYTES)?;
        Ok(Self { model: Arc::new(model), bare, data: options.cache.join("bench") })
    }

    /// Builds the index unless it is there, and opens it.
    pub(crate) fn index(&self, name: &str, corpora: &[Corpus<'_>]) -> Result<Searcher> {
        let source = |corpus: &Corpus<'_>| FolderSource {
            name: SourceName::new(corpus.name),
            root: corpus.path.clone(),
            include: vec![corpus.include.to_owned()],
            exclude: Vec::new(),
            on_error: ragops_engine::read::OnError::Skip,
        };
        let request = BuildRequest {
            index: name.to_owned(),
            sources: corpora.iter().map(source).collect(),
            settings: BuildSettings::default(),
            created_time: "1970-01-01T00:00:00Z".to_owned(),
            built_by: "bench".to_owned(),
            history: 0,
            extractor: ragops_engine::build::SharedExtractor(std::sync::Arc::new(ragops_engine::read::InProcess)),
            gold: None,
            documents: None,
        };
        let store = RevisionStore::of_index(&self.data, name);
        let start = Instant::now();
        let outcome = build(&request, self.model.as_ref(), &store, &Unobserved)?;
        let seconds = start.elapsed().as_secs_f64();
        let counts = outcome.manifest.counts;
        eprintln!("{name}: {} documents, {} chunks, {seconds:.1} s", counts.documents, counts.chunks);
        let revision = Revision::open(&store.path_of(&outcome.revision))?;
        Ok(Searcher::new(Arc::new(revision), Arc::clone(&self.model))?)
    }

    /// The same revision with the model that a server has.
    pub(crate) fn uncached(&self, searcher: &Searcher) -> Result<Searcher> {
        Ok(Searcher::new(Arc::clone(searcher.revision()), Arc::clone(&self.bare))?)
    }

    /// A retrieval set's corpus.
    pub(crate) fn set<'a>(shared: &Path, name: &'a str) -> Corpus<'a> {
        Corpus { name, path: shared.join("data").join(name), include: "corpus.jsonl" }
    }
}

/// The ids of the documents found that count, with their scores, best first.
pub(crate) fn documents(
    searcher: &Searcher,
    found: &ragops_engine::retrieve::Retrieved,
    keep: Keep,
) -> Result<Vec<(String, f32)>, ragops_engine::index::IndexError> {
    let mut ranked = Vec::new();
    for (number, score) in found.documents() {
        let id = searcher.revision().passages.document(number)?.id.to_string();
        if keep(&id) {
            ranked.push((id, score));
        }
    }
    Ok(ranked)
}

/// What a run is made with.
pub(crate) fn description(searcher: &Searcher, mode: Mode) -> RunDescription {
    let manifest = &searcher.revision().manifest;
    RunDescription { index: manifest.index.clone(), revision: manifest.revision.to_string(), mode: mode.to_string() }
}
