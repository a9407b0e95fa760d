//! What begins a table without a blank row, and what stays a row.

use super::super::tests::{grid, shown, shown_of};

/// A sheet in which `bold` and `filled` rows look so, and `merged` ones are one cell over all columns; rows from 1.
fn styled(text: &str, bold: &[usize], filled: &[(usize, u32)], merged: &[usize]) -> Vec<String> {
    let mut sheet = grid(text);
    let width = sheet.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    for row in bold {
        sheet.rows[row - 1].cells.iter_mut().for_each(|cell| cell.is_bold = true);
    }
    for (row, look) in filled {
        sheet.rows[row - 1].cells.iter_mut().for_each(|cell| cell.look = *look);
    }
    for row in merged {
        sheet.rows[row - 1].cells[0].across = width as u16 - 1;
    }
    shown_of(sheet)
}

/// A table in which a row is marked: bold, filled, both, or as the names are. It stays a row.
fn check_marked(text: &str, marked: usize) {
    let rows: Vec<&str> = text.lines().collect();
    let expect = [format!("2-{} 1: {}", rows.len(), rows.join(" / "))];
    for (bold, fill) in [(true, 0), (false, 9), (true, 9), (true, 7), (false, 7)] {
        let bold_rows: Vec<usize> = std::iter::once(1).chain(bold.then_some(marked)).collect();
        assert_eq!(styled(text, &bold_rows, &[(1, 7), (marked, fill)], &[]), expect, "{bold} {fill}");
        let looks: Vec<(usize, u32)> = if fill == 0 { Vec::new() } else { vec![(marked, fill)] };
        assert_eq!(styled(text, &bold_rows, &looks, &[]), expect, "plain names, {bold} {fill}");
    }
}

#[test]
fn a_marked_row_of_words_stays_a_row() {
    for (text, marked) in [
        (
            "제품|정가|할인가|재고\n노트북|1500000|1350000|20\n모니터|300000|270000|15\n키보드|판매 중지|판매 중지|품절\n마우스|30000|27000|70\n스피커|90000|81000|9",
            4,
        ),
        ("Room|Weekday|Weekend\nDeluxe|120|150\nAnnex|closed for works|closed for works\nTwin|90|110\nSingle|70|85", 3),
        ("품목|단가|재고\n콜라|1500|20\n사이다|단종|문의 요망\n주스|2000|7\n커피|2500|9\n물|800|40", 3),
        ("Part|Price|Stock\nBolt|1.5|20\nNut|1.2|33\nWasher|discontinued|ask sales\nPin|2|7\nCap|2.5|9", 4),
        (
            "주차|1차 당직|2차 당직|시작일\n1주|김철수|이영희|2025-03-03\n2주|박민수|최지훈|2025-03-10\n3주|휴무|휴무|휴무\n4주|정하늘|강바다|2025-03-24\n5주|한별|오솔|2025-03-31",
            4,
        ),
        ("공정|재료비|노무비\n기초|100|50\n철골|200|90\n도장|별도 협의|별도 협의\n전기|80|70\n설비|60|40", 4),
        // In words that are usual names of columns.
        ("항목|값|단위\n길이|12|cm\n담당자|이름|비고\n무게|3|kg\n높이|4|cm", 3),
        // In the last row but one, and right below the names.
        ("Item|Qty|Due\nBolt|3|5\nNut|none left|next week\nPin|9|7", 3),
        ("노선|요금|시간\n셔틀|무료|수시\n공항|15000|90\n시내|1400|30", 2),
    ] {
        check_marked(text, marked);
    }
}

#[test]
fn two_tables_without_a_title_or_a_blank_row_between_are_rows_of_the_first() {
    // The second names cannot be told from a marked row, and none of its cells is lost.
    for text in [
        "품목|단가\n볼트|120\n너트|80\n지역|배송비\n서울|3000\n부산|4000",
        "품목|단가|수량\n볼트|120|3\n너트|80|2\n지역|요금|기간\n서울|3000|2\n부산|4000|3",
    ] {
        check_marked(text, 4);
    }
}

