//! What a build of real documents with the real model tells of itself while it runs.

use std::sync::Mutex;

use ragops_engine::build::{BuildObserver, Progress, Stage};
use ragops_engine::revision::RevisionStore;
use ragops_server::builder;
use ragops_server::models::Models;
use ragops_server::resources::Origin;
use ragops_server::settings::{Environment, Flags, Settings};

use crate::world::World;

#[derive(Default)]
struct Recorder(Mutex<Vec<Progress>>);

impl BuildObserver for Recorder {
    fn progress(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
}

#[test]
fn progress_never_goes_back_shows_files_on_the_way_and_reaches_the_total() {
    let Some(world) = World::new() else { return };
    for number in 0..60 {
        world.write(&format!("docs/racks/{number}.md"), &format!("# Rack {number}\n\nIt holds part {number}.\n"));
    }
    world.write("docs/empty.md", "");
    let flags =
        Flags { models_dir: Some(world.models.clone()), cache_dir: Some(world.path("cache")), ..Flags::default() };
    let settings = Settings::resolve(flags, &Environment::default()).unwrap();
    let resources = Origin::Path(world.path("rag.yaml")).load(&settings).unwrap();
    let recorder = Recorder::default();
    let store = RevisionStore::of_index(&world.data(), &resources.indexes[0].name);
    builder::build(&resources.indexes[0], &store, &Models::of(&settings), &recorder).unwrap();

    let seen = recorder.0.into_inner().unwrap();
    let mut stages: Vec<Stage> = seen.iter().map(|progress| progress.stage).collect();
    stages.dedup();
    assert_eq!(stages, [Stage::Scan, Stage::Index, Stage::Calibrate, Stage::Seal]);
    for pair in seen.windows(2) {
        let figures = |p: &Progress| [p.files_done, p.documents, p.chunks, p.findings.values().sum()];
        let (before, after) = (figures(&pair[0]), figures(&pair[1]));
        assert!(before.iter().zip(&after).all(|(b, a)| b <= a), "{:?} after {:?}", pair[1], pair[0]);
        assert!(pair[1].files_done <= pair[1].files_total && pair[1].chunks <= pair[1].chunks_expected);
    }
    let underway = seen.iter().filter(|progress| (1..67).contains(&progress.files_done)).count();
    assert!(underway >= 2, "files were done all at once: {seen:?}");
    for stage in [Stage::Index, Stage::Calibrate, Stage::Seal] {
        let last = seen.iter().rfind(|progress| progress.stage == stage).unwrap();
        assert_eq!((last.files_done, last.files_total, last.documents), (67, 67, 66), "{last:?}");
        assert_eq!((last.chunks, last.findings.values().sum::<u64>()), (last.chunks_expected, 1), "{last:?}");
    }
}
