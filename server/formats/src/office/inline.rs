//! The text of a Word paragraph, as a reader sees it: insertions are read, deletions and hidden text are not, a field shows
//! its result, a link its text. What stands in the paragraph but is not its text (text boxes, notes) is handed back beside.

use super::math;
use super::styles::{has_code_font, is_hidden};
use crate::xml::Element;

/// What a paragraph holds.
#[derive(Debug, Default)]
pub(super) struct Inline<'a> {
    /// Its text; lines are separated by `\n`.
    pub(super) text: String,
    /// The contents of its text boxes, in order.
    pub(super) boxes: Vec<&'a Element>,
    /// The parts with its charts and diagrams, by their ids.
    pub(super) figures: Vec<&'a str>,
    /// The notes that it refers to, in order.
    pub(super) notes: Vec<NoteRef<'a>>,
    /// Whether all of its text is set in a font for program text.
    pub(super) code: bool,
    /// Whether all of its text is bold.
    pub(super) bold: bool,
    plain: bool,
    seen: bool,
}

/// A reference to a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoteRef<'a> {
    /// Where the note stands.
    pub(super) kind: NoteKind,
    /// Its id there.
    pub(super) id: &'a str,
    /// Where in the text the reference stands, in bytes.
    pub(super) at: usize,
}

/// The two kinds of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum NoteKind {
    /// At the foot of the page.
    Foot,
    /// At the end of the document.
    End,
}

impl<'a> Inline<'a> {
    /// Reads a paragraph.
    pub(super) fn of(paragraph: &'a Element) -> Self {
        let mut inline = Self { code: true, bold: true, ..Self::default() };
        inline.walk(paragraph);
        inline.code = inline.code && inline.seen;
        inline.bold = inline.bold && inline.seen && !inline.plain;
        inline
    }

    fn walk(&mut self, parent: &'a Element) {
        for element in parent.elements() {
            match element.name() {
                "r" => self.run(element),
                // Deleted and moved away; what is inserted and moved here falls to the last arm.
                "del" | "moveFrom" | "pPr" | "rPr" | "sdtPr" | "sdtEndPr" => {}
                "oMath" | "oMathPara" => {
                    self.text.push_str(&math::linear(element));
                    self.seen = true;
                    self.code = false;
                }
                "AlternateContent" => self.alternate(element),
                "p" | "tbl" => {}
                _ => self.walk(element),
            }
        }
    }

    fn run(&mut self, run: &'a Element) {
        let properties = run.child("rPr");
        if is_hidden(properties) {
            return;
        }
        let before = self.text.len();
        for element in run.elements() {
            match element.name() {
                "t" => self.text.push_str(&element.text()),
                "tab" | "ptab" => self.text.push(' '),
                "br" | "cr" if element.attribute("type").is_none_or(|kind| kind == "textWrapping") => {
                    self.text.push('\n')
                }
                "noBreakHyphen" => self.text.push('-'),
                // How it is read stands above what is written.
                "ruby" => element.child("rubyBase").into_iter().for_each(|base| self.walk(base)),
                "footnoteReference" => self.note(NoteKind::Foot, element),
                "endnoteReference" => self.note(NoteKind::End, element),
                "drawing" | "pict" | "object" => self.find_boxes(element),
                "AlternateContent" => self.alternate(element),
                _ => {}
            }
        }
        if !self.text[before..].trim().is_empty() {
            self.seen = true;
            self.code = self.code && has_code_font(properties);
            self.plain = self.plain || !super::parts::is_on(properties.and_then(|p| p.child("b")));
        }
    }

    fn note(&mut self, kind: NoteKind, element: &'a Element) {
        if let Some(id) = element.attribute("id") {
            self.notes.push(NoteRef { kind, id, at: self.text.len() });
        }
    }

    /// The same content for newer and older programs: the newer one counts, where it has any.
    fn alternate(&mut self, element: &'a Element) {
        let before = self.found();
        for choice in element.elements() {
            self.run_content(choice);
            if self.found() > before {
                return;
            }
        }
    }

    fn run_content(&mut self, choice: &'a Element) {
        for element in choice.elements() {
            match element.name() {
                "drawing" | "pict" | "object" => self.find_boxes(element),
                "r" => self.run(element),
                "t" => self.text.push_str(&element.text()),
                _ => self.walk(element),
            }
        }
    }

    fn find_boxes(&mut self, element: &'a Element) {
        for child in element.elements() {
            match child.name() {
                "txbxContent" => self.boxes.push(child),
                "chart" => self.figures.extend(child.prefixed("id")),
                "relIds" => self.figures.extend(child.attribute("dm")),
                "AlternateContent" => self.alternate_boxes(child),
                _ => self.find_boxes(child),
            }
        }
    }

    fn alternate_boxes(&mut self, element: &'a Element) {
        let before = self.found();
        for choice in element.elements() {
            self.find_boxes(choice);
            if self.found() > before {
                return;
            }
        }
    }

    /// How much has been found so far.
    fn found(&self) -> usize {
        self.text.len() + self.boxes.len() + self.figures.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    #[test]
    fn the_text_is_what_a_reader_sees() {
        let check = |xml: &str, expect: &str| assert_eq!(Inline::of(&parse(xml.as_bytes()).root).text, expect, "{xml}");
        check("<p><r><t>a</t></r><r><tab/><t>b</t><br/><t>c</t></r></p>", "a b\nc");
        check("<p><ins><r><t>new</t></r></ins><del><r><delText>old</delText></r></del></p>", "new");
        check("<p><moveFrom><r><t>x</t></r></moveFrom><moveTo><r><t>y</t></r></moveTo></p>", "y");
        check("<p><hyperlink><r><t>link</t></r></hyperlink></p>", "link");
        check("<p><r><instrText>PAGE</instrText></r><r><t>3</t></r></p>", "3");
        check("<p><r><rPr><vanish/></rPr><t>hidden</t></r><r><rPr><vanish val='0'/></rPr><t>seen</t></r></p>", "seen");
        check(
            "<p><sdt><sdtPr><alias/></sdtPr><sdtContent><r><t>in a control</t></r></sdtContent></sdt></p>",
            "in a control",
        );
        check("<p><r><br type='page'/><t>a</t></r></p>", "a");
    }

    #[test]
    fn text_boxes_stand_beside_and_only_once() {
        let xml = "<p><r><t>a</t><AlternateContent>
            <Choice><drawing><txbxContent><p><r><t>box</t></r></p></txbxContent></drawing></Choice>
            <Fallback><pict><txbxContent><p><r><t>box</t></r></p></txbxContent></pict></Fallback>
          </AlternateContent></r></p>";
        let root = parse(xml.as_bytes()).root;
        let inline = Inline::of(&root);
        assert_eq!(inline.text, "a");
        assert_eq!(inline.boxes.len(), 1);
    }
}
