//! A runtime of its own for requests, for callers that block. One thread is enough: it waits for the network.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// Drives requests while their callers wait. Dropping it ends whatever is under way, wherever it is dropped.
#[derive(Debug)]
pub struct Driver {
    runtime: Option<Runtime>,
}

impl Driver {
    /// Starts its thread.
    pub fn start() -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("model-requests").enable_all().build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Waits for a result. Never to be called from async code.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle().block_on(work)
    }

    /// What tasks are spawned on.
    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("the runtime is taken only when this is dropped").handle()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // A runtime that is dropped in the usual way waits for its threads, which async code must not do.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
