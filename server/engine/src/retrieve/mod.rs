//! Finds the passages for a question: text and vector channels side by side, fused, raw scores kept; where a reranker is given,
//! the first of them in its order.

pub mod fuse;
pub mod rerank;
pub(crate) mod subject;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use ragops_embed::{EmbedError, EmbeddingModel};
use serde::{Deserialize, Serialize};

use crate::answer::generate::ChatError;
use crate::document::Language;
use crate::index::{ChunkNumber, Hit, IndexError};
use crate::revision::Revision;
use crate::settings::RetrievalSettings;
use crate::text::asking::subject_of_few;
use crate::text::language;

/// How much deeper chunks are searched by words, since their documents' scores may lift them.
const TEXT_DEPTH: usize = 2;

/// What a document's BM25 counts beside that of its chunk. Tuned on the halves `tune` of the sample gold set, runbooks
/// and k8s_docs (ADR 0007).
const DOCUMENT_WEIGHT: f32 = 2.0;

/// How much deeper vectors are searched where the model's bias for the question's language is corrected.
const BIAS_DEPTH: usize = 3;

/// The way asked for. `local`, `global` and `graph` belong to the knowledge graph; until one is built they are
/// answered as `hybrid`, and the answer says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The best way for the index at hand.
    #[default]
    Auto,
    /// BM25 alone.
    Text,
    /// Vectors alone.
    Vector,
    /// Both, fused.
    Hybrid,
    /// Entities near the question.
    Local,
    /// Themes of the whole index.
    Global,
    /// The graph channel.
    Graph,
}

impl Mode {
    /// Every mode, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Auto, Self::Text, Self::Vector, Self::Hybrid, Self::Local, Self::Global, Self::Graph];

    /// The name in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Vector => "vector",
            Self::Hybrid => "hybrid",
            Self::Local => "local",
            Self::Global => "global",
            Self::Graph => "graph",
        }
    }

    /// The channels that answer it today.
    pub fn channels(self) -> Channels {
        match self {
            Self::Text => Channels::Text,
            Self::Vector => Channels::Vector,
            Self::Auto | Self::Hybrid | Self::Local | Self::Global | Self::Graph => Channels::Hybrid,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not a mode.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a mode; use auto, text, vector, hybrid, local, global or graph")]
pub struct UnknownMode(pub String);

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        Self::ALL.into_iter().find(|mode| mode.name() == text).ok_or_else(|| UnknownMode(text.to_owned()))
    }
}

/// The channels that were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// BM25 alone.
    Text,
    /// Vectors alone.
    Vector,
    /// Both, fused.
    Hybrid,
}

impl Channels {
    /// The name in answers (`mode_used`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Vector => "vector",
            Self::Hybrid => "hybrid",
        }
    }
}

/// A passage found, with every channel's raw score beside the fused one.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The chunk.
    pub chunk: ChunkNumber,
    /// Its document's number.
    pub document: u32,
    /// The fused score, for ranking within this question only; never compared with a threshold.
    pub fused: f32,
    /// BM25 of the chunk and of its document, when the text channel found it.
    pub text_score: Option<f32>,
    /// Cosine with the question, when the question was embedded.
    pub cosine: Option<f32>,
    /// That cosine without the model's bias for the question's language: what is ranked and judged.
    pub closeness: Option<f32>,
    /// What the reranker gave it, on a scale of its own; none where it was not reranked.
    pub relevance: Option<f64>,
}

/// What was found for a question.
#[derive(Debug, Clone)]
pub struct Retrieved {
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// What was used.
    pub channels: Channels,
    /// The question's vector, unless only text was asked for or the model did not answer.
    pub question_vector: Option<Vec<f32>>,
    /// Why less was searched or compared than was asked for; empty where it was not.
    pub degraded: Vec<Degraded>,
}

/// Why an answer is less than it could be: without its embedding model an index is asked by words alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degraded {
    /// What is missing.
    pub reason: DegradedReason,
    /// Why, for whoever runs the server: it may name machines.
    pub detail: String,
}

/// What is missing from an answer that is less than it could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DegradedReason {
    /// The embedding model does not answer.
    EmbedderUnavailable,
    /// Another model answers in place of the one that the index was built with.
    EmbedderChanged,
    /// None of the models that word answers does: the passages are quoted.
    LlmUnavailable,
    /// The reranker does not answer: passages stand in the order in which they were found.
    RerankerUnavailable,
}

impl Degraded {
    /// What a failure of the model means for an answer; a cancelled call is none.
    pub fn by(error: EmbedError) -> Result<Self, EmbedError> {
        let reason = match &error {
            EmbedError::Cancelled => return Err(error),
            EmbedError::Changed { .. } => DegradedReason::EmbedderChanged,
            _ => DegradedReason::EmbedderUnavailable,
        };
        Ok(Self { reason, detail: error.to_string() })
    }
}

