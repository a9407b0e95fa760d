//! Cuts the lines of a column into what belongs together: paragraphs, items of lists, headings, code, tables. A break is
//! seen by a gap, an indent, a mark, other looks, or a line that ends although the next word had fitted.

use super::eojeol::is_hangul;
use super::geometry::median;
use super::join::Reach;
use super::line::Line;
use super::marks::mark;
use super::room::{EARLY, goes_on};
use super::style::{LARGER, Style, ends_sentence, numbering};
use crate::model::ListMarker;

/// Lines that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// What they are, as far as the column tells.
    pub(super) kind: Kind,
    /// The lines, from the top.
    pub(super) lines: Vec<Line>,
    /// How far each line reaches.
    pub(super) reaches: Vec<Reach>,
    /// The page of the first and of the last line, from 1.
    pub(super) pages: (u32, u32),
    /// Which lines are the first of another page, and that page.
    pub(super) turns: Vec<(usize, u32)>,
    /// Whether no line of its column comes near to the right edge.
    pub(super) is_narrow: bool,
}

/// What a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A paragraph or a heading.
    Text,
    /// An item of a list.
    Item,
    /// Lines in a font of equal widths.
    Code,
    /// A table.
    Table(usize),
}

/// A gap of more than this many usual line distances ends a paragraph.
const GAP: f32 = 1.35;

/// A gap of more than this many line distances ends code, in which blank lines are common.
const CODE_GAP: f32 = 3.2;

/// The groups of a column of a page, whose right edge is known where none of its lines comes near to it.
pub(super) fn groups(lines: Vec<Line>, page: u32, style: &Style, right: Option<f32>) -> Vec<Group> {
    let mut column = Column::of(&lines, style);
    if let Some(right) = right {
        (column.right, column.is_narrow) = (right, true);
    }
    column.groups(lines, page)
}

/// The groups of a cell between its left and right edges. In a cell most lines are short, and broken anywhere.
pub(super) fn groups_between(lines: Vec<Line>, style: &Style, (left, right): (f32, f32)) -> Vec<Group> {
    Column { left, right, breaks_early: true, ..Column::of(&lines, style) }.groups(lines, 0)
}

fn kind(line: &Line) -> Kind {
    match line.table {
        Some(table) => Kind::Table(table),
        None if mark(&line.text).is_some() && numbering(&line.text).is_none_or(|_| !line.is_bold()) => Kind::Item,
        None if line.is_mono() || line.tag.is_code => Kind::Code,
        None => Kind::Text,
    }
}

/// The edges of a column and the distance of its lines.
struct Column {
    left: f32,
    right: f32,
    leading: f32,
    has_blocks: bool,
    breaks_early: bool,
    /// The size of running text.
    body: f32,
    /// Whether no line comes near to the right edge.
    is_narrow: bool,
}

