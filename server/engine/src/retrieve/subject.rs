//! What a short question is about, where words in it may only name the page that is looked for (`settlement
//! procedure`).

use std::ops::Range;

use crate::index::IndexError;
use crate::revision::Revision;
use crate::text::asking::{FEW_WORDS, only_asks};
use crate::text::page_words::names_page;
use crate::text::{Analyzer, TokenBuffer, TokenKind};

/// The words of a question, at their places, that only name the page which is looked for: a passage holds the one or
/// two others together, and none holds all. Where a page is about a `style guide` that is its name; what stands nowhere
/// (`tennis guide`) is no more in the index for being asked alone.
pub(crate) fn only_name_page(revision: &Revision, question: &str) -> Result<Vec<Range<usize>>, IndexError> {
    let mut buffer = TokenBuffer::default();
    Analyzer.analyze(question, &mut buffer);
    let words = buffer.iter().filter(|token| token.kind.is_whole_word() && token.kind != TokenKind::Date);
    let words = words.map(|token| Word { form: token.text, place: token.start..token.end });
    let words = words.filter(|word| !only_asks(question, &word.place));
    let (pages, subject): (Vec<Word<'_>>, Vec<_>) = words.partition(|word| names_page(question, &word.place));
    if pages.is_empty() || !(1..=FEW_WORDS).contains(&subject.len()) {
        return Ok(Vec::new());
    }
    let all: Vec<&Word<'_>> = subject.iter().chain(&pages).collect();
    let subject: Vec<&Word<'_>> = subject.iter().collect();
    let only = stand_together(revision, &subject)? && !stand_together(revision, &all)?;
    Ok(if only { pages.into_iter().map(|word| word.place).collect() } else { Vec::new() })
}

/// A word of a question.
struct Word<'a> {
    /// As it stands in the index.
    form: &'a str,
    place: Range<usize>,
}

/// Whether one passage, with its title and headings, holds all these words.
fn stand_together(revision: &Revision, words: &[&Word<'_>]) -> Result<bool, IndexError> {
    let terms: Vec<&str> = words.iter().map(|word| word.form).collect();
    Ok(!revision.text.holding_all(&terms, 1)?.is_empty())
}
