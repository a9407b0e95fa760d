//! Rich Text Format 1.9. Read: text in its code pages, headings, lists with the labels that are written beside them,
//! tables, notes. Left out: headers and footers, pictures, comments, hidden and deleted text. The reader is our own: the
//! crate `rtf-parser` 0.4 takes the bytes of a Korean text for Latin letters, and knows no tables.

mod code_page;
mod reader;
mod table;
mod token;

use crate::attachment::Read;
use crate::{Problem, ProblemKind};

/// Reads a RTF document.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Problem> {
    if !bytes.trim_ascii_start().starts_with(b"{\\rtf") {
        return Err(Problem::new(ProblemKind::Malformed, "it does not begin as a Rich Text file does"));
    }
    Ok(reader::Reader::default().read(bytes).into())
}

#[cfg(test)]
mod tests;
