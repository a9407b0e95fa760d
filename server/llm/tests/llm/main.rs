//! Clients and remote models against servers that do every wrong thing, and against a real Ollama where there is one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod building;
mod chat;
mod endpoint;
mod estimate;
mod ollama;
mod real;
mod real_vllm;
mod rerank;
mod scripted;
mod serving;
#[path = "../../../../e2e/src/skip.rs"]
#[allow(unreachable_pub, reason = "public where it is at home")]
mod skip;
mod tiny_llama;
mod tls;
mod world;
