//! Sheets as people have them, small: what each becomes. Every case once was read wrongly.

use super::tests::{grid, shown, shown_of};
use super::{Gaps, Grid};

fn check(cases: &[(&str, &[&str])]) {
    for (text, expect) in cases {
        assert_eq!(shown(text), *expect, "{text}");
    }
}

fn lines(text: &str) -> Grid {
    Grid { gaps: Gaps::Lines, ..grid(text) }
}

#[test]
fn plain_headers_are_kept_whatever_they_say() {
    check(&[
        (
            "Field|Type|Required|Description\nid|int|Required|The key\nname|string|Optional|The name",
            &["2-3 1: Field|Type|Required|Description / id|int|Required|The key / name|string|Optional|The name"],
        ),
        (
            "항목|형식|필수\n번호|숫자|필수\n이름|문자|선택",
            &["2-3 1: 항목|형식|필수 / 번호|숫자|필수 / 이름|문자|선택"],
        ),
        (
            "Key|English|Korean\nlang.en|English|영어\nbtn|Save|저장",
            &["2-3 1: Key|English|Korean / lang.en|English|영어 / btn|Save|저장"],
        ),
        (
            "제품|1단계|2단계\nA|3단계|5단계\nB|4단계|6단계",
            &["1-3 1: 제품|1단계|2단계 / 제품|1단계|2단계 / A|3단계|5단계 / B|4단계|6단계"],
        ),
        ("지점|4|5|12|1|2\n강남|1|2|3|4|5", &["1-2 0: 지점|4|5|12|1|2 / 강남|1|2|3|4|5"]),
        ("지점|10|11|12|1|2\n강남|1|2|3|4|5", &["2-2 1: 지점|10|11|12|1|2 / 강남|1|2|3|4|5"]),
        ("강의실|09:00|10:00\n1호|수학|국어", &["2-2 1: 강의실|09:00|10:00 / 1호|수학|국어"]),
        ("김철수|결제팀\n이영희|운영팀", &["1-2 1: 김철수|결제팀 / 김철수|결제팀 / 이영희|운영팀"]),
    ]);
}

#[test]
fn lines_above_the_names_are_their_heading() {
    check(&[
        (
            "2025 자재 가격표|||단위: 원\n품목|규격|단가|보관\n볼트|M6|120|창고",
            &["1-1 ## 2025 자재 가격표 · 단위: 원", "3-3 1: 품목|규격|단가|보관 / 볼트|M6|120|창고"],
        ),
        (
            "Check||2025-03-03\nItem|Owner|Result\nBackup|Kim|fine",
            &["1-1 ## Check · 2025-03-03", "3-3 1: Item|Owner|Result / Backup|Kim|fine"],
        ),
        (
            "합계 : 금액|열 레이블|\n행 레이블|1월|총합계\n서울|100|100\n총합계|160|160",
            &["1-1 ## 합계 : 금액: 열 레이블", "3-4 1: 행 레이블|1월|총합계 / 서울|100|100 / 총합계|160|160"],
        ),
    ]);
    let bank =
        "거래내역|\n계좌번호|110-2||\n예금주|홍길동||\n일시|적요|금액|잔액\n2025-01-01|가|1|2\n2025-01-02|나|3|4";
    let expect = [
        "1-3 ## 거래내역 · 계좌번호: 110-2 · 예금주: 홍길동",
        "5-6 1: 일시|적요|금액|잔액 / 2025-01-01|가|1|2 / 2025-01-02|나|3|4",
    ];
    assert_eq!(shown(bank), expect);
    assert_eq!(shown_of(lines(bank)), expect);
}

#[test]
fn blank_columns_within_a_table_part_nothing() {
    check(&[
        (
            "이름|직급|||전화|메일\n김|과장|||1101|a@b\n이|대리|||1102|c@d",
            &["2-3 1: 이름|직급|||전화|메일 / 김|과장|||1101|a@b / 이|대리|||1102|c@d"],
        ),
        (
            "CHF||2023|||2022\n|sales|cost||sales|cost\n|||||\nAsia|1|2||-|4\nEU|1|2||-|-",
            &["4-5 1: CHF|2023 sales|2023 cost||2022 sales|2022 cost / Asia|1|2||-|4 / EU|1|2||-|-"],
        ),
    ]);
}

#[test]
fn totals_belong_to_no_category() {
    check(&[
        (
            "구분|품목|금액\n배관|관|12\n|엘보|8\n전기|선|3\n|합 계|23",
            &["2-5 1: 구분|품목|금액 / 배관|관|12 / |엘보|8 / 전기|선|3 / |합 계|23"],
        ),
        (
            "Group|Item|Amount\nPiping|Pipe|12\n|Elbow|8\nPower|Wire|3\n|Total amount|23",
            &["2-5 1: Group|Item|Amount / Piping|Pipe|12 / |Elbow|8 / Power|Wire|3 / |Total amount|23"],
        ),
    ]);
}

#[test]
fn a_table_behind_an_faq_is_no_part_of_it() {
    let faq = "분류|질문|답변\n결제|왜?|그래서.";
    let entries = ["2-2 ## 왜?", "2-2 그래서.", "2-2 분류: 결제"];
    let table = "6-6 1: 지점|전화|주소 / 강남|02-1|서울";
    check(&[
        (&format!("{faq}\n||\n|\n지점|전화|주소\n강남|02-1|서울"), &[table, entries[0], entries[1], entries[2]]),
        (
            "고객 FAQ|||2025-03\n분류|질문|답변|담당\n결제|왜?|그래서.|김",
            &["1-1 고객 FAQ · 2025-03", "3-3 ## 왜?", "3-3 그래서.", "3-3 분류: 결제 · 담당: 김"],
        ),
        ("분류|질문|답변\n||\n결제|왜?|그래서.", &["3-3 ## 왜?", "3-3 그래서.", "3-3 분류: 결제"]),
        (
            "사내 FAQ|v2|\n분류|질문|답변\n결제|왜?|그래서.",
            &["1-1 사내 FAQ: v2", "3-3 ## 왜?", "3-3 그래서.", "3-3 분류: 결제"],
        ),
    ]);
}

