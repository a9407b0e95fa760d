//! Scaled dot-product attention, as matrix products over blocks of query rows, one head after another.

use std::ops::Range;

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_simd::SimdOp;
use rten_tensor::{Matrix, MatrixLayout, NdTensorView};

use super::simd::SoftmaxRows;

/// Query rows in one block: 64 rows of 512 scores are 128 KiB, which the second-level cache keeps.
const BLOCK_ROWS: usize = 64;

/// Attention with products in f32. Made for each sequence, which costs nothing: an executor is not `Send`.
pub(super) struct Attention {
    gemm: GemmExecutor<f32, f32, f32>,
    heads: usize,
    hidden: usize,
}

/// Room for one head's block.
#[derive(Default)]
pub(super) struct HeadScratch {
    scores: Vec<f32>,
    mixed: Vec<f32>,
}

impl Attention {
    pub(super) fn new(hidden: usize, heads: usize) -> Self {
        Self { gemm: GemmExecutor::new(), heads, hidden }
    }

    /// `query_key_value` is [tokens, 3 · hidden] with the query already scaled; writes `context`, [tokens, hidden].
    pub(super) fn attend(&self, query_key_value: &[f32], scratch: &mut HeadScratch, context: &mut [f32]) {
        let tokens = context.len() / self.hidden;
        let all = NdTensorView::from_data([tokens, 3 * self.hidden], query_key_value);
        let width = self.hidden / self.heads;
        for head in 0..self.heads {
            let columns = |part: usize| part * self.hidden + head * width..part * self.hidden + (head + 1) * width;
            let parts = [all.slice((.., columns(0))), all.slice((.., columns(1))), all.slice((.., columns(2)))];
            self.attend_head(parts, scratch, context, columns(0));
        }
    }

    /// One head: `query`, `key` and `value` are [tokens, width]; writes the `columns` of `context`.
    fn attend_head(
        &self,
        [query, key, value]: [Matrix<'_, f32>; 3],
        scratch: &mut HeadScratch,
        context: &mut [f32],
        columns: Range<usize>,
    ) {
        let (tokens, width) = (key.rows(), columns.len());
        let key = self.gemm.prepack_b(key.transposed());
        let value = self.gemm.prepack_b(value);
        for start in (0..tokens).step_by(BLOCK_ROWS) {
            let end = (start + BLOCK_ROWS).min(tokens);
            scratch.scores.resize((end - start) * tokens, 0.0);
            scratch.mixed.resize((end - start) * width, 0.0);
            self.multiply(query.slice((start..end, ..)), GemmInputB::Packed(&key), &mut scratch.scores);
            SoftmaxRows { rows: &mut scratch.scores, columns: tokens }.dispatch();
            let weights = NdTensorView::from_data([end - start, tokens], scratch.scores.as_slice());
            self.multiply(weights, GemmInputB::Packed(&value), &mut scratch.mixed);
            let rows = context[start * self.hidden..end * self.hidden].chunks_exact_mut(self.hidden);
            for (row, mixed) in rows.zip(scratch.mixed.chunks_exact(width)) {
                row[columns.clone()].copy_from_slice(mixed);
            }
        }
    }

    fn multiply(&self, left: Matrix<'_, f32>, right: GemmInputB<'_, f32>, out: &mut [f32]) {
        self.gemm
            .gemm(out, GemmInputA::Unpacked(left), right, GemmOptions::default())
            .expect("both sides were sliced from one matrix of whole rows and packed by this executor");
    }
}
