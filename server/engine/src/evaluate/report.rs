//! The figures of one run over one gold set: the JSON of `eval --json`, and the same as a table.
//!
//! Scores come from [`super::metrics`], their intervals from [`super::bootstrap`]; this file only puts them together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::abstention::{AbstentionReport, Share};
use super::bootstrap::{Bootstrap, Interval};
use super::dataset::GoldSet;
use super::metrics::{JudgedRanking, mean};
use super::paired::{IncompleteRun, Latency, Paired, SHOWN};
use super::run::Run;
use super::table::{align, one_line};

/// A metric of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the definitions; see `JudgedRanking`")]
pub enum Metric {
    #[serde(rename = "recall_at_1")]
    RecallAt1,
    #[serde(rename = "recall_at_5")]
    RecallAt5,
    #[serde(rename = "recall_at_10")]
    RecallAt10,
    #[serde(rename = "recall_at_20")]
    RecallAt20,
    #[serde(rename = "success_at_5")]
    SuccessAt5,
    #[serde(rename = "ndcg_at_10")]
    NdcgAt10,
    #[serde(rename = "mrr_at_10")]
    MrrAt10,
}

impl Metric {
    /// Every metric, in the order of tables.
    pub const ALL: [Self; 7] = [
        Self::RecallAt1,
        Self::RecallAt5,
        Self::RecallAt10,
        Self::RecallAt20,
        Self::SuccessAt5,
        Self::NdcgAt10,
        Self::MrrAt10,
    ];

    /// The value for one ranking, 0..=1.
    pub fn of(self, ranking: &JudgedRanking) -> f64 {
        match self {
            Self::RecallAt1 => ranking.recall_at(1),
            Self::RecallAt5 => ranking.recall_at(5),
            Self::RecallAt10 => ranking.recall_at(10),
            Self::RecallAt20 => ranking.recall_at(20),
            Self::SuccessAt5 => ranking.success_at(SHOWN),
            Self::NdcgAt10 => ranking.ndcg_at(10),
            Self::MrrAt10 => ranking.reciprocal_rank_at(10),
        }
    }

    /// The name in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::RecallAt1 => "Recall@1",
            Self::RecallAt5 => "Recall@5",
            Self::RecallAt10 => "Recall@10",
            Self::RecallAt20 => "Recall@20",
            Self::SuccessAt5 => "Success@5",
            Self::NdcgAt10 => "nDCG@10",
            Self::MrrAt10 => "MRR@10",
        }
    }
}

/// How a report is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReportSettings {
    /// How intervals are drawn.
    pub bootstrap: Bootstrap,
    /// The precision that the suggested cut of the gate should keep, 0..=1.
    pub target_precision: f64,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self { bootstrap: Bootstrap::default(), target_precision: 0.9 }
    }
}

/// How many answers in words say what `answers.jsonl` expects.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AnswersReport {
    /// Queries with an expectation for which the run has an answer.
    pub checked: usize,
    /// Those whose answer holds every expected text / checked. Letter case, white space and Markdown's marks
    /// for code and emphasis do not count.
    pub contained: f64,
}

/// The figures of the queries of one language.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "as in `Report`")]
pub struct LanguageReport {
    pub queries: usize,
    pub recall_at_5: f64,
    pub ndcg_at_10: f64,
    pub mrr_at_10: f64,
    pub intervals: BTreeMap<Metric, Interval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstention: Option<AbstentionReport>,
}

