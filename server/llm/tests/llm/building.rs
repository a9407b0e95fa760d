//! The model as builds use it: all texts get their vector whatever the endpoint does in between, or nobody gets a wrong one.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ragops_embed::remote::{RemoteProtocol, cosine};
use ragops_embed::{EmbedError, EmbeddingModel};
use ragops_llm::embedder::{BuildingModel, RemoteConfig};
use serde_json::json;

use crate::scripted::{Act, DIMENSION, Request, Scripted, hashed, hashed_otherwise};
use crate::world::{building, config, connection};

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("Page {number}: restart node-{number} and wait {number} minutes.")).collect()
}

fn refs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[test]
fn texts_are_prefixed_batched_side_by_side_and_come_back_in_order() {
    let server = Scripted::start(|request| {
        // The first batches are the last to be answered.
        std::thread::sleep(Duration::from_millis(if request.texts()[0].contains("Page 0:") { 80 } else { 5 }));
        Act::embed(request)
    });
    let model = building(&server, &[]);
    assert_eq!((model.identity().dimension, model.identity().name.as_str()), (DIMENSION, "tiny"));
    let before = server.requests().len();
    let texts = texts(18);
    let done = AtomicUsize::new(0);
    let monitor = |count: usize| {
        done.fetch_add(count, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let vectors = model.embed_passages(&refs(&texts), &monitor).unwrap();
    for (text, vector) in texts.iter().zip(vectors.rows()) {
        let expect = hashed(&format!("passage: {text}"));
        assert!(cosine(vector, &expect).unwrap() > 0.9999, "{text}");
    }
    assert_eq!(done.into_inner(), 18);
    assert_eq!(server.requests().len() - before, 5, "batches of four");
    let asked = model.embed_query("How long?").unwrap();
    assert!(cosine(&asked, &hashed("query: How long?")).unwrap() > 0.9999);
}

#[test]
fn a_text_longer_than_the_model_sees_is_embedded_by_windows() {
    let server = Scripted::start(Act::embed);
    let model = building(&server, &[]);
    let before = server.texts().len();
    let long = "Restart the gateway and wait. ".repeat(40);
    let vectors = model.embed_passages(&[&long], &()).unwrap();
    assert!(cosine(vectors.row(0).unwrap(), &hashed(&long)).unwrap() > 0.95);
    let sent: Vec<String> = server.texts()[before..].iter().filter(|t| t.contains("gateway")).cloned().collect();
    assert!(sent.len() > 4 && sent.iter().all(|text| text.starts_with("passage: ")), "{sent:?}");
}

/// The estimate of tokens is none of the model's own, so a text may be too long after all.
#[test]
fn what_is_refused_as_too_long_is_sent_in_parts_and_what_is_refused_otherwise_alone() {
    let limited = |request: &Request| match request.texts().iter().any(|text| text.len() > 200) {
        true => Act::json(400, &json!({"error": "the input length exceeds the context length"})),
        false => Act::embed(request),
    };
    let server = Scripted::start(limited);
    let wide = RemoteConfig { max_tokens: 4_096, ..config(&server) };
    let model = BuildingModel::connect(connection(wide).0, &[]).unwrap();
    let texts = [texts(3), vec!["Restart the gateway and wait. ".repeat(30)], texts(2)].concat();
    let vectors = model.embed_passages(&refs(&texts), &()).unwrap();
    for (text, vector) in texts.iter().zip(vectors.rows()) {
        assert!(cosine(vector, &hashed(text)).unwrap() > 0.9, "{text}");
    }
    server.script(|request| match request.texts().iter().any(|text| text.contains("Page 1:")) {
        true => Act::json(400, &json!({"error": "bad character"})),
        false => Act::embed(request),
    });
    let error = model.embed_passages(&refs(&texts), &()).unwrap_err();
    assert!(matches!(&error, EmbedError::Model { reason, .. } if reason.contains("bad character")), "{error}");
}

#[test]
fn a_server_that_stumbles_is_asked_again_and_left_alone_as_long_as_it_wants() {
    let server = Scripted::start(Act::embed);
    let model = building(&server, &[]);
    let count = AtomicUsize::new(0);
    server.script(move |request| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Act::Answer(429, vec![("retry-after", "1".to_owned())], "text/plain", b"slow down".to_vec()),
        1 => Act::Answer(503, Vec::new(), "text/plain", b"loading".to_vec()),
        2 => Act::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_vec()),
        3 => Act::Hang(Vec::new()),
        _ => Act::embed(request),
    });
    let start = Instant::now();
    let vectors = model.embed_passages(&["Restart it."], &()).unwrap();
    assert!(cosine(vectors.row(0).unwrap(), &hashed("passage: Restart it.")).unwrap() > 0.9999);
    assert!(start.elapsed() >= Duration::from_secs(1), "it asked to be left alone for a second");
}

