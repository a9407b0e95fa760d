//! Whether bytes can be in the encoding that they are declared to be in. Programs write `iso-8859-1` over whatever they have: it
//! takes any bytes, and makes `ÇÏ°è` of `하계` and `Ïåðåçàïóñòèòå` of `Перезапустите`. What is declared rightly must not be taken
//! for anything else, so the two must differ in more than what is likely: in where letters stand.

use encoding_rs::{EUC_KR, Encoding, SHIFT_JIS, WINDOWS_1252};

use super::guess::{Certainty, ENOUGH_LETTERS, Guess, guess, is_latin};
use super::likelihood::{frequent_syllables, pairs};

/// Fewest different usual syllables that are believed against Latin letters, and where letters of ASCII stand beside some, as in
/// `wartość`, whose `ść` is a syllable, too.
const FEWEST_SYLLABLES: usize = 2;
const FEWEST_BESIDE_LETTERS: usize = 3;
/// The same against other alphabets, of which two letters are often a character: a sentence or two.
const PLAIN_SYLLABLES: usize = 12;
/// Fewest characters of two bytes that are believed against Latin letters: a few words.
const FEWEST_WIDE: usize = 6;
/// Signs between letters that no text in Windows-1252 has: `by³o` is `było`.
const FEWEST_SIGNS: usize = 2;

/// The encoding of bytes that are not in the one that they are declared to be in; `None` where they may be.
pub fn contradicted(declared: &'static Encoding, bytes: &[u8]) -> Option<&'static Encoding> {
    if declared == EUC_KR || bytes.is_ascii() {
        return None;
    }
    let is_korean = if is_latin(declared) { is_korean_rather(bytes) } else { is_plainly_korean(bytes) };
    if is_korean && is_valid(EUC_KR, bytes) {
        return Some(EUC_KR);
    }
    if declared == WINDOWS_1252 { other_than_western(bytes) } else { None }
}

/// Whether a label stands for an encoding that programs declare without looking: it takes any bytes.
pub(crate) fn is_western(label: &str) -> bool {
    super::labelled(label) == Some(WINDOWS_1252)
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

/// Against Latin letters Korean is believed where its letters stand in pairs and mostly before none of ASCII, as the `ÇÃ` of
/// `ATENÇÃO` does; behind one they stand in any text on computers: `VPN은 IT팀에서`.
fn is_korean_rather(bytes: &[u8]) -> bool {
    let Runs { all, odd, before_letters, behind_letters } = Runs::of(bytes);
    let (frequent, different) = frequent_syllables(bytes);
    let least = if before_letters + behind_letters == 0 { FEWEST_SYLLABLES } else { FEWEST_BESIDE_LETTERS };
    frequent >= least && frequent * 2 >= different && odd * 10 <= all && before_letters * 3 <= all
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
}

impl Runs {
    fn of(bytes: &[u8]) -> Self {
        let mut runs = Self::default();
        let mut before = None;
        for run in bytes.chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
            let (first, last) = (run[0], run[run.len() - 1]);
            if first.is_ascii() {
                runs.before_letters += usize::from(runs.all > 0 && first.is_ascii_alphabetic());
            } else {
                runs.all += 1;
                runs.odd += run.len() % 2;
                runs.behind_letters += usize::from(before.is_some_and(|byte: u8| byte.is_ascii_alphabetic()));
            }
            before = Some(last);
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
    let is_told = match () {
        // Told by its kana, whose bytes are quotes and currencies in Windows-1252.
        () if encoding == SHIFT_JIS => true,
        () if is_latin(encoding) => signs_in_words(bytes) >= FEWEST_SIGNS,
        () => has_words_of_its_own(&text),
    };
    is_told.then_some(encoding)
}

/// How many bytes that are signs in Windows-1252, and letters in the encodings of Central Europe, stand between letters.
fn signs_in_words(bytes: &[u8]) -> usize {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0xC0;
    let is_sign = |byte: u8| matches!(byte, 0xB1 | 0xB3 | 0xB6 | 0xB9 | 0xBC | 0xBE | 0xBF);
    bytes.windows(3).filter(|three| is_letter(three[0]) && is_sign(three[1]) && is_letter(three[2])).count()
}

/// Whether most letters beyond ASCII stand together and beside none of ASCII, as they do in another alphabet: the accented
/// ones of a Western text stand alone within its words.
fn has_words_of_its_own(text: &str) -> bool {
    let is_foreign = |c: char| {
        !c.is_ascii() && !matches!(c, '\u{80}'..='\u{BF}' | '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{303F}')
    };
    let is_wide = |c: char| c >= '\u{2E80}';
    let (mut all, mut wide, mut together) = (0, 0, 0);
    let letters: Vec<char> = text.chars().collect();
    let mut before = None;
    let mut rest = letters.chunk_by(|a, b| is_foreign(*a) == is_foreign(*b)).peekable();
    while let Some(run) = rest.next() {
        if is_foreign(run[0]) {
            let wide_here = run.iter().filter(|c| is_wide(**c)).count();
            let least = if wide_here == run.len() { 2 } else { 3 };
            let after = rest.peek().map(|next| next[0]);
            let is_alone = ![before, after].iter().flatten().any(char::is_ascii_alphabetic);
            all += run.len();
            wide += wide_here;
            together += if run.len() >= least && is_alone { run.len() } else { 0 };
        }
        before = run.last().copied();
    }
    let least = if wide * 2 > all { FEWEST_WIDE } else { ENOUGH_LETTERS };
    all >= least && together * 3 >= all * 2
}
