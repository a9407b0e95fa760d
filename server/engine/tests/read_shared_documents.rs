//! Real documents of the shared test data: read, chunked, and compared with what their manifest says of them.

use std::path::{Path, PathBuf};

use ragops_engine::chunk::{ChunkSettings, chunk};
use ragops_engine::document::{Document, FindingCode, Language, SourceName};
use ragops_engine::read::{FolderSource, Reading, Registry, scan};

#[path = "../../../e2e/src/skip.rs"]
#[allow(unreachable_pub, reason = "public where it is at home")]
mod skip;
use skip::{Unavailable, skip, this_test};

/// The shared data, or `None` after saying so.
fn shared(name: &str) -> Option<PathBuf> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    #[allow(clippy::disallowed_methods)] // Tests find their data by the environment; the engine never reads it.
    let root = std::env::var("RAGOPS_SHARED").map_or(beside_the_repository, PathBuf::from);
    let path = root.join("data").join(name);
    if path.exists() {
        return Some(path);
    }
    let reason = format!("{} is absent; set RAGOPS_SHARED to the folder of shared test data", path.display());
    skip(&this_test(), &Unavailable::Missing(reason));
    None
}

fn read_all(root: PathBuf) -> Vec<(String, Reading)> {
    let source = FolderSource {
        name: SourceName::new("documents"),
        root,
        include: vec![],
        exclude: vec!["manifest.jsonl".to_owned()],
        on_error: ragops_engine::read::OnError::Skip,
    };
    let scan = scan(&source).expect("the folder can be listed");
    let registry = Registry::with(std::sync::Arc::new(ragops_engine::read::InProcess));
    scan.files.iter().map(|file| (file.path.clone(), registry.read(&file.load().expect("the file is there")))).collect()
}

fn text(document: &Document) -> String {
    document.blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn real_documents_are_read_or_refused_by_name() {
    let Some(root) = shared("documents") else { return };
    let readings = read_all(root);
    let find = |name: &str| {
        let reading = &readings.iter().find(|(path, _)| path.ends_with(name)).expect(name).1;
        assert_eq!(reading.findings, [], "{name}");
        text(&reading.documents[0])
    };
    assert!(find("gen_ko_wrong-charset.html").chars().any(|c| ('가'..='힣').contains(&c)));
    assert!(find("fake-text-utf-16-le.txt").starts_with("This is a test document"));
    assert!(find("russian.cp866.txt").contains(' '));
    assert!(find("docling__nested.md").contains("Second item with subitems:"));
    assert!(!find("example-with-scripts.html").contains("function("));
    let decomposed = find("자소분리.md");
    assert!(decomposed.contains("클러스터") && !decomposed.contains('\u{1100}'));
    for (path, reading) in &readings {
        let refused = reading.findings.iter().any(|f| f.code == FindingCode::UnsupportedFormat);
        assert_eq!(refused, path.ends_with(".doc"), "{path}: {:?}", reading.findings);
        assert_eq!(refused, reading.documents.is_empty(), "{path}: {:?}", reading.findings);
    }
}

#[test]
fn every_record_of_the_retrieval_sets_is_read_and_chunked() {
    let settings = ChunkSettings { max_tokens: 384, overlap_tokens: 48 };
    let counter = |text: &str| text.len().div_ceil(4);
    for (set, records) in [("runbooks", 379), ("k8s_docs", 868), ("clapnq_dev", 597)] {
        let Some(root) = shared(set) else { return };
        let registry = Registry::with(std::sync::Arc::new(ragops_engine::read::InProcess));
        let source = FolderSource {
            name: SourceName::new(set),
            root,
            include: vec!["corpus.jsonl".to_owned()],
            exclude: vec![],
            on_error: ragops_engine::read::OnError::Skip,
        };
        let files = scan(&source).expect("the folder can be listed").files;
        let reading = registry.read(&files[0].load().expect("the file is there"));
        assert_eq!((reading.documents.len(), reading.findings.len()), (records, 0), "{set}: {:?}", reading.findings);
        for document in &reading.documents {
            let chunks = chunk(document, &settings, &counter);
            assert!(!chunks.is_empty(), "{}", document.id);
            assert!(chunks.iter().all(|chunk| chunk.tokens <= 384), "{}", document.id);
        }
        let korean = reading.documents.iter().filter(|d| d.id.as_str().starts_with("ko/"));
        let (all, right) = korean.fold((0, 0), |(all, right), document| {
            (all + 1, right + usize::from(document.language == Some(Language::Korean)))
        });
        assert!(right * 100 >= all * 97, "{set}: {right} of {all} Korean pages are told to be Korean");
    }
}
