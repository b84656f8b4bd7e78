//! Sessions of clients of the older revisions: few, each somebody's, ended when nobody uses them.
//!
//! The library keeps sessions without a bound, lets anybody use one who knows its name, and takes one for idle whose
//! call is merely long. What it keeps of a session is underneath; here is what it does not know of it. A session holds
//! nothing but the handshake and the calls that run: what outlives a call belongs to its principal.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use domain::calls::{Caller, Principal};
use futures_util::Stream;
use http::request::Parts;
use rmcp::{
    model::{
        CancelledNotification, CancelledNotificationParam, ClientJsonRpcMessage,
        ClientNotification, GetExtensions, RequestId, ServerJsonRpcMessage,
    },
    transport::streamable_http_server::session::{
        ServerSseMessage, SessionId, SessionManager,
        local::{LocalSessionManager, LocalSessionManagerError, SessionConfig},
    },
};
use tokio::time::Instant;

use super::streams::{StreamKey, Watched};

/// How long a client has to come back for an answer after it has lost its stream; then the call is cancelled.
const RETURN_MAY_TAKE: Duration = Duration::from_secs(3);
/// When it is told to try.
const RETURN_AFTER: Duration = Duration::from_millis(500);
/// A session that has been used since is nobody else's to take.
const FRESH: Duration = Duration::from_mins(1);

/// Every session of this server.
pub(super) struct Sessions {
    local: LocalSessionManager,
    known: Mutex<HashMap<SessionId, Session>>,
    most: usize,
    timeout: Duration,
    /// For what goes on after a request.
    this: Weak<Self>,
}

/// What is known of a session beside the library.
#[derive(Debug)]
struct Session {
    /// Set by the handshake; nobody knows the session's name before.
    owner: Option<Principal>,
    used: Instant,
    /// Streams that somebody is at the other end of.
    open: usize,
    /// Calls that have not been answered.
    running: HashMap<StreamKey, Running>,
}

#[derive(Debug)]
struct Running {
    request: RequestId,
    /// Streams that could take the answer.
    attended: usize,
}

impl Session {
    fn new() -> Self {
        Self {
            owner: None,
            used: Instant::now(),
            open: 0,
            running: HashMap::new(),
        }
    }

    fn is_idle(&self) -> bool {
        self.open == 0 && self.running.is_empty()
    }
}

impl Sessions {
    pub(super) fn new(most: usize, timeout: Duration) -> Arc<Self> {
        let mut config = SessionConfig::default();
        // Its limit counts a call that says nothing as idleness.
        config.keep_alive = None;
        config.sse_retry = Some(RETURN_AFTER);
        let mut local = LocalSessionManager::default();
        local.session_config = config;
        Arc::new_cyclic(|this| Self {
            local,
            known: Mutex::default(),
            most,
            timeout,
            this: Weak::clone(this),
        })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, id: &SessionId, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        self.known().get_mut(id).map(change)
    }

    /// Whether there is such a session and it is not this caller's.
    pub(super) fn is_of_another(&self, id: &str, principal: &Principal) -> bool {
        self.known()
            .get(id)
            .is_some_and(|session| session.owner.as_ref() != Some(principal))
    }

    /// Whether one more can begin. Where there are as many as there may be, the one that has been idle for longest ends
    /// for it: one of the same principal's, else one that has not been used for a while.
    pub(super) async fn make_room(&self, principal: &Principal) -> bool {
        let oldest = {
            let known = self.known();
            if known.len() < self.most {
                return true;
            }
            known
                .iter()
                .filter(|(_, session)| {
                    session.is_idle()
                        && (session.owner.as_ref() == Some(principal)
                            || session.used.elapsed() > FRESH)
                })
                .min_by_key(|(_, session)| {
                    (session.owner.as_ref() != Some(principal), session.used)
                })
                .map(|(id, _)| SessionId::clone(id))
        };
        match oldest {
            Some(id) => self.close_session(&id).await.is_ok(),
            None => false,
        }
    }

    /// Ends sessions that nobody uses, for as long as it is polled.
    pub(super) async fn end_idle_ones(&self) {
        let pause = (self.timeout / 4).clamp(Duration::from_millis(100), Duration::from_secs(30));
        loop {
            tokio::time::sleep(pause).await;
            let idle: Vec<SessionId> = self
                .known()
                .iter()
                .filter(|(_, session)| session.is_idle() && session.used.elapsed() >= self.timeout)
                .map(|(id, _)| SessionId::clone(id))
                .collect();
            for id in idle {
                let _ = self.close_session(&id).await;
            }
        }
    }

