//! Takes out what a layout repeats at the edge of every page: running headers and footers, and page numbers. Only what
//! several pages show at the same place goes; a file of one page keeps everything.

use std::collections::{HashMap, HashSet};

use super::geometry::Area;
use super::line::Line;
use super::numbering::{comparable, digits, words_beside};

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
    /// Whether other words stand beside the number.
    has_words: bool,
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
        let wholes = comparable(&line.text, number).into_iter().map(|text| Self { text, has_words: false, place });
        let words = words_beside(&line.text, number).map(|text| Self { text, has_words: true, place });
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
        Self { pages: pages.len(), repeated: repeated.map(|(mark, _)| (*mark).clone()).collect() }
    }

    /// Takes out of a page's lines what repeats. `body` is the font size of running text: titles of slides repeat too, in
    /// larger letters, and stay. `number` is the page's.
    pub(super) fn strip(&self, lines: &mut Vec<Line>, number: u32, height: f32, body: f32) {
        if self.pages < 2 {
            return;
        }
        let is_repeated = |line: &Line| {
            Mark::of(line, number).iter().any(|mark| {
                let largest = if mark.has_words { SMALL } else { 1.3 };
                line.size < largest * body && self.repeated.contains(mark)
            })
        };
        let at_edge = at_edge(lines, height);
        let mut running: HashSet<usize> = at_edge.iter().copied().filter(|index| is_repeated(&lines[*index])).collect();
        // The number of a note is raised before it, and stays with it.
        running.retain(|index| {
            !lines
                .iter()
                .enumerate()
                .any(|(other, line)| is_note(&lines[*index], line, height) && !is_repeated(&lines[other]))
        });
        for row in [outermost(lines, Edge::Upper), outermost(lines, Edge::Lower)] {
            let row: Vec<usize> = row.into_iter().filter(|index| at_edge.contains(index)).collect();
            let is_upper = row.first().is_some_and(|index| lines[*index].area.middle_y() < 0.5 * height);
            let edge = if is_upper { Edge::Upper } else { Edge::Lower };
            let pieces: Vec<&Line> = row.iter().map(|index| &lines[*index]).collect();
            if pieces.iter().all(|line| line.size < SMALL * body) && is_numbered(pieces, number, edge) {
                running.extend(row);
            }
        }
        let mut index = 0;
        lines.retain(|_| {
            index += 1;
            !running.contains(&(index - 1))
        });
    }
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

/// How far the number of a note may stand before it, in font sizes.
const NOTE_INDENT: f32 = 3.0;

/// Whether a line holds the number of a note at the foot of a page, which is the other line.
fn is_note(mark: &Line, text: &Line, height: f32) -> bool {
    let gap = text.area.left - mark.area.right;
    mark.area.middle_y() > 0.5 * height
        && digits(&mark.text).is_some()
        && mark.area.shares_row(text.area)
        && gap > -0.5 * mark.size
        && gap < NOTE_INDENT * text.size
        && text.chars > mark.chars
}

/// Which lines stand at a page's edge: inside its margins, or first or last with a gap to the others.
fn at_edge(lines: &[Line], height: f32) -> Vec<usize> {
    let in_margin = |area: Area| area.middle_y() <= EDGE * height || area.middle_y() >= (1.0 - EDGE) * height;
    let inner = (0..lines.len()).filter(|index| in_margin(lines[*index].area));
    let mut found: Vec<usize> =
        inner.chain(outermost(lines, Edge::Upper)).chain(outermost(lines, Edge::Lower)).collect();
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
mod tests {
    use super::*;

    const HEIGHT: f32 = 800.0;

    fn line(text: &str, top: f32, size: f32) -> Line {
        Line::run(text.to_owned(), Area::new(50.0, top, 300.0, top + size), size)
    }

    /// Which texts are left of pages, each a list of text and place.
    fn check(pages: &[Vec<Line>], expect: &[&[&str]]) {
        let edges: Vec<Edges> = (1..).zip(pages).map(|(number, lines)| Edges::of(lines, number, HEIGHT)).collect();
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
        let edges: Vec<Edges> = (1..).zip(&kept).map(|(number, lines)| Edges::of(lines, number, HEIGHT)).collect();
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

    /// Notes whose numbers are by chance those of their pages were taken for footers.
    #[test]
    fn a_note_with_the_number_of_its_page_stays() {
        let page = |number: usize, note: &str| {
            let body = format!("body {number}");
            vec![line(&body, 300.0, 11.0), line(&format!("{number} {note}"), 752.0, 8.0)]
        };
        let pages = [page(1, "Penalty class A."), page(2, "See the annex"), page(3, "As of 2026")];
        check(
            &pages,
            &[&["body 1", "1 Penalty class A."], &["body 2", "2 See the annex"], &["body 3", "3 As of 2026"]],
        );
        let raised = |number: usize, note: &str| {
            let mut mark = line(&number.to_string(), 750.0, 5.0);
            mark.area = Area::new(50.0, 750.0, 53.0, 755.0);
            let mut text = line(note, 752.0, 8.0);
            text.area.left = 66.0;
            vec![line(&format!("body {number}"), 300.0, 11.0), mark, text]
        };
        let pages = [raised(1, "Penalty class A."), raised(2, "See the annex"), raised(3, "As of 2026")];
        check(
            &pages,
            &[&["body 1", "1", "Penalty class A."], &["body 2", "2", "See the annex"], &["body 3", "3", "As of 2026"]],
        );
    }

    #[test]
    fn words_that_repeat_beside_the_number_go() {
        let page = |number: usize, body: &str| {
            vec![line(body, 300.0, 10.0), line(&format!("{number} Annual report of the works."), 760.0, 8.0)]
        };
        check(&[page(1, "a"), page(2, "b"), page(3, "c")], &[&["a"], &["b"], &["c"]]);
        let page = |body: &str, footer: &str| vec![line(body, 300.0, 10.0), line(footer, 760.0, 8.0)];
        check(&[page("a", "1 / 3"), page("b", "2 / 3"), page("c", "3 / 3")], &[&["a"], &["b"], &["c"]]);
    }

    /// The title of a section stands beside the number of the page, but far from it.
    #[test]
    fn a_footer_whose_words_change_goes_and_a_caption_stays() {
        let page = |body: &str, title: &str, number: &str| {
            let mut number = line(number, 760.0, 8.0);
            (number.area.left, number.area.right) = (500.0, 510.0);
            vec![line(body, 300.0, 10.0), line(title, 760.0, 8.0), number]
        };
        check(&[page("a", "Methods", "1"), page("b", "Results", "2")], &[&["a"], &["b"]]);
        let page = |number: usize| {
            vec![line(&format!("Table {number}"), 40.0, 9.0), line(&format!("body {number}"), 300.0, 10.0)]
        };
        check(&[page(1), page(2), page(3)], &[&["Table 1", "body 1"], &["Table 2", "body 2"], &["Table 3", "body 3"]]);
    }

    #[test]
    fn figures_at_the_foot_of_pages_stay() {
        let page = |body: &str, figure: &str| vec![line(body, 300.0, 10.0), line(figure, 748.0, 10.0)];
        check(
            &[page("a", "1,200"), page("b", "340"), page("c", "45%"), page("d", "78")],
            &[&["a", "1,200"], &["b", "340"], &["c", "45%"], &["d", "78"]],
        );
    }
}
