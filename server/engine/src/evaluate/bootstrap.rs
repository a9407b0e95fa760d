//! How sure is a mean over queries? Percentile bootstrap intervals and the paired randomisation test.
//!
//! Every draw comes from the seed that the caller gives, so that a report can be repeated to the last digit.
//! Source: Efron and Tibshirani, "An Introduction to the Bootstrap", chapters 13 and 15; for retrieval, Smucker, Allan
//! and Carterette, "A comparison of statistical significance tests for information retrieval evaluation" (CIKM 2007).

use serde::{Deserialize, Serialize};

use super::metrics::{mean, percentile};

/// Fewer resamples leave the ends of a 95 % interval to chance.
pub const FEWEST_RESAMPLES: u32 = 1_000;
/// More resamples no longer move the third digit.
pub const MOST_RESAMPLES: u32 = 10_000;
/// The share of the bootstrap distribution that an interval holds.
pub const LEVEL: f64 = 0.95;

/// How intervals are drawn. The same settings on the same values give the same interval on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bootstrap {
    resamples: u32,
    seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 2_000, seed: 42 }
    }
}

/// A 95 % interval: both ends are within the range of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The 2.5 % quantile.
    pub low: f64,
    /// The 97.5 % quantile.
    pub high: f64,
}

/// The mean of paired differences, how sure it is, and how likely chance alone makes one as large.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairedDifference {
    /// The mean of the differences.
    pub difference: f64,
    /// The bootstrap interval of that mean.
    pub interval: Interval,
    /// Two-sided p-value of the sign-flip randomisation test; at least 1 / (resamples + 1).
    pub p_value: f64,
}

impl Bootstrap {
    /// `resamples` outside [`FEWEST_RESAMPLES`]..=[`MOST_RESAMPLES`] is moved to the nearer end, which bounds the time.
    pub fn new(resamples: u32, seed: u64) -> Self {
        Self { resamples: resamples.clamp(FEWEST_RESAMPLES, MOST_RESAMPLES), seed }
    }

    /// How many times the values are drawn anew.
    pub fn resamples(&self) -> u32 {
        self.resamples
    }

    /// The percentile interval of the mean of `values` (one per query). The interval of nothing is 0..0. Two lists of
    /// one length are resampled alike, so that intervals of several metrics speak of the same resampled queries.
    pub fn mean_interval(&self, values: &[f64]) -> Interval {
        let mut random = SplitMix64::new(self.seed);
        let draw = || values[random.below(values.len())];
        let mut draws = std::iter::repeat_with(draw);
        let mut means = Vec::with_capacity(self.resamples as usize);
        for _ in 0..self.resamples {
            let total: f64 = draws.by_ref().take(values.len()).sum();
            means.push(if values.is_empty() { 0.0 } else { total / values.len() as f64 });
        }
        means.sort_by(f64::total_cmp);
        let tail = (1.0 - LEVEL) / 2.0 * 100.0;
        let end = |percent| percentile(&means, percent).unwrap_or(0.0);
        Interval { low: end(tail), high: end(100.0 - tail) }
    }

    /// Tests whether the mean of `differences` (run B − run A, one per query) differs from 0: under the null hypothesis
    /// each query's sign is a coin toss. No differences, or only zeros, give p = 1.
    pub fn paired(&self, differences: &[f64]) -> PairedDifference {
        let observed = differences.iter().sum::<f64>().abs();
        let mut random = SplitMix64::new(self.seed ^ SIGN_STREAM);
        let as_large = (0..self.resamples)
            .filter(|_| differences.iter().map(|value| random.signed(*value)).sum::<f64>().abs() >= observed - 1e-9)
            .count();
        PairedDifference {
            difference: mean(differences),
            interval: self.mean_interval(differences),
            p_value: (as_large as f64 + 1.0) / (f64::from(self.resamples) + 1.0),
        }
    }
}

/// Keeps the coin tosses apart from the resampling draws of the same seed; any odd pattern does.
const SIGN_STREAM: u64 = 0x5349_474e_5354_5231;

/// The SplitMix64 generator (Steele, Lea and Flood, OOPSLA 2014): small, fast, and ample for resampling.
#[derive(Debug, Clone)]
pub(super) struct SplitMix64(u64);

