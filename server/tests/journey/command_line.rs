//! `index`, `query`, `eval` and `inspect` over a real index.

use std::fs;

use crate::support::{Server, Unavailable, rag_index, run, skip, this_test, wait_for};
use crate::world::World;

#[test]
fn an_index_is_built_once_asked_measured_and_inspected() {
    let Some(world) = World::new() else { return };
    let file = world.path("rag.yaml");
    let built = run(world.command("index").arg("--json").arg("-f").arg(&file));
    assert_eq!(built.code, 0, "{}", built.stderr);
    let line = built.json();
    assert_eq!((&line["index"], &line["result"]), (&"runbooks".into(), &"built".into()), "{line}");
    assert_eq!((&line["counts"]["documents"], &line["findings"]), (&6.into(), &serde_json::json!({})), "{line}");
    let again = run(world.command("index").arg("--json").arg("-f").arg(&file)).json();
    assert_eq!((&again["result"], &again["revision"]), (&"unchanged".into(), &line["revision"]));

    let asked = run(world.command("query").args(["--index", "runbooks", "When are certificates renewed?"]));
    assert_eq!(asked.code, 0, "{}", asked.stderr);
    assert!(asked.stdout.contains("30 days") && asked.stdout.contains(" [1]"), "{}", asked.stdout);
    assert!(asked.stdout.contains("[1] Certificate renewal") && asked.stdout.contains("docs: en/certificates.md:"));

    let inspected = run(world.command("inspect").arg("--json")).json();
    let revision = &inspected["revisions"][0];
    assert_eq!((&revision["verified"], &revision["active"]), (&true.into(), &true.into()), "{inspected}");
    assert_eq!(revision["model"], "multilingual-e5-small");
}

#[test]
fn findings_are_counted_and_named_and_fail_nothing() {
    let Some(world) = World::new() else { return };
    world.write("docs/empty.md", "");
    fs::write(world.path("docs/binary.txt"), b"\x00\x01\x02").unwrap();
    let built = run(world.command("index").arg("--json").arg("-f").arg(world.path("rag.yaml")));
    assert_eq!(built.code, 0, "{}", built.stderr);
    let findings = built.json()["findings"].clone();
    assert_eq!(findings, serde_json::json!({"BinaryContent": 1, "EmptyFile": 1}));
    let inspected = run(&mut world.command("inspect")).stdout;
    assert!(inspected.contains("empty.md") && inspected.contains("binary.txt"), "{inspected}");
}

/// Office documents were passed over without a word, and so was a page called `UP.MD`.
#[test]
fn files_that_no_reader_takes_are_named_by_every_command_and_by_health() {
    let Some(world) = World::new() else { return };
    world.write("docs/UP.MD", "# Upper case\n\nThe upper rack is painted violet.\n");
    for name in ["manual.ppt", "sheet.XLS", "config.json", "Makefile", ".DS_Store", ".git/config", "~$manual.docx"] {
        world.write(&format!("docs/{name}"), "x");
    }
    let built = run(world.command("index").arg("-f").arg(world.path("rag.yaml")));
    assert_eq!(built.code, 0, "{}", built.stderr);
    assert!(built.stdout.contains("7 documents") && built.stdout.contains("4 findings: UnsupportedFormat 4"));
    let inspected = run(&mut world.command("inspect")).stdout;
    for path in ["Makefile: files without an extension", "config.json: `.json` files", "manual.ppt", "sheet.XLS"] {
        assert!(inspected.contains(path), "`{path}` is missing in: {inspected}");
    }
    assert!(!inspected.contains("DS_Store") && !inspected.contains(".git"), "{inspected}");
    let server = world.start().ready();
    assert_eq!(server.health()["indexes"]["runbooks"]["findings"], serde_json::json!({"UnsupportedFormat": 4}));
    assert_eq!(server.ask("Which colour is the upper rack?")["sources"][0]["path"], "UP.MD");
}

