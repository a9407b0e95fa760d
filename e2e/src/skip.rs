//! Skipping a test that this machine cannot run: seen by whoever runs the tests, and never because something was not
//! installed where the gate runs. The tests of the other packages include this file, so it needs the standard library
//! alone.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::ffi::OsString;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;

/// Why a test cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// Something that can be installed or fetched is not there: test data, a model, a program. With `CI=true` this
    /// fails the test.
    Missing(String),
    /// The machine or its sandbox forbids what the test does: mounting, tracing, IPv6. No checkout can change that, so
    /// the skip is recorded, with `CI=true` too.
    Forbidden(String),
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(reason) | Self::Forbidden(reason) => f.write_str(reason),
        }
    }
}

/// Says that a test did not run and why: on stderr, past the test harness's capture, and in the file that
/// `RAGOPS_SKIP_LOG` names, one line a skip. `scripts/test.sh` shows that file at its end.
///
/// # Panics
/// With `CI=true`, when something is missing; and when the log cannot be written.
pub fn skip(test: &str, reason: &Unavailable) {
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(
        !(is_ci && matches!(reason, Unavailable::Missing(_))),
        "{test} cannot run here, and CI may not skip it: {reason}"
    );
    let reason = reason.to_string().replace('\n', " ");
    // `eprintln!` would be captured; nothing is left to do when stderr itself is closed.
    drop(writeln!(std::io::stderr().lock(), "\n*** SKIPPED {test}: {reason}\n"));
    if let Some(path) = std::env::var_os("RAGOPS_SKIP_LOG").filter(|path| !path.is_empty()) {
        record(&path, &format!("{test}: {reason}\n"));
    }
}

/// In one write, since many test programs append at a time.
fn record(path: &OsString, line: &str) {
    let written =
        OpenOptions::new().create(true).append(true).open(path).and_then(|mut f| f.write_all(line.as_bytes()));
    written.unwrap_or_else(|error| panic!("the skip cannot be recorded in {}: {error}", path.display()));
}

/// The running test's name, as the test harness names its thread.
pub fn this_test() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
}
