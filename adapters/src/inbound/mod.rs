//! Ways in: the Model Context Protocol, over standard streams and over HTTP.

pub mod http;
pub mod mcp;
