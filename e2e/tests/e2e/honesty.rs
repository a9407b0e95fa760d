//! Small folders of documents in which a quotation can be turned into its opposite, asked through the real program: what
//! is cited may not be rearranged so that it says something else.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use ragops_e2e::server_process::server_binary;
use serde_json::Value;
use tempfile::TempDir;

use super::quality::run;

/// Pages in, questions with what the answer must hold, and what it must not.
fn check(name: &str, pages: &[(&str, &str)], asked: &[(&str, &[&str], &[&str])]) {
    if super::site(name).is_none() {
        return;
    }
    ask_all(pages, asked).unwrap_or_else(|error| panic!("{error:#}"));
}

fn ask_all(pages: &[(&str, &str)], asked: &[(&str, &[&str], &[&str])]) -> Result<()> {
    let site = indexed(pages)?;
    for (question, holds, lacks) in asked {
        let answer = ask(site.path(), question)?;
        let text = answer["answer"].as_str().with_context(|| format!("`{question}`: {answer:#}"))?;
        for expected in *holds {
            ensure!(text.contains(expected), "`{question}` should say\n{expected}\nbut says\n{text}\n{answer:#}");
        }
        for forbidden in *lacks {
            ensure!(!text.contains(forbidden), "`{question}` says\n{forbidden}\nin\n{text}");
        }
    }
    Ok(())
}

fn answer_of(pages: &[(&str, &str)], question: &str) -> Result<Value> {
    ask(indexed(pages)?.path(), question)
}

/// A folder with the pages and the index over them.
pub(super) fn indexed(pages: &[(&str, &str)]) -> Result<TempDir> {
    let site = tempfile::tempdir()?;
    let docs = site.path().join("docs");
    fs::create_dir(&docs)?;
    for (path, text) in pages {
        fs::write(docs.join(path), text)?;
    }
    let resource = format!(
        "apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\nmetadata:\n  name: pages\nspec:\n  sources:\n  - name: docs\n    type: Folder\n    \
         folder:\n      path: {}\n",
        docs.display()
    );
    let file = site.path().join("ragindex.yaml");
    fs::write(&file, resource)?;
    run(Command::new(server_binary()?).args(["index", "-f"]).arg(&file).arg("--data").arg(site.path().join("data")))?;
    Ok(site)
}

pub(super) fn ask(site: &Path, question: &str) -> Result<Value> {
    let mut query = Command::new(server_binary()?);
    query.args(["query", "--json", "--data"]).arg(site.join("data")).arg(question);
    Ok(serde_json::from_str(&run(&mut query)?)?)
}

/// A word in every passage once weighed nothing, so that one page could answer nothing.
#[test]
fn an_index_of_one_passage_answers() {
    check(
        "an_index_of_one_passage_answers",
        &[("wifi.md", "# Wifi\n\nThe guest wifi is reset every Monday by the front desk.\n")],
        &[
            ("When is the guest wifi reset?", &["every Monday"], &[]),
            ("손님용 와이파이는 언제 초기화되나요?", &["every Monday"], &[]),
        ],
    );
}

/// The words "The following is forbidden:" were once left out, and "Do not run:" before code.
#[test]
fn what_announces_a_list_or_code_is_said_with_it() {
    check(
        "what_announces_a_list_or_code_is_said_with_it",
        &[
            (
                "crane.md",
                "# Crane\n\n## Rules\n\nThe crane is inspected every spring. The following is forbidden:\n\n- Lift people with \
                 the crane.\n- Park the crane on the slope.\n\nThe operator wears a helmet.\n",
            ),
            ("lunch.md", "# Canteen\n\nLunch is served at noon. The menu is on the door.\n"),
        ],
        &[(
            "May I lift people with the crane or park it on the slope?",
            &["The following is forbidden:\n\n- Lift people"],
            &[],
        )],
    );
}

