//! Numbers, dates, percentages and identifiers of a sentence, in a form that can be compared: attribution demands
//! that each of them stands in the cited text. Units are dropped and numbers kept, so `15분` meets `15 minutes`.

use std::ops::Range;

use super::fact_dates;
use super::fact_scan::{Piece, pieces};
use super::normalise::matching_form;

/// What a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactKind {
    /// A number: digits without grouping commas, decimals as written (`1.20` may be a version).
    Number,
    /// A share in percent: `99.9%`.
    Percentage,
    /// A day (`2024-03-05`), a month (`2024-03`) or a day of any year (`--03-05`).
    Date,
    /// A token that only a machine would write: `ERR-4012`, `max_connections`, `kube.io/name`, `1.21.3`. Lower case.
    Identifier,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fact {
    /// What it is.
    pub kind: FactKind,
    /// Its comparable form.
    pub value: String,
}

impl Fact {
    pub(super) fn new(kind: FactKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }
}

/// The facts of `text` in order, repeats kept. What stands in backticks counts as an identifier unless it is a number.
pub fn facts(text: &str) -> Vec<Fact> {
    let text = super::fact_scan::readable(text);
    let pieces = pieces(&text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        if let Some((date, used)) = fact_dates::date(&text, &pieces[at..]) {
            found.push(date);
            at += used;
            continue;
        }
        push_facts(&text, &pieces[at], &mut found);
        at += 1;
    }
    found
}

/// A day that a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Day {
    /// Where.
    pub(crate) place: Range<usize>,
    /// Of any year: `--12-21`.
    pub(crate) of_any_year: String,
    /// `2026-12-21`, or `~12-21` where no year stands there.
    pub(crate) whole: String,
}

impl Day {
    fn of(place: Range<usize>, value: String) -> Option<Self> {
        let (of_any_year, whole) = match value.as_bytes() {
            [b'-', b'-', ..] => (value.clone(), format!("~{}", &value[2..])),
            [_, _, _, _, b'-', _, _, b'-', _, _] => (format!("-{}", &value[4..]), value),
            _ => return None,
        };
        Some(Self { place, of_any_year, whole })
    }

    /// Whether its year stands there.
    pub(crate) fn has_year(&self) -> bool {
        !self.whole.starts_with('~')
    }

    /// Whether both may be the same day: of the same year, where both give one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.of_any_year == other.of_any_year && (self.whole == other.whole || !self.has_year() || !other.has_year())
    }

    /// The same day without its year, as a text that gives none has it.
    pub(crate) fn without_year(&self) -> String {
        self.of_any_year.replacen("--", "~", 1)
    }
}

/// The days that `text` names: `December 21` and `2026년 12월 21일` meet `2026-12-21`.
pub(crate) fn days(text: &str) -> Vec<Day> {
    if fact_dates::may_hold_date(text) { all_days(text) } else { Vec::new() }
}

fn all_days(text: &str) -> Vec<Day> {
    let pieces = pieces(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let Some((date, used)) = fact_dates::date(text, &pieces[at..]) else {
            at += 1;
            continue;
        };
        let place = pieces[at].range.start..pieces[at + used - 1].range.end;
        found.extend(Day::of(place, date.value));
        at += used;
    }
    found
}

