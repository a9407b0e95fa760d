//! XML parts as small trees, within limits on depth and size. Names are compared without their prefixes. Broken XML gives
//! the tree as far as it goes. Entities are never looked up: a document type is refused before this (see `archive`).

use std::borrow::Cow;
use std::collections::HashSet;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::limits::{MAX_XML_DEPTH, MAX_XML_NODES};
use super::{Problem, ProblemKind};

/// Most names that are shared.
const MAX_NAMES: usize = 4_096;

/// An element.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    name: Rc<str>,
    attributes: Box<[(Rc<str>, Box<str>)]>,
    nodes: Vec<Node>,
}

impl Default for Element {
    fn default() -> Self {
        Self { name: Rc::from(""), attributes: Box::default(), nodes: Vec::new() }
    }
}

/// The names that a part uses: some dozens, each a million times.
#[derive(Default)]
struct Names(HashSet<Rc<str>>);

impl Names {
    fn shared(&mut self, name: &str) -> Rc<str> {
        if let Some(known) = self.0.get(name) {
            return Rc::clone(known);
        }
        let name: Rc<str> = name.into();
        // Names that no program writes need not be shared.
        if self.0.len() < MAX_NAMES {
            self.0.insert(Rc::clone(&name));
        }
        name
    }
}

/// What an element holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// An element.
    Element(Element),
    /// Text, entities resolved.
    Text(String),
}

impl Element {
    /// Its name without the prefix.
    pub(crate) fn name(&self) -> &str {
        local(&self.name)
    }

    /// The value of an attribute, by its name without the prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| local(key) == name).map(|(_, value)| &**value)
    }

    /// The value of an attribute that has a prefix, by its name without it: `id` of `r:id`, beside an `id` of its own.
    pub(crate) fn prefixed(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key.contains(':') && local(key) == name);
        found.map(|(_, value)| &**value)
    }

    /// What it holds, in order.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The elements that it holds, in order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element of a name that it holds.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name() == name)
    }

    /// The element at a path of names.
    pub(crate) fn path(&self, names: &[&str]) -> Option<&Element> {
        names.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The first element of a name in it, at any depth.
    pub(crate) fn find(&self, name: &str) -> Option<&Element> {
        self.elements().find_map(|element| if element.name() == name { Some(element) } else { element.find(name) })
    }

    /// All its text, at any depth.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.text_into(&mut out);
        out
    }

    fn text_into(&self, out: &mut String) {
        for node in &self.nodes {
            match node {
                Node::Element(element) => element.text_into(out),
                Node::Text(text) => out.push_str(text),
            }
        }
    }
}

/// A part as read.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// The outermost element; empty where there is none.
    pub(crate) root: Element,
    /// Why it could only be read in part: it is broken, or too large.
    pub(crate) problem: Option<Problem>,
}

/// Reads a part.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let text = decode(bytes);
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<Element> = vec![Element::default()];
    let mut names = Names::default();
    let mut nodes = 0;
    let problem = loop {
        nodes += 1;
        if nodes > MAX_XML_NODES {
            let detail = format!("only the first {MAX_XML_NODES} elements and texts are read");
            break Some(Problem::new(ProblemKind::TooLarge, detail));
        }
        match reader.read_event() {
            Ok(Event::Start(_)) if open.len() > MAX_XML_DEPTH => {
                break Some(broken(format!("elements are nested deeper than {MAX_XML_DEPTH}")));
            }
            Ok(Event::Start(start)) => open.push(element(&start, &mut names)),
            Ok(Event::Empty(start)) => append(&mut open, Node::Element(element(&start, &mut names))),
            Ok(Event::End(_)) => close(&mut open),
            Ok(Event::Text(text)) => append_text(&mut open, &text.xml10_content()),
            Ok(Event::CData(text)) => append_text(&mut open, &text.xml10_content()),
            Ok(Event::GeneralRef(reference)) => append_text(&mut open, &resolve(&reference)),
            Ok(Event::Eof) if open.len() > 1 => break Some(broken("it ends in the middle".to_owned())),
            Ok(Event::Eof) => break None,
            Ok(_) => {}
            Err(error) => break Some(broken(error.to_string())),
        }
    };
    while open.len() > 1 {
        close(&mut open);
    }
    let root = open.pop().and_then(|document| document.nodes.into_iter().find_map(into_element));
    Parsed { root: root.unwrap_or_default(), problem }
}

