//! HTML: what a person came to read of a page, or was sent in a mail. Scripts, styles, navigation, and a page's own asides,
//! headers and footers are left out; `main` or `article` is preferred where there is one. What stands in the margin of a part
//! of the text (an article, a section, a quote) is a part of it, and so is an aside behind a heading. It is read as a stream
//! of tokens with no tree, so nesting costs neither stack nor time.

mod charset;
mod extract;
mod hidden;
mod layout;
mod table;
mod tags;

use html5gum::{DefaultEmitter, Token, Tokenizer};

pub use charset::declared as declared_charset;

use crate::BlockKind;

/// A page or the body of a mail, as read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The text of `<title>`.
    pub title: Option<String>,
    /// The content.
    pub pieces: Vec<Piece>,
    /// The text that nobody is shown or that no longer holds; not in the content.
    pub hidden: String,
}

/// A block of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// What it is, and what it says.
    pub kind: BlockKind,
    /// The language of code, where the page names it.
    pub language: String,
    /// The bytes of the page that it stands on.
    pub bytes: Option<(usize, usize)>,
}

/// What is read of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// The content of a page.
    #[default]
    Page,
    /// All that a mail shows: it has no furniture.
    Mail,
}

/// Reads a page, a fragment of one or the body of a mail.
pub fn read(text: &str, scope: Scope) -> Page {
    extract::page(text, scope)
}

/// What shows of a single tag in running text: a line break for `<br>`, nothing for other elements and comments, and
/// the tag itself where HTML knows no such element: `<my-namespace>` is a placeholder that the author forgot to escape.
pub fn inline_text(raw: &str) -> &str {
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
pub struct Mark {
    /// The element's name in lower case.
    pub name: Vec<u8>,
    /// What it does.
    pub kind: MarkKind,
    /// Where the markup goes on behind it, in bytes.
    pub end: usize,
}

/// What a tag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// It opens an element that is shown.
    Shown,
    /// It opens an element that nobody is shown, or that no longer holds.
    LeftOut,
    /// It closes one.
    End,
}

/// Whether an element ends with an end tag only: HTML lets authors leave out those of paragraphs, items and cells.
pub fn has_end_tag(name: &[u8]) -> bool {
    name != b"p" && !hidden::IMPLIED_END.iter().any(|kind| kind.contains(&name))
}

/// The tags of a piece of markup that open or close an element; those without content and comments are none.
pub fn marks(markup: &str) -> Vec<Mark> {
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
