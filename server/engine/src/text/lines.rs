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

/// Whether a line starts a list item.
pub(crate) fn is_list_item(content: &str) -> bool {
    let mut chars = content.chars();
    match chars.next() {
        Some('-' | '*' | '+' | '•' | '‣' | '◦' | '·' | '○' | '●' | '■' | '□' | '▪') => {
            chars.next().is_some_and(char::is_whitespace)
        }
        Some('0'..='9') => {
            let digits = content.bytes().take_while(u8::is_ascii_digit).count();
            let rest = &content[digits..];
            digits <= 3 && rest.starts_with(['.', ')']) && rest[1..].starts_with(char::is_whitespace)
        }
        _ => false,
    }
}

/// Whether a line goes on with the paragraph before it.
fn continues(paragraph: &str, next: &str) -> bool {
    if is_list_item(next) {
        return false;
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
