//! Tables of a sheet, one after the other: their titles become headings, and what goes on behind a blank row or a line of its
//! own keeps the names above it.

use super::header::{
    Verdict, contrasts, could_name, holds_values, holds_words, is_set_off, say_the_same, says_names, share_of_names,
    width,
};
use super::labels::{Naming, are_periods_over, count_on, moved, naming};
use super::{GridRow, Sheet, categories, groups, table_row, words};
use crate::{Block, BlockKind, Locator, Row, Table};

/// Longest heading made of the lines above a table, in characters.
pub(super) const MAX_TITLE: usize = 150;
/// Names may be repeated for each group of rows as long as they take no more than this, or than the rows so far.
const MAX_REPEATED_BYTES: usize = 64 << 10;
/// Most rows without a cell that keep the places of blank ones within a block.
const MAX_FILLERS: u32 = 8;

/// A line that stands alone: a title, a unit, a note.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) column: usize,
    pub(super) text: String,
}

/// A table that may go on.
pub(super) struct OpenTable {
    first_column: usize,
    names: GridRow,
    /// Whether groups of its rows stand under lines of their own.
    has_groups: bool,
    /// Whether it may be a group of the table above, and so what follows under a title.
    may_be_group: bool,
    /// What stands in each column: values, words, or nothing.
    kinds: Vec<Option<bool>>,
    /// The number of the last row, and how many stand behind the last blank one.
    last: u32,
    rows: usize,
    /// Which block it ends in.
    block: Option<usize>,
    heading: Option<(u8, String)>,
}

/// The headings that are open.
#[derive(Default)]
pub(super) struct Headings {
    is_open: bool,
    /// Whether the outermost is that of several tables with titles of their own.
    has_parts: bool,
    /// Whether the innermost is that of a group.
    is_group: bool,
    repeated: usize,
    said: usize,
}

/// Rows below lines, as they were found: the lines right above them, and those parted from them by a blank row.
pub(super) struct Found {
    pub(super) first_column: usize,
    pub(super) apart: Vec<Line>,
    pub(super) lines: Vec<Line>,
    /// Notes among these lines.
    pub(super) notes: Vec<Line>,
    pub(super) names: Option<GridRow>,
    pub(super) verdict: Verdict,
    /// The rows, the names left out unless they are in doubt.
    pub(super) rows: Vec<GridRow>,
    /// Whether the next rows stand under a line of their own.
    pub(super) is_followed_by_line: bool,
    /// Whether they may be a group of the table above, whose names stand above them beside the first of them.
    pub(super) may_be_group: bool,
}

impl OpenTable {
    /// Whether rows go on with this table: they fit its columns, and do not surely begin with names of their own.
    pub(super) fn goes_on_in(&self, found: &Found, all: &[GridRow], max_gap: u32) -> bool {
        let top = found.apart.first().or(found.lines.first()).map_or(all[0].number, |line| line.number);
        let fits = found.first_column >= self.first_column
            && found.first_column + width(all) <= self.first_column + self.kinds.len()
            && top > self.last + 1
            && top - self.last <= max_gap;
        // A title over no more than half of the columns is that of another table.
        let is_narrow = !(found.lines.is_empty() && found.apart.is_empty())
            && all.len() > 2
            && width(all) * 2 <= self.names.filled();
        fits && !is_narrow && !self.is_named(found, all)
    }

    /// Whether rows go on with this table although they say its names again, right below it and without a title.
    pub(super) fn is_repeated_in(&self, found: &Found, all: &[GridRow]) -> bool {
        let names = found.names.as_ref().unwrap_or(&all[0]);
        found.lines.is_empty()
            && found.apart.is_empty()
            && found.first_column == self.first_column
            && all[0].number == self.last + 1
            && say_the_same(names, &self.names)
    }

    /// Whether rows below it and without a title say its names again, for the days or months that come next.
    pub(super) fn moves_on_in(&self, found: &Found, all: &[GridRow], max_gap: u32) -> bool {
        let row = &all[0];
        let is_again = || moved(&self.names, row).is_some_and(|moved| moved > 0) && are_periods_over(row, &all[1..]);
        found.lines.is_empty()
            && found.apart.is_empty()
            && found.first_column == self.first_column
            && row.number > self.last
            && row.number - self.last <= max_gap
            && (is_again() || count_on(&self.names, row))
    }

