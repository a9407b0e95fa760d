//! What the fuzz targets share: each input is read as its format, and whatever it is, a document or a reason comes out.
//!
//! An archive or a compound file hides its parts behind checksums and packing, where chance seldom gets. An input that has
//! not the marks of its format is therefore taken as the parts themselves, separated by a NUL byte, and packed here.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use ragops_engine::chunk::{ChunkSettings, chunk};
use ragops_engine::document::SourceName;
use ragops_engine::read::{FileContent, Registry};
use ragops_formats::{Format, extract};
use zip::write::{SimpleFileOptions, ZipWriter};

/// Reads `bytes` as a binary format.
pub fn binary(format: Format, bytes: &[u8]) {
    let packed = match format {
        Format::Hwp if !bytes.starts_with(b"\xd0\xcf\x11\xe0") => compound(bytes),
        format if !bytes.starts_with(b"PK") => archive(format, bytes),
        _ => None,
    };
    let extract = extract(format, packed.as_deref().unwrap_or(bytes));
    assert!(!extract.blocks.is_empty() || !extract.problems.is_empty(), "nothing came out, and no reason");
}

/// Reads `bytes` as a text format, and cuts what comes out.
pub fn text(path: &str, bytes: &[u8]) {
    let content = FileContent::from_bytes(SourceName::new("fuzz"), path, bytes.to_vec());
    let reading = Registry::text().read(&content);
    assert!(!reading.documents.is_empty() || !reading.findings.is_empty(), "nothing came out, and no reason");
    let settings = ChunkSettings { max_tokens: 64, overlap_tokens: 16 };
    for document in &reading.documents {
        let chunks = chunk(document, &settings, &|text: &str| text.len().div_ceil(4));
        assert!(!chunks.is_empty(), "a document without a chunk");
    }
}

/// The parts that fuzzing writes, in order, and those that stay as they are.
type Parts = (&'static [&'static str], &'static [(&'static str, &'static str)]);

fn parts(format: Format) -> Option<Parts> {
    match format {
        Format::Docx => Some((
            &["word/document.xml", "word/styles.xml", "word/numbering.xml", "word/footnotes.xml"],
            &[(
                "word/_rels/document.xml.rels",
                "<Relationships><Relationship Id='r1' Type='x/styles' Target='styles.xml'/><Relationship Id='r2' \
                 Type='x/numbering' Target='numbering.xml'/><Relationship Id='r3' Type='x/footnotes' \
                 Target='footnotes.xml'/></Relationships>",
            )],
        )),
        Format::Pptx => Some((
            &["ppt/slides/slide1.xml", "ppt/slides/slide2.xml", "ppt/slides/_rels/slide1.xml.rels"],
            &[
                (
                    "ppt/presentation.xml",
                    "<p:presentation xmlns:p='p' xmlns:r='r'><p:sldIdLst><p:sldId r:id='r1'/><p:sldId r:id='r2'/>\
                     </p:sldIdLst></p:presentation>",
                ),
                (
                    "ppt/_rels/presentation.xml.rels",
                    "<Relationships><Relationship Id='r1' Type='x/slide' Target='slides/slide1.xml'/><Relationship \
                     Id='r2' Type='x/slide' Target='slides/slide2.xml'/></Relationships>",
                ),
            ],
        )),
        Format::Xlsx => Some((
            &["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"],
            &[
                (
                    "xl/workbook.xml",
                    "<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' \
                     xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><sheets><sheet \
                     name='S' sheetId='1' r:id='rId1'/></sheets></workbook>",
                ),
                (
                    "xl/_rels/workbook.xml.rels",
                    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>\
                     <Relationship Id='rId1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/\
                     worksheet' Target='worksheets/sheet1.xml'/></Relationships>",
                ),
            ],
        )),
        Format::Hwpx => Some((&["Contents/section0.xml", "Contents/header.xml", "Contents/content.hpf"], &[])),
        Format::Odt => Some((&["content.xml", "styles.xml", "meta.xml"], &[])),
        _ => None,
    }
}

fn archive(format: Format, bytes: &[u8]) -> Option<Vec<u8>> {
    let (written, fixed) = parts(format)?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let fixed = fixed.iter().map(|(name, text)| (*name, text.as_bytes()));
    for (name, part) in written.iter().copied().zip(bytes.split(|byte| *byte == 0)).chain(fixed) {
        writer.start_file(name, SimpleFileOptions::default()).ok()?;
        writer.write_all(part).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}

/// A Hangul file: the records of a section, and behind four `0xff` those of the definitions.
fn compound(bytes: &[u8]) -> Option<Vec<u8>> {
    let at = bytes.windows(4).position(|window| window == [0xff; 4]).unwrap_or(bytes.len());
    let (section, definitions) = (&bytes[..at], bytes.get(at + 4..).unwrap_or_default());
    let mut header = b"HWP Document File".to_vec();
    header.resize(32, 0);
    // Version 5.0.3.0; its streams are packed.
    header.extend([0, 3, 0, 5, 1, 0, 0, 0]);
    header.resize(256, 0);
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).ok()?;
    file.create_storage("/BodyText").ok()?;
    for (name, content) in
        [("/FileHeader", header), ("/DocInfo", packed(definitions)?), ("/BodyText/Section0", packed(section)?)]
    {
        file.create_stream(name).ok()?.write_all(&content).ok()?;
    }
    file.flush().ok()?;
    Some(file.into_inner().into_inner())
}

fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
