//! A Hangul document between its two formats and the blocks: paragraphs, and what hangs on them.

/// A paragraph.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Paragraph {
    /// Its shape, by number: whether it is counted, and where.
    pub(super) shape: u32,
    /// Its text; lines are separated by `\n`.
    pub(super) text: String,
    /// What hangs on it, in order.
    pub(super) hanging: Vec<Hanging>,
}

/// What hangs on a paragraph.
#[derive(Debug, PartialEq)]
pub(super) enum Hanging {
    /// A table.
    Table(Table),
    /// A text box, a caption: text of its own.
    Box(Vec<Paragraph>),
    /// A note; its place in the text in bytes.
    Note {
        /// Where it stands.
        kind: NoteKind,
        /// Where in the text it is referred to, in bytes.
        at: usize,
        /// Its text.
        content: Vec<Paragraph>,
    },
}

/// The two kinds of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoteKind {
    /// At the foot of the page.
    Foot,
    /// At the end of the document.
    End,
}

/// A table: its cells in reading order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    /// The cells, each with its place.
    pub(super) cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Cell {
    /// Its row, from 0.
    pub(super) row: u32,
    /// Its column, from 0.
    pub(super) column: u32,
    /// How many rows it takes.
    pub(super) rows: u32,
    /// How many columns it takes.
    pub(super) columns: u32,
    /// Whether it is marked as a header.
    pub(super) header: bool,
    /// What it holds.
    pub(super) content: Vec<Paragraph>,
}
