//! Documents that cannot be read. What stays so is left out and named; what may pass ends the build, and the revision
//! that serves keeps serving: no hiccup of a disk makes an index smaller.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ragops_engine::build::{BuildError, BuildObserver, BuildOutcome, BuildResult, Progress, Stage};
use ragops_engine::document::FindingCode;

use crate::world::World;

fn page(number: usize) -> String {
    format!("# Page {number}\n\nThe rack {number} holds the part of kind {}.\n", number * 7)
}

/// A build either has every one of `documents`, or says that it can be tried again.
fn check_whole(built: Result<BuildOutcome, BuildError>, documents: u64) -> Option<BuildError> {
    match built {
        Ok(outcome) => {
            let manifest = outcome.manifest;
            // One that grew is whole as far as it was, one that was rewritten as it was at one moment.
            let count = |code: &str| manifest.findings.counts.get(code).copied().unwrap_or_default();
            let named = count("GrewWhileRead") + count("ChangedWhileRead");
            // A writer that never pauses may leave a file at no moment in a state that can be read.
            let torn = count("BinaryContent");
            assert!(torn <= named, "{:?}", manifest.findings);
            let found = (manifest.counts.documents + torn, manifest.findings.total());
            assert_eq!(found, (documents, named + torn), "{:?}", manifest.findings);
            None
        }
        Err(error) => {
            assert!(error.is_retryable(), "{error}");
            Some(error)
        }
    }
}

/// How long builds are made beside a program that writes until three of them have met it, which takes less than a second where
/// it has a core of its own.
const WRITER_TIME: Duration = Duration::from_secs(120);

/// Whether a build says of a file that it changed under it.
fn is_named(built: &BuildOutcome, path: &str) -> bool {
    let codes = [FindingCode::GrewWhileRead, FindingCode::ChangedWhileRead];
    built.manifest.findings.first.iter().any(|finding| finding.path == path && codes.contains(&finding.code))
}

/// Ends the other thread also when the test fails, or the test would wait for it for ever.
struct StopWhenDropped<'a>(&'a AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_file_under_constant_writing_is_named_and_nothing_is_lost() {
    let world = World::new();
    world.write("live.md", &page(1).repeat(2_000));
    let (stop, live) = (AtomicBool::new(false), world.docs().join("live.md"));
    let mut named = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = OpenOptions::new().append(true).open(&live).unwrap();
            let length = file.metadata().unwrap().len();
            while !stop.load(Ordering::Relaxed) {
                file.write_all(b"One more line.\n").unwrap();
                file.set_len(length).unwrap();
            }
        });
        let _stop = StopWhenDropped(&stop);
        // On a busy machine the writer may stand still during a whole build: then that build is right to end well.
        let start = Instant::now();
        while named < 3 && start.elapsed() < WRITER_TIME {
            let built = world.build();
            named += i32::from(built.as_ref().is_ok_and(|built| is_named(built, "live.md")));
            assert!(check_whole(built, 2).is_none());
        }
    });
    assert!(named > 0, "no build met the writer");
    assert!(check_whole(world.build(), 2).is_none(), "the build after the writing ends well");
}

/// A status page that a program writes anew all the time kept all others from being indexed.
#[test]
fn a_file_that_is_rewritten_at_every_look_is_indexed_as_it_was_at_one_moment() {
    let world = World::new();
    let (stop, live) = (AtomicBool::new(false), world.docs().join("status.md"));
    fs::write(&live, "# Status\n\nRound 0.\n").unwrap();
    let mut named = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0_u64.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let text = format!("# Status\n\nRound {round}.\n");
                fs::rename(written(&world, "status", &text), &live).unwrap();
            }
        });
        let _stop = StopWhenDropped(&stop);
        let start = Instant::now();
        while named < 3 && start.elapsed() < WRITER_TIME {
            let built = world.build();
            named += built
                .as_ref()
                .map_or(0, |built| built.manifest.findings.counts.get("ChangedWhileRead").copied().unwrap_or_default());
            assert!(check_whole(built, 2).is_none(), "every build ends well");
        }
    });
    assert!(named > 0, "no build met the writer");
}

/// Each time that the build asks, a file of a new name comes, and the one before goes.
struct ShortLived<'a> {
    world: &'a World,
    asked: Mutex<usize>,
    /// When; at each question whether the build is cancelled where none is told.
    stage: Option<Stage>,
    /// How many questions a file lives.
    lives: usize,
}

