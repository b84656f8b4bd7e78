//! Calls of tools that are answered right here: one request, one answer as JSON, and nothing in between.
//!
//! The library makes a service of its own for each request without a session, with tasks and channels for whatever both
//! sides may say to each other before the answer. A call of a tool mostly needs nothing of that, and it costs more than
//! the call does. So the server itself is called, with the same request. What is not as plain goes the long way, and so
//! does what is wrong with it: there it is explained.

use std::{
    convert::Infallible,
    future::{Future, pending, ready},
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use axum::response::Response;
use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use rmcp::{
    ErrorData, RoleServer, ServerHandler, Service,
    model::{
        ClientJsonRpcMessage, ClientRequest, ErrorCode, GetExtensions as _, GetMeta as _,
        JsonRpcRequest, ProtocolVersion, ServerJsonRpcMessage, ServerResult,
    },
    service::{RequestContext, RunningService, serve_directly},
    transport::Transport,
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    super::mcp::read_message,
    endpoint::{json, plain},
};

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// The revision whose requests say everything themselves.
const REVISION: ProtocolVersion = ProtocolVersion::V_2026_07_28;

/// Answers calls by a server that `HttpOptions::tools_only_answer` holds for.
pub(super) struct Direct<S: ServerHandler> {
    server: S,
    /// What stands for the client: nothing is said to it but the answer.
    nobody: RunningService<RoleServer, S>,
    ended: CancellationToken,
}

/// A call that can be answered right here.
pub(super) struct Call(JsonRpcRequest<ClientRequest>);

impl Call {
    /// `None` where the request is anything else, or there is anything to say about it.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let revision = only(headers, &VERSION)?;
        let name = only(headers, &NAME)?;
        let is_plain = revision.as_bytes() == REVISION.as_str().as_bytes()
            && only(headers, &METHOD)?.as_bytes() == b"tools/call"
            && !headers.contains_key(SESSION)
            && takes_both_forms(headers)
            && body.first() == Some(&b'{');
        if !is_plain {
            return None;
        }
        let ClientJsonRpcMessage::Request(message) = read_message(body)? else {
            return None;
        };
        let ClientRequest::CallToolRequest(request) = &message.request else {
            return None;
        };
        let meta = message.request.get_meta();
        let is_plain = request.params.name.as_bytes() == name.as_bytes()
            && meta.protocol_version() == Some(REVISION)
            && meta.client_capabilities().is_some()
            && meta.get_progress_token().is_none();
        is_plain.then_some(Self(message))
    }
}

impl<S: ServerHandler + Clone> Direct<S> {
    /// Answers nothing any more after `ended` has fired.
    pub(super) fn new(server: S, ended: CancellationToken) -> Self {
        Self {
            nobody: serve_directly(server.clone(), Nobody, None),
            server,
            ended,
        }
    }

    /// Runs the call to its end. Where nobody waits for that any more it is cancelled, and what it then still has to do
    /// is done all the same.
    pub(super) async fn answer(&self, Call(message): Call, parts: Parts) -> Response {
        let JsonRpcRequest {
            id, mut request, ..
        } = message;
        let mut context = RequestContext::new(id.clone(), self.nobody.peer().clone());
        std::mem::swap(&mut context.meta, request.get_meta_mut());
        std::mem::swap(&mut context.extensions, request.extensions_mut());
        context.extensions.insert(parts);
        let cancel = context.ct.clone();
        let server = self.server.clone();
        let work = async move { server.handle_request(request, context).await };
        let attended = Attended {
            work: Some(AssertUnwindSafe(work).catch_unwind().boxed()),
            cancel,
        };
        let done = tokio::select! {
            biased;
            done = attended => done.ok(),
            () = self.ended.cancelled() => None,
        };
        let (status, message) = match done {
            Some(Ok(result)) => (StatusCode::OK, ServerJsonRpcMessage::response(result, id)),
            Some(Err(error)) => (
                status(error.code),
                ServerJsonRpcMessage::error(error, Some(id)),
            ),
            None => return lost(),
        };
        match serde_json::to_vec(&message) {
            Ok(text) => json(status, Bytes::from(text)),
            Err(_) => lost(),
        }
    }
}

/// A call that met a defect, or that did not end when it was told to.
fn lost() -> Response {
    plain(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The call was not answered.",
    )
}

/// What the protocol wants of an error that answers a request of this revision.
fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
        | ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY
        | ErrorCode::HEADER_MISMATCH => StatusCode::BAD_REQUEST,
        ErrorCode::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

/// The header, if it is there once.
fn only<'request>(
    headers: &'request HeaderMap,
    name: &HeaderName,
) -> Option<&'request HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Whether the request is JSON, and its answer may be that or events, said in the plain way in which clients do.
fn takes_both_forms(headers: &HeaderMap) -> bool {
    let Some(accepted) = only(headers, &header::ACCEPT).and_then(|given| given.to_str().ok())
    else {
        return false;
    };
    let takes = |form: &str| {
        accepted
            .split(',')
            .any(|one| one.trim().eq_ignore_ascii_case(form))
    };
    only(headers, &header::CONTENT_TYPE)
        .is_some_and(|given| given.as_bytes() == b"application/json")
        && !accepted.contains('"')
        && takes("application/json")
        && takes("text/event-stream")
}

