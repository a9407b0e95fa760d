//! The words of a question, weighed by how rare they are, and which of them some passages hold. A question of a word or two is
//! about just these: then two syllables in common are not a Korean word (ADR 0008).

use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};

use crate::index::{ChunkNumber, IndexError};
use crate::retrieve::subject::only_name_page;
use crate::revision::Revision;
use crate::text::asking::{FEW_WORDS, whole_word};
use crate::text::{Analyzer, TokenBuffer, TokenKind, korean};

use super::designations;
use super::words::{Word, WordKind, is_action, is_instance, question_words, rarity};

/// So many words that are no sentence are looked for together: `휴가 취소`, `redis-cart 예약`, and three if none is a code: `명함 주문
/// 방법`, but not `HN-5034 pops up again`.
const KEY_WORDS: RangeInclusive<usize> = 2..=3;

/// So many passages are looked at for a word that stands nowhere else.
const MAX_HOLDING: usize = 32;

/// The words of a question with their rarity, to be looked for in passages.
pub(super) struct WeighedWords {
    words: Vec<(Word, f32)>,
    /// Each word with what was taken off its end.
    whole: Vec<String>,
    /// Whether the question is a word or two, and so about these.
    are_few: bool,
    /// Whether a word that only names the page which is looked for was left out.
    look_for_page: bool,
    /// Whether these are key words in no sentence.
    are_key_words: bool,
    about: About,
}

/// How the key words of a question stand in the best passages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWords {
    /// One passage holds all.
    Together,
    /// None does.
    Scattered,
    /// None does, and what a Korean question is about stands nowhere in the index.
    NoSubject,
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
        let pages = only_name_page(revision, question)?;
        words.retain(|word| !pages.contains(&word.place));
        let look_for_page = !pages.is_empty();
        let are_few = words.len() <= FEW_WORDS;
        let has_code = || words.iter().any(|word| is_code(&question[word.place.clone()]));
        let are_key_words = KEY_WORDS.contains(&words.len()) && (are_few || !has_code()) && !is_sentence(question);
        let acts = |word: &Word| is_action(question, &word.place);
        // Beside a thing or a day (`db-replica-5 조치`) what only asks what to do is no word to be found; beside a word it may be
        // the half of a name (`contact lens`).
        let is_thing = |word: &Word| word.is_day || question[word.place.clone()].contains(|c: char| c.is_ascii_digit());
        if are_few && words.iter().all(|word| acts(word) || is_thing(word)) && words.iter().any(is_thing) {
            words.retain(|word| !acts(word));
        }
        if are_few {
            words
                .iter_mut()
                .filter(|word| names_one(question, word))
                .for_each(|word| word.kind = WordKind::Designation);
        }
        let says_what = |word: &&Word| word.kind != WordKind::Particular && !acts(word);
        let subjects: Vec<&Word> = words.iter().filter(says_what).collect();
        let is_identifier = |word: &&Word| is_identifier(&question[word.place.clone()]);
        let about = match subjects.as_slice() {
            [] => About::Particulars,
            few if few.len() <= FEW_WORDS && !few.iter().any(is_identifier) => About::Instances,
            _ => About::Words,
        };
        let whole = words.iter().map(|word| whole_word(question, &word.place).to_owned()).collect();
        let rarity_of = |word: &Word| rarity(revision, if are_few { &word.forms[..1] } else { &word.forms });
        let weighed = |word: Word| rarity_of(&word).map(|rarity| (word, rarity));
        let words = words.into_iter().map(weighed).collect::<Result<_, _>>()?;
        Ok(Self { words, whole, are_few, look_for_page, are_key_words, about })
    }

    /// Whether the question is a word or two, and so about these words.
    pub(super) fn are_few(&self) -> bool {
        self.are_few
    }

    /// Whether the question looks for a page (`coupon guide`) on these words.
    pub(super) fn look_for_page(&self) -> bool {
        self.look_for_page
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
            present.extend(self.present_in(analyzer, &revision.passages.whole_text(*chunk)?));
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

    /// How key words, in no sentence, stand in the best passages; `None` for other questions. What a Korean one is about comes
    /// first (`명함 주문 방법`).
    pub(super) fn key_words(
        &self,
        revision: &Revision,
        analyzer: &Analyzer,
        best: &[String],
    ) -> Result<Option<KeyWords>, IndexError> {
        if !self.are_key_words {
            return Ok(None);
        }
        let passages: Vec<Present> = best.iter().map(|text| Present::of(analyzer, text)).collect();
        let holds = |at: usize, present: &Present| self.is_word(&self.words[at].0, &self.whole[at], present);
        if passages.iter().any(|present| (0..self.words.len()).all(|at| holds(at, present))) {
            return Ok(Some(KeyWords::Together));
        }
        let subject = self.words[0].0.forms[0].as_str();
        // Of two words that stand nowhere together, one that is missing counts as half.
        if self.are_few || !is_hangul(subject) || passages.iter().any(|present| holds(0, present)) {
            return Ok(Some(KeyWords::Scattered));
        }
        // Two syllables stand in many words: only a passage tells.
        for chunk in revision.text.holding_all(&[subject], MAX_HOLDING)? {
            if holds(0, &Present::of(analyzer, &revision.passages.whole_text(chunk)?)) {
                return Ok(Some(KeyWords::Scattered));
            }
        }
        Ok(Some(KeyWords::NoSubject))
    }

    fn is_held(&self, word: &Word, whole: &str, present: &Present) -> bool {
        if self.are_few {
            self.is_word(word, whole, present)
        } else {
            word.forms.iter().any(|form| present.holds_term(form))
        }
    }

    /// Whether a word is held as such: two syllables in common are not a Korean word.
    fn is_word(&self, word: &Word, whole: &str, present: &Present) -> bool {
        match word.forms.first() {
            Some(stem) if is_hangul(stem) => present.holds_korean(stem, whole),
            _ => word.forms.iter().any(|form| present.holds_term(form)),
        }
    }

    /// Their share, by rarity, among some terms. A word counts once; particulars (`82`, `worker-3`) only where they are found,
    /// unless the question is about nothing else.
    pub(super) fn share(&self, present: &Present) -> f32 {
        let (mut all, mut covered) = (0.0_f32, 0.0_f32);
        for ((word, rarity), whole) in self.words.iter().zip(&self.whole) {
            let is_present = self.is_held(word, whole, present);
            if is_present || self.counts(word) {
                all += rarity;
                covered += if is_present { *rarity } else { 0.0 };
            }
        }
        if all > 0.0 { covered / all } else { 0.0 }
    }
}

