//! Accepts connections and answers them until told to stop; then what is under way is finished within bounds. The
//! number of connections is limited, and so is the time a client may take to send a request's head and to take its
//! answer. (The time for a request's body is limited where it is read, in `routes::query`.)

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

use super::write_deadline::WriteDeadline;

/// Connections at a time, each of some 10 KiB and at most `MAX_HEAD_BYTES`; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1_024;
/// Bytes of a request's head; longer ones get 431, or 414 where it is the path. Bounds what a connection reads ahead.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// From the connection, or from the answer before, to a whole request head; a connection that is idle for so long is
/// closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// From the first byte of an answer that the client's buffers have no room for to the last one taken. Answers are some
/// 100 KiB at most, so this is time enough for a line of 32 kbit/s.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// From the signal to the end of what is under way. As long as any answer may take, and as Kubernetes waits by default.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// When accepting fails (no file descriptors left), trying again at once would only burn the CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long clients may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    head: Duration,
    write: Duration,
    drain: Duration,
}

const LIMITS: Limits = Limits { head: HEAD_TIMEOUT, write: WRITE_TIMEOUT, drain: DRAIN_TIMEOUT };

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
    serve_within(listener, app, stop, LIMITS).await
}

async fn serve_within(listener: TcpListener, app: Router, stop: watch::Receiver<bool>, limits: Limits) -> Drained {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut stopping = stop;
    loop {
        tokio::select! {
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, place)) => answer(stream, place, app.clone(), limits, &graceful),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = told_to_stop(&mut stopping) => break,
        }
    }
    drop(listener);
    match tokio::time::timeout(limits.drain, graceful.shutdown()).await {
        Ok(()) => Drained::All,
        Err(_) => Drained::TimedOut,
    }
}

/// Completes when it is time to stop. A sender that is gone is a reason to stop as well.
pub async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.ok();
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    let (stream, _) = listener.accept().await?;
    // Without it small answers wait for acknowledgements of earlier ones.
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

fn answer(stream: TcpStream, place: OwnedSemaphorePermit, app: Router, limits: Limits, graceful: &GracefulShutdown) {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(MAX_HEAD_BYTES);
    let stream = TokioIo::new(WriteDeadline::new(stream, limits.write));
    let connection = protocol.serve_connection(stream, TowerToHyperService::new(app));
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
    use tokio::net::TcpSocket;
    use tokio::sync::Notify;

    /// Far above any answer and below nobody's patience: a limit that a test expects to be reached is this one.
    const SOON: Duration = Duration::from_millis(50);
    /// More than the kernel's buffers of a connection hold together.
    const LARGE: usize = 64 << 20;

    /// A server whose `/slow` answers when `release` says so, and whose `/large` answers much.
    struct Server {
        address: std::net::SocketAddr,
        stop: watch::Sender<bool>,
        entered: Arc<Notify>,
        release: Arc<Notify>,
        done: tokio::task::JoinHandle<Drained>,
    }

    async fn server(limits: Limits) -> Server {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = get({
            let (entered, release) = (Arc::clone(&entered), Arc::clone(&release));
            || async move {
                entered.notify_one();
                release.notified().await;
                "done"
            }
        });
        let app = Router::new().route("/slow", slow).route("/large", get(|| async { vec![b'x'; LARGE] }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let done = tokio::spawn(serve_within(listener, app, stopped, limits));
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
        let server = server(LIMITS).await;
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
        let server = server(Limits { drain: SOON, ..LIMITS }).await;
        let _answer = ask_slowly(&server).await;
        server.stop.send(true).unwrap();
        assert_eq!(server.done.await.unwrap(), Drained::TimedOut);
    }

    /// Nothing but the end of its connection lets the server stop: its own limit for that is never reached.
    #[tokio::test]
    async fn a_client_that_does_not_read_loses_its_connection() {
        let server = server(Limits { write: SOON, ..LIMITS }).await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(server.address).await.unwrap();
        stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        stream.readable().await.unwrap();
        server.stop.send(true).unwrap();
        assert_eq!(server.done.await.unwrap(), Drained::All);
        let mut taken = Vec::new();
        stream.read_to_end(&mut taken).await.ok();
        assert!(taken.len() < LARGE, "the whole answer was written to a client that read nothing");
    }

    #[tokio::test]
    async fn a_client_that_reads_gets_the_whole_of_a_large_answer() {
        let server = server(LIMITS).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut taken = Vec::new();
        stream.read_to_end(&mut taken).await.unwrap();
        assert!(taken.len() > LARGE, "{} bytes", taken.len());
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_refused_and_smaller_ones_are_answered_in_their_order() {
        let server = server(LIMITS).await;
        let ask = async |request: String| {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.ok();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok();
            answer
        };
        let get = |header: &str| format!("GET /none HTTP/1.1\r\nhost: x\r\nx: {header}\r\n");
        let last = "connection: close\r\n\r\n";
        // The last bytes read may pass the limit a little.
        let large = ask(get(&"a".repeat(4 * MAX_HEAD_BYTES)) + last).await;
        assert!(large.starts_with("HTTP/1.1 431"), "{large}");
        let two = ask(get(&"a".repeat(MAX_HEAD_BYTES / 2)) + "\r\n" + &get("b") + last).await;
        assert_eq!(two.matches("HTTP/1.1 404").count(), 2, "{two}");
    }

    #[tokio::test]
    async fn a_head_that_does_not_arrive_ends_the_connection() {
        let server = server(Limits { head: SOON, ..LIMITS }).await;
        for begun in ["", "GET /slow HTTP/1.1\r\nhost:"] {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok();
            assert!(!answer.contains("200"), "{answer}");
        }
    }
}
