//! MCP over standard input and output: a message is a line.
//!
//! The library has such a transport, but it says nothing to a client that sends what it cannot read, blocks on
//! the socket pairs that Node gives its children, and waits five seconds at the end of input.

mod lines;
mod message;
mod output;
mod request_id;
mod streams;

use std::{future::Future, io, sync::Arc};

use rmcp::{
    RoleServer,
    model::{ClientJsonRpcMessage, ErrorCode, ServerJsonRpcMessage},
    transport::Transport,
};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use self::{
    lines::{Frame, Lines, MAX_LINE_BYTES},
    message::{Parsed, Refusal},
    output::Output,
};
use super::backlog::Backlog;

/// A client at the other end of two streams. Clones are the same client.
#[derive(Clone)]
pub(super) struct LineTransport {
    lines: Arc<Mutex<Lines<streams::Input>>>,
    output: Arc<Output<streams::Writer>>,
    /// Fires when no more messages are to be taken: at the end of input, or because somebody wants to stop.
    ended: CancellationToken,
}

impl LineTransport {
    /// The process's own standard streams; nothing else may use them from now on.
    ///
    /// Firing `ended` ends the input. `broken` fires, and `ended` with it, when the client cannot be written to.
    /// `backlog` tells what waits for the client.
    pub(super) fn of_process(
        backlog: Arc<Backlog>,
        ended: CancellationToken,
        broken: &CancellationToken,
    ) -> io::Result<Self> {
        Ok(Self::new(
            streams::input()?,
            streams::output(),
            backlog,
            ended,
            broken,
        ))
    }

    fn new(
        input: streams::Input,
        output: streams::Writer,
        backlog: Arc<Backlog>,
        ended: CancellationToken,
        broken: &CancellationToken,
    ) -> Self {
        Self {
            lines: Arc::new(Mutex::new(Lines::new(input, MAX_LINE_BYTES))),
            output: Arc::new(Output::new(output, backlog, broken.clone())),
            ended,
        }
    }

    /// Writes out whatever is still waiting.
    pub(super) async fn flush(&self) -> io::Result<()> {
        self.output.flush().await
    }

    /// The next message, or `None` when there will be no more. What is no message is answered right here.
    async fn next_message(&self) -> io::Result<Option<ClientJsonRpcMessage>> {
        let mut lines = self.lines.lock().await;
        loop {
            self.output.room().await;
            match lines.next().await? {
                Frame::Line(line) => match message::parse(lines.text(line)) {
                    Parsed::Message(message) => return Ok(Some(*message)),
                    Parsed::Refused(refusal) => self.refuse(&refusal),
                    Parsed::Ignored => {}
                },
                Frame::TooLong(id) => self.refuse(&Refusal::new(
                    ErrorCode::INVALID_REQUEST,
                    id,
                    format!("The message is too long; the limit is {MAX_LINE_BYTES} bytes."),
                )),
                Frame::End => return Ok(None),
            }
        }
    }

    /// Does not wait: whoever reads the next message may give up at any time, and the answer must not be lost.
    fn refuse(&self, refusal: &Refusal) {
        tracing::debug!(?refusal, "a message was refused");
        if let Ok(line) = line_of(refusal) {
            self.output.enqueue(line);
            let output = Arc::clone(&self.output);
            tokio::spawn(async move { output.flush().await });
        }
    }
}

/// Why this is no message, as the error that answers it. `None` where it is one, or nothing that is answered.
pub(in super::super) fn explain_refused(text: &[u8]) -> Option<String> {
    match message::parse(text) {
        Parsed::Refused(refusal) => serde_json::to_string(&refusal).ok(),
        Parsed::Message(_) | Parsed::Ignored => None,
    }
}

/// The message that this is, if it is one.
pub(in super::super) fn read_message(text: &[u8]) -> Option<ClientJsonRpcMessage> {
    match message::parse(text) {
        Parsed::Message(message) => Some(*message),
        Parsed::Refused(_) | Parsed::Ignored => None,
    }
}

/// Why a request that the library does not know is one that it should: what is wrong with its parameters. `None` where
/// nobody knows the method.
pub(super) fn explain_params(method: &str, params: Option<&Value>) -> Option<String> {
    message::explain_params(method, params)
}

fn line_of(message: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

impl Transport<RoleServer> for LineTransport {
    type Error = io::Error;

    fn send(
        &mut self,
        item: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let output = Arc::clone(&self.output);
        async move {
            let line = line_of(&item)?;
            // A long answer is held twice no longer than needed.
            drop(item);
            output.enqueue(line);
            output.flush().await
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let message = tokio::select! {
            biased;
            () = self.ended.cancelled() => None,
            message = self.next_message() => message.unwrap_or_else(|error| {
                tracing::warn!(%error, "standard input cannot be read");
                None
            }),
        };
        if message.is_none() {
            self.ended.cancel();
        }
        message
    }

    async fn close(&mut self) -> io::Result<()> {
        self.flush().await
    }
}
