//! Factory strings: those that are chosen by size, and those that a RagIndex brings. FAISS ends the whole process on some
//! nonsense and eats all memory on other, so a string is understood here before FAISS sees it.

use std::fmt;
use std::str::FromStr;

use super::Narrowing;
use crate::settings::VectorIndexType;

/// Which indexes are chosen by size, and how they are tuned: a part of a revision's identity, or a large one that an older
/// program built would stay exact for ever. Raise the number when [`Factory::choose`] or the tuning changes.
pub const CHOICE: &[u8] = b"vector index 1";
/// Up to here every vector is compared: a scan of 10,000 takes about a millisecond, and is exact.
pub const FLAT_UP_TO: usize = 10_000;
/// Fewer vectors train no quantiser: they are compared one by one, whatever was asked for.
const LEAST_TO_COMPRESS: usize = 1_000;
/// Vectors a list of an inverted file holds, about.
const LIST_LENGTH: usize = 1_500;
/// Vectors for each centroid beyond which FAISS learns nothing more.
const GOOD_PER_CENTROID: usize = 256;
/// Vectors that tell the range of each dimension to a scalar quantiser.
const LEARNS_RANGES_FROM: usize = 16_384;
/// Lists are as many as a power of two between these.
const LISTS: (usize, usize) = (4, 4_096);

/// A factory string that is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factory {
    text: String,
    family: Family,
    has_transform: bool,
    /// Lists of an inverted file.
    lists: Option<usize>,
    /// Centroids of its largest quantiser.
    centroids: usize,
}

/// What a search goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    InvertedFile,
    Graph,
    /// Codes one after the other; fast-scan ones take no selector.
    Codes {
        fast_scan: bool,
    },
}

/// The parameter that trades speed for recall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// Lists of an inverted file that are looked into.
    Nprobe,
    /// Candidates that a graph is followed with.
    EfSearch,
}

impl Knob {
    /// Its name in FAISS.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nprobe => "nprobe",
            Self::EfSearch => "efSearch",
        }
    }
}

