//! Against a real Ollama that serves all-MiniLM-L6-v2, by its own protocol and by OpenAI's: `make test-llm-real`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ragops_embed::remote::{RemoteProtocol, cosine};
use ragops_embed::{EmbedError, EmbeddingModel};
use ragops_llm::Driver;
use ragops_llm::chat::{
    ChatBackend, ChatConfig, ChatEnd, ChatEvent, ChatOptions, ChatRequest, Finish, Message, Speaker,
};
use ragops_llm::embedder::{BuildingModel, Connection, RemoteConfig, RemoteOptions, ServingModel};

use crate::ollama::{CHAT_MODEL, MODEL, Ollama, Pooling};
use crate::world::wait_until;

fn connection(ollama: &Ollama, protocol: RemoteProtocol) -> Arc<Connection> {
    let url = if protocol == RemoteProtocol::OpenAI { ollama.url() + "/v1" } else { ollama.url() };
    let config = RemoteConfig {
        backend: "embedder".to_owned(),
        protocol,
        url,
        model: MODEL.to_owned(),
        query_prefix: String::new(),
        passage_prefix: String::new(),
        max_tokens: 256,
        api_key: None,
        ca: None,
    };
    // The first request loads the model.
    let options = RemoteOptions { question_timeout: Duration::from_secs(20), ..RemoteOptions::default() };
    Connection::new(config, options, Arc::new(Driver::start().unwrap()), Arc::new(()), 3).unwrap()
}

/// What the chat model says, and how it ends.
fn chat(
    ollama: &Ollama,
    protocol: RemoteProtocol,
    max_tokens: u32,
    gone: Option<Duration>,
) -> (String, Option<ChatEnd>) {
    let url = if protocol == RemoteProtocol::OpenAI { ollama.url() + "/v1" } else { ollama.url() };
    let config = ChatConfig {
        backend: "llama".to_owned(),
        protocol,
        url,
        model: CHAT_MODEL.to_owned(),
        context_tokens: 4_096,
        api_key: None,
        ca: None,
    };
    let limit = Duration::from_secs(120);
    let options = ChatOptions { in_all: limit, stall: limit };
    let backend = ChatBackend::new(config, options, Arc::new(Driver::start().unwrap()), Arc::new(()), 3).unwrap();
    let message = |speaker, text: &str| Message { speaker, text: text.to_owned() };
    let request = ChatRequest {
        messages: vec![message(Speaker::System, "Be brief."), message(Speaker::User, "How is the gateway restarted?")],
        max_tokens,
        temperature: 0.0,
        seed: Some(7),
        context_tokens: Some(4_096),
    };
    let mut answering = backend.answering(request, (Instant::now() + limit).into());
    let (mut said, mut end) = (String::new(), None);
    let begun = Instant::now();
    loop {
        let gone = async {
            match gone {
                Some(gone) => tokio::time::sleep(gone.saturating_sub(begun.elapsed())).await,
                None => std::future::pending().await,
            }
        };
        match answering.next(gone).unwrap() {
            Some(ChatEvent::Text(text)) => said.push_str(&text),
            Some(ChatEvent::End(how)) => end = Some(how),
            None => return (said, end),
        }
    }
}

#[test]
#[ignore = "needs Ollama and a model; run `make test-llm-real`"]
fn a_real_chat_model_streams_by_both_protocols_and_is_counted() {
    let home = tempfile::tempdir().unwrap();
    let ollama = Ollama::start(home.path(), 0);
    ollama.create_chat();
    let mut said = Vec::new();
    for protocol in [RemoteProtocol::Ollama, RemoteProtocol::OpenAI] {
        let (text, end) = chat(&ollama, protocol, 24, None);
        let end = end.unwrap();
        let usage = end.usage.unwrap();
        assert!(!text.is_empty() && usage.prompt_tokens > 10, "{usage:?} {text:?}");
        assert!(usage.answer_tokens <= 24 && (end.finish == Finish::Length) == (usage.answer_tokens == 24), "{end:?}");
        said.push(text);
    }
    assert_eq!(said[0], said[1], "the likeliest words, by either protocol");
    let (_, end) = chat(&ollama, RemoteProtocol::Ollama, 100_000, Some(Duration::from_millis(300)));
    assert_eq!(end, None, "whoever asked has gone");
}

