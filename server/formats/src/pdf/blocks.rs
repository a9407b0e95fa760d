//! Makes blocks of the groups of all columns and pages: joins a paragraph that a column or page ended, gives headings their
//! levels and items their depths, and writes the text.

use std::collections::HashMap;

use super::ASIDE;
use super::eojeol::is_hangul;
use super::join::{Reach, Words};
use super::line::Line;
use super::marks::mark;
use super::room::goes_on;
use super::segment::{Group, Kind};
use super::style::{Heading, Looks, Style, ends_sentence, levels};
use super::tables::Found;
use super::text::{code, text_and_turns};
use crate::model::{Block, BlockKind, ListMarker, Locator, PageTurn};

/// How many groups back the paragraph may stand that the next column continues: notes and a figure's text lie between.
const LOOK_BACK: usize = 8;

/// How many groups are looked at for those: labels in other directions do not count.
const FARTHEST_BACK: usize = 200;

/// Text smaller than this share of running text is a note or a caption.
const NOTE: f32 = 0.93;

/// Appends the groups of a column to those before it. `starts_column` groups may continue an earlier paragraph.
pub(super) fn append(all: &mut Vec<Group>, column: Vec<Group>, style: &Style) {
    let mut column = column.into_iter();
    let Some(first) = column.next() else { return };
    let second = first.lines.get(1).or_else(|| column.as_slice().first().and_then(|group| group.lines.first()));
    let is_indented = second.is_some_and(|second| is_indented(&first.lines[0], second));
    match continued(all, &first, style).filter(|_| !is_indented) {
        Some(group) => {
            if group.pages.1 < first.pages.0 {
                group.turns.push((group.lines.len(), first.pages.0));
            }
            group.lines.extend(first.lines);
            group.reaches.extend(first.reaches);
            group.pages.1 = group.pages.1.max(first.pages.1);
        }
        None => all.push(first),
    }
    all.extend(column);
}

/// The earlier group that `next`, the first of a column, goes on with.
fn continued<'a>(all: &'a mut [Group], next: &Group, style: &Style) -> Option<&'a mut Group> {
    let first = next.lines.first()?;
    if next.kind != Kind::Text || is_heading_like(next, style) {
        return None;
    }
    let near = all.iter().enumerate().rev().take(FARTHEST_BACK).filter(|(_, group)| !is_aside(group));
    let index = near.take(LOOK_BACK).find_map(|(index, group)| {
        let is_note =
            matches!(group.kind, Kind::Table(_)) || group.lines.iter().all(|line| line.size < NOTE * style.body);
        (!is_note).then_some(index)
    });
    let index = index?;
    let is_over_table = all[index..].iter().any(|group| matches!(group.kind, Kind::Table(_)));
    let group = all.get_mut(index)?;
    let last = group.lines.last()?;
    let ratio = first.size / last.size.max(0.1);
    let is_alike = (0.93..1.07).contains(&ratio) && first.is_bold() == last.is_bold();
    let is_prose = matches!(group.kind, Kind::Text | Kind::Item) && !is_heading_like(group, style);
    // A short last line ends its paragraph, and so does a table, unless the words tell of a sentence that goes on.
    let is_told = goes_on(&last.text, &first.text);
    let is_full = group.reaches.last() == Some(&Reach::Full);
    let is_open = is_full && (is_told || !is_over_table)
        || is_told && group.is_narrow
        || last.text.trim_end().ends_with(['-', ',']);
    let is_inside =
        !ends_sentence(&last.text) && !last.text.trim_end().ends_with([':', '：']) && starts_inside(&first.text);
    (is_alike && is_prose && is_open && is_inside).then_some(group)
}

/// Whether the first line of a column starts further to the right than the second, as that of a new paragraph.
fn is_indented(first: &Line, second: &Line) -> bool {
    second.table.is_none() && first.area.left - second.area.left > 0.8 * first.size.max(6.0)
}

/// Whether a group is text in another direction, which is set as the smallest there is.
fn is_aside(group: &Group) -> bool {
    !matches!(group.kind, Kind::Table(_)) && group.lines.iter().all(|line| line.size <= ASIDE)
}

/// Whether a line may start in the middle of a sentence.
fn starts_inside(text: &str) -> bool {
    let first = text.trim_start().chars().next();
    first.is_some_and(|c| c.is_lowercase() || is_hangul(c) || c.is_numeric() || matches!(c, '(' | '“' | '"' | '‘'))
}

fn is_heading_like(group: &Group, style: &Style) -> bool {
    group.kind != Kind::Code && style.heading(&group.lines, &plain(&group.lines)).is_some()
}

fn plain(lines: &[Line]) -> String {
    lines.iter().map(|line| line.text.trim()).collect::<Vec<_>>().join(" ")
}