    /// A stream of the session's has begun; which call's answer it waits for, if it was begun for one.
    fn watch<S: Stream<Item = ServerSseMessage>>(
        &self,
        id: &SessionId,
        request: Option<RequestId>,
        stream: S,
    ) -> Watched<S> {
        self.with(id, |session| {
            session.used = Instant::now();
            session.open += 1;
        });
        Watched::new(
            stream,
            Weak::clone(&self.this),
            SessionId::clone(id),
            request,
        )
    }

    /// The stream is that of this call.
    pub(super) fn stream_is(&self, id: &SessionId, key: StreamKey, request: Option<RequestId>) {
        self.with(id, |session| {
            if let Some(request) = request {
                let new = Running {
                    request,
                    attended: 1,
                };
                session.running.insert(key, new);
            } else if let Some(running) = session.running.get_mut(&key) {
                running.attended += 1;
            }
        });
    }

    /// The call has been answered.
    pub(super) fn answered(&self, id: &SessionId, key: StreamKey) {
        self.with(id, |session| session.running.remove(&key));
    }

    /// The stream has ended, or nobody is at its other end any more.
    pub(super) fn stream_ended(self: &Arc<Self>, id: &SessionId, key: Option<StreamKey>) {
        let is_left = self.with(id, |session| {
            session.used = Instant::now();
            session.open = session.open.saturating_sub(1);
            let running = key.and_then(|key| session.running.get_mut(&key));
            running.is_some_and(|running| {
                running.attended = running.attended.saturating_sub(1);
                running.attended == 0
            })
        });
        if let (Some(true), Some(key)) = (is_left, key) {
            let sessions = Arc::clone(self);
            let id = SessionId::clone(id);
            tokio::spawn(async move {
                tokio::time::sleep(RETURN_MAY_TAKE).await;
                sessions.give_up(&id, key).await;
            });
        }
    }

    /// Cancels a call whose stream nobody has ever looked at: nobody can come back to it either.
    pub(super) fn never_attended(self: &Arc<Self>, id: &SessionId, request: RequestId) {
        let sessions = Arc::clone(self);
        let id = SessionId::clone(id);
        tokio::spawn(async move { sessions.cancel(&id, request).await });
    }

    /// Cancels a call that nobody has come back for.
    async fn give_up(&self, id: &SessionId, key: StreamKey) {
        let request = self.with(id, |session| {
            let is_left = session
                .running
                .get(&key)
                .is_some_and(|running| running.attended == 0);
            let running = is_left.then(|| session.running.remove(&key)).flatten()?;
            session.used = Instant::now();
            // A client may give a later call the same id, once it believes that this one has ended.
            let is_taken = session
                .running
                .values()
                .any(|other| other.request == running.request);
            (!is_taken).then_some(running.request)
        });
        if let Some(request) = request.flatten() {
            self.cancel(id, request).await;
        }
    }

    async fn cancel(&self, id: &SessionId, request: RequestId) {
        let cancelled = CancelledNotification::new(CancelledNotificationParam::new(
            Some(request),
            Some("the client is gone".to_owned()),
        ));
        let message = ClientJsonRpcMessage::notification(
            ClientNotification::CancelledNotification(cancelled),
        );
        // The session may have ended meanwhile, and its calls with it.
        let _ = self.local.accept_message(id, message).await;
    }
}

/// Whose request this is.
fn owner(message: &ClientJsonRpcMessage) -> Option<Principal> {
    let ClientJsonRpcMessage::Request(request) = message else {
        return None;
    };
    let parts = request.request.extensions().get::<Parts>()?;
    let caller = parts.extensions.get::<Arc<Caller>>()?;
    Some(caller.principal.clone())
}

impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let (id, transport) = self.local.create_session().await?;
        self.known().insert(SessionId::clone(&id), Session::new());
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        let owner = owner(&message);
        self.with(id, |session| session.owner = owner);
        self.local.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.local.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        let session = self.known().remove(id);
        // The library lets them run on for seconds.
        for running in session
            .into_iter()
            .flat_map(|session| session.running.into_values())
        {
            self.cancel(id, running.request).await;
        }
        self.local.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let request = match &message {
            ClientJsonRpcMessage::Request(request) => Some(request.id.clone()),
            _ => None,
        };
        let stream = self.local.create_stream(id, message).await?;
        Ok(self.watch(id, request, stream))
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), Self::Error> {
        self.with(id, |session| session.used = Instant::now());
        self.local.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let stream = self.local.create_standalone_stream(id).await?;
        Ok(self.watch(id, None, stream))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let key = StreamKey::of_event(&last_event_id);
        let stream = self.local.resume(id, last_event_id).await?;
        let mut watched = self.watch(id, None, stream);
        if let Some(key) = key {
            watched.is_resumed(key);
        }
        Ok(watched)
    }
}
