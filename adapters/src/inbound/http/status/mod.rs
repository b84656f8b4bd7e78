//! The status page: how this server does, what runs and what ran, for people. It is all in the binary, and its pages ask
//! nobody else for anything.

use std::sync::Arc;

use application::{
    access::Access,
    call_book::CallBook,
    registry::{Registry, Visitor},
    use_cases::{EndCall, ShowStatus},
};
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract::State,
    response::Response,
    routing::{get, post},
};
use domain::{calls::Caller, health::HealthSource};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::endpoint::plain;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The page runs its own script and talks to its own server, and nobody shows it in a frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);
/// Longer than any request of the page.
const MOST_BYTES: usize = 1024;

/// Where the page finds what it shows.
#[derive(Debug, Clone)]
pub struct StatusPage {
    pub registry: Arc<Registry>,
    pub access: Arc<Access>,
    pub health: Arc<dyn HealthSource>,
    pub book: Arc<CallBook>,
}

impl StatusPage {
    /// The page as such, which tells nothing yet: for anybody.
    pub fn page_routes() -> Router {
        Router::new()
            .route(
                "/",
                get(|| async { file("text/html; charset=utf-8", PAGE) }),
            )
            .route(
                "/status.css",
                get(|| async { file("text/css; charset=utf-8", STYLE) }),
            )
            .route(
                "/status.js",
                get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }),
            )
    }

    /// What it shows and does, for who has signed in.
    pub fn data_routes(self) -> Router {
        Router::new()
            .route("/status", get(status))
            .route("/status/cancel", post(cancel))
            .with_state(Arc::new(self))
    }
}

async fn status(
    State(page): State<Arc<StatusPage>>,
    Extension(caller): Extension<Arc<Caller>>,
) -> Response {
    let grant = page.access.grant(&caller);
    let visitor = Visitor {
        caller: &caller,
        grant: &grant,
        tool: None,
    };
    let status = ShowStatus { visitor }.execute(&page.registry, &*page.health, &page.book);
    match serde_json::to_string(&status) {
        Ok(text) => {
            let mut response = headed("application/json", text.into());
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(_) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The status cannot be told.",
        ),
    }
}

async fn cancel(
    State(page): State<Arc<StatusPage>>,
    Extension(caller): Extension<Arc<Caller>>,
    body: Body,
) -> Response {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        call: String,
    }
    let wish = to_bytes(body, MOST_BYTES)
        .await
        .ok()
        .and_then(|body| serde_json::from_slice::<Wish>(&body).ok());
    let Some(Wish { call }) = wish else {
        return plain(
            StatusCode::BAD_REQUEST,
            "Name the call to cancel: {\"call\": \"5f0c1a2b-41\"}.",
        );
    };
    let grant = page.access.grant(&caller);
    let visitor = Visitor {
        caller: &caller,
        grant: &grant,
        tool: None,
    };
    let end = EndCall {
        call: &call,
        visitor,
    };
    if !end.execute(&page.book) {
        return plain(
            StatusCode::NOT_FOUND,
            "No such call runs, or it is not yours to cancel.",
        );
    }
    tracing::info!(
        call,
        by = caller.principal.as_str(),
        "a call was ended by hand"
    );
    plain(StatusCode::ACCEPTED, "The call was told to end.")
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let mut response = headed(kind, text.into());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

fn headed(kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
