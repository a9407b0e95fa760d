//! Comma-separated files: a sheet without a name. The separator is told from its first lines: Korean and European
//! spreadsheets write `;` as well.

use super::{Gaps, Grid, GridCell, GridRow, MAX_COLUMNS, blocks};
use crate::Block;

/// Records that the separator is told from.
const RECORDS_LOOKED_AT: usize = 20;
/// Most rows read.
const MAX_ROWS: usize = 200_000;

/// What a file of values says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Separated {
    /// Its blocks.
    pub blocks: Vec<Block>,
    /// What of it was not read, each in words.
    pub left_out: Vec<String>,
}

/// What stands between values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parted {
    /// A tab.
    ByTabs,
    /// A comma, or what the text itself tells.
    AsTold,
}

/// The blocks of values. Lines end in `\n`. `level` is that of the headings of an FAQ's questions.
pub fn separated(text: &str, parted: Parted, level: u8) -> Separated {
    // Excel writes its separator into the first line.
    let (told, text) = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
        Some((told, rest)) if told.len() == 1 => (told.bytes().next(), format!("\n{rest}")),
        _ => (None, text.to_owned()),
    };
    let separator = match parted {
        Parted::ByTabs => b'\t',
        Parted::AsTold => told.unwrap_or_else(|| separator(&text)),
    };
    let (grid, left_out) = grid(&text, separator);
    Separated { blocks: blocks(grid, level), left_out: left_out.details() }
}

/// The separator that parts most of the first records into as many fields, and into most: a comma also stands in numbers
/// and sentences.
fn separator(text: &str) -> u8 {
    let agreement = |separator: u8| {
        let mut counts = std::collections::BTreeMap::<usize, usize>::new();
        for record in reader(text, separator).records().take(RECORDS_LOOKED_AT).flatten() {
            *counts.entry(record.len()).or_default() += 1;
        }
        counts.into_iter().filter(|(fields, _)| *fields > 1).map(|(fields, records)| (records, fields)).max()
    };
    // The first of equals.
    let candidates = [b',', b';', b'\t', b'|'].into_iter().rev();
    candidates.max_by_key(|separator| agreement(*separator)).unwrap_or(b',')
}

fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes())
}

/// The rows, numbered as a spreadsheet program does: an empty line is a row, however many lines a quoted cell has. Quotes that are never closed take in the rest, as the format has it.
fn grid(text: &str, separator: u8) -> (Grid, LeftOut) {
    let mut reader = reader(text, separator);
    let (mut rows, mut number, mut left_out) = (Vec::new(), 0_u32, LeftOut::default());
    for record in reader.records() {
        // The text is UTF-8 and rows may differ in length: there is no other error.
        let Ok(record) = record else { break };
        if rows.len() == MAX_ROWS {
            left_out.has_rows = true;
            break;
        }
        number = number.saturating_add(1 + blank_lines_before(text, &record));
        left_out.cells += record.iter().skip(MAX_COLUMNS).filter(|cell| !cell.trim().is_empty()).count();
        rows.push(GridRow { number, cells: record.iter().take(MAX_COLUMNS).map(GridCell::of).collect() });
    }
    (Grid { name: String::new(), rows, gaps: Gaps::Lines, ..Grid::default() }, left_out)
}

/// What of a file was not read.
#[derive(Default)]
struct LeftOut {
    has_rows: bool,
    cells: usize,
}

impl LeftOut {
    fn details(&self) -> Vec<String> {
        let rows = self.has_rows.then(|| format!("more than {MAX_ROWS} rows: the rest is left out"));
        let cells =
            (self.cells > 0).then(|| format!("{} cells are left out: beyond {MAX_COLUMNS} columns", self.cells));
        rows.into_iter().chain(cells).collect()
    }
}

/// How many empty lines stand before a record, which the parser passes over.
fn blank_lines_before(text: &str, record: &csv::StringRecord) -> u32 {
    let start = record.position().map_or(0, |position| position.byte() as usize);
    let blank = text.as_bytes().get(start..).unwrap_or_default().iter().take_while(|byte| **byte == b'\n').count();
    u32::try_from(blank).unwrap_or(u32::MAX)
}
