//! The engine's port for rerankers by the backend of an index. While it reads, the place of the question among those that compute
//! is somebody else's.

use std::sync::Arc;

use ragops_engine::retrieve::rerank::{RerankError, Reranker};
use ragops_llm::rerank::RerankBackend;

use crate::pool::Turn;

/// One question's way to the backend.
#[derive(Debug)]
struct Asked {
    backend: Arc<RerankBackend>,
    turn: Turn,
}

/// The backend for one question.
pub fn reranker(backend: Arc<RerankBackend>, turn: &Turn) -> Arc<dyn Reranker> {
    Arc::new(Asked { backend, turn: turn.clone() })
}

impl Reranker for Asked {
    fn rerank(&self, question: &str, passages: &[String]) -> Result<Vec<f64>, RerankError> {
        let scores = self.turn.while_waiting(|| self.backend.rerank(question, passages, self.turn.abandoned()));
        match scores {
            Ok(Some(scores)) => Ok(scores),
            Ok(None) => Err(RerankError { reason: "nobody waits for the answer any more".to_owned() }),
            Err(error) => Err(RerankError { reason: format!("`{}`: {error}", self.backend.config().backend) }),
        }
    }
}
