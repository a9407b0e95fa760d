//! From bytes to text: byte order marks, UTF-8, a declared charset, then detection (EUC-KR and CP949 among others).
//! Valid UTF-8 wins over whatever a page declares. What comes out is NFC with `\n` line breaks.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use ragops_formats::charset::{Certainty, Guess, contradicted, escaped, guess, is_damaged_utf8, labelled};

use crate::document::{Finding, FindingCode};
use crate::text::nfc;

/// Text with what was known about its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// NFC, `\n` line breaks, no byte order mark.
    pub text: String,
    /// The encoding's name (`UTF-8`, `EUC-KR`, ...).
    pub encoding: &'static str,
    /// How many characters stand for bytes that are not valid in the encoding.
    pub replaced: usize,
    /// Whether the encoding was guessed by next to nothing.
    pub is_weak_guess: bool,
}

/// The file is not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotText;

/// Decodes a whole file. `declared` is the charset a page names for itself; it is only a hint.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> Result<Decoded, NotText> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Ok(decode_as(&bytes[mark..], encoding));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return match escaped(bytes) {
            _ if text.contains('\0') => wide(bytes).ok_or(NotText),
            Some((text, encoding)) => Ok(Decoded { encoding, ..clean(&text, UTF_8, 0) }),
            None => Ok(clean(text, UTF_8, 0)),
        };
    }
    if bytes.contains(&0) {
        return wide(bytes).ok_or(NotText);
    }
    if is_damaged_utf8(bytes) {
        return Ok(decode_as(bytes, UTF_8));
    }
    let declared = declared.and_then(labelled);
    if let Some(encoding) = declared.filter(|encoding| *encoding != UTF_8) {
        let decoded = decode_as(bytes, contradicted(encoding, bytes).unwrap_or(encoding));
        if decoded.replaced == 0 {
            return Ok(decoded);
        }
    }
    let Guess { encoding, certainty } = guess(bytes);
    Ok(Decoded { is_weak_guess: certainty == Certainty::Weak, ..decode_as(bytes, encoding) })
}

/// What to do about an encoding that was guessed.
pub(super) const SAVE_AS_UTF8: &str = "check its letters and signs, and save it as UTF-8";

/// [`decode`] for a reader: findings for what is not text, had bytes replaced or was read in an encoding that is a guess.
pub fn decode_file(path: &str, bytes: &[u8], declared: Option<&str>) -> Result<(String, Option<Finding>), Finding> {
    let decoded = decode(bytes, declared).map_err(|NotText| {
        Finding::new(
            FindingCode::BinaryContent,
            path,
            "holds NUL bytes: it is not text",
            "exclude it from the source, or save it as UTF-8 text",
        )
    })?;
    let finding = match &decoded {
        Decoded { replaced: 0, is_weak_guess: false, .. } => None,
        Decoded { replaced: 0, encoding, .. } => {
            let detail =
                format!("it does not say its encoding and has little to tell it by; it was read as {encoding}");
            Some(Finding::new(FindingCode::GuessedEncoding, path, detail, SAVE_AS_UTF8))
        }
        Decoded { replaced, encoding, .. } => {
            let detail = format!("{replaced} characters are not valid {encoding} and were replaced");
            Some(Finding::new(FindingCode::InvalidBytes, path, detail, "save it as UTF-8"))
        }
    };
    Ok((decoded.text, finding))
}

/// Whether the first kilobytes hold NUL bytes that are not those of UTF-16 text.
pub fn looks_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(8192)];
    head.contains(&0) && Encoding::for_bom(bytes).is_none() && wide(&head[..head.len() & !1]).is_none()
}

fn decode_as(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    let replaced = if had_errors { text.chars().filter(|c| *c == '\u{FFFD}').count() } else { 0 };
    clean(&text, encoding, replaced)
}

