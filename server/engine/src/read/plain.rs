//! Plain text: paragraphs between blank lines. Nothing is read into underlines or capitals.

use super::blocks::{Blocks, whole_file};
use super::decode::decode_file;
use super::{FileContent, MediaType, Reader, Reading};
use crate::document::{BlockKind, LineRange};

/// Reads `.txt` and any other text.
pub struct PlainTextReader;

impl Reader for PlainTextReader {
    fn media_types(&self) -> &'static [MediaType] {
        &[MediaType::PlainText]
    }

    fn read(&self, content: &FileContent) -> Reading {
        let (text, finding) = match decode_file(&content.file.path, &content.bytes, None) {
            Ok(decoded) => decoded,
            Err(finding) => return Reading::refused(finding),
        };
        let mut reading = Reading { findings: finding.into_iter().collect(), ..Reading::default() };
        whole_file(content, None, paragraphs(&text, 1), &mut reading);
        reading
    }
}

/// The paragraphs of a text whose first line is line `first_line`; line breaks inside a paragraph are kept.
pub(super) fn paragraphs(text: &str, first_line: u32) -> Blocks {
    let mut blocks = Blocks::default();
    let mut open: Option<(usize, u32)> = None;
    let mut at = 0;
    let mut line = first_line;
    for raw in text.split_inclusive('\n') {
        if raw.trim().is_empty() {
            if let Some((start, first)) = open.take() {
                blocks.push(BlockKind::Paragraph, &text[start..at], Some(LineRange { first, last: line - 1 }));
            }
        } else if open.is_none() {
            open = Some((at, line));
        }
        at += raw.len();
        line += 1;
    }
    if let Some((start, first)) = open {
        blocks.push(BlockKind::Paragraph, &text[start..], Some(LineRange { first, last: line - 1 }));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{FindingCode, SourceName};

    fn read(path: &str, bytes: &[u8]) -> Reading {
        PlainTextReader.read(&FileContent::from_bytes(SourceName::new("docs"), path, bytes.to_vec()))
    }

    #[test]
    fn paragraphs_keep_their_lines() {
        let reading = read("ko/안내.txt", "첫째 줄\n둘째 줄\n\n \n다음 문단".as_bytes());
        let document = &reading.documents[0];
        assert_eq!((document.id.as_str(), document.title.as_str()), ("ko/안내.txt", "안내"));
        let blocks: Vec<_> = document.blocks.iter().map(|b| (b.text.as_str(), b.place.lines.unwrap())).collect();
        assert_eq!(
            blocks,
            [("첫째 줄\n둘째 줄", LineRange { first: 1, last: 2 }), ("다음 문단", LineRange { first: 5, last: 5 }),]
        );
    }

    #[test]
    fn binary_content_is_refused() {
        let reading = read("a.txt", b"abc\0\xff\xfe");
        assert!(reading.documents.is_empty());
        assert_eq!(reading.findings[0].code, FindingCode::BinaryContent);
    }
}
