//! Reads the pinned artefact: the `E5S1` file, a BERT encoder in Q4_0 with its SentencePiece vocabulary.
//! The layout is described in docs/adr/0006-installed-model-format.md. Reads only; nothing here touches the disk.

pub(crate) mod cursor;
pub(crate) mod q4;

use std::collections::BTreeMap;

use cursor::{Cursor, Short};

use crate::encoder::Architecture;

/// The first bytes of an artefact.
pub(crate) const MAGIC: &[u8; 4] = b"E5S1";

/// The bytes are not an artefact this version reads.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ArtefactError {
    /// The first four bytes are others.
    #[error("it does not start with `E5S1`")]
    Magic,
    /// A version from the future.
    #[error("its layout has version {0}, and version 1 is read here")]
    Version(u32),
    /// The bytes end too early.
    #[error("it is truncated: {wanted} bytes are missing at offset {at}")]
    Truncated {
        /// Offset of the field that is cut off.
        at: usize,
        /// How many bytes of it are missing.
        wanted: usize,
    },
    /// A size or count that cannot be.
    #[error("its {field} is {value}, which cannot be")]
    Field {
        /// Which field.
        field: &'static str,
        /// What it says.
        value: String,
    },
    /// A tensor is missing or has another type or size.
    #[error("its tensor `{name}` is {problem}")]
    Tensor {
        /// Name of the tensor.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl From<Short> for ArtefactError {
    fn from(short: Short) -> Self {
        Self::Truncated { at: short.at, wanted: short.wanted }
    }
}

/// The vocabulary of an artefact.
pub(crate) struct Vocabulary<'a> {
    /// Pieces in UTF-8 with their scores; the index is the token id.
    pub(crate) pieces: Vec<(&'a str, f32)>,
    /// Marks the start of a sequence.
    pub(crate) start: u32,
    /// Marks the end of a sequence.
    pub(crate) end: u32,
    /// Fills batches; never used here.
    pub(crate) padding: u32,
    /// Stands for a character no piece covers.
    pub(crate) unknown: u32,
    /// What each code point becomes; ascending, those that stay themselves are not listed.
    pub(crate) replacements: Vec<(u32, Vec<u32>)>,
}

enum Kind {
    F32,
    Q4,
}

struct Tensor<'a> {
    kind: Kind,
    elements: usize,
    bytes: &'a [u8],
}

/// A parsed artefact, borrowing its bytes.
pub(crate) struct Artefact<'a> {
    pub(crate) architecture: Architecture,
    pub(crate) vocabulary: Vocabulary<'a>,
    tensors: BTreeMap<&'a str, Tensor<'a>>,
}

impl<'a> Artefact<'a> {
    /// Parses the header, the vocabulary and the directory of tensors, checking every size against the file's.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, ArtefactError> {
        let mut cursor = Cursor::new(bytes);
        if cursor.take(4).map_err(|_| ArtefactError::Magic)? != MAGIC {
            return Err(ArtefactError::Magic);
        }
        match cursor.u32()? {
            1 => {}
            version => return Err(ArtefactError::Version(version)),
        }
        let architecture = read_architecture(&mut cursor)?;
        let vocabulary = read_vocabulary(&mut cursor)?;
        let tensors = read_directory(bytes, &mut cursor)?;
        Ok(Self { architecture, vocabulary, tensors })
    }

    /// The values of an f32 tensor of `elements` values.
    pub(crate) fn f32s(&self, name: &str, elements: usize) -> Result<Vec<f32>, ArtefactError> {
        match self.tensor(name, elements)? {
            Tensor { kind: Kind::F32, bytes, .. } => Ok(cursor::f32s_of(bytes)),
            _ => Err(ArtefactError::Tensor { name: name.to_owned(), problem: "not of type f32" }),
        }
    }

    /// The blocks of a Q4_0 tensor of `elements` weights.
    pub(crate) fn q4(&self, name: &str, elements: usize) -> Result<&'a [u8], ArtefactError> {
        match self.tensor(name, elements)? {
            Tensor { kind: Kind::Q4, bytes, .. } => Ok(bytes),
            _ => Err(ArtefactError::Tensor { name: name.to_owned(), problem: "not of type Q4_0" }),
        }
    }

    fn tensor(&self, name: &str, elements: usize) -> Result<&Tensor<'a>, ArtefactError> {
        let error = |problem| ArtefactError::Tensor { name: name.to_owned(), problem };
        let tensor = self.tensors.get(name).ok_or_else(|| error("missing"))?;
        if tensor.elements == elements { Ok(tensor) } else { Err(error("of another size")) }
    }
}

fn size(cursor: &mut Cursor<'_>, field: &'static str, limit: u32) -> Result<usize, ArtefactError> {
    match cursor.u32()? {
        value @ 1.. if value <= limit => Ok(value as usize),
        value => Err(ArtefactError::Field { field, value: value.cast_signed().to_string() }),
    }
}

