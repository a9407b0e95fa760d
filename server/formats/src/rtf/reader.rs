//! Follows the groups of a RTF file and what they set, and collects the paragraphs.

use std::collections::{HashMap, HashSet};

use encoding_rs::Encoding;

use super::code_page::{of_charset, of_code_page};
use super::table::{Builder, Join};
use super::token::{Token, Tokens};
use crate::blocks::{Blocks, Room, line_of};
use crate::{Extract, Problem, ProblemKind};

/// Most groups in groups; what is deeper keeps the settings of the last.
const MAX_GROUPS: usize = 10_000;

/// What becomes of the text of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Target {
    /// It is the document's.
    #[default]
    Body,
    /// It is the label that stands before a paragraph.
    Label,
    /// It is a note's.
    Note,
    /// It is the document's title.
    Title,
    /// It names a font.
    Fonts,
    /// It names a style.
    Styles,
    /// Nothing.
    Nowhere,
}

/// What a group sets.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    target: Target,
    font: i32,
    fallback: usize,
    hidden: bool,
    deleted: bool,
    style: i32,
}

/// What a paragraph sets.
#[derive(Debug, Clone, Copy, Default)]
struct Properties {
    style: Option<i32>,
    outline: Option<u8>,
    depth: u8,
    in_table: bool,
}

/// A document as far as it has been read.
#[derive(Default)]
pub(super) struct Reader {
    blocks: Blocks,
    groups: Vec<Group>,
    group: Group,
    properties: Properties,
    default: Option<&'static Encoding>,
    fonts: HashMap<i32, &'static Encoding>,
    /// The fonts whose letters are all equally wide: those of program text.
    fixed: HashSet<i32>,
    /// Whether the paragraph has text in another font.
    proportional: bool,
    headings: HashMap<i32, u8>,
    bytes: Vec<u8>,
    high: Option<u16>,
    skip: usize,
    star: bool,
    too_deep: usize,
    text: String,
    label: String,
    note: String,
    notes: Vec<String>,
    title: String,
    style_name: String,
    table: Builder,
}

impl Reader {
    /// Reads a document.
    pub(super) fn read(mut self, bytes: &[u8]) -> Extract {
        self.group.fallback = 1;
        for token in Tokens::of(bytes) {
            if self.blocks.room() == Room::Full {
                break;
            }
            self.token(token);
        }
        self.flush();
        if !self.groups.is_empty() && self.blocks.room() == Room::Left {
            self.blocks.note(Problem::new(ProblemKind::PartlyMalformed, "the file ends in the middle of a group"));
        }
        self.end_paragraph();
        self.end_table();
        let title = std::mem::take(&mut self.title);
        self.blocks.set_title(&title);
        self.blocks.finish()
    }

    fn token(&mut self, token: Token<'_>) {
        match token {
            Token::Byte(_) if self.skip > 0 => self.skip -= 1,
            Token::Byte(byte) => self.bytes.push(byte),
            Token::Open => {
                self.flush();
                self.skip = 0;
                if self.groups.len() < MAX_GROUPS { self.groups.push(self.group) } else { self.too_deep += 1 }
            }
            Token::Close => {
                self.flush();
                self.skip = 0;
                self.star = false;
                self.close();
            }
            Token::Sign(b'*') => self.star = true,
            Token::Sign(sign) => self.sign(sign),
            Token::Word(word, number) => self.word(word, number),
        }
    }

    fn close(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if let Some(group) = self.groups.pop() {
            let ended = std::mem::replace(&mut self.group, group);
            if ended.target == Target::Note && group.target != Target::Note {
                let note = std::mem::take(&mut self.note);
                self.notes.push(note);
            }
            if ended.target == Target::Styles {
                self.name_style(ended.style);
            }
        }
    }

    fn name_style(&mut self, style: i32) {
        let name = std::mem::take(&mut self.style_name).trim_end_matches(';').trim().to_lowercase();
        let level = name.strip_prefix("heading ").or_else(|| name.strip_prefix("제목 ")).and_then(|l| l.parse().ok());
        let level = level.or_else(|| (name == "title").then_some(1));
        self.headings.extend(level.filter(|level| (1..=9).contains(level)).map(|level| (style, level)));
    }

