//! Words that only ask, in Korean and English: no passage has to hold them, and a short question is not searched for them.

use std::ops::Range;

use super::korean;
use super::{Analyzer, TokenBuffer};

/// How Korean words begin that only make a question of a sentence (`누구에게`, `어떻게`): no passage has to hold them. The
/// analyser keeps them, since passages may be about them. Nouns that begin like
/// them are rare; where a common one does, only whole words are listed below.
const INTERROGATIVES: &[&str] = &[
    "누구",
    "누굴",
    "무엇",
    "무슨",
    "무얼",
    "뭡니",
    "어떻",
    "어떤",
    "어때",
    "어떡",
    "어디",
    "어느",
    "언제",
    "얼마",
    "얼만",
    "며칠",
    "알려주",
    "알려줘",
    "알려줄",
    "가르쳐",
    "가르치",
    "보여주",
    "보여줘",
    "보여줄",
    "찾아주",
    "찾아줘",
    "찾아줄",
    "말해주",
    "말해줘",
    "설명해",
    "대해서",
    "관해서",
    "관련해",
    "싶어",
    "싶은",
    "싶습",
    "궁금",
    "되나요",
    "되는지",
    "걸리는",
    "얘기해",
    "이야기해",
    "문의드",
    "여쭤",
];

/// The same as whole words, because nouns begin with them: `인가` is authorization, `왜곡` distortion.
const INTERROGATIVE_WORDS: &[&str] = &[
    "누가",
    "뭐",
    "뭐가",
    "뭐를",
    "뭐예요",
    "뭐에요",
    "뭐야",
    "뭐죠",
    "뭐지",
    "뭐라고",
    "뭘",
    "뭘까요",
    "뭔",
    "뭔가요",
    "뭔지",
    "몇",
    "왜",
    "왜요",
    "왜죠",
    "알려",
    "되나",
    "되죠",
    "돼",
    "돼요",
    "돼나요",
    "하나요",
    "하죠",
    "해야",
    "해야죠",
    "인가요",
    "있나",
    "있나요",
    "있어",
    "있어요",
    "있죠",
    "있는지",
    "있습니까",
    "대해",
    "대하여",
    "대한",
    "관해",
    "관하여",
    "관한",
    "뜻",
    "뜻이",
    "뜻인가요",
    "뜻이에요",
    "뜻이죠",
    "뜻이야",
    "보여",
    "찾아",
    "찾고",
    "알고",
    "설명",
    "말해",
    "주실",
    "걸리나요",
    "걸리죠",
    "걸려",
    "걸려요",
    "좀",
    "줘",
    "주세요",
    "주실래요",
    "봐줘",
    "봐줘요",
    "봐주세요",
    "봐주실래요",
    "봐",
    "말하는",
    "건가요",
    "거예요",
    "거죠",
    "건지",
    "가능한가요",
    "가능해요",
    "가능합니까",
    "가능할까요",
    "가능한지",
    "필요한가요",
    "필요해요",
    "필요합니까",
];

/// How words begin that are only polite (`감사` is an audit as well).
const POLITE: &[&str] =
    &["안녕하", "죄송", "실례", "고맙", "고마워", "감사합니다", "감사해", "부탁드", "부탁해", "수고하", "반갑", "혹시"];

/// The same in English, as whole words.
const POLITE_WORDS: &[&str] = &["hello", "hi", "hey", "please", "thanks", "thank", "sorry", "excuse", "help"];

/// English words that only ask, as whole words: "How much is a mug?", "What does dmesg mean?".
const ASKING_WORDS: &[&str] = &[
    "much",
    "many",
    "mean",
    "means",
    "meaning",
    "tell",
    "explain",
    "describe",
    "know",
    "about",
    "find",
    "show",
    "give",
    "need",
    "want",
    "looking",
    "wondering",
    "am",
    "like",
    "let",
    "learn",
    "define",
    "definition",
    "summarize",
];

/// The same behind "who" or "which team".
const ROLES: &[&str] = &[
    "handles",
    "owns",
    "manages",
    "maintains",
    "runs",
    "leads",
    "responsible",
    "charge",
    "contact",
    "owner",
    "owners",
    "deals",
];

/// What may stand between those and "who".
const BEFORE_ROLES: &[&str] =
    &["is", "are", "was", "be", "would", "should", "do", "i", "in", "the", "a", "person", "currently", "primarily"];

/// Of these, what says nothing of the subject either.
const ADVERBS: &[&str] = &["currently", "primarily"];

/// Korean verbs that ask who does something, where `누가` or `누구` stands before them. They are whole words: `책임보험` and `맡김`
/// begin as some of them do.
const ROLE_VERBS: &[&str] = &[
    "맡고",
    "맡나요",
    "맡아요",
    "맡습니까",
    "맡죠",
    "관리하나요",
    "관리해요",
    "관리합니까",
    "관리하죠",
    "담당하나요",
    "담당해요",
    "담당합니까",
    "담당하죠",
    "담당인가요",
    "담당이에요",
    "담당이죠",
    "담당이야",
    "담당입니까",
    "책임지나요",
    "책임져요",
    "물어봐야",
    "물어보나요",
    "물어보죠",
];

