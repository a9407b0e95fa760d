//! A run: what one configuration answered to every question of a gold set, and how long each took.
//!
//! Runs are kept as JSON, so that two of them can be compared later. Nothing is scored here.

use std::collections::HashMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::dataset::{GoldSet, Question};

/// The most documents of a ranking that are kept; trec_eval's own habit. No metric looks further than 20.
pub const DEPTH: usize = 1_000;
/// The most bytes of a run file that is loaded: about 1,000 documents for each of 5,000 questions.
pub const RUN_FILE_LIMIT: u64 = 512 << 20;
const FORMAT_VERSION: u32 = 1;

/// What the system under test gave for one question. Build it with `..Ranked::default()`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranked {
    /// Document ids with their scores, best first. The order counts; the scores are kept for people to read.
    pub documents: Vec<(String, f32)>,
    /// The confidence of the gate on the 0..1 scale, where there is a gate.
    pub confidence: Option<f32>,
    /// `Some(false)` when the question was escalated; `None` when nothing decides that.
    pub answered: Option<bool>,
    /// The answer in words, where one was made; it is checked against `answers.jsonl`.
    pub answer: Option<String>,
}

/// What a run was made with; it labels reports and comparisons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDescription {
    /// The index that was asked.
    pub index: String,
    /// The revision of that index.
    pub revision: String,
    /// The retrieval mode: `auto`, `text`, `vector` or `hybrid`.
    pub mode: String,
}

/// One question of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunQuery {
    /// The id of the question in the gold set.
    pub id: String,
    /// Document ids with their scores, best first, at most [`DEPTH`].
    pub documents: Vec<(String, f32)>,
    /// The time from asking to the ranking, in milliseconds.
    pub latency_ms: f64,
    /// As in [`Ranked`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// As in [`Ranked`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<bool>,
    /// As in [`Ranked`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// Every question of a gold set, answerable and not, as one configuration answered it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    format_version: u32,
    /// The name of the gold set.
    pub set: String,
    /// What was asked.
    pub description: RunDescription,
    /// In the order of asking.
    pub queries: Vec<RunQuery>,
}

/// Gives the time since some fixed moment. A parameter, so that tests can say how long a question takes.
pub trait Clock {
    /// Never smaller than the value before.
    fn now(&self) -> Duration;
}

/// The monotonic clock of the system.
#[derive(Debug, Clone, Copy)]
pub struct MonotonicClock(Instant);

impl MonotonicClock {
    /// A clock that starts at 0 now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A question could not be asked, or its answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError<E: Error + 'static> {
    /// The system under test failed.
    #[error("the query `{query}` failed: {source}")]
    Ask {
        /// The id of the question.
        query: String,
        /// The failure.
        source: E,
    },
    /// A score or a confidence is NaN or infinite, or a confidence is outside 0..1.
    #[error("the query `{query}` got the {field} {value}, which is not a usable number")]
    BadNumber {
        /// The id of the question.
        query: String,
        /// `score of DOCUMENT` or `confidence`.
        field: String,
        /// The value.
        value: f32,
    },
}

/// Asks every question of `gold`, answerable ones first, one after the other, and times each by `clock`.
///
/// # Errors
/// The first failure ends the run: a figure over the questions that happened to work would mislead.
pub fn evaluate<E: Error + 'static>(
    gold: &GoldSet,
    description: RunDescription,
    clock: &dyn Clock,
    ask: &mut dyn FnMut(&str) -> Result<Ranked, E>,
) -> Result<Run, EvaluateError<E>> {
    let questions = gold.queries.iter().map(|query| &query.question).chain(&gold.unanswerable);
    let queries = questions.map(|question| ask_one(question, clock, ask)).collect::<Result<_, _>>()?;
    Ok(Run { format_version: FORMAT_VERSION, set: gold.name.clone(), description, queries })
}

fn ask_one<E: Error + 'static>(
    question: &Question,
    clock: &dyn Clock,
    ask: &mut dyn FnMut(&str) -> Result<Ranked, E>,
) -> Result<RunQuery, EvaluateError<E>> {
    let id = question.id.clone();
    let start = clock.now();
    let asked = ask(&question.text);
    let elapsed = clock.now().saturating_sub(start);
    let mut ranked = asked.map_err(|source| EvaluateError::Ask { query: id.clone(), source })?;
    ranked.documents.truncate(DEPTH);
    if let Some((field, value)) = bad_number(&ranked) {
        return Err(EvaluateError::BadNumber { query: id, field, value });
    }
    Ok(RunQuery {
        id,
        documents: ranked.documents,
        latency_ms: elapsed.as_secs_f64() * 1e3,
        confidence: ranked.confidence,
        answered: ranked.answered,
        answer: ranked.answer,
    })
}

