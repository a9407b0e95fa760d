//! The paragraph shapes, numberings and bullets of a Hangul document, and how far each numbering has counted.

use std::collections::HashMap;

use crate::labels::{self, NumberFormat};

/// Levels of a numbering.
pub(super) const LEVELS: usize = 10;

/// What a paragraph is shown with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// By what it is counted.
    pub(super) kind: HeadKind,
    /// The numbering or bullet, from 1; not used by outlines, which the section's numbering counts.
    pub(super) id: u32,
    /// 0 for the outermost level.
    pub(super) level: usize,
}

/// By what a paragraph is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadKind {
    /// The outline of the section: headings.
    Outline,
    /// A numbering.
    Number,
    /// A bullet.
    Bullet,
}

/// A level of a numbering.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Level {
    /// How its count is written.
    pub(super) format: NumberFormat,
    /// The label, with `^1` to `^9` for the counts.
    pub(super) text: String,
    /// The first count.
    pub(super) start: u64,
}

/// All definitions of a document.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    /// The heads of paragraph shapes that have one.
    pub(super) heads: HashMap<u32, Head>,
    /// The numberings, by number.
    pub(super) numberings: HashMap<u32, Vec<Level>>,
    /// The bullets, by number.
    pub(super) bullets: HashMap<u32, char>,
}

/// Counts the paragraphs of a section.
#[derive(Debug, Default)]
pub(super) struct Counter {
    outline: u32,
    counts: HashMap<u32, [Option<u64>; LEVELS]>,
}

impl Counter {
    /// A counter for a section whose outlines a numbering counts.
    pub(super) fn of(outline: u32) -> Self {
        Self { outline, counts: HashMap::new() }
    }

    /// Counts a paragraph, and gives the label that it is shown with.
    pub(super) fn count(&mut self, head: Head, definitions: &Definitions) -> String {
        let id = match head.kind {
            HeadKind::Bullet => return definitions.bullets.get(&head.id).map(char::to_string).unwrap_or_default(),
            HeadKind::Number => head.id,
            HeadKind::Outline => self.outline,
        };
        let Some(levels) = definitions.numberings.get(&id) else { return String::new() };
        let Some(level) = levels.get(head.level) else { return String::new() };
        let counts = self.counts.entry(id).or_default();
        counts[head.level] = Some(counts[head.level].map_or(level.start, |count| count.saturating_add(1)));
        for deeper in &mut counts[head.level + 1..] {
            *deeper = None;
        }
        shown(level, levels, counts)
    }
}

fn shown(level: &Level, levels: &[Level], counts: &[Option<u64>; LEVELS]) -> String {
    let mut label = String::new();
    let mut chars = level.text.chars().peekable();
    while let Some(c) = chars.next() {
        let digit = chars.peek().and_then(|next| next.to_digit(10)).filter(|digit| c == '^' && *digit > 0);
        let Some((digit, of)) = digit.and_then(|digit| Some((digit as usize - 1, levels.get(digit as usize - 1)?)))
        else {
            label.push(c);
            continue;
        };
        chars.next();
        label.push_str(&of.format.write(counts[digit].unwrap_or(of.start)));
    }
    label
}

/// The formats in the order in which both formats number and name them (HWP 5 table 43, `NumFormat` of HWPX).
const FORMATS: [(&str, NumberFormat); 17] = [
    ("DIGIT", NumberFormat::Decimal),
    ("CIRCLED_DIGIT", NumberFormat::Run(labels::CIRCLED)),
    ("ROMAN_CAPITAL", NumberFormat::RomanUpper),
    ("ROMAN_SMALL", NumberFormat::RomanLower),
    ("LATIN_CAPITAL", NumberFormat::LatinUpper),
    ("LATIN_SMALL", NumberFormat::LatinLower),
    ("CIRCLED_LATIN_CAPITAL", NumberFormat::Run(labels::CIRCLED_UPPER)),
    ("CIRCLED_LATIN_SMALL", NumberFormat::Run(labels::CIRCLED_LOWER)),
    ("HANGUL_SYLLABLE", NumberFormat::Run(labels::SYLLABLES)),
    ("CIRCLED_HANGUL_SYLLABLE", NumberFormat::Run(labels::CIRCLED_SYLLABLES)),
    ("HANGUL_JAMO", NumberFormat::Run(labels::CONSONANTS)),
    ("CIRCLED_HANGUL_JAMO", NumberFormat::Run(labels::CIRCLED_CONSONANTS)),
    ("HANGUL_PHONETIC", NumberFormat::Run(labels::READ)),
    ("IDEOGRAPH", NumberFormat::Run(labels::CHINESE)),
    ("CIRCLED_IDEOGRAPH", NumberFormat::Run(labels::CIRCLED_CHINESE)),
    ("DECAGON_CIRCLE", NumberFormat::Run(labels::STEMS)),
    ("DECAGON_CIRCLE_HANJA", NumberFormat::Run(labels::CHINESE_STEMS)),
];

/// The format with a number.
pub(super) fn format_of_code(code: u32) -> NumberFormat {
    FORMATS.get(code as usize).map_or(NumberFormat::Decimal, |(_, format)| *format)
}

/// The format with a name.
pub(super) fn format_of_name(name: &str) -> NumberFormat {
    FORMATS.iter().find(|(known, _)| *known == name).map_or(NumberFormat::Decimal, |(_, format)| *format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_counted_as_shown() {
        let level = |code, text: &str| Level { format: format_of_code(code), text: text.to_owned(), start: 1 };
        let levels = vec![level(0, "제^1장"), level(8, "^1-^2.")];
        let definitions = Definitions {
            numberings: HashMap::from([(3, levels)]),
            bullets: HashMap::from([(1, '-')]),
            ..Definitions::default()
        };
        let mut counter = Counter::of(3);
        let mut check = |kind, id, level, expect: &str| {
            assert_eq!(counter.count(Head { kind, id, level }, &definitions), expect);
        };
        check(HeadKind::Outline, 0, 0, "제1장");
        check(HeadKind::Outline, 0, 1, "1-가.");
        check(HeadKind::Number, 3, 1, "1-나.");
        check(HeadKind::Outline, 0, 0, "제2장");
        check(HeadKind::Outline, 0, 1, "2-가.");
        check(HeadKind::Bullet, 1, 0, "-");
        check(HeadKind::Bullet, 9, 0, "");
        check(HeadKind::Number, 9, 0, "");
        check(HeadKind::Number, 3, 9, "");
    }
}
