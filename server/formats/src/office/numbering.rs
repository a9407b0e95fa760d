//! Counts the numbered paragraphs of a Word document as Word shows them. A list refers to a definition; lists with the same
//! definition count on from each other, unless a list starts anew.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::styles::{ListRef, Styles};
use crate::labels::NumberFormat;
use crate::xml::Element;

/// Levels of a list.
const LEVELS: usize = 9;

/// The definitions of all lists, and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    definitions: HashMap<String, [Level; LEVELS]>,
    /// In the order of their ids, so that of two lists with a definition the same one counts a style's paragraphs every time.
    lists: BTreeMap<String, List>,
    /// Which list counts the paragraphs of a style whose own properties name none.
    by_style: HashMap<String, ListRef>,
    counters: HashMap<String, [Option<u64>; LEVELS]>,
    started: HashSet<(String, usize)>,
}

#[derive(Debug, Default)]
struct List {
    definition: String,
    starts: HashMap<usize, u64>,
}

#[derive(Debug, Clone, Default)]
struct Level {
    start: u64,
    format: NumberFormat,
    text: String,
}

impl Numbering {
    /// Reads the part `numbering.xml`.
    pub(super) fn read(root: &Element, styles: &Styles) -> Self {
        let mut out = Self::default();
        let mut links = HashMap::new();
        for element in root.elements().filter(|element| element.name() == "abstractNum") {
            let Some(id) = element.attribute("abstractNumId") else { continue };
            if let Some(style) = value(element, "numStyleLink") {
                links.insert(id.to_owned(), style.to_owned());
            }
            out.definitions.insert(id.to_owned(), levels(element));
        }
        for element in root.elements().filter(|element| element.name() == "num") {
            let (Some(id), Some(definition)) = (element.attribute("numId"), value(element, "abstractNumId")) else {
                continue;
            };
            let overrides = element.elements().filter(|child| child.name() == "lvlOverride");
            let starts = overrides.filter_map(|level| {
                let start = value(level, "startOverride")?.parse().ok()?;
                Some((level.attribute("ilvl")?.parse().ok()?, start))
            });
            out.lists.insert(id.to_owned(), List { definition: definition.to_owned(), starts: starts.collect() });
        }
        out.follow_links(&links, styles);
        out.find_styles(root);
        out
    }

    /// A definition may be a link to a style, whose list has the definition that counts.
    fn follow_links(&mut self, links: &HashMap<String, String>, styles: &Styles) {
        let targets: Vec<(String, String)> = self
            .lists
            .iter()
            .filter_map(|(id, list)| {
                let target = styles.list_of(links.get(&list.definition)?)?;
                Some((id.clone(), self.lists.get(&target.id)?.definition.clone()))
            })
            .collect();
        for (id, definition) in targets {
            if let Some(list) = self.lists.get_mut(&id) {
                list.definition = definition;
            }
        }
    }

    fn find_styles(&mut self, root: &Element) {
        let definitions = root.elements().filter(|element| element.name() == "abstractNum");
        let definitions: HashMap<&str, &Element> =
            definitions.filter_map(|element| Some((element.attribute("abstractNumId")?, element))).collect();
        for (list_id, list) in &self.lists {
            let Some(definition) = definitions.get(list.definition.as_str()) else { continue };
            for element in definition.elements().filter(|element| element.name() == "lvl") {
                let level =
                    element.attribute("ilvl").and_then(|level| level.parse().ok()).filter(|level| *level < LEVELS);
                if let (Some(style), Some(level)) = (value(element, "pStyle"), level) {
                    let list = ListRef { id: list_id.clone(), level };
                    self.by_style.entry(style.to_owned()).or_insert(list);
                }
            }
        }
    }

    /// The list that a definition ties to a style.
    pub(super) fn of_style(&self, style: &str) -> Option<&ListRef> {
        self.by_style.get(style)
    }

