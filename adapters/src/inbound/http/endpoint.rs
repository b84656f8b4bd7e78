//! `/mcp`: takes a request in, within its limits, and hands it to the library.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, extract::Request, response::Response};
use bytes::{Bytes, BytesMut};
use domain::calls::Caller;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService},
};
use serde::Deserialize;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    super::mcp::explain_refused,
    direct::{Call, Direct},
    in_flight::{Holding, InFlight},
    options::HttpOptions,
    sessions::Sessions,
};

const SESSION: &str = "mcp-session-id";
/// JSON-RPC's codes for a message that never became one.
const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;

/// The protocol's endpoint, over any server of the protocol.
pub(super) struct Endpoint<S: ServerHandler> {
    library: StreamableHttpService<S, Sessions>,
    direct: Option<Direct<S>>,
    sessions: Arc<Sessions>,
    in_flight: InFlight,
    most_bytes: usize,
    may_take: Duration,
}

impl<S: ServerHandler + Clone + Send + Sync + 'static> Endpoint<S> {
    /// Every stream ends when `ended` fires.
    pub(super) fn new(
        server: S,
        sessions: Arc<Sessions>,
        in_flight: InFlight,
        options: &HttpOptions,
        ended: CancellationToken,
    ) -> Self {
        // Hosts and origins were looked at at the door.
        let config = StreamableHttpServerConfig::default()
            .with_json_response(true)
            .with_max_request_body_bytes(options.max_body_bytes)
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_cancellation_token(ended.clone());
        let direct = options
            .tools_only_answer
            .then(|| Direct::new(server.clone(), ended));
        Self {
            direct,
            library: StreamableHttpService::new(
                move || Ok(server.clone()),
                Arc::clone(&sessions),
                config,
            ),
            sessions,
            in_flight,
            most_bytes: options.max_body_bytes,
            may_take: options.request_may_take,
        }
    }

    pub(super) async fn answer(&self, caller: &Caller, request: Request) -> Response {
        let session = request.headers().get(SESSION).map(HeaderValue::to_str);
        match session {
            Some(Ok(session)) if self.sessions.is_of_another(session, &caller.principal) => {
                return plain(StatusCode::NOT_FOUND, "There is no such session.");
            }
            _ => {}
        }
        if request.method() != Method::POST {
            return Box::pin(self.library.handle(request)).await.map(Body::new);
        }
        // Other methods only open streams that wait; a call is what a server that stops has to wait for.
        let in_flight = self.in_flight.begin();
        let response = self.post(caller, request).await;
        response.map(|body| Holding::body(body, in_flight))
    }

    async fn post(&self, caller: &Caller, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = match self.body(&parts.headers, body).await {
            Ok(body) => body,
            Err(refused) => return refused,
        };
        if let Some(direct) = &self.direct
            && let Some(call) = Call::read(&parts.headers, &body)
        {
            return direct.answer(call, parts).await;
        }
        if begins_session(&parts.headers, &body)
            && !self.sessions.make_room(&caller.principal).await
        {
            return busy("There are as many sessions as there may be, and all are in use.");
        }
        let is_json = is_json(&parts.headers);
        let request = http::Request::from_parts(parts, Full::new(body.clone()));
        // On the heap: what it needs room for is many times what a plain call does.
        let response = Box::pin(self.library.handle(request)).await;
        // That it could not read the message, which we know better how to tell.
        if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE && is_json {
            return unreadable(&body);
        }
        response.map(Body::new)
    }

    /// All of it, unless it is too long or too slow.
    async fn body(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Response> {
        let told = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if told.is_some_and(|length| length > self.most_bytes) {
            return Err(self.too_long());
        }
        match timeout(self.may_take, self.collect(body, told.unwrap_or_default())).await {
            Ok(collected) => collected,
            Err(_) => Err(closing(error(
                StatusCode::REQUEST_TIMEOUT,
                INVALID_REQUEST,
                &format!(
                    "The body of the request did not arrive within {} ms.",
                    self.may_take.as_millis()
                ),
            ))),
        }
    }

    async fn collect(&self, mut body: Body, told: usize) -> Result<Bytes, Response> {
        let mut collected = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(closing(error(
                    StatusCode::BAD_REQUEST,
                    INVALID_REQUEST,
                    "The body of the request broke off.",
                )));
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if data.len() > self.most_bytes - collected.len() {
                return Err(self.too_long());
            }
            if data.len() == told && body.is_end_stream() {
                return Ok(data);
            }
            if collected.is_empty() {
                // What is told is not believed beyond what one read brings.
                collected.reserve(told.min(64 * 1024));
            }
            collected.extend_from_slice(&data);
        }
        Ok(collected.freeze())
    }

    fn too_long(&self) -> Response {
        // What follows on this connection is the rest of that body, which nobody wants to read.
        closing(error(
            StatusCode::PAYLOAD_TOO_LARGE,
            INVALID_REQUEST,
            &format!(
                "The body of the request is longer than {} bytes. Send less at once; whoever runs this server can \
                 raise MCP_HTTP_MAX_BODY_BYTES.",
                self.most_bytes
            ),
        ))
    }
}

/// Whether the request asks for a session: the handshake of the older revisions, without one yet.
fn begins_session(headers: &HeaderMap, body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head<'body> {
        #[serde(borrow)]
        method: Option<&'body str>,
    }
    // Requests of the newer revision name their method outside too, and the library holds that against the body.
    !headers.contains_key(SESSION)
        && headers
            .get("mcp-method")
            .is_none_or(|method| method == "initialize")
        && serde_json::from_slice::<Head<'_>>(body)
            .is_ok_and(|head| head.method == Some("initialize"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|given| given.to_str().ok());
    given
        .and_then(|given| given.split(';').next())
        .is_some_and(|given| given.trim().eq_ignore_ascii_case("application/json"))
}

/// The answer to a body that is no message.
fn unreadable(body: &[u8]) -> Response {
    match explain_refused(body) {
        Some(explained) => json(StatusCode::BAD_REQUEST, explained),
        None if body.is_empty() => {
            error(StatusCode::BAD_REQUEST, PARSE_ERROR, "The body is empty.")
        }
        None => error(
            StatusCode::BAD_REQUEST,
            INVALID_REQUEST,
            "The body is no message.",
        ),
    }
}

/// An answer for people.
pub(super) fn plain(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{text}\n")));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// What cannot be done now, and can soon.
pub(super) fn busy(text: &str) -> Response {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, text);
    let soon = HeaderValue::from_static("5");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

fn error(status: StatusCode, code: i32, message: &str) -> Response {
    let error = serde_json::json!({
        "jsonrpc": "2.0",
        "id": null,
        "error": {"code": code, "message": message},
    });
    json(status, error.to_string())
}

pub(super) fn json(status: StatusCode, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The connection ends with this answer.
fn closing(mut response: Response) -> Response {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}
