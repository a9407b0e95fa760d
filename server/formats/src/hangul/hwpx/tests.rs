use super::*;
use crate::testing::{kinds, lines, zip_of};

const HEADER: &str = "<hh:head><hh:refList>
  <hh:numberings><hh:numbering id='1'><hh:paraHead start='1' level='1' numFormat='DIGIT'>^1.</hh:paraHead>
    <hh:paraHead start='1' level='2' numFormat='HANGUL_SYLLABLE'>^2)</hh:paraHead></hh:numbering></hh:numberings>
  <hh:bullets><hh:bullet id='1' char='•'/></hh:bullets>
  <hh:paraProperties>
    <hh:paraPr id='0'><hh:heading type='NONE' idRef='0' level='0'/></hh:paraPr>
    <hh:paraPr id='1'><hh:heading type='OUTLINE' idRef='0' level='0'/></hh:paraPr>
    <hh:paraPr id='2'><hh:heading type='NUMBER' idRef='1' level='1'/></hh:paraPr>
    <hh:paraPr id='3'><hh:heading type='BULLET' idRef='1' level='0'/></hh:paraPr>
  </hh:paraProperties></hh:refList></hh:head>";

const PACKAGE: &str = "<opf:package><opf:metadata><opf:title>계획</opf:title></opf:metadata>
  <opf:manifest><opf:item id='section0' href='Contents/section0.xml'/></opf:manifest>
  <opf:spine><opf:itemref idref='section0'/></opf:spine></opf:package>";

fn hwpx(body: &str) -> Vec<u8> {
    let section = "<hp:secPr outlineShapeIDRef='1'/>";
    let section = format!("<hs:sec><hp:p paraPrIDRef='0'><hp:run>{section}</hp:run></hp:p>{body}</hs:sec>");
    zip_of(&[
        ("mimetype", "application/hwp+zip"),
        ("Contents/content.hpf", PACKAGE),
        ("Contents/header.xml", HEADER),
        ("Contents/section0.xml", &section),
    ])
}

fn p(shape: u8, run: &str) -> String {
    format!("<hp:p paraPrIDRef='{shape}'><hp:run>{run}</hp:run></hp:p>")
}

fn t(text: &str) -> String {
    format!("<hp:t>{text}</hp:t>")
}

fn check(body: &str, expect: &[&str]) {
    let extract = read(&hwpx(body)).unwrap().extract;
    assert_eq!(lines(&extract), expect, "{body}");
    assert_eq!(extract.title.as_deref(), Some("계획"));
}

#[test]
fn outlines_numbers_and_bullets_are_told_apart() {
    let body = [p(1, &t("개요")), p(0, &t("본문")), p(2, &t("가목")), p(3, &t("점")), p(1, &t("운영")), p(0, &t("끝"))];
    check(&body.concat(), &["# 1. 개요", "본문", "  * 가) 가목", "* 점", "# 2. 운영", "끝"]);
}

#[test]
fn the_text_is_what_a_reader_sees() {
    check(&p(0, "<hp:t>a<hp:lineBreak/>b<hp:tab/>c<hp:nbSpace/>d</hp:t>"), &["a\nb c d"]);
    check(&p(0, "<hp:t>a<hp:deleteBegin/>old</hp:t><hp:t>er<hp:deleteEnd/>new</hp:t>"), &["anew"]);
    check(
        &p(0, &format!("{}<hp:equation><hp:script>x over y</hp:script></hp:equation>{}", t("식 "), t("이다"))),
        &["식 x over y이다"],
    );
    let head = "<hp:ctrl><hp:header><hp:subList><hp:p><hp:run><hp:t>머리글</hp:t></hp:run></hp:p></hp:subList></hp:header></hp:ctrl>";
    check(&p(0, &format!("{head}{}", t("본문"))), &["본문"]);
    let picture = "<hp:pic><hp:shapeComment>그림입니다.</hp:shapeComment></hp:pic>";
    check(&p(0, &format!("{picture}{}", t("본문"))), &["본문"]);
}

#[test]
fn what_follows_a_text_box_or_a_note_is_kept() {
    let inner = format!("<hp:subList>{}</hp:subList>", p(0, &t("상자")));
    let shape = format!("<hp:rect><hp:drawText>{inner}</hp:drawText></hp:rect>");
    check(&p(0, &format!("{}{shape}{}", t("앞"), t("뒤"))), &["앞뒤", "상자"]);
    let note = format!("<hp:ctrl><hp:footNote>{}</hp:footNote></hp:ctrl>", inner.replace("상자", "각주"));
    check(&p(0, &format!("{}{note}{}", t("앞"), t("뒤"))), &["앞[1]뒤", "[1] 각주"]);
}

fn cell(row: u8, column: u8, span: (u8, u8), text: &str) -> String {
    format!(
        "<hp:tc><hp:subList>{}</hp:subList><hp:cellAddr colAddr='{column}' rowAddr='{row}'/>\
         <hp:cellSpan colSpan='{}' rowSpan='{}'/></hp:tc>",
        p(0, &t(text)),
        span.0,
        span.1
    )
}

#[test]
fn tables_are_read_with_their_spans() {
    let rows = [
        cell(0, 0, (1, 2), "구분") + &cell(0, 1, (2, 1), "매출"),
        cell(1, 1, (1, 1), "상반기") + &cell(1, 2, (1, 1), "하반기"),
        cell(2, 0, (1, 1), "서울") + &cell(2, 1, (1, 1), "1") + &cell(2, 2, (1, 1), "2"),
    ];
    let rows: String = rows.iter().map(|row| format!("<hp:tr>{row}</hp:tr>")).collect();
    let expect = ["‖ 구분 (1x2) ‖ 매출 (2x1) ‖", "‖ 상반기 ‖ 하반기 ‖", "| 서울 | 1 | 2 |"];
    check(&p(0, &format!("<hp:tbl>{rows}</hp:tbl>")), &expect);
    let frame = format!("<hp:tbl><hp:tr>{}</hp:tr></hp:tbl>", cell(0, 0, (1, 1), "Ⅰ. 개 요"));
    check(&p(0, &frame), &["# Ⅰ 개 요"]);
}

#[test]
fn hostile_and_broken_files_give_a_reason() {
    let kind = |bytes: &[u8]| read(bytes).map(|read| kinds(&read.extract)).unwrap_or_else(|problem| vec![problem.kind]);
    assert_eq!(kind(b""), [ProblemKind::Malformed]);
    assert_eq!(kind(&zip_of(&[("mimetype", "application/hwp+zip")])), [ProblemKind::Malformed]);
    let locked = zip_of(&[("META-INF/manifest.xml", "<odf:encryption-data/>"), ("Contents/section0.xml", "x")]);
    assert_eq!(kind(&locked), [ProblemKind::Encrypted]);
    assert_eq!(kind(&hwpx("")), [ProblemKind::NoText]);
    assert_eq!(
        kind(&hwpx(&"<hp:p><hp:run><hp:tbl><hp:tr><hp:tc><hp:subList>".repeat(5_000)))[0],
        ProblemKind::PartlyMalformed
    );
    let entity = "<!DOCTYPE a [<!ENTITY x 'y'>]><hs:sec/>";
    assert_eq!(kind(&zip_of(&[("Contents/section0.xml", entity)])), [ProblemKind::ExternalReference]);
}