#[test]
fn sections_and_tables_of_one_name_stay_apart() {
    let slots = |day: &str| {
        format!(
            "# Windows\n\n## Slots\n\n| topic | slot |\n| --- | --- |\n| restore window for the ledger | {day} |\n| billing run | Sunday |\n"
        )
    };
    let (one, two) = (slots("Monday"), slots("Friday"));
    check(
        "sections_and_tables_of_one_name_stay_apart",
        &[
            (
                "ops.md",
                "# Operations\n\n## Kafka\n\n### Restart\n\n1. Drain the broker with kafka-drain.\n2. Restart the Kafka \
                 broker.\n\n## Redis\n\n### Restart\n\n1. Fail over to the replica with redis-failover.\n2. Stop the redis \
                 service on the host.\n",
            ),
            ("one.md", &one),
            ("two.md", &two),
        ],
        &[
            (
                "How do I restart Kafka and Redis?",
                &[
                    "**Operations › Kafka › Restart**\n\n1. Drain the broker with kafka-drain.\n2. Restart",
                    "**Operations › Redis › Restart**\n\n1. Fail over",
                ],
                &[],
            ),
            (
                "When is the restore window for the ledger?",
                &["Windows (docs: one.md) › Slots", "Windows (docs: two.md) › Slots"],
                &["Monday |\n| restore window"],
            ),
        ],
    );
}

#[test]
fn some_rows_of_a_long_table_never_look_like_all_of_it() {
    let rows: String = (1..=60).map(|n| format!("| svc-{n:02} | service number {n} | team-{} |\n", n % 7)).collect();
    let page = format!("# Owners\n\n| service | what it is | owner |\n| --- | --- | --- |\n{rows}");
    check(
        "some_rows_of_a_long_table_never_look_like_all_of_it",
        &[("owners.md", &page), ("lunch.md", "# Canteen\n\nLunch is served at noon.\n")],
        &[(
            "Which services does team-3 own: what is service number 31, what is service number 38?",
            &["| … | … | … |"],
            &[],
        )],
    );
}

/// Without a long block of commands the next one once stood in its place.
#[test]
fn a_block_that_is_too_long_leaves_a_gap_and_no_other_command_in_its_place() {
    for lines in [18, 20, 40] {
        let long = "# 채널을 열고 노드의 상태를 하나씩 확인합니다.\n".repeat(lines);
        let page = format!(
            "# 서버 재기동\n\n## 절차\n\n1. 운영 채널을 엽니다.\n2. 다음 명령을 실행합니다.\n\n```bash\n{long}reboot --one\n```\n\n```bash\n\
             reboot --all --force\n```\n\n3. 채널을 닫습니다.\n"
        );
        check(
            "a_block_that_is_too_long_leaves_a_gap_and_no_other_command_in_its_place",
            &[("check.md", &page), ("lunch.md", "# 식당\n\n점심은 정오에 나옵니다.\n")],
            &[(
                "서버 재기동 절차는 어떻게 되나요?",
                &["2. 다음 명령을 실행합니다.\n\n…"],
                &["실행합니다.\n\n```bash\nreboot", "실행합니다.\n```bash\nreboot"],
            )],
        );
    }
}

/// A sentence of the next paragraph was once said in one breath with an answer, and turned it round.
#[test]
fn paragraphs_and_entries_are_quoted_whole_and_apart() {
    check(
        "paragraphs_and_entries_are_quoted_whole_and_apart",
        &[
            (
                "roles.md",
                "# Roles\n\n## In an incident\n\n**Incident commander.** Decides and delegates. The commander does not type commands \
                 in production.\n\n**Operations lead.** Works on the system.\n\n**Communications lead.** Writes the status page. For \
                 SEV1 this is always a separate person; for SEV2 the commander may do it.\n",
            ),
            (
                "kettle.md",
                "# Kettle\n\n## Who may open it\n\n**Cleaning staff.** They may open the lid.\n\n**Visitors.** They may not touch the \
                 kettle at all.\n\n## FAQ\n\nQ: May I bake bread in oven P2?\n\nA: No. P2 has no steam.\n\nQ: May I bake bread in \
                 oven P4?\n\nA: Yes, with steam at 220 degrees.\n",
            ),
        ],
        &[
            (
                "May the incident commander type commands in production?",
                &["Incident commander. Decides and delegates. The commander does not type commands in production."],
                &["in production. For SEV1", "in production. Operations"],
            ),
            (
                "May visitors touch the kettle?",
                &["Visitors. They may not touch the kettle at all."],
                &["lid. Visitors"],
            ),
            ("May I bake bread in oven P2?", &["Q: May I bake bread in oven P2?\n\nA: No. P2 has no steam."], &[]),
        ],
    );
}