/// JSON knows no NaN, and a confidence outside 0..1 would make nonsense of every cut.
fn bad_number(ranked: &Ranked) -> Option<(String, f32)> {
    let score = ranked.documents.iter().find(|(_, score)| !score.is_finite());
    let confidence = ranked.confidence.filter(|confidence| !(0.0..=1.0).contains(confidence));
    score
        .map(|(document, score)| (format!("score of `{document}`"), *score))
        .or(confidence.map(|confidence| ("confidence".to_owned(), confidence)))
}

/// A run file cannot be written, read or understood.
#[derive(Debug, thiserror::Error)]
pub enum RunFileError {
    /// The system refused to write.
    #[error("cannot write the run {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system refused to read.
    #[error("cannot read the run {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is larger than [`RUN_FILE_LIMIT`].
    #[error("the run {} is larger than {RUN_FILE_LIMIT} bytes", .0.display())]
    TooLarge(PathBuf),
    /// The file is not a run.
    #[error("{} is not a run that eval saved: {source}", .path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The file was saved by a newer program.
    #[error("the run {} has format {found}, this program reads format {FORMAT_VERSION}: make the run again", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: u32,
    },
    /// Two entries for one question.
    #[error("the run {} has the query `{query}` twice", .path.display())]
    DuplicateQuery {
        /// The file.
        path: PathBuf,
        /// The id.
        query: String,
    },
}

impl Run {
    /// Writes the run as JSON, under a temporary name first, so that an earlier run at `path` is
    /// replaced as a whole or not at all.
    ///
    /// # Errors
    /// [`RunFileError::Write`].
    pub fn save(&self, path: &Path) -> Result<(), RunFileError> {
        let failed = |source| RunFileError::Write { path: path.to_owned(), source };
        let mut partial = path.to_owned().into_os_string();
        partial.push(".partial");
        let json = serde_json::to_string(self).map_err(|error| failed(error.into()))?;
        fs::write(&partial, json + "\n").and_then(|()| fs::rename(&partial, path)).map_err(failed)
    }