impl ShortLived<'_> {
    fn go_on(&self) {
        let mut number = self.asked.lock().unwrap();
        *number += 1;
        self.world.write(&format!("session-{number}.md"), &page(1_000 + *number));
        if let Some(old) = number.checked_sub(self.lives) {
            drop(fs::remove_file(self.world.docs().join(format!("session-{old}.md"))));
        }
    }
}

impl BuildObserver for ShortLived<'_> {
    fn progress(&self, progress: Progress) {
        if self.stage == Some(progress.stage) {
            self.go_on();
        }
    }

    fn is_cancelled(&self) -> bool {
        if self.stage.is_none() {
            self.go_on();
        }
        false
    }
}

/// Each try met a file of another name that was gone when it was digested or read, and the whole build failed.
#[test]
fn files_of_new_names_that_go_away_are_left_out() {
    for (stage, lives) in [(None, 1), (None, 4), (Some(Stage::Scan), 1), (Some(Stage::Index), 1)] {
        let world = World::new();
        (0..20).for_each(|number| world.write(&format!("page-{number}.md"), &page(number)));
        world.write("session-0.md", &page(1_000));
        let spawner = ShortLived { world: &world, asked: Mutex::new(0), stage, lives };
        let built = world.build_observed(&spawner).unwrap();
        let documents = built.manifest.counts.documents;
        assert!((21..=22).contains(&documents), "{stage:?}, {lives}: {documents}");
        assert_eq!(built.manifest.findings.total(), 0, "{stage:?}: {:?}", built.manifest.findings);
    }
}

/// What was listed and gone when it was to be read is no part of what names the revision.
#[test]
fn a_revision_without_a_file_that_went_away_is_the_one_of_the_others() {
    struct Remove<'a>(&'a World);
    impl BuildObserver for Remove<'_> {
        fn progress(&self, progress: Progress) {
            if progress.stage == Stage::Index {
                drop(fs::remove_file(self.0.docs().join("gone.md")));
                drop(fs::remove_file(self.0.docs().join("a-copy.md")));
            }
        }
    }
    let world = World::new();
    world.write("gone.md", &page(7));
    world.write("a-copy.md", &page(8));
    world.write("b-copy.md", &page(8));
    let built = world.build_observed(&Remove(&world)).unwrap();
    assert_eq!((built.result, built.manifest.counts.documents), (BuildResult::Built, 2));
    let again = world.build().unwrap();
    assert_eq!((again.result, again.revision), (BuildResult::Unchanged, built.revision));
}

/// It kept its index from being built for ever.
#[test]
fn a_log_that_only_grows_is_read_as_far_as_it_was() {
    let world = World::new();
    world.write("live.md", &page(1).repeat(2_000));
    let (stop, live) = (AtomicBool::new(false), world.docs().join("live.md"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = OpenOptions::new().append(true).open(&live).unwrap();
            while !stop.load(Ordering::Relaxed) {
                // On a slow machine it would outgrow what is read of one file.
                if file.metadata().unwrap().len() < 8 << 20 {
                    file.write_all(b"One more line.\n").unwrap();
                }
                std::thread::yield_now();
            }
        });
        let _stop = StopWhenDropped(&stop);
        for _ in 0..3 {
            assert!(check_whole(world.build(), 2).is_none(), "every build ends well");
        }
    });
}

/// Folders that come and go under the scan.
#[test]
fn a_folder_that_turns_into_a_file_and_back_never_loses_the_other_pages() {
    let world = World::new();
    let (stop, moving) = (AtomicBool::new(false), world.docs().join("moving.md"));
    fs::write(&moving, page(2)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fs::remove_file(&moving).unwrap();
                fs::create_dir(&moving).unwrap();
                fs::remove_dir(&moving).unwrap();
                fs::rename(written(&world, "next", &page(2)), &moving).unwrap();
            }
        });
        let _stop = StopWhenDropped(&stop);
        for _ in 0..20 {
            if let Ok(outcome) = world.build() {
                let manifest = outcome.manifest;
                assert!((1..=2).contains(&manifest.counts.documents) && manifest.findings.total() == 0, "{manifest:?}");
            }
        }
    });
    assert!(check_whole(world.build(), 2).is_none());
}

fn written(world: &World, name: &str, text: &str) -> std::path::PathBuf {
    let path = world.docs().join(format!(".{name}"));
    fs::write(&path, text).unwrap();
    path
}

