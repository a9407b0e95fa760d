//! The model as questions use it: it is asked, or given up at once, and found again without anybody asking.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ragops_embed::remote::cosine;
use ragops_embed::{EmbedError, EmbeddingModel};
use ragops_llm::embedder::{RemoteConfig, ServingModel};
use serde_json::json;

use crate::scripted::{Act, Scripted, hashed, hashed_otherwise};
use crate::world::{Heard, building, config, connection, wait_until};

/// A model of a revision that was built at this server.
fn serving(server: &Scripted) -> (ServingModel, Arc<Heard>) {
    let known = building(server, &[]).known();
    let (connection, heard) = connection(config(server));
    (ServingModel::new(connection, known.identity, known.description.probes), heard)
}

#[test]
fn a_question_is_embedded_once_the_model_is_known_to_be_the_same() {
    let server = Scripted::start(Act::embed);
    let (model, heard) = serving(&server);
    let before = server.requests().len();
    for _ in 0..3 {
        let vector = model.embed_query("How long?").unwrap();
        assert!(cosine(&vector, &hashed("query: How long?")).unwrap() > 0.9999);
    }
    assert_eq!(server.requests().len() - before, 4, "one look, and three questions");
    assert_eq!(model.trouble(), None);
    assert_eq!(*heard.answers.lock().unwrap(), [true]);
}

#[test]
fn a_model_that_is_down_is_not_waited_for_and_found_again_when_it_is_back() {
    let server = Scripted::start(Act::embed);
    let (model, heard) = serving(&server);
    model.embed_query("How long?").unwrap();
    let port = server.stop();
    assert!(matches!(model.embed_query("How long?"), Err(EmbedError::Unavailable { .. })));
    let start = Instant::now();
    for _ in 0..1_000 {
        assert!(matches!(model.embed_query("How long?"), Err(EmbedError::Unavailable { .. })));
    }
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    assert!(model.trouble().is_some());
    let back = Scripted::start_at(port, Act::embed);
    wait_until("the model to be found again", || model.trouble().is_none());
    assert!(model.embed_query("How long?").is_ok());
    assert!(back.requests().len() <= 3, "one look, one question: {}", back.requests().len());
    assert!(*heard.answers.lock().unwrap().last().unwrap());
}

/// A thousand questions a second must not become a thousand requests to a server that is in trouble.
#[test]
fn a_failing_server_is_looked_at_and_not_hammered() {
    let server = Scripted::start(Act::embed);
    let (model, _) = serving(&server);
    for act in [Act::Hang(Vec::new()), Act::json(500, &json!({"error": "boom"}))] {
        server.script(Act::embed);
        wait_until("the model to be found again", || model.embed_query("How long?").is_ok());
        server.script(move |_| act.clone());
        let before = server.requests().len();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1_500) {
            assert!(model.embed_query("How long?").is_err());
        }
        let asked = server.requests().len() - before;
        assert!(asked <= 6, "{asked} requests in 1.5 s");
    }
}

#[test]
fn a_question_waits_no_longer_than_it_may() {
    let server = Scripted::start(Act::embed);
    let (model, heard) = serving(&server);
    model.embed_query("How long?").unwrap();
    server.script(|_| Act::Hang(Vec::new()));
    let start = Instant::now();
    assert!(matches!(model.embed_query("How long?"), Err(EmbedError::Unavailable { .. })));
    assert!(start.elapsed() < Duration::from_millis(1_200), "{:?}", start.elapsed());
    assert_eq!(*heard.requests.lock().unwrap().last().unwrap(), "timeout");
}

#[test]
fn a_server_that_wants_to_be_left_alone_is_by_questions_too() {
    let server = Scripted::start(Act::embed);
    let (model, _) = serving(&server);
    model.embed_query("How long?").unwrap();
    let before = server.requests().len();
    server.script(|_| Act::Answer(429, vec![("retry-after", "60".to_owned())], "text/plain", b"later".to_vec()));
    for _ in 0..20 {
        assert!(model.embed_query("How long?").is_err());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.requests().len() - before, 1, "neither questions nor looks ask it within that minute");
}

#[test]
fn another_model_under_the_name_is_refused_by_name_until_the_right_one_is_back() {
    let server = Scripted::start(Act::embed);
    let (model, _) = serving(&server);
    server.script(|request| Act::embed_by(request, hashed_otherwise));
    let error = model.look().unwrap_err();
    let told = error.to_string();
    assert!(matches!(error, EmbedError::Changed { .. }), "{told}");
    for says in ["`tiny`", "0.999", "ragops-server index -f FILE"] {
        assert!(told.contains(says), "{told}");
    }
    assert_eq!(model.embed_query("How long?"), Err(model.trouble().unwrap()));
    server.script(Act::embed);
    wait_until("the right model", || model.embed_query("How long?").is_ok());
}

#[test]
fn a_vector_of_another_length_is_of_another_model() {
    let server = Scripted::start(Act::embed);
    let (model, _) = serving(&server);
    model.embed_query("How long?").unwrap();
    server.script(|request| Act::embed_by(request, |text| hashed(text)[..8].to_vec()));
    assert!(matches!(model.embed_query("How long?"), Err(EmbedError::Changed { .. })));
}

/// One text that the model cannot take says nothing of the model.
#[test]
fn a_text_that_is_refused_does_not_close_the_gate() {
    let server = Scripted::start(|request| match request.texts().iter().any(|text| text.contains("bad")) {
        true => Act::json(400, &json!({"error": "bad character"})),
        false => Act::embed(request),
    });
    let (model, _) = serving(&server);
    assert!(matches!(model.embed_query("bad"), Err(EmbedError::Model { .. })));
    assert!(model.embed_query("good").is_ok() && model.trouble().is_none());
}

/// Whoever drops the model, as another revision replaces it, ends the looks for it.
#[test]
fn nobody_looks_for_a_model_that_nobody_needs() {
    let server = Scripted::start(Act::embed);
    let (model, _) = serving(&server);
    model.embed_query("How long?").unwrap();
    server.script(|_| Act::json(500, &json!({"error": "boom"})));
    model.embed_query("How long?").unwrap_err();
    drop(model);
    std::thread::sleep(Duration::from_millis(100));
    let before = server.requests().len();
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(server.requests().len(), before);
}

#[test]
fn a_wrong_address_is_refused_before_anything_is_sent() {
    let server = Scripted::start(Act::embed);
    let config = RemoteConfig { url: "no address".to_owned(), ..config(&server) };
    let driver = Arc::new(ragops_llm::Driver::start().unwrap());
    let refused = ragops_llm::embedder::Connection::new(config, crate::world::options(), driver, Arc::new(()), 1);
    assert!(refused.unwrap_err().to_string().contains("no address"));
}
