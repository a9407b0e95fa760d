//! A font of a predefined CMap, and the same font with codes of UTF-16.

use std::collections::HashMap;

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS};
use pdf_oxide::PdfDocument;
use pdf_oxide::object::{Object, ObjectRef};

use super::Dict;

/// The printable ASCII characters, which have CIDs in a row.
const LATIN: std::ops::RangeInclusive<u16> = 0x20..=0x7e;

/// The width of characters without one (ISO 32000-1, table 117).
const DEFAULT_WIDTH: i64 = 1000;

/// What a predefined CMap says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cmap {
    /// The CID of the blank; the other printable ASCII characters follow it.
    blank: u16,
    /// The character set of its codes; `None` is UTF-16.
    pub(super) charset: Option<&'static Encoding>,
    is_vertical: bool,
}

impl Cmap {
    /// By its name (ISO 32000-1, table 118; the CIDs are those of Adobe's collections for Korean, Japanese and Chinese, Technical
    /// Notes 5093, 5078, 5079, 5080: proportional letters begin at 1 in each, those of half a width further up).
    pub(super) fn named(name: &str) -> Option<Self> {
        let (base, direction) = name.rsplit_once('-')?;
        let (blank, charset) = match base {
            "KSCms-UHC" | "KSCpc-EUC" => (1, Some(EUC_KR)),
            "KSC-EUC" | "KSCms-UHC-HW" => (8094, Some(EUC_KR)),
            "90msp-RKSJ" | "90pv-RKSJ" | "83pv-RKSJ" => (1, Some(SHIFT_JIS)),
            "90ms-RKSJ" | "Ext-RKSJ" | "Add-RKSJ" => (231, Some(SHIFT_JIS)),
            "EUC" => (231, Some(EUC_JP)),
            "GBKp-EUC" | "GBpc-EUC" | "GBK2K" => (1, Some(GB18030)),
            "GB-EUC" | "GBK-EUC" => (814, Some(GB18030)),
            "ETenms-B5" | "B5pc" | "HKscs-B5" => (1, Some(BIG5)),
            "ETen-B5" => (13_648, Some(BIG5)),
            "UniJIS-UCS2-HW" => (231, None),
            _ if base.starts_with("Uni") && (base.ends_with("-UCS2") || base.ends_with("-UTF16")) => (1, None),
            _ => return None,
        };
        let is_vertical = match direction {
            "H" => false,
            "V" => true,
            _ => return None,
        };
        Some(Self { blank, charset, is_vertical })
    }
}

/// A font of a predefined CMap with codes of UTF-16.
pub(super) struct Font {
    pub(super) cmap: Cmap,
    pub(super) told: Object,
}

/// What the encoding of a font says.
pub(super) enum Named {
    /// A predefined CMap that is told in Unicode, and its name.
    Told(String, Cmap),
    /// Another one than the library knows: what its codes mean is not known.
    Unknown(String),
}

/// The predefined CMap that is the encoding of a font.
pub(super) fn cmap_of(document: &PdfDocument, font: &Object) -> Option<Named> {
    let dict = font.as_dict().filter(|dict| dict.get("Subtype").and_then(Object::as_name) == Some("Type0"))?;
    let encoding = document.resolve_object(dict.get("Encoding")?).ok()?;
    let name = encoding.as_name()?.to_owned();
    match Cmap::named(&name) {
        Some(cmap) => Some(Named::Told(name, cmap)),
        None => {
            let is_known = name.starts_with("Identity") || name.starts_with("Uni") || dict.contains_key("ToUnicode");
            (!is_known).then_some(Named::Unknown(name))
        }
    }
}

