//! Finds the grids that drawn lines form: which cells they bound, and which cells reach over several rows or columns.

use super::geometry::Area;

/// A straight line, level or upright.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rule {
    /// Whether it is level.
    pub(super) is_level: bool,
    /// Its y if level, else its x.
    pub(super) at: f32,
    /// Where it starts and ends: x if level, else y.
    pub(super) from: f32,
    pub(super) to: f32,
}

/// A cell of a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slot {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) area: Area,
}

/// A grid of cells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub(super) area: Area,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// The cells by rows.
    pub(super) slots: Vec<Slot>,
}

/// Lines so near to each other (points) are one line, or touch.
const NEAR: f32 = 3.0;

/// What is drawn thinner than this is a line.
const THIN: f32 = 2.5;

/// The shortest line that can bound a cell.
const SHORTEST: f32 = 6.0;

/// Most rows and columns of a grid.
const MAX_ROWS: usize = 500;
const MAX_COLUMNS: usize = 60;

impl Rule {
    /// The lines that something drawn stands for: itself if it is thin, the edges of a box, nothing for a background.
    pub(super) fn edges(area: Area, page_width: f32, page_height: f32) -> Vec<Self> {
        let level = |at: f32| Self { is_level: true, at, from: area.left, to: area.right };
        let upright = |at: f32| Self { is_level: false, at, from: area.top, to: area.bottom };
        let is_background = area.width() > 0.9 * page_width && area.height() > 0.5 * page_height;
        let (is_wide, is_high) = (area.width() >= SHORTEST, area.height() >= SHORTEST);
        if area.height() <= THIN && is_wide {
            vec![level(area.middle_y())]
        } else if area.width() <= THIN && is_high {
            vec![upright(f32::midpoint(area.left, area.right))]
        } else if is_wide && is_high && !is_background {
            vec![level(area.top), level(area.bottom), upright(area.left), upright(area.right)]
        } else {
            Vec::new()
        }
    }

    fn area(self) -> Area {
        if self.is_level {
            Area::new(self.from, self.at, self.to, self.at)
        } else {
            Area::new(self.at, self.from, self.at, self.to)
        }
    }

    fn touches(self, other: Self) -> bool {
        let (a, b) = (self.area(), other.area());
        a.left <= b.right + NEAR && b.left <= a.right + NEAR && a.top <= b.bottom + NEAR && b.top <= a.bottom + NEAR
    }

    /// How much of a stretch at a place the line covers.
    fn covers(self, is_level: bool, at: f32, from: f32, to: f32) -> f32 {
        let is_there = self.is_level == is_level && (self.at - at).abs() <= NEAR;
        if is_there { (self.to.min(to) - self.from.max(from)).max(0.0) } else { 0.0 }
    }
}

