//! Questions of a word or two, as people type them into a search box, and codes: what stands in the documents is found, and
//! what stands nowhere is not answered by what is only near. From a review in which 42 of 180 words that stood in the
//! documents were turned away, and `연봉 협상` was answered by a table of Kubernetes signals.

use anyhow::{Result, ensure};

use super::honesty::{ask, indexed};

const SIGNALS: &str = "# 노드 압박 축출\n\n| Signal | Description |\n| --- | --- |\n| memory.available | capacity minus workingSet |\n\
    | nodefs.available | node.stats.fs.available |\n| imagefs.inodesFree | node.stats.runtime.imagefs |\n| pid.available | maxpid |\n";
const CODES: &str = "# Error codes\n\n| code | meaning | do |\n| --- | --- | --- |\n| HN-4001 | the cart is empty | nothing |\n\
    | HN-4002 | the price changed | ask again |\n| HN-4003 | the voucher is void | tell the buyer |\n| HN-4004 | stock is out | wait |\n";
const SENSORS: &str = "# Sensors\n\n| sensor | limit |\n| --- | --- |\n| S-11 | 40 °C |\n| S-12 | 45 °C |\n| S-13 | 50 °C |\n| S-14 | 55 °C |\n";
const RIGHTS: &str = "# 인권\n\n인간은 이성과 양심을 부여받았다. 상태를 유지하지 않는다. 쿠폰은 자동 지급된다. 순서는 정해져 있다. 예산을 조정한다.\n";
const ON_CALL: &str = "# On-call roster\n\n| date | on call | phone |\n| --- | --- | --- |\n| 2026-12-12 | Ana Costa | 3294 |\n\
    | 2026-12-13 | Lars Holm | 3295 |\n| 2026-12-14 | Mina Park | 3296 |\n| 2026-12-15 | Ugo Conti | 3297 |\n\
    | 2026-12-16 | Ravi Nair | 3298 |\n| 2026-12-17 | Nora Quinn | 3299 |\n| 2026-12-18 | Yuna Seo | 3300 |\n\
    | 2026-12-19 | Marta Diaz | 3301 |\n| 2026-12-20 | Oskar Lind | 3302 |\n| 2026-12-21 | Priya Raman | 3303 |\n\
    | 2026-12-22 | Tomas Weber | 3304 |\n| 2026-12-23 | Ines Roy | 3305 |\n| 2026-12-24 | Paul Berg | 3306 |\n";
const WAR: &str = "# Report of December 13\n\nOn December 13 the front was calm. Who calls the brigade is on call for the report. \
    Calls of December are counted.\n";
const INCIDENT: &str = "# 사고 기록\n\n2026-08-14 결제 서버의 디스크가 가득 찼다. 2026-09-02 인증서가 만료됐다.\n";
const PARTS: &str =
    "# 부품\n\n| part | what | minimum |\n| --- | --- | --- |\n| KR 900 | shackle | 30 |\n| E-101 | relay | 12 |\n";
const PAGES: [(&str, &str); 12] = [
    ("parts.md", PARTS),
    ("eviction.md", SIGNALS),
    ("codes.md", CODES),
    ("sensors.md", SENSORS),
    ("rights.md", RIGHTS),
    ("oncall.md", ON_CALL),
    ("war.md", WAR),
    ("incidents.md", INCIDENT),
    (
        "pay.md",
        "# Pay\n\nThe service pay takes cards. It is owned by team Harbor. Contact the team before a change of prices.\n",
    ),
    ("roster.md", "# 비상 연락망\n\n| 이름 | 역할 |\n| --- | --- |\n| 최은영 | 대피 유도반장 |\n| 박서준 | 소화반 |\n"),
    (
        "logs.md",
        "# Kernel logs\n\nRun dmesg on the node and look for the word oom. The lens of the camera is cleaned on Mondays. Then read the journal of the kubelet.\n",
    ),
    (
        "leave.md",
        "# 근무 규정\n\n휴직은 인사팀에 신청합니다. 안식 휴가는 한 달입니다. 프로젝트가 끝난 뒤에 씁니다. 주민등록번호는 내지 않습니다. 회의는 화요일 오전에 합니다. 출장비는 다음 달에 지급됩니다.\n",
    ),
];

