//! Takes out what a layout repeats at the edge of every page: running headers and footers, and page numbers. Only what
//! stands in the margin of a page and shows at the same place on several goes; a file of one page keeps everything. Of
//! words that go, one copy stays where they stand first: what a document says is never lost.

use std::collections::{HashMap, HashSet};

use super::geometry::Area;
use super::line::Line;
use super::numbering::{comparable, counts_pages, digits, without_page, words_beside};

/// What a page shows near its upper and lower edge.
#[derive(Debug, Default)]
pub(super) struct Edges {
    marks: Vec<Mark>,
}

/// A line near an edge, made comparable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Mark {
    /// Its text in lower case; the number of its page as `#` and how far it is from the place in the file.
    text: String,
    kind: Kind,
    /// The distance of its middle from the page's upper edge, in steps.
    place: i32,
}

/// What a mark is of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// The line as it is.
    Whole,
    /// A number that grows with the page.
    Number,
    /// The words beside the number of the page.
    Words,
}

/// What of a page decides what is stripped from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// From 1.
    pub(super) number: u32,
    /// In points.
    pub(super) height: f32,
    /// The font size of the document's running text.
    pub(super) body: f32,
}

/// The share of the page's height that is its edge. Margins take 7 to 12 %, a header stands inside them.
const EDGE: f32 = 0.11;

/// The share in which a header set apart from the text may stand: some margins are wider.
const FAR_HEADER: f32 = 0.14;

/// The share in which the number of a page set apart from the text may stand.
const FAR_NUMBER: f32 = 0.2;

/// How far the same header may move from page to page, in points.
const STEP: f32 = 4.0;

/// Longest text of a header or footer.
const MAX_CHARS: usize = 160;

/// Texts that repeat: what a page's edge must share with other pages to be taken out.
#[derive(Debug, Default)]
pub(super) struct Running {
    /// How many pages there are.
    pages: usize,
    repeated: HashSet<Mark>,
    /// The words of which a copy is kept.
    kept: HashSet<String>,
}

impl Edges {
    /// The lines near the edges of a page, which has a number.
    pub(super) fn of(lines: &[Line], number: u32, height: f32) -> Self {
        let marks = at_edge(lines, height).into_iter().flat_map(|index| Mark::of(&lines[index], number)).collect();
        Self { marks }
    }
}

impl Mark {
    /// What a line may share with other pages: its text, and its words beside the number of its page.
    fn of(line: &Line, number: u32) -> Vec<Self> {
        if line.table.is_some() || line.text.len() > 4 * MAX_CHARS {
            return Vec::new();
        }
        let place = (line.area.middle_y() / STEP).round() as i32;
        let kind = |text: &str| {
            if text.contains('#') && !line.text.contains('#') { Kind::Number } else { Kind::Whole }
        };
        let wholes = comparable(&line.text, number).into_iter().map(|text| Self { kind: kind(&text), text, place });
        let words = words_beside(&line.text, number).map(|text| Self { kind: Kind::Words, text, place });
        wholes.chain(words).filter(|mark| !mark.text.is_empty()).collect()
    }
}

impl Running {
    /// What repeats among the edges of all pages.
    pub(super) fn of(pages: &[Edges]) -> Self {
        // Books have other headers on the left than on the right, so half of few pages are enough.
        let needed = if pages.len() <= 5 { 2 } else { 3 };
        let mut counts: HashMap<&Mark, usize> = HashMap::new();
        for page in pages {
            let distinct: HashSet<&Mark> = page.marks.iter().collect();
            for mark in distinct {
                *counts.entry(mark).or_default() += 1;
            }
        }
        // A header that falls between two steps counts for both.
        let near = |mark: &Mark| {
            let beside = |step: i32| counts.get(&Mark { place: mark.place + step, ..mark.clone() }).copied();
            beside(-1).unwrap_or(0).max(beside(1).unwrap_or(0))
        };
        let repeated = counts.iter().filter(|(mark, count)| **count + near(mark) >= needed);
        let repeated = repeated.map(|(mark, _)| (*mark).clone()).collect();
        Self { pages: pages.len(), repeated, kept: HashSet::new() }
    }

    /// Takes out of a page's lines what repeats, and hands back what of it no page before showed. Titles of slides repeat
    /// too, in letters larger than those of running text, and stay.
    pub(super) fn strip(&mut self, lines: &mut Vec<Line>, page: Shape) -> Vec<Line> {
        if self.pages < 2 {
            return Vec::new();
        }
        let mut running = self.running(lines, page);
        let mut kept = Vec::new();
        for row in rows(lines, &running) {
            let pieces: Vec<&Line> = row.iter().map(|index| &lines[*index]).collect();
            let Some(words) = self.words(&pieces, page.number) else { continue };
            if !self.kept.insert(words) {
                continue;
            }
            // What stands close above the text may be the header of a table, which goes on below it.
            if pieces[0].area.middle_y() < 0.5 * page.height && !is_apart(lines, &row) {
                running.retain(|index| !row.contains(index));
            } else {
                kept.push(joined(&pieces, &self.without_number(&pieces, page.number)));
            }
        }
        let mut index = 0;
        lines.retain(|_| {
            index += 1;
            !running.contains(&(index - 1))
        });
        kept
    }

