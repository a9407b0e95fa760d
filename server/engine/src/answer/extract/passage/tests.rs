//! Passages in, pieces with their headings, leads and places out.

use super::*;
use crate::document::LocatorStart;

fn place(headings: &[&str]) -> Place {
    Place::new(headings.iter().map(|heading| (*heading).to_owned()).collect(), None)
}

#[test]
fn pieces_know_the_headings_they_stand_under() {
    let text = "Intro text here.\n\n## Kafka\n\n### Restart\n\nIt takes 70 minutes.\n\n```\nls\n```\n\n## C#\n\n| a | b |\n| --- | --- |\n| 1 | 2 |";
    let seen: Vec<_> = cut(text, &place(&["Backups"]))
        .into_iter()
        .map(|cut| (cut.headings.join("/"), cut.kind, cut.text.lines().last().unwrap().to_owned()))
        .collect();
    let expect = [
        ("Backups", PieceKind::Sentence, "Intro text here."),
        ("Backups/Kafka/Restart", PieceKind::Sentence, "It takes 70 minutes."),
        ("Backups/Kafka/Restart", PieceKind::Code, "```"),
        ("Backups/C#", PieceKind::Row, "| 1 | 2 |"),
    ];
    assert_eq!(seen, expect.map(|(heading, kind, last)| (heading.to_owned(), kind, last.to_owned())));
    let bare = cut("## Impact\n\nNone at all.", &place(&["T", "Impact"]));
    assert_eq!(bare[0].headings, ["T", "Impact"], "named once");
}

/// What announces each piece; `^` where it may stand in the passage before.
fn leads(text: &str) -> Vec<String> {
    let cuts = cut(text, &Place { part: 1, ..Place::default() });
    let lead = |cut: &Cut| match cut.lead {
        Some(lead) => cuts[lead].text.clone(),
        None if cut.goes_on => "^".to_owned(),
        None => String::new(),
    };
    cuts.iter().map(lead).collect()
}

#[test]
fn lists_tables_and_code_know_the_sentence_that_announces_them() {
    let cases: [(&str, &[&str]); 12] = [
        ("Forbidden:\n\n- Lift people. Ever.\n- Park it here.", &["", "Forbidden:", "Forbidden:", "Forbidden:"]),
        ("Done.\n\n- Lift people.\n- Park it.", &["", "", ""]),
        (
            "Plain.\n\nNever:\n\n1. Open it\n\n```\nrm -rf data\n```\n\n2. Close it",
            &["", "", "Never:", "Never:", "Never:"],
        ),
        ("- Never do:\n  - Lift them.\n  - Park it.\n- Look up.", &["^", "- Never do:", "- Never do:", "^"]),
        ("Do not run:\n\n```\nls\n```", &["", "Do not run:"]),
        ("Plain.\n\n금지:\n\n- 사람을 태우지 마세요.", &["", "", "금지:"]),
        (
            "위험.\n\n다음 작업은 절대 하지 않습니다.\n\n- 사람을 태웁니다.",
            &["", "", "다음 작업은 절대 하지 않습니다."],
        ),
        (
            "The old limits:\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |",
            &["", "The old limits:", "The old limits:"],
        ),
        ("Forbidden:\n\n## Other\n\n- Lift people.", &["", ""]),
        ("- goes on here\n- and here", &["^", "^"]),
        ("second sentence of an item.\n- and here", &["^", "^"]),
        (
            "This is wrong:\n\nThe sky is green. It is.\n\nBut this holds.",
            &["", "This is wrong:", "This is wrong:", ""],
        ),
    ];
    for (text, expect) in cases {
        assert_eq!(leads(text), expect, "{text}");
    }
}

#[test]
fn the_end_of_a_passage_tells_what_announces_the_next_one() {
    let of = |text: &str| announced_at_end(&cut(text, &Place { part: 1, ..Place::default() }));
    assert_eq!(of("Forbidden:"), Announced::By(0));
    assert_eq!(of("Before that.\n\nForbidden:\n\n- Lift people."), Announced::By(1));
    assert_eq!(of("- Lift people.\n- Park it."), Announced::Before);
    assert_eq!(of("- Lift people.\n\nThat is all."), Announced::No);
    assert_eq!(of(""), Announced::No);
}

#[test]
fn rows_keep_their_header_and_know_their_place_in_the_whole_table() {
    let table = "| code | meaning |\n| --- | --- |\n| 503 | overloaded |\n| 504 | timeout |";
    let part = TablePart { at: 7, table: 2, first: 31, of: 60, sheet_row: Some(40), is_record: false };
    let cuts = cut(&format!("Codes.\n{table}"), &Place { tables: vec![part], ..Place::default() });
    assert_eq!(cuts[2].text, "| code | meaning |\n| --- | --- |\n| 504 | timeout |");
    assert_eq!(cuts[2].row, Some(RowPlace { table: 2, number: 32, of: 60, sheet_row: Some(41) }));
    assert_eq!(rows("| a |\n| b |"), ["| a |", "| b |"]);
}

