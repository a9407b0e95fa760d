//! Names in a question: `RabbitMQ`, `PostgreSQL`, `HN-5034`. An index in which a name stands nowhere rarely answers a
//! question about it, however near the subject: the classic trap of retrieval by meaning.

use std::collections::HashSet;

use crate::document::Language;
use crate::index::{ChunkNumber, IndexError};
use crate::revision::Revision;
use crate::text::{Analyzer, TokenBuffer, TokenKind, language};

use super::families;
use super::joined::{apart, stands_apart};
use super::words::is_instance;

/// Shorter runs of letters in a Korean sentence are units and abbreviations (`GB`, `vs`).
const MIN_LETTERS: usize = 3;

/// Words with a capital that name no thing a page would have to name.
const CALENDAR: [&str; 19] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Names shorter than this are never taken for mistyped ones: `gRPC` is not `RPC`.
const MIN_MISTYPED: usize = 5;

/// So many codes of one kind (`HN-5031`) make a list in which a missing one is missed.
const MIN_CODES: usize = 3;

/// How the letters and the number of a code are joined in one term.
pub(super) const JOINTS: [&str; 4] = ["", "-", "_", "."];

/// Whether the index knows the names of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Names {
    /// All of them stand somewhere, or there are none.
    Known,
    /// One stands nowhere, but is no more than a word with a capital (`Bob`, `Oracle`), a word in Latin letters, or one
    /// letter off a word that does.
    Doubtful,
    /// A name that can be nothing else (`MySQL`, `HN-9999`) stands nowhere.
    Unknown,
}

/// Whether the question names something that stands nowhere in the index, as a whole or in all its parts.
/// A code is more than its parts: `PAY-4001` does not stand where `pay` and `HN-4001` do, but where `PAY 4001` does. `best` are
/// the best passages, in the form in which words are compared.
pub(super) fn known(
    revision: &Revision,
    analyzer: &Analyzer,
    question: &str,
    best: &[String],
) -> Result<Names, IndexError> {
    let mut worst = Names::Known;
    for name in names(question) {
        match standing(revision, analyzer, name)? {
            Standing::Whole => continue,
            Standing::InParts if is_camel_case(name) => {
                worst = worst.max(Names::Doubtful);
                continue;
            }
            Standing::InParts => continue,
            Standing::Nowhere if best.iter().any(|text| stands_apart(text, name)) => continue,
            Standing::Nowhere => {}
        }
        let may_be_mistyped = name.len() >= MIN_MISTYPED && name.chars().all(|c| c.is_ascii_alphabetic());
        let mistyped = may_be_mistyped && revision.text.holds_nearly(&name.to_ascii_lowercase())?;
        worst = worst.max(if mistyped || !is_unmistakable(name) { Names::Doubtful } else { Names::Unknown });
    }
    // Hosts are written alike (`edge-107`): only what is asked about as a code is one.
    const ASKED_AS_CODE: [&str; 9] = ["alert", "code", "error", "mean", "알림", "경보", "코드", "오류", "에러"];
    let lower = question.to_lowercase();
    let asked = ASKED_AS_CODE.iter().any(|word| lower.contains(word));
    for code in codes(question).filter(|_| asked) {
        if is_missing_code(revision, code, MIN_CODES)? {
            worst = Names::Unknown;
        }
    }
    for code in spaced_codes(question) {
        let is_listed = || best.iter().any(|text| lists_like(text, &code));
        if !best.iter().any(|text| stands_apart(text, &code)) && (is_missing_code(revision, &code, 1)? || is_listed()) {
            worst = Names::Unknown;
        }
    }
    if worst < Names::Unknown && families::lacks_member(revision, question, best)? {
        worst = Names::Unknown;
    }
    Ok(worst)
}

/// What a question names by a code of a series (`SEV4`, `HN-5031`) or by a name that is put together from three words
/// (`ErrorBudgetBurnFast`), where the index holds it: for each the passages that do, however it is joined there. At most `most`
/// passages of each way of joining it.
pub(super) fn holding_codes(
    revision: &Revision,
    analyzer: &Analyzer,
    question: &str,
    most: usize,
) -> Result<Vec<Vec<ChunkNumber>>, IndexError> {
    let mut codes = Vec::new();
    for name in names(question) {
        let Some(term) = analyzer.terms(name).into_iter().next() else { continue };
        let mut holding = Vec::new();
        if let Some(code) = Code::of(name) {
            if code.is_of_series(revision)? {
                for spelling in code.spellings() {
                    holding.extend(revision.text.holding_all(&[&spelling], most)?);
                }
                holding.extend(apart(revision, &code.with("-"))?);
            }
        } else if is_put_together(name) {
            holding = revision.text.holding_all(&[&term], most)?;
        }
        if !holding.is_empty() {
            codes.push(holding);
        }
    }
    Ok(codes)
}

