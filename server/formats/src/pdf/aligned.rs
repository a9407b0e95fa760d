//! Finds tables whose columns only the alignment of their text shows: between level lines, as books set them, or without any
//! line. Columns of running text are aligned too; they fill their width, cells of tables do not.

use super::eojeol::goes_on_after;
use super::geometry::{Area, median};
use super::line::{Line, pieces_within};
use super::rules::{Rule, Slot};
use super::tables::Found;

/// The widest gap inside a cell, in font sizes: more than a stretched blank, less than what sets columns apart.
const CELL_GAP: f32 = 0.62;

/// The narrowest space between columns, in font sizes.
const COLUMN_GAP: f32 = 0.55;

/// Fewest rows of a table without any line.
const MIN_ROWS: usize = 4;

/// The typical cell of a table fills less of its column's width than a line of running text.
const MAX_FILL: f32 = 0.8;

/// Longest typical cell, in characters: lines of two columns of text have 40 to 60.
const MAX_CHARS: f32 = 42.0;

/// The shortest typical line of running text that fills a column, in characters; and of Korean, whose words are shorter.
const MIN_LINE: f32 = 15.0;
const MIN_KOREAN_LINE: f32 = 8.0;

/// A row: pieces of text side by side.
type Pieces = Vec<Line>;

/// Takes the tables out of a page's runs that stand between level lines, then those without lines.
pub(super) fn take(runs: &mut Vec<Line>, lines: &[Rule]) -> Vec<Found> {
    let mut found = Vec::new();
    for region in regions(lines) {
        let inside = |run: &Line| region.area.holds_middle(run.area, 0.0);
        let rows = rows(runs.iter().filter(|run| inside(run)).cloned().collect());
        if let Some(table) = between_lines(&region, &rows) {
            runs.retain(|run| !inside(run));
            found.push(table);
        }
    }
    for rows in candidates(rows(runs.clone())) {
        let Some(table) = table(&rows, None, Evidence::Text) else { continue };
        runs.retain(|run| !table.area.holds_middle(run.area, 0.1));
        found.push(table);
    }
    found
}

/// How sure it is that there is a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// It stands between lines.
    Lines,
    /// Its text is aligned.
    Text,
}

/// A stretch between level lines of the same width.
struct Region {
    area: Area,
    /// Where the lines are, from the top.
    ys: Vec<f32>,
}

/// The stretches that level lines of the same width bound.
fn regions(lines: &[Rule]) -> Vec<Region> {
    let mut lines: Vec<Rule> =
        lines.iter().copied().filter(|rule| rule.is_level && rule.to - rule.from > 60.0).collect();
    lines.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut found: Vec<Region> = Vec::new();
    for line in lines {
        let is_same = |region: &&mut Region| {
            (region.area.left - line.from).abs() < 5.0 && (region.area.right - line.to).abs() < 5.0
        };
        match found.iter_mut().find(is_same) {
            Some(region) => {
                region.area.bottom = line.at;
                if region.ys.last().is_none_or(|last| line.at - last > 3.0) {
                    region.ys.push(line.at);
                }
            }
            None => found.push(Region { area: Area::new(line.from, line.at, line.to, line.at), ys: vec![line.at] }),
        }
    }
    found.retain(|region| region.ys.len() >= 2);
    found
}

/// The rows of some runs, from the top.
fn rows(runs: Vec<Line>) -> Vec<Pieces> {
    let mut pieces = pieces_within(runs, CELL_GAP);
    pieces.sort_by(|a, b| a.area.middle_y().total_cmp(&b.area.middle_y()));
    let mut rows: Vec<Pieces> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if row[0].area.shares_row(piece.area) => row.push(piece),
            _ => rows.push(vec![piece]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
    }
    rows
}

fn row_area(row: &[Line]) -> Area {
    row.iter().map(|piece| piece.area).reduce(Area::around).unwrap_or_default()
}

/// A table between level lines: what stands above the second line is its header.
fn between_lines(region: &Region, rows: &[Pieces]) -> Option<Found> {
    let band = |row: &Pieces| region.ys.iter().filter(|y| **y < row_area(row).middle_y()).count();
    let first_band = rows.iter().filter(|row| band(row) == 1).count();
    let bands = region.ys.len() - 1;
    if bands >= 3 && bands * 3 >= rows.len() * 2 {
        // A line under nearly every row: what stands between two lines is one row.
        let mut joined: Vec<Pieces> = Vec::new();
        let mut before = 0;
        for row in rows {
            match joined.last_mut() {
                Some(last) if band(row) == before => last.extend(row.iter().cloned()),
                _ => joined.push(row.clone()),
            }
            before = band(row);
        }
        return table(&joined, None, Evidence::Lines);
    }
    table(rows, (bands >= 2).then_some(first_band), Evidence::Lines)
}

