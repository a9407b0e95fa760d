//! Turns the token stream of a page into blocks.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

use super::hidden::{Hidden, Within};
use super::layout;
use super::table::{OpenTable, Span};
use super::tags::{Tag, tag};
use super::{Page, Piece, Scope};
use crate::blocks::size;
use crate::limits::{MAX_BLOCKS, MAX_HEADING_BYTES};
use crate::{BlockKind, ListMarker};

/// Reads a page, a mail's body or a fragment.
pub(super) fn page(text: &str, scope: Scope) -> Page {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut extractor = Extractor { scope, layouts: layout::tables(text), ..Extractor::default() };
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(start) => extractor.start(&start),
            Token::EndTag(end) => extractor.end(&end.name),
            Token::String(string) => {
                extractor.text(&String::from_utf8_lossy(&string.value), string.span.start, string.span.end);
            }
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
        if extractor.found.len() > MAX_BLOCKS {
            break;
        }
    }
    extractor.boundary();
    extractor.end_table();
    let title = Some(extractor.title).filter(|title| !title.trim().is_empty());
    let found = extractor.found.into_iter();
    let pieces = match scope {
        Scope::Page => preferred(found.collect()),
        Scope::Mail => found.map(|found| found.piece).collect(),
    };
    Page { title, pieces, hidden: extractor.hidden_text }
}

/// Where a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Region {
    Body,
    Article,
    Main,
}

struct Found {
    piece: Piece,
    region: Region,
}

/// Keeps `main`, else the articles, else everything. A region with under a fifth of the text is a teaser, not the page.
fn preferred(found: Vec<Found>) -> Vec<Piece> {
    let bytes_in = |least: Region| -> usize {
        found.iter().filter(|found| found.region >= least).map(|found| size(&found.piece.kind)).sum()
    };
    let all = bytes_in(Region::Body);
    let least = [Region::Main, Region::Article].into_iter().find(|region| bytes_in(*region) * 5 > all);
    let least = least.unwrap_or(Region::Body);
    found.into_iter().filter(|found| found.region >= least).map(|found| found.piece).collect()
}

/// An open element.
struct Open {
    tag: Tag,
    /// Whether its content is left out.
    dropped: bool,
}

/// The state between tokens. Only elements that mean something are on the stack; an end tag whose element is not open
/// is ignored, others close everything above theirs, so each element is pushed and popped once.
#[derive(Default)]
struct Extractor {
    scope: Scope,
    /// For each table of the text whether it only lays out what stands in it.
    layouts: Vec<bool>,
    /// How many tables have begun by now.
    tables_begun: usize,
    /// The open tables, each as `Table` or `Layout`.
    tables: Vec<Tag>,
    open: Vec<Open>,
    /// How many elements of each meaning are open, by `slot`.
    counts: [usize; 32],
    dropped: usize,
    title: String,
    inline: String,
    /// A space is due before the next text.
    space: bool,
    bytes: Option<(usize, usize)>,
    /// For each open list the number of its next item; 0 for bullets.
    lists: Vec<u64>,
    /// The marker of the open item, until its first text is pushed.
    marker: Option<ListMarker>,
    language: String,
    table: Option<OpenTable>,
    found: Vec<Found>,
    /// Whether the running text is a term (`dt`) whose definition is to come.
    in_term: bool,
    /// Whether the text had a heading by now.
    has_heading: bool,
    /// The element that nobody is shown, while it is open.
    hidden: Option<Hidden>,
    /// What stands in such elements.
    hidden_text: String,
}

pub(super) fn number_of(start: &StartTag<usize>, attribute: &[u8]) -> Option<usize> {
    let value = start.attributes.get(attribute)?;
    String::from_utf8_lossy(value).trim().parse().ok()
}

/// A small number for each meaning that is kept on the stack.
fn slot(tag: Tag) -> usize {
    match tag {
        Tag::Main => 0,
        Tag::Article => 1,
        Tag::Margin => 2,
        Tag::Boilerplate => 3,
        Tag::UnorderedList => 4,
        Tag::OrderedList => 5,
        Tag::Item => 6,
        Tag::Quote => 7,
        Tag::Preformatted => 8,
        Tag::Table => 9,
        Tag::TableHead => 10,
        Tag::Title => 11,
        Tag::Raw => 12,
        Tag::Section => 19,
        Tag::Layout => 20,
        Tag::Heading(level) => 12 + usize::from(level),
        _ => 31,
    }
}

