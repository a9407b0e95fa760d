//! Documents, resources and revisions change while the server runs: the new state is served without a failed request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use crate::support::{Server, ask, rag_index, run, wait_for};
use crate::world::World;

const QUESTION: &str = "How long does a restore of the database take?";

#[test]
fn a_build_that_fails_as_before_is_told_again_when_the_resources_change() {
    let Some(world) = World::new() else { return };
    let yaml = |tokens: usize| {
        format!("{}  chunking: {{maxTokens: {tokens}, overlapTokens: 20}}\n", rag_index("runbooks", "./docs"))
    };
    world.write("rag.yaml", &yaml(300));
    let mut command = world.command("up");
    command.arg("-f").arg(world.path("rag.yaml")).args(["--listen", "127.0.0.1:0"]);
    let server = Server::run(command).ready();
    let failures = || server.log().iter().filter(|line| line["level"] == "ERROR").count();
    let after = |count: usize| wait_for("the failure in the log", || (failures() == count).then_some(()));
    std::fs::rename(world.path("docs"), world.path("away")).unwrap();
    after(1);
    for (told, tokens) in [(2, 200), (3, 210)] {
        world.write("rag.yaml", &yaml(tokens));
        after(told);
    }
    std::fs::rename(world.path("away"), world.path("docs")).unwrap();
    wait_for("the index to be built", || (server.health()["status"] == "ok").then_some(()));
    assert_eq!(failures(), 3, "{:?}", server.log());
}

#[test]
fn a_changed_document_is_answered_from_without_one_failed_request() {
    let Some(world) = World::new() else { return };
    let server = world.start().ready();
    assert!(server.ask(QUESTION)["answer"].as_str().unwrap().contains("45 minutes"));
    let done = AtomicBool::new(false);
    let seen: Vec<Value> = thread::scope(|scope| {
        let asker = scope.spawn(|| {
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let (status, answer) = ask(&server.url, QUESTION).expect("every connection is served");
                assert_eq!(status, 200, "{answer}");
                seen.push(answer);
            }
            seen
        });
        let text = std::fs::read_to_string(world.path("docs/en/backup.md")).unwrap();
        world.write("docs/en/backup.md", &text.replace("45 minutes", "70 minutes"));
        wait_for("the new answer", || {
            let answer = server.ask(QUESTION);
            answer["answer"].as_str().unwrap().contains("70 minutes").then_some(())
        });
        done.store(true, Ordering::Relaxed);
        asker.join().unwrap()
    });
    let answers: Vec<&str> = seen.iter().map(|answer| answer["answer"].as_str().unwrap()).collect();
    assert!(answers.iter().all(|text| text.contains("45 minutes") || text.contains("70 minutes")), "{answers:?}");
    let first_new = answers.iter().position(|text| text.contains("70 minutes")).unwrap_or(answers.len());
    assert!(answers[first_new..].iter().all(|text| text.contains("70 minutes")), "old answers after new ones");
    assert_eq!(server.health()["status"], "ok");
}

/// A log in the folder of the resources was a change of them, which was logged.
#[test]
fn another_file_in_the_folder_of_the_resources_is_no_change_of_them() {
    let Some(world) = World::new() else { return };
    let one = rag_index("runbooks", "../docs");
    world.write("resources/rag.yaml", &one);
    world.write("docs/up.log", "one");
    let mut command = world.command("up");
    command.arg("-f").arg(world.path("resources")).args(["--listen", "127.0.0.1:0"]);
    let server = Server::run(command).ready();
    let told = |what: &str| server.log().iter().filter(|line| line.to_string().contains(what)).count();
    let (changed, refused) = ("the resources have changed", "the changed resources cannot be used");
    world.write("resources/up.log", "one");
    // Seen together with what comes behind it.
    world.write("resources/rag.yaml", &one.replace("kind:", "kindd:"));
    wait_for("the bad edit", || (told(refused) == 1).then_some(()));
    for text in ["two", "three!", "four, and more"] {
        world.write("resources/up.log", text);
        std::thread::sleep(std::time::Duration::from_millis(700));
    }
    assert_eq!((told(changed), told(refused)), (0, 1));
    world.write("resources/rag.yaml", &one);
    wait_for("the good one of before", || server.health()["resources"]["rejected"].is_null().then_some(()));
    for text in ["two", "three!", "four, and more"] {
        world.write("resources/up.log", text);
        std::thread::sleep(std::time::Duration::from_millis(700));
    }
    assert_eq!((told(changed), told(refused)), (1, 1));
    assert_eq!(server.health()["status"], "ok");
    // Nor is a log among the documents told of in it.
    let told = || server.log().iter().filter(|line| line["message"] != "request").count();
    let before = told();
    for text in ["two", "three!", "four, and more"] {
        world.write("docs/up.log", text);
        std::thread::sleep(std::time::Duration::from_millis(700));
    }
    assert_eq!(told(), before, "{:?}", server.log());
}

