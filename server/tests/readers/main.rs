//! The pool of reader processes, with the real program as its worker: limits, kills, and replacements.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;
use std::time::Duration;

use ragops_formats::Format;
use ragops_formats::pool::{Breach, Pool, PoolSettings};
use rustix::process::{Pid, Signal, kill_process};

fn pool(workers: usize, file_time: Duration) -> Pool {
    Pool::new(PoolSettings { program: PathBuf::from(env!("CARGO_BIN_EXE_ragops-server")), workers, file_time })
}

const LONG: Duration = Duration::from_secs(30);

/// A mail is the shortest file there is.
fn mail(words: &str) -> Vec<u8> {
    format!("From: a@example.com\r\nSubject: {words}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n")
        .into_bytes()
}

/// A worker that says it is ready, and then does something else.
fn script(then: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("worker");
    std::fs::write(&program, format!("#!/bin/sh\nprintf 'ragops-reader 1\\n'\n{then}\n")).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    (folder, program)
}

fn kill(process: u32) {
    let process = Pid::from_raw(process as i32).unwrap();
    kill_process(process, Signal::KILL).unwrap();
}

#[test]
fn one_worker_reads_file_after_file() {
    let pool = pool(1, LONG);
    for words in ["첫째", "second"] {
        let extract = pool.extract(Format::Eml, &mail(words)).unwrap();
        assert_eq!(extract.title.as_deref(), Some(words), "{extract:?}");
    }
    let report = pool.report();
    assert_eq!((report.files, report.started), (2, 1));
    assert!(report.peak_bytes > 1 << 20, "{report:?}");
}

#[test]
fn a_worker_that_was_killed_between_two_files_is_replaced() {
    let pool = pool(1, LONG);
    pool.extract(Format::Eml, &mail("a")).unwrap();
    for worker in pool.idle_workers() {
        kill(worker);
    }
    assert_eq!(pool.extract(Format::Eml, &mail("b")).unwrap().title.as_deref(), Some("b"));
    assert_eq!(pool.report().started, 2);
}

#[test]
fn a_file_that_takes_too_long_costs_its_worker_and_nothing_else() {
    let (_folder, program) = script("exec sleep 1000");
    let file_time = Duration::from_millis(300);
    let pool = Pool::new(PoolSettings { program, workers: 1, file_time });
    assert_eq!(pool.extract(Format::Eml, &mail("a")), Err(Breach::Time(file_time)));
    assert!(pool.idle_workers().is_empty());
}

/// The pool waited for such a worker for ever.
#[test]
fn a_worker_that_lives_on_without_its_pipe_is_killed() {
    let (_folder, program) = script("exec >&- 2>&-\nexec sleep 1000");
    let pool = Pool::new(PoolSettings { program, workers: 1, file_time: LONG });
    assert_eq!(pool.extract(Format::Eml, &mail("a")), Err(Breach::Killed));
}

#[test]
fn a_cancelled_pool_reads_nothing_more() {
    let pool = pool(2, LONG);
    pool.extract(Format::Eml, &mail("a")).unwrap();
    pool.cancel();
    assert_eq!(pool.extract(Format::Eml, &mail("b")), Err(Breach::Cancelled));
    assert_eq!(pool.extract(Format::Eml, &mail("c")), Err(Breach::Cancelled));
}

#[test]
fn a_program_that_is_no_reader_is_named_as_such() {
    let pool = Pool::new(PoolSettings { program: PathBuf::from("/bin/true"), workers: 1, file_time: LONG });
    assert!(matches!(pool.extract(Format::Eml, &mail("a")), Err(Breach::Start(_))));
    let pool = Pool::new(PoolSettings { program: PathBuf::from("/nowhere"), workers: 1, file_time: LONG });
    assert!(matches!(pool.extract(Format::Eml, &mail("a")), Err(Breach::Start(_))));
}

#[test]
fn a_file_larger_than_a_worker_takes_is_refused_before_it_is_sent() {
    let pool = pool(1, LONG);
    let bytes = vec![0; ragops_formats::pool::MAX_REQUEST_BYTES as usize + 1];
    assert_eq!(pool.extract(Format::Pdf, &bytes), Err(Breach::Size(bytes.len() as u64)));
    assert_eq!(pool.report().started, 0);
}
