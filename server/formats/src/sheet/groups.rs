//! Groups of a table's rows: which stand under a line of their own, and where each ends.

use super::tables::MAX_TITLE;
use super::{GridRow, words};

/// Where the parts of a table's rows begin, and whether each does so with a line of its own: `자산`, `Transport`. A group ends
/// with its total; what stands behind that, and totals of something else, belong to the table and not to the group.
pub(super) fn parts(rows: &[GridRow], width: usize, is_followed_by_line: bool) -> Vec<(usize, bool)> {
    let lines = lines_between(rows, width, is_followed_by_line);
    let groups: Vec<(usize, usize)> =
        (0..lines.len()).map(|at| (lines[at], lines.get(at + 1).copied().unwrap_or(rows.len()))).collect();
    let has_total =
        |(start, end): &(usize, usize)| rows[start + 1..*end].iter().any(|row| words::is_total(row.first_text()));
    let mut parts = Vec::new();
    for (at, (start, end)) in groups.iter().enumerate() {
        parts.push((*start, true));
        let is_of_all = at + 1 == groups.len() && !groups[..at].iter().any(has_total);
        let own = own_rows(rows[*start].text(0), &rows[start + 1..*end], is_of_all);
        let behind = start + 1 + own;
        if own > 0 && behind < *end {
            parts.push((behind, false));
        }
    }
    parts
}

/// How many of the rows below a line belong to its group. `is_of_all` says that a total without a name is that of all groups.
pub(super) fn own_rows(line: &str, rows: &[GridRow], is_of_all: bool) -> usize {
    let group = words::bare(line);
    for (at, row) in rows.iter().enumerate() {
        let text = row.first_text();
        if words::is_result(text) {
            return at;
        }
        if !words::is_total(text) {
            continue;
        }
        let of = words::total_of(text);
        let is_of_row = || rows[..at].iter().any(|row| words::bare(row.first_text()).contains(&of));
        match of.as_str() {
            "" if is_of_all && !words::bare(text).contains("소계") => return at,
            "" => return at + 1,
            of if group.contains(of) => return at + 1,
            // A part of the group: `유동자산 소계` below `자산`.
            of if of.contains(&group) || is_of_row() => {}
            _ => return at,
        }
    }
    rows.len()
}

/// Where rows begin that stand under a line of their own, one cell in the first column: `자산`, `Transport`. Such lines begin
/// right under the names, and there are more, also behind the next blank row; or they look unlike the rows.
fn lines_between(rows: &[GridRow], width: usize, is_followed_by_line: bool) -> Vec<usize> {
    let is_line = |at: &usize| {
        let (row, next) = (&rows[*at], rows.get(at + 1));
        let text = row.text(0);
        row.filled() == 1
            && !text.is_empty()
            && !row.cells[0].is_value
            && text.chars().count() <= MAX_TITLE / 2
            && !(words::is_total(text) || words::is_placeholder(text) || words::is_note(text))
            && next.is_some_and(|next| next.filled() > 1)
    };
    let lines: Vec<usize> = (0..rows.len()).filter(is_line).collect();
    let is_styled = |at: &usize| {
        let cell = &rows[*at].cells[0];
        let is_alike = |row: &&GridRow| {
            row.cells.first().is_some_and(|other| (other.is_bold, other.look) == (cell.is_bold, cell.look))
        };
        usize::from(cell.across) + 1 >= width.max(2) || rows.iter().filter(is_alike).count() * 2 < rows.len()
    };
    let styled: Vec<usize> = lines.iter().copied().filter(is_styled).collect();
    let begins = |lines: &[usize]| lines.first() == Some(&0) && (lines.len() > 1 || is_followed_by_line);
    if begins(&styled) || styled.len() > 1 {
        return styled;
    }
    if begins(&lines) && width > 2 && lines.len() * 2 <= rows.len() { lines } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    #[test]
    fn groups_end_with_their_totals() {
        for (text, expect) in [
            ("자산||\n현금|1|2\n부채||\n차입금|3|4\n자본총계|5|6", vec![(0, true), (2, true), (4, false)]),
            (
                "Income||\nSales|1|2\nTotal Income|1|2\nExpenses||\nRent|3|4\nTotal Expenses|3|4\nNet Income|5|6",
                vec![(0, true), (3, true), (6, false)],
            ),
            ("자산||\n유동자산 소계|1|2\n건물|1|2\n자산 총계|3|4\n부채||\n차입금|3|4", vec![(0, true), (4, true)]),
            ("1월||\n갑|1|2\n소계|1|2\n2월||\n을|1|2\n소계|1|2\n합계|2|4", vec![(0, true), (3, true), (6, false)]),
            ("1월||\n갑|1|2\n2월||\n을|1|2\n합계|2|4", vec![(0, true), (2, true), (4, false)]),
        ] {
            assert_eq!(parts(&grid(text).rows, 3, false), expect, "{text}");
        }
    }
}