    fn sign(&mut self, sign: u8) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        match sign {
            b'\\' | b'{' | b'}' => self.bytes.push(sign),
            b'~' => self.bytes.push(b' '),
            b'_' => self.bytes.push(b'-'),
            b'\r' | b'\n' => self.word("par", None),
            _ => {}
        }
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        let star = std::mem::take(&mut self.star);
        if word == "u" {
            self.unicode(number.unwrap_or(0));
            return;
        }
        self.flush();
        self.skip = 0;
        if let Some(target) = destination(word, star) {
            self.enter(target);
            return;
        }
        let on = number != Some(0);
        match word {
            "ansicpg" => self.default = Some(of_code_page(number.unwrap_or(1252))),
            "deff" => self.group.font = number.unwrap_or(0),
            "mac" => self.default = Some(encoding_rs::MACINTOSH),
            "f" => self.group.font = number.unwrap_or(0),
            "fcharset" if self.group.target == Target::Fonts => {
                let encoding = of_charset(number.unwrap_or(1));
                self.fonts.extend(encoding.map(|encoding| (self.group.font, encoding)));
            }
            "fmodern" if self.group.target == Target::Fonts => drop(self.fixed.insert(self.group.font)),
            "uc" => self.group.fallback = number.and_then(|count| usize::try_from(count).ok()).unwrap_or(1).min(16),
            "v" => self.group.hidden = on,
            "deleted" => self.group.deleted = on,
            "plain" => (self.group.hidden, self.group.deleted) = (false, false),
            "s" if self.group.target == Target::Styles => self.group.style = number.unwrap_or(0),
            _ if self.group.target == Target::Styles || self.group.target == Target::Fonts => {}
            _ => self.layout(word, number),
        }
    }

    /// Words that lay out the text.
    fn layout(&mut self, word: &str, number: Option<i32>) {
        let small = number.and_then(|number| u8::try_from(number).ok());
        match word {
            "pard" => self.properties = Properties::default(),
            "s" => self.properties.style = number,
            "outlinelevel" => self.properties.outline = small.filter(|level| *level < 9).map(|level| level + 1),
            "ilvl" => self.properties.depth = small.unwrap_or(0).min(8),
            "intbl" => self.properties.in_table = true,
            "par" | "sect" if self.group.target == Target::Body => self.end_paragraph(),
            "par" | "line" | "lbr" | "sect" => self.put("\n"),
            "trowd" => self.table.define_row(),
            "trhdr" => self.table.mark_header(),
            "clmrg" => self.table.join(Join::Left),
            "clvmrg" => self.table.join(Join::Above),
            "cellx" => self.table.define_cell(number.unwrap_or(0)),
            "cell" if self.group.target == Target::Body => {
                let text = self.take_text();
                self.table.end_cell(text);
            }
            "row" => self.table.end_row(),
            "nestcell" => self.put(" | "),
            "nestrow" => self.put("\n"),
            "chftn" if self.group.target == Target::Body => {
                let label = format!("[{}]", self.notes.len() + 1);
                self.put(&label);
            }
            _ => self.put(character(word)),
        }
    }

    fn enter(&mut self, target: Target) {
        if self.group.target != Target::Nowhere {
            self.group.target = target;
        }
    }

    fn unicode(&mut self, number: i32) {
        self.flush_bytes();
        // Units beyond 32767 are written as negative numbers.
        let unit = number as u16;
        self.skip = self.group.fallback;
        if (0xD800..0xDC00).contains(&unit) {
            self.high = Some(unit);
            return;
        }
        let units = self.high.take().into_iter().chain([unit]);
        let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        self.put(&text);
    }

    fn flush(&mut self) {
        self.flush_bytes();
        self.high = None;
    }

    fn flush_bytes(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let font = self.fonts.get(&self.group.font).copied();
        let encoding = font.or(self.default).unwrap_or(encoding_rs::WINDOWS_1252);
        let text = encoding.decode_without_bom_handling(&bytes).0;
        self.put(&text);
    }

    fn put(&mut self, text: &str) {
        if self.group.hidden || self.group.deleted {
            return;
        }
        match self.group.target {
            Target::Body => {
                self.proportional |= !text.trim().is_empty() && !self.fixed.contains(&self.group.font);
                self.text.push_str(text);
            }
            Target::Label => self.label.push_str(text),
            Target::Note => self.note.push_str(text),
            Target::Title => self.title.push_str(text),
            Target::Styles => self.style_name.push_str(text),
            Target::Fonts | Target::Nowhere => {}
        }
    }

    /// The text of a paragraph or cell, with the label that stands before it, where that is not a sign.
    fn take_text(&mut self) -> String {
        let label = std::mem::take(&mut self.label);
        let text = std::mem::take(&mut self.text);
        let shown = label.chars().any(char::is_alphanumeric) && !text.trim().is_empty();
        if shown { format!("{} {text}", label.trim()) } else { text }
    }

    fn end_paragraph(&mut self) {
        if self.properties.in_table {
            self.text.push('\n');
            return;
        }
        self.end_table();
        let code = !std::mem::take(&mut self.proportional);
        let heading = self.properties.outline;
        let heading = heading.or_else(|| self.headings.get(&self.properties.style?).copied());
        if let Some(level) = heading {
            let text = self.take_text();
            self.blocks.heading(level, &text);
        } else if self.label.is_empty() && code {
            let text = std::mem::take(&mut self.text);
            self.blocks.code(&text);
        } else if self.label.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.blocks.paragraph(&text);
        } else {
            let (label, text) = (std::mem::take(&mut self.label), std::mem::take(&mut self.text));
            self.blocks.item(self.properties.depth, &label, &text);
        }
        self.end_notes();
    }

    fn end_table(&mut self) {
        if self.table.is_empty() {
            return;
        }
        let table = self.table.finish();
        match table.rows.as_slice() {
            [row] => self.blocks.paragraph(&line_of(row)),
            _ => self.blocks.table(table),
        };
        self.end_notes();
    }

    /// Notes that were referred to so far follow, each under its number.
    fn end_notes(&mut self) {
        for (number, note) in self.notes.iter_mut().enumerate() {
            let text = std::mem::take(note);
            if !text.trim().is_empty() {
                self.blocks.paragraph(&format!("[{}] {}", number + 1, text.trim()));
            }
        }
    }
}

