//! Encoded words (RFC 2047) in ISO-2022-KR, which the parser of mails does not have.

use mail_parser::decoders::base64::base64_decode;

use crate::charset::decode;

/// A header with encoded words, decoded; `None` where none of them is in ISO-2022-KR.
pub(super) fn korean(header: &str) -> Option<String> {
    if !header.to_ascii_lowercase().contains("=?iso-2022-kr?") {
        return None;
    }
    let mut out = String::with_capacity(header.len());
    let mut rest = header;
    let mut after_word = false;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let Some((word, behind)) = word(from) else {
            out.push_str(before);
            out.push_str("=?");
            (rest, after_word) = (&from[2..], false);
            continue;
        };
        // White space between two encoded words is not shown.
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&word);
        (rest, after_word) = (behind, true);
    }
    out.push_str(rest);
    Some(out)
}

/// The word that a text begins with, `=?charset?encoding?text?=`, and what stands behind it.
fn word(text: &str) -> Option<(String, &str)> {
    let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (encoded, behind) = rest.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => base64_decode(encoded.as_bytes())?,
        "Q" | "q" => quoted(encoded),
        _ => return None,
    };
    // The language behind a star says nothing about the bytes (RFC 2231).
    let charset = charset.split('*').next()?;
    Some((decode(&bytes, Some(charset))?, behind))
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        let hex = || u8::from_str_radix(std::str::from_utf8(rest.get(..2)?).ok()?, 16).ok();
        (bytes, _) = match (*first, hex()) {
            (b'=', Some(byte)) => (&rest[2..], out.push(byte)),
            (b'_', _) => (rest, out.push(b' ')),
            (byte, _) => (rest, out.push(byte)),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_iso_2022_kr_are_decoded() {
        let check = |header: &str, expect: Option<&str>| assert_eq!(korean(header).as_deref(), expect, "{header}");
        check("=?ISO-2022-KR?B?GyQpQw4zazVlDw==?=", Some("노드"));
        check("Re: =?ISO-2022-KR?Q?=1B$)C=0E3k5e=0F?= 3", Some("Re: 노드 3"));
        check("=?iso-2022-kr?Q?=1B$)C=0E3k=0F?=\r\n =?utf-8?Q?_=EB=93=9C?= <a@b.kr>", Some("노 드 <a@b.kr>"));
        check("=?utf-8?Q?a?=", None);
        check("=?iso-2022-kr?Q?=1B$)C=0E3k5e=0F", Some("=?iso-2022-kr?Q?=1B$)C=0E3k5e=0F"));
    }
}