    /// Reads a run that [`Run::save`] wrote.
    ///
    /// # Errors
    /// Every [`RunFileError`] but `Write`.
    pub fn load(path: &Path) -> Result<Self, RunFileError> {
        let failed = |source| RunFileError::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        File::open(path).map_err(failed)?.take(RUN_FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > RUN_FILE_LIMIT {
            return Err(RunFileError::TooLarge(path.to_owned()));
        }
        let bad = |source| RunFileError::Json { path: path.to_owned(), source };
        let header: Header = serde_json::from_slice(&bytes).map_err(bad)?;
        if header.format_version != FORMAT_VERSION {
            return Err(RunFileError::Format { path: path.to_owned(), found: header.format_version });
        }
        let run: Self = serde_json::from_slice(&bytes).map_err(bad)?;
        match run.repeated() {
            Some(query) => Err(RunFileError::DuplicateQuery { path: path.to_owned(), query: query.to_owned() }),
            None => Ok(run),
        }
    }

    /// The queries by id.
    pub fn by_id(&self) -> HashMap<&str, &RunQuery> {
        self.queries.iter().map(|query| (query.id.as_str(), query)).collect()
    }

    fn repeated(&self) -> Option<&str> {
        let mut seen = std::collections::HashSet::new();
        self.queries.iter().map(|query| query.id.as_str()).find(|id| !seen.insert(*id))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    format_version: u32,
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::evaluate::testing::gold;

    /// Every look at this clock takes one millisecond more than the look before: 1, 2, 3, …
    struct Scripted(Cell<u64>, Cell<u64>);

    impl Clock for Scripted {
        fn now(&self) -> Duration {
            self.0.set(self.0.get() + 1);
            self.1.set(self.1.get() + self.0.get());
            Duration::from_millis(self.1.get())
        }
    }

    fn scripted() -> Scripted {
        Scripted(Cell::new(0), Cell::new(0))
    }

    fn run(ask: &mut dyn FnMut(&str) -> Result<Ranked, io::Error>) -> Result<Run, EvaluateError<io::Error>> {
        let description = RunDescription { index: "i".into(), revision: "r1".into(), mode: "text".into() };
        evaluate(&gold(&["a", "b"], &["u"]), description, &scripted(), ask)
    }

    fn ranked(confidence: f32) -> Ranked {
        let documents = vec![("d1".to_owned(), 2.5), ("문서".to_owned(), 0.1)];
        Ranked { documents, confidence: Some(confidence), answered: Some(true), answer: Some("yes".to_owned()) }
    }

    #[test]
    fn every_question_is_asked_once_in_order_and_timed_by_the_clock() {
        let mut asked = Vec::new();
        let run = run(&mut |text| {
            asked.push(text.to_owned());
            Ok(ranked(0.5))
        })
        .unwrap();
        assert_eq!(asked, ["text of a", "text of b", "text of u"]);
        let timed: Vec<(&str, f64)> = run.queries.iter().map(|query| (query.id.as_str(), query.latency_ms)).collect();
        assert_eq!(timed, [("a", 2.0), ("b", 4.0), ("u", 6.0)]);
        assert_eq!((run.set.as_str(), run.description.mode.as_str()), ("made", "text"));
    }

    #[test]
    fn a_saved_run_loads_as_it_was_and_replaces_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.json");
        fs::write(&path, "old").unwrap();
        let run = run(&mut |_| Ok(ranked(0.123))).unwrap();
        run.save(&path).unwrap();
        assert_eq!(Run::load(&path).unwrap(), run);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(matches!(run.save(&dir.path().join("no/run.json")), Err(RunFileError::Write { .. })));
    }

    #[test]
    fn a_failing_question_is_named_and_ends_the_run() {
        let mut count = 0;
        let error = run(&mut |_| {
            count += 1;
            if count == 2 { Err(io::Error::other("the index is gone")) } else { Ok(Ranked::default()) }
        });
        assert_eq!(error.unwrap_err().to_string(), "the query `b` failed: the index is gone");
        assert_eq!(count, 2);
    }

    #[test]
    fn numbers_that_json_or_a_cut_cannot_hold_are_refused() {
        for (bad, expect) in [
            (ranked(f32::NAN), "the query `a` got the confidence NaN, which is not a usable number"),
            (ranked(1.5), "the query `a` got the confidence 1.5, which is not a usable number"),
            (
                Ranked { documents: vec![("d".to_owned(), f32::INFINITY)], ..Ranked::default() },
                "the query `a` got the score of `d` inf, which is not a usable number",
            ),
        ] {
            assert_eq!(run(&mut |_| Ok(bad.clone())).unwrap_err().to_string(), expect);
        }
    }

    #[test]
    fn a_ranking_is_kept_to_its_depth() {
        let documents: Vec<(String, f32)> = (0..DEPTH + 5).map(|index| (index.to_string(), 0.0)).collect();
        let run = run(&mut |_| Ok(Ranked { documents: documents.clone(), ..Ranked::default() })).unwrap();
        assert_eq!(run.queries[0].documents.len(), DEPTH);
    }

    #[test]
    fn a_file_that_is_not_a_run_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.json");
        let query = r#"{"id":"a","documents":[],"latency_ms":1.0}"#;
        let run = |version: u32, queries: &str| {
            format!(
                r#"{{"formatVersion":{version},"set":"s","description":{{"index":"","revision":"","mode":""}},"queries":[{queries}]}}"#
            )
        };
        for (content, expect) in [
            (String::new(), "is not a run that eval saved: EOF while parsing a value at line 1 column 0"),
            ("[1]".to_owned(), "is not a run that eval saved: "),
            (run(2, ""), "has format 2, this program reads format 1: make the run again"),
            (run(1, "7"), "is not a run that eval saved: "),
            (run(1, &format!("{query},{query}")), "has the query `a` twice"),
        ] {
            fs::write(&path, content).unwrap();
            let message = Run::load(&path).unwrap_err().to_string();
            assert!(message.contains(expect), "{message} lacks {expect}");
        }
        fs::write(&path, run(1, query)).unwrap();
        assert_eq!(Run::load(&path).unwrap().queries.len(), 1);
        assert!(matches!(Run::load(&dir.path().join("none")), Err(RunFileError::Read { .. })));
    }
}
