//! HTML pages in, blocks out.

use proptest::prelude::*;

use super::*;
use crate::document::{Block, BlockKind, Document, FindingCode, ListMarker, SourceName};

fn read(bytes: &[u8]) -> Reading {
    HtmlReader.read(&FileContent::from_bytes(SourceName::new("docs"), "page.html", bytes.to_vec()))
}

fn document(page: &str) -> Document {
    read(page.as_bytes()).documents.remove(0)
}

fn blocks(page: &str) -> Vec<(BlockKind, String)> {
    let blocks = blocks_of(page);
    blocks.as_slice().iter().map(|block: &Block| (block.kind.clone(), block.text.clone())).collect()
}

fn check(page: &str, expect: &[(BlockKind, &str)]) {
    let expect: Vec<_> = expect.iter().map(|(kind, text)| (kind.clone(), (*text).to_owned())).collect();
    assert_eq!(blocks(page), expect, "{page}");
}

const P: BlockKind = BlockKind::Paragraph;

fn heading(level: u8) -> BlockKind {
    BlockKind::Heading { level }
}

fn item(depth: u8, marker: ListMarker) -> BlockKind {
    BlockKind::ListItem { depth, marker }
}

#[test]
fn content_is_read_and_page_furniture_is_not() {
    check(
        "<html><head><title>T</title><style>p{}</style></head><body><header>Site <h1>Brand</h1></header>\
         <nav><ul><li>Home</ul></nav><p>One <b>bold</b>\n  word.<script>var a = '<p>no</p>';</script></p>\
         <aside>Ad</aside><p>Two<br>lines &amp; more<footer>(c)</footer></body></html>",
        &[(P, "One bold word."), (P, "Two\nlines & more")],
    );
}

/// A page of old has no `main` and no `article`, and warnings in it all the same.
#[test]
fn asides_and_footers_in_parts_of_a_page_are_content() {
    check(
        "<div><h1>Pumps</h1><p>Body.</p><aside>Warning: hot surface HX-1.</aside><section><footer>Source: report R-5.\
         </footer></section><blockquote>Quote<footer>Kim, CTO-9</footer></blockquote></div><footer>Imprint</footer>",
        &[
            (heading(1), "Pumps"),
            (P, "Body."),
            (P, "Warning: hot surface HX-1."),
            (P, "Source: report R-5."),
            (BlockKind::Quote, "Quote"),
            (BlockKind::Quote, "Kim, CTO-9"),
        ],
    );
}

/// Warnings are often written as asides, and what a price holds for stands in the footer of its article.
#[test]
fn asides_and_footers_of_an_article_are_content() {
    check(
        "<aside>Ad</aside><article><h1>Refunds</h1><aside class=warning>Never refund gift cards.</aside><p>Refund the rest.</p>\
         <footer>Valid for stores in Busan only.</footer></article><footer>(c)</footer>",
        &[
            (heading(1), "Refunds"),
            (P, "Never refund gift cards."),
            (P, "Refund the rest."),
            (P, "Valid for stores in Busan only."),
        ],
    );
}

#[test]
fn main_is_preferred_and_its_own_header_kept() {
    check(
        "<div>Cookie banner</div><main><header><h1>장애 대응<a href=#x>¶</a></h1></header><p>본문이다.</p></main><div>Legal</div>",
        &[(heading(1), "장애 대응"), (P, "본문이다.")],
    );
    check(
        "<article>Teaser</article><p>The page itself is here and it is a good deal longer than the teaser is.</p>",
        &[(P, "Teaser"), (P, "The page itself is here and it is a good deal longer than the teaser is.")],
    );
}

