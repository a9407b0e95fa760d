//! Does the system know what it does not know? Precision, coverage and the risk-coverage curve of the gate.
//!
//! Source: El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification" (JMLR 2010), and Geifman,
//! Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers" (ICLR 2019) for the area.

use serde::Serialize;

use super::bootstrap::{Bootstrap, Interval};
use super::metrics::mean;

/// One question as the gate decided it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The confidence on the 0..1 scale, finite, where the system gives one.
    pub confidence: Option<f64>,
    /// Whether the question was answered (`false`: escalated), where the system decides that.
    pub answered: Option<bool>,
    /// Whether the documents hold an answer.
    pub answerable: bool,
    /// Whether the answer that was given, or would have been given, is right. Never for an unanswerable question.
    pub correct: bool,
}

/// What the gate did with the questions. A share of nothing (no question was escalated, say) is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decisions {
    /// Questions that were answered.
    pub answered: usize,
    /// Right answers / answered questions.
    pub precision: Option<Share>,
    /// Answered / all answerable questions.
    pub coverage: Option<Share>,
    /// Escalated / all unanswerable questions: higher is better.
    pub unanswerable_escalated: Option<Share>,
    /// Answerable questions among the escalated ones: the needless tickets. Lower is better.
    pub false_escalations: Option<Share>,
}

/// A share with its 95 % bootstrap interval, drawn over the questions of the denominator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// 0..=1.
    pub value: f64,
    /// How sure the value is.
    pub interval: Interval,
}

/// A point of the risk-coverage curve: what happens when every question of at least this confidence is answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RiskPoint {
    /// The least confidence that is answered.
    pub threshold: f64,
    /// Answered / all questions, answerable or not.
    pub coverage: f64,
    /// Wrong answers / answered. An answer to an unanswerable question is wrong.
    pub risk: f64,
}

/// The lowest cut that keeps a precision: it answers the most questions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cut {
    /// The precision that was wanted.
    pub target_precision: f64,
    /// Answer at this confidence and above.
    pub threshold: f64,
    /// Right answers / answered at this cut.
    pub precision: f64,
    /// Answered / all questions, answerable or not, at this cut.
    pub coverage: f64,
}

/// Abstention figures of a run. What the system does not give (a decision, a confidence) leaves its figures out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AbstentionReport {
    /// Answerable questions.
    pub answerable: usize,
    /// Unanswerable questions.
    pub unanswerable: usize,
    /// Present when every question has a decision.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Decisions>,
    /// Area under the risk-coverage curve, 0 best; present when every question has a confidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aurc: Option<f64>,
    /// Present when every question has a confidence and some cut reaches the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
}

impl AbstentionReport {
    /// Scores `outcomes`. `target_precision` is that of the suggested cut.
    pub fn of(outcomes: &[Outcome], target_precision: f64, bootstrap: &Bootstrap) -> Self {
        let answerable = outcomes.iter().filter(|outcome| outcome.answerable).count();
        let curve = risk_coverage(outcomes);
        Self {
            answerable,
            unanswerable: outcomes.len() - answerable,
            decisions: Decisions::of(outcomes, bootstrap),
            aurc: curve.as_deref().and_then(area_under),
            cut: curve.as_deref().and_then(|curve| cut_for_precision(curve, target_precision)),
        }
    }
}

impl Decisions {
    /// `None` when some question has no decision, or there is no question.
    pub fn of(outcomes: &[Outcome], bootstrap: &Bootstrap) -> Option<Self> {
        let decided: Option<Vec<(Outcome, bool)>> =
            outcomes.iter().map(|outcome| outcome.answered.map(|answered| (*outcome, answered))).collect();
        let decided = decided.filter(|decided| !decided.is_empty())?;
        let share = |of: fn(&Outcome, bool) -> bool, counts: fn(&Outcome, bool) -> bool| {
            let values: Vec<f64> = decided
                .iter()
                .filter(|(outcome, answered)| of(outcome, *answered))
                .map(|(outcome, answered)| if counts(outcome, *answered) { 1.0 } else { 0.0 })
                .collect();
            (!values.is_empty()).then(|| Share { value: mean(&values), interval: bootstrap.mean_interval(&values) })
        };
        Some(Self {
            answered: decided.iter().filter(|(_, answered)| *answered).count(),
            precision: share(|_, answered| answered, |outcome, _| outcome.answerable && outcome.correct),
            coverage: share(|outcome, _| outcome.answerable, |_, answered| answered),
            unanswerable_escalated: share(|outcome, _| !outcome.answerable, |_, answered| !answered),
            false_escalations: share(|_, answered| !answered, |outcome, _| outcome.answerable),
        })
    }
}

