//! Binary formats: a worker turns the file into plain blocks (`ragops_formats`), and these become a document like any other.

use std::fmt;
use std::sync::Arc;

use ragops_formats::pool::{Breach, Pool};
use ragops_formats::{BlockKind as Kind, Extract, Format, ListMarker as Marker, PageTurn, Problem, ProblemKind, Table};

use super::blocks::{Blocks, stem, whole_file};
use super::decode::SAVE_AS_UTF8;
use super::table::TableText;
use super::{FileContent, MediaType, Reader, Reading, Unread, media, unsupported};
use crate::document::{BlockKind, Finding, FindingCode, LineRange, ListMarker, Locator, LocatorStart};
use crate::text::nfc;

/// Reads the bytes of a binary format.
pub trait Extractor: Send + Sync {
    /// The content of a file, or why there is none. `format` is what its name says; without one its bytes alone tell.
    /// Blocks as long as that takes.
    fn extract(&self, format: Option<Format>, bytes: &[u8]) -> Result<Extract, Breach>;
}

impl Extractor for Pool {
    fn extract(&self, format: Option<Format>, bytes: &[u8]) -> Result<Extract, Breach> {
        Pool::extract(self, format, bytes)
    }
}

/// Reads in this process: for tests and tools that read files of their own. A hostile file can take the process with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct InProcess;

impl Extractor for InProcess {
    fn extract(&self, format: Option<Format>, bytes: &[u8]) -> Result<Extract, Breach> {
        Ok(ragops_formats::extract(format, bytes))
    }
}

/// Reads every binary format through an [`Extractor`].
pub struct BinaryReader {
    extractor: Arc<dyn Extractor>,
}

impl BinaryReader {
    /// A reader that hands files to `extractor`.
    pub fn new(extractor: Arc<dyn Extractor>) -> Self {
        Self { extractor }
    }
}

impl fmt::Debug for BinaryReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BinaryReader")
    }
}

impl Reader for BinaryReader {
    fn media_types(&self) -> &'static [MediaType] {
        &[
            MediaType::Pdf,
            MediaType::Docx,
            MediaType::Pptx,
            MediaType::Xlsx,
            MediaType::Hwp,
            MediaType::Hwpx,
            MediaType::Odt,
            MediaType::Rtf,
            MediaType::Eml,
            MediaType::Office,
        ]
    }

    fn read(&self, content: &FileContent) -> Reading {
        let media_type = media::media_type(&content.file.path, &content.bytes);
        let format = media_type.binary_format();
        if format.is_none() && media_type != MediaType::Office {
            return Reading::refused(unsupported(&content.file.path, format!("{media_type} is not read")));
        }
        match self.extractor.extract(format, &content.bytes) {
            Ok(extract) => reading(content, format, extract),
            Err(Breach::Cancelled) => Reading { unread: Some(Unread::Cancelled), ..Reading::default() },
            Err(Breach::Start(reason)) => Reading { unread: Some(Unread::NoReader(reason)), ..Reading::default() },
            Err(breach) => Reading::refused(breached(&content.file.path, &breach)),
        }
    }
}

fn reading(content: &FileContent, named: Option<Format>, extract: Extract) -> Reading {
    let path = &content.file.path;
    let mut reading = Reading::default();
    let format = extract.read_as.or(named);
    reading.findings.extend(extract.problems.iter().map(|problem| finding(path, format, problem)));
    // The worker told one office format from another by what is inside.
    reading.read_as = extract.read_as.map(MediaType::of);
    // The first heading of a workbook or a deck is the name of one sheet, one question or one slide of many; where it is the
    // only one of its level it is about all of it.
    let is_first_level = |block: &&ragops_formats::Block| matches!(block.kind, Kind::Heading { level: 1, .. });
    let has_one_name = extract.blocks.iter().filter(is_first_level).count() == 1;
    let file_name = || (matches!(format, Some(Format::Xlsx | Format::Pptx)) && !has_one_name).then(|| stem(path));
    let title = extract.title.map(|title| nfc(&title).into_owned()).or_else(file_name);
    whole_file(content, title, blocks_on_pages(extract.blocks, &extract.turns), &mut reading);
    reading
}

