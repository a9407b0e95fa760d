//! Reading: from the files of a source folder to documents made of blocks.
//! `scan` finds the files, `SourceFile::load` gets their bytes, the registry picks the reader of their media type.
//! A bad file is a finding, never a failed build; a file that cannot be read at this moment is a fault, never a finding.

mod beneath;
mod binary;
mod blocks;
mod controls;
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
mod separated;
mod table;

pub use binary::{BinaryReader, Extractor, InProcess};
pub use fault::SourceFault;
pub use html::HtmlReader;
pub use jsonl::JsonLinesReader;
pub use load::{FileContent, Growing, LoadError, SourceFile};
pub use markdown::MarkdownReader;
pub use media::MediaType;
pub use plain::PlainTextReader;
pub use scan::{FolderSource, OnError, Scan, ScanError, scan, scan_until};
pub use separated::SeparatedValuesReader;

use std::sync::Arc;

use crate::document::{Document, Finding, FindingCode};

/// A digest of the sources of readers, chunker and formats, made by the build script: other readers make other documents.
pub const VERSION: &str = env!("RAGOPS_READERS");

/// What came out of one file: its documents (none when it could not be used) and what was wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The documents in file order.
    pub documents: Vec<Document>,
    /// What was left out or changed, and why.
    pub findings: Vec<Finding>,
    /// What the bytes were read as; none where no reader took them.
    pub read_as: Option<MediaType>,
    /// Why nobody looked at the file, if nobody did: that says nothing about it, and a build must not go on without it.
    pub unread: Option<Unread>,
}

/// Why nobody looked at a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// The caller ended the build.
    Cancelled,
    /// The process that reads such files cannot be started; with the system's reason.
    NoReader(String),
}

