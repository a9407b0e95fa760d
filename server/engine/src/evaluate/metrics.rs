//! Retrieval metrics of one query, as trec_eval defines them, and percentiles of latencies.
//!
//! A ranking is a list of document ids, best first; its order counts, not its scores. A document without a judgement
//! is not relevant. A document that appears again further down is ignored there, so that retrieving several chunks of
//! one page neither earns twice nor pushes other pages down.

use std::collections::{BTreeMap, HashSet};

/// The judged documents of one query: id → grade. Relevant means a grade above 0; 0 and below are judged, not relevant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgements(BTreeMap<String, i32>);

impl Judgements {
    /// Notes the grade of a document and returns the grade it had before, if any.
    pub fn insert(&mut self, document: String, grade: i32) -> Option<i32> {
        self.0.insert(document, grade)
    }

    /// The gain of a document: its grade, or 0 when it is not relevant or not judged.
    pub fn gain(&self, document: &str) -> f64 {
        self.0.get(document).map_or(0.0, |&grade| f64::from(grade.max(0)))
    }

    /// The relevant documents, in the order of their ids.
    pub fn relevant(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|&(_, &grade)| grade > 0).map(|(document, _)| document.as_str())
    }

    /// Drops the judgements of the documents that `keep` refuses.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|document, _| keep(document));
    }

    /// The gains of a perfect ranking, highest first.
    fn ideal_gains(&self) -> Vec<f64> {
        let mut gains: Vec<f64> = self.relevant().map(|document| self.gain(document)).collect();
        gains.sort_by(|a, b| b.total_cmp(a));
        gains
    }
}

impl FromIterator<(String, i32)> for Judgements {
    fn from_iter<T: IntoIterator<Item = (String, i32)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// A ranking seen through the judgements: the gain at each rank, and what a perfect ranking would have gained.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedRanking {
    gains: Vec<f64>,
    ideal: Vec<f64>,
}

impl JudgedRanking {
    /// Judges `ranking` (document ids, best first). A repeated document counts at its first rank only.
    pub fn new<'a>(ranking: impl IntoIterator<Item = &'a str>, judgements: &Judgements) -> Self {
        let mut seen = HashSet::new();
        let gains = ranking.into_iter().filter(|&document| seen.insert(document));
        Self { gains: gains.map(|document| judgements.gain(document)).collect(), ideal: judgements.ideal_gains() }
    }

    fn top(&self, k: usize) -> &[f64] {
        &self.gains[..k.min(self.gains.len())]
    }

    /// trec_eval `recall_k`: |relevant among the first `k`| / |relevant|. 0 when nothing is relevant.
    pub fn recall_at(&self, k: usize) -> f64 {
        if self.ideal.is_empty() {
            return 0.0;
        }
        let found = self.top(k).iter().filter(|&&gain| gain > 0.0).count();
        found as f64 / self.ideal.len() as f64
    }

    /// trec_eval `success_k`: 1 when a relevant document is among the first `k`, else 0.
    pub fn success_at(&self, k: usize) -> f64 {
        if self.top(k).iter().any(|&gain| gain > 0.0) { 1.0 } else { 0.0 }
    }

    /// 1 / rank of the first relevant document, or 0 when none is among the first `k`. Its mean over queries is MRR@k.
    pub fn reciprocal_rank_at(&self, k: usize) -> f64 {
        let first = self.top(k).iter().position(|&gain| gain > 0.0);
        first.map_or(0.0, |index| 1.0 / (index + 1) as f64)
    }

    /// trec_eval `ndcg_cut_k`: linear gain, discount 1 / log2(rank + 1), divided by that of the best ranking of all
    /// judged documents cut at `k`. 0 when nothing is relevant.
    pub fn ndcg_at(&self, k: usize) -> f64 {
        let best = discounted(&self.ideal, k);
        if best > 0.0 { discounted(&self.gains, k) / best } else { 0.0 }
    }
}

fn discounted(gains: &[f64], k: usize) -> f64 {
    gains.iter().take(k).enumerate().map(|(index, gain)| gain / ((index + 2) as f64).log2()).sum()
}

