//! `index`: builds one revision of each RagIndex, then exits. This is what a Job runs.

use std::collections::BTreeMap;
use std::time::Instant;

use ragops_engine::build::{BuildError, BuildOutcome, BuildResult, ErrorClass};
use ragops_engine::revision::RevisionStore;
use ragops_engine::revision::manifest::Counts;
use serde::Serialize;

use super::{CommandError, Exit};
use crate::builder::{self, BuildFailure};
use crate::cli::IndexArgs;
use crate::contract::RevisionCounts;
use crate::models::Models;
use crate::output;
use crate::progress::{Cancel, Display, Reporter, found};
use crate::query_record;
use crate::resources::{IndexConfig, Origin};
use crate::settings::Settings;
use crate::stop::{self, Stop};

/// What `--json` prints for each index.
#[derive(Debug, Serialize)]
struct ResultLine<'a> {
    index: &'a str,
    /// `built`, `unchanged`, `failed` or, by a signal, `stopped`.
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<RevisionCounts>,
    /// Files that were not read again, because they are as they were in an earlier build.
    #[serde(skip_serializing_if = "Option::is_none")]
    reused_files: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<&'a BTreeMap<String, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorLine>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct ErrorLine {
    message: String,
    retryable: bool,
}

pub(super) fn run(args: IndexArgs, settings: &Settings) -> Result<Exit, CommandError> {
    let resources = Origin::of(args.file, settings)?.load(settings)?;
    for unused in &resources.not_used {
        eprintln!("note: {unused}");
    }
    let models = Models::of(settings);
    let stop = Stop::on_signal()?;
    let mut exit = Exit::Done;
    for config in &resources.indexes {
        let start = Instant::now();
        let result = build(config, settings, &models, stop.cancel());
        if let Err(error) = &result {
            let ended = stop.signal().filter(|_| is_cancelled(error));
            eprintln!("{}", ended.map_or_else(|| refusal(config, error), |signal| stopped(config, signal)));
            exit = exit.max(ended.map_or_else(|| Exit::of(error.class()), Exit::Stopped));
        }
        let seconds = (start.elapsed().as_secs_f64() * 1e3).round() / 1e3;
        if args.json {
            output::json(&result_line(config, &result, seconds))?;
        } else if let Ok(outcome) = &result {
            output::line(&render(config, outcome, seconds))?;
        }
    }
    Ok(exit)
}

fn is_cancelled(error: &BuildFailure) -> bool {
    matches!(error, BuildFailure::Build(BuildError::Cancelled))
}

/// What a failed build says; many errors name the index themselves.
fn refusal(config: &IndexConfig, error: &BuildFailure) -> String {
    let (message, index) = (error.to_string(), format!("index `{}`", config.name));
    if message.contains(&index) { format!("error: {message}") } else { format!("error: {index}: {message}") }
}

fn stopped(config: &IndexConfig, signal: u8) -> String {
    format!(
        "stopped by {}: index `{}` was not built and stays as it was; the same command starts over, with the vectors \
         that are in the cache by now",
        stop::name_of(signal),
        config.name
    )
}

fn build(
    config: &IndexConfig,
    settings: &Settings,
    models: &Models,
    cancel: Cancel,
) -> Result<BuildOutcome, BuildFailure> {
    let display = Display::bar_or(Display::Lines);
    let reporter = Reporter::new(&config.name, display, cancel, |_| {});
    let store = RevisionStore::of_index(&settings.data, &config.name);
    let outcome = builder::build(config, &store, models, &reporter)?;
    query_record::write(&store, &config.in_force())?;
    Ok(outcome)
}

fn result_line<'a>(
    config: &'a IndexConfig,
    result: &'a Result<BuildOutcome, BuildFailure>,
    seconds: f64,
) -> ResultLine<'a> {
    let index = config.name.as_str();
    match result {
        Ok(outcome) => ResultLine {
            index,
            result: result_name(outcome.result),
            revision: Some(outcome.revision.to_string()),
            counts: Some(outcome.manifest.counts.into()),
            reused_files: Some(outcome.reused_files),
            findings: Some(&outcome.manifest.findings.counts),
            error: None,
            seconds,
        },
        Err(error) => {
            let retryable = error.class() == ErrorClass::Retryable;
            let result = if is_cancelled(error) { "stopped" } else { "failed" };
            let error = Some(ErrorLine { message: error.to_string(), retryable });
            ResultLine {
                index,
                result,
                revision: None,
                counts: None,
                reused_files: None,
                findings: None,
                error,
                seconds,
            }
        }
    }
}

/// A build's result in JSON, log lines and metrics.
pub(crate) fn result_name(result: BuildResult) -> &'static str {
    match result {
        BuildResult::Built => "built",
        BuildResult::Unchanged => "unchanged",
    }
}

/// Findings as messages count them: `BadRecord 2, EmptyFile 1`.
pub(crate) fn counted(findings: &BTreeMap<String, u64>) -> String {
    let counts: Vec<String> = findings.iter().map(|(code, count)| format!("{code} {count}")).collect();
    counts.join(", ")
}

fn render(config: &IndexConfig, outcome: &BuildOutcome, seconds: f64) -> String {
    let Counts { files, documents, chunks, .. } = outcome.manifest.counts;
    let (name, result, revision) = (&config.name, result_name(outcome.result), &outcome.revision);
    let mut findings = found(&outcome.manifest.findings.counts);
    if !findings.is_empty() {
        findings.push_str(" (`ragops-server inspect` lists them)");
    }
    let reused = match (outcome.result, outcome.reused_files) {
        (BuildResult::Unchanged, _) | (_, 0) => String::new(),
        (BuildResult::Built, reused) => format!(", {reused} of {files} files not read again"),
    };
    format!(
        "{name}: {result} revision {revision}, {documents} documents, {chunks} chunks{reused}, {seconds:.1} s{findings}"
    )
}
