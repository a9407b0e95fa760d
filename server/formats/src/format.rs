//! The formats that are read here, and how a file's bytes tell them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A binary format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Format {
    /// Portable Document Format.
    Pdf,
    /// Word (Office Open XML).
    Docx,
    /// PowerPoint (Office Open XML).
    Pptx,
    /// Excel (Office Open XML), with or without macros.
    Xlsx,
    /// Hangul, compound file.
    Hwp,
    /// Hangul, Office Open XML's sibling (KS X 6101).
    Hwpx,
    /// OpenDocument text.
    Odt,
    /// Rich Text Format.
    Rtf,
    /// A mail (RFC 5322).
    Eml,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pdf => "PDF",
            Self::Docx => "Word (docx)",
            Self::Pptx => "PowerPoint (pptx)",
            Self::Xlsx => "Excel (xlsx)",
            Self::Hwp => "Hangul (hwp)",
            Self::Hwpx => "Hangul (hwpx)",
            Self::Odt => "OpenDocument text (odt)",
            Self::Rtf => "Rich Text (rtf)",
            Self::Eml => "mail (eml)",
        })
    }
}
