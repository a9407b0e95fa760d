//! Words that tell what a row of a sheet is: the usual names of columns, totals, notes, placeholders. All compare in small
//! letters, without spaces, brackets and marks.

/// What columns are usually called, Korean.
const KOREAN: &str = "가격 값 강사 강의실 개수 거래일시 거래처 건수 결과 경로 계정 계정과목 고객 고객명 과목 과정 관련링크 교시 구분 구성 \
    국가 국내 국외 권한 규격 그룹 근무지 근속 금액 기간 기능 기본값 기사 기준 기한 나이 날짜 내선 내용 노선 단가 단계 단위 담당 담당부서 \
    담당자 답변 대리 대분류 대상 대수 도시 등급 링크 매장 매출 매출액 메모 메일 명칭 모델 모델명 목적 목표 문의 물품 반 방법 배송 버전 번호 \
    변경 보관 보관장소 부문 부서 부서명 분류 브랜드 비고 비용 비율 사번 사업 사업명 사용자 사유 산출물 상세 상태 상품 상품명 생년월일 생산지 \
    서버 서버명 서비스 선택 설명 설정 성명 성별 소계 소분류 소속 소속팀 수량 수수료 순번 순위 시각 시간 시작 시작일 시작일시 시행일 신청일 실적 \
    심각도 아이디 업무 업체 업체명 여부 역할 연도 연락처 연번 영문 영문명 영어 예금주 예산 옵션 요금 요일 용도 용량 원인 월 위치 유형 은행 이름 \
    이메일 이익 이자 이전 인원 일 일수 일시 일자 입금액 입사일 자격 작업 작업자 작성일 작성자 잔액 장소 장애 재고 적요 전화 전화번호 점수 점장 점검 \
    점검일 접수일 정격 제목 제조사 제품 제품명 조건 조치 종료 종료일 주관 주기 주소 주제 중분류 중요도 증감 지사 지역 지점 지점명 직급 직원 직위 직책 \
    기준일 공급자 점검자 신청자 승인자 검토자 참석자 대표 대표자 상호 수신 발신 참조 견적일 납기 회의명 안건 진행 차량 책임자 처리 처리일 총계 총합계 출금액 출처 카테고리 코드 키 키워드 타임스탬프 탐지 태그 특징 팀 팀명 포트 품명 품목 품번 필드 필드명 필수 \
    학교 학년 학번 한글명 한도 할인율 합계 항목 해결 해외 행레이블 형식 호스트 호스트명 환경 회사 회사명 회차 횟수 휴대폰 휴대전화";
/// The same, English.
const ENGLISH: &str = "account action active actual address age amount answer app area assignee author balance branch brand budget \
    capacity category cause channel city class code column comment comments company condition contact cost count country course created \
    credit currency customer date day deadline debit default department dept description destination detail details device discount due \
    duration email employee end english environment error example fare feature field file first format frequency from gender grade group \
    header host hostname hours id identifier impact instructor invoice item items key keyword keywords korean label language last level \
    limit link location mail manager max meaning member memo method metric min mobile model month name no note notes number office option \
    order owner page part path percent period permission person phone place plan platform policy port position price priority problem \
    process product profit project qty quantity question quota range rank rate ratio reason ref reference region related release remark \
    remarks request required resource response result revenue role room route sales schedule score section sender server service severity \
    sex shift site size sla sn source spec start state status step store summary supplier support symptom tag target task team term \
    test time timestamp title to topic total type unit units update updated url usage used user username value vendor version website week \
    weight year zone";
/// How Korean names of columns end.
const ENDINGS: [&str; 22] = [
    "번호",
    "일자",
    "금액",
    "단가",
    "수량",
    "이름",
    "여부",
    "코드",
    "내용",
    "담당자",
    "유형",
    "상태",
    "날짜",
    "기간",
    "비율",
    "주소",
    "매출",
    "시간",
    "방법",
    "사유",
    "구분",
    "예산",
];
/// What the last row of a table or group is called; it may go on, or begin with the group's name.
const TOTALS: [&str; 8] = ["합계", "총계", "총합", "소계", "누계", "total", "subtotal", "grandtotal"];
/// What stands for a missing value.
const PLACEHOLDERS: [&str; 15] =
    ["-", "–", "—", "…", "?", "n/a", "na", "null", "none", "tbd", "없음", "미정", "해당없음", "x", "o"];
/// How a note begins; brackets and stars do, too.
const NOTES: [&str; 8] = ["비고:", "참고:", "주:", "주의:", "출처:", "note:", "notes:", "source:"];

/// A text in small letters without spaces.
pub(super) fn bare(text: &str) -> String {
    bare_chars(text).collect()
}

/// Whether two texts differ in no more than spaces and the case of letters.
pub(super) fn are_same(a: &str, b: &str) -> bool {
    bare_chars(a).eq(bare_chars(b))
}

fn bare_chars(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase)
}

/// Whether a text is a usual name of a column: `담당자`, `거래 금액(원)`, `Unit price *`.
pub(super) fn is_column_name(text: &str) -> bool {
    if text.chars().count() > 40 {
        return false;
    }
    let name = text.split(['(', '[', '\n', '/']).next().unwrap_or_default();
    let name =
        name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | ':' | '.' | '#' | '№')).to_lowercase();
    let is_known = |word: &str| ENGLISH.split_whitespace().any(|known| known == word);
    let is_english = |word: &str| is_known(word) || word.strip_suffix('s').is_some_and(is_known);
    let joined = bare(&name);
    KOREAN.split_whitespace().any(|known| known == joined)
        || is_period(&joined)
        || (joined.chars().count() > 2 && ENDINGS.iter().any(|ending| joined.ends_with(ending)))
        || is_english(&joined)
        || (name.rsplit([' ', '_', '-']).next().is_some_and(is_english) && !is_phrase(&name))
}

