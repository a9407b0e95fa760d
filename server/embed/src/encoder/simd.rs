//! The element-wise steps between the matrix products, vectorised for the processor found at run time.
//! Each works on rows, so that what one step writes is still in the nearest cache when the next reads it.

use rten_simd::ops::{BitOps, FloatOps, NarrowSaturate, NumOps, ToFloat};
use rten_simd::{Isa, SimdOp, SimdUnaryOp};

/// Columns are handled in blocks of this many, whole vectors on every processor; widths are multiples of it.
pub(crate) const LANES: usize = 32;

/// Activations of some rows as unsigned bytes: `value ≈ (byte - zero) * scale`, scale and zero per row.
#[derive(Default)]
pub(super) struct Quantized {
    pub(super) bytes: Vec<u8>,
    pub(super) scales: Vec<f32>,
    pub(super) zeros: Vec<f32>,
}

impl Quantized {
    /// Makes room for `rows` rows of `columns`.
    pub(super) fn resize(&mut self, rows: usize, columns: usize) {
        self.bytes.resize(rows * columns, 0);
        self.scales.resize(rows, 0.0);
        self.zeros.resize(rows, 0.0);
    }
}

/// Quantises rows of f32.
pub(super) struct QuantizeRows<'a> {
    pub(super) values: &'a [f32],
    pub(super) columns: usize,
    pub(super) out: &'a mut Quantized,
}

impl SimdOp for QuantizeRows<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let rows = self.values.chunks_exact(self.columns).zip(self.out.bytes.chunks_exact_mut(self.columns));
        for (index, (row, bytes)) in rows.enumerate() {
            (self.out.scales[index], self.out.zeros[index]) = quantize_row(isa, row, bytes);
        }
    }
}

/// Quantises one row; returns its scale and zero point. Zero is always exactly representable.
#[inline(always)]
fn quantize_row<I: Isa>(isa: I, row: &[f32], bytes: &mut [u8]) -> (f32, f32) {
    let (floats, ints, shorts) = (isa.f32(), isa.i32(), isa.i16());
    let width = floats.len();
    let (mut low, mut high) = ([floats.zero(); 2], [floats.zero(); 2]);
    for pair in row.chunks_exact(2 * width) {
        for side in 0..2 {
            let value = floats.load(&pair[side * width..]);
            low[side] = floats.min(low[side], value);
            high[side] = floats.max(high[side], value);
        }
    }
    let low = floats.fold_splat(floats.min(low[0], low[1]), 0.0, f32::min);
    let high = floats.fold_splat(floats.max(high[0], high[1]), 0.0, f32::max);
    let (low, high) = (first(isa, low), first(isa, high));
    // A row of zeros has no range: any scale does.
    let scale = ((high - low) / 255.0).max(f32::MIN_POSITIVE);
    let zero = (-low / scale).round_ties_even();
    let (inverse, offset) = (floats.splat(1.0 / scale), ints.splat(zero as i32));
    for (values, bytes) in row.chunks_exact(4 * width).zip(bytes.chunks_exact_mut(4 * width)) {
        let quantize = |part: usize| {
            let scaled = floats.mul(floats.load(&values[part * width..]), inverse);
            ints.add(floats.to_int_round(scaled), offset)
        };
        let front = ints.narrow_saturate(quantize(0), quantize(1));
        let back = ints.narrow_saturate(quantize(2), quantize(3));
        isa.u8().store(shorts.narrow_saturate(front, back), bytes);
    }
    let done = row.len() / (4 * width) * (4 * width);
    for (value, byte) in row[done..].iter().zip(&mut bytes[done..]) {
        *byte = ((value / scale).round_ties_even() + zero).clamp(0.0, 255.0) as u8;
    }
    (scale, zero)
}

/// The first lane of a vector.
#[inline(always)]
fn first<I: Isa>(isa: I, vector: I::F32) -> f32 {
    let mut lanes = [0.0; 64];
    isa.f32().store(vector, &mut lanes);
    lanes[0]
}

/// How a product's integers become numbers again: `acc * weight_scale * row_scale + (bias - row_zero * correction)`.
pub(super) struct Scales<'a> {
    /// Scale of each output channel's weights.
    pub(super) weights: &'a [f32],
    /// Bias of each output channel.
    pub(super) bias: &'a [f32],
    /// Sum of each channel's weights times its scale: what a zero point of 1 adds to the product by mistake.
    pub(super) corrections: &'a [f32],
}

/// Dequantises `LANES`-wide vectors of one row.
#[derive(Clone, Copy)]
struct RowScale<F> {
    scale: F,
    shift: F,
}

impl Scales<'_> {
    #[inline(always)]
    fn row<I: Isa>(isa: I, scale: f32, zero: f32) -> RowScale<I::F32> {
        RowScale { scale: isa.f32().splat(scale), shift: isa.f32().splat(-scale * zero) }
    }

    #[inline(always)]
    fn apply<I: Isa>(&self, isa: I, row: RowScale<I::F32>, products: &[i32], at: usize) -> I::F32 {
        let floats = isa.f32();
        let product = isa.i32().to_float(isa.i32().load(&products[at..]));
        let bias = floats.mul_add(floats.load(&self.corrections[at..]), row.shift, floats.load(&self.bias[at..]));
        let weight = floats.mul(floats.load(&self.weights[at..]), row.scale);
        floats.mul_add(product, weight, bias)
    }
}