#[test]
fn words_that_stand_in_the_documents_are_answered_by_them() {
    if super::site("words_that_stand_in_the_documents_are_answered_by_them").is_none() {
        return;
    }
    let asked = [
        ("dmesg", "logs.md"),
        ("휴직", "leave.md"),
        ("최은영", "roster.md"),
        ("대피 유도반장은 누구인가요?", "roster.md"),
        ("소화반", "roster.md"),
        ("S-13", "sensors.md"),
        ("limit of sensor S-12", "sensors.md"),
        ("HN-4003", "codes.md"),
        ("대피유도반장은 누구인가요?", "roster.md"),
        ("안식휴가는 며칠인가요?", "leave.md"),
        // In other ways of asking.
        ("휴직에 대해 알려 주세요", "leave.md"),
        ("소화반은 어디 있어요?", "roster.md"),
        ("What about dmesg?", "logs.md"),
        // A day is found in other spellings.
        ("Who is on call on December 21?", "oncall.md"),
        ("on call on 22 Dec", "oncall.md"),
        ("8월 14일 사고", "incidents.md"),
    ];
    let told = || -> Result<()> {
        let site = indexed(&PAGES)?;
        for (question, page) in asked {
            let answer = ask(site.path(), question)?;
            let pages: Vec<&str> =
                answer["sources"].as_array().into_iter().flatten().filter_map(|s| s["path"].as_str()).collect();
            ensure!(answer["status"] == "answered" && pages == [page], "`{question}`: {answer:#}");
        }
        Ok(())
    };
    told().unwrap_or_else(|error| panic!("{error:#}"));
}

#[test]
fn words_and_codes_that_stand_nowhere_are_not_answered() {
    if super::site("words_and_codes_that_stand_nowhere_are_not_answered").is_none() {
        return;
    }
    let asked = [
        "연봉 협상",
        "주식 투자",
        "비트코인 시세",
        "salary increase",
        "football score",
        "PAY-4001",
        "PAY-4001 대응",
        "PAY-4001 handling",
        "limit of sensor S-19",
        "What is the limit of sensor S-99?",
        "sensor S-42",
        "What is the price of AW-400?",
        // Words of three syllables of which only two stand somewhere.
        "성과급",
        "지하철",
        "자동차",
        "정해인",
        "Who is 조정석?",
        // What is about one thing, and that stands nowhere.
        "192.168.44.3 조치",
        "How do I fix db-replica-5?",
        "cache-blue-77 handling",
        "9443 조치",
        "0x80070005 handling",
        "contact lens",
        "프로젝터",
        "주민등록등본",
        "KR 901 minimum",
        "E 306",
        "418번",
        "on call on December 29",
    ];
    let told = || -> Result<()> {
        let site = indexed(&PAGES)?;
        for question in asked {
            let answer = ask(site.path(), question)?;
            ensure!(
                answer["status"] == "escalated" && answer["sources"].as_array().is_some_and(Vec::is_empty),
                "`{question}`: {answer:#}"
            );
        }
        Ok(())
    };
    told().unwrap_or_else(|error| panic!("{error:#}"));
}

/// A day that the roster holds is answered by its row.
#[test]
fn a_day_leads_to_its_row() {
    if super::site("a_day_leads_to_its_row").is_none() {
        return;
    }
    let told = || -> Result<()> {
        let site = indexed(&PAGES)?;
        for (question, name) in
            [("Who is on call on December 21?", "Priya Raman"), ("on call on 22 Dec", "Tomas Weber")]
        {
            let answer = ask(site.path(), question)?;
            let rows: Vec<&str> =
                answer["sentences"].as_array().into_iter().flatten().filter_map(|s| s["text"].as_str()).collect();
            ensure!(rows.first().is_some_and(|row| row.contains(name)), "`{question}`: {answer:#}");
        }
        Ok(())
    };
    told().unwrap_or_else(|error| panic!("{error:#}"));
}

