//! Models from folders: vectors as candle's, whatever the family, the widths and the types; and what is refused.

use std::fs;
use std::path::Path;

use ragops_embed::{
    AddOptions, AddOutcome, Arithmetic, EmbeddingModel, Family, LocalModel, ModelSource, ModelStore, StoreError,
};
use safetensors::Dtype;

use crate::candle::Candle;
use crate::fixture::cosine;
use crate::folder::{Folder, Given, POSITIONS, archive, safetensors};

const TEXTS: [&str; 6] = [
    "",
    "a",
    "The pod was evicted: node 7 ran out of memory?",
    "가나 다라 abc 나나나",
    "   spaces,  and\ttabs . ",
    "q0 w1 e2 r3 t4 y5 u6 i7 o8 p9 a0 s1",
];

fn one() -> std::num::NonZeroUsize {
    1.try_into().unwrap()
}

fn wish(arithmetic: Arithmetic) -> AddOptions {
    AddOptions { arithmetic: Some(arithmetic), ..AddOptions::default() }
}

fn store(dir: &Path) -> ModelStore {
    ModelStore::new(dir.join("models"))
}

/// Installs the folder at `dir/folder` and opens it.
fn install(dir: &Path, options: &AddOptions) -> LocalModel {
    let store = store(dir);
    let outcome = store.add_with("mine", &ModelSource::Path(dir.join("folder")), options, &()).unwrap();
    assert!(matches!(outcome, AddOutcome::Installed(_)));
    store.verify("mine").unwrap();
    store.open("mine", one()).unwrap()
}

/// Installs the folder in both arithmetics and compares its vectors with candle's means.
fn check(folder: &Folder) {
    let dir = tempfile::tempdir().unwrap();
    folder.write(&dir.path().join("folder"));
    let candle = Candle::load(&dir.path().join("folder"), folder.prefix);
    for (arithmetic, lowest) in [(Arithmetic::Float32, 0.999_999), (Arithmetic::Int8, 0.99)] {
        let models = tempfile::tempdir_in(dir.path()).unwrap();
        std::os::unix::fs::symlink(dir.path().join("folder"), models.path().join("folder")).unwrap();
        let model = install(models.path(), &wish(arithmetic));
        assert_eq!(model.identity().dimension, folder.hidden);
        let vectors = model.embed_passages(&TEXTS, &()).unwrap();
        for (text, vector) in TEXTS.iter().zip(vectors.rows()) {
            let (start, end) = folder.markers();
            let ids = [&[start], model.tokenizer().encode(text).as_slice(), &[end]].concat();
            assert!(ids.len() <= POSITIONS, "{ids:?}");
            let cosine = cosine(vector, &candle.mean(&ids));
            assert!(cosine >= lowest, "{} {arithmetic}, {text:?}: {cosine}", folder.family);
            assert_eq!(model.embed_query(text).unwrap(), vector);
        }
    }
}

#[test]
fn every_family_has_candles_vectors() {
    check(&Folder::bert());
    check(&Folder::roberta());
    check(&Folder::xlm_roberta());
}

#[test]
fn other_widths_activations_and_types_have_candles_vectors() {
    // Heads of 16, 48 and 96 columns are whole numbers of vectors on no processor, or on some.
    check(&Folder { hidden: 96, heads: 2, feed_forward: 64, layers: 1, ..Folder::bert() });
    check(&Folder { hidden: 96, heads: 1, activation: "relu", ..Folder::bert() });
    check(&Folder { hidden: 32, heads: 2, activation: "gelu_new", ..Folder::xlm_roberta() });
    check(&Folder { dtype: Dtype::F16, prefix: "bert.", ..Folder::bert() });
    check(&Folder { dtype: Dtype::BF16, layers: 3, ..Folder::roberta() });
}

