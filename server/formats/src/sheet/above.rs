//! What stands above a table: titles, units, notes, approval boxes, pairs of a label and its value. None of them names a
//! column, however wide it is, where a better row of names follows.

use super::grid::Marks;
use super::header::{
    MAX_COMPARED, could_name, holds_values, holds_words, is_far, is_set_off, repeats_a_name, says_names,
    share_of_names, width,
};
use super::{GridRow, labels, pairs, rows_of_names, words};

/// Most lines above a table.
const MAX_LINES: usize = 15;
/// Most rows of pairs that no usual label tells.
const MAX_ROWS_OF_FORM: usize = 2;
/// Most rows of a title with what stands beside it: a box to sign, pairs of a label and its value.
const MAX_ROWS_OF_BOX: usize = 6;

/// How many lines stand above a table. The table begins where the workbook says so, where rows are filled to more than half of
/// its width and are no metadata of a better row of names below, or where names of groups of columns stand.
pub(super) fn lines_above(rows: &[GridRow], marks: &Marks, first_column: usize) -> usize {
    let full = rows.iter().take(MAX_COMPARED).map(GridRow::filled).max().unwrap_or(0);
    if full < 2 {
        return rows.len();
    }
    let last_wide = rows.iter().rposition(|row| row.filled() > 1).unwrap_or(0);
    let metadata = metadata(rows, marks, first_column);
    let mut lines = 0;
    while lines < last_wide.min(MAX_LINES) {
        let row = &rows[lines];
        let is_marked = marks.name(row.number, first_column) && row.filled() > 1;
        let is_title = is_merged_title(rows, lines) || lines < metadata;
        if is_marked || (!is_title && (!is_line(rows, lines, full) || rows_of_names::joined(&rows[lines..]).is_some()))
        {
            break;
        }
        lines += 1;
    }
    let rest = &rows[lines.min(rows.len())..];
    lines + better_names(rest, marks, first_column).unwrap_or(0)
}

/// How many of the first rows leave columns open that a later one fills, which is the better row of names: the workbook says so,
/// more of it are usual names, or it looks so. `주간 보고 | | | 담당 | 팀장 | 대표` is a title beside a box to sign.
fn better_names(rows: &[GridRow], marks: &Marks, first_column: usize) -> Option<usize> {
    let first = rows.first()?;
    let is_marked = |row: &GridRow| marks.name(row.number, first_column);
    let end = rows.len().min(MAX_ROWS_OF_BOX + 1);
    let joined = rows_of_names::joined(rows);
    let depth = joined.as_ref().map_or(1, |(depth, _)| *depth);
    if rows[..depth.min(rows.len())].iter().any(is_marked) {
        return None;
    }
    // What the workbook marks below them are the names.
    if let Some(at) = (depth..end).find(|at| is_marked(&rows[*at]) && could_name(&rows[*at])) {
        return Some(at);
    }
    // A title that reaches over columns and rows of a box names none of these: names are distinct.
    if joined.is_some_and(|(_, names)| !repeats_a_name(&names)) {
        return None;
    }
    let is_better = |at: usize| {
        let (row, rest) = (&rows[at], &rows[at + 1..]);
        let rest = &rest[..rest.len().min(MAX_COMPARED)];
        let says_more = says_names(row) && share_of_names(row) > share_of_names(first);
        let looks_so = is_set_off(row, rest) && is_open_within(first, row, rest);
        rows[..at].iter().all(|above| above.filled() < row.filled() && is_open(above, row, rest))
            && is_names_below(row, rest, is_marked(row))
            && (is_marked(row) || says_more || looks_so)
    };
    let quality = |at: &usize| (is_marked(&rows[*at]), rows[*at].filled(), (share_of_names(&rows[*at]) * 100.0) as u32);
    let better = (depth..end).filter(|at| is_better(*at));
    better.max_by(|a, b| quality(a).cmp(&quality(b)).then(b.cmp(a)))
}

