//! Byte offsets to line numbers.

use crate::document::LineRange;

/// The line starts of one text.
pub(super) struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Indexes `text` (up to 4 GiB).
    pub(super) fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
        Self { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The line that holds byte `at`, from 1.
    pub(super) fn line(&self, at: usize) -> u32 {
        self.starts.partition_point(|start| *start as usize <= at) as u32
    }

    /// The lines of a byte range; a line break at its end does not count.
    pub(super) fn range(&self, start: usize, end: usize) -> LineRange {
        let first = self.line(start);
        LineRange { first, last: self.line(end.saturating_sub(1).max(start)).max(first) }
    }
}
