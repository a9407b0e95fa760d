//! Keeps hostile nesting away from the Markdown parser: a line that opens more quotes and lists than the cap loses its
//! markers. Real pages pass untouched and uncopied.

use std::borrow::Cow;

use super::limits::MAX_NESTING;

/// The text with over-nested lines turned into plain quotations (each stays one line, so line numbers hold), and
/// whether there were any.
pub(super) fn flattened(text: &str) -> (Cow<'_, str>, bool) {
    if !text.lines().any(is_over_nested) {
        return (Cow::Borrowed(text), false);
    }
    let mut flat = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if is_over_nested(line) {
            flat.push_str("> ");
            flat.push_str(&line[marker_prefix(line).0..]);
        } else {
            flat.push_str(line);
        }
    }
    (Cow::Owned(flat), true)
}

fn is_over_nested(line: &str) -> bool {
    // Each marker takes a byte at least.
    line.len() > MAX_NESTING && marker_prefix(line).1 > MAX_NESTING
}

/// The bytes of the quote and list markers a line opens with, and how many there are.
fn marker_prefix(line: &str) -> (usize, usize) {
    let bytes = line.as_bytes();
    let (mut at, mut markers) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes[at..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
        let is_space = |at: usize| bytes.get(at).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\n'));
        match byte {
            b' ' | b'\t' => at += 1,
            b'>' => (at, markers) = (at + 1, markers + 1),
            b'-' | b'*' | b'+' if is_space(at + 1) => (at, markers) = (at + 1, markers + 1),
            _ if digits > 0 && matches!(bytes.get(at + digits), Some(b'.' | b')')) && is_space(at + digits + 1) => {
                (at, markers) = (at + digits + 1, markers + 1);
            }
            _ => break,
        }
    }
    (at, markers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hostile_lines_change() {
        let page = "> quote\n> > deeper\n- - list\n1. one\n* * *\n";
        assert!(matches!(flattened(page), (Cow::Borrowed(_), false)));
        for marker in [">", "> ", "- ", "1. ", "* > "] {
            let page = format!("before\n{}words\nafter", marker.repeat(MAX_NESTING + 1));
            let (flat, deep) = flattened(&page);
            assert!(deep, "{marker}");
            assert_eq!(flat, "before\n> words\nafter");
        }
    }
}
