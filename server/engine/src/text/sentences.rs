//! Sentences of a passage. Lines are grouped first (fences, tables, headings, list items, paragraphs: `lines.rs`);
//! running text is then cut by the sentence rules of UAX #29, tailored: a line break inside a paragraph is a space,
//! a full stop ends a sentence only before white space (or between two Hangul words), and pieces such as
//! `2024. 3. 5.`, `Dr.`, `e.g.` and `1.` are not sentences. One pass, linear time.

use std::ops::Range;

use super::lines::{Group, groups};

/// What a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    /// A sentence of running text or of a list item.
    Sentence,
    /// A heading line (`## Impact`).
    Heading,
    /// A fenced block, fences included.
    Code,
    /// A run of pipe rows.
    Table,
}

/// One piece of a passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its bytes, without white space at either end.
    pub range: Range<usize>,
    /// What it is.
    pub kind: SegmentKind,
}

/// The segments of `text` in order. They do not overlap, and together they hold every character that is not white
/// space.
pub fn segments(text: &str) -> Vec<Segment> {
    let mut found = Vec::new();
    for group in groups(text) {
        match group {
            Group::Text(range) => split_prose(text, range, &mut found),
            Group::Whole(range, kind) => push(text, range, kind, &mut found),
        }
    }
    found
}

/// The byte ranges of [`segments`], for callers to whom every piece is a sentence.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    segments(text).into_iter().map(|segment| segment.range).collect()
}

fn push(text: &str, range: Range<usize>, kind: SegmentKind, found: &mut Vec<Segment>) {
    let raw = &text[range.clone()];
    let start = range.start + (raw.len() - raw.trim_start().len());
    let end = range.start + raw.trim_end().len();
    if start < end {
        found.push(Segment { range: start..end, kind });
    }
}

/// Cuts one paragraph or list item into sentences.
fn split_prose(text: &str, range: Range<usize>, found: &mut Vec<Segment>) {
    let mut start = range.start;
    let mut at = range.start;
    while let Some((stop, c)) = next_terminator(&text[at..range.end]).map(|(offset, c)| (at + offset, c)) {
        if c == '`' {
            at = after_code_span(text, stop, range.end);
            continue;
        }
        let end = absorb(text, stop, range.end);
        let stop_run = &text[stop..end];
        if ends_sentence(text, start, stop, stop_run, end, range.end) {
            push(text, start..end, SegmentKind::Sentence, found);
            start = end;
        }
        at = end;
    }
    push(text, start..range.end, SegmentKind::Sentence, found);
}

/// The next character that may end a sentence, or a backtick.
fn next_terminator(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, c)| *c == '`' || is_terminator(*c))
}

/// Sentence terminals (UAX #29 STerm and ATerm of the scripts we meet).
fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '．' | '！' | '？' | '｡' | '‼' | '⁇' | '⁈' | '⁉' | '।')
}

/// A full stop that may also stand inside a sentence (UAX #29 ATerm).
fn is_full_stop(c: char) -> bool {
    matches!(c, '.' | '．' | '…')
}

/// Ends a sentence without white space after it.
fn is_ideographic_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡')
}

/// Closing punctuation that belongs to the sentence it follows (UAX #29 Close).
fn is_closer(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '"' | '\'' | '”' | '’' | '»' | '」' | '』' | '）' | '】' | '〉' | '》' | '*' | '_')
}

/// The end of a code span that opens at `open`: past its closing backtick, or past the opening one where there is
/// none within 200 bytes on (then it is only a stray mark).
fn after_code_span(text: &str, open: usize, end: usize) -> usize {
    let mut limit = end.min(open + 200);
    while !text.is_char_boundary(limit) {
        limit -= 1;
    }
    text[open + 1..limit].find('`').map_or(open + 1, |close| open + 1 + close + 1)
}

/// The end of the terminators, closers and citation marks (`[1]`) that follow `stop`.
fn absorb(text: &str, stop: usize, end: usize) -> usize {
    let mut at = stop;
    for c in text[stop..end].chars() {
        if !is_terminator(c) && !is_closer(c) {
            break;
        }
        at += c.len_utf8();
    }
    while let Some(mark) = citation_mark(&text[at..end]) {
        at += mark;
    }
    at
}

/// The bytes of a citation mark (`[1]`, `[1, 2]`, `[^3]`) at the start of `text`, with the spaces before it.
fn citation_mark(text: &str) -> Option<usize> {
    let spaces = text.bytes().take_while(|byte| *byte == b' ').count();
    let inner = text[spaces..].strip_prefix('[')?;
    let close = inner.bytes().take(24).position(|byte| byte == b']')?;
    let body = inner[..close].strip_prefix('^').unwrap_or(&inner[..close]);
    let is_mark = body.bytes().any(|byte| byte.is_ascii_digit())
        && body.bytes().all(|byte| byte.is_ascii_digit() || byte == b',' || byte == b' ');
    // `[1](...)` is a link and `[0].name` an index: a mark stands alone.
    let after = inner[close + 1..].chars().next();
    (is_mark && after.is_none_or(|c| c.is_whitespace() || c == '[' || is_terminator(c))).then_some(spaces + close + 2)
}

