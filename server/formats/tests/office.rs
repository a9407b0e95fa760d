//! The real documents of the shared test data in Word, PowerPoint, Hangul and mail, against what a person read in them:
//! headings with their level, cells under their header, list items, Korean sentences.

use std::path::{Path, PathBuf};

use ragops_formats::{Content, Extract, Format, Locator, extract, identify, sniff};

#[path = "../../../e2e/src/skip.rs"]
#[allow(unreachable_pub, reason = "public where it is at home")]
mod skip;
use skip::{Unavailable, skip, this_test};

mod printed;
use printed::lines;

/// The documents, or `None` after saying so.
fn documents() -> Option<PathBuf> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    #[allow(clippy::disallowed_methods)] // Tests find their data by the environment; the readers never read it.
    let root = std::env::var("RAGOPS_SHARED").map_or(beside_the_repository, PathBuf::from);
    let path = root.join("data/documents");
    if path.exists() {
        return Some(path);
    }
    let reason = format!("{} is absent; set RAGOPS_SHARED to the folder of shared test data", path.display());
    skip(&this_test(), &Unavailable::Missing(reason));
    None
}

/// Reads a document by its name as NFC; a file system may hold it decomposed.
fn read(folder: &Path, name: &str, format: Format) -> Extract {
    let bytes = std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    if format != Format::Eml {
        assert_eq!(sniff(&bytes), Some(format), "{name}");
    }
    let extract = extract(format, &bytes);
    assert_eq!(extract.problems, [], "{name}");
    extract
}

/// Checks that lines stand in a document, in this order, whatever stands between them.
fn check(name: &str, format: Format, expect: &[&str]) {
    let Some(folder) = documents() else { return };
    let lines = lines(&read(&folder, name, format));
    let mut rest = lines.iter();
    for line in expect {
        assert!(rest.any(|found| found == line), "{name}: no line {line:?} (after those before it) in {lines:#?}");
    }
}

/// Checks that a text stands nowhere in a document.
fn check_absent(name: &str, format: Format, text: &str) {
    let Some(folder) = documents() else { return };
    let lines = lines(&read(&folder, name, format));
    assert!(!lines.iter().any(|line| line.contains(text)), "{name}: {text:?} in {lines:#?}");
}

#[test]
fn word_headings_have_their_levels_and_korean_its_sentences() {
    let name = "gen_ko_노드-압박 축출.docx";
    let failed =
        "노드-압박 축출 과정에서, kubelet은 축출할 파드의 `PodPhase`를\n`Failed`로 설정한다. 이로써 파드가 종료된다.";
    let expect =
        ["# 노드-압박 축출", failed, "### 축출 신호", "### 축출 임계값", "#### 소프트 축출 임계값", "### 알려진 이슈"];
    check(name, Format::Docx, &expect);
    let cluster = "클러스터에서 가장 먼저 디버그해야 할 것은 노드가 모두 올바르게 등록되었는지 여부이다.";
    let expect = ["# 트러블슈팅", "## 클러스터 나열하기", cluster, "### 마스터", "### 워커 노드", "### 특정 시나리오"];
    check("gen_ko_트러블슈팅.docx", Format::Docx, &expect);
    check("gen_ko_파드 라이프사이클.docx", Format::Docx, &["# 파드 라이프사이클"]);
}

#[test]
fn numbered_headings_of_word_keep_their_numbers() {
    let expect = [
        "# Test Document",
        "# 1. Section 1",
        "Paragraph 1.1",
        "## 1.1. Section 1.1",
        "## 1.2. Section 1.2",
        "### 1.2.1. Section 1.2.3",
        "# 2. Section 2",
        "1. Appendix A: Glossary",
        "  * 1.1. Section A.1",
        "    * 1.1.1. Detail A.1.1",
        "## REFERENCES",
        "This is the second reference.",
    ];
    check("docling__unit_test_headers_numbered.docx", Format::Docx, &expect);
}