fn clean(text: &str, encoding: &'static Encoding, replaced: usize) -> Decoded {
    let mut text = nfc(text).into_owned();
    if text.contains('\r') {
        text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    if text.contains(['\0', '\u{FEFF}']) {
        text.retain(|c| c != '\0' && c != '\u{FEFF}');
    }
    Decoded { text, encoding: encoding.name(), replaced, is_weak_guess: false }
}

/// UTF-16 without a byte order mark: all NUL bytes on one side of the pairs, and nearly all of it letters, digits, white
/// space and punctuation. Han does not count: any two ASCII bytes make one.
fn wide(bytes: &[u8]) -> Option<Decoded> {
    if bytes.len() < 8 || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let zeros_at = |side: usize| bytes.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let encoding = match (zeros_at(0), zeros_at(1)) {
        (0, _) => UTF_16LE,
        (_, 0) => UTF_16BE,
        _ => return None,
    };
    let decoded = decode_as(bytes, encoding);
    let is_han = |c: char| ('\u{3400}'..='\u{9FFF}').contains(&c) || c >= '\u{10000}';
    let is_text = |c: char| (c.is_alphanumeric() && !is_han(c)) || c.is_whitespace() || c.is_ascii_punctuation();
    let (all, good) = decoded.text.chars().fold((0, 0), |(all, good), c| (all + 1, good + usize::from(is_text(c))));
    (decoded.replaced == 0 && good * 10 >= all * 9).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENTENCE: &str = "데이터베이스 연결이 끊어지면 재시작한다. 장애 보고서를 작성하고 담당자에게 알린다.";

    fn euc_kr(text: &str) -> Vec<u8> {
        encoding_rs::EUC_KR.encode(text).0.into_owned()
    }

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn encodings_are_recognised() {
        let check = |bytes: &[u8], declared: Option<&str>, text: &str, encoding: &str| {
            let decoded = decode(bytes, declared).unwrap();
            assert_eq!((decoded.text.as_str(), decoded.encoding, decoded.replaced), (text, encoding, 0));
        };
        check(SENTENCE.as_bytes(), None, SENTENCE, "UTF-8");
        check(SENTENCE.as_bytes(), Some("iso-8859-1"), SENTENCE, "UTF-8");
        check(format!("\u{feff}{SENTENCE}").as_bytes(), None, SENTENCE, "UTF-8");
        check(&euc_kr(SENTENCE), None, SENTENCE, "EUC-KR");
        check(&euc_kr(SENTENCE), Some("iso-8859-1"), SENTENCE, "EUC-KR");
        check(&euc_kr(SENTENCE), Some("euc-kr"), SENTENCE, "EUC-KR");
        // `똠` and `펲` exist in CP949 only.
        check(&euc_kr("똠방각하 펲시콜라를 주문한다"), None, "똠방각하 펲시콜라를 주문한다", "EUC-KR");
        check(&[b"\xff\xfe".to_vec(), utf16(SENTENCE, u16::to_le_bytes)].concat(), None, SENTENCE, "UTF-16LE");
        check(&[b"\xfe\xff".to_vec(), utf16(SENTENCE, u16::to_be_bytes)].concat(), None, SENTENCE, "UTF-16BE");
        check(&utf16("plain words", u16::to_le_bytes), None, "plain words", "UTF-16LE");
        check(&euc_kr("똠방각하"), Some("x-windows-949"), "똠방각하", "EUC-KR");
        check(b"\x83\x54\x81\x5B\x83\x6F", Some("MS932"), "サーバ", "Shift_JIS");
        check(b"\x1b$B%5!<%P\x1b(B OK", Some("iso-2022-jp"), "サーバ OK", "ISO-2022-JP");
        check(b"caf\xe9 cr\xe8me br\xfbl\xe9e", Some("windows-1252"), "café crème brûlée", "windows-1252");
    }

    #[test]
    fn text_is_stored_in_nfc_with_plain_line_breaks() {
        let decoded = decode("\u{1112}\u{1161}\u{11AB}\r\n글\r끝".as_bytes(), None).unwrap();
        assert_eq!(decoded.text, "한\n글\n끝");
    }

    #[test]
    fn invalid_bytes_are_replaced_and_counted() {
        let mut bytes = SENTENCE.as_bytes().to_vec();
        bytes.insert(0, 0xff);
        let (text, finding) = decode_file("a.txt", &bytes, None).unwrap();
        assert_eq!(text, format!("\u{FFFD}{SENTENCE}"));
        let finding = finding.unwrap();
        assert_eq!(finding.code, FindingCode::InvalidBytes);
        assert!(finding.detail.starts_with("1 characters"), "{finding}");
    }

    #[test]
    fn an_encoding_that_is_a_guess_is_told() {
        let (text, finding) = decode_file("a.csv", b"Item,Price\r\nMug,\xA35\r\n", None).unwrap();
        assert_eq!(text, "Item,Price\nMug,£5\n");
        let finding = finding.unwrap();
        assert_eq!(finding.code, FindingCode::GuessedEncoding);
        assert!(finding.detail.ends_with("as windows-1252") && finding.advice.contains("UTF-8"), "{finding}");
        assert_eq!(decode_file("a.txt", &euc_kr(SENTENCE), None).unwrap().1, None);
        // Chinese was read as Korean; two words of it are no more than a guess.
        let chinese = |text: &str| decode_file("a.txt", &encoding_rs::GBK.encode(text).0, None).unwrap();
        assert_eq!(chinese("重启网关之前请备份配置文件。"), ("重启网关之前请备份配置文件。".to_owned(), None));
        let (text, finding) = chinese("网关");
        assert_eq!((text.as_str(), finding.map(|finding| finding.code)), ("网关", Some(FindingCode::GuessedEncoding)));
        assert_eq!(decode_file("a.html", b"Mug \xA35", Some("windows-1252")).unwrap().1, None);
    }

    #[test]
    fn nul_bytes_are_not_text() {
        for bytes in [b"\x00\x01\x02\x03".as_slice(), b"abc\0def", b"\x7fELF\0\0\0\0\xff\xfe\0\0"] {
            assert_eq!(decode(bytes, None), Err(NotText));
            assert!(looks_binary(bytes));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(decoded) = decode(&bytes, Some("euc-kr")) {
                prop_assert!(nfc(&decoded.text) == decoded.text);
                prop_assert!(!decoded.text.contains('\r'));
            }
        }

        #[test]
        fn korean_survives_euc_kr(words in proptest::collection::vec("[가나다라마바사아자차카타파하]{2,5}", 5..30)) {
            let text = words.join(" ");
            prop_assert_eq!(decode(&euc_kr(&text), Some("euc-kr")).unwrap().text, text);
        }
    }
}
