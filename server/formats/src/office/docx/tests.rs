use super::*;
use crate::testing::{kinds, lines, zip_of};
use crate::{Extract, ProblemKind};

const STYLES: &str = "<w:styles>
  <w:style w:type='paragraph' w:styleId='H1'><w:name w:val='heading 1'/>
    <w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr></w:style>
  <w:style w:type='paragraph' w:styleId='H2'><w:name w:val='heading 2'/></w:style>
  <w:style w:type='paragraph' w:styleId='Code'><w:name w:val='Source Code'/></w:style>
  <w:style w:type='paragraph' w:styleId='T1'><w:name w:val='toc 1'/></w:style>
</w:styles>";

const NUMBERING: &str = "<w:numbering>
  <w:abstractNum w:abstractNumId='0'>
    <w:lvl w:ilvl='0'><w:start w:val='1'/><w:numFmt w:val='decimal'/><w:lvlText w:val='%1.'/></w:lvl>
    <w:lvl w:ilvl='1'><w:start w:val='1'/><w:numFmt w:val='ganada'/><w:lvlText w:val='%2.'/></w:lvl>
  </w:abstractNum>
  <w:abstractNum w:abstractNumId='1'><w:lvl w:ilvl='0'><w:numFmt w:val='bullet'/><w:lvlText w:val='•'/></w:lvl></w:abstractNum>
  <w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num><w:num w:numId='2'><w:abstractNumId w:val='1'/></w:num>
</w:numbering>";

const NOTES: &str = "<w:footnotes><w:footnote w:type='separator' w:id='-1'><w:p/></w:footnote>
  <w:footnote w:id='4'><w:p><w:r><w:footnoteRef/><w:t xml:space='preserve'> 첫째 각주.</w:t></w:r></w:p></w:footnote></w:footnotes>";

const CORE: &str = "<cp:coreProperties><dc:title>운영 지침</dc:title></cp:coreProperties>";

fn relation(id: &str, kind: &str, target: &str) -> String {
    format!(
        "<Relationship Id='{id}' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}' Target='{target}'/>"
    )
}

fn docx(body: &str) -> Vec<u8> {
    let document = format!("<w:document><w:body>{body}</w:body></w:document>");
    let package =
        relation("a", "officeDocument", "word/document.xml") + &relation("b", "core-properties", "docProps/core.xml");
    let parts = relation("a", "styles", "styles.xml")
        + &relation("b", "numbering", "numbering.xml")
        + &relation("c", "footnotes", "footnotes.xml");
    zip_of(&[
        ("_rels/.rels", &format!("<Relationships>{package}</Relationships>")),
        ("word/_rels/document.xml.rels", &format!("<Relationships>{parts}</Relationships>")),
        ("docProps/core.xml", CORE),
        ("word/document.xml", &document),
        ("word/styles.xml", STYLES),
        ("word/numbering.xml", NUMBERING),
        ("word/footnotes.xml", NOTES),
    ])
}

fn extract(body: &str) -> Extract {
    read(&docx(body)).unwrap().extract
}

