//! The same words asked in the ways in which people ask for one: in the sample documents, words that stand there are found in
//! nearly all of them, and words that stand nowhere are answered in hardly any. Rates, since rules without a dictionary err
//! (ADR 0008); the test prints them. From reviews in which `X 어떻게 해요?` turned away 70 of 75 words, and `What is the procedure
//! for X?` 12 of 15.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use ragops_e2e::server_process::{ServerProcess, server_binary};
use serde_json::{Value, json};

use super::quality::run;

const STAND_KO: &str = "광고 은행 대기실 금액 주말 메신저 버튼 인증번호 세션 센터 상한 마감 \
    상황실 보고서 태그 카나리 카드사 지급 데이터베이스 버전 창고 이미지 \
    환경 예산 스냅샷 가상계좌 캐시 훈련 인덱스 저장소";
const STAND_EN: &str = "jwks silenced nights contexts rounding renewal vendors envelope authority promtool circuit coredns \
    successor manifest deadlines producer symptoms breaker supplier hash offline cardinality resizer \
    documents";
const ABSENT_KO: &str = "연봉 주식 퇴직금 출산휴가 식당 주차장 건강검진 골프 결혼식 축의금 \
    프린터 기숙사 어린이집 야구";
const ABSENT_EN: &str = "vacation cafeteria pension mortgage tennis lunch kindergarten dentist gym taxi visa perfume museum \
    umbrella";
const WAYS_KO: [&str; 30] = [
    "{}",
    "{} 뭐예요?",
    "{}(은) 무엇인가요?",
    "{}(은) 어떻게 되나요?",
    "{} 어떻게 해요?",
    "{} 누가 해요?",
    "{}(은) 누가 관리하나요?",
    "{}(은) 누가 맡고 있나요?",
    "{} 담당 팀은 어디인가요?",
    "{} 담당팀은 어디인가요?",
    "{}(은) 어느 팀이 담당하나요?",
    "{}(은) 누구 담당인가요?",
    "{} 언제 하나요?",
    "{}에 대해 알려 주세요",
    "{} 설명해 주세요",
    "{} 보여줘",
    "{} 찾아줘",
    "{}(이) 무슨 뜻이에요?",
    "{}(은) 왜 필요한가요?",
    "{} 가능한가요?",
    "{} 어디 있어요?",
    "{}(이) 궁금합니다",
    "{}(은) 언제 쓰나요?",
    "{}(은) 언제 사용하나요?",
    "{} 언제 써요?",
    "{} 좀 봐주세요",
    "{} 가이드라인",
    "{} 매뉴얼",
    "{} 주의사항",
    "{} 규정",
];
const WAYS_EN: [&str; 29] = [
    "{}",
    "What is {}?",
    "What about {}?",
    "What does {} mean?",
    "Tell me about {}",
    "Explain {}",
    "Please describe {}",
    "Where can I find {}?",
    "I am looking for {}",
    "Define {}",
    "Who handles {}?",
    "Who is responsible for {}?",
    "Who\u{2019}s responsible for {}?",
    "Which team is responsible for {}?",
    "Who deals with {}?",
    "Who should I contact about {}?",
    "Who currently owns {}?",
    "Who takes care of {}?",
    "Do you know {}?",
    "What is the procedure for {}?",
    "{} procedure",
    "{} guide",
    "{} guidelines",
    "{} instructions",
    "{} manual",
    "{} howto",
    "{} tutorial",
    "{} troubleshooting",
    "how to troubleshoot {}",
];

/// Of the words that stand in the documents so many may be turned away, in one way of asking ...
const REFUSED_IN_ONE_WAY: f64 = 0.1;
/// ... and in all together; of those that stand nowhere so many may be answered.
const WRONG: f64 = 0.03;

/// A word in a way of asking; `(은)` and `(이)` are the particles that go with it.
fn asked(way: &str, word: &str) -> String {
    let last = word.chars().next_back().map_or(0, u32::from);
    let is_closed = (0xAC00..=0xD7A3).contains(&last) && !(last - 0xAC00).is_multiple_of(28);
    let with = |closed: &str, open: &str| if is_closed { closed.to_owned() } else { open.to_owned() };
    way.replace("(은)", &with("은", "는")).replace("(이)", &with("이", "가")).replace("{}", word)
}

