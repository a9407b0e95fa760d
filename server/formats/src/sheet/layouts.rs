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

/// Rows in which `merged` are merged cells: row and column, from 0, and how many columns and rows more they take.
fn office(text: &str, merged: &[(usize, usize, u16, usize)]) -> Vec<String> {
    let mut grid = grid(text);
    for (row, column, across, down) in merged {
        grid.rows[*row].cells[*column].across = *across;
        let again = GridCell { is_repeated: true, ..grid.rows[*row].cells[*column].clone() };
        (row + 1..=row + down).for_each(|row| grid.rows[row].cells[*column] = again.clone());
    }
    shown_of(grid)
}

#[test]
fn a_quotation_is_read() {
    let text = "견 적 서||||||\n견적번호|Q-2025-0031|||공급자|한빛상사|\n견적일|2025-03-05|||대표자|홍길동|\n수신|가나다 귀하|||전화|02-123-4567|\n\
        합계금액|일백이십만원정|||(VAT 별도)||\nNo|품명|규격|수량|단가|금액|비고\n1|노트북|15인치|1|1000000|1000000|3년 보증\n2|마우스|무선|4|50000|200000|\n\
        |소계||||1200000|\n특기사항: 납기 2주 이내||||||";
    assert_eq!(
        office(text, &[(0, 0, 6, 0)]),
        [
            "1-5 ## 견 적 서 · 견적번호: Q-2025-0031 · 공급자: 한빛상사 · 견적일: 2025-03-05 · 대표자: 홍길동 · 수신: 가나다 귀하 · 전화: 02-123-4567 · 합계금액: 일백이십만원정 · (VAT 별도)",
            "7-10 1: No|품명|규격|수량|단가|금액|비고 / 1|노트북|15인치|1|1000000|1000000|3년 보증 / 2|마우스|무선|4|50000|200000| / |소계||||1200000| / 특기사항: 납기 2주 이내||||||",
        ]
    );
}

#[test]
fn an_expense_request_is_read() {
    let text = "지출결의서|||||\n부서|영업팀||작성자|홍길동|\n일자|적요|거래처|공급가액|부가세|합계\n2025-03-01|택시비|카카오|10000|1000|11000\n\
        2025-03-02|식대|한식당|50000|5000|55000\n합계|||60000|6000|66000";
    assert_eq!(
        office(text, &[(0, 0, 5, 0)]),
        [
            "1-2 ## 지출결의서 · 부서: 영업팀 · 작성자: 홍길동",
            "4-6 1: 일자|적요|거래처|공급가액|부가세|합계 / 2025-03-01|택시비|카카오|10000|1000|11000 / 2025-03-02|식대|한식당|50000|5000|55000 / 합계|||60000|6000|66000",
        ]
    );
}

#[test]
fn a_rota_is_read() {
    let text = "3월 근무표|||||\n|||||(D: 주간, N: 야간)\n이름|1일|2일|3일|4일|비고\n|월|화|수|목|\n김철수|D|N|휴|D|\n이영희|N|휴|D|N|신입\n박민수|휴|D|N|D|";
    assert_eq!(
        office(text, &[(0, 0, 5, 0), (2, 0, 0, 1), (2, 5, 0, 1)]),
        [
            "1-1 ## 3월 근무표",
            "2-2 (D: 주간, N: 야간)",
            "5-7 1: 이름|1일 월|2일 화|3일 수|4일 목|비고 / 김철수|D|N|휴|D| / 이영희|N|휴|D|N|신입 / 박민수|휴|D|N|D|",
        ]
    );
}

