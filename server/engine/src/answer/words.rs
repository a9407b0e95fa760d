//! The words of a question: which terms stand for each, how rare it is in the index, and whether a passage can be asked
//! to hold it. An alert pasted as a question is full of words that no page holds: `worker-3`, `81%`, `prod-1`.

use std::collections::HashSet;
use std::ops::Range;

use crate::index::IndexError;
use crate::revision::Revision;
use crate::text::{Analyzer, TokenBuffer, TokenKind, korean};

/// Words that make the number beside them a name: `HTTP 408`, `error 418`, `종료 코드 41`, `503 에러`.
const DESIGNATORS: [&str; 18] = [
    "code", "error", "errno", "http", "status", "version", "xid", "number", "no", "코드", "에러", "오류", "상태",
    "번호", "버전", "응답", "규칙", "조항",
];

/// How Korean words begin that only make a question of a sentence (`누가`, `어떻게`, `알려줘`, `되나요`): no passage has to
/// hold them. The analyser keeps them, since passages may be about them.
const INTERROGATIVES: [&str; 35] = [
    "누가",
    "누구",
    "누굴",
    "무엇",
    "무슨",
    "무얼",
    "뭐",
    "뭘",
    "뭔",
    "뭡",
    "어떻",
    "어떤",
    "어때",
    "어떡",
    "어디",
    "어느",
    "언제",
    "얼마",
    "얼만",
    "몇",
    "며칠",
    "왜",
    "알려",
    "가르쳐",
    "궁금",
    "되나",
    "되는지",
    "돼",
    "하나요",
    "하죠",
    "해야",
    "인가",
    "있나",
    "걸리",
    "걸려",
];

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
    /// The word itself; for a Korean stem also its first two syllables, which survive most endings.
    pub(super) forms: Vec<String>,
    /// What it asks.
    pub(super) kind: WordKind,
    /// Where it stands in the question first, in bytes.
    pub(super) place: Range<usize>,
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
            let place = token.start..token.end;
            let kind = kind(question, place.clone(), token.kind);
            words.push(Word { forms: vec![text], kind, place });
        } else if token.kind == TokenKind::Bigram && stem_at == Some(token.position) {
            stem_at = None;
            words.last_mut().into_iter().for_each(|word| word.forms.push(text.clone()));
        }
    }
    let mut seen = HashSet::new();
    words.retain(|word| !is_interrogative(&question[word.place.clone()]) && seen.insert(word.forms.clone()));
    words
}

fn kind(question: &str, place: Range<usize>, token: TokenKind) -> WordKind {
    let (before, word, after) = (&question[..place.start], &question[place.clone()], &question[place.end..]);
    match token {
        TokenKind::Number if is_designated(before, after) => WordKind::Designation,
        TokenKind::Number => WordKind::Particular,
        _ if is_instance(word) => WordKind::Particular,
        _ => WordKind::Content,
    }
}

fn is_interrogative(word: &str) -> bool {
    INTERROGATIVES.iter().any(|beginning| word.starts_with(beginning))
}

/// Whether a word names one of many alike: joined from parts, digits among them, and written small. `HN-5034` is a code,
/// `log4j` a product.
pub(super) fn is_instance(word: &str) -> bool {
    let has = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
    has(char::is_ascii_digit) && !has(char::is_ascii_uppercase) && has(|c| matches!(c, '-' | '.' | '_'))
}

/// Whether a number stands right behind or before a word that makes it a name, with nothing but a space between.
fn is_designated(before: &str, after: &str) -> bool {
    let spaced = |text: &str| text.starts_with(' ') || text.ends_with(' ');
    let last = before.split_whitespace().next_back().filter(|_| spaced(before)).unwrap_or("");
    let next = after.split_whitespace().next().filter(|_| spaced(after)).unwrap_or("");
    let designates = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        DESIGNATORS.contains(&word.as_str()) || DESIGNATORS.contains(&korean::stem(&word))
    };
    // "error, 418 times" is no designation.
    (last.ends_with(char::is_alphanumeric) && designates(last)) || designates(next)
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
    fn numbers_beside_a_designator_are_names_and_others_are_quantities() {
        let cases: [(&str, &[&str]); 9] = [
            ("에러 코드 418 대응 방법?", &["418"]),
            ("정산 배치가 종료 코드 41로 죽었는데", &["41"]),
            ("503 에러가 나요", &["503"]),
            ("503 에러 대응", &["503"]),
            ("What does HTTP 408 mean?", &["408"]),
            ("GPU with Xid 79", &["79"]),
            ("experiencing 7% errors", &[]),
            ("There was an error, 12 times", &[]),
            ("has only found 53 members", &[]),
        ];
        for (question, expect) in cases {
            assert_eq!(of_kind(question, WordKind::Designation), expect, "{question}");
        }
    }

    #[test]
    fn words_that_only_ask_are_left_out() {
        let words = |question| -> Vec<String> {
            question_words(&Analyzer, question).into_iter().map(|word| question[word.place].to_owned()).collect()
        };
        assert_eq!(words("장애 등급은 누가 어떻게 정하나요?"), ["장애", "등급", "정하"]);
        assert_eq!(words("How long do we keep wishlists?"), ["long", "keep", "wishlists"]);
    }

    #[test]
    fn instances_and_quantities_are_told_from_codes_and_products() {
        let cases: [(&str, &[&str]); 4] = [
            ("Kubelet 'worker-3' is running at 81% on cluster prod-1.", &["worker-3", "81", "prod-1"]),
            ("10.0.4.17:9100 pod api-7d9f8b6c5-x2x7k", &["10.0.4.17", "9100", "api-7d9f8b6c5-x2x7k"]),
            ("HN-5034 log4j kube-state-metrics HTTP2", &[]),
            ("디스크 100GB", &[]),
        ];
        for (question, expect) in cases {
            assert_eq!(of_kind(question, WordKind::Particular), expect, "{question}");
        }
    }
}
