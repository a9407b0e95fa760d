//! A connection whose client does not read is ended: whatever an answer waits to be read for too long, or is read too
//! slowly, writing fails. Reading is passed through; a request's head and body have deadlines of their own.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream whose writes have to be taken within a time.
///
/// The time runs from the first write that has to wait until everything is written (the protocol flushes then), however
/// much is taken in between: a client that takes a byte now and then would hold its connection for ever otherwise.
#[derive(Debug)]
pub struct WriteDeadline<S> {
    stream: S,
    limit: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteDeadline<S> {
    /// Gives what is written to `stream` this long to be taken.
    pub fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, waiting: None }
    }

    /// Starts or looks at the clock of a write that waits.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let limit = self.limit;
        let clock = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        clock.as_mut().poll(context).map(|()| {
            let seconds = limit.as_secs_f64();
            io::Error::new(io::ErrorKind::TimedOut, format!("the client did not take its answer within {seconds} s"))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteDeadline<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteDeadline<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => Poll::Ready(Err(ready!(self.wait(context)))),
            written => written,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, slices) {
            Poll::Pending => Poll::Ready(Err(ready!(self.wait(context)))),
            written => written,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Pending => Poll::Ready(Err(ready!(self.wait(context)))),
            flushed => {
                self.waiting = None;
                flushed
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Pending => Poll::Ready(Err(ready!(self.wait(context)))),
            ended => ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, sleep};

    const LIMIT: Duration = Duration::from_secs(30);

    /// Writes `bytes` to a client that takes 8 bytes each `pause`; how that ends, and when.
    async fn write(bytes: usize, pause: Duration) -> (Result<(), io::ErrorKind>, Duration) {
        let (ours, mut theirs) = duplex(8);
        let mut ours = WriteDeadline::new(ours, LIMIT);
        tokio::spawn(async move {
            let mut taken = [0; 8];
            loop {
                sleep(pause).await;
                if theirs.read(&mut taken).await.unwrap() == 0 {
                    break;
                }
            }
        });
        let start = Instant::now();
        let written = async {
            ours.write_all(&vec![1; bytes]).await?;
            ours.flush().await
        };
        (written.await.map_err(|error| error.kind()), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_read_fails_in_time() {
        assert_eq!(write(9, Duration::from_secs(3600)).await, (Err(io::ErrorKind::TimedOut), LIMIT));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_read_by_drops_fails_in_time_too() {
        let (written, after) = write(8 * 60, Duration::from_secs(1)).await;
        assert_eq!((written, after), (Err(io::ErrorKind::TimedOut), LIMIT));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_read_slowly_but_in_time_is_written() {
        assert_eq!(write(8 * 20, Duration::from_secs(1)).await.0, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_has_the_whole_time() {
        let (ours, mut theirs) = duplex(8);
        let mut ours = WriteDeadline::new(ours, LIMIT);
        let reader = tokio::spawn(async move {
            let mut taken = [0; 8];
            while theirs.read(&mut taken).await.unwrap() > 0 {
                sleep(LIMIT - Duration::from_secs(1)).await;
            }
        });
        for _ in 0..4 {
            ours.write_all(&[1; 8]).await.unwrap();
            ours.flush().await.unwrap();
        }
        drop(ours);
        reader.await.unwrap();
    }
}
