//! Puts text into the cells of tables: of the grids that lines draw here, of aligned text in `aligned`. What looks like a
//! table and holds running text is none; all text of a table leaves the page's other text.

use super::aligned;
use super::geometry::Area;
use super::join::Words;
use super::line::{Line, pieces, rows};
use super::rules::{Grid, Rule, Slot, connected, grid};
use super::segment::{Group, groups_between};
use super::style::Style;
use super::text::text;
use crate::model::{Cell, Row, Table};

/// A table whose cells hold the lines that stand in them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) area: Area,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) cells: Vec<(Slot, Vec<Line>)>,
    /// How many first rows are the header, where lines say so.
    pub(super) header: Option<usize>,
}

/// Most of a page's tables.
const MAX_TABLES: usize = 200;

/// Takes the tables of a page out of its runs.
pub(super) fn take(runs: &mut Vec<Line>, rules: &[Rule]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut loose: Vec<Rule> = Vec::new();
    for group in connected(rules) {
        let texts: Vec<Area> = runs.iter().map(|run| run.area).collect();
        match grid(&group, &texts).and_then(|grid| fill(&grid, runs)) {
            Some(table) if found.len() < MAX_TABLES => found.push(table),
            _ => loose.extend(group.into_iter().filter(|rule| rule.is_level)),
        }
    }
    found.extend(aligned::take(runs, &loose));
    found
}

/// The table that a grid makes of the runs inside it, which leave `runs`.
fn fill(grid: &Grid, runs: &mut Vec<Line>) -> Option<Found> {
    let grid = &without_boxes(grid, runs);
    let mut cells: Vec<(Slot, Vec<Line>)> = grid.slots.iter().map(|slot| (*slot, Vec::new())).collect();
    let mut inside: Vec<(usize, usize)> = Vec::new();
    for (index, run) in runs.iter().enumerate().filter(|(_, run)| grid.area.holds_middle(run.area, 0.0)) {
        let cell = cells.iter().position(|(slot, _)| slot.area.holds_middle(run.area, 0.0))?;
        inside.push((index, cell));
    }
    for (index, cell) in &inside {
        cells[*cell].1.push(runs[*index].clone());
    }
    let table = Found { area: grid.area, rows: grid.rows, columns: grid.columns, cells, header: None };
    if !table.is_table() {
        return None;
    }
    let mut index = 0;
    let mut leaving = inside.iter().map(|(index, _)| *index).peekable();
    runs.retain(|_| {
        let leaves = leaving.next_if_eq(&index).is_some();
        index += 1;
        !leaves
    });
    Some(table.without_empty())
}

/// A grid without the boxes below it that reach over all its columns and hold running text: notes to the table.
fn without_boxes(grid: &Grid, runs: &[Line]) -> Grid {
    let mut grid = grid.clone();
    while let Some(last) = grid.slots.iter().max_by_key(|slot| slot.row).copied() {
        let chars: usize = runs.iter().filter(|run| last.area.holds_middle(run.area, 0.0)).map(|run| run.chars).sum();
        if last.columns < grid.columns || grid.rows <= 2 || chars > 0 && chars < MIN_BOX {
            break;
        }
        grid.slots.retain(|slot| slot.row < last.row);
        grid.rows = last.row;
        grid.area.bottom = last.area.top;
    }
    grid
}

/// Fewest characters of running text in a box; what is shorter belongs to the table.
const MIN_BOX: usize = 80;

impl Found {
    fn chars(&self) -> impl Iterator<Item = usize> {
        self.cells.iter().map(|(_, lines)| lines.iter().map(|line| line.chars).sum())
    }

    /// Whether the cells look like those of a table: several filled rows and columns, no cell with most of the text.
    pub(super) fn is_table(&self) -> bool {
        let filled = || self.cells.iter().filter(|(_, lines)| !lines.is_empty()).map(|(slot, _)| slot);
        let distinct = |of: fn(&Slot) -> usize| {
            let mut all: Vec<usize> = filled().map(of).collect();
            all.sort_unstable();
            all.dedup();
            all.len()
        };
        let (total, longest) = (self.chars().sum::<usize>(), self.chars().max().unwrap_or(0));
        let is_layout = longest > 1_000 && longest * 2 > total;
        distinct(|slot| slot.row) >= 2 && distinct(|slot| slot.column) >= 2 && filled().count() >= 3 && !is_layout
    }

