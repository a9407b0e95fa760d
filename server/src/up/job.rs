//! Opening and building one index, on a thread that may block. What comes of it is put into the shared state here, so
//! that requests see a new revision the moment it is open.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ragops_engine::answer::Searcher;
use ragops_engine::build::{BuildError, BuildOutcome, BuildResult, ErrorClass};
use ragops_engine::document::Finding;
use ragops_engine::revision::{
    FORMAT_VERSION, Manifest, Revision, RevisionError, RevisionName, RevisionStore, Verified,
};

use super::fingerprint::{Fingerprint, fingerprint};
use super::schedule::End;
use crate::backends::Embedder;
use crate::builder::{self, BuildFailure};
use crate::clock;
use crate::commands::index::{counted, result_name};
use crate::models::{ModelError, Models};
use crate::progress::{Cancel, Display, Reporter};
use crate::resources::IndexConfig;
use crate::shown_paths::ShownPaths;
use crate::state::{Activity, Failure, ServedIndex, SharedState};

/// Findings of a build that the log names one by one.
const LOGGED_FINDINGS: usize = 10;
/// Documents of a revision that are looked for in the folders of the resources.
const COMPARED_DOCUMENTS: u32 = 1_000;

/// What jobs need beside their index.
#[derive(Clone)]
pub struct Workshop {
    /// The shared state.
    pub state: SharedState,
    /// The models in use.
    pub models: Arc<Models>,
    /// Where revisions are.
    pub data: Arc<Path>,
    /// How paths are shown to whoever asks how things stand.
    pub shown_paths: Arc<ShownPaths>,
    /// Where progress is shown.
    pub display: Display,
    /// The revisions that this process has found whole.
    pub verified: Verified,
}

impl Workshop {
    /// Where an index is kept.
    fn store(&self, index: &str) -> RevisionStore {
        RevisionStore::of_index(&self.data, index).remembering(&self.verified)
    }
}

/// A revision cannot be served.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    /// It cannot be opened.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// Its model cannot be loaded.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Serves the active revision, or the newest whole one, if there is any.
pub fn open(workshop: &Workshop, config: &IndexConfig, index: &ServedIndex) {
    open_noticing(workshop, config, index, |_| None);
}

/// The same; `notice` says what is worth telling of a revision before it serves.
fn open_noticing(
    workshop: &Workshop,
    config: &IndexConfig,
    index: &ServedIndex,
    notice: impl FnOnce(&Searcher) -> Option<String>,
) {
    let store = workshop.store(index.name());
    let mut damaged = Vec::new();
    let mut damage = |name: &RevisionName, error: &RevisionError| {
        let message = match error {
            RevisionError::Format { found, .. } => format!(
                "it was built by another version of RagOps (format {found}, this program reads {FORMAT_VERSION}); the \
                 index is built anew"
            ),
            _ => error.to_string(),
        };
        tracing::error!(index = index.name(), revision = %name, error = message, "a revision cannot be used");
        damaged.push((name.to_string(), workshop.shown_paths.apply(&message)));
    };
    // Looked at first: what changes while it is opened counts as changed after.
    let active = store.active().ok().flatten().map(|name| (fingerprint(&store.path_of(&name)), name));
    let opened = store.open_serving(&mut damage).map_err(OpenError::from).and_then(|revision| {
        let Some(revision) = revision else { return Ok(None) };
        let model = workshop.models.for_serving(&revision.manifest, Some(&config.embedder))?;
        Ok(Some(Searcher::new(Arc::new(revision), model)?))
    });
    index.update(|condition| condition.damaged = damaged);
    match opened {
        Ok(None) => {}
        Ok(Some(searcher)) => {
            let notice = notice(&searcher);
            index.update(|condition| condition.notice = notice);
            let is_active = |name: &RevisionName| *name == searcher.revision().manifest.revision;
            let files = active.filter(|(_, name)| is_active(name)).map(|(files, _)| files);
            serve(workshop, index, (searcher, &config.embedder), files);
        }
        Err(error) => {
            let message = format!("the active revision cannot be opened: {error}; what served before serves on");
            tracing::error!(index = index.name(), "{message}");
            let message = workshop.shown_paths.apply(&message);
            index.update(|condition| condition.notice = Some(message));
        }
    }
}

