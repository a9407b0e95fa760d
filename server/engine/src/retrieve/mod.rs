//! Finds the passages for a question: text and vector channels side by side, fused, raw scores kept.

pub mod fuse;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ragops_embed::{EmbedError, EmbeddingModel};

use crate::index::{ChunkNumber, Hit, IndexError};
use crate::revision::Revision;
use crate::settings::RetrievalSettings;

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

    fn channels(self) -> Channels {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// BM25, when the text channel found it.
    pub text_score: Option<f32>,
    /// Cosine with the question, when the question was embedded.
    pub cosine: Option<f32>,
}

/// What was found for a question.
#[derive(Debug, Clone)]
pub struct Retrieved {
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// What was used.
    pub channels: Channels,
    /// The question's vector, unless only text was asked for.
    pub question_vector: Option<Vec<f32>>,
}

impl Retrieved {
    /// Documents by their best passage, best first, with that passage's fused score.
    pub fn documents(&self) -> Vec<(u32, f32)> {
        let mut seen = std::collections::HashSet::new();
        self.candidates.iter().filter(|c| seen.insert(c.document)).map(|c| (c.document, c.fused)).collect()
    }

    /// The highest cosine of any candidate.
    pub fn best_cosine(&self) -> Option<f32> {
        self.candidates.iter().filter_map(|c| c.cosine).max_by(f32::total_cmp)
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
}

/// Finds passages. The text channel and the embedding run side by side.
pub fn retrieve(
    revision: &Revision,
    model: &dyn EmbeddingModel,
    question: &str,
    mode: Mode,
    settings: &RetrievalSettings,
) -> Result<Retrieved, RetrieveError> {
    let channels = mode.channels();
    let depth = settings.channel_depth.max(settings.top_k);
    let by_text = || match channels {
        Channels::Vector => Ok(Vec::new()),
        Channels::Text | Channels::Hybrid => revision.text.search(question, depth),
    };
    let by_vector = || match channels {
        Channels::Text => Ok((None, Vec::new())),
        Channels::Vector | Channels::Hybrid => search_vectors(revision, model, question, depth),
    };
    let (text, vector) = rayon::join(by_text, by_vector);
    let (question_vector, vector) = vector?;
    let candidates = merge(revision, &text?, &vector, channels, question_vector.as_deref())?;
    Ok(Retrieved { candidates, channels, question_vector })
}

fn search_vectors(
    revision: &Revision,
    model: &dyn EmbeddingModel,
    question: &str,
    depth: usize,
) -> Result<(Option<Vec<f32>>, Vec<Hit>), RetrieveError> {
    let vector = model.embed_query(question)?;
    let hits = revision.vectors.search(&vector, depth)?;
    Ok((Some(vector), hits))
}

fn merge(
    revision: &Revision,
    text: &[Hit],
    vector: &[Hit],
    channels: Channels,
    question: Option<&[f32]>,
) -> Result<Vec<Candidate>, RetrieveError> {
    let text_scores: BTreeMap<ChunkNumber, f32> = text.iter().map(|hit| (hit.chunk, hit.score)).collect();
    let fused = match channels {
        Channels::Text => text.to_vec(),
        Channels::Vector => vector.to_vec(),
        Channels::Hybrid => {
            let mut cosines = vector.to_vec();
            if let Some(question) = question {
                complete(revision, &mut cosines, text, question)?;
            }
            fuse::fuse(text, &cosines)
        }
    };
    let candidate = |hit: Hit| {
        let cosine = match question {
            Some(question) => revision.vectors.cosine(question, hit.chunk)?,
            None => None,
        };
        let text_score = text_scores.get(&hit.chunk).copied();
        Ok(Candidate { chunk: hit.chunk, document: revision.passages.owner(hit.chunk)?, fused: hit.score, text_score, cosine })
    };
    fused.into_iter().map(candidate).collect()
}

/// Adds the cosines of chunks that only the text channel found: the vectors are at hand, so nothing need be guessed.
fn complete(revision: &Revision, cosines: &mut Vec<Hit>, text: &[Hit], question: &[f32]) -> Result<(), IndexError> {
    let known: std::collections::HashSet<ChunkNumber> = cosines.iter().map(|hit| hit.chunk).collect();
    for hit in text.iter().filter(|hit| !known.contains(&hit.chunk)) {
        if let Some(score) = revision.vectors.cosine(question, hit.chunk)? {
            cosines.push(Hit { chunk: hit.chunk, score });
        }
    }
    Ok(())
}
