//! Judging files without a cluster: what is admitted, refused (with its line) and reported as not used.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ragops_crds::admission::{
    Admission, MAX_DOCUMENT_BYTES, MAX_DOCUMENTS, MAX_FILE_BYTES, Refusal, admit_file, admit_files, judge,
};
use ragops_crds::v1alpha1::rag_index::{ConfidenceCut, IndexType, SourceType, default_include};
use ragops_crds::v1alpha1::{LlmBackend, RagIndex};
use serde_json::json;

const MINIMAL: &str = "\
apiVersion: ragops.dev/v1alpha1
kind: RagIndex
metadata:
  name: runbooks
spec:
  sources:
    - name: docs
      type: Folder
      folder:
        path: ./docs
";

/// The minimal index with further lines of its spec.
fn with(lines: &str) -> String {
    format!("{MINIMAL}{lines}")
}

fn admit(text: &str) -> Admission {
    admit_file("a.yaml", text.as_bytes())
}

/// The messages of every refusal of a file.
#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let admission = admit(text);
    let messages: Vec<String> = admission.errors.iter().map(ToString::to_string).collect();
    assert_eq!(messages, expected);
}

#[test]
fn a_minimal_index_is_admitted_with_every_default() {
    let admission = admit(MINIMAL);
    assert!(admission.errors.is_empty() && admission.not_used.is_empty());
    let [index] = admission.indexes.as_slice() else { panic!("one index") };
    assert_eq!(index.place.to_string(), "a.yaml:1");
    let spec = &index.resource.spec;
    assert_eq!(spec.sources[0].source_type, SourceType::Folder);
    assert_eq!(spec.sources[0].folder.as_ref().unwrap().include, default_include());
    assert_eq!((spec.chunking.max_tokens, spec.chunking.overlap_tokens), (384, 48));
    assert_eq!((spec.retrieval.top_k, spec.retrieval.channel_depth), (8, 100));
    assert_eq!(spec.embedding.local.as_ref().unwrap().model, "multilingual-e5-small");
    assert_eq!(spec.index.index_type, IndexType::Auto);
    assert_eq!(spec.confidence.cut(), ConfidenceCut::Calibrated { target_precision: 0.9 });
}

#[test]
fn a_default_fills_the_fields_that_an_object_leaves_out() {
    let admission = admit(&with("  retrieval: {topK: 3}\n  confidence: {type: Calibrated}\n  chunking: null\n"));
    assert!(admission.errors.is_empty(), "{:?}", admission.errors);
    let spec = &admission.indexes[0].resource.spec;
    assert_eq!((spec.retrieval.top_k, spec.retrieval.channel_depth), (3, 100));
    assert_eq!(spec.confidence.cut(), ConfidenceCut::Calibrated { target_precision: 0.9 });
    assert_eq!(spec.chunking.max_tokens, 384);
}

