//! Small and read-only file systems, mounted as root in a mount namespace of their own: nothing is left behind.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::skip::Unavailable;

/// A mount namespace, held by a process that waits for the end of its input. Ends when dropped.
#[derive(Debug)]
pub struct MountNamespace {
    holder: Child,
}

impl MountNamespace {
    /// Why there can be none here; `None` when there can.
    pub fn unavailable() -> Option<Unavailable> {
        let probe = "mount -t tmpfs -o size=4k ragops-probe /mnt";
        match Command::new("unshare").args(["--mount", "--propagation", "private", "sh", "-c", probe]).output() {
            Err(error) => Some(Unavailable::Missing(format!(
                "unshare cannot be started: {error}; install it (apt-get install util-linux)"
            ))),
            Ok(output) if !output.status.success() => {
                let said = String::from_utf8_lossy(&output.stderr);
                Some(Unavailable::Forbidden(format!("mounting needs root: {}", said.trim())))
            }
            Ok(_) => None,
        }
    }

    /// A new namespace, in which everything is mounted as outside.
    pub fn new() -> Result<Self> {
        let mut holder = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", "echo ready; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting unshare")?;
        let mut line = String::new();
        let stdout = holder.stdout.take().context("the holder's output")?;
        BufReader::new(stdout).read_line(&mut line).context("waiting for the namespace")?;
        let namespace = Self { holder };
        if line.trim() == "ready" { Ok(namespace) } else { bail!("unshare did not make a mount namespace") }
    }

    /// Runs `mount` inside.
    pub fn mount(&self, arguments: &[&OsStr]) -> Result<()> {
        let output = self.command(Path::new("mount")).args(arguments).output().context("starting mount")?;
        if output.status.success() {
            return Ok(());
        }
        bail!("mount {arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim())
    }

    /// A command that runs inside.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.arg("--target").arg(self.holder.id().to_string()).args(["--mount", "--"]).arg(program);
        command
    }

    /// Where an absolute path of the namespace is seen from outside.
    pub fn seen_from_outside(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix("/").unwrap_or(path);
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(below)
    }
}

impl Drop for MountNamespace {
    fn drop(&mut self) {
        // The namespace and its mounts go with the last process in it.
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skip::skip;

    #[test]
    fn a_mount_is_seen_inside_and_by_its_holder_only() {
        if let Some(reason) = MountNamespace::unavailable() {
            return skip("mounting in a namespace", &reason);
        }
        let dir = tempfile::tempdir().unwrap();
        let namespace = MountNamespace::new().unwrap();
        let options = ["-t", "tmpfs", "-o", "size=64k", "test"].map(OsStr::new);
        namespace.mount(&[&options[..], &[dir.path().as_os_str()]].concat()).unwrap();
        std::fs::write(namespace.seen_from_outside(dir.path()).join("f"), "x").unwrap();
        assert!(!dir.path().join("f").exists());
        let inside = namespace.command(Path::new("cat")).arg(dir.path().join("f")).output().unwrap();
        assert_eq!(inside.stdout, b"x");
        let big = std::fs::write(namespace.seen_from_outside(dir.path()).join("g"), vec![0; 1 << 20]).unwrap_err();
        assert_eq!(big.kind(), std::io::ErrorKind::StorageFull);
    }
}
