//! Documents in, passages out.

use proptest::prelude::*;

use super::*;
use crate::document::{Block, BlockKind, Locator, LocatorStart, Place, SourceName};
use crate::read::{FileContent, MarkdownReader, Reader};
use crate::text::sentences;

/// Counts words, and what is longer than eight bytes as several.
pub(super) fn words(text: &str) -> usize {
    text.split_whitespace().map(|word| word.len().div_ceil(8)).sum()
}

pub(super) fn read(page: &str) -> Document {
    let content = FileContent::from_bytes(SourceName::new("docs"), "page.md", page.into());
    MarkdownReader.read(&content).documents.remove(0)
}

pub(super) fn settings(max_tokens: u32, overlap_tokens: u32) -> ChunkSettings {
    ChunkSettings { max_tokens, overlap_tokens }
}

fn texts(page: &str, max: u32, overlap: u32) -> Vec<(String, String)> {
    let chunks = chunk(&read(page), &settings(max, overlap), &words);
    chunks.into_iter().map(|chunk| (chunk.context, chunk.text)).collect()
}

fn check(page: &str, max: u32, overlap: u32, expect: &[(&str, &str)]) {
    let expect: Vec<_> = expect.iter().map(|(context, text)| ((*context).to_owned(), (*text).to_owned())).collect();
    assert_eq!(texts(page, max, overlap), expect, "{page}");
}

/// `count` words of one token each, the last with a full stop.
fn sentence(name: &str, count: usize) -> String {
    (1..=count).map(|n| format!("{name}{n}")).collect::<Vec<_>>().join(" ") + "."
}

#[test]
fn small_sections_share_a_passage_and_keep_their_headings() {
    check(
        "# Broker\n\n## Meaning\n\nIt is down.\n\n## Impact\n\nNothing is sent.\n",
        64,
        0,
        &[("Broker", "## Meaning\n\nIt is down.\n\n## Impact\n\nNothing is sent.")],
    );
    check(
        "# Broker\n\nAbout it.\n\n## Meaning\n\nIt is down.\n",
        64,
        0,
        &[("Broker", "About it.\n\n## Meaning\n\nIt is down.")],
    );
}

#[test]
fn large_sections_stand_alone_under_their_headings() {
    let (a, b) = (sentence("a", 20), sentence("b", 20));
    check(&format!("# T\n\n## 원인\n\n{a}\n\n## 조치\n\n{b}\n"), 40, 0, &[("T > 원인", &a), ("T > 조치", &b)]);
}

#[test]
fn sections_of_another_parent_are_not_mixed() {
    let page = "# T\n\n## A\n\n### A1\n\nshort one.\n\n## B\n\n### B1\n\nshort two.\n";
    check(page, 64, 0, &[("T > A > A1", "short one."), ("T > B > B1", "short two.")]);
}

#[test]
fn a_long_section_is_split_at_sentences_with_overlap() {
    let sentences: Vec<String> = ["A", "B", "C", "D", "E", "F"].iter().map(|name| sentence(name, 9)).collect();
    let page = format!("# T\n\n{}", sentences.join(" "));
    let chunks = texts(&page, 32, 10);
    let expect = [&sentences[0..3], &sentences[2..5], &sentences[4..6]].map(|part| ("T".to_owned(), part.join(" ")));
    assert_eq!(chunks, expect);
    let repeats: Vec<u32> =
        chunk(&read(&page), &settings(32, 10), &words).iter().map(|chunk| chunk.place.repeats).collect();
    assert_eq!(repeats, [0, 1 + sentences[2].len() as u32, 1 + sentences[4].len() as u32]);
    let chunks = texts(&page, 32, 0);
    let expect = [&sentences[0..3], &sentences[3..6]].map(|part| ("T".to_owned(), part.join(" ")));
    assert_eq!(chunks, expect);
}

#[test]
fn lists_keep_their_markers_and_lines() {
    check(
        "# T\n\nDo this:\n\n1. one. Two.\n2. three\n   - four\n\nEnd.",
        64,
        0,
        &[("T", "Do this:\n\n1. one. Two.\n2. three\n  - four\n\nEnd.")],
    );
}

#[test]
fn code_and_tables_stay_whole_where_they_fit() {
    let code = "```sh\nkubectl get pods\n\nkubectl logs x\n```";
    let table = "| Code | Meaning |\n| --- | --- |\n| 503 | down |";
    check(&format!("# T\n\nRun it.\n\n{code}\n\n{table}\n"), 64, 0, &[("T", &format!("Run it.\n\n{code}\n\n{table}"))]);
}

#[test]
fn large_code_is_split_by_lines_and_fenced_again() {
    let lines: Vec<String> = (0..40).map(|n| format!("command number {n}")).collect();
    let chunks = texts(&format!("# T\n\n```sh\n{}\n```", lines.join("\n")), 32, 8);
    assert!(chunks.len() > 3);
    let mut found = Vec::new();
    for (_, text) in &chunks {
        let body = text.strip_prefix("```sh\n").unwrap().strip_suffix("\n```").unwrap();
        found.extend(body.lines().map(str::to_owned));
    }
    assert_eq!(found, lines);
}