/// The risk-coverage curve, by falling threshold, a point for each distinct confidence: questions that a threshold
/// cannot tell apart enter together. `None` when some question has no confidence, or there is no question.
pub fn risk_coverage(outcomes: &[Outcome]) -> Option<Vec<RiskPoint>> {
    let scored: Option<Vec<(f64, bool)>> = outcomes
        .iter()
        .map(|outcome| outcome.confidence.map(|confidence| (confidence, outcome.answerable && outcome.correct)))
        .collect();
    let mut scored = scored.filter(|scored| !scored.is_empty())?;
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut answered, mut wrong) = (0_usize, 0_usize);
    let mut curve = Vec::new();
    for group in scored.chunk_by(|a, b| a.0 == b.0) {
        answered += group.len();
        wrong += group.iter().filter(|(_, right)| !right).count();
        let risk = wrong as f64 / answered as f64;
        curve.push(RiskPoint { threshold: group[0].0, coverage: answered as f64 / scored.len() as f64, risk });
    }
    Some(curve)
}

/// The area under the curve as a step function: the mean, over the questions, of the risk at the point where each
/// enters. 0 is perfect; the risk at full coverage is what a confidence that knows nothing gets. `None` without points.
pub fn area_under(curve: &[RiskPoint]) -> Option<f64> {
    let starts = std::iter::once(0.0).chain(curve.iter().map(|point| point.coverage));
    let steps = curve.iter().zip(starts).map(|(point, start)| (point.coverage - start) * point.risk);
    (!curve.is_empty()).then(|| steps.sum())
}