/// The facts of `sentence` that do not stand in `cited`. A number may stand there as part of a date or an identifier's
/// version; an identifier may stand there in any spelling of case, within a longer text, but not inside a longer word.
pub fn missing_facts(sentence: &str, cited: &str) -> Vec<Fact> {
    let mut wanted = facts(sentence);
    if wanted.is_empty() {
        return wanted;
    }
    let known = facts(cited);
    let plain = matching_form(cited);
    wanted.retain(|fact| !stands_in(fact, &known, &plain));
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

fn stands_in(fact: &Fact, known: &[Fact], plain: &str) -> bool {
    if known.iter().any(|other| other.value == fact.value) {
        return true;
    }
    match fact.kind {
        FactKind::Number => known.iter().any(|other| holds_number(other, &fact.value)),
        FactKind::Identifier => holds_word(plain, &fact.value),
        FactKind::Date => {
            known.iter().any(|other| other.kind == FactKind::Date && is_part_of_date(&fact.value, &other.value))
        }
        FactKind::Percentage => false,
    }
}

/// `2024-03` and `--03-05` are said by `2024-03-05`.
fn is_part_of_date(part: &str, whole: &str) -> bool {
    match part.strip_prefix("--") {
        Some(day) => whole.ends_with(day),
        None => whole.len() > part.len() && whole.starts_with(part) && whole[part.len()..].starts_with('-'),
    }
}

fn holds_number(other: &Fact, number: &str) -> bool {
    match other.kind {
        FactKind::Percentage => other.value.strip_suffix('%') == Some(number),
        FactKind::Date => other.value.split('-').any(|part| part.trim_start_matches('0') == number),
        FactKind::Number => false,
        FactKind::Identifier => false,
    }
}

/// Whether `word` stands in `text` with no letter, digit or underscore right before or after it. Hangul may follow:
/// a particle needs no space.
fn holds_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c == '_' || (c.is_alphanumeric() && !('\u{AC00}'..='\u{D7A3}').contains(&c));
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_part)
            && !text[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

/// Turns one piece of text into its facts.
fn push_facts(text: &str, piece: &Piece, found: &mut Vec<Fact>) {
    let raw = &text[piece.range.clone()];
    let after = &text[piece.range.end..];
    if let Some(number) = number(raw) {
        found.push(scaled(number, after));
        return;
    }
    if let Some((number, unit)) = number_with_unit(raw) {
        found.push(if unit == "%" { percentage(&number) } else { Fact::new(FactKind::Number, number) });
        return;
    }
    if let Some((low, high)) = range(raw) {
        let percent = is_percent(after);
        found.extend([low, high].map(|n| if percent { percentage(&n) } else { Fact::new(FactKind::Number, n) }));
        return;
    }
    if piece.in_code || is_identifier(raw) {
        found.push(Fact::new(FactKind::Identifier, identifier_form(raw)));
    }
}

/// Digits with an optional decimal part and grouping commas, without the commas.
pub(super) fn number(raw: &str) -> Option<String> {
    let plain: String = raw.chars().filter(|c| *c != ',').collect();
    let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (all_digits(whole) && all_digits(decimals)).then_some(plain)
}

/// Multipliers that follow a number, in Korean and English, as powers of ten.
const SCALES: &[(&str, u32)] = &[
    ("천만", 7),
    ("백만", 6),
    ("천", 3),
    ("만", 4),
    ("억", 8),
    ("조", 12),
    (" thousand", 3),
    (" million", 6),
    (" billion", 9),
    (" trillion", 12),
];

/// The number with what follows it: a percent sign or word, or a multiplier.
fn scaled(number: String, after: &str) -> Fact {
    if is_percent(after) {
        return percentage(&number);
    }
    let scale = SCALES.iter().find(|(word, _)| {
        after.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
            // `3만 재시작` is "only 3", `3조` "team 3": a multiplier is followed by a counted thing without a space.
            && (word.starts_with(' ') || !after[word.len()..].starts_with([' ', '.', ',']) && after.len() > word.len())
    });
    let value = scale.and_then(|(_, power)| shifted(&number, *power)).unwrap_or(number);
    Fact::new(FactKind::Number, value)
}

fn is_percent(after: &str) -> bool {
    let after = after.trim_start_matches(' ');
    ["%", "퍼센트", "percent", "per cent", "프로"].iter().any(|word| after.starts_with(word))
}

/// `number` × 10^`power` as digits; `None` when a fraction would remain.
fn shifted(number: &str, power: u32) -> Option<String> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let zeros = (power as usize).checked_sub(decimals.len())?;
    let digits = format!("{whole}{decimals}{}", "0".repeat(zeros));
    Some(digits.trim_start_matches('0').to_owned())
}

/// A percentage in its one form: no closing zeros after the point.
fn percentage(number: &str) -> Fact {
    let trimmed = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    Fact::new(FactKind::Percentage, format!("{trimmed}%"))
}

/// Units that are written right behind a number.
const UNITS: &[&str] = &[
    "%", "ns", "us", "µs", "μs", "ms", "s", "sec", "secs", "m", "min", "mins", "h", "hr", "hrs", "d", "w", "y", "b",
    "k", "kb", "mb", "gb", "tb", "pb", "ki", "mi", "gi", "ti", "kib", "mib", "gib", "tib", "kbps", "mbps", "gbps",
    "hz", "khz", "mhz", "ghz", "x", "st", "nd", "rd", "th", "am", "pm", "px", "rps", "qps", "tps", "mm", "cm", "km",
    "kg", "g", "v",
];

/// A number with its unit (`15m`, `4GiB`, `95th`).
fn number_with_unit(raw: &str) -> Option<(String, String)> {
    let split = raw.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
    let unit = raw[split..].to_lowercase();
    let number = number(&raw[..split])?;
    UNITS.contains(&unit.as_str()).then_some((number, unit))
}

/// Two numbers joined by a hyphen or tilde (`10-20`).
fn range(raw: &str) -> Option<(String, String)> {
    let (low, high) = raw.split_once(['-', '~'])?;
    Some((number(low)?, number(high)?))
}

/// Whether only a machine would write this token.
fn is_identifier(raw: &str) -> bool {
    let has_digit = raw.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = raw.chars().any(char::is_alphabetic);
    if raw.starts_with("--") || raw.starts_with('/') || raw.contains('_') || raw.contains("://") {
        return has_letter;
    }
    if has_digit && (has_letter || raw.contains(['.', ':', '-', '/'])) {
        return true;
    }
    let long_parts = |separator: char| raw.split(separator).filter(|part| part.chars().count() > 1).count();
    has_hump(raw) || raw.contains('@') || long_parts('.') > 1 || long_parts('/') > 2
}

