//! Text embedding on this machine: the port the engine codes against, the store of installed models, the tokenizer,
//! the int8 encoder, and a cache of vectors. No HTTP server, no Kubernetes, no settings read from the environment.

mod artefact;
pub mod cache;
mod convert;
mod encoder;
mod local;
mod memory_cache;
mod port;
pub mod remote;
pub mod store;
mod tokenizer;

pub use cache::CachedModel;
pub use local::{LocalModel, ThreadsError};
pub use memory_cache::{DEFAULT_MEMORY, MemoryCachedModel};
pub use port::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor, NotAMatrix};
pub use remote::RemoteDescription;
pub use store::{AddOutcome, InstalledModel, ModelSource, ModelStore, StoreError};
pub use tokenizer::Tokenizer;
