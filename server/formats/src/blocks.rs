//! Collects the blocks of a file within its limits, and decides what is the same for every format: which characters of a
//! text are kept, which rows of a table are its header, and how the label of a list item becomes its mark.

use super::declared::says_title;
use super::limits::{MAX_BLOCKS, MAX_TEXT_BYTES};
use super::table_parts::parted;
use super::{Block, BlockKind, Cell, Extract, ListMarker, Locator, Problem, ProblemKind, Row, Table};

/// Whether there is room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is.
    Left,
    /// There is none: what follows is dropped, and the file says so.
    Full,
}

/// The blocks of one file, as far as they have been read.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    extract: Extract,
    bytes: usize,
    full: bool,
    at: Option<Locator>,
}

impl Blocks {
    /// Says where the blocks that follow stand.
    pub(crate) fn set_place(&mut self, at: Option<Locator>) {
        self.at = at;
    }

    /// Sets the title that the file declares; an empty one says nothing, nor does one that a program wrote.
    pub(crate) fn set_title(&mut self, title: &str) {
        let title = clean(title);
        if says_title(&title) {
            self.extract.title = Some(title);
        }
    }

    /// Notes a problem once.
    pub(crate) fn note(&mut self, problem: Problem) {
        if !self.extract.problems.contains(&problem) {
            self.extract.problems.push(problem);
        }
    }

    /// Adds a heading; levels beyond 6 become 6.
    pub(crate) fn heading(&mut self, level: u8, text: &str) -> Room {
        let text = clean(text).split('\n').map(str::trim).collect::<Vec<_>>().join(" ");
        self.push(BlockKind::Heading { level: level.clamp(1, 6), text })
    }

    /// Adds a paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) -> Room {
        self.push(BlockKind::Paragraph(clean(text)))
    }

    /// Adds a list item that is shown with `label`.
    pub(crate) fn item(&mut self, depth: u8, label: &str, text: &str) -> Room {
        let text = clean(text);
        if text.is_empty() {
            return self.room();
        }
        let (marker, prefix) = mark(label);
        let text = if prefix.is_empty() { text } else { format!("{prefix} {text}") };
        self.push(BlockKind::ListItem { depth, marker, text })
    }

    /// Adds a line of preformatted text: to the block before it, where that is preformatted too.
    pub(crate) fn code(&mut self, text: &str) -> Room {
        let text: String = text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect();
        if let Some(Block { kind: BlockKind::Code(before), .. }) = self.extract.blocks.last_mut()
            && !self.full
        {
            self.bytes += text.len() + 1;
            before.push('\n');
            before.push_str(text.trim_end());
            return self.room();
        }
        self.push(BlockKind::Code(text.trim_end().to_owned()))
    }

    /// Adds a table. Rows without any text are left out, and so is a table without rows.
    pub(crate) fn table(&mut self, mut table: Table) -> Room {
        for cell in table.rows.iter_mut().flat_map(|row| &mut row.cells) {
            cell.text = clean(&cell.text);
            cell.columns = cell.columns.max(1);
            cell.rows = cell.rows.max(1);
        }
        if table.rows.iter().flat_map(|row| &row.cells).all(|cell| cell.text.is_empty()) {
            return self.room();
        }
        let (titles, tables) = parted(table);
        for title in titles {
            self.paragraph(&title);
        }
        for table in tables {
            self.push(BlockKind::Table(table));
        }
        self.room()
    }

    /// Adds a block as another reader made it.
    pub(crate) fn block(&mut self, kind: BlockKind) -> Room {
        match kind {
            BlockKind::Heading { level, text } => self.heading(level, &text),
            BlockKind::Paragraph(text) => self.paragraph(&text),
            BlockKind::Quote(text) => self.push(BlockKind::Quote(clean(&text))),
            BlockKind::ListItem { depth, marker, text } => {
                self.push(BlockKind::ListItem { depth, marker, text: clean(&text) })
            }
            BlockKind::Table(table) => self.table(table),
            BlockKind::Code(text) => self.push(BlockKind::Code(text)),
        }
    }

    /// Whether there is room for more.
    pub(crate) fn room(&self) -> Room {
        if self.full { Room::Full } else { Room::Left }
    }

    /// The file as read. One without any text says so, unless it has said something else.
    pub(crate) fn finish(mut self) -> Extract {
        for block in &mut self.extract.blocks {
            if let BlockKind::Code(text) = &mut block.kind {
                text.truncate(text.trim_end().len());
            }
        }
        if self.extract.blocks.is_empty() && self.extract.problems.is_empty() {
            self.note(Problem::new(ProblemKind::NoText, "the file holds no text"));
        }
        self.extract
    }

    fn push(&mut self, kind: BlockKind) -> Room {
        let bytes = size(&kind);
        if bytes == 0 || self.full {
            return self.room();
        }
        if self.extract.blocks.len() >= MAX_BLOCKS || self.bytes + bytes > MAX_TEXT_BYTES {
            self.full = true;
            let detail = format!(
                "only the first {} blocks with {} bytes of text are read",
                self.extract.blocks.len(),
                self.bytes
            );
            self.note(Problem::new(ProblemKind::TooLarge, detail));
            return Room::Full;
        }
        self.bytes += bytes;
        self.extract.blocks.push(Block { kind, at: self.at.clone() });
        Room::Left
    }
}