#[test]
fn a_stock_list_is_read() {
    let text = "재고 현황|||||\n기준일|2025-03-31|||담당자|김철수\n분류|품목|전월|당월||재고\n|||입고|출고|\n전자|노트북|3|5|2|6\n|마우스|10|0|4|6\n가구|책상|1|1|0|2\n|의자|2|2|1|3";
    assert_eq!(
        office(text, &[(0, 0, 5, 0), (2, 3, 1, 0), (2, 0, 0, 1), (2, 1, 0, 1), (2, 2, 0, 1), (2, 5, 0, 1)]),
        [
            "1-2 ## 재고 현황 · 기준일: 2025-03-31 · 담당자: 김철수",
            "5-5 ### 전자",
            "5-6 1: 분류|품목|전월|당월 입고|당월 출고|재고 / 전자|노트북|3|5|2|6 / |마우스|10|0|4|6",
            "7-7 ### 가구",
            "7-8 1: 분류|품목|전월|당월 입고|당월 출고|재고 / 가구|책상|1|1|0|2 / |의자|2|2|1|3",
        ]
    );
}

#[test]
fn a_survey_is_read() {
    let text = "사내 IT 만족도 설문|||\n응답 기간: 2025-03-01 ~ 2025-03-07|||\n타임스탬프|소속 부서를 골라 주세요.|VPN 접속 품질에 얼마나 만족하십니까?|자유롭게 의견을 적어 주세요.\n\
        2025-03-01 09:00|영업|매우 만족|빠릅니다\n2025-03-01 09:30|개발|보통|\n2025-03-02 10:00|인사|불만|자주 끊깁니다";
    assert_eq!(
        office(text, &[(0, 0, 3, 0), (1, 0, 3, 0)]),
        [
            "1-2 ## 사내 IT 만족도 설문 · 응답 기간: 2025-03-01 ~ 2025-03-07",
            "4-6 1: 타임스탬프|소속 부서를 골라 주세요.|VPN 접속 품질에 얼마나 만족하십니까?|자유롭게 의견을 적어 주세요. / 2025-03-01 09:00|영업|매우 만족|빠릅니다 / 2025-03-01 09:30|개발|보통| / 2025-03-02 10:00|인사|불만|자주 끊깁니다",
        ]
    );
}

#[test]
fn minutes_of_a_meeting_are_read() {
    let text = "주간 회의록||||\n일시|2025-03-03 10:00|장소|3층 회의실|\n참석자|김철수, 이영희|작성자|박민수|\n안건|서버 교체|||\nNo|논의 내용|담당자|기한|상태\n\
        1|견적 비교|김철수|2025-03-10|진행\n2|일정 공유|이영희|2025-03-07|완료";
    assert_eq!(
        office(text, &[(0, 0, 4, 0), (3, 1, 3, 0)]),
        [
            "1-4 ## 주간 회의록 · 일시: 2025-03-03 10:00 · 장소: 3층 회의실 · 참석자: 김철수, 이영희 · 작성자: 박민수 · 안건: 서버 교체",
            "6-7 1: No|논의 내용|담당자|기한|상태 / 1|견적 비교|김철수|2025-03-10|진행 / 2|일정 공유|이영희|2025-03-07|완료",
        ]
    );
}

#[test]
fn keys_without_names_keep_the_names_of_the_values() {
    assert_eq!(
        office("||수량|단가\n사과|국산|10|1000\n배|수입|20|2000", &[]),
        ["2-3 1: ||수량|단가 / 사과|국산|10|1000 / 배|수입|20|2000"]
    );
    assert_eq!(
        office("Acme Inc.|\n|Total\nIncome|\nSales|120\nRent|-24\nNet Income|96", &[]),
        ["1-1 ## Acme Inc.", "3-6 1: |Total / Income| / Sales|120 / Rent|-24 / Net Income|96"]
    );
    assert_eq!(
        office("||작성자|홍길동\n품목|규격|수량|단가\n볼트|M6|3|100\n너트|M6|4|200", &[]),
        ["1-1 ## 작성자: 홍길동", "3-4 1: 품목|규격|수량|단가 / 볼트|M6|3|100 / 너트|M6|4|200"]
    );
}