#[test]
fn what_nobody_is_shown_or_no_longer_holds_is_left_out() {
    for (page, expect) in [
        ("<p><del>Open it while hot.</del> Keep it closed.</p>", &["Keep it closed."][..]),
        ("<p>Keep <s>not <b>ever</b></s> it <strike>x</strike>closed.", &["Keep it closed."]),
        ("<del><p>Old.</p><ul><li>a</ul></del><p>New.</p>", &["New."]),
        ("<div>a <del>left open</div><p>b</p>", &["a", "b"]),
        ("<p hidden>secret<p>shown</p>", &["shown"]),
        ("<p hidden>secret<div>shown</div>", &["shown"]),
        ("<div style='color: red; Display : None !important'><p>secret<br>more</p></div><p>shown", &["shown"]),
        ("<span style=visibility:hidden>secret</span>shown", &["shown"]),
        ("<ul><li hidden>a<ul><li>b</ul><li>shown</ul>", &["shown"]),
        ("<body hidden><p hidden=until-found>shown</p>", &["shown"]),
        ("<input hidden>shown<br hidden>too", &["shown\ntoo"]),
        ("<table><tr><td hidden>x<td>a<td>b</table>", &["| a | b |\n"]),
        ("<dl><dt hidden>draft<dd>shown</dl>", &["shown"]),
        ("<div role=tabpanel hidden>On Windows install it.</div>", &["On Windows install it."]),
    ] {
        let texts: Vec<String> = blocks(page).into_iter().map(|(_, text)| text).collect();
        assert_eq!(
            texts.iter().map(|text| text.trim_end()).collect::<Vec<_>>(),
            expect.iter().map(|e| e.trim_end()).collect::<Vec<_>>(),
            "{page}"
        );
    }
}

#[test]
fn a_definition_stands_behind_its_term_and_lists_begin_where_they_say() {
    check(
        "<dl><dt>Grace period<dd>Two days.<dt>Penalty</dt><dd>5 % a day.</dd></dl>",
        &[(P, "Grace period: Two days."), (P, "Penalty: 5 % a day.")],
    );
    check(
        "<ol start=3><li>c<li>d</ol>",
        &[(item(0, ListMarker::Number(3)), "c"), (item(0, ListMarker::Number(4)), "d")],
    );
}

#[test]
fn spanning_cells_keep_each_row_under_its_header() {
    check(
        "<table><tr><th>valve<th>state</tr><tr><td rowspan=2>quartz<td>closed<tr><td>locked at night</table>",
        &[(BlockKind::Table, "| valve | state |\n| --- | --- |\n| quartz | closed |\n| quartz | locked at night |")],
    );
    check(
        "<table><thead><tr><th rowspan=2>node<th colspan=2>memory<tr><th>request<th>limit</thead>\
         <tbody><tr><td>a<td>1<td>2</table>",
        &[(BlockKind::Table, "| node | memory / request | memory / limit |\n| --- | --- | --- |\n| a | 1 | 2 |")],
    );
}

#[test]
fn lists_quotes_and_code_keep_their_kind() {
    check(
        "<ol><li>a<ul><li>b<li>c</ul><li>d</ol><blockquote><p>q</blockquote>",
        &[
            (item(0, ListMarker::Number(1)), "a"),
            (item(1, ListMarker::Bullet), "b"),
            (item(1, ListMarker::Bullet), "c"),
            (item(0, ListMarker::Number(2)), "d"),
            (BlockKind::Quote, "q"),
        ],
    );
    check(
        "<pre><code class='hljs language-sh'>a  b\n  &lt;c&gt;\n</code></pre>after",
        &[(BlockKind::Code { language: "sh".to_owned() }, "a  b\n  <c>"), (P, "after")],
    );
}

#[test]
fn no_cell_reaches_beyond_its_group_of_rows() {
    check(
        "<table><thead><tr><th>day<th>keeper<th>hall</thead><tbody><tr><td>Monday<td rowspan=3>Anna<td>north</tbody>\
         <tbody><tr><td>Tuesday<td>Bob<td>south</tbody><tfoot><tr><td>all<td>two<td>both</tfoot></table>",
        &[(
            BlockKind::Table,
            "| day | keeper | hall |\n| --- | --- | --- |\n| Monday | Anna | north |\n| Tuesday | Bob | south |\n\
             | all | two | both |",
        )],
    );
}

#[test]
fn tables_become_pipe_rows() {
    check(
        "<table><caption>Codes</caption><thead><tr><th>Code<th>Meaning</thead><tr><td>503<td>a|b<br>c</table>",
        &[(P, "Codes"), (BlockKind::Table, "| Code | Meaning |\n| --- | --- |\n| 503 | a\\|b c |")],
    );
    check(
        "<table><tr><td><p>Layout</p><p>page</p></td></tr><tr><td>x</table>after",
        &[(P, "Layout"), (P, "page"), (P, "x"), (P, "after")],
    );
    check(
        "<table><tr><td>a<table><tr><td>in<td>ner</table></td><td>b</table>",
        &[(BlockKind::Table, "| a in ner | b |")],
    );
}