/// The row that may name the columns as well as the first, which leaves some between others open that this one and the rows below
/// fill: neither looks like names or says usual ones.
pub(super) fn rival(rows: &[GridRow]) -> Option<usize> {
    let first = rows.first()?;
    if is_set_off(first, &rows[1..]) || rows_of_names::joined(rows).is_some() {
        return None;
    }
    if let Some(at) = only_names_below(rows) {
        return Some(at);
    }
    if says_names(first) {
        return None;
    }
    let at = 1 + rows.iter().skip(1).take(MAX_ROWS_OF_BOX).position(|row| row.filled() > first.filled())?;
    let (row, rest) = (&rows[at], &rows[at + 1..]);
    let rest = &rest[..rest.len().min(MAX_COMPARED)];
    (rest.len() > 1 && could_name(row) && is_open_within(first, row, rest)).then_some(at)
}

/// Whether a row leaves a column open that a row of names and most of the rows below it fill.
fn is_open(row: &GridRow, names: &GridRow, rest: &[GridRow]) -> bool {
    open_columns(row, names, rest).next().is_some()
}

/// The same, between columns that it fills.
fn is_open_within(row: &GridRow, names: &GridRow, rest: &[GridRow]) -> bool {
    let last = row.cells.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
    open_columns(row, names, rest).any(|column| (row.first_filled()..last).contains(&column))
}

fn open_columns<'r>(row: &'r GridRow, names: &'r GridRow, rest: &'r [GridRow]) -> impl Iterator<Item = usize> + 'r {
    let is_filled = |column: usize| rest.iter().filter(|row| !row.text(column).is_empty()).count() * 2 > rest.len();
    (0..names.cells.len())
        .filter(move |column| row.text(*column).is_empty() && !names.text(*column).is_empty() && is_filled(*column))
}

/// Whether a row is one cell, merged over more columns: a title, for a group names columns beside others.
fn is_merged_title(rows: &[GridRow], at: usize) -> bool {
    let row = &rows[at];
    row.filled() == 1 && row.cells.first().is_some_and(|cell| cell.across > 0 && !cell.text.is_empty())
}

/// How many of the first rows are metadata above a row of names: at least one of them holds pairs of a label and its value, the
/// others hold such in the same places or are titles; and what follows them is a row of names by evidence of its own.
fn metadata(rows: &[GridRow], marks: &Marks, first_column: usize) -> usize {
    let shape = |row: &GridRow| row.cells.iter().map(|cell| !cell.text.is_empty()).collect::<Vec<_>>();
    let rest = |at: usize| rows.get(at + 1..).unwrap_or_default();
    let is_marked = |row: &GridRow| row.filled() > 1 && marks.name(row.number, first_column);
    let mut shapes: Vec<Vec<bool>> = Vec::new();
    // Rows that are pairs if others of their shape are.
    let mut pending: Vec<Vec<bool>> = Vec::new();
    let all = |at: usize, shapes: &[Vec<bool>], pending: &[Vec<bool>]| {
        if pending.iter().all(|shape| shapes.contains(shape)) { at } else { 0 }
    };
    for (at, row) in rows.iter().enumerate().take(MAX_LINES) {
        let is_better_than_pairs = |names: &GridRow| is_better_than_pairs(&rows[..at], names, rest(at), is_marked(row));
        let is_loose = row.filled() * 2 <= width(rest(at)) || row.filled() == 1 || pairs::is_note_row(row);
        let joined = || rows_of_names::joined(&rows[at..]).filter(|(_, names)| is_better_than_pairs(names));
        if at > 0 && pending.len() + shapes.len() > 0 && looks_like_names_below_forms(&rows[..=at], rest(at)) {
            return at;
        }
        if pairs::is_pairs(row) && !is_marked(row) {
            if is_set_off_alone(rows, at) && !rows.get(at + 1).is_some_and(is_marked) {
                return 0;
            }
            shapes.push(shape(row));
        } else if !shapes.is_empty() && joined().is_some() {
            return all(at, &shapes, &pending);
        } else if !shapes.is_empty() && is_names_below(row, rest(at), is_marked(row)) && is_better_than_pairs(row) {
            // One more row of pairs, in words that are no usual labels, stands above a better row of names.
            let next = rows.get(at + 1).filter(|_| !is_marked(row) && shapes.contains(&shape(row)));
            let is_better = |next: &&GridRow| {
                next.filled() > row.filled() || is_marked(next) || share_of_names(next) >= share_of_names(row)
            };
            let is_pair =
                next.filter(is_better).is_some_and(|next| is_names_below(next, rest(at + 1), is_marked(next)));
            if !is_pair {
                return all(at, &shapes, &pending);
            }
        } else if is_marked(row) || !(is_loose || pairs::has_shape(row)) {
            return 0;
        } else if !is_loose {
            pending.push(shape(row));
        }
    }
    0
}