impl Degraded {
    /// What it means that no model words an answer.
    pub fn without_llm(errors: &[ChatError]) -> Self {
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Self { reason: DegradedReason::LlmUnavailable, detail: told.join("; ") }
    }
}

impl Retrieved {
    /// Why the question has no vector, where it should have one.
    pub fn embedder_trouble(&self) -> Option<&Degraded> {
        let of_embedder = [DegradedReason::EmbedderUnavailable, DegradedReason::EmbedderChanged];
        self.degraded.iter().find(|degraded| of_embedder.contains(&degraded.reason))
    }

    /// What an answer is made from and judged by. Where a reranker put passages into order these are its first ones alone: what
    /// the channels found close and it put behind has no part in the answer, and says nothing of it.
    #[must_use]
    pub fn judged(mut self, top_k: usize) -> Self {
        if self.candidates.iter().any(|candidate| candidate.relevance.is_some()) {
            self.candidates.truncate(top_k);
        }
        self
    }

    /// Documents by their best passage, best first, with that passage's fused score.
    pub fn documents(&self) -> Vec<(u32, f32)> {
        let mut seen = std::collections::HashSet::new();
        self.candidates.iter().filter(|c| seen.insert(c.document)).map(|c| (c.document, c.fused)).collect()
    }

    /// The highest closeness of any candidate.
    pub fn best_closeness(&self) -> Option<f32> {
        self.candidates.iter().filter_map(|c| c.closeness).max_by(f32::total_cmp)
    }
}

