//! How likely it is that the index holds the answer: a number from 0 to 1, and the cut below which a question becomes
//! a ticket.
//!
//! Evidence is the best cosine, in deviations above what off-topic questions reach on this very index, and the share
//! of the question's words, weighted by rarity, that stand in the best passages. Where question and passage are in
//! different languages words cannot match, so they are not asked for.

use std::collections::HashSet;

use crate::document::Language;
use crate::index::IndexError;
use crate::retrieve::{Candidate, Channels, Retrieved};
use crate::revision::Revision;
use crate::settings::ConfidenceSettings;
use crate::text::{Analyzer, TokenBuffer, TokenKind, language};

use super::background::Background;
use super::names;

/// How many of the best passages may hold the question's words.
const COVERAGE_PASSAGES: usize = 3;

/// The smallest deviation of off-topic cosines that is believed: half of what e5-small shows.
pub(super) const MIN_DEVIATION: f32 = 0.006;

/// Evidence is worth at most this many deviations either way, so that one feature cannot drown the other.
const MAX_DEVIATIONS: f32 = 8.0;

/// Coefficients of the logistic, fitted on the halves `tune` of the sample gold set and of runbooks, with the off-topic
/// questions as negatives; see docs/adr/0008-confidence.md.
const SAME_LANGUAGE: Coefficients = Coefficients { intercept: -4.7, deviations: 2.2, coverage: 1.0 };
/// The same where the best passage is in another language, so that words say nothing.
const OTHER_LANGUAGE: Coefficients = Coefficients { intercept: -4.4, deviations: 1.9, coverage: 0.0 };
/// The same where only text was searched, so that words say all.
const WORDS_ONLY: Coefficients = Coefficients { intercept: -4.0, deviations: 0.0, coverage: 8.0 };

/// In the question's own language at least this share of its words must stand in the passages for full confidence;
/// long nonsense comes close to code blocks, as a vector, but none of its words is anywhere.
const MIN_COVERAGE: f32 = 0.15;

/// What a name that stands nowhere in the index takes from the logistic: a question about a product that no page names
/// is rarely answered, however near its subject.
const UNKNOWN_NAME: f32 = -2.5;

/// The lowest and highest cut that the background may ask for: a bound that holds off questions near the domain, and
/// one that keeps an index about everything from refusing everything. Chosen on the halves `tune`; see ADR 0008.
const CUT_BOUNDS: (f32, f32) = (0.5, 0.8);
/// The cut where nothing was measured.
const DEFAULT_CUT: f32 = 0.5;

struct Coefficients {
    intercept: f32,
    deviations: f32,
    coverage: f32,
}

/// What was seen of a question's evidence, and what follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// The probability that the index holds the answer, 0 to 1.
    pub value: f32,
    /// The best cosine in robust deviations above the off-topic median; `None` when only text was searched.
    pub deviations: Option<f32>,
    /// The share of the question's words, by rarity, in the best passages; 0 to 1.
    pub coverage: f32,
    /// Whether the best passage is in the question's language.
    pub same_language: bool,
    /// Whether the question names something that stands nowhere in the index.
    pub unknown_name: bool,
}

/// Judges what was found.
pub fn confidence(
    revision: &Revision,
    analyzer: &Analyzer,
    question: &str,
    found: &Retrieved,
) -> Result<Confidence, IndexError> {
    let background = &revision.manifest.background;
    let asked_in = language(question).unwrap_or(Language::Other);
    let coverage = coverage(revision, analyzer, question, found)?;
    let same_language = best_language(revision, found).is_none_or(|best| best == asked_in || coverage >= 0.5);
    let cosine = found.best_closeness();
    let distribution = background.off_topic(asked_in);
    let deviations = cosine.zip(distribution).and_then(|(cosine, d)| d.deviations_above_median(cosine, MIN_DEVIATION));
    let unknown_name = names::unknown(revision, analyzer, question)?;
    let mut confidence = Confidence { value: 0.0, deviations, coverage, same_language, unknown_name };
    if !found.candidates.is_empty() {
        confidence.value = judge(&confidence);
    }
    Ok(confidence)
}

fn judge(seen: &Confidence) -> f32 {
    let weights = match (seen.deviations, seen.same_language) {
        (None, _) => WORDS_ONLY,
        (Some(_), true) => SAME_LANGUAGE,
        (Some(_), false) => OTHER_LANGUAGE,
    };
    let deviations = seen.deviations.unwrap_or(0.0).clamp(-MAX_DEVIATIONS, MAX_DEVIATIONS);
    let unknown = if seen.unknown_name { UNKNOWN_NAME } else { 0.0 };
    let evidence = weights.deviations * deviations + weights.coverage * seen.coverage + unknown;
    let value = logistic(weights.intercept + evidence);
    if seen.same_language { value * (seen.coverage / MIN_COVERAGE).min(1.0) } else { value }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The confidence from which on a question is answered: `target_precision` is the share of questions with nothing to do
/// with the index that are refused, until a revision has labels of its own.
pub fn cut(settings: ConfidenceSettings, background: &Background, channels: Channels) -> f32 {
    match settings {
        ConfidenceSettings::Fixed { minimum } => minimum,
        ConfidenceSettings::Calibrated { target_precision } => {
            let measured = background.off_topic_confidence.get(&channels);
            let measured = measured.and_then(|confidences| confidences.quantile(target_precision));
            measured.unwrap_or(DEFAULT_CUT).clamp(CUT_BOUNDS.0, CUT_BOUNDS.1)
        }
    }
}

fn best_language(revision: &Revision, found: &Retrieved) -> Option<Language> {
    let closeness = |candidate: &Candidate| candidate.closeness.unwrap_or(candidate.fused);
    let best = found.candidates.iter().max_by(|a, b| closeness(a).total_cmp(&closeness(b)))?;
    revision.passages.language(best.chunk)
}

/// Sum of the rarity of the words found over that of all words of the question. A word counts once.
fn coverage(revision: &Revision, analyzer: &Analyzer, question: &str, found: &Retrieved) -> Result<f32, IndexError> {
    let mut present = HashSet::new();
    for candidate in found.candidates.iter().take(COVERAGE_PASSAGES) {
        let chunk = revision.passages.chunk(candidate.chunk)?;
        let title = revision.passages.document(candidate.document)?.title;
        for text in [&chunk.text, &title, &chunk.place.headings.join(" ")] {
            present.extend(analyzer.terms(text));
        }
    }
    let (mut all, mut covered) = (0.0_f32, 0.0_f32);
    for word in question_words(analyzer, question) {
        let rarity = rarity(revision, &word.forms)?;
        all += rarity;
        if word.forms.iter().any(|form| present.contains(form)) {
            covered += rarity;
        }
    }
    Ok(if all > 0.0 { covered / all } else { 0.0 })
}

/// A word of a question, with the terms that stand for it: any of them is the word found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word itself; for a Korean stem also its first two syllables, which survive most endings.
    pub(super) forms: Vec<String>,
}

