//! Fonts whose encoding is a predefined CMap (`UniKS-UCS2-H`, `KSCms-UHC-H`), as Korean, Japanese and Chinese files have them that
//! do not embed their fonts. The PDF library looks their widths up by the code of a character, where `/W` has them by its CID
//! (ISO 32000-1, 9.7.4.3), and takes each code of those made from national character sets for two bytes, where those of Latin
//! letters are one. So such a file is read as if it were written in Unicode: its fonts get codes of UTF-16 with the widths
//! of these (`Identity-H` and a `/ToUnicode`), and what is drawn in national character sets is written anew. The new objects stand
//! behind the file as an incremental update (7.5.6); a file without such fonts is left alone.

mod content;
mod font;
mod update;

use std::collections::{BTreeSet, HashMap, HashSet};

use encoding_rs::{Encoding, UTF_16BE};
use pdf_oxide::PdfDocument;
use pdf_oxide::object::{Object, ObjectRef};

use self::content::{Names, Shown};
use self::font::{Font, Named};
use self::update::Update;
use crate::limits::MAX_PAGES;

type Dict = HashMap<String, Object>;

/// Most bytes of a stream of content that is written anew, and of all of them.
const MAX_STREAM: usize = 16 << 20;
const MAX_CONTENT: usize = 64 << 20;

/// What was found of fonts of predefined CMaps.
#[derive(Default)]
pub(super) struct Told {
    /// What is to stand behind the file, if anything.
    pub(super) update: Option<Vec<u8>>,
    /// The CMaps of national character sets whose text could not be written anew, and is read wrongly.
    pub(super) unread: BTreeSet<String>,
}

/// Tells the fonts of predefined CMaps of a file in Unicode.
pub(super) fn told(document: &PdfDocument, bytes: &[u8]) -> Told {
    let mut update = Update::of(document);
    let to_unicode = update.add(font::to_unicode());
    let pages = document.page_count().unwrap_or(0).min(MAX_PAGES);
    let mut reading = Reading {
        document,
        update,
        to_unicode,
        seen: HashSet::new(),
        fonts: HashMap::new(),
        places: None,
        size: 0,
        is_changed: false,
        unread: BTreeSet::new(),
    };
    for index in 0..pages {
        let Ok(page) = document.get_page(index) else { continue };
        page.as_dict().into_iter().for_each(|page| reading.page(index, page));
    }
    let Reading { update, is_changed, unread, .. } = reading;
    Told { update: is_changed.then(|| update.written(bytes)), unread }
}

/// A font of a file that has been looked at.
#[derive(Clone, Copy)]
enum Seen {
    /// Not of a predefined CMap, or replaced where it is.
    Done,
    /// Of a national character set: the same font in Unicode.
    Charset(&'static Encoding, ObjectRef),
}

/// Looks for fonts of predefined CMaps, and writes anew what is drawn with those of national character sets.
struct Reading<'a> {
    document: &'a PdfDocument,
    update: Update,
    to_unicode: ObjectRef,
    /// Resources and forms that were looked at.
    seen: HashSet<ObjectRef>,
    fonts: HashMap<ObjectRef, Seen>,
    /// Where the pages are, once that is asked.
    places: Option<Vec<ObjectRef>>,
    /// The bytes of content written anew.
    size: usize,
    is_changed: bool,
    unread: BTreeSet<String>,
}

/// The fonts of some resources that others are to stand for.
#[derive(Default, Clone)]
struct Fonts {
    /// By their names in the resources.
    told: HashMap<String, ObjectRef>,
    /// Those of national character sets.
    names: Names,
    /// The CMaps of these.
    cmaps: BTreeSet<String>,
}

