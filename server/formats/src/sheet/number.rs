//! Numbers as their format shows them (ECMA-376, part 1, 18.8.31): scaled, rounded, with leading zeros, in percent, between
//! units, grouped by commas. A search finds the same number with and without these.

/// A part of a format.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// `0`: a digit, also where there is none.
    Zero,
    /// `#`, `?`: a digit if there is one.
    Digit,
    Point,
    Comma,
    /// `%` that is not quoted: a hundred times the number.
    Percent,
    /// `General`, `G/표준`: the number as it is.
    General,
    /// What stands around digits. Quoted or escaped, it is what the author says; else it is a sign.
    Text(String),
    Quoted(String),
}

/// A number with a format code; without one, or with one that shows it in another way, as many digits as it has.
pub(super) fn shown(number: f64, format: &str) -> String {
    let (section, sign) = section(format, number);
    if let Some(text) = text_only(section, number, format) {
        return text;
    }
    if let Some(minutes) = minutes(section, number) {
        return minutes;
    }
    match Pattern::of(section).filter(|_| number.is_finite() && number.abs() < 1e15) {
        Some(pattern) => pattern.apply(number, sign),
        None => plain(number),
    }
}

/// What a section without digits says: `"품절"` for zero. Dashes and the like stand for a number: that is said.
fn text_only(section: &str, number: f64, format: &str) -> Option<String> {
    let parts = tokens(section).filter(|_| number.is_finite() && sections(format).len() > 1)?;
    let says = |token: &Token| matches!(token, Token::Text(_) | Token::Quoted(_));
    let text = spoken(&parts, Sign::Before);
    (parts.iter().all(says) && text.contains(char::is_alphanumeric)).then(|| text.trim().to_owned())
}

/// `mm:ss` of a time without hours, which would be read as hours: `45:00`. Hours are kept.
fn minutes(section: &str, number: f64) -> Option<String> {
    let is_shown = matches!(section, "mm:ss" | "m:ss" | "[mm]:ss" | "[m]:ss") && (0.0..1.0).contains(&number);
    let seconds = (number * 86_400.0).round() as u64;
    is_shown.then(|| format!("{:02}:{:02}", seconds / 60, seconds % 60))
}

/// A number without the noise of binary fractions: fifteen digits are what a cell holds.
fn plain(number: f64) -> String {
    if (1e15..1e18).contains(&number.abs()) && number.fract() == 0.0 {
        return format!("{number}");
    }
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
    /// The section's own words: `영하 5℃`.
    InWords,
}

/// The section of a format that a number is shown by: the one whose condition it meets, else the second for negative ones and
/// the third for zero. What a section for zero shows as a dash is said as a number.
fn section(format: &str, number: f64) -> (&str, Sign) {
    let sections = sections(format);
    let of_words = |section: &str| {
        let has_words = |token: &Token| matches!(token, Token::Quoted(text) if text.contains(char::is_alphanumeric));
        tokens(section).unwrap_or_default().iter().any(has_words)
    };
    // Words that another section says as well are a unit.
    let words = |section: &str| spoken(&tokens(section).unwrap_or_default(), Sign::InText).trim().to_owned();
    let is_unit = |section: &str| {
        sections.iter().any(|other| other.as_ptr() != section.as_ptr() && words(other) == words(section))
    };
    let sign = |section: &str| if of_words(section) && !is_unit(section) { Sign::InWords } else { Sign::InText };
    if sections.iter().any(|section| condition(section).is_some()) {
        let meets = |section: &&&str| condition(section).is_none_or(|(sign, than)| compare(number, sign, than));
        let found = sections.iter().take(3).find(meets).or(sections.first()).copied().unwrap_or_default();
        // A section of negative numbers alone says them by itself.
        let is_negative = condition(found).is_some_and(|(sign, than)| sign.starts_with('<') && than <= 0.0);
        return (found, if is_negative { sign(found) } else { Sign::Before });
    }
    match sections.as_slice() {
        [_, negative, ..] if number < 0.0 && has_digits(negative) => (negative, sign(negative)),
        [_, negative, ..] if number < 0.0 && text_only(negative, number, format).is_some() => (negative, Sign::InWords),
        [_, _, zero, ..] if number == 0.0 && (has_digits(zero) || text_only(zero, number, format).is_some()) => {
            (zero, Sign::Before)
        }
        [first, ..] => (first, Sign::Before),
        [] => ("", Sign::Before),
    }
}

