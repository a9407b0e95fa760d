//! `tokenizer.json`, read by Hugging Face's crate: WordPiece, byte-level BPE and Unigram vocabularies. What the file says
//! of truncation and padding is training's and is left out; text cannot write the model's markers.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The file's name.
pub(crate) const JSON: &str = "tokenizer.json";

/// A tokenizer that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The file is not a tokenizer.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// Markers that a BERT does not have.
    #[error("it puts {0} markers around a text, and a BERT has one before it and one after it")]
    Markers(usize),
    /// Ids that the word table does not have.
    #[error(
        "it has ids up to {highest}, and the model's word table has only {rows} rows; the two belong to different models"
    )]
    Vocabulary {
        /// The highest id.
        highest: u32,
        /// Rows of the word table.
        rows: usize,
    },
    /// Text that it cannot turn into tokens.
    #[error("it fails at a text: {0}")]
    Encode(String),
}

/// Texts are encoded in stretches of about this many bytes, cut between words: the crate keeps some 100 bytes for each
/// byte of a text, and some patterns need time by the square of a run of spaces.
const STRETCH: usize = 1 << 16;

/// What the vocabularies call the token of unknown characters.
const UNKNOWN: [&str; 2] = ["[UNK]", "<unk>"];

/// Hard cases: no known character, markers, code, and several scripts.
const TRIALS: [&str; 4] = ["\u{13080}\u{10ffff}", "[SEP]</s><mask>", "fn main() { x += 1; }", "노드 日本 Δ ✓"];

pub(super) struct JsonTokenizer {
    tokenizer: tokenizers::Tokenizer,
    start: u32,
    end: u32,
    /// Markers and the like; a text that spells one does not get it.
    reserved: HashSet<u32>,
}

impl JsonTokenizer {
    pub(super) fn parse(bytes: &[u8], rows: usize) -> Result<Self, JsonError> {
        let mut tokenizer =
            without_panic(|| tokenizers::Tokenizer::from_bytes(bytes)).map_err(JsonError::Unreadable)?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| JsonError::Unreadable(error.to_string()))?;
        tokenizer.set_encode_special_tokens(true);
        let highest = tokenizer.get_vocab(true).into_values().max().unwrap_or_default();
        if highest as usize >= rows {
            return Err(JsonError::Vocabulary { highest, rows });
        }
        let around = without_panic(|| tokenizer.encode("", true)).map_err(JsonError::Unreadable)?;
        let &[start, end] = around.get_ids() else { return Err(JsonError::Markers(around.len())) };
        let special = tokenizer.get_added_tokens_decoder().into_iter().filter(|(_, token)| token.special);
        let mut reserved: HashSet<u32> = special.map(|(id, _)| id).chain([start, end]).collect();
        for unknown in UNKNOWN.iter().filter_map(|name| tokenizer.token_to_id(name)) {
            reserved.remove(&unknown);
        }
        let parsed = Self { tokenizer, start, end, reserved };
        for text in TRIALS {
            parsed.try_each_token(text, &mut |_, _| {}).map_err(JsonError::Encode)?;
        }
        Ok(parsed)
    }

    pub(super) fn start_marker(&self) -> u32 {
        self.start
    }

    pub(super) fn end_marker(&self) -> u32 {
        self.end
    }

    /// Calls `token` with each token's id and where it starts in `text`, in bytes.
    pub(super) fn each_token(&self, text: &str, mut token: impl FnMut(u32, usize)) {
        // It fails where a vocabulary has no token for unknown characters, which `parse` tries. A stretch that fails
        // all the same is passed over.
        let mut at = 0;
        for stretch in Stretches(text) {
            drop(self.try_each_token(stretch, &mut |id, start| token(id, at + start)));
            at += stretch.len();
        }
    }

    fn try_each_token(&self, text: &str, token: &mut dyn FnMut(u32, usize)) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let encoded = without_panic(|| self.tokenizer.encode(text, false))?;
        let mut last = 0;
        for (id, (start, _)) in encoded.get_ids().iter().zip(encoded.get_offsets()) {
            if self.reserved.contains(id) {
                continue;
            }
            // Tokens of one character's bytes, and of characters that were composed or put in, may start inside or
            // before what came before them; a space that was trimmed starts behind the text.
            last = text.floor_char_boundary((*start).min(text.len() - 1)).max(last);
            token(*id, last);
        }
        Ok(())
    }
}

/// What the crate answers. It panics on some files that are wrong inside: when it reads them, or, where a marker around a
/// text is none of the special tokens, only when it encodes.
fn without_panic<T>(call: impl FnOnce() -> Result<T, tokenizers::Error>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("a part of it names what it does not have, or is not what its type says".to_owned()),
    }
}

/// The pieces of a text in order.
struct Stretches<'a>(&'a str);

impl<'a> Iterator for Stretches<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let (stretch, rest) = self.0.split_at(cut(self.0));
        self.0 = rest;
        Some(stretch)
    }
}

