//! Where the names of a table's columns stand, and how surely. The prior is that the first full row of a table names its
//! columns; only strong evidence makes it a row like the others (docs/adr/0018-sheet-headers.md).

use std::collections::HashSet;

use super::grid::{Marks, UNIT_SIGNS};
use super::labels::{Naming, naming};
use super::{GridCell, GridRow, above, labels, pairs, words};

/// Most rows that are looked at to tell how wide a table is, and what a column holds.
pub(super) const MAX_COMPARED: usize = 1_000;
/// Longest name of a column below other rows, in characters; what is longer is a sentence.
const MAX_NAME: usize = 60;

/// What a row above others is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// A row like those below.
    Row,
    /// It cannot be told: it is shown above the others and among them.
    Doubt,
    /// Names of the columns.
    Names,
}

pub(super) fn width(rows: &[GridRow]) -> usize {
    rows.iter().map(|row| row.cells.len()).max().unwrap_or(0)
}

/// Whether most of what stands in a column are values. What stands for a missing one counts as neither.
pub(super) fn holds_values(rows: &[GridRow], column: usize) -> bool {
    let (values, words, _) = count(rows, column);
    values > words
}

/// Whether most of what stands in a column are words.
pub(super) fn holds_words(rows: &[GridRow], column: usize) -> bool {
    let (values, words, missing) = count(rows, column);
    words > values + missing
}

/// How many values, words, and signs of missing values stand in a column.
fn count(rows: &[GridRow], column: usize) -> (usize, usize, usize) {
    let (mut values, mut texts, mut missing) = (0, 0, 0);
    let cells = rows.iter().take(MAX_COMPARED).filter_map(|row| row.cells.get(column));
    for cell in cells.filter(|cell| !cell.text.is_empty()) {
        match cell.is_value {
            true => values += 1,
            false if words::is_placeholder(&cell.text) => missing += 1,
            false => texts += 1,
        }
    }
    (values, texts, missing)
}

/// Whether a row is a title and, far from it, a unit or a date, over a row that fills what lies between.
pub(super) fn is_far(row: &GridRow, below: &GridRow) -> bool {
    row.filled() == 2 && !row.text(0).is_empty() && row.text(1).is_empty() && !below.text(1).is_empty()
}

/// Whether a row says usual names of columns, at least two, in half of its cells.
pub(super) fn says_names(row: &GridRow) -> bool {
    row.filled() > 1 && share_of_names(row) >= 0.5 && row.texts().filter(|text| words::is_column_name(text)).count() > 1
}

/// How many of a row's cells say usual names of columns, from 0 to 1.
pub(super) fn share_of_names(row: &GridRow) -> f64 {
    row.texts().filter(|text| words::is_column_name(text)).count() as f64 / row.filled().max(1) as f64
}

/// Whether a name comes again in a row, which names never do; those of a table that is written twice side by side do, in turn.
pub(super) fn repeats_a_name(row: &GridRow) -> bool {
    let names: Vec<&str> = row.texts().collect();
    let are_distinct = |names: &[&str]| names.iter().collect::<HashSet<_>>().len() == names.len();
    let is_of_halves = names.len() > 3 && names.len().is_multiple_of(2) && {
        let (left, right) = names.split_at(names.len() / 2);
        left == right && are_distinct(left)
    };
    !(are_distinct(&names) || is_of_halves)
}

/// Whether two rows say the same names, however these are broken into lines.
pub(super) fn say_the_same(a: &GridRow, b: &GridRow) -> bool {
    a.filled() == b.filled() && a.texts().zip(b.texts()).all(|(a, b)| words::are_same(a, b))
}

/// Whether a row could name columns: several short words, none twice, no total, and nothing that stands for a missing value.
pub(super) fn could_name(row: &GridRow) -> bool {
    let is_name = |cell: &GridCell| {
        let text = &cell.text;
        text.is_empty() || !(cell.is_value || words::is_placeholder(text) || text.chars().count() > MAX_NAME)
    };
    row.filled() > 1 && row.cells.iter().all(is_name) && !repeats_a_name(row) && !words::is_total(row.first_text())
}

