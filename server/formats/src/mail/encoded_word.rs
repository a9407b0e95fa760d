//! Encoded words (RFC 2047) that the parser of mails cannot read: in charsets that it does not know, as Java and Outlook name
//! CP949, and parted in the middle of a character.

use encoding_rs::Encoding;
use mail_parser::decoders::base64::base64_decode;

use super::headers::{Mended, contradicting, is_known, unescaped};
use crate::charset::{Decoded, decode_told, is_western, labelled};

/// A header in which such words are in UTF-8; `None` where there are none. `is_korean`: whether the mail is, whatever it says.
pub(super) fn mended(header: &str, is_korean: bool) -> Option<Mended> {
    let mut mended = Mended::default();
    let (mut rest, mut is_changed) = (header, false);
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        mended.text.push_str(before);
        let run = Run::at(from);
        let (raw, behind) = from.split_at(run.length.max("=?".len()));
        rest = behind;
        match run.decoded(is_korean) {
            Some(Decoded { text, guess }) => {
                mended.text.push_str(&in_utf8(&text));
                mended.guess = mended.guess.or(guess);
                is_changed = true;
            }
            None => mended.text.push_str(raw),
        }
    }
    mended.text.push_str(rest);
    is_changed.then_some(mended)
}

/// What the words of a header say that are said to be Western, apart from each other.
pub(super) fn western(header: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), header);
    while let Some(at) = rest.find("=?") {
        let run = Run::at(&rest[at..]);
        if is_western(run.charset) {
            out.extend(run.words.concat());
            out.push(b'\n');
        }
        rest = &rest[at + run.length.max("=?".len())..];
    }
    out
}

/// A word in UTF-8 that says a text.
fn in_utf8(text: &str) -> String {
    let escapes: String = text.bytes().map(|byte| format!("={byte:02X}")).collect();
    format!("=?utf-8?Q?{escapes}?=")
}

/// Words in one charset with nothing but white space between them, which is not shown.
#[derive(Default)]
struct Run<'h> {
    charset: &'h str,
    words: Vec<Vec<u8>>,
    /// How many bytes of the header it takes.
    length: usize,
}

impl<'h> Run<'h> {
    /// The words that a text begins with.
    fn at(text: &'h str) -> Self {
        let mut run = Self::default();
        let mut rest = text;
        while let Some((charset, bytes, behind)) = word(rest) {
            if !run.words.is_empty() && !charset.eq_ignore_ascii_case(run.charset) {
                break;
            }
            (run.charset, run.length) = (charset, text.len() - behind.len());
            run.words.push(bytes);
            rest = behind.trim_start();
        }
        run
    }

    /// What they say, where the parser would not read them or they are in another charset than they say.
    fn decoded(&self, is_korean: bool) -> Option<Decoded> {
        let bytes = self.words.concat();
        if let Some(decoded) = contradicting(self.charset, &bytes, is_korean) {
            return Some(decoded);
        }
        let is_mended = !self.words.is_empty() && (!is_known(self.charset) || self.is_parted());
        if is_mended { decode_told(&bytes, Some(self.charset)) } else { None }
    }

    /// Whether a character begins in one word and ends in the next, which the standard forbids.
    fn is_parted(&self) -> bool {
        let is_whole = |encoding: &'static Encoding, bytes: &[u8]| {
            encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some()
        };
        labelled(self.charset).is_some_and(|encoding| {
            self.words.iter().any(|word| !is_whole(encoding, word)) && is_whole(encoding, &self.words.concat())
        })
    }
}