impl Reading<'_> {
    fn page(&mut self, index: usize, page: &Dict) {
        let Some(resources) = page.get("Resources") else { return };
        let is_new = resources.as_reference().is_none_or(|at| self.seen.insert(at));
        let resources = self.resolved(resources);
        let fonts = self.fonts(&resources);
        if !fonts.told.is_empty() {
            self.write_page(index, page, &resources, &fonts);
        }
        if is_new {
            self.note_states(&resources);
            self.forms(&resources, &fonts);
        }
    }

    /// Puts a page in the place of one, with its own content and resources: others may share those of the file.
    fn write_page(&mut self, index: usize, page: &Dict, resources: &Object, fonts: &Fonts) {
        let content = match fonts.names.is_empty() {
            true => None,
            false => self.document.get_page_content_data(index).ok(),
        };
        let at = self.place_of_page(index);
        let is_small = content.as_ref().is_none_or(|content| self.has_room(content.len()));
        let Some(at) = at.filter(|_| is_small) else {
            self.unread.extend(fonts.cmaps.iter().cloned());
            return;
        };
        let mut page = page.clone();
        if let Some(content) = content.and_then(|content| Shown::default().in_unicode(&content, &fonts.names)) {
            self.size += content.len();
            let content = self.update.add(stream(Dict::new(), content));
            page.insert("Contents".to_owned(), Object::Reference(content));
        }
        page.insert("Resources".to_owned(), self.with_fonts(resources, fonts));
        self.update.replace(at, Object::Dictionary(page));
        self.is_changed = true;
    }

    fn has_room(&self, size: usize) -> bool {
        size <= MAX_STREAM && self.size + size <= MAX_CONTENT
    }

    /// The forms that a page's resources name, and those below them.
    fn forms(&mut self, resources: &Object, of_page: &Fonts) {
        let mut open = vec![(resources.clone(), of_page.clone())];
        while let Some((resources, fonts)) = open.pop() {
            let forms = self.entry(&resources, "XObject");
            for at in forms.as_dict().into_iter().flat_map(|forms| forms.values()).filter_map(Object::as_reference) {
                if !self.seen.insert(at) {
                    continue;
                }
                let form = self.resolved(&Object::Reference(at));
                let Some(dict) = form.as_dict() else { continue };
                if dict.get("Subtype").and_then(Object::as_name) != Some("Form") {
                    continue;
                }
                self.note_inherited(&form, of_page);
                // A form without resources of its own has those of the page (ISO 32000-1, 7.8.3), whose forms are looked at here.
                let Some(own) = dict.get("Resources").map(|own| self.resolved(own)) else {
                    if !fonts.told.is_empty() {
                        self.write_form(at, &form, &resources, &fonts);
                    }
                    continue;
                };
                let fonts = self.fonts(&own);
                if !fonts.told.is_empty() {
                    self.write_form(at, &form, &own, &fonts);
                }
                // Forms often share resources, which may name all of them.
                let is_new = dict.get("Resources").and_then(Object::as_reference).is_none_or(|at| self.seen.insert(at));
                if is_new {
                    self.note_states(&own);
                    open.push((own, fonts));
                }
            }
        }
    }

    /// A form that shows text in the font that is in force where it is drawn: its strings are not written anew.
    fn note_inherited(&mut self, form: &Object, of_page: &Fonts) {
        if of_page.names.is_empty() {
            return;
        }
        let content = form.decode_stream_data().unwrap_or_default();
        if content.len() > MAX_STREAM || content::inherits_font(&content) {
            self.unread.extend(of_page.cmaps.iter().cloned());
        }
    }

    fn write_form(&mut self, at: ObjectRef, form: &Object, resources: &Object, fonts: &Fonts) {
        let is_encrypted = self.document.is_encrypted();
        let content = Some(form).filter(|_| !is_encrypted).and_then(|form| form.decode_stream_data().ok());
        let (Some(dict), Some(content)) = (form.as_dict(), content.filter(|content| self.has_room(content.len())))
        else {
            self.unread.extend(fonts.cmaps.iter().cloned());
            return;
        };
        let content = Shown::default().in_unicode(&content, &fonts.names).unwrap_or(content);
        self.size += content.len();
        let mut dict = dict.clone();
        dict.retain(|key, _| !matches!(&**key, "Filter" | "DecodeParms" | "F" | "FFilter" | "FDecodeParms" | "DL"));
        dict.insert("Resources".to_owned(), self.with_fonts(resources, fonts));
        self.update.replace(at, stream(dict, content));
        self.is_changed = true;
    }

    /// Resources with other fonts.
    fn with_fonts(&self, resources: &Object, fonts: &Fonts) -> Object {
        let mut resources = resources.as_dict().cloned().unwrap_or_default();
        let named = resources.get("Font").map_or(Object::Null, |named| self.resolved(named));
        let mut named = named.as_dict().cloned().unwrap_or_default();
        named.extend(fonts.told.iter().map(|(name, at)| (name.clone(), Object::Reference(*at))));
        resources.insert("Font".to_owned(), Object::Dictionary(named));
        Object::Dictionary(resources)
    }

    /// The fonts among resources that others are to stand for. Those of Unicode that are objects of their own are replaced
    /// where they are, since nothing else has to change.
    fn fonts(&mut self, resources: &Object) -> Fonts {
        let named = self.entry(resources, "Font");
        let mut fonts = Fonts::default();
        for (name, font) in named.as_dict().into_iter().flatten() {
            let at = font.as_reference();
            let seen = at.and_then(|at| self.fonts.get(&at)).copied();
            let seen = seen.unwrap_or_else(|| self.look_at(font, at));
            if let Some(at) = at {
                self.fonts.insert(at, seen);
            }
            let Seen::Charset(charset, told) = seen else { continue };
            fonts.told.insert(name.clone(), told);
            // Codes of UTF-16 stay as they are.
            if charset != UTF_16BE {
                fonts.names.insert(name.clone(), charset);
                fonts.cmaps.extend(self.charset_of(font));
            }
        }
        fonts
    }

    /// The name of a font's CMap, if that is of a national character set.
    fn charset_of(&self, font: &Object) -> Option<String> {
        match font::cmap_of(self.document, &self.resolved(font))? {
            Named::Told(name, cmap) if cmap.charset.is_some() => Some(name),
            _ => None,
        }
    }

    /// Fonts that graphics states set are not told (ISO 32000-1, table 58).
    fn note_states(&mut self, resources: &Object) {
        let states = self.entry(resources, "ExtGState");
        for state in states.as_dict().into_iter().flat_map(|states| states.values()) {
            let font = self.entry(&self.resolved(state), "Font");
            let name = font.as_array().and_then(|font| self.charset_of(font.first()?));
            self.unread.extend(name);
        }
    }

    fn look_at(&mut self, font: &Object, at: Option<ObjectRef>) -> Seen {
        let font = self.resolved(font);
        let (name, cmap) = match font::cmap_of(self.document, &font) {
            Some(Named::Told(name, cmap)) => (name, cmap),
            Some(Named::Unknown(name)) => {
                self.unread.insert(name);
                return Seen::Done;
            }
            None => return Seen::Done,
        };
        let Some(font) = Font::of(self.document, &font, cmap, self.to_unicode) else {
            self.unread.extend(cmap.charset.map(|_| name));
            return Seen::Done;
        };
        match (font.cmap.charset, at) {
            (None, Some(at)) => {
                self.update.replace(at, font.told);
                self.is_changed = true;
                Seen::Done
            }
            (charset, _) => Seen::Charset(charset.unwrap_or(UTF_16BE), self.update.add(font.told)),
        }
    }

    /// Where a page is; the tree of pages is walked once (7.7.3).
    fn place_of_page(&mut self, index: usize) -> Option<ObjectRef> {
        if self.places.is_none() {
            let root = self.document.trailer().as_dict().and_then(|trailer| trailer.get("Root")).cloned();
            let root = self.resolved(&root.unwrap_or(Object::Null));
            let mut open: Vec<Object> =
                root.as_dict().and_then(|root| root.get("Pages")).cloned().into_iter().collect();
            let (mut places, mut met) = (Vec::new(), HashSet::new());
            while let Some(node) = open.pop() {
                let Some(at) = node.as_reference().filter(|at| met.insert(*at)) else { continue };
                let node = self.resolved(&node);
                match node.as_dict().and_then(|node| node.get("Kids")) {
                    Some(kids) => {
                        let kids = self.resolved(kids);
                        open.extend(kids.as_array().into_iter().flatten().rev().cloned());
                    }
                    None => places.push(at),
                }
            }
            self.places = Some(places);
        }
        let places = self.places.as_ref()?;
        // Where a tree is not as it should be, the library may count other pages.
        let is_whole = self.document.page_count().is_ok_and(|count| count == places.len());
        places.get(index).copied().filter(|_| is_whole)
    }

    fn entry(&self, dict: &Object, key: &str) -> Object {
        dict.as_dict().and_then(|dict| dict.get(key)).map_or(Object::Null, |entry| self.resolved(entry))
    }

    fn resolved(&self, object: &Object) -> Object {
        self.document.resolve_object(object).unwrap_or(Object::Null)
    }
}