/// The blocks of a document, and where they go on from a page to the next.
pub(super) fn blocks(groups: Vec<Group>, tables: Vec<Found>, style: &Style) -> (Vec<Block>, Vec<PageTurn>) {
    let mut words = Words::default();
    tables.iter().flat_map(Found::lines).for_each(|line| words.add_line(&line.text));
    groups.iter().flat_map(|group| &group.lines).for_each(|line| words.add_line(&line.text));
    for group in &groups {
        let full = group.lines.windows(2).zip(&group.reaches).filter(|(_, reach)| **reach != Reach::Short);
        full.for_each(|(pair, _)| words.add_break(&pair[0].text, &pair[1].text));
    }
    let headings: Vec<Option<Heading>> = groups
        .iter()
        .map(|group| match group.kind {
            Kind::Table(_) | Kind::Code => None,
            Kind::Text | Kind::Item => style.heading(&group.lines, &plain(&group.lines)),
        })
        .collect();
    let levels = levels(headings.iter().filter_map(|heading| match heading {
        Some(Heading::Looks(looks)) => Some(*looks),
        _ => None,
    }));
    let mut depths = Depths::default();
    let mut tables = Tables { found: tables.into_iter().map(Some).collect(), style };
    let (mut blocks, mut turns) = (Vec::with_capacity(groups.len()), Vec::new());
    for (group, heading) in groups.into_iter().zip(headings) {
        let at = Some(Locator::Pages { first: group.pages.0, last: group.pages.1 });
        let level = heading.map(|heading| level_of(heading, &levels));
        let Some((kind, own)) = block(group, level, &mut tables, &words, &mut depths) else { continue };
        turns.extend(own.into_iter().map(|(at, page)| PageTurn { block: blocks.len(), at, page }));
        blocks.push(Block { kind, at });
    }
    (blocks, turns)
}

/// The tables that are still to be written.
struct Tables<'a> {
    found: Vec<Option<Found>>,
    style: &'a Style,
}

fn level_of(heading: Heading, levels: &HashMap<Looks, u8>) -> u8 {
    match heading {
        Heading::Tagged(level) => level,
        Heading::Looks(looks) => levels.get(&looks).copied().unwrap_or(6),
    }
}

fn block(
    group: Group,
    level: Option<u8>,
    tables: &mut Tables<'_>,
    words: &Words,
    depths: &mut Depths,
) -> Option<(BlockKind, Vec<(usize, u32)>)> {
    let (text, mut turns) = match group.kind {
        Kind::Table(_) | Kind::Code => Default::default(),
        Kind::Text | Kind::Item => text_and_turns(&group, words),
    };
    let kind = match (group.kind, level) {
        (Kind::Table(index), _) => BlockKind::Table(tables.found.get_mut(index)?.take()?.table(words, tables.style)),
        (Kind::Code, _) => BlockKind::Code(code(&group.lines)),
        (_, Some(level)) => BlockKind::Heading { level, text },
        (Kind::Text, None) => BlockKind::Paragraph(text),
        (Kind::Item, None) => {
            let (marker, length) = mark(&text).map_or((ListMarker::Bullet, 0), |mark| (mark.marker, mark.length));
            let depth = depths.of(group.lines.first().map_or(0.0, |line| line.area.left));
            turns.iter_mut().for_each(|(at, _)| *at = at.saturating_sub(length));
            BlockKind::ListItem { depth, marker, text: text[length..].to_owned() }
        }
    };
    if !matches!(kind, BlockKind::ListItem { .. }) {
        depths.lefts.clear();
    }
    let is_empty = match &kind {
        BlockKind::Heading { text, .. }
        | BlockKind::Paragraph(text)
        | BlockKind::Quote(text)
        | BlockKind::ListItem { text, .. } => text.is_empty(),
        BlockKind::Code(_) | BlockKind::Table(_) => false,
    };
    (!is_empty).then_some((kind, turns))
}

/// How deep items of lists stand, by where their marks stand.
#[derive(Debug, Default)]
struct Depths {
    lefts: Vec<f32>,
}

impl Depths {
    fn of(&mut self, left: f32) -> u8 {
        while self.lefts.last().is_some_and(|last| left < last - INDENT) {
            self.lefts.pop();
        }
        if self.lefts.last().is_none_or(|last| left > last + INDENT) && self.lefts.len() < MAX_DEPTHS {
            self.lefts.push(left);
        }
        self.lefts.len().saturating_sub(1) as u8
    }
}

/// Items whose marks stand at most so far apart (points) are of one depth.
const INDENT: f32 = 4.0;

/// Deepest list.
const MAX_DEPTHS: usize = 9;
