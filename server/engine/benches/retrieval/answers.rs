//! Whole answers: which questions are answered, whether the answer holds the expected fact, and whether its sentences
//! are those that people chose.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ragops_engine::answer::{AnswerError, Question, Searcher, Status};
use ragops_engine::evaluate::{GoldSet, MonotonicClock, Ranked, Report, ReportSettings, Run, default_split, evaluate};
use ragops_engine::retrieve::Mode;
use ragops_engine::settings::QuerySettings;
use serde::Deserialize;

use super::setup::{description, documents};

pub(crate) fn abstention(sets: &[(&str, GoldSet, &Searcher)]) -> Result<()> {
    println!("\n## Answering and abstaining\n");
    println!(
        "Whole answers (hybrid), default settings. Right page: of all answered, those with a relevant page among the"
    );
    println!("first 5. Coverage: answered, of the answerable. Escalated: of the unanswerable. Fact in answer: of the");
    println!(
        "answerable with a known fact, those whose answer holds it word for word, escalated ones counted as without.\n"
    );
    println!(
        "| set | answerable | unanswerable | right page | coverage | unanswerable escalated | AURC | fact in answer |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut curves = Vec::new();
    for (title, gold, searcher) in sets {
        let settings = QuerySettings::default();
        let mut ask = |text: &str| -> Result<Ranked, AnswerError> {
            let question = Question { text, mode: Mode::Auto };
            let found = searcher.retrieve(question, &settings.retrieval)?;
            let answer = searcher.answer(question, &settings)?;
            Ok(Ranked {
                documents: documents(searcher, &found, |_| true)?,
                confidence: Some(answer.confidence),
                answered: Some(answer.status == Status::Answered),
                answer: Some(answer.said()),
            })
        };
        let run = evaluate(gold, description(searcher, Mode::Auto), &MonotonicClock::start(), &mut ask)?;
        let report = Report::of(&run, gold, &ReportSettings::default())?;
        curves.push((*title, Curve::of(&run, gold)));
        let value = serde_json::to_value(report)?;
        let shown = |figure: Option<f64>| figure.map_or("–".to_owned(), |figure| format!("{figure:.3}"));
        let figure = |name: &str| shown(value["abstention"][name]["value"].as_f64());
        let fact = shown(value["answers"]["contained"].as_f64());
        println!(
            "| {title} | {} | {} | {} | {} | {} | {} | {fact} |",
            value["abstention"]["answerable"],
            value["abstention"]["unanswerable"],
            figure("precision"),
            figure("coverage"),
            figure("unanswerable_escalated"),
            shown(value["abstention"]["aurc"].as_f64()),
        );
    }
    println!("\n### What a higher cut gives\n");
    println!("The same answers by falling confidence, cut where that share of the answerable is answered.");
    println!("First: of all answered, those that have an answer in the documents. Second: those with a relevant page");
    println!("among the first 5. The goal is .9 at a coverage of .7.\n");
    println!("| set | {} |", COVERAGES.map(|share| format!("coverage {share:.1}")).join(" | "));
    println!("|---{}|", "|---".repeat(COVERAGES.len()));
    for (title, curve) in curves.iter().filter(|(_, curve)| curve.holds_unanswerable()) {
        println!("| {title} | {} |", COVERAGES.map(|share| curve.at(share)).join(" | "));
    }
    Ok(())
}

/// The shares of the answerable questions that the risk-coverage table shows.
const COVERAGES: [f64; 7] = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// Each question's confidence, whether it has an answer, and whether what was found for it holds that; most sure first.
struct Curve(Vec<(f32, bool, bool)>);

impl Curve {
    fn of(run: &Run, gold: &GoldSet) -> Self {
        let by_id = run.by_id();
        let confidence = |id: &str| by_id.get(id).and_then(|found| found.confidence).unwrap_or_default();
        let answerable = gold.queries.iter().map(|query| {
            let found = by_id.get(query.question.id.as_str());
            let first = found.iter().flat_map(|found| found.documents.iter().take(5));
            let right = first.into_iter().any(|(document, _)| query.judgements.gain(document) > 0.0);
            (confidence(&query.question.id), true, right)
        });
        let unanswerable = gold.unanswerable.iter().map(|question| (confidence(&question.id), false, false));
        let mut questions: Vec<_> = answerable.chain(unanswerable).collect();
        questions.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self(questions)
    }

    fn holds_unanswerable(&self) -> bool {
        self.0.iter().any(|(_, answerable, _)| !answerable)
    }

    /// Precision where the first cut is that answers this share of the answerable; equals enter together.
    fn at(&self, coverage: f64) -> String {
        let answerable = self.0.iter().filter(|(_, answerable, _)| *answerable).count();
        let (mut answered, mut with_answer, mut right) = (0_usize, 0_usize, 0_usize);
        for group in self.0.chunk_by(|a, b| a.0 == b.0) {
            answered += group.len();
            with_answer += group.iter().filter(|(_, answerable, _)| *answerable).count();
            right += group.iter().filter(|(_, _, right)| *right).count();
            if with_answer as f64 >= coverage * answerable as f64 {
                break;
            }
        }
        format!("{:.3} / {:.3}", with_answer as f64 / answered as f64, right as f64 / answered as f64)
    }
}

/// How long a whole answer takes, each question asked once, as a server's first askers meet it.
pub(crate) fn times(sets: &[(&str, GoldSet, Searcher)]) -> Result<()> {
    println!("\n## Time of a whole answer\n");
    println!(
        "Questions one after the other, each asked once, no vector kept: finding passages, then picking sentences"
    );
    println!("among up to 32 pieces that are embedded for it. Escalated questions are left out.\n");
    println!("| set | answered | finding p50 ms | whole p50 ms | whole p99 ms |");
    println!("|---|---|---|---|---|");
    for (title, gold, searcher) in sets {
        searcher.warm()?;
        let (mut finding, mut whole) = (Vec::new(), Vec::new());
        for query in &gold.queries {
            let question = Question { text: &query.question.text, mode: Mode::Auto };
            let answer = searcher.answer(question, &QuerySettings::default())?;
            if answer.status == Status::Answered {
                finding.push(answer.timings_ms.retrieve);
                whole.push(answer.timings_ms.total);
            }
        }
        finding.sort_by(f32::total_cmp);
        whole.sort_by(f32::total_cmp);
        let at = |times: &[f32], share: f32| {
            times.get(((times.len() as f32 * share) as usize).min(times.len().saturating_sub(1))).copied()
        };
        let [f50, w50, w99] = [at(&finding, 0.5), at(&whole, 0.5), at(&whole, 0.99)].map(|t| t.unwrap_or(f32::NAN));
        println!("| {title} | {} | {f50:.1} | {w50:.1} | {w99:.1} |", whole.len());
    }
    Ok(())
}

/// A line of `attribution.jsonl`: a question, its passage's sentences, and which of them each annotator chose.
#[derive(Deserialize)]
struct Annotated {
    id: String,
    text: String,
    doc_id: String,
    sentences: Vec<String>,
    answers: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    gold_sentence_idx: Vec<usize>,
}

/// Sums over questions.
#[derive(Default)]
struct Counts {
    questions: usize,
    chosen: usize,
    said: usize,
    right: usize,
    f1: f64,
}

/// The sentences of answers beside those that annotators chose as evidence.
pub(crate) fn sentences(searcher: &Searcher, set: &Path) -> Result<()> {
    println!("\n## Sentences of answers\n");
    println!(
        "clapnq_dev, answerable questions, nothing escalated (`confidence` 0). A sentence is right when an annotator"
    );
    println!("chose it; F1 is the mean over questions.\n");
    println!("| half | questions | precision | recall | F1 | sentences an answer |");
    println!("|---|---|---|---|---|---|");
    let text = fs::read_to_string(set.join("attribution.jsonl"))?;
    let mut halves = BTreeMap::<&str, Counts>::new();
    for line in text.lines() {
        let annotated: Annotated = serde_json::from_str(line).context("attribution.jsonl")?;
        count(searcher, &annotated, halves.entry(default_split(&annotated.id)).or_default())?;
    }
    for (half, c) in halves.iter().rev() {
        println!(
            "| {half} | {} | {:.3} | {:.3} | {:.3} | {:.1} |",
            c.questions,
            c.right as f64 / c.said as f64,
            c.right as f64 / c.chosen as f64,
            c.f1 / c.questions as f64,
            c.said as f64 / c.questions as f64,
        );
    }
    Ok(())
}

fn count(searcher: &Searcher, annotated: &Annotated, counts: &mut Counts) -> Result<()> {
    let mut settings = QuerySettings::default();
    settings.confidence = ragops_engine::settings::ConfidenceSettings::Fixed { minimum: 0.0 };
    let answer = searcher.answer(Question { text: &annotated.text, mode: Mode::Auto }, &settings)?;
    let chosen: HashSet<usize> = annotated.answers.iter().flat_map(|a| a.gold_sentence_idx.iter().copied()).collect();
    let gold: Vec<String> = chosen.iter().filter_map(|at| annotated.sentences.get(*at)).map(|s| letters(s)).collect();
    let cites = |sentence: &ragops_engine::answer::Sentence| {
        let cited = |source: u32| answer.sources.iter().find(|s| s.id == source).map(|s| s.document.as_str());
        sentence.citations.first().and_then(|c| cited(c.source)) == Some(&annotated.doc_id)
    };
    let agrees = |said: &str| gold.iter().any(|g| g.contains(said) || said.contains(g.as_str()));
    let right = answer.sentences.iter().filter(|s| cites(s) && agrees(&letters(&s.text))).count();
    counts.questions += 1;
    counts.chosen += gold.len();
    counts.said += answer.sentences.len();
    counts.right += right;
    let both = answer.sentences.len() + gold.len();
    counts.f1 += if both == 0 { 0.0 } else { 2.0 * right as f64 / both as f64 };
    Ok(())
}

/// Letters and digits only: the set's sentences are spaced as its tokenizer left them.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