#[test]
fn names_that_come_again_under_a_title_begin_a_sibling() {
    let table = |title: &str, times: u32| {
        format!("{title}||\nStore|Target|Actual\nS1|{}|{}\nS2|{}|{}", 100 * times, 90 * times, 70 * times, 60 * times)
    };
    let text = format!("{}\n{}\n{}", table("North region", 1), table("South region", 2), table("West region", 3));
    let expect = [
        "1-1 ## North region",
        "3-4 1: Store|Target|Actual / S1|100|90 / S2|70|60",
        "5-5 ## South region",
        "7-8 1: Store|Target|Actual / S1|200|180 / S2|140|120",
        "9-9 ## West region",
        "11-12 1: Store|Target|Actual / S1|300|270 / S2|210|180",
    ];
    for (bold, filled, merged) in [
        (vec![], vec![], vec![]),
        (vec![2, 6, 10], vec![(2, 7), (6, 7), (10, 7)], vec![]),
        (vec![1, 5, 9], vec![(2, 7), (6, 7), (10, 7)], vec![]),
        (vec![1, 2, 5, 6, 9, 10], vec![(2, 7), (6, 7), (10, 7)], vec![1, 5, 9]),
    ] {
        assert_eq!(styled(&text, &bold, &filled, &merged), expect, "{bold:?} {filled:?} {merged:?}");
    }
    // The first table has no title.
    assert_eq!(
        styled(
            "지점|매출|이익\n1호점|101|11\n2호점|102|12\n하반기||\n지점|매출|이익\n1호점|201|21\n2호점|202|22",
            &[1, 5],
            &[],
            &[]
        ),
        [
            "2-3 1: 지점|매출|이익 / 1호점|101|11 / 2호점|102|12",
            "4-4 ## 하반기",
            "6-7 1: 지점|매출|이익 / 1호점|201|21 / 2호점|202|22",
        ]
    );
}

#[test]
fn the_title_of_a_repeated_table_takes_its_unit_and_pairs_along() {
    assert_eq!(
        styled(
            "서울 매출||\n||(단위: 원)\n매장|목표|실적\n1호점|10|9\n2호점|20|19\n소계|30|28\n부산 매출||\n||(단위: 원)\n매장|목표|실적\n3호점|5|4\n4호점|6|7",
            &[],
            &[],
            &[1, 7]
        ),
        [
            "1-2 ## 서울 매출 · (단위: 원)",
            "4-6 1: 매장|목표|실적 / 1호점|10|9 / 2호점|20|19 / 소계|30|28",
            "7-8 ## 부산 매출 · (단위: 원)",
            "10-11 1: 매장|목표|실적 / 3호점|5|4 / 4호점|6|7",
        ]
    );
    assert_eq!(
        shown(
            "Line A||\nOwner:|Kim|\nPart|Spec|Qty\nBolt|M6|10\nNut|M6|20\nLine B||\nOwner:|Lee|\nPart|Spec|Qty\nPin|M3|7\nCap|M4|8"
        ),
        [
            "1-2 ## Line A · Owner: Kim",
            "4-5 1: Part|Spec|Qty / Bolt|M6|10 / Nut|M6|20",
            "6-7 ## Line B · Owner: Lee",
            "9-10 1: Part|Spec|Qty / Pin|M3|7 / Cap|M4|8",
        ]
    );
}

#[test]
fn nearly_the_same_names_begin_a_table_with_its_own() {
    assert_eq!(
        shown("매출||\n지점|2023|2024\n서울|1|2\n부산|3|4\n비용||\n항목|2023|2024\n임대|5|6\n전기|7|8"),
        [
            "1-1 ## 매출",
            "3-4 1: 지점|2023|2024 / 서울|1|2 / 부산|3|4",
            "5-5 ## 비용",
            "7-8 1: 항목|2023|2024 / 임대|5|6 / 전기|7|8"
        ]
    );
}

