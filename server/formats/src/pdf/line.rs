//! Puts the runs of text that a page draws together to lines: first to pieces without a wide gap, then, once the columns
//! are known, to whole lines.

use std::collections::HashMap;

use super::columns;
use super::geometry::Area;

/// Text with its place and looks: a run as drawn, a piece of a line, or a line.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Line {
    /// The text, with the blank at its end if the file has one there.
    pub(super) text: String,
    /// Where it stands.
    pub(super) area: Area,
    /// The font size of most of its characters, in points.
    pub(super) size: f32,
    /// Its characters but blanks.
    pub(super) chars: usize,
    /// How many of them are bold.
    pub(super) bold: usize,
    /// Whether its first run is bold.
    pub(super) starts_bold: bool,
    /// How many of them are in a font of equal widths.
    pub(super) mono: usize,
    /// The font of most of its characters.
    pub(super) font: u64,
    /// What the file's structure says about its first run.
    pub(super) tag: Tag,
    /// The table that stands here instead of text, by its number on the page.
    pub(super) table: Option<usize>,
}

/// What a tagged file says about a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tag {
    /// The heading's level.
    pub(super) heading: Option<u8>,
    /// The number of the block (paragraph, item) that it belongs to; 0 where none is told.
    pub(super) block: u32,
    /// Whether it is preformatted.
    pub(super) is_code: bool,
}

/// The widest gap inside a piece, in font sizes. A blank takes a quarter to a half, gutters of columns take one at least.
const PIECE_GAP: f32 = 0.8;

/// The narrowest gap between runs that is a blank, in font sizes. Runs end at a gap or where looks change.
const BLANK_GAP: f32 = 0.12;

/// How many runs of one place are compared: more lie there only in a file that means harm.
const NEAREST: usize = 24;

impl Line {
    /// A run of text.
    pub(super) fn run(text: String, area: Area, size: f32) -> Self {
        let chars = text.chars().filter(|c| !c.is_whitespace()).count();
        Self { text, area, size, chars, ..Self::default() }
    }

    /// Whether most of it is bold.
    pub(super) fn is_bold(&self) -> bool {
        self.chars > 0 && self.bold * 10 >= self.chars * 9
    }

    /// Whether most of it is in a font of equal widths.
    pub(super) fn is_mono(&self) -> bool {
        self.chars > 0 && self.mono * 10 >= self.chars * 9
    }

    /// How wide a character is, on average.
    pub(super) fn char_width(&self) -> f32 {
        self.area.width() / (self.text.trim().chars().count().max(1) as f32)
    }

    /// Adds what stands to the right.
    fn append(&mut self, other: Self) {
        let gap = other.area.left - self.area.right;
        let is_apart = gap > BLANK_GAP * self.size.max(other.size);
        let has_blank = self.text.ends_with(char::is_whitespace) || other.text.starts_with(char::is_whitespace);
        if is_apart && !has_blank && !self.text.is_empty() && !other.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(&other.text);
        if other.chars > self.chars {
            self.size = other.size;
            self.font = other.font;
        }
        self.area = self.area.around(other.area);
        self.chars += other.chars;
        self.bold += other.bold;
        self.mono += other.mono;
        self.tag = if self.tag == Tag::default() { other.tag } else { self.tag };
    }
}

/// The lines of a page in reading order, each group a column.
pub(super) fn columns(pieces: Vec<Line>) -> Vec<Vec<Line>> {
    let areas: Vec<Area> = pieces.iter().map(|piece| piece.area).collect();
    let mut pieces: Vec<Option<Line>> = pieces.into_iter().map(Some).collect();
    columns::groups(&areas)
        .into_iter()
        .map(|group| rows(group.into_iter().filter_map(|index| pieces[index].take()).collect()))
        .collect()
}

/// Joins runs to pieces of lines that no wide gap divides.
pub(super) fn pieces(runs: Vec<Line>) -> Vec<Line> {
    pieces_within(runs, PIECE_GAP)
}

/// Joins runs to pieces that no gap of so many font sizes divides.
pub(super) fn pieces_within(mut runs: Vec<Line>, widest: f32) -> Vec<Line> {
    runs.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
    let mut pieces: Vec<Line> = Vec::new();
    // The pieces by where their middle stands, in steps of eight points.
    let mut places: HashMap<i32, Vec<usize>> = HashMap::new();
    for run in runs {
        let place = place_of(run.area);
        let reach = ((run.area.height() / 16.0) as i32 + 1).min(8);
        let nearest = (place - reach..=place + reach)
            .flat_map(|place| places.get(&place).into_iter().flat_map(|known| known.iter().rev().take(NEAREST)))
            .copied()
            .filter(|index| continues(&pieces[*index], &run, widest))
            .max_by(|a, b| pieces[*a].area.right.total_cmp(&pieces[*b].area.right));
        if let Some(index) = nearest {
            pieces[index].append(run);
        } else {
            places.entry(place).or_default().push(pieces.len());
            pieces.push(run);
        }
    }
    pieces.retain(|piece| piece.chars > 0 || piece.table.is_some());
    pieces
}

