//! `config.json`: which network the weights belong to. Pure; refuses what the encoder does not do.

use serde::{Deserialize, Serialize};

use super::CheckpointError;
use crate::encoder::{Activation, Architecture, LANES};

/// The file's name.
pub(crate) const CONFIG: &str = "config.json";

/// A family of encoders: the same layers, with positions and markers counted differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// BERT, MiniLM and the like: positions from 0.
    Bert,
    /// RoBERTa: positions from the one after the padding id.
    Roberta,
    /// XLM-RoBERTa: as RoBERTa, over a multilingual vocabulary.
    XlmRoberta,
}

const FAMILIES: &str = "`bert`, `roberta` and `xlm-roberta`";

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bert => "bert",
            Self::Roberta => "roberta",
            Self::XlmRoberta => "xlm-roberta",
        })
    }
}

/// What `config.json` says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) family: Family,
    /// `positions` counts the tokens that a sequence may have, markers included.
    pub(crate) architecture: Architecture,
    pub(crate) activation: Activation,
    /// The row of the position table that the first token has.
    pub(crate) first_position: usize,
}

/// The fields read; others are training's.
#[derive(Debug, Deserialize)]
struct Fields {
    model_type: Option<String>,
    hidden_size: Option<i64>,
    num_hidden_layers: Option<i64>,
    num_attention_heads: Option<i64>,
    intermediate_size: Option<i64>,
    vocab_size: Option<i64>,
    max_position_embeddings: Option<i64>,
    type_vocab_size: Option<i64>,
    pad_token_id: Option<i64>,
    layer_norm_eps: Option<f64>,
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
    is_decoder: Option<bool>,
}

impl Config {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let fields: Fields = serde_json::from_slice(bytes)
            .map_err(|error| CheckpointError::Unreadable { file: CONFIG, reason: error.to_string() })?;
        let family = family(&fields)?;
        let activation = activation(&fields)?;
        refuse_other_networks(&fields)?;
        let table = count("max_position_embeddings", fields.max_position_embeddings, 1 << 16)?;
        let first_position = match family {
            Family::Bert => 0,
            // As training counts them; the rows before belong to padding.
            Family::Roberta | Family::XlmRoberta => {
                1 + count("pad_token_id", fields.pad_token_id.or(Some(1)), 1 << 16)?
            }
        };
        let positions = table.saturating_sub(first_position);
        if positions < FEWEST_POSITIONS {
            let expected = format!("a sequence must be able to hold {FEWEST_POSITIONS} tokens");
            return Err(field("max_position_embeddings", table, expected));
        }
        let architecture = Architecture {
            hidden: count("hidden_size", fields.hidden_size, 1 << 13)?,
            layers: count("num_hidden_layers", fields.num_hidden_layers, 1 << 8)?,
            heads: count("num_attention_heads", fields.num_attention_heads, 1 << 10)?,
            feed_forward: count("intermediate_size", fields.intermediate_size, 1 << 15)?,
            vocabulary: count("vocab_size", fields.vocab_size, 1 << 24)?,
            positions,
            token_types: count("type_vocab_size", fields.type_vocab_size.or(Some(2)), 1 << 8)?,
            epsilon: fields.layer_norm_eps.unwrap_or(1e-12) as f32,
        };
        check_widths(&architecture)?;
        Ok(Self { family, architecture, activation, first_position })
    }

    /// Rows that the position table has.
    pub(crate) fn position_rows(&self) -> usize {
        self.first_position + self.architecture.positions
    }
}

/// Room for markers, a prefix and a few words.
const FEWEST_POSITIONS: usize = 16;

fn field(field: &'static str, found: impl ToString, expected: String) -> CheckpointError {
    CheckpointError::Field { field, found: found.to_string(), expected }
}

fn count(name: &'static str, value: Option<i64>, limit: i64) -> Result<usize, CheckpointError> {
    match value {
        Some(value @ 1..) if value <= limit => Ok(value.unsigned_abs() as usize),
        Some(value) => Err(field(name, value, format!("it must be 1 to {limit}"))),
        None => Err(field(name, "missing", format!("it must be 1 to {limit}"))),
    }
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("missing".to_owned(), |text| format!("`{text}`"))
}

fn family(fields: &Fields) -> Result<Family, CheckpointError> {
    match fields.model_type.as_deref() {
        Some("bert") => Ok(Family::Bert),
        Some("roberta") => Ok(Family::Roberta),
        Some("xlm-roberta") => Ok(Family::XlmRoberta),
        other => Err(CheckpointError::Unsupported {
            what: "architecture (`model_type` in `config.json`)",
            found: quoted(other),
            supported: FAMILIES,
        }),
    }
}

