//! See the crate's description in Cargo.toml.

pub mod chunk;
pub mod document;
pub mod read;
pub mod text;
