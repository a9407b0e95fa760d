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
    /// What is wrong with a cell of it, in words.
    pub broken: Option<String>,
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
    let open = grid.rows.last().filter(|_| left_out.ends_in_quotes).map(|row| row.number);
    let broken =
        open.map(|row| format!("row {row} opens a quote that nothing closes: all behind it is in that one cell"));
    Separated { blocks: blocks(grid, level), left_out: left_out.details(), broken }
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
    let mut last = 0;
    for record in reader.records() {
        // The text is UTF-8 and rows may differ in length: there is no other error.
        let Ok(record) = record else { break };
        if rows.len() == MAX_ROWS {
            left_out.has_rows = true;
            break;
        }
        number = number.saturating_add(1 + blank_lines_before(text, &record));
        last = record.position().map_or(last, |position| position.byte() as usize);
        left_out.cells += record.iter().skip(MAX_COLUMNS).filter(|cell| !cell.trim().is_empty()).count();
        rows.push(GridRow { number, cells: record.iter().take(MAX_COLUMNS).map(GridCell::of).collect() });
    }
    left_out.ends_in_quotes =
        !left_out.has_rows && ends_in_quotes(text.as_bytes().get(last..).unwrap_or_default(), separator);
    (Grid { name: String::new(), rows, gaps: Gaps::Lines, ..Grid::default() }, left_out)
}

/// What of a file was not read.
#[derive(Default)]
struct LeftOut {
    has_rows: bool,
    cells: usize,
    /// Whether its last cell begins with a quote and goes on to the end of the file.
    ends_in_quotes: bool,
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

/// Whether the last cell of a record begins with a quote that nothing closes.
fn ends_in_quotes(record: &[u8], separator: u8) -> bool {
    let (mut is_quoted, mut before) = (false, b'\n');
    for byte in record {
        let closes = is_quoted && *byte == b'"';
        is_quoted = match (is_quoted, *byte) {
            (true, byte) => byte != b'"',
            // A quote at the start of a cell; one in quotes is doubled, which closes them and opens them again.
            (false, b'"') => before == separator || matches!(before, b'\n' | b'"'),
            (false, _) => false,
        };
        // A quote within a cell that has none around it is a letter as any other.
        before = if *byte == b'"' && !closes { b' ' } else { *byte };
    }
    is_quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six megabytes stood in one cell, and nothing said so.
    #[test]
    fn a_quote_that_is_never_closed_is_told() {
        for (text, row) in [
            ("a,b\n1,\"2\n3,4\n5,6\n", Some(2)),
            ("제품;가격\n\n펜;\"500\n자;700\n", Some(3)),
            ("a,b\n1,\"say \"\"so\"\"\n3,4\n", Some(2)),
            ("a,b\n1,\"2", Some(2)),
            ("a,b\n1,\"2\n3\"\n4,\"5\"\n", None),
            ("a,b\n1,\"say \"\"so\"\"\"\n", None),
            ("size,b\n5\" pipe,2\n3\",4\n", None),
            ("size,b\n5\"\" pipe,2\n", None),
            ("a,b\n\"\",\"\"", None),
            ("a,b\n1,2\n", None),
            ("", None),
        ] {
            let broken = separated(text, Parted::AsTold, 2).broken;
            let told = broken.map(|told| told.split(' ').nth(1).unwrap_or_default().to_owned());
            assert_eq!(told, row.map(|row: u32| row.to_string()), "{text:?}");
        }
    }
}