/// Who is asked for behind `담당`, which only asks there: `환불 담당 팀은 어디인가요?`, `환불 담당팀은 어디인가요?`.
const GROUPS: &[&str] = &["팀은", "팀이", "팀", "부서는", "부서가", "부서", "사람은", "사람이"];

/// Whether the word at `place` only makes a question of a sentence, or is only polite.
pub(crate) fn only_asks(question: &str, place: &Range<usize>) -> bool {
    let word = whole_word(question, place);
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| word.starts_with(beginning));
    let is_one_of = |words: &[&str]| words.iter().any(|asking| word.eq_ignore_ascii_case(asking));
    let follows_who = || asks_who(words_before(question, place));
    INTERROGATIVE_WORDS.contains(&word)
        || begins(INTERROGATIVES)
        || begins(POLITE)
        || korean::is_light_verb(word)
        || is_one_of(POLITE_WORDS)
        || is_one_of(ASKING_WORDS)
        || ((is_one_of(ROLES) || is_one_of(ADVERBS)) && follows_who())
        || takes_care(question, place)
        || (word.eq_ignore_ascii_case("team") && is_team_asked_for(question, place))
        || (ROLE_VERBS.contains(&word) && is_role_asked_for(question, place))
        || is_group_asked_for(question, place)
}

/// Whether these words, last first, end in "who" or "which team" and what may stand between that and a role.
fn asks_who<'q>(before: impl Iterator<Item = &'q str>) -> bool {
    let before = before.map(str::to_lowercase);
    let mut before = before.skip_while(|word| BEFORE_ROLES.contains(&word.as_str()));
    match before.next().as_deref() {
        Some("who" | "who's" | "whom") => true,
        Some("team") => before.next().is_some_and(|word| word == "which" || word == "what"),
        _ => false,
    }
}

/// Whether the word is one of "Who takes care of refunds?".
fn takes_care(question: &str, place: &Range<usize>) -> bool {
    let takes = |word: &str| word.eq_ignore_ascii_case("takes");
    let mut before = words_before(question, place);
    match whole_word(question, place) {
        word if takes(word) => words_behind(question, place).next() == Some("care") && asks_who(before),
        "care" => before.next().is_some_and(takes) && asks_who(before),
        _ => false,
    }
}

/// Whether a verb asks whose something is: `누가` or `어느 팀` stands before it, and what is asked about.
fn is_role_asked_for(question: &str, place: &Range<usize>) -> bool {
    let is_who = |word: &str| word.starts_with("누") || word == "어느";
    let is_subject = |word: &str| !is_who(word) && !is_group(word);
    words_before(question, place).any(is_who) && words_before(question, place).any(is_subject)
}

/// Whether a word is `팀이` or its like, with any particle.
fn is_group(word: &str) -> bool {
    ["팀", "부서"]
        .iter()
        .any(|group| word.strip_prefix(group).is_some_and(|rest| korean::is_particle(rest) || rest.is_empty()))
}

pub(super) fn words_before<'q>(question: &'q str, place: &Range<usize>) -> impl Iterator<Item = &'q str> + Clone {
    question[..place.start].split_whitespace().rev()
}

/// The words behind the one at `place`, without what ends a question.
pub(super) fn words_behind<'q>(question: &'q str, place: &Range<usize>) -> impl Iterator<Item = &'q str> {
    let end = place.start + whole_word(question, place).len();
    question[end..].split_whitespace().map(|word| word.trim_end_matches(['?', '.', '!', '？']))
}

/// Whether the word stands between "which" or "what" and what a team does: "What team colours are used?" asks for none.
fn is_team_asked_for(question: &str, place: &Range<usize>) -> bool {
    let is_which = |word: &str| word.eq_ignore_ascii_case("which") || word.eq_ignore_ascii_case("what");
    let does = |word: &str| word == "is" || word == "currently" || ROLES.contains(&word);
    words_before(question, place).next().is_some_and(is_which) && words_behind(question, place).next().is_some_and(does)
}

