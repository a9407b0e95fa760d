//! The word table: one row for each token id, looked up in the mapped file, so that only the rows in use take memory.

use ragops_storage::MappedFile;

use super::{Architecture, WeightsError, WordFormat};
use crate::artefact::q4;

impl WordFormat {
    /// Bytes of a row of `width` weights; `width` is a multiple of `simd::LANES`.
    pub(crate) fn row_bytes(self, width: usize) -> usize {
        match self {
            Self::Q4 => width / q4::BLOCK_WEIGHTS * q4::BLOCK_BYTES,
            Self::F32 => width * 4,
            Self::F16 | Self::Bf16 => width * 2,
        }
    }

    /// Writes the weights of `bytes` to `out`, as many as both hold.
    pub(crate) fn read(self, bytes: &[u8], out: &mut [f32]) {
        let halves = bytes.as_chunks::<2>().0.iter().map(|half| u16::from_le_bytes(*half));
        match self {
            Self::Q4 => q4::dequantize(bytes, out),
            Self::F32 => {
                let singles = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
                out.iter_mut().zip(singles).for_each(|(out, value)| *out = value);
            }
            Self::F16 => out.iter_mut().zip(halves).for_each(|(out, half)| *out = q4::half_to_f32(half)),
            // bfloat16 is the front half of a single.
            Self::Bf16 => {
                out.iter_mut().zip(halves).for_each(|(out, half)| *out = f32::from_bits(u32::from(half) << 16))
            }
        }
    }
}

/// The mapped table.
pub(super) struct WordTable {
    file: MappedFile,
    format: WordFormat,
    row_bytes: usize,
}

impl WordTable {
    pub(super) fn new(file: MappedFile, format: WordFormat, shape: &Architecture) -> Result<Self, WeightsError> {
        let row_bytes = format.row_bytes(shape.hidden);
        if shape.vocabulary == 0 || file.len() != shape.vocabulary.saturating_mul(row_bytes) {
            return Err(WeightsError::Shape("word table"));
        }
        file.advise_random();
        Ok(Self { file, format, row_bytes })
    }

    /// Writes the row of a token; an id outside the table counts as row 0.
    pub(super) fn read(&self, id: u32, out: &mut [f32]) {
        let start = id as usize * self.row_bytes;
        let row = self.file.get(start..start + self.row_bytes).unwrap_or(&self.file[..self.row_bytes]);
        self.format.read(row, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_and_singles_are_read_exactly() {
        let check = |format: WordFormat, bytes: &[u8], expected: &[f32]| {
            let mut out = vec![0.0; expected.len()];
            format.read(bytes, &mut out);
            assert_eq!(out, expected, "{format:?}");
        };
        check(WordFormat::F32, &[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], &[1.0, -2.0]);
        check(WordFormat::F16, &[0, 0x3c, 0, 0xc0], &[1.0, -2.0]);
        check(WordFormat::Bf16, &[0x80, 0x3f, 0, 0xc0], &[1.0, -2.0]);
    }
}