#[test]
fn large_tables_are_split_by_rows_under_their_header() {
    let header = "| Code | Meaning |\n| --- | --- |\n";
    let rows: Vec<String> = (0..30).map(|n| format!("| {n} | value {n} |")).collect();
    let chunks = texts(&format!("# T\n\n{header}{}\n", rows.join("\n")), 64, 8);
    assert!(chunks.len() > 2);
    let found: Vec<&str> = chunks.iter().flat_map(|(_, text)| text.strip_prefix(header).unwrap().lines()).collect();
    assert_eq!(found, rows);
}

#[test]
fn parts_of_a_table_know_their_rows_and_the_whole() {
    let table = |name: &str, rows: usize| {
        let rows: Vec<String> = (1..=rows).map(|n| format!("| {n} | {name} {n} |")).collect();
        format!("| Code | Meaning |\n| --- | --- |\n{}\n\n", rows.join("\n"))
    };
    let document = read(&format!("# T\n\nBefore.\n\n{}{}After.\n", table("first", 2), table("second", 30)));
    let mut seen = vec![0; 2];
    for chunk in chunk(&document, &settings(64, 8), &words) {
        for part in &chunk.place.tables {
            let text = &chunk.text[part.at as usize..];
            let rows: Vec<&str> = text.lines().take_while(|line| line.starts_with('|')).skip(2).collect();
            assert_eq!((part.of, part.first), ([2, 30][part.table as usize], seen[part.table as usize] + 1));
            assert!(rows[0].starts_with(&format!("| {} |", part.first)), "{rows:?} {part:?}");
            seen[part.table as usize] += rows.len() as u32;
        }
    }
    assert_eq!(seen, [2, 30]);
}

/// A sentence of page 2 was cited as of pages 1 to 2, where its paragraph had begun on page 1.
#[test]
fn sentences_of_a_paragraph_over_pages_stand_each_on_its_own() {
    let pages = |first, last| Some(Locator::Pages { first, last });
    let text = "Oil the lock. Then close the gate. Keep the key.";
    let start = |piece: &str, page| LocatorStart { at: text.find(piece).unwrap() as u32, locator: pages(page, page) };
    let locators = vec![start("Oil", 1), start("the gate", 2)];
    let place = Place { locator: pages(1, 2), locators, ..Place::default() };
    let block = Block { kind: BlockKind::Paragraph, text: text.to_owned(), place };
    let document = Document { blocks: vec![block], ..read("# T\n\nx") };
    let chunks = chunk(&document, &settings(64, 0), &words);
    let Chunk { text, place, .. } = &chunks[0];
    let of = |piece: &str| {
        let at = text.find(piece).unwrap();
        place.locator_of(at..at + piece.len())
    };
    let found = (of("Oil the lock."), of("Then close the gate."), of("Keep the key."));
    assert_eq!(found, (pages(1, 1), pages(1, 2), pages(2, 2)));
}

/// A fact on slide 13 was cited as of the slides 1 to 20 of its passage.
#[test]
fn a_passage_of_several_slides_knows_where_each_begins() {
    let slide = |number| Some(Locator::Slides { first: number, last: number });
    let block = |kind: BlockKind, text: &str, at: Option<Locator>| Block {
        kind,
        text: text.to_owned(),
        place: Place { locator: at, ..Place::default() },
    };
    let paragraph = |text: &str, at| block(BlockKind::Paragraph, text, at);
    let document = Document {
        blocks: vec![
            paragraph("One is red. One is round.", slide(1)),
            block(BlockKind::Heading { level: 2 }, "Two", slide(2)),
            paragraph("Two is blue.", slide(2)),
            paragraph("Both are cheap.", Some(Locator::Slides { first: 2, last: 3 })),
            block(BlockKind::Heading { level: 2 }, "attached.txt", None),
            paragraph("Attached.", None),
        ],
        ..read("# T\n\nx")
    };
    let chunks = chunk(&document, &settings(64, 0), &words);
    assert_eq!(chunks.len(), 1, "{chunks:?}");
    let Chunk { text, place, .. } = &chunks[0];
    assert_eq!(place.locator, Some(Locator::Slides { first: 1, last: 3 }));
    let of = |piece: &str| {
        let at = text.find(piece).unwrap();
        place.locator_of(at..at + piece.len())
    };
    assert_eq!((of("One is red."), of("One is round.")), (slide(1), slide(1)));
    assert_eq!((of("## Two"), of("Two is blue.")), (slide(2), slide(2)));
    assert_eq!(of("Both are cheap."), Some(Locator::Slides { first: 2, last: 3 }));
    assert_eq!((of("## attached.txt"), of("Attached.")), (None, None));
    assert_eq!(of("One is round.\n\n## Two"), Some(Locator::Slides { first: 1, last: 2 }));

    let one = Document { blocks: document.blocks[..1].to_vec(), ..document };
    let place = chunk(&one, &settings(64, 0), &words).remove(0).place;
    assert_eq!((place.locators.len(), place.locator_of(3..5)), (0, slide(1)));
}

