//! What those ask who keep the server running: `/metrics`, `/livez`, `/readyz` and `/health`.

use std::{io, net::IpAddr, sync::Arc};

use application::{
    access::Access,
    registry::{Registry, Visitor},
    use_cases::GetHealthStatus,
};
use axum::{
    Extension, Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use domain::{
    calls::Caller,
    health::{Exposition, HealthSource, Status},
};
use http::{HeaderMap, StatusCode, header};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    arrivals,
    door::{self, From},
    endpoint::plain,
    hosts::Hosts,
    listener::Listener,
    options::HttpOptions,
};

const NOT_OF_ALL: &str = "The metrics tell of every connection, and your roles do not reach all of them. Whoever runs this server can \
     show them on an address of their own: --metrics-addr.";

/// Where the answers come from.
#[derive(Debug, Clone)]
pub struct Operations {
    pub health: Arc<dyn HealthSource>,
    pub metrics: Arc<dyn Exposition>,
}

impl Operations {
    /// `/health`, for anybody. What it tells beyond one word is for this machine.
    pub fn health_routes(&self) -> Router {
        Router::new()
            .route("/health", get(health))
            .with_state(Arc::clone(&self.health))
    }

    /// The same where nobody signs in and roles say what this caller may see: details only if that is every connection.
    pub fn health_routes_by_roles(&self, reach: Reach, caller: Arc<Caller>) -> Router {
        Router::new()
            .route("/health", get(health_by_roles))
            .with_state((Arc::clone(&self.health), reach, caller))
    }

    /// The same where callers sign in: one word, whoever asks. A proxy on this machine need not say that it passes
    /// something on, and a token is asked for so that strangers learn nothing.
    pub fn terse_health_routes(&self) -> Router {
        Router::new()
            .route("/health", get(terse_health))
            .with_state(Arc::clone(&self.health))
    }

    /// `/metrics`. It names connections and how much they are used; whoever mounts it decides for whom.
    pub fn metrics_routes(&self) -> Router {
        Router::new()
            .route("/metrics", get(metrics))
            .with_state(Arc::clone(&self.metrics))
    }

    /// The same for requests that have their [`Caller`] in their extensions, and for those alone whose roles reach every
    /// configured connection.
    pub fn metrics_routes_by_roles(&self, reach: Reach) -> Router {
        self.metrics_routes()
            .route_layer(from_fn_with_state(reach, reaches_all))
    }

    /// Answers on a listener of its own, `/livez` and `/readyz` too, until `shutdown` is ready: to whoever reaches it by an
    /// address or by a name of this server, and within the same limits as everywhere.
    pub async fn serve(
        self,
        listener: Listener,
        options: &HttpOptions,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let bound = listener.address()?.ip();
        let hosts = Hosts::new(bound, &options.allowed_hosts, &options.allowed_origins);
        let router = Router::new()
            .route("/livez", get(|| async { "alive\n" }))
            .route("/readyz", get(ready))
            .with_state(Arc::clone(&self.health))
            .merge(self.health_routes())
            .merge(self.metrics_routes())
            .fallback(|| async { plain(StatusCode::NOT_FOUND, "There is nothing here.") })
            .layer(from_fn_with_state(
                Arc::new(hosts),
                door::is_meant_or_addressed,
            ));
        let draining = CancellationToken::new();
        let mut connections = JoinSet::new();
        tokio::select! {
            () = shutdown => {}
            () = arrivals::take(&listener, &router, options, &draining, &mut connections) => {}
        }
        drop(listener);
        draining.cancel();
        while connections.join_next().await.is_some() {}
        Ok(())
    }
}

async fn ready(State(health): State<Arc<dyn HealthSource>>) -> Response {
    if health.is_ready() {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response()
    }
}

async fn metrics(State(metrics): State<Arc<dyn Exposition>>) -> Response {
    let kind = [(header::CONTENT_TYPE, metrics.content_type())];
    (kind, metrics.text()).into_response()
}

/// Knows for whom figures of the whole server are.
#[derive(Debug, Clone)]
pub struct Reach {
    pub access: Arc<Access>,
    pub registry: Arc<Registry>,
}

impl Reach {
    fn is_whole(&self, caller: &Caller) -> bool {
        let grant = self.access.grant(caller);
        let visitor = Visitor {
            caller,
            grant: &grant,
            tool: None,
        };
        self.registry.seen_by(visitor).reaches_all()
    }
}

async fn reaches_all(
    State(reach): State<Reach>,
    Extension(caller): Extension<Arc<Caller>>,
    request: Request,
    next: Next,
) -> Response {
    if reach.is_whole(&caller) {
        next.run(request).await
    } else {
        plain(StatusCode::FORBIDDEN, NOT_OF_ALL)
    }
}

async fn health_by_roles(
    State((health, reach, caller)): State<(Arc<dyn HealthSource>, Reach, Arc<Caller>)>,
    request: Request,
) -> Response {
    told(
        &*health,
        is_of_this_machine(&request) && reach.is_whole(&caller),
    )
}

async fn terse_health(State(health): State<Arc<dyn HealthSource>>) -> Response {
    told(&*health, false)
}

async fn health(State(health): State<Arc<dyn HealthSource>>, request: Request) -> Response {
    told(&*health, is_of_this_machine(&request))
}

fn told(health: &dyn HealthSource, detailed: bool) -> Response {
    let asked = GetHealthStatus {
        detailed,
        of_all: true,
    };
    let told = asked.execute(health, |_| true);
    let code = match told.status {
        Status::Healthy | Status::Degraded => StatusCode::OK,
        Status::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    if !detailed {
        return (code, told.status.as_str()).into_response();
    }
    match serde_json::to_string(&told) {
        Ok(text) => (code, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Whether a request comes from this machine by itself.
fn is_of_this_machine(request: &Request) -> bool {
    let peer = request.extensions().get::<From>().map(|from| from.0);
    peer.is_some_and(|peer| is_from_here(peer, request.headers()))
}

/// A proxy on this machine passes on what others ask, and a page in a browser can have a foreign name lead here.
fn is_from_here(peer: IpAddr, headers: &HeaderMap) -> bool {
    let is_passed_on = ["forwarded", "x-forwarded-for", "via"]
        .iter()
        .any(|name| headers.contains_key(*name));
    let names_here = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .is_some_and(is_here);
    peer.to_canonical().is_loopback() && !is_passed_on && names_here
}

fn is_here(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_who_asks_here_by_itself_is_told_more() {
        for (peer, host, more, expected) in [
            ("127.0.0.1", "localhost:9100", None, true),
            ("127.0.0.1", "127.0.0.1:9100", None, true),
            ("::1", "[::1]:9100", None, true),
            ("::ffff:127.0.0.1", "LOCALHOST", None, true),
            ("10.0.0.1", "localhost:9100", None, false),
            ("127.0.0.1", "evil.example:9100", None, false),
            ("127.0.0.1", "10.0.0.1:9100", None, false),
            ("127.0.0.1", "localhost", Some("x-forwarded-for"), false),
            ("127.0.0.1", "localhost", Some("forwarded"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(name) = more {
                headers.insert(name, HeaderValue::from_static("10.0.0.9"));
            }
            assert_eq!(
                is_from_here(peer.parse().unwrap(), &headers),
                expected,
                "{peer} {host} {more:?}"
            );
        }
    }
}
