//! Readers of Hangul documents: the compound file (HWP 5) and the package (HWPX, KS X 6101). Both become the same
//! paragraphs, which become blocks in one place. They are walked here rather than by a crate: the kept one, `unhwp` 0.23,
//! reads headers and footers of HWP 5 as text, loses what follows a text box and the equations of HWPX, and brings five
//! decompressors that no Hangul file uses.

mod definitions;
mod document;
mod hwp5;
mod hwpx;
mod records;
mod shape;
mod summary;
mod text;
mod write;

pub(crate) use hwp5::read as read_hwp;
pub(crate) use hwpx::read as read_hwpx;