/// Dequantises rows of products to f32.
pub(super) struct Dequantize<'a> {
    pub(super) products: &'a [i32],
    pub(super) input: &'a Quantized,
    pub(super) scales: Scales<'a>,
    pub(super) out: &'a mut [f32],
}

impl SimdOp for Dequantize<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let columns = self.scales.bias.len();
        let rows = self.products.chunks_exact(columns).zip(self.out.chunks_exact_mut(columns));
        for (index, (products, out)) in rows.enumerate() {
            let row = Scales::row(isa, self.input.scales[index], self.input.zeros[index]);
            for at in (0..columns).step_by(isa.f32().len()) {
                isa.f32().store(self.scales.apply(isa, row, products, at), &mut out[at..]);
            }
        }
    }
}

/// max(x, 0).
pub(super) struct Relu;

impl SimdUnaryOp<f32> for Relu {
    #[inline(always)]
    fn eval<I: Isa>(&self, isa: I, x: I::F32) -> I::F32 {
        isa.f32().max(x, isa.f32().zero())
    }
}

/// Dequantises rows of products, applies the activation, and quantises the rows again.
pub(super) struct ActivateRows<'a, A> {
    pub(super) products: &'a [i32],
    pub(super) input: &'a Quantized,
    pub(super) scales: Scales<'a>,
    pub(super) activation: &'a A,
    /// Room for one row.
    pub(super) row: &'a mut [f32],
    pub(super) out: &'a mut Quantized,
}

impl<A: SimdUnaryOp<f32>> SimdOp for ActivateRows<'_, A> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let columns = self.scales.bias.len();
        let rows = self.products.chunks_exact(columns).zip(self.out.bytes.chunks_exact_mut(columns));
        for (index, (products, bytes)) in rows.enumerate() {
            let row = Scales::row(isa, self.input.scales[index], self.input.zeros[index]);
            for at in (0..columns).step_by(isa.f32().len()) {
                let value = self.scales.apply(isa, row, products, at);
                isa.f32().store(self.activation.eval(isa, value), &mut self.row[at..]);
            }
            (self.out.scales[index], self.out.zeros[index]) = quantize_row(isa, self.row, bytes);
        }
    }
}

/// Weight, bias and epsilon of a layer normalisation.
pub(super) struct Norm<'a> {
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) epsilon: f32,
}

impl Norm<'_> {
    #[inline(always)]
    pub(super) fn apply<I: Isa>(&self, isa: I, row: &mut [f32]) {
        let floats = isa.f32();
        let width = floats.len();
        let count = row.len() as f32;
        let mut sum = floats.zero();
        for values in row.chunks_exact(width) {
            sum = floats.add(sum, floats.load(values));
        }
        let mean = floats.splat(floats.sum(sum) / count);
        let mut squares = floats.zero();
        for values in row.chunks_exact(width) {
            let distance = floats.sub(floats.load(values), mean);
            squares = floats.mul_add(distance, distance, squares);
        }
        let inverse = floats.splat(1.0 / (floats.sum(squares) / count + self.epsilon).sqrt());
        for at in (0..row.len()).step_by(width) {
            let value = floats.mul(floats.sub(floats.load(&row[at..]), mean), inverse);
            let value = floats.mul_add(value, floats.load(&self.weight[at..]), floats.load(&self.bias[at..]));
            floats.store(value, &mut row[at..]);
        }
    }
}

/// Normalises rows in place.
pub(super) struct NormRows<'a> {
    pub(super) rows: &'a mut [f32],
    pub(super) norm: Norm<'a>,
}

impl SimdOp for NormRows<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        for row in self.rows.chunks_exact_mut(self.norm.bias.len()) {
            self.norm.apply(isa, row);
        }
    }
}

/// Dequantises rows of products, adds them to the residual rows and normalises these.
pub(super) struct AddNorm<'a> {
    pub(super) products: &'a [i32],
    pub(super) input: &'a Quantized,
    pub(super) scales: Scales<'a>,
    pub(super) residual: &'a mut [f32],
    pub(super) norm: Norm<'a>,
}

impl SimdOp for AddNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let floats = isa.f32();
        let columns = self.scales.bias.len();
        let rows = self.products.chunks_exact(columns).zip(self.residual.chunks_exact_mut(columns));
        for (index, (products, residual)) in rows.enumerate() {
            let row = Scales::row(isa, self.input.scales[index], self.input.zeros[index]);
            for at in (0..columns).step_by(floats.len()) {
                let value = self.scales.apply(isa, row, products, at);
                floats.store(floats.add(value, floats.load(&residual[at..])), &mut residual[at..]);
            }
            self.norm.apply(isa, residual);
        }
    }
}

/// The mean of rows.
pub(super) struct MeanRow<'a> {
    pub(super) rows: &'a [f32],
    pub(super) out: &'a mut [f32],
}

impl SimdOp for MeanRow<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let floats = isa.f32();
        let columns = self.out.len();
        self.out.fill(0.0);
        for row in self.rows.chunks_exact(columns) {
            for at in (0..columns).step_by(floats.len()) {
                floats.store(floats.add(floats.load(&self.out[at..]), floats.load(&row[at..])), &mut self.out[at..]);
            }
        }
        let inverse = 1.0 / (self.rows.len() / columns).max(1) as f32;
        self.out.iter_mut().for_each(|value| *value *= inverse);
    }
}
