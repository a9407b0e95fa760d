//! SIGKILL at a chosen change of the disk: strace delivers the signal as the program begins that call.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use super::{TraceError, under_strace};
use crate::crash::trace_line::calls;

/// The calls that change a disk, without those that open files: most of these change nothing.
const CHANGING: &str = "write,pwrite64,writev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,\
    mkdir,mkdirat,rmdir";

/// One change of the disk in a program's run: the `ordinal`-th `call` of its first thread, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The system call.
    pub call: String,
    /// How many of them there were up to this one.
    pub ordinal: usize,
}

/// Runs `command` to its end and lists the changes that its first thread made, in their order. `trace` is written.
pub fn changes(command: &Command, trace: &Path) -> Result<Vec<Change>, TraceError> {
    let mut strace = under_strace(command, &["-f", "-qq", "-xx", "-s", "0", "-e", "signal=none"], trace);
    strace.arg("-e").arg(format!("trace={CHANGING}"));
    let output = run_silently(&mut append_program(strace, command))?;
    let read = fs::read_to_string(trace);
    let text = read.map_err(|source| TraceError::Read { path: trace.to_owned(), source })?;
    let calls = calls(&text)?;
    let first = calls.first().map(|call| call.thread.clone());
    if !output.success() {
        return Err(TraceError::Program(output));
    }
    let mut changes = Vec::<Change>::new();
    for call in calls.into_iter().filter(|call| Some(&call.thread) == first.as_ref()) {
        let ordinal = 1 + changes.iter().filter(|change| change.call == call.name).count();
        changes.push(Change { call: call.name, ordinal });
    }
    Ok(changes)
}

/// Runs `command` and kills it as it begins `change`. It ends by itself when it makes fewer changes this time.
pub fn kill_at(command: &Command, change: &Change) -> Result<ExitStatus, TraceError> {
    // strace counts each call by itself, and without `--seccomp-bpf`: under that, version 6.1 injects nothing.
    let mut strace = under_strace(command, &["-f", "-qq"], Path::new("/dev/null"));
    let Change { call, ordinal } = change;
    strace.arg("-e").arg(format!("trace={call}"));
    strace.arg("-e").arg(format!("inject={call}:signal=SIGKILL:when={ordinal}"));
    run_silently(&mut append_program(strace, command))
}

fn append_program(mut strace: Command, command: &Command) -> Command {
    strace.arg(command.get_program()).args(command.get_args());
    strace
}

fn run_silently(command: &mut Command) -> Result<ExitStatus, TraceError> {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().map_err(TraceError::Start)
}
