//! Numbers that are names: `HTTP 408`, `error code: 418`, `에러코드 418`. A passage that lacks such a number is about
//! another one; a quantity (`오류 20건`, `100 errors`) asks for nothing.

use crate::text::{korean, matching_form};

use super::words::Word;

/// Words behind which a number is a name whatever follows.
const CODES: [&str; 10] = ["code", "codes", "errno", "http", "xid", "코드", "내선", "extension", "ext", "사번"];

/// Words that make the number beside them a name unless something is counted: `오류 20건`.
const FAULTS: [&str; 14] = [
    "error", "errors", "에러", "오류", "응답", "장애", "알림", "alert", "status", "number", "상태", "번호", "규칙",
    "조항",
];

/// What counts or measures: behind a number it makes a quantity.
const COUNTERS: [&str; 32] = [
    "건",
    "번",
    "초",
    "분",
    "시간",
    "개",
    "회",
    "대",
    "장",
    "명",
    "일",
    "주",
    "달",
    "개월",
    "월",
    "년",
    "배",
    "차례",
    "줄",
    "바이트",
    "퍼센트",
    "프로",
    "times",
    "seconds",
    "minutes",
    "hours",
    "days",
    "weeks",
    "months",
    "years",
    "percent",
    "replicas",
];

/// Digits between two commas of one number.
const THOUSAND: usize = 3;

/// From so many digits on `오류 418번` is the number of an error, and `오류 20번` says how often.
const NUMBER_DIGITS: usize = 3;

/// Whether a number between these texts is a name.
pub(super) fn is_designated(before: &str, number: &str, after: &str) -> bool {
    let last = last_word(before);
    let is_number = after.starts_with('번') && number.len() >= NUMBER_DIGITS;
    if begins_with_unit(after) {
        return false;
    }
    // `4층`, `1203호`; not `4층짜리`, `호` of `호스트`.
    if ["층", "호"].iter().any(|place| is_counter_with_particle(hangul_run(after), place)) {
        return true;
    }
    (designates(last, &CODES))
        || (designates(last, &FAULTS) && (is_number || !is_counted(after)))
        || begins_with_designator(after.strip_prefix('번').unwrap_or(after))
}

/// Whether a number is a name in a question that is about it and one word more: `port 9999`, `77번 창고`, `77등급`; not `20건`,
/// `5 users`, `100GB`.
pub(super) fn names_one(before: &str, number: &str, after: &str) -> bool {
    if begins_with_unit(after) || is_counted_but_for_number(number, after) {
        return false;
    }
    let hangs_on = after.starts_with(|c: char| c.is_alphabetic());
    let is_behind = last_word(before).ends_with(char::is_alphabetic) && !before.ends_with(char::is_alphanumeric);
    let counts = after.trim_start().starts_with(|c: char| c.is_ascii_alphabetic());
    hangs_on || (is_behind && !counts)
}

/// Whether one of some texts, in the form in which words are compared, holds a number as the question has it, written as there
/// (`1,203호`) or as it is looked for (`1203호`).
pub(super) fn stand_so(texts: &[String], question: &str, number: &Word) -> bool {
    let (written, after) = (matching_form(&question[number.place.clone()]), &question[number.place.end..]);
    let forms = [written.as_ref(), number.forms[0].as_str()];
    texts.iter().any(|text| forms.iter().any(|number| stands_so(text, number, after)))
}

/// Whether a text holds a number as a question has it: `4층` does not stand in `4만 원` or `14층`, but in `4층에서`, `4 층`, `3,4층`
/// and in a cell that is `4`. Text and number are in the form in which words are compared; `after` is what follows the number in the
/// question, and a particle there asks for nothing.
fn stands_so(text: &str, number: &str, after: &str) -> bool {
    // `일` is a particle too, and behind a number days.
    let hangs_on = |run: &str| !run.is_empty() && (is_counted(run) || !korean::is_particle(run));
    let asked = Some(hangul_run(after)).filter(|run| hangs_on(run)).and_then(|run| run.chars().next());
    let Some(asked) = asked else { return true };
    let is_part = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(number).any(|(at, _)| {
        let (before, rest) = (&text[..at], behind_list(number, &text[at + number.len()..]));
        let run = hangul_run(rest);
        // `12F`.
        let is_floor = asked == '층' && rest.strip_prefix('f').is_some_and(|rest| !rest.starts_with(is_part));
        let goes_on = rest.starts_with(is_part) || begins_with_unit(rest);
        begins_number(before, number) && (is_floor || (!goes_on && (!hangs_on(run) || run.starts_with(asked))))
    })
}

/// Whether a number begins behind this text: not behind the `14` of `14.5`, `14,500` or `a4`.
fn begins_number(before: &str, number: &str) -> bool {
    let behind_digit =
        |mark: char| before.strip_suffix(mark).is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit()));
    let is_thousands = behind_digit(',') && number.len() == THOUSAND;
    let goes_on = before.ends_with(|c: char| c.is_ascii_alphanumeric()) || behind_digit('.') || is_thousands;
    !goes_on
}

