//! Words that name the page which is looked for (`restore guide`, `휴가 규정`), or that something is used (`언제 쓰나요`),
//! rather than what it is about. Pages may be about just these (`style guide`), so only an index tells whether they can
//! be left out.

use std::ops::Range;

use super::asking::{whole_word, words_before, words_behind};
use super::korean;

/// English words for pages, at the end of a question or before what they are about.
const PAGES: [&str; 11] = [
    "procedure",
    "procedures",
    "guide",
    "guides",
    "guideline",
    "guidelines",
    "instructions",
    "manual",
    "tutorial",
    "howto",
    "how-to",
];

/// What may stand between those and what they are about. `manual failover` is another thing than failover.
const BEHIND_PAGES: [&str; 9] = ["for", "to", "of", "on", "about", "in", "with", "when", "please"];

/// What somebody does who looks for such a page.
const DEEDS: [&str; 2] = ["troubleshoot", "troubleshooting"];

/// Korean words for pages: behind what they are about.
const KOREAN_PAGES: [&str; 6] = ["가이드라인", "가이드", "매뉴얼", "주의사항", "규정", "지침"];

/// Korean verbs of use, behind one of [`WHEN`].
const USES: [&str; 14] = [
    "쓰나요",
    "쓰죠",
    "쓰지",
    "써요",
    "써",
    "씁니까",
    "쓰는지",
    "쓰는",
    "사용하나요",
    "사용해요",
    "사용해",
    "사용하죠",
    "사용합니까",
    "사용하는지",
];

/// Not `왜` and `어디에`: a reason and a place stand in few passages about a thing.
const WHEN: [&str; 1] = ["언제"];

/// Whether the word at `place` may name no more than the kind of page, or the use, that a question asks for.
pub(crate) fn names_page(question: &str, place: &Range<usize>) -> bool {
    let word = whole_word(question, place);
    let is_one_of = |words: &[&str]| words.iter().any(|page| word.eq_ignore_ascii_case(page));
    let is_before_subject = || {
        let next = words_behind(question, place).next().map(str::to_lowercase);
        next.is_none_or(|next| {
            let word = next.trim_matches(|c: char| !c.is_alphanumeric());
            word.is_empty() || BEHIND_PAGES.contains(&word)
        })
    };
    let is_korean_page = || {
        let ends =
            |page: &&str| word.strip_prefix(*page).is_some_and(|rest| rest.is_empty() || korean::is_particle(rest));
        KOREAN_PAGES.iter().any(ends) && words_before(question, place).next().is_some()
    };
    (is_one_of(&PAGES) && is_before_subject())
        || is_one_of(&DEEDS)
        || is_korean_page()
        || (USES.contains(&word) && words_before(question, place).next().is_some_and(|before| WHEN.contains(&before)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Analyzer, TokenBuffer};

    #[test]
    fn words_for_pages_are_told_by_where_they_stand() {
        for (question, expect) in [
            ("What is the procedure for settlement?", &["procedure"][..]),
            ("settlement procedure", &["procedure"]),
            ("Kafka Guidelines, please", &["Guidelines"]),
            ("how to troubleshoot Kafka", &["troubleshoot"]),
            ("Kafka how-to", &["how-to"]),
            ("manual failover", &[]),
            ("procedure codes of settlements", &[]),
            ("정산 규정", &["규정"]),
            ("정산 규정은 무엇인가요?", &["규정은"]),
            ("배포 주의사항 알려줘", &["주의사항"]),
            ("규정은 무엇인가요?", &[]),
            ("규정집", &[]),
            ("breakglass는 언제 쓰나요?", &["쓰나요"]),
            ("킬 스위치 언제 사용하나요?", &["사용하나요"]),
            ("카프카를 쓰나요?", &[]),
        ] {
            let mut buffer = TokenBuffer::default();
            Analyzer.analyze(question, &mut buffer);
            let places = buffer.iter().filter(|token| token.kind.is_whole_word()).map(|token| token.start..token.end);
            let told: Vec<&str> =
                places.filter(|place| names_page(question, place)).map(|place| whole_word(question, &place)).collect();
            assert_eq!(told, expect, "{question}");
        }
    }
}
