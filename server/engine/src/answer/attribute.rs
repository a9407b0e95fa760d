//! Which evidence stands behind a sentence. Sentence against evidence sentences: .9 cosine + .1 bigram overlap, those
//! within 1 % of the best, above a floor that is a quantile of the model's background and is never lowered until
//! something matches. Every number and identifier of the sentence must stand in the text cited.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde::Serialize;

use crate::index::vectors::dot;
use crate::text::{Bigrams, Fact, facts};

use super::background::{Background, Distribution};

const COSINE_WEIGHT: f32 = 0.9;
const OVERLAP_WEIGHT: f32 = 0.1;
/// Evidence this close to the best, relative to it, is cited beside it.
pub(super) const WITHIN_OF_BEST: f32 = 0.01;
/// Unrelated sentences exceed this quantile once in a thousand.
const SUPPORTED_QUANTILE: f32 = 0.999;
/// Unrelated sentences exceed this quantile twice in a hundred.
const WEAK_QUANTILE: f32 = 0.98;
/// Where no background was measured nothing but a near copy counts.
const FALLBACK_FLOOR: f32 = 0.95;

/// How well a sentence is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// Evidence well above the background, and every fact stands in it.
    Supported,
    /// Evidence above the background, but not clearly.
    Weak,
    /// Nothing stands behind it.
    Unsupported,
}

/// A sentence of the evidence.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Its text.
    pub text: String,
    /// Its unit vector.
    pub vector: Vec<f32>,
    /// The text's bigrams, once they were asked for: a sentence that is compared is compared with many.
    bigrams: OnceLock<Bigrams>,
}

impl Evidence {
    /// A sentence and its unit vector, which may be empty where it is not to be compared.
    pub fn new(text: String, vector: Vec<f32>) -> Self {
        Self { text, vector, bigrams: OnceLock::new() }
    }

    /// The share of bigrams that both have.
    pub fn overlap(&self, other: &Self) -> f32 {
        self.bigrams().overlap(other.bigrams())
    }

    fn bigrams(&self) -> &Bigrams {
        self.bigrams.get_or_init(|| Bigrams::of(&self.text))
    }
}

/// The cuts on the similarity scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floors {
    /// From here on a sentence is supported.
    pub supported: f32,
    /// From here on it is weakly supported.
    pub weak: f32,
}

impl Floors {
    /// From the background. `min_similarity` is the share of unrelated pairs that a citation must exceed; nothing below
    /// it is cited, weakly or not.
    pub fn of(background: &Background, min_similarity: Option<f32>) -> Self {
        Self::among(&background.sentence_pairs, min_similarity)
    }

    /// The same for sentences without headings.
    pub fn of_bare(background: &Background, min_similarity: Option<f32>) -> Self {
        Self::among(&background.bare_sentence_pairs, min_similarity)
    }

    fn among(unrelated: &Distribution, min_similarity: Option<f32>) -> Self {
        let quantile = |p| unrelated.quantile(p).unwrap_or(FALLBACK_FLOOR);
        let (weak, supported) = match min_similarity {
            Some(share) => (share, share.max(SUPPORTED_QUANTILE)),
            None => (WEAK_QUANTILE, SUPPORTED_QUANTILE),
        };
        // Where unrelated sentences are near copies nothing but a near copy counts, but a near copy does.
        let floor = |p| quantile(p).min(1.0 - WITHIN_OF_BEST);
        Self { supported: floor(supported), weak: floor(weak) }
    }
}

/// What was found for one sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The verdict.
    pub support: Support,
    /// Positions in the evidence, best first, with their similarity.
    pub cited: Vec<(usize, f32)>,
}

/// How alike two sentences are: what floors are measured on and applied to.
pub fn similarity(a: &Evidence, b: &Evidence) -> f32 {
    COSINE_WEIGHT * dot(&a.vector, &b.vector) + OVERLAP_WEIGHT * a.overlap(b)
}

/// Finds the evidence for a sentence; at most `max_citations` of it.
pub fn attribute(sentence: &Evidence, evidence: &[Evidence], floors: Floors, max_citations: usize) -> Attribution {
    let needed: Vec<Fact> = facts(&sentence.text);
    let mut scored: Vec<(usize, f32)> = evidence.iter().map(|e| similarity(sentence, e)).enumerate().collect();
    scored.retain(|(at, score)| *score >= floors.weak && stands_in(&needed, &evidence[*at].text));
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let best = scored.first().map_or(f32::INFINITY, |(_, score)| *score);
    scored.retain(|(_, score)| *score >= best * (1.0 - WITHIN_OF_BEST));
    scored.truncate(max_citations);
    let support = match scored.first() {
        Some((_, score)) if *score >= floors.supported => Support::Supported,
        Some(_) => Support::Weak,
        None => Support::Unsupported,
    };
    Attribution { support, cited: scored }
}

