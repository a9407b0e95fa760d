//! Numbers as their format shows them (ECMA-376, part 1, 18.8.31): scaled, rounded, with leading zeros, in percent, between
//! units. Digits are not grouped by commas: the same number is said alike whatever its format, and a search finds both.

/// A part of a format.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// `0`: a digit, also where there is none.
    Zero,
    /// `#`, `?`: a digit if there is one.
    Digit,
    Point,
    Comma,
    Text(String),
}

/// A number with a format code; without one, or with one that shows it in another way, as many digits as it has.
pub(super) fn shown(number: f64, format: &str) -> String {
    let (section, number, sign) = section(format, number);
    match Pattern::of(section).filter(|_| number.is_finite() && number.abs() < 1e15) {
        Some(pattern) => pattern.apply(number, sign),
        None => plain(number),
    }
}

/// A number without the noise of binary fractions: fifteen digits are what a cell holds.
fn plain(number: f64) -> String {
    if number != 0.0 && (number.abs() >= 1e15 || number.abs() < 1e-9) {
        return format!("{number:e}");
    }
    let decimals = (14 - number.abs().max(1.0).log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// What of the text around a negative number stands for its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Nothing: it is written before.
    Before,
    /// Brackets and triangles: a minus is written instead.
    InText,
}

/// The section of a format that a number is shown by: the one whose condition it meets, else the second for negative ones. That
/// for zero is often a dash: zero is said as a number.
fn section(format: &str, number: f64) -> (&str, f64, Sign) {
    let sections = sections(format);
    if sections.iter().any(|section| condition(section).is_some()) {
        let meets = |section: &&&str| condition(section).is_none_or(|(sign, than)| compare(number, sign, than));
        let found = sections.iter().take(3).find(meets).or(sections.first());
        return (found.copied().unwrap_or_default(), number, Sign::Before);
    }
    match sections.as_slice() {
        [_, negative, ..] if number < 0.0 && has_digits(negative) => (negative, number, Sign::InText),
        [first, ..] => (first, number, Sign::Before),
        [] => ("", number, Sign::Before),
    }
}

/// The sections of a format: parted by semicolons that are not quoted.
fn sections(format: &str) -> Vec<&str> {
    let (mut sections, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, c) in format.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if !is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ';' if !is_quoted => {
                sections.push(&format[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    sections.push(&format[start..]);
    sections
}

/// A section's condition: `[<=9999999]`.
fn condition(section: &str) -> Option<(&str, f64)> {
    section.split('[').skip(1).filter_map(|part| part.split(']').next()).find_map(|inner| {
        let sign = &inner[..inner.len() - inner.trim_start_matches(['<', '>', '=']).len()];
        Some((sign, inner.strip_prefix(sign).filter(|_| !sign.is_empty())?.parse().ok()?))
    })
}

fn compare(number: f64, sign: &str, than: f64) -> bool {
    match sign {
        "<" => number < than,
        "<=" => number <= than,
        ">" => number > than,
        ">=" => number >= than,
        "=" => number == than,
        _ => number != than,
    }
}

fn has_digits(section: &str) -> bool {
    Pattern::of(section).is_some()
}

/// How a section shows a number.
struct Pattern {
    tokens: Vec<Token>,
    /// The places of the first digit, of what ends the whole part, and of the last digit.
    first: usize,
    point: usize,
    last: usize,
    /// Powers of ten that the number is shown times.
    scale: i32,
}

impl Pattern {
    /// `None` where the section shows no digits, or a fraction, a power of ten, a date.
    fn of(section: &str) -> Option<Self> {
        let tokens = tokens(section)?;
        let is_digit = |token: &Token| matches!(token, Token::Zero | Token::Digit);
        let first = tokens.iter().position(is_digit)?;
        let last = tokens.iter().rposition(is_digit)?;
        let point = tokens.iter().position(|token| *token == Token::Point).unwrap_or(last + 1);
        // A comma behind the last digit of the whole part or of all divides by a thousand; others group digits.
        let thousands = |from: usize| tokens[from..].iter().take_while(|token| **token == Token::Comma).count();
        let whole_end = tokens[..point.min(tokens.len())].iter().rposition(is_digit).map_or(point, |at| at + 1);
        let commas = thousands(last + 1) + if point <= last { thousands(whole_end) } else { 0 };
        let percents = tokens.iter().filter(|token| matches!(token, Token::Text(text) if text == "%")).count();
        let scale = 2 * percents.min(4) as i32 - 3 * commas.min(6) as i32;
        Some(Self { first: first.min(point), tokens, point, last, scale })
    }

    fn apply(&self, number: f64, sign: Sign) -> String {
        let decimals = &self.tokens[self.point.min(self.last + 1)..=self.last];
        let most = decimals.iter().filter(|token| matches!(token, Token::Zero | Token::Digit)).count();
        let least = decimals.iter().filter(|token| **token == Token::Zero).count();
        let rounded = rounded(number.abs(), self.scale, most);
        let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
        let fraction = &fraction[..fraction.trim_end_matches('0').len().max(least).min(fraction.len())];
        let is_negative = number < 0.0 && rounded.contains(|c| ('1'..='9').contains(&c));
        let mut text = self.text(&self.tokens[..self.first], sign);
        text.push_str(&self.whole(whole));
        if !fraction.is_empty() {
            text.push('.');
            text.push_str(fraction);
        }
        text.push_str(&self.text(&self.tokens[self.last + 1..], sign));
        format!("{}{}", if is_negative { "-" } else { "" }, text.trim())
    }

    /// What stands before or behind the digits.
    fn text(&self, tokens: &[Token], sign: Sign) -> String {
        let texts =
            tokens.iter().filter_map(|token| if let Token::Text(text) = token { Some(text.as_str()) } else { None });
        let all: String = texts.collect();
        if sign == Sign::InText { all.replace(['-', '(', ')', '−', '▲', '△', '▼', '▽'], "") } else { all }
    }

    /// The digits before the point in their places, with what stands between: `000-0000-0000`.
    fn whole(&self, digits: &str) -> String {
        let places = &self.tokens[self.first..self.point.min(self.last + 1)];
        let mut left: Vec<char> = digits.trim_start_matches('0').chars().collect();
        let mut shown: Vec<char> = Vec::new();
        let least = places.iter().position(|token| *token == Token::Zero).unwrap_or(places.len());
        for (at, place) in places.iter().enumerate().rev() {
            match place {
                Token::Zero | Token::Digit if left.is_empty() && at < least => {}
                Token::Zero | Token::Digit => shown.push(left.pop().unwrap_or('0')),
                Token::Text(text) if !left.is_empty() || at > least => shown.extend(text.chars().rev()),
                _ => {}
            }
        }
        shown.extend(left.into_iter().rev());
        if shown.is_empty() { "0".to_owned() } else { shown.into_iter().rev().collect() }
    }
}

/// The parts of a section; what only takes up room, colours and conditions are left out. `None` where it holds a fraction, a
/// power of ten, a date, or text.
fn tokens(section: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = section.chars();
    while let Some(c) = chars.next() {
        let text = match c {
            '0' => {
                tokens.push(Token::Zero);
                continue;
            }
            '#' | '?' => {
                tokens.push(Token::Digit);
                continue;
            }
            '.' => {
                tokens.push(Token::Point);
                continue;
            }
            ',' => {
                tokens.push(Token::Comma);
                continue;
            }
            '"' => chars.by_ref().take_while(|c| *c != '"').collect(),
            '\\' => chars.next().map(String::from)?,
            '_' | '*' => {
                chars.next();
                continue;
            }
            '[' => currency(&chars.by_ref().take_while(|c| *c != ']').collect::<String>()),
            '/' | '@' => return None,
            'A'..='B' | 'D'..='E' | 'G'..='H' | 'M' | 'S' | 'Y' => return None,
            'a'..='b' | 'd'..='e' | 'g'..='h' | 'm' | 's' | 'y' => return None,
            c => c.to_string(),
        };
        tokens.push(Token::Text(text));
    }
    Some(tokens)
}

/// The currency of `$₩-412`; nothing of a colour or a condition.
fn currency(inner: &str) -> String {
    inner.strip_prefix('$').and_then(|currency| currency.split('-').next()).unwrap_or_default().to_owned()
}

/// A number times a power of ten with so many decimals, halves away from zero, as a spreadsheet rounds: by its decimal digits.
fn rounded(number: f64, scale: i32, decimals: usize) -> String {
    // `1.23450000000000e2`: fifteen digits, as a cell holds them.
    let scientific = format!("{number:.14e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
    // Digits before the point, and how many to keep.
    let mut before = exponent + scale + 1;
    while before < 1 {
        digits.insert(0, 0);
        before += 1;
    }
    let keep = before as usize + decimals;
    let rounds_up = digits.get(keep).is_some_and(|digit| *digit >= 5);
    digits.resize(keep, 0);
    if rounds_up {
        let at = digits.iter().rposition(|digit| *digit < 9);
        digits[at.map_or(0, |at| at + 1)..].fill(0);
        match at {
            Some(at) => digits[at] += 1,
            None => {
                digits.insert(0, 1);
                before += 1;
            }
        }
    }
    let text: String = digits.into_iter().map(|digit| char::from(b'0' + digit)).collect();
    let (whole, fraction) = text.split_at(before as usize);
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: f64, format: &str, expect: &str) {
        assert_eq!(shown(number, format), expect, "{number} {format}");
    }

    #[test]
    fn numbers_without_a_pattern_keep_their_digits() {
        for (number, format, expect) in [
            (9900.0, "General", "9900"),
            (0.1 + 0.2, "", "0.3"),
            (1e20, "", "1e20"),
            (1e20, "#,##0", "1e20"),
            (0.0, "", "0"),
            (f64::NAN, "0.00", "NaN"),
            (123_456_789.123, "", "123456789.123"),
            (0.5, "# ?/?", "0.5"),
            (1234.5, "0.00E+00", "1234.5"),
            (3.0, "General", "3"),
            (3.0, "@", "3"),
        ] {
            check(number, format, expect);
        }
    }

    #[test]
    fn numbers_have_the_decimals_of_their_format() {
        for (number, format, expect) in [
            (1_234_567.891, "#,##0.00", "1234567.89"),
            (-1.5, "#,##0", "-2"),
            (2.5, "0", "3"),
            (1.005, "0.00", "1.01"),
            (9.995, "0.00", "10.00"),
            (999.96, "0.0", "1000.0"),
            (0.05, "0%", "5%"),
            (0.123_45, "0.00%", "12.35%"),
            (0.1234, "0.0%", "12.3%"),
            (12.5, "0.0##", "12.5"),
            (12.0, "#.##", "12"),
            (0.0, "#,###", "0"),
            (-0.001, "0.00", "0.00"),
            (0.25, ".0", "0.3"),
            (1e-7, "0.00", "0.00"),
        ] {
            check(number, format, expect);
        }
    }

    #[test]
    fn commas_behind_the_digits_scale() {
        for (number, format, expect) in [
            (12_000_000.0, "#,##0,\"천원\"", "12000천원"),
            (3_400_000.0, "#,##0,\"천원\"", "3400천원"),
            (2_500_000.0, "#,##0.0,,\"M\"", "2.5M"),
            (-700_000.0, "#,##0.0,,\"M\"", "-0.7M"),
            (2_500_000.0, "#,##0,,.0\"M\"", "2.5M"),
            (1_234_567.0, "#,##0,K", "1235K"),
            (1_234_567.0, "#,##0,\\K", "1235K"),
            (5.0, "[>=1000000]#,##0.0,,\"M\";[>=1000]#,##0,\"K\";0", "5"),
            (5_000.0, "[>=1000000]#,##0.0,,\"M\";[>=1000]#,##0,\"K\";0", "5K"),
        ] {
            check(number, format, expect);
        }
    }

    #[test]
    fn digits_keep_their_zeros_and_what_stands_between_them() {
        for (number, format, expect) in [
            (6236.0, "00000", "06236"),
            (1_012_345_678.0, "000-0000-0000", "010-1234-5678"),
            (212_345_678.0, "00-0000-0000", "02-1234-5678"),
            (5_551_234.0, "[<=9999999]###-####;(###) ###-####", "555-1234"),
            (2_065_551_234.0, "[<=9999999]###-####;(###) ###-####", "(206) 555-1234"),
            (7.0, "\"KX-\"000", "KX-007"),
        ] {
            check(number, format, expect);
        }
    }

    #[test]
    fn units_and_signs_stand_around_numbers() {
        for (number, format, expect) in [
            (1_200_000.0, "\"₩\"#,##0", "₩1200000"),
            (-500.0, "\"₩\"#,##0", "-₩500"),
            (5000.0, "#,##0\"원\"", "5000원"),
            (5000.0, "#,##0원", "5000원"),
            (3.5, "0.0\"점\"", "3.5점"),
            (99.5, "[$€-407]#,##0.00", "€99.50"),
            (7.0, "_(\"$\"* #,##0.00_);[Red](#,##0)", "$7.00"),
            (-1234.0, "#,##0;[Red](#,##0)", "-1234"),
            (-1234.0, "#,##0;▲#,##0", "-1234"),
            (-81.0, "#,##0\\ ;\\(#,##0\\)", "-81"),
            (0.0, "_(* #,##0_);_(* \\(#,##0\\);_(* \"—\"_);_(@_)", "0"),
            (500.0, "\"(\"0\")\"", "(500)"),
            (5.0, "\"a;b\"0", "a;b5"),
        ] {
            check(number, format, expect);
        }
    }

    #[test]
    fn any_format_shows_any_number() {
        for format in [
            "\"",
            "[",
            "\\",
            "0,",
            ",0",
            ".",
            "0.",
            ".0",
            "%",
            "0%%%%%%",
            ";;;",
            "_",
            "*",
            "[<]0",
            "#,,,,,,,,,0,,,,,,,",
        ] {
            for number in [0.0, -1.0, 1e-300, 1e300, f64::MAX, f64::INFINITY, 999_999_999_999_999.0] {
                assert!(!shown(number, format).is_empty(), "{number} {format}");
            }
        }
    }
}