fn read_architecture(cursor: &mut Cursor<'_>) -> Result<Architecture, ArtefactError> {
    let architecture = Architecture {
        hidden: size(cursor, "width", 1 << 14)?,
        layers: size(cursor, "number of layers", 1 << 10)?,
        heads: size(cursor, "number of heads", 1 << 10)?,
        feed_forward: size(cursor, "feed-forward width", 1 << 16)?,
        vocabulary: size(cursor, "number of word rows", 1 << 24)?,
        positions: size(cursor, "number of positions", 1 << 16)?,
        token_types: size(cursor, "number of token types", 1 << 8)?,
        epsilon: cursor.f32()?,
    };
    let block = size(cursor, "block size", 1 << 16)?;
    let problem = |field, value: String| Err(ArtefactError::Field { field, value });
    match architecture {
        _ if block != q4::BLOCK_WEIGHTS => problem("block size", block.to_string()),
        Architecture { hidden, .. } if !hidden.is_multiple_of(q4::BLOCK_WEIGHTS) => {
            problem("width", hidden.to_string())
        }
        Architecture { feed_forward, .. } if !feed_forward.is_multiple_of(q4::BLOCK_WEIGHTS) => {
            problem("feed-forward width", feed_forward.to_string())
        }
        Architecture { hidden, heads, .. } if !hidden.is_multiple_of(heads) => {
            problem("number of heads", heads.to_string())
        }
        Architecture { positions, .. } if positions < 8 => problem("number of positions", positions.to_string()),
        Architecture { epsilon, .. } if !(epsilon > 0.0 && epsilon < 1.0) => problem("epsilon", epsilon.to_string()),
        _ => Ok(architecture),
    }
}

fn read_vocabulary<'a>(cursor: &mut Cursor<'a>) -> Result<Vocabulary<'a>, ArtefactError> {
    let count = size(cursor, "number of pieces", 1 << 24)?;
    let mut marker = |field| match cursor.u32()? {
        id if (id as usize) < count => Ok(id),
        id => Err(ArtefactError::Field { field, value: id.to_string() }),
    };
    let (start, end) = (marker("start marker")?, marker("end marker")?);
    let (padding, unknown) = (marker("padding marker")?, marker("unknown marker")?);
    let text_len = usize::try_from(cursor.u64()?).unwrap_or(usize::MAX);
    let offsets = cursor.u32s(count + 1)?;
    let scores = cursor.f32s(count)?;
    let text = cursor.take(text_len)?;
    let piece = |(bounds, score): (&[u32], f32)| {
        let bytes = text.get(bounds[0] as usize..bounds[1] as usize)?;
        std::str::from_utf8(bytes).ok().map(|piece| (piece, score))
    };
    let pieces = offsets.windows(2).zip(scores).map(piece).collect::<Option<Vec<_>>>();
    let pieces = pieces.ok_or_else(|| ArtefactError::Field { field: "piece", value: "outside its text".into() })?;
    Ok(Vocabulary { pieces, start, end, padding, unknown, replacements: read_replacements(cursor)? })
}

fn read_replacements(cursor: &mut Cursor<'_>) -> Result<Vec<(u32, Vec<u32>)>, ArtefactError> {
    let count = cursor.u32()?;
    let byte_len = cursor.u32()? as usize;
    let mut entries = Cursor::new(cursor.take(byte_len)?);
    let mut replacements = Vec::new();
    for _ in 0..count {
        let code_point = entries.u32()?;
        let length = entries.u8()?;
        let output = entries.u32s(usize::from(length))?;
        if let Some(bad) = output.iter().find(|c| char::from_u32(**c).is_none()) {
            return Err(ArtefactError::Field { field: "replacement", value: format!("{bad:#x}") });
        }
        replacements.push((code_point, output));
    }
    if !replacements.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(ArtefactError::Field { field: "list of replacements", value: "not ascending".into() });
    }
    Ok(replacements)
}

fn read_directory<'a>(
    bytes: &'a [u8],
    cursor: &mut Cursor<'a>,
) -> Result<BTreeMap<&'a str, Tensor<'a>>, ArtefactError> {
    let mut tensors = BTreeMap::new();
    for _ in 0..size(cursor, "number of tensors", 1 << 16)? {
        let name_len = cursor.u16()?;
        let name = std::str::from_utf8(cursor.take(usize::from(name_len))?).unwrap_or_default();
        let error = |problem| ArtefactError::Tensor { name: name.to_owned(), problem };
        let (kind, elements) = (cursor.u8()?, cursor.u32()? as usize);
        let (offset, length) = (cursor.u64()?, cursor.u64()?);
        let (kind, expected) = match kind {
            0 => (Kind::F32, Some(elements * 4)),
            1 => (Kind::Q4, q4::bytes_of(elements)),
            _ => return Err(error("of a type not known here")),
        };
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if expected != Some(length) {
            return Err(error("of another size than its type says"));
        }
        let end = start.saturating_add(length);
        let short = || Short { at: start, wanted: end - bytes.len() };
        tensors.insert(name, Tensor { kind, elements, bytes: bytes.get(start..end).ok_or_else(short)? });
    }
    Ok(tensors)
}