/// What the first row is.
pub(super) fn verdict(rows: &[GridRow], marks: &Marks, first_column: usize) -> Verdict {
    let [first, rest @ ..] = rows else { return Verdict::Row };
    let rest = &rest[..rest.len().min(MAX_COMPARED)];
    let is_marked = marks.name(first.number, first_column);
    if above::is_over_values(first, rest) {
        return Verdict::Names;
    }
    if rest.is_empty()
        || first.filled() < 2
        || (words::is_total(first.first_text()) && first.cells.iter().any(|cell| cell.is_value))
    {
        return Verdict::Row;
    }
    if is_marked || (is_set_off(first, rest) && !repeats_a_name(first)) {
        return Verdict::Names;
    }
    if is_form(rows) {
        return Verdict::Row;
    }
    if first.cells.iter().any(|cell| cell.is_value) {
        return of_values(first, rest);
    }
    if says_names(first) {
        return Verdict::Names;
    }
    if has_form_of_rows(first, rest) || first.cells.iter().skip(1).any(|cell| words::is_placeholder(&cell.text)) {
        return Verdict::Row;
    }
    let names =
        contrasts(first, rest) || is_word_over_codes_or_phrases(first, rest) || labels::names_periods(first, rest);
    if !repeats_a_name(first) && names { Verdict::Names } else { Verdict::Doubt }
}

/// Whether a word stands over a column of values.
pub(super) fn contrasts(first: &GridRow, rest: &[GridRow]) -> bool {
    let is_word = |column: usize| first.cells.get(column).is_some_and(|cell| !cell.text.is_empty() && !cell.is_value);
    (0..first.cells.len()).any(|column| is_word(column) && holds_values(rest, column))
}

/// Whether words of one kind stand over those of another: a word without a digit over codes of one form or quantities, or a
/// single word over what are phrases in each of three rows or more.
fn is_word_over_codes_or_phrases(first: &GridRow, rest: &[GridRow]) -> bool {
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let is_quantity =
        |text: &str| text.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(|c: char| c.is_ascii_digit());
    let is_phrase = |text: &str| text.split_whitespace().count() > 2;
    (0..first.cells.len()).any(|column| {
        let name = first.text(column);
        let below: Vec<&str> = rest.iter().map(|row| row.text(column)).collect();
        let all = |is: &dyn Fn(&str) -> bool| below.iter().all(|text| is(text));
        let is_of_one_form = || below.iter().all(|text| form(text) == form(below[0]));
        let is_over_codes = || below.len() > 1 && all(&has_digit) && (is_of_one_form() || all(&is_quantity));
        let is_over_phrases = || below.len() > 2 && all(&is_phrase);
        let is_word = !name.is_empty() && !has_digit(name) && !words::is_placeholder(name);
        is_word && (is_over_codes() || (!name.contains(char::is_whitespace) && is_over_phrases()))
    })
}

/// A first row that holds values: they are labels that go on, or the first of the values.
fn of_values(first: &GridRow, rest: &[GridRow]) -> Verdict {
    let begins_with_word = match first.cells.first() {
        Some(cell) if !cell.text.is_empty() => !cell.is_value,
        _ => !holds_values(rest, 0),
    };
    let is_over_values = || {
        let mut values = first.cells.iter().enumerate().filter(|(_, cell)| cell.is_value);
        values.all(|(column, _)| holds_values(rest, column))
    };
    match naming(first, rest) {
        _ if !begins_with_word => Verdict::Row,
        _ if has_unit_of_its_own(first, rest) => Verdict::Names,
        Naming::Surely => Verdict::Names,
        Naming::Maybe => Verdict::Doubt,
        Naming::No if is_over_values() => Verdict::Row,
        Naming::No => Verdict::Doubt,
    }
}

/// Whether the values of a row all end with a unit that none below them has: `45° | 90°` over `1200 | 900`.
fn has_unit_of_its_own(first: &GridRow, rest: &[GridRow]) -> bool {
    let unit = |text: &str| text.chars().next_back().filter(|last| UNIT_SIGNS.contains(last));
    let values = || first.cells.iter().enumerate().filter(|(_, cell)| cell.is_value);
    let units: std::collections::HashSet<Option<char>> = values().map(|(_, cell)| unit(&cell.text)).collect();
    let is_below = |(column, _): (usize, &super::GridCell)| {
        rest.iter().any(|row| units.contains(&unit(row.text(column)))) || !holds_values(rest, column)
    };
    values().count() > 1 && units.len() == 1 && !units.contains(&None) && !values().any(is_below)
}

/// Whether all of a row is bold, and most of the others are not.
pub(super) fn is_bold_alone(first: &GridRow, rest: &[GridRow]) -> bool {
    first.is_bold() && rest.iter().filter(|row| row.is_bold()).count() * 2 < rest.len()
}

