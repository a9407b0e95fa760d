//! Widths of Latin letters, digits and blanks in CID fonts whose encoding is a predefined CMap (`UniKS-UCS2-H`): the PDF library
//! looks them up by the code of the character, where `/W` has them by its CID (ISO 32000-1, 9.7.4.3). So they are laid out
//! anew: a line of eight blanks would else reach over the gutter of two columns.

use std::collections::{BTreeMap, HashMap};

use pdf_oxide::PdfDocument;
use pdf_oxide::extractors::TextExtractor;
use pdf_oxide::fonts::{Encoding, FontInfo};
use pdf_oxide::layout::TextChar;

use super::geometry::median;

/// Characters that follow each other in what is drawn stand no further apart than this, in points, beside their widths.
const SAME_PLACE: f32 = 0.03;

/// The printable ASCII characters, which have CIDs in a row.
const LATIN: std::ops::RangeInclusive<char> = ' '..='~';

/// How much wider or narrower characters are than the library has them, by the fonts' names.
#[derive(Debug, Default)]
pub(super) struct CidWidths {
    ratios: HashMap<String, HashMap<char, f32>>,
}

impl CidWidths {
    /// Of the fonts of a page; none that the library got wrong on most.
    pub(super) fn of_page(document: &PdfDocument, index: usize) -> Self {
        let fonts = fonts(document, index).unwrap_or_default();
        let ratios = fonts.iter().filter_map(|font| Some((font.base_font.clone(), ratios(font)?))).collect();
        Self { ratios }
    }

    fn ratio(&self, char: &TextChar) -> f32 {
        self.ratios.get(&char.font_name).and_then(|font| font.get(&char.char)).copied().unwrap_or(1.0)
    }

    /// Lays out again the level text of a page: what follows a character in the same piece of drawn text moves with its end.
    pub(super) fn mend(&self, chars: &mut [TextChar]) {
        if self.ratios.is_empty() {
            return;
        }
        let (following, near) = following(chars);
        let mut is_first = vec![true; chars.len()];
        following.iter().flatten().for_each(|next| is_first[*next] = false);
        if !stand_beside(chars, &is_first) {
            return;
        }
        let mut is_done = vec![false; chars.len()];
        for first in (0..chars.len()).filter(|index| is_first[*index]) {
            let (mut shift, mut this) = (0.0, Some(first));
            while let Some(index) = this {
                let char = &mut chars[index];
                // What is followed by something that was put there anew keeps its width, or letters would fall apart.
                let ratio = if following[index].is_none() && near[index] { 1.0 } else { self.ratio(char) };
                let width = char.advance_width * ratio;
                char.origin_x += shift;
                char.bbox.x += shift;
                shift += width - char.advance_width;
                char.bbox.width += width - char.advance_width;
                char.advance_width = width;
                // One that two end at moves once.
                this = following[index].filter(|next| !std::mem::replace(&mut is_done[*next], true));
            }
        }
    }
}

/// Whether rows of text begin at several places far from each other: columns, or a table. Elsewhere nothing is told apart by where
/// lines end, and where Korean lines are cut is judged by widths as they are.
fn stand_beside(chars: &[TextChar], is_first: &[bool]) -> bool {
    let mut begun: BTreeMap<i64, usize> = BTreeMap::new();
    let mut size = 0.0_f32;
    for (char, _) in chars.iter().zip(is_first).filter(|(char, is_first)| **is_first && is_level(char)) {
        *begun.entry(char.origin_x.round() as i64).or_default() += 1;
        size = size.max(char.font_size.abs());
    }
    let places = || begun.iter().filter(|(_, rows)| **rows >= MIN_ROWS).map(|(place, _)| *place);
    let (first, last) = (places().next(), places().next_back());
    first.zip(last).is_some_and(|(first, last)| (last - first) as f32 > MIN_COLUMN * size)
}

/// The narrowest column, in sizes of the largest letters: a sign before an item is narrower.
const MIN_COLUMN: f32 = 4.0;