#[test]
fn a_build_that_nobody_wants_any_more_does_not_wait_for_a_hanging_server() {
    let server = Scripted::start(Act::embed);
    let model = building(&server, &[]);
    server.script(|_| Act::Hang(Vec::new()));
    let start = Instant::now();
    let stop = |_: usize| {
        if start.elapsed() > Duration::from_millis(50) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert_eq!(model.embed_passages(&["Restart it."], &stop), Err(EmbedError::Cancelled));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn the_same_model_is_known_again_wherever_it_is_and_another_under_its_name_is_not() {
    let server = Scripted::start(Act::embed);
    let first = building(&server, &[]).known();
    // A server elsewhere, which rounds otherwise.
    let elsewhere = Scripted::start(|request| {
        Act::embed_by(request, |text| hashed(text).iter().map(|value| value * 3.0 + 0.001).collect())
    });
    let again = BuildingModel::connect(
        connection(RemoteConfig { backend: "other".to_owned(), ..config(&elsewhere) }).0,
        std::slice::from_ref(&first),
    );
    let again = again.unwrap().known();
    assert_eq!((&again.identity, &again.description.probes), (&first.identity, &first.description.probes));
    assert_eq!((again.description.backend.as_str(), again.description.url), ("other", elsewhere.url()));
    assert!(!serde_json::to_string(&first).unwrap().contains("sk-secret"));

    server.script(|request| Act::embed_by(request, hashed_otherwise));
    let other = building(&server, std::slice::from_ref(&first)).known();
    assert_ne!(other.identity.digest, first.identity.digest);
    // The model of before comes back, and is known again.
    server.script(Act::embed);
    assert_eq!(building(&server, &[other, first.clone()]).known().identity, first.identity);
    // With another prefix it is another model to whoever searches.
    let config = RemoteConfig { query_prefix: String::new(), ..config(&server) };
    let unprefixed = BuildingModel::connect(connection(config).0, std::slice::from_ref(&first)).unwrap();
    assert_ne!(unprefixed.identity().digest, first.identity.digest);
}

#[test]
fn a_model_swapped_while_a_build_runs_is_noticed_before_its_vectors_are_used() {
    let server = Scripted::start(Act::embed);
    let model = building(&server, &[]);
    assert!(model.describe_remote().unwrap().is_some());
    server.script(|request| Act::embed_by(request, hashed_otherwise));
    for error in [
        model.embed_passages(&["Restart it."], &()).unwrap_err(),
        model.embed_queries(&["How?"]).unwrap_err(),
        model.describe_remote().unwrap_err(),
    ] {
        let told = error.to_string();
        assert!(
            matches!(error, EmbedError::Changed { .. }) && told.contains("`tiny`") && told.contains("build again"),
            "{told}"
        );
    }
    server.script(|request| Act::embed_by(request, |text| hashed(text)[..8].to_vec()));
    let error = model.embed_passages(&["Restart it."], &()).unwrap_err();
    assert!(error.to_string().contains("another length"), "{error}");
}

#[test]
fn what_only_somebody_can_mend_is_told_at_once() {
    let check = |act: Act, is_retryable: bool, says: &str| {
        let server = Scripted::start(move |_| act.clone());
        let start = Instant::now();
        let error = BuildingModel::connect(connection(config(&server)).0, &[]).unwrap_err();
        assert_eq!(error.is_retryable(), is_retryable, "{error}");
        assert!(error.to_string().contains(says) && start.elapsed() < Duration::from_secs(2), "{error}");
        assert!(server.requests().len() < 8, "{} requests", server.requests().len());
    };
    check(Act::json(401, &json!({"error": "no key"})), false, "apiKeySecretRef");
    check(Act::json(404, &json!({"error": "model 'tiny' not found"})), true, "has no model `tiny`");
    check(Act::Answer(200, Vec::new(), "text/html", b"<html>".to_vec()), true, "external.url");
    check(Act::json(200, &json!({"embeddings": [[1.0]]})), false, "1 vectors for");
}

#[test]
fn an_openai_endpoint_is_asked_in_its_own_words() {
    let server = Scripted::start(Act::embed);
    let config = RemoteConfig { protocol: RemoteProtocol::OpenAI, url: server.url() + "/v1", ..config(&server) };
    let model = BuildingModel::connect(connection(config).0, &[]).unwrap();
    assert_eq!(model.embed_passages(&["a", "b"], &()).unwrap().len(), 2);
    assert!(server.requests().iter().all(|request| request.path == "/v1/embeddings"));
}