/// The arithmetic mean; 0 for no values.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The `percent` percentile (0..=100) of values sorted in ascending order, by the nearest-rank rule: the smallest value
/// such that at least `percent` % of the values are at or below it. Always one of the values; `None` for no values.
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    // The small slack keeps 0.95 × 20 = 19.000000000000004 from becoming rank 20; it is far under one rank.
    let rank = (percent.clamp(0.0, 100.0) / 100.0 * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted.get(rank - 1).or(sorted.last()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(grades: &[(&str, i32)], ranking: &[&str]) -> JudgedRanking {
        let judgements = grades.iter().map(|&(document, grade)| (document.to_owned(), grade)).collect();
        JudgedRanking::new(ranking.iter().copied(), &judgements)
    }

    #[track_caller]
    fn check(actual: f64, expect: f64) {
        assert!((actual - expect).abs() < 1e-12, "got {actual}, expected {expect}");
    }

    const GRADED: [(&str, i32); 5] = [("d1", 2), ("d2", 1), ("d3", 0), ("d4", -1), ("d5", 3)];

    // Expected figures: pytrec_eval-terrier 0.5.11 (the trec_eval C code) on the same grades, with scores that fall with
    // the rank: `RelevanceEvaluator(qrels, {'recall.1,5,10,20', 'ndcg_cut.3,5,10', 'success.5', 'recip_rank'})`.
    #[test]
    fn graded_and_negative_judgements_score_as_in_trec_eval() {
        let ranking = judged(&GRADED, &["d3", "d2", "x1", "d5", "d4", "d1"]);
        check(ranking.recall_at(1), 0.0);
        check(ranking.recall_at(5), 0.6666666666666666);
        check(ranking.recall_at(10), 1.0);
        check(ranking.ndcg_at(3), 0.13249650743056282);
        check(ranking.ndcg_at(5), 0.4038253175901445);
        check(ranking.ndcg_at(10), 0.5534337579793253);
        check(ranking.success_at(5), 1.0);
        check(ranking.success_at(1), 0.0);
        check(ranking.reciprocal_rank_at(10), 0.5);
    }

    #[test]
    fn more_relevant_documents_than_the_cut_score_as_in_trec_eval() {
        let ranking = judged(&[("d1", 1), ("d2", 2), ("d3", 1)], &["d4", "d3", "d2", "d1"]);
        check(ranking.ndcg_at(3), 0.5209090851403014);
        check(ranking.ndcg_at(5), 0.6584645692843067);
        check(ranking.recall_at(2), 1.0 / 3.0);
        check(ranking.recall_at(5), 1.0);
    }

    #[test]
    fn a_hit_at_rank_eleven_is_outside_every_cut_at_ten() {
        let mut ranking = vec!["x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9"];
        ranking.push("d1");
        let ranking = judged(&[("d1", 1)], &ranking);
        check(ranking.recall_at(10), 0.0);
        check(ranking.recall_at(20), 1.0);
        check(ranking.ndcg_at(10), 0.0);
        check(ranking.reciprocal_rank_at(10), 0.0);
        check(ranking.reciprocal_rank_at(11), 1.0 / 11.0);
    }

    // By hand: after dropping the repeats the ranking is x, d1, d2: DCG = 1/log2(3) + 1/log2(4), ideal 1 + 1/log2(3).
    #[test]
    fn a_repeated_document_counts_at_its_first_rank_only() {
        let ranking = judged(&[("d1", 1), ("d2", 1)], &["x", "x", "d1", "d1", "x", "d2"]);
        let log3 = 3.0_f64.log2();
        check(ranking.ndcg_at(10), (1.0 / log3 + 0.5) / (1.0 + 1.0 / log3));
        check(ranking.recall_at(2), 0.5);
        check(ranking.recall_at(3), 1.0);
        check(ranking.reciprocal_rank_at(10), 0.5);
    }

    #[test]
    fn empty_rankings_and_zero_cuts_score_zero() {
        for ranking in [judged(&[("d1", 1)], &[]), judged(&[], &["d1"]), judged(&[("d1", 0)], &["d1"])] {
            for k in [0, 1, 10] {
                check(ranking.recall_at(k) + ranking.ndcg_at(k) + ranking.reciprocal_rank_at(k), 0.0);
                check(ranking.success_at(k), 0.0);
            }
        }
        check(judged(&[("d1", 1)], &["d1"]).ndcg_at(0), 0.0);
    }

    #[test]
    fn percentile_is_the_nearest_rank() {
        let five = [15.0, 20.0, 35.0, 40.0, 50.0];
        for (percent, expect) in [(0.0, 15.0), (5.0, 15.0), (30.0, 20.0), (40.0, 20.0), (50.0, 35.0), (100.0, 50.0)] {
            assert_eq!(percentile(&five, percent), Some(expect), "{percent}");
        }
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        for percent in [1.0, 7.0, 29.0, 50.0, 57.0, 90.0, 95.0, 99.0] {
            assert_eq!(percentile(&hundred, percent), Some(percent));
        }
        assert_eq!(percentile(&[7.0], 99.0), Some(7.0));
        assert_eq!(percentile(&[], 50.0), None);
        assert_eq!(percentile(&five, f64::NAN), Some(15.0));
    }

    fn documents() -> impl Strategy<Value = Vec<(String, i32)>> {
        prop::collection::btree_map("[a-h][0-9]", -1..4_i32, 1..20).prop_map(|map| map.into_iter().collect())
    }

    fn names(documents: &[(String, i32)]) -> Vec<&str> {
        documents.iter().map(|(document, _)| document.as_str()).collect()
    }

    proptest! {
        #[test]
        fn every_metric_stays_between_zero_and_one_and_grows_with_the_cut(
            documents in documents(), ranking in prop::collection::vec("[a-h][0-9]", 0..40),
        ) {
            let judgements: Judgements = documents.into_iter().collect();
            let ranking = JudgedRanking::new(ranking.iter().map(String::as_str), &judgements);
            for k in 0..45 {
                for value in [ranking.recall_at(k), ranking.ndcg_at(k), ranking.reciprocal_rank_at(k)] {
                    prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
                }
                prop_assert!(ranking.recall_at(k + 1) >= ranking.recall_at(k));
                prop_assert!(ranking.success_at(k) >= ranking.recall_at(k));
                prop_assert!(ranking.success_at(k) >= ranking.reciprocal_rank_at(k));
            }
        }

        #[test]
        fn the_perfect_ranking_scores_one(mut documents in documents()) {
            documents.sort_by_key(|(_, grade)| -grade);
            let relevant = documents.iter().filter(|(_, grade)| *grade > 0).count();
            prop_assume!(relevant > 0);
            let judgements = documents.iter().cloned().collect();
            let ranking = JudgedRanking::new(names(&documents), &judgements);
            for k in 1..25 {
                prop_assert!((ranking.ndcg_at(k) - 1.0).abs() < 1e-12);
                prop_assert!((ranking.recall_at(k) - k.min(relevant) as f64 / relevant as f64).abs() < 1e-12);
            }
            prop_assert_eq!(ranking.reciprocal_rank_at(1), 1.0);
        }

        #[test]
        fn which_irrelevant_document_stands_where_does_not_matter(
            documents in documents(), order in Just((0..20).collect::<Vec<usize>>()).prop_shuffle(),
        ) {
            let judgements: Judgements = documents.iter().cloned().collect();
            let before = names(&documents);
            let unjudged: Vec<String> = order.iter().map(|index| format!("unjudged-{index}")).collect();
            let after: Vec<&str> = before.iter().enumerate()
                .map(|(index, &document)| if judgements.gain(document) > 0.0 { document } else { &unjudged[index] })
                .collect();
            let (before, after) = (JudgedRanking::new(before, &judgements), JudgedRanking::new(after, &judgements));
            prop_assert_eq!(before, after);
        }

        #[test]
        fn lifting_a_better_document_never_lowers_ndcg(
            documents in documents(), at in any::<prop::sample::Index>(),
        ) {
            prop_assume!(documents.len() > 1);
            let at = at.index(documents.len() - 1);
            let judgements: Judgements = documents.iter().cloned().collect();
            let mut ranking = names(&documents);
            let before = JudgedRanking::new(ranking.clone(), &judgements).ndcg_at(10);
            if judgements.gain(ranking[at + 1]) >= judgements.gain(ranking[at]) {
                ranking.swap(at, at + 1);
            }
            prop_assert!(JudgedRanking::new(ranking, &judgements).ndcg_at(10) >= before - 1e-12);
        }

        #[test]
        fn percentile_is_one_of_the_values_and_grows(mut values in prop::collection::vec(0.0..1e6_f64, 1..60)) {
            values.sort_by(f64::total_cmp);
            let quantiles: Vec<f64> = (0..=100).filter_map(|p| percentile(&values, f64::from(p))).collect();
            prop_assert_eq!(quantiles.len(), 101);
            prop_assert!(quantiles.is_sorted());
            prop_assert!(quantiles.iter().all(|value| values.contains(value)));
        }
    }
}
