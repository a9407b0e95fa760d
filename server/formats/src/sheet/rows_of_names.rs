//! Headers of several rows: names of groups of columns over the names in them, and units below the names. One row of names is
//! the norm; more are taken only where cells are merged, or where the names say so themselves.

use super::header::{holds_values, holds_words, is_bold_alone, width};
use super::{GridRow, labels, words};

/// Most rows of a header.
const MAX_DEPTH: usize = 4;

/// The header of rows whose first are one, and how many these are: `지역 | 상반기 | | 하반기 |` over
/// `지역 | 매출 | 이익 | 매출 | 이익` is `지역 | 상반기 매출 | 상반기 이익 | 하반기 매출 | 하반기 이익`.
pub(super) fn joined(rows: &[GridRow]) -> Option<(usize, GridRow)> {
    let width = width(rows);
    // What stands alone is a title where it begins in the first column: a group leaves a place for what it is of. It is one,
    // too, where it reaches over all but the first column.
    let upper = rows.first()?;
    let stands_alone = upper.filled() == 1 && upper.first_filled() == 0 && upper.cells[0].across > 0;
    let is_title = upper.filled() == 1
        && width > 2
        && upper.first_filled() == 1
        && usize::from(upper.cells[1].across) + 2 >= width
        && !labels::holds_period(upper);
    if is_title || stands_alone {
        return None;
    }
    let mut depth = 1;
    while depth < MAX_DEPTH && goes_on_by_merged_cells(rows, depth, width) {
        depth += 1;
    }
    let pieces = if depth == 1 { named_pieces(rows, width) } else { None };
    let is_by_blanks = depth == 1 && pieces.is_none() && goes_on_by_blanks(rows, width);
    let is_by_merged_rows = depth == 1 && goes_on_by_merged_rows(rows);
    if is_by_blanks || pieces.is_some() || is_by_merged_rows || has_units(rows, depth) {
        depth += 1;
    }
    if depth == 1 || depth >= rows.len() {
        return None;
    }
    let mut names: Vec<Vec<String>> = rows[..depth].iter().map(|row| spread(row, width, is_by_blanks)).collect();
    for (start, end) in pieces.unwrap_or_default() {
        let name = (start..end).map(|column| rows[0].text(column)).find(|name| !name.is_empty());
        names[0][start..end].fill(name.unwrap_or_default().to_owned());
    }
    let mut header = rows[depth - 1].clone();
    header.cells.resize_with(width, Default::default);
    for (column, cell) in header.cells.iter_mut().enumerate() {
        let mut parts: Vec<&str> = names
            .iter()
            .filter_map(|row| row.get(column))
            .map(String::as_str)
            .filter(|name| !name.is_empty())
            .collect();
        parts.dedup();
        cell.text = parts.iter().flat_map(|part| part.split_whitespace()).collect::<Vec<_>>().join(" ");
    }
    Some((depth, header))
}

/// A header for rows of which it cannot be told which of two names their columns: both do, `품목 / 서버`.
pub(super) fn either(names: &GridRow, others: &GridRow) -> GridRow {
    let mut either = names.clone();
    either.cells.resize_with(names.cells.len().max(others.cells.len()), Default::default);
    for (column, cell) in either.cells.iter_mut().enumerate() {
        let other = others.text(column);
        if cell.text.is_empty() {
            cell.text = other.to_owned();
        } else if !(other.is_empty() || words::are_same(&cell.text, other)) {
            cell.text = format!("{} / {other}", cell.text);
        }
    }
    either
}

/// The names of a row, those of groups said in each column that they reach over.
fn spread(row: &GridRow, width: usize, is_by_blanks: bool) -> Vec<String> {
    let mut names = vec![String::new(); width];
    for (start, end) in groups(row, width, is_by_blanks && row.filled() < width) {
        names[start..end].fill(row.text(start).to_owned());
    }
    names
}

/// The columns that each filled cell reaches over: those it is merged across, or those up to the next filled one.
fn groups(row: &GridRow, width: usize, is_by_blanks: bool) -> Vec<(usize, usize)> {
    let starts: Vec<usize> = (0..width).filter(|column| !row.text(*column).is_empty()).collect();
    let next = |at: usize| starts.get(at + 1).copied().unwrap_or(width);
    let end = |at: usize, start: usize| {
        let across = row.cells.get(start).map_or(0, |cell| usize::from(cell.across));
        if is_by_blanks { next(at) } else { (start + 1 + across).min(next(at)) }
    };
    starts.iter().enumerate().map(|(at, start)| (*start, end(at, *start))).collect()
}