/// Whether a row looks unlike the rows below in each of its cells: bold, filled, underlined.
pub(super) fn is_set_off(first: &GridRow, rest: &[GridRow]) -> bool {
    let cells = || first.cells.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty());
    let differs = |row: &GridRow| {
        let other = |(at, cell): (usize, &GridCell)| row.cells.get(at).is_none_or(|below| below.look != cell.look);
        cells().filter(|cell| other(*cell)).count() == first.filled()
    };
    // Stripes are alike every other row.
    is_bold_alone(first, rest)
        || (rest.len() > 1 && cells().all(|(_, cell)| cell.look != 0) && rest.iter().take(3).all(differs))
}

/// Whether a row has the form of those below where it tells rows apart: numbered keys in the first column, or mail addresses,
/// links and telephone numbers in any.
fn has_form_of_rows(first: &GridRow, rest: &[GridRow]) -> bool {
    let is_of_one_form = |column: usize| {
        let form = form(first.text(column));
        let mut below = rest.iter().map(|row| row.text(column)).filter(|text| !text.is_empty()).peekable();
        below.peek().is_some() && below.all(|text| self::form(text) == form)
    };
    let is_contact = |text: &str| {
        text.contains('@') || text.contains("://") || text.chars().filter(char::is_ascii_digit).count() > 6
    };
    let below_are = |column: usize| rest.iter().all(|row| row.text(column).is_empty() || is_contact(row.text(column)));
    (first.text(0).contains(|c: char| c.is_ascii_digit()) && is_of_one_form(0))
        || (0..first.cells.len()).any(|column| is_contact(first.text(column)) && below_are(column))
}

/// A text with each number in it as `9`.
fn form(text: &str) -> String {
    let mut form = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii_digit() {
            true if form.ends_with('9') => {}
            true => form.push('9'),
            false => form.push(c),
        }
    }
    form
}

