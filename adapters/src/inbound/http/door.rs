//! What every request goes through: is it meant for this server, and who makes it.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use domain::calls::{Caller, TraceContext};
use http::{StatusCode, header, request::Parts};

use super::{
    endpoint::plain,
    hosts::Hosts,
    proxies::TrustedProxies,
    sign_in::{Refused, SignIn},
};

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct From(pub(super) IpAddr);

/// Where this request came from, behind the operator's proxies.
pub(super) fn sender(request: &Parts) -> Option<IpAddr> {
    request.extensions.get::<From>().map(|from| from.0)
}

const FOREIGN_HOST: &str =
    "This server is not called that. Whoever runs it can name it in MCP_HTTP_ALLOWED_HOSTS.";
const FOREIGN_PAGE: &str = "Pages of this origin may not call this server. Whoever runs it can list it in MCP_HTTP_ALLOWED_ORIGINS.";

/// Looks behind the operator's proxies.
pub(super) async fn is_from(
    State(proxies): State<Arc<TrustedProxies>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(From(peer)) = request.extensions().get::<From>().copied() {
        let sender = proxies.sender(peer, request.headers());
        request.extensions_mut().insert(From(sender));
    }
    next.run(request).await
}

/// Lets in what was meant for this server.
pub(super) async fn is_meant(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response {
    if !hosts.knows(request.uri(), request.headers()) {
        return plain(StatusCode::FORBIDDEN, FOREIGN_HOST);
    }
    if !hosts.admits_page(request.headers()) {
        return plain(StatusCode::FORBIDDEN, FOREIGN_PAGE);
    }
    next.run(request).await
}

/// The same for what anybody may ask, such as a probe that knows this server by its address alone.
pub(super) async fn is_meant_or_addressed(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response {
    if !hosts.knows_or_is_addressed(request.uri(), request.headers()) {
        return plain(StatusCode::FORBIDDEN, FOREIGN_HOST);
    }
    if !hosts.admits_page(request.headers()) {
        return plain(StatusCode::FORBIDDEN, FOREIGN_PAGE);
    }
    next.run(request).await
}

/// Lets in who signs in: the caller is an extension of the request from here on.
pub(super) async fn signs_in(
    State(sign_in): State<Arc<dyn SignIn>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = match sign_in.sign_in(&parts).await {
        Ok(caller) => caller,
        Err(refused) => return answer(refused),
    };
    // Whatever looks at the request from here on, and be it a log, has no use for the credential.
    parts.headers.remove(header::AUTHORIZATION);
    parts.headers.remove(header::COOKIE);
    let text = |name| parts.headers.get(name)?.to_str().ok();
    let trace = text("traceparent")
        .and_then(TraceContext::parse)
        .map(|trace| trace.with_state(text("tracestate")));
    let caller = Caller {
        address: sender(&parts).or(caller.address),
        trace: trace.or_else(|| caller.trace.clone()),
        ..Caller::clone(&caller)
    };
    parts.extensions.insert(Arc::new(caller));
    next.run(Request::from_parts(parts, body)).await
}

fn answer(refused: Refused) -> Response {
    let mut response = plain(refused.status, &refused.message);
    if let Some(challenge) = refused.challenge {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
