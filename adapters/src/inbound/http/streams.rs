//! One stream of events of a session, watched for its call's answer and for the client's leaving.

use std::{
    pin::Pin,
    sync::Weak,
    task::{Context, Poll},
};

use futures_util::Stream;
use rmcp::{
    model::{RequestId, ServerJsonRpcMessage},
    transport::streamable_http_server::session::{ServerSseMessage, SessionId},
};

use super::sessions::Sessions;

/// Tells the streams of a session apart. The library writes it into the names of their events, behind a slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct StreamKey(u64);

impl StreamKey {
    /// None of a stream that belongs to no call.
    pub(super) fn of_event(event: &str) -> Option<Self> {
        let (_, key) = event.split_once('/')?;
        key.parse().ok().map(Self)
    }
}

/// The stream, as it is.
pub(super) struct Watched<S> {
    stream: Pin<Box<S>>,
    sessions: Weak<Sessions>,
    session: SessionId,
    /// The call that it was begun for.
    request: Option<RequestId>,
    key: Option<StreamKey>,
}

impl<S> Watched<S> {
    pub(super) fn new(
        stream: S,
        sessions: Weak<Sessions>,
        session: SessionId,
        request: Option<RequestId>,
    ) -> Self {
        Self {
            stream: Box::pin(stream),
            sessions,
            session,
            request,
            key: None,
        }
    }

    /// The client is back at the stream of this call.
    pub(super) fn is_resumed(&mut self, key: StreamKey) {
        self.is_of(key);
    }

    fn is_of(&mut self, key: StreamKey) {
        self.key = Some(key);
        if let Some(sessions) = self.sessions.upgrade() {
            sessions.stream_is(&self.session, key, self.request.take());
        }
    }
}

impl<S: Stream<Item = ServerSseMessage>> Stream for Watched<S> {
    type Item = ServerSseMessage;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.stream.as_mut().poll_next(context);
        if let Poll::Ready(Some(event)) = &polled {
            if self.request.is_some()
                && let Some(key) = event.event_id.as_deref().and_then(StreamKey::of_event)
            {
                self.is_of(key);
            }
            let is_answer = matches!(
                event.message.as_deref(),
                Some(ServerJsonRpcMessage::Response(_) | ServerJsonRpcMessage::Error(_))
            );
            if let (true, Some(key), Some(sessions)) =
                (is_answer, self.key, self.sessions.upgrade())
            {
                sessions.answered(&self.session, key);
            }
        }
        polled
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        let Some(sessions) = self.sessions.upgrade() else {
            return;
        };
        sessions.stream_ended(&self.session, self.key);
        if let Some(request) = self.request.take() {
            sessions.never_attended(&self.session, request);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_known_by_its_events() {
        for (event, expected) in [
            ("0/7", Some(StreamKey(7))),
            ("12/0", Some(StreamKey(0))),
            ("3", None),
            ("3/", None),
            ("", None),
        ] {
            assert_eq!(StreamKey::of_event(event), expected, "{event}");
        }
    }
}
