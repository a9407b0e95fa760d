//! The records of HWP 5 (its data records, chapter 4 of the format's description): a tag, a level, bytes. The levels make
//! a tree; it is walked by position, so that a hostile file cannot make it deep.

use crate::{Problem, ProblemKind};

/// Tags begin here.
const BEGIN: u16 = 0x10;

/// A numbering.
pub(super) const NUMBERING: u16 = BEGIN + 7;
/// A bullet.
pub(super) const BULLET: u16 = BEGIN + 8;
/// A paragraph shape.
pub(super) const PARA_SHAPE: u16 = BEGIN + 9;
/// A paragraph.
pub(super) const PARA_HEADER: u16 = BEGIN + 50;
/// Its text.
pub(super) const PARA_TEXT: u16 = BEGIN + 51;
/// Something that hangs on it.
pub(super) const CTRL_HEADER: u16 = BEGIN + 55;
/// The head of a list of paragraphs: a cell, a note, a text box.
pub(super) const LIST_HEADER: u16 = BEGIN + 56;
/// The properties of a table.
pub(super) const TABLE: u16 = BEGIN + 61;
/// An equation.
pub(super) const EQUATION: u16 = BEGIN + 72;

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// What it is.
    pub(super) tag: u16,
    /// How deep in the tree.
    pub(super) level: u16,
    /// What it says.
    pub(super) data: &'a [u8],
}

/// Most records of a stream: a section of 500 pages has some 200,000. Each takes 24 bytes, and may be 4 in the file.
const MAX_RECORDS: usize = 2_000_000;

/// Splits a stream into records, and says where that is not to its end.
pub(super) fn split(stream: &[u8]) -> (Vec<Record<'_>>, Option<Problem>) {
    let mut records = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        if records.len() >= MAX_RECORDS {
            let detail = format!("only the first {MAX_RECORDS} records are read");
            return (records, Some(Problem::new(ProblemKind::TooLarge, detail)));
        }
        let Some((record, after)) = next(rest) else {
            return (records, Some(Problem::new(ProblemKind::PartlyMalformed, "it ends in the middle")));
        };
        records.push(record);
        rest = after;
    }
    (records, None)
}

fn next(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let head = u32_at(bytes, 0)?;
    let (tag, level) = ((head & 0x3FF) as u16, (head >> 10 & 0x3FF) as u16);
    // A size of 4095 means that the size follows.
    let (size, from) = match head >> 20 {
        0xFFF => (u32_at(bytes, 4)? as usize, 8),
        size => (size as usize, 4),
    };
    let data = bytes.get(from..usize::checked_add(from, size)?)?;
    Some((Record { tag, level, data }, &bytes[from + size..]))
}

/// The record at a place and those below it.
pub(super) fn subtree<'r, 'a>(records: &'r [Record<'a>], at: usize) -> &'r [Record<'a>] {
    let level = records[at].level;
    let below = records[at + 1..].iter().take_while(|record| record.level > level).count();
    &records[at..=at + below]
}

/// Two bytes as a number.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Four bytes as a number.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// A text of a length in front of it, in UTF-16 units.
pub(super) fn text_at(bytes: &[u8], at: usize) -> Option<String> {
    let units = usize::from(u16_at(bytes, at)?);
    let bytes = bytes.get(at + 2..at + 2 + 2 * units)?;
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_split_and_a_cut_is_told() {
        let head = |tag: u32, level: u32, size: u32| (tag | level << 10 | size << 20).to_le_bytes();
        let mut stream = head(66, 0, 2).to_vec();
        stream.extend([1, 2]);
        stream.extend(head(67, 1, 0xFFF));
        stream.extend(3_u32.to_le_bytes());
        stream.extend([7, 8, 9]);
        let (records, cut) = split(&stream);
        assert_eq!(cut, None);
        assert_eq!(records[0], Record { tag: 66, level: 0, data: &[1, 2] });
        assert_eq!(records[1], Record { tag: 67, level: 1, data: &[7, 8, 9] });
        assert_eq!(subtree(&records, 0).len(), 2);
        for length in 1..stream.len() {
            let (records, cut) = split(&stream[..length]);
            assert!(cut.is_some() || records.len() == 1, "{length}");
        }
        assert!(split(&[0xFF; 64]).1.is_some());
        let many = vec![0; 4 * (MAX_RECORDS + 1)];
        assert_eq!(split(&many).1.map(|problem| problem.kind), Some(ProblemKind::TooLarge));
    }
}
