//! Which embedding model an index says, from its RagIndex, the LlmBackends and the Secrets: a local one, or one elsewhere
//! with all that is needed to ask it. A reference that leads nowhere is told with what there is.

use ragops_crds::admission::{Admission, Admitted};
use ragops_crds::v1alpha1::llm_backend::{BackendRole, BackendType, External, LlmBackend, Protocol};
use ragops_crds::v1alpha1::rag_index::{EmbeddingType, RagIndex};
use ragops_crds::v1alpha1::shared::SecretKeyRef;
use ragops_embed::remote::{RemoteDescription, RemoteProtocol, SecretName};
use ragops_llm::ApiKey;
use ragops_llm::embedder::RemoteConfig;

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
        let of_index = name_of(index.resource.metadata.name.as_ref());
        let refuse =
            |reason: String| format!("{}: RagIndex/{of_index}: spec.embedding.backendRef: {reason}", index.place);
        let backend =
            admission.backends.iter().find(|backend| name_of(backend.resource.metadata.name.as_ref()) == name);
        let Some(backend) = backend else {
            let known: Vec<&str> =
                admission.backends.iter().map(|backend| name_of(backend.resource.metadata.name.as_ref())).collect();
            let known =
                if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) };
            return Err(refuse(format!("there is no LlmBackend `{name}`; {known}")));
        };
        remote(name, &backend.resource, admission, secrets).map(|config| Self::Remote(Box::new(config))).map_err(refuse)
    }
}

fn name_of(name: Option<&String>) -> &str {
    name.map_or("", String::as_str)
}

fn remote(name: &str, backend: &LlmBackend, admission: &Admission, secrets: &Secrets) -> Result<RemoteConfig, String> {
    let spec = &backend.spec;
    if spec.role != BackendRole::Embedding {
        return Err(format!("LlmBackend `{name}` has role Chat; refer to one with `role: Embedding`"));
    }
    let external = match (spec.backend_type, &spec.external) {
        (BackendType::External, Some(external)) => external,
        _ => {
            return Err(format!(
                "LlmBackend `{name}` runs in pods, which means something only in a cluster; give one of type External, \
                 with the address of a server that runs"
            ));
        }
    };
    let around = spec.embedding.clone();
    let External { protocol, url, model, api_key_secret_ref, ca_secret_ref } = external;
    let secret = |reference: &Option<SecretKeyRef>, field: &str| match reference {
        None => Ok(None),
        Some(reference) => {
            let value = secrets.value(&reference.name, &reference.key).or_else(|| in_documents(admission, reference));
            match value {
                Some(value) => Ok(Some((secret_name(reference), value))),
                None => Err(missing_secret(name, field, &secret_name(reference))),
            }
        }
    };
    let with_value = |(name, value): (SecretName, String)| (name, Some(value));
    let ca = secret(ca_secret_ref, "caSecretRef")?.map(with_value);
    let api_key = secret(api_key_secret_ref, "apiKeySecretRef")?;
    Ok(RemoteConfig {
        backend: name.to_owned(),
        protocol: match protocol {
            Protocol::OpenAi => RemoteProtocol::OpenAI,
            Protocol::Ollama => RemoteProtocol::Ollama,
        },
        url: url.clone(),
        model: model.clone(),
        query_prefix: around.as_ref().map(|around| around.query_prefix.clone()).unwrap_or_default(),
        passage_prefix: around.as_ref().map(|around| around.passage_prefix.clone()).unwrap_or_default(),
        // Admission has checked the range, and the default is the schema's.
        max_tokens: around.map_or(DEFAULT_MAX_TOKENS, |around| around.max_tokens.unsigned_abs() as usize),
        api_key: api_key.map(|(name, value)| (name, Some(ApiKey::new(&value)))),
        ca,
    })
}

/// The default of `embedding.maxTokens`, for a backend without `embedding`.
const DEFAULT_MAX_TOKENS: usize = 512;

fn in_documents(admission: &Admission, reference: &SecretKeyRef) -> Option<String> {
    let secret = admission.secrets.iter().find(|secret| secret.name == reference.name)?;
    secret.value(&reference.key).map(str::to_owned)
}

fn secret_name(reference: &SecretKeyRef) -> SecretName {
    SecretName { name: reference.name.clone(), key: reference.key.clone() }
}

/// What to do about a key that is not at hand.
fn missing_secret(backend: &str, field: &str, SecretName { name, key }: &SecretName) -> String {
    let variable = Secrets::variable(name, key);
    format!(
        "LlmBackend `{backend}`: spec.external.{field} names key `{key}` of Secret `{name}`, which is not at hand; set \
         {variable}, or put the Secret beside the resources"
    )
}

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