/// Whether a name is that of one thing, which a page about it writes as it is: three words and more with a capital each. `GitHub`
/// and `PostgreSQL` are everywhere, under other names too.
fn is_put_together(name: &str) -> bool {
    let begins = |w: &[u8]| !w[0].is_ascii_uppercase() && w[1].is_ascii_uppercase();
    let words = 1 + name.as_bytes().windows(2).filter(|w| begins(w)).count();
    name.starts_with(|c: char| c.is_ascii_uppercase()) && is_camel_case(name) && words > 2
}

/// Letters and a number: `SEV4`, `HN-5031`.
pub(super) struct Code {
    /// In small letters, as terms are.
    letters: String,
    digits: String,
}

impl Code {
    /// A name that ends in a number, if it has a capital (`HN-5031`) or is joined by nothing (`sev4`): `worker-3` is an instance,
    /// `k8s` a word.
    pub(super) fn of(name: &str) -> Option<Self> {
        let begin = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let letters = begin.trim_end_matches(['-', '_', '.']);
        let is_written_so = name.contains(|c: char| c.is_ascii_uppercase()) || letters.len() == begin.len();
        let is_code = begin.len() < name.len() && letters.contains(|c: char| c.is_ascii_alphabetic()) && is_written_so;
        is_code.then(|| Self { letters: letters.to_ascii_lowercase(), digits: name[begin.len()..].to_owned() })
    }

    /// The term that it is with this joint.
    pub(super) fn with(&self, joint: &str) -> String {
        [&self.letters, joint, &self.digits].concat()
    }

    /// Its number.
    pub(super) fn digits(&self) -> &str {
        &self.digits
    }

    /// The terms that it is in a text.
    fn spellings(&self) -> impl Iterator<Item = String> {
        JOINTS.iter().map(|joint| self.with(joint))
    }

    /// Whether the index holds so many numbers behind these letters that they tell things apart: `SEV1` to `SEV3`, but not `S3` or
    /// `OAuth2`.
    fn is_of_series(&self, revision: &Revision) -> Result<bool, IndexError> {
        let mut members = HashSet::new();
        for joint in JOINTS {
            members.extend(self.members(revision, joint)?);
        }
        Ok(members.len() >= MIN_CODES)
    }

    /// Whether the index lists so many of as many digits, joined so.
    pub(super) fn is_listed(&self, revision: &Revision, joint: &str) -> Result<bool, IndexError> {
        let as_long = self.members(revision, joint)?.into_iter().filter(|number| number.len() == self.digits.len());
        Ok(as_long.count() >= MIN_CODES)
    }

    /// The numbers behind these letters and this joint that are like its own: as long, or of one or two digits.
    fn members(&self, revision: &Revision, joint: &str) -> Result<Vec<String>, IndexError> {
        let mut members = Vec::new();
        for digit in '0'..='9' {
            let prefix = format!("{}{joint}{digit}", self.letters);
            for term in revision.text.terms_with_prefix(&prefix, MIN_CODES)? {
                let number = &term[prefix.len() - 1..];
                let is_alike = number.len() == self.digits.len() || (number.len() < 3 && self.digits.len() < 3);
                if is_alike && number.bytes().all(|byte| byte.is_ascii_digit()) {
                    members.push(number.to_owned());
                }
            }
        }
        Ok(members)
    }
}

/// Codes that are written with a blank (`GW 2299`), with a hyphen and small: capitals, then two digits at least. What is counted
/// (`CPU 80%`) is none.
fn spaced_codes(question: &str) -> impl Iterator<Item = String> {
    let is_code = |letters: &str, digits: &str| {
        (1..=6).contains(&letters.len())
            && letters.bytes().all(|b| b.is_ascii_uppercase())
            && (if letters.len() > 1 { 2..=6 } else { 3..=6 }).contains(&digits.len())
    };
    let words: Vec<&str> = question.split_whitespace().collect();
    let pairs: Vec<String> = words
        .windows(2)
        .filter_map(|pair| {
            let digits = &pair[1][..pair[1].find(|c: char| !c.is_ascii_digit()).unwrap_or(pair[1].len())];
            let rest = &pair[1][digits.len()..];
            let is_counted = rest.starts_with('%') || (rest.starts_with(['.', ':']) && rest.len() > 1);
            (is_code(pair[0], digits) && !is_counted).then(|| format!("{}-{digits}", pair[0].to_ascii_lowercase()))
        })
        .collect();
    pairs.into_iter()
}

