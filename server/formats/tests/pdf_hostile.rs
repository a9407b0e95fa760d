//! PDF files that mean harm or are broken, each built by the test: a problem each, never a panic.

use std::fmt::Write as _;

use ragops_formats::{BlockKind, Extract, Format, ProblemKind, extract};

/// A file of numbered objects, the first of which is the catalog, with more entries for its trailer.
fn file(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::with_capacity(objects.len());
    for (number, object) in (1..).zip(objects) {
        offsets.push(bytes.len());
        bytes.extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    let start = bytes.len();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        let _ = writeln!(table, "{offset:010} 00000 n ");
    }
    let _ =
        write!(table, "trailer\n<< /Size {} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    bytes.extend_from_slice(table.as_bytes());
    bytes
}

fn stream(content: &str) -> String {
    format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len())
}

/// A file whose pages show these contents in Helvetica.
fn pages(contents: &[String]) -> Vec<u8> {
    let kids: String = (0..contents.len()).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} /MediaBox [0 0 600 800] >>", contents.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (page, content) in contents.iter().enumerate() {
        let resources = "/Resources << /Font << /F1 3 0 R >> >>";
        objects.push(format!("<< /Type /Page /Parent 2 0 R {resources} /Contents {} 0 R >>", 5 + 2 * page));
        objects.push(stream(content));
    }
    file(&objects, "")
}

/// The content that writes lines of 10 points from the top of a page.
fn lines(texts: &[&str]) -> String {
    let line = |(i, text): (usize, &&str)| format!("BT /F1 10 Tf 50 {} Td ({text}) Tj ET\n", 750 - 12 * i as i32);
    texts.iter().enumerate().map(line).collect()
}

fn read(bytes: &[u8]) -> Extract {
    extract(Format::Pdf, bytes)
}

fn kinds(extract: &Extract) -> Vec<ProblemKind> {
    extract.problems.iter().map(|problem| problem.kind).collect()
}

#[track_caller]
fn check_refused(bytes: &[u8], expect: ProblemKind) {
    let extract = read(bytes);
    assert_eq!((kinds(&extract), extract.blocks.len()), (vec![expect], 0), "{:?}", extract.problems);
}

#[test]
fn a_plain_file_is_read() {
    let extract = read(&pages(&[lines(&["One page with a line of text", "and another line of text."])]));
    assert!(extract.problems.is_empty(), "{:?}", extract.problems);
    let text = "One page with a line of text and another line of text.";
    assert_eq!(
        extract.blocks.iter().map(|block| &block.kind).collect::<Vec<_>>(),
        [&BlockKind::Paragraph(text.into())]
    );
}

#[test]
fn a_bullet_written_as_an_unused_code_is_one() {
    let item = |at: u32, text: &str| {
        format!("BT /F1 12 Tf 78 {at} Td (\\177) Tj ET\nBT /F1 10 Tf 96 {} Td ({text}) Tj ET\n", at + 2)
    };
    let lead = "BT /F1 10 Tf 78 707 Td (It does not cover:) Tj ET\n".to_owned();
    let extract = read(&pages(&[[lead, item(687, "seals and gaskets"), item(669, "damage by running dry")].concat()]));
    let texts: Vec<_> = extract
        .blocks
        .iter()
        .map(|block| match &block.kind {
            BlockKind::ListItem { text, .. } => format!("* {text}"),
            BlockKind::Paragraph(text) => text.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["It does not cover:", "* seals and gaskets", "* damage by running dry"]);
}

#[test]
fn what_is_filled_into_a_form_is_read() {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R 6 0 R] >> >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800] >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Annots [5 0 R] >>".to_owned(),
        stream("BT ET"),
        "<< /T (Name) /FT /Tx /V (Kim) >>".to_owned(),
        // One whose children are itself, and one that is empty.
        "<< /T (Address) /Kids [6 0 R << /T (City) /V (Seoul) >> << /T (Street) >>] >>".to_owned(),
    ];
    let extract = read(&file(&objects, ""));
    let texts: Vec<_> = extract.blocks.iter().map(|block| block.kind.clone()).collect();
    assert_eq!(texts[0], BlockKind::Paragraph("Name: Kim".into()), "{texts:?}");
    assert!(texts.iter().any(|kind| matches!(kind, BlockKind::Paragraph(text) if text.ends_with("City: Seoul"))));
}

#[test]
fn what_is_no_pdf_is_malformed() {
    for bytes in [&b""[..], b"%PDF-1.7", b"not a pdf at all", &[0; 4096], b"PK\x03\x04rest", b"%PDF-1.7\n%%EOF"] {
        check_refused(bytes, ProblemKind::Malformed);
    }
}

#[test]
fn a_truncated_file_is_told_at_every_length() {
    let whole = pages(&[lines(&["One page with a line of text."])]);
    for length in (0..whole.len()).step_by(7) {
        let extract = read(&whole[..length]);
        assert!(!extract.blocks.is_empty() || !extract.problems.is_empty(), "{length} bytes say nothing");
    }
}

