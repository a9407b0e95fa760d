//! Workbooks (`.xlsx`, `.xlsm`): cells as they are shown, merged ones said in each place, formulas by the value that was
//! saved with them. Cells are streamed, so that a sheet that claims a million columns costs what it holds.

use std::collections::HashMap;
use std::io::Cursor;

use calamine::{
    BorderStyle, Color, DataRef, Dimensions, ExcelDateTime, FillPattern, Reader, SheetVisible, Style, Xlsx, XlsxError,
};

use super::grid::MAX_COLUMNS;
use super::notes::{self, Notes};
use super::{Gaps, Grid, GridCell, GridRow, blocks, number, weekday};
use crate::limits::{MAX_BLOCKS, MAX_TEXT_BYTES};
use crate::{Block, BlockKind, Extract, Locator, Problem, ProblemKind, archive, identify};

/// Most cells of a workbook: with their texts they take half of what a worker has.
const MAX_CELLS: usize = 1_500_000;
/// Most places that merged cells are said in.
const MAX_MERGED: u64 = 200_000;
/// Level of the heading that names a sheet, and of those made of a question.
const SHEET_LEVEL: u8 = 1;
const QUESTION_LEVEL: u8 = 2;

type Workbook<'b> = Xlsx<Cursor<&'b [u8]>>;

/// Reads a workbook.
pub(crate) fn read(bytes: &[u8]) -> Result<Extract, Problem> {
    // With a password it is a compound file, and no archive.
    if let Some(problem) = identify(bytes).problem() {
        return Err(problem);
    }
    archive::check(bytes)?;
    let mut workbook = Workbook::new(Cursor::new(bytes)).map_err(|error| refusal(&error))?;
    let mut extract = Extract { title: notes::title(bytes), ..Extract::default() };
    let sheets = workbook.sheets_metadata().to_vec();
    let mut notes = notes::of_sheets(bytes, &mut extract.problems);
    let mut budget =
        Budget { cells: MAX_CELLS, bytes: MAX_TEXT_BYTES, left_out: 0, without_value: WithoutValue::default() };
    let many = sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible).count() > 1;
    for sheet in sheets {
        if sheet.visible != SheetVisible::Visible {
            extract
                .problems
                .push(Problem::new(ProblemKind::UnreadPart, format!("the sheet `{}` is hidden", sheet.name)));
            continue;
        }
        let beside = notes.remove(&sheet.name).unwrap_or_default();
        match grid(&mut workbook, &sheet.name, &beside, &mut budget) {
            Ok(grid) => push_sheet(grid, many, beside.boxes, &mut extract.blocks),
            Err(error) => {
                let detail = format!("the sheet `{}` cannot be read: {error}", sheet.name);
                extract.problems.push(Problem::new(ProblemKind::PartlyMalformed, detail));
            }
        }
    }
    budget.report(&mut extract);
    Ok(extract)
}

fn refusal(error: &XlsxError) -> Problem {
    match error {
        XlsxError::Password => Problem::new(ProblemKind::Encrypted, "the workbook has a password"),
        other => Problem::new(ProblemKind::Malformed, other.to_string()),
    }
}

fn push_sheet(grid: Grid, is_one_of_many: bool, boxes: Vec<String>, all: &mut Vec<Block>) {
    let name = grid.name.clone();
    // Before the cells: what stands behind an FAQ would belong to its last question.
    let boxes = boxes.into_iter().map(|text| Block { kind: BlockKind::Paragraph(text), at: None });
    let mut blocks: Vec<Block> = boxes.chain(blocks(grid, QUESTION_LEVEL)).collect();
    if blocks.iter().all(|block| block.at.is_none()) {
        let at = Locator::Rows { sheet: name.clone(), first: 1, last: 1 };
        blocks.iter_mut().for_each(|block| block.at = Some(at.clone()));
    }
    if let Some(first) = blocks.first().filter(|_| is_one_of_many) {
        let heading = BlockKind::Heading { level: SHEET_LEVEL, text: name };
        all.push(Block { kind: heading, at: first.at.clone() });
    }
    all.extend(blocks);
}

/// What may still be read, and what was not.
struct Budget {
    cells: usize,
    bytes: usize,
    left_out: u64,
    without_value: WithoutValue,
}

/// Formulas of which the workbook keeps no result: a program wrote them, and no spreadsheet was open since.
#[derive(Default)]
struct WithoutValue {
    count: u64,
    /// The sheet, row and column (from 0) of the first.
    first: Option<(String, u32, u32)>,
}

