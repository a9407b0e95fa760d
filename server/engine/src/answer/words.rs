//! The words of a question: which terms stand for each, how rare it is in the index, and whether a passage can be asked
//! to hold it. An alert pasted as a question is full of words that no page holds: `worker-3`, `81%`, `prod-1`.

use std::collections::HashSet;
use std::ops::Range;

use crate::index::IndexError;
use crate::revision::Revision;
use crate::text::asking::only_asks;
use crate::text::facts::{Day, days};
use crate::text::{Analyzer, TokenBuffer, TokenKind};

use super::designations::is_designated;

/// What a word of a question asks of the passages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordKind {
    /// An answer should hold it, or another word for it.
    Content,
    /// A number that designates (`error 418`): a passage that lacks it is about another one.
    Designation,
    /// A quantity, or the name of one instance (`82`, `worker-3`, `10.0.4.17`): evidence where it is found, none where
    /// it is not.
    Particular,
}

/// A word of a question, with the terms that stand for it: any of them is the word found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word itself; for a Korean stem also its first two syllables, which survive most endings; for a day with a year also
    /// the day of a text that gives none.
    pub(super) forms: Vec<String>,
    /// What it asks.
    pub(super) kind: WordKind,
    /// Where it stands in the question first, in bytes.
    pub(super) place: Range<usize>,
    /// Whether it names a day.
    pub(super) is_day: bool,
}

/// The distinct words of a question.
pub(super) fn question_words(analyzer: &Analyzer, question: &str) -> Vec<Word> {
    let mut buffer = TokenBuffer::default();
    analyzer.analyze(question, &mut buffer);
    let mut words: Vec<Word> = Vec::new();
    let mut stem_at = None;
    for token in buffer.iter() {
        let text = token.text.to_owned();
        if token.kind.is_whole_word() && token.kind != TokenKind::Date {
            stem_at = (token.kind == TokenKind::Stem).then_some(token.position);
            let place = token.start..token.end;
            let kind = kind(question, place.clone(), token.kind);
            words.push(Word { forms: vec![text], kind, place, is_day: false });
        } else if token.kind == TokenKind::Bigram && stem_at == Some(token.position) {
            stem_at = None;
            words.last_mut().into_iter().for_each(|word| word.forms.push(text.clone()));
        }
    }
    days(question).into_iter().for_each(|day| put_day(&mut words, question, day));
    let mut seen = HashSet::new();
    words.retain(|word| {
        !only_asks(question, &word.place) && !is_counter(question, &word.place) && seen.insert(word.forms.clone())
    });
    words
}

/// A day in place of the words that it is written with. With a time behind it, it is when an alert was sent.
fn put_day(words: &mut Vec<Word>, question: &str, day: Day) {
    words.retain(|word| word.place.start < day.place.start || word.place.end > day.place.end);
    let after = question[day.place.end..].trim_start_matches([' ', 'T', ',']).as_bytes();
    let is_moment = after.len() > 2 && after[..2].iter().all(u8::is_ascii_digit) && after[2] == b':';
    let kind = if is_moment { WordKind::Particular } else { WordKind::Content };
    let forms = if day.has_year() { vec![day.whole.clone(), day.without_year()] } else { vec![day.of_any_year] };
    words.push(Word { forms, kind, place: day.place, is_day: true });
}

fn kind(question: &str, place: Range<usize>, token: TokenKind) -> WordKind {
    let (before, word, after) = (&question[..place.start], &question[place.clone()], &question[place.end..]);
    match token {
        TokenKind::Number if is_designated(before, word, after) => WordKind::Designation,
        TokenKind::Number => WordKind::Particular,
        _ if is_instance(word) => WordKind::Particular,
        _ => WordKind::Content,
    }
}

/// Whether a word is a syllable right behind a number, which says what is counted: `번` of `418번`.
fn is_counter(question: &str, place: &Range<usize>) -> bool {
    let is_syllable = question[place.clone()].chars().count() == 1 && place.len() > 1;
    is_syllable && question[..place.start].ends_with(|c: char| c.is_ascii_digit())
}

/// Whether a word names one of many alike: joined from parts, digits among them, and written small. `HN-5034` is a code,
/// `log4j` a product.
pub(super) fn is_instance(word: &str) -> bool {
    let has = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
    has(char::is_ascii_digit) && !has(char::is_ascii_uppercase) && has(|c| matches!(c, '-' | '.' | '_'))
}

/// Words that ask what to do about something, or who does it, and say nothing of what it is.
const ACTIONS: [&str; 37] = [
    "handling",
    "handle",
    "fix",
    "fixing",
    "fixed",
    "resolve",
    "solve",
    "repair",
    "troubleshoot",
    "troubleshooting",
    "restart",
    "check",
    "steps",
    "guide",
    "procedure",
    "runbook",
    "problem",
    "issue",
    "info",
    "information",
    "details",
    "contact",
    "조치",
    "대응",
    "방법",
    "처리",
    "해결",
    "복구",
    "절차",
    "안내",
    "설명",
    "정보",
    "확인",
    "문제",
    "담당자",
    "담당",
    "owner",
];

