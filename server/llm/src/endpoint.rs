//! Where a model is asked: protocol, address, name and credentials. Whatever is printed of it holds no credentials.

use std::fmt;
use std::net::IpAddr;

use ragops_embed::remote::RemoteProtocol;
use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::error::LlmError;

/// An API key. It is shown nowhere, and no message of an endpoint that repeats it is passed on as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key without the white space around it, which a file's last line brings along.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The header that carries it; `None` where it holds what no header may.
    fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn hidden_in(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "[key]") }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// A model at an address.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// What is spoken there.
    pub protocol: RemoteProtocol,
    /// The model's name there.
    pub model: String,
    base: Url,
    authorization: Option<HeaderValue>,
    key: Option<ApiKey>,
}

impl Endpoint {
    /// Refuses an address or a key that cannot be used.
    pub fn new(protocol: RemoteProtocol, url: &str, model: &str, key: Option<ApiKey>) -> Result<Self, LlmError> {
        let invalid = |reason: &str| LlmError::Endpoint { reason: reason.to_owned() };
        let mut base = Url::parse(url).map_err(|error| invalid(&format!("`{url}` is no address: {error}")))?;
        let is_web = matches!(base.scheme(), "http" | "https");
        let is_plain = base.username().is_empty() && base.password().is_none() && base.query().is_none();
        if !is_web || !is_plain || base.host().is_none() {
            return Err(invalid(
                "an address starts with http:// or https:// and holds neither credentials nor a query",
            ));
        }
        base.set_fragment(None);
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let authorization = match &key {
            Some(key) => {
                let header = key.header().ok_or_else(|| invalid("the API key holds characters that no header may"))?;
                Some(header)
            }
            None => None,
        };
        Ok(Self { protocol, model: model.to_owned(), base, authorization, key })
    }

    /// The address of an operation, such as `embeddings`.
    pub(crate) fn url(&self, operation: &str) -> Url {
        let mut url = self.base.clone();
        let path = format!("{}/{operation}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    /// The address as messages show it.
    pub fn shown(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.clone()
    }

    /// Whether requests must not go through a proxy: it would look for the model on its own machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// What an endpoint said, fit for a message: one line, bounded, without the key.
    pub(crate) fn quote(&self, text: &str) -> String {
        const MAX_CHARS: usize = 300;
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = self.key.as_ref().map_or_else(|| line.clone(), |key| key.hidden_in(&line));
        let shown: String = line.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
        if shown.len() < line.len() { format!("{shown}…") } else { shown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<Endpoint, LlmError> {
        Endpoint::new(RemoteProtocol::OpenAI, url, "m", Some(ApiKey::new("sk-secret\n")))
    }

    #[test]
    fn operations_stand_below_the_address_however_it_ends() {
        for url in ["http://10.0.0.1:8001/v1", "http://10.0.0.1:8001/v1/"] {
            assert_eq!(endpoint(url).unwrap().url("embeddings").as_str(), "http://10.0.0.1:8001/v1/embeddings");
        }
        assert_eq!(endpoint("http://h:1").unwrap().url("api/embed").as_str(), "http://h:1/api/embed");
        assert_eq!(endpoint("http://h:1/").unwrap().shown(), "http://h:1");
    }

    #[test]
    fn an_address_with_credentials_or_without_a_host_is_refused() {
        for url in ["ftp://h", "http://u:p@h/v1", "http://h/v1?key=x", "no address", "http://", "unix:/run/x"] {
            assert!(matches!(endpoint(url), Err(LlmError::Endpoint { .. })), "{url}");
        }
        let key = Some(ApiKey::new("a\nb"));
        assert!(Endpoint::new(RemoteProtocol::Ollama, "http://h", "m", key).is_err());
    }

    #[test]
    fn a_key_is_never_shown() {
        let endpoint = endpoint("https://api.example.com/v1").unwrap();
        assert!(!format!("{endpoint:?}").contains("sk-secret"), "{endpoint:?}");
        assert_eq!(endpoint.quote("bad key\n  sk-secret given"), "bad key [key] given");
        assert_eq!(endpoint.quote(&"x".repeat(1_000)).chars().count(), 301);
    }

    #[test]
    fn what_runs_on_this_machine_is_told() {
        for (url, is_loopback) in [
            ("http://localhost:11434", true),
            ("http://127.0.0.2:1/v1", true),
            ("http://[::1]:1/v1", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(endpoint(url).unwrap().is_loopback(), is_loopback, "{url}");
        }
    }
}
