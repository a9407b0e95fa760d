//! Scaled dot-product attention in f32, one head after another, a block of query rows at a time: their scores with all
//! keys, the softmax, and the mix of the values follow each other while the scores are in the nearest cache.
//! Written out here because general products spent a third of the time on packing heads of 32 columns.

use std::ops::Range;

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp, SimdUnaryOp};
use rten_vecmath::Exp;

/// Query rows in a block. With two vectors of sums for each there are twelve sums, more than a processor of two multipliers
/// has under way (8, at 4 cycles each), and these, both operands and a factor stay in registers also where there are 16.
const BLOCK_ROWS: usize = 6;
const ROWS: [usize; BLOCK_ROWS] = [0, 1, 2, 3, 4, 5];

/// Below any score: what stands for a key that is not there, so that its power is 0.
const NO_SCORE: f32 = -1e30;

/// Room for one head.
#[derive(Default)]
pub(super) struct HeadScratch {
    /// [panels of keys, width, panel]: the keys of a panel lie beside each other in every column.
    keys: Vec<f32>,
    /// [panels of columns, tokens, panel], filled up with zeros.
    values: Vec<f32>,
    /// [rows of a block, tokens filled up to whole panels].
    scores: Vec<f32>,
}

/// Attention of all heads. `query_key_value` is [tokens, 3 · hidden] with the query already scaled; writes `context`,
/// [tokens, hidden].
pub(super) struct Attention<'a> {
    pub(super) query_key_value: &'a [f32],
    pub(super) heads: usize,
    pub(super) hidden: usize,
    pub(super) scratch: &'a mut HeadScratch,
    pub(super) context: &'a mut [f32],
}

impl SimdOp for Attention<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let tokens = self.context.len() / self.hidden;
        let width = self.hidden / self.heads;
        for start in (0..self.hidden).step_by(width) {
            let columns = start..start + width;
            let head = Head { isa, rows: self.query_key_value, hidden: self.hidden, columns, tokens };
            head.pack(self.scratch);
            for first in (0..tokens).step_by(BLOCK_ROWS) {
                head.block(first, self.scratch, self.context);
            }
        }
    }
}

/// One head of one sequence.
struct Head<'a, I> {
    isa: I,
    rows: &'a [f32],
    hidden: usize,
    /// The head's columns of the query, and of the context.
    columns: Range<usize>,
    tokens: usize,
}

