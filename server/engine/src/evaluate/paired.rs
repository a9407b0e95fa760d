//! A run laid beside its gold set, question by question; what reports and comparisons are both made of.
//!
//! Decides which answers are right. Scores nothing over several queries but latencies.

use std::collections::BTreeMap;

use serde::Serialize;

use super::abstention::Outcome;
use super::dataset::{GoldQuery, GoldSet, Question};
use super::metrics::{JudgedRanking, percentile};
use super::run::{Run, RunQuery};

/// How many documents a reader is taken to look at, when an answer is judged by its documents.
pub(super) const SHOWN: usize = 5;

/// Latencies in milliseconds over the answerable queries; nearest-rank percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the definitions")]
pub struct Latency {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

/// The run lacks questions of the gold set: it was made with another set, or with a part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the run ({run_set}, {mode}) has no result for {missing} of the {asked} questions of {set}, `{first}` first: make the run again with this set"
)]
pub struct IncompleteRun {
    /// The set that the run was made with.
    pub run_set: String,
    /// The mode of the run.
    pub mode: String,
    /// The set that it should be scored with.
    pub set: String,
    /// How many questions there are.
    pub asked: usize,
    /// How many of them the run lacks.
    pub missing: usize,
    /// The id of the first one.
    pub first: String,
}

/// A run laid beside its gold set: the run's entry for each question, both in the order of the set.
#[derive(Debug)]
pub(super) struct Paired<'a> {
    pub(super) queries: Vec<(&'a GoldQuery, &'a RunQuery)>,
    unanswerable: Vec<(&'a Question, &'a RunQuery)>,
}

impl<'a> Paired<'a> {
    pub(super) fn new(run: &'a Run, gold: &'a GoldSet) -> Result<Self, IncompleteRun> {
        let by_id = run.by_id();
        let questions = gold.queries.iter().map(|query| &query.question).chain(&gold.unanswerable);
        let missing: Vec<&Question> = questions.filter(|question| !by_id.contains_key(question.id.as_str())).collect();
        if let Some(first) = missing.first() {
            return Err(IncompleteRun {
                run_set: run.set.clone(),
                mode: run.description.mode.clone(),
                set: gold.name.clone(),
                asked: gold.queries.len() + gold.unanswerable.len(),
                missing: missing.len(),
                first: first.id.clone(),
            });
        }
        let entry = |question: &Question| by_id[question.id.as_str()];
        Ok(Self {
            queries: gold.queries.iter().map(|query| (query, entry(&query.question))).collect(),
            unanswerable: gold.unanswerable.iter().map(|question| (question, entry(question))).collect(),
        })
    }

    /// The judged rankings, in the order of the set.
    pub(super) fn rankings(&self) -> Vec<JudgedRanking> {
        self.queries.iter().map(|(query, result)| judge(query, result)).collect()
    }

    /// The latencies of the answerable queries.
    pub(super) fn latency(&self) -> Latency {
        let mut sorted: Vec<f64> = self.queries.iter().map(|(_, result)| result.latency_ms).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |percent| percentile(&sorted, percent).unwrap_or(0.0);
        Latency { p50: at(50.0), p90: at(90.0), p99: at(99.0), max: at(100.0) }
    }

    /// What the gate did with every question.
    pub(super) fn outcomes(&self) -> Vec<Outcome> {
        let outcome = |result: &RunQuery, answerable, correct| Outcome {
            confidence: result.confidence.map(f64::from),
            answered: result.answered,
            answerable,
            correct,
        };
        let answerable = self.queries.iter().map(|(query, result)| outcome(result, true, correct(query, result)));
        let unanswerable = self.unanswerable.iter().map(|(_, result)| outcome(result, false, false));
        answerable.chain(unanswerable).collect()
    }

    /// Whether the answer says what is expected, for each query that has both an expectation and an answer.
    pub(super) fn answer_checks(&self) -> Vec<bool> {
        self.queries.iter().filter_map(|(query, result)| says_what_is_expected(query, result)).collect()
    }

    /// The run by the language of its questions; empty when the set gives no language at all.
    pub(super) fn by_language(&self) -> BTreeMap<String, Self> {
        let language = |question: &Question| question.language.clone().unwrap_or_else(|| UNDETERMINED.to_owned());
        let mut parts: BTreeMap<String, Self> = BTreeMap::new();
        for pair in &self.queries {
            let part = parts.entry(language(&pair.0.question)).or_insert_with(Self::empty);
            part.queries.push(*pair);
        }
        for pair in &self.unanswerable {
            // A language that has unanswerable questions only has no retrieval figures to stand beside.
            if let Some(part) = parts.get_mut(&language(pair.0)) {
                part.unanswerable.push(*pair);
            }
        }
        if parts.keys().all(|language| language == UNDETERMINED) {
            parts.clear();
        }
        parts
    }

    fn empty() -> Self {
        Self { queries: Vec::new(), unanswerable: Vec::new() }
    }
}

/// The tag of BCP 47 for an undetermined language.
const UNDETERMINED: &str = "und";

fn judge(query: &GoldQuery, result: &RunQuery) -> JudgedRanking {
    JudgedRanking::new(result.documents.iter().map(|(document, _)| document.as_str()), &query.judgements)
}

/// Whether the answer to an answerable question is right: by its words where the set expects some and the run has
/// words, else by its documents, when a relevant one is among the first [`SHOWN`].
fn correct(query: &GoldQuery, result: &RunQuery) -> bool {
    says_what_is_expected(query, result).unwrap_or_else(|| judge(query, result).success_at(SHOWN) > 0.0)
}

fn says_what_is_expected(query: &GoldQuery, result: &RunQuery) -> Option<bool> {
    let (expected, answer) = (query.answer.as_ref()?, plain(result.answer.as_ref()?));
    Some(expected.must_contain.iter().all(|part| answer.contains(&plain(part))))
}

/// Lower case, white space as single blanks, and without Markdown's marks for code and emphasis: neither a line break
/// inside a phrase nor a pair of backticks hides it.
fn plain(text: &str) -> String {
    let text = text.replace(['`', '*'], "");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}
