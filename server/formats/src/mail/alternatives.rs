//! A mail that says the same in two ways, as far as it does: many programs write a text that only points to the HTML, and
//! some people write one that says more. What tells them apart is which words each holds. The text never says what is struck
//! out or hidden in the HTML, and knows neither tables nor headings.

use std::collections::HashSet;

use crate::BlockKind;
use crate::html::Page;

/// How many letters are looked through for words that may be broken over two lines in the other text: enough for any mail
/// that a person wrote.
const MAX_SOUGHT: usize = 1 << 30;

/// Which of two alternatives is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The text: it says what the HTML says.
    Text,
    /// The HTML and, behind it, those paragraphs of the text that say something more.
    Html { more: Vec<String> },
}

/// Which of the alternatives is read.
pub(super) fn chosen(text: &str, pages: &[Page]) -> Read {
    let shown: String = pages.iter().flat_map(|page| &page.pieces).map(|piece| says(&piece.kind)).collect();
    let hidden: String = pages.iter().map(|page| page.hidden.as_str()).collect();
    let is_text_enough = || {
        let (by_text, by_html) = (words(text), words(&shown));
        let has_struck = words(&hidden).iter().any(|word| by_text.contains(word) && !by_html.contains(word));
        !has_struck && Said::by(text).holds(&shown)
    };
    if shown.trim().is_empty() || !pages.iter().any(is_built) && is_text_enough() {
        return Read::Text;
    }
    let mut said = Said::by(&(shown + &hidden));
    Read::Html { more: paragraphs(text).into_iter().filter(|paragraph| !said.holds(paragraph)).collect() }
}

/// Whether a page has a form that a text cannot have.
fn is_built(page: &Page) -> bool {
    page.pieces.iter().any(|piece| matches!(piece.kind, BlockKind::Table(_) | BlockKind::Heading { .. }))
}

/// The words of a block, ended by a line break.
fn says(kind: &BlockKind) -> String {
    match kind {
        BlockKind::Heading { text, .. }
        | BlockKind::Paragraph(text)
        | BlockKind::Quote(text)
        | BlockKind::ListItem { text, .. }
        | BlockKind::Code(text) => format!("{text}\n"),
        BlockKind::Table(table) => {
            table.rows.iter().flat_map(|row| &row.cells).map(|cell| format!("{}\n", cell.text)).collect()
        }
    }
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

    fn check(text: &str, html: &str, expect: Read) {
        let page = crate::html::read(html, crate::html::Scope::Mail);
        assert_eq!(chosen(text, &[page]), expect, "{text} {html}");
    }

    fn html(more: &[&str]) -> Read {
        Read::Html { more: more.iter().map(|paragraph| format!("{paragraph}\n")).collect() }
    }

    #[test]
    fn the_one_that_says_all_is_read() {
        check("The price is 88 USD.\n\n- one", "The price is 88 USD.", Read::Text);
        check("88 USD <https://example.com/x?y=1>", "the price: 88 USD", html(&[]));
        check("결제팀에 문\n의한다", "결제팀에 문의한다", Read::Text);
        check(" \n", "only HTML", html(&[]));
        check("only text", "", Read::Text);
    }

    #[test]
    fn what_only_one_says_is_never_lost() {
        check("View it in HTML.", "Switch SW-9 is replaced.", html(&["View it in HTML."]));
        let footer = "Hello Footer of the company, and more of it";
        check("Hello\n\nThe code is PX-501.", footer, html(&["The code is PX-501."]));
        // 22 is a part of 220.
        check("It costs 220 USD", "It costs 22 USD", html(&["It costs 220 USD"]));
    }

    /// A program that makes the text of the HTML writes the struck price as if it held.
    #[test]
    fn what_the_html_strikes_out_or_hides_is_not_read_from_the_text() {
        let struck = "<p>It costs <del>10 USD</del> 8 EUR.</p>";
        check("It costs 10 USD 8 EUR.", struck, html(&[]));
        check("It costs 10 USD 8 EUR.\n\nAsk Kim.", struck, html(&["Ask Kim."]));
        check("It costs 8 EUR.", struck, Read::Text);
    }

    #[test]
    fn tables_and_headings_are_read_as_such() {
        let table = "<table><tr><th>Plan<th>Price<tr><td>Pro<td>22 USD</table>";
        check("Plan Price\nPro 22 USD", table, html(&[]));
        check("Deploy\n\nIt runs at 10:00.", "<h2>Deploy</h2><p>It runs at 10:00.", html(&[]));
    }
}
