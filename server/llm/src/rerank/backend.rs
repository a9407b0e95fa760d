//! A reranking backend as an index asks it: one request with one retry, within a deadline, and not at all while it rests after
//! a failure. Passages that are too long for the model are shortened.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ragops_embed::remote::{RemoteProtocol, SecretName};
use tokio::time::{Instant, sleep, timeout_at};

use super::RerankClient;
use crate::breaker::{Breaker, Resting};
use crate::driver::Driver;
use crate::endpoint::{ApiKey, Endpoint};
use crate::error::LlmError;
use crate::http::Deadlines;
use crate::retry::{Jitter, RetryPolicy};
use crate::telemetry::Telemetry;

/// Passages are not cut below so many characters: what is left would not tell what they are about.
const FEWEST_CHARS: usize = 200;
/// What a longer question leaves room for says nothing of other questions.
const USUAL_QUESTION_BYTES: usize = 200;
/// A longer question may be what is too long, however short the passages.
const LONG_QUESTION_BYTES: usize = 1_000;
/// After this long passages are shown whole again: the model may be another by now.
const CUT_FOR: Duration = Duration::from_secs(600);
/// The same where a server that failed has told: llama.cpp says so of a passage beyond its batch, others of something passing.
const CUT_FOR_A_FAILURE: Duration = Duration::from_secs(60);

/// Which model reranks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RerankConfig {
    /// The LlmBackend that says so.
    pub backend: String,
    /// Where; `rerank` is appended.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The API key, by name and by value; the value is missing where the Secret is not at hand.
    pub api_key: Option<(SecretName, Option<ApiKey>)>,
    /// Certificates in PEM, by name and by value.
    pub ca: Option<(SecretName, Option<String>)>,
}

impl RerankConfig {
    fn client(&self) -> Result<RerankClient, LlmError> {
        let key = self.api_key.as_ref().and_then(|(_, key)| key.clone());
        let ca = self.ca.as_ref().and_then(|(_, pem)| pem.as_deref());
        RerankClient::new(Endpoint::new(RemoteProtocol::OpenAI, &self.url, &self.model, key)?, ca)
    }

    /// Whether address, key and certificates can be used at all. Nothing is sent.
    pub fn check(&self) -> Result<(), LlmError> {
        self.client().map(drop)
    }
}

/// How long reranking may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RerankOptions {
    /// For one question, retries included.
    pub in_all: Duration,
}

impl Default for RerankOptions {
    fn default() -> Self {
        Self { in_all: Duration::from_secs(3) }
    }
}

/// A backend, its connections and what is known of its health, shared by all indexes that name it.
#[derive(Debug)]
pub struct RerankBackend {
    config: RerankConfig,
    options: RerankOptions,
    client: RerankClient,
    driver: Arc<Driver>,
    telemetry: Arc<dyn Telemetry>,
    jitter: Jitter,
    breaker: Mutex<Breaker>,
    /// Another one of its name has taken its place: it tells no more whether that name answers.
    is_replaced: AtomicBool,
    /// What the model takes of one passage, as its refusals have told.
    cut: Mutex<Option<Cut>>,
}

/// What is known of the length that a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    /// Characters of one passage.
    most: usize,
    /// Until when that is believed.
    until: Instant,
    /// When the log was told of a cut.
    told: Instant,
}

impl RerankBackend {
    /// Nothing is sent yet. `seed` is for the chance in pauses.
    pub fn new(
        config: RerankConfig,
        options: RerankOptions,
        driver: Arc<Driver>,
        telemetry: Arc<dyn Telemetry>,
        seed: u64,
    ) -> Result<Arc<Self>, LlmError> {
        let client = config.client()?;
        let (jitter, breaker, cut) = (Jitter::of(seed), Mutex::default(), Mutex::default());
        let is_replaced = AtomicBool::new(false);
        Ok(Arc::new(Self { config, options, client, driver, telemetry, jitter, breaker, is_replaced, cut }))
    }

    /// Which model it is.
    pub fn config(&self) -> &RerankConfig {
        &self.config
    }

