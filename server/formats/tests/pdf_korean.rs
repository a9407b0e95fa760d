//! Korean PDF files, each built by the test: which lines are one paragraph, and where a blank stood at a line's end.

mod printed;

use std::fmt::Write as _;

use ragops_formats::{Block, BlockKind, Extract, Format, Locator, extract};

/// How far the top of the first line stands from the lower edge of a page, and a line from the next, in points.
const TOP: u32 = 780;
const STEP: u32 = 18;

/// A piece of text on a page of 595 × 842 points: left edge, height of its row and size in points.
struct Piece {
    left: u32,
    row: u32,
    size: u32,
    text: &'static str,
}

/// A line of 11 points at the left margin.
fn line(row: u32, text: &'static str) -> Piece {
    Piece { left: 72, row, size: 11, text }
}

/// Lines of 11 points below each other.
fn lines(texts: &[&'static str]) -> Vec<Piece> {
    (0..).zip(texts).map(|(row, text)| line(row, text)).collect()
}

/// A table of three columns, without lines.
fn table(row: u32, rows: &[[&'static str; 3]]) -> Vec<Piece> {
    let cells = |(row, texts): (u32, &[&'static str; 3])| {
        [72, 200, 330].into_iter().zip(*texts).map(move |(left, text)| Piece { left, row, size: 11, text })
    };
    (row..).zip(rows).flat_map(cells).collect()
}

/// A file of pages in a Korean CID font that is not embedded. Hangul is as wide as the font is high, the rest half of it.
fn read(pages: &[Vec<Piece>]) -> Extract {
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", 6 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} /MediaBox [0 0 595 842] >>", pages.len()),
        "<< /Type /Font /Subtype /Type0 /BaseFont /HYSMyeongJo-Medium /Encoding /UniKS-UCS2-H \
         /DescendantFonts [4 0 R] >>"
            .to_owned(),
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HYSMyeongJo-Medium /DW 1000 /W [1 94 500] \
         /CIDSystemInfo << /Registry (Adobe) /Ordering (Korea1) /Supplement 1 >> /FontDescriptor 5 0 R >>"
            .to_owned(),
        "<< /Type /FontDescriptor /FontName /HYSMyeongJo-Medium /Flags 6 /FontBBox [0 -148 1000 880] \
         /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 800 /StemV 60 >>"
            .to_owned(),
    ];
    for (page, pieces) in pages.iter().enumerate() {
        let content: String = pieces.iter().map(shown).collect();
        let resources = "/Resources << /Font << /F1 3 0 R >> >>";
        objects.push(format!("<< /Type /Page /Parent 2 0 R {resources} /Contents {} 0 R >>", 7 + 2 * page));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let extract = extract(Format::Pdf, &file(&objects));
    assert!(extract.problems.is_empty(), "{:?}", extract.problems);
    extract
}

fn shown(piece: &Piece) -> String {
    let code: String = piece.text.encode_utf16().fold(String::new(), |mut code, unit| {
        let _ = write!(code, "{unit:04X}");
        code
    });
    format!("BT /F1 {} Tf {} {} Td <{code}> Tj ET\n", piece.size, piece.left, TOP - STEP * piece.row)
}

/// A file of numbered objects, the first of which is the catalog.
fn file(objects: &[String]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(objects) {
        let _ = writeln!(table, "{:010} 00000 n ", bytes.len());
        bytes.extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    let (start, size) = (bytes.len(), objects.len() + 1);
    let _ = write!(table, "trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    bytes.extend_from_slice(table.as_bytes());
    bytes
}

#[track_caller]
fn check(pages: &[Vec<Piece>], expect: &[&str]) {
    assert_eq!(printed::lines(&read(pages)), expect);
}

fn pages_of(block: &Block) -> Option<(u32, u32)> {
    match block.at {
        Some(Locator::Pages { first, last }) => Some((first, last)),
        _ => None,
    }
}

/// `보고 개요 교체 대상 서버 14대예산은 …` was one paragraph, of both pages.
#[test]
fn short_lines_are_paragraphs_of_their_own_on_every_page() {
    let first = lines(&["비품 점검표", "소화기 점검 매월 말", "구급함 보충 분기마다"]);
    let second = lines(&["열쇠 보관 당직실", "담당 총무과 문가영"]);
    let expect =
        ["비품 점검표", "소화기 점검 매월 말", "구급함 보충 분기마다", "열쇠 보관 당직실", "담당 총무과 문가영"];
    let found = read(&[first, second]);
    assert_eq!(printed::lines(&found), expect);
    assert_eq!(found.blocks.iter().filter_map(pages_of).collect::<Vec<_>>(), [(1, 1), (1, 1), (1, 1), (2, 2), (2, 2)]);
}

/// `사무실 배치표` stood before the table, and took the next page's first sentence.
#[test]
fn a_title_stays_above_its_table_and_apart_from_the_next_page() {
    let mut first = lines(&["차량 배정표"]);
    first.extend(table(2, &[["호차", "운행 구간", "정원"], ["11호", "수원 공장", "28"], ["12호", "오산 창고", "24"]]));
    let second = lines(&["세차는 차고지 나문희가 주마다 맡긴다."]);
    let found = printed::lines(&read(&[first, second]));
    let sentence = "세차는 차고지 나문희가 주마다 맡긴다.";
    assert_eq!((found[0].as_str(), found.last().map(String::as_str)), ("차량 배정표", Some(sentence)), "{found:#?}");
    assert!(found.len() > 3 && found[1].contains("운행 구간"), "{found:#?}");
}

#[test]
fn a_list_without_bullets_below_running_text_stays_a_list() {
    let text = [
        "이 안내는 공장에 처음 오는 사람이 지킬 것을 모아 사고를 막고 출입 기록을",
        "남기려는 것이다. 방문자는 정문에서 아래 물건을 받는다.",
        "안전모 파란색 1개",
        "방문증 목걸이 1개",
        "보안경 투명 1개",
    ];
    let whole = "이 안내는 공장에 처음 오는 사람이 지킬 것을 모아 사고를 막고 출입 기록을 \
                 남기려는 것이다. 방문자는 정문에서 아래 물건을 받는다.";
    check(&[lines(&text)], &[whole, "안전모 파란색 1개", "방문증 목걸이 1개", "보안경 투명 1개"]);
}

#[test]
fn a_title_in_another_size_is_its_own() {
    let title = Piece { left: 72, row: 0, size: 20, text: "야간 경비" };
    let page = vec![title, line(2, "순찰은 두 시간마다"), line(3, "무전기는 경비실에")];
    check(&[page], &["# 야간 경비", "순찰은 두 시간마다", "무전기는 경비실에"]);
}

#[test]
fn a_sentence_goes_on_over_a_page_where_its_line_is_full_or_its_words_say_so() {
    let full = "창고의 온도가 정해진 범위를 벗어나면 경보가 울리고 담당자의 전화로 문자가";
    let next = "가며 이십 분 안에 답이 없으면 본부로 알린다.";
    check(&[lines(&[full]), lines(&[next])], &[&format!("{full} {next}")]);
    check(&[lines(&["반납한 열쇠는"]), lines(&["숙직실에 둔다."])], &["반납한 열쇠는 숙직실에 둔다."]);
    check(&[lines(&["반납 열쇠 9개"]), lines(&["숙직실에 둔다."])], &["반납 열쇠 9개", "숙직실에 둔다."]);
    let indented = vec![Piece { left: 90, ..line(0, next) }, line(1, "두 번째 줄은 여백에서 시작한다.")];
    let found = printed::lines(&read(&[lines(&[full]), indented]));
    assert_eq!(found[0], full, "{found:#?}");
}

#[test]
fn a_paragraph_tells_where_its_next_page_begins() {
    let found = read(&[lines(&["표지", "", "- 반납한 열쇠는"]), lines(&["숙직실에 둔다. 새 열쇠는 이튿날 받는다."])]);
    let [turn] = found.turns[..] else { panic!("{:?}", found.turns) };
    let BlockKind::ListItem { text, .. } = &found.blocks[turn.block].kind else { panic!("{:?}", found.blocks) };
    assert_eq!((&text[turn.at..], turn.page), ("숙직실에 둔다. 새 열쇠는 이튿날 받는다.", 2));
}

/// An editor broke the lines of running text: they are not a list.
#[test]
fn short_lines_of_running_text_are_one_paragraph() {
    let text = ["고장 난 저울은", "정비실에 맡기고 새", "저울을 받을 때까지", "수기로 적는다."];
    check(&[lines(&text)], &["고장 난 저울은 정비실에 맡기고 새 저울을 받을 때까지 수기로 적는다."]);
}

/// `다음` and `교체일` became `다음교체일`.
#[test]
fn a_break_between_words_is_a_blank() {
    let text = [
        "정비실은 장비를 고친 날짜와 부품의 이름을 장부에 모두 적고, 그 옆에 다음",
        "교체일을 연필로 적어 둔다. 장부는 오 년 동안 문서 보관실의 잠긴 서가에 보",
        "관한다.",
    ];
    let whole = "정비실은 장비를 고친 날짜와 부품의 이름을 장부에 모두 적고, 그 옆에 다음 \
                 교체일을 연필로 적어 둔다. 장부는 오 년 동안 문서 보관실의 잠긴 서가에 보관한다.";
    check(&[lines(&text)], &[whole]);
}
