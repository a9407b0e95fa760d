//! The title that a file declares about itself, where it says something: many programs write a file's name there.

use pdf_oxide::PdfDocument;
use pdf_oxide::object::Object;
use pdf_oxide::optional_content::decode_pdf_text_string;

/// Longest title.
const MAX_CHARS: usize = 300;

/// The declared title.
pub(super) fn title(document: &PdfDocument) -> Option<String> {
    let info = document.resolve_object(document.trailer().as_dict()?.get("Info")?).ok()?;
    let title = document.resolve_object(info.as_dict()?.get("Title")?).ok()?;
    meaningful(&decode(&title)?)
}

/// The text of a string object.
pub(super) fn decode(object: &Object) -> Option<String> {
    let bytes = object.as_string()?;
    // Against the format, some writers leave UTF-8 unmarked.
    match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.is_ascii() => Some(text.trim_start_matches('\u{feff}').to_owned()),
        _ => Some(decode_pdf_text_string(bytes)),
    }
}

/// A title without what programs add, if anything is left that people wrote.
fn meaningful(title: &str) -> Option<String> {
    let words: Vec<&str> =
        title.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let title = words.join(" ");
    let title = ["Microsoft Word - ", "Microsoft PowerPoint - ", "Microsoft Excel - "]
        .iter()
        .fold(title.as_str(), |title, program| title.strip_prefix(program).unwrap_or(title));
    let extension = title.rsplit_once('.').map_or("", |(_, extension)| extension).to_lowercase();
    let is_file = EXTENSIONS.contains(&extension.as_str()) || title.contains('\\') || title.starts_with('/');
    let is_nothing = NOTHING.contains(&title.to_lowercase().as_str());
    let is_name = !title.contains(' ') && title.contains('_') && title.is_ascii();
    let letters = title.chars().filter(|c| c.is_alphabetic()).count();
    let is_readable = letters >= 2 && !title.contains('\u{fffd}') && title.chars().count() <= MAX_CHARS;
    (is_readable && !is_file && !is_nothing && !is_name).then(|| title.to_owned())
}

/// Endings of file names.
const EXTENSIONS: [&str; 18] = [
    "pdf", "doc", "docx", "hwp", "hwpx", "ppt", "pptx", "xls", "xlsx", "odt", "rtf", "txt", "tex", "dvi", "indd",
    "qxd", "html", "htm",
];

/// What programs write where nobody gave a title.
const NOTHING: [&str; 11] = [
    "anonymous",
    "(anonymous)",
    "untitled",
    "unknown",
    "unspecified",
    "title",
    "제목 없음",
    "document",
    "powerpoint 프레젠테이션",
    "powerpoint presentation",
    "slide 1",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(title: &str, expect: Option<&str>) {
        assert_eq!(meaningful(title).as_deref(), expect, "{title:?}");
    }

    #[test]
    fn a_title_that_people_wrote_is_kept() {
        check("PDF.js - Wikipedia", Some("PDF.js - Wikipedia"));
        check("  코로나-19 관련\n개선과제 ", Some("코로나-19 관련 개선과제"));
        check("Microsoft Word - Annual Report", Some("Annual Report"));
    }

    #[test]
    fn names_of_files_and_of_nothing_are_no_titles() {
        for title in [
            "",
            "untitled",
            "Microsoft Word - x.doc",
            "보고서.hwp",
            "C:\\a\\b",
            "insurance_biz",
            "1",
            "제목 없음",
            "\u{fffd}\u{fffd}ab",
        ] {
            check(title, None);
        }
    }

    #[test]
    fn strings_are_utf_16_utf_8_or_latin() {
        let text = |bytes: &[u8]| decode(&Object::String(bytes.to_vec()));
        assert_eq!(text(b"\xfe\xff\xd3\x0c\xb4\xdc").as_deref(), Some("파드"));
        assert_eq!(text("파드".as_bytes()).as_deref(), Some("파드"));
        assert_eq!(text(b"na\xefve").as_deref(), Some("naïve"));
        assert_eq!(decode(&Object::Integer(3)), None);
    }
}
