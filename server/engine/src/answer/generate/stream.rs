//! Cuts what a model writes into sentences while it writes: each is given away once nothing that follows can change it.
//! Code blocks and tables are whole; markers behind a full stop belong to the sentence before it.

use crate::text::{SegmentKind, is_table_rule, segments};

use super::markers;

/// A sentence that stands at the end of what came so far is complete only once so many bytes follow it: a marker behind
/// its full stop may still come.
const LOOKAHEAD_BYTES: usize = 12;

/// A piece of what the model wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// As the model wrote it, with its markers; white space around it is gone, but for the indent of a list item.
    pub(super) text: String,
    /// What it is.
    pub(super) kind: WrittenKind,
    /// Whether it begins a line.
    pub(super) begins_line: bool,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrittenKind {
    /// A sentence, or an item of a list.
    Sentence,
    /// A heading that the model set.
    Heading,
    /// A block of code, with its fences.
    Code,
    /// A table, or the rows of it.
    Table,
}

/// What came and is not given away yet.
#[derive(Default)]
pub(super) struct Cutter {
    text: String,
    /// Whether a piece of the current line was given away.
    within_line: bool,
}

impl Cutter {
    /// Takes what came, and gives away what is complete.
    pub(super) fn push(&mut self, text: &str) -> Vec<Written> {
        self.text.push_str(&text.replace("\r\n", "\n"));
        let end = complete(&self.text);
        self.take(end)
    }

    /// Gives away the rest. Where the model was cut off its last sentence may lack its end.
    pub(super) fn finish(mut self) -> Vec<Written> {
        self.take(self.text.len())
    }

    fn take(&mut self, end: usize) -> Vec<Written> {
        let taken: String = self.text.drain(..end).collect();
        let mut pieces: Vec<Written> = Vec::new();
        let mut last_end = 0;
        for segment in segments(&taken) {
            let gap = &taken[last_end..segment.range.start];
            let begins_line = gap.contains('\n') || (last_end == 0 && !self.within_line);
            let (mut start, piece_end) = (segment.range.start, segment.range.end);
            let marks = markers::leading(&taken[start..piece_end]);
            if marks > 0
                && !begins_line
                && let Some(last) = pieces.last_mut()
            {
                last.text.push_str(&taken[start..start + marks]);
                start += marks;
            }
            last_end = piece_end;
            self.within_line = true;
            let text = taken[start..piece_end].trim_start();
            if text.is_empty() {
                continue;
            }
            let line = taken[..start].rfind('\n').map_or(0, |at| at + 1);
            let indent = if begins_line { indent_of(&taken[line..start]) } else { "" };
            pieces.push(Written { text: format!("{indent}{text}"), kind: kind(segment.kind), begins_line });
        }
        if taken[last_end..].contains('\n') {
            self.within_line = false;
        }
        pieces
    }
}

fn indent_of(before: &str) -> &str {
    if before.chars().all(|c| c == ' ') { before } else { "" }
}

fn kind(kind: SegmentKind) -> WrittenKind {
    match kind {
        SegmentKind::Sentence => WrittenKind::Sentence,
        SegmentKind::Heading => WrittenKind::Heading,
        SegmentKind::Code => WrittenKind::Code,
        SegmentKind::Table => WrittenKind::Table,
    }
}

/// How much of a text is complete, in bytes.
fn complete(text: &str) -> usize {
    let blocks = closed_blocks(text);
    let line = &text[blocks..];
    // An open fence or table may go on.
    if line.trim_start().starts_with("```")
        || line.trim_start().starts_with("~~~")
        || line.trim_start().starts_with('|')
    {
        return blocks;
    }
    let line = &line[..line.find('\n').map_or(line.len(), |end| end + 1)];
    let ends: Vec<usize> = segments(line).iter().map(|segment| segment.range.end).collect();
    let settled = |end: &&usize| {
        let behind = &line[**end..];
        let behind = &behind[markers::leading(behind)..];
        behind.contains('\n')
            || behind.trim_start().len() >= LOOKAHEAD_BYTES && !behind.trim_start().starts_with(['[', '【'])
    };
    // The last one is still being written.
    let last = ends.len().saturating_sub(1);
    ends[..last].iter().rev().find(settled).map_or(blocks, |end| {
        let marks = markers::leading(&line[*end..]);
        blocks + end + marks
    })
}

