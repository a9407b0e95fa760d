//! Reads little-endian fields from bytes without ever running past their end.

/// The bytes end before the field does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} bytes are missing at offset {at}")]
pub(crate) struct Short {
    /// Where the field starts.
    pub(crate) at: usize,
    /// How many bytes of it are not there.
    pub(crate) wanted: usize,
}

/// A position in a byte string; each read advances it.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where the next read starts.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Short> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(Short { at: self.at, wanted: count.saturating_sub(self.remaining()) })?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Short> {
        self.array::<1>().map(|b| b[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Short> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn f32(&mut self) -> Result<f32, Short> {
        self.array().map(f32::from_le_bytes)
    }

    pub(crate) fn u32s(&mut self, count: usize) -> Result<Vec<u32>, Short> {
        let bytes = self.take(count.saturating_mul(4))?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect())
    }

    pub(crate) fn f32s(&mut self, count: usize) -> Result<Vec<f32>, Short> {
        let bytes = self.take(count.saturating_mul(4))?;
        Ok(f32s_of(bytes))
    }

    pub(crate) fn i8s(&mut self, count: usize) -> Result<Vec<i8>, Short> {
        Ok(self.take(count)?.iter().map(|b| b.cast_signed()).collect())
    }
}

/// Little-endian f32 values; up to three bytes left over at the end are ignored.
pub(crate) fn f32s_of(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order_and_never_past_the_end() {
        let mut cursor = Cursor::new(&[1, 2, 0, 0, 0, 128, 63, 255]);
        assert_eq!((cursor.u8(), cursor.u16(), cursor.remaining()), (Ok(1), Ok(2), 5));
        assert_eq!(cursor.take(6), Err(Short { at: 3, wanted: 1 }));
        assert_eq!((cursor.f32(), cursor.i8s(1)), (Ok(1.0), Ok(vec![-1])));
        assert_eq!((cursor.position(), cursor.u8()), (8, Err(Short { at: 8, wanted: 1 })));
    }

    #[test]
    fn an_absurd_count_is_refused_and_not_allocated() {
        assert!(Cursor::new(&[0; 8]).f32s(usize::MAX).is_err());
        assert!(Cursor::new(&[0; 8]).take(usize::MAX).is_err());
    }
}