/// Whether a name can be no word: a capital behind a small letter, or a digit.
fn is_unmistakable(name: &str) -> bool {
    let inner = name.as_bytes().windows(2).any(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase());
    inner || name.contains(|c: char| c.is_ascii_digit() || c == '_')
}

/// Whether somebody is greeted or gives their name: `Hi Bob`, `Kim입니다`; not `코드는 HN-5039입니다`.
fn is_person(before: &str, name: &str, after: &str) -> bool {
    let last = before.split_whitespace().next_back().unwrap_or_default();
    let greeting = last.trim_end_matches([',', '!']).to_lowercase();
    let after = after.trim_start();
    let begins = |endings: &[&str]| endings.iter().any(|ending| after.starts_with(ending));
    if matches!(greeting.as_str(), "hi" | "hello" | "hey" | "dear" | "thanks") || begins(&["님", "씨"]) {
        return true;
    }
    begins(&["입니다", "이에요", "예요"]) && !is_told_of(before, name)
}

/// Whether `…입니다` says what something is called (`코드는 HN-5039입니다`, `HN-5039입니다`), and not who is asking (`저는 kim02입니다`, `소속은
/// DevOps입니다`) or what they work on (`장비는 GPU-07입니다`).
fn is_told_of(before: &str, name: &str) -> bool {
    const SELF: [&str; 7] = ["저는", "나는", "제가", "내가", "저희는", "저희", "우리는"];
    const OWN: [&str; 14] = [
        "번호",
        "티켓",
        "담당자",
        "담당",
        "계정",
        "아이디",
        "장비",
        "이름",
        "소속",
        "부서",
        "팀",
        "서버",
        "노드",
        "사번",
    ];
    let sentence = before.rsplit(['.', '?', '!', '\n']).next().unwrap_or_default();
    let words = || sentence.split_whitespace().map(|word| word.trim_end_matches(','));
    let last = words().next_back().unwrap_or_default();
    let topic = last.strip_suffix(['은', '는', '이', '가']).filter(|_| !SELF.contains(&last));
    match topic {
        Some(topic) => !OWN.iter().any(|own| topic.ends_with(own)),
        None => {
            let is_own = words().any(|word| SELF.contains(&word) || word.starts_with("안녕하세요"));
            !is_own && name.contains(|c: char| c.is_ascii_digit())
        }
    }
}

/// Codes that are written small (`hn-4242`): letters, a hyphen, three digits at least. `worker-3` is an instance.
fn codes(question: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    question.split(move |c: char| !is_part(c)).filter(|word| {
        word.split_once('-').is_some_and(|(letters, digits)| {
            (2..=6).contains(&letters.len())
                && letters.bytes().all(|b| b.is_ascii_lowercase())
                && (3..=6).contains(&digits.len())
                && digits.bytes().all(|b| b.is_ascii_digit())
        })
    })
}

/// Whether a text lists another code of this kind, with a blank as well: `kr 900` for `kr-901`.
fn lists_like(text: &str, code: &str) -> bool {
    let Some((letters, digits)) = code.split_once('-') else { return false };
    text.match_indices(letters).any(|(at, _)| {
        let behind = text[at + letters.len()..].trim_start_matches([' ', '-', '_']);
        let between = text.len() - at - letters.len() - behind.len();
        let count = behind.bytes().take_while(u8::is_ascii_digit).count();
        between == 1
            && count == digits.len()
            && count > 2
            && !text[..at].ends_with(char::is_alphanumeric)
            && !behind[count..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '%')
    })
}

/// Whether the index lists so many codes of this kind, but not this one.
fn is_missing_code(revision: &Revision, code: &str, least: usize) -> Result<bool, IndexError> {
    if revision.text.holds(code)? {
        return Ok(false);
    }
    let Some((letters, digits)) = code.split_once('-') else { return Ok(false) };
    let like = revision.text.terms_with_prefix(&format!("{letters}-"), 64)?;
    let is_code = |term: &&String| {
        term[letters.len() + 1..].bytes().all(|b| b.is_ascii_digit()) && term.len() == letters.len() + 1 + digits.len()
    };
    Ok(like.iter().filter(is_code).count() >= least)
}

/// How a name stands in an index.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Whole,
    /// All that it is made of stands somewhere: `payment-api`, `ConsumerLagHigh`.
    InParts,
    Nowhere,
}

/// Whether a name is joined from words by capitals alone.
fn is_camel_case(name: &str) -> bool {
    !name.contains(['-', '_', '.'])
}

