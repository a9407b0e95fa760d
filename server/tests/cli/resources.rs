//! `-f`: files that cannot be used.

use std::path::Path;

use crate::check;
use crate::support::{program, rag_index, write};

/// `index` over one file of this content.
fn refuse(yaml: &str, says: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("rag.yaml", yaml), ("docs/a.md", "# A\n\nText.\n")]);
    refuse_at(&dir.path().join("rag.yaml"), says);
}

fn refuse_at(file: &Path, says: &[&str]) {
    let data = tempfile::tempdir().unwrap();
    check(program().args(["index", "-f"]).arg(file).arg("--data").arg(data.path()), 2, says);
}

#[test]
fn what_an_api_server_would_refuse_is_refused_with_file_line_and_path() {
    let valid = rag_index("runbooks", "./docs");
    let spec = |text: &str| format!("{valid}{text}");
    refuse(&spec("  chunkin: {maxTokens: 100}\n"), &["rag.yaml:", "spec.chunkin", "did you mean"]);
    refuse(&spec("  index: {type: Hnsww}\n"), &["spec.index.type", "Unsupported value"]);
    refuse(&spec("  chunking: {maxTokens: 1}\n"), &["spec.chunking.maxTokens", "greater than or equal to 16"]);
    refuse(&rag_index("Run_Books", "./docs"), &["metadata.name"]);
    let two_arms = valid.replace("folder: {path: ./docs}", "folder: {path: ./docs}, git: {url: \"https://x.org/y\"}");
    refuse(&two_arms, &["spec.sources[0].git", "only then"]);
    refuse(&valid.replace("kind: RagIndex", "kind: RagIndx"), &["RagIndx", "did you mean RagIndex?"]);
    refuse("kind: [", &["rag.yaml:"]);
}

#[test]
fn two_indexes_of_one_name_are_refused_with_both_places() {
    let dir = tempfile::tempdir().unwrap();
    let index = rag_index("runbooks", "./docs");
    write(dir.path(), &[("a.yaml", &index), ("b.yml", &index), ("docs/a.md", "# A\n\nText.\n")]);
    refuse_at(dir.path(), &["a.yaml:", "b.yml:", "RagIndex/runbooks", "defined"]);
}

#[test]
fn a_place_without_resources_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    refuse_at(&dir.path().join("gone.yaml"), &["cannot read", "gone.yaml", "No such file"]);
    refuse_at(dir.path(), &["holds no *.yaml or *.yml file"]);
    write(dir.path(), &[("other.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")]);
    refuse_at(dir.path(), &["has no RagIndex"]);
    check(program().args(["index", "--data"]).arg(dir.path()), 2, &["-f"]);
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("rag.yaml"), b"\xff\xfe\x00kind").unwrap();
    refuse_at(&dir.path().join("rag.yaml"), &["rag.yaml"]);
}

#[test]
fn a_backend_that_cannot_be_embedded_with_says_why_and_what_to_write() {
    let index =
        format!("{}  embedding: {{type: Backend, backendRef: {{name: embedder}}}}\n", rag_index("runbooks", "./docs"));
    let backend = |spec: &str| {
        format!(
            "{index}---\napiVersion: ragops.dev/v1alpha1\nkind: LlmBackend\nmetadata: {{name: embedder}}\nspec: {{{spec}}}\n"
        )
    };
    let external = "type: External, external: {url: \"http://127.0.0.1:9/v1\", model: m";
    refuse(&index, &["rag.yaml:", "RagIndex/runbooks", "no LlmBackend `embedder`", "nor any other"]);
    refuse(&backend(&format!("{external}}}")), &["role Chat", "role: Embedding"]);
    refuse(&backend("role: Embedding, type: Ollama, ollama: {model: bge-m3}"), &["only in a cluster", "type External"]);
    let keyed = format!("role: Embedding, {external}, apiKeySecretRef: {{name: open-ai, key: token}}}}");
    refuse(&backend(&keyed), &["apiKeySecretRef", "`token` of Secret `open-ai`", "RAGOPS_SECRET_OPEN_AI_TOKEN"]);
    let signed = format!("role: Embedding, {external}, caSecretRef: {{name: ca, key: pem}}}}");
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: ca}\nstringData: {pem: none}\n";
    refuse(&format!("{}{secret}", backend(&signed)), &["LlmBackend `embedder`", "caSecretRef", "PEM"]);
}
