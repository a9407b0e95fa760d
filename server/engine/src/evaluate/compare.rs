//! Two runs side by side over one gold set: is B better than A, by how much, and on which queries?
//!
//! Differences are B − A, query by query, so that what makes a query hard cancels out.

use serde::Serialize;

use super::bootstrap::{Bootstrap, PairedDifference};
use super::dataset::GoldSet;
use super::metrics::mean;
use super::paired::{IncompleteRun, Latency, Paired};
use super::report::{Metric, cells, range};
use super::run::{Run, RunDescription};
use super::table::{align, one_line};

/// How many of the queries that changed most a comparison lists.
pub const MOST_CHANGED: usize = 20;

/// Scores that differ by less are equal; far below what one rank can change.
const TIE: f64 = 1e-9;

/// One metric of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricComparison {
    /// Which one.
    pub metric: Metric,
    /// The mean of run A.
    pub a: f64,
    /// The mean of run B.
    pub b: f64,
    /// B − A, its interval and its p-value.
    #[serde(flatten)]
    pub paired: PairedDifference,
    /// Queries that are better in B.
    pub wins: usize,
    /// Queries that are worse in B.
    pub losses: usize,
    /// Queries that are alike.
    pub ties: usize,
}

/// A query and its nDCG@10 in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangedQuery {
    /// The id.
    pub id: String,
    /// The question.
    pub text: String,
    /// nDCG@10 in run A.
    pub a: f64,
    /// nDCG@10 in run B.
    pub b: f64,
}

/// Two runs compared over the queries of a gold set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The name of the gold set.
    pub set: String,
    /// Over how many queries.
    pub queries: usize,
    /// What run A was made with.
    pub a: RunDescription,
    /// What run B was made with.
    pub b: RunDescription,
    /// Recall@5, nDCG@10 and MRR@10.
    pub metrics: Vec<MetricComparison>,
    /// Latencies of run A, in milliseconds.
    pub latency_ms_a: Latency,
    /// Latencies of run B, in milliseconds.
    pub latency_ms_b: Latency,
    /// At most [`MOST_CHANGED`] queries by the size of the change of nDCG@10, largest first, then in the set's order.
    pub most_changed: Vec<ChangedQuery>,
    /// How intervals and p-values were drawn.
    pub bootstrap: Bootstrap,
}

/// Compares run `b` with run `a` over `gold`, which may be a part of the set that the runs were made with.
///
/// # Errors
/// [`IncompleteRun`] when one of the runs lacks a question of `gold`.
pub fn compare(a: &Run, b: &Run, gold: &GoldSet, bootstrap: &Bootstrap) -> Result<Comparison, IncompleteRun> {
    let (paired_a, paired_b) = (Paired::new(a, gold)?, Paired::new(b, gold)?);
    let (rankings_a, rankings_b) = (paired_a.rankings(), paired_b.rankings());
    let of = |metric: Metric| {
        let values = rankings_a.iter().zip(&rankings_b).map(|(a, b)| (metric.of(a), metric.of(b)));
        values.collect::<Vec<(f64, f64)>>()
    };
    let metrics = [Metric::RecallAt5, Metric::NdcgAt10, Metric::MrrAt10];
    Ok(Comparison {
        set: gold.name.clone(),
        queries: gold.queries.len(),
        a: a.description.clone(),
        b: b.description.clone(),
        metrics: metrics.map(|metric| MetricComparison::of(metric, &of(metric), bootstrap)).to_vec(),
        latency_ms_a: paired_a.latency(),
        latency_ms_b: paired_b.latency(),
        most_changed: most_changed(gold, &of(Metric::NdcgAt10)),
        bootstrap: *bootstrap,
    })
}

impl MetricComparison {
    fn of(metric: Metric, values: &[(f64, f64)], bootstrap: &Bootstrap) -> Self {
        let (a, b): (Vec<f64>, Vec<f64>) = values.iter().copied().unzip();
        let differences: Vec<f64> = values.iter().map(|(a, b)| b - a).collect();
        let wins = differences.iter().filter(|&&difference| difference > TIE).count();
        let losses = differences.iter().filter(|&&difference| difference < -TIE).count();
        let ties = differences.len() - wins - losses;
        Self { metric, a: mean(&a), b: mean(&b), paired: bootstrap.paired(&differences), wins, losses, ties }
    }
}

fn most_changed(gold: &GoldSet, values: &[(f64, f64)]) -> Vec<ChangedQuery> {
    let mut changed: Vec<ChangedQuery> = gold
        .queries
        .iter()
        .zip(values)
        .filter(|(_, (a, b))| (b - a).abs() > TIE)
        .map(|(query, &(a, b))| ChangedQuery { id: query.question.id.clone(), text: query.question.text.clone(), a, b })
        .collect();
    changed.sort_by(|x, y| (y.b - y.a).abs().total_cmp(&(x.b - x.a).abs()));
    changed.truncate(MOST_CHANGED);
    changed
}

impl Comparison {
    /// The comparison as plain text for a terminal, several lines, ending in a line feed.
    pub fn table(&self) -> String {
        let mut text = format!("set {}, {} queries\n", one_line(&self.set, 60), self.queries);
        for (name, run, latency) in [("A", &self.a, &self.latency_ms_a), ("B", &self.b, &self.latency_ms_b)] {
            let described = format!("index {}, revision {}, mode {}", run.index, run.revision, run.mode);
            let Latency { p50, p99, .. } = latency;
            text.push_str(&format!("{name}: {}, p50 {p50:.2} ms, p99 {p99:.2} ms\n", one_line(&described, 150)));
        }
        text.push_str(&format!("\n{}", align(&self.metric_rows())));
        if !self.most_changed.is_empty() {
            text.push_str("\nqueries whose nDCG@10 changed most\n");
        }
        for ChangedQuery { id, text: question, a, b } in &self.most_changed {
            let (id, question) = (one_line(id, 40), one_line(question, 80));
            text.push_str(&format!("{a:.3} -> {b:.3}  {id}  {question}\n"));
        }
        text
    }

