//! Whether bytes can be in the encoding that they are declared to be in. Programs write `iso-8859-1` over whatever they have: it
//! takes any bytes, and makes `ÇÏ°è` of `하계` and `Ïåðåçàïóñòèòå` of `Перезапустите`. What is declared rightly must not be taken
//! for anything else, so the two must differ in more than what is likely: in where letters stand.

use std::collections::HashSet;

use encoding_rs::{EUC_KR, Encoding, ISO_8859_2, ISO_8859_15, WINDOWS_1250, WINDOWS_1252};

use super::guess::{Certainty, Guess, guess, is_latin};
use super::likelihood::{frequent_syllables, pairs, syllables};
use super::signs::without_signs;

/// Fewest different usual syllables that are believed against Latin letters, and where letters of ASCII stand beside some, as in
/// `wartość`, whose `ść` is a syllable, too.
const FEWEST_SYLLABLES: usize = 2;
const FEWEST_BESIDE_LETTERS: usize = 3;
/// Fewest syllables of a word before a letter of ASCII, half of them usual, and of one that stands alone, all usual: accents do
/// not stand so.
const FEWEST_OF_WORD: usize = 2;
const PLAIN_WORD: usize = 3;
/// Fewest usual ones against other alphabets, of which two letters are often a character: a sentence or two.
const PLAIN_SYLLABLES: usize = 12;
/// Fewest letters of another alphabet that are believed against Latin ones, and in how many different words: lists of accented
/// letters have fewer.
const FEWEST_LETTERS: usize = 30;
const FEWEST_WORDS: usize = 5;
/// Fewest characters of two bytes, or of letters that have no blanks between words: a sentence.
const FEWEST_WIDE: usize = 20;
/// Fewest different characters of words of their own: a drawn line has one or two.
const FEWEST_DIFFERENT: usize = 6;
/// Fewest kinds of signs between letters that no text in Windows-1252 has.
const FEWEST_KINDS: usize = 2;

/// Encodings that programs declare without looking: they take any bytes.
const WESTERN: [&Encoding; 2] = [WINDOWS_1252, ISO_8859_15];