/// Half of a procedure, or one without its warning, misleads.
#[test]
fn a_procedure_is_given_with_its_conditions_over_the_border_of_passages() {
    let filler = "It is checked against the ledger of the day before, line by line, and signed. ".repeat(6);
    let steps: String = (1..=9).map(|n| format!("{n}. Step {n} of the payout rerun. {filler}\n")).collect();
    let forbidden: String = (1..=14).map(|n| format!("- Lift load number {n} with the crane. {filler}\n")).collect();
    let page = format!(
        "# Payout\n\n## Rerun\n\nNever rerun a payout that was sent.\n\n1. Stop the batch. Without approval do not go on.\n2. Run it again.\n\n```sh\nrerun --payout\n```\n\n3. Call the second person.\n\n## Long rerun\n\n{steps}"
    );
    let crane = format!(
        "# Crane\n\n## Rules\n\nThe following is strictly forbidden:\n\n{forbidden}- Wash the crane with salt water.\n"
    );
    check(
        "a_procedure_is_given_with_its_conditions_over_the_border_of_passages",
        &[("payout.md", &page), ("crane.md", &crane)],
        &[
            (
                "How do I rerun the payout?",
                &[
                    "Never rerun a payout that was sent.",
                    "1. Stop the batch. Without approval do not go on.",
                    "3. Call the second person.",
                ],
                &[],
            ),
            ("May I wash the crane with salt water?", &["The following is strictly forbidden:", "salt water"], &[]),
        ],
    );
}

#[test]
fn what_is_struck_out_or_hidden_is_not_said() {
    check(
        "what_is_struck_out_or_hidden_is_not_said",
        &[
            (
                "valve.md",
                "# Valve\n\n~~Open the quartz valve while hot.~~ Keep the quartz valve closed while the turbine is hot.\n",
            ),
            (
                "page.html",
                "<h1>Boiler</h1><p><del>Open the boiler hatch under pressure.</del> Keep the boiler hatch shut under \
                 pressure.</p><p hidden>The boiler password is swordfish.</p>",
            ),
        ],
        &[
            (
                "Do I open the quartz valve while the turbine is hot?",
                &["Keep the quartz valve closed"],
                &["Open the quartz"],
            ),
            (
                "What about the boiler hatch under pressure?",
                &["Keep the boiler hatch shut"],
                &["Open the boiler", "swordfish"],
            ),
        ],
    );
}

/// Filler that keeps a section from being quoted whole.
fn filler(about: &str) -> String {
    (0..14).map(|n| format!("\n\nThe {about} log of week {n} is kept in the archive room behind the second door on the left, and nobody reads it.")).collect()
}

/// Each of these was said alone, as if it were to be done.
#[test]
fn what_stands_under_a_prohibition_is_never_said_without_it() {
    let kiln = format!(
        "# Pottery\n\n## Kiln\n\nNever do the following.\n\nPut wet clay into the kiln.\n\nPut glass bottles into the kiln.{}\n",
        filler("kiln")
    );
    let database = format!(
        "# Primary\n\n## Rules\n\nPlease never do any of the following on the primary:\n\n- **Kill the autovacuum worker.**\n\n  Use \
         `pg_terminate_backend` on the autovacuum process when the disk is slow.\n\n- **Switch off fsync.**{}\n",
        filler("primary")
    );
    let crane = format!(
        "# 크레인\n\n## 작업\n\n작업 중에는 다음 행동을 절대 하지 마십시오.\n\n크레인 제한 장치를 끈다.{}\n",
        filler("crane")
    );
    check(
        "what_stands_under_a_prohibition_is_never_said_without_it",
        &[("kiln.md", &kiln), ("primary.md", &database), ("crane.md", &crane)],
        &[
            ("How do I put glass bottles into the kiln?", &["Never do the following.", "glass bottles"], &[]),
            (
                "When should pg_terminate_backend be used on the autovacuum process?",
                &["Please never do any of the following", "pg_terminate_backend"],
                &[],
            ),
            ("크레인 제한 장치는 어떻게 끄나요?", &["절대 하지 마십시오", "제한 장치를 끈다"], &[]),
        ],
    );
}

