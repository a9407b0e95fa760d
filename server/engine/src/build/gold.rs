//! Asks the new index the questions of a gold set, once, before it is sealed: how good retrieval is, and what the answers
//! are worth that confidence lets through (`answer::calibration`).

use std::collections::{BTreeMap, HashSet};

use ragops_embed::{EmbedError, EmbeddingModel};
use rayon::prelude::*;

use super::calibrate::retrieve_all;
use super::{BuildError, BuildObserver};
use crate::answer::calibration::{Calibration, Label, TooFewLabels};
use crate::answer::confidence::confidence;
use crate::document::{Finding, FindingCode};
use crate::evaluate::metrics::JudgedRanking;
use crate::evaluate::{Bootstrap, Evaluation, GoldQuery, GoldSet, Metric, Score};
use crate::index::IndexError;
use crate::retrieve::{Channels, Retrieved};
use crate::revision::Revision;
use crate::settings::RetrievalSettings;
use crate::text::{Analyzer, question_form};

/// Figures that are kept, all of hybrid search.
const METRICS: [Metric; 3] = [Metric::RecallAt5, Metric::NdcgAt10, Metric::MrrAt10];

/// Questions that are embedded in one call.
const QUESTIONS_AT_ONCE: usize = 64;

/// Documents that a finding names.
const NAMED: usize = 3;

/// Asks all questions and puts what they say into the manifest. Needs the background; the distribution of off-topic
/// confidences is measured after it. Gives back what is wrong with the set, seen from this index.
pub(super) fn ask(
    revision: &mut Revision,
    gold: &GoldSet,
    model: &dyn EmbeddingModel,
    observer: &dyn BuildObserver,
) -> Result<Option<Finding>, BuildError> {
    let names = document_names(revision)?;
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let finding = missing(gold, &known);
    let is_held = |query: &GoldQuery| query.judgements.relevant().any(|document| known.contains(document));
    let held: Vec<bool> = gold.queries.iter().map(is_held).collect();
    let questions: Vec<String> = gold
        .queries
        .iter()
        .map(|query| &query.question)
        .chain(&gold.unanswerable)
        .map(|question| question_form(&question.text).into_owned())
        .collect();
    let texts: Vec<&str> = questions.iter().map(String::as_str).collect();
    let vectors = embed(&texts, model)?;
    let asked: Vec<(&str, &[f32])> = texts.iter().copied().zip(vectors.iter().map(Vec::as_slice)).collect();
    let mut evaluation = Evaluation {
        gold_set: gold.name.clone(),
        digest: gold.digest(),
        queries: gold.queries.len() as u32,
        unanswerable: gold.unanswerable.len() as u32,
        left_out: held.iter().filter(|held| !**held).count() as u32,
        scores: BTreeMap::new(),
        not_calibrated: None,
    };
    for channels in [Channels::Text, Channels::Vector, Channels::Hybrid] {
        let found = retrieve_all(revision, &asked, channels, observer)?;
        if channels == Channels::Hybrid {
            evaluation.scores = scores(&gold.queries, &found, &names);
        }
        match Calibration::fit(&labels(revision, (gold, &held), &asked, &found, &names, observer)?) {
            Ok(calibration) => {
                revision.manifest.background.calibration.insert(channels, calibration);
            }
            Err(error @ TooFewLabels { .. }) => evaluation.not_calibrated = Some(error.to_string()),
        }
    }
    revision.manifest.evaluation = Some(evaluation);
    Ok(finding)
}

/// The ids of all documents, by number.
fn document_names(revision: &Revision) -> Result<Vec<String>, IndexError> {
    let numbers = 0..revision.passages.document_count() as u32;
    numbers.map(|number| Ok(revision.passages.document(number)?.id.as_str().to_owned())).collect()
}

/// The questions' vectors, some at a time, so that a build can be cancelled between.
fn embed(texts: &[&str], model: &dyn EmbeddingModel) -> Result<Vec<Vec<f32>>, EmbedError> {
    let mut vectors = Vec::with_capacity(texts.len());
    for some in texts.chunks(QUESTIONS_AT_ONCE) {
        vectors.extend(model.embed_queries(some)?.rows().map(<[f32]>::to_vec));
    }
    Ok(vectors)
}

/// A question is right where a passage of a relevant document is among those that its answer draws on. Those of which the
/// index holds no such document (not `held`) tell nothing of confidence and have no label.
fn labels(
    revision: &Revision,
    (gold, held): (&GoldSet, &[bool]),
    asked: &[(&str, &[f32])],
    found: &[Retrieved],
    names: &[String],
    observer: &dyn BuildObserver,
) -> Result<Vec<Label>, BuildError> {
    let drawn_on = RetrievalSettings::default().top_k;
    let is_relevant = |query: &GoldQuery, document: u32| {
        names.get(document as usize).is_some_and(|name| query.judgements.gain(name) > 0.0)
    };
    let one = |at: usize| {
        if observer.is_cancelled() {
            return Err(BuildError::Cancelled);
        }
        let weighing = confidence(revision, &Analyzer, asked[at].0, &found[at])?.weighing;
        let query = gold.queries.get(at);
        let mut drawn = found[at].candidates.iter().take(drawn_on);
        let is_right = query.is_some_and(|query| drawn.any(|hit| is_relevant(query, hit.document)));
        Ok(Label { weighing, is_right, is_answerable: query.is_some() })
    };
    let is_told = |at: &usize| held.get(*at).copied().unwrap_or(true);
    (0..asked.len()).into_par_iter().filter(is_told).map(one).collect()
}

fn scores(queries: &[GoldQuery], found: &[Retrieved], names: &[String]) -> BTreeMap<Metric, Score> {
    let ranking = |(query, found): (&GoldQuery, &Retrieved)| {
        let documents = found.documents();
        let ranked = documents.iter().filter_map(|(document, _)| names.get(*document as usize)).map(String::as_str);
        JudgedRanking::new(ranked, &query.judgements)
    };
    let rankings: Vec<JudgedRanking> = queries.iter().zip(found).map(ranking).collect();
    if rankings.is_empty() {
        return BTreeMap::new();
    }
    let score = |metric: Metric| {
        let values: Vec<f64> = rankings.iter().map(|ranking| metric.of(ranking)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (metric, Score { mean, interval: Bootstrap::default().mean_interval(&values) })
    };
    METRICS.into_iter().map(score).collect()
}

/// Documents that answer questions of the set and are not in the index.
fn missing(gold: &GoldSet, known: &HashSet<&str>) -> Option<Finding> {
    let relevant = gold.relevant_documents();
    let missing: Vec<&str> = relevant.iter().copied().filter(|id| !known.contains(id)).collect();
    if missing.is_empty() {
        return None;
    }
    let named: Vec<String> = missing.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
    let more = if missing.len() > NAMED { ", …" } else { "" };
    let detail = format!(
        "{} of the {} documents that its qrels.tsv names are not in the index: {}{more}",
        missing.len(),
        relevant.len(),
        named.join(", ")
    );
    let advice = "name documents by their id: the path below the source folder, or the `id` of a .jsonl line";
    Some(Finding::new(FindingCode::UnknownGoldDocument, gold.name.clone(), detail, advice))
}
