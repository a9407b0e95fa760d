//! From system calls to operations on the recorded folder: follows descriptors, positions and relative paths.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::TraceError;
use crate::crash::operation::{Action, Operation, Position};
use crate::crash::trace_line::{Call, Descriptor, descriptor, string, vectors};

/// An open file that several descriptors may share.
#[derive(Debug)]
struct OpenFile {
    position: u64,
    appends: bool,
}

struct Interpreter<'a> {
    root: &'a Path,
    open_files: Vec<OpenFile>,
    /// Descriptors of files below the root, by number.
    descriptors: HashMap<i32, usize>,
    operations: Vec<Operation>,
}

type Step<T> = Result<T, &'static str>;

/// The changes that `calls` made below `root`.
pub fn interpret(calls: &[Call], root: &Path) -> Result<Vec<Operation>, TraceError> {
    let mut interpreter =
        Interpreter { root, open_files: Vec::new(), descriptors: HashMap::new(), operations: Vec::new() };
    // A descriptor's number is free as soon as closing begins; everything else counts when it is done.
    let mut ordered: Vec<&Call> = calls.iter().collect();
    ordered.sort_by_key(|call| if call.name == "close" { call.began } else { call.ended });
    for call in ordered {
        interpreter.take(call).map_err(|why| {
            let shown = format!("{}({})", call.name, readable(call));
            TraceError::Unknown { line: call.began, call: shown, why }
        })?;
    }
    refuse_overlaps(&interpreter.operations)?;
    Ok(interpreter.operations)
}

