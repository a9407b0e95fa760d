//! `eval`: asks every question of a gold set and reports how good and how fast the retrieval is, and whether the gate
//! tells the answerable from the rest. Only retrieval is timed: what the gate adds is taken off the clock.

use std::cell::Cell;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use ragops_embed::EmbedError;
use ragops_engine::answer::{AnswerError, Question, Searcher, Status};
use ragops_engine::evaluate::{
    Bootstrap, Clock, Comparison, GoldSet, Ranked, Report, ReportSettings, Run, RunDescription, Selection, compare,
    evaluate,
};
use ragops_engine::retrieve::rerank::RerankError;
use ragops_engine::retrieve::{Degraded, DegradedReason, Mode, RetrieveError};
use ragops_engine::settings::QuerySettings;
use serde::Serialize;

use super::open::{self, Opened};
use super::{CommandError, Exit};
use crate::cli::EvalArgs;
use crate::output;
use crate::settings::Settings;

/// Ids that a message shows of a set and of an index.
const EXAMPLE_IDS: usize = 3;

/// What `--json` prints: the report's fields, and the comparison where one was asked for.
#[derive(Serialize)]
struct Figures {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
}

pub(super) fn run(args: &EvalArgs, settings: &Settings) -> Result<Exit, CommandError> {
    let selection = Selection { language: args.language.clone(), split: args.split.clone() };
    let gold = GoldSet::load(&args.set)?.select(&selection)?;
    let before = args.compare.as_deref().map(Run::load).transpose()?;
    let Opened { name: index, searcher, query, chat, answers } = open::open(&args.target, settings)?;
    if !chat.is_empty() {
        eprintln!("note: answers are measured as quotations; chat backends are not asked");
    }
    // Figures of another way of searching would be taken for this one's.
    answers.map_err(AnswerError::from)?;
    check_relevant(&gold, &searcher, args, &index)?;
    let revision = searcher.revision().manifest.revision.to_string();
    let description = RunDescription { index, revision, mode: args.mode.name().to_owned() };
    let run = ask_all(&gold, description, &searcher, args.mode, &query)?;
    if let Some(path) = &args.save_run {
        run.save(path)?;
    }
    let report = Report::of(&run, &gold, &ReportSettings::default())?;
    let comparison = before.map(|before| compare(&before, &run, &gold, &Bootstrap::default())).transpose()?;
    if args.json {
        output::json(&Figures { report, comparison })?;
        return Ok(Exit::Done);
    }
    output::line(report.table().trim_end())?;
    if let Some(comparison) = comparison {
        output::line(&format!("\nA is the saved run, B is this one\n{}", comparison.table().trim_end()))?;
    }
    Ok(Exit::Done)
}

/// A relevant document that the index lacks can never be found, which is worth knowing before the figures are. Where it
/// lacks all of them, the set is another index's, and every figure would be a zero that says nothing.
fn check_relevant(gold: &GoldSet, searcher: &Searcher, args: &EvalArgs, index: &str) -> Result<(), CommandError> {
    let passages = &searcher.revision().passages;
    let numbers = 0..u32::try_from(passages.document_count()).unwrap_or(u32::MAX);
    let id = |number| Some(passages.document(number).ok()?.id.as_str().to_owned());
    let known: HashSet<String> = numbers.filter_map(id).collect();
    let relevant = gold.relevant_documents();
    let missing: Vec<&str> = relevant.iter().copied().filter(|id| !known.contains(*id)).collect();
    if !relevant.is_empty() && missing.len() == relevant.len() {
        let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
        known.sort_unstable();
        return Err(CommandError::OtherGoldSet {
            set: args.set.clone(),
            index: index.to_owned(),
            relevant: relevant.len(),
            named: some_of(&missing),
            known: some_of(&known),
        });
    }
    if let Some(first) = missing.first() {
        let (missing, relevant) = (missing.len(), relevant.len());
        eprintln!("warning: index `{index}` lacks {missing} of the {relevant} relevant documents, `{first}` for one");
    }
    Ok(())
}

/// The first ids, as examples.
fn some_of(ids: &[&str]) -> String {
    let shown: Vec<String> = ids.iter().take(EXAMPLE_IDS).map(|id| format!("`{id}`")).collect();
    let more = if ids.len() > EXAMPLE_IDS { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn ask_all(
    gold: &GoldSet,
    description: RunDescription,
    searcher: &Searcher,
    mode: Mode,
    settings: &QuerySettings,
) -> Result<Run, CommandError> {
    // The gate is judged only where the set can tell right from wrong: it costs more than the retrieval.
    let judges = !gold.unanswerable.is_empty() || gold.queries.iter().any(|query| query.answer.is_some());
    let total = gold.queries.len() + gold.unanswerable.len();
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} questions, {eta} left").expect("a valid template");
    let bar = ProgressBar::new(total as u64).with_style(style);
    // The first question finds cold files; it is asked once more off the record.
    if let Some(first) = gold.queries.first() {
        ask(searcher, &first.question.text, mode, settings)?;
    }
    let clock = RetrievalClock::start();
    let run = evaluate(gold, description, &clock, &mut |text| {
        let mut ranked = ask(searcher, text, mode, settings)?;
        bar.inc(1);
        if judges {
            clock.off_the_record(|| judge(searcher, text, mode, settings, &mut ranked))?;
        }
        Ok(ranked)
    });
    bar.finish_and_clear();
    Ok(run?)
}

fn ask(searcher: &Searcher, text: &str, mode: Mode, settings: &QuerySettings) -> Result<Ranked, AnswerError> {
    let found = searcher.retrieve(Question { text, mode }, &settings.retrieval)?;
    refuse_degraded(searcher, &found.degraded)?;
    let passages = &searcher.revision().passages;
    let named = |(number, score)| Ok((passages.document(number)?.id.as_str().to_owned(), score));
    let documents = found.documents().into_iter().map(named).collect::<Result<_, AnswerError>>()?;
    Ok(Ranked { documents, ..Ranked::default() })
}

/// What is found in another way than the settings say is not measured.
fn refuse_degraded(searcher: &Searcher, degraded: &[Degraded]) -> Result<(), AnswerError> {
    let Some(Degraded { reason, detail }) = degraded.first() else { return Ok(()) };
    let detail = detail.clone();
    if *reason == DegradedReason::RerankerUnavailable {
        return Err(RetrieveError::from(RerankError { reason: detail }).into());
    }
    let model = searcher.model().identity().name.clone();
    Err(EmbedError::Unavailable { model, reason: detail }.into())
}

fn judge(
    searcher: &Searcher,
    text: &str,
    mode: Mode,
    settings: &QuerySettings,
    ranked: &mut Ranked,
) -> Result<(), AnswerError> {
    let answer = searcher.answer(Question { text, mode }, settings)?;
    refuse_degraded(searcher, &answer.degraded)?;
    let answered = answer.status == Status::Answered;
    ranked.confidence = Some(answer.confidence);
    ranked.answered = Some(answered);
    ranked.answer = answered.then(|| answer.said());
    Ok(())
}

/// A clock that stands still while the gate works.
struct RetrievalClock {
    start: Instant,
    excluded: Cell<Duration>,
}

impl RetrievalClock {
    fn start() -> Self {
        Self { start: Instant::now(), excluded: Cell::default() }
    }

    fn off_the_record<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.excluded.set(self.excluded.get() + start.elapsed());
        result
    }
}

impl Clock for RetrievalClock {
    fn now(&self) -> Duration {
        self.start.elapsed().saturating_sub(self.excluded.get())
    }
}
