//! Downloads from a server on this machine that cuts connections, changes its file, and answers nonsense.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use ragops_embed::{AddOutcome, ModelSource, ModelStore, StoreError};

use crate::folder::{Folder, archive};
use crate::tiny;

/// One request as the server saw it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Seen {
    range: Option<String>,
    if_range: Option<String>,
}

/// How the server answers a request: it is given the number of the request and what was asked.
type Script = dyn Fn(usize, &Seen) -> Vec<u8> + Send + Sync;

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Serves until the test ends; every connection carries one request.
fn serve(script: Box<Script>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tiny.bin", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let request = read_request(&stream);
            let number = {
                let mut requests = requests.lock().unwrap();
                requests.push(request.clone());
                requests.len()
            };
            // The client may have gone; the next connection is what matters.
            drop((&stream).write_all(&script(number, &request)));
        }
    });
    Server { url, seen }
}

fn read_request(stream: &TcpStream) -> Seen {
    let mut seen = Seen::default();
    for line in BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "range" => seen.range = Some(value.to_owned()),
            "if-range" => seen.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    seen
}

/// A whole answer that breaks off after `count` bytes of the body.
fn whole(body: &[u8], tag: &str, count: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), &body[..count]].concat()
}

/// The part of `body` that was asked for, breaking off after `count` bytes.
fn part(body: &[u8], seen: &Seen, tag: &str, count: usize) -> Vec<u8> {
    let start: usize =
        seen.range.as_ref().unwrap().strip_prefix("bytes=").unwrap().trim_end_matches('-').parse().unwrap();
    let (rest, size) = (&body[start..], body.len());
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nETag: {tag}\r\nContent-Range: bytes {start}-{}/{size}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        size - 1,
        rest.len()
    );
    [head.as_bytes(), &rest[..count.min(rest.len())]].concat()
}

fn add(server: &Server, dir: &std::path::Path) -> Result<AddOutcome, StoreError> {
    tiny::store(dir).add("tiny", &ModelSource::parse(&server.url), &())
}

fn no_leftovers(dir: &std::path::Path) {
    assert!(!dir.join("models/.downloads").exists());
}

#[test]
fn a_connection_that_is_cut_is_taken_up_where_it_broke_off() {
    let body = tiny::artefact();
    let server = serve(Box::new(move |number, seen| match number {
        1 => whole(&body, "\"v1\"", 5000),
        _ => part(&body, seen, "\"v1\"", 3000),
    }));
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(add(&server, dir.path()).unwrap(), AddOutcome::Installed(_)));
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(seen[0], Seen::default());
    let asked = |range: &str| Seen { range: Some(range.to_owned()), if_range: Some("\"v1\"".to_owned()) };
    assert_eq!(seen[1..3], [asked("bytes=5000-"), asked("bytes=8000-")]);
    no_leftovers(dir.path());
}

/// Each address once left its part behind, until the same address succeeded.
#[test]
fn one_interrupted_download_is_kept_and_none_beside_an_installed_model() {
    let body = tiny::artefact();
    let broken = || {
        let body = body.clone();
        serve(Box::new(move |number, _| match number {
            1 => whole(&body, "\"v1\"", 7000),
            _ => b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
        }))
    };
    let dir = tempfile::tempdir().unwrap();
    let parts = || {
        let names = std::fs::read_dir(dir.path().join("models/.downloads")).unwrap();
        names.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "partial")).count()
    };
    for _ in 0..3 {
        assert!(add(&broken(), dir.path()).unwrap_err().is_retryable());
        assert_eq!(parts(), 1);
    }
    let file = ModelSource::Path(tiny::file(dir.path()));
    assert!(matches!(tiny::store(dir.path()).add("tiny", &file, &()).unwrap(), AddOutcome::Installed(_)));
    no_leftovers(dir.path());
}