/// Retrieval failed.
#[derive(Debug, thiserror::Error)]
pub enum RetrieveError {
    /// The question could not be embedded.
    #[error("the question cannot be embedded: {0}")]
    Embed(#[from] EmbedError),
    /// A channel could not be searched.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The passages stand in the order in which they were found, where another was asked for. `retrieve` itself goes on with
    /// those; it is for callers that do not.
    #[error(transparent)]
    Rerank(#[from] rerank::RerankError),
}

/// Finds passages. The text channel and the embedding run side by side. Where the model fails, words alone are searched and
/// the result says why.
pub fn retrieve(
    revision: &Revision,
    model: &dyn EmbeddingModel,
    question: &str,
    mode: Mode,
    settings: &RetrievalSettings,
) -> Result<Retrieved, RetrieveError> {
    let channels = mode.channels();
    let by_text = || search_text_in(revision, question, channels, settings);
    let by_vector = || match channels {
        Channels::Text => Ok(None),
        Channels::Vector | Channels::Hybrid => model.embed_query(question).map(Some),
    };
    let (text, vector) = side_by_side(by_text, by_vector);
    match vector {
        Ok(vector) => fused(revision, question, channels, settings, text?, vector),
        Err(error) => {
            let degraded = Degraded::by(error)?;
            let text = match channels {
                Channels::Vector => search_text(revision, question, depth(settings))?,
                Channels::Text | Channels::Hybrid => text?,
            };
            let found = fused(revision, question, Channels::Text, settings, text, None)?;
            Ok(Retrieved { degraded: vec![degraded], ..found })
        }
    }
}

/// Runs the first in the thread pool and the second on this thread: a model that runs elsewhere keeps its caller waiting, and
/// so does an equal question that is being embedded; neither must keep a thread of the pool.
fn side_by_side<A: Send, B>(pooled: impl FnOnce() -> A + Send, here: impl FnOnce() -> B) -> (A, B) {
    let mut first = None;
    let second = rayon::in_place_scope(|scope| {
        scope.spawn(|_| first = Some(pooled()));
        here()
    });
    (first.expect("a scope ends when all that it spawned has run"), second)
}

/// [`retrieve`] for a question that is embedded already; its vector is not looked at where only text is searched.
pub fn retrieve_embedded(
    revision: &Revision,
    question: &str,
    vector: &[f32],
    channels: Channels,
    settings: &RetrievalSettings,
) -> Result<Retrieved, RetrieveError> {
    let text = search_text_in(revision, question, channels, settings)?;
    let vector = (channels != Channels::Text).then(|| vector.to_vec());
    fused(revision, question, channels, settings, text, vector)
}

fn search_text_in(
    revision: &Revision,
    question: &str,
    channels: Channels,
    settings: &RetrievalSettings,
) -> Result<Vec<Hit>, IndexError> {
    match channels {
        Channels::Vector => Ok(Vec::new()),
        Channels::Text | Channels::Hybrid => search_text(revision, question, depth(settings)),
    }
}

fn depth(settings: &RetrievalSettings) -> usize {
    settings.channel_depth.max(settings.top_k)
}

fn fused(
    revision: &Revision,
    question: &str,
    channels: Channels,
    settings: &RetrievalSettings,
    text: Vec<Hit>,
    question_vector: Option<Vec<f32>>,
) -> Result<Retrieved, RetrieveError> {
    let asked = question_vector.as_deref().map(|vector| Asked { revision, vector, language: language(question) });
    let close = asked.as_ref().map_or(Ok(Vec::new()), |asked| asked.closest(depth(settings), &text))?;
    let fused = match channels {
        Channels::Text => text.clone(),
        Channels::Vector => close,
        Channels::Hybrid => {
            let foreign = |chunk| asked.as_ref().is_some_and(|asked| asked.is_foreign(chunk));
            fuse::fuse(&text, &close, &foreign)
        }
    };
    let candidates = candidates(revision, &fused, &text, asked.as_ref())?;
    Ok(Retrieved { candidates, channels, question_vector, degraded: Vec::new() })
}

/// BM25 of each chunk plus that of its whole document: the words of a question may be spread over a page. Measured in
/// ADR 0007. A question of a word or two is searched for these, not for the words that only ask.
fn search_text(revision: &Revision, question: &str, depth: usize) -> Result<Vec<Hit>, IndexError> {
    let subject = subject_of_few(question, &subject::only_name_page(revision, question)?);
    let question = subject.as_deref().unwrap_or(question);
    let whole: HashMap<u32, f32> = revision.text_documents.best(question, depth)?.into_iter().collect();
    let mut hits = revision.text.search(question, depth * TEXT_DEPTH)?;
    for hit in &mut hits {
        let document = revision.passages.owner(hit.chunk)?;
        hit.score += DOCUMENT_WEIGHT * whole.get(&document).copied().unwrap_or(0.0);
    }
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    hits.truncate(depth);
    Ok(hits)
}

/// A question embedded.
struct Asked<'a> {
    revision: &'a Revision,
    vector: &'a [f32],
    language: Option<Language>,
}

impl Asked<'_> {
    /// The closest chunks, best first, and the closeness of what the text channel found beside them: the vectors are
    /// at hand, so nothing need be guessed.
    fn closest(&self, depth: usize, text: &[Hit]) -> Result<Vec<Hit>, IndexError> {
        // The bias may lift chunks from below; where there is none the search needs no more than was asked for.
        let unbiased = self.revision.manifest.background.language_bias.values().all(|by_passage| by_passage.len() < 2);
        let searched = if unbiased { depth } else { depth * BIAS_DEPTH };
        let mut hits = self.revision.vectors.search(self.vector, searched)?;
        hits.iter_mut().for_each(|hit| hit.score += self.bias(hit.chunk));
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        hits.truncate(depth);
        let known: HashSet<ChunkNumber> = hits.iter().map(|hit| hit.chunk).collect();
        for hit in text.iter().filter(|hit| !known.contains(&hit.chunk)) {
            if let Some(cosine) = self.revision.vectors.cosine(self.vector, hit.chunk)? {
                hits.push(Hit { chunk: hit.chunk, score: cosine + self.bias(hit.chunk) });
            }
        }
        Ok(hits)
    }

    fn bias(&self, chunk: ChunkNumber) -> f32 {
        let written_in = self.revision.passages.language(chunk);
        self.revision.manifest.background.language_bias(self.language, written_in)
    }

    /// Whether a chunk is in another language than the question, so that words cannot match.
    fn is_foreign(&self, chunk: ChunkNumber) -> bool {
        match (self.language, self.revision.passages.language(chunk)) {
            (Some(asked_in), Some(written_in)) => asked_in != written_in,
            _ => false,
        }
    }
}

fn candidates(
    revision: &Revision,
    fused: &[Hit],
    text: &[Hit],
    asked: Option<&Asked<'_>>,
) -> Result<Vec<Candidate>, RetrieveError> {
    let text_scores: HashMap<ChunkNumber, f32> = text.iter().map(|hit| (hit.chunk, hit.score)).collect();
    let candidate = |hit: &Hit| {
        let cosine = asked.map(|asked| revision.vectors.cosine(asked.vector, hit.chunk)).transpose()?.flatten();
        let bias = asked.map_or(0.0, |asked| asked.bias(hit.chunk));
        Ok(Candidate {
            chunk: hit.chunk,
            document: revision.passages.owner(hit.chunk)?,
            fused: hit.score,
            text_score: text_scores.get(&hit.chunk).copied(),
            cosine,
            closeness: cosine.map(|cosine| cosine + bias),
            relevance: None,
        })
    };
    fused.iter().map(candidate).collect()
}
