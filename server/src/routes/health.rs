//! `GET /health`, `/livez` and `/readyz`: how the server stands, for people, the kubelet and load balancers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ragops_engine::build::{ErrorClass, Progress, Stage};
use ragops_llm::chat::ChatBackend;
use ragops_llm::rerank::RerankBackend;
use serde::Serialize;
use utoipa::ToSchema;

use crate::contract::RevisionCounts;
use crate::state::{Activity, Condition, Failure, ServedIndex, SharedState};

/// How the server stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// The worst of what follows.
    pub status: HealthStatus,
    /// The program's version.
    pub version: &'static str,
    /// Seconds since it began to serve.
    pub uptime_seconds: u64,
    /// Each index by name.
    pub indexes: BTreeMap<String, IndexHealth>,
    /// The resource files.
    pub resources: ResourcesHealth,
}

/// The state of affairs in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// All is well.
    Ok,
    /// Everything is served, but something wants attention: see `last_error`, `damaged`, `notice`, `trouble` of models,
    /// chat backends and rerankers, and `rejected`.
    Degraded,
    /// An index has nothing to answer from yet.
    Starting,
}

/// How one index stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexHealth {
    /// The state of affairs in one word.
    pub status: HealthStatus,
    /// The revision that answers.
    pub revision: Option<String>,
    /// When that revision was made, RFC 3339.
    pub revision_created_time: Option<String>,
    /// How much it holds.
    pub counts: Option<RevisionCounts>,
    /// Problems found in the documents, by code.
    pub findings: BTreeMap<String, u64>,
    /// The embedding model.
    pub model: Option<ModelHealth>,
    /// The chat backends that word answers, in the order in which they are asked; none where answers quote.
    pub chat_backends: Vec<ChatHealth>,
    /// The backend that puts passages into order; `null` where none does.
    pub reranker: Option<RerankerHealth>,
    /// What is being done.
    pub build: BuildHealth,
    /// Why the last build failed; `null` after one that did not.
    pub last_error: Option<ErrorHealth>,
    /// Revisions that could not be used, with why; paths as in `last_error`.
    pub damaged: BTreeMap<String, String>,
    /// How the revision that answers differs from the resources, where another process built and activated it; the next
    /// build here replaces it.
    pub notice: Option<String>,
}

/// The embedding model of a revision.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelHealth {
    /// Its name.
    pub name: String,
    /// Digest of its files.
    pub digest: String,
    /// Length of a vector.
    pub dimension: usize,
    /// The LlmBackend through which a model elsewhere was asked when the revision was built; `null` for a model of this
    /// machine.
    pub backend: Option<String>,
    /// Why questions are answered by their words alone; `null` while the model answers.
    pub trouble: Option<String>,
}

/// A chat backend of an index.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatHealth {
    /// The LlmBackend.
    pub name: String,
    /// The model as the endpoint names it.
    pub model: String,
    /// Why it is left alone for the moment; `null` while it answers, or has not been asked yet.
    pub trouble: Option<String>,
}

/// The reranking backend of an index.
#[derive(Debug, Serialize, ToSchema)]
pub struct RerankerHealth {
    /// The LlmBackend.
    pub name: String,
    /// The model as the endpoint names it.
    pub model: String,
    /// Why it is left alone for the moment; `null` while it answers, or has not been asked yet.
    pub trouble: Option<String>,
}

/// What is being done for an index.
#[derive(Debug, Serialize, ToSchema)]
pub struct BuildHealth {
    /// In one word.
    pub state: BuildState,
    /// How far it is, while it runs.
    pub progress: Option<ProgressHealth>,
    /// When the last build ended well, RFC 3339.
    pub last_success_time: Option<String>,
}

/// What is being done for an index, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BuildState {
    /// Nothing.
    Idle,
    /// It is another index's turn.
    Waiting,
    /// A build runs.
    Building,
    /// The last build failed and is tried again by itself.
    BackingOff,
}

/// How far a build is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgressHealth {
    /// The step: `scan`, `index`, `calibrate` or `seal`.
    pub stage: &'static str,
    /// Source files done.
    pub files_done: u64,
    /// Source files in all; 0 while they are listed.
    pub files_total: u64,
    /// Documents indexed.
    pub documents: u64,
    /// Chunks indexed.
    pub chunks: u64,
    /// Chunks in all: an estimate until everything has been read; 0 while nothing has.
    pub chunks_expected: u64,
    /// Problems found so far, by code.
    pub findings: BTreeMap<String, u64>,
}

/// A failed build.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorHealth {
    /// What went wrong and what to do. Folders of documents are written as the resources write them, and `DATA`,
    /// `MODELS` and `CACHE` stand for the program's own folders; the log has whole paths.
    pub message: String,
    /// Whether it is tried again by itself, or waits for somebody to change something.
    pub retryable: bool,
    /// How often it failed in a row.
    pub attempts: u32,
    /// When it last failed, RFC 3339.
    pub time: String,
}

/// How the resource files stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourcesHealth {
    /// Why the files on disk are refused; the last good ones are in force.
    pub rejected: Option<String>,
    /// Fields that mean something in a cluster only.
    pub not_used: Vec<String>,
}

