//! Reads real PDF files with expectations checked by hand, where the shared documents lie beside the repository.
#![allow(clippy::disallowed_methods)] // A test may read the environment.

use std::path::PathBuf;

use ragops_formats::{BlockKind, Extract, Format, Locator, ProblemKind, Table, extract};

/// A shared document as read; none, loudly, where the documents are absent.
fn read(name: &str) -> Option<Extract> {
    Some(extract(Format::Pdf, &bytes_of(name)?))
}

fn bytes_of(name: &str) -> Option<Vec<u8>> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var("RAGOPS_SHARED").map_or_else(|_| beside(), PathBuf::from);
    let path = shared.join("data/documents").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{}: {error}", path.display());
            eprintln!("SKIPPED: {}: {error}", path.display());
            None
        }
    }
}

fn headings(extract: &Extract) -> Vec<(u8, &str)> {
    let mut found = Vec::new();
    for block in &extract.blocks {
        if let BlockKind::Heading { level, text } = &block.kind {
            found.push((*level, text.as_str()));
        }
    }
    found
}

/// The running text: paragraphs and items.
fn texts(extract: &Extract) -> Vec<&str> {
    let mut found = Vec::new();
    for block in &extract.blocks {
        if let BlockKind::Paragraph(text) | BlockKind::ListItem { text, .. } = &block.kind {
            found.push(text.as_str());
        }
    }
    found
}

fn tables(extract: &Extract) -> Vec<&Table> {
    let mut found = Vec::new();
    for block in &extract.blocks {
        if let BlockKind::Table(table) = &block.kind {
            found.push(table);
        }
    }
    found
}

fn row(table: &Table, index: usize) -> Vec<&str> {
    table.rows[index].cells.iter().map(|cell| cell.text.as_str()).collect()
}

/// Where the first text that holds `part` stands among all texts.
#[track_caller]
fn position(extract: &Extract, part: &str) -> usize {
    let found = texts(extract).iter().position(|text| text.contains(part));
    found.unwrap_or_else(|| panic!("no text holds {part:?}: {:#?}", texts(extract)))
}

#[test]
fn korean_cid_fonts_without_their_files_are_korean() {
    let Some(extract) = read("gen_ko_파드 라이프사이클_cid-not-embedded.pdf") else { return };
    assert!(extract.problems.is_empty(), "{:?}", extract.problems);
    // The other headings of this file are written as Markdown, in the looks of its text.
    assert_eq!(headings(&extract), [(1, "파드 라이프사이클")]);
    assert!(texts(&extract).contains(&"## 파드의 수명"));
    for sentence in [
        "파드가 실행되는 동안, kubelet은 일종의 오류를 처리하기 위해 컨테이너를 다시 시작할 수 있다.",
        "파드가 노드에 스케줄(할당)되면, 파드는 중지되거나 [종료](#pod-termination)될 때까지 해당 노드에서 실행된다.",
        "쿠버네티스는 컨트롤러라 부르는 하이-레벨 추상화를 사용하여 상대적으로 일회용인 파드 인스턴스를 관리하는 작업을 처리한다.",
        "하나 이상의 컨테이너가 설정되지 않았고 실행할 준비가 되지 않았다.",
        "어떤 이유로든 해당 파드가 삭제되고, 동일한 대체 파드가 생성되더라도, 관련된 그것(이 예에서는 볼륨)도 폐기되고 새로 생성된다.",
    ] {
        position(&extract, sentence);
    }
}

#[test]
fn a_table_on_a_page_keeps_its_rows_under_their_header() {
    let Some(extract) = read("AutoRAG__kbo_only_table.pdf") else { return };
    assert_eq!(headings(&extract), [(1, "2024년 KBO 리그 규정 변경 요약사항")]);
    let tables = tables(&extract);
    assert_eq!(tables.len(), 1);
    assert_eq!((tables[0].header_rows, row(tables[0], 0)), (1, vec!["구분", "변경 전", "변경 후"]));
    let changed = "경기장 내 카운트다운 타이머(피치클락)를 이용해 경기진행 속도를 향상";
    assert_eq!(row(tables[0], 2), ["KBO 피치클락 규정", "-", changed]);
    let video = &tables[0].rows[4].cells[0];
    assert_eq!((video.text.as_str(), video.rows), ("제28조 [비디오 판독]", 2));
    assert_eq!(row(tables[0], 5), ["대기심과 루심간 무전기 사용"]);
    assert!(texts(&extract).is_empty(), "text of a table stands once: {:?}", texts(&extract));
}

