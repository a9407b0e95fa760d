//! How likely it is that the index holds the answer: a number from 0 to 1, and the cut below which a question becomes
//! a ticket.
//!
//! Evidence is the best cosine, in deviations above what off-topic questions reach on this very index, and the share
//! of the question's words, weighted by rarity, that stand in one of the best passages. Where question and passage are in
//! different languages words cannot match, so they need only stand somewhere in the index, if it holds the question's
//! language. A name that stands nowhere keeps a question from its answer.

use std::collections::HashSet;

use crate::document::Language;
use crate::index::{ChunkNumber, IndexError};
use crate::retrieve::{Candidate, Channels, Retrieved};
use crate::revision::Revision;
use crate::settings::{ConfidenceSettings, DEFAULT_TARGET_PRECISION};
use crate::text::{Analyzer, language, matching_form};

use super::background::{Background, MIN_DEVIATION, OwnLanguage};
use super::calibration::{Weighing, cut_on};
use super::designations;
use super::extract::statements;
use super::names::{self, Names};
use super::weighed_words::{KeyWords, Present, WeighedWords};
use super::words::{WordKind, stands_somewhere};

/// How many of the best passages may hold the question's words.
const COVERAGE_PASSAGES: usize = 3;

/// Evidence is worth at most this many deviations either way, so that one feature cannot drown the other.
const MAX_DEVIATIONS: f32 = 8.0;

/// Coefficients of the logistic, fitted on the halves `tune` of the sample gold set and of runbooks, with the off-topic
/// questions as negatives; see docs/adr/0008-confidence.md.
const SAME_LANGUAGE: Coefficients = Coefficients { intercept: -4.0, deviations: 1.6, coverage: 2.5 };
/// The same where the best passage is in another language, so that words say nothing.
const OTHER_LANGUAGE: Coefficients = Coefficients { intercept: -4.4, deviations: 1.9, coverage: 0.0 };
/// The same where only text was searched, so that words say all.
const WORDS_ONLY: Coefficients = Coefficients { intercept: -4.0, deviations: 0.0, coverage: 8.0 };

/// In the question's own language at least this share of its words must stand in the passages for full confidence;
/// long nonsense comes close to code blocks, as a vector, but none of its words is anywhere.
const MIN_COVERAGE: f32 = 0.15;
/// The same of a question of a word or two, which is about these.
const FEW_WORDS_COVERAGE: f32 = 0.6;
/// Where words cannot match, at least this share of them must stand somewhere in the index, if it holds passages in the
/// question's language: strings of no language come close to passages of any ("lorem ipsum": 4 deviations), but mean
/// nothing here. Of the answerable questions of the halves `tune` none has less than .5.
const MIN_KNOWN_WORDS: f32 = 0.5;

/// What a name that may be none, or may be mistyped, takes from the logistic.
const DOUBTFUL_NAME: f32 = -2.5;
/// The most confidence for a question about a product that no page names, or about a numbered thing that the best passages
/// lack, however near its subject. Of the answerable questions of the halves `tune` it costs none.
const UNKNOWN_NAME: f32 = 0.25;

/// The most confidence for a question that looks for a page (`coupon guide`) where none of the best passages is headed by what
/// that page is about: they may only mention it. The same for key words that no passage holds together, for a number that stands
/// there as another, for a question with a word that an index of a few passages lacks, and for a word or two whose best passage is in another language. By default such an answer is given, with a warning.
const DOUBTFUL_MATCH: f32 = 0.65;
/// The most confidence for Korean key words of which the first stands nowhere (`명함 주문 방법`, where orders are all that there is).
const NO_SUBJECT: f32 = 0.45;
/// Headings are about what a question names if they hold all its words; the rest is for rounding.
const HEADED_BY: f32 = 0.99;

/// The risk-coverage curve of the half `tune` of clapnq_dev, as precision and cut: from this confidence on, so many of the
/// answers given were to answerable questions, when one question in five has no answer (its
/// passage is on the very subject, but does not hold it). An index's own labels replace it once it has some; ADR 0008.
const PRECISION_AT_CUT: [(f32, f32); 9] = [
    (0.878, 0.3),
    (0.90, 0.5),
    (0.908, 0.6),
    (0.923, 0.7),
    (0.935, 0.8),
    (0.953, 0.9),
    (0.971, 0.95),
    (0.988, 0.98),
    (1.0, 0.99),
];

