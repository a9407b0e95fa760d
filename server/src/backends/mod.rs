//! Which models an index says, from its RagIndex, the LlmBackends and the Secrets. A reference that leads nowhere is told with
//! what there is.

mod chat;
mod embedding;
mod rerank;

pub use chat::{ChatRecord, chat_configs};
pub use embedding::{DEFAULT_MODEL, Embedder, connection_of};
pub use rerank::{RerankRecord, rerank_config};

use ragops_crds::admission::{Admission, Admitted};
use ragops_crds::v1alpha1::llm_backend::{BackendRole, BackendType, External, LlmBackend, Protocol};
use ragops_crds::v1alpha1::rag_index::RagIndex;
use ragops_crds::v1alpha1::shared::SecretKeyRef;
use ragops_embed::remote::{RemoteProtocol, SecretName};
use ragops_llm::ApiKey;

use crate::settings::Secrets;

/// An LlmBackend that was found, with what its references lead to.
struct Reached<'a> {
    backend: &'a LlmBackend,
    external: &'a External,
    protocol: RemoteProtocol,
    api_key: Option<(SecretName, Option<ApiKey>)>,
    ca: Option<(SecretName, Option<String>)>,
}

/// Why an index is refused, in a line with its place.
pub(crate) fn refusal(index: &Admitted<RagIndex>, field: &str, reason: &str) -> String {
    let name = name_of(index.resource.metadata.name.as_ref());
    format!("{}: RagIndex/{name}: {field}: {reason}", index.place)
}

/// The backend of a name that does what is wanted of it, or why there is none.
fn find<'a>(name: &str, role: BackendRole, admission: &'a Admission, secrets: &Secrets) -> Result<Reached<'a>, String> {
    let backend = admission.backends.iter().find(|backend| name_of(backend.resource.metadata.name.as_ref()) == name);
    let Some(backend) = backend else {
        let known: Vec<&str> =
            admission.backends.iter().map(|backend| name_of(backend.resource.metadata.name.as_ref())).collect();
        let known =
            if known.is_empty() { "nor any other".to_owned() } else { format!("but there are {}", known.join(", ")) };
        return Err(format!("there is no LlmBackend `{name}`, {known}"));
    };
    let backend = &backend.resource;
    if backend.spec.role != role {
        let found = backend.spec.role;
        return Err(format!("LlmBackend `{name}` has role {found:?}; refer to one with `role: {role:?}`"));
    }
    let external = match (backend.spec.backend_type, &backend.spec.external) {
        (BackendType::External, Some(external)) => external,
        _ => {
            return Err(format!(
                "LlmBackend `{name}` runs in pods, which means something only in a cluster; give one of type External, \
                 with the address of a server that runs"
            ));
        }
    };
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
    let ca = secret(&external.ca_secret_ref, "caSecretRef")?.map(|(name, value)| (name, Some(value)));
    let api_key = secret(&external.api_key_secret_ref, "apiKeySecretRef")?;
    Ok(Reached {
        backend,
        external,
        protocol: match external.protocol {
            Protocol::OpenAi => RemoteProtocol::OpenAI,
            Protocol::Ollama => RemoteProtocol::Ollama,
        },
        api_key: api_key.map(|(name, value)| (name, Some(ApiKey::new(&value)))),
        ca,
    })
}

fn name_of(name: Option<&String>) -> &str {
    name.map_or("", String::as_str)
}

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