/// Serves what another process activated, and says how it differs from what this process would have built.
pub fn follow(workshop: &Workshop, config: &IndexConfig, index: &ServedIndex) {
    open_noticing(workshop, config, index, |searcher| {
        let revision = &searcher.revision().manifest.revision;
        let Some(difference) = difference(searcher, config) else {
            tracing::info!(index = index.name(), %revision, "another process activated this revision");
            return None;
        };
        let notice = format!(
            "another process activated revision {revision}, which is not what the resources here say: other \
             {difference}; it serves until documents or resources change; give both processes the same resources, or \
             folders of their own with --data"
        );
        tracing::warn!(index = index.name(), "{notice}");
        Some(notice)
    });
}

/// What of a revision does not fit the resources, as far as that shows without reading the documents.
fn difference(searcher: &Searcher, config: &IndexConfig) -> Option<String> {
    let Revision { manifest, passages, .. } = searcher.revision().as_ref();
    let is_known = |number| {
        passages.document(number).is_ok_and(|document| {
            config
                .folders
                .iter()
                .any(|folder| folder.name == document.source && folder.path.join(&document.path).exists())
        })
    };
    let documents = u32::try_from(passages.document_count()).unwrap_or(u32::MAX).min(COMPARED_DOCUMENTS);
    let parts = [
        ("chunking", manifest.settings.chunking != config.build.chunking),
        ("type of index", manifest.settings.index != config.build.index),
        (
            "gold set",
            manifest.evaluation.as_ref().map(|kept| kept.digest) != config.gold.as_ref().map(|gold| gold.digest()),
        ),
        ("embedding model", !is_of(manifest, &config.embedder)),
        ("documents", !(0..documents).all(is_known)),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect();
    (!parts.is_empty()).then(|| parts.join(", other "))
}

/// Whether a revision was built with the model that the resources say, as far as that shows without asking it.
fn is_of(manifest: &Manifest, embedder: &Embedder) -> bool {
    match (&manifest.remote, embedder) {
        (None, Embedder::Local(name)) => manifest.model.name == *name,
        (Some(record), Embedder::Remote(config)) => config.asks_as(record),
        _ => false,
    }
}

/// Whether the served revision has this name and lies in just these files. One of the same name may have been built
/// in its place since; then what is open are deleted files, of which nobody knows that they are whole.
pub fn is_served(index: &ServedIndex, name: &RevisionName, files: Fingerprint) -> bool {
    let is_named = index.searcher().is_some_and(|searcher| searcher.revision().manifest.revision == *name);
    is_named && index.opened_files() == Some(files)
}

fn serve(
    workshop: &Workshop,
    index: &ServedIndex,
    (searcher, embedder): (Searcher, &Embedder),
    files: Option<Fingerprint>,
) {
    let manifest = &searcher.revision().manifest;
    let (revision, documents) = (manifest.revision.to_string(), manifest.counts.documents);
    if let Err(error) = searcher.warm() {
        tracing::warn!(index = index.name(), %error, "the model could not be warmed; the first question tries again");
    }
    workshop.state.swap(index, Arc::new(searcher));
    index.set_opened(files, embedder.clone());
    tracing::info!(index = index.name(), revision, documents, "serving");
}

/// Builds an index and serves what came of it.
pub fn build(workshop: &Workshop, config: &IndexConfig, index: &ServedIndex, cancel: Cancel) -> End {
    let start = Instant::now();
    let before = index.searcher().map(|searcher| Before::of(&searcher.revision().manifest));
    let result = contain(|| {
        index.update(|condition| condition.activity = Activity::Building(None));
        let also = |progress| index.update(|condition| condition.activity = Activity::Building(Some(progress)));
        let reporter = Reporter::new(&config.name, workshop.display, cancel, also);
        let outcome = builder::build(config, &workshop.store(index.name()), &workshop.models, &reporter)?;
        serve_outcome(workshop, config, index, &outcome)?;
        Ok(outcome)
    });
    conclude(workshop, config, index, (start, before.as_ref()), result)
}

/// What served when a build began.
struct Before {
    revision: RevisionName,
    findings: Vec<Finding>,
}

impl Before {
    fn of(manifest: &Manifest) -> Self {
        Self { revision: manifest.revision.clone(), findings: manifest.findings.first.clone() }
    }
}

/// A panic is a failure like others: said, and tried again. Whatever was half done is left as a build that was killed
/// leaves it, which the next one takes up.
fn contain<T>(build: impl FnOnce() -> Result<T, BuildFailure>) -> Result<T, BuildFailure> {
    catch_unwind(AssertUnwindSafe(build)).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
        Err(BuildFailure::Panicked(text.unwrap_or("no message").to_owned()))
    })
}