#[test]
fn a_file_with_damaged_bytes_is_told() {
    let whole = pages(&[lines(&["One page with a line of text."])]);
    for at in (0..whole.len()).step_by(3) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let extract = read(&damaged);
        assert!(!extract.blocks.is_empty() || !extract.problems.is_empty(), "byte {at}: nothing is said");
    }
}

#[test]
fn a_tree_of_pages_that_loops_ends() {
    let catalog = "<< /Type /Catalog /Pages 2 0 R >>".to_owned();
    for kids in ["[2 0 R]", "[3 0 R]", "[2 0 R 3 0 R 2 0 R]"] {
        let root = format!("<< /Type /Pages /Kids {kids} /Count 3 >>");
        let below = "<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 3 >>".to_owned();
        let extract = read(&file(&[catalog.clone(), root, below], ""));
        assert!(extract.blocks.is_empty() && !extract.problems.is_empty(), "{kids}: {:?}", extract.problems);
    }
}

/// A file whose page draws a form with this content; the form may draw itself as `F0`.
fn form(content: &str) -> Vec<u8> {
    let resources = "/Resources << /XObject << /F0 5 0 R >> >>";
    let head = format!("<< /Type /XObject /Subtype /Form /BBox [0 0 600 800] {resources} /Length {} >>", content.len());
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800] >>".to_owned(),
        format!("<< /Type /Page /Parent 2 0 R {resources} /Contents 4 0 R >>"),
        stream("/F0 Do"),
        format!("{head}\nstream\n{content}\nendstream"),
    ];
    file(&objects, "")
}

#[test]
fn a_form_that_draws_itself_ends() {
    let _ = read(&form("/F0 Do\nBT /F1 10 Tf 50 700 Td (inside the form) Tj ET"));
}

#[test]
fn a_file_that_needs_a_password_is_encrypted() {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800] >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>".to_owned(),
        stream("BT ET"),
        // Keys that no empty password makes.
        format!("<< /Filter /Standard /V 1 /R 2 /P -4 /O <{}> /U <{}> >>", "5a".repeat(32), "a5".repeat(32)),
    ];
    let id = "/Encrypt 5 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]";
    check_refused(&file(&objects, id), ProblemKind::Encrypted);
}

#[test]
fn empty_pages_hold_no_text() {
    check_refused(&pages(&[String::new(), "0 0 m 10 10 l S".to_owned()]), ProblemKind::NoText);
}

#[test]
fn of_100_000_pages_the_first_are_read() {
    let count = 100_000;
    let kids: String = (0..count).map(|page| format!("{} 0 R ", 4 + page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {count} /MediaBox [0 0 600 800] >>"),
        "null".to_owned(),
    ];
    objects.extend((0..count).map(|_| "<< /Type /Page /Parent 2 0 R >>".to_owned()));
    let extract = read(&file(&objects, ""));
    assert_eq!(kinds(&extract), [ProblemKind::TooLarge, ProblemKind::NoText], "{:?}", extract.problems);
}

/// A file with `object` beside its pages and `content` on its only page.
fn with(object: &str, content: &str) -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800] /X {object} >>"),
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>".to_owned(),
        stream(content),
    ];
    file(&objects, "")
}

#[test]
fn deeply_nested_objects_are_survived() {
    for depth in [400, 50_000] {
        for (open, close) in [("[", "]"), ("<< /A ", " >>"), ("[ ", " ]"), ("[1 ", "]")] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let _ = read(&with(&deep, ""));
            let _ = read(&with("1", &format!("BT {deep} TJ ET")));
            let _ = read(&with("1", &open.repeat(depth)));
            let _ = read(&form(&format!("BT {deep} TJ ET")));
        }
    }
}

#[test]
fn numbers_and_states_without_end_are_survived() {
    let wild = "BT /F1 1e38 Tf 1e38 -1e38 Td (far) Tj 99999999999999999999 0 Td (away) Tj ET";
    let _ = read(&pages(&[wild.to_owned()]));
    let _ = read(&pages(&["q ".repeat(100_000)]));
    let _ = read(&pages(&["BT /F1 10 Tf 50 700 Td (x) Tj ".repeat(20_000)]));
}

/// A file of one page with more entries, whose text is set by this matrix.
fn turned(entries: &str, matrix: &str, lines: &str) -> Vec<u8> {
    let content = format!("q {matrix} cm\n{lines}Q\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [3 0 R] /Count 1 {entries} >>"),
        "<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        stream(&content),
    ];
    file(&objects, "")
}

