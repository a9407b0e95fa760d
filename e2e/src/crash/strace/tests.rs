//! Real programs under the real strace, and traces that must be refused.

use super::*;
use crate::crash::disk::{Crash, Disk};
use crate::crash::operation::{Action, Position};
use crate::crash::tree::Tree;
use crate::skip::skip;

/// Runs a Python program in a fresh folder; it finds the folder's path in `root`.
fn record_python(program: &str, check: impl FnOnce(Result<Recording, TraceError>, &Path)) {
    if let Some(reason) = unavailable() {
        return skip("recording a program", &reason);
    }
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().canonicalize().unwrap().join("root");
    fs::create_dir(&root).unwrap();
    // The interpreter itself: what is first on the path may be a script that starts it, a second process.
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let mut command = Command::new(String::from_utf8(asked.stdout).unwrap().trim());
    let program = format!("import os, threading, mmap\nroot = {:?}\n{program}", root.to_str().unwrap());
    command.args(["-c", &program]);
    check(record(&command, &root), &root);
}

fn actions(result: Result<Recording, TraceError>) -> Vec<Action> {
    let recording = result.unwrap_or_else(|e| panic!("{e}"));
    assert!(recording.status.success(), "{}", String::from_utf8_lossy(&recording.stderr));
    recording.operations.into_iter().map(|operation| operation.action).collect()
}

fn replayed(actions: &[Action]) -> Disk {
    let mut disk = Disk::holding(&Tree::default());
    actions.iter().for_each(|action| disk.apply(action).unwrap());
    disk
}

