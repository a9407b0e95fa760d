//! What unrelated things score with this model on this index. A raw cosine means nothing by itself (e5-small gives
//! unrelated questions .76 to .84), so every cut is a quantile of the distributions measured here, at build.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use crate::document::Language;
use crate::retrieve::Channels;

/// The smallest deviation of off-topic cosines that is believed: half of what e5-small shows.
pub(super) const MIN_DEVIATION: f32 = 0.006;

/// At most this many values of a distribution are kept.
const MAX_VALUES: usize = 512;
/// Of more values, the highest sixty-fourth is kept finer, for quantiles such as the 99.9th percentile.
const TAIL_SHARE: f64 = 1.0 / 64.0;
const MAX_TAIL: usize = 256;

/// Scores, sorted ascending, thinned evenly where there are many.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    values: Vec<f32>,
    /// The highest sixty-fourth of the raw values; empty where `values` has them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tail: Vec<f32>,
}

impl Distribution {
    /// Of raw values in any order; those that are not finite are left out.
    pub fn of(mut values: Vec<f32>) -> Self {
        values.retain(|value| value.is_finite());
        values.sort_by(f32::total_cmp);
        if values.len() <= MAX_VALUES {
            return Self { values, tail: Vec::new() };
        }
        let tail = (0..MAX_TAIL).map(|i| {
            let share = i as f64 / (MAX_TAIL - 1) as f64;
            interpolated(&values, 1.0 - TAIL_SHARE * (1.0 - share))
        });
        let tail = tail.collect();
        let body = (0..MAX_VALUES).map(|i| interpolated(&values, i as f64 / (MAX_VALUES - 1) as f64)).collect();
        Self { values: body, tail }
    }

    /// How many values are kept, at most 512.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value below which a share `p` of the values lies, by linear interpolation; `None` when nothing was
    /// measured.
    pub fn quantile(&self, p: f32) -> Option<f32> {
        if self.values.is_empty() {
            return None;
        }
        let p = f64::from(p.clamp(0.0, 1.0));
        let into_tail = (p - (1.0 - TAIL_SHARE)) / TAIL_SHARE;
        let in_tail = into_tail >= 0.0 && !self.tail.is_empty();
        Some(if in_tail { interpolated(&self.tail, into_tail) } else { interpolated(&self.values, p) })
    }

    /// The robust deviation: from the quartiles (IQR / 1.349, that of a normal distribution), never below `floor`.
    pub fn deviation(&self, floor: f32) -> Option<f32> {
        let (low, high) = (self.quantile(0.25)?, self.quantile(0.75)?);
        Some(((high - low) / 1.349).max(floor))
    }

    /// How many robust deviations `value` lies above the median.
    pub fn deviations_above_median(&self, value: f32, floor: f32) -> Option<f32> {
        Some((value - self.quantile(0.5)?) / self.deviation(floor)?)
    }
}

/// The value at share `p` of sorted values, which are not empty.
fn interpolated(values: &[f32], p: f64) -> f32 {
    let at = p.clamp(0.0, 1.0) * (values.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    values[low] + (values[high] - values[low]) * (at - at.floor()) as f32
}

/// The model's background on one index.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Background {
    /// Similarities (`answer::attribute`) of sentences from different documents.
    pub sentence_pairs: Distribution,
    /// The same of sentences without their headings: what a sentence that a model wrote is compared by, which has none.
    #[serde(default)]
    pub bare_sentence_pairs: Distribution,
    /// The best cosine of questions that have nothing to do with operations, by the question's language.
    pub off_topic_cosine: BTreeMap<Language, Distribution>,
    /// How close those questions come to small talk (`answer::small_talk`), by language.
    #[serde(default)]
    pub small_talk: BTreeMap<Language, Distribution>,
    /// The confidence of those same questions, by the channels that were searched.
    pub off_topic_confidence: BTreeMap<Channels, Distribution>,
    /// How much closer such questions come to passages in their own language than to those in another: by the
    /// question's language, then the passage's. A model of several languages favours its own for no reason of content.
    pub language_bias: BTreeMap<Language, BTreeMap<Language, f32>>,
    /// What the index's own questions say of its confidence, by the channels that were searched; empty without a gold set of
    /// enough of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calibration: BTreeMap<Channels, Calibration>,
    /// How many passages are in each language.
    #[serde(default)]
    pub passages: BTreeMap<Language, u32>,
}

