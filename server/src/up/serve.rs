//! Accepts connections and answers them until told to stop; then what is under way is finished within bounds. The
//! number of connections, and the time a client may take to send its request's head, are limited.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Connections at a time, some 10 KiB each; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1_024;
/// From the connection, or from the answer before, to a whole request head; a connection that is idle for so long is
/// closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// From the signal to the end of what is under way. As long as any answer may take, and as Kubernetes waits by default.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// When accepting fails (no file descriptors left), trying again at once would only burn the CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every request was answered.
    All,
    /// Some were still under way when time was up.
    TimedOut,
}

/// Serves until `stop` says so, then finishes what is under way.
pub async fn serve(listener: TcpListener, app: Router, stop: watch::Receiver<bool>) -> Drained {
    serve_within(listener, app, stop, DRAIN_TIMEOUT).await
}

async fn serve_within(listener: TcpListener, app: Router, stop: watch::Receiver<bool>, drain: Duration) -> Drained {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut stopping = stop;
    loop {
        tokio::select! {
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, place)) => answer(stream, place, app.clone(), &graceful),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = told_to_stop(&mut stopping) => break,
        }
    }
    drop(listener);
    match tokio::time::timeout(drain, graceful.shutdown()).await {
        Ok(()) => Drained::All,
        Err(_) => Drained::TimedOut,
    }
}

/// Completes when it is time to stop. A sender that is gone is a reason to stop as well.
pub(super) async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.ok();
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    let (stream, _) = listener.accept().await?;
    // Without it small answers wait for acknowledgements of earlier ones.
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

fn answer(stream: TcpStream, place: OwnedSemaphorePermit, app: Router, graceful: &GracefulShutdown) {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connection = protocol.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // Clients that go away or talk nonsense are their own concern.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;

    /// A server whose `/slow` answers when `release` says so.
    struct Server {
        address: std::net::SocketAddr,
        stop: watch::Sender<bool>,
        entered: Arc<Notify>,
        release: Arc<Notify>,
        done: tokio::task::JoinHandle<Drained>,
    }

    async fn server(drain: Duration) -> Server {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let app = Router::new().route(
            "/slow",
            get({
                let (entered, release) = (Arc::clone(&entered), Arc::clone(&release));
                || async move {
                    entered.notify_one();
                    release.notified().await;
                    "done"
                }
            }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let done = tokio::spawn(serve_within(listener, app, stopped, drain));
        Server { address, stop, entered, release, done }
    }

    async fn ask_slowly(server: &Server) -> tokio::task::JoinHandle<String> {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        server.entered.notified().await;
        tokio::spawn(async move {
            let mut text = String::new();
            stream.read_to_string(&mut text).await.ok();
            text
        })
    }

    #[tokio::test]
    async fn a_request_under_way_is_finished_and_no_new_connection_is_taken() {
        let server = server(DRAIN_TIMEOUT).await;
        let answer = ask_slowly(&server).await;
        server.stop.send(true).unwrap();
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        server.release.notify_one();
        let answer = answer.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"), "{answer}");
        assert_eq!(server.done.await.unwrap(), Drained::All);
    }

    #[tokio::test]
    async fn a_request_that_never_ends_does_not_keep_the_server_alive() {
        let server = server(Duration::from_millis(10)).await;
        let _answer = ask_slowly(&server).await;
        server.stop.send(true).unwrap();
        assert_eq!(server.done.await.unwrap(), Drained::TimedOut);
    }
}
