//! Pieces with scores in, positions out.

use super::super::draft::MAX_CODE_BYTES;
use super::super::{Evidence, ItemPlace, RowPlace};
use super::*;
use crate::index::ChunkNumber;

fn piece(block: usize, kind: PieceKind, text: &str, score: f32) -> Piece {
    let evidence = Evidence::new(text.to_owned(), vec![1.0]);
    let (section, quote) = (Section::default(), text.to_owned());
    let (row, locator, item, paragraph, lead) = (None, None, None, None, None);
    let from_start = true;
    Piece {
        chunk: ChunkNumber(0),
        evidence,
        quote,
        section,
        row,
        locator,
        item,
        paragraph,
        kind,
        block,
        lead,
        from_start,
        score,
    }
}

/// Paragraphs of one sentence each.
fn sentences(texts: &[(&str, f32)]) -> Vec<Piece> {
    let one = |(at, (text, score)): (usize, &(&str, f32))| piece(at, PieceKind::Sentence, text, *score);
    texts.iter().enumerate().map(one).collect()
}

/// A numbered list from `pieces[from]` on.
fn numbered(mut pieces: Vec<Piece>, from: usize) -> Vec<Piece> {
    let of = (pieces.len() - from) as u32;
    for (number, piece) in (1..).zip(&mut pieces[from..]) {
        piece.item = Some(ItemPlace { list: 0, number, of, numbered: true });
    }
    pieces
}

/// In a section too long to be given whole.
fn fact(pieces: &[Piece]) -> Vec<usize> {
    let rest = piece(usize::MAX, PieceKind::Row, &"x".repeat(MAX_SHORT_SECTION_BYTES), OUT);
    let pieces: Vec<Piece> = pieces.iter().cloned().chain([rest]).collect();
    pick(&pieces, Asked::Fact)
}

const OUT: f32 = f32::NEG_INFINITY;

#[test]
fn picks_the_best_and_those_near_it_in_reading_order() {
    let pieces = sentences(&[("Second best.", 4.0), ("Far off.", 1.0), ("The winner.", 5.0), ("Not weighed.", OUT)]);
    assert_eq!(fact(&pieces), [0, 2]);
    assert!(fact(&[]).is_empty());
    assert!(fact(&sentences(&[("Not weighed.", OUT)])).is_empty());
}

#[test]
fn long_ones_do_not_bury_what_is_short() {
    let memos: Vec<String> = (0..4).map(|n| format!("Memo {n}{}", " and so on".repeat(130))).collect();
    let mut texts: Vec<(&str, f32)> = memos.iter().map(|memo| (memo.as_str(), 5.0)).collect();
    texts.push(("The room is cooled to 19 degrees.", 4.5));
    assert_eq!(fact(&sentences(&texts)), [0, 1, 4]);
    let endless = "x".repeat(2 * MAX_PICKED_BYTES);
    assert_eq!(fact(&sentences(&[(&endless, 5.0), ("Short.", 4.9)])), [0], "the best, however long");
}

#[test]
fn the_same_thing_is_not_said_twice() {
    let pieces = sentences(&[("Restart the broker now.", 1.0), ("Restart the broker now!", 0.99)]);
    assert_eq!(fact(&pieces), [0]);
    let rows = sentences(&[("| 3 | `prod-a` | 48 hours |", 1.0), ("| 4 | `prod-b` | 48 hours |", 0.9)]);
    assert_eq!(fact(&rows), [0, 1], "another number is another thing");
}

#[test]
fn code_comes_with_the_sentence_before_it_but_not_over_a_gap() {
    let mut pieces = sentences(&[("다음을 실행합니다.", 1.0)]);
    pieces.push(piece(1, PieceKind::Code, "```\nkubectl get pods\n```", OUT));
    assert_eq!(fact(&pieces), [0, 1]);
    pieces.insert(1, piece(1, PieceKind::Code, &"x".repeat(MAX_CODE_BYTES + 1), OUT));
    assert_eq!(fact(&pieces), [0], "the code in between is too long to be said");
}