    /// Whether rows below a title and behind a blank row may be a group of this table as well as another: they fit, the kinds of
    /// the columns go on, and the names of this table are usual ones while the first row says none of such.
    pub(super) fn may_go_on_in(&self, found: &Found, all: &[GridRow], max_gap: u32) -> bool {
        let [row, rest @ ..] = all else { return false };
        let has_title = found.apart.iter().chain(&found.lines).any(|line| !words::is_unit(&line.text));
        let top = found.apart.first().or(found.lines.first()).map_or(row.number, |line| line.number);
        has_title
            && !rest.is_empty()
            && !self.has_groups
            && found.first_column == self.first_column
            && top > self.last + 1
            && top - self.last <= max_gap
            && could_name(row)
            && !says_names(row)
            && !is_set_off(row, rest)
            && says_names(&self.names)
            && width(all) == self.kinds.len()
            && !self.has_other_kinds(row, rest, 0)
    }

    pub(super) fn names(&self) -> &GridRow {
        &self.names
    }

    /// Takes other names.
    pub(super) fn rename(&mut self, names: GridRow) {
        self.names = names;
    }

    /// Whether rows behind a blank one begin with names of their own. Where that is in doubt, they are rows.
    fn is_named(&self, found: &Found, all: &[GridRow]) -> bool {
        let (row, rest) = (&all[0], &all[1..]);
        let shift = found.first_column - self.first_column;
        if shift == 0 && say_the_same(row, &self.names) {
            return true;
        }
        if rest.is_empty() {
            return false;
        }
        if found.names.as_ref().is_some_and(|names| names.texts().ne(row.texts())) {
            return true;
        }
        if row.cells.iter().any(|cell| cell.is_value) {
            return naming(row, rest) == Naming::Surely && share_of_names(row) > 0.0;
        }
        if !could_name(row) {
            return false;
        }
        let has_title = found.apart.iter().chain(&found.lines).any(|line| !words::is_unit(&line.text));
        let looks = |row: &GridRow| row.cells.get(row.first_filled()).map(|cell| (cell.is_bold, cell.look));
        let is_alike = looks(row) == looks(&self.names);
        says_names(row)
            || (is_alike && is_set_off(row, rest))
            || match has_title {
                true => !self.has_groups,
                false => is_alike && self.is_other(row, rest, shift),
            }
    }

    /// Whether a row of words stands over values, or over columns most of which hold other kinds than so far.
    fn is_other(&self, row: &GridRow, rest: &[GridRow], shift: usize) -> bool {
        contrasts(row, rest) || self.has_other_kinds(row, rest, shift)
    }

    /// Whether most of a row's columns hold other kinds than so far.
    fn has_other_kinds(&self, row: &GridRow, rest: &[GridRow], shift: usize) -> bool {
        let columns = || (0..row.cells.len()).filter(|column| !row.text(*column).is_empty());
        let has_other_kind = |column: &usize| match self.kinds.get(column + shift).copied().flatten() {
            Some(true) => holds_words(rest, *column),
            Some(false) => holds_values(rest, *column),
            None => false,
        };
        columns().filter(has_other_kind).count() * 2 > columns().count()
    }
}

impl Sheet {
    /// Appends rows to the table they go on with.
    pub(super) fn push_group(&mut self, mut table: OpenTable, found: Found, mut rows: Vec<GridRow>) {
        let shift = found.first_column - table.first_column;
        let blank = || std::iter::repeat_with(Default::default).take(shift);
        rows.iter_mut().filter(|_| shift > 0).for_each(|row| drop(row.cells.splice(..0, blank())));
        self.push_paragraphs(found.notes);
        let title: Vec<Line> = found.apart.into_iter().chain(found.lines).collect();
        table.kinds.iter_mut().enumerate().for_each(|(column, kind)| {
            let is_filled = || rows.iter().any(|row| !row.text(column).is_empty());
            *kind = kind.or_else(|| is_filled().then(|| holds_values(&rows, column)));
        });
        self.push_parts(&mut table, title, rows, found.is_followed_by_line);
        self.table = Some(table);
    }

