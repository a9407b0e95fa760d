//! Parameters of headers (RFC 2231), as the names of attachments, in charsets that the parser of mails does not know, or in
//! several sections of which only the first names the charset.

use super::headers::{Mended, contradicting, is_known, unescaped};
use crate::charset::{Decoded, decode_told, is_western};

/// A header in which such parameters are in UTF-8; `None` where there are none. `is_korean`: whether the mail is, whatever it
/// says.
pub(super) fn mended(header: &str, is_korean: bool) -> Option<Mended> {
    if !header.contains("*=") {
        return None;
    }
    let sections: Vec<Option<Section<'_>>> = header.split(';').map(Section::of).collect();
    let of_name =
        |name: &str| sections.iter().flatten().filter(|other| other.name.eq_ignore_ascii_case(name)).collect();
    let (mut mended, mut parts, mut is_changed) = (Mended::default(), Vec::new(), false);
    for (part, section) in header.split(';').zip(&sections) {
        let value = section.as_ref().and_then(|section| Some((section, decoded(of_name(section.name), is_korean)?)));
        let Some((section, Decoded { text, guess })) = value else {
            parts.push(part.to_owned());
            continue;
        };
        is_changed = true;
        if section.number == 0 {
            let escapes: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            parts.push(format!(" {}*=utf-8''{escapes}", section.name));
            mended.guess = mended.guess.or(guess);
        }
    }
    let end = &header[header.trim_end().len()..];
    mended.text = parts.join(";").trim_end().to_owned() + end;
    is_changed.then_some(mended)
}

/// A section of a parameter, `name*0*=value`.
struct Section<'h> {
    name: &'h str,
    number: usize,
    is_encoded: bool,
    value: &'h str,
}

impl<'h> Section<'h> {
    fn of(part: &'h str) -> Option<Self> {
        let (key, value) = part.trim().split_once('=')?;
        let (name, number) = key.trim().split_once('*')?;
        let (number, is_encoded) = match number {
            "" => ("0", true),
            number => number.strip_suffix('*').map_or((number, false), |number| (number, true)),
        };
        let value = value.trim().trim_matches('"');
        Some(Self { name, number: number.parse().ok()?, is_encoded, value })
    }
}

/// What the sections of a parameter say together, where the parser would not read them or they are in another charset than
/// they say.
fn decoded(sections: Vec<&Section<'_>>, is_korean: bool) -> Option<Decoded> {
    let is_parted = sections.len() > 1;
    let (charset, bytes) = joined(sections)?;
    if let Some(decoded) = contradicting(charset, &bytes, is_korean) {
        return Some(decoded);
    }
    if !is_parted && is_known(charset) {
        return None;
    }
    decode_told(&bytes, Some(charset).filter(|charset| !charset.is_empty()))
}

/// The charset and the bytes of a parameter's sections.
fn joined<'h>(mut sections: Vec<&Section<'h>>) -> Option<(&'h str, Vec<u8>)> {
    sections.sort_by_key(|section| section.number);
    let first = sections.first().filter(|section| section.number == 0 && section.is_encoded)?;
    let mut parts = first.value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    let mut bytes = unescaped(text, b'%');
    for section in &sections[1..] {
        match section.is_encoded {
            true => bytes.extend(unescaped(section.value, b'%')),
            false => bytes.extend(section.value.bytes()),
        }
    }
    Some((charset, bytes))
}

/// What parameters say that are said to be Western.
pub(super) fn western(header: &str) -> Vec<u8> {
    if !header.contains("*=") {
        return Vec::new();
    }
    let first = header.split(';').filter_map(Section::of).filter(|section| section.number == 0);
    let western = first.filter_map(|section| joined(vec![&section])).filter(|(charset, _)| is_western(charset));
    western.flat_map(|(_, bytes)| [bytes, b"\n".to_vec()].concat()).collect()
}

#[cfg(test)]
mod tests {
    use mail_parser::MimeHeaders;

    use super::*;

    fn check(header: &str, expect: &str) {
        let mended = mended(header, false).unwrap_or_else(|| panic!("{header} stays as it is"));
        let mail = format!("From: a@example.com\r\nContent-Disposition: {}\r\nSubject: x\r\n\r\n", mended.text);
        let read = mail_parser::MessageParser::default().parse(mail.as_bytes()).expect("a mail");
        assert_eq!(read.parts[0].attachment_name(), Some(expect), "{}", mended.text);
        assert_eq!(read.subject(), Some("x"), "{}", mended.text);
    }

    #[test]
    fn names_in_charsets_that_the_parser_lacks_are_mended() {
        check("attachment; filename*=x-windows-949''%B3%EB%B5%E5.pdf; size=3", "노드.pdf");
        check("attachment;\r\n filename*=ms949'ko'%B3%EB%B5%E5%20a.pdf", "노드 a.pdf");
        let sections = "filename*0*=cp949''%B3%EB%B5;\r\n filename*1*=%E5%28a;\r\n filename*2=\").pdf\"";
        check(&format!("attachment; {sections}"), "노드(a).pdf");
        check("attachment; filename*1*=%E5.pdf; filename*0*=EUC-KR''%B3%EB%B5", "노드.pdf");
    }

    #[test]
    fn korean_names_under_another_name_are_mended() {
        check("attachment; filename*=iso-8859-1''%BC%AD%B9%F6%20%B4%E3%B4%E7%C7%A5.csv", "서버 담당표.csv");
        check("attachment; filename*=us-ascii'ko'%BC%AD%B9%F6%20%B4%E3%B4%E7%C7%A5.csv", "서버 담당표.csv");
        let short = "attachment; filename*=iso-8859-1''%BF%C1%BC%F8.csv";
        assert!(mended(short, false).is_none());
        assert_eq!(mended(short, true).unwrap().text, "attachment; filename*=utf-8''%EC%98%A5%EC%88%9C%2E%63%73%76");
    }

    #[test]
    fn names_that_the_parser_reads_stay_as_they_are() {
        for header in [
            "attachment; filename=a.pdf",
            "attachment; filename*=utf-8''a.pdf",
            "attachment; filename*=a.pdf",
            "attachment; filename*x*=cp949''a.pdf",
            "attachment; filename*1*=cp949''a.pdf",
        ] {
            assert!(mended(header, false).is_none(), "{header}");
        }
    }
}
