//! Cuts a text into the tokens that may be facts: runs of Latin letters, digits and what joins them.

use std::borrow::Cow;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Its bytes.
    pub(super) range: Range<usize>,
    /// Whether it stands between backticks.
    pub(super) in_code: bool,
}

/// NFKC with case kept, so that full-width digits are digits and capitals still tell identifiers.
pub(super) fn readable(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfkc().collect()) }
}

/// The tokens of `text` in order. Hangul, Han and Kana end a token, so `503을` gives `503`.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut in_code = false;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c == '`' {
            in_code = !in_code && text[at + 1..].bytes().take(200).any(|byte| byte == b'`');
        } else if opens(c, &text[at + c.len_utf8()..]) {
            let end = token_end(text, at);
            found.push(Piece { range: at..end, in_code });
            at = end;
            continue;
        }
        at += c.len_utf8();
    }
    found
}

/// Letters of scripts written with spaces, and ASCII digits.
fn is_body(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (c > '\u{7f}' && c < '\u{1100}' && c.is_alphanumeric())
}

/// Whether a token opens with `c`: a letter or digit, or the dashes of a flag or slash of a path before one.
fn opens(c: char, rest: &str) -> bool {
    match c {
        '-' => rest.strip_prefix('-').is_some_and(|rest| rest.starts_with(is_body)),
        '/' => rest.starts_with(is_body),
        _ => is_body(c),
    }
}

/// The end of the token that opens at `start`: joiners count only between two body characters.
fn token_end(text: &str, start: usize) -> usize {
    let mut end = start;
    let mut joiners = 0;
    for (offset, c) in text[start..].char_indices() {
        if is_body(c) {
            end = start + offset + c.len_utf8();
            joiners = 0;
        } else if matches!(c, '-' | '.' | '/' | ':' | '@' | ',' | '~') && joiners < 3 {
            let before = text[..start + offset].chars().next_back();
            let after = text[start + offset + 1..].chars().next();
            let digits = before.is_some_and(|b| b.is_ascii_digit()) && after.is_some_and(|a| a.is_ascii_digit());
            // Commas group thousands: three digits follow.
            let thousands =
                digits && text[start + offset + 1..].bytes().take(3).filter(u8::is_ascii_digit).count() == 3;
            if c == ',' && !thousands || c == '~' && !digits {
                break;
            }
            joiners += 1;
        } else {
            break;
        }
    }
    end.max(start + text[start..].chars().next().map_or(1, char::len_utf8))
}
