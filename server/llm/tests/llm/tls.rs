//! HTTPS: an endpoint is trusted by the certificates that were given, and not without them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use ragops_embed::remote::RemoteProtocol;
use ragops_llm::{Class, Deadlines, Driver, EmbeddingsClient, Endpoint, LlmError};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// An endpoint with a certificate for `127.0.0.1`; gives its port and the certificate that signs its own.
fn serve() -> (u16, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let pem = certificate.pem();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            let mut request = [0; 4_096];
            // Who does not trust the certificate goes away in the handshake.
            if stream.read(&mut request).is_ok() {
                let body = r#"{"data": [{"index": 0, "embedding": [3.0, 4.0]}]}"#;
                let length = body.len();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
                stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).ok();
            }
        }
    });
    (port, pem)
}

#[test]
fn an_endpoint_is_trusted_by_the_certificates_given_and_not_without() {
    let (port, pem) = serve();
    let ask = |ca: Option<&str>| -> Result<Vec<Vec<f32>>, LlmError> {
        let endpoint = Endpoint::new(RemoteProtocol::OpenAI, &format!("https://127.0.0.1:{port}/v1"), "m", None)?;
        let client = EmbeddingsClient::new(endpoint, ca)?;
        let texts = ["one".to_owned()];
        let asked = client.embed(&texts, Deadlines::each(Duration::from_secs(5)));
        Driver::start().unwrap().wait(asked)
    };
    assert_eq!(ask(Some(&pem)).unwrap(), [[0.6, 0.8]]);
    let stranger = ask(None).unwrap_err();
    assert_eq!((stranger.kind(), stranger.class()), ("connect", Class::Retry), "{stranger}");
    assert!(stranger.to_string().contains("certificate"), "{stranger}");
}