/// An index holds a language with so many passages in it, or with a smaller share of few ...
const HELD_PASSAGES: u32 = 10;
/// ... which is this one: a tenth.
const HELD_SHARE: u32 = 10;

/// Whether an index holds passages in the language of a question, enough of them to tell its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnLanguage {
    /// It does.
    Held,
    /// It does not.
    Absent,
}

impl Background {
    /// Whether the index holds passages in `language`.
    pub fn holds(&self, language: Language) -> OwnLanguage {
        let all: u32 = self.passages.values().sum();
        let own = self.passages.get(&language).copied().unwrap_or(0);
        let is_held = own >= HELD_PASSAGES || (own > 0 && own * HELD_SHARE >= all);
        if is_held { OwnLanguage::Held } else { OwnLanguage::Absent }
    }

    /// Off-topic cosines for a language. Where it was not measured, those of the language in which unrelated questions
    /// come closest: too careful rather than too bold.
    pub fn off_topic(&self, language: Language) -> Option<&Distribution> {
        let median = |distribution: &Distribution| distribution.quantile(0.5).unwrap_or(f32::NEG_INFINITY);
        let closest = || self.off_topic_cosine.values().max_by(|a, b| median(a).total_cmp(&median(b)));
        self.off_topic_cosine.get(&language).or_else(closest)
    }

    /// What to add to the cosine of a question and a passage in these languages; 0 where nothing was measured.
    pub fn language_bias(&self, question: Option<Language>, passage: Option<Language>) -> f32 {
        let (Some(question), Some(passage)) = (question, passage) else { return 0.0 };
        self.language_bias.get(&question).and_then(|by_passage| by_passage.get(&passage)).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_and_survive_thinning() {
        let small = Distribution::of(vec![3.0, f32::NAN, 1.0, 2.0]);
        assert_eq!(
            (small.len(), small.quantile(0.0), small.quantile(0.75), small.quantile(1.0)),
            (3, Some(1.0), Some(2.5), Some(3.0))
        );
        let large = Distribution::of((0..10_000).map(|i| i as f32).collect());
        assert_eq!(large.len(), 512);
        for p in [0.3, 0.97, 0.99, 0.999, 0.9999, 1.0_f32] {
            assert!((large.quantile(p).unwrap() - p * 9_999.0).abs() < 0.5, "{p}: {:?}", large.quantile(p));
        }
        assert_eq!(Distribution::default().quantile(0.5), None);
    }

    #[test]
    fn a_language_that_was_not_measured_is_judged_by_the_closest_one() {
        let of = |value: f32| Distribution::of(vec![value; 9]);
        let off_topic_cosine = [(Language::Korean, of(0.78)), (Language::English, of(0.82))].into();
        let background = Background { off_topic_cosine, ..Background::default() };
        let median = |language| background.off_topic(language).and_then(|d| d.quantile(0.5));
        assert_eq!((median(Language::Korean), median(Language::Other)), (Some(0.78), Some(0.82)));
    }

    #[test]
    fn a_language_is_held_with_ten_passages_or_a_tenth_of_them() {
        for (own, others, expect) in [
            (10, 5_000, OwnLanguage::Held),
            (3, 4, OwnLanguage::Held),
            (9, 200, OwnLanguage::Absent),
            (0, 0, OwnLanguage::Absent),
        ] {
            let passages = [(Language::Korean, own), (Language::English, others)].into();
            let background = Background { passages, ..Background::default() };
            assert_eq!(background.holds(Language::Korean), expect, "{own} of {others}");
        }
    }

    #[test]
    fn deviations_are_robust_and_floored() {
        let spread = Distribution::of((0..=100).map(|i| i as f32 / 100.0).chain([1e6]).collect());
        let above = spread.deviations_above_median(0.875, 0.001).unwrap();
        assert!((above - 1.0).abs() < 0.05, "{above}");
        let flat = Distribution::of(vec![0.8; 10]);
        assert!((flat.deviations_above_median(0.81, 0.01).unwrap() - 1.0).abs() < 1e-4);
    }
}
