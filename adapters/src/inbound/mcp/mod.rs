//! The service as a client of the Model Context Protocol sees it.

mod arguments;
mod aside;
mod backlog;
mod call;
mod completion;
mod failure;
mod handler;
mod prompts;
mod resources;
mod schema;
mod server;
mod sessions;
mod stdio;
mod tools;
mod transport;
mod turns;
mod watched;

pub use server::{Around, McpOptions, McpServer, Outcome};
pub use stdio::serve_stdio;
pub use tools::ToolSelection;
pub(super) use transport::{explain_refused, read_message};
