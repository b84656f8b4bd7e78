//! One connection, from its first byte to its last, and how long each step of it may take.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, interval},
};
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use super::{door::From, in_flight::Holding, options::HttpOptions};

/// Of a request's head, all of it.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The limits of each connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    head: Duration,
    idle: Duration,
    unread: Duration,
}

impl Patience {
    pub(super) fn new(options: &HttpOptions) -> Self {
        Self {
            head: options.request_may_take,
            idle: options.idle,
            unread: options.unread,
        }
    }
}

/// Answers what comes over a connection, until the client or we have had enough. After `ending` fires the request that
/// is being answered is the last one.
pub(super) async fn serve<I>(
    stream: I,
    from: From,
    router: Router,
    patience: Patience,
    ending: CancellationToken,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let clock = Clock::new();
    let watched = Stream {
        stream,
        clock: clock.clone(),
    };
    let of_service = clock.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let request = Busy::of(&of_service).with(request, from);
        let mut router = router.clone();
        async move {
            let (request, busy) = request;
            let response: Result<Response, _> = router.call(request).await;
            response.map(|response| response.map(|body| Holding::body(body, busy)))
        }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(watched), service)
    );
    let mut looks = interval(patience.head.min(patience.idle).min(patience.unread) / 4);
    let mut ending = std::pin::pin!(ending.cancelled_owned());
    let mut is_ending = false;
    loop {
        tokio::select! {
            // A client that breaks off is no news.
            _ = &mut connection => return,
            () = &mut ending, if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = looks.tick() => if clock.has_run_out(patience) {
                return;
            },
        }
    }
}

/// What a connection is doing, and since when.
#[derive(Debug, Clone)]
struct Clock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    step: Step,
    /// The client takes nothing of what is being sent.
    unread: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Idle(Instant),
    /// A request has begun to arrive.
    Head(Instant),
    /// So many requests are being answered. More than one only where the client did not wait.
    Answering(usize),
}

impl Clock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            // Whoever connects has something to say.
            step: Step::Head(Instant::now()),
            unread: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrived(&self) {
        let mut state = self.state();
        if let Step::Idle(_) = state.step {
            state.step = Step::Head(Instant::now());
        }
    }

    fn written(&self, is_taken: bool) {
        let mut state = self.state();
        state.unread = match (is_taken, state.unread) {
            (true, _) => None,
            (false, Some(since)) => Some(since),
            (false, None) => Some(Instant::now()),
        };
    }

    fn has_run_out(&self, patience: Patience) -> bool {
        let state = self.state();
        let is_over = match state.step {
            Step::Idle(since) => since.elapsed() >= patience.idle,
            Step::Head(since) => since.elapsed() >= patience.head,
            Step::Answering(_) => false,
        };
        is_over
            || state
                .unread
                .is_some_and(|since| since.elapsed() >= patience.unread)
    }
}

/// A request is being answered, until this is dropped.
struct Busy(Clock);

impl Busy {
    fn of(clock: &Clock) -> Self {
        let mut state = clock.state();
        state.step = Step::Answering(match state.step {
            Step::Answering(others) => others + 1,
            Step::Idle(_) | Step::Head(_) => 1,
        });
        drop(state);
        Self(clock.clone())
    }

    fn with(self, request: http::Request<Incoming>, from: From) -> (Request, Self) {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(from);
        (request, self)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.step = match state.step {
            Step::Answering(requests) if requests > 1 => Step::Answering(requests - 1),
            _ => Step::Idle(Instant::now()),
        };
    }
}

/// The connection's bytes, with a look at the clock.
struct Stream<I> {
    stream: I,
    clock: Clock,
}

impl<I: AsyncRead + Unpin> AsyncRead for Stream<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() && buffer.filled().len() > before {
            self.clock.arrived();
        }
        polled
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Stream<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.clock.written(polled.is_ready());
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.clock.written(polled.is_ready());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
