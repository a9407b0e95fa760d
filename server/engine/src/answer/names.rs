//! Names in a question: `RabbitMQ`, `PostgreSQL`, `HN-5034`. An index in which a name stands nowhere rarely answers a
//! question about it, however near the subject: the classic trap of retrieval by meaning.

use crate::document::Language;
use crate::index::IndexError;
use crate::revision::Revision;
use crate::text::{Analyzer, TokenBuffer, TokenKind, language};

use super::words::is_instance;

/// Shorter runs of letters in a Korean sentence are units and abbreviations (`GB`, `vs`).
const MIN_LETTERS: usize = 3;

/// Words with a capital that name no thing a page would have to name.
const CALENDAR: [&str; 19] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Whether the question names something that stands nowhere in the index, as a whole or in all its parts.
pub(super) fn unknown(revision: &Revision, analyzer: &Analyzer, question: &str) -> Result<bool, IndexError> {
    for name in names(question) {
        if !stands_somewhere(revision, analyzer, name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn stands_somewhere(revision: &Revision, analyzer: &Analyzer, name: &str) -> Result<bool, IndexError> {
    let mut buffer = TokenBuffer::default();
    analyzer.analyze(name, &mut buffer);
    let (mut tokens, mut parts, mut parts_found) = (0, 0, 0);
    for token in buffer.iter() {
        tokens += 1;
        let stands = revision.text.holds(token.text)?;
        match token.kind {
            TokenKind::Part => {
                parts += 1;
                parts_found += usize::from(stands);
            }
            _ if stands => return Ok(true),
            _ => {}
        }
    }
    // Words that the analyser leaves out ("The", "What") are no names, however they are written.
    Ok(tokens == 0 || (parts > 0 && parts == parts_found))
}

/// The words of a question that are written as names: in a Korean sentence every Latin word of three letters or more;
/// elsewhere words with a capital that does not only begin the sentence, and identifiers with digits or underscores. In a
/// title, where most words have capitals, they tell nothing.
fn names(question: &str) -> impl Iterator<Item = &str> {
    let in_korean = language(question) == Some(Language::Korean);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let capitals = if is_title(question) { Capitals::OfATitle } else { Capitals::OfNames };
    let mut starts_sentence = true;
    // What stands between words is kept as a piece of its own: it tells where a sentence begins.
    question.split_inclusive(move |c: char| !is_part(c)).filter_map(move |piece| {
        let word = piece.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let first = if word.is_empty() { starts_sentence } else { std::mem::take(&mut starts_sentence) };
        let first = first || capitals == Capitals::OfATitle;
        let after = &piece[piece.rfind(word).map_or(0, |at| at + word.len())..];
        starts_sentence |= after.contains(['.', '?', '!', '\n']);
        (!word.is_empty() && is_name(word, in_korean, first)).then_some(word)
    })
}

/// What capitals at the beginning of words say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Capitals {
    OfNames,
    OfATitle,
}

/// Whether most words that could do without a capital have one.
fn is_title(question: &str) -> bool {
    let words = || question.split_whitespace().filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
    let capital = words().filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase())).count();
    words().count() > 3 && capital * 2 > words().count()
}

fn is_name(word: &str, in_korean: bool, starts_sentence: bool) -> bool {
    // `worker-3` and `prod-1` are the asker's own: pages are about workers and clusters.
    if is_instance(word) || CALENDAR.contains(&word.to_lowercase().as_str()) {
        return false;
    }
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let inner_capital = word.as_bytes().windows(2).any(|w| w[0].is_ascii_alphanumeric() && w[1].is_ascii_uppercase());
    let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
    // `30s` and `10GB` are measures.
    let begins_with_letter = word.starts_with(|c: char| c.is_ascii_alphabetic());
    let machine = begins_with_letter && word.contains(|c: char| c.is_ascii_digit() || c == '_');
    if in_korean {
        return machine || (begins_with_letter && letters >= MIN_LETTERS);
    }
    // `I`, `A` and other single letters are words.
    machine || (letters >= 2 && begins_with_letter && (inner_capital || (capital && !starts_sentence)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_words_by_how_they_are_written() {
        let cases: [(&str, &[&str]); 15] = [
            ("Can I deploy payment-api on a Saturday in May?", &[]),
            ("How Many Requests Per Minute May A Signed-In User Send?", &[]),
            ("How Long Does MongoDB Keep An Oplog Entry By Default?", &["MongoDB"]),
            ("I need access to a replica. Which role do I request? Also, for how long?", &[]),
            ("Is v1.2.3 of Envoy supported? It's Kafka we use.", &["Envoy", "Kafka"]),
            ("kubelet on worker-3 of cluster prod-1. HN-5034?", &["HN-5034"]),
            ("pg-2번 노드의 log4j 설정", &["log4j"]),
            ("ActiveMQ 큐가 가득 차서 consume이 멈췄을 때", &["ActiveMQ", "consume"]),
            ("ZX-9001 오류가 나는데 어떻게 하죠?", &["ZX-9001"]),
            ("디스크 100GB를 30s 안에 어떻게 늘려요?", &[]),
            ("Is there a runbook for the CockroachDB upgrade?", &["CockroachDB"]),
            ("What happens if the Watchdog alert goes quiet?", &["Watchdog"]),
            ("kube_pod_status and max_connections of pg-alpha", &["kube_pod_status", "max_connections"]),
            ("eBPF probe missing. what now?", &["eBPF"]),
            ("When do I see a doctor?", &[]),
        ];
        for (question, expect) in cases {
            assert_eq!(names(question).collect::<Vec<_>>(), expect, "{question}");
        }
    }
}
