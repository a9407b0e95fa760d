//! Texts to one endpoint: cut to what the model sees at once, batched, several batches side by side, retried, and put
//! together again. A batch that is refused is sent in halves, and a text that is too long, too, so that one text never fails
//! the others.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ragops_embed::Monitor;
use ragops_embed::remote::{self, OtherModel, Probe, ProbeRole};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::tokens::{halves, token_starts, windows};
use super::{Failure, Patience, RemoteConfig, RemoteOptions};
use crate::driver::Driver;
use crate::embeddings::EmbeddingsClient;
use crate::endpoint::Endpoint;
use crate::error::LlmError;
use crate::pace::Turns;
use crate::retry::{Jitter, RetryPolicy};
use crate::telemetry::Telemetry;

/// Tokens that stand around a text beside its prefix: a marker before and one behind.
const MARKERS: usize = 2;
/// The smallest window: of a model that sees 16 tokens at once, with a prefix.
const SMALLEST_WINDOW: usize = 8;
/// Bytes of the texts of one request: what usual proxies let pass, by far.
const MAX_BATCH_BYTES: usize = 256 << 10;
/// How often a build that waits for an endpoint looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(200);

/// An endpoint that makes vectors, and its turns, shared by builds and questions.
#[derive(Debug)]
pub struct Connection {
    pub(super) config: RemoteConfig,
    pub(super) options: RemoteOptions,
    pub(super) driver: Arc<Driver>,
    pub(super) telemetry: Arc<dyn Telemetry>,
    pub(super) jitter: Jitter,
    client: EmbeddingsClient,
    turns: Turns,
}

/// A text, or a part of one, to be sent.
#[derive(Debug, Clone)]
struct Piece {
    prefix: Arc<str>,
    text: String,
}

impl Piece {
    fn whole(&self) -> String {
        [&*self.prefix, &self.text].concat()
    }
}

/// What the vectors of a call must be like.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    /// Their length.
    pub(super) dimension: Option<usize>,
    /// Sent along with each batch: its vector tells whether the model is still the same.
    pub(super) probe: Option<Probe>,
}

impl Connection {
    /// Nothing is sent yet. `seed` is for the chance in pauses.
    pub fn new(
        config: RemoteConfig,
        options: RemoteOptions,
        driver: Arc<Driver>,
        telemetry: Arc<dyn Telemetry>,
        seed: u64,
    ) -> Result<Arc<Self>, LlmError> {
        let key = config.api_key.as_ref().and_then(|(_, key)| key.clone());
        let ca = config.ca.as_ref().and_then(|(_, pem)| pem.as_deref());
        let endpoint = Endpoint::new(config.protocol, &config.url, &config.model, key)?;
        let client = EmbeddingsClient::new(endpoint, ca)?;
        let (turns, jitter) = (Turns::of(options.pace), Jitter::of(seed));
        Ok(Arc::new(Self { config, options, driver, telemetry, jitter, client, turns }))
    }

    /// Which model it asks.
    pub fn config(&self) -> &RemoteConfig {
        &self.config
    }

    fn prefix(&self, role: ProbeRole) -> &str {
        match role {
            ProbeRole::Query => &self.config.query_prefix,
            ProbeRole::Passage => &self.config.passage_prefix,
        }
    }

    /// Tokens of a text in one window.
    pub(super) fn window(&self, role: ProbeRole) -> usize {
        let around = MARKERS + token_starts(self.prefix(role)).len();
        self.config.max_tokens.saturating_sub(around).max(SMALLEST_WINDOW)
    }

    /// What the model makes of the texts of probes now.
    pub(super) async fn probe(
        self: &Arc<Self>,
        probes: &[Probe],
        patience: Patience,
    ) -> Result<Vec<Vec<f32>>, Failure> {
        let piece = |probe: &Probe| Piece { prefix: self.prefix(probe.role).into(), text: probe.text.clone() };
        let pieces = probes.iter().map(piece).collect();
        Arc::clone(self).fit(pieces, patience, Expected::default()).await
    }

