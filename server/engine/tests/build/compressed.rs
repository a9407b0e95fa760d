//! Revisions with compressed vectors beside the exact ones.

use std::fs;

use ragops_engine::build::{BuildError, BuildResult, ErrorClass};
use ragops_engine::index::vectors::CODES_FILE;
use ragops_engine::revision::{Revision, RevisionError};
use ragops_engine::settings::VectorIndexType;

use crate::world::World;

/// A world of short pages that are all different.
fn world_of(pages: usize) -> World {
    let world = World::new();
    let record = |number: usize| {
        let words: Vec<String> = (0..12).map(|at| format!("w{}", (number * 7919 + at * 104_729) % 9_973)).collect();
        format!("{{\"id\": \"page-{number}\", \"text\": \"{}\"}}\n", words.join(" "))
    };
    world.write("pages.jsonl", &(0..pages).map(record).collect::<String>());
    world
}

#[test]
fn a_compressed_revision_says_what_it_is_is_verified_whole_and_finds_what_an_exact_one_finds() {
    let world = world_of(1_500);
    let mut request = world.request();
    request.settings.index = VectorIndexType::Flat;
    let flat = world.build_request(&request).unwrap();
    assert_eq!(flat.manifest.codes, None);
    let exact = Revision::open(&world.store().path_of(&flat.revision)).unwrap();
    for (kind, factory) in [
        (VectorIndexType::IvfPq, "IVF4,PQ8x4fs"),
        (VectorIndexType::Hnsw, "HNSW32,SQ8"),
        (VectorIndexType::Factory("IVF16,SQ8".to_owned()), "IVF16,SQ8"),
    ] {
        request.settings.index = kind;
        let built = world.build_request(&request).unwrap();
        let codes = built.manifest.codes.clone().unwrap();
        assert_eq!(codes.factory, factory);
        assert!(codes.recall >= 0.97, "{codes:?}");
        assert_ne!(built.revision, flat.revision);
        assert_eq!(world.build_request(&request).unwrap().result, BuildResult::Unchanged);
        let dir = world.store().path_of(&built.revision);
        let revision = Revision::open(&dir).unwrap();
        let question = exact.vectors.vector(ragops_engine::index::ChunkNumber(700)).unwrap();
        let question: Vec<f32> = question.numbers().collect();
        assert_eq!(revision.vectors.search(&question, 1).unwrap(), exact.vectors.search(&question, 1).unwrap());
        fs::remove_file(dir.join(CODES_FILE)).unwrap();
        let error = Revision::open(&dir).err().unwrap();
        assert!(matches!(&error, RevisionError::Damaged { path, .. } if path.ends_with(CODES_FILE)), "{error}");
    }
}

#[test]
fn a_small_index_is_exact_unless_a_factory_says_otherwise() {
    let world = World::new();
    let mut request = world.request();
    for kind in [VectorIndexType::Auto, VectorIndexType::IvfPq, VectorIndexType::Hnsw] {
        request.settings.index = kind;
        let built = world.build_request(&request).unwrap();
        assert_eq!(built.manifest.codes, None);
        assert!(!world.store().path_of(&built.revision).join(CODES_FILE).exists());
    }
}

#[test]
fn a_factory_that_cannot_be_used_is_bad_input_that_says_why_and_keeps_the_old_revision() {
    let world = World::new();
    let before = world.build().unwrap();
    let mut request = world.request();
    for (factory, says) in
        [("hello", "`hello`"), ("PQ7", "multiple of 7"), ("IVF64,Flat", "needs 64 chunks"), ("", "``")]
    {
        request.settings.index = VectorIndexType::Factory(factory.to_owned());
        let error = world.build_request(&request).unwrap_err();
        assert_eq!(error.class(), ErrorClass::BadInput, "{error}");
        assert!(matches!(error, BuildError::Index(_)) && error.to_string().contains(says), "{error}");
        assert!(error.to_string().contains("index.factory"), "{error}");
    }
    assert_eq!(world.store().active().unwrap(), Some(before.revision));
}
