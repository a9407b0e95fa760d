//! Sheets: a grid of cells becomes tables whose rows keep their number, entries of an FAQ, and the lines around them.
//! Workbooks (`xlsx.rs`) and comma-separated files share the rules.

mod above;
mod adjacent;
mod categories;
#[cfg(test)]
mod corpus;
mod faq;
mod grid;
mod groups;
mod header;
mod labels;
#[cfg(test)]
mod layouts;
mod marks;
mod notes;
mod number;
mod pairs;
mod regions;
mod rows_of_names;
mod separated;
mod tables;
mod weekday;
mod words;
mod xlsx;

pub use grid::{Gaps, Grid, GridCell, GridRow, MAX_COLUMNS, Marks};
pub use separated::{Parted, Separated, separated};

pub(crate) use xlsx::read as read_xlsx;

use crate::{Block, Cell, Locator, Row};
use header::Verdict;
use regions::{MAX_BLANK_ROWS, Region};
use tables::{Found, Headings, Line, OpenTable};

/// Most lines that may be the title of a table that follows behind a blank row.
const MAX_TITLE_LINES: usize = 5;
/// Longest such line, in characters.
const MAX_TITLE_LINE: usize = 100;

/// Whether a line is a note on what stands above it, or a total of it.
pub(crate) fn is_note_or_total(text: &str) -> bool {
    words::is_note(text) || words::holds_total(text)
}

/// How many rows below a line belong to its group, the one at this place of several; a row is told by its first cell. A group
/// ends with its total, and the last one before the total of all.
pub(crate) fn own_rows(line: &str, group: usize, groups: &[Vec<String>]) -> usize {
    let row = |text: &String| GridRow { number: 1, cells: vec![GridCell::of(text)] };
    let has_total = |group: &Vec<String>| group.iter().any(|text| words::is_total(text));
    let is_of_all = group + 1 == groups.len() && !groups[..group].iter().any(has_total);
    groups::own_rows(line, &groups[group].iter().map(row).collect::<Vec<_>>(), is_of_all)
}

/// How many rows of cells are pairs of a label and its value.
pub(crate) fn count_pairs<'t, R: Iterator<Item = &'t str>>(rows: impl Iterator<Item = R>) -> usize {
    let row = |cells: R| GridRow { number: 1, cells: cells.map(GridCell::of).collect() };
    pairs::count(&rows.map(row).collect::<Vec<_>>())
}

/// The blocks of a sheet: its regions from the top, side by side from the left, entries of an FAQ behind the rest: what
/// stands behind a question's heading belongs to it. `level` is that of the outermost headings.
pub fn blocks(grid: Grid, level: u8) -> Vec<Block> {
    let (name, gaps, marks) = (grid.name.clone(), grid.gaps, grid.marks.clone());
    let mut sheet = Sheet { name, level, gaps, marks, ..Sheet::default() };
    let mut regions = grid.regions().into_iter().peekable();
    while let Some(region) = regions.next() {
        let is_followed_by_line = regions.peek().is_some_and(|next| next.rows.len() > 1 && next.rows[0].filled() == 1);
        let mut tables = adjacent::parted(region, &sheet.marks).into_iter().peekable();
        while let Some(table) = tables.next() {
            sheet.push_region(table, is_followed_by_line && tables.peek().is_none());
            sheet.faq.take_if(|_| tables.peek().is_some());
        }
    }
    sheet.flush_lines();
    sheet.blocks.append(&mut sheet.entries);
    sheet.blocks
}

/// A sheet, and what was made of it so far.
#[derive(Default)]
struct Sheet {
    name: String,
    level: u8,
    gaps: Gaps,
    marks: Marks,
    blocks: Vec<Block>,
    entries: Vec<Block>,
    /// Lines that may be the title of what follows.
    lines: Vec<Line>,
    faq: Option<Entries>,
    table: Option<OpenTable>,
    headings: Headings,
}

/// An FAQ that may go on behind a blank row.
struct Entries {
    first_column: usize,
    header: GridRow,
    columns: faq::Columns,
}

