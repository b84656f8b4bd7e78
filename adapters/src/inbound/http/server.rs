//! The HTTP server: what is served where, and how it ends.

use std::{fmt, future::Future, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{from_fn_with_state, map_response},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use domain::calls::Caller;
use http::{HeaderValue, StatusCode, header};
use rmcp::ServerHandler;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    arrivals, door,
    endpoint::{Endpoint, plain},
    hosts::Hosts,
    in_flight::InFlight,
    listener::Listener,
    options::HttpOptions,
    sessions::Sessions,
    sign_in::SignIn,
    tls::Tls,
};

/// How long calls have to end after they were told to.
const CANCELLED_CALLS_MAY_TAKE: Duration = Duration::from_millis(400);
/// How long connections have to end once nothing is being answered any more.
const LAST_WORDS_MAY_TAKE: Duration = Duration::from_millis(100);

/// What else is served beside the protocol.
#[derive(Debug, Default)]
pub struct Routes {
    /// For anybody, by any address of this server: probes, figures, how to sign in.
    pub open: Router,
    /// For who has signed in. The caller is an extension of each request, as `Arc<Caller>`.
    pub signed_in: Router,
}

/// Serves the protocol at `/mcp`, `/livez` and `/readyz`, and what else it was given.
pub struct HttpServer {
    router: Router,
    sessions: Arc<Sessions>,
    in_flight: InFlight,
    sign_in: Arc<dyn SignIn>,
    options: HttpOptions,
    /// Fires when nobody new is to come in.
    draining: CancellationToken,
    /// Fires when whatever still runs is given up.
    ended: CancellationToken,
}

impl HttpServer {
    /// `bound` is the address that it will be reached by; `server` answers, and each of its clones is the same. `also` is served beside the
    /// protocol.
    pub fn new<S>(
        server: S,
        bound: IpAddr,
        sign_in: Arc<dyn SignIn>,
        options: HttpOptions,
        also: Routes,
    ) -> Self
    where
        S: ServerHandler + Clone + Send + Sync + 'static,
    {
        let draining = CancellationToken::new();
        let ended = CancellationToken::new();
        let in_flight = InFlight::default();
        let sessions = Sessions::new(options.max_sessions, options.session_timeout);
        let endpoint = Endpoint::new(
            server,
            Arc::clone(&sessions),
            in_flight.clone(),
            &options,
            ended.clone(),
        );
        let hosts = Arc::new(Hosts::new(
            bound,
            &options.allowed_hosts,
            &options.allowed_origins,
        ));
        let described = Router::new()
            .route("/.well-known/oauth-protected-resource", get(described))
            .route("/.well-known/oauth-protected-resource/mcp", get(described))
            .with_state(Arc::clone(&sign_in));
        let signed_in = Router::new()
            .route("/mcp", any(mcp::<S>))
            .with_state(Arc::new(endpoint))
            .merge(also.signed_in)
            .route_layer(from_fn_with_state(Arc::clone(&sign_in), door::signs_in))
            .route_layer(from_fn_with_state(Arc::clone(&hosts), door::is_meant));
        let open = Router::new()
            .route("/livez", get(|| async { "alive\n" }))
            .route("/readyz", get(readyz))
            .with_state(draining.clone())
            .merge(described)
            .merge(also.open)
            .route_layer(from_fn_with_state(hosts, door::is_meant_or_addressed));
        let mut router = open
            .merge(signed_in)
            .fallback(|| async { plain(StatusCode::NOT_FOUND, "There is nothing here.") });
        if !options.trusted_proxies.is_empty() {
            let proxies = Arc::new(options.trusted_proxies.clone());
            router = router.layer(from_fn_with_state(proxies, door::is_from));
        }
        Self {
            router,
            sessions,
            in_flight,
            sign_in,
            options,
            draining,
            ended,
        }
    }

    /// Serves until `shutdown` is ready. Then nobody new comes in, and calls that run have their grace to be answered;
    /// then `cancel` is called, which has to end them.
    pub async fn serve(
        self,
        listener: Listener,
        shutdown: impl Future<Output = ()>,
        cancel: impl FnOnce(),
    ) {
        let mut connections = JoinSet::new();
        let tls = listener.tls.clone();
        let router = match &tls {
            Some(_) => self.router.clone().layer(map_response(only_over_tls)),
            None => self.router.clone(),
        };
        let (options, draining) = (&self.options, &self.draining);
        tokio::select! {
            biased;
            () = shutdown => {}
            () = arrivals::take(&listener, &router, options, draining, &mut connections) => {}
            () = self.sessions.end_idle_ones() => {}
            () = watch(tls) => {}
        }
        drop(listener);
        self.wind_up(connections, cancel).await;
    }

    async fn wind_up(&self, mut connections: JoinSet<()>, cancel: impl FnOnce()) {
        self.draining.cancel();
        let none = timeout(self.options.shutdown_grace, self.in_flight.none());
        if none.await.is_err() {
            cancel();
            let none = timeout(CANCELLED_CALLS_MAY_TAKE, self.in_flight.none());
            if none.await.is_err() {
                tracing::warn!("calls were still running when the server stopped");
            }
        }
        self.ended.cancel();
        let gone = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(LAST_WORDS_MAY_TAKE, gone).await;
        connections.shutdown().await;
        self.sign_in.ended();
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpServer")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

async fn mcp<S>(State(endpoint): State<Arc<Endpoint<S>>>, request: Request) -> Response
where
    S: ServerHandler + Clone + Send + Sync + 'static,
{
    let Some(caller) = request.extensions().get::<Arc<Caller>>().map(Arc::clone) else {
        // Nobody comes here who has not signed in.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    endpoint.answer(&caller, request).await
}

/// Looks after the certificate, if there is one, for as long as it is polled.
async fn watch(tls: Option<Arc<Tls>>) {
    if let Some(tls) = tls {
        tls.watch().await;
    }
    std::future::pending::<()>().await;
}

/// Tells browsers not to come by plain HTTP again.
async fn only_over_tls(mut response: Response) -> Response {
    let for_a_year = HeaderValue::from_static("max-age=31536000");
    let headers = response.headers_mut();
    headers.insert(header::STRICT_TRANSPORT_SECURITY, for_a_year);
    response
}

/// How clients sign in by themselves (RFC 9728).
async fn described(State(sign_in): State<Arc<dyn SignIn>>) -> Response {
    match sign_in.protected_resource() {
        Some(metadata) => Response::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CACHE_CONTROL, "no-store")
            .body(metadata.to_string().into())
            .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        None => plain(
            StatusCode::NOT_FOUND,
            "Tokens for this server are had from whoever runs it.",
        ),
    }
}

async fn readyz(State(draining): State<CancellationToken>) -> Response {
    if draining.is_cancelled() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    plain(StatusCode::OK, "ready")
}