impl Column {
    fn groups(&self, lines: Vec<Line>, page: u32) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for line in lines {
            let reach = self.reach(&line);
            match groups.last_mut() {
                Some(group) if self.continues(group, &line) => {
                    group.lines.push(line);
                    group.reaches.push(reach);
                }
                _ => {
                    let (kind, is_narrow) = (kind(&line), self.is_narrow);
                    let (lines, reaches) = (vec![line], vec![reach]);
                    groups.push(Group { kind, lines, reaches, pages: (page, page), turns: Vec::new(), is_narrow });
                }
            }
        }
        groups
    }

    fn of(lines: &[Line], style: &Style) -> Self {
        let text = || lines.iter().filter(|line| line.table.is_none());
        let steps: Vec<f32> = lines
            .iter()
            .zip(lines.iter().skip(1))
            .filter(|(a, b)| (a.size - b.size).abs() < 0.5 && a.table.is_none() && b.table.is_none())
            .map(|(a, b)| (b.area.bottom - a.area.bottom) / a.size.max(1.0))
            .filter(|step| (0.8..3.0).contains(step))
            .collect();
        let leading = if steps.len() >= 5 { median(steps).min(1.5 * style.leading) } else { style.leading };
        Self {
            left: text().map(|line| line.area.left).fold(f32::INFINITY, f32::min),
            right: text().map(|line| line.area.right).fold(f32::NEG_INFINITY, f32::max),
            leading,
            has_blocks: style.has_blocks,
            breaks_early: style.breaks_early,
            body: style.body,
            is_narrow: false,
        }
    }

    /// How far a line reaches.
    fn reach(&self, line: &Line) -> Reach {
        match self.right - line.area.right {
            slack if slack > 0.15 * self.width() => Reach::Short,
            slack if slack > 1.1 * line.size => Reach::Near,
            _ => Reach::Full,
        }
    }

    /// Whether `next` continues a group.
    fn continues(&self, group: &Group, next: &Line) -> bool {
        let Some(last) = group.lines.last() else { return false };
        if last.table.is_some() || next.table.is_some() {
            return false;
        }
        let step = (next.area.bottom - last.area.bottom) / (last.size.max(next.size).max(1.0) * self.leading);
        if group.kind == Kind::Code && next.is_mono() {
            return (0.0..CODE_GAP).contains(&step);
        }
        let is_apart =
            !(0.3..GAP).contains(&step) || self.looks_differ(group, last, next) || self.is_new_tag(last, next);
        !is_apart && !self.starts_anew(group, last, next)
    }

    fn looks_differ(&self, group: &Group, last: &Line, next: &Line) -> bool {
        let ratio = next.size / last.size.max(0.1);
        let is_other_size = !(0.88..1.13).contains(&ratio);
        let is_other_weight = match (last.is_bold(), next.is_bold()) {
            (true, false) => group.lines.iter().all(Line::is_bold) && !next.starts_bold,
            (false, true) => self.is_short(last, next) || ends_sentence(&last.text),
            _ => false,
        };
        let is_other_font = next.is_mono() != last.is_mono() && (next.chars > 3 && last.chars > 3);
        is_other_size || is_other_weight || is_other_font
    }

    /// Whether `next` starts a new paragraph or item although nothing sets it apart.
    fn starts_anew(&self, group: &Group, last: &Line, next: &Line) -> bool {
        let first = &group.lines[0];
        let is_short = self.is_short(last, next);
        let slack = self.right - last.area.right;
        let is_one_block = self.has_blocks && last.tag.block != 0 && last.tag.block == next.tag.block;
        if group.lines.iter().all(Line::is_bold) && next.is_bold() && group.lines.len() < 3 {
            return numbering(&next.text).is_some() || mark(&next.text).is_some();
        }
        // `다.` is a mark, and how most sentences end.
        let is_ending = next.text.trim_start().starts_with("다.") && last.text.ends_with(is_hangul);
        if is_ending {
            return false;
        }
        if let Some(mark) = mark(&next.text)
            && !is_separator(last, next)
        {
            // A number that starts a line inside of an item may belong to its sentence.
            let is_hanging = next.area.left > first.area.left + 0.3 * next.size;
            let is_next_item = group.kind == Kind::Item && (mark.marker == ListMarker::Bullet || !is_hanging);
            return is_next_item || is_short || ends_sentence(&last.text) || last.text.trim_end().ends_with(':');
        }
        if is_one_block {
            return false;
        }
        if is_short && next.font != last.font && group.lines.len() <= 2 {
            return true;
        }
        let indent = next.area.left - last.area.left;
        let wide = next.size.max(last.size).max(6.0);
        match group.kind {
            Kind::Item => {
                let is_hanging = next.area.left > first.area.left + 0.3 * wide;
                let is_outdented = next.area.left < first.area.left - 0.5 * wide;
                let is_moved = group.lines.len() > 1 && indent.abs() > 0.5 * wide;
                let is_left = slack > 0.25 * self.width() || ends_sentence(&last.text) || is_moved;
                is_outdented && (is_short || ends_sentence(&last.text)) || is_short && (!is_hanging || is_left)
            }
            _ => {
                let is_first_line_indent = indent > 0.8 * wide && last.area.left - self.left < 0.5 * wide;
                let is_outdented = group.lines.len() > 1 && indent < -1.5 * wide;
                let is_early = slack > EARLY * self.width();
                let is_break = is_short && (ends_sentence(&last.text) || is_early && !self.goes_on(last, next));
                is_first_line_indent && (ends_sentence(&last.text) || is_short) || is_outdented || is_break
            }
        }
    }

    /// Whether a sentence goes on behind a line that ends early.
    fn goes_on(&self, last: &Line, next: &Line) -> bool {
        // An editor broke it, or it is the first line of a long title.
        let is_broken = self.breaks_early || !self.is_narrow && last.size > LARGER * self.body;
        goes_on(&last.text, &next.text) || is_broken && next.text.trim_start().starts_with(is_hangul)
    }

    fn is_new_tag(&self, last: &Line, next: &Line) -> bool {
        let is_other_block = last.tag.block != 0 && next.tag.block != 0 && last.tag.block != next.tag.block;
        last.tag.heading != next.tag.heading
            || last.tag.is_code != next.tag.is_code
            || self.has_blocks && is_other_block
    }

    fn width(&self) -> f32 {
        (self.right - self.left).max(1.0)
    }

    /// Whether the first word of `next` had fitted on the line before it.
    fn is_short(&self, last: &Line, next: &Line) -> bool {
        let text = mark(&next.text).map_or(next.text.as_str(), |mark| &next.text[mark.length..]);
        let word = text.split_whitespace().next().map_or(0, |word| word.chars().count()) + next.text.len() - text.len();
        self.right - last.area.right > (word as f32 + 1.5) * next.char_width()
    }
}

