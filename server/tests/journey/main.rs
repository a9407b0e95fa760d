//! The real program, the real model, over HTTP and on the command line: what a user goes through, with what goes
//! wrong on the way. Skipped loudly where the model is not installed; with `CI=true` that fails.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod changes;
mod command_line;
mod failures;
mod hostile;
mod models;
#[path = "../../llm/tests/llm/ollama.rs"]
mod ollama;
mod progress;
mod real_documents;
mod real_remote;
mod remote;
mod rerank;
#[path = "../../llm/tests/llm/scripted.rs"]
mod scripted;
#[path = "../../llm/tests/llm/tiny_llama.rs"]
mod tiny_llama;
mod wording;
mod world;
