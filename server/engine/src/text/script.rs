//! Character classes by script, and the language of a text by its share of each.

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
    let (mut hangul, mut latin, mut other) = (0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        match script(c) {
            Script::Hangul => hangul += 1,
            Script::Letter if c < '\u{250}' => latin += 1,
            Script::Letter | Script::Ideograph => other += 1,
            Script::Digit | Script::Mark | Script::None => {}
        }
    }
    match (hangul, latin, other) {
        (0, 0, 0) => None,
        _ if hangul * 4 >= latin && hangul >= other => Some(Language::Korean),
        _ if latin >= other => Some(Language::English),
        _ => Some(Language::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