#[test]
fn text_boxes_of_word_are_read_once() {
    let name = "docling__textbox.docx";
    let expect = [
        "Infectious Disease Reporting Procedure for the 113th Academic Year Kindergarten",
        "Student falls ill",
        "* A report must be submitted within 24 hours via the Ministry of Education’s Campus Safety and Disaster Prevention \
         Information Network.",
        "2. Implement appropriate epidemic prevention measures in accordance with the Communicable Disease Control Act.",
        "The Health Bureau will handle reporting and specimen collection.",
        "Case closed.",
    ];
    check(name, Format::Docx, &expect);
    let Some(folder) = documents() else { return };
    let lines = lines(&read(&folder, name, Format::Docx));
    assert_eq!(lines.iter().filter(|line| *line == "Case closed.").count(), 1);
}

#[test]
fn tables_of_word_show_their_headers_spans_and_nested_tables() {
    let expect = [
        "Simple uniform table",
        "‖ Header Col 1 ‖ Header Col 2 ‖",
        "| Lorem ipsum | A link example |",
        "‖ a ‖ >b< ‖ c ‖",
        "| d |  | i |",
        "| j | k | l |",
        "‖ e ‖ f ‖",
        "| g&t | h |",
        "‖ a (1x2) ‖ b (2x1) ‖",
        "‖ c ‖ d (1x2) ‖",
        "| e (2x1) |",
    ];
    check("unstructured__docx-tables.docx", Format::Docx, &expect);
}

#[test]
fn comments_of_word_are_not_content() {
    let name = "docling__docx_comments.docx";
    let expect = [
        "# Document with Comments",
        "This is the first paragraph that has a comment attached to it.",
        "This paragraph has an anonymous comment.",
    ];
    check(name, Format::Docx, &expect);
    let Some(folder) = documents() else { return };
    assert_eq!(lines(&read(&folder, name, Format::Docx)).len(), 5);
}

#[test]
fn slides_have_titles_bullets_and_places() {
    let token = "* 정의: 토큰은 텍스트를 더 작은 단위로 분할하는 것을 의미합니다. 이는 일반적으로 단어, 문장, 또는 구절일 수 있습니다.";
    let korean = "langchain-kr__sample-ppt.pptx";
    check(korean, Format::Pptx, &["# 랭체인 한국어 튜토리얼", "- 테디노트 -", "## Semantic Search", "## Token", token]);
    let expect = [
        "## Adding a Bullet Slide",
        "* Find the bullet slide layout",
        "  * Use _TextFrame.text for first bullet",
        "    * Use _TextFrame.add_paragraph() for subsequent bullets",
        "Here is a lot of text!",
        "Here is some text in a text box!",
    ];
    check("unstructured__fake-power-point.pptx", Format::Pptx, &expect);
    let Some(folder) = documents() else { return };
    let extract = read(&folder, korean, Format::Pptx);
    assert_eq!(extract.title.as_deref(), Some("랭체인 한국어 튜토리얼"), "its first slide is a title slide");
    assert_eq!(read(&folder, "unstructured__fake-power-point.pptx", Format::Pptx).title, None);
    assert_eq!(extract.blocks.last().and_then(|b| b.at.clone()), Some(Locator::Slides { first: 4, last: 4 }));
}

#[test]
fn hwp_is_read_with_its_outline_and_without_its_header() {
    let name = "hwplib__머리글꼬리글.hwp";
    check(name, Format::Hwp, &["# 1. aaa", "  * 가. 2233", "  15. g", "    17. 1356", "#### 가) 8944454545343434"]);
    check_absent(name, Format::Hwp, "개요1");
    let released = "2019 년 5 월 20 일 : Apache Tika 출시";
    check("tika__testHWP-v5b.hwp", Format::Hwp, &["Apache Tika - 컨텐츠 분석 툴킷", "최근 소식", released]);
}