#[test]
fn a_procedure_is_given_whole_when_its_step_is_the_answer() {
    let steps = [("Before you begin.", -9.0), ("1. Open it.", -9.0), ("2. Look at it.", 5.0), ("3. Close it.", OUT)];
    assert_eq!(fact(&numbered(sentences(&steps), 1)), [0, 1, 2, 3], "with the paragraph before it");
    let second = [("The answer is here.", 9.0), ("1. Open it.", 8.5), ("2. Close it.", -9.0)];
    assert_eq!(fact(&numbered(sentences(&second), 1)), [0, 1], "one step beside a better answer is left alone");
}

#[test]
fn a_procedure_of_great_length_is_left_as_it_is() {
    let texts: Vec<String> =
        (1..=40).map(|n| format!("{n}. Step number {n} is this. {}", "More. ".repeat(20))).collect();
    let long: Vec<(&str, f32)> =
        texts.iter().enumerate().map(|(at, text)| (text.as_str(), if at == 3 { 5.0 } else { -9.0 })).collect();
    assert_eq!(fact(&numbered(sentences(&long), 0)), [3]);
}

#[test]
fn a_question_for_a_procedure_gets_the_section_that_tells_it() {
    let mut pieces = numbered(
        sentences(&[("Never in place.", OUT), ("1. Open it.", 8.5), ("2. Close it.", OUT), ("Elsewhere.", 7.5)]),
        1,
    );
    pieces[3].item = None;
    pieces[3].section.headings = vec!["Other".to_owned()];
    assert_eq!(pick(&pieces, Asked::HowTo), [0, 1, 2]);
    assert_eq!(fact(&pieces), [0, 1, 2, 3], "the paragraph before the steps is said with them");
}

#[test]
fn what_announces_a_piece_comes_with_it_and_what_announces_that() {
    let mut pieces =
        sentences(&[("Forbidden.", -9.0), ("- On slopes.", -9.0), ("- Park it.", 5.0), ("- Lift it.", -9.0)]);
    (pieces[1].lead, pieces[2].lead, pieces[3].lead) = (Some(0), Some(1), Some(0));
    assert_eq!(fact(&pieces), [0, 1, 2]);
}

#[test]
fn sentences_that_qualify_each_other_stay_together() {
    let paragraph = |texts: &[(&str, f32)]| {
        let long = "More of it. ".repeat(40);
        let mut pieces = sentences(&[texts, &[("End.", OUT), (long.as_str(), OUT)]].concat());
        pieces.iter_mut().for_each(|piece| piece.block = 0);
        pieces
    };
    let back = [("The lead writes the page.", -9.0), ("For SEV2 this may be the commander.", 5.0)];
    assert_eq!(fact(&paragraph(&[("This takes an hour.", 5.0)])), [0]);
    let short = sentences(&[("Visitors.", OUT), ("They may not touch it.", 5.0), ("Another paragraph.", OUT)]);
    let short: Vec<Piece> = short.into_iter().enumerate().map(|(at, p)| Piece { block: at / 2, ..p }).collect();
    assert_eq!(fact(&short), [0, 1], "a short paragraph is given whole");
    assert_eq!(fact(&paragraph(&back)), [1], "only what begins by pointing back goes on from the sentence before");
    assert_eq!(fact(&paragraph(&[("The lead writes it.", -9.0), ("This takes an hour.", 5.0)])), [0, 1]);
    assert_eq!(fact(&paragraph(&[("End it by hand.", 5.0), ("But never the settlement.", OUT)])), [0, 1]);
    assert_eq!(fact(&paragraph(&[("직접 종료합니다.", 5.0), ("다만 정산은 그대로 둡니다.", OUT)])), [0, 1]);
}

#[test]
fn sections_stay_apart_whatever_they_are_called() {
    let mut pieces = sentences(&[("1. Drain it.", 5.0), ("1. Fail over.", 4.9), ("2. Stop it.", 4.8)]);
    for (piece, heading) in pieces.iter_mut().zip(["Kafka", "Redis", "Kafka"]) {
        piece.section.headings = vec![heading.to_owned(), "Restart".to_owned()];
    }
    assert_eq!(fact(&pieces), [0, 2, 1]);
}

fn table(scores: &[f32], of: u32) -> Vec<Piece> {
    let row = |(at, score): (usize, &f32)| {
        let row = Some(RowPlace { table: 0, number: at as u32 + 1, of, sheet_row: None });
        Piece { row, ..piece(0, PieceKind::Row, &format!("| {at} | value |"), *score) }
    };
    scores.iter().enumerate().map(row).collect()
}