#[test]
fn rows_are_pooled_as_the_folder_says() {
    let folder = Folder::bert();
    let dir = tempfile::tempdir().unwrap();
    folder.write(&dir.path().join("folder"));
    let candle = Candle::load(&dir.path().join("folder"), "");
    let pooled = |mode: &str| {
        let given = dir.path().join(mode);
        folder.write(&given.join("folder"));
        fs::create_dir(given.join("folder/1_Pooling")).unwrap();
        let text = format!("{{\"pooling_mode_{mode}_tokens\": true, \"word_embedding_dimension\": 64}}");
        let text = text.replace("cls_tokens", "cls_token");
        fs::write(given.join("folder/1_Pooling/config.json"), text).unwrap();
        let model = install(&given, &wish(Arithmetic::Float32));
        let ids = [&[2], model.tokenizer().encode(TEXTS[2]).as_slice(), &[3]].concat();
        (model.embed_query(TEXTS[2]).unwrap(), candle.rows(&ids))
    };
    let (first, rows) = pooled("cls");
    assert!(cosine(&first, &rows[0]) > 0.999_999);
    let (highest, rows) = pooled("max");
    let expected: Vec<f32> =
        (0..64).map(|column| rows.iter().map(|row| row[column]).fold(f32::MIN, f32::max)).collect();
    assert!(cosine(&highest, &expected) > 0.999_999);
    assert!(cosine(&highest, &first) < 0.99);
}

#[test]
fn long_texts_are_read_in_windows() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::roberta();
    folder.write(&dir.path().join("folder"));
    let model = install(dir.path(), &wish(Arithmetic::Float32));
    assert_eq!(model.identity().max_tokens, POSITIONS - 2);
    let candle = Candle::load(&dir.path().join("folder"), folder.prefix);
    let text = "words beyond the window ".repeat(5);
    let ids = model.tokenizer().encode(&text);
    let mut expected = vec![0.0; folder.hidden];
    for window in ids.chunks(POSITIONS - 2) {
        let mean = candle.mean(&[&[0], window, &[2]].concat());
        expected.iter_mut().zip(mean).for_each(|(sum, value)| *sum += window.len() as f32 * value);
    }
    assert!(ids.len() > 2 * POSITIONS);
    assert!(cosine(&model.embed_query(&text).unwrap(), &expected) > 0.999_999);
}

#[test]
fn prefixes_are_the_folders_or_those_asked_for_and_part_of_the_digest() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::bert();
    folder.write(&dir.path().join("folder"));
    let digest = |name: &str, options: &AddOptions| {
        let store = store(dir.path());
        let source = ModelSource::Path(dir.path().join("folder"));
        store
            .add_with(name, &source, &AddOptions { arithmetic: Some(Arithmetic::Int8), ..options.clone() }, &())
            .unwrap();
        let model = store.open(name, one()).unwrap();
        (model.identity().digest, model.embed_query("abc").unwrap(), model.embed_passages(&["q: abc"], &()).unwrap())
    };
    let plain = digest("plain", &AddOptions::default());
    let asked = digest("asked", &AddOptions { query_prefix: Some("q: ".to_owned()), ..AddOptions::default() });
    fs::write(dir.path().join("folder/config_sentence_transformers.json"), r#"{"prompts": {"query": "q: "}}"#).unwrap();
    let own = digest("own", &AddOptions::default());
    let without = digest("without", &AddOptions { query_prefix: Some(String::new()), ..AddOptions::default() });
    assert_eq!(asked.1, plain.2.row(0).unwrap());
    assert_eq!((&own.0, &own.1), (&asked.0, &asked.1));
    assert_ne!(asked.0, plain.0);
    assert_eq!((&without.0, &without.1), (&plain.0, &plain.1));
}

