//! What breaks: damaged revisions, folders that vanish. The last good revision keeps serving, and what is wrong is
//! said.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use ragops_engine::revision::open::read_manifest;

use crate::support::{PATIENCE, run, wait_for};
use crate::world::{World, flip_a_byte};

const QUESTION: &str = "How long does a restore of the database take?";

/// Whoever may ask how the server stands need not know where its files lie.
fn check_no_paths(world: &World, server: &crate::support::Server) {
    let health = server.get("/health").1;
    for path in [world.path(""), world.models.clone()] {
        assert!(!health.contains(path.to_str().unwrap().trim_end_matches('/')), "{health}");
    }
}

#[test]
fn a_damaged_revision_is_passed_over_for_the_last_whole_one() {
    let Some(world) = World::new() else { return };
    let first = world.index();
    world.write("docs/en/extra.md", "# Extra\n\nThe vault bucket lies in the second region.\n");
    let second = world.index();
    flip_a_byte(&world.revision(&second).join("chunks.jsonl"));
    // With the documents gone nothing can be built: what serves is what is left.
    fs::rename(world.path("docs"), world.path("away")).unwrap();
    let server = world.start().ready();
    let health = server.health();
    let index = &health["indexes"]["runbooks"];
    assert_eq!(index["revision"], first, "{index}");
    assert!(server.ask(QUESTION)["answer"].as_str().unwrap().contains("45 minutes"));
    let failure = wait_for("the build to fail", || {
        server.health()["indexes"]["runbooks"]["last_error"]["message"].as_str().map(str::to_owned)
    });
    assert!(failure.contains("docs"), "{failure}");
    let damaged = server.health()["indexes"]["runbooks"]["damaged"][&second].as_str().unwrap().to_owned();
    assert!(damaged.contains("sha256"), "{damaged}");
    let file = format!("DATA/indexes/runbooks/revisions/{second}/chunks.jsonl");
    assert!(damaged.contains(&file), "{damaged}");
    check_no_paths(&world, &server);

    // The documents come back: the damaged revision is built anew.
    fs::rename(world.path("away"), world.path("docs")).unwrap();
    wait_for("the second revision", || (server.health()["indexes"]["runbooks"]["revision"] == second).then_some(()));
    wait_for("health", || (server.health()["status"] == "ok").then_some(()));
    drop(server);
    let inspected = run(&mut world.command("inspect"));
    assert_eq!(inspected.code, 0, "{}", inspected.stdout);
}

/// What this user may not read is not damaged. As whoever runs this may read everything, a link to itself stands for it.
#[test]
fn a_revision_that_cannot_be_read_is_named_with_the_reason_while_an_older_one_serves() {
    let Some(world) = World::new() else { return };
    let first = world.index();
    world.write("docs/en/extra.md", "# Extra\n\nThe vault bucket lies in the second region.\n");
    let second = world.index();
    let file = world.revision(&second).join("chunks.jsonl");
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("chunks.jsonl", &file).unwrap();
    let server = world.start().ready();
    let index = || server.health()["indexes"]["runbooks"].clone();
    let failure = wait_for("the failed build", || index()["last_error"]["message"].as_str().map(str::to_owned));
    for told in [&failure, index()["damaged"][&second].as_str().unwrap()] {
        assert!(told.contains(&format!("{second}/chunks.jsonl")) && told.contains("symbolic links"), "{told}");
    }
    assert_eq!((&index()["revision"], &index()["status"]), (&first.as_str().into(), &"degraded".into()));
    let named = |line: &serde_json::Value| line["revision"] == second.as_str() && line["level"] == "ERROR";
    assert!(server.log().iter().any(named), "{:?}", server.log());
    let inspected = run(&mut world.command("inspect"));
    assert_eq!(inspected.code, 2);
    assert!(inspected.stdout.contains(&format!("{second}, active: CANNOT BE READ")), "{}", inspected.stdout);
}

#[test]
fn inspect_names_the_damage_and_query_uses_the_whole_revision() {
    let Some(world) = World::new() else { return };
    let first = world.index();
    world.write("docs/en/extra.md", "# Extra\n\nThe vault bucket lies in the second region.\n");
    let second = world.index();
    let file = world.revision(&second).join("vectors.faiss");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let inspected = run(&mut world.command("inspect"));
    assert_eq!(inspected.code, 2);
    assert!(inspected.stdout.contains(&format!("{second}, active: DAMAGED")), "{}", inspected.stdout);
    assert!(inspected.stdout.contains("vectors.faiss") && inspected.stdout.contains(&format!("{first}: checksums")));
    let asked = run(world.command("query").arg("--json").arg(QUESTION));
    assert_eq!((asked.code, &asked.json()["revision"]), (0, &first.as_str().into()), "{}", asked.stderr);
    assert!(asked.stderr.contains(&second) && asked.stderr.contains("vectors.faiss"), "{}", asked.stderr);
}