/// Fewest rows in which text begins at one place.
const MIN_ROWS: usize = 5;

/// For each character the one that follows it in the same piece of drawn text, and whether another one stands near behind it.
/// Within a row the spacing is the same everywhere; what stands elsewhere was put there by the file.
fn following(chars: &[TextChar]) -> (Vec<Option<usize>>, Vec<bool>) {
    let (mut following, mut near) = (vec![None; chars.len()], vec![false; chars.len()]);
    let mut rows: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (index, char) in chars.iter().enumerate().filter(|(_, char)| is_level(char)) {
        rows.entry((char.origin_y / SAME_PLACE).round() as i64).or_default().push(index);
    }
    for row in rows.values_mut() {
        row.sort_by(|a, b| chars[*a].origin_x.total_cmp(&chars[*b].origin_x));
        let gap = |index: usize, next: usize| chars[next].origin_x - chars[index].origin_x - chars[index].advance_width;
        let is_near = |index: usize, gap: f32| gap.abs() < NEAR * chars[index].font_size.abs();
        let gaps: Vec<f32> = row.windows(2).map(|pair| gap(pair[0], pair[1])).collect();
        let near_gaps: Vec<f32> =
            row.iter().zip(&gaps).filter(|(at, gap)| is_near(**at, **gap)).map(|(_, gap)| *gap).collect();
        let spacing = if near_gaps.is_empty() { 0.0 } else { median(near_gaps) };
        for (at, index) in row.iter().enumerate() {
            // Lines may overlap as the library has them: a few of the next ones are looked at.
            for next in row[at + 1..].iter().take(MAX_OVERLAP) {
                let gap = gap(*index, *next);
                if (gap - spacing).abs() <= SAME_PLACE {
                    following[*index] = Some(*next);
                    break;
                }
                near[*index] |= is_near(*index, gap);
            }
        }
    }
    (following, near)
}

/// So near, in font sizes, a character stands behind another one.
const NEAR: f32 = 0.6;

/// Most characters that overlap another one in its row.
const MAX_OVERLAP: usize = 24;

fn is_level(char: &TextChar) -> bool {
    char.rotation_degrees == 0.0 && char.advance_width > 0.0
}

/// The fonts that a page names.
fn fonts(document: &PdfDocument, index: usize) -> Option<Vec<std::sync::Arc<FontInfo>>> {
    let page = document.get_page(index).ok()?;
    let resources = page.as_dict()?.get("Resources")?.clone();
    let resources = match resources.as_reference() {
        Some(reference) => document.load_object(reference).ok()?,
        None => resources,
    };
    let mut extractor = TextExtractor::new();
    document.load_fonts_public(&resources, &mut extractor).ok()?;
    Some(extractor.get_font_set().into_iter().map(|(_, font)| font).collect())
}

/// By how much the widths of its Latin characters differ from what the library takes for them; `None` where none does.
fn ratios(font: &FontInfo) -> Option<HashMap<char, f32>> {
    let Encoding::Standard(cmap) = &font.encoding else { return None };
    let first = first_cid(cmap).filter(|_| font.subtype == "Type0")?;
    let widths = font.cid_widths.as_ref()?;
    let ratio = |(char, cid): (char, u16)| {
        let width = widths.get(&cid).copied().unwrap_or(font.cid_default_width);
        let taken = font.get_glyph_width(char as u16);
        (taken > 0.0 && width > 0.0 && taken != width).then_some((char, width / taken))
    };
    let ratios: HashMap<char, f32> = LATIN.zip(first..).filter_map(ratio).collect();
    (!ratios.is_empty()).then_some(ratios)
}