#[test]
fn sources_without_documents_are_bad_input_that_is_named() {
    let Some(world) = World::new() else { return };
    let index = |folder: &str| {
        world.write("bad.yaml", &crate::support::rag_index("bad", folder));
        run(world.command("index").arg("--json").arg("-f").arg(world.path("bad.yaml")))
    };
    let check = |folder: &str, says: &[&str]| {
        let ran = index(folder);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        let line = ran.json();
        assert_eq!((&line["result"], &line["error"]["retryable"]), (&"failed".into(), &false.into()), "{line}");
        assert!(!ran.stderr.contains("index `bad`: index `bad`"), "{}", ran.stderr);
        let message = line["error"]["message"].as_str().unwrap();
        for text in says {
            assert!(message.contains(text), "`{text}` is missing in: {message}");
        }
    };
    check("./gone", &["gone"]);
    fs::create_dir(world.path("hollow")).unwrap();
    check("./hollow", &["`bad` has no documents", "hollow"]);
    check("./rag.yaml", &["rag.yaml"]);
    world.write("office/manual.doc", "x");
    world.write("office/b.pdf", "x");
    check(
        "./office",
        &["2 files were looked at", "manual.doc (UnsupportedFormat)", "b.pdf (Malformed)", ".md, .markdown,"],
    );
    world.write("unreadable/empty.md", "");
    fs::write(world.path("unreadable/binary.txt"), b"\x00\x01\x02").unwrap();
    check("./unreadable", &["2 files were looked at", "empty.md (EmptyFile)", "binary.txt (BinaryContent)"]);
}

#[test]
fn figures_have_the_contracts_shape_and_runs_can_be_compared() {
    let Some(world) = World::new() else { return };
    world.index();
    let queries = r#"{"id":"q1","text":"How long does a restore take?","language":"en"}
{"id":"q2","text":"카프카 지연 대응 방법은?","language":"ko"}
"#;
    world.write("gold/queries.jsonl", queries);
    world.write("gold/qrels.tsv", "query-id\tcorpus-id\tscore\nq1\ten/backup.md\t1\nq2\tko/kafka.md\t1\n");
    world.write("gold/queries_unanswerable.jsonl", "{\"id\":\"u1\",\"text\":\"Who painted the Mona Lisa?\"}\n");
    let eval = |extra: &[&str]| {
        let ran = run(world.command("eval").args(extra).arg("--set").arg(world.path("gold")));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran
    };
    let saved = world.path("run.json");
    let figures = eval(&["--json", "--mode", "text", "--save-run", saved.to_str().unwrap()]).json();
    assert_eq!(figures["queries"], 2);
    for name in ["recall_at_5", "ndcg_at_10", "mrr_at_10"] {
        assert!(figures[name].as_f64().is_some_and(|value| (0.0..=1.0).contains(&value)), "{name}: {figures}");
    }
    assert!(figures["latency_ms"]["p50"].as_f64() <= figures["latency_ms"]["p99"].as_f64());
    assert!(figures["abstention"].is_object(), "{figures}");
    let compared = eval(&["--json", "--compare", saved.to_str().unwrap()]).json();
    assert_eq!(compared["comparison"]["a"]["mode"], "text", "{compared}");
    assert_eq!(compared["recall_at_5"], 1.0, "{compared}");
    let korean = eval(&["--language", "ko"]).stdout;
    assert!(korean.contains("1 queries"), "{korean}");
}

/// Every figure was a zero, and a warning the only word of it.
#[test]
fn a_gold_set_of_other_documents_is_refused_with_ids_of_both_sides() {
    let Some(world) = World::new() else { return };
    world.index();
    world.write(
        "gold/queries.jsonl",
        "{\"id\":\"q1\",\"text\":\"How long does a restore take?\",\"language\":\"en\"}\n",
    );
    let eval = |qrels: &str, extra: &[&str]| {
        world.write("gold/qrels.tsv", &format!("query-id\tcorpus-id\tscore\n{qrels}"));
        run(world.command("eval").args(extra).arg("--set").arg(world.path("gold")))
    };
    for extra in [&[][..], &["--json"]] {
        let other = eval("q1\twiki-17\t1\nq1\twiki-18\t1\n", extra);
        assert_eq!((other.code, other.stdout.as_str()), (2, ""), "{}", other.stderr);
        let gold = world.path("gold").display().to_string();
        for says in ["`runbooks`", &gold, "none of the 2", "`wiki-17`, `wiki-18`", "`en/backup.md`", "--set"] {
            assert!(other.stderr.contains(says), "`{says}` is missing in: {}", other.stderr);
        }
        let some = eval("q1\ten/backup.md\t1\nq1\twiki-18\t1\n", extra);
        assert_eq!(some.code, 0, "{}", some.stderr);
        assert!(some.stderr.contains("lacks 1 of the 2 relevant documents, `wiki-18` for one"), "{}", some.stderr);
    }
}

#[test]
fn names_of_the_service_before_still_work() {
    let Some(world) = World::new() else { return };
    std::fs::rename(world.path("docs"), world.path("input")).unwrap();
    let built = run(world.command("index").arg("--json").env("GRAPH_RAG_ROOT", world.path("")));
    assert_eq!(built.code, 0, "{}", built.stderr);
    assert_eq!((&built.json()["index"], &built.json()["counts"]["documents"]), (&"default".into(), &6.into()));
    let ask = |minimum: &str| {
        let mut query = world.command("query");
        query.args(["--json", "When are certificates renewed?"]).env("FAISS_CONFIDENCE_MIN", minimum);
        run(&mut query).json()["status"].clone()
    };
    assert_eq!((ask("0"), ask("1")), ("answered".into(), "escalated".into()));
}

