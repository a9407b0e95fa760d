//! Mails in, lines out.

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
    let quoted =
        "Content-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=EB=85=B8\r\n";
    check(quoted, &["노"]);
    let subject = [b"From: a@example.com\r\nSubject: ", &korean[..], b"\r\n\r\nx\r\n"].concat();
    assert_eq!(read(&subject).unwrap().extract.title.as_deref(), Some("노드가 멈추면 재시작한다."));
}

#[test]
fn html_is_read_where_there_is_no_text() {
    check("Content-Type: text/html\r\n\r\n<p>Only <b>HTML</b></p><p>here</p>", &["Only HTML", "here"]);
    let both = "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--b--\r\n";
    check(both, &["rich", "plain"]);
    check(&both.replace("\r\n\r\nplain", "\r\n\r\nplain and\r\nrich"), &["plain and\nrich"]);
    check(&both.replace("alternative", "mixed"), &["plain", "rich"]);
    let rich = "정산 마감은 1월 25일, 담당자는 김민수입니다.";
    check(&both.replace("rich", rich).replace("\r\n\r\nplain", "\r\n\r\n "), &[rich]);
    let stub = "이 메일은 HTML 형식으로 작성되었습니다.";
    check(&both.replace("rich", rich).replace("\r\n\r\nplain", &format!("\r\n\r\n{stub}")), &[rich, stub]);
    let table =
        "<p>See below.</p><table><tr><th>Plan</th><th>Price</th></tr><tr><td>Pro</td><td>22 USD</td></tr></table>";
    let pointer = "See the table in the HTML version of this mail.";
    let both = both.replace("<p>rich</p>", table).replace("\r\n\r\nplain", &format!("\r\n\r\n{pointer}"));
    check(&both, &["See below.", "‖ Plan ‖ Price ‖", "| Pro | 22 USD |", pointer]);
}

/// `10,000 won` was read as if it held, and a table as lines.
#[test]
fn html_is_read_as_a_page_is() {
    let html = "<div style='display:none'>unseen</div><p>It costs <del>10,000</del> 8,000 won.</p>\
        <table><tr><td>&nbsp;<td><table><tr><th>Time<th>Step<tr><td>10:00<td>Grow</table><td></table>\
        <ul><li>one<ul><li>two</ul></ul><h2>Rules</h2><blockquote>Said.</blockquote><footer>Kim</footer>";
    let lines = [
        "It costs 8,000 won.",
        "‖ Time ‖ Step ‖",
        "| 10:00 | Grow |",
        "* one",
        "  * two",
        "## Rules",
        "> Said.",
        "Kim",
    ];
    check(&format!("Content-Type: text/html\r\n\r\n{html}"), &lines);
    let both = |text: &str| {
        format!(
            "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n\
             --b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
        )
    };
    let text = "It costs 10,000 8,000 won.\r\nTime Step\r\n10:00 Grow\r\none two\r\nRules\r\nSaid. Kim";
    check(&both(text), &lines);
    let more: Vec<&str> = lines.into_iter().chain(["Or call 7195."]).collect();
    check(&both(&format!("{text}\r\n\r\nOr call 7195.")), &more);
}

/// The title was two replacement characters.
#[test]
fn headers_in_charsets_that_the_parser_lacks_are_read() {
    for word in [
        "=?ISO-2022-KR?B?GyQpQw4zazVlDw==?=",
        "=?cp949?B?s+u15Q==?=",
        "=?CP949?Q?=B3=EB=B5=E5?=",
        "=?ms949?B?s+u15Q==?=",
        "=?MS949?B?s+u15Q==?=",
        "=?uhc?B?s+u15Q==?=",
        "=?x-windows-949?B?s+u15Q==?=",
        "=?windows-949?B?s+u15Q==?=",
        "=?ks_c_5601-1987?B?s+u15Q==?=",
        "=?KS_C_5601-1987?B?s+u15Q==?=",
        "=?EUC-KR?B?s+u15Q==?=",
    ] {
        let mail = format!(
            "From: {word} <a@example.com>\r\nTo: \"Kim, M.\" <kim@example.com>,\r\n {word} <b@example.com>\r\n\
             Subject: {word} 3\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\
             Content-Type: application/pdf; name=\"{word}.pdf\"\r\n\
             Content-Disposition: attachment; filename=\"{word}.pdf\"\r\n\r\nbytes\r\n--b\r\n\
             Content-Type: message/rfc822\r\n\r\nFrom: {word} <c@example.com>\r\nSubject: {word}\r\n\r\ninner\r\n--b--\r\n"
        );
        let read = read(mail.as_bytes()).unwrap();
        assert_eq!(read.extract.title.as_deref(), Some("노드 3"), "{word}");
        let people = "From: 노드 <a@example.com>\nTo: Kim, M. <kim@example.com>, 노드 <b@example.com>";
        assert_eq!(lines(&read.extract), [people, "text"], "{word}");
        let names: Vec<&str> = read.attachments.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["노드.pdf", "노드.eml"], "{word}");
        assert_eq!(kinds(&read.extract), [], "{word}");
    }
}

