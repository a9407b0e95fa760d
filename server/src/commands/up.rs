//! `up`: binds first, serves what is there at once, builds what is missing, and follows every change until a signal.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ragops_engine::revision::Verified;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::{CommandError, Exit};
use crate::audience::Audience;
use crate::backends::Embedder;
use crate::cli::UpArgs;
use crate::models::Models;
use crate::pool::QueryPool;
use crate::progress::Display;
use crate::resources::{Origin, Resources};
use crate::router::router;
use crate::settings::Settings;
use crate::shown_paths::ShownPaths;
use crate::state::{AppState, SharedState};
use crate::up::announce::url;
use crate::up::job::Workshop;
use crate::up::serve::{Drained, serve, told_to_stop};
use crate::up::supervisor::Supervisor;

/// What blocking calls may still take after everything else has ended.
const BLOCKING_TIMEOUT: Duration = Duration::from_secs(1);
/// The exit code of a shell's command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// The server could not serve.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// Somebody else has the port.
    #[error(
        "{address} is in use by another program: stop that one, or choose another port with --listen 127.0.0.1:PORT (with \
         make: make up LISTEN=127.0.0.1:PORT); port 0 takes any free one"
    )]
    AddressInUse {
        /// What was asked for.
        address: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another address with --listen HOST:PORT")]
    Bind {
        /// What was asked for.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The system refused threads or signals.
    #[error("cannot start the server: {0}")]
    Start(io::Error),
}

pub(super) fn run(args: UpArgs, settings: Settings) -> Result<Exit, CommandError> {
    let origin = Origin::of(args.file, &settings)?;
    let resources = origin.load(&settings)?;
    for unused in &resources.not_used {
        tracing::warn!("{unused}");
    }
    let runtime = Runtime::new().map_err(UpError::Start)?;
    let result = runtime.block_on(up(origin, settings, resources));
    runtime.shutdown_timeout(BLOCKING_TIMEOUT);
    result
}

async fn up(origin: Origin, settings: Settings, resources: Resources) -> Result<Exit, CommandError> {
    let (listener, address) = bind(&settings.listen).await?;
    let stop = stop_on_signal().map_err(UpError::Start)?;
    let state = AppState::new(QueryPool::for_this_machine());
    let audience = Audience::of(address, &settings.listen, &settings.allowed_hosts);
    let is_open = audience == Audience::Anyone;
    let server = tokio::spawn(serve(listener, router(Arc::clone(&state), audience), stop.clone()));
    let url = url(address);
    tracing::info!(url, "listening");
    if is_open {
        tracing::warn!("whoever reaches {address} can ask and read every document: there is no sign-in");
    }
    let mut told = stop.clone();
    let models = tokio::select! {
        loaded = load_models(&settings, &state, &resources) => loaded?,
        () = told_to_stop(&mut told) => {
            // The thread that loads is left behind: nothing depends on it.
            server.await.ok();
            return Ok(Exit::Done);
        }
    };
    let workshop = Workshop {
        state,
        shown_paths: ShownPaths::of(&settings, &origin).into(),
        models,
        data: std::path::absolute(&settings.data).unwrap_or_else(|_| settings.data.clone()).into(),
        display: Display::bar_or(Display::Log),
        verified: Verified::default(),
    };
    let supervisor = Supervisor::new(workshop, origin, settings, resources, url);
    // The supervisor first: a build that is being cancelled leaves the cores to the last answers.
    let ((), drained) = tokio::join!(supervisor.run(stop), server);
    match drained {
        Ok(Drained::All) => tracing::info!("stopped; every request was answered"),
        Ok(Drained::TimedOut) => tracing::warn!("stopped; some requests took too long to be answered"),
        Err(error) => tracing::error!(%error, "the server ended by itself"),
    }
    Ok(Exit::Done)
}

async fn bind(address: &str) -> Result<(TcpListener, SocketAddr), UpError> {
    let failed = |source: io::Error| {
        let address = address.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => UpError::AddressInUse { address },
            _ => UpError::Bind { address, source },
        }
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    Ok((listener, local))
}

/// A model that is missing is worth stopping for: nothing could be built or asked without it.
async fn load_models(
    settings: &Settings,
    state: &SharedState,
    resources: &Resources,
) -> Result<Arc<Models>, CommandError> {
    let models = Arc::new(Models::telling(settings, Arc::new(state.metrics.clone())));
    let embedders: Vec<Embedder> = resources.indexes.iter().map(|index| index.embedder.clone()).collect();
    let load = {
        let models = Arc::clone(&models);
        move || embedders.iter().try_for_each(|embedder| models.prepare(embedder))
    };
    let loaded = spawn_blocking(load).await;
    loaded.map_err(|error| UpError::Start(io::Error::other(error)))??;
    Ok(models)
}

/// The first SIGTERM or SIGINT asks to stop, the second does not ask.
fn stop_on_signal() -> io::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        for repeated in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if repeated {
                std::process::exit(INTERRUPTED);
            }
            tracing::info!("stopping: requests under way are finished; a second signal ends at once");
            sender.send_replace(true);
        }
    });
    Ok(receiver)
}
