//! HTML pages: what a person came to read. `ragops_formats::html` tells content from furniture; here it gets its lines.

use ragops_formats::html::{self, Scope};

pub(super) use ragops_formats::html::{MarkKind, has_end_tag, inline_text, marks};

use super::binary;
use super::blocks::{Blocks, whole_file};
use super::decode::decode_file;
use super::lines::LineIndex;
use super::{FileContent, MediaType, Reader, Reading};

/// Reads `.html`.
pub struct HtmlReader;

impl Reader for HtmlReader {
    fn media_types(&self) -> &'static [MediaType] {
        &[MediaType::Html]
    }

    fn read(&self, content: &FileContent) -> Reading {
        let declared = html::declared_charset(&content.bytes);
        let (text, finding) = match decode_file(&content.file.path, &content.bytes, declared.as_deref()) {
            Ok(decoded) => decoded,
            Err(finding) => return Reading::refused(finding),
        };
        let mut reading = Reading { findings: finding.into_iter().collect(), ..Reading::default() };
        let page = html::read(&text, Scope::Page);
        whole_file(content, page.title, blocks(&text, page.pieces), &mut reading);
        reading
    }
}

/// The blocks of a fragment, all of it content; lines counted from 1.
pub(super) fn blocks_of(fragment: &str) -> Blocks {
    blocks(fragment, html::read(fragment, Scope::Page).pieces)
}

fn blocks(text: &str, pieces: Vec<html::Piece>) -> Blocks {
    let lines = LineIndex::new(text);
    let mut blocks = Blocks::default();
    for html::Piece { kind, language, bytes } in pieces {
        let lines = bytes.map(|(start, end)| lines.range(start, end));
        binary::push(&mut blocks, kind, language, lines, None);
    }
    blocks
}

#[cfg(test)]
mod tests;
