//! What a network is: its widths, and what it does with them. Both stand in an installed model's manifest.

use serde::{Deserialize, Serialize};

/// The shape of the network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Architecture {
    /// Width of a row, and the dimension of the embedding.
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    /// Width between the two products of the feed-forward part.
    pub(crate) feed_forward: usize,
    /// Rows of the word table; at least the number of token ids.
    pub(crate) vocabulary: usize,
    /// Tokens that one sequence may have.
    pub(crate) positions: usize,
    pub(crate) token_types: usize,
    /// Added to the variance in layer normalisation.
    pub(crate) epsilon: f32,
}

impl Architecture {
    pub(crate) fn head_width(&self) -> usize {
        self.hidden / self.heads
    }
}

/// The numbers that a network's products are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arithmetic {
    /// 8-bit integers: about twice as fast, a quarter of the memory, and not quite the same vectors.
    Int8,
    /// Single precision.
    Float32,
}

impl std::fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Int8 => "int8",
            Self::Float32 => "float32",
        })
    }
}

/// What stands between the two products of the feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Activation {
    /// x · Φ(x), by the error function.
    Gelu,
    /// GELU approximated by a hyperbolic tangent.
    GeluTanh,
    /// max(x, 0).
    Relu,
}

/// How the rows of a sequence become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Pooling {
    /// Their mean.
    Mean,
    /// The row of the start marker, `[CLS]` or `<s>`.
    First,
    /// The highest value of each column.
    Max,
}

/// How the rows of the word table are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum WordFormat {
    /// Blocks of 4-bit weights, see `artefact/q4.rs`.
    Q4,
    F32,
    F16,
    Bf16,
}

/// What a network does beside its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Variant {
    pub(crate) arithmetic: Arithmetic,
    pub(crate) activation: Activation,
    pub(crate) pooling: Pooling,
    pub(crate) words: WordFormat,
}

impl Variant {
    /// What the artefacts of format `E5S1` are.
    pub(crate) const ARTEFACT: Self = Self {
        arithmetic: Arithmetic::Int8,
        activation: Activation::Gelu,
        pooling: Pooling::Mean,
        words: WordFormat::Q4,
    };
}