#[test]
fn a_small_table_is_given_whole_when_two_of_its_rows_are_picked() {
    assert_eq!(fact(&table(&[5.0, OUT, 4.9, -9.0], 4)), [0, 1, 2, 3]);
    assert_eq!(fact(&table(&[-9.0, 5.0, -9.0, -9.0], 4)), [1], "one row is looked up");
    let mut long = vec![-9.0; 20];
    (long[3], long[5]) = (5.0, 4.9);
    assert_eq!(fact(&table(&long, 20)), [3, 5]);
}

#[test]
fn opposites_are_both_said_however_alike_they_are() {
    let allowed = "The ledger of the settlement service may be restarted at night by the desk.";
    let forbidden = "The ledger of the settlement service may not be restarted at night by the desk.";
    assert_eq!(fact(&sentences(&[(allowed, 2.0), (forbidden, 1.9)])), [0, 1]);
    let mut equal = sentences(&[("- Restart it.", 2.0), ("- Restart it.", 1.9)]);
    equal[0].section.headings = vec!["Allowed".to_owned()];
    equal[1].section.headings = vec!["Never".to_owned()];
    assert_eq!(fact(&equal), [0, 1]);
}

#[test]
fn what_a_picked_sentence_announces_comes_with_it() {
    let texts = [("The following is excluded.", 2.0), ("- Weekends.", OUT), ("- Nights.", OUT), ("Other.", OUT)];
    let mut pieces = sentences(&texts);
    (pieces[1].lead, pieces[2].lead) = (Some(0), Some(0));
    assert_eq!(fact(&pieces), [0, 1, 2]);
    (pieces[0].score, pieces[1].score) = (OUT, 2.0);
    assert_eq!(fact(&pieces), [0, 1], "not the other way round");
}

#[test]
fn a_short_section_of_several_paragraphs_is_given_whole() {
    let mut pieces = sentences(&[("Refunds take 7 days.", 2.0), ("Not above 10 %.", OUT), ("Ask the desk.", OUT)]);
    assert_eq!(pick(&pieces, Asked::Fact), [0, 1, 2]);
    pieces[1] = piece(1, PieceKind::Sentence, &"x".repeat(MAX_SHORT_SECTION_BYTES), OUT);
    assert_eq!(pick(&pieces, Asked::Fact), [0]);
}

#[test]
fn steps_under_headings_of_their_own_are_given_whole_and_in_order() {
    let mut pieces = sentences(&[("Purge it.", 1.0), ("Back it up.", OUT), ("Create a key.", 2.0), ("Verify.", OUT)]);
    let headings = [&["dbtool", "Purge"], &["Rotate", "Step 1: save"], &["Rotate", "Step 2"], &["Rotate", "Step 3"]];
    for (number, (piece, headings)) in (0..).zip(pieces.iter_mut().zip(headings)) {
        piece.section.number = (number, 0);
        piece.section.headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
    }
    assert_eq!(pick(&pieces, Asked::HowTo), [1, 2, 3]);
    assert_eq!(fact(&pieces), [2, 0]);
}

#[test]
fn what_speaks_of_a_command_or_a_permission_follows_it() {
    let long = "x".repeat(MAX_SHORT_SECTION_BYTES);
    let mut pieces = vec![piece(0, PieceKind::Code, "```\nerase --dry-run\n```", 2.0)];
    pieces.push(piece(1, PieceKind::Sentence, "The result goes into the ticket first.", OUT));
    pieces.push(piece(2, PieceKind::Sentence, &long, OUT));
    assert_eq!(fact(&pieces), [0, 1]);
    let mut pieces = sentences(&[("It may be kept with acids.", 2.0), ("This permission ended in 2025.", OUT)]);
    pieces.push(piece(2, PieceKind::Sentence, &long, OUT));
    assert_eq!(fact(&pieces), [0, 1]);
}

