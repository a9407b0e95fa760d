//! Collects the blocks of a file within its limits, and decides what is the same for every format: which characters of a
//! text are kept, which rows of a table are its header, and how the label of a list item becomes its mark.

use super::declared::says_title;
use super::limits::{MAX_BLOCKS, MAX_TEXT_BYTES};
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

/// Most titles of a table.
const MAX_TITLES: usize = 3;
/// Names of columns may be said again for each part of a table as long as that takes no more, or no more than the rows.
const MAX_REPEATED_BYTES: usize = 64 << 10;
/// Most rows that are looked at to tell how wide a table is.
const MAX_COMPARED: usize = 100;

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

/// Takes the titles out of a table: first rows of one cell over the whole width, above a row of several. They name no column.
fn take_titles(table: &mut Table) -> Vec<String> {
    let width = |row: &Row| row.cells.iter().map(|cell| cell.columns).sum::<u32>();
    let is_title = |rows: &[Row]| match rows {
        [Row { cells, .. }, rest @ ..] if rest.len() > 1 => {
            let [cell] = cells.as_slice() else { return false };
            let is_over_all = rest.iter().take(MAX_COMPARED).all(|row| width(row) <= cell.columns);
            cell.columns > 1
                && cell.rows == 1
                && is_over_all
                && rest.iter().take(MAX_TITLES).any(|row| row.cells.len() > 1)
        }
        _ => false,
    };
    let count = (0..MAX_TITLES).take_while(|at| table.rows.get(*at..).is_some_and(is_title)).count();
    let titles = table.rows.drain(..count).map(|row| line_of(&row)).filter(|title| !title.is_empty()).collect();
    if count > 0 && table.header_rows > 0 {
        table.header_rows = match table.header_rows.saturating_sub(count) {
            0 if count_pairs(&table.rows) * 2 >= table.rows.len() => 0,
            0 => guess_header_rows(&table.rows),
            left => left,
        };
    }
    titles
}

/// The titles over a table, and its parts. Where a title stands over its names, the names come again below a line over the whole
/// width, or its rows begin with such a line, these lines part it, and each stands in the name of the first column of the rows
/// below it, `부산 지역 / 매장`: a row may be read alone. Other lines between rows (`Lunch`) are rows. Names that come again are
/// said once.
pub(crate) fn parted(mut table: Table) -> (Vec<String>, Vec<Table>) {
    let mut titles = take_titles(&mut table);
    if !is_parted(&table, !titles.is_empty()) {
        return (titles, vec![table]);
    }
    let first = titles.pop().unwrap_or_default();
    (titles, parts(table, &first))
}

/// Whether lines over the whole width part the rows of a table with names. To say the names again for each part may not cost
/// more than the rows, or a little.
fn is_parted(table: &Table, has_title: bool) -> bool {
    let rows = &table.rows[table.header_rows.min(table.rows.len())..];
    let size = |rows: &[Row]| rows.iter().flat_map(|row| &row.cells).map(|cell| cell.text.len() + 1).sum::<usize>();
    let is_line = |row: &Row| is_line(row, table);
    let begins: Vec<&Row> =
        rows.windows(2).filter(|pair| is_line(&pair[0]) && pair[1].cells.len() > 1).map(|pair| &pair[1]).collect();
    let is_again = |row: &&Row| texts(row) == texts(&table.rows[0]);
    table.header_rows > 0
        && !begins.is_empty()
        && (has_title || rows.first().is_some_and(is_line) || begins.iter().any(is_again))
        && begins.len() * size(&table.rows[..table.header_rows]) <= size(rows).max(MAX_REPEATED_BYTES)
}

fn texts(row: &Row) -> Vec<&str> {
    row.cells.iter().map(|cell| cell.text.as_str()).collect()
}

/// Whether a row is one line over the whole width, which others fill with several cells, and no note or total.
fn is_line(row: &Row, table: &Table) -> bool {
    let width = |row: &Row| row.cells.iter().map(|cell| cell.columns).sum::<u32>();
    let [cell] = row.cells.as_slice() else { return false };
    let names = table.rows.first().map_or(0, width);
    let is_title = !cell.text.is_empty() && !crate::sheet::is_note_or_total(&cell.text);
    cell.columns > 1 && cell.columns >= names && cell.rows == 1 && is_title
}

/// The parts of a table. `first` is the line of the first, where it stood above the names. A part ends with its total: what
/// stands behind that is of the whole table.
fn parts(mut table: Table, first: &str) -> Vec<Table> {
    let header: Vec<Row> = table.rows.drain(..table.header_rows).collect();
    let whole = Table { header_rows: header.len(), rows: header.clone() };
    let mut groups: Vec<(String, Vec<Row>)> = vec![(first.to_owned(), Vec::new())];
    let mut rows = table.rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        let Some((_, group)) = groups.last_mut() else { break };
        if !is_line(&row, &whole) {
            group.push(row);
            continue;
        }
        let mut lines = vec![row];
        lines.extend(std::iter::from_fn(|| rows.next_if(|row| is_line(row, &whole))));
        if rows.peek().is_none_or(|row| row.cells.len() < 2) {
            group.append(&mut lines);
            continue;
        }
        groups.push((lines.iter().map(line_of).collect::<Vec<_>>().join(" · "), Vec::new()));
        for names in &header {
            if rows.next_if(|row| texts(row) == texts(names)).is_none() {
                break;
            }
        }
    }
    let first_texts = |rows: &[Row]| -> Vec<String> {
        rows.iter().map(|row| row.cells.first().map(|cell| cell.text.clone()).unwrap_or_default()).collect()
    };
    let all: Vec<Vec<String>> = groups.iter().map(|(_, rows)| first_texts(rows)).collect();
    let under = |line: &str, mut rows: Vec<Row>| {
        let mut table = whole.clone();
        if let Some(name) = table.rows.first_mut().and_then(|row| row.cells.first_mut()).filter(|_| !line.is_empty()) {
            name.text = if name.text.is_empty() { line.to_owned() } else { format!("{line} / {}", name.text) };
        }
        table.rows.append(&mut rows);
        table
    };
    let mut parts = Vec::new();
    for (at, (line, mut rows)) in groups.into_iter().enumerate() {
        let others = if line.is_empty() { Vec::new() } else { rows.split_off(crate::sheet::own_rows(&line, at, &all)) };
        parts.extend([under(&line, rows), under("", others)]);
    }
    parts.retain(|part| part.rows.len() > part.header_rows);
    parts
}