/// Blocks as every reader makes them: NFC, tables as pipe rows.
pub(super) fn blocks(found: Vec<ragops_formats::Block>) -> Blocks {
    blocks_on_pages(found, &[])
}

/// The same of a file of pages, with the places where blocks go on from a page to the next.
fn blocks_on_pages(found: Vec<ragops_formats::Block>, turns: &[PageTurn]) -> Blocks {
    let mut blocks = Blocks::default();
    for (number, ragops_formats::Block { kind, at }) in found.into_iter().enumerate() {
        let from = turns.partition_point(|turn| turn.block < number);
        let turns: Vec<&PageTurn> = turns[from..].iter().take_while(|turn| turn.block == number).collect();
        let pages = page_starts(&kind, at.as_ref(), &turns);
        push(&mut blocks, kind, String::new(), None, at);
        blocks.begin_pages(pages);
        if blocks.is_full() {
            break;
        }
    }
    blocks
}

/// Where the pages of a block begin in its text as it is kept: NFC, without blanks around it. None where it stands on one.
fn page_starts(kind: &Kind, at: Option<&Locator>, turns: &[&PageTurn]) -> Vec<LocatorStart> {
    let (Kind::Paragraph(text) | Kind::ListItem { text, .. }) = kind else { return Vec::new() };
    let Some(Locator::Pages { first, .. }) = at else { return Vec::new() };
    let start = |at: usize, page: u32| {
        let locator = Some(Locator::Pages { first: page, last: page });
        LocatorStart { at: u32::try_from(at).unwrap_or(u32::MAX), locator }
    };
    let before = |at: usize| nfc(text.get(..at).unwrap_or(text).trim_start()).len();
    let later = turns.iter().map(|turn| start(before(turn.at), turn.page));
    if turns.is_empty() { Vec::new() } else { std::iter::once(start(0, *first)).chain(later).collect() }
}

/// Adds a block. `language` is that of code.
pub(super) fn push(blocks: &mut Blocks, kind: Kind, language: String, lines: Option<LineRange>, at: Option<Locator>) {
    let (kind, text) = match kind {
        Kind::Heading { level, text } => {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            (BlockKind::Heading { level: level.clamp(1, 6) }, text)
        }
        Kind::Paragraph(text) => (BlockKind::Paragraph, text),
        Kind::Quote(text) => (BlockKind::Quote, text),
        Kind::ListItem { depth, marker, text } => {
            let marker = match marker {
                Marker::Bullet => ListMarker::Bullet,
                Marker::Number(number) => ListMarker::Number(number),
            };
            (BlockKind::ListItem { depth, marker }, text)
        }
        Kind::Table(table) => (BlockKind::Table, table_text(&table)),
        Kind::Code(text) => (BlockKind::Code { language }, text),
    };
    blocks.push_at(kind, &nfc(&text), lines, at);
}

fn table_text(table: &Table) -> String {
    let mut text = TableText::default();
    for (number, row) in table.rows.iter().enumerate() {
        if row.cells.is_empty() && row.at.is_some() {
            text.blank_row();
            continue;
        }
        for cell in &row.cells {
            text.cell_spanning(&cell.text, cell.columns as usize, cell.rows as usize);
        }
        if number < table.header_rows { text.end_header() } else { text.end_row() }
    }
    text.finish()
}

