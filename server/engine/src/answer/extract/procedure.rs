//! Questions that ask how something is done, or whether it may be, and the pieces that tell it: steps and commands.

use super::PieceKind;
use super::passage::is_step;

/// What a question for a procedure or a permission says, in small letters. A sign in Latin letters is found at the beginning of a word.
const SIGNS: [&str; 35] = [
    "may i",
    "may we",
    "may the",
    "can i",
    "can we",
    "can the",
    "should i",
    "should we",
    "is it ok",
    "am i allowed",
    "해도 되",
    "해도 돼",
    "도 될까",
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
    "어떻게 하",
    "어떻게 해",
    "어떻게 대응",
    "어떻게 조치",
    "어떻게 복구",
    "명령어",
    "하려면",
    "순서",
];

/// The languages of a fence that hold what to type; a fence without one mostly does.
const SHELLS: [&str; 9] = ["", "sh", "bash", "zsh", "shell", "console", "shell-session", "powershell", "ps1"];

/// Whether a question asks for a procedure, or whether one is allowed, rather than for a fact: what decides may stand
/// anywhere in its section.
pub(super) fn asks_how_to(question: &str) -> bool {
    let question = question.to_lowercase();
    SIGNS.iter().any(|sign| {
        question.match_indices(sign).any(|(at, _)| {
            let starts_word = !question[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            starts_word || !sign.is_ascii()
        })
    })
}

/// Whether a piece is a part of a procedure: a step of a numbered list, or commands.
pub(super) fn is_part(kind: PieceKind, text: &str) -> bool {
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
    fn questions_for_a_procedure_are_told_from_questions_for_a_fact() {
        for (question, expect) in [
            ("How do I restart the gateway?", true),
            ("What are the steps of a restore?", true),
            ("What to do when the disk is full?", true),
            ("에러 코드 503 대응 방법?", true),
            ("백업에서 복구하려면?", true),
            ("색인을 어떻게 하면 되나요?", true),
            ("May the settlement be killed?", true),
            ("잠긴 계정을 풀어 줘도 될까요?", true),
            ("How many shards are there?", false),
            ("How long does a restore take?", false),
            ("What are the footsteps for?", false),
            ("게이트웨이 담당자는 누구인가요?", false),
        ] {
            assert_eq!(asks_how_to(question), expect, "{question}");
        }
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