fn activation(fields: &Fields) -> Result<Activation, CheckpointError> {
    match fields.hidden_act.as_deref() {
        None | Some("gelu") => Ok(Activation::Gelu),
        Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast") => Ok(Activation::GeluTanh),
        Some("relu") => Ok(Activation::Relu),
        other => Err(CheckpointError::Unsupported {
            what: "activation (`hidden_act` in `config.json`)",
            found: quoted(other),
            supported: "`gelu`, `gelu_new`, `gelu_pytorch_tanh`, `gelu_fast` and `relu`",
        }),
    }
}

fn refuse_other_networks(fields: &Fields) -> Result<(), CheckpointError> {
    match fields.position_embedding_type.as_deref() {
        None | Some("absolute") => {}
        other => {
            return Err(CheckpointError::Unsupported {
                what: "`position_embedding_type` in `config.json`",
                found: quoted(other),
                supported: "`absolute`",
            });
        }
    }
    if fields.is_decoder == Some(true) {
        return Err(CheckpointError::Unsupported {
            what: "`is_decoder` in `config.json`",
            found: "true".to_owned(),
            supported: "encoders",
        });
    }
    Ok(())
}

fn check_widths(shape: &Architecture) -> Result<(), CheckpointError> {
    let lanes = |name, width: usize| {
        let expected = format!("it must be a multiple of {LANES}");
        if width.is_multiple_of(LANES) { Ok(()) } else { Err(field(name, width, expected)) }
    };
    lanes("hidden_size", shape.hidden)?;
    lanes("intermediate_size", shape.feed_forward)?;
    if !shape.hidden.is_multiple_of(shape.heads) {
        let expected = format!("it must divide `hidden_size`, {}", shape.hidden);
        return Err(field("num_attention_heads", shape.heads, expected));
    }
    if !(shape.epsilon > 0.0 && shape.epsilon < 1.0) {
        return Err(field("layer_norm_eps", shape.epsilon, "it must lie between 0 and 1".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The configuration of all-MiniLM-L6-v2 with some fields changed.
    fn config(changes: serde_json::Value) -> Result<Config, CheckpointError> {
        let mut config = serde_json::json!({
            "model_type": "bert", "hidden_act": "gelu", "hidden_size": 384, "intermediate_size": 1536,
            "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "num_attention_heads": 12,
            "num_hidden_layers": 6, "pad_token_id": 0, "position_embedding_type": "absolute",
            "type_vocab_size": 2, "vocab_size": 30522, "initializer_range": 0.02
        });
        for (name, value) in changes.as_object().unwrap() {
            config[name] = value.clone();
        }
        Config::parse(config.to_string().as_bytes())
    }

    #[test]
    fn families_count_their_positions_as_they_were_trained() {
        let positions = |model_type: &str, table: usize, pad: usize| {
            let changes = serde_json::json!(
                {"model_type": model_type, "max_position_embeddings": table, "pad_token_id": pad}
            );
            let config = config(changes).unwrap();
            (config.architecture.positions, config.first_position, config.position_rows())
        };
        assert_eq!(positions("bert", 512, 0), (512, 0, 512));
        assert_eq!(positions("roberta", 514, 1), (512, 2, 514));
        assert_eq!(positions("xlm-roberta", 100, 3), (96, 4, 100));
    }

    #[test]
    fn what_the_encoder_does_not_do_is_refused_by_name() {
        let check = |changes: serde_json::Value, expected: &str| {
            let error = config(changes).unwrap_err().to_string();
            assert!(error.contains(expected), "`{expected}` is not in: {error}");
        };
        check(
            serde_json::json!({"model_type": "t5"}),
            "is `t5`, and this version reads `bert`, `roberta` and `xlm-roberta`",
        );
        check(serde_json::json!({"model_type": null}), "is missing, and this version reads `bert`");
        check(serde_json::json!({"hidden_act": "silu"}), "`hidden_act` in `config.json`) is `silu`");
        check(
            serde_json::json!({"position_embedding_type": "relative_key"}),
            "`relative_key`, and this version reads `absolute`",
        );
        check(serde_json::json!({"is_decoder": true}), "reads encoders");
        check(
            serde_json::json!({"hidden_size": 312}),
            "`hidden_size` in its `config.json` is 312; it must be a multiple of 32",
        );
        check(serde_json::json!({"num_attention_heads": 7}), "must divide `hidden_size`, 384");
        check(
            serde_json::json!({"num_hidden_layers": -1}),
            "`num_hidden_layers` in its `config.json` is -1; it must be 1 to 256",
        );
        check(serde_json::json!({"vocab_size": null}), "`vocab_size` in its `config.json` is missing");
        check(serde_json::json!({"intermediate_size": 1_i64 << 40}), "it must be 1 to 32768");
        check(serde_json::json!({"max_position_embeddings": 8}), "must be able to hold 16 tokens");
        check(serde_json::json!({"layer_norm_eps": 0.0}), "must lie between 0 and 1");
        check(serde_json::json!({"hidden_size": "wide"}), "its `config.json` cannot be read");
    }
}