/// Records how a build ended.
fn conclude(
    workshop: &Workshop,
    config: &IndexConfig,
    index: &ServedIndex,
    (start, before): (Instant, Option<&Before>),
    result: Result<BuildOutcome, BuildFailure>,
) -> End {
    let metrics = &workshop.state.metrics;
    match result {
        Ok(outcome) => {
            let took = (outcome.result == BuildResult::Built).then(|| start.elapsed());
            metrics.build(index.name(), result_name(outcome.result), took);
            log_outcome(index, &outcome, start, before);
            index.update(|condition| {
                condition.activity = Activity::Idle;
                condition.failure = None;
                condition.told_failure = None;
                condition.damaged.clear();
                condition.notice = None;
                condition.built_time = Some(clock::now_rfc3339());
            });
            End::Done
        }
        Err(BuildFailure::Build(BuildError::Cancelled)) => {
            metrics.build(index.name(), "cancelled", None);
            tracing::info!(index = index.name(), "the build was cancelled");
            index.update(|condition| condition.activity = Activity::Idle);
            End::GiveUp
        }
        Err(error) => fail(workshop, config, index, &error),
    }
}

/// Opens the revision of a build, unless the build has found the very files that are served, and found them whole.
fn serve_outcome(
    workshop: &Workshop,
    config: &IndexConfig,
    index: &ServedIndex,
    outcome: &BuildOutcome,
) -> Result<(), BuildFailure> {
    let store = workshop.store(index.name());
    let files = fingerprint(&store.path_of(&outcome.revision));
    // The same revision, by a model that is asked elsewhere from now on, is opened anew.
    let is_asked_so = index.opened_embedder().as_ref() == Some(&config.embedder);
    if outcome.result == BuildResult::Unchanged && is_asked_so && is_served(index, &outcome.revision, files) {
        return Ok(());
    }
    let revision = store.open(&outcome.revision).map_err(BuildError::from)?;
    let model = workshop.models.for_serving(&revision.manifest, Some(&config.embedder))?;
    let searcher = Searcher::new(Arc::new(revision), model).map_err(BuildError::from)?;
    serve(workshop, index, (searcher, &config.embedder), Some(files));
    Ok(())
}

fn log_outcome(index: &ServedIndex, outcome: &BuildOutcome, start: Instant, before: Option<&Before>) {
    let (revision, seconds) = (outcome.revision.to_string(), start.elapsed().as_secs_f64());
    let (counts, findings) = (outcome.manifest.counts, outcome.manifest.findings.total());
    match outcome.result {
        BuildResult::Unchanged if before.is_none_or(|before| before.revision == outcome.revision) => {
            tracing::debug!(index = index.name(), revision, "nothing has changed");
        }
        BuildResult::Unchanged => {
            tracing::info!(index = index.name(), revision, "the documents are those of this earlier revision again");
        }
        BuildResult::Built => {
            let (documents, chunks) = (counts.documents, counts.chunks);
            let reused_files = outcome.reused_files;
            tracing::info!(index = index.name(), revision, documents, chunks, reused_files, findings, seconds, "built");
            let new = new_findings(&outcome.manifest, before);
            for finding in new.iter().take(LOGGED_FINDINGS) {
                tracing::warn!(index = index.name(), "{finding}");
            }
            if findings > new.len().min(LOGGED_FINDINGS) as u64 {
                let codes = counted(&outcome.manifest.findings.counts);
                let all = "findings in all; `ragops-server inspect` lists them";
                tracing::warn!(index = index.name(), codes, "{findings} {all}");
            }
        }
    }
}

/// The findings that what served before did not have: the others were logged when they were new.
fn new_findings<'m>(manifest: &'m Manifest, before: Option<&Before>) -> Vec<&'m Finding> {
    let is_known = |finding: &Finding| before.is_some_and(|before| before.findings.contains(finding));
    manifest.findings.first.iter().filter(|finding| !is_known(finding)).collect()
}