fn p(style: &str, text: &str) -> String {
    format!("<w:p><w:pPr><w:pStyle w:val='{style}'/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

fn item(list: u8, level: u8, text: &str) -> String {
    format!(
        "<w:p><w:pPr><w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='{list}'/></w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"
    )
}

fn check(body: &str, expect: &[&str]) {
    assert_eq!(lines(&extract(body)), expect, "{body}");
}

#[test]
fn headings_lists_and_code_are_told_apart() {
    let body = [
        p("H1", "설치"),
        p("H2", "준비"),
        p("T1", "설치 3"),
        p("", "본문이다."),
        item(2, 0, "하나"),
        item(1, 1, "가목"),
        p("Code", "kubectl get pods"),
        p("Code", "  -A"),
        p("H1", "운영"),
    ];
    let expect =
        ["# 1. 설치", "## 준비", "본문이다.", "* 하나", "  * 가. 가목", "`kubectl get pods\n  -A`", "# 2. 운영"];
    check(&body.concat(), &expect);
}

#[test]
fn the_declared_title_is_kept() {
    assert_eq!(extract(&p("", "x")).title.as_deref(), Some("운영 지침"));
}

#[test]
fn notes_follow_the_paragraph_that_refers_to_them() {
    let body = "<w:p><w:r><w:t>노드</w:t></w:r><w:r><w:footnoteReference w:id='4'/></w:r><w:r><w:t>는 멈춘다.</w:t></w:r></w:p>";
    check(&format!("{body}{}", p("", "다음.")), &["노드[1]는 멈춘다.", "[1] 첫째 각주.", "다음."]);
}

#[test]
fn charts_and_diagrams_follow_the_paragraph_that_holds_them() {
    let drawing = |inner: &str| {
        format!(
            "<w:p><w:r><w:drawing><a:graphic><a:graphicData>{inner}</a:graphicData></a:graphic></w:drawing></w:r></w:p>"
        )
    };
    let body = drawing("<c:chart r:id='c1'/>") + &p("", "사이") + &drawing("<dgm:relIds r:dm='d1' r:lo='x'/>");
    let parts = relation("c1", "chart", "charts/chart1.xml") + &relation("d1", "diagramData", "diagrams/data1.xml");
    let chart = "<c:chartSpace><c:chart><c:ser><c:tx><c:v>수량</c:v></c:tx><c:cat><c:pt idx='0'><c:v>1월</c:v></c:pt></c:cat>\
        <c:val><c:pt idx='0'><c:v>3</c:v></c:pt></c:val></c:ser></c:chart></c:chartSpace>";
    let diagram = "<dgm:dataModel><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>계획</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>";
    let bytes = zip_of(&[
        ("word/document.xml", &format!("<w:document><w:body>{body}</w:body></w:document>")),
        ("word/_rels/document.xml.rels", &format!("<Relationships>{parts}</Relationships>")),
        ("word/charts/chart1.xml", chart),
        ("word/diagrams/data1.xml", diagram),
    ]);
    assert_eq!(lines(&read(&bytes).unwrap().extract), ["‖  ‖ 수량 ‖", "| 1월 | 3 |", "사이", "계획"]);
}

fn cell(properties: &str, text: &str) -> String {
    format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", p("", text))
}

#[test]
fn merged_cells_say_how_far_they_reach() {
    let rows = [
        cell("<w:vMerge w:val='restart'/>", "구분") + &cell("<w:gridSpan w:val='2'/>", "매출"),
        cell("<w:vMerge/>", "") + &cell("", "상반기") + &cell("", "하반기"),
        cell("", "서울") + &cell("", "10") + &cell("", "20"),
    ];
    let table: String = rows.iter().map(|row| format!("<w:tr>{row}</w:tr>")).collect();
    let expect = ["‖ 구분 (1x2) ‖ 매출 (2x1) ‖", "‖ 상반기 ‖ 하반기 ‖", "| 서울 | 10 | 20 |"];
    check(&format!("<w:tbl>{table}</w:tbl>"), &expect);
}

#[test]
fn the_rows_that_repeat_on_every_page_are_the_header() {
    let header = format!("<w:tr><w:trPr><w:tblHeader/></w:trPr>{}{}</w:tr>", cell("", "2023"), cell("", "2024.1"));
    let table = format!("<w:tbl>{header}<w:tr>{}{}</w:tr></w:tbl>", cell("", "1"), cell("", "2"));
    check(&table, &["‖ 2023 ‖ 2024.1 ‖", "| 1 | 2 |"]);
}

#[test]
fn a_table_of_one_cell_is_a_frame_and_a_nested_table_follows() {
    check(&format!("<w:tbl><w:tr>{}</w:tr></w:tbl>", cell("", "주의")), &["주의"]);
    let inner = format!("<w:tbl><w:tr>{0}{0}</w:tr><w:tr>{0}{0}</w:tr></w:tbl>", cell("", "b"));
    let holder = format!("<w:tc>{}{inner}</w:tc>", p("", "a"));
    let outer = format!("<w:tbl><w:tr>{holder}{}</w:tr><w:tr>{1}{1}</w:tr></w:tbl>", cell("", "x"), cell("", "y"));
    check(&outer, &["‖ a ‖ x ‖", "| y | y |", "‖ b ‖ b ‖", "| b | b |"]);
}

#[test]
fn a_hostile_or_broken_file_gives_a_reason() {
    let kind = |bytes: &[u8]| read(bytes).map(|read| kinds(&read.extract)).unwrap_or_else(|problem| vec![problem.kind]);
    let whole = docx(&p("", "x"));
    assert_eq!(kind(&whole), []);
    assert_eq!(kind(b""), [ProblemKind::Malformed]);
    assert_eq!(kind(&whole[..whole.len() - 40]), [ProblemKind::Malformed]);
    assert_eq!(kind(&zip_of(&[("a.txt", "x")])), [ProblemKind::Malformed]);
    assert_eq!(kind(&docx("")), [ProblemKind::NoText]);
    let entity = "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><w:document><w:body>&x;</w:body></w:document>";
    assert_eq!(kind(&zip_of(&[("word/document.xml", entity)])), [ProblemKind::ExternalReference]);
    let cut = format!("<w:document><w:body>{}<w:p><w:r><w:t>half", p("", "whole"));
    let cut = read(&zip_of(&[("word/document.xml", &cut)])).unwrap().extract;
    assert_eq!(lines(&cut), ["whole", "half"]);
    assert_eq!(kinds(&cut), [ProblemKind::PartlyMalformed]);
}

#[test]
fn deep_nesting_ends_without_a_crash() {
    for open in ["<w:tbl><w:tr><w:tc>", "<w:p><w:r><w:pict><w:txbxContent>", "<w:sdt>"] {
        let extract = extract(&open.repeat(20_000));
        assert_eq!(kinds(&extract)[0], ProblemKind::PartlyMalformed, "{open}");
    }
}