/// Writes the folder, spoils it, and expects a refusal that says all of `expected`, with nothing installed.
fn check_refused(spoil: impl FnOnce(&Path), expected: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("folder");
    Folder::bert().write(&folder);
    spoil(&folder);
    let store = store(dir.path());
    let error = store.add("mine", &ModelSource::Path(folder), &()).unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    for part in expected {
        assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
    }
    assert!(store.list().unwrap().is_empty());
    let text = store.open("mine", one()).err().unwrap().to_string();
    assert!(text.contains("`mine` is not installed") && text.contains("model add mine --from FOLDER"), "{text}");
}

fn remove(name: &'static str) -> impl FnOnce(&Path) {
    move |folder| fs::remove_file(folder.join(name)).unwrap()
}

fn edit(name: &'static str, from: &'static str, to: &'static str) -> impl FnOnce(&Path) {
    move |folder| {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(folder.join(name), text.replacen(from, to, 1)).unwrap();
    }
}

#[test]
fn a_folder_that_is_no_model_is_told_what_is_missing() {
    let with = |missing: &'static str, other: &'static str| {
        move |folder: &Path| {
            fs::remove_file(folder.join(missing)).unwrap();
            fs::write(folder.join(other), "x").unwrap();
        }
    };
    let holds = "a model folder holds `config.json`, `model.safetensors` and `tokenizer.json`";
    check_refused(
        |folder| fs::remove_dir_all(folder).and(fs::create_dir(folder)).unwrap(),
        &["no `config.json`", holds],
    );
    check_refused(remove("config.json"), &["it has no `config.json`", holds]);
    check_refused(remove("model.safetensors"), &["it has no `model.safetensors`", holds]);
    check_refused(remove("tokenizer.json"), &["it has no `tokenizer.json`", holds]);
    check_refused(
        with("model.safetensors", "pytorch_model.bin"),
        &["no `model.safetensors`", "save the model as safetensors"],
    );
    check_refused(with("model.safetensors", "model.safetensors.index.json"), &["lie in several files"]);
    check_refused(with("tokenizer.json", "vocab.txt"), &["no `tokenizer.json`", "with its fast tokenizer"]);
}

#[test]
fn what_the_encoder_does_not_do_is_refused_by_name() {
    check_refused(edit("config.json", "\"bert\"", "\"t5\""), &["is `t5`", "`bert`, `roberta` and `xlm-roberta`"]);
    check_refused(edit("config.json", "\"gelu\"", "\"silu\""), &["`hidden_act`", "`silu`"]);
    check_refused(edit("config.json", "{", "nonsense"), &["`config.json` cannot be read"]);
    let modules = |folder: &Path| {
        let text = r#"[{"path": "", "type": "x.Transformer"}, {"path": "2_Dense", "type": "x.Dense"}]"#;
        fs::write(folder.join("modules.json"), text).unwrap();
    };
    check_refused(modules, &["module (in `modules.json`)", "Dense"]);
}

/// Changes one tensor, or removes it.
fn change(name: &'static str, change: impl FnOnce(&mut Given) -> Keep) -> impl FnOnce(&Path) {
    move |folder| {
        let mut tensors = Folder::bert().tensors();
        if matches!(change(tensors.get_mut(name).unwrap()), Keep::No) {
            tensors.remove(name);
        }
        fs::write(folder.join("model.safetensors"), safetensors(&tensors)).unwrap();
    }
}

enum Keep {
    Yes,
    No,
}

const VALUE: &str = "encoder.layer.1.attention.self.value.weight";
const WORDS: &str = "embeddings.word_embeddings.weight";