/// Where to cut: before the first space after a word beyond `STRETCH` bytes; where there is none as far again, there.
fn cut(text: &str) -> usize {
    if text.len() <= 2 * STRETCH {
        return text.len();
    }
    let (first, last) = (text.floor_char_boundary(STRETCH), text.floor_char_boundary(2 * STRETCH));
    let mut after_word = false;
    for (at, character) in text[first..last].char_indices() {
        if character.is_whitespace() && after_word {
            return first + at;
        }
        after_word = !character.is_whitespace();
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_cut_before_spaces_and_leave_nothing_out() {
        let check = |text: &str, pieces: usize| {
            let stretches: Vec<&str> = Stretches(text).collect();
            assert_eq!(stretches.concat(), text);
            assert_eq!(stretches.len(), pieces);
            assert!(stretches.iter().all(|stretch| stretch.len() <= 2 * STRETCH));
            stretches.iter().skip(1).for_each(|stretch| assert!(stretch.starts_with(' ') == text.contains(' ')));
        };
        check("", 0);
        check("a b", 1);
        check(&"word ".repeat(80_000), 6);
        check(&"가".repeat(100_000), 3);
    }

    /// A vocabulary of one piece for each letter, as WordPiece.
    fn tokenizer(change: impl FnOnce(&mut serde_json::Value)) -> serde_json::Value {
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##b", "[", "]", "sep"];
        let vocabulary: serde_json::Map<_, _> =
            words.iter().enumerate().map(|(id, word)| ((*word).to_owned(), id.into())).collect();
        let special: Vec<_> = (0..5)
            .map(|id| {
                serde_json::json!({"id": id, "content": words[id], "special": true, "single_word": false,
                    "lstrip": false, "rstrip": false, "normalized": false})
            })
            .collect();
        let marker = |name: &str, id: usize| serde_json::json!({"id": name, "ids": [id], "tokens": [name]});
        let part = |kind: &str, id: &str| serde_json::json!({kind: {"id": id, "type_id": 0}});
        let around = [part("SpecialToken", "[CLS]"), part("Sequence", "A"), part("SpecialToken", "[SEP]")];
        let mut file = serde_json::json!({
            "version": "1.0", "truncation": {"max_length": 3, "strategy": "LongestFirst", "stride": 0},
            "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                "pad_type_id": 0, "pad_token": "[PAD]"},
            "added_tokens": special, "pre_tokenizer": {"type": "BertPreTokenizer"}, "decoder": null,
            "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": true},
            "post_processor": {"type": "TemplateProcessing", "single": around, "pair": around,
                "special_tokens": {"[CLS]": marker("[CLS]", 2), "[SEP]": marker("[SEP]", 3)}},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": vocabulary},
        });
        change(&mut file);
        file
    }

    fn parse(file: &serde_json::Value, rows: usize) -> Result<JsonTokenizer, JsonError> {
        JsonTokenizer::parse(file.to_string().as_bytes(), rows)
    }

    #[test]
    fn texts_are_neither_cut_nor_filled_and_cannot_write_markers() {
        let tokenizer = parse(&tokenizer(|_| {}), 12).unwrap();
        assert_eq!((tokenizer.start_marker(), tokenizer.end_marker()), (2, 3));
        let tokens = |text: &str| {
            let mut tokens = Vec::new();
            tokenizer.each_token(text, |id, start| tokens.push((id, start)));
            tokens
        };
        assert_eq!(tokens("Ab ába"), [(5, 0), (8, 1), (5, 3), (8, 5), (7, 6)]);
        assert_eq!(tokens("a[SEP]b"), [(5, 0), (9, 1), (11, 2), (10, 5), (6, 6)]);
        assert_eq!(tokens("가 b"), [(1, 0), (6, 4)]);
        assert_eq!(tokens(&"a ".repeat(100_000)).len(), 100_000);
        assert_eq!(tokens(&" ".repeat(300_000)), []);
    }

    #[test]
    fn what_does_not_fit_the_model_is_refused() {
        let check = |file: serde_json::Value, rows: usize, expected: &str| {
            let error = parse(&file, rows).err().unwrap().to_string();
            assert!(error.contains(expected), "`{expected}` is not in: {error}");
        };
        check(tokenizer(|_| {}), 11, "ids up to 11, and the model's word table has only 11 rows");
        check(tokenizer(|file| file["post_processor"] = serde_json::Value::Null), 12, "puts 0 markers");
        check(tokenizer(|file| file["model"] = serde_json::json!({"type": "Magic"})), 12, "cannot be read");
        check(serde_json::json!([]), 12, "cannot be read");
        let map = "////".to_owned();
        let broken = serde_json::json!({"type": "Precompiled", "precompiled_charsmap": map});
        check(tokenizer(|file| file["normalizer"] = broken), 12, "cannot be read");
        let unnamed = |file: &mut serde_json::Value| {
            file["post_processor"]["special_tokens"].as_object_mut().unwrap().remove("[SEP]");
        };
        check(tokenizer(unnamed), 12, "cannot be read: a part of it names what it does not have");
        let without = |file: &mut serde_json::Value| {
            file["added_tokens"].as_array_mut().unwrap().remove(1);
            let vocabulary = file["model"]["vocab"].as_object_mut().unwrap();
            vocabulary.remove("[UNK]");
            vocabulary.insert("c".to_owned(), 1.into());
        };
        check(tokenizer(without), 12, "fails at a text");
    }
}
