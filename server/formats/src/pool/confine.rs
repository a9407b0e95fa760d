//! Takes from this process what a reader does not need: after [`confine`] it can compute, allocate up to a limit, and read and
//! write the pipes it has. It can open no file, reach no network, start no process or thread. What a library tries all the
//! same fails with EPERM. Linux only: seccomp (see seccomp(2)) and resource limits (setrlimit(2)).

use std::io;

/// Memory that a worker may take, in bytes of address space: its program, its stacks and what it reads.
pub const MAX_MEMORY_BYTES: u64 = 512 << 20;

/// Why a process could not be confined.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfineError {
    /// A resource limit was refused.
    #[error("the limit of {what} cannot be set: {source}")]
    Limit {
        /// Which.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system call filter was refused.
    #[error("system calls cannot be filtered: {0}")]
    Filter(String),
    /// This system knows no such thing.
    #[cfg(not(target_os = "linux"))]
    #[error("reading binary formats needs Linux")]
    Unsupported,
}

/// Confines this process, all its threads. There is no way back.
#[cfg(target_os = "linux")]
pub(super) fn confine() -> Result<(), ConfineError> {
    use rustix::process::Resource;
    limit("memory", Resource::As, MAX_MEMORY_BYTES)?;
    limit("core dumps", Resource::Core, 0)?;
    limit("written files", Resource::Fsize, 0)?;
    // Standard input, output and error are open; nothing else ever is.
    limit("open files", Resource::Nofile, 3)?;
    filter()
}

/// Elsewhere nobody may read binary formats: a development machine without Linux reads text formats only.
#[cfg(not(target_os = "linux"))]
pub(super) fn confine() -> Result<(), ConfineError> {
    Err(ConfineError::Unsupported)
}

/// Lets the process compute for so many seconds more before it is killed.
#[cfg(target_os = "linux")]
pub(super) fn allow_seconds(seconds: u64) -> Result<(), ConfineError> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(u64::MAX);
    let most = getrlimit(Resource::Cpu).maximum;
    let limit = Rlimit { current: Some(used.saturating_add(seconds)), maximum: most };
    setrlimit(Resource::Cpu, limit)
        .map_err(|source| ConfineError::Limit { what: "processor time", source: source.into() })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn allow_seconds(_seconds: u64) -> Result<(), ConfineError> {
    Err(ConfineError::Unsupported)
}

#[cfg(target_os = "linux")]
fn limit(what: &'static str, resource: rustix::process::Resource, most: u64) -> Result<(), ConfineError> {
    use rustix::process::{Rlimit, setrlimit};
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(resource, limit).map_err(|source| ConfineError::Limit { what, source: source.into() })
}

#[cfg(target_os = "linux")]
fn filter() -> Result<(), ConfineError> {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};
    use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};
    let failed = |error: &dyn std::fmt::Display| ConfineError::Filter(error.to_string());
    let arch = std::env::consts::ARCH.try_into().map_err(|error: seccompiler::BackendError| failed(&error))?;
    let mut rules: std::collections::BTreeMap<_, Vec<SeccompRule>> =
        allowed_calls().into_iter().map(|call| (call, Vec::new())).collect();
    // Of processes it may signal and limit only itself: the program that started it runs as the same user.
    let own = u64::from(std::process::id());
    for (call, allowed) in [(libc::SYS_tgkill, vec![own]), (libc::SYS_prlimit64, vec![0, own])] {
        for process in allowed {
            let is_own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, process);
            let rule = is_own.and_then(|is_own| SeccompRule::new(vec![is_own])).map_err(|error| failed(&error))?;
            rules.entry(call).or_default().push(rule);
        }
    }
    let refuse = SeccompAction::Errno(rustix::io::Errno::PERM.raw_os_error() as u32);
    let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, arch).map_err(|error| failed(&error))?;
    let program: BpfProgram = filter.try_into().map_err(|error: seccompiler::BackendError| failed(&error))?;
    apply_filter_all_threads(&program).map_err(|error| failed(&error))
}

/// The calls that computing, allocating, talking over open pipes, and dying need; see `filter` for two more, of which only some
/// uses are allowed.
#[cfg(target_os = "linux")]
fn allowed_calls() -> Vec<i64> {
    vec![
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_readv,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_lseek,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ]
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    /// What a confined process may do, each with its outcome: run by the test below in a process of its own.
    #[test]
    #[ignore = "confines the process that runs it: a part of `a_confined_process_can_compute_and_nothing_else`"]
    fn confined() {
        confine().unwrap();
        let target = std::env::temp_dir().join("ragops-confined");
        let said = |what: &str, refused: bool| println!("{what}: {}", if refused { "refused" } else { "allowed" });
        said("open", std::fs::File::open("/etc/hostname").is_err());
        said("create", std::fs::write(&target, b"x").is_err());
        said("rename", std::fs::rename("/tmp/ragops-a", "/tmp/ragops-b").is_err_and(|e| e.raw_os_error() == Some(1)));
        said("remove", std::fs::remove_file(&target).is_err_and(|e| e.raw_os_error() == Some(1)));
        said("folder", std::fs::create_dir(&target).is_err());
        said("connect", std::net::TcpStream::connect("127.0.0.1:9").is_err_and(|e| e.raw_os_error() == Some(1)));
        said("listen", std::net::TcpListener::bind("127.0.0.1:0").is_err());
        said("run", Command::new("/bin/true").status().is_err());
        let parent = rustix::process::getppid().expect("it has a parent");
        said("signal", rustix::process::test_kill_process(parent).is_err());
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        said("limit", rustix::process::prlimit(Some(parent), rustix::process::Resource::Core, none).is_err());
        said("own limit", allow_seconds(30).is_err());
        said("thread", std::thread::Builder::new().spawn(|| ()).is_err());
        said("compute", (0..1_000_u64).sum::<u64>() != 499_500);
        said("allocate", Vec::<u8>::with_capacity(64 << 20).capacity() < 64 << 20);
        said("too much", Vec::<u8>::new().try_reserve_exact(MAX_MEMORY_BYTES as usize).is_err());
    }

    #[test]
    fn a_confined_process_can_compute_and_nothing_else() {
        let name = "pool::confine::tests::confined";
        let program = std::env::current_exe().unwrap();
        let output = Command::new(program).args(["--exact", name, "--ignored", "--nocapture"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        for what in [
            "open", "create", "rename", "remove", "folder", "connect", "listen", "run", "signal", "limit", "thread",
            "too much",
        ] {
            assert!(said.contains(&format!("{what}: refused\n")), "{what}: {said}");
        }
        for what in ["compute", "allocate", "own limit"] {
            assert!(said.contains(&format!("{what}: allowed\n")), "{what}: {said}");
        }
        assert!(!std::env::temp_dir().join("ragops-confined").exists());
    }
}
