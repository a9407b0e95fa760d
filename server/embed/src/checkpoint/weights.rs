//! The weights of `encoder.bin`, part by part, so that no more than one layer is in memory at a time.

use super::{CheckpointError, Description, Tensors};
use crate::encoder::{Arithmetic, WeightsWriter};

/// The parts of `encoder.bin` in order: the head with the position table, then each layer.
pub(crate) fn weight_parts<'a>(
    description: &'a Description,
    tensors: &'a Tensors<'a>,
    arithmetic: Arithmetic,
) -> impl Iterator<Item = Result<Vec<u8>, CheckpointError>> + 'a {
    let mut converter = Converter { description, tensors, writer: WeightsWriter::new(arithmetic) };
    let layers = description.architecture.layers;
    (0..=layers).map(move |part| {
        match part {
            0 => converter.head()?,
            layer => converter.layer(layer - 1)?,
        }
        Ok(converter.writer.take())
    })
}

struct Converter<'a> {
    description: &'a Description,
    tensors: &'a Tensors<'a>,
    writer: WeightsWriter,
}

impl Converter<'_> {
    fn head(&mut self) -> Result<(), CheckpointError> {
        let shape = &self.description.architecture;
        let size = [self.description.position_rows, shape.hidden];
        let table = self.tensors.floats("embeddings.position_embeddings.weight", &size)?;
        let first = self.description.first_position * shape.hidden;
        let mut positions = table[first..first + shape.positions * shape.hidden].to_vec();
        // Only token type 0 is ever used: its row, the first, is added to every position.
        let size = [shape.token_types, shape.hidden];
        let token_types = self.tensors.floats("embeddings.token_type_embeddings.weight", &size)?;
        for row in positions.chunks_exact_mut(shape.hidden) {
            row.iter_mut().zip(&token_types).for_each(|(position, token_type)| *position += token_type);
        }
        self.writer.floats(&positions);
        self.norm("embeddings.LayerNorm")
    }

    fn layer(&mut self, layer: usize) -> Result<(), CheckpointError> {
        let (hidden, wide) = (self.description.architecture.hidden, self.description.architecture.feed_forward);
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let projections = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        self.linear(&projections, hidden, hidden)?;
        self.linear(&[name("attention.output.dense")], hidden, hidden)?;
        self.norm(&name("attention.output.LayerNorm"))?;
        self.linear(&[name("intermediate.dense")], wide, hidden)?;
        self.linear(&[name("output.dense")], hidden, wide)?;
        self.norm(&name("output.LayerNorm"))
    }

    fn norm(&mut self, name: &str) -> Result<(), CheckpointError> {
        for part in ["weight", "bias"] {
            let size = [self.description.architecture.hidden];
            self.writer.floats(&self.tensors.floats(&format!("{name}.{part}"), &size)?);
        }
        Ok(())
    }

    /// Matrices of [outputs, inputs] each, stacked into one.
    fn linear(&mut self, names: &[String], outputs: usize, inputs: usize) -> Result<(), CheckpointError> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.tensors.floats(&format!("{name}.weight"), &[outputs, inputs])?);
            bias.extend(self.tensors.floats(&format!("{name}.bias"), &[outputs])?);
        }
        self.writer.linear(&weights, &bias);
        Ok(())
    }
}
