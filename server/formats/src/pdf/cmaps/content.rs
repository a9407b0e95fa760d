//! Drawn content (ISO 32000-1, 7.8.2) whose strings of national character sets are written in UTF-16. All else stays as it is.

use std::collections::HashMap;
use std::ops::Range;

use encoding_rs::Encoding;

/// The character sets of fonts, by the names of the fonts.
pub(super) type Names = HashMap<String, &'static Encoding>;

/// What is in force while text is shown; it goes on from one stream of a page to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    state: State,
    kept: Vec<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// The character set of the font, where it is to be rewritten.
    charset: Option<&'static Encoding>,
    size: f64,
    word_spacing: f64,
}

/// Deepest nesting of kept states.
const MAX_KEPT: usize = 1_000;

/// One of the things before an operator.
#[derive(Debug)]
enum Operand {
    Name(String),
    Text(Vec<u8>),
    Number(f64),
    Other,
}

impl Shown {
    /// Content anew; `None` where nothing of it changes.
    pub(super) fn in_unicode(&mut self, content: &[u8], names: &Names) -> Option<Vec<u8>> {
        let mut written = Vec::with_capacity(content.len() + content.len() / 2);
        let mut tokens = Tokens { content, at: 0 };
        let mut operands: Vec<(Operand, Range<usize>)> = Vec::new();
        // What is before this is written.
        let mut done = 0;
        while let Some((token, range)) = tokens.next() {
            let operator = match token {
                Token::Operand(operand) => {
                    operands.push((operand, range));
                    continue;
                }
                Token::Operator(operator) => operator,
            };
            let last_number = || {
                operands.iter().rev().find_map(|(operand, _)| match operand {
                    Operand::Number(number) => Some(*number),
                    _ => None,
                })
            };
            match operator {
                b"q" if self.kept.len() < MAX_KEPT => self.kept.push(self.state),
                b"Q" => self.state = self.kept.pop().unwrap_or(self.state),
                b"Tw" => self.state.word_spacing = last_number().unwrap_or(0.0),
                b"Tf" => {
                    let name = operands.iter().rev().find_map(|(operand, _)| match operand {
                        Operand::Name(name) => Some(name),
                        _ => None,
                    });
                    self.state.charset = name.and_then(|name| names.get(name)).copied();
                    self.state.size = last_number().unwrap_or(0.0);
                }
                b"BI" => tokens.pass_image(),
                b"Tj" | b"TJ" | b"'" | b"\"" if let Some(charset) = self.state.charset => {
                    let first = operands.first().map_or(range.start, |(_, at)| at.start);
                    written.extend_from_slice(&content[done..first]);
                    done = range.end;
                    self.show(content, operator, &operands, charset, &mut written);
                }
                _ => {}
            }
            operands.clear();
        }
        if done == 0 {
            return None;
        }
        written.extend_from_slice(&content[done..]);
        Some(written)
    }

    /// Writes one operator that shows text, in UTF-16. Spacing between words, which only codes of one byte have (9.3.3), is
    /// put between the strings.
    fn show(
        &mut self,
        content: &[u8],
        operator: &[u8],
        operands: &[(Operand, Range<usize>)],
        charset: &'static Encoding,
        written: &mut Vec<u8>,
    ) {
        let numbers: Vec<f64> = operands
            .iter()
            .filter_map(|(operand, _)| match operand {
                Operand::Number(number) => Some(*number),
                _ => None,
            })
            .collect();
        if operator == b"\""
            && let [word, letter, ..] = numbers[..]
        {
            self.state.word_spacing = word;
            written.extend_from_slice(format!("{word} Tw {letter} Tc ").as_bytes());
        }
        if matches!(operator, b"'" | b"\"") {
            written.extend_from_slice(b"T* ");
        }
        written.push(b'[');
        for (operand, range) in operands {
            match operand {
                Operand::Text(text) => self.write_text(&charset.decode_without_bom_handling(text).0, written),
                // As it is written: readers differ in what `0.-5` is.
                Operand::Number(_) if operator == b"TJ" => {
                    written.push(b' ');
                    written.extend_from_slice(&content[range.clone()]);
                    written.push(b' ');
                }
                _ => {}
            }
        }
        written.extend_from_slice(b"] TJ");
    }

    fn write_text(&self, text: &str, written: &mut Vec<u8>) {
        let spacing = match self.state.size {
            0.0 => 0.0,
            size => -1000.0 * self.state.word_spacing / size,
        };
        written.push(b'<');
        for unit in text.encode_utf16() {
            written.extend_from_slice(format!("{unit:04X}").as_bytes());
            if unit == 0x20 && spacing != 0.0 {
                written.extend_from_slice(format!("> {spacing} <").as_bytes());
            }
        }
        written.push(b'>');
    }
}