impl Entries {
    /// Whether rows go on with the questions: they fit the columns, and are not surely another table.
    fn goes_on_in(&self, found: &Found, rows: &[GridRow]) -> bool {
        self.first_column == found.first_column
            && (2..=self.header.cells.len()).contains(&header::width(rows))
            && (found.verdict < Verdict::Names
                || !(header::says_names(&rows[0]) || header::is_set_off(&rows[0], &rows[1..])))
    }
}

impl Sheet {
    fn push_region(&mut self, region: Region, is_followed_by_line: bool) {
        let Region { first_column, mut rows, names } = region;
        let count = above::lines_above(&rows, &self.marks, first_column);
        let lines: Vec<Line> = rows.drain(..count).map(|row| line(&row, first_column)).collect();
        let begin = lines.first().map(|line| line.number).or(rows.first().map(|row| row.number)).unwrap_or(0);
        if self.lines.last().is_some_and(|last| begin.saturating_sub(last.number) > MAX_BLANK_ROWS + 1) {
            self.flush_lines();
        }
        let Some(end) = rows.first().map(|first| first_column + header::width(&rows).max(first.cells.len())) else {
            return self.push_lines(lines);
        };
        if self.lines.iter().any(|line| !(first_column..end).contains(&line.column)) {
            self.flush_lines();
        }
        let (apart, mut notes): (Vec<Line>, Vec<Line>) =
            std::mem::take(&mut self.lines).into_iter().partition(is_title);
        // Notes before the first title belong to what stands above, unless that is a title as well; those behind it to the table.
        let mut lines = lines;
        let begin = if apart.is_empty() { lines.iter().position(is_title).unwrap_or(lines.len()) } else { 0 };
        let (title, own_notes): (Vec<Line>, Vec<Line>) = lines.split_off(begin).into_iter().partition(is_title);
        self.push_paragraphs(lines);
        notes.extend(own_notes);
        let found = Found {
            first_column,
            apart,
            lines: title,
            notes,
            names,
            verdict: Verdict::Row,
            rows: Vec::new(),
            is_followed_by_line,
            may_be_group: false,
        };
        self.push_rows(found, rows);
    }

    /// Lines without rows: titles of what follows with their notes, or no more than lines.
    fn push_lines(&mut self, lines: Vec<Line>) {
        let is_list = lines.len() > MAX_TITLE_LINES;
        for line in lines {
            // A note without a title belongs to what stands above.
            let is_kept = !is_list && (is_title(&line) || self.lines.iter().any(is_title));
            self.lines.push(line);
            if !is_kept {
                self.flush_lines();
            }
        }
    }

    fn flush_lines(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.push_paragraphs(lines);
    }

    /// Rows below their lines: entries of an FAQ, a group of the table above, or a table.
    fn push_rows(&mut self, mut found: Found, mut rows: Vec<GridRow>) {
        if found.names.is_some() {
            (found.verdict, found.rows) = (Verdict::Doubt, rows);
            return self.push_table(found);
        }
        if let Some(rival) = above::rival(&rows) {
            found.names = Some(rows_of_names::either(&rows[0], &rows[rival]));
            return self.push_rows(found, rows);
        }
        let joined = rows_of_names::joined(&rows);
        let depth = joined.as_ref().map_or(1, |(depth, _)| *depth);
        found.verdict = match depth {
            1 => header::verdict(&rows, &self.marks, found.first_column),
            _ => Verdict::Names,
        };
        found.names = joined.map(|(_, names)| names);
        if let Some(columns) = faq::columns(&rows) {
            let entries = Entries { first_column: found.first_column, header: rows.remove(0), columns };
            return self.push_entries(entries, found, &rows);
        }
        if let Some(entries) = self.faq.take_if(|entries| entries.goes_on_in(&found, &rows)) {
            return self.push_entries(entries, found, &rows);
        }
        if let Some(table) = self.table.take_if(|table| table.is_repeated_in(&found, &rows)) {
            rows.drain(..depth);
            return self.push_group(table, found, rows);
        }
        let max_gap = if self.gaps == Gaps::Lines { u32::MAX } else { MAX_BLANK_ROWS + 1 };
        if let Some(mut table) = self.table.take_if(|table| table.moves_on_in(&found, &rows, max_gap)) {
            table.rename(rows.remove(0));
            return self.push_group(table, found, rows);
        }
        if let Some(table) = self.table.take_if(|table| depth == 1 && table.may_go_on_in(&found, &rows, max_gap)) {
            found.names = Some(rows_of_names::either(table.names(), &rows[0]));
            found.may_be_group = true;
            return self.push_rows(found, rows);
        }
        if let Some(table) = self.table.take_if(|table| table.goes_on_in(&found, &rows, max_gap)) {
            return self.push_group(table, found, rows);
        }
        let mut names = found.names.take().unwrap_or_else(|| rows[0].clone());
        names.cells.iter_mut().for_each(|cell| cell.text = cell.text.split_whitespace().collect::<Vec<_>>().join(" "));
        found.names = (found.verdict > Verdict::Row).then_some(names);
        if found.verdict == Verdict::Names {
            rows.drain(..depth);
        }
        found.rows = rows;
        self.push_table(found);
    }

