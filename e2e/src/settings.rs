//! The environment variables that the tests read, but for those of `skip`.

use std::ffi::OsString;
use std::path::PathBuf;

/// How many builds are killed: `RAGOPS_CRASH_RUNS`, or `default`. A value that is no number is an error that names it.
pub fn crash_runs(default: usize) -> anyhow::Result<usize> {
    let Some(value) = variable("RAGOPS_CRASH_RUNS") else { return Ok(default) };
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| anyhow::anyhow!("RAGOPS_CRASH_RUNS is {value:?}: a number of builds to kill is expected"))
}

/// Another binary than the one beside the tests: `RAGOPS_SERVER_BIN`.
pub fn server_binary() -> Option<PathBuf> {
    variable("RAGOPS_SERVER_BIN").map(PathBuf::from)
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
