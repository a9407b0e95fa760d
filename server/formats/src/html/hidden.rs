//! Parts of a page that nobody is shown or that no longer hold: `<del>`, `<s>`, `hidden`, `display: none`,
//! `text-decoration: line-through`. Only what an element says of itself counts: rules in a style sheet are not looked at.

use std::collections::HashMap;

use html5gum::StartTag;

use super::tags::{Tag, tag};

/// Elements without content and without an end tag.
const VOID: [&[u8]; 14] = [
    b"area", b"base", b"br", b"col", b"embed", b"frame", b"hr", b"img", b"input", b"link", b"meta", b"param",
    b"source", b"wbr",
];

/// Elements whose end tag may be left out where one of their kind starts.
pub(super) const IMPLIED_END: [&[&[u8]]; 4] =
    [&[b"li"], &[b"td", b"th", b"tr", b"thead", b"tbody", b"tfoot"], &[b"dd", b"dt"], &[b"option"]];

/// An open element that is left out, and what is open within it.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    name: Vec<u8>,
    /// How many elements of each known name are open inside; known names are few.
    inside: HashMap<Vec<u8>, usize>,
}

/// What becomes of a tag within a hidden element.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// It is hidden too.
    Hidden,
    /// It is the hidden element's end.
    End,
    /// It ends the hidden element by standing outside of it, and counts itself.
    Outside,
}

impl Hidden {
    /// The hidden element that a tag opens, if it opens one.
    pub(super) fn opened_by(start: &StartTag<usize>) -> Option<Self> {
        let name = &**start.name;
        let struck = matches!(name, b"del" | b"s" | b"strike");
        // The page itself is shown by a script, sooner or later.
        let is_page = matches!(name, b"html" | b"body" | b"main");
        // The panels of tabs are shown one at a time, and all of them hold.
        let is_panel = start.attributes.get(b"role".as_slice()).is_some_and(|role| ***role == *b"tabpanel");
        (!is_void(start) && !is_page && !is_panel && (struck || is_hidden(start)))
            .then(|| Self { name: name.to_vec(), ..Self::default() })
    }

    pub(super) fn start(&mut self, start: &StartTag<usize>) -> Within {
        let name = &**start.name;
        let of_a_kind = |kind: &&&[&[u8]]| kind.contains(&name) && kind.contains(&self.name.as_slice());
        let is_within = depth_in_table(name) > depth_in_table(&self.name);
        let is_next = IMPLIED_END.iter().any(|kind| of_a_kind(&kind)) && !is_within && !self.holds_container();
        let ends_paragraph = self.name == b"p" && tag(name).is_some_and(is_block);
        if is_next || ends_paragraph {
            return Within::Outside;
        }
        if tag(name).is_some() && !is_void(start) {
            *self.inside.entry(name.to_vec()).or_default() += 1;
        }
        Within::Hidden
    }

    pub(super) fn end(&mut self, name: &[u8]) -> Within {
        if let Some(count) = self.inside.get_mut(name).filter(|count| **count > 0) {
            *count -= 1;
            return Within::Hidden;
        }
        match tag(name) {
            _ if name == self.name => Within::End,
            Some(known) if is_block(known) => Within::Outside,
            _ => Within::Hidden,
        }
    }

    /// Whether a list or table is open inside, whose items are its own.
    fn holds_container(&self) -> bool {
        [b"ul".as_slice(), b"ol", b"table", b"dl", b"select"]
            .iter()
            .any(|name| self.inside.get(*name).is_some_and(|count| *count > 0))
    }
}

/// How deep an element of a table stands in it: a cell begins within its row.
fn depth_in_table(name: &[u8]) -> u8 {
    match name {
        b"td" | b"th" => 2,
        b"tr" => 1,
        _ => 0,
    }
}

/// Whether a tag opens nothing.
pub(super) fn is_void(start: &StartTag<usize>) -> bool {
    VOID.contains(&&**start.name) || start.self_closing
}

fn is_block(tag: Tag) -> bool {
    !matches!(tag, Tag::Inline | Tag::Code | Tag::Break | Tag::Image | Tag::Raw | Tag::Title)
}

/// `hidden` (but for `until-found`, which a search in the page shows) and styles that take an element off the page or strike
/// it out.
fn is_hidden(start: &StartTag<usize>) -> bool {
    let value = |name: &[u8]| start.attributes.get(name).map(|value| String::from_utf8_lossy(value).to_lowercase());
    let hidden = value(b"hidden").is_some_and(|value| value.trim() != "until-found");
    hidden || value(b"style").is_some_and(|style| takes_away(&style))
}

/// Whether a style, in lower case, hides what it is of or strikes it out.
fn takes_away(style: &str) -> bool {
    let style = without_comments(style);
    let says = |properties: &[&str], wanted: &str| {
        let value = holding(&style, properties);
        value.is_some_and(|value| value.split_ascii_whitespace().any(|word| word == wanted))
    };
    says(&["display"], "none")
        || says(&["visibility"], "hidden")
        // The short form sets the line as well; lines of several kinds stand side by side.
        || says(&["text-decoration", "text-decoration-line"], "line-through")
}

/// The value that holds of those that a style gives to some properties: the last one, but for one that is `!important`.
fn holding<'s>(style: &'s str, properties: &[&str]) -> Option<&'s str> {
    let rules = style.split(';').filter_map(|rule| rule.split_once(':'));
    let values = rules.filter(|(name, _)| properties.contains(&name.trim())).map(|(_, value)| {
        let (value, mark) = value.split_once('!').unwrap_or((value, ""));
        (mark.trim() == "important", value)
    });
    // `max_by_key` gives the last of those that are equal.
    values.max_by_key(|(is_important, _)| *is_important).map(|(_, value)| value)
}

fn without_comments(style: &str) -> String {
    let mut parts = style.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| part.split_once("*/")).fold(first, |all, (_, rest)| all + " " + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_takes_away_what_it_hides_or_strikes_out() {
        for style in [
            "text-decoration:line-through",
            "color: red; text-decoration : line-through !important;",
            "text-decoration:line-through red solid 2px",
            "text-decoration: underline line-through",
            "text-decoration-line:line-through",
            "text-decoration-line: overline line-through! important",
            "text-decoration:none;text-decoration-line:line-through",
            "text-decoration:line-through!important;text-decoration:none",
            "/* old: */text-decoration/**/:line-through",
            "display:none",
            "display: none !important; display: block",
            "visibility : hidden",
        ] {
            assert!(takes_away(style), "{style}");
        }
        for style in [
            "",
            "text-decoration:none",
            "text-decoration:underline",
            "text-decoration-color:line-through",
            "text-decoration:line-through;text-decoration:none",
            "text-decoration-line:line-through;text-decoration:underline",
            "-x-text-decoration:line-through",
            "/* text-decoration:line-through */color:red",
            "/* text-decoration:line-through",
            "font-family:line-through",
            "display:none;display:block",
            "visibility:visible",
            ":;!;:",
        ] {
            assert!(!takes_away(style), "{style}");
        }
    }
}
