//! Models that think aloud write it before their answer, between `<think>` and `</think>` (DeepSeek-R1, Qwen3), where the
//! server does not keep it apart. It is no part of the answer.

const BEGIN: &str = "<think>";
const END: &str = "</think>";

/// Takes thoughts out of a stream.
#[derive(Debug, Default)]
pub(super) struct Thinking {
    state: State,
    /// What may still turn out to be a tag.
    held: String,
}

#[derive(Debug, Default, PartialEq)]
enum State {
    /// Nothing but white space so far.
    #[default]
    Before,
    Inside,
    /// White space behind the thoughts.
    Behind,
    Answer,
}

impl Thinking {
    /// What of the next piece belongs to the answer; may be empty.
    pub(super) fn push(&mut self, text: String) -> String {
        if self.state == State::Answer {
            return text;
        }
        self.held.push_str(&text);
        loop {
            match self.state {
                State::Before => {
                    let begun = self.held.trim_start();
                    if let Some(rest) = begun.strip_prefix(BEGIN) {
                        self.held = rest.to_owned();
                        self.state = State::Inside;
                    } else if BEGIN.starts_with(begun) {
                        return String::new();
                    } else {
                        self.state = State::Answer;
                    }
                }
                State::Inside => match self.held.find(END) {
                    Some(at) => {
                        self.held.drain(..at + END.len());
                        self.state = State::Behind;
                    }
                    None => {
                        // Enough for an end that is cut between two pieces.
                        let keep = self.held.ceil_char_boundary(self.held.len().saturating_sub(END.len()));
                        self.held.drain(..keep);
                        return String::new();
                    }
                },
                State::Behind => {
                    self.held = self.held.trim_start().to_owned();
                    if self.held.is_empty() {
                        return String::new();
                    }
                    self.state = State::Answer;
                }
                State::Answer => return std::mem::take(&mut self.held),
            }
        }
    }

    /// What was held back at the end: white space, or the beginning of a tag that never came.
    pub(super) fn rest(&mut self) -> String {
        match self.state {
            State::Before => std::mem::take(&mut self.held),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(text: &str, step: usize) -> String {
        let mut thinking = Thinking::default();
        let characters: Vec<char> = text.chars().collect();
        let mut said: String = characters.chunks(step).map(|piece| thinking.push(piece.iter().collect())).collect();
        said.push_str(&thinking.rest());
        said
    }

    #[test]
    fn thoughts_are_no_part_of_an_answer() {
        let check = |text: &str, expected: &str| assert_eq!(answer(text, 1_000), expected, "{text:?}");
        check("<think>\nHm, 재시작?\n</think>\n\nRestart it.", "Restart it.");
        check("\n<think></think>Restart it.", "Restart it.");
        check("Restart it.", "Restart it.");
        check("  - Restart", "  - Restart");
        check("<thin", "<thin");
        check("<thing> is a tag", "<thing> is a tag");
        check("Write <think> first.</think>", "Write <think> first.</think>");
        check("<think>and never an end", "");
        check("", "");
    }

    proptest! {
        #[test]
        fn how_it_comes_makes_no_difference(text in "[<>/a-k가 \n]{0,30}", step in 1_usize..9, thinks in any::<bool>()) {
            let text = if thinks { format!("<think>{text}</think> {text}") } else { text };
            prop_assert_eq!(answer(&text, step), answer(&text, 1_000));
        }
    }
}
