//! The estimate of tokens, held against the tokenizer of a model that is at hand.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use ragops_embed::{EmbeddingModel, ModelStore};
use ragops_llm::embedder::token_starts;

use crate::skip::{Unavailable, skip, this_test};

const MODEL: &str = "multilingual-e5-small";

fn models_dir() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = of("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let cache = cache.or_else(|| Some(of("HOME")?.join(".cache")));
    let dir = of("RAGOPS_MODELS_DIR").or_else(|| Some(cache?.join("ragops/models")));
    dir.filter(|dir| dir.join(MODEL).is_dir())
}

/// Chunks must fit the model, and chunks half as long as they might be would be found worse.
#[test]
fn pages_of_both_languages_are_estimated_at_a_little_more_tokens_than_they_have() {
    let Some(dir) = models_dir() else {
        let reason = format!("the model {MODEL} is not installed; run `make model`");
        return skip(&this_test(), &Unavailable::Missing(reason));
    };
    let model = ModelStore::new(dir).open(MODEL, NonZeroUsize::MIN).unwrap();
    for language in ["en", "ko"] {
        let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/samples/docs").join(language);
        let (mut estimated, mut counted) = (0, 0);
        for page in std::fs::read_dir(pages).unwrap().map(|entry| entry.unwrap().path()) {
            let text = std::fs::read_to_string(page).unwrap();
            estimated += token_starts(&text).len();
            counted += model.count_tokens(&text);
        }
        let ratio = estimated as f64 / counted as f64;
        println!("{language}: {estimated} estimated, {counted} counted, {ratio:.3}");
        assert!((1.0..1.6).contains(&ratio), "{language}: {ratio}");
    }
}
