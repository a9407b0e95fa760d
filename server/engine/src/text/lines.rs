//! Groups the lines of a passage: fences and tables whole, headings alone, list items and paragraphs as running text.
//! It reads the plain Markdown that chunks are written in, and copes with any other text.

use std::ops::Range;

use super::sentences::SegmentKind;

/// A run of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Group {
    /// Running text, to be cut into sentences.
    Text(Range<usize>),
    /// To be kept whole.
    Whole(Range<usize>, SegmentKind),
}

/// A paragraph's line at least this wide (columns; Hangul and Han count two) was probably wrapped by an editor.
const WRAPPED_COLUMNS: usize = 40;

/// The groups of `text` in order; blank lines belong to none.
pub(crate) fn groups(text: &str) -> Vec<Group> {
    let mut found = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut at = 0;
    while at < text.len() {
        let end = line_end(text, at);
        let line = &text[at..end];
        let content = line.trim_start();
        let whole = if content.trim_end().is_empty() {
            Some((end, None))
        } else if let Some(fence) = fence(content) {
            Some((fence_end(text, end, fence), Some(SegmentKind::Code)))
        } else if is_table_row(content) {
            Some((table_end(text, end), Some(SegmentKind::Table)))
        } else if is_heading(content) {
            Some((end, Some(SegmentKind::Heading)))
        } else {
            None
        };
        if let Some((whole_end, kind)) = whole {
            found.extend(open.take().map(Group::Text));
            found.extend(kind.map(|kind| Group::Whole(at..whole_end, kind)));
            at = whole_end;
            continue;
        }
        match &mut open {
            Some(range) if continues(&text[range.clone()], content) => range.end = end,
            _ => {
                found.extend(open.take().map(Group::Text));
                open = Some(at..end);
            }
        }
        at = end;
    }
    found.extend(open.map(Group::Text));
    found
}

/// Whether a line is the rule between the header of a pipe table and its rows.
pub fn is_table_rule(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// The end of the line that holds byte `at`, past its line break.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |offset| at + offset + 1)
}

/// The fence that opens at a line's start: its character and how often it is repeated.
fn fence(content: &str) -> Option<(u8, usize)> {
    let first = *content.as_bytes().first()?;
    let count = content.bytes().take_while(|byte| *byte == first).count();
    // An info string with a backtick makes the line an inline code span (CommonMark 4.5).
    let is_fence = matches!(first, b'`' | b'~') && count >= 3 && !(first == b'`' && content[count..].contains('`'));
    is_fence.then_some((first, count))
}

/// The end of a fenced block whose opening line ends at `at`: past its closing line, or the end of the text.
fn fence_end(text: &str, mut at: usize, (mark, count): (u8, usize)) -> usize {
    while at < text.len() {
        let end = line_end(text, at);
        let line = text[at..end].trim();
        if line.len() >= count && line.bytes().all(|byte| byte == mark) {
            return end;
        }
        at = end;
    }
    text.len()
}

/// A pipe row: starts and ends with a bar.
fn is_table_row(content: &str) -> bool {
    let content = content.trim_end();
    content.len() >= 2 && content.starts_with('|') && content.ends_with('|')
}

fn table_end(text: &str, mut at: usize) -> usize {
    while at < text.len() {
        let end = line_end(text, at);
        if !is_table_row(text[at..end].trim_start()) {
            break;
        }
        at = end;
    }
    at
}

fn is_heading(content: &str) -> bool {
    let marks = content.bytes().take_while(|byte| *byte == b'#').count();
    (1..=6).contains(&marks) && content[marks..].starts_with([' ', '\t'])
}

/// How a list item is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemMark {
    /// A bullet.
    Bullet,
    /// A number, or a letter that counts: `2.`, `나.`, `②`, `b)` are 2.
    Number(u32),
}

/// The syllables that number Korean lists, in their order.
const HANGUL_ORDER: &str = "가나다라마바사아자차카타파하";

