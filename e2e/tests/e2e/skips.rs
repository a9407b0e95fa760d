//! What the gate makes of a test that cannot run: what is missing fails it, what the machine forbids is recorded.

use std::process::Command;

use ragops_e2e::skip::{Unavailable, skip};

/// Run by the test below, in an environment of its own.
#[test]
#[ignore = "a part of `only_what_a_machine_forbids_is_skipped_where_the_gate_runs`"]
fn child_that_lacks_something() {
    skip("the child", &Unavailable::Missing("no data,\nfetch it".to_owned()));
}

/// The same.
#[test]
#[ignore = "a part of `only_what_a_machine_forbids_is_skipped_where_the_gate_runs`"]
fn child_that_may_not_do_something() {
    skip("the child", &Unavailable::Forbidden("no mounts".to_owned()));
}

/// Skips were printed where the harness swallows what passing tests print, and the gate did not say that it was one.
#[test]
fn only_what_a_machine_forbids_is_skipped_where_the_gate_runs() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("skipped.txt");
    let check = |child: &str, ci: &str, expect: (bool, &str)| {
        drop(std::fs::remove_file(&log));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", &format!("skips::{child}")]).env("CI", ci).env("RAGOPS_SKIP_LOG", &log);
        let output = command.output().unwrap();
        let recorded = std::fs::read_to_string(&log).unwrap_or_default();
        assert_eq!((output.status.success(), recorded.as_str()), expect, "{child} with CI={ci}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr).contains("*** SKIPPED the child"), expect.0);
    };
    check("child_that_lacks_something", "", (true, "the child: no data, fetch it\n"));
    check("child_that_lacks_something", "true", (false, ""));
    check("child_that_may_not_do_something", "", (true, "the child: no mounts\n"));
    check("child_that_may_not_do_something", "true", (true, "the child: no mounts\n"));
}