/// Whether content shows text before it names a font.
pub(super) fn inherits_font(content: &[u8]) -> bool {
    let mut tokens = Tokens { content, at: 0 };
    while let Some((token, _)) = tokens.next() {
        match token {
            Token::Operator(b"Tf") => return false,
            Token::Operator(b"Tj" | b"TJ" | b"'" | b"\"") => return true,
            Token::Operator(b"BI") => tokens.pass_image(),
            _ => {}
        }
    }
    false
}

enum Token<'a> {
    Operand(Operand),
    Operator(&'a [u8]),
}

/// The tokens of content (7.2).
struct Tokens<'a> {
    content: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<(Token<'a>, Range<usize>)> {
        loop {
            let start = self.at;
            let token = match *self.content.get(start)? {
                byte if is_blank(byte) => {
                    self.at += 1;
                    continue;
                }
                b'%' => {
                    self.pass(|byte| !matches!(byte, b'\r' | b'\n'));
                    continue;
                }
                b'(' => Token::Operand(Operand::Text(self.literal())),
                b'<' if self.content.get(start + 1) == Some(&b'<') => {
                    self.pass_dict();
                    Token::Operand(Operand::Other)
                }
                b'<' => Token::Operand(Operand::Text(self.hex())),
                b'/' => {
                    self.at += 1;
                    self.pass(is_regular);
                    Token::Operand(Operand::Name(name(&self.content[start + 1..self.at])))
                }
                byte if is_regular(byte) => {
                    self.pass(is_regular);
                    let word = &self.content[start..self.at];
                    match word[0] {
                        b'+' | b'-' | b'.' | b'0'..=b'9' => Token::Operand(Operand::Number(number(word))),
                        _ => Token::Operator(word),
                    }
                }
                _ => {
                    self.at += 1;
                    Token::Operand(Operand::Other)
                }
            };
            return Some((token, start..self.at));
        }
    }

    fn pass(&mut self, is_passed: impl Fn(u8) -> bool) {
        let rest = &self.content[self.at..];
        self.at += rest.iter().position(|byte| !is_passed(*byte)).unwrap_or(rest.len());
    }

    fn take(&mut self) -> Option<u8> {
        let byte = *self.content.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// A string in parentheses (7.3.4.2).
    fn literal(&mut self) -> Vec<u8> {
        let (mut text, mut depth) = (Vec::new(), 0_usize);
        while let Some(byte) = self.take() {
            match byte {
                b'(' => {
                    depth += 1;
                    if depth > 1 {
                        text.push(byte);
                    }
                }
                b')' if depth == 1 => break,
                b')' => {
                    depth -= 1;
                    text.push(byte);
                }
                b'\\' => self.escaped(&mut text),
                _ => text.push(byte),
            }
        }
        text
    }

    fn escaped(&mut self, text: &mut Vec<u8>) {
        let Some(byte) = self.take() else { return };
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.content.get(self.at) else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                // High-order overflow is ignored (7.3.4.2).
                text.push((code & 0xff) as u8);
            }
            b'\r' => {
                if self.content.get(self.at) == Some(&b'\n') {
                    self.at += 1;
                }
            }
            b'\n' => {}
            _ => text.push(byte),
        }
    }

    /// A string of hexadecimal digits (7.3.4.3).
    fn hex(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut digits = Vec::new();
        while let Some(byte) = self.take().filter(|byte| *byte != b'>') {
            digits.extend(char::from(byte).to_digit(16));
        }
        let byte = |pair: &[u32]| (pair[0] * 16 + pair.get(1).unwrap_or(&0)) as u8;
        digits.chunks(2).map(byte).collect()
    }

    /// A dictionary: its strings are not shown.
    fn pass_dict(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.content.get(self.at) {
            let is_pair = self.content.get(self.at + 1) == Some(byte);
            match byte {
                b'<' if is_pair => {
                    depth += 1;
                    self.at += 2;
                }
                b'>' if is_pair => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                b'(' => drop(self.literal()),
                _ => self.at += 1,
            }
        }
    }

    /// An image in the content (8.9.7), up to `EI` between blanks.
    fn pass_image(&mut self) {
        let rest = &self.content[self.at..];
        let is_end = |window: &[u8]| is_blank(window[0]) && &window[1..3] == b"EI" && is_blank(window[3]);
        self.at += rest.windows(4).position(is_end).map_or(rest.len(), |at| at + 3);
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_blank(byte) && !b"()<>[]{}/%".contains(&byte)
}