#[test]
fn lines_of_a_text_file_part_tables_as_blank_rows_do() {
    let text = "Category|Budget|Actual\nHousing||\nRent|1|2\n|\nTransport||\nFuel|3|4";
    let expect = [
        "2-2 ## Housing",
        "3-3 1: Category|Budget|Actual / Rent|1|2",
        "5-5 ## Transport",
        "6-6 1: Category|Budget|Actual / Fuel|3|4",
    ];
    assert_eq!(shown_of(lines(text)), expect);
    assert_eq!(shown(text), expect);
}

#[test]
fn names_of_a_table_of_words_are_no_pairs() {
    for names in [
        "날짜|당직자|연락처|구역",
        "일자|교육명|장소|강사명",
        "날짜|훈련명|장소|인솔",
        "요일|조장|내선|구간",
        "Date|Keeper|Phone|Zone name",
        "Team|Codeword|Owner|Nickname",
    ] {
        for rows in [
            "2026-12-19|도경수|내선 3301|인천\n2026-12-20|남궁민|내선 3302|평택\n2026-12-21|서이나|내선 3303|아산",
            "12월 19일|도경수|내선 삼일|인천\n12월 20일|남궁민|내선 삼이|평택",
            "월|도경수|휴대폰|인천\n화|남궁민|내선|평택",
            "미정|도경수|구내|인천\n2026-12-20|남궁민|구내|평택\n2026-12-21|서이나|구내|아산",
            "2026-12-19|도경수|구내|인천",
            "본관|도경수|구내|인천",
            "본관|도경수|내선|인천\n별관|남궁민|휴대폰|평택",
            "본관|도경수|구내|인천\n별관|남궁민|구내|평택",
        ] {
            for is_bold in [false, true] {
                let mut sheet = grid(&format!("{names}\n{rows}"));
                sheet.rows[0].cells.iter_mut().for_each(|cell| cell.is_bold = is_bold);
                let shown = shown_of(sheet);
                let case = format!("{names} over {rows}: {shown:?}");
                assert!(shown.len() == 1 && shown[0].contains(&format!(" 1: {names} / ")), "{case}");
                assert!(rows.lines().all(|row| shown[0].contains(row)), "{case}");
            }
        }
    }
}

#[test]
fn labels_and_values_above_a_table_stay_pairs() {
    check(&[
        (
            "작성자|홍길동|부서|영업팀\n직급|과장|장소|본관\n번호|품목|수량|금액\n1|볼트|3|360\n2|너트|5|400",
            &[
                "1-2 ## 작성자: 홍길동 · 부서: 영업팀 · 직급: 과장 · 장소: 본관",
                "4-5 1: 번호|품목|수량|금액 / 1|볼트|3|360 / 2|너트|5|400",
            ],
        ),
        (
            "Owner|Ann Lee|Team|Night crew\nItem|Qty|Price|Note\nBolt|3|1.5|new\nNut|5|0.4|old",
            &[
                "1-1 ## Owner: Ann Lee · Team: Night crew",
                "3-4 1: Item|Qty|Price|Note / Bolt|3|1.5|new / Nut|5|0.4|old",
            ],
        ),
    ]);
}

#[test]
fn values_with_signs_of_units_are_values() {
    check(&[
        ("Model|Angle\nQ1|45°\nQ2|90°", &["2-3 1: Model|Angle / Q1|45° / Q2|90°"]),
        ("모델|각도\nR7|12°\nR8|30°", &["2-3 1: 모델|각도 / R7|12° / R8|30°"]),
        ("센서|온도\n동쪽|21 °C\n서쪽|-4.5 °C", &["2-3 1: 센서|온도 / 동쪽|21 °C / 서쪽|-4.5 °C"]),
        ("Part|45°|90°\nBolt|1200|900\nNut|300|200", &["2-3 1: Part|45°|90° / Bolt|1200|900 / Nut|300|200"]),
        ("North|45°|90°\nSouth|30°|60°", &["1-2 0: North|45°|90° / South|30°|60°"]),
    ]);
}

#[test]
fn words_over_codes_quantities_and_phrases_are_said_once() {
    check(&[
        ("Lab|Tolerance\nNorth|±0.1 mm\nSouth|±0.25 mm", &["2-3 1: Lab|Tolerance / North|±0.1 mm / South|±0.25 mm"]),
        ("Badge|Holder\nB-101|Kim\nB-102|Ann", &["2-3 1: Badge|Holder / B-101|Kim / B-102|Ann"]),
        (
            "표시|의미\nE|펌프가 멈춘 뒤 다시 켠다\nW|물이 새는 곳을 찾는다\nI|그대로 두어도 된다",
            &["2-4 1: 표시|의미 / E|펌프가 멈춘 뒤 다시 켠다 / W|물이 새는 곳을 찾는다 / I|그대로 두어도 된다"],
        ),
        (
            "김철수|결제팀\n이영희|운영1팀\n박민수|보안2팀",
            &["1-3 1: 김철수|결제팀 / 김철수|결제팀 / 이영희|운영1팀 / 박민수|보안2팀"],
        ),
        ("Seoul|Oh\nBusan|Park\nUlsan|Kim", &["1-3 1: Seoul|Oh / Seoul|Oh / Busan|Park / Ulsan|Kim"]),
    ]);
}
