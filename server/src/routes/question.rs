//! What a question must be before anybody looks for its answer: something that can be seen, and not too long. The HTTP
//! interface and the command line ask the same.

use crate::error::{ApiError, Code};

/// Bytes of a question: the limit of `Escalation.spec.question`, which a question may become.
pub const MAX_QUESTION_BYTES: usize = 4096;

/// The question without white space around it, if it can be asked.
pub fn check_question(question: &str) -> Result<&str, ApiError> {
    let question = question.trim();
    if !question.chars().any(is_visible) {
        let message = if question.is_empty() {
            "the question is empty; ask something"
        } else {
            "the question is empty: it holds only characters that nobody sees; ask something"
        };
        return Err(ApiError::new(Code::QuestionEmpty, message).field("question"));
    }
    if question.len() > MAX_QUESTION_BYTES {
        let found = question.len();
        let message =
            format!("the question has {found} bytes of UTF-8, at most {MAX_QUESTION_BYTES} are allowed; shorten it");
        return Err(ApiError::new(Code::QuestionTooLong, message).field("question"));
    }
    Ok(question)
}

/// Neither white space, nor a control character (NUL is one), nor one that is not to be displayed: Unicode 17's
/// Default_Ignorable_Code_Point (zero-width characters, marks of direction, Hangul fillers, selectors, tags), the
/// remaining format characters that a user may type, and the Braille cell without dots.
fn is_visible(c: char) -> bool {
    let ignorable = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{2800}');
    !(c.is_whitespace() || c.is_control() || ignorable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_no_question() {
        let check = |question: &str, allowed: bool| {
            let code = check_question(question).map_err(|error| error.code).err();
            assert_eq!(code, (!allowed).then_some(Code::QuestionEmpty), "{question:?}");
        };
        for empty in ["", " \t\n", "\u{3000}", "\0", "\u{7}\u{1b}", "\u{200b}\u{200d}", "\u{feff}", "\u{3164}"] {
            check(empty, false);
        }
        check("\u{202e}\u{2066} \u{ad}\u{fe0f}\u{e0041}\u{2800}", false);
        for asked in ["a", "?", "재", "\u{200b}왜\u{200b}", "1", "👩\u{200d}🚒", "\u{1100}\u{1160}"] {
            check(asked, true);
        }
    }

    #[test]
    fn the_white_space_around_a_question_is_not_part_of_it() {
        assert_eq!(check_question("\u{3000} 왜?\n").unwrap(), "왜?");
    }
}