/// The groups of lines that touch each other.
pub(super) fn connected(rules: &[Rule]) -> Vec<Vec<Rule>> {
    let mut group_of: Vec<usize> = (0..rules.len()).collect();
    for (i, rule) in rules.iter().enumerate() {
        for (j, other) in rules[..i].iter().enumerate() {
            if rule.touches(*other) {
                let (a, b) = (root(&mut group_of, i), root(&mut group_of, j));
                group_of[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups: Vec<Vec<Rule>> = vec![Vec::new(); rules.len()];
    for (i, rule) in rules.iter().enumerate() {
        groups[root(&mut group_of, i)].push(*rule);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn root(group_of: &mut [usize], mut index: usize) -> usize {
    while group_of[index] != index {
        group_of[index] = group_of[group_of[index]];
        index = group_of[index];
    }
    index
}

/// The grid that some connected lines form, if it has two rows and two columns at least. `texts` tell where text crosses a
/// place at which only the lines above and below are cut: there the cells are one.
pub(super) fn grid(rules: &[Rule], texts: &[Area]) -> Option<Grid> {
    let ys = places(rules.iter().filter(|rule| rule.is_level).map(|rule| rule.at).chain(ends(rules, false)));
    let xs = places(rules.iter().filter(|rule| !rule.is_level).map(|rule| rule.at).chain(ends(rules, true)));
    let (rows, columns) = (ys.len().checked_sub(1)?, xs.len().checked_sub(1)?);
    if !(2..=MAX_ROWS).contains(&rows) || !(2..=MAX_COLUMNS).contains(&columns) {
        return None;
    }
    let lines = Lines { rules, texts, xs: &xs, ys: &ys };
    let area = Area::new(xs[0], ys[0], xs[columns], ys[rows]);
    Some(Grid { area, rows, columns, slots: lines.slots(rows, columns) })
}

/// Where the lines of one direction end: a table without lines at its sides ends there, and a line in pieces is cut where
/// columns or rows are.
fn ends(rules: &[Rule], is_level: bool) -> impl Iterator<Item = f32> {
    let ends: Vec<f32> =
        rules.iter().filter(|rule| rule.is_level == is_level).flat_map(|rule| [rule.from, rule.to]).collect();
    let least = ends.iter().copied().fold(f32::INFINITY, f32::min);
    let most = ends.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    ends.into_iter().chain([least, most]).filter(|value| value.is_finite())
}

/// Places that differ, in order.
fn places(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    let mut found: Vec<f32> = Vec::new();
    for value in values {
        if found.last().is_none_or(|last| value - last > NEAR) {
            found.push(value);
        }
    }
    found
}

/// The lines of a grid with the places of its rows and columns.
struct Lines<'a> {
    rules: &'a [Rule],
    texts: &'a [Area],
    xs: &'a [f32],
    ys: &'a [f32],
}

impl Lines<'_> {
    /// Joins the places of the grid that no line divides to cells.
    fn slots(&self, rows: usize, columns: usize) -> Vec<Slot> {
        let mut cell_of: Vec<usize> = (0..rows * columns).collect();
        for row in 0..rows {
            for column in 0..columns {
                let here = row * columns + column;
                if column + 1 < columns && !self.is_divided_right(row, column) {
                    let (a, b) = (root(&mut cell_of, here), root(&mut cell_of, here + 1));
                    cell_of[a.max(b)] = a.min(b);
                }
                if row + 1 < rows && !self.is_divided_below(row, column) {
                    let (a, b) = (root(&mut cell_of, here), root(&mut cell_of, here + columns));
                    cell_of[a.max(b)] = a.min(b);
                }
            }
        }
        let mut bounds: Vec<Option<[usize; 4]>> = vec![None; rows * columns];
        for here in 0..rows * columns {
            let (row, column) = (here / columns, here % columns);
            let first = root(&mut cell_of, here);
            let bound = bounds[first].get_or_insert([row, column, row, column]);
            *bound = [bound[0].min(row), bound[1].min(column), bound[2].max(row), bound[3].max(column)];
        }
        bounds.into_iter().flatten().map(|bound| self.slot(bound)).collect()
    }

    fn slot(&self, [top, left, bottom, right]: [usize; 4]) -> Slot {
        let area = Area::new(self.xs[left], self.ys[top], self.xs[right + 1], self.ys[bottom + 1]);
        Slot { row: top, column: left, rows: bottom - top + 1, columns: right - left + 1, area }
    }

    fn is_divided_right(&self, row: usize, column: usize) -> bool {
        let (at, from, to) = (self.xs[column + 1], self.ys[row], self.ys[row + 1]);
        let crosses =
            |text: &Area| (from..to).contains(&text.middle_y()) && text.left < at - 1.0 && text.right > at + 1.0;
        let is_cut = self.is_cut(true, from, at) || self.is_cut(true, to, at);
        self.is_drawn(false, at, from, to) || is_cut && !self.texts.iter().any(crosses)
    }

    fn is_divided_below(&self, row: usize, column: usize) -> bool {
        let (at, from, to) = (self.ys[row + 1], self.xs[column], self.xs[column + 1]);
        let crosses = |text: &Area| {
            let middle = f32::midpoint(text.left, text.right);
            let (top, bottom) = (text.top + 0.3 * text.height(), text.bottom);
            (from..to).contains(&middle) && top < at && bottom > at
        };
        let is_cut = self.is_cut(false, from, at) || self.is_cut(false, to, at);
        self.is_drawn(true, at, from, to) || is_cut && !self.texts.iter().any(crosses)
    }

    /// Whether a line is drawn along most of a stretch.
    fn is_drawn(&self, is_level: bool, at: f32, from: f32, to: f32) -> bool {
        self.rules.iter().map(|rule| rule.covers(is_level, at, from, to)).sum::<f32>() >= 0.6 * (to - from)
    }

    /// Whether a line at some place is in pieces that meet at a point: it divides there, though nothing is drawn across.
    fn is_cut(&self, is_level: bool, at: f32, point: f32) -> bool {
        let along = |rule: &&Rule| rule.is_level == is_level && (rule.at - at).abs() <= NEAR;
        let mut ends = [false, false];
        for rule in self.rules.iter().filter(along) {
            ends[0] |= (rule.to - point).abs() <= NEAR;
            ends[1] |= (rule.from - point).abs() <= NEAR;
        }
        ends[0] && ends[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(at: f32, from: f32, to: f32) -> Rule {
        Rule { is_level: true, at, from, to }
    }

    fn upright(at: f32, from: f32, to: f32) -> Rule {
        Rule { is_level: false, at, from, to }
    }

    /// Row, column, rows and columns of each cell.
    fn check(rules: &[Rule], texts: &[Area], expect: &[[usize; 4]]) {
        let groups = connected(rules);
        assert_eq!(groups.len(), 1);
        let found: Vec<[usize; 4]> = grid(&groups[0], texts)
            .map(|grid| grid.slots.iter().map(|s| [s.row, s.column, s.rows, s.columns]).collect())
            .unwrap_or_default();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_full_grid_has_a_cell_at_every_place() {
        let rules = [
            level(0.0, 0.0, 100.0),
            level(20.0, 0.0, 100.0),
            level(40.0, 0.0, 100.0),
            upright(0.0, 0.0, 40.0),
            upright(50.0, 0.0, 40.0),
            upright(100.0, 0.0, 40.0),
        ];
        check(&rules, &[], &[[0, 0, 1, 1], [0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1]]);
    }

    #[test]
    fn cells_reach_over_rows_and_columns() {
        let rules = [
            level(0.0, 0.0, 100.0),
            level(20.0, 50.0, 100.0),
            level(40.0, 0.0, 100.0),
            level(60.0, 0.0, 100.0),
            upright(0.0, 0.0, 60.0),
            upright(50.0, 0.0, 40.0),
            upright(100.0, 0.0, 60.0),
        ];
        check(&rules, &[], &[[0, 0, 2, 1], [0, 1, 1, 1], [1, 1, 1, 1], [2, 0, 1, 2]]);
    }

    #[test]
    fn a_table_may_be_open_at_its_sides() {
        let rules =
            [level(0.0, 0.0, 100.0), level(20.0, 0.0, 100.0), level(40.0, 0.0, 100.0), upright(50.0, 0.0, 40.0)];
        check(&rules, &[], &[[0, 0, 1, 1], [0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1]]);
    }

    #[test]
    fn level_lines_that_are_cut_make_columns_where_no_text_crosses() {
        let mut rules = Vec::new();
        for y in [0.0, 20.0, 40.0] {
            rules.extend([level(y, 0.0, 50.0), level(y, 50.0, 100.0)]);
        }
        rules.push(upright(0.0, 0.0, 40.0));
        let text = Area::new(5.0, 25.0, 90.0, 35.0);
        check(&rules, &[text], &[[0, 0, 1, 1], [0, 1, 1, 1], [1, 0, 1, 2]]);
    }

    #[test]
    fn upright_lines_that_are_cut_make_rows() {
        let rules = [
            level(0.0, 0.0, 100.0),
            level(60.0, 0.0, 100.0),
            upright(50.0, 0.0, 20.0),
            upright(50.0, 20.0, 40.0),
            upright(50.0, 40.0, 60.0),
        ];
        let cells = [[0, 0, 1, 1], [0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1], [2, 0, 1, 1], [2, 1, 1, 1]];
        check(&rules, &[], &cells);
    }

    #[test]
    fn boxes_and_backgrounds_are_no_tables() {
        let edges = Rule::edges(Area::new(10.0, 10.0, 200.0, 100.0), 600.0, 800.0);
        assert_eq!(edges.len(), 4);
        assert_eq!(grid(&edges, &[]), None);
        assert!(Rule::edges(Area::new(0.0, 0.0, 600.0, 800.0), 600.0, 800.0).is_empty());
        assert_eq!(Rule::edges(Area::new(10.0, 10.0, 200.0, 10.4), 600.0, 800.0).len(), 1);
    }

    #[test]
    fn any_numbers_make_no_panic() {
        let odd = [f32::NAN, f32::INFINITY, -1e30, 0.0, 50.0];
        let mut rules = Vec::new();
        for a in odd {
            for b in odd {
                rules.extend(Rule::edges(Area::new(a, b, b, a), a, b));
                rules.extend([level(a, b, a), upright(b, a, b)]);
            }
        }
        for group in connected(&rules) {
            let _ = grid(&group, &[Area::default()]);
        }
    }
}
