//! From what the built-in coefficients make of a question's evidence to the probability that an answer is right on this very
//! index, and from a wanted precision to the cut: fitted at build to the questions of a gold set, kept in the manifest.
//!
//! Few labels move two numbers, an offset and a slope on the logit (Platt, "Probabilistic Outputs for Support Vector
//! Machines", 1999), with the built-in ones, 0 and 1, as their prior; from about a thousand on the map is isotonic (Zadrozny
//! and Elkan, KDD 2002). Both keep the order of questions. ADR 0020.

use serde::{Deserialize, Serialize};

/// With fewer answerable questions, or fewer without an answer, nothing is fitted.
pub const MIN_ANSWERABLE: usize = 30;
/// The same of questions without an answer.
pub const MIN_UNANSWERABLE: usize = 10;
/// From so many labels on the map is isotonic.
const MIN_ISOTONIC: usize = 1_000;

/// The share of questions without an answer that calibration stands for, whatever share the gold set has: that of the
/// built-in curve.
const UNANSWERABLE_SHARE: f64 = 0.2;

/// Variance of the offset around 0 and of the slope around 1, before any label is seen.
const OFFSET_VARIANCE: f64 = 1.0;
const SLOPE_VARIANCE: f64 = 0.25;
/// A slope of 0 would forget the order.
const MIN_SLOPE: f64 = 0.05;
/// The search for the minimum ends at a step this small, or after so many.
const SMALLEST_STEP: f64 = 1e-9;
const MAX_STEPS: usize = 100;
/// A step must lower the loss by this share of what its slope promises; it is halved at most so often.
const ENOUGH_FALL: f64 = 1e-4;
const MAX_HALVINGS: usize = 60;

/// Confidences are kept this far from 0 and 1, which have no logit.
const EDGE: f64 = 1e-3;
/// Points of an isotonic map.
const MAX_POINTS: usize = 200;
/// Cuts at which the precision is told.
const CURVE_POINTS: usize = 100;

/// What is made of a question's evidence: by the coefficients, and by the rules on its words and names, which hold whatever an
/// index's labels say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighing {
    /// What the coefficients give, 0 to 1.
    pub evidence: f32,
    /// The most that the rules allow, 0 to 1.
    pub most: f32,
    /// The share of it that they leave, 0 to 1.
    pub share: f32,
    /// The least that they grant, 0 to 1.
    pub least: f32,
}

impl Weighing {
    /// Where nothing was found.
    pub const NOTHING: Self = Self { evidence: 0.0, most: 0.0, share: 0.0, least: 0.0 };

    /// The confidence, by an index's own map where it has one.
    pub fn confidence(&self, map: Option<&ConfidenceMap>) -> f32 {
        let evidence = map.map_or(self.evidence, |map| map.apply(self.evidence));
        (evidence.min(self.most) * self.share).max(self.least)
    }

    /// Whether the rules have no part in it.
    fn is_free(&self) -> bool {
        self.most >= 1.0 && self.share >= 1.0 && self.least <= 0.0
    }
}

/// A question of which the outcome is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    /// What was made of its evidence.
    pub weighing: Weighing,
    /// Whether a passage that answers it was found.
    pub is_right: bool,
    /// Whether the index holds its answer.
    pub is_answerable: bool,
}

impl Label {
    fn weight(&self, of_unanswerable: f64) -> f64 {
        if self.is_answerable { 1.0 } else { of_unanswerable }
    }
}

/// What an index's own questions say of its confidence, for one way of searching.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calibration {
    /// Questions with an answer among the labels; rules may decide some, to which the map is not fitted.
    pub answerable: u32,
    /// Those of them whose answer was found.
    pub found: u32,
    /// Questions without an answer, the same.
    pub unanswerable: u32,
    /// From what the coefficients give to the calibrated confidence.
    pub map: ConfidenceMap,
    /// The precision of all answers from a cut on, as precision and cut, both ascending.
    pub precision_at_cut: Vec<(f32, f32)>,
}

/// A map from 0..1 to 0..1 that keeps order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConfidenceMap {
    /// A line on the logit.
    Logistic {
        /// What is added.
        offset: f32,
        /// What it is multiplied with, above 0.
        slope: f32,
    },
    /// Straight lines between points, ascending in both.
    Isotonic {
        /// What the coefficients give, and the calibrated confidence.
        points: Vec<(f32, f32)>,
    },
}

