//! The title in the summary of a compound file (an OLE property set, MS-OLEPS 2.21).

use super::records::u32_at;

/// Where the offset of the first set stands: after the header and the set's identifier.
const FIRST_SET: usize = 44;

/// The property that holds the title.
const TITLE: u32 = 2;

/// A text in UTF-16.
const WIDE_TEXT: u32 = 0x1F;

/// The title that a summary stream tells.
pub(super) fn title(stream: &[u8]) -> Option<String> {
    let set = u32_at(stream, FIRST_SET)? as usize;
    let count = u32_at(stream, set.checked_add(4)?)?.min(64) as usize;
    let entry = (0..count).map(|number| set + 8 + 8 * number).find(|at| u32_at(stream, *at) == Some(TITLE))?;
    let value = set.checked_add(u32_at(stream, entry + 4)? as usize)?;
    if u32_at(stream, value)? != WIDE_TEXT {
        return None;
    }
    let units = u32_at(stream, value.checked_add(4)?)? as usize;
    let bytes = stream.get(value + 8..value.checked_add(8)?.checked_add(units.checked_mul(2)?)?)?;
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).take_while(|unit| *unit != 0);
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_found_and_nothing_else_is_believed() {
        let text: Vec<u8> = "계획\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut stream = vec![0; FIRST_SET];
        for number in [48_u32, 0, 1, TITLE, 16, WIDE_TEXT, 3] {
            stream.extend(number.to_le_bytes());
        }
        stream.extend(text);
        assert_eq!(title(&stream).as_deref(), Some("계획"));
        for length in 0..stream.len() {
            assert_eq!(title(&stream[..length]), None, "{length}");
        }
        assert_eq!(title(&[0xFF; 256]), None);
    }
}
