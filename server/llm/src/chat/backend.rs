//! A chat backend as an index asks it: one request with one retry before the first word, within a deadline, and not at all
//! while it rests after a failure.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ragops_embed::remote::{RemoteProtocol, SecretName};
use tokio::time::{Instant, sleep, timeout_at};

use super::{ChatClient, ChatEvent, ChatLimits, ChatRequest, ChatStream};
use crate::breaker::{Breaker, Resting};
use crate::driver::Driver;
use crate::endpoint::{ApiKey, Endpoint};
use crate::error::LlmError;
use crate::http::Deadlines;
use crate::retry::{Jitter, RetryPolicy};
use crate::telemetry::Telemetry;

/// A connection stands by then, or somebody else is asked.
const CONNECT: Duration = Duration::from_secs(2);
/// Bytes of an answer: far above any of the tokens that are asked for.
const MAX_TEXT_BYTES: usize = 256 << 10;

/// Which model words answers, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatConfig {
    /// The LlmBackend that says so.
    pub backend: String,
    /// What is spoken there.
    pub protocol: RemoteProtocol,
    /// Where.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// Tokens that prompt and answer may have together.
    pub context_tokens: u32,
    /// The API key, by name and by value; the value is missing where the Secret is not at hand.
    pub api_key: Option<(SecretName, Option<ApiKey>)>,
    /// Certificates in PEM, by name and by value.
    pub ca: Option<(SecretName, Option<String>)>,
}

impl ChatConfig {
    fn client(&self) -> Result<ChatClient, LlmError> {
        let key = self.api_key.as_ref().and_then(|(_, key)| key.clone());
        let ca = self.ca.as_ref().and_then(|(_, pem)| pem.as_deref());
        ChatClient::new(Endpoint::new(self.protocol, &self.url, &self.model, key)?, ca)
    }

    /// Whether address, key and certificates can be used at all. Nothing is sent.
    pub fn check(&self) -> Result<(), LlmError> {
        self.client().map(drop)
    }
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatOptions {
    /// From the question to the last word, of all backends that are asked one after the other.
    pub in_all: Duration,
    /// Without a word: until the first, and from one to the next.
    pub stall: Duration,
}

impl Default for ChatOptions {
    fn default() -> Self {
        Self { in_all: Duration::from_secs(25), stall: Duration::from_secs(10) }
    }
}

/// A backend, its connections and what is known of its health, shared by all indexes that name it.
#[derive(Debug)]
pub struct ChatBackend {
    config: ChatConfig,
    options: ChatOptions,
    client: ChatClient,
    driver: Arc<Driver>,
    telemetry: Arc<dyn Telemetry>,
    jitter: Jitter,
    breaker: Mutex<Breaker>,
    /// Another one of its name has taken its place: it tells no more whether that name answers.
    is_replaced: AtomicBool,
}

impl ChatBackend {
    /// Nothing is sent yet. `seed` is for the chance in pauses.
    pub fn new(
        config: ChatConfig,
        options: ChatOptions,
        driver: Arc<Driver>,
        telemetry: Arc<dyn Telemetry>,
        seed: u64,
    ) -> Result<Arc<Self>, LlmError> {
        let client = config.client()?;
        let (jitter, breaker) = (Jitter::of(seed), Mutex::default());
        let is_replaced = AtomicBool::new(false);
        Ok(Arc::new(Self { config, options, client, driver, telemetry, jitter, breaker, is_replaced }))
    }

    /// Which model it is.
    pub fn config(&self) -> &ChatConfig {
        &self.config
    }

    /// How long an answer may take.
    pub fn options(&self) -> ChatOptions {
        self.options
    }

    /// Why it is not asked just now; `None` while it is.
    pub fn trouble(&self) -> Option<String> {
        self.breaker().trouble().map(str::to_owned)
    }

    /// An answer that is to be read with `next`; nothing is sent before.
    pub fn answering(&self, request: ChatRequest, deadline: Instant) -> Answering<'_> {
        Answering { backend: self, request, deadline, state: State::New }
    }

    /// Whether another one of its name is asked from now on, with another address, model or key. Requests that are under way go
    /// on, and say nothing of the new one.
    pub fn set_replaced(&self, is_replaced: bool) {
        self.is_replaced.store(is_replaced, Ordering::Relaxed);
    }

