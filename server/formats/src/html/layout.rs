//! Tables that only lay out what stands in them, as those around the text of most mails: of one column, or around another
//! table that is one, or a single row around headings or rows of their own. What stands in such a table is read as if the table were not there.

use html5gum::{Token, Tokenizer};

use super::extract::number_of;
use html5gum::DefaultEmitter;

/// A table under inspection.
#[derive(Default)]
struct Seen {
    /// Its number among the tables of the text.
    number: usize,
    /// How many cells with text the open row has, and the most that a row has.
    filled: usize,
    widest: usize,
    /// How many rows have several such cells.
    broad_rows: usize,
    /// Whether the open cell has text.
    has_text: bool,
    /// Whether a cell reaches into the next rows.
    spans_rows: bool,
    /// Whether a table with rows and columns stands in it.
    holds_table: bool,
    /// How many rows have text.
    rows: usize,
    /// Whether a heading stands in it, or a table that lays out one below the other.
    holds_parts: bool,
}

/// For each table of a text, in the order in which they begin, whether it only lays out.
pub(super) fn tables(text: &str) -> Vec<bool> {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let (mut open, mut layouts): (Vec<Seen>, Vec<bool>) = (Vec::new(), Vec::new());
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(start) => match &**start.name {
                b"table" => {
                    open.push(Seen { number: layouts.len(), ..Seen::default() });
                    layouts.push(false);
                }
                b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                    open.last_mut().into_iter().for_each(|table| table.holds_parts = true);
                }
                b"tr" => open.last_mut().into_iter().for_each(Seen::end_row),
                b"td" | b"th" => {
                    let reaches = number_of(&start, b"rowspan").is_some_and(|rows| rows > 1);
                    open.last_mut().into_iter().for_each(|table| table.begin_cell(reaches));
                }
                b"img" if start.attributes.get(b"alt".as_slice()).is_some_and(|alt| !alt.trim_ascii().is_empty()) => {
                    open.last_mut().into_iter().for_each(|table| table.has_text = true);
                }
                _ => {}
            },
            Token::EndTag(end) if &**end.name == b"table" => close(&mut open, &mut layouts),
            Token::String(string) if !String::from_utf8_lossy(&string.value).trim().is_empty() => {
                open.last_mut().into_iter().for_each(|table| table.has_text = true);
            }
            _ => {}
        }
    }
    while !open.is_empty() {
        close(&mut open, &mut layouts);
    }
    layouts
}

impl Seen {
    fn begin_cell(&mut self, reaches_on: bool) {
        self.end_cell();
        self.spans_rows |= reaches_on;
    }

    fn end_cell(&mut self) {
        self.filled += usize::from(std::mem::take(&mut self.has_text));
    }

    fn end_row(&mut self) {
        self.end_cell();
        self.widest = self.widest.max(self.filled);
        self.broad_rows += usize::from(self.filled > 1);
        self.rows += usize::from(self.filled > 0);
        self.filled = 0;
    }
}

/// Ends the innermost table.
fn close(open: &mut Vec<Seen>, layouts: &mut [bool]) {
    let Some(mut table) = open.pop() else { return };
    table.end_row();
    let is_one_row = table.rows < 2 && table.holds_parts;
    let is_layout = table.holds_table || is_one_row || table.widest < 2 && !table.spans_rows;
    layouts[table.number] = is_layout;
    if let Some(around) = open.last_mut() {
        around.has_text |= table.widest > 0;
        around.holds_parts |= is_layout && (table.rows > 1 || table.holds_parts);
        around.holds_table |= table.holds_table || !is_layout && table.broad_rows > 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_one_column_or_around_another_lays_out() {
        for (page, expect) in [
            ("<table><tr><td>a<tr><td>b</table>", &[true][..]),
            ("<table><tr><td>&nbsp;<td>a<td><tr><td>b</table>", &[true]),
            ("<table><tr><td>a<td>b</table>", &[false]),
            ("<table><tr><td>a<tr><td rowspan=2>b<tr><td>c</table>", &[false]),
            ("<table><tr><td><table><tr><td>a<td>b<tr><td>1<td>2</table></table>", &[true, false]),
            ("<table><tr><td>menu<td><table><tr><td>a<td>b<tr><td>1<td>2</table></table>", &[true, false]),
            ("<table><tr><td><h1>News</h1>Text<td><a>Unsubscribe</a></table>", &[true]),
            ("<table><tr><td><table><tr><td>Hello<tr><td>It is down.</table><td>Logo</table>", &[true, true]),
            ("<table><tr><td><table><tr><td>Hello</table><td>Logo</table>", &[false, true]),
            ("<table><tr><td><h3>Plan</h3><td><h3>Price</h3><tr><td>Pro<td>22</table>", &[false]),
            // What stands in a cell of a table is a cell's.
            ("<table><tr><td>a<table><tr><td>in<td>ner</table></td><td>b</table>", &[false, false]),
            ("<table><tr><td><img alt='a'><td>b<table>", &[false, true]),
            ("", &[]),
        ] {
            assert_eq!(tables(page), expect, "{page}");
        }
    }
}
