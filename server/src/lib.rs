//! The RagOps server: HTTP and command line over the engine. The binary in `main.rs` only calls `commands`; the rest
//! is a library so that tests drive the very router that is served.

pub mod audience;
pub mod backends;
pub mod builder;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod contract;
pub mod cpu;
pub mod error;
pub mod logging;
pub mod metrics;
pub mod models;
pub mod observe;
pub mod output;
pub mod pool;
pub mod progress;
pub mod query_record;
pub mod quoted;
mod readers;
pub mod rerank;
pub mod resources;
pub mod router;
pub mod routes;
pub mod settings;
pub mod shown_paths;
pub mod state;
pub mod stop;
pub mod up;