/// How the server and each index stand. Always 200 while the server runs: readiness is `/readyz`.
#[utoipa::path(get, path = "/health", tag = "operations", responses(
    (status = 200, description = "How the server stands", body = Health)
))]
pub async fn health(State(state): State<SharedState>) -> Json<Health> {
    let resources = state.resources();
    let indexes: BTreeMap<_, _> =
        state.indexes().iter().map(|(name, index)| (name.clone(), index_health(index))).collect();
    let own = if resources.rejected.is_some() { HealthStatus::Degraded } else { HealthStatus::Ok };
    let none = if indexes.is_empty() { HealthStatus::Starting } else { HealthStatus::Ok };
    Json(Health {
        status: indexes.values().map(|index| index.status).chain([own, none]).max().unwrap_or(own),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: state.started.elapsed().as_secs(),
        indexes,
        resources: ResourcesHealth { rejected: resources.rejected, not_used: resources.not_used },
    })
}

/// Whether the process runs.
#[utoipa::path(get, path = "/livez", tag = "operations", responses((status = 200, description = "It runs", body = String)))]
pub async fn livez() -> &'static str {
    "ok\n"
}

/// Whether every index can be asked.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses(
    (status = 200, description = "Every index can be asked", body = String),
    (status = 503, description = "The indexes named cannot be asked yet", body = String)
))]
pub async fn readyz(State(state): State<SharedState>) -> (StatusCode, String) {
    let indexes = state.indexes();
    let waiting: Vec<&str> =
        indexes.values().filter(|index| index.searcher().is_none()).map(|index| index.name()).collect();
    if indexes.is_empty() {
        (StatusCode::SERVICE_UNAVAILABLE, "no index is served yet\n".to_owned())
    } else if waiting.is_empty() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", waiting.join(", ")))
    }
}

fn index_health(index: &ServedIndex) -> IndexHealth {
    let Condition { activity, failure, damaged, notice, built_time, told_failure: _ } = index.condition();
    let searcher = index.searcher();
    let manifest = searcher.as_ref().map(|searcher| &searcher.revision().manifest);
    let trouble = searcher.as_ref().and_then(|searcher| searcher.model().trouble()).map(|error| error.to_string());
    let backend = |backend: &Arc<ChatBackend>| ChatHealth {
        name: backend.config().backend.clone(),
        model: backend.config().model.clone(),
        trouble: backend.trouble(),
    };
    let chat_backends: Vec<ChatHealth> = index.chat().iter().map(backend).collect();
    let reranker = index.reranker().map(|backend: Arc<RerankBackend>| RerankerHealth {
        name: backend.config().backend.clone(),
        model: backend.config().model.clone(),
        trouble: backend.trouble(),
    });
    let has_trouble = trouble.is_some()
        || chat_backends.iter().any(|backend| backend.trouble.is_some())
        || reranker.as_ref().is_some_and(|backend| backend.trouble.is_some());
    let status = match (manifest, &failure) {
        (None, _) => HealthStatus::Starting,
        (Some(_), None) if damaged.is_empty() && notice.is_none() && !has_trouble => HealthStatus::Ok,
        (Some(_), _) => HealthStatus::Degraded,
    };
    IndexHealth {
        status,
        revision: manifest.map(|m| m.revision.to_string()),
        revision_created_time: manifest.map(|m| m.created_time.clone()),
        counts: manifest.map(|m| m.counts.into()),
        findings: manifest.map(|m| m.findings.counts.clone()).unwrap_or_default(),
        model: manifest.map(|m| ModelHealth {
            name: m.model.name.clone(),
            digest: m.model.digest.to_string(),
            dimension: m.model.dimension,
            backend: m.remote.as_ref().map(|remote| remote.backend.clone()),
            trouble,
        }),
        chat_backends,
        reranker,
        build: build_health(activity, built_time),
        last_error: failure.map(|Failure { message, class, attempts, time }| ErrorHealth {
            message,
            retryable: class == ErrorClass::Retryable,
            attempts,
            time,
        }),
        damaged: damaged.into_iter().collect(),
        notice,
    }
}

fn build_health(activity: Activity, last_success_time: Option<String>) -> BuildHealth {
    let (state, progress) = match activity {
        Activity::Idle => (BuildState::Idle, None),
        Activity::Waiting => (BuildState::Waiting, None),
        Activity::Building(progress) => (BuildState::Building, progress),
        Activity::BackingOff => (BuildState::BackingOff, None),
    };
    let progress = progress.map(|progress| {
        let Progress { stage, files_done, files_total, documents, chunks, chunks_expected, findings } = progress;
        let (stage, findings) = (stage_name(stage), findings.as_ref().clone());
        ProgressHealth { stage, files_done, files_total, documents, chunks, chunks_expected, findings }
    });
    BuildHealth { state, progress, last_success_time }
}

/// A stage's name in JSON and in log lines.
pub fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Scan => "scan",
        Stage::Index => "index",
        Stage::Compress => "compress",
        Stage::Calibrate => "calibrate",
        Stage::Seal => "seal",
    }
}
