//! Reads the text that `strace -f -y -xx` writes: one call a line, or two lines when another thread came between.
//! Knows the syntax only; what the calls mean is `strace`'s.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A finished system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The id of the thread that made it.
    pub thread: String,
    /// Its name.
    pub name: String,
    /// Its arguments, as printed.
    pub arguments: Vec<String>,
    /// What it returned; `None` for an error or an end of the process within the call.
    pub result: Option<i64>,
    /// The line on which it began, from 0.
    pub began: usize,
    /// The line on which it ended.
    pub ended: usize,
}

/// A file descriptor with the path that it stood for when the call began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number; `None` for `AT_FDCWD`.
    pub number: Option<i32>,
    /// Its path; for a pipe or socket something that is no absolute path.
    pub path: PathBuf,
    /// Whether the file had no name any more.
    pub deleted: bool,
}

/// A line that is not what strace writes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {} of the trace cannot be read: {text}", .line + 1)]
pub struct Unreadable {
    /// The line, from 0.
    pub line: usize,
    /// Its beginning.
    pub text: String,
}

const UNFINISHED: &str = " <unfinished ...>";
const RESUMED: &str = " resumed>";

/// All calls of a trace in the order in which they ended.
pub fn calls(trace: &str) -> Result<Vec<Call>, Unreadable> {
    let mut pending = HashMap::<&str, (usize, &str)>::new();
    let mut calls = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let unreadable = || Unreadable { line: number, text: line.chars().take(200).collect() };
        let (thread, event) = line.split_once(' ').ok_or_else(unreadable)?;
        let event = event.trim_start();
        if event.starts_with("+++") || event.starts_with("---") {
            continue;
        }
        if let Some(beginning) = event.strip_suffix(UNFINISHED) {
            pending.insert(thread, (number, beginning));
        } else if event.starts_with("<... ") {
            let (_, rest) = event.split_once(RESUMED).ok_or_else(unreadable)?;
            let (began, beginning) = pending.remove(thread).ok_or_else(unreadable)?;
            calls.push(call(thread, &format!("{beginning}{rest}"), began, number).ok_or_else(unreadable)?);
        } else {
            calls.push(call(thread, event, number, number).ok_or_else(unreadable)?);
        }
    }
    Ok(calls)
}

fn call(thread: &str, text: &str, began: usize, ended: usize) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, rest) = split_arguments(rest)?;
    let result = rest.trim_start().strip_prefix('=')?.trim_start();
    let digits = result.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(result.len());
    let result = result[..digits].parse::<i64>().ok().filter(|value| *value >= 0);
    Some(Call { thread: thread.to_owned(), name: name.to_owned(), arguments, result, began, ended })
}

/// Splits at the commas outside all brackets, up to the closing parenthesis; gives also what follows it.
/// Strings are hexadecimal (`-xx`), so they hold none of these characters.
fn split_arguments(text: &str) -> Option<(Vec<String>, &str)> {
    let (mut arguments, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let mut in_path = false;
    for (at, c) in text.char_indices() {
        match c {
            '<' if text[at + 1..].starts_with("\\x") => in_path = true,
            '>' if in_path => in_path = false,
            '(' | '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.checked_sub(1)?,
            ')' if depth > 0 => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(text[start..at].trim().to_owned());
                start = at + 1;
            }
            ')' => {
                let last = text[start..at].trim();
                if !last.is_empty() {
                    arguments.push(last.to_owned());
                }
                return Some((arguments, &text[at + 1..]));
            }
            _ => {}
        }
    }
    None
}

/// `5<\x2f\x74>`, `AT_FDCWD<\x2f>` or `5<\x2f\x74>(deleted)`.
pub fn descriptor(argument: &str) -> Option<Descriptor> {
    let (number, rest) = argument.split_once('<')?;
    let (path, after) = rest.split_once('>')?;
    let number = if number == "AT_FDCWD" { None } else { Some(number.parse().ok()?) };
    let path = PathBuf::from(OsString::from_vec(unescape(path)?));
    Some(Descriptor { number, path, deleted: after.contains("deleted") })
}

