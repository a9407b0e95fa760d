//! Collects blocks in reading order: keeps the heading path, trims texts, counts against the cap, and finishes the
//! document with its title and language. Every reader builds through it.

use super::controls::without_controls;
use super::limits::{MAX_BLOCKS, MAX_HEADING_BYTES};
use super::{FileContent, Reading};
use crate::document::{
    Block, BlockKind, Document, DocumentId, Finding, FindingCode, Language, LineRange, Locator, LocatorStart, Place,
};
use crate::text::language;

/// Blocks under construction.
#[derive(Default)]
pub(super) struct Blocks {
    done: Vec<Block>,
    /// The open headings, outermost first, each with its level.
    path: Vec<(u8, String)>,
    overflow: bool,
    /// Control characters that were taken out.
    controls: usize,
}

impl Blocks {
    /// Adds a block under the headings open now. Blank text adds nothing.
    pub(super) fn push(&mut self, kind: BlockKind, text: &str, lines: Option<LineRange>) {
        self.push_at(kind, text, lines, None);
    }

    /// The same for a block that stands on pages, slides or rows of a sheet.
    pub(super) fn push_at(&mut self, kind: BlockKind, text: &str, lines: Option<LineRange>, locator: Option<Locator>) {
        let (text, removed) = without_controls(text);
        self.controls += removed;
        let text = match kind {
            // The first line of code and tables may be indented on purpose.
            BlockKind::Code { .. } | BlockKind::Table => text.trim_matches('\n').trim_end(),
            _ => text.trim(),
        };
        if text.trim().is_empty() {
            return;
        }
        if self.done.len() >= MAX_BLOCKS {
            self.overflow = true;
            return;
        }
        let mut text = text.to_owned();
        if let BlockKind::Heading { level } = kind {
            truncate(&mut text, MAX_HEADING_BYTES);
            while self.path.last().is_some_and(|(open, _)| *open >= level) {
                self.path.pop();
            }
        }
        let headings = self.path.iter().map(|(_, heading)| heading.clone()).collect();
        if let BlockKind::Heading { level } = kind {
            self.path.push((level, text.clone()));
        }
        self.done.push(Block { kind, text, place: Place { locator, ..Place::new(headings, lines) } });
    }

    /// Says where the pages of the last block begin in its text. A block that was not kept has none.
    pub(super) fn begin_pages(&mut self, pages: Vec<LocatorStart>) {
        let Some(last) = pages.last().map(|start| start.at as usize) else { return };
        if let Some(block) = self.done.last_mut().filter(|block| last < block.text.len() && !self.overflow) {
            block.place.locators = pages;
        }
    }

    /// Whether the cap is reached, so that a reader may stop.
    pub(super) fn is_full(&self) -> bool {
        self.overflow
    }

    /// Takes over the blocks of a fragment, below the headings open now, its lines counted from `first_line`.
    pub(super) fn append(&mut self, fragment: Self, first_line: u32) {
        self.controls += fragment.controls;
        for block in fragment.done {
            let lines = block
                .place
                .lines
                .map(|lines| LineRange { first: lines.first + first_line - 1, last: lines.last + first_line - 1 });
            self.push_at(block.kind, &block.text, lines, block.place.locator);
        }
    }

    /// Places every block on one line of the file: a record's.
    pub(super) fn stand_on(&mut self, line: u32) {
        self.done.iter_mut().for_each(|block| block.place.lines = Some(LineRange { first: line, last: line }));
    }

    /// The blocks so far.
    #[cfg(test)]
    pub(super) fn as_slice(&self) -> &[Block] {
        &self.done
    }

    /// The first heading of the outermost level that occurs.
    fn first_heading(&self) -> Option<&str> {
        let level = |block: &Block| match block.kind {
            BlockKind::Heading { level } => Some(level),
            _ => None,
        };
        let top = self.done.iter().filter_map(level).min()?;
        self.done.iter().find(|block| level(block) == Some(top)).map(|block| block.text.as_str())
    }
}

/// Who a document is.
pub(super) struct Identity {
    /// Its id.
    pub(super) id: DocumentId,
    /// The title it declares.
    pub(super) title: Option<String>,
    /// The line it stands on, for records.
    pub(super) line: Option<u32>,
}

/// Finishes a document that is the whole file.
pub(super) fn whole_file(content: &FileContent, title: Option<String>, blocks: Blocks, reading: &mut Reading) {
    let identity = Identity { id: DocumentId::new(&*content.file.path), title, line: None };
    finish(content, identity, blocks, reading);
}

/// Adds the document to `reading`, or the reason why there is none.
pub(super) fn finish(content: &FileContent, identity: Identity, blocks: Blocks, reading: &mut Reading) {
    let path = &content.file.path;
    let at_line = |finding: Finding| match identity.line {
        Some(line) => finding.at_line(line),
        None => finding,
    };
    if blocks.overflow {
        reading.findings.push(at_line(Finding::new(
            FindingCode::TooManyBlocks,
            path,
            format!("more than {MAX_BLOCKS} blocks: the rest is left out"),
            "split it into several documents",
        )));
    }
    if blocks.done.is_empty() && !reading.findings.is_empty() {
        return;
    }
    if blocks.done.is_empty() {
        reading.findings.push(at_line(Finding::new(
            FindingCode::NoText,
            path,
            "no text came out of it",
            "check that it is not markup only, or exclude it from the source",
        )));
        return;
    }
    if blocks.controls > 0 {
        let (removed, advice) = (blocks.controls, "check what wrote it; logs can be saved without colours");
        let detail = format!("{removed} control characters were taken out");
        reading.findings.push(at_line(Finding::new(FindingCode::ControlCharacters, path, detail, advice)));
    }
    let first_heading = blocks.first_heading().map(str::to_owned);
    let title = identity.title.map(|title| without_controls(&title).0.into_owned());
    let declared = title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut title =
        declared.filter(|title| !title.is_empty()).or(first_heading).unwrap_or_else(|| stem(identity.id.as_str()));
    truncate(&mut title, MAX_HEADING_BYTES);
    reading.documents.push(Document {
        id: identity.id,
        source: content.file.source.clone(),
        path: path.clone(),
        title,
        language: main_language(&blocks.done),
        blocks: blocks.done,
    });
}

/// The language of most of the running text; of the code where there is nothing else.
fn main_language(blocks: &[Block]) -> Option<Language> {
    let mut votes = [(Language::Korean, 0_usize), (Language::English, 0), (Language::Other, 0)];
    let is_code = |block: &Block| matches!(block.kind, BlockKind::Code { .. });
    let mut count = |include: &dyn Fn(&Block) -> bool| {
        for block in blocks.iter().filter(|block| include(block)) {
            if let Some(found) = language(&block.text)
                && let Some((_, votes)) = votes.iter_mut().find(|(language, _)| *language == found)
            {
                *votes += block.text.len();
            }
        }
        votes.iter().copied().max_by_key(|(_, votes)| *votes).filter(|(_, votes)| *votes > 0)
    };
    count(&|block| !is_code(block)).or_else(|| count(&is_code)).map(|(language, _)| language)
}

/// The file's name without folders and extension.
pub(super) fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// Cuts a text at a character boundary.
fn truncate(text: &mut String, bytes: usize) {
    let mut at = bytes.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.truncate(at);
}
