//! Media types: what a file is, by its name's extension first and by its first bytes where that says nothing.

use std::fmt;

/// A format that RagOps knows by name, whether or not a reader for it is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// PDF.
    Pdf,
    /// ZIP containers: docx, xlsx, pptx, hwpx and plain archives.
    Zip,
    /// Compound files of old office programs: doc, xls, ppt, hwp.
    CompoundFile,
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
            Self::Zip => "an office document or archive (application/zip)",
            Self::CompoundFile => "an old office document (application/x-ole-storage)",
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
    ("pdf", MediaType::Pdf),
    ("docx", MediaType::Zip),
    ("xlsx", MediaType::Zip),
    ("xlsm", MediaType::Zip),
    ("pptx", MediaType::Zip),
    ("hwpx", MediaType::Zip),
    ("zip", MediaType::Zip),
    ("doc", MediaType::CompoundFile),
    ("xls", MediaType::CompoundFile),
    ("ppt", MediaType::CompoundFile),
    ("hwp", MediaType::CompoundFile),
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
pub const ACCEPTED: &str = ".md, .markdown, .mdx, .html, .htm, .xhtml, .txt, .text, .jsonl, .ndjson";

/// First bytes that name a format.
const SIGNATURES: &[(&[u8], MediaType)] = &[
    (b"%PDF-", MediaType::Pdf),
    (b"PK\x03\x04", MediaType::Zip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", MediaType::CompoundFile),
    (b"\x89PNG", MediaType::Media),
    (b"\xff\xd8\xff", MediaType::Media),
    (b"GIF8", MediaType::Media),
    (b"\x1f\x8b", MediaType::Binary),
    (b"\x7fELF", MediaType::Binary),
];

/// Whether a file of this name has a type that is read, in either case. Its bytes may say otherwise later.
pub fn is_accepted(path: &str) -> bool {
    let found = extension(path).and_then(|extension| EXTENSIONS.iter().find(|(known, _)| *known == extension));
    found.is_some_and(|(_, media_type)| media_type.is_accepted())
}

/// The extension of the last name of a path, in lower case and without its dot.
pub fn extension(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase())
}

impl MediaType {
    /// Whether a standard reader takes it.
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Markdown | Self::Html | Self::PlainText | Self::JsonLines)
    }
}

/// The media type of a file. A name's extension decides, except that bytes with a signature of another format are that
/// format: a PDF called `notes.txt` is a PDF.
pub fn media_type(path: &str, bytes: &[u8]) -> MediaType {
    if let Some((_, found)) = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)) {
        return *found;
    }
    let known = extension(path).and_then(|extension| EXTENSIONS.iter().find(|(known, _)| *known == extension));
    known.map_or_else(|| sniff(bytes), |(_, found)| *found)
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
        let registry = crate::read::Registry::standard();
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
        for path in ["README", "md", "notes.md/README", "a.json", "a.pdf", "a.MD.docx", "a."] {
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
        check("manual.docx", b"PK\x03\x04", MediaType::Zip);
        check("core", b"\x00\x01\x02", MediaType::Binary);
        check("v1.2/notes", b"words", MediaType::PlainText);
        check("deploy.yaml", b"kind: Pod", MediaType::PlainText);
    }
}
