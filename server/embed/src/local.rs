//! The port's implementation on this machine: prefixes, windows, threads around the tokenizer and the encoder.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;

use crate::encoder::Encoder;
use crate::port::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};
use crate::tokenizer::Tokenizer;

/// What a text is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A question.
    Query,
    /// A text to be found.
    Passage,
}

impl Role {
    /// What e5 models were trained with before a text; also the role's name in the keys of the cache.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Query => "query: ",
            Self::Passage => "passage: ",
        }
    }
}

/// The words that a model wants before texts; part of its digest.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Prefixes {
    pub(crate) query: String,
    pub(crate) passage: String,
}

impl Prefixes {
    /// Those of the artefacts, which are e5 models.
    pub(crate) fn of_artefact() -> Self {
        Self { query: Role::Query.prefix().to_owned(), passage: Role::Passage.prefix().to_owned() }
    }

    fn of(&self, role: Role) -> &str {
        match role {
            Role::Query => &self.query,
            Role::Passage => &self.passage,
        }
    }
}

/// A sequence has one marker before and one after its tokens.
pub(crate) const MARKERS: usize = 2;

/// An installed model, loaded. multilingual-e5-small takes about 25 MB of weights, 5 MB of vocabulary, 5 MB for each
/// thread, and as much of the mapped word table (54 MB) as its texts touch.
pub struct LocalModel {
    identity: ModelIdentity,
    tokenizer: Tokenizer,
    encoder: Encoder,
    prefixes: Prefixes,
    /// One thread each: a sequence's products stay on its thread, which is 1.7 times as fast as sharing each product.
    workers: Vec<ThreadPool>,
    /// All threads: a single question's products are shared.
    together: ThreadPool,
}

/// The threads that embedding runs on could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {threads} threads for the embedding model: {source}; allow this process more threads")]
pub struct ThreadsError {
    threads: usize,
    source: rayon::ThreadPoolBuildError,
}

impl LocalModel {
    pub(crate) fn new(
        mut identity: ModelIdentity,
        tokenizer: Tokenizer,
        encoder: Encoder,
        prefixes: Prefixes,
        threads: NonZeroUsize,
    ) -> Result<Self, ThreadsError> {
        let start = |count: usize, name: &'static str| {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(count);
            let pool = builder.thread_name(move |index| format!("{name}-{index}")).build();
            pool.map_err(|source| ThreadsError { threads: threads.get(), source })
        };
        let workers = (0..threads.get()).map(|_| start(1, "embed")).collect::<Result<_, _>>()?;
        let together = start(threads.get(), "embed-query")?;
        identity.dimension = encoder.shape().hidden;
        let around = MARKERS + tokenizer.count(&prefixes.passage);
        identity.max_tokens = encoder.shape().positions.saturating_sub(around);
        Ok(Self { identity, tokenizer, encoder, prefixes, workers, together })
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The ids of a text with its prefix, without markers.
    fn ids(&self, role: Role, text: &str) -> Vec<u32> {
        self.tokenizer.encode(&[self.prefixes.of(role), text].concat())
    }

    /// Encodes one window of ids between its markers; `out` gets its pooled rows.
    fn encode_window(&self, ids: &[u32], out: &mut [f32]) {
        self.encoder.encode(&sequence(&self.tokenizer, ids), out);
    }

    fn window_tokens(&self) -> usize {
        self.encoder.shape().positions - MARKERS
    }

    fn embed(&self, role: Role, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        let dimension = self.identity.dimension;
        let ids = self.collect(texts.len(), |index| self.ids(role, texts[index]), &|_| true)?;
        let windows: Vec<(usize, Range<usize>)> = ids
            .iter()
            .enumerate()
            .flat_map(|(text, ids)| windows(ids.len(), self.window_tokens()).map(move |window| (text, window)))
            .collect();
        let mut left = vec![0; texts.len()];
        windows.iter().for_each(|(text, _)| left[*text] += 1);
        let left: Vec<AtomicUsize> = left.into_iter().map(AtomicUsize::new).collect();
        let encode = |index: usize| {
            let (text, window) = &windows[index];
            let mut mean = vec![0.0; dimension];
            self.encode_window(&ids[*text][window.clone()], &mut mean);
            mean
        };
        let finished = |index: usize| {
            left[windows[index].0].fetch_sub(1, Ordering::Relaxed) > 1 || monitor.advanced(1).is_continue()
        };
        let means = self.collect(windows.len(), encode, &finished)?;
        let mut values = vec![0.0; texts.len() * dimension];
        for ((text, window), mean) in windows.iter().zip(&means) {
            add_weighted(&mut values[text * dimension..(text + 1) * dimension], mean, window.len());
        }
        values.chunks_exact_mut(dimension).for_each(normalize);
        Ok(Embeddings::from_values(dimension, values).expect("one row of `dimension` values was made for each text"))
    }