/// What stands behind the numbers of a list or range that this one begins or is in: `층` of `3,4층` and `3~5층`.
fn behind_list<'t>(number: &str, mut rest: &'t str) -> &'t str {
    let mut length = number.len();
    loop {
        let Some(next) = rest.strip_prefix([',', '·', 'ㆍ', '\u{119e}', '~', '\u{223c}', '/', '-']) else {
            return rest;
        };
        let digits = next.bytes().take_while(u8::is_ascii_digit).count();
        let is_thousands = rest.starts_with(',') && digits == THOUSAND && length <= THOUSAND;
        if digits == 0 || is_thousands {
            return rest;
        }
        (rest, length) = (&next[digits..], digits);
    }
}

/// The syllables that a text begins with.
fn hangul_run(text: &str) -> &str {
    &text[..text.find(|c| !('\u{ac00}'..='\u{d7a3}').contains(&c)).unwrap_or(text.len())]
}

/// As [`is_counted`], but `77번` may be a number: from two digits on.
fn is_counted_but_for_number(number: &str, after: &str) -> bool {
    let is_number = number.len() > 1 && after.starts_with('번');
    !is_number && is_counted(after)
}

/// Whether a unit hangs on the number, or it is a part of a greater one: `30s`, `7%`, `12만 건`, `14:30`.
fn begins_with_unit(after: &str) -> bool {
    let mut chars = after.chars();
    let (first, second) = (chars.next(), chars.next());
    let is_part = matches!(first, Some(':' | '.' | '-' | ',')) && second.is_some_and(|c| c.is_ascii_digit());
    is_part || first.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '%' | '만' | '천' | '억'))
}

/// Whether what follows a number counts or measures: `20건`, `37 times`.
pub(super) fn is_counted(after: &str) -> bool {
    let next = after.trim_start().split(|c: char| !c.is_alphanumeric() && c != '%').next().unwrap_or_default();
    COUNTERS.iter().any(|counter| is_counter_with_particle(next, counter) || next.eq_ignore_ascii_case(counter))
        || after.trim_start().starts_with('%')
}

fn is_counter_with_particle(word: &str, counter: &str) -> bool {
    const PARTICLES: [&str; 24] = [
        "", "이", "가", "을", "를", "은", "는", "의", "에", "씩", "째", "이나", "만", "도", "간", "부터", "까지",
        "마다", "동안", "이상", "이하", "정도", "쯤", "에서",
    ];
    word.strip_prefix(counter).is_some_and(|rest| PARTICLES.contains(&rest))
}

/// The last word, with nothing between it and the number but spaces, `:`, `#`, `=`, `(`, quotes and `is`.
fn last_word(before: &str) -> &str {
    let is_mark = |c: char| matches!(c, ':' | '#' | '=' | '(' | '"' | '\'' | '`' | '-' | '.') || c.is_whitespace();
    let mut before = before.trim_end_matches(is_mark);
    for link in [" is", " was", " of"] {
        before = before.strip_suffix(link).map_or(before, |rest| rest.trim_end_matches(is_mark));
    }
    let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | '(' | '"' | ':');
    // A sentence that ended there has nothing to do with the number.
    before.rsplit(is_end).next().filter(|last| last.ends_with(char::is_alphanumeric)).unwrap_or_default()
}

/// Whether the next word names the number: `503 에러`.
fn begins_with_designator(after: &str) -> bool {
    let next = after.trim_start();
    let word = next.split_whitespace().next().unwrap_or_default();
    next.len() < after.len() && word != "errors" && (designates(word, &CODES) || designates(word, &FAULTS))
}

fn designates(word: &str, names: &[&str]) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    // `HTTP/2`.
    let word = word.split('/').next().unwrap_or_default();
    let stem = korean::stem(word);
    let is = |word: &str| names.contains(&word);
    // Compounds are written without a space: `에러코드`, `상태코드`, `버그번호`.
    let ends = |word: &str| names.iter().any(|name| !name.is_ascii() && word.ends_with(name));
    is(word) || is(stem) || ends(word) || ends(stem)
}

#[cfg(test)]
mod tests {
    use super::super::words::{WordKind, question_words};
    use super::*;
    use crate::text::Analyzer;

