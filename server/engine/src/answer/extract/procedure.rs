//! Questions that ask how something is done, or whether it may be, and the pieces that tell it: steps and commands, rules.

use super::PieceKind;
use super::passage::is_step;

/// What a question for a permission says, in small letters. A sign in Latin letters is found at the beginning of a word.
const PERMISSION: [&str; 17] = [
    "may i",
    "may we",
    "may the",
    "can i",
    "can we",
    "can the",
    "should i",
    "should we",
    "is it ok",
    "is it allowed",
    "allowed to",
    "am i allowed",
    "도 되나",
    "도 되는",
    "도 돼",
    "도 될까",
    "도 괜찮",
];

/// What a question for a procedure says.
const HOW_TO: [&str; 20] = [
    "how do i",
    "how do we",
    "how do you",
    "how to",
    "how can i",
    "how can we",
    "how should",
    "what do i do",
    "what should i do",
    "what to do",
    "steps",
    "procedure",
    "방법",
    "절차",
    "어떻게",
    "명령어",
    "하려면",
    "순서",
    "대응",
    "조치",
];

/// What a sentence says that allows, forbids, or sets a condition, in small letters.
const RULES: [&str; 36] = [
    "may ",
    "must",
    "never",
    "not ",
    "n't",
    "only",
    "allowed",
    "forbidden",
    "prohibited",
    "permitted",
    "unless",
    "except",
    "cannot",
    "without",
    "approval",
    "금지",
    "금물",
    "안 됩",
    "안 된",
    "안됩",
    "안된",
    "수 없",
    "수 있",
    "않습니다",
    "않는다",
    "마세요",
    "마십시오",
    "말 것",
    "가능",
    "허용",
    "승인",
    "예외",
    "반드시",
    "해야",
    "제외",
    "한해",
];

/// The languages of a fence that hold what to type; a fence without one mostly does.
const SHELLS: [&str; 9] = ["", "sh", "bash", "zsh", "shell", "console", "shell-session", "powershell", "ps1"];

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// How something is done.
    HowTo,
    /// Whether something may be done: what decides may stand anywhere in its section.
    Permission,
    Fact,
}

