//! FAISS's hottest loops for AVX2 and for AVX-512 in one program (ADR 0021).
//!
//! FAISS picks its instructions when it is compiled. Its own way to have several is a shared library for each, of which
//! a loader takes one; a single static program cannot. So three of its source files are compiled twice (`build.rs`), and
//! their functions are called through a table: it starts with AVX2, which every CPU that runs this program has, and
//! [`use_best`] fills it with AVX-512 where the CPU has that. On other architectures, and where FAISS is not compiled for
//! x86-64-v3, it is used as it is, and nothing here does anything.
#![allow(unsafe_code, reason = "tables of functions that build.rs generates; each block says why it is sound")]

use std::fmt;

// What calls the table's functions, and links the rest of FAISS.
use faiss_sys as _;

/// Instructions that FAISS's loops are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the compiler was told for all of FAISS: x86-64-v3 on x86-64, unless somebody built it otherwise (ADR 0004).
    Compiled,
    /// AVX-512 F, CD, VL, DQ and BW, as x86-64-v4 has them: Intel Skylake-SP of 2017, AMD Zen 4 of 2022, or later.
    Avx512,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avx512 => "AVX-512",
            Self::Compiled if cfg!(kernels) => "AVX2",
            Self::Compiled => "as compiled",
        })
    }
}

impl Level {
    /// The quickest that this CPU, and its operating system, can run.
    pub fn best() -> Self {
        #[cfg(kernels)]
        if std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512cd")
            && std::is_x86_feature_detected!("avx512vl")
            && std::is_x86_feature_detected!("avx512dq")
            && std::is_x86_feature_detected!("avx512bw")
        {
            return Self::Avx512;
        }
        Self::Compiled
    }
}

/// From now on FAISS uses the quickest instructions that this CPU has. May be called at any time, and again.
pub fn use_best() -> Level {
    choose(Level::best())
}

/// From now on FAISS uses `level`, or the best below it that this CPU has; returns which. Searches under way
/// on other threads end rightly, on either. For tests and measurements; else [`use_best`] is right.
pub fn choose(level: Level) -> Level {
    let level = level.min(Level::best());
    #[cfg(kernels)]
    kernels::choose(level);
    level
}

#[cfg(kernels)]
mod kernels {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Level;

    include!(concat!(env!("OUT_DIR"), "/count.rs"));

    // Addresses of functions, written by build.rs.
    unsafe extern "C" {
        static ragops_faiss_chosen: [AtomicUsize; COUNT];
        static ragops_faiss_avx2: [usize; COUNT];
        static ragops_faiss_avx512: [usize; COUNT];
    }

    pub(super) fn choose(level: Level) {
        for (chosen, function) in chosen().iter().zip(table(level)) {
            chosen.store(*function, Ordering::Relaxed);
        }
    }

    /// What FAISS's functions jump to.
    fn chosen() -> &'static [AtomicUsize; COUNT] {
        // SAFETY: build.rs writes the table with this many words, aligned as such; they are written through this reference
        // only, atomically, and read by jumps, each of one aligned word.
        unsafe { &ragops_faiss_chosen }
    }

    fn table(level: Level) -> &'static [usize; COUNT] {
        // SAFETY: build.rs writes a table of this many words for each level, and nobody changes them.
        unsafe {
            match level {
                Level::Compiled => &ragops_faiss_avx2,
                Level::Avx512 => &ragops_faiss_avx512,
            }
        }
    }

    /// What is chosen, and the tables of both levels.
    #[cfg(test)]
    pub(super) fn tables() -> (Vec<usize>, Vec<usize>, Vec<usize>) {
        let chosen = chosen().iter().map(|word| word.load(Ordering::Relaxed)).collect();
        (chosen, table(Level::Compiled).to_vec(), table(Level::Avx512).to_vec())
    }
}

#[cfg(test)]
mod tests;
