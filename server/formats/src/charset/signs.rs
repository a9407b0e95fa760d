//! Signs of Windows-1252 that are letters in other encodings: `£` is `Ł` in Windows-1250. Where such a byte stands tells which:
//! a pound sign stands before a number, a letter in a word.

/// Bytes that are a letter in an encoding of other Latin letters: signs only where no letter stands beside them.
const LETTERS_ELSEWHERE: &[u8] = b"\xA1\xA3\xA5\xA6\xA9\xAA\xAC\xAE\xAF\xB1\xB3\xB5\xB6\xB9\xBA\xBB\xBC\xBD\xBE\xBF";

/// Bytes that are signs everywhere: punctuation, currency, degrees, sections, dots.
const SIGNS: &[u8] =
    b"\x80\x82\x84\x85\x86\x87\x89\x8B\x91\x92\x93\x94\x95\x96\x97\x99\x9B\xA0\xA2\xA4\xA7\xA8\xAB\xAD\xB0\
    \xB2\xB4\xB7\xB8\xD7\xF7";

/// Punctuation, which stands beside other signs and within words: quotes, dashes, dots, hard spaces.
const PUNCTUATION: &[u8] = b"\x82\x84\x85\x8B\x91\x92\x93\x94\x96\x97\x9B\xA0\xAB\xAD\xBB";

/// The bytes with a space for each that is a sign of Windows-1252 where it stands. Signs that follow each other are none: so
/// looks text in two bytes a character.
pub(super) fn without_signs(bytes: &[u8]) -> Vec<u8> {
    let is_sign = |at: usize| {
        let (before, after) = (at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at + 1));
        Neighbours { byte: bytes[at], before, after, rest: &bytes[at + 1..] }.make_a_sign()
    };
    (0..bytes.len()).map(|at| if is_sign(at) { b' ' } else { bytes[at] }).collect()
}

/// A byte and what stands beside it.
struct Neighbours<'b> {
    byte: u8,
    before: Option<&'b u8>,
    after: Option<&'b u8>,
    rest: &'b [u8],
}

impl Neighbours<'_> {
    fn make_a_sign(&self) -> bool {
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
        let is_foreign = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii() && !PUNCTUATION.contains(byte));
        let is_punctuation = PUNCTUATION.contains(&self.byte);
        if is_foreign(self.before) || is_foreign(self.after) {
            // A quote stands beside a letter of any kind, but not between two.
            return is_punctuation && is_foreign(self.before) != is_foreign(self.after) && self.is_at_an_edge();
        }
        let (before, after) = (is_letter(self.before), is_letter(self.after));
        if LETTERS_ELSEWHERE.contains(&self.byte) {
            return !before && (!after || self.is_unit());
        }
        SIGNS.contains(&self.byte) && (is_punctuation || !(before && after))
    }

    fn is_at_an_edge(&self) -> bool {
        let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
        !(is_word(self.before) && is_word(self.after))
    }

    /// Whether a number stands before it or it is the `µ` of a unit, and what follows is no word: `½kg`, `3 µm`.
    fn is_unit(&self) -> bool {
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let goes_on = self.rest.get(letters).is_some_and(|byte| !byte.is_ascii());
        let is_told = self.before.is_some_and(u8::is_ascii_digit) || self.byte == 0xB5;
        is_told && letters <= 2 && !goes_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_told_from_letters_by_where_they_stand() {
        let check = |bytes: &[u8], expect: &[u8]| assert_eq!(without_signs(bytes), expect, "{bytes:?}");
        check(b"Mug,\xA35", b"Mug, 5");
        check(b"\xA3adny", b"\xA3adny");
        check(b"Limit \xB0C, 45\xB0", b"Limit  C, 45 ");
        check(b"3 \xB5m \xB5adno", b"3  m \xB5adno");
        check(b"\xBDkg 1\xBDkg", b"\xBDkg 1 kg");
        check(b"\x93Quotes\x94\x85 it\x92s", b" Quotes   it s");
        check(b"by\xB3o \xBFe", b"by\xB3o \xBFe");
        check(b"\x93\xC4rger\x94 caf\xE9\x94", b" \xC4rger  caf\xE9 ");
        // Two syllables of Hangul.
        check(b" \xB3\xEB\xB5\xE5 \xB0\xA1 ", b" \xB3\xEB\xB5\xE5 \xB0\xA1 ");
    }
}