#[test]
fn a_sentence_larger_than_a_passage_is_cut() {
    let long = sentence("w", 200);
    let chunks = texts(&format!("# T\n\n{long}"), 32, 8);
    assert_eq!(chunks.iter().map(|(_, text)| text.as_str()).collect::<String>(), long);
    let run = "가".repeat(2000);
    let chunks = texts(&format!("# T\n\n{run}"), 32, 8);
    assert!(chunks.len() > 20);
    assert_eq!(chunks.iter().map(|(_, text)| text.as_str()).collect::<String>(), run);
}

#[test]
fn places_say_where_a_passage_stands() {
    let document = read("# T\n\n## A\n\nfirst.\n\n## B\n\nsecond.\nthird.\n");
    let chunks = chunk(&document, &settings(64, 0), &words);
    assert_eq!(chunks[0].place.headings, ["T"]);
    let lines = chunks[0].place.lines.unwrap();
    assert_eq!((lines.first, lines.last), (3, 10));
    assert_eq!((chunks[0].ordinal, chunks[0].document.as_str()), (0, "page.md"));
}

#[test]
fn headings_alone_still_give_a_passage() {
    check("# T\n\n## A\n", 64, 0, &[("T > A", "## A")]);
}

#[test]
fn a_megabyte_of_anything_is_chunked_in_linear_time() {
    let many = |piece: &str| piece.repeat((1 << 20) / piece.len());
    for piece in [
        "a",
        "가",
        "Word. ",
        "A. ",
        "1. ",
        "2024. ",
        ". ",
        "word ",
        "| a ",
        "| a | b |\n",
        "`",
        "다.",
        "[1] ",
        "- x\n",
        "x\n",
        " ",
        "\u{200b}",
        "\u{ad}",
    ] {
        let page = format!("# T\n\n{}", many(piece));
        let fenced = format!("# T\n\n```\n{}\n```\n", many(piece));
        for page in [page, fenced] {
            let document = read(&page);
            let chunks = chunk(&document, &settings(384, 48), &words);
            assert!(chunks.iter().all(|chunk| chunk.tokens <= 384), "{piece}");
            assert!(chunks.iter().all(|chunk| chunk.text.len() <= 384 * MOST_BYTES_A_TOKEN), "{piece}");
        }
    }
}

/// Pages of everything that packing looks at.
fn page() -> impl Strategy<Value = String> {
    let words = |n: std::ops::Range<usize>| proptest::collection::vec("[a-z가-힣]{1,12}", n).prop_map(|w| w.join(" "));
    let block = prop_oneof![
        (1_usize..4, words(1..4)).prop_map(|(level, text)| format!("{} {text}", "#".repeat(level))),
        proptest::collection::vec(words(1..20), 1..8).prop_map(|sentences| sentences.join(". ") + "."),
        words(1..10).prop_map(|text| format!("- {text}.\n- {text}")),
        proptest::collection::vec(words(1..8), 1..12).prop_map(|lines| format!("```\n{}\n```", lines.join("\n"))),
        proptest::collection::vec(words(1..4), 1..12)
            .prop_map(|rows| format!("| h | i |\n|---|---|\n| {} | x |", rows.join(" | x |\n| "))),
        words(60..90),
    ];
    proptest::collection::vec(block, 1..14).prop_map(|blocks| blocks.join("\n\n"))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_passage_is_too_large_and_no_sentence_is_lost(page in page(), max in 32_u32..120, overlap in 0_u32..30) {
        let document = read(&page);
        let chunks = chunk(&document, &settings(max, overlap), &words);
        for chunk in &chunks {
            prop_assert!(chunk.tokens <= max, "{} > {max}", chunk.tokens);
            prop_assert!(words(&chunk.embedding_text()) <= chunk.tokens as usize);
            prop_assert!(!chunk.text.trim().is_empty());
        }
        for (before, chunk) in chunks.iter().zip(chunks.iter().skip(1)) {
            let repeated = chunk.text[..chunk.place.repeats as usize].trim_end();
            prop_assert!(before.text.ends_with(repeated), "{repeated:?} is not at the end of {:?}", before.text);
        }
        // A context may leave headings out where they are too long; the place always has them.
        let shown = |chunk: &Chunk| squeezed(&format!("{} {}", chunk.place.headings.join(" "), chunk.text));
        let passages: Vec<String> = chunks.iter().map(shown).collect();
        let holds = |part: &str| passages.iter().any(|passage| passage.contains(&squeezed(part)));
        for block in &document.blocks {
            let parts: Vec<&str> = match block.kind {
                BlockKind::Code { .. } | BlockKind::Table => block.text.lines().collect(),
                _ => sentences(&block.text).into_iter().map(|range| &block.text[range]).collect(),
            };
            // A sentence of more than a passage is cut; two thirds of it are left beside the longest context, and of
            // those a row shares with the header repeated above it.
            let header: usize = match block.kind {
                BlockKind::Table => block.text.lines().take(2).map(words).sum(),
                _ => 0,
            };
            for part in parts.into_iter().filter(|part| words(part) + header + 6 <= max as usize * 2 / 3) {
                prop_assert!(holds(part), "{part:?} is in none of {passages:#?}");
            }
        }
    }
}