impl Reading {
    /// Nothing but a reason.
    pub fn refused(finding: Finding) -> Self {
        Self { findings: vec![finding], ..Self::default() }
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

    /// Every format: text in this process, the others by `extractor`.
    pub fn with(extractor: Arc<dyn Extractor>) -> Self {
        let mut registry = Self::text();
        registry.register(Box::new(BinaryReader::new(extractor)));
        registry
    }

    /// The formats that are text: Markdown, HTML, plain text, `.jsonl`, `.csv` and `.tsv`.
    pub fn text() -> Self {
        let mut registry = Self::empty();
        registry.register(Box::new(MarkdownReader));
        registry.register(Box::new(HtmlReader));
        registry.register(Box::new(PlainTextReader));
        registry.register(Box::new(JsonLinesReader));
        registry.register(Box::new(SeparatedValuesReader));
        registry
    }

    /// Adds a reader.
    pub fn register(&mut self, reader: Box<dyn Reader>) {
        self.readers.push(reader);
    }

    /// Reads one file with the reader of its media type (by its name's extension, else by its first bytes).
    pub fn read(&self, content: &FileContent) -> Reading {
        if content.bytes.iter().all(u8::is_ascii_whitespace) {
            return Reading::refused(empty(content));
        }
        let media_type = media::media_type(&content.file.path, &content.bytes);
        let Some(reader) = self.readers.iter().rev().find(|reader| reader.media_types().contains(&media_type)) else {
            return Reading::refused(unsupported(&content.file.path, format!("{media_type} is not read")));
        };
        let mut reading = reader.read(content);
        // White space of another encoding, or a byte order mark before nothing.
        if reading.documents.is_empty() && reading.findings.is_empty() {
            reading.findings.push(empty(content));
        }
        // Of a container, the worker says what it is.
        reading.read_as = reading.read_as.or(Some(media_type));
        cap_findings(&mut reading.findings);
        reading
    }

    /// Whether a reader is registered for the type.
    pub fn reads(&self, media_type: MediaType) -> bool {
        self.readers.iter().any(|reader| reader.media_types().contains(&media_type))
    }
}

/// What to do about a file that no reader takes; a test holds the list against `media::ACCEPTED`.
const CONVERT: &str = "convert it to a type that is read (.md, .markdown, .mdx, .html, .htm, .xhtml, .txt, .text, .jsonl, \
                       .ndjson, .csv, .tsv, .pdf, .docx, .pptx, .xlsx, .xlsm, .hwp, .hwpx, .odt, .rtf, .eml), or name it \
                       in the source's `exclude`";

/// What to do about the formats of before 2007.
const SAVE_ANEW: &str = "open it in an office program and save it as .docx, .pptx, .xlsx or .pdf";

/// The finding for a file that no reader takes.
fn unsupported(path: &str, detail: String) -> Finding {
    let is_old = media::extension(path).is_some_and(|extension| ["doc", "ppt", "xls"].contains(&extension.as_str()));
    Finding::new(FindingCode::UnsupportedFormat, path, detail, if is_old { SAVE_ANEW } else { CONVERT })
}

/// Keeps the first findings of a file and counts the rest, so that no file gives a report of its own size.
fn cap_findings(findings: &mut Vec<Finding>) {
    let more = findings.len().saturating_sub(limits::MAX_FINDINGS_PER_FILE);
    if let Some(first) = findings.get(limits::MAX_FINDINGS_PER_FILE) {
        let detail = if more == 1 { "1 more problem".to_owned() } else { format!("{more} more problems") };
        let rest = Finding::new(first.code, first.path.clone(), detail, first.advice.clone());
        findings.truncate(limits::MAX_FINDINGS_PER_FILE);
        findings.push(Finding { more: more as u64 - 1, ..rest });
    }
}

/// The finding for a file whose name says something else than what it was read as.
pub fn misnamed(path: &str, read_as: MediaType) -> Option<Finding> {
    media::is_misnamed(path, read_as).then(|| {
        let extension = media::extension(path).unwrap_or_default();
        Finding::new(
            FindingCode::WrongExtension,
            path,
            format!("its name ends in `.{extension}`, its bytes are {read_as}: it was read as that"),
            "rename it, so that other programs open it too",
        )
    })
}

/// The finding for a file without bytes, or with white space only.
fn empty(content: &FileContent) -> Finding {
    Finding::new(
        FindingCode::EmptyFile,
        &content.file.path,
        format!("{} bytes, none of them text", content.bytes.len()),
        "write it or remove it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::SourceName;

    /// Fuzzing found a file of UTF-16 that became nothing without a word.
    #[test]
    fn a_file_of_which_nothing_is_left_is_empty() {
        for path in ["a.jsonl", "a.md", "a.txt", "a.html", "a.csv"] {
            for bytes in [&b"\xfe\xff\0\0\0\0"[..], b"\xff\xfe \0\n\0", b"\xef\xbb\xbf", b" \n"] {
                let content = FileContent::from_bytes(SourceName::new("docs"), path, bytes.to_vec());
                let Reading { documents, findings, .. } = Registry::text().read(&content);
                assert_eq!((documents.len(), findings.len()), (0, 1), "{path}: {bytes:?}");
                let is_told = matches!(findings[0].code, FindingCode::EmptyFile | FindingCode::NoText);
                assert!(is_told, "{path}: {}", findings[0]);
            }
        }
    }

    #[test]
    fn a_file_that_no_reader_takes_is_named_with_the_types_that_are_read() {
        let content = FileContent::from_bytes(SourceName::new("docs"), "a/picture.txt", b"\x89PNG\r\n".to_vec());
        let Reading { documents, findings, .. } = Registry::text().read(&content);
        assert_eq!((documents.len(), findings.len()), (0, 1));
        assert_eq!((findings[0].code, findings[0].path.as_str()), (FindingCode::UnsupportedFormat, "a/picture.txt"));
        assert!(findings[0].advice.contains(media::ACCEPTED), "{}", findings[0]);
    }

    #[test]
    fn a_file_whose_name_says_something_else_is_read_and_named() {
        let registry = Registry::with(Arc::new(InProcess));
        let check = |path: &str, bytes: &[u8], expect: &[FindingCode]| {
            let reading = registry.read(&FileContent::from_bytes(SourceName::new("docs"), path, bytes.to_vec()));
            let wrong = reading.read_as.filter(|_| !reading.documents.is_empty()).and_then(|it| misnamed(path, it));
            let codes: Vec<_> = reading.findings.iter().chain(&wrong).map(|finding| finding.code).collect();
            assert_eq!(codes, expect, "{path}: {reading:?}");
        };
        let rich = b"{\\rtf1 The pump stops at 90 degrees.}";
        check("notes.txt", rich, &[FindingCode::WrongExtension]);
        check("notes.rtf", rich, &[]);
        check("notes.RTF", rich, &[]);
        check("notes", rich, &[]);
        check("notes.pdf", b"The pump stops at 90 degrees.", &[FindingCode::Malformed]);
        check("notes.md", b"\x89PNG\r\n", &[FindingCode::UnsupportedFormat]);
        check("contract.md", b"PK\x03\x04 of nothing", &[FindingCode::UnsupportedFormat]);
    }

    #[test]
    fn formats_of_before_2007_are_named_with_what_to_do() {
        let bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        let content = FileContent::from_bytes(SourceName::new("docs"), "old.doc", bytes);
        let reading = Registry::with(Arc::new(InProcess)).read(&content);
        assert!(reading.findings[0].advice.contains("save it as .docx"), "{}", reading.findings[0]);
    }
}
