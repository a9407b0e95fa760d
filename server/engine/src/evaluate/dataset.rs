//! A gold set: questions, the documents that answer them, and questions that nothing answers.
//!
//! A set is a folder: `queries.jsonl`, `qrels.tsv`, and optionally `queries_unanswerable.jsonl` and `answers.jsonl`.
//! A set that does not hold together is refused with the file and line; nothing is silently repaired.

mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use ragops_storage::{Sha256Digest, Sha256Hasher};

use super::bootstrap::mix;
use super::metrics::Judgements;

/// The half of a set that settings may be tuned on.
pub const TUNE: &str = "tune";
/// The half of a set that reported figures come from.
pub const REPORT: &str = "report";

/// A question of a gold set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Unique over the whole set, unanswerable questions included.
    pub id: String,
    /// The text to ask, not empty.
    pub text: String,
    /// The language tag that the set gives (`language` or `lang`), lower-cased; `None` when it gives none.
    pub language: Option<String>,
    /// The split that the set gives, or else [`default_split`] of the id.
    pub split: String,
}

/// What an answer in words should say, from `answers.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedAnswer {
    /// Every one of these should stand in the answer; at least one, none empty.
    pub must_contain: Vec<String>,
    /// The document that the answer should come from, where the set names one.
    pub document: Option<String>,
}

/// A question with at least one relevant document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldQuery {
    /// The question itself.
    pub question: Question,
    /// The documents that were judged for it.
    pub judgements: Judgements,
    /// What the answer should say, where the set knows.
    pub answer: Option<ExpectedAnswer>,
}

/// A loaded gold set. There is at least one query; ids are unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldSet {
    /// The name of the folder, or what it was given.
    pub name: String,
    /// The questions that have relevant documents, in the order of the file.
    pub queries: Vec<GoldQuery>,
    /// The questions that no document answers, in the order of the file; often none.
    pub unanswerable: Vec<Question>,
    /// How many questions were left out because no document is judged relevant for them (as trec_eval does).
    pub unjudged: usize,
}

/// Which part of a set to use. The default is all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only questions in this language; compared without regard to case.
    pub language: Option<String>,
    /// Only questions of this split, [`TUNE`] and [`REPORT`] unless the set names its own.
    pub split: Option<String>,
}

/// Why a gold set cannot be used. Messages name the file, and the line where there is one.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file that every set has is not there, or the folder is not.
    #[error("{} does not exist: a gold set has queries.jsonl and qrels.tsv", .0.display())]
    Missing(PathBuf),
    /// The system refused to open or read a file.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is larger than a gold set may be.
    #[error("{} is larger than {limit} bytes, the most that a file of a gold set may have", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A line cannot be used.
    #[error("{}:{line}: {fault}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        fault: LineFault,
    },
    /// `queries.jsonl` has no query.
    #[error("{} has no query", .0.display())]
    Empty(PathBuf),
    /// No query has a relevant document, so that there is nothing to measure.
    #[error("{} gives no query a relevant document (a score above 0)", .0.display())]
    NothingRelevant(PathBuf),
    /// The selection leaves no query.
    #[error("the gold set {set} has no query with {wanted}; it has {available}")]
    NothingSelected {
        /// The name of the set.
        set: String,
        /// What was asked for.
        wanted: String,
        /// The languages and splits that there are.
        available: String,
    },
}