/// "Shipments to all other countries leave the warehouse without a release" was the whole answer about Norway.
#[test]
fn a_rule_for_the_rest_is_said_with_what_it_excepts_or_not_at_all() {
    let countries =
        ["Norway", "Chile", "Peru", "Ghana", "Kenya", "Nepal", "Laos", "Malta", "Qatar", "Samoa", "Tonga", "Yemen"];
    let blocked: String = countries
        .map(|name| format!("\n\n{name}: the consignment waits in the bonded warehouse at gate 1, the paperwork goes to the broker on the same day, and the customer is told about the delay by the desk."))
        .concat();
    let export = format!(
        "# Export\n\n## Countries\n\nShipments to the following countries are blocked until the customs office has released \
         them.{blocked}\n\nShipments to all other countries leave the warehouse without a release.\n"
    );
    let lab = "# Laboratory\n\n## Rooms\n\nDogs must stay outside of room 4.\n\nEverything else may be brought into room 4.\n";
    check(
        "a_rule_for_the_rest_is_said_with_what_it_excepts_or_not_at_all",
        &[("export.md", &export), ("lab.md", lab)],
        &[
            ("Can we ship to Norway without a release?", &[], &["all other countries"]),
            ("What may be brought into room 4?", &["Dogs must stay outside", "Everything else"], &[]),
        ],
    );
}

/// Steps with headings of their own came as 1, 3, 4, 2, or as the second alone.
#[test]
fn steps_under_headings_come_in_their_order_and_chapters_do_not_come_along() {
    let step = |number: u32, what: &str, command: &str| format!("\n## {number}. {what}\n\n```bash\n{command}\n```\n");
    let certificate = [
        "# Renewing the gateway certificate\n".to_owned(),
        step(1, "Request the certificate", "certctl request gw"),
        step(2, "Pause the gateway", "gwctl pause"),
        step(3, "Install the certificate", "certctl install gw"),
        step(4, "Resume the gateway", "gwctl resume"),
    ]
    .concat();
    let renewal = [
        "# Renewing the shop certificate\n\n## Purpose\n\nBrowsers trust it for a year.\n".to_owned(),
        "\n## Step 1: Ask for it\n\n`certctl ask`\n\n## Step 2: Drain the shop\n\n`shopctl drain`\n".to_owned(),
        "\n## Step 3: Put it in\n\n`certctl put`\n\n## References\n\nSee the wiki.\n".to_owned(),
    ]
    .concat();
    let manual = "# Agent guide\n\n## 1. Overview\n\nThe agent ships logs.\n\n## 2. Installing the agent\n\nInstall the agent \
                  with `agentctl install`.\n\n## 3. Wiping the agent\n\nAll data goes with `agentctl wipe`.\n";
    check(
        "steps_under_headings_come_in_their_order_and_chapters_do_not_come_along",
        &[("certificate.md", &certificate), ("agent.md", manual), ("shop.md", &renewal)],
        &[
            (
                "How do I renew the gateway certificate?",
                &["certctl request gw\n```\n\n**Renewing the gateway certificate › 2. Pause", "gwctl resume"],
                &[],
            ),
            ("How do I install the agent?", &["agentctl install"], &["agentctl wipe"]),
            ("How do I renew the shop certificate?", &["certctl ask", "shopctl drain", "certctl put"], &[]),
        ],
    );
}

