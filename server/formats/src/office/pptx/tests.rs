use super::*;
use crate::testing::{kinds, lines, zip_of};

const MASTER: &str = "<p:sldMaster><p:cSld><p:spTree/></p:cSld><p:txStyles><p:bodyStyle>
  <a:lvl1pPr><a:buChar char='•'/></a:lvl1pPr><a:lvl2pPr><a:buChar char='-'/></a:lvl2pPr>
</p:bodyStyle></p:txStyles></p:sldMaster>";

const LAYOUT: &str = "<p:sldLayout><p:cSld><p:spTree>
  <p:sp><p:nvSpPr><p:cNvPr/><p:nvPr><p:ph idx='1'/></p:nvPr></p:nvSpPr></p:sp>
  <p:sp><p:nvSpPr><p:nvPr><p:ph type='subTitle' idx='2'/></p:nvPr></p:nvSpPr>
    <p:txBody><a:lstStyle><a:lvl1pPr><a:buNone/></a:lvl1pPr></a:lstStyle></p:txBody></p:sp>
</p:spTree></p:cSld></p:sldLayout>";

const NOTES: &str = "<p:notes><p:cSld><p:spTree>
  <p:sp><p:nvSpPr><p:nvPr><p:ph type='sldImg'/></p:nvPr></p:nvSpPr></p:sp>
  <p:sp><p:nvSpPr><p:nvPr><p:ph type='body' idx='1'/></p:nvPr></p:nvSpPr>
    <p:txBody><a:p><a:r><a:t>천천히 말한다.</a:t></a:r></a:p></p:txBody></p:sp>
  <p:sp><p:nvSpPr><p:nvPr><p:ph type='sldNum'/></p:nvPr></p:nvSpPr>
    <p:txBody><a:p><a:fld><a:t>1</a:t></a:fld></a:p></p:txBody></p:sp>
</p:spTree></p:cSld></p:notes>";

fn relations(entries: &[(&str, &str, &str)]) -> String {
    let entries =
        entries.iter().map(|(id, kind, target)| format!("<Relationship Id='{id}' Type='t/{kind}' Target='{target}'/>"));
    format!("<Relationships>{}</Relationships>", entries.collect::<String>())
}

/// A presentation of one slide whose id in the list is smaller than that of a slide that is not shown.
fn pptx(shapes: &str) -> Vec<u8> {
    let slide = format!("<p:sld><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>");
    zip_of(&[
        ("_rels/.rels", &relations(&[("r", "officeDocument", "ppt/presentation.xml")])),
        (
            "ppt/presentation.xml",
            "<p:presentation><p:sldIdLst><p:sldId id='256' r:id='s1'/></p:sldIdLst></p:presentation>",
        ),
        ("ppt/_rels/presentation.xml.rels", &relations(&[("s1", "slide", "slides/slide1.xml")])),
        ("ppt/slides/slide1.xml", &slide),
        (
            "ppt/slides/_rels/slide1.xml.rels",
            &relations(&[("l", "slideLayout", "../slideLayouts/l.xml"), ("n", "notesSlide", "../notesSlides/n.xml")]),
        ),
        ("ppt/slideLayouts/l.xml", LAYOUT),
        ("ppt/slideLayouts/_rels/l.xml.rels", &relations(&[("m", "slideMaster", "../slideMasters/m.xml")])),
        ("ppt/slideMasters/m.xml", MASTER),
        ("ppt/notesSlides/n.xml", NOTES),
    ])
}

fn shape(placeholder: &str, paragraphs: &str) -> String {
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr/><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:txBody><a:bodyPr/>{paragraphs}</p:txBody></p:sp>"
    )
}

fn p(properties: &str, text: &str) -> String {
    format!("<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>")
}

fn check(shapes: &str, expect: &[&str]) {
    let extract = read(&pptx(shapes)).unwrap().extract;
    let mut expect = expect.to_vec();
    expect.push("Notes: 천천히 말한다.");
    assert_eq!(lines(&extract), expect);
    assert!(extract.blocks.iter().all(|block| block.at == Some(Locator::Slides { first: 1, last: 1 })));
}