    #[test]
    fn a_number_stands_in_a_text_with_what_it_counts() {
        for (question, text, expect) in [
            ("|4|층 회의실", "교통비는 4만 원까지", false),
            ("|4|층 회의실", "14층과 4.5층, a4", false),
            ("|14|호", "지운 뒤 14일 안에", false),
            ("|4|층 회의실", "4층에서 내린다", true),
            ("|4|층 회의실", "4 층", true),
            ("|4|층 회의실", "| 층 | 방 |\n| 4 | 회의실 |", true),
            ("|4|층", "4는 회의실", true),
            ("|4|층 회의실", "회의실은 3,4층에 있고", true),
            ("|3|층 회의실", "회의실은 3,4층에 있고", true),
            ("|3|층 회의실", "3~5층, 7·8층", true),
            ("|7|층 회의실", "3~5층, 7·8층", true),
            ("|8|층 회의실", "3~5층, 7·8층", true),
            ("|3|급 승진", "2,3급 승진 심사는 11월", true),
            ("|12|층", "옥상 정원은 12f에", true),
            ("|12|층", "12fps", false),
            ("|203|호", "1,203호", false),
            ("|1|호", "1,203호", false),
            ("|4|층", "3,4만 원", false),
            ("|4|층", "2024-04-12", false),
            ("error |418|은", "error 418: teapot", true),
            ("port |9999|", "9999번", true),
        ] {
            let parts: Vec<&str> = question.split('|').collect();
            assert_eq!(stands_so(text, parts[1], parts[2]), expect, "{question}: {text}");
        }
    }

    #[test]
    fn beside_one_word_a_number_behind_it_is_a_name() {
        for (question, expect) in [
            ("What is port |9999|?", true),
            ("Who handles ticket #|4711|?", true),
            ("What is PostgreSQL |12|?", true),
            ("PostgreSQL |12|은 누가 관리하나요?", true),
            ("|77|번 창고는 누가 관리하나요?", true),
            ("|77|등급은 뭐예요?", true),
            ("|999|호는 누가 쓰나요?", true),
            ("재시도 |3|번", false),
            ("백업 |7|일", false),
            ("오류 |20|건", false),
            ("disk |100|GB", false),
            ("disk |80|%", false),
            ("What are |5| users?", false),
            ("retries |3| times", false),
            ("|30| replicas", false),
        ] {
            let parts: Vec<&str> = question.split('|').collect();
            assert_eq!(names_one(parts[0], parts[1], parts[2]), expect, "{question}");
        }
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for (question, text, expect) in [
            ("４층 회의실", "4층에서 내린다", true),
            ("４층 회의실", "교통비는 4만 원까지", false),
            ("1,203호 회의실", "1,203호", true),
            ("1,203호 회의실", "1203호", true),
            ("1,203호 회의실", "1204호", false),
        ] {
            let words = question_words(&Analyzer, question);
            assert_eq!(words[0].kind, WordKind::Designation, "{question}");
            assert_eq!(stand_so(&[text.to_owned()], question, &words[0]), expect, "{question}: {text}");
        }
    }

    #[test]
    fn numbers_beside_a_designator_are_names_and_others_are_quantities() {
        for (question, expect) in [
            ("에러 코드 |418| 대응 방법?", true),
            ("에러코드 |418| 대응 방법?", true),
            ("오류코드 |418|이 게이트웨이에서 나요", true),
            ("HTTP 상태코드 |418|", true),
            ("정산 배치가 종료 코드 |41|로 죽었는데", true),
            ("|503| 에러가 나요", true),
            ("|503|번 오류 대응", true),
            ("What does HTTP |408| mean?", true),
            ("What does HTTP/2 |418| mean?", true),
            ("error code: |418|", true),
            ("error code #|418|", true),
            ("error (|418|) in the gateway", true),
            ("GPU with Xid |79|", true),
            ("experiencing |7|% errors", false),
            ("There was an error, |12| times", false),
            ("the error came |12| times", false),
            ("has only found |53| members", false),
            ("게이트웨이 오류 |20|건 발생하면", false),
            ("오류 |37| 건이 발생하면", false),
            ("오류가 |30|초 안에", false),
            ("오류 |20|번 발생", false),
            ("error rate |30|s", false),
            ("|4|층 회의실 예약은?", true),
            ("|1203|호는 누가 쓰나요", true),
            ("|3|층짜리 건물", false),
            ("|3|호스트", false),
            ("디스크 사용량 규칙 |90| 퍼센트가 넘으면?", false),
            ("규칙 |12|가 무엇인가요?", true),
            ("503 오류가 |12|만 건 발생하면", false),
            ("오류가 |14|:30부터 나요", false),
            ("오류가 14:|30|부터 나요", false),
            ("오류 |1|대만 나요", false),
            ("roll back to version |41|", false),
            ("에러코드 |418|번은 어떻게 대응하나요?", true),
            ("오류 |418|번이 게이트웨이에서 나요", true),
            ("게이트웨이 에러코드 |418| 시 대응 방법은?", true),
            ("오류 |418| 시 게이트웨이 조치", true),
            ("Why does the gateway return HTTP |418| errors?", true),
            ("gateway error |418| of the API", true),
            ("error codes |418| and 419", true),
            ("error code is |418| at the gateway", true),
            ("에러 코드는 |418|인데", true),
        ] {
            let parts: Vec<&str> = question.split('|').collect();
            assert_eq!(is_designated(parts[0], parts[1], parts[2]), expect, "{question}");
        }
    }
}
