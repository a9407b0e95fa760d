//! Writes the text of a group of lines.

use super::join::{Reach, Words, join};
use super::line::Line;
use super::segment::Group;

/// The text of a group as one line.
pub(super) fn text(group: &Group, words: &Words) -> String {
    text_and_turns(group, words).0
}

/// The same, and where in it other pages begin.
pub(super) fn text_and_turns(group: &Group, words: &Words) -> (String, Vec<(usize, u32)>) {
    let mut text = String::new();
    let mut turns = Vec::new();
    // How far the line before reaches; nothing stands before the first.
    let mut before = Reach::Short;
    for (index, (line, reach)) in group.lines.iter().zip(&group.reaches).enumerate() {
        if text.is_empty() {
            text.push_str(line.text.trim_start());
        } else {
            join(&mut text, &line.text, before, words);
        }
        before = *reach;
        if let Some((_, page)) = group.turns.iter().find(|(first, _)| *first == index) {
            let start = text.len() - line.text.trim_start().len();
            turns.push((plain(&text[..start]).len(), *page));
        }
    }
    (plain(text.trim_end()), turns)
}

/// A text without soft hyphens.
fn plain(text: &str) -> String {
    text.replace('\u{ad}', "")
}

/// The lines of code, indented as they stand.
pub(super) fn code(lines: &[Line]) -> String {
    let left = lines.iter().map(|line| line.area.left).fold(f32::INFINITY, f32::min);
    let mut text = String::new();
    let mut before: Option<&Line> = None;
    for line in lines {
        if let Some(before) = before {
            let step = (line.area.bottom - before.area.bottom) / line.size.max(1.0);
            text.push_str(if step > 2.0 { "\n\n" } else { "\n" });
        }
        let indent = (line.area.left - left) / line.char_width().max(1.0);
        text.extend(std::iter::repeat_n(' ', (indent.round().max(0.0) as usize).min(MAX_INDENT)));
        text.push_str(line.text.trim());
        before = Some(line);
    }
    text
}

/// Widest indent of a line of code.
const MAX_INDENT: usize = 80;

#[cfg(test)]
mod tests {
    use super::super::geometry::Area;
    use super::*;

    fn line(text: &str, left: f32, top: f32) -> Line {
        let right = left + 6.0 * text.chars().count() as f32;
        Line::run(text.to_owned(), Area::new(left, top, right, top + 10.0), 10.0)
    }

    #[test]
    fn code_keeps_its_lines_and_indents() {
        let lines =
            [line("fn main() {", 50.0, 0.0), line("run();", 74.0, 12.0), line("}", 50.0, 24.0), line("x", 50.0, 60.0)];
        assert_eq!(code(&lines), "fn main() {\n    run();\n}\n\nx");
    }
}