#[test]
fn weights_that_are_missing_or_wrong_are_refused_by_name() {
    check_refused(change(VALUE, |_| Keep::No), &[VALUE, "is missing"]);
    check_refused(change(WORDS, |_| Keep::No), &[WORDS, "is missing"]);
    let reshape = |given: &mut Given| {
        given.shape = vec![32, 128];
        Keep::Yes
    };
    check_refused(change(VALUE, reshape), &[VALUE, "has the shape [32, 128] and not [64, 64]"]);
    let retype = |given: &mut Given| {
        given.dtype = Dtype::I64;
        Keep::Yes
    };
    check_refused(change(VALUE, retype), &[VALUE, "has the type I64; read are F32, F16 and BF16"]);
    let spoil = |value: f32| {
        move |given: &mut Given| {
            given.values[5] = value;
            Keep::Yes
        }
    };
    check_refused(change(VALUE, spoil(f32::NAN)), &[VALUE, "holds NaN", "damaged"]);
    check_refused(change(WORDS, spoil(f32::INFINITY)), &[WORDS, "holds inf"]);
    check_refused(change("embeddings.LayerNorm.bias", spoil(f32::NAN)), &["embeddings.LayerNorm.bias", "holds NaN"]);
}

#[test]
fn files_that_are_cut_off_or_nonsense_are_refused() {
    let cut = |bytes: u64| {
        move |folder: &Path| {
            fs::File::options().write(true).open(folder.join("model.safetensors")).unwrap().set_len(bytes).unwrap();
        }
    };
    for bytes in [0, 4, 100, 50_000] {
        check_refused(cut(bytes), &["its `model.safetensors` cannot be read", "truncated"]);
    }
    let nonsense = |folder: &Path| fs::write(folder.join("model.safetensors"), b"<!doctype html>404").unwrap();
    check_refused(nonsense, &["its `model.safetensors` cannot be read"]);
    check_refused(edit("tokenizer.json", "WordPiece", "Magic"), &["the `tokenizer.json` of", "cannot be read"]);
    check_refused(edit("tokenizer.json", "{", ""), &["the `tokenizer.json` of", "cannot be read"]);
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    // The table has as many rows as the configuration says, one fewer than the tokenizer has ids.
    let fewer = |folder: &Path| {
        let rows = Folder::bert().config()["vocab_size"].as_u64().unwrap() as usize;
        edit(
            "config.json",
            Box::leak(format!("\"vocab_size\":{rows}").into_boxed_str()),
            Box::leak(format!("\"vocab_size\":{}", rows - 1).into_boxed_str()),
        )(folder);
        change(WORDS, move |given| {
            given.shape[0] = rows - 1;
            given.values.truncate((rows - 1) * 64);
            Keep::Yes
        })(folder);
    };
    check_refused(fewer, &["the `tokenizer.json` of", "word table has only", "different models"]);
    let chatty = |folder: &Path| {
        let text = fs::read_to_string(folder.join("tokenizer.json")).unwrap();
        let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
        file["post_processor"] = serde_json::Value::Null;
        fs::write(folder.join("tokenizer.json"), file.to_string()).unwrap();
    };
    check_refused(chatty, &["puts 0 markers around a text"]);
}

/// A file without bytes on the disk that says it has a terabyte, and a configuration to go with it.
#[test]
fn a_model_larger_than_any_memory_is_refused_before_it_is_copied() {
    let sparse = |folder: &Path| {
        let file = fs::File::options().write(true).open(folder.join("model.safetensors")).unwrap();
        file.set_len(1 << 40).unwrap();
    };
    check_refused(sparse, &["its `model.safetensors` has 1099511627776 bytes, and at most 8589934592 are read here"]);
    check_refused(
        edit("config.json", "\"hidden_size\":64", "\"hidden_size\":1000000"),
        &["`hidden_size`", "it must be 1 to 8192"],
    );
}