    /// Without rows and columns in which no text starts: double lines, borders of shadows.
    pub(super) fn without_empty(mut self) -> Self {
        let starts = |is_row: bool, at: usize| {
            self.cells
                .iter()
                .any(|(slot, lines)| !lines.is_empty() && at == if is_row { slot.row } else { slot.column })
        };
        let rows: Vec<bool> = (0..self.rows).map(|row| starts(true, row)).collect();
        let columns: Vec<bool> = (0..self.columns).map(|column| starts(false, column)).collect();
        let kept = |all: &[bool], from: usize, to: usize| all[from..to].iter().filter(|kept| **kept).count();
        self.cells.retain(|(slot, lines)| {
            let is_left = kept(&rows, slot.row, slot.row + slot.rows) > 0;
            !lines.is_empty() || is_left && kept(&columns, slot.column, slot.column + slot.columns) > 0
        });
        for (slot, _) in &mut self.cells {
            let (row, column) = (kept(&rows, 0, slot.row), kept(&columns, 0, slot.column));
            slot.rows = kept(&rows, slot.row, slot.row + slot.rows).max(1);
            slot.columns = kept(&columns, slot.column, slot.column + slot.columns).max(1);
            (slot.row, slot.column) = (row, column);
        }
        self.rows = kept(&rows, 0, rows.len());
        self.columns = kept(&columns, 0, columns.len());
        self
    }

    /// The lines of all cells.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> + Clone {
        self.cells.iter().flat_map(|(_, lines)| lines)
    }

    /// The table with the text of its cells.
    pub(super) fn table(mut self, words: &Words, style: &Style) -> Table {
        self.cells.sort_by_key(|(slot, _)| (slot.row, slot.column));
        let mut rows: Vec<Row> = vec![Row::default(); self.rows];
        let mut looks: Vec<CellLooks> = Vec::new();
        for (slot, lines) in self.cells {
            let is_bold = !lines.is_empty() && lines.iter().all(Line::is_bold);
            let text = cell_text(lines, slot.area, words, style);
            looks.push(CellLooks { row: slot.row, column: slot.column, rows: slot.rows, is_bold, text: text.clone() });
            if let Some(row) = rows.get_mut(slot.row) {
                row.cells.push(Cell { text, columns: slot.columns as u32, rows: slot.rows as u32 });
            }
        }
        let header_rows = self.header.unwrap_or_else(|| header_rows(&looks)).min(rows.len().saturating_sub(1));
        Table { header_rows, rows }
    }
}