    /// Counts a paragraph, and gives the label that it is shown with: `1.`, `2.1`, `가.`, `•`. None where the list is not
    /// there, or shows nothing.
    pub(super) fn count(&mut self, at: &ListRef) -> Option<String> {
        let list = self.lists.get(&at.id)?;
        let levels = self.definitions.get(&list.definition)?;
        let level = levels.get(at.level)?;
        let counters = self.counters.entry(list.definition.clone()).or_default();
        let restart = list.starts.get(&at.level).filter(|_| self.started.insert((at.id.clone(), at.level)));
        counters[at.level] = Some(match (restart, counters[at.level]) {
            (Some(start), _) => *start,
            (None, Some(count)) => count.saturating_add(1),
            (None, None) => level.start,
        });
        for deeper in &mut counters[at.level + 1..] {
            *deeper = None;
        }
        let label = shown(level, levels, counters);
        (!label.trim().is_empty()).then_some(label)
    }
}

/// The label that a level shows: its text, with `%1` to `%9` for the counters.
fn shown(level: &Level, levels: &[Level; LEVELS], counters: &[Option<u64>; LEVELS]) -> String {
    let mut label = String::new();
    let mut chars = level.text.chars().peekable();
    while let Some(c) = chars.next() {
        let place = chars.peek().and_then(|next| next.to_digit(10)).filter(|digit| c == '%' && (1..=9).contains(digit));
        let Some(place) = place else {
            label.push(c);
            continue;
        };
        chars.next();
        let of = place as usize - 1;
        label.push_str(&levels[of].format.write(counters[of].unwrap_or(levels[of].start)));
    }
    label
}

fn levels(definition: &Element) -> [Level; LEVELS] {
    let mut out: [Level; LEVELS] = std::array::from_fn(|_| Level { start: 1, ..Level::default() });
    for element in definition.elements().filter(|element| element.name() == "lvl") {
        let Some(level) = element.attribute("ilvl").and_then(|level| level.parse::<usize>().ok()) else { continue };
        if let Some(place) = out.get_mut(level) {
            *place = Level {
                start: value(element, "start").and_then(|start| start.parse().ok()).unwrap_or(1),
                format: NumberFormat::of_word(value(element, "numFmt").unwrap_or("decimal")),
                text: value(element, "lvlText").unwrap_or_default().to_owned(),
            };
        }
    }
    out
}

fn value<'a>(element: &'a Element, child: &str) -> Option<&'a str> {
    element.child(child).and_then(|child| child.attribute("val"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    const LISTS: &str = "<numbering>
        <abstractNum abstractNumId='7'>
          <lvl ilvl='0'><start val='1'/><numFmt val='decimal'/><lvlText val='%1.'/><pStyle val='Item'/></lvl>
          <lvl ilvl='1'><start val='1'/><numFmt val='ganada'/><lvlText val='%1.%2)'/></lvl>
        </abstractNum>
        <abstractNum abstractNumId='8'><lvl ilvl='0'><numFmt val='bullet'/><lvlText val='•'/></lvl></abstractNum>
        <num numId='1'><abstractNumId val='7'/></num>
        <num numId='2'><abstractNumId val='7'/><lvlOverride ilvl='0'><startOverride val='5'/></lvlOverride></num>
        <num numId='3'><abstractNumId val='8'/></num>
      </numbering>";

    #[test]
    fn paragraphs_are_counted_as_shown() {
        let mut numbering = Numbering::read(&parse(LISTS.as_bytes()).root, &Styles::default());
        let mut check = |id: &str, level, expect: Option<&str>| {
            assert_eq!(numbering.count(&ListRef { id: id.into(), level }).as_deref(), expect, "{id} {level}");
        };
        check("1", 0, Some("1."));
        check("1", 1, Some("1.가)"));
        check("1", 1, Some("1.나)"));
        check("1", 0, Some("2."));
        check("1", 1, Some("2.가)"));
        check("2", 0, Some("5."));
        check("2", 0, Some("6."));
        check("1", 0, Some("7."));
        check("3", 0, Some("•"));
        check("9", 0, None);
        check("1", 8, None);
        assert_eq!(numbering.of_style("Item").map(|list| list.level), Some(0));
    }
}
