//! `GET /`: one plain page to ask with, in English or Korean as the browser prefers. It is whole in itself: nothing
//! is loaded from elsewhere, and its policy lets the browser run exactly this script.

use std::sync::LazyLock;

use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const SHELL: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

static PAGE: LazyLock<String> =
    LazyLock::new(|| SHELL.replacen("{{style}}", STYLE, 1).replacen("{{script}}", SCRIPT, 1));
static POLICY: LazyLock<String> = LazyLock::new(policy);

/// The page.
pub async fn page() -> impl IntoResponse {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, PAGE.as_str())
}

fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
        let from = text.find(open).unwrap() + open.len();
        &text[from..from + text[from..].find(close).unwrap()]
    }

    #[test]
    fn the_policy_allows_exactly_the_script_and_style_in_the_page() {
        assert_eq!(between(&PAGE, "<script>", "</script>"), SCRIPT);
        assert_eq!(between(&PAGE, "<style>", "</style>"), STYLE);
        assert_eq!(POLICY.matches("'sha256-").count(), 2);
        assert!(!POLICY.contains("unsafe"));
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        for scheme in ["http:", "https:", "//cdn"] {
            assert!(!PAGE.contains(scheme), "{scheme}");
        }
    }

    #[test]
    fn both_languages_have_every_text() {
        let keys = |language: &str| {
            let table = between(SCRIPT, &format!("\n    {language}: {{\n"), "\n    },");
            let words: Vec<&str> = table.split_whitespace().collect();
            let is_key =
                |pair: &&[&str]| pair[0].len() > 1 && pair[0].ends_with(':') && pair[1].starts_with(['\'', '(']);
            words.windows(2).filter(is_key).map(|pair| pair[0].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(keys("en"), keys("ko"));
        assert!(keys("en").len() > 20, "{:?}", keys("en"));
    }
}
