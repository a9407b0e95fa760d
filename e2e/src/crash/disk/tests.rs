//! Known sequences, and what must be left of them.

use super::*;

fn dir(path: &str) -> Action {
    Action::CreateDir(path.into())
}

fn open(path: &str) -> Action {
    Action::Open { path: path.into(), truncate: true }
}

fn write(path: &str, data: &str) -> Action {
    Action::Write { path: path.into(), at: Position::End, data: data.into() }
}

fn sync(path: &str) -> Action {
    Action::Sync(path.into())
}

fn rename(from: &str, to: &str) -> Action {
    Action::Rename { from: from.into(), to: to.into() }
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, text) in files {
        for parent in Path::new(path).ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()) {
            tree.insert(parent, Node::Dir);
        }
        if !text.starts_with('/') {
            tree.insert(*path, Node::File(Arc::new(text.as_bytes().to_vec())));
        }
    }
    tree
}

fn after(initial: &Tree, actions: &[Action], crash: Crash) -> Tree {
    let mut disk = Disk::holding(initial);
    for action in actions {
        disk.apply(action).unwrap_or_else(|e| panic!("{e}"));
    }
    disk.after(crash)
}

/// One sequence, and what each kind of crash leaves of it.
fn check(initial: &[(&str, &str)], actions: &[Action], left: &[(Crash, &[(&str, &str)])]) {
    for (crash, expected) in left {
        assert_eq!(after(&tree(initial), actions, *crash), tree(expected), "{crash:?}");
    }
}

const DROPPED: Crash = Crash::MetadataFirst(Unsynced::Dropped);
const HALF: Crash = Crash::MetadataFirst(Unsynced::FirstHalf);
const ZEROED: Crash = Crash::MetadataFirst(Unsynced::Zeroed);

#[test]
fn what_was_there_before_survives_everything() {
    let before = tree(&[("a/b", "text"), ("c", "")]);
    for crash in Crash::all(5) {
        assert_eq!(after(&before, &[], crash), before, "{crash:?}");
    }
}

#[test]
fn a_file_without_any_sync_survives_in_part_or_not_at_all() {
    check(
        &[],
        &[open("f"), write("f", "abcd")],
        &[
            (Crash::Killed, &[("f", "abcd")]),
            (Crash::Strict, &[]),
            (DROPPED, &[("f", "")]),
            (HALF, &[("f", "ab")]),
            (ZEROED, &[("f", "\0\0\0\0")]),
        ],
    );
}

#[test]
fn a_synced_file_in_an_unsynced_folder_may_have_no_name() {
    let actions = [open("f"), write("f", "abcd"), sync("f")];
    check(&[], &actions, &[(Crash::Strict, &[]), (DROPPED, &[("f", "abcd")]), (HALF, &[("f", "abcd")])]);
}

#[test]
fn a_synced_name_of_an_unsynced_file_is_an_empty_file() {
    check(&[], &[open("f"), write("f", "abcd"), sync("")], &[(Crash::Strict, &[("f", "")]), (HALF, &[("f", "ab")])]);
}

#[test]
fn bytes_written_after_the_last_sync_are_the_ones_lost() {
    let actions = [open("f"), write("f", "ab"), sync("f"), sync(""), write("f", "cdef")];
    check(
        &[],
        &actions,
        &[
            (Crash::Strict, &[("f", "ab")]),
            (DROPPED, &[("f", "ab")]),
            (HALF, &[("f", "abcd")]),
            (ZEROED, &[("f", "ab\0\0\0\0")]),
        ],
    );
}

#[test]
fn an_unsynced_rename_is_undone_by_the_strict_crash_only() {
    check(
        &[("f", "old"), ("f.tmp", "new")],
        &[rename("f.tmp", "f")],
        &[
            (Crash::Killed, &[("f", "new")]),
            (DROPPED, &[("f", "new")]),
            (Crash::Strict, &[("f", "old"), ("f.tmp", "new")]),
        ],
    );
}

#[test]
fn a_folder_carries_its_content_along_when_renamed() {
    let actions = [dir(".b"), open(".b/f"), write(".b/f", "x"), sync(".b/f"), sync(".b"), rename(".b", "b"), sync("")];
    check(&[], &actions, &[(Crash::Strict, &[("b/f", "x")]), (Crash::Killed, &[("b/f", "x")])]);
    // Without the folder's own sync its name is safe and its content is not.
    let actions = [dir(".b"), open(".b/f"), write(".b/f", "x"), sync(".b/f"), rename(".b", "b"), sync("")];
    check(&[], &actions, &[(Crash::Strict, &[("b/none", "/")])]);
}