#[test]
fn names_printed_again_on_each_page_go_on_under_the_title() {
    assert_eq!(
        shown("2025 재고||\n품목|위치|수량\n볼트|A|1\n너트|B|2\n품목|위치|수량\n관|C|3\n선|D|4"),
        ["1-1 ## 2025 재고", "3-4 1: 품목|위치|수량 / 볼트|A|1 / 너트|B|2", "6-7 1: 품목|위치|수량 / 관|C|3 / 선|D|4"]
    );
}

#[test]
fn merged_names_of_two_rows_come_again() {
    let mut sheet = grid(
        "상반기||\n지점|매출|\n|국내|해외\n서울|1|2\n부산|3|4\n하반기||\n지점|매출|\n|국내|해외\n서울|5|6\n부산|7|8",
    );
    for row in [1, 6] {
        sheet.rows[row].cells[1].across = 1;
        sheet.rows[row + 1].cells[0] = super::super::GridCell { is_repeated: true, ..sheet.rows[row].cells[0].clone() };
    }
    assert_eq!(
        shown_of(sheet),
        [
            "1-1 ## 상반기",
            "4-5 1: 지점|매출 국내|매출 해외 / 서울|1|2 / 부산|3|4",
            "6-6 ## 하반기",
            "9-10 1: 지점|매출 국내|매출 해외 / 서울|5|6 / 부산|7|8",
        ]
    );
}

#[test]
fn a_title_and_other_names_begin_another_table() {
    assert_eq!(
        shown(
            "문서 이력\n버전|날짜|작성자|내용\n1|2024-01-01|김|최초\n2|2024-05-01|이|수정\n용어 정의\n용어|설명\n배치|한 번에\n큐|대기열"
        ),
        [
            "1-1 ## 문서 이력",
            "3-4 1: 버전|날짜|작성자|내용 / 1|2024-01-01|김|최초 / 2|2024-05-01|이|수정",
            "5-5 ## 용어 정의",
            "6-8 1: 용어|설명 / 용어|설명 / 배치|한 번에 / 큐|대기열",
        ]
    );
    assert_eq!(
        shown(
            "Fruit||\nFruit|Colour|Euro\nApple|red|2\nPlum|blue|3\nTools||\nTool|Maker|Euro now\nSaw|Acme|20\nAxe|Best|30"
        ),
        [
            "1-1 ## Fruit",
            "3-4 1: Fruit|Colour|Euro / Apple|red|2 / Plum|blue|3",
            "5-5 ## Tools",
            "6-8 1: Fruit / Tool|Colour / Maker|Euro / Euro now / Tool|Maker|Euro now / Saw|Acme|20 / Axe|Best|30",
        ]
    );
    // Its names are usual ones, or it is wider.
    assert_eq!(
        shown(
            "Fruit||\nFruit|Colour|Euro\nApple|red|2\nPlum|blue|3\nTools||\nItem|Vendor|Price\nSaw|Acme|20\nAxe|Best|30"
        )[2..],
        ["5-5 ## Tools", "7-8 1: Item|Vendor|Price / Saw|Acme|20 / Axe|Best|30"]
    );
    assert_eq!(
        shown(
            "Fruit|||\nFruit|Colour|Euro|\nApple|red|2|\nPlum|blue|3|\nTools|||\nTool|Maker|Euro now|Shelf\nSaw|Acme|20|a\nAxe|Best|30|b"
        )[2..],
        ["5-5 ## Tools", "7-8 1: Tool|Maker|Euro now|Shelf / Saw|Acme|20|a / Axe|Best|30|b"]
    );
}

