//! Likeness of two texts by the character bigrams they share: the small, language-blind part of attribution.

use super::normalise::matching_form;
use super::script::{Script, script};

/// The character bigrams of a text in matching form. They are taken inside words (letters, digits, marks), so punctuation
/// and spacing do not count; a word of one character is its own bigram.
#[derive(Debug, Clone, Default)]
pub struct Bigrams {
    /// Sorted, repeats kept: the first character above the second.
    pairs: Box<[u64]>,
}

impl Bigrams {
    /// Those of `text`.
    pub fn of(text: &str) -> Self {
        Self { pairs: bigrams(text).into() }
    }

    /// The Dice coefficient of the two: 0 (nothing shared) to 1 (the same bigrams). 0 when either has none.
    pub fn overlap(&self, other: &Self) -> f32 {
        let (a, b) = (&self.pairs, &other.pairs);
        if a.is_empty() || b.is_empty() {
            return 0.0;
        }
        let (mut i, mut j, mut shared) = (0, 0, 0_usize);
        while i < a.len() && j < b.len() {
            let (left, right) = (a[i], b[j]);
            // Without a branch: which of them is less is as good as chance.
            shared += usize::from(left == right);
            i += usize::from(left <= right);
            j += usize::from(right <= left);
        }
        2.0 * shared as f32 / (a.len() + b.len()) as f32
    }
}

fn pair(first: char, second: char) -> u64 {
    u64::from(u32::from(first)) << u32::BITS | u64::from(u32::from(second))
}

fn bigrams(text: &str) -> Vec<u64> {
    let text = matching_form(text);
    let mut pairs = Vec::with_capacity(text.len());
    let mut previous: Option<char> = None;
    let mut word = 0_usize;
    for c in text.chars().chain(std::iter::once(' ')) {
        if script(c) == Script::None {
            if let (1, Some(only)) = (word, previous) {
                pairs.push(pair(only, only));
            }
            (previous, word) = (None, 0);
            continue;
        }
        if let Some(previous) = previous {
            pairs.push(pair(previous, c));
        }
        (previous, word) = (Some(c), word + 1);
    }
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn overlap_is_the_dice_coefficient() {
        let check = |a: &str, b: &str, expect: f32| {
            let found = Bigrams::of(a).overlap(&Bigrams::of(b));
            assert!((found - expect).abs() < 1e-6, "{a} / {b}: {found}");
        };
        check("night", "nacht", 0.25);
        check("브로커 재시작", "브로커, 재시작!", 1.0);
        check("Kafka", "ＫＡＦＫＡ", 1.0);
        check("a b", "b c", 0.5);
        check("", "abc", 0.0);
        check("abc", "xyz", 0.0);
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_and_bounded(a in "\\PC{0,30}", b in "\\PC{0,30}") {
            let (a, b) = (Bigrams::of(&a), Bigrams::of(&b));
            prop_assert!((0.0..=1.0).contains(&a.overlap(&b)));
            prop_assert_eq!(a.overlap(&b), b.overlap(&a));
        }
    }
}