/// The point of the largest coverage whose precision (1 − risk) is at least `target`; `None` when no point reaches it.
pub fn cut_for_precision(curve: &[RiskPoint], target: f64) -> Option<Cut> {
    // The slack forgives rounding: 9 of 10 right meets a target of 0.9.
    let point = curve.iter().rev().find(|point| 1.0 - point.risk >= target - 1e-9)?;
    let RiskPoint { threshold, coverage, risk } = *point;
    Some(Cut { target_precision: target, threshold, precision: 1.0 - risk, coverage })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RIGHT: (bool, bool) = (true, true);
    const WRONG: (bool, bool) = (true, false);
    const NO_ANSWER: (bool, bool) = (false, false);

    /// Answers at a confidence of 0.5 and above.
    fn outcomes(rows: &[(f64, (bool, bool))]) -> Vec<Outcome> {
        rows.iter()
            .map(|&(confidence, (answerable, correct))| Outcome {
                confidence: Some(confidence),
                answered: Some(confidence >= 0.5),
                answerable,
                correct,
            })
            .collect()
    }

    fn table() -> Vec<Outcome> {
        outcomes(&[
            (0.9, RIGHT),
            (0.8, RIGHT),
            (0.7, WRONG),
            (0.6, NO_ANSWER),
            (0.4, RIGHT),
            (0.2, NO_ANSWER),
            (0.1, NO_ANSWER),
        ])
    }

    // By hand: 4 answered of which 2 right; 3 of 4 answerable answered; 2 of 3 unanswerable escalated; 1 of the 3
    // escalated was answerable.
    #[test]
    fn decisions_are_counted_as_by_hand() {
        let decisions = Decisions::of(&table(), &Bootstrap::default()).unwrap();
        let value = |share: Option<Share>| share.unwrap().value;
        assert_eq!(decisions.answered, 4);
        assert_eq!(value(decisions.precision), 0.5);
        assert_eq!(value(decisions.coverage), 0.75);
        assert_eq!(value(decisions.unanswerable_escalated), 2.0 / 3.0);
        assert_eq!(value(decisions.false_escalations), 1.0 / 3.0);
    }

    // By hand: risks 0, 0, 1/3, 1/2, 2/5, 1/2, 4/7 at coverages 1/7 … 7/7; the area is their mean.
    #[test]
    fn the_curve_and_its_area_are_as_by_hand() {
        let curve = risk_coverage(&table()).unwrap();
        let risks = [0.0, 0.0, 1.0 / 3.0, 0.5, 0.4, 0.5, 4.0 / 7.0];
        assert_eq!(curve.iter().map(|point| point.risk).collect::<Vec<_>>(), risks);
        assert_eq!(curve[2], RiskPoint { threshold: 0.7, coverage: 3.0 / 7.0, risk: 1.0 / 3.0 });
        assert!((area_under(&curve).unwrap() - risks.iter().sum::<f64>() / 7.0).abs() < 1e-12);
    }

    #[test]
    fn the_cut_answers_the_most_that_the_target_allows() {
        let curve = risk_coverage(&table()).unwrap();
        for (target, expect) in
            [(1.0, Some(0.8)), (0.66, Some(0.7)), (0.6, Some(0.4)), (0.5, Some(0.2)), (0.0, Some(0.1))]
        {
            assert_eq!(cut_for_precision(&curve, target).map(|cut| cut.threshold), expect, "{target}");
        }
        let hopeless = risk_coverage(&outcomes(&[(0.9, WRONG), (0.8, RIGHT)])).unwrap();
        assert_eq!(cut_for_precision(&hopeless, 0.9), None);
    }

    #[test]
    fn equal_confidences_enter_together_whatever_their_order() {
        let one = risk_coverage(&outcomes(&[(0.9, RIGHT), (0.5, RIGHT), (0.5, NO_ANSWER)])).unwrap();
        let other = risk_coverage(&outcomes(&[(0.5, NO_ANSWER), (0.9, RIGHT), (0.5, RIGHT)])).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.len(), 2);
        assert_eq!(one[1], RiskPoint { threshold: 0.5, coverage: 1.0, risk: 1.0 / 3.0 });
    }

    #[test]
    fn what_the_system_does_not_give_is_left_out() {
        let mut outcomes = table();
        outcomes[3].answered = None;
        let report = AbstentionReport::of(&outcomes, 0.9, &Bootstrap::default());
        assert!(report.decisions.is_none() && report.aurc.is_some());
        outcomes[3] = Outcome { answered: Some(true), confidence: None, ..outcomes[3] };
        let report = AbstentionReport::of(&outcomes, 0.9, &Bootstrap::default());
        assert!(report.decisions.is_some() && report.aurc.is_none() && report.cut.is_none());
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["coverage"]["value"], 1.0 * 3.0 / 4.0);
        assert!(json.get("aurc").is_none());
        let none = AbstentionReport::of(&[], 0.9, &Bootstrap::default());
        assert_eq!(serde_json::to_value(&none).unwrap(), serde_json::json!({"answerable": 0, "unanswerable": 0}));
    }

    #[test]
    fn shares_of_nothing_are_left_open() {
        let all = Decisions::of(&outcomes(&[(0.9, RIGHT), (0.9, RIGHT)]), &Bootstrap::default()).unwrap();
        assert_eq!(all.precision.unwrap().value, 1.0);
        assert_eq!((all.unanswerable_escalated, all.false_escalations), (None, None));
        let none = Decisions::of(&outcomes(&[(0.1, RIGHT)]), &Bootstrap::default()).unwrap();
        assert_eq!((none.precision, none.coverage.unwrap().value), (None, 0.0));
        assert_eq!(none.false_escalations.unwrap().value, 1.0);
    }

    fn any_outcomes() -> impl Strategy<Value = Vec<Outcome>> {
        let kind = prop_oneof![Just(RIGHT), Just(WRONG), Just(NO_ANSWER)];
        prop::collection::vec(((0..=20_u8).prop_map(|step| f64::from(step) / 20.0), kind), 1..50)
            .prop_map(|rows| outcomes(&rows))
    }

    proptest! {
        #[test]
        fn curve_area_and_cut_keep_their_bounds(outcomes in any_outcomes(), target in 0.0..=1.0_f64) {
            let curve = risk_coverage(&outcomes).unwrap();
            prop_assert!(curve.is_sorted_by(|a, b| a.threshold > b.threshold && a.coverage < b.coverage));
            prop_assert!(curve.iter().all(|point| (0.0..=1.0).contains(&point.risk)));
            prop_assert_eq!(curve.last().unwrap().coverage, 1.0);
            let area = area_under(&curve).unwrap();
            prop_assert!((0.0..=1.0 + 1e-12).contains(&area));
            if let Some(cut) = cut_for_precision(&curve, target) {
                let taken: Vec<&Outcome> =
                    outcomes.iter().filter(|outcome| outcome.confidence >= Some(cut.threshold)).collect();
                let right = taken.iter().filter(|outcome| outcome.correct).count();
                prop_assert!(right as f64 / taken.len() as f64 >= target - 1e-9);
                prop_assert!((taken.len() as f64 / outcomes.len() as f64 - cut.coverage).abs() < 1e-12);
            }
        }

        #[test]
        fn a_confidence_that_ranks_right_before_wrong_has_the_least_area(outcomes in any_outcomes()) {
            let mut perfect = outcomes.clone();
            perfect.sort_by_key(|outcome| !outcome.correct);
            for (index, outcome) in perfect.iter_mut().enumerate() {
                outcome.confidence = Some(1.0 - index as f64 / 100.0);
            }
            let area = |outcomes: &[Outcome]| area_under(&risk_coverage(outcomes).unwrap()).unwrap();
            prop_assert!(area(&perfect) <= area(&outcomes) + 1e-12);
        }
    }
}
