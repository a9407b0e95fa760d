//! A model folder as Hugging Face and sentence-transformers write it: `config.json`, `model.safetensors`,
//! `tokenizer.json`, and what says how rows are pooled. Pure: bytes in, bytes of an installed model out.

mod config;
mod error;
mod modules;
mod tensors;
mod weights;

use std::collections::BTreeMap;

pub(crate) use config::CONFIG;
use config::Config;
pub use config::Family;
pub use error::CheckpointError;
pub(crate) use modules::{MODULES, Modules, POOLING, PROMPTS, SENTENCE};
pub(crate) use tensors::{Tensors, WEIGHTS};
pub(crate) use weights::weight_parts;

use crate::encoder::{Activation, Architecture, Pooling};

/// What the small files of a folder say, by the files' names; those that are not there are left out.
pub(crate) type SmallFiles = BTreeMap<&'static str, Vec<u8>>;

/// A model as its small files describe it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Description {
    pub(crate) family: Family,
    pub(crate) architecture: Architecture,
    pub(crate) activation: Activation,
    pub(crate) pooling: Pooling,
    /// What the model wants before a question, and before a passage.
    pub(crate) query_prefix: Option<String>,
    pub(crate) passage_prefix: Option<String>,
    /// The row of the position table that a sequence's first token has, and how many rows there are.
    first_position: usize,
    position_rows: usize,
}

impl Description {
    pub(crate) fn parse(files: &SmallFiles) -> Result<Self, CheckpointError> {
        let config = Config::parse(files.get(CONFIG).map_or(b"", Vec::as_slice))?;
        let position_rows = config.position_rows();
        let Config { family, mut architecture, activation, first_position } = config;
        let pooling = match files.get(POOLING) {
            Some(bytes) => modules::pooling(bytes, architecture.hidden)?,
            None => Pooling::Mean,
        };
        if let Some(bytes) = files.get(SENTENCE)
            && let Some(longest) = modules::longest_sequence(bytes)?
        {
            // Less than a sentence is a slip, such as 0.
            architecture.positions = architecture.positions.min(longest.max(FEWEST_TOKENS));
        }
        let (query_prefix, passage_prefix) = match files.get(PROMPTS) {
            Some(bytes) => modules::prompts(bytes)?,
            None => (None, None),
        };
        Ok(Self {
            family,
            architecture,
            activation,
            pooling,
            query_prefix,
            passage_prefix,
            first_position,
            position_rows,
        })
    }
}

/// The shortest limit of a sequence that is believed.
const FEWEST_TOKENS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(files: &[(&'static str, &str)]) -> Description {
        let config = r#"{"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1,
            "intermediate_size": 64, "vocab_size": 10, "max_position_embeddings": 128}"#;
        let files = files.iter().copied().chain([(CONFIG, config)]);
        Description::parse(&files.map(|(name, text)| (name, text.as_bytes().to_vec())).collect()).unwrap()
    }

    #[test]
    fn small_files_refine_the_description_and_may_be_absent() {
        let plain = describe(&[]);
        assert_eq!((plain.pooling, plain.architecture.positions, plain.query_prefix), (Pooling::Mean, 128, None));
        let refined = describe(&[
            (POOLING, r#"{"pooling_mode_cls_token": true}"#),
            (SENTENCE, r#"{"max_seq_length": 64}"#),
            (PROMPTS, r#"{"prompts": {"query": "q: "}}"#),
        ]);
        assert_eq!((refined.pooling, refined.architecture.positions), (Pooling::First, 64));
        assert_eq!(
            (refined.query_prefix.as_deref(), refined.passage_prefix, refined.position_rows),
            (Some("q: "), None, 128)
        );
        assert_eq!(describe(&[(SENTENCE, r#"{"max_seq_length": 900}"#)]).architecture.positions, 128);
        assert_eq!(describe(&[(SENTENCE, r#"{"max_seq_length": 0}"#)]).architecture.positions, 16);
    }
}
