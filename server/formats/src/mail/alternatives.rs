//! The text of a mail that says the same in two ways, as far as it does: many programs write a text that only points to the
//! HTML, and some people write one that says more. What tells them apart is which words each holds.

use std::collections::HashSet;

/// How many letters are looked through for words that may be broken over two lines in the other text: enough for any mail
/// that a person wrote.
const MAX_SOUGHT: usize = 1 << 30;

/// Both alternatives as one text: the text where it holds the words of the HTML, or else the HTML and, behind it, those
/// paragraphs of the text that say something more.
pub(super) fn merged(text: &str, html: &str) -> String {
    if Said::by(text).holds(html) {
        return text.to_owned();
    }
    let (mut merged, mut said) = (html.to_owned(), Said::by(html));
    for paragraph in paragraphs(text).into_iter().filter(|paragraph| !said.holds(paragraph)) {
        merged.push_str("\n\n");
        merged.push_str(&paragraph);
    }
    merged
}

/// What a text says.
struct Said {
    words: HashSet<String>,
    /// Its letters in lower case, without anything between them.
    letters: String,
    /// How many letters may still be looked through.
    left: usize,
}

impl Said {
    fn by(text: &str) -> Self {
        let letters = text.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect();
        Self { words: words(text), letters, left: MAX_SOUGHT }
    }

    /// Whether it says all that another text says.
    fn holds(&mut self, other: &str) -> bool {
        let words = words(other);
        words.into_iter().all(|word| self.words.contains(&word) || self.holds_broken(&word))
    }

    /// Whether it says a word with a break in it. A number that is a part of another is not said, nor is a short word.
    fn holds_broken(&mut self, word: &str) -> bool {
        if word.len() <= 3 || word.contains(char::is_numeric) || self.left < self.letters.len() {
            return false;
        }
        self.left -= self.letters.len();
        self.letters.contains(word)
    }
}

/// The different words of a text in lower case. Addresses of links are none: HTML has them out of sight.
fn words(text: &str) -> HashSet<String> {
    let seen = text.split_whitespace().filter(|word| !word.contains("://"));
    let parts = seen.flat_map(|word| word.split(|c: char| !c.is_alphanumeric()));
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// The paragraphs of a text, with their lines.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        if line.trim().is_empty() {
            paragraphs.push(String::new());
        } else if let Some(last) = paragraphs.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, html: &str, expect: &[&str]) {
        let merged = merged(text, html);
        assert_eq!(paragraphs(&merged).iter().map(|paragraph| paragraph.trim()).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn the_one_that_says_all_is_taken() {
        check("The price is 88 USD.\n\n- one", "The price is 88 USD.", &["The price is 88 USD.", "- one"]);
        check("88 USD <https://example.com/x?y=1>", "the price: 88 USD", &["the price: 88 USD"]);
        check("결제팀에 문\n의한다", "결제팀에 문의한다", &["결제팀에 문\n의한다"]);
        check(" \n", "only HTML", &["only HTML"]);
        check("only text", "", &["only text"]);
    }

    #[test]
    fn what_only_one_says_is_never_lost() {
        check("View it in HTML.", "Switch SW-9 is replaced.", &["Switch SW-9 is replaced.", "View it in HTML."]);
        check(
            "Hello\n\nThe code is PX-501.",
            "Hello Footer of the company, and more of it",
            &["Hello Footer of the company, and more of it", "The code is PX-501."],
        );
        // 22 is a part of 220.
        check("It costs 220 USD", "It costs 22 USD", &["It costs 22 USD", "It costs 220 USD"]);
    }
}
