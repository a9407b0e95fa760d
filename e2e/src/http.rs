//! A small HTTP client for the tests: JSON in, status and body out. An error status is an answer, not an error.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// Longer than any answer takes, shorter than a test's patience.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What the server said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as it came.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("not JSON: {}", self.body))
    }
}

/// A client that keeps connections open, as real clients do.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
}

impl Client {
    /// A client of `http://127.0.0.1:<port>`.
    pub fn of_port(port: u16) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        Self { agent: config.into(), base: format!("http://127.0.0.1:{port}") }
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Result<Answer> {
        let url = format!("{}{path}", self.base);
        answer(self.agent.get(&url).call().with_context(|| format!("GET {url}"))?)
    }

    /// `POST path` with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let url = format!("{}{path}", self.base);
        let request = self.agent.post(&url).content_type("application/json");
        answer(request.send(body.to_string()).with_context(|| format!("POST {url}"))?)
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer> {
    let body = response.body_mut().read_to_string().context("reading the body")?;
    Ok(Answer { status: response.status().as_u16(), body })
}
