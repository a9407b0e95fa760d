//! How well passages answer a question, in one request: `POST rerank` with `query` and `documents`, as vLLM, llama.cpp, Jina,
//! Cohere and Infinity have it. A score is only to be compared with the others of the same answer: some give probabilities,
//! some logits.

mod backend;

pub use backend::{RerankBackend, RerankConfig, RerankOptions};

use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::error::LlmError;
use crate::http::{Deadlines, Http};

/// Bytes of an answer beside the passages, which most servers repeat.
const MAX_BYTES_AROUND: usize = 64 << 10;
/// Bytes of an answer for each passage beside its text.
const MAX_BYTES_A_PASSAGE: usize = 1 << 10;
/// A character may be escaped: `\u0000`.
const MAX_BYTES_A_BYTE: usize = 6;

/// A model that reads a question and a passage together.
#[derive(Debug, Clone)]
pub struct RerankClient {
    http: Http,
}

impl RerankClient {
    /// `ca` are certificates in PEM, in place of the system's.
    pub fn new(endpoint: Endpoint, ca: Option<&str>) -> Result<Self, LlmError> {
        Ok(Self { http: Http::new(endpoint, ca)? })
    }

    /// A score for each passage, in their order; the higher, the better.
    pub async fn rerank(&self, question: &str, passages: &[&str], deadlines: Deadlines) -> Result<Vec<f64>, LlmError> {
        let count = passages.len();
        let body = json!({
            "model": self.http.endpoint.model, "query": question, "documents": passages, "top_n": count,
        });
        let bytes: usize = passages.iter().map(|passage| passage.len()).sum();
        let limit = MAX_BYTES_AROUND + bytes * MAX_BYTES_A_BYTE + count * MAX_BYTES_A_PASSAGE;
        let reply = self.http.post("rerank", &body, deadlines).await?.json(limit).await?;
        scores(&reply, count).map_err(|reason| LlmError::Reply { url: self.http.endpoint.shown().to_owned(), reason })
    }
}

/// Results come best first, each with the place of its passage.
fn scores(reply: &Value, count: usize) -> Result<Vec<f64>, String> {
    let results = reply["results"].as_array().ok_or("`results` is missing or no list")?;
    let mut scores = vec![None; count];
    for result in results {
        // A number is no text of theirs, which might hold a key.
        let shown = || result["index"].as_number().map_or("no number".to_owned(), ToString::to_string);
        let place = result["index"].as_u64().and_then(|place| usize::try_from(place).ok());
        let score = result["relevance_score"].as_f64();
        let score = score.ok_or_else(|| format!("`relevance_score` of passage {} is no number", shown()))?;
        match place.and_then(|place| scores.get_mut(place)) {
            Some(place @ None) => *place = Some(score),
            Some(Some(_)) => return Err(format!("it has two scores for passage {}", shown())),
            None => return Err(format!("it has a score for passage {}, and {count} were sent", shown())),
        }
    }
    let found = scores.iter().flatten().count();
    scores.into_iter().collect::<Option<_>>().ok_or_else(|| format!("it has {found} scores for {count} passages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_stand_in_the_order_of_the_passages() {
        let reply = json!({"id": "rerank-1", "results": [
            {"index": 2, "relevance_score": 0.9, "document": {"text": "c"}},
            {"index": 0, "relevance_score": -3},
            {"index": 1, "relevance_score": 0.0},
        ]});
        assert_eq!(scores(&reply, 3).unwrap(), [-3.0, 0.0, 0.9]);
        assert_eq!(scores(&json!({"results": []}), 0).unwrap(), [0.0_f64; 0]);
    }

    #[test]
    fn what_is_no_score_for_each_passage_is_told() {
        let check = |results: Value, expect: &str| {
            let told = scores(&json!({ "results": results }), 2).unwrap_err();
            assert!(told.contains(expect), "{told}");
        };
        let good = json!({"index": 0, "relevance_score": 1.0});
        check(Value::Null, "`results` is missing");
        check(json!([good]), "1 scores for 2 passages");
        check(json!([good, good]), "two scores for passage 0");
        check(json!([good, {"index": 2, "relevance_score": 1.0}]), "passage 2, and 2 were sent");
        check(json!([good, {"index": -1, "relevance_score": 1.0}]), "passage -1, and 2 were sent");
        check(json!([good, {"relevance_score": 1.0}]), "passage no number, and 2 were sent");
        check(json!([good, {"index": "sk-1", "relevance_score": 1.0}]), "passage no number, and 2 were sent");
        check(json!([good, {"index": 1, "relevance_score": "high"}]), "passage 1 is no number");
        check(json!([good, {"index": 1}]), "passage 1 is no number");
        check(json!([good, 7]), "passage no number is no number");
    }
}
