//! The marks that list items start with: bullets, numbers, Korean syllables and circled numbers that count.

use crate::model::ListMarker;

/// The mark of a list item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bullet or number.
    pub(super) marker: ListMarker,
    /// How many bytes of the line the mark and the blanks after it take.
    pub(super) length: usize,
}

/// The syllables that number Korean lists, in their order.
const SYLLABLES: &str = "가나다라마바사아자차카타파하";

/// Bullets that are nothing else, so that no blank has to follow. The last ones are Symbol and Wingdings glyphs without
/// a Unicode name.
const BULLETS: &str = "•●○■□▪▫◦‣⁃◆◇❖▶▷➢➤✓✔※\u{f0b7}\u{f0a7}\u{f0d8}\u{f0fc}\u{f076}\u{f06c}\u{f06e}\u{f075}";

/// Characters that are bullets where a blank follows.
const BULLETS_BEFORE_BLANK: &str = "-–—*+·∙⋅ㆍ￭";

/// The mark that a line starts with.
pub(super) fn mark(line: &str) -> Option<Mark> {
    let content = line.trim_start();
    let (marker, length) = bullet(content).or_else(|| number(content))?;
    let rest = &content[length..];
    let blanks = rest.len() - rest.trim_start().len();
    Some(Mark { marker, length: line.len() - content.len() + length + blanks })
}

fn bullet(content: &str) -> Option<(ListMarker, usize)> {
    let first = content.chars().next()?;
    let length = first.len_utf8();
    let is_bullet = BULLETS.contains(first)
        || BULLETS_BEFORE_BLANK.contains(first) && content[length..].starts_with(char::is_whitespace);
    is_bullet.then_some((ListMarker::Bullet, length))
}

fn number(content: &str) -> Option<(ListMarker, usize)> {
    let first = content.chars().next()?;
    if ('①'..='⑳').contains(&first) {
        return Some((ListMarker::Number(u64::from(u32::from(first) - u32::from('①') + 1)), first.len_utf8()));
    }
    let inner = content.strip_prefix('(').unwrap_or(content);
    let is_bracketed = inner.len() < content.len();
    let end = inner.char_indices().take(4).find(|(_, c)| matches!(c, '.' | ')'))?.0;
    let (counted, closing) = (&inner[..end], &inner[end..=end]);
    let after = &inner[end + 1..];
    // `A. Smith` is a name, `(주)` a company, `3.5` a figure.
    let is_closed = closing == ")" || !is_bracketed && !counted.starts_with(|c: char| c.is_ascii_alphabetic());
    // A line that holds the end of a sentence starts with `다.`.
    let is_text = counted.is_ascii() || !after.trim().is_empty();
    let is_mark = is_closed && is_text && (after.is_empty() || after.starts_with(char::is_whitespace));
    let value = ordinal(counted).filter(|_| is_mark)?;
    Some((ListMarker::Number(value), content.len() - after.len()))
}

/// What a mark's digits or its letter stand for.
fn ordinal(counted: &str) -> Option<u64> {
    if counted.len() <= 3 && counted.bytes().all(|byte| byte.is_ascii_digit()) {
        return counted.parse().ok();
    }
    let mut chars = counted.chars();
    let (Some(letter), None) = (chars.next(), chars.next()) else { return None };
    if letter.is_ascii_lowercase() {
        return Some(u64::from(letter as u8 - b'a' + 1));
    }
    SYLLABLES.chars().zip(1..).find(|(syllable, _)| *syllable == letter).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: Option<(ListMarker, &str)>) {
        let found = mark(line).map(|mark| (mark.marker, &line[mark.length..]));
        assert_eq!(found, expect, "{line:?}");
    }

    #[test]
    fn bullets_are_marks_where_nothing_else_is_meant() {
        let bullet = ListMarker::Bullet;
        check("• apples", Some((bullet, "apples")));
        check("•apples", Some((bullet, "apples")));
        check("  ▪ 사과", Some((bullet, "사과")));
        check("※ 참고", Some((bullet, "참고")));
        check("\u{f0b7} apples", Some((bullet, "apples")));
        check("- apples", Some((bullet, "apples")));
        check("-5 degrees", None);
        check("*bold*", None);
        check("•", Some((bullet, "")));
    }

    #[test]
    fn numbers_letters_and_syllables_count() {
        let number = ListMarker::Number;
        check("1. apples", Some((number(1), "apples")));
        check("12) apples", Some((number(12), "apples")));
        check("(3) apples", Some((number(3), "apples")));
        check("나. 배", Some((number(2), "배")));
        check("(다) 감", Some((number(3), "감")));
        check("④ 밤", Some((number(4), "밤")));
        check("④밤", Some((number(4), "밤")));
        check("b) pears", Some((number(2), "pears")));
    }

    #[test]
    fn names_figures_and_years_are_no_marks() {
        for line in [
            "A. Smith wrote",
            "3.5 metres",
            "2024. 1. 3.",
            "(주) 회사",
            "1.2 Title",
            "e.g. this",
            "",
            ")",
            "(.",
            "다.라",
        ] {
            check(line, None);
        }
    }
}