/// Why nothing was fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "confidence is calibrated from {MIN_ANSWERABLE} answerable and {MIN_UNANSWERABLE} unanswerable questions on; the gold set \
     has {answerable} and {unanswerable} (queries_unanswerable.jsonl)"
)]
pub struct TooFewLabels {
    /// Answerable ones.
    pub answerable: usize,
    /// Unanswerable ones.
    pub unanswerable: usize,
}

impl Calibration {
    /// Fits to labels in any order.
    ///
    /// # Errors
    /// [`TooFewLabels`]: what was learned from them would be chance.
    pub fn fit(labels: &[Label]) -> Result<Self, TooFewLabels> {
        let answerable = labels.iter().filter(|label| label.is_answerable).count();
        let unanswerable = labels.len() - answerable;
        if answerable < MIN_ANSWERABLE || unanswerable < MIN_UNANSWERABLE {
            return Err(TooFewLabels { answerable, unanswerable });
        }
        let weight = answerable as f64 / unanswerable as f64 * UNANSWERABLE_SHARE / (1.0 - UNANSWERABLE_SHARE);
        // Where rules decide the coefficients are not at fault.
        let free = labels.iter().filter(|label| label.weighing.is_free());
        let mut free: Vec<Weighed> = free.map(|label| Weighed::of(label, weight)).collect();
        free.sort_by(|a, b| a.evidence.total_cmp(&b.evidence));
        let map = if free.len() < MIN_ISOTONIC { logistic(&free) } else { isotonic(&free) };
        let found = labels.iter().filter(|label| label.is_right).count();
        Ok(Self {
            answerable: answerable as u32,
            found: found as u32,
            unanswerable: unanswerable as u32,
            precision_at_cut: curve(labels, weight, &map),
            map,
        })
    }
}

impl ConfidenceMap {
    /// The calibrated confidence of what the coefficients give; of no evidence (0), none.
    pub fn apply(&self, evidence: f32) -> f32 {
        if evidence <= 0.0 {
            return 0.0;
        }
        match self {
            Self::Logistic { offset, slope } => {
                let logit = f64::from(*offset) + f64::from(*slope) * logit(f64::from(evidence));
                probability(logit) as f32
            }
            Self::Isotonic { points } => interpolated(points, evidence),
        }
    }
}

/// The cut for a precision, linear between the points of a curve, ascending in both.
pub fn cut_on(curve: &[(f32, f32)], precision: f32) -> f32 {
    let between = |pair: &[(f32, f32)]| {
        let ((p0, c0), (p1, c1)) = (pair[0], pair[1]);
        (precision <= p1).then(|| match p1 > p0 {
            true => c0 + (c1 - c0) * ((precision - p0) / (p1 - p0)).clamp(0.0, 1.0),
            false => c0,
        })
    };
    curve.windows(2).find_map(between).unwrap_or(1.0)
}

/// A label with what it counts.
#[derive(Clone, Copy)]
struct Weighed {
    evidence: f64,
    right: f64,
    weight: f64,
}

impl Weighed {
    fn of(label: &Label, weight_of_unanswerable: f64) -> Self {
        Self {
            evidence: f64::from(label.weighing.evidence).clamp(0.0, 1.0),
            right: if label.is_right { 1.0 } else { 0.0 },
            weight: label.weight(weight_of_unanswerable),
        }
    }
}

fn logit(value: f64) -> f64 {
    let inside = value.clamp(EDGE, 1.0 - EDGE);
    (inside / (1.0 - inside)).ln()
}

fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// The most probable offset and slope.
fn logistic(labels: &[Weighed]) -> ConfidenceMap {
    let (mut offset, mut slope) = minimum(labels, (0.0, 1.0), true);
    if slope < MIN_SLOPE {
        (offset, slope) = minimum(labels, (offset, MIN_SLOPE), false);
    }
    ConfidenceMap::Logistic { offset: offset as f32, slope: slope as f32 }
}

