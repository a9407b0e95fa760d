//! The values that pass from reading to chunking to indexing: documents, blocks, chunks and findings.
//! Plain data: every text is UTF-8 in NFC, every path uses `/`. Nothing here reads a file.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Names one document within its source: the path relative to the source folder (`en/kafka.md`), or a record's own
/// id for a document that is one line of a `.jsonl` file. NFC, `/` between folders.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentId(String);

impl DocumentId {
    /// Wraps an id; the caller has normalised it to NFC.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a source in the RagIndex (`spec.sources[].name`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceName(String);

impl SourceName {
    /// Wraps a name that the resource's validation has accepted.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The language a text is mostly written in, told by its letters alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Language {
    /// Hangul stands for a fair share of the letters; English terms in between do not change that.
    Korean,
    /// Latin letters, next to no Hangul.
    English,
    /// Any other script.
    Other,
}

/// Lines of the file a text came from: 1-based, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LineRange {
    /// The first line, from 1.
    pub first: u32,
    /// The last line, at least `first`.
    pub last: u32,
}

impl LineRange {
    /// The smallest range that holds both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

pub use ragops_formats::Locator;

/// Where a text stands in its document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Place {
    /// The headings above the text, outermost first; empty before the first heading.
    pub headings: Vec<String>,
    /// The lines of the source file, where the format has lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineRange>,
    /// The pages, slides or rows of a sheet, where the format has those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<Locator>,
    /// Where in a passage its pages, slides or rows begin, in its order, and in a block its pages; empty where `locator`
    /// holds for all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locators: Vec<LocatorStart>,
    /// The tables that begin or go on in a passage, in its order; empty for a block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TablePart>,
    /// The number of the section that a passage begins in, from 0: two sections may have the same headings. 0 for a block.
    #[serde(default)]
    pub section: u32,
    /// How many passages of the same section came before.
    #[serde(default)]
    pub part: u32,
    /// How many bytes at the beginning of a passage the one before it ends with, too.
    #[serde(default)]
    pub repeats: u32,
}

impl Place {
    /// A place under `headings`, on `lines` where the format has any, without tables.
    pub fn new(headings: Vec<String>, lines: Option<LineRange>) -> Self {
        let (locators, tables) = (Vec::new(), Vec::new());
        Self { headings, lines, locator: None, locators, tables, section: 0, part: 0, repeats: 0 }
    }

    /// Where a piece of a passage stands, which is these bytes of its text: on page 3 of the pages 1 to 4.
    pub fn locator_of(&self, bytes: Range<usize>) -> Option<Locator> {
        if self.locators.is_empty() {
            return self.locator.clone();
        }
        let last = bytes.end.saturating_sub(1).max(bytes.start);
        let from = self.locators.partition_point(|start| start.at as usize <= bytes.start).saturating_sub(1);
        let held = self.locators[from..].iter().take_while(|start| start.at as usize <= last);
        held.map(|start| start.locator.clone()).reduce(|all, next| all?.cover(&next?)).flatten()
    }
}

/// From here on a passage stands on other pages, slides or rows than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocatorStart {
    /// Where that begins in the passage, in bytes.
    pub at: u32,
    /// Where it stands; nowhere where the text is that of a file within the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<Locator>,
}

/// A table in a passage, or the part of one that the passage holds: a long table takes several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePart {
    /// Where its text begins in the passage, in bytes.
    pub at: u32,
    /// Which table of the document it is, from 0.
    pub table: u32,
    /// The number of its first row, 1 for the one under the header.
    pub first: u32,
    /// How many rows the whole table has, header aside.
    pub of: u32,
    /// The number that its first row has in its sheet, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet_row: Option<u32>,
    /// Whether it is the first row alone, each cell as a line behind the name of its column: the row is too long for a line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_record: bool,
}

/// Whether a list counts its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListMarker {
    /// A bullet.
    Bullet,
    /// A number, as written or as counted.
    Number(u64),
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BlockKind {
    /// A heading; `level` 1 to 6.
    Heading {
        /// 1 is the outermost.
        level: u8,
    },
    /// Running text.
    Paragraph,
    /// One item of a list without its sub-items.
    ListItem {
        /// 0 for an outermost list.
        depth: u8,
        /// Bullet or number.
        marker: ListMarker,
    },
    /// A table as pipe rows (`| a | b |`), one per line; the second line is the `| --- |` rule when the table has a
    /// header row.
    Table,
    /// Preformatted text, without fences.
    Code {
        /// The language named at the fence, empty when none is.
        language: String,
    },
    /// A quotation.
    Quote,
}

