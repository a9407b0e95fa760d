//! Which pages, slides or rows of a source an answer quotes: what a person opens to check it. The passage around a quote may
//! span many of them.

use crate::contract::{AnswerSentence, AnswerSource, Lines, QuoteLocator, SheetRows};

/// The ranges of a source that its citations quote, in order and without those that touch. Where a citation does not say,
/// that of the whole passage. `of` picks what is counted: pages, slides or rows.
pub fn ranges(
    source: &AnswerSource,
    sentences: &[AnswerSentence],
    of: impl Fn(&QuoteLocator) -> Option<Lines>,
) -> Vec<Lines> {
    let AnswerSource { pages, slides, rows, .. } = source;
    let whole = of(&QuoteLocator { pages: *pages, slides: *slides, rows: rows.clone() });
    let citations = sentences.iter().flat_map(|sentence| &sentence.citations);
    let citations = citations.filter(|citation| citation.source == source.id);
    let quoted: Option<Vec<Lines>> = citations.map(|citation| citation.locator.as_ref().and_then(&of)).collect();
    match quoted {
        Some(quoted) if whole.is_some() && !quoted.is_empty() => joined(quoted),
        _ => whole.into_iter().collect(),
    }
}

/// The rows of a place, as a range.
pub fn rows(locator: &QuoteLocator) -> Option<Lines> {
    locator.rows.as_ref().map(|SheetRows { first, last, .. }| Lines { first: *first, last: *last })
}

fn joined(mut ranges: Vec<Lines>) -> Vec<Lines> {
    ranges.sort_by_key(|range| (range.first, range.last));
    let mut joined: Vec<Lines> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut().filter(|last| range.first <= last.last.saturating_add(1)) {
            Some(last) => last.last = last.last.max(range.last),
            None => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_one() {
        let range = |(first, last): (u32, u32)| Lines { first, last };
        let check = |ranges: &[(u32, u32)], expect: &[(u32, u32)]| {
            let ranges = ranges.iter().copied().map(range).collect();
            assert_eq!(joined(ranges), expect.iter().copied().map(range).collect::<Vec<_>>());
        };
        check(&[(13, 13)], &[(13, 13)]);
        check(&[(7, 7), (2, 3), (2, 2), (4, 4)], &[(2, 4), (7, 7)]);
        check(&[], &[]);
    }
}
