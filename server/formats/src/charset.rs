//! The text of bytes whose charset is not declared, or declared wrongly: Korean programs write CP949 without saying so, and
//! spreadsheets write the code page of their machine.

mod escaped;
mod guess;
mod label;
mod likelihood;
mod signs;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8};

pub use escaped::escaped;
pub use guess::{Certainty, Guess, guess};
pub use label::labelled;

use super::{Problem, ProblemKind};

/// A text and, where its encoding was guessed, what it was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) guess: Option<Guess>,
}

/// The text of some bytes: by their byte order mark, as UTF-8 where they are, in the charset that they are declared to be in if
/// they can be, else in the one that they seem to be in. `None` for bytes that are no text.
pub(crate) fn decode(bytes: &[u8], declared: Option<&str>) -> Option<String> {
    decode_told(bytes, declared).map(|decoded| decoded.text)
}

/// The same, with what was guessed.
pub(crate) fn decode_told(bytes: &[u8], declared: Option<&str>) -> Option<Decoded> {
    let known = |text: String| Some(Decoded { text, guess: None });
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return known(encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned());
    }
    if bytes.contains(&0) {
        return None;
    }
    if let Some((text, _)) = escaped(bytes) {
        return known(text);
    }
    if std::str::from_utf8(bytes).is_ok() || is_damaged_utf8(bytes) {
        return known(String::from_utf8_lossy(bytes).into_owned());
    }
    let declared = declared.and_then(labelled);
    let declared = declared.filter(|encoding| ![REPLACEMENT, UTF_8].contains(encoding));
    let strictly = |encoding: &'static Encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
    };
    if let Some(text) = declared.and_then(strictly) {
        return known(text);
    }
    let guess = guess(bytes);
    match (strictly(guess.encoding), declared) {
        (Some(text), _) => Some(Decoded { text, guess: Some(guess) }),
        (None, Some(declared)) => known(declared.decode_without_bom_handling(bytes).0.into_owned()),
        (None, None) => {
            let text = guess.encoding.decode_without_bom_handling(bytes).0.into_owned();
            Some(Decoded { text, guess: Some(guess) })
        }
    }
}

/// What to say of a guess: nothing where enough speaks for it.
pub(crate) fn weak_guess(guess: Option<Guess>) -> Option<Problem> {
    let weak = guess.filter(|guess| guess.certainty == Certainty::Weak)?;
    let encoding = weak.encoding.name();
    let detail = format!("it does not say its encoding and has little to tell it by; it was read as {encoding}");
    Some(Problem::new(ProblemKind::GuessedEncoding, detail))
}

/// Whether bytes are UTF-8 with a few bad ones, rather than another encoding: at least ten valid sequences for each bad one.
pub fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut valid, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    bad > 0 && valid >= bad * 10
}

#[cfg(test)]
mod tests {
    use encoding_rs::EUC_KR;

    use super::*;

    #[test]
    fn bytes_are_read_as_what_they_can_be() {
        let cp949 = EUC_KR.encode("똠방각하 노드").0.into_owned();
        for (bytes, declared, expect) in [
            ("노드".as_bytes(), Some("euc-kr"), Some("노드")),
            (&cp949, None, Some("똠방각하 노드")),
            (&cp949, Some("utf-8"), Some("똠방각하 노드")),
            (&cp949, Some("ks_c_5601-1987"), Some("똠방각하 노드")),
            (&cp949, Some("X-Windows-949"), Some("똠방각하 노드")),
            (&cp949, Some("MS949"), Some("똠방각하 노드")),
            (&cp949, Some("x-unknown"), Some("똠방각하 노드")),
            (b"caf\xe9", Some("ansi_1252"), Some("café")),
            (b"caf\xe9", Some("iso-8859-1"), Some("café")),
            (b"caf\xe9", None, Some("café")),
            (b"\xff\xfeA\0B\0", None, Some("AB")),
            (b"\xef\xbb\xbfA", None, Some("A")),
            (b"\x1b$)CHi \x0e3k5e\x0f!", Some("iso-2022-kr"), Some("Hi 노드!")),
            (b"A\0", None, None),
            (b"", None, Some("")),
        ] {
            assert_eq!(decode(bytes, declared).as_deref(), expect, "{bytes:?} {declared:?}");
        }
    }
}