fn standing(revision: &Revision, analyzer: &Analyzer, name: &str) -> Result<Standing, IndexError> {
    let mut buffer = TokenBuffer::default();
    analyzer.analyze(name, &mut buffer);
    let (mut tokens, mut parts, mut parts_found) = (0, 0, 0);
    for token in buffer.iter() {
        tokens += 1;
        let stands = revision.text.holds(token.text)?;
        match token.kind {
            TokenKind::Part => {
                parts += 1;
                parts_found += usize::from(stands);
            }
            _ if stands => return Ok(Standing::Whole),
            _ => {}
        }
    }
    // `payment-api` and `ConsumerLagHigh` say what they are made of; `MySQL` is a thing of its own.
    let is_made_of_parts = parts >= 3 || name.contains(['-', '_', '.']);
    // A number tells codes apart, and stands in any index.
    let has_number = name.split(['-', '_', '.']).any(|part| part.bytes().all(|b| b.is_ascii_digit()));
    // Words that the analyser leaves out ("The", "What") are no names, however they are written.
    Ok(match tokens {
        0 => Standing::Whole,
        _ if is_made_of_parts && !has_number && parts > 0 && parts == parts_found => Standing::InParts,
        _ => Standing::Nowhere,
    })
}

/// The words of a question that are written as names: in a Korean sentence every Latin word of three letters or more;
/// elsewhere words with a capital that does not only begin the sentence, and identifiers with digits or underscores. In a
/// title, where most words have capitals, they tell nothing.
fn names(question: &str) -> impl Iterator<Item = &str> {
    let in_korean = language(question) == Some(Language::Korean);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let capitals = if is_title(question) { Capitals::OfATitle } else { Capitals::OfNames };
    let mut starts_sentence = true;
    // What stands between words is kept as a piece of its own: it tells where a sentence begins.
    question.split_inclusive(move |c: char| !is_part(c)).filter_map(move |piece| {
        let word = piece.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let first = if word.is_empty() { starts_sentence } else { std::mem::take(&mut starts_sentence) };
        let first = first || capitals == Capitals::OfATitle;
        let after = &piece[piece.rfind(word).map_or(0, |at| at + word.len())..];
        starts_sentence |= after.contains(['.', '?', '!', '\n']);
        if word.is_empty() || !is_name(word, in_korean, first) {
            return None;
        }
        let at = word.as_ptr() as usize - question.as_ptr() as usize;
        (!is_person(&question[..at], word, &question[at + word.len()..])).then_some(word)
    })
}

/// What capitals at the beginning of words say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Capitals {
    OfNames,
    OfATitle,
}

/// Whether most words that could do without a capital have one.
fn is_title(question: &str) -> bool {
    let words = || question.split_whitespace().filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
    let capital = words().filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase())).count();
    words().count() > 3 && capital * 2 > words().count()
}