/// Whether a sentence that began at `start` ends with the terminators `stop_run` at `stop`.
fn ends_sentence(text: &str, start: usize, stop: usize, stop_run: &str, end: usize, limit: usize) -> bool {
    let rest = &text[end..limit];
    let Some(next) = rest.chars().next() else { return true };
    let before = text[start..stop].chars().next_back();
    if !next.is_whitespace() {
        return stop_run.chars().any(is_ideographic_stop) || (is_hangul(before) && is_hangul(Some(next)));
    }
    if !stop_run.chars().filter(|c| is_terminator(*c)).all(is_full_stop) {
        return true;
    }
    let following = rest.trim_start();
    if starts_small(following) {
        return false;
    }
    let single = stop_run.chars().filter(|c| is_terminator(*c)).count() == 1 && !stop_run.contains('…');
    !single || !is_abbreviated(&text[start..stop], following)
}

fn is_hangul(c: Option<char>) -> bool {
    c.is_some_and(|c| ('\u{AC00}'..='\u{D7A3}').contains(&c))
}

/// UAX #29 SB8: a small letter follows, with nothing but punctuation before it.
fn starts_small(following: &str) -> bool {
    following.chars().take(8).find(|c| c.is_alphanumeric() || is_terminator(*c)).is_some_and(char::is_lowercase)
}

/// Words whose full stop never ends a sentence, without the stop, in lower case.
const ABBREVIATIONS: &[&str] = &[
    "dr", "mr", "mrs", "ms", "prof", "st", "vs", "e.g", "i.e", "cf", "fig", "figs", "sec", "eq", "ch", "vol", "pp",
    "approx", "resp", "viz", "incl", "ca", "al", "no",
];

/// Whether the full stop after `sentence` belongs to its last word, given what follows.
fn is_abbreviated(sentence: &str, following: &str) -> bool {
    let sentence = sentence.trim_start();
    let word_start = sentence.trim_end_matches(|c: char| !c.is_whitespace()).len();
    let word = sentence[word_start..].trim_start_matches(|c: char| !c.is_alphanumeric());
    let is_first = sentence[..word_start].chars().all(|c| !c.is_alphanumeric());
    if word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty() {
        return number_continues(sentence, word, following, is_first);
    }
    let mut chars = word.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        // An enumerator (`a.`, `가.`) or an initial (`J. Smith`).
        return is_first || (only.is_uppercase() && following.starts_with(char::is_uppercase));
    }
    if word.eq_ignore_ascii_case("no") {
        return following.starts_with(|c: char| c.is_ascii_digit());
    }
    word.len() <= 6 && ABBREVIATIONS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// `1.` at the start counts an item; `2024. 3. 5.` is a date: a year, then months and days, then maybe a word.