/// Whether the row after the first `depth` goes on with the header, because cells of the last of these are merged across
/// columns: names stand under each, and nothing new beside them.
fn goes_on_by_merged_cells(rows: &[GridRow], depth: usize, width: usize) -> bool {
    let [.., upper] = &rows[..depth.min(rows.len())] else { return false };
    let Some(lower) = rows.get(depth) else { return false };
    let rest = &rows[depth + 1..];
    let groups: Vec<(usize, usize)> =
        groups(upper, width, false).into_iter().filter(|(start, end)| end - start > 1).collect();
    let is_grouped = |column: usize| groups.iter().any(|(start, end)| (*start..*end).contains(&column));
    let has_names = |(start, end): &(usize, usize)| {
        (*start..*end)
            .any(|column| lower.cells.get(column).is_some_and(|cell| !cell.text.is_empty() && !cell.is_repeated))
    };
    let is_nothing_new = |column: usize| {
        let below = lower.text(column);
        let is_over_values =
            || groups.iter().all(|(start, end)| (*start..*end).any(|column| holds_values(rest, column)));
        below.is_empty()
            || lower.cells[column].is_repeated
            || below == upper.text(column)
            || (upper.text(column).is_empty() && is_over_values())
    };
    !groups.is_empty()
        && labels::are_names(upper)
        && labels::are_names(lower)
        && groups.iter().all(has_names)
        && (0..width).filter(|column| !is_grouped(*column)).all(is_nothing_new)
}

/// Whether the second row goes on with the header because names of the first reach down into it, and usual names stand beside
/// them, or words over values: the days of the week below the days of the month, units below what is counted in them.
fn goes_on_by_merged_rows(rows: &[GridRow]) -> bool {
    let [upper, lower, rest @ ..] = rows else { return false };
    let cells = || lower.cells.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty());
    let new = || cells().filter(|(_, cell)| !cell.is_repeated);
    let is_over = |(column, _): (usize, &super::GridCell)| !upper.text(column).is_empty();
    labels::are_names(upper)
        && cells().any(|(_, cell)| cell.is_repeated)
        && new().count() > 1
        && cells().all(is_over)
        && new()
            .all(|(column, cell)| !cell.is_value && (words::is_column_name(&cell.text) || holds_values(rest, column)))
        && !rest.is_empty()
}

/// Whether the second row goes on with the header where nothing is merged: names of groups leave blanks beside them, values
/// stand under each group, and the names repeat, the corner above them is blank, or the rows look alike and unlike the rest.
fn goes_on_by_blanks(rows: &[GridRow], width: usize) -> bool {
    let [upper, lower, rest @ ..] = rows else { return false };
    let groups: Vec<(usize, usize)> =
        groups(upper, width, true).into_iter().filter(|(start, end)| end - start > 1).collect();
    let is_named = |(start, end): &(usize, usize)| (*start..*end).all(|column| !lower.text(column).is_empty());
    let is_over_values = || groups.iter().all(|(start, end)| (*start..*end).all(|column| holds_values(rest, column)));
    let is_words = lower.cells.iter().all(|cell| !cell.is_value);
    if rest.is_empty() || groups.is_empty() || !labels::are_names(upper) || !is_words || !groups.iter().all(is_named) {
        return false;
    }
    let names = |(start, end): &(usize, usize)| (*start..*end).map(|column| lower.text(column)).collect::<Vec<_>>();
    let repeats = groups.len() > 1 && groups.iter().all(|group| names(group) == names(&groups[0]));
    let begins_alike = !upper.text(0).is_empty() && upper.text(0) == lower.text(0);
    let has_corner = upper.text(0).is_empty() && !lower.text(0).is_empty() && upper.filled() == groups.len();
    let is_set_off = || is_bold_alone(upper, rest) && is_bold_alone(lower, rest);
    let is_sparse = upper.filled() * 2 <= lower.filled();
    (has_corner && groups.len() > 1 && is_sparse)
        || is_over_values() && (repeats || begins_alike || has_corner && is_sparse || is_set_off())
}

/// The pieces of a table behind its first column that blank columns part, if there are several, and each has one name above it
/// somewhere: `| | | 2023 | | | 2022` over `| sales | profit | | sales | profit`.
fn named_pieces(rows: &[GridRow], width: usize) -> Option<Vec<(usize, usize)>> {
    let [upper, lower, rest @ ..] = rows else { return None };
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for column in (1..width).filter(|column| !lower.text(*column).is_empty()) {
        match pieces.last_mut() {
            Some(piece) if piece.1 == column => piece.1 += 1,
            _ => pieces.push((column, column + 1)),
        }
    }
    let names = |(start, end): &(usize, usize)| (*start..*end).filter(|column| !upper.text(*column).is_empty()).count();
    let is_group = |piece: &(usize, usize)| {
        piece.1 - piece.0 > 1 && names(piece) == 1 && (piece.0..piece.1).all(|column| !holds_words(rest, column))
    };
    let is_named = pieces.len() > 1 && pieces.iter().all(is_group) && lower.cells.iter().all(|cell| !cell.is_value);
    (is_named && !rest.is_empty() && upper.filled() <= pieces.len() + 1).then_some(pieces)
}