#[test]
fn resources_are_followed_and_a_bad_edit_keeps_the_last_good_ones() {
    let Some(world) = World::new() else { return };
    let server = world.start().ready();
    let one = rag_index("runbooks", "./docs");
    world.write("rag.yaml", &one.replace("kind:", "kindd:"));
    let rejected =
        wait_for("the bad edit to be refused", || server.health()["resources"]["rejected"].as_str().map(str::to_owned));
    assert!(rejected.contains(" rag.yaml:") && !rejected.contains(world.path("").to_str().unwrap()), "{rejected}");
    assert_eq!(server.ask(QUESTION)["status"], "answered");
    assert_eq!(server.health()["status"], "degraded");

    world.write("rag.yaml", &format!("{one}---\n{}", rag_index("korean", "./docs/ko")));
    wait_for("the second index", || (server.get("/readyz").0 == 200 && indexes(&server) == 2).then_some(()));
    let (status, body) = ask(&server.url, QUESTION).unwrap();
    assert_eq!((status, &body["error"]["code"]), (422, &"index_required".into()));
    assert!(server.health()["resources"]["rejected"].is_null());

    // A setting that is live: no build, another verdict.
    let strict = format!("{one}  confidence: {{type: Fixed, minimum: 1.0}}\n");
    world.write("rag.yaml", &strict);
    wait_for("the first index alone, with the new setting", || {
        let is_alone = indexes(&server) == 1;
        (is_alone && server.ask(QUESTION)["status"] == "escalated").then_some(())
    });
    assert!(world.data().join("indexes/korean").is_dir(), "data of an index that was taken out is kept");
}

fn indexes(server: &crate::support::Server) -> usize {
    server.health()["indexes"].as_object().unwrap().len()
}

/// Builds and activates a revision of the same index in another process; gives its name.
fn index_otherwise(world: &World, yaml: &str, result: &str) -> Value {
    world.write("other.yaml", yaml);
    let ran = run(world.command("index").arg("--json").arg("-f").arg(world.path("other.yaml")));
    assert_eq!((ran.code, &ran.json()["result"]), (0, &result.into()), "{}", ran.stderr);
    ran.json()["revision"].clone()
}

#[test]
fn a_revision_that_another_process_activates_is_served_and_its_difference_is_told() {
    let Some(world) = World::new() else { return };
    let server = world.start().ready();
    let health = || server.health()["indexes"]["runbooks"].clone();
    wait_for("rest", || (health()["build"]["state"] == "idle").then_some(()));
    let before = health()["revision"].clone();
    let check = |yaml: &str, says: &str| {
        let after = index_otherwise(&world, yaml, "built");
        assert_ne!(before, after);
        let notice = wait_for("the other revision", || {
            let health = health();
            (health["revision"] == after).then(|| health["notice"].as_str().map(str::to_owned))?
        });
        assert!(notice.contains(says) && notice.contains("--data"), "{notice}");
        assert_eq!(server.health()["status"], "degraded");
        assert_eq!(server.ask("카프카 컨슈머 지연 대응은?")["revision"], after);
        // The other process finds its own revision still active: this server has not taken it back.
        assert_eq!(index_otherwise(&world, yaml, "unchanged"), after);
    };
    let coarse = format!("{}  chunking: {{maxTokens: 64, overlapTokens: 8}}\n", rag_index("runbooks", "./docs"));
    check(&coarse, ": other chunking;");
    check(&rag_index("runbooks", "./docs/ko"), ": other documents;");

    world.write("docs/en/extra.md", "# Extra\n\nThe vault bucket lies in the second region.\n");
    wait_for("a revision of the server's own", || {
        let health = health();
        (health["counts"]["documents"] == 7 && health["notice"].is_null()).then_some(())
    });
    assert_eq!(server.health()["status"], "ok");
}

#[test]
fn a_revision_that_another_process_builds_from_the_same_resources_is_simply_served() {
    let Some(world) = World::new() else { return };
    let server = world.start().ready();
    let health = || server.health()["indexes"]["runbooks"].clone();
    wait_for("rest", || (health()["build"]["state"] == "idle").then_some(()));
    let own = rag_index("runbooks", "./docs");
    assert_eq!(index_otherwise(&world, &own, "unchanged"), health()["revision"]);
    assert_eq!((&health()["notice"], &server.health()["status"]), (&Value::Null, &"ok".into()));
}
