//! Puts single glyphs together to runs of text without a gap. Gaps are measured against the usual one of their line, as
//! many files draw no blanks and some set the letters of their headings apart.

use std::collections::HashMap;

use super::fonts::letters;
use super::geometry::{Area, median};
use super::line::{Line, Tag};
use super::rules::Rule;

/// A character where it is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Glyph {
    pub(super) char: char,
    /// From the origin to the next glyph's, and from the baseline up by the font size.
    pub(super) area: Area,
    pub(super) size: f32,
    pub(super) is_bold: bool,
    pub(super) is_mono: bool,
    pub(super) font: u64,
    pub(super) tag: Tag,
}

/// The narrowest gap that is a blank, in font sizes. Blanks are drawn a quarter wide and shrink to a fifth.
const BLANK: f32 = 0.16;

/// A wider gap, in font sizes, is none between letters of a word.
const LETTER_GAP: f32 = 0.6;

/// A glyph drawn again so near to its twin, in font sizes, makes it look bold.
const TWIN: f32 = 0.12;

/// The runs of a page's glyphs; none crosses an upright line.
pub(super) fn runs(mut glyphs: Vec<Glyph>, rules: &[Rule]) -> Vec<Line> {
    let uprights: Vec<Rule> = rules.iter().copied().filter(|rule| !rule.is_level).collect();
    drop_twins(&mut glyphs);
    let mut rows: HashMap<i64, Vec<Glyph>> = HashMap::new();
    for glyph in glyphs {
        // Glyphs of one run share their baseline to a tenth of a point, and their size.
        let row = i64::from((glyph.area.bottom * 10.0).round() as i32) << 32;
        rows.entry(row | i64::from((glyph.size * 10.0).round() as i32)).or_default().push(glyph);
    }
    let mut keys: Vec<i64> = rows.keys().copied().collect();
    keys.sort_unstable();
    keys.into_iter().filter_map(|key| rows.remove(&key)).flat_map(|row| row_runs(row, &uprights)).collect()
}

/// The runs of the glyphs of one row.
fn row_runs(mut glyphs: Vec<Glyph>, uprights: &[Rule]) -> Vec<Line> {
    glyphs.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
    let blank = blank_gap(&glyphs);
    let mut runs: Vec<Line> = Vec::new();
    // The last letter: blanks say nothing of where text ends, some are as wide as a column's gap.
    let mut letter: Option<Glyph> = None;
    for glyph in glyphs {
        let is_blank = glyph.char.is_whitespace();
        let gap = letter.map_or(f32::MAX, |letter| glyph.area.left - letter.area.right);
        let is_same = letter.is_some_and(|l| l.tag == glyph.tag && !is_divided(l.area, glyph.area, uprights));
        match runs.last_mut() {
            Some(run) if is_blank && gap < LETTER_GAP * glyph.size => push(run, glyph),
            // A raised or lowered glyph of another size may stand in the gap, so a gap ends the run.
            Some(run) if is_same && gap < LETTER_GAP * glyph.size && (gap <= blank || run.text.ends_with(' ')) => {
                push(run, glyph);
            }
            _ if is_blank => {}
            _ => {
                let mut run = Line::run(String::new(), glyph.area, glyph.size);
                run.starts_bold = glyph.is_bold;
                run.tag = glyph.tag;
                run.font = glyph.font;
                push(&mut run, glyph);
                runs.push(run);
            }
        }
        if !is_blank {
            letter = Some(glyph);
        }
    }
    runs
}

/// Whether an upright line stands between two glyphs.
fn is_divided(left: Area, right: Area, uprights: &[Rule]) -> bool {
    let y = left.middle_y();
    right.left - left.right > 0.05 * left.height()
        && uprights
            .iter()
            .any(|rule| (left.right - 1.0..=right.left + 1.0).contains(&rule.at) && (rule.from..=rule.to).contains(&y))
}

fn push(run: &mut Line, glyph: Glyph) {
    if glyph.char == ' ' && run.text.ends_with(' ') && !glyph.is_mono {
        return;
    }
    match letters(glyph.char) {
        Some(letters) => run.text.push_str(letters),
        None => run.text.push(glyph.char),
    }
    if glyph.char.is_whitespace() {
        return;
    }
    // Blanks at the ends take no room: a line reaches as far as its letters.
    run.area = if run.chars == 0 { glyph.area } else { run.area.around(glyph.area) };
    run.chars += 1;
    run.bold += usize::from(glyph.is_bold);
    run.mono += usize::from(glyph.is_mono);
}

