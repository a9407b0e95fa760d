//! Which model puts the passages of an index into order.

use ragops_crds::admission::{Admission, Admitted};
use ragops_crds::v1alpha1::llm_backend::BackendRole;
use ragops_crds::v1alpha1::rag_index::RagIndex;
use ragops_embed::remote::SecretName;
use ragops_llm::ApiKey;
use ragops_llm::rerank::RerankConfig;
use serde::{Deserialize, Serialize};

use super::{Reached, find, refusal};
use crate::settings::Secrets;

/// What an admitted RagIndex says, or why it cannot be had, in a line with its place.
pub fn rerank_config(
    index: &Admitted<RagIndex>,
    admission: &Admission,
    secrets: &Secrets,
) -> Result<Option<RerankConfig>, String> {
    let Some(reranking) = &index.resource.spec.retrieval.reranking else { return Ok(None) };
    let name = &reranking.backend_ref.name;
    let refuse = |reason: String| refusal(index, "spec.retrieval.reranking.backendRef", &reason);
    let Reached { external, api_key, ca, .. } =
        find(name, BackendRole::Reranking, admission, secrets).map_err(refuse)?;
    let (url, model) = (external.url.clone(), external.model.clone());
    let config = RerankConfig { backend: name.clone(), url, model, api_key, ca };
    config.check().map_err(|error| refuse(format!("LlmBackend `{name}`: {error}")))?;
    Ok(Some(config))
}

/// A reranking backend as it is kept beside an index: without keys, which stand in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RerankRecord {
    name: String,
    url: String,
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key: Option<SecretName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca: Option<SecretName>,
}

impl RerankRecord {
    /// What is kept of a backend.
    pub fn of(config: &RerankConfig) -> Self {
        Self {
            name: config.backend.clone(),
            url: config.url.clone(),
            model: config.model.clone(),
            api_key: config.api_key.as_ref().map(|(name, _)| name.clone()),
            ca: config.ca.as_ref().map(|(name, _)| name.clone()),
        }
    }

    /// The backend, with the keys that are at hand.
    pub fn config(&self, secrets: &Secrets) -> RerankConfig {
        let value = |name: &SecretName| secrets.value(&name.name, &name.key);
        RerankConfig {
            backend: self.name.clone(),
            url: self.url.clone(),
            model: self.model.clone(),
            api_key: self.api_key.as_ref().map(|name| (name.clone(), value(name).map(|value| ApiKey::new(&value)))),
            ca: self.ca.as_ref().map(|name| (name.clone(), value(name))),
        }
    }
}