impl Interpreter<'_> {
    fn take(&mut self, call: &Call) -> Step<()> {
        let Some(result) = call.result else { return Ok(()) };
        match call.name.as_str() {
            "open" | "openat" | "creat" => self.open(call, result),
            "close" => self.close(call),
            "dup" | "dup2" | "dup3" => self.duplicate(call, result),
            "fcntl" if call.arguments.get(1).is_some_and(|a| a.starts_with("F_DUPFD")) => self.duplicate(call, result),
            "fcntl" => Ok(()),
            "lseek" => self.seek(call, result),
            "write" | "writev" | "pwrite64" => self.write(call, result),
            "ftruncate" => self.set_length(call),
            "fsync" | "fdatasync" => self.on_descriptor(call, Action::Sync),
            "mkdir" | "mkdirat" => self.on_path(call, Action::CreateDir),
            "rmdir" => self.on_path(call, Action::RemoveDir),
            "unlink" => self.on_path(call, Action::Unlink),
            "unlinkat" if flags(call).contains("AT_REMOVEDIR") => self.on_path(call, Action::RemoveDir),
            "unlinkat" => self.on_path(call, Action::Unlink),
            "rename" | "renameat" | "renameat2" => self.two_paths(call, |from, to| Action::Rename { from, to }),
            "link" | "linkat" => self.two_paths(call, |from, to| Action::Link { from, to }),
            "mmap" => self.map(call),
            "clone" | "clone3" | "fork" | "vfork" => thread_only(call),
            "execve" => Ok(()),
            "io_uring_setup" | "io_submit" => Err("it changes files without calls that can be seen"),
            "sync" => Err("the model knows syncs of single files only"),
            "chdir" | "fchdir" => Err("relative paths are followed from the first folder only"),
            _ if self.touches(call) => Err("the call is not in the list of those understood"),
            _ => Ok(()),
        }
    }

    fn open(&mut self, call: &Call, number: i64) -> Step<()> {
        let flags = if call.name == "creat" { "O_WRONLY|O_CREAT|O_TRUNC" } else { &flags(call) };
        let (path, _) = self.path_argument(call, 0)?;
        let Some(path) = path else { return Ok(()) };
        if flags.contains("O_TMPFILE") {
            return Err("a file without a name");
        }
        if flags.contains("O_CREAT") || flags.contains("O_TRUNC") {
            self.push(call, Action::Open { path, truncate: flags.contains("O_TRUNC") });
        }
        self.descriptors.insert(number as i32, self.open_files.len());
        self.open_files.push(OpenFile { position: 0, appends: flags.contains("O_APPEND") });
        Ok(())
    }

    fn close(&mut self, call: &Call) -> Step<()> {
        let number = call.arguments.first().and_then(|a| a.split('<').next()).and_then(|n| n.parse::<i32>().ok());
        self.descriptors.remove(&number.ok_or("it closes no descriptor")?);
        Ok(())
    }

    fn duplicate(&mut self, call: &Call, number: i64) -> Step<()> {
        self.descriptors.remove(&(number as i32));
        if let Some((file, _)) = self.file_below_root(call)? {
            self.descriptors.insert(number as i32, file);
        }
        Ok(())
    }

    fn seek(&mut self, call: &Call, position: i64) -> Step<()> {
        if let Some((file, _)) = self.file_below_root(call)? {
            self.open_files[file].position = position as u64;
        }
        Ok(())
    }

    fn write(&mut self, call: &Call, written: i64) -> Step<()> {
        let Some((file, descriptor)) = self.file_below_root(call)? else { return Ok(()) };
        let argument = call.arguments.get(1).ok_or("there are no bytes")?;
        let data = if call.name == "writev" { vectors(argument) } else { string(argument) };
        let mut data = data.ok_or("its bytes were cut short")?;
        data.truncate(written as usize);
        let file = &mut self.open_files[file];
        let at = match call.name.as_str() {
            _ if file.appends => Position::End,
            "pwrite64" => Position::At(number_argument(call, 3)?),
            _ => Position::At(file.position),
        };
        if call.name != "pwrite64" {
            file.position += written as u64;
        }
        // A file without a name is lost in every crash.
        if !descriptor.deleted {
            let path = self.below_root(&descriptor.path).ok_or("its path is unknown")?;
            self.push(call, Action::Write { path, at, data });
        }
        Ok(())
    }

    fn set_length(&mut self, call: &Call) -> Step<()> {
        let length = number_argument(call, 1)?;
        self.on_descriptor(call, |path| Action::SetLength { path, length })
    }

    /// A shared, writable map changes a file without calls that can be seen.
    fn map(&self, call: &Call) -> Step<()> {
        let has = |at: usize, flag: &str| call.arguments.get(at).is_some_and(|a| a.contains(flag));
        match call.arguments.get(4).and_then(|a| descriptor(a)) {
            Some(file) if has(2, "PROT_WRITE") && has(3, "MAP_SHARED") && self.is_below_root(&file.path) => {
                Err("the file is mapped for writing")
            }
            _ => Ok(()),
        }
    }

    fn on_descriptor(&mut self, call: &Call, action: impl FnOnce(PathBuf) -> Action) -> Step<()> {
        let descriptor = call.arguments.first().and_then(|a| descriptor(a));
        // A descriptor without a path in the trace is a pipe, a socket or an anonymous file.
        if let Some(Descriptor { path, deleted: false, .. }) = descriptor
            && let Some(path) = self.below_root(&path)
        {
            self.push(call, action(path));
        }
        Ok(())
    }

    fn on_path(&mut self, call: &Call, action: impl FnOnce(PathBuf) -> Action) -> Step<()> {
        if let (Some(path), _) = self.path_argument(call, 0)? {
            self.push(call, action(path));
        }
        Ok(())
    }

    fn two_paths(&mut self, call: &Call, action: impl FnOnce(PathBuf, PathBuf) -> Action) -> Step<()> {
        let (from, next) = self.path_argument(call, 0)?;
        let (to, next) = self.path_argument(call, next)?;
        let special = call.arguments.get(next).is_some_and(|f| f.contains("RENAME_") && f != "RENAME_NOREPLACE");
        match (from, to) {
            (None, None) => Ok(()),
            (Some(_), Some(_)) if special => Err("only plain renames are known"),
            (Some(from), Some(to)) => {
                self.push(call, action(from, to));
                Ok(())
            }
            _ => Err("it crosses the border of the folder"),
        }
    }

    /// The path that begins at argument `at`, with or without a folder's descriptor before it, relative to the root
    /// (`None` when outside), and the index of the argument after it.
    fn path_argument(&self, call: &Call, at: usize) -> Step<(Option<PathBuf>, usize)> {
        let argument = |at: usize| call.arguments.get(at).map(String::as_str).ok_or("an argument is missing");
        let (base, at) = match descriptor(argument(at)?) {
            Some(folder) => (Some(folder.path), at + 1),
            None => (None, at),
        };
        let bytes = string(argument(at)?).ok_or("its path cannot be read")?;
        let path = PathBuf::from(bytes_to_os(bytes));
        let path = match base {
            Some(base) => base.join(path),
            None if path.is_absolute() => path,
            None => return Err("its path is relative to a folder that is not known"),
        };
        let outside = path.components().any(|part| part == Component::ParentDir);
        match self.below_root(&path) {
            Some(_) if outside => Err("its path goes up through `..`"),
            inside => Ok((inside, at + 1)),
        }
    }

    fn file_below_root(&self, call: &Call) -> Step<Option<(usize, Descriptor)>> {
        let Some(descriptor) = call.arguments.first().and_then(|a| descriptor(a)) else { return Ok(None) };
        if !self.is_below_root(&descriptor.path) {
            return Ok(None);
        }
        let file = descriptor.number.and_then(|number| self.descriptors.get(&number));
        let file = file.ok_or("its descriptor was not seen being opened")?;
        Ok(Some((*file, descriptor)))
    }

    fn touches(&self, call: &Call) -> bool {
        let path = |argument: &String| {
            let named = || string(argument).map(|bytes| PathBuf::from(bytes_to_os(bytes)));
            descriptor(argument).map(|d| d.path).or_else(named)
        };
        call.arguments.iter().filter_map(path).any(|path| self.is_below_root(&path))
    }

    fn is_below_root(&self, path: &Path) -> bool {
        path.starts_with(self.root)
    }

    fn below_root(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(self.root).ok().map(|path| path.components().collect())
    }

    fn push(&mut self, call: &Call, action: Action) {
        self.operations.push(Operation { action, began: call.began, ended: call.ended });
    }
}

