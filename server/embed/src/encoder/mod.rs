//! A BERT encoder in 8-bit integers: token ids in, the mean of the last layer's rows out.
//! One sequence at a time, no padding and no mask; see docs/adr/0005-own-int8-encoder.md for what was measured.

mod attention;
mod scratch;
mod simd;
mod weights;

use ragops_storage::MappedFile;
use rten_simd::SimdOp;

use crate::artefact::q4;
use attention::Attention;
use scratch::{Scratch, ScratchPool};
use simd::{AddNorm, Dequantize, GeluRows, MeanRow, NormRows, QuantizeRows};
use weights::{IntegerGemm, Layer, Weights};
pub(crate) use weights::{WeightsError, WeightsWriter};

/// The shape of the network.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
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

    /// Bytes of one row of the word table.
    pub(crate) fn word_row_bytes(&self) -> usize {
        self.hidden / q4::BLOCK_WEIGHTS * q4::BLOCK_BYTES
    }
}

/// Rows are multiplied in tiles of this many, so that a tile's integers and bytes stay in the second-level cache
/// (128 · 1536 · 4 = 768 KiB for the widest product).
const TILE_ROWS: usize = 128;

/// The encoder with its weights in memory and its word table mapped.
pub(crate) struct Encoder {
    shape: Architecture,
    words: MappedFile,
    weights: Weights,
    scratch: ScratchPool,
}

impl Encoder {
    /// Takes the bytes of `encoder.bin` and the mapped `words.bin`.
    pub(crate) fn new(shape: Architecture, weights: &[u8], words: MappedFile) -> Result<Self, WeightsError> {
        // What the vectorised steps and the row lookup rely on.
        if ![shape.hidden, shape.feed_forward].iter().all(|n| *n > 0 && n.is_multiple_of(simd::LANES)) {
            return Err(WeightsError::Shape("width"));
        }
        if shape.heads == 0 || !shape.hidden.is_multiple_of(shape.heads) {
            return Err(WeightsError::Shape("number of heads"));
        }
        if words.len() != shape.vocabulary.saturating_mul(shape.word_row_bytes()) {
            return Err(WeightsError::Shape("word table"));
        }
        words.advise_random();
        let weights = Weights::read(weights, &shape, &IntegerGemm::new())?;
        Ok(Self { shape, words, weights, scratch: ScratchPool::default() })
    }

    pub(crate) fn shape(&self) -> &Architecture {
        &self.shape
    }

    /// Encodes one sequence, markers included, of at most `positions` ids; writes the mean of its rows to `out`
    /// (`hidden` values, not normalised). Ids outside the word table count as row 0. An empty sequence gives zeros.
    pub(crate) fn encode(&self, ids: &[u32], out: &mut [f32]) {
        let ids = &ids[..ids.len().min(self.shape.positions)];
        let mut scratch = self.scratch.take();
        scratch.resize(&self.shape, ids.len());
        self.embed(ids, &mut scratch.rows);
        let gemm = IntegerGemm::new();
        for layer in &self.weights.layers {
            self.attend(layer, &gemm, &mut scratch);
            self.feed_forward(layer, &gemm, &mut scratch);
        }
        MeanRow { rows: &scratch.rows, out }.dispatch();
        self.scratch.give_back(scratch);
    }

    /// Word row + position row, normalised.
    fn embed(&self, ids: &[u32], rows: &mut [f32]) {
        let hidden = self.shape.hidden;
        let row_bytes = self.shape.word_row_bytes();
        let positions = self.weights.positions.chunks_exact(hidden);
        for ((id, row), position) in ids.iter().zip(rows.chunks_exact_mut(hidden)).zip(positions) {
            let start = *id as usize * row_bytes;
            let blocks = self.words.get(start..start + row_bytes).unwrap_or(&self.words[..row_bytes]);
            q4::dequantize(blocks, row);
            row.iter_mut().zip(position).for_each(|(value, p)| *value += p);
        }
        let norm = self.weights.embedding_norm.with_epsilon(self.shape.epsilon);
        NormRows { rows, norm }.dispatch();
    }

    fn attend(&self, layer: &Layer, gemm: &IntegerGemm, scratch: &mut Scratch) {
        let hidden = self.shape.hidden;
        let Scratch { rows, query_key_value, context, input, products, head, .. } = scratch;
        let tiles = rows.chunks(TILE_ROWS * hidden).zip(query_key_value.chunks_mut(TILE_ROWS * 3 * hidden));
        for (tile, out) in tiles {
            let linear = &layer.query_key_value;
            input.resize(tile.len() / hidden, hidden);
            QuantizeRows { values: tile, columns: hidden, out: input }.dispatch();
            let products = linear.multiply(gemm, input, tile.len() / hidden, products);
            Dequantize { products, input, scales: linear.scales(), out }.dispatch();
        }
        let Architecture { heads, hidden, .. } = self.shape;
        Attention { query_key_value, heads, hidden, scratch: head, context }.dispatch();
        for (tile, residual) in context.chunks(TILE_ROWS * hidden).zip(rows.chunks_mut(TILE_ROWS * hidden)) {
            let linear = &layer.attention_output;
            input.resize(tile.len() / hidden, hidden);
            QuantizeRows { values: tile, columns: hidden, out: input }.dispatch();
            let products = linear.multiply(gemm, input, tile.len() / hidden, products);
            let norm = layer.attention_norm.with_epsilon(self.shape.epsilon);
            AddNorm { products, input, scales: linear.scales(), residual, norm }.dispatch();
        }
    }

    fn feed_forward(&self, layer: &Layer, gemm: &IntegerGemm, scratch: &mut Scratch) {
        let (hidden, wide) = (self.shape.hidden, self.shape.feed_forward);
        let Scratch { rows, input, wide_input, wide_row, products, .. } = scratch;
        for tile in rows.chunks_mut(TILE_ROWS * hidden) {
            let count = tile.len() / hidden;
            input.resize(count, hidden);
            wide_input.resize(count, wide);
            QuantizeRows { values: tile, columns: hidden, out: input }.dispatch();
            let up = layer.up.multiply(gemm, input, count, products);
            let scales = layer.up.scales();
            GeluRows { products: up, input, scales, row: wide_row, out: wide_input }.dispatch();
            let down = layer.down.multiply(gemm, wide_input, count, products);
            let norm = layer.output_norm.with_epsilon(self.shape.epsilon);
            let scales = layer.down.scales();
            AddNorm { products: down, input: wide_input, scales, residual: tile, norm }.dispatch();
        }
    }
}
