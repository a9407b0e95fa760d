//! GGML's Q4_0: blocks of 18 bytes for 32 weights, a half-precision scale `d` and 16 bytes of nibbles.
//! The low nibbles are weights 0 to 15, the high ones 16 to 31; a weight is `(nibble - 8) * d`.

/// Weights in one block.
pub(crate) const BLOCK_WEIGHTS: usize = 32;
/// Bytes of one block.
pub(crate) const BLOCK_BYTES: usize = 18;

/// Bytes that `weights` weights take, if they fill whole blocks.
pub(crate) fn bytes_of(weights: usize) -> Option<usize> {
    weights.is_multiple_of(BLOCK_WEIGHTS).then(|| weights / BLOCK_WEIGHTS * BLOCK_BYTES)
}

/// Writes the weights of `blocks` to `out`, as many as both hold.
pub(crate) fn dequantize(blocks: &[u8], out: &mut [f32]) {
    let blocks = blocks.as_chunks::<BLOCK_BYTES>().0;
    for (block, out) in blocks.iter().zip(out.as_chunks_mut::<BLOCK_WEIGHTS>().0) {
        let scale = half_to_f32(u16::from_le_bytes([block[0], block[1]]));
        for (index, byte) in block[2..].iter().enumerate() {
            out[index] = (f32::from(byte & 15) - 8.0) * scale;
            out[index + 16] = (f32::from(byte >> 4) - 8.0) * scale;
        }
    }
}

/// IEEE 754 half precision to single precision, exact.
pub(crate) fn half_to_f32(half: u16) -> f32 {
    let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = (half >> 10) & 31;
    let fraction = half & 0x3ff;
    let magnitude = match exponent {
        0 => f32::from(fraction) * f32::powi(2.0, -24),
        31 if fraction == 0 => f32::INFINITY,
        31 => f32::NAN,
        _ => f32::from_bits((u32::from(exponent) + 112) << 23 | u32::from(fraction) << 13),
    };
    sign * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_values_are_exact() {
        let table = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
            (0x3555, 0.333_251_95),
        ];
        for (half, expected) in table {
            assert_eq!(half_to_f32(half), expected, "{half:#06x}");
        }
        assert!(half_to_f32(0x7e00).is_nan() && half_to_f32(0xfc00) == f32::NEG_INFINITY);
    }

    #[test]
    fn nibbles_land_in_their_places() {
        let mut block = [0x88_u8; BLOCK_BYTES];
        block[..2].copy_from_slice(&0x3800_u16.to_le_bytes()); // 0.5
        block[2] = 0xf0; // weight 0 = -8, weight 16 = 7
        let mut out = [9.0; BLOCK_WEIGHTS];
        dequantize(&block, &mut out);
        assert_eq!((out[0], out[16], out[1], out[31]), (-4.0, 3.5, 0.0, 0.0));
        assert_eq!((bytes_of(64), bytes_of(33)), (Some(36), None));
    }
}
