//! What Korean documents mean by their looks: which outlines are headings and which are counted sentences, which tables
//! are drawn headings, which typed signs are bullets.

use crate::Table;

/// Longest heading, in characters: beyond, an outline is a counted sentence.
const MAX_HEADING_CHARS: usize = 100;

/// Longest heading that is drawn as a table.
const MAX_FRAME_CHARS: usize = 60;

/// Deepest level of an outline that makes headings: `1.`, `가.`, `1)`, `가)`. What is deeper counts sentences.
const MAX_OUTLINE: u8 = 4;

/// So many headings of a level in a row, without anything between, are a list.
const LIST_RUN: usize = 3;

/// A block in the making.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    /// A heading.
    Heading {
        /// 1 for the outermost.
        level: u8,
        /// What it is shown with.
        label: String,
        /// Its text.
        text: String,
    },
    /// A list item.
    Item {
        /// 0 for the outermost.
        depth: u8,
        /// What it is shown with.
        label: String,
        /// Its text.
        text: String,
    },
    /// A paragraph.
    Text(String),
    /// A table.
    Table(Table),
}

/// Decides which outlines are headings.
pub(super) fn settle(mut lines: Vec<Line>) -> Vec<Line> {
    for line in &mut lines {
        if let Line::Heading { level, label, text } = line
            && (*level > MAX_OUTLINE || is_sentence(text))
        {
            *line = item(*level, label, text);
        }
    }
    let mut from = 0;
    while from < lines.len() {
        let run = lines[from..].iter().take_while(|line| level_of(line) == level_of(&lines[from])).count();
        if level_of(&lines[from]).is_some() && run >= LIST_RUN {
            // The last of them is a heading after all where it has a text of its own.
            let follows = matches!(lines.get(from + run), Some(Line::Text(_) | Line::Table(_)));
            for line in &mut lines[from..from + run - usize::from(follows)] {
                if let Line::Heading { level, label, text } = line {
                    *line = item(*level, label, text);
                }
            }
        }
        from += run.max(1);
    }
    lines
}

fn item(level: u8, label: &str, text: &str) -> Line {
    Line::Item { depth: level.saturating_sub(1), label: label.to_owned(), text: text.to_owned() }
}

fn level_of(line: &Line) -> Option<u8> {
    match line {
        Line::Heading { level, .. } => Some(*level),
        _ => None,
    }
}

fn is_sentence(text: &str) -> bool {
    let text = text.trim_end();
    let ends = ["다.", "요.", "음.", "함.", "됨.", "임.", ";"].iter().any(|ending| text.ends_with(ending));
    ends || text.chars().count() > MAX_HEADING_CHARS
}

/// A heading that is drawn as a table of one row: a Roman numeral before a few words is a chapter, a number a section.
pub(super) fn frame_heading(cells: &[String]) -> Option<Line> {
    let mut words: Vec<&str> = cells.iter().map(String::as_str).filter(|cell| !cell.trim().is_empty()).collect();
    if let [single] = words.as_slice() {
        let (label, rest) = single.split_once([' ', '.'])?;
        words = vec![label, rest];
    }
    let [label, text] = words.as_slice() else { return None };
    let text = text.trim_start_matches(['.', ' ']);
    let short =
        text.chars().count() <= MAX_FRAME_CHARS && !text.contains('\n') && text.chars().any(char::is_alphabetic);
    let level = if is_roman(label) { 1 } else { 2 };
    let counts = is_roman(label) || (label.len() <= 2 && label.trim_end_matches('.').parse::<u8>().is_ok());
    (short && counts).then(|| Line::Heading { level, label: (*label).to_owned(), text: text.to_owned() })
}

fn is_roman(label: &str) -> bool {
    let label = label.trim_end_matches('.');
    let written = |c: char| matches!(c, '\u{2160}'..='\u{216B}' | 'I' | 'V' | 'X');
    !label.is_empty() && label.chars().count() <= 4 && label.chars().all(written)
}

/// A bullet that the author typed, with the depth that it has in Korean offices, and the text behind it.
pub(super) fn typed_bullet(text: &str) -> Option<(u8, &str)> {
    let text = text.trim_start();
    let mark = text.chars().next()?;
    let depth = match mark {
        '□' | '■' | '◆' | '◇' | '▣' | '❍' | '▶' => 0,
        '○' | '◯' | '●' | '◦' | '•' | 'ㅇ' | 'ᄋ' | '⚪' => 1,
        '-' | '–' | '―' | '·' | '∙' => 2,
        '*' | '※' => 3,
        _ => return None,
    };
    let rest = &text[mark.len_utf8()..];
    let is_apart = rest.starts_with([' ', '\u{A0}', '\t', '\u{3000}']);
    (is_apart && !rest.trim().is_empty()).then(|| (depth, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(level: u8, text: &str) -> Line {
        Line::Heading { level, label: "1.".into(), text: text.into() }
    }

    #[test]
    fn a_run_of_headings_without_text_is_a_list() {
        let is_heading =
            |lines: Vec<Line>| -> Vec<bool> { settle(lines).iter().map(|l| level_of(l).is_some()).collect() };
        let check = |lines: Vec<Line>, expect: &[bool]| assert_eq!(is_heading(lines), expect);
        let text = || Line::Text("본문".into());
        check(vec![heading(1, "개요"), text(), heading(1, "운영"), text()], &[true, false, true, false]);
        check(vec![heading(2, "a"), heading(2, "b"), heading(2, "c")], &[false; 3]);
        check(vec![heading(2, "a"), heading(2, "b"), heading(2, "c"), text()], &[false, false, true, false]);
        check(vec![heading(1, "장"), heading(2, "절"), text()], &[true, true, false]);
        check(vec![heading(1, "서버는 매일 점검한다.")], &[false]);
        check(vec![heading(5, "세부")], &[false]);
    }

    #[test]
    fn drawn_headings_are_recognised() {
        let check = |cells: &[&str], expect: Option<(u8, &str)>| {
            let cells: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
            let found = match frame_heading(&cells) {
                Some(Line::Heading { level, text, .. }) => Some((level, text)),
                _ => None,
            };
            assert_eq!(found, expect.map(|(level, text)| (level, text.to_owned())), "{cells:?}");
        };
        check(&["Ⅰ", "", "개요"], Some((1, "개요")));
        check(&["Ⅱ. 추진 계획"], Some((1, "추진 계획")));
        check(&["1", "공공부문 마이데이터 활성화"], Some((2, "공공부문 마이데이터 활성화")));
        check(&["구분", "값"], None);
        check(&["12", "34"], None);
        check(&["", ""], None);
    }

    #[test]
    fn typed_bullets_have_the_depth_of_their_sign() {
        let check = |text, expect| assert_eq!(typed_bullet(text), expect, "{text}");
        check("□ 추진 배경", Some((0, "추진 배경")));
        check("  ○ 세부", Some((1, "세부")));
        check(" - 내용", Some((2, "내용")));
        check("* 참고", Some((3, "참고")));
        check("-3도", None);
        check("○", None);
        check("본문", None);
    }
}