#[test]
fn a_slide_is_read_title_first() {
    let body = shape(
        "<p:ph idx='1'/>",
        &(p("", "하나") + &p("<a:pPr lvl='1'/>", "둘") + &p("<a:pPr><a:buNone/></a:pPr>", "셋")),
    );
    let title = shape("<p:ph type='title'/>", "<a:p><a:r><a:t>큰</a:t></a:r><a:br/><a:r><a:t>제목</a:t></a:r></a:p>");
    let footer = shape("<p:ph type='ftr'/>", &p("", "사내 한정"));
    let free = shape("", &p("", "글상자"));
    check(&[body, title, footer, free].concat(), &["## 큰 제목", "* 하나", "  * 둘", "셋", "글상자"]);
}

#[test]
fn a_title_slide_names_the_presentation() {
    let text = p("", "펌프 점검 계획");
    let title = |kind: &str| read(&pptx(&shape(&format!("<p:ph type='{kind}'/>"), &text))).unwrap().extract.title;
    assert_eq!(title("ctrTitle").as_deref(), Some("펌프 점검 계획"));
    assert_eq!(title("title"), None, "an ordinary slide says its own title");
    check(&shape("<p:ph type='ctrTitle'/>", &text), &["# 펌프 점검 계획"]);
}

#[test]
fn a_layout_may_take_the_bullet_away() {
    check(&shape("<p:ph type='subTitle' idx='2'/>", &p("", "부제")), &["부제"]);
}

#[test]
fn numbered_items_count_on() {
    let numbered = "<a:pPr><a:buAutoNum type='arabicPeriod' startAt='3'/></a:pPr>";
    let letters = "<a:pPr lvl='1'><a:buAutoNum type='alphaLcParenR'/></a:pPr>";
    let body = p(numbered, "a") + &p(letters, "b") + &p(letters, "c") + &p(numbered, "d") + &p(letters, "e");
    check(&shape("", &body), &["3. a", "  * a) b", "  * b) c", "4. d", "  * a) e"]);
}

#[test]
fn tables_and_groups_are_read() {
    let cell = |attributes: &str, text: &str| format!("<a:tc {attributes}><a:txBody>{}</a:txBody></a:tc>", p("", text));
    let rows = [cell("gridSpan='2'", "머리") + &cell("hMerge='1'", ""), cell("", "a") + &cell("", "1")];
    let rows: String = rows.iter().map(|row| format!("<a:tr>{row}</a:tr>")).collect();
    let frame = format!(
        "<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tblPr firstRow='1'/>{rows}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    );
    let group = format!("<p:grpSp>{}{frame}</p:grpSp>", shape("", &p("", "묶음")));
    check(&group, &["묶음", "‖ 머리 (2x1) ‖", "| a | 1 |"]);
}

#[test]
fn broken_presentations_give_a_reason() {
    let kind = |bytes: &[u8]| read(bytes).map(|read| kinds(&read.extract)).unwrap_or_else(|problem| vec![problem.kind]);
    assert_eq!(kind(b"PK"), [ProblemKind::Malformed]);
    assert_eq!(kind(&zip_of(&[("a", "b")])), [ProblemKind::Malformed]);
    let missing = zip_of(&[
        ("ppt/presentation.xml", "<p:presentation><p:sldIdLst><p:sldId r:id='s1'/></p:sldIdLst></p:presentation>"),
        ("ppt/_rels/presentation.xml.rels", &relations(&[("s1", "slide", "slides/slide1.xml")])),
    ]);
    assert_eq!(kind(&missing), [ProblemKind::PartlyMalformed]);
    assert_eq!(kind(&pptx(&"<p:grpSp>".repeat(5_000)))[0], ProblemKind::PartlyMalformed);
}
