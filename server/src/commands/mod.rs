//! One file for each command. A command returns how it ended; what went wrong is printed here, once.

mod eval;
pub(crate) mod index;
mod inspect;
mod model;
mod open;
mod query;
mod up;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use ragops_embed::StoreError;
use ragops_engine::answer::AnswerError;
use ragops_engine::build::ErrorClass;
use ragops_engine::evaluate::{DatasetError, EvaluateError, IncompleteRun, RunFileError};
use ragops_engine::retrieve::RetrieveError;
use ragops_engine::revision::RevisionError;

use crate::cli::{Cli, Command};
use crate::logging::{self, LogFilterError};
use crate::models::ModelError;
use crate::resources::ResourcesError;
use crate::settings::{Environment, Settings, SettingsError};

pub use open::NotOpen;
pub use up::UpError;

/// How a command ended; of two ends the greater one is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done.
    Done,
    /// The same command may succeed later.
    Retryable,
    /// Something must be changed first.
    BadInput,
    /// A signal ended it; with the signal's number.
    Stopped(u8),
}

impl Exit {
    /// 0, 3 or 2; 130 or 143 after a signal, as a shell has it.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::BadInput => 2,
            Self::Retryable => 3,
            Self::Stopped(signal) => signal.saturating_add(128),
        }
    }

    /// Of a failed build.
    pub fn of(class: ErrorClass) -> Self {
        match class {
            ErrorClass::BadInput => Self::BadInput,
            ErrorClass::Retryable => Self::Retryable,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Flags or environment.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The log filter.
    #[error(transparent)]
    LogFilter(#[from] LogFilterError),
    /// The resource files.
    #[error(transparent)]
    Resources(#[from] ResourcesError),
    /// The embedding models.
    #[error(transparent)]
    Model(#[from] StoreError),
    /// An embedding model that an index names.
    #[error(transparent)]
    IndexModel(#[from] ModelError),
    /// A model that an index is served with is not removed.
    #[error(
        "the model `{name}` is not removed: the active revision of {indexes} in {} was made with it; build with another \
         model first, or give --force", .data.display()
    )]
    ModelInUse {
        /// The model.
        name: String,
        /// The data folder.
        data: PathBuf,
        /// The indexes.
        indexes: String,
    },
    /// An index cannot be opened.
    #[error(transparent)]
    NotOpen(#[from] NotOpen),
    /// Revisions cannot be listed.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// A question failed.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The question cannot be asked.
    #[error("{0}")]
    Question(String),
    /// The gold set cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The gold set is of other documents than the index.
    #[error(
        "index `{index}` holds none of the {relevant} relevant documents of the gold set {}: the set names {named}, the \
         index holds {known}; give the set of this index with --set, or its index with --index", .set.display()
    )]
    OtherGoldSet {
        /// The set's folder.
        set: PathBuf,
        /// The index.
        index: String,
        /// How many documents the set names.
        relevant: usize,
        /// Some of them.
        named: String,
        /// Some documents of the index.
        known: String,
    },
    /// A question of the gold set failed.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError<AnswerError>),
    /// A saved run does not fit the gold set.
    #[error(transparent)]
    IncompleteRun(#[from] IncompleteRun),
    /// A saved run cannot be read or written.
    #[error(transparent)]
    RunFile(#[from] RunFileError),
    /// The server could not serve.
    #[error(transparent)]
    Up(#[from] UpError),
    /// Standard output is closed or full.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

impl CommandError {
    fn exit(&self) -> Exit {
        let is_retryable = match self {
            Self::Model(error) => error.is_retryable(),
            Self::IndexModel(error) => error.is_retryable(),
            Self::NotOpen(error) => error.is_retryable(),
            Self::Answer(error) | Self::Evaluate(EvaluateError::Ask { source: error, .. }) => is_passing(error),
            Self::Revision(error) => error.is_retryable(),
            Self::Output(_) => true,
            Self::Settings(_)
            | Self::LogFilter(_)
            | Self::Resources(_)
            | Self::ModelInUse { .. }
            | Self::Question(_)
            | Self::Dataset(_)
            | Self::OtherGoldSet { .. }
            | Self::Evaluate(_)
            | Self::IncompleteRun(_)
            | Self::RunFile(_)
            | Self::Up(_) => false,
        };
        if is_retryable { Exit::Retryable } else { Exit::BadInput }
    }
}

/// Whether the same question may be answered later.
fn is_passing(error: &AnswerError) -> bool {
    match error {
        AnswerError::Embed(error) | AnswerError::Retrieve(RetrieveError::Embed(error)) => error.is_retryable(),
        AnswerError::Retrieve(RetrieveError::Rerank(_)) => true,
        _ => false,
    }
}

/// Runs the one command of a process.
pub fn run(cli: Cli, environment: &Environment) -> Exit {
    dispatch(cli, environment).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        error.exit()
    })
}

fn dispatch(cli: Cli, environment: &Environment) -> Result<Exit, CommandError> {
    let settings = Settings::resolve(cli.flags(), environment)?;
    let default_log = if matches!(cli.command, Command::Up(_)) { "info" } else { "warn" };
    logging::start(&settings, default_log)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    if !matches!(cli.command, Command::Model(_)) {
        settings.check_data()?;
    }
    match cli.command {
        Command::Model(args) => model::run(args, &settings),
        Command::Up(args) => up::run(args, settings),
        Command::Index(args) => index::run(args, &settings),
        Command::Query(args) => query::run(&args, &settings),
        Command::Eval(args) => eval::run(&args, &settings),
        Command::Inspect(args) => inspect::run(&args, &settings),
    }
}