/// Whether a word of a question of one or two is a number by which the other is known.
fn names_one(question: &str, word: &Word) -> bool {
    let Range { start, end } = word.place;
    let number = &question[start..end];
    !word.is_day
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && designations::names_one(&question[..start], number, &question[end..])
}

/// Whether key words are part of a sentence: it asks with a word of its own, or ends in a question mark behind more than the key words.
fn is_sentence(question: &str) -> bool {
    #[rustfmt::skip]
    const ASKING: [&str; 23] = [
        "how", "what", "who", "whose", "whom", "when", "where", "which", "why", "is", "are", "was", "were", "do", "does", "did",
        "can", "could", "may", "must", "should", "will", "has",
    ];
    const ASKING_IN_KOREAN: [&str; 13] =
        ["누가", "누구", "언제", "어디", "어느", "어떤", "어떻", "어떡", "왜", "얼마", "몇", "무엇", "무슨"];
    let asks = |word: &str| {
        ASKING.iter().any(|asking| word.eq_ignore_ascii_case(asking))
            || ASKING_IN_KOREAN.iter().any(|asking| word.starts_with(asking))
    };
    let ends_asking = question.contains(['?', '？']) && question.split_whitespace().count() > *KEY_WORDS.end();
    ends_asking || question.split(|c: char| !c.is_alphanumeric()).any(asks)
}

/// Whether a word is one that people do not say but copy.
fn is_code(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
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
    /// Two or three Korean words that follow each other, without the blanks between them, and how long the last is in bytes.
    beside: HashSet<(String, usize)>,
}

