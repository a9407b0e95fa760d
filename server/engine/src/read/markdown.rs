//! Markdown (CommonMark with tables, task lists, footnotes and strikethrough): front matter, headings, paragraphs,
//! list items, quotes, tables, code. Links are read as their text, images as their alternative text, emphasis as
//! nothing; HTML blocks go through the HTML rules.

use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::blocks::{Blocks, whole_file};
use super::decode::decode_file;
use super::html::MarkKind;
use super::lines::LineIndex;
use super::table::TableText;
use super::{FileContent, MediaType, Reader, Reading, front_matter, html, nesting};
use crate::document::{BlockKind, Finding, FindingCode, ListMarker};
use crate::text::{ItemMark, item_mark};

/// Reads `.md`.
pub struct MarkdownReader;

impl Reader for MarkdownReader {
    fn media_types(&self) -> &'static [MediaType] {
        &[MediaType::Markdown]
    }

    fn read(&self, content: &FileContent) -> Reading {
        let (text, finding) = match decode_file(&content.file.path, &content.bytes, None) {
            Ok(decoded) => decoded,
            Err(finding) => return Reading::refused(finding),
        };
        let mut reading = Reading { findings: finding.into_iter().collect(), ..Reading::default() };
        let page = parse(&text);
        reading.findings.extend(page.too_deep.then(|| too_deep(&content.file.path)));
        whole_file(content, page.title, page.blocks, &mut reading);
        reading
    }
}

/// A page as parsed.
pub(super) struct MarkdownPage {
    /// The title its front matter declares.
    pub(super) title: Option<String>,
    /// Its blocks, lines counted from 1.
    pub(super) blocks: Blocks,
    /// Whether quotes or lists nested past the cap were flattened.
    pub(super) too_deep: bool,
}

/// The finding for a page that had to be flattened.
pub(super) fn too_deep(path: &str) -> Finding {
    Finding::new(
        FindingCode::TooDeeplyNested,
        path,
        format!("quotes or lists nested deeper than {}: their markers were dropped", super::limits::MAX_NESTING),
        "check that it is a document and not generated data",
    )
}

/// Parses a page.
pub(super) fn parse(text: &str) -> MarkdownPage {
    let (flat, too_deep) = nesting::flattened(text);
    let front = front_matter::split(&flat);
    let mut builder = Builder::new(&flat);
    let body = &flat[front.body..];
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        builder.event(event, range.start + front.body..range.end + front.body);
        if builder.blocks.is_full() {
            break;
        }
    }
    builder.flush();
    MarkdownPage { title: front.title, blocks: builder.blocks, too_deep }
}

/// An open list item.
struct Item {
    marker: ListMarker,
    /// Whether its first text was pushed: what follows are paragraphs of their own.
    pushed: bool,
}

/// Turns parser events into blocks. Running text gathers in `inline` until a block boundary flushes it.
struct Builder<'t> {
    text: &'t str,
    lines: LineIndex,
    blocks: Blocks,
    inline: String,
    /// Bytes of the source that `inline` came from.
    source: Option<Range<usize>>,
    heading: Option<u8>,
    lists: Vec<Option<u64>>,
    items: Vec<Item>,
    quotes: usize,
    code: Option<String>,
    table: Option<TableText>,
    /// How many bold elements are open, and how much of the open cell is bold.
    bold: usize,
    bold_bytes: usize,
    /// The numbers of the items in `inline` that are none to Markdown; not looked for yet where `None`.
    marks: Option<HashSet<u32>>,
    html: String,
    /// How much struck-out text is open: it no longer holds.
    struck: usize,
    /// The inline elements that are open and struck out or hidden.
    left_out: Vec<Vec<u8>>,
    /// The element that is left out and reaches over blocks: a `<del>` on a line of its own.
    struck_block: Option<LeftOut>,
}