    /// Which lines of a page are headers, footers and numbers of pages.
    fn running(&self, lines: &[Line], page: Shape) -> HashSet<usize> {
        let Shape { number, height, body } = page;
        let is_repeated = |line: &Line| {
            Mark::of(line, number).iter().any(|mark| {
                let largest = if mark.kind == Kind::Words { SMALL } else { 1.3 };
                line.size < largest * body && self.repeated.contains(mark)
            })
        };
        let at_edge = at_edge(lines, height);
        let mut running: HashSet<usize> = at_edge.iter().copied().filter(|index| is_repeated(&lines[*index])).collect();
        for row in [outermost(lines, Edge::Upper), outermost(lines, Edge::Lower)] {
            let row: Vec<usize> = row.into_iter().filter(|index| at_edge.contains(index)).collect();
            let is_upper = row.first().is_some_and(|index| lines[*index].area.middle_y() < 0.5 * height);
            let edge = if is_upper { Edge::Upper } else { Edge::Lower };
            let pieces: Vec<&Line> = row.iter().map(|index| &lines[*index]).collect();
            if pieces.iter().all(|line| line.size < SMALL * body) && is_numbered(pieces, number, edge) {
                running.extend(row);
            }
        }
        for index in text_at_top(lines, &running, page) {
            running.remove(&index);
        }
        // A figure stays beside the words that it belongs to, and the raised number of a note before the note.
        let has_words = |index: usize| {
            let beside = |other: &usize| lines[index].area.shares_row(lines[*other].area) && !running.contains(other);
            let mut others = (0..lines.len()).filter(beside).map(|other| &lines[other]);
            others.any(|line| line.table.is_none() && !counts_pages(&line.text))
        };
        let is_alone = |index: &usize| !counts_pages(&lines[*index].text) || !has_words(*index);
        running.iter().copied().filter(is_alone).collect()
    }

    /// Whether a piece of a row is the number of its page.
    fn is_number(&self, line: &Line, number: u32) -> bool {
        let grows = |mark: &Mark| mark.kind == Kind::Number && self.repeated.contains(mark);
        digits(&line.text) == Some(number) || Mark::of(line, number).iter().any(grows)
    }

    /// What a row says, without the number of the page where that is sure to be one: it is called so, or stands beside words
    /// that are the same on other pages. A year is none.
    fn without_number(&self, pieces: &[&Line], number: u32) -> String {
        let (numbers, words): (Vec<&Line>, Vec<&Line>) = pieces.iter().partition(|line| self.is_number(line, number));
        let repeats = |line: &Line| Mark::of(line, number).iter().any(|mark| self.repeated.contains(mark));
        let words_repeat = words.iter().all(|line| repeats(line));
        let is_left_out = |line: &Line| {
            let is_year = digits(&line.text).is_some_and(|value| YEARS.contains(&value) && value != number);
            words_repeat && !is_year && numbers.iter().any(|other| std::ptr::eq(*other, line))
        };
        let shown = pieces.iter().filter(|line| words.is_empty() || !is_left_out(line));
        let texts = shown.map(|line| without_page(&line.text).unwrap_or_else(|| line.text.trim().to_owned()));
        texts.collect::<Vec<_>>().join(" ")
    }

    /// What a row says beside the number of the page, if anything. A year is no such number.
    fn words(&self, pieces: &[&Line], number: u32) -> Option<String> {
        let (numbers, words): (Vec<&Line>, Vec<&Line>) = pieces.iter().partition(|line| self.is_number(line, number));
        let years = numbers.iter().filter_map(|line| digits(&line.text));
        let years = years.filter(|value| YEARS.contains(value) && *value != number).map(|year| year.to_string());
        let words = words.iter().map(|line| {
            let whole = || line.text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
            let beside = || without_page(&line.text).map(|text| text.to_lowercase());
            beside().or_else(|| words_beside(&line.text, number)).unwrap_or_else(whole)
        });
        let words: Vec<String> = words.collect();
        (!words.is_empty()).then(|| words.into_iter().chain(years).collect::<Vec<_>>().join(" "))
    }
}

/// Numbers that are years where words stand beside them.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2100;

/// The rows of some lines, from the top, each from its left.
fn rows(lines: &[Line], chosen: &HashSet<usize>) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = chosen.iter().copied().collect();
    order.sort_by(|a, b| lines[*a].area.middle_y().total_cmp(&lines[*b].area.middle_y()).then(a.cmp(b)));
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for index in order {
        match rows.last_mut().filter(|row| lines[row[0]].area.shares_row(lines[index].area)) {
            Some(row) => row.push(index),
            None => rows.push(vec![index]),
        }
    }
    rows.iter_mut().for_each(|row| row.sort_by(|a, b| lines[*a].area.left.total_cmp(&lines[*b].area.left)));
    rows
}