/// Whether a row tells that rows above it are pairs and no names: these surely are, or it is by far the better row of names.
/// Usual names beside unusual ones, over words, are a header.
fn is_better_than_pairs(above: &[GridRow], row: &GridRow, rest: &[GridRow], is_marked: bool) -> bool {
    let above: Vec<GridRow> = above.iter().filter(|row| row.filled() > 1).cloned().collect();
    let share = || above.iter().map(share_of_names).fold(0.0, f64::max);
    is_marked || pairs::are_sure(&above) || is_set_off(row, rest) || (says_names(row) && share_of_names(row) > share())
}

/// Whether a row below rows that have the shape of pairs, of which no usual label tells so (`현장 | 판교 2공구 | 담당자 | 최지우`),
/// alone looks like names.
fn looks_like_names_below_forms(rows: &[GridRow], rest: &[GridRow]) -> bool {
    let [above @ .., row] = rows else { return false };
    let looks = |row: &GridRow| row.cells.get(row.first_filled()).map(|cell| (cell.is_bold, cell.look));
    let mut above = above.iter().filter(|row| row.filled() > 1);
    if above.clone().count() > MAX_ROWS_OF_FORM || !could_name(row) {
        return false;
    }
    // Labels are words.
    let has_labels = |row: &GridRow| row.cells.iter().step_by(2).all(|cell| !cell.is_value);
    !row.texts().any(words::is_name_of_period)
        && is_set_off(row, rest)
        && !comes_again(row, rest)
        && above.all(|above| {
            looks(above) != looks(row)
                && !looks_more_like_names(above, row, rest)
                && has_labels(above)
                && (share_of_names(above) < 1.0 || share_of_names(row) == 1.0)
        })
        && is_names_below(row, rest, false)
}

/// Whether a row is set off from the rows of a table in as many ways as one below it: so are names above a total or a current row
/// that is bold or coloured, while a form is set off in less.
fn looks_more_like_names(above: &GridRow, row: &GridRow, rest: &[GridRow]) -> bool {
    let look_of_rows = |at: usize| rest.first().and_then(|row| row.cells.get(at)).map_or(0, |cell| cell.look);
    let ways = |row: &GridRow| {
        let cells = || row.cells.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty());
        let is_bold = cells().all(|(_, cell)| cell.is_bold);
        let is_filled = cells().all(|(at, cell)| cell.look != 0 && cell.look != look_of_rows(at));
        usize::from(is_bold) + usize::from(is_filled)
    };
    ways(above) > 0 && ways(above) >= ways(row)
}

/// Whether a cell of a row stands in its column again, in a row that is not all the same: values of categories do, as in a first
/// row that is bold, and names of columns do not.
fn comes_again(row: &GridRow, rest: &[GridRow]) -> bool {
    let columns = || 0..row.cells.len();
    let same = |other: &GridRow, column: usize| row.text(column) == other.text(column);
    rest.iter().any(|other| {
        columns().any(|column| !row.text(column).is_empty() && same(other, column))
            && !columns().all(|column| same(other, column))
    })
}

