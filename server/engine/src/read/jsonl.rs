//! JSON lines: each line is a record `{"id" or "_id", "title"?, "text"}` and one document. The text is read as
//! Markdown when it looks like it. A bad line is a finding with its number; the other lines are kept.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;

use super::blocks::{Identity, finish};
use super::decode::decode_file;
use super::limits::MAX_RECORD_BYTES;
use super::{FileContent, MediaType, Reader, Reading, markdown, plain};
use crate::document::{DocumentId, Finding, FindingCode};
use crate::text::nfc;

/// Reads `.jsonl`.
pub struct JsonLinesReader;

impl Reader for JsonLinesReader {
    fn media_types(&self) -> &'static [MediaType] {
        &[MediaType::JsonLines]
    }

    fn read(&self, content: &FileContent) -> Reading {
        let (text, finding) = match decode_file(&content.file.path, &content.bytes, None) {
            Ok(decoded) => decoded,
            Err(finding) => return Reading::refused(finding),
        };
        let mut reading = Reading { findings: finding.into_iter().collect(), ..Reading::default() };
        let mut seen = HashSet::new();
        for (line, number) in text.split('\n').zip(1_u32..) {
            if line.trim().is_empty() {
                continue;
            }
            match record(line) {
                Ok(record) if !seen.insert(record.id.clone()) => {
                    reading.findings.push(duplicate(content, &record.id).at_line(number));
                }
                Ok(record) => push(content, record, number, &mut reading),
                Err(reason) => reading.findings.push(bad(content, &reason).at_line(number)),
            }
        }
        reading
    }
}

/// A record's id: a string or a whole number.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawId<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Number(i64),
}

/// One line as written. Other keys are allowed and ignored.
#[derive(Deserialize)]
struct RawRecord<'a> {
    #[serde(borrow)]
    id: Option<RawId<'a>>,
    #[serde(borrow, rename = "_id")]
    underscore_id: Option<RawId<'a>>,
    title: Option<Cow<'a, str>>,
    text: Option<Cow<'a, str>>,
}

struct Record<'a> {
    id: String,
    title: Option<String>,
    text: Cow<'a, str>,
}

/// Parses one line; the reason says what to put right.
fn record(line: &str) -> Result<Record<'_>, String> {
    if line.len() > MAX_RECORD_BYTES {
        return Err(format!("{} bytes, at most {MAX_RECORD_BYTES} are read", line.len()));
    }
    if let Some(kind) = other_kind(line) {
        return Err(format!("the record is {kind}, not an object"));
    }
    let raw: RawRecord<'_> = serde_json::from_str(line).map_err(|error| {
        let reason = error.to_string();
        // The parser counts lines from the start of this one: its column is what helps.
        format!("not a record: {}", reason.replace(" at line 1 column ", " at column "))
    })?;
    let id = match raw.id.or(raw.underscore_id) {
        Some(RawId::Text(id)) => nfc(id.trim()).into_owned(),
        Some(RawId::Number(id)) => id.to_string(),
        None => String::new(),
    };
    if id.is_empty() {
        return Err("no `id` or `_id`".to_owned());
    }
    let text = raw.text.filter(|text| !text.trim().is_empty()).ok_or("no `text`")?;
    // Escapes can spell decomposed Hangul in a line that is itself in NFC.
    let text = match nfc(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(composed) => Cow::Owned(composed),
    };
    Ok(Record { id, title: raw.title.map(|title| nfc(&title).into_owned()), text })
}

/// What a line is that is JSON and no object.
fn other_kind(line: &str) -> Option<&'static str> {
    let kind = match line.trim_start().bytes().next()? {
        b'[' => "a list",
        b'"' => "a text",
        b't' | b'f' => "true or false",
        b'n' => "null",
        b'-' | b'0'..=b'9' => "a number",
        _ => return None,
    };
    serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok().then_some(kind)
}

fn push(content: &FileContent, record: Record<'_>, line: u32, reading: &mut Reading) {
    let mut title = record.title.filter(|title| !title.trim().is_empty());
    let mut blocks = if looks_like_markdown(&record.text) {
        let page = markdown::parse(&record.text);
        reading.findings.extend(page.too_deep.then(|| markdown::too_deep(&content.file.path).at_line(line)));
        title = title.or(page.title);
        page.blocks
    } else {
        plain::paragraphs(&record.text, 1)
    };
    blocks.stand_on(line);
    finish(content, Identity { id: DocumentId::new(record.id), title, line: Some(line) }, blocks, reading);
}

/// Whether a text has a line that only Markdown would have: a heading, a fence, a pipe row, a list item, or a link.
fn looks_like_markdown(text: &str) -> bool {
    if text.starts_with("---\n") {
        return true;
    }
    let marked = text.lines().any(|line| {
        let line = line.trim_start();
        let marks = line.bytes().take_while(|byte| *byte == b'#').count();
        ((1..=6).contains(&marks) && line[marks..].starts_with(' '))
            || line.starts_with("```")
            || line.starts_with("~~~")
            || line.starts_with("> ")
            || (line.starts_with('|') && line.trim_end().ends_with('|') && line.len() > 2)
            || ["- ", "* ", "+ ", "1. "].iter().any(|marker| line.starts_with(marker))
    });
    marked || text.contains("](") || text.contains("**")
}

