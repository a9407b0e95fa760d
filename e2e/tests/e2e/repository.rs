//! What the repository says of itself: paths that documents name exist, and the sample gold set fits its pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ragops_engine::evaluate::GoldSet;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Texts between backquotes that look like a path of the repository.
fn named_paths(document: &str) -> BTreeSet<&str> {
    let quoted = document.split('`').skip(1).step_by(2);
    let plain = |text: &&str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
    let inside = |text: &&str| {
        ["crds/", "server/", "e2e/", "config/", "docs/", "scripts/"].iter().any(|top| text.starts_with(top))
    };
    quoted.filter(plain).filter(inside).collect()
}

#[test]
fn paths_that_documents_name_exist() {
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let document = fs::read_to_string(root().join(name)).unwrap();
        let paths = named_paths(&document);
        assert!(name == "README.md" || paths.len() >= 2, "{name} names no paths: is the pattern right?");
        for path in paths {
            assert!(root().join(path).exists(), "{name} names `{path}`, which is not there");
        }
    }
}

/// All Rust files below a folder, build folders left out.
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository is readable") {
        let entry = entry.expect("a folder of the repository is readable");
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_code_is_where_architecture_says() {
    let mut files = Vec::new();
    for top in ["crds", "server", "e2e", "fuzz"] {
        rust_files(&root().join(top), &mut files);
    }
    assert!(files.len() > 200, "{} files: was the tree walked?", files.len());
    let attribute = concat!("allow(", "unsafe_code");
    let named = |path: &PathBuf| path.strip_prefix(root()).unwrap().display().to_string();
    let allowed = files.iter().filter(|path| fs::read_to_string(path).unwrap().contains(attribute)).map(named);
    let allowed = allowed.collect::<BTreeSet<_>>();
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let told =
        architecture.lines().find(|line| line.starts_with("- `unsafe` is in")).expect("an invariant of unsafe code");
    assert_eq!(allowed, named_paths(told).into_iter().map(str::to_owned).collect());
}

#[test]
fn architecture_stays_short_enough_to_be_read() {
    let lines = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap().lines().count();
    assert!(lines <= 150, "ARCHITECTURE.md has {lines} lines; 150 are the limit");
}

#[test]
fn the_sample_gold_set_has_sixty_questions_half_korean_ten_without_an_answer() {
    let gold = GoldSet::load(&root().join("config/samples/gold")).unwrap();
    assert_eq!((gold.queries.len(), gold.unanswerable.len()), (50, 10));
    let questions = gold.queries.iter().map(|query| &query.question).chain(&gold.unanswerable);
    let mut by_language = BTreeMap::<String, usize>::new();
    for question in questions {
        *by_language.entry(question.language.clone().unwrap_or_default()).or_default() += 1;
    }
    assert_eq!(by_language, BTreeMap::from([("en".to_owned(), 30), ("ko".to_owned(), 30)]));
}

#[test]
fn every_relevant_page_of_the_sample_gold_set_exists_and_says_what_is_expected() {
    let docs = root().join("config/samples/docs");
    let gold = GoldSet::load(&root().join("config/samples/gold")).unwrap();
    for id in gold.relevant_documents() {
        assert!(docs.join(id).is_file(), "{id} is judged but not there");
    }
    let answers = fs::read_to_string(root().join("config/samples/gold/answers.jsonl")).unwrap();
    for line in answers.lines() {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        let page = fs::read_to_string(docs.join(answer["document"].as_str().unwrap())).unwrap();
        for fact in answer["must_contain"].as_array().unwrap() {
            let fact = fact.as_str().unwrap();
            assert!(page.contains(fact), "{} does not say {fact:?}", answer["document"]);
        }
    }
    assert_eq!(answers.lines().count(), 50);
}

#[test]
fn questions_across_languages_are_answered_in_the_other_language_only() {
    let gold = GoldSet::load(&root().join("config/samples/gold")).unwrap();
    let mut across = 0;
    for query in &gold.queries {
        let asked_in = query.question.language.clone().unwrap();
        let prefix = format!("{asked_in}/");
        if query.judgements.relevant().all(|id| !id.starts_with(&prefix)) {
            across += 1;
        }
    }
    assert!(across >= 16, "only {across} questions have no page in their own language");
}