/// Whether a text is what stands for a value: `on request`, `see note`.
fn is_phrase(text: &str) -> bool {
    const FIRST: [&str; 14] =
        ["on", "ask", "see", "by", "to", "in", "at", "for", "per", "as", "not", "call", "no", "upon"];
    text.split_once(' ').is_some_and(|(first, _)| FIRST.contains(&first))
}

/// Whether a text is the name of a day of the week, a month, a quarter: `3월`, `Q1`.
pub(super) fn is_name_of_period(text: &str) -> bool {
    is_period(&bare(text))
}

/// Whether a name in small letters is that of a day of the week, a month, a quarter: `월`, `3월`, `q1`, `2q24`, `jan`.
fn is_period(name: &str) -> bool {
    const DAYS: [&str; 19] = [
        "월",
        "화",
        "수",
        "목",
        "금",
        "토",
        "일",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "상반기",
        "하반기",
        "전년",
        "금년",
        "당월",
    ];
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let letters: String = name.chars().filter(|c| !c.is_ascii_digit()).collect();
    let has_digit = letters.len() < name.len();
    DAYS.contains(&name)
        || MONTHS.contains(&name)
        || (has_digit
            && name.chars().count() < 8
            && matches!(letters.as_str(), "월" | "분기" | "q" | "년" | "h" | "fy" | "주차" | "년월"))
}

/// Whether a row that begins so is one of totals: `합 계`, `서울 소계`, `Total amount`.
pub(super) fn is_total(text: &str) -> bool {
    let text = bare(text);
    let text: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    matches!(text.as_str(), "계" | "sum" | "totals")
        || TOTALS.iter().any(|total| text.starts_with(total) || text.ends_with(total))
}

/// Whether a line says a total somewhere: `수도권 소계 32명`.
pub(super) fn holds_total(text: &str) -> bool {
    is_total(text) || text.split_whitespace().any(is_total)
}

/// What a row of totals is one of, bare: `부채` of `부채 총계`; nothing where it says no more than that it is a total.
pub(super) fn total_of(text: &str) -> String {
    let text: String = bare(text).chars().filter(|c| c.is_alphanumeric()).collect();
    let mut rest = text.as_str();
    for total in
        ["subtotal", "grandtotal", "totals", "total", "sum", "총합계", "합계", "총계", "총합", "소계", "누계", "계"]
    {
        rest = rest.strip_prefix(total).or(rest.strip_suffix(total)).unwrap_or(rest);
    }
    rest.to_owned()
}

/// Whether a row that begins so is the result of all groups above: `당기순이익`, `Net income`.
pub(super) fn is_result(text: &str) -> bool {
    let text = bare(text);
    ["순이익", "순손실", "영업이익", "총이익", "netincome", "netprofit", "netloss", "grossprofit"]
        .iter()
        .any(|result| text.starts_with(result) || text.ends_with(result))
}

/// Whether a text stands for a missing value.
pub(super) fn is_placeholder(text: &str) -> bool {
    text.len() <= 20 && PLACEHOLDERS.contains(&bare(text).as_str())
}

/// Whether a text is a unit, a date or an explanation that stands beside a title: `(단위: 천원)`, `As of 2025-03-01`.
pub(super) fn is_unit(text: &str) -> bool {
    let begin = bare(text);
    let begin = begin.trim_start_matches(['(', '[', '<']);
    ["단위", "unit", "asof", "기준일", "vat", "부가세"].iter().any(|unit| begin.starts_with(unit))
}

/// Whether a line is a note on what stands above it: `※ 부가세 별도`, `(a) Estimated`, `비고: …`.
pub(super) fn is_note(text: &str) -> bool {
    let begin = bare(text);
    let is_numbered = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, ')' | ':' | '.'));
    begin.starts_with(['※', '*', '(', '-']) && !begin.starts_with("(단위")
        || begin.strip_prefix('주').is_some_and(is_numbered)
        || NOTES.iter().any(|note| begin.starts_with(note))
}

/// Whether a text is what a pivot table says above its names.
pub(super) fn is_of_pivot(text: &str) -> bool {
    matches!(bare(text).as_str(), "열레이블" | "columnlabels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_of_columns_are_known() {
        for name in
            ["담당자", "거래 금액(원)", "Unit price *", "No.", "Branch name", "점검\n일자", "E-mail", "created_at date"]
        {
            assert!(is_column_name(name), "{name}");
        }
        for text in ["김철수", "결제팀", "서울 강남구", "kafka", "010-1234-5678", "", "총무팀에서 담당합니다"]
        {
            assert!(!is_column_name(text), "{text}");
        }
    }

    #[test]
    fn totals_are_told_in_any_spacing_and_case() {
        for text in [
            "합 계",
            "총 합계",
            "계",
            "소 계",
            "지점1 소계",
            "Total:",
            "Total amount",
            "GRAND TOTAL",
            "Sub-total",
            "[합계]",
        ] {
            assert!(is_total(text), "{text}");
        }
        for text in ["계약", "합", "설계"] {
            assert!(!is_total(text), "{text}");
        }
    }
}