/// `"\x61\x62"`; `None` when it is no string, or was cut short (`"…"...`).
pub fn string(argument: &str) -> Option<Vec<u8>> {
    unescape(argument.strip_prefix('"')?.strip_suffix('"')?)
}

/// The pieces of `[{iov_base="…", iov_len=3}, …]`, joined.
pub fn vectors(argument: &str) -> Option<Vec<u8>> {
    let inside = argument.strip_prefix('[')?.strip_suffix(']')?;
    let mut bytes = Vec::new();
    for piece in inside.split("iov_base=").skip(1) {
        let (text, _) = piece.split_once(", iov_len=")?;
        bytes.extend(string(text)?);
    }
    Some(bytes)
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) || !text.is_ascii() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(text[at..at + 4].strip_prefix("\\x")?, 16).ok();
    (0..text.len()).step_by(4).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_on_one_line_is_split_into_its_parts() {
        let trace = r#"12 openat(AT_FDCWD<\x2f>, "\x61\x2c\x28", O_RDONLY|O_CLOEXEC) = 3<\x2f\x61\x2c\x28>"#;
        let [call] = &calls(trace).unwrap()[..] else { panic!() };
        assert_eq!((call.name.as_str(), call.result), ("openat", Some(3)));
        assert_eq!(call.arguments[2], "O_RDONLY|O_CLOEXEC");
        assert_eq!(string(&call.arguments[1]).unwrap(), b"a,(");
        assert_eq!(descriptor(&call.arguments[0]), Some(Descriptor { number: None, path: "/".into(), deleted: false }));
    }

    #[test]
    fn a_call_cut_in_two_is_joined_and_keeps_both_lines() {
        let trace = "1 fsync(4<\\x2f\\x61> <unfinished ...>\n2 close(7)   = 0\n1 <... fsync resumed>)      = 0\n";
        let calls = calls(trace).unwrap();
        assert_eq!(
            calls.iter().map(|c| (c.name.as_str(), c.began, c.ended)).collect::<Vec<_>>(),
            [("close", 1, 1), ("fsync", 0, 2)]
        );
        assert_eq!(descriptor(&calls[1].arguments[0]).unwrap().number, Some(4));
    }

    #[test]
    fn failures_and_ends_have_no_result() {
        let trace = "1 unlink(\"\\x61\") = -1 ENOENT (No such file or directory)\n1 write(1, \"\", 0) = ?\n1 +++ exited with 0 +++\n";
        assert_eq!(calls(trace).unwrap().iter().map(|c| c.result).collect::<Vec<_>>(), [None, None]);
    }

    #[test]
    fn structures_are_one_argument() {
        let text = "9 clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x7f} => {parent_tid=[3]}, 88) = 3";
        let [call] = &calls(text).unwrap()[..] else { panic!() };
        assert_eq!((call.arguments.len(), call.result), (2, Some(3)));
        let bytes =
            vectors(r#"[{iov_base="\x61\x62", iov_len=2}, {iov_base="", iov_len=0}, {iov_base="\x63", iov_len=1}]"#);
        assert_eq!(bytes.unwrap(), b"abc");
    }

    #[test]
    fn deleted_files_and_cut_strings_are_told_apart() {
        assert!(descriptor(r"5<\x2f\x61>(deleted)").unwrap().deleted);
        assert_eq!(string(r#""\x61"..."#), None);
        assert_eq!(descriptor("5"), None);
    }

    #[test]
    fn what_strace_does_not_write_is_an_error_that_shows_the_line() {
        for text in ["nonsense", "1 write(", "1 <... write resumed>) = 0", "1 write) = 0"] {
            let error = calls(text).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,80}", hostile in r#"[0-9]{1,2} [a-z]{1,5}\([<>"\\x0-9a-f,(){}\[\] =.]{0,60}"#) {
            drop((calls(&text), calls(&hostile), descriptor(&hostile), string(&hostile), vectors(&hostile)));
        }
    }
}
