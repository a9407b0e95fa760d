//! Layers in 8-bit integers: weights i8 with a scale for each output channel, activations u8 with a scale and a zero
//! point for each token. What that is worth and what it costs: docs/adr/0005-own-int8-encoder.md.

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{ApproxGelu, Gelu};

use super::attention::Attention;
use super::scratch::Scratch;
use super::simd::{ActivateRows, AddNorm, Dequantize, QuantizeRows, Quantized, Relu, Scales};
use super::weights::{Layer, ReadLinear, Scaled, Size};
use super::{Activation, Architecture, TILE_ROWS};
use crate::artefact::cursor::{Cursor, Short};

/// The products' executor. u8 × i8 → i32. Made for each sequence, which costs nothing: it is not `Send`. All of them
/// choose the same kernel, the one the weights were packed for.
pub(super) type IntegerGemm = GemmExecutor<u8, i8, i32>;

/// A linear layer: `out = input · weightsᵀ + bias`.
pub(super) struct Linear {
    packed: PackedBMatrix<i8>,
    scales: Vec<f32>,
    bias: Vec<f32>,
    corrections: Vec<f32>,
}

/// Weights before they are packed: [out, in] integers, and a scale and a bias for each output channel.
pub(super) struct LinearSource {
    pub(super) weights: Vec<i8>,
    pub(super) scales: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl LinearSource {
    /// Packs the weights. Kernels that may saturate add two products in 16 bits: there |weight| must stay within 64,
    /// for 2 · 255 · 64 < 2¹⁵.
    pub(super) fn pack(mut self, gemm: &IntegerGemm) -> Linear {
        if gemm.may_saturate() {
            self.weights.iter_mut().for_each(|w| *w = (f32::from(*w) * (64.0 / 127.0)).round_ties_even() as i8);
            self.scales.iter_mut().for_each(|s| *s *= 127.0 / 64.0);
        }
        let outputs = self.bias.len();
        let inputs = self.weights.len() / outputs;
        let sums = self.weights.chunks_exact(inputs).map(|row| row.iter().map(|w| i32::from(*w)).sum::<i32>());
        let corrections = sums.zip(&self.scales).map(|(sum, scale)| sum as f32 * scale).collect();
        let matrix = NdTensorView::from_data([outputs, inputs], self.weights.as_slice());
        let packed = gemm.prepack_b(matrix.transposed());
        Linear { packed, scales: self.scales, bias: self.bias, corrections }
    }
}

impl ReadLinear for Linear {
    const MAGIC: &'static [u8; 8] = b"RGENC\0\0\x01";
    type Gemm = IntegerGemm;

    fn read(cursor: &mut Cursor<'_>, size: Size, scaled: Scaled, gemm: &IntegerGemm) -> Result<Self, Short> {
        let (mut scales, mut bias) = (cursor.f32s(size.outputs)?, cursor.f32s(size.outputs)?);
        let Scaled { channels, factor } = scaled;
        scales[..channels].iter_mut().chain(&mut bias[..channels]).for_each(|value| *value *= factor);
        let weights = cursor.i8s(size.outputs * size.inputs)?;
        Ok(LinearSource { weights, scales, bias }.pack(gemm))
    }
}

impl Linear {
    pub(super) fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// The integer products of `rows` rows of `input` with all channels, row after row. No zero points are given to
    /// the executor: rten-gemm 0.27 applies those of the wrong rows once there are more than 64 (see the test).
    pub(super) fn multiply<'a>(
        &self,
        gemm: &IntegerGemm,
        input: &Quantized,
        rows: usize,
        out: &'a mut Vec<i32>,
    ) -> &'a [i32] {
        out.resize((rows * self.outputs()).max(out.len()), 0);
        let out = &mut out[..rows * self.outputs()];
        let inputs = self.packed.rows();
        let matrix = NdTensorView::from_data([rows, inputs], &input.bytes[..rows * inputs]);
        // The executor would pack the input again for every 1024 channels.
        let input = gemm.prepack_a(matrix);
        gemm.gemm(out, GemmInputA::Packed(&input), GemmInputB::Packed(&self.packed), GemmOptions::default())
            .expect("the weights were packed by this executor and all lengths are multiples of the same widths");
        out
    }

    pub(super) fn scales(&self) -> Scales<'_> {
        Scales { weights: &self.scales, bias: &self.bias, corrections: &self.corrections }
    }
}

impl Layer<Linear> {
    /// Runs the rows in `scratch` through the layer.
    pub(super) fn run(&self, gemm: &IntegerGemm, shape: &Architecture, activation: Activation, scratch: &mut Scratch) {
        self.attend(gemm, shape, scratch);
        match activation {
            Activation::Gelu => self.feed_forward(gemm, shape, &Gelu {}, scratch),
            Activation::GeluTanh => self.feed_forward(gemm, shape, &ApproxGelu {}, scratch),
            Activation::Relu => self.feed_forward(gemm, shape, &Relu, scratch),
        }
    }

