//! Turns the pinned artefact into the files of an installed model. Pure: bytes in, bytes out, the same everywhere.

use crate::artefact::{Artefact, ArtefactError, q4};
use crate::encoder::{Architecture, Variant, WeightsWriter};
use crate::tokenizer::{TableError, encode_table};

/// Conversion failed.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The artefact is not what its format says.
    #[error(transparent)]
    Artefact(#[from] ArtefactError),
    /// Its vocabulary does not make a trie.
    #[error(transparent)]
    Tokenizer(#[from] TableError),
}

/// The files of an installed model, in the order in which they are written.
pub(crate) struct Converted<'a> {
    pub(crate) architecture: Architecture,
    pub(crate) encoder: Vec<u8>,
    pub(crate) tokenizer: Vec<u8>,
    /// The word table is kept in Q4_0, as it stands in the artefact.
    pub(crate) words: &'a [u8],
}

/// Converts the bytes of an artefact.
pub(crate) fn convert(artefact: &[u8]) -> Result<Converted<'_>, ConvertError> {
    let artefact = Artefact::parse(artefact)?;
    let architecture = artefact.architecture;
    let words = artefact.q4("emb.word", architecture.vocabulary * architecture.hidden)?;
    if artefact.vocabulary.pieces.len() > architecture.vocabulary {
        return Err(
            ArtefactError::Field { field: "number of word rows", value: architecture.vocabulary.to_string() }.into()
        );
    }
    let tokenizer = encode_table(&artefact.vocabulary)?;
    Ok(Converted { architecture, encoder: encode_weights(&artefact)?, tokenizer, words })
}

fn encode_weights(artefact: &Artefact<'_>) -> Result<Vec<u8>, ArtefactError> {
    let shape = &artefact.architecture;
    let mut writer = WeightsWriter::new(Variant::ARTEFACT.arithmetic);
    let mut positions = artefact.f32s("emb.pos", shape.positions * shape.hidden)?;
    // Only token type 0 is ever used: its row, the first, is added to every position.
    let token_types = artefact.f32s("emb.type", shape.token_types * shape.hidden)?;
    for row in positions.chunks_exact_mut(shape.hidden) {
        row.iter_mut().zip(&token_types).for_each(|(position, token_type)| *position += token_type);
    }
    writer.floats(&positions);
    write_norm(artefact, &mut writer, "emb.ln")?;
    for layer in 0..shape.layers {
        let name = |part: &str| format!("l{layer}.{part}");
        write_linear(artefact, &mut writer, &[name("q"), name("k"), name("v")], shape.hidden, shape.hidden)?;
        write_linear(artefact, &mut writer, &[name("ao")], shape.hidden, shape.hidden)?;
        write_norm(artefact, &mut writer, &name("aln"))?;
        write_linear(artefact, &mut writer, &[name("fi")], shape.feed_forward, shape.hidden)?;
        write_linear(artefact, &mut writer, &[name("fo")], shape.hidden, shape.feed_forward)?;
        write_norm(artefact, &mut writer, &name("oln"))?;
    }
    Ok(writer.take())
}

fn write_norm(artefact: &Artefact<'_>, writer: &mut WeightsWriter, name: &str) -> Result<(), ArtefactError> {
    for part in ["w", "b"] {
        writer.floats(&artefact.f32s(&format!("{name}.{part}"), artefact.architecture.hidden)?);
    }
    Ok(())
}

/// Writes matrices of [outputs, inputs] each, stacked into one.
fn write_linear(
    artefact: &Artefact<'_>,
    writer: &mut WeightsWriter,
    names: &[String],
    outputs: usize,
    inputs: usize,
) -> Result<(), ArtefactError> {
    let (mut weights, mut bias) = (Vec::new(), Vec::new());
    for name in names {
        let start = weights.len();
        weights.resize(start + outputs * inputs, 0.0);
        q4::dequantize(artefact.q4(&format!("{name}.w"), outputs * inputs)?, &mut weights[start..]);
        bias.extend(artefact.f32s(&format!("{name}.b"), outputs)?);
    }
    writer.linear(&weights, &bias);
    Ok(())
}