/// One block of a document in reading order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text as a reader sees it: links by their text, no emphasis marks. Never empty.
    pub text: String,
    /// Where it stands; `headings` are those *above* it, so a heading does not list itself.
    pub place: Place,
}

/// One document as read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Unique within `source`.
    pub id: DocumentId,
    /// The source it was found in.
    pub source: SourceName,
    /// The file's path relative to the source folder: NFC, `/`. Several documents share it for `.jsonl`.
    pub path: String,
    /// Declared title, first heading or file stem, in that order. Never empty.
    pub title: String,
    /// The content in reading order.
    pub blocks: Vec<Block>,
    /// The main language of the blocks; `None` when they hold no letters.
    pub language: Option<Language>,
}

/// A passage of a document: what is embedded, indexed and cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The document it belongs to.
    pub document: DocumentId,
    /// 0-based position among the document's chunks.
    pub ordinal: u32,
    /// Title and heading path, `title > heading > heading`; may be empty.
    pub context: String,
    /// The passage itself, for citing: blocks separated by blank lines, code in fences, tables as pipe rows.
    pub text: String,
    /// Where it stands: the headings its blocks share and the lines it spans.
    pub place: Place,
    /// Tokens of [`Chunk::embedding_text`] by the counter that sized it: an upper bound, since pieces are counted
    /// one by one.
    pub tokens: u32,
}

impl Chunk {
    /// What the embedding model and the text index see: the context, a line break, the passage.
    pub fn embedding_text(&self) -> String {
        if self.context.is_empty() {
            return self.text.clone();
        }
        let mut text = String::with_capacity(self.context.len() + 1 + self.text.len());
        text.push_str(&self.context);
        text.push('\n');
        text.push_str(&self.text);
        text
    }
}

/// What went wrong with one file or record. The names are stable: they stand in manifests and JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FindingCode {
    /// The file is larger than the size cap.
    FileTooLarge,
    /// The file has no bytes, or white space only.
    EmptyFile,
    /// The file has bytes, but no text came out of it.
    NoText,
    /// The file is not text (NUL bytes).
    BinaryContent,
    /// Bytes that are not valid in the file's encoding were replaced by U+FFFD.
    InvalidBytes,
    /// The file does not say its encoding and has little to tell it by: it was guessed.
    GuessedEncoding,
    /// Control characters were taken out: escape sequences of a terminal, bells, backspaces.
    ControlCharacters,
    /// The name's extension says something else than the bytes; it was read as what the bytes are.
    WrongExtension,
    /// The file grew while it was read; it is indexed as far as it reached when it was listed.
    GrewWhileRead,
    /// The file was another one each time that it was read; it is indexed as it was at one moment.
    ChangedWhileRead,
    /// No reader takes the file, by its extension or by its first bytes.
    UnsupportedFormat,
    /// This user may not open or read the file.
    UnreadableFile,
    /// This user may not list the folder; what is below it is missing.
    UnreadableFolder,
    /// A symbolic link leads out of the source folder, to nothing, or round in a circle.
    LinkNotFollowed,
    /// A pipe, socket or device.
    NotAFile,
    /// The file's name is not valid UTF-8.
    NameNotUtf8,
    /// Two files have the same name once it is in NFC.
    NameCollision,
    /// A password is needed to read it.
    Encrypted,
    /// It is not what its name or first bytes say, or broken so far that nothing could be read.
    Malformed,
    /// A part of it is broken or could not be read; the rest is indexed.
    PartlyMalformed,
    /// An archive that unpacks to too much or too many, or names files outside of itself.
    UnsafeArchive,
    /// A part of an archive would unpack to too much; it was not opened, and the rest is indexed.
    UnsafePart,
    /// It asks for something outside of itself, which was not fetched.
    ExternalReference,
    /// It holds more than is read; the rest was left out.
    ContentLeftOut,
    /// A part in a form that is not read: an attachment, a hidden sheet.
    UnreadPart,
    /// Reading it took too long.
    ReadTimeout,
    /// Reading it took too much memory.
    MemoryLimit,
    /// The process that read it crashed or was killed.
    ReaderCrashed,
    /// One record of a `.jsonl` file cannot be used.
    BadRecord,
    /// Two documents of a source have the same id; the first one is kept.
    DuplicateId,
    /// The rest of the document was cut off: too many blocks.
    TooManyBlocks,
    /// The document is nested deeper than the cap; its text is kept, its structure is not.
    TooDeeplyNested,
    /// A line is longer than the cap; the record or the rest of the line is left out.
    LineTooLong,
    /// The source holds more files than the cap; the rest are left out.
    TooManyFiles,
    /// The source gives no file, while others do: its folder is empty, or its patterns leave all of them out.
    EmptySource,
    /// The gold set names documents that the index does not hold.
    UnknownGoldDocument,
}

