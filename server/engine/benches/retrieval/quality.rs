//! Quality by mode, and abstention.

use anyhow::Result;
use ragops_engine::answer::{Question, Searcher};
use ragops_engine::evaluate::{GoldSet, MonotonicClock, Ranked, Report, ReportSettings, Selection, evaluate};
use ragops_engine::retrieve::Mode;
use ragops_engine::settings::QuerySettings;

use super::setup::{Bench, Corpus, Keep, description, documents};
use super::{Options, Scope, answers};

const MODES: [Mode; 3] = [Mode::Text, Mode::Vector, Mode::Hybrid];

/// Recall@5, nDCG@10, MRR@10 of the BM25 baseline, those that are known.
type Baseline = [Option<f64>; 3];

/// Where none is known.
const NO_BASELINE: Baseline = [None; 3];

/// One row group of the table.
struct Case<'a> {
    title: &'a str,
    gold: GoldSet,
    searcher: &'a Searcher,
    keep: Keep,
    baseline: Baseline,
}

pub(crate) fn run(bench: &Bench, options: &Options) -> Result<()> {
    println!("## Retrieval quality\n");
    println!("Whole documents ranked by their best chunk; 95 % bootstrap intervals over the queries.\n");
    println!("| set | mode | queries | Recall@5 | nDCG@10 | MRR@10 | p50 ms | p99 ms |");
    println!("|---|---|---|---|---|---|---|---|");
    let shared = |name: &str| options.shared.join("data").join(name);
    let all: Keep = |_| true;
    let runbooks = bench.index("runbooks", &[Bench::set(&options.shared, "runbooks")])?;
    let clapnq = bench.index("clapnq", &[Bench::set(&options.shared, "clapnq_dev")])?;
    let docs = Corpus { name: "docs", path: options.samples.join("docs"), include: "**/*.md" };
    let samples = bench.index("samples", &[docs])?;
    let case = |title, gold, searcher, baseline| Case { title, gold, searcher, keep: all, baseline };
    let split = |name: &str, split: &str| -> Result<GoldSet> {
        Ok(GoldSet::load(&shared(name))?
            .select(&Selection { split: Some(split.to_owned()), ..Selection::default() })?)
    };
    let sample_gold = |split: &str| -> Result<GoldSet> {
        let gold = GoldSet::load(&options.samples.join("gold"))?;
        Ok(gold.select(&Selection { split: Some(split.to_owned()), ..Selection::default() })?)
    };
    let near_misses = |split: &str| -> Result<GoldSet> {
        let gold = GoldSet::load(&options.samples.join("near-misses"))?;
        Ok(gold.select(&Selection { split: Some(split.to_owned()), ..Selection::default() })?)
    };
    let baseline = [0.801, 0.702, 0.664].map(Some);
    rows(&case("runbooks", GoldSet::load(&shared("runbooks"))?, &runbooks, baseline))?;
    rows(&case("runbooks, half `tune`", split("runbooks", "tune")?, &runbooks, NO_BASELINE))?;
    rows(&case("runbooks, half `report`", split("runbooks", "report")?, &runbooks, NO_BASELINE))?;
    rows(&case("clapnq_dev", GoldSet::load(&shared("clapnq_dev"))?, &clapnq, NO_BASELINE))?;
    rows(&case("clapnq_dev, half `report`", split("clapnq_dev", "report")?, &clapnq, NO_BASELINE))?;
    rows(&case("samples, half `tune`", sample_gold("tune")?, &samples, NO_BASELINE))?;
    rows(&case("samples, half `report`", sample_gold("report")?, &samples, NO_BASELINE))?;
    let k8s;
    let mut sets = vec![
        ("runbooks (alerts), half `tune`", split("runbooks", "tune")?, &runbooks),
        ("runbooks (alerts), half `report`", split("runbooks", "report")?, &runbooks),
        ("samples, half `tune`", sample_gold("tune")?, &samples),
        ("samples, half `report`", sample_gold("report")?, &samples),
        ("samples, near misses, half `tune`", near_misses("tune")?, &samples),
        ("samples, near misses, half `report`", near_misses("report")?, &samples),
        ("clapnq_dev, half `tune`", split("clapnq_dev", "tune")?, &clapnq),
        ("clapnq_dev, half `report`", split("clapnq_dev", "report")?, &clapnq),
    ];
    if options.scope == Scope::Full {
        k8s = bench.index("k8s", &[Bench::set(&options.shared, "k8s_docs")])?;
        kubernetes(&k8s, &shared("k8s_docs"))?;
        sets.push(("k8s_docs", GoldSet::load(&shared("k8s_docs"))?, &k8s));
        for (name, baseline) in
            [("scifact", [0.744, 0.686, 0.651].map(Some)), ("2wiki_multihop", [Some(0.658), None, None])]
        {
            let searcher = bench.index(name, &[Bench::set(&options.shared, name)])?;
            let gold = GoldSet::load(&shared(name))?;
            rows(&Case { title: name, gold, searcher: &searcher, keep: all, baseline })?;
        }
    }
    answers::abstention(&sets)?;
    answers::times(&[
        ("samples", GoldSet::load(&options.samples.join("gold"))?, bench.uncached(&samples)?),
        ("clapnq_dev, half `report`", split("clapnq_dev", "report")?, bench.uncached(&clapnq)?),
    ])?;
    answers::sentences(&clapnq, &shared("clapnq_dev"))
}

