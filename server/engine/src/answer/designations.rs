//! Numbers that are names: `HTTP 408`, `error code: 418`, `에러코드 418`. A passage that lacks such a number is about
//! another one; a quantity (`오류 20건`, `100 errors`) asks for nothing.

use crate::text::korean;

/// Words that make the number beside them a name.
const DESIGNATORS: [&str; 18] = [
    "code", "error", "errno", "http", "status", "version", "xid", "number", "no", "코드", "에러", "오류", "상태",
    "번호", "버전", "응답", "규칙", "조항",
];

/// What counts or measures: behind a number it makes a quantity.
const COUNTERS: [&str; 38] = [
    "건",
    "번",
    "초",
    "분",
    "시",
    "시간",
    "개",
    "회",
    "대",
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
    "errors",
    "requests",
    "retries",
    "pods",
    "nodes",
    "replicas",
    "of",
];

/// Whether a number between these texts is a name.
pub(super) fn is_designated(before: &str, after: &str) -> bool {
    if is_counted(after) {
        // "418번 오류" names, "오류 20번" counts.
        return after.strip_prefix('번').is_some_and(begins_with_designator);
    }
    ends_with_designator(before) || begins_with_designator(after)
}

/// Whether what follows a number counts or measures: `20건`, `37 times`, `30s`, `7%`.
fn is_counted(after: &str) -> bool {
    let glued: String = after.chars().take_while(|c| c.is_alphabetic() || *c == '%').collect();
    if !glued.is_empty() {
        // A particle behind a number (`418이`, `418로`) counts nothing.
        let is_korean = glued.chars().all(|c| ('가'..='힣').contains(&c));
        return !is_korean || COUNTERS.iter().any(|counter| is_counter_with_particle(&glued, counter));
    }
    let next = after.trim_start().split(|c: char| !c.is_alphanumeric() && c != '%').next().unwrap_or_default();
    let counts = |counter: &&str| is_counter_with_particle(next, counter) || next.eq_ignore_ascii_case(counter);
    COUNTERS.iter().any(counts) || after.trim_start().starts_with('%')
}

fn is_counter_with_particle(word: &str, counter: &str) -> bool {
    const PARTICLES: [&str; 12] = ["", "이", "가", "을", "를", "은", "는", "의", "에", "씩", "째", "이나"];
    word.strip_prefix(counter).is_some_and(|rest| PARTICLES.contains(&rest))
}

/// Whether the last word names a number to come, with nothing between but spaces and `:`, `#`, `=`, `(` or quotes.
fn ends_with_designator(before: &str) -> bool {
    let is_mark = |c: char| matches!(c, ':' | '#' | '=' | '(' | '"' | '\'' | '`' | '-' | '.') || c.is_whitespace();
    let before = before.trim_end_matches(is_mark);
    let last =
        before.rsplit(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | '"' | ':')).next().unwrap_or_default();
    // A sentence that ended there has nothing to do with the number.
    last.ends_with(char::is_alphanumeric) && designates(last)
}

/// Whether the next word names the number: `503 에러`.
fn begins_with_designator(after: &str) -> bool {
    let next = after.trim_start();
    next.len() < after.len() && designates(next.split_whitespace().next().unwrap_or_default())
}

fn designates(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    // `HTTP/2`.
    let word = word.split('/').next().unwrap_or_default();
    let stem = korean::stem(word);
    let is = |word: &str| DESIGNATORS.contains(&word);
    // Compounds are written without a space: `에러코드`, `상태코드`, `버그번호`.
    let ends = |word: &str| DESIGNATORS.iter().any(|name| !name.is_ascii() && word.ends_with(name));
    is(word) || is(stem) || ends(word) || ends(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            let parts: Vec<&str> = question.split('|').collect();
            assert_eq!(is_designated(parts[0], parts[2]), expect, "{question}");
        }
    }
}
