//! How good is the retrieval and the gate? Gold sets, runs over them, metrics with intervals, and comparisons.
//!
//! The path: [`GoldSet::load`] → [`evaluate`] asks every question and gives a [`Run`] → [`Report::of`] scores it, and
//! [`compare`] sets two runs side by side. Nothing here retrieves, reads the wall clock or draws unseeded randomness.

pub mod abstention;
pub mod bootstrap;
pub mod compare;
pub mod dataset;
pub mod metrics;
mod paired;
pub mod record;
pub mod report;
pub mod run;
mod table;

pub use abstention::{AbstentionReport, Outcome};
pub use bootstrap::{Bootstrap, Interval};
pub use compare::{Comparison, compare};
pub use dataset::{DatasetError, GoldQuery, GoldSet, Question, Selection, default_split};
pub use metrics::Judgements;
pub use paired::{IncompleteRun, Latency};
pub use record::{Evaluation, Score};
pub use report::{Metric, Report, ReportSettings};
pub use run::{Clock, EvaluateError, MonotonicClock, Ranked, Run, RunDescription, RunFileError, evaluate};

#[cfg(test)]
mod testing;
