//! The paragraph styles of a Word document: which are headings, lists, code, or an index that repeats the text.

use std::collections::HashMap;

use super::parts::is_on;
use crate::xml::Element;

/// Longest chain of styles that build on each other.
const MAX_CHAIN: usize = 16;

/// What a paragraph style, with those that it builds on, says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// 1 for an outermost heading; none for text.
    pub(super) heading: Option<u8>,
    /// The list that its paragraphs count in, and the level there.
    pub(super) list: Option<ListRef>,
    /// Whether its text is preformatted.
    pub(super) code: bool,
    /// Whether it belongs to a table of contents, which repeats the headings.
    pub(super) contents: bool,
}

/// A place in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ListRef {
    /// The list.
    pub(super) id: String,
    /// 0 for the outermost level.
    pub(super) level: usize,
}

/// All paragraph styles.
#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: HashMap<String, Style>,
    default: Style,
}

impl Styles {
    /// Reads the part `styles.xml`.
    pub(super) fn read(root: &Element) -> Self {
        let elements = root.elements().filter(|style| style.name() == "style");
        let by_id: HashMap<&str, &Element> =
            elements.filter_map(|style| style.attribute("styleId").map(|id| (id, style))).collect();
        let resolved = by_id.iter().map(|(id, style)| ((*id).to_owned(), resolve(style, &by_id)));
        let default = root.elements().find(|style| {
            style.attribute("type") == Some("paragraph") && matches!(style.attribute("default"), Some("1" | "true"))
        });
        Self { default: default.map(|style| resolve(style, &by_id)).unwrap_or_default(), by_id: resolved.collect() }
    }

    /// The style of a paragraph; the default one where it names none or one that is missing.
    pub(super) fn of(&self, paragraph_properties: Option<&Element>) -> &Style {
        let id = paragraph_properties.and_then(|p| p.child("pStyle")).and_then(|style| style.attribute("val"));
        id.and_then(|id| self.by_id.get(id)).unwrap_or(&self.default)
    }

    /// The list of a style.
    pub(super) fn list_of(&self, id: &str) -> Option<&ListRef> {
        self.by_id.get(id).and_then(|style| style.list.as_ref())
    }
}

fn resolve(style: &Element, by_id: &HashMap<&str, &Element>) -> Style {
    let mut out = Style::default();
    let mut outline = None;
    let mut current = Some(style);
    for _ in 0..MAX_CHAIN {
        let Some(style) = current else { break };
        let name = value(style.child("name")).unwrap_or_default().to_lowercase();
        out.code = out.code || is_code_name(&name) || has_code_font(style.child("rPr"));
        out.contents = out.contents || name.starts_with("toc ") || name.starts_with("table of figures");
        outline = outline.or_else(|| outline_level(style.child("pPr"))).or_else(|| level_of_name(&name));
        if out.list.is_none() {
            out.list = list_ref(style.child("pPr"));
        }
        current = value(style.child("basedOn")).and_then(|id| by_id.get(id)).copied();
    }
    out.heading = outline.flatten();
    out
}

fn value(element: Option<&Element>) -> Option<&str> {
    element.and_then(|element| element.attribute("val"))
}

/// The outline level that paragraph properties set: `Some(None)` where they say that it is text.
pub(super) fn outline_level(properties: Option<&Element>) -> Option<Option<u8>> {
    let level: u8 = value(properties?.child("outlineLvl"))?.parse().ok()?;
    Some((level < 9).then_some(level + 1))
}

/// Word's own headings are known by their names, which are English in a file of any language; other programs write them in
/// the user's.
fn level_of_name(name: &str) -> Option<Option<u8>> {
    if name == "title" || name == "제목" {
        return Some(Some(1));
    }
    let level = name.strip_prefix("heading ").or_else(|| name.strip_prefix("제목 "))?;
    level.trim().parse().ok().filter(|level| (1..=9).contains(level)).map(Some)
}

fn is_code_name(name: &str) -> bool {
    ["code", "preformatted", "macro text", "plain text", "코드"].iter().any(|word| name.contains(word))
}

/// Whether run properties set a font for program text.
pub(super) fn has_code_font(properties: Option<&Element>) -> bool {
    let fonts = properties.and_then(|properties| properties.child("rFonts"));
    let font = fonts.and_then(|fonts| fonts.attribute("ascii")).unwrap_or_default().to_lowercase();
    ["consolas", "courier", "mono", "menlo", "d2coding", "source code", "lucida console"]
        .iter()
        .any(|n| font.contains(n))
}

/// The list that paragraph properties name; the list `0` means none.
pub(super) fn list_ref(properties: Option<&Element>) -> Option<ListRef> {
    let numbering = properties?.child("numPr")?;
    let level = value(numbering.child("ilvl")).and_then(|level| level.parse().ok()).unwrap_or(0);
    // A style may set the level alone: the list names the style then (`pStyle` in the numbering).
    let id = value(numbering.child("numId")).unwrap_or_default().to_owned();
    Some(ListRef { id, level: usize::min(level, 8) })
}

/// Whether a run is hidden, or struck out.
pub(super) fn is_hidden(properties: Option<&Element>) -> bool {
    let marks = ["vanish", "webHidden", "strike", "dstrike"];
    properties.is_some_and(|properties| marks.iter().any(|mark| is_on(properties.child(mark))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    fn style(xml: &str, id: &str) -> Style {
        let properties = parse(format!("<pPr><pStyle val='{id}'/></pPr>").as_bytes()).root;
        Styles::read(&parse(format!("<styles>{xml}</styles>").as_bytes()).root).of(Some(&properties)).clone()
    }

    #[test]
    fn headings_are_found_by_name_level_and_base() {
        let check = |xml: &str, expect: Option<u8>| assert_eq!(style(xml, "a").heading, expect, "{xml}");
        check("<style styleId='a'><name val='heading 2'/></style>", Some(2));
        check("<style styleId='a'><name val='Title'/></style>", Some(1));
        check("<style styleId='a'><name val='제목 3'/></style>", Some(3));
        check("<style styleId='a'><name val='x'/><pPr><outlineLvl val='3'/></pPr></style>", Some(4));
        check("<style styleId='a'><name val='heading 1'/><pPr><outlineLvl val='9'/></pPr></style>", None);
        let based = "<style styleId='b'><name val='heading 1'/></style>";
        check(&format!("<style styleId='a'><basedOn val='b'/></style>{based}"), Some(1));
        check("<style styleId='a'><basedOn val='a'/></style>", None);
        check("", None);
    }

    #[test]
    fn code_and_contents_are_found() {
        assert!(style("<style styleId='a'><name val='Source Code'/></style>", "a").code);
        assert!(style("<style styleId='a'><rPr><rFonts w:ascii='Consolas'/></rPr></style>", "a").code);
        assert!(style("<style styleId='a'><name val='toc 2'/></style>", "a").contents);
        assert!(!style("<style styleId='a'><name val='Normal'/></style>", "a").code);
    }
}