/// What is wrong with a line of a gold set.
#[derive(Debug, thiserror::Error)]
pub enum LineFault {
    /// Not UTF-8.
    #[error("the line is not valid UTF-8")]
    NotUtf8,
    /// Not the JSON that was expected.
    #[error("bad JSON at column {column}: {reason}")]
    Json {
        /// Counted in bytes from 1; 0 when the line as a whole has another shape than expected.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// A field is missing or empty.
    #[error("the field `{0}` is missing or empty")]
    EmptyField(&'static str),
    /// The id was seen before.
    #[error("the query id `{id}` is a duplicate: it was first given on line {first} of {file}")]
    DuplicateQuery {
        /// The id.
        id: String,
        /// Where it stood first, counted from 1.
        first: usize,
        /// The file it stood in.
        file: &'static str,
    },
    /// The id is in no line of `queries.jsonl`.
    #[error("the query id `{0}` is not in queries.jsonl")]
    UnknownQuery(String),
    /// A judgement has too few or too many columns.
    #[error("{0} columns instead of query-id, corpus-id, score (or the four of TREC: query, 0, document, grade)")]
    Columns(usize),
    /// A score is not a whole number.
    #[error("the score `{0}` is not a whole number")]
    Score(String),
    /// A pair was judged twice, differently.
    #[error("the document `{document}` was given the score {first} for the query `{query}` before, and {second} now")]
    Conflict {
        /// The query.
        query: String,
        /// The document.
        document: String,
        /// The score before.
        first: i32,
        /// The score of this line.
        second: i32,
    },
    /// A second answer for one query.
    #[error("the query `{0}` has an answer already")]
    DuplicateAnswer(String),
}

impl GoldSet {
    /// The files of a set.
    pub const FILES: [&str; 4] = files::ALL;

    /// Loads the set in the folder `dir`.
    ///
    /// - `queries.jsonl`: a query a line, `{"id" or "_id", "text"}`, optionally `language` (or `lang`) and `split`.
    /// - `qrels.tsv`: `query-id <tab> corpus-id <tab> score` with or without that header line, or TREC's four columns.
    /// - `queries_unanswerable.jsonl` (optional): as `queries.jsonl`.
    /// - `answers.jsonl` (optional): `{"id", "must_contain": [..], "document"}`.
    ///
    /// Other fields are ignored, and so are blank lines.
    ///
    /// # Errors
    /// Every [`DatasetError`] but `NothingSelected`.
    pub fn load(dir: &Path) -> Result<Self, DatasetError> {
        files::load_folder(dir)
    }

    /// The same from files in memory, as a ConfigMap has them; `name` stands in messages in place of a folder.
    ///
    /// # Errors
    /// Every [`DatasetError`] but `NothingSelected`, `Read` and `TooLarge`.
    pub fn from_texts(name: &str, texts: &BTreeMap<String, String>) -> Result<Self, DatasetError> {
        files::load(&files::Files::Texts(Path::new(name), texts), name.to_owned())
    }

    /// A digest of all that measuring with it depends on: questions, judgements, and which have no answer.
    pub fn digest(&self) -> Sha256Digest {
        let mut hasher = Sha256Hasher::default();
        let mut field = |text: &str| hasher.update_field(text.as_bytes());
        for GoldQuery { question, judgements, .. } in &self.queries {
            field("query");
            field(&question.text);
            for document in judgements.relevant() {
                field(document);
                field(&judgements.gain(document).to_string());
            }
        }
        for question in &self.unanswerable {
            field("unanswerable");
            field(&question.text);
        }
        hasher.finish()
    }

    /// The part of the set that `selection` names. A selection takes from the answerable and the unanswerable alike.
    ///
    /// # Errors
    /// [`DatasetError::NothingSelected`] when no answerable query is left.
    pub fn select(mut self, selection: &Selection) -> Result<Self, DatasetError> {
        let available = self.available();
        self.queries.retain(|query| selection.takes(&query.question));
        self.unanswerable.retain(|question| selection.takes(question));
        if self.queries.is_empty() {
            return Err(DatasetError::NothingSelected { set: self.name, wanted: selection.to_string(), available });
        }
        Ok(self)
    }

    /// Keeps the judgements of the documents that `keep` accepts, for instance those of one language, to measure
    /// cross-language retrieval. Queries that lose their last relevant document are dropped and counted as unjudged.
    pub fn retain_documents(&mut self, mut keep: impl FnMut(&str) -> bool) {
        let before = self.queries.len();
        self.queries.retain_mut(|query| {
            query.judgements.retain(&mut keep);
            query.judgements.relevant().next().is_some()
        });
        self.unjudged += before - self.queries.len();
    }

    /// Every document that is relevant for some query. One that an index lacks can never be found: callers should warn.
    pub fn relevant_documents(&self) -> BTreeSet<&str> {
        self.queries.iter().flat_map(|query| query.judgements.relevant()).collect()
    }

    fn available(&self) -> String {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for GoldQuery { question, .. } in &self.queries {
            let language = question.language.as_deref().unwrap_or("not given");
            *counts.entry(format!("language {language}")).or_default() += 1;
            *counts.entry(format!("split {}", question.split)).or_default() += 1;
        }
        let counts: Vec<String> = counts.into_iter().map(|(name, count)| format!("{name} ({count})")).collect();
        counts.join(", ")
    }
}

impl Selection {
    fn takes(&self, question: &Question) -> bool {
        let language = self.language.as_ref().is_none_or(|wanted| {
            question.language.as_ref().is_some_and(|language| language.eq_ignore_ascii_case(wanted))
        });
        language && self.split.as_ref().is_none_or(|wanted| *wanted == question.split)
    }
}

impl std::fmt::Display for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.language, &self.split) {
            (Some(language), Some(split)) => write!(f, "language {language} and split {split}"),
            (Some(language), None) => write!(f, "language {language}"),
            (None, Some(split)) => write!(f, "split {split}"),
            (None, None) => write!(f, "any language and split"),
        }
    }
}

/// The split of a query whose line names none: by the lowest bit of a hash of its id, so that half of a set is [`TUNE`]
/// and half is [`REPORT`], the same on every machine and whatever else the set contains.
///
/// The hash is 64-bit FNV-1a over the id's UTF-8 bytes, then the output function of SplitMix64; 0 → tune, 1 → report.
pub fn default_split(id: &str) -> &'static str {
    let fnv = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    if mix(fnv) & 1 == 0 { TUNE } else { REPORT }
}

#[cfg(test)]
mod tests;