type Done = std::thread::Result<Result<ServerResult, ErrorData>>;

/// A call that somebody waits for, as long as this is not dropped.
struct Attended {
    /// `None` once it is done.
    work: Option<BoxFuture<'static, Done>>,
    cancel: CancellationToken,
}

impl Future for Attended {
    type Output = Done;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Done> {
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else {
            return;
        };
        self.cancel.cancel();
        // Ending a statement takes a while, and belongs to nobody's request any more.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(work);
        }
    }
}

/// A client that says nothing and is told nothing.
struct Nobody;

impl Transport<RoleServer> for Nobody {
    type Error = Infallible;

    fn send(
        &mut self,
        _: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Infallible>> + Send + 'static {
        ready(Ok(()))
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        pending().await
    }

    async fn close(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use http::Request;
    use http_body_util::BodyExt as _;
    use rmcp::model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerConfig,
    };
    use serde_json::{Value, json};
    use tokio::sync::Notify;

    use super::*;

    #[derive(Clone, Default)]
    struct Tools {
        has_begun: Arc<Notify>,
        was_cancelled: Arc<Notify>,
    }

    impl ServerHandler for Tools {
        fn get_info(&self) -> ServerConfig {
            ServerConfig::default()
        }

        async fn call_tool(
            &self,
            request: CallToolRequestParams,
            context: RequestContext<RoleServer>,
        ) -> Result<CallToolResponse, ErrorData> {
            match &*request.name {
                "panics" => panic!("a defect"),
                "waits" => {
                    self.has_begun.notify_one();
                    context.ct.cancelled().await;
                    // There is something to do still.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    self.was_cancelled.notify_one();
                }
                _ => {}
            }
            Ok(CallToolResult::success(vec![ContentBlock::text("done")]).into())
        }
    }

    fn message(tool: &str) -> (Parts, String) {
        let request = Request::post("/mcp")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", tool)
            .body(())
            .unwrap();
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": tool,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        }});
        (request.into_parts().0, body.to_string())
    }

    async fn answer(direct: &Direct<Tools>, tool: &str) -> Response {
        let (parts, body) = message(tool);
        let call = Call::read(&parts.headers, body.as_bytes()).unwrap();
        direct.answer(call, parts).await
    }

    #[tokio::test]
    async fn a_call_that_panics_is_answered_and_so_is_the_next_one() {
        let direct = Direct::new(Tools::default(), CancellationToken::new());

        let lost = answer(&direct, "panics").await;
        let done = answer(&direct, "answers").await;

        assert_eq!(lost.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(done.status(), StatusCode::OK);
        let body = done.into_body().collect().await.unwrap().to_bytes();
        let told: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(told["result"]["content"][0]["text"], "done");
    }

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_is_cancelled_and_comes_to_its_end() {
        let tools = Tools::default();
        let direct = Direct::new(tools.clone(), CancellationToken::new());
        let waiting = answer(&direct, "waits");
        tokio::select! {
            _ = waiting => panic!("it waits"),
            () = tools.has_begun.notified() => {}
        }

        tools.was_cancelled.notified().await;
    }

    #[tokio::test]
    async fn a_call_that_does_not_end_with_the_server_is_given_up() {
        let tools = Tools::default();
        let ended = CancellationToken::new();
        let direct = Direct::new(tools.clone(), ended.clone());
        let (answer, ()) = tokio::join!(answer(&direct, "waits"), async {
            tools.has_begun.notified().await;
            ended.cancel();
        });

        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        tools.was_cancelled.notified().await;
    }

    #[test]
    fn what_is_not_plain_goes_the_long_way() {
        let (parts, body) = message("answers");
        let changed = |name: &'static str, value: &'static str| {
            let mut headers = parts.headers.clone();
            headers.insert(name, HeaderValue::from_static(value));
            headers
        };
        let mut twice = parts.headers.clone();
        twice.append(NAME, HeaderValue::from_static("answers"));
        let mut without = parts.headers.clone();
        without.remove(METHOD);

        assert!(Call::read(&parts.headers, body.as_bytes()).is_some());
        for headers in [
            changed("mcp-protocol-version", "2025-11-25"),
            changed("mcp-method", "tools/list"),
            changed("mcp-name", "other"),
            changed("mcp-session-id", "s"),
            changed("accept", "application/json"),
            changed("accept", "application/json;q=0, text/event-stream"),
            changed("content-type", "text/plain"),
            twice,
            without,
        ] {
            assert!(
                Call::read(&headers, body.as_bytes()).is_none(),
                "{headers:?}"
            );
        }
        for (part, other) in [
            ("/clientCapabilities\":{}", "/clientCapabilities\":1"),
            ("/clientCapabilities", "/clientInfo"),
            (
                "/protocolVersion\":\"2026-07-28",
                "/protocolVersion\":\"2025-11-25",
            ),
            ("\"_meta\":{", "\"_meta\":{\"progressToken\":1,"),
            ("\"jsonrpc\":\"2.0\"", "\"jsonrpc\":\"1.0\""),
            ("\"id\":1,", ""),
            ("tools/call", "tools/list"),
        ] {
            assert!(body.contains(part), "{part}");
            let body = body.replace(part, other);
            assert!(
                Call::read(&parts.headers, body.as_bytes()).is_none(),
                "{body}"
            );
        }
    }
}