#[test]
fn title_comes_from_the_page_then_its_heading_then_the_file() {
    assert_eq!(document("<title>\n A  B </title><h1>C</h1>").title, "A B");
    assert_eq!(document("<h2>D</h2><h1>C</h1>").title, "C");
    assert_eq!(document("<p>x").title, "page");
}

#[test]
fn headings_and_lines_place_a_block() {
    let document = document("<h1>A</h1>\n<h2>B</h2>\n\n<p>text\nmore</p>");
    let last = document.blocks.last().unwrap();
    assert_eq!(last.place.headings, ["A", "B"]);
    let lines = last.place.lines.unwrap();
    assert_eq!((lines.first, lines.last), (4, 5));
}

#[test]
fn unclosed_headings_do_not_swallow_the_page() {
    let long = "word ".repeat(100);
    let found = blocks(&format!("<h2>open<h2>next</h2><p>text</p><h3>{long}<p>{long}"));
    assert_eq!(found[0], (heading(2), "open".to_owned()));
    assert_eq!(found[1], (heading(2), "next".to_owned()));
    assert!(found[3..].iter().all(|(kind, _)| *kind == P));
}

#[test]
fn declared_charset_is_used_unless_the_bytes_are_utf8() {
    let page = "<meta charset=euc-kr><p>데이터베이스 연결</p>";
    let text = |bytes: &[u8]| read(bytes).documents[0].blocks[0].text.clone();
    assert_eq!(text(page.as_bytes()), "데이터베이스 연결");
    assert_eq!(text(&encoding_rs::EUC_KR.encode(page).0), "데이터베이스 연결");
}

#[test]
fn a_page_of_scripts_has_no_text() {
    let reading = read(b"<script>x</script><nav>menu</nav>");
    assert!(reading.documents.is_empty());
    assert_eq!(reading.findings[0].code, FindingCode::NoText);
}

#[test]
fn unknown_tags_in_running_text_are_placeholders() {
    for (raw, shown) in
        [("<br/>", "\n"), ("<b>", ""), ("</b>", ""), ("<my-namespace>", "<my-namespace>"), ("<!-- x -->", "")]
    {
        assert_eq!(inline_text(raw), shown, "{raw}");
    }
}

#[test]
fn hostile_nesting_is_read_in_linear_time() {
    for piece in ["<div>", "<ul><li>", "<table><tr><td>", "<b>", "</x>", "<h1>", "<nav>", "<pre>", "<", "<a a=", "&"] {
        let page = format!("<p>before</p>{}after", piece.repeat(100_000));
        let found = blocks(&page);
        assert_eq!(found.first(), Some(&(P, "before".to_owned())), "{piece}");
    }
    let attributes: String = (0..200_000).map(|n| format!(" a{n}")).collect();
    assert_eq!(blocks(&format!("<p{attributes}>x"))[0].1, "x");
}

proptest! {
    #[test]
    fn any_page_is_read(pieces in proptest::collection::vec(prop_oneof![
        Just("<p>".to_owned()), Just("</p>".to_owned()), Just("<table>".to_owned()), Just("<tr>".to_owned()),
        Just("<td>".to_owned()), Just("</table>".to_owned()), Just("<li>".to_owned()), Just("<ol>".to_owned()),
        Just("</ol>".to_owned()), Just("<h1>".to_owned()), Just("</h1>".to_owned()), Just("<main>".to_owned()),
        Just("<pre>".to_owned()), Just("</pre>".to_owned()), Just("<nav>".to_owned()), Just("</nav>".to_owned()),
        Just("<script>".to_owned()), Just("<title>".to_owned()), Just("</title>".to_owned()), "\\PC{0,6}",
    ], 0..40)) {
        for (_, text) in blocks(&pieces.concat()) {
            prop_assert!(!text.trim().is_empty());
        }
    }
}