/// The row of nothing but usual names below a first row that has the shape of pairs and says other words, where nothing looks
/// like names: a form above a table, or the first term of a glossary.
fn only_names_below(rows: &[GridRow]) -> Option<usize> {
    let end = rows.len().min(MAX_ROWS_OF_BOX + 1);
    let at = (1..end).find(|at| share_of_names(&rows[*at]) == 1.0 && says_names(&rows[*at]))?;
    let (row, rest) = (&rows[at], &rows[at + 1..]);
    let above = &rows[..at];
    (!rest.is_empty()
        && !row.texts().any(words::is_name_of_period)
        && above.iter().all(|row| pairs::has_shape(row) && share_of_names(row) < 1.0)
        && is_names_below(row, rest, false)
        && row.filled() >= above[0].filled())
    .then_some(at)
}

/// Whether all of a row is bold or filled, and nothing of the row below it is: so names look, while labels alone stand out.
fn is_set_off_alone(rows: &[GridRow], at: usize) -> bool {
    let filled = |row: &GridRow| row.cells.iter().filter(|cell| !cell.text.is_empty()).cloned().collect::<Vec<_>>();
    let looks = |cell: &super::GridCell| cell.is_bold || cell.look != 0;
    let Some(next) = rows.get(at + 1) else { return false };
    filled(&rows[at]).iter().all(looks) && next.filled() > 1 && !filled(next).iter().any(looks)
}

/// Whether a row below metadata names the columns of the rows after it.
fn is_names_below(row: &GridRow, rest: &[GridRow], is_marked: bool) -> bool {
    let rest = &rest[..rest.len().min(MAX_COMPARED)];
    let is_word =
        row.cells.iter().all(|cell| cell.text.is_empty() || !cell.is_value) || labels::are_names_over(row, rest);
    let values = || (0..row.cells.len()).any(|column| !row.text(column).is_empty() && holds_values(rest, column));
    let is_wide = row.filled() > 2 || width(rest) <= 2;
    let pairs_below = rest.iter().take(4).filter(|row| pairs::is_pairs(row)).count();
    let is_list = pairs_below * 2 < rest.len().min(4);
    is_marked
        || (row.filled() > 1
            && is_word
            && is_wide
            && is_list
            && row.filled() * 4 >= width(rest) * 3
            && !words::is_total(row.first_text())
            && (says_names(row) || is_set_off(row, rest) || values()))
}

fn is_line(rows: &[GridRow], at: usize, full: usize) -> bool {
    let (row, filled) = (&rows[at], rows[at].filled());
    if is_over_values(row, &rows[at + 1..]) {
        return false;
    }
    if filled == 1 || row.texts().any(words::is_of_pivot) {
        return filled < full || full == 2;
    }
    if filled * 2 <= full {
        return true;
    }
    let below = &rows[at + 1..];
    let Some(next) = below.iter().position(|row| row.filled() > 2 || row.filled() >= full) else { return false };
    let names = says_names(&below[next]);
    // Totals above the names; a title and, far from it, a unit; a label and a value above more than two names.
    let is_total = words::is_total(row.first_text()) && names;
    let is_pair = filled == 2 && below[next].filled() > 2 && next < MAX_LINES;
    let is_set_off = || is_set_off(&below[next], &below[next + 1..]);
    is_total || (share_of_names(row) < 1.0 && (is_far(row, &below[0]) || (is_pair && (names || is_set_off()))))
}

