use std::io::Write;

use super::*;
use crate::digest_bytes;

const VALUE_BYTES: usize = 32;

fn open(dir: &Path, limit: u64) -> Store {
    Store::open(dir, limit, digest_bytes(b"owner")).unwrap()
}

fn key(number: u64) -> Key {
    let mut key = Key::default();
    key[..8].copy_from_slice(&number.to_le_bytes());
    key
}

fn bytes_in(dir: &Path) -> u64 {
    let size = |path: &PathBuf| std::fs::metadata(path).unwrap().len();
    durable::list(dir).unwrap().iter().map(size).sum()
}

#[test]
fn values_of_any_length_are_found_again_by_their_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let values: Vec<Vec<u8>> = [0, 1, 100, 5_000].iter().map(|length| vec![7; *length]).collect();
    let batch: Vec<(Key, &[u8])> = (0..).map(key).zip(values.iter().map(Vec::as_slice)).collect();
    open(dir.path(), 1 << 20).put(&batch).unwrap();
    let again = open(dir.path(), 1 << 20);
    for (key, value) in &batch {
        assert_eq!(again.get(key).as_deref(), Some(*value));
    }
    let other = Store::open(dir.path(), 1 << 20, digest_bytes(b"other")).unwrap();
    assert_eq!(other.get(&key(1)), None);
}

#[test]
fn a_value_that_would_fill_the_cache_is_left_out_and_the_rest_of_its_batch_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path(), 16 << 10);
    let large = vec![1; 4 << 10];
    store.put(&[(key(1), b"a"), (key(2), &large), (key(3), b"c")]).unwrap();
    assert_eq!([1, 2, 3].map(|n| store.get(&key(n)).map(|value| value.len())), [Some(1), None, Some(1)]);
}

/// Dropped segments once stayed open and remembered: a server that ran for long grew, on disk and in memory.
#[test]
fn a_full_cache_forgets_as_much_as_it_takes() {
    let dir = tempfile::tempdir().unwrap();
    let limit = 16 << 10;
    let mut store = open(dir.path(), limit);
    let most = limit as usize / VALUE_BYTES;
    for number in 0..20 * most as u64 {
        let value = [number as u8; VALUE_BYTES];
        store.put(&[(key(number), &value)]).unwrap();
        assert_eq!(store.get(&key(number)).as_deref(), Some(&value[..]));
        assert!(store.places.len() <= most && store.segments.len() <= 8, "{} at {number}", store.places.len());
    }
    assert!(bytes_in(dir.path()) <= limit, "{} bytes", bytes_in(dir.path()));
    assert_eq!(store.get(&key(0)), None);
}

#[test]
fn what_another_process_drops_is_forgotten_and_never_read_wrongly() {
    let dir = tempfile::tempdir().unwrap();
    let limit = 16 << 10;
    let (mut ours, mut theirs) = (open(dir.path(), limit), open(dir.path(), limit));
    for number in 0..2_000 {
        ours.put(&[(key(number), &[1; VALUE_BYTES])]).unwrap();
        theirs.put(&[(key(number + 1_000_000), &[2; VALUE_BYTES])]).unwrap();
        assert_eq!(ours.get(&key(number)), Some(vec![1; VALUE_BYTES]));
    }
    assert!(ours.segments.len() <= 8 && theirs.segments.len() <= 8);
    assert!(bytes_in(dir.path()) <= limit, "{} bytes", bytes_in(dir.path()));
}

#[test]
fn a_removal_that_was_killed_half_way_is_finished_by_a_later_one() {
    let dir = tempfile::tempdir().unwrap();
    let limit = 16 << 10;
    let mut store = open(dir.path(), limit);
    store.put(&[(key(0), &[0; VALUE_BYTES])]).unwrap();
    let [keys, values] = segment::paths(dir.path(), 1);
    std::fs::remove_file(values).unwrap();
    let mut store = open(dir.path(), limit);
    (1..2_000).for_each(|number| store.put(&[(key(number), &[0; VALUE_BYTES])]).unwrap());
    assert!(!keys.exists(), "half a segment stays for ever");
}

/// Whatever byte is changed and wherever a file is cut: a value is found as it was put, or not at all.
#[test]
fn damage_is_never_a_value() {
    let dir = tempfile::tempdir().unwrap();
    let value = |number: u64| format!("value {number}").into_bytes();
    let mut store = open(dir.path(), 1 << 20);
    (0..20).for_each(|number| store.put(&[(key(number), &value(number))]).unwrap());
    drop(store);
    let check = |what: &str| {
        let mut store = open(dir.path(), 1 << 20);
        for number in 0..20 {
            let found = store.get(&key(number));
            assert!(found.is_none() || found == Some(value(number)), "{what}: {found:?} for {number}");
        }
        store.put(&[(key(99), b"new")]).unwrap();
        assert_eq!(store.get(&key(99)).as_deref(), Some(&b"new"[..]), "{what}");
        drop(store);
        assert_eq!(open(dir.path(), 1 << 20).get(&key(99)).as_deref(), Some(&b"new"[..]), "{what}, again");
    };
    let paths = segment::paths(dir.path(), 1);
    let originals: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    for (which, original) in originals.iter().enumerate() {
        for at in (0..original.len()).step_by(7) {
            let mut damaged = originals.clone();
            damaged[which][at] ^= 0x55;
            let mut cut = originals.clone();
            cut[which].truncate(at);
            for (what, files) in [("changed", damaged), ("cut", cut)] {
                durable::list(dir.path()).unwrap().iter().for_each(|path| std::fs::remove_file(path).unwrap());
                paths.iter().zip(&files).for_each(|(path, bytes)| {
                    std::fs::File::create(path).unwrap().write_all(bytes).unwrap();
                });
                check(&format!("file {which} {what} at {at}"));
            }
        }
    }
}
