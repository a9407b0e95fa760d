//! Hears from the file system that something changed. Only a hint: what changed is found out by fingerprints, and a
//! rescan finds what no event told, so losing this (no inotify watches left, a network file system) costs seconds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// Watches a set of paths.
pub struct Watcher {
    inner: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    changed: Arc<Notify>,
}

impl Watcher {
    /// A watcher of nothing yet.
    pub fn new() -> Self {
        let changed = Arc::new(Notify::new());
        let notify = Arc::clone(&changed);
        let handler = move |event: notify::Result<notify::Event>| {
            if event.map_or(true, |event| is_change(event.kind)) {
                notify.notify_one();
            }
        };
        let inner = notify::recommended_watcher(handler);
        let inner = inner.inspect_err(|error| tracing::warn!(%error, "files are not watched, only rescanned")).ok();
        Self { inner, watched: BTreeSet::new(), changed }
    }

    /// Completes after something changed. Changes in between are one.
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Watches these paths and no others: a folder with all below it, a file by way of its folder. One that is not
    /// there yet is taken up by a later call.
    pub fn set(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let Some(inner) = &mut self.inner else { return };
        let wanted: BTreeSet<PathBuf> = paths.into_iter().filter(|path| path.exists()).collect();
        for gone in self.watched.difference(&wanted) {
            // Failing to forget a path that has vanished is as good as forgetting it.
            inner.unwatch(&target(gone).0).ok();
        }
        let mut watched: BTreeSet<PathBuf> = self.watched.intersection(&wanted).cloned().collect();
        for path in wanted.difference(&self.watched) {
            let (target, mode) = target(path);
            match inner.watch(&target, mode) {
                Ok(()) => drop(watched.insert(path.clone())),
                Err(error) => {
                    let path = path.display();
                    tracing::warn!(%path, %error, "this path is not watched, only rescanned");
                }
            }
        }
        self.watched = watched;
    }
}

impl Default for Watcher {
    fn default() -> Self {
        Self::new()
    }
}

/// Editors replace a file by renaming another over it, which only its folder tells of.
fn target(path: &Path) -> (PathBuf, RecursiveMode) {
    if path.is_dir() {
        return (path.to_owned(), RecursiveMode::Recursive);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (parent.to_owned(), RecursiveMode::NonRecursive)
}

/// Reading is no change: a build that reads must not ask for the next build.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Duration;

    /// Far above what an event takes, so that only a missing one ends here.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_new_file_below_a_folder_and_a_file_replaced_by_renaming_are_heard() {
        let dir = tempfile::tempdir().unwrap();
        let (docs, yaml) = (dir.path().join("docs"), dir.path().join("rag.yaml"));
        fs::create_dir_all(docs.join("deep")).unwrap();
        fs::write(&yaml, "one").unwrap();
        let mut watcher = Watcher::new();
        watcher.set([docs.clone(), yaml.clone(), dir.path().join("not-there-yet")]);
        fs::write(docs.join("deep/x.md"), "x").unwrap();
        tokio::time::timeout(PATIENCE, watcher.changed().notified()).await.unwrap();
        fs::write(dir.path().join("new"), "two").unwrap();
        fs::rename(dir.path().join("new"), &yaml).unwrap();
        tokio::time::timeout(PATIENCE, watcher.changed().notified()).await.unwrap();
    }

    #[test]
    fn reading_is_no_change() {
        assert!(!is_change(EventKind::Access(AccessKind::Open(AccessMode::Any))));
        assert!(!is_change(EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(is_change(EventKind::Access(AccessKind::Close(AccessMode::Write))));
        assert!(is_change(EventKind::Remove(notify::event::RemoveKind::File)));
    }
}
