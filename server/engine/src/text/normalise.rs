//! The two normal forms: NFC for what is stored and shown, NFKC in lower case for what is compared.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The storage form, NFC. Borrows what is in that form already.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_composed) || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

/// Whether a character is its own NFC wherever it stands, told without a table: nearly all there are.
fn is_composed(c: char) -> bool {
    matches!(c, ..'\u{300}' | '\u{2010}'..='\u{2027}' | '\u{4e00}'..='\u{9fff}' | '가'..='힣')
}

/// A question as the lists of words that ask are written: in NFC, as macOS has no names of files in, and with the apostrophe
/// of a typewriter (`Who’s` of telephones). Borrows what is in that form already.
pub fn question_form(text: &str) -> Cow<'_, str> {
    let text = nfc(text);
    if text.contains(is_apostrophe) { Cow::Owned(text.replace(is_apostrophe, "'")) } else { text }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\u{2019}' | '\u{2bc}')
}

/// The matching form: NFKC, lower case, composed again (lower case can decompose: `İ`).
pub fn matching_form(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    let mut form = String::with_capacity(text.len());
    push_matching_form(text, &mut form);
    Cow::Owned(form)
}

/// Appends the matching form of `text` to `out`; the buffer-reusing way for the analyser.
pub(crate) fn push_matching_form(text: &str, out: &mut String) {
    if text.is_ascii() {
        let from = out.len();
        out.push_str(text);
        out[from..].make_ascii_lowercase();
    } else if text.chars().all(|c| c.is_ascii() || is_plain_hangul(c)) {
        out.extend(text.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        out.extend(text.nfkc().flat_map(char::to_lowercase).nfkc());
    }
}

/// A precomposed syllable: its own NFKC form, and without case.
fn is_plain_hangul(c: char) -> bool {
    ('\u{AC00}'..='\u{D7A3}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_composed_and_have_plain_apostrophes() {
        for (typed, expect) in [("Who\u{2019}s there", "Who's there"), ("\u{1107}\u{1162}", "배"), ("배 'x'", "배 'x'")]
        {
            assert_eq!(question_form(typed), expect);
        }
    }
    use proptest::prelude::*;

    #[test]
    fn forms_are_as_expected() {
        let check = |input: &str, stored: &str, matched: &str| {
            assert_eq!(nfc(input), stored, "{input}");
            assert_eq!(matching_form(input), matched, "{input}");
        };
        check("Kafka 503", "Kafka 503", "kafka 503");
        check("\u{1112}\u{1161}\u{11AB}글", "한글", "한글");
        check("５０３ ＥＲＲ", "５０３ ＥＲＲ", "503 err");
        check("Straße", "Straße", "straße");
        check("e\u{301}tcd", "étcd", "étcd");
        check("㎏", "㎏", "kg");
    }

    proptest! {
        /// What is told without tables is what they say.
        #[test]
        fn short_ways_lead_to_the_same_forms(text in "[ -~가-힣\u{80}-\u{2ff}\u{2010}-\u{2027}\u{4e00}-\u{9fff}\u{1100}-\u{11ff}\u{300}-\u{303}]{0,12}") {
            let stored: String = text.nfc().collect();
            prop_assert_eq!(nfc(&text), stored);
            let matched: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
            prop_assert_eq!(matching_form(&text), matched);
        }

        #[test]
        fn both_forms_are_stable(text in "\\PC{0,40}") {
            let matched = matching_form(&text).into_owned();
            prop_assert_eq!(matching_form(&matched), matched.as_str());
            let stored = nfc(&text).into_owned();
            prop_assert_eq!(nfc(&stored), stored.as_str());
        }
    }
}
