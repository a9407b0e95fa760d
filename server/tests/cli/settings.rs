//! Flags, environment and the address to listen on.

use crate::check;
use crate::support::{program, rag_index, run, write};

#[test]
fn a_setting_that_is_unknown_or_makes_no_sense_is_named() {
    let bad = |name: &str, value: &str, says: &[&str]| {
        check(program().args(["model", "list"]).env(name, value), 2, says);
    };
    bad("RAGOPS_DATAA", "x", &["RAGOPS_DATAA", "did you mean RAGOPS_DATA?"]);
    bad("RAGOPS_LISTEN", "localhost", &["RAGOPS_LISTEN=localhost", "HOST:PORT"]);
    bad("FAISS_CONFIDENCE_MIN", "high", &["FAISS_CONFIDENCE_MIN=high", "from 0 to 1"]);
    bad("RAGOPS_LOG", "a=b=c", &["a=b=c", "error, warn, info"]);
    check(program().args(["up", "-f", "x", "--listen", "8000"]), 2, &["--listen 8000", "HOST:PORT"]);
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("rag.yaml", &rag_index("runbooks", "./docs")), ("docs/a.md", "# A\n\nText.\n")]);
    let mut up = program();
    up.args(["up", "--listen", &address, "-f"]).arg(dir.path().join("rag.yaml")).arg("--data").arg(dir.path());
    check(&mut up, 2, &[&address, "in use by another program", "--listen 127.0.0.1:PORT", "make up LISTEN="]);
}

#[test]
fn an_address_that_is_not_ours_is_named() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("rag.yaml", &rag_index("runbooks", "./docs"))]);
    let mut up = program();
    // 192.0.2.0/24 is reserved for documentation: no machine has it.
    up.args(["up", "--listen", "192.0.2.1:80", "-f"]).arg(dir.path().join("rag.yaml")).arg("--data").arg(dir.path());
    check(&mut up, 2, &["cannot listen on 192.0.2.1:80", "--listen"]);
}

#[test]
fn usage_errors_end_with_2_and_help_names_every_command() {
    assert_eq!(run(&mut program()).code, 2);
    assert_eq!(run(program().args(["query", "x", "--mode", "fast"])).code, 2);
    let help = run(program().arg("--help"));
    assert_eq!(help.code, 0);
    for command in ["model", "up", "index", "query", "eval", "inspect"] {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{}", help.stdout);
    }
}