/// Stretches of rows that may be tables: each with several pieces, close to each other.
fn candidates(rows: Vec<Pieces>) -> Vec<Vec<Pieces>> {
    let mut found: Vec<Vec<Pieces>> = Vec::new();
    let mut open: Vec<Pieces> = Vec::new();
    for row in rows {
        let is_near = open.last().is_none_or(|last| {
            let height = row[0].size.max(last[0].size);
            row_area(&row).top - row_area(last).bottom < 1.6 * height
        });
        if row.len() < 2 || !is_near {
            found.push(std::mem::take(&mut open));
        }
        if row.len() >= 2 {
            open.push(row);
        }
    }
    found.push(open);
    found.retain(|rows| rows.len() >= MIN_ROWS);
    found
}

/// The places between the columns of some rows: what no piece covers. Rows of one piece (a title inside) say nothing.
fn gaps(rows: &[Pieces]) -> Vec<f32> {
    let size = median(rows.iter().flatten().map(|piece| piece.size).collect());
    let several: Vec<&Pieces> = rows.iter().filter(|row| row.len() >= 2).collect();
    let most = several.iter().map(|row| row.len()).max().unwrap_or(0);
    // A header that reaches over columns would close the gaps below it, so rows with few pieces are left out at first.
    let telling = several.iter().filter(|row| row.len() * 2 > most);
    let mut covered: Vec<(f32, f32)> =
        telling.flat_map(|row| row.iter().map(|piece| (piece.area.left, piece.area.right))).collect();
    covered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut gaps = Vec::new();
    let mut until = f32::INFINITY;
    for (left, right) in covered {
        if left - until >= COLUMN_GAP * size {
            gaps.push(f32::midpoint(until, left));
        }
        until = if until.is_finite() { until.max(right) } else { right };
    }
    gaps
}

/// The table that some rows form, if they do. `header` is how many first rows are the header.
fn table(rows: &[Pieces], header: Option<usize>, evidence: Evidence) -> Option<Found> {
    let gaps = gaps(rows);
    let columns = gaps.len() + 1;
    if rows.len() < 2 || !(2..=MAX_COLUMNS).contains(&columns) || is_running_text(rows, &gaps) {
        return None;
    }
    // Code is aligned too.
    let mono: usize = rows.iter().flatten().map(|piece| piece.mono).sum();
    if mono * 2 > rows.iter().flatten().map(|piece| piece.chars).sum() {
        return None;
    }
    let is_sure = match evidence {
        Evidence::Lines => is_mostly_divided(rows, &gaps),
        Evidence::Text => is_surely_aligned(rows, &gaps),
    };
    if !is_sure {
        return None;
    }
    let mut cells: Vec<(Slot, Vec<Line>)> = Vec::new();
    let mut row_of = 0;
    let mut header_rows = header;
    for (index, row) in rows.iter().enumerate() {
        let is_first_of_body = header == Some(index);
        let goes_on = index > 0
            && !is_first_of_body
            && continues(row, &rows[index - 1], &gaps, header.is_some_and(|h| index < h));
        if index > 0 && !goes_on {
            row_of += 1;
        }
        if is_first_of_body {
            header_rows = Some(row_of);
        }
        for piece in row {
            put(&mut cells, row_of, piece, &gaps);
        }
    }
    let area = rows.iter().map(|row| row_area(row)).reduce(Area::around)?;
    complete(&mut cells, row_of + 1, columns, area, &gaps);
    let found = Found { area, rows: row_of + 1, columns, cells, header: header_rows };
    found.is_table().then_some(found)
}

/// Most columns of an aligned table.
const MAX_COLUMNS: usize = 30;

/// The columns that a piece stands in.
fn columns_of(piece: &Line, gaps: &[f32]) -> (usize, usize) {
    let first = gaps.iter().filter(|gap| **gap < piece.area.left + 0.5).count();
    let last = gaps.iter().filter(|gap| **gap < piece.area.right - 0.5).count();
    (first, last.max(first))
}