/// Where the last line begins that is not complete, or the block of code or the table that is not closed.
fn closed_blocks(text: &str) -> usize {
    let (mut closed, mut at) = (0, 0);
    let mut fence: Option<&str> = None;
    let mut in_table = false;
    for line in text.split_inclusive('\n') {
        let is_whole = line.ends_with('\n');
        let trimmed = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (Some(open), Some(mark)) if open == mark && trimmed.len() == mark.len() => fence = None,
            (None, Some(mark)) => fence = Some(mark),
            _ => {}
        }
        let was_table = in_table;
        in_table = fence.is_none() && (trimmed.starts_with('|') || is_table_rule(trimmed) && was_table);
        at += line.len();
        if is_whole && fence.is_none() && !in_table {
            closed = at;
        } else if !is_whole && was_table && !in_table && !trimmed.is_empty() {
            closed = at - line.len();
        }
    }
    closed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(pieces: &[Written]) -> Vec<&str> {
        pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    fn all(text: &str, step: usize) -> Vec<Written> {
        let mut cutter = Cutter::default();
        let mut pieces = Vec::new();
        let chars: Vec<char> = text.chars().collect();
        for part in chars.chunks(step) {
            pieces.extend(cutter.push(&part.iter().collect::<String>()));
        }
        pieces.extend(cutter.finish());
        pieces
    }

    const ANSWER: &str = "Restart the gateway [1]. Then wait 5 minutes. [2][3] It takes e.g. 70 s [1].\n\n\
        - Scale to 3 replicas [1].\n- Watch the p99. [2]\n  1. Page the owner [2].\n\n```sh\nkubectl get pods. Now\n\nls\n```\n\
        | code | do |\n| --- | --- |\n| 503 | restart [1] |\n\n게이트웨이를 재시작합니다 [1]. 5분 기다립니다. [2]";

    #[test]
    fn sentences_come_whole_with_their_markers() {
        let pieces = all(ANSWER, 1000);
        assert_eq!(
            texts(&pieces),
            [
                "Restart the gateway [1].",
                "Then wait 5 minutes. [2][3]",
                "It takes e.g. 70 s [1].",
                "- Scale to 3 replicas [1].",
                "- Watch the p99. [2]",
                "  1. Page the owner [2].",
                "```sh\nkubectl get pods. Now\n\nls\n```",
                "| code | do |\n| --- | --- |\n| 503 | restart [1] |",
                "게이트웨이를 재시작합니다 [1].",
                "5분 기다립니다. [2]",
            ]
        );
        let lines: Vec<bool> = pieces.iter().map(|piece| piece.begins_line).collect();
        assert_eq!(lines, [true, false, false, true, true, true, true, true, true, false]);
    }

    #[test]
    fn a_sentence_is_given_away_before_the_next_is_written() {
        let mut cutter = Cutter::default();
        assert!(cutter.push("Restart the gateway. ").is_empty());
        assert!(cutter.push("[1] ").is_empty());
        assert_eq!(texts(&cutter.push("Then wait for five minutes")), ["Restart the gateway. [1]"]);
        assert_eq!(texts(&cutter.push(".\nNext")), ["Then wait for five minutes."]);
        assert_eq!(texts(&cutter.finish()), ["Next"]);
    }

    proptest! {
        #[test]
        fn how_it_comes_makes_no_difference(step in 1_usize..40) {
            prop_assert_eq!(all(ANSWER, step), all(ANSWER, 10_000));
        }
    }
}