fn number_continues(sentence: &str, word: &str, following: &str, is_first: bool) -> bool {
    if is_first && word.len() <= 3 {
        return true;
    }
    let number: u32 = word.parse().unwrap_or(u32::MAX);
    let next_is_digit = following.starts_with(|c: char| c.is_ascii_digit());
    let is_year = |n: u32| (1900..=2199).contains(&n);
    if is_year(number) && word.len() == 4 {
        return next_is_digit;
    }
    let in_date = number <= 31 && {
        let mut parts = sentence.rsplit(char::is_whitespace).skip(1);
        let year = |part: &str| part.strip_suffix('.').and_then(|p| p.parse().ok()).is_some_and(is_year);
        parts.next().is_some_and(year) || parts.next().is_some_and(year)
    };
    in_date && (next_is_digit || following.starts_with(|c| is_hangul(Some(c)) || c == '(' || c == '~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Analyzer, TokenBuffer, TokenKind};
    use proptest::prelude::*;

    fn check(text: &str, expect: &[&str]) {
        let found: Vec<&str> = sentences(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn running_text_is_cut_at_its_stops() {
        check(
            "The pod restarts. Check its logs! Is it out of memory?",
            &["The pod restarts.", "Check its logs!", "Is it out of memory?"],
        );
        check(
            "파드가 재시작된다. 로그를 확인하세요. 메모리가 부족한가요? 네!",
            &["파드가 재시작된다.", "로그를 확인하세요.", "메모리가 부족한가요?", "네!"],
        );
        check("재시작했다.다음을 본다.", &["재시작했다.", "다음을 본다."]);
        check("再起動する。次へ。", &["再起動する。", "次へ。"]);
        check(
            "He said \"stop.\" Then it stopped (at last.) Good.",
            &["He said \"stop.\"", "Then it stopped (at last.)", "Good."],
        );
        check("Wait... Then go.", &["Wait...", "Then go."]);
        check("Wait... then go.", &["Wait... then go."]);
        check("", &[]);
        check(" \n\t ", &[]);
        check("no stop at all", &["no stop at all"]);
    }

    #[test]
    fn stops_inside_a_sentence_do_not_cut_it() {
        for whole in [
            "점검은 2024. 3. 5. 기준으로 한다.",
            "Since 2024. 3. 5. (Tuesday) it is down.",
            "Ask Dr. Kim about it.",
            "Use a volume, e.g. GCE PD or EBS.",
            "Use version 1.21.3 of kube-state-metrics.io now.",
            "See Fig. 3 and No. 7 for it.",
            "1. Restart the broker.",
            "가. 브로커를 재시작한다.",
            "a. Restart it.",
            "Written by J. R. Smith in 2020.",
            "Set `a. B` in the file.",
            "It takes approx. 5 minutes.",
            "Ping example.com. then wait.",
        ] {
            check(whole, &[whole]);
        }
        check("It returned 503. 3 nodes were down.", &["It returned 503.", "3 nodes were down."]);
        check("In 2024. Then 5 more.", &["In 2024.", "Then 5 more."]);
        check("Is it so? no.", &["Is it so?", "no."]);
        check("The answer is no. Then stop.", &["The answer is no.", "Then stop."]);
    }

    #[test]
    fn citation_marks_stay_with_their_sentence() {
        check("Restart it. [1] Then wait.[2][3] Done [4].", &["Restart it. [1]", "Then wait.[2][3]", "Done [4]."]);
        check("Look. [1](http://x) is a link.", &["Look.", "[1](http://x) is a link."]);
    }

    #[test]
    fn line_structure_comes_first() {
        check(
            "## Impact\nService is down.\n\n- one. Two.\n- three\n  more\n1. four\n2) five",
            &["## Impact", "Service is down.", "- one.", "Two.", "- three\n  more", "1. four", "2) five"],
        );
        check("Run:\n```sh\na. B\n\nc. D\n```\nDone. Yes.", &["Run:", "```sh\na. B\n\nc. D\n```", "Done.", "Yes."]);
        check(
            "| a. B | c |\n| --- | --- |\n| d. E | f |\nAfter.",
            &["| a. B | c |\n| --- | --- |\n| d. E | f |", "After."],
        );
        check("~~~\nopen. Fence", &["~~~\nopen. Fence"]);
    }

    #[test]
    fn wrapped_lines_are_one_sentence_and_short_lines_are_not() {
        check(
            "This sentence is long enough that the editor\nwrapped it. Next one.",
            &["This sentence is long enough that the editor\nwrapped it.", "Next one."],
        );
        check(
            "클러스터에서 가장 먼저 디버그해야 할 것은 노드가 모두\n올바르게 등록되었는지 여부이다.",
            &["클러스터에서 가장 먼저 디버그해야 할 것은 노드가 모두\n올바르게 등록되었는지 여부이다."],
        );
        check("Owner: platform\nPager: 4012", &["Owner: platform", "Pager: 4012"]);
    }

    #[test]
    fn kinds_are_told_apart() {
        let kinds: Vec<SegmentKind> = segments("# A\nb\n```\nc\n```\n|d|\n|-|").into_iter().map(|s| s.kind).collect();
        assert_eq!(kinds, [SegmentKind::Heading, SegmentKind::Sentence, SegmentKind::Code, SegmentKind::Table]);
    }

    /// Text made of what the rules look at.
    fn passage() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-zA-Z가-힣0-9]{1,6}",
            "[.!?。…]{1,3}",
            "[ \n]{1,2}",
            Just("\n\n".to_owned()),
            Just("```\n".to_owned()),
            Just("| a |\n".to_owned()),
            Just("\n- ".to_owned()),
            Just("\n# ".to_owned()),
            Just(" [1]".to_owned()),
            // White space of two and three bytes.
            Just("\u{a0}".to_owned()),
            Just("\u{3000}".to_owned()),
            Just("2024. 3. ".to_owned()),
            "\\PC{0,3}",
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn segments_are_in_order_and_hold_all_text(text in passage()) {
            let mut at = 0;
            for range in sentences(&text) {
                prop_assert!(range.start >= at && range.start < range.end);
                prop_assert!(text[at..range.start].chars().all(char::is_whitespace));
                prop_assert_eq!(text[range.clone()].trim(), &text[range.clone()]);
                at = range.end;
            }
            prop_assert!(text[at..].chars().all(char::is_whitespace));
        }

        #[test]
        fn no_sentence_ends_inside_a_token(text in passage()) {
            let mut buffer = TokenBuffer::default();
            Analyzer.analyze(&text, &mut buffer);
            for range in sentences(&text) {
                // A day stands behind the words that it is written with, and is no token of its own.
                for token in buffer.iter().filter(|token| token.kind != TokenKind::Date) {
                    prop_assert!(token.end <= range.end || token.start >= range.end, "{:?} {:?}", token, range);
                }
            }
        }
    }
}