/// The text of a cell: its paragraphs, each a line.
fn cell_text(runs: Vec<Line>, area: Area, words: &Words, style: &Style) -> String {
    let lines = rows(pieces(runs));
    let left = lines.iter().map(|line| line.area.left).fold(f32::INFINITY, f32::min);
    let padding = (left - area.left).max(0.0);
    let groups: Vec<Group> = groups_between(lines, style, (left, area.right - padding));
    groups.iter().map(|group| text(group, words)).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What tells a header.
struct CellLooks {
    row: usize,
    column: usize,
    rows: usize,
    is_bold: bool,
    text: String,
}

/// How many first rows are the header: those that are bold while the others are not, or that hold labels while figures or
/// longer texts stand below.
fn header_rows(cells: &[CellLooks]) -> usize {
    let height = cells.iter().filter(|cell| cell.row == 0).map(|cell| cell.rows).max().unwrap_or(1);
    let (first, rest): (Vec<&CellLooks>, Vec<&CellLooks>) =
        cells.iter().filter(|cell| !cell.text.is_empty()).partition(|cell| cell.row < height);
    let share = |cells: &[&CellLooks]| {
        let bold = cells.iter().filter(|cell| cell.is_bold).count();
        bold as f32 / cells.len().max(1) as f32
    };
    let is_bold_side = {
        let side: Vec<&CellLooks> = cells.iter().filter(|cell| cell.column == 0 && !cell.text.is_empty()).collect();
        let others: Vec<&CellLooks> = first.iter().copied().filter(|cell| cell.column > 0).collect();
        share(&side) > 0.9 && share(&others) < 0.5
    };
    if first.is_empty() || rest.is_empty() || is_bold_side {
        return 0;
    }
    if share(&first) > 0.9 && share(&rest) < 0.5 {
        return height;
    }
    let has_digit = |cell: &&CellLooks| cell.text.contains(|c: char| c.is_ascii_digit());
    let is_figure = |cell: &&CellLooks| {
        let digits = cell.text.chars().filter(char::is_ascii_digit).count();
        let is_year = cell.text.len() == 4 && (cell.text.starts_with("19") || cell.text.starts_with("20"));
        digits * 3 > cell.text.chars().count() && !is_year
    };
    let chars = |cells: &[&CellLooks]| {
        cells.iter().map(|cell| cell.text.chars().count()).sum::<usize>() as f32 / cells.len().max(1) as f32
    };
    let are_labels = !first.iter().any(is_figure) && chars(&first) < 40.0;
    let differ = rest.iter().any(has_digit) || chars(&rest) > 1.5 * chars(&first);
    if are_labels && differ { height } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, left: f32, top: f32) -> Line {
        let right = left + 5.0 * text.chars().count() as f32;
        Line::run(text.to_owned(), Area::new(left, top, right, top + 10.0), 10.0)
    }

    /// A grid of cells of 100 × 20 points.
    fn lines(rows: usize, columns: usize) -> Vec<Rule> {
        let (width, height) = (100.0 * columns as f32, 20.0 * rows as f32);
        let level = (0..=rows).map(|row| Rule { is_level: true, at: 20.0 * row as f32, from: 0.0, to: width });
        let upright = (0..=columns).map(|at| Rule { is_level: false, at: 100.0 * at as f32, from: 0.0, to: height });
        level.chain(upright).collect()
    }

    fn check(mut runs: Vec<Line>, rules: &[Rule], expect: &[&[&str]], header: usize, left: usize) {
        let mut found = take(&mut runs, rules);
        let table = found.pop().map(|found| found.table(&Words::default(), &Style::plain(10.0))).unwrap_or_default();
        let texts: Vec<Vec<&str>> =
            table.rows.iter().map(|row| row.cells.iter().map(|cell| cell.text.as_str()).collect()).collect();
        assert_eq!((texts, table.header_rows, runs.len()), (expect.iter().map(|r| r.to_vec()).collect(), header, left));
    }

    #[test]
    fn a_grid_takes_its_text_out_of_the_page() {
        let runs = vec![
            run("Name", 5.0, 5.0),
            run("Size", 105.0, 5.0),
            run("disk", 5.0, 25.0),
            run("12", 105.0, 25.0),
            run("below", 5.0, 60.0),
        ];
        check(runs, &lines(2, 2), &[&["Name", "Size"], &["disk", "12"]], 1, 1);
    }

    #[test]
    fn a_box_around_text_is_no_table() {
        check(vec![run("one", 5.0, 5.0), run("two", 5.0, 25.0)], &lines(2, 2), &[], 0, 2);
        check(vec![run("one", 5.0, 5.0)], &lines(1, 1), &[], 0, 1);
    }

    #[test]
    fn empty_rows_and_columns_go() {
        let runs = vec![run("a", 5.0, 5.0), run("b", 205.0, 5.0), run("c", 5.0, 45.0), run("d", 205.0, 45.0)];
        check(runs, &lines(3, 3), &[&["a", "b"], &["c", "d"]], 0, 0);
    }

    #[test]
    fn lines_of_a_cell_are_joined() {
        let runs = vec![run("구분", 5.0, 2.0), run("변경 내용", 105.0, 2.0), run("규정", 5.0, 22.0)];
        let wrapped = vec![run("경기장 내에 카운트다운 방식 타", 105.0, 20.0), run("이머", 105.0, 30.0)];
        check(
            [runs, wrapped].concat(),
            &lines(2, 2),
            &[&["구분", "변경 내용"], &["규정", "경기장 내에 카운트다운 방식 타이머"]],
            1,
            0,
        );
    }
}
