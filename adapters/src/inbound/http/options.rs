//! What the operator decides about HTTP.

use std::time::Duration;

use super::proxies::TrustedProxies;

/// Limits and lists of the HTTP side.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// What a client may call this server, beside the names of this machine itself: `host`, `host:port`, or `*` for
    /// anything. Anything else is a page of somebody else's that was pointed here.
    pub allowed_hosts: Vec<String>,
    /// The pages that may call this server from a browser, beside its own: `https://host`, `https://host:port`,
    /// `https://host:*`, or `*` for any.
    pub allowed_origins: Vec<String>,
    /// Whose word counts on whom a request came from.
    pub trusted_proxies: TrustedProxies,
    /// The longest body of a request.
    pub max_body_bytes: usize,
    /// Connections at the same time; one more is turned away.
    pub max_connections: usize,
    /// Sessions of clients of the older revisions.
    pub max_sessions: usize,
    /// How long a session may go without a request and without an open stream.
    pub session_timeout: Duration,
    /// How long the head of a request, or its body, may take to arrive.
    pub request_may_take: Duration,
    /// How long a connection may stay open without a request.
    pub idle: Duration,
    /// How long a client may take nothing of an answer.
    pub unread: Duration,
    /// How long running calls may go on once the server is to stop.
    pub shutdown_grace: Duration,
    /// That no tool of the server says anything to its client before the answer, unless the client wants to know how
    /// it goes on, and that none has an argument that clients repeat in a header. Calls are answered sooner then.
    pub tools_only_answer: bool,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: TrustedProxies::default(),
            max_body_bytes: 4 * 1024 * 1024,
            max_connections: 1_024,
            max_sessions: 1_000,
            session_timeout: Duration::from_mins(30),
            request_may_take: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            unread: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(5),
            tools_only_answer: false,
        }
    }
}
