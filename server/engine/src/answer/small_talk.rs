//! Small talk: greetings, thanks, tests of the machine. It asks for nothing, yet some passage is always near it. What is
//! one of the examples, or says the same, is escalated as small talk; what is only near them is told so where it would not
//! have been answered anyway and has no question mark.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use ragops_embed::{EmbedError, EmbeddingModel, Embeddings};

use crate::document::Language;
use crate::index::vectors::dot;
use crate::text::matching_form;

use super::background::{Distribution, MIN_DEVIATION};

/// Examples; see the head of the file.
pub(crate) const EXAMPLES: &str = include_str!("small_talk.txt");

/// Deviations above the off-topic median from which on something is near small talk: nine of ten pieces that are not among
/// the examples reach 4.4. Short questions do so too ("No pods running": 4.5), long ones stay under 3.7.
const MIN_DEVIATIONS: f32 = 4.2;
/// From here on it is an example in other words ("thank you so much"). Of the short questions tried none exceeds 8.1.
const SAME_DEVIATIONS: f32 = 9.0;

/// How near a question is to small talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    /// As far as unrelated questions are, or farther than a passage is.
    Far,
    /// Near, as short questions may be too.
    Near,
    /// An example in other words.
    Same,
}

/// The examples, embedded.
pub struct SmallTalk {
    vectors: Embeddings,
}

impl SmallTalk {
    /// Embeds the examples: some 100 short texts.
    pub fn embed(model: &dyn EmbeddingModel) -> Result<Self, EmbedError> {
        let texts: Vec<&str> = examples().collect();
        Ok(Self { vectors: model.embed_queries(&texts)? })
    }

    /// Cosine with the nearest example.
    pub fn closeness(&self, question: &[f32]) -> f32 {
        self.vectors.rows().map(|example| dot(question, example)).fold(-1.0, f32::max)
    }
}

/// Whether a question is one of the examples, letters and digits compared.
pub(super) fn is_phrase(question: &str) -> bool {
    static PHRASES: LazyLock<HashSet<String>> = LazyLock::new(|| examples().map(letters).collect());
    PHRASES.contains(&letters(question))
}

fn letters(text: &str) -> String {
    matching_form(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn examples() -> impl Iterator<Item = &'static str> {
    EXAMPLES.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty())
}

/// How near a question so close to small talk is to it: `background` is how close unrelated questions come, by language, and
/// `best_passage` the cosine with the best passage.
pub(super) fn nearness(
    closeness: f32,
    best_passage: Option<f32>,
    background: &BTreeMap<Language, Distribution>,
    asked_in: Language,
) -> Nearness {
    let measured = background.get(&asked_in).or_else(|| background.values().next());
    let deviations = measured.and_then(|d| d.deviations_above_median(closeness, MIN_DEVIATION)).unwrap_or(0.0);
    match best_passage.is_none_or(|best| best < closeness) {
        true if deviations >= SAME_DEVIATIONS => Nearness::Same,
        true if deviations >= MIN_DEVIATIONS => Nearness::Near,
        _ => Nearness::Far,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_the_examples_however_they_are_written() {
        for (question, expect) in [
            ("Hello!", true),
            ("  THANK YOU. ", true),
            ("테스트", true),
            ("감사합니다~", true),
            ("Test the restore", false),
            ("감사 로그", false),
            ("Who is on call?", false),
            ("?!", false),
        ] {
            assert_eq!(is_phrase(question), expect, "{question}");
        }
    }

    #[test]
    fn only_what_is_far_nearer_to_small_talk_than_other_questions_and_passages_is_some() {
        let values: Vec<f32> = (0..=100).map(|i| 0.80 + i as f32 * 0.0004).collect();
        let background = [(Language::English, Distribution::of(values))].into();
        let check = |closeness, passage| nearness(closeness, passage, &background, Language::English);
        assert_eq!((check(0.91, Some(0.85)), check(0.91, None)), (Nearness::Near, Nearness::Near));
        assert_eq!(check(0.99, Some(0.85)), Nearness::Same);
        assert_eq!(check(0.86, Some(0.80)), Nearness::Far, "as near as unrelated questions come");
        assert_eq!(check(0.99, Some(0.995)), Nearness::Far, "a passage is nearer: an index about greetings");
        assert_eq!(nearness(1.0, None, &BTreeMap::new(), Language::English), Nearness::Far, "nothing was measured");
        assert_eq!(nearness(0.91, None, &background, Language::Other), Nearness::Near);
    }
}