fn is_stacked(tag: Tag) -> bool {
    slot(tag) != 31
}

impl Extractor {
    fn count(&self, tag: Tag) -> usize {
        self.counts[slot(tag)]
    }

    fn heading(&self) -> Option<u8> {
        (1..=6).find(|level| self.count(Tag::Heading(*level)) > 0)
    }

    fn in_content(&self) -> bool {
        self.dropped == 0
    }

    fn start(&mut self, start: &StartTag<usize>) {
        let lays_out = &**start.name == b"table" && self.next_table_lays_out();
        if let Some(hidden) = &mut self.hidden {
            match hidden.start(start) {
                Within::Hidden | Within::End => return,
                Within::Outside => self.hidden = None,
            }
        }
        self.hidden = Hidden::opened_by(start);
        if self.hidden.is_some() {
            self.space = true;
            return;
        }
        let Some(tag) = tag(&start.name) else { return };
        let tag = if lays_out { Tag::Layout } else { tag };
        match tag {
            Tag::Inline => return,
            Tag::Code => return self.note_language(start),
            Tag::Break => return self.line_break(),
            Tag::Image => {
                if let Some(alt) = start.attributes.get(b"alt".as_slice()) {
                    self.space = true;
                    self.text(&String::from_utf8_lossy(alt), start.span.start, start.span.end);
                    self.space = true;
                }
                return;
            }
            // The parts of such a table part the text, and nothing else.
            Tag::Row | Tag::Cell | Tag::HeaderCell | Tag::TableHead | Tag::TableBody if self.is_in_layout() => {
                self.in_term = false;
                return self.boundary();
            }
            Tag::Row | Tag::Cell | Tag::HeaderCell => return self.start_in_table(tag, start),
            Tag::TableBody => return self.row_group(),
            Tag::Title | Tag::Raw => {}
            Tag::Heading(_) => {
                self.close_heading();
                self.boundary();
            }
            // A definition goes on behind its term.
            Tag::Definition if self.in_term => self.end_term(),
            _ => self.boundary(),
        }
        self.in_term = tag == Tag::Term;
        if !is_stacked(tag) || (start.self_closing && matches!(tag, Tag::Raw | Tag::Boilerplate)) {
            return;
        }
        match tag {
            Tag::UnorderedList => self.lists.push(0),
            Tag::OrderedList => self.lists.push(number_of(start, b"start").unwrap_or(1).max(1) as u64),
            Tag::Item => self.start_item(),
            Tag::Preformatted => self.note_language(start),
            Tag::Table if self.count(Tag::Table) == 0 && self.in_content() => self.table = Some(OpenTable::default()),
            _ => {}
        }
        if matches!(tag, Tag::Table | Tag::Layout) {
            self.tables.push(tag);
        }
        let dropped = match tag {
            Tag::Boilerplate | Tag::Raw => true,
            Tag::Margin => self.scope == Scope::Page && !self.is_in_content(&start.name),
            _ => false,
        };
        self.dropped += usize::from(dropped);
        self.counts[slot(tag)] += 1;
        self.open.push(Open { tag, dropped });
    }

    /// Counts a table that begins, and tells whether it only lays out what stands in it.
    fn next_table_lays_out(&mut self) -> bool {
        self.tables_begun += 1;
        self.layouts.get(self.tables_begun - 1).copied().unwrap_or(false)
    }

    fn is_in_layout(&self) -> bool {
        self.tables.last() == Some(&Tag::Layout)
    }

    /// Whether a header, footer or aside is one of the text and not of the page: it stands in a part of the text, or is an
    /// aside behind a heading of it.
    fn is_in_content(&self, name: &[u8]) -> bool {
        let parts = [Tag::Main, Tag::Article, Tag::Section, Tag::Quote];
        parts.iter().any(|tag| self.count(*tag) > 0) || name == b"aside" && self.has_heading
    }

    fn end(&mut self, name: &[u8]) {
        if let Some(hidden) = &mut self.hidden {
            match hidden.end(name) {
                Within::Hidden => return,
                Within::End => return self.hidden = None,
                Within::Outside => self.hidden = None,
            }
        }
        let Some(mut tag) = tag(name) else { return };
        if tag == Tag::Table {
            tag = self.tables.last().copied().unwrap_or(tag);
        }
        match tag {
            Tag::Inline | Tag::Code | Tag::Break | Tag::Image => return,
            Tag::Row | Tag::Cell | Tag::HeaderCell | Tag::TableBody if self.is_in_layout() => return self.boundary(),
            Tag::Row | Tag::Cell | Tag::HeaderCell => return self.end_in_table(tag),
            Tag::TableBody => return self.row_group(),
            Tag::Title | Tag::Raw => {}
            Tag::Heading(_) => self.push_inline(),
            // Its definition goes on behind it.
            Tag::Term => return,
            _ => self.boundary(),
        }
        if !is_stacked(tag) || self.count(tag) == 0 {
            return;
        }
        while let Some(open) = self.open.pop() {
            self.closed(&open);
            if open.tag == tag {
                break;
            }
        }
    }

