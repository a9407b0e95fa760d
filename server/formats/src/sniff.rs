//! Tells what a file is by its bytes, whatever its name says.

use std::io::{Cursor, Read};

use super::archive::Archive;
use super::{Format, Problem, ProblemKind};

/// How far into a file the mark of a PDF may stand; readers of that time allowed it.
const PDF_MARK_WITHIN: usize = 1024;

/// The first bytes of a compound file (the container of Office until 2003 and of Hangul).
const COMPOUND: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A format that is read.
    Format(Format),
    /// An Office file behind a password.
    EncryptedOffice,
    /// Word until 2003.
    Doc,
    /// Excel until 2003.
    Xls,
    /// PowerPoint until 2003.
    Ppt,
    /// An archive that holds none of the formats.
    Archive,
    /// None of these: text, perhaps.
    Other,
}

impl Content {
    /// Why a file that is this, under a name that says nothing of it, is not read.
    pub fn refusal(self) -> Problem {
        match self.problem() {
            Some(problem) if problem.kind == ProblemKind::Encrypted => problem,
            Some(problem) => Problem::new(ProblemKind::UnknownFormat, problem.detail),
            None => Problem::new(ProblemKind::UnknownFormat, "it is another format than its name says"),
        }
    }

    /// Why a file with this content is not read, and what to do; `None` for a format that is read.
    pub fn problem(self) -> Option<Problem> {
        let (kind, detail) = match self {
            Self::Format(_) => return None,
            Self::EncryptedOffice => (ProblemKind::Encrypted, "the Office file needs a password; save it without one"),
            Self::Doc => (ProblemKind::UnreadPart, "Word until 2003 (doc) is not read; save it as docx"),
            Self::Xls => (ProblemKind::UnreadPart, "Excel until 2003 (xls) is not read; save it as xlsx"),
            Self::Ppt => (ProblemKind::UnreadPart, "PowerPoint until 2003 (ppt) is not read; save it as pptx"),
            Self::Archive => (ProblemKind::Malformed, "an archive that is no Office, Hangul or OpenDocument text file"),
            Self::Other => (ProblemKind::Malformed, "it has the marks of none of the formats"),
        };
        Some(Problem::new(kind, detail))
    }
}

/// The format of a file by its bytes. A mail has no mark, so it is never told.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    match identify(bytes) {
        Content::Format(format) => Some(format),
        _ => None,
    }
}

/// What a file is by its bytes.
pub fn identify(bytes: &[u8]) -> Content {
    if bytes.starts_with(COMPOUND) {
        return compound(bytes);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return zipped(bytes);
    }
    if bytes.starts_with(b"HWP Document File") {
        return Content::Format(Format::Hwp);
    }
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"{\\rtf") {
        return Content::Format(Format::Rtf);
    }
    let head = &bytes[..bytes.len().min(PDF_MARK_WITHIN)];
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Content::Format(Format::Pdf);
    }
    Content::Other
}

fn compound(bytes: &[u8]) -> Content {
    let Ok(mut file) = cfb::CompoundFile::open(Cursor::new(bytes)) else { return Content::Other };
    let mut mark = [0; 17];
    let is_hwp = file.open_stream("/FileHeader").is_ok_and(|mut stream| stream.read_exact(&mut mark).is_ok());
    if is_hwp && &mark == b"HWP Document File" {
        return Content::Format(Format::Hwp);
    }
    let streams = [
        ("/EncryptedPackage", Content::EncryptedOffice),
        ("/WordDocument", Content::Doc),
        ("/Workbook", Content::Xls),
        ("/Book", Content::Xls),
        ("/PowerPoint Document", Content::Ppt),
    ];
    streams.iter().find(|(name, _)| file.is_stream(name)).map_or(Content::Other, |(_, content)| *content)
}

fn zipped(bytes: &[u8]) -> Content {
    let Ok(mut archive) = Archive::open(bytes) else { return Content::Archive };
    let mut text = |name| archive.part(name).ok().flatten().map(|part| String::from_utf8_lossy(&part).into_owned());
    let types = text("[Content_Types].xml").unwrap_or_default();
    let marks = [
        ("wordprocessingml.document.main+xml", Format::Docx),
        ("wordprocessingml.template.main+xml", Format::Docx),
        ("ms-word.document.macroEnabled.main+xml", Format::Docx),
        ("presentationml.presentation.main+xml", Format::Pptx),
        ("presentationml.slideshow.main+xml", Format::Pptx),
        ("ms-powerpoint.presentation.macroEnabled.main+xml", Format::Pptx),
        ("spreadsheetml.sheet.main+xml", Format::Xlsx),
        ("ms-excel.sheet.macroEnabled.main+xml", Format::Xlsx),
    ];
    if let Some((_, format)) = marks.iter().find(|(mark, _)| types.contains(mark)) {
        return Content::Format(*format);
    }
    match text("mimetype").unwrap_or_default().trim() {
        "application/hwp+zip" | "application/vnd.hancom.hwpx" => Content::Format(Format::Hwpx),
        "application/vnd.oasis.opendocument.text" | "application/vnd.oasis.opendocument.text-template" => {
            Content::Format(Format::Odt)
        }
        _ => Content::Archive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{compound_with, zip_of};

    fn typed(content: &str) -> Vec<u8> {
        zip_of(&[("[Content_Types].xml", &format!("<Types><Override ContentType='{content}'/></Types>"))])
    }

    #[test]
    fn files_are_told_by_their_bytes() {
        let check = |bytes: &[u8], expect: Content| assert_eq!(identify(bytes), expect);
        let office = "application/vnd.openxmlformats-officedocument.";
        check(b"", Content::Other);
        check(b"\n%PDF-1.7", Content::Format(Format::Pdf));
        check(b"{\\rtf1\\ansi}", Content::Format(Format::Rtf));
        check(b"HWP Document File V3.00 \x1a", Content::Format(Format::Hwp));
        check(&typed(&format!("{office}wordprocessingml.document.main+xml")), Content::Format(Format::Docx));
        check(&typed(&format!("{office}presentationml.presentation.main+xml")), Content::Format(Format::Pptx));
        check(&typed(&format!("{office}spreadsheetml.sheet.main+xml")), Content::Format(Format::Xlsx));
        check(&typed("application/vnd.ms-excel.sheet.macroEnabled.main+xml"), Content::Format(Format::Xlsx));
        check(&zip_of(&[("mimetype", "application/hwp+zip")]), Content::Format(Format::Hwpx));
        check(&zip_of(&[("mimetype", "application/vnd.oasis.opendocument.text")]), Content::Format(Format::Odt));
        check(&zip_of(&[("a.txt", "a")]), Content::Archive);
        check(b"PK\x03\x04 broken", Content::Archive);
        check(b"plain text", Content::Other);
    }

    #[test]
    fn compound_files_are_told_by_their_streams() {
        let check = |stream: &str, bytes: &[u8], expect: Content| {
            assert_eq!(identify(&compound_with(stream, bytes)), expect, "{stream}");
        };
        check("/FileHeader", b"HWP Document File\0\0", Content::Format(Format::Hwp));
        check("/FileHeader", b"something else", Content::Other);
        check("/EncryptedPackage", b"", Content::EncryptedOffice);
        check("/WordDocument", b"", Content::Doc);
        check("/Workbook", b"", Content::Xls);
        check("/PowerPoint Document", b"", Content::Ppt);
        let whole = compound_with("/WordDocument", &[1; 9000]);
        check("/Other", b"", Content::Other);
        assert_eq!(identify(&whole[..600]), Content::Other);
    }
}