/// A factory string that is not understood, or does not fit the vectors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the factory string `{factory}` cannot be used for vectors of {dimension} dimensions: {reason}; use for example \
     \"IVF256,PQ96x4fs\", \"OPQ64,IVF1024,PQ64x8\", \"HNSW32,SQ8\" or \"SQ8\", or `type: Auto`"
)]
pub struct BadFactory {
    /// The string.
    pub factory: String,
    /// The vectors' length.
    pub dimension: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Factory {
    /// What is built for `count` vectors; `None` where all are compared.
    pub fn choose(kind: &VectorIndexType, count: usize, dimension: usize) -> Result<Option<Self>, BadFactory> {
        let chosen = match kind {
            VectorIndexType::Factory(text) => return Self::parse(text, dimension).map(Some),
            VectorIndexType::Flat => return Ok(None),
            VectorIndexType::Auto if count <= FLAT_UP_TO => return Ok(None),
            VectorIndexType::IvfPq | VectorIndexType::Hnsw if count < LEAST_TO_COMPRESS => return Ok(None),
            VectorIndexType::Auto | VectorIndexType::IvfPq => {
                let lists = (count / LIST_LENGTH).next_power_of_two().clamp(LISTS.0, LISTS.1);
                match codes_of(dimension) {
                    Some(codes) => format!("IVF{lists},{codes}"),
                    None => format!("IVF{lists},SQ8"),
                }
            }
            VectorIndexType::Hnsw => "HNSW32,SQ8".to_owned(),
        };
        Self::parse(&chosen, dimension).map(Some)
    }

    /// Understands a string: transforms, then at most one of `IVFn` and `HNSWm`, then how vectors are kept.
    pub fn parse(text: &str, dimension: usize) -> Result<Self, BadFactory> {
        let bad = |reason: String| BadFactory { factory: text.to_owned(), dimension, reason };
        let mut reading = Reading::of(dimension);
        for part in text.split(',') {
            let part = part.parse::<Part>().map_err(&bad)?;
            reading.take(part).map_err(&bad)?;
        }
        let Reading { family, has_transform, lists, centroids, .. } = reading.finish().map_err(&bad)?;
        Ok(Self { text: text.to_owned(), family, has_transform, lists, centroids })
    }

    /// The parameter that is tuned, with the values that are tried, the quickest first.
    pub(super) fn knob(&self) -> Option<(Knob, Vec<usize>)> {
        match (self.family, self.lists) {
            (Family::InvertedFile, Some(lists)) => {
                let steps = std::iter::successors(Some(1), |n| Some(n * 2)).take_while(|n| *n < lists);
                Some((Knob::Nprobe, steps.chain([lists]).collect()))
            }
            (Family::Graph, _) => Some((Knob::EfSearch, vec![64, 128, 256, 512, 1_024])),
            _ => None,
        }
    }

    /// How a search is narrowed to some chunks at this setting; `None` where FAISS cannot.
    pub(super) fn narrowing(&self, setting: usize) -> Option<Narrowing> {
        match self.family {
            _ if self.has_transform => None,
            Family::InvertedFile => Some(Narrowing::InvertedFile { nprobe: setting }),
            Family::Graph | Family::Codes { fast_scan: false } => Some(Narrowing::Plain),
            Family::Codes { fast_scan: true } => None,
        }
    }

    /// With fewer vectors than this FAISS cannot learn: one for each centroid.
    pub(super) fn least(&self) -> usize {
        self.centroids
    }

    /// How many vectors are enough to learn from.
    pub(super) fn learns_from(&self) -> usize {
        (self.centroids * GOOD_PER_CENTROID).max(LEARNS_RANGES_FROM)
    }

    /// The share of the vectors that a search looks at, for comparing settings.
    pub(super) fn share(&self, setting: usize) -> f64 {
        self.lists.map_or(1.0, |lists| setting as f64 / lists as f64)
    }
}

impl fmt::Display for Factory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Product quantisation for fast scan: 4 bits for each two dimensions.
fn codes_of(dimension: usize) -> Option<String> {
    let parts = dimension / 2;
    (dimension.is_multiple_of(2) && parts > 0).then(|| format!("PQ{parts}x4fs"))
}

/// What is known while a string is read from left to right.
struct Reading {
    dimension: usize,
    has_transform: bool,
    lists: Option<usize>,
    is_graph: bool,
    codes: Option<Part>,
    centroids: usize,
    family: Family,
}

/// One part of a factory string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// `PCA64`, `PCAR64`, `RR64`: to this many dimensions.
    Reduce(usize),
    /// `OPQ32` or `OPQ32_64`: a rotation for this many parts, to that many dimensions.
    Rotate(usize, Option<usize>),
    /// `IVF256`.
    Lists(usize),
    /// `HNSW32`.
    Graph(usize),
    /// `Flat`.
    Flat,
    /// `SQ8` and its kin.
    Scalar,
    /// `PQ32x8`: parts and bits.
    Product(usize, u32),
    /// `PQ32x4fs`.
    FastScan(usize),
}

impl FromStr for Part {
    type Err = String;