    /// Appends rows as a table of their own.
    pub(super) fn push_table(&mut self, found: Found) {
        let Found { first_column, apart, lines, notes, names, verdict, rows, is_followed_by_line, may_be_group } =
            found;
        let says = names.as_ref().or(rows.first()).map(GridRow::line).unwrap_or_default();
        let number = rows.first().map_or(1, |row| row.number);
        let heading = self.push_titles(apart, lines, number, &says);
        self.push_paragraphs(notes);
        let names = names.filter(|_| verdict > Verdict::Row);
        let Some(names) = names else {
            return self.push_block(None, rows);
        };
        let kind =
            |column: usize| rows.iter().any(|row| !row.text(column).is_empty()).then(|| holds_values(&rows, column));
        let columns = width(&rows).max(names.cells.len());
        let mut table = OpenTable {
            first_column,
            has_groups: false,
            may_be_group,
            kinds: (0..columns).map(kind).collect(),
            names,
            last: 0,
            rows: 0,
            block: None,
            heading,
        };
        self.push_parts(&mut table, Vec::new(), rows, is_followed_by_line);
        self.table = Some(table);
    }

    /// Appends rows under the names of a table, in parts where lines stand between them.
    fn push_parts(
        &mut self,
        table: &mut OpenTable,
        mut title: Vec<Line>,
        mut rows: Vec<GridRow>,
        is_followed_by_line: bool,
    ) {
        let mut starts = groups::parts(&rows, table.kinds.len(), is_followed_by_line);
        let are_lines = !starts.is_empty();
        if !are_lines {
            starts = categories::parts(table.names.text(0), &rows);
        }
        let mut parts = Vec::new();
        for (start, is_group) in starts.into_iter().rev() {
            parts.push((rows.split_off(start), is_group));
        }
        if !rows.is_empty() {
            self.push_part(table, std::mem::take(&mut title), rows);
        }
        for (mut part, is_group) in parts.into_iter().rev() {
            if is_group {
                let number = part[0].number;
                let text = if are_lines { part.remove(0).line() } else { part[0].text(0).to_owned() };
                title.push(Line { number, column: 0, text });
            }
            self.push_part(table, std::mem::take(&mut title), part);
        }
    }

    /// Appends rows under the names of a table: as a block of their own, or at the end of the one before where that costs
    /// less than saying the names again.
    fn push_part(&mut self, table: &mut OpenTable, mut title: Vec<Line>, rows: Vec<GridRow>) {
        let names: usize = table.names.texts().map(str::len).sum();
        let said: usize = rows.iter().flat_map(GridRow::texts).map(str::len).sum();
        let is_dear = self.headings.repeated + names > MAX_REPEATED_BYTES.max(self.headings.said);
        let is_single = rows.len() == 1 && table.rows == 1 && title.is_empty() && !self.headings.is_group;
        self.headings.said += said;
        let (last, begin) = (table.last, title.first().map_or(rows[0].number, |line| line.number));
        let is_near = begin > last
            && begin - last <= MAX_FILLERS
            && table.block.is_some_and(|block| self.blocks.len() == block + 1);
        (table.rows, table.last) = (rows.len(), rows[rows.len() - 1].number);
        if is_near && (is_dear || is_single) {
            // A category stands in its first row already.
            title.retain(|line| line.number < rows[0].number);
            return self.extend_block(title, rows);
        }
        self.headings.repeated += names;
        self.push_group_title(table, title);
        table.block = Some(self.blocks.len());
        self.push_block(Some(&table.names), rows);
    }