/// A small letter followed by a capital (`maxConnections`), a product's plural (`APIs`) left aside.
fn has_hump(raw: &str) -> bool {
    raw.chars().zip(raw.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase())
        || raw.bytes().take_while(u8::is_ascii_uppercase).count() > 2
            && raw.bytes().filter(u8::is_ascii_lowercase).count() > 2
}

/// The comparable form: lower case, no dashes of a flag, no `v` before a version.
fn identifier_form(raw: &str) -> String {
    let form = matching_form(raw.trim_start_matches('-')).into_owned();
    match form.strip_prefix('v') {
        Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => version.to_owned(),
        _ => form,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn facts_have_one_form() {
        use FactKind::{Date, Identifier, Number, Percentage};
        let check = |text: &str, expect: &[(FactKind, &str)]| {
            let expect: Vec<Fact> = expect.iter().map(|(kind, value)| Fact::new(*kind, *value)).collect();
            assert_eq!(facts(text), expect, "{text}");
        };
        check("Nothing to see here.", &[]);
        check("1,000 pods, ５０３ errors", &[(Number, "1000"), (Number, "503")]);
        check("15분 또는 15 minutes, 15m", &[(Number, "15"), (Number, "15"), (Number, "15")]);
        check("99.90% 99.9 percent 99.9퍼센트", &[(Percentage, "99.9%"), (Percentage, "99.9%"), (Percentage, "99.9%")]);
        check("3만명과 30 thousand", &[(Number, "30000"), (Number, "30000")]);
        check("3만 재시작한다", &[(Number, "3")]);
        check("1.5 million", &[(Number, "1500000")]);
        check("10-20 nodes", &[(Number, "10"), (Number, "20")]);
        check("ERR-4012가 뜨면", &[(Identifier, "err-4012")]);
        check("Set max_connections and maxSurge.", &[(Identifier, "max_connections"), (Identifier, "maxsurge")]);
        check("Use `drain` with --force", &[(Identifier, "drain"), (Identifier, "force")]);
        check("version 1.20 of v1.21.3", &[(Number, "1.20"), (Identifier, "1.21.3")]);
        check("See /var/log/syslog and values.yaml.", &[(Identifier, "/var/log/syslog"), (Identifier, "values.yaml")]);
        check("Use it, e.g. a high-availability pair.", &[]);
        check("OOMKilled API pods", &[(Identifier, "oomkilled")]);
        check("at 12:30 on localhost:9090", &[(Identifier, "12:30"), (Identifier, "localhost:9090")]);
        for date in
            ["2024-03-05", "2024/3/5", "2024.03.05", "2024. 3. 5.", "2024년 3월 5일", "March 5, 2024", "5 Mar 2024"]
        {
            check(date, &[(Date, "2024-03-05")]);
        }
        check("2024년 3월에", &[(Date, "2024-03")]);
        check("3월 5일부터", &[(Date, "--03-05")]);
        check("on March 5th.", &[(Date, "--03-05")]);
    }

    #[test]
    fn every_fact_of_a_sentence_must_stand_in_the_cited_text() {
        let check = |sentence: &str, cited: &str, expect: &[&str]| {
            let missing: Vec<String> = missing_facts(sentence, cited).into_iter().map(|fact| fact.value).collect();
            assert_eq!(missing, expect, "{sentence} / {cited}");
        };
        check("15분 기다린다.", "Wait for 15 minutes.", &[]);
        check("16분 기다린다.", "Wait for 15 minutes.", &["16"]);
        check("1,000개", "up to 1000 pods", &[]);
        check("2024년에 바뀌었다.", "Changed on 2024-03-05.", &[]);
        check("3월 5일에 바뀌었다.", "Changed on 2024-03-05.", &[]);
        check("`kube-proxy`를 본다.", "Look at Kube-Proxy가 있는 곳", &[]);
        check("`kube`를 본다.", "Look at kubelet.", &["kube"]);
        check("ERR-4012", "see ERR-4013", &["err-4012"]);
        check("38% of 20", "38 of 20%", &["38%"]);
        check("v1.21 이상", "1.21 or later", &[]);
        check("1.2 이상", "1.20 or later", &["1.2"]);
        check("No facts.", "", &[]);
    }

    proptest! {
        /// A text that is not searched for days names none.
        #[test]
        fn days_are_looked_for_wherever_there_are_some(
            text in "([A-C]|January|Sep|MAR|september|March|[0-9]{1,4}|202[0-9]|st|th|년|월|일|[ ./,`-]|. ){0,14}",
        ) {
            prop_assert_eq!(days(&text), all_days(&text), "{}", text);
        }

        #[test]
        fn a_text_supports_its_own_facts(text in "(\\PC|[0-9]|[.%,:/`_-]| |년|월|일|만){0,40}") {
            prop_assert_eq!(missing_facts(&text, &text), vec![]);
        }
    }
}
