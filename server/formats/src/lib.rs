//! Reads documents in binary formats: PDF, Office, Hangul, mail and others become the same plain blocks that a text file
//! becomes. Nothing here knows an index. Hostile input is expected: every reader is total, bounded by [`limits`], and runs in
//! a worker process that can neither write nor reach the network.

pub mod archive;
mod attachment;
mod blocks;
pub mod charset;
mod declared;
mod embedded;
mod extract;
mod format;
mod hangul;
pub mod html;
mod labels;
pub mod limits;
mod mail;
mod model;
mod odt;
mod office;
mod pdf;
pub mod pool;
mod rtf;
pub mod sheet;
mod sniff;
mod table_parts;
#[cfg(test)]
mod testing;
mod xml;

pub use extract::extract;
pub use format::Format;
pub use model::{Block, BlockKind, Cell, Extract, ListMarker, Locator, PageTurn, Problem, ProblemKind, Row, Table};
pub use sniff::{Content, identify, sniff};