/// Rows that are the same at the top of several pages and begin their text all the same: the first is several words as wide as
/// what stands below, of its size, and no gap parts them from each other and from that.
fn text_at_top(lines: &[Line], running: &HashSet<usize>, page: Shape) -> Vec<usize> {
    let others = (0..lines.len()).filter(|index| !running.contains(index));
    let widest = others.map(|index| lines[index].area.width()).fold(0.0, f32::max);
    let (mut text, mut goes_on) = (Vec::new(), false);
    for row in rows(lines, running) {
        let first = &lines[row[0]];
        let is_as_text = row.len() == 1
            && first.text.split_whitespace().count() > 3
            && first.size >= SMALL * page.body
            && widest > 0.0
            && first.area.width() >= TEXT_WIDTH * widest;
        goes_on = (goes_on || is_as_text) && first.area.middle_y() < 0.5 * page.height && !is_apart(lines, &row);
        if goes_on {
            text.extend(row);
        }
    }
    text
}

/// The share of the width of a page's text from which on a line of it is a full one.
const TEXT_WIDTH: f32 = 0.85;

/// Whether a gap lies between a row and what stands below it.
fn is_apart(lines: &[Line], row: &[usize]) -> bool {
    let area = row.iter().map(|index| lines[*index].area).reduce(Area::around).unwrap_or_default();
    let below = lines.iter().filter(|line| line.area.middle_y() > area.bottom);
    let Some(next) = below.min_by(|a, b| a.area.top.total_cmp(&b.area.top)) else { return true };
    next.area.top - area.bottom > GAP * lines[row[0]].size.max(next.size)
}

/// A row as one line with this text.
fn joined(row: &[&Line], text: &str) -> Line {
    let area = row.iter().map(|line| line.area).reduce(Area::around).unwrap_or_default();
    Line::run(text.to_owned(), area, row.first().map_or(0.0, |line| line.size))
}

/// A header that is written once, as those of the left pages of a short file, is smaller than this share of running text.
const SMALL: f32 = 0.96;

/// An edge of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Upper,
    Lower,
}

/// Whether the outermost row of a page is a header or footer by the number of the page in it: nothing but that; at the left
/// of a header or the right of either, apart from the words. A note at the foot of a page starts with a number too.
fn is_numbered(mut row: Vec<&Line>, number: u32, edge: Edge) -> bool {
    row.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
    let is_number = |line: &Line| digits(&line.text) == Some(number);
    match row[..] {
        [] => false,
        [line] if is_number(line) => true,
        [line] => {
            let (first, rest) = line.text.trim().split_once(' ').unwrap_or_default();
            let is_short = rest.chars().count() <= MAX_HEADER && !rest.trim_end().ends_with(['.', '다', ';', ':']);
            edge == Edge::Upper && first.parse() == Ok(number) && (is_short || rest.trim_end().ends_with("al."))
        }
        [first, .., before, last] | [first @ before, last] => {
            let is_apart = last.area.left - before.area.right > APART * last.size;
            is_number(last) && is_apart || edge == Edge::Upper && is_number(first)
        }
    }
}

/// Longest header that is known by its number alone.
const MAX_HEADER: usize = 60;

/// How far the number of a page stands from the words of its row, in font sizes.
const APART: f32 = 2.0;

/// Which lines stand at a page's edge: inside its margins, or first or last with a gap to the others and not far from them.
fn at_edge(lines: &[Line], height: f32) -> Vec<usize> {
    let within = |index: usize, share: f32| {
        let middle = lines[index].area.middle_y();
        middle.min(height - middle) <= share * height
    };
    let is_far = |index: &usize, edge: Edge| {
        edge == Edge::Upper && within(*index, FAR_HEADER)
            || counts_pages(&lines[*index].text) && within(*index, FAR_NUMBER)
    };
    let inner = (0..lines.len()).filter(|index| within(*index, EDGE));
    let far = [Edge::Upper, Edge::Lower]
        .into_iter()
        .flat_map(|edge| outermost(lines, edge).into_iter().filter(move |index| is_far(index, edge)));
    let mut found: Vec<usize> = inner.chain(far).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The outermost row at an edge, if a gap lies between it and the other text.
fn outermost(lines: &[Line], edge: Edge) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|a, b| lines[*a].area.middle_y().total_cmp(&lines[*b].area.middle_y()));
    if edge == Edge::Lower {
        order.reverse();
    }
    let Some(row) = order.first().map(|index| lines[*index].area) else { return Vec::new() };
    let end = order.iter().take_while(|index| lines[**index].area.shares_row(row)).count().max(1);
    let is_row = order.get(end).is_some_and(|next| {
        let (last, next) = (&lines[order[end - 1]], &lines[*next]);
        let gap = match edge {
            Edge::Upper => next.area.top - last.area.bottom,
            Edge::Lower => last.area.top - next.area.bottom,
        };
        gap > GAP * last.size.max(next.size)
    });
    if is_row { order[..end].to_vec() } else { Vec::new() }
}

/// The gap between a header or footer and the text, in font sizes.
const GAP: f32 = 0.8;

#[cfg(test)]
mod tests;