#[test]
fn names_are_plain_and_taken_once() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("folder");
    Folder::bert().write(&folder);
    let store = store(dir.path());
    let source = ModelSource::Path(folder.clone());
    for name in ["", "../mine", ".mine", "a/b", "a b", &"a".repeat(129)] {
        let error = store.add(name, &source, &()).unwrap_err().to_string();
        assert!(error.contains("there can be no model named"), "{error}");
    }
    let AddOutcome::Installed(model) = store.add("my-model_1.0", &source, &()).unwrap() else { panic!("installed") };
    assert_eq!((model.architecture, model.layers, model.dimension), (Family::Bert, 2, 64));
    assert_eq!((model.window, model.name.as_str()), (POSITIONS, "my-model_1.0"));
    assert!(model.int8_cosine.is_some_and(|cosine| cosine > 0.9 && cosine < 1.0), "{model:?}");
    assert_eq!(store.add("my-model_1.0", &source, &()).unwrap(), AddOutcome::AlreadyInstalled(model.clone()));
    Folder { layers: 1, ..Folder::bert() }.write(&folder);
    let error = store.add("my-model_1.0", &source, &()).unwrap_err().to_string();
    assert!(
        error.contains("installed already, from other files") && error.contains("model remove my-model_1.0"),
        "{error}"
    );
    assert_eq!(store.verify("my-model_1.0").unwrap(), model);
    store.remove("my-model_1.0").unwrap();
    assert!(store.list().unwrap().is_empty());
    assert!(matches!(store.remove("my-model_1.0"), Err(StoreError::NotInstalled { .. })));
    store.add("my-model_1.0", &source, &()).unwrap();
    let error = store.add("multilingual-e5-small", &source, &()).unwrap_err().to_string();
    assert!(error.contains("is not the model `multilingual-e5-small`: it is a folder"), "{error}");
    let error = store.add("all-MiniLM-L6-v2", &source, &()).unwrap_err().to_string();
    assert!(error.contains("wrong checksum") && error.contains("`all-MiniLM-L6-v2` is pinned to 53aa5117"), "{error}");
    let error = store.add_with("multilingual-e5-small", &source, &wish(Arithmetic::Int8), &()).unwrap_err().to_string();
    assert!(error.contains("the arithmetic of `multilingual-e5-small` are fixed"), "{error}");
}

#[test]
fn a_prefix_longer_than_half_a_window_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Folder::bert().write(&dir.path().join("folder"));
    let options = AddOptions { passage_prefix: Some("a ".repeat(30)), ..AddOptions::default() };
    let source = ModelSource::Path(dir.path().join("folder"));
    let error = store(dir.path()).add_with("mine", &source, &options, &()).unwrap_err().to_string();
    assert!(error.contains("has 30 tokens of the 48"), "{error}");
}

#[test]
fn an_archive_gives_the_one_model_in_it_or_says_why_not() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("folder");
    Folder::bert().write(&folder);
    let add = |store: &str, bytes: &[u8]| {
        let path = dir.path().join("model.zip");
        fs::write(&path, bytes).unwrap();
        ModelStore::new(dir.path().join(store)).add("mine", &ModelSource::Path(path), &())
    };
    let plain = ModelStore::new(dir.path().join("plain")).add("mine", &ModelSource::Path(folder.clone()), &()).unwrap();
    let whole = archive(&folder, &["package/model/"]);
    assert_eq!(add("archive", &whole).unwrap().model().digest, plain.model().digest);
    let refused = |bytes: &[u8], expected: &[&str]| {
        let error = add("refused", bytes).unwrap_err().to_string();
        expected.iter().for_each(|part| assert!(error.contains(part), "`{part}` is not in: {error}"));
    };
    refused(&archive(&folder, &["a/", "b/"]), &["several models, of which one must be given: a/, b/"]);
    refused(&whole[..whole.len() / 2], &["zip archive", "fetch it again"]);
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 1;
    refused(&flipped, &["model.zip"]);
    fs::remove_file(folder.join("tokenizer.json")).unwrap();
    refused(&archive(&folder, &["package/"]), &["it has no `package/tokenizer.json`"]);
    fs::remove_file(folder.join("config.json")).unwrap();
    refused(&archive(&folder, &["package/"]), &["it has no `config.json`"]);
    refused(
        b"GGUF",
        &["no model named `mine` in the catalogue", "it starts with \"GGUF\"", "a folder with `config.json`"],
    );
}