/// A word, how it is asked, and whether it stands in the documents.
struct Question {
    way: String,
    stands: bool,
    text: String,
}

/// Each way with one of `every` words, with others the next way.
fn questions(every: usize) -> Vec<Question> {
    let languages = [("ko", STAND_KO, ABSENT_KO, &WAYS_KO[..]), ("en", STAND_EN, ABSENT_EN, &WAYS_EN[..])];
    let mut all = Vec::new();
    for (language, standing, absent, ways) in languages {
        for (number, way) in ways.iter().enumerate() {
            for (words, stands) in [(standing, true), (absent, false)] {
                let of = |word| Question { way: format!("{language} {way}"), stands, text: asked(way, word) };
                all.extend(words.split_whitespace().skip(number % every).step_by(every).map(of));
            }
        }
    }
    all
}

/// Whether each question is answered, and how confidently, all asked in one run of `eval`.
fn answered(site: &Path, questions: &[Question]) -> Result<Vec<(bool, f64)>> {
    let lines = |stands: bool| -> String {
        let of_kind = questions.iter().enumerate().filter(|(_, question)| question.stands == stands);
        of_kind.map(|(n, question)| format!("{}\n", json!({"_id": n.to_string(), "text": question.text}))).collect()
    };
    fs::write(site.join("queries.jsonl"), lines(true))?;
    fs::write(site.join("queries_unanswerable.jsonl"), lines(false))?;
    // Whether the right page is found is not asked here, but a set names one.
    let standing = (0..questions.len()).filter(|n| questions[*n].stands);
    fs::write(
        site.join("qrels.tsv"),
        standing.map(|n| format!("{n}\ten/alert-catalogue.md\t1\n")).collect::<String>(),
    )?;
    let kept = site.join("run.json");
    let mut eval = Command::new(server_binary()?);
    eval.args(["eval", "--json", "--data"]).arg(site.join("data")).arg("--set").arg(site).arg("--save-run").arg(&kept);
    run(&mut eval)?;
    let kept: Value = serde_json::from_slice(&fs::read(kept)?)?;
    let mut answered = vec![(false, 0.0); questions.len()];
    let asked = kept["queries"].as_array().context("a run has queries")?;
    ensure!(asked.len() == questions.len(), "{} of {} were asked", asked.len(), questions.len());
    for query in asked {
        let number: usize = query["id"].as_str().context("a query has an id")?.parse()?;
        let is_answered = query["answered"].as_bool().context("a query has a decision")?;
        answered[number] = (is_answered, query["confidence"].as_f64().context("a query has a confidence")?);
    }
    Ok(answered)
}

/// One of so many words is asked in each way where all tests run.
const SAMPLE: usize = 6;

#[test]
fn words_are_found_however_they_are_asked() {
    if super::site("words_are_found_however_they_are_asked").is_some() {
        told(SAMPLE).unwrap_or_else(|error| panic!("{error:#}"));
    }
}

#[test]
#[ignore = "all 2,422 questions take minutes: make asking"]
fn every_word_is_found_however_it_is_asked() {
    told(1).unwrap_or_else(|error| panic!("{error:#}"));
}

fn resources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/samples/ragindex.yaml")
}

/// The samples, indexed.
fn samples() -> Result<tempfile::TempDir> {
    let site = tempfile::tempdir()?;
    let mut index = Command::new(server_binary()?);
    run(index.args(["index", "-f"]).arg(resources()).arg("--data").arg(site.path().join("data")))?;
    Ok(site)
}