/// Whether the row after the first `depth` holds units of the names above it, over values: `| (bar) | (kg)`.
fn has_units(rows: &[GridRow], depth: usize) -> bool {
    let (Some(names), Some(units)) = (rows.get(depth - 1), rows.get(depth)) else { return false };
    let rest = &rows[depth + 1..];
    let is_unit = |column: usize| {
        let text = units.text(column);
        let is_in_brackets = text.starts_with('(') && text.ends_with(')');
        text.is_empty() || (is_in_brackets && !names.text(column).is_empty() && holds_values(rest, column))
    };
    units.filled() > 0
        && names.filled() > 1
        && names.cells.iter().all(|cell| !cell.is_value)
        && (0..units.cells.len()).all(|column| units.cells[column].is_repeated || is_unit(column))
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    /// The header of rows in which `across` are merged cells: row, column, and how many columns and rows more they take.
    fn check(text: &str, merged: &[(usize, usize, u16, usize)], expect: Option<&str>) {
        let mut rows = grid(text).rows;
        for (row, column, across, down) in merged {
            rows[*row].cells[*column].across = *across;
            let again = super::super::GridCell { is_repeated: true, ..rows[*row].cells[*column].clone() };
            (row + 1..=row + down).for_each(|row| rows[row].cells[*column] = again.clone());
        }
        let header = joined(&rows).map(|(_, header)| header.texts().collect::<Vec<_>>().join("|"));
        assert_eq!(header.as_deref(), expect, "{text}");
    }

    #[test]
    fn names_under_groups_are_one_header() {
        let two = "지역|상반기 매출|상반기 이익|하반기 매출|하반기 이익";
        check("지역|상반기||하반기|\n지역|매출|이익|매출|이익\n서울|1|2|3|4", &[], Some(two));
        check(
            "|2023||2024|\nRegion|sales|cost|sales|cost\nNorth|1|2|3|4",
            &[],
            Some("Region|2023 sales|2023 cost|2024 sales|2024 cost"),
        );
        check(
            "|가격||재고|\n품목|국내|해외|본사|지사\n볼트|1|2|3|4",
            &[],
            Some("품목|가격 국내|가격 해외|재고 본사|재고 지사"),
        );
        check(
            "CHF||2023|||2022\n|sales|cost||sales|cost\nNA|1|2||3|4",
            &[],
            Some("CHF|2023 sales|2023 cost|2022 sales|2022 cost"),
        );
        check("Region|H1|\nRegion|sales|cost\nNorth|1|2", &[], Some("Region|H1 sales|H1 cost"));
    }

    #[test]
    fn a_row_of_words_under_a_header_with_a_blank_name_is_a_row() {
        for text in [
            "이름|부서|\n김|결제|사원\n이|운영|사원",
            "Item|Price|\nBasic|free|yearly\nPro|20000|monthly\nMax|90000|monthly",
            "서버|담당자|\n카프카|김민수|퇴역함\n레디스|이영희|2024\n몽고|박철수|2025",
            "Item|Price|\nBasic|free|none\nPro|20000|24000",
        ] {
            check(text, &[], None);
        }
    }

    #[test]
    fn merged_cells_join_rows_of_names() {
        let merged = [(0, 1, 3, 0), (0, 0, 0, 2), (1, 1, 1, 0), (1, 3, 1, 0)];
        check(
            "구분|2025년|||\n|상반기||하반기|\n|매출|이익|매출|이익\n서울|1|2|3|4",
            &merged,
            Some("구분|2025년 상반기 매출|2025년 상반기 이익|2025년 하반기 매출|2025년 하반기 이익"),
        );
        check("name|reach|\n|phone|mail\nKim|a|b", &[(0, 1, 1, 0)], Some("name|reach phone|reach mail"));
        check("구분|2024|\n|1분기|2분기\n서울|1|2", &[(0, 1, 1, 0), (0, 0, 0, 1)], Some("구분|2024 1분기|2024 2분기"));
    }

    #[test]
    fn a_name_over_two_columns_of_data_takes_no_row_into_the_header() {
        check("이름|연락처|\n김민수|010-1111-2222|a@b.kr\n이영희|010-3333-4444|c@d.kr", &[(0, 1, 1, 0)], None);
        check("이름|점수|\n김|10|20\n이|30|40", &[(0, 1, 1, 0)], None);
        check("서울|일반|어른\n|청소년|학생\n부산|일반|어른", &[(0, 0, 0, 1)], None);
    }

    #[test]
    fn units_below_names_belong_to_them() {
        check("Model|Pressure|Weight\n|(bar)|(kg)\nKX1|12|30", &[], Some("Model|Pressure (bar)|Weight (kg)"));
        check("이름|비고\n김|(휴직)\n이|(퇴사)", &[], None);
        // Beside a name that is merged with the cell below it.
        check("건물|전기|가스\n|kWh|㎥\n본관|10|30\n별관|7|20", &[(0, 0, 0, 1)], Some("건물|전기 kWh|가스 ㎥"));
    }
}
