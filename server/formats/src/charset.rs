//! The text of bytes whose charset is not declared, or declared wrongly: Korean programs write CP949 without saying so.

use std::borrow::Cow;

use encoding_rs::{EUC_KR, Encoding, REPLACEMENT, UTF_8, WINDOWS_1252};

/// The text of some bytes: by their byte order mark, as UTF-8 where they are, in the charset that they are declared to be in if
/// they can be, as CP949, else as Windows-1252. `None` for bytes that are no text.
pub(crate) fn decode(bytes: &[u8], declared: Option<&str>) -> Option<String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Some(encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned());
    }
    if bytes.contains(&0) {
        return None;
    }
    if bytes.windows(SHIFTED_KOREAN.len()).any(|window| window == SHIFTED_KOREAN) {
        return Some(EUC_KR.decode_without_bom_handling(&unshifted(bytes)).0.into_owned());
    }
    let declared = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    let declared = declared.filter(|encoding| *encoding != REPLACEMENT);
    let candidates = [Some(UTF_8), declared, Some(EUC_KR)].into_iter().flatten();
    let strictly = |encoding: &'static Encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes);
    let lossily = || declared.unwrap_or(WINDOWS_1252).decode_without_bom_handling(bytes).0;
    Some(candidates.filter_map(strictly).next().map_or_else(lossily, Cow::from).into_owned())
}

/// What a text in ISO-2022-KR (RFC 1557) begins with.
const SHIFTED_KOREAN: &[u8] = b"\x1b$)C";

/// EUC-KR of ISO-2022-KR: what stands between SO and SI has its high bits back.
fn unshifted(bytes: &[u8]) -> Vec<u8> {
    let text = bytes.windows(SHIFTED_KOREAN.len()).position(|window| window == SHIFTED_KOREAN);
    let head = text.unwrap_or(0);
    let mut is_shifted = false;
    let mut out = bytes[..head].to_vec();
    for byte in &bytes[(head + SHIFTED_KOREAN.len()).min(bytes.len())..] {
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
    fn bytes_are_read_as_what_they_can_be() {
        let cp949 = EUC_KR.encode("똠방각하 노드").0.into_owned();
        for (bytes, declared, expect) in [
            ("노드".as_bytes(), Some("euc-kr"), Some("노드")),
            (&cp949, None, Some("똠방각하 노드")),
            (&cp949, Some("utf-8"), Some("똠방각하 노드")),
            (&cp949, Some("ks_c_5601-1987"), Some("똠방각하 노드")),
            (b"caf\xe9", Some("iso-8859-1"), Some("café")),
            (b"caf\xe9", None, Some("café")),
            (b"\xff\xfeA\0B\0", None, Some("AB")),
            (b"\xef\xbb\xbfA", None, Some("A")),
            (b"\x1b$)CHi \x0e3k5e\x0f!", Some("iso-2022-kr"), Some("Hi 노드!")),
            (b"A\0", None, None),
            (b"", None, Some("")),
        ] {
            assert_eq!(decode(bytes, declared).as_deref(), expect, "{bytes:?} {declared:?}");
        }
    }
}
