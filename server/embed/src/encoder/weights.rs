//! The installed weights, `encoder.bin`, packed for this processor's matrix products when they are read.
//! The layout is in docs/adr/0006-installed-model-format.md.

use super::simd::Norm;
use super::{Architecture, Arithmetic, float32, int8};
use crate::artefact::cursor::{Cursor, Short};

/// `encoder.bin` cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WeightsError {
    /// The first bytes are others.
    #[error("it does not start as the weights of this version do")]
    Magic,
    /// The bytes end too early.
    #[error("it is truncated: {0}")]
    Truncated(String),
    /// There are bytes left over.
    #[error("it has {0} bytes too many")]
    Excess(usize),
    /// A width the encoder does not handle.
    #[error("its {0} cannot be")]
    Shape(&'static str),
}

impl From<Short> for WeightsError {
    fn from(short: Short) -> Self {
        Self::Truncated(short.to_string())
    }
}

/// How many values a linear layer gives out and takes.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) outputs: usize,
    pub(super) inputs: usize,
}

/// The outputs of the first `channels` channels of a linear layer are multiplied by `factor`.
#[derive(Clone, Copy)]
pub(super) struct Scaled {
    pub(super) channels: usize,
    pub(super) factor: f32,
}

impl Scaled {
    const NONE: Self = Self { channels: 0, factor: 1.0 };
}

/// A linear layer of one arithmetic, as `encoder.bin` holds it.
pub(super) trait ReadLinear: Sized {
    /// What a file of this arithmetic starts with.
    const MAGIC: &'static [u8; 8];
    /// The products' executor.
    type Gemm: Default;

    /// Reads the layer and packs it for `gemm`.
    fn read(cursor: &mut Cursor<'_>, size: Size, scaled: Scaled, gemm: &Self::Gemm) -> Result<Self, Short>;
}

/// Weight and bias of a layer normalisation.
pub(super) struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl LayerNorm {
    fn read(cursor: &mut Cursor<'_>, width: usize) -> Result<Self, Short> {
        Ok(Self { weight: cursor.f32s(width)?, bias: cursor.f32s(width)? })
    }

    pub(super) fn with_epsilon(&self, epsilon: f32) -> Norm<'_> {
        Norm { weight: &self.weight, bias: &self.bias, epsilon }
    }
}

/// One layer.
pub(super) struct Layer<L> {
    /// Query, key and value in one product; the query is scaled by 1/√(width of a head).
    pub(super) query_key_value: L,
    pub(super) attention_output: L,
    pub(super) attention_norm: LayerNorm,
    pub(super) up: L,
    pub(super) down: L,
    pub(super) output_norm: LayerNorm,
}

/// All layers, in the arithmetic they were installed in.
pub(super) enum Layers {
    Int8(Vec<Layer<int8::Linear>>),
    Float32(Vec<Layer<float32::Linear>>),
}

/// All weights but the word rows.
pub(super) struct Weights {
    /// Position rows with the row of token type 0 added: [positions, hidden].
    pub(super) positions: Vec<f32>,
    pub(super) embedding_norm: LayerNorm,
    pub(super) layers: Layers,
}

impl Weights {
    /// Reads and packs `encoder.bin`.
    pub(super) fn read(bytes: &[u8], shape: &Architecture, arithmetic: Arithmetic) -> Result<Self, WeightsError> {
        match arithmetic {
            Arithmetic::Int8 => Self::read_layers(bytes, shape, Layers::Int8),
            Arithmetic::Float32 => Self::read_layers(bytes, shape, Layers::Float32),
        }
    }

    fn read_layers<L: ReadLinear>(
        bytes: &[u8],
        shape: &Architecture,
        layers_of: impl FnOnce(Vec<Layer<L>>) -> Layers,
    ) -> Result<Self, WeightsError> {
        let mut cursor = Cursor::new(bytes);
        if cursor.take(L::MAGIC.len()).map_err(|_| WeightsError::Magic)? != L::MAGIC {
            return Err(WeightsError::Magic);
        }
        let positions = cursor.f32s(shape.positions * shape.hidden)?;
        let embedding_norm = LayerNorm::read(&mut cursor, shape.hidden)?;
        let gemm = L::Gemm::default();
        let layers = (0..shape.layers).map(|_| Layer::read(&mut cursor, shape, &gemm)).collect::<Result<_, _>>()?;
        match cursor.remaining() {
            0 => Ok(Self { positions, embedding_norm, layers: layers_of(layers) }),
            excess => Err(WeightsError::Excess(excess)),
        }
    }
}

impl<L: ReadLinear> Layer<L> {
    fn read(cursor: &mut Cursor<'_>, shape: &Architecture, gemm: &L::Gemm) -> Result<Self, Short> {
        let (hidden, wide) = (shape.hidden, shape.feed_forward);
        let query = Scaled { channels: hidden, factor: 1.0 / (shape.head_width() as f32).sqrt() };
        let linear =
            |cursor: &mut Cursor<'_>, outputs, inputs| L::read(cursor, Size { outputs, inputs }, Scaled::NONE, gemm);
        Ok(Self {
            query_key_value: L::read(cursor, Size { outputs: 3 * hidden, inputs: hidden }, query, gemm)?,
            attention_output: linear(cursor, hidden, hidden)?,
            attention_norm: LayerNorm::read(cursor, hidden)?,
            up: linear(cursor, wide, hidden)?,
            down: linear(cursor, hidden, wide)?,
            output_norm: LayerNorm::read(cursor, hidden)?,
        })
    }
}

/// Writes what [`Weights::read`] reads.
pub(crate) struct WeightsWriter {
    arithmetic: Arithmetic,
    bytes: Vec<u8>,
}

impl WeightsWriter {
    pub(crate) fn new(arithmetic: Arithmetic) -> Self {
        let magic = match arithmetic {
            Arithmetic::Int8 => int8::Linear::MAGIC,
            Arithmetic::Float32 => float32::Linear::MAGIC,
        };
        Self { arithmetic, bytes: magic.to_vec() }
    }

    pub(crate) fn floats(&mut self, values: &[f32]) {
        self.bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    /// Writes [out, in] weights and the bias of each output.
    pub(crate) fn linear(&mut self, weights: &[f32], bias: &[f32]) {
        match self.arithmetic {
            Arithmetic::Int8 => self.quantized(weights, bias),
            Arithmetic::Float32 => {
                self.floats(bias);
                self.floats(weights);
            }
        }
    }

    /// Quantises rows of weights to i8, symmetric, one scale for each row, and writes them.
    fn quantized(&mut self, weights: &[f32], bias: &[f32]) {
        let rows = weights.chunks_exact(weights.len() / bias.len());
        // An all-zero row gets a scale that is not zero, so that dividing by it is defined.
        let scale_of =
            |row: &[f32]| (row.iter().fold(0.0_f32, |most, w| most.max(w.abs())) / 127.0).max(f32::MIN_POSITIVE);
        let scales: Vec<f32> = rows.clone().map(scale_of).collect();
        self.floats(&scales);
        self.floats(bias);
        for (row, scale) in rows.zip(&scales) {
            self.bytes.extend(row.iter().map(|w| ((w / scale).round_ties_even() as i8).cast_unsigned()));
        }
    }

    /// The bytes written since the last call.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}