/// Korean and English questions, each over the pages of one language.
fn kubernetes(searcher: &Searcher, dir: &std::path::Path) -> Result<()> {
    let korean: Keep = |id| id.starts_with("ko/");
    let english: Keep = |id| id.starts_with("en/");
    let directions: [(&str, &str, Keep, Baseline); 4] = [
        ("k8s_docs ko→ko", "ko", korean, [0.882, 0.760, 0.701].map(Some)),
        ("k8s_docs en→en", "en", english, [0.868, 0.721, 0.663].map(Some)),
        ("k8s_docs ko→en", "ko", english, NO_BASELINE),
        ("k8s_docs en→ko", "en", korean, NO_BASELINE),
    ];
    for (title, language, keep, baseline) in directions {
        let selection = Selection { language: Some(language.to_owned()), ..Selection::default() };
        let mut gold = GoldSet::load(dir)?.select(&selection)?;
        gold.retain_documents(keep);
        rows(&Case { title, gold, searcher, keep, baseline })?;
    }
    Ok(())
}

fn rows(case: &Case<'_>) -> Result<()> {
    if case.baseline != NO_BASELINE {
        let [recall, ndcg, mrr] = case.baseline.map(|goal| goal.map_or("–".to_owned(), |goal| format!("{goal:.3}")));
        println!("| {} | *BM25 baseline* | | {recall} | {ndcg} | {mrr} | | |", case.title);
    }
    for mode in MODES {
        let report = report(case, mode)?;
        let value = serde_json::to_value(&report)?;
        // Words alone are to reach the baseline, and so are both channels; where they do not, the row says so.
        let missed = |metric: usize, value: f64| {
            let goal = case.baseline[metric].filter(|_| mode != Mode::Vector).unwrap_or(0.0);
            if (value * 1e3).round() < (goal * 1e3).round() { " **below the baseline**" } else { "" }
        };
        let with_interval = |metric: &str, number_of: usize| {
            let interval = &value["intervals"][metric];
            let number = |v: &serde_json::Value| v.as_f64().unwrap_or(f64::NAN);
            let (low, high) = (number(&interval["low"]), number(&interval["high"]));
            let value = number(&value[metric]);
            format!("{value:.3} [{low:.3}, {high:.3}]{}", missed(number_of, value))
        };
        let latency = |p: &str| value["latency_ms"][p].as_f64().unwrap_or(f64::NAN);
        println!(
            "| {} | {mode} | {} | {} | {} | {} | {:.1} | {:.1} |",
            case.title,
            value["queries"],
            with_interval("recall_at_5", 0),
            with_interval("ndcg_at_10", 1),
            with_interval("mrr_at_10", 2),
            latency("p50"),
            latency("p99"),
        );
    }
    Ok(())
}

fn report(case: &Case<'_>, mode: Mode) -> Result<Report> {
    let settings = QuerySettings::default();
    let mut ask = |text: &str| -> Result<Ranked, ragops_engine::retrieve::RetrieveError> {
        let found = case.searcher.retrieve(Question { text, mode }, &settings.retrieval)?;
        Ok(Ranked { documents: documents(case.searcher, &found, case.keep)?, ..Ranked::default() })
    };
    let run = evaluate(&case.gold, description(case.searcher, mode), &MonotonicClock::start(), &mut ask)?;
    Ok(Report::of(&run, &case.gold, &ReportSettings::default())?)
}
