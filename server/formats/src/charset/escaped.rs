//! Text that shifts between ASCII and two bytes a character by escapes, all of it in bytes of ASCII: ISO-2022-KR (RFC 1557) and
//! ISO-2022-JP (RFC 1468), which old mail programs write.

use encoding_rs::{EUC_KR, ISO_2022_JP};

/// What a text in ISO-2022-KR begins with.
const KOREAN: &[u8] = b"\x1b$)C";
/// How text in ISO-2022-JP shifts to kanji, by the standard of 1978 and by that of 1983.
const JAPANESE: [&[u8]; 2] = [b"\x1b$@", b"\x1b$B"];

/// The text of bytes that shift by escapes, and the name of their encoding; `None` for others.
pub fn escaped(bytes: &[u8]) -> Option<(String, &'static str)> {
    let holds = |escape: &[u8]| bytes.windows(escape.len()).any(|window| window == escape);
    if !bytes.contains(&0x1b) {
        return None;
    }
    if holds(KOREAN) {
        return Some((EUC_KR.decode_without_bom_handling(&unshifted(bytes)).0.into_owned(), "ISO-2022-KR"));
    }
    let japanese = || ISO_2022_JP.decode_without_bom_handling_and_without_replacement(bytes);
    JAPANESE.into_iter().any(holds).then(japanese).flatten().map(|text| (text.into_owned(), ISO_2022_JP.name()))
}

/// EUC-KR of ISO-2022-KR: what stands between SO and SI has its high bits back.
fn unshifted(bytes: &[u8]) -> Vec<u8> {
    let text = bytes.windows(KOREAN.len()).position(|window| window == KOREAN);
    let head = text.unwrap_or(0);
    let mut is_shifted = false;
    let mut out = bytes[..head].to_vec();
    for byte in &bytes[(head + KOREAN.len()).min(bytes.len())..] {
        match byte {
            0x0e => is_shifted = true,
            0x0f => is_shifted = false,
            byte if is_shifted && *byte > 0x20 => out.push(byte | 0x80),
            byte => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifted_text_is_read() {
        let check = |bytes: &[u8], expect: Option<&str>| {
            assert_eq!(escaped(bytes).map(|(text, _)| text).as_deref(), expect, "{bytes:?}");
        };
        check(b"\x1b$)CHi \x0e3k5e\x0f!", Some("Hi 노드!"));
        check(&ISO_2022_JP.encode("サーバーを再起動する。OK").0, Some("サーバーを再起動する。OK"));
        check(b"\x1b[31mred\x1b[0m", None);
        check(b"\x1b$B\x7f", None);
        check(b"plain", None);
    }
}
