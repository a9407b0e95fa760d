//! The settings with which an index is asked, kept beside its revisions in `DATA/indexes/<name>/query.json`. `index` and
//! `up` write what is in force there, so that `query` and `eval` ask as the server does. They are not part of a revision,
//! for they change without a build.

use std::fs;
use std::io;
use std::path::PathBuf;

use ragops_engine::revision::RevisionStore;
use ragops_engine::settings::{AnsweringSettings, ConfidenceSettings, QuerySettings, RetrievalSettings};
use ragops_storage::{Step, StorageError, durable};
use serde::{Deserialize, Serialize};

use crate::backends::{ChatRecord, RerankRecord};

const FILE: &str = "query.json";

/// Settings cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum QueryRecordError {
    /// The file system refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file holds something else.
    #[error(
        "{} holds no settings of a RagIndex: {reason}; run `ragops-server index` again, or give the resources with -f",
        .path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl QueryRecordError {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_retryable())
    }
}

/// `QuerySettings` as the file says them, in the words of the RagIndex.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    retrieval: Retrieval,
    attribution: Attribution,
    confidence: Confidence,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    chat_backends: Vec<ChatRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reranker: Option<RerankRecord>,
}

/// How an index is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InForce {
    /// The engine's settings.
    pub query: QuerySettings,
    /// Who words answers, in the order in which they are asked.
    pub chat: Vec<ChatRecord>,
    /// Who puts passages into order.
    pub reranker: Option<RerankRecord>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Retrieval {
    top_k: usize,
    channel_depth: usize,
    /// Beside a reranker only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rerank_depth: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Attribution {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_similarity: Option<f32>,
    max_citations: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Confidence {
    Calibrated { target_precision: f32 },
    Fixed { minimum: f32 },
}

impl From<&InForce> for Record {
    fn from(in_force: &InForce) -> Self {
        let QuerySettings { retrieval, answering, confidence } = in_force.query;
        Self {
            retrieval: Retrieval {
                top_k: retrieval.top_k,
                channel_depth: retrieval.channel_depth,
                rerank_depth: in_force.reranker.as_ref().map(|_| retrieval.rerank_depth),
            },
            attribution: Attribution {
                min_similarity: answering.min_similarity,
                max_citations: answering.max_citations,
            },
            confidence: match confidence {
                ConfidenceSettings::Calibrated { target_precision } => Confidence::Calibrated { target_precision },
                ConfidenceSettings::Fixed { minimum } => Confidence::Fixed { minimum },
            },
            chat_backends: in_force.chat.clone(),
            reranker: in_force.reranker.clone(),
        }
    }
}

impl From<Record> for InForce {
    fn from(Record { retrieval, attribution, confidence, chat_backends, reranker }: Record) -> Self {
        let query = QuerySettings {
            retrieval: RetrievalSettings {
                top_k: retrieval.top_k,
                channel_depth: retrieval.channel_depth,
                rerank_depth: retrieval.rerank_depth.unwrap_or(RetrievalSettings::default().rerank_depth),
            },
            answering: AnsweringSettings {
                min_similarity: attribution.min_similarity,
                max_citations: attribution.max_citations,
            },
            confidence: match confidence {
                Confidence::Calibrated { target_precision } => ConfidenceSettings::Calibrated { target_precision },
                Confidence::Fixed { minimum } => ConfidenceSettings::Fixed { minimum },
            },
        };
        Self { query, chat: chat_backends, reranker }
    }
}

/// Writes what is in force for an index that has been built, durably, unless the file says so already.
pub fn write(store: &RevisionStore, settings: &InForce) -> Result<(), QueryRecordError> {
    if !store.active_file().exists() || read(store).is_ok_and(|known| known.as_ref() == Some(settings)) {
        return Ok(());
    }
    let mut json = serde_json::to_vec_pretty(&Record::from(settings)).expect("plain settings always serialise");
    json.push(b'\n');
    // `up` and `index` may write at once, and would take the staged file from under each other. Where the file system has
    // no such lock, one of them may fail, and says so.
    let _one_writer = durable::DirLock::wait(store.dir()).ok();
    Ok(durable::replace_file(&store.dir().join(FILE), &json)?)
}

/// What was in force last; `None` where nobody has written it.
pub fn read(store: &RevisionStore) -> Result<Option<InForce>, QueryRecordError> {
    let path = store.dir().join(FILE);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(StorageError::at(Step::Read, &path))?,
    };
    match serde_json::from_slice::<Record>(&bytes) {
        Ok(record) => Ok(Some(record.into())),
        Err(error) => Err(QueryRecordError::Content { path, reason: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Environment, Flags, Settings};
    use ragops_embed::remote::{RemoteProtocol, SecretName};
    use ragops_llm::ApiKey;
    use ragops_llm::chat::ChatConfig;
    use ragops_llm::rerank::RerankConfig;

    fn store(dir: &tempfile::TempDir) -> RevisionStore {
        let store = RevisionStore::of_index(dir.path(), "faq");
        fs::create_dir_all(store.dir()).unwrap();
        fs::write(store.active_file(), "{}").unwrap();
        store
    }

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        assert_eq!(read(&store).unwrap(), None);
        let query = QuerySettings {
            retrieval: RetrievalSettings { top_k: 3, channel_depth: 17, rerank_depth: 9 },
            answering: AnsweringSettings { min_similarity: Some(0.993), max_citations: 2 },
            confidence: ConfidenceSettings::Fixed { minimum: 0.99 },
        };
        let backend = ChatConfig {
            backend: "llama".to_owned(),
            protocol: RemoteProtocol::Ollama,
            url: "http://127.0.0.1:11434".to_owned(),
            model: "llama3.2:1b".to_owned(),
            context_tokens: 4_096,
            api_key: Some((SecretName { name: "llm".to_owned(), key: "key".to_owned() }, Some(ApiKey::new("sk-1")))),
            ca: None,
        };
        let judge = RerankConfig {
            backend: "judge".to_owned(),
            url: "http://127.0.0.1:8002/v1".to_owned(),
            model: "bge-reranker".to_owned(),
            api_key: Some((SecretName { name: "llm".to_owned(), key: "key".to_owned() }, Some(ApiKey::new("sk-1")))),
            ca: None,
        };
        let reranker = Some(RerankRecord::of(&judge));
        for settings in [InForce::default(), InForce { query, chat: vec![ChatRecord::of(&backend)], reranker }] {
            write(&store, &settings).unwrap();
            assert_eq!(read(&store).unwrap(), Some(settings));
        }
        let text = fs::read_to_string(store.dir().join(FILE)).unwrap();
        assert!(text.contains("llama3.2:1b") && !text.contains("sk-1"), "{text}");
        let environment = Environment::of([("RAGOPS_SECRET_LLM_KEY", "sk-1"), ("HOME", "/h")]);
        let secrets = Settings::resolve(Flags::default(), &environment).unwrap().secrets;
        let known = read(&store).unwrap().unwrap();
        assert_eq!((known.chat[0].config(&secrets), known.reranker.unwrap().config(&secrets)), (backend, judge));
        assert!(text.contains(r#""type": "Fixed""#) && text.contains(r#""minimum": 0.99"#), "{text}");
    }

    /// Two writers shared the name of a staged file: one renamed what the other had begun, or found nothing to rename.
    #[test]
    fn writers_at_once_leave_one_whole_file_and_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        std::thread::scope(|scope| {
            for writer in 0..4_usize {
                let store = &store;
                scope.spawn(move || {
                    for top_k in 1..100 {
                        let retrieval =
                            RetrievalSettings { top_k: top_k * 10 + writer, channel_depth: 1_000, rerank_depth: 32 };
                        let query = QuerySettings { retrieval, ..QuerySettings::default() };
                        write(store, &InForce { query, ..InForce::default() }).unwrap();
                        assert!(read(store).unwrap().is_some());
                    }
                });
            }
        });
        let names = fs::read_dir(store.dir()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(!names.into_iter().any(|name| name.to_string_lossy().ends_with(".tmp")));
    }

    #[test]
    fn a_damaged_file_is_named_with_what_to_do_and_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        for bytes in [&b""[..], b"{", b"[]", b"{\"topK\":1}", b"\xff\x00"] {
            fs::write(store.dir().join(FILE), bytes).unwrap();
            let error = read(&store).unwrap_err();
            assert!(error.to_string().contains(FILE) && error.to_string().contains("-f"), "{error}");
            assert!(!error.is_retryable());
        }
        write(&store, &InForce::default()).unwrap();
        assert_eq!(read(&store).unwrap(), Some(InForce::default()));
    }

    #[test]
    fn an_index_without_a_revision_gets_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = RevisionStore::of_index(dir.path(), "faq");
        write(&store, &InForce::default()).unwrap();
        assert!(!store.dir().exists());
    }
}
