//! Sets that load, sets that are refused with their message, and the sets of the shared folder.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::evaluate::testing::shared_data;

const TWO: &str = "{\"id\":\"a\",\"text\":\"why\"}\n{\"id\":\"b\",\"text\":\"왜\"}\n";

fn set(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(dir.path().join(name), content).unwrap();
    }
    dir
}

#[track_caller]
fn check_refused(files: &[(&str, &str)], expect: &str) {
    let dir = set(files);
    let message = GoldSet::load(dir.path()).unwrap_err().to_string();
    let message = message.replace(&format!("{}/", dir.path().display()), "");
    assert_eq!(message, expect);
}

#[track_caller]
fn check_qrels(qrels: &str, expect: &[(&str, &str, f64)]) {
    let dir = set(&[("queries.jsonl", TWO), ("qrels.tsv", qrels)]);
    let gold = GoldSet::load(dir.path()).unwrap();
    let found: Vec<(&str, &str, f64)> = gold
        .queries
        .iter()
        .flat_map(|query| {
            let judgements = &query.judgements;
            judgements.relevant().map(|document| (query.question.id.as_str(), document, judgements.gain(document)))
        })
        .collect();
    assert_eq!(found, expect);
}

#[test]
fn judgements_are_read_in_every_accepted_layout() {
    let both = [("a", "d1", 2.0), ("b", "d2", 1.0)];
    check_qrels("query-id\tcorpus-id\tscore\na\td1\t2\nb\td2\t1\n", &both);
    check_qrels("a\td1\t2\nb\td2\t1", &both);
    check_qrels("a 0 d1 2\nb Q0 d2 1\n", &both);
    check_qrels("a\t0\td1\t2\r\n\r\nb\t0\td2\t1\r\n", &both);
    check_qrels("\u{feff}query-id\tcorpus-id\tscore\na\td1\t2\na\td3\t-1\na\td4\t0\nb\td2\t1\n", &both);
    check_qrels("a\tmy page.md\t1\na\tmy page.md\t1\n", &[("a", "my page.md", 1.0)]);
}

#[test]
fn queries_keep_language_split_answer_and_order() {
    let dir = set(&[
        (
            "queries.jsonl",
            "{\"_id\":7,\"text\":\"first\",\"lang\":\"EN\",\"split\":\"tune\",\"alert\":\"x\"}\n\n\
             {\"id\":\"b\",\"text\":\"둘째\",\"language\":\"ko\",\"split\":\"report\"}\n{\"id\":\"c\",\"text\":\"left out\"}",
        ),
        ("qrels.tsv", "b\td2\t1\n7\td1\t1\nc\td1\t0\n"),
        ("queries_unanswerable.jsonl", "{\"id\":\"u\",\"text\":\"급식\",\"lang\":\"ko\",\"split\":\"report\"}\n"),
        ("answers.jsonl", "{\"id\":\"b\",\"must_contain\":[\"30초\"],\"document\":\"d2\"}\n"),
    ]);
    let gold = GoldSet::load(dir.path()).unwrap();
    let ids: Vec<&str> = gold.queries.iter().map(|query| query.question.id.as_str()).collect();
    assert_eq!((ids, gold.unjudged), (vec!["7", "b"], 1));
    assert_eq!(gold.queries[0].question.language.as_deref(), Some("en"));
    assert_eq!(gold.queries[0].answer, None);
    assert_eq!(
        gold.queries[1].answer,
        Some(ExpectedAnswer { must_contain: vec!["30초".to_owned()], document: Some("d2".to_owned()) })
    );
    assert_eq!(gold.unanswerable[0].id, "u");
    assert_eq!(gold.relevant_documents(), BTreeSet::from(["d1", "d2"]));

    let korean = Selection { language: Some("KO".to_owned()), split: None };
    let korean = gold.clone().select(&korean).unwrap();
    assert_eq!((korean.queries.len(), korean.unanswerable.len()), (1, 1));
    let tune = gold.clone().select(&Selection { language: None, split: Some(TUNE.to_owned()) }).unwrap();
    assert_eq!((tune.queries[0].question.id.as_str(), tune.queries.len(), tune.unanswerable.len()), ("7", 1, 0));
    let nothing = Selection { language: Some("ko".to_owned()), split: Some("dev".to_owned()) };
    assert_eq!(
        gold.clone().select(&nothing).unwrap_err().to_string(),
        format!(
            "the gold set {} has no query with language ko and split dev; it has language en (1), language ko (1), \
             split report (1), split tune (1)",
            gold.name
        )
    );
}

