//! Prints what the confidence of each question of a set is made of, one JSON line each, for fitting its coefficients.
//! `features DATA INDEX SET SPLIT MODELS [FILE]`, FILE with more questions without an answer; see docs/adr/0008-confidence.md.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use ragops_embed::ModelStore;
use ragops_engine::answer::{Question, Searcher};
use ragops_engine::evaluate::{GoldSet, Selection};
use ragops_engine::retrieve::Mode;
use ragops_engine::revision::RevisionStore;
use ragops_engine::settings::RetrievalSettings;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, index, set, split, models, ..] = arguments.as_slice() else {
        anyhow::bail!("five arguments are needed")
    };
    let revision = RevisionStore::of_index(Path::new(data), index).open_serving(&mut |_, _| ())?.context("no index")?;
    let model = ModelStore::new(models).open("multilingual-e5-small", NonZeroUsize::MIN)?;
    let searcher = Searcher::new(Arc::new(revision), Arc::new(model))?;
    let gold =
        GoldSet::load(Path::new(set))?.select(&Selection { split: Some(split.clone()), ..Selection::default() })?;
    for query in &gold.queries {
        let relevant: Vec<&str> = query.judgements.relevant().collect();
        print(&searcher, &query.question.text, &relevant)?;
    }
    for question in &gold.unanswerable {
        print(&searcher, &question.text, &[])?;
    }
    if let Some(extra) = std::env::args().nth(6) {
        for line in std::fs::read_to_string(extra)?.lines() {
            print(&searcher, line, &[])?;
        }
    }
    for line in include_str!("../src/answer/off_topic.txt").lines().filter(|line| !line.starts_with('#')) {
        print(&searcher, line, &[])?;
    }
    Ok(())
}

fn print(searcher: &Searcher, text: &str, relevant: &[&str]) -> Result<()> {
    let found = searcher.retrieve(Question { text, mode: Mode::Auto }, &RetrievalSettings::default())?;
    let confidence = searcher.confidence(text, &found)?;
    let mut right = false;
    for (number, _) in found.documents().into_iter().take(5) {
        let id = searcher.revision().passages.document(number)?.id;
        right |= relevant.contains(&id.as_str());
    }
    let margin = found.candidates.first().zip(found.candidates.get(9)).map(|(a, b)| a.fused - b.fused);
    let line = serde_json::json!({
        "question": text, "answerable": !relevant.is_empty(), "right": right,
        "deviations": confidence.deviations, "coverage": confidence.coverage,
        "same_language": confidence.same_language, "known": confidence.known_words, "name": confidence.unknown_name, "value": confidence.value, "margin": margin,
    });
    println!("{line}");
    Ok(())
}
