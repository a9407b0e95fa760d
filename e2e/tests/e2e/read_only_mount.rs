//! Sealed revisions on mounts that really are read-only: they open and answer, and nothing tries to write.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ragops_e2e::crash::Tree;
use ragops_e2e::mount::MountNamespace;
use ragops_e2e::server_process::ServerProcess;
use ragops_e2e::site::{QUESTION, Site, edition_text, run};
use ragops_e2e::skip::skip;
use serde_json::json;

/// The data folder, mounted read-only over itself, as a volume is in a cluster.
fn bind(site: &Site, namespace: &MountNamespace) -> Result<()> {
    let data = site.data();
    namespace.mount(&[OsStr::new("--bind"), data.as_os_str(), data.as_os_str()])?;
    namespace.mount(&[OsStr::new("-o"), OsStr::new("remount,bind,ro"), data.as_os_str()])
}

/// A file system of its own that holds a copy of the data, then made read-only as a whole.
fn file_system(site: &Site, namespace: &MountNamespace) -> Result<()> {
    let (data, tree) = (site.data(), Tree::read(&site.data())?);
    let mount = |options: &str| {
        namespace.mount(
            &["-t", "tmpfs", "-o", options, "ragops"]
                .map(OsStr::new)
                .into_iter()
                .chain([data.as_os_str()])
                .collect::<Vec<_>>(),
        )
    };
    mount("size=32m")?;
    tree.write(&namespace.seen_from_outside(&data))?;
    namespace.mount(&[OsStr::new("-o"), OsStr::new("remount,ro"), data.as_os_str()])
}

fn check(site: &Site, mount: fn(&Site, &MountNamespace) -> Result<()>) -> Result<()> {
    site.index(&site.data())?;
    let namespace = MountNamespace::new()?;
    mount(site, &namespace)?;
    let outside = namespace.seen_from_outside(&site.data());
    let error = std::fs::write(outside.join("f"), "x").err().context("the mount is writable")?;
    ensure!(error.kind() == std::io::ErrorKind::ReadOnlyFilesystem, "{error}");
    query(site, &namespace)?;
    serve(site, &namespace)?;
    refuse_to_build(site, &namespace)
}

fn inside(site: &Site, namespace: &MountNamespace) -> std::process::Command {
    site.in_environment(namespace.command(site.binary()), &site.data())
}

fn query(site: &Site, namespace: &MountNamespace) -> Result<()> {
    let data = site.data();
    let asked = run(inside(site, namespace).args(["query", "--json", "--data"]).arg(&data).arg(QUESTION))?;
    ensure!(asked.stdout.contains(&edition_text(0)), "query: {asked:?}");
    let inspected = run(inside(site, namespace).args(["inspect", "--data"]).arg(&data))?;
    ensure!(inspected.code == Some(0), "inspect: {inspected:?}");
    Ok(())
}

/// A server cannot build there; it answers from what is there all the same.
fn serve(site: &Site, namespace: &MountNamespace) -> Result<()> {
    let mut command = inside(site, namespace);
    command.arg("up").arg("-f").arg(site.resource()).arg("--data").arg(site.data());
    let server = ServerProcess::start(&mut command, &site.beside("up.log"))?;
    let answer = server.client.post("/query", &json!({ "question": QUESTION }))?;
    ensure!(answer.body.contains(&edition_text(0)), "up: {answer:?}\n{}", server.printed());
    Ok(())
}

fn refuse_to_build(site: &Site, namespace: &MountNamespace) -> Result<()> {
    site.write_edition(1)?;
    let built = run(inside(site, namespace).args(site.index_arguments(&site.data())))?;
    let named = built.stderr.contains(&site.data().display().to_string()) && built.stderr.contains("writable");
    ensure!(matches!(built.code, Some(2 | 3)) && named, "index: {built:?}");
    ensure!(Path::new(&namespace.seen_from_outside(&site.data())).is_dir(), "the mount is gone");
    query(site, namespace)
}

fn run_on(test: &str, mount: fn(&Site, &MountNamespace) -> Result<()>) {
    if let Some(reason) = MountNamespace::unavailable() {
        return skip(test, &reason);
    }
    if let Some(site) = crate::site(test) {
        check(&site, mount).unwrap_or_else(|error| panic!("{error:#}"));
    }
}

#[test]
fn a_folder_mounted_read_only_opens_and_answers() {
    run_on("a read-only bind mount", bind);
}

#[test]
fn a_read_only_file_system_opens_and_answers() {
    run_on("a read-only file system", file_system);
}
