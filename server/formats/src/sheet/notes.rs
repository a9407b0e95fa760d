//! What is written beside the cells of a workbook: comments, each with its cell, and the text of boxes and shapes. Found from
//! sheet to part by the relations between them (ECMA-376, part 1, 18.7 and 20.5).

use std::collections::HashMap;

use super::grid::Marks;
use super::marks::HEAD_BYTES;
use crate::archive::Archive;
use crate::declared::says_title;
use crate::xml::Element;
use crate::{Problem, ProblemKind};

/// Most comments and boxes of a workbook.
const MAX_NOTES: usize = 20_000;
/// What newer programs write into the comments that older ones show, beside the real one.
const STAND_IN: &str = "[Threaded comment]";

/// What stands beside the cells of one sheet.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Notes {
    /// Comments by row, from 1, and column, from 0.
    pub(super) cells: HashMap<(u32, u32), String>,
    /// Texts of boxes and shapes.
    pub(super) boxes: Vec<String>,
    /// Where names of columns stand.
    pub(super) marks: Marks,
    /// Whether days are counted from the year 1904.
    pub(super) is_1904: bool,
}

/// A relation of a part: its kind, the last word of its type, and the part that it leads to.
struct Relation {
    id: String,
    kind: String,
    target: String,
}

/// The notes of each sheet, by its name.
pub(super) fn of_sheets(bytes: &[u8], problems: &mut Vec<Problem>) -> HashMap<String, Notes> {
    let Ok(mut archive) = Archive::open(bytes) else { return HashMap::new() };
    let mut note = |problem: Problem| problems.push(problem);
    let Ok(workbook) = archive.xml("xl/workbook.xml", &mut note) else { return HashMap::new() };
    let parts = relations(&mut archive, "xl/workbook.xml", &mut note);
    let is_1904 = workbook
        .child("workbookPr")
        .and_then(|properties| properties.attribute("date1904"))
        .is_some_and(|value| matches!(value, "1" | "true"));
    let (mut found, mut left) = (HashMap::new(), MAX_NOTES);
    for (index, sheet) in workbook.child("sheets").into_iter().flat_map(Element::elements).enumerate() {
        let (Some(name), Some(id)) = (sheet.attribute("name"), sheet.attribute("id")) else { continue };
        let Some(part) = parts.iter().find(|relation| relation.id == id) else { continue };
        let mut notes = Notes { is_1904, ..Notes::default() };
        notes.marks.take_filters(&workbook, index);
        notes.marks.take_pane(&archive.head(&part.target, HEAD_BYTES));
        for relation in relations(&mut archive, &part.target, &mut note) {
            if !["comments", "threadedComment", "drawing", "table"].contains(&relation.kind.as_str()) {
                continue;
            }
            match archive.xml(&relation.target, &mut note) {
                Ok(root) if relation.kind == "table" => notes.marks.take_table(&root),
                Ok(root) => notes.take(&relation.kind, &root, &mut left),
                Err(problem) => note(problem),
            }
        }
        found.insert(name.to_owned(), notes);
    }
    if left == 0 {
        let detail = format!("more than {MAX_NOTES} comments and boxes: the rest is left out");
        problems.push(Problem::new(ProblemKind::TooLarge, detail));
    }
    found
}

impl Notes {
    fn take(&mut self, kind: &str, root: &Element, left: &mut usize) {
        let part = match kind {
            "comments" => "comment",
            "threadedComment" => "threadedComment",
            _ => "sp",
        };
        for element in all_of(root, part) {
            let text = text_of(element);
            if text.is_empty() || text.starts_with(STAND_IN) || *left == 0 {
                continue;
            }
            *left -= 1;
            match element.attribute("ref").and_then(cell) {
                Some(cell) => {
                    let comments = self.cells.entry(cell).or_default();
                    *comments =
                        [comments.as_str(), &text].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("; ");
                }
                None => self.boxes.push(text),
            }
        }
    }
}

/// The title that the workbook declares; a broken part of it has none.
pub(super) fn title(bytes: &[u8]) -> Option<String> {
    let mut archive = Archive::open(bytes).ok()?;
    let relations = relations(&mut archive, "", &mut |_| {});
    let core = relations.iter().find(|relation| relation.kind == "core-properties")?;
    let title = archive.xml(&core.target, &mut |_| {}).ok()?.child("title").map(Element::text)?;
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    says_title(&title).then_some(title)
}

/// The relations of a part, as it stands in `_rels` beside it.
fn relations(archive: &mut Archive<'_>, part: &str, note: &mut dyn FnMut(Problem)) -> Vec<Relation> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let Ok(root) = archive.xml(format!("{folder}/_rels/{name}.rels").trim_start_matches('/'), note) else {
        return Vec::new();
    };
    let relation = |element: &Element| {
        let kind = element.attribute("Type")?.rsplit('/').next()?.to_owned();
        let target = resolved(folder, element.attribute("Target")?);
        Some(Relation { id: element.attribute("Id")?.to_owned(), kind, target })
    };
    root.elements().filter_map(relation).collect()
}