/// The second sheet of a workbook once stood under the name of the first, `2026 Price List › Discounts`, and answered for it.
#[test]
fn headings_beside_each_other_do_not_stand_under_the_first_of_them() {
    if super::site("headings_beside_each_other_do_not_stand_under_the_first_of_them").is_none() {
        return;
    }
    let pages = [(
        "price list.md",
        "# Prices of 2026\n\nA mug costs 5 euros. A pen costs 2 euros.\n\n# Discounts\n\nSchools get 20 % off everything from ten mugs on.\n",
    )];
    let told = || -> Result<()> {
        let site = indexed(&pages)?;
        let answer = ask(site.path(), "What discount do schools get?")?;
        let text = answer["answer"].as_str().unwrap_or_default();
        ensure!(text.contains("**price list.md › Discounts**"), "{answer:#}");
        let answer = ask(site.path(), "How much is a mug?")?;
        let text = answer["answer"].as_str().unwrap_or_default();
        ensure!(text.contains("**Prices of 2026**"), "{answer:#}");
        Ok(())
    };
    told().unwrap_or_else(|error| panic!("{error:#}"));
}

/// What is listed of others is no answer for a name that stands nowhere, however it is asked for: a review had
/// `prod-d 클러스터 노드 수` answered at .98 by the rows of `prod-a` and `prod-b`. Words that are joined like a name are none.
#[test]
fn names_of_which_others_are_listed_are_missed() {
    if super::site("names_of_which_others_are_listed_are_missed").is_none() {
        return;
    }
    let pages = [(
        "clusters.md",
        "# Clusters\n\n| cluster | nodes | read-only replicas |\n| --- | --- | --- |\n| prod-a | 24 | 3 |\n| prod-b | 20 | 2 |\n\n\
        ## Providers\n\nThe client certificates for `pg-alpha` and `pg-beta` are renewed each June. For pg delta they are \
        renewed in May.\n\n## On-call\n\nThe engineer on call approves a change of nodes. The roll-back takes five minutes.\n",
    )];
    let asked = [
        ("How many nodes does the cluster prod-d have?", false),
        ("prod-d 클러스터 노드 수", false),
        ("When are the client certificates for pg-gamma renewed?", false),
        ("How many nodes does the cluster prod-b have?", true),
        ("prod-b 클러스터 노드 수", true),
        ("When are the client certificates for pg-alpha renewed?", true),
        // Written otherwise.
        ("When are the client certificates for pg-delta renewed?", true),
        ("When are the client certificates for the pg-deltas renewed?", true),
        ("How many read-only replicas does prod-a have?", true),
        ("How long does the roll-back take?", true),
    ];
    let told = || -> Result<()> {
        let site = indexed(&pages)?;
        for (question, is_answered) in asked {
            let answer = ask(site.path(), question)?;
            ensure!((answer["status"] == "answered") == is_answered, "`{question}`: {answer:#}");
        }
        Ok(())
    };
    told().unwrap_or_else(|error| panic!("{error:#}"));
}

/// A page may be about a guide: then it is that page which answers, and not another that holds the word beside it.
#[test]
fn words_for_pages_are_names_where_pages_are_about_them() {
    if super::site("words_for_pages_are_names_where_pages_are_about_them").is_none() {
        return;
    }
    let pages = [
        ("style.md", "# Style guide\n\nHeadings are written in sentence case. Commas stand before quotation marks.\n"),
        ("hair.md", "# Salon\n\nThe salon cuts hair in any style. A style costs 40 euros.\n"),
        (
            "broker.md",
            "# Broker\n\n## Troubleshooting\n\nRestart the broker when its queue is stuck for ten minutes.\n\n## Size\n\nThe broker has 3 nodes.\n",
        ),
        ("leave.md", "# 근무 규정\n\n근무는 아홉 시에 시작합니다. 점심은 한 시간입니다.\n"),
        ("shift.md", "# 근무표\n\n야간 근무는 열 시에 시작합니다.\n"),
    ];
    let asked = [
        ("style guide", "style.md", false),
        ("Is there a style guide?", "style.md", false),
        ("broker troubleshooting", "broker.md", false),
        ("근무 규정", "leave.md", false),
        ("salon guide", "hair.md", false),
        // It only mentions the queue: it may not be what is looked for.
        ("queue guide", "broker.md", true),
    ];
    let told = || -> Result<()> {
        let site = indexed(&pages)?;
        for (question, page, is_warned) in asked {
            let answer = ask(site.path(), question)?;
            let first = &answer["sources"][0]["path"];
            ensure!(answer["status"] == "answered" && first == page, "`{question}`: {answer:#}");
            let warned = answer["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty());
            ensure!(warned == is_warned, "`{question}`: {answer:#}");
        }
        Ok(())
    };
    told().unwrap_or_else(|error| panic!("{error:#}"));
}