/// Whatever an index's own curve says, what is less likely than this is not answered.
const MIN_CUT: f32 = PRECISION_AT_CUT[0].1;

/// This share of the questions that have nothing to do with an index is refused whatever the precision asked for ...
const OFF_TOPIC_REFUSED: f32 = 0.95;
/// ... but an index about everything must not refuse everything.
const MAX_OFF_TOPIC_CUT: f32 = 0.8;

/// The least confidence where a passage holds the very question, as the list of frequent ones does: its answer follows.
const ASKED_THERE: f32 = 0.9;
/// An index of fewer passages is near to whatever touches its subject, as a vector: sick leave is asked, and the one page on leave
/// answers. There a word that stands nowhere says so; in a larger one as many right answers lack one as wrong ones.
const FEW_PASSAGES: usize = 50;
/// A question counts as held only from so many bytes on, letters and digits alone: "Why?" stands everywhere.
const MIN_ASKED_BYTES: usize = 12;
/// A series is told by so many of its members in the best passages.
const MIN_SERIES: usize = 3;

struct Coefficients {
    intercept: f32,
    deviations: f32,
    coverage: f32,
}

/// How likely an answer is to be right, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// The probability that the index holds the answer, 0 to 1.
    pub value: f32,
    /// What it is made of: see `calibration`.
    pub weighing: Weighing,
    /// What was seen of the question's evidence.
    pub seen: Seen,
}

/// What was seen of a question's evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The best cosine in robust deviations above the off-topic median; `None` when only text was searched.
    pub deviations: Option<f32>,
    /// The share of the question's words, by rarity, in the best passages together; 0 to 1.
    pub coverage: f32,
    /// The same in the one of them that holds most; 0 to 1. Words that stand on several pages say less than those on one.
    pub best_coverage: f32,
    /// Whether the best passage is in the question's language.
    pub same_language: bool,
    /// The share of the question's words that stand anywhere in the index, 0 to 1; 0 for a question without content words.
    pub known_words: f32,
    /// Whether the index knows what the question names, and the best passages the numbered things in it.
    pub names: Names,
    /// Whether the question is a word or two: then `coverage` is that of the one passage that holds most of it.
    pub few_words: bool,
    /// Whether it looks for a page (`coupon guide`), and none of the best passages has its words in title or headings.
    pub mentioned_only: bool,
    /// Whether a number that designates (`4층`) stands in the best passages, but as another (`4만 원`).
    pub doubtful_number: bool,
    /// Whether a word of it stands nowhere in an index of a few passages.
    pub lacks_word: bool,
    /// How the best passages hold key words that are no sentence; `None` for other questions.
    pub key_words: Option<KeyWords>,
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
    let own_language = background.holds(asked_in);
    let Coverage {
        covered: coverage,
        in_one: best_coverage,
        known_words,
        lacks_designation,
        doubts_number,
        lacks_word,
        lacks_instance,
        is_asked_there,
        few_words,
        mentioned_only,
        key_words,
        best,
    } = coverage(revision, analyzer, question, found)?;
    // A word or two of the question's own language are looked for in it: as vectors they are near to anything.
    let by_words = few_words && own_language == OwnLanguage::Held;
    let same_language =
        by_words || best_language(revision, found).is_none_or(|best| best == asked_in || coverage >= 0.5);
    let cosine = found.best_closeness();
    let distribution = background.off_topic(asked_in);
    let deviations = cosine.zip(distribution).and_then(|(cosine, d)| d.deviations_above_median(cosine, MIN_DEVIATION));
    let names = if lacks_designation { Names::Unknown } else { names::known(revision, analyzer, question, &best)? };
    let names = if lacks_instance { names.max(Names::Doubtful) } else { names };
    let seen = Seen {
        deviations,
        coverage,
        best_coverage,
        same_language,
        known_words,
        names,
        few_words,
        mentioned_only,
        doubtful_number: doubts_number,
        lacks_word: lacks_word && revision.text.len() < FEW_PASSAGES,
        key_words,
    };
    let weighing = match found.candidates.is_empty() {
        true => Weighing::NOTHING,
        false => Weighing { least: if is_asked_there { ASKED_THERE } else { 0.0 }, ..judge(&seen, own_language) },
    };
    let calibration = background.calibration.get(&found.channels);
    Ok(Confidence { value: weighing.confidence(calibration.map(|calibration| &calibration.map)), weighing, seen })
}

