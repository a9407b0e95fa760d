//! FAISS's search behind a shared reference. The `faiss` crate asks for `&mut` on an index that a factory made, so
//! that questions would wait for each other; FAISS itself allows its CPU indexes to be searched from many threads at
//! once ("Threads and asynchronous calls" in its wiki: all methods that do not change the index). The only unsafe code
//! of the engine.
#![allow(unsafe_code, reason = "FAISS's C API; each block says why it is sound")]

use std::ffi::CStr;
use std::ptr::{NonNull, null_mut};

use faiss::Index;
use faiss::index::IndexImpl;
use faiss_sys::{
    FaissIDSelector, FaissSearchParameters, faiss_IDSelector_free, faiss_IDSelectorBitmap_new, faiss_Index_search,
    faiss_Index_search_with_params, faiss_SearchParameters_free, faiss_SearchParameters_new,
    faiss_SearchParametersIVF_free, faiss_SearchParametersIVF_new_with, faiss_get_last_error,
};

use crate::index::ChunkSet;

/// An index of any kind, searched from any number of threads. Nothing changes it after it was made.
pub(super) struct SharedIndex {
    index: IndexImpl,
    dimension: usize,
}

/// How a search is narrowed to some chunks; each family of indexes has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Narrowing {
    /// For an inverted file. FAISS takes this many of its lists, whatever the index was set to.
    InvertedFile {
        /// Lists looked into.
        nprobe: usize,
    },
    /// For a graph, and codes that are compared one after the other.
    Plain,
}

impl SharedIndex {
    pub(super) fn new(index: IndexImpl) -> Self {
        let dimension = index.d() as usize;
        Self { index, dimension }
    }

    pub(super) fn len(&self) -> usize {
        usize::try_from(self.index.ntotal()).unwrap_or(0)
    }

    /// The index itself, to be set while nobody searches it.
    pub(super) fn index_mut(&mut self) -> &mut IndexImpl {
        &mut self.index
    }

    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// The numbers of at most `count` vectors near to `query`, in no order that counts.
    pub(super) fn search(&self, query: &[f32], count: usize) -> Result<Vec<i64>, String> {
        self.search_with(query, count, null_mut())
    }

    /// The same among the chunks of a set.
    pub(super) fn search_among(
        &self,
        query: &[f32],
        count: usize,
        among: &ChunkSet,
        narrowing: Narrowing,
    ) -> Result<Vec<i64>, String> {
        let selector = Selector::new(among)?;
        let parameters = Parameters::new(&selector, narrowing)?;
        self.search_with(query, count, parameters.pointer.as_ptr())
    }

    /// `parameters`: null, or valid until this returns.
    fn search_with(
        &self,
        query: &[f32],
        count: usize,
        parameters: *mut FaissSearchParameters,
    ) -> Result<Vec<i64>, String> {
        assert_eq!(query.len(), self.dimension, "the caller checks the dimension");
        let count = count.min(self.len());
        if count == 0 {
            return Ok(Vec::new());
        }
        let (mut scores, mut labels) = (vec![0.0_f32; count], vec![-1_i64; count]);
        let index = self.index.inner_ptr();
        // SAFETY: the index lives as long as `self` and is only read by a search; `query` holds one vector of the
        // index's dimension (asserted); both outputs have room for `count` results of one query; `parameters` is null
        // or valid, as this function asks for. FAISS keeps none of the pointers.
        let code = unsafe {
            let (x, k) = (query.as_ptr(), count as i64);
            if parameters.is_null() {
                faiss_Index_search(index, 1, x, k, scores.as_mut_ptr(), labels.as_mut_ptr())
            } else {
                faiss_Index_search_with_params(index, 1, x, k, parameters, scores.as_mut_ptr(), labels.as_mut_ptr())
            }
        };
        checked(code)?;
        labels.retain(|label| *label >= 0);
        Ok(labels)
    }
}

/// FAISS's view of a bitmap, for as long as the bitmap is borrowed.
struct Selector<'a> {
    pointer: NonNull<FaissIDSelector>,
    _bits: &'a ChunkSet,
}

impl<'a> Selector<'a> {
    fn new(among: &'a ChunkSet) -> Result<Self, String> {
        let (bits, mut made) = (among.bits(), null_mut());
        // SAFETY: `bits` is valid for its length, and stays so as long as the selector: `Selector` borrows the set.
        checked(unsafe { faiss_IDSelectorBitmap_new(&mut made, bits.len(), bits.as_ptr()) })?;
        // A bitmap selector is a selector: in C++ the one is derived from the other, and C sees both as opaque.
        let pointer = NonNull::new(made.cast()).ok_or("FAISS made no selector")?;
        Ok(Self { pointer, _bits: among })
    }
}

impl Drop for Selector<'_> {
    fn drop(&mut self) {
        // SAFETY: `new` made it, and nothing else frees it: parameters do not own their selector.
        unsafe { faiss_IDSelector_free(self.pointer.as_ptr()) }
    }
}

/// Search parameters that name a selector, for as long as that lives.
struct Parameters<'a> {
    pointer: NonNull<FaissSearchParameters>,
    narrowing: Narrowing,
    _selector: &'a Selector<'a>,
}

impl<'a> Parameters<'a> {
    fn new(selector: &'a Selector<'a>, narrowing: Narrowing) -> Result<Self, String> {
        let chosen = selector.pointer.as_ptr();
        // SAFETY: the selector is valid, and stays so as long as the parameters, which borrow it.
        let made: *mut FaissSearchParameters = unsafe {
            match narrowing {
                Narrowing::InvertedFile { nprobe } => {
                    let mut made = null_mut();
                    checked(faiss_SearchParametersIVF_new_with(&mut made, chosen, nprobe, 0))?;
                    made.cast()
                }
                Narrowing::Plain => {
                    let mut made = null_mut();
                    checked(faiss_SearchParameters_new(&mut made, chosen))?;
                    made
                }
            }
        };
        let pointer = NonNull::new(made).ok_or("FAISS made no search parameters")?;
        Ok(Self { pointer, narrowing, _selector: selector })
    }
}

impl Drop for Parameters<'_> {
    fn drop(&mut self) {
        // SAFETY: `new` made it as this kind, and nothing else frees it.
        unsafe {
            match self.narrowing {
                Narrowing::InvertedFile { .. } => faiss_SearchParametersIVF_free(self.pointer.as_ptr().cast()),
                Narrowing::Plain => faiss_SearchParameters_free(self.pointer.as_ptr()),
            }
        }
    }
}

/// FAISS's reason when a call failed on this thread.
fn checked(code: i32) -> Result<(), String> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: FAISS keeps the last error's text for this thread until its next call; it is copied at once.
    let text = unsafe { faiss_get_last_error() };
    if text.is_null() {
        return Err(format!("FAISS failed with code {code}"));
    }
    // SAFETY: a C string, as above.
    Err(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
