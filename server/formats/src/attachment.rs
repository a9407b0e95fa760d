//! What a reader hands back: the file as read, and the files inside of it, which the caller reads in turn.

use super::Extract;

/// What a reader makes of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Read {
    /// The file itself.
    pub(crate) extract: Extract,
    /// The files inside of it, in their order: name (never a path) and bytes.
    pub(crate) attachments: Vec<(String, Vec<u8>)>,
}

impl From<Extract> for Read {
    fn from(extract: Extract) -> Self {
        Self { extract, attachments: Vec::new() }
    }
}
