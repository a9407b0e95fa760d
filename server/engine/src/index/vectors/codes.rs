//! Compressed vectors beside the exact ones: quick to search, a little wrong, so that what they find is compared exactly
//! afterwards. They are trained, written and tuned when a revision is built; the manifest keeps what was found out.

use std::path::Path;

use faiss::index::autotune::ParameterSpace;
use faiss::index::io::{read_index_with_flags, write_index};
use faiss::index::io_flags::IoFlags;
use faiss::{Index, MetricType, index_factory};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::exact::{ExactVectors, MAP_FILE, path_text};
use super::factory::{BadFactory, Factory, Knob};
use super::native::SharedIndex;
use crate::index::{ChunkNumber, ChunkSet, IndexError};

/// The file's name inside a revision.
pub const FILE: &str = "vectors.codes.faiss";

/// Vectors given to FAISS at a time.
const GROUP: usize = 16_384;
/// More vectors than this teach a quantiser nothing more.
const MOST_TO_LEARN_FROM: usize = 65_536;
/// The share of the exact nearest that a tuned search must find.
pub const RECALL: f32 = 0.99;
/// Below this an index that nobody asked for is not worth what it loses.
pub const LEAST_RECALL: f32 = 0.97;
/// How many of the nearest are compared in tuning: as many as a channel gives to the fusion.
const TUNED_DEPTH: usize = 100;
/// Candidates compared exactly for each one asked for, the settings tried.
const CANDIDATES: [usize; 4] = [2, 4, 8, 16];
/// So many candidates are compared however few are asked for.
const LEAST_COMPARED: usize = 200;
/// Chunks whose own vectors serve as questions in tuning, beside the questions that the caller brings.
const TUNED_CHUNKS: usize = 100;
/// What looking at one code costs beside comparing one vector exactly, about.
const CODE_COST: f64 = 0.03;

/// What a revision's manifest says of its compressed vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodesDescription {
    /// FAISS's factory string.
    pub factory: String,
    /// Lists looked into (`nprobe`) or candidates followed (`efSearch`); none where there is nothing to set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<usize>,
    /// Candidates compared exactly for each hit asked for.
    pub candidates: usize,
    /// The share of the exact nearest 100 that was found so, over sampled chunks and questions, when it was built.
    pub recall: f32,
}

/// Compressed vectors, open.
pub(super) struct Codes {
    index: SharedIndex,
    factory: Factory,
    setting: usize,
    candidates: usize,
}

impl Codes {
    /// Reads the file of `dir`.
    pub(super) fn open(dir: &Path, description: &CodesDescription, dimension: usize) -> Result<Self, IndexError> {
        let factory = Factory::parse(&description.factory, dimension)?;
        let path = dir.join(FILE);
        let index = read_index_with_flags(path_text(&path)?, IoFlags::from(MAP_FILE));
        let index = SharedIndex::new(index.map_err(super::failed("cannot be read"))?);
        if index.dimension() != dimension {
            return Err(IndexError::Dimension { expected: dimension, actual: index.dimension() });
        }
        let mut codes = Self { index, factory, setting: 0, candidates: description.candidates };
        codes.set(description.setting.unwrap_or(0))?;
        Ok(codes)
    }

    /// How many vectors it holds.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Chunks that are probably near: the nearest `count` are among them.
    pub(super) fn candidates(&self, query: &[f32], count: usize) -> Result<Vec<ChunkNumber>, IndexError> {
        let found = self.index.search(query, self.looked_at(count)).map_err(super::refused("cannot be searched"))?;
        Ok(chunks(found))
    }

    /// The same among some chunks; `None` where FAISS cannot do that with this kind of index.
    pub(super) fn candidates_among(
        &self,
        query: &[f32],
        count: usize,
        among: &ChunkSet,
    ) -> Result<Option<Vec<ChunkNumber>>, IndexError> {
        let Some(narrowing) = self.factory.narrowing(self.setting) else { return Ok(None) };
        let found = self.index.search_among(query, self.looked_at(count), among, narrowing);
        Ok(Some(chunks(found.map_err(super::refused("cannot be searched"))?)))
    }

    /// How many candidates are compared for `count` hits. The first few of a question are as easily missed as those behind.
    fn looked_at(&self, count: usize) -> usize {
        count.saturating_mul(self.candidates).max(LEAST_COMPARED)
    }

    fn set(&mut self, setting: usize) -> Result<(), IndexError> {
        self.setting = setting;
        match self.factory.knob() {
            Some((knob, _)) if setting > 0 => self.index.set(knob, setting).map_err(super::failed("cannot be set")),
            _ => Ok(()),
        }
    }
}

fn chunks(labels: Vec<i64>) -> Vec<ChunkNumber> {
    labels.into_iter().filter_map(|label| u32::try_from(label).ok()).map(ChunkNumber).collect()
}

