//! The sentences of the shared sets, which several measurements embed: each text once, the same ones each time.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ragops_engine::text::sentences::sentences;
use serde_json::Value;

/// The sets whose corpora and questions are taken.
pub(crate) const SETS: [&str; 5] = ["runbooks", "k8s_docs", "clapnq_dev", "scifact", "2wiki_multihop"];
/// Shorter pieces are headings and remains of lists: thousands of them are alike.
const LEAST_CHARACTERS: usize = 40;

/// `count` sentences spread over all sets, or as many as there are.
pub(crate) fn some_sentences(shared: &Path, count: usize) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    let mut texts = Vec::new();
    for set in SETS {
        for record in records(&shared.join("data").join(set).join("corpus.jsonl"))? {
            let text = record["text"].as_str().unwrap_or_default();
            for range in sentences(text) {
                let sentence = text[range].trim();
                if sentence.chars().count() >= LEAST_CHARACTERS && seen.insert(sentence.to_owned()) {
                    texts.push(sentence.to_owned());
                }
            }
        }
    }
    let step = (texts.len() / count).max(1);
    Ok(texts.into_iter().step_by(step).take(count).collect())
}

/// The lines of a JSON Lines file.
pub(crate) fn records(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}
