//! Clients of model servers, OpenAI-compatible ones and Ollama, and the port `EmbeddingModel` by them. A client sends one
//! request and says what came of it; when to ask again is decided in `retry`, whether at all in `embedder`. No HTTP server,
//! no Kubernetes, no settings read from the environment.

mod breaker;
pub mod chat;
mod driver;
pub mod embedder;
mod embeddings;
mod endpoint;
mod error;
mod http;
mod lines;
mod pace;
pub mod rerank;
mod retry;
mod telemetry;
mod tls;

pub use driver::Driver;
pub use embeddings::EmbeddingsClient;
pub use endpoint::{ApiKey, Endpoint};
pub use error::{Class, LlmError};
pub use http::Deadlines;
pub use pace::Pace;
pub use retry::{Jitter, RetryPolicy};
pub use telemetry::Telemetry;