/// How much a block says, in bytes.
pub(crate) fn size(kind: &BlockKind) -> usize {
    match kind {
        BlockKind::Heading { text, .. }
        | BlockKind::Paragraph(text)
        | BlockKind::ListItem { text, .. }
        | BlockKind::Quote(text)
        | BlockKind::Code(text) => text.len(),
        // A cell without text costs a byte too: a table of a million empty cells is not free.
        BlockKind::Table(table) => table.rows.iter().flat_map(|row| &row.cells).map(|cell| cell.text.len() + 1).sum(),
    }
}

/// Keeps what a reader sees: no soft hyphens, no control characters, plain spaces for hard ones, no empty lines and no
/// blanks around the text. Lines but the first keep their indent, which is how authors type lists and program text.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split(['\n', '\u{B}', '\u{2028}', '\u{2029}', '\r']) {
        let start = out.len();
        out.extend(line.chars().filter_map(seen));
        out.truncate(start + out[start..].trim_end().len());
        if out.len() > start {
            out.push('\n');
        }
    }
    out.trim().to_owned()
}

/// A character as a reader sees it; none for what nobody sees.
fn seen(c: char) -> Option<char> {
    match c {
        '\u{AD}' | '\u{FEFF}' | '\u{FFFC}' | '\u{200B}' => None,
        '\u{A0}' | '\u{202F}' | '\t' => Some(' '),
        // Private use: a glyph of a symbol font, which says nothing outside of it.
        '\u{E000}'..='\u{F8FF}' => None,
        c if c.is_control() => None,
        c => Some(c),
    }
}

/// What the label of a list item says: a plain number counts, a sign without a letter or digit is a bullet, and any other
/// label (`가.`, `b)`, `1.2`, `①`) stays in front of the text, because others refer to it by that label.
fn mark(label: &str) -> (ListMarker, &str) {
    let label = label.trim();
    let core = label.trim_start_matches(['(', '[']).trim_end_matches(['.', ')', ']', ':']);
    if let Ok(number) = core.parse::<u64>() {
        return (ListMarker::Number(number), "");
    }
    let speaks = |c: char| c.is_alphanumeric() && !('\u{E000}'..='\u{F8FF}').contains(&c);
    // A lone `o` or `§` is how some programs write a bullet in a symbol font.
    if label == "o" || !label.chars().any(speaks) { (ListMarker::Bullet, "") } else { (ListMarker::Bullet, label) }
}

