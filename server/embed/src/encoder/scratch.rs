//! Working memory of one sequence, reused: a pool of buffers, one for each thread that encodes at the same time.
//! (Not thread-local: a thread that waits inside a product may be given another sequence meanwhile.)

use std::sync::{Mutex, PoisonError};

use super::attention::HeadScratch;
use super::simd::Quantized;
use super::{Architecture, Arithmetic, TILE_ROWS};

/// Buffers for one sequence of n tokens; about 5 MB for 512 tokens of width 384.
#[derive(Default)]
pub(super) struct Scratch {
    /// [n, hidden], the state that layers change.
    pub(super) rows: Vec<f32>,
    /// [n, 3 · hidden].
    pub(super) query_key_value: Vec<f32>,
    /// [n, hidden].
    pub(super) context: Vec<f32>,
    /// A tile of quantised rows of width `hidden`.
    pub(super) input: Quantized,
    /// A tile of quantised rows of width `feed_forward`.
    pub(super) wide_input: Quantized,
    /// One row of width `feed_forward`.
    pub(super) wide_row: Vec<f32>,
    /// A tile's integer products.
    pub(super) products: Vec<i32>,
    /// A tile of rows of width `feed_forward` in single precision.
    pub(super) wide: Vec<f32>,
    /// [n, hidden], a product that is to be added to the rows.
    pub(super) added: Vec<f32>,
    pub(super) head: HeadScratch,
}

impl Scratch {
    /// Sizes the buffers for a sequence of `tokens`; their contents are whatever was there.
    pub(super) fn resize(&mut self, shape: &Architecture, arithmetic: Arithmetic, tokens: usize) {
        self.rows.resize(tokens * shape.hidden, 0.0);
        self.query_key_value.resize(tokens * 3 * shape.hidden, 0.0);
        self.context.resize(tokens * shape.hidden, 0.0);
        match arithmetic {
            Arithmetic::Int8 => self.wide_row.resize(shape.feed_forward, 0.0),
            Arithmetic::Float32 => {
                self.wide.resize(tokens.min(TILE_ROWS) * shape.feed_forward, 0.0);
                self.added.resize(tokens * shape.hidden, 0.0);
            }
        }
    }
}

/// Buffers not in use. Never more than the greatest number of sequences encoded at the same time.
#[derive(Default)]
pub(super) struct ScratchPool {
    idle: Mutex<Vec<Scratch>>,
}

impl ScratchPool {
    pub(super) fn take(&self) -> Scratch {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(super) fn give_back(&self, scratch: Scratch) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }
}