    fn attend(&self, gemm: &IntegerGemm, shape: &Architecture, scratch: &mut Scratch) {
        let Architecture { heads, hidden, .. } = *shape;
        let Scratch { rows, query_key_value, context, input, products, head, .. } = scratch;
        let tiles = rows.chunks(TILE_ROWS * hidden).zip(query_key_value.chunks_mut(TILE_ROWS * 3 * hidden));
        for (tile, out) in tiles {
            let linear = &self.query_key_value;
            input.resize(tile.len() / hidden, hidden);
            QuantizeRows { values: tile, columns: hidden, out: input }.dispatch();
            let products = linear.multiply(gemm, input, tile.len() / hidden, products);
            Dequantize { products, input, scales: linear.scales(), out }.dispatch();
        }
        Attention { query_key_value, heads, hidden, scratch: head, context }.dispatch();
        for (tile, residual) in context.chunks(TILE_ROWS * hidden).zip(rows.chunks_mut(TILE_ROWS * hidden)) {
            let linear = &self.attention_output;
            input.resize(tile.len() / hidden, hidden);
            QuantizeRows { values: tile, columns: hidden, out: input }.dispatch();
            let products = linear.multiply(gemm, input, tile.len() / hidden, products);
            let norm = self.attention_norm.with_epsilon(shape.epsilon);
            AddNorm { products, input, scales: linear.scales(), residual, norm }.dispatch();
        }
    }

    fn feed_forward<A: SimdUnaryOp<f32>>(
        &self,
        gemm: &IntegerGemm,
        shape: &Architecture,
        activation: &A,
        scratch: &mut Scratch,
    ) {
        let (hidden, wide) = (shape.hidden, shape.feed_forward);
        let Scratch { rows, input, wide_input, wide_row, products, .. } = scratch;
        for tile in rows.chunks_mut(TILE_ROWS * hidden) {
            let count = tile.len() / hidden;
            input.resize(count, hidden);
            wide_input.resize(count, wide);
            QuantizeRows { values: tile, columns: hidden, out: input }.dispatch();
            let up = self.up.multiply(gemm, input, count, products);
            let scales = self.up.scales();
            ActivateRows { products: up, input, scales, activation, row: wide_row, out: wide_input }.dispatch();
            let down = self.down.multiply(gemm, wide_input, count, products);
            let norm = self.output_norm.with_epsilon(shape.epsilon);
            let scales = self.down.scales();
            AddNorm { products: down, input: wide_input, scales, residual: tile, norm }.dispatch();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values in -1..1 that repeat nowhere in the sizes used here.
    fn noise(seed: usize, at: usize) -> f32 {
        ((at * 7919 + seed * 104_729) % 65_537) as f32 / 32_768.5 - 1.0
    }

    fn source(outputs: usize, inputs: usize, largest: f32) -> LinearSource {
        LinearSource {
            weights: (0..outputs * inputs).map(|at| (noise(1, at) * largest) as i8).collect(),
            scales: (0..outputs).map(|at| 0.01 + noise(2, at).abs() * 0.01).collect(),
            bias: (0..outputs).map(|at| noise(3, at)).collect(),
        }
    }

    /// The layer's result on `rows` rows, against the same sum over the quantised rows in f64; rows lie off centre by differing amounts, so
    /// that each has its own zero point.
    fn check(rows: usize, outputs: usize, inputs: usize) {
        let gemm = IntegerGemm::new();
        let LinearSource { weights, scales, bias } = source(outputs, inputs, 127.0);
        let linear = LinearSource { weights: weights.clone(), scales: scales.clone(), bias: bias.clone() }.pack(&gemm);
        let offset = |row: usize| noise(4, row) * 3.0;
        let values: Vec<f32> = (0..rows * inputs).map(|at| noise(5, at) + offset(at / inputs)).collect();
        let mut input = Quantized::default();
        input.resize(rows, inputs);
        QuantizeRows { values: &values, columns: inputs, out: &mut input }.dispatch();
        let mut products = Vec::new();
        let products = linear.multiply(&gemm, &input, rows, &mut products);
        let mut out = vec![0.0; rows * outputs];
        Dequantize { products, input: &input, scales: linear.scales(), out: &mut out }.dispatch();
        for (at, got) in out.iter().enumerate() {
            let (row, channel) = (at / outputs, at % outputs);
            let quantized = |byte: &u8| f64::from((f32::from(*byte) - input.zeros[row]) * input.scales[row]);
            let pairs = input.bytes[row * inputs..][..inputs].iter().zip(&weights[channel * inputs..][..inputs]);
            let sum: f64 = pairs.map(|(x, w)| quantized(x) * f64::from(*w)).sum();
            let expected = sum * f64::from(scales[channel]) + f64::from(bias[channel]);
            // Where the kernel takes 7-bit weights, their rounding errors add up as √inputs.
            let tolerance = if gemm.may_saturate() { 0.1 * (inputs as f64).sqrt() } else { 0.01 };
            assert!((f64::from(*got) - expected).abs() < tolerance, "row {row} of {rows}, {got} {expected}");
        }
    }

    /// rten-gemm 0.27, given zero points by row, uses the wrong rows' from the second block of 64 rows on: 79 % of the
    /// outputs were wrong at 100 rows. We give it none; this fails if the correction is ever handed back to it.
    #[test]
    fn zero_points_are_right_in_every_block_of_rows() {
        [1, 7, 63, 64, 65, 100, 128, 129, 200].into_iter().for_each(|rows| check(rows, 96, 64));
    }

    #[test]
    fn products_deeper_than_one_block_are_whole() {
        check(100, 64, 1536);
        check(3, 1152, 384);
    }

    #[test]
    fn rows_of_zeros_and_of_one_sign_are_quantised() {
        let mut out = Quantized::default();
        let values: Vec<f32> = [0.0_f32, 5.0, -3.0].iter().flat_map(|value| [*value; 32]).collect();
        out.resize(3, 32);
        QuantizeRows { values: &values, columns: 32, out: &mut out }.dispatch();
        for row in 0..3 {
            let value = (f32::from(out.bytes[row * 32]) - out.zeros[row]) * out.scales[row];
            assert!((value - values[row * 32]).abs() < 1e-5, "{value}");
        }
    }
}
