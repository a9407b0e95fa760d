//! Tables larger than a passage. A row is never without the names of its columns: rows stand under their header again in each
//! passage; a header too long for that is parted, each part of its columns beside the column that tells rows apart; and a row
//! too long for a line is said a cell a line, each behind the name of its column.

use std::borrow::Cow;

use super::cut::{cut, cut_to};
use super::units::{Join, Pieces, Rows, UnitKind};
use crate::document::Locator;
use crate::text::is_table_rule;

/// Most tokens of the cell that tells a row apart, where it is said again.
const MAX_KEY: usize = 16;
/// Fewest tokens of a piece of a cell.
const FEWEST: usize = 4;
/// Where a cell is cut: what is left of it may turn the meaning.
const GOES_ON: &str = " … ";
/// Most rows that are looked at to tell which column tells rows apart.
const MAX_COMPARED: usize = 100;

/// Some columns of a table.
struct Columns {
    /// Which, the keys first; `None` for all, as they stand.
    chosen: Option<Vec<usize>>,
    /// Their names and the rule below.
    header: String,
}

/// A table in work.
struct Source<'t> {
    /// Its number in the document.
    number: u32,
    names: Vec<&'t str>,
    rows: Vec<&'t str>,
    keys: Vec<usize>,
}

impl<'d> Pieces<'_, 'd> {
    /// The table numbered `table`, whole or by rows, each with the names of its columns.
    pub(super) fn table(&mut self, text: &'d str, table: u32) {
        let tokens = self.counter.count(text);
        let has_header = text.lines().nth(1).is_some_and(is_table_rule);
        let of = count(text.lines().count().saturating_sub(if has_header { 2 } else { 0 }));
        if tokens <= self.budget {
            self.push(Cow::Borrowed(text), tokens, Join::Paragraph, UnitKind::Whole);
            let rows = Rows { table, first: 1, of, sheet_row: sheet_row(self.at, 1), is_record: false };
            return self.units.last_mut().into_iter().for_each(|unit| unit.rows = Some(rows));
        }
        if !has_header {
            return self.bare_rows(text, table, of);
        }
        let mut lines = text.lines();
        let header: String = lines.by_ref().take(2).flat_map(|line| [line, "\n"]).collect();
        let names = cells(text.lines().next().unwrap_or_default());
        let rows: Vec<&str> = lines.collect();
        let source = Source { number: table, keys: keys(&names, &rows), names, rows };
        let parts = match self.counter.count(&header) <= self.budget / 2 {
            true => vec![Columns { chosen: None, header }],
            false => self.columns(&source),
        };
        for columns in &parts {
            self.rows(&source, columns);
        }
    }

    /// Rows of a table without names.
    fn bare_rows(&mut self, text: &'d str, table: u32, of: u32) {
        let before = self.units.len();
        let starts = self.grouped(text.lines(), "", "", 0);
        for (number, start) in starts.iter().enumerate() {
            // A row that is cut stands in several units.
            let end = starts.get(number + 1).map_or(of, |next| count(*next)).max(count(*start) + 1);
            if let Some(unit) = self.units.get_mut(before + number) {
                let first = count(*start) + 1;
                unit.rows = Some(Rows { table, first, of, sheet_row: sheet_row(self.at, first), is_record: false });
                unit.at = sheet_rows(self.at, first, end).map(Cow::Owned).or(unit.at.take());
            }
        }
    }

    /// Parts of the columns whose names take no more than half of a passage, each with the keys.
    fn columns(&self, source: &Source<'_>) -> Vec<Columns> {
        let most = self.budget / 2;
        let named = |column: usize, most: usize| shortened(source.names[column], most, self);
        let cost = |name: &str| self.counter.count(&format!("| {name} | --- "));
        let keys: Vec<String> = source.keys.iter().map(|column| named(*column, MAX_KEY.min(most / 4))).collect();
        let of_keys: usize = keys.iter().map(|name| cost(name)).sum();
        let room = most.saturating_sub(of_keys + 1);
        let mut parts: Vec<(Vec<usize>, Vec<String>)> = Vec::new();
        let mut used = room + 1;
        for column in (0..source.names.len()).filter(|column| !source.keys.contains(column)) {
            let name = named(column, room.saturating_sub(cost("")).max(FEWEST));
            let tokens = cost(&name);
            if used + tokens > room {
                parts.push((source.keys.clone(), keys.clone()));
                used = 0;
            }
            used += tokens;
            if let Some((columns, names)) = parts.last_mut() {
                columns.push(column);
                names.push(name);
            }
        }
        let header = |names: &[String]| format!("{}\n|{}\n", line(names), " --- |".repeat(names.len()));
        parts.into_iter().map(|(columns, names)| Columns { header: header(&names), chosen: Some(columns) }).collect()
    }

    /// Rows under the names of some columns, as many a passage as fit.
    fn rows(&mut self, source: &Source<'_>, columns: &Columns) {
        let frame = self.counter.count(&columns.header);
        let room = self.budget.saturating_sub(frame);
        let (mut body, mut tokens, mut first) = (String::new(), 0, 0);
        for (number, row) in source.rows.iter().enumerate() {
            let said = self.said(row, source, columns);
            let count = self.counter.count(&said);
            if tokens + count > room && !body.is_empty() {
                self.push_rows(&mut body, tokens + frame, columns, source, first..number);
                tokens = 0;
            }
            if count > room {
                self.record(source, columns, number);
                continue;
            }
            if body.is_empty() {
                first = number;
            }
            body.push_str(&said);
            body.push('\n');
            tokens += count;
        }
        if !body.is_empty() {
            self.push_rows(&mut body, tokens + frame, columns, source, first..source.rows.len());
        }
    }

    /// The cells of a row in some columns. A long key is cut where it is said again.
    fn said<'t>(&self, row: &'t str, source: &Source<'_>, columns: &Columns) -> Cow<'t, str> {
        let Some(chosen) = &columns.chosen else { return Cow::Borrowed(row) };
        let all = cells(row);
        let cell = |column: &usize| match all.get(*column).copied().unwrap_or_default() {
            key if source.keys.contains(column) => shortened(key, MAX_KEY.min(self.budget / 8), self),
            cell => cell.to_owned(),
        };
        Cow::Owned(line(&chosen.iter().map(cell).collect::<Vec<_>>()))
    }

    fn push_rows(
        &mut self,
        body: &mut String,
        tokens: usize,
        columns: &Columns,
        source: &Source<'_>,
        rows: std::ops::Range<usize>,
    ) {
        let text = format!("{}{}", columns.header, body.trim_end());
        body.clear();
        self.push(Cow::Owned(text), tokens, Join::Paragraph, UnitKind::Whole);
        self.place_rows(source, rows, false);
    }

    /// One row, a cell a line behind the name of its column, under the one that tells it apart.
    fn record(&mut self, source: &Source<'_>, columns: &Columns, number: usize) {
        let all = cells(source.rows[number]);
        let text = |column: usize| all.get(column).copied().unwrap_or_default();
        let key = source.keys.last().copied().unwrap_or(0);
        let most = (self.budget / 8).max(1);
        let name =
            |column: usize, most: usize| shortened(source.names.get(column).copied().unwrap_or_default(), most, self);
        let said = shortened(text(key), most, self);
        let is_whole = said == text(key);
        let opening = format!("{}\n| --- | --- |\n", line(&[name(key, most), said]));
        let frame = self.counter.count(&opening);
        let room = self.budget.saturating_sub(frame);
        let mut lines: Vec<String> = Vec::new();
        let chosen = columns.chosen.clone().unwrap_or_else(|| (0..all.len()).collect());
        for column in chosen.into_iter().filter(|column| !text(*column).is_empty() && (*column != key || !is_whole)) {
            let name = name(column, room / 2);
            let left = room.saturating_sub(self.counter.count(&line(&[name.clone(), String::new()])));
            let marks = self.counter.count(GOES_ON) * 2;
            let pieces = cut(text(column), left.saturating_sub(marks).max(FEWEST), self.counter);
            let last = pieces.len().saturating_sub(1);
            let marked = |(at, (piece, _)): (usize, &(&str, usize))| {
                let (before, behind) = (if at > 0 { GOES_ON } else { "" }, if at < last { GOES_ON } else { "" });
                line(&[name.clone(), [before, piece.trim(), behind].concat().trim().to_owned()])
            };
            lines.extend(pieces.iter().enumerate().map(marked));
        }
        if lines.iter().any(|line| self.counter.count(line) > room) {
            // No room for a name and a piece beside each other: the row as it stands.
            let before = self.units.len();
            self.grouped(std::iter::once(source.rows[number]), "", "", 0);
            return (before..self.units.len()).for_each(|unit| self.place_unit(unit, source, number..number + 1, true));
        }
        let before = self.units.len();
        self.grouped(lines.iter().map(String::as_str), &opening, "", frame);
        (before..self.units.len()).for_each(|unit| self.place_unit(unit, source, number..number + 1, true));
    }

    fn place_rows(&mut self, source: &Source<'_>, rows: std::ops::Range<usize>, is_record: bool) {
        self.place_unit(self.units.len().saturating_sub(1), source, rows, is_record);
    }

    /// Says which rows of a table a unit holds, counted from 0.
    fn place_unit(&mut self, unit: usize, source: &Source<'_>, rows: std::ops::Range<usize>, is_record: bool) {
        let (first, last) = (count(rows.start) + 1, count(rows.end));
        let (sheet_row, at) = (sheet_row(self.at, first), sheet_rows(self.at, first, last));
        if let Some(unit) = self.units.get_mut(unit) {
            unit.rows = Some(Rows { table: source.number, first, of: count(source.rows.len()), sheet_row, is_record });
            unit.at = at.map(Cow::Owned).or(unit.at.take());
        }
    }
}