    /// How long reranking may take.
    pub fn options(&self) -> RerankOptions {
        self.options
    }

    /// Why it is not asked just now; `None` while it is.
    pub fn trouble(&self) -> Option<String> {
        self.breaker().trouble().map(str::to_owned)
    }

    /// A score for each passage, in their order; the higher, the better, and comparable within this answer only. `None` where
    /// `gone` came first: nobody waits any more. Blocks: never to be called from async code.
    pub fn rerank(
        &self,
        question: &str,
        passages: &[String],
        gone: impl Future<Output = ()>,
    ) -> Result<Option<Vec<f64>>, LlmError> {
        let begun = Instant::now();
        self.breaker().enter(begun).map_err(|Resting { reason, left }| LlmError::Resting { reason, left })?;
        let deadline = begun + self.options.in_all;
        let scores = self.driver.wait(async {
            tokio::select! {
                scores = timeout_at(deadline, self.ask(question, passages)) => Some(scores.unwrap_or_else(|_| Err(self.late()))),
                () = gone => None,
            }
        });
        let took = begun.elapsed();
        match scores {
            Some(Ok(scores)) => {
                self.answered(took);
                Ok(Some(scores))
            }
            Some(Err(error)) => {
                self.failed(&error, question, took);
                Err(error)
            }
            // Whoever asks has no such patience: without this nobody would ever be answered.
            None if took >= self.options.in_all / 2 => {
                let url = self.config.url.trim_end_matches('/').to_owned();
                self.failed(&LlmError::Timeout { url, step: "rerank", after: took }, question, took);
                Ok(None)
            }
            None => {
                self.breaker().left(Instant::now());
                Ok(None)
            }
        }
    }

    async fn ask(&self, question: &str, passages: &[String]) -> Result<Vec<f64>, LlmError> {
        let (deadlines, begun) = (Deadlines::each(self.options.in_all), Instant::now());
        let known = self.cut(begun);
        let (mut attempt, mut most, mut cut_for) = (1, known, CUT_FOR);
        loop {
            let shown: Vec<&str> = passages.iter().map(|passage| beginning(passage, most)).collect();
            let error = match self.client.rerank(question, &shown, deadlines).await {
                Ok(scores) => {
                    if most < known && is_usual(question) {
                        self.set_cut(most, cut_for, begun);
                    }
                    return Ok(scores);
                }
                Err(error) => error,
            };
            if let LlmError::TooLong { status, .. } = &error
                && let Some(fewer) = shortened(&shown)
            {
                if *status >= 500 {
                    cut_for = CUT_FOR_A_FAILURE;
                }
                most = fewer;
                continue;
            }
            let Some(pause) = RetryPolicy::PROMPT.pause(&error, attempt, begun.elapsed(), self.jitter.next()) else {
                return Err(error);
            };
            attempt += 1;
            sleep(pause).await;
        }
    }

    fn cut(&self, now: Instant) -> usize {
        let cut = *self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        cut.filter(|cut| now < cut.until).map_or(usize::MAX, |cut| cut.most)
    }

    /// A cut that was known before is no passing failure, and is not told again for a while.
    fn set_cut(&self, most: usize, cut_for: Duration, now: Instant) {
        let backend = &self.config.backend;
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let before = cut.filter(|before| now < before.told + 2 * CUT_FOR);
        let cut_for = if before.is_some() { CUT_FOR } else { cut_for };
        let told = before.filter(|before| now < before.told + CUT_FOR).map_or(now, |before| before.told);
        if told == now {
            tracing::info!(
                backend,
                chars = most,
                "passages are cut for the reranking model, which takes no longer ones"
            );
        }
        *cut = Some(Cut { most, until: now + cut_for, told });
    }

    fn late(&self) -> LlmError {
        let url = self.config.url.trim_end_matches('/').to_owned();
        LlmError::Timeout { url, step: "rerank", after: self.options.in_all }
    }

    /// Whether another one of its name is asked from now on, with another address, model or key. Requests that are under way go
    /// on, and say nothing of the new one.
    pub fn set_replaced(&self, is_replaced: bool) {
        self.is_replaced.store(is_replaced, Ordering::Relaxed);
    }