    fn from_str(part: &str) -> Result<Self, String> {
        let unknown = || format!("`{part}` is not a part that is known");
        let number = |digits: &str, least: usize, most: usize| -> Result<usize, String> {
            let value = digits.parse::<usize>().map_err(|_| unknown())?;
            let in_range = digits.len() <= 8 && (least..=most).contains(&value);
            in_range.then_some(value).ok_or_else(|| format!("the number in `{part}` must be {least} to {most}"))
        };
        match part {
            "Flat" => return Ok(Self::Flat),
            "SQ8" | "SQ6" | "SQ4" | "SQfp16" | "SQbf16" => return Ok(Self::Scalar),
            "RFlat" => return Err("`RFlat` is not needed: what is found is compared exactly anyway".to_owned()),
            _ => {}
        }
        if let Some(rest) = part.strip_prefix("PCAR").or(part.strip_prefix("PCA")).or(part.strip_prefix("RR")) {
            return Ok(Self::Reduce(number(rest, 1, 16_384)?));
        }
        if let Some(rest) = part.strip_prefix("OPQ") {
            let (parts, to) = rest.split_once('_').map_or((rest, None), |(parts, to)| (parts, Some(to)));
            return Ok(Self::Rotate(number(parts, 1, 4_096)?, to.map(|to| number(to, 1, 16_384)).transpose()?));
        }
        if let Some(rest) = part.strip_prefix("IVF") {
            return Ok(Self::Lists(number(rest, 1, 65_536)?));
        }
        if let Some(rest) = part.strip_prefix("HNSW") {
            return Ok(Self::Graph(number(rest, 4, 128)?));
        }
        let rest = part.strip_prefix("PQ").ok_or_else(unknown)?;
        match rest.split_once('x') {
            Some((parts, "4fs" | "4fsr")) => Ok(Self::FastScan(number(parts, 1, 4_096)?)),
            Some((parts, bits)) => Ok(Self::Product(number(parts, 1, 4_096)?, number(bits, 4, 12)? as u32)),
            None => Ok(Self::Product(number(rest, 1, 4_096)?, 8)),
        }
    }
}

impl Reading {
    fn of(dimension: usize) -> Self {
        let family = Family::Codes { fast_scan: false };
        Self { dimension, has_transform: false, lists: None, is_graph: false, codes: None, centroids: 1, family }
    }

    fn take(&mut self, part: Part) -> Result<(), String> {
        if self.codes.is_some() {
            return Err("something follows what says how vectors are kept".to_owned());
        }
        match part {
            Part::Reduce(to) => self.transform(to),
            Part::Rotate(parts, to) => {
                let to = to.unwrap_or(self.dimension);
                if !to.is_multiple_of(parts) {
                    return Err(format!("{to} dimensions are not a multiple of {parts}"));
                }
                // A rotation learns with quantisers of 8 bits.
                self.centroids = self.centroids.max(256);
                self.transform(to)
            }
            Part::Lists(lists) => {
                self.centroids = self.centroids.max(lists);
                self.lists = Some(lists);
                self.begin_structure()
            }
            Part::Graph(_) => {
                self.is_graph = true;
                self.begin_structure()
            }
            Part::Flat | Part::Scalar => {
                self.codes = Some(part);
                Ok(())
            }
            Part::Product(parts, bits) => self.quantise(part, parts, bits),
            Part::FastScan(_) if self.is_graph => Err("a graph cannot hold fast-scan codes".to_owned()),
            Part::FastScan(parts) => self.quantise(part, parts, 4),
        }
    }

    fn transform(&mut self, to: usize) -> Result<(), String> {
        if self.lists.is_some() || self.is_graph {
            return Err("a transform stands behind `IVF` or `HNSW`, and belongs before them".to_owned());
        }
        if to > self.dimension {
            return Err(format!("{} dimensions cannot become {to}", self.dimension));
        }
        self.has_transform = true;
        self.dimension = to;
        Ok(())
    }

    fn begin_structure(&self) -> Result<(), String> {
        match (self.lists.is_some(), self.is_graph) {
            (true, true) => Err("it has both `IVF` and `HNSW`".to_owned()),
            _ => Ok(()),
        }
    }

    fn quantise(&mut self, part: Part, parts: usize, bits: u32) -> Result<(), String> {
        if !self.dimension.is_multiple_of(parts) {
            return Err(format!("{} dimensions are not a multiple of {parts}", self.dimension));
        }
        self.centroids = self.centroids.max(1 << bits);
        self.codes = Some(part);
        Ok(())
    }