/// The word that a text begins with, `=?charset?encoding?text?=`: its charset, its bytes and what stands behind it.
fn word(text: &str) -> Option<(&str, Vec<u8>, &str)> {
    let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (encoded, behind) = rest.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => base64_decode(encoded.as_bytes())?,
        "Q" | "q" => unescaped(&encoded.replace('_', " "), b'='),
        _ => return None,
    };
    // The language behind a star says nothing about the bytes (RFC 2231).
    Some((charset.split('*').next()?, bytes, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the parser makes of a header as it is mended.
    fn check(header: &str, expect: &str) {
        let mended = mended(header, false).unwrap_or_else(|| panic!("{header} stays as it is"));
        let mail = format!("Subject: {}\r\n\r\n", mended.text);
        let read = mail_parser::MessageParser::default().parse(mail.as_bytes()).expect("a mail");
        assert_eq!(read.subject(), Some(expect), "{header}");
    }

    /// Each was a row of replacement characters.
    #[test]
    fn words_in_charsets_that_the_parser_lacks_are_mended() {
        check("=?ISO-2022-KR?B?GyQpQw4zazVlDw==?=", "노드");
        check("Re: =?ISO-2022-KR?Q?=1B$)C=0E3k5e=0F?= 3", "Re: 노드 3");
        check("=?iso-2022-kr?Q?=1B$)C=0E3k=0F?=\r\n =?utf-8?Q?_=EB=93=9C?= a", "노 드 a");
        check("Re: =?x-windows-949?B?s+u15Q==?= =?X-Windows-949*ko?q?_=B3=EB?= 3", "Re: 노드 노 3");
        check("=?MS949?Q?=B3=EB=B5=E5?= =?cp949?Q?=B3=EB?=", "노드노");
        check("=?UHC?Q?=8C=63?=", "똠");
        check("=?x-unknown?Q?=B3=EB=B5=E5=B0=A1_=B8=D8=C3=DF=B8=E9?=", "노드가 멈추면");
    }

    /// The title stood as `ÇÏ°è` above a body that was right.
    #[test]
    fn korean_words_under_another_name_are_mended() {
        check("=?iso-8859-1?B?x8+w6CDI3rChIL7Is7s=?=", "하계 휴가 안내");
        check("=?us-ascii?Q?=C7=CF=B0=E8_=C8=DE=B0=A1_=BE=C8=B3=BB?=", "하계 휴가 안내");
    }

    /// A name of two syllables stood as `¿Á¼ø`; what stands beside it tells.
    #[test]
    fn names_of_korean_mails_are_korean() {
        let check = |header: &str, expect: Option<&str>| {
            assert_eq!(mended(header, false).map(|mended| mended.text), None, "{header}");
            assert_eq!(mended(header, true).map(|mended| mended.text).as_deref(), expect, "{header}");
        };
        check("=?iso-8859-1?Q?=BF=C1=BC=F8?= <a@example.com>", Some("=?utf-8?Q?=EC=98=A5=EC=88=9C?= <a@example.com>"));
        check("=?iso-8859-1?Q?Jos=E9?=", None);
        check("=?iso-8859-1?Q?=C5ngstr=F6m?=", None);
        assert_eq!(western("a =?iso-8859-1?Q?=C0=CC?= =?us-ascii?Q?=BB?= =?euc-kr?Q?=B0=A1?="), b"\xC0\xCC\n\xBB\n");
    }

    /// Each half was a replacement character.
    #[test]
    fn a_character_that_two_words_share_is_whole() {
        check("=?euc-kr?Q?=B3=EB=B5?=\r\n =?euc-kr?Q?=E5=B0=A1?=", "노드가");
        check("=?utf-8?Q?=EB=85?= =?UTF-8?Q?=B8?= !", "노 !");
    }

    #[test]
    fn words_that_the_parser_reads_stay_as_they_are() {
        for header in [
            "=?utf-8?Q?a?= =?utf-8?Q?b?=",
            "=?ks_c_5601-1987?B?s+u15Q==?=",
            "=?iso-2022-kr?Q?=1B$)C=0E3k5e=0F",
            "=?cp949?Q?=B3=EB",
            "=?cp949?X?a?=",
            "=?utf-7?Q?+AGE-?=",
            "1 =? 2",
            "",
        ] {
            assert!(mended(header, false).is_none(), "{header}");
        }
    }
}