#[test]
fn titles_that_read_alike_are_those_of_tables() {
    assert_eq!(
        shown(
            "1월 매출 현황||\n지점|목표|실적\n강남|100|90\n판교|80|85\n2월 인원 현황||\n팀|정원|현원\n영업|10|9\n개발|20|18"
        )[2..],
        ["5-5 ## 2월 인원 현황", "7-8 1: 팀|정원|현원 / 영업|10|9 / 개발|20|18"]
    );
    assert_eq!(
        shown(
            "겨울 메뉴||\n요리|맛|양\n만두국|순함|중\n부대찌개|매움|대\n여름 메뉴||\n음료|당도|크기\n식혜|중|소\n수박주스|상|대"
        )[2..],
        ["5-5 ## 여름 메뉴", "6-8 1: 음료|당도|크기 / 음료|당도|크기 / 식혜|중|소 / 수박주스|상|대"]
    );
}

#[test]
fn where_a_group_and_a_table_look_alike_both_rows_of_names_stand_above() {
    let text = "배송 요금표||\n행선|어른|아이\n수도권|3000|1\n지방|4000|2\n기타 지역||\n매장 수령|무료|당일\n해외|25000|7\n\
        도서산간|7000|4\n새벽 배송||\n서울|5000|1\n분당|6000|1";
    let either = "행선 / 매장 수령|어른 / 무료|아이 / 당일";
    let expect = [
        "1-1 ## 배송 요금표".to_owned(),
        "3-4 1: 행선|어른|아이 / 수도권|3000|1 / 지방|4000|2".to_owned(),
        "5-5 ## 기타 지역".to_owned(),
        format!("6-8 1: {either} / 매장 수령|무료|당일 / 해외|25000|7 / 도서산간|7000|4"),
        "9-9 ## 새벽 배송".to_owned(),
        format!("10-11 1: {either} / 서울|5000|1 / 분당|6000|1"),
    ];
    assert_eq!(shown(text), expect);
    // All titles merged.
    assert_eq!(styled(text, &[], &[], &[1, 5, 9]), expect);
    // Usual names above are no proof either: of two tables under titles one may have them, and one not.
    let usual = text.replace("행선|어른|아이", "지역|요금|소요일");
    assert!(shown(&usual)[3].contains("1: 지역 / 매장 수령|요금 / 무료|소요일 / 당일 / "), "{:?}", shown(&usual));
    // Behind a blank row, too; what follows is a sibling.
    let blank = "품목|단가|납기\n의자|120000|3\n책상|350000|7\n||\n전산장비||\n서버|별도 견적|협의\n모니터|250000|5\n||\n소모품||\n토너|50000|1\n용지|20000|1";
    let either = "품목 / 서버|단가 / 별도 견적|납기 / 협의";
    assert_eq!(
        shown(blank),
        [
            "2-3 1: 품목|단가|납기 / 의자|120000|3 / 책상|350000|7".to_owned(),
            "5-5 ## 전산장비".to_owned(),
            format!("6-7 1: {either} / 서버|별도 견적|협의 / 모니터|250000|5"),
            "9-9 ## 소모품".to_owned(),
            format!("10-11 1: {either} / 토너|50000|1 / 용지|20000|1"),
        ]
    );
    // A row that looks as the names do, below the line of a group.
    let marked = "품목|단가|납기\n사무용품||\n의자|120000|3\n책상|350000|7\n전산장비||\n서버|별도 견적|문의\n모니터|250000|5\n\
        프린터|410000|4";
    let expect = [
        "2-2 ## 사무용품",
        "3-4 1: 품목|단가|납기 / 의자|120000|3 / 책상|350000|7",
        "5-5 ## 전산장비",
        "6-8 1: 품목 / 서버|단가 / 별도 견적|납기 / 문의 / 서버|별도 견적|문의 / 모니터|250000|5 / 프린터|410000|4",
    ];
    let shown = styled(marked, &[1, 6], &[(1, 7), (6, 7)], &[]);
    assert_eq!(shown[shown.len() - 2..], expect[2..]);
}