fn cosine_of(model: &dyn EmbeddingModel, a: &str, b: &str) -> f32 {
    let rows = model.embed_passages(&[a, b], &()).unwrap();
    cosine(rows.row(0).unwrap(), rows.row(1).unwrap()).unwrap()
}

#[test]
#[ignore = "needs Ollama and a model; run `make test-llm-real`"]
fn a_real_model_says_what_is_near_and_is_one_model_by_both_protocols() {
    let home = tempfile::tempdir().unwrap();
    let ollama = Ollama::with_model(home.path());
    let model = BuildingModel::connect(connection(&ollama, RemoteProtocol::Ollama), &[]).unwrap();
    assert_eq!(model.identity().dimension, 384);
    let near = cosine_of(&model, "How do I restart the gateway?", "Restarting the edge gateway");
    let far = cosine_of(&model, "How do I restart the gateway?", "The canteen serves noodles on Friday.");
    assert!(near > 0.6 && far < 0.3, "{near} {far}");
    let known = model.known();
    let other =
        BuildingModel::connect(connection(&ollama, RemoteProtocol::OpenAI), std::slice::from_ref(&known)).unwrap();
    assert_eq!(other.identity(), model.identity(), "one model, by either protocol");
    assert!(other.describe_remote().unwrap().is_some());
}

#[test]
#[ignore = "needs Ollama and a model; run `make test-llm-real`"]
fn a_text_that_a_real_model_refuses_as_too_long_is_embedded_in_parts() {
    let home = tempfile::tempdir().unwrap();
    let ollama = Ollama::with_model(home.path());
    for protocol in [RemoteProtocol::Ollama, RemoteProtocol::OpenAI] {
        let wide = connection(&ollama, protocol);
        let config = RemoteConfig { max_tokens: 100_000, ..wide.config().clone() };
        let driver = Arc::new(Driver::start().unwrap());
        let wide = Connection::new(config, RemoteOptions::default(), driver, Arc::new(()), 3).unwrap();
        let model = BuildingModel::connect(wide, &[]).unwrap();
        // Words that are rare: many tokens each, more than any estimate.
        let long = "배포 후 오류율이 2%를 넘으면 바로 직전 버전으로 롤백한다. ".repeat(60);
        let rows = model.embed_passages(&["Restart it.", &long, "Lunch is at noon."], &()).unwrap();
        assert_eq!(rows.len(), 3);
        let alone = model.embed_passages(&["Lunch is at noon."], &()).unwrap();
        assert!(cosine(rows.row(2).unwrap(), alone.row(0).unwrap()).unwrap() > 0.999, "{protocol:?}");
    }
}

#[test]
#[ignore = "needs Ollama and a model; run `make test-llm-real`"]
fn a_real_model_that_is_missing_stopped_or_swapped_is_told_and_found_again() {
    let home = tempfile::tempdir().unwrap();
    let ollama = Ollama::start(home.path(), 0);
    let error = BuildingModel::connect(connection(&ollama, RemoteProtocol::Ollama), &[]).unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains(MODEL), "{error}");

    ollama.create(Pooling::Mean);
    let known = BuildingModel::connect(connection(&ollama, RemoteProtocol::Ollama), &[]).unwrap().known();
    let serving = |ollama: &Ollama| {
        let connection = connection(ollama, RemoteProtocol::Ollama);
        ServingModel::new(connection, known.identity.clone(), known.description.probes.clone())
    };
    let model = serving(&ollama);
    model.embed_query("How do I restart it?").unwrap();
    let port = ollama.stop();
    assert!(matches!(model.embed_query("How do I restart it?"), Err(EmbedError::Unavailable { .. })));
    let ollama = Ollama::start(home.path(), port);
    wait_until("the model to be found again", || model.trouble().is_none());
    model.embed_query("How do I restart it?").unwrap();

    ollama.create(Pooling::FirstToken);
    let error = serving(&ollama).look().unwrap_err();
    assert!(matches!(&error, EmbedError::Changed { reason, .. } if reason.contains("cosine of")), "{error}");
    let swapped =
        BuildingModel::connect(connection(&ollama, RemoteProtocol::Ollama), std::slice::from_ref(&known)).unwrap();
    assert_ne!(swapped.identity().digest, known.identity.digest);
}