    fn tell_whether_it_answers(&self, answers: bool) {
        if !self.is_replaced.load(Ordering::Relaxed) {
            self.telemetry.chat_answers(&self.config.backend, answers);
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> Result<(), LlmError> {
        self.breaker().enter(Instant::now()).map_err(|Resting { reason, left }| LlmError::Resting { reason, left })
    }

    fn answered(&self, took: Duration) {
        self.telemetry.chat_request(&self.config.backend, "ok", took);
        if self.breaker().answered() {
            tracing::info!(backend = self.config.backend, "the chat backend answers again");
        }
        self.tell_whether_it_answers(true);
    }

    fn failed(&self, error: &LlmError, took: Duration) {
        self.telemetry.chat_request(&self.config.backend, error.kind(), took);
        // What was asked last has less time than it would have had alone.
        let had_no_time = matches!(error, LlmError::Timeout { .. }) && took < self.options.stall;
        if error.is_of_one_request() || had_no_time {
            return self.breaker().left(Instant::now());
        }
        self.rest(error);
    }

    /// Nobody waits any more for the next word, after a time in which it was to be expected.
    fn silent(&self, waited: Duration, took: Duration) {
        let url = self.client.endpoint().shown().to_owned();
        let error = LlmError::Timeout { url, step: "say a word", after: waited };
        self.telemetry.chat_request(&self.config.backend, error.kind(), took);
        self.rest(&error);
    }

    fn rest(&self, error: &LlmError) {
        if self.breaker().failed(&error.to_string(), error.retry_after(), Instant::now()) {
            tracing::warn!(backend = self.config.backend, %error, "the chat backend does not answer");
        }
        self.tell_whether_it_answers(false);
    }
}

/// An answer under way. Dropping it ends it.
#[derive(Debug)]
pub struct Answering<'a> {
    backend: &'a ChatBackend,
    request: ChatRequest,
    deadline: Instant,
    state: State,
}

#[derive(Debug)]
enum State {
    New,
    Asking(Instant),
    Reading(Box<ChatStream>, Instant),
    Done,
}

impl Answering<'_> {
    /// The next event; `None` behind the end. Blocks: never to be called from async code. `gone` ends it early, as if
    /// nobody had asked, with `Ok(None)`.
    pub fn next(&mut self, gone: impl Future<Output = ()>) -> Result<Option<ChatEvent>, LlmError> {
        let (driver, waiting) = (Arc::clone(&self.backend.driver), Instant::now());
        let next = driver.wait(async {
            tokio::select! {
                next = timeout_at(self.deadline, self.read()) => Some(next.unwrap_or_else(|_| Err(self.backend.late()))),
                () = gone => None,
            }
        });
        let begun = self.begun();
        let Some(next) = next else {
            // Whoever asks has no such patience: without this nobody would ever be answered.
            if let Some(begun) = begun
                && waiting.elapsed() >= self.backend.options.stall / 2
            {
                self.state = State::Done;
                self.backend.silent(waiting.elapsed(), begun.elapsed());
            }
            return Ok(None);
        };
        match &next {
            Ok(Some(ChatEvent::Text(_))) | Ok(None) => {}
            Ok(Some(ChatEvent::End(_))) => {
                self.state = State::Done;
                self.backend.answered(begun.map(|begun| begun.elapsed()).unwrap_or_default());
            }
            Err(error) => {
                self.state = State::Done;
                // Where it was not let through there was no request.
                if let Some(begun) = begun {
                    self.backend.failed(error, begun.elapsed());
                }
            }
        }
        next
    }

    fn begun(&self) -> Option<Instant> {
        match &self.state {
            State::Asking(begun) | State::Reading(_, begun) => Some(*begun),
            State::New | State::Done => None,
        }
    }

    async fn read(&mut self) -> Result<Option<ChatEvent>, LlmError> {
        if let State::New = self.state {
            let begun = Instant::now();
            if begun >= self.deadline {
                return Err(self.backend.late());
            }
            self.backend.enter()?;
            self.state = State::Asking(begun);
            let stream = self.backend.ask(&self.request).await?;
            self.state = State::Reading(Box::new(stream), begun);
        }
        match &mut self.state {
            State::Reading(stream, _) => stream.next().await,
            State::New | State::Asking(_) | State::Done => Ok(None),
        }
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        if self.begun().is_some() {
            self.backend.breaker().left(Instant::now());
        }
    }
}

impl ChatBackend {
    /// Until the answer begins; asked once more where it failed at once, as on a connection that had been closed.
    async fn ask(&self, request: &ChatRequest) -> Result<ChatStream, LlmError> {
        let ChatOptions { stall, .. } = self.options;
        let deadlines = Deadlines { connect: CONNECT.min(stall), first_byte: stall, between: stall };
        let (limits, start) = (ChatLimits { deadlines, text_bytes: MAX_TEXT_BYTES }, Instant::now());
        let mut attempt = 1;
        loop {
            let error = match self.client.ask(request, limits).await {
                Ok(stream) => return Ok(stream),
                Err(error) => error,
            };
            match RetryPolicy::PROMPT.pause(&error, attempt, start.elapsed(), self.jitter.next()) {
                Some(pause) => sleep(pause).await,
                None => return Err(error),
            }
            attempt += 1;
        }
    }

    fn late(&self) -> LlmError {
        let url = self.client.endpoint().shown().to_owned();
        LlmError::Timeout { url, step: "finish the answer", after: self.options.in_all }
    }
}
