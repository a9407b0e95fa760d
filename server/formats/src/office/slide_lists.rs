//! Which paragraphs of a slide are list items. A shape seldom says so itself: it takes the marks of each level from the
//! shape of the layout that it fills, which takes them from the master (ECMA-376 part 1, 19.3.1.36 and 21.1.2.4).

use super::pptx::placeholder;
use crate::labels::NumberFormat;
use crate::xml::Element;

/// Levels of a list.
const LEVELS: usize = 9;

/// The mark of a level.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    None,
    Bullet,
    Number { kind: String, start: u64 },
}

/// The marks of all levels, as far as they are set.
type Marks = [Option<Mark>; LEVELS];

/// What slides of one layout inherit: for each shape of the layout and the master its type, its index and its marks.
#[derive(Debug, Default)]
pub(super) struct Inherited {
    layout: Vec<Shape>,
    master: Vec<Shape>,
    body: Marks,
}

#[derive(Debug)]
struct Shape {
    kind: String,
    index: Option<String>,
    marks: Marks,
}

impl Inherited {
    /// Reads a layout and its master.
    pub(super) fn new(layout: &Element, master: &Element) -> Self {
        let body = master.path(&["txStyles", "bodyStyle"]).map(marks_of).unwrap_or_default();
        Self { layout: shapes(layout), master: shapes(master), body }
    }

    /// The marks of a shape that fills a place of the layout.
    fn marks(&self, placeholder: &Element) -> Marks {
        let kind = placeholder.attribute("type").unwrap_or("obj");
        let index = placeholder.attribute("idx");
        let of_layout = self.layout.iter().find(|shape| index.is_some() && shape.index.as_deref() == index);
        let of_layout = of_layout.or_else(|| self.layout.iter().find(|shape| shape.kind == kind));
        let is_body = !matches!(kind, "title" | "ctrTitle" | "dt" | "ftr" | "sldNum" | "hdr");
        let of_master = self.master.iter().find(|shape| is_body && shape.kind == "body");
        let empty = Marks::default();
        let body = if is_body { &self.body } else { &empty };
        let chain = [of_layout.map(|shape| &shape.marks), of_master.map(|shape| &shape.marks), Some(body)];
        std::array::from_fn(|level| chain.iter().flatten().find_map(|marks| marks[level].clone()))
    }
}

fn shapes(part: &Element) -> Vec<Shape> {
    let tree = part.path(&["cSld", "spTree"]).into_iter().flat_map(Element::elements);
    tree.filter_map(|shape| {
        let placeholder = placeholder(shape)?;
        let list_style = shape.path(&["txBody", "lstStyle"]);
        Some(Shape {
            kind: placeholder.attribute("type").unwrap_or("obj").to_owned(),
            index: placeholder.attribute("idx").map(str::to_owned),
            marks: list_style.map(marks_of).unwrap_or_default(),
        })
    })
    .collect()
}

/// The marks that a list style sets (`lvl1pPr` to `lvl9pPr`).
fn marks_of(list_style: &Element) -> Marks {
    std::array::from_fn(|level| list_style.child(&format!("lvl{}pPr", level + 1)).and_then(mark_of))
}

fn mark_of(properties: &Element) -> Option<Mark> {
    properties.elements().find_map(|element| match element.name() {
        "buNone" => Some(Mark::None),
        "buChar" | "buBlip" => Some(Mark::Bullet),
        "buAutoNum" => Some(Mark::Number {
            kind: element.attribute("type").unwrap_or("arabicPeriod").to_owned(),
            start: element.attribute("startAt").and_then(|start| start.parse().ok()).unwrap_or(1),
        }),
        _ => None,
    })
}

/// The lists of one shape, as far as they are counted.
#[derive(Debug)]
pub(super) struct Lists {
    marks: Marks,
    counters: [Option<u64>; LEVELS],
}

impl Lists {
    /// The lists of a shape.
    pub(super) fn of(shape: &Element, inherited: &Inherited) -> Self {
        let own = shape.path(&["txBody", "lstStyle"]).map(marks_of).unwrap_or_default();
        let above = placeholder(shape).map(|placeholder| inherited.marks(placeholder)).unwrap_or_default();
        let mut marks = own;
        for (mark, above) in marks.iter_mut().zip(above) {
            *mark = mark.take().or(above);
        }
        Self { marks, counters: Default::default() }
    }

    /// The depth and the label of a paragraph that is a list item.
    pub(super) fn label(&mut self, paragraph: &Element) -> Option<(u8, String)> {
        let properties = paragraph.child("pPr");
        let level = properties.and_then(|p| p.attribute("lvl")).and_then(|level| level.parse().ok()).unwrap_or(0);
        let level = usize::min(level, LEVELS - 1);
        self.counters[level + 1..].fill(None);
        match properties.and_then(mark_of).or_else(|| self.marks[level].clone()) {
            None | Some(Mark::None) => {
                self.counters[level] = None;
                None
            }
            Some(Mark::Bullet) => {
                self.counters[level] = None;
                Some((level as u8, String::new()))
            }
            Some(Mark::Number { kind, start }) => {
                let count = self.counters[level].map_or(start, |count| count.saturating_add(1));
                self.counters[level] = Some(count);
                Some((level as u8, written(&kind, count)))
            }
        }
    }
}

/// A count as a kind of numbering (`arabicPeriod`, `alphaLcParenR`) shows it.
fn written(kind: &str, count: u64) -> String {
    let format = match kind {
        kind if kind.starts_with("alphaLc") => NumberFormat::LatinLower,
        kind if kind.starts_with("alphaUc") => NumberFormat::LatinUpper,
        kind if kind.starts_with("romanLc") => NumberFormat::RomanLower,
        kind if kind.starts_with("romanUc") => NumberFormat::RomanUpper,
        kind if kind.starts_with("circleNum") => NumberFormat::Run(crate::labels::CIRCLED),
        _ => NumberFormat::Decimal,
    };
    let number = format.write(count);
    match kind {
        kind if kind.ends_with("ParenBoth") => format!("({number})"),
        kind if kind.ends_with("ParenR") => format!("{number})"),
        kind if kind.ends_with("Period") => format!("{number}."),
        _ => number,
    }
}
