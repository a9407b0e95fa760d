//! The RagOps server: HTTP and command line over the engine. The binary in `main.rs` only calls `commands`; the rest
//! is a library so that tests drive the very router that is served.

pub mod clock;
pub mod contract;
pub mod error;
pub mod metrics;
pub mod observe;
pub mod pool;
pub mod router;
pub mod routes;
pub mod settings;
pub mod state;