#[test]
fn a_folder_that_vanishes_keeps_the_last_revision_serving_until_it_is_back() {
    let Some(world) = World::new() else { return };
    let server = world.start().ready();
    fs::rename(world.path("docs"), world.path("away")).unwrap();
    let failure = wait_for("the failure", || {
        server.health()["indexes"]["runbooks"]["last_error"]["message"].as_str().map(str::to_owned)
    });
    assert!(failure.contains("the folder ./docs does not exist"), "{failure}");
    check_no_paths(&world, &server);
    let logged =
        |line: &serde_json::Value| line["error"].as_str().is_some_and(|e| e.contains(world.path("").to_str().unwrap()));
    assert!(server.log().iter().any(logged), "the log has the whole path");
    assert_eq!(server.ask(QUESTION)["status"], "answered");
    assert_eq!(server.get("/readyz").0, 200);
    assert_eq!(server.health()["status"], "degraded");
    fs::rename(world.path("away"), world.path("docs")).unwrap();
    wait_for("recovery", || (server.health()["status"] == "ok").then_some(()));
}

#[test]
fn a_revision_of_another_model_is_not_asked_and_is_built_anew() {
    let Some(world) = World::new() else { return };
    let name = world.index();
    let dir = world.revision(&name);
    let mut manifest = read_manifest(&dir).unwrap();
    manifest.model.digest = manifest.content_digest;
    fs::write(dir.join("manifest.json"), manifest.to_file().unwrap()).unwrap();
    let asked = run(world.command("query").arg(QUESTION));
    assert_eq!(asked.code, 2);
    assert!(
        asked.stderr.contains("was built with multilingual-e5-small") && asked.stderr.contains(&name),
        "{}",
        asked.stderr
    );
    let server = world.start().ready();
    assert_eq!(server.ask(QUESTION)["status"], "answered");
}

