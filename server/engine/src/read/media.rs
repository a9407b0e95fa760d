//! Media types: what a file is, by its name's extension first and by its first bytes where that says nothing.

use std::fmt;

use ragops_formats::Format;
use serde::{Deserialize, Serialize};

/// A format that RagOps knows by name, whether or not a reader for it is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MediaType {
    /// `.md`, `.markdown`, `.mdx`.
    Markdown,
    /// `.html`, `.htm`, `.xhtml`.
    Html,
    /// `.txt`, `.text`, and any other file whose bytes are text.
    PlainText,
    /// `.jsonl`, `.ndjson`: one record a line.
    JsonLines,
    /// `.csv`: comma-separated values.
    Csv,
    /// `.tsv`: tab-separated values.
    Tsv,
    /// PDF.
    Pdf,
    /// Word, Office Open XML.
    Docx,
    /// PowerPoint, Office Open XML.
    Pptx,
    /// Excel, Office Open XML, with or without macros.
    Xlsx,
    /// Hangul, compound file.
    Hwp,
    /// Hangul, XML.
    Hwpx,
    /// OpenDocument text.
    Odt,
    /// Rich Text Format.
    Rtf,
    /// A mail.
    Eml,
    /// Word before 2007.
    Doc,
    /// PowerPoint before 2007.
    Ppt,
    /// Excel before 2007.
    Xls,
    /// A ZIP archive by its name.
    Zip,
    /// The container of an office or Hangul document under a name that says something else: which, a worker tells.
    Office,
    /// Pictures, sound and video.
    Media,
    /// Anything else that is not text.
    Binary,
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
            Self::PlainText => "text/plain",
            Self::JsonLines => "application/x-ndjson",
            Self::Pdf => "application/pdf",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Docx => "a Word document",
            Self::Pptx => "a PowerPoint presentation",
            Self::Xlsx => "an Excel workbook",
            Self::Hwp | Self::Hwpx => "a Hangul document",
            Self::Odt => "an OpenDocument text",
            Self::Rtf => "text/rtf",
            Self::Eml => "message/rfc822",
            Self::Doc => "a Word document of before 2007 (.doc)",
            Self::Ppt => "a PowerPoint presentation of before 2007 (.ppt)",
            Self::Xls => "an Excel workbook of before 2007 (.xls)",
            Self::Zip => "an archive (application/zip)",
            Self::Office => "an office document under another name",
            Self::Media => "a picture, sound or video",
            Self::Binary => "application/octet-stream",
        })
    }
}

/// Extensions in lower case. What is not here is told by its bytes.
const EXTENSIONS: &[(&str, MediaType)] = &[
    ("md", MediaType::Markdown),
    ("markdown", MediaType::Markdown),
    ("mdx", MediaType::Markdown),
    ("html", MediaType::Html),
    ("htm", MediaType::Html),
    ("xhtml", MediaType::Html),
    ("txt", MediaType::PlainText),
    ("text", MediaType::PlainText),
    ("jsonl", MediaType::JsonLines),
    ("ndjson", MediaType::JsonLines),
    ("csv", MediaType::Csv),
    ("tsv", MediaType::Tsv),
    ("pdf", MediaType::Pdf),
    ("docx", MediaType::Docx),
    ("pptx", MediaType::Pptx),
    ("xlsx", MediaType::Xlsx),
    ("xlsm", MediaType::Xlsx),
    ("hwp", MediaType::Hwp),
    ("hwpx", MediaType::Hwpx),
    ("odt", MediaType::Odt),
    ("rtf", MediaType::Rtf),
    ("eml", MediaType::Eml),
    ("doc", MediaType::Doc),
    ("ppt", MediaType::Ppt),
    ("xls", MediaType::Xls),
    ("zip", MediaType::Zip),
    ("png", MediaType::Media),
    ("jpg", MediaType::Media),
    ("jpeg", MediaType::Media),
    ("gif", MediaType::Media),
    ("webp", MediaType::Media),
    ("svg", MediaType::Media),
    ("mp3", MediaType::Media),
    ("mp4", MediaType::Media),
];