/// The encoding of bytes that are not in the one that they are declared to be in; `None` where they may be.
pub fn contradicted(declared: &'static Encoding, bytes: &[u8]) -> Option<&'static Encoding> {
    if declared == EUC_KR || bytes.is_ascii() {
        return None;
    }
    let is_korean = if is_latin(declared) { is_korean_rather(bytes) } else { is_plainly_korean(bytes) };
    if is_korean && is_valid(EUC_KR, bytes) {
        return Some(EUC_KR);
    }
    if WESTERN.contains(&declared) { other_than_western(bytes) } else { None }
}

/// Whether a label stands for an encoding that programs declare without looking.
pub(crate) fn is_western(label: &str) -> bool {
    super::labelled(label).is_some_and(|encoding| WESTERN.contains(&encoding))
}

/// Whether bytes are Korean if what stands beside them is: a name of a few syllables tells nothing alone.
pub(crate) fn is_korean_beside(bytes: &[u8]) -> bool {
    let (mut all, mut syllables) = (0, 0);
    for pair in pairs(bytes) {
        all += 1;
        syllables += usize::from(matches!(pair, [0xB0..=0xC8, 0xA1..=0xFE]));
    }
    syllables > 0 && syllables == all && is_valid(EUC_KR, bytes)
}

fn is_valid(encoding: &'static Encoding, bytes: &[u8]) -> bool {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some()
}

/// Against Latin letters Korean is believed where its letters stand in pairs and hardly one alone before a letter of ASCII, as the `ÇÃ`
/// of `ATENÇÃO` does; behind one they stand in any text on computers, and words do before one: `VPN은 IT팀에서`, `회의실B`. So does
/// a syllable (`팀A`) beside a word of its own (`안녕하세요`).
fn is_korean_rather(bytes: &[u8]) -> bool {
    let Runs { all, odd, before_letters, behind_letters, has_word } = Runs::of(bytes);
    let (frequent, different) = frequent_syllables(bytes);
    let least = if before_letters + behind_letters == 0 { FEWEST_SYLLABLES } else { FEWEST_BESIDE_LETTERS };
    frequent >= least && frequent * 2 >= different && odd * 10 <= all && (before_letters * 3 <= all || has_word)
}

fn is_plainly_korean(bytes: &[u8]) -> bool {
    let (frequent, different) = frequent_syllables(bytes);
    frequent >= PLAIN_SYLLABLES && frequent * 5 >= different * 4
}

/// Runs of bytes beyond ASCII.
#[derive(Default)]
struct Runs {
    all: usize,
    odd: usize,
    before_letters: usize,
    behind_letters: usize,
    /// Whether one is a word of usual syllables that stands beside no letter.
    has_word: bool,
}

impl Runs {
    fn of(bytes: &[u8]) -> Self {
        let mut runs = Self::default();
        let parts: Vec<&[u8]> = bytes.chunk_by(|a, b| a.is_ascii() == b.is_ascii()).collect();
        for (at, run) in parts.iter().enumerate().filter(|(_, run)| !run[0].is_ascii()) {
            let before = at.checked_sub(1).and_then(|at| parts[at].last());
            let is_behind_letter = before.is_some_and(u8::is_ascii_alphabetic);
            let is_before_letter = parts.get(at + 1).is_some_and(|next| next[0].is_ascii_alphabetic());
            let (all, usual) = syllables(run).unwrap_or_default();
            runs.all += 1;
            runs.odd += run.len() % 2;
            runs.behind_letters += usize::from(is_behind_letter);
            runs.before_letters += usize::from(is_before_letter && (all < FEWEST_OF_WORD || usual * 2 < all));
            runs.has_word |= all >= PLAIN_WORD && usual == all && !is_before_letter && !is_behind_letter;
        }
        runs
    }
}

/// The encoding of bytes that cannot be Windows-1252, where they tell it.
fn other_than_western(bytes: &[u8]) -> Option<&'static Encoding> {
    let Guess { encoding, certainty } = guess(bytes);
    if certainty == Certainty::Weak || encoding == WINDOWS_1252 {
        return None;
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let is_told = match encoding {
        encoding if [WINDOWS_1250, ISO_8859_2].contains(&encoding) => is_polish(bytes),
        encoding => !is_latin(encoding) && has_words_of_its_own(&text),
    };
    is_told.then_some(encoding)
}

/// Whether bytes that are signs in Windows-1252 and letters in Polish stand between letters, of more than one kind, beside other
/// letters of Polish only: `by³o` is `było`. One kind may be an apostrophe that another program spoilt (`don¿t`), and where no
/// other letter of Polish stands, two (`mean±SD` and `patient¹s`).
fn is_polish(bytes: &[u8]) -> bool {
    const SIGNS: &[u8] = b"\xB1\xB3\xB6\xB9\xBC\xBF";
    const LETTERS: &[u8] = b"\x8C\x8F\x9C\x9F\xA1\xA3\xA5\xA6\xAC\xAF\xC6\xCA\xD1\xD3\xE6\xEA\xF1\xF3";
    let is_of_polish = |byte: &u8| SIGNS.contains(byte) || LETTERS.contains(byte);
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || is_of_polish(&byte);
    let between =
        bytes.windows(3).filter(|three| is_letter(three[0]) && SIGNS.contains(&three[1]) && is_letter(three[2]));
    let kinds: HashSet<u8> = between.map(|three| three[1]).collect();
    let fewest = if bytes.iter().any(|byte| LETTERS.contains(byte)) { FEWEST_KINDS } else { FEWEST_KINDS + 1 };
    kinds.len() >= fewest && without_signs(bytes).iter().filter(|byte| !byte.is_ascii()).all(is_of_polish)
}

/// Whether most letters beyond ASCII stand together and beside none of ASCII, as they do in another alphabet: the accented
/// ones of a Western text stand alone within its words. Rows of one sign, as lines are drawn with, count as one.
fn has_words_of_its_own(text: &str) -> bool {
    let is_sign = |c: char| matches!(c, '\u{80}'..='\u{BF}' | '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{303F}');
    let is_foreign = |c: char| !c.is_ascii() && !is_sign(c);
    let mut letters: Vec<char> = text.chars().collect();
    letters.dedup();
    let (mut all, mut wide, mut runs, mut touching, mut spaced) = (0, 0, 0, 0, 0);
    let (mut together, mut words, mut longest) = (Vec::new(), HashSet::new(), 0);
    let parts: Vec<&[char]> = letters.chunk_by(|a, b| is_foreign(*a) == is_foreign(*b)).collect();
    for (at, run) in parts.iter().enumerate().filter(|(_, run)| is_foreign(run[0])) {
        let run: &[char] = run;
        let before = at.checked_sub(1).and_then(|at| parts[at].last());
        let after = parts.get(at + 1).map(|next| &next[0]);
        let is_beside_letter = [before, after].iter().flatten().any(|c| c.is_ascii_alphabetic());
        let wide_here = run.iter().filter(|c| **c >= '\u{2E80}').count();
        runs += 1;
        all += run.len();
        wide += wide_here;
        touching += usize::from(is_beside_letter);
        spaced += usize::from(parts.get(at + 1).is_some_and(|next| **next == [' ']) && at + 2 < parts.len());
        if run.len() >= if wide_here == run.len() { 2 } else { 3 } && !is_beside_letter {
            together.extend_from_slice(run);
            words.insert(run);
            longest = longest.max(run.len());
        }
    }
    let different = together.iter().collect::<HashSet<_>>().len();
    // Chinese and Japanese have no blanks between words: with them it is two letters of another alphabet each. They stand beside
    // Latin words as they do beside their own; those of other alphabets hardly ever.
    let is_told = if wide * 2 > all {
        all >= FEWEST_WIDE && spaced * 3 <= runs && touching * 3 <= runs
    } else {
        // The letters of words come again and again; those of a chart each stand there once.
        let is_chart = different * 5 > together.len() * 4;
        all >= FEWEST_LETTERS
            && (words.len() >= FEWEST_WORDS || longest >= FEWEST_WIDE)
            && touching * 12 <= runs
            && !is_chart
    };
    is_told && different >= FEWEST_DIFFERENT && together.len() * 3 >= all * 2
}
