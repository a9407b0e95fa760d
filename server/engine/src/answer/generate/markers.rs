//! Markers of citations in what a model writes: `[1]`, `[1, 3]`, `【2】`. They are read, and taken out of the text.

use std::sync::LazyLock;

use regex::Regex;

/// A sentence without its markers, and the numbers that they held, in order and each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unmarked {
    pub(super) text: String,
    pub(super) numbers: Vec<usize>,
}

/// Brackets with one number or several; a model may write the word before.
fn pattern() -> &'static Regex {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[ \t]*[\[【](?:(?:passages?|발췌문?)\s*)?#?(\d{1,3}(?:\s*[,;·]\s*\d{1,3})*)(?:번)?[\]】]")
            .expect("a valid pattern")
    });
    &PATTERN
}

/// Reads the markers of a sentence. What stands in backquotes is code, not a marker (`items[0]`), and so is `[x](link)`.
pub(super) fn unmarked(sentence: &str) -> Unmarked {
    let mut text = String::with_capacity(sentence.len());
    let mut numbers = Vec::new();
    let mut at = 0;
    for found in pattern().captures_iter(sentence) {
        let (Some(whole), Some(list)) = (found.get(0), found.get(1)) else { continue };
        let is_code = sentence[..whole.start()].matches('`').count() % 2 == 1;
        if is_code
            || sentence[whole.end()..].starts_with(['(', '[']) && !pattern().is_match_at_start(&sentence[whole.end()..])
        {
            continue;
        }
        text.push_str(&sentence[at..whole.start()]);
        at = whole.end();
        for number in list.as_str().split([',', ';', '·']).filter_map(|number| number.trim().parse().ok()) {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }
    text.push_str(&sentence[at..]);
    Unmarked { text, numbers }
}

/// How many bytes of a text, from its beginning, are markers and white space: those behind a full stop belong to the
/// sentence before.
pub(super) fn leading(text: &str) -> usize {
    let mut at = 0;
    while let Some(found) = pattern().find(&text[at..]).filter(|found| found.start() == 0) {
        at += found.end();
    }
    at
}

trait MatchAtStart {
    fn is_match_at_start(&self, text: &str) -> bool;
}

impl MatchAtStart for Regex {
    fn is_match_at_start(&self, text: &str) -> bool {
        self.find(text).is_some_and(|found| found.start() == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_read_and_taken_out() {
        let cases: [(&str, &str, &[usize]); 12] = [
            ("Restart it [1].", "Restart it.", &[1]),
            ("Restart it. [1][2]", "Restart it.", &[1, 2]),
            ("Restart it[2, 1].", "Restart it.", &[2, 1]),
            ("재시작합니다【3】.", "재시작합니다.", &[3]),
            ("재시작합니다 [발췌문 3].", "재시작합니다.", &[3]),
            ("Restart [Passage 2] it.", "Restart it.", &[2]),
            ("Use `items[0]` [4].", "Use `items[0]`.", &[4]),
            ("See [the page](https://x/1).", "See [the page](https://x/1).", &[]),
            ("See [1](https://x/1).", "See [1](https://x/1).", &[]),
            ("Twice [1] the same [1].", "Twice the same.", &[1]),
            ("A year [2024] is no passage.", "A year [2024] is no passage.", &[]),
            ("Nothing.", "Nothing.", &[]),
        ];
        for (sentence, text, numbers) in cases {
            let found = unmarked(sentence);
            assert_eq!((found.text.as_str(), found.numbers.as_slice()), (text, numbers), "{sentence}");
        }
    }

    #[test]
    fn markers_behind_a_full_stop_belong_to_the_sentence_before() {
        assert_eq!(leading(" [1][2] Next."), " [1][2]".len());
        assert_eq!((leading("Next [1]."), leading("")), (0, 0));
    }
}
