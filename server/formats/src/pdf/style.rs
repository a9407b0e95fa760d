//! Tells headings from running text by what the whole document looks like: the size of its running text, and the looks
//! that its headings share. Where the file is tagged, its own word goes.

use std::collections::HashMap;

use super::eojeol::is_hangul;
use super::line::Line;

/// The looks of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Style {
    /// The font size of running text.
    pub(super) body: f32,
    /// Whether running text is bold, so that bold says nothing.
    is_bold: bool,
    /// Whether the file itself says what its headings are.
    is_tagged: bool,
    /// Whether its tags tell paragraphs; some writers tag every line.
    pub(super) has_blocks: bool,
    /// Whether an editor broke its lines early inside of sentences.
    pub(super) breaks_early: bool,
    /// The distance of two lines of a paragraph, in font sizes.
    pub(super) leading: f32,
}

/// What a heading looks like; headings that look alike have one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Looks {
    /// Twice the font size, larger ones first.
    size: std::cmp::Reverse<i32>,
    /// How many numbers its numbering has, `1.2` two; 1 without.
    depth: usize,
    /// Whether it is not bold: bold ones come first.
    is_light: bool,
}

/// How a heading shows that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heading {
    /// The file says so, and its level.
    Tagged(u8),
    /// By its looks.
    Looks(Looks),
}

/// Longest heading.
const MAX_CHARS: usize = 160;

/// Longest heading of the size of running text.
const MAX_BOLD_CHARS: usize = 100;

/// How much larger than running text a heading is at least.
pub(super) const LARGER: f32 = 1.13;

impl Style {
    /// Running text of a size, without anything special.
    pub(super) const fn plain(body: f32) -> Self {
        Self { body, is_bold: false, is_tagged: false, has_blocks: true, breaks_early: false, leading: 1.2 }
    }

    /// The looks of a document with these lines.
    pub(super) fn of<'a>(lines: impl Iterator<Item = &'a Line> + Clone) -> Self {
        let mut sizes: HashMap<i32, (usize, usize)> = HashMap::new();
        for line in lines.clone() {
            let counts = sizes.entry(half_points(line.size)).or_default();
            counts.0 += line.chars;
            counts.1 += line.bold;
        }
        let Some((size, (chars, bold))) = sizes.into_iter().max_by_key(|(size, (chars, _))| (*chars, -*size)) else {
            return Self::plain(10.0);
        };
        let is_tagged = lines.clone().any(|line| line.tag.heading.is_some());
        Self {
            body: size as f32 / 2.0,
            is_bold: bold * 2 > chars,
            is_tagged,
            has_blocks: has_blocks(lines.clone()),
            breaks_early: false,
            leading: leading(lines),
        }
    }

    /// Whether some lines that stand together, with this text, are a heading.
    pub(super) fn heading(&self, lines: &[Line], text: &str) -> Option<Heading> {
        let first = lines.first()?;
        if self.is_tagged {
            return first.tag.heading.map(Heading::Tagged);
        }
        let chars = text.chars().count();
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if chars > MAX_CHARS || letters < 2 || lines.len() > 3 || letters * 3 < chars {
            return None;
        }
        let depth = numbering(text);
        let size = lines.iter().map(|line| line.size).fold(0.0, f32::max);
        let is_bold = lines.iter().all(Line::is_bold) && !self.is_bold;
        let is_larger = size >= LARGER * self.body;
        let is_strong = is_bold && size >= 0.95 * self.body && chars <= MAX_BOLD_CHARS && lines.len() <= 2;
        let is_division = lines.len() == 1 && chars <= 40 && is_korean_division(text);
        let is_sentence = ends_sentence(text) && depth.is_none();
        let is_label = text.trim_end().ends_with([':', '：', ',', ';']) && !is_larger;
        let is_heading = (is_larger || is_strong || is_division) && !is_sentence && !is_label;
        is_heading.then(|| {
            let size = std::cmp::Reverse(half_points(size));
            Heading::Looks(Looks { size, depth: depth.unwrap_or(1), is_light: !is_bold })
        })
    }
}

/// The levels of the looks that a document's headings have, 1 to 6 without a gap.
pub(super) fn levels(headings: impl Iterator<Item = Looks>) -> HashMap<Looks, u8> {
    let mut looks: Vec<Looks> = headings.collect();
    looks.sort_unstable();
    looks.dedup();
    looks.into_iter().zip((1..=6).chain(std::iter::repeat(6))).collect()
}

/// Whether a text ends as a sentence does.
pub(super) fn ends_sentence(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches(['"', '\'', ')', ']', '”', '’', '」', '』']);
    text.ends_with(['.', '!', '?', '。', '…']) && !text.ends_with("...")
}