    fn closed(&mut self, open: &Open) {
        self.counts[slot(open.tag)] -= 1;
        self.dropped -= usize::from(open.dropped);
        if matches!(open.tag, Tag::Table | Tag::Layout) {
            self.tables.pop();
        }
        match open.tag {
            Tag::UnorderedList | Tag::OrderedList => {
                self.lists.pop();
                self.marker = None;
            }
            Tag::Item => self.marker = None,
            Tag::Heading(_) => self.has_heading |= self.in_content(),
            Tag::Table if self.count(Tag::Table) == 0 => self.end_table(),
            Tag::TableHead if self.count(Tag::Table) == 1 => {
                self.end_in_table(Tag::Row);
                self.table.iter_mut().for_each(OpenTable::end_group);
            }
            _ => {}
        }
    }

    /// A heading left open ends where the next one starts.
    fn close_heading(&mut self) {
        if let Some(level) = self.heading() {
            self.push_inline();
            while let Some(open) = self.open.pop() {
                self.closed(&open);
                if open.tag == Tag::Heading(level) {
                    break;
                }
            }
        }
    }

    fn start_item(&mut self) {
        self.marker = Some(match self.lists.last_mut() {
            Some(0) | None => ListMarker::Bullet,
            Some(next) => {
                *next += 1;
                ListMarker::Number(*next - 1)
            }
        });
    }

    /// Remembers the language that `class="language-..."` names.
    fn note_language(&mut self, start: &StartTag<usize>) {
        if self.count(Tag::Preformatted) == 0 && &**start.name != b"pre" {
            return;
        }
        let class = start.attributes.get(b"class".as_slice()).map(|class| String::from_utf8_lossy(class).into_owned());
        let class = class.unwrap_or_default();
        let named = class.split_whitespace().find_map(|c| c.strip_prefix("language-").or(c.strip_prefix("lang-")));
        if let Some(language) = named {
            self.language = language.chars().take(32).collect();
        }
    }

    fn line_break(&mut self) {
        if !self.in_content() {
            return;
        }
        if self.count(Tag::Preformatted) > 0 || (self.table.is_none() && self.heading().is_none()) {
            self.inline.truncate(self.inline.trim_end_matches(' ').len());
            self.inline.push('\n');
            self.space = false;
        } else {
            self.space = true;
        }
    }

    fn text(&mut self, text: &str, start: usize, end: usize) {
        if self.hidden.is_some() {
            self.hidden_text.push_str(text);
            self.hidden_text.push(' ');
            return;
        }
        if self.count(Tag::Title) > 0 {
            // An SVG may hold a title too; the page's comes first.
            if self.dropped == 0 && self.title.len() < MAX_HEADING_BYTES {
                self.title.push_str(text);
            }
            return;
        }
        if !self.in_content() {
            return;
        }
        if self.count(Tag::Preformatted) > 0 && self.table.is_none() {
            self.inline.push_str(text);
        } else {
            self.push_collapsed(text);
        }
        if !text.trim().is_empty() {
            self.bytes = Some(self.bytes.map_or((start, end), |(first, last)| (first.min(start), last.max(end))));
        }
    }

    /// Appends running text with white space collapsed to single spaces.
    fn push_collapsed(&mut self, text: &str) {
        for word in text.split_inclusive(char::is_whitespace) {
            let bare = word.trim_end_matches(char::is_whitespace);
            if !bare.is_empty() {
                if self.space && !self.inline.is_empty() && !self.inline.ends_with('\n') {
                    self.inline.push(' ');
                }
                self.inline.push_str(bare);
                self.space = false;
            }
            self.space |= bare.len() < word.len();
        }
    }

    /// A term is told from its definition by a colon.
    fn end_term(&mut self) {
        if self.table.is_none() && !self.inline.trim().is_empty() {
            self.inline.truncate(self.inline.trim_end().len());
            if !self.inline.ends_with([':', '：', '?']) {
                self.inline.push(':');
            }
        }
        self.space = true;
    }

