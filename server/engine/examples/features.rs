//! What the confidence of each question is made of: the data that its coefficients are fitted on (ADR 0008).
//!
//! `features DATA INDEX SET MODELS`: asks the active revision of `DATA/indexes/INDEX` every question of the gold set in
//! `SET` and prints a line of JSON for each: id, split, whether it is answerable, and what was seen of it.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ragops_embed::ModelStore;
use ragops_engine::answer::confidence::Confidence;
use ragops_engine::answer::{Question, Searcher};
use ragops_engine::evaluate::{GoldSet, Question as GoldQuestion};
use ragops_engine::retrieve::Mode;
use ragops_engine::revision::RevisionStore;
use ragops_engine::settings::QuerySettings;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [data, index, set, models] = arguments.as_slice() else { bail!("usage: features DATA INDEX SET MODELS") };
    let index = index.to_str().context("the index's name is no text")?;
    let revision = RevisionStore::of_index(Path::new(data), index).open_serving(&mut |_, _| ())?;
    let revision = revision.context("the index has no revision")?;
    let threads = NonZeroUsize::new(2).context("two threads")?;
    let model = ModelStore::new(models).open(&revision.manifest.model.name, threads)?;
    let searcher = Searcher::new(Arc::new(revision), Arc::new(model))?;
    let gold = GoldSet::load(set)?;
    for query in &gold.queries {
        show(&searcher, &query.question, true)?;
    }
    gold.unanswerable.iter().try_for_each(|question| show(&searcher, question, false))
}

fn show(searcher: &Searcher, question: &GoldQuestion, answerable: bool) -> Result<()> {
    let settings = QuerySettings::default().retrieval;
    let found = searcher.retrieve(Question { text: &question.text, mode: Mode::Auto }, &settings)?;
    let Confidence { value, seen, .. } = searcher.confidence(&question.text, &found)?;
    let line = serde_json::json!({
        "id": question.id, "split": question.split, "answerable": answerable, "value": value,
        "deviations": seen.deviations, "coverage": seen.coverage, "best_coverage": seen.best_coverage, "same_language": seen.same_language,
        "known_words": seen.known_words, "few_words": seen.few_words, "mentioned_only": seen.mentioned_only, "key_words": format!("{:?}", seen.key_words), "names": format!("{:?}", seen.names),
    });
    println!("{line}");
    Ok(())
}
