//! Words in Latin letters (and Greek, Cyrillic, ...) and numbers: identifiers are kept whole *and* split at
//! connectors and capitals, so that `kube-state-metrics`, `CrashLoopBackOff` and `state metrics` all meet.

use rust_stemmers::{Algorithm, Stemmer};

use super::analyze::{TokenBuffer, TokenKind};
use super::script::{Script, script};

/// A piece of one run: letters, digits, marks and connectors.
pub(super) fn analyze_latin(text: &str, start: usize, end: usize, buffer: &mut TokenBuffer) {
    let piece = text[start..end].trim_end_matches(|c| script(c) == Script::None);
    let piece = cut_clitic(piece);
    if piece.chars().all(|c| script(c) == Script::Digit || c == '.' || c == ',') {
        return push_number(piece, start, buffer);
    }
    let mut parts = Parts { text: piece, from: 0 };
    let Some(first) = parts.next() else { return };
    let Some(second) = parts.next() else {
        let (from, to) = first;
        let position = buffer.take_position();
        push_word(&piece[from..to], start + from, position, TokenKind::Word, buffer);
        return;
    };
    let position = buffer.take_position();
    buffer.push_raw(piece, (start, start + piece.len()), position, TokenKind::Compound);
    push_part(piece, first, start, position, buffer);
    for part in std::iter::once(second).chain(parts) {
        let position = buffer.take_position();
        push_part(piece, part, start, position, buffer);
    }
}

/// Takes off `'s`, `'t`, `'re` and the like.
fn cut_clitic(piece: &str) -> &str {
    match piece.rfind(['\'', '\u{2019}']) {
        Some(at) if piece[at..].chars().count() <= 3 => &piece[..at],
        _ => piece,
    }
}

/// Digits with points and commas: commas group thousands and are dropped, points make a decimal or a version.
fn push_number(piece: &str, start: usize, buffer: &mut TokenBuffer) {
    let position = buffer.take_position();
    let place = (start, start + piece.len());
    let kind =
        if piece.bytes().filter(|byte| *byte == b'.').count() > 1 { TokenKind::Compound } else { TokenKind::Number };
    if piece.contains(',') {
        let form = buffer.push_form("");
        buffer.tail_mut().extend(piece.chars().filter(|c| *c != ','));
        let end = buffer.tail_mut().len() as u32;
        buffer.push_span((form.0, end), place, position, kind);
    } else {
        buffer.push_raw(piece, place, position, kind);
    }
}

/// One part of a compound; single letters (`e.g`) say nothing and are left out.
fn push_part(piece: &str, (from, to): (usize, usize), start: usize, position: u32, buffer: &mut TokenBuffer) {
    let part = &piece[from..to];
    let mut chars = part.chars();
    if chars.next().is_some_and(|c| script(c) != Script::Digit) && chars.next().is_none() {
        return;
    }
    push_word(part, start + from, position, TokenKind::Part, buffer);
}

/// One word: English function words are left out, others are stemmed. Words with digits stay as they are.
fn push_word(word: &str, start: usize, position: u32, kind: TokenKind, buffer: &mut TokenBuffer) {
    let (from, to) = buffer.push_form(word);
    let form = &buffer.tail_mut()[from as usize..to as usize];
    if is_stop_word(form) {
        return;
    }
    let mut end = to;
    if form.len() > 3 && form.bytes().all(|byte| byte.is_ascii_lowercase()) {
        // By the English (Porter2) rules. Dear: what a run gives is remembered by the buffer.
        let stem = Stemmer::create(Algorithm::English).stem(form).into_owned();
        let tail = buffer.tail_mut();
        tail.truncate(from as usize);
        tail.push_str(&stem);
        end = tail.len() as u32;
    }
    buffer.push_span((from, end), (start, start + word.len()), position, kind);
}

/// English words that questions are made of and answers are not found by, sorted. Leaving them out was measured to gain
/// a little on every English set (ADR 0007).
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does", "for", "from",
    "had", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "no", "not", "of", "on", "or",
    "our", "should", "so", "such", "that", "the", "their", "them", "then", "there", "these", "they", "this", "to",
    "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
];

fn is_stop_word(form: &str) -> bool {
    form.len() <= 6 && STOP_WORDS.binary_search(&form).is_ok()
}

/// The parts of a compound as byte ranges: split at connectors, before a capital that follows a small letter, and
/// before the last capital of a run that a small letter follows (`HTTPServer`).
struct Parts<'a> {
    text: &'a str,
    from: usize,
}

impl Iterator for Parts<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let rest = &self.text[self.from..];
        let skip = rest.find(|c| script(c) != Script::None)?;
        let start = self.from + skip;
        let mut previous: Option<char> = None;
        let mut chars = self.text[start..].char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            let next_is_small = chars.peek().is_some_and(|(_, next)| next.is_lowercase());
            let hump =
                previous.is_some_and(|p| c.is_uppercase() && (p.is_lowercase() || p.is_uppercase() && next_is_small));
            if script(c) == Script::None || hump {
                self.from = start + offset;
                return Some((start, start + offset));
            }
            previous = Some(c);
        }
        self.from = self.text.len();
        Some((start, self.text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_can_be_searched() {
        assert!(STOP_WORDS.is_sorted());
        assert!(STOP_WORDS.iter().all(|word| is_stop_word(word)));
        assert!(!is_stop_word("kafka"));
    }
}
