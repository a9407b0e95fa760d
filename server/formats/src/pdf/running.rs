//! Takes out what a layout repeats at the edge of every page: running headers and footers, and page numbers. Only what
//! several pages show at the same place goes; a file of one page keeps everything.

use std::collections::{HashMap, HashSet};

use super::geometry::Area;
use super::line::Line;

/// What a page shows near its upper and lower edge.
#[derive(Debug, Default)]
pub(super) struct Edges {
    marks: Vec<Mark>,
}

/// A line near an edge, made comparable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Mark {
    /// Its text in lower case, a page's number as `#`.
    text: String,
    /// The distance of its middle from the page's upper edge, in steps.
    place: i32,
}

/// The share of the page's height that is its edge. Margins take 7 to 12 %, a header stands inside them.
const EDGE: f32 = 0.11;

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
}

impl Edges {
    /// The lines near the edges of a page.
    pub(super) fn of(lines: &[Line], height: f32) -> Self {
        let marks = at_edge(lines, height).into_iter().filter_map(|index| Mark::of(&lines[index])).collect();
        Self { marks }
    }
}

impl Mark {
    fn of(line: &Line) -> Option<Self> {
        if line.table.is_some() || line.text.len() > 4 * MAX_CHARS {
            return None;
        }
        let place = (line.area.middle_y() / STEP).round() as i32;
        Some(Self { text: comparable(&line.text), place }).filter(|mark| !mark.text.is_empty())
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
            let beside = |step: i32| counts.get(&Mark { text: mark.text.clone(), place: mark.place + step }).copied();
            beside(-1).unwrap_or(0).max(beside(1).unwrap_or(0))
        };
        let repeated = counts.iter().filter(|(mark, count)| **count + near(mark) >= needed);
        Self { pages: pages.len(), repeated: repeated.map(|(mark, _)| (*mark).clone()).collect() }
    }

    /// Takes out of a page's lines what repeats. `body` is the font size of running text: titles of slides repeat too, in
    /// larger letters, and stay. `number` is the page's.
    pub(super) fn strip(&self, lines: &mut Vec<Line>, number: u32, height: f32, body: f32) {
        if self.pages < 2 {
            return;
        }
        let is_numbered = |line: &Line| line.size < SMALL * body && is_numbered(&line.text, number);
        let numbers: Vec<Area> = lines.iter().filter(|line| is_numbered(line)).map(|line| line.area).collect();
        let is_running = |line: &Line| {
            let is_repeated = Mark::of(line).is_some_and(|mark| self.repeated.contains(&mark));
            let is_beside_number = numbers.iter().any(|place| place.shares_row(line.area));
            line.size <= 1.3 * body && is_repeated || line.size < SMALL * body && is_beside_number
        };
        let at_edge: HashSet<usize> = at_edge(lines, height).into_iter().collect();
        let mut index = 0;
        lines.retain(|line| {
            index += 1;
            !(at_edge.contains(&(index - 1)) && is_running(line))
        });
    }
}

/// A header that is written once, as those of the left pages of a short file, is smaller than this share of running text.
const SMALL: f32 = 0.96;

/// Whether a line starts or ends with the number of its page.
fn is_numbered(text: &str, number: u32) -> bool {
    let is_number = |word: Option<&str>| word.is_some_and(|word| word.parse() == Ok(number));
    text.len() <= MAX_CHARS && (is_number(text.split_whitespace().next()) || is_number(text.split_whitespace().last()))
}

/// Which lines stand at a page's edge: inside its margins, or first or last with a gap to the others.
fn at_edge(lines: &[Line], height: f32) -> Vec<usize> {
    let in_margin = |area: Area| area.middle_y() <= EDGE * height || area.middle_y() >= (1.0 - EDGE) * height;
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|a, b| lines[*a].area.middle_y().total_cmp(&lines[*b].area.middle_y()));
    let is_apart = |before: usize, after: usize| {
        let (a, b) = (&lines[before], &lines[after]);
        b.area.top - a.area.bottom > GAP * a.size.max(b.size)
    };
    // The outermost row, if a gap follows it.
    let outermost = |order: &[usize], is_first: bool| -> Vec<usize> {
        let Some(row) = order.first().map(|index| lines[*index].area) else { return Vec::new() };
        let end = order.iter().take_while(|index| lines[**index].area.shares_row(row)).count();
        let is_row = order.get(end).is_some_and(|next| {
            if is_first { is_apart(order[end.max(1) - 1], *next) } else { is_apart(*next, order[end.max(1) - 1]) }
        });
        if is_row { order[..end].to_vec() } else { Vec::new() }
    };
    let first = outermost(&order, true);
    let backwards: Vec<usize> = order.iter().rev().copied().collect();
    let last = outermost(&backwards, false);
    let inner = (0..lines.len()).filter(|index| in_margin(lines[*index].area));
    let mut found: Vec<usize> = inner.chain(first).chain(last).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The gap between a header or footer and the text, in font sizes.
const GAP: f32 = 0.8;

/// A text to be compared with those of other pages: `Page 3 of 12` is the same on all. Other numbers count: `Error 500` and
/// `Error 503`, `Article 1` and `Article 2` open pages that have nothing else in common. Roman numbers are numbers where they
/// stand alone.
fn comparable(text: &str) -> String {
    let text = text.trim().to_lowercase();
    if !text.is_empty() && (text.chars().all(|c| "ivxlc".contains(c)) || text.chars().all(char::is_numeric)) {
        return "#".to_owned();
    }
    let is_page_word = |word: &str| word.is_empty() || PAGE_WORDS.contains(&word);
    if !text.split(|c: char| !c.is_alphabetic()).all(is_page_word) {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_numeric() { '#' } else { c };
        let is_repeat = c == '#' && made.ends_with('#') || c.is_whitespace() && made.ends_with(' ');
        if !is_repeat {
            made.push(if c.is_whitespace() { ' ' } else { c });
        }
    }
    made
}