/// The figures of a run. Means over queries that have a relevant document; the first five fields are a contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Queries with a relevant document; every mean and percentile is over these.
    pub queries: usize,
    /// Mean share of the relevant documents among the first 5.
    pub recall_at_5: f64,
    /// Mean nDCG@10.
    pub ndcg_at_10: f64,
    /// Mean reciprocal rank of the first relevant document among the first 10.
    pub mrr_at_10: f64,
    /// Latencies, in milliseconds.
    pub latency_ms: Latency,
    /// As `recall_at_5`, of the first document.
    pub recall_at_1: f64,
    /// As `recall_at_5`, of the first 10.
    pub recall_at_10: f64,
    /// As `recall_at_5`, of the first 20.
    pub recall_at_20: f64,
    /// Share of queries with a relevant document among the first 5.
    pub success_at_5: f64,
    /// The 95 % bootstrap interval of every metric, by its name.
    pub intervals: BTreeMap<Metric, Interval>,
    /// How the intervals were drawn.
    pub bootstrap: Bootstrap,
    /// Present when the set has unanswerable questions and the run has decisions or confidences for all questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstention: Option<AbstentionReport>,
    /// Present when the set has expected answers and the run has answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswersReport>,
    /// Figures by language tag, `und` for none; left out when the set gives no language at all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_language: BTreeMap<String, LanguageReport>,
    /// Queries that the set judges no relevant document for; they were not asked.
    pub queries_unjudged: usize,
    /// The name of the gold set.
    pub set: String,
    /// The retrieval mode.
    pub mode: String,
    /// The index.
    pub index: String,
    /// The revision of the index.
    pub revision: String,
}

/// The means of all metrics over `rankings`, and their intervals.
struct Scores {
    means: BTreeMap<Metric, f64>,
    intervals: BTreeMap<Metric, Interval>,
}

impl Scores {
    fn of(rankings: &[JudgedRanking], metrics: &[Metric], bootstrap: &Bootstrap) -> Self {
        let mut scores = Self { means: BTreeMap::new(), intervals: BTreeMap::new() };
        for &metric in metrics {
            let values: Vec<f64> = rankings.iter().map(|ranking| metric.of(ranking)).collect();
            scores.means.insert(metric, mean(&values));
            scores.intervals.insert(metric, bootstrap.mean_interval(&values));
        }
        scores
    }

    fn mean(&self, metric: Metric) -> f64 {
        self.means.get(&metric).copied().unwrap_or(0.0)
    }
}

impl Report {
    /// Scores `run` with `gold`, which may be a part of the set that the run was made with.
    ///
    /// # Errors
    /// [`IncompleteRun`] when the run lacks a question of `gold`.
    pub fn of(run: &Run, gold: &GoldSet, settings: &ReportSettings) -> Result<Self, IncompleteRun> {
        let paired = Paired::new(run, gold)?;
        let scores = Scores::of(&paired.rankings(), &Metric::ALL, &settings.bootstrap);
        let languages = paired.by_language();
        Ok(Self {
            queries: paired.queries.len(),
            recall_at_5: scores.mean(Metric::RecallAt5),
            ndcg_at_10: scores.mean(Metric::NdcgAt10),
            mrr_at_10: scores.mean(Metric::MrrAt10),
            latency_ms: paired.latency(),
            recall_at_1: scores.mean(Metric::RecallAt1),
            recall_at_10: scores.mean(Metric::RecallAt10),
            recall_at_20: scores.mean(Metric::RecallAt20),
            success_at_5: scores.mean(Metric::SuccessAt5),
            intervals: scores.intervals,
            bootstrap: settings.bootstrap,
            abstention: abstention(&paired, settings),
            answers: answers(&paired),
            by_language: languages.into_iter().map(|(tag, part)| (tag, LanguageReport::of(&part, settings))).collect(),
            queries_unjudged: gold.unjudged,
            set: gold.name.clone(),
            mode: run.description.mode.clone(),
            index: run.description.index.clone(),
            revision: run.description.revision.clone(),
        })
    }

    /// The report as plain text for a terminal, several lines, ending in a line feed.
    pub fn table(&self) -> String {
        let mut text = format!("set {}, {} queries", one_line(&self.set, 60), self.queries);
        if self.queries_unjudged > 0 {
            text.push_str(&format!(" ({} more without a relevant document left out)", self.queries_unjudged));
        }
        let (index, revision) = (one_line(&self.index, 60), one_line(&self.revision, 60));
        text.push_str(&format!("\nindex {index}, revision {revision}, mode {}\n\n", one_line(&self.mode, 20)));
        text.push_str(&align(&self.metric_rows()));
        let Latency { p50, p90, p99, max } = self.latency_ms;
        text.push_str(&format!(
            "\nlatency ms (finding passages)  p50 {p50:.2}  p90 {p90:.2}  p99 {p99:.2}  max {max:.2}\n"
        ));
        if let Some(answers) = &self.answers {
            let AnswersReport { checked, contained } = answers;
            text.push_str(&format!("answers that say what is expected  {contained:.3} of {checked}\n"));
        }
        if let Some(abstention) = &self.abstention {
            text.push_str(&format!("\n{}", align(&abstention_rows(abstention))));
        }
        if !self.by_language.is_empty() {
            text.push_str(&format!("\n{}", align(&self.language_rows())));
        }
        text
    }

