//! The titles over a table of Word, PowerPoint or HTML, and the parts into which lines over its whole width part it.

use super::blocks::{guess_header_rows, line_of};
use super::{Row, Table};

/// Most titles of a table.
const MAX_TITLES: usize = 3;
/// Names of columns may be said again for each part of a table as long as that takes no more, or no more than the rows.
const MAX_REPEATED_BYTES: usize = 64 << 10;
/// Most rows that are looked at to tell how wide a table is.
const MAX_COMPARED: usize = 100;

/// Takes the titles out of a table: first rows of one cell over the whole width, above a row of several. They name no column.
fn take_titles(table: &mut Table) -> Vec<String> {
    let width = |row: &Row| row.cells.iter().map(|cell| cell.columns).sum::<u32>();
    let is_title = |rows: &[Row]| match rows {
        [Row { cells, .. }, rest @ ..] if rest.len() > 1 => {
            let [cell] = cells.as_slice() else { return false };
            let is_over_all = rest.iter().take(MAX_COMPARED).all(|row| width(row) <= cell.columns);
            cell.columns > 1
                && cell.rows == 1
                && is_over_all
                && rest.iter().take(MAX_TITLES).any(|row| row.cells.len() > 1)
        }
        _ => false,
    };
    let count = (0..MAX_TITLES).take_while(|at| table.rows.get(*at..).is_some_and(is_title)).count();
    let titles = table.rows.drain(..count).map(|row| line_of(&row)).filter(|title| !title.is_empty()).collect();
    if count > 0 && table.header_rows > 0 {
        table.header_rows = match table.header_rows.saturating_sub(count) {
            0 if count_pairs(&table.rows) * 2 >= table.rows.len() => 0,
            0 => guess_header_rows(&table.rows),
            left => left,
        };
    }
    titles
}

/// The titles over a table, and its parts. Where a title stands over its names, the names come again below a line over the whole
/// width, or its rows begin with such a line, these lines part it, and each stands in the name of the first column of the rows
/// below it, `부산 지역 / 매장`: a row may be read alone. Other lines between rows (`Lunch`) are rows. Names that come again are
/// said once.
pub(crate) fn parted(mut table: Table) -> (Vec<String>, Vec<Table>) {
    let mut titles = take_titles(&mut table);
    if !is_parted(&table, !titles.is_empty()) {
        return (titles, vec![table]);
    }
    let first = titles.pop().unwrap_or_default();
    (titles, parts(table, &first))
}

/// Whether lines over the whole width part the rows of a table with names. To say the names again for each part may not cost
/// more than the rows, or a little.
fn is_parted(table: &Table, has_title: bool) -> bool {
    let rows = &table.rows[table.header_rows.min(table.rows.len())..];
    let size = |rows: &[Row]| rows.iter().flat_map(|row| &row.cells).map(|cell| cell.text.len() + 1).sum::<usize>();
    let is_line = |row: &Row| is_line(row, table);
    let begins: Vec<&Row> =
        rows.windows(2).filter(|pair| is_line(&pair[0]) && pair[1].cells.len() > 1).map(|pair| &pair[1]).collect();
    let is_again = |row: &&Row| texts(row) == texts(&table.rows[0]);
    table.header_rows > 0
        && !begins.is_empty()
        && (has_title || rows.first().is_some_and(is_line) || begins.iter().any(is_again))
        && begins.len() * size(&table.rows[..table.header_rows]) <= size(rows).max(MAX_REPEATED_BYTES)
}

fn texts(row: &Row) -> Vec<&str> {
    row.cells.iter().map(|cell| cell.text.as_str()).collect()
}

/// Whether a row is one line over the whole width, which others fill with several cells, and no note or total.
fn is_line(row: &Row, table: &Table) -> bool {
    let width = |row: &Row| row.cells.iter().map(|cell| cell.columns).sum::<u32>();
    let [cell] = row.cells.as_slice() else { return false };
    let names = table.rows.first().map_or(0, width);
    let is_title = !cell.text.is_empty() && !crate::sheet::is_note_or_total(&cell.text);
    cell.columns > 1 && cell.columns >= names && cell.rows == 1 && is_title
}

/// The parts of a table. `first` is the line of the first, where it stood above the names. A part ends with its total: what
/// stands behind that is of the whole table.
fn parts(mut table: Table, first: &str) -> Vec<Table> {
    let header: Vec<Row> = table.rows.drain(..table.header_rows).collect();
    let whole = Table { header_rows: header.len(), rows: header.clone() };
    let mut groups: Vec<(String, Vec<Row>)> = vec![(first.to_owned(), Vec::new())];
    let mut rows = table.rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        let Some((_, group)) = groups.last_mut() else { break };
        if !is_line(&row, &whole) {
            group.push(row);
            continue;
        }
        let mut lines = vec![row];
        lines.extend(std::iter::from_fn(|| rows.next_if(|row| is_line(row, &whole))));
        if rows.peek().is_none_or(|row| row.cells.len() < 2) {
            group.append(&mut lines);
            continue;
        }
        groups.push((lines.iter().map(line_of).collect::<Vec<_>>().join(" · "), Vec::new()));
        for names in &header {
            if rows.next_if(|row| texts(row) == texts(names)).is_none() {
                break;
            }
        }
    }
    let first_texts = |rows: &[Row]| -> Vec<String> {
        rows.iter().map(|row| row.cells.first().map(|cell| cell.text.clone()).unwrap_or_default()).collect()
    };
    let all: Vec<Vec<String>> = groups.iter().map(|(_, rows)| first_texts(rows)).collect();
    let under = |line: &str, mut rows: Vec<Row>| {
        let mut table = whole.clone();
        if let Some(name) = table.rows.first_mut().and_then(|row| row.cells.first_mut()).filter(|_| !line.is_empty()) {
            name.text = if name.text.is_empty() { line.to_owned() } else { format!("{line} / {}", name.text) };
        }
        table.rows.append(&mut rows);
        table
    };
    let mut parts = Vec::new();
    for (at, (line, mut rows)) in groups.into_iter().enumerate() {
        let others = if line.is_empty() { Vec::new() } else { rows.split_off(crate::sheet::own_rows(&line, at, &all)) };
        parts.extend([under(&line, rows), under("", others)]);
    }
    parts.retain(|part| part.rows.len() > part.header_rows);
    parts
}

