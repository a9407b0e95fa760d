//! The tokenizer and the converter on any input: nothing panics, and offsets always fit the text.

use std::sync::OnceLock;

use proptest::prelude::*;
use ragops_embed::{EmbeddingModel, LocalModel, ModelSource, ModelStore};

use crate::fixture::model;
use crate::folder::Folder;
use crate::tiny;

fn check_tokens(model: &LocalModel, text: &str) {
    let ids = model.tokenizer().encode(text);
    let starts = model.token_starts(text);
    assert_eq!((ids.len(), model.count_tokens(text)), (starts.len(), starts.len()));
    assert!(starts.is_sorted() && starts.iter().all(|start| text.is_char_boundary(*start)), "{text:?} {starts:?}");
    assert!(starts.first().is_none_or(|first| *first == 0) && starts.last().is_none_or(|last| *last < text.len()));
}

/// Tokens of a `tokenizer.json` start at characters, in order; white space has none in some families.
fn check_starts(model: &LocalModel, text: &str) {
    let (ids, starts) = (model.tokenizer().encode(text), model.token_starts(text));
    assert_eq!((ids.len(), model.count_tokens(text)), (starts.len(), starts.len()));
    assert!(starts.is_sorted() && starts.iter().all(|start| text.is_char_boundary(*start)), "{text:?} {starts:?}");
    assert!(starts.last().is_none_or(|last| *last < text.len()), "{text:?} {starts:?}");
}

fn folder_models() -> &'static [(tempfile::TempDir, LocalModel)] {
    static MODELS: OnceLock<Vec<(tempfile::TempDir, LocalModel)>> = OnceLock::new();
    let load = |folder: Folder| {
        let dir = tempfile::tempdir().unwrap();
        folder.write(&dir.path().join("folder"));
        let store = ModelStore::new(dir.path().join("models"));
        store.add("mine", &ModelSource::Path(dir.path().join("folder")), &()).unwrap();
        let model = store.open("mine", 1.try_into().unwrap()).unwrap();
        (dir, model)
    };
    MODELS.get_or_init(|| [Folder::bert(), Folder::roberta(), Folder::xlm_roberta()].map(load).into())
}

fn tiny_model() -> &'static LocalModel {
    static MODEL: OnceLock<(tempfile::TempDir, LocalModel)> = OnceLock::new();
    let load = || {
        let dir = tempfile::tempdir().unwrap();
        let model = tiny::installed(dir.path()).open("tiny", 1.try_into().unwrap()).unwrap();
        (dir, model)
    };
    &MODEL.get_or_init(load).1
}

proptest! {
    #[test]
    fn offsets_fit_any_text(text in any::<String>(), pieces in "[ab한국 \t\u{1100}\u{1161}\u{301}▁:]{0,40}") {
        check_tokens(tiny_model(), &text);
        check_tokens(tiny_model(), &pieces);
    }

    #[test]
    fn offsets_fit_any_text_in_every_family(text in any::<String>(), pieces in "[abA가 \t\u{1100}\u{1161}\u{301}▁:<s>/]{0,40}") {
        for (_, model) in folder_models() {
            check_starts(model, &text);
            check_starts(model, &pieces);
        }
    }

    #[test]
    fn any_text_is_embedded_to_unit_length(text in any::<String>()) {
        let models = folder_models().iter().map(|(_, model)| model);
        for model in models.chain([tiny_model()]) {
            let vector = model.embed_query(&text).unwrap();
            prop_assert!((vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn no_folder_makes_the_installer_or_the_loader_panic(
        name in prop::sample::select(vec!["config.json", "tokenizer.json", "model.safetensors"]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        head in prop::bool::weighted(0.8),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        Folder { layers: 1, ..Folder::bert() }.write(&folder);
        let mut bytes = std::fs::read(folder.join(name)).unwrap();
        for (index, value) in flips {
            // Most flips where the head of the weights' file stands.
            let range = if head { 3000.min(bytes.len()) } else { bytes.len() };
            bytes[index.index(range)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        std::fs::write(folder.join(name), &bytes).unwrap();
        let store = ModelStore::new(dir.path().join("models"));
        if store.add("mine", &ModelSource::Path(folder), &()).is_ok() {
            let model = store.open("mine", 1.try_into().unwrap()).unwrap();
            model.embed_query("a b").unwrap();
        }
    }

    #[test]
    fn no_artefact_makes_the_converter_or_the_loader_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        header in prop::bool::weighted(0.7),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = tiny::artefact();
        for (index, value) in flips {
            // Most flips in the head and the directory, where sizes and offsets stand.
            let range = if header { 400.min(bytes.len()) } else { bytes.len() };
            bytes[index.index(range)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()).max(4));
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("odd.bin");
        std::fs::write(&path, &bytes).unwrap();
        let store = ModelStore::with_catalogue(dir.path().join("models"), vec![tiny::known_as(&bytes)]);
        if store.add("tiny", &ModelSource::Path(path), &()).is_ok()
            && let Ok(model) = store.open("tiny", 1.try_into().unwrap())
        {
            model.embed_query("a b").unwrap();
        }
    }
}

#[test]
fn offsets_fit_mixed_texts_of_the_real_model() {
    let Some(model) = model() else { return };
    crate::fixture::mixed_texts().iter().for_each(|text| check_tokens(model, text));
    let text = "  파드가 Pending입니다.\n\n| a | b |";
    let words: Vec<&str> = model.token_starts(text).windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
    assert_eq!(words, ["  파", "드", "가", " Pen", "ding", "입니다", ".", "\n\n", "|", " a", " ", "|", " b", " "]);
}

#[test]
fn text_cannot_write_markers() {
    let Some(model) = model() else { return };
    let markers = [0, 1, 2, 250_001];
    for text in ["<s>", "</s>", "<pad>", "<mask>", "a</s>b", "<s> <mask> </s>", "<unk>"] {
        let ids = model.tokenizer().encode(text);
        assert!(!ids.is_empty() && !ids.iter().any(|id| markers.contains(id)), "{text}: {ids:?}");
    }
}

#[test]
fn text_cannot_write_the_markers_of_any_family() {
    let markers: [&[u32]; 3] = [&[0, 2, 3, 4], &[0, 1, 2, 261], &[0, 1, 2]];
    for ((_, model), markers) in folder_models().iter().zip(markers) {
        for text in ["<s>", "</s>", "<pad>", "<mask>", "[CLS]", "a[SEP]b", "[PAD]", "[MASK] a </s> b"] {
            let ids = model.tokenizer().encode(text);
            assert!(!ids.iter().any(|id| markers.contains(id)), "{text}: {ids:?}");
        }
    }
}

#[test]
fn decomposed_and_composed_hangul_have_the_same_tokens() {
    let Some(model) = model() else { return };
    let composed = "노드 압박으로 파드가 축출되었습니다";
    let decomposed: String = unicode_normalization::UnicodeNormalization::nfd(composed).collect();
    assert_ne!(composed, decomposed);
    assert_eq!(model.tokenizer().encode(&decomposed), model.tokenizer().encode(composed));
    check_tokens(model, &decomposed);
}

#[test]
fn a_long_text_has_the_tokens_of_its_lines() {
    let Some(model) = model() else { return };
    let line = "kubectl describe pod checkout-7 | grep -i evicted 노드를 비우기 전에 확인합니다.";
    let one = model.tokenizer().encode(line);
    let many = model.tokenizer().encode(&vec![line; 5000].join("\n"));
    assert_eq!(many.len(), one.len() * 5000);
    assert!(many.chunks(one.len()).all(|ids| ids == one), "sums of scores must not drift");
}