fn broken(detail: String) -> Problem {
    Problem::new(ProblemKind::PartlyMalformed, detail)
}

/// The text of a part: UTF-16 where it says so or shows it, else UTF-8; bytes that are neither become U+FFFD.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let encoding = match bytes {
        [b'<', 0, ..] => encoding_rs::UTF_16LE,
        [0, b'<', ..] => encoding_rs::UTF_16BE,
        _ => encoding_rs::UTF_8,
    };
    // `decode` follows a byte order mark, whichever it is, and takes it off.
    encoding.decode(bytes).0
}

fn into_element(node: Node) -> Option<Element> {
    match node {
        Node::Element(element) => Some(element),
        Node::Text(_) => None,
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn element(start: &BytesStart<'_>, names: &mut Names) -> Element {
    let mut attributes = start.attributes();
    let kept = attributes.with_checks(false).flatten().filter(|attribute| {
        let name = local(attribute.key.as_ref());
        // Word marks every paragraph and run with who edited it when: half of the attributes of a document.
        !name.starts_with("rsid") && name != "paraId" && name != "textId"
    });
    let attributes = kept.map(|attribute| {
        let raw: &str = attribute.value.as_ref();
        let value = quick_xml::escape::unescape(raw).unwrap_or(Cow::Borrowed(raw));
        (names.shared(attribute.key.as_ref()), value.into())
    });
    let attributes = attributes.collect();
    Element { name: names.shared(start.name().as_ref()), attributes, nodes: Vec::new() }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name = reference.xml10_content();
    match &*name {
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "amp" => "&".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        other => format!("&{other};"),
    }
}

fn append(open: &mut [Element], node: Node) {
    if let Some(parent) = open.last_mut() {
        parent.nodes.push(node);
    }
}

fn append_text(open: &mut [Element], text: &str) {
    let Some(parent) = open.last_mut() else { return };
    if let Some(Node::Text(before)) = parent.nodes.last_mut() {
        before.push_str(text);
    } else {
        parent.nodes.push(Node::Text(text.to_owned()));
    }
}

fn close(open: &mut Vec<Element>) {
    if open.len() > 1
        && let Some(mut element) = open.pop()
    {
        // Most elements hold one thing, and a vector makes room for four.
        element.nodes.shrink_to_fit();
        append(open, Node::Element(element));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_becomes_a_tree() {
        let parsed = parse(b"<?xml version='1.0'?><w:a r:id='x' id='y'><w:b>1 &lt; &#50;&foo;</w:b><c/></w:a>");
        assert_eq!(parsed.problem, None);
        assert_eq!(parsed.root.name(), "a");
        assert_eq!(parsed.root.attribute("id"), Some("x"));
        assert_eq!(parsed.root.prefixed("id"), Some("x"));
        assert_eq!(parsed.root.child("b").map(Element::text).as_deref(), Some("1 < 2&foo;"));
        assert!(parsed.root.child("c").is_some());
    }

    #[test]
    fn broken_xml_gives_what_was_read() {
        let check = |xml: &[u8], text: &str| {
            let parsed = parse(xml);
            assert!(parsed.problem.is_some(), "{xml:?}");
            assert_eq!(parsed.root.text(), text, "{xml:?}");
        };
        check(b"<a><b>one</b><b>tw", "onetw");
        check(b"<a>one</b>", "one");
        check("<a>".repeat(5_000).as_bytes(), "");
    }

    #[test]
    fn utf16_is_read_with_and_without_a_mark() {
        let xml = "<a>노드</a>";
        let le: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "\u{FEFF}".encode_utf16().chain(xml.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!(parse(&le).root.text(), "노드");
        assert_eq!(parse(&be).root.text(), "노드");
    }

    #[test]
    fn nothing_is_read_of_nothing() {
        assert_eq!(parse(b"").root, Element::default());
        assert_eq!(parse(b"\xff\xfe\x00").root, Element::default());
    }
}
