//! Rows of tables whose header or rows are long: none is without the names of its columns.

use super::tests::{read, settings, words};
use super::*;

/// Each row of each passage as `name=value` pairs, a column without a value left out. Records give one each line.
fn rows(page: &str, max: u32) -> Vec<(TablePartOf, Vec<(String, String)>)> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut found = Vec::new();
    for chunk in chunk(&read(page), &settings(max, 8), &words) {
        assert!(chunk.tokens <= max, "{chunk:?}");
        for part in &chunk.place.tables {
            let lines: Vec<&str> =
                chunk.text[part.at as usize..].lines().take_while(|line| line.starts_with('|')).collect();
            let names = cells(lines[0]);
            assert!(lines[1].starts_with("| ---"), "no names: {}", chunk.text);
            for (at, line) in (0..).zip(&lines[2..]) {
                let number = if part.is_record { part.first } else { part.first + at };
                let values = cells(line);
                let pairs = if part.is_record {
                    vec![(names[0].clone(), names[1].clone()), (values[0].clone(), values[1].clone())]
                } else {
                    names.iter().cloned().zip(values).filter(|(_, value)| !value.is_empty()).collect()
                };
                found.push(((number, part.of), pairs));
            }
        }
    }
    found
}

type TablePartOf = (u32, u32);

fn table(names: &[String], count: usize, value: impl Fn(usize, usize) -> String) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rows: String =
        (1..=count).map(|row| line((0..names.len()).map(|column| value(row, column)).collect())).collect();
    format!("# T\n\n{}|{}\n{rows}", line(names.to_vec()), " --- |".repeat(names.len()))
}

#[test]
fn a_long_header_is_parted_and_every_value_keeps_its_name_and_its_row() {
    let names: Vec<String> =
        (0..24).map(|at| if at == 0 { "거래처".to_owned() } else { format!("20{at:02}년 매출") }).collect();
    let page =
        table(&names, 12, |row, column| if column == 0 { format!("고객{row}") } else { format!("{row}x{column}") });
    let found = rows(&page, 96);
    for row in 1..=12_u32 {
        for (column, name) in names.iter().enumerate().skip(1) {
            let holds = |((number, of), pairs): &(TablePartOf, Vec<(String, String)>)| {
                (*number, *of) == (row, 12)
                    && pairs[0] == ("거래처".to_owned(), format!("고객{row}"))
                    && pairs.contains(&(name.clone(), format!("{row}x{column}")))
            };
            assert!(found.iter().any(holds), "{row} {name}: {found:#?}");
        }
    }
}

#[test]
fn a_survey_with_questions_longer_than_a_passage_keeps_the_question_beside_each_answer() {
    let question = |at: usize| format!("질문{at} {}", "지난 분기에 얼마나 만족하셨는지 골라 주세요 ".repeat(4).trim());
    let names: Vec<String> = (0..14).map(|at| if at == 0 { "제출 시각".to_owned() } else { question(at) }).collect();
    let page =
        table(&names, 5, |row, column| if column == 0 { format!("{row}일") } else { format!("답{row}-{column}") });
    for max in [64, 96, 384] {
        let found = rows(&page, max);
        for (row, column) in (1..=5).flat_map(|row| (1..14).map(move |column| (row, column))) {
            let begin = format!("질문{column} ");
            let is_answer =
                |(name, value): &(String, String)| name.starts_with(&begin) && *value == format!("답{row}-{column}");
            let is_key = |pair: &(String, String)| *pair == ("제출 시각".to_owned(), format!("{row}일"));
            let holds = |pairs: &Vec<(String, String)>| pairs.iter().any(is_answer) && pairs.iter().any(is_key);
            assert!(found.iter().any(|(_, pairs)| holds(pairs)), "{max} {row} {column}: {found:#?}");
        }
    }
}

#[test]
fn a_row_longer_than_a_passage_is_said_a_cell_a_line() {
    let names = ["번호", "제목", "내용"].map(str::to_owned);
    let text = (0..200).map(|at| format!("w{at}")).collect::<Vec<_>>().join(" ");
    let page = table(&names, 3, |row, column| match column {
        2 if row == 2 => text.clone(),
        column => format!("{row}-{column}"),
    });
    let found = rows(&page, 64);
    let said: Vec<&str> = found
        .iter()
        .filter(|((number, _), _)| *number == 2)
        .flat_map(|(_, pairs)| pairs.iter().filter(|(name, _)| name == "내용").map(|(_, value)| value.as_str()))
        .collect();
    // Where a cell is cut, its pieces say so.
    let (first, last) = (said.first().unwrap(), said.last().unwrap());
    assert!(
        !first.starts_with('…') && first.ends_with(" …") && last.starts_with("… ") && !last.ends_with('…'),
        "{said:?}"
    );
    let words: Vec<&str> = said.iter().map(|piece| piece.trim_matches(['…', ' '])).collect();
    assert!(said.len() > 3 && words.join(" ") == text, "{said:?}");
    assert!(
        found.iter().any(|((number, _), pairs)| *number == 3 && pairs.contains(&("내용".to_owned(), "3-2".to_owned())))
    );
}
