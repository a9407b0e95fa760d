//! Skipping a test that this machine cannot run: loudly, and never where the gate runs.

use std::io::Write;

use crate::settings;

/// Says on stderr, past the test harness's capture, that a test did not run and why.
///
/// # Panics
/// With `CI=true`, where a test that cannot run is a failure.
pub fn skip(test: &str, reason: &str) {
    assert!(!settings::is_ci(), "{test} cannot run here, and CI may not skip it: {reason}");
    // `eprintln!` would be captured; nothing is left to do when stderr itself is closed.
    drop(writeln!(std::io::stderr().lock(), "\n*** SKIPPED {test}: {reason}\n"));
}
