//! What each HTML element means for reading: a table of names, nothing else.

/// The elements that reading tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Tag {
    Main,
    Article,
    Section,
    /// A header, footer or aside: of the page, which is no content, or of a part of it, which is.
    Margin,
    /// Navigation and controls: not content.
    Boilerplate,
    Heading(u8),
    UnorderedList,
    OrderedList,
    Item,
    Quote,
    Preformatted,
    Code,
    Table,
    /// A table that only lays out what stands in it; what tells is not its name.
    Layout,
    TableHead,
    /// Another group of rows.
    TableBody,
    Row,
    Cell,
    HeaderCell,
    Title,
    /// Raw text that is no content: script, style and the like.
    Raw,
    Break,
    Image,
    /// What a definition list explains.
    Term,
    Definition,
    /// Any other element that starts a line of its own.
    Block,
    /// An element within a line.
    Inline,
}

/// The meaning of a lower-case element name; `None` for a name that HTML does not know.
pub(super) fn tag(name: &[u8]) -> Option<Tag> {
    Some(match name {
        b"main" => Tag::Main,
        b"article" => Tag::Article,
        b"section" => Tag::Section,
        b"header" | b"footer" | b"aside" => Tag::Margin,
        b"nav" | b"button" | b"select" | b"option" | b"svg" | b"template" | b"dialog" | b"noscript" | b"datalist"
        | b"menu" => Tag::Boilerplate,
        b"h1" => Tag::Heading(1),
        b"h2" => Tag::Heading(2),
        b"h3" => Tag::Heading(3),
        b"h4" => Tag::Heading(4),
        b"h5" => Tag::Heading(5),
        b"h6" => Tag::Heading(6),
        b"ul" | b"dir" => Tag::UnorderedList,
        b"ol" => Tag::OrderedList,
        b"li" => Tag::Item,
        b"blockquote" => Tag::Quote,
        b"pre" | b"listing" => Tag::Preformatted,
        b"code" => Tag::Code,
        b"table" => Tag::Table,
        b"thead" => Tag::TableHead,
        b"tbody" | b"tfoot" => Tag::TableBody,
        b"tr" => Tag::Row,
        b"td" => Tag::Cell,
        b"th" => Tag::HeaderCell,
        b"title" => Tag::Title,
        b"script" | b"style" | b"textarea" | b"iframe" | b"noembed" | b"noframes" | b"xmp" | b"object" | b"math" => {
            Tag::Raw
        }
        b"dt" => Tag::Term,
        b"dd" => Tag::Definition,
        b"br" => Tag::Break,
        b"img" => Tag::Image,
        b"address" | b"body" | b"caption" | b"center" | b"details" | b"div" | b"dl" | b"fieldset" | b"figcaption"
        | b"figure" | b"form" | b"head" | b"hgroup" | b"hr" | b"html" | b"legend" | b"p" | b"search" | b"summary" => {
            Tag::Block
        }
        _ if INLINE.binary_search(&name).is_ok() => Tag::Inline,
        _ => return None,
    })
}

/// Known names without a meaning of their own, sorted.
const INLINE: &[&[u8]] = &[
    b"a",
    b"abbr",
    b"acronym",
    b"area",
    b"audio",
    b"b",
    b"base",
    b"bdi",
    b"bdo",
    b"big",
    b"canvas",
    b"cite",
    b"col",
    b"colgroup",
    b"data",
    b"del",
    b"dfn",
    b"em",
    b"embed",
    b"font",
    b"frame",
    b"frameset",
    b"i",
    b"input",
    b"ins",
    b"kbd",
    b"label",
    b"link",
    b"map",
    b"mark",
    b"meta",
    b"meter",
    b"optgroup",
    b"output",
    b"param",
    b"picture",
    b"progress",
    b"q",
    b"rp",
    b"rt",
    b"ruby",
    b"s",
    b"samp",
    b"slot",
    b"small",
    b"source",
    b"span",
    b"strike",
    b"strong",
    b"sub",
    b"sup",
    b"time",
    b"track",
    b"tt",
    b"u",
    b"var",
    b"video",
    b"wbr",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        assert!(INLINE.is_sorted());
        assert_eq!(tag(b"nav"), Some(Tag::Boilerplate));
        assert_eq!(tag(b"wbr"), Some(Tag::Inline));
        assert_eq!(tag(b"my-namespace"), None);
    }
}
