//! Character classes by script, and the language of a text by its share of each.

use super::sentences::{SegmentKind, segments};
use crate::document::Language;

/// What the analyser tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Digits of any script.
    Digit,
    /// Hangul syllables and jamo.
    Hangul,
    /// Han, Hiragana, Katakana: written without spaces.
    Ideograph,
    /// Every other letter (Latin, Greek, Cyrillic, ...).
    Letter,
    /// Combining marks: belong to whatever stands before them.
    Mark,
    /// Not part of a word.
    None,
}

/// The script of one character.
pub(crate) fn script(c: char) -> Script {
    if c.is_ascii() {
        return if c.is_ascii_alphabetic() {
            Script::Letter
        } else if c.is_ascii_digit() {
            Script::Digit
        } else {
            Script::None
        };
    }
    match c {
        '\u{AC00}'..='\u{D7A3}'
        | '\u{1100}'..='\u{11FF}'
        | '\u{3131}'..='\u{318E}'
        | '\u{A960}'..='\u{A97C}'
        | '\u{D7B0}'..='\u{D7FB}'
        | '\u{FFA0}'..='\u{FFDC}' => Script::Hangul,
        '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30A1}'..='\u{30FA}'
        | '\u{30FC}'..='\u{30FE}'
        | '\u{FF66}'..='\u{FF9D}'
        | '\u{20000}'..='\u{3134F}' => Script::Ideograph,
        _ if unicode_normalization::char::is_combining_mark(c) => Script::Mark,
        _ if c.is_alphabetic() => Script::Letter,
        _ if c.is_numeric() => Script::Digit,
        _ => Script::None,
    }
}

/// The language a text is mostly written in; `None` when it has no letters. One pass, no allocation.
///
/// A Hangul syllable says about as much as three Latin letters, and Korean manuals are full of English terms and
/// commands, so a quarter as many syllables as Latin letters already makes a text Korean.
pub fn language(text: &str) -> Option<Language> {
    Letters::of(text).language()
}

/// The language of a passage's prose: code is written in no language. `None` where there are fewer than
/// [`MIN_PROSE_LETTERS`] letters of it; the page around it tells more.
///
/// Five commands under a Korean heading once counted as an English passage: they were lifted as if the model were
/// biased against them, and stood first for Korean questions that they had nothing to do with.
pub fn prose_language(passage: &str) -> Option<Language> {
    let mut letters = Letters::default();
    for segment in segments(passage).into_iter().filter(|segment| segment.kind != SegmentKind::Code) {
        letters.count(&passage[segment.range]);
    }
    if letters.hangul + letters.latin + letters.other < MIN_PROSE_LETTERS { None } else { letters.language() }
}

/// Fewer letters are a heading or a file name.
const MIN_PROSE_LETTERS: usize = 24;

/// Letters of a text by script.
#[derive(Default)]
struct Letters {
    hangul: usize,
    latin: usize,
    other: usize,
}

impl Letters {
    fn of(text: &str) -> Self {
        let mut letters = Self::default();
        letters.count(text);
        letters
    }

    fn count(&mut self, text: &str) {
        for c in text.chars() {
            match script(c) {
                Script::Hangul => self.hangul += 1,
                Script::Letter if c < '\u{250}' => self.latin += 1,
                Script::Letter | Script::Ideograph => self.other += 1,
                Script::Digit | Script::Mark | Script::None => {}
            }
        }
    }

    fn language(&self) -> Option<Language> {
        match (self.hangul, self.latin, self.other) {
            (0, 0, 0) => None,
            (hangul, latin, other) if hangul * 4 >= latin && hangul >= other => Some(Language::Korean),
            (_, latin, other) if latin >= other => Some(Language::English),
            _ => Some(Language::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_do_not_make_a_korean_passage_english() {
        let command = "hnctl logs search 'service:order-api AND duration_ms:>2000' --since 1h --top 20\n";
        let commands = format!("```shell\n{}```", command.repeat(5));
        let korean = format!(
            "### 느린 요청 상위 20개\n\n느린 요청을 다음 명령으로 찾아서 확인한 뒤 담당 팀에 알립니다.\n\n{commands}"
        );
        assert_eq!((language(&korean), prose_language(&korean)), (Some(Language::English), Some(Language::Korean)));
        assert_eq!(prose_language(&format!("### 상위 20개\n\n{commands}")), None);
        assert_eq!(prose_language("The broker is down; restart it now."), Some(Language::English));
    }

    #[test]
    fn language_follows_the_letters() {
        let check = |text: &str, expect| assert_eq!(language(text), expect, "{text}");
        check("", None);
        check("503 --- 42", None);
        check("The broker is down.", Some(Language::English));
        check("브로커가 내려갔다.", Some(Language::Korean));
        check("kubectl get pods 명령으로 파드를 확인한다", Some(Language::Korean));
        check("Set the name field (이름) of every Deployment in the cluster", Some(Language::English));
        check("Перезапустите брокер", Some(Language::Other));
        check("再起動してください", Some(Language::Other));
    }
}
