use super::*;
use crate::testing::{kinds, lines, zip_of};

const STYLES: &str = "<office:document-styles><office:styles>
  <style:style style:name='Preformatted_20_Text'/>
  <text:outline-style><text:outline-level-style text:level='1' style:num-format='1' style:num-suffix='.'/>
    <text:outline-level-style text:level='2' style:num-format='1' text:display-levels='2'/></text:outline-style>
  <text:list-style style:name='N'><text:list-level-style-number text:level='1' style:num-format='1' style:num-suffix='.'/>
    <text:list-level-style-number text:level='2' style:num-format='a' style:num-suffix=')'/></text:list-style>
  <text:list-style style:name='B'><text:list-level-style-bullet text:level='1' text:bullet-char='•'/></text:list-style>
</office:styles></office:document-styles>";

fn odt(body: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:automatic-styles><style:style style:name='P1' \
         style:parent-style-name='Preformatted_20_Text'/></office:automatic-styles>\
         <office:body><office:text>{body}</office:text></office:body></office:document-content>"
    );
    let meta = "<office:document-meta><office:meta><dc:title>안내</dc:title></office:meta></office:document-meta>";
    zip_of(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", &content),
        ("styles.xml", STYLES),
        ("meta.xml", meta),
    ])
}

fn check(body: &str, expect: &[&str]) {
    let extract = read(&odt(body)).unwrap().extract;
    assert_eq!(lines(&extract), expect, "{body}");
    assert_eq!(extract.title.as_deref(), Some("안내"));
}

#[test]
fn headings_are_numbered_as_shown() {
    let heading = |level, text| format!("<text:h text:outline-level='{level}'>{text}</text:h>");
    let body = [heading(1, "설치"), heading(2, "준비"), heading(2, "실행"), heading(1, "운영"), heading(3, "그밖")];
    check(&body.concat(), &["# 1. 설치", "## 1.1 준비", "## 1.2 실행", "# 2. 운영", "### 그밖"]);
}

#[test]
fn the_text_is_what_a_reader_sees() {
    check("<text:p>a<text:s text:c='2'/>b<text:tab/>c<text:line-break/>d\n  e</text:p>", &["a  b c\nd e"]);
    check("<text:p>link <text:a><text:span>here</text:span></text:a></text:p>", &["link here"]);
    let deleted = "<text:tracked-changes><text:changed-region><text:deletion><text:p>old</text:p></text:deletion>\
        </text:changed-region></text:tracked-changes>";
    check(
        &format!("{deleted}<text:p>new<office:annotation><text:p>why</text:p></office:annotation></text:p>"),
        &["new"],
    );
    check("<text:p text:style-name='P1'>ls</text:p><text:p text:style-name='P1'>pwd</text:p>", &["`ls\npwd`"]);
    check("<text:p text:style-name='Title'>안내서</text:p>", &["# 안내서"]);
    check("<text:table-of-content><text:p>설치 1</text:p></text:table-of-content><text:p>x</text:p>", &["x"]);
}

#[test]
fn lists_are_counted_and_nested() {
    let item = |text: &str| format!("<text:list-item><text:p>{text}</text:p></text:list-item>");
    let inner = format!("<text:list>{}{}</text:list>", item("c"), item("d"));
    let outer = format!("<text:list-item><text:p>b</text:p><text:p>more</text:p>{inner}</text:list-item>");
    let list = format!("<text:list text:style-name='N'>{}{outer}{}</text:list>", item("a"), item("e"));
    check(&list, &["1. a", "2. b", "more", "  * a) c", "  * b) d", "3. e"]);
    check(&format!("<text:list text:style-name='B'>{}</text:list>", item("x")), &["* x"]);
}

#[test]
fn notes_and_boxes_follow_their_paragraph() {
    let note = "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>각주</text:p></text:note-body></text:note>";
    let frame = "<draw:frame><draw:text-box><text:p>상자</text:p></draw:text-box></draw:frame>";
    check(
        &format!("<text:p>본문{note} 끝{frame}</text:p><text:p>다음</text:p>"),
        &["본문[1] 끝", "상자", "[1] 각주", "다음"],
    );
}

#[test]
fn tables_are_read_with_spans_and_header() {
    let cell = |attributes: &str, text: &str| {
        format!("<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>")
    };
    let header = cell("", "a") + &cell("table:number-columns-spanned='2'", "2024") + "<table:covered-table-cell/>";
    let row = cell("", "b") + &cell("table:number-columns-repeated='2'", "1");
    let table = format!(
        "<table:table><table:table-header-rows><table:table-row>{header}</table:table-row></table:table-header-rows>\
         <table:table-row>{row}</table:table-row></table:table>"
    );
    check(&table, &["‖ a ‖ 2024 (2x1) ‖", "| b | 1 | 1 |"]);
    let huge = format!(
        "<table:table-row table:number-rows-repeated='1000000000'>{}</table:table-row>",
        cell("", "x").repeat(2)
    );
    let extract = read(&odt(&format!("<table:table>{huge}</table:table>"))).unwrap().extract;
    assert_eq!(lines(&extract).len(), 100);
}

#[test]
fn hostile_and_broken_files_give_a_reason() {
    let kind = |bytes: &[u8]| read(bytes).map(|read| kinds(&read.extract)).unwrap_or_else(|problem| vec![problem.kind]);
    assert_eq!(kind(b""), [ProblemKind::Malformed]);
    assert_eq!(kind(&zip_of(&[("content.xml", "<a/>")])), [ProblemKind::Malformed]);
    let locked = zip_of(&[("META-INF/manifest.xml", "<manifest:encryption-data/>"), ("content.xml", "x")]);
    assert_eq!(kind(&locked), [ProblemKind::Encrypted]);
    assert_eq!(kind(&odt(&"<text:section>".repeat(10_000)))[0], ProblemKind::PartlyMalformed);
    assert_eq!(kind(&odt("<text:p/>")), [ProblemKind::NoText]);
}
