//! Mails that end in the middle.

use std::collections::HashSet;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::{Encoding, MessageParser, MimeHeaders, PartType};

/// A mail of several parts of which the last has no end, with the ends that it lacks (RFC 2046, 5.1.1); `None` for one that
/// is whole.
pub(super) fn closed(bytes: &[u8]) -> Option<Vec<u8>> {
    let message = MessageParser::default().parse(bytes)?;
    let boundaries = message.parts.iter().filter(|part| matches!(part.body, PartType::Multipart(_)));
    let boundaries = boundaries.filter_map(|part| part.content_type()?.attribute("boundary"));
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let ends: HashSet<&[u8]> = lines.filter(|line| line.starts_with(b"--") && line.ends_with(b"--")).collect();
    let mut all = bytes.to_vec();
    let before = all.len();
    // The inner ones come later, and end first.
    for boundary in boundaries.collect::<Vec<_>>().into_iter().rev() {
        let end = format!("--{boundary}--");
        if !ends.contains(end.as_bytes()) {
            all.extend_from_slice(format!("\r\n{end}\r\n").as_bytes());
        }
    }
    (all.len() > before).then_some(all)
}

/// Whether a mail of a single part ends inside of a code: of a group of four characters of Base64, of a character that these
/// stand for, or of an escape of Quoted-Printable.
pub(super) fn ends_in_code(bytes: &[u8]) -> bool {
    let Some(message) = MessageParser::default().parse(bytes) else { return false };
    let Some(part) = message.parts.first().filter(|_| message.parts.len() == 1) else { return false };
    let Some(raw) = bytes.get(part.raw_body_offset() as usize..) else { return false };
    match part.encoding {
        Encoding::None => false,
        Encoding::Base64 => {
            let charset = part.content_type().and_then(|kind| kind.attribute("charset"));
            let is_utf8 = charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"));
            let is_text = matches!(part.body, PartType::Text(_) | PartType::Html(_)) && is_utf8;
            let has_half = || base64_decode(raw).is_some_and(|bytes| half_character(&bytes).is_some());
            raw.iter().filter(|byte| is_base64(**byte)).count() % 4 != 0 || is_text && has_half()
        }
        Encoding::QuotedPrintable => raw.trim_ascii_end().iter().rev().take(2).any(|byte| *byte == b'='),
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Where the bytes of a character begin that lacks its end, in a text that is UTF-8 up to there.
fn half_character(bytes: &[u8]) -> Option<usize> {
    let error = std::str::from_utf8(bytes).err()?;
    error.error_len().is_none().then_some(error.valid_up_to())
}

/// A text without the character that it ends in the middle of.
pub(super) fn without_half_character(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = half_character(&bytes) {
        bytes.truncate(end);
    }
    bytes
}