    /// Appends rows to the last block, the lines above them as rows, and blank ones in their places.
    fn extend_block(&mut self, title: Vec<Line>, rows: Vec<GridRow>) {
        let Some(Block { kind: BlockKind::Table(table), at: Some(Locator::Rows { last, .. }) }) =
            self.blocks.last_mut()
        else {
            return;
        };
        let cells = |line: &Line| vec![super::GridCell::of(&line.text)];
        let lines = title.into_iter().map(|line| GridRow { number: line.number, cells: cells(&line) });
        for row in lines.chain(rows) {
            let blank = |number| table_row(&self.name, GridRow { number, cells: Vec::new() });
            table.rows.extend((*last + 1..row.number).map(blank));
            *last = row.number;
            table.rows.push(table_row(&self.name, row));
        }
    }

    /// Appends a block of rows, under names where there are such.
    fn push_block(&mut self, names: Option<&GridRow>, rows: Vec<GridRow>) {
        let Some(first) = rows.first().map(|row| row.number) else { return };
        let at = Some(Locator::Rows { sheet: self.name.clone(), first, last: first - 1 });
        let names: Vec<Row> = names.map(|names| table_row(&self.name, names.clone())).into_iter().collect();
        self.blocks.push(Block { kind: BlockKind::Table(Table { header_rows: names.len(), rows: names }), at });
        self.extend_block(Vec::new(), rows);
    }

    /// Says the titles of a table as headings, those parted from it above those right over it. Returns the table's own.
    /// `says` stands for the title of one without, where it would stand under another's.
    fn push_titles(&mut self, apart: Vec<Line>, lines: Vec<Line>, number: u32, says: &str) -> Option<(u8, String)> {
        let mut own = lines;
        if own.is_empty() {
            own = apart;
            self.headings.has_parts &= own.is_empty();
        } else if !apart.is_empty() {
            self.push_heading(self.level, apart);
            self.headings.has_parts = true;
        }
        if own.is_empty() {
            // Pairs of labels and values between a title and its table part them no more than a blank row does.
            let is_below_form = matches!(self.blocks.last(), Some(Block { kind: BlockKind::Table(table), .. }) if table.header_rows == 0);
            if !self.headings.is_open || is_below_form {
                return None;
            }
            own.push(Line { number, column: 0, text: says.chars().take(MAX_TITLE / 2).collect() });
        }
        self.headings.is_group = false;
        let level = self.level + u8::from(self.headings.has_parts);
        Some((level, self.push_heading(level, own)))
    }

    /// Says the title of a group as a heading below its table's; one without goes on under the table's.
    fn push_group_title(&mut self, table: &mut OpenTable, title: Vec<Line>) {
        if !title.is_empty() {
            let below = u8::from(!table.may_be_group);
            let level = table.heading.as_ref().map_or(self.level, |(level, _)| level + below);
            self.push_heading(level, title);
            (self.headings.is_group, table.has_groups) = (true, true);
        } else if std::mem::take(&mut self.headings.is_group) {
            let (level, text) = table
                .heading
                .get_or_insert_with(|| (self.level, table.names.line().chars().take(MAX_TITLE / 2).collect()))
                .clone();
            self.push_heading(level, vec![Line { number: table.last, column: 0, text }]);
        }
    }

    /// Says lines as one heading, as many of the last as fit; the others as paragraphs before it. Returns its text.
    fn push_heading(&mut self, level: u8, mut lines: Vec<Line>) -> String {
        let mut left = MAX_TITLE;
        let fits = |line: &&Line| {
            let count = line.text.chars().count() + 3;
            let fits = count <= left;
            left = left.saturating_sub(count);
            fits
        };
        let kept = lines.iter().rev().take_while(fits).count();
        let title = lines.split_off(lines.len() - kept);
        self.push_paragraphs(lines);
        let text = title.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" · ");
        if let [first, ..] = &title[..] {
            let at = Some(Locator::Rows {
                sheet: self.name.clone(),
                first: first.number,
                last: title[title.len() - 1].number,
            });
            self.blocks.push(Block { kind: BlockKind::Heading { level, text: text.clone() }, at });
            self.headings.is_open = true;
        }
        text
    }

    pub(super) fn push_paragraphs(&mut self, lines: Vec<Line>) {
        for line in lines {
            let at = Some(Locator::Rows { sheet: self.name.clone(), first: line.number, last: line.number });
            self.blocks.push(Block { kind: BlockKind::Paragraph(line.text), at });
        }
    }
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