/// Old programs write them as they are; the name of the attachment was a row of replacement characters.
#[test]
fn headers_in_bare_bytes_are_read() {
    let mail = "From: 박영희 <a@example.com>\r\nSubject: 정산 마감 안내\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\n\r\n본문입니다.\r\n--b\r\nContent-Disposition: attachment; filename=\"정산표 양식.pdf\"\r\n\r\nx\r\n--b--\r\n";
    for bytes in [encoding_rs::EUC_KR.encode(mail).0.into_owned(), mail.as_bytes().to_vec()] {
        let read = read(&bytes).unwrap();
        assert_eq!(read.extract.title.as_deref(), Some("정산 마감 안내"));
        assert_eq!(lines(&read.extract), ["From: 박영희 <a@example.com>", "본문입니다."]);
        assert_eq!(read.attachments[0].0, "정산표 양식.pdf");
        assert_eq!(kinds(&read.extract), []);
    }
}

/// The label was not known and the text guessed at, or left with its escapes in it.
#[test]
fn bodies_are_read_by_the_labels_of_all_vendors() {
    let body = |head: &str, bytes: &[u8], expect: &str, problems: &[ProblemKind]| {
        let mail = [HEAD.as_bytes(), b"Content-Type: ", head.as_bytes(), b"\r\n\r\n", bytes, b"\r\n"].concat();
        let read = read(&mail).unwrap();
        assert_eq!(lines(&read.extract)[1..], [expect], "{head}");
        assert_eq!(kinds(&read.extract), problems, "{head}");
    };
    for label in ["MS949", "x-windows-949", "uhc", "cp949", "\"KS_C_5601-1987\""] {
        body(&format!("text/plain; charset={label}"), b"\xB3\xEB", "노", &[]);
    }
    body("text/plain; charset=cp1252", b"Mug \xA35", "Mug £5", &[]);
    body("text/plain; charset=x-sjis", b"\x83\x54\x81\x5B\x83\x6F", "サーバ", &[]);
    body("text/plain; charset=gb2312", b"\xCD\xF8", "网", &[]);
    body("text/plain; charset=iso-2022-jp", b"\x1b$B%5!<%P\x1b(B OK", "サーバ OK", &[]);
    body("text/plain; charset=utf-7", b"a +AOk-", "a é", &[]);
    body("text/html", b"<meta charset=ms949><p>\xB3\xEB", "노", &[]);
    let guessed = [ProblemKind::GuessedEncoding];
    body("text/plain; charset=x-unknown", b"Mug \xA35", "Mug £5", &guessed);
    body("text/plain", b"\xB3\xEB", "노", &guessed);
    let subject = "From: a@example.com\r\nSubject: =?x-unknown?Q?Mug_=A35?=\r\n\r\nx\r\n";
    let read = read(subject.as_bytes()).unwrap();
    assert_eq!((read.extract.title.as_deref(), kinds(&read.extract)), (Some("Mug £5"), guessed.to_vec()));
}

/// A mail of one part has no boundary that could lack.
#[test]
fn a_single_part_that_was_cut_in_a_code_is_named() {
    let cut = |encoding: &str, body: &str, expect: &str, problems: &[ProblemKind]| {
        let head = format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}");
        let read = read(format!("{HEAD}{head}\r\n\r\n{body}").as_bytes()).unwrap();
        assert_eq!(lines(&read.extract)[1..], [expect], "{body}");
        assert_eq!(kinds(&read.extract), problems, "{body}");
    };
    let part = [ProblemKind::PartlyMalformed];
    cut("base64", "67Cw67iM", "배브", &[]);
    cut("base64", "67Cw67iM\r\n", "배브", &[]);
    cut("base64", "67Cw67i", "배", &part);
    cut("base64", "67Cw67iM64", "배브", &part);
    // The group is whole, and the character is not.
    cut("base64", "67Cw67iMYWHr", "배브aa", &part);
    cut("quoted-printable", "the price is 40 b=", "the price is 40 b", &part);
    cut("quoted-printable", "the price is 40 bar", "the price is 40 bar", &[]);
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
    assert_eq!(names, ["a.pdf", "attachment-2.pdf", "in.eml"]);
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
    let read = read(format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{part}--b--").as_bytes()).unwrap();
    assert_eq!(read.attachments.len(), MAX_ATTACHMENTS);
    assert_eq!(kinds(&read.extract), [ProblemKind::TooLarge]);
}