impl Present {
    fn of(analyzer: &Analyzer, text: &str) -> Self {
        let mut buffer = TokenBuffer::default();
        analyzer.analyze(text, &mut buffer);
        let mut present = Self { beside: beside(text), ..Self::default() };
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
        self.beside.extend(other.beside);
    }

    fn of_terms(terms: Vec<String>) -> Self {
        Self { terms: terms.into_iter().collect(), ..Self::default() }
    }

    /// Whether a term stands there.
    pub(super) fn holds_term(&self, term: &str) -> bool {
        self.terms.contains(term)
    }

    /// Whether a Korean word stands there, of which the analyser took something off `whole`.
    fn holds_korean(&self, stem: &str, whole: &str) -> bool {
        self.korean.contains(stem)
            || self.korean.iter().any(|word| is_same_word(stem, word))
            || self.beside.iter().any(|(words, last)| is_written_apart(whole, words, *last))
            || self.inflected.iter().any(|word| {
                word.split_once(stem).is_some_and(|(_, ending)| korean::is_particle(ending)) && stem.chars().count() > 1
            })
    }
}

/// The Korean words of a text that follow each other with no more than a blank between, by two and by three, joined, and how
/// long the last of them is in bytes.
fn beside(text: &str) -> HashSet<(String, usize)> {
    let runs: Vec<(usize, &str)> = text
        .split(|c| !is_syllable(c))
        .filter(|run| !run.is_empty())
        .map(|run| (run.as_ptr() as usize - text.as_ptr() as usize, run))
        .collect();
    let mut joined = HashSet::new();
    for at in 0..runs.len() {
        let (start, first) = runs[at];
        let (mut together, mut end) = (first.to_owned(), start + first.len());
        for (start, run) in runs[at + 1..].iter().take(2) {
            if text[end..*start] != *" " {
                break;
            }
            together.push_str(run);
            joined.insert((together.clone(), run.len()));
            end = start + run.len();
        }
    }
    joined
}

/// Whether a compound that is written without blanks (`안식휴가는`) is words that stand beside each other (`안식 휴가를`): all of
/// these but for what is said at the end of a noun.
fn is_written_apart(asked: &str, words: &str, last: usize) -> bool {
    let common = asked.chars().zip(words.chars()).take_while(|(a, b)| a == b);
    let common: usize = common.map(|(c, _)| c.len_utf8()).sum();
    let is_end = |rest: &str| rest.is_empty() || korean::is_particle(rest) || is_ending(rest);
    // One syllable at least of the last word.
    let first = words.len() - last;
    asked[..common]
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .rev()
        .take_while(|end| *end > first)
        .any(|end| is_end(&asked[end..]) && is_end(&words[end..]))
}

fn is_hangul(word: &str) -> bool {
    word.chars().all(is_syllable)
}

fn is_syllable(c: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&c)
}

/// Whether a Korean word that is asked for stands in a word of a text: as it is, at either end of a compound (`휴가` in
/// `연차휴가`), or, in either, with the ending of a verb that the analyser does not know. Common syllables alone are not it:
/// `성과급` is not in `이성과`, `지하철` not in `유지하지`, and `주민등록등본` is not `주민등록번호`.
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
    let rest = |word: &str| -> String { word.chars().skip(common).collect() };
    common > 2 && is_of_verb(&rest(asked)) && is_of_verb(&rest(word))
}