fn place_of(area: Area) -> i32 {
    (area.middle_y() / 8.0) as i32
}

fn continues(piece: &Line, run: &Line, widest: f32) -> bool {
    let size = piece.size.min(run.size).max(1.0);
    let gap = run.area.left - piece.area.right;
    piece.table.is_none()
        && run.table.is_none()
        && piece.area.shares_row(run.area)
        && gap < widest * size
        && gap > -size.max(0.5 * run.area.width())
}

/// The rows of a column, from the top.
pub(super) fn rows(mut pieces: Vec<Line>) -> Vec<Line> {
    pieces.sort_by(|a, b| a.area.top.total_cmp(&b.area.top));
    let mut rows: Vec<Vec<Line>> = Vec::new();
    for piece in pieces {
        let row = rows
            .iter_mut()
            .rev()
            .take(3)
            .find(|row| piece.table.is_none() && row[0].table.is_none() && row[0].area.shares_row(piece.area));
        match row {
            Some(row) => row.push(piece),
            None => rows.push(vec![piece]),
        }
    }
    rows.into_iter().filter_map(row).collect()
}

fn row(mut pieces: Vec<Line>) -> Option<Line> {
    pieces.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
    pieces.into_iter().reduce(|mut line, piece| {
        line.append(piece);
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, left: f32, top: f32, right: f32) -> Line {
        Line::run(text.to_owned(), Area::new(left, top, right, top + 10.0), 10.0)
    }

    fn check(runs: Vec<Line>, expect: &[&[&str]]) {
        let found: Vec<Vec<String>> =
            columns(pieces(runs)).into_iter().map(|lines| lines.into_iter().map(|line| line.text).collect()).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn runs_of_a_line_are_joined_from_the_left() {
        check(vec![run("world", 80.0, 0.0, 110.0), run("Hello", 50.0, 0.5, 77.0)], &[&["Hello world"]]);
        check(vec![run("Hel", 50.0, 0.0, 65.0), run("lo", 65.5, 0.0, 76.0)], &[&["Hello"]]);
        check(vec![run("Hello ", 50.0, 0.0, 79.0), run("world", 80.0, 0.0, 110.0)], &[&["Hello world"]]);
        check(vec![run("below", 50.0, 12.0, 80.0), run("above", 50.0, 0.0, 80.0)], &[&["above", "below"]]);
    }

    #[test]
    fn a_raised_mark_belongs_to_its_line() {
        let mut mark = run("2", 101.0, -2.0, 105.0);
        mark.area.bottom = 4.0;
        mark.size = 6.0;
        check(vec![run("squared", 50.0, 0.0, 100.0), mark], &[&["squared2"]]);
    }

    #[test]
    fn columns_are_told_apart_by_their_gutter() {
        let side = |left: f32, word: &str| {
            (0..6).map(move |i| run(&format!("{word}{i}"), left, 12.0 * i as f32, left + 200.0)).collect::<Vec<_>>()
        };
        let runs = [side(50.0, "l"), side(262.0, "r")].concat();
        check(runs, &[&["l0", "l1", "l2", "l3", "l4", "l5"], &["r0", "r1", "r2", "r3", "r4", "r5"]]);
    }

    #[test]
    fn looks_are_counted_by_characters() {
        let mut bold = run("Title", 50.0, 0.0, 80.0);
        bold.bold = bold.chars;
        assert!(bold.is_bold());
        bold.append(run("and more text", 82.0, 0.0, 150.0));
        assert!(!bold.is_bold());
        assert_eq!(bold.chars, 16);
    }

    #[test]
    fn any_numbers_keep_every_run() {
        let odd = [f32::NAN, f32::INFINITY, -1e9, 0.0, 44.0];
        let mut runs = Vec::new();
        for a in odd {
            for b in odd {
                runs.push(Line::run("x".to_owned(), Area::new(a, b, b, a), a));
            }
        }
        let count = runs.len();
        assert_eq!(columns(pieces(runs)).concat().iter().map(|line| line.chars).sum::<usize>(), count);
    }
}
