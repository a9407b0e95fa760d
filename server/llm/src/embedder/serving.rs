//! The model as questions use it: asked with little patience, and not at all while it is known not to answer, or to be
//! another one than the revision was built with.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ragops_embed::remote::{Probe, ProbeRole, compare};
use ragops_embed::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};
use tokio::time::Instant;

use super::building::matrix;
use super::connection::{Connection, Expected};
use super::health::{Gate, Health};
use super::tokens::token_starts;
use super::{Failure, Patience};

const ADVICE: &str = "give the endpoint that model back, or build the index anew with the one it has now: \
                      `ragops-server index -f FILE`, or restart `up`";

/// The model of one revision.
#[derive(Debug)]
pub struct ServingModel {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connection: Arc<Connection>,
    identity: ModelIdentity,
    probes: Vec<Probe>,
    health: Mutex<Health>,
}

impl ServingModel {
    /// The model that made `probes`, as a revision says; nothing is asked yet.
    pub fn new(connection: Arc<Connection>, identity: ModelIdentity, probes: Vec<Probe>) -> Self {
        let health = Mutex::default();
        Self { shared: Arc::new(Shared { connection, identity, probes, health }) }
    }

    fn embed(&self, role: ProbeRole, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        let gate = self.shared.health().gate(Instant::now());
        match gate {
            Gate::Open => {}
            Gate::OpenButLook => self.shared.look_beside(),
            Gate::Look => self.look()?,
            Gate::Closed(error) => return Err(error),
        }
        let Shared { connection, identity, .. } = self.shared.as_ref();
        let expected = Expected { dimension: Some(identity.dimension), probe: None };
        let embedding = connection.embed((role, texts), Patience::Question, expected, monitor);
        match connection.driver.wait(embedding) {
            Ok(vectors) => matrix(identity, vectors),
            Err(failure) if failure.is_of_the_endpoint() => Err(self.shared.failed(failure)),
            Err(failure) => Err(failure.into_error(&identity.name, ADVICE)),
        }
    }
}

impl Shared {
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look(&self) -> Result<(), Failure> {
        let now = self.connection.probe(&self.probes, Patience::Question).await?;
        compare(&self.probes, &now).map_err(Failure::Other)
    }

    /// What a look found, in the books and for whoever looked.
    fn conclude(self: &Arc<Self>, looked: Result<(), Failure>) -> Result<(), EmbedError> {
        match looked {
            Ok(()) => {
                let is_news = self.health().is_same(Instant::now());
                let config = self.connection.config();
                self.connection.telemetry.answers(&config.backend, true);
                if is_news {
                    tracing::info!(backend = config.backend, model = config.model, "the embedding model answers");
                }
                Ok(())
            }
            Err(failure) => Err(self.failed(failure)),
        }
    }

    /// Takes note of a failure, and has the model watched from then on.
    fn failed(self: &Arc<Self>, failure: Failure) -> EmbedError {
        let error = failure.into_error(&self.identity.name, ADVICE);
        let config = self.connection.config();
        self.connection.telemetry.answers(&config.backend, false);
        if self.health().failed(error.clone()) {
            tracing::warn!(
                backend = config.backend,
                %error,
                "questions are answered by their words alone until the embedding model is back"
            );
            self.connection.driver.handle().spawn(watch(Arc::downgrade(self)));
        }
        error
    }

    /// Looks while questions go on.
    fn look_beside(self: &Arc<Self>) {
        let shared = Arc::clone(self);
        self.connection.driver.handle().spawn(async move {
            let looked = shared.look().await;
            // Whatever came of it stands in the books.
            shared.conclude(looked).ok();
        });
    }
}

/// Looks at growing intervals until the model is back, or nobody needs it any more.
async fn watch(shared: Weak<Shared>) {
    loop {
        let Some(wait) = shared.upgrade().map(|shared| {
            let jitter = shared.connection.jitter.next();
            shared.health().next_look(jitter)
        }) else {
            return;
        };
        tokio::time::sleep(wait).await;
        let Some(shared) = shared.upgrade() else { return };
        let looked = shared.look().await;
        if shared.conclude(looked).is_ok() {
            return;
        }
    }
}

impl EmbeddingModel for ServingModel {
    fn identity(&self) -> &ModelIdentity {
        &self.shared.identity
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

    fn trouble(&self) -> Option<EmbedError> {
        self.shared.health().trouble()
    }

    fn look(&self) -> Result<(), EmbedError> {
        let looked = self.shared.connection.driver.wait(self.shared.look());
        self.shared.conclude(looked)
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        token_starts(text)
    }
}
