//! Tests of the embedding crate through its public interface, one program for all.
//! Those that need the real model skip loudly when it is not installed, and fail instead when `CI` is true.
// Helpers outside test functions are tests too, which clippy does not see.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

mod bert;
mod caching;
mod candle;
mod fetching;
mod fixture;
mod folder;
mod folders;
mod install;
mod minilm;
mod package;
mod quality;
mod tiny;
mod tokens;
