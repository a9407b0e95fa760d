//! The command line: every bad input ends with its exit code and a message that names the thing and says what to do.
//! Nothing here needs a model; what does is in `tests/journey`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod models;
mod resources;
mod settings;
mod setup;
mod targets;

use std::process::Command;

use support::run;

/// The command ends with `code` and says all of `says` on standard error.
fn check(command: &mut Command, code: i32, says: &[&str]) {
    let ran = run(command);
    assert_eq!(ran.code, code, "{}", ran.stderr);
    for text in says {
        assert!(ran.stderr.contains(text), "`{text}` is missing in:\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}
