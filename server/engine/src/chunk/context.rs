//! The context of a passage: the document's title and the headings above it, which are embedded with it.

use super::TokenCounter;
use super::cut::cut_to;

/// Between the parts of a context.
const SEPARATOR: &str = " > ";

/// A context with its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Context {
    /// `title > heading > heading`.
    pub(super) text: String,
    /// Its tokens with the line break after it.
    pub(super) tokens: usize,
}

/// Makes contexts for one document, counting its title once.
pub(super) struct Contexts<'d> {
    title: &'d str,
    /// Whether the title is no more than the file's name, which says little beside a heading (`export_2026-11`).
    is_file_name: bool,
    /// Most tokens of a context: a third of a passage, so that most of it stays the passage's own.
    most: usize,
    counter: &'d dyn TokenCounter,
}

impl<'d> Contexts<'d> {
    pub(super) fn new((title, path): (&'d str, &str), max_tokens: usize, counter: &'d dyn TokenCounter) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_file_name = name.rsplit_once('.').map_or(name, |(stem, _)| stem) == title;
        Self { title, is_file_name, most: max_tokens / 3, counter }
    }

    /// The context under `headings`. Where it is too long, headings in the middle go first, then the title, and at last
    /// the innermost heading is cut.
    pub(super) fn of(&self, headings: &[&str]) -> Context {
        // A page's first heading mostly repeats its title.
        let same = |heading: &&&str| heading.trim().eq_ignore_ascii_case(self.title.trim());
        let headings = if headings.first().as_ref().is_some_and(same) { &headings[1..] } else { headings };
        let innermost = headings.last().copied();
        let title = if self.is_file_name && innermost.is_some() { "" } else { self.title };
        let attempts: [Vec<&str>; 3] = [
            std::iter::once(title).chain(headings.iter().copied()).collect(),
            std::iter::once(title).chain(innermost).collect(),
            innermost.into_iter().collect(),
        ];
        for parts in attempts {
            let text = join(&parts);
            let tokens = self.counter.count(&text);
            if tokens <= self.most && !text.is_empty() {
                return Context { text, tokens };
            }
        }
        let text = cut_to(innermost.unwrap_or(self.title), self.most, self.counter).trim().to_owned();
        let tokens = self.counter.count(&text);
        Context { text, tokens }
    }
}

fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    parts.join(SEPARATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_keeps_what_is_nearest() {
        let words = |text: &str| text.split_whitespace().filter(|word| *word != ">").count();
        let check = |title: &str, headings: &[&str], expect: &str| {
            assert_eq!(Contexts::new((title, "docs/export.xlsx"), 18, &words).of(headings).text, expect);
        };
        check("Kafka", &[], "Kafka");
        check("Kafka", &["kafka ", "복구", "브로커"], "Kafka > 복구 > 브로커");
        check("Kafka", &["a b c", "d e", "f g"], "Kafka > f g");
        check("a very long title indeed", &["x", "y z"], "y z");
        check("export", &["FAQ", "y z"], "FAQ > y z");
        check("export", &[], "export");
        check("t", &["one two three four five six seven"], "one two three four five six");
        check("one two three four five six seven", &[], "one two three four five six");
    }
}
