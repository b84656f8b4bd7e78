//! Who makes a request, and what it says of itself.

use std::sync::Arc;

use domain::calls::{Asked, Caller, Claims, Principal, TraceContext};
use http::request::Parts;
use rmcp::{RoleServer, model::ProtocolVersion, service::RequestContext};

use super::McpServer;

/// The user that a call asks to act as, in its `_meta` or as a header.
const ACTS_FOR: &str = "x-rls-user-id";

/// Of what a request calls itself, so much is told.
const LONGEST_ID: usize = 128;

impl McpServer {
    /// Who makes this request.
    pub(in super::super) fn caller_of(&self, context: &RequestContext<RoleServer>) -> Arc<Caller> {
        let over_http = context.extensions.get::<Parts>();
        let caller = match over_http.map(|parts| parts.extensions.get::<Arc<Caller>>()) {
            None => self.local_caller(),
            Some(Some(caller)) => Arc::clone(caller),
            // Whoever comes over a network is never taken for the local user.
            Some(None) => Arc::new(Caller::new(Principal::new("nobody"), Claims::default())),
        };
        let text = |name| context.meta.get(name)?.as_str();
        let trace = text("traceparent")
            .and_then(TraceContext::parse)
            .map(|trace| trace.with_state(text("tracestate")));
        // Of a request that says everything itself the library knows no more, and puts its own name in the place of one.
        let client = match context.meta.protocol_version() {
            Some(_) => context.meta.client_info(),
            None => context.client_info(),
        };
        let client = client.map(|client| format!("{} {}", client.name, client.version));
        let acts_for = acts_for(context, over_http);
        let traced = self.0.around.tracing.as_ref();
        let asked = traced.map(|_| Box::new(asked(context, over_http)));
        if trace.is_none() && client.is_none() && acts_for.is_none() && asked.is_none() {
            return caller;
        }
        Arc::new(Caller {
            trace: trace.or_else(|| caller.trace.clone()),
            client: client.or_else(|| caller.client.clone()),
            acts_for,
            asked,
            ..Caller::clone(&caller)
        })
    }
}

fn asked(context: &RequestContext<RoleServer>, over_http: Option<&Parts>) -> Asked {
    let session = over_http.and_then(|parts| parts.headers.get("mcp-session-id")?.to_str().ok());
    Asked {
        request: context.id.to_string().chars().take(LONGEST_ID).collect(),
        session: session.map(|id| id.chars().take(LONGEST_ID).collect()),
        protocol: context
            .protocol_version()
            .filter(|version| ProtocolVersion::KNOWN_VERSIONS.contains(version))
            .map(|version| version.as_str().to_owned()),
    }
}

/// The user that a call asks to act as. What is no text, or is said in two ways, is no name of a user, and refused as such.
fn acts_for(context: &RequestContext<RoleServer>, over_http: Option<&Parts>) -> Option<String> {
    let by_meta = context
        .meta
        .get(ACTS_FOR)
        .map(|value| value.as_str().unwrap_or_default());
    let by_header = over_http
        .and_then(|parts| parts.headers.get(ACTS_FOR))
        .map(|value| value.to_str().unwrap_or_default());
    match (by_meta, by_header) {
        (Some(one), Some(other)) if one != other => Some(String::new()),
        (one, other) => one.or(other).map(str::to_owned),
    }
}