/// Whether the word is one of `담당 팀은 어디인가요`, behind what that team is responsible for.
fn is_group_asked_for(question: &str, place: &Range<usize>) -> bool {
    let asks = |word: &str| word.starts_with("어디인") || word.starts_with("어디예") || word.starts_with("누구");
    let mut behind = words_behind(question, place);
    let mut before = words_before(question, place);
    match whole_word(question, place) {
        "담당" => {
            let is_group = behind.next().is_some_and(|word| GROUPS.contains(&word));
            is_group && behind.next().is_some_and(asks) && before.next().is_some()
        }
        word if is_group(word) && before.clone().next() == Some("어느") => {
            before.nth(1).is_some() && behind.next().is_some_and(|word| ROLE_VERBS.contains(&word))
        }
        word if GROUPS.contains(&word) => {
            behind.next().is_some_and(asks) && before.next() == Some("담당") && before.next().is_some()
        }
        word => {
            let group = word.strip_prefix("담당");
            let is_person = |rest: &str| rest.starts_with('자') || GROUPS.contains(&rest);
            group.is_some_and(is_person) && behind.next().is_some_and(asks) && before.next().is_some()
        }
    }
}

/// The word at `place` with the particle or ending that was taken off it.
pub(crate) fn whole_word<'q>(question: &'q str, place: &Range<usize>) -> &'q str {
    let rest = &question[place.end..];
    let ending = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    &question[place.start..place.end + ending]
}

/// A question of so many words is about them more than about anything else.
pub(crate) const FEW_WORDS: usize = 2;

/// What a question of a word or two is about, without what only asks and the words at `aside`; `None` for longer ones, and where
/// nothing is left or left out. `mask explain` leads to a passage that explains, rather than to the one with the mask.
pub(crate) fn subject_of_few(question: &str, aside: &[Range<usize>]) -> Option<String> {
    let mut buffer = TokenBuffer::default();
    Analyzer.analyze(question, &mut buffer);
    let (mut subject, mut asks, mut end) = (Vec::new(), false, 0);
    for token in buffer.iter().filter(|token| token.kind.is_whole_word()) {
        let place = token.start..token.end;
        if only_asks(question, &place) || aside.contains(&place) {
            asks = true;
        } else if token.start >= end {
            let word = whole_word(question, &place);
            end = token.start + word.len();
            subject.push(word);
        }
    }
    (asks && (1..=FEW_WORDS).contains(&subject.len())).then(|| subject.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_question_is_searched_for_what_it_is_about() {
        for (question, expect) in [
            ("마스킹은 어떻게 되나요?", Some("마스킹은")),
            ("배포 누가 해요?", Some("배포")),
            ("백업 가능한가요?", Some("백업")),
            ("Explain contexts", Some("contexts")),
            ("I am looking for coredns", Some("coredns")),
            ("Who handles refunds?", Some("refunds")),
            ("Who is responsible for refunds?", Some("refunds")),
            ("Who is in charge of backups?", Some("backups")),
            ("Which team is responsible for refunds?", Some("refunds")),
            ("What team owns refunds?", Some("refunds")),
            ("Who do I contact about refunds?", Some("refunds")),
            ("환불은 누가 맡고 있나요?", Some("환불은")),
            ("환불 담당 팀은 어디인가요?", Some("환불")),
            ("환불 담당팀은 어디인가요?", Some("환불")),
            ("환불 담당자는 누구인가요?", Some("환불")),
            ("환불은 어느 팀이 담당하나요?", Some("환불은")),
            ("환불은 어느 부서 담당인가요?", Some("환불은")),
            ("환불은 누구 담당이에요?", Some("환불은")),
            ("Who should I contact about refunds?", Some("refunds")),
            ("Who currently owns refunds?", Some("refunds")),
            ("Who takes care of refunds?", Some("refunds")),
            ("환불은 누가 관리하나요?", Some("환불은")),
            ("What does kube-proxy mean?", Some("kube-proxy")),
            // The same words where nobody is asked for.
            ("Explain team charge", Some("team charge")),
            ("담당 책임 알려줘", Some("담당 책임")),
            ("책임 한도는 어디까지인가요?", Some("책임 한도는")),
            ("책임보험은 어디에 있나요?", Some("책임보험은")),
            ("담당자는 누구인가요?", Some("담당자는")),
            ("팀에 누가 있나요?", Some("팀에")),
            ("담당 팀은 어디인가요?", Some("담당 팀은")),
            ("담당팀은 어디인가요?", Some("담당팀은")),
            ("어느 팀이 담당하나요?", Some("팀이 담당하나요")),
            ("누구 담당이에요?", Some("담당이에요")),
            ("Who takes notes?", None),
            ("What team colours are used?", None),
            ("Who can talk to customers?", None),
            // Nothing that asks, nothing else, or more than two words.
            ("kube-proxy", None),
            ("file handles", None),
            ("뭐예요?", None),
            ("접근 권한 신청은 어떻게 해요?", None),
        ] {
            assert_eq!(subject_of_few(question, &[]).as_deref(), expect, "{question}");
        }
    }

    #[test]
    fn nouns_that_look_like_verbs_are_no_questions() {
        for word in ["인가", "인지", "해지", "하자", "되감기", "한도"] {
            assert!(!only_asks(word, &(0..word.len())), "{word}");
        }
    }
}
