//! Tables below each other: what goes on, and what begins anew.

use super::super::tests::{grid, shown, shown_of};

const CONTACTS: &str = "이름|부서|직급\n김철수|결제팀|과장\n박민수|결제팀|사원\n||\n이영희|운영팀|대리\n최지훈|운영팀|부장\n||\n한지민|보안팀|차장";

fn check(text: &str, expect: &[&str]) {
    assert_eq!(shown(text), expect, "{text}");
}

#[test]
fn rows_behind_a_blank_one_go_on_with_the_names_above() {
    let expect = [
        "2-3 1: 이름|부서|직급 / 김철수|결제팀|과장 / 박민수|결제팀|사원",
        "5-6 1: 이름|부서|직급 / 이영희|운영팀|대리 / 최지훈|운영팀|부장",
        "8-8 1: 이름|부서|직급 / 한지민|보안팀|차장",
    ];
    let mut bold = grid(CONTACTS);
    bold.rows[0].cells.iter_mut().for_each(|cell| cell.is_bold = true);
    assert_eq!(shown_of(bold), expect);
    assert_eq!(shown(CONTACTS), expect);
    check(
        "항목|1월|2월\n임대료|500|510\n전기|70|80\n||\n합계|570|590\n||\n||\n비고: 부가세 별도||",
        &[
            "2-3 1: 항목|1월|2월 / 임대료|500|510 / 전기|70|80",
            "5-5 1: 항목|1월|2월 / 합계|570|590",
            "8-8 비고: 부가세 별도",
        ],
    );
    check(
        "이름|부서|비고|전화\n김|결제|x|1\n|||\n이|결제||2\n박|결제||3",
        &["2-2 1: 이름|부서|비고|전화 / 김|결제|x|1", "4-5 1: 이름|부서|비고|전화 / 이|결제||2 / 박|결제||3"],
    );
}

#[test]
fn single_rows_between_blank_ones_share_a_block() {
    check("이름|전화\n김|1101\n|\n이|1102\n|\n박|1103", &["2-6 1: 이름|전화 / 김|1101 /  / 이|1102 /  / 박|1103"]);
}

#[test]
fn a_blank_row_under_the_names_parts_nothing() {
    for (names, bold) in [("이름|부서|직급", false), ("갑|을|병", true), ("갑|을|병", false)] {
        let mut grid = grid(&format!("{names}\n||\n김|결제|과장\n이|운영|대리"));
        grid.rows[0].cells.iter_mut().for_each(|cell| cell.is_bold = bold);
        let again = if names.starts_with('이') || bold { "" } else { "갑|을|병 / " };
        let expect = if again.is_empty() {
            format!("3-4 1: {names} / 김|결제|과장 / 이|운영|대리")
        } else {
            format!("1-4 1: {names} / {names} /  / 김|결제|과장 / 이|운영|대리")
        };
        assert_eq!(shown_of(grid), [expect]);
    }
    check("상품|단가\n|\n볼트|120\n너트|80", &["3-4 1: 상품|단가 / 볼트|120 / 너트|80"]);
}

#[test]
fn lines_between_groups_are_headings_of_their_rows() {
    check(
        "재무상태표 (백만원)||\n과목|2023|2024\n자산||\n현금|1|2\n||\n부채||\n차입금|3|4\n||\n합계|5|6",
        &[
            "1-1 ## 재무상태표 (백만원)",
            "3-3 ### 자산",
            "4-4 1: 과목|2023|2024 / 현금|1|2",
            "6-6 ### 부채",
            "7-7 1: 과목|2023|2024 / 차입금|3|4",
            "9-9 ## 재무상태표 (백만원)",
            "9-9 1: 과목|2023|2024 / 합계|5|6",
        ],
    );
    check(
        "거래처|금액|비고\n||\n1월||\n갑|100|카드\n||\n2월||\n을|200|카드\n병|300|현금",
        &[
            "3-3 ## 1월",
            "4-4 1: 거래처|금액|비고 / 갑|100|카드",
            "6-6 ## 2월",
            "7-8 1: 거래처|금액|비고 / 을|200|카드 / 병|300|현금",
        ],
    );
    check("교시|월|화\n1|국어|수학\n점심||\n2|수학|국어", &["2-4 1: 교시|월|화 / 1|국어|수학 / 점심|| / 2|수학|국어"]);
}

#[test]
fn another_table_has_its_own_names() {
    check("상품|값\n무료|0\n|\n지점|전화\n서울|02", &["2-2 1: 상품|값 / 무료|0", "5-5 1: 지점|전화 / 서울|02"]);
    check("Name|Team\nKim|Ops\n|\nName|Team\nLee|Pay", &["2-2 1: Name|Team / Kim|Ops", "5-5 1: Name|Team / Lee|Pay"]);
    check(
        "Name|Team\nKim|Ops\n|\nMonth|1|2|3|4\nA|5|6|7|8",
        &["2-2 1: Name|Team / Kim|Ops", "5-5 1: Month|1|2|3|4 / A|5|6|7|8"],
    );
    check(
        "매출||\n지점|1월|2월\n서울|1|2\n||\n비용||\n항목|1월|2월\n임대|3|4\n||\n이름|부서|\n김|결제|",
        &[
            "1-1 ## 매출",
            "3-3 1: 지점|1월|2월 / 서울|1|2",
            "5-5 ## 비용",
            "7-7 1: 항목|1월|2월 / 임대|3|4",
            "10-10 ## 이름 부서",
            "10-10 1: 이름|부서 / 김|결제",
        ],
    );
}