/// How many numbers the numbering of a heading has: `2 Title` one, `2.1. Title` two.
pub(super) fn numbering(text: &str) -> Option<usize> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix('제') {
        let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').chars().next()?;
        let has_number = rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
        return [("편장", 1), ("절관", 2), ("조", 3)]
            .iter()
            .find(|(units, _)| has_number && units.contains(unit))
            .map(|(_, d)| *d);
    }
    let (number, title) = text.split_once(char::is_whitespace)?;
    let starts_title = title.trim_start().starts_with(|c: char| c.is_uppercase() || is_hangul(c) || is_title_mark(c));
    let number = number.strip_suffix('.').unwrap_or(number);
    let parts: Vec<&str> = number.split('.').collect();
    let is_number = parts.iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    let is_roman = !number.is_empty() && number.chars().all(|c| "IVX".contains(c));
    (starts_title && (is_number || is_roman)).then_some(parts.len())
}

fn is_title_mark(c: char) -> bool {
    matches!(c, '“' | '"' | '「' | '『' | '‘' | '(')
}

/// `제1장 총칙`, `제2관 보험금의 지급`: the divisions of Korean laws and terms, often in the size of running text.
fn is_korean_division(text: &str) -> bool {
    matches!(numbering(text), Some(1 | 2)) && text.trim_start().starts_with('제')
}

fn half_points(size: f32) -> i32 {
    (size * 2.0).round() as i32
}

/// Whether a block of the file's tags mostly has several lines.
fn has_blocks<'a>(lines: impl Iterator<Item = &'a Line> + Clone) -> bool {
    let mut blocks: Vec<u32> = lines.map(|line| line.tag.block).filter(|block| *block != 0).collect();
    let tagged = blocks.len();
    blocks.sort_unstable();
    blocks.dedup();
    tagged * 10 > blocks.len() * 14
}

/// The usual distance of two lines in font sizes.
fn leading<'a>(lines: impl Iterator<Item = &'a Line> + Clone) -> f32 {
    let steps = lines.clone().zip(lines.skip(1)).filter_map(|(line, next)| {
        let step = (next.area.bottom - line.area.bottom) / line.size.max(1.0);
        (half_points(line.size) == half_points(next.size) && (0.8..3.0).contains(&step)).then_some(step)
    });
    let median = super::geometry::median(steps.take(MAX_STEPS).collect());
    if median > 0.0 { median } else { 1.25 }
}

/// Most distances that are measured.
const MAX_STEPS: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::super::geometry::Area;
    use super::*;

    fn line(text: &str, size: f32) -> Line {
        Line::run(text.to_owned(), Area::new(50.0, 0.0, 300.0, size), size)
    }

    fn bold(text: &str, size: f32) -> Line {
        let line = line(text, size);
        Line { bold: line.chars, ..line }
    }

    fn body() -> Style {
        Style::plain(10.0)
    }

    fn check(line: Line, expect: bool) {
        let text = line.text.clone();
        assert_eq!(body().heading(&[line], &text).is_some(), expect, "{text:?}");
    }

    #[test]
    fn headings_are_larger_or_bold() {
        check(line("Overview", 14.0), true);
        check(bold("Overview", 10.0), true);
        check(line("Overview", 10.0), false);
        check(line("개요", 14.0), true);
        check(line("제1장 총칙", 10.0), true);
    }

    #[test]
    fn sentences_labels_and_figures_are_no_headings() {
        check(bold("This is important.", 10.0), false);
        check(bold("Note:", 10.0), false);
        check(line("42", 24.0), false);
        check(bold("12.5 % 33.1 % a b", 10.0), false);
        check(line(&"long ".repeat(60), 14.0), false);
        check(bold(&"long ".repeat(25), 10.0), false);
    }

    #[test]
    fn a_tagged_file_is_believed() {
        let style = Style { is_tagged: true, ..body() };
        let mut tagged = line("Overview", 10.0);
        tagged.tag.heading = Some(3);
        assert_eq!(style.heading(&[tagged], "Overview"), Some(Heading::Tagged(3)));
        assert_eq!(style.heading(&[line("Big", 30.0)], "Big"), None);
    }

    #[test]
    fn the_most_used_size_is_that_of_running_text() {
        let lines = [
            line("Title", 20.0),
            line("some running text", 9.96),
            line("a note that is long", 8.0),
            line("and more", 10.0),
        ];
        let style = Style::of(lines.iter());
        assert!((style.body - 10.0).abs() < 0.01, "{style:?}");
        assert!((Style::of([].iter()).body - 10.0).abs() < 0.01);
    }

    #[test]
    fn levels_go_by_size_then_numbering() {
        let looks = |size, depth| Looks { size: std::cmp::Reverse(size), depth, is_light: false };
        let found = levels([looks(24, 1), looks(40, 1), looks(24, 2), looks(24, 1)].into_iter());
        assert_eq!((found[&looks(40, 1)], found[&looks(24, 1)], found[&looks(24, 2)]), (1, 2, 3));
    }

    #[test]
    fn numberings_are_counted() {
        for (text, expect) in [
            ("1 Introduction", Some(1)),
            ("2.1. 개요", Some(2)),
            ("3.2.1 Details", Some(3)),
            ("IV. RESULTS", Some(1)),
            ("제2절 보험금", Some(2)),
            ("제3조(목적)", Some(3)),
            ("2024 was", None),
            ("3.5 metres", None),
            ("제목", None),
            ("", None),
        ] {
            assert_eq!(numbering(text), expect, "{text:?}");
        }
    }
}