#[test]
fn a_revision_of_another_version_is_named_as_such_and_built_anew() {
    let Some(world) = World::new() else { return };
    let name = world.index();
    let manifest = world.revision(&name).join("manifest.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    let version = json["formatVersion"].clone();
    json["formatVersion"] = 99.into();
    fs::write(&manifest, json.to_string()).unwrap();
    let asked = run(world.command("query").arg(QUESTION));
    assert_eq!(asked.code, 2);
    for says in [&name, &format!("format version 99, this program reads {version}"), "ragops-server index"] {
        assert!(asked.stderr.contains(says), "`{says}` is missing in: {}", asked.stderr);
    }
    let inspected = run(&mut world.command("inspect"));
    assert_eq!(inspected.code, 2);
    assert!(inspected.stdout.contains("OF ANOTHER VERSION") && !inspected.stdout.contains("DAMAGED"));
    let server = world.start().ready();
    let says = format!("another version of RagOps (format 99, this program reads {version}); the index is built anew");
    assert!(server.log().iter().any(|line| line["error"].as_str().is_some_and(|error| error.contains(&says))));
    assert_eq!(server.ask(QUESTION)["status"], "answered");
    wait_for("health", || (server.health()["status"] == "ok").then_some(()));
}

/// Pages that take a while to build; `salt` keeps their vectors out of the cache.
fn write_racks(world: &World, salt: &str) {
    for number in 0..400 {
        let sentences: String =
            (0..40).map(|at| format!("Rack {number} {salt} holds part {at} of kind {}. ", at * number)).collect();
        world.write(&format!("docs/racks/{number}.md"), &format!("# Rack {number}\n\n{sentences}\n"));
    }
}

/// A build that was told to stop said nothing and left its folder; meanwhile `query` knew of no build.
#[test]
fn an_index_told_to_stop_says_so_and_leaves_nothing_and_a_question_meanwhile_is_told_of_the_build() {
    let Some(world) = World::new() else { return };
    let salt = format!("{:?}", std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap());
    write_racks(&world, &salt);
    let left = world.revision(".building-0123abcd");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("chunks.jsonl"), "left by a build that was killed").unwrap();
    let building = || {
        let entries = fs::read_dir(left.parent().unwrap()).unwrap().flatten();
        let mut names = entries.map(|entry| entry.file_name().into_string().unwrap());
        names.find(|name| name.starts_with(".building-") && name != ".building-0123abcd")
    };
    for (signal, code, name) in [("-TERM", 143, "SIGTERM"), ("-INT", 130, "Ctrl-C")] {
        let mut command = world.command("index");
        command.arg("--json").arg("-f").arg(world.path("rag.yaml"));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for("the build", building);
        assert!(!left.exists(), "what a killed build left is removed first");
        let asked = run(world.command("query").arg(QUESTION));
        assert_eq!(asked.code, 3, "{}", asked.stderr);
        assert!(asked.stderr.contains("`runbooks`") && asked.stderr.contains("another process is building one"));
        assert!(run(&mut world.command("inspect")).stdout.contains("no revision yet; a build is running"));
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{told}");
        let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("stopped by ")).collect();
        assert!(lines.len() == 1 && lines[0].contains(name) && lines[0].contains("`runbooks` was not built"), "{told}");
        assert!(String::from_utf8(output.stdout).unwrap().contains(r#""result":"stopped""#));
        assert_eq!(building(), None);
    }
    let asked = run(world.command("query").arg(QUESTION));
    assert_eq!(asked.code, 2, "{}", asked.stderr);
    let command = format!("ragops-server index -f FILE --data {}", world.data().display());
    assert!(asked.stderr.contains(&command) && !asked.stderr.contains("is building"), "{}", asked.stderr);
}

/// Loading a model takes long on a slow disk. Here it takes for ever: a file of it is a pipe.
#[test]
fn a_server_told_to_stop_while_it_loads_a_model_ends_at_once() {
    let Some(mut world) = World::new() else { return };
    let models = world.path("models");
    let model = models.join("multilingual-e5-small");
    fs::create_dir_all(&model).unwrap();
    for entry in fs::read_dir(world.models.join("multilingual-e5-small")).unwrap().flatten() {
        std::os::unix::fs::symlink(entry.path(), model.join(entry.file_name())).unwrap();
    }
    fs::remove_file(model.join("manifest.json")).unwrap();
    assert!(Command::new("mkfifo").arg(model.join("manifest.json")).status().unwrap().success());
    world.models = models;
    let mut server = world.start();
    let (sender, opened) = mpsc::channel();
    std::thread::spawn(move || sender.send(File::options().write(true).open(model.join("manifest.json"))));
    let _writer = opened.recv_timeout(PATIENCE).expect("the server reads the manifest").unwrap();
    server.terminate();
    assert!(server.wait().success());
}

#[test]
fn a_server_told_to_stop_while_it_builds_ends_at_once_and_leaves_no_half_revision() {
    let Some(world) = World::new() else { return };
    write_racks(&world, "of the hall");
    let mut server = world.start();
    wait_for("the build", || {
        let build = server.health()["indexes"]["runbooks"]["build"].clone();
        (build["state"] == "building" && build["progress"]["chunks"].as_u64()? > 0).then_some(())
    });
    let (status, body) = crate::support::ask(&server.url, QUESTION).unwrap();
    assert_eq!((status, &body["error"]["code"]), (503, &"index_not_ready".into()));
    assert!(body["error"]["message"].as_str().unwrap().contains("being built for the first time"), "{body}");
    server.terminate();
    assert!(server.wait().success());
    let inspected = run(world.command("inspect").arg("--json"));
    assert_eq!(inspected.json()["revisions"], serde_json::json!([]));
}

/// Overwrites the minutes of a restore where they stand, which a server that has the file open sees.
fn damage_in_place(world: &World, revision: &str) {
    let path = world.revision(revision).join("chunks.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    for (at, _) in text.match_indices("45 minutes") {
        file.write_all_at(b"99", at as u64).unwrap();
    }
}

/// The name stays the same, for it follows from the documents: what serves must change all the same.
#[test]
fn the_serving_revision_is_opened_anew_when_it_was_damaged_and_is_built_again() {
    let Some(world) = World::new() else { return };
    let server = world.start().ready();
    let health = || server.health()["indexes"]["runbooks"].clone();
    let revision = health()["revision"].as_str().unwrap().to_owned();
    let says = |text: &str| server.ask(QUESTION)["answer"].as_str().unwrap().contains(text);
    let backup = fs::read_to_string(world.path("docs/en/backup.md")).unwrap();
    let touch = || world.write("docs/en/backup.md", &backup);
    let index = || {
        world.index();
        touch();
    };
    // Built again by the server itself, and by another process.
    for build in [&touch as &dyn Fn(), &index] {
        wait_for("rest", || (health()["build"]["state"] == "idle").then_some(()));
        assert!(says("45 minutes"));
        damage_in_place(&world, &revision);
        assert!(says("99 minutes"), "the damage shows");
        build();
        wait_for("the whole revision", || says("45 minutes").then_some(()));
        assert_eq!((&health()["revision"], &health()["notice"]), (&revision.as_str().into(), &serde_json::Value::Null));
    }
}

/// Verifying a large revision takes long. Here it takes for ever: a manifest that is a pipe is never read to its end.
#[test]
fn a_server_told_to_stop_while_it_opens_a_revision_ends_at_once() {
    let Some(world) = World::new() else { return };
    let manifest = world.revision(&world.index()).join("manifest.json");
    fs::remove_file(&manifest).unwrap();
    assert!(Command::new("mkfifo").arg(&manifest).status().unwrap().success());
    let mut server = world.start();
    let (sender, opened) = mpsc::channel();
    std::thread::spawn(move || sender.send(File::options().write(true).open(&manifest)));
    let _writer = opened.recv_timeout(PATIENCE).expect("the server reads the manifest").unwrap();
    server.terminate();
    assert!(server.wait().success());
}
