//! Headers that the parser of mails cannot read: in charsets that it does not know, and in bytes over 127, which no standard
//! allows and old programs write. They are put into UTF-8 before it is given the mail.

use encoding_rs::{EUC_KR, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::{Message, MessageParser, MessagePart, PartType};

use super::{bytes_of, charset_of, encoded_word, parameter};
use crate::charset::{Decoded, Guess, contradicted, guess, is_korean_beside, is_western, labelled};

/// A header in UTF-8, and what was guessed for it.
#[derive(Debug, Default)]
pub(super) struct Mended {
    pub(super) text: String,
    pub(super) guess: Option<Guess>,
}

/// A mail with the headers of all its parts readable, and what was guessed for that; `None` where they are.
pub(super) fn mended(mail: &[u8]) -> Option<(Vec<u8>, Option<Guess>)> {
    let message = MessageParser::default().parse(mail)?;
    let is_korean = is_korean(mail, &message);
    let parts = message.parts.iter();
    let mut ranges: Vec<(usize, usize)> =
        parts.map(|part| (part.raw_header_offset() as usize, part.raw_body_offset() as usize)).collect();
    ranges.sort_unstable();
    let (mut out, mut done, mut guessed) = (Vec::new(), 0, None);
    for (start, end) in ranges {
        let Some(headers) = mail.get(start..end).filter(|_| start >= done) else { continue };
        if let Some((mended, guess)) = mended_headers(headers, is_korean) {
            out.extend_from_slice(&mail[done..start]);
            out.extend_from_slice(mended.as_bytes());
            (guessed, done) = (guessed.or(guess), end);
        }
    }
    out.extend_from_slice(&mail[done..]);
    (done > 0).then_some((out, guessed))
}

/// Whether a mail is Korean where it says to be Western: a text of it is, or its headers together. One program writes all of
/// it, and a name of two syllables tells nothing alone.
fn is_korean(mail: &[u8], message: &Message<'_>) -> bool {
    let is_korean = |bytes: &[u8]| contradicted(WINDOWS_1252, bytes) == Some(EUC_KR);
    let names = message.parts.iter().flat_map(|part| {
        let headers = mail.get(part.raw_header_offset() as usize..part.raw_body_offset() as usize).unwrap_or_default();
        fields(headers).filter_map(|field| std::str::from_utf8(field).ok())
    });
    let names: Vec<u8> =
        names.flat_map(|field| [encoded_word::western(field), parameter::western(field)].concat()).collect();
    let is_western_text = |part: &&MessagePart<'_>| {
        matches!(part.body, PartType::Text(_) | PartType::Html(_)) && charset_of(part).as_deref().is_none_or(is_western)
    };
    is_korean(&names)
        || message
            .parts
            .iter()
            .filter(is_western_text)
            .any(|part| bytes_of(mail, part).is_some_and(|text| is_korean(&text)))
}

/// The headers of a part, and what was guessed for them.
fn mended_headers(headers: &[u8], is_korean: bool) -> Option<(String, Option<Guess>)> {
    let foreign: Vec<u8> =
        fields(headers).filter(|field| std::str::from_utf8(field).is_err()).flatten().copied().collect();
    // All of them together tell their encoding better than each does.
    let mut guessed = (!foreign.is_empty()).then(|| guess(&foreign));
    let encoding = guessed.map_or(encoding_rs::UTF_8, |guess| guess.encoding);
    let (mut out, mut is_changed) = (String::with_capacity(headers.len()), guessed.is_some());
    for field in fields(headers) {
        let text = std::str::from_utf8(field).map(str::to_owned);
        let mut text = text.unwrap_or_else(|_| encoding.decode_without_bom_handling(field).0.into_owned());
        for mend in [encoded_word::mended, parameter::mended] {
            if let Some(mended) = mend(&text, is_korean) {
                guessed = guessed.or(mended.guess);
                (text, is_changed) = (mended.text, true);
            }
        }
        out.push_str(&text);
    }
    is_changed.then_some((out, guessed))
}

/// The fields of some headers, each with its line breaks: a line that begins with white space goes on with the one before.
fn fields(headers: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = headers;
    std::iter::from_fn(move || {
        let is_end = |at: &usize| rest[*at] == b'\n' && !matches!(rest.get(*at + 1), Some(b' ' | b'\t'));
        let end = (0..rest.len()).find(is_end).map_or(rest.len(), |at| at + 1);
        let (field, behind) = rest.split_at(end);
        rest = behind;
        (!field.is_empty()).then_some(field)
    })
}

/// Whether the parser reads a charset: UTF-8, which it takes all others for, and those that it has a decoder for; that of
/// ISO-2022-KR gives nothing but replacement characters.
pub(super) fn is_known(charset: &str) -> bool {
    let is = |name: &str| charset.eq_ignore_ascii_case(name);
    is("utf-8") || is("utf8") || !is("iso-2022-kr") && charset_decoder(charset.as_bytes()).is_some()
}

/// What bytes say that are in another charset than they are said to be in; those beside Korean ones, too.
pub(super) fn contradicting(charset: &str, bytes: &[u8], is_korean: bool) -> Option<Decoded> {
    let beside = (is_korean && is_western(charset) && is_korean_beside(bytes)).then_some(EUC_KR);
    let encoding = beside.or_else(|| contradicted(labelled(charset)?, bytes))?;
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(Decoded { text: text.into_owned(), guess: None })
}

/// The bytes of a text in which some stand as a mark and two hexadecimal digits.
pub(super) fn unescaped(text: &str, mark: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        let hex = || u8::from_str_radix(std::str::from_utf8(rest.get(..2)?).ok()?, 16).ok();
        let byte = Some(*first).filter(|first| *first == mark).and_then(|_| hex());
        bytes = if byte.is_some() { &rest[2..] } else { rest };
        out.push(byte.unwrap_or(*first));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_parted_into_fields() {
        let parted: Vec<&[u8]> = fields(b"A: 1\r\n 2\r\nB: 3\n\tc\nD").collect();
        assert_eq!(parted, [&b"A: 1\r\n 2\r\n"[..], b"B: 3\n\tc\n", b"D"]);
    }

    #[test]
    fn escapes_are_bytes() {
        assert_eq!(unescaped("a=B3=EB=2=x=", b'='), b"a\xB3\xEB=2=x=");
    }
}