#[test]
fn names_that_come_again_bring_their_lines_whatever_these_say() {
    for (first, second) in [
        ("매출 현황|||(단위: 백만원)", "비용 현황|||(단위: 천원)"),
        ("Revenue|||(USD k)", "Costs|||(EUR k)"),
        ("1|서울 매출||", "2|부산 매출||"),
        ("2024|||", "2025|||"),
        ("2026-03-01|||", "2026-04-01|||"),
        ("서울 매출|||", "합계 매출 (전국)|||"),
        ("Seoul|||", "Total of all|||"),
        // The first has none.
        ("", "비용 현황|||(단위: 천원)"),
        ("", "2025|||"),
    ] {
        let table = |title: &str, by: u32| {
            let rows: Vec<String> = (1..8).map(|row| format!("{row}지점|{}|{}|{}", row * by, row + by, by)).collect();
            [title, "지점|상반기|하반기|계"]
                .iter()
                .filter(|line| !line.is_empty())
                .map(|line| format!("{line}\n"))
                .collect::<String>()
                + &rows.join("\n")
        };
        let shown = shown(&format!("{}\n{}", table(first, 100), table(second, 500)));
        let case = format!("{first} {second}: {shown:?}");
        let [.., title, last] = shown.as_slice() else { panic!("{case}") };
        let said = second.split('|').rfind(|text| !text.is_empty()).unwrap();
        assert!(title.contains("## ") && title.ends_with(said), "{case}");
        assert!(last.contains(" 1: 지점|상반기|하반기|계 / 1지점|500|501|500 / "), "{case}");
        let firsts: Vec<&String> = shown.iter().filter(|block| block.contains("1지점|100|101|100")).collect();
        assert!(firsts.len() == 1 && !firsts[0].contains(said), "{case}");
    }
}