impl WithoutValue {
    fn problem(&self) -> Option<Problem> {
        let (sheet, row, column) = self.first.as_ref()?;
        let first = format!("{sheet}!{}{}", column_letters(*column), u64::from(*row) + 1);
        let detail = match self.count {
            1 => format!("the formula in {first} has no saved value"),
            count => format!("{count} formulas have no saved value, the first in {first}"),
        };
        Some(Problem::new(ProblemKind::PartlyMalformed, detail))
    }
}

/// The name of a column (from 0) in a spreadsheet: A to Z, AA, AB and so on.
fn column_letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = Some(column);
    while let Some(number) = rest {
        letters.push(char::from(b'A' + (number % 26) as u8));
        rest = (number / 26).checked_sub(1);
    }
    letters.iter().rev().collect()
}

impl Budget {
    fn takes(&mut self, column: usize, text: &str) -> bool {
        let fits = column < MAX_COLUMNS && self.cells > 0 && self.bytes >= text.len();
        if fits {
            self.cells -= 1;
            self.bytes -= text.len();
        } else {
            self.left_out += 1;
        }
        fits
    }

    fn report(self, extract: &mut Extract) {
        if extract.blocks.len() > MAX_BLOCKS {
            extract.blocks.truncate(MAX_BLOCKS);
            let detail = format!("more than {MAX_BLOCKS} blocks: the rest is left out");
            extract.problems.push(Problem::new(ProblemKind::TooLarge, detail));
        }
        if self.left_out > 0 {
            let detail = format!(
                "{} cells are left out: beyond {MAX_COLUMNS} columns, {MAX_CELLS} cells or {MAX_TEXT_BYTES} bytes",
                self.left_out
            );
            extract.problems.push(Problem::new(ProblemKind::TooLarge, detail));
        }
        extract.problems.extend(self.without_value.problem());
        if extract.blocks.is_empty() && extract.problems.is_empty() {
            extract.problems.push(Problem::new(ProblemKind::NoText, "no cell of it is filled"));
        }
    }
}

/// The filled cells of a sheet.
fn grid(workbook: &mut Workbook<'_>, name: &str, notes: &Notes, budget: &mut Budget) -> Result<Grid, XlsxError> {
    let merged = workbook.merge_cells_by_sheet_name(name)?;
    find_without_value(workbook, name, &mut budget.without_value)?;
    let mut rows: Vec<GridRow> = Vec::new();
    let mut cells = workbook.worksheet_cells_reader(name)?;
    while let Some((cell, style)) = cells.next_cell_with_style_id()? {
        let (row, column) = cell.get_position();
        let mut read = shown(cell.get_value(), cells.styles().get(style), notes.is_1904);
        if let Some(note) = notes.cells.get(&(row.saturating_add(1), column)) {
            read.annotate(note);
        }
        if read.text.is_empty() || !budget.takes(column as usize, &read.text) {
            continue;
        }
        put(&mut rows, row.saturating_add(1), column as usize, read);
    }
    spread(&mut rows, &merged);
    Ok(Grid { name: name.to_owned(), rows, gaps: Gaps::Part, marks: notes.marks.clone() })
}

/// Puts a cell where it belongs. Rows come in order; one that does not is left out.
fn put(rows: &mut Vec<GridRow>, number: u32, column: usize, cell: GridCell) {
    if rows.last().is_none_or(|last| last.number < number) {
        rows.push(GridRow { number, cells: Vec::new() });
    }
    let Some(row) = rows.last_mut().filter(|row| row.number == number) else { return };
    if row.cells.len() <= column {
        row.cells.resize(column + 1, GridCell::default());
    }
    row.cells[column] = cell;
}

/// Says merged cells in each row that they reach into: a row is read alone. Across columns they are said once.
fn spread(rows: &mut [GridRow], merged: &[Dimensions]) {
    let at: HashMap<u32, usize> = rows.iter().enumerate().map(|(at, row)| (row.number, at)).collect();
    let mut places = MAX_MERGED;
    for region in merged.iter().filter(|region| region.start.1 < MAX_COLUMNS as u32) {
        let column = region.start.1 as usize;
        let first = at.get(&region.start.0.saturating_add(1));
        let Some(cell) = first.and_then(|first| rows[*first].cells.get_mut(column)) else { continue };
        cell.across = u16::try_from(region.end.1.saturating_sub(region.start.1)).unwrap_or(u16::MAX);
        let cell = GridCell { is_repeated: true, ..cell.clone() };
        let height = u64::from(region.end.0.saturating_sub(region.start.0));
        if cell.text.is_empty() || height > places {
            continue;
        }
        places -= height;
        // Rows that hold nothing else stay out.
        for row in region.start.0 + 1..=region.end.0 {
            if let Some(at) = at.get(&row.saturating_add(1)) {
                put_merged(&mut rows[*at], column, &cell);
            }
        }
    }
}

