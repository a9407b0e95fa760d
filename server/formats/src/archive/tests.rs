use std::io::Write;

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;
use crate::testing::{compound_with, zip_of};

fn kind(bytes: &[u8]) -> Option<ProblemKind> {
    check(bytes).err().map(|problem| problem.kind)
}

fn with_name(name: &str) -> Vec<u8> {
    zip_of(&[(name, "x")])
}

#[test]
fn an_archive_with_plain_entries_passes() {
    assert_eq!(kind(&zip_of(&[("[Content_Types].xml", "<Types/>"), ("word/document.xml", "<document/>")])), None);
}

#[test]
fn names_that_leave_the_archive_are_refused() {
    for name in ["../evil.xml", "word/../../evil", "/etc/passwd", "C:\\evil", "..\\evil", "\\\\host\\share"] {
        assert_eq!(kind(&with_name(name)), Some(ProblemKind::UnsafeArchive), "{name}");
    }
    for name in ["a..b/c", "...", "word/..rels"] {
        assert_eq!(kind(&with_name(name)), None, "{name}");
    }
}

#[test]
fn a_part_that_unpacks_to_too_many_times_its_size_is_refused() {
    let blanks = " ".repeat(8 << 20);
    assert_eq!(kind(&zip_of(&[("word/document.xml", &blanks)])), Some(ProblemKind::UnsafeArchive));
    // Media are not unpacked, whatever they would unpack to.
    assert_eq!(kind(&zip_of(&[("word/media/image1.bmp", &blanks)])), None);
    // A small part may have any ratio.
    assert_eq!(kind(&zip_of(&[("word/document.xml", &" ".repeat(1 << 20))])), None);
}

#[test]
fn too_many_entries_are_refused() {
    let names: Vec<String> = (0..=MAX_ENTRIES).map(|number| format!("e{number}.xml")).collect();
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert_eq!(kind(&zip_of(&entries)), Some(ProblemKind::UnsafeArchive));
}

#[test]
fn an_archive_in_an_archive_is_not_opened() {
    let bomb = zip_of(&[("bomb.xml", &" ".repeat(8 << 20))]);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("inner.zip", SimpleFileOptions::default()).unwrap();
    writer.write_all(&bomb).unwrap();
    assert_eq!(kind(&writer.finish().unwrap().into_inner()), None);
}

#[test]
fn many_parts_that_unpack_to_too_much_together_are_refused() {
    // Noise packs badly: no part exceeds the ratio, but their sum exceeds the budget.
    let mut state = 1_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 28) as u8)
    };
    let line: String = (0..4096).map(|_| letter()).collect();
    let part = line.repeat((32 << 20) / line.len());
    let names: Vec<String> = (0..9).map(|number| format!("p{number}.xml")).collect();
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), part.as_str())).collect();
    assert_eq!(kind(&zip_of(&entries)), Some(ProblemKind::UnsafeArchive));
}

#[test]
fn document_types_are_refused_in_any_encoding() {
    let xml = "<?xml version='1.0'?><!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><d>&x;</d>";
    assert_eq!(kind(&zip_of(&[("word/document.xml", xml)])), Some(ProblemKind::ExternalReference));
    let utf16: Vec<u8> = "\u{FEFF}".encode_utf16().chain(xml.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("word/document.xml", SimpleFileOptions::default()).unwrap();
    writer.write_all(&utf16).unwrap();
    assert_eq!(kind(&writer.finish().unwrap().into_inner()), Some(ProblemKind::ExternalReference));
}

#[test]
fn what_is_no_archive_is_malformed() {
    let whole = zip_of(&[("word/document.xml", "<document/>")]);
    for bytes in [&b""[..], b"PK", b"PK\x03\x04", &whole[..whole.len() / 2], &[0; 512]] {
        assert_eq!(kind(bytes), Some(ProblemKind::Malformed), "{} bytes", bytes.len());
    }
}

#[test]
fn a_document_type_is_found_wherever_the_chunks_are_cut() {
    let text = b"<?xml?><!-- <!D --> <!DOCTYPE d>";
    for cut in 0..=text.len() {
        let mut watch = DocumentTypeWatch::default();
        assert!(watch.finds(&text[..cut]) | watch.finds(&text[cut..]), "{cut}");
    }
    assert!(!DocumentTypeWatch::default().finds(b"<!DOCTYP <!ELEMENT <! DOCTYPE"));
}

#[test]
fn a_part_with_a_wrong_checksum_is_read_as_far_as_it_goes() {
    let mut bytes = zip_of(&[("a.xml", "<a>text</a>")]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 16] ^= 0xFF;
    let mut problems = Vec::new();
    let root = Archive::open(&bytes).unwrap().xml("a.xml", &mut |problem| problems.push(problem.kind)).unwrap();
    assert_eq!((root.text().as_str(), problems.as_slice()), ("text", &[ProblemKind::PartlyMalformed][..]));
    assert_eq!(kind(&bytes), Some(ProblemKind::PartlyMalformed));
}

#[test]
fn an_office_file_behind_a_password_and_one_of_old_are_named() {
    assert_eq!(kind(&compound_with("/EncryptedPackage", b"x")), Some(ProblemKind::Encrypted));
    assert_eq!(kind(&compound_with("/WordDocument", b"x")), Some(ProblemKind::UnreadPart));
    let detail = check(b"%PDF-1.7").unwrap_err().detail;
    assert!(detail.contains("PDF"), "{detail}");
}