#[test]
fn a_later_run_goes_on_from_what_an_earlier_one_left() {
    let body = tiny::artefact();
    let server = serve(Box::new(move |number, seen| match number {
        1 => whole(&body, "\"v1\"", 7000),
        2..=4 => b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
        _ => part(&body, seen, "\"v1\"", usize::MAX),
    }));
    let dir = tempfile::tempdir().unwrap();
    let error = add(&server, dir.path()).unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let text = error.to_string();
    assert!(text.contains("stopped at 7000 bytes") && text.contains("run the same command again"), "{text}");
    add(&server, dir.path()).unwrap();
    assert_eq!(server.seen.lock().unwrap().last().unwrap().range.as_deref(), Some("bytes=7000-"));
    no_leftovers(dir.path());
}

#[test]
fn a_file_that_changed_on_the_server_is_fetched_from_the_start() {
    let body = tiny::artefact();
    let mut old = body.clone();
    old[100] ^= 1;
    // A server that honours If-Range answers 200 with the new file.
    let new = body.clone();
    let server = serve(Box::new(move |number, _| match number {
        1 => whole(&old, "\"old\"", 5000),
        _ => whole(&new, "\"new\"", new.len()),
    }));
    let dir = tempfile::tempdir().unwrap();
    add(&server, dir.path()).unwrap();
    assert_eq!(server.seen.lock().unwrap().len(), 2);
    no_leftovers(dir.path());
}

#[test]
fn a_resumed_file_with_the_wrong_checksum_is_fetched_once_more_from_the_start() {
    let body = tiny::artefact();
    let mut old = body.clone();
    old[100] ^= 1;
    // This server gives no tag and takes no notice of the change.
    let server = serve(Box::new(move |number, seen| match number {
        1 => whole(&old, "W/\"weak\"", 5000),
        2 => part(&body, seen, "W/\"weak\"", usize::MAX),
        _ => whole(&body, "W/\"weak\"", body.len()),
    }));
    let dir = tempfile::tempdir().unwrap();
    add(&server, dir.path()).unwrap();
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(seen.iter().map(|seen| seen.range.is_some()).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(seen[1].if_range, None, "a weak tag must not be sent");
    no_leftovers(dir.path());
}

#[test]
fn what_the_server_says_instead_of_the_file_is_told() {
    let check = |answer: &'static [u8], expected: &[&str]| {
        let server = serve(Box::new(|_, _| answer.to_vec()));
        let dir = tempfile::tempdir().unwrap();
        let error = add(&server, dir.path()).unwrap_err().to_string();
        for part in expected {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
        assert!(tiny::store(dir.path()).list().unwrap().is_empty());
    };
    check(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", &["404", "check the address"]);
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html", &["not the model `tiny`", "<htm", "tiny.bin"]);
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n", &["larger than", "check the address"]);
    check(b"not http at all\r\n\r\n", &["cannot fetch"]);
}

#[test]
fn an_address_where_nobody_listens_is_told_and_worth_retrying() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let source = ModelSource::Url(format!("http://127.0.0.1:{port}/tiny.bin"));
    let error = tiny::store(dir.path()).add("tiny", &source, &()).unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("HTTPS_PROXY"), "{error}");
}

#[test]
fn a_model_of_ones_own_is_fetched_as_an_archive() {
    let dir = tempfile::tempdir().unwrap();
    Folder::bert().write(&dir.path().join("folder"));
    let body = archive(&dir.path().join("folder"), &["package/"]);
    let server = serve(Box::new(move |number, seen| match number {
        1 => whole(&body, "\"v1\"", 9000),
        _ => part(&body, seen, "\"v1\"", usize::MAX),
    }));
    let store = ModelStore::new(dir.path().join("models"));
    let outcome = store.add("mine", &ModelSource::parse(&server.url), &()).unwrap();
    assert!(matches!(outcome, AddOutcome::Installed(_)));
    assert_eq!(server.seen.lock().unwrap().last().unwrap().range.as_deref(), Some("bytes=9000-"));
    no_leftovers(dir.path());
}