#[test]
fn a_frequent_question_is_answered_and_a_missing_member_of_a_series_is_not() {
    let hosts: String = (1..=40).map(|n| format!("| host-{n:03} | yes | 10.0.4.{n} |\n")).collect();
    let faq = "# Office FAQ\n\n**Q: Is there a canteen?**\nA: Yes, on the second floor.\n\n**Q: Where do I park my bike?**\nA: In the \
               basement of building B.\n\n**Q: Can I get a second monitor?**\nA: Order it in Self Service.\n";
    check(
        "a_frequent_question_is_answered_and_a_missing_member_of_a_series_is_not",
        &[
            ("hosts.md", &format!("# Host list\n\n| Host | Internet access | Address |\n|---|---|---|\n{hosts}")),
            ("faq.md", faq),
        ],
        &[
            ("Where do I park my bike?", &["basement of building B"], &["Self Service"]),
            ("Does host-099 have internet access?", &[], &["host-"]),
            ("Does host-012 have internet access?", &["host-012 | yes"], &[]),
        ],
    );
}

/// The rule above once took away the very sentence that forbids, and the exceptions of one that allows.
#[test]
fn what_forbids_or_excepts_is_said_whomever_it_speaks_of() {
    let travel = format!(
        "# Travel\n\n## Flights{}\n\nAll other employees must not do the following:\n\n- book business class on flights under \
         six hours\n- book a hotel suite\n",
        filler("flight")
    );
    let gas = format!(
        "# 가스실\n\n## 규칙{}\n\n담당자가 아닌 나머지 직원은 다음을 절대 하지 마십시오:\n\n1. 주 밸브를 잠근다.\n2. 경보기를 끈다.\n",
        filler("gas")
    );
    let vault = format!(
        "# Vault\n\n## Access{}\n\nClerks may open the vault at any time.\n\nHowever, clerks of the night shift and anyone else \
         without training must not open it.\n",
        filler("vault")
    );
    check(
        "what_forbids_or_excepts_is_said_whomever_it_speaks_of",
        &[("travel.md", &travel), ("gas.md", &gas), ("vault.md", &vault)],
        &[
            (
                "May I book business class on flights under six hours?",
                &["must not do the following", "business class"],
                &[],
            ),
            ("주 밸브는 누가 잠그나요?", &["절대 하지 마십시오", "주 밸브를 잠근다"], &[]),
            ("May clerks open the vault at any time?", &["at any time", "However, clerks of the night shift"], &[]),
        ],
    );
}

/// A row of 1,300 bytes was once never said, and the row below it was given instead.
#[test]
fn a_row_is_said_however_long_its_cells_are() {
    let rules = "국내 출장은 하루 5만 원을 한도로 하고 해외 출장은 지역 등급에 따라 하루 80달러에서 150달러를 한도로 합니다. 숙박비는 실비로 \
                 지급하되 서울은 12만 원, 그 밖의 지역은 9만 원을 넘을 수 없고 넘는 금액은 본부장의 사전 승인이 있어야 합니다. 항공권은 총무팀이 \
                 일괄 구매하며 개인이 산 항공권은 긴급한 때에만 인정합니다. 출장 중 질병이나 사고가 나면 즉시 인사팀에 알리고 보험 청구 서류를 귀국 \
                 후 30일 안에 냅니다. 출장이 취소된 때에는 취소 수수료를 회사가 부담하되 개인 사정이면 본인이 부담합니다. 법인 카드를 쓴 때에는 \
                 사용 내역을 다음 달 5일까지 올리고 개인 카드는 원칙으로 인정하지 않습니다. 해외에서는 현지 통화 영수증에 환율을 적습니다. 식비는 \
                 일비에 들어 있으므로 따로 청구할 수 없고 거래처 접대는 접대비 규정을 따릅니다. 가불은 출발 3일 전까지 총무팀에 알리고 정산 때 차감하며 남은 금액은 다음 날까지 돌려줍니다. 자가용을 쓴 때에는 1km에 250원을 \
                 지급하고 통행료와 주차비는 따로 청구합니다.";
    assert!(rules.len() > 1_200, "{}", rules.len());
    let page = format!(
        "# 경비 규정\n\n| 항목 | 내용 |\n| --- | --- |\n| 출장비 | 종료 후 7일 안에 신청하며 {rules} |\n| 회의비 | 1인당 2만 원을 \
         한도로 합니다. |\n"
    );
    check(
        "a_row_is_said_however_long_its_cells_are",
        &[("expenses.md", &page)],
        &[("출장비는 언제까지 신청하나요?", &["7일 안에 신청"], &[]), ("회의비 한도는?", &["1인당 2만 원"], &[])],
    );
}