    fn tell_whether_it_answers(&self, answers: bool) {
        if !self.is_replaced.load(Ordering::Relaxed) {
            self.telemetry.rerank_answers(&self.config.backend, answers);
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self, took: Duration) {
        self.telemetry.rerank_request(&self.config.backend, "ok", took);
        if self.breaker().answered() {
            tracing::info!(backend = self.config.backend, "the reranking backend answers again");
        }
        self.tell_whether_it_answers(true);
    }

    /// Requests differ in their texts alone, so that what is refused of one is refused of all; but for a very long question.
    fn failed(&self, error: &LlmError, question: &str, took: Duration) {
        self.telemetry.rerank_request(&self.config.backend, error.kind(), took);
        let now = Instant::now();
        if matches!(error, LlmError::TooLong { .. }) && question.len() > LONG_QUESTION_BYTES {
            return self.breaker().left(now);
        }
        if self.breaker().failed(&error.to_string(), error.retry_after(), now) {
            tracing::warn!(backend = self.config.backend, %error, "the reranking backend does not answer");
        }
        self.tell_whether_it_answers(false);
    }
}

/// The first characters of a text, at most so many.
fn beginning(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

fn is_usual(question: &str) -> bool {
    question.len() <= USUAL_QUESTION_BYTES
}

/// Half of the longest passage, and no less than what tells something; `None` where that is all there is.
fn shortened(passages: &[&str]) -> Option<usize> {
    let longest = passages.iter().map(|passage| passage.chars().count()).max()?;
    (longest > FEWEST_CHARS).then_some((longest / 2).max(FEWEST_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_believed_for_its_time() {
        let config = RerankConfig {
            backend: "judge".to_owned(),
            url: "http://127.0.0.1:1/v1".to_owned(),
            model: "tiny".to_owned(),
            api_key: None,
            ca: None,
        };
        let driver = Arc::new(Driver::start().unwrap());
        let backend = RerankBackend::new(config, RerankOptions::default(), driver, Arc::new(()), 1).unwrap();
        let now = Instant::now();
        assert_eq!(backend.cut(now), usize::MAX);
        backend.set_cut(400, CUT_FOR_A_FAILURE, now);
        assert_eq!((backend.cut(now), backend.cut(now + CUT_FOR_A_FAILURE)), (400, usize::MAX));
        // What comes again is no passing failure, and is told once.
        let again = now + CUT_FOR_A_FAILURE;
        backend.set_cut(350, CUT_FOR_A_FAILURE, again);
        assert_eq!((backend.cut(again + CUT_FOR_A_FAILURE), backend.cut(again + CUT_FOR)), (350, usize::MAX));
        assert_eq!(backend.cut.lock().unwrap().map(|cut| cut.told), Some(now));
        let later = now + 2 * CUT_FOR;
        backend.set_cut(350, CUT_FOR_A_FAILURE, later);
        assert_eq!(backend.cut.lock().unwrap().map(|cut| cut.told), Some(later));
        assert_eq!(backend.cut(later + CUT_FOR_A_FAILURE), usize::MAX);
    }

    #[test]
    fn a_passage_is_cut_between_characters() {
        assert_eq!(
            (beginning("재시작한다", 3), beginning("재시작", 3), beginning("ab", 9)),
            ("재시작", "재시작", "ab")
        );
        assert_eq!((beginning("", 3), beginning("abc", 0), beginning("abc", usize::MAX)), ("", "", "abc"));
    }

    #[test]
    fn passages_are_halved_down_to_what_still_tells() {
        let (long, short) = ("가".repeat(1_000), "b".repeat(FEWEST_CHARS));
        assert_eq!(shortened(&[&long, &short]), Some(500));
        assert_eq!(shortened(&[&"c".repeat(FEWEST_CHARS + 1)]), Some(FEWEST_CHARS));
        assert_eq!((shortened(&[&short]), shortened(&[])), (None, None));
    }
}