fn duplicate(content: &FileContent, id: &str) -> Finding {
    let shown: String = id.chars().take(80).collect();
    Finding::new(
        FindingCode::DuplicateId,
        &content.file.path,
        format!("the id `{shown}` was used before; the first record is kept"),
        "give each record an id of its own",
    )
}

fn bad(content: &FileContent, reason: &str) -> Finding {
    let advice = "each line is one JSON object with `id` (or `_id`) and `text`, and perhaps `title`";
    Finding::new(FindingCode::BadRecord, &content.file.path, reason, advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{BlockKind, SourceName};
    use proptest::prelude::*;

    fn read(text: &str) -> Reading {
        JsonLinesReader.read(&FileContent::from_bytes(SourceName::new("faq"), "faq.jsonl", text.into()))
    }

    #[test]
    fn a_line_is_a_document() {
        let reading = read(concat!(
            "{\"id\": \"po/a\", \"title\": \"A\", \"text\": \"# H\\n\\ntext\\nmore\", \"source\": 1}\n\n",
            "{\"_id\": 7, \"text\": \"그냥 글.\\n# 아님?\"}\n",
            "{\"id\": \"c\", \"text\": \"plain words\"}",
        ));
        assert_eq!(reading.findings, []);
        let shown: Vec<_> = reading.documents.iter().map(|d| (d.id.as_str(), &*d.title, d.blocks.len())).collect();
        assert_eq!(shown, [("po/a", "A", 2), ("7", "아님?", 2), ("c", "c", 1)]);
        assert_eq!(reading.documents[0].blocks[0].kind, BlockKind::Heading { level: 1 });
        assert_eq!(reading.documents[0].path, "faq.jsonl");
        // All of a record stands on its line.
        let lines = reading.documents[1].blocks[0].place.lines.unwrap();
        assert_eq!((lines.first, lines.last), (3, 3));
    }

    #[test]
    fn a_bad_line_is_named_and_the_others_are_kept() {
        let reading = read(concat!(
            "{\"id\": \"a\", \"text\": \"one\"}\n",
            "{\"id\": \"b\"\n",
            "{\"id\": \"c\"}\n",
            "{\"text\": \"no id\"}\n",
            "{\"id\": \"a\", \"text\": \"again\"}\n",
            "[1]\n",
            "{\"id\": \"d\", \"text\": 5}\n",
            "{\"id\": \"e\", \"text\": \"five\"}\n",
        ));
        let ids: Vec<_> = reading.documents.iter().map(|d| d.id.as_str()).collect();
        assert_eq!(ids, ["a", "e"]);
        let found: Vec<_> = reading.findings.iter().map(|f| (f.code, f.line.unwrap())).collect();
        use FindingCode::{BadRecord, DuplicateId};
        assert_eq!(
            found,
            [(BadRecord, 2), (BadRecord, 3), (BadRecord, 4), (DuplicateId, 5), (BadRecord, 6), (BadRecord, 7)]
        );
        assert!(reading.findings[0].detail.contains("column"), "{}", reading.findings[0]);
        assert_eq!(reading.findings[4].detail, "the record is a list, not an object");
    }

    #[test]
    fn many_bad_lines_are_counted_not_listed() {
        let content =
            FileContent::from_bytes(SourceName::new("faq"), "faq.jsonl", "nonsense\n".repeat(1000).into_bytes());
        let reading = crate::read::Registry::text().read(&content);
        assert_eq!(reading.findings.len(), crate::read::limits::MAX_FINDINGS_PER_FILE + 1);
        assert!(reading.findings.last().unwrap().detail.contains("950 more"));
    }

    #[test]
    fn a_record_over_the_cap_is_left_out() {
        let reading = read(&format!(
            "{{\"id\":\"a\",\"text\":\"{}\"}}\n{{\"id\":\"b\",\"text\":\"x\"}}",
            "x".repeat(MAX_RECORD_BYTES)
        ));
        assert_eq!(reading.documents.len(), 1);
        assert_eq!((reading.findings[0].code, reading.findings[0].line), (FindingCode::BadRecord, Some(1)));
    }

    #[test]
    fn deep_json_is_refused_without_overflow() {
        let reading = read(&format!("{{\"id\":\"a\",\"x\":{}", "[".repeat(1_000_000)));
        assert_eq!(reading.findings[0].code, FindingCode::BadRecord);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\PC|\n|\\{|\\}|\"id\":\"a\"|\"text\":\"b\"|,){0,60}") {
            let reading = read(&text);
            prop_assert!(reading.documents.len() + reading.findings.len() <= text.lines().count() + 1);
        }
    }
}
