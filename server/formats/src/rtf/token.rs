//! Splits a RTF file into groups, control words, and bytes of text.

/// A piece of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A group begins.
    Open,
    /// A group ends.
    Close,
    /// A control word with its number.
    Word(&'a str, Option<i32>),
    /// A control sign: `\~`, `\*`.
    Sign(u8),
    /// A byte of text, in the encoding of the moment.
    Byte(u8),
}

/// The tokens of a file.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens of some bytes.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let first = *self.bytes.get(self.at)?;
        if first == b'\'' {
            let hex = self.bytes.get(self.at + 1..self.at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
            let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            self.at += if byte.is_some() { 3 } else { 1 };
            return byte.map(Token::Byte).or(Some(Token::Sign(b'\'')));
        }
        if !first.is_ascii_alphabetic() {
            self.at += 1;
            return Some(Token::Sign(first));
        }
        let word = self.take(|byte| byte.is_ascii_alphabetic());
        let negative = self.bytes.get(self.at) == Some(&b'-');
        let digits_at = self.at + usize::from(negative);
        let mut number = None;
        if self.bytes.get(digits_at).is_some_and(u8::is_ascii_digit) {
            self.at = digits_at;
            let digits = self.take(|byte| byte.is_ascii_digit());
            let value: i32 = digits.parse().unwrap_or(i32::MAX);
            number = Some(if negative { -value } else { value });
        }
        if self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        if word == "bin" {
            let count = number.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
            self.at = self.at.saturating_add(count).min(self.bytes.len());
        }
        Some(Token::Word(word, number))
    }

    fn take(&mut self, is_part: impl Fn(&u8) -> bool) -> &'a str {
        let length = self.bytes[self.at..].iter().take_while(|byte| is_part(byte)).count();
        let part = &self.bytes[self.at..self.at + length];
        self.at += length;
        // Only letters and digits of ASCII are taken.
        std::str::from_utf8(part).unwrap_or_default()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            return Some(match byte {
                b'{' => Token::Open,
                b'}' => Token::Close,
                b'\\' => self.control()?,
                b'\r' | b'\n' | 0 => continue,
                byte => Token::Byte(byte),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_split() {
        let check = |text: &[u8], expect: &[Token<'_>]| assert_eq!(Tokens::of(text).collect::<Vec<_>>(), expect);
        check(b"{\\b0 a}", &[Token::Open, Token::Word("b", Some(0)), Token::Byte(b'a'), Token::Close]);
        check(b"\\u-10 ?", &[Token::Word("u", Some(-10)), Token::Byte(b'?')]);
        check(b"\\'b0\\~\r\n", &[Token::Byte(0xB0), Token::Sign(b'~')]);
        check(b"\\'zz", &[Token::Sign(b'\''), Token::Byte(b'z'), Token::Byte(b'z')]);
        check(b"\\bin3 {{{a", &[Token::Word("bin", Some(3)), Token::Byte(b'a')]);
        check(b"\\bin99999999999 x", &[Token::Word("bin", Some(i32::MAX))]);
        check(b"\\u99999999999", &[Token::Word("u", Some(i32::MAX))]);
        check(b"\\", &[]);
    }
}