#[test]
fn a_piece_stands_on_its_own_page_or_row() {
    let row = |first, last| Some(Locator::Rows { sheet: "S".to_owned(), first, last });
    let table = "| code | meaning |\n| --- | --- |\n| 503 | overloaded |\n| 504 | timeout |";
    let part = TablePart { at: 0, table: 0, first: 1, of: 2, sheet_row: Some(40), is_record: false };
    let cuts = cut(table, &Place { tables: vec![part], locator: row(40, 41), ..Place::default() });
    assert_eq!(cuts.iter().map(|cut| cut.locator.clone()).collect::<Vec<_>>(), [row(40, 40), row(41, 41)]);
    let page = |number| Some(Locator::Pages { first: number, last: number });
    let locators = [(0, page(3)), (13, page(4))].map(|(at, locator)| LocatorStart { at, locator });
    let place = Place { locators: locators.to_vec(), ..Place::default() };
    let cuts = cut("It is red.\n\n\nIt is round.", &place);
    assert_eq!(cuts.iter().map(|cut| cut.locator.clone()).collect::<Vec<_>>(), [page(3), page(4)]);
}

#[test]
fn steps_and_items_are_told_from_prose() {
    for (text, item, step) in [
        ("1. Open the channel.", true, true),
        ("12) 확인합니다.", true, true),
        ("- Restart it.", true, false),
        ("나. 확인합니다.", true, true),
        ("• Restart it.", true, false),
        ("2024. 3. 5. was a Tuesday.", false, false),
        ("3.5 seconds pass.", false, false),
        ("Restart it.", false, false),
    ] {
        assert_eq!((is_item(text), is_step(text)), (item, step), "{text}");
    }
}

#[test]
fn a_prohibition_holds_over_paragraphs_until_something_else_is_announced() {
    let forbidden = "하면 안 되는 일:";
    let never = "The following must never be done.";
    let cases: [(&str, &[&str]); 13] = [
        (
            "하면 안 되는 일:\n\n물속에 세운다.\n\n다만 훈련은 된다.\n\n아이에게 맡긴다.",
            &["", forbidden, "", forbidden],
        ),
        ("The following must never be done.\n\nSmoking\n\nLifting people with it", &["", never, never]),
        ("Never do this:\n\n- Restart all.\n\nRestart one at any time.", &["", "Never do this:", ""]),
        ("Never do this:\n\n```\nrm -rf\n```\n\nRestart one at any time.", &["", "Never do this:", ""]),
        ("Avoid these mistakes here.\n\nRunning.\n\nChildren swim free.", &["", "", ""]),
        ("Never:\n\nRun.\n\nAllowed here\n\nSwim at night.", &["", "Never:", "Never:", ""]),
        ("하면 안 되는 일:\n\n물속에 세운다.\n\n아이에게 맡긴다.", &["", forbidden, forbidden]),
        ("Forbidden\n\nThink of the boiler first.\n\n- Park it here.", &["", "Forbidden", "Forbidden"]),
        (
            "다음 행위는 금지됩니다:\n\n- 담근다.\n\n참고: 개정되었다.\n\n- 요리한다.",
            &["", "다음 행위는 금지됩니다:", "", "다음 행위는 금지됩니다:"],
        ),
        (
            "The following must never be done.\n\nLift people. Ever.\n\nPark it.",
            &[
                "",
                "The following must never be done.",
                "The following must never be done.",
                "The following must never be done.",
            ],
        ),
        ("Never:\n\n- a b.\n\nAllowed:\n\n- c d.\n\nPark it.", &["", "Never:", "", "Allowed:", ""]),
        ("Do not open it hot.\n\nThe lid is red.", &["", ""]),
        ("Never:\n\n- a b.\n\n## Other\n\nPark it.", &["", "Never:", ""]),
    ];
    for (text, expected) in cases {
        assert_eq!(leads(text), expected, "{text}");
    }
}

#[test]
fn items_of_another_mark_are_nested_without_being_indented() {
    let second = "② 다음 각 호의 경우에는 허가를 받는다.";
    let text = format!("Title\n\n① 겸할 수 없다.\n{second}\n1. 강의\n2. 저술\n③ 알려야 한다.");
    assert_eq!(leads(&text), ["", "Title", "Title", second, second, "Title"]);
}

#[test]
fn a_row_stands_under_the_heading_within_its_table() {
    let table = "| a | b |\n| --- | --- |\n| **Forbidden** |  |\n| x | 1 |\n| y |  |\n| **Allowed** |  |\n| z | 3 |";
    let cuts = cut(&format!("The limits:\n\n{table}"), &Place::default());
    let lead = |cut: &Cut| cut.lead.map(|lead| cuts[lead].text.lines().last().unwrap().to_owned()).unwrap_or_default();
    let leads: Vec<String> = cuts.iter().map(lead).collect();
    let (forbidden, allowed) = ("| **Forbidden** |  |", "| **Allowed** |  |");
    assert_eq!(leads, ["", "The limits:", forbidden, forbidden, "The limits:", allowed]);
    assert_eq!(announced_at_end(&cut(table.rsplit_once('\n').unwrap().0, &Place::default())), Announced::By(3));
}

#[test]
fn what_the_passage_before_ends_with_is_known() {
    let text = "One two. Three four.\n\nFive six.";
    let cuts = cut(text, &Place { part: 1, repeats: 9, ..Place::default() });
    assert_eq!(cuts.iter().map(|cut| cut.is_repeated).collect::<Vec<_>>(), [true, false, false]);
}