#[test]
fn equal_sentences_of_two_steps_are_both_said() {
    let steps = [("1. Stop the first.", 2.0), ("Wait until it rests.", OUT), ("2. Stop the second.", OUT)];
    let mut pieces = sentences(&steps);
    pieces.push(piece(3, PieceKind::Sentence, "Wait until it rests.", OUT));
    for (piece, number) in pieces.iter_mut().zip([1, 1, 2, 2]) {
        piece.item = Some(ItemPlace { list: 0, number, of: 2, numbered: true });
    }
    assert_eq!(fact(&pieces), [0, 1, 2, 3]);
}

#[test]
fn one_question_of_a_check_list_does_not_bring_the_others() {
    let mut questions = sentences(&[("- Is the lamp clean?", 2.0), ("- Is the fan clean?", OUT), ("- Is it on?", OUT)]);
    for (number, piece) in (1..).zip(&mut questions) {
        piece.item = Some(ItemPlace { list: 0, number, of: 3, numbered: false });
    }
    assert_eq!(fact(&questions), [0]);
    let warnings: Vec<(String, f32)> =
        (0..60).map(|n| (format!("Never touch lamp {n}."), if n == 0 { 2.0 } else { OUT })).collect();
    let warnings: Vec<(&str, f32)> = warnings.iter().map(|(text, score)| (text.as_str(), *score)).collect();
    assert_eq!(fact(&sentences(&warnings)), [0, 1, 2]);
}

#[test]
fn what_to_do_when_a_step_fails_belongs_to_the_steps() {
    let mut pieces = numbered(sentences(&[("1. Drain it.", 2.0), ("2. Open it.", OUT)]), 0);
    pieces.push(piece(2, PieceKind::Sentence, "If step 2 fails, do not repeat it.", OUT));
    pieces.push(piece(3, PieceKind::Sentence, "The desk is open.", OUT));
    assert_eq!(fact(&pieces), [0, 1, 2]);
    pieces[1].evidence.text = "x".repeat(MAX_CODE_BYTES + 1);
    assert_eq!(fact(&pieces), [0, 1, 2], "however long one is");
    pieces[1].kind = PieceKind::Code;
    assert_eq!(fact(&pieces), [0, 2], "whether the steps are given whole or not");
}

/// How far a prohibition reaches only a reader can tell, so the reader gets what stands between.
#[test]
fn what_stands_under_a_prohibition_is_read_with_it() {
    for lead in ["Never do the following.", "작업 중에는 다음 행동을 절대 하지 마십시오.", "Forbidden"]
    {
        let pieces = sentences(&[
            ("Wear boots.", -9.0),
            (lead, -9.0),
            ("Put wet clay into the kiln.", -9.0),
            ("Put glass into the kiln.", 5.0),
            ("Sweep.", -9.0),
        ]);
        assert_eq!(fact(&pieces), [1, 2, 3], "{lead}");
    }
    let plain = sentences(&[("Do not run.", -9.0), ("The pool closes at ten.", 5.0)]);
    assert_eq!(fact(&plain), [1], "it forbids itself only");
}

#[test]
fn of_a_short_list_of_questions_the_one_is_answered() {
    let pieces = sentences(&[
        ("Q: Is there a canteen?", -9.0),
        ("A: Yes.", -9.0),
        ("Q: Is there a gym?", 5.0),
        ("A: In the cellar.", -9.0),
    ]);
    assert_eq!(pick(&pieces, Asked::Fact), [2, 3]);
}

/// "Shipments to all other countries leave without a release" was said alone of a country that is blocked.
#[test]
fn what_is_said_of_the_rest_is_said_with_all_the_others_or_not_at_all() {
    let mut pieces = sentences(&[
        ("Shipments to these countries are blocked.", -9.0),
        ("Norway: the consignment waits.", -9.0),
        ("Shipments to all other countries leave at once.", 5.0),
        ("The gate closes at ten.", 4.9),
    ]);
    assert_eq!(fact(&pieces), [0, 1, 2, 3]);
    pieces.iter_mut().for_each(|piece| piece.from_start = false);
    assert_eq!(fact(&pieces), [3], "the others are not at hand");
    pieces[2].evidence.text = "All other drivers must not do the following:".to_owned();
    pieces[2].quote = pieces[2].evidence.text.clone();
    pieces[3].lead = Some(2);
    assert_eq!(fact(&pieces), [2, 3], "what announces or forbids is said in any case");
}
