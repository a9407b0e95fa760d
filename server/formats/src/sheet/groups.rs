//! Groups of a table that blank rows part: the rows behind such a row go on with the table above, or begin one of their own.

use super::header::{First, holds_values, is_bold_alone, width};
use super::regions::MAX_BLANK_ROWS;
use super::{Block, BlockKind, GridRow};

/// Most rows of each group that are compared.
const MAX_COMPARED: usize = 200;

/// Where rows begin.
pub(super) struct Start {
    /// Their first column, from 0.
    pub(super) first_column: usize,
    /// The number of the first row, or of the lines above it.
    pub(super) number: u32,
    /// How many lines stand above them.
    pub(super) lines: usize,
}

/// A table that may go on behind a blank row.
pub(super) struct OpenTable {
    first_column: usize,
    header: GridRow,
    is_bold: bool,
    /// What stands in each column: values, words, or nothing.
    kinds: Vec<Option<bool>>,
    last: GridRow,
    /// Which block it is.
    block: usize,
}

impl OpenTable {
    /// The table of these rows, if they have a header and more.
    pub(super) fn of(first_column: usize, rows: &[GridRow], header_rows: usize, block: usize) -> Option<Self> {
        let [header, rest @ ..] = rows else { return None };
        let last = rest.last().filter(|_| header_rows == 1)?.clone();
        let is_filled = |column: usize| rest.iter().any(|row| !row.text(column).is_empty());
        let kind = |column: usize| is_filled(column).then(|| holds_values(rest, column));
        let kinds = (0..width(rows)).map(kind).collect();
        Some(Self { first_column, is_bold: is_bold_alone(header, rest), header: header.clone(), kinds, last, block })
    }

    /// Takes rows that follow as a group of this table: they get its header and its columns. Rows of which it cannot be told
    /// whether they are such a group get no header: neither this one nor their first row. Returns what the first row is then.
    pub(super) fn take_group(self, start: &mut Start, rows: &mut Vec<GridRow>, first: First, all: &[Block]) -> First {
        let fits = start.first_column >= self.first_column
            && start.first_column + width(rows) <= self.first_column + self.kinds.len()
            && start.number > self.last.number
            && start.number - self.last.number <= MAX_BLANK_ROWS + 1;
        if !fits {
            return first;
        }
        let shift = start.first_column - self.first_column;
        match self.goes_on_in(rows, shift, start.lines, first, all) {
            Some(true) => {
                let blank = || std::iter::repeat_with(Default::default).take(shift);
                rows.iter_mut().filter(|_| shift > 0).for_each(|row| drop(row.cells.splice(..0, blank())));
                rows.insert(0, self.header);
                start.first_column = self.first_column;
                First::Header
            }
            Some(false) => first,
            None => First::Unknown,
        }
    }

