//! Texts to vectors, one request: `POST embeddings` of OpenAI-compatible endpoints, `POST api/embed` of Ollama. What comes
//! back is checked value by value, and made unit length.

use ragops_embed::remote::RemoteProtocol;
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::error::LlmError;
use crate::http::{Deadlines, Http};

/// Bytes of an answer for each text: 16,384 values of 32 characters.
const MAX_BYTES_A_TEXT: usize = 512 << 10;
/// What stands around the vectors.
const MAX_BYTES_AROUND: usize = 64 << 10;
/// The longest vectors that are taken; known models end at 8,192.
const MAX_DIMENSION: usize = 16_384;

/// A model that makes vectors.
#[derive(Debug, Clone)]
pub struct EmbeddingsClient {
    http: Http,
}

impl EmbeddingsClient {
    /// `ca` are certificates in PEM, in place of the system's.
    pub fn new(endpoint: Endpoint, ca: Option<&str>) -> Result<Self, LlmError> {
        Ok(Self { http: Http::new(endpoint, ca)? })
    }

    /// Where it asks.
    pub fn endpoint(&self) -> &Endpoint {
        &self.http.endpoint
    }

    /// One unit vector for each text, in their order; all of one length. A text that is too long is an error and not cut.
    pub async fn embed(&self, texts: &[String], deadlines: Deadlines) -> Result<Vec<Vec<f32>>, LlmError> {
        let (model, limit) = (&self.endpoint().model, MAX_BYTES_AROUND + texts.len() * MAX_BYTES_A_TEXT);
        let (operation, body) = match self.endpoint().protocol {
            RemoteProtocol::OpenAI => {
                ("embeddings", json!({"model": model, "input": texts, "encoding_format": "float"}))
            }
            RemoteProtocol::Ollama => ("api/embed", json!({"model": model, "input": texts, "truncate": false})),
        };
        let reply = self.http.post(operation, &body, deadlines).await?.json(limit).await?;
        let rows = match self.endpoint().protocol {
            RemoteProtocol::OpenAI => openai_rows(&reply, texts.len()),
            RemoteProtocol::Ollama => array(&reply["embeddings"], "`embeddings`").map(|rows| rows.iter().collect()),
        };
        let vectors = rows.and_then(|rows| vectors(&rows, texts.len()));
        vectors.map_err(|reason| LlmError::Reply { url: self.endpoint().shown().to_owned(), reason })
    }
}

/// Rows come with their place, and nobody promises that they come in order.
fn openai_rows(reply: &Value, count: usize) -> Result<Vec<&Value>, String> {
    let data = array(&reply["data"], "`data`")?;
    let mut rows = vec![None; count];
    for (at, item) in data.iter().enumerate() {
        let place = item["index"].as_u64().map_or(at, |place| usize::try_from(place).unwrap_or(usize::MAX));
        match rows.get_mut(place) {
            Some(row @ None) => *row = Some(&item["embedding"]),
            Some(Some(_)) => return Err(format!("it has two vectors for text {place}")),
            None => return Err(format!("it has a vector for text {place}, and {count} were sent")),
        }
    }
    let found = rows.iter().flatten().count();
    rows.into_iter().collect::<Option<_>>().ok_or_else(|| format!("it has {found} vectors for {count} texts"))
}

fn array<'v>(value: &'v Value, what: &str) -> Result<&'v Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("{what} is missing or no list"))
}

fn vectors(rows: &[&Value], count: usize) -> Result<Vec<Vec<f32>>, String> {
    if rows.len() != count {
        return Err(format!("it has {} vectors for {count} texts", rows.len()));
    }
    let vectors: Vec<Vec<f32>> = rows.iter().map(|row| unit_vector(row)).collect::<Result<_, _>>()?;
    let lengths = |vectors: &[Vec<f32>]| vectors.first().map(Vec::len);
    match vectors.iter().find(|vector| Some(vector.len()) != lengths(&vectors)) {
        Some(other) => {
            Err(format!("its vectors have {} and {} values", lengths(&vectors).unwrap_or_default(), other.len()))
        }
        None => Ok(vectors),
    }
}

/// A vector of unit length. Servers differ in whether they normalise, and a cosine needs it.
fn unit_vector(row: &Value) -> Result<Vec<f32>, String> {
    let values = array(row, "a vector")?;
    if values.is_empty() || values.len() > MAX_DIMENSION {
        return Err(format!("a vector has {} values", values.len()));
    }
    let number = |value: &Value| match value.as_f64() {
        Some(number) if (number as f32).is_finite() => Ok(number),
        _ => Err(format!("a vector holds `{}`, which is no number", shown(value))),
    };
    let values: Vec<f64> = values.iter().map(number).collect::<Result<_, _>>()?;
    let length = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length < f64::from(f32::MIN_POSITIVE) {
        return Err("a vector is all zeros".to_owned());
    }
    Ok(values.iter().map(|value| (value / length) as f32).collect())
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_become_unit_length_in_the_order_of_the_texts() {
        let reply = json!({"data": [
            {"index": 1, "embedding": [0, 2]},
            {"index": 0, "embedding": [3.0, 4.0]},
        ]});
        let rows = openai_rows(&reply, 2).unwrap();
        assert_eq!(vectors(&rows, 2).unwrap(), [[0.6, 0.8], [0.0, 1.0]]);
    }

    #[test]
    fn what_is_no_vector_is_told() {
        let check = |data: Value, expect: &str| {
            let reply = json!({"data": data});
            let told = openai_rows(&reply, 2).and_then(|rows| vectors(&rows, 2)).unwrap_err();
            assert!(told.contains(expect), "{told}");
        };
        let good = json!({"index": 0, "embedding": [1.0, 0.0]});
        check(Value::Null, "`data` is missing");
        check(json!([good]), "1 vectors for 2 texts");
        check(json!([good, good]), "two vectors for text 0");
        check(json!([good, {"index": 2, "embedding": [1.0]}]), "a vector for text 2");
        check(json!([good, {"index": 1, "embedding": [1.0]}]), "2 and 1 values");
        check(json!([good, {"index": 1, "embedding": [null, 1.0]}]), "`null`");
        check(json!([good, {"index": 1, "embedding": ["NaN", 1.0]}]), "no number");
        check(json!([good, {"index": 1, "embedding": [1e300, 1.0]}]), "no number");
        check(json!([good, {"index": 1, "embedding": [0.0, 0.0]}]), "all zeros");
        check(json!([good, {"index": 1, "embedding": []}]), "0 values");
        check(json!([good, {"index": 1}]), "missing or no list");
        check(json!([good, {"index": 1, "embedding": "AAAA"}]), "missing or no list");
    }
}
