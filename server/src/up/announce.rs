//! The greeting of a server that is ready: where it is, and a question to copy in English and in Korean, about
//! documents that are really there. Each was asked before it is shown, and was answered from the document it is about.

use std::net::SocketAddr;

use ragops_engine::answer::{Question, Searcher, Status};
use ragops_engine::document::Language;
use ragops_engine::index::ChunkNumber;
use ragops_engine::index::passages::DocumentRecord;
use ragops_engine::retrieve::Mode;
use ragops_engine::settings::QuerySettings;

/// Documents looked at for something to ask about.
const LOOKED_AT: u32 = 500;
/// Headings of one document looked at.
const HEADINGS_LOOKED_AT: u32 = 20;
/// Questions tried in one language. Each takes as long as a user's question: all of them together a second or so.
const MAX_TRIES: usize = 12;
/// A longer title or heading makes no good question.
const MAX_CHARS: usize = 60;

/// What to ask about an index, in both languages; `None` where nothing that was tried was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examples {
    english: Option<String>,
    korean: Option<String>,
}

impl Examples {
    /// From the first documents of each language. A title or heading that is a question itself comes first, then the
    /// question what a document says; the first one that is answered from its own document is taken.
    pub fn of(searcher: &Searcher, settings: &QuerySettings) -> Self {
        let passages = &searcher.revision().passages;
        let count = u32::try_from(passages.document_count()).unwrap_or(u32::MAX).min(LOOKED_AT);
        let documents: Vec<DocumentRecord> = (0..count).filter_map(|number| passages.document(number).ok()).collect();
        let example = |language| {
            let written_in = documents.iter().filter(|document| document.language == Some(language));
            let asked =
                written_in.clone().filter_map(|document| Some((document, written_question(searcher, document)?)));
            let made = written_in.filter_map(|document| Some((document, question_about(&document.title, language)?)));
            let mut tried = asked.take(MAX_TRIES / 2).chain(made).take(MAX_TRIES);
            tried.find(|(document, question)| is_answered(searcher, settings, document, question)).map(|(_, text)| text)
        };
        Self { english: example(Language::English), korean: example(Language::Korean) }
    }
}

/// A title or heading of the document that is a question.
fn written_question(searcher: &Searcher, document: &DocumentRecord) -> Option<String> {
    let passages = &searcher.revision().passages;
    let chunks = document.first_chunk..document.first_chunk + document.chunks.min(HEADINGS_LOOKED_AT);
    let headings = chunks.filter_map(|number| passages.chunk(ChunkNumber(number)).ok()).flat_map(|c| c.place.headings);
    std::iter::once(document.title.clone()).chain(headings).find(|text| text.ends_with('?') && is_askable(text))
}

/// The question what a document says. Its title is quoted: no article and no Korean particle can then be wrong.
fn question_about(title: &str, language: Language) -> Option<String> {
    let question = match language {
        Language::Korean => format!("「{title}」 문서의 내용을 알려 주세요"),
        _ => format!("What does “{title}” say?"),
    };
    is_askable(title).then_some(question)
}

fn is_answered(searcher: &Searcher, settings: &QuerySettings, document: &DocumentRecord, text: &str) -> bool {
    let answer = searcher.answer(Question { text, mode: Mode::Auto }, settings);
    answer.is_ok_and(|answer| {
        let is_about_it = answer.sources.iter().any(|source| source.path == document.path);
        answer.status == Status::Answered && is_about_it
    })
}

/// Fit to stand inside JSON inside single quotes of a shell, unescaped.
fn is_askable(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | ',' | '.' | ':' | '/' | '(' | ')' | '?');
    (2..=MAX_CHARS).contains(&text.chars().count()) && text.chars().all(plain)
}

/// Where a client finds a server that listens on `address`.
pub fn url(address: SocketAddr) -> String {
    let port = address.port();
    if address.ip().is_unspecified() { format!("http://localhost:{port}") } else { format!("http://{address}") }
}

/// The greeting. `index` is named where several are served.
pub fn greeting(url: &str, index: Option<&str>, examples: &Examples) -> String {
    let path = index.map_or("/query".to_owned(), |index| format!("/indexes/{index}/query"));
    let mut questions: Vec<&str> =
        [&examples.english, &examples.korean].into_iter().flatten().map(String::as_str).collect();
    if questions.is_empty() {
        questions.push("YOUR QUESTION");
    }
    let mut text = format!("Ready at {url} (ask there in a browser, or from a shell)\n{url} 에서 질문할 수 있습니다\n");
    for question in questions {
        text.push_str(&format!(
            "  curl -s {url}{path} -H 'content-type: application/json' -d '{{\"question\": \"{question}\"}}'\n"
        ));
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_can_be_copied_and_names_the_index_only_where_it_must() {
        let examples = Examples { english: question_about("Restarting Kafka", Language::English), korean: None };
        let text = greeting("http://127.0.0.1:8000", None, &examples);
        let curl = "  curl -s http://127.0.0.1:8000/query -H 'content-type: application/json' \
                    -d '{\"question\": \"What does “Restarting Kafka” say?\"}'";
        assert!(text.lines().any(|line| line == curl), "{text}");
        assert_eq!(text.matches("curl").count(), 1, "{text}");
        assert!(greeting("http://x", Some("faq"), &examples).contains("http://x/indexes/faq/query"));
        assert!(greeting("http://x", None, &Examples::default()).contains("{\"question\": \"YOUR QUESTION\"}"));
    }

    #[test]
    fn a_question_quotes_the_title_so_that_no_particle_can_be_wrong() {
        let korean = question_about("보안", Language::Korean);
        assert_eq!(korean.as_deref(), Some("「보안」 문서의 내용을 알려 주세요"));
        assert_eq!(question_about("It's $5", Language::English), None);
    }

    #[test]
    fn titles_that_a_shell_or_json_would_read_otherwise_are_not_asked_about() {
        for bad in ["It's", "say \"x\"", "a\\b", "$(rm)", "x", "`id`", "a\nb"] {
            assert!(!is_askable(bad), "{bad}");
        }
        assert!(is_askable("인증서 갱신 (TLS)"));
    }

    #[test]
    fn an_unspecified_address_is_shown_as_localhost() {
        assert_eq!(url("0.0.0.0:81".parse().unwrap()), "http://localhost:81");
        assert_eq!(url("[::1]:82".parse().unwrap()), "http://[::1]:82");
    }
}