/// A single rare word is near to nothing as a vector: another page once answered, with the confidence of the page that
/// holds the word.
#[test]
fn a_single_rare_word_is_answered_from_the_page_that_holds_it() {
    check(
        "a_single_rare_word_is_answered_from_the_page_that_holds_it",
        &[
            ("league.md", "# 리그 규정\n\n2025년부터 피치클락이 적용된다. 투수는 20초 안에 공을 던진다.\n"),
            (
                "memory.md",
                "# 노드 메모리\n\n노드의 메모리가 부족하면 파드가 축출된다. 축출 신호는 memory.available 이다.\n",
            ),
            ("pods.md", "# 파드\n\n파드는 재시작 정책을 가진다. 컨테이너는 순서대로 시작한다.\n"),
            ("ledger.md", "# 원장\n\n원장은 매일 밤 자정에 마감된다. 마감은 정산팀이 확인한다.\n"),
            ("gate.md", "# Gates\n\nThe turnstile resets after 40 visitors. A guard watches it.\n"),
        ],
        &[("피치클락", &["피치클락"], &["축출", "정산팀"]), ("turnstile", &["turnstile"], &["피치클락", "파드"])],
    );
}

/// "Owner is team 5." of one server was once cited from the page of another too.
#[test]
fn the_same_words_about_another_thing_are_no_citation() {
    if super::site("the_same_words_about_another_thing_are_no_citation").is_none() {
        return;
    }
    let page = |number: u32| {
        let text = format!(
            "# Server node-{number}\n\nThe server node-{number} runs in rack {}. Owner is team {}.\n",
            number / 10,
            number % 7
        );
        (format!("node-{number}.md"), text)
    };
    let pages: Vec<(String, String)> = (1400..1430).map(page).collect();
    let pages: Vec<(&str, &str)> = pages.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let answer = answer_of(&pages, "Who owns node-1427?").unwrap();
    let sources: Vec<&str> = answer["sources"].as_array().unwrap().iter().filter_map(|s| s["path"].as_str()).collect();
    assert_eq!(sources, ["node-1427.md"], "{answer:#}");
    assert!(answer["answer"].as_str().unwrap().contains("team 6"), "{answer:#}");
}

/// "You can check this with:" once stood as if it were the beginning, under the heading of the section.
#[test]
fn what_leads_to_a_command_is_not_shown_as_the_beginning_of_its_section() {
    // A section of over 2 kB is not said whole.
    let paragraph = |number: u32| {
        format!(
            "Pool {number} grows on Mondays, after the finance team in Busan has paid invoice {} of the vendor.",
            number * 7
        )
    };
    let before: Vec<String> = (1..40).map(paragraph).collect();
    let page = format!(
        "# Volumes\n\n## Resizing\n\n{}\n\nYou can check the size that the claim got with:\n\n```\nkubectl get pvc \
         data-0\n```\n",
        before.join("\n\n")
    );
    check(
        "what_leads_to_a_command_is_not_shown_as_the_beginning_of_its_section",
        &[("volume.md", &page)],
        &[(
            "Which command checks the size that the claim got?",
            &["kubectl get pvc", "…\n\nYou can check"],
            &["Busan"],
        )],
    );
}