/// How many rows are pairs of labels and values.
fn count_pairs(rows: &[Row]) -> usize {
    crate::sheet::count_pairs(rows.iter().map(|row| row.cells.iter().map(|cell| cell.text.as_str())))
}

#[cfg(test)]
mod tests {
    use super::super::blocks::Blocks;
    use super::super::{Block, BlockKind, Cell};
    use super::*;

    #[test]
    fn a_title_over_a_table_names_no_column() {
        let wide = |text: &str| Row { cells: vec![Cell { columns: 3, ..Cell::of(text) }], at: None };
        let row = |text: &str| Row { cells: text.split('|').map(Cell::of).collect(), at: None };
        let check = |rows: Vec<Row>, header_rows: usize, expect: (&[&str], &str, usize)| {
            let mut table = Table { header_rows, rows };
            let titles = take_titles(&mut table);
            let first = table.rows[0].cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join("|");
            assert_eq!(
                (titles.as_slice(), first.as_str(), table.header_rows),
                (&expect.0.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>()[..], expect.1, expect.2)
            );
        };
        check(vec![wide("예산"), row("부서|인건비|합계"), row("a|1|2")], 1, (&["예산"], "부서|인건비|합계", 1));
        check(
            vec![wide("예산"), wide("(단위: 원)"), row("부서|인건비|합계"), row("a|1|2")],
            3,
            (&["예산", "(단위: 원)"], "부서|인건비|합계", 1),
        );
        check(vec![wide("신청서"), row("작성자|홍길동||"), row("목적|방문||")], 1, (&[], "신청서", 1));
        check(vec![row("부서|인건비|합계"), wide("상반기"), row("a|1|2")], 1, (&[], "부서|인건비|합계", 1));
    }

    #[test]
    fn parts_of_a_table_keep_their_titles_under_one_header() {
        let wide = |text: &str| Row { cells: vec![Cell { columns: 2, ..Cell::of(text) }], at: None };
        let row = |text: &str| Row { cells: text.split('|').map(Cell::of).collect(), at: None };
        let check = |rows: Vec<Row>, expect: &str| {
            let mut blocks = Blocks::default();
            blocks.table(Table { header_rows: 1, rows });
            let line = |row: &Row| row.cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join("|");
            let show = |block: Block| match block.kind {
                BlockKind::Table(table) => table.rows.iter().map(line).collect::<Vec<_>>().join(" / "),
                BlockKind::Paragraph(text) => text,
                other => panic!("{other:?}"),
            };
            assert_eq!(blocks.finish().blocks.into_iter().map(show).collect::<Vec<_>>().join(" + "), expect);
        };
        let parts = "서울 / 매장|실적 / 1호점|10 + 부산 / 매장|실적 / 2호점|20";
        check(
            vec![wide("서울"), row("매장|실적"), row("1호점|10"), wide("부산"), row("매장|실적"), row("2호점|20")],
            parts,
        );
        check(vec![wide("서울"), row("매장|실적"), row("1호점|10"), wide("부산"), row("2호점|20")], parts);
        check(vec![row("매장|실적"), wide("서울"), row("1호점|10"), wide("부산"), row("2호점|20")], parts);
        check(
            vec![wide("2025 매출"), wide("서울"), row("매장|실적"), row("1호점|10"), wide("부산"), row("2호점|20")],
            &format!("2025 매출 + {parts}"),
        );
        check(
            vec![row("매장|실적"), row("본사|9"), wide("부산"), row("매장|실적"), row("2호점|20")],
            "매장|실적 / 본사|9 + 부산 / 매장|실적 / 2호점|20",
        );
        check(
            vec![row("매장|실적"), wide("부산"), wide("1분기"), row("2호점|20"), wide("잠정"), wide("비고: 세전")],
            "부산 · 1분기 / 매장|실적 / 2호점|20 / 잠정 / 비고: 세전",
        );
        // A part ends with its total, and lines between rows are no parts.
        check(
            vec![row("Item|Spent"), wide("Staff"), row("Pay|1"), wide("Office"), row("Rent|2"), row("Total|3")],
            "Staff / Item|Spent / Pay|1 + Office / Item|Spent / Rent|2 + Item|Spent / Total|3",
        );
        check(
            vec![row("지부|명"), wide("수도권"), row("서울|2"), wide("수도권 소계 2명"), wide("영남권"), row("부산|3")],
            "수도권 / 지부|명 / 서울|2 / 수도권 소계 2명 + 영남권 / 지부|명 / 부산|3",
        );
        check(vec![row("시간|일"), row("10시|가"), wide("점심"), row("13시|나")], "시간|일 / 10시|가 / 점심 / 13시|나");
        check(vec![row("매장|실적"), row("본사|9"), wide("잠정")], "매장|실적 / 본사|9 / 잠정");
        check(vec![row("매장|실적"), wide("※ 세전"), row("본사|9")], "매장|실적 / ※ 세전 / 본사|9");
        check(vec![wide("서울"), row("매장|실적"), row("1호점|10")], "서울 + 매장|실적 / 1호점|10");
    }
}