    /// Whether rows go on with the table; `None` where it cannot be told.
    fn goes_on_in(&self, rows: &[GridRow], shift: usize, lines: usize, first: First, all: &[Block]) -> Option<bool> {
        let row = &rows[0];
        let is_header = shift == 0 && row.texts().eq(self.header.texts());
        let is_set_off = !self.is_bold || row.is_bold();
        if is_header || (first == First::Header && is_set_off) {
            return Some(false);
        }
        let cells = || row.cells.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty());
        let is_alike =
            cells().all(|(at, cell)| self.kinds.get(at + shift).is_none_or(|kind| *kind == Some(cell.is_value)));
        if self.is_bold && !row.is_bold() && is_alike {
            // The header is set off by its looks, and this row is not; below a title it may still be one.
            return (lines == 0 || first == First::Data).then_some(true);
        }
        let says_alike = || first == First::Data || self.shares(rows, shift, all);
        if !is_alike || lines > 0 {
            return Some(false);
        }
        if cells().any(|(_, cell)| cell.is_value) {
            let is_whole = cells().count() == self.kinds.iter().filter(|kind| kind.is_some()).count();
            return Some(is_whole || says_alike());
        }
        match says_alike() {
            true => Some(true),
            false if rows.len() == 1 => Some(false),
            false => None,
        }
    }

    /// Whether rows say what the table says in the same column.
    fn shares(&self, rows: &[GridRow], shift: usize, all: &[Block]) -> bool {
        let Some(BlockKind::Table(table)) = all.get(self.block).map(|block| &block.kind) else { return false };
        let before = table.rows.iter().skip(1).rev().take(MAX_COMPARED);
        let texts: std::collections::HashSet<(usize, &str)> =
            before.flat_map(|row| row.cells.iter().enumerate().map(|(at, cell)| (at, cell.text.as_str()))).collect();
        let cells = rows.iter().take(MAX_COMPARED).flat_map(|row| row.cells.iter().enumerate());
        cells
            .filter(|(_, cell)| !cell.text.is_empty())
            .any(|(at, cell)| texts.contains(&(at + shift, cell.text.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{grid, shown, shown_of};

    const CONTACTS: &str = "이름|부서|직급\n김철수|결제팀|과장\n박민수|결제팀|사원\n||\n이영희|운영팀|대리\n최지훈|운영팀|부장\n||\n한지민|보안팀|차장";

    fn check(text: &str, expect: &[&str]) {
        assert_eq!(shown(text), expect, "{text}");
    }

    #[test]
    fn a_group_of_words_goes_on_with_the_header_above() {
        let expect = [
            "2-3 1: 이름|부서|직급 / 김철수|결제팀|과장 / 박민수|결제팀|사원",
            "5-6 1: 이름|부서|직급 / 이영희|운영팀|대리 / 최지훈|운영팀|부장",
        ];
        let mut bold = grid(CONTACTS);
        bold.rows[0].cells.iter_mut().for_each(|cell| cell.is_bold = true);
        assert_eq!(shown_of(bold), [&expect[..], &["8-8 1: 이름|부서|직급 / 한지민|보안팀|차장"]].concat());
        assert_eq!(shown(CONTACTS), [&expect[..], &["8-8 0: 한지민|보안팀|차장"]].concat());
    }

    #[test]
    fn words_that_may_be_another_header_or_another_row_are_rows_without_one() {
        check(
            "서버|담당\n카프카|김\n|\n지점|점장\n서울|박",
            &["2-2 1: 서버|담당 / 카프카|김", "4-5 0: 지점|점장 / 서울|박"],
        );
    }

    #[test]
    fn a_group_that_says_what_the_table_says_belongs_to_it() {
        check(
            "Host|Role\nkafka|broker\nredis|cache\n|\npulsar|broker\nmongo|store",
            &["2-3 1: Host|Role / kafka|broker / redis|cache", "5-6 1: Host|Role / pulsar|broker / mongo|store"],
        );
    }

    #[test]
    fn a_title_begins_another_table() {
        check("b|c\nd|e\n|f\n|\n제목|\nc|d\ng|f", &["2-3 1: b|c / d|e / |f", "5-5 제목", "7-7 1: c|d / g|f"]);
    }

    #[test]
    fn a_second_table_has_its_own_header() {
        check("상품|값\n무료|0\n|\n지점|전화\n서울|02", &["2-2 1: 상품|값 / 무료|0", "5-5 1: 지점|전화 / 서울|02"]);
        check(
            "Name|Team\nKim|Ops\n|\nName|Team\nLee|Pay",
            &["2-2 1: Name|Team / Kim|Ops", "5-5 1: Name|Team / Lee|Pay"],
        );
        check(
            "Name|Team\nKim|Ops\n|\nMonth|1|2|3|4\nA|5|6|7|8",
            &["2-2 1: Name|Team / Kim|Ops", "5-5 1: Month|1|2|3|4 / A|5|6|7|8"],
        );
    }

    #[test]
    fn a_row_of_totals_behind_a_blank_row_belongs_to_its_table() {
        check(
            "항목|1월|2월\n임대료|500|510\n전기|70|80\n||\n합계|570|590\n||\n||\n비고: 부가세 별도||",
            &[
                "2-3 1: 항목|1월|2월 / 임대료|500|510 / 전기|70|80",
                "5-5 1: 항목|1월|2월 / 합계|570|590",
                "8-8 비고: 부가세 별도",
            ],
        );
    }

    #[test]
    fn a_group_keeps_the_columns_of_its_table() {
        check(
            "이름|부서|비고|전화\n김|결제|x|1\n|||\n이|결제||2\n박|결제||3",
            &["2-2 1: 이름|부서|비고|전화 / 김|결제|x|1", "4-5 1: 이름|부서|비고|전화 / 이|결제||2 / 박|결제||3"],
        );
    }
}
