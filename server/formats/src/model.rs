//! What comes out of a file: plain data that crosses from the worker to the program. All texts are UTF-8 as the file has
//! them (not yet NFC) and as a reader sees them: no markup, no soft hyphens, words whole again where a line was broken.

use serde::{Deserialize, Serialize};

use crate::Format;

/// A file as read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Extract {
    /// The title that the file declares about itself (document properties, a mail's subject), where it says something.
    pub title: Option<String>,
    /// What its bytes are, where they tell: it was read as that, whatever its name said.
    pub read_as: Option<Format>,
    /// The content in reading order.
    pub blocks: Vec<Block>,
    /// Where blocks go on from a page to the next, in reading order.
    pub turns: Vec<PageTurn>,
    /// What was left out or changed, and why. A file with problems and without blocks could not be used.
    pub problems: Vec<Problem>,
}

impl Extract {
    /// Nothing but a reason.
    pub fn refused(problem: Problem) -> Self {
        Self { problems: vec![problem], ..Self::default() }
    }
}

/// Where the text of a block goes on, on another page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageTurn {
    /// The number of the block, from 0.
    pub block: usize,
    /// Where in its text that is, in bytes.
    pub at: usize,
    /// The page, from 1.
    pub page: u32,
}

/// One block in reading order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What it is, and what it says.
    pub kind: BlockKind,
    /// Where in the file it stands.
    pub at: Option<Locator>,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum BlockKind {
    /// A heading.
    Heading {
        /// 1 (outermost) to 6.
        level: u8,
        /// Its text.
        text: String,
    },
    /// Running text. A line break is one that the author made.
    Paragraph(String),
    /// One item of a list, without its sub-items and without its mark.
    ListItem {
        /// 0 for an outermost list.
        depth: u8,
        /// Bullet or number.
        marker: ListMarker,
        /// Its text.
        text: String,
    },
    /// A quotation.
    Quote(String),
    /// A table.
    Table(Table),
    /// Preformatted text.
    Code(String),
}

/// Whether a list counts its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListMarker {
    /// A bullet.
    Bullet,
    /// A number, as shown.
    Number(u64),
}

/// A table: rows of cells. A cell that spans several places stands once, in the first of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// How many of the first rows are the header; 0 where the table has none.
    pub header_rows: usize,
    /// The rows, from the top.
    pub rows: Vec<Row>,
}

/// A row of a table. One of a sheet without cells keeps the place of a blank row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The cells, from the left, without those that a cell further up or further left reaches over.
    pub cells: Vec<Cell>,
    /// Where it stands, if that is told for single rows: in a sheet.
    pub at: Option<Locator>,
}

/// A cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Its text; lines are separated by `\n`.
    pub text: String,
    /// How many columns it takes, at least 1.
    pub columns: u32,
    /// How many rows it takes, at least 1.
    pub rows: u32,
}

impl Cell {
    /// A cell that takes one place.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), columns: 1, rows: 1 }
    }
}

/// Where in a file that has no lines something stands. All numbers count from 1, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Locator {
    /// Pages of a PDF, as counted, whatever is printed on them.
    Pages {
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
    /// Slides of a presentation.
    Slides {
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
    /// Rows of a sheet, as the spreadsheet program numbers them.
    Rows {
        /// The sheet's name.
        sheet: String,
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
}

impl Locator {
    /// The smallest place that holds both; `None` where nothing does: pages and slides, two sheets.
    pub fn cover(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Pages { first: a, last: b }, Self::Pages { first: c, last: d }) => {
                Some(Self::Pages { first: *a.min(c), last: *b.max(d) })
            }
            (Self::Slides { first: a, last: b }, Self::Slides { first: c, last: d }) => {
                Some(Self::Slides { first: *a.min(c), last: *b.max(d) })
            }
            (Self::Rows { sheet, first: a, last: b }, Self::Rows { sheet: other, first: c, last: d }) => {
                (sheet == other).then(|| Self::Rows { sheet: sheet.clone(), first: *a.min(c), last: *b.max(d) })
            }
            _ => None,
        }
    }
}

/// Something that was left out or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of thing.
    pub kind: ProblemKind,
    /// What was found, with figures and names: `page 7: the content stream ends in the middle`.
    pub detail: String,
}

impl Problem {
    /// A problem.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

/// The kinds of problem. Each becomes a finding with advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProblemKind {
    /// A password is needed.
    Encrypted,
    /// It is not what its name or first bytes say, or broken so far that nothing can be read.
    Malformed,
    /// Its bytes are of no format that is read.
    UnknownFormat,
    /// A part is broken or missing; the rest was read.
    PartlyMalformed,
    /// It holds no text: scanned pages, pictures only.
    NoText,
    /// An archive that unpacks to too much, to too many entries, or names files outside of itself.
    UnsafeArchive,
    /// A text in it does not say its encoding and has little to tell it by: it was guessed.
    GuessedEncoding,
    /// A part of an archive would unpack to too much; it was not opened, and nothing of it is read.
    UnsafePart,
    /// It asks for something outside of itself (an external entity, a linked file); that was not fetched.
    ExternalReference,
    /// There is more than is read (pages, cells, attachments); the rest is left out.
    TooLarge,
    /// A part in a format that is not read: an attachment, an embedded object.
    UnreadPart,
}
