//! From files of resources to what is to be served. Whether a resource is valid is decided by `ragops_crds::admission`,
//! as an API server would; here files are found and read, and a valid RagIndex becomes the engine's settings.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ragops_crds::admission::{self, Admission, Admitted, ConfigMap};
use ragops_crds::v1alpha1::llm_backend::{BackendRole, LlmBackend};
use ragops_crds::v1alpha1::rag_index::{
    ConfidenceCut, IndexType, OnError, RagIndex, RagIndexSpec, Source, SourceType, default_include,
};
use ragops_engine::chunk::ChunkSettings;
use ragops_engine::document::SourceName;
use ragops_engine::evaluate::GoldSet;
use ragops_engine::read::FolderSource;
use ragops_engine::settings::{
    AnsweringSettings, BuildSettings, ConfidenceSettings, QuerySettings, RetrievalSettings, VectorIndexType,
};
use ragops_llm::chat::ChatConfig;
use ragops_llm::rerank::RerankConfig;

use crate::backends::{ChatRecord, DEFAULT_MODEL, Embedder, RerankRecord, chat_configs, refusal, rerank_config};
use crate::query_record::InForce;
use crate::settings::{Secrets, Settings};

/// Bytes of one file of resources. Kubernetes itself stores at most 1.5 MiB of one object.
const MAX_FILE_BYTES: u64 = 8 << 20;
/// Files of resources in one folder.
const MAX_FILES: usize = 1_000;

/// What is to be served.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resources {
    /// The indexes, by name.
    pub indexes: Vec<IndexConfig>,
    /// Fields that mean something in a cluster only, each with its file and path.
    pub not_used: Vec<String>,
}

/// One RagIndex as the engine needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexConfig {
    /// Its name.
    pub name: String,
    /// Where its documents are.
    pub folders: Vec<Folder>,
    /// What a change of needs a build.
    pub build: BuildSettings,
    /// What can change while it serves.
    pub query: QuerySettings,
    /// The embedding model.
    pub embedder: Embedder,
    /// Who words answers, in the order in which they are asked; none for answers that quote.
    pub chat: Vec<ChatConfig>,
    /// Who puts passages into order; none for the order in which they are found.
    pub reranker: Option<RerankConfig>,
    /// Questions that each revision is measured and calibrated by.
    pub gold: Option<Arc<GoldSet>>,
    /// Inactive revisions to keep.
    pub history: usize,
}

/// A folder of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The source's name.
    pub name: String,
    /// Where it is, absolute.
    pub path: PathBuf,
    /// Where it is, as the resources write it.
    pub written: String,
    /// Globs of files to take.
    pub include: Vec<String>,
    /// Globs of files to leave out.
    pub exclude: Vec<String>,
    /// What becomes of a build when a file cannot be used.
    pub on_error: OnError,
}

impl Folder {
    /// As the engine takes it, to whom no `include` means what the default one says: whatever a reader takes, and a
    /// finding for every other file.
    pub fn source(&self) -> FolderSource {
        let include = if self.include == default_include() { Vec::new() } else { self.include.clone() };
        FolderSource {
            name: SourceName::new(self.name.as_str()),
            root: self.path.clone(),
            include,
            exclude: self.exclude.clone(),
            on_error: match self.on_error {
                OnError::Skip => ragops_engine::read::OnError::Skip,
                OnError::Fail => ragops_engine::read::OnError::Fail,
            },
        }
    }
}

/// Where resources come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file, or a folder with files, of YAML.
    Path(PathBuf),
    /// A GraphRAG project: one index `default` over its `input` folder.
    GraphRagRoot(PathBuf),
}

/// What to do about a file of resources that cannot be read.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "give the user of this process read access to it",
        _ => "write it, or give another file or folder with -f",
    }
}

/// The resources cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ResourcesError {
    /// Nothing says what to index.
    #[error(
        "nothing says what to index: give a file or folder of resources with -f, such as -f config/samples/ragindex.yaml"
    )]
    Unnamed,
    /// A file or folder is not there or cannot be read.
    #[error("cannot read {}: {source}; {}", .path.display(), advice(.source))]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder without YAML.
    #[error("{} holds no *.yaml or *.yml file", .0.display())]
    NoFiles(PathBuf),
    /// A folder with too many files.
    #[error("{} holds more than {MAX_FILES} files of resources; give a smaller folder", .0.display())]
    TooManyFiles(PathBuf),
    /// A file that is too large to be resources.
    #[error("{} is larger than {MAX_FILE_BYTES} bytes; that is not a file of resources", .0.display())]
    TooLarge(PathBuf),
    /// Resources that an API server would refuse.
    #[error("the resources are refused:\n{}", .0.iter().map(|error| format!("  {error}")).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<String>),
    /// Valid resources, but nothing to serve.
    #[error("{} has no RagIndex; write one, or give another file with -f", .0.display())]
    NoIndex(PathBuf),
}