/// How many of the first rows are the header of a table that does not say it itself. A single row has none. The first row
/// is none where it holds figures or dates beside its first cell: then it is the first record, or the table is a form. A
/// header whose first row has both cells over several columns and cells over several rows reaches as far as the latter.
pub(crate) fn guess_header_rows(rows: &[Row]) -> usize {
    let Some(first) = rows.first().filter(|_| rows.len() > 1) else { return 0 };
    if first.cells.iter().skip(1).any(|cell| is_figure(&cell.text))
        || first.cells.iter().all(|c| c.text.trim().is_empty())
    {
        return 0;
    }
    let reach = first.cells.iter().map(|cell| cell.rows as usize).max().unwrap_or(1);
    let grouped = first.cells.iter().any(|cell| cell.columns > 1) && first.cells.len() > 1;
    if grouped && reach > 1 && reach < rows.len() { reach } else { 1 }
}

/// Whether a cell is a figure, an amount or a date: digits, and hardly anything else. A year alone may head a column.
fn is_figure(text: &str) -> bool {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_year = digits == 4 && text.trim_end_matches(['년', '.']).len() == 4;
    let others = text.chars().filter(|c| c.is_alphabetic()).count();
    digits > 0 && others <= digits / 2 && !is_year
}

/// A table of one row is a frame around a line, no table: its cells in one line.
pub(crate) fn line_of(row: &Row) -> String {
    let texts = row.cells.iter().map(|cell: &Cell| clean(&cell.text)).filter(|text| !text.is_empty());
    texts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_marks() {
        let check = |label: &str, expect: (ListMarker, &str)| assert_eq!(mark(label), expect, "{label}");
        check("1.", (ListMarker::Number(1), ""));
        check("(12)", (ListMarker::Number(12), ""));
        check("•", (ListMarker::Bullet, ""));
        check("\u{F0B7}", (ListMarker::Bullet, ""));
        check("o", (ListMarker::Bullet, ""));
        check("가.", (ListMarker::Bullet, "가."));
        check("b)", (ListMarker::Bullet, "b)"));
        check("2.1", (ListMarker::Bullet, "2.1"));
        check("", (ListMarker::Bullet, ""));
    }

    #[test]
    fn texts_keep_what_a_reader_sees() {
        let check = |text: &str, expect: &str| assert_eq!(clean(text), expect);
        check("co\u{AD}operate", "cooperate");
        check("  a \n\n  b\u{A0}c ", "a\n  b c");
        check("\u{1}노드\u{7}", "노드");
        check("\u{F0A7} item", "item");
        check(" \t\r\n", "");
    }

    #[test]
    fn the_first_row_is_the_header_unless_it_holds_figures() {
        let row = |cells: &[&str]| Row { cells: cells.iter().map(|text| Cell::of(*text)).collect(), at: None };
        let check = |rows: &[Row], expect: usize| assert_eq!(guess_header_rows(rows), expect, "{rows:?}");
        check(&[], 0);
        check(&[row(&["a", "b"])], 0);
        check(&[row(&["이름", "값"]), row(&["메모리", "4"])], 1);
        check(&[row(&["구분", "2023", "2024년"]), row(&["매출", "1", "2"])], 1);
        check(&[row(&["메모리", "512 MiB"]), row(&["CPU", "2"])], 1);
        check(&[row(&["memory", "512"]), row(&["cpu", "2"])], 0);
        let mut grouped = [row(&["구분", "매출"]), row(&["상반기", "하반기"]), row(&["a", "1", "2"])];
        grouped[0].cells[0].rows = 2;
        grouped[0].cells[1].columns = 2;
        check(&grouped, 2);
    }

    #[test]
    fn a_file_beyond_the_limits_keeps_its_first_blocks() {
        let mut blocks = Blocks::default();
        while blocks.paragraph("a") == Room::Left {}
        let extract = blocks.finish();
        assert_eq!(extract.blocks.len(), MAX_BLOCKS);
        assert_eq!(extract.problems[0].kind, ProblemKind::TooLarge);
    }
}