/// An open element that is left out.
struct LeftOut {
    name: Vec<u8>,
    /// How many elements of this name are open, itself among them.
    depth: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            lines: LineIndex::new(text),
            blocks: Blocks::default(),
            inline: String::new(),
            source: None,
            heading: None,
            lists: Vec::new(),
            items: Vec::new(),
            quotes: 0,
            code: None,
            table: None,
            bold: 0,
            bold_bytes: 0,
            marks: None,
            html: String::new(),
            struck: 0,
            left_out: Vec::new(),
            struck_block: None,
        }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.add(&text, range);
            }
            Event::Html(text) => {
                self.html.push_str(&text);
                self.cover(range);
            }
            Event::InlineHtml(text) => {
                self.struck_by_html(&text);
                let shown = html::inline_text(&text);
                self.add(shown, range);
            }
            Event::SoftBreak => self.soft_break(range),
            Event::HardBreak => self.add(if self.table.is_some() { " " } else { "\n" }, range),
            Event::TaskListMarker(done) => self.add(if done { "[x] " } else { "[ ] " }, range),
            Event::Rule => self.flush(),
            Event::FootnoteReference(_) => {}
        }
    }

    /// A line that goes on, unless it begins an item of a list that Markdown knows nothing of: `나.`, `②`, `b)`.
    fn soft_break(&mut self, range: Range<usize>) {
        let next = self.text.get(range.end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let numbers = self.marks.get_or_insert_with(|| match item_mark(&self.inline) {
            Some(ItemMark::Number(number)) => HashSet::from([number]),
            Some(ItemMark::Bullet) | None => HashSet::new(),
        });
        let is_item = match item_mark(next) {
            Some(ItemMark::Number(number)) if number > 1 && numbers.contains(&(number - 1)) => {
                numbers.insert(number);
                true
            }
            _ => false,
        };
        self.add(if is_item && self.table.is_none() { "\n" } else { " " }, range);
    }

    fn add(&mut self, text: &str, range: Range<usize>) {
        if self.struck > 0 || !self.left_out.is_empty() {
            return;
        }
        if self.bold > 0 && self.table.is_some() {
            self.bold_bytes += text.len();
        }
        if self.inline.is_empty() {
            self.marks = None;
        }
        self.inline.push_str(text);
        self.cover(range);
    }

    fn cover(&mut self, range: Range<usize>) {
        self.source = Some(match self.source.take() {
            Some(old) => old.start.min(range.start)..old.end.max(range.end),
            None => range,
        });
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(level_number(level));
            }
            Tag::Paragraph | Tag::HtmlBlock | Tag::FootnoteDefinition(_) => self.flush(),
            Tag::BlockQuote(_) => {
                self.flush();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                self.code = Some(match kind {
                    CodeBlockKind::Fenced(info) => code_language(&info),
                    CodeBlockKind::Indented => String::new(),
                });
                self.cover(range);
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                self.open_item();
            }
            Tag::Strong => self.bold += 1,
            Tag::Strikethrough if self.is_struck(&range) => self.struck += 1,
            Tag::Strikethrough => self.add("~", range.start..range.start + 1),
            Tag::Table(_) => {
                self.flush();
                self.table = Some(TableText::default());
                self.cover(range);
            }
            _ => {}
        }
    }

    fn struck_by_html(&mut self, markup: &str) {
        for mark in html::marks(markup) {
            let is_within = self.left_out.last() == Some(&mark.name);
            match mark.kind {
                MarkKind::End if is_within => drop(self.left_out.pop()),
                // The end of what an earlier block began: what stands before it in this one no longer holds either.
                MarkKind::End if self.struck_block.as_ref().is_some_and(|open| open.name == mark.name) => {
                    self.struck_block = None;
                    self.inline.clear();
                    self.source = None;
                }
                MarkKind::Shown if is_within => self.left_out.push(mark.name),
                MarkKind::LeftOut => self.left_out.push(mark.name),
                MarkKind::Shown | MarkKind::End => {}
            }
        }
    }

    /// Two tildes strike out. One is a range: of `3~5일, 10~12시` GitHub strikes out the middle, and no author meant it.
    fn is_struck(&self, range: &Range<usize>) -> bool {
        self.text[range.clone()].starts_with("~~")
    }

    fn open_item(&mut self) {
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = ListMarker::Number(*number);
                *number = number.saturating_add(1);
                marker
            }
            _ => ListMarker::Bullet,
        };
        self.items.push(Item { marker, pushed: false });
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Heading(_) => self.end_heading(range),
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::HtmlBlock => self.end_html(),
            TagEnd::TableCell => {
                self.struck = 0;
                self.left_out.clear();
                let cell = std::mem::take(&mut self.inline);
                let is_bold = self.bold_bytes > 0 && self.bold_bytes == cell.trim().len();
                self.bold_bytes = 0;
                self.table
                    .iter_mut()
                    .for_each(|table| if is_bold { table.bold_cell(&cell) } else { table.cell(&cell) });
            }
            TagEnd::TableHead => self.table.iter_mut().for_each(TableText::end_header),
            TagEnd::TableRow => self.table.iter_mut().for_each(TableText::end_row),
            TagEnd::Table => {
                let table = self.table.take().map(TableText::finish).unwrap_or_default();
                self.push(BlockKind::Table, &table);
            }
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Strikethrough if self.is_struck(&range) => self.struck = self.struck.saturating_sub(1),
            TagEnd::Strikethrough => self.add("~", range.end - 1..range.end),
            TagEnd::Paragraph | TagEnd::FootnoteDefinition => self.flush(),
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::Item => {
                self.flush();
                self.items.pop();
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            _ => {}
        }
    }

    fn end_heading(&mut self, range: Range<usize>) {
        let level = self.heading.take();
        self.cover(range);
        match level {
            // A heading in a quote or list is no section of the page.
            Some(level) if self.quotes == 0 && self.items.is_empty() => {
                let text = std::mem::take(&mut self.inline).replace('\n', " ");
                self.push(BlockKind::Heading { level }, &text);
            }
            _ => self.flush(),
        }
    }

    fn end_code(&mut self) {
        let language = self.code.take().unwrap_or_default();
        let text = std::mem::take(&mut self.inline);
        self.push(BlockKind::Code { language }, &text);
    }

    fn end_html(&mut self) {
        let markup = std::mem::take(&mut self.html);
        let first = self.source.take().map_or(1, |source| self.lines.line(source.start));
        // Where what an earlier block left out ends, if it does.
        let mut shown = if self.struck_block.is_none() { Some(0) } else { None };
        for mark in html::marks(&markup) {
            match &mut self.struck_block {
                // Of others the end tag may be left out: they end with their block.
                None if mark.kind == MarkKind::LeftOut && html::has_end_tag(&mark.name) => {
                    self.struck_block = Some(LeftOut { name: mark.name, depth: 1 });
                }
                Some(open) if open.name == mark.name && mark.kind == MarkKind::End => {
                    open.depth -= 1;
                    if open.depth == 0 {
                        self.struck_block = None;
                        shown = shown.or(Some(mark.end));
                    }
                }
                Some(open) if open.name == mark.name => open.depth += 1,
                _ => {}
            }
        }
        if let Some(start) = shown.filter(|start| markup.is_char_boundary(*start)) {
            let lines = u32::try_from(markup[..start].matches('\n').count()).unwrap_or(u32::MAX);
            self.blocks.append(html::blocks_of(&markup[start..]), first.saturating_add(lines));
        }
    }

    /// Pushes the running text gathered so far as what its surroundings make of it.
    fn flush(&mut self) {
        // A tag left open ends with its block.
        self.struck = 0;
        self.left_out.clear();
        if self.inline.trim().is_empty() {
            self.inline.clear();
            self.source = None;
            return;
        }
        let text = std::mem::take(&mut self.inline);
        let depth = u8::try_from(self.items.len().saturating_sub(1)).unwrap_or(u8::MAX);
        let kind = match self.items.last_mut() {
            Some(item) if !item.pushed => {
                item.pushed = true;
                BlockKind::ListItem { depth, marker: item.marker }
            }
            _ if self.quotes > 0 => BlockKind::Quote,
            _ => BlockKind::Paragraph,
        };
        self.push(kind, &text);
    }

    fn push(&mut self, kind: BlockKind, text: &str) {
        // A `<del>` that is never closed does not reach into the next section.
        if matches!(kind, BlockKind::Heading { .. }) {
            self.struck_block = None;
        }
        if self.struck_block.is_some() {
            self.source = None;
            return;
        }
        let lines = self.source.take().map(|source| {
            let end = self.text[..source.end].trim_end().len().max(source.start);
            self.lines.range(source.start, end)
        });
        self.blocks.push(kind, text, lines);
    }
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// The language of a fence's info string: its first word, of letters that a language's name is made of.
fn code_language(info: &str) -> String {
    let word = info.split([' ', '\t', ',', '{', '`']).find(|word| !word.is_empty()).unwrap_or_default();
    word.chars().take(32).filter(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '#' | '_' | '.')).collect()
}

#[cfg(test)]
mod tests;
