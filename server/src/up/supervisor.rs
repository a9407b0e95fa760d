//! Keeps what is served in step with the resource files, the documents and the data folder: opens what is there,
//! builds what changed, one index at a time, and goes on through every failure with what served before.

use std::collections::BTreeMap;
use std::fs;
use std::future::pending;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ragops_engine::revision::{RevisionName, RevisionStore};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use super::announce::{Examples, greeting};
use super::fingerprint::{Fingerprint, fingerprint};
use super::job::{self, Workshop};
use super::schedule::{End, Next, Schedule};
use super::serve::told_to_stop;
use super::watch::Watcher;
use crate::output;
use crate::progress::Cancel;
use crate::query_record;
use crate::resources::{IndexConfig, Origin, Resources};
use crate::settings::Settings;
use crate::state::{Activity, ResourceCondition, ServedIndex};

/// After the last of several changes: editors write in bursts, and `git pull` takes a moment.
const QUIET: Duration = Duration::from_millis(300);
/// After the first of several changes, however they go on.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// Finds what no event told of.
const RESCAN: Duration = Duration::from_secs(30);
/// For a build to notice that it was cancelled.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// Keeps everything served in step.
pub struct Supervisor {
    workshop: Workshop,
    origin: Origin,
    settings: Settings,
    resources: Resources,
    served: BTreeMap<String, Arc<ServedIndex>>,
    schedule: Schedule,
    running: Option<Running>,
    watcher: Watcher,
    seen: Seen,
    url: String,
    greeted: bool,
}

struct Running {
    index: String,
    cancel: Cancel,
    task: JoinHandle<End>,
}

/// How things were when last looked at.
#[derive(Debug, Clone, Default, PartialEq)]
struct Seen {
    resources: Option<Fingerprint>,
    documents: BTreeMap<String, Vec<Fingerprint>>,
    /// With the number of its folder, which is another one when a damaged revision is built anew under its name.
    active: BTreeMap<String, Option<(RevisionName, Option<u64>)>>,
}

/// When changes are acted on.
#[derive(Debug, Clone, Copy)]
struct Burst {
    first: Instant,
    last: Instant,
}

impl Burst {
    fn due(self) -> Instant {
        (self.last + QUIET).min(self.first + MAX_WAIT)
    }
}

impl Seen {
    /// Takes over the state of indexes that are new, so that only later changes of theirs count as changes. What was seen of
    /// the others, and of the resources, stays: it may have changed again since it was acted on.
    fn meet(&mut self, looked: Self) {
        let kept = std::mem::replace(self, looked);
        self.resources = kept.resources;
        for (name, documents) in kept.documents {
            self.documents.entry(name).and_modify(|looked| *looked = documents);
        }
        for (name, active) in kept.active {
            self.active.entry(name).and_modify(|looked| *looked = active);
        }
    }
}

impl Supervisor {
    /// A supervisor of resources that were loaded just now.
    pub fn new(workshop: Workshop, origin: Origin, settings: Settings, resources: Resources, url: String) -> Self {
        Self {
            workshop,
            origin,
            settings,
            resources,
            served: BTreeMap::new(),
            schedule: Schedule::default(),
            running: None,
            watcher: Watcher::new(),
            seen: Seen::default(),
            url,
            greeted: false,
        }
    }