#[test]
fn tables_of_two_years_keep_their_own_titles() {
    let table = |year: &str| format!("CHF||{year}\n|sales|profit\n||\nZone NA|12|3\nZone EUR|9|1");
    check(
        &format!("Segments||\n||\n{}\n||\n||\n{}", table("2023"), table("2022")),
        &[
            "1-1 ## Segments",
            "3-3 ### CHF · 2023",
            "6-7 1: |sales|profit / Zone NA|12|3 / Zone EUR|9|1",
            "10-10 ### CHF · 2022",
            "13-14 1: |sales|profit / Zone NA|12|3 / Zone EUR|9|1",
        ],
    );
}

#[test]
fn repeated_names_do_not_grow_without_bounds() {
    let names = (0..250).map(|at| format!("a long name of column {at}")).collect::<Vec<_>>().join("|");
    let rows: String = (0..4_000).map(|at| format!("\n|\n묶음 {at}\nrow {at}|{at}\nrow|{at}")).collect();
    let bytes: usize = shown(&format!("{names}{rows}")).iter().map(String::len).sum();
    assert!(bytes < 1 << 20, "{bytes}");
}

#[test]
fn behind_a_blank_row_and_a_title_the_names_above_do_not_apply() {
    check(
        "개정 이력||\n버전|일자|내용\n1.0|2024-01-01|최초\n1.1|2025-02-01|수정\n||\n용어||\n용어|뜻|\nRTO|복구 목표 시간|\nRPO|복구 목표 시점|",
        &[
            "1-1 ## 개정 이력",
            "3-4 1: 버전|일자|내용 / 1.0|2024-01-01|최초 / 1.1|2025-02-01|수정",
            "6-6 ## 용어",
            "7-9 1: 용어|뜻 / 용어|뜻 / RTO|복구 목표 시간 / RPO|복구 목표 시점",
        ],
    );
    check(
        "Pets||\nPet|Colour|Sound\nCat|grey|purr\nDog|brown|bark\n||\nTrees||\nTree|Leaf|Fruit\nOak|lobed|acorn\nPine|needle|cone",
        &[
            "1-1 ## Pets",
            "2-4 1: Pet|Colour|Sound / Pet|Colour|Sound / Cat|grey|purr / Dog|brown|bark",
            "6-6 ## Trees",
            "7-9 1: Tree|Leaf|Fruit / Tree|Leaf|Fruit / Oak|lobed|acorn / Pine|needle|cone",
        ],
    );
}

#[test]
fn a_row_that_cannot_name_columns_goes_on_behind_a_blank_one() {
    // A word comes twice in it.
    let text = "Room|Weekday|Weekend\nDeluxe|120|150\n||\nAnnex|closed|closed\nTwin|90|110";
    let expect = [
        "2-2 1: Room|Weekday|Weekend / Deluxe|120|150",
        "4-5 1: Room|Weekday|Weekend / Annex|closed|closed / Twin|90|110",
    ];
    for look in [0, 9] {
        let mut sheet = grid(text);
        sheet.rows[3].cells.iter_mut().for_each(|cell| (cell.look, cell.is_bold) = (look, look > 0));
        assert_eq!(shown_of(sheet), expect);
    }
    // It is marked, and not as the names are.
    let mut sheet = grid("품목|단가|재고\n콜라|1500|20\n||\n사이다|단종|문의 요망\n주스|2000|7\n물|800|40");
    sheet.rows[0].cells.iter_mut().for_each(|cell| cell.is_bold = true);
    sheet.rows[3].cells.iter_mut().for_each(|cell| cell.look = 9);
    assert_eq!(
        shown_of(sheet),
        [
            "2-2 1: 품목|단가|재고 / 콜라|1500|20",
            "4-6 1: 품목|단가|재고 / 사이다|단종|문의 요망 / 주스|2000|7 / 물|800|40"
        ]
    );
}

#[test]
fn a_first_row_of_figures_stays_a_row() {
    check(
        "월별 누적 방문자 (1~4월)||||\n강남점|100|250|400|700\n판교점|90|80|300|20",
        &["1-1 ## 월별 누적 방문자 (1~4월)", "2-3 0: 강남점|100|250|400|700 / 판교점|90|80|300|20"],
    );
    // A usual name beside figures that rise: it may be either.
    check(
        "매출|100|250|400|700\n비용|900|800|700|600",
        &["1-2 1: 매출|100|250|400|700 / 매출|100|250|400|700 / 비용|900|800|700|600"],
    );
    check("지점|2023|2024|2025\n강남|1|2|3", &["2-2 1: 지점|2023|2024|2025 / 강남|1|2|3"]);
}