    fn metric_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![cells(["metric", "mean", "95 % interval"])];
        for (metric, interval) in &self.intervals {
            rows.push(vec![metric.label().to_owned(), format!("{:.3}", self.mean(*metric)), range(interval)]);
        }
        rows
    }

    fn language_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![cells(["language", "queries", "Recall@5", "nDCG@10", "MRR@10"])];
        for (language, part) in &self.by_language {
            let means = [part.recall_at_5, part.ndcg_at_10, part.mrr_at_10].map(|value| format!("{value:.3}"));
            let mut row = vec![one_line(language, 20), part.queries.to_string()];
            row.extend(means);
            rows.push(row);
        }
        rows
    }

    fn mean(&self, metric: Metric) -> f64 {
        match metric {
            Metric::RecallAt1 => self.recall_at_1,
            Metric::RecallAt5 => self.recall_at_5,
            Metric::RecallAt10 => self.recall_at_10,
            Metric::RecallAt20 => self.recall_at_20,
            Metric::SuccessAt5 => self.success_at_5,
            Metric::NdcgAt10 => self.ndcg_at_10,
            Metric::MrrAt10 => self.mrr_at_10,
        }
    }
}

impl LanguageReport {
    fn of(part: &Paired<'_>, settings: &ReportSettings) -> Self {
        let metrics = [Metric::RecallAt5, Metric::NdcgAt10, Metric::MrrAt10];
        let scores = Scores::of(&part.rankings(), &metrics, &settings.bootstrap);
        Self {
            queries: part.queries.len(),
            recall_at_5: scores.mean(Metric::RecallAt5),
            ndcg_at_10: scores.mean(Metric::NdcgAt10),
            mrr_at_10: scores.mean(Metric::MrrAt10),
            intervals: scores.intervals,
            abstention: abstention(part, settings),
        }
    }
}

fn abstention(paired: &Paired<'_>, settings: &ReportSettings) -> Option<AbstentionReport> {
    let outcomes = paired.outcomes();
    let report = AbstentionReport::of(&outcomes, settings.target_precision, &settings.bootstrap);
    (report.decisions.is_some() || report.aurc.is_some()).then_some(report)
}

fn answers(paired: &Paired<'_>) -> Option<AnswersReport> {
    let checks: Vec<f64> = paired.answer_checks().into_iter().map(|said| if said { 1.0 } else { 0.0 }).collect();
    (!checks.is_empty()).then(|| AnswersReport { checked: checks.len(), contained: mean(&checks) })
}

fn abstention_rows(report: &AbstentionReport) -> Vec<Vec<String>> {
    let questions = format!("abstention ({} answerable, {} not)", report.answerable, report.unanswerable);
    let mut rows = vec![vec![questions, "share".to_owned(), "95 % interval".to_owned()]];
    let mut push = |label: &str, share: &Option<Share>| match share {
        Some(Share { value, interval }) => rows.push(vec![label.to_owned(), format!("{value:.3}"), range(interval)]),
        None => rows.push(cells([label, "none", ""])),
    };
    if let Some(decisions) = &report.decisions {
        push("right of the answered", &decisions.precision);
        push("answered of the answerable", &decisions.coverage);
        push("escalated of the unanswerable", &decisions.unanswerable_escalated);
        push("answerable of the escalated", &decisions.false_escalations);
    }
    if let Some(area) = report.aurc {
        rows.push(cells(["area under risk-coverage", &format!("{area:.3}"), ""]));
    }
    if let Some(cut) = &report.cut {
        let label = format!("cut for precision {}", cut.target_precision);
        rows.push(vec![label, format!("{:.3}", cut.threshold), format!("covers {:.3}", cut.coverage)]);
    }
    rows
}

pub(super) fn range(interval: &Interval) -> String {
    format!("{:.3} .. {:.3}", interval.low, interval.high)
}

pub(super) fn cells<const N: usize>(row: [&str; N]) -> Vec<String> {
    row.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests;
