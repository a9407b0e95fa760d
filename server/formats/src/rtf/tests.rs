use super::*;
use crate::testing::{kinds, lines};

fn check(body: &str, expect: &[&str]) {
    let file = format!("{{\\rtf1\\ansi\\ansicpg949\\deff0 {body}}}");
    assert_eq!(lines(&read(file.as_bytes()).unwrap().extract), expect, "{body}");
}

#[test]
fn korean_bytes_and_units_are_read() {
    check(r"\'b3\'eb\'b5\'e5\par", &["노드"]);
    check(r"\uc1\u45432?\u46300? ok\par", &["노드 ok"]);
    check(r"\uc2\u45432\'b3\'eb!\par", &["노!"]);
    check(r"\uc0\u-10179\u-8704\par", &["😀"]);
    check(r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}}\f1\'cf\f0  x\par", &["П x"]);
    let raw = [b"{\\rtf1\\ansi\\ansicpg949 ".as_slice(), &[0xB3, 0xEB], b"\\par}"].concat();
    assert_eq!(lines(&read(&raw).unwrap().extract), ["노"]);
}

#[test]
fn headings_lists_and_notes_are_told_apart() {
    let styles = r"{\stylesheet{\s0 Normal;}{\s1\b heading 1;}{\*\cs10 Default;}}";
    let body = r"\pard\s1 Title\par\pard text{\super\chftn}{\footnote\pard \chftn  a note} more.\par
        \pard{\listtext\tab 2.\tab}\ilvl0 second\par\pard{\listtext\'a1\'a4\tab}\ilvl1 sign\par\pard\outlinelevel1 Sub\par";
    let fonts = r"{\fonttbl{\f0\fswiss Arial;}{\f1\fmodern Courier New;}}";
    check(&format!(r"{fonts}\f1 ls\par pwd\par\f0 text \f1 ls\par"), &["`ls\npwd`", "text ls"]);
    check(&format!("{styles}{body}"), &["# Title", "text[1] more.", "[1] a note", "2. second", "  * sign", "## Sub"]);
}

#[test]
fn what_a_reader_does_not_see_is_left_out() {
    check(r"{\header head\par}{\*\unknown x}{\v hidden}{\deleted gone}seen{\*\generator g}\par", &["seen"]);
    check(r"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}\par", &["link"]);
    check(r"a\line b\tab c\~d\_e\-f\emdash\{g\}\par", &["a\nb c d-ef—{g}"]);
    check(r"{\pict\bin4 }}}}0102}after\par", &["after"]);
}

#[test]
fn tables_are_read_with_their_spans() {
    let rows = r"\trowd\trhdr\cellx100\cellx300\pard\intbl 구분\cell 매출\cell\row
        \trowd\cellx100\cellx200\cellx300\pard\intbl 서울\cell 1\cell 2\cell\row
        \trowd\clvmgf\cellx100\cellx200\clmrg\cellx300\pard\intbl a\cell b\cell\cell\row
        \trowd\clvmrg\cellx100\cellx200\cellx300\pard\intbl\cell c\cell d\cell\row\pard after\par";
    let expect = ["‖ 구분 ‖ 매출 (2x1) ‖", "| 서울 | 1 | 2 |", "| a (1x2) | b (2x1) |", "| c | d |", "after"];
    let utf8 = rows
        .replace("구분", r"\u44396?\u48516?")
        .replace("매출", r"\u47588?\u52636?")
        .replace("서울", r"\u49436?\u50872?");
    check(&utf8, &expect);
}

#[test]
fn the_title_is_read() {
    let file = r"{\rtf1{\info{\title Guide}{\author me}}x\par}";
    assert_eq!(read(file.as_bytes()).unwrap().extract.title.as_deref(), Some("Guide"));
}

#[test]
fn broken_files_give_what_there_is_and_a_reason() {
    let check = |bytes: &[u8], expect: &[ProblemKind]| {
        let found = read(bytes).map(|read| kinds(&read.extract)).unwrap_or_else(|problem| vec![problem.kind]);
        assert_eq!(found, expect, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
    };
    check(b"", &[ProblemKind::Malformed]);
    check(b"plain", &[ProblemKind::Malformed]);
    check(b"{\\rtf1 whole\\par}", &[]);
    check(b"{\\rtf1 cut", &[ProblemKind::PartlyMalformed]);
    check(b"{\\rtf1}", &[ProblemKind::NoText]);
    check("{\\rtf1".repeat(100_000).as_bytes(), &[ProblemKind::PartlyMalformed]);
    check(b"{\\rtf1 x\\par}}}}}}", &[]);
}