fn put_merged(row: &mut GridRow, column: usize, cell: &GridCell) {
    if row.cells.len() <= column {
        row.cells.resize(column + 1, GridCell::default());
    }
    if row.cells[column].text.is_empty() {
        row.cells[column] = cell.clone();
    }
}

fn find_without_value(workbook: &mut Workbook<'_>, name: &str, found: &mut WithoutValue) -> Result<(), XlsxError> {
    let mut cells = workbook.worksheet_cells_reader(name)?;
    while let Some(cell) = cells.next_cell_with_formula_metadata()? {
        if cell.formula.is_some() && cell.value == DataRef::Empty {
            found.count += 1;
            found.first.get_or_insert_with(|| (name.to_owned(), cell.pos.0, cell.pos.1));
        }
    }
    Ok(())
}

/// A cell as a spreadsheet program shows it, as far as that can be told.
fn shown(value: &DataRef<'_>, style: Option<&Style>, is_1904: bool) -> GridCell {
    let format = style.and_then(|style| style.number_format.as_ref()).map_or("", |format| &format.format_code);
    let is_bold = style.and_then(|style| style.font.as_ref()).is_some_and(calamine::Font::is_bold);
    let day = |number, known| weekday::kind(format).and_then(|kind| weekday::shown(number, kind, is_1904, known));
    let time = |time: &ExcelDateTime| {
        let said = time_shown(time);
        if time.is_duration() { said } else { day(time.as_f64(), Some(said.clone())).unwrap_or(said) }
    };
    let number = |number: f64| day(number, None).unwrap_or_else(|| number::shown(number, format));
    let (text, is_value) = match value {
        DataRef::Int(value) => (number(*value as f64), true),
        DataRef::Float(value) => (number(*value), true),
        DataRef::String(text) => written(text),
        DataRef::SharedString(text) => written(text),
        DataRef::Bool(truth) => (if *truth { "TRUE" } else { "FALSE" }.to_owned(), true),
        DataRef::DateTime(value) => (time(value), true),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => (text.clone(), true),
        DataRef::Error(error) => (error.to_string(), false),
        DataRef::Empty => (String::new(), false),
    };
    GridCell { text, is_value, is_bold, look: style.map_or(0, look), ..GridCell::default() }
}

/// A text; digits are a value, too: a telephone number.
fn written(text: &str) -> (String, bool) {
    let cell = GridCell::of(text);
    (cell.text, cell.is_value)
}

/// The fill of a cell and whether a line is below it, as a number.
fn look(style: &Style) -> u32 {
    let fill = style.fill.as_ref().filter(|fill| fill.pattern != FillPattern::None);
    let colour = fill.map_or(0, |fill| fill.foreground_color.as_ref().map_or(1, Color::to_argb) | 1);
    let has_line = style.borders.as_ref().is_some_and(|borders| {
        !matches!(borders.bottom.style, BorderStyle::None | BorderStyle::Thin | BorderStyle::Hair)
    });
    (colour & !2) | (u32::from(has_line) << 1)
}

/// `2024-03-05`, `2024-03-05 14:30`, `14:30`; a duration as hours: `26:15:00`.
fn time_shown(time: &ExcelDateTime) -> String {
    let days = time.as_f64();
    if time.is_duration() {
        let seconds = (days * 86_400.0).round().clamp(0.0, 1e12) as u64;
        return format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock =
        if second > 0 { format!("{hour:02}:{minute:02}:{second:02}") } else { format!("{hour:02}:{minute:02}") };
    match (days < 1.0, days.fract() == 0.0) {
        (true, _) => clock,
        (false, true) => format!("{year:04}-{month:02}-{day:02}"),
        (false, false) => format!("{year:04}-{month:02}-{day:02} {clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_spreadsheets_name_them() {
        for (column, expect) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (16_383, "XFD")]
        {
            assert_eq!(column_letters(column), expect);
        }
        assert!(!column_letters(u32::MAX).is_empty());
    }
}
