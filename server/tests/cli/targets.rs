//! `--data`, `--index`, the question and the gold set: what cannot be asked.

use crate::check;
use crate::support::{program, run, write};

#[test]
fn a_question_that_cannot_be_asked_is_refused_before_anything_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let ask = |question: &str, says: &[&str]| {
        check(program().args(["query", question, "--data"]).arg(dir.path()), 2, says);
    };
    ask("", &["the question is empty"]);
    ask(" \t ", &["the question is empty"]);
    ask("\u{200b}\u{feff}\u{1b}", &["the question is empty", "nobody sees"]);
    ask(&"가".repeat(2000), &["6000 bytes", "at most 4096"]);
}

#[test]
fn a_data_folder_without_the_index_says_what_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("nothing");
    for command in [&["query", "a"][..], &["inspect"]] {
        check(program().args(command).arg("--data").arg(&empty), 2, &["holds no index", "nothing", "--data"]);
    }
    write(dir.path(), &[("indexes/faq/x", ""), ("indexes/runbooks/x", "")]);
    let with = |extra: &[&str], says: &[&str]| {
        check(program().args(["query", "a", "--data"]).arg(dir.path()).args(extra), 2, says);
    };
    with(&[], &["several indexes", "`faq`, `runbooks`", "--index"]);
    with(&["--index", "wiki"], &["no index `wiki`", "`faq`, `runbooks`"]);
    with(&["--index", "faq"], &["`faq`", "has no revision that can be used", "ragops-server index -f FILE --data"]);
}

#[test]
fn a_file_is_no_data_folder() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[("file", ""), ("rag.yaml", &crate::support::rag_index("faq", "./docs")), ("docs/a.md", "# A\n")],
    );
    let index = ["index", "-f", "rag.yaml"];
    for command in [&index[..], &["up", "-f", "rag.yaml", "--listen", "127.0.0.1:0"], &["query", "a"], &["inspect"]] {
        let mut command_line = program();
        command_line.args(command).args(["--data", "file"]).current_dir(dir.path());
        check(&mut command_line, 2, &["file is not a folder", "--data"]);
    }
}

#[test]
fn a_half_written_revision_is_shown_as_damaged() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("indexes/faq/revisions/0123abcd/chunks.jsonl", "{}\n")]);
    let ran = run(program().args(["inspect", "--data"]).arg(dir.path()));
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stdout.contains("0123abcd: DAMAGED") && ran.stdout.contains("no manifest.json"), "{}", ran.stdout);
    let json = run(program().args(["inspect", "--json", "--data"]).arg(dir.path())).json();
    assert_eq!(
        (&json["revisions"][0]["revision"], &json["revisions"][0]["verified"]),
        (&"0123abcd".into(), &false.into())
    );
}

#[test]
fn a_gold_set_that_is_not_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let eval = |set: &str, says: &[&str]| {
        let mut command = program();
        command.args(["eval", "--data"]).arg(dir.path()).arg("--set").arg(dir.path().join(set));
        check(&mut command, 2, says);
    };
    eval("gone", &["gone", "queries.jsonl and qrels.tsv"]);
    write(dir.path(), &[("gold/queries.jsonl", "{\"id\":\"q\"}\n"), ("gold/qrels.tsv", "")]);
    eval("gold", &["queries.jsonl:1"]);
}
