//! Charts and diagrams of Office, as what they say: a chart is the table of its figures, a diagram the texts of its boxes.

use std::collections::HashMap;

use super::parts::{Package, Relations};
use crate::blocks::Blocks;
use crate::xml::Element;
use crate::{Cell, Problem, Row, Table};

/// Most series and most points of a chart.
const MAX_SERIES: usize = 256;
const MAX_POINTS: usize = 10_000;

/// A chart or a diagram.
#[derive(Debug)]
pub(super) enum Figure {
    /// A chart.
    Chart(Table),
    /// A diagram.
    Diagram(Vec<String>),
}

impl Figure {
    /// Adds what it says.
    pub(super) fn show(self, blocks: &mut Blocks) {
        match self {
            Self::Chart(table) => {
                blocks.table(table);
            }
            Self::Diagram(texts) => {
                for text in texts {
                    blocks.paragraph(&text);
                }
            }
        }
    }
}

/// Reads the figures of a part, by their ids.
pub(super) fn read(package: &mut Package<'_>, relations: &Relations) -> Result<HashMap<String, Figure>, Problem> {
    let mut out = HashMap::new();
    for (id, name) in relations.of_kind("chart") {
        out.insert(id.to_owned(), Figure::Chart(chart(&package.part(name)?)));
    }
    for (id, name) in relations.of_kind("diagramData") {
        out.insert(id.to_owned(), Figure::Diagram(diagram(&package.part(name)?)));
    }
    Ok(out)
}

/// The table of a chart (DrawingML, `c:chartSpace`): a row for each category, a column for each series. The title stands in
/// the first cell.
fn chart(root: &Element) -> Table {
    let Some(chart) = root.child("chart") else { return Table::default() };
    let title = chart.child("title").map(text_of).unwrap_or_default();
    let mut series = Vec::new();
    collect(chart, &mut series);
    series.truncate(MAX_SERIES);
    let names = series.iter().map(|one| one.child("tx").map(|name| points(name).concat()).unwrap_or_default());
    let mut header = vec![Cell::of(title)];
    header.extend(names.map(Cell::of));
    let categories = series.iter().find_map(|one| one.child("cat").or_else(|| one.child("xVal"))).map(points);
    let categories = categories.unwrap_or_default();
    let values: Vec<Vec<String>> = series
        .iter()
        .map(|one| one.child("val").or_else(|| one.child("yVal")).map(points).unwrap_or_default())
        .collect();
    let count = values.iter().map(Vec::len).chain([categories.len()]).max().unwrap_or(0);
    let mut rows = vec![Row { cells: header, at: None }];
    for number in 0..count {
        let at = |column: &Vec<String>| Cell::of(column.get(number).cloned().unwrap_or_default());
        let cells = [at(&categories)].into_iter().chain(values.iter().map(at));
        rows.push(Row { cells: cells.collect(), at: None });
    }
    Table { header_rows: 1, rows }
}

/// The texts of a diagram (SmartArt, `dgm:dataModel`), one for each box.
fn diagram(root: &Element) -> Vec<String> {
    let points = root.child("ptLst").into_iter().flat_map(Element::elements);
    let boxes = points.filter(|point| point.attribute("type").is_none_or(|kind| kind == "node" || kind == "asst"));
    boxes.filter_map(|point| point.child("t")).map(text_of).filter(|text| !text.trim().is_empty()).collect()
}

fn collect<'a>(parent: &'a Element, out: &mut Vec<&'a Element>) {
    for element in parent.elements() {
        match element.name() {
            "ser" => out.push(element),
            "title" | "txPr" | "spPr" | "legend" => {}
            _ => collect(element, out),
        }
    }
}

/// The paragraphs of a text as lines.
fn text_of(element: &Element) -> String {
    let mut lines = Vec::new();
    paragraphs(element, &mut lines);
    lines.join("\n")
}

fn paragraphs(element: &Element, out: &mut Vec<String>) {
    for child in element.elements() {
        match child.name() {
            "p" => out.push(child.elements().filter_map(|run| run.child("t")).map(Element::text).collect()),
            _ => paragraphs(child, out),
        }
    }
}

/// The points of a reference (`c:strRef`, `c:numRef`, `c:v`), each at its index.
fn points(element: &Element) -> Vec<String> {
    let mut out = Vec::new();
    fill(element, &mut out);
    out
}

fn fill(element: &Element, out: &mut Vec<String>) {
    for child in element.elements() {
        match child.name() {
            "pt" => {
                let index: usize = child.attribute("idx").and_then(|index| index.parse().ok()).unwrap_or(out.len());
                if index < MAX_POINTS {
                    out.resize(out.len().max(index + 1), String::new());
                    out[index] = child.child("v").map(Element::text).unwrap_or_default();
                }
            }
            "v" => out.push(child.text()),
            "f" | "formatCode" | "ptCount" => {}
            _ => fill(child, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    #[test]
    fn a_chart_is_the_table_of_its_figures() {
        let point = |index: u8, value: &str| format!("<c:pt idx='{index}'><c:v>{value}</c:v></c:pt>");
        let series = |name: &str, values: String| {
            let categories = point(0, "1분기") + &point(1, "2분기");
            format!(
                "<c:ser><c:tx><c:strRef><c:f>A!$1</c:f><c:strCache>{}</c:strCache></c:strRef></c:tx>\
                 <c:cat><c:strRef><c:strCache>{categories}</c:strCache></c:strRef></c:cat>\
                 <c:val><c:numRef><c:numCache>{values}</c:numCache></c:numRef></c:val></c:ser>",
                point(0, name)
            )
        };
        let title = "<c:title><c:tx><c:rich><a:p><a:r><a:t>매출</a:t></a:r></a:p></c:rich></c:tx></c:title>";
        let xml = format!(
            "<c:chartSpace><c:chart>{title}<c:plotArea><c:barChart>{}{}</c:barChart></c:plotArea></c:chart></c:chartSpace>",
            series("서울", point(0, "10") + &point(1, "20")),
            series("부산", point(1, "7"))
        );
        let rows: Vec<Vec<String>> = chart(&parse(xml.as_bytes()).root)
            .rows
            .into_iter()
            .map(|row| row.cells.into_iter().map(|cell| cell.text).collect())
            .collect();
        assert_eq!(rows, [["매출", "서울", "부산"], ["1분기", "10", ""], ["2분기", "20", "7"]]);
        assert_eq!(chart(&parse(b"<c:chartSpace/>").root), Table::default());
        let huge = "<c:chartSpace><c:chart><c:ser><c:val><c:pt idx='4294967295'><c:v>1</c:v></c:pt></c:val></c:ser></c:chart></c:chartSpace>";
        assert_eq!(chart(&parse(huge.as_bytes()).root).rows.len(), 1);
    }

    #[test]
    fn a_diagram_is_the_texts_of_its_boxes() {
        let xml =
            "<dgm:dataModel><dgm:ptLst><dgm:pt type='doc'><dgm:t><a:p><a:r><a:t>x</a:t></a:r></a:p></dgm:t></dgm:pt>
            <dgm:pt><dgm:t><a:p><a:r><a:t>계획</a:t></a:r></a:p><a:p><a:r><a:t>실행</a:t></a:r></a:p></dgm:t></dgm:pt>
            <dgm:pt type='pres'/></dgm:ptLst></dgm:dataModel>";
        assert_eq!(diagram(&parse(xml.as_bytes()).root), ["계획\n실행"]);
    }
}
