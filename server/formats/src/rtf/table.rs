//! Tables of RTF. A row says where its cells end; how many columns a cell takes follows from where those of all rows do.

use std::collections::HashMap;

use crate::blocks::guess_header_rows;
use crate::{Cell, Row, Table};

/// Most cells of a row.
const MAX_CELLS: usize = 1_024;

/// How a cell joins its neighbours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Join {
    /// It stands alone, or begins what others join.
    #[default]
    Own,
    /// It belongs to the cell on its left.
    Left,
    /// It belongs to the cell above.
    Above,
}

/// The definition of a cell.
#[derive(Debug, Clone, Copy, Default)]
struct Edge {
    right: i32,
    join: Join,
}

#[derive(Debug, Default)]
struct RawRow {
    edges: Vec<Edge>,
    texts: Vec<String>,
}

/// A table as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct Builder {
    edges: Vec<Edge>,
    join: Join,
    texts: Vec<String>,
    rows: Vec<RawRow>,
    headers: usize,
    is_header: bool,
}

impl Builder {
    /// A row is defined anew.
    pub(super) fn define_row(&mut self) {
        self.edges.clear();
        self.join = Join::Own;
        self.is_header = false;
    }

    /// The row that is being defined repeats on every page.
    pub(super) fn mark_header(&mut self) {
        self.is_header = true;
    }

    /// The next cell joins another.
    pub(super) fn join(&mut self, join: Join) {
        self.join = join;
    }

    /// A cell is defined by where it ends.
    pub(super) fn define_cell(&mut self, right: i32) {
        if self.edges.len() < MAX_CELLS {
            self.edges.push(Edge { right, join: self.join });
        }
        self.join = Join::Own;
    }

    /// A cell ends.
    pub(super) fn end_cell(&mut self, text: String) {
        if self.texts.len() < MAX_CELLS {
            self.texts.push(text);
        }
    }

    /// A row ends.
    pub(super) fn end_row(&mut self) {
        if self.is_header && self.headers == self.rows.len() {
            self.headers += 1;
        }
        self.rows.push(RawRow { edges: self.edges.clone(), texts: std::mem::take(&mut self.texts) });
    }

    /// Whether nothing has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.texts.is_empty()
    }

    /// The table; what follows begins another.
    pub(super) fn finish(&mut self) -> Table {
        if !self.texts.is_empty() {
            self.end_row();
        }
        let rows = std::mem::take(&mut self.rows);
        let headers = std::mem::take(&mut self.headers);
        let mut columns: Vec<i32> = rows.iter().flat_map(|row| &row.edges).map(|edge| edge.right).collect();
        columns.sort_unstable();
        columns.dedup();
        let mut out = Table::default();
        // Which cell (row, place) ends where, to be reached by those below that join it.
        let mut above: HashMap<i32, (usize, usize)> = HashMap::new();
        for (number, raw) in rows.into_iter().enumerate() {
            let mut row = Row::default();
            let mut now = HashMap::new();
            let mut left = i32::MIN;
            for (place, text) in raw.texts.into_iter().enumerate() {
                let edge = raw.edges.get(place).copied().unwrap_or(Edge { right: left, join: Join::Own });
                let until = |edge: i32| columns.partition_point(|column| *column <= edge);
                let span = if left < edge.right { (until(edge.right) - until(left)) as u32 } else { 1 };
                left = edge.right.max(left);
                let upper = above.get(&edge.right).copied();
                match (edge.join, row.cells.last_mut(), upper) {
                    (Join::Left, Some(cell), _) => cell.columns += span.max(1),
                    (Join::Above, _, Some((origin, place))) => {
                        if let Some(cell) = out.rows.get_mut(origin).and_then(|row: &mut Row| row.cells.get_mut(place))
                        {
                            cell.rows = cell.rows.max((number - origin) as u32 + 1);
                        }
                        now.insert(edge.right, (origin, place));
                    }
                    _ => {
                        row.cells.push(Cell { columns: span.max(1), ..Cell::of(text) });
                        now.insert(edge.right, (number, row.cells.len() - 1));
                    }
                }
            }
            above = now;
            out.rows.push(row);
        }
        let marked = (headers > 0 && headers < out.rows.len()).then_some(headers);
        out.header_rows = marked.unwrap_or_else(|| guess_header_rows(&out.rows));
        out
    }
}