fn stream(mut dict: Dict, data: Vec<u8>) -> Object {
    dict.insert("Length".to_owned(), Object::Integer(data.len() as i64));
    Object::Stream { dict, data: data.into() }
}

#[cfg(test)]
mod tests {
    use super::font::Cmap;
    use super::*;
    use crate::{BlockKind, extract};

    /// How a file says where its objects are.
    #[derive(Clone, Copy, PartialEq)]
    enum Table {
        Plain,
        Stream,
    }

    /// How its text stands on the page.
    #[derive(Clone, Copy, PartialEq)]
    enum Drawn {
        InPage,
        InForm,
        /// Its font is no object of its own.
        InlineFont,
        /// The page's content ends inside of what shows the text, and goes on in another stream.
        Split,
    }

    /// A page of lines at their places, in a Korean font that is not embedded, as report generators write it.
    fn page(lines: &[(u32, u32, String)], cmap: &str, table: Table, drawn: Drawn) -> Vec<u8> {
        let code = |text: &str| -> String {
            match Cmap::named(cmap).and_then(|cmap| cmap.charset) {
                Some(charset) => charset.encode(text).0.iter().map(|byte| format!("{byte:02X}")).collect(),
                None => text.encode_utf16().map(|unit| format!("{unit:04X}")).collect(),
            }
        };
        let line =
            |(x, y, text): &(u32, u32, String)| format!("BT /F1 10 Tf 1 0 0 1 {x} {y} Tm <{}> Tj ET\n", code(text));
        let content: String = lines.iter().map(line).collect();
        // Names may hold anything.
        let font = format!(
            "<< /Type /Font /Subtype /Type0 /BaseFont /Gulim#28K#29 /Encoding /{cmap} /DescendantFonts [6 0 R] >>"
        );
        let fonts = "/Resources << /Font << /F1 5 0 R >> >>";
        let inline_font = format!("/Resources << /Font << /F1 {font} >> >>");
        let (before, behind) = content.rsplit_once("Tj").unwrap_or_default();
        let behind = format!("Tj{behind}");
        let (of_page, shown, of_form) = match drawn {
            Drawn::InPage | Drawn::Split => (fonts, content.as_str(), ""),
            Drawn::InlineFont => (inline_font.as_str(), content.as_str(), ""),
            Drawn::InForm => ("/Resources << /XObject << /X 7 0 R >> >>", "/X Do", content.as_str()),
        };
        let stream = |dict: &str, data: &str| format!("<< {dict} /Length {} >>\nstream\n{data}\nendstream", data.len());
        let contents = if drawn == Drawn::Split { "[4 0 R 8 0 R]" } else { "4 0 R" };
        let mut objects = vec![
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 300] /Contents {contents} {of_page} >>"),
            stream("", if drawn == Drawn::Split { before } else { shown }),
            font.clone(),
            "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HYSMyeongJo-Medium /DW 1000 /W [1 [333] 2 95 500] /CIDSystemInfo \
             << /Registry (Adobe) /Ordering (Korea1) /Supplement 1 >> >>"
                .to_owned(),
            stream(&format!("/Type /XObject /Subtype /Form /BBox [0 0 600 300] {fonts}"), of_form),
            stream("", &behind),
        ];
        let mut bytes = b"%PDF-1.5\n".to_vec();
        let mut places = vec![0];
        let count = objects.len() + 1 + usize::from(table == Table::Stream);
        let trailer = format!("/Size {count} /Root 1 0 R");
        for (number, object) in objects.drain(..).enumerate() {
            places.push(bytes.len());
            bytes.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
        }
        let start = bytes.len();
        if table == Table::Plain {
            let entries: String = places[1..].iter().map(|at| format!("{at:010} 00000 n \n")).collect();
            let table = format!("xref\n0 {count}\n0000000000 65535 f \n{entries}trailer\n<< {trailer} >>");
            bytes.extend(table.bytes());
        } else {
            places.push(start);
            let dict = format!("<< /Type /XRef /W [1 4 1] {trailer} /Length {} >>", places.len() * 6);
            bytes.extend(format!("{} 0 obj\n{dict}\nstream\n", count - 1).bytes());
            for at in places {
                bytes.push(u8::from(at > 0));
                bytes.extend((at as u32).to_be_bytes());
                bytes.push(0);
            }
            bytes.extend(b"\nendstream\nendobj");
        }
        bytes.extend(format!("\nstartxref\n{start}\n%%EOF\n").bytes());
        bytes
    }

    fn said(bytes: &[u8]) -> String {
        let blocks = extract(None, bytes).blocks;
        let said = blocks.iter().map(|block| match &block.kind {
            BlockKind::Table(table) => table.rows.iter().flat_map(|row| &row.cells).map(|cell| &*cell.text).collect(),
            BlockKind::Paragraph(text) | BlockKind::Heading { text, .. } => vec![&**text],
            other => panic!("{other:?}"),
        });
        said.flatten().collect::<Vec<_>>().join("|")
    }

    /// Codes of one byte stand beside those of two in all but the first.
    #[test]
    fn korean_of_any_predefined_cmap_is_korean() {
        let text = "2호 창고의 Windows PC는 관리자가 잠근다.";
        for cmap in ["UniKS-UCS2-H", "UniKS-UTF16-H", "KSCms-UHC-H", "KSCms-UHC-HW-H", "KSC-EUC-H", "KSCpc-EUC-H"] {
            for table in [Table::Plain, Table::Stream] {
                for drawn in [Drawn::InPage, Drawn::InForm, Drawn::InlineFont, Drawn::Split] {
                    let bytes = page(&[(50, 200, text.to_owned())], cmap, table, drawn);
                    assert_eq!(said(&bytes), text, "{cmap}");
                }
            }
        }
    }

    #[test]
    fn text_that_cannot_be_told_is_a_finding() {
        let bytes = page(&[(50, 200, "가 나".to_owned())], "KSCms-UHC-H", Table::Plain, Drawn::InPage);
        let bytes = String::from_utf8_lossy(&bytes).replace("[6 0 R]", "[ null]").into_bytes();
        let problems = extract(None, &bytes).problems;
        assert!(problems.iter().any(|problem| problem.detail.contains("KSCms-UHC-H")), "{problems:?}");
    }

    #[test]
    fn a_file_of_other_fonts_is_left_alone() {
        let bytes = page(&[(50, 200, "가".to_owned())], "Identity-H", Table::Plain, Drawn::InPage);
        let document = PdfDocument::from_bytes(bytes.clone()).unwrap();
        let told = told(&document, &bytes);
        assert_eq!((told.update, told.unread.len()), (None, 0));
    }

    /// The library takes each blank for half an em, so that the left lines reached the right ones.
    #[test]
    fn columns_of_a_font_that_is_not_embedded_are_told_apart() {
        let left = [
            "물을 쓴 뒤 두 번 더 잠그고",
            "문을 닫은 뒤 불을 다 끄며",
            "큰 길 쪽 창은 늘 잠가 두고",
            "새 짐은 안 쪽 방에 둔 뒤",
            "곧 그 수를 세어 적어 두고",
            "찬 물은 통에 반만 채운 뒤",
            "그 날 본 것을 다 적어 낸다",
        ];
        let right = [
            "다음 달에 쓸 돈은 이번 달",
            "말일까지 알리고 남은 돈은",
            "다시 넣으며 쓴 돈의 표는",
            "세 해 동안 모아 두고 잃은",
            "표는 곧바로 알려 새 표를",
            "받는다 차를 쓸 사람은 그",
            "앞 날까지 열쇠를 받아 둔다",
        ];
        // Lines of two of these each: running text, eleven points beside the other column.
        let long = |texts: [&str; 7]| -> Vec<String> {
            (0..14).map(|row| format!("{} {}", texts[row % 7], texts[(row * 3 + 1) % 7])).collect()
        };
        let (left, right) = (long(left), long(right));
        let row = |x: u32, texts: &[String]| -> Vec<(u32, u32, String)> {
            (0..).zip(texts).map(|(row, text)| (x, 280 - row * 15, text.clone())).collect()
        };
        let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        for drawn in [Drawn::InPage, Drawn::InForm] {
            let lines = [row(50, &left), row(303, &right)].concat();
            let said = bare(&said(&page(&lines, "UniKS-UCS2-H", Table::Plain, drawn)));
            for line in left.iter().chain(&right) {
                assert!(said.contains(&bare(line)), "{line} in {said}");
            }
        }
    }
}