impl Asked {
    /// What this question asks for.
    pub(super) fn by(question: &str) -> Self {
        let question = question.to_lowercase();
        let says = |sign: &str| {
            question.match_indices(sign).any(|(at, _)| {
                let starts_word = !question[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
                starts_word || !sign.is_ascii()
            })
        };
        // "How can I …" holds "can I".
        if HOW_TO.iter().any(|sign| says(sign)) {
            Self::HowTo
        } else if PERMISSION.iter().any(|sign| says(sign)) {
            Self::Permission
        } else {
            Self::Fact
        }
    }

    /// Whether a piece is of the kind that such a question is answered by: a step or a command, or a rule.
    pub(super) fn is_told_by(self, kind: PieceKind, text: &str) -> bool {
        match self {
            Self::HowTo => is_part(kind, text),
            Self::Permission => kind != PieceKind::Code && is_rule(text),
            Self::Fact => false,
        }
    }
}

/// Whether a piece allows or forbids something.
fn is_rule(text: &str) -> bool {
    let said = text.lines().last().unwrap_or(text).to_lowercase();
    RULES.iter().any(|word| said.contains(word))
}

/// Whether a heading under others is a step: `Step 2: …`, `2단계`, `2. Copy the data`. Chapters of a policy have numbers, too:
/// those that are told by their words (`1. Scope`) and the entries of an FAQ are none, and see [`is_chapter_heading`].
pub(super) fn is_step_heading(heading: &str, above: &[String]) -> bool {
    let heading = heading.trim().to_lowercase();
    let rest = heading.strip_prefix("step ").or(heading.strip_prefix("단계 "));
    let digits = heading.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_named = rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_counted = digits.len() < heading.len() && digits.trim_start().starts_with("단계");
    let is_manual = above.last().is_some_and(|above| {
        let above = above.to_lowercase();
        MANUALS.iter().any(|word| above.contains(word))
    });
    let may_count = !above.is_empty() && !is_manual && !heading.ends_with('?') && !is_chapter_heading(&heading);
    is_named || is_counted || (may_count && is_step(&heading))
}

/// What a page is called whose numbered headings are chapters, in small letters.
const MANUALS: [&str; 11] = [
    "manual",
    "handbook",
    "policy",
    "policies",
    "troubleshooting",
    "faq",
    "매뉴얼",
    "편람",
    "규정",
    "규칙",
    "문제 해결",
];

/// Whether a heading is a chapter that no procedure has: where one stands beside them, numbered headings are chapters.
pub(super) fn is_chapter_heading(heading: &str) -> bool {
    let heading = heading.to_lowercase();
    let text = heading.trim_start_matches(|c: char| !c.is_alphabetic());
    let text = text.strip_prefix("제").map_or(text, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    CHAPTERS.iter().any(|chapter| text.starts_with(chapter))
}

/// How the headings of such chapters begin, in small letters. `적용` alone is what one does with a change.
const CHAPTERS: [&str; 19] = [
    "scope",
    "introduction",
    "overview",
    "purpose",
    "background",
    "general",
    "definition",
    "glossary",
    "preface",
    "목적",
    "개요",
    "총칙",
    "정의",
    "적용 범위",
    "범위",
    "소개",
    "배경",
    "부칙",
    "용어",
];

/// Whether a piece is a part of a procedure: a step of a numbered list, or commands.
fn is_part(kind: PieceKind, text: &str) -> bool {
    match kind {
        PieceKind::Sentence => is_step(text),
        PieceKind::Code => is_shell(text),
        PieceKind::Row => false,
    }
}

fn is_shell(code: &str) -> bool {
    let fence = code.lines().next().unwrap_or_default().trim_start_matches(['`', '~']).trim().to_lowercase();
    let language = fence.split([' ', '{', ',']).next().unwrap_or_default();
    SHELLS.contains(&language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_for_procedures_permissions_and_facts_are_told_apart() {
        use Asked::{Fact, HowTo, Permission};
        for (question, expect) in [
            ("How do I restart the gateway?", HowTo),
            ("How can I restart it?", HowTo),
            ("What are the steps of a restore?", HowTo),
            ("What to do when the disk is full?", HowTo),
            ("에러 코드 503 대응 방법?", HowTo),
            ("백업에서 복구하려면?", HowTo),
            ("색인을 어떻게 하면 되나요?", HowTo),
            ("May the settlement be killed?", Permission),
            ("Can I lend my badge?", Permission),
            ("잠긴 계정을 풀어 줘도 될까요?", Permission),
            ("접종을 받아도 되나요?", Permission),
            ("How many shards are there?", Fact),
            ("How long does a restore take?", Fact),
            ("What are the footsteps for?", Fact),
            ("게이트웨이 담당자는 누구인가요?", Fact),
        ] {
            assert_eq!(Asked::by(question), expect, "{question}");
        }
    }

    #[test]
    fn rules_tell_what_may_be_done() {
        for (text, expect) in [
            ("Never lend your badge to anyone.", true),
            ("사용량이 10%를 넘으면 환불되지 않습니다.", true),
            ("| Xid | what |\n| --- | --- |\n| 48 | must be drained |", true),
            ("| only | what |\n| --- | --- |\n| 48 | blue |", false),
            ("The badge is blue.", false),
        ] {
            assert_eq!(Asked::Permission.is_told_by(PieceKind::Sentence, text), expect, "{text}");
        }
    }

    #[test]
    fn headings_that_count_are_steps() {
        for (heading, expect) in [
            ("1. Get approval", true),
            ("Step 2: back up the key", true),
            ("3단계: 확인", true),
            ("단계 3", true),
            ("나. 확인", true),
            ("2024 results", false),
            ("Stepping down", false),
            ("1.2 Overview", false),
        ] {
            let above = ["Payment".to_owned(), "Switch over".to_owned()];
            assert_eq!(is_step_heading(heading, &above), expect, "{heading}");
        }
    }

    #[test]
    fn chapters_with_numbers_are_no_steps() {
        for (heading, above, expect) in [
            ("1. Scope", "Laptop policy", false),
            ("1. Save the key", "How to rotate a key", true),
            ("1. Stop the writers", "Database migration", true),
            ("4. How do I order toner?", "FAQ", false),
            ("2. 개요", "서버 관리", false),
            ("3. 적용", "서비스 배포", true),
            ("4. Factory reset", "Coffee machine manual", false),
            ("Step 4", "Coffee machine manual", true),
            ("2. 승인", "DB 전환 절차", true),
            ("2. 목적", "취업규칙", false),
            ("Step 2", "Laptop policy", true),
        ] {
            assert_eq!(is_step_heading(heading, &[above.to_owned()]), expect, "{above}: {heading}");
        }
        assert!(!is_step_heading("1. Scope", &[]));
    }

    #[test]
    fn steps_and_commands_are_parts_of_a_procedure() {
        for (kind, text, expect) in [
            (PieceKind::Sentence, "1. Open the channel.", true),
            (PieceKind::Sentence, "The channel is open.", false),
            (PieceKind::Code, "```bash\nls\n```", true),
            (PieceKind::Code, "```\nls\n```", true),
            (PieceKind::Code, "~~~ console title=x\n$ ls\n~~~", true),
            (PieceKind::Code, "```json\n{}\n```", false),
            (PieceKind::Row, "| a |\n| --- |\n| 1. b |", false),
        ] {
            assert_eq!(is_part(kind, text), expect, "{text}");
        }
    }
}