    /// One vector for each text, in their order. `monitor` hears of every finished text and may stop the work.
    pub(super) async fn embed(
        self: &Arc<Self>,
        (role, texts): (ProbeRole, &[&str]),
        patience: Patience,
        expected: Expected,
        monitor: &dyn Monitor,
    ) -> Result<Vec<Vec<f32>>, Failure> {
        let (pieces, parts) = self.pieces(role, texts);
        let batches = batches(&pieces, self.options.pace.batch);
        let mut under_way = JoinSet::new();
        for range in batches {
            let (connection, expected) = (Arc::clone(self), expected.clone());
            let (begin, batch) = (range.start, pieces[range].to_vec());
            let sent = async move { connection.fit(batch, patience, expected).await.map(|vectors| (begin, vectors)) };
            under_way.spawn_on(sent, self.driver.handle());
        }
        let mut vectors = vec![Vec::new(); pieces.len()];
        let mut left: Vec<usize> = vec![0; texts.len()];
        parts.iter().for_each(|(text, _)| left[*text] += 1);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // Dropping the set, on an error or when nobody wants the vectors any more, ends all requests of it.
        loop {
            let mut finished = 0;
            tokio::select! {
                done = under_way.join_next() => match done {
                    None => break,
                    Some(Err(panic)) => return Err(lost(&self.config, &panic.to_string()).into()),
                    Some(Ok(result)) => {
                        let (begin, made) = result?;
                        for (at, vector) in made.into_iter().enumerate() {
                            vectors[begin + at] = vector;
                            let text = parts[begin + at].0;
                            left[text] -= 1;
                            finished += usize::from(left[text] == 0);
                        }
                    }
                },
                _ = look.tick() => {}
            }
            if monitor.advanced(finished) == ControlFlow::Break(()) {
                return Err(Failure::Cancelled);
            }
        }
        Ok(joined(&vectors, &parts, texts.len()))
    }

    /// The windows of all texts, and of each the text it is of and its weight.
    fn pieces(&self, role: ProbeRole, texts: &[&str]) -> (Vec<Piece>, Vec<(usize, usize)>) {
        let (limit, prefix): (usize, Arc<str>) = (self.window(role), self.prefix(role).into());
        let (mut pieces, mut parts) = (Vec::new(), Vec::new());
        for (at, text) in texts.iter().enumerate() {
            for (window, weight) in windows(text, limit) {
                pieces.push(Piece { prefix: Arc::clone(&prefix), text: window.to_owned() });
                parts.push((at, weight));
            }
        }
        (pieces, parts)
    }

    /// One vector for each piece; what is refused as a whole is sent in parts.
    fn fit(self: Arc<Self>, pieces: Vec<Piece>, patience: Patience, expected: Expected) -> Fitting {
        Box::pin(async move {
            let refused = match self.send(&pieces, patience, &expected).await {
                Err(Failure::Llm(error @ (LlmError::TooLong { .. } | LlmError::Refused { .. }))) => error,
                other => return other,
            };
            if pieces.len() > 1 {
                let (first, second) = pieces.split_at(pieces.len() / 2);
                let mut vectors = Arc::clone(&self).fit(first.to_vec(), patience, expected.clone()).await?;
                vectors.extend(self.fit(second.to_vec(), patience, expected).await?);
                return Ok(vectors);
            }
            match (&refused, pieces.first().and_then(|piece| Some((piece, halves(&piece.text)?)))) {
                (LlmError::TooLong { .. }, Some((piece, (first, second)))) => {
                    let part = |text: &str| Piece { prefix: Arc::clone(&piece.prefix), text: text.to_owned() };
                    let (lengths, parts) = ([first.len(), second.len()], vec![part(first), part(second)]);
                    let vectors = self.fit(parts, patience, expected).await?;
                    Ok(joined(&vectors, &lengths.map(|length| (0, length)), 1))
                }
                _ => Err(refused.into()),
            }
        })
    }

    /// One batch: sent, sent again where that may help, and its vectors held against what is expected of them.
    async fn send(&self, pieces: &[Piece], patience: Patience, expected: &Expected) -> Result<Vec<Vec<f32>>, Failure> {
        let mut texts: Vec<String> = pieces.iter().map(Piece::whole).collect();
        texts.extend(expected.probe.as_ref().map(|probe| [self.prefix(probe.role), &probe.text].concat()));
        let mut vectors = match patience {
            Patience::Build | Patience::Connect => self.request(&texts, patience).await?,
            Patience::Question => {
                let limit = self.options.question_timeout;
                let late = || LlmError::Timeout { url: self.shown(), step: "answer", after: limit };
                timeout(limit, self.request(&texts, patience)).await.unwrap_or_else(|_| {
                    self.telemetry.request(&self.config.backend, "timeout", limit);
                    Err(late())
                })?
            }
        };
        if let Some(probe) = &expected.probe {
            let now = vectors.pop().into_iter().collect::<Vec<_>>();
            remote::compare(std::slice::from_ref(probe), &now).map_err(Failure::Other)?;
        }
        match (expected.dimension, vectors.first().map(Vec::len)) {
            (Some(expected), Some(found)) if expected != found => {
                Err(Failure::Other(OtherModel { text: texts.swap_remove(0), cosine: None }))
            }
            _ => Ok(vectors),
        }
    }

