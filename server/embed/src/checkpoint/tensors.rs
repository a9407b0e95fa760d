//! `model.safetensors`: tensors by their names, checked for shape, type and finite values when they are read.

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::CheckpointError;
use crate::encoder::WordFormat;

/// The file's name.
pub(crate) const WEIGHTS: &str = "model.safetensors";

/// What a model's tensors are called, after the model's own prefix.
const WORDS: &str = "embeddings.word_embeddings.weight";

/// What stands before the names in a file saved from a model with a head.
const PREFIXES: [&str; 5] = ["", "bert.", "roberta.", "model.", "0.auto_model."];

/// The tensors of a file.
pub(crate) struct Tensors<'a> {
    tensors: SafeTensors<'a>,
    prefix: &'static str,
}

impl<'a> Tensors<'a> {
    /// Reads the file's head; every tensor lies within `bytes` then.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, CheckpointError> {
        let unreadable = |reason| CheckpointError::Unreadable { file: WEIGHTS, reason };
        let truncated = |error: safetensors::SafeTensorError| match error {
            safetensors::SafeTensorError::MetadataIncompleteBuffer
            | safetensors::SafeTensorError::InvalidHeaderLength
            | safetensors::SafeTensorError::HeaderTooSmall => format!("{error}: it is truncated; fetch it again"),
            _ => error.to_string(),
        };
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| unreadable(truncated(error)))?;
        let has_words = |prefix: &&str| tensors.tensor(&format!("{prefix}{WORDS}")).is_ok();
        let prefix = PREFIXES.into_iter().find(has_words).unwrap_or_default();
        Ok(Self { tensors, prefix })
    }

    /// The values of a tensor of this shape.
    pub(crate) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        let (name, view) = self.view(name, shape)?;
        let format = format_of(&name, &view)?;
        let mut values = vec![0.0; shape.iter().product()];
        format.read(view.data(), &mut values);
        check_finite(&name, &values)?;
        Ok(values)
    }

    /// The bytes of the word table, [rows, width], as they stand in the file.
    pub(crate) fn words(&self, rows: usize, width: usize) -> Result<(WordFormat, &'a [u8]), CheckpointError> {
        let (name, view) = self.view(WORDS, &[rows, width])?;
        let format = format_of(&name, &view)?;
        let mut row = vec![0.0; width];
        for bytes in view.data().chunks_exact(format.row_bytes(width)) {
            format.read(bytes, &mut row);
            check_finite(&name, &row)?;
        }
        Ok((format, view.data()))
    }

    fn view(&self, name: &str, shape: &[usize]) -> Result<(String, TensorView<'a>), CheckpointError> {
        let written = format!("{}{name}", self.prefix);
        // Files from before 2019 call a normalisation's weight gamma and its bias beta.
        let old = written.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
        let found = self.tensors.tensor(&written).or_else(|_| self.tensors.tensor(&old));
        let view = found.map_err(|_| tensor(&written, "is missing".to_owned()))?;
        if view.shape() != shape {
            let problem = format!("has the shape {:?} and not {shape:?}, as `config.json` says", view.shape());
            return Err(tensor(&written, problem));
        }
        Ok((written, view))
    }
}

fn tensor(name: &str, problem: String) -> CheckpointError {
    CheckpointError::Tensor { name: name.to_owned(), problem }
}

fn format_of(name: &str, view: &TensorView<'_>) -> Result<WordFormat, CheckpointError> {
    match view.dtype() {
        Dtype::F32 => Ok(WordFormat::F32),
        Dtype::F16 => Ok(WordFormat::F16),
        Dtype::BF16 => Ok(WordFormat::Bf16),
        other => Err(tensor(name, format!("has the type {other:?}; read are F32, F16 and BF16"))),
    }
}

fn check_finite(name: &str, values: &[f32]) -> Result<(), CheckpointError> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(()),
        Some(value) => Err(tensor(name, format!("holds {value}, so that every vector would; the file is damaged"))),
    }
}
