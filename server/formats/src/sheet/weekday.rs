//! Formats of dates that say the day of the week, or a year of an era, in the way of Korean and Japanese spreadsheets: a reader
//! of workbooks that looks for the letters of Western formats takes their cells for numbers (ECMA-376, part 1, 18.8.31).

/// The days of the week from Sunday.
const KOREAN: [&str; 7] = ["일", "월", "화", "수", "목", "금", "토"];
const ENGLISH: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Days before 1 March 1900 are counted as if that year had a 29 February; before it no date is told.
const FIRST_SURE_DAY: f64 = 61.0;
/// The last day of the year 9999.
const LAST_DAY: f64 = 2_958_465.0;

/// What a format says of a day beside the date itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The day of the week alone: `월`, `Monday`.
    Day(&'static [&'static str; 7], Length),
    /// A date with the day of the week.
    DateAndDay(&'static [&'static str; 7], Length),
    /// A year of an era, with or without more: the whole date is said.
    Date,
}

/// How long the name of a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Short,
    Long,
}

/// What a format says, if it says a day of the week or an era.
pub(super) fn kind(format: &str) -> Option<Kind> {
    let bare = bare(format);
    let day = |letter: char| bare.chars().filter(|c| *c == letter).count();
    let is_western = day('d') > 2 && bare.contains("ddd");
    let is_of_letters = bare.chars().all(|c| "adegmyhs".contains(c));
    if bare.is_empty() || !is_of_letters || format.contains("/표준") {
        return None;
    }
    let is_korean = !is_western || format.contains("-412");
    let names = if is_korean { &KOREAN } else { &ENGLISH };
    let run = if is_western { 'd' } else { 'a' };
    if day('a') > 2 || is_western {
        let is_long = bare.contains(&run.to_string().repeat(4));
        let length = if is_long { Length::Long } else { Length::Short };
        let has_date =
            bare.replace(&run.to_string().repeat(if is_long { 4 } else { 3 }), "").chars().any(|c| "dmyeg".contains(c));
        return Some(if has_date { Kind::DateAndDay(names, length) } else { Kind::Day(names, length) });
    }
    (day('g') > 0 || day('e') > 0).then_some(Kind::Date)
}

/// A day's number as the format says it; `None` for what is no day. `known` is the date where it is known already, with its time.
pub(super) fn shown(number: f64, kind: Kind, is_1904: bool, known: Option<String>) -> Option<String> {
    let day = number.floor() + if is_1904 { 1462.0 } else { 0.0 };
    if !(FIRST_SURE_DAY..=LAST_DAY).contains(&day) {
        return None;
    }
    let name = |names: &[&str; 7], length: Length| {
        // The first day, 1 January 1900, counts as a Sunday.
        let name = names[(day as usize + 6) % 7];
        match length {
            Length::Long if names == &KOREAN => format!("{name}요일"),
            Length::Short if names == &ENGLISH => name.chars().take(3).collect(),
            _ => name.to_owned(),
        }
    };
    let date = || known.unwrap_or_else(|| date(day as i64));
    Some(match kind {
        Kind::Day(names, length) => name(names, length),
        Kind::DateAndDay(names, length) => format!("{} ({})", date(), name(names, length)),
        Kind::Date => date(),
    })
}

/// The date of a day's number, counted from 30 December 1899 (Howard Hinnant, chrono-compatible low-level date algorithms).
fn date(day: i64) -> String {
    let days = day - 25_569 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The letters of a format's first section that stand for parts of a date, in small letters: what is quoted, escaped or in
/// brackets, and what only parts, left out.
fn bare(format: &str) -> String {
    let mut bare = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' => break,
            '"' => drop(chars.by_ref().take_while(|c| *c != '"').count()),
            '[' => drop(chars.by_ref().take_while(|c| *c != ']').count()),
            '\\' | '!' | '_' | '*' => drop(chars.next()),
            c if c.is_whitespace() || !(c.is_ascii_alphanumeric() || matches!(c, '#' | '?' | '@' | '%')) => {}
            c => bare.push(c.to_ascii_lowercase()),
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_said_as_a_spreadsheet_shows_them() {
        for (format, expect) in [
            ("aaa", Some("월")),
            ("aaaa", Some("월요일")),
            ("[$-412]aaaa", Some("월요일")),
            ("[$-412]aaa;@", Some("월")),
            ("(aaa)", Some("월")),
            ("ddd", Some("Mon")),
            ("dddd", Some("Monday")),
            ("[$-412]dddd", Some("월요일")),
            ("m/d(aaa)", Some("2025-03-03 (월)")),
            ("yyyy\"년\" m\"월\" d\"일\" aaaa", Some("2025-03-03 (월요일)")),
            ("dddd, mmmm dd, yyyy", Some("2025-03-03 (Monday)")),
            ("gggge\"年\"", Some("2025-03-03")),
            ("yyyy-mm-dd", None),
            ("General", None),
            ("G/표준\"명\"", None),
            ("0.00E+00", None),
            ("#,##0\"aaa\"", None),
            ("@", None),
            ("", None),
        ] {
            let shown = kind(format).and_then(|kind| shown(45_719.0, kind, false, None));
            assert_eq!(shown.as_deref(), expect, "{format}");
        }
        let days = kind("aaa").unwrap();
        assert_eq!(shown(45_719.0 - 1462.0, days, true, None).as_deref(), Some("월"));
        assert_eq!(shown(45_724.5, days, false, None).as_deref(), Some("토"));
        for number in [0.0, 60.0, -1.0, 3e6, f64::NAN, f64::INFINITY] {
            assert_eq!(shown(number, days, false, None), None, "{number}");
        }
    }

    #[test]
    fn dates_are_told_from_their_numbers() {
        for (day, expect) in [
            (61, "1900-03-01"),
            (36_584, "2000-02-28"),
            (36_585, "2000-02-29"),
            (45_292, "2024-01-01"),
            (2_958_465, "9999-12-31"),
        ] {
            assert_eq!(date(day), expect);
        }
    }
}
