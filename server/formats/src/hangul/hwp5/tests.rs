use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;
use crate::testing::{kinds, lines};

fn record(tag: u16, level: u16, data: &[u8]) -> Vec<u8> {
    let size = (data.len() as u32).min(0xFFF);
    let mut out = (u32::from(tag) | u32::from(level) << 10 | size << 20).to_le_bytes().to_vec();
    if size == 0xFFF {
        out.extend((data.len() as u32).to_le_bytes());
    }
    out.extend(data);
    out
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A paragraph at a level, of a shape, with what hangs on it.
fn paragraph(level: u16, shape: u16, text: &str, controls: &[Vec<u8>]) -> Vec<u8> {
    let mut head = vec![0; 22];
    head[8..10].copy_from_slice(&shape.to_le_bytes());
    let mut out = record(records::PARA_HEADER, level, &head);
    let mut units = utf16(text);
    for _ in controls {
        units.extend([11_u16, 0, 0, 0, 0, 0, 0, 11].iter().flat_map(|unit| unit.to_le_bytes()));
    }
    out.extend(record(records::PARA_TEXT, level + 1, &units));
    out.extend(controls.concat());
    out
}

/// A control at a level, with paragraphs in a list.
fn listed(id: &[u8; 4], level: u16, text: &str) -> Vec<u8> {
    let list = record(records::LIST_HEADER, level + 1, &[0; 8]);
    [record(records::CTRL_HEADER, level, id), list, paragraph(level + 1, 0, text, &[])].concat()
}

fn table_of(level: u16, cells: &[(u16, u16, u16, u16, &str)]) -> Vec<u8> {
    let mut out = record(records::CTRL_HEADER, level, b" lbt");
    out.extend(record(records::TABLE, level + 1, &[0; 22]));
    for (row, column, rows, columns, text) in cells {
        let mut head = vec![0; 47];
        for (at, value) in [(8, column), (10, row), (12, columns), (14, rows)] {
            head[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        out.extend(record(records::LIST_HEADER, level + 1, &head));
        out.extend(paragraph(level + 1, 0, text, &[]));
    }
    out
}

/// Shape 0 is plain, shape 1 an outline of the first level, shape 2 a bullet.
fn doc_info() -> Vec<u8> {
    let shape = |attributes: u32, id: u16| {
        let mut data = vec![0; 54];
        data[..4].copy_from_slice(&attributes.to_le_bytes());
        data[30..32].copy_from_slice(&id.to_le_bytes());
        record(records::PARA_SHAPE, 0, &data)
    };
    let mut numbering = Vec::new();
    for number in 1..=7 {
        numbering.extend([0; 12]);
        let text = utf16(&format!("^{number}."));
        numbering.extend([(text.len() / 2) as u8, 0]);
        numbering.extend(text);
    }
    numbering.extend(1_u16.to_le_bytes());
    let mut bullet = vec![0; 12];
    bullet.extend('●'.encode_utf16(&mut [0; 1])[0].to_le_bytes());
    let parts = [
        record(records::NUMBERING, 0, &numbering),
        record(records::BULLET, 0, &bullet),
        shape(0, 0),
        shape(1 << 23, 0),
        shape(3 << 23, 1),
    ];
    parts.concat()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn hwp_with(flags: u32, streams: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    let mut header = b"HWP Document File".to_vec();
    header.resize(36, 0);
    header.extend(flags.to_le_bytes());
    header.resize(256, 0);
    file.create_stream("/FileHeader").unwrap().write_all(&header).unwrap();
    file.create_storage("/BodyText").unwrap();
    for (name, bytes) in streams {
        file.create_stream(name).unwrap().write_all(bytes).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

fn hwp(body: &[Vec<u8>]) -> Vec<u8> {
    let mut section = b"dces".to_vec();
    section.resize(18, 0);
    section.extend([1, 0]);
    let first = paragraph(0, 0, "", &[record(records::CTRL_HEADER, 1, &section)]);
    let section = [first, body.concat()].concat();
    hwp_with(PACKED, &[("/DocInfo", deflate(&doc_info())), ("/BodyText/Section0", deflate(&section))])
}

fn check(body: &[Vec<u8>], expect: &[&str]) {
    assert_eq!(lines(&read(&hwp(body)).unwrap().extract), expect);
}

#[test]
fn outlines_bullets_and_text_are_told_apart() {
    let body = [
        paragraph(0, 1, "개요", &[]),
        paragraph(0, 0, "본문이다.", &[]),
        paragraph(0, 2, "점", &[]),
        paragraph(0, 1, "운영", &[]),
        paragraph(0, 0, " ○ 세부", &[]),
    ];
    check(&body, &["# 1. 개요", "본문이다.", "* 점", "# 2. 운영", "  * 세부"]);
}

#[test]
fn headers_and_comments_are_left_out_and_notes_follow() {
    let body = [
        paragraph(
            0,
            0,
            "본문",
            &[listed(b"daeh", 1, "머리글"), listed(b"  nf", 1, "각주"), listed(b"tmct", 1, "숨은 설명")],
        ),
        paragraph(0, 0, "다음", &[listed(b"toof", 1, "꼬리글")]),
    ];
    check(&body, &["본문[1]", "[1] 각주", "다음"]);
}

#[test]
fn text_boxes_follow_their_paragraph() {
    let list = record(records::LIST_HEADER, 3, &[0; 8]);
    let shape = [record(records::CTRL_HEADER, 1, b" osg"), record(76, 2, &[0; 8]), list, paragraph(3, 0, "상자", &[])];
    check(&[paragraph(0, 0, "본문", &[shape.concat()])], &["본문", "상자"]);
}

#[test]
fn tables_are_read_with_their_spans() {
    let cells =
        [(0, 0, 1, 1, "구분"), (0, 1, 1, 2, "매출"), (1, 0, 1, 1, "서울"), (1, 1, 1, 1, "1"), (1, 2, 1, 1, "2")];
    let table = table_of(1, &cells);
    check(&[paragraph(0, 0, "", &[table])], &["‖ 구분 ‖ 매출 (2x1) ‖", "| 서울 | 1 | 2 |"]);
    let frame = table_of(1, &[(0, 0, 1, 1, "Ⅱ"), (0, 1, 1, 1, "추진 계획")]);
    check(&[paragraph(0, 0, "", &[frame])], &["# Ⅱ 추진 계획"]);
}

fn kind(bytes: &[u8]) -> Vec<ProblemKind> {
    read(bytes).map(|read| kinds(&read.extract)).unwrap_or_else(|problem| vec![problem.kind])
}

#[test]
fn protected_files_are_refused() {
    for flags in [PASSWORD, DISTRIBUTION, RIGHTS, KEY, PACKED | PASSWORD] {
        assert_eq!(kind(&hwp_with(flags, &[])), [ProblemKind::Encrypted], "{flags}");
    }
}

#[test]
fn broken_and_hostile_files_give_a_reason() {
    assert_eq!(kind(b""), [ProblemKind::Malformed]);
    assert_eq!(kind(b"HWP Document File V3.00 \x1a"), [ProblemKind::UnreadPart]);
    assert_eq!(kind(&hwp_with(PACKED, &[])), [ProblemKind::Malformed]);
    let whole = hwp(&[paragraph(0, 0, "x", &[])]);
    assert_eq!(kind(&whole), []);
    assert_eq!(kind(&whole[..600]), [ProblemKind::Malformed]);
    let info = || ("/DocInfo", deflate(&doc_info()));
    let body = |bytes: Vec<u8>| hwp_with(PACKED, &[info(), ("/BodyText/Section0", bytes)]);
    assert_eq!(kind(&body(deflate(&vec![0; 80 << 20]))), [ProblemKind::UnsafeArchive]);
    let cut = [paragraph(0, 0, "앞", &[]), vec![0xFF, 0xFF, 0xFF]].concat();
    let cut = read(&body(deflate(&cut))).unwrap().extract;
    assert_eq!((lines(&cut), kinds(&cut)), (vec!["앞".to_owned()], vec![ProblemKind::PartlyMalformed]));
    let packed = deflate(&paragraph(0, 0, &"긴 문장 ".repeat(2_000), &[]));
    assert_eq!(kind(&body(packed[..packed.len() / 2].to_vec()))[0], ProblemKind::PartlyMalformed);
}

#[test]
fn deep_nesting_ends_without_a_crash() {
    let mut stream = Vec::new();
    for level in 0..1_000 {
        stream.extend(match level % 2 {
            0 => record(records::PARA_HEADER, level, &[0; 22]),
            _ => record(records::CTRL_HEADER, level, b" osg"),
        });
        stream.extend(record(records::LIST_HEADER, level, &[0; 8]));
    }
    assert_eq!(kind(&hwp(&[stream])), [ProblemKind::NoText]);
}
