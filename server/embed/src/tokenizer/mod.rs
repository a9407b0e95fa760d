//! Text to tokens, as the model was trained to read it: by a tokenizer of our own for the SentencePiece vocabularies of
//! the artefacts, by Hugging Face's for the `tokenizer.json` of a model folder. Knows no prefixes.

mod json;
mod normalize;
mod table;
mod unigram;

use ragops_storage::MappedFile;

pub(crate) use json::JSON;
pub use json::JsonError;
use json::JsonTokenizer;
pub(crate) use table::{TableError, encode_table};
use unigram::Unigram;

/// Turns text into token ids.
pub struct Tokenizer(Kind);

enum Kind {
    Unigram(Unigram),
    // Much larger than the other, and there is one for each model.
    Json(Box<JsonTokenizer>),
}

impl Tokenizer {
    /// Takes the mapped `tokenizer.bin`.
    pub(crate) fn open(file: MappedFile) -> Result<Self, TableError> {
        Ok(Self(Kind::Unigram(Unigram::open(file)?)))
    }

    /// Takes the bytes of a `tokenizer.json` for a word table of `rows` rows.
    pub(crate) fn from_json(bytes: &[u8], rows: usize) -> Result<Self, JsonError> {
        Ok(Self(Kind::Json(Box::new(JsonTokenizer::parse(bytes, rows)?))))
    }

    /// The ids of the text's tokens, without start and end markers.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 4 + 1);
        self.each_token(text, |id, _| ids.push(id));
        ids
    }

    /// Where each token starts in `text`, in bytes, ascending, always on a character's boundary.
    pub fn starts(&self, text: &str) -> Vec<usize> {
        let mut starts = Vec::with_capacity(text.len() / 4 + 1);
        self.each_token(text, |_, start| starts.push(start));
        starts
    }

    /// How many tokens the text has.
    pub fn count(&self, text: &str) -> usize {
        match &self.0 {
            Kind::Unigram(tokenizer) => tokenizer.count(text),
            Kind::Json(tokenizer) => {
                let mut count = 0;
                tokenizer.each_token(text, |_, _| count += 1);
                count
            }
        }
    }

    /// The id that starts a sequence.
    pub(crate) fn start_marker(&self) -> u32 {
        match &self.0 {
            Kind::Unigram(tokenizer) => tokenizer.start_marker(),
            Kind::Json(tokenizer) => tokenizer.start_marker(),
        }
    }

    /// The id that ends a sequence.
    pub(crate) fn end_marker(&self) -> u32 {
        match &self.0 {
            Kind::Unigram(tokenizer) => tokenizer.end_marker(),
            Kind::Json(tokenizer) => tokenizer.end_marker(),
        }
    }

    fn each_token(&self, text: &str, token: impl FnMut(u32, usize)) {
        match &self.0 {
            Kind::Unigram(tokenizer) => tokenizer.each_token(text, token),
            Kind::Json(tokenizer) => tokenizer.each_token(text, token),
        }
    }
}
