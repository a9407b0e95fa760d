//! Control characters: terminals' escape sequences in logs, bells and backspaces. No reader of an answer can see them, and
//! some do harm where they are shown, so they are no part of a document's text.

use std::borrow::Cow;

/// The text without control characters, and how many there were. Line breaks and tabs stay; a form feed or a vertical tab
/// is a space; an escape sequence of a terminal (ECMA-48, CSI: `ESC [ … letter`) goes as a whole and counts once.
pub(super) fn without_controls(text: &str) -> (Cow<'_, str>, usize) {
    if !text.chars().any(is_unwanted) {
        return (Cow::Borrowed(text), 0);
    }
    let (mut kept, mut removed) = (String::with_capacity(text.len()), 0);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{b}' | '\u{c}' => kept.push(' '),
            '\u{1b}' => {
                removed += 1;
                rest = after_sequence(rest.as_str()).chars();
            }
            c if is_unwanted(c) => removed += 1,
            c => kept.push(c),
        }
    }
    (Cow::Owned(kept), removed)
}

fn is_unwanted(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// What follows the rest of an escape sequence; all of it where none goes on.
fn after_sequence(rest: &str) -> &str {
    let Some(sequence) = rest.strip_prefix('[') else { return rest };
    let end = sequence.bytes().position(|byte| !(0x20..=0x3f).contains(&byte)).unwrap_or(sequence.len());
    match sequence.as_bytes().get(end) {
        Some(0x40..=0x7e) => &sequence[end + 1..],
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_seen_stays() {
        let check = |text: &str, expect: &str, removed: usize| {
            assert_eq!(without_controls(text), (Cow::Borrowed(expect), removed), "{text:?}");
        };
        check("한글\n\ttext", "한글\n\ttext", 0);
        check("a\u{7}b\u{8}\u{7f}c\u{85}", "abc", 4);
        check("page\u{c}page", "page page", 0);
        check("\u{1b}[1;31m오류\u{1b}[0m: x", "오류: x", 2);
        check("\u{1b}[한", "[한", 1);
        check("\u{1b}[", "[", 1);
        check("\u{1b}", "", 1);
        check("\u{1b}]0;title\u{7}", "]0;title", 2);
    }
}