/// The number that a row of a table has in its sheet. The rows of a block follow each other there.
fn sheet_row(at: Option<&Locator>, row: u32) -> Option<u32> {
    match at {
        Some(Locator::Rows { first, .. }) => Some(first.saturating_add(row.saturating_sub(1))),
        _ => None,
    }
}

fn sheet_rows(at: Option<&Locator>, first: u32, last: u32) -> Option<Locator> {
    match at {
        Some(Locator::Rows { sheet, .. }) => {
            let (first, last) = (sheet_row(at, first)?, sheet_row(at, last)?);
            Some(Locator::Rows { sheet: sheet.clone(), first, last })
        }
        _ => None,
    }
}

/// The columns that tell rows apart: the first, and the next where the first only counts.
fn keys(names: &[&str], rows: &[&str]) -> Vec<usize> {
    let counts = rows.iter().take(MAX_COMPARED).all(|row| {
        cells(row).first().is_none_or(|cell| cell.chars().all(|c| c.is_ascii_digit() || c.is_ascii_punctuation()))
    });
    if counts && names.len() > 2 { vec![0, 1] } else { vec![0] }
}

/// The cells of a pipe row. A bar that is escaped parts nothing.
fn cells(row: &str) -> Vec<&str> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let (mut cells, mut start, mut is_escaped) = (Vec::new(), 0, false);
    for (at, c) in row.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '|' => {
                cells.push(row[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !row[start..].trim().is_empty() {
        cells.push(row[start..].trim());
    }
    cells
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// The beginning of a text, with an ellipsis where more follows.
fn shortened(text: &str, most: usize, pieces: &Pieces<'_, '_>) -> String {
    if pieces.counter.count(text) <= most {
        return text.to_owned();
    }
    let kept = cut_to(text, most.saturating_sub(1).max(1), pieces.counter).trim_end();
    // An escape may not be parted from its bar.
    format!("{}…", kept.trim_end_matches('\\'))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