impl Origin {
    /// From `-f`, or else from the environment.
    pub fn of(file: Option<PathBuf>, settings: &Settings) -> Result<Self, ResourcesError> {
        match (file, &settings.graph_rag_root) {
            (Some(path), _) => Ok(Self::Path(path)),
            (None, Some(root)) => Ok(Self::GraphRagRoot(root.clone())),
            (None, None) => Err(ResourcesError::Unnamed),
        }
    }

    /// The file or folder whose change means other resources.
    pub fn watched(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::GraphRagRoot(_) => None,
        }
    }

    /// Reads and judges everything there is.
    pub fn load(&self, settings: &Settings) -> Result<Resources, ResourcesError> {
        let mut resources = match self {
            Self::Path(path) => load_path(path, &settings.secrets)?,
            Self::GraphRagRoot(root) => graph_rag_resources(root)?,
        };
        if let Some(minimum) = settings.confidence_minimum {
            for index in &mut resources.indexes {
                index.query.confidence = ConfidenceSettings::Fixed { minimum };
            }
        }
        Ok(resources)
    }
}

fn graph_rag_resources(root: &Path) -> Result<Resources, ResourcesError> {
    let path = absolute(&root.join("input"))?;
    let folder = Folder {
        name: "input".to_owned(),
        path,
        written: "input".to_owned(),
        include: default_include(),
        on_error: OnError::Skip,
        exclude: Vec::new(),
    };
    let index = IndexConfig {
        name: "default".to_owned(),
        folders: vec![folder],
        build: BuildSettings::default(),
        query: QuerySettings::default(),
        embedder: Embedder::Local(DEFAULT_MODEL.to_owned()),
        chat: Vec::new(),
        reranker: None,
        gold: None,
        history: 3,
    };
    Ok(Resources { indexes: vec![index], not_used: Vec::new() })
}

fn load_path(path: &Path, secrets: &Secrets) -> Result<Resources, ResourcesError> {
    let mut files = Vec::new();
    for file in list(path)? {
        files.push((file.display().to_string(), read(&file)?, base_of(&file)?));
    }
    let admission = admission::admit_files(files.iter().map(|(name, bytes, _)| (name.as_str(), bytes.as_slice())));
    if !admission.errors.is_empty() {
        return Err(ResourcesError::Refused(admission.errors.iter().map(ToString::to_string).collect()));
    }
    let base = |name: &str| files.iter().find(|(known, _, _)| known == name).map(|(_, _, base)| base.as_path());
    let (mut indexes, mut refused) = (Vec::new(), Vec::new());
    for index in &admission.indexes {
        let embedder = Embedder::of(index, &admission, secrets);
        let chat = chat_configs(index, &admission, secrets);
        let reranker = rerank_config(index, &admission, secrets);
        let gold = gold_set(index, &admission);
        match (embedder, chat, reranker, gold) {
            (Ok(embedder), Ok(chat), Ok(reranker), Ok(gold)) => {
                let base = base(&index.place.file).unwrap_or(path);
                let config = IndexConfig::of(&index.resource, base, embedder);
                indexes.push(IndexConfig { chat, reranker, gold, ..config });
            }
            (embedder, chat, reranker, gold) => {
                refused.extend([embedder.err(), chat.err(), reranker.err(), gold.err()].into_iter().flatten());
            }
        }
    }
    if !refused.is_empty() {
        return Err(ResourcesError::Refused(refused));
    }
    if indexes.is_empty() {
        return Err(ResourcesError::NoIndex(path.to_owned()));
    }
    indexes.sort_by(|a, b| a.name.cmp(&b.name));
    let mut not_used: Vec<String> = admission.not_used.iter().map(ToString::to_string).collect();
    not_used.extend(admission.backends.iter().filter_map(|backend| unused_backend(backend, &indexes)));
    Ok(Resources { indexes, not_used })
}

