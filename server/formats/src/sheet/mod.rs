//! Sheets: a grid of cells becomes tables whose rows keep their number, entries of an FAQ, and the lines around them.
//! Workbooks (`xlsx.rs`) and comma-separated files share the rules.

mod faq;
mod grid;
mod header;
mod xlsx;

pub use grid::{Gaps, Grid, GridCell, GridRow, MAX_COLUMNS};

pub(crate) use xlsx::read as read_xlsx;

use crate::{Block, BlockKind, Cell, Locator, Row, Table};
use grid::Region;

/// The blocks of a sheet: its regions from the top, side by side from the left, entries of an FAQ behind the rest: what
/// stands behind a question's heading belongs to it. `level` is that of these headings.
pub fn blocks(grid: &Grid, level: u8) -> Vec<Block> {
    let mut found = Found::default();
    for region in grid.regions() {
        push_region(grid, &region, level, &mut found);
    }
    found.blocks.append(&mut found.entries);
    found.blocks
}

/// What was found in a sheet so far.
#[derive(Default)]
struct Found {
    blocks: Vec<Block>,
    entries: Vec<Block>,
    faq: Option<Entries>,
}

/// An FAQ that may go on behind a blank row.
struct Entries {
    first_column: usize,
    header: GridRow,
    columns: faq::Columns,
}

impl Entries {
    fn goes_on_in(&self, region: &Region) -> bool {
        self.first_column == region.first_column && (2..=self.header.cells.len()).contains(&region.width())
    }
}

fn push_region(grid: &Grid, region: &Region, level: u8, found: &mut Found) {
    let at = |first: u32, last: u32| Some(Locator::Rows { sheet: grid.name.clone(), first, last });
    let mut rows = region.rows.as_slice();
    // Lines above a table, each in one cell: its title, or a note.
    while let [first, rest @ ..] = rows {
        let is_line = first.filled() == 1 && (rest.iter().any(|row| row.filled() > 1) || region.width() == 1);
        if !is_line {
            break;
        }
        let text = first.first_text().to_owned();
        found.blocks.push(Block { kind: BlockKind::Paragraph(text), at: at(first.number, first.number) });
        rows = rest;
    }
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
    let header_rows = header::rows(rows);
    if let Some(columns) = faq::columns(rows, header_rows) {
        let entries = Entries { first_column: region.first_column, header: first.clone(), columns };
        faq::push_entries(grid, &entries.columns, &entries.header, &rows[1..], level, &mut found.entries);
        found.faq = Some(entries);
        return;
    }
    if let Some(entries) = found.faq.as_ref().filter(|entries| entries.goes_on_in(region)) {
        return faq::push_entries(grid, &entries.columns, &entries.header, rows, level, &mut found.entries);
    }
    let table = Table { header_rows, rows: rows.iter().map(|row| table_row(grid, row)).collect() };
    let first_row = rows.get(header_rows).unwrap_or(first).number;
    found.blocks.push(Block { kind: BlockKind::Table(table), at: at(first_row, last.number) });
}

fn table_row(grid: &Grid, row: &GridRow) -> Row {
    let at = Some(Locator::Rows { sheet: grid.name.clone(), first: row.number, last: row.number });
    Row { cells: row.cells.iter().map(|cell| Cell::of(cell.text.clone())).collect(), at }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of `a|b`, numbered from 1; an empty line is an empty row.
    pub(super) fn grid(text: &str) -> Grid {
        let row = |(number, line): (u32, &str)| GridRow { number, cells: line.split('|').map(GridCell::of).collect() };
        Grid { name: "시트".to_owned(), rows: (1..).zip(text.lines()).map(row).collect(), gaps: Gaps::Part }
    }

    fn shown(text: &str) -> Vec<String> {
        let cells = |row: &Row| row.cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join("|");
        let show = |block: Block| {
            let Some(Locator::Rows { first, last, .. }) = block.at else { panic!("{block:?} has no rows") };
            let what = match block.kind {
                BlockKind::Paragraph(text) => text,
                BlockKind::Heading { level, text } => format!("{} {text}", "#".repeat(level.into())),
                BlockKind::Table(table) => {
                    format!("{}: {}", table.header_rows, table.rows.iter().map(cells).collect::<Vec<_>>().join(" / "))
                }
                other => panic!("{other:?}"),
            };
            format!("{first}-{last} {what}")
        };
        blocks(&grid(text), 2).into_iter().map(show).collect()
    }

    #[test]
    fn tables_keep_their_header_and_row_numbers() {
        assert_eq!(shown("name|port\nkafka|9092\nredis|6379"), ["2-3 1: name|port / kafka|9092 / redis|6379"]);
        assert_eq!(shown("1|2\n3|4"), ["1-2 0: 1|2 / 3|4"]);
    }

    #[test]
    fn lines_above_a_table_are_paragraphs_and_blank_rows_part_tables() {
        assert_eq!(
            shown("2024 요금표|\n단위: 원|\n상품|값\n무료|0\n|\n지점|전화\n서울|02"),
            ["1-1 2024 요금표", "2-2 단위: 원", "4-4 1: 상품|값 / 무료|0", "7-7 1: 지점|전화 / 서울|02"]
        );
        assert_eq!(shown("one\ntwo"), ["1-1 one", "2-2 two"]);
    }

    #[test]
    fn tables_side_by_side_are_read_one_after_the_other() {
        assert_eq!(shown("a|b||c|d\n1|2||3|4"), ["2-2 1: a|b / 1|2", "2-2 1: c|d / 3|4"]);
    }

    #[test]
    fn an_faq_becomes_an_entry_a_row() {
        assert_eq!(
            shown("분류|질문|답변|키워드\n결제|환불되나요?|7일 안에 됩니다.|환불, 취소\n|배송은?|이틀|"),
            [
                "2-2 ## 환불되나요?",
                "2-2 7일 안에 됩니다.",
                "2-2 분류: 결제 · 키워드: 환불, 취소",
                "3-3 ## 배송은?",
                "3-3 이틀",
            ]
        );
        assert_eq!(
            shown("질문|답변\n왜?|그래서.\n|\n언제?|내일.\n|\n지점\n서울"),
            ["6-6 지점", "7-7 서울", "2-2 ## 왜?", "2-2 그래서.", "4-4 ## 언제?", "4-4 내일."]
        );
        assert_eq!(
            shown("Question|Answer\nWhy?|So.\n|Only an answer."),
            ["2-2 ## Why?", "2-2 So.", "3-3 Only an answer."]
        );
    }
}
