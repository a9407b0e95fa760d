//! Lists of OpenDocument: which label each item is shown with, and the numbers of headings.

use std::collections::HashMap;

use crate::labels::NumberFormat;
use crate::xml::Element;

/// Levels of a list.
const LEVELS: usize = 10;

/// Deepest nesting of lists that is opened.
const MAX_NESTING: usize = 32;

/// How a level is shown.
#[derive(Debug, Clone, Default)]
struct Level {
    format: Option<NumberFormat>,
    prefix: String,
    suffix: String,
    start: u64,
    shown: usize,
}

/// The styles of all lists, and how far they have counted.
#[derive(Debug, Default)]
pub(super) struct Lists {
    styles: HashMap<String, Vec<Level>>,
    outline: Vec<Level>,
    headings: Counts,
    last: HashMap<String, Counts>,
}

/// A count for each level; 0 for one that has not begun.
type Counts = [u64; LEVELS];

/// An item: its depth, its label, and the paragraph. A further paragraph of the same item has no label.
pub(super) type Item<'a> = (u8, Option<String>, &'a Element);

impl Lists {
    /// Reads the styles of lists.
    pub(super) fn read(styles: &Element, content: &Element) -> Self {
        let groups = [styles.child("styles"), styles.child("automatic-styles"), content.child("automatic-styles")];
        let mut out = Self::default();
        for style in groups.into_iter().flatten().flat_map(Element::elements) {
            match (style.name(), style.attribute("name")) {
                ("list-style", Some(name)) => {
                    out.styles.insert(name.to_owned(), levels(style));
                }
                ("outline-style", _) => out.outline = levels(style),
                _ => {}
            }
        }
        out
    }

    /// Counts a heading, and gives its number; empty where headings are not numbered. The document's title is none.
    pub(super) fn count_outline(&mut self, level: usize, style: &str) -> String {
        let at = level.clamp(1, LEVELS) - 1;
        match self.outline.get(at) {
            Some(Level { format: Some(format), .. }) if *format != NumberFormat::None && style != "Title" => {
                advance(&mut self.headings, at, self.outline[at].start);
                shown(&self.outline, at, &self.headings)
            }
            _ => String::new(),
        }
    }

    /// The items of a list, in order.
    pub(super) fn items<'a>(&mut self, list: &'a Element) -> Vec<Item<'a>> {
        let style = list.attribute("style-name").unwrap_or_default().to_owned();
        let goes_on = list.attribute("continue-numbering") == Some("true") || list.attribute("continue-list").is_some();
        let mut counts = if goes_on { self.last.get(&style).copied().unwrap_or_default() } else { Counts::default() };
        let mut out = Vec::new();
        self.walk(list, &style, 0, &mut counts, &mut out);
        self.last.insert(style, counts);
        out
    }

    fn walk<'a>(&self, list: &'a Element, style: &str, depth: usize, counts: &mut Counts, out: &mut Vec<Item<'a>>) {
        let style = list.attribute("style-name").unwrap_or(style);
        let at = depth.min(LEVELS - 1);
        let levels = self.styles.get(style).map(Vec::as_slice).unwrap_or_default();
        for item in list.elements() {
            let header = item.name() == "list-header";
            if depth >= MAX_NESTING || !(header || item.name() == "list-item") {
                continue;
            }
            let own_start = item.attribute("start-value").and_then(|start| start.parse().ok());
            let mut label = None;
            for child in item.elements() {
                match child.name() {
                    "p" | "h" => {
                        if label.is_none() && !header {
                            if let Some(start) = own_start {
                                counts[at] = start;
                            } else {
                                advance(counts, at, levels.get(at).map_or(1, |level| level.start));
                            }
                            label = Some(shown(levels, at, counts));
                            out.push((at as u8, label.clone(), child));
                        } else {
                            out.push((at as u8, None, child));
                        }
                    }
                    "list" => {
                        counts[(at + 1).min(LEVELS - 1)..].fill(0);
                        self.walk(child, style, depth + 1, counts, out);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn advance(counts: &mut Counts, at: usize, start: u64) {
    counts[at] = if counts[at] == 0 { start } else { counts[at].saturating_add(1) };
    counts[at + 1..].fill(0);
}

fn levels(style: &Element) -> Vec<Level> {
    let mut out = vec![Level { start: 1, shown: 1, ..Level::default() }; LEVELS];
    for element in style.elements() {
        let text = |name: &str| element.attribute(name).unwrap_or_default().to_owned();
        let number = |name: &str| element.attribute(name).and_then(|number| number.parse::<usize>().ok());
        let is_bullet = element.name() == "list-level-style-bullet" || element.name() == "list-level-style-image";
        let format = NumberFormat::of_open_document(element.attribute("num-format").unwrap_or_default());
        if let Some(place) = number("level").and_then(|level| out.get_mut(level.checked_sub(1)?)) {
            *place = Level {
                format: (!is_bullet).then_some(format),
                prefix: text("num-prefix"),
                suffix: text("num-suffix"),
                start: number("start-value").unwrap_or(1) as u64,
                shown: number("display-levels").unwrap_or(1).clamp(1, LEVELS),
            };
        }
    }
    out
}

/// The label of a level: its count after those of the levels above that it shows too. Empty for a bullet.
fn shown(levels: &[Level], at: usize, counts: &Counts) -> String {
    let Some(level @ Level { format: Some(format), .. }) = levels.get(at) else { return String::new() };
    if *format == NumberFormat::None {
        return String::new();
    }
    let first = (at + 1).saturating_sub(level.shown);
    let numbers = (first..=at).map(|place| {
        let format = levels[place].format.unwrap_or_default();
        format.write(counts[place].max(1))
    });
    let numbers: Vec<String> = numbers.filter(|number| !number.is_empty()).collect();
    format!("{}{}{}", level.prefix, numbers.join("."), level.suffix)
}