/// A number, as far as it is one: files have `--5` and `0.-5`.
fn number(written: &[u8]) -> f64 {
    let text = str::from_utf8(written).unwrap_or_default();
    (1..=text.len())
        .rev()
        .find_map(|end| text.get(..end)?.parse().ok())
        .filter(|number: &f64| number.is_finite())
        .unwrap_or(0.0)
}

/// A name without its escapes (7.3.5).
fn name(written: &[u8]) -> String {
    let (mut name, mut rest) = (Vec::new(), written);
    while let [byte, tail @ ..] = rest {
        let digits = (*byte == b'#').then(|| std::str::from_utf8(tail.get(..2)?).ok()).flatten();
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                name.push(code);
                rest = &tail[2..];
            }
            None => {
                name.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&name).into_owned()
}

#[cfg(test)]
mod tests {
    use encoding_rs::EUC_KR;

    use super::*;

    fn check(content: &[u8], expect: Option<&str>) {
        let names = Names::from([("F1".to_owned(), EUC_KR), ("F 2".to_owned(), EUC_KR)]);
        let written = Shown::default().in_unicode(content, &names);
        assert_eq!(written.map(|written| String::from_utf8_lossy(&written).into_owned()).as_deref(), expect);
    }

    #[test]
    fn strings_of_a_national_character_set_are_written_in_utf_16() {
        check(b"BT /F1 10 Tf (\xb0\xa1 A) Tj ET", Some("BT /F1 10 Tf [<AC0000200041>] TJ ET"));
        check(b"/F#202 9 Tf <B0A1 2>Tj", Some("/F#202 9 Tf [<AC000020>] TJ"));
        check(
            b"/F1 9 Tf [(\\260\xa1)-20.5<41>--5 0.-5(b)]TJ",
            Some("/F1 9 Tf [<AC00> -20.5 <0041> --5  0.-5 <0062>] TJ"),
        );
        let nested = "/F1 9 Tf T* [<006100290062002800630029>] TJ [<0064>] TJ";
        check(b"/F1 9 Tf (a\\)\\\nb(c)) ' (d) Tj", Some(nested));
    }

    /// Spacing between words is of codes of one byte only, which there are none of in UTF-16.
    #[test]
    fn spacing_between_words_stands_between_strings() {
        check(b"/F1 10 Tf 2 Tw (a b) Tj", Some("/F1 10 Tf 2 Tw [<00610020> -200 <0062>] TJ"));
        check(b"/F1 10 Tf 1 .5 (a b) \"", Some("/F1 10 Tf 1 Tw 0.5 Tc T* [<00610020> -100 <0062>] TJ"));
        check(b"q /F1 10 Tf 2 Tw Q /F1 10 Tf (a b) Tj", Some("q /F1 10 Tf 2 Tw Q /F1 10 Tf [<006100200062>] TJ"));
    }

    #[test]
    fn all_else_stays_as_it_is() {
        check(b"BT /F3 10 Tf (\xb0\xa1) Tj ET", None);
        check(b"q /F1 10 Tf Q (\xb0\xa1) Tj", None);
        let image = b"/F1 9 Tf BI /W 2 ID (\xb0 Tj EI (a) Tj";
        check(image, Some(&format!("/F1 9 Tf BI /W 2 ID (\u{fffd} Tj EI {}", "[<0061>] TJ")));
        let tagged = b"/F1 9 Tf /Span <</ActualText (x) /A << >> >> BDC (a) Tj EMC % (b) Tj\n0 g";
        let expect = "/F1 9 Tf /Span <</ActualText (x) /A << >> >> BDC [<0061>] TJ EMC % (b) Tj\n0 g";
        check(tagged, Some(expect));
    }

    #[test]
    fn a_form_that_names_no_font_has_the_pages() {
        assert!(inherits_font(b"BT (a) Tj ET /F1 9 Tf"));
        assert!(!inherits_font(b"BT /F1 9 Tf (a) Tj ET") && !inherits_font(b"0 0 m (a) pop S"));
    }

    #[test]
    fn what_is_cut_or_broken_ends() {
        for broken in [&b"/F1 9 Tf (a"[..], b"/F1 9 Tf <61", b"/F1 9 Tf << (", b"/F1 9 Tf BI", b"Q Q ) > ] }", b"(\\"] {
            check(broken, None);
        }
    }
}