/// The sections of a format: parted by semicolons that are not quoted.
fn sections(format: &str) -> Vec<&str> {
    let (mut sections, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, c) in format.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' | '!' if !is_quoted => is_escaped = true,
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
        let is_digit = |token: &Token| matches!(token, Token::Zero | Token::Digit | Token::General);
        let first = tokens.iter().position(is_digit)?;
        let last = tokens.iter().rposition(is_digit)?;
        let point = tokens.iter().position(|token| *token == Token::Point).unwrap_or(last + 1);
        // A comma behind the last digit of the whole part or of all divides by a thousand; others group digits.
        let thousands = |from: usize| tokens[from..].iter().take_while(|token| **token == Token::Comma).count();
        let whole_end = tokens[..point.min(tokens.len())].iter().rposition(is_digit).map_or(point, |at| at + 1);
        let commas = thousands(last + 1) + if point <= last { thousands(whole_end) } else { 0 };
        let percents = tokens.iter().filter(|token| **token == Token::Percent).count();
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
        if self.tokens[self.first] == Token::General {
            let around =
                [&self.tokens[..self.first], &self.tokens[self.first + 1..]].map(|tokens| spoken(tokens, sign));
            let number = if sign == Sign::Before { number } else { number.abs() };
            return format!("{}{}{}", around[0], plain(number), around[1]).trim().to_owned();
        }
        let is_negative = number < 0.0 && sign != Sign::InWords && rounded.contains(|c| ('1'..='9').contains(&c));
        let mut text = spoken(&self.tokens[..self.first], sign);
        let whole = self.whole(whole);
        text.push_str(&if self.groups_thousands() { grouped(&whole) } else { whole });
        if !fraction.is_empty() {
            text.push('.');
            text.push_str(fraction);
        }
        text.push_str(&spoken(&self.tokens[self.last + 1..], sign));
        format!("{}{}", if is_negative { "-" } else { "" }, text.trim())
    }

    /// Whether commas group the digits before the point, and nothing else stands between them: `#,##0`.
    fn groups_thousands(&self) -> bool {
        let places = &self.tokens[self.first..self.point.min(self.last + 1)];
        let end = places.iter().rposition(|token| matches!(token, Token::Zero | Token::Digit)).unwrap_or(0);
        places[..end].contains(&Token::Comma)
            && places.iter().all(|token| matches!(token, Token::Zero | Token::Digit | Token::Comma))
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
                Token::Text(text) | Token::Quoted(text) if !left.is_empty() || at > least => {
                    shown.extend(text.chars().rev())
                }
                _ => {}
            }
        }
        shown.extend(left.into_iter().rev());
        if shown.is_empty() { "0".to_owned() } else { shown.into_iter().rev().collect() }
    }
}

/// Digits with a comma before each three from the right.
fn grouped(digits: &str) -> String {
    let is_group = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    digits.chars().enumerate().flat_map(|(at, c)| is_group(at).then_some(',').into_iter().chain([c])).collect()
}

/// What stands before or behind digits. Brackets and triangles that stand for a minus are left out.
fn spoken(tokens: &[Token], sign: Sign) -> String {
    let text = |token: &Token| match token {
        Token::Text(text) | Token::Quoted(text) => text.clone(),
        Token::Percent => "%".to_owned(),
        _ => String::new(),
    };
    let all: String = tokens.iter().map(text).collect();
    match sign {
        Sign::InText => all.replace(['-', '(', ')', '−', '▲', '△', '▼', '▽'], ""),
        Sign::Before | Sign::InWords => all,
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
            '%' => {
                tokens.push(Token::Percent);
                continue;
            }
            '"' => {
                tokens.push(Token::Quoted(chars.by_ref().take_while(|c| *c != '"').collect()));
                continue;
            }
            // `!` is what Korean and Japanese programs write.
            '\\' | '!' => {
                tokens.push(Token::Quoted(chars.next().map(String::from)?));
                continue;
            }
            'G' | 'g' if let Some(rest) = general(chars.as_str()) => {
                chars = rest.chars();
                tokens.push(Token::General);
                continue;
            }
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

/// What stands behind the first letter of `General` or `G/표준`.
fn general(rest: &str) -> Option<&str> {
    let is_general = rest.get(..6).is_some_and(|rest| rest.eq_ignore_ascii_case("eneral"));
    if is_general { rest.get(6..) } else { rest.strip_prefix("/표준") }
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
#[path = "number_tests.rs"]
mod tests;
