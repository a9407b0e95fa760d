//! Whole builds through the public interface, on real folders: what is sealed, what a fault does, what can be stopped.
//! The model is a hash of words, so that thousands of passages take no time; everything else is the real thing.
#![allow(clippy::unwrap_used)]

mod cancel;
mod compressed;
mod faults;
mod reuse;
mod sealed;
mod unsupported;
mod world;
