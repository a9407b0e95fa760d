//! A revision is exactly what its manifest says, and the manifest is exactly what was sealed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ragops_engine::revision::manifest::{FileEntry, Manifest};
use ragops_engine::revision::open::read_manifest;
use ragops_engine::revision::{FORMAT_VERSION, Revision, RevisionError};
use ragops_storage::digest_bytes;

use crate::world::World;

/// Seals a manifest with a good digest over what `edit` made of it, as no accident would, and says how it is refused.
fn refused_after(dir: &Path, edit: impl FnOnce(&mut Manifest)) -> String {
    let mut manifest = read_manifest(dir).unwrap();
    edit(&mut manifest);
    let path = dir.join("manifest.json");
    let before = fs::read(&path).unwrap();
    fs::write(&path, manifest.to_file().unwrap()).unwrap();
    let error = Revision::open(dir).err().expect("it is refused");
    assert!(error.is_damage(), "{error}");
    fs::write(&path, before).unwrap();
    Revision::open(dir).expect("it is whole again");
    error.to_string()
}

/// Text for text, the file of a real revision: the number of chunks, one finding's path, one score.
#[test]
fn an_edited_manifest_is_refused_and_named() {
    let world = World::new();
    world.write("empty.md", "");
    let dir = world.built();
    let path = dir.join("manifest.json");
    let sealed = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("\"chunks\": 1", "\"chunks\": 2"),
        ("\"path\": \"empty.md\"", "\"path\": \"other.md\""),
        ("\"EmptyFile\": 1", "\"EmptyFile\": 0"),
        ("\"builtBy\": \"tests\"", "\"builtBy\": \"testS\""),
        ("\"offTopicCosine\"", "\"offTopicCosinf\""),
        ("\"files\": [", "\"files\": [], \"was\": ["),
        ("{\n", "{\n\n"),
    ] {
        assert!(sealed.contains(from), "{from} is not in {sealed}");
        fs::write(&path, sealed.replacen(from, to, 1)).unwrap();
        let error = Revision::open(&dir).err().expect(from);
        assert!(matches!(error, RevisionError::Manifest { .. }), "{from}: {error}");
        let text = error.to_string();
        assert!(text.contains("manifest.json") && text.contains("build the revision again"), "{text}");
    }
}

/// The text index writes some files through temporary ones, which nobody else could read: what root built, no other user could
/// open.
#[test]
fn all_files_of_a_revision_have_the_rights_of_its_folder() {
    let world = World::new();
    let dir = world.built();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let entries = read_manifest(&dir).unwrap().files;
    assert!(entries.iter().any(|entry| entry.path.ends_with("meta.json")), "the text index has one");
    for path in entries.iter().map(|entry| dir.join(&entry.path)).chain([dir.join("manifest.json")]) {
        assert_eq!(mode(&path), mode(path.parent().unwrap()) & 0o666, "{}", path.display());
    }
}

#[test]
fn a_manifest_that_lists_no_files_or_too_few_is_refused() {
    let world = World::new();
    let dir = world.built();
    assert!(refused_after(&dir, |manifest| manifest.files.clear()).contains("chunks.documents"));
    for gone in read_manifest(&dir).unwrap().files {
        let text = refused_after(&dir, |manifest| manifest.files.retain(|entry| entry.path != gone.path));
        assert!(text.contains(&gone.path) && text.contains("does not list it"), "{text}");
    }
}

#[test]
fn a_name_or_settings_that_do_not_go_with_their_digest_are_refused() {
    let world = World::new();
    let dir = world.built();
    let other = digest_bytes(b"other");
    assert!(refused_after(&dir, |manifest| manifest.identity = other).contains("identity"));
    assert!(refused_after(&dir, |manifest| manifest.revision = "00c0ffee".parse().unwrap()).contains("00c0ffee"));
    assert!(refused_after(&dir, |manifest| manifest.settings_digest = other).contains("settings"));
    assert!(refused_after(&dir, |manifest| manifest.settings.chunking.max_tokens += 1).contains("settings"));
    assert!(refused_after(&dir, |manifest| manifest.counts.chunks += 1).contains("2"));
}

#[test]
fn files_listed_and_not_there_or_there_and_not_listed_are_named() {
    let world = World::new();
    let dir = world.built();
    let entry = |path: &str| FileEntry { path: path.to_owned(), size: 1, sha256: digest_bytes(b"x") };
    assert!(refused_after(&dir, |manifest| manifest.files.push(entry("ghost"))).contains("ghost"));
    assert!(refused_after(&dir, |manifest| manifest.files.push(entry("../../active.json"))).contains("outside"));
    for stray in ["stray.txt", "text/stray"] {
        fs::write(dir.join(stray), "x").unwrap();
        let text = Revision::open(&dir).err().expect(stray).to_string();
        assert!(text.contains(stray) && text.contains("does not list it"), "{text}");
        fs::remove_file(dir.join(stray)).unwrap();
    }
    Revision::open(&dir).expect("it is whole again");
}

#[test]
fn a_revision_of_an_older_version_is_named_and_built_again() {
    let world = World::new();
    let dir = world.built();
    let older = "{\"formatVersion\": 1, \"revision\": \"00c0ffee\"}";
    fs::write(dir.join("manifest.json"), older).unwrap();
    let text = Revision::open(&dir).err().expect("another version is refused").to_string();
    let expect = format!("format version 1, this program reads {FORMAT_VERSION}; build the revision again");
    assert!(text.contains(&expect), "{text}");
    assert_eq!(world.built(), dir);
    Revision::open(&dir).expect("it was built again");
}