/// The extensions of the files that are read, for people. A test holds it against `EXTENSIONS` and the readers.
pub const ACCEPTED: &str = ".md, .markdown, .mdx, .html, .htm, .xhtml, .txt, .text, .jsonl, .ndjson, .csv, .tsv, .pdf, \
                            .docx, .pptx, .xlsx, .xlsm, .hwp, .hwpx, .odt, .rtf, .eml";

/// First bytes of the containers of office documents, and what a file in one can be by its name.
const CONTAINERS: [(&[u8], &[MediaType]); 2] = [
    (
        b"PK\x03\x04",
        &[
            MediaType::Docx,
            MediaType::Pptx,
            MediaType::Xlsx,
            MediaType::Odt,
            // One is often given the other's name.
            MediaType::Hwpx,
            MediaType::Hwp,
            MediaType::Zip,
        ],
    ),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        &[
            MediaType::Hwp,
            MediaType::Hwpx,
            // With a password they are wrapped in a compound file.
            MediaType::Docx,
            MediaType::Pptx,
            MediaType::Xlsx,
        ],
    ),
];

/// First bytes that name a format.
const SIGNATURES: &[(&[u8], MediaType)] = &[
    (b"%PDF-", MediaType::Pdf),
    (b"{\\rtf", MediaType::Rtf),
    (b"\x89PNG", MediaType::Media),
    (b"\xff\xd8\xff", MediaType::Media),
    (b"GIF8", MediaType::Media),
    (b"\x1f\x8b", MediaType::Binary),
    (b"\x7fELF", MediaType::Binary),
];

/// Whether a file of this name has a type that is read, in either case. Its bytes may say otherwise later.
pub fn is_accepted(path: &str) -> bool {
    named_type(path).is_some_and(MediaType::is_accepted)
}

/// Whether a file of this name is text, or may be: it has no extension that says otherwise.
pub fn is_text_name(path: &str) -> bool {
    named_type(path).is_none_or(MediaType::is_text)
}

/// What a file of this name should be, by its extension alone.
pub fn named_type(path: &str) -> Option<MediaType> {
    let extension = extension(path)?;
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, media_type)| *media_type)
}

/// The extension of the last name of a path, in lower case and without its dot.
pub fn extension(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase())
}

impl MediaType {
    /// Whether a standard reader takes it.
    pub fn is_accepted(self) -> bool {
        self.is_text() || self.binary_format().is_some()
    }

    /// Whether it is text, which is read in this process.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Markdown | Self::Html | Self::PlainText | Self::JsonLines | Self::Csv | Self::Tsv)
    }

    /// The format that a worker reads it as.
    pub fn binary_format(self) -> Option<Format> {
        BINARY.iter().find(|(media_type, _)| *media_type == self).map(|(_, format)| *format)
    }

    /// The type that a worker's format is.
    pub fn of(format: Format) -> Self {
        BINARY.iter().find(|(_, other)| *other == format).map_or(Self::Binary, |(media_type, _)| *media_type)
    }
}

/// What workers read.
const BINARY: [(MediaType, Format); 9] = [
    (MediaType::Pdf, Format::Pdf),
    (MediaType::Docx, Format::Docx),
    (MediaType::Pptx, Format::Pptx),
    (MediaType::Xlsx, Format::Xlsx),
    (MediaType::Hwp, Format::Hwp),
    (MediaType::Hwpx, Format::Hwpx),
    (MediaType::Odt, Format::Odt),
    (MediaType::Rtf, Format::Rtf),
    (MediaType::Eml, Format::Eml),
];

/// The media type of a file. A name's extension decides, except that bytes with a signature of another format are that
/// format: a PDF called `notes.txt` is a PDF.
pub fn media_type(path: &str, bytes: &[u8]) -> MediaType {
    let named = named_type(path);
    if let Some((_, kinds)) = container(bytes) {
        // What is inside may be made to harm: a worker looks into it, never this process.
        return named.filter(|named| kinds.contains(named)).unwrap_or(MediaType::Office);
    }
    let signed = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)).map(|(_, found)| *found);
    signed.or(named).unwrap_or_else(|| sniff(bytes))
}