fn paragraphs(extract: &Extract) -> Vec<&str> {
    let text = |kind: &'_ BlockKind| matches!(kind, BlockKind::Paragraph(_));
    assert!(extract.blocks.iter().all(|block| text(&block.kind)), "{:?}", extract.blocks);
    let texts = extract.blocks.iter().filter_map(|block| match &block.kind {
        BlockKind::Paragraph(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

const VALVES: [&str; 4] = [
    "Valve RV-1 opens at 4 bar and closes",
    "again later. Valve RV-2 opens at 5",
    "bar and AV-TO follows it. RV-3",
    "stays shut.",
];

/// Pages turned by the viewer, by their own matrix, by both, or askew from the scanner read as upright ones do.
#[test]
fn turned_pages_are_read_along_their_lines() {
    let expect = VALVES.join(" ");
    let high = "/MediaBox [0 0 600 800]";
    for (entries, matrix) in [
        ("", "1 0 0 1 0 0"),
        ("/Rotate 90", "1 0 0 1 0 0"),
        ("/Rotate 90", "0 1 -1 0 600 0"),
        ("/Rotate 180", "-1 0 0 -1 600 800"),
        ("/Rotate 270", "0 -1 1 0 0 800"),
        ("/Rotate 270", "1 0 0 1 0 0"),
        ("", "0 1 -1 0 600 0"),
        ("", "0 -1 1 0 0 800"),
        ("", "0.9994 0.0349 -0.0349 0.9994 20 0"),
        ("", "0.9925 -0.1219 0.1219 0.9925 0 40"),
    ] {
        let lines: String = (0..)
            .zip(VALVES)
            .map(|(i, text)| format!("BT /F1 10 Tf 50 {} Td ({text}) Tj ET\n", 500 - 12 * i))
            .collect();
        let extract = read(&turned(&format!("{high} {entries}"), matrix, &lines));
        assert_eq!(paragraphs(&extract), [expect.as_str()], "{entries} {matrix}");
        assert!(extract.problems.is_empty(), "{entries} {matrix}: {:?}", extract.problems);
    }
}

#[test]
fn text_in_all_directions_of_a_page_is_kept() {
    let aside = "q 0 1 -1 0 500 100 cm BT /F1 10 Tf 0 0 Td (Upward VT-077 line.) Tj ET Q\n\
                 q 0 -1 1 0 550 400 cm BT /F1 10 Tf 0 0 Td (Downward stamp.) Tj ET Q\n\
                 q 0.7071 0.7071 -0.7071 0.7071 100 100 cm BT /F1 10 Tf 0 0 Td (Across) Tj ET Q\n";
    let content = [lines(&VALVES), aside.to_owned()].concat();
    let extract = read(&turned("/MediaBox [0 0 600 800]", "1 0 0 1 0 0", &content));
    assert_eq!(paragraphs(&extract), [&VALVES.join(" "), "Upward VT-077 line.", "Downward stamp.", "Across"]);
}

/// What no viewer shows is read where nothing else is, and told.
#[test]
fn text_outside_of_the_page_is_told() {
    let extract = read(&turned("/MediaBox [0 0 800 400] /Rotate 90", "1 0 0 1 0 0", &lines(&VALVES)));
    assert_eq!(paragraphs(&extract), [VALVES.join(" ")]);
    assert_eq!(kinds(&extract), [ProblemKind::PartlyMalformed], "{:?}", extract.problems);
    let content = [lines(&VALVES), "BT /F1 10 Tf 50 300 Td (Shown.) Tj ET\n".to_owned()].concat();
    let extract = read(&turned("/MediaBox [0 0 800 400]", "1 0 0 1 0 0", &content));
    assert_eq!(paragraphs(&extract), ["Shown."]);
    assert_eq!(kinds(&extract), [ProblemKind::PartlyMalformed], "{:?}", extract.problems);
}

#[test]
fn notes_with_the_numbers_of_their_pages_stay() {
    let page = |number: usize, note: &str| {
        let note = format!("BT /F1 5 Tf 50 64 Td ({number}) Tj ET BT /F1 8 Tf 55 60 Td ({note}) Tj ET\n");
        [lines(&VALVES), note].concat()
    };
    let extract = read(&pages(&[page(1, "Class X costs 403."), page(2, "Class Y costs 406."), page(3, "Class Z.")]));
    let found = paragraphs(&extract);
    for note in ["1 Class X costs 403.", "2 Class Y costs 406.", "3 Class Z."] {
        assert!(found.contains(&note), "{note}: {found:?}");
    }
}

#[test]
fn what_stands_behind_the_end_of_a_file_is_no_cut() {
    let whole = pages(&[lines(&VALVES)]);
    let junk: [&[u8]; 4] = [b"<html>xxxxxxxx</html>", b"\0\r\n", b"\r", b" 7 objects "];
    for junk in junk {
        let extract = read(&[&whole[..], &junk.repeat(1000)].concat());
        assert_eq!(paragraphs(&extract), [VALVES.join(" ")]);
        assert!(extract.problems.is_empty(), "{:?}", extract.problems);
    }
}