/// What a finding means for the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// The file, folder or record is missing from the index.
    Skipped,
    /// Nothing is missing, but something is not as it was written or meant.
    Altered,
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FindingCode {
    /// Whether the same bytes can be read at another time: the machine was busy, or something killed the reader.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::ReadTimeout | Self::MemoryLimit | Self::ReaderCrashed)
    }

    /// Whether it tells of the moment at which a file was read, and not of what it holds.
    pub fn is_of_the_moment(self) -> bool {
        matches!(self, Self::GrewWhileRead | Self::ChangedWhileRead)
    }

    /// What it means for the index.
    pub fn effect(self) -> Effect {
        match self {
            Self::InvalidBytes
            | Self::GuessedEncoding
            | Self::ControlCharacters
            | Self::WrongExtension
            | Self::GrewWhileRead
            | Self::ChangedWhileRead
            | Self::TooManyBlocks
            | Self::TooDeeplyNested
            | Self::PartlyMalformed
            | Self::ContentLeftOut
            | Self::UnsafePart
            | Self::UnreadPart
            | Self::UnknownGoldDocument => Effect::Altered,
            _ => Effect::Skipped,
        }
    }
}

/// One named, counted problem with one file or record; never a failed build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The stable name of the problem.
    pub code: FindingCode,
    /// The path relative to the source folder.
    pub path: String,
    /// The line of the record, from 1, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What was found, with figures.
    pub detail: String,
    /// What the owner of the file can do.
    pub advice: Cow<'static, str>,
    /// How many more of its code and file it stands for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Finding {
    /// A finding about a whole file or folder.
    pub fn new(
        code: FindingCode,
        path: impl Into<String>,
        detail: impl Into<String>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { code, path: path.into(), line: None, detail: detail.into(), advice: advice.into(), more: 0 }
    }

    /// The same finding about one line, from 1.
    #[must_use]
    pub fn at_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for Finding {
    /// `path:line: detail; advice (Code)`, in one line whatever the file is called.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.path.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { f.write_char(c)? }
        }
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}; {} ({:?})", self.detail, self.advice, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_survives_json() {
        let chunk = Chunk {
            document: DocumentId::new("ko/카프카.md"),
            ordinal: 3,
            context: "카프카 > 복구".to_owned(),
            text: "브로커를 다시 시작한다.".to_owned(),
            place: Place::new(vec!["복구".to_owned()], Some(LineRange { first: 10, last: 12 })),
            tokens: 17,
        };
        let json = serde_json::to_string(&chunk).unwrap();
        assert_eq!(serde_json::from_str::<Chunk>(&json).unwrap(), chunk);
        assert_eq!(chunk.embedding_text(), "카프카 > 복구\n브로커를 다시 시작한다.");
    }

    #[test]
    fn finding_codes_are_camel_case_names() {
        assert_eq!(serde_json::to_string(&FindingCode::FileTooLarge).unwrap(), "\"FileTooLarge\"");
        let finding = Finding::new(FindingCode::BadRecord, "a.jsonl", "no `text`", "add it").at_line(7);
        assert_eq!(finding.to_string(), "a.jsonl:7: no `text`; add it (BadRecord)");
    }
}