#[test]
fn the_standalone_sample_and_the_minimal_one_are_used_whole() {
    for name in ["ragindex-minimal", "ragindex-standalone", "ragindex-reranked"] {
        let path = format!("{}/../config/samples/resources/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let admission = admit_file(name, &std::fs::read(path).unwrap());
        assert!(admission.errors.is_empty(), "{:?}", admission.errors);
        assert_eq!(admission.not_used, []);
        assert_eq!(admission.indexes.len(), 1);
    }
}

/// A refused word was listed as supported and then refused, and a missing one named nothing to write.
#[test]
fn a_missing_or_unknown_word_names_what_this_version_takes() {
    let object = "a.yaml:11: RagIndex/runbooks: ";
    let check = |text: &str, message: &str| {
        let admission = admit(text);
        let messages: Vec<String> = admission.errors.iter().map(ToString::to_string).collect();
        assert!(messages.iter().any(|told| told.ends_with(message)), "`{message}` is missing in {messages:?}");
    };
    let later = "(not in this version, or only in a cluster:";
    check(
        &with("  embedding: {local: {model: m}}\n"),
        &format!(r#"{object}spec.embedding.type: Required value: write one of: "Local", "Backend""#),
    );
    check(
        &MINIMAL.replace("type: Folder", "type: S3"),
        &format!(
            r#"spec.sources[0].type: Unsupported value: "S3": supported values: "Folder" {later} "Volume", "Git", "ConfigMap")"#
        ),
    );
    check(
        &MINIMAL.replace("        path: ./docs", "        include: ['*.md']"),
        "spec.sources[0].folder.path: Required value: Path of the folder; a relative path starts at the file that this \
         resource stands in",
    );
    check(
        &with("  llm: {model: m}\n"),
        &format!(r#"{object}strict decoding error: unknown field "spec.llm"; docs/crd-reference.md lists the fields"#),
    );
    check(&with("  deletionPolicy: Keep\n"), r#""Keep": supported values: "Retain", "Delete""#);
}

#[test]
fn a_config_map_counts_where_an_index_names_it_as_its_gold_set() {
    let index = with("  evaluation: {goldSetRef: {name: gold}}\n");
    let map = |name: &str, data: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {data}\n---\n")
    };
    let judge = |maps: &[String]| admit_file("a.yaml", format!("{}{index}", maps.concat()).as_bytes());
    let told = |admission: &Admission| admission.errors.iter().map(ToString::to_string).collect::<Vec<_>>();

    let admission = judge(&[map("gold", "{qrels.tsv: a}"), map("other", "[1]")]);
    assert_eq!(told(&admission), [""; 0]);
    assert_eq!(admission.config_maps.len(), 1);
    assert_eq!(admission.config_maps[0].resource.texts["qrels.tsv"], "a");
    let unused: Vec<_> = admission.not_used.iter().map(|unused| unused.object.as_str()).collect();
    assert_eq!(unused, ["ConfigMap/other"]);

    let broken = told(&judge(&[map("gold", "{qrels.tsv: 1}")]));
    assert!(broken[0].starts_with("a.yaml:4: ConfigMap/gold: data.qrels.tsv: Invalid value"), "{broken:?}");
    let twice = told(&judge(&[map("gold", "{}"), map("gold", "{}")]));
    assert!(twice[0].contains("ConfigMap/gold is defined at a.yaml:1 already"), "{twice:?}");
}

#[test]
fn what_is_not_built_yet_is_refused_by_name() {
    let object = "a.yaml:11: RagIndex/runbooks: ";
    let check = |line: &str, message: &str| refused(&with(line), &[&format!("{object}{message}")]);
    check(
        "  graph: {type: Extractive}\n",
        r#"spec.graph.type: Unsupported value: "Extractive": not built yet in this version; use "Off""#,
    );
    check(
        "  evaluation: {gate: {maxRegression: 0.1}}\n",
        "spec.evaluation.gate: Forbidden: not built yet in this version; remove it: every verified revision is promoted",
    );
    check(
        "  rollout: {pinnedRevision: 4f1c09ab}\n",
        r#"spec.rollout.pinnedRevision: Unsupported value: "4f1c09ab": not built yet in this version; remove it"#,
    );
    check(
        "  notifications: {slack: {webhookSecretRef: {name: slack, key: url}}}\n",
        "spec.notifications.slack: Forbidden: not built yet in this version; remove it",
    );
    check(
        "  schedule: {cron: '@daily'}\n",
        "spec.schedule: Forbidden: not built yet in this version; remove it: changed documents are seen without a schedule",
    );
    check("  suspend: true\n", "spec.suspend: Unsupported value: true: not built yet in this version; remove it");
}

#[test]
fn values_that_are_built_are_not_refused() {
    for line in [
        "  index: {type: Flat}\n",
        "  graph: {type: \"Off\"}\n",
        "  suspend: false\n",
        "  answering: {backendRefs: []}\n",
        "  answering: {backendRefs: [{name: llama}], strategy: Failover}\n",
        "  confidence: {type: Fixed, minimum: 0.74}\n",
        "  rollout: {promotion: Automatic, revisionHistoryLimit: 5}\n",
        "  schedule: null\n",
    ] {
        let admission = admit(&with(line));
        assert!(admission.errors.is_empty() && admission.not_used.is_empty(), "{line}: {admission:?}");
    }
}

#[test]
fn a_source_of_a_cluster_is_refused_with_what_to_use_instead() {
    let check = |source: &str, message: &str| {
        let text = MINIMAL.split("    - name").next().unwrap().to_owned() + source;
        refused(&text, &[message]);
    };
    check(
        "    - {name: wiki, type: Volume, volume: {claimRef: {name: wiki}}}\n",
        r#"a.yaml:7: RagIndex/runbooks: spec.sources[0].type: Unsupported value: "Volume": means something only in a cluster; use type "Folder""#,
    );
    check(
        "    - {name: faq, type: ConfigMap, configMap: {configMapRef: {name: faq}}}\n",
        r#"a.yaml:7: RagIndex/runbooks: spec.sources[0].type: Unsupported value: "ConfigMap": means something only in a cluster; use type "Folder""#,
    );
    check(
        "    - {name: repo, type: Git, git: {url: \"https://git.example.com/x.git\"}}\n",
        r#"a.yaml:7: RagIndex/runbooks: spec.sources[0].type: Unsupported value: "Git": not built yet in this version; clone it and use type "Folder""#,
    );
}

#[test]
fn what_means_something_only_in_a_cluster_is_accepted_and_reported() {
    let admission =
        admit(&with("  serving: {replicas: 2}\n  storage: {size: 5Gi}\n  rollout: {scaleDownDelaySeconds: 5}\n"));
    assert!(admission.errors.is_empty());
    assert_eq!(admission.indexes.len(), 1);
    let notes: Vec<String> = admission.not_used.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "a.yaml:13: RagIndex/runbooks: spec.rollout.scaleDownDelaySeconds is not used: means something only in a cluster: this process serves by itself",
            "a.yaml:11: RagIndex/runbooks: spec.serving is not used: means something only in a cluster: this process serves by itself",
            "a.yaml:12: RagIndex/runbooks: spec.storage is not used: means something only in a cluster: revisions are kept in the data folder",
        ]
    );
}

#[test]
fn backends_and_documents_of_others_are_checked_and_reported() {
    let text = "\
apiVersion: ragops.dev/v1alpha1
kind: LlmBackend
metadata: {name: llama}
spec: {type: External, external: {url: \"https://llm.example.com/v1\", model: m}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: gold}
";
    let admission = admit(text);
    assert!(admission.errors.is_empty(), "{:?}", admission.errors);
    assert_eq!(admission.backends.len(), 1);
    let notes: Vec<String> = admission.not_used.iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["a.yaml:7: ConfigMap/gold: is not used: it is not a resource of ragops.dev",]);
}

#[test]
fn secrets_are_read_and_wrong_ones_refused_by_line_without_their_values() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: openai}\nstringData:\n  key: sk-1\n";
    let admission = admit(&format!("{MINIMAL}---\n{secret}"));
    assert!(admission.errors.is_empty() && admission.not_used.is_empty(), "{:?}", admission.errors);
    assert_eq!(admission.secrets[0].value("key"), Some("sk-1"));
    refused(
        &secret.replace("stringData", "data"),
        &[
            "a.yaml:5: Secret/openai: data.key: Invalid value: must be text in base64; write it under stringData as it is",
        ],
    );
}

