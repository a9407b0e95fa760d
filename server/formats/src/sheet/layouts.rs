//! The usual layouts of office sheets, each over several tables in several looks: the names of the columns stand over every row,
//! and what stands above them is not lost. Every layout once was read wrongly in some look.

use super::tests::{grid, shown_of};
use super::{Grid, GridCell, GridRow, blocks};
use crate::{Block, BlockKind, Row};

/// Names and rows.
const TABLES: [&str; 4] = [
    "지점|담당자|1월|2월|비고\n지점1|김철수|20|37|메모\n지점2|이영희|33|54|\n지점3|박민수|46|71|메모\n지점4|이영희|59|88|",
    "부서|업무|담당자|처리 방법\n총무부|출입증|김철수|신청서를 받는다\n재무부|정산|이영희|매월 말에 한다\n인사부|채용|김철수|공고를 낸다",
    "Item|Owner|Qty|Price|Due\nBolt|Bob|3|1.25|2025-01-01\nNut|Ann|6|2.5|2025-01-02\nPin|Bob|9|3.75|2025-01-03",
    "Service|Team|Contact|Runbook\nsvc-a|Core|Ann|See page aaa\nsvc-b|Edge|Bob|See page bbb\nsvc-c|Core|Bob|See page ccc",
];
/// What stands above: `#` is merged over the table's width, `>` pushes what follows to the last column.
const ABOVE: [&str; 20] = [
    "",
    "2024년 현황",
    "#2024년 현황",
    "#2024년 현황\n>(단위: 백만원)",
    "#2024년 현황\n\n>(단위: 백만원)",
    "#2024년 현황\n#(단위: 백만원)",
    "#업무 현황 보고\n작성자|홍길동|작성일|2025-03-01",
    "#업무 현황 보고\n작성자|홍길동|작성일|2025-03-01\n",
    "Expense Report\nEmployee:|Jane Doe|Period:|Jan 2025",
    "Expense Report\nEmployee:|Jane Doe|Period:|Jan 2025\n",
    "Expense Report\nEmployee|Jane Doe|Period|Jan 2025\nDept|Sales|Manager|Tom Ray\n",
    "Expense Report\nEmployee|Jane Doe|Period|Jan 2025\nDept|Sales|Manager|Tom Ray",
    "(주)한빛\n주간 보고\n>2025-03-01",
    "#Vendor List\n>As of 2025-03-01",
    "#Vendor List\n>(VAT 별도)",
    "작성자|홍길동|작성일|2025-03-01",
    "#점검표\n점검일|2025-03-01||점검자",
    "#장애 보고\n작성일: 2025-03-01|||작성자: 홍길동",
    "#월간 보고\n#영업 1팀\n부서: 영업팀|작성: 김철수|승인: 박부장",
    "#견적서\n수신|한빛전자 귀하|등록번호|123-45-67890\n담당|김철수|대표|홍길동\n견적일|2025-03-01|전화|02-123-4567\n>(VAT 별도)",
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    Plain,
    Bold,
    Filled,
    Frozen,
}

/// A table below what stands above it.
fn sheet(above: &str, table: &str, look: Look) -> Grid {
    let width = table.lines().next().map_or(0, |names| names.split('|').count());
    let mut grid = Grid::default();
    for (number, line) in (1..).zip(above.split('\n').filter(|_| !above.is_empty())) {
        let (line, across) = line.strip_prefix('#').map_or((line, 0), |line| (line, width as u16 - 1));
        let mut cells: Vec<GridCell> = line.split('|').map(|text| GridCell::of(text.trim_start_matches('>'))).collect();
        if line.starts_with('>') {
            cells.splice(..0, vec![GridCell::default(); width - 1]);
        }
        cells[0].across = across;
        cells.iter_mut().for_each(|cell| cell.is_bold = look != Look::Plain && number == 1 && !cell.text.is_empty());
        grid.rows.push(GridRow { number, cells });
    }
    let top = grid.rows.len() as u32;
    for (number, line) in (top + 1..).zip(table.lines()) {
        grid.rows.push(GridRow { number, cells: line.split('|').map(GridCell::of).collect() });
    }
    for cell in &mut grid.rows[top as usize].cells {
        cell.is_bold = matches!(look, Look::Bold | Look::Filled);
        cell.look = if look == Look::Filled { 5 } else { 0 };
    }
    grid.marks.frozen = (look == Look::Frozen).then_some(top + 1);
    grid
}

fn texts(row: &Row) -> Vec<&str> {
    row.cells.iter().map(|cell| cell.text.as_str()).collect()
}

/// All that a block says.
fn said(block: &Block) -> String {
    match &block.kind {
        BlockKind::Heading { text, .. } | BlockKind::Paragraph(text) => text.clone(),
        BlockKind::Table(table) => table.rows.iter().map(|row| texts(row).join("|")).collect::<Vec<_>>().join("\n"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_stand_over_every_row_in_any_layout_and_look() {
    for above in ABOVE {
        for table in TABLES {
            for look in [Look::Plain, Look::Bold, Look::Filled, Look::Frozen] {
                let found = blocks(sheet(above, table, look), 2);
                let names: Vec<&str> = table.lines().next().unwrap().split('|').collect();
                let all = found.iter().map(said).collect::<Vec<_>>().join("\n");
                let case = format!("{look:?} {above:?} over {names:?}: {all}");
                let mut rows = 0;
                for block in &found {
                    let BlockKind::Table(read) = &block.kind else { continue };
                    let is_ours = |row: &&Row| table.lines().skip(1).any(|line| line == texts(row).join("|"));
                    rows += read.rows.iter().filter(is_ours).count();
                    assert!(!read.rows.iter().any(|row| is_ours(&row)) || texts(&read.rows[0]) == names, "{case}");
                }
                assert_eq!(rows, table.lines().count() - 1, "{case}");
                let all = found.iter().map(said).collect::<Vec<_>>().join("\n");
                for text in above.split(['|', '\n', '#', '>']) {
                    assert!(all.contains(text), "{text} is lost. {case}");
                }
            }
        }
    }
}
