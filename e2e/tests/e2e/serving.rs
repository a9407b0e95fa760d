//! `up` is killed while it rebuilds, or finds a damaged revision: it answers from what is whole, then from the new one.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ragops_e2e::crash::verdict::open_serving;
use ragops_e2e::server_process::{ServerProcess, wait_until};
use ragops_e2e::site::{INDEX, QUESTION, Site, edition_text};
use serde_json::json;

/// Enough for a change to be noticed and six short documents to be built, on a busy machine.
const REBUILD_DEADLINE: Duration = Duration::from_secs(60);

/// The answer's text, which every request must get.
fn ask(server: &ServerProcess) -> Result<String> {
    let answer = server.client.post("/query", &json!({ "question": QUESTION }))?;
    ensure!(answer.status == 200, "the question failed: {answer:?}\n{}", server.printed());
    let body = answer.json()?;
    let text = body["answer"].as_str().with_context(|| format!("no answer in {body}"))?;
    Ok(text.to_owned())
}

/// Asks until edition `new` is answered; until then it must be edition `old`.
fn wait_for_edition(server: &ServerProcess, old: u64, new: u64) -> Result<()> {
    let waited = wait_until("the new edition is answered", REBUILD_DEADLINE, || {
        let text = ask(server)?;
        let is_new = text.contains(&edition_text(new));
        ensure!(is_new || text.contains(&edition_text(old)), "neither edition {old} nor {new}: {text}");
        Ok(is_new)
    });
    waited.with_context(|| format!("the server said:\n{}", server.printed()))
}

fn is_building(site: &Site) -> bool {
    let revisions = site.data().join("indexes").join(INDEX).join("revisions");
    let entries = std::fs::read_dir(revisions).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(".building-"))
}

fn killed_during_a_rebuild(site: &Site) -> Result<()> {
    let start = || ServerProcess::start(&mut site.up_command(&site.data()), &site.beside("up.log"));
    let server = start()?;
    ensure!(ask(&server)?.contains(&edition_text(0)), "edition 0 is not answered");
    site.write_edition(1)?;
    wait_until("the rebuild begins", REBUILD_DEADLINE, || Ok(is_building(site)))?;
    server.kill()?;
    open_serving(&site.data(), INDEX)?.context("nothing is served after the kill")?;
    let server = start()?;
    wait_for_edition(&server, 0, 1)?;
    site.inspect(&site.data())?;
    let status = server.terminate()?;
    ensure!(status.success(), "the server ended with {status}");
    Ok(())
}

fn damaged_while_stopped(site: &Site) -> Result<()> {
    site.index(&site.data())?;
    site.write_edition(1)?;
    let revision = site.index(&site.data())?;
    let dir = site.data().join("indexes").join(INDEX).join("revisions").join(&revision);
    let chunks = dir.join("chunks.jsonl");
    let mut bytes = std::fs::read(&chunks)?;
    bytes[0] ^= 1;
    std::fs::write(&chunks, bytes)?;
    let server = ServerProcess::start(&mut site.up_command(&site.data()), &site.beside("up.log"))?;
    wait_for_edition(&server, 0, 1)?;
    ensure!(server.printed().contains("chunks.jsonl"), "the damage is not named:\n{}", server.printed());
    site.inspect(&site.data()).map(drop)
}

fn run(test: &str, check: impl FnOnce(&Site) -> Result<()>) {
    if let Some(site) = crate::site(test) {
        check(&site).unwrap_or_else(|error| panic!("{error:#}"));
    }
}

#[test]
fn a_server_killed_during_a_rebuild_answers_the_new_content_after_its_restart() {
    run("killing a server that rebuilds", killed_during_a_rebuild);
}

#[test]
fn a_server_that_finds_its_revision_damaged_answers_from_the_one_before_and_rebuilds() {
    run("starting on a damaged revision", damaged_while_stopped);
}
