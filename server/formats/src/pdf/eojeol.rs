//! What the syllables at the end and the beginning of a Korean word (eojeol) tell: whether it is whole, and whether the line
//! before it goes on.

/// Endings that are written to the word before them, whatever that is.
pub(super) const PARTICLES: &[&str] = &[
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "와",
    "과",
    "도",
    "로",
    "으로",
    "에서",
    "에게",
    "까지",
    "부터",
    "만",
    "보다",
    "처럼",
    "이나",
    "이며",
    "이고",
    "이다",
    "입니다",
    "한다",
    "합니다",
];

/// How what is written to a noun begins: verbs made of it, and particles of several syllables.
const BOUND_STARTS: &[&str] = &[
    "하는",
    "하여",
    "하고",
    "하며",
    "하면",
    "하기",
    "하였",
    "했",
    "한다",
    "합니다",
    "되는",
    "되어",
    "되고",
    "되며",
    "되면",
    "되었",
    "됐",
    "됩니다",
    "습니다",
    "입니다",
    "이므로",
    "이며",
    "으로",
    "에서",
    "에게",
    "에는",
    "에도",
    "들은",
    "들이",
    "들을",
    "들의",
    "적인",
    "적으로",
];

/// Syllables that are words. Any other that stands alone at the end or the beginning of a line is the piece of one.
const WORDS_OF_ONE: &str = "및수등것때더안못그이각두세네몇첫매전후중또즉곳할될볼된한잘꼭새옛큰긴먼";

/// More of them, that others often stand before.
const LATER_WORDS_OF_ONE: &str = "뒤앞위끝밖옆날말건명개원번회팀층";

/// Whether a word is a verb's rest or particles, which follow a noun without a blank: `설치` and `하는`.
pub(super) fn is_bound(word: &str) -> bool {
    PARTICLES.contains(&word) || BOUND_STARTS.iter().any(|start| word.starts_with(start))
}

/// Whether a verb may follow a word as a word of its own: `일을 하는`, `있어야 한다`.
pub(super) fn takes_verb(word: &str) -> bool {
    word.chars().count() >= 2 && word.ends_with(|c| "을를은는야게지도록자".contains(c))
}

/// Whether the last word of a line is but a syllable of one.
pub(super) fn is_first_piece(word: &str) -> bool {
    single(word).is_some_and(|one| !WORDS_OF_ONE.contains(one))
}

/// Whether the first word of a line is but a syllable of one.
pub(super) fn is_last_piece(word: &str) -> bool {
    single(word).is_some_and(|one| !WORDS_OF_ONE.contains(one) && !LATER_WORDS_OF_ONE.contains(one))
}

fn single(word: &str) -> Option<char> {
    let mut syllables = word.chars();
    let first = syllables.next()?;
    (syllables.next().is_none() && is_hangul(first)).then_some(first)
}

/// Syllables that end a word more often than they stand inside of one.
pub(super) fn ends_in_particle(word: &str) -> bool {
    word.ends_with(|c| "는을를은의에고로며서".contains(c))
}

/// Whether a word of Hangul ends as words with a particle or an ending do.
pub(super) fn ends_word(word: &str) -> bool {
    const ENDS: &str = "의은는을를이가에로와과고서며한할된될인";
    word.chars().count() >= 2 && word.ends_with(|c| ENDS.contains(c))
}

/// Whether a line that ends with this word goes on in the next one. Fewer endings tell that than tell a whole word: titles
/// and labels end with `승인`, `보고`, `평가`, `결과`, too.
pub(super) fn goes_on_after(word: &str) -> bool {
    const NOUNS: &[&str] = &["회의", "주의", "유의", "합의", "동의", "문의", "도로", "경로", "진로", "통로"];
    let is_open = word.ends_with(|c| "은는을를의에로며".contains(c))
        || ["에서", "에게", "하고", "되고", "하여", "되어", "위해", "위한", "대한", "또는", "및"]
            .iter()
            .any(|end| word.ends_with(end));
    (word.chars().count() >= 2 || word == "및") && is_open && !NOUNS.iter().any(|noun| word.ends_with(noun))
}

/// A word without the particle at its end.
pub(super) fn stem(word: &str) -> &str {
    let longest = PARTICLES.iter().filter(|particle| word.ends_with(**particle)).max_by_key(|particle| particle.len());
    let stem = longest.map_or(word, |particle| &word[..word.len() - particle.len()]);
    if stem.is_empty() { word } else { stem }
}

/// Hangul syllables and letters.
pub(super) fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on_after_a_particle_and_not_after_a_noun() {
        for word in ["비용을", "센터는", "창고의", "부산에서", "확인하고", "및"] {
            assert!(goes_on_after(word), "{word}");
        }
        for word in ["14대", "필요", "염정아", "승인", "보고", "평가", "결과", "회의", "은", "끝났다"]
        {
            assert!(!goes_on_after(word), "{word}");
        }
    }

    #[test]
    fn a_syllable_alone_is_a_piece_unless_it_is_a_word() {
        assert!(is_first_piece("돌") && is_first_piece("끝") && is_last_piece("야"));
        assert!(!is_last_piece("끝") && !is_last_piece("수"));
        for word in ["및", "수", "돌입", "a", ""] {
            assert!(!is_first_piece(word), "{word}");
        }
    }

    #[test]
    fn what_is_written_to_a_noun_is_bound() {
        assert!(is_bound("하는") && is_bound("되었다") && is_bound("으로만") && is_bound("에서"));
        assert!(!is_bound("교체일") && !is_bound("서버를"));
    }

    #[test]
    fn a_stem_is_left_without_its_particle() {
        assert_eq!((stem("감염병으로"), stem("서버"), stem("은")), ("감염병", "서버", "은"));
    }
}
