//! A data folder, a source folder and a model whose vectors are hashes of words.

use std::fs;
use std::path::{Path, PathBuf};

use ragops_embed::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor};
use ragops_engine::build::{BuildError, BuildObserver, BuildOutcome, BuildRequest, SharedExtractor, Unobserved, build};
use ragops_engine::document::SourceName;
use ragops_engine::read::FolderSource;
use ragops_engine::revision::RevisionStore;
use ragops_engine::settings::BuildSettings;
use ragops_storage::digest_bytes;

const DIMENSION: usize = 16;

/// Equal words, equal vectors; nothing more is asked of it here.
pub(crate) struct WordHashes(ModelIdentity);

impl WordHashes {
    pub(crate) fn new() -> Self {
        let digest = digest_bytes(b"word hashes");
        Self(ModelIdentity { name: "word-hashes".to_owned(), digest, dimension: DIMENSION, max_tokens: 512 })
    }

    fn vector(text: &str) -> Vec<f32> {
        let mut vector = vec![0.01_f32; DIMENSION];
        for word in text.split_whitespace() {
            let hash = word.bytes().fold(5381_usize, |hash, byte| hash.wrapping_mul(33) ^ usize::from(byte));
            vector[hash % DIMENSION] += 1.0;
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|x| *x /= length);
        vector
    }

    fn embed(texts: &[&str]) -> Embeddings {
        Embeddings::from_values(DIMENSION, texts.iter().flat_map(|text| Self::vector(text)).collect()).unwrap()
    }
}

impl EmbeddingModel for WordHashes {
    fn identity(&self) -> &ModelIdentity {
        &self.0
    }

    fn embed_passages(&self, texts: &[&str], monitor: &dyn Monitor) -> Result<Embeddings, EmbedError> {
        if monitor.advanced(texts.len()).is_break() {
            return Err(EmbedError::Cancelled);
        }
        Ok(Self::embed(texts))
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        Ok(Self::embed(texts))
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        Ok(Self::vector(text))
    }

    fn token_starts(&self, text: &str) -> Vec<usize> {
        text.split_whitespace().map(|word| word.as_ptr() as usize - text.as_ptr() as usize).collect()
    }
}

/// The folders of one test.
pub(crate) struct World(tempfile::TempDir);

impl World {
    /// With one page.
    pub(crate) fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        world.write("kafka.md", "# Kafka\n\nConsumer lag grows when a broker is slow. Restart the broker.\n");
        world
    }

    pub(crate) fn docs(&self) -> PathBuf {
        self.0.path().join("docs")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.docs().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn store(&self) -> RevisionStore {
        RevisionStore::of_index(&self.0.path().join("data"), "docs")
    }

    pub(crate) fn request(&self) -> BuildRequest {
        request(&self.docs())
    }

    pub(crate) fn build(&self) -> Result<BuildOutcome, BuildError> {
        self.build_observed(&Unobserved)
    }

    pub(crate) fn build_observed(&self, observer: &dyn BuildObserver) -> Result<BuildOutcome, BuildError> {
        build(&self.request(), &WordHashes::new(), &self.store(), observer)
    }

    pub(crate) fn build_request(&self, request: &BuildRequest) -> Result<BuildOutcome, BuildError> {
        build(request, &WordHashes::new(), &self.store(), &Unobserved)
    }

    /// Builds, and gives the folder of the revision.
    pub(crate) fn built(&self) -> PathBuf {
        self.store().path_of(&self.build().unwrap().revision)
    }
}

fn request(docs: &Path) -> BuildRequest {
    let source = FolderSource {
        name: SourceName::new("docs"),
        root: docs.to_path_buf(),
        include: Vec::new(),
        exclude: Vec::new(),
        on_error: ragops_engine::read::OnError::Skip,
    };
    BuildRequest {
        index: "docs".to_owned(),
        sources: vec![source],
        settings: BuildSettings::default(),
        created_time: "2026-01-02T03:04:05Z".to_owned(),
        built_by: "tests".to_owned(),
        history: 2,
        extractor: SharedExtractor(std::sync::Arc::new(ragops_engine::read::InProcess)),
        gold: None,
        documents: None,
    }
}
