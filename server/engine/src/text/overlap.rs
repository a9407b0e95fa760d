//! Likeness of two texts by the character bigrams they share: the small, language-blind part of attribution.

use super::normalise::matching_form;
use super::script::{Script, script};

/// The Dice coefficient of the two texts' character bigrams in matching form: 0 (nothing shared) to 1 (the same
/// bigrams). Bigrams are taken inside words (letters, digits, marks), so punctuation and spacing do not count; a word
/// of one character is its own bigram. 0 when either text has no word.
pub fn bigram_overlap(a: &str, b: &str) -> f32 {
    let (a, b) = (bigrams(a), bigrams(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let (mut i, mut j, mut shared) = (0, 0, 0_usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    2.0 * shared as f32 / (a.len() + b.len()) as f32
}

/// The sorted bigrams of a text, repeats kept.
fn bigrams(text: &str) -> Vec<(char, char)> {
    let text = matching_form(text);
    let mut pairs = Vec::with_capacity(text.len());
    let mut previous: Option<char> = None;
    let mut word = 0_usize;
    for c in text.chars().chain(std::iter::once(' ')) {
        if script(c) == Script::None {
            if let (1, Some(only)) = (word, previous) {
                pairs.push((only, only));
            }
            (previous, word) = (None, 0);
            continue;
        }
        if let Some(previous) = previous {
            pairs.push((previous, c));
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
            let found = bigram_overlap(a, b);
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
            let overlap = bigram_overlap(&a, &b);
            prop_assert!((0.0..=1.0).contains(&overlap));
            prop_assert_eq!(overlap, bigram_overlap(&b, &a));
        }
    }
}
