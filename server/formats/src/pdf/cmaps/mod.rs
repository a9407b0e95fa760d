//! Fonts whose encoding is a predefined CMap (`UniKS-UCS2-H`, `KSCms-UHC-H`), as Korean, Japanese and Chinese files have them that
//! do not embed their fonts. The PDF library looks their widths up by the code of a character, where `/W` has them by its CID
//! (ISO 32000-1, 9.7.4.3), and takes each code of those made from national character sets for two bytes, where those of Latin
//! letters are one. So such a file is read as if it were written in Unicode: its fonts get codes of UTF-16 with the widths
//! of these (`Identity-H` and a `/ToUnicode`), and what is drawn in national character sets is written anew. The new objects stand
//! behind the file as an incremental update (7.5.6); a file without such fonts is left alone.

mod content;
mod font;
mod update;

use std::collections::{HashMap, HashSet};

use pdf_oxide::PdfDocument;
use pdf_oxide::object::{Object, ObjectRef};

use self::content::{Names, Shown};
use self::font::Font;
use self::update::Update;
use crate::limits::MAX_PAGES;

type Dict = HashMap<String, Object>;

/// Most bytes of drawn content that are written anew.
const MAX_CONTENT: usize = 64 << 20;

/// The file with its fonts of predefined CMaps told in Unicode; `None` where it has none, or is encrypted, when nothing can be
/// added to it.
pub(super) fn in_unicode(document: &PdfDocument, bytes: &[u8]) -> Option<Vec<u8>> {
    if document.trailer().as_dict()?.contains_key("Encrypt") {
        return None;
    }
    let mut reading =
        Reading { document, seen: HashSet::new(), fonts: HashMap::new(), streams: HashMap::new(), size: 0 };
    for index in 0..document.page_count().ok()?.min(MAX_PAGES) {
        let Ok(page) = document.get_page(index) else { continue };
        page.as_dict().into_iter().for_each(|page| reading.page(page));
    }
    if reading.fonts.is_empty() {
        return None;
    }
    let mut update = Update::of(document, bytes)?;
    let to_unicode = update.add(font::to_unicode());
    for (at, font) in reading.fonts {
        update.replace(at, font.in_unicode(document, to_unicode)?);
    }
    for (at, stream) in reading.streams {
        update.replace(at, stream);
    }
    Some(update.written())
}

/// Looks for fonts of predefined CMaps, and writes anew what is drawn with those of national character sets.
struct Reading<'a> {
    document: &'a PdfDocument,
    /// Resources, forms and streams that were looked at.
    seen: HashSet<ObjectRef>,
    fonts: HashMap<ObjectRef, Font>,
    /// Streams of content in Unicode.
    streams: HashMap<ObjectRef, Object>,
    /// The bytes that they hold.
    size: usize,
}

