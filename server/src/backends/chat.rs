//! Which chat backends an index asks, in their order.

use ragops_crds::admission::{Admission, Admitted};
use ragops_crds::v1alpha1::llm_backend::BackendRole;
use ragops_crds::v1alpha1::rag_index::RagIndex;
use ragops_embed::remote::{RemoteProtocol, SecretName};
use ragops_llm::ApiKey;
use ragops_llm::chat::ChatConfig;
use serde::{Deserialize, Serialize};

use super::{Reached, find, refusal};
use crate::settings::Secrets;

/// The default of `external.contextLength`: what models of the last years have at the least, and what passages of usual settings
/// fill.
const DEFAULT_CONTEXT_TOKENS: u32 = 8_192;

/// What an admitted RagIndex says, or why it cannot be had, in a line with its place.
pub fn chat_configs(
    index: &Admitted<RagIndex>,
    admission: &Admission,
    secrets: &Secrets,
) -> Result<Vec<ChatConfig>, String> {
    let references = index.resource.spec.answering.backend_refs.iter().enumerate();
    let config = |(at, reference): (usize, &ragops_crds::v1alpha1::shared::ResourceRef)| {
        let refuse = |reason: String| refusal(index, &format!("spec.answering.backendRefs[{at}]"), &reason);
        let reached = find(&reference.name, BackendRole::Chat, admission, secrets).map_err(refuse)?;
        let config = config(&reference.name, reached);
        let checked = config.check();
        checked.map_err(|error| refuse(format!("LlmBackend `{}`: {error}", reference.name)))?;
        Ok(config)
    };
    references.map(config).collect()
}

fn config(name: &str, Reached { external, protocol, api_key, ca, .. }: Reached<'_>) -> ChatConfig {
    ChatConfig {
        backend: name.to_owned(),
        protocol,
        url: external.url.clone(),
        model: external.model.clone(),
        // Admission has checked the range.
        context_tokens: external.context_length.map_or(DEFAULT_CONTEXT_TOKENS, i32::unsigned_abs),
        api_key,
        ca,
    }
}

/// A chat backend as it is kept beside an index: without keys, which stand in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatRecord {
    name: String,
    protocol: RemoteProtocol,
    url: String,
    model: String,
    context_length: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key: Option<SecretName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca: Option<SecretName>,
}

impl ChatRecord {
    /// What is kept of a backend.
    pub fn of(config: &ChatConfig) -> Self {
        Self {
            name: config.backend.clone(),
            protocol: config.protocol,
            url: config.url.clone(),
            model: config.model.clone(),
            context_length: config.context_tokens,
            api_key: config.api_key.as_ref().map(|(name, _)| name.clone()),
            ca: config.ca.as_ref().map(|(name, _)| name.clone()),
        }
    }

    /// The backend, with the keys that are at hand.
    pub fn config(&self, secrets: &Secrets) -> ChatConfig {
        let value = |name: &SecretName| secrets.value(&name.name, &name.key);
        ChatConfig {
            backend: self.name.clone(),
            protocol: self.protocol,
            url: self.url.clone(),
            model: self.model.clone(),
            context_tokens: self.context_length,
            api_key: self.api_key.as_ref().map(|name| (name.clone(), value(name).map(|value| ApiKey::new(&value)))),
            ca: self.ca.as_ref().map(|name| (name.clone(), value(name))),
        }
    }
}
