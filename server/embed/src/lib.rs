//! Text embedding on this machine: the port the engine codes against, the store of installed models, the tokenizers,
//! the encoder, and a cache of vectors. No HTTP server, no Kubernetes, no settings read from the environment.

mod artefact;
pub mod cache;
mod checkpoint;
mod convert;
mod encoder;
mod local;
mod memory_cache;
mod port;
pub mod remote;
pub mod store;
mod tokenizer;

pub use cache::CachedModel;
pub use checkpoint::{CheckpointError, Family};
pub use encoder::Arithmetic;
pub use local::{LocalModel, ThreadsError};
pub use memory_cache::{DEFAULT_MEMORY, MemoryCachedModel};
pub use port::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor, NotAMatrix};
pub use remote::RemoteDescription;
pub use store::{AddOptions, AddOutcome, InstalledModel, ModelSource, ModelStore, StoreError};
pub use tokenizer::{JsonError, Tokenizer};