#[test]
fn a_government_plan_in_hwp_has_chapters_sections_and_a_timetable() {
    let expect = [
        "디지털 정부혁신 추진계획",
        "# Ⅰ 개 요",
        "* 추진 배경",
        "  * 이에, ‘19.3월부터 공공부문 ICT 활용현황 및 문제점 검토에 착수하여 공공분야 디지털 전환을 위한 추진계획 마련",
        "# Ⅱ 디지털 정부혁신 추진계획",
        "## 1 선제적·통합적 대국민 서비스 혁신",
        "      * (현행) ①근거법령+②보유기관 동의 ⇒ (개선) 민원인 동의",
        "# Ⅲ 추진체계 및 일정",
        "‖ 추진 과제 (2x3) ‖  (1x3) ‖ 추진일정 (8x1) ‖ 관계\n부처 (1x3) ‖",
        "‖ 2019 (2x1) ‖ 2020 (2x1) ‖ 2021 (2x1) ‖ 2022 (2x1) ‖",
    ];
    check("langchain-kr__디지털 정부혁신 추진계획.hwp", Format::Hwp, &expect);
}

#[test]
fn hwpx_is_read_with_its_outline_and_tables() {
    let expect = [
        "# 1. 개요",
        "개요 내용입니다",
        "* 개요 내용을 추가합니다",
        "# 2. 문서요약",
        "## 가. 문서 내용 확인 조거",
        "문서의 URL 링크 정보는 바로가기 위치입니다.",
    ];
    check("hwpxlib__테스트문서.hwpx", Format::Hwpx, &expect);
    let expect = [
        "프로젝트계획서",
        "| 작성일자 |  | 0000년 00월 00일 (2x1) | 작성자 (2x1) | 한 글 (2x1) | (인) |",
        "| 프로젝트 이름 |  | 프로젝트 이름을 입력해 주세요. (7x1) |",
        "| 참가자 직위 |  | 사원 | 사원 (2x1) |  (2x1) |  (2x1) |",
    ];
    check("hwpxlib__프로젝트 계획서.hwpx", Format::Hwpx, &expect);
    let home_run = "'어썸킴' 김하성(27·샌디에이고 파드리스)이 시원한 3점홈런을 폭발했다.";
    check("hwpxlib__multipara.hwpx", Format::Hwpx, &[home_run]);
}

#[test]
fn a_mail_has_its_people_and_its_text() {
    let name = "unstructured__fake-email-attachment.eml";
    let people = "From: Mallori Harrell <mallori@unstructured.io>\nTo: Mallori Harrell <mallori@unstructured.io>\n\
        Date: 2022-12-23T12:08:48-06:00";
    check(name, Format::Eml, &[people, "Hello!", "* Lots of whitespace", "* and is a quick read", "Mallori"]);
    let Some(folder) = documents() else { return };
    assert_eq!(read(&folder, name, Format::Eml).title.as_deref(), Some("Fake email with attachment"));
}

#[test]
fn old_word_is_named_and_a_wrong_ending_found_out() {
    let Some(folder) = documents() else { return };
    let bytes = |name: &str| std::fs::read(folder.join(name)).expect("the file is there");
    assert_eq!(identify(&bytes("unstructured__duplicate-paragraphs.doc")), Content::Doc);
    assert_eq!(sniff(&bytes("unstructured__emoji.xlsx")), Some(Format::Xlsx));
    assert_eq!(sniff(&bytes("docling__xlsx_02_sample_sales_data.xlsm")), Some(Format::Xlsx));
    assert_eq!(sniff(&bytes("unstructured__DA-1p.pdf")), Some(Format::Pdf));
    let slides = extract(Format::Docx, &bytes("unstructured__fake-power-point.pptx"));
    assert_eq!(slides, extract(Format::Pptx, &bytes("unstructured__fake-power-point.pptx")), "bytes tell");
}

#[test]
fn formulas_without_a_saved_value_are_counted_and_the_first_named() {
    let Some(folder) = documents() else { return };
    let bytes = std::fs::read(folder.join("gen_ko_장애문의_FAQ.xlsx")).expect("the file is there");
    let extract = extract(Format::Xlsx, &bytes);
    let details: Vec<&str> = extract.problems.iter().map(|problem| problem.detail.as_str()).collect();
    assert_eq!(details, ["2 formulas have no saved value, the first in 수식!A2"]);
}
