//! Layers in single precision, for models whose vectors 8-bit integers change too much.

use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{ApproxGelu, Gelu};

use super::attention::Attention;
use super::scratch::Scratch;
use super::simd::{Norm, Relu};
use super::weights::{Layer, ReadLinear, Scaled, Size};
use super::{Activation, Architecture, TILE_ROWS};
use crate::artefact::cursor::{Cursor, Short};

/// The products' executor. Made for each sequence, which costs nothing: it is not `Send`.
pub(super) type FloatGemm = GemmExecutor<f32, f32, f32>;

/// A linear layer: `out = input · weightsᵀ + bias`.
pub(super) struct Linear {
    packed: PackedBMatrix<f32>,
    bias: Vec<f32>,
}

impl ReadLinear for Linear {
    const MAGIC: &'static [u8; 8] = b"RGENF\0\0\x01";
    type Gemm = FloatGemm;

    fn read(cursor: &mut Cursor<'_>, size: Size, scaled: Scaled, gemm: &FloatGemm) -> Result<Self, Short> {
        let Size { outputs, inputs } = size;
        let (mut bias, mut weights) = (cursor.f32s(outputs)?, cursor.f32s(outputs * inputs)?);
        let Scaled { channels, factor } = scaled;
        bias[..channels].iter_mut().chain(&mut weights[..channels * inputs]).for_each(|value| *value *= factor);
        let matrix = NdTensorView::from_data([outputs, inputs], weights.as_slice());
        Ok(Self { packed: gemm.prepack_b(matrix.transposed()), bias })
    }
}

impl Linear {
    /// Writes the outputs for all rows of `input`, row after row, to the front of `out`.
    fn multiply(&self, gemm: &FloatGemm, input: &[f32], out: &mut [f32]) {
        let inputs = self.packed.rows();
        let rows = input.len() / inputs;
        let out = &mut out[..rows * self.bias.len()];
        let matrix = NdTensorView::from_data([rows, inputs], input);
        let options = GemmOptions { bias: Some(BiasVector::Row(&self.bias)), ..GemmOptions::default() };
        gemm.gemm(out, GemmInputA::Unpacked(matrix), GemmInputB::Packed(&self.packed), options)
            .expect("the weights were packed by this executor and all lengths are multiples of the same widths");
    }
}

impl Layer<Linear> {
    /// Runs the rows in `scratch` through the layer.
    pub(super) fn run(&self, gemm: &FloatGemm, shape: &Architecture, activation: Activation, scratch: &mut Scratch) {
        self.attend(gemm, shape, scratch);
        match activation {
            Activation::Gelu => self.feed_forward(gemm, shape, &Gelu {}, scratch),
            Activation::GeluTanh => self.feed_forward(gemm, shape, &ApproxGelu {}, scratch),
            Activation::Relu => self.feed_forward(gemm, shape, &Relu, scratch),
        }
    }

    fn attend(&self, gemm: &FloatGemm, shape: &Architecture, scratch: &mut Scratch) {
        let Architecture { heads, hidden, epsilon, .. } = *shape;
        let Scratch { rows, query_key_value, context, added, head, .. } = scratch;
        self.query_key_value.multiply(gemm, rows, query_key_value);
        Attention { query_key_value, heads, hidden, scratch: head, context }.dispatch();
        self.attention_output.multiply(gemm, context, added);
        AddNorm { added, rows, norm: self.attention_norm.with_epsilon(epsilon) }.dispatch();
    }

    fn feed_forward<A: SimdUnaryOp<f32>>(
        &self,
        gemm: &FloatGemm,
        shape: &Architecture,
        activation: &A,
        scratch: &mut Scratch,
    ) {
        let Architecture { hidden, feed_forward, epsilon, .. } = *shape;
        let Scratch { rows, wide, added, .. } = scratch;
        for tile in rows.chunks_mut(TILE_ROWS * hidden) {
            let wide = &mut wide[..tile.len() / hidden * feed_forward];
            self.up.multiply(gemm, tile, wide);
            Activate { values: wide, activation }.dispatch();
            self.down.multiply(gemm, wide, added);
            AddNorm { added, rows: tile, norm: self.output_norm.with_epsilon(epsilon) }.dispatch();
        }
    }
}

/// Applies the activation in place; there are whole vectors of values.
struct Activate<'a, A> {
    values: &'a mut [f32],
    activation: &'a A,
}

impl<A: SimdUnaryOp<f32>> SimdOp for Activate<'_, A> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let floats = isa.f32();
        for values in self.values.chunks_exact_mut(floats.len()) {
            floats.store(self.activation.eval(isa, floats.load(values)), values);
        }
    }
}

/// Adds products to rows, as many as there are rows, and normalises these.
struct AddNorm<'a> {
    added: &'a [f32],
    rows: &'a mut [f32],
    norm: Norm<'a>,
}

impl SimdOp for AddNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let (floats, columns) = (isa.f32(), self.norm.bias.len());
        for (row, added) in self.rows.chunks_exact_mut(columns).zip(self.added.chunks_exact(columns)) {
            for (values, added) in row.chunks_exact_mut(floats.len()).zip(added.chunks_exact(floats.len())) {
                floats.store(floats.add(floats.load(values), floats.load(added)), values);
            }
            self.norm.apply(isa, row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::WeightsWriter;
    use crate::encoder::shape::Arithmetic;

    /// Products over several blocks of rows and of depth, with the bias added once and the first channels scaled.
    #[test]
    fn products_are_those_of_the_weights() {
        for (rows, outputs, inputs) in [(1, 32, 32), (70, 96, 64), (130, 32, 1536)] {
            let value = |seed: usize, at: usize| ((at * 7919 + seed * 104_729) % 65_537) as f32 / 32_768.5 - 1.0;
            let values = |seed, count: usize| (0..count).map(|at| value(seed, at)).collect::<Vec<f32>>();
            let (weights, bias, input) = (values(1, outputs * inputs), values(2, outputs), values(3, rows * inputs));
            let mut writer = WeightsWriter::new(Arithmetic::Float32);
            writer.linear(&weights, &bias);
            let bytes = writer.take();
            let gemm = FloatGemm::new();
            let mut cursor = Cursor::new(&bytes[Linear::MAGIC.len()..]);
            let scaled = Scaled { channels: 7, factor: 0.25 };
            let linear = Linear::read(&mut cursor, Size { outputs, inputs }, scaled, &gemm).unwrap();
            let mut out = vec![f32::NAN; rows * outputs];
            linear.multiply(&gemm, &input, &mut out);
            for (at, got) in out.iter().enumerate() {
                let (row, channel) = (at / outputs, at % outputs);
                let pairs = input[row * inputs..][..inputs].iter().zip(&weights[channel * inputs..][..inputs]);
                let sum: f64 = pairs.map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
                let factor = if channel < 7 { 0.25 } else { 1.0 };
                let expected = (sum + f64::from(bias[channel])) * factor;
                assert!((f64::from(*got) - expected).abs() < 1e-3, "row {row}, channel {channel}: {got} {expected}");
            }
        }
    }
}