/// The mark of the list item that a line starts with.
pub(crate) fn item_mark(line: &str) -> Option<ItemMark> {
    let content = line.trim_start();
    let first = content.chars().next()?;
    let rest = &content[first.len_utf8()..];
    match first {
        '-' | '*' | '+' | '•' | '‣' | '◦' | '·' | '○' | '●' | '■' | '□' | '▪' => {
            rest.starts_with(char::is_whitespace).then_some(ItemMark::Bullet)
        }
        '①'..='⑳' => Some(ItemMark::Number(u32::from(first) - u32::from('①') + 1)),
        '(' => {
            let (inner, after) = rest.split_once(')')?;
            after.starts_with(char::is_whitespace).then(|| ordinal(inner)).flatten().map(ItemMark::Number)
        }
        _ => {
            let end = content.char_indices().take(4).find(|(_, c)| matches!(c, '.' | ')')).map(|(at, _)| at)?;
            let (counted, after) = (&content[..end], &content[end..]);
            // `A. Smith` is a name.
            let is_letter = counted.starts_with(|c: char| c.is_ascii_alphabetic());
            let is_mark = after[1..].starts_with(char::is_whitespace) && !(is_letter && after.starts_with('.'));
            is_mark.then(|| ordinal(counted)).flatten().map(ItemMark::Number)
        }
    }
}

/// The number that a mark's letters or digits stand for.
fn ordinal(text: &str) -> Option<u32> {
    let mut chars = text.chars();
    let (first, next) = (chars.next()?, chars.next());
    match first {
        '0'..='9' if text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        'a'..='z' if next.is_none() => Some(u32::from(first) - u32::from('a') + 1),
        'A'..='Z' if next.is_none() => Some(u32::from(first) - u32::from('A') + 1),
        _ if next.is_none() => HANGUL_ORDER.chars().position(|c| c == first).map(|at| at as u32 + 1),
        _ => None,
    }
}

/// Whether a line goes on with the paragraph before it.
fn continues(paragraph: &str, next: &str) -> bool {
    // A line may be wrapped within a word, and most Korean sentences end in `다.`: a letter counts behind the one before it.
    let counts_on = |number: u32| number == 1 || item_mark(paragraph) == Some(ItemMark::Number(number - 1));
    match item_mark(next) {
        Some(ItemMark::Number(number)) if next.starts_with(|c| HANGUL_ORDER.contains(c)) && !counts_on(number) => {}
        Some(_) => return false,
        None => {}
    }
    let last = paragraph.trim_end();
    let last = last[last.rfind('\n').map_or(0, |at| at + 1)..].trim_start();
    let (Some(first_of_last), Some(first)) = (last.chars().next(), next.chars().next()) else { return true };
    if first.is_lowercase() {
        return true;
    }
    // Two lines that both open with a digit or a bracket are records (a log), not a wrapped sentence.
    let opens_record = |c: char| c.is_ascii_digit() || matches!(c, '[' | '<' | '{' | '$' | '>');
    if opens_record(first_of_last) && opens_record(first) {
        return false;
    }
    is_at_least_columns(last, WRAPPED_COLUMNS)
}

fn is_at_least_columns(line: &str, columns: usize) -> bool {
    let mut width = 0;
    line.chars().any(|c| {
        width += if c >= '\u{1100}' { 2 } else { 1 };
        width >= columns
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_items_are_known_by_their_marks() {
        use ItemMark::{Bullet, Number};
        for (line, mark) in [
            ("- a", Some(Bullet)),
            ("  * a", Some(Bullet)),
            ("• 가", Some(Bullet)),
            ("-a", None),
            ("3. c", Some(Number(3))),
            ("12) c", Some(Number(12))),
            ("2024. 3. 5.", None),
            ("3.5 GiB", None),
            ("나. 뛰기", Some(Number(2))),
            ("하) 끝", Some(Number(14))),
            ("②뛰기", Some(Number(2))),
            ("b) run", Some(Number(2))),
            ("(3) run", Some(Number(3))),
            ("(가) 뛰기", Some(Number(1))),
            ("A. Smith", None),
            ("(see below) it", None),
            ("가나. 뛰기", None),
            ("", None),
        ] {
            assert_eq!(item_mark(line), mark, "{line}");
        }
    }

    #[test]
    fn korean_items_start_lines_and_wrapped_words_do_not() {
        let lines = |text: &str| groups(text).len();
        assert_eq!(lines("가. 노래\n나. 뛰기\n다. 잠"), 3);
        assert_eq!(lines("창고에서는 노래를 하거나 뛰는 일이 모두 금지되어 있습니\n다. 어기면 벌금입니다."), 1);
    }
}