/// Whether a row only goes on with cells of the row before: nothing in the first column, close below. Lines of a header do
/// so too where they hold something there.
fn continues(row: &Pieces, before: &Pieces, gaps: &[f32], is_header: bool) -> bool {
    let (area, above) = (row_area(row), row_area(before));
    let is_close = area.bottom - above.bottom < 1.45 * row[0].size.max(before[0].size);
    let starts_late = row.iter().all(|piece| columns_of(piece, gaps).0 > 0);
    let is_spanning = before.iter().any(|piece| columns_of(piece, gaps).0 < columns_of(piece, gaps).1);
    is_close && !is_spanning && (is_header || starts_late && row.len() < before.len())
}

fn put(cells: &mut Vec<(Slot, Vec<Line>)>, row: usize, piece: &Line, gaps: &[f32]) {
    let (first, last) = columns_of(piece, gaps);
    match cells.iter_mut().rev().find(|(slot, _)| slot.row == row && slot.column == first) {
        Some((slot, lines)) => {
            lines.push(piece.clone());
            slot.area = slot.area.around(piece.area);
        }
        None => {
            let slot = Slot { row, column: first, rows: 1, columns: last - first + 1, area: piece.area };
            cells.push((slot, vec![piece.clone()]));
        }
    }
}

/// Adds the empty cells, and makes each cell as wide as its columns.
fn complete(cells: &mut Vec<(Slot, Vec<Line>)>, rows: usize, columns: usize, area: Area, gaps: &[f32]) {
    for row in 0..rows {
        let mut taken = vec![false; columns];
        for (slot, _) in cells.iter().filter(|(slot, _)| slot.row == row) {
            taken[slot.column..slot.column + slot.columns].fill(true);
        }
        for (column, _) in taken.iter().enumerate().filter(|(_, taken)| !**taken) {
            let slot = Slot { row, column, rows: 1, columns: 1, area: Area::default() };
            cells.push((slot, Vec::new()));
        }
    }
    for (slot, _) in cells {
        let left = slot.column.checked_sub(1).and_then(|at| gaps.get(at)).copied().unwrap_or(area.left);
        let right = gaps.get(slot.column + slot.columns - 1).copied().unwrap_or(area.right);
        slot.area = Area::new(left, slot.area.top, right, slot.area.bottom);
    }
}

/// Whether the pieces are lines of columns of running text.
fn is_running_text(rows: &[Pieces], gaps: &[f32]) -> bool {
    let columns: Vec<Vec<&Line>> = (0..=gaps.len())
        .map(|at| rows.iter().flatten().filter(|piece| columns_of(piece, gaps) == (at, at)).collect())
        .collect();
    let is_text = |pieces: &Vec<&Line>| {
        let area = pieces.iter().map(|piece| piece.area).reduce(Area::around).unwrap_or_default();
        let fill = median(pieces.iter().map(|piece| piece.area.width()).collect()) / area.width().max(0.1);
        let chars = median(pieces.iter().map(|piece| piece.chars as f32).collect());
        let is_line = chars > MIN_LINE || chars > MIN_KOREAN_LINE && goes_on(pieces);
        pieces.len() >= 3 && (fill > MAX_FILL && is_line || chars > MAX_CHARS)
    };
    let texts = columns.iter().filter(|column| is_text(column)).count();
    texts * 2 > columns.len() || texts >= 2
}

/// Whether cells go on in the next ones as lines of Korean do: a quarter of them ends with a particle.
fn goes_on(cells: &[&Line]) -> bool {
    let last_word = |cell: &Line| cell.text.split_whitespace().next_back().is_some_and(goes_on_after);
    cells.iter().filter(|cell| last_word(cell)).count() * 4 >= cells.len()
}

/// Whether most rows hold several cells, and few cells reach over several columns.
fn is_mostly_divided(rows: &[Pieces], gaps: &[f32]) -> bool {
    let divided = rows.iter().filter(|row| row.len() >= 2).count();
    let spanning = rows.iter().flatten().filter(|piece| columns_of(piece, gaps).0 < columns_of(piece, gaps).1).count();
    divided * 2 > rows.len() && spanning * 4 <= rows.iter().map(Vec::len).sum::<usize>()
}

