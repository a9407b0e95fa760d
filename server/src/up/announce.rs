//! The greeting of a server that is ready: where it is, and a question to copy in English and in Korean, about
//! documents that are really there.

use std::net::SocketAddr;

use ragops_engine::answer::Searcher;
use ragops_engine::document::Language;

/// Documents looked at for titles to ask about.
const LOOKED_AT: u32 = 500;
/// A longer title makes no good question.
const MAX_TITLE_CHARS: usize = 60;

/// What to ask about an index: titles of documents in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examples {
    english: Option<String>,
    korean: Option<String>,
}

impl Examples {
    /// From the first documents of each language that have a title fit to be asked about.
    pub fn of(searcher: &Searcher) -> Self {
        let passages = &searcher.revision().passages;
        let count = u32::try_from(passages.document_count()).unwrap_or(u32::MAX).min(LOOKED_AT);
        let mut examples = Self::default();
        for document in (0..count).filter_map(|number| passages.document(number).ok()) {
            let place = match document.language {
                Some(Language::Korean) => &mut examples.korean,
                Some(Language::English) => &mut examples.english,
                _ => continue,
            };
            if place.is_none() && is_askable(&document.title) {
                *place = Some(document.title);
            }
        }
        examples
    }
}

/// Fit to stand inside JSON inside single quotes of a shell, unescaped.
fn is_askable(title: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | ',' | '.' | ':' | '/' | '(' | ')');
    (2..=MAX_TITLE_CHARS).contains(&title.chars().count()) && title.chars().all(plain)
}

/// Where a client finds a server that listens on `address`.
pub fn url(address: SocketAddr) -> String {
    let port = address.port();
    if address.ip().is_unspecified() { format!("http://localhost:{port}") } else { format!("http://{address}") }
}

/// The greeting. `index` is named where several are served.
pub fn greeting(url: &str, index: Option<&str>, examples: &Examples) -> String {
    let path = index.map_or("/query".to_owned(), |index| format!("/indexes/{index}/query"));
    let english = examples.english.as_ref().map(|title| format!("What should I know about {title}?"));
    let korean = examples.korean.as_ref().map(|title| format!("{title}에 대해 알려 주세요"));
    let questions = [
        english.unwrap_or_else(|| "What are these documents about?".to_owned()),
        korean.unwrap_or_else(|| "이 문서들은 무엇에 대한 것인가요?".to_owned()),
    ];
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
        let examples = Examples { english: Some("Restarting Kafka".to_owned()), korean: None };
        let text = greeting("http://127.0.0.1:8000", None, &examples);
        let curl = "  curl -s http://127.0.0.1:8000/query -H 'content-type: application/json' \
                    -d '{\"question\": \"What should I know about Restarting Kafka?\"}'";
        assert!(text.lines().any(|line| line == curl), "{text}");
        assert!(text.contains("이 문서들은"), "{text}");
        assert!(greeting("http://x", Some("faq"), &examples).contains("http://x/indexes/faq/query"));
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