fn judge(seen: &Seen, own_language: OwnLanguage) -> Weighing {
    let weights = match (seen.deviations, seen.same_language) {
        (None, _) => WORDS_ONLY,
        (Some(_), true) => SAME_LANGUAGE,
        (Some(_), false) => OTHER_LANGUAGE,
    };
    let deviations = seen.deviations.unwrap_or(0.0).clamp(-MAX_DEVIATIONS, MAX_DEVIATIONS);
    let doubtful = if seen.names == Names::Doubtful { DOUBTFUL_NAME } else { 0.0 };
    let covered = if seen.deviations.is_some() { seen.best_coverage } else { seen.coverage };
    let mut evidence =
        logistic(weights.intercept + weights.deviations * deviations + weights.coverage * covered + doubtful);
    if seen.few_words && seen.same_language {
        evidence = evidence.max(logistic(WORDS_ONLY.intercept + WORDS_ONLY.coverage * seen.coverage + doubtful));
    }
    let share = match (seen.same_language, own_language) {
        (true, _) if seen.few_words => seen.coverage / FEW_WORDS_COVERAGE,
        (true, _) => seen.coverage / MIN_COVERAGE,
        (false, OwnLanguage::Held) => seen.known_words / MIN_KNOWN_WORDS,
        (false, OwnLanguage::Absent) => 1.0,
    };
    // Without words in common a few of them are near to anything.
    let is_foreign = seen.few_words && !seen.same_language;
    let lacks_word = seen.lacks_word && seen.same_language;
    let is_doubtful = seen.mentioned_only || seen.doubtful_number || is_foreign;
    let share = share.min(1.0);
    let most = match (seen.names, seen.key_words) {
        (Names::Unknown, _) => UNKNOWN_NAME,
        (_, Some(KeyWords::NoSubject)) if seen.same_language => NO_SUBJECT,
        (_, Some(KeyWords::Scattered | KeyWords::NoSubject)) => DOUBTFUL_MATCH,
        _ if is_doubtful => DOUBTFUL_MATCH,
        // What it lacks has lowered the share of a word or two.
        _ if lacks_word => (DOUBTFUL_MATCH / share.max(f32::MIN_POSITIVE)).min(1.0),
        _ => 1.0,
    };
    Weighing { evidence, most, share, least: 0.0 }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The confidence from which on a question is answered.
pub fn cut(settings: ConfidenceSettings, background: &Background, channels: Channels) -> f32 {
    match settings {
        ConfidenceSettings::Fixed { minimum } => minimum,
        ConfidenceSettings::Calibrated { target_precision } => {
            let off_topic = background.off_topic_confidence.get(&channels);
            let off_topic = off_topic.and_then(|confidences| confidences.quantile(OFF_TOPIC_REFUSED));
            let wanted = match background.calibration.get(&channels) {
                Some(own) => cut_on(&own.precision_at_cut, target_precision).max(MIN_CUT),
                None => cut_on(&PRECISION_AT_CUT, target_precision),
            };
            wanted.max(off_topic.unwrap_or(0.0).min(MAX_OFF_TOPIC_CUT))
        }
    }
}

/// The confidence from which on an answer is given without a warning: half way from the cut to the precision that is asked of
/// all answers together, or the default one where only a cut is given (ADR 0020).
pub fn sure_from(settings: ConfidenceSettings, cut: f32) -> f32 {
    let wanted = match settings {
        ConfidenceSettings::Calibrated { target_precision } => target_precision,
        ConfidenceSettings::Fixed { .. } => DEFAULT_TARGET_PRECISION,
    };
    (cut + wanted.max(cut)) / 2.0
}

fn best_language(revision: &Revision, found: &Retrieved) -> Option<Language> {
    let closeness = |candidate: &Candidate| candidate.closeness.unwrap_or(candidate.fused);
    let best = found.candidates.iter().max_by(|a, b| closeness(a).total_cmp(&closeness(b)))?;
    revision.passages.language(best.chunk)
}

/// How a question's words meet the index.
struct Coverage {
    /// Sum of the rarity of the words that the best passages hold together over that of all words.
    covered: f32,
    /// The same of the one that holds most.
    in_one: f32,
    /// Share of the words that stand anywhere in the index.
    known_words: f32,
    /// Whether a number that designates (`error 418`), or one of a series (`host-099` where there are `host-001` and others),
    /// stands in none of the best passages.
    lacks_designation: bool,
    /// Whether such a number stands there, but as another: `4층` where there is `4만 원`.
    doubts_number: bool,
    /// Whether a word of the question stands nowhere in the index.
    lacks_word: bool,
    /// Whether the one thing, or the day, that a short question is about (`How do I fix db-replica-5?`) stands nowhere in the index.
    lacks_instance: bool,
    /// Whether one of the best passages holds the question itself, word for word.
    is_asked_there: bool,
    /// Whether the question is a word or two.
    few_words: bool,
    /// Whether it looks for a page, and none of the best passages has its words in title or headings.
    mentioned_only: bool,
    /// How they hold key words that are no sentence.
    key_words: Option<KeyWords>,
    /// The best passages, in the form in which words are compared.
    best: Vec<String>,
}

/// How the best passages hold a question's words.
fn coverage(
    revision: &Revision,
    analyzer: &Analyzer,
    question: &str,
    found: &Retrieved,
) -> Result<Coverage, IndexError> {
    let mut present = Present::default();
    let mut best = Vec::new();
    let mut in_one = 0.0_f32;
    let asked_words = WeighedWords::of(revision, analyzer, question)?;
    let mut mentioned_only = asked_words.look_for_page();
    for chunk in judged_by(found, &asked_words) {
        let text = revision.passages.whole_text(chunk)?;
        mentioned_only = mentioned_only && !is_headed_by(revision, analyzer, chunk, &asked_words)?;
        let of_one = asked_words.present_in(analyzer, &text);
        in_one = in_one.max(asked_words.share(&of_one));
        present.extend(of_one);
        best.push(matching_form(&text).into_owned());
    }
    let (mut words, mut known) = (0_usize, 0_usize);
    let mut lacks_designation = false;
    let mut doubts_number = false;
    let mut lacks_word = false;
    let mut lacks_instance = false;
    for word in asked_words.words() {
        let is_held = word.forms.iter().any(|form| present.holds_term(form));
        let stands_so = || designations::stand_so(&best, question, word);
        let is_present = is_held && (word.kind != WordKind::Designation || stands_so());
        let is_one_of_many = || is_of_series(&matching_form(&question[word.place.clone()]), &best);
        doubts_number |= is_held && !is_present;
        lacks_designation |= (word.kind == WordKind::Designation && !is_held)
            || (word.kind == WordKind::Particular && !is_present && is_one_of_many());
        if !is_present && asked_words.is_about(word) {
            lacks_instance |= !stands_somewhere(revision, &word.forms)?;
        }
        if word.kind == WordKind::Particular && !is_present {
            continue;
        }
        words += 1;
        let is_known = is_present || stands_somewhere(revision, &word.forms)?;
        lacks_word |= !is_known;
        known += usize::from(is_known);
    }
    let few_words = asked_words.are_few();
    let covered = if few_words { in_one } else { asked_words.share(&present) };
    let known_words = if words > 0 { known as f32 / words as f32 } else { 0.0 };
    let key_words = asked_words.key_words(revision, analyzer, &best)?;
    let asked = letters(&matching_form(question));
    let is_asked_there = asked.len() >= MIN_ASKED_BYTES && best.iter().any(|text| letters(text).contains(&asked));
    Ok(Coverage {
        covered,
        in_one,
        known_words,
        lacks_designation,
        doubts_number,
        lacks_word,
        lacks_instance,
        is_asked_there,
        few_words,
        mentioned_only,
        key_words,
        best,
    })
}

/// Whether something in a passage stands under a title and headings that hold all these words.
fn is_headed_by(
    revision: &Revision,
    analyzer: &Analyzer,
    chunk: ChunkNumber,
    words: &WeighedWords,
) -> Result<bool, IndexError> {
    let chunk = revision.passages.chunk(chunk)?;
    let title = revision.passages.document(chunk.document)?.title;
    let mut above: Vec<String> =
        statements(&chunk.text, &chunk.place, &title).into_iter().map(|statement| statement.above).collect();
    above.dedup();
    Ok(above.iter().any(|above| words.share(&words.present_in(analyzer, above)) >= HEADED_BY))
}

/// The passages that are asked for the question's words: the best ones, and for a question of a word or two the best by words
/// alone, since such a vector is near to nothing.
fn judged_by(found: &Retrieved, words: &WeighedWords) -> Vec<ChunkNumber> {
    let mut chunks: Vec<ChunkNumber> = found.candidates.iter().take(COVERAGE_PASSAGES).map(|c| c.chunk).collect();
    if words.are_few() {
        let by_words = found.candidates.iter().filter(|candidate| candidate.text_score.is_some());
        let best = by_words.max_by(|a, b| a.text_score.unwrap_or(0.0).total_cmp(&b.text_score.unwrap_or(0.0)));
        chunks.extend(best.map(|candidate| candidate.chunk).filter(|chunk| !chunks.contains(chunk)));
    }
    chunks
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether a name that ends in a number is missing where others of its series stand: `host-099` beside `host-001`, `host-002`
/// and `host-003`. All in the form in which words are compared.
fn is_of_series(name: &str, texts: &[String]) -> bool {
    let series = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if series.len() == name.len() || !series.contains(char::is_alphabetic) {
        return false;
    }
    let mut members = HashSet::new();
    for text in texts {
        for (at, _) in text.match_indices(series) {
            let rest = &text[at + series.len()..];
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let begins_word = !text[..at].ends_with(char::is_alphanumeric);
            if begins_word && digits > 0 {
                members.insert(&rest[..digits]);
            }
        }
    }
    members.len() >= MIN_SERIES && !members.contains(&name[series.len()..])
}

#[cfg(test)]
mod tests {
    use super::super::background::Distribution;
    use super::*;

    fn judge(seen: &Seen, own_language: OwnLanguage) -> f32 {
        super::judge(seen, own_language).confidence(None)
    }

    fn seen(deviations: Option<f32>, coverage: f32, same_language: bool) -> Seen {
        Seen {
            deviations,
            coverage,
            best_coverage: coverage,
            same_language,
            known_words: 1.0,
            names: Names::Known,
            few_words: false,
            mentioned_only: false,
            doubtful_number: false,
            lacks_word: false,
            key_words: None,
        }
    }

    #[test]
    fn confidence_grows_with_either_evidence_and_stays_within_bounds() {
        let of = |deviations, coverage| judge(&seen(Some(deviations), coverage, true), OwnLanguage::Held);
        let values = [of(-2.0, 0.0), of(1.5, 0.2), of(1.5, 0.9), of(6.0, 0.9)];
        assert!(values.is_sorted() && values[0] < 0.1 && values[3] > 0.9, "{values:?}");
        for extreme in [f32::MAX, f32::MIN] {
            assert!((0.0..=1.0).contains(&of(extreme, 1.0)));
        }
    }

    #[test]
    fn a_member_of_a_series_is_missed_where_others_are_listed() {
        let hosts = ["| host-001 | yes |\n| host-002 | no |\n| host-003 | no |".to_owned()];
        for (name, expect) in
            [("host-099", true), ("host-002", false), ("worker-3", false), ("99", false), ("host", false)]
        {
            assert_eq!(is_of_series(name, &hosts), expect, "{name}");
        }
        assert!(!is_of_series("worker-3", &["`worker-1` and `worker-2` are examples".to_owned()]));
    }

    #[test]
    fn words_found_nowhere_are_no_evidence_in_the_same_language() {
        assert!(judge(&seen(Some(6.0), 0.02, true), OwnLanguage::Held) < 0.2);
        assert!(judge(&seen(Some(6.0), 0.3, true), OwnLanguage::Held) > 0.9);
    }

    #[test]
    fn words_alone_must_cover_about_half_of_the_question() {
        assert!(
            judge(&seen(None, 0.2, true), OwnLanguage::Held) < 0.2
                && judge(&seen(None, 0.7, true), OwnLanguage::Held) > 0.8
        );
    }

    #[test]
    fn missing_words_never_veto_a_match_across_languages() {
        assert!(judge(&seen(Some(5.0), 0.0, false), OwnLanguage::Held) > 0.5);
        assert!(judge(&seen(Some(0.0), 0.0, false), OwnLanguage::Held) < 0.2);
    }

    #[test]
    fn strings_of_no_language_are_no_question_where_the_index_holds_the_language() {
        let gibberish = Seen { known_words: 0.0, ..seen(Some(4.2), 0.0, false) };
        assert_eq!(judge(&gibberish, OwnLanguage::Held), 0.0);
        assert!(judge(&gibberish, OwnLanguage::Absent) > 0.9, "an index in another language knows none of its words");
    }

    #[test]
    fn a_name_that_stands_nowhere_keeps_a_question_from_its_answer_and_a_mistyped_one_weighs_against() {
        let with = |names, deviations| judge(&Seen { names, ..seen(Some(deviations), 0.5, true) }, OwnLanguage::Held);
        assert!(with(Names::Known, 2.5) > 0.6 && with(Names::Doubtful, 2.5) < 0.4);
        assert!(with(Names::Doubtful, 6.0) > 0.9);
        assert!(with(Names::Unknown, 8.0) <= 0.25);
    }

    #[test]
    fn what_is_only_mentioned_where_a_page_on_it_was_asked_for_is_answered_with_a_warning() {
        let by_default = ConfidenceSettings::Calibrated { target_precision: DEFAULT_TARGET_PRECISION };
        let cut = cut_on(&PRECISION_AT_CUT, DEFAULT_TARGET_PRECISION);
        let of = |mentioned_only| judge(&Seen { mentioned_only, ..seen(Some(6.0), 1.0, true) }, OwnLanguage::Held);
        assert!((cut..sure_from(by_default, cut)).contains(&of(true)), "{}", of(true));
        assert!(of(false) > sure_from(by_default, cut));
    }

    #[test]
    fn the_cut_rises_with_the_precision_asked_for() {
        for (precision, expect) in [(0.5, 0.3), (0.85, 0.3), (0.889, 0.4), (0.9, 0.5), (0.953, 0.9), (1.0, 0.99)] {
            assert!(
                (cut_on(&PRECISION_AT_CUT, precision) - expect).abs() < 1e-4,
                "{precision}: {}",
                cut_on(&PRECISION_AT_CUT, precision)
            );
        }
        let cuts: Vec<f32> = (500..=1000).map(|p| cut_on(&PRECISION_AT_CUT, p as f32 / 1000.0)).collect();
        assert!(cuts.is_sorted() && cuts.iter().all(|cut| (0.3..=0.99).contains(cut)));
    }

    #[test]
    fn an_answer_is_sure_half_way_from_the_cut_to_the_precision() {
        let calibrated = ConfidenceSettings::Calibrated { target_precision: 0.9 };
        assert!((sure_from(calibrated, 0.5) - 0.7).abs() < 1e-6);
        assert_eq!(sure_from(ConfidenceSettings::Fixed { minimum: 0.95 }, 0.95), 0.95);
        assert!((sure_from(ConfidenceSettings::Fixed { minimum: 0.3 }, 0.3) - 0.6).abs() < 1e-6);
    }

    #[test]
    fn off_topic_questions_raise_the_cut_of_their_channels_within_bounds() {
        let background = |values: Vec<f32>| Background {
            off_topic_confidence: [(Channels::Hybrid, Distribution::of(values))].into(),
            ..Background::default()
        };
        let calibrated = ConfidenceSettings::Calibrated { target_precision: 0.9 };
        let of = |values: Vec<f32>| cut(calibrated, &background(values), Channels::Hybrid);
        assert_eq!(of(vec![]), 0.5);
        assert_eq!(of(vec![0.01; 50]), 0.5);
        assert_eq!(of(vec![0.99; 50]), MAX_OFF_TOPIC_CUT);
        assert!((of((0..=100).map(|i| i as f32 * 0.006).collect()) - 0.57).abs() < 0.01);
        assert_eq!(cut(calibrated, &background(vec![0.99; 50]), Channels::Text), 0.5);
        assert_eq!(cut(ConfidenceSettings::Fixed { minimum: 0.9 }, &background(vec![0.1]), Channels::Text), 0.9);
    }
}
