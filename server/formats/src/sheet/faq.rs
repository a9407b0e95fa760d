//! Sheets of questions and answers: a row is an entry, its question the heading of its answer.

use super::{GridRow, Sheet};
use crate::{Block, BlockKind, Locator};

/// What the columns of questions and answers are called, in small letters.
const QUESTION: [&str; 12] = [
    "질문",
    "질문내용",
    "질문 내용",
    "문의",
    "문의내용",
    "문의 내용",
    "질의",
    "question",
    "questions",
    "q",
    "faq",
    "문의사항",
];
const ANSWER: [&str; 14] = [
    "답변",
    "답변 내용",
    "답변내용",
    "답변 문서",
    "답",
    "응답",
    "해결",
    "해결방법",
    "해결 방법",
    "조치",
    "조치방법",
    "answer",
    "answers",
    "a",
];

/// Which column is what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    question: usize,
    answer: usize,
}

/// The columns of an FAQ, if the first row names both, over others.
pub(super) fn columns(rows: &[GridRow]) -> Option<Columns> {
    let header = rows.first().filter(|_| rows.len() > 1)?;
    let find = |names: &[&str]| header.cells.iter().position(|cell| names.contains(&name(&cell.text).as_str()));
    Some(Columns { question: find(&QUESTION)?, answer: find(&ANSWER)? })
}

/// A name in small letters, without what marks or explains it: `질문(Q)*`.
fn name(text: &str) -> String {
    let text = text.trim_end_matches(['*', ':']).trim();
    let bare = text.strip_suffix(')').and_then(|text| text.split_once('(')).map_or(text, |(name, _)| name);
    bare.trim().to_lowercase()
}

/// Appends a heading, the answer and what else is said of it for each row.
pub(super) fn push_entries(sheet: &mut Sheet, columns: &Columns, header: &GridRow, entries: &[GridRow]) {
    let level = sheet.level;
    for row in entries {
        let at = Some(Locator::Rows { sheet: sheet.name.clone(), first: row.number, last: row.number });
        let (question, answer) = (row.text(columns.question), row.text(columns.answer));
        // An answer without a question would stand under that of the row before.
        let blocks = if question.is_empty() { &mut sheet.blocks } else { &mut sheet.entries };
        let mut push = |kind| blocks.push(Block { kind, at: at.clone() });
        if !question.is_empty() {
            push(BlockKind::Heading { level, text: question.to_owned() });
        }
        if !answer.is_empty() {
            push(BlockKind::Paragraph(answer.to_owned()));
        }
        let named = |column: usize| header.text(column);
        let others: Vec<String> = (0..row.cells.len())
            .filter(|column| *column != columns.question && *column != columns.answer && !row.text(*column).is_empty())
            .map(|column| match named(column) {
                "" => row.text(column).to_owned(),
                name => format!("{name}: {}", row.text(column)),
            })
            .collect();
        if !others.is_empty() {
            push(BlockKind::Paragraph(others.join(" · ")));
        }
    }
}
