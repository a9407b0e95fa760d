//! A build is stopped in every step but the last, soon, and leaves what was active.

use std::sync::atomic::{AtomicUsize, Ordering};

use ragops_engine::build::{BuildError, BuildObserver, BuildResult, Progress, Stage};

use crate::world::World;

/// Cancels at the `patience`-th time that it is asked after `stage` began.
struct Impatient {
    stage: Stage,
    patience: usize,
    begun: AtomicUsize,
    asked: AtomicUsize,
}

impl Impatient {
    fn at(stage: Stage, patience: usize) -> Self {
        Self { stage, patience, begun: AtomicUsize::new(0), asked: AtomicUsize::new(0) }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl BuildObserver for Impatient {
    fn progress(&self, progress: Progress) {
        self.begun.fetch_add(usize::from(progress.stage == self.stage), Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.begun.load(Ordering::Relaxed) > 0 && self.asked.fetch_add(1, Ordering::Relaxed) + 1 >= self.patience
    }
}

fn large_world() -> World {
    let world = World::new();
    (0..200)
        .for_each(|number| world.write(&format!("{}/{number}.md", number % 10), &format!("# N\n\nPage {number}.\n")));
    world
}

/// Scanning and calibrating once ran to their ends whoever asked: a server told to stop waited for a whole share.
#[test]
fn every_step_is_stopped_soon_and_the_active_revision_stays() {
    let world = large_world();
    let first = world.build().unwrap().revision;
    world.write("new.md", "# New\n\nA page.\n");
    for (stage, patience) in [
        // Folders are asked about as they are listed, then files as they are digested.
        (Stage::Scan, 1),
        (Stage::Scan, 5),
        (Stage::Scan, 100),
        (Stage::Index, 1),
        (Stage::Index, 5),
        (Stage::Calibrate, 1),
        (Stage::Calibrate, 2),
        (Stage::Calibrate, 30),
    ] {
        let observer = Impatient::at(stage, patience);
        let error = world.build_observed(&observer).unwrap_err();
        assert!(matches!(error, BuildError::Cancelled), "{stage:?} {patience}: {error}");
        // One more question a thread, and not one a file.
        assert!(observer.asked() < patience + 64, "{stage:?} {patience}: asked {} times", observer.asked());
        assert_eq!(world.store().active().unwrap(), Some(first.clone()));
        let revisions = world.store().dir().join("revisions");
        assert_eq!(std::fs::read_dir(revisions).unwrap().count(), 1, "{stage:?} {patience} left something behind");
    }
    assert_eq!(world.build().unwrap().result, BuildResult::Built);
}
