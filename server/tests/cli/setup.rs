//! `scripts/setup.sh` on a machine that has neither strace nor Node, as a user who may not install packages.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Ran, run};

/// Runs it where only these programs are, each of which does nothing.
fn set_up(purpose: &[&str], programs: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let program = |name: &str, script: &str| {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    programs.iter().for_each(|name| program(name, "exit 0"));
    program("id", "echo 1000");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/setup.sh");
    run(Command::new("/bin/bash").arg(script).args(purpose).env("PATH", dir.path()))
}

const NEEDED: [&str; 8] = ["apt-get", "c++", "cargo", "cc", "cmake", "ld.lld", "make", "python3"];

#[test]
fn only_the_tests_need_strace_and_node() {
    let up = set_up(&[], &NEEDED);
    assert_eq!((up.code, up.stderr.as_str()), (0, ""));
    let test = set_up(&["test"], &NEEDED);
    assert_eq!(test.code, 1, "{}", test.stderr);
    assert!(
        test.stderr.contains("  sudo apt-get install -y --no-install-recommends strace nodejs\n"),
        "{}",
        test.stderr
    );
}

#[test]
fn what_is_missing_for_a_build_is_named_in_one_line_to_run() {
    let up = set_up(&[], &["apt-get", "c++", "cargo", "cc", "make", "python3"]);
    assert_eq!(up.code, 1, "{}", up.stderr);
    assert!(up.stderr.contains("  sudo apt-get install -y --no-install-recommends cmake lld\n"), "{}", up.stderr);
    let unknown = set_up(&["tests"], &NEEDED);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
}