/// Whether this is the ending of a verb that is made from a noun: `하려면`, `됐는데`. Nouns begin alike: `할인`, `한도`, `해지`,
/// `시스템`.
fn is_of_verb(ending: &str) -> bool {
    const WHOLE: [&str; 12] = ["하", "한", "할", "해", "되", "된", "될", "됨", "돼", "시", "했", "됐"];
    #[rustfmt::skip]
    const BEGINNINGS: [&str; 100] = [
        "하려", "하는", "하면", "하고", "하기", "하지", "하며", "하여", "하나", "하세", "하십", "하게", "하니", "하도록", "하던", "하실",
        "하라", "하겠", "하시", "하신", "하였", "하거", "하든", "하더", "하죠", "하네", "하길", "하자마", "하래", "하느", "하다", "하면서",
        "할까", "할때", "할수", "할지", "할게", "할거", "할려", "할래", "할경우", "합니", "합시", "해서", "해야", "해요", "해도", "해주",
        "해줘", "해줄", "해줍", "해달", "해보", "해봐", "해버", "했", "한다", "한지", "한데", "한거", "한건", "한후", "한뒤", "한다면",
        "되는", "되면", "되고", "되나", "되어", "되지", "되었", "되니", "되려", "되도", "되겠", "되거", "되며", "된다", "된지", "된거", "될까",
        "될때", "될지", "될수", "됩니", "돼", "됐", "시키", "하셨", "하셔",
        "하러", "하랬", "해놨", "해놓", "해봤", "해뒀", "해둔", "되던", "되셨", "하십니",
    ];
    const CAUSED: [&str; 4] = ["시켜", "시킬", "시킨", "시켰"];
    WHOLE.contains(&ending) || BEGINNINGS.iter().chain(&CAUSED).any(|beginning| ending.starts_with(beginning))
}

/// Whether this may stand behind a noun without making another one of it.
fn is_ending(text: &str) -> bool {
    const OTHERS: [&str; 5] = ["님", "씨", "요", "들", "측"];
    is_of_verb(text) || OTHERS.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_asks_with_a_word_or_a_mark() {
        for (question, expect) in [
            ("명함 주문 방법", false),
            ("명함 주문 방법?", false),
            ("명함 주문 방법 알려줘", false),
            ("Tell me about business card orders", false),
            ("장애 공지는 누가 쓰나요", true),
            ("명함 주문은 어떻게 하나요", true),
            ("회의실 예약 시간이 되나요?", true),
            ("회의실 예약 시간은 몇 시", true),
            ("how long are logs kept", true),
            ("logs, and how long", true),
            ("우리 회의실 예약 시간은요?", true),
        ] {
            assert_eq!(is_sentence(question), expect, "{question}");
        }
    }

    #[test]
    fn a_korean_word_is_held_by_itself_its_compounds_and_its_endings_and_not_by_two_syllables() {
        // As a question has it: the analyser takes off its end what looks like a particle.
        let check = |asked: &str, text: &str, expect: bool| {
            let words = question_words(&Analyzer, asked);
            let [word, ..] = words.as_slice() else { panic!("{asked}: no word") };
            let held = Present::of(&Analyzer, text).holds_korean(&word.forms[0], whole_word(asked, &word.place));
            assert_eq!(held, expect, "{asked}: {text}");
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
            ("비상연락망", "비상연락처를 붙인다"),
            ("주민등록등본", "주민등록번호는 내지 않는다"),
            ("마이크로소프트", "마이크로서비스로 나눈다"),
            ("근로계약기간", "근로계약서는 두 부를 만든다"),
            // Halves that do not stand beside each other.
            ("자동차보험", "자동차 유류비는 월 5만원, 보험은 따로 든다"),
            ("휴가안식", "안식 휴가는 25일이다"),
            // Nouns that begin like the endings of verbs.
            ("쿠폰할인", "쿠폰은 앱에서 쓴다"),
            ("카페시설", "카페는 1층이다"),
            ("출입증해지", "출입증은 총무팀이 낸다"),
            ("로그인시스템", "로그인이 안 되면"),
            ("안식휴가한도", "안식 휴가는 25일이다"),
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
            ("배포중지하려면", "배포중지할 때는 알린다"),
            ("복구됐는데", "복구 절차"),
            ("복구하셨나요", "복구 절차"),
            ("복구시켜", "복구 절차"),
            ("롤백하겠습니다", "롤백 방법"),
            ("배포할지", "배포 절차"),
            ("복구되니까", "복구 절차"),
            ("복구하는", "복구 절차"),
            ("로그인시에는", "로그인 화면"),
            ("안식휴가", "안식 휴가는 25일이다"),
            ("안식휴가는", "안식 휴가를 부여한다"),
            ("연차휴가가", "남은 연차 휴가."),
            ("온도문의는", "# 시설\n온도 문의\n내선"),
            ("개인정보보호는", "개인 정보 보호 담당자"),
        ] {
            check(asked, text, true);
        }
    }
}