/// The narrowest gap that is a blank in a row: wider where all its letters are set apart.
fn blank_gap(glyphs: &[Glyph]) -> f32 {
    let size = glyphs.first().map_or(1.0, |glyph| glyph.size);
    let gaps: Vec<f32> = glyphs
        .windows(2)
        .filter(|pair| pair[0].char != ' ' && pair[1].char != ' ')
        .map(|pair| pair[1].area.left - pair[0].area.right)
        .filter(|gap| *gap < LETTER_GAP * size)
        .collect();
    let usual = if gaps.len() >= 4 { median(gaps) } else { 0.0 };
    if usual > 0.08 * size { usual + BLANK * size } else { BLANK * size }
}

/// Drops glyphs that are drawn a second time at their place, as fake bold and shadows are.
fn drop_twins(glyphs: &mut Vec<Glyph>) {
    let mut seen: HashMap<(char, i32, i32), (f32, f32)> = HashMap::new();
    glyphs.retain(|glyph| {
        let near = TWIN * glyph.size;
        let (x, y) = (glyph.area.left, glyph.area.bottom);
        let cell = |value: f32| (value / glyph.size.max(1.0)).floor() as i32;
        let is_twin = (-1..=1).any(|dx| {
            (-1..=1).any(|dy| {
                let place = (glyph.char, cell(x).saturating_add(dx), cell(y).saturating_add(dy));
                seen.get(&place).is_some_and(|(left, bottom)| (left - x).abs() < near && (bottom - y).abs() < near)
            })
        });
        if !is_twin {
            seen.insert((glyph.char, cell(x), cell(y)), (x, y));
        }
        !is_twin
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Glyphs of 5 points' width from a text in which `_` is a gap of 3 points and `=` one of 12.
    fn glyphs(text: &str, spacing: f32) -> Vec<Glyph> {
        let mut left = 50.0;
        let mut found = Vec::new();
        for char in text.chars() {
            match char {
                '_' => left += 3.0,
                '=' => left += 12.0,
                _ => {
                    let area = Area::new(left, 90.0, left + 5.0, 100.0);
                    let tag = Tag::default();
                    found.push(Glyph { char, area, size: 10.0, is_bold: false, is_mono: false, font: 0, tag });
                    left += 5.0 + spacing;
                }
            }
        }
        found
    }

    fn check(text: &str, spacing: f32, expect: &[&str]) {
        let found: Vec<String> = runs(glyphs(text, spacing), &[]).into_iter().map(|run| run.text).collect();
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn a_gap_ends_a_run_and_a_drawn_blank_does_not() {
        check("one two", 0.0, &["one two"]);
        check("one_two", 0.0, &["one", "two"]);
        check("one=two", 0.0, &["one", "two"]);
    }

    #[test]
    fn letters_set_apart_are_one_word() {
        check("CHAPTER_ONE", 2.0, &["CHAPTER", "ONE"]);
    }

    #[test]
    fn a_glyph_drawn_twice_counts_once() {
        let mut twice = glyphs("bold", 0.0);
        let again = twice.iter().map(|glyph| {
            let Area { left, top, right, bottom } = glyph.area;
            Glyph { area: Area::new(left + 0.4, top, right + 0.4, bottom), ..*glyph }
        });
        twice.extend(again.collect::<Vec<_>>());
        assert_eq!(runs(twice, &[]).into_iter().map(|run| run.text).collect::<Vec<_>>(), ["bold"]);
        check("ill", 0.0, &["ill"]);
    }

    #[test]
    fn a_run_reaches_as_far_as_its_letters() {
        let found = runs(glyphs("end  ", 0.0), &[]);
        assert_eq!(found[0].text, "end ");
        assert!((found[0].area.right - 65.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn an_upright_line_ends_a_run() {
        let rule = Rule { is_level: false, at: 62.0, from: 80.0, to: 110.0 };
        let found: Vec<String> = runs(glyphs("ab cd", 0.0), &[rule]).into_iter().map(|run| run.text).collect();
        assert_eq!(found, ["ab ", "cd"]);
    }

    #[test]
    fn any_numbers_keep_every_glyph() {
        let odd = [f32::NAN, f32::INFINITY, -1e9, 0.0, 44.0];
        let mut all = Vec::new();
        for (char, a) in ('a'..).zip(odd) {
            for b in odd {
                all.push(Glyph { area: Area::new(a, b, b, a), size: b, ..glyphs("x", 0.0)[0] });
                all.push(Glyph { char, area: Area::new(a, b, b, a), size: a, ..glyphs("x", 0.0)[0] });
            }
        }
        all.push(Glyph { char: ' ', ..all[0] });
        assert!(runs(all, &[]).iter().all(|run| run.chars > 0));
    }
}