/// The distinct words of a question.
pub(super) fn question_words(analyzer: &Analyzer, question: &str) -> Vec<Word> {
    let mut buffer = TokenBuffer::default();
    analyzer.analyze(question, &mut buffer);
    let mut words: Vec<Word> = Vec::new();
    let mut stem_at = None;
    for token in buffer.iter() {
        let text = token.text.to_owned();
        if token.kind.is_whole_word() {
            stem_at = (token.kind == TokenKind::Stem).then_some(token.position);
            words.push(Word { forms: vec![text] });
        } else if token.kind == TokenKind::Bigram && stem_at == Some(token.position) {
            stem_at = None;
            words.last_mut().into_iter().for_each(|word| word.forms.push(text.clone()));
        }
    }
    let mut seen = HashSet::new();
    words.retain(|word| seen.insert(word.forms.clone()));
    words
}

/// The rarity of a word in the index, as BM25 weighs it (always above 0); its commonest form decides.
pub(super) fn rarity(revision: &Revision, forms: &[String]) -> Result<f32, IndexError> {
    let total = revision.text.len() as f32;
    let mut frequency = 0;
    for form in forms {
        frequency = frequency.max(revision.text.document_frequency(form)?);
    }
    let frequency = frequency as f32;
    Ok((1.0 + (total - frequency).max(0.0) / (frequency + 0.5)).ln())
}

#[cfg(test)]
mod tests {
    use super::super::background::Distribution;
    use super::*;

    fn seen(deviations: Option<f32>, coverage: f32, same_language: bool) -> Confidence {
        Confidence { value: 0.0, deviations, coverage, same_language, unknown_name: false }
    }

    #[test]
    fn confidence_grows_with_either_evidence_and_stays_within_bounds() {
        let of = |deviations, coverage| judge(&seen(Some(deviations), coverage, true));
        let values = [of(-2.0, 0.0), of(1.5, 0.2), of(1.5, 0.9), of(6.0, 0.9)];
        assert!(values.is_sorted() && values[0] < 0.1 && values[3] > 0.9, "{values:?}");
        for extreme in [f32::MAX, f32::MIN] {
            assert!((0.0..=1.0).contains(&of(extreme, 1.0)));
        }
    }

    #[test]
    fn words_found_nowhere_are_no_evidence_in_the_same_language() {
        assert!(judge(&seen(Some(6.0), 0.02, true)) < 0.2);
        assert!(judge(&seen(Some(6.0), 0.3, true)) > 0.9);
    }

    #[test]
    fn words_alone_must_cover_about_half_of_the_question() {
        assert!(judge(&seen(None, 0.2, true)) < 0.2 && judge(&seen(None, 0.7, true)) > 0.8);
    }

    #[test]
    fn missing_words_never_veto_a_match_across_languages() {
        assert!(judge(&seen(Some(5.0), 0.0, false)) > 0.5);
        assert!(judge(&seen(Some(0.0), 0.0, false)) < 0.2);
    }

    #[test]
    fn a_name_that_stands_nowhere_weighs_against_near_evidence_but_not_against_much() {
        let with_name = |deviations| Confidence { unknown_name: true, ..seen(Some(deviations), 0.5, true) };
        assert!(judge(&seen(Some(2.5), 0.5, true)) > 0.6 && judge(&with_name(2.5)) < 0.4);
        assert!(judge(&with_name(6.0)) > 0.9);
    }

    #[test]
    fn the_cut_follows_the_background_of_its_channels_within_bounds() {
        let background = |values: Vec<f32>| Background {
            off_topic_confidence: [(Channels::Hybrid, Distribution::of(values))].into(),
            ..Background::default()
        };
        let calibrated = ConfidenceSettings::Calibrated { target_precision: 0.95 };
        let of = |values: Vec<f32>| cut(calibrated, &background(values), Channels::Hybrid);
        assert_eq!(of(vec![]), DEFAULT_CUT);
        assert_eq!(of(vec![0.01; 50]), CUT_BOUNDS.0);
        assert_eq!(of(vec![0.99; 50]), CUT_BOUNDS.1);
        assert!((of((0..=100).map(|i| i as f32 * 0.006).collect()) - 0.57).abs() < 0.01);
        assert_eq!(cut(calibrated, &background(vec![0.99; 50]), Channels::Text), DEFAULT_CUT);
        assert_eq!(cut(ConfidenceSettings::Fixed { minimum: 0.9 }, &background(vec![0.1]), Channels::Text), 0.9);
    }
}
