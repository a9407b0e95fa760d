//! Pages in, blocks out. What content is, is tested where pages become documents.

use super::*;
use crate::{Block, Extract};

fn lines(page: &str, scope: Scope) -> Vec<String> {
    let pieces = read(page, scope).pieces.into_iter();
    let blocks = pieces.map(|piece| Block { kind: piece.kind, at: None }).collect();
    crate::testing::lines(&Extract { blocks, ..Extract::default() })
}

#[test]
fn a_mail_has_no_furniture() {
    let page = "<header>Logo</header><article>Short.</article><p>Text that is longer than that.<footer>Kim</footer>";
    assert_eq!(lines(page, Scope::Mail), ["Logo", "Short.", "Text that is longer than that.", "Kim"]);
    assert_eq!(lines(page, Scope::Page), ["Short.", "Text that is longer than that."]);
}

#[test]
fn what_is_hidden_or_struck_is_told_apart() {
    let page = read("<p>It costs <del>10 <b>USD</b></del> 8.<p hidden>No", Scope::Mail);
    assert_eq!(page.hidden.split_whitespace().collect::<Vec<_>>(), ["10", "USD", "No"]);
    assert_eq!(page.pieces.len(), 1);
}

/// `100 80` was read for a price that had been 100.
#[test]
fn what_a_style_strikes_out_is_left_out() {
    let page = "<p>Price <span style=\"text-decoration:line-through\">100 <b>USD</b></span> 80\
        <p STYLE='Text-Decoration: Line-Through !IMPORTANT'>무료 배송<p>착불 <font style='color:red;text-decoration-line:line-through'>\
        3,000원</font> 2,500원<table><tr><td>Pro<td><s>22</s> 20<tr style='text-decoration:line-through solid'><td>Old<td>9</table>";
    for scope in [Scope::Page, Scope::Mail] {
        assert_eq!(lines(page, scope), ["Price 80", "착불 2,500원", "| Pro | 20 |"]);
    }
    assert_eq!(read(page, Scope::Mail).hidden.split_whitespace().collect::<String>(), "100USD무료배송3,000원22Old9");
    // The element says so itself, or it holds.
    let page = "<style>.old { text-decoration: line-through }</style><p class=old>It holds.";
    assert_eq!(lines(page, Scope::Page), ["It holds."]);
}

/// All of a mail that was laid out in tables was one line.
#[test]
fn what_stands_in_a_table_of_layout_keeps_its_form() {
    let page = "<table><tbody><tr><td>&nbsp;<td><h2>Prices</h2><p>As of May:<table><thead><tr><th>a<th>b</thead><tr><td>1\
        <td>2</table><ul><li>one<li>two</ul><td></tr></tbody></table>After";
    assert_eq!(
        lines(page, Scope::Mail),
        ["## Prices", "As of May:", "‖ a ‖ b ‖", "| 1 | 2 |", "* one", "* two", "After"]
    );
}

#[test]
fn cells_that_span_say_so_and_end_with_their_group() {
    let page = "<table><tr><th rowspan=2>node<th colspan=2>memory<tr><th>request<th>limit<tbody><tr><td rowspan=9>a<td>1\
        <td>2<tr><td>3<td>4</tbody><tbody><tr><td>b<td>5<td>6</table>";
    assert_eq!(
        lines(page, Scope::Page),
        ["‖ node (1x2) ‖ memory (2x1) ‖", "‖ request ‖ limit ‖", "| a (1x2) | 1 | 2 |", "| 3 | 4 |", "| b | 5 | 6 |"]
    );
}