/// Where the loss is least: Newton's steps, halved until they lower it enough (Armijo). It is strictly convex by its prior, so
/// there is one such place and every start leads there. Without `with_slope` the slope stays as it is.
fn minimum(labels: &[Weighed], start: (f64, f64), with_slope: bool) -> (f64, f64) {
    let (mut offset, mut slope) = start;
    for _ in 0..MAX_STEPS {
        let (gradient, hessian) = derivatives(labels, offset, slope);
        let step = if with_slope {
            let determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
            [
                (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant,
                (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant,
            ]
        } else {
            [gradient[0] / hessian[0], 0.0]
        };
        let (before, fall) = (loss(labels, offset, slope), gradient[0] * step[0] + gradient[1] * step[1]);
        let lowers = |share: &f64| {
            loss(labels, offset - share * step[0], slope - share * step[1]) <= before - ENOUGH_FALL * share * fall
        };
        let shares = std::iter::successors(Some(1.0), |share| Some(share / 2.0)).take(MAX_HALVINGS);
        let Some(share) = shares.into_iter().find(lowers) else { break };
        offset -= share * step[0];
        slope -= share * step[1];
        if step.iter().all(|part| part.abs() < SMALLEST_STEP) {
            break;
        }
    }
    (offset, slope)
}

/// The negative logarithm of how probable offset and slope are, but for a constant.
fn loss(labels: &[Weighed], offset: f64, slope: f64) -> f64 {
    let prior = offset * offset / (2.0 * OFFSET_VARIANCE) + (slope - 1.0).powi(2) / (2.0 * SLOPE_VARIANCE);
    let of = |label: &Weighed| {
        let at = offset + slope * logit(label.evidence);
        // ln(1 + e^at), without overflow.
        label.weight * (at.max(0.0) + (-at.abs()).exp().ln_1p() - label.right * at)
    };
    prior + labels.iter().map(of).sum::<f64>()
}

/// The loss by offset and slope, once and twice.
fn derivatives(labels: &[Weighed], offset: f64, slope: f64) -> ([f64; 2], [f64; 3]) {
    let mut gradient = [offset / OFFSET_VARIANCE, (slope - 1.0) / SLOPE_VARIANCE];
    let mut hessian = [1.0 / OFFSET_VARIANCE, 0.0, 1.0 / SLOPE_VARIANCE];
    for label in labels {
        let x = logit(label.evidence);
        let p = probability(offset + slope * x);
        let error = label.weight * (p - label.right);
        let curvature = label.weight * p * (1.0 - p);
        gradient = [gradient[0] + error, gradient[1] + error * x];
        hessian = [hessian[0] + curvature, hessian[1] + curvature * x, hessian[2] + curvature * x * x];
    }
    (gradient, hessian)
}

/// Labels that stand together: the mean of their evidence, and the share of them that is right.
#[derive(Clone, Copy)]
struct Block {
    evidence: f64,
    right: f64,
    weight: f64,
}

impl Block {
    fn joined(self, other: Self) -> Self {
        let weight = self.weight + other.weight;
        let mean = |a: f64, b: f64| (a * self.weight + b * other.weight) / weight;
        Self { evidence: mean(self.evidence, other.evidence), right: mean(self.right, other.right), weight }
    }
}

/// Pools what violates the order (PAV). `labels` ascend by evidence.
fn isotonic(labels: &[Weighed]) -> ConfidenceMap {
    let mut blocks: Vec<Block> = Vec::new();
    // Equal evidence cannot be told apart, whatever becomes of it.
    for equal in labels.chunk_by(|a, b| a.evidence == b.evidence) {
        let blocks_of_one =
            equal.iter().map(|label| Block { evidence: label.evidence, right: label.right, weight: label.weight });
        let Some(mut block) = blocks_of_one.reduce(Block::joined) else { continue };
        while let Some(last) = blocks.last().filter(|last| last.right >= block.right) {
            block = last.joined(block);
            blocks.pop();
        }
        blocks.push(block);
    }
    let every = blocks.len().div_ceil(MAX_POINTS);
    let kept = blocks.chunks(every.max(1)).map(|few| few.iter().copied().reduce(Block::joined));
    let point = |block: Block| (block.evidence as f32, block.right.clamp(EDGE, 1.0 - EDGE) as f32);
    let points = kept.flatten().map(point).collect();
    ConfidenceMap::Isotonic { points }
}

/// On straight lines between the points, and from 0 and to 1 outside of them.
fn interpolated(points: &[(f32, f32)], at: f32) -> f32 {
    let ends = [(0.0, 0.0)].into_iter().chain(points.iter().copied()).chain([(1.0, 1.0)]);
    let ends: Vec<(f32, f32)> = ends.collect();
    let line = |pair: &[(f32, f32)]| {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        (at <= x1).then(|| if x1 > x0 { y0 + (y1 - y0) * ((at - x0) / (x1 - x0)).clamp(0.0, 1.0) } else { y1 })
    };
    ends.windows(2).find_map(line).unwrap_or(1.0)
}

/// What precision to expect from each cut on: the mean of the calibrated confidences above it, which scatters less than the
/// share of right ones among few labels.
fn curve(labels: &[Label], weight_of_unanswerable: f64, map: &ConfidenceMap) -> Vec<(f32, f32)> {
    let of = |label: &Label| (f64::from(label.weighing.confidence(Some(map))), label.weight(weight_of_unanswerable));
    let calibrated: Vec<(f64, f64)> = labels.iter().map(of).collect();
    let mut points: Vec<(f32, f32)> = Vec::new();
    for step in 0..CURVE_POINTS {
        let cut = step as f64 / CURVE_POINTS as f64;
        let above = calibrated.iter().filter(|(value, _)| *value >= cut);
        let (sum, weight) = above.fold((0.0, 0.0), |(sum, all), (value, weight)| (sum + value * weight, all + weight));
        // Where no label is left an answer is as good as the cut says.
        let precision = if weight > 0.0 { sum / weight } else { cut };
        let least = points.last().map_or(0.0, |(before, _)| *before);
        points.push(((precision as f32).max(least), cut as f32));
    }
    points.push((1.0, 1.0));
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn free(evidence: f64) -> Weighing {
        Weighing { evidence: evidence as f32, most: 1.0, share: 1.0, least: 0.0 }
    }

    /// Labels whose chance to be right is `chance` of their confidence, the same on every run.
    fn labels(answerable: usize, unanswerable: usize, chance: impl Fn(f64) -> f64) -> Vec<Label> {
        let spread = |i: usize| (i as f64 * 0.618_033_988_75).fract();
        let answerable = (0..answerable).map(|i| {
            let confidence = spread(i);
            Label { weighing: free(confidence), is_right: spread(i * 7 + 3) < chance(confidence), is_answerable: true }
        });
        let unanswerable =
            (0..unanswerable).map(|i| Label { weighing: free(spread(i) * 0.5), is_right: false, is_answerable: false });
        answerable.chain(unanswerable).collect()
    }

    #[test]
    fn few_labels_are_refused_with_their_number() {
        assert_eq!(Calibration::fit(&labels(29, 50, |_| 1.0)), Err(TooFewLabels { answerable: 29, unanswerable: 50 }));
        assert_eq!(Calibration::fit(&labels(300, 9, |_| 1.0)), Err(TooFewLabels { answerable: 300, unanswerable: 9 }));
    }

    #[test]
    fn a_confidence_that_promises_too_much_is_lowered_and_one_that_promises_too_little_raised() {
        let bold = Calibration::fit(&labels(400, 20, |confidence| confidence * 0.3)).unwrap();
        let shy = Calibration::fit(&labels(400, 20, |_| 1.0)).unwrap();
        assert!(bold.map.apply(0.8) < 0.5, "{bold:?}");
        assert!(shy.map.apply(0.4) > 0.6, "{shy:?}");
        // The more it promises the higher it must be cut.
        assert!(cut_on(&bold.precision_at_cut, 0.9) > cut_on(&shy.precision_at_cut, 0.9));
    }

    #[test]
    fn few_labels_move_the_confidence_less_than_many() {
        let moved = |answerable, unanswerable| {
            let fitted = Calibration::fit(&labels(answerable, unanswerable, |_| 0.3)).unwrap();
            (fitted.map.apply(0.8) - 0.8).abs()
        };
        assert!(moved(30, 10) < moved(900, 99));
    }

    #[test]
    fn many_labels_are_followed_point_by_point() {
        // A step at .4: no line on the logit has it.
        let fitted = Calibration::fit(&labels(4_000, 1_000, |confidence| if confidence > 0.4 { 0.95 } else { 0.05 }));
        let fitted = fitted.unwrap();
        assert!(matches!(fitted.map, ConfidenceMap::Isotonic { .. }));
        assert!(fitted.map.apply(0.3) < 0.1 && fitted.map.apply(0.6) > 0.85, "{:?}", fitted.map);
    }

    #[test]
    fn the_share_of_unanswerable_questions_in_a_set_does_not_matter() {
        let with = |unanswerable| Calibration::fit(&labels(400, unanswerable, |_| 0.9)).unwrap().map.apply(0.3);
        assert!((with(100) - with(400)).abs() < 0.05, "{} {}", with(100), with(400));
    }

    #[test]
    fn the_rules_hold_whatever_the_labels_say() {
        let shy = Calibration::fit(&labels(400, 20, |_| 1.0)).unwrap().map;
        let of = |weighing: Weighing| weighing.confidence(Some(&shy));
        assert!(of(free(0.4)) > 0.6);
        assert_eq!(of(Weighing { most: 0.25, ..free(0.4) }), 0.25);
        assert_eq!(of(Weighing { share: 0.0, ..free(0.9) }), 0.0);
        assert_eq!(of(Weighing { least: 0.9, ..free(0.1) }), 0.9);
        assert_eq!(of(Weighing::NOTHING), 0.0);
    }

    fn weighed(labels: &[Label], weight: f64) -> Vec<Weighed> {
        labels.iter().map(|label| Weighed::of(label, weight)).collect()
    }

    /// Newton's steps alone ran off to an offset of -182.
    #[test]
    fn the_fit_is_the_optimum_whatever_the_labels() {
        let near = |count: usize, right: usize| -> Vec<Label> {
            let of = |i: usize| Label { weighing: free(0.97), is_right: i < right, is_answerable: true };
            (0..count).map(of).collect()
        };
        for (labels, weight) in [
            (near(250, 68), 1.0),
            (near(250, 0), 1.0),
            (near(60, 30), 1.0),
            (near(60, 60), 1.0),
            (labels(250, 12, |_| 0.0), 5.0),
            (labels(400, 200, |_| 1.0), 0.5),
        ] {
            let labels = weighed(&labels, weight);
            let (offset, slope) = minimum(&labels, (0.0, 1.0), true);
            let (gradient, _) = derivatives(&labels, offset, slope);
            assert!(gradient.iter().all(|part| part.abs() < 1e-6), "{offset} {slope}: {gradient:?}");
            assert!(offset.abs() < 10.0, "{offset}");
        }
        let bounded = labels(250, 12, |confidence| 0.9 - confidence);
        let bounded = weighed(&bounded, 5.0);
        let ConfidenceMap::Logistic { offset, slope } = logistic(&bounded) else { panic!("two numbers") };
        assert_eq!(slope, MIN_SLOPE as f32, "lower confidence is better there");
        let (gradient, _) = derivatives(&bounded, f64::from(offset), MIN_SLOPE);
        assert!(gradient[0].abs() < 1e-3, "{gradient:?}");
    }

    #[test]
    fn equal_evidence_stays_together_in_any_order() {
        let label = |evidence, is_right| Label { weighing: free(evidence), is_right, is_answerable: true };
        let mut given: Vec<Label> = (0..1_200).map(|i| label(0.3 + 0.4 * f64::from(i % 3 / 2), i % 4 > 0)).collect();
        given.sort_by(|a, b| a.weighing.evidence.total_cmp(&b.weighing.evidence).then(b.is_right.cmp(&a.is_right)));
        let sorted = isotonic(&weighed(&given, 1.0));
        given.sort_by(|a, b| a.weighing.evidence.total_cmp(&b.weighing.evidence).then(a.is_right.cmp(&b.is_right)));
        assert_eq!(sorted, isotonic(&weighed(&given, 1.0)));
        let ConfidenceMap::Isotonic { points } = sorted else { panic!("points") };
        assert!(points.len() <= 2, "{points:?}");
    }

    proptest! {
        #[test]
        fn maps_and_curves_keep_order_and_bounds(
            found in prop::collection::vec((0.0..=1.0_f64, any::<bool>()), 30..1200),
            lost in prop::collection::vec(0.0..=1.0_f64, 10..60),
            at in prop::collection::vec(0.0..=1.0_f32, 2..20),
        ) {
            let found = found.into_iter().map(|(evidence, is_right)| Label { weighing: free(evidence), is_right, is_answerable: true });
            let lost = lost.into_iter().map(|evidence| Label { weighing: free(evidence), is_right: false, is_answerable: false });
            let fitted = Calibration::fit(&found.chain(lost).collect::<Vec<_>>()).unwrap();
            let mut at = at;
            at.sort_by(f32::total_cmp);
            let values: Vec<f32> = at.iter().map(|value| fitted.map.apply(*value)).collect();
            prop_assert!(values.is_sorted() && values.iter().all(|value| (0.0..=1.0).contains(value)), "{values:?}");
            let cuts: Vec<f32> = (50..=100).map(|percent| cut_on(&fitted.precision_at_cut, percent as f32 / 100.0)).collect();
            prop_assert!(cuts.is_sorted() && cuts.iter().all(|cut| (0.0..=1.0).contains(cut)), "{cuts:?}");
            let json = serde_json::to_string(&fitted).unwrap();
            let back: Calibration = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(back, fitted);
        }
    }
}