    /// Calls `work` for 0..count on the workers and returns the results in order. `finished` hears of each and says
    /// whether to go on.
    fn collect<T: Send>(
        &self,
        count: usize,
        work: impl Fn(usize) -> T + Sync,
        finished: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Vec<T>, EmbedError> {
        let next = AtomicUsize::new(0);
        let stopped = AtomicBool::new(false);
        let results = Mutex::new(Vec::with_capacity(count));
        let drain = || {
            while !stopped.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    break;
                }
                let result = work(index);
                results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                if !finished(index) {
                    stopped.store(true, Ordering::Relaxed);
                }
            }
        };
        on_each(&self.workers[..self.workers.len().min(count)], &drain);
        if stopped.into_inner() {
            return Err(EmbedError::Cancelled);
        }
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_unstable_by_key(|(index, _)| *index);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }
}

impl EmbeddingModel for LocalModel {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        self.embed(Role::Passage, texts, monitor)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.embed(Role::Query, texts, &())
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let ids = self.ids(Role::Query, text);
        let mut vector = vec![0.0; self.identity.dimension];
        let mut mean = vector.clone();
        for window in windows(ids.len(), self.window_tokens()) {
            self.together.install(|| self.encode_window(&ids[window.clone()], &mut mean));
            add_weighted(&mut vector, &mean, window.len());
        }
        normalize(&mut vector);
        Ok(vector)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        self.tokenizer.starts(text)
    }
}

/// Ids between their markers.
pub(crate) fn sequence(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<u32> {
    let mut sequence = Vec::with_capacity(ids.len() + MARKERS);
    sequence.push(tokenizer.start_marker());
    sequence.extend_from_slice(ids);
    sequence.push(tokenizer.end_marker());
    sequence
}

/// Runs `work` once on each pool and waits for all.
fn on_each(pools: &[ThreadPool], work: &(dyn Fn() + Sync)) {
    if let Some((first, rest)) = pools.split_first() {
        first.in_place_scope(|scope| {
            scope.spawn(|_| work());
            on_each(rest, work);
        });
    }
}

/// Cuts `tokens` into windows of at most `limit`; there is always one, which may be empty.
fn windows(tokens: usize, limit: usize) -> impl Iterator<Item = Range<usize>> {
    (0..tokens.div_ceil(limit).max(1)).map(move |index| index * limit..((index + 1) * limit).min(tokens))
}

/// Adds a window's mean, weighted by its tokens; an empty window counts as one.
fn add_weighted(sum: &mut [f32], mean: &[f32], tokens: usize) {
    let weight = tokens.max(1) as f32;
    sum.iter_mut().zip(mean).for_each(|(sum, mean)| *sum += weight * mean);
}

/// Scales to unit length; a vector of zeros stays one.
fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_all_tokens_once() {
        let check = |tokens, ends: &[usize]| {
            let windows: Vec<_> = windows(tokens, 510).collect();
            assert_eq!(windows.iter().map(|window| window.end).collect::<Vec<_>>(), ends);
            assert!(windows[0].start == 0 && windows.windows(2).all(|pair| pair[0].end == pair[1].start));
        };
        check(0, &[0]);
        check(510, &[510]);
        check(511, &[510, 511]);
        check(1020, &[510, 1020]);
    }

    #[test]
    fn normalizing_makes_unit_length_and_leaves_zeros() {
        let mut vector = [3.0, 4.0];
        normalize(&mut vector);
        assert_eq!(vector, [0.6, 0.8]);
        let mut zeros = [0.0; 2];
        normalize(&mut zeros);
        assert_eq!(zeros, [0.0; 2]);
    }
}