/// The gold set that an index names, from the ConfigMap among the resources.
fn gold_set(index: &Admitted<RagIndex>, admission: &Admission) -> Result<Option<Arc<GoldSet>>, String> {
    let evaluation = index.resource.spec.evaluation.as_ref();
    let Some(reference) = evaluation.and_then(|it| it.gold_set_ref.as_ref()) else { return Ok(None) };
    let refused = |reason: String| refusal(index, "spec.evaluation.goldSetRef", &reason);
    let name = &reference.name;
    let map = admission.config_maps.iter().find(|map| map.resource.name == *name).ok_or_else(|| {
        refused(format!(
            "there is no ConfigMap `{name}` among the resources; make it of the files of a gold set: `kubectl create \
             configmap {name} --from-file=queries.jsonl --from-file=qrels.tsv \
             --from-file=queries_unanswerable.jsonl --dry-run=client -o yaml`"
        ))
    })?;
    let shown = format!("{}/{name}", ConfigMap::KIND);
    if let Some(key) = map.resource.binary.iter().find(|key| GoldSet::FILES.contains(&key.as_str())) {
        return Err(refused(format!("{shown}: binaryData.{key} is no text in UTF-8; save the file as UTF-8")));
    }
    GoldSet::from_texts(&shown, &map.resource.texts)
        .map(|gold| Some(Arc::new(gold)))
        .map_err(|e| refused(e.to_string()))
}

/// A backend that no index names has no effect here.
fn unused_backend(backend: &Admitted<LlmBackend>, indexes: &[IndexConfig]) -> Option<String> {
    let name = backend.resource.metadata.name.clone().unwrap_or_default();
    let embeds = |index: &IndexConfig| matches!(&index.embedder, Embedder::Remote(config) if config.backend == name);
    let reranks = |index: &IndexConfig| index.reranker.as_ref().is_some_and(|config| config.backend == name);
    let words = |index: &IndexConfig| index.chat.iter().any(|config| config.backend == name);
    let uses = |index: &IndexConfig| embeds(index) || words(index) || reranks(index);
    let why = match backend.resource.spec.role {
        BackendRole::Chat => "no RagIndex names it in spec.answering.backendRefs",
        BackendRole::Embedding => "no RagIndex names it in spec.embedding.backendRef",
        BackendRole::Reranking => "no RagIndex names it in spec.retrieval.reranking.backendRef",
    };
    (!indexes.iter().any(uses)).then(|| format!("{}: LlmBackend/{name}: is not used: {why}", backend.place))
}

/// Where the relative paths of a file start, absolute.
fn base_of(file: &Path) -> Result<PathBuf, ResourcesError> {
    absolute(file.parent().unwrap_or(Path::new("")))
}

/// The file itself, or the YAML files of a folder in the order of their names; folders below are not entered.
fn list(path: &Path) -> Result<Vec<PathBuf>, ResourcesError> {
    let failed = |source| ResourcesError::Read { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let is_yaml = file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        let is_hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_yaml && !is_hidden && file.is_file() {
            files.push(file);
        }
        if files.len() > MAX_FILES {
            return Err(ResourcesError::TooManyFiles(path.to_owned()));
        }
    }
    files.sort();
    if files.is_empty() { Err(ResourcesError::NoFiles(path.to_owned())) } else { Ok(files) }
}

fn read(path: &Path) -> Result<Vec<u8>, ResourcesError> {
    let failed = |source| ResourcesError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES { Err(ResourcesError::TooLarge(path.to_owned())) } else { Ok(bytes) }
}

fn absolute(path: &Path) -> Result<PathBuf, ResourcesError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).map_err(|source| ResourcesError::Read { path: path.to_owned(), source })
}

impl IndexConfig {
    /// How it is asked, as it is kept beside its revisions.
    pub fn in_force(&self) -> InForce {
        InForce {
            query: self.query,
            chat: self.chat.iter().map(ChatRecord::of).collect(),
            reranker: self.reranker.as_ref().map(RerankRecord::of),
        }
    }

    /// The LlmBackends that it names.
    pub fn backends(&self) -> impl Iterator<Item = &str> {
        let chat = self.chat.iter().map(|config| config.backend.as_str());
        chat.chain(self.reranker.as_ref().map(|config| config.backend.as_str())).chain(self.embedder.backend())
    }

    /// What an admitted RagIndex says; relative folders start at `base`.
    fn of(index: &RagIndex, base: &Path, embedder: Embedder) -> Self {
        let spec = &index.spec;
        Self {
            name: index.metadata.name.clone().unwrap_or_default(),
            folders: folders(spec, base),
            build: BuildSettings { chunking: chunking(spec), index: vector_index(spec) },
            query: query(spec),
            embedder,
            chat: Vec::new(),
            reranker: None,
            gold: None,
            history: positive(spec.rollout.revision_history_limit),
        }
    }
}