impl<I: Isa> Head<'_, I> {
    fn width(&self) -> usize {
        self.columns.len()
    }

    /// Two vectors.
    #[inline(always)]
    fn panel(&self) -> usize {
        2 * self.isa.f32().len()
    }

    /// The head's columns of the query (0), key (1) or value (2) of a token.
    #[inline(always)]
    fn part(&self, token: usize, part: usize) -> &[f32] {
        let start = (3 * token + part) * self.hidden + self.columns.start;
        &self.rows[start..start + self.width()]
    }

    /// Lays out keys and values for the loops below.
    #[inline(always)]
    fn pack(&self, scratch: &mut HeadScratch) {
        let (panel, width) = (self.panel(), self.width());
        let stride = self.tokens.next_multiple_of(panel);
        scratch.keys.clear();
        scratch.keys.resize(stride * width, 0.0);
        scratch.values.clear();
        scratch.values.resize(self.tokens * width.next_multiple_of(panel), 0.0);
        scratch.scores.resize(BLOCK_ROWS * stride, 0.0);
        for (number, keys) in scratch.keys.chunks_exact_mut(width * panel).enumerate() {
            let first = number * panel;
            for lane in 0..panel.min(self.tokens - first) {
                let key = self.part(first + lane, 1);
                keys.chunks_exact_mut(panel).zip(key).for_each(|(column, value)| column[lane] = *value);
            }
        }
        for (number, values) in scratch.values.chunks_exact_mut(self.tokens * panel).enumerate() {
            let columns = number * panel..width.min((number + 1) * panel);
            for (token, row) in values.chunks_exact_mut(panel).enumerate() {
                row[..columns.len()].copy_from_slice(&self.part(token, 2)[columns.clone()]);
            }
        }
    }

    /// Attends from the rows of one block; where there are fewer left, the last one stands in for the missing.
    #[inline(always)]
    fn block(&self, first: usize, scratch: &mut HeadScratch, context: &mut [f32]) {
        let HeadScratch { keys, values, scores } = scratch;
        let rows = ROWS.map(|row| (first + row).min(self.tokens - 1));
        self.score(rows.map(|row| self.part(row, 0)), keys, scores);
        let (mut shares, stride) = ([0.0; BLOCK_ROWS], scores.len() / BLOCK_ROWS);
        for (scores, share) in scores.chunks_exact_mut(stride).zip(&mut shares) {
            *share = 1.0 / self.exponentiate(scores);
        }
        for (number, values) in values.chunks_exact(self.tokens * self.panel()).enumerate() {
            let columns = number * self.panel()..self.width().min((number + 1) * self.panel());
            let mixed = self.mix(scores, values);
            for ((row, mixed), share) in rows.iter().zip(mixed).zip(shares) {
                let start = row * self.hidden + self.columns.start;
                self.store(mixed, share, &mut context[start + columns.start..start + columns.end]);
            }
        }
    }

    /// Scores of a block's queries with all keys.
    #[inline(always)]
    fn score(&self, [a, b, c, d, e, f]: [&[f32]; BLOCK_ROWS], keys: &[f32], scores: &mut [f32]) {
        let floats = self.isa.f32();
        let (lanes, stride) = (floats.len(), scores.len() / BLOCK_ROWS);
        for (number, panel) in keys.chunks_exact(self.width() * self.panel()).enumerate() {
            let mut sums = [[floats.zero(); 2]; BLOCK_ROWS];
            let columns = panel.chunks_exact(self.panel());
            for ((((((keys, a), b), c), d), e), f) in columns.zip(a).zip(b).zip(c).zip(d).zip(e).zip(f) {
                let keys = [floats.load(&keys[..lanes]), floats.load(&keys[lanes..])];
                self.add_products([*a, *b, *c, *d, *e, *f], keys, &mut sums);
            }
            for (row, sums) in sums.into_iter().enumerate() {
                let scores = &mut scores[row * stride + number * self.panel()..][..self.panel()];
                floats.store(sums[0], &mut scores[..lanes]);
                floats.store(sums[1], &mut scores[lanes..]);
            }
        }
    }

    /// Turns a row of scores into e^(score − highest), and returns their sum. Scores that belong to no key become 0.
    #[inline(always)]
    fn exponentiate(&self, row: &mut [f32]) -> f32 {
        let floats = self.isa.f32();
        row[self.tokens..].fill(NO_SCORE);
        let mut highest = [floats.splat(NO_SCORE); 2];
        for scores in row.chunks_exact(self.panel()) {
            highest[0] = floats.max(highest[0], floats.load(scores));
            highest[1] = floats.max(highest[1], floats.load(&scores[floats.len()..]));
        }
        let highest = floats.fold_splat(floats.max(highest[0], highest[1]), NO_SCORE, f32::max);
        let mut sum = floats.zero();
        for scores in row.chunks_exact_mut(floats.len()) {
            let power = Exp::apply(self.isa, floats.sub(floats.load(scores), highest));
            sum = floats.add(sum, power);
            floats.store(power, scores);
        }
        floats.sum(sum)
    }

    /// One panel of columns of the values, added up with the scores of a block's rows.
    #[inline(always)]
    fn mix(&self, scores: &[f32], values: &[f32]) -> [[I::F32; 2]; BLOCK_ROWS] {
        let floats = self.isa.f32();
        let (lanes, stride) = (floats.len(), scores.len() / BLOCK_ROWS);
        let [a, b, c, d, e, f] = ROWS.map(|row| &scores[row * stride..][..self.tokens]);
        let mut sums = [[floats.zero(); 2]; BLOCK_ROWS];
        let tokens = values.chunks_exact(self.panel());
        for ((((((values, a), b), c), d), e), f) in tokens.zip(a).zip(b).zip(c).zip(d).zip(e).zip(f) {
            let values = [floats.load(&values[..lanes]), floats.load(&values[lanes..])];
            self.add_products([*a, *b, *c, *d, *e, *f], values, &mut sums);
        }
        sums
    }

    /// Adds each row's factor times the two vectors to the row's sums.
    #[inline(always)]
    fn add_products(&self, factors: [f32; BLOCK_ROWS], vectors: [I::F32; 2], sums: &mut [[I::F32; 2]; BLOCK_ROWS]) {
        let floats = self.isa.f32();
        for (factor, sums) in factors.into_iter().zip(sums) {
            let factor = floats.splat(factor);
            sums[0] = floats.mul_add(factor, vectors[0], sums[0]);
            sums[1] = floats.mul_add(factor, vectors[1], sums[1]);
        }
    }

    /// Writes as many columns as `out` holds of a mixed panel, times `share`.
    #[inline(always)]
    fn store(&self, mixed: [I::F32; 2], share: f32, out: &mut [f32]) {
        let floats = self.isa.f32();
        let lanes = floats.len();
        let share = floats.splat(share);
        // The widest panels there are have 32 columns; twice that is room to spare.
        let mut columns = [0.0; 64];
        floats.store(floats.mul(mixed[0], share), &mut columns);
        floats.store(floats.mul(mixed[1], share), &mut columns[lanes..]);
        out.copy_from_slice(&columns[..out.len()]);
    }
}