fn container(bytes: &[u8]) -> Option<&'static (&'static [u8], &'static [MediaType])> {
    CONTAINERS.iter().find(|(signature, _)| bytes.starts_with(signature))
}

/// What a file is read as, so far as its name has a say: files of the same bytes are one document where this is equal. What
/// is in a container tells itself, whatever it is called; a `.md` is not read as a `.txt` is.
pub fn reading_of(path: &str, bytes: &[u8]) -> MediaType {
    match media_type(path, bytes) {
        MediaType::Zip => MediaType::Zip,
        _ if container(bytes).is_some() => MediaType::Office,
        other => other,
    }
}

/// Whether a file's name says that it is something else than `media_type`. A name without an extension, or with one that
/// means nothing here, says nothing.
pub fn is_misnamed(path: &str, media_type: MediaType) -> bool {
    named_type(path).is_some_and(|named| named != media_type)
}

/// The type of bytes under a name that says nothing.
fn sniff(bytes: &[u8]) -> MediaType {
    let head = &bytes[..bytes.len().min(1024)];
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        MediaType::Html
    } else if super::decode::looks_binary(bytes) {
        MediaType::Binary
    } else {
        MediaType::PlainText
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accepted_extensions_are_those_that_a_standard_reader_takes() {
        let registry = crate::read::Registry::with(std::sync::Arc::new(crate::read::InProcess));
        let taken = EXTENSIONS.iter().filter(|(_, media_type)| registry.reads(*media_type));
        let taken: Vec<String> = taken.map(|(extension, _)| format!(".{extension}")).collect();
        assert_eq!(ACCEPTED, taken.join(", "));
        for (extension, media_type) in EXTENSIONS {
            assert_eq!(
                is_accepted(&format!("a.b/{extension}.{extension}")),
                registry.reads(*media_type),
                "{extension}"
            );
        }
    }

    #[test]
    fn names_are_accepted_in_either_case_and_never_without_an_extension() {
        let check = |path: &str, expect: bool| assert_eq!(is_accepted(path), expect, "{path}");
        check("UP.MD", true);
        check("a/Notes.Txt", true);
        check("faq.JSONL", true);
        for path in ["README", "md", "notes.md/README", "a.json", "a.png", "a.MD.doc", "a."] {
            check(path, false);
        }
    }

    #[test]
    fn extension_then_bytes_tell_the_type() {
        let check = |path: &str, bytes: &[u8], expect| assert_eq!(media_type(path, bytes), expect, "{path}");
        check("en/kafka.md", b"# Kafka", MediaType::Markdown);
        check("A.MARKDOWN", b"", MediaType::Markdown);
        check("index.HTM", b"hello", MediaType::Html);
        check("faq.jsonl", b"{}", MediaType::JsonLines);
        check("README", b"plain words", MediaType::PlainText);
        check("page", b"\n<!DOCTYPE html><p>x", MediaType::Html);
        check("notes.txt", b"%PDF-1.7 ...", MediaType::Pdf);
        check("manual.docx", b"PK\x03\x04", MediaType::Docx);
        check("manual.md", b"PK\x03\x04", MediaType::Office);
        check("manual.doc", b"PK\x03\x04", MediaType::Office);
        check("all.zip", b"PK\x03\x04", MediaType::Zip);
        // It may be a Hangul document, or one of Word until 2003: a worker tells.
        check("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", MediaType::Office);
        check("old.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", MediaType::Office);
        check("letter.doc", b"{\\rtf1 x}", MediaType::Rtf);
        check("core", b"\x00\x01\x02", MediaType::Binary);
        check("v1.2/notes", b"words", MediaType::PlainText);
        check("deploy.yaml", b"kind: Pod", MediaType::PlainText);
    }
}