#[test]
fn korean_terms_have_their_divisions_and_nested_items() {
    let Some(extract) = read("AutoRAG__korean_texts_two_page.pdf") else { return };
    let headings = headings(&extract);
    assert_eq!(headings[0], (1, "【보통약관】"));
    assert!(headings.contains(&(2, "제1관 목적 및 용어의 정의")), "{headings:?}");
    let purpose = "제1조(목적) 이 보험계약(이하 ‘계약’이라 합니다)은 보험계약자(이하 ‘계약자’라 합니다)와 \
                   보험회사(이하 ‘회사’라 합니다) 사이에 피보험자의 상해에 대한 위험을 보장하기 위하여 체결됩니다.";
    assert!(texts(&extract).contains(&purpose), "{:#?}", texts(&extract));
    let item = "보험수익자: 보험금 지급사유가 발생하는 때에 회사에 보험금을 청구하여 받을 수 있는 사람을 말합니다.";
    let found = extract.blocks.iter().find_map(|block| match &block.kind {
        BlockKind::ListItem { depth, text, .. } if text == item => Some(*depth),
        _ => None,
    });
    assert_eq!(found, Some(1));
    let pages: Vec<&Locator> = extract.blocks.iter().filter_map(|block| block.at.as_ref()).collect();
    assert_eq!(pages.first(), Some(&&Locator::Pages { first: 1, last: 1 }));
    assert!(matches!(pages.last(), Some(Locator::Pages { last: 2, .. })));
}

#[test]
fn columns_are_read_one_after_the_other_and_words_are_whole() {
    let Some(extract) = read("sample-files__multicolumn.pdf") else { return };
    assert_eq!(headings(&extract)[0], (1, "Two-Column Document with Lorem Ipsum"));
    position(&extract, "Lorem ipsum dolor sit amet, consectetuer adipiscing elit. Ut purus elit");
    assert!(position(&extract, "Nam dui ligula, fringilla a") < position(&extract, "Quisque ullamcorper placerat"));
    assert!(!texts(&extract).iter().any(|text| text.contains("- ") || ["1", "2", "3"].contains(text)));
    let tables = tables(&extract);
    assert_eq!(tables.len(), 1);
    assert_eq!(row(tables[0], 0), ["Country", "Population (millions)", "Area (km2)", "Capital", "Official Language"]);
    assert_eq!(row(tables[0], 2), ["Belgium", "11.5", "30,689", "Brussels", "Dutch, French, German"]);
    assert_eq!(tables[0].header_rows, 1);
}

#[test]
fn a_paper_in_two_columns_has_its_headings_and_abstract() {
    let Some(extract) = read("unstructured__multi-column-2p.pdf") else { return };
    let title = "Dense Passage Retrieval for Open-Domain Question Answering";
    let expect = [
        (1, title),
        (2, "Abstract"),
        (2, "1 Introduction"),
        (2, "2 Background"),
        (2, "3 Dense Passage Retriever (DPR)"),
        (3, "3.1 Overview"),
    ];
    assert_eq!(headings(&extract), expect);
    position(
        &extract,
        "Open-domain question answering relies on efficient passage retrieval to select candidate contexts, where \
         traditional sparse vector space models, such as TF-IDF or BM25, are the de facto method.",
    );
}

#[test]
fn a_korean_paper_in_two_columns_has_its_running_headers_once() {
    let Some(extract) = read("docling__normal_4pages.pdf") else { return };
    let title = "코로나-19 관련 보험약관상 재해보험금 지급문제 및 개선과제";
    assert_eq!(extract.title.as_deref(), Some(title));
    let found = headings(&extract);
    for heading in ["1 들어가며", "2 코로나-19 관련 보험 현황", "3 문제점", "4 개선과제", "5 맺으며"]
    {
        assert!(found.iter().any(|(_, text)| *text == heading), "{heading}: {found:?}");
    }
    // One copy of what stands in the margin of every page is kept.
    assert_eq!(texts(&extract).iter().filter(|text| **text == "이슈와 논점").count(), 1);
    position(&extract, "코로나-19가 세계적 유행(Pandemic) 단계에 돌입하였음을 선언하였다.");
    let tables = tables(&extract);
    assert_eq!(row(tables[0], 0), ["구분", "개정전", "개정후"]);
    assert_eq!(row(tables[0], 1), ["분류", "1군 감염병", "1급 감염병"]);
}

