//! Which embedding model an index says, from its RagIndex, the LlmBackends and the Secrets: a local one, or one elsewhere
//! with all that is needed to ask it.

use ragops_crds::admission::{Admission, Admitted};
use ragops_crds::v1alpha1::llm_backend::BackendRole;
use ragops_crds::v1alpha1::rag_index::{EmbeddingType, RagIndex};
use ragops_embed::remote::{RemoteDescription, SecretName};
use ragops_llm::ApiKey;
use ragops_llm::embedder::RemoteConfig;

use super::{Reached, find, refusal};
use crate::settings::Secrets;

/// The model where nothing else is said.
pub const DEFAULT_MODEL: &str = "multilingual-e5-small";

/// The embedding model of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Embedder {
    /// Installed on this machine, by name.
    Local(String),
    /// Asked elsewhere.
    Remote(Box<RemoteConfig>),
}

impl Embedder {
    /// The model's name, as a revision has it.
    pub fn model(&self) -> &str {
        match self {
            Self::Local(name) => name,
            Self::Remote(config) => &config.model,
        }
    }

    /// The LlmBackend, for one elsewhere.
    pub fn backend(&self) -> Option<&str> {
        match self {
            Self::Local(_) => None,
            Self::Remote(config) => Some(&config.backend),
        }
    }

    /// What an admitted RagIndex says, or why it cannot be had, in a line with its place.
    pub fn of(index: &Admitted<RagIndex>, admission: &Admission, secrets: &Secrets) -> Result<Self, String> {
        let embedding = &index.resource.spec.embedding;
        let name = match (&embedding.embedding_type, &embedding.backend_ref) {
            (EmbeddingType::Backend, Some(reference)) => reference.name.as_str(),
            _ => {
                let local = embedding.local.as_ref().map_or(DEFAULT_MODEL, |local| local.model.as_str());
                return Ok(Self::Local(local.to_owned()));
            }
        };
        let reached = find(name, BackendRole::Embedding, admission, secrets);
        let reached = reached.map_err(|reason| refusal(index, "spec.embedding.backendRef", &reason))?;
        Ok(Self::Remote(Box::new(remote(name, reached))))
    }
}

fn remote(name: &str, Reached { backend, external, protocol, api_key, ca }: Reached<'_>) -> RemoteConfig {
    let around = backend.spec.embedding.clone();
    RemoteConfig {
        backend: name.to_owned(),
        protocol,
        url: external.url.clone(),
        model: external.model.clone(),
        query_prefix: around.as_ref().map(|around| around.query_prefix.clone()).unwrap_or_default(),
        passage_prefix: around.as_ref().map(|around| around.passage_prefix.clone()).unwrap_or_default(),
        // Admission has checked the range, and the default is the schema's.
        max_tokens: around.map_or(DEFAULT_MAX_TOKENS, |around| around.max_tokens.unsigned_abs() as usize),
        api_key,
        ca,
    }
}

/// The default of `embedding.maxTokens`, for a backend without `embedding`.
const DEFAULT_MAX_TOKENS: usize = 512;

/// How to ask the model that a revision was built with: as the resources say, where they speak of the same backend or
/// address, and else as it was when it was built. Whether it is the same model is told by its probes.
pub fn connection_of(record: &RemoteDescription, embedder: Option<&Embedder>, secrets: &Secrets) -> RemoteConfig {
    let at_hand = match embedder {
        Some(Embedder::Remote(config)) if config.backend == record.backend || config.url == record.url => Some(config),
        _ => None,
    };
    let value = |name: &SecretName| secrets.value(&name.name, &name.key);
    let (protocol, url, api_key, ca) = match at_hand {
        Some(config) => (config.protocol, config.url.clone(), config.api_key.clone(), config.ca.clone()),
        None => {
            let key = |name: &SecretName| (name.clone(), value(name).map(|value| ApiKey::new(&value)));
            let ca = |name: &SecretName| (name.clone(), value(name));
            (record.protocol, record.url.clone(), record.api_key.as_ref().map(key), record.ca.as_ref().map(ca))
        }
    };
    RemoteConfig {
        backend: record.backend.clone(),
        protocol,
        url,
        model: record.model.clone(),
        query_prefix: record.query_prefix.clone(),
        passage_prefix: record.passage_prefix.clone(),
        max_tokens: record.max_tokens,
        api_key,
        ca,
    }
}
