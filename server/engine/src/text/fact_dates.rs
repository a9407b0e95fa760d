//! Dates in the forms Korean and English documents use, in one form: `2024-03-05`, `2024-03`, `--03-05`.

use super::fact_scan::Piece;
use super::facts::{Fact, FactKind};

/// A date that begins with the first of `pieces`, and how many of them it takes.
pub(super) fn date(text: &str, pieces: &[Piece]) -> Option<(Fact, usize)> {
    let first = &text[pieces.first()?.range.clone()];
    numeric(first)
        .map(|date| (date, 1))
        .or_else(|| korean(text, pieces))
        .or_else(|| dotted(text, pieces))
        .or_else(|| english(text, pieces))
}

fn day(year: Option<u32>, month: u32, day: Option<u32>) -> Option<Fact> {
    let valid = (1..=12).contains(&month) && day.is_none_or(|d| (1..=31).contains(&d));
    let value = match (year, day) {
        (Some(year), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        (Some(year), None) => format!("{year:04}-{month:02}"),
        (None, Some(day)) => format!("--{month:02}-{day:02}"),
        (None, None) => return None,
    };
    valid.then(|| Fact::new(FactKind::Date, value))
}

fn year(raw: &str) -> Option<u32> {
    raw.parse().ok().filter(|year| raw.len() == 4 && (1900..=2199).contains(year))
}

/// A month or a day: at most two digits.
fn small(raw: &str) -> Option<u32> {
    (raw.len() <= 2 && raw.bytes().all(|byte| byte.is_ascii_digit())).then(|| raw.parse().ok()).flatten()
}

/// `2024-03-05`, `2024/3/5`, `2024.03.05`.
fn numeric(raw: &str) -> Option<Fact> {
    let separator = raw.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let mut parts = raw.splitn(3, separator);
    day(Some(year(parts.next()?)?), small(parts.next()?)?, Some(small(parts.next()?)?))
}

/// The pieces from the first, each as its text and the text between it and the next.
fn steps<'a>(text: &'a str, pieces: &'a [Piece]) -> impl Iterator<Item = (&'a str, &'a str)> {
    pieces.iter().enumerate().take(3).map(move |(at, piece)| {
        let next = pieces.get(at + 1).map_or(text.len(), |next| next.range.start);
        (&text[piece.range.clone()], &text[piece.range.end..next])
    })
}

/// `2024년 3월 5일`, `2024년 3월`, `3월 5일`.
fn korean(text: &str, pieces: &[Piece]) -> Option<(Fact, usize)> {
    let mut steps = steps(text, pieces);
    let (first, gap) = steps.next()?;
    if let Some(month) = small(first) {
        let (next, next_gap) = (gap.trim_end() == "월").then(|| steps.next()).flatten()?;
        return next_gap.starts_with('일').then(|| day(None, month, small(next)).map(|date| (date, 2))).flatten();
    }
    let year = year(first)?;
    let (next, next_gap) = (gap.trim_end() == "년").then(|| steps.next()).flatten()?;
    let month = small(next).filter(|_| next_gap.starts_with('월'))?;
    if next_gap.trim_end() == "월"
        && let Some((last, last_gap)) = steps.next()
        && last_gap.starts_with('일')
        && let Some(date) = day(Some(year), month, small(last))
    {
        return Some((date, 3));
    }
    Some((day(Some(year), month, None)?, 2))
}

/// `2024. 3. 5.`
fn dotted(text: &str, pieces: &[Piece]) -> Option<(Fact, usize)> {
    let mut steps = steps(text, pieces);
    let (first, first_gap) = steps.next()?;
    let (second, second_gap) = steps.next()?;
    let (third, _) = steps.next()?;
    if first_gap != ". " || second_gap != ". " {
        return None;
    }
    Some((day(Some(year(first)?), small(second)?, Some(small(third)?))?, 3))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Whether a text may name a day at all: most passages name none, and are not searched for one. One pass over the bytes: a
/// year and a separator, a digit right before 월, or the beginning of a month's name with a digit near by.
pub(super) fn may_hold_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let holds_digit = |from: usize, to: usize| bytes[from..to.min(bytes.len())].iter().any(u8::is_ascii_digit);
    let is_month_sign = |at: usize| bytes[at..].starts_with("월".as_bytes());
    let begins_date = |at: usize| match bytes[at] {
        b'1' | b'2' => {
            bytes
                .get(at + 1..at + 5)
                .is_some_and(|rest| rest[..3].iter().all(u8::is_ascii_digit) && matches!(rest[3], b'-' | b'/' | b'.'))
                || is_month_sign(at + 1)
        }
        b'0' | b'3'..=b'9' => is_month_sign(at + 1),
        b'A' | b'D' | b'F' | b'J' | b'M' | b'N' | b'O' | b'S' => {
            let is_month = bytes.get(at..at + 3).is_some_and(|begin| MONTHS_BEGIN.contains(&begin));
            is_month && holds_digit(at.saturating_sub(DIGIT_BEFORE), at + DIGIT_AFTER)
        }
        _ => false,
    };
    (0..bytes.len()).any(begins_date)
}

/// So far before a month's name a day's last digit may stand: `5th. March`.
const DIGIT_BEFORE: usize = 6;
/// So far behind its beginning a day's or a year's first digit may: `September. 5`.
const DIGIT_AFTER: usize = 14;

/// How the names of months begin, as they are written.
#[rustfmt::skip]
const MONTHS_BEGIN: [&[u8]; 24] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
    b"JAN", b"FEB", b"MAR", b"APR", b"MAY", b"JUN", b"JUL", b"AUG", b"SEP", b"OCT", b"NOV", b"DEC",
];

/// A month's name or its first three letters, with a capital: `may` and `march` are words.
fn month(raw: &str) -> Option<u32> {
    if !raw.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let lower = raw.to_ascii_lowercase();
    let at = MONTHS.iter().position(|name| *name == lower || (lower.len() == 3 && name.starts_with(&lower)))?;
    Some(at as u32 + 1)
}

/// A day of the month, maybe with its ending: `5`, `5th`.
fn ordinal(raw: &str) -> Option<u32> {
    small(raw.trim_end_matches(|c: char| c.is_ascii_alphabetic())).filter(|_| {
        let ending = raw.trim_start_matches(|c: char| c.is_ascii_digit());
        matches!(ending, "" | "st" | "nd" | "rd" | "th")
    })
}

/// `March 5, 2024`, `5 March 2024`, `March 5`, `March 2024`.
fn english(text: &str, pieces: &[Piece]) -> Option<(Fact, usize)> {
    let mut steps = steps(text, pieces);
    let (first, first_gap) = steps.next()?;
    let (second, second_gap) = steps.next()?;
    if !matches!(first_gap, " " | ". ") {
        return None;
    }
    let third = steps.next().and_then(|(raw, _)| year(raw)).filter(|_| matches!(second_gap, " " | ", "));
    let (found_month, found_day) = match (month(first), month(second)) {
        (Some(found), _) => {
            if let Some(year) = year(second) {
                return Some((day(Some(year), found, None)?, 2));
            }
            (found, ordinal(second)?)
        }
        (None, Some(found)) => (found, ordinal(first)?),
        (None, None) => return None,
    };
    Some((day(third, found_month, Some(found_day))?, if third.is_some() { 3 } else { 2 }))
}