/// Folders only: admission refuses every other type in a standalone server.
fn folders(spec: &RagIndexSpec, base: &Path) -> Vec<Folder> {
    let folders = spec.sources.iter().filter(|source| source.source_type == SourceType::Folder);
    let folder = |source: &Source| {
        let folder = source.folder.as_ref()?;
        Some(Folder {
            name: source.name.clone(),
            // Without the `.` of `./docs`, which would stand in the middle of every path that is printed.
            path: base.join(&folder.path).components().collect(),
            written: folder.path.clone(),
            include: folder.include.clone(),
            exclude: folder.exclude.clone(),
            on_error: source.on_error,
        })
    };
    folders.filter_map(folder).collect()
}

fn chunking(spec: &RagIndexSpec) -> ChunkSettings {
    ChunkSettings {
        max_tokens: spec.chunking.max_tokens.unsigned_abs(),
        overlap_tokens: spec.chunking.overlap_tokens.unsigned_abs(),
    }
}

/// The types that are not built yet are refused at admission.
fn vector_index(spec: &RagIndexSpec) -> VectorIndexType {
    match spec.index.index_type {
        IndexType::Auto => VectorIndexType::Auto,
        IndexType::Flat => VectorIndexType::Flat,
        IndexType::IvfPq => VectorIndexType::IvfPq,
        IndexType::Hnsw => VectorIndexType::Hnsw,
        // The schema asks for the string with this type; an empty one is refused by the engine, by name.
        IndexType::Factory => VectorIndexType::Factory(spec.index.factory.clone().unwrap_or_default()),
    }
}

fn query(spec: &RagIndexSpec) -> QuerySettings {
    QuerySettings {
        retrieval: RetrievalSettings {
            top_k: positive(spec.retrieval.top_k),
            channel_depth: positive(spec.retrieval.channel_depth),
            rerank_depth: spec
                .retrieval
                .reranking
                .as_ref()
                .map_or(RetrievalSettings::default().rerank_depth, |reranking| positive(reranking.depth)),
        },
        answering: AnsweringSettings {
            min_similarity: spec.answering.attribution.min_similarity.map(|value| value as f32),
            max_citations: positive(spec.answering.attribution.max_citations),
        },
        confidence: match spec.confidence.cut() {
            ConfidenceCut::Calibrated { target_precision } => {
                ConfidenceSettings::Calibrated { target_precision: target_precision as f32 }
            }
            ConfidenceCut::Fixed { minimum } => ConfidenceSettings::Fixed { minimum: minimum as f32 },
        },
    }
}

/// Admission has checked the range; a negative number would be a fault of its rules and becomes 0.
fn positive(number: i32) -> usize {
    usize::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragops_engine::read::media::{ACCEPTED, extension};

    #[test]
    fn the_default_include_names_what_the_engine_reads_and_leaves_the_rest_to_it() {
        let of = |pattern: &String| format!(".{}", extension(pattern).unwrap());
        assert_eq!(default_include().iter().map(of).collect::<Vec<_>>().join(", "), ACCEPTED);
        let folder = |include: Vec<String>| Folder {
            name: "docs".to_owned(),
            path: PathBuf::from("/docs"),
            written: "docs".to_owned(),
            include,
            exclude: Vec::new(),
            on_error: OnError::Skip,
        };
        assert_eq!(folder(default_include()).source().include, Vec::<String>::new());
        let own = vec!["**/*.md".to_owned()];
        assert_eq!(folder(own.clone()).source().include, own);
    }

    #[test]
    fn a_folder_lies_beside_its_resources_without_dots_in_its_path() {
        let check = |written: &str, path: &str| {
            let dir = tempfile::tempdir().unwrap();
            let yaml = format!(
                "apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\nmetadata: {{name: a}}\nspec:\n  sources:\n  - {{name: d, \
                 type: Folder, folder: {{path: {written}}}}}\n"
            );
            fs::write(dir.path().join("rag.yaml"), yaml).unwrap();
            let resources = load_path(&dir.path().join("rag.yaml"), &Secrets::default()).unwrap();
            let folder = &resources.indexes[0].folders[0];
            let expected = if path.starts_with('/') { PathBuf::from(path) } else { dir.path().join(path) };
            // As text: two paths that differ in a `.` are equal as paths.
            assert_eq!(folder.path.display().to_string(), expected.display().to_string());
            assert_eq!(folder.written, written);
        };
        check("./docs", "docs");
        check("a/./b/", "a/b");
        check("../docs", "../docs");
        check("/srv/./docs", "/srv/docs");
    }
}