/// What stands beside the number of a page.
const PAGE_WORDS: [&str; 12] = ["page", "pages", "p", "pp", "pg", "of", "seite", "von", "쪽", "페이지", "면", "제"];

#[cfg(test)]
mod tests {
    use super::*;

    const HEIGHT: f32 = 800.0;

    fn line(text: &str, top: f32, size: f32) -> Line {
        Line::run(text.to_owned(), Area::new(50.0, top, 300.0, top + size), size)
    }

    /// Which texts are left of pages, each a list of text and place.
    fn check(pages: &[Vec<Line>], expect: &[&[&str]]) {
        let edges: Vec<Edges> = pages.iter().map(|lines| Edges::of(lines, HEIGHT)).collect();
        let running = Running::of(&edges);
        let mut left = Vec::new();
        for (number, lines) in (1..).zip(pages) {
            let mut lines = lines.clone();
            running.strip(&mut lines, number, HEIGHT, 10.0);
            left.push(lines.into_iter().map(|line| line.text).collect::<Vec<_>>());
        }
        assert_eq!(left, expect);
    }

    #[test]
    fn headers_and_page_numbers_go() {
        let page = |number: usize, body: &str| {
            let footer = format!("- {number} -");
            vec![line("User Guide", 40.0, 10.0), line(body, 300.0, 10.0), line(&footer, 760.0, 10.0)]
        };
        check(&[page(9, "a"), page(10, "b"), page(11, "c"), page(12, "d")], &[&["a"], &["b"], &["c"], &["d"]]);
        check(&[page(1, "a"), page(2, "b")], &[&["a"], &["b"]]);
    }

    #[test]
    fn a_file_of_one_page_keeps_everything() {
        check(&[vec![line("User Guide", 40.0, 10.0), line("1", 780.0, 10.0)]], &[&["User Guide", "1"]]);
    }

    /// `Section 1: torque the bolt to 30 Nm` at the top of a page was taken for a header.
    #[test]
    fn lines_that_differ_in_their_numbers_stay() {
        let page = |number: u32| {
            vec![
                line(&format!("Article {number}."), 60.0, 10.0),
                line(&format!("body {number}"), 300.0, 10.0),
                line(&format!("end {number}"), 312.0, 10.0),
            ]
        };
        let expect: Vec<Vec<String>> =
            (1..=4).map(|n| vec![format!("Article {n}."), format!("body {n}"), format!("end {n}")]).collect();
        let expect: Vec<Vec<&str>> = expect.iter().map(|page| page.iter().map(String::as_str).collect()).collect();
        let expect: Vec<&[&str]> = expect.iter().map(Vec::as_slice).collect();
        check(&[page(1), page(2), page(3), page(4)], &expect);
    }

    #[test]
    fn what_stands_in_the_body_or_is_large_stays() {
        let body = |top: f32| line(&format!("body {}", "x".repeat(top as usize / 12)), top, 10.0);
        let page = vec![line("Agenda", 40.0, 28.0), body(288.0), line("Note", 300.0, 10.0), body(312.0)];
        let mut kept: Vec<Vec<Line>> = vec![page.clone(), page.clone(), page];
        let edges: Vec<Edges> = kept.iter().map(|lines| Edges::of(lines, HEIGHT)).collect();
        kept.iter_mut().for_each(|lines| Running::of(&edges).strip(lines, 1, HEIGHT, 10.0));
        assert!(kept.iter().all(|lines| lines.iter().any(|line| line.text == "Agenda")));
        assert!(kept.iter().all(|lines| lines.iter().any(|line| line.text == "Note")));
    }

    #[test]
    fn a_page_number_high_above_the_edge_goes() {
        let page = |number: &str, body: &str| vec![line(body, 300.0, 10.0), line(number, 650.0, 10.0)];
        check(&[page("1", "a"), page("2", "b")], &[&["a"], &["b"]]);
    }

    #[test]
    fn a_small_header_with_the_pages_number_goes() {
        let first = vec![line("Title", 40.0, 10.0), line("a", 300.0, 10.0)];
        let second = vec![line("2 Z. Shen et al.", 40.0, 9.0), line("b", 300.0, 10.0)];
        check(&[first.clone(), second], &[&["Title", "a"], &["b"]]);
        check(&[first, vec![line("2 Background", 40.0, 10.0)]], &[&["Title", "a"], &["2 Background"]]);
    }

    #[test]
    fn roman_numbers_and_a_moving_place_are_the_same_mark() {
        let page = |number: &str, top: f32| vec![line(number, top, 10.0)];
        check(&[page("iv", 760.0), page("v", 762.5), page("vi", 760.0), page("vii", 763.0)], &[&[], &[], &[], &[]]);
        check(&[page("Mix", 760.0), page("v", 760.0)], &[&["Mix"], &["v"]]);
    }

    #[test]
    fn numbers_are_made_alike() {
        assert_eq!(comparable(" Page 12  of 345 "), "page # of #");
        assert_eq!(comparable("- 3 쪽 -"), "- # 쪽 -");
        assert_eq!(comparable("Article  2."), "article 2.");
        assert_eq!(comparable("Ⅳ"), "#");
        assert_eq!(comparable(""), "");
    }
}