#[test]
fn a_program_is_recorded_operation_by_operation() {
    let program = r#"
os.mkdir(root + "/d")
file = os.open(root + "/d/한 <글>, (1)", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
os.write(file, b'ab"\x00')
os.writev(file, [b"c", b"de"])
os.fsync(file)
os.close(file)
os.rename(root + "/d/한 <글>, (1)", root + "/f")
os.rmdir(root + "/d")
"#;
    record_python(program, |result, _| {
        let file = PathBuf::from("d/한 <글>, (1)");
        let write = |at, data: &[u8]| Action::Write { path: file.clone(), at: Position::At(at), data: data.to_vec() };
        assert_eq!(
            actions(result),
            [
                Action::CreateDir("d".into()),
                Action::Open { path: file.clone(), truncate: true },
                write(0, b"ab\"\0"),
                write(4, b"cde"),
                Action::Sync(file.clone()),
                Action::Rename { from: file, to: "f".into() },
                Action::RemoveDir("d".into()),
            ]
        );
    });
}

#[test]
fn positions_follow_seeks_copies_appends_and_renames() {
    let program = r#"
file = os.open(root + "/a", os.O_WRONLY | os.O_CREAT)
os.write(file, b"0123456789")
copy = os.dup(file)
os.lseek(file, 2, os.SEEK_SET)
os.write(copy, b"XY")
os.rename(root + "/a", root + "/b")
os.write(file, b"Z")
os.pwrite(copy, b"!", 9)
os.write(copy, b"W")
os.ftruncate(file, 9)
more = os.open("b", os.O_WRONLY | os.O_APPEND, dir_fd=os.open(root, os.O_RDONLY))
os.write(more, b"end")
gone = os.open(root + "/gone", os.O_WRONLY | os.O_CREAT)
os.unlink(root + "/gone")
os.write(gone, b"nothing")
os.fsync(gone)
try: os.unlink(root + "/never")
except FileNotFoundError: pass
"#;
    record_python(program, |result, root| {
        let left = replayed(&actions(result)).after(Crash::Killed);
        assert_eq!(left.bytes("b"), Some(b"01XYZW678end".as_slice()));
        assert_eq!(left, Tree::read(root).unwrap());
    });
}

#[test]
fn threads_that_write_at_the_same_time_are_replayed_to_the_same_folder() {
    let program = r#"
def work(n):
    folder = f"{root}/{n}"
    os.mkdir(folder)
    for i in range(20):
        with open(f"{folder}/tmp", "wb") as file:
            file.write(bytes([n]) * (i * 700))
            file.flush()
            os.fsync(file.fileno())
        os.rename(f"{folder}/tmp", f"{folder}/{i % 3}")
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
os.fsync(os.open(root, os.O_RDONLY))
"#;
    record_python(program, |result, root| {
        let disk = replayed(&actions(result));
        let real = Tree::read(root).unwrap();
        assert_eq!(disk.after(Crash::Killed), real);
        // Everything was synced, so nothing can be lost.
        assert_eq!(disk.after(Crash::Strict), real);
    });
}

/// What a wrong program leaves after some crash that no correct one would: the whole way from program to verdict.
#[test]
fn a_program_that_renames_before_it_syncs_is_caught() {
    let replace = |order: &str| {
        format!(
            r#"
def write(): os.write(file, b"new")
def sync(): os.fsync(file)
def rename(): os.rename(root + "/tmp", root + "/active")
def folder(): os.fsync(os.open(root, os.O_RDONLY))
file = os.open(root + "/tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
{order}
"#
        )
    };
    let torn = |actions: &[Action]| {
        let mut disk = Disk::holding(&Tree::default());
        actions.iter().any(|action| {
            disk.apply(action).unwrap();
            Crash::all(10).into_iter().any(|crash| !matches!(disk.after(crash).bytes("active"), None | Some(b"new")))
        })
    };
    record_python(&replace("write(); sync(); rename(); folder()"), |result, _| assert!(!torn(&actions(result))));
    record_python(&replace("write(); rename(); sync(); folder()"), |result, _| assert!(torn(&actions(result))));
}

/// Programs that change the folder in ways which the model does not know.
#[test]
fn what_is_not_understood_is_refused_by_name() {
    let cases = [
        ("os.symlink('x', root + '/s')", "symlink"),
        ("os.truncate(root, 0) if False else os.mknod(root + '/n')", "mknod"),
        ("if os.fork() == 0: os._exit(0)", "second process"),
        ("os.rename(root + '/../root', root + '/../other')", ".."),
        ("f = os.open(root + '/m', os.O_RDWR | os.O_CREAT); os.ftruncate(f, 9); mmap.mmap(f, 9)", "mapped for writing"),
        ("f = os.open(root + '/m', os.O_RDWR | os.O_CREAT); os.posix_fallocate(f, 0, 9)", "fallocate"),
        ("os.open(root, os.O_RDWR | os.O_TMPFILE)", "without a name"),
        ("os.chdir(root)", "chdir"),
        ("os.sync()", "sync"),
    ];
    for (program, reason) in cases {
        record_python(program, |result, _| {
            let error = result.map(|recording| recording.operations).unwrap_err();
            assert!(error.to_string().contains(reason), "{program}: {error}");
        });
    }
}

#[test]
fn a_program_is_killed_at_the_change_that_was_chosen() {
    if let Some(reason) = unavailable() {
        return skip("killing at a change", &reason);
    }
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "echo 1; echo 2; echo 3 >&2; echo 4; exec sh -c 'echo 5 > f'"]).current_dir(dir.path());
    let trace = dir.path().join("trace");
    let writes: Vec<Change> = changes(&command, &trace).unwrap();
    assert_eq!(writes.last(), Some(&Change { call: "write".to_owned(), ordinal: 5 }));
    fs::remove_file(dir.path().join("f")).unwrap();
    assert!(!kill_at(&command, &writes[3]).unwrap().success());
    assert!(!dir.path().join("f").exists());
    assert!(kill_at(&command, &Change { call: "write".to_owned(), ordinal: 6 }).unwrap().success());
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"5\n");
}

#[test]
fn a_sync_that_overlaps_a_write_to_its_file_is_refused() {
    let path = |text: &str| text.bytes().map(|b| format!("\\x{b:02x}")).collect::<String>();
    let (file, other) = (path("/r/f"), path("/r/g"));
    let trace = |written: &str| {
        let lines = [
            format!("1 openat(AT_FDCWD<\\x2f>, \"{file}\", O_WRONLY|O_CREAT, 0666) = 3<{file}>"),
            format!("1 openat(AT_FDCWD<\\x2f>, \"{other}\", O_WRONLY|O_CREAT, 0666) = 4<{other}>"),
            format!("1 fsync(3<{file}> <unfinished ...>"),
            format!("2 write({written}, \"\\x61\", 1) = 1"),
            "1 <... fsync resumed>) = 0".to_owned(),
        ];
        interpret(&calls(&lines.join("\n")).unwrap(), Path::new("/r"))
    };
    assert_eq!(trace(&format!("4<{other}>")).unwrap().len(), 4);
    let error = trace(&format!("3<{file}>")).unwrap_err().to_string();
    assert!(error.contains("at the same time"), "{error}");
}