/// Trains and writes the codes of all vectors, and tunes their search with `questions` (unit vectors, row after row) and a
/// sample of the vectors themselves: the cheapest setting that finds [`RECALL`] of the nearest, or else the best.
pub fn build(
    dir: &Path,
    exact: &ExactVectors,
    factory: &Factory,
    questions: &[f32],
) -> Result<CodesDescription, IndexError> {
    let (held, least) = (exact.len(), factory.least());
    if held < least {
        let text = factory.to_string();
        let reason = format!("it needs {least} chunks to learn from, and the index has {held} chunks");
        return Err(BadFactory { factory: text, dimension: exact.dimension(), reason }.into());
    }
    write(dir, exact, factory)?;
    let first = CodesDescription { factory: factory.to_string(), setting: None, candidates: 1, recall: 0.0 };
    let mut codes = Codes::open(dir, &first, exact.dimension())?;
    tune(&mut codes, exact, questions)
}

/// Vectors are compressed under L2: for unit vectors it gives the order of the inner product, and the error of a code then
/// counts by how far the question is from the passage, not by how long they are. Real vectors lie in a narrow cone (their
/// mean has a length of .91 with e5-small), so that is half as much.
fn write(dir: &Path, exact: &ExactVectors, factory: &Factory) -> Result<(), IndexError> {
    let made = index_factory(exact.dimension() as u32, factory.to_string(), MetricType::L2);
    let mut index = made.map_err(super::failed("cannot be made"))?;
    let learns_from = exact.len().min(factory.learns_from().min(MOST_TO_LEARN_FROM));
    let sample = (0..learns_from).filter_map(|i| exact.vector(ChunkNumber((i * exact.len() / learns_from) as u32)));
    let sample: Vec<f32> = sample.flat_map(|row| row.numbers()).collect();
    index.train(&sample).map_err(super::failed("cannot be trained"))?;
    drop(sample);
    for group in exact.groups(GROUP) {
        index.add(&group).map_err(super::failed("cannot be filled"))?;
    }
    write_index(&index, path_text(&dir.join(FILE))?).map_err(super::failed("cannot be written"))
}

/// Finds the setting that costs least of those that find enough; the best one where none does.
fn tune(codes: &mut Codes, exact: &ExactVectors, questions: &[f32]) -> Result<CodesDescription, IndexError> {
    let dimension = exact.dimension();
    let sampled = exact.len().min(TUNED_CHUNKS);
    let own = (0..sampled).filter_map(|i| exact.vector(ChunkNumber((i * exact.len() / sampled) as u32)));
    let own: Vec<Vec<f32>> = own.map(|row| row.numbers().collect()).collect();
    let asked: Vec<&[f32]> = own.iter().map(Vec::as_slice).chain(questions.chunks_exact(dimension)).collect();
    let depth = TUNED_DEPTH.min(exact.len());
    let nearest = |query: &&[f32]| exact.search(query, depth).map(|hits| hits.iter().map(|hit| hit.chunk).collect());
    let nearest: Vec<Vec<ChunkNumber>> = asked.par_iter().map(nearest).collect::<Result<_, _>>()?;
    let settings = codes.factory.knob().map_or(vec![0], |(_, values)| values);
    let mut tried: Vec<(f64, CodesDescription)> = Vec::new();
    for setting in settings {
        codes.set(setting)?;
        for candidates in CANDIDATES {
            codes.candidates = candidates;
            let found = asked.par_iter().zip(&nearest).map(|(query, nearest)| {
                let found = ChunkSet::of(exact.len(), codes.candidates(query, depth)?);
                Ok(nearest.iter().filter(|chunk| found.contains(**chunk)).count())
            });
            let found: usize = found.collect::<Result<Vec<usize>, IndexError>>()?.iter().sum();
            let wanted: usize = nearest.iter().map(Vec::len).sum();
            let recall = found as f32 / wanted.max(1) as f32;
            let cost = codes.factory.share(setting) * exact.len() as f64 * CODE_COST + (depth * candidates) as f64;
            let setting = codes.factory.knob().map(|_| setting);
            tried.push((cost, CodesDescription { factory: codes.factory.to_string(), setting, candidates, recall }));
        }
    }
    let enough = tried.iter().filter(|(_, tried)| tried.recall >= RECALL).min_by(|a, b| a.0.total_cmp(&b.0));
    let best = enough.or_else(|| tried.iter().max_by(|a, b| a.1.recall.total_cmp(&b.1.recall)));
    Ok(best.expect("at least one setting was tried").1.clone())
}

impl SharedIndex {
    /// Sets the parameter that trades speed for recall.
    fn set(&mut self, knob: Knob, value: usize) -> Result<(), faiss::error::Error> {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        ParameterSpace::new()?.set_index_parameter(self.index_mut(), knob.name(), value)
    }
}