/// Whether a row that leaves the first columns blank names the values in the others: keys have no name there, as in what
/// programs export. Right below it stands a value under each name, and a word in each column without one.
pub(super) fn is_over_values(row: &GridRow, below: &[GridRow]) -> bool {
    let Some(next) = below.first().filter(|_| row.text(0).is_empty()) else { return false };
    let width = width(below).max(row.cells.len());
    let keys = row.first_filled();
    let is_name = |column: usize| {
        let cell = &row.cells[column];
        let is_word = !cell.is_value || labels::holds_period(row);
        !cell.text.is_empty() && is_word && !words::is_note(&cell.text) && !words::is_unit(&cell.text)
    };
    let is_value = |column: usize| next.cells.get(column).is_some_and(|cell| cell.is_value);
    below.len() > 1
        && row.cells.len() == width
        && (keys..width).all(|column| is_name(column) && holds_values(below, column))
        && (keys..width).all(|column| is_value(column) || next.text(column).is_empty())
        && (0..keys).all(|column| holds_words(below, column))
        && next.filled() > 0
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    #[test]
    fn lines_above_a_table_are_no_names() {
        for (text, expect) in [
            ("2024 요금표|\n단위: 원|\n상품|값\n무료|0", 2),
            ("2025 가격표|||단위: 원\n상품|규격|단가|비고\n볼트|M6|120|재고", 1),
            ("Parts||As of 2025-03-01\nPart|Spec|Price\nBolt|M6|120", 1),
            ("계좌번호|110-2||\n예금주|홍길동||\n일시|적요|금액|잔액\n1|a|2|3", 2),
            ("사내 FAQ|v2|\n분류|질문|답변\n결제|왜?|그래서", 1),
            ("합계 : 금액|열 레이블|\n행 레이블|1월|총합계\n서울|100|100", 1),
            ("합계||4800|60\n품목|규격|금액|수량\n관|A|1200|10", 1),
            ("|가격||재고|\n품목|국내|해외|본사|지사\n볼트|1|2|3|4\n너트|1|2|3|4", 0),
            ("Item|Price|\nBasic|free|yearly\nPro|20000|monthly", 0),
            ("Item||Note\nBolt|5|new\nNut|7|old", 0),
            ("one\ntwo", 2),
            // A title beside a box to sign, and beside pairs.
            (
                "주간 보고|||담당|팀장|대표\n|||김철수|이영희|박사장\n업무|담당자|시작|종료|진행률|비고\n가|나|3/2|4/2|1%|x\n다|라|3/3|4/3|2%|y",
                2,
            ),
            ("Order|||Made|Seen|Agreed\nItem|Spec|Qty|Price|Amount|Note\nBolt|M6|1|2|2|x\nNut|M6|2|2|4|y", 1),
            (
                "견적서|||공급자|가온상사\n수신|나라상사||대표|박사장\n견적일|3월 2일||전화|02-1\n품명|규격|수량|단가|금액\n토너|A4|2|50|100\n용지|B5|10|20|200",
                3,
            ),
            // Names of which some are blank.
            ("품명||수량|단가\n볼트|M6|1|2\n너트|M7|2|3", 0),
            ("이름|1일|2일|3일\n|월|화|수\n김서준|D|N|D\n이하은|N|D|N", 0),
            ("항목|2026-01-03|2026-01-08\n요일|토|목\n행사|신년|봄\n장소|본관|별관", 0),
            ("|A반|B반|C반\n1교시|수학|국어|영어\n2교시|과학|미술|음악", 0),
        ] {
            assert_eq!(lines_above(&grid(text).rows, &Marks::default(), 0), expect, "{text}");
        }
    }

    #[test]
    fn names_that_are_marked_or_look_so_stand_below_a_title_and_its_box() {
        let text = "발주서|||작성|검토|승인\n|||김철수|이영희|박민수\n물건|치수|몇|하나|모두|덧붙임\n가|A|1|2|3|-\n나|B|2|2|4|-";
        let mut rows = grid(text).rows;
        assert_eq!(lines_above(&rows, &Marks { frozen: Some(3), ..Marks::default() }, 0), 2);
        assert_eq!((lines_above(&rows, &Marks::default(), 0), rival(&rows)), (0, Some(2)));
        for row in [0, 2] {
            rows[row].cells.iter_mut().for_each(|cell| (cell.is_bold, cell.look) = (true, row as u32));
        }
        assert_eq!(lines_above(&rows, &Marks::default(), 0), 2);
    }

    #[test]
    fn names_that_look_so_stand_below_a_form() {
        for form in ["현장|판교 2공구|담당자|최지우", "Employee|Jane Doe|Department|Sales"] {
            for names in ["품명|규격|단위|수량", "Date|Origin|Destination|Distance"] {
                let mut rows = grid(&format!("{form}\n{names}\n가|10mm|개|29\n나|12mm|개|30")).rows;
                rows[1].cells.iter_mut().for_each(|cell| (cell.is_bold, cell.look) = (true, 1));
                assert_eq!(lines_above(&rows, &Marks::default(), 0), 1, "{form} above {names}");
                // The header of a glossary looks so itself.
                rows.swap(0, 1);
                assert_eq!((lines_above(&rows, &Marks::default(), 0), rival(&rows)), (0, None), "{names} above {form}");
            }
        }
    }

    #[test]
    fn of_two_rows_that_stand_out_the_one_that_does_more_names() {
        let look = |bold: [bool; 2], filled: [u32; 2]| {
            let mut rows =
                grid("지역|매니저|채널|등급\n전체|김서준|온라인|A\n강남점|이하은|매장|B\n홍대점|박도윤|매장|B").rows;
            for (row, (bold, look)) in rows.iter_mut().zip(bold.into_iter().zip(filled)) {
                row.cells.iter_mut().for_each(|cell| (cell.is_bold, cell.look) = (bold, look));
            }
            lines_above(&rows, &Marks::default(), 0)
        };
        // A total below the names.
        assert_eq!(look([true, true], [1, 0]), 0);
        assert_eq!(look([true, false], [1, 2]), 0);
        assert_eq!(look([true, true], [1, 2]), 0);
        assert_eq!(look([true, false], [0, 2]), 0);
        // A form above them.
        assert_eq!(look([true, true], [0, 2]), 1);
        assert_eq!(look([false, true], [1, 2]), 1);
        assert_eq!(look([false, true], [0, 2]), 1);
    }

    #[test]
    fn a_bold_first_row_whose_values_come_again_is_no_header() {
        let lines = |text: &str| {
            let mut rows = grid(text).rows;
            rows[1].cells.iter_mut().for_each(|cell| cell.is_bold = true);
            lines_above(&rows, &Marks::default(), 0)
        };
        assert_eq!(
            lines("지역|매니저|채널|등급\n강남점|김서준|온라인|A\n홍대점|이하은|매장|B\n판교점|박도윤|온라인|B"),
            0
        );
        assert_eq!(
            lines("현장|판교 2공구|감리|최지우\n지역|매니저|채널|등급\n강남점|김서준|온라인|A\n홍대점|이하은|매장|B"),
            1
        );
        // The header stands again on the next printed page.
        let again = "현장|판교|감리|최지우\n지역|매니저|채널|등급\n강남점|김서준|온라인|A\n지역|매니저|채널|등급\n홍대점|이하은|매장|B";
        assert_eq!(lines(again), 1);
    }

    #[test]
    fn a_box_merged_over_rows_is_no_header() {
        let mut rows = grid(
            "출장 신청서|||결재|담당|팀장|부장\n출장 신청서|||결재|김철수|이영희|박민수\n번호|출장지|기간|인원|교통비|숙박비|합계\n\
            1|부산|2박|1|50|90|140\n2|대구|2박|2|51|91|142",
        )
        .rows;
        rows[0].cells[0].across = 2;
        for column in [0, 3] {
            rows[1].cells[column].is_repeated = true;
        }
        assert_eq!(lines_above(&rows, &Marks::default(), 0), 2);
        assert_eq!(lines_above(&rows, &Marks { frozen: Some(3), ..Marks::default() }, 0), 2);
    }

    #[test]
    fn names_that_leave_columns_open_between_others_have_a_rival_below() {
        for (text, expect) in [
            ("발주서|||작성|검토\n물건|치수|몇|하나|모두\n가|A|1|2|3\n나|B|2|2|4", Some(1)),
            ("품명||수량|단가\n볼트|M6|1|2\n너트|M7|2|3", None),
            ("|A반|B반|C반\n1교시|수학|국어|영어\n2교시|과학|미술|음악", None),
            ("Name|Team|\nKim|Core|x\nLee|Edge|y", None),
            ("가|나||라\n마|바|사|아", None),
            // A form above a table, or the first term of a glossary.
            ("현장|판교 2공구|담당자|최지우\n품명|규격|단위|수량\n자재|10mm|개|29\n자재|12mm|개|30", Some(1)),
            ("이름|1일|2일|3일\n|월|화|수\n김서준|D|N|D\n이하은|N|D|N", None),
        ] {
            assert_eq!(rival(&grid(text).rows), expect, "{text}");
        }
    }
}