/// The destination that a word opens. One that is marked as new (`\*`) and not known is skipped, as the format asks.
fn destination(word: &str, star: bool) -> Option<Target> {
    Some(match word {
        "fonttbl" => Target::Fonts,
        "stylesheet" => Target::Styles,
        "title" => Target::Title,
        "listtext" | "pntext" => Target::Label,
        "footnote" => Target::Note,
        "colortbl" | "pict" | "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl" | "footerr"
        | "footerf" | "fldinst" | "objdata" | "annotation" | "atnid" | "atnauthor" | "listtable"
        | "listoverridetable" | "rsidtbl" | "generator" | "themedata" | "datastore" | "xmlnstbl" | "nonshppict"
        | "sp" | "sn" | "sv" | "author" | "operator" | "company" | "subject" | "keywords" | "doccomm" | "comment"
        | "manager" | "category" | "hlinkbase" | "creatim" | "revtim" | "printim" | "buptim" | "bkmkstart"
        | "bkmkend" | "tc" | "xe" | "ftnsep" | "ftnsepc" | "aftnsep" | "revtbl" | "filetbl" | "nonesttables" => {
            Target::Nowhere
        }
        "shpinst" | "shptxt" | "ud" => return None,
        _ if star => Target::Nowhere,
        _ => return None,
    })
}

/// What a word stands for in the text.
fn character(word: &str) -> &'static str {
    match word {
        "tab" | "enspace" | "emspace" | "qmspace" => " ",
        "emdash" => "—",
        "endash" => "–",
        "bullet" => "•",
        "lquote" => "‘",
        "rquote" => "’",
        "ldblquote" => "“",
        "rdblquote" => "”",
        _ => "",
    }
}
