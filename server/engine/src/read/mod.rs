//! Reading: from the files of a source folder to documents made of blocks.
//! `scan` finds the files, `SourceFile::load` gets their bytes, the registry picks the reader of their media type.
//! A bad file is a finding, never a failed build; a file that cannot be read at this moment is a fault, never a finding.

mod blocks;
pub mod decode;
pub mod fault;
mod front_matter;
mod html;
mod jsonl;
pub mod limits;
mod lines;
mod load;
mod markdown;
pub mod media;
mod nesting;
mod plain;
pub mod scan;
mod table;

pub use fault::SourceFault;
pub use html::HtmlReader;
pub use jsonl::JsonLinesReader;
pub use load::{FileContent, LoadError, SourceFile};
pub use markdown::MarkdownReader;
pub use media::MediaType;
pub use plain::PlainTextReader;
pub use scan::{FolderSource, Scan, ScanError, scan, scan_until};

use crate::document::{Document, Finding, FindingCode};

/// What came out of one file: its documents (none when it could not be used) and what was wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The documents in file order.
    pub documents: Vec<Document>,
    /// What was left out or changed, and why.
    pub findings: Vec<Finding>,
}

impl Reading {
    /// Nothing but a reason.
    pub fn refused(finding: Finding) -> Self {
        Self { documents: Vec::new(), findings: vec![finding] }
    }
}

/// Reads files of some media types. Total: any bytes give a reading, in time and memory linear in their number.
pub trait Reader: Send + Sync {
    /// The media types it reads.
    fn media_types(&self) -> &'static [MediaType];

    /// Reads one file. An empty `documents` comes with at least one finding.
    fn read(&self, content: &FileContent) -> Reading;
}

/// The readers by media type. The last one registered for a type serves it.
pub struct Registry {
    readers: Vec<Box<dyn Reader>>,
}

impl Registry {
    /// A registry without readers.
    pub fn empty() -> Self {
        Self { readers: Vec::new() }
    }

    /// Markdown, HTML, plain text and `.jsonl`.
    pub fn standard() -> Self {
        let mut registry = Self::empty();
        registry.register(Box::new(MarkdownReader));
        registry.register(Box::new(HtmlReader));
        registry.register(Box::new(PlainTextReader));
        registry.register(Box::new(JsonLinesReader));
        registry
    }

    /// Adds a reader.
    pub fn register(&mut self, reader: Box<dyn Reader>) {
        self.readers.push(reader);
    }

    /// Reads one file with the reader of its media type (by its name's extension, else by its first bytes).
    pub fn read(&self, content: &FileContent) -> Reading {
        if let Some(finding) = empty(content) {
            return Reading::refused(finding);
        }
        let media_type = media::media_type(&content.file.path, &content.bytes);
        match self.readers.iter().rev().find(|reader| reader.media_types().contains(&media_type)) {
            Some(reader) => reader.read(content),
            None => Reading::refused(unsupported(&content.file.path, format!("{media_type} is not read"))),
        }
    }

    /// Whether a reader is registered for the type.
    pub fn reads(&self, media_type: MediaType) -> bool {
        self.readers.iter().any(|reader| reader.media_types().contains(&media_type))
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::standard()
    }
}

/// What to do about a file that no reader takes; a test holds the list against `media::ACCEPTED`.
const CONVERT: &str = "convert it to a type that is read (.md, .markdown, .mdx, .html, .htm, .xhtml, .txt, .text, .jsonl, \
                       .ndjson), or name it in the source's `exclude`";

/// The finding for a file that no reader takes.
fn unsupported(path: &str, detail: String) -> Finding {
    Finding::new(FindingCode::UnsupportedFormat, path, detail, CONVERT)
}

/// The finding for a file without bytes, or with white space only.
fn empty(content: &FileContent) -> Option<Finding> {
    content.bytes.iter().all(u8::is_ascii_whitespace).then(|| {
        Finding::new(
            FindingCode::EmptyFile,
            &content.file.path,
            format!("{} bytes, none of them text", content.bytes.len()),
            "write it or remove it",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::SourceName;

    #[test]
    fn a_file_that_no_reader_takes_is_named_with_the_types_that_are_read() {
        let content = FileContent::from_bytes(SourceName::new("docs"), "a/manual.txt", b"%PDF-1.7".to_vec());
        let Reading { documents, findings } = Registry::standard().read(&content);
        assert_eq!((documents.len(), findings.len()), (0, 1));
        assert_eq!((findings[0].code, findings[0].path.as_str()), (FindingCode::UnsupportedFormat, "a/manual.txt"));
        assert!(findings[0].advice.contains(media::ACCEPTED), "{}", findings[0]);
    }
}