/// The finding for a problem inside a file.
fn finding(path: &str, format: Option<Format>, problem: &Problem) -> Finding {
    let (code, advice) = match problem.kind {
        ProblemKind::Encrypted => (FindingCode::Encrypted, "save it without a password, or exclude it from the source"),
        ProblemKind::Malformed => {
            (FindingCode::Malformed, "open it in its program and save it again, or exclude it from the source")
        }
        ProblemKind::UnknownFormat => return unsupported(path, problem.detail.clone()),
        ProblemKind::PartlyMalformed => {
            (FindingCode::PartlyMalformed, "open it in its program, check that part, and save it again")
        }
        ProblemKind::NoText => (FindingCode::NoText, "let a program recognise its text (OCR) and save that with it"),
        ProblemKind::UnsafeArchive => (FindingCode::UnsafeArchive, "save it again with its program, or exclude it"),
        ProblemKind::UnsafePart => {
            (FindingCode::UnsafePart, "check who made it and what for; save it again without that part, or exclude it")
        }
        ProblemKind::GuessedEncoding => (FindingCode::GuessedEncoding, SAVE_AS_UTF8),
        ProblemKind::ExternalReference => {
            (FindingCode::ExternalReference, "save it again with an office program, which writes no such reference")
        }
        ProblemKind::TooLarge => (FindingCode::ContentLeftOut, "split it into several files"),
        ProblemKind::UnreadPart => {
            (FindingCode::UnreadPart, "put it into the source as a file of its own if it matters")
        }
    };
    let detail = format.map_or_else(|| problem.detail.clone(), |format| format!("{format}: {}", problem.detail));
    Finding::new(code, path, detail, advice)
}

/// The finding for a file that took its reader down.
fn breached(path: &str, breach: &Breach) -> Finding {
    let (code, advice) = match breach {
        Breach::Time(_) => (FindingCode::ReadTimeout, "split it, or exclude it from the source"),
        Breach::Memory => (FindingCode::MemoryLimit, "split it, or exclude it from the source"),
        Breach::Size(_) | Breach::Reply(_) => (FindingCode::FileTooLarge, "split it or exclude it from the source"),
        Breach::Killed => (
            FindingCode::ReaderCrashed,
            "build again, and look for what kills processes here: a limit of memory, or somebody",
        ),
        _ => (
            FindingCode::ReaderCrashed,
            "save it again with its program, or exclude it; please report it if you can share it",
        ),
    };
    Finding::new(code, path, breach.to_string(), advice)
}

#[cfg(test)]
mod tests {
    use ragops_formats::{Block, Cell, Row};

    use super::*;
    use crate::document::SourceName;

    fn content() -> FileContent {
        FileContent::from_bytes(SourceName::new("docs"), "faq.xlsx", b"PK\x03\x04".to_vec())
    }

    struct Fixed(Result<Extract, Breach>);

    impl Extractor for Fixed {
        fn extract(&self, _format: Option<Format>, _bytes: &[u8]) -> Result<Extract, Breach> {
            self.0.clone()
        }
    }

    #[test]
    fn what_a_worker_gives_becomes_a_document_with_its_places() {
        let at = |row| Some(Locator::Rows { sheet: "문의".to_owned(), first: row, last: row });
        let table = Table {
            header_rows: 1,
            rows: vec![
                Row { cells: vec![Cell::of("이름"), Cell::of("값|b")], at: at(2) },
                Row { cells: vec![Cell::of("한\u{1100}\u{1161}"), Cell::of("1")], at: at(3) },
                Row { cells: Vec::new(), at: at(4) },
                Row { cells: vec![Cell::of("나"), Cell::of("2")], at: at(5) },
            ],
        };
        let extract = Extract {
            read_as: Some(Format::Xlsx),
            title: Some("문의 FAQ".to_owned()),
            blocks: vec![
                Block { kind: Kind::Heading { level: 9, text: " 제\n목 ".to_owned() }, at: at(1) },
                Block { kind: Kind::Table(table), at: at(3) },
            ],
            turns: Vec::new(),
            problems: vec![Problem::new(ProblemKind::UnreadPart, "the sheet `x` is hidden")],
        };
        let Reading { documents, findings, .. } = reading(&content(), Some(Format::Xlsx), extract);
        assert_eq!((documents[0].title.as_str(), findings[0].code), ("문의 FAQ", FindingCode::UnreadPart));
        let blocks: Vec<_> = documents[0].blocks.iter().map(|b| (b.text.as_str(), b.place.locator.clone())).collect();
        assert_eq!(
            blocks,
            [("제 목", at(1)), ("| 이름 | 값\\|b |\n| --- | --- |\n| 한가 | 1 |\n|  |\n| 나 | 2 |", at(3))]
        );
        assert_eq!(documents[0].blocks[1].place.headings, ["제 목"]);
    }

