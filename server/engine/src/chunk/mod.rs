//! Chunking: a document into passages of at most so many tokens of the embedding model.
//!
//! Passages follow the headings, never cut a sentence that fits, keep tables and code whole where they fit, and repeat
//! whole sentences where a long section goes on in the next passage. Small neighbouring sections share a passage.
//! Linear time: each sentence is counted once. Nothing here knows a model: the counter is a parameter.

mod context;
mod cut;
mod pack;
mod sections;
mod table;
#[cfg(test)]
mod table_tests;
mod units;

use serde::{Deserialize, Serialize};

use crate::document::{Chunk, Document};

/// Counts the tokens of a text for the model that will embed it.
pub trait TokenCounter {
    /// The pieces `text` is cut into, without the model's own start and end marks. The chunker adds up counts of
    /// pieces, so a text should count no more than its pieces, split at white space, do together.
    fn count(&self, text: &str) -> usize;
}

impl<F: Fn(&str) -> usize> TokenCounter for F {
    fn count(&self, text: &str) -> usize {
        self(text)
    }
}

/// How large passages are (`spec.chunking`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkSettings {
    /// Most tokens of a passage, its context (title and headings) included. Below 32 it counts as 32.
    pub max_tokens: u32,
    /// Most tokens repeated from the passage before, where a section is split. Above a third of `max_tokens` it counts
    /// as a third.
    pub overlap_tokens: u32,
}

/// Fewest tokens a passage may be limited to: under this a heading path leaves no room for a sentence.
const FEWEST_TOKENS: usize = 32;

impl ChunkSettings {
    fn max(self) -> usize {
        (self.max_tokens as usize).max(FEWEST_TOKENS)
    }

    fn overlap(self) -> usize {
        (self.overlap_tokens as usize).min(self.max() / 3)
    }
}

/// Text of any language has fewer bytes in a token. What has more (spaces, characters that are not seen) would make
/// passages of megabytes, each to be searched through for every question.
const MOST_BYTES_A_TOKEN: usize = 32;

/// Counts at least a token for each [`MOST_BYTES_A_TOKEN`].
struct Bounded<'a>(&'a dyn TokenCounter);

impl TokenCounter for Bounded<'_> {
    fn count(&self, text: &str) -> usize {
        self.0.count(text).max(text.len().div_ceil(MOST_BYTES_A_TOKEN))
    }
}

/// The passages of a document in reading order. A document with blocks gives at least one.
pub fn chunk(document: &Document, settings: &ChunkSettings, counter: &dyn TokenCounter) -> Vec<Chunk> {
    let counter = &Bounded(counter);
    let contexts = context::Contexts::new((&document.title, &document.path), settings.max(), counter);
    let sections = sections::sections(document, settings.max(), &contexts, counter);
    let bundles = sections::bundles(sections, settings.max(), &contexts);
    let mut chunks = Vec::new();
    let mut section = 0;
    for bundle in &bundles {
        let before = chunks.len();
        pack::pack(document, bundle, settings, &mut chunks);
        for (part, chunk) in (0..).zip(&mut chunks[before..]) {
            (chunk.place.section, chunk.place.part) = (section, part);
        }
        section += u32::try_from(bundle.sections.len()).unwrap_or(u32::MAX);
    }
    chunks
}

#[cfg(test)]
mod tests;
