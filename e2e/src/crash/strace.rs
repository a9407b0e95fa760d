//! Records what a program does to the files below one folder, by running it under `strace`.
//!
//! Only a list of understood calls may touch the folder: any other call that changes files there, a second process, or
//! two overlapping calls whose order matters make the recording fail. What slipped through all the same is found by
//! the caller, who replays the recording and compares the end with the real folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::operation::Operation;
use super::trace_line::{Unreadable, calls};
use crate::skip::Unavailable;

mod interpret;
mod kill;

pub use interpret::interpret;
pub use kill::{Change, changes, kill_at};

/// Every call that can change a file or move a file position, and those that start a process. Reading is left out: it
/// changes nothing, and the model's weights would make the trace hundreds of megabytes long.
const TRACED: &str = "open,openat,openat2,creat,close,close_range,dup,dup2,dup3,fcntl,lseek,\
    write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate,copy_file_range,sendfile,splice,\
    fsync,fdatasync,sync,syncfs,msync,mmap,\
    rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,mknod,mknodat,\
    chdir,fchdir,clone,clone3,fork,vfork,execve,io_uring_setup,io_submit";

/// Bytes of a string that strace prints; a write longer than this fails the recording.
const STRING_LIMIT: &str = "67108864";

/// A program's run: what it did to the folder, and how it ended.
#[derive(Debug)]
pub struct Recording {
    /// The changes, in the order in which they were done; paths relative to the folder.
    pub operations: Vec<Operation>,
    /// The program's exit status.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it printed as errors and progress.
    pub stderr: Vec<u8>,
}

/// The run could not be recorded, or is not understood.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// strace did not start.
    #[error("cannot run strace: {0}; install it (apt-get install strace)")]
    Start(#[source] io::Error),
    /// strace wrote no trace.
    #[error("cannot read the trace {}: {source}", .path.display())]
    Read {
        /// The trace's path.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// strace wrote what this parser does not know.
    #[error(transparent)]
    Line(#[from] Unreadable),
    /// The program failed, which had to succeed to be understood.
    #[error("the program ended with {0}")]
    Program(ExitStatus),
    /// A call that changes the folder in a way the model does not know.
    #[error("line {}: {call} changes the folder in a way that is not understood: {why}", .line + 1)]
    Unknown {
        /// The trace's line, from 0.
        line: usize,
        /// The call with its arguments.
        call: String,
        /// What is not understood.
        why: &'static str,
    },
    /// Two calls of different threads ran at once and their order matters.
    #[error("`{first}` and `{second}` ran at the same time: what was synced cannot be told")]
    Overlap {
        /// The one that ended first.
        first: String,
        /// The other.
        second: String,
    },
}

/// Why programs cannot be recorded on this machine; `None` when they can.
pub fn unavailable() -> Option<Unavailable> {
    match Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output() {
        Err(error) => Some(Unavailable::Missing(format!(
            "strace cannot be started: {error}; install it (apt-get install strace)"
        ))),
        Ok(output) if !output.status.success() => {
            let said = String::from_utf8_lossy(&output.stderr);
            Some(Unavailable::Forbidden(format!("strace may not trace here: {}", said.trim())))
        }
        Ok(_) => None,
    }
}

/// Runs `command` to its end and records what it does below `root`, which must be an absolute path without links.
pub fn record(command: &Command, root: &Path) -> Result<Recording, TraceError> {
    let path = root.with_extension("strace");
    let options = ["-f", "-qq", "-y", "-xx", "--seccomp-bpf", "-s", STRING_LIMIT, "-e", "signal=none"];
    let mut strace = under_strace(command, &options, &path);
    strace.arg("-e").arg(format!("trace={TRACED}")).arg(command.get_program()).args(command.get_args());
    let output = strace.output().map_err(TraceError::Start)?;
    let trace = fs::read_to_string(&path).map_err(|source| TraceError::Read { path: path.clone(), source })?;
    let operations = interpret(&calls(&trace)?, root)?;
    drop(fs::remove_file(&path));
    Ok(Recording { operations, status: output.status, stdout: output.stdout, stderr: output.stderr })
}

/// strace in the environment and folder of `command`, writing to `trace`; the program is still to be added.
fn under_strace(command: &Command, options: &[&str], trace: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(options).arg("-o").arg(trace).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        strace.current_dir(dir);
    }
    strace
}

#[cfg(test)]
mod tests;
