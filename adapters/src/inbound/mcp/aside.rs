//! Calls with long arguments run on threads of their own.
//!
//! A text is lexed and judged before it is run, and explained after it has failed. A megabyte takes up to a second, and
//! one thread serves every call.

use std::{panic::resume_unwind, sync::Arc};

use domain::{Cancel, Failure, cancel::CancelReason};
use rmcp::model::JsonObject;
use serde_json::Value;
use tokio::{runtime::Handle, task::spawn_blocking};

use super::{call::Call, server::McpServer};

/// A text of this many bytes is read in a few milliseconds.
const LONG_BYTES: usize = 32 * 1024;

pub(super) fn is_long(arguments: &JsonObject) -> bool {
    arguments
        .values()
        .filter_map(Value::as_str)
        .any(|text| text.len() > LONG_BYTES)
}

/// Calls the tool. Its panics go on here.
pub(super) async fn run(
    server: &McpServer,
    tool: &'static str,
    arguments: JsonObject,
    call: &Arc<Call>,
) -> Result<String, Failure> {
    // The thread does not end with this future by itself.
    let _abandoned = Abandoned(&call.cancel);
    let (server, call) = (server.clone(), Arc::clone(call));
    let runtime = Handle::current();
    let done = spawn_blocking(move || {
        let tool = server.tool(tool, &call.grant).map_err(Failure::internal)?;
        runtime.block_on(tool.call(&server, arguments, &call))
    });
    match done.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(error) => Err(Failure::internal("The server is stopping.").with_source(error)),
        },
    }
}

/// Ends a call that nobody waits for any more.
struct Abandoned<'a>(&'a Cancel);

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        self.0.fire(CancelReason::Client);
    }
}
