//! One build of one index, from its configuration: the model is fetched, the request filled in, the engine called.

use ragops_engine::build::{
    BuildError, BuildObserver, BuildOutcome, BuildRequest, ErrorClass, SharedExtractor, build as build_revision,
};
use ragops_engine::revision::RevisionStore;
use ragops_engine::revision::open::read_manifest;
use ragops_llm::embedder::Known;

use crate::clock;
use crate::models::{ModelError, Models, known_of};
use crate::query_record::QueryRecordError;
use crate::readers::Readers;
use crate::resources::{Folder, IndexConfig};

/// A build failed; what served before still does.
#[derive(Debug, thiserror::Error)]
pub enum BuildFailure {
    /// The model is not at hand.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The engine could not build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The settings for questions could not be kept.
    #[error(transparent)]
    QueryRecord(#[from] QueryRecordError),
    /// A fault of the program ended the build.
    #[error(
        "a fault of the program ended the build: {0}; it is tried again, and if that does not help please report it \
         with the log"
    )]
    Panicked(String),
}

impl BuildFailure {
    /// What the caller should do.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Model(error) if error.is_retryable() => ErrorClass::Retryable,
            Self::Model(_) => ErrorClass::BadInput,
            Self::Build(error) => error.class(),
            Self::QueryRecord(_) | Self::Panicked(_) => ErrorClass::Retryable,
        }
    }
}

/// Builds and activates a revision of `config` in `store`, or finds that it is there already.
pub fn build(
    config: &IndexConfig,
    store: &RevisionStore,
    models: &Models,
    observer: &dyn BuildObserver,
) -> Result<BuildOutcome, BuildFailure> {
    let model = models.for_build(&config.embedder, known(store))?;
    let readers = Readers::new();
    let request = BuildRequest {
        index: config.name.clone(),
        sources: config.folders.iter().map(Folder::source).collect(),
        settings: config.build.clone(),
        created_time: clock::now_rfc3339(),
        built_by: concat!("ragops-server ", env!("CARGO_PKG_VERSION")).to_owned(),
        history: config.history,
        extractor: SharedExtractor(readers.extractor()),
        gold: config.gold.clone(),
        documents: model.documents(),
    };
    let outcome = readers.while_wanted(observer, || build_revision(&request, model.model(), store, observer));
    readers.report(&config.name);
    model.report_caches();
    Ok(outcome?)
}

/// What the active revision was built with, where that can be read and was a model elsewhere.
fn known(store: &RevisionStore) -> Option<Known> {
    let active = store.active().ok().flatten()?;
    known_of(read_manifest(&store.path_of(&active)).ok()?)
}