fn is_name(word: &str, in_korean: bool, starts_sentence: bool) -> bool {
    // `worker-3` and `prod-1` are the asker's own: pages are about workers and clusters.
    if is_instance(word) || CALENDAR.contains(&word.to_lowercase().as_str()) {
        return false;
    }
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let inner_capital = word.as_bytes().windows(2).any(|w| w[0].is_ascii_alphanumeric() && w[1].is_ascii_uppercase());
    let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
    // `30s` and `10GB` are measures.
    let begins_with_letter = word.starts_with(|c: char| c.is_ascii_alphabetic());
    let machine = begins_with_letter && word.contains(|c: char| c.is_ascii_digit() || c == '_');
    if in_korean {
        return machine || (begins_with_letter && letters >= MIN_LETTERS);
    }
    // `I`, `A` and other single letters are words.
    machine || (letters >= 2 && begins_with_letter && (inner_capital || (capital && !starts_sentence)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_thing_are_told_from_those_of_products() {
        for (name, code, put_together) in [
            ("SEV4", Some("sev-4"), false),
            ("sev4", Some("sev-4"), false),
            ("HN-5031", Some("hn-5031"), false),
            ("TLS1.2", Some("tls1-2"), false),
            ("ErrorBudgetBurnFast", None, true),
            ("CrashLoopBackOff", None, true),
            ("GitHub", None, false),
            ("PostgreSQL", None, false),
            ("NoSchedule", None, false),
            ("K8s", None, false),
            ("hn-5031", None, false),
            ("log4j", None, false),
            ("2024", None, false),
        ] {
            assert_eq!(Code::of(name).map(|code| code.with("-")).as_deref(), code, "{name}");
            assert_eq!(is_put_together(name), put_together, "{name}");
        }
    }

    #[test]
    fn codes_may_be_written_with_a_blank() {
        let codes = |question: &str| spaced_codes(question).collect::<Vec<String>>();
        assert_eq!(codes("What is GW 2299? And ORA 600은? E 306, AL 13"), ["gw-2299", "ora-600", "e-306", "al-13"]);
        assert_eq!(codes("in Us 12 or Gw 2299 or AB c123, grade A 12, CPU 80% and RAM 12.5 at UTC 10:30"), [""; 0]);
    }

    #[test]
    fn another_code_of_its_kind_is_no_number_of_something() {
        for (text, code, expect) in [
            ("shackle kr 900 of 12 t", "kr-901", true),
            ("sv-301", "sv-303", true),
            ("kr 9000", "kr-901", false),
            ("okr 900", "kr-901", false),
            ("cpu 80% is much", "cpu-90", false),
            ("kr, 900", "kr-901", false),
            ("rto 15 minutes", "rto-30", false),
        ] {
            assert_eq!(lists_like(text, code), expect, "{text}");
        }
    }

    #[test]
    fn codes_in_small_letters_are_told_from_instances() {
        for (question, expect) in [
            ("alert hn-4242 fired, what now?", &["hn-4242"][..]),
            ("hn-4242 알림이 울렸어요", &["hn-4242"]),
            ("worker-3 of prod-1, node api-7d9f8b6c5-x2x7k, ip-10-0-0-1", &[]),
        ] {
            assert_eq!(codes(question).collect::<Vec<_>>(), expect, "{question}");
        }
    }

    #[test]
    fn names_are_told_from_words_by_how_they_are_written() {
        let cases: [(&str, &[&str]); 33] = [
            ("안녕하세요. 오류 코드는 HN-5039입니다. 어떻게 하나요?", &["HN-5039"]),
            ("제가 본 코드는 HN-5039입니다. 어떻게 하나요?", &["HN-5039"]),
            ("문제가 HN-5039입니다. 어떻게 하나요?", &["HN-5039"]),
            ("티켓 번호는 CS-9911입니다. 롤백은?", &[]),
            ("담당자는 JeongHo입니다. 롤백은?", &[]),
            ("제 계정은 kim02입니다. 롤백은?", &[]),
            ("안녕하세요 개발1팀 kim02입니다. 롤백은?", &[]),
            ("오류 코드는 HN-5039입니다. 어떻게 하나요?", &["HN-5039"]),
            ("HN-5039입니다. 어떻게 하나요?", &["HN-5039"]),
            ("우리 DB는 Oracle이에요. 백업은?", &["Oracle"]),
            ("안녕하세요 DevOps입니다. 롤백은?", &[]),
            ("저는 사번 A1023입니다. 롤백은?", &[]),
            ("JeongHo입니다. 롤백은?", &[]),
            ("user42님 롤백은?", &[]),
            ("Hi DevOps team, how do I roll back?", &[]),
            ("Hello RagOps, how do I roll back?", &[]),
            ("Hi Bob, how do I roll back?", &[]),
            ("안녕하세요 Kim입니다, 롤백은?", &[]),
            ("Can I deploy payment-api on a Saturday in May?", &[]),
            ("How Many Requests Per Minute May A Signed-In User Send?", &[]),
            ("How Long Does MongoDB Keep An Oplog Entry By Default?", &["MongoDB"]),
            ("I need access to a replica. Which role do I request? Also, for how long?", &[]),
            ("Is v1.2.3 of Envoy supported? It's Kafka we use.", &["Envoy", "Kafka"]),
            ("kubelet on worker-3 of cluster prod-1. HN-5034?", &["HN-5034"]),
            ("pg-2번 노드의 log4j 설정", &["log4j"]),
            ("ActiveMQ 큐가 가득 차서 consume이 멈췄을 때", &["ActiveMQ", "consume"]),
            ("ZX-9001 오류가 나는데 어떻게 하죠?", &["ZX-9001"]),
            ("디스크 100GB를 30s 안에 어떻게 늘려요?", &[]),
            ("Is there a runbook for the CockroachDB upgrade?", &["CockroachDB"]),
            ("What happens if the Watchdog alert goes quiet?", &["Watchdog"]),
            ("kube_pod_status and max_connections of pg-alpha", &["kube_pod_status", "max_connections"]),
            ("eBPF probe missing. what now?", &["eBPF"]),
            ("When do I see a doctor?", &[]),
        ];
        for (question, expect) in cases {
            assert_eq!(names(question).collect::<Vec<_>>(), expect, "{question}");
        }
    }
}