/// Without lines, columns must be filled in most rows and be aligned at one side, and there must be three of them, or
/// figures or labels in one of two.
fn is_surely_aligned(rows: &[Pieces], gaps: &[f32]) -> bool {
    let columns = gaps.len() + 1;
    let is_aligned = |at: usize| {
        let pieces: Vec<&Line> = rows.iter().flatten().filter(|piece| columns_of(piece, gaps) == (at, at)).collect();
        let near = |of: fn(&Line) -> f32| {
            let usual = median(pieces.iter().map(|piece| of(piece)).collect());
            pieces.iter().filter(|piece| (of(piece) - usual).abs() < 2.0).count()
        };
        let middle = |line: &Line| f32::midpoint(line.area.left, line.area.right);
        let best = near(|line| line.area.left).max(near(|line| line.area.right)).max(near(middle));
        pieces.len() * 2 >= rows.len() && best * 10 >= pieces.len() * 7
    };
    let is_label = |at: usize| {
        let pieces = rows.iter().flatten().filter(|piece| columns_of(piece, gaps) == (at, at));
        median(pieces.map(|piece| piece.chars as f32).collect()) <= 16.0
    };
    let is_spanned = rows.iter().flatten().any(|piece| columns_of(piece, gaps).0 < columns_of(piece, gaps).1);
    let enough = columns >= 3 || is_label(0) || is_label(1);
    (0..columns).all(is_aligned) && enough && !is_spanned
}

#[cfg(test)]
mod tests {
    use super::super::join::Words;
    use super::super::style::Style;
    use super::*;

    /// A row of texts at places; each letter is 5 points wide.
    fn row(top: f32, texts: &[(&str, f32)]) -> Vec<Line> {
        let run = |(text, left): &(&str, f32)| {
            let right = left + 5.0 * text.chars().count() as f32;
            Line::run((*text).to_owned(), Area::new(*left, top, right, top + 10.0), 10.0)
        };
        texts.iter().map(run).collect()
    }

    fn line(at: f32) -> Rule {
        Rule { is_level: true, at, from: 40.0, to: 400.0 }
    }

    fn check(rows: &[Vec<Line>], lines: &[Rule], expect: &[&[&str]], header: usize) {
        let mut runs = rows.concat();
        let found = take(&mut runs, lines).pop();
        let table = found.map(|found| found.table(&Words::default(), &Style::plain(10.0))).unwrap_or_default();
        let texts: Vec<Vec<&str>> =
            table.rows.iter().map(|row| row.cells.iter().map(|cell| cell.text.as_str()).collect()).collect();
        assert_eq!((texts, table.header_rows), (expect.iter().map(|row| row.to_vec()).collect(), header));
    }

    #[test]
    fn a_table_stands_between_level_lines() {
        let rows = [
            row(10.0, &[("Country", 50.0), ("Area", 200.0), ("Capital", 300.0)]),
            row(30.0, &[("Austria", 50.0), ("83,879", 200.0), ("Vienna", 300.0)]),
            row(42.0, &[("Belgium", 50.0), ("30,689", 200.0), ("Brussels", 300.0)]),
        ];
        let expect: [&[&str]; 3] =
            [&["Country", "Area", "Capital"], &["Austria", "83,879", "Vienna"], &["Belgium", "30,689", "Brussels"]];
        check(&rows, &[line(5.0), line(25.0), line(60.0)], &expect, 1);
    }

    #[test]
    fn a_cell_goes_on_in_the_line_below() {
        let rows = [
            row(10.0, &[("Name", 50.0), ("Notes", 200.0)]),
            row(30.0, &[("disk", 50.0), ("a note that is", 200.0)]),
            row(42.0, &[("long", 200.0)]),
            row(54.0, &[("net", 50.0), ("short", 200.0)]),
        ];
        let expect: [&[&str]; 3] = [&["Name", "Notes"], &["disk", "a note that is long"], &["net", "short"]];
        check(&rows, &[line(5.0), line(25.0), line(70.0)], &expect, 1);
    }

    #[test]
    fn aligned_figures_need_no_lines() {
        let rows = [
            row(0.0, &[("Item", 50.0), ("Price", 200.0), ("Count", 300.0)]),
            row(12.0, &[("Apple", 50.0), ("1.20", 200.0), ("10", 300.0)]),
            row(24.0, &[("Pear", 50.0), ("2.40", 200.0), ("20", 300.0)]),
            row(36.0, &[("Plum", 50.0), ("3.60", 200.0), ("30", 300.0)]),
        ];
        let expect: [&[&str]; 4] =
            [&["Item", "Price", "Count"], &["Apple", "1.20", "10"], &["Pear", "2.40", "20"], &["Plum", "3.60", "30"]];
        check(&rows, &[], &expect, 1);
    }

    #[test]
    fn columns_of_running_text_are_no_table() {
        let long = "a line of running text in a column";
        let rows: Vec<Vec<Line>> = (0..8).map(|i| row(12.0 * i as f32, &[(long, 50.0), (long, 250.0)])).collect();
        check(&rows, &[], &[], 0);
        check(&rows, &[line(-5.0), line(120.0)], &[], 0);
    }
}