#[test]
fn a_data_folder_of_one_name_lies_in_the_current_folder_for_every_command() {
    let Some(world) = World::new() else { return };
    let command = |arguments: &[&str]| {
        let mut command = crate::support::program();
        command.args(arguments).args(["--data", "data", "--models-dir"]).arg(&world.models);
        command.current_dir(world.path(""));
        command
    };
    let built = run(&mut command(&["index", "--json", "-f", "rag.yaml"]));
    assert_eq!(built.code, 0, "{}", built.stderr);
    assert!(world.revision(built.json()["revision"].as_str().unwrap()).is_dir());
    assert_eq!(run(&mut command(&["query", "When are certificates renewed?"])).code, 0);
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return skip(&this_test(), &Unavailable::Forbidden("this machine has no IPv6".to_owned()));
    }
    let server = Server::run(command(&["up", "-f", "rag.yaml", "--listen", "[::1]:0"])).ready();
    assert!(server.url.starts_with("http://[::1]:"), "{}", server.url);
    assert_eq!(server.ask("When are certificates renewed?")["revision"], built.json()["revision"]);
    world.write("docs/en/extra.md", "# Extra\n\nThe vault bucket lies in the second region.\n");
    wait_for("the new document", || (server.health()["indexes"]["runbooks"]["counts"]["documents"] == 7).then_some(()));
}

/// Measured is what is served: the CLI asks with the settings of the resource, not with defaults.
#[test]
fn query_and_eval_ask_with_the_settings_of_the_resource() {
    let Some(world) = World::new() else { return };
    let fixed = |minimum: &str| {
        format!("{}  confidence: {{type: Fixed, minimum: {minimum}}}\n", rag_index("runbooks", "./docs"))
    };
    let question = "When are certificates renewed?";
    world.write("rag.yaml", &fixed("1.0"));
    world.index();
    world.write("gold/queries.jsonl", &format!("{{\"id\":\"q1\",\"text\":\"{question}\",\"language\":\"en\"}}\n"));
    world.write("gold/qrels.tsv", "query-id\tcorpus-id\tscore\nq1\ten/certificates.md\t1\n");
    world.write("gold/queries_unanswerable.jsonl", "{\"id\":\"u1\",\"text\":\"Who painted the Mona Lisa?\"}\n");
    world.write("none.yaml", &fixed("0"));
    world.write("other.yaml", &rag_index("other", "./docs"));
    let none = world.path("none.yaml");
    let query = |extra: &[&str]| run(world.command("query").args(["--json", question]).args(extra));
    let cut = |extra: &[&str]| {
        let ran = query(extra);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        ran.json()["confidence_cut"].as_f64().unwrap()
    };
    let answered = |extra: &[&str]| {
        let ran = run(world.command("eval").arg("--json").args(extra).arg("--set").arg(world.path("gold")));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()["abstention"]["answered"].as_u64().unwrap()
    };
    let override_ = ["-f", none.to_str().unwrap()];
    assert!(cut(&[]) == 1.0 && cut(&override_) == 0.0);
    let (recorded, overridden) = (answered(&[]), answered(&override_));
    assert_eq!((recorded, overridden), (0, 2), "answered at a minimum of 1, and of 0");

    // Another setting, and no build.
    world.write("rag.yaml", &fixed("0.25"));
    let server = world.start().ready();
    wait_for("the setting of the server's start", || (cut(&[]) == 0.25).then_some(()));
    world.write("rag.yaml", &fixed("0.5"));
    wait_for("the setting of the running server", || (cut(&[]) == 0.5).then_some(()));
    drop(server);

    let unknown = query(&["-f", world.path("other.yaml").to_str().unwrap()]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("other.yaml has no RagIndex `runbooks`; there are `other`"), "{}", unknown.stderr);
    let record = world.data().join("indexes/runbooks/query.json");
    fs::write(&record, "{").unwrap();
    let damaged = query(&[]);
    assert_eq!(damaged.code, 2);
    assert!(damaged.stderr.contains("query.json") && damaged.stderr.contains("-f"), "{}", damaged.stderr);
    fs::remove_file(&record).unwrap();
    let unrecorded = query(&[]);
    assert_eq!(unrecorded.code, 0);
    assert!(unrecorded.stderr.contains("`runbooks` is asked with is not recorded"), "{}", unrecorded.stderr);
}