    /// A sentence of page 2 was cited as of pages 1 to 2, where its paragraph had begun on page 1.
    #[test]
    fn a_block_over_pages_knows_where_each_begins() {
        let pages = |first, last| Some(Locator::Pages { first, last });
        let paragraph = |text: &str, at| Block { kind: Kind::Paragraph(text.to_owned()), at };
        let texts = [" 첫 쪽. \u{1112}\u{1161}\u{11ab} 쪽. 둘째 쪽.", "셋째 쪽."];
        let extract = Extract {
            blocks: vec![paragraph(texts[0], pages(4, 5)), paragraph(texts[1], pages(6, 6))],
            turns: vec![PageTurn { block: 0, at: texts[0].find("둘째").unwrap(), page: 5 }],
            ..Extract::default()
        };
        let Reading { documents, .. } = reading(&content(), Some(Format::Pdf), extract);
        let blocks = &documents[0].blocks;
        let of = |piece: &str| {
            let at = blocks[0].text.find(piece).unwrap();
            blocks[0].place.locator_of(at..at + piece.len())
        };
        assert_eq!((of("첫 쪽."), of("한 쪽."), of("둘째 쪽.")), (pages(4, 4), pages(4, 4), pages(5, 5)));
        assert_eq!(of("한 쪽. 둘째"), pages(4, 5));
        assert_eq!((blocks[0].place.locator.clone(), blocks[1].place.locators.len()), (pages(4, 5), 0));
    }

    #[test]
    fn a_workbook_or_deck_without_a_title_of_its_own_is_named_by_its_file() {
        let title = |format, title: Option<&str>| {
            let heading = |text: &str| Block { kind: Kind::Heading { level: 1, text: text.to_owned() }, at: None };
            let blocks = vec![heading("Paint"), heading("Crew")];
            let extract = Extract { title: title.map(str::to_owned), blocks, ..Extract::default() };
            let content = FileContent::from_bytes(SourceName::new("docs"), "ko/yard_2026.bin", b"x".to_vec());
            reading(&content, Some(format), extract).documents[0].title.clone()
        };
        for format in [Format::Xlsx, Format::Pptx] {
            assert_eq!(title(format, None), "yard_2026");
            assert_eq!(title(format, Some("The yard")), "The yard");
        }
        assert_eq!(title(Format::Docx, None), "Paint");
        let only = vec![Block { kind: Kind::Heading { level: 1, text: "FAQ".to_owned() }, at: None }];
        let content = FileContent::from_bytes(SourceName::new("docs"), "export.xlsx", b"x".to_vec());
        let one_sheet = reading(&content, Some(Format::Xlsx), Extract { blocks: only, ..Extract::default() });
        assert_eq!(one_sheet.documents[0].title, "FAQ", "the only sheet is about all of it");
    }

    #[test]
    fn each_breach_is_one_finding_that_names_the_file() {
        for (breach, code) in [
            (Breach::Time(std::time::Duration::from_secs(30)), FindingCode::ReadTimeout),
            (Breach::Memory, FindingCode::MemoryLimit),
            (Breach::Crash("signal 11".to_owned()), FindingCode::ReaderCrashed),
            (Breach::Killed, FindingCode::ReaderCrashed),
            (Breach::Size(1 << 40), FindingCode::FileTooLarge),
            (Breach::Reply(132_530_456), FindingCode::FileTooLarge),
        ] {
            let content = FileContent::from_bytes(SourceName::new("docs"), "a.pdf", b"%PDF-1.7".to_vec());
            let reading = BinaryReader::new(Arc::new(Fixed(Err(breach)))).read(&content);
            assert_eq!((reading.findings.len(), reading.findings[0].code), (1, code));
            assert_eq!(reading.findings[0].path, "a.pdf");
        }
    }
}