/// Whether the mark that a line starts with only sets apart what stands in one row: `apples · pears · plums`.
fn is_separator(last: &Line, next: &Line) -> bool {
    let Some(mark) = next.text.trim_start().chars().next() else { return false };
    "·∙⋅ㆍ•|".contains(mark) && last.text.contains(&format!(" {mark} "))
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Area;
    use super::super::line::Tag;
    use super::*;

    const STYLE: Style = Style::plain(10.0);

    /// A line of 10 points: where its text starts, its upper edge and how far it reaches.
    fn line(text: &str, left: f32, top: f32, right: f32) -> Line {
        Line::run(text.to_owned(), Area::new(left, top, right, top + 10.0), 10.0)
    }

    fn check(lines: Vec<Line>, expect: &[&[&str]]) {
        let found: Vec<Vec<String>> = groups(lines, 1, &STYLE, None)
            .into_iter()
            .map(|group| group.lines.into_iter().map(|line| line.text).collect())
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_gap_ends_a_paragraph() {
        check(
            vec![line("a a a", 50.0, 0.0, 300.0), line("b b b", 50.0, 12.0, 300.0), line("c c c", 50.0, 36.0, 300.0)],
            &[&["a a a", "b b b"], &["c c c"]],
        );
    }

    #[test]
    fn an_indent_after_a_sentence_starts_a_paragraph() {
        check(
            vec![line("a a a.", 50.0, 0.0, 290.0), line("b b b", 65.0, 12.0, 300.0), line("c c c", 50.0, 24.0, 300.0)],
            &[&["a a a."], &["b b b", "c c c"]],
        );
    }

    #[test]
    fn a_sentence_that_ends_short_ends_its_paragraph() {
        let long = "some longer text that fills the line";
        check(
            vec![line(long, 50.0, 0.0, 300.0), line("the end.", 50.0, 12.0, 120.0), line(long, 50.0, 24.0, 300.0)],
            &[&[long, "the end."], &[long]],
        );
    }

    #[test]
    fn items_start_with_marks_and_go_on_indented() {
        check(
            vec![
                line("• apples and", 50.0, 0.0, 300.0),
                line("pears", 60.0, 12.0, 100.0),
                line("• plums", 50.0, 24.0, 110.0),
                line("Back to running text that is long", 50.0, 36.0, 300.0),
            ],
            &[&["• apples and", "pears"], &["• plums"], &["Back to running text that is long"]],
        );
    }

    #[test]
    fn other_looks_are_set_apart() {
        let title = line("Title", 50.0, 0.0, 100.0);
        let title = Line { bold: title.chars, ..title };
        let code = line("let x = 1;", 50.0, 24.0, 200.0);
        let code = Line { mono: code.chars, ..code };
        check(vec![title, line("text", 50.0, 12.0, 300.0), code], &[&["Title"], &["text"], &["let x = 1;"]]);
    }

    #[test]
    fn tags_of_the_file_set_apart_and_hold_together() {
        let tagged =
            |text: &str, top: f32, block| Line { tag: Tag { block, ..Tag::default() }, ..line(text, 50.0, top, 300.0) };
        check(vec![tagged("a", 0.0, 1), tagged("b", 12.0, 1), tagged("c", 24.0, 2)], &[&["a", "b"], &["c"]]);
    }

    #[test]
    fn any_numbers_keep_every_line() {
        let odd = [f32::NAN, f32::INFINITY, -1e9, 0.0, 44.0];
        let lines: Vec<Line> = odd
            .iter()
            .flat_map(|a| odd.iter().map(|b| Line::run("x".to_owned(), Area::new(*a, *b, *b, *a), *b)))
            .collect();
        let count = lines.len();
        assert_eq!(groups(lines, 1, &STYLE, None).iter().map(|group| group.lines.len()).sum::<usize>(), count);
    }
}
