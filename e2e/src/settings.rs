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

/// Where the server looks for installed models, by its own rule: `RAGOPS_MODELS_DIR`, then the user's cache folder.
pub fn models_dir() -> Option<PathBuf> {
    let set = variable("RAGOPS_MODELS_DIR").map(PathBuf::from);
    let cache = || variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
    set.or_else(|| Some(cache().or_else(home)?.join("ragops/models")))
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
