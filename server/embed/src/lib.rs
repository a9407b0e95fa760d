//! Text embedding on this machine: the port the engine codes against, the store of installed models, the tokenizer,
//! the int8 encoder, and a cache of vectors. No HTTP server, no Kubernetes, no settings read from the environment.

mod port;

pub use port::{EmbedError, EmbeddingModel, Embeddings, ModelIdentity, Monitor, NotAMatrix};