    fn metric_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![cells(["metric", "A", "B", "B - A", "95 % interval", "p", "wins", "losses", "ties"])];
        for metric in &self.metrics {
            let PairedDifference { difference, interval, p_value } = &metric.paired;
            let mut row =
                vec![metric.metric.label().to_owned(), format!("{:.3}", metric.a), format!("{:.3}", metric.b)];
            row.extend([format!("{difference:+.3}"), range(interval), format!("{p_value:.4}")]);
            row.extend([metric.wins, metric.losses, metric.ties].map(|count| count.to_string()));
            rows.push(row);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::run::{MonotonicClock, Ranked, evaluate};
    use crate::evaluate::testing::gold;

    const IDS: [&str; 6] = ["q1", "q2", "q3", "q4", "q5", "q6"];

    /// A run in which the right page of the n-th query stands at the n-th of `ranks` (0: nowhere).
    fn run(mode: &str, ranks: [usize; 6]) -> Run {
        let mut next = ranks.into_iter();
        let mut ask = |text: &str| {
            let page = text.replace("text of", "page of");
            let mut documents: Vec<(String, f32)> = (0..9).map(|index| (format!("other {index}"), 0.0)).collect();
            match next.next() {
                Some(0) | None => {}
                Some(rank) => documents.insert(rank - 1, (page, 1.0)),
            }
            Ok::<_, std::io::Error>(Ranked { documents, ..Ranked::default() })
        };
        let description = RunDescription { index: "docs".into(), revision: "r1".into(), mode: mode.into() };
        evaluate(&gold(&IDS, &[]), description, &MonotonicClock::start(), &mut ask).unwrap()
    }

    // By hand, MRR@10: A = (1 + 1/2 + 1/4 + 0 + 1 + 1) / 6, B = (1 + 1 + 1 + 1/2 + 1/2 + 1) / 6.
    #[test]
    fn differences_wins_and_losses_are_as_by_hand() {
        let (a, b) = (run("text", [1, 2, 4, 0, 1, 1]), run("hybrid", [1, 1, 1, 2, 2, 1]));
        let comparison = compare(&a, &b, &gold(&IDS, &[]), &Bootstrap::default()).unwrap();
        let mrr = &comparison.metrics[2];
        assert_eq!(mrr.metric, Metric::MrrAt10);
        assert!((mrr.a - 3.75 / 6.0).abs() < 1e-12 && (mrr.b - 5.0 / 6.0).abs() < 1e-12);
        assert!((mrr.paired.difference - 1.25 / 6.0).abs() < 1e-12);
        assert_eq!((mrr.wins, mrr.losses, mrr.ties), (3, 1, 2));
        let recall = &comparison.metrics[0];
        assert_eq!((recall.wins, recall.losses, recall.ties), (1, 0, 5));
        let changed: Vec<&str> = comparison.most_changed.iter().map(|query| query.id.as_str()).collect();
        // nDCG@10 by rank: 1 → 1, 2 → .631, 4 → .431, none → 0; q2 and q5 change alike and keep the set's order.
        assert_eq!(changed, ["q4", "q3", "q2", "q5"]);
        assert_eq!((comparison.most_changed[0].a, comparison.most_changed[0].b), (0.0, 1.0 / 3.0_f64.log2()));
    }

    #[test]
    fn a_run_does_not_differ_from_itself() {
        let run = run("text", [1, 2, 3, 0, 5, 6]);
        let comparison = compare(&run, &run, &gold(&IDS, &[]), &Bootstrap::default()).unwrap();
        for metric in &comparison.metrics {
            assert_eq!((metric.paired.difference, metric.paired.p_value, metric.ties), (0.0, 1.0, 6));
        }
        assert!(comparison.most_changed.is_empty());
    }

    #[test]
    fn a_run_of_another_set_is_refused_by_name() {
        let run = run("text", [1; 6]);
        let error = compare(&run, &run, &gold(&["q1", "x1", "x2"], &["u"]), &Bootstrap::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the run (made, text) has no result for 3 of the 4 questions of made, `x1` first: make the run again with this set"
        );
    }

    #[test]
    fn runs_may_be_compared_over_a_part_of_their_set() {
        let (a, b) = (run("text", [1; 6]), run("vector", [2; 6]));
        let comparison = compare(&a, &b, &gold(&["q2", "q5"], &[]), &Bootstrap::default()).unwrap();
        assert_eq!((comparison.queries, comparison.metrics[2].losses), (2, 2));
    }

    #[test]
    fn the_table_and_the_json_name_both_runs() {
        let (a, b) = (run("text", [1, 2, 1, 1, 1, 1]), run("hybrid", [1; 6]));
        let comparison = compare(&a, &b, &gold(&IDS, &[]), &Bootstrap::default()).unwrap();
        let table = comparison.table();
        for part in ["A: index docs, revision r1, mode text", "B: index docs, revision r1, mode hybrid"] {
            assert!(table.contains(part), "{table}");
        }
        assert!(table.contains("MRR@10    0.917  1.000  +0.083"), "{table}");
        assert!(table.contains("0.631 -> 1.000  q2  text of q2\n"), "{table}");
        let json = serde_json::to_value(&comparison).unwrap();
        assert_eq!((&json["metrics"][1]["metric"], &json["metrics"][1]["wins"]), (&"ndcg_at_10".into(), &1.into()));
        assert!(json["metrics"][1]["interval"]["low"].is_number() && json["metrics"][1]["p_value"].is_number());
    }
}
