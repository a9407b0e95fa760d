//! The words of a question, weighed by how rare they are, and which of them some passages hold. A question of a word or two is
//! about just these: then two syllables in common are not a Korean word (ADR 0008).

use std::collections::HashSet;

use crate::index::{ChunkNumber, IndexError};
use crate::revision::Revision;
use crate::text::{Analyzer, TokenBuffer, TokenKind, korean};

use super::confidence::whole_text;
use super::words::{Word, WordKind, is_action, is_instance, question_words, rarity};

/// A question of so many words is about them more than about anything else.
const FEW_WORDS: usize = 2;

/// The words of a question with their rarity, to be looked for in passages.
pub(super) struct WeighedWords {
    words: Vec<(Word, f32)>,
    /// Whether the question is a word or two, and so about these.
    are_few: bool,
    about: About,
}

/// What a question is about beside its words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Nothing: instances and quantities in it are those of an alert.
    Words,
    /// The names of instances in it.
    Instances,
    /// Whatever is named or counted in it; there is nothing else.
    Particulars,
}

impl WeighedWords {
    pub(super) fn of(revision: &Revision, analyzer: &Analyzer, question: &str) -> Result<Self, IndexError> {
        let mut words = question_words(analyzer, question);
        let are_few = words.len() <= FEW_WORDS;
        let acts = |word: &Word| is_action(question, &word.place);
        // Beside a thing or a day (`db-replica-5 조치`) what only asks what to do is no word to be found; beside a word it may be
        // the half of a name (`contact lens`).
        let is_thing = |word: &Word| word.is_day || question[word.place.clone()].contains(|c: char| c.is_ascii_digit());
        if are_few && words.iter().all(|word| acts(word) || is_thing(word)) && words.iter().any(is_thing) {
            words.retain(|word| !acts(word));
        }
        let says_what = |word: &&Word| word.kind != WordKind::Particular && !acts(word);
        let subjects: Vec<&Word> = words.iter().filter(says_what).collect();
        let is_identifier = |word: &&Word| is_identifier(&question[word.place.clone()]);
        let about = match subjects.as_slice() {
            [] => About::Particulars,
            few if few.len() <= FEW_WORDS && !few.iter().any(is_identifier) => About::Instances,
            _ => About::Words,
        };
        let rarity_of = |word: &Word| rarity(revision, if are_few { &word.forms[..1] } else { &word.forms });
        let weighed = |word: Word| rarity_of(&word).map(|rarity| (word, rarity));
        let words = words.into_iter().map(weighed).collect::<Result<_, _>>()?;
        Ok(Self { words, are_few, about })
    }

    /// Whether the question is a word or two, and so about these words.
    pub(super) fn are_few(&self) -> bool {
        self.are_few
    }

    /// Their share, by rarity, that some passages hold: [`super::confidence::Confidence::coverage`] of those.
    pub(super) fn covered_by(
        &self,
        revision: &Revision,
        analyzer: &Analyzer,
        chunks: &[ChunkNumber],
    ) -> Result<f32, IndexError> {
        let mut present = Present::default();
        for chunk in chunks {
            present.extend(self.present_in(analyzer, &whole_text(revision, *chunk)?));
        }
        Ok(self.share(&present))
    }

    /// The words, without their rarity.
    pub(super) fn words(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().map(|(word, _)| word)
    }

    /// What of a passage these words are looked for in.
    pub(super) fn present_in(&self, analyzer: &Analyzer, text: &str) -> Present {
        if self.are_few { Present::of(analyzer, text) } else { Present::of_terms(analyzer.terms(text)) }
    }

    /// Whether a word that is not found counts against a passage.
    pub(super) fn counts(&self, word: &Word) -> bool {
        word.kind != WordKind::Particular || self.is_about(word)
    }

    /// Whether the question is about the one thing, or the day, that this word names.
    pub(super) fn is_about(&self, word: &Word) -> bool {
        match self.about {
            About::Words => false,
            About::Instances => word.is_day || (word.kind == WordKind::Particular && is_instance(&word.forms[0])),
            About::Particulars => word.is_day || word.kind == WordKind::Particular,
        }
    }

    fn is_held(&self, word: &Word, present: &Present) -> bool {
        match word.forms.first() {
            Some(whole) if self.are_few && is_hangul(whole) => present.holds_korean(whole),
            _ => word.forms.iter().any(|form| present.terms.contains(form)),
        }
    }

    /// Their share, by rarity, among some terms. A word counts once; particulars (`82`, `worker-3`) only where they are found,
    /// unless the question is about nothing else.
    pub(super) fn share(&self, present: &Present) -> f32 {
        let (mut all, mut covered) = (0.0_f32, 0.0_f32);
        for (word, rarity) in &self.words {
            let is_present = self.is_held(word, present);
            if is_present || self.counts(word) {
                all += rarity;
                covered += if is_present { *rarity } else { 0.0 };
            }
        }
        if all > 0.0 { covered / all } else { 0.0 }
    }
}

/// Whether a word is the name of a kind of thing, whatever its instances: `KubeletDown`, `OOMKilled`, `kube-proxy`.
fn is_identifier(word: &str) -> bool {
    let capitals = word.chars().filter(char::is_ascii_uppercase).count();
    word.contains(['-', '_', '.']) || (capitals >= 2 && word.len() > 2)
}

