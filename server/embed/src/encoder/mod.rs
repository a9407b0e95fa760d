//! A BERT encoder: token ids in, one vector out, the rows of the last layer pooled. In 8-bit integers or in single
//! precision. One sequence at a time, no padding and no mask; see docs/adr/0005-own-int8-encoder.md for what was measured.

mod attention;
mod float32;
mod int8;
mod scratch;
mod shape;
mod simd;
mod weights;
mod words;

use ragops_storage::MappedFile;
use rten_simd::SimdOp;

use scratch::ScratchPool;
pub use shape::Arithmetic;
pub(crate) use shape::{Activation, Architecture, Pooling, Variant, WordFormat};
pub(crate) use simd::LANES;
use simd::{MeanRow, NormRows};
use weights::{Layers, Weights};
pub(crate) use weights::{WeightsError, WeightsWriter};
use words::WordTable;

/// Rows are multiplied in tiles of this many, so that a tile's integers and bytes stay in the second-level cache
/// (128 · 1536 · 4 = 768 KiB for the widest product of a small model).
const TILE_ROWS: usize = 128;

/// The encoder with its weights in memory and its word table mapped.
pub(crate) struct Encoder {
    shape: Architecture,
    variant: Variant,
    words: WordTable,
    weights: Weights,
    scratch: ScratchPool,
}

impl Encoder {
    /// Takes the bytes of `encoder.bin` and the mapped `words.bin`.
    pub(crate) fn new(
        shape: Architecture,
        variant: Variant,
        weights: &[u8],
        words: MappedFile,
    ) -> Result<Self, WeightsError> {
        // What the vectorised steps and the row lookup rely on.
        if ![shape.hidden, shape.feed_forward].iter().all(|n| *n > 0 && n.is_multiple_of(LANES)) {
            return Err(WeightsError::Shape("width"));
        }
        if shape.heads == 0 || !shape.hidden.is_multiple_of(shape.heads) {
            return Err(WeightsError::Shape("number of heads"));
        }
        let words = WordTable::new(words, variant.words, &shape)?;
        let weights = Weights::read(weights, &shape, variant.arithmetic)?;
        Ok(Self { shape, variant, words, weights, scratch: ScratchPool::default() })
    }

    pub(crate) fn shape(&self) -> &Architecture {
        &self.shape
    }

    /// Encodes one sequence, markers included, of at most `positions` ids; writes its pooled rows to `out` (`hidden`
    /// values, not normalised). Ids outside the word table count as row 0. An empty sequence gives zeros.
    pub(crate) fn encode(&self, ids: &[u32], out: &mut [f32]) {
        let ids = &ids[..ids.len().min(self.shape.positions)];
        let mut scratch = self.scratch.take();
        scratch.resize(&self.shape, self.variant.arithmetic, ids.len());
        self.embed(ids, &mut scratch.rows);
        let activation = self.variant.activation;
        match &self.weights.layers {
            Layers::Int8(layers) => {
                let gemm = int8::IntegerGemm::new();
                layers.iter().for_each(|layer| layer.run(&gemm, &self.shape, activation, &mut scratch));
            }
            Layers::Float32(layers) => {
                let gemm = float32::FloatGemm::new();
                layers.iter().for_each(|layer| layer.run(&gemm, &self.shape, activation, &mut scratch));
            }
        }
        self.pool(&scratch.rows, out);
        self.scratch.give_back(scratch);
    }

    /// Word row + position row, normalised.
    fn embed(&self, ids: &[u32], rows: &mut [f32]) {
        let hidden = self.shape.hidden;
        let positions = self.weights.positions.chunks_exact(hidden);
        for ((id, row), position) in ids.iter().zip(rows.chunks_exact_mut(hidden)).zip(positions) {
            self.words.read(*id, row);
            row.iter_mut().zip(position).for_each(|(value, p)| *value += p);
        }
        let norm = self.weights.embedding_norm.with_epsilon(self.shape.epsilon);
        NormRows { rows, norm }.dispatch();
    }

    fn pool(&self, rows: &[f32], out: &mut [f32]) {
        let mut each = rows.chunks_exact(self.shape.hidden);
        match (self.variant.pooling, each.next()) {
            (Pooling::Mean, _) => MeanRow { rows, out }.dispatch(),
            (_, None) => out.fill(0.0),
            (Pooling::First, Some(first)) => out.copy_from_slice(first),
            (Pooling::Max, Some(first)) => {
                out.copy_from_slice(first);
                each.for_each(|row| out.iter_mut().zip(row).for_each(|(most, value)| *most = most.max(*value)));
            }
        }
    }
}
