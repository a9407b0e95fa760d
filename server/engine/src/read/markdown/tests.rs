//! Markdown pages in, blocks out.

use proptest::prelude::*;

use super::*;
use crate::document::{Document, Language, SourceName};

const P: BlockKind = BlockKind::Paragraph;

fn read(page: &str) -> Reading {
    MarkdownReader.read(&FileContent::from_bytes(SourceName::new("docs"), "ko/안내서.md", page.into()))
}

fn document(page: &str) -> Document {
    read(page).documents.remove(0)
}

fn check(page: &str, expect: &[(BlockKind, &str)]) {
    let blocks = parse(page).blocks;
    let found: Vec<_> = blocks.as_slice().iter().map(|block| (block.kind.clone(), block.text.as_str())).collect();
    assert_eq!(found, expect, "{page}");
}

fn item(depth: u8, marker: ListMarker) -> BlockKind {
    BlockKind::ListItem { depth, marker }
}

fn code(language: &str) -> BlockKind {
    BlockKind::Code { language: language.to_owned() }
}

#[test]
fn running_text_is_what_a_reader_sees() {
    check(
        "See [the *guide*](http://x/y) and `kubectl`, **now**.\nNext ![a chart](c.png) line.",
        &[(P, "See the guide and kubectl, now. Next a chart line.")],
    );
    check(
        "a<br>b <kbd>Ctrl</kbd> &amp; <my-namespace> <!-- hidden --> text[^1]\n\n[^1]: A note.",
        &[(P, "a\nb Ctrl & <my-namespace>  text"), (P, "A note.")],
    );
}

#[test]
fn what_is_struck_out_no_longer_holds_but_ranges_stay() {
    check("~~Open it while hot.~~ Keep it closed.", &[(P, "Keep it closed.")]);
    check(
        "<del>Open it.</del> Keep <s>not</s> it closed. <del>Left open\n\nNext.",
        &[(P, "Keep  it closed."), (P, "Next.")],
    );
    check(
        "<del>\n\nOpen it.\n\n</del>\n\nShut it. <span hidden>The <span>secret</span> word.</span>",
        &[(P, "Shut it.")],
    );
    check("<del>\n\nOld.\n\nOld too.</del> New.\n\nThe lid is red.", &[(P, "New."), (P, "The lid is red.")]);
    check("<div>\n<del>\n\nOld.\n\n</del>\n<p>New.</p></div>\n\nRed.", &[(P, "New."), (P, "Red.")]);
    check("<p hidden>An old note\n<p>A new note\n\nThe lid is red.", &[(P, "A new note"), (P, "The lid is red.")]);
    check("<!-- use <del> for old text -->\n\nThe lid is red.", &[(P, "The lid is red.")]);
    check(
        "Press <kbd title=\"shows hidden files\">Ctrl+H</kbd>, <span class=\"note hidden-print\">then wait</span>.",
        &[(P, "Press Ctrl+H, then wait.")],
    );
    check("<del>\n\nOpen it.\n\n# Next\n\nShut it.", &[(BlockKind::Heading { level: 1 }, "Next"), (P, "Shut it.")]);
    check("3~5일 걸리고 10~12시에 합니다. ~/.kube", &[(P, "3~5일 걸리고 10~12시에 합니다. ~/.kube")]);
    check(
        "| a | b |\n|---|---|\n| ~~1~~ 2 | 3~4 and 5~6 |",
        &[(BlockKind::Table, "| a | b |\n| --- | --- |\n| 2 | 3~4 and 5~6 |")],
    );
}

#[test]
fn lists_quotes_code_and_tables_keep_their_kind() {
    check(
        "- a\n  more\n\n  second\n  1. b\n- [x] c\n\n3. d\n4. e",
        &[
            (item(0, ListMarker::Bullet), "a more"),
            (P, "second"),
            (item(1, ListMarker::Number(1)), "b"),
            (item(0, ListMarker::Bullet), "[x] c"),
            (item(0, ListMarker::Number(3)), "d"),
            (item(0, ListMarker::Number(4)), "e"),
        ],
    );
    check("> quoted\n> text\n\n> [!NOTE]\n> alert", &[(BlockKind::Quote, "quoted text"), (BlockKind::Quote, "alert")]);
    check(
        "```sh {hl=1}\na  b\n\nc\n```\n\n    indented\n\n~~~\n",
        &[(code("sh"), "a  b\n\nc"), (code(""), "indented")],
    );
    check(
        "| a | b |\n|---|:-:|\n| `x\\|y` | [l](u) |\n",
        &[(BlockKind::Table, "| a | b |\n| --- | --- |\n| x\\|y | l |")],
    );
}