    fn push_entries(&mut self, entries: Entries, found: Found, rows: &[GridRow]) {
        self.push_paragraphs(found.apart);
        self.push_paragraphs(found.lines);
        self.push_paragraphs(found.notes);
        faq::push_entries(self, &entries.columns, &entries.header, rows);
        self.faq = Some(entries);
    }
}

/// Whether a line may be a title: short, and no note.
fn is_title(line: &Line) -> bool {
    line.text.chars().count() <= MAX_TITLE_LINE && (!words::is_note(&line.text) || words::is_unit(&line.text))
}

/// A row above a table as one line: `계좌번호: 110-..`, `2025 가격표 · 단위: 원`.
fn line(row: &GridRow, first_column: usize) -> Line {
    let column = row.first_filled();
    if pairs::is_pairs(row) {
        return Line { number: row.number, column: first_column + column, text: pairs::line(row) };
    }
    // A unit or a note may stand beside a pair.
    let is_note = |text: &str| words::is_unit(text) || words::is_note(text);
    let is_pair = row.filled() > 1
        && !row.text(column + 1).is_empty()
        && !row.text(column).ends_with(':')
        && row.texts().skip(2).all(is_note);
    let cells = row.cells.iter().filter(|cell| !cell.is_repeated && !cell.text.is_empty());
    let texts: Vec<String> = cells.map(|cell| cell.text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let is_number = |text: &str| text.trim_end_matches('.').chars().all(|c| c.is_ascii_digit());
    let text = match texts.as_slice() {
        [number, title] if is_pair && is_number(number) => format!("{number} {title}"),
        [label, value, rest @ ..] if is_pair => [&[format!("{label}: {value}")], rest].concat().join(" · "),
        texts => texts.join(" · "),
    };
    Line { number: row.number, column: first_column + column, text }
}

fn table_row(sheet: &str, row: GridRow) -> Row {
    let at = Some(Locator::Rows { sheet: sheet.to_owned(), first: row.number, last: row.number });
    Row { cells: row.cells.into_iter().map(|cell| Cell::of(cell.text)).collect(), at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BlockKind;

    /// Rows of `a|b`, numbered from 1; an empty line is an empty row.
    pub(super) fn grid(text: &str) -> Grid {
        let row = |(number, line): (u32, &str)| GridRow { number, cells: line.split('|').map(GridCell::of).collect() };
        Grid { name: "시트".to_owned(), rows: (1..).zip(text.lines()).map(row).collect(), ..Grid::default() }
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
        assert_eq!(shown("name|port\nkafka|9092\n|\nredis|6379"), ["2-4 1: name|port / kafka|9092 /  / redis|6379"]);
    }

    #[test]
    fn lines_above_a_table_are_its_heading_and_blank_rows_part_tables() {
        assert_eq!(
            shown("2024 요금표|\n단위: 원|\n상품|값\n무료|0\n|\n지점|전화\n서울|02"),
            [
                "1-2 ## 2024 요금표 · 단위: 원",
                "4-4 1: 상품|값 / 무료|0",
                "7-7 ## 지점 전화",
                "7-7 1: 지점|전화 / 서울|02"
            ]
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
