//! Documents that are generated and kept in the repository. `RAGOPS_UPDATE=1` writes them anew.

use std::path::{Path, PathBuf};

use ragops_server::routes::openapi;
use ragops_server::{metrics, settings};

use crate::support::{get, state};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the server lies in the repository").to_owned()
}

fn check(path: &str, fresh: &str) {
    let path = repository().join(path);
    if std::env::var_os("RAGOPS_UPDATE").is_some() {
        std::fs::write(&path, fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "{} is stale; write it anew with RAGOPS_UPDATE=1 and commit it", path.display());
}

#[test]
fn the_openapi_document_is_fresh() {
    check("server/openapi.json", &format!("{}\n", openapi::document()));
}

#[test]
fn the_metrics_reference_is_fresh() {
    check("docs/metrics.md", &metrics::reference());
}

#[test]
fn the_settings_reference_is_fresh() {
    check("docs/settings.md", &settings::reference());
}

#[tokio::test]
async fn the_openapi_document_is_served_and_knows_every_route() {
    let served = get(&state(&[]), "/openapi.json").await.json();
    assert_eq!(served, serde_json::from_str::<serde_json::Value>(&openapi::document()).unwrap());
    let paths: Vec<&str> = served["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let routes = ["/health", "/indexes/{name}/query", "/livez", "/metrics", "/openapi.json", "/query", "/readyz"];
    assert_eq!(paths, routes);
    for path in paths.iter().filter(|path| !path.contains('{') && **path != "/query") {
        assert_ne!(get(&state(&[]), path).await.status, 404, "{path}");
    }
}
