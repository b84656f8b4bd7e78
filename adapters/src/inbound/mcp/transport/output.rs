//! Messages to the client: whole lines, in the order they were ready, several in one write when they pile up.

use std::{
    io,
    mem::take,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::Mutex as AsyncMutex,
};
use tokio_util::sync::CancellationToken;

use super::super::backlog::Backlog;

/// Messages are put together into one write up to this many bytes: what a pipe takes at once.
const WRITE_BYTES: usize = 64 * 1024;

pub(super) struct Output<W> {
    /// Complete lines that nobody writes yet.
    queue: Mutex<Vec<Vec<u8>>>,
    writer: AsyncMutex<W>,
    /// What is queued or being written.
    backlog: Arc<Backlog>,
    /// Fires when the client cannot be reached any more.
    broken: CancellationToken,
}

impl<W: AsyncWrite + Unpin> Output<W> {
    /// `broken` is fired at the first error.
    pub(super) fn new(writer: W, backlog: Arc<Backlog>, broken: CancellationToken) -> Self {
        Self {
            queue: Mutex::default(),
            writer: AsyncMutex::new(writer),
            backlog,
            broken,
        }
    }

    /// Puts a line in the queue. It goes out with the next [`Output::flush`], whoever calls that.
    pub(super) fn enqueue(&self, line: Vec<u8>) {
        self.backlog.add(line.len());
        self.queue().push(line);
    }

    /// Returns once everything that was queued before is written.
    ///
    /// Whoever holds the writer takes along what the others have queued, so a burst costs few writes.
    pub(super) async fn flush(&self) -> io::Result<()> {
        let mut writer = self.writer.lock().await;
        if self.broken.is_cancelled() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let lines = take(&mut *self.queue());
        if lines.is_empty() {
            return Ok(());
        }
        let written = async {
            for bytes in together(lines) {
                writer.write_all(&bytes).await?;
                self.backlog.take(bytes.len());
            }
            writer.flush().await
        }
        .await;
        if written.is_err() {
            self.broken.cancel();
        }
        written
    }

    /// Returns once the client has taken enough of what waits for it.
    pub(super) async fn room(&self) {
        self.backlog.room().await;
    }

    fn queue(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same bytes in fewer pieces. Long lines are left as they are: copying them would cost more than a write.
fn together(lines: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut pieces: Vec<Vec<u8>> = Vec::with_capacity(1);
    for line in lines {
        match pieces.last_mut() {
            Some(last) if last.len() + line.len() <= WRITE_BYTES => last.extend_from_slice(&line),
            _ => pieces.push(line),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio::io::{AsyncReadExt, duplex};

    use super::{super::super::backlog::MOST_BYTES, *};

    /// Remembers each write.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl AsyncWrite for Writes {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.push(bytes.to_vec());
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_has_piled_up_goes_out_in_one_write() {
        let output = Output::new(Writes::default(), Arc::default(), CancellationToken::new());
        output.enqueue(b"one\n".to_vec());
        output.enqueue(b"two\n".to_vec());

        output.flush().await.unwrap();
        output.flush().await.unwrap();

        assert_eq!(output.writer.into_inner().0, [b"one\ntwo\n".to_vec()]);
    }

    #[tokio::test]
    async fn a_long_line_is_one_write_of_its_own() {
        let output = Output::new(Writes::default(), Arc::default(), CancellationToken::new());
        let long = vec![b'x'; WRITE_BYTES];
        output.enqueue(b"one\n".to_vec());
        output.enqueue(long.clone());

        output.flush().await.unwrap();

        assert_eq!(output.writer.into_inner().0, [b"one\n".to_vec(), long]);
    }

    #[tokio::test]
    async fn nothing_more_is_read_while_the_client_does_not_listen() {
        let (near, mut far) = duplex(1024);
        let output = Arc::new(Output::new(near, Arc::default(), CancellationToken::new()));
        let length = MOST_BYTES + 1;
        output.enqueue(vec![b'x'; length]);
        let flushing = tokio::spawn({
            let output = Arc::clone(&output);
            async move { output.flush().await }
        });
        assert!(futures_util::poll!(std::pin::pin!(output.room())).is_pending());

        let mut taken = vec![0; length];
        far.read_exact(&mut taken).await.unwrap();

        output.room().await;
        flushing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_client_that_is_gone_breaks_the_output_for_good() {
        let (near, far) = duplex(1024);
        drop(far);
        let broken = CancellationToken::new();
        let output = Output::new(near, Arc::default(), broken.clone());
        output.enqueue(b"one\n".to_vec());

        assert!(output.flush().await.is_err());
        assert!(broken.is_cancelled());
        assert!(output.flush().await.is_err());
    }
}