fn told(every: usize) -> Result<()> {
    let site = samples()?;
    let questions = questions(every);
    let answered = answered(site.path(), &questions)?;
    // By way of asking: standing words and those refused, absent words and those answered.
    let mut ways: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for (question, (is_answered, _)) in questions.iter().zip(answered) {
        let counts = ways.entry(&question.way).or_default();
        let at = if question.stands { 0 } else { 2 };
        counts[at] += 1;
        counts[at + 1] += usize::from(question.stands != is_answered);
    }
    let mut all = [0; 4];
    for (way, counts) in &ways {
        let [standing, refused, absent, wrong] = counts;
        eprintln!("{way}: {refused} of {standing} refused, {wrong} of {absent} absent answered");
        ensure!(*refused as f64 <= REFUSED_IN_ONE_WAY * *standing as f64, "{way}: {refused} of {standing} refused");
        all.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let [standing, refused, absent, wrong] = all;
    eprintln!("all: {refused} of {standing} refused, {wrong} of {absent} absent answered");
    ensure!(
        refused as f64 <= WRONG * standing as f64,
        "{refused} of {standing} words that stand there are turned away"
    );
    ensure!(wrong as f64 <= WRONG * absent as f64, "{wrong} of {absent} words that stand nowhere are answered");
    Ok(())
}

/// Three key words each: subjects that the samples have.
const STANDING_SUBJECTS: [&str; 30] = [
    "로그 보관 기간",
    "카나리 배포 비율",
    "접근 권한 신청",
    "재고 코드 의미",
    "장애 공지 시한",
    "정산 배치 단계",
    "요청 제한 정책",
    "비용 승인 한도",
    "알림 발송 지연",
    "데이터 파기 절차",
    "결제 대행사 전환",
    "대기실 부하 시험",
    "오류 코드 조치",
    "당직 연락 순서",
    "팀별 월 예산",
    "consumer lag alerts",
    "canary rollout steps",
    "connection pool exhaustion",
    "gpu node temperature",
    "backup retention days",
    "gateway status codes",
    "search index rebuild",
    "secrets rotation schedule",
    "incident severity levels",
    "burn rate alerts",
    "postgres failover steps",
    "on-call shift length",
    "load shedding order",
    "disk pressure causes",
    "cache stampede mitigation",
];
/// The same with a word that they have not, or not beside the others.
const STANDING_IN_OTHER_WORDS: [&str; 10] = [
    "leaked secret steps",
    "idle notebook timeout",
    "shift handover form",
    "restore test schedule",
    "upgrade waiting times",
    "물류팀 운영 시간",
    "휴직자 계정 처리",
    "음성 인증번호 전환",
    "실패한 메시지 재발송",
    "시설 데스크 내선",
];
/// Subjects of any office that they have not, of words that they have beside one that they lack.
const ABSENT_SUBJECTS: [&str; 48] = [
    "교통비 지급 기준",
    "안경 구입 지원",
    "사내 도서 대출",
    "통근 버스 노선",
    "정수기 필터 교체",
    "퇴사 절차 안내",
    "생일 상품권 지급",
    "탕비실 간식 주문",
    "주말 근무 수당",
    "출퇴근 기록 수정",
    "휴게실 이용 시간",
    "계약서 날인 절차",
    "명절 선물 신청",
    "워크숍 장소 예약",
    "해외 출장 보험",
    "사택 입주 조건",
    "외부 강의 허가",
    "개인 택배 보관",
    "유니폼 지급 수량",
    "논문 제출 기한",
    "자녀 학자금 지원",
    "흡연 구역 위치",
    "분실물 보관 기간",
    "방문객 주차 등록",
    "travel allowance rules",
    "eyeglasses purchase support",
    "company library loans",
    "commuter bus routes",
    "water filter replacement",
    "resignation notice period",
    "birthday voucher payment",
    "pantry snack order",
    "weekend overtime pay",
    "attendance record correction",
    "lounge opening hours",
    "contract signing procedure",
    "holiday gift request",
    "workshop venue booking",
    "overseas trip insurance",
    "company housing conditions",
    "external lecture permission",
    "personal parcel storage",
    "uniform size exchange",
    "thesis submission deadline",
    "tuition fee support",
    "smoking area location",
    "lost property storage",
    "visitor parking registration",
];
/// From this confidence on an answer has no warning by default.
const SURE: f64 = 0.7;

/// `명함 주문 방법` was once answered at .95 by whatever tells of orders. Of the 24 Korean subjects above 8 were, in the Korean pages
/// alone 16, of the English ones 2; 4 of the 10 for sure.
#[test]
fn key_words_of_which_one_is_missing_are_seldom_answered_and_hardly_ever_for_sure() {
    if super::site("key_words_of_which_one_is_missing_are_seldom_answered_and_hardly_ever_for_sure").is_some() {
        told_of_key_words().unwrap_or_else(|error| panic!("{error:#}"));
    }
}

fn told_of_key_words() -> Result<()> {
    let site = samples()?;
    let question =
        |stands: bool| move |text: &&str| Question { way: "{}".to_owned(), stands, text: (*text).to_owned() };
    let questions: Vec<Question> = STANDING_SUBJECTS
        .iter()
        .chain(&STANDING_IN_OTHER_WORDS)
        .map(question(true))
        .chain(ABSENT_SUBJECTS.iter().map(question(false)))
        .collect();
    let answered = answered(site.path(), &questions)?;
    let (standing, absent) = answered.split_at(questions.len() - ABSENT_SUBJECTS.len());
    let (standing, others) = standing.split_at(STANDING_SUBJECTS.len());
    let count =
        |of: &[(bool, f64)], least: f64| of.iter().filter(|(is, confidence)| *is && *confidence >= least).count();
    let told = [(standing, 0.0), (others, 0.0), (absent, 0.0), (absent, SURE)].map(|(of, least)| count(of, least));
    let [standing, others, absent, sure] = told;
    eprintln!(
        "{standing} of 30 that stand there, {others} of 10 in other words, {absent} of 48 absent answered, {sure} without a warning"
    );
    ensure!(standing >= 28, "{standing} of 30 subjects that stand there are answered");
    ensure!(others >= 8, "{others} of 10 that stand there in other words are answered");
    ensure!(absent <= 6, "{absent} of 48 that do not are answered");
    ensure!(sure <= 2, "{sure} of these without a warning");
    Ok(())
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/samples/docs")
}

/// Two words that the samples have, in no file together: a review had 27 of 62 such answered without a warning.
const APART: [&str; 24] = [
    "정산 교체",
    "비용 교체",
    "정산 예약",
    "정산 롤백",
    "비용 신청",
    "대기실 교체",
    "대기실 예약",
    "대기실 환불",
    "당직 교체",
    "장바구니 신청",
    "알림 교체",
    "비용 환불",
    "gateway refund",
    "gpu rollback",
    "dashboard backup",
    "postmortem rebuild",
    "dns refund",
    "cache refund",
    "secrets refund",
    "postmortem failover",
    "dns retention",
    "coupon backup",
    "gpu refund",
    "gpu rotation",
];

#[test]
fn two_words_that_stand_in_no_file_together_are_not_answered_for_sure() {
    if super::site("two_words_that_stand_in_no_file_together_are_not_answered_for_sure").is_some() {
        told_of_words_apart().unwrap_or_else(|error| panic!("{error:#}"));
    }
}

fn told_of_words_apart() -> Result<()> {
    let site = samples()?;
    let mut texts = Vec::new();
    for language in ["en", "ko"] {
        for file in fs::read_dir(docs().join(language))? {
            texts.push(fs::read_to_string(file?.path())?.to_lowercase());
        }
    }
    for pair in APART {
        let mut words = pair.split(' ');
        ensure!(words.all(|word| texts.iter().any(|text| text.contains(word))), "a word of `{pair}` stands nowhere");
        let holds_both = |text: &String| pair.split(' ').all(|word| text.contains(word));
        ensure!(!texts.iter().any(holds_both), "a file holds both words of `{pair}`");
    }
    // A set has a question that is answered, too.
    let question = |stands, text: &str| Question { way: "{}".to_owned(), stands, text: text.to_owned() };
    let questions: Vec<Question> =
        [question(true, "쿠폰 한도")].into_iter().chain(APART.iter().map(|text| question(false, text))).collect();
    let answered = answered(site.path(), &questions)?;
    let sure: Vec<&str> = questions[1..]
        .iter()
        .zip(&answered[1..])
        .filter(|(_, (is, confidence))| *is && *confidence >= SURE)
        .map(|(question, _)| question.text.as_str())
        .collect();
    ensure!(answered[0].0, "`{}` is not answered", questions[0].text);
    ensure!(sure.is_empty(), "answered without a warning: {sure:?}");
    Ok(())
}

/// What is asked of one code was answered by what is said of its siblings: of 936 such questions of a review 60.
#[test]
fn what_is_asked_of_a_code_is_answered_from_files_that_hold_it() {
    if super::site("what_is_asked_of_a_code_is_answered_from_files_that_hold_it").is_some() {
        told_of_codes().unwrap_or_else(|error| panic!("{error:#}"));
    }
}

fn told_of_codes() -> Result<()> {
    let site = samples()?;
    let ways = [
        "{}는 몇 시간 안에 대응해야 하나요?",
        "{}는 며칠 동안 보관하나요?",
        "How long is {} kept?",
        "What do I check first when I see {}?",
    ];
    let mut up = Command::new(server_binary()?);
    up.args(["up", "-f"]).arg(resources()).arg("--data").arg(site.path().join("data"));
    let server = ServerProcess::start(&mut up, &site.path().join("up.log"))?;
    let mut answered = 0;
    for code in ["SEV4", "SEV1", "HN-5001", "PAY-3001", "ErrorBudgetBurnFast", "CrashLoopBackOff"] {
        for way in ways {
            let question = way.replace("{}", code);
            let response = server.client.post("/query", &json!({ "question": question }))?;
            ensure!(response.status == 200, "{question}: {response:?}");
            let answer: Value = response.json()?;
            let sources = answer["sources"].as_array().context("an answer has sources")?;
            for source in sources {
                let document = source["document"].as_str().context("a source has a document")?;
                let text = fs::read_to_string(docs().join(document))?;
                ensure!(text.contains(code), "{question} is answered from {document}: {answer:#}");
            }
            answered += usize::from(!sources.is_empty());
        }
    }
    ensure!(answered >= 8, "{answered} of 24 are answered at all");
    Ok(())
}

/// Names and codes that the samples write otherwise, and a greeting or a count that looks like one: each was refused at some time.
const WRITTEN_OTHERWISE: [&str; 13] = [
    "What does SEV-1 mean?",
    "SEV 1 조치",
    "HN5031 조치",
    "How do I change a FeatureFlag?",
    "The S3 bucket of the backups is full. What now?",
    "GPU 3 has XID 79. What do I do?",
    "GPU 2장 온도가 너무 높아요. 어떻게 하나요?",
    "Hi DevOps team, how do I roll back a bad deployment?",
    "안녕하세요 JeongHo입니다. 배포 롤백은 어떻게 하나요?",
    "저는 사번 A1023입니다. 접근 권한은 어떻게 신청하나요?",
    "티켓 번호는 CS-9911입니다. 접근 권한은 어떻게 신청하나요?",
    "담당자는 JeongHo입니다. 배포 롤백은 어떻게 하나요?",
    "HTTP503 대응",
];
/// Codes that the samples lack: each was answered for sure at some time.
const MISSING_CODES: [&str; 7] = [
    "오류 코드는 HN-5039입니다. 어떻게 하나요?",
    "안녕하세요. 오류 코드는 HN-5039입니다. 어떻게 하나요?",
    "결제가 안 되는 문제가 있습니다. 오류 코드는 HN-5039입니다. 어떻게 하나요?",
    "장애 등급은 SEV5입니다. 누구에게 보고하나요?",
    "사용하는 DB는 MySQL입니다. 장애 전환은 얼마나 걸리나요?",
    "SEV 5는 몇 시간 안에 대응해야 하나요?",
    "HN 5039 어떻게 해요?",
];

#[test]
fn codes_and_names_are_met_however_they_are_written_and_missed_where_they_stand_nowhere() {
    if super::site("codes_and_names_are_met_however_they_are_written_and_missed_where_they_stand_nowhere").is_some() {
        told_of_spellings().unwrap_or_else(|error| panic!("{error:#}"));
    }
}

fn told_of_spellings() -> Result<()> {
    let site = samples()?;
    let question =
        |stands: bool| move |text: &&str| Question { way: "{}".to_owned(), stands, text: (*text).to_owned() };
    let standing = WRITTEN_OTHERWISE.iter().map(question(true));
    let questions: Vec<Question> = standing.chain(MISSING_CODES.iter().map(question(false))).collect();
    for (question, (is_answered, confidence)) in questions.iter().zip(answered(site.path(), &questions)?) {
        ensure!(is_answered == question.stands, "`{}` is answered: {is_answered}, {confidence}", question.text);
    }
    Ok(())
}