/// Run by the test below, in a process that may open few files.
#[test]
#[ignore = "a part of `a_process_without_file_handles_never_builds_a_smaller_index`"]
fn child_that_runs_out_of_file_handles() {
    let world = World::new();
    (0..8).for_each(|number| world.write(&format!("{number}/page.md"), &page(number)));
    assert!(check_whole(world.build(), 9).is_none());
    let first = world.store().active().unwrap();
    world.write("new.md", &page(99));
    let mut hoard: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let mut refused_documents = 0;
    // Handle by handle: the build fails at the lock, at listing, at reading, at writing, and then ends well.
    for _ in 0..60 {
        match check_whole(world.build(), 10) {
            Some(BuildError::Source(fault)) => {
                assert!(fault.to_string().contains("cannot be read at the moment"), "{fault}");
                refused_documents += 1;
            }
            Some(_) => {}
            None => {
                assert!(refused_documents > 0, "no build failed at the documents");
                println!("ended well");
                return;
            }
        }
        hoard.pop();
        if !hoard.is_empty() {
            assert_eq!(active(&world, &mut hoard), first);
        }
    }
    panic!("no build ended well");
}

/// The active revision, read with a handle borrowed from the hoard.
fn active(world: &World, hoard: &mut Vec<File>) -> Option<ragops_engine::revision::RevisionName> {
    hoard.pop();
    let active = world.store().active().unwrap();
    hoard.push(File::open("/dev/null").unwrap());
    active
}

/// Run by the test after it, in a process that may open few files.
#[test]
#[ignore = "a part of `a_process_without_file_handles_never_serves_an_older_revision`"]
fn child_that_opens_without_file_handles() {
    let world = World::new();
    world.build().unwrap();
    world.write("new.md", &page(99));
    let newest = world.build().unwrap().revision;
    let mut hoard: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let mut refused = 0;
    // Handle by handle: it fails at `active.json`, at the manifest, at the digests, and then opens the newest.
    while !hoard.is_empty() {
        match world.store().open_serving(&mut |name, error| panic!("{name} was passed over: {error}")) {
            Ok(revision) => {
                assert_eq!(revision.unwrap().manifest.revision, newest);
                assert!(refused > 0, "there were handles from the start");
                println!("ended well");
                return;
            }
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
        refused += 1;
        hoard.pop();
    }
    panic!("the revision never opened");
}

/// Whoever had no handle for the newest revision was once served the one before it, as if the newest were damaged.
#[test]
fn a_process_without_file_handles_never_serves_an_older_revision() {
    run_with_few_handles("faults::child_that_opens_without_file_handles");
}

#[test]
fn a_process_without_file_handles_never_builds_a_smaller_index() {
    run_with_few_handles("faults::child_that_runs_out_of_file_handles");
}

fn run_with_few_handles(child: &str) {
    let this = std::env::current_exe().unwrap();
    let script = format!("ulimit -n 96 && exec \"$0\" --exact {child} --ignored --nocapture --test-threads=1");
    let output = Command::new("sh").arg("-c").arg(script).arg(this).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("ended well"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The kernel answers EIO to a read of a process's unmapped first page: a disk error without a broken disk.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_error_ends_the_build_and_the_last_revision_stays() {
    let world = World::new();
    let first = world.build().unwrap().revision;
    let mut request = world.request();
    request.sources[0].root = Path::new("/proc/self").to_path_buf();
    request.sources[0].include = vec!["mem".to_owned()];
    request.sources[0].exclude = vec!["*/".to_owned()];
    let error = world.build_request(&request).unwrap_err();
    assert!(error.is_retryable() && matches!(error, BuildError::Source(_)), "{error}");
    assert!(error.to_string().contains("`mem` cannot be read at the moment: Input/output error"), "{error}");
    assert_eq!(world.store().active().unwrap(), Some(first));
}

/// A revision found again once told of findings that were no longer true: they were no part of its identity.
#[test]
fn findings_are_those_of_now_also_when_the_documents_are_those_of_before() {
    let world = World::new();
    let first = world.build().unwrap();
    assert_eq!(first.manifest.findings.total(), 0);
    let socket = world.docs().join("socket.md");
    let listening = UnixListener::bind(&socket).unwrap();
    let second = world.build().unwrap();
    assert_eq!(second.manifest.findings.first[0].path, "socket.md");
    assert_eq!(world.build().unwrap().result, BuildResult::Unchanged);
    drop(listening);
    fs::remove_file(socket).unwrap();
    let third = world.build().unwrap();
    assert_eq!(
        (third.result, third.revision, third.manifest.findings.total()),
        (BuildResult::Unchanged, first.revision, 0)
    );
}