#[test]
fn removals_come_back_unless_the_folder_was_synced() {
    let unlink = Action::Unlink("d/f".into());
    let initial = [("d/f", "x")];
    check(&initial, std::slice::from_ref(&unlink), &[(Crash::Strict, &initial), (DROPPED, &[("d/none", "/")])]);
    check(&initial, &[unlink, sync("d"), Action::RemoveDir("d".into()), sync("")], &[(Crash::Strict, &[])]);
}

#[test]
fn positions_lengths_and_links_are_those_of_the_system() {
    let at = |offset, data: &str| Action::Write { path: "f".into(), at: Position::At(offset), data: data.into() };
    let set = |length| Action::SetLength { path: "f".into(), length };
    let actions = [open("f"), at(2, "cd"), at(0, "ab"), at(3, "DE"), set(4), set(6), write("f", "!")];
    check(&[], &actions, &[(Crash::Killed, &[("f", "abcD\0\0!")])]);
    let link = Action::Link { from: "f".into(), to: "g".into() };
    check(&[("f", "x")], &[link, write("g", "y")], &[(Crash::Killed, &[("f", "xy"), ("g", "xy")])]);
}

#[test]
fn operations_that_do_not_fit_are_errors_that_name_the_path() {
    let mut disk = Disk::holding(&tree(&[("f", "x"), ("d/g", "y")]));
    let mut check = |action: Action, expected: &str| assert_eq!(disk.apply(&action).unwrap_err().to_string(), expected);
    check(write("gone", "x"), "cannot write 1 bytes to gone End: there is no gone");
    check(dir("d"), "cannot create folder d: d exists");
    check(dir("f/d"), "cannot create folder f/d: f is of the wrong kind");
    check(rename("gone", "f"), "cannot rename gone to f: there is no gone");
}

/// `replace_file` as it should be: the reader sees the old or the new bytes after every crash.
fn replacing_whole(actions: &[Action]) -> Result<(), String> {
    let initial = tree(&[("active", "old")]);
    let mut disk = Disk::holding(&initial);
    for (done, action) in std::iter::once(None).chain(actions.iter().map(Some)).enumerate() {
        action.map_or(Ok(()), |action| disk.apply(action)).map_err(|e| e.to_string())?;
        for crash in Crash::all(20) {
            match disk.after(crash).bytes("active") {
                Some(b"old" | b"new") => {}
                other => return Err(format!("after {done} operations and {crash:?}: {other:?}")),
            }
        }
    }
    match disk.after(Crash::Strict).bytes("active") {
        Some(b"new") => Ok(()),
        other => Err(format!("the end is not durable: {other:?}")),
    }
}

#[test]
fn the_right_order_of_replacing_a_file_passes() {
    let right = [open("tmp"), write("tmp", "new"), sync("tmp"), rename("tmp", "active"), sync("")];
    replacing_whole(&right).unwrap();
}

#[test]
fn every_wrong_order_of_replacing_a_file_is_caught() {
    let wrong: [&[Action]; 4] = [
        // Renamed before its bytes were synced.
        &[open("tmp"), write("tmp", "new"), rename("tmp", "active"), sync("active"), sync("")],
        // Never synced.
        &[open("tmp"), write("tmp", "new"), rename("tmp", "active"), sync("")],
        // The folder never synced: old bytes come back after success was reported.
        &[open("tmp"), write("tmp", "new"), sync("tmp"), rename("tmp", "active")],
        // Written in place.
        &[open("active"), write("active", "new"), sync("active"), sync("")],
    ];
    for actions in wrong {
        assert!(replacing_whole(actions).is_err(), "{actions:?}");
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn any_action() -> impl Strategy<Value = Action> {
        let path = prop::sample::select(vec!["a", "b", "d", "d/a", "d/b", "e", "e/a"]);
        (0..7, path.clone(), path, "[a-z]{0,6}").prop_map(|(kind, path, other, text)| match kind {
            0 => dir(path),
            1 => open(path),
            2 => write(path, &text),
            3 => sync(path),
            4 => sync(""),
            5 => rename(path, other),
            _ => Action::Unlink(path.into()),
        })
    }

    proptest! {
        #[test]
        fn no_sequence_panics_and_a_full_sync_leaves_nothing_to_lose(actions in prop::collection::vec(any_action(), 0..30)) {
            let mut disk = Disk::holding(&Tree::default());
            for action in &actions {
                // Refusals are part of the input: a recorder never sends them, the disk must still not break.
                let inside = matches!(action, Action::Rename { from, to } if to.starts_with(from));
                if !inside {
                    drop(disk.apply(action));
                }
            }
            let seen = disk.after(Crash::Killed);
            for (path, _) in seen.nodes() {
                disk.apply(&Action::Sync(path.to_owned())).unwrap();
            }
            disk.apply(&sync("")).unwrap();
            for crash in Crash::all(3) {
                prop_assert_eq!(&disk.after(crash), &seen);
            }
        }
    }
}
