//! Hears from the file system that something changed. Only a hint: what changed is found out by fingerprints, and a
//! rescan finds what no event told, so losing this (no inotify watches left, a network file system) costs seconds.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// Watches a set of paths.
pub struct Watcher {
    inner: Option<RecommendedWatcher>,
    watched: BTreeSet<Target>,
    changed: Arc<Notify>,
}

/// What the kernel is asked to watch. It watches the thing and not the name, so another thing of the same name is
/// another target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    path: PathBuf,
    thing: (u64, u64),
    reach: Reach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Entries,
    AllBelow,
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

    /// Is notified when something changed. Changes in between are one.
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Watches these paths and no others: a folder with all below it, and of every path the folder that holds it, or
    /// will hold it. To be called again after changes, since what is there may be something else by then.
    pub fn set(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let Some(inner) = &mut self.inner else { return };
        let wanted: BTreeSet<Target> = paths.into_iter().flat_map(|path| targets(&path)).collect();
        if !self.watched.is_subset(&wanted) {
            // Ending one watch may end others below it, so all of them begin anew.
            for gone in std::mem::take(&mut self.watched) {
                // Failing to forget what has vanished is as good as forgetting it.
                inner.unwatch(&gone.path).ok();
            }
        }
        // The wider reach last: of two watches on one folder the later one holds.
        for target in wanted.difference(&self.watched.clone()) {
            let mode = match target.reach {
                Reach::Entries => RecursiveMode::NonRecursive,
                Reach::AllBelow => RecursiveMode::Recursive,
            };
            match inner.watch(&target.path, mode) {
                Ok(()) => drop(self.watched.insert(target.clone())),
                Err(error) => {
                    let path = target.path.display();
                    tracing::warn!(%path, %error, "this path is not watched, only rescanned");
                }
            }
        }
    }
}

impl Default for Watcher {
    fn default() -> Self {
        Self::new()
    }
}

/// The folder that holds a path tells of its coming, going and being replaced, as editors do; the path itself, when it
/// is a folder, tells of what happens below.
fn targets(path: &Path) -> Vec<Target> {
    let holder =
        path.ancestors().skip(1).map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let holder = holder.filter_map(|folder| target(folder, Reach::Entries)).next();
    holder.into_iter().chain(target(path, Reach::AllBelow)).collect()
}

fn target(folder: &Path, reach: Reach) -> Option<Target> {
    let metadata = fs::metadata(folder).ok().filter(Metadata::is_dir)?;
    Some(Target { path: folder.to_owned(), thing: (metadata.dev(), metadata.ino()), reach })
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
        watcher.set([docs.clone(), yaml.clone()]);
        fs::write(docs.join("deep/x.md"), "x").unwrap();
        heard(&watcher).await;
        fs::write(dir.path().join("new"), "two").unwrap();
        fs::rename(dir.path().join("new"), &yaml).unwrap();
        heard(&watcher).await;
    }

    #[tokio::test]
    async fn a_folder_that_comes_later_or_is_replaced_by_another_is_heard_and_watched() {
        let dir = tempfile::tempdir().unwrap();
        let docs = dir.path().join("later/docs");
        let mut watcher = Watcher::new();
        watcher.set([docs.clone()]);
        fs::create_dir_all(&docs).unwrap();
        heard(&watcher).await;
        watcher.set([docs.clone()]);
        fs::write(docs.join("x.md"), "x").unwrap();
        heard(&watcher).await;
        fs::rename(&docs, dir.path().join("later/old")).unwrap();
        fs::create_dir(&docs).unwrap();
        heard(&watcher).await;
        watcher.set([docs.clone()]);
        settle(&watcher, dir.path()).await;
        fs::write(docs.join("y.md"), "y").unwrap();
        heard(&watcher).await;
    }

    async fn heard(watcher: &Watcher) {
        tokio::time::timeout(PATIENCE, watcher.changed().notified()).await.unwrap();
    }

    /// Takes in all events of what was done so far: a second watcher hears of a marker after them.
    async fn settle(watcher: &Watcher, dir: &Path) {
        let marker = tempfile::tempdir_in(dir).unwrap();
        let mut second = Watcher::new();
        second.set([marker.path().to_owned()]);
        fs::write(marker.path().join("mark"), "").unwrap();
        heard(&second).await;
        while tokio::time::timeout(Duration::from_millis(50), watcher.changed().notified()).await.is_ok() {}
    }

    #[test]
    fn reading_is_no_change() {
        assert!(!is_change(EventKind::Access(AccessKind::Open(AccessMode::Any))));
        assert!(!is_change(EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(is_change(EventKind::Access(AccessKind::Close(AccessMode::Write))));
        assert!(is_change(EventKind::Remove(notify::event::RemoveKind::File)));
    }
}