fn bytes_to_os(bytes: Vec<u8>) -> std::ffi::OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// The flags of an open or unlink: the argument after the path.
fn flags(call: &Call) -> String {
    let after = call.arguments.iter().position(|argument| argument.starts_with('"')).map_or(0, |at| at + 1);
    call.arguments.get(after).cloned().unwrap_or_default()
}

fn number_argument(call: &Call, at: usize) -> Step<u64> {
    call.arguments.get(at).and_then(|text| text.parse().ok()).ok_or("a number cannot be read")
}

fn thread_only(call: &Call) -> Step<()> {
    let is_thread = call.arguments.iter().any(|argument| argument.contains("CLONE_THREAD"));
    if is_thread { Ok(()) } else { Err("a second process has descriptors of its own") }
}

/// The call's arguments for a message, strings decoded and cut.
fn readable(call: &Call) -> String {
    let show = |argument: &String| match (string(argument), descriptor(argument)) {
        (Some(bytes), _) => String::from_utf8_lossy(&bytes).chars().take(100).collect(),
        (_, Some(file)) => file.path.display().to_string(),
        _ => argument.chars().take(100).collect(),
    };
    call.arguments.iter().map(show).collect::<Vec<String>>().join(", ")
}

/// A sync covers what was done before it began. Operations that overlap it, or each other on one path, have no order.
fn refuse_overlaps(operations: &[Operation]) -> Result<(), TraceError> {
    for (at, second) in operations.iter().enumerate() {
        for first in operations[..at].iter().rev().take_while(|first| first.ended > second.began) {
            let involved = [first, second].iter().any(|operation| match &operation.action {
                Action::Sync(path) => is_affected(path, first) && is_affected(path, second),
                _ => false,
            });
            let shared = first.action.paths().iter().any(|path| second.action.paths().contains(path));
            let both_sync = matches!((&first.action, &second.action), (Action::Sync(_), Action::Sync(_)));
            if (involved || shared) && !both_sync {
                let (first, second) = (first.action.to_string(), second.action.to_string());
                return Err(TraceError::Overlap { first, second });
            }
        }
    }
    Ok(())
}

/// Whether an operation changes what a sync of `path` makes safe: that file's bytes or that folder's entries.
fn is_affected(path: &Path, operation: &Operation) -> bool {
    let of_entries = !matches!(operation.action, Action::Write { .. } | Action::SetLength { .. } | Action::Sync(_));
    let is_it = |other: &&PathBuf| other.as_path() == path || of_entries && other.parent() == Some(path);
    operation.action.paths().iter().any(is_it)
}