    fn finish(mut self) -> Result<Self, String> {
        let codes = self.codes.ok_or("it does not say how vectors are kept: `Flat`, `SQ8`, `PQ96x4fs` or the like")?;
        self.family = match (self.lists, self.is_graph) {
            (Some(_), _) => Family::InvertedFile,
            (None, true) => Family::Graph,
            (None, false) => Family::Codes { fast_scan: matches!(codes, Part::FastScan(_)) },
        };
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_faiss_makes_are_understood() {
        for text in [
            "Flat",
            "SQ8",
            "PQ96",
            "PQ96x4fs",
            "IVF64,Flat",
            "IVF256,PQ192x4fs",
            "IVF256,PQ48x8",
            "HNSW32,Flat",
            "HNSW32,SQ8",
            "OPQ64_128,IVF16,PQ64x4fs",
            "PCA64,SQ8",
            "RR384,IVF16,SQfp16",
            "PCAR128,HNSW16,Flat",
        ] {
            let factory = Factory::parse(text, 384).unwrap_or_else(|error| panic!("{error}"));
            let made = faiss::index_factory(384, factory.to_string(), faiss::MetricType::InnerProduct);
            assert!(made.is_ok(), "{text}: {made:?}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_is_wrong() {
        let check = |text: &str, reason: &str| {
            let error = Factory::parse(text, 384).unwrap_err();
            assert!(error.reason.contains(reason), "{text}: {error}");
            assert!(error.to_string().contains("384") && error.to_string().contains("Auto"), "{error}");
        };
        check("", "not a part");
        check("hello", "not a part");
        check("IVF", "not a part");
        check("IVF0,Flat", "1 to 65536");
        check("IVF99999999999999999999,Flat", "not a part");
        check("IVF64", "does not say how");
        check("HNSW32", "does not say how");
        check("HNSW1000000,Flat", "4 to 128");
        check("IVF64,HNSW32,Flat", "both");
        check("Flat,IVF64", "something follows");
        check("IVF64,PCA64,SQ8", "belongs before");
        check("PQ7", "not a multiple");
        check("PQ0", "1 to 4096");
        check("PQ96x30", "4 to 12");
        check("PCA1000,SQ8", "cannot become");
        check("HNSW32,PQ96x4fs", "graph");
        check("PQ96x4fs,RFlat", "not needed");
        check("IVF64,,SQ8", "not a part");
        check("IVF-4,SQ8", "not a part");
    }

    #[test]
    fn the_size_decides_what_auto_is() {
        let check = |kind: VectorIndexType, count, expect: Option<&str>| {
            let chosen = Factory::choose(&kind, count, 384).unwrap().map(|factory| factory.to_string());
            assert_eq!(chosen.as_deref(), expect, "{kind:?} {count}");
        };
        check(VectorIndexType::Auto, 0, None);
        check(VectorIndexType::Auto, FLAT_UP_TO, None);
        check(VectorIndexType::Auto, FLAT_UP_TO + 1, Some("IVF8,PQ192x4fs"));
        check(VectorIndexType::Auto, 100_000, Some("IVF128,PQ192x4fs"));
        check(VectorIndexType::Flat, 100_000, None);
        check(VectorIndexType::IvfPq, 999, None);
        check(VectorIndexType::IvfPq, 1_000, Some("IVF4,PQ192x4fs"));
        check(VectorIndexType::Hnsw, 999, None);
        check(VectorIndexType::Hnsw, 5_000, Some("HNSW32,SQ8"));
        check(VectorIndexType::Factory("SQ8".to_owned()), 3, Some("SQ8"));
    }

    #[test]
    fn vectors_of_an_odd_length_get_codes_too() {
        let chosen = Factory::choose(&VectorIndexType::IvfPq, 5_000, 7).unwrap().unwrap();
        assert_eq!(chosen.to_string(), "IVF4,SQ8");
    }
}
