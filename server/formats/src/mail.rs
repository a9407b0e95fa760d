//! Mails (RFC 5322, MIME). The subject is the title; who wrote to whom and when is the first paragraph; the text follows,
//! quoted replies with it. A HTML body is read only where the text says nothing of its own. Attached files are handed back unread.

use std::borrow::Cow;
use std::collections::HashSet;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Address, Encoding, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::attachment::Read;
use super::blocks::Blocks;
use super::charset::decode;
use super::html;
use super::limits::MAX_ATTACHMENTS;
use super::{Problem, ProblemKind};

/// A text that is this much shorter than the HTML beside it, and no longer than a few sentences, only says that there is HTML.
const STUB_SHARE: usize = 4;
const STUB_CHARS: usize = 300;

/// Reads a mail.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Problem> {
    match closed(bytes) {
        None => read_whole(bytes),
        Some(closed) => {
            let mut read = read_whole(&closed)?;
            let detail = "it ends in the middle, and what stood there is missing: export it again";
            read.extract.problems.push(Problem::new(ProblemKind::PartlyMalformed, detail));
            Ok(read)
        }
    }
}

/// A mail of several parts of which the last has no end, with the ends that it lacks (RFC 2046, 5.1.1); `None` for one that
/// is whole.
fn closed(bytes: &[u8]) -> Option<Vec<u8>> {
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

fn read_whole(bytes: &[u8]) -> Result<Read, Problem> {
    let message = MessageParser::default().parse(bytes);
    let message =
        message.filter(|message| message.from().is_some() || message.date().is_some() || message.to().is_some());
    let Some(message) = message else {
        return Err(Problem::new(ProblemKind::Malformed, "it has none of the headers of a mail (From, To, Date)"));
    };
    let mut blocks = Blocks::default();
    let subject = raw_header(bytes, &message, &HeaderName::Subject);
    blocks.set_title(subject.as_deref().or(message.subject()).unwrap_or_default());
    blocks.paragraph(&headers(bytes, &message));
    let text: String = message.text_bodies().map(|part| body(bytes, part)).collect();
    let html: String = message.html_bodies().filter(|part| part.is_text_html()).map(|part| body(bytes, part)).collect();
    let chars = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    let is_stub = chars(&text) < STUB_CHARS && chars(&text) * STUB_SHARE < chars(&html);
    plain(if is_stub { &html } else { &text }, &mut blocks);
    let attachments = attachments(bytes, &message, &mut blocks);
    Ok(Read { extract: blocks.finish(), attachments })
}

/// The text of a part of the body, ended by an empty line.
fn body(mail: &[u8], part: &MessagePart<'_>) -> String {
    let text = match &part.body {
        PartType::Text(text) => text_of(part, &decoded(mail, part, text)),
        PartType::Html(body) => html::plain_text(&decoded(mail, part, body)),
        _ => return String::new(),
    };
    text + "\n\n"
}

/// The text of a part in the charset that it is in, which may not be the one that it names; `parsed` is what the parser made
/// of it.
fn decoded<'p>(mail: &[u8], part: &MessagePart<'_>, parsed: &'p str) -> Cow<'p, str> {
    let raw = mail.get(part.raw_body_offset() as usize..part.raw_end_offset() as usize).unwrap_or_default();
    let bytes = match part.encoding {
        Encoding::None => Some(raw.to_vec()),
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::Base64 => base64_decode(raw),
    };
    let declared = part.content_type().and_then(|kind| kind.attribute("charset"));
    bytes.and_then(|bytes| decode(&bytes, declared)).map_or(Cow::Borrowed(parsed), Cow::Owned)
}

/// A header that is written in bytes over 127, which no standard allows and old programs do.
fn raw_header(mail: &[u8], message: &Message<'_>, name: &HeaderName<'_>) -> Option<String> {
    let header = message.headers().iter().find(|header| header.name == *name)?;
    let raw = mail.get(header.offset_start as usize..header.offset_end as usize).filter(|raw| !raw.is_ascii())?;
    Some(decode(raw, None)?.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn headers(mail: &[u8], message: &Message<'_>) -> String {
    let mut lines = Vec::new();
    for (name, header, address) in [
        ("From", HeaderName::From, message.from()),
        ("To", HeaderName::To, message.to()),
        ("Cc", HeaderName::Cc, message.cc()),
    ] {
        let raw = raw_header(mail, message, &header);
        let people = raw.unwrap_or_else(|| address.map(people).unwrap_or_default());
        if !people.is_empty() {
            lines.push(format!("{name}: {people}"));
        }
    }
    if let Some(date) = message.date() {
        lines.push(format!("Date: {}", date.to_rfc3339()));
    }
    lines.join("\n")
}

fn people(address: &Address<'_>) -> String {
    let people = address.iter().map(|person| match (person.name(), person.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => name.or(address).unwrap_or_default().to_owned(),
    });
    people.filter(|person| !person.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The text of a part; one in the flowed format (RFC 3676) has its lines joined again.
fn text_of(part: &MessagePart<'_>, text: &str) -> String {
    let format = part.content_type().and_then(|kind| kind.attribute("format"));
    if !format.is_some_and(|format| format.eq_ignore_ascii_case("flowed")) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(line);
        // A line that ends in a space goes on, but for the line before a signature.
        if !line.ends_with(' ') || line == "-- " || line.starts_with('>') {
            out.push('\n');
        }
    }
    out
}

/// Paragraphs are set apart by empty lines; lines that begin with a bullet are list items.
fn plain(text: &str, blocks: &mut Blocks) {
    let mut paragraph = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        let item = ["- ", "* ", "• "].iter().find_map(|mark| trimmed.strip_prefix(mark));
        if let (Some(item), false) = (item, trimmed == "--") {
            blocks.paragraph(&std::mem::take(&mut paragraph));
            blocks.item(0, "", item);
        } else if trimmed.is_empty() {
            blocks.paragraph(&std::mem::take(&mut paragraph));
        } else {
            paragraph.push_str(line);
            paragraph.push('\n');
        }
    }
    blocks.paragraph(&paragraph);
}

fn attachments(mail: &[u8], message: &Message<'_>, blocks: &mut Blocks) -> Vec<(String, Vec<u8>)> {
    let count = message.attachment_count();
    if count > MAX_ATTACHMENTS {
        let detail = format!("{count} attachments; the first {MAX_ATTACHMENTS} are read");
        blocks.note(Problem::new(ProblemKind::TooLarge, detail));
    }
    let taken = (1..).zip(message.attachments().take(MAX_ATTACHMENTS));
    taken
        .map(|(number, part)| {
            let bytes = match &part.body {
                PartType::Message(message) => message.raw_message().to_vec(),
                PartType::Text(text) | PartType::Html(text) => decoded(mail, part, text).as_bytes().to_vec(),
                _ => part.contents().to_vec(),
            };
            (name_of(part, number), bytes)
        })
        .collect()
}

/// The name of an attachment, without any folder; one made from its type where it has none.
fn name_of(part: &MessagePart<'_>, number: usize) -> String {
    let given = part.attachment_name().and_then(|name| name.rsplit(['/', '\\']).next()).map(str::trim);
    if let Some(name) = given.filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    let ending = match &part.body {
        PartType::Message(_) => "eml",
        PartType::Text(_) => "txt",
        PartType::Html(_) => "html",
        _ => part.content_type().and_then(|kind| kind.subtype()).unwrap_or("bin"),
    };
    format!("attachment-{number}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{kinds, lines};

    const HEAD: &str = "From: =?EUC-KR?B?sei5zrz2?= <kim@example.com>\r\nTo: ops@example.com\r\n\
        Subject: =?UTF-8?B?7J6l7JWg?= report\r\nDate: Fri, 23 Dec 2022 12:08:48 +0900\r\n";

    fn check(rest: &str, expect: &[&str]) {
        let read = read(format!("{HEAD}{rest}").as_bytes()).unwrap();
        let lines = lines(&read.extract);
        assert_eq!(lines[0], "From: 김민수 <kim@example.com>\nTo: ops@example.com\nDate: 2022-12-23T12:08:48+09:00");
        assert_eq!(&lines[1..], expect, "{rest}");
        assert_eq!(read.extract.title.as_deref(), Some("장애 report"));
    }

    #[test]
    fn the_text_is_read_in_its_encoding() {
        check(
            "\r\nHello\r\nthere\r\n\r\n- one\r\n- two\r\n\r\n> quoted\r\n",
            &["Hello\nthere", "* one", "* two", "> quoted"],
        );
        check(
            "Content-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: base64\r\n\r\ns+u15Q==\r\n",
            &["노드"],
        );
        check("Content-Type: text/plain; format=flowed\r\n\r\none \r\nline\r\nanother\r\n", &["one line\nanother"]);
    }

    #[test]
    fn a_charset_that_is_wrong_or_missing_is_told_from_the_bytes() {
        let korean = encoding_rs::EUC_KR.encode("노드가 멈추면 재시작한다.").0.into_owned();
        for head in ["", "Content-Type: text/plain\r\n", "Content-Type: text/plain; charset=utf-8\r\n"] {
            let mail = [HEAD.as_bytes(), head.as_bytes(), b"\r\n", &korean, b"\r\n"].concat();
            assert_eq!(lines(&read(&mail).unwrap().extract)[1..], ["노드가 멈추면 재시작한다."], "{head}");
        }
        let quoted = "Content-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=EB=85=B8\r\n";
        check(quoted, &["노"]);
        let subject = [b"From: a@example.com\r\nSubject: ", &korean[..], b"\r\n\r\nx\r\n"].concat();
        assert_eq!(read(&subject).unwrap().extract.title.as_deref(), Some("노드가 멈추면 재시작한다."));
    }

    #[test]
    fn html_is_read_where_there_is_no_text() {
        check("Content-Type: text/html\r\n\r\n<p>Only <b>HTML</b></p><p>here</p>", &["Only HTML", "here"]);
        let both = "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n\
            --b\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--b--\r\n";
        check(both, &["plain"]);
        for stub in ["", "\r\n \r\n", "View this mail in HTML."] {
            let both = both.replace("plain\r\n", &format!("{stub}\r\n"));
            let rich = "The price of a seat is 88 USD a month, billed at its end. ".repeat(3);
            check(&both.replace("rich", &rich), &[rich.trim_end()]);
        }
    }

    /// Its last part was once taken for an attachment in another format, or for text as it was encoded.
    #[test]
    fn a_mail_that_was_cut_is_read_as_far_as_it_goes_and_named() {
        let mail = format!(
            "{HEAD}Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\
             Content-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\nContent-Type: text/html\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n<p style=3D\"x\">The valve opens at 40 b="
        );
        let read = read(mail.as_bytes()).unwrap();
        assert_eq!(lines(&read.extract)[1..], ["The valve opens at 40 b"]);
        assert_eq!((kinds(&read.extract), read.attachments.len()), (vec![ProblemKind::PartlyMalformed], 0));
        let attached = "--o\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\
             Content-Transfer-Encoding: base64\r\n\r\nVGhlIHB1bXAgc3RvcHMgYXQgNDAgZGVncmVlcw";
        let mail = format!("{HEAD}Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nsee a.txt\r\n{attached}");
        let read = super::read(mail.as_bytes()).unwrap();
        assert!(read.attachments[0].1.starts_with(b"The pump stops at 40"), "{:?}", read.attachments);
        assert_eq!(kinds(&read.extract), [ProblemKind::PartlyMalformed]);
    }

    #[test]
    fn attachments_are_handed_back_without_their_folders() {
        let part = |name: &str| {
            format!(
                "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\nbytes\r\n"
            )
        };
        let text = "--b\r\nContent-Type: text/plain\r\n\r\nbody\r\n";
        let inner = "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@example.com\r\nSubject: in\r\n\r\ninner\r\n";
        let mail = format!(
            "{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{text}{}{}{inner}--b--\r\n",
            part("../../etc/a.pdf"),
            part("")
        );
        let read = read(mail.as_bytes()).unwrap();
        let names: Vec<&str> = read.attachments.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.pdf", "attachment-2.pdf", "attachment-3.eml"]);
        assert_eq!(read.attachments[0].1, b"bytes");
        assert!(String::from_utf8_lossy(&read.attachments[2].1).contains("Subject: in"));
    }

    #[test]
    fn what_is_no_mail_gives_a_reason() {
        for bytes in [&b""[..], b"\0\0\0", b"just a text\nof two lines", b"Subject: only\r\n\r\nx"] {
            assert_eq!(read(bytes).unwrap_err().kind, ProblemKind::Malformed, "{bytes:?}");
        }
        let parts: usize = MAX_ATTACHMENTS + 6;
        let part = "--b\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\nx\r\n".repeat(parts);
        let read =
            read(format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{part}--b--").as_bytes()).unwrap();
        assert_eq!(read.attachments.len(), MAX_ATTACHMENTS);
        assert_eq!(kinds(&read.extract), [ProblemKind::TooLarge]);
    }
}
