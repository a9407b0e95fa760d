//! Exact and compressed vectors, and what is refused.

use super::*;
use faiss::Index;
use faiss::index::flat::FlatIndexImpl;

use crate::index::IndexError;

fn unit(angle: f32) -> [f32; 2] {
    [angle.cos(), angle.sin()]
}

fn open_with(angles: &[f32]) -> (tempfile::TempDir, VectorIndex) {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = VectorWriter::create(dir.path(), 2).unwrap();
    for angle in angles {
        writer.push(&unit(*angle)).unwrap();
    }
    writer.finish().unwrap();
    let index = VectorIndex::open(dir.path(), 2, None).unwrap();
    (dir, index)
}

#[test]
fn the_nearest_come_first_with_their_cosines() {
    let (_dir, index) = open_with(&[0.0, 1.0, 0.2]);
    let hits = index.search(&unit(0.0), 2).unwrap();
    assert_eq!(hits.iter().map(|h| h.chunk.0).collect::<Vec<_>>(), [0, 2]);
    assert!((hits[1].score - 0.2_f32.cos()).abs() < 1e-6);
    assert_eq!(index.cosine(&unit(0.0), ChunkNumber(2)).unwrap(), Some(hits[1].score));
    assert_eq!(index.cosine(&unit(0.0), ChunkNumber(3)).unwrap(), None);
}

#[test]
fn searches_run_side_by_side_on_one_index() {
    let angles: Vec<f32> = (0..500).map(|i| i as f32 * 0.01).collect();
    let (_dir, index) = open_with(&angles);
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let index = &index;
            scope.spawn(move || {
                for i in (thread..300).step_by(4) {
                    assert_eq!(index.search(&unit(i as f32 * 0.01), 1).unwrap()[0].chunk.0, i);
                }
            });
        }
    });
}

#[test]
fn an_empty_index_finds_nothing() {
    let (_dir, index) = open_with(&[]);
    assert!(index.search(&unit(0.0), 5).unwrap().is_empty());
    assert!(index.vector(ChunkNumber(0)).is_none());
}

#[test]
fn other_dimensions_are_refused_at_opening_pushing_and_searching() {
    let (dir, index) = open_with(&[0.0]);
    for error in [
        VectorIndex::open(dir.path(), 3, None).err().unwrap(),
        index.search(&[1.0; 5], 1).unwrap_err(),
        VectorWriter::create(dir.path(), 2).unwrap().push(&[1.0; 3]).unwrap_err(),
        VectorWriter::create(dir.path(), 0).err().unwrap(),
    ] {
        assert!(matches!(error, IndexError::Dimension { .. }), "{error}");
    }
}

#[test]
fn the_file_is_byte_by_byte_what_faiss_writes() {
    let dir = tempfile::tempdir().unwrap();
    for (dimension, rows) in [(1, 0), (1, 3), (7, 1), (384, 50)] {
        let values: Vec<f32> = (0..dimension * rows).map(|i| (i as f32 * 0.7).sin()).collect();
        let mut ours = VectorWriter::create(dir.path(), dimension).unwrap();
        values.chunks(3 * dimension).for_each(|rows| ours.push(rows).unwrap());
        ours.finish().unwrap();
        let mut theirs = FlatIndexImpl::new_ip(dimension as u32).unwrap();
        theirs.add(&values).unwrap();
        let path = dir.path().join("theirs");
        faiss::index::io::write_index(&theirs, path.to_str().unwrap()).unwrap();
        let read = |path: &Path| std::fs::read(path).unwrap();
        assert_eq!(read(&dir.path().join(FILE)), read(&path), "{rows} rows of {dimension}");
    }
}

#[test]
fn what_faiss_cannot_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), b"not an index").unwrap();
    assert!(matches!(VectorIndex::open(dir.path(), 2, None).err().unwrap(), IndexError::Vectors { .. }));
}

#[test]
fn dot_agrees_with_the_plain_sum_at_every_length() {
    for n in 0..40 {
        let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
        let plain: f32 = a.iter().map(|x| x * 2.0).sum();
        assert_eq!(dot(&a, &vec![2.0; n]), plain);
    }
}

/// Unit vectors around a few centres, all leaning one way as an embedding model's do; the same on every run.
fn leaning(count: usize, dimension: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let centres: Vec<f32> = (0..20 * dimension).map(|_| noise()).collect();
    let mut values = Vec::new();
    for number in 0..count {
        let centre = &centres[number % 20 * dimension..][..dimension];
        let row: Vec<f32> = centre.iter().map(|value| 1.0 + 0.5 * value + 0.5 * noise()).collect();
        let length = dot(&row, &row).sqrt();
        values.extend(row.iter().map(|value| value / length));
    }
    values
}

const DIMENSION: usize = 32;

/// An index over `count` vectors, compressed as `factory` says.
fn compressed(factory: &str, count: usize) -> (tempfile::TempDir, CodesDescription, VectorIndex) {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = VectorWriter::create(dir.path(), DIMENSION).unwrap();
    writer.push(&leaning(count, DIMENSION, 1)).unwrap();
    writer.finish().unwrap();
    let exact = ExactVectors::open(dir.path(), DIMENSION).unwrap();
    let factory = Factory::parse(factory, DIMENSION).unwrap();
    let codes = build_codes(dir.path(), &exact, &factory, &leaning(20, DIMENSION, 2)).unwrap();
    let index = VectorIndex::open(dir.path(), DIMENSION, Some(&codes)).unwrap();
    (dir, codes, index)
}