impl Reading<'_> {
    fn page(&mut self, page: &Dict) {
        let Some(resources) = page.get("Resources") else { return };
        let is_new = resources.as_reference().is_none_or(|at| self.seen.insert(at));
        let resources = self.resolved(resources);
        let names = self.names(&resources);
        if !names.is_empty() {
            let contents = page.get("Contents").map(|contents| match contents.as_reference() {
                // One stream, or a list of them elsewhere.
                Some(at) => self.resolved(contents).as_array().cloned().unwrap_or_else(|| vec![Object::Reference(at)]),
                None => contents.as_array().cloned().unwrap_or_default(),
            });
            let mut shown = Shown::default();
            for at in contents.iter().flatten().filter_map(Object::as_reference) {
                self.rewrite(at, &names, &mut shown);
            }
        }
        // Those of resources that were met before were looked at then, but for forms that have the page's fonts.
        if is_new {
            self.forms(&resources, &names);
        }
    }

    /// The forms that resources name, and those below them.
    fn forms(&mut self, resources: &Object, names: &Names) {
        let mut open = vec![(resources.clone(), names.clone())];
        while let Some((resources, names)) = open.pop() {
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
                // A form without resources of its own has those of the page (ISO 32000-1, 7.8.3).
                let own = dict.get("Resources").map(|own| self.resolved(own));
                let names = own.as_ref().map_or_else(|| names.clone(), |own| self.names(own));
                if !names.is_empty() {
                    self.seen.remove(&at);
                    self.rewrite(at, &names, &mut Shown::default());
                }
                open.extend(own.map(|own| (own, names)));
            }
        }
    }

    /// The fonts of national character sets among resources, by their names there. All those of predefined CMaps are kept.
    fn names(&mut self, resources: &Object) -> Names {
        let fonts = self.entry(resources, "Font");
        let mut names = Names::new();
        for (name, font) in fonts.as_dict().into_iter().flatten() {
            let Some(at) = font.as_reference() else { continue };
            if !self.fonts.contains_key(&at) {
                // Most fonts are met on every page.
                if !self.seen.insert(at) {
                    continue;
                }
                let Some(found) = Font::of(self.document, &self.resolved(font)) else { continue };
                self.fonts.insert(at, found);
            }
            let charset = self.fonts.get(&at).and_then(|font| font.cmap.charset);
            names.extend(charset.map(|charset| (name.clone(), charset)));
        }
        names
    }

    /// Writes a stream of content anew.
    fn rewrite(&mut self, at: ObjectRef, names: &Names, shown: &mut Shown) {
        if !self.seen.insert(at) {
            return;
        }
        let stream = self.resolved(&Object::Reference(at));
        let (Some(dict), Ok(data)) = (stream.as_dict(), stream.decode_stream_data()) else { return };
        self.size += data.len();
        if self.size > MAX_CONTENT {
            return;
        }
        let Some(data) = shown.in_unicode(&data, names) else { return };
        let mut dict = dict.clone();
        dict.retain(|key, _| !matches!(&**key, "Filter" | "DecodeParms" | "F" | "FFilter" | "FDecodeParms" | "DL"));
        dict.insert("Length".to_owned(), Object::Integer(data.len() as i64));
        self.streams.insert(at, Object::Stream { dict, data: data.into() });
    }

    fn entry(&self, dict: &Object, key: &str) -> Object {
        dict.as_dict().and_then(|dict| dict.get(key)).map_or(Object::Null, |entry| self.resolved(entry))
    }

    fn resolved(&self, object: &Object) -> Object {
        self.document.resolve_object(object).unwrap_or(Object::Null)
    }
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
        let fonts = "/Resources << /Font << /F1 5 0 R >> >>";
        let (of_page, shown, of_form) = match drawn {
            Drawn::InPage => (fonts, content.as_str(), ""),
            Drawn::InForm => ("/Resources << /XObject << /X 7 0 R >> >>", "/X Do", content.as_str()),
        };
        let stream = |dict: &str, data: &str| format!("<< {dict} /Length {} >>\nstream\n{data}\nendstream", data.len());
        let mut objects = vec![
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 300] /Contents 4 0 R {of_page} >>"),
            stream("", shown),
            format!("<< /Type /Font /Subtype /Type0 /BaseFont /HYSMyeongJo-Medium /Encoding /{cmap} /DescendantFonts [6 0 R] >>"),
            "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HYSMyeongJo-Medium /DW 1000 /W [1 [333] 2 95 500] /CIDSystemInfo \
             << /Registry (Adobe) /Ordering (Korea1) /Supplement 1 >> >>"
                .to_owned(),
            stream(&format!("/Type /XObject /Subtype /Form /BBox [0 0 600 300] {fonts}"), of_form),
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
                for drawn in [Drawn::InPage, Drawn::InForm] {
                    let bytes = page(&[(50, 200, text.to_owned())], cmap, table, drawn);
                    assert_eq!(said(&bytes), text, "{cmap}");
                }
            }
        }
    }

    #[test]
    fn a_file_of_other_fonts_is_left_alone() {
        let bytes = page(&[(50, 200, "가".to_owned())], "Identity-H", Table::Plain, Drawn::InPage);
        let document = PdfDocument::from_bytes(bytes.clone()).unwrap();
        assert_eq!(in_unicode(&document, &bytes), None);
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