    /// Works until told to stop, whatever it waits for at that moment; a build under way is cancelled then.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = told_to_stop(&mut stop) => {}
            () = self.keep_in_step() => {}
        }
        self.stop().await;
    }

    /// Never completes, and may be dropped at any point.
    async fn keep_in_step(&mut self) {
        // Before anything is looked at, so that no change falls in between.
        self.watch();
        self.seen = self.look().await;
        let resources = std::mem::take(&mut self.resources);
        self.apply(resources).await;
        let changed = self.watcher.changed();
        let mut rescan = tokio::time::interval_at(tokio::time::Instant::now() + RESCAN, RESCAN);
        let mut burst: Option<Burst> = None;
        loop {
            self.greet();
            let retry = self.start_next();
            tokio::select! {
                end = ended(&mut self.running) => self.finish(end).await,
                () = changed.notified() => {
                    let now = Instant::now();
                    burst = Some(Burst { first: burst.map_or(now, |burst| burst.first), last: now });
                }
                () = sleep_until(burst.map(Burst::due)) => {
                    burst = None;
                    self.catch_up().await;
                }
                _ = rescan.tick() => self.catch_up().await,
                () = sleep_until(retry) => {}
            }
        }
    }

    /// Looks at everything that may have changed, and acts on what did.
    async fn catch_up(&mut self) {
        let now = self.look().await;
        let before = std::mem::replace(&mut self.seen, now.clone());
        if now.resources != before.resources {
            self.reload().await;
        }
        for (name, documents) in &now.documents {
            if before.documents.get(name).is_some_and(|before| before != documents) {
                // At a level that is not written: it may be a log that was written into, and grows by telling of it.
                tracing::debug!(index = name.as_str(), "something was written among the documents");
                self.schedule.want(name);
            }
        }
        for (name, active) in &now.active {
            let is_running = self.running.as_ref().is_some_and(|running| running.index == *name);
            if active.is_some() && before.active.get(name) != Some(active) && !is_running {
                self.reopen(name).await;
            }
        }
        self.watch();
    }

    /// Another process activated a revision. The last writer of the store wins, also where it was told otherwise than
    /// this process: two that each put theirs in force again would never come to rest.
    async fn reopen(&mut self, name: &str) {
        let config = self.resources.indexes.iter().find(|config| config.name == name).cloned();
        let (Some(config), Some(index)) = (config, self.served.get(name).cloned()) else { return };
        let Some((active, _)) = self.seen.active.get(name).cloned().flatten() else { return };
        let workshop = self.workshop.clone();
        let follow = move || {
            let files = fingerprint(&RevisionStore::of_index(&workshop.data, &config.name).path_of(&active));
            if !job::is_served(&index, &active, files) {
                job::follow(&workshop, &config, &index);
            }
        };
        // A panic in there is logged by the panic hook, and leaves what served before.
        spawn_blocking(follow).await.ok();
    }

    async fn look(&self) -> Seen {
        let resources = self.origin.watched().map(ToOwned::to_owned);
        let indexes = self.resources.indexes.iter();
        let folders: Vec<(String, Vec<PathBuf>)> =
            indexes.map(|index| (index.name.clone(), index.folders.iter().map(|f| f.path.clone()).collect())).collect();
        let data = Arc::clone(&self.workshop.data);
        let look = move || Seen {
            resources: resources.as_deref().map(fingerprint),
            active: folders
                .iter()
                .map(|(name, _)| (name.clone(), active_of(&RevisionStore::of_index(&data, name))))
                .collect(),
            documents: folders
                .into_iter()
                .map(|(name, paths)| (name, paths.iter().map(|path| fingerprint(path)).collect()))
                .collect(),
        };
        spawn_blocking(look).await.unwrap_or_else(|_| self.seen.clone())
    }

    async fn reload(&mut self) {
        let (origin, settings) = (self.origin.clone(), self.settings.clone());
        let loaded = spawn_blocking(move || origin.load(&settings)).await;
        let rejected = self.workshop.state.resources().rejected;
        match loaded {
            // Something else was written into their folder: a log, for one, which telling of it would change again.
            Ok(Ok(resources)) if rejected.is_none() && resources == self.resources => {}
            Ok(Err(error)) if rejected == Some(self.workshop.shown_paths.apply(&error.to_string())) => {}
            Ok(Ok(resources)) => {
                tracing::info!(indexes = resources.indexes.len(), "the resources have changed");
                self.apply(resources).await;
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the changed resources cannot be used; the last good ones stay in force");
                self.set_resources(Some(&error.to_string()));
            }
            Err(error) => tracing::error!(%error, "the resources could not be loaded"),
        }
    }

    /// Puts resources in force: live settings at once, everything else by builds.
    async fn apply(&mut self, resources: Resources) {
        let before = std::mem::replace(&mut self.resources, resources);
        self.set_resources(None);
        // Before the new ones are asked, and again when it is known what is served.
        self.forget_backends();
        let mut new = Vec::new();
        let mut served = BTreeMap::new();
        for config in &self.resources.indexes {
            let index = self.served.get(&config.name).cloned().unwrap_or_else(|| {
                let index = Arc::new(ServedIndex::new(&config.name, config.query));
                new.push((config.clone(), Arc::clone(&index)));
                index
            });
            index.set_settings(config.query);
            // Whoever changed them is told what becomes of it, also where that is what was told before.
            index.update(|condition| condition.told_failure = None);
            match self.workshop.models.chat_backends(&config.chat) {
                Ok(backends) => index.set_chat(backends),
                Err(error) => tracing::error!(index = config.name, %error, "answers are worded as before"),
            }
            match config.reranker.as_ref().map(|config| self.workshop.models.reranker(config)).transpose() {
                Ok(backend) => index.set_reranker(backend),
                Err(error) => tracing::error!(index = config.name, %error, "passages are put into order as before"),
            }
            served.insert(config.name.clone(), index);
        }
        self.served = served;
        self.workshop.state.serve(self.served.values().cloned().collect());
        self.schedule.keep(self.served.keys().map(String::as_str));
        for config in &self.resources.indexes {
            let known = before.indexes.iter().find(|known| known.name == config.name);
            if known.is_some_and(|known| needs_build(known, config)) {
                self.schedule.want(&config.name);
            }
        }
        self.cancel_outdated(&before);
        for (config, index) in new {
            let workshop = self.workshop.clone();
            spawn_blocking(move || job::open(&workshop, &config, &index)).await.ok();
        }
        self.record_queries().await;
        let looked = self.look().await;
        self.seen.meet(looked);
        self.watch();
        self.forget_backends();
    }

    /// Of backends that no resource and no revision in use names any more nothing is told, neither up nor down.
    fn forget_backends(&self) {
        let named = self.resources.indexes.iter().flat_map(IndexConfig::backends).map(str::to_owned);
        let searchers = self.served.values().filter_map(|index| index.searcher());
        let built_with = searchers.filter_map(|it| Some(it.revision().manifest.remote.as_ref()?.backend.clone()));
        self.workshop.state.metrics.keep_backends(named.chain(built_with).collect());
    }

    /// Keeps the settings in force where `query` and `eval` find them. Without that the server is no worse.
    async fn record_queries(&self) {
        let data = Arc::clone(&self.workshop.data);
        let queries: Vec<_> =
            self.resources.indexes.iter().map(|config| (config.name.clone(), config.in_force())).collect();
        let record = move || {
            for (index, query) in queries {
                if let Err(error) = query_record::write(&RevisionStore::of_index(&data, &index), &query) {
                    tracing::warn!(index, %error, "`query` and `eval` will not ask with the settings in force");
                }
            }
        };
        spawn_blocking(record).await.ok();
    }

    fn set_resources(&self, rejected: Option<&str>) {
        let show = |text: &str| self.workshop.shown_paths.apply(text);
        let not_used = self.resources.not_used.iter().map(|text| show(text)).collect();
        self.workshop.state.set_resources(ResourceCondition { rejected: rejected.map(show), not_used });
    }

    /// A build whose result nobody wants any more need not go on.
    fn cancel_outdated(&self, before: &Resources) {
        let Some(running) = &self.running else { return };
        let find = |resources: &Resources| resources.indexes.iter().find(|i| i.name == running.index).cloned();
        let is_current = match (find(before), find(&self.resources)) {
            (Some(before), Some(now)) => !needs_build(&before, &now),
            _ => false,
        };
        if !is_current {
            running.cancel.cancel();
        }
    }

    fn watch(&mut self) {
        let resources = self.origin.watched().map(ToOwned::to_owned);
        let folders = self.resources.indexes.iter().flat_map(|index| &index.folders).map(|folder| folder.path.clone());
        let active = self.served.keys().map(|name| RevisionStore::of_index(&self.workshop.data, name).active_file());
        self.watcher.set(resources.into_iter().chain(folders).chain(active));
    }

    /// Begins the next build if it is time; else says when to ask again.
    fn start_next(&mut self) -> Option<Instant> {
        match self.schedule.next(Instant::now()) {
            Next::Rest => None,
            Next::WaitUntil(time) => Some(time),
            Next::Build(name) => {
                self.start(&name);
                None
            }
        }
    }

    fn start(&mut self, name: &str) {
        self.schedule.start(name);
        for (other, index) in &self.served {
            if self.schedule.is_wanted(other) {
                index.update(|condition| {
                    if condition.activity == Activity::Idle {
                        condition.activity = Activity::Waiting;
                    }
                });
            }
        }
        let config = self.resources.indexes.iter().find(|config| config.name == name).cloned();
        let (Some(config), Some(index)) = (config, self.served.get(name).cloned()) else { return };
        let (workshop, cancel) = (self.workshop.clone(), Cancel::default());
        let task = spawn_blocking({
            let cancel = cancel.clone();
            move || job::build(&workshop, &config, &index, cancel)
        });
        self.running = Some(Running { index: name.to_owned(), cancel, task });
    }

    async fn finish(&mut self, end: Ended) {
        self.running = None;
        let Ended { index, end } = end;
        self.record_queries().await;
        if let Some(delay) = self.schedule.finish(end, Instant::now()) {
            tracing::debug!(index = index.as_str(), seconds = delay.as_secs(), "the build is tried again");
        }
        // What this process activated is no news; what another activated meanwhile is.
        let store = RevisionStore::of_index(&self.workshop.data, &index);
        let active = spawn_blocking(move || active_of(&store)).await.ok().flatten();
        if self.seen.active.insert(index.clone(), active.clone()).flatten() != active {
            self.reopen(&index).await;
        }
        // After the first build there is a file to watch.
        self.watch();
        self.forget_backends();
    }

    /// Says once that everything can be asked.
    fn greet(&mut self) {
        if self.greeted || self.served.is_empty() {
            return;
        }
        let Some((name, searcher)) = self.served.iter().find_map(|(name, index)| Some((name, index.searcher()?)))
        else {
            return;
        };
        if self.served.values().any(|index| index.searcher().is_none()) {
            return;
        }
        self.greeted = true;
        let named = (self.served.len() > 1).then_some(name);
        let (url, index, settings) = (self.url.clone(), named.cloned(), self.served[name].settings());
        // Nobody waits for it: the questions it shows are asked first.
        spawn_blocking(move || {
            let text = greeting(&url, index.as_deref(), &Examples::of(&searcher, &settings));
            if let Err(error) = output::line(&text) {
                tracing::warn!(%error, "the greeting could not be printed");
            }
        });
    }

    async fn stop(self) {
        let Some(running) = self.running else { return };
        running.cancel.cancel();
        if tokio::time::timeout(CANCEL_TIMEOUT, running.task).await.is_err() {
            tracing::warn!(
                index = running.index.as_str(),
                "the build did not stop in time; the next start finishes it"
            );
        }
    }
}

/// The active revision, with the number of its folder.
fn active_of(store: &RevisionStore) -> Option<(RevisionName, Option<u64>)> {
    let name = store.active().ok().flatten()?;
    let folder = fs::metadata(store.path_of(&name)).map(|metadata| metadata.ino()).ok();
    Some((name, folder))
}

struct Ended {
    index: String,
    end: End,
}

/// Completes when the build that runs has ended; never when none runs.
async fn ended(running: &mut Option<Running>) -> Ended {
    let Some(running) = running else { return pending().await };
    // Builds contain their panics; if one escapes after all, the build must not be forgotten.
    let end = (&mut running.task).await.unwrap_or(End::Retry);
    Ended { index: running.index.clone(), end }
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => pending().await,
    }
}

/// Whether what is served for one no longer answers to the other.
fn needs_build(before: &IndexConfig, now: &IndexConfig) -> bool {
    before.folders != now.folders
        || before.build != now.build
        || before.embedder != now.embedder
        || before.gold != now.gold
}
