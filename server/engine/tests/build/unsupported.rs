//! Files that no reader takes: named and counted, in a manifest that stays small, and no reason to build for ever.

use std::fs;

use ragops_engine::build::{BuildError, BuildResult};
use ragops_engine::read::media::ACCEPTED;
use ragops_engine::revision::manifest::MAX_FINDINGS_OF_CODE;

use crate::world::World;

#[test]
fn a_file_that_no_reader_takes_makes_one_revision_that_names_it_whatever_is_in_it() {
    let world = World::new();
    let before = world.build().unwrap();
    assert_eq!(before.manifest.findings.total(), 0);
    world.write("manual.doc", "one");
    let named = world.build().unwrap();
    assert_eq!((named.result, named.manifest.findings.counts["UnsupportedFormat"]), (BuildResult::Built, 1));
    assert_eq!(named.manifest.findings.first[0].path, "manual.doc");
    assert_eq!(named.manifest.content_digest, before.manifest.content_digest);
    world.write("manual.doc", "another text");
    let again = world.build().unwrap();
    assert_eq!((again.result, &again.revision), (BuildResult::Unchanged, &named.revision));
    fs::remove_file(world.docs().join("manual.doc")).unwrap();
    let gone = world.build().unwrap();
    assert_eq!((gone.result, &gone.revision), (BuildResult::Unchanged, &before.revision));
}

#[test]
fn a_folder_of_pictures_is_counted_and_its_manifest_stays_small() {
    const PICTURES: u64 = 3_000;
    let world = World::new();
    world.write("zz/empty.md", "");
    for number in 0..PICTURES {
        world.write(&format!("pictures/{number:05}.png"), "x");
    }
    let findings = world.build().unwrap().manifest.findings;
    assert_eq!((findings.counts["UnsupportedFormat"], findings.counts["EmptyFile"]), (PICTURES, 1));
    assert_eq!(findings.first.len(), MAX_FINDINGS_OF_CODE + 1);
    assert_eq!(findings.first[0].path, "pictures/00000.png");
    assert!(findings.first.iter().any(|finding| finding.path == "zz/empty.md"));
}

#[test]
fn an_index_without_documents_says_how_many_files_were_seen_and_what_is_read() {
    let world = World::new();
    fs::remove_dir_all(world.docs()).unwrap();
    fs::create_dir(world.docs()).unwrap();
    let check = |include: &[&str], says: &[&str]| {
        let mut request = world.request();
        request.sources[0].include = include.iter().map(|pattern| (*pattern).to_owned()).collect();
        let error = world.build_request(&request).unwrap_err();
        assert!(matches!(error, BuildError::NoDocuments { .. }) && !error.is_retryable(), "{error}");
        let text = error.to_string();
        for part in says.iter().chain(&[ACCEPTED]) {
            assert!(text.contains(part), "`{part}` is missing in: {text}");
        }
    };
    check(&[], &["no file was seen", "correct `folder.path`"]);
    world.write("a.ppt", "x");
    world.write("b.json", "{}");
    check(&[], &["2 files were looked at", "a.ppt (UnsupportedFormat), b.json (UnsupportedFormat)", "convert"]);
    check(&["*.md"], &["0 files were looked at, 2 more are left out by `include` and `exclude`"]);
}