/// Whether a word of the question asks what to do about the others.
pub(super) fn is_action(question: &str, place: &Range<usize>) -> bool {
    let word = &question[place.clone()];
    ACTIONS.iter().any(|action| word.eq_ignore_ascii_case(action))
}

/// The rarity of a word in the index, as BM25 weighs it (always above 0); its commonest form decides.
pub(super) fn rarity(revision: &Revision, forms: &[String]) -> Result<f32, IndexError> {
    let total = revision.text.len() as f32;
    let mut frequency = 0;
    for form in forms {
        frequency = frequency.max(revision.text.document_frequency(form)?);
    }
    let frequency = frequency as f32;
    Ok((1.0 + ((total - frequency).max(0.0) + 0.5) / (frequency + 0.5)).ln())
}

/// Whether any of the forms stands anywhere in the index.
pub(super) fn stands_somewhere(revision: &Revision, forms: &[String]) -> Result<bool, IndexError> {
    for form in forms {
        if revision.text.holds(form)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_kind(question: &str, kind: WordKind) -> Vec<String> {
        let words = question_words(&Analyzer, question).into_iter().filter(|word| word.kind == kind);
        words.map(|word| word.forms[0].clone()).collect()
    }

    #[test]
    fn words_that_only_ask_are_left_out() {
        let words = |question| -> Vec<String> {
            question_words(&Analyzer, question).into_iter().map(|word| question[word.place].to_owned()).collect()
        };
        assert_eq!(words("장애 등급은 누가 어떻게 정하나요?"), ["장애", "등급", "정하"]);
        assert_eq!(words("인가 서버가 왜곡된 알려진 문제는 무엇인가요?"), ["인가", "서버", "왜곡", "알려진", "문제"]);
        assert_eq!(words("오류 418번"), ["오류", "418"]);
        for asked in [
            "마스킹에 대해 알려 주세요",
            "마스킹에 대해서 설명해 주세요",
            "마스킹에 관해 알려줘",
            "마스킹이 무슨 뜻이에요?",
            "마스킹을 보여줘",
            "마스킹 찾아줘",
            "마스킹을 알고 싶어요",
            "마스킹 어디 있어요?",
        ] {
            assert_eq!(words(asked), ["마스킹"], "{asked}");
        }
        for asked in [
            "What about hotels?",
            "Tell me about hotels",
            "Where can I find hotels?",
            "Show me hotels",
            "hotels meaning",
        ] {
            assert_eq!(words(asked), ["hotels"], "{asked}");
        }
        assert_eq!(words("배포는 왜 하나요? 몇 번 걸리나요? 좀 알려 주세요"), ["배포", "번"]);
        assert_eq!(words("Sorry, please: audit log of Help-Desk?"), ["audit", "log", "Help-Desk"]);
        assert_eq!(words("죄송합니다만 감사 로그 부탁드립니다"), ["감사", "로그"]);
        assert_eq!(words("How long do we keep wishlists?"), ["long", "keep", "wishlists"]);
        assert_eq!(words("How much is a mug? What does dmesg mean?"), ["mug", "dmesg"]);
    }

    #[test]
    fn a_day_stands_for_the_words_that_it_is_written_with() {
        assert_eq!(of_kind("Who is on call on December 21?", WordKind::Content), ["call", "--12-21"]);
        let words = question_words(&Analyzer, "2026년 12월 21일 당직자");
        let forms: Vec<&[String]> = words.iter().map(|word| &word.forms[..]).collect();
        assert_eq!(
            forms,
            [&["당직자".to_owned(), "당직".to_owned()][..], &["2026-12-21".to_owned(), "~12-21".to_owned()]]
        );
    }

    #[test]
    fn instances_and_quantities_are_told_from_codes_and_products() {
        let cases: [(&str, &[&str]); 5] = [
            ("Kubelet 'worker-3' is running at 81% on cluster prod-1.", &["worker-3", "81", "prod-1"]),
            ("10.0.4.17:9100 pod api-7d9f8b6c5-x2x7k", &["10.0.4.17", "9100", "api-7d9f8b6c5-x2x7k"]),
            ("HN-5034 log4j kube-state-metrics HTTP2", &[]),
            ("디스크 100GB", &[]),
            ("2026-11-20 10:31 KubeletDown", &["10", "31", "2026-11-20"]),
        ];
        for (question, expect) in cases {
            assert_eq!(of_kind(question, WordKind::Particular), expect, "{question}");
        }
    }
}
