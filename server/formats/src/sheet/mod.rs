//! Sheets: a grid of cells becomes tables whose rows keep their number, entries of an FAQ, and the lines around them.
//! Workbooks (`xlsx.rs`) and comma-separated files share the rules.

mod categories;
mod faq;
mod grid;
mod groups;
mod header;
mod labels;
mod notes;
mod number;
mod regions;
mod rows_of_names;
mod separated;
mod xlsx;

pub use grid::{Gaps, Grid, GridCell, GridRow, MAX_COLUMNS};
pub use separated::{Parted, Separated, separated};

pub(crate) use xlsx::read as read_xlsx;

use crate::{Block, BlockKind, Cell, Locator, Row, Table};
use groups::OpenTable;
use header::First;
use regions::Region;

/// The blocks of a sheet: its regions from the top, side by side from the left, entries of an FAQ behind the rest: what
/// stands behind a question's heading belongs to it. `level` is that of these headings.
pub fn blocks(grid: Grid, level: u8) -> Vec<Block> {
    let mut found = Found::default();
    let sheet = grid.name.clone();
    for region in grid.regions() {
        push_region(&sheet, region, level, &mut found);
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
    table: Option<OpenTable>,
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

fn push_region(sheet: &str, region: Region, level: u8, found: &mut Found) {
    let at = |first: u32, last: u32| Some(Locator::Rows { sheet: sheet.to_owned(), first, last });
    let lines = lines_above(&region);
    for line in &region.rows[..lines] {
        let text = line.first_text().to_owned();
        found.blocks.push(Block { kind: BlockKind::Paragraph(text), at: at(line.number, line.number) });
    }
    let entries = found.faq.take_if(|entries| entries.goes_on_in(&region));
    let number = region.rows.first().map_or(0, |row| row.number);
    let Region { first_column, mut rows } = region;
    rows.drain(..lines);
    if rows.is_empty() {
        return;
    }
    let mut first = header::take(&mut rows);
    if let Some(columns) = faq::columns(&rows) {
        let entries = Entries { first_column, header: rows.remove(0), columns };
        return push_entries(sheet, entries, &rows, level, found);
    }
    if let Some(entries) = entries {
        return push_entries(sheet, entries, &rows, level, found);
    }
    let mut start = groups::Start { first_column, number, lines };
    if let Some(table) = found.table.take() {
        first = table.take_group(&mut start, &mut rows, first, &found.blocks);
    }
    push_table(sheet, start.first_column, rows, first, found);
}

fn push_entries(sheet: &str, entries: Entries, rows: &[GridRow], level: u8, found: &mut Found) {
    faq::push_entries(sheet, &entries.columns, &entries.header, rows, level, found);
    found.faq = Some(entries);
}

fn push_table(sheet: &str, first_column: usize, mut rows: Vec<GridRow>, first: First, found: &mut Found) {
    let header_rows = usize::from(first >= First::Names);
    let (Some(top), Some(last)) = (rows.get(header_rows).or(rows.first()), rows.last()) else { return };
    let at = Some(Locator::Rows { sheet: sheet.to_owned(), first: top.number, last: last.number });
    if header_rows == 1 {
        categories::say_again(&mut rows);
    }
    found.table = OpenTable::of(first_column, &rows, header_rows, found.blocks.len());
    let table = Table { header_rows, rows: rows.into_iter().map(|row| table_row(sheet, row)).collect() };
    found.blocks.push(Block { kind: BlockKind::Table(table), at });
}

/// How many lines stand above a table, each in one cell: its title, or a note. What names a group of columns is none.
fn lines_above(region: &Region) -> usize {
    let width = region.width();
    let mut lines = 0;
    // A row of several cells further down makes a table of the rest.
    let last_wide = region.rows.iter().rposition(|row| row.filled() > 1);
    let is_group = |row: &GridRow| row.cells.iter().skip(1).any(|cell| cell.across > 0 && !cell.text.is_empty());
    while let Some(row) = region.rows.get(lines) {
        let is_line = row.filled() == 1 && (lines > 0 || !is_group(row));
        if !is_line || !(width == 1 || last_wide.is_some_and(|wide| wide > lines)) {
            break;
        }
        lines += 1;
    }
    lines
}

fn table_row(sheet: &str, row: GridRow) -> Row {
    let at = Some(Locator::Rows { sheet: sheet.to_owned(), first: row.number, last: row.number });
    Row { cells: row.cells.into_iter().map(|cell| Cell::of(cell.text)).collect(), at }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of `a|b`, numbered from 1; an empty line is an empty row.
    pub(super) fn grid(text: &str) -> Grid {
        let row = |(number, line): (u32, &str)| GridRow { number, cells: line.split('|').map(GridCell::of).collect() };
        Grid { name: "시트".to_owned(), rows: (1..).zip(text.lines()).map(row).collect(), gaps: Gaps::Part }
    }

    pub(super) fn shown(text: &str) -> Vec<String> {
        shown_of(grid(text))
    }

    /// What is made of a grid, a line a block: its rows, and `header rows: cells` of a table.
    pub(super) fn shown_of(grid: Grid) -> Vec<String> {
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
        blocks(grid, 2).into_iter().map(show).collect()
    }

    #[test]
    fn tables_keep_their_header_and_row_numbers() {
        assert_eq!(shown("name|port\nkafka|9092\nredis|6379"), ["2-3 1: name|port / kafka|9092 / redis|6379"]);
        assert_eq!(shown("1|2\n3|4"), ["1-2 0: 1|2 / 3|4"]);
        assert_eq!(
            shown("name|port\nkafka|9092\n|\nredis|6379"),
            ["2-2 1: name|port / kafka|9092", "4-4 1: name|port / redis|6379"]
        );
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
            ["3-3 Only an answer.", "2-2 ## Why?", "2-2 So."]
        );
    }
}