#[test]
fn html_blocks_are_read_by_the_html_rules() {
    check(
        "<ul>\n<li>one</li>\n</ul>\n\n<!-- no -->\n\n<details>\n<summary>More</summary>\n\n**bold**\n\n</details>",
        &[(item(0, ListMarker::Bullet), "one"), (P, "More"), (P, "bold")],
    );
}

#[test]
fn title_is_declared_or_the_first_heading_or_the_file() {
    assert_eq!(document("---\ntitle: 시크릿\n---\n# Other\n").title, "시크릿");
    assert_eq!(document("intro\n\n## Two\n\n# One `x` {#id}\n").title, "One x");
    assert_eq!(document("only text").title, "안내서");
}

#[test]
fn blocks_know_their_headings_and_lines() {
    let document = document("---\ntitle: t\n---\n# A\n\n## B\ntext\nmore\n\n## C\n- x\n");
    let shown: Vec<_> = document
        .blocks
        .iter()
        .map(|b| {
            (b.text.as_str(), b.place.headings.join("/"), b.place.lines.unwrap().first, b.place.lines.unwrap().last)
        })
        .collect();
    let expect =
        [("A", "", 4, 4), ("B", "A", 6, 6), ("text more", "A/B", 7, 8), ("C", "A", 10, 10), ("x", "A/C", 11, 11)];
    assert_eq!(shown, expect.map(|(text, headings, first, last)| (text, headings.to_owned(), first, last)));
}

#[test]
fn language_is_that_of_the_text_not_the_code() {
    let page = "파드를 확인한다.\n\n```sh\nkubectl get pods --all-namespaces and much more English\n```\n";
    assert_eq!(document(page).language, Some(Language::Korean));
    assert_eq!(document("```sh\nkubectl\n```").language, Some(Language::English));
}

#[test]
fn hostile_pages_are_read_in_linear_time() {
    let many = |piece: &str| piece.repeat(100_000);
    for piece in [
        ">", "> ", "[", "![", "*", "_", "`", "<", "- ", "1. ", "#", "|", "a\n> ", "*a ", "[a](", "\\", "~", "<b", "$",
        "&", "(", "][",
    ] {
        let page = format!("{}\nwords after", many(piece));
        let reading = read(&page);
        assert!(reading.documents.iter().all(|document| !document.blocks.is_empty()), "{piece}");
    }
    let reading = read(&format!("{}text", many(">")));
    assert_eq!(reading.findings[0].code, FindingCode::TooDeeplyNested);
    assert_eq!(reading.documents[0].blocks.last().unwrap().text, "text");
    let reading = read(&many("a\n\n"));
    assert_eq!(reading.findings[0].code, FindingCode::TooManyBlocks);
    let deep: String = (0..2000).map(|n| format!("{}- x\n", "  ".repeat(n))).collect();
    assert!(!read(&deep).documents.is_empty());
}

proptest! {
    #[test]
    fn any_page_is_read(pieces in proptest::collection::vec(prop_oneof![
        Just("\n".to_owned()), Just("> ".to_owned()), Just("- ".to_owned()), Just("# ".to_owned()),
        Just("```\n".to_owned()), Just("| a |\n|---|\n".to_owned()), Just("<div>".to_owned()),
        Just("---\n".to_owned()), Just("[x](y)".to_owned()), Just("    ".to_owned()), "\\PC{0,6}",
    ], 0..40)) {
        let page = pieces.concat();
        let lines = page.lines().count() as u32;
        for block in parse(&page).blocks.as_slice() {
            prop_assert!(!block.text.trim().is_empty());
            let range = block.place.lines.unwrap();
            prop_assert!(range.first >= 1 && range.first <= range.last && range.last <= lines.max(1));
        }
    }
}

#[test]
fn a_bold_cell_alone_in_its_row_is_a_heading_within_the_table() {
    check(
        "| a | b |\n|---|---|\n| **Group** | |\n| **x** | 1 |\n| y | |",
        &[(BlockKind::Table, "| a | b |\n| --- | --- |\n| **Group** |  |\n| x | 1 |\n| y |  |")],
    );
}

#[test]
fn korean_items_that_markdown_does_not_know_keep_their_lines() {
    check("가. 노래하기\n나. 뛰기\n다. 잠자기", &[(P, "가. 노래하기\n나. 뛰기\n다. 잠자기")]);
    check("긴 문장이 여기서 끝납니\n다. 다음 문장.", &[(P, "긴 문장이 여기서 끝납니 다. 다음 문장.")]);
}