/// What stands in some passages.
#[derive(Default)]
pub(super) struct Present {
    /// All terms.
    terms: HashSet<String>,
    /// Korean words without what was taken off their ends ...
    korean: HashSet<String>,
    /// ... and with it: too much may have been taken off (`연차휴` of `연차휴가는`).
    inflected: HashSet<String>,
}

impl Present {
    fn of(analyzer: &Analyzer, text: &str) -> Self {
        let mut buffer = TokenBuffer::default();
        analyzer.analyze(text, &mut buffer);
        let mut present = Self::default();
        for token in buffer.iter() {
            if token.kind == TokenKind::Stem {
                let rest = &text[token.end..];
                let ending = &rest[..rest.find(|c| !is_syllable(c)).unwrap_or(rest.len())];
                if !ending.is_empty() {
                    present.inflected.insert([token.text, ending].concat());
                }
                present.korean.insert(token.text.to_owned());
            }
            present.terms.insert(token.text.to_owned());
        }
        present
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.terms.extend(other.terms);
        self.korean.extend(other.korean);
        self.inflected.extend(other.inflected);
    }

    fn of_terms(terms: Vec<String>) -> Self {
        Self { terms: terms.into_iter().collect(), ..Self::default() }
    }

    /// Whether a term stands there.
    pub(super) fn holds_term(&self, term: &str) -> bool {
        self.terms.contains(term)
    }

    fn holds_korean(&self, asked: &str) -> bool {
        self.korean.contains(asked)
            || self.korean.iter().any(|word| is_same_word(asked, word))
            || self.holds_parts(asked)
            || self.inflected.iter().any(|word| {
                word.split_once(asked).is_some_and(|(_, ending)| korean::is_particle(ending))
                    && asked.chars().count() > 1
            })
    }

    /// Whether a compound that is written without a blank (`안식휴가`) stands there in two words.
    fn holds_parts(&self, asked: &str) -> bool {
        let cuts = asked.char_indices().map(|(at, _)| at).skip(2);
        cuts.map(|at| asked.split_at(at)).any(|(first, second)| {
            second.chars().count() > 1 && self.korean.contains(first) && self.korean.contains(second)
        })
    }
}

fn is_hangul(word: &str) -> bool {
    word.chars().all(is_syllable)
}

fn is_syllable(c: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&c)
}

/// Whether a Korean word that is asked for stands in a word of a text: as it is, at either end of a compound (`휴가` in
/// `연차휴가`), with an ending that the analyser does not know, or, of long words, with another ending. Two common syllables
/// alone are not it: `성과급` is not in `이성과`, `지하철` not in `유지하지`, and `정해인` is not `정해져`.
fn is_same_word(asked: &str, word: &str) -> bool {
    let (length, of_word) = (asked.chars().count(), word.chars().count());
    if length < 2 || of_word < 2 {
        return false;
    }
    if word.starts_with(asked) || word.ends_with(asked) || (length > 2 && word.contains(asked)) {
        return true;
    }
    if let Some(ending) = asked.strip_prefix(word) {
        return is_ending(ending);
    }
    let common = asked.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
    length > 4 && of_word > 4 && common > 3
}

/// Whether this may stand behind a noun without making another one of it.
fn is_ending(text: &str) -> bool {
    const OF_VERBS: [char; 15] =
        ['하', '한', '할', '함', '합', '해', '했', '되', '된', '될', '됨', '됩', '돼', '됐', '시'];
    const OTHERS: [&str; 5] = ["님", "씨", "요", "들", "측"];
    text.starts_with(OF_VERBS) || OTHERS.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_korean_word_is_held_by_itself_its_compounds_and_its_endings_and_not_by_two_syllables() {
        let check = |asked: &str, text: &str, expect: bool| {
            assert_eq!(Present::of(&Analyzer, text).holds_korean(asked), expect, "{asked}: {text}");
        };
        for (asked, text) in [
            ("성과급", "인간은 이성과 양심을 부여받았다"),
            ("지하철", "상태를 유지하지 않는다"),
            ("자동차", "쿠폰은 자동 지급됩니다"),
            ("정해인", "순서는 정해져 있다"),
            ("조정석", "팀별 예산 조정"),
            ("이지은", "이지 모드로 연다"),
            ("소방서", "소방 훈련"),
            ("이성민", "이성과 양심"),
            ("프로젝터", "프로젝트를 만든다"),
            ("스테이크", "스테이징 서버"),
        ] {
            check(asked, text, false);
        }
        for (asked, text) in [
            ("성과급", "성과급은 3월에 지급한다"),
            ("휴가", "연차휴가는 15일이다"),
            ("소화반", "소화반장은 박서준이다"),
            ("최은영", "최은영입니다"),
            ("롤백하려", "바로 롤백한다"),
            ("김철수님", "김철수 팀장"),
            ("비상연락망", "비상연락처를 붙인다"),
            ("안식휴가", "안식 휴가는 25일이다"),
        ] {
            check(asked, text, true);
        }
    }
}
