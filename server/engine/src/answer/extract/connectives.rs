//! Sentences that cannot be quoted alone: those that point back to the one before, and those that take something of it
//! back.

/// How a sentence begins that speaks of what the one before said.
const GOING_ON: [&str; 34] = [
    "this ",
    "that ",
    "these ",
    "those ",
    "it ",
    "its ",
    "they ",
    "their ",
    "he ",
    "she ",
    "such ",
    "then ",
    "so ",
    "also ",
    "therefore",
    "otherwise",
    "instead",
    "if so",
    "if not",
    "in that case",
    "in this case",
    "for example",
    "이것",
    "이는 ",
    "이 경우",
    "이때",
    "그 ",
    "그것",
    "그러면",
    "따라서",
    "또한",
    "그렇지 않으면",
    "이렇게",
    "이 값",
];

/// How a sentence begins that limits what the one before said.
const TAKING_BACK: [&str; 26] = [
    "but ",
    "however",
    "only ",
    "except",
    "unless",
    "never ",
    "do not",
    "don't",
    "must not",
    "not for",
    "no ",
    "though",
    "although",
    "yet ",
    "still,",
    "다만",
    "단,",
    "단 ",
    "하지만",
    "그러나",
    "그런데",
    "예외",
    "절대",
    "반드시",
    "주의",
    "그렇지만",
];

/// Whether a sentence goes on from the one before it in its paragraph.
pub(super) fn goes_on(sentence: &str) -> bool {
    begins_with(sentence, &GOING_ON) || takes_back(sentence)
}

/// Whether a sentence limits the one before it.
pub(super) fn takes_back(sentence: &str) -> bool {
    begins_with(sentence, &TAKING_BACK)
}

/// Whether a paragraph says the opposite of what stands before it.
pub(super) fn contrasts(paragraph: &str) -> bool {
    begins_with(paragraph, &["but ", "however", "instead", "하지만", "그러나", "반면", "반대로", "대신", "다만"])
}

fn begins_with(sentence: &str, beginnings: &[&str]) -> bool {
    let bare = sentence.trim_start_matches(|c: char| !c.is_alphanumeric());
    let letters = bare.chars().map(|c| if c.is_alphanumeric() || matches!(c, ',' | '\'') { c } else { ' ' });
    let start: String = letters.filter(|c| *c != '*').take(24).collect::<String>().to_lowercase();
    beginnings.iter().any(|beginning| start.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_that_need_another_are_known_by_their_beginning() {
        for (sentence, on, back) in [
            ("This takes an hour.", true, false),
            ("It is safe.", true, false),
            ("However, the settlement stays.", true, true),
            ("**Never restart**  all shards.", true, true),
            ("다만 정산은 그대로 둡니다.", true, true),
            ("이 경우 30분을 기다립니다.", true, false),
            ("The settlement runs at night.", false, false),
            ("Itemised bills follow.", false, false),
            ("이름은 소문자입니다.", false, false),
        ] {
            assert_eq!((goes_on(sentence), takes_back(sentence)), (on, back), "{sentence}");
        }
    }
}
