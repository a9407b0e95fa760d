//! HTML pages: what a person came to read. Scripts, styles, navigation, and the page's own asides, headers and footers are
//! left out; `main` or `article` is preferred where there is one. What stands in the margin of a part of the text (an article,
//! a section, a quote) is a part of it, and so is an aside behind a heading. The page is read as a stream of tokens with no
//! tree, so nesting costs neither stack nor time.

mod charset;
mod extract;
mod hidden;
mod tags;

use html5gum::{DefaultEmitter, Token, Tokenizer};

use super::blocks::{Blocks, whole_file};
use super::decode::decode_file;
use super::{FileContent, MediaType, Reader, Reading};

/// Reads `.html`.
pub struct HtmlReader;

impl Reader for HtmlReader {
    fn media_types(&self) -> &'static [MediaType] {
        &[MediaType::Html]
    }

    fn read(&self, content: &FileContent) -> Reading {
        let declared = charset::declared(&content.bytes);
        let (text, finding) = match decode_file(&content.file.path, &content.bytes, declared.as_deref()) {
            Ok(decoded) => decoded,
            Err(finding) => return Reading::refused(finding),
        };
        let mut reading = Reading { findings: finding.into_iter().collect(), ..Reading::default() };
        let page = extract::page(&text);
        whole_file(content, page.title, page.blocks, &mut reading);
        reading
    }
}

/// The blocks of a fragment, all of it content; lines counted from 1.
pub(super) fn blocks_of(fragment: &str) -> Blocks {
    extract::page(fragment).blocks
}

/// What shows of a single tag in running text: a line break for `<br>`, nothing for other elements and comments, and
/// the tag itself where HTML knows no such element: `<my-namespace>` is a placeholder that the author forgot to escape.
pub(super) fn inline_text(raw: &str) -> &str {
    let name = raw.trim_start_matches(['<', '/']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(name.len());
    let is_plain = name[end..] == *">";
    match tags::tag(name[..end].to_ascii_lowercase().as_bytes()) {
        Some(tags::Tag::Break) => "\n",
        None if end > 0 && is_plain && !raw.starts_with("</") => raw,
        _ => "",
    }
}

/// A tag in a piece of markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// The element's name in lower case.
    pub(super) name: Vec<u8>,
    pub(super) kind: MarkKind,
    /// Where the markup goes on behind it, in bytes.
    pub(super) end: usize,
}

/// What a tag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// It opens an element that is shown.
    Shown,
    /// It opens an element that nobody is shown, or that no longer holds.
    LeftOut,
    End,
}

/// Whether an element ends with an end tag only: HTML lets authors leave out those of paragraphs, items and cells.
pub(super) fn has_end_tag(name: &[u8]) -> bool {
    name != b"p" && !hidden::IMPLIED_END.iter().any(|kind| kind.contains(&name))
}

/// The tags of a piece of markup that open or close an element; those without content and comments are none.
pub(super) fn marks(markup: &str) -> Vec<Mark> {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut marks = Vec::new();
    for token in Tokenizer::new_with_emitter(markup, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(start) if !hidden::is_void(&start) => {
                let kind =
                    if hidden::Hidden::opened_by(&start).is_some() { MarkKind::LeftOut } else { MarkKind::Shown };
                marks.push(Mark { name: start.name.to_vec(), kind, end: start.span.end });
            }
            Token::EndTag(end) => {
                marks.push(Mark { name: end.name.to_vec(), kind: MarkKind::End, end: end.span.end });
            }
            _ => {}
        }
    }
    marks
}

#[cfg(test)]
mod tests;