/// The evidence for a sentence that was quoted: `evidence[at]` itself, which needs no judgement, then the same statement
/// elsewhere, within 1 % of it. At most `max_citations` of it, one at least.
pub fn attribute_quoted(at: usize, evidence: &[Evidence], floors: Floors, max_citations: usize) -> Attribution {
    // What was not weighed has no vector to be compared by.
    let comparable = |other: &usize| !evidence[at].vector.is_empty() && !evidence[*other].vector.is_empty();
    let elsewhere: Vec<usize> = (0..evidence.len()).filter(|other| *other != at).filter(comparable).collect();
    let others: Vec<Evidence> = elsewhere.iter().map(|other| evidence[*other].clone()).collect();
    let found = attribute(&evidence[at], &others, floors, max_citations.saturating_sub(1));
    let same = found.cited.iter().filter(|(_, score)| *score >= 1.0 - WITHIN_OF_BEST);
    let cited = std::iter::once((at, 1.0)).chain(same.map(|(other, score)| (elsewhere[*other], score.min(1.0))));
    Attribution { support: Support::Supported, cited: cited.collect() }
}

/// Whether each of some facts stands in a text.
pub(super) fn stands_in(needed: &[Fact], text: &str) -> bool {
    if needed.is_empty() {
        return true;
    }
    let present: HashSet<Fact> = facts(text).into_iter().collect();
    needed.iter().all(|fact| present.contains(fact))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(text: &str, angle: f32) -> Evidence {
        Evidence::new(text.to_owned(), vec![angle.cos(), angle.sin()])
    }

    const FLOORS: Floors = Floors { supported: 0.9, weak: 0.8 };

    #[test]
    fn the_same_sentence_is_cited_and_a_distant_one_is_not() {
        let said = evidence("Restart the gateway.", 0.0);
        let given = [evidence("Lunch is at noon.", 1.5), said.clone()];
        let found = attribute(&said, &given, FLOORS, 4);
        assert_eq!((found.support, found.cited[0].0, found.cited.len()), (Support::Supported, 1, 1));
        assert_eq!(attribute(&said, &given[..1], FLOORS, 4).support, Support::Unsupported);
    }

    #[test]
    fn a_number_that_the_evidence_lacks_is_never_supported() {
        let said = evidence("Wait 15 minutes before the restart.", 0.0);
        let near = evidence("Wait 50 minutes before the restart.", 0.0);
        assert_eq!(attribute(&said, &[near], FLOORS, 4).support, Support::Unsupported);
    }

    #[test]
    fn citations_are_bounded_and_only_those_near_the_best() {
        let said = evidence("Restart the gateway.", 0.0);
        let same = vec![said.clone(); 6];
        assert_eq!(attribute(&said, &same, FLOORS, 4).cited.len(), 4);
        let further = evidence("Restart the gateway.", 0.3);
        assert_eq!(attribute(&said, &[said.clone(), further], FLOORS, 4).cited.len(), 1);
    }

    /// With boilerplate on every page the floors once reached 1.0, and rounding decided whether a quotation was supported.
    #[test]
    fn a_quotation_is_supported_by_its_passage_and_by_the_same_words_elsewhere() {
        let highest = Floors { supported: 1.1, weak: 1.1 };
        let given = [
            evidence("Restart the gateway.", 0.0),
            evidence("Page the owner.", 1.0),
            evidence("Restart the gateway.", 0.0),
        ];
        let alone = attribute_quoted(0, &given, highest, 4);
        assert_eq!((alone.support, alone.cited.as_slice()), (Support::Supported, &[(0, 1.0)][..]));
        let found = attribute_quoted(2, &given, FLOORS, 4);
        assert_eq!(found.cited.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(attribute_quoted(2, &given, FLOORS, 1).cited.len(), 1);
    }

    #[test]
    fn between_the_floors_support_is_weak() {
        let said = evidence("Restart the gateway.", 0.0);
        let near = evidence("Restart the gateway.", 0.55);
        assert_eq!(attribute(&said, &[near], FLOORS, 4).support, Support::Weak);
    }

    #[test]
    fn floors_come_from_the_background_unless_set() {
        let background = Background {
            sentence_pairs: super::super::background::Distribution::of((0..=1000).map(|i| i as f32 * 0.0009).collect()),
            ..Background::default()
        };
        let floors = Floors::of(&background, None);
        assert!((floors.supported - 0.8991).abs() < 0.001 && (floors.weak - 0.882).abs() < 0.001, "{floors:?}");
        let set = Floors::of(&background, Some(0.5));
        assert!((set.weak - 0.45).abs() < 1e-3 && set.supported == floors.supported, "{set:?}");
        let strict = Floors::of(&background, Some(1.0));
        assert_eq!((strict.weak, strict.supported), (0.9, 0.9));
        let copies =
            Background { sentence_pairs: super::super::background::Distribution::of(vec![1.0; 9]), ..background };
        assert_eq!(Floors::of(&copies, None), Floors { supported: 0.99, weak: 0.99 });
        assert_eq!(Floors::of(&Background::default(), None).supported, FALLBACK_FLOOR);
    }
}
