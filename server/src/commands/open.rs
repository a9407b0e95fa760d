//! Opens an index that was built before, for the commands that ask it, with the settings that a server asks it with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ragops_embed::EmbedError;
use ragops_engine::answer::Searcher;
use ragops_engine::revision::{RevisionError, RevisionStore};
use ragops_engine::settings::{ConfidenceSettings, QuerySettings};
use ragops_llm::chat::{ChatBackend, ChatConfig};
use ragops_llm::rerank::RerankConfig;

use crate::cli::TargetArgs;
use crate::models::{ModelError, Models};
use crate::pool::Turn;
use crate::query_record::{self, InForce, QueryRecordError};
use crate::rerank;
use crate::resources::{IndexConfig, Origin, ResourcesError};
use crate::settings::Settings;

/// An index cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum NotOpen {
    /// There is nothing at all.
    #[error(
        "{data} holds no index; build one with `ragops-server index -f FILE --data {data}`, or give another folder \
         with --data",
        data = .0.display()
    )]
    NoIndexes(PathBuf),
    /// No index has the name.
    #[error("{} holds no index `{name}`; there are {known}", .data.display())]
    Unknown {
        /// The folder.
        data: PathBuf,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// None was named and there are several.
    #[error("{} holds several indexes; name one with --index: {known}", .data.display())]
    Unnamed {
        /// The folder.
        data: PathBuf,
        /// The names there are.
        known: String,
    },
    /// No revision can be used.
    #[error(
        "index `{index}` in {data} has no revision that can be used{reasons}; build one with `ragops-server index -f FILE \
         --data {data}`", data = .data.display()
    )]
    NoRevision {
        /// The folder.
        data: PathBuf,
        /// The index.
        index: String,
        /// What is wrong with those there are.
        reasons: String,
    },
    /// No revision can be used yet, and one is being built.
    #[error(
        "index `{index}` in {} has no revision that can be used yet{reasons}; another process is building one: ask again \
         when it is done", .data.display()
    )]
    Building {
        /// The folder.
        data: PathBuf,
        /// The index.
        index: String,
        /// What is wrong with those there are.
        reasons: String,
    },
    /// Revisions cannot be read.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// The model is not at hand.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The settings of `-f` cannot be used.
    #[error(transparent)]
    Resources(#[from] ResourcesError),
    /// The resources of `-f` are of other indexes.
    #[error("{} has no RagIndex `{name}`; there are {known}", .file.display())]
    NoResource {
        /// What `-f` gave.
        file: PathBuf,
        /// The index.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The settings in force cannot be read.
    #[error(transparent)]
    QueryRecord(#[from] QueryRecordError),
}

/// How an index is asked.
struct Asked {
    query: QuerySettings,
    chat: Vec<ChatConfig>,
    reranker: Option<RerankConfig>,
}

/// An index that can be asked.
pub(super) struct Opened {
    /// Its name.
    pub(super) name: String,
    /// What answers.
    pub(super) searcher: Searcher,
    /// How.
    pub(super) query: QuerySettings,
    /// Who words answers, in the order in which they are asked.
    pub(super) chat: Vec<Arc<ChatBackend>>,
    /// Whether its embedding model answers.
    pub(super) answers: Result<(), EmbedError>,
}

impl NotOpen {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Building { .. } => true,
            Self::Revision(error) => error.is_retryable(),
            Self::Model(error) => error.is_retryable(),
            Self::QueryRecord(error) => error.is_retryable(),
            _ => false,
        }
    }
}

/// Opens the revision that would serve, with its own model. Damaged ones passed over are told on standard error.
pub(super) fn open(target: &TargetArgs, settings: &Settings) -> Result<Opened, NotOpen> {
    let name = choose(target, settings)?;
    let store = RevisionStore::of_index(&settings.data, &name);
    let (given, embedder) = match &target.file {
        Some(file) => {
            let IndexConfig { query, chat, reranker, embedder, .. } = config_of(file, &name, settings)?;
            (Some(Asked { query, chat, reranker }), Some(embedder))
        }
        None => (None, None),
    };
    let mut reasons = String::new();
    let mut damage = |revision: &_, error: &RevisionError| {
        eprintln!("warning: revision {revision} of index `{name}` cannot be used: {error}");
        reasons.push_str(&format!("; {revision}: {error}"));
    };
    let Some(revision) = store.open_serving(&mut damage)? else {
        let (data, index) = (settings.data.clone(), name);
        return Err(match store.is_locked() {
            true => NotOpen::Building { data, index, reasons },
            false => NotOpen::NoRevision { data, index, reasons },
        });
    };
    let Asked { query, chat, reranker } = match given {
        Some(given) => given,
        None => recorded(&store, &name, settings)?,
    };
    let models = Models::of(settings);
    let model = models.of_revision(&revision.manifest, embedder.as_ref())?;
    let answers = match model.look() {
        Ok(()) => Ok(()),
        Err(error @ EmbedError::Changed { .. }) => return Err(ModelError::from(error).into()),
        Err(error) => Err(error),
    };
    let reranker = reranker.map(|config| models.reranker(&config)).transpose()?;
    let reranker = reranker.map(|backend| rerank::reranker(backend, &Turn::alone()));
    let searcher = Searcher::new(Arc::new(revision), model)?.reranked_by(reranker);
    let chat = models.chat_backends(&chat)?;
    Ok(Opened { name, searcher, query, chat, answers })
}

/// What the resources of `-f` say of an index.
fn config_of(file: &Path, name: &str, settings: &Settings) -> Result<IndexConfig, NotOpen> {
    let indexes = Origin::Path(file.to_owned()).load(settings)?.indexes;
    match indexes.iter().find(|index| index.name == name) {
        Some(index) => Ok(index.clone()),
        None => {
            let known: Vec<String> = indexes.into_iter().map(|index| index.name).collect();
            Err(NotOpen::NoResource { file: file.to_owned(), name: name.to_owned(), known: quoted(&known) })
        }
    }
}

/// What `index` or `up` said was in force; the environment is stronger, as it is there.
fn recorded(store: &RevisionStore, name: &str, settings: &Settings) -> Result<Asked, NotOpen> {
    let InForce { mut query, chat, reranker } = query_record::read(store)?.unwrap_or_else(|| {
        eprintln!(
            "note: which settings index `{name}` is asked with is not recorded, so defaults are used; run \
             `ragops-server index` once more, or give the resources with -f"
        );
        InForce::default()
    });
    if let Some(minimum) = settings.confidence_minimum {
        query.confidence = ConfidenceSettings::Fixed { minimum };
    }
    let chat = chat.iter().map(|record| record.config(&settings.secrets)).collect();
    Ok(Asked { query, chat, reranker: reranker.map(|record| record.config(&settings.secrets)) })
}

fn choose(target: &TargetArgs, settings: &Settings) -> Result<String, NotOpen> {
    let data = settings.data.clone();
    let names = RevisionStore::list_indexes(&data)?;
    match (&target.index, names.as_slice()) {
        (_, []) => Err(NotOpen::NoIndexes(data)),
        (Some(name), names) if names.contains(name) => Ok(name.clone()),
        (Some(name), _) => Err(NotOpen::Unknown { data, name: name.clone(), known: quoted(&names) }),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(NotOpen::Unnamed { data, known: quoted(&names) }),
    }
}

/// Names as messages list them.
pub(super) fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
