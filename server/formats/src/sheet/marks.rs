//! Where a workbook itself says that names of columns stand: rows that stay in place when the rest is scrolled, what is
//! filtered, and what is declared to be a table (ECMA-376, part 1, 18.3.1.66, 18.3.1.2 and 18.5.1.2).

use super::grid::Marks;
use super::notes::cell;
use crate::xml::Element;

/// How much of a sheet's part is looked at: its panes stand before its cells.
pub(super) const HEAD_BYTES: u64 = 8 << 10;
/// What a filter is called among the defined names.
const FILTER: &str = "_xlnm._FilterDatabase";

impl Marks {
    /// Takes what is filtered in the sheet of this index.
    pub(super) fn take_filters(&mut self, workbook: &Element, sheet: usize) {
        let names = workbook.child("definedNames").into_iter().flat_map(Element::elements);
        for name in names.filter(|name| name.attribute("name") == Some(FILTER)) {
            if name.attribute("localSheetId").and_then(|id| id.parse().ok()) == Some(sheet) {
                let text = name.text();
                self.take_area(text.rsplit('!').next().unwrap_or_default());
            }
        }
    }

    /// Takes what is declared to be a table, unless that has no names.
    pub(super) fn take_table(&mut self, table: &Element) {
        if table.attribute("headerRowCount") != Some("0") {
            self.take_area(table.attribute("ref").unwrap_or_default());
        }
    }

    /// Takes `$A$2:$D$80`; one cell alone says nothing.
    fn take_area(&mut self, area: &str) {
        let area = area.replace('$', "");
        let Some((first, last)) = area.split_once(':') else { return };
        if let (Some((row, left)), Some((end, right))) = (cell(first), cell(last))
            && end > row
        {
            self.tops.push((row, left as usize, right as usize));
        }
    }

    /// Takes the frozen rows from the beginning of a sheet's part.
    pub(super) fn take_pane(&mut self, head: &[u8]) {
        let head = String::from_utf8_lossy(head);
        let pane = head.split_once("pane ").and_then(|(_, rest)| rest.split('>').next()).unwrap_or_default();
        let value =
            |name: &str| pane.split_once(name)?.1.trim_start_matches(['=', '"', '\'']).split(['"', '\'']).next();
        if value("state").is_some_and(|state| state.starts_with("frozen")) {
            self.frozen = value("ySplit").and_then(|rows| rows.parse().ok()).filter(|rows| *rows > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_rows_are_read() {
        for (head, expect) in [
            ("<sheetView><pane ySplit=\"2\" topLeftCell=\"A3\" state=\"frozen\"/>", Some(2)),
            ("<x:pane xSplit='1' ySplit='1' state='frozenSplit'/>", Some(1)),
            ("<pane ySplit=\"900\" state=\"split\"/>", None),
            ("<pane xSplit=\"1\" state=\"frozen\"/>", None),
            ("<sheetData/>", None),
        ] {
            let mut marks = Marks::default();
            marks.take_pane(head.as_bytes());
            assert_eq!(marks.frozen, expect, "{head}");
        }
    }

    #[test]
    fn areas_begin_with_names() {
        let mut marks = Marks::default();
        ["$B$3:$D$9", "A1:C1", "A1", "x"].iter().for_each(|area| marks.take_area(area));
        assert_eq!(marks.tops, [(3, 1, 3)]);
    }
}
