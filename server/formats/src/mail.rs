//! Mails (RFC 5322, MIME). The subject is the title; who wrote to whom and when is the first paragraph; the text follows,
//! quoted replies with it. Where HTML stands beside the text, nothing that only one of the two says is lost. Attached files
//! are handed back unread.

mod alternatives;
mod cut;
mod encoded_word;
mod headers;
mod parameter;

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Address, Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::attachment::Read;
use super::blocks::Blocks;
use super::charset::{decode, decode_told, labelled, weak_guess};
use super::html::{self, Page, Scope};
use super::limits::MAX_ATTACHMENTS;
use super::{Problem, ProblemKind};

/// Reads a mail.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Problem> {
    let closed = cut::closed(bytes);
    let is_cut = closed.is_some() || cut::ends_in_code(bytes);
    let whole = closed.as_deref().unwrap_or(bytes);
    let mended = headers::mended(whole);
    let (whole, guess) = mended.as_ref().map_or((whole, None), |(mended, guess)| (mended.as_slice(), *guess));
    let mut read = read_whole(whole)?;
    read.extract.problems.extend(weak_guess(guess));
    if is_cut {
        let detail = "it ends in the middle, and what stood there is missing: export it again";
        read.extract.problems.push(Problem::new(ProblemKind::PartlyMalformed, detail));
    }
    Ok(read)
}

fn read_whole(bytes: &[u8]) -> Result<Read, Problem> {
    let message = MessageParser::default().parse(bytes);
    let message =
        message.filter(|message| message.from().is_some() || message.date().is_some() || message.to().is_some());
    let Some(message) = message else {
        return Err(Problem::new(ProblemKind::Malformed, "it has none of the headers of a mail (From, To, Date)"));
    };
    let mut blocks = Blocks::default();
    blocks.set_title(message.subject().unwrap_or_default());
    blocks.paragraph(&headers(&message));
    bodies(bytes, &message, &mut blocks);
    guessed_text(bytes, &message).into_iter().for_each(|problem| blocks.note(problem));
    let attachments = attachments(bytes, &message, &mut blocks);
    Ok(Read { extract: blocks.finish(), attachments })
}

/// What the mail says: part by part, or one of two alternatives and what only the other says.
fn bodies(mail: &[u8], message: &Message<'_>, blocks: &mut Blocks) {
    let is_html = |id: &&u32| message.part(**id).is_some_and(MessagePart::is_text_html);
    if message.html_body.iter().filter(is_html).all(|id| message.text_body.contains(id)) {
        return message.text_bodies().for_each(|part| body(mail, part, blocks));
    }
    let pages: Vec<Page> = message.html_bodies().filter_map(|part| page_of(mail, part)).collect();
    let text: String = message.text_bodies().filter_map(|part| plain_of(mail, part)).collect();
    match alternatives::chosen(&text, &pages) {
        alternatives::Read::Text => plain(&text, blocks),
        alternatives::Read::Html { more } => {
            pages.into_iter().for_each(|page| rich(page, blocks));
            plain(&more.join("\n"), blocks);
        }
    }
}

/// A part of the body that has no alternative.
fn body(mail: &[u8], part: &MessagePart<'_>, blocks: &mut Blocks) {
    if let Some(text) = plain_of(mail, part) {
        plain(&text, blocks);
    }
    if let Some(page) = page_of(mail, part) {
        rich(page, blocks);
    }
}

/// The text of a part that is plain text, ended by an empty line.
fn plain_of(mail: &[u8], part: &MessagePart<'_>) -> Option<String> {
    match &part.body {
        PartType::Text(text) => Some(text_of(part, &decoded(mail, part, text)) + "\n\n"),
        _ => None,
    }
}

fn page_of(mail: &[u8], part: &MessagePart<'_>) -> Option<Page> {
    match &part.body {
        PartType::Html(body) => Some(html::read(&decoded(mail, part, body), Scope::Mail)),
        _ => None,
    }
}

fn rich(page: Page, blocks: &mut Blocks) {
    for piece in page.pieces {
        blocks.block(piece.kind);
    }
}

/// The text of a part in the charset that it is in, which may not be the one that it names; `parsed` is what the parser made
/// of it.
fn decoded<'p>(mail: &[u8], part: &MessagePart<'_>, parsed: &'p str) -> Cow<'p, str> {
    let declared = charset_of(part);
    let is_known_to_parser_only =
        |label: &str| labelled(label).is_none() && charset_decoder(label.as_bytes()).is_some();
    if declared.as_deref().is_some_and(is_known_to_parser_only) {
        return Cow::Borrowed(parsed);
    }
    let text = bytes_of(mail, part).and_then(|bytes| decode(&bytes, declared.as_deref()));
    text.map_or(Cow::Borrowed(parsed), Cow::Owned)
}

/// The bytes of a part as they were written.
fn bytes_of(mail: &[u8], part: &MessagePart<'_>) -> Option<Vec<u8>> {
    let raw = mail.get(part.raw_body_offset() as usize..part.raw_end_offset() as usize).unwrap_or_default();
    let bytes = match part.encoding {
        Encoding::None => Some(raw.to_vec()),
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::Base64 => base64_decode(raw),
    }?;
    let is_last = part.raw_end_offset() as usize >= mail.len();
    Some(if is_last { cut::without_half_character(bytes) } else { bytes })
}

/// What a part says that it is in: in its header or, where it is HTML, in itself.
fn charset_of(part: &MessagePart<'_>) -> Option<String> {
    let told = part.content_type().and_then(|kind| kind.attribute("charset")).map(str::to_owned);
    match &part.body {
        PartType::Html(body) => told.or_else(|| html::declared_charset(body.as_bytes())),
        _ => told,
    }
}

/// What to say where the encoding of a text in the mail is no more than a guess.
fn guessed_text(mail: &[u8], message: &Message<'_>) -> Option<Problem> {
    let mut texts = message.parts.iter().filter(|part| matches!(part.body, PartType::Text(_) | PartType::Html(_)));
    texts.find_map(|part| weak_guess(decode_told(&bytes_of(mail, part)?, charset_of(part).as_deref())?.guess))
}

fn headers(message: &Message<'_>) -> String {
    let mut lines = Vec::new();
    for (name, address) in [("From", message.from()), ("To", message.to()), ("Cc", message.cc())] {
        let people = address.map(people).unwrap_or_default();
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

/// The subject of a mail in a mail.
fn subject_of(message: &Message<'_>) -> String {
    let raw = message.raw_message();
    let mended = headers::mended(raw).map(|(mended, _)| mended);
    let message = MessageParser::default().parse_headers(mended.as_deref().unwrap_or(raw));
    message.and_then(|message| message.subject().map(str::to_owned)).unwrap_or_default()
}

/// The name of an attachment, without any folder; one made from its subject or its type where it has none.
fn name_of(part: &MessagePart<'_>, number: usize) -> String {
    let given = part.attachment_name().and_then(|name| name.rsplit(['/', '\\']).next()).map(str::trim);
    if let Some(name) = given.filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    if let PartType::Message(message) = &part.body {
        let subject = subject_of(message);
        if !subject.trim().is_empty() {
            return format!("{}.eml", subject.replace(['/', '\\'], "-"));
        }
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
mod tests;