impl SplitMix64 {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`; by multiplication, whose bias is under `bound` / 2^64. `bound` 0 gives 0.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    fn signed(&mut self, value: f64) -> f64 {
        if self.next() >> 63 == 0 { value } else { -value }
    }
}

/// The output function of SplitMix64: every bit of the result depends on every bit of `state`.
pub(super) fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The first five outputs for seed 1234567 of the authors' reference implementation (splitmix64.c by S. Vigna).
    #[test]
    fn the_generator_gives_the_reference_sequence() {
        let mut random = SplitMix64::new(1_234_567);
        let expect = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(expect, std::array::from_fn(|_| random.next()));
    }

    // By theory: the mean of 400 values, half 0 and half 1, has standard error 0.5 / 20 = 0.025, so 95 % is ± 0.049.
    #[test]
    fn the_interval_has_the_width_that_theory_gives() {
        let values: Vec<f64> = (0..400).map(|index| f64::from(index % 2)).collect();
        let interval = Bootstrap::new(10_000, 7).mean_interval(&values);
        assert!((interval.low - 0.451).abs() < 0.006, "{interval:?}");
        assert!((interval.high - 0.549).abs() < 0.006, "{interval:?}");
    }

    #[test]
    fn the_same_seed_repeats_and_another_seed_differs() {
        let values: Vec<f64> = (0..50).map(|index| f64::from(index).sin().abs()).collect();
        let interval = |seed| Bootstrap::new(1_000, seed).mean_interval(&values);
        assert_eq!(interval(1), interval(1));
        assert_ne!(interval(1), interval(2));
    }

    #[test]
    fn degenerate_inputs_have_point_intervals() {
        let bootstrap = Bootstrap::default();
        for (values, expect) in [(vec![], 0.0), (vec![0.25], 0.25), (vec![0.5; 9], 0.5)] {
            assert_eq!(bootstrap.mean_interval(&values), Interval { low: expect, high: expect });
        }
    }

    #[test]
    fn resamples_are_kept_within_their_limits() {
        for (asked, kept) in [(0, 1_000), (1_000, 1_000), (5_000, 5_000), (u32::MAX, 10_000)] {
            assert_eq!(Bootstrap::new(asked, 0).resamples(), kept);
        }
    }

    // Exact: with n equal differences the sum is as large only when all signs agree, which happens with 2 / 2^n.
    #[test]
    fn the_p_value_matches_the_exact_sign_test() {
        for (n, exact) in [(1, 1.0), (2, 0.5), (5, 0.0625), (20, 0.0)] {
            let p_value = Bootstrap::new(10_000, 3).paired(&vec![0.1; n]).p_value;
            assert!((p_value - exact).abs() < 0.01, "{n}: {p_value} against {exact}");
        }
    }

    #[test]
    fn no_difference_is_never_significant() {
        for differences in [vec![], vec![0.0; 30]] {
            let paired = Bootstrap::default().paired(&differences);
            assert_eq!((paired.difference, paired.p_value), (0.0, 1.0));
        }
    }

    #[test]
    fn swapping_the_runs_mirrors_the_difference() {
        let differences: Vec<f64> = (0..40).map(|index| f64::from(index % 5) / 10.0 - 0.1).collect();
        let swapped: Vec<f64> = differences.iter().map(|value| -value).collect();
        let (there, back) = (Bootstrap::default().paired(&differences), Bootstrap::default().paired(&swapped));
        assert!((there.difference + back.difference).abs() < 1e-12);
        assert_eq!(there.p_value, back.p_value);
        assert!(there.p_value < 0.01 && there.interval.low > 0.0 && back.interval.high < 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn intervals_are_ordered_and_inside_the_values(values in prop::collection::vec(0.0..=1.0_f64, 1..80), seed: u64) {
            let interval = Bootstrap::new(1_000, seed).mean_interval(&values);
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(0.0, f64::max);
            prop_assert!(least - 1e-9 <= interval.low && interval.low <= interval.high && interval.high <= most + 1e-9);
        }

        #[test]
        fn p_values_are_probabilities(differences in prop::collection::vec(-1.0..=1.0_f64, 0..60), seed: u64) {
            let paired = Bootstrap::new(1_000, seed).paired(&differences);
            prop_assert!(paired.p_value > 0.0 && paired.p_value <= 1.0);
        }
    }
}