    /// A block element starts or ends here.
    fn boundary(&mut self) {
        let inside = self.heading().is_some() && self.inline.len() <= MAX_HEADING_BYTES;
        if inside || self.table.is_some() {
            self.space = true;
        } else {
            self.push_inline();
        }
    }

    fn region(&self) -> Region {
        match (self.count(Tag::Main), self.count(Tag::Article)) {
            (0, 0) => Region::Body,
            (0, _) => Region::Article,
            _ => Region::Main,
        }
    }

    fn push_inline(&mut self) {
        if self.table.is_some() {
            self.space = true;
            return;
        }
        self.space = false;
        let bytes = self.bytes.take();
        if self.inline.trim().is_empty() {
            self.inline.clear();
            return;
        }
        let mut text = std::mem::take(&mut self.inline);
        let mut language = String::new();
        let kind = if self.count(Tag::Preformatted) > 0 {
            language = std::mem::take(&mut self.language);
            BlockKind::Code(text)
        } else if let Some(level) = self.heading().filter(|_| text.len() <= MAX_HEADING_BYTES) {
            // Permalink marks that documentation generators put behind headings.
            text.truncate(text.trim_end_matches([' ', '¶', '#', '\u{1F517}']).len());
            BlockKind::Heading { level, text }
        } else if let Some(marker) = self.marker.take() {
            let depth = u8::try_from(self.lists.len().saturating_sub(1)).unwrap_or(u8::MAX);
            BlockKind::ListItem { depth, marker, text }
        } else if self.count(Tag::Quote) > 0 {
            BlockKind::Quote(text)
        } else {
            BlockKind::Paragraph(text)
        };
        self.push(kind, language, bytes);
    }

    fn push(&mut self, kind: BlockKind, language: String, bytes: Option<(usize, usize)>) {
        let region = self.region();
        self.found.push(Found { piece: Piece { kind, language, bytes }, region });
    }

    /// A row or cell starts; tables inside a table give their words to the cell they stand in.
    fn start_in_table(&mut self, tag: Tag, start: &StartTag<usize>) {
        let at = start.span.start;
        self.space = true;
        if self.count(Tag::Table) != 1 || !self.in_content() {
            return;
        }
        self.end_in_table(if tag == Tag::Row { Tag::Row } else { Tag::Cell });
        let Some(table) = &mut self.table else { return };
        table.in_row = true;
        if tag != Tag::Row {
            if !table.in_cell && table.cells == 0 {
                // What stood between rows (a caption) is a paragraph of its own.
                let caption = std::mem::take(&mut self.inline);
                if !caption.trim().is_empty() {
                    self.push(BlockKind::Paragraph(caption), String::new(), self.bytes);
                }
            }
            if let Some(table) = &mut self.table {
                table.in_cell = true;
                table.span = Span::of(start);
                table.header_cells += usize::from(tag == Tag::HeaderCell);
                table.bytes = table.bytes.or(Some((at, at)));
            }
        }
    }

    /// A group of rows begins or ends: no cell reaches from one into the next.
    fn row_group(&mut self) {
        self.boundary();
        if self.count(Tag::Table) == 1 && self.in_content() {
            self.end_in_table(Tag::Row);
            self.table.iter_mut().for_each(OpenTable::end_group);
        }
    }

    fn end_in_table(&mut self, tag: Tag) {
        self.space = true;
        let in_head = self.count(Tag::TableHead) > 0;
        if self.count(Tag::Table) != 1 {
            return;
        }
        let Some(table) = &mut self.table else { return };
        if table.in_cell {
            table.end_cell(std::mem::take(&mut self.inline), self.bytes.take());
        }
        if tag == Tag::Row {
            table.end_row(in_head);
        }
    }

    /// The outermost table is closed.
    fn end_table(&mut self) {
        if self.table.is_none() {
            return;
        }
        self.counts[slot(Tag::Table)] += 1;
        self.end_in_table(Tag::Row);
        self.counts[slot(Tag::Table)] -= 1;
        let Some(table) = self.table.take() else { return };
        let bytes = table.bytes;
        let (titles, tables) = crate::table_parts::parted(table.finish());
        for title in titles {
            self.push(BlockKind::Paragraph(title), String::new(), bytes);
        }
        for table in tables {
            self.push(BlockKind::Table(table), String::new(), bytes);
        }
        self.bytes = None;
        self.push_inline();
    }
}
