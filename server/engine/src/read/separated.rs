//! `.csv` and `.tsv`: a sheet without a name. The separator of a `.csv` is told from its first lines: Korean and European
//! spreadsheets write `;` as well.

use ragops_formats::sheet::{Gaps, Grid, GridCell, GridRow, MAX_COLUMNS, blocks};

use super::binary;
use super::blocks::{stem, whole_file};
use super::decode::decode_file;
use super::{FileContent, MediaType, Reader, Reading, media};
use crate::document::{Finding, FindingCode};

/// Level of the headings made of an FAQ's questions.
const QUESTION_LEVEL: u8 = 2;
/// Records that the separator is told from.
const RECORDS_LOOKED_AT: usize = 20;
/// Most rows read.
const MAX_ROWS: usize = 200_000;

/// Reads `.csv` and `.tsv`.
pub struct SeparatedValuesReader;

impl Reader for SeparatedValuesReader {
    fn media_types(&self) -> &'static [MediaType] {
        &[MediaType::Csv, MediaType::Tsv]
    }

    fn read(&self, content: &FileContent) -> Reading {
        let (text, finding) = match decode_file(&content.file.path, &content.bytes, None) {
            Ok(decoded) => decoded,
            Err(finding) => return Reading::refused(finding),
        };
        let mut reading = Reading { findings: finding.into_iter().collect(), ..Reading::default() };
        let is_tabs = media::media_type(&content.file.path, &content.bytes) == MediaType::Tsv;
        // Excel writes its separator into the first line.
        let (told, text) = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
            Some((told, rest)) if told.len() == 1 => (told.bytes().next(), format!("\n{rest}")),
            _ => (None, text),
        };
        let separator = if is_tabs { b'\t' } else { told.unwrap_or_else(|| separator(&text)) };
        let (grid, left_out) = grid(&text, separator);
        for detail in left_out.details() {
            reading.findings.push(Finding::new(
                FindingCode::ContentLeftOut,
                &content.file.path,
                detail,
                "split it into several files",
            ));
        }
        // The first heading of an FAQ is one question of many.
        let title = Some(stem(&content.file.path));
        whole_file(content, title, binary::blocks(blocks(grid, QUESTION_LEVEL)), &mut reading);
        reading
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Locator, SourceName};

    fn read(path: &str, text: &str) -> Vec<(String, Option<Locator>)> {
        let content = FileContent::from_bytes(SourceName::new("docs"), path, text.as_bytes().to_vec());
        let mut documents = SeparatedValuesReader.read(&content).documents;
        let blocks = documents.pop().map(|document| document.blocks).unwrap_or_default();
        blocks.into_iter().map(|block| (block.text, block.place.locator)).collect()
    }

    fn rows(first: u32, last: u32) -> Option<Locator> {
        Some(Locator::Rows { sheet: String::new(), first, last })
    }

    #[test]
    fn rows_keep_their_header_whatever_parts_them() {
        let table = "| 이름 | 값 |\n| --- | --- |\n| a, b | 1 |".to_owned();
        for (path, text) in [
            ("a.csv", "이름,값\n\"a, b\",1\n"),
            ("a.csv", "이름;값\r\na, b;1\r\n"),
            ("a.tsv", "이름\t값\na, b\t1"),
            ("a.csv", "이름\t값\na, b\t1"),
        ] {
            assert_eq!(read(path, text), [(table.clone(), rows(2, 2))], "{path} {text:?}");
        }
    }

    #[test]
    fn a_comma_in_numbers_and_sentences_is_no_separator() {
        for text in [
            "이름;연봉;비고\n김;5,000,000;상, 하\n이;6,100,000;중, 하\n",
            "name;salary;note\na;\"5,000,000\";x, y\nb;\"6,000,000\";\"z, ü\"\n",
        ] {
            let blocks = read("a.csv", text);
            assert!(blocks[0].0.lines().all(|row| row.matches('|').count() == 4), "{blocks:?}");
        }
    }

    #[test]
    fn an_faq_is_an_entry_a_row() {
        let blocks = read("faq.csv", "question,answer\nWhy?,\"So.\nAnd so.\"\n");
        assert_eq!(blocks, [("Why?".to_owned(), rows(2, 2)), ("So.\nAnd so.".to_owned(), rows(2, 2))]);
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_does() {
        let text = "\nquestion,answer\n\n\nWhy?,\"So.\n\nAnd so.\"\nHow?,Thus.\n\nWhen?,Now.";
        let questions: Vec<_> = read("faq.csv", text).into_iter().filter(|(text, _)| text.ends_with('?')).collect();
        let at = |text: &str, row| (text.to_owned(), rows(row, row));
        assert_eq!(questions, [at("Why?", 5), at("How?", 6), at("When?", 8)]);
    }

    #[test]
    fn cells_that_are_left_out_are_told() {
        let text = format!("name\n{}\n", "x,".repeat(300));
        let content = FileContent::from_bytes(SourceName::new("docs"), "wide.csv", text.into_bytes());
        let findings = SeparatedValuesReader.read(&content).findings;
        assert_eq!((findings.len(), findings[0].code), (1, FindingCode::ContentLeftOut));
        assert!(findings[0].detail.starts_with("44 cells"), "{}", findings[0]);
    }

    #[test]
    fn an_open_quote_is_no_panic() {
        assert_eq!(read("a.csv", "a,b\n\"1,2").len(), 1);
    }
}