/// How long the log does not tell again of a build that fails as the one before did, unless the resources have changed.
const TOLD_FOR: Duration = Duration::from_secs(600);

/// The log is told where things lie, `/health` is not.
fn fail(workshop: &Workshop, config: &IndexConfig, index: &ServedIndex, error: &BuildFailure) -> End {
    let class = error.class();
    let (result, activity, end) = match class {
        ErrorClass::BadInput => ("failed_bad_input", Activity::Idle, End::GiveUp),
        ErrorClass::Retryable => ("failed_retryable", Activity::BackingOff, End::Retry),
    };
    workshop.state.metrics.build(index.name(), result, None);
    let told = error.to_string();
    let message = workshop.shown_paths.with_folders(&config.folders).apply(&told);
    let is_told = |(known, at): &(String, Instant)| *known == told && at.elapsed() < TOLD_FOR;
    let is_told = index.condition().told_failure.as_ref().is_some_and(is_told);
    let retried = end == End::Retry;
    match index.searcher() {
        // Once in a while: a log that lies among the documents would bring on the next build by telling of this one.
        _ if is_told => tracing::debug!(index = index.name(), error = told, "the build failed again"),
        // What it activates is served.
        _ if matches!(error, BuildFailure::Build(BuildError::Busy { .. })) => {
            tracing::info!(index = index.name(), "another process builds it at the moment")
        }
        Some(_) => {
            tracing::error!(
                index = index.name(),
                error = told,
                retried,
                "the build failed; the last revision serves on"
            )
        }
        None => {
            tracing::error!(
                index = index.name(),
                error = told,
                retried,
                "the build failed; there is nothing to serve yet"
            )
        }
    }
    index.update(|condition| {
        let attempts = condition.failure.as_ref().map_or(0, |failure| failure.attempts) + 1;
        condition.activity = activity;
        if !is_told {
            condition.told_failure = Some((told, Instant::now()));
        }
        condition.failure = Some(Failure { message, class, attempts, time: clock::now_rfc3339() });
    });
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    use ragops_engine::settings::{BuildSettings, QuerySettings};

    use crate::pool::QueryPool;
    use crate::settings::{Environment, Flags, Settings};
    use crate::state::AppState;

    fn workshop(data: &Path) -> Workshop {
        let settings = Settings::resolve(Flags::default(), &Environment::of([("HOME", "/nowhere")])).unwrap();
        Workshop {
            state: AppState::new(QueryPool::new(NonZeroUsize::MIN, 0)),
            shown_paths: Arc::default(),
            models: Arc::new(Models::of(&settings)),
            data: data.into(),
            display: Display::Nowhere,
            verified: Verified::default(),
        }
    }

    /// A build that panicked was shown as running for ever, and its cause was in the log alone.
    #[test]
    fn a_panic_is_a_failure_that_is_shown_counted_and_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let (workshop, index) = (workshop(dir.path()), ServedIndex::new("faq", QuerySettings::default()));
        let config = IndexConfig {
            name: "faq".to_owned(),
            folders: Vec::new(),
            build: BuildSettings::default(),
            gold: None,
            query: QuerySettings::default(),
            embedder: Embedder::Local("multilingual-e5-small".to_owned()),
            chat: Vec::new(),
            reranker: None,
            history: 3,
        };
        for attempt in 1..=2 {
            index.update(|condition| condition.activity = Activity::Building(None));
            let result = contain(|| -> Result<BuildOutcome, BuildFailure> { panic!("chunk 7 of 6") });
            assert_eq!(conclude(&workshop, &config, &index, (Instant::now(), None), result), End::Retry);
            let condition = index.condition();
            assert_eq!(condition.activity, Activity::BackingOff);
            let failure = condition.failure.unwrap();
            assert_eq!((failure.class, failure.attempts), (ErrorClass::Retryable, attempt));
            assert!(failure.message.contains("a fault of the program") && failure.message.contains("chunk 7 of 6"));
        }
        let metrics = workshop.state.metrics.render();
        assert!(metrics.contains(r#"ragops_builds_total{index="faq",result="failed_retryable"} 2"#), "{metrics}");
    }
}