#[test]
fn dropping_documents_drops_the_queries_that_they_answered() {
    let dir = set(&[("queries.jsonl", TWO), ("qrels.tsv", "a\tko/x\t2\na\ten/x\t1\nb\tko/y\t1\n")]);
    let mut gold = GoldSet::load(dir.path()).unwrap();
    gold.retain_documents(|document| document.starts_with("en/"));
    assert_eq!((gold.queries.len(), gold.unjudged), (1, 1));
    assert_eq!(gold.relevant_documents(), BTreeSet::from(["en/x"]));
}

#[test]
fn a_bad_set_is_refused_with_its_file_and_line() {
    let good = ("qrels.tsv", "a\td1\t1\n");
    let queries = ("queries.jsonl", TWO);
    let needs = "does not exist: a gold set has queries.jsonl and qrels.tsv";
    check_refused(&[good], &format!("queries.jsonl {needs}"));
    check_refused(&[queries], &format!("qrels.tsv {needs}"));
    check_refused(&[("queries.jsonl", "\n \n"), good], "queries.jsonl has no query");
    check_refused(
        &[queries, ("qrels.tsv", "a\td1\t0\n")],
        "qrels.tsv gives no query a relevant document (a score above 0)",
    );
    check_refused(&[queries, ("qrels.tsv", "")], "qrels.tsv gives no query a relevant document (a score above 0)");
    check_refused(
        &[queries, ("qrels.tsv", "query-id\tcorpus-id\tscore\nz\td1\t1\n")],
        "qrels.tsv:2: the query id `z` is not in queries.jsonl",
    );
    check_refused(&[queries, ("qrels.tsv", "a\td1\tyes\n")], "qrels.tsv:1: the score `yes` is not a whole number");
    check_refused(&[queries, ("qrels.tsv", "a\td1\t0.5\n")], "qrels.tsv:1: the score `0.5` is not a whole number");
    check_refused(&[queries, ("qrels.tsv", "a\t\t1\n")], "qrels.tsv:1: the field `corpus-id` is missing or empty");
    check_refused(
        &[queries, ("qrels.tsv", "a\td1\t1\na\td1\n")],
        "qrels.tsv:2: 2 columns instead of query-id, corpus-id, score (or the four of TREC: query, 0, document, grade)",
    );
    check_refused(
        &[queries, ("qrels.tsv", "a\td1\t1\na\td1\t2\n")],
        "qrels.tsv:2: the document `d1` was given the score 1 for the query `a` before, and 2 now",
    );
    check_refused(
        &[("queries.jsonl", "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":\"a\",\"text\":\"y\"}\n"), good],
        "queries.jsonl:2: the query id `a` is a duplicate: it was first given on line 1 of queries.jsonl",
    );
    check_refused(
        &[queries, good, ("queries_unanswerable.jsonl", "\n{\"id\":\"b\",\"text\":\"y\"}\n")],
        "queries_unanswerable.jsonl:2: the query id `b` is a duplicate: it was first given on line 2 of queries.jsonl",
    );
    check_refused(
        &[("queries.jsonl", "{\"text\":\"x\"}"), good],
        "queries.jsonl:1: the field `id` is missing or empty",
    );
    check_refused(
        &[("queries.jsonl", "{\"id\":\"a\",\"text\":\" \"}"), good],
        "queries.jsonl:1: the field `text` is missing or empty",
    );
    check_refused(
        &[("queries.jsonl", "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":"), good],
        "queries.jsonl:2: bad JSON at column 6: EOF while parsing a value",
    );
    let answer = "{\"id\":\"a\",\"must_contain\":[\"x\"]}\n";
    check_refused(
        &[queries, good, ("answers.jsonl", &answer.replace("\"a\"", "\"q\""))],
        "answers.jsonl:1: the query id `q` is not in queries.jsonl",
    );
    check_refused(
        &[queries, good, ("answers.jsonl", &answer.repeat(2))],
        "answers.jsonl:2: the query `a` has an answer already",
    );
    check_refused(
        &[queries, good, ("answers.jsonl", "{\"id\":\"a\",\"must_contain\":[]}")],
        "answers.jsonl:1: the field `must_contain` is missing or empty",
    );
}

#[test]
fn invalid_utf8_and_folders_in_place_of_files_are_refused() {
    let dir = set(&[("qrels.tsv", "a\td1\t1\n")]);
    fs::write(dir.path().join("queries.jsonl"), b"{\"id\":\"a\",\"text\":\"x\"}\n\xff\xfe").unwrap();
    let message = GoldSet::load(dir.path()).unwrap_err().to_string();
    assert!(message.ends_with("queries.jsonl:2: the line is not valid UTF-8"), "{message}");
    fs::remove_file(dir.path().join("queries.jsonl")).unwrap();
    fs::create_dir(dir.path().join("queries.jsonl")).unwrap();
    let message = GoldSet::load(dir.path()).unwrap_err().to_string();
    assert!(message.starts_with("cannot read "), "{message}");
    let nowhere = dir.path().join("nowhere");
    assert!(matches!(GoldSet::load(&nowhere), Err(DatasetError::Missing(path)) if path == nowhere));
}

// Fixed expectations: a change of the hash would silently move tuned-on queries into the reported half.
#[test]
fn the_default_split_never_changes_and_halves_a_set() {
    let halves: Vec<&str> = ["q000", "q001", "ko-000", "en-000", "실패"].map(default_split).to_vec();
    assert_eq!(halves, SPLITS);
    let tuned = (0..2_000).filter(|index| default_split(&format!("q{index}")) == TUNE).count();
    assert!((900..1_100).contains(&tuned), "{tuned} of 2000");
}

/// Computed once by an independent Python program that follows the text of [`default_split`].
const SPLITS: [&str; 5] = [REPORT, TUNE, REPORT, REPORT, REPORT];

#[test]
fn the_shared_sets_load() {
    for (name, queries, unanswerable) in [
        ("2wiki_multihop", 101, 0),
        ("clapnq_dev", 300, 300),
        ("k8s_docs", 68, 8),
        ("runbooks", 178, 0),
        ("scifact", 300, 0),
    ] {
        let Some(dir) = shared_data(name) else { return };
        let gold = GoldSet::load(&dir).unwrap();
        assert_eq!((gold.name.as_str(), gold.queries.len(), gold.unanswerable.len()), (name, queries, unanswerable));
        assert_eq!(gold.unjudged, 0);
    }
}

// The samples say what they hold in their README; every relevant document is a page that exists.
#[test]
fn the_gold_set_of_the_samples_loads_and_names_existing_pages() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/samples");
    let gold = GoldSet::load(&samples.join("gold")).unwrap();
    assert_eq!((gold.queries.len(), gold.unanswerable.len(), gold.unjudged), (50, 10, 0));
    assert!(gold.queries.iter().all(|query| query.answer.is_some() && query.question.language.is_some()));
    for document in gold.relevant_documents() {
        assert!(samples.join("docs").join(document).is_file(), "{document}");
    }
    let halves = [TUNE, REPORT].map(|split| Selection { language: None, split: Some(split.to_owned()) });
    let sizes = halves.map(|half| gold.clone().select(&half).unwrap().queries.len());
    assert_eq!(sizes.iter().sum::<usize>(), 50, "{sizes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn hostile_files_never_panic(
        queries in "(\\{\"id\":\"[ab]\",\"text\":\"[a가]\"\\}\n){0,3}[\\PC\n\t]{0,12}",
        qrels in prop_oneof!["([ab]\t[de]\t[01]\n){0,4}[\\PC\n\t]{0,12}", "\\PC{0,40}"],
        answers in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let dir = set(&[("queries.jsonl", &queries), ("qrels.tsv", &qrels)]);
        if !answers.is_empty() {
            fs::write(dir.path().join("answers.jsonl"), &answers).unwrap();
        }
        if let Ok(gold) = GoldSet::load(dir.path()) {
            prop_assert!(!gold.queries.is_empty());
        }
    }
}