#[test]
fn every_mistake_of_a_file_is_reported_with_its_line_and_the_rest_is_admitted() {
    let wrong = MINIMAL.replace("name: runbooks", "name: handbook") + "  retrieval:\n    topk: 3\n    topK: 0\n";
    let text = format!("{wrong}---\n{{\n---\n{MINIMAL}");
    let admission = admit(&text);
    assert_eq!(admission.indexes.len(), 1);
    assert_eq!(admission.indexes[0].place.to_string(), "a.yaml:17");
    assert_eq!(admission.indexes[0].place.document, 3);
    let messages: Vec<String> = admission.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            r#"a.yaml:12: RagIndex/handbook: strict decoding error: unknown field "spec.retrieval.topk"; did you mean topK? docs/crd-reference.md lists the fields"#,
            "a.yaml:13: RagIndex/handbook: spec.retrieval.topK: Invalid value: 0: spec.retrieval.topK in body should be greater than or equal to 1",
            "a.yaml:15: cannot read YAML: unclosed bracket '{'",
        ]
    );
}

#[test]
fn mistakes_that_yaml_lays_are_explained() {
    refused(
        &with("  graph: {type: Off}\n"),
        &[
            r#"a.yaml:11: RagIndex/runbooks: spec.graph.type: Invalid value: "boolean": spec.graph.type in body must be of type string: "boolean" (YAML reads bare yes, no, on and off as booleans: write the word in quotes)"#,
            r#"a.yaml:11: RagIndex/runbooks: spec.graph.type: Unsupported value: false: supported values: "Off" (not in this version, or only in a cluster: "Extractive", "Backend", "External")"#,
        ],
    );
    refused(
        &with("  rollout: {pinnedRevision: 12345678}\n"),
        &[
            r#"a.yaml:11: RagIndex/runbooks: spec.rollout.pinnedRevision: Invalid value: "integer": spec.rollout.pinnedRevision in body must be of type string: "integer" (write the number in quotes)"#,
        ],
    );
}

#[test]
fn a_resource_is_defined_once() {
    let other = MINIMAL.replace("./docs", "./other");
    let admission = admit_files([("a.yaml", MINIMAL.as_bytes()), ("b.yaml", other.as_bytes())]);
    assert_eq!(admission.indexes.len(), 1);
    assert_eq!(admission.errors[0].refusal.code(), "defined_twice");
    assert_eq!(
        admission.errors[0].to_string(),
        r#"b.yaml:1: RagIndex/runbooks: metadata.name: Duplicate value: "runbooks": RagIndex/runbooks is defined at a.yaml:1 already"#
    );
}

#[test]
fn json_is_read_as_yaml() {
    let text = json!({"apiVersion": "ragops.dev/v1alpha1", "kind": "RagIndex", "metadata": {"name": "runbooks"},
        "spec": {"sources": [{"name": "docs", "type": "Folder", "folder": {"path": "문서"}}]}});
    let admission = admit(&text.to_string());
    assert_eq!(admission.indexes[0].resource.spec.sources[0].folder.as_ref().unwrap().path, "문서");
}