/// Whether rows are pairs of a label and its value, one or several a row: `모델 | KX-200` over `무게 | 12.5 kg`. The labels are
/// usual names of columns, or alone bold, or their values have numbers of several forms.
fn is_form(rows: &[GridRow]) -> bool {
    let width = width(rows);
    let pairs = pairs::count(rows);
    let is_pairs =
        |row: &GridRow| (0..width).all(|at| at % 2 == 0 || row.text(at).is_empty() || !row.text(at - 1).is_empty());
    // The names of who signs may stand over their marks.
    let are_pairs = rows.iter().filter(|row| is_pairs(row)).count() * 4 >= rows.len() * 3;
    if !width.is_multiple_of(2) || width > 8 || rows.len() > 60 || !are_pairs {
        return false;
    }
    if width > 2 && pairs * 2 >= rows.len() && !contrasts(&rows[0], &rows[1..]) {
        return true;
    }
    let cells = |side: usize| {
        rows.iter().flat_map(move |row| row.cells.iter().skip(side).step_by(2)).filter(|cell| !cell.text.is_empty())
    };
    let share = |side: usize, is: &dyn Fn(&GridCell) -> bool| {
        cells(side).filter(|cell| is(cell)).count() as f64 / cells(side).count().max(1) as f64
    };
    let is_name = |cell: &GridCell| words::is_column_name(&cell.text);
    let is_label = |cell: &GridCell| is_name(cell) && !words::is_name_of_period(&cell.text);
    let first_value = rows[0].cells.get(1).is_some_and(|cell| !is_name(cell));
    if first_value
        && (width == 2 || pairs::labels_go_on(rows))
        && cells(0).filter(|cell| is_label(cell)).count() > 1
        && share(0, &is_label) >= 0.5
        && share(1, &is_name) < 0.25
    {
        return true;
    }
    if share(0, &|cell| cell.is_bold) == 1.0 && share(1, &|cell| cell.is_bold) == 0.0 {
        return true;
    }
    let has_number = |cell: &GridCell| cell.text.contains(|c: char| c.is_ascii_digit());
    let mut forms: Vec<String> = cells(1).map(|cell| form(&cell.text)).collect();
    forms.sort_unstable();
    let most = forms.chunk_by(|a, b| a == b).map(<[String]>::len).max().unwrap_or(0);
    width == 2
        && rows[0].cells.get(1).is_some_and(|cell| has_number(cell) && !cell.is_value)
        && share(1, &has_number) > 0.5
        && (most == 1 || most * 2 < forms.len())
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    fn check(text: &str, expect: Verdict) {
        assert_eq!(verdict(&grid(text).rows, &Marks::default(), 0), expect, "{text}");
    }

    #[test]
    fn the_first_row_names_the_columns() {
        for text in [
            "name|port\nkafka|9092",
            "이름|부서\n김|결제",
            "Field|Type|Required\na|int|Required\nb|date|Optional",
            "항목|형식|필수\nA|문자|필수\nB|숫자|선택",
            "Shift|Mar 2|Mar 3\nDay|Ann|Bob\nNight|Cid|Dee",
            "Region|Q1|Q2\nR0|Q1|late\nR1|Q2|in time",
            "지점|2024 매출\n지점0|100\n지점1|101",
            "이름|전화 (02)\n직원0|02-1000-2000\n직원1|02-1001-2001",
            "City|PM2.5\nA|3\nB|6",
            "부서|1분기 예산\n부서0|100만원\n부서1|101만원",
            "Item|Price|\nBasic|free|yearly\nPro|20000|monthly",
            "|1월|2월\n서울|10|20\n부산|30|40",
            "지역|2023|2024\n서울|1|2",
            "|2023|2024\n매출|1|2\n이익|3|4",
            "지점|1|2|3|4|합계\n강남|5|6|7|8|26",
            "이름|부서\n김|결제\n이름|부서\n이|운영",
        ] {
            check(text, Verdict::Names);
        }
        let question = "지난 여섯 달 동안 헬프데스크를 쓰시면서 가장 불편하셨던 점은 무엇이었으며 어떻게 나아지기를 바라십니까? 자유롭게 적어 주세요.";
        check(&format!("타임스탬프|{question}\n2025-03-01|느려요\n2025-03-02|좋아요"), Verdict::Names);
    }

    #[test]
    fn values_over_values_keys_over_keys_and_forms_are_rows() {
        for text in [
            "1|2\n3|4",
            "지역|1200|1300\n서울|1|2",
            "2022|2023|2024\n1|2|3",
            "모델A|2019|2021\n모델B|2018|2022",
            "Kim|2025-01-01|2025-02-01\nLee|2025-03-01|2025-04-01",
            "A-100|볼트\nA-101|너트",
            "김|kim@a.kr\n이|lee@a.kr",
            "kafka|-|서울\nredis|6379|부산",
            "설립연도|2012\n직원수|300",
            "소속|가온상사|성명|홍길동\n직급|과장|방문처|전산실\n목적|장비 점검|동행|없음",
            "Company|Gaon|Visitor|Hong\nHost|Kim|Room|Server room\nPurpose|Inspection|Escort|yes",
            "모델|KX-200\n정격전압|5V\n무게|12.5 kg",
            "담당|김민수\n부서|결제팀",
            "Employee|Jane Doe|Period|Jan 2025\nDept|Sales|Manager|Tom Ray",
            "신청자|홍길동|부서|영업1팀\n신청일|3월 2일|사유|연차 휴가",
            "성명|김철수|부서|결제팀\n직급|과장|사번|A1023\n연락처|010-1111-2222|이메일|kim@a.kr\n신청일|3월 2일|사유|연차 휴가",
        ] {
            check(text, Verdict::Row);
        }
    }

    #[test]
    fn words_that_could_be_either_are_in_doubt() {
        for text in [
            "김철수|결제팀|과장\n이영희|운영팀|대리",
            "SLA|level agreed\nSLO|level aimed at",
            "Kim|1|2|3\nLee|4|5|6",
            "물질|1단계\n물|3단계",
            "a|a\n1|2",
        ] {
            check(text, Verdict::Doubt);
        }
    }

    #[test]
    fn looks_and_marks_tell_names() {
        let text = "김철수|결제팀\n이영희|운영팀\n박민수|운영팀\n최지훈|보안팀";
        let mut rows = grid(text).rows;
        rows[0].cells.iter_mut().for_each(|cell| cell.is_bold = true);
        assert_eq!(verdict(&rows, &Marks::default(), 0), Verdict::Names);
        rows.iter_mut().flat_map(|row| &mut row.cells).for_each(|cell| cell.is_bold = true);
        assert_eq!(verdict(&rows, &Marks::default(), 0), Verdict::Doubt, "a sheet in bold type");
        rows[0].cells.iter_mut().for_each(|cell| cell.look = 7);
        assert_eq!(verdict(&rows, &Marks::default(), 0), Verdict::Names);
        rows[2].cells.iter_mut().for_each(|cell| cell.look = 7);
        assert_eq!(verdict(&rows, &Marks::default(), 0), Verdict::Doubt, "stripes");
        let marks = Marks { tops: vec![(1, 0, 1)], ..Marks::default() };
        assert_eq!(verdict(&rows, &marks, 0), Verdict::Names);
        assert_eq!(verdict(&rows, &Marks { frozen: Some(1), ..Marks::default() }, 0), Verdict::Names);
    }
}