/// A target from a folder: `../comments1.xml` from `xl/worksheets` is `xl/comments1.xml`.
fn resolved(folder: &str, target: &str) -> String {
    if let Some(whole) = target.strip_prefix('/') {
        return whole.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in target.split('/') {
        match name {
            ".." => drop(path.pop()),
            "." | "" => {}
            name => path.push(name),
        }
    }
    path.join("/")
}

/// The row, from 1, and column, from 0, of `B3`.
pub(super) fn cell(reference: &str) -> Option<(u32, u32)> {
    let letters = reference.len() - reference.trim_start_matches(|c: char| c.is_ascii_uppercase()).len();
    let (column, row) = reference.split_at(letters);
    let column = column
        .bytes()
        .try_fold(0_u32, |column, byte| column.checked_mul(26)?.checked_add(u32::from(byte - b'A') + 1))?;
    Some((row.parse().ok()?, column.checked_sub(1)?))
}

/// All elements of a name that are in no other of it, in order.
fn all_of<'e>(root: &'e Element, name: &str) -> Vec<&'e Element> {
    let (mut open, mut found) = (vec![root], Vec::new());
    while let Some(element) = open.pop() {
        if element.name() == name {
            found.push(element);
        } else {
            let below = open.len();
            open.extend(element.elements());
            open[below..].reverse();
        }
    }
    found
}

/// The text below an element; a paragraph a line.
fn text_of(element: &Element) -> String {
    let (mut open, mut text) = (vec![element], String::new());
    while let Some(element) = open.pop() {
        match element.name() {
            "t" | "text" if element.elements().next().is_none() => text.push_str(&element.text()),
            "p" if !text.is_empty() => text.push('\n'),
            _ => {}
        }
        let below = open.len();
        open.extend(element.elements());
        open[below..].reverse();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::zip_of;

    #[test]
    fn the_declared_title_is_kept_where_a_person_wrote_it() {
        let check = |said: &str, expect: Option<&str>| {
            let relation = "<Relationships><Relationship Id='c' Type='http://x/core-properties' Target='docProps/core.xml'/></Relationships>";
            let core = format!("<cp:coreProperties><dc:title>{said}</dc:title></cp:coreProperties>");
            let bytes = zip_of(&[("_rels/.rels", relation), ("docProps/core.xml", &core)]);
            assert_eq!(title(&bytes).as_deref(), expect, "{said}");
        };
        check(" 장비\n대장 ", Some("장비 대장"));
        check("통합 문서1", None);
        check("", None);
        assert_eq!(title(&zip_of(&[("docProps/core.xml", "<a/>")])), None);
    }

    #[test]
    fn comments_and_boxes_stand_in_their_sheet() {
        let workbook = "<workbook xmlns:r='r'><sheets><sheet name='예산' sheetId='1' r:id='a'/><sheet name='연락처' sheetId='2' \
                        r:id='b'/></sheets></workbook>";
        let rels = |entries: &str| format!("<Relationships>{entries}</Relationships>");
        let relation = |id: &str, kind: &str, target: &str| {
            format!("<Relationship Id='{id}' Type='http://x/{kind}' Target='{target}'/>")
        };
        let sheets = rels(
            &[
                relation("a", "worksheet", "worksheets/sheet1.xml"),
                relation("b", "worksheet", "/xl/worksheets/sheet2.xml"),
            ]
            .concat(),
        );
        let second = rels(
            &[relation("r1", "comments", "../comments1.xml"), relation("r2", "drawing", "../drawings/drawing1.xml")]
                .concat(),
        );
        let comments = "<comments><commentList><comment ref='B3'><text><r><t>휴직 중이므로 </t></r><r><t>4499로 전화</t></r></text>\
                        </comment><comment ref='C9'><text><t>[Threaded comment] x</t></text></comment></commentList></comments>";
        let drawing = "<xdr:wsDr><xdr:twoCellAnchor><xdr:sp><xdr:txBody><a:p><a:r><a:t>둘째 분기</a:t></a:r></a:p></xdr:txBody></xdr:sp>\
                       </xdr:twoCellAnchor></xdr:wsDr>";
        let bytes = zip_of(&[
            ("xl/workbook.xml", workbook),
            ("xl/_rels/workbook.xml.rels", &sheets),
            ("xl/worksheets/_rels/sheet2.xml.rels", &second),
            ("xl/comments1.xml", comments),
            ("xl/drawings/drawing1.xml", drawing),
        ]);
        let found = of_sheets(&bytes, &mut Vec::new());
        assert_eq!(found["예산"], Notes::default());
        assert_eq!(found["연락처"].cells, HashMap::from([((3, 1), "휴직 중이므로 4499로 전화".to_owned())]));
        assert_eq!(found["연락처"].boxes, ["둘째 분기"]);
    }

    #[test]
    fn cells_and_targets_are_resolved() {
        assert_eq!(
            [cell("A1"), cell("AB12"), cell("12"), cell("a1"), cell("ZZZZZZZZZ1")],
            [Some((1, 0)), Some((12, 27)), None, None, None]
        );
        assert_eq!(resolved("xl/worksheets", "../../../x.xml"), "x.xml");
    }
}