#[test]
fn bytes_that_are_not_yaml_are_refused() {
    let check = |bytes: &[u8], code: &str, message: &str| {
        let admission = admit_file("a.yaml", bytes);
        let [error] = admission.errors.as_slice() else { panic!("one error: {:?}", admission.errors) };
        assert_eq!((error.refusal.code(), error.to_string().as_str()), (code, message));
    };
    check(b"a: \xff\xfe", "invalid_yaml", "a.yaml:1: the file is not UTF-8 (byte 3): save it as UTF-8");
    check(
        b"just words",
        "unreadable_document",
        "a.yaml:1: a document must be an object with apiVersion, kind and metadata",
    );
    check(
        b"kind: RagIndex",
        "unreadable_document",
        "a.yaml:1: Object 'apiVersion' is missing: write apiVersion: ragops.dev/v1alpha1",
    );
    check(b"a: 1\nb: 2\na: 3", "invalid_yaml", "a.yaml:3: key \"a\" already set in map");
    check(b"a: !!binary x", "invalid_yaml", "a.yaml:1: cannot read YAML: invalid !!binary base64");
    check(
        b"apiVersion: ragops.dev/v2\nkind: RagIndex",
        "unknown_kind",
        "a.yaml:2: no matches for kind \"RagIndex\" in version \"ragops.dev/v2\"; write apiVersion: ragops.dev/v1alpha1",
    );
    check(
        b"apiVersion: example.com/v1\nkind: RagIndex",
        "unknown_kind",
        "a.yaml:2: no matches for kind \"RagIndex\" in version \"example.com/v1\"; write apiVersion: ragops.dev/v1alpha1",
    );
}

#[test]
fn an_empty_file_and_one_of_comments_hold_nothing() {
    for text in ["", "# nothing\n", "---\n---\n# nothing\n...\n", "\u{feff}"] {
        let admission = admit(text);
        assert!(admission.errors.is_empty() && admission.indexes.is_empty(), "{text:?}: {admission:?}");
    }
}

#[test]
fn huge_files_deep_documents_and_alias_bombs_are_refused() {
    let check = |text: &str, part: &str| {
        let admission = admit(text);
        let messages: Vec<String> = admission.errors.iter().map(ToString::to_string).collect();
        assert!(messages.iter().any(|message| message.contains(part)), "{part}: {messages:?}");
    };
    check(&"#".repeat(MAX_FILE_BYTES + 1), "at most 16777216 are read");
    check(&format!("a: {}", "x".repeat(MAX_DOCUMENT_BYTES)), "at most 1048576 are allowed");
    check(&"a: 1\n---\n".repeat(MAX_DOCUMENTS + 1), "more than 1000 documents");
    check(&"[".repeat(100_000), "recursion limit exceeded");
    check(&"{a: ".repeat(100_000), "recursion limit exceeded");
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..20 {
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(",")));
    }
    check(&bomb, "budget breached");
}

#[test]
fn an_update_is_judged_against_the_stored_object() {
    let backend = |role: &str, url: &str| {
        json!({"apiVersion": "ragops.dev/v1alpha1", "kind": "LlmBackend", "metadata": {"name": "llama"},
            "spec": {"role": role, "type": "External", "external": {"url": url, "model": "m"}}})
    };
    let stored = backend("Chat", "https://a.example.com/v1");
    assert!(judge::<LlmBackend>(&backend("Chat", "https://b.example.com/v1"), Some(&stored)).is_ok());
    let refusals = judge::<LlmBackend>(&backend("Embedding", "https://a.example.com/v1"), Some(&stored)).unwrap_err();
    let messages: Vec<String> = refusals.iter().map(Refusal::server_words).collect();
    assert_eq!(messages, ["spec.role: Forbidden: role cannot be changed: make another LlmBackend and refer to that"]);
}

#[test]
fn an_update_does_not_refuse_what_it_leaves_unchanged() {
    let index = |max_tokens: i64, top_k: i64| {
        json!({"apiVersion": "ragops.dev/v1alpha1", "kind": "RagIndex", "metadata": {"name": "runbooks"},
            "spec": {"sources": [{"name": "docs", "type": "Folder", "folder": {"path": "."}}],
                "chunking": {"maxTokens": max_tokens, "overlapTokens": 20}, "retrieval": {"topK": top_k}}})
    };
    // Stored when the rules were other: too many tokens, and less than the overlap.
    for stored in [index(100_000, 8), index(16, 8)] {
        let mut edited = stored.clone();
        edited["spec"]["retrieval"]["topK"] = json!(9);
        assert!(judge::<RagIndex>(&edited, Some(&stored)).is_ok());
        edited["spec"]["chunking"]["overlapTokens"] = json!(30_000);
        assert!(judge::<RagIndex>(&edited, Some(&stored)).is_err());
    }
}