#[test]
fn a_file_that_only_its_owner_can_change_is_read() {
    let Some(extract) = read("unstructured__copy-protected.pdf") else { return };
    assert!(extract.problems.is_empty(), "{:?}", extract.problems);
    assert!(headings(&extract).iter().any(|(_, text)| *text == "1 Introduction"));
    position(&extract, "several practical difficulties for taking advantages of recent advances in DL-based methods");
}

#[test]
fn tables_between_level_lines_keep_cells_under_their_header() {
    if let Some(extract) = read("unstructured__layout-parser-paper-with-table.pdf") {
        let tables = tables(&extract);
        assert_eq!(row(tables[0], 0), ["Dataset", "Base Model1", "Large Model", "Notes"]);
        assert_eq!(row(tables[0], 5), ["HJDataset [31]", "F / M", "-", "Layouts of history Japanese documents"]);
    }
    let Some(extract) = read("unstructured__embedded-images-tables.pdf") else { return };
    let tables = tables(&extract);
    assert_eq!(row(tables[0], 0)[4..6], ["icorr (A/cm2)", "Polarization resistance (Ω)"]);
    assert_eq!(row(tables[0], 2), ["2", "1.9460", "0.0596", "0.8276", "0.0002", "121.440", "1.5054"]);
}

#[test]
fn cells_that_reach_over_columns_are_told() {
    let Some(extract) = read("sample-files__google-doc-document.pdf") else { return };
    let tables = tables(&extract);
    assert_eq!(row(tables[0], 2), ["Capital", "Jakarta", "Berlin", "Vienna", "Paris", "Vatican City"]);
    assert_eq!(row(tables[0], 1), ["Continent", "Asia", "Europe"]);
    assert_eq!(tables[0].rows[1].cells[2].columns, 4);
}

#[test]
fn embedded_files_stand_behind_their_names() {
    if let Some(extract) = read("tika__testPDF_deeplyEmbeddedAttachments.pdf") {
        assert!(headings(&extract).iter().any(|(_, text)| *text == "files/orig(10).pdf"), "{:?}", headings(&extract));
    }
    let Some(extract) = read("sample-files__with-attachment.pdf") else { return };
    assert_eq!(extract.problems.len(), 1);
    assert_eq!(extract.problems[0].kind, ProblemKind::UnreadPart);
    assert!(extract.problems[0].detail.contains("image.png"), "{:?}", extract.problems);
}

#[test]
fn code_keeps_its_lines() {
    let Some(extract) = read("docling__code_and_formula.pdf") else { return };
    let code = extract.blocks.iter().find_map(|block| match &block.kind {
        BlockKind::Code(code) => Some(code.as_str()),
        _ => None,
    });
    assert_eq!(code, Some("function add (a , b) {\n    return a + b;\n}\nconsole . log ( add (3 , 5) );"));
}

/// Half a copy is told as that, never as a scan that needs its text recognised.
#[test]
fn files_cut_in_the_middle_are_told_as_cut() {
    for name in ["docling__normal_4pages.pdf", "unstructured__multi-column-2p.pdf", "sample-files__multicolumn.pdf"] {
        let Some(bytes) = bytes_of(name) else { return };
        for part in [3, 5, 8] {
            let extract = extract(Format::Pdf, &bytes[..bytes.len() * part / 9]);
            let kinds: Vec<_> = extract.problems.iter().map(|problem| problem.kind).collect();
            let expect = if extract.blocks.is_empty() { ProblemKind::Malformed } else { ProblemKind::PartlyMalformed };
            assert!(kinds.contains(&expect), "{name}, {part} ninths: {:?}", extract.problems);
            assert!(!kinds.contains(&ProblemKind::NoText), "{name}, {part} ninths: {:?}", extract.problems);
            let says = |problem: &ragops_formats::Problem| problem.detail.contains("ends in the middle");
            assert!(extract.problems.iter().any(says), "{name}, {part} ninths: {:?}", extract.problems);
        }
        let whole = extract(Format::Pdf, &[&bytes[..], &[0; 600], b"\r\n"].concat());
        assert!(whole.problems.iter().all(|problem| !problem.detail.contains("ends in")), "{:?}", whole.problems);
    }
}