/// The CID of the blank in a predefined CMap (ISO 32000-1, table 118; the glyphs of Adobe's collections for Korean, Japanese and
/// Chinese, Technical Notes 5093, 5078, 5079, 5080): proportional letters begin at 1 in each, those of half a width further up.
fn first_cid(cmap: &str) -> Option<u16> {
    let is = |names: &[&str]| {
        names.iter().any(|name| cmap.strip_prefix(name).is_some_and(|rest| matches!(rest, "-H" | "-V")))
    };
    match cmap {
        _ if is(&["KSC-EUC", "KSCms-UHC-HW"]) => Some(8094),
        _ if is(&["90ms-RKSJ", "UniJIS-UCS2-HW", "Ext-RKSJ", "Add-RKSJ", "EUC"]) => Some(231),
        _ if is(&["GB-EUC", "GBK-EUC"]) => Some(814),
        _ if is(&["ETen-B5", "CNS-EUC"]) => Some(13_648),
        _ if cmap.starts_with("Uni") => Some(1),
        _ if is(&[
            "KSCms-UHC",
            "KSCpc-EUC",
            "90msp-RKSJ",
            "90pv-RKSJ",
            "GBKp-EUC",
            "GBpc-EUC",
            "GBK2K",
            "ETenms-B5",
            "B5pc",
            "HKscs-B5",
        ]) =>
        {
            Some(1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BlockKind, extract};

    #[test]
    fn blanks_begin_at_the_cid_of_their_collection() {
        for (cmap, expect) in [
            ("UniKS-UCS2-H", Some(1)),
            ("UniJIS-UTF16-V", Some(1)),
            ("UniJIS-UCS2-HW-H", Some(231)),
            ("KSCms-UHC-H", Some(1)),
            ("KSCms-UHC-HW-H", Some(8094)),
            ("KSC-EUC-H", Some(8094)),
            ("GBK-EUC-H", Some(814)),
            ("GBKp-EUC-H", Some(1)),
            ("Identity-H", None),
            ("WinAnsiEncoding", None),
        ] {
            assert_eq!(first_cid(cmap), expect, "{cmap}");
        }
    }

    /// A page of lines at their places, in a Korean font that is not embedded, as report generators write it.
    fn page(lines: &[(u32, u32, String)]) -> Vec<u8> {
        let code = |text: &str| text.encode_utf16().map(|unit| format!("{unit:04X}")).collect::<String>();
        let line =
            |(x, y, text): &(u32, u32, String)| format!("BT /F1 10 Tf 1 0 0 1 {x} {y} Tm <{}> Tj ET\n", code(text));
        let content: String = lines.iter().map(line).collect();
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
                .to_owned(),
            format!("<< /Length {} >>\nstream\n{content}endstream", content.len()),
            "<< /Type /Font /Subtype /Type0 /BaseFont /HYSMyeongJo-Medium /Encoding /UniKS-UCS2-H /DescendantFonts [6 0 R] >>"
                .to_owned(),
            "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HYSMyeongJo-Medium /DW 1000 /W [1 [333] 32 [500]] /CIDSystemInfo \
             << /Registry (Adobe) /Ordering (Korea1) /Supplement 1 >> >>"
                .to_owned(),
        ];
        let mut bytes = b"%PDF-1.4\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
        for (number, object) in objects.iter().enumerate() {
            table.push_str(&format!("{:010} 00000 n \n", bytes.len()));
            bytes.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
        }
        let start = bytes.len();
        let trailer = format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
        bytes.extend(table.bytes().chain(trailer.bytes()));
        bytes
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
        let blocks = extract(None, &page(&[row(50, &left), row(303, &right)].concat())).blocks;
        let said = blocks.iter().map(|block| match &block.kind {
            BlockKind::Table(table) => table.rows.iter().flat_map(|row| &row.cells).map(|cell| &*cell.text).collect(),
            BlockKind::Paragraph(text) | BlockKind::Heading { text, .. } => vec![&**text],
            other => panic!("{other:?}"),
        });
        let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let said = bare(&said.flatten().collect::<Vec<_>>().join("|"));
        for line in left.iter().chain(&right) {
            assert!(said.contains(&bare(line)), "{line} in {said}");
        }
    }
}
