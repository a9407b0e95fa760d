//! The model as builds use it. It is told by its probes which model answers today: the one that answered before, or another
//! under its name, which has a digest of its own, so that neither caches nor revisions take the one for the other. Each batch
//! of passages carries a probe along: vectors made while the model is swapped are refused.

use std::sync::Arc;

use ragops_embed::remote::{PROBE_PASSAGES, PROBE_QUERIES, Probe, ProbeRole, compare};
use ragops_embed::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor, RemoteDescription};
use ragops_storage::{Sha256Digest, Sha256Hasher};

use super::connection::{Connection, Expected};
use super::generations::Known;
use super::tokens::token_starts;
use super::{Failure, Patience, RemoteConfig};

const ADVICE: &str = "the model was changed while the index was built; build again";

/// A model for one build.
#[derive(Debug)]
pub struct BuildingModel {
    connection: Arc<Connection>,
    identity: ModelIdentity,
    description: RemoteDescription,
}

impl BuildingModel {
    /// Asks which model answers. `known` are those that answered before; the first that makes the same vectors is it.
    pub fn connect(connection: Arc<Connection>, known: &[Known]) -> Result<Self, EmbedError> {
        let config = connection.config().clone();
        let asked = connection.driver.wait(Self::ask(&connection, known));
        let Known { identity, description } = asked.map_err(|failure| failure.into_error(&config.model, ADVICE))?;
        Ok(Self { connection, identity, description })
    }

    async fn ask(connection: &Arc<Connection>, known: &[Known]) -> Result<Known, Failure> {
        let config = connection.config();
        let fresh = probes();
        let now = connection.probe(&fresh, Patience::Connect).await?;
        for known in known.iter().filter(|known| config.asks_as(&known.description)) {
            let kept = &known.description.probes;
            let is_same =
                match kept.iter().map(|probe| (probe.role, &probe.text)).eq(fresh.iter().map(|p| (p.role, &p.text))) {
                    true => compare(kept, &now).is_ok(),
                    // Another version of this program had other texts.
                    false => compare(kept, &connection.probe(kept, Patience::Connect).await?).is_ok(),
                };
            if is_same && !kept.is_empty() {
                let description = RemoteDescription { probes: kept.clone(), ..config.describe() };
                return Ok(Known { identity: known.identity.clone(), description });
            }
        }
        Ok(first_seen(connection, fresh, now))
    }

    /// The model as others may know it again.
    pub fn known(&self) -> Known {
        Known { identity: self.identity.clone(), description: self.description.clone() }
    }

    fn embed(&self, role: ProbeRole, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        let probe = self.description.probes.iter().find(|probe| probe.role == role).cloned();
        let expected = Expected { dimension: Some(self.identity.dimension), probe };
        let embedding = self.connection.embed((role, texts), Patience::Build, expected, monitor);
        let vectors = self.connection.driver.wait(embedding).map_err(|failure| self.error(failure))?;
        matrix(&self.identity, vectors)
    }

    fn error(&self, failure: Failure) -> EmbedError {
        failure.into_error(&self.identity.name, ADVICE)
    }
}

/// Rows of one length as a matrix.
pub(super) fn matrix(identity: &ModelIdentity, vectors: Vec<Vec<f32>>) -> Result<Embeddings, EmbedError> {
    Embeddings::from_values(identity.dimension, vectors.concat())
        .map_err(|error| EmbedError::Model { model: identity.name.clone(), reason: error.to_string() })
}

/// The texts that probes are made of, without vectors.
fn probes() -> Vec<Probe> {
    let of = |role: ProbeRole| move |text: &&str| Probe { role, text: (*text).to_owned(), vector: Vec::new() };
    let passages = PROBE_PASSAGES.iter().map(of(ProbeRole::Passage));
    passages.chain(PROBE_QUERIES.iter().map(of(ProbeRole::Query))).collect()
}

/// A model that nobody has seen before.
fn first_seen(connection: &Connection, mut probes: Vec<Probe>, vectors: Vec<Vec<f32>>) -> Known {
    let config = connection.config();
    let dimension = vectors.first().map_or(0, Vec::len);
    probes.iter_mut().zip(vectors).for_each(|(probe, vector)| probe.vector = vector);
    let identity = ModelIdentity {
        name: config.model.clone(),
        digest: digest(config, &probes),
        dimension,
        max_tokens: connection.window(ProbeRole::Passage),
    };
    Known { identity, description: RemoteDescription { probes, ..config.describe() } }
}

/// By what it is asked for, and what it makes of the probes. Not by where it is: the same model elsewhere is the same model.
fn digest(config: &RemoteConfig, probes: &[Probe]) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update_field(b"model elsewhere 1");
    for text in [&config.model, &config.query_prefix, &config.passage_prefix] {
        hasher.update_field(text.as_bytes());
    }
    hasher.update(&(config.max_tokens as u64).to_le_bytes());
    for probe in probes {
        hasher.update_field(probe.text.as_bytes());
        probe.vector.iter().for_each(|value| hasher.update(&value.to_le_bytes()));
    }
    hasher.finish()
}

impl EmbeddingModel for BuildingModel {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        self.embed(ProbeRole::Passage, texts, monitor)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        self.embed(ProbeRole::Query, texts, &())
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        Ok(self.embed(ProbeRole::Query, &[text], &())?.into_values())
    }

    fn passages_at_once(&self) -> usize {
        let pace = self.connection.options.pace;
        pace.batch.saturating_mul(pace.concurrency).max(1)
    }

    fn describe_remote(&self) -> Result<Option<RemoteDescription>, EmbedError> {
        let kept = &self.description.probes;
        let now = self.connection.driver.wait(self.connection.probe(kept, Patience::Build));
        let same = now.and_then(|now| compare(kept, &now).map_err(Failure::Other));
        same.map_err(|failure| self.error(failure))?;
        Ok(Some(self.description.clone()))
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        token_starts(text)
    }
}