    async fn request(&self, texts: &[String], patience: Patience) -> Result<Vec<Vec<f32>>, LlmError> {
        let (deadlines, start) = (self.options.deadlines(patience), Instant::now());
        let policy = match patience {
            Patience::Build => RetryPolicy::PATIENT,
            Patience::Connect => RetryPolicy::BRISK,
            Patience::Question => RetryPolicy::PROMPT,
        };
        for attempt in 1.. {
            let turn = match patience {
                Patience::Build | Patience::Connect => self.turns.wait().await,
                Patience::Question => match self.turns.take_now() {
                    None => None,
                    Some(left) => return Err(self.paused(left)),
                },
            };
            let sent = Instant::now();
            let result = self.client.embed(texts, deadlines).await;
            drop(turn);
            let kind = result.as_ref().err().map_or("ok", LlmError::kind);
            self.telemetry.request(&self.config.backend, kind, sent.elapsed());
            let error = match result {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            if let Some(length) = error.retry_after() {
                self.turns.pause(length);
            }
            match policy.pause(&error, attempt, start.elapsed(), self.jitter.next()) {
                Some(pause) => sleep(pause).await,
                None => return Err(error),
            }
        }
        unreachable!("attempts are bounded by the policy")
    }

    fn paused(&self, left: Duration) -> LlmError {
        let said = "it asked to be left alone, and a question does not wait".to_owned();
        LlmError::RateLimited { url: self.shown(), retry_after: Some(left), said }
    }

    fn shown(&self) -> String {
        self.client.endpoint().shown().to_owned()
    }
}

type Fitting = Pin<Box<dyn Future<Output = Result<Vec<Vec<f32>>, Failure>> + Send>>;

fn lost(config: &RemoteConfig, reason: &str) -> LlmError {
    LlmError::Cut { url: config.url.clone(), reason: format!("the request was lost: {reason}") }
}

/// Runs of pieces, bounded in number and in bytes.
fn batches(pieces: &[Piece], most: usize) -> Vec<std::ops::Range<usize>> {
    let (mut batches, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, piece) in pieces.iter().enumerate() {
        let length = piece.prefix.len() + piece.text.len();
        if at > start && (at - start >= most.max(1) || bytes + length > MAX_BATCH_BYTES) {
            batches.push(start..at);
            (start, bytes) = (at, 0);
        }
        bytes += length;
    }
    if start < pieces.len() {
        batches.push(start..pieces.len());
    }
    batches
}

/// The weighted mean of the vectors of each text, of unit length.
fn joined(vectors: &[Vec<f32>], parts: &[(usize, usize)], texts: usize) -> Vec<Vec<f32>> {
    let mut sums: Vec<Vec<f32>> = vec![Vec::new(); texts];
    for (vector, (text, weight)) in vectors.iter().zip(parts) {
        let sum = &mut sums[*text];
        sum.resize(vector.len(), 0.0);
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += *weight as f32 * value);
    }
    for sum in &mut sums {
        let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
        if length > 0.0 {
            sum.iter_mut().for_each(|value| *value /= length);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_all_pieces_within_both_bounds() {
        let piece = |bytes: usize| Piece { prefix: "".into(), text: "x".repeat(bytes) };
        let pieces: Vec<Piece> = [1, 1, 1, MAX_BATCH_BYTES, 1, MAX_BATCH_BYTES - 1, 1, 1].map(piece).into();
        assert_eq!(batches(&pieces, 2), [0..2, 2..3, 3..4, 4..6, 6..8]);
        assert_eq!(batches(&pieces, 100), [0..3, 3..4, 4..6, 6..8]);
        assert!(batches(&[], 2).is_empty());
    }

    #[test]
    fn parts_of_a_text_are_averaged_by_their_weight() {
        let vectors = [vec![1.0, 0.0], vec![0.0, 1.0], vec![1.0, 0.0]];
        let joined = joined(&vectors, &[(0, 1), (1, 3), (1, 4)], 2);
        assert_eq!(joined, [[1.0, 0.0], [0.8, 0.6]]);
    }
}
