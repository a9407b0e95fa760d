//! Tests of the embedding crate through its public interface, one program for all.
//! Those that need the real model skip loudly when it is not installed, and fail instead when `CI` is true.
#![allow(missing_docs)]

mod bert;
mod fixture;
mod package;
mod quality;