const FACTORIES: [&str; 7] =
    ["IVF16,PQ16x4fs", "IVF16,Flat", "IVF8,PQ8x8", "HNSW32,SQ8", "SQ8", "PQ16x4fs", "RR32,IVF8,PQ16x4fs"];

#[test]
fn compressed_vectors_find_what_exact_ones_find_whole_or_narrowed_to_a_set() {
    for factory in FACTORIES {
        let (_dir, codes, index) = compressed(factory, 6_000);
        assert!(codes.recall >= RECALL, "{codes:?}");
        check_whole(&index, factory);
        check_narrowed(&index, factory);
    }
}

/// The nearest ten, with their cosines.
fn check_whole(index: &VectorIndex, factory: &str) {
    let questions = leaning(50, DIMENSION, 3);
    let mut found = 0;
    for question in questions.chunks(DIMENSION) {
        let exact = index.exact.search(question, 10).unwrap();
        let hits = index.search(question, 10).unwrap();
        assert_eq!(hits.len(), 10, "{factory}");
        assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score), "{factory}");
        for hit in &hits {
            assert_eq!(Some(hit.score), index.cosine(question, hit.chunk).unwrap());
        }
        found += exact.iter().filter(|hit| hits.iter().any(|other| other.chunk == hit.chunk)).count();
    }
    assert!(found >= 480, "{factory}: {found} of 500");
}

/// The nearest of a set, and nothing else.
fn check_narrowed(index: &VectorIndex, factory: &str) {
    let question = &leaning(1, DIMENSION, 4);
    for step in [2, 3, 97, 2_500] {
        let set = ChunkSet::of(index.len(), (0..index.len() as u32).step_by(step).map(ChunkNumber));
        let hits = index.search_among(question, 20, &set).unwrap();
        let nearest = index.exact.nearest(question, set.iter(), 20).unwrap();
        assert!(hits.iter().all(|hit| set.contains(hit.chunk)), "{factory}, every {step}");
        let found = nearest.iter().filter(|hit| hits.contains(hit)).count();
        assert!(found * 10 >= nearest.len() * 9, "{factory}, every {step}: {found} of {}", nearest.len());
    }
    assert!(index.search_among(question, 20, &ChunkSet::none(index.len())).unwrap().is_empty(), "{factory}");
}

#[test]
fn compressed_searches_run_side_by_side_and_agree() {
    let (_dir, _, index) = compressed("IVF16,PQ16x4fs", 6_000);
    let questions = leaning(40, DIMENSION, 5);
    let set = ChunkSet::of(index.len(), (0..index.len() as u32).step_by(2).map(ChunkNumber));
    let all = |index: &VectorIndex| -> Vec<Vec<Hit>> {
        let asked = questions.chunks(DIMENSION);
        asked.flat_map(|q| [index.search(q, 30).unwrap(), index.search_among(q, 30, &set).unwrap()]).collect()
    };
    let alone = all(&index);
    std::thread::scope(|scope| {
        for thread in (0..4).map(|_| scope.spawn(|| all(&index))).collect::<Vec<_>>() {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}

#[test]
fn the_cheapest_setting_that_finds_enough_is_kept() {
    let (_dir, codes, _) = compressed("IVF16,PQ16x4fs", 6_000);
    let lists = codes.setting.unwrap();
    assert!((1..=16).contains(&lists), "{codes:?}");
    let (_dir, codes, _) = compressed("SQ8", 2_000);
    assert_eq!((codes.setting, codes.candidates), (None, 2), "8 bits need no more than a few candidates");
}

#[test]
fn too_few_vectors_to_learn_from_are_an_error_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = VectorWriter::create(dir.path(), DIMENSION).unwrap();
    writer.push(&leaning(50, DIMENSION, 1)).unwrap();
    writer.finish().unwrap();
    let exact = ExactVectors::open(dir.path(), DIMENSION).unwrap();
    let factory = Factory::parse("IVF4096,Flat", DIMENSION).unwrap();
    let error = build_codes(dir.path(), &exact, &factory, &[]).unwrap_err();
    assert!(error.to_string().contains("50 chunks") && error.to_string().contains("IVF4096"), "{error}");
}

#[test]
fn codes_that_do_not_belong_to_the_vectors_are_refused() {
    let (dir, codes, index) = compressed("SQ8", 1_500);
    drop(index);
    let (other, ..) = compressed("SQ8", 1_400);
    std::fs::copy(other.path().join(CODES_FILE), dir.path().join(CODES_FILE)).unwrap();
    let error = VectorIndex::open(dir.path(), DIMENSION, Some(&codes)).err().unwrap();
    assert!(error.to_string().contains("1400") && error.to_string().contains("1500"), "{error}");
    let bytes = std::fs::read(dir.path().join(CODES_FILE)).unwrap();
    for length in [0, 10, bytes.len() / 2] {
        std::fs::write(dir.path().join(CODES_FILE), &bytes[..length]).unwrap();
        assert!(VectorIndex::open(dir.path(), DIMENSION, Some(&codes)).is_err(), "{length} bytes");
    }
    std::fs::remove_file(dir.path().join(CODES_FILE)).unwrap();
    assert!(VectorIndex::open(dir.path(), DIMENSION, Some(&codes)).is_err());
}
