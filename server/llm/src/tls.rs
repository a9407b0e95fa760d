//! Whom HTTPS endpoints are trusted by: the system, or the certificates that were given. `ring` does the cryptography, as
//! it does for downloads of models: a second library beside it would bring nothing but its size.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::error::LlmError;

/// A configuration that trusts the system's roots, or only those in `pem`.
pub(crate) fn config(pem: Option<&str>) -> Result<ClientConfig, LlmError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| unusable(&error))?;
    let builder = match pem {
        None => builder.with_platform_verifier().map_err(|error| unusable(&error))?,
        Some(pem) => builder.with_root_certificates(roots(pem)?),
    };
    Ok(builder.with_no_client_auth())
}

fn roots(pem: &str) -> Result<RootCertStore, LlmError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| not_pem(&error.to_string()))?;
        roots.add(certificate).map_err(|error| not_pem(&error.to_string()))?;
    }
    if roots.is_empty() { Err(not_pem("there is none in it")) } else { Ok(roots) }
}

fn not_pem(reason: &str) -> LlmError {
    LlmError::Endpoint { reason: format!("`caSecretRef` holds no PEM certificates that can be used: {reason}") }
}

fn unusable(error: &rustls::Error) -> LlmError {
    LlmError::Endpoint { reason: format!("TLS cannot be set up: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_are_none_are_refused_by_name() {
        for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = config(Some(pem)).unwrap_err().to_string();
            assert!(error.contains("caSecretRef"), "{error}");
        }
    }
}