/// How many rows are pairs of labels and values.
fn count_pairs(rows: &[Row]) -> usize {
    crate::sheet::count_pairs(rows.iter().map(|row| row.cells.iter().map(|cell| cell.text.as_str())))
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
    fn a_title_over_a_table_names_no_column() {
        let wide = |text: &str| Row { cells: vec![Cell { columns: 3, ..Cell::of(text) }], at: None };
        let row = |text: &str| Row { cells: text.split('|').map(Cell::of).collect(), at: None };
        let check = |rows: Vec<Row>, header_rows: usize, expect: (&[&str], &str, usize)| {
            let mut table = Table { header_rows, rows };
            let titles = take_titles(&mut table);
            let first = table.rows[0].cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join("|");
            assert_eq!(
                (titles.as_slice(), first.as_str(), table.header_rows),
                (&expect.0.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>()[..], expect.1, expect.2)
            );
        };
        check(vec![wide("예산"), row("부서|인건비|합계"), row("a|1|2")], 1, (&["예산"], "부서|인건비|합계", 1));
        check(
            vec![wide("예산"), wide("(단위: 원)"), row("부서|인건비|합계"), row("a|1|2")],
            3,
            (&["예산", "(단위: 원)"], "부서|인건비|합계", 1),
        );
        check(vec![wide("신청서"), row("작성자|홍길동||"), row("목적|방문||")], 1, (&[], "신청서", 1));
        check(vec![row("부서|인건비|합계"), wide("상반기"), row("a|1|2")], 1, (&[], "부서|인건비|합계", 1));
    }

    #[test]
    fn parts_of_a_table_keep_their_titles_under_one_header() {
        let wide = |text: &str| Row { cells: vec![Cell { columns: 2, ..Cell::of(text) }], at: None };
        let row = |text: &str| Row { cells: text.split('|').map(Cell::of).collect(), at: None };
        let check = |rows: Vec<Row>, expect: &str| {
            let mut blocks = Blocks::default();
            blocks.table(Table { header_rows: 1, rows });
            let line = |row: &Row| row.cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join("|");
            let show = |block: Block| match block.kind {
                BlockKind::Table(table) => table.rows.iter().map(line).collect::<Vec<_>>().join(" / "),
                BlockKind::Paragraph(text) => text,
                other => panic!("{other:?}"),
            };
            assert_eq!(blocks.finish().blocks.into_iter().map(show).collect::<Vec<_>>().join(" + "), expect);
        };
        let parts = "서울 / 매장|실적 / 1호점|10 + 부산 / 매장|실적 / 2호점|20";
        check(
            vec![wide("서울"), row("매장|실적"), row("1호점|10"), wide("부산"), row("매장|실적"), row("2호점|20")],
            parts,
        );
        check(vec![wide("서울"), row("매장|실적"), row("1호점|10"), wide("부산"), row("2호점|20")], parts);
        check(vec![row("매장|실적"), wide("서울"), row("1호점|10"), wide("부산"), row("2호점|20")], parts);
        check(
            vec![wide("2025 매출"), wide("서울"), row("매장|실적"), row("1호점|10"), wide("부산"), row("2호점|20")],
            &format!("2025 매출 + {parts}"),
        );
        check(
            vec![row("매장|실적"), row("본사|9"), wide("부산"), row("매장|실적"), row("2호점|20")],
            "매장|실적 / 본사|9 + 부산 / 매장|실적 / 2호점|20",
        );
        check(
            vec![row("매장|실적"), wide("부산"), wide("1분기"), row("2호점|20"), wide("잠정"), wide("비고: 세전")],
            "부산 · 1분기 / 매장|실적 / 2호점|20 / 잠정 / 비고: 세전",
        );
        // A part ends with its total, and lines between rows are no parts.
        check(
            vec![row("Item|Spent"), wide("Staff"), row("Pay|1"), wide("Office"), row("Rent|2"), row("Total|3")],
            "Staff / Item|Spent / Pay|1 + Office / Item|Spent / Rent|2 + Item|Spent / Total|3",
        );
        check(
            vec![row("지부|명"), wide("수도권"), row("서울|2"), wide("수도권 소계 2명"), wide("영남권"), row("부산|3")],
            "수도권 / 지부|명 / 서울|2 / 수도권 소계 2명 + 영남권 / 지부|명 / 부산|3",
        );
        check(vec![row("시간|일"), row("10시|가"), wide("점심"), row("13시|나")], "시간|일 / 10시|가 / 점심 / 13시|나");
        check(vec![row("매장|실적"), row("본사|9"), wide("잠정")], "매장|실적 / 본사|9 / 잠정");
        check(vec![row("매장|실적"), wide("※ 세전"), row("본사|9")], "매장|실적 / ※ 세전 / 본사|9");
        check(vec![wide("서울"), row("매장|실적"), row("1호점|10")], "서울 + 매장|실적 / 1호점|10");
    }

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