impl Font {
    /// `None` for a font whose parts are missing. What it says itself of the meaning of its codes is replaced, as these are
    /// other codes now, and mean themselves.
    pub(super) fn of(document: &PdfDocument, font: &Object, cmap: Cmap, to_unicode: ObjectRef) -> Option<Self> {
        let mut dict = font.as_dict()?.clone();
        let descendant = document.resolve_object(dict.get("DescendantFonts")?).ok()?;
        let mut descendant = document.resolve_object(descendant.as_array()?.first()?).ok()?.as_dict()?.clone();
        let widths = descendant.get("W").and_then(|widths| document.resolve_object(widths).ok());
        let widths = widths.map(|widths| widths_by_cid(document, &widths)).unwrap_or_default();
        let latin = LATIN.zip(cmap.blank..).filter_map(|(code, cid)| Some((code, *widths.get(&cid)?)));
        let latin = latin.flat_map(|(code, width)| {
            [Object::Integer(i64::from(code)), Object::Array(vec![Object::Real(f64::from(width))])]
        });
        descendant.insert("W".to_owned(), Object::Array(latin.collect()));
        descendant.entry("DW".to_owned()).or_insert(Object::Integer(DEFAULT_WIDTH));
        // The codes are no CIDs of the collection.
        descendant.remove("CIDSystemInfo");
        dict.insert("DescendantFonts".to_owned(), Object::Array(vec![Object::Dictionary(descendant)]));
        let identity = if cmap.is_vertical { "Identity-V" } else { "Identity-H" };
        dict.insert("Encoding".to_owned(), Object::Name(identity.to_owned()));
        dict.insert("ToUnicode".to_owned(), Object::Reference(to_unicode));
        Some(Self { cmap, told: Object::Dictionary(dict) })
    }
}

/// The widths of a CID font (ISO 32000-1, 9.7.4.3), by CID.
fn widths_by_cid(document: &PdfDocument, widths: &Object) -> HashMap<u16, f32> {
    let number = |object: &Object| match object {
        Object::Integer(number) => Some(*number as f32),
        Object::Real(number) => Some(*number as f32),
        _ => None,
    };
    let cid = |object: &Object| object.as_integer().and_then(|cid| u16::try_from(cid).ok());
    let items: Vec<Object> = widths.as_array().into_iter().flatten().map(|item| resolved(document, item)).collect();
    let (mut found, mut rest) = (HashMap::new(), items.as_slice());
    loop {
        match rest {
            [first, Object::Array(listed), tail @ ..] => {
                let listed = listed.iter().map(|width| number(&resolved(document, width)));
                let each = cid(first).map(|first| (first..=u16::MAX).zip(listed)).into_iter().flatten();
                found.extend(each.filter_map(|(cid, width)| Some((cid, width?))));
                rest = tail;
            }
            [first, last, width, tail @ ..] => {
                if let (Some(first), Some(last), Some(width)) = (cid(first), cid(last), number(width)) {
                    found.extend((first..=last).map(|cid| (cid, width)));
                }
                rest = tail;
            }
            _ => return found,
        }
    }
}

fn resolved(document: &PdfDocument, object: &Object) -> Object {
    document.resolve_object(object).unwrap_or(Object::Null)
}

/// Codes of UTF-16 mean themselves.
pub(super) fn to_unicode() -> Object {
    let mut text = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n\
         1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        .to_owned();
    let ranges: Vec<String> =
        (0..=0xff_u32).map(|high| format!("<{high:02X}00> <{high:02X}FF> <{high:02X}00>\n")).collect();
    for some in ranges.chunks(100) {
        text.push_str(&format!("{} beginbfrange\n{}endbfrange\n", some.len(), some.concat()));
    }
    text.push_str("endcmap end end\n");
    let dict = Dict::from([("Length".to_owned(), Object::Integer(text.len() as i64))]);
    Object::Stream { dict, data: text.into_bytes().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predefined_cmap_tells_its_character_set_and_where_letters_begin() {
        let check = |name: &str, expect: Option<(u16, Option<&'static Encoding>, bool)>| {
            let found = Cmap::named(name).map(|cmap| (cmap.blank, cmap.charset, cmap.is_vertical));
            assert_eq!(found, expect, "{name}");
        };
        check("UniKS-UCS2-H", Some((1, None, false)));
        check("UniJIS-UTF16-V", Some((1, None, true)));
        check("UniJIS-UCS2-HW-H", Some((231, None, false)));
        check("KSCms-UHC-H", Some((1, Some(EUC_KR), false)));
        check("KSCms-UHC-HW-V", Some((8094, Some(EUC_KR), true)));
        check("KSC-EUC-H", Some((8094, Some(EUC_KR), false)));
        check("90ms-RKSJ-H", Some((231, Some(SHIFT_JIS), false)));
        check("GBK-EUC-H", Some((814, Some(GB18030), false)));
        check("GBKp-EUC-H", Some((1, Some(GB18030), false)));
        check("ETen-B5-V", Some((13_648, Some(BIG5), true)));
        // These have codes of other lengths, or say nothing of what they mean.
        for other in ["Identity-H", "WinAnsiEncoding", "UniKS-UTF32-H", "UniJIS-UTF8-H", "H", "KSCms-UHC", ""] {
            check(other, None);
        }
    }
}