#[test]
fn names_go_on_with_other_days_and_months() {
    for (first, second) in [
        ("구분|2026-03-02|2026-03-03", "구분|2026-03-09|2026-03-10"),
        ("Shift|3/2|3/3", "Shift|3/9|3/10"),
        ("지점|1월|2월", "지점|3월|4월"),
        ("Store|2023|2024", "Store|2025|2026"),
        ("Store|Q1|Q2", "Store|Q3|Q4"),
    ] {
        let (one, two) = ("주간|김철수|이영희\n야간|박민수|최지훈", "주간|조한별|윤오솔\n야간|임가온|한나라");
        let said = |rows: &str| rows.replace('\n', " / ");
        assert_eq!(
            shown(&format!("당직표||\n{first}\n{one}\n{second}\n{two}")),
            [
                "1-1 ## 당직표".to_owned(),
                format!("3-4 1: {first} / {}", said(one)),
                format!("6-7 1: {second} / {}", said(two)),
            ]
        );
        assert_eq!(
            shown(&format!("1조||\n{first}\n{one}\n2조||\n{second}\n{two}")),
            [
                "1-1 ## 1조".to_owned(),
                format!("3-4 1: {first} / {}", said(one)),
                "5-5 ## 2조".to_owned(),
                format!("7-8 1: {second} / {}", said(two)),
            ]
        );
    }
    for (first, second) in [
        ("3월 2일", "3월 9일"),
        ("3/2(월)", "3/9(월)"),
        ("03/02 (월)", "03/09 (월)"),
        ("2일(월)", "9일(월)"),
        ("3.2", "3.9"),
        ("3.2.", "3.9."),
        ("Mar 2", "Mar 9"),
        ("2-Mar", "9-Mar"),
        ("Mon 2 Mar", "Mon 9 Mar"),
        ("1주", "5주"),
        ("Week 1", "Week 5"),
        ("2025년 3월", "2025년 4월"),
        ("Jan", "Apr"),
    ] {
        let text = format!("구분|{first}|비고\n가|김|x\n나|이|y\n구분|{second}|비고\n가|박|z\n나|최|w");
        assert_eq!(shown(&text).len(), 2, "{text}");
    }
    for (first, second) in [
        ("월\u{2028}3/2", "월\u{2028}3/9"),
        ("1일차", "2일차"),
        ("Day 1", "Day 8"),
        ("3月2日", "3月9日"),
        ("1회차", "5회차"),
    ] {
        let text = format!("구분|{first}|비고\n가|김|x\n나|이|y\n구분|{second}|비고\n가|박|z\n나|최|w");
        assert_eq!(shown(&text).len(), 2, "{text}");
    }
    // Days alone, a last week that is short, and weeks with a blank row between.
    for text in [
        "구분|2|3|4|5\n주간|김|이|박|최\n야간|조|윤|장|임\n구분|9|10|11|12\n주간|한|오|서|신\n야간|권|황|안|송",
        "구분|3/23|3/24|3/25\n주간|김|이|박\n야간|조|윤|장\n구분|3/30|3/31|\n주간|한|오|\n야간|권|황|",
        "구분|3/2|3/3|3/4\n주간|김|이|박\n야간|조|윤|장\n|||\n구분|3/9|3/10|3/11\n주간|한|오|서\n야간|권|황|안",
    ] {
        let shown = shown(text);
        assert!(shown.len() == 2 && shown[1].contains(" 1: 구분|"), "{shown:?}");
    }
    // A sparse last row is a row.
    assert_eq!(
        shown("구분|3/2|3/3|3/4\n주간|김|이|박\n대기|한나라||\n구분|3/9|3/10|3/11\n주간|조|윤|장"),
        ["2-3 1: 구분|3/2|3/3|3/4 / 주간|김|이|박 / 대기|한나라||", "5-5 1: 구분|3/9|3/10|3/11 / 주간|조|윤|장"]
    );
    // Dates below dates are values.
    assert_eq!(
        shown("구분|시작|2026-03-02\n가|2026-03-03|2026-03-04\n구분|2026-03-05|2026-03-06\n나|2026-03-07|2026-03-08")
            .len(),
        1
    );
}

#[test]
fn cards_of_one_form_stand_each_under_its_own_title() {
    let card = |title: &str, owner: &str| format!("{title}|\nCPU|{title} model\nMemory|64 GB\nOwner|{owner}");
    let shown = shown(&[card("Server A", "Kim"), card("Server B", "Lee"), card("Server C", "Park")].join("\n"));
    let titles: Vec<&str> = shown.iter().filter_map(|block| block.split_once("## ")).map(|(_, title)| title).collect();
    assert_eq!(titles, ["Server A", "Server B", "Server C"], "{shown:?}");
    assert!(shown[3].contains("Owner|Lee") && !shown[3].contains("Kim"), "{shown:?}");
}

#[test]
fn the_first_row_below_the_line_of_a_group_is_no_header() {
    assert_eq!(
        shown("거래처|금액|비고\n1월||\n갑|100|카드\n병|300|현금\n2월||\n을|별도 협의|외상\n정|200|카드"),
        [
            "2-2 ## 1월",
            "3-4 1: 거래처|금액|비고 / 갑|100|카드 / 병|300|현금",
            "5-5 ## 2월",
            "6-7 1: 거래처|금액|비고 / 을|별도 협의|외상 / 정|200|카드",
        ]
    );
}

#[test]
fn rows_that_stand_out_stay_rows() {
    let text = "품목|단가|비고\n볼트|120|특가\n너트|미정|재고\n관|80|\n선|90|";
    assert_eq!(
        styled(text, &[], &[(1, 7), (3, 9)], &[]),
        ["2-5 1: 품목|단가|비고 / 볼트|120|특가 / 너트|미정|재고 / 관|80| / 선|90|"]
    );
}
