//! What unrelated things score with this model on this index. A raw cosine means nothing by itself (e5-small gives
//! unrelated questions .76 to .84), so every cut is a quantile of the distributions measured here, at build.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::Language;

/// At most this many values of a distribution are kept: enough for its 99.8th percentile.
const MAX_VALUES: usize = 512;

/// Cosines, sorted ascending, thinned evenly to at most 512.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Distribution(Vec<f32>);

impl Distribution {
    /// Of raw values in any order; those that are not finite are left out.
    pub fn of(mut values: Vec<f32>) -> Self {
        values.retain(|value| value.is_finite());
        values.sort_by(f32::total_cmp);
        if values.len() > MAX_VALUES {
            let last = (values.len() - 1) as f64;
            let at = |i: usize| (i as f64 / (MAX_VALUES - 1) as f64 * last).round() as usize;
            values = (0..MAX_VALUES).map(|i| values[at(i)]).collect();
        }
        Self(values)
    }

    /// How many values stand behind it, at most 512.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value below which a share `p` of the values lies, by linear interpolation; `None` when nothing was
    /// measured.
    pub fn quantile(&self, p: f32) -> Option<f32> {
        let last = self.0.len().checked_sub(1)?;
        let at = f64::from(p.clamp(0.0, 1.0)) * last as f64;
        let (low, high) = (at.floor() as usize, at.ceil() as usize);
        let share = (at - at.floor()) as f32;
        Some(self.0[low] + (self.0[high] - self.0[low]) * share)
    }

    /// How many robust deviations `value` lies above the median. The deviation is taken from the quartiles
    /// (IQR / 1.349, that of a normal distribution), and never below `floor`.
    pub fn deviations_above_median(&self, value: f32, floor: f32) -> Option<f32> {
        let (low, median, high) = (self.quantile(0.25)?, self.quantile(0.5)?, self.quantile(0.75)?);
        Some((value - median) / ((high - low) / 1.349).max(floor))
    }
}

/// The model's background on one index.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Background {
    /// Cosines of sentences from different documents.
    pub sentence_pairs: Distribution,
    /// The best cosine of questions that have nothing to do with operations, by the question's language.
    pub off_topic_cosine: BTreeMap<Language, Distribution>,
    /// The confidence of those same questions.
    pub off_topic_confidence: Distribution,
    /// How much closer such questions come to passages in their own language than to those in another: by the
    /// question's language, then the passage's. A model of several languages favours its own for no reason of content.
    pub language_bias: BTreeMap<Language, BTreeMap<Language, f32>>,
}

impl Background {
    /// Off-topic cosines for a language; another language's where it was not measured.
    pub fn off_topic(&self, language: Language) -> Option<&Distribution> {
        self.off_topic_cosine.get(&language).or_else(|| self.off_topic_cosine.values().next())
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
        assert!((large.quantile(0.99).unwrap() - 9_899.0).abs() < 20.0);
        assert_eq!(Distribution::default().quantile(0.5), None);
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
