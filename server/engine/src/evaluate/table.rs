//! Plain-text tables for terminals: no colour, no box drawing, nothing that a log would garble.

/// Aligns cells in columns, two spaces apart: the first column to the left, the others to the right.
pub(super) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width_of(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| pad(column, cell, width)).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn pad(column: usize, cell: &str, width: usize) -> String {
    if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
}

/// One line that a terminal can be trusted with: control characters become spaces, and the rest after `limit`
/// characters becomes an ellipsis.
pub(super) fn one_line(text: &str, limit: usize) -> String {
    let mut characters = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let mut line: String = characters.by_ref().take(limit).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_trailing_space() {
        let rows = [vec!["metric", "value"], vec!["nDCG@10", ".5"], vec!["p", ""]];
        let rows = rows.map(|row| row.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(align(&rows), "metric   value\nnDCG@10     .5\np\n");
        assert_eq!(align(&[]), "");
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(one_line("왜\n\u{1b}[31m안 돼?", 40), "왜  [31m안 돼?");
        assert_eq!(one_line("가나다라", 3), "가나다…");
        assert_eq!(one_line("가나다", 3), "가나다");
    }
}
